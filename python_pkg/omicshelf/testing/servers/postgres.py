"""A private PostgreSQL server, and catalog databases on it."""

from __future__ import annotations

import ctypes
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections import deque
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa

from omicshelf.backend.embedded.database import Database

__all__ = [
    "CatalogDatabases",
    "PostgresServer",
    "postgres_binaries",
    "rows_of",
]

USER = "omicshelf"
_READY = "database system is ready to accept connections"
_PATIENCE = 60.0
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "on",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "lc_messages": "C",  # our errors are recognised in any language, the line for _READY is not
    "log_min_messages": "warning",
}


def postgres_binaries() -> Path | None:
    """Give the newest folder with the programs of a PostgreSQL server, or None.

    Debian keeps them apart from the PATH.
    """
    folders = [
        path.parent
        for pattern in ("lib/postgresql/*/bin/initdb", "pgsql-*/bin/initdb")
        for path in Path("/usr").glob(pattern)
    ]
    on_path = shutil.which("initdb")
    if on_path is not None:
        folders.append(Path(on_path).resolve().parent)
    folders = [folder for folder in folders if (folder / "postgres").exists()]
    return max(folders, key=_version, default=None)


def _version(folder: Path) -> tuple[int, ...]:
    said = subprocess.check_output([folder / "postgres", "--version"], text=True)
    number = next((word for word in said.split() if word[:1].isdigit()), "0")
    return tuple(int(part) for part in number.split(".") if part.isdigit())


class PostgresServer:
    """A PostgreSQL server in a temporary folder, on a free port of the loopback interface.

    Its default collation is English by ICU, where there is ICU: what must be ordered by bytes,
    and is not, shows. Connections need the password.

    Parameters
    ----------
    binaries
        The folder of ``initdb`` and ``postgres``.
    """

    def __init__(self, binaries: Path) -> None:
        self._binaries = binaries
        self.password = secrets.token_urlsafe(12)
        self.folder = Path(tempfile.mkdtemp(prefix="omicshelf-postgres-"))
        self._process: subprocess.Popen[str] | None = None
        self._said: deque[str] = deque(maxlen=200)
        self._numbers = count(1)
        self._account = _account()
        try:
            self._make_cluster()
            self.port = _free_port()
            self.start()
        except BaseException:
            self.close()
            raise

    def _make_cluster(self) -> None:
        password = self.folder / "password"
        password.write_text(self.password)
        if self._account:
            for path in (self.folder, password):
                os.chown(path, self._account["user"], self._account["group"])
        command: list[Any] = [
            self._binaries / "initdb", "--pgdata", self.folder / "data", "--username", USER,
            "--pwfile", password, "--auth", "scram-sha-256", "--encoding", "UTF8", "--no-sync",
        ]  # fmt: skip
        icu = ["--locale", "C", "--locale-provider", "icu", "--icu-locale", "en-US"]
        for locale in (icu, ["--locale", "C"]):
            shutil.rmtree(self.folder / "data", ignore_errors=True)
            done = subprocess.run(
                [*command, *locale],
                check=False, capture_output=True, text=True, cwd="/", **self._account,
            )  # fmt: skip
            if done.returncode == 0:
                return
        raise RuntimeError(f"initdb failed: {done.stderr.strip()}")

    def start(self) -> None:
        """Start the server, and wait until it takes connections."""
        command: list[Any] = [
            self._binaries / "postgres", "-D", self.folder / "data", "-p", str(self.port)
        ]  # fmt: skip
        for name, value in _SETTINGS.items():
            command += ["-c", f"{name}={value}"]
        process = subprocess.Popen(
            command,
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - calls nothing that takes a lock
            **self._account,
        )
        self._process = process
        ready = threading.Event()
        threading.Thread(target=self._listen, args=(process, ready), daemon=True).start()
        if not ready.wait(_PATIENCE) or process.poll() is not None:
            raise RuntimeError("PostgreSQL did not start:\n" + "\n".join(self._said))

    def _listen(self, process: subprocess.Popen[str], ready: threading.Event) -> None:
        assert process.stderr is not None
        with process.stderr as said:
            for line in said:
                self._said.append(line.rstrip())
                if _READY in line:
                    ready.set()
        ready.set()  # it has ended

    def stop(self) -> None:
        """Stop the server: connections are cut, what runs is rolled back."""
        self._end(signal.SIGINT)

    def crash(self) -> None:
        """Stop the server as a power cut would: the next start recovers from its log."""
        self._end(signal.SIGQUIT)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(_PATIENCE)
            self._process = None

    def close(self) -> None:
        """Stop the server, and remove its folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str = "postgres") -> str:
        """Give the URL of a database, with user and password."""
        return f"postgresql+psycopg://{USER}:{self.password}@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str) -> None:
        """Run a statement outside any transaction, as the server's superuser."""
        conninfo = self.url().replace("+psycopg", "")
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute(statement.encode())

    def new_database(self, template: str = "template0") -> str:
        """Make a database as a copy of another; gives its name."""
        name = f"test_{next(self._numbers)}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    def empty_database(self, name: str) -> None:
        """Remove all rows of a database, and whoever is connected to it.

        Much sooner done than dropping it and making another.
        """
        engine = sa.create_engine(self.url(name), poolclass=sa.NullPool)
        with engine.begin() as connection:
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            for table in sa.inspect(connection).get_table_names():
                if table != "alembic_version":
                    connection.exec_driver_sql(f'DELETE FROM "{table}"')

    def drop_database(self, name: str) -> None:
        """Remove a database, whoever is connected to it."""
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _account() -> dict[str, Any]:
    """Give the user to run as: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}
    raise RuntimeError("PostgreSQL does not run as root, and there is no user 'postgres'.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


_SET_DEATH_SIGNAL = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def _die_with_parent() -> None:
    """Let the server end with this process: tests that are killed leave none behind (Linux)."""
    if _LIBC is not None:
        _LIBC.prctl(_SET_DEATH_SIGNAL, signal.SIGINT)


def rows_of(url: str) -> dict[str, Any]:
    """Give all rows of a catalog's tables, for comparing what was before with what is after.

    Left out is what changes without a change of the catalog: the sessions.
    """
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    found: dict[str, Any] = {}
    with engine.connect() as connection:
        for name in sa.inspect(connection).get_table_names():
            if name not in ("session", "alembic_version"):
                rows = connection.execute(sa.text(f'SELECT r::text FROM "{name}" AS r')).scalars()
                found[f"table {name}"] = sorted(rows)
    return found


class CatalogDatabases:
    """Databases with the tables of a catalog and no rows, used again by test after test."""

    def __init__(self, server: PostgresServer) -> None:
        self.server = server
        self._free: list[str] = []
        self._template: str | None = None

    def take(self) -> str:
        """Give the name of an empty one."""
        return self._free.pop() if self._free else self.server.new_database(self._made())

    def give_back(self, name: str) -> None:
        """Empty one that is not needed any more."""
        self.server.empty_database(name)
        self._free.append(name)

    def _made(self) -> str:
        if self._template is None:
            self._template = self.server.new_database()
            database = Database(self.server.url(self._template))
            database.upgrade()
            database.close()
        return self._template
