"""The names of cells and genes: their hashes, their kind and those that repeat."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["HASH_KEY", "kind_of", "repeated", "sidecar"]

HASH_KEY = "omicshelf-names1"  # 16 characters; a stored sidecar is only comparable to its like

_LOOKED_AT = 5000
_MAJORITY = 0.9

# Ensembl's stable ids of any species (https://www.ensembl.org/info/genome/stable_ids), and
# the ids that it takes over from FlyBase and WormBase. One pattern: it is asked of each name.
_KIND = re.compile(
    r"(?P<ensembl>ENS[A-Z]{0,6}[GTP]\d{11}|FBgn\d{7}|WBGene\d{8})"
    r"|(?P<ensembl_versioned>ENS[A-Z]{0,6}[GTP]\d{11}\.\d+)"
    r"|(?P<entrez>[1-9]\d*)"
    r"|(?P<symbol>(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9][A-Za-z0-9.\-_@/()*' ]*)"
)
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


def repeated(names: NDArray[np.object_], hashes: bytes) -> dict[str, int]:
    """Give the names that occur more than once, with how often they do.

    ``hashes`` is their :func:`sidecar`: where no two are equal, nothing is counted.
    """
    found = np.frombuffer(hashes, "<u8")
    if not (found[1:] == found[:-1]).any():
        return {}
    return {name: n for name, n in Counter(names.tolist()).items() if n > 1}


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
    found = map(_KIND.fullmatch, looked_at)
    counts = Counter("other" if one is None else str(one.lastgroup) for one in found)
    kind, most = max(counts.items(), key=lambda entry: entry[1])
    if most >= _MAJORITY * len(looked_at):
        return kind if kind != "other" else None
    known = sum(count for kind, count in counts.items() if kind != "other")
    return "mixed" if known >= _MAJORITY * len(looked_at) else None


def _is_numbering(names: list[str], step: int) -> bool:
    """Say whether the names only count: ``0, 1, 2`` or ``gene0, gene1, gene2``."""
    first = _NUMBERED.fullmatch(names[0])
    if first is None:
        return False
    prefix, start = first.groups()
    return all(name == f"{prefix}{int(start) + i * step}" for i, name in enumerate(names))
