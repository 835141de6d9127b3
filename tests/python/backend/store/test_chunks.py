from __future__ import annotations

import errno
import os
import random
import threading
from pathlib import Path

import numpy as np
import pytest
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st

from omicshelf.backend.store import chunks
from omicshelf.backend.store.chunks import ChunkParams, cut, hash_file, scan
from omicshelf.errors import AccessDenied, Invalid, MissingPath, StorageError

TINY = ChunkParams(average=256, minimum=64, maximum=1024)


def noise(n: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(n)


def test_cuts_never_change() -> None:
    # A release that cut at other places would share no chunk with what is stored already.
    data = b"".join(blake3(i.to_bytes(4, "little")).digest(length=1000) for i in range(1000))
    lengths = cut(data)
    assert sum(lengths) == len(data)
    assert (len(lengths), lengths[:5]) == PINNED


PINNED = (13, [38029, 166341, 87152, 76341, 78905])


@pytest.mark.parametrize("size", [0, 1, 1000, 16_384, 300_000, 5_000_000, 9_000_001])
def test_scan_equals_the_definition(tmp_path: Path, size: int) -> None:
    data = noise(size)
    path = tmp_path / "data"
    path.write_bytes(data)
    seen: list[int] = []
    found = scan(path, progress=seen.append)
    assert found.size == size == sum(seen)
    assert found.blake3 == blake3(data).hexdigest() == hash_file(path)
    assert found.lengths.tolist() == cut(data)
    assert found.hashes.shape == (len(found.lengths), 32)
    start = 0
    for length, digest in zip(found.lengths.tolist(), found.hashes, strict=True):
        assert blake3(data[start : start + length]).digest() == digest.tobytes()
        start += length


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 99),
    size=st.integers(0, 40_000),
    block=st.integers(1, 5000),
    in_flight=st.integers(0, 3),
)
def test_cuts_do_not_depend_on_how_the_file_is_read(
    tmp_path_factory: pytest.TempPathFactory, seed: int, size: int, block: int, in_flight: int
) -> None:
    path = tmp_path_factory.mktemp("scan") / "data"
    path.write_bytes(noise(size, seed))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "_BLOCK", block)
        patch.setattr(chunks, "_IN_FLIGHT", in_flight)
        patch.setattr(chunks, "_SMALL", 0)
        copy = path.with_name("copy")
        found = scan(path, params=TINY, copy_to=copy)
    assert found.lengths.tolist() == cut(path.read_bytes(), TINY)
    assert found.blake3 == blake3(path.read_bytes()).hexdigest()
    assert copy.read_bytes() == path.read_bytes()


def test_an_edit_moves_only_the_cuts_next_to_it(tmp_path: Path) -> None:
    data = noise(3_000_000)
    edited = data[:1_500_000] + b"inserted" + data[1_500_000:]
    (tmp_path / "a").write_bytes(data)
    (tmp_path / "b").write_bytes(edited)
    before = {h.tobytes() for h in scan(tmp_path / "a").hashes}
    after = [h.tobytes() for h in scan(tmp_path / "b").hashes]
    assert sum(h not in before for h in after) <= 3


def test_a_copy_is_what_was_hashed(tmp_path: Path) -> None:
    source, copy = tmp_path / "a", tmp_path / "b"
    source.write_bytes(noise(10_000_000))
    found = scan(source, copy_to=copy)
    assert blake3(copy.read_bytes()).hexdigest() == found.blake3


def test_a_copy_replaces_nothing(tmp_path: Path) -> None:
    source, copy = tmp_path / "a", tmp_path / "b"
    source.write_bytes(b"new")
    copy.write_bytes(b"old")
    with pytest.raises(StorageError):
        scan(source, copy_to=copy)
    assert copy.read_bytes() == b"old"


@pytest.mark.parametrize("size", [3, 10_000_000])
@pytest.mark.parametrize("change", ["grows", "shrinks", "rewritten"])
def test_a_file_that_changes_is_refused(tmp_path: Path, size: int, change: str) -> None:
    path, copy = tmp_path / "a", tmp_path / "copy"
    path.write_bytes(noise(size))

    def interfere(done: int) -> None:
        if change == "grows":
            with path.open("ab") as file:
                file.write(b"more")
        elif change == "shrinks":
            os.truncate(path, path.stat().st_size - 1)
        else:
            with path.open("r+b") as file:
                file.write(b"!")
            os.utime(path)

    with pytest.raises(Invalid, match="changed while it was read"):
        scan(path, progress=interfere, copy_to=copy)
    assert not copy.exists()
    with pytest.raises(Invalid, match="changed while it was read"):
        hash_file(path, progress=interfere)


def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(MissingPath, match="No such file"):
        scan(tmp_path / "none")
    with pytest.raises(Invalid, match=r"folder|regular"):
        scan(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Invalid, match="not a regular file"):
        scan(tmp_path / "pipe")  # and does not wait for a writer


def test_a_file_that_must_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(AccessDenied, match="Permission denied"):
        scan(tmp_path / "a")


@pytest.mark.parametrize("nth", [0, 1, 2])
def test_no_space_for_the_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nth: int) -> None:
    source, copy = tmp_path / "a", tmp_path / "copy"
    source.write_bytes(noise(20_000_000))
    count, real = 0, os.write

    def full(fd: int, data: bytes) -> int:
        nonlocal count
        count += 1
        if count > nth:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(fd, data)

    threads = threading.active_count()
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(StorageError, match="No space left") as caught:
            scan(source, copy_to=copy)
    assert caught.value.errno == errno.ENOSPC
    assert not copy.exists()
    assert threading.active_count() == threads


def test_a_cancelled_scan_ends_its_threads(tmp_path: Path) -> None:
    source, copy = tmp_path / "a", tmp_path / "copy"
    source.write_bytes(noise(20_000_000))
    threads = threading.active_count()

    def cancel(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scan(source, progress=cancel, copy_to=copy)
    assert not copy.exists()
    assert threading.active_count() == threads


def test_an_algorithm_of_the_future(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    with pytest.raises(Invalid, match="ultracdc"):
        scan(tmp_path / "a", params=ChunkParams(algorithm="ultracdc"))


def test_memory_is_bounded(tmp_path: Path) -> None:
    import tracemalloc

    path = tmp_path / "a"
    with path.open("wb") as file:
        for i in range(24):
            file.write(noise(4_000_000, i))
    tracemalloc.start()
    scan(path, copy_to=tmp_path / "copy")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 << 20


def test_scan_arrays_have_the_documented_types(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    found = scan(tmp_path / "a")
    assert found.lengths.dtype == np.uint32
    assert found.hashes.dtype == np.uint8
    assert found.hashes.shape == (0, 32)
