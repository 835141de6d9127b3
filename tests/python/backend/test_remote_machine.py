"""A catalog on a live server, asked by two clients, does what a dictionary would do."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from test_state_machine import CatalogMachine, profile

from omicshelf.backend.remote.backend import RemoteBackend
from omicshelf.testing.servers.forked import forked

_LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"


class Machine(CatalogMachine):
    """Each catalog has a server of its own."""

    def __init__(self) -> None:
        self.held = ExitStack()
        self.server: Any = None
        super().__init__()

    def connect(self) -> RemoteBackend:  # type: ignore[override]
        if self.server is None:
            self.server = self.held.enter_context(forked(self.folder / "server"))
        return RemoteBackend(self.server.url, token=self.server.token)

    def teardown(self) -> None:
        with self.held:
            super().teardown()


def test_a_catalog_is_like_a_dictionary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMICSHELF_CACHE", str(tmp_path / "cache"))
    # A step takes several requests, and each catalog a server: fewer of them.
    chosen = profile() if _LONG else settings(profile(), max_examples=12)
    run_state_machine_as_test(Machine, settings=chosen)
