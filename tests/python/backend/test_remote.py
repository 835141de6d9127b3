"""The remote backend fulfils the contract of all backends, over a live server."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from test_embedded import KILLED

from omicshelf.backend.remote.backend import RemoteBackend
from omicshelf.errors import IntegrityError, NotFound
from omicshelf.testing import BackendContract
from omicshelf.testing.backend_base import ATLAS, BY, Material
from omicshelf.testing.backend_bytes import random_bytes
from omicshelf.testing.folder import flip_byte, snapshot_folder, temporary_files
from omicshelf.testing.servers.forked import ForkedServer, forked


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMICSHELF_CACHE", str(tmp_path / "cache"))


class Remote(RemoteBackend):
    """A remote backend that knows, for the hooks of the contract, where its server's catalog is."""

    def __init__(self, server: ForkedServer) -> None:
        super().__init__(server.url, token=server.token)
        self.server = server
        self.root = server.folder / "catalog"


class TestRemoteBackend(BackendContract):
    @pytest.fixture
    def backend(self, tmp_path: Path) -> Iterator[Remote]:
        with forked(tmp_path / "server") as server, closing(Remote(server)) as backend:
            yield backend

    @contextmanager
    def another(self, backend: Remote) -> Iterator[Remote]:
        with closing(Remote(backend.server)) as other:
            yield other

    def snapshot(self, backend: Remote) -> dict[str, Any]:
        return snapshot_folder(backend.root)

    def left_over(self, backend: Remote) -> list[str]:
        found = [str(path) for path in temporary_files(backend.root)]
        return found + [
            str(p) for p in (backend.cache.folder / "staging").rglob("*") if p.is_file()
        ]

    def damage(self, backend: Remote, blob: str) -> None:
        for path in (backend.root / "objects").rglob(f"{blob}.*"):
            if path.suffix != ".manifest":
                flip_byte(path, path.stat().st_size // 2)
        for cache in (backend.root / "cache", backend.cache.folder):
            for path in cache.rglob(f"{blob}.*"):
                flip_byte(path, 0)

    def kill_while_writing(self, backend: Remote) -> None:
        source = backend.root.parent / "killed.txt"
        done = subprocess.run([sys.executable, "-c", KILLED, str(backend.root), str(source)])
        assert done.returncode == 9

    def test_what_is_in_use_is_not_removed(self, backend: Remote, material: Material) -> None:
        """A server does not wait for its readers; what a client has loaded is its own."""
        first = self.put(backend, "d1", material.text(random_bytes(30_000))).version
        self.put(backend, "d1", material.text("new"), mode="update")
        with self.another(backend) as reader:
            path = reader.hold_file(first.blob, ".txt")
            with reader.open_blob(first.blob) as stream:
                backend.purge_versions(ATLAS, "d1", keep_last=1, by=BY)
                backend.gc(grace=0)
                assert path.read_bytes() == random_bytes(30_000)
                with pytest.raises(IntegrityError, match=first.blob):
                    stream.read()
            with pytest.raises(NotFound, match=first.blob):
                reader.open_blob(first.blob)
            with pytest.raises(NotFound, match=first.blob):
                reader.hold_file(first.blob, ".other")
