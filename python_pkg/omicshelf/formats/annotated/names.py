"""The names of cells and genes: their hashes, their kind and those that repeat."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omicshelf.formats.annotated.content import Strings, Values

__all__ = [
    "HASH_KEY",
    "Hashes",
    "Repeated",
    "all_differ",
    "count_different",
    "kind_of",
    "repeated",
    "sidecar",
]

HASH_KEY = "omicshelf-names1"  # 16 characters; a stored sidecar is only comparable to its like

_LOOKED_AT = 5000
_COMPARED = 4096
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
    found = Hashes(len(names))
    found.take(names)
    return found.sidecar()


class Hashes:
    """The hashes of the names of an axis, taken as the names come.

    Parameters
    ----------
    n
        How many names will come.
    """

    def __init__(self, n: int) -> None:
        self._hashes = np.empty(n, dtype="<u8")
        self._n = 0

    def take(self, block: NDArray[np.object_]) -> None:
        """Hash some more names."""
        self._hashes[self._n : self._n + len(block)] = _hashed(block)
        self._n += len(block)

    def sorted(self) -> NDArray[np.uint64]:
        """Give all in ascending order; nothing can be taken after that."""
        taken = self._hashes[: self._n]
        taken.sort()
        return taken

    def sidecar(self) -> bytes:
        """Give all in ascending order, as bytes."""
        return self.sorted().tobytes()


def _hashed(block: NDArray[np.object_]) -> NDArray[np.uint64]:
    from pandas.util import hash_array

    if not len(block):
        return np.zeros(0, dtype=np.uint64)
    try:
        return hash_array(block, encoding="utf8", hash_key=HASH_KEY, categorize=False)
    except UnicodeEncodeError:  # a lone surrogate
        encoded = np.empty(len(block), dtype=object)
        encoded[:] = [str(name).encode("utf-8", "surrogatepass") for name in block]
        return hash_array(encoded, encoding="utf8", hash_key=HASH_KEY, categorize=False)


@dataclass(frozen=True)
class Repeated:
    """The names that occur more than once.

    Attributes
    ----------
    n
        How many names do.
    surplus
        How many rows repeat the name of an earlier one.
    most
        How often the most frequent one occurs.
    first
        The first of them in alphabetical order.
    """

    n: int
    surplus: int
    most: int
    first: str


def repeated(names: Strings, hashes: bytes) -> Repeated | None:
    """Find the names that occur more than once; None where every name is another.

    They are told apart by their hashes: that two different ones among ten million names have
    the same hash happens once in 400,000 datasets.

    Parameters
    ----------
    hashes
        The sidecar of the names: where no two are equal, no name is looked at.
    """
    found = np.frombuffer(hashes, "<u8")
    twice = _twice(found)
    if not len(twice):
        return None
    counts = np.searchsorted(found, twice, side="right") - np.searchsorted(found, twice)
    first = min(_text(name) for block in names.blocks() for name in _among(block, twice))
    return Repeated(len(twice), int(counts.sum()) - len(twice), int(counts.max()), first)


def all_differ(texts: Strings) -> bool:
    """Say whether no text is missing and no two are equal; few are held at a time."""
    from pandas import isna

    found = Hashes(math.prod(texts.shape))
    for block in texts.blocks():
        if isna(block).any() or len(set(block.tolist())) < len(block):
            return False
        found.take(block)
    twice = _twice(found.sorted())
    # The same hash is not yet the same text; but one look at a few nearly always tells.
    for start in range(0, len(twice), _COMPARED):
        some = twice[start : start + _COMPARED]
        candidates = [text for block in texts.blocks() for text in _among(block, some)]
        if len(set(candidates)) < len(candidates):
            return False
    return True


def count_different(texts: Strings) -> tuple[int, int]:
    """Give how many different texts there are (told by their hashes), and how many are missing."""
    if texts.distinct:
        return math.prod(texts.shape), 0
    from pandas import isna

    found = Hashes(math.prod(texts.shape))
    n_missing = 0
    for block in texts.blocks():
        missing = isna(block)
        n_missing += int(missing.sum())
        found.take(block[~missing])
    hashes = found.sorted()
    return int((hashes[1:] != hashes[:-1]).sum()) + bool(len(hashes)), n_missing


def _twice(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Give the hashes that occur more than once, of sorted ones."""
    return np.unique(hashes[1:][hashes[1:] == hashes[:-1]])


def _among(block: NDArray[np.object_], hashes: NDArray[np.uint64]) -> list[Any]:
    """Give the texts of a block that have one of these hashes (sorted)."""
    found = _hashed(block)
    places = np.searchsorted(hashes, found)
    places[places == len(hashes)] = 0
    texts: list[Any] = block[hashes[places] == found].tolist()
    return texts


def _text(name: Any) -> str:
    return name.decode("utf-8", "surrogatepass") if isinstance(name, bytes) else str(name)


def kind_of(names: Values) -> str | None:
    """Judge what kind of gene names these are, from up to 5000 of them.

    Returns
    -------
    ``symbol``, ``ensembl``, ``ensembl_versioned``, ``entrez``, ``mixed`` (no kind makes up
    nine tenths), or None where they look like none of these.
    """
    step = max(1, int(names.shape[0]) // _LOOKED_AT)
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
