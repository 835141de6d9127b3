from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from omicshelf.backend.store.objectstore import LocalDirectory, ObjectStore
from omicshelf.errors import AccessDenied, Invalid, StorageError
from omicshelf.testing.objectstore import ObjectStoreContract


class TestLocalDirectory(ObjectStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[ObjectStore]:
        local = LocalDirectory(tmp_path / "deep" / "store", "session-1")
        yield local
        local.close()

    def raw_read(self, store: ObjectStore, key: str) -> bytes | None:
        assert isinstance(store, LocalDirectory)
        path = store.root / key
        return path.read_bytes() if path.exists() else None

    def raw_keys(self, store: ObjectStore) -> list[str]:
        assert isinstance(store, LocalDirectory)
        files = (p.relative_to(store.root).as_posix() for p in store.root.rglob("*") if p.is_file())
        return sorted(key for key in files if not key.startswith("tmp/"))


@pytest.fixture
def local(tmp_path: Path) -> LocalDirectory:
    return LocalDirectory(tmp_path / "store", "s1")


def files_below(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_objects_are_read_only(local: LocalDirectory) -> None:
    staged = local.staging() / "x"
    staged.write_bytes(b"x")
    local.put_many({"a/1": staged, "a/2": b"y"})
    for key in ("a/1", "a/2"):
        assert stat.S_IMODE(local.local_path(key).stat().st_mode) == 0o444


def test_every_new_name_is_flushed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not Path("/proc/self/fd").exists():
        pytest.skip("needs /proc to name a descriptor")
    synced: list[str] = []
    fsync = os.fsync

    def record(fd: int) -> None:
        synced.append(os.path.relpath(Path(f"/proc/self/fd/{fd}").readlink(), tmp_path))
        fsync(fd)

    local = LocalDirectory(tmp_path / "new" / "store", "s1")
    monkeypatch.setattr(os, "fsync", record)
    staged = tmp_path / "pack"
    staged.write_bytes(b"x")
    local.put_many({"objects/aa/1.bin": staged, "objects/aa/1.manifest": b"m"})
    assert synced[0] == "pack"
    assert synced[1].startswith("new/store/tmp/s1/")
    # The folders above are new: their own names have to be flushed as well.
    assert synced[2:] == ["new/store/objects/aa", "new/store/objects", "new/store", "new", "."]
    synced.clear()
    local.put_bytes("objects/aa/2", b"x")
    assert synced[1:] == ["new/store/objects/aa"]
    synced.clear()
    local.put_bytes("objects/ab/2", b"x")
    assert synced[1:] == ["new/store/objects/ab", "new/store/objects"]
    synced.clear()
    LocalDirectory(local.root, "s2").put_bytes("objects/ab/3", b"x")
    assert synced[1:] == ["new/store/objects/ab", "new/store/objects", "new/store", "new"]


def test_a_failing_disk_leaves_nothing(
    local: LocalDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    for call in ("write", "fsync", "replace", "open", "fchmod"):
        for nth in range(8):
            staged = local.staging() / "pack"
            staged.unlink(missing_ok=True)
            staged.write_bytes(b"pack")
            seen = 0
            real = getattr(os, call)

            def fail(*args: object, real=real, nth=nth, **kwargs: object) -> object:
                nonlocal seen
                seen += 1
                if seen == nth + 1:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                return real(*args, **kwargs)

            with monkeypatch.context() as patch:
                patch.setattr(os, call, fail)
                failure = None
                try:
                    local.put_many({"o/aa/1.bin": staged, "o/aa/1.manifest": b"m"})
                except StorageError as error:
                    failure = error
            if seen <= nth:  # it needs fewer calls than that
                assert failure is None
                assert files_below(local.root / "o") == ["aa/1.bin", "aa/1.manifest"]
                local.delete("o/aa/1.bin")
                local.delete("o/aa/1.manifest")
            else:
                assert failure is not None
                assert failure.errno == errno.ENOSPC
                assert "No space left" in failure.title
                assert failure.detail is not None
                assert "gc" in failure.detail
            staged.unlink(missing_ok=True)
            assert files_below(local.root) == [], (call, nth)


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.EIO, StorageError),
        (errno.EROFS, AccessDenied),
        (errno.EACCES, AccessDenied),
        (errno.EDQUOT, StorageError),
    ],
)
def test_refusals_of_the_system_have_a_class(
    local: LocalDirectory, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[OSError]
) -> None:
    def refuse(fd: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(kind) as caught:
        local.put_bytes("a/1", b"x")
    assert caught.value.errno == number


@pytest.mark.parametrize("session", ["", "../x", "a/b", ".", ".hidden", "a b"])
def test_session_names(tmp_path: Path, session: str) -> None:
    with pytest.raises(Invalid, match="session"):
        LocalDirectory(tmp_path, session)


def test_another_spelling_of_the_same_object_replaces_it(local: LocalDirectory) -> None:
    local.put_bytes("a/1", b"first")
    local.put_bytes("a/1", b"second")
    assert local.read_bytes("a/1") == b"second"
