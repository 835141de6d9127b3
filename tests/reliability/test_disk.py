"""A disk that is full, and a folder that may only be read."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from omicshelf.backend.base import VersionDraft
from omicshelf.backend.embedded.backend import EmbeddedBackend
from omicshelf.backend.source import FileSource
from omicshelf.errors import AccessDenied, RequestException, StorageError
from omicshelf.records import Origin
from omicshelf.testing.folder import describe, objects_in, snapshot_folder, temporary_files

pytestmark = pytest.mark.reliability

BY = Origin(user="ada")


def put(backend: EmbeddedBackend, path: Path, dataset_id: str) -> None:
    draft = VersionDraft(dataset_id, "create", data_type="T")
    backend.put_version("atlas", draft, FileSource(path, "txt"), by=BY)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 6 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(disk)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("only root may mount a small disk; full disks are tried at every step too")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.mark.skipif(shutil.which("mount") is None, reason="there is no mount")
def test_a_disk_that_is_really_full(small_disk: Path, tmp_path: Path) -> None:
    source = tmp_path / "source.txt"
    source.write_bytes(np.random.default_rng(0).bytes(700_000))
    # What is freed at last: what the largest file leaves over may be too little for anything.
    reserve = small_disk / "reserve"
    reserve.write_bytes(os.urandom(500_000))
    with closing(EmbeddedBackend(small_disk / "catalog")) as backend:
        done = 0
        while True:
            source.write_bytes(np.random.default_rng(done).bytes(700_000))
            before = snapshot_folder(backend.root), describe(backend)
            try:
                put(backend, source, f"d{done}")
            except StorageError as error:
                refused = error
                break
            done += 1
        assert done >= 3
        assert "No space left" in refused.title
        assert "Free some space" in str(refused.detail)
        assert (snapshot_folder(backend.root), describe(backend)) == before
        assert temporary_files(backend.root) == []
        # To the last byte, so that the database itself finds no place either.
        filler = small_disk / "filler"
        with filler.open("wb", buffering=0) as file:
            try:
                while file.write(bytes(4096)):
                    pass
            except OSError:
                pass
        for work in (
            lambda: put(backend, source, "tiny"),
            lambda: backend.edit_metadata("atlas", ["d0"], set_={"a": "b" * 9000}, by=BY),
        ):
            with pytest.raises(StorageError, match=r"space|full"):
                work()
        assert describe(backend) == before[1]
        filler.unlink()
        reserve.unlink()
        backend.delete_dataset("atlas", "d0", by=BY)
        backend.purge_dataset("atlas", "d0", by=BY)
        source.write_bytes(b"small" * 10_000)
        put(backend, source, "again")
        assert backend.verify().ok
        backend.gc(grace=0)
        assert backend.gc(grace=0).dead_objects == 0
        assert len(list(backend.changes())) == done + 3


# Root may do everything, unless it lays that down.
HUMBLE = (
    ["setpriv", "--bounding-set", "-dac_override,-dac_read_search,-fowner"]
    if hasattr(os, "getuid") and os.getuid() == 0
    else []
)
permissions_bind = pytest.mark.skipif(
    os.name == "nt" or (bool(HUMBLE) and shutil.which("setpriv") is None),
    reason="permissions are of another kind there, or do not bind root",
)

READER = """
import os, sys
from pathlib import Path
os.environ["HOME"] = os.environ["XDG_CACHE_HOME"] = sys.argv[2]
from omicshelf.backend.base import Query
from omicshelf.backend.embedded.backend import EmbeddedBackend
from omicshelf.errors import AccessDenied
from omicshelf.records import Origin

backend = EmbeddedBackend(sys.argv[1])
for _again in range(2):
    assert backend.find("atlas", Query(text="old")).total == 1
    old, new = (backend.get_version("atlas", "d1", v) for v in ("v1", "v2"))
    for version in (old, new):
        with backend.open_blob(version.blob) as stream:
            assert len(stream.read()) == version.size
        with backend.local_file(version.blob, ".txt") as path:
            assert path.stat().st_size == version.size
    backend.sha256(old.blob)
assert backend.verify().ok
for call in (
    lambda: backend.delete_dataset("atlas", "d1", by=Origin()),
    lambda: backend.set_label("atlas", "d1", "v1", "x", by=Origin()),
    lambda: backend.gc(),
):
    try:
        call()
    except AccessDenied as error:
        assert isinstance(error, PermissionError) and error.detail
    else:
        raise SystemExit("a read-only catalog was written to")
backend.close()
print("ok")
"""


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder that other users may look into."""
    folder = Path(tempfile.mkdtemp(prefix="omicshelf-shared-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        for path in folder.rglob("*"):
            if path.is_dir():
                path.chmod(0o755)
        shutil.rmtree(folder)


@permissions_bind
@pytest.mark.parametrize("writer", ["closed", "open", "copied"])
def test_a_catalog_that_may_only_be_read(shared_folder: Path, writer: str) -> None:
    root = shared_folder / "catalog"
    backend = EmbeddedBackend(root)
    source = shared_folder / "source.txt"
    data = np.random.default_rng(0).bytes(400_000)
    source.write_bytes(data)
    draft = VersionDraft("d1", "create", data_type="T", metadata={"what": "old"})
    backend.put_version("atlas", draft, FileSource(source, "txt"), by=BY)
    source.write_bytes(data[:200_000] + b"x" + data[200_000:])
    backend.put_version("atlas", VersionDraft("d1", "update"), FileSource(source, "txt"), by=BY)
    if writer != "open":
        backend.close()
    if writer == "copied":
        root = shutil.copytree(root, shared_folder / "copy")
    for path in [root, *root.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    home = shared_folder / "home"
    home.mkdir()
    home.chmod(0o777)
    before = {path: path.stat().st_mtime_ns for path in objects_in(root)}
    done = subprocess.run(
        [*HUMBLE, sys.executable, "-c", READER, str(root), str(home)],
        capture_output=True,
        text=True,
    )
    assert done.stdout == "ok\n", done.stderr
    assert {path: path.stat().st_mtime_ns for path in objects_in(root)} == before
    backend.close()


CREATOR = """
import sys
from omicshelf.backend.embedded.backend import EmbeddedBackend
try:
    EmbeddedBackend(sys.argv[1])
except PermissionError as error:
    print(error)
"""


@permissions_bind
def test_a_folder_in_which_no_catalog_can_be_made(shared_folder: Path) -> None:
    shared_folder.chmod(0o555)
    done = subprocess.run(
        [*HUMBLE, sys.executable, "-c", CREATOR, str(shared_folder / "new")],
        capture_output=True,
        text=True,
    )
    assert str(shared_folder / "new") in done.stdout, done.stderr
    assert "permission" in done.stdout


@pytest.mark.parametrize("kind", ["file", "full folder"])
def test_places_that_are_no_catalog(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "place"
    if kind == "file":
        place.write_text("x")
    else:
        place.mkdir()
        (place / "thesis.docx").write_text("x")
    with pytest.raises(RequestException) as caught:
        EmbeddedBackend(place)
    assert not isinstance(caught.value, AccessDenied)
    assert str(place) in caught.value.title
    assert caught.value.detail
