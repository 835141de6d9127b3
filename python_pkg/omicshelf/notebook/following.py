"""Following the change log of a catalog for all widgets of a kernel, with one thread.

The thread runs while somebody follows. Of a catalog on this machine or in a team's database the
backend's own watcher tells that the log has grown; a server is asked by a long poll.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from omicshelf.backend.base import Backend
from omicshelf.backend.embedded.watching import Watcher
from omicshelf.backend.remote.backend import RemoteBackend
from omicshelf.backend.remote.client import as_record
from omicshelf.backend.wire import ChangeList
from omicshelf.catalog.connection import Connection
from omicshelf.errors import RequestException, Unreachable
from omicshelf.records import Change

__all__ = ["Follower", "Following", "News", "following"]

_MOST = 500
"""Of more changes at once nobody is told one by one: all that is shown is to be read again."""

_WAIT_S = 20.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 15.0
_log = logging.getLogger("omicshelf")


@dataclass(frozen=True)
class News:
    """What is told: changes, or that any number of them may have been missed (None).

    ``error`` is set while the catalog cannot be reached; it is tried again after ``again_in``
    seconds.
    """

    changes: Sequence[Change] | None = None
    error: RequestException | None = None
    again_in: float = 0.0


Follower = Callable[[News], None]


class Following:
    """Tells followers of the changes of one catalog."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._guard = threading.Lock()
        self._followers: list[Follower] = []
        self._run: _Run | None = None

    @property
    def is_running(self) -> bool:
        """Whether the thread runs."""
        return self._run is not None

    def follow(self, tell: Follower) -> Callable[[], None]:
        """Have a function told of all changes from now on, in the thread of this object.

        What is read after this call returns is not older than the first change that is told.
        Where the catalog cannot be reached, that is told, and tried again until it can.
        """
        with self._guard:
            if self._run is None:
                self._run = _Run(_log_of(self._backend), self._tell)
            self._followers.append(tell)

        def end() -> None:
            with self._guard:
                if tell in self._followers:
                    self._followers.remove(tell)
                if not self._followers and self._run is not None:
                    self._run.end()
                    self._run = None

        return end

    def _tell(self, news: News) -> None:
        with self._guard:
            followers = list(self._followers)
        for tell in followers:
            try:
                tell(news)
            except Exception:
                _log.exception("A widget could not be told of a change.")


class _Run:
    """One thread, from the first follower to the last."""

    def __init__(self, log: _ChangeLog, tell: Follower) -> None:
        self._log = log
        self._tell = tell
        self._ended = threading.Event()
        self._after: int | None = None
        with contextlib.suppress(Exception):  # the thread tells it, and tries again
            self._after = log.last()
        self._thread = threading.Thread(target=self._follow, name="omicshelf-changes", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """End the thread; it may be under way for the rest of a poll, and tells nothing more."""
        self._ended.set()
        self._log.close()

    def _follow(self) -> None:
        pause = _FIRST_PAUSE_S
        reached = True
        while not self._ended.is_set():
            try:
                found = self._next()
                if not reached:
                    reached, found = True, News(None)
                pause = _FIRST_PAUSE_S
            except Exception as error:
                reached, found = False, News(error=_told(error), again_in=pause)
            if self._ended.is_set():
                return
            if found.error is not None or found.changes is None or found.changes:
                self._tell(found)
            if found.error is not None:
                self._ended.wait(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_S)

    def _next(self) -> News:
        if self._after is None:
            # A server that was started anew may have another log.
            self._after = self._log.last()
            return News(None)
        try:
            changes, self._after = self._log.beyond(self._after, _WAIT_S)
        except Exception:
            self._after = None
            raise
        if len(changes) < _MOST:
            return News(changes)
        self._after = None
        return self._next()


def _told(error: Exception) -> RequestException:
    if isinstance(error, RequestException):
        return error
    _log.warning("The change log cannot be followed, for now.", exc_info=error)
    return Unreachable(
        "The catalog cannot be read at the moment.",
        "It is tried again; the kernel's log says more.",
    )


class _ChangeLog(Protocol):
    def last(self) -> int:
        """Give the number of the newest line."""

    def beyond(self, after: int, seconds: float) -> tuple[list[Change], int]:
        """Wait for lines above a number; give them, and the number to go on with."""

    def close(self) -> None: ...


def _log_of(backend: Backend) -> _ChangeLog:
    if isinstance(backend, RemoteBackend):
        return _ServedLog(backend)
    return _WatchedLog(backend, Watcher(_database_of(backend)))


def _database_of(backend: Backend) -> Any:
    return backend.db  # type: ignore[attr-defined]  # every backend that is not remote has one


class _WatchedLog:
    def __init__(self, backend: Backend, watcher: Watcher) -> None:
        self._backend = backend
        self._watcher = watcher

    def last(self) -> int:
        return self._backend.last_change()

    def beyond(self, after: int, seconds: float) -> tuple[list[Change], int]:
        newest = self._watcher.wait(after, seconds)
        if newest <= after:
            return [], after
        found = list(self._backend.changes(after=after, limit=_MOST))
        return found, found[-1].seq if found else newest

    def close(self) -> None:
        self._watcher.close()


class _ServedLog:
    def __init__(self, backend: RemoteBackend) -> None:
        self._backend = backend

    def last(self) -> int:
        return self._backend.last_change()

    def beyond(self, after: int, seconds: float) -> tuple[list[Change], int]:
        params = [
            ("after", str(after)),
            ("wait", str(seconds)),
            ("limit", str(_MOST)),
            # A widget that listens is nobody who works.
            ("no_track_activity", "1"),
        ]
        answer = self._backend.client.ask("GET", "/changes", params=params)
        found = as_record(ChangeList, answer)
        return found.changes, found.last

    def close(self) -> None:
        return


_all: weakref.WeakKeyDictionary[Connection, Following] = weakref.WeakKeyDictionary()
_guard = threading.Lock()


def following(connection: Connection) -> Following:
    """Give the one that follows a connection's catalog."""
    with _guard:
        found = _all.get(connection)
        if found is None:
            found = _all[connection] = Following(connection.backend)
        return found
