"""What every object store must do, asserted once."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from omicshelf.backend.store.objectstore import ObjectStore
from omicshelf.errors import Invalid, NotFound

__all__ = ["ObjectStoreContract"]


class ObjectStoreContract:
    """Inherit it in a test class, and say how to make an empty store and how to go around it.

    Examples
    --------
    >>> class TestMyStore(ObjectStoreContract):  # doctest: +SKIP
    ...     @pytest.fixture
    ...     def store(self): ...
    ...     def raw_read(self, store, key): ...
    ...     def raw_keys(self, store): ...
    """

    @pytest.fixture
    def store(self) -> Iterator[ObjectStore]:
        """An empty store."""
        raise NotImplementedError

    def raw_read(self, store: ObjectStore, key: str) -> bytes | None:
        """Read an object around the store's own methods; None when there is none."""
        raise NotImplementedError

    def raw_keys(self, store: ObjectStore) -> list[str]:
        """List everything but temporary files around the store's own methods."""
        raise NotImplementedError

    @pytest.mark.parametrize("data", [b"", b"x", bytes(range(256)) * 5000])
    def test_bytes_are_kept(self, store: ObjectStore, data: bytes) -> None:
        store.put_bytes("objects/3f/3f0c.bin", data)
        assert self.raw_read(store, "objects/3f/3f0c.bin") == data
        assert store.read_bytes("objects/3f/3f0c.bin") == data
        assert store.size("objects/3f/3f0c.bin") == len(data)
        assert store.exists("objects/3f/3f0c.bin")

    @pytest.mark.parametrize(
        ("start", "length", "expected"),
        [
            (0, 4, b"0123"),
            (3, 4, b"3456"),
            (8, 100, b"89"),
            (10, 5, b""),
            (99, 5, b""),
            (4, None, b"456789"),
            (2, 0, b""),
        ],
    )
    def test_ranges(
        self, store: ObjectStore, start: int, length: int | None, expected: bytes
    ) -> None:
        store.put_bytes("a/digits", b"0123456789")
        assert store.read_bytes("a/digits", start, length) == expected

    def test_a_staged_file_is_taken_over(self, store: ObjectStore) -> None:
        staged = store.staging() / uuid.uuid4().hex
        staged.write_bytes(b"staged")
        store.put_file("a/taken.h5ad", staged)
        assert self.raw_read(store, "a/taken.h5ad") == b"staged"
        assert not staged.exists()

    def test_many_at_once(self, store: ObjectStore) -> None:
        staged = store.staging() / uuid.uuid4().hex
        staged.write_bytes(b"pack")
        store.put_many({"o/aa/1.bin": staged, "o/aa/1.manifest": b"manifest", "o/bb/2": b""})
        found = {key: self.raw_read(store, key) for key in self.raw_keys(store)}
        assert found == {"o/aa/1.bin": b"pack", "o/aa/1.manifest": b"manifest", "o/bb/2": b""}

    def test_many_at_once_is_all_or_nothing(self, store: ObjectStore) -> None:
        missing = store.staging() / "never-written"
        with pytest.raises(Exception, match=r"Could not|No such"):
            store.put_many({"o/aa/1": b"first", "o/aa/2": missing})
        assert self.raw_keys(store) == []

    def test_nothing_to_put(self, store: ObjectStore) -> None:
        store.put_many({})
        assert self.raw_keys(store) == []

    def test_a_missing_object(self, store: ObjectStore) -> None:
        assert not store.exists("a/none")
        with pytest.raises(NotFound, match="a/none"):
            store.read_bytes("a/none")
        with pytest.raises(NotFound, match="a/none"):
            store.size("a/none")
        store.delete("a/none")

    def test_delete(self, store: ObjectStore) -> None:
        store.put_bytes("a/b", b"x")
        store.put_bytes("a/c", b"y")
        store.delete("a/b")
        assert self.raw_keys(store) == ["a/c"]
        assert not store.exists("a/b")

    def test_list(self, store: ObjectStore) -> None:
        before = time.time_ns() // 1_000_000 - 2_000
        for key in ("b/y", "b/x", "b.z", "b/x.manifest", "a/1", "ba/1"):
            store.put_bytes(key, key.encode())
        keys = [info.key for info in store.list("")]
        assert keys == sorted(["b/y", "b/x", "b.z", "b/x.manifest", "a/1", "ba/1"])
        assert [info.key for info in store.list("b/")] == ["b/x", "b/x.manifest", "b/y"]
        assert [info.key for info in store.list("b")] == [
            "b.z",
            "b/x",
            "b/x.manifest",
            "b/y",
            "ba/1",
        ]
        assert [info.key for info in store.list("b/x")] == ["b/x", "b/x.manifest"]
        assert list(store.list("c/")) == []
        for info in store.list(""):
            assert info.size == len(info.key)
            assert before <= info.mtime_ms <= time.time_ns() // 1_000_000 + 2_000

    def test_temporary_files_are_not_listed(self, store: ObjectStore) -> None:
        (store.staging() / "half").write_bytes(b"x")
        assert list(store.list("")) == []

    @pytest.mark.parametrize(
        "key",
        ["", "/", "/etc/passwd", "a//b", "a/", "..", "../a", "a/../b", "a/./b", ".", "a/..",
         "tmp/x", "a\\b", "a\0b", "a\nb", "a b", "ä", "a/" + "x" * 300, "C:/x", "~/x"],
    )  # fmt: skip
    def test_malformed_keys_are_refused(self, store: ObjectStore, key: str) -> None:
        for call in (store.read_bytes, store.size, store.exists, store.delete, store.local_path):
            with pytest.raises(Invalid):
                call(key)
        with pytest.raises(Invalid):
            store.put_bytes(key, b"x")
        with pytest.raises(Invalid):
            store.put_many({"a/fine": b"x", key: b"x"})
        assert self.raw_keys(store) == []

    def test_a_local_path_holds_the_object(self, store: ObjectStore) -> None:
        store.put_bytes("a/b.h5ad", b"x" * 100)
        path = store.local_path("a/b.h5ad")
        if path is not None:
            assert path.name == "b.h5ad"
            assert path.read_bytes() == b"x" * 100

    def test_many_threads(self, store: ObjectStore) -> None:
        def work(number: int) -> bool:
            key, data = f"o/{number % 7:02x}/{number:04x}", bytes([number % 256]) * 1000
            store.put_bytes(key, data)
            return store.read_bytes(key, 500) == data[500:] and store.exists(key)

        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(work, range(100)))
        assert len(self.raw_keys(store)) == 100
