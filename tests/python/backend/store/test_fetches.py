"""Blobs from a store that answers requests: how many, in what order, and what if they fail."""

from __future__ import annotations

import dataclasses
import random
import threading
from itertools import pairwise
from pathlib import Path

import h5py
import numpy as np
import pytest
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st

from omicshelf.backend.store import reader
from omicshelf.backend.store.chunks import DEFAULT, ChunkParams
from omicshelf.backend.store.fetching import BLOCK, RANGE, fetches
from omicshelf.backend.store.manifest import EXTENT, BlobManifest
from omicshelf.backend.store.objectstore import LocalDirectory
from omicshelf.backend.store.packs import ingest
from omicshelf.backend.store.reader import BlobReader
from omicshelf.errors import IntegrityError, StorageError

BASE = np.random.default_rng(7).bytes(40 << 20)


class Requests(LocalDirectory):
    """A store whose objects are not local files; remembers the requests."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, "s1")
        self.asked: list[tuple[str, int, int]] = []
        self.at_once = self.most_at_once = 0
        self._guard = threading.Lock()

    def local_path(self, key: str) -> None:  # type: ignore[override]
        super().local_path(key)

    def read_bytes(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        with self._guard:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            self.asked.append((key, start, length or 0))
        try:
            return super().read_bytes(key, start, length)
        finally:
            with self._guard:
                self.at_once -= 1


def keep(
    store: Requests, folder: Path, *contents: bytes, params: ChunkParams = DEFAULT
) -> BlobManifest:
    """Keep versions one after another and give the manifest of the last."""
    known: list[BlobManifest] = []
    for number, data in enumerate(contents):
        (folder / "source").write_bytes(data)
        result = ingest(
            folder / "source", owned=False, staging=store.staging(), known=known,
            blob_id=f"ab{number:02x}", suffix=".bin", params=params,
        )  # fmt: skip
        assert result.pack_file is not None
        assert result.pack_key is not None
        store.put_file(result.pack_key, result.pack_file)
        known.insert(0, result.manifest)
    return known[0]


@pytest.fixture
def store(tmp_path: Path) -> Requests:
    return Requests(tmp_path / "store")


def edited(data: bytes, edits: int) -> bytes:
    """Change a few bytes in as many places."""
    changed = bytearray(data)
    places = random.Random(3)
    for _ in range(edits):
        at = places.randrange(len(changed) - 20)
        changed[at : at + 20] = places.randbytes(20)
    return bytes(changed)


def test_a_whole_file_comes_in_few_large_ranges(store: Requests, tmp_path: Path) -> None:
    with BlobReader(store, keep(store, tmp_path, BASE)) as blob:
        seen: list[int] = []
        assert blob.materialise(tmp_path / "out", seen.append) == blake3(BASE).hexdigest()
    assert (tmp_path / "out").read_bytes() == BASE
    assert sum(seen) == len(BASE)
    assert len(store.asked) <= len(BASE) // RANGE + 2
    assert max(length for _, _, length in store.asked) <= RANGE
    assert sum(length for _, _, length in store.asked) == len(BASE)


def test_a_scattered_delta_does_not_cost_a_request_a_chunk(store: Requests, tmp_path: Path) -> None:
    last = edited(BASE, 100)
    manifest = keep(store, tmp_path, BASE, last)
    assert len(manifest.packs) == 2
    with BlobReader(store, manifest) as blob:
        blob.materialise(tmp_path / "out")
        blob.verify()
    assert (tmp_path / "out").read_bytes() == last
    blocks = len(BASE) // RANGE + 1
    # Twice from both packs; and the delta pack once more, for its own hash.
    assert len(store.asked) <= 2 * 2 * (blocks + 1) + 3


def test_packs_that_follow_one_another(store: Requests, tmp_path: Path) -> None:
    """An upload in parts makes several raw packs of one file."""
    whole = keep(store, tmp_path, BASE)
    starts, extents = whole.starts, whole.extents.copy()
    bounds = [0, len(extents) // 5, len(extents) // 2, len(extents)]
    packs: dict[str, int] = {}
    for number, (first, last) in enumerate(pairwise(bounds)):
        data = BASE[starts[first] : starts[last]]
        packs[f"objects/cd/cd{number:02}.raw"] = len(data)
        store.put_bytes(f"objects/cd/cd{number:02}.raw", data)
        extents["pack"][first:last] = number
        extents["offset"][first:last] -= np.uint64(starts[first])
    manifest = dataclasses.replace(whole, packs=packs, extents=extents)
    with BlobReader(store, manifest) as blob:
        blob.materialise(tmp_path / "out")
        assert (
            blob.read_range(starts[bounds[1]] - 10, 20)
            == (BASE[starts[bounds[1]] - 10 : starts[bounds[1]] + 10])
        )
    assert (tmp_path / "out").read_bytes() == BASE


def test_ranges_are_fetched_at_the_same_time(
    store: Requests, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = keep(store, tmp_path, BASE)
    together = threading.Barrier(3, timeout=30)
    first = threading.local()
    plain = Requests.read_bytes

    def meet(self: Requests, key: str, start: int = 0, length: int | None = None) -> bytes:
        if not getattr(first, "met", False) and start < 3 * RANGE - (2 << 20):
            first.met = True
            together.wait()  # breaks, and fails the test, where one waits for the other
        return plain(self, key, start, length)

    monkeypatch.setattr(Requests, "read_bytes", meet)
    with BlobReader(store, manifest) as blob:
        blob.materialise(tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == BASE


def test_it_can_be_cancelled(store: Requests, tmp_path: Path) -> None:
    class Cancelled(Exception):
        pass

    def cancel(_n: int) -> None:
        raise Cancelled

    (tmp_path / "out").write_bytes(b"old")
    with BlobReader(store, keep(store, tmp_path, BASE)) as blob:
        with pytest.raises(Cancelled):
            blob.materialise(tmp_path / "out", cancel)
        assert store.at_once == 0  # nothing goes on behind the caller's back
        before = len(store.asked)
        assert before <= len(BASE) // RANGE + 2
    assert (tmp_path / "out").read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "source", "store"]


def test_a_failing_request_fails_the_whole(
    store: Requests, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = keep(store, tmp_path, BASE)
    plain = Requests.read_bytes

    def fail(self: Requests, key: str, start: int = 0, length: int | None = None) -> bytes:
        if start > 2 * RANGE:
            raise StorageError("The bucket does not answer.", "Wait.")
        return plain(self, key, start, length)

    monkeypatch.setattr(Requests, "read_bytes", fail)
    with BlobReader(store, manifest) as blob:
        with pytest.raises(StorageError, match="does not answer"):
            blob.materialise(tmp_path / "out")
        with pytest.raises(StorageError, match="does not answer"):
            blob.verify()
    assert not (tmp_path / "out").exists()


def test_a_changed_byte_is_found_in_a_file_of_many_ranges(store: Requests, tmp_path: Path) -> None:
    manifest = keep(store, tmp_path, BASE)
    path = store.root / next(iter(manifest.packs))
    path.chmod(0o600)
    with path.open("rb+") as file:
        file.seek(3 * RANGE + 5)
        file.write(bytes([BASE[3 * RANGE + 5] ^ 1]))
    with BlobReader(store, manifest) as blob:
        for read in (lambda: blob.materialise(tmp_path / "out"), blob.verify):
            with pytest.raises(IntegrityError, match="do not have the recorded hash"):
                read()
    assert not (tmp_path / "out").exists()


def test_small_reads_take_their_surroundings_with_them(store: Requests, tmp_path: Path) -> None:
    with BlobReader(store, keep(store, tmp_path, BASE)) as blob:
        for at in range(BLOCK * 8 + 1000, BLOCK * 9 - 1000, 1000):
            assert blob.read_range(at, 100) == BASE[at : at + 100]
    assert len(store.asked) <= 2  # a chunk lies over the edge


def test_an_array_in_hdf5_costs_a_handful_of_requests(store: Requests, tmp_path: Path) -> None:
    embedding = np.random.default_rng(1).normal(size=(20_000, 2)).astype("f4")
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["X"] = np.random.default_rng(2).normal(size=(2_000, 1_000))
        file["obsm/X_umap"] = embedding
        file["obs/cell"] = np.arange(20_000)
    manifest = keep(store, tmp_path, (tmp_path / "data.h5").read_bytes())
    with BlobReader(store, manifest) as blob, h5py.File(blob.open(), "r") as file:
        assert np.array_equal(file["obsm/X_umap"][:], embedding)
    assert len(store.asked) <= 8


@settings(deadline=None, max_examples=100)
@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 4 << 20), st.integers(1, 300_000))),
    st.data(),
)
def test_fetches_cover_every_chunk_once(
    places: list[tuple[int, int, int]], data: st.DataObject
) -> None:
    extents = np.zeros(len(places), EXTENT)
    for i, (pack, offset, stored) in enumerate(places):
        extents[i]["pack"], extents[i]["offset"], extents[i]["stored"] = pack, offset, stored
    first = data.draw(st.integers(0, len(places)))
    last = data.draw(st.integers(first, len(places)))
    seen = []
    for fetch in fetches(extents, first, last):
        assert fetch.stop - fetch.start <= RANGE
        for i, at, size in fetch.chunks:
            assert (fetch.pack, fetch.start + at, size) == places[i]
            assert at + size <= fetch.stop - fetch.start
            seen.append(i)
    assert sorted(seen) == list(range(first, last))


@pytest.mark.parametrize("size", [RANGE - 1, RANGE, RANGE + 1, 2 * RANGE - 1, 3 * RANGE + 1])
def test_buffers_are_not_used_twice_at_once(
    store: Requests, tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "LANES", 2)
    with BlobReader(store, keep(store, tmp_path, BASE[:size])) as blob:
        blob.materialise(tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == BASE[:size]
