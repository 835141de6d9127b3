"""The kind of gene names, their duplicates and their hashes."""

from __future__ import annotations

import numpy as np
import pytest

from omicshelf.formats.annotated.names import HASH_KEY, kind_of, repeated, sidecar

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


def test_duplicates_are_counted_beyond_the_first() -> None:
    names = np.array(["a", "b", "a", "c", "a", "c"], dtype=object)
    assert repeated(names, sidecar(names)) == {"a": 3, "c": 2}
    assert repeated(names[:2], sidecar(names[:2])) == {}


def test_sidecar_is_pinned() -> None:
    """Stored sidecars are compared with new ones: their hashes may never change."""
    assert HASH_KEY == "omicshelf-names1"
    found = np.frombuffer(sidecar(np.array(["TP53", "é", "TP53"], dtype=object)), dtype="<u8")
    assert found.tolist() == PINNED
    assert sidecar(np.zeros(0, dtype=object)) == b""


PINNED = [2869876500737818228, 2869876500737818228, 3858573771356331129]
