"""The connection to the catalog database: SQLite in one file, or PostgreSQL.

SQLite: WAL with ``synchronous=FULL``, and ``BEGIN IMMEDIATE`` for every writing transaction,
because a deferred one that is upgraded fails at once with "database is locked", whatever the
timeout. On a network file system WAL is not safe, and the rollback journal is used.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from omicshelf.backend.embedded.schema import dump_json
from omicshelf.errors import AccessDenied, Invalid, StorageError

__all__ = ["REVISION", "Database", "fold"]

# The newest schema revision; a test holds it against the migrations.
REVISION = "0001"

SAFE_MODE_TIMEOUT = 120_000
TIMEOUT = 30_000


class Database:
    """An engine with the pragmas, the transactions and the migrations of this project.

    Parameters
    ----------
    url
        An SQLAlchemy URL.
    shared_file_system
        True where the SQLite file lies on a network file system.
    """

    def __init__(self, url: str, *, shared_file_system: bool = False) -> None:
        self.url = sa.make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._shared_file_system = shared_file_system
        self._lock = threading.RLock()
        self._engine: sa.Engine | None = None
        self.read_only = False
        self._pid = os.getpid()

    @property
    def engine(self) -> sa.Engine:
        """The engine of this process: a fork never uses its parent's connections."""
        if self._pid != os.getpid():
            if self._engine is not None:
                self._engine.dispose(close=False)
            self._engine = None
            self._lock = threading.RLock()
            self._pid = os.getpid()
        if self._engine is None:
            with self._lock:  # one for all threads
                if self._engine is None:
                    self._engine = self._make_engine()
        return self._engine

    def _make_engine(self) -> sa.Engine:
        options: dict[str, Any] = {"json_serializer": dump_json}
        self.read_only = self.is_sqlite and not _is_writable(Path(self.url.database or ""))
        if self.read_only:
            # Each reading looks anew at whether somebody who may write has the file open.
            options |= {"poolclass": sa.NullPool, "creator": self._connect_read_only}
        elif self.is_sqlite:
            # Threads wait for one another in `writing`; readers get a connection each.
            options |= {"pool_size": 20, "max_overflow": 80, "connect_args": {"timeout": 30}}
        engine = sa.create_engine(self.url, **options)
        if self.is_sqlite:
            event.listen(engine, "connect", self._on_connect)
            event.listen(engine, "begin", _on_begin)
        return engine

    def _on_connect(self, connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        connection.create_function("omicshelf_fold", 1, _folded, deterministic=True)
        if self.read_only:
            return
        cursor = connection.cursor()
        timeout = SAFE_MODE_TIMEOUT if self._shared_file_system else TIMEOUT
        cursor.execute(f"PRAGMA busy_timeout={timeout}")
        journal = "DELETE" if self._shared_file_system else "WAL"
        cursor.execute(f"PRAGMA journal_mode={journal}")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA cache_size=-32768")
        cursor.close()

    def _connect_read_only(self) -> sqlite3.Connection:
        """Open the file in a folder that this process may not write to.

        SQLite reads a WAL database there only while a writer's ``-shm`` file is beside it.
        Without one nobody has it open, and it can be read as a file that does not change.
        """
        path = Path(self.url.database or "")
        in_use = Path(f"{path}-shm").exists() or _size(Path(f"{path}-wal"))
        uri = f"{path.absolute().as_uri()}?mode=ro{'' if in_use else '&immutable=1'}"
        return sqlite3.connect(uri, uri=True, timeout=30, check_same_thread=False)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A consistent view of the database, that blocks nobody."""
        with translated(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """One writing transaction: all of it, or nothing."""
        engine = self.engine
        if self.read_only:
            raise _not_writable(str(self.url.database))
        # Threads of one process queue here: SQLite's own waiting is a poll, and unfair.
        with self._lock, translated(), engine.connect() as connection:
            connection = connection.execution_options(omicshelf_writes=True)
            with connection.begin():
                yield connection

    def upgrade(self) -> None:
        """Create the tables, or bring those of an older release up to date."""
        with self.reading() as connection:
            present = self._revision(connection)
        if present == REVISION:
            return
        from alembic import command  # slow to import, and hardly ever needed

        config = self._alembic_config()
        if present is not None and not _knows(config, present):
            raise Invalid(
                f"The catalog at {self.url.render_as_string()} was written by a newer omicshelf"
                f" (schema {present}).",
                "Upgrade omicshelf in this environment: pip install --upgrade omicshelf",
            )
        with self.writing() as connection:
            if self._revision(connection) == REVISION:
                return  # another process was quicker
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

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


def _is_writable(database: Path) -> bool:
    if not database.exists():
        return True  # it is being made, or that fails and says why
    return os.access(database, os.W_OK) and os.access(database.parent, os.W_OK)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _not_writable(what: str) -> AccessDenied:
    return AccessDenied(
        f"The catalog database cannot be written ({what}).",
        "You may only read this catalog. Check the permissions of its folder, or ask its owner.",
    )


class fold(FunctionElement[str]):
    """A text without regard to case, for any script: SQLite's own ``lower`` knows only ASCII."""

    type = sa.String()
    inherit_cache = True


@compiles(fold)
def _fold_anywhere(element: fold, compiler: Any, **options: Any) -> str:
    return f"lower({compiler.process(element.clauses, **options)})"


@compiles(fold, "sqlite")
def _fold_on_sqlite(element: fold, compiler: Any, **options: Any) -> str:
    return f"omicshelf_fold({compiler.process(element.clauses, **options)})"


def _folded(text: str | None) -> str | None:
    return None if text is None else text.casefold()


def _on_begin(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("omicshelf_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _knows(config: Any, revision: str) -> bool:
    from alembic.script import ScriptDirectory

    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    return revision in known


@contextmanager
def translated() -> Iterator[None]:
    """Turn the driver's errors into ours."""
    try:
        yield
    except (UnicodeEncodeError, OverflowError) as error:
        raise Invalid(
            f"A value cannot be asked for: {error}.",
            "Texts must be valid Unicode, and whole numbers below 2**63.",
        ) from error
    except (sa.exc.OperationalError, sa.exc.DatabaseError) as error:
        if isinstance(error, sa.exc.IntegrityError | sa.exc.ProgrammingError):
            raise
        text = str(error.orig)
        if "full" in text:
            raise StorageError(
                f"No space left for the catalog database ({text}).",
                "Free some space on that disk and call again; nothing was changed.",
            ) from error
        if "locked" in text or "busy" in text:
            raise StorageError(
                f"The catalog database stayed locked by another process ({text}).",
                "Try again; if it lasts, look for a stuck process that uses this catalog.",
            ) from error
        if "readonly" in text or "read-only" in text:
            raise _not_writable(text) from error
        if "unable to open" in text:
            raise AccessDenied(
                f"The catalog database cannot be opened ({text}).",
                "Check that the catalog's folder is there and who may read it. Where you may "
                "only read, and its last writer was killed, somebody who may write must open it "
                "once.",
            ) from error
        raise StorageError(
            f"The catalog database failed: {text}",
            "Run `omicshelf verify`; `omicshelf rebuild` makes the database anew from the store.",
        ) from error


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
