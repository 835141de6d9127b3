"""Parts of an upload: how the chunks that a store lacks travel, and are believed only by hash.

Client and server divide the same chunks into the same parts, from their lengths alone, so that
nobody has to send the division. A part is the bytes of its chunks, one after the other, or
*packed*: each chunk as a length and a codec (five bytes) and its bytes so encoded.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import zstandard
from blake3 import blake3

from omicshelf.backend.store.chunks import ChunkParams, Scan
from omicshelf.backend.store.manifest import RAW, ZSTD
from omicshelf.backend.store.packs import compressed
from omicshelf.errors import Invalid

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = [
    "FRAME",
    "PART_SIZE",
    "check_part",
    "check_scan",
    "first_of_each",
    "frame",
    "from_bits",
    "part_size_of",
    "parts_of",
    "scan_of",
    "to_bits",
    "unpack_part",
]

PART_SIZE = 8 << 20
"""Bytes of the file in one part of an upload of ordinary size, at most."""

_LARGEST_PART = 256 << 20
_MANY_PARTS = 1024

FRAME = struct.Struct("<IB")
"""What comes before each chunk of a packed part: its stored length, and its codec."""


def check_scan(found: Scan) -> Scan:
    """Refuse chunks that cannot be those of a file, as a client may claim them.

    Raises
    ------
    omicshelf.errors.Invalid
        The lengths do not add up to the size, one is longer than its parameters allow, or
        their number differs from that of the hashes.
    """
    lengths, hashes = found.lengths, found.hashes
    total = int(lengths.sum(dtype=np.int64))
    if len(lengths) != len(hashes):
        raise Invalid(f"There are {len(lengths)} lengths and {len(hashes)} hashes of chunks.")
    if total != found.size:
        raise Invalid(
            f"The chunks add up to {total} bytes, and the file has {found.size}.",
            "Cut the file again, and send the lengths of all its chunks.",
        )
    longest = int(lengths.max(initial=0))
    if longest > found.params.maximum or (len(lengths) and not lengths.all()):
        raise Invalid(
            f"A chunk of {longest} bytes is none that these parameters give.",
            f"A chunk has 1 to {found.params.maximum} bytes; cut the file as the upload says.",
        )
    return found


def part_size_of(size: int) -> int:
    """Give the bytes of one part of a file of ``size`` bytes: more where there would be many.

    Examples
    --------
    >>> part_size_of(2 * 10**9) == PART_SIZE, part_size_of(10**11) // PART_SIZE
    (True, 16)
    """
    part = PART_SIZE
    while part < _LARGEST_PART and part * _MANY_PARTS < size:
        part *= 2
    return part


def first_of_each(hashes: npt.NDArray[np.uint8], wanted: npt.NDArray[np.bool_]) -> list[int]:
    """Give the chunks that are wanted, each content once: its first index."""
    seen: set[bytes] = set()
    found = []
    for i in np.flatnonzero(wanted).tolist():
        key = hashes[i].tobytes()
        if key not in seen:
            seen.add(key)
            found.append(i)
    return found


def parts_of(
    lengths: npt.NDArray[np.uint32], chunks: Sequence[int], part_size: int
) -> list[list[int]]:
    """Divide chunks, in their order, into parts of at most ``part_size`` bytes of the file.

    Examples
    --------
    >>> import numpy as np
    >>> parts_of(np.array([4, 4, 4, 9, 1], np.uint32), [0, 1, 3, 4], 8)
    [[0, 1], [3], [4]]
    """
    parts: list[list[int]] = []
    room = 0
    for i, length in zip(chunks, lengths[list(chunks)].tolist(), strict=True):
        if not parts or length > room:
            parts.append([])
            room = part_size
        parts[-1].append(i)
        room -= length
    return parts


def frame(data: bytes, compressor: zstandard.ZstdCompressor) -> bytes:
    """Give one chunk as it travels in a packed part."""
    codec, kept = compressed(data, compressor)
    return FRAME.pack(len(kept), codec) + kept


def unpack_part(data: memoryview) -> Iterator[tuple[int, int, memoryview]]:
    """Give the chunks of a packed part: where its bytes begin, its codec, and its bytes."""
    at = 0
    while at < len(data):
        if at + FRAME.size > len(data):
            raise _malformed("it ends within the head of a chunk")
        stored, codec = FRAME.unpack_from(data, at)
        at += FRAME.size
        if at + stored > len(data):
            raise _malformed("it ends within a chunk")
        yield at, codec, data[at : at + stored]
        at += stored


def check_part(
    data: memoryview, found: Scan, chunks: Sequence[int], packed: bool
) -> list[tuple[int, int, int]]:
    """Check every chunk of a part against the hash that was announced of it.

    Returns
    -------
    For each chunk its offset in the part, the bytes that are kept there, and its codec.

    Raises
    ------
    omicshelf.errors.Invalid
        A chunk is missing, one too many, or not what was announced.
    """
    lengths = found.lengths[list(chunks)].tolist()
    cut = unpack_part(data) if packed else _cut(data, lengths)
    pieces = list(islice(cut, len(chunks) + 1))
    if len(pieces) != len(chunks):
        raise _malformed(f"it does not have the {len(chunks)} chunks that are its own")
    places = []
    for (at, codec, stored), i, length in zip(pieces, chunks, lengths, strict=True):
        content = _decoded(stored, codec, length)
        if blake3(content).digest() != found.hashes[i].tobytes():
            raise _malformed(f"chunk {i} does not have the hash that was announced")
        places.append((at, len(stored), codec))
    return places


def _cut(data: memoryview, lengths: Sequence[int]) -> Iterator[tuple[int, int, memoryview]]:
    if sum(lengths) != len(data):
        raise _malformed(f"it has {len(data)} bytes and not {sum(lengths)}")
    at = 0
    for length in lengths:
        yield at, RAW, data[at : at + length]
        at += length


def _decoded(stored: memoryview, codec: int, length: int) -> bytes | memoryview:
    if codec == RAW and len(stored) == length:
        return stored
    if codec == ZSTD:
        try:
            # The size in the frame is looked at first: it could ask for any memory.
            if zstandard.frame_content_size(stored) == length:
                return zstandard.ZstdDecompressor().decompress(stored, max_output_size=length)
        except (zstandard.ZstdError, ValueError):
            pass
    raise _malformed(f"a chunk does not decode to its {length} bytes")


def _malformed(why: str) -> Invalid:
    return Invalid(
        f"A part of the upload cannot be taken: {why}.",
        "Send the chunks of the plan in its order, each as it was announced.",
    )


def to_bits(flags: npt.NDArray[np.bool_]) -> bytes:
    """Give flags as bits, the first in the lowest bit of the first byte."""
    return np.packbits(flags, bitorder="little").tobytes()


def from_bits(data: bytes, n: int) -> npt.NDArray[np.bool_]:
    """Give ``n`` flags from their bits.

    Examples
    --------
    >>> import numpy as np
    >>> from_bits(to_bits(np.array([True, False, True])), 3).tolist()
    [True, False, True]
    """
    if len(data) != (n + 7) // 8:
        raise Invalid(f"{len(data)} bytes are no bits of {n} chunks.")
    return np.unpackbits(np.frombuffer(data, np.uint8), count=n, bitorder="little").astype(np.bool_)


def scan_of(size: int, blake3_hex: str, lengths: bytes, hashes: bytes, params: ChunkParams) -> Scan:
    """Make a scan of what a client says that it found."""
    if len(lengths) % 4 or len(hashes) % 32:
        raise Invalid(
            "The lengths or hashes of the chunks are cut off.",
            "Lengths have 4 bytes each (little-endian), hashes 32.",
        )
    return check_scan(
        Scan(
            size,
            blake3_hex,
            np.frombuffer(lengths, "<u4"),
            np.frombuffer(hashes, np.uint8).reshape(-1, 32),
            params,
        )
    )
