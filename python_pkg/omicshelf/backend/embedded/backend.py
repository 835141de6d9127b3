"""The embedded backend: a catalog in one directory, with nothing to run."""

from __future__ import annotations

import json
import logging
import os
import threading
import uuid
import warnings
import weakref
from pathlib import Path

import sqlalchemy as sa

from omicshelf.backend.clock import now_ms
from omicshelf.backend.embedded import schema as t
from omicshelf.backend.embedded.database import Database, is_network_file_system
from omicshelf.backend.embedded.roles import Roles
from omicshelf.backend.embedded.segment import read_segment
from omicshelf.backend.embedded.session import Session
from omicshelf.backend.embedded.uploads import Uploads
from omicshelf.backend.store.durable import new_file, sync_folder, write_all
from omicshelf.errors import AccessDenied, Invalid, RequestException, StorageError

__all__ = ["DATABASE", "MARKER", "STORE_FORMAT", "EmbeddedBackend"]

MARKER = "omicshelf.json"
DATABASE = "catalog.db"
STORE_FORMAT = 1

_GC_EVERY_MS = 24 * 3600 * 1000
_log = logging.getLogger("omicshelf")


class EmbeddedBackend(Uploads, Roles):
    """Records in SQLite, bytes in packs, both in one directory.

    Many processes may use the same directory at the same time.

    Parameters
    ----------
    root
        The catalog's folder; made where it is not there.
    database_url
        An SQLAlchemy URL of PostgreSQL for the records; default: SQLite in the folder.

    Raises
    ------
    omicshelf.errors.Invalid
        If the folder holds something else, or a catalog of a newer release.
    """

    def __init__(self, root: str | Path, *, database_url: str | None = None) -> None:
        self.root = Path(root).expanduser().absolute()
        self.url = str(self.root)
        self._open_folder()
        shared = is_network_file_system(self.root)
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
        self.session = Session(self.root, self.db, heartbeats=shared)
        super().__init__()
        self.db.upgrade()
        self._housekeeper: threading.Thread | None = None
        self.session.on_begin = self._keep_house
        self._finalizer = weakref.finalize(self, _close, self.session, self.db)

    def _open_folder(self) -> None:
        marker = self.root / MARKER
        try:
            if marker.exists():
                _check_marker(marker)
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
            text = json.dumps(
                {"format": STORE_FORMAT, "store": str(uuid.uuid4()), "created_at": now_ms()}
            )
            staged = self.root / f".{MARKER}.{uuid.uuid4().hex[:8]}"
            with new_file(staged, 0o644) as handle:
                write_all(handle, text.encode())
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
        # Threads append in no order, so that the last line does not tell what is missing.
        path = self.session.log_path(session)
        lines_there = read_segment(path) if path.exists() else iter(())
        logged = {line["seq"] for line in lines_there if line is not None}
        with self.db.reading() as connection:
            rows = connection.execute(
                sa.select(t.change).where(t.change.c.session == session).order_by(t.change.c.seq)
            )
            lines = [
                {key: value for key, value in row._mapping.items() if key != "session"}
                for row in rows
                if row.seq not in logged
            ]
        if lines:
            self.session.append_log(lines)

    def close(self) -> None:
        """Let go of files, end the session, close the database. Using it again opens it again."""
        if self._housekeeper is not None:
            self._housekeeper.join()
            self._housekeeper = None
        self.release()
        self.session.close()
        self.db.close()


def _close(session: Session, db: Database) -> None:
    session.close()
    db.close()


def _only_ours(root: Path) -> bool:
    """Whether a folder without a marker is empty, or was left by an opening that was killed."""
    return all(entry.name.startswith(f".{MARKER}") for entry in root.iterdir())


def _check_marker(marker: Path) -> None:
    try:
        found = json.loads(marker.read_text())
        number = int(found["format"])
    except (ValueError, KeyError, TypeError) as error:
        raise Invalid(
            f"The file '{marker}' is damaged.",
            f'Write {{"format": {STORE_FORMAT}, "store": "", "created_at": 0}} into it, then run '
            "`omicshelf verify`.",
        ) from error
    if number > STORE_FORMAT:
        raise Invalid(
            f"The catalog '{marker.parent}' has store format {number}, newer than this omicshelf.",
            "Upgrade it: pip install --upgrade omicshelf",
        )
