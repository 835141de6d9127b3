"""A long object that comes in a few long requests at once."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import numpy as np
import pytest

from omicshelf.backend.store.fetching import LANES, RANGE
from omicshelf.backend.store.gathering import gather
from omicshelf.errors import StorageError

DATA = np.random.default_rng(5).bytes(LANES * RANGE + (9 << 20) + 1)
PIECE = 300_001


class Stream:
    """Gives pieces of a few bytes, and remembers what is open."""

    def __init__(self, data: bytes, before: Callable[[int], None] = lambda at: None) -> None:
        self.data = data
        self.before = before
        self.asked: list[tuple[int, int]] = []
        self.open = 0
        self._guard = threading.Lock()

    def stream(self, key: str, start: int, length: int) -> Generator[bytes]:
        with self._guard:
            self.open += 1
            self.asked.append((start, length))
        try:
            for at in range(start, start + length, PIECE):
                self.before(at)
                yield self.data[at : min(at + PIECE, start + length)]
        finally:
            with self._guard:
                self.open -= 1


@pytest.fixture
def target(tmp_path: Path) -> Iterator[int]:
    fd = os.open(tmp_path / "out", os.O_RDWR | os.O_CREAT)
    yield fd
    os.close(fd)


@pytest.mark.parametrize("size", [1, PIECE, RANGE, RANGE + 1, len(DATA)])
def test_every_byte_is_where_it_belongs(target: int, tmp_path: Path, size: int) -> None:
    store, told = Stream(DATA[:size]), list[int]()
    gather(store, "key", size, target, told.append)
    assert (tmp_path / "out").read_bytes() == DATA[:size]
    assert sum(told) == size
    assert sum(length for _, length in store.asked) == size
    assert len(store.asked) <= max(1, -(-size // RANGE))


def test_requests_run_at_the_same_time(target: int, tmp_path: Path) -> None:
    together, met = threading.Barrier(LANES, timeout=30), threading.local()

    def meet(_at: int) -> None:
        if not getattr(met, "done", False):
            met.done = True
            together.wait()  # breaks, and fails the test, where one waits for the other

    gather(Stream(DATA, meet), "key", len(DATA), target)
    assert (tmp_path / "out").read_bytes() == DATA


def test_a_failure_ends_all_requests(target: int) -> None:
    def fail(at: int) -> None:
        if at > 2 * RANGE:
            raise StorageError("The server does not answer.", "Wait.")

    store = Stream(DATA, fail)
    with pytest.raises(StorageError, match="does not answer"):
        gather(store, "key", len(DATA), target)
    assert store.open == 0


def test_it_can_be_cancelled(target: int) -> None:
    class Cancelled(Exception):
        pass

    def cancel(_n: int) -> None:
        raise Cancelled

    store = Stream(DATA)
    with pytest.raises(Cancelled):
        gather(store, "key", len(DATA), target, cancel)
    assert store.open == 0  # nothing goes on behind the caller's back
