"""Work in the background: a few daemon threads that wait for more, started when needed."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Lock, Thread
from typing import TypeVar

__all__ = ["in_thread"]

T = TypeVar("T")
_KEPT = 4  # threads that wait; starting one costs as much as a small write to the database

_idle: list[_Helper] = []
_guard = Lock()


class _Helper(Thread):
    """A thread that does one thing after the other, and does not keep the interpreter alive."""

    def __init__(self) -> None:
        super().__init__(name="omicshelf-background", daemon=True)
        self.tasks: SimpleQueue[Callable[[], None]] = SimpleQueue()

    def run(self) -> None:
        while True:
            self.tasks.get()()
            with _guard:
                if len(_idle) >= _KEPT:
                    return
                _idle.append(self)


def in_thread(work: Callable[[], T]) -> Future[T]:
    """Do ``work`` in another thread, at once: nothing waits for a thread to be free."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    with _guard:
        helper = _idle.pop() if _idle else None
    if helper is None:
        helper = _Helper()
        helper.start()
    helper.tasks.put(run)
    return future


def _after_fork() -> None:
    global _guard
    _guard = Lock()
    _idle.clear()  # the parent's threads are not here


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
