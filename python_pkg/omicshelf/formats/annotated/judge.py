"""What the values of a matrix look like: counts, log-normalised, scaled …

A judgement is made from the values alone, never from a name: all of them where they are few,
else those of rows in evenly spaced blocks, the same ones in memory as in the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from omicshelf.formats.annotated.content import Array, Node, Sparse
from omicshelf.formats.annotated.distribution import histogram

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Judgement", "judge"]

_BUDGET = 500_000  # values that are looked at
_BLOCKS = 16
_FIRST_ROWS = 32
_PIECE = 1 << 16  # values
_CONSTANT = 1e-3  # relative; single precision keeps the sum of a row to about 1e-5
_LOG_LIMIT = 15.0  # log1p of a million is 13.8


@dataclass(frozen=True)
class Judgement:
    """What a matrix looks like.

    ``whole`` says that all values are whole and not negative, and some are not zero;
    ``target_sum`` is the sum to which every row was normalised, where it is constant;
    ``basis`` says what was looked at; ``low``, ``high`` and ``histogram`` are of the finite
    values among that, of a sparse matrix the stored ones.
    """

    looks_like: str | None
    whole: bool = False
    target_sum: float | None = None
    basis: str = "all values"
    low: float | None = None
    high: float | None = None
    histogram: list[int] | None = None


def judge(node: Node) -> Judgement | None:
    """Judge a matrix; None where ``node`` is no matrix of numbers."""
    if not isinstance(node, (Array, Sparse)) or node.dtype.kind not in "biuf":
        return None
    if len(node.shape) != 2:
        return None
    if not min(node.shape) or (isinstance(node, Sparse) and not node.nnz):
        return Judgement("empty")
    ranges, basis = _ranges(node)
    parts = list(_parts(node, ranges))
    sums = _RowSums(parts, by_rows=not isinstance(node, Sparse) or node.layout == "csr")
    looked_at = [values for values, _ in parts]
    seen = _seen(looked_at)
    judgement = _judged(seen, sums, basis)
    if not seen.n or seen.kind == "b":
        return judgement
    bins = histogram(_pieces(looked_at), seen.low, seen.high, whole=seen.whole)
    return replace(judgement, low=seen.low, high=seen.high, histogram=bins)


def _pieces(parts: list[NDArray[Any]]) -> Iterator[NDArray[Any]]:
    """Split values: large arrays in between cost more than the looking."""
    for part in parts:
        flat = part.reshape(-1)
        for start in range(0, len(flat), _PIECE):
            yield flat[start : start + _PIECE]


def _ranges(node: Array | Sparse) -> tuple[list[tuple[int, int]], str]:
    """Give the row ranges to look at (of columns in CSC) and what to call them."""
    by_columns = isinstance(node, Sparse) and node.layout == "csc"
    n_major = node.shape[1 if by_columns else 0]
    stored = node.nnz if isinstance(node, Sparse) else node.shape[0] * node.shape[1]
    budget = max(_BLOCKS, int(_BUDGET / max(1.0, stored / n_major)))
    if n_major <= budget:
        return [(0, n_major)], "all values"
    size = budget // _BLOCKS
    starts = np.linspace(0, n_major - size, _BLOCKS).astype(np.int64)
    what = "columns" if by_columns else "rows"
    basis = f"{size * _BLOCKS:,} of {n_major:,} {what}, in {_BLOCKS} evenly spaced blocks"
    return [(int(start), int(start) + size) for start in starts], basis


def _parts(
    node: Array | Sparse, ranges: list[tuple[int, int]]
) -> Iterator[tuple[NDArray[Any], NDArray[np.int64] | None]]:
    """Give the values of each range, and for a sparse matrix where each row begins in them."""
    for start, stop in ranges:
        if isinstance(node, Sparse):
            pointers = node.indptr[start : stop + 1]
            yield node.values(start, stop), pointers - pointers[0]
        else:
            yield node.rows(start, stop), None


class _RowSums:
    """Sums over the rows that were looked at, of the values or of a function of them."""

    def __init__(
        self, parts: list[tuple[NDArray[Any], NDArray[np.int64] | None]], *, by_rows: bool
    ) -> None:
        self.parts = parts if by_rows else []

    def constant(self, *, undo_log: bool) -> float | None:
        """Give the sum that every non-empty row has, or None if they differ or are few."""
        sums: list[NDArray[np.float64]] = []
        for values, pointers in self._looks():
            found = _sums(values, pointers, undo_log)
            sums.append(found[found != 0])
            if _differ(sums[-1]):  # most data tell so in the first rows
                return None
        found = np.concatenate(sums) if sums else np.zeros(0)
        if len(found) < 3:
            return None
        middle = float(np.median(found))
        if not np.isfinite(middle) or np.abs(found - middle).max() > _CONSTANT * abs(middle):
            return None
        return float(f"{middle:.4g}")

    def _looks(self) -> Iterator[tuple[NDArray[Any], NDArray[np.int64] | None]]:
        """Give the parts, a few rows of each before the others of it."""
        for values, pointers in self.parts:
            if pointers is None:
                yield values[:_FIRST_ROWS], None
                yield values[_FIRST_ROWS:], None
            else:
                yield values, pointers[: _FIRST_ROWS + 1]
                yield values, pointers[_FIRST_ROWS:]


def _sums(
    values: NDArray[Any], pointers: NDArray[np.int64] | None, undo_log: bool
) -> NDArray[np.float64]:
    """Sum each row; rows of a sparse matrix that hold nothing are left out."""
    if pointers is not None:
        filled = np.flatnonzero(np.diff(pointers))
        if not len(filled):
            return np.zeros(0)
        first, last = int(pointers[0]), int(pointers[-1])
        values, starts = values[first:last], pointers[filled] - first
    if undo_log:
        # In single precision a sum is right to 1e-5 of itself, a hundredth of what is asked;
        # in half precision a large value would overflow.
        values = np.expm1(values, dtype=np.promote_types(values.dtype, np.float32))
    if pointers is None:
        sums: NDArray[np.float64] = values.sum(axis=1, dtype=np.float64)
    else:
        sums = np.add.reduceat(values, starts, dtype=np.float64)
    return sums


def _differ(sums: NDArray[np.float64]) -> bool:
    """Say whether no middle can be within the tolerance of all of these."""
    if not len(sums):
        return False
    low, high = float(sums.min()), float(sums.max())
    return high - low > 2 * _CONSTANT * max(abs(low), abs(high))


@dataclass
class _Seen:
    """What all values have in common."""

    kind: str
    n: int = 0
    finite: bool = True
    low: float = np.inf
    high: float = -np.inf
    whole: bool = True


def _seen(parts: list[NDArray[Any]]) -> _Seen:
    seen = _Seen(parts[0].dtype.kind)
    for piece in _pieces(parts):
        if seen.kind == "f" and not np.isfinite([piece.min(), piece.max()]).all():
            seen.finite, piece = False, piece[np.isfinite(piece)]
            if not len(piece):
                continue
        seen.n += len(piece)
        seen.low = min(seen.low, float(piece.min()))
        seen.high = max(seen.high, float(piece.max()))
        if seen.kind == "f" and seen.whole:
            seen.whole = bool((piece == np.rint(piece)).all())
    return seen


def _judged(seen: _Seen, sums: _RowSums, basis: str) -> Judgement:
    low, high, whole = seen.low, seen.high, seen.whole
    if seen.kind == "b":
        return Judgement("binary" if seen.n and high else "empty", basis=basis)
    if not seen.finite:
        sums = _RowSums([], by_rows=False)
    if not seen.n:
        return Judgement(None, basis=basis)
    if low == high == 0:
        return Judgement("empty", basis=basis)
    if low < 0:
        return Judgement(None if whole else "scaled", basis=basis)
    if whole:
        return Judgement("binary" if high == 1 else "counts", whole=True, basis=basis)
    if high <= _LOG_LIMIT:
        # Whatever was logged is told by its own row sums; a subset of genes has none.
        target = sums.constant(undo_log=True)
        plain = None if target else sums.constant(undo_log=False)
        if plain:
            return Judgement("normalised", target_sum=plain, basis=basis)
        return Judgement("log-normalised", target_sum=target, basis=basis)
    return Judgement("normalised", target_sum=sums.constant(undo_log=False), basis=basis)
