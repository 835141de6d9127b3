"""Fetching a long object in a few long requests at once, each piece written where it belongs.

Nothing is kept in memory but a piece of each request, and a request costs next to nothing beside
what it brings.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from queue import SimpleQueue

from omicshelf.backend.background import Lane
from omicshelf.backend.store.chunks import Progress
from omicshelf.backend.store.durable import write_all_at
from omicshelf.backend.store.fetching import LANES, RANGE
from omicshelf.backend.store.objectstore import Streaming

__all__ = ["gather"]

_STRETCH = 32 << 20
"""Bytes of one request: what another lane could not take over where the network is uneven."""


def gather(
    store: Streaming, key: str, size: int, fd: int, progress: Progress | None = None
) -> None:
    """Fetch an object into a file.

    Parameters
    ----------
    size
        The bytes of the object.
    fd
        The descriptor of the file, open for writing.
    progress
        Called by the calling thread; when it raises, what is under way ends.
    """
    stretches = list(_stretches(size))
    n_lanes = min(LANES, len(stretches))
    waiting = iter(stretches)
    told: SimpleQueue[int] = SimpleQueue()  # bytes written; 0 where a lane has ended
    with ExitStack() as running:
        lanes = [running.enter_context(Lane(n_lanes == 1)) for _ in range(n_lanes)]
        work = _Work(store, key, fd, told)
        running.callback(work.end)  # before the lanes, which wait for what they do
        waits = [lane.submit(work.run, waiting) for lane in lanes]
        ended = 0
        while ended < n_lanes:
            n = told.get()
            ended += n == 0
            if n and progress is not None:
                progress(n)
        for wait in waits:
            wait()


def _stretches(size: int) -> Iterator[tuple[int, int]]:
    """Split the bytes so that every lane has something to do, and no request is a small one."""
    length = max(RANGE, min(_STRETCH, -(-size // LANES)))
    for start in range(0, size, length):
        yield start, min(length, size - start)


class _Work:
    """What the lanes do: one stretch after the other, until none is left or one has failed."""

    def __init__(self, store: Streaming, key: str, fd: int, told: SimpleQueue[int]) -> None:
        self._store = store
        self._key = key
        self._fd = fd
        self._told = told
        self._ended = False

    def end(self) -> None:
        """Let every lane end at its next piece."""
        self._ended = True

    def run(self, waiting: Iterator[tuple[int, int]]) -> None:
        try:
            for start, length in waiting:
                self._fetch(start, length)
        except BaseException:
            self.end()
            raise
        finally:
            self._told.put(0)

    def _fetch(self, start: int, length: int) -> None:
        with closing(self._store.stream(self._key, start, length)) as pieces:
            for piece in pieces:
                if self._ended:
                    return
                write_all_at(self._fd, piece, start)
                start += len(piece)
                self._told.put(len(piece))
