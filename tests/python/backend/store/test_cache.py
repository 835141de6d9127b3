from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from blake3 import blake3

from omicshelf.backend.store import cache as cache_module
from omicshelf.backend.store.cache import Cache, default_limit, parse_size
from omicshelf.errors import IntegrityError, Invalid, StorageError


def hash_of(data: bytes) -> str:
    return blake3(data).hexdigest()


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache", 1_000)


def writing(data: bytes):
    return lambda path: path.write_bytes(data) and None


def put(cache: Cache, key: str, data: bytes) -> None:
    cache.fill(key, ".bin", writing(data), hash_of(data)).close()
    time.sleep(0.01)  # the order of use is that of times


def names(cache: Cache, folder: str = "entries") -> list[str]:
    return sorted(p.name for p in (cache.folder / folder).iterdir())


def test_what_is_filled_is_given(cache: Cache) -> None:
    assert cache.get("k", ".h5ad") is None
    calls = []

    def produce(path: Path) -> None:
        calls.append(path)
        path.write_bytes(b"data")

    for _ in range(3):
        with cache.fill("k", ".h5ad", produce, hash_of(b"data")) as lease:
            assert lease.path.name == "k.h5ad"
            assert lease.path.read_bytes() == b"data"
            assert stat.S_IMODE(lease.path.stat().st_mode) == 0o444
    assert len(calls) == 1
    again = cache.get("k", ".h5ad")
    assert again is not None
    again.close()
    assert names(cache, "tmp") == []


def test_a_staged_file_is_taken_over(cache: Cache, tmp_path: Path) -> None:
    for number, known in enumerate((hash_of(b"data"), None)):
        staged = tmp_path / "staged"
        staged.write_bytes(b"data")
        with cache.put_by_rename(f"k{number}", ".csv", staged, known) as lease:
            assert lease.path.read_bytes() == b"data"
        assert not staged.exists()
        found = cache.get(f"k{number}", ".csv", hash_of(b"data"))
        assert found is not None
        found.close()


def test_a_staged_file_of_another_disk(
    cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    staged = tmp_path / "staged"
    staged.write_bytes(b"data")
    real = os.rename, os.replace

    def across(source: str, target: str, real=real[1]) -> None:
        if Path(source) == staged:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        real(source, target)

    monkeypatch.setattr(os, "rename", across)
    monkeypatch.setattr(os, "replace", across)
    with cache.put_by_rename("k", "", staged, hash_of(b"data")) as lease:
        assert lease.path.read_bytes() == b"data"
    assert not staged.exists()
    assert names(cache, "tmp") == []


def test_wrong_bytes_are_not_kept(cache: Cache) -> None:
    with pytest.raises(IntegrityError, match="hash"):
        cache.fill("k", "", writing(b"wrong"), hash_of(b"right"))
    with pytest.raises(IntegrityError, match="hash"):
        cache.fill("k", "", lambda path: writing(b"x")(path) or hash_of(b"x"), hash_of(b"right"))
    assert names(cache) == names(cache, "tmp") == []


def test_a_producer_that_fails_leaves_nothing(cache: Cache) -> None:
    def fail(path: Path) -> None:
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.fill("k", "", fail, hash_of(b"x"))
    assert names(cache) == names(cache, "tmp") == []
    put(cache, "k", b"x")


def tamper(path: Path) -> None:
    path.chmod(0o600)
    before = path.stat()
    path.write_bytes(b"eeee")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_a_changed_file_is_made_again(cache: Cache) -> None:
    for round_ in range(2):
        put(cache, "k", b"data")
        tamper(cache.folder / "entries" / "k.bin")
        if round_ == 0:
            assert cache.get("k", ".bin") is None
            assert names(cache) == []
        with cache.fill("k", ".bin", writing(b"data"), hash_of(b"data")) as lease:
            assert lease.path.read_bytes() == b"data"


def test_a_changed_file_that_is_in_use_is_not_given_out(cache: Cache) -> None:
    with cache.fill("k", ".bin", writing(b"data"), hash_of(b"data")) as first:
        tamper(first.path)
        assert cache.get("k", ".bin") is None
        with cache.fill("k", ".bin", writing(b"data"), hash_of(b"data")) as second:
            assert second.path.read_bytes() == b"data"


def test_a_moved_cache_is_verified_and_kept(cache: Cache, tmp_path: Path) -> None:
    put(cache, "k", b"data")
    shutil.copytree(cache.folder, tmp_path / "moved")
    moved = Cache(tmp_path / "moved", 1_000)
    inode = (moved.folder / "entries" / "k.bin").stat().st_ino
    lease = moved.get("k", ".bin")
    assert lease is not None
    assert lease.path.stat().st_ino == inode
    lease.close()


def test_the_hash_that_the_caller_knows_counts(cache: Cache) -> None:
    put(cache, "k", b"data")
    assert cache.get("k", ".bin", hash_of(b"other")) is None
    assert names(cache) == []


def test_rot_is_found_on_demand(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    put(cache, "k", b"data")
    path = cache.folder / "entries" / "k.bin"
    tamper(path)
    facts = (cache.folder / "facts" / "k.bin").read_text().splitlines()
    facts[2] = str(cache_module.take_mark(path))  # as if the medium had changed it
    (cache.folder / "facts" / "k.bin").write_text("\n".join(facts))
    lease = cache.get("k", ".bin")
    assert lease is not None
    lease.close()
    assert cache.get("k", ".bin", verify=True) is None


@pytest.mark.parametrize("facts", [None, "", "nonsense", "a\nb\nc\n"])
def test_an_entry_without_facts_is_verified_or_dropped(cache: Cache, facts: str | None) -> None:
    for known in (hash_of(b"data"), None):
        put(cache, "k", b"data")
        facts_path = cache.folder / "facts" / "k.bin"
        facts_path.unlink()
        if facts is not None:
            facts_path.write_text(facts)
        lease = cache.get("k", ".bin", known)
        assert (lease is not None) == (known is not None)
        if lease is not None:
            lease.close()


def test_the_least_recently_used_go_first(cache: Cache) -> None:
    for key in ("a", "b", "c"):
        put(cache, key, key.encode() * 300)
    used = cache.get("a", ".bin")
    assert used is not None
    used.close()
    time.sleep(0.01)
    put(cache, "d", b"d" * 300)
    assert names(cache) == names(cache, "facts") == ["a.bin", "c.bin", "d.bin"]
    usage = cache.usage()
    assert (usage.size, usage.limit, usage.n_entries) == (900, 1_000, 3)


def test_what_is_in_use_stays(cache: Cache) -> None:
    leases = [
        cache.fill(k, "", writing(k.encode() * 600), hash_of(k.encode() * 600)) for k in "abc"
    ]
    assert names(cache) == ["a", "b", "c"]
    assert cache.usage().size == 1_800
    leases[1].close()
    assert cache.evict() == 600
    assert names(cache) == ["a", "c"]
    assert cache.clear() == 0
    for lease in leases:
        lease.close()
    assert cache.clear() == 1_200
    assert names(cache) == names(cache, "facts") == []


def test_one_entry_larger_than_the_limit(cache: Cache) -> None:
    with cache.fill("k", "", writing(b"x" * 5_000), hash_of(b"x" * 5_000)) as lease:
        assert lease.path.stat().st_size == 5_000
    put(cache, "l", b"y")
    assert names(cache) == ["l.bin"]


def test_folders(cache: Cache, tmp_path: Path) -> None:
    def unpack(path: Path) -> None:
        (path / "X" / "c").mkdir(parents=True)
        (path / "zarr.json").write_text("{}")
        (path / "X" / "c" / "0").write_bytes(b"x" * 700)

    with cache.fill("k", ".zarr", unpack) as lease:
        assert (lease.path / "X" / "c" / "0").read_bytes() == b"x" * 700
        with pytest.raises(PermissionError) if os.geteuid() else _nothing():
            (lease.path / "zarr.json").write_text("changed")
        (lease.path / "zarr.json").chmod(0o444)
    assert cache.usage().size >= 700
    (cache.folder / "entries" / "k.zarr" / "X" / "c" / "1").write_bytes(b"new")
    assert cache.get("k", ".zarr") is None
    assert names(cache) == []
    unpack(tmp_path / "staged")
    with cache.put_by_rename("k", ".zarr", tmp_path / "staged") as lease:
        cache.clear()
        assert (lease.path / "zarr.json").read_text() == "{}"
        (lease.path / "X" / "c" / "0").chmod(0o600)
        (lease.path / "X" / "c" / "0").write_bytes(b"!")
        with cache.fill("k", ".zarr", unpack) as again:
            assert (again.path / "X" / "c" / "0").read_bytes() == b"x" * 700
    put(cache, "big", b"x" * 999)
    assert names(cache) == ["big.bin"]


class _nothing:
    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


def test_a_full_disk_empties_the_cache_first(cache: Cache) -> None:
    put(cache, "old", b"old")
    calls = 0

    def produce(path: Path) -> None:
        nonlocal calls
        calls += 1
        path.write_bytes(b"half")
        if calls == 1:
            error = StorageError("No space left.")
            error.errno = errno.ENOSPC
            raise error
        path.write_bytes(b"data")

    cache.fill("k", "", produce, hash_of(b"data")).close()
    assert names(cache) == ["k"]
    calls = 0
    cache.clear()
    with pytest.raises(StorageError, match="No space"):
        cache.fill("l", "", produce, hash_of(b"data"))  # there was nothing to give up
    assert names(cache, "tmp") == []


FILLER = """
import sys, time
from pathlib import Path
from blake3 import blake3
from omicshelf.backend.store.cache import Cache
cache = Cache(Path(sys.argv[1]), int(sys.argv[2]))
made = 0
def produce(path):
    global made
    made += 1
    with path.open("wb") as file:
        for _ in range(10):
            file.write(data[: len(data) // 10])
            time.sleep(0.002)
for round_ in range(int(sys.argv[3])):
    key = f"k{round_ % 5}"
    data = key.encode() * 5000
    with cache.fill(key, ".bin", produce, blake3(data).hexdigest()) as lease:
        assert lease.path.read_bytes() == data
        time.sleep(0.001)
        assert lease.path.read_bytes() == data
print(made)
"""


def fillers(cache: Cache, n: int, limit: int, rounds: int) -> list[subprocess.Popen[str]]:
    arguments = [sys.executable, "-c", FILLER, str(cache.folder), str(limit), str(rounds)]
    return [
        subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(n)
    ]


def test_of_many_processes_one_fills(cache: Cache) -> None:
    results = [p.communicate() for p in fillers(cache, 4, 10**9, 20)]
    assert [error for _, error in results] == [""] * 4
    assert sum(int(made) for made, _ in results) == 5


def test_processes_that_evict_each_others_entries(cache: Cache) -> None:
    results = [p.communicate() for p in fillers(cache, 4, 12_000, 60)]
    assert [error for _, error in results] == [""] * 4
    assert sum(int(made) for made, _ in results) > 5
    assert cache.usage().size <= 30_000


def test_a_killed_filler_leaves_nothing_that_counts(cache: Cache) -> None:
    for delay in (0.15, 0.2, 0.25, 0.3, 0.4):
        (process,) = fillers(cache, 1, 10**9, 10_000)
        time.sleep(delay)
        process.kill()
        process.communicate()
    (process,) = fillers(cache, 1, 10**9, 10)
    _, error = process.communicate(timeout=60)
    assert error == ""
    for path in (cache.folder / "entries").iterdir():
        assert path.read_bytes() == path.stem.encode() * 5000
    old = time.time() - 2 * 24 * 3600
    left = cache.folder / "tmp" / "zz.bin.0123"
    left.write_bytes(b"half")
    os.utime(left, (old, old))
    cache.evict()
    assert not left.exists()


def test_many_threads_fill_once(cache: Cache) -> None:
    calls = []

    def produce(path: Path) -> None:
        calls.append(1)
        time.sleep(0.05)
        path.write_bytes(b"data")

    with ThreadPoolExecutor(8) as pool:
        leases = list(pool.map(lambda _: cache.fill("k", "", produce, hash_of(b"data")), range(8)))
    assert len(calls) == 1
    for lease in leases:
        lease.close()


@pytest.mark.parametrize("key", ["", "../x", "a/b", "a.b", ".x", "a b", "x" * 200])
def test_keys_are_checked(cache: Cache, key: str) -> None:
    with pytest.raises(Invalid, match="key"):
        cache.get(key)
    with pytest.raises(Invalid):
        cache.fill("k", "/../x", writing(b"x"), hash_of(b"x"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("20GB", 20 * 10**9), ("1.5 TB", 1_500 * 10**9), ("512MiB", 512 << 20), ("1000000", 10**6),
     ("7k", 7_000), (" 3 gib ", 3 << 30), ("12B", 12), ("0", 0)],
)  # fmt: skip
def test_sizes(text: str, expected: int) -> None:
    assert parse_size(text) == expected


@pytest.mark.parametrize("text", ["", "big", "-1", "1PB", "1iB", "GB", "1 2", "1e9", "nan"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(Invalid, match="20GB"):
        parse_size(text)


def test_the_limit_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMICSHELF_CACHE_SIZE", raising=False)
    total = shutil.disk_usage(tmp_path).total
    assert default_limit(tmp_path / "not" / "there") == min(20 * 10**9, total // 10)
    monkeypatch.setenv("OMICSHELF_CACHE_SIZE", "3 MB")
    assert Cache(tmp_path).limit == 3_000_000
    monkeypatch.setenv("OMICSHELF_CACHE_SIZE", "much")
    with pytest.raises(Invalid, match="much"):
        Cache(tmp_path)
