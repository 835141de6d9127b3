from __future__ import annotations

import contextlib
import dataclasses
import errno
import itertools
import os
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omicshelf.backend.store import packs
from omicshelf.backend.store.chunks import DEFAULT, SMALL, ChunkParams, scan
from omicshelf.backend.store.manifest import BlobManifest, decode, encode, manifest_key
from omicshelf.backend.store.objectstore import LocalDirectory
from omicshelf.backend.store.packs import Ingested, ingest, plan
from omicshelf.backend.store.reader import BlobReader
from omicshelf.errors import IntegrityError, Invalid, MissingPath, StorageError

TINY = ChunkParams(average=256, minimum=64, maximum=1024)


def noise(n: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(n)


def words(n: int, seed: int = 1) -> bytes:
    chosen = random.Random(seed)
    return "".join(
        f"gene{chosen.randrange(20_000)}\t{chosen.random():.3f}\n" for _ in range(n)
    ).encode()


class Shelf:
    """A store, and the few lines that its owner would write around ingest."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = LocalDirectory(folder / "store", "s1")
        self.count = 0

    def add(
        self,
        data: bytes,
        known: Sequence[BlobManifest] = (),
        *,
        owned: bool = False,
        params: ChunkParams | None = TINY,
        dead_packs: Sequence[str] = (),
    ) -> Ingested:
        self.count += 1
        path = (self.store.staging() if owned else self.folder) / "data.csv"
        path.write_bytes(data)
        result = ingest(
            path, owned=owned, staging=self.store.staging(), known=known, params=params,
            blob_id=f"{self.count:04x}", suffix=".csv", dead_packs=dead_packs,
        )  # fmt: skip
        items: dict[str, Path | bytes] = {}
        if result.pack_file is not None:
            assert result.pack_key is not None
            assert result.pack_file.stat().st_size == result.added_bytes
            items[result.pack_key] = result.pack_file
        items[manifest_key(result.manifest.blob)] = encode(result.manifest)
        self.store.put_many(items)
        if not owned:
            assert path.read_bytes() == data
        return result

    def read(self, manifest: BlobManifest) -> bytes:
        with BlobReader(self.store, manifest) as reader:
            reader.verify()
            return reader.read_range(0, reader.size)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


@pytest.mark.parametrize("owned", [False, True])
@pytest.mark.parametrize("size", [1, 500, 100_000, 3_000_000])
def test_the_first_version_is_the_file_itself(shelf: Shelf, owned: bool, size: int) -> None:
    data = noise(size)
    result = shelf.add(data, owned=owned)
    assert result.plan.kind == "verbatim"
    assert result.added_bytes == size
    assert result.pack_key == result.manifest.verbatim == "objects/00/0001.csv"
    assert shelf.store.read_bytes(result.pack_key) == data
    assert shelf.read(result.manifest) == data
    assert list(shelf.store.staging().iterdir()) == []


def test_an_empty_file_needs_no_pack(shelf: Shelf) -> None:
    result = shelf.add(b"")
    assert (result.plan.kind, result.pack_file, result.added_bytes) == ("reuse", None, 0)
    assert shelf.read(result.manifest) == b""


@pytest.mark.parametrize("owned", [False, True])
def test_identical_content_costs_nothing(shelf: Shelf, owned: bool) -> None:
    data = noise(100_000)
    first = shelf.add(data)
    again = shelf.add(data, [first.manifest], owned=owned)
    assert (again.plan.kind, again.pack_file, again.pack_key) == ("reuse", None, None)
    assert again.added_bytes == again.plan.new_bytes == 0
    assert again.manifest.verbatim == first.pack_key
    assert shelf.read(again.manifest) == data


@pytest.mark.parametrize("owned", [False, True])
def test_a_small_edit_costs_its_chunks(shelf: Shelf, owned: bool) -> None:
    data = words(20_000)
    first = shelf.add(data)
    edited = data[:1000] + b"EDITED" + data[1000:300_000] + data[310_000:]
    second = shelf.add(edited, [first.manifest], owned=owned)
    assert second.plan.kind == "delta"
    assert second.pack_key == "objects/00/0002.delta"
    assert second.added_bytes < 0.02 * len(data)
    assert second.manifest.verbatim is None
    assert shelf.read(second.manifest) == edited
    left = {path.name for path in shelf.store.staging().iterdir()}
    assert left == ({"data.csv"} if owned else set())  # the caller may want it for its cache


def test_half_new_is_a_new_base(shelf: Shelf) -> None:
    data = noise(200_000)
    first = shelf.add(data)
    barely = shelf.add(data[:120_000] + noise(80_000, 2), [first.manifest])
    assert barely.plan.kind == "delta"
    mostly = shelf.add(data[:80_000] + noise(120_000, 3), [first.manifest])
    assert mostly.plan.kind == "verbatim"
    assert list(mostly.manifest.packs) == [mostly.pack_key]


def test_of_a_small_file_the_compressed_bytes_are_weighed(shelf: Shelf) -> None:
    known = [shelf.add(noise(100_000)).manifest]
    text = b"".join(b"%d,%d\n" % (i, i % 7) for i in range(20_000))  # all new, and compresses
    made = shelf.add(text, known)
    assert (made.plan.kind, made.plan.new_bytes) == ("delta", len(text))
    assert made.added_bytes < len(text) / 2
    assert list(made.manifest.packs) == [made.pack_key]  # it depends on no earlier version
    assert shelf.read(made.manifest) == text


def test_a_large_file_becomes_a_new_base_as_it_is(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packs, "SMALL_FILE", 50_000)
    known = [shelf.add(noise(100_000)).manifest]
    other = b"".join(b"%d,%d\n" % (i, i % 7) for i in range(20_000))
    assert shelf.add(other, known).plan.kind == "verbatim"


def test_a_version_is_cut_as_the_one_before_until_it_outgrows_that(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packs, "SMALL_FILE", 100_000)
    first = shelf.add(noise(90_000), params=None).manifest
    grown = shelf.add(noise(390_000), [first], params=None).manifest
    outgrown = shelf.add(noise(410_000), [grown], params=None).manifest
    shrunk = shelf.add(noise(50_000), [outgrown], params=None).manifest
    assert [m.params for m in (first, grown, outgrown, shrunk)] == [SMALL, SMALL, DEFAULT, DEFAULT]
    assert shelf.add(noise(110_000), params=None).manifest.params == DEFAULT


def test_repeated_content_is_kept_once(shelf: Shelf) -> None:
    data = noise(5000) * 40
    result = shelf.add(data)
    assert result.plan.kind == "delta"
    assert result.added_bytes < 3 * 5000
    assert shelf.read(result.manifest) == data


def test_what_zstd_does_not_help_is_kept_raw(shelf: Shelf) -> None:
    base = noise(100_000)
    first = shelf.add(base)
    second = shelf.add(base + noise(10_000, 5) + b"a" * 10_000, [first.manifest])
    assert second.plan.kind == "delta"
    new = second.manifest.extents[second.manifest.extents["pack"] == 1]
    assert set(new["codec"].tolist()) == {0, 1}
    assert (new["stored"] <= new["length"]).all()


def test_a_chain_of_versions_refers_to_all_their_packs(shelf: Shelf) -> None:
    data = bytearray(noise(100_000))
    manifests: list[BlobManifest] = []
    contents = []
    for step in range(8):
        if step:
            data[step * 10_000 : step * 10_000 + 100] = noise(100, step + 10)
        result = shelf.add(bytes(data), manifests[:3])
        manifests.insert(0, result.manifest)
        contents.insert(0, bytes(data))
    assert len(manifests[0].packs) == 8
    for manifest, content in zip(manifests, contents, strict=True):
        assert shelf.read(manifest) == content


def test_a_dead_pack_is_not_referred_to(shelf: Shelf) -> None:
    data = noise(100_000)
    first = shelf.add(data)
    second = shelf.add(data + noise(3000, 2), [first.manifest])
    assert second.pack_key is not None
    third = shelf.add(data + noise(3000, 2) + b"x", [second.manifest], dead_packs=[second.pack_key])
    assert second.pack_key not in third.manifest.packs
    assert first.pack_key in third.manifest.packs
    shelf.store.delete(second.pack_key)
    assert shelf.read(third.manifest) == data + noise(3000, 2) + b"x"
    fourth = shelf.add(data, [first.manifest], dead_packs=list(first.manifest.packs))
    assert fourth.plan.kind == "verbatim"


def test_versions_that_were_cut_otherwise_are_left_alone(shelf: Shelf) -> None:
    data = noise(100_000)
    first = shelf.add(data, params=ChunkParams(average=512, minimum=64, maximum=1024))
    assert shelf.add(data, [first.manifest]).plan.kind == "verbatim"


def test_the_newest_of_several_holders_is_preferred(shelf: Shelf) -> None:
    data = noise(50_000)
    first, second = shelf.add(data), shelf.add(data)
    third = shelf.add(data, [second.manifest, first.manifest])
    assert third.manifest.packs == second.manifest.packs


def test_a_hash_that_starts_alike_is_not_the_same(shelf: Shelf) -> None:
    data = noise(50_000)
    first = shelf.add(data)
    extents = first.manifest.extents.copy()
    extents["hash"][:, 8:] ^= 1
    impostor = dataclasses.replace(first.manifest, extents=extents)
    (shelf.folder / "again").write_bytes(data)
    found = scan(shelf.folder / "again", params=TINY)
    assert not plan(found, [impostor]).known.any()
    assert plan(found, [first.manifest]).known.all()


edits = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 3000), st.binary(max_size=3000)), max_size=5
)


@settings(deadline=None, max_examples=80)
@given(
    seed=st.integers(0, 5),
    size=st.integers(0, 60_000),
    steps=st.lists(edits, min_size=1, max_size=4),
    owned=st.booleans(),
    batch=st.sampled_from([1, 3, 64]),
)
def test_any_chain_of_edits_reads_back(
    tmp_path_factory: pytest.TempPathFactory,
    seed: int,
    size: int,
    steps: list[list[tuple[float, int, bytes]]],
    owned: bool,
    batch: int,
) -> None:
    shelf = Shelf(tmp_path_factory.mktemp("shelf"))
    data = noise(size, seed)
    kept: list[tuple[BlobManifest, bytes]] = [(shelf.add(data, owned=owned).manifest, data)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packs, "_BATCH", batch)
        for step in steps:
            for where, removed, inserted in step:
                at = int(where * len(data))
                data = data[:at] + inserted + data[at + removed :]
            result = shelf.add(data, [manifest for manifest, _ in kept], owned=owned)
            assert result.added_bytes <= len(data) + 8
            kept.insert(0, (result.manifest, data))
    for manifest, expected in kept:
        stored, _ = decode(shelf.store.read_bytes(manifest_key(manifest.blob)))
        assert shelf.read(stored) == expected
        with BlobReader(shelf.store, stored) as reader:
            reader.materialise(shelf.folder / "out")
        assert (shelf.folder / "out").read_bytes() == expected


def test_any_flipped_byte_of_a_pack_is_found(shelf: Shelf) -> None:
    data = words(2_000)
    first = shelf.add(data)
    edited = data[:9_000] + b"EDITED" + data[9_000:]
    second = shelf.add(edited, [first.manifest])
    chosen = random.Random(3)
    for key in second.manifest.packs:
        path = shelf.store.local_path(key)
        good = path.read_bytes()
        used = np.full(len(good), key.endswith(".delta"))
        for extent in second.manifest.extents:
            if list(second.manifest.packs)[extent["pack"]] == key:
                used[extent["offset"] : extent["offset"] + extent["stored"]] = True
        for at in chosen.sample(np.flatnonzero(used).tolist(), 150):
            bad = bytearray(good)
            bad[at] ^= 1 << chosen.randrange(8)
            path.chmod(0o600)
            path.write_bytes(bad)
            with BlobReader(shelf.store, second.manifest) as reader:
                with pytest.raises(IntegrityError, match=f"(?s)(0002.*{key}|{key}.*0002)"):
                    reader.verify()
                # Of a few bits of a compressed chunk the data does not depend.
                with contextlib.suppress(IntegrityError):
                    assert reader.read_range(0, reader.size) == edited
                with contextlib.suppress(IntegrityError):
                    reader.materialise(shelf.folder / "out")
                    assert (shelf.folder / "out").read_bytes() == edited
                    (shelf.folder / "out").unlink()
            assert not (shelf.folder / "out").exists()
        path.write_bytes(good)
    assert shelf.read(second.manifest) == edited


def test_a_flipped_byte_of_raw_data_never_comes_out(shelf: Shelf) -> None:
    data = noise(20_000)
    manifest = shelf.add(data).manifest
    path = shelf.store.local_path("objects/00/0001.csv")
    path.chmod(0o600)
    for at in range(0, len(data), 500):
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        with BlobReader(shelf.store, manifest) as reader:
            for call in (
                reader.verify,
                lambda: reader.materialise(shelf.folder / "out"),
                lambda: reader.read_range(at, 1),  # noqa: B023
                lambda: reader.open().read(),
            ):
                with pytest.raises(IntegrityError, match=r"(?s)0001.*objects/00/0001\.csv"):
                    call()


@pytest.mark.parametrize("owned", [False, True])
@pytest.mark.parametrize("kind", ["verbatim", "delta", "new base"])
def test_a_failing_disk_leaves_no_temporary_file(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, kind: str, owned: bool
) -> None:
    data = noise(100_000)
    known = [shelf.add(data).manifest] if kind != "verbatim" else []
    changed = {"verbatim": data, "delta": data + b"x" * 3000, "new base": noise(100_000, 9)}[kind]
    path = shelf.folder / "mine.csv"
    path.write_bytes(changed)
    for code in (errno.ENOSPC, errno.EIO):
        for nth in itertools.count():
            count, real = 0, os.write

            def fail(fd: int, part: bytes, nth=nth, real=real, code=code) -> int:
                nonlocal count
                count += 1
                if count > nth:
                    raise OSError(code, os.strerror(code))
                return real(fd, part[:5000])  # and stop short, as the system may

            with monkeypatch.context() as patch:
                patch.setattr(os, "write", fail)
                try:
                    result = ingest(
                        path, owned=owned, staging=shelf.store.staging(), known=known,
                        blob_id="ffff", params=TINY,
                    )  # fmt: skip
                    break
                except StorageError as error:
                    failure = error
            assert failure.errno == code
            assert list(shelf.store.staging().iterdir()) == []
        assert result.plan.kind == ("verbatim" if kind == "new base" else kind)
        if result.pack_file not in (None, path):
            assert result.pack_file is not None
            result.pack_file.unlink()
        assert path.read_bytes() == changed


def test_a_file_that_changes_between_the_passes_is_refused(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = noise(100_000)
    known = [shelf.add(data).manifest]
    path = shelf.folder / "mine.csv"
    real = packs.plan
    for content in (data + b"x" * 3000, noise(100_000, 9)):  # a delta, and a new base
        path.write_bytes(content)

        def interfere(*args, content=content, **kwargs):
            path.write_bytes(content[::-1])
            return real(*args, **kwargs)

        monkeypatch.setattr(packs, "plan", interfere)
        with pytest.raises(Invalid, match="changed while it was read"):
            ingest(
                path, owned=False, staging=shelf.store.staging(), known=known,
                blob_id="ffff", params=TINY,
            )  # fmt: skip
        assert list(shelf.store.staging().iterdir()) == []


def test_what_cannot_be_ingested(shelf: Shelf) -> None:
    staging = shelf.store.staging()
    with pytest.raises(MissingPath):
        ingest(shelf.folder / "none", owned=False, staging=staging, blob_id="abcd")
    with pytest.raises(Invalid):
        ingest(shelf.folder, owned=False, staging=staging, blob_id="abcd")
    (shelf.folder / "a").write_bytes(b"x")
    with pytest.raises(Invalid, match="ending"):
        ingest(shelf.folder / "a", owned=False, staging=staging, blob_id="abcd", suffix="/../x")
    with pytest.raises(Invalid, match="id of a blob"):
        ingest(shelf.folder / "a", owned=False, staging=staging, blob_id="../x")
    assert list(staging.iterdir()) == []


def test_progress_adds_up_to_the_file(shelf: Shelf) -> None:
    path = shelf.folder / "a"
    path.write_bytes(noise(9_000_000))
    seen: list[int] = []
    ingest(path, owned=False, staging=shelf.store.staging(), blob_id="abcd", progress=seen.append)
    assert sum(seen) == 9_000_000
