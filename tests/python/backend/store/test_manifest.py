from __future__ import annotations

import base64
import dataclasses
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omicshelf.backend.store.chunks import ChunkParams
from omicshelf.backend.store.manifest import (
    EXTENT,
    BlobManifest,
    decode,
    encode,
    manifest_key,
    object_key,
    pack_suffix,
)
from omicshelf.backend.store.sidecar import Sidecar
from omicshelf.errors import IntegrityError, Invalid, StorageError

FIXTURE = Path(__file__).parent / "manifest-v1.json"


def extents_of(lengths: list[int], pack: int = 0) -> np.ndarray:
    extents = np.zeros(len(lengths), EXTENT)
    extents["length"] = extents["stored"] = lengths
    extents["offset"] = np.cumsum([0, *lengths])[:-1]
    extents["hash"] = np.arange(32 * len(lengths), dtype=np.uint8).reshape(-1, 32)
    extents["pack"] = pack
    return extents


def sample() -> BlobManifest:
    extents = extents_of([10, 20, 30, 40])
    extents[1] = (1, 500, 15, 20, 1, bytes_of(7))
    extents[2] = (1, 8, 30, 30, 0, bytes_of(9))
    return BlobManifest(
        "3f0c7a", 100, "ab" * 32, {"objects/11/1111.h5ad": 100, "objects/3f/3f0c7a.delta": 515},
        extents, ChunkParams(average=1024), "cd" * 32, (b"12345678" * 3, b"abcdefgh"),
        {"objects/3f/3f0c7a.delta": "ef" * 32},
    )  # fmt: skip


def with_sidecar() -> BlobManifest:
    sidecar = Sidecar("objects/11/1111.names", 56, "12" * 32)
    return dataclasses.replace(sample(), names=None, sidecar=sidecar)


def bytes_of(value: int) -> np.ndarray:
    return np.full(32, value, np.uint8)


def assert_equal(a: BlobManifest, b: BlobManifest) -> None:
    assert (a.extents == b.extents).all()
    assert a.extents.dtype == b.extents.dtype
    for field in dataclasses.fields(BlobManifest):
        if field.name != "extents":
            assert getattr(a, field.name) == getattr(b, field.name), field.name


def test_what_goes_in_comes_out() -> None:
    records = [{"seq": 1, "metadata": {"tissue": "lung µm ✓", "n": 1.5, "none": None}}]
    manifest, found = decode(encode(sample(), records))
    assert_equal(manifest, sample())
    assert found == records


def test_names_in_an_object_of_their_own() -> None:
    manifest, found = decode(encode(with_sidecar(), [{"seq": 1}]))
    assert_equal(manifest, with_sidecar())
    assert found == [{"seq": 1}]
    both = dataclasses.replace(with_sidecar(), names=(b"12345678", b""))
    with pytest.raises(IntegrityError, match="names itself"):
        decode(encode(both))


def test_the_objects_that_a_blob_needs() -> None:
    assert sample().objects == sample().packs
    assert with_sidecar().objects == {**sample().packs, "objects/11/1111.names": 56}
    keys = {
        "objects/11/1111.names": "objects/22/2222.names",
        "objects/3f/3f0c7a.delta": "objects/33/3333.delta",
    }
    moved = with_sidecar().moved("4444", keys)
    assert moved.blob == "4444"
    assert moved.objects == {
        "objects/11/1111.h5ad": 100, "objects/33/3333.delta": 515, "objects/22/2222.names": 56,
    }  # fmt: skip
    assert moved.pack_hashes == {"objects/33/3333.delta": "ef" * 32}
    assert sample().moved("4444", keys).sidecar is None


def test_an_empty_file() -> None:
    manifest, records = decode(encode(BlobManifest("00ff", 0, "ab" * 32)))
    assert (manifest.size, len(manifest.extents), manifest.packs, records) == (0, 0, {}, [])
    assert manifest.verbatim is None


@settings(deadline=None, max_examples=100)
@given(data=st.data())
def test_any_extents(data: st.DataObject) -> None:
    n = data.draw(st.integers(0, 30))
    extents = np.zeros(n, EXTENT)
    for extent in extents:
        length = data.draw(st.integers(1, 2**32 - 1))
        codec = data.draw(st.integers(0, 1))
        extent["length"] = length
        extent["stored"] = length if codec == 0 else data.draw(st.integers(1, length))
        extent["codec"] = codec
        extent["offset"] = data.draw(st.integers(0, 2**40))
        extent["pack"] = data.draw(st.integers(0, 2))
        extent["hash"] = np.frombuffer(data.draw(st.binary(min_size=32, max_size=32)), np.uint8)
    manifest = BlobManifest(
        "abcd", int(extents["length"].sum()), "00" * 32,
        {"o/1": 2**41, "o/2": 2**41, "o/3": 2**41}, extents,
    )  # fmt: skip
    encoded = encode(manifest, [{"a": data.draw(st.text())}])
    assert encoded == encode(manifest, [{"a": json.loads(json.dumps(decode(encoded)[1][0]["a"]))}])
    assert_equal(decode(encoded)[0], manifest)


def test_every_flipped_byte_is_found() -> None:
    good = encode(sample(), [{"seq": 1}])
    for at in range(len(good)):
        for flip in (0x01, 0x80, 0xFF):
            bad = good[:at] + bytes([good[at] ^ flip]) + good[at + 1 :]
            with pytest.raises(IntegrityError, match=r"objects/3f/x\.manifest"):
                decode(bad, "objects/3f/x.manifest")


def test_every_cut_is_found() -> None:
    good = encode(sample())
    for length in range(len(good)):
        with pytest.raises(IntegrityError):
            decode(good[:length])
    with pytest.raises(IntegrityError):
        decode(good + b"\0")


def resealed(change: dict[str, Any], extents: np.ndarray | None = None) -> bytes:
    manifest = sample()
    if extents is not None:
        change = {**change, "extents": extents}
    return encode(dataclasses.replace(manifest, **change))


def test_a_manifest_that_makes_no_sense_is_refused() -> None:
    # The seal is right, so that only the checks of the content can find these.
    past_end, unknown_pack, unknown_codec = (sample().extents.copy() for _ in range(3))
    past_end["offset"][3] = 61
    unknown_pack["pack"][0] = 2
    unknown_codec["codec"][0] = 2
    for data, why in (
        (resealed({"size": 99}), "add up"),
        (resealed({}, past_end), "past the end"),
        (resealed({}, unknown_pack), "not listed"),
        (resealed({}, unknown_codec), "does not know"),
    ):
        with pytest.raises(IntegrityError, match=why):
            decode(data)


def test_a_newer_format_names_the_remedy() -> None:
    from blake3 import blake3

    data = bytearray(encode(sample())[:-32])
    data[4] = 2
    data += blake3(bytes(data)).digest()
    with pytest.raises(StorageError, match=r"(?s)format 2.*pip install --upgrade"):
        decode(bytes(data))


def test_an_entry_of_a_newer_release_is_not_read_by_halves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from omicshelf.backend.store import manifest

    data = encode(with_sidecar())
    monkeypatch.setattr(manifest, "_HEAD", manifest._HEAD - {"sidecar"})
    with pytest.raises(StorageError, match=r"(?s)'sidecar'.*pip install --upgrade"):
        decode(data)


def test_records_that_json_cannot_hold() -> None:
    for value in (float("nan"), object(), {1, 2}, "\ud800"):
        with pytest.raises(Invalid, match="JSON"):
            encode(sample(), [{"value": value}])


def test_version_1_stays_readable() -> None:
    fixture = json.loads(FIXTURE.read_text())
    manifest, records = decode(base64.b64decode(fixture["bytes"]))
    assert_equal(manifest, sample())
    assert records == fixture["records"]


def test_a_large_manifest_is_small_and_quick() -> None:
    rng = np.random.default_rng(1)
    lengths = rng.integers(16_384, 150_000, 16_000)
    extents = extents_of(lengths.tolist())
    extents["hash"] = rng.integers(0, 256, (16_000, 32), np.uint8)
    size = int(lengths.sum())
    manifest = BlobManifest("abcd", size, "00" * 32, {"objects/ab/abcd.h5ad": size}, extents)
    encoded = encode(manifest)
    assert len(encoded) < 1_000_000
    # Compared with what nothing could avoid: hashing as many bytes and copying them.
    took = min(timed(lambda: decode(encoded)) for _ in range(5))
    assert took < 0.1, "this bar is wide for a busy machine; it takes about 3 ms"


def timed(call: Any) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def test_verbatim_is_said_only_of_the_whole_file_in_place() -> None:
    whole = BlobManifest("abcd", 60, "00" * 32, {"o/ab/abcd.csv": 60}, extents_of([10, 20, 30]))
    assert whole.verbatim == "o/ab/abcd.csv"
    start_of_longer = BlobManifest("abcd", 30, "00" * 32, {"o/x": 60}, extents_of([10, 20]))
    assert start_of_longer.verbatim is None
    swapped = extents_of([10, 10])
    swapped["offset"] = [10, 0]
    assert BlobManifest("abcd", 20, "00" * 32, {"o/x": 20}, swapped).verbatim is None
    assert sample().verbatim is None


def test_keys_of_one_blob_share_a_folder() -> None:
    assert object_key("3f0c7a", ".h5ad") == "objects/3f/3f0c7a.h5ad"
    assert manifest_key("3f0c7a") == "objects/3f/3f0c7a.manifest"
    assert object_key("3f0c7a", "") == "objects/3f/3f0c7a"
    assert object_key("3f0c7a", ".vcf.gz") == "objects/3f/3f0c7a.vcf.gz"


def test_no_file_of_a_user_looks_like_an_object_of_ours() -> None:
    assert pack_suffix(".h5ad") == ".h5ad"
    assert pack_suffix("") == ""
    assert pack_suffix(".delta") == ".delta"
    for suffix in (".manifest", ".record", ".names", ".Names", ".MANIFEST", ".a.b.c.names"):
        assert pack_suffix(suffix) == ".file"
    assert object_key("3f0c7a", ".file") == "objects/3f/3f0c7a.file"


@pytest.mark.parametrize(
    ("blob", "suffix"),
    [("", ""), ("../x", ""), ("AB12", ""), ("abcd", "h5ad"), ("abcd", "./x"), ("abcd", ".a b"),
     ("abcd", "." + "x" * 90), ("ab/cd", ""), ("abcd", "..")],
)  # fmt: skip
def test_ids_and_suffixes_are_checked(blob: str, suffix: str) -> None:
    with pytest.raises(Invalid):
        object_key(blob, suffix)
