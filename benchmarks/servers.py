"""The servers that are measured: real ones, each a process of its own, on loopback."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import omicshelf
from benchmarks.measuring import Figure
from omicshelf.testing.servers.buckets import S3Server
from omicshelf.testing.servers.ceph import ceph_programs, start_ceph, stop_ceph
from omicshelf.testing.servers.jupyter import JupyterServer, jupyter
from omicshelf.testing.servers.postgres import PostgresServer, postgres_binaries

__all__ = [
    "JupyterServer",
    "Replica",
    "Team",
    "count_sent",
    "jupyter",
    "missing",
    "postgres",
    "remote",
    "skipped",
    "team",
]

_CEPH = "ceph-mon ceph-mgr ceph-osd radosgw ceph-common"
_CEPH_STARTS = 3


# -- one user's


@contextlib.contextmanager
def remote(server: JupyterServer, cache: Path) -> Iterator[omicshelf.Catalog]:
    """Open the catalog of a server, with the user's cache in a folder."""
    before = os.environ.get("OMICSHELF_CACHE")
    os.environ["OMICSHELF_CACHE"] = str(cache)
    try:
        with omicshelf.connect(server.url, token=server.token) as connection:
            yield omicshelf.Catalog("bench", connection=connection)
    finally:
        if before is None:
            del os.environ["OMICSHELF_CACHE"]
        else:
            os.environ["OMICSHELF_CACHE"] = before


@dataclass
class Sent:
    """Bytes that this process gave to its HTTP connections."""

    n_bytes: int = 0


@contextlib.contextmanager
def count_sent() -> Iterator[Sent]:
    """Count what is sent, headers and all, by everything that uses the standard library's HTTP."""
    from http.client import HTTPConnection

    sent, send = Sent(), HTTPConnection.send

    def counted(connection: HTTPConnection, data: Any) -> None:
        if not isinstance(data, bytes | bytearray | memoryview):
            raise TypeError(f"A body of type {type(data).__name__} cannot be counted.")
        sent.n_bytes += memoryview(data).nbytes
        send(connection, data)

    of_class: Any = HTTPConnection
    of_class.send = counted
    try:
        yield sent
    finally:
        of_class.send = send


# -- a team's


def missing(*, ceph: bool) -> str | None:
    """Say what has to be installed for the rows about teams; None where all is there."""
    wanted = [] if postgres_binaries() is not None else ["postgresql"]
    if ceph and not ceph_programs():
        wanted.append(_CEPH)
    return f"apt-get install --no-install-recommends {' '.join(wanted)}" if wanted else None


def skipped(row: str, why: str) -> Figure:
    """Give the line of a row that cannot be run here."""
    return Figure(f"{row}: skipped, it needs servers that are not installed ({why})", 0, "", 0, "")


@contextlib.contextmanager
def postgres() -> Iterator[PostgresServer]:
    """Run a PostgreSQL server."""
    binaries = postgres_binaries()
    assert binaries is not None, "ask missing() first"
    server = PostgresServer(binaries)
    try:
        yield server
    finally:
        server.close()


@contextlib.contextmanager
def _ceph(folder: Path) -> Iterator[S3Server]:
    """Run a Ceph, whose daemons do not always find one another while the machine is busy."""
    for attempt in range(1, _CEPH_STARTS + 1):
        # Short: daemons listen on sockets in it, whose paths may have 107 characters.
        place = folder / f"ceph{attempt}"
        try:
            server = start_ceph(place, os.getpid())
        except RuntimeError:
            if attempt == _CEPH_STARTS:
                raise
            continue
        try:
            yield server
        finally:
            stop_ceph(place)
        return


class Replica(JupyterServer):
    """A process of ``omicshelf serve``."""

    def _command(self) -> list[str]:
        return [sys.executable, "-m", "omicshelf", "serve", "--ServerApp.allow_root=True"]


@dataclass(frozen=True)
class Team:
    """Replicas on one database and one bucket, which take the same token."""

    replicas: Sequence[Replica]
    token: str


@contextlib.contextmanager
def team(folder: Path, n_replicas: int) -> Iterator[Team]:
    """Run the servers of a team: PostgreSQL, Ceph, and replicas of ours."""
    with ExitStack() as running:
        records = running.enter_context(postgres())
        bucket = running.enter_context(_ceph(folder))
        bucket.make_bucket("team")
        replicas: list[Replica] = []
        database = records.url(records.new_database())
        for number in range(n_replicas):
            options = {
                "OmicshelfServer.url": str(folder / f"own-{number}"),
                "OmicshelfServer.database_url": database,
                "OmicshelfServer.storage_url": bucket.storage_url("team"),
                "OmicshelfServer.user": "ada",
                # All clients are one user here.
                "OmicshelfServer.rate_limit": 0.0,
            }
            replica = Replica(folder / f"replica-{number}", options)
            if replicas:
                replica.token = replicas[0].token
            running.callback(replica.stop)
            replicas.append(replica)
            replica.start()
        yield Team(replicas, replicas[0].token)
