from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from omicshelf.backend.store import durable
from omicshelf.backend.store.chunks import scan
from omicshelf.backend.store.packs import ingest
from omicshelf.errors import AccessDenied, Invalid, StorageError


@pytest.fixture(autouse=True)
def forget_disks() -> Iterator[None]:
    durable._never_clone.clear()
    yield
    durable._never_clone.clear()


class Cloning:
    """A file system that can, or cannot, share the bytes of files."""

    def __init__(self, refusal: int | None) -> None:
        self.refusal = refusal
        self.calls = 0

    def __call__(self, target: int, request: int, source: int) -> int:
        self.calls += 1
        if self.refusal is not None:
            raise OSError(self.refusal, os.strerror(self.refusal))
        assert request == 0x40049409
        os.write(target, os.pread(source, 10**6, 0))
        return 0


def keep(path: Path, blob_id: str, staging: Path) -> bytes:
    result = ingest(path, owned=False, staging=staging, blob_id=blob_id)
    assert result.pack_file is not None
    assert [p.name for p in staging.iterdir()] == [result.pack_file.name]
    data = result.pack_file.read_bytes()
    result.pack_file.unlink()
    return data


@pytest.mark.skipif(durable.fcntl is None, reason="needs fcntl")
@pytest.mark.parametrize(
    ("refusal", "calls"), [(None, 2), (errno.EOPNOTSUPP, 1), (errno.EXDEV, 1), (errno.EINVAL, 2)]
)
def test_bytes_are_shared_where_the_disk_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: int | None, calls: int
) -> None:
    cloning = Cloning(refusal)
    monkeypatch.setattr(durable.fcntl, "ioctl", cloning)
    monkeypatch.setattr(durable.sys, "platform", "linux")
    (tmp_path / "staging").mkdir()
    (tmp_path / "a").write_bytes(b"data" * 1000)
    for blob_id in ("aaaa", "bbbb"):
        assert keep(tmp_path / "a", blob_id, tmp_path / "staging") == b"data" * 1000
    assert cloning.calls == calls


@pytest.mark.parametrize(
    ("number", "kind", "says"),
    [
        (errno.ENOSPC, StorageError, "No space left"),
        (errno.EDQUOT, StorageError, "No space left"),
        (errno.EACCES, AccessDenied, "Permission denied"),
        (errno.EROFS, AccessDenied, "Read-only file system"),
        (errno.EIO, StorageError, "Input/output error"),
    ],
)
def test_a_refusal_is_explained(number: int, kind: type[OSError], says: str) -> None:
    with pytest.raises(kind, match=says) as caught, durable.storage_errors("write the pack"):
        raise OSError(number, os.strerror(number))
    assert caught.value.errno == number
    assert "write the pack" in str(caught.value)
    assert caught.value.detail  # type: ignore[attr-defined]


def test_our_own_errors_pass_unchanged() -> None:
    mine = Invalid("Wrong.", "Do it so.")
    with pytest.raises(Invalid) as caught, durable.storage_errors("write"):
        raise mine
    assert caught.value is mine


def test_short_writes_are_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, data[:7]))
    with durable.new_file(tmp_path / "a") as fd:
        durable.write_all(fd, b"0123456789" * 10)
    assert (tmp_path / "a").read_bytes() == b"0123456789" * 10


def test_a_new_file_is_new_or_gone(tmp_path: Path) -> None:
    def be_interrupted() -> None:
        with durable.new_file(tmp_path / "a") as fd:
            durable.write_all(fd, b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        be_interrupted()
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(StorageError, match="exists"), durable.new_file(tmp_path / "a"):
        pass
    assert (tmp_path / "a").read_bytes() == b"old"


def test_no_descriptor_is_lost_on_what_is_refused(tmp_path: Path) -> None:
    folder = Path("/proc/self/fd")
    if not folder.exists():
        pytest.skip("needs /proc")
    os.mkfifo(tmp_path / "pipe")
    before = len(list(folder.iterdir()))
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "none"):
        with pytest.raises(Invalid):
            scan(path)
    assert len(list(folder.iterdir())) == before
