from __future__ import annotations

import io
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import h5py
import numpy as np
import pytest
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st

from omicshelf.backend.store import packaccess, reader
from omicshelf.backend.store.chunks import ChunkParams
from omicshelf.backend.store.manifest import BlobManifest, encode
from omicshelf.backend.store.marks import Mark, take_mark
from omicshelf.backend.store.objectstore import LocalDirectory, ObjectStore
from omicshelf.backend.store.packs import ingest
from omicshelf.backend.store.reader import BlobReader, ChunkFile, open_blob
from omicshelf.errors import IntegrityError, StorageError

TINY = ChunkParams(average=256, minimum=64, maximum=1024)


class Distant(LocalDirectory):
    """A store whose objects are not local files; counts the requests."""

    requests = 0

    def local_path(self, key: str) -> None:  # type: ignore[override]
        super().local_path(key)

    def read_bytes(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        self.requests += 1
        return super().read_bytes(key, start, length)


def keep(store: ObjectStore, folder: Path, *contents: bytes) -> BlobManifest:
    """Keep versions one after another and give the manifest of the last."""
    known: list[BlobManifest] = []
    for number, data in enumerate(contents):
        path = folder / "source"
        path.write_bytes(data)
        result = ingest(
            path, owned=False, staging=store.staging(), known=known, blob_id=f"ab{number:02x}",
            suffix=".bin", params=TINY,
        )  # fmt: skip
        if result.pack_file is not None:
            assert result.pack_key is not None
            store.put_file(result.pack_key, result.pack_file)
        known.insert(0, result.manifest)
    return known[0]


FIRST = random.Random(1).randbytes(60_000) + b"repeated " * 5_000
LAST = FIRST[:7_000] + b"an edit" + FIRST[7_000:40_000] + b"z" * 3_000 + FIRST[40_000:]


@pytest.fixture(params=[LocalDirectory, Distant])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    return request.param(tmp_path / "store", "s1")


@pytest.fixture
def blob(store: ObjectStore, tmp_path: Path) -> Iterator[BlobReader]:
    manifest = keep(store, tmp_path, FIRST, LAST)
    assert len(manifest.packs) == 2
    with BlobReader(store, manifest) as opened:
        yield opened


@pytest.fixture(scope="module")
def module_blob(tmp_path_factory: pytest.TempPathFactory) -> BlobReader:
    folder = tmp_path_factory.mktemp("module")
    local = LocalDirectory(folder / "store", "s1")
    return BlobReader(local, keep(local, folder, FIRST, LAST))


@settings(deadline=None, max_examples=300)
@given(start=st.integers(0, len(LAST) + 10), length=st.integers(0, len(LAST) + 10))
def test_any_range(module_blob: BlobReader, start: int, length: int) -> None:
    assert module_blob.read_range(start, length) == LAST[start : start + length]


@settings(deadline=None, max_examples=100)
@given(
    start=st.integers(0, len(LAST)),
    length=st.integers(0, len(LAST)),
    portion=st.integers(1, 20_000),
    cached=st.integers(1, 20),
    ahead=st.integers(1, 5),
)
def test_any_range_in_any_portions(
    module_blob: BlobReader, start: int, length: int, portion: int, cached: int, ahead: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader, "_PORTION", portion)
        patch.setattr(reader, "_CACHED_CHUNKS", cached)
        patch.setattr(reader, "_AHEAD", ahead)
        assert module_blob.read_range(start, length) == LAST[start : start + length]


def test_ends_of_chunks(blob: BlobReader) -> None:
    starts = blob.manifest.starts.tolist()
    for left, right in pairwise(starts):
        for start, stop in ((left, right), (left + 1, right), (left, right - 1), (left - 1, right)):
            start = max(start, 0)
            assert blob.read_range(start, stop - start) == LAST[start:stop]


def test_a_negative_start_is_refused(blob: BlobReader) -> None:
    with pytest.raises(ValueError, match="-1"):
        blob.read_range(-1, 10)


def test_the_file_object_is_like_a_file(blob: BlobReader) -> None:
    file, plain = blob.open(), io.BytesIO(LAST)
    chosen = random.Random(5)
    assert file.readable()
    assert file.seekable()
    assert not file.writable()
    for _ in range(300):
        action = chosen.choice(["read", "readinto", "seek", "end", "here"])
        if action == "read":
            n = chosen.choice([0, 1, 7, 300, 5_000])
            assert file.read(n) == plain.read(n)
        elif action == "readinto":
            a, b = bytearray(700), bytearray(700)
            assert file.readinto(a) == plain.readinto(b)
            assert a == b
        elif action == "seek":
            at = chosen.randrange(len(LAST) + 100)
            assert file.seek(at) == plain.seek(at)
        elif action == "end":
            assert file.seek(-50, io.SEEK_END) == plain.seek(-50, io.SEEK_END)
        elif file.tell() > 3:
            assert file.seek(-3, io.SEEK_CUR) == plain.seek(-3, io.SEEK_CUR)
        assert file.tell() == plain.tell()
    file.seek(11)
    assert file.read() == LAST[11:]
    assert io.BufferedReader(blob.open()).read() == LAST
    with pytest.raises(ValueError, match="-1"):
        file.seek(-1)
    with pytest.raises(io.UnsupportedOperation):
        file.write(b"x")
    file.close()
    file.close()
    for call in (
        file.read,
        file.readall,
        lambda: file.seek(0),
        lambda: file.readinto(bytearray(1)),
    ):
        with pytest.raises(ValueError, match="closed"):
            call()
    assert blob.read_range(0, 3) == LAST[:3]


def test_numbers_are_read_into_arrays(blob: BlobReader) -> None:
    target = np.empty((10, 10), np.float64)
    assert blob.open().readinto(target) == 800
    assert target.tobytes() == LAST[:800]


def test_h5py_reads_it(store: ObjectStore, tmp_path: Path) -> None:
    values = np.random.default_rng(1).normal(size=(500, 40))
    contents = []
    for leiden in ("0", "1"):
        with h5py.File(tmp_path / "x.h5", "w") as file:
            file["X"] = values
            file.create_dataset("gz", data=values, chunks=(50, 40), compression="gzip")
            file.create_group("obs").create_dataset("leiden", data=[leiden] * 500)
        contents.append((tmp_path / "x.h5").read_bytes())
    with open_blob(store, keep(store, tmp_path, *contents)) as raw, h5py.File(raw, "r") as file:
        assert (file["X"][:] == values).all()
        assert (file["gz"][100:200] == values[100:200]).all()
        assert file["obs/leiden"].asstr()[7] == "1"


def test_many_threads(blob: BlobReader) -> None:
    file = blob.open()

    def work(seed: int) -> bool:
        chosen = random.Random(seed)
        good = True
        for _ in range(50):
            start, length = chosen.randrange(len(LAST)), chosen.randrange(9_000)
            good &= blob.read_range(start, length) == LAST[start : start + length]
            good &= len(file.read(100)) <= 100
        return good

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(work, range(12)))


def test_many_packs_need_few_descriptors(
    store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packaccess, "_OPEN_PACKS", 2)
    contents = [FIRST]
    for step in range(6):
        at = 9_000 * step
        contents.append(contents[-1][:at] + b"step %d" % step + contents[-1][at:])
    manifest = keep(store, tmp_path, *contents)
    assert len(manifest.packs) == 7
    with BlobReader(store, manifest) as opened, ThreadPoolExecutor(4) as pool:
        results = pool.map(lambda _: opened.read_range(0, opened.size), range(8))
        assert all(result == contents[-1] for result in results)


def test_a_forked_child_can_read(module_blob: BlobReader) -> None:
    assert module_blob.read_range(0, module_blob.size) == LAST
    child = os.fork()
    if child == 0:
        os._exit(0 if module_blob.read_range(0, module_blob.size) == LAST else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_garbage_of_h5py_locks_nothing_up(tmp_path: Path) -> None:
    # h5py holds its lock while it reads from us, and takes it to free an object of its own.
    # If a read waited for another thread, and that one collected garbage, it would wait for ever.
    code = """
import gc, sys
from pathlib import Path
import h5py
from omicshelf.backend.store import reader
from omicshelf.backend.store.manifest import decode
from omicshelf.backend.store.objectstore import LocalDirectory
store = LocalDirectory(Path(sys.argv[1]), "s2")
manifest, _ = decode(store.read_bytes("m"))
real = reader.blake3
def hash_and_collect(data):
    gc.collect()
    return real(data)
gc.disable()
reader._PORTION = 1_000
reader.blake3 = hash_and_collect
with reader.open_blob(store, manifest) as raw, h5py.File(raw, "r") as file:
    cycle = [file["X"]]
    cycle.append(cycle)
    del cycle
    file["X"][:]
print("read")
"""
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["X"] = np.random.default_rng(1).normal(size=(100, 100))
    store = LocalDirectory(tmp_path / "store", "s1")
    manifest = keep(store, tmp_path, (tmp_path / "x.h5").read_bytes())
    store.put_bytes("m", encode(manifest))
    result = subprocess.run(
        [sys.executable, "-c", code, str(store.root)], capture_output=True, text=True, timeout=60
    )
    assert (result.stdout, result.stderr) == ("read\n", "")


def marks_of(store: ObjectStore, manifest: BlobManifest) -> dict[str, Mark]:
    assert isinstance(store, LocalDirectory)
    return {key: take_mark(store.root / key) for key in manifest.packs}


def test_packs_whose_marks_hold_are_not_hashed(
    store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = keep(store, tmp_path, FIRST, LAST)
    hashed: list[int] = []
    real = reader.blake3

    def count(data: bytes = b"") -> object:
        hashed.append(len(data))
        return real(data)

    monkeypatch.setattr(reader, "blake3", count)
    with BlobReader(store, manifest, marks=marks_of(store, manifest)) as opened:
        for start, length in ((0, len(LAST)), (6_500, 2_000), (1, 3), (50_000, 50_000)):
            assert opened.read_range(start, length) == LAST[start : start + length]
        assert opened.materialise(tmp_path / "out") == real(LAST).hexdigest()
        assert (tmp_path / "out").read_bytes() == LAST
    raw = int((manifest.extents["codec"] == 0).sum())
    if store.local_path("x") is None:  # what is not a local file is never trusted
        assert sum(hashed) >= len(LAST)
    else:
        assert len(hashed) < raw


def test_a_pack_whose_mark_does_not_hold_is_hashed(tmp_path: Path) -> None:
    store = LocalDirectory(tmp_path / "store", "s1")
    manifest = keep(store, tmp_path, FIRST)
    marks = marks_of(store, manifest)
    (key,) = manifest.packs
    path = store.local_path(key)
    facts = path.stat()
    path.chmod(0o600)
    path.write_bytes(FIRST[:100] + b"!" + FIRST[101:])
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    with BlobReader(store, manifest, marks=marks) as opened:
        for call in (
            lambda: opened.read_range(90, 20),
            lambda: opened.materialise(tmp_path / "out"),
            opened.verify,
        ):
            with pytest.raises(IntegrityError, match=key):
                call()


def test_rot_below_a_mark_is_found_by_verify(tmp_path: Path) -> None:
    store = LocalDirectory(tmp_path / "store", "s1")
    manifest = keep(store, tmp_path, FIRST)
    (key,) = manifest.packs
    path = store.local_path(key)
    path.chmod(0o600)
    path.write_bytes(FIRST[:100] + b"!" + FIRST[101:])
    marks = marks_of(store, manifest)
    with (
        BlobReader(store, manifest, marks=marks) as opened,
        pytest.raises(IntegrityError, match=key),
    ):
        opened.verify()


def test_materialise(blob: BlobReader, tmp_path: Path) -> None:
    dest = tmp_path / "out.bin"
    dest.write_bytes(b"old")
    seen: list[int] = []
    assert blob.materialise(dest, seen.append) == blake3(LAST).hexdigest()
    assert dest.read_bytes() == LAST
    assert sum(seen) == len(LAST)
    blob.materialise(dest, verify=False)
    assert dest.read_bytes() == LAST
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_materialise_an_empty_and_a_verbatim_blob(store: ObjectStore, tmp_path: Path) -> None:
    for data in (b"", FIRST):
        with BlobReader(store, keep(store, tmp_path, data)) as opened:
            opened.materialise(tmp_path / "out")
            opened.verify()
            assert (tmp_path / "out").read_bytes() == data
            assert opened.open().read() == data


def test_materialised_files_follow_the_umask(blob: BlobReader, tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        blob.materialise(tmp_path / "out")
    finally:
        os.umask(old)
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o640


def test_a_full_disk(blob: BlobReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dest = tmp_path / "out"
    dest.write_bytes(b"old")

    def full(*args: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(StorageError, match="No space left"):
            blob.materialise(dest)
    assert dest.read_bytes() == b"old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "source", "store"]


def test_a_missing_pack_is_named(store: ObjectStore, tmp_path: Path) -> None:
    manifest = keep(store, tmp_path, FIRST, LAST)
    base, _delta = manifest.packs
    store.delete(base)
    with BlobReader(store, manifest) as opened:
        for call in (
            lambda: opened.read_range(0, 100),
            opened.verify,
            lambda: opened.materialise(tmp_path / "out"),
        ):
            with pytest.raises(IntegrityError, match=f"{base}.* is missing"):
                call()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("which", [0, 1])
def test_a_truncated_pack_is_named(store: ObjectStore, tmp_path: Path, which: int) -> None:
    manifest = keep(store, tmp_path, FIRST, LAST)
    key = list(manifest.packs)[which]
    assert isinstance(store, LocalDirectory)
    path = store.root / key
    path.chmod(0o600)
    os.truncate(path, path.stat().st_size - 1)
    with BlobReader(store, manifest) as opened:
        with pytest.raises(IntegrityError, match=f"(?s)shorter.*{key}"):
            opened.read_range(0, opened.size)
        with pytest.raises(IntegrityError, match=f"(?s)shorter.*{key}"):
            opened.verify()


def test_chunks_in_the_wrong_order_are_found(store: ObjectStore, tmp_path: Path) -> None:
    import dataclasses

    manifest = keep(store, tmp_path, FIRST)
    swapped = dataclasses.replace(manifest, extents=manifest.extents[::-1].copy())
    with BlobReader(store, swapped) as opened, pytest.raises(IntegrityError, match="recorded"):
        opened.verify()


def test_small_reads_fetch_a_chunk_once(tmp_path: Path) -> None:
    distant = Distant(tmp_path / "store", "s1")
    manifest = keep(distant, tmp_path, FIRST)
    with BlobReader(distant, manifest) as opened:
        first_chunk = int(manifest.starts[1])
        for at in range(first_chunk - 1):
            opened.read_range(at, 1)
        assert distant.requests == 1


def test_a_closed_reader_reads_no_more(store: ObjectStore, tmp_path: Path) -> None:
    opened = open_blob(store, keep(store, tmp_path, FIRST))
    assert isinstance(opened, ChunkFile)
    assert "ab00" in repr(opened)
    opened.close()
    with pytest.raises(ValueError, match="closed"):
        opened.read(1)
