"""The contract through a Jupyter server whose catalog is another server's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import test_remote

from omicshelf.testing.servers.forked import ForkedServer, proxied

_own_cache = test_remote._own_cache


class Remote(test_remote.Remote):
    """A remote backend that asks one server, and whose catalog is another's."""

    def __init__(self, server: ForkedServer, behind: ForkedServer) -> None:
        super().__init__(server)
        self.behind = behind
        self.root = behind.folder / "catalog"


class TestThroughAProxy(test_remote.TestRemoteBackend):
    @pytest.fixture
    def backend(self, tmp_path: Path) -> Iterator[Remote]:
        with (
            proxied(tmp_path) as (server, behind),
            closing(Remote(server, behind)) as backend,
        ):
            yield backend

    @contextmanager
    def another(self, backend: Remote) -> Iterator[Remote]:  # type: ignore[override]
        with closing(Remote(backend.server, backend.behind)) as other:
            yield other

    def test_the_proxy_keeps_nothing(self, backend: Remote) -> None:
        assert not (backend.server.folder / "catalog").exists()
