"""The contract through a Jupyter server whose catalog is another server's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import test_remote

from omicshelf.testing.backend_base import Material
from omicshelf.testing.servers.forked import ForkedServer, proxied

_own_cache = test_remote._own_cache


class Remote(test_remote.Remote):
    """A remote backend that asks one server, and whose catalog is another's."""

    def __init__(self, server: ForkedServer, catalog: Path) -> None:
        super().__init__(server)
        self.root = catalog


@pytest.fixture(scope="module")
def servers(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[ForkedServer, ForkedServer]]:
    with proxied(tmp_path_factory.mktemp("servers")) as pair:
        yield pair


class TestThroughAProxy(test_remote.TestRemoteBackend):
    @pytest.fixture
    def backend(
        self, servers: tuple[ForkedServer, ForkedServer], tmp_path: Path
    ) -> Iterator[Remote]:
        """One proxy for all tests; the server behind it comes back with another catalog."""
        front, behind = servers
        catalog = tmp_path / "catalog"
        behind.kill()
        behind.options = {**behind.options, "OmicshelfServer.url": str(catalog)}
        behind.start()
        with closing(Remote(front, catalog)) as backend:
            yield backend

    @contextmanager
    def another(self, backend: Remote) -> Iterator[Remote]:  # type: ignore[override]
        with closing(Remote(backend.server, backend.root)) as other:
            yield other

    def test_the_proxy_keeps_nothing(self, backend: Remote, material: Material) -> None:
        self.put(backend, "d1", material.text("x" * 5000))
        assert backend.root.exists()
        assert not (backend.server.folder / "catalog").exists()
