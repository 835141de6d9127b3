"""Work in the background: a few daemon threads that wait for more, started when needed."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any, TypeVar

__all__ = ["Lane", "in_thread"]

T = TypeVar("T")
_KEPT = 8  # threads that wait; starting one costs as much as a small write to the database

_idle: list[_Helper] = []
_guard = Lock()


class _Helper(Thread):
    """A thread that does one thing after the other, and does not keep the interpreter alive.

    Whoever took it gives it tasks, and None at last: then it waits for the next.
    """

    def __init__(self) -> None:
        super().__init__(name="omicshelf-background", daemon=True)
        self.tasks: SimpleQueue[Callable[[], None] | None] = SimpleQueue()

    def run(self) -> None:
        while True:
            task = self.tasks.get()
            if task is not None:
                task()
                del task  # what it holds is not kept until the next one comes
                continue
            with _guard:
                if len(_idle) >= _KEPT:
                    return
                _idle.append(self)


def _take() -> _Helper:
    with _guard:
        helper = _idle.pop() if _idle else None
    if helper is None:
        helper = _Helper()
        helper.start()
    return helper


def in_thread(work: Callable[[], T]) -> Future[T]:
    """Do ``work`` in another thread, at once: nothing waits for a thread to be free."""
    helper = _take()
    future: Future[T] = Future()
    helper.tasks.put(lambda: _settle(future, work))
    helper.tasks.put(None)
    return future


def _settle(future: Future[T], work: Callable[[], T]) -> None:
    try:
        future.set_result(work())
    except BaseException as error:
        future.set_exception(error)


class Lane:
    """One thread that does what it is given in order; for little work, the caller's own.

    As a context: at its end, what has not begun is left out, and nothing runs any more.
    """

    def __init__(self, inline: bool = False) -> None:
        self._helper = None if inline else _take()
        self._ended = False

    def __enter__(self) -> Lane:
        return self

    def __exit__(self, *_: object) -> None:
        if self._helper is not None:
            self._ended = True
            last: Future[None] = Future()
            self._helper.tasks.put(lambda: last.set_result(None))
            self._helper.tasks.put(None)
            last.result()

    def submit(self, function: Callable[..., T], *args: Any) -> Callable[[], T]:
        """Start ``function(*args)``; give a call that waits for its value or error."""
        if self._helper is None:
            value = function(*args)
            return lambda: value
        future: Future[T] = Future()

        def run() -> None:
            if self._ended:
                future.cancel()
            else:
                _settle(future, lambda: function(*args))

        self._helper.tasks.put(run)
        return future.result


def _after_fork() -> None:
    global _guard
    _guard = Lock()
    _idle.clear()  # the parent's threads are not here


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
