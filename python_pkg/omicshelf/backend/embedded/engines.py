"""Engines: how connections to SQLite and to PostgreSQL are made, and with which settings.

SQLite: WAL with ``synchronous=FULL``, and ``BEGIN IMMEDIATE`` for every writing transaction,
because a deferred one that is upgraded fails at once with "database is locked", whatever the
timeout. On a network file system WAL is not safe, and the rollback journal is used.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from omicshelf.backend.embedded.schema import dump_json
from omicshelf.errors import Invalid, MissingDependency

__all__ = ["database_url", "is_writable", "postgresql_engine", "shown", "sqlite_engine"]

SAFE_MODE_TIMEOUT = 120_000
TIMEOUT = 30_000

# Names of parameters whose values libpq keeps to itself.
_SECRETS = frozenset({"password", "sslpassword", "passfile", "oauth_client_secret"})


def database_url(url: str) -> sa.URL:
    """Parse the URL of a database: SQLite, or PostgreSQL by psycopg 3.

    Raises
    ------
    omicshelf.errors.Invalid
        If it is no URL of one of them. The text itself is not repeated: it may hold a password.
    """
    told = "Pass postgresql://USER:PASSWORD@HOST:5432/DATABASE, or nothing for SQLite."
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError, AttributeError) as error:
        raise Invalid("The URL of the catalog database cannot be read.", told) from error
    if parsed.drivername in ("postgres", "postgresql"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in ("postgresql+psycopg", "sqlite"):
        raise Invalid(f"The catalog cannot be kept in '{parsed.drivername}'.", told)
    return parsed


def shown(url: sa.URL) -> str:
    """Give a URL without its secrets."""
    secret = [name for name in url.query if name.lower() in _SECRETS]
    return url.difference_update_query(secret).render_as_string(hide_password=True)


# -- SQLite


def is_writable(database: Path) -> bool:
    """Whether this process may write to the file of an SQLite database."""
    if not database.exists():
        return True  # it is being made, or that fails and says why
    return os.access(database, os.W_OK) and os.access(database.parent, os.W_OK)


def sqlite_engine(url: sa.URL, *, read_only: bool, shared_file_system: bool) -> sa.Engine:
    """Make an engine whose transactions begin IMMEDIATE where ``omicshelf_writes`` is set."""
    options: dict[str, Any] = {"json_serializer": dump_json}
    if read_only:
        # Each reading looks anew at whether somebody who may write has the file open.
        options |= {"poolclass": sa.NullPool, "creator": lambda: _connect_read_only(url)}
    else:
        # Threads wait for one another in `writing`; readers get a connection each.
        options |= {"pool_size": 20, "max_overflow": 80, "connect_args": {"timeout": 30}}
    engine = sa.create_engine(url, **options)

    def on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        connection.create_function("omicshelf_fold", 1, _folded, deterministic=True)
        if not read_only:
            _set_pragmas(connection, shared_file_system)

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


def _set_pragmas(connection: Any, shared_file_system: bool) -> None:
    cursor = connection.cursor()
    timeout = SAFE_MODE_TIMEOUT if shared_file_system else TIMEOUT
    cursor.execute(f"PRAGMA busy_timeout={timeout}")
    journal = "DELETE" if shared_file_system else "WAL"
    cursor.execute(f"PRAGMA journal_mode={journal}")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA cache_size=-32768")
    cursor.close()


def _connect_read_only(url: sa.URL) -> sqlite3.Connection:
    """Open the file in a folder that this process may not write to.

    SQLite reads a WAL database there only while a writer's ``-shm`` file is beside it.
    Without one nobody has it open, and it can be read as a file that does not change.
    """
    path = Path(url.database or "")
    in_use = Path(f"{path}-shm").exists() or _size(Path(f"{path}-wal"))
    uri = f"{path.absolute().as_uri()}?mode=ro{'' if in_use else '&immutable=1'}"
    return sqlite3.connect(uri, uri=True, timeout=30, check_same_thread=False)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _folded(text: str | None) -> str | None:
    return None if text is None else text.casefold()


def _on_begin(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("omicshelf_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


# -- PostgreSQL

_CONNECT = {
    "application_name": "omicshelf",
    "connect_timeout": "10",
    # A host that vanished is found out within a minute, not after two hours.
    "keepalives_idle": "20",
    "keepalives_interval": "10",
    "keepalives_count": "4",
    "tcp_user_timeout": "60000",
}
_SETTINGS = {
    # Nobody waits longer than this for another writer, as with SQLite.
    "lock_timeout": str(TIMEOUT),
    "statement_timeout": "300000",
    # Compiling a statement takes longer than reading the indexes that ours read.
    "jit": "off",
}
# What the URL has in its `options`, or an administrator has set for the user, stays as it is.
_SET = (
    "SELECT set_config(name, value, false) FROM pg_settings"
    " JOIN unnest(%s::text[], %s::text[]) AS ours (name, value) USING (name)"
    " WHERE source NOT IN ('client', 'user', 'database', 'database user')"
)


def postgresql_engine(url: sa.URL) -> sa.Engine:
    """Make an engine that notices by itself when the server was away.

    Raises
    ------
    omicshelf.errors.MissingDependency
        If psycopg is not installed.
    """
    given = {name: value for name, value in _CONNECT.items() if name not in url.query}
    try:
        engine = sa.create_engine(
            url,
            json_serializer=dump_json,
            connect_args=given,
            pool_pre_ping=True,
            # With 100 connections, the server's default, three processes can be busy.
            pool_size=10,
            max_overflow=20,
        )
    except ImportError as error:
        raise MissingDependency(
            "psycopg, the driver for PostgreSQL, is not installed.",
            'Install it into this environment: pip install "omicshelf[postgres]"',
        ) from error
    event.listen(engine, "connect", _apply_settings)
    return engine


def _apply_settings(connection: Any, _record: Any) -> None:
    from psycopg.types.numeric import IntLoader

    # A sum of whole numbers is `numeric` there; no column of ours is.
    connection.adapters.register_loader("numeric", IntLoader)
    # In a transaction of its own, or the first rollback would take the settings back.
    connection.autocommit = True
    connection.execute(_SET, [list(_SETTINGS), list(_SETTINGS.values())])
    connection.autocommit = False
