"""The catalog of a team, in PostgreSQL and Ceph, does what a dictionary would do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

import pytest
from hypothesis.stateful import run_state_machine_as_test
from test_remote_machine import ServedMachine
from test_state_machine import CatalogMachine, profile

from omicshelf.backend.embedded.backend import EmbeddedBackend
from omicshelf.testing.servers.jupyter import JupyterServer
from omicshelf.testing.servers.postgres import CatalogDatabases
from omicshelf.testing.servers.team import replicas

pytest_plugins = (
    "omicshelf.testing.servers.ceph",
    "omicshelf.testing.servers.fixtures",
)


class Places:
    """An empty database and an empty prefix of the bucket, for each catalog of a machine."""

    def __init__(self, databases: CatalogDatabases, bucket: str) -> None:
        self._databases = databases
        self._bucket = bucket
        self._numbers = count(1)

    @contextmanager
    def take(self) -> Iterator[tuple[str, str]]:
        """Give the URLs of both, for as long as the context lasts."""
        where, _, query = self._bucket.partition("?")
        database = self._databases.take()
        try:
            yield (
                self._databases.server.url(database),
                f"{where}/{next(self._numbers)}?{query}",
            )
        finally:
            self._databases.give_back(database)


@pytest.fixture
def places(
    postgres_databases: CatalogDatabases,
    ceph_bucket: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Places:
    monkeypatch.setenv("OMICSHELF_CACHE", str(tmp_path / "cache"))
    return Places(postgres_databases, ceph_bucket)


def test_two_processes(places: Places) -> None:
    class Machine(CatalogMachine):
        def __init__(self) -> None:
            self.held = ExitStack()
            self.urls = self.held.enter_context(places.take())
            super().__init__()

        def connect(self) -> EmbeddedBackend:
            database_url, storage_url = self.urls
            return EmbeddedBackend(
                self.folder / "local", database_url=database_url, storage_url=storage_url
            )

        def teardown(self) -> None:
            with self.held:
                super().teardown()

    run_state_machine_as_test(Machine, settings=profile(4))


def test_two_replicas_asked_in_turn(places: Places) -> None:
    class Machine(ServedMachine):
        def serve(self) -> Sequence[JupyterServer]:
            urls = self.held.enter_context(places.take())
            return self.held.enter_context(replicas(self.place, *urls, number=2))

    run_state_machine_as_test(Machine, settings=profile(5))
