"""A session: one process that writes to a catalog, and whether it still lives.

Locally a session is a lock file whose ``flock`` the kernel releases with the process, even
on kill -9. Where locks cannot be trusted (network file systems, several hosts) it is a row
whose heartbeat must be recent. A session that was taken for dead, on a machine that slept, finds
that its pending objects are gone, writes them again, and puts its row back.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import threading
import uuid
import weakref
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from omicshelf.backend.clock import now_ms
from omicshelf.backend.embedded import schema as t
from omicshelf.backend.embedded.bucketlog import BucketLog
from omicshelf.backend.embedded.database import Database
from omicshelf.backend.embedded.segment import encode_line
from omicshelf.backend.store.durable import storage_errors, write_all
from omicshelf.backend.store.objectstore import LocalDirectory, ObjectStore
from omicshelf.backend.store.s3location import S3Location
from omicshelf.errors import RequestException

try:
    import fcntl
except ImportError:  # Windows: heartbeats alone tell who lives
    fcntl = None  # type: ignore[assignment]

__all__ = ["HEARTBEAT_SECONDS", "Session"]

HEARTBEAT_SECONDS = 60.0
_DEAD_AFTER_MS = 15 * 60 * 1000


class Session:
    """The session of this process with one catalog; begun by its first write.

    Parameters
    ----------
    root
        The catalog's folder.
    db
        Its database.
    heartbeats
        Whether liveness goes by heartbeat rows instead of ``flock``.
    bucket
        Where the objects are, if not in the folder: then this has only temporary files.
    """

    def __init__(
        self,
        root: Path,
        db: Database,
        *,
        heartbeats: bool = False,
        bucket: S3Location | None = None,
    ) -> None:
        self._root = root
        self._db = db
        self._bucket = bucket
        self._heartbeats = heartbeats or bucket is not None or fcntl is None
        self.on_begin: Callable[[], None] | None = None
        self._lock_file: int | None = None
        self._log: int | None = None
        self._start_over()
        _sessions.add(self)

    def _start_over(self) -> None:
        """Be a session that has not begun: it has a name, and has left no trace yet."""
        self._guard = threading.RLock()
        self._name = uuid.uuid4().hex
        self._begun = False
        self._pid = os.getpid()
        self._stop = threading.Event()
        self._store: ObjectStore | None = None
        self._bucket_log: BucketLog | None = None
        # Committed lines that the log has not taken yet, because the disk was full.
        self._unlogged: deque[dict[str, Any]] = deque()
        self._cut = False

    def release_inherited(self) -> None:
        """Let go of what a fork inherited: the lock and the log are the parent's."""
        for handle in (self._lock_file, self._log):
            if handle is not None:
                os.close(handle)
        self._lock_file = self._log = None
        self._start_over()

    @property
    def id(self) -> str:
        """The session's id; begins the session in this process where there is none yet."""
        with self._guard:
            if not self._begun:
                self._begin()
            return self._name

    @property
    def store(self) -> ObjectStore:
        """The object store, for reading; what is written is staged in :meth:`staging` first."""
        with self._guard:
            if self._store is None:
                self._store = self._open_store()
            return self._store

    def _open_store(self) -> ObjectStore:
        if self._bucket is None:
            return LocalDirectory(self._root, self._name)
        from omicshelf.backend.store.s3 import ObstoreS3  # hardly ever needed

        return ObstoreS3(self._bucket, self._root / "tmp" / self._name)

    def staging(self) -> Path:
        """Give the folder for this session's temporary files; begins the session."""
        # Only the files of a session that is known to others are safe from their collections.
        _ = self.id
        return self.store.staging()

    def _begin(self) -> None:
        try:
            with storage_errors(f"write to the catalog at {self._root}"):
                for name in ("sessions", "log", "tmp") if self._bucket is None else ("tmp",):
                    (self._root / name).mkdir(parents=True, exist_ok=True)
                if not self._heartbeats:
                    self._lock_file = _hold(self._lock_path(self._name))
            with self._db.writing(alone=False) as connection:
                self._insert_row(connection, self._name)
        except BaseException:
            self._let_go()
            raise
        self._begun = True
        if self._heartbeats:
            beat = threading.Thread(target=self._beat, args=(self._name, self._stop), daemon=True)
            beat.start()
        if self.on_begin is not None:
            self.on_begin()

    def _insert_row(self, connection: sa.Connection, session: str) -> None:
        now = now_ms()
        connection.execute(
            t.session.insert().values(
                id=session,
                host=socket.gethostname(),
                pid=self._pid,
                started_at=now,
                heartbeat_at=now,
            )
        )

    def _let_go(self) -> None:
        """Give back the lock, and remove its file."""
        if self._lock_file is not None:
            with contextlib.suppress(OSError):
                self._lock_path(self._name).unlink(missing_ok=True)
            os.close(self._lock_file)
            self._lock_file = None

    def _beat(self, session: str, stop: threading.Event) -> None:
        while not stop.wait(HEARTBEAT_SECONDS):
            with contextlib.suppress(RequestException):  # perhaps the next one comes through
                self.beat(session)

    def beat(self, session: str) -> None:
        """Say that a session lives; one that was buried meanwhile is there again."""
        with self._db.writing(alone=False) as connection:
            beaten = connection.execute(
                t.session.update().where(t.session.c.id == session).values(heartbeat_at=now_ms())
            )
            if not beaten.rowcount and not self._stop.is_set():
                self._insert_row(connection, session)

    def _lock_path(self, session: str) -> Path:
        return self._root / "sessions" / f"{session}.lock"

    # -- the change log in the store

    def log_path(self, session: str) -> Path:
        """The segment of the change log that a session writes."""
        return self._root / "log" / f"{session}.jsonl"

    def append_log(self, lines: list[dict[str, Any]]) -> None:
        """Append committed changes to this session's segment of the log in the store.

        The changes are committed, so that a disk which refuses the lines is no reason to fail:
        they wait for the next call, or for the collection that buries this session.
        """
        session = self.id
        if self._bucket is not None:
            with self._guard:
                if self._bucket_log is None:
                    self._bucket_log = BucketLog(self.store, session)
                self._bucket_log.append(lines)
            return
        with self._guard:
            self._unlogged.extend(lines)
            with contextlib.suppress(OSError):
                if self._log is None:
                    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
                    self._log = os.open(self.log_path(session), flags, 0o644)
                while self._unlogged:
                    self._append(self._log, self._unlogged[0])
                    self._unlogged.popleft()

    def _append(self, log: int, line: dict[str, Any]) -> None:
        data = encode_line(line)
        if self._cut:
            data = b"\n" + data
        self._cut = True
        write_all(log, data)
        self._cut = False

    def sync_log(self) -> None:
        """Make the appended lines durable."""
        with self._guard:
            if self._log is not None:
                os.fsync(self._log)

    # -- liveness of others

    def is_alive(self, session: str) -> bool:
        """Whether a session may still write."""
        if session == self._name and self._begun:
            return True
        # Of an upload there is no process that could hold a lock.
        if self._heartbeats or session.startswith("upload-"):
            with self._db.reading() as connection:
                beat = connection.execute(
                    sa.select(t.session.c.heartbeat_at).where(t.session.c.id == session)
                ).scalar_one_or_none()
            return beat is not None and bool(beat > now_ms() - _DEAD_AFTER_MS)
        try:
            handle = os.open(self._lock_path(session), os.O_RDONLY)
        except FileNotFoundError:
            # Its lock file is made before its row and its folder: without one it is gone.
            return False
        except OSError:
            return True  # of another user: who cannot tell must not bury
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(handle)
        return False

    def leftovers(self) -> list[str]:
        """Give the dead sessions that have left temporary files or a lock file."""
        names: set[str] = set()
        for folder in ("tmp", "sessions"):
            with contextlib.suppress(FileNotFoundError):
                names |= {entry.name.partition(".")[0] for entry in os.scandir(self._root / folder)}
        return [name for name in names if not self.is_alive(name)]

    def bury(self, session: str) -> int:
        """Remove what a dead session left: temporary files and lock file; gives the bytes."""
        lock = None if self._heartbeats else _hold(self._lock_path(session), wait=False)
        if lock is None and not self._heartbeats:
            return 0  # it is only beginning
        try:
            return self._remove_traces(session)
        finally:
            if lock is not None:
                os.close(lock)

    def _remove_traces(self, session: str) -> int:
        folder = self._root / "tmp" / session
        freed = 0
        for path in folder.rglob("*"):
            with contextlib.suppress(OSError):
                freed += path.stat().st_size if path.is_file() else 0
        shutil.rmtree(folder, ignore_errors=True)
        self._lock_path(session).unlink(missing_ok=True)
        return freed

    def close(self) -> None:
        """End the session: nothing of it is pending any more."""
        with self._guard:
            if not self._begun or self._pid != os.getpid():
                return
            session = self._name
            self._stop.set()
            if self._end_log():
                # Otherwise the next collection completes the log.
                with contextlib.suppress(Exception):
                    self._remove_row(session)
            with contextlib.suppress(OSError):
                self._remove_traces(session)
            self._let_go()
            self._start_over()

    def _end_log(self) -> bool:
        """Write what the log lacks; says whether all of it is in the store."""
        if self._bucket is not None:
            return self._bucket_log is None or self._bucket_log.close()
        self.append_log([])
        with contextlib.suppress(OSError):
            self.sync_log()
        if self._log is not None:
            os.close(self._log)
            self._log = None
        return not self._unlogged

    def _remove_row(self, session: str) -> None:
        with self._db.writing() as connection:
            pending = connection.execute(
                sa.select(sa.func.count())
                .select_from(t.stored_object)
                .where(t.stored_object.c.session == session)
                .where(t.stored_object.c.state == "pending")
            ).scalar_one()
            if not pending:
                connection.execute(t.session.delete().where(t.session.c.id == session))


def _hold(path: Path, *, wait: bool = True) -> int | None:
    """Take the lock of a session; None where another holds it and ``wait`` is False."""
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            # A collection may have removed the file between the two calls.
            if path.exists() and os.path.samestat(path.stat(), os.fstat(handle)):
                return handle
        except BlockingIOError:
            os.close(handle)
            return None
        except FileNotFoundError:
            pass
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _release_in_child() -> None:
    # A child shares its parent's lock: while it held it, a dead parent would seem alive.
    for session in list(_sessions):
        session.release_inherited()


_sessions: weakref.WeakSet[Session] = weakref.WeakSet()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_release_in_child)
