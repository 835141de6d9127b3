"""The contract of bytes: what is given out is what was put in, or an error."""

from __future__ import annotations

import hashlib
import stat
import threading
from pathlib import Path

import numpy as np
import pytest

from omicshelf.backend.base import Backend, FileDraft
from omicshelf.backend.source import FileSource
from omicshelf.errors import IntegrityError, NotFound
from omicshelf.records import VersionRecord
from omicshelf.testing.backend_base import ATLAS, BY, BackendFixtures, Material

__all__ = ["BytesContract"]


def random_bytes(size: int, seed: int = 0) -> bytes:
    """Give bytes that do not compress."""
    return np.random.default_rng(seed).bytes(size)


class BytesContract(BackendFixtures):
    """Reading in every way, from whole files and from chunks that versions share."""

    @pytest.fixture(params=["whole", "shared"])
    def version(
        self, request: pytest.FixtureRequest, backend: Backend, material: Material
    ) -> VersionRecord:
        """A version of 1.5 MB that is one file, or chunks of two packs."""
        data = bytearray(random_bytes(1_500_000))
        first = self.put(backend, "d1", material.text(bytes(data))).version
        if request.param == "whole":
            return first
        data[700_000:700_004] = b"gene"
        return self.put(backend, "d1", material.text(bytes(data)), mode="update").version

    @pytest.fixture
    def expected(self, version: VersionRecord) -> bytes:
        """Its bytes."""
        data = bytearray(random_bytes(1_500_000))
        if version.seq == 2:
            data[700_000:700_004] = b"gene"
        return bytes(data)

    def test_as_a_local_file(
        self, backend: Backend, version: VersionRecord, expected: bytes
    ) -> None:
        with backend.local_file(version.blob, ".txt") as path:
            assert path.suffix == ".txt"
            assert path.read_bytes() == expected
            assert not path.stat().st_mode & stat.S_IWOTH
        held = backend.hold_file(version.blob, ".txt")
        assert held.read_bytes() == expected
        assert backend.hold_file(version.blob, ".txt") == held

    def test_with_another_ending(
        self, backend: Backend, version: VersionRecord, expected: bytes
    ) -> None:
        with backend.local_file(version.blob, ".bed") as path:
            assert path.suffix == ".bed"
            assert path.read_bytes() == expected

    def test_as_a_file_object(
        self, backend: Backend, version: VersionRecord, expected: bytes
    ) -> None:
        with backend.open_blob(version.blob) as stream:
            assert stream.read(10) == expected[:10]
            assert stream.seek(-5, 2) == len(expected) - 5
            assert stream.read() == expected[-5:]
            assert stream.read() == b""
            stream.seek(699_990)
            assert stream.read(100) == expected[699_990:700_090]
            assert stream.tell() == 700_090

    def test_as_a_download(
        self, backend: Backend, version: VersionRecord, expected: bytes, tmp_path: Path
    ) -> None:
        seen: list[int] = []
        dest = tmp_path / "out.txt"
        dest.write_text("old")
        backend.download(version.blob, dest, seen.append)
        assert dest.read_bytes() == expected
        assert sum(seen) == len(expected)
        assert list(tmp_path.glob(".*")) == []

    def test_sha256(self, backend: Backend, version: VersionRecord, expected: bytes) -> None:
        for _again in range(2):
            assert backend.sha256(version.blob) == hashlib.sha256(expected).hexdigest()

    def test_many_readers_at_once(
        self, backend: Backend, version: VersionRecord, expected: bytes
    ) -> None:
        problems: list[object] = []

        def read() -> None:
            try:
                with backend.local_file(version.blob, ".bin") as path:
                    assert path.read_bytes() == expected
                with backend.open_blob(version.blob) as stream:
                    assert stream.read() == expected
            except BaseException as error:
                problems.append(error)

        threads = [threading.Thread(target=read) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert problems == []

    def test_damage_is_never_given_out(
        self, backend: Backend, version: VersionRecord, expected: bytes, tmp_path: Path
    ) -> None:
        self.damage(backend, version.blob)
        for call in (
            lambda: backend.hold_file(version.blob, ".txt"),
            lambda: self.read(backend, version),
            lambda: backend.download(version.blob, tmp_path / "out"),
            lambda: backend.sha256(version.blob),
        ):
            with pytest.raises(IntegrityError) as caught:
                call()
            assert version.blob in str(caught.value)
            assert "verify" in str(caught.value)
        assert not (tmp_path / "out").exists()
        report = backend.verify()
        assert not report.ok
        assert any(f"{ATLAS}/d1 v{version.seq}" in problem for problem in report.problems)

    def test_verify_names_all_and_nothing_else(self, backend: Backend, material: Material) -> None:
        bad = self.put(backend, "bad", material.text(random_bytes(10_000, 1))).version
        self.put(backend, "twin", material.text(random_bytes(10_000, 1)))
        self.put(backend, "good", material.text(random_bytes(10_000, 2)))
        self.attach(backend, "good", material.attachment(random_bytes(10_000, 1)), "file.pdf")
        report = backend.verify()
        assert (report.ok, report.checked_versions, report.checked_files) == (True, 3, 1)
        assert report.checked_bytes >= 20_000
        self.damage(backend, bad.blob)
        (problem,) = [p for p in backend.verify().problems if "bad" in p]
        assert f"{ATLAS}/bad v1" in problem
        assert f"{ATLAS}/twin v1" in problem
        assert "good v1" not in problem
        assert backend.verify(ATLAS, "good").checked_versions == 1
        with self.refused(backend, NotFound, "nix"):
            backend.verify(ATLAS, "nix")

    def test_an_unknown_blob(self, backend: Backend, material: Material, tmp_path: Path) -> None:
        self.put(backend, "d1", material.text("x"))
        for call in (
            lambda: backend.summary("no-such-blob"),
            lambda: backend.names("no-such-blob"),
            lambda: backend.sha256("no-such-blob"),
            lambda: backend.open_blob("no-such-blob"),
            lambda: backend.hold_file("no-such-blob", ".txt"),
            lambda: backend.download("no-such-blob", tmp_path / "x"),
        ):
            with self.refused(backend, NotFound, "no-such-blob"):
                call()

    # -- what is in the data

    def test_summary_and_names(self, backend: Backend, material: Material) -> None:
        adata = material.anndata(n_obs=7, n_vars=5)
        version = self.put(backend, "d1", material.in_memory(adata)).version
        summary = backend.summary(version.blob)
        assert (summary.kind, summary.n_obs, summary.n_vars) == ("anndata", 7, 5)
        assert {"X", "obs/leiden", "obsm/X_pca", "obs_names"} <= set(summary.elements)
        assert version.shape == (7, 5)
        names = backend.names(version.blob)
        assert names is not None
        assert (len(names.obs), len(names.var)) == (7 * 8, 5 * 8)
        with self.another(backend) as other:
            assert other.summary(version.blob) == summary
            assert other.names(version.blob) == names

    def test_a_summary_of_what_is_no_data(self, backend: Backend, material: Material) -> None:
        version = self.put(backend, "d1", material.text("x")).version
        assert (backend.summary(version.blob).kind, version.shape) == ("file", None)
        assert backend.names(version.blob) is None

    def test_an_object_comes_back_equal(self, backend: Backend, material: Material) -> None:
        import anndata

        adata = material.anndata(3)
        version = self.put(backend, "d1", material.in_memory(adata)).version
        assert list(adata.obs.columns) == ["leiden"]
        with backend.local_file(version.blob, ".h5ad") as path:
            found = anndata.read_h5ad(path)
        np.testing.assert_array_equal(found.X, adata.X)
        assert found.obs.equals(adata.obs)
        self.put(backend, "d1", mode="update", metadata={"a": 1})
        self.attach(backend, "d1", material.attachment())
        backend.set_study(ATLAS, "d1", "S", by=BY)
        with backend.local_file(version.blob, ".h5ad") as path:
            assert anndata.read_h5ad(path).shape == adata.shape

    def test_the_same_bytes_as_a_file_and_as_data(
        self, backend: Backend, material: Material
    ) -> None:
        adata = material.anndata(n_obs=9, n_vars=4)
        source = material.h5ad(adata)
        self.put(backend, "d1", material.text("x"))
        attached = backend.put_file(
            ATLAS, FileDraft("d1", "x.h5ad", "h5ad"),
            FileSource(source.path, "h5ad", inspect=False), by=BY,
        )  # fmt: skip
        version = self.put(backend, "d2", source).version
        assert (version.shape, version.added_bytes) == ((9, 4), 0)
        assert version.digest is not None
        assert backend.names(version.blob) is not None
        assert backend.summary(version.blob).kind == "anndata"
        assert self.read(backend, version) == self.read(backend, attached)
        backend.delete_file(ATLAS, "d1", "x.h5ad", purge=True, by=BY)
        backend.gc(grace=0)
        assert self.read(backend, version) == source.path.read_bytes()
        assert backend.verify().ok
