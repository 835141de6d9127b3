"""Which ranges of which objects to ask a store for that answers requests, not system calls.

A request costs about as much as a megabyte: chunks that lie near each other are asked for
together, with the few bytes between them that nobody wants.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["BLOCK", "LANES", "RANGE", "Fetch", "fetches"]

BLOCK = 256 << 10
"""Bytes that a small read takes with it: HDF5 goes on reading near where it has read."""

RANGE = 4 << 20
"""Bytes of one request where a whole blob is read."""

LANES = 6
"""Requests at a time: their buffers are what reading a blob costs in memory."""

_GAP = 512 << 10  # what an edited chunk or two leave out of an earlier pack


class Fetch(NamedTuple):
    """A range of a pack, and the chunks that are in it.

    Attributes
    ----------
    pack
        The number of the pack.
    start, stop
        The bytes of the pack.
    chunks
        The number of each in the blob, where it begins in the range, and its stored bytes.
        The same bytes may be several chunks.
    """

    pack: int
    start: int
    stop: int
    chunks: Sequence[tuple[int, int, int]]


def fetches(extents: npt.NDArray[Any], first: int, last: int) -> Iterator[Fetch]:
    """Give the ranges that hold the chunks ``first`` to ``last - 1`` of a blob.

    Parameters
    ----------
    extents
        All chunks of the blob, as in its manifest.
    """
    mine = extents[first:last]
    order = np.lexsort((mine["offset"], mine["pack"]))
    packs, starts = mine["pack"][order].tolist(), mine["offset"][order].tolist()
    sizes, numbers = mine["stored"][order].tolist(), (order + first).tolist()
    begin = 0
    for at in range(len(order)):
        if at == begin:
            start, stop = starts[at], starts[at] + sizes[at]
        end = at + 1
        goes_on = end < len(order) and packs[end] == packs[at] and starts[end] <= stop + _GAP
        if goes_on and starts[end] + sizes[end] - start <= max(RANGE, stop - start):
            stop = max(stop, starts[end] + sizes[end])
            continue
        places = zip(numbers[begin:end], starts[begin:end], sizes[begin:end], strict=True)
        yield Fetch(packs[at], start, stop, [(i, place - start, n) for i, place, n in places])
        begin = end
