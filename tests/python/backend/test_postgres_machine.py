"""A catalog in PostgreSQL does what a dictionary would do."""

from __future__ import annotations

from hypothesis.stateful import run_state_machine_as_test
from test_state_machine import CatalogMachine, profile

from omicshelf.backend.embedded.backend import EmbeddedBackend
from omicshelf.testing.servers.postgres import CatalogDatabases

pytest_plugins = ("omicshelf.testing.servers.fixtures",)


def test_a_catalog_in_postgres_is_like_a_dictionary(postgres_databases: CatalogDatabases) -> None:
    class Machine(CatalogMachine):
        def __init__(self) -> None:
            self.database = postgres_databases.take()
            super().__init__()

        def connect(self) -> EmbeddedBackend:
            url = postgres_databases.server.url(self.database)
            return EmbeddedBackend(self.folder / "catalog", database_url=url)

        def teardown(self) -> None:
            try:
                super().teardown()
            finally:
                postgres_databases.give_back(self.database)

    run_state_machine_as_test(Machine, settings=profile())
