"""The kind of gene names, their duplicates and their hashes."""

from __future__ import annotations

import numpy as np
import pytest

from omicshelf.formats.annotated import content, names
from omicshelf.formats.annotated.content import Strings
from omicshelf.formats.annotated.names import (
    HASH_KEY,
    Hashes,
    Repeated,
    all_differ,
    count_different,
    kind_of,
    repeated,
    sidecar,
)

ENSEMBL = [f"ENSG{i:011d}" for i in range(7, 60, 5)]
SYMBOLS = ["TP53", "MT-CO1", "HLA-A", "RP11-34P13.7", "C1orf112", "Gapdh", "4732440D04Rik", "H2-K1"]


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (SYMBOLS, "symbol"),
        (ENSEMBL, "ensembl"),
        ([f"ENSMUSG{i:011d}" for i in (3, 9, 4)], "ensembl"),
        (["FBgn0000008", "FBgn0000014"], "ensembl"),
        ([f"{name}.{i % 9}" for i, name in enumerate(ENSEMBL)], "ensembl_versioned"),
        (["7157", "1956", "672"], "entrez"),
        ([*SYMBOLS, *ENSEMBL], "mixed"),
        ([*ENSEMBL, *ENSEMBL, "TP53"], "ensembl"),
        ([str(i) for i in range(50)], None),
        ([f"gene{i}" for i in range(50)], None),
        ([f"Gene_{i}" for i in range(1, 20_000)], None),
        (["chr1:100-200", "chr2:5-9"], None),
        ([], None),
    ],
)
def test_kind(names: list[str], kind: str | None) -> None:
    assert kind_of(np.array(names, dtype=object)) == kind


def texts(*values: str | bytes | None) -> Strings:
    objects = np.empty(len(values), dtype=object)
    objects[:] = values
    return Strings(objects)


def found_twice(names: Strings) -> Repeated | None:
    return repeated(names, sidecar(names.values))


@pytest.fixture
def in_small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names are looked at three at a time, and those with the same hash two at a time."""
    monkeypatch.setattr(content, "BLOCK_TEXTS", 3)
    monkeypatch.setattr(names, "_COMPARED", 2)


@pytest.mark.usefixtures("in_small_blocks")
def test_names_that_repeat() -> None:
    assert found_twice(texts("c", "b", "a", "c", "a", "x", "c")) == Repeated(2, 3, 3, "a")
    assert found_twice(texts("a", "b", "c", "d")) is None
    assert found_twice(texts()) is None
    assert found_twice(texts("é", "z", "y", "x", "é")) == Repeated(1, 1, 2, "é")


def test_hashes_of_blocks_are_those_of_all() -> None:
    names = np.array([f"cell{i % 70}é" for i in range(100)], dtype=object)
    found = Hashes(100)
    for start in (0, 33, 66):
        found.take(names[start : start + 33])
    found.take(np.array([name.encode() for name in names[99:]], dtype=object))  # as HDF5 has it
    assert found.sidecar() == sidecar(names)


def test_a_lone_surrogate_has_a_hash() -> None:
    names = np.array(["a", "\udc80"], dtype=object)
    encoded = np.array([b"a", "\udc80".encode("utf-8", "surrogatepass")], dtype=object)
    assert sidecar(names) == sidecar(encoded)


@pytest.mark.usefixtures("in_small_blocks")
@pytest.mark.parametrize(
    ("values", "differ", "counted"),
    [
        ((), True, (0, 0)),
        (("a",), True, (1, 0)),
        (tuple("abcdefgh"), True, (8, 0)),
        ((b"a", b"b", b"c", b"d"), True, (4, 0)),
        (("a", "a"), False, (1, 0)),
        (tuple("abcdea"), False, (5, 0)),  # of two blocks
        (tuple("abcdefabcdef"), False, (6, 0)),
        (("a", "b", "c", None), False, (3, 1)),
        ((None, None), False, (0, 2)),
    ],
)
def test_different_texts(
    values: tuple[str | bytes | None, ...], differ: bool, counted: tuple[int, int]
) -> None:
    assert all_differ(texts(*values)) is differ
    assert count_different(texts(*values)) == counted


@pytest.mark.usefixtures("in_small_blocks")
def test_the_same_hash_is_not_taken_for_the_same_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """The digest rests on this answer: every hash collides here, three by three."""
    monkeypatch.setattr(
        names,
        "_hashed",
        lambda block: np.array([ord(text) % 3 for text in block], dtype=np.uint64),
    )
    assert all_differ(texts(*"abcdefghijkl"))
    assert not all_differ(texts(*"abcdefghijka"))
    assert not all_differ(texts(*"abcdefghijkc"))


def test_sidecar_is_pinned() -> None:
    """Stored sidecars are compared with new ones: their hashes may never change."""
    assert HASH_KEY == "omicshelf-names1"
    found = np.frombuffer(sidecar(np.array(["TP53", "é", "TP53"], dtype=object)), dtype="<u8")
    assert found.tolist() == PINNED
    assert sidecar(np.zeros(0, dtype=object)) == b""


PINNED = [2869876500737818228, 2869876500737818228, 3858573771356331129]
