"""A team's catalog beyond the contract: pairing, log, rebuilding, moving, what is shared."""

from __future__ import annotations

import dataclasses
import json
import os
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest

from omicshelf.backend.base import FileDraft, VersionDraft
from omicshelf.backend.embedded import bucketlog, session
from omicshelf.backend.embedded.archive import export_archive, import_archive
from omicshelf.backend.embedded.backend import EmbeddedBackend
from omicshelf.backend.embedded.rebuild import rebuild, rebuild_database
from omicshelf.backend.embedded.segment import decode_segment
from omicshelf.backend.source import FileSource
from omicshelf.errors import Invalid, StorageError
from omicshelf.testing.backend_base import ATLAS, BY, BackendFixtures, Material
from omicshelf.testing.folder import describe
from omicshelf.testing.servers.buckets import raw_delete, raw_keys, raw_read, raw_write

pytest_plugins = (
    "omicshelf.testing.servers.ceph",
    "omicshelf.testing.servers.moto",
    "omicshelf.testing.servers.fixtures",
)
put = BackendFixtures.put


@pytest.fixture
def material(tmp_path: Path) -> Material:
    return Material(tmp_path / "material")


@pytest.fixture
def alone(tmp_path: Path, moto_bucket: str) -> Iterator[EmbeddedBackend]:
    """One machine with its bytes in a bucket."""
    with closing(EmbeddedBackend(tmp_path / "alone", storage_url=moto_bucket)) as backend:
        yield backend


@pytest.fixture
def team(tmp_path: Path, postgres_url: str, ceph_bucket: str) -> Iterator[EmbeddedBackend]:
    opened = EmbeddedBackend(tmp_path / "team", database_url=postgres_url, storage_url=ceph_bucket)
    with closing(opened) as backend:
        yield backend


def fill(backend: EmbeddedBackend, material: Material) -> None:
    """Make some of everything that a catalog has."""
    base = os.urandom(300_000)
    put(backend, "d1", material.text(base), metadata={"tissue": "lung", "n": 1})
    put(backend, "d1", material.text(base[:200_000] + b"edit" + base[200_000:]), mode="update")
    put(backend, "d2", material.h5ad(material.anndata(n_obs=4_000)), study_id="S1")
    draft = FileDraft("d2", "a.pdf", "pdf")
    backend.put_file(ATLAS, draft, material.attachment("attached"), by=BY)
    backend.set_label(ATLAS, "d1", "v1", "published", by=BY)
    put(backend, "gone", material.text("deleted"))
    backend.delete_dataset(ATLAS, "gone", by=BY)


# -- a database and a store that belong together


def test_another_bucket_is_refused(
    alone: EmbeddedBackend, material: Material, tmp_path: Path, moto_bucket: str
) -> None:
    put(alone, "d1", material.text("x"))
    alone.close()
    elsewhere = moto_bucket.replace("?", "elsewhere?")
    with pytest.raises(Invalid, match="is empty, and the database has the records"):
        EmbeddedBackend(tmp_path / "alone", storage_url=elsewhere)
    assert raw_keys(elsewhere) == []
    with closing(EmbeddedBackend(tmp_path / "other", storage_url=elsewhere)) as other:
        put(other, "d1", material.text("y"))
    with pytest.raises(Invalid, match="belong to different catalogs"):
        EmbeddedBackend(tmp_path / "alone", storage_url=elsewhere)
    with closing(EmbeddedBackend(tmp_path / "alone", storage_url=moto_bucket)) as again:
        assert again.get_dataset(ATLAS, "d1").version.seq == 1


def test_an_empty_database_does_not_take_over_a_bucket(
    alone: EmbeddedBackend, material: Material, tmp_path: Path, moto_bucket: str
) -> None:
    put(alone, "d1", material.text("x"))
    with pytest.raises(Invalid, match="omicshelf rebuild"):
        EmbeddedBackend(tmp_path / "empty", storage_url=moto_bucket)
    assert alone.verify().ok


def test_a_bucket_with_something_else_is_refused(tmp_path: Path, moto_bucket: str) -> None:
    raw_write(moto_bucket, "holiday.jpg", b"x")
    with pytest.raises(Invalid, match=r"holiday\.jpg"):
        EmbeddedBackend(tmp_path / "new", storage_url=moto_bucket)
    assert raw_keys(moto_bucket) == ["holiday.jpg"]


def test_a_catalog_of_a_newer_release_is_refused(
    alone: EmbeddedBackend, tmp_path: Path, moto_bucket: str
) -> None:
    marker = json.loads(raw_read(moto_bucket, "omicshelf.json") or b"")
    raw_write(moto_bucket, "omicshelf.json", json.dumps({**marker, "format": 99}).encode())
    with pytest.raises(Invalid, match="newer than this omicshelf"):
        EmbeddedBackend(tmp_path / "alone", storage_url=moto_bucket)


def test_a_lost_marker_is_not_written_into_a_wrong_bucket(
    alone: EmbeddedBackend, material: Material, tmp_path: Path, moto_bucket: str
) -> None:
    put(alone, "d1", material.text("x"))
    alone.close()
    raw_delete(moto_bucket, "omicshelf.json")
    with pytest.raises(Invalid, match="restore the store"):
        EmbeddedBackend(tmp_path / "alone", storage_url=moto_bucket)


def test_two_that_begin_a_catalog_at_once(
    tmp_path: Path, postgres_url: str, ceph_bucket: str, material: Material
) -> None:
    together, opened, failed = threading.Barrier(4), [], []

    def begin(number: int) -> None:
        together.wait()
        try:
            folder = tmp_path / str(number)
            opened.append(
                EmbeddedBackend(folder, database_url=postgres_url, storage_url=ceph_bucket)
            )
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=begin, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    for number, backend in enumerate(opened):
        put(backend, f"d{number}", material.text(f"x{number}"))
    assert {opened[0].get_dataset(ATLAS, f"d{n}").version.seq for n in range(4)} == {1}
    for backend in opened:
        backend.close()


def test_a_bucket_needs_a_database() -> None:
    with pytest.raises(Invalid, match="needs a database"):
        EmbeddedBackend(storage_url="s3://lab/shelf")
    with pytest.raises(Invalid, match="needs a folder"):
        EmbeddedBackend()


def test_its_address_has_no_secret(alone: EmbeddedBackend) -> None:
    assert alone.url.startswith("s3://test-")
    assert "secret" not in alone.url + repr(alone.store)


# -- the log in the bucket


def logged(url: str) -> list[int]:
    found = []
    for key in raw_keys(url, "log/"):
        lines = list(decode_segment(raw_read(url, key) or b""))
        assert None not in lines
        found += [line["seq"] for line in lines if line]
    return sorted(found)


def test_the_log_is_written_a_moment_later(
    alone: EmbeddedBackend,
    material: Material,
    moto_bucket: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = threading.Event()
    plain = bucketlog.BucketLog.flush

    def flush(self: bucketlog.BucketLog) -> None:
        plain(self)
        written.set()

    monkeypatch.setattr(bucketlog, "FLUSH_SECONDS", 0.05)
    monkeypatch.setattr(bucketlog.BucketLog, "flush", flush)
    put(alone, "d1", material.text("x"))
    assert written.wait(30)
    last = max(change.seq for change in alone.changes())
    alone.close()
    assert logged(moto_bucket) == list(range(1, last + 1))


def test_closing_writes_the_log(
    alone: EmbeddedBackend, material: Material, moto_bucket: str
) -> None:
    fill(alone, material)
    last = max(change.seq for change in alone.changes())
    alone.close()
    assert logged(moto_bucket) == list(range(1, last + 1))
    with alone.db.reading() as connection:
        assert connection.exec_driver_sql("SELECT * FROM session").all() == []


def test_a_bucket_that_refuses_does_not_lose_lines(
    alone: EmbeddedBackend,
    material: Material,
    moto_bucket: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put(alone, "d1", material.text("x"))
    store, plain = alone.store, type(alone.store).put_bytes

    def refuse(self: Any, key: str, data: bytes) -> None:
        if key.startswith("log/"):
            raise StorageError("The bucket is read-only.", "Wait.")
        plain(self, key, data)

    with monkeypatch.context() as patch:
        patch.setattr(type(store), "put_bytes", refuse)
        alone.close()
    assert logged(moto_bucket) == []
    with alone.db.reading() as connection:  # it stays, to be buried
        assert len(connection.exec_driver_sql("SELECT * FROM session").all()) == 1
    with alone.db.writing() as connection:
        connection.exec_driver_sql("UPDATE session SET heartbeat_at = 0")
    put(alone, "d2", material.text("y"))
    alone.gc()
    last = max(change.seq for change in alone.changes())
    alone.close()
    assert logged(moto_bucket) == list(range(1, last + 1))


def test_a_session_that_was_buried_alive_goes_on(
    team: EmbeddedBackend, tmp_path: Path, material: Material, postgres_url: str, ceph_bucket: str
) -> None:
    """A laptop that slept for an hour."""
    put(team, "d1", material.text("x"))
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        connection.execute("UPDATE session SET heartbeat_at = 0")
    other = EmbeddedBackend(tmp_path / "other", database_url=postgres_url, storage_url=ceph_bucket)
    with closing(other):
        put(other, "d2", material.text("y"))
        other.gc(grace=0)
        assert not other.session.is_alive(team.session.id)
        put(team, "d1", material.text("z"), mode="update")
        team.session.beat(team.session.id)
        assert other.session.is_alive(team.session.id)
    assert team.get_dataset(ATLAS, "d1").version.seq == 2
    assert team.verify().ok


def test_sessions_beat(
    team: EmbeddedBackend, material: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    beaten = threading.Event()
    plain = session.Session.beat

    def beat(self: session.Session, name: str) -> None:
        plain(self, name)
        beaten.set()

    monkeypatch.setattr(session, "HEARTBEAT_SECONDS", 0.05)
    monkeypatch.setattr(session.Session, "beat", beat)
    put(team, "d1", material.text("x"))
    assert beaten.wait(30)


# -- from the bucket alone


def test_a_database_is_made_anew_from_the_bucket(
    team: EmbeddedBackend,
    material: Material,
    postgres_server: Any,
    ceph_bucket: str,
    tmp_path: Path,
) -> None:
    fill(team, material)
    was, last = describe(team), max(change.seq for change in team.changes())
    history = [change.model_dump() for change in team.changes()]
    team.close()
    url = postgres_server.url(postgres_server.new_database())
    report = rebuild_database(url, storage_url=ceph_bucket)
    assert report.ok
    assert report.last_seq == last
    with closing(
        EmbeddedBackend(tmp_path / "again", database_url=url, storage_url=ceph_bucket)
    ) as again:
        assert describe(again) == was
        assert [change.model_dump() for change in again.changes()] == history
        assert again.verify().ok
        put(again, "d1", material.text("after"), mode="update")
        put(again, "d9", material.text("new"))
        assert max(change.seq for change in again.changes()) > last
    with pytest.raises(Invalid, match="has a catalog in it already"):
        rebuild_database(url, storage_url=ceph_bucket)


def test_what_was_not_logged_yet_is_recovered(
    alone: EmbeddedBackend, material: Material, moto_bucket: str, tmp_path: Path
) -> None:
    """A process that was killed, and whose database is gone too."""
    put(alone, "d1", material.text("x"))
    for key in raw_keys(moto_bucket, "log/"):
        raw_delete(moto_bucket, key)
    report = rebuild_database(f"sqlite:///{tmp_path / 'new.db'}", storage_url=moto_bucket)
    assert report.recovered == [f"{ATLAS}/d1 v1"]
    with pytest.raises(Invalid, match="not an omicshelf catalog"):
        rebuild_database(
            f"sqlite:///{tmp_path / 'none.db'}", storage_url=moto_bucket.replace("?", "none?")
        )


def test_a_folder_whose_records_were_in_postgresql(
    tmp_path: Path, material: Material, postgres_url: str, postgres_server: Any
) -> None:
    with closing(EmbeddedBackend(tmp_path / "c", database_url=postgres_url)) as backend:
        fill(backend, material)
        was = describe(backend)
    url = postgres_server.url(postgres_server.new_database())
    assert rebuild_database(url, folder=tmp_path / "c").ok
    with closing(EmbeddedBackend(tmp_path / "c", database_url=url)) as again:
        assert describe(again) == was
    with pytest.raises(Invalid, match="omicshelf rebuild"):
        EmbeddedBackend(tmp_path / "c", database_url=f"sqlite:///{tmp_path / 'other.db'}")
    assert rebuild(tmp_path / "c").ok  # or on with SQLite
    with closing(EmbeddedBackend(tmp_path / "c")) as local:
        assert describe(local) == was


# -- to and fro


def seen(backend: EmbeddedBackend, atlas: str = ATLAS) -> dict[str, Any]:
    """Describe an atlas without what is its catalog's own: numbers of changes, and of blobs."""

    def own(value: Any) -> Any:
        if isinstance(value, dict):
            left_out = {"blob", "change_seq", "atlas"}
            return {key: own(one) for key, one in value.items() if key not in left_out}
        return [own(one) for one in value] if isinstance(value, list) else value

    described = describe(backend).items()
    return {name.rpartition("/")[2]: own(it) for name, it in described if f"{atlas}/" in name}


def test_out_of_a_team_and_back(team: EmbeddedBackend, material: Material, tmp_path: Path) -> None:
    fill(team, material)
    export_archive(team, tmp_path / "out.zip")
    with closing(EmbeddedBackend(tmp_path / "folder")) as local:
        import_archive(local, tmp_path / "out.zip", by=BY)
        assert seen(local) == seen(team)
        assert local.verify().ok
        put(local, "d1", material.text("edited at home"), mode="update")
        at_home = seen(local)
        export_archive(local, tmp_path / "back.zip")
    for dataset in ("d1", "d2"):
        team.delete_dataset(ATLAS, dataset, by=BY)
    for dataset in ("d1", "d2", "gone"):
        team.purge_dataset(ATLAS, dataset, force=True, by=BY)
    import_archive(team, tmp_path / "back.zip", rename={ATLAS: "back"}, by=BY)
    assert seen(team, "back") == at_home
    assert team.verify().ok


# -- garbage, and what versions share


def test_nothing_is_left_of_what_was_purged(
    team: EmbeddedBackend, material: Material, ceph_bucket: str
) -> None:
    fill(team, material)
    for dataset in ("d1", "d2"):
        team.delete_dataset(ATLAS, dataset, by=BY)
    for dataset in ("d1", "d2", "gone"):
        team.purge_dataset(ATLAS, dataset, force=True, by=BY)
    report = team.gc(grace=0)
    assert report.in_use == 0
    assert raw_keys(ceph_bucket, "objects/") == []


def test_half_dead_packs_are_repacked(
    team: EmbeddedBackend, material: Material, ceph_bucket: str
) -> None:
    base = os.urandom(2 << 20)
    put(team, "d1", material.text(base))
    rest = base[: 600 << 10]
    put(team, "d1", material.text(rest), mode="update")
    team.purge_versions(ATLAS, "d1", keep_last=1, by=BY)
    report = team.gc(grace=0)
    assert report.repacked == 1
    version = team.get_dataset(ATLAS, "d1").version
    assert BackendFixtures.read(team, version) == rest
    kept = sum(len(raw_read(ceph_bucket, key) or b"") for key in raw_keys(ceph_bucket, "objects/"))
    assert kept < 1 << 20
    assert team.verify().ok


def test_a_lost_pack_is_not_shared(
    team: EmbeddedBackend, material: Material, ceph_bucket: str
) -> None:
    base = os.urandom(1 << 20)
    first = put(team, "d1", material.text(base)).version
    (pack,) = team.manifest(first.blob).packs
    raw_delete(ceph_bucket, pack)
    second = put(team, "d1", material.text(base + b"more"), mode="update").version
    assert BackendFixtures.read(team, second) == base + b"more"
    third = put(team, "d2", material.text(base)).version
    assert BackendFixtures.read(team, third) == base


def test_what_was_saved_is_not_downloaded_again(
    team: EmbeddedBackend, material: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = material.in_memory(material.anndata(n_obs=2_000))
    version = put(team, "d1", source).version

    def never(*_args: object) -> bytes:
        raise AssertionError("it is in the cache")

    manifest = team.manifest(version.blob)
    with monkeypatch.context() as patch:
        patch.setattr(type(team.store), "read_bytes", never)
        path = team.hold_file(version.blob, source.suffix)
    assert path.stat().st_size == manifest.size


@pytest.mark.parametrize("place", ["folder", "bucket"])
def test_a_lie_about_a_hash_is_not_believed(
    place: str, tmp_path: Path, moto_bucket: str, material: Material
) -> None:
    """A client that cuts by itself says what the hash of the whole is."""
    storage = moto_bucket if place == "bucket" else None
    with closing(EmbeddedBackend(tmp_path / "c", storage_url=storage)) as backend:
        honest, lie = os.urandom(200_000), os.urandom(200_000)
        made = put(backend, "mallory", material.text(lie)).version
        target = put(backend, "target", material.text(honest)).version
        wanted = backend.manifest(target.blob)
        backend.delete_dataset(ATLAS, "target", by=BY)
        backend.purge_dataset(ATLAS, "target", by=BY)
        with backend.db.writing() as connection:
            connection.exec_driver_sql(
                "UPDATE blob SET blake3 = ? WHERE id = ?", (wanted.blake3, made.blob)
            )
        liar = dataclasses.replace(backend.manifest(made.blob), blake3=wanted.blake3)
        key = backend._manifests[made.blob][0]
        backend._manifests[made.blob] = key, liar
        assert not np.array_equal(liar.extents["hash"], wanted.extents["hash"])
        found = put(backend, "victim", material.text(honest)).version
        assert found.blob != made.blob
        assert BackendFixtures.read(backend, found) == honest
        # The same, cut in another way, which chunks cannot tell.
        other = dataclasses.replace(liar, params=dataclasses.replace(liar.params, average=512))
        backend._manifests[made.blob] = key, other
        again = put(backend, "again", material.text(honest)).version
        assert again.blob != made.blob


def test_memory_of_a_draft_is_not_needed_twice(team: EmbeddedBackend, tmp_path: Path) -> None:
    """The same bytes in another dataset cost no object of their own but a record."""
    path = tmp_path / "file.txt"
    path.write_bytes(os.urandom(100_000))
    for name in ("a", "b"):
        draft = VersionDraft(name, "create", data_type="T")
        team.put_version(ATLAS, draft, FileSource(path, "txt"), by=BY)
    blobs = {team.get_dataset(ATLAS, name).version.blob for name in ("a", "b")}
    assert len(blobs) == 1
