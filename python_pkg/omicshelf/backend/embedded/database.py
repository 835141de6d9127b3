"""The connection to the catalog database: SQLite in one file, or PostgreSQL.

On both, one writing transaction at a time changes what is visible: by ``BEGIN IMMEDIATE`` on
SQLite, by an advisory lock of the catalog on PostgreSQL. Reading waits for nobody.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib import resources
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.functions import GenericFunction

from omicshelf.backend.embedded.dberrors import committing, not_writable, translated
from omicshelf.backend.embedded.engines import (
    database_url,
    is_writable,
    postgresql_engine,
    shown,
    sqlite_engine,
)
from omicshelf.errors import Invalid

__all__ = ["REVISION", "Database", "fold"]

# The newest schema revision; a test holds it against the migrations.
REVISION = "0001"

_OLDEST_POSTGRESQL = (12,)
_MIGRATION_TIMEOUT = "1h"

# A catalog is a schema of a database: each has a key of its own. The lock ends with the
# transaction, and a process that is frozen while it holds it does not stop the others for ever.
_TAKE_LOCK = sa.text(
    "SELECT set_config('idle_in_transaction_session_timeout', '120s', true),"
    " pg_advisory_xact_lock(hashtextextended('omicshelf ' || coalesce(current_schema(), ''), 0))"
)


class Database:
    """An engine with the transactions and the migrations of this project.

    Parameters
    ----------
    url
        An SQLAlchemy URL, of SQLite or PostgreSQL.
    shared_file_system
        True where the SQLite file lies on a network file system.
    """

    def __init__(self, url: str, *, shared_file_system: bool = False) -> None:
        self.url = database_url(url)
        self.shown_url = shown(self.url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._shared_file_system = shared_file_system
        self.read_only = False
        self._start_over()

    def _start_over(self) -> None:
        self._making, self._writer = threading.Lock(), threading.Lock()
        self._engine: sa.Engine | None = None
        self._reader: sa.Engine | None = None
        self._pid = os.getpid()

    @property
    def engine(self) -> sa.Engine:
        """The engine of this process: a fork never uses its parent's connections."""
        if self._pid != os.getpid():
            if self._engine is not None:
                self._engine.dispose(close=False)
            self._start_over()
        engine = self._engine
        if engine is None:
            with self._making:  # one for all threads
                engine = self._engine
                if engine is None:
                    engine = self._engine = self._make_engine()
        return engine

    def _make_engine(self) -> sa.Engine:
        if not self.is_sqlite:
            engine = postgresql_engine(self.url)
            self._reader = engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
            return engine
        self.read_only = not is_writable(Path(self.url.database or ""))
        self._reader = sqlite_engine(
            self.url, read_only=self.read_only, shared_file_system=self._shared_file_system
        )
        return self._reader

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A consistent view of the database, that blocks nobody."""
        reader = self.engine and self._reader
        assert reader is not None
        with translated(self.shown_url), reader.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self, *, alone: bool = True) -> Iterator[sa.Connection]:
        """One writing transaction: all of it, or nothing.

        Parameters
        ----------
        alone
            Whether no other writing transaction may run at the same time. False is for short
            ones that nobody else can see the result of: a heartbeat, a pending object, a mark.
            They change one row, or several in the order of their keys, so that no two of them
            can wait for one another. SQLite has one writer at a time in any case.
        """
        engine = self.engine
        if self.read_only:
            raise not_writable(str(self.url.database))
        with self._queue(alone), translated(self.shown_url), engine.connect() as connection:
            connection = connection.execution_options(omicshelf_writes=True)
            with connection.begin() as transaction:
                if alone and not self.is_sqlite:
                    connection.execute(_TAKE_LOCK)
                yield connection
                with committing(self.shown_url):
                    transaction.commit()

    def _queue(self, alone: bool) -> AbstractContextManager[Any]:
        """Let the threads of one process wait for one another outside the database.

        SQLite's own waiting is a poll, and unfair; on PostgreSQL each thread that waits inside
        holds a connection.
        """
        return self._writer if alone or self.is_sqlite else nullcontext()

    def upgrade(self) -> None:
        """Create the tables, or bring those of an older release up to date.

        Any number of processes may do so at the same time.
        """
        with self.reading() as connection:
            present = self._revision(connection)
            if present == REVISION:
                return
            if present is None and not self.is_sqlite:
                self._check_server(connection)
        from alembic import command  # slow to import, and hardly ever needed

        config = self._alembic_config()
        if present is not None and not _knows(config, present):
            raise Invalid(
                f"The catalog at {self.shown_url} was written by a newer omicshelf"
                f" (schema {present}).",
                "Upgrade omicshelf in this environment: pip install --upgrade omicshelf",
            )
        with self._migrating() as connection:
            if self._revision(connection) == REVISION:
                return  # another process was quicker
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    @contextmanager
    def _migrating(self) -> Iterator[sa.Connection]:
        """A writing transaction that may take long, and waits long for another's."""
        if self.is_sqlite:
            with self.writing() as connection:
                yield connection
            return
        with self._writer, translated(self.shown_url), self.engine.begin() as connection:
            for setting in ("lock_timeout", "statement_timeout"):
                connection.exec_driver_sql(f"SET LOCAL {setting} = '{_MIGRATION_TIMEOUT}'")
            connection.execute(_TAKE_LOCK)
            yield connection

    def _check_server(self, connection: sa.Connection) -> None:
        version = connection.dialect.server_version_info or (0,)
        if version < _OLDEST_POSTGRESQL:
            raise Invalid(
                f"The server of {self.shown_url} is PostgreSQL {version[0]}.",
                f"Use PostgreSQL {_OLDEST_POSTGRESQL[0]} or newer.",
            )
        encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
        if encoding != "UTF8":
            raise Invalid(
                f"The database at {self.shown_url} has the encoding {encoding}.",
                "Make one that holds any text: createdb --encoding=UTF8 --template=template0 NAME",
            )

    @staticmethod
    def _revision(connection: sa.Connection) -> str | None:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        found = connection.execute(sa.text("SELECT version_num FROM alembic_version"))
        revision: str | None = found.scalar_one_or_none()
        return revision

    def _alembic_config(self) -> Any:
        from alembic.config import Config

        config = Config()
        folder = resources.files("omicshelf.backend.embedded") / "migrations"
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        return config

    def close(self) -> None:
        """Close every connection; the next use opens new ones."""
        if self._engine is not None and self._pid == os.getpid():
            self._engine.dispose()
        self._engine = None


class fold(GenericFunction[str]):
    """A text without regard to case, for any script: ``lower`` of a database may know only ASCII.

    SQLite calls Python; on PostgreSQL the first migration makes the function.
    """

    name = "omicshelf_fold"
    type = sa.String()
    inherit_cache = True


def _knows(config: Any, revision: str) -> bool:
    from alembic.script import ScriptDirectory

    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    return revision in known


def file_system_type(path: Path) -> str | None:
    """The type of the file system that holds ``path`` (Linux), or None where it is unknown."""
    mounts = Path("/proc/self/mounts")
    try:
        lines = mounts.read_text().splitlines()
    except OSError:
        return None
    target = str(path.resolve())
    best, kind = "", None
    for line in lines:
        parts = line.split()
        point = parts[1].replace("\\040", " ")
        inside = target == point or target.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, parts[2]
    return kind


NETWORK_FILE_SYSTEMS = frozenset(
    {
        "nfs", "nfs4", "cifs", "smb3", "smbfs", "lustre", "gpfs", "beegfs", "ceph", "afs", "9p",
        "glusterfs", "fuse.glusterfs", "fuse.sshfs", "pvfs2", "orangefs", "panfs", "wekafs",
        "fuse.s3fs", "fuse.rclone", "fuse.gcsfuse", "davfs", "fuse.davfs",
    }
)  # fmt: skip


def is_network_file_system(path: Path) -> bool:
    """Whether ``path`` lies where file locks and shared memory cannot be trusted."""
    forced = os.environ.get("OMICSHELF_SAFE_MODE")
    if forced is not None:
        return forced not in ("", "0")
    return file_system_type(path) in NETWORK_FILE_SYSTEMS
