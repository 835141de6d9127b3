"""The embedded backend fulfils the contract of all backends."""

from __future__ import annotations

import errno
import gc
import os
import subprocess
import sys
import warnings
import weakref
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from omicshelf.backend.base import Query
from omicshelf.backend.embedded.backend import EmbeddedBackend
from omicshelf.backend.embedded.rebuild import rebuild
from omicshelf.backend.embedded.segment import read_segment
from omicshelf.testing import BackendContract
from omicshelf.testing.backend_base import ATLAS, BY, Material
from omicshelf.testing.backend_datasets import DatasetsContract
from omicshelf.testing.backend_keeping import KeepingContract
from omicshelf.testing.folder import flip_byte, snapshot_folder, temporary_files

KILLED = """
import os, sys
from pathlib import Path
from omicshelf.backend.base import VersionDraft
from omicshelf.backend.embedded.backend import EmbeddedBackend
from omicshelf.backend.source import FileSource
from omicshelf.records import Origin

backend = EmbeddedBackend(sys.argv[1])
backend.insert_version = lambda *args, **kwargs: os._exit(9)
path = Path(sys.argv[2])
path.write_bytes(b"never seen" * 1000)
draft = VersionDraft("killed", "create", data_type="T")
backend.put_version("atlas", draft, FileSource(path, "txt"), by=Origin())
"""


class TestEmbeddedBackend(BackendContract):
    @pytest.fixture
    def backend(self, tmp_path: Path) -> Iterator[EmbeddedBackend]:
        with closing(EmbeddedBackend(tmp_path / "catalog")) as backend:
            yield backend

    @contextmanager
    def another(self, backend: EmbeddedBackend) -> Iterator[EmbeddedBackend]:
        with closing(EmbeddedBackend(backend.root)) as other:
            yield other

    def snapshot(self, backend: EmbeddedBackend) -> dict[str, Any]:
        return snapshot_folder(backend.root)

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
        done = subprocess.run([sys.executable, "-c", KILLED, str(backend.root), str(source)])
        assert done.returncode == 9

    def test_a_whole_file_is_read_where_it_lies(
        self, backend: EmbeddedBackend, material: Material
    ) -> None:
        for source in (material.text("x" * 5000), material.h5ad(material.anndata())):
            version = self.put(backend, f"d{source.data_format}", source).version
            path = backend.hold_file(version.blob, source.suffix)
            assert path.is_relative_to(backend.root / "objects")
        assert not list((backend.root / "cache").rglob("*.*"))

    def test_reading_begins_no_session(self, backend: EmbeddedBackend, material: Material) -> None:
        version = self.put(backend, "d1", material.text("x")).version
        backend.close()
        with self.another(backend) as reader:
            assert self.read(reader, version) == b"x"
            assert reader.find(ATLAS, Query()).total == 1
            assert list((backend.root / "sessions").iterdir()) == []
            with reader.db.reading() as connection:
                assert connection.exec_driver_sql("SELECT * FROM session").all() == []

    def test_a_full_disk_does_not_lose_lines_of_the_log(
        self, backend: EmbeddedBackend, material: Material, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.put(backend, "d1", material.text("x"))
        real, written = os.write, []

        def full(fd: int, data: bytes) -> int:
            if not written:
                written.append(real(fd, bytes(data)[:20]))
                return 20
            raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(os, "write", full)
            backend.set_study(ATLAS, "d1", "S1", by=BY)
            backend.set_study(ATLAS, "d1", "S2", by=BY)
        backend.set_study(ATLAS, "d1", "S3", by=BY)
        backend.close()
        (segment,) = (backend.root / "log").iterdir()
        lines = list(read_segment(segment))
        assert [line and line["details"].get("study_id") for line in lines] == [
            None, None, "S1", "S2", "S3"]  # fmt: skip
        assert lines[1] is None  # what was cut
        report = rebuild(backend.root)
        assert (report.ok, report.last_seq) == (True, 4)


class TestOnANetworkFileSystem(DatasetsContract, KeepingContract):
    """Where locks cannot be trusted: no WAL, and heartbeats tell who lives."""

    backend = TestEmbeddedBackend.backend
    another = TestEmbeddedBackend.another
    snapshot = TestEmbeddedBackend.snapshot
    left_over = TestEmbeddedBackend.left_over
    damage = TestEmbeddedBackend.damage

    @pytest.fixture(autouse=True)
    def _safe_mode(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OMICSHELF_SAFE_MODE", "1")
        warnings.simplefilter("ignore")

    def kill_while_writing(self, backend: EmbeddedBackend) -> None:
        TestEmbeddedBackend.kill_while_writing(self, backend)  # type: ignore[arg-type]
        with backend.db.writing() as connection:
            connection.exec_driver_sql("UPDATE session SET heartbeat_at = 0")
            connection.exec_driver_sql(
                "UPDATE session SET heartbeat_at = ? WHERE id = ?",
                (2**53, backend.session.id),
            )

    def test_it_says_so(self, tmp_path: Path) -> None:
        with pytest.warns(UserWarning, match="network file system"):
            backend = EmbeddedBackend(tmp_path / "new")
        with backend.db.reading() as connection:
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "delete"
        backend.close()


@pytest.mark.parametrize("is_closed", [True, False])
def test_a_catalog_that_nobody_has_any_more_is_let_go(tmp_path: Path, is_closed: bool) -> None:
    """Its memory, and with it its session, whether it was closed or forgotten."""
    backend = EmbeddedBackend(tmp_path / "catalog")
    backend.create_atlas(ATLAS, by=BY)  # a session begins with the first change
    assert list((tmp_path / "catalog" / "sessions").iterdir()) != []
    if is_closed:
        backend.close()
    left = weakref.ref(backend)
    del backend
    gc.collect()
    assert left() is None
    assert list((tmp_path / "catalog" / "sessions").iterdir()) == []
