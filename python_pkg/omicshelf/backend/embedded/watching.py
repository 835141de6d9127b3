"""Telling those who wait that the change log has grown, whoever wrote to it.

A kernel writes to the catalog in a process of its own, and another server on another machine:
nothing in this process hears of it. So one thread looks, and only while somebody waits. On
SQLite it asks ``PRAGMA data_version`` ten times a second, which costs some microseconds and
tells whether any other connection has committed. On PostgreSQL it sleeps until the server
notifies it, and looks every few seconds besides, since a notification is not kept for a
connection that was cut.
"""

from __future__ import annotations

import contextlib
import logging
import os
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sa

from omicshelf.backend.embedded import schema as t
from omicshelf.backend.embedded.database import Database

__all__ = ["CHANNEL", "Watcher"]

CHANNEL = "omicshelf"
"""The channel of PostgreSQL on which a writing transaction notifies."""

_LAST = sa.select(sa.func.coalesce(sa.func.max(t.change.c.seq), 0))
_LAST_TEXT = "SELECT coalesce(max(seq), 0) FROM change"

_POLL = 0.1  # seconds between two looks at an SQLite file
_LOOK_BESIDES = 3.0  # seconds without a notification of PostgreSQL
_LINGER = 1.0  # a client that was answered asks again at once: its thread is still there
_FIRST_RETRY, _LAST_RETRY = 0.2, 5.0

_log = logging.getLogger(__name__)
_inherited: list[Any] = []  # a parent's connections: to close them here would disturb the parent


class Watcher:
    """Waits for changes of one catalog, for many clients, with one thread.

    The thread runs while somebody waits or has subscribed, and some seconds longer. When the
    database cannot be reached it tries again until it can; those who wait are told nothing
    meanwhile. After a fork the child has a watcher without clients, and the parent keeps its own.

    Parameters
    ----------
    db
        The database of the catalog.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._closed = False
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._changed = threading.Condition()
        self._last: int | None = None  # None: the thread has not looked yet
        self._waiting = 0
        self._told: dict[object, tuple[Callable[[int], None], int | None]] = {}
        self._thread: threading.Thread | None = None
        self._bell: _Bell | None = None
        self._link: _Link | None = None

    def _own(self) -> None:
        """Leave to the parent what was the parent's, if this process was forked."""
        if self._pid != os.getpid():
            _inherited.append((self._link, self._bell))
            self._begin()

    @property
    def is_running(self) -> bool:
        """Whether the thread runs."""
        return self._thread is not None and self._pid == os.getpid()

    def wait(self, after: int, timeout: float) -> int:
        """Wait until the change log has a number above ``after``.

        Parameters
        ----------
        after
            The last number that the caller knows.
        timeout
            Seconds to wait at most.

        Returns
        -------
        int
            The last number of the log; not above ``after`` when the time is over or the
            watcher was closed.

        Raises
        ------
        omicshelf.errors.Unreachable
            The database cannot be reached when the call begins.
        """
        self._own()
        with self._changed:
            if self._last is not None and self._last > after:
                return self._last
        # Also where the thread runs: who cannot reach the database hears it from here.
        with self._db.reading() as connection:
            found = int(connection.execute(_LAST).scalar_one())
        if found > after or timeout <= 0:
            return found
        with self._waits():
            self._changed.wait_for(lambda: self._closed or self._is_above(after), timeout)
            return found if self._last is None else self._last

    def subscribe(self, callback: Callable[[int], None]) -> Callable[[], None]:
        """Have a function called whenever the change log has grown.

        Parameters
        ----------
        callback
            Gets the last number of the log: first the one of now, so that nothing is missed
            between a reading and the subscription, then every one that is seen. It runs in the
            watcher's thread and must not block: a server hands it to its event loop.

        Returns
        -------
        Callable
            Ends the subscription. A call that has begun may still be under way.
        """
        self._own()
        key = object()
        with self._changed:
            self._told[key] = (callback, None)
            self._start()

        def unsubscribe() -> None:
            with self._changed:
                self._told.pop(key, None)

        return unsubscribe

    def close(self) -> None:
        """End the thread, and every waiting with it. Nothing is watched any more."""
        self._own()
        with self._changed:
            self._closed = True
            self._told.clear()
            self._changed.notify_all()
            thread = self._thread
            if self._bell is not None:
                self._bell.ring()
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _is_above(self, after: int) -> bool:
        return self._last is not None and self._last > after

    @contextmanager
    def _waits(self) -> Iterator[None]:
        with self._changed:
            self._waiting += 1
            try:
                self._start()
                yield
            finally:
                self._waiting -= 1

    def _start(self) -> None:
        """Start the thread, or wake it for one who is new; the lock is held."""
        if self._closed:
            return
        if self._bell is not None:
            self._bell.ring()
        if self._thread is None:
            self._last = None
            self._bell = _Bell()
            self._thread = threading.Thread(
                target=self._run, args=(self._bell,), name="omicshelf-watch", daemon=True
            )
            self._thread.start()

    def _run(self, bell: _Bell) -> None:
        retry, lingers_until = _FIRST_RETRY, 0.0
        while True:
            with self._changed:
                now = time.monotonic()
                if self._waiting or self._told:
                    lingers_until = now + _LINGER
                if self._closed or now >= lingers_until:
                    # In one step with the look at who waits: whoever comes next starts anew.
                    self._hang_up()
                    bell.close()
                    self._thread = self._bell = self._last = None
                    return
            try:
                if self._link is None:
                    link = _SqliteLink if self._db.is_sqlite else _PostgresLink
                    self._link = link(self._db)
                self._tell(self._link.last())
                self._link.rest(bell)
                retry = _FIRST_RETRY
            except Exception as error:  # whatever the driver raises: it is tried again
                _log.warning("The change log cannot be watched, for now: %s", _words(error))
                self._hang_up()
                bell.wait(retry)
                retry = min(2 * retry, _LAST_RETRY)

    def _tell(self, last: int) -> None:
        with self._changed:
            if last != self._last:
                self._last = last
                self._changed.notify_all()
            news = [(key, call) for key, (call, told) in self._told.items() if told != last]
        for key, call in news:
            with self._changed:
                if key not in self._told:
                    continue
                self._told[key] = (call, last)
            try:
                call(last)
            except Exception:
                _log.exception("A subscriber of the change log failed")

    def _hang_up(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            with contextlib.suppress(Exception):
                link.close()


class _Bell:
    """Wakes the thread, also where it waits for a socket."""

    def __init__(self) -> None:
        self._inside, self._outside = socket.socketpair()
        self._inside.setblocking(False)
        self._outside.setblocking(False)
        # Not select(): a busy server has more than 1,024 open files.
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._inside, selectors.EVENT_READ)

    def ring(self) -> None:
        with contextlib.suppress(BlockingIOError):  # full: it rings already
            self._outside.send(b"!")

    def wait(self, seconds: float, also: int | None = None) -> None:
        """Wait for the bell, for input on the file descriptor ``also``, or so many seconds."""
        if also is not None:
            self._selector.register(also, selectors.EVENT_READ)
        try:
            self._selector.select(seconds)
        finally:
            if also is not None:
                self._selector.unregister(also)
        with contextlib.suppress(BlockingIOError):
            while self._inside.recv(4096):
                pass

    def close(self) -> None:
        self._selector.close()
        self._inside.close()
        self._outside.close()


class _Link(Protocol):
    """A connection of the watcher's own."""

    def last(self) -> int:
        """Give the last number of the log."""

    def rest(self, bell: _Bell) -> None:
        """Wait until it is worth looking again."""

    def close(self) -> None: ...


class _SqliteLink:
    def __init__(self, db: Database) -> None:
        self._db = db
        self._path = Path(db.url.database or "")
        # Of its own: data_version tells what *other* connections have committed.
        self._driver = _own_connection(db)
        self._file = _identity(self._path)
        self._version: int | None = None
        self._last = 0

    def last(self) -> int:
        if _identity(self._path) != self._file:
            raise OSError("the database file was replaced by another")
        if self._db.read_only:
            # A file that is read as one that does not change has no data_version.
            with self._db.reading() as connection:
                return int(connection.execute(_LAST).scalar_one())
        cursor = self._driver.cursor()
        try:
            (version,) = cursor.execute("PRAGMA data_version").fetchone()
            if version != self._version:
                # After the version: a commit in between is seen again, never missed.
                (self._last,) = cursor.execute(_LAST_TEXT).fetchone()
                self._version = version
        finally:
            cursor.close()
        return self._last

    def rest(self, bell: _Bell) -> None:
        bell.wait(_POLL)

    def close(self) -> None:
        self._driver.close()


class _PostgresLink:
    def __init__(self, db: Database) -> None:
        self._driver = _own_connection(db)
        self._driver.autocommit = True
        self._heard = False
        self._driver.add_notify_handler(self._hear)
        self._driver.execute(f"LISTEN {CHANNEL}")

    def _hear(self, _notification: Any) -> None:
        self._heard = True

    def last(self) -> int:
        self._heard = False
        (found,) = self._driver.execute(_LAST_TEXT).fetchone()
        return int(found)

    def rest(self, bell: _Bell) -> None:
        # A notification may have come along with the last answer: no more input announces it.
        if self._heard or self._driver.pgconn.notifies() is not None:
            return
        bell.wait(_LOOK_BESIDES, also=self._driver.fileno())

    def close(self) -> None:
        self._driver.close()


def _own_connection(db: Database) -> Any:
    """Open a connection as the pool makes them, but a new one, and none of the pool's."""
    pooled = db.engine.pool.recreate().connect()
    driver: Any = pooled.driver_connection
    pooled.detach()
    return driver


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino


def _words(error: Exception) -> str:
    """Give the first line of an error, which has no password in it."""
    text = str(getattr(error, "orig", None) or error)
    return text.splitlines()[0] if text else type(error).__name__
