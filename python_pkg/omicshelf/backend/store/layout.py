"""Where the bytes of a blob are: its chunks, gathered into runs that can be read at once."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from omicshelf.backend.store.manifest import RAW, BlobManifest

__all__ = ["Layout", "Run"]


class Run(NamedTuple):
    """Chunks that are neighbours in one pack, all of them raw or all compressed.

    Attributes
    ----------
    start, stop
        The bytes of the blob.
    first, last
        The chunks, ``last`` being one past them.
    pack, offset
        Where the first of them is kept.
    raw
        Whether the bytes of the pack are those of the blob.
    """

    start: int
    stop: int
    first: int
    last: int
    pack: str
    offset: int
    raw: bool


class Layout:
    """Finds the chunks and runs of byte ranges.

    Lists and bisection, not arrays: HDF5 reads in thousands of small pieces, and a call of
    numpy costs more than reading one.

    Attributes
    ----------
    starts
        Where each chunk starts in the blob, and at last the blob's size.
    runs
        All runs in order.
    """

    def __init__(self, manifest: BlobManifest) -> None:
        self.starts: list[int] = manifest.starts.tolist()
        extents, keys = manifest.extents, list(manifest.packs)
        apart = np.ones(len(extents), np.bool_)
        apart[1:] = extents["offset"][1:] != (extents["offset"] + extents["stored"])[:-1]
        apart[1:] |= extents["pack"][1:] != extents["pack"][:-1]
        apart[1:] |= extents["codec"][1:] != extents["codec"][:-1]
        bounds = [*np.flatnonzero(apart).tolist(), len(extents)]
        self.runs = [
            Run(
                self.starts[first],
                self.starts[last],
                first,
                last,
                keys[extents["pack"][first]],
                int(extents["offset"][first]),
                bool(extents["codec"][first] == RAW),
            )
            for first, last in pairwise(bounds)
        ]
        self._run_starts = [run.start for run in self.runs]

    def runs_between(self, start: int, stop: int) -> list[Run]:
        """Give the runs that the bytes from ``start`` to before ``stop`` touch."""
        first = bisect_right(self._run_starts, start) - 1
        return self.runs[first : bisect_left(self._run_starts, stop, first)]

    def chunks_between(self, start: int, stop: int) -> tuple[int, int]:
        """Give the chunks that these bytes touch: the first, and one past the last."""
        first = bisect_right(self.starts, start) - 1
        return first, bisect_left(self.starts, stop, first)

    def portions(self, first: int, last: int, size: int) -> Iterator[tuple[int, int]]:
        """Split chunks into portions of about ``size`` bytes, none over the end of a run."""
        for run in self.runs_between(self.starts[first], self.starts[last]):
            i, end = max(first, run.first), min(last, run.last)
            while i < end:
                j = bisect_right(self.starts, self.starts[i] + size, i) - 1
                j = min(max(j, i + 1), end)
                yield i, j
                i = j

    def run_of(self, chunk: int) -> Run:
        """Give the run that a chunk is in."""
        return self.runs[bisect_right(self._run_starts, self.starts[chunk]) - 1]
