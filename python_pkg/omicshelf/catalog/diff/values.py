"""Counting the entries in which two arrays, matrices or columns differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from omicshelf.catalog.diff.elements import Compared

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["differing"]

_BLOCK_ENTRIES = 1 << 22  # of a dense matrix that are compared at a time

Positions = tuple["NDArray[np.intp]", "NDArray[np.intp]"]


def differing(a: Any, b: Any, pairs: Sequence[Positions]) -> Compared | None:
    """Compare two arrays, sparse matrices, columns or data frames entry by entry.

    Parameters
    ----------
    a, b
        Of the same kind of shape; dense and sparse may be mixed.
    pairs
        For each axis from the first on, the positions in ``a`` and in ``b`` of what is
        compared with each other. Further axes are compared whole.

    Returns
    -------
    Compared
        Two missing values count as equal, and so do equal numbers of other types; None if
        the further axes do not fit or the class of a value is not known.
    """
    import pandas as pd
    from scipy import sparse

    if isinstance(a, pd.Series) and isinstance(b, pd.Series):
        (at_a, at_b), *_ = pairs
        return _columns(a.iloc[at_a], b.iloc[at_b])
    if isinstance(a, pd.DataFrame) and isinstance(b, pd.DataFrame):
        return _frames(a, b, pairs)
    if any(not sparse.issparse(m) and not isinstance(m, np.ndarray) for m in (a, b)):
        return None
    n_named = len(pairs)
    if a.ndim != b.ndim or a.ndim < n_named or a.shape[n_named:] != b.shape[n_named:]:
        return None
    if sparse.issparse(a) and sparse.issparse(b):
        return _total(_sparse_block(x, y) for x, y in _blocks(a.tocsr(), b.tocsr(), pairs))
    return _total(
        _dense_block(_dense(x), _dense(y)) for x, y in _blocks(_by_rows(a), _by_rows(b), pairs)
    )


def _by_rows(matrix: Any) -> Any:
    return matrix if isinstance(matrix, np.ndarray) else matrix.tocsr()


def _dense(block: Any) -> NDArray[Any]:
    dense: NDArray[Any] = block if isinstance(block, np.ndarray) else block.toarray()
    return dense


def _blocks(a: Any, b: Any, pairs: Sequence[Positions]) -> Iterator[tuple[Any, Any]]:
    """Give the rows that are compared, some at a time, with only the columns that are."""
    at_a, at_b = pairs[0]
    width = int(np.prod(a.shape[1:], dtype=np.int64))
    step = max(1, _BLOCK_ENTRIES // max(1, width))
    for start in range(0, len(at_a), step):
        x, y = a[at_a[start : start + step]], b[at_b[start : start + step]]
        if len(pairs) > 1:
            x, y = _picked(x, pairs[1][0]), _picked(y, pairs[1][1])
        yield x, y


def _picked(block: Any, columns: NDArray[np.intp]) -> Any:
    everything = len(columns) == block.shape[1] and bool((np.diff(columns) == 1).all())
    return block if everything else block[:, columns]


def _total(found: Iterator[Compared]) -> Compared:
    n = n_differ = 0
    largest: float | None = None
    for one in found:
        n, n_differ = n + one.n, n_differ + one.n_differ
        if one.largest is not None:
            largest = max(largest or 0.0, one.largest)
    return Compared(n, n_differ, largest if n_differ else None)


def _dense_block(x: NDArray[Any], y: NDArray[Any]) -> Compared:
    if x.dtype.kind not in "biufc" or y.dtype.kind not in "biufc":
        return _objects(x.astype(object), y.astype(object))
    other = x != y
    if x.dtype.kind in "fc" and y.dtype.kind in "fc":
        other &= ~(np.isnan(x) & np.isnan(y))
    n_differ = int(np.count_nonzero(other))
    return Compared(x.size, n_differ, _largest(x[other], y[other]) if n_differ else None)


def _largest(x: NDArray[Any], y: NDArray[Any]) -> float | None:
    """Give the largest absolute difference; None if none is finite."""
    wide = np.complex128 if "c" in (x.dtype.kind, y.dtype.kind) else np.float64
    with np.errstate(all="ignore"):
        steps = np.abs(x.astype(wide) - y.astype(wide))
    steps = steps[np.isfinite(steps)]
    return float(steps.max()) if steps.size else None


def _sparse_block(x: Any, y: Any) -> Compared:
    n = int(x.shape[0]) * int(x.shape[1])
    x, y = _canonical(x), _canonical(y)
    if _same_places(x, y):
        # Entries that neither has are equal.
        found = _dense_block(x.data, y.data)
        return Compared(n, found.n_differ, found.largest)
    rows, columns = (x != y).nonzero()
    values = [np.asarray(_dense(m[rows, columns])).ravel() for m in (x, y)]
    found = _dense_block(values[0], values[1])  # two NaN are told as different by scipy
    return Compared(n, found.n_differ, found.largest)


def _canonical(matrix: Any) -> Any:
    if matrix.has_canonical_format:
        return matrix
    matrix = matrix.copy()
    matrix.sum_duplicates()
    return matrix


def _same_places(x: Any, y: Any) -> bool:
    return np.array_equal(x.indptr, y.indptr) and np.array_equal(x.indices, y.indices)


def _columns(a: Any, b: Any) -> Compared:
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    if all(is_numeric_dtype(s.dtype) and not is_bool_dtype(s.dtype) for s in (a, b)):
        missing = [s.isna().to_numpy(dtype=bool) for s in (a, b)]
        there = ~(missing[0] | missing[1])
        x, y = (s[there].to_numpy() for s in (a, b))
        found = _dense_block(_plain(x), _plain(y))
        one_missing = int((missing[0] != missing[1]).sum())
        return Compared(len(a), found.n_differ + one_missing, found.largest)
    return _objects(a.to_numpy(dtype=object), b.to_numpy(dtype=object))


def _plain(values: Any) -> NDArray[Any]:
    array = np.asarray(values)
    return array if array.dtype.kind in "iufc" else array.astype(np.float64)


def _objects(x: NDArray[np.object_], y: NDArray[np.object_]) -> Compared:
    import pandas as pd

    one, other = x.ravel(), y.ravel()
    missing = (pd.isna(one), pd.isna(other))
    there = ~(missing[0] | missing[1])
    differ = np.fromiter(
        (_unequal(p, q) for p, q in zip(one[there], other[there], strict=True)), dtype=bool
    )
    return Compared(len(one), int(differ.sum()) + int((missing[0] != missing[1]).sum()))


def _unequal(p: Any, q: Any) -> bool:
    try:
        return bool(p != q)
    except ValueError:  # lists in a cell, as NumPy arrays
        return not np.array_equal(p, q)


def _frames(a: Any, b: Any, pairs: Sequence[Positions]) -> Compared | None:
    if list(a.columns) != list(b.columns) or not a.columns.is_unique:
        return None
    (at_a, at_b), *_ = pairs
    return _total(_columns(a[name].iloc[at_a], b[name].iloc[at_b]) for name in a.columns)
