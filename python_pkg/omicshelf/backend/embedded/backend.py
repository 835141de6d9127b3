"""The embedded backend: a catalog in one directory, with nothing to run."""

from __future__ import annotations

import logging
import os
import threading
import uuid
import warnings
import weakref
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from blake3 import blake3

from omicshelf.backend.clock import now_ms
from omicshelf.backend.embedded import schema as t
from omicshelf.backend.embedded.belonging import (
    MARKER,
    STORE_FORMAT,
    belong,
    new_marker,
    read_marker,
)
from omicshelf.backend.embedded.bucketlog import logged_by
from omicshelf.backend.embedded.database import Database, is_network_file_system
from omicshelf.backend.embedded.roles import Roles
from omicshelf.backend.embedded.segment import read_segment
from omicshelf.backend.embedded.session import Session
from omicshelf.backend.embedded.tokens import Tokens
from omicshelf.backend.embedded.uploads import Uploads
from omicshelf.backend.store.durable import new_file, storage_errors, sync_folder, write_all
from omicshelf.backend.store.s3location import S3Location
from omicshelf.errors import AccessDenied, Invalid, RequestException, StorageError

__all__ = ["DATABASE", "MARKER", "STORE_FORMAT", "EmbeddedBackend"]

DATABASE = "catalog.db"

_GC_EVERY_MS = 24 * 3600 * 1000
_log = logging.getLogger("omicshelf")


class EmbeddedBackend(Uploads, Roles, Tokens):
    """Records in SQLite and bytes in packs, both in one directory; or those of a team elsewhere.

    Many processes may use the same catalog at the same time, where it is in PostgreSQL and a
    bucket also those of many machines.

    Parameters
    ----------
    root
        The catalog's folder; made where it is not there. With a ``storage_url`` it only has
        temporary files and the cache (and the SQLite database, if it is one), and is by
        default a folder of its own below ``OMICSHELF_CACHE`` or the user's cache folder.
    database_url
        An SQLAlchemy URL of PostgreSQL for the records; default: SQLite in the folder.
    storage_url
        ``s3://bucket/prefix`` for the bytes; default: the folder. Where the server is, and
        the keys, may be in its query (:class:`~omicshelf.backend.store.s3location.S3Location`)
        or in the environment (``AWS_ENDPOINT_URL``, ``AWS_ACCESS_KEY_ID``, …).

    Raises
    ------
    omicshelf.errors.Invalid
        If the folder or the bucket holds something else, or a catalog of a newer release; or
        if the database belongs to another store.
    """

    def __init__(
        self,
        root: str | Path | None = None,
        *,
        database_url: str | None = None,
        storage_url: str | None = None,
    ) -> None:
        bucket = None if storage_url is None else S3Location.parse(storage_url)
        self.root = _root(root, bucket, database_url)
        self.url = str(self.root if bucket is None else bucket)
        if bucket is None:
            self._open_folder()
        else:
            with storage_errors(f"write to {self.root}"):
                self.root.mkdir(parents=True, exist_ok=True)
        in_folder = bucket is None or database_url is None
        shared = in_folder and is_network_file_system(self.root)
        if shared:
            warnings.warn(
                f"The catalog {self.root} lies on a network file system: locks are not reliable "
                "there. It is used in safe mode (slower, no garbage collection by itself). For "
                "several people, run `omicshelf serve` on one machine instead.",
                stacklevel=3,
            )
        self.safe_mode = shared
        url = database_url or f"sqlite:///{self.root / DATABASE}"
        self.db = Database(url, shared_file_system=shared)
        heartbeats = shared or not self.db.is_sqlite
        self.session = Session(self.root, self.db, heartbeats=heartbeats, bucket=bucket)
        super().__init__()
        self.db.upgrade()
        if database_url is not None or bucket is not None:
            belong(self.db, self.store, self.url)
        self._housekeeper: threading.Thread | None = None
        self.session.on_begin = _not_holding(self._keep_house)
        self._finalizer = weakref.finalize(self, _close, self.session, self.db)

    def _open_folder(self) -> None:
        marker = self.root / MARKER
        try:
            if marker.exists():
                read_marker(marker.read_bytes(), str(self.root))
                return
            if self.root.exists() and not self.root.is_dir():
                raise Invalid(
                    f"'{self.root}' is a file, not a folder.",
                    "Pass the folder of a catalog, or a new folder's path.",
                )
            if self.root.is_dir() and not _only_ours(self.root):
                if marker.exists():
                    return  # another process made the catalog at this moment
                raise Invalid(
                    f"'{self.root}' is not an omicshelf catalog, and it is not empty.",
                    "Pass a new or empty folder to start a catalog in it.",
                )
            self.root.mkdir(parents=True, exist_ok=True)
            staged = self.root / f".{MARKER}.{uuid.uuid4().hex[:8]}"
            with new_file(staged, 0o644) as handle:
                write_all(handle, new_marker())
                os.fsync(handle)
            staged.replace(marker)
            sync_folder(self.root)
        except RequestException:
            raise
        except PermissionError as error:
            raise AccessDenied(
                f"The catalog's folder '{self.root}' cannot be used: {error.strerror}.",
                "Choose another folder, or ask its owner for permission.",
            ) from error
        except OSError as error:
            raise StorageError(
                f"The catalog's folder '{self.root}' cannot be used: {error.strerror or error}.",
                "Choose another folder, or check the disk.",
            ) from error

    def _keep_house(self) -> None:
        """Once a day, when somebody writes: end dead sessions and collect garbage, in a thread.

        Not where locks cannot be trusted, and not with ``OMICSHELF_AUTO_GC=0``.
        """
        if self.safe_mode or os.environ.get("OMICSHELF_AUTO_GC") == "0":
            return
        now = now_ms()
        with self.db.writing() as connection:
            last = connection.execute(
                sa.select(t.setting.c.value).where(t.setting.c.key == "last_gc")
            ).scalar_one_or_none()
            if last is None:
                connection.execute(t.setting.insert(), {"key": "last_gc", "value": str(now)})
                return
            if now - int(last) < _GC_EVERY_MS:
                return
            connection.execute(
                t.setting.update().where(t.setting.c.key == "last_gc").values(value=str(now))
            )
        self._housekeeper = threading.Thread(
            target=self._collect_quietly, name="omicshelf-housekeeping", daemon=True
        )
        self._housekeeper.start()

    def _collect_quietly(self) -> None:
        try:
            self.gc()
        except RequestException as error:  # it is tried again tomorrow
            _log.warning("Garbage collection failed: %s", error.title)

    def complete_log(self, session: str) -> None:
        """Append what a killed session committed but did not log any more."""
        with self.db.reading() as connection:
            rows = connection.execute(
                sa.select(t.change).where(t.change.c.session == session).order_by(t.change.c.seq)
            )
            committed = [
                {key: value for key, value in row._mapping.items() if key != "session"}
                for row in rows
            ]
        if not committed:
            return
        # Threads append in no order, so that the last line does not tell what is missing.
        logged = self._logged_by(session)
        if lines := [line for line in committed if line["seq"] not in logged]:
            self.session.append_log(lines)

    def _logged_by(self, session: str) -> set[int]:
        """Give the numbers of the changes that a session has in the log of the store."""
        if not self.has_local_objects:
            return logged_by(self.store, session)
        path = self.session.log_path(session)
        lines = read_segment(path) if path.exists() else iter(())
        return {int(line["seq"]) for line in lines if line is not None}

    def close(self) -> None:
        """Let go of files, end the session, close the database. Using it again opens it again."""
        if self._housekeeper is not None:
            self._housekeeper.join()
            self._housekeeper = None
        self.release()
        self.session.close()
        self.db.close()


def _not_holding(method: Callable[[], None]) -> Callable[[], None]:
    """Give a call of a method that does not keep its object alive.

    The finalizer holds the session: what the session holds of the backend would never be left.
    """
    weak = weakref.WeakMethod(method)

    def call() -> None:
        there = weak()
        if there is not None:
            there()

    return call


def _close(session: Session, db: Database) -> None:
    session.close()
    db.close()


def _only_ours(root: Path) -> bool:
    """Whether a folder without a marker is empty, or was left by an opening that was killed."""
    return all(entry.name.startswith(f".{MARKER}") for entry in root.iterdir())


def _root(root: str | Path | None, bucket: S3Location | None, database_url: str | None) -> Path:
    """Give the local folder of a catalog."""
    if root is not None:
        return Path(root).expanduser().absolute()
    if bucket is None:
        raise Invalid("A catalog needs a folder.", "Pass its path, or a storage_url.")
    if database_url is None:
        raise Invalid(
            f"The catalog in {bucket} needs a database.",
            "Pass the database_url of a PostgreSQL; or a folder, for an SQLite database in it "
            "that only this machine uses.",
        )
    if not (cache := os.environ.get("OMICSHELF_CACHE")):
        import platformdirs

        cache = platformdirs.user_cache_dir("omicshelf")
    name = blake3(f"{bucket.endpoint} {bucket}".encode()).hexdigest()[:16]
    return Path(cache).expanduser().absolute() / f"bucket-{name}"
