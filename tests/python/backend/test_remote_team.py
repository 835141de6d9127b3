"""The contract over a live server of a team: its records in PostgreSQL, its bytes in Ceph."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import test_remote
import test_team

from omicshelf.backend.remote.backend import RemoteBackend
from omicshelf.testing.folder import flip_byte
from omicshelf.testing.servers.buckets import raw_keys, raw_read, raw_write
from omicshelf.testing.servers.postgres import rows_of
from omicshelf.testing.servers.team import TeamServer, replicas

pytest_plugins = (
    "omicshelf.testing.servers.ceph",
    "omicshelf.testing.servers.fixtures",
)

_own_cache = test_remote._own_cache


class Remote(RemoteBackend):
    """A remote backend that knows, for the hooks of the contract, what its server stands on."""

    def __init__(self, server: TeamServer, team: test_team.Team) -> None:
        super().__init__(server.url, token=server.token)
        self.server = server
        self.team = team
        self.root = server.local


class TestOverTheServerOfATeam(test_remote.TestRemoteBackend):
    @pytest.fixture
    def backend(  # type: ignore[override]
        self, tmp_path: Path, postgres_url: str, ceph_bucket: str
    ) -> Iterator[Remote]:
        team = test_team.Team(tmp_path / "killed", postgres_url, ceph_bucket)
        with (
            replicas(tmp_path / "team", postgres_url, ceph_bucket) as (server,),
            closing(Remote(server, team)) as backend,
        ):
            yield backend

    @contextmanager
    def another(self, backend: Remote) -> Iterator[Remote]:  # type: ignore[override]
        with closing(Remote(backend.server, backend.team)) as other:
            yield other

    def snapshot(self, backend: Remote) -> dict[str, Any]:  # type: ignore[override]
        return {**rows_of(backend.team.database_url), **backend.team.objects()}

    def damage(self, backend: Remote, blob: str) -> None:  # type: ignore[override]
        for key in raw_keys(backend.team.storage_url, f"objects/{blob[:2]}/{blob}"):
            if not key.endswith(".manifest"):
                data = bytearray(raw_read(backend.team.storage_url, key) or b"")
                data[len(data) // 2] ^= 1
                raw_write(backend.team.storage_url, key, bytes(data))
        for cache in (backend.root / "cache", backend.cache.folder):
            for path in cache.rglob(f"{blob}.*"):
                flip_byte(path, 0)

    def kill_while_writing(self, backend: Remote) -> None:  # type: ignore[override]
        team = backend.team
        with psycopg.connect(team.database_url.replace("+psycopg", "")) as connection:
            alive = [key for (key,) in connection.execute("SELECT id FROM session")]
            command = [
                sys.executable, "-c", test_team.KILLED, str(team.folder),
                str(team.folder.parent / "killed.txt"), team.database_url, team.storage_url,
            ]  # fmt: skip
            assert subprocess.run(command, check=False).returncode == 9
            # As if a while had passed, in which only the server's own session has beaten.
            connection.execute(
                "UPDATE session SET heartbeat_at = 0 WHERE NOT id = ANY(%s)", [alive]
            )
