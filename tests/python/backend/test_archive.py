"""Export and import: everything comes back as it was, or nothing does."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from pathlib import Path

import pandas as pd
import pytest

import omicshelf
from omicshelf import errors
from omicshelf.catalog.keeping import export_archive, import_archive, rebuild


@pytest.fixture
def filled(tmp_path: Path):
    """A catalog with history, files, studies, labels, a deletion and a purge."""
    with omicshelf.connect(tmp_path / "source") as connection:
        catalog = omicshelf.Catalog("lab")
        frame = pd.DataFrame({"gene": ["A", "B"], "count": [1, 2]})
        catalog.create_dataset("one", "Table", frame, {"tissue": "lung", "z": 1, "a": 2})
        catalog.update_dataset("one", metadata={"tissue": "liver"}, message="it was liver")
        catalog.update_dataset("one", data=frame.assign(count=[3, 4]), parents=["v1"][:0])
        catalog.label("one", "v2", "submitted")
        catalog.set_parent_study("one", "S 1")
        notes = tmp_path / "notes é.txt"
        notes.write_text("first")
        catalog.attach_file("one", notes, tag="notes")
        notes.write_text("second")
        catalog.attach_file("one", notes, tag="notes")
        catalog.create_dataset("two", "Table", frame, {})
        catalog.delete_dataset("two")
        catalog.create_dataset("three", "Table", frame, {"n": 1})
        for n in range(3):
            catalog.update_dataset("three", metadata={"n": n + 2})
        catalog.purge_versions("three", keep_last=2)
        omicshelf.Catalog("other").create_dataset("x", "Table", frame, {})
        yield connection


def told(catalog: omicshelf.Catalog) -> dict[str, object]:
    """All that a user can see of a catalog."""
    seen: dict[str, object] = {}
    for dataset in catalog.list_datasets() + catalog.list_datasets(deleted=True):
        one = dataset.dataset_id
        seen[one] = {
            "versions": [
                (
                    *(v.version_id, v.version, v.metadata(), list(v.metadata()), v.message),
                    *(v.labels, v.created_at, v.digest, v.blake3, v.parents, v.deleted),
                )
                for v in catalog.list_versions(one, include_deleted=True)
            ],
            "data": [v.load().to_dict() for v in catalog.list_versions(one, include_deleted=True)],
            "study": dataset.study_id,
            "modified": dataset.last_modified_at,
        }
        if not dataset.deleted:
            seen[one] |= {  # type: ignore[operator]
                "files": [
                    (f.file_name, f.tag, f.state, f.created_at, f.open().read())
                    for shown in catalog.list_files(one)
                    for f in shown.history()
                ]
            }
    seen["studies"] = catalog.list_studies()
    seen["log"] = [(c.time, c.user, c.action, c.dataset_id, c.message) for c in catalog.changes()]
    return seen


def test_an_import_restores_everything(filled, tmp_path):
    before = told(omicshelf.Catalog("lab"))
    report = export_archive(tmp_path / "lab.omicshelf.zip", "lab")
    assert (report.n_datasets, report.atlases) == (2, ["lab"])
    with omicshelf.connect(tmp_path / "elsewhere"):
        import_archive(tmp_path / "lab.omicshelf.zip")
        after = told(omicshelf.Catalog("lab"))
        imported = after["log"].pop()
        assert imported[2] == "import"
        assert after == before
        assert omicshelf.Catalog("lab").verify().ok
        assert "x" not in omicshelf.Catalog("other")
        found = omicshelf.Catalog("lab").search("tissue:liver")
        assert [d.dataset_id for d in found] == ["one"]


def test_an_imported_catalog_can_be_rebuilt(filled, tmp_path):
    export_archive(tmp_path / "all.zip")
    with omicshelf.connect(tmp_path / "elsewhere"):
        import_archive(tmp_path / "all.zip", rename={"lab": "new lab"})
        before = told(omicshelf.Catalog("new lab"))
    report = rebuild(tmp_path / "elsewhere")
    assert report.ok
    assert not report.recovered
    with omicshelf.connect(tmp_path / "elsewhere"):
        assert told(omicshelf.Catalog("new lab")) == before


def test_an_import_is_refused_where_it_would_mix(filled, tmp_path):
    export_archive(tmp_path / "lab.zip", ["lab"])
    with pytest.raises(errors.AlreadyExists, match="'lab' has datasets"):
        import_archive(tmp_path / "lab.zip")
    with pytest.raises(errors.AlreadyExists, match="is in this catalog already"):
        import_archive(tmp_path / "lab.zip", rename={"lab": "copy"})
    with pytest.raises(errors.NotFound, match="no atlas 'labb'"):
        import_archive(tmp_path / "lab.zip", rename={"labb": "copy"})
    assert [a.name for a in filled.backend.list_atlases()] == ["lab", "other"]


def test_bad_archives_are_refused(filled, tmp_path):
    export_archive(tmp_path / "good.zip")
    data = (tmp_path / "good.zip").read_bytes()
    (tmp_path / "cut.zip").write_bytes(data[: len(data) // 2])
    (tmp_path / "text.zip").write_text("no archive")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("readme.txt", "hello")
    with omicshelf.connect(tmp_path / "elsewhere") as connection:
        for name, kind in [
            ("missing.zip", errors.MissingPath),
            ("cut.zip", errors.Invalid),
            ("text.zip", errors.Invalid),
            ("other.zip", errors.Invalid),
        ]:
            with pytest.raises(kind):
                import_archive(tmp_path / name)
        assert connection.backend.list_atlases() == []


def test_a_flipped_byte_in_an_archive_is_found(filled, tmp_path):
    export_archive(tmp_path / "good.zip")
    with zipfile.ZipFile(tmp_path / "good.zip") as archive:
        names = [n for n in archive.namelist() if n.startswith("objects/")]
        content = {name: archive.read(name) for name in archive.namelist()}
    for name in names:
        broken = bytearray(content[name])
        broken[len(broken) // 2] ^= 1
        with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
            for other, data in content.items():
                archive.writestr(other, bytes(broken) if other == name else data)
        with (
            omicshelf.connect(tmp_path / "elsewhere") as connection,
            pytest.raises(errors.IntegrityError),
        ):
            import_archive(tmp_path / "bad.zip")
        assert connection.backend.list_atlases() == []
        objects = [p for p in (tmp_path / "elsewhere" / "objects").rglob("*") if p.is_file()]
        assert objects == []


def test_an_archive_of_a_newer_release_is_refused(filled, tmp_path):
    export_archive(tmp_path / "good.zip")
    with zipfile.ZipFile(tmp_path / "good.zip") as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    about = json.loads(content["omicshelf-archive.json"])
    content["omicshelf-archive.json"] = json.dumps({**about, "format": 99}).encode()
    with zipfile.ZipFile(tmp_path / "new.zip", "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    with (
        omicshelf.connect(tmp_path / "elsewhere"),
        pytest.raises(errors.Invalid, match="newer than this omicshelf"),
    ):
        import_archive(tmp_path / "new.zip")


def test_an_export_never_overwrites_and_leaves_nothing_behind(filled, tmp_path):
    target = tmp_path / "out" / "a.zip"
    with pytest.raises(errors.MissingPath):
        export_archive(target)
    target.parent.mkdir()
    with pytest.raises(errors.NotFound, match="no atlas 'nope'"):
        export_archive(target, "nope")
    export_archive(target)
    with pytest.raises(errors.AlreadyExists):
        export_archive(target)
    pack = next((tmp_path / "source" / "objects").rglob("*.parquet"))
    pack.chmod(0o644)
    broken = bytearray(pack.read_bytes())
    broken[40] ^= 1
    pack.write_bytes(broken)
    with pytest.raises(errors.IntegrityError):
        export_archive(target.with_name("b.zip"))
    assert [p.name for p in target.parent.iterdir()] == ["a.zip"]


def test_a_purged_version_is_in_no_archive_and_no_object(filled, tmp_path):
    catalog = omicshelf.Catalog("lab")
    catalog.create_dataset("secret", "Table", pd.DataFrame({"x": [1]}), {"who": "Jane Roe"})
    catalog.update_dataset("secret", metadata={"who": "anonymous"})
    catalog.purge_versions("secret", keep_last=1)
    export_archive(tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert not any(b"Jane Roe" in archive.read(name) for name in archive.namelist())
    from omicshelf.backend.store import manifest

    for path in (tmp_path / "source" / "objects").rglob("*"):
        if path.suffix in (".manifest", ".record"):
            _blob, records = manifest.decode(path.read_bytes())
            assert "Jane Roe" not in json.dumps(records)
    database = sqlite3.connect(tmp_path / "source" / "catalog.db")
    assert not database.execute("SELECT 1 FROM version WHERE metadata LIKE '%Jane%'").fetchall()
