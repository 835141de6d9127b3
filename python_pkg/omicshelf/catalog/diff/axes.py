"""How the names of an axis, such as cells or genes, differ between two versions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["AxisChange", "compare_hashes", "compare_names", "known_hashes", "pair", "shared"]


@dataclass(frozen=True)
class AxisChange:
    """What happened to the names of one axis; names that repeat count each time.

    Attributes
    ----------
    was, now
        The number of names on either side.
    added, removed, kept
        None where the names themselves are not known, only how many there are.
    reordered
        Whether the shared names are in another order; None where it is not known.
    """

    was: int | None = None
    now: int | None = None
    added: int | None = None
    removed: int | None = None
    kept: int | None = None
    reordered: bool | None = None

    @property
    def relation(self) -> str:
        """One word: ``same``, ``reordered``, ``subset``, ``extended``, ``other``, ``unknown``."""
        if self.was is None and self.now is None:
            return "same"
        if self.added is None or self.removed is None:
            return "unknown"
        if not self.added and not self.removed:
            return "reordered" if self.reordered else "same"
        if not self.added:
            return "subset"
        return "other" if self.removed else "extended"

    def to_dict(self) -> dict[str, Any]:
        """Give the counts, JSON-able."""
        return {
            "was": self.was,
            "now": self.now,
            "added": self.added,
            "removed": self.removed,
            "kept": self.kept,
            "reordered": self.reordered,
        }


def known_hashes(stored: bytes | None, n: int | None) -> NDArray[np.uint64] | None:
    """Give a names sidecar as an array, or None where it does not tell all ``n`` names."""
    if stored is None or n is None or len(stored) != 8 * n:
        return None
    return np.frombuffer(stored, dtype="<u8")


def compare_hashes(
    was: int | None,
    now: int | None,
    order: tuple[str | None, str | None],
    old: NDArray[np.uint64] | None,
    new: NDArray[np.uint64] | None,
) -> AxisChange:
    """Compare an axis by hashes.

    Parameters
    ----------
    was, now
        The number of names on either side.
    order
        The hash of all names in their order, on either side, if it is known.
    old, new
        The sorted hashes of the names, if they are known.
    """
    in_order = None if None in order else order[0] == order[1]
    if in_order:
        return AxisChange(was, now, 0, 0, now, False)
    if old is None or new is None:
        return AxisChange(was, now)
    kept = shared(old, new)
    added, removed = len(new) - kept, len(old) - kept
    moved = None if in_order is None or added or removed else True
    return AxisChange(was, now, added, removed, kept, moved)


def shared(old: NDArray[np.uint64], new: NDArray[np.uint64]) -> int:
    """Count what two sorted arrays share; a value that repeats is shared as often as in both."""
    old_again, new_again = _repeats(old), _repeats(new)
    kept = len(_in_both(_left(old, ~old_again), _left(new, ~new_again)))
    if old_again.any() and new_again.any():
        repeated = _in_both(_once(old[old_again]), _once(new[new_again]))
        kept += int((np.minimum(_count(old, repeated), _count(new, repeated)) - 1).sum())
    return kept


def _repeats(values: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Mark the values that equal the one before them."""
    again = np.zeros(len(values), dtype=np.bool_)
    np.equal(values[1:], values[:-1], out=again[1:])
    return again


def _left(values: NDArray[np.uint64], keep: NDArray[np.bool_]) -> NDArray[np.uint64]:
    return values if keep.all() else values[keep]


def _once(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    return values[~_repeats(values)]


def _in_both(old: NDArray[np.uint64], new: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Give what two sorted arrays without repeats share."""
    both = np.concatenate((old, new))
    both.sort(kind="stable")  # a merge of two sorted runs
    shared: NDArray[np.uint64] = both[1:][both[1:] == both[:-1]]
    return shared


def _count(values: NDArray[np.uint64], wanted: NDArray[np.uint64]) -> NDArray[np.intp]:
    """Count how often each of ``wanted`` occurs in sorted ``values``."""
    first = np.searchsorted(values, wanted, side="left")
    return np.searchsorted(values, wanted, side="right") - first


def compare_names(old: Sequence[str], new: Sequence[str]) -> AxisChange:
    """Compare an axis by the names themselves."""
    at_old, _ = pair(old, new)
    kept = len(at_old)
    in_order = bool((np.diff(at_old) > 0).all())  # the other side's positions ascend
    return AxisChange(len(old), len(new), len(new) - kept, len(old) - kept, kept, not in_order)


def pair(old: Sequence[str], new: Sequence[str]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Find the shared names: their positions on either side, in the order of ``new``.

    A name that repeats is paired in the order in which it occurs: first with first.
    """
    import pandas as pd

    old_index: pd.Index[Any] = pd.Index(np.asarray(old, dtype=object))
    new_index: pd.Index[Any] = pd.Index(np.asarray(new, dtype=object))
    if old_index.equals(new_index):
        every = np.arange(len(old_index))
        return every, every
    if not (old_index.is_unique and new_index.is_unique):
        old_index, new_index = _numbered(old_index), _numbered(new_index)
    at_old = old_index.get_indexer(new_index)
    at_new = np.flatnonzero(at_old >= 0)
    return at_old[at_new], at_new


def _numbered(index: Any) -> Any:
    """Give each name with the number of times that it occurred before."""
    import pandas as pd

    names = index.to_series()
    return pd.MultiIndex.from_arrays([index, names.groupby(names, sort=False).cumcount()])
