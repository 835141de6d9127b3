"""Names in an object of their own: shared when equal, never in the way of the data."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import anndata
import numpy as np
import pytest

from omicshelf.backend.base import CopyDraft
from omicshelf.backend.embedded import archive
from omicshelf.backend.embedded.backend import EmbeddedBackend
from omicshelf.backend.embedded.rebuild import rebuild
from omicshelf.errors import IntegrityError, NotFound
from omicshelf.records import DatasetRecord, VersionRecord
from omicshelf.testing.backend_base import ATLAS, BY, BackendFixtures, Material
from omicshelf.testing.folder import flip_byte, objects_in

N_OBS = 3000  # 24 kB of names; up to 16 KiB lie in the manifest

put = BackendFixtures.put


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[EmbeddedBackend]:
    with closing(EmbeddedBackend(tmp_path / "catalog")) as backend:
        yield backend


@pytest.fixture
def material(tmp_path: Path) -> Material:
    return Material(tmp_path / "material")


def columns(number: int, n_obs: int = N_OBS) -> anndata.AnnData:
    """Give the same cells and genes with ``number`` columns."""
    made = Material.anndata(0, n_obs, 8)
    for n in range(number):
        made.obs[f"c{n}"] = np.random.default_rng(n).normal(size=n_obs)
    return made


def save(
    backend: EmbeddedBackend, material: Material, number: int, dataset_id: str = "d1"
) -> VersionRecord:
    source = material.h5ad(columns(number))
    return put(backend, dataset_id, source, mode="save", data_type="T").version


@pytest.fixture
def four(backend: EmbeddedBackend, material: Material) -> list[VersionRecord]:
    """Four versions that differ by one column each."""
    return [save(backend, material, number) for number in range(4)]


def sidecars(backend: EmbeddedBackend) -> list[Path]:
    return objects_in(backend.root, ".names")


def kinds(backend: EmbeddedBackend) -> dict[str, int]:
    with backend.db.reading() as connection:
        rows = connection.exec_driver_sql("SELECT kind, count(*) FROM object GROUP BY kind")
        return dict(rows.all())


def read(backend: EmbeddedBackend, version: VersionRecord) -> bytes:
    with backend.open_blob(version.blob) as stream:
        return stream.read()


# -- sharing


def test_versions_with_the_same_names_share_one_object(backend, four) -> None:
    (path,) = sidecars(backend)
    assert path.stat().st_size == 24 + 8 * (N_OBS + 8)
    assert len({version.blob for version in four}) == 4
    assert kinds(backend) == {"manifest": 4, "names": 1, "pack": 4}
    found = [backend.names(version.blob) for version in four]
    assert found[0] is not None
    assert (len(found[0].obs), len(found[0].var)) == (8 * N_OBS, 8 * 8)
    assert found == [found[0]] * 4
    manifest_sizes = [p.stat().st_size for p in objects_in(backend.root, ".manifest")]
    assert max(manifest_sizes) < 8 * N_OBS / 2
    assert backend.verify().ok
    # A version counts what its data add.
    sizes = {p.name.split(".")[0]: p.stat().st_size for p in objects_in(backend.root, ".delta")}
    assert [v.added_bytes for v in four[1:]] == [sizes[v.blob] for v in four[1:]]


def test_other_names_are_another_object_and_the_old_ones_are_found_again(
    backend, material, four
) -> None:
    fewer = columns(3)[: N_OBS - 1].copy()
    version = put(backend, "d1", material.h5ad(fewer), mode="update").version
    names = backend.names(version.blob)
    assert names is not None
    assert len(names.obs) == 8 * (N_OBS - 1)
    assert len(sidecars(backend)) == 2
    again = save(backend, material, 4)
    assert len(sidecars(backend)) == 2
    assert backend.names(again.blob) == backend.names(four[0].blob)


def test_few_names_lie_in_the_manifest(backend, material) -> None:
    version = put(backend, "d1", material.h5ad(columns(0, 2040))).version
    assert sidecars(backend) == []
    names = backend.names(version.blob)
    assert names is not None
    assert len(names.obs) == 8 * 2040
    grown = put(backend, "d1", material.h5ad(columns(0, 2041)), mode="update").version
    assert len(sidecars(backend)) == 1
    assert len(backend.names(grown.blob).obs) == 8 * 2041
    assert backend.verify().ok


def test_many_names_in_a_manifest_stay_readable(backend, material, monkeypatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("omicshelf.backend.embedded.blobs.INLINE", 1 << 30)
        old = save(backend, material, 0)
    assert sidecars(backend) == []
    new = save(backend, material, 1)
    assert len(sidecars(backend)) == 1
    with closing(EmbeddedBackend(backend.root)) as other:
        assert other.names(old.blob) == other.names(new.blob) is not None
        assert other.verify().ok


def test_the_same_bytes_in_another_dataset_and_a_copy_need_nothing(backend, material, four) -> None:
    other = save(backend, material, 3, "d2")
    assert other.blob == four[3].blob
    draft = CopyDraft(ATLAS, "d1", "other", "d1", with_history=True)
    copied: DatasetRecord = backend.copy_dataset(draft, by=BY)
    assert backend.names(copied.version.blob) == backend.names(four[3].blob) is not None
    assert len(sidecars(backend)) == 1
    assert backend.verify().ok


# -- damage


@pytest.mark.parametrize("place", [0, 9, 5000, -1])
def test_damaged_names_are_named_and_the_data_are_not_touched(
    backend, material, four, place
) -> None:
    (path,) = sidecars(backend)
    flip_byte(path, place % path.stat().st_size)
    key = f"objects/{path.parent.name}/{path.name}"
    data = [read(backend, version) for version in four]
    for version in four:
        with pytest.raises(IntegrityError, match=f"(?s){path.name}.*the data can be loaded"):
            backend.names(version.blob)
        with backend.local_file(version.blob, ".h5ad") as file:
            assert anndata.read_h5ad(file).n_obs == N_OBS
    report = backend.verify()
    assert len(report.problems) == 1
    assert key in report.problems[0]
    for version in four:
        assert f"{ATLAS}/d1 v{version.seq}" in report.problems[0]
    # A new version does not depend on the damage.
    assert_a_new_version_has_its_own(backend, material)
    assert [read(backend, version) for version in four] == data


def test_missing_names_are_named_too(backend, material, four) -> None:
    (path,) = sidecars(backend)
    path.unlink()
    assert read(backend, four[3])
    with pytest.raises(IntegrityError, match=r"(?s)missing.*the data can be loaded"):
        backend.names(four[0].blob)
    (problem,) = backend.verify().problems
    assert path.name in problem
    assert_a_new_version_has_its_own(backend, material)


def assert_a_new_version_has_its_own(backend: EmbeddedBackend, material: Material) -> None:
    there = set(sidecars(backend))
    fifth = save(backend, material, 4)
    (new,) = set(sidecars(backend)) - there
    assert new.name == f"{fifth.blob}.names"
    assert len(backend.names(fifth.blob).obs) == 8 * N_OBS
    assert fifth.added_bytes < fifth.size / 2  # the data are shared as before
    sixth = save(backend, material, 5)
    assert backend.names(sixth.blob) == backend.names(fifth.blob)
    assert set(sidecars(backend)) == there | {new}
    (problem,) = backend.verify().problems
    assert "v5" not in problem


def test_the_same_bytes_get_new_names_when_theirs_are_damaged(backend, material, four) -> None:
    (path,) = sidecars(backend)
    flip_byte(path, 100)
    other = save(backend, material, 3, "d2")
    assert other.blob != four[3].blob
    assert other.added_bytes == 0
    assert len(backend.names(other.blob).obs) == 8 * N_OBS
    assert len(backend.verify(ATLAS, "d2").problems) == 0


def test_names_collected_meanwhile_are_written_again(backend, material, monkeypatch) -> None:
    first = save(backend, material, 0)
    (path,) = sidecars(backend)
    written = backend.write_durably
    tries = []

    def collected(*args):
        if not tries:
            with backend.db.writing() as connection:
                connection.exec_driver_sql("UPDATE object SET state = 'dead' WHERE kind = 'names'")
        tries.append(args[0].sidecar is None)
        return written(*args)

    monkeypatch.setattr(backend, "write_durably", collected)
    second = save(backend, material, 1)
    assert tries == [True, False]
    assert {p.name for p in sidecars(backend)} == {path.name, f"{second.blob}.names"}
    assert backend.names(second.blob) == backend.names(first.blob)
    assert kinds(backend) == {"manifest": 2, "names": 2, "pack": 2}  # the first try left nothing


# -- removing, moving


def test_a_purge_keeps_names_that_others_share(backend, four) -> None:
    names = backend.names(four[0].blob)
    backend.purge_versions(ATLAS, "d1", keep_last=1, by=BY)
    backend.gc(grace=0)
    backend.gc(grace=0)  # after the first has written packs anew
    (path,) = sidecars(backend)
    assert path.name.startswith(four[0].blob)
    with closing(EmbeddedBackend(backend.root)) as other:
        assert other.names(four[3].blob) == names is not None
        assert other.verify().ok
        with pytest.raises(NotFound):
            other.names(four[0].blob)


def test_names_go_with_the_last_version_that_has_them(backend, four) -> None:
    assert backend.names(four[0].blob) is not None
    backend.delete_dataset(ATLAS, "d1", by=BY)
    backend.gc(grace=0)
    assert len(sidecars(backend)) == 1
    backend.purge_dataset(ATLAS, "d1", by=BY)
    backend.gc(grace=0)
    assert objects_in(backend.root) == []
    assert kinds(backend) == {}
    with pytest.raises(NotFound):
        backend.names(four[0].blob)


def test_names_of_a_purged_version_are_not_called_damaged(backend, four) -> None:
    with closing(EmbeddedBackend(backend.root)) as other:
        assert other.names(four[0].blob) is not None  # it keeps the manifest
        backend.delete_dataset(ATLAS, "d1", by=BY)
        backend.purge_dataset(ATLAS, "d1", by=BY)
        with pytest.raises(NotFound):
            other.names(four[0].blob)


def test_a_rebuilt_catalog_has_the_same_names(backend, material, four) -> None:
    backend.purge_versions(ATLAS, "d1", keep_last=2, by=BY)
    names = backend.names(four[3].blob)
    before = kinds(backend)
    backend.close()
    report = rebuild(backend.root)
    assert report.ok, (report.missing, report.damaged)
    with closing(EmbeddedBackend(backend.root)) as other:
        assert other.names(four[2].blob) == other.names(four[3].blob) == names is not None
        assert kinds(other) == before
        other.gc(grace=0)  # it may write packs anew, and keeps the names
        assert other.verify().ok
        save(other, material, 4)
        assert len(sidecars(other)) == 1


@pytest.mark.parametrize("how", ["missing", "cut", "flipped"])
def test_a_rebuild_does_without_names(backend, material, four, how) -> None:
    data = read(backend, four[1])
    backend.close()
    (path,) = sidecars(backend)
    if how == "missing":
        path.unlink()
    elif how == "cut":
        content = path.read_bytes()[:-8]
        path.unlink()
        path.write_bytes(content)
    else:
        flip_byte(path, 200)
    report = rebuild(backend.root)
    assert (report.n_versions, report.missing) == (4, [])
    # What is only in the bytes is left to `verify`, as it is for packs.
    assert [path.name in told for told in report.damaged] == ([] if how == "flipped" else [True])
    with closing(EmbeddedBackend(backend.root)) as other:
        assert read(other, four[1]) == data
        (problem,) = other.verify().problems
        assert path.name in problem
        assert len(other.names(save(other, material, 4).blob).obs) == 8 * N_OBS
        other.purge_versions(ATLAS, "d1", keep_last=1, by=BY)
        other.gc(grace=0)
        assert other.verify().ok


def test_an_archive_takes_the_names_along(backend, material, four, tmp_path) -> None:
    names = backend.names(four[0].blob)
    archive.export_archive(backend, tmp_path / "a.zip")
    with closing(EmbeddedBackend(tmp_path / "elsewhere")) as other:
        archive.import_archive(other, tmp_path / "a.zip", by=BY)
        versions = other.list_versions(ATLAS, "d1")
        assert [other.names(version.blob) for version in versions] == [names] * 4
        (path,) = sidecars(other)
        assert path.name not in {p.name for p in sidecars(backend)}
        assert kinds(other)["names"] == 1
        assert other.verify().ok
        assert other.gc(grace=0).deleted_objects == 0
        # What was imported is shared by what comes after it: the names, and the deltas.
        fifth = save(other, material, 4)
        assert len(sidecars(other)) == 1
        assert fifth.added_bytes < fifth.size / 2
        assert deltas_of(other, fifth) > 1
    assert rebuild(tmp_path / "elsewhere").ok


def test_an_import_keeps_the_hashes_of_deltas(backend, four, tmp_path) -> None:
    """Without them a changed bit can be missed, and a catalog that was copied shares no delta."""
    archive.export_archive(backend, tmp_path / "a.zip")
    with closing(EmbeddedBackend(tmp_path / "elsewhere")) as other:
        archive.import_archive(other, tmp_path / "a.zip", by=BY)
        for version in other.list_versions(ATLAS, "d1"):
            manifest = other.manifest(version.blob)
            deltas = {key for key in manifest.packs if key.endswith(".delta")}
            assert set(manifest.pack_hashes) == deltas


def deltas_of(backend: EmbeddedBackend, version: VersionRecord) -> int:
    return sum(key.endswith(".delta") for key in backend.manifest(version.blob).packs)


def test_an_archive_of_damaged_names_is_not_made(backend, four, tmp_path) -> None:
    (path,) = sidecars(backend)
    flip_byte(path, 100)
    with pytest.raises(IntegrityError, match=path.name):
        archive.export_archive(backend, tmp_path / "a.zip")
    assert not (tmp_path / "a.zip").exists()


# -- files of a user that are called as our objects are


@pytest.mark.parametrize("ending", ["manifest", "record", "names", "Names", "x.names", "x.y"])
def test_a_file_with_an_ending_of_ours(backend, material, tmp_path, ending) -> None:
    from omicshelf.backend.base import FileDraft
    from omicshelf.backend.source import FileSource

    put(backend, "d1", material.text("x"))
    content = b"a user's own" * 99
    path = material.path(f"run.{ending}")
    path.write_bytes(content)
    source = FileSource(path, ending, inspect=False)
    file = backend.put_file(ATLAS, FileDraft("d1", path.name, ending), source, by=BY)
    with backend.local_file(file.blob, f".{ending}") as found:
        assert found.read_bytes() == content
    assert kinds(backend) == {"manifest": 2, "pack": 2}
    assert backend.verify().ok
    archive.export_archive(backend, tmp_path / "a.zip")
    backend.close()
    assert rebuild(backend.root).ok
    with closing(EmbeddedBackend(tmp_path / "elsewhere")) as other:
        archive.import_archive(other, tmp_path / "a.zip", by=BY)
        with other.open_blob(other.get_file(ATLAS, "d1", path.name).blob) as stream:
            assert stream.read() == content
