"""The embedded backend with its records in PostgreSQL fulfils the contract of all backends."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from blake3 import blake3

from omicshelf.backend.embedded import schema as t
from omicshelf.backend.embedded.backend import EmbeddedBackend
from omicshelf.testing import BackendContract
from omicshelf.testing.backend_base import Material
from omicshelf.testing.folder import flip_byte, objects_in, temporary_files
from omicshelf.testing.servers.postgres import rows_of

pytest_plugins = ("omicshelf.testing.servers.fixtures",)

KILLED = """
import os, sys
from pathlib import Path
from omicshelf.backend.base import VersionDraft
from omicshelf.backend.embedded import schema as t
from omicshelf.backend.embedded.backend import EmbeddedBackend
from omicshelf.backend.source import FileSource
from omicshelf.records import Origin

backend = EmbeddedBackend(sys.argv[1], database_url=sys.argv[3])
backend.insert_version = lambda *args, **kwargs: os._exit(9)
path = Path(sys.argv[2])
path.write_bytes(b"never seen" * 1000)
draft = VersionDraft("killed", "create", data_type="T")
backend.put_version("atlas", draft, FileSource(path, "txt"), by=Origin())
"""


def url_of(backend: EmbeddedBackend) -> str:
    return backend.db.url.render_as_string(hide_password=False)


class TestOnPostgres(BackendContract):
    @pytest.fixture
    def backend(self, tmp_path: Path, postgres_url: str) -> Iterator[EmbeddedBackend]:
        with closing(EmbeddedBackend(tmp_path / "catalog", database_url=postgres_url)) as backend:
            yield backend

    @contextmanager
    def another(self, backend: EmbeddedBackend) -> Iterator[EmbeddedBackend]:
        with closing(EmbeddedBackend(backend.root, database_url=url_of(backend))) as other:
            yield other

    def snapshot(self, backend: EmbeddedBackend) -> dict[str, Any]:
        found = rows_of(url_of(backend))
        for path in objects_in(backend.root):
            found[path.name] = blake3(path.read_bytes()).hexdigest()
        return found

    def left_over(self, backend: EmbeddedBackend) -> list[str]:
        return [str(path) for path in temporary_files(backend.root)]

    def damage(self, backend: EmbeddedBackend, blob: str) -> None:
        for path in (backend.root / "objects").rglob(f"{blob}.*"):
            if path.suffix != ".manifest":
                flip_byte(path, path.stat().st_size // 2)
        for path in (backend.root / "cache").rglob(f"{blob}.*"):
            flip_byte(path, 0)

    def kill_while_writing(self, backend: EmbeddedBackend) -> None:
        source = backend.root.parent / "killed.txt"
        command = [sys.executable, "-c", KILLED, str(backend.root), str(source), url_of(backend)]
        assert subprocess.run(command, check=False).returncode == 9
        # Processes on other machines live by their heartbeats: as if a while had passed.
        with backend.db.writing() as connection:
            ended = t.session.update().where(t.session.c.id != backend.session.id)
            connection.execute(ended.values(heartbeat_at=0))

    def test_sums_are_whole_numbers(self, backend: EmbeddedBackend, material: Material) -> None:
        """A sum is of another type there than what is summed."""
        self.put(backend, "d1", material.text("x" * 5000))
        report = backend.gc(grace=0, dry_run=True)
        (atlas,) = backend.list_atlases()
        numbers = [v for v in (*report.__dict__.values(), *dict(atlas).values()) if v is not None]
        assert Decimal not in map(type, numbers)
        with backend.db.reading() as connection:
            total = connection.execute(sa.select(sa.func.sum(t.version.c.added_bytes))).scalar_one()
        assert type(total) is int
        assert total > 0
