"""The names of cells and genes: their hashes, their kind and their duplicates."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["HASH_KEY", "kind_of", "n_duplicates", "sidecar"]

HASH_KEY = "omicshelf-names1"  # 16 characters; a stored sidecar is only comparable to its like

_LOOKED_AT = 5000
_MAJORITY = 0.9

# Ensembl's stable ids of any species (https://www.ensembl.org/info/genome/stable_ids), and
# the ids that it takes over from FlyBase and WormBase.
_ENSEMBL = re.compile(r"ENS[A-Z]{0,6}[GTP]\d{11}|FBgn\d{7}|WBGene\d{8}")
_VERSIONED = re.compile(r"ENS[A-Z]{0,6}[GTP]\d{11}\.\d+")
_ENTREZ = re.compile(r"[1-9]\d*")
_SYMBOL = re.compile(r"[A-Za-z0-9][A-Za-z0-9.\-_@/()*' ]*")
_NUMBERED = re.compile(r"([A-Za-z_.\- ]*)(\d+)")


def sidecar(names: NDArray[np.object_]) -> bytes:
    """Give the sorted 64-bit hashes of ``names`` as little-endian bytes.

    The hash is pandas' keyed SipHash of the UTF-8 of a name.
    """
    from pandas.util import hash_array

    if not len(names):
        return b""
    hashes = hash_array(names, encoding="utf8", hash_key=HASH_KEY, categorize=False)
    return np.sort(hashes).astype("<u8", copy=False).tobytes()


def n_duplicates(names: NDArray[np.object_]) -> int:
    """Count the names that repeat an earlier one."""
    return len(names) - len(set(names.tolist()))


def kind_of(names: NDArray[np.object_]) -> str | None:
    """Judge what kind of gene names these are, from up to 5000 of them.

    Returns
    -------
    ``symbol``, ``ensembl``, ``ensembl_versioned``, ``entrez``, ``mixed`` (no kind makes up
    nine tenths), or None where they look like none of these.
    """
    step = max(1, len(names) // _LOOKED_AT)
    looked_at = [str(name) for name in names[::step]]
    if not looked_at or _is_numbering(looked_at, step):
        return None
    counts: dict[str, int] = {}
    for name in looked_at:
        kind = _kind(name)
        counts[kind] = counts.get(kind, 0) + 1
    kind, most = max(counts.items(), key=lambda entry: entry[1])
    if most >= _MAJORITY * len(looked_at):
        return kind if kind != "other" else None
    known = sum(count for kind, count in counts.items() if kind != "other")
    return "mixed" if known >= _MAJORITY * len(looked_at) else None


def _kind(name: str) -> str:
    for kind, pattern in (
        ("ensembl", _ENSEMBL),
        ("ensembl_versioned", _VERSIONED),
        ("entrez", _ENTREZ),
    ):
        if pattern.fullmatch(name):
            return kind
    has_letter = any(character.isalpha() for character in name)
    return "symbol" if has_letter and _SYMBOL.fullmatch(name) else "other"


def _is_numbering(names: list[str], step: int) -> bool:
    """Say whether the names only count: ``0, 1, 2`` or ``gene0, gene1, gene2``."""
    first = _NUMBERED.fullmatch(names[0])
    if first is None:
        return False
    prefix, start = first.groups()
    return all(name == f"{prefix}{int(start) + i * step}" for i, name in enumerate(names))
