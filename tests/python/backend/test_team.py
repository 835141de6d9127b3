"""A team's catalog, its records in PostgreSQL and its bytes in Ceph, fulfils the contract."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from omicshelf.backend.embedded.backend import EmbeddedBackend
from omicshelf.backend.store.s3location import S3Location
from omicshelf.errors import NotFound
from omicshelf.testing import BackendContract
from omicshelf.testing.backend_base import ATLAS, BY, Material
from omicshelf.testing.folder import flip_byte, temporary_files
from omicshelf.testing.servers.buckets import client, raw_keys, raw_read, raw_write
from omicshelf.testing.servers.postgres import rows_of

pytest_plugins = (
    "omicshelf.testing.servers.ceph",
    "omicshelf.testing.servers.moto",
    "omicshelf.testing.servers.fixtures",
)

KILLED = """
import os, sys
from pathlib import Path
from omicshelf.backend.base import VersionDraft
from omicshelf.backend.embedded.backend import EmbeddedBackend
from omicshelf.backend.source import FileSource
from omicshelf.records import Origin

backend = EmbeddedBackend(sys.argv[1], database_url=sys.argv[3], storage_url=sys.argv[4])
backend.insert_version = lambda *args, **kwargs: os._exit(9)
path = Path(sys.argv[2])
path.write_bytes(b"never seen" * 1000)
draft = VersionDraft("killed", "create", data_type="T")
backend.put_version("atlas", draft, FileSource(path, "txt"), by=Origin())
"""


@dataclass
class Team:
    """Where the records and the bytes of a catalog are."""

    folder: Path
    database_url: str
    storage_url: str

    def connect(self) -> EmbeddedBackend:
        return EmbeddedBackend(
            self.folder, database_url=self.database_url, storage_url=self.storage_url
        )

    def objects(self) -> dict[str, Any]:
        """List the objects with what the server says of their bytes, around the backend."""
        at = S3Location.parse(self.storage_url)
        pages = client(self.storage_url).get_paginator("list_objects_v2")
        return {
            found["Key"]: (found["Size"], found["ETag"])
            for page in pages.paginate(Bucket=at.bucket, Prefix=f"{at.prefix}/objects/")
            for found in page.get("Contents", ())
        }

    def end_sessions_but(self, session: str) -> None:
        """Let time pass, for the sessions of processes that do not beat any more."""
        with psycopg.connect(self.database_url.replace("+psycopg", "")) as connection:
            connection.execute("UPDATE session SET heartbeat_at = 0 WHERE id <> %s", [session])


@pytest.fixture
def team(tmp_path: Path, postgres_url: str, ceph_bucket: str) -> Team:
    return Team(tmp_path / "local", postgres_url, ceph_bucket)


class TestOnPostgresAndCeph(BackendContract):
    @pytest.fixture(autouse=True)
    def _of_a_team(self, team: Team) -> None:
        self.team = team

    @pytest.fixture
    def backend(self, team: Team) -> Iterator[EmbeddedBackend]:
        with closing(team.connect()) as backend:
            yield backend

    @contextmanager
    def another(self, backend: EmbeddedBackend) -> Iterator[EmbeddedBackend]:
        with closing(self.team.connect()) as other:
            yield other

    def snapshot(self, backend: EmbeddedBackend) -> dict[str, Any]:
        return {**rows_of(self.team.database_url), **self.team.objects()}

    def left_over(self, backend: EmbeddedBackend) -> list[str]:
        return [str(path) for path in temporary_files(backend.root)]

    def damage(self, backend: EmbeddedBackend, blob: str) -> None:
        for key in raw_keys(self.team.storage_url, f"objects/{blob[:2]}/{blob}"):
            if not key.endswith(".manifest"):
                data = bytearray(raw_read(self.team.storage_url, key) or b"")
                data[len(data) // 2] ^= 1
                raw_write(self.team.storage_url, key, bytes(data))
        for path in (backend.root / "cache").rglob(f"{blob}.*"):
            flip_byte(path, 0)

    def test_what_is_in_use_is_not_removed(
        self, backend: EmbeddedBackend, material: Material
    ) -> None:
        """On an object there is no lease: a purge means it, also for those who read.

        A file that was handed out lies in the reader's own cache, and stays; who reads from
        the bucket is told, and is given no other bytes. What is merely collected stays in the
        bucket for its grace.
        """
        data = os.urandom(3 << 20)
        first = self.put(backend, "d1", material.text(data)).version
        self.put(backend, "d1", material.text("new"), mode="update")
        with self.another(backend) as reader:
            path = reader.hold_file(first.blob, ".txt")
            with reader.open_blob(first.blob) as stream:
                backend.purge_versions(ATLAS, "d1", keep_last=1, by=BY)
                assert backend.gc(grace=0).in_use == 0
                assert path.read_bytes() == data
                with pytest.raises(NotFound):
                    stream.read()
        assert backend.gc(grace=0).dead_objects == 0

    def kill_while_writing(self, backend: EmbeddedBackend) -> None:
        source = self.team.folder.parent / "killed.txt"
        command = [
            sys.executable, "-c", KILLED, str(backend.root), str(source),
            self.team.database_url, self.team.storage_url,
        ]  # fmt: skip
        assert subprocess.run(command, check=False).returncode == 9
        self.team.end_sessions_but(backend.session.id)
