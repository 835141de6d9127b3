from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import h5py
import pytest

from omicshelf.backend.store import leases
from omicshelf.backend.store.leases import lease_file, try_exclusive
from omicshelf.errors import NotFound, StorageError

HOLDER = """
import sys
from pathlib import Path
from omicshelf.backend.store.leases import lease_file
lease = lease_file(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def hold_elsewhere(path: Path) -> subprocess.Popen[bytes]:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    return holder


@pytest.fixture(params=["file", "folder"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "entry"
    if request.param == "file":
        path.write_bytes(b"x")
        path.chmod(0o444)
    else:
        path.mkdir()
    return path


def test_what_is_leased_cannot_be_taken(path: Path) -> None:
    with lease_file(path) as first, lease_file(path) as second:
        assert first.path == second.path == path
        assert try_exclusive(path) is None
        first.close()
        assert not first.held
        assert try_exclusive(path) is None
    taken = try_exclusive(path)
    assert taken is not None
    assert try_exclusive(path) is None
    taken.close()
    taken.close()


def test_a_lease_of_another_process_ends_with_it(path: Path) -> None:
    holder = hold_elsewhere(path)
    assert try_exclusive(path) is None
    holder.kill()
    holder.wait()
    taken = try_exclusive(path)
    assert taken is not None
    taken.close()


def test_a_forgotten_lease_is_given_back(path: Path) -> None:
    lease_file(path)
    taken = try_exclusive(path)
    assert taken is not None
    taken.close()


def test_an_open_h5py_file_is_in_use(tmp_path: Path) -> None:
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file["X"] = [1]
    path.chmod(0o444)
    with h5py.File(path, "r", locking=True):
        assert try_exclusive(path) is None
    with lease_file(path), h5py.File(path, "r", locking=True) as file:
        assert file["X"][0] == 1


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="none"):
        lease_file(tmp_path / "none")
    assert try_exclusive(tmp_path / "none") is None


def test_a_file_removed_while_the_lease_was_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    real = leases.fcntl.flock
    times = 0

    def replaced(fd: int, how: int) -> None:
        nonlocal times
        times += 1
        if times == 1:  # between the open and the lock
            path.unlink()
            path.write_bytes(b"new")
        real(fd, how)

    monkeypatch.setattr(leases.fcntl, "flock", replaced)
    with lease_file(path) as lease:
        assert lease.path.read_bytes() == b"new"
        assert times == 2
        assert try_exclusive(path) is None  # it is the new file that is held


def test_no_locks_means_nothing_is_removed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(fd: int, how: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(leases.fcntl, "flock", refuse)
    with lease_file(path) as lease:
        assert lease.held
    assert try_exclusive(path) is None


def open_descriptors() -> int:
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.exists() else 0


def test_a_broken_disk(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(fd: int, how: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    before = open_descriptors()
    monkeypatch.setattr(leases.fcntl, "flock", refuse)
    with pytest.raises(StorageError, match="Input/output"):
        lease_file(path)
    assert try_exclusive(path) is None
    assert open_descriptors() == before


def test_without_fcntl(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "fcntl", None)
    with lease_file(path) as lease:
        assert lease.held
    taken = try_exclusive(path)
    assert taken is not None
    taken.close()
