"""Objects in a bucket behind a network that fails: all of them, or a clear refusal."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from blake3 import blake3

from omicshelf.backend.store.packs import ingest
from omicshelf.backend.store.reader import BlobReader
from omicshelf.backend.store.s3 import ObstoreS3
from omicshelf.backend.store.s3location import S3Location
from omicshelf.errors import NotFound, Unreachable
from omicshelf.testing.servers.buckets import S3Server, raw_keys, raw_read
from omicshelf.testing.servers.faults import OFTEN, FaultyProxy

pytest_plugins = ["omicshelf.testing.servers.ceph", "omicshelf.testing.servers.moto"]


@pytest.fixture
def proxy(ceph_server: S3Server) -> Iterator[FaultyProxy]:
    with FaultyProxy(ceph_server.endpoint, seed=11) as proxy:
        yield proxy


@pytest.fixture
def store(proxy: FaultyProxy, ceph_server: S3Server, ceph_bucket: str, tmp_path: Path) -> ObstoreS3:
    at = S3Location.parse(ceph_bucket)
    url = ceph_server.storage_url(at.bucket, at.prefix, proxy.url)
    return ObstoreS3(S3Location.parse(url), tmp_path / "staging")


def test_what_is_put_and_read_is_whole(
    store: ObstoreS3, proxy: FaultyProxy, ceph_bucket: str
) -> None:
    kept: dict[str, bytes] = {}
    for number in range(60):
        key, data = f"o/{number:03}", os.urandom(1000 * number)
        store.put_bytes(key, data)
        kept[key] = data
        assert store.read_bytes(key, 10, 500) == data[10:510]
        assert store.size(key) == len(data)
    assert {key: store.read_bytes(key) for key in kept} == kept
    assert [info.key for info in store.list("o/")] == sorted(kept)
    assert {key: raw_read(ceph_bucket, key) for key in raw_keys(ceph_bucket)} == kept
    assert all(proxy.done[fault] for fault in OFTEN)


def test_a_large_file_goes_up_and_comes_down(
    store: ObstoreS3, proxy: FaultyProxy, tmp_path: Path
) -> None:
    data = os.urandom(60 << 20)
    (tmp_path / "file").write_bytes(data)
    made = ingest(
        tmp_path / "file", owned=False, staging=store.staging(), blob_id="abcd", suffix=".bin"
    )
    assert made.pack_key is not None
    assert made.pack_file is not None
    store.put_file(made.pack_key, made.pack_file)
    proxy.plan = {"drop": 0.1, "lose": 0.1, "truncate": 0.2, "refuse": 0.1}
    with BlobReader(store, made.manifest) as blob:
        for number in range(3):
            out = tmp_path / f"out{number}"
            assert blob.materialise(out) == blake3(data).hexdigest()
            assert out.read_bytes() == data
    assert proxy.done["truncate"] > 0


def test_an_answer_that_is_always_cut_is_a_refusal(
    store: ObstoreS3, proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy.plan = {}
    store.put_bytes("a/b", os.urandom(1 << 20))
    proxy.plan = {"truncate": 1.0}
    with pytest.raises(Unreachable, match="a/b"):
        store.read_bytes("a/b")
    proxy.plan = {}
    assert len(store.read_bytes("a/b")) == 1 << 20


def test_a_put_whose_answer_is_lost_is_undone_or_done(
    store: ObstoreS3, proxy: FaultyProxy, ceph_bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not known whether it happened: what was refused is not there afterwards."""
    from omicshelf.backend.store import s3

    monkeypatch.setitem(s3._RETRIES, "max_retries", 0)
    monkeypatch.setattr(s3, "_ATTEMPTS", 1)
    once = ObstoreS3(store.location, store.staging())
    plain = s3.ObstoreS3._delete

    def heal(self: ObstoreS3, name: str) -> None:
        proxy.plan = {}
        plain(self, name)

    monkeypatch.setattr(s3.ObstoreS3, "_delete", heal)
    proxy.plan = {}
    once.put_bytes("a/first", b"warm")
    proxy.plan = {"lose": 1.0}
    with pytest.raises(Unreachable, match="a/second"):
        once.put_many({"a/second": b"x", "a/third": b"y"})
    assert proxy.done["lose"] == 1
    assert raw_keys(ceph_bucket) == ["a/first"]
    with pytest.raises(NotFound):
        once.read_bytes("a/second")
