"""Objects in a bucket: of moto, which is quick, and of Ceph, which is real."""

from __future__ import annotations

import os
import subprocess
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from omicshelf.backend.store.objectstore import ObjectStore
from omicshelf.backend.store.s3 import ObstoreS3
from omicshelf.backend.store.s3location import S3Location
from omicshelf.errors import AccessDenied, NotFound, StorageError, Unreachable
from omicshelf.testing import ObjectStoreContract
from omicshelf.testing.servers.buckets import S3Server, raw_keys, raw_read

pytest_plugins = ["omicshelf.testing.servers.ceph", "omicshelf.testing.servers.moto"]


class BucketContract(ObjectStoreContract):
    """The contract, on a bucket whose URL a subclass's fixture gives."""

    @pytest.fixture
    def url(self) -> str:
        raise NotImplementedError

    @pytest.fixture
    def store(self, url: str, tmp_path: Path) -> Iterator[ObjectStore]:
        self.storage = url
        store = ObstoreS3(S3Location.parse(url), tmp_path / "staging")
        yield store
        store.close()

    def raw_read(self, store: ObjectStore, key: str) -> bytes | None:
        return raw_read(self.storage, key)

    def raw_keys(self, store: ObjectStore) -> list[str]:
        return raw_keys(self.storage)

    def test_a_file_in_several_parts(self, store: ObjectStore) -> None:
        data = os.urandom(20 << 20)
        staged = store.staging() / "large"
        staged.write_bytes(data)
        store.put_file("objects/la/large.bin", staged)
        assert not staged.exists()
        assert self.raw_read(store, "objects/la/large.bin") == data
        assert store.read_bytes("objects/la/large.bin", 9 << 20, 100) == data[9 << 20 :][:100]

    def test_a_listing_of_several_pages(self, store: ObjectStore) -> None:
        assert isinstance(store, ObstoreS3)
        keys = [f"o/{number:04x}" for number in range(1_005)]
        for key in keys:
            store.put_bytes(key, b"x")
        assert [info.key for info in store.list("o/")] == keys

    def test_objects_of_an_empty_range(self, store: ObjectStore) -> None:
        store.put_bytes("a/empty", b"")
        assert store.read_bytes("a/empty", 0, 10) == b""
        assert store.read_bytes("a/empty", 5) == b""
        with pytest.raises(NotFound):
            store.read_bytes("a/none", 3, 0)


@pytest.mark.usefixtures("moto_server")
class TestMoto(BucketContract):
    @pytest.fixture
    def url(self, moto_bucket: str) -> str:
        return moto_bucket.replace("?", "shelf/of/ours?")


class TestCeph(BucketContract):
    @pytest.fixture
    def url(self, ceph_bucket: str) -> str:
        return ceph_bucket


def told(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


def test_a_wrong_secret(ceph_server: S3Server, ceph_bucket: str, tmp_path: Path) -> None:
    url = ceph_bucket.replace(ceph_server.secret_access_key, "not-the-secret-00000")
    store = ObstoreS3(S3Location.parse(url), tmp_path)
    for call in (
        lambda: store.put_bytes("a/b", b"x"),
        lambda: store.read_bytes("a/b"),
        lambda: store.size("a/b"),
        lambda: list(store.list("a/")),
    ):
        with pytest.raises(AccessDenied, match="AWS_SECRET_ACCESS_KEY") as error:
            call()
        assert S3Location.parse(url).bucket in str(error.value)
        assert "not-the-secret" not in told(error.value)


def test_a_bucket_that_is_not_there(ceph_server: S3Server, tmp_path: Path) -> None:
    url = ceph_server.storage_url("no-such-bucket-here")
    store = ObstoreS3(S3Location.parse(url), tmp_path)
    for call in (lambda: store.put_bytes("a/b", b"x"), lambda: store.read_bytes("a/b")):
        with pytest.raises(StorageError, match="no bucket 'no-such-bucket-here'") as error:
            call()
        assert ceph_server.secret_access_key not in told(error.value)


def test_a_server_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from omicshelf.backend.store import s3

    monkeypatch.setitem(s3._RETRIES, "max_retries", 1)
    url = "s3://lab?endpoint=http://127.0.0.1:9&access_key_id=me&secret_access_key=hidden"
    store = ObstoreS3(S3Location.parse(url), tmp_path)
    for call in (lambda: store.put_bytes("a/b", b"x"), lambda: store.read_bytes("a/b")):
        with pytest.raises(Unreachable, match=r"127\.0\.0\.1:9") as error:
            call()
        assert "hidden" not in told(error.value)


def test_a_forked_child_is_told(moto_bucket: str, tmp_path: Path) -> None:
    """It would wait for ever for threads that it does not have."""
    program = f"""
import os, sys
from pathlib import Path
from omicshelf.backend.store.s3 import ObstoreS3
from omicshelf.backend.store.s3location import S3Location
from omicshelf.errors import StorageError
store = ObstoreS3(S3Location.parse({moto_bucket!r}), Path({str(tmp_path)!r}))
store.put_bytes("a/b", b"x")
child = os.fork()
if child == 0:
    try:
        store.read_bytes("a/b")
    except StorageError as error:
        os._exit(0 if "spawn" in str(error) else 1)
    os._exit(2)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_memory_stays_flat(ceph_bucket: str, tmp_path: Path) -> None:
    """Putting a file costs parts, not the file."""
    program = f"""
import os, resource
from pathlib import Path
from omicshelf.backend.store.s3 import ObstoreS3
from omicshelf.backend.store.s3location import S3Location
folder = Path({str(tmp_path)!r})
store = ObstoreS3(S3Location.parse({ceph_bucket!r}), folder)
store.put_bytes("a/b", b"x")
idle = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with (folder / "large").open("wb") as file:
    for _ in range(300):
        file.write(os.urandom(1 << 20))
store.put_file("a/large", folder / "large")
assert store.size("a/large") == 300 << 20
used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - idle
assert used < 120 << 10, f"{{used >> 10}} MB"
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=300)
