"""Messages between a process and its workers: a JSON object and binary attachments.

A message is the lengths of its parts (the JSON, then up to eight attachments) and the parts.
Nothing is pickled: a worker that a hostile file has taken over can lie, and no more.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from io import BytesIO
from typing import IO, Any

__all__ = ["Message", "read_message", "write_message"]

_COUNT = struct.Struct("<B")
_MOST_PARTS = 9
_LARGEST_PART = 1 << 31


@dataclass(frozen=True)
class Message:
    """A JSON object with binary attachments."""

    body: dict[str, Any]
    blobs: tuple[bytes, ...] = ()


def write_message(stream: IO[bytes], message: Message) -> None:
    """Write one message to an unbuffered stream."""
    parts = (json.dumps(message.body).encode(), *message.blobs)
    lengths = struct.pack(f"<{len(parts)}Q", *map(len, parts))
    rest = memoryview(b"".join((_COUNT.pack(len(parts)), lengths, *parts)))
    while rest:
        rest = rest[stream.write(rest) :]


def read_message(stream: IO[bytes]) -> Message | None:
    """Read one message; None at the end of the stream, also in the middle of a message.

    Raises
    ------
    OSError
        What arrives is not a message.
    """
    try:
        (count,) = _COUNT.unpack(_read(stream, _COUNT.size))
        if not 1 <= count <= _MOST_PARTS:
            raise OSError(f"A message of {count} parts.")
        lengths = struct.unpack(f"<{count}Q", _read(stream, 8 * count))
        if max(lengths) > _LARGEST_PART:
            raise OSError(f"A message part of {max(lengths)} bytes.")
        parts = [_read(stream, length) for length in lengths]
    except EOFError:
        return None
    try:
        body = json.loads(parts[0])
    except ValueError as error:
        raise OSError("A message that is no JSON.") from error
    if not isinstance(body, dict):
        raise OSError("A message that is no object.")
    return Message(body, tuple(parts[1:]))


def _read(stream: IO[bytes], length: int) -> bytes:
    """Read exactly ``length`` bytes: a read of a pipe gives what is there."""
    found = BytesIO()  # gives what was written to it without a copy
    while length:
        piece = stream.read(min(length, 1 << 20))
        if not piece:
            raise EOFError
        found.write(piece)
        length -= len(piece)
    return found.getvalue()
