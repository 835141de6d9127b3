"""Fixtures of real servers: ``pytest_plugins = ("omicshelf.testing.servers.fixtures",)``.

Each process of pytest-xdist starts servers of its own, when a test first asks for one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NoReturn

import pytest

from omicshelf.testing.servers.postgres import (
    CatalogDatabases,
    PostgresServer,
    postgres_binaries,
)

__all__ = ["postgres_databases", "postgres_server", "postgres_url"]


def missing(told: str) -> NoReturn:
    """Skip a test whose server is not installed; fail it where nothing may be left out."""
    if os.environ.get("CONFORMANCE_REQUIRED") == "1":
        pytest.fail(told, pytrace=False)
    pytest.skip(told)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A server for all tests of this process."""
    binaries = postgres_binaries()
    if binaries is None:
        missing("no PostgreSQL server is installed (Debian: apt-get install postgresql)")
    server = PostgresServer(binaries)
    try:
        yield server
    finally:
        server.close()


@pytest.fixture(scope="session")
def postgres_databases(postgres_server: PostgresServer) -> CatalogDatabases:
    """The catalog databases of the server."""
    return CatalogDatabases(postgres_server)


@pytest.fixture
def postgres_url(
    postgres_server: PostgresServer, postgres_databases: CatalogDatabases
) -> Iterator[str]:
    """The URL of an empty catalog database, for one test."""
    name = postgres_databases.take()
    yield postgres_server.url(name)
    postgres_databases.give_back(name)
