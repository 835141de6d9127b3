"""A segment of the change log in the store: one JSON object a line, each with its own hash.

A line that a kill or a full disk has cut, or whose bytes have changed since, is told from a
whole one, so that ``rebuild`` never believes it. What it said is missed by its number: the
sequence numbers of a catalog have no gaps.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from blake3 import blake3

__all__ = ["decode_segment", "encode_line", "read_segment"]

_CHECK = ', "check": "'


def encode_line(line: Mapping[str, Any]) -> bytes:
    """Give a line of a segment, its hash (of all before it, closed by a brace) at the end."""
    text = json.dumps(line, ensure_ascii=False)
    return f'{text[:-1]}{_CHECK}{_hash(text)}"}}\n'.encode()


def read_segment(path: Path) -> Iterator[dict[str, Any] | None]:
    """Give the lines of a segment that is a file; None for one that cannot be believed."""
    return decode_segment(path.read_bytes())


def decode_segment(segment: bytes) -> Iterator[dict[str, Any] | None]:
    """Give the lines of a segment; None for one that cannot be believed.

    An end without a line break is what a kill has cut: it was never part of the log.
    """
    *lines, _cut = segment.split(b"\n")
    for data in lines:
        if data:
            yield _decode(data)


def _decode(data: bytes) -> dict[str, Any] | None:
    try:
        text, mark, check = data.decode().rpartition(_CHECK)
        whole = f"{text}}}"
        if not mark or check != f'{_hash(whole)}"}}':
            return None
        line: dict[str, Any] = json.loads(whole)
        return line
    except ValueError:
        return None


def _hash(text: str) -> str:
    return blake3(text.encode()).hexdigest(length=8)
