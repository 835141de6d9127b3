"""A catalog that is asked through servers does what a dictionary would do."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path

import pytest
from hypothesis.stateful import run_state_machine_as_test
from test_state_machine import CatalogMachine, profile

from omicshelf.backend.remote.backend import RemoteBackend
from omicshelf.testing.servers.forked import forked, proxied
from omicshelf.testing.servers.jupyter import JupyterServer


class ServedMachine(CatalogMachine):
    """Each catalog has servers of its own, which are asked in turn."""

    def __init__(self) -> None:
        self.held = ExitStack()
        # Not in the folder of the machine, which is removed while the servers still run.
        place = tempfile.TemporaryDirectory(prefix="omicshelf-served-")
        self.place = Path(self.held.enter_context(place))
        try:
            self.servers: Iterator[JupyterServer] = cycle(self.serve())
            super().__init__()
        except BaseException:
            self.held.close()
            raise

    def serve(self) -> Sequence[JupyterServer]:
        """Start the servers; they end when ``held`` is closed."""
        return [self.held.enter_context(forked(self.place))]

    def connect(self) -> RemoteBackend:  # type: ignore[override]
        server = next(self.servers)
        return RemoteBackend(server.url, token=server.token)

    def teardown(self) -> None:
        with self.held:
            super().teardown()


class ProxiedMachine(ServedMachine):
    """What is asked is passed on by the server of a user to that of a team."""

    def serve(self) -> Sequence[JupyterServer]:
        front, _behind = self.held.enter_context(proxied(self.place))
        return [front]


@pytest.mark.parametrize(
    ("machine", "share"), [(ServedMachine, 3), (ProxiedMachine, 5)], ids=["served", "proxied"]
)
def test_a_catalog_is_like_a_dictionary(
    machine: type[ServedMachine], share: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMICSHELF_CACHE", str(tmp_path / "cache"))
    run_state_machine_as_test(machine, settings=profile(share))
