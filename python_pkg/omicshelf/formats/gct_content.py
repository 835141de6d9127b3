"""The content of a GCT as elements, so that its digest and summary are those of annotated data.

Decision 002 (``docs/decisions/002-gct-digest.md``) writes the canonical form down.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from omicshelf.formats.annotated.content import Array, Categorical, Content, Item, Node, Strings
from omicshelf.formats.annotated.inspection import inspect_items
from omicshelf.formats.annotated.memory import categorical_if_repeated
from omicshelf.formats.base import Inspection
from omicshelf.formats.gct_matrix import shown_decimals

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from omicshelf.formats.annotated.content import Values

__all__ = ["inspect_matrix"]


def inspect_matrix(
    values: Values,
    row_metadata: pd.DataFrame,
    col_metadata: pd.DataFrame,
    *,
    format: str,
    details: dict[str, Any],
    problems: list[str],
) -> Inspection:
    """Give the inspection of a GCT.

    Parameters
    ----------
    values
        The matrix, samples x features, or something to slice it from.
    row_metadata, col_metadata
        Features x fields and samples x fields.
    format, details, problems
        As in :class:`~omicshelf.records.Summary`.
    """
    matrix = _Float64(values)
    found = inspect_items(
        _items(matrix, row_metadata, col_metadata),
        kind="matrix",
        format=format,
        problems=problems,
        details={
            **details,
            "row_metadata": [str(name) for name in row_metadata.columns],
            "column_metadata": [str(name) for name in col_metadata.columns],
        },
    )
    elements = dict(found.summary.elements)
    elements["X"] = elements["X"].model_copy(update=matrix.statistics())
    summary = found.summary.model_copy(
        update={
            "elements": elements,
            "lazy": False,
            "lazy_reason": "a GCT is read as a whole",
        }
    )
    return Inspection(summary, found.digest, found.names)


def _items(matrix: _Float64, rows: pd.DataFrame, columns: pd.DataFrame) -> Content:
    for slot, frame in (("obs", columns), ("var", rows)):
        names = np.empty(len(frame), dtype=object)
        names[:] = frame.index.tolist()
        yield Item("", f"{slot}_names", None, Strings(names))
        seen: dict[str, int] = {}
        for n, name in enumerate(frame.columns):
            key = str(name)
            seen[key] = seen.get(key, 0) + 1
            key = key if seen[key] == 1 else f"{key}#{seen[key]}"
            yield Item("", slot, key, _field(frame.iloc[:, n]))
    yield Item("", "X", None, Array(matrix))


def _field(series: pd.Series[Any]) -> Node:
    """Give a metadata field: numbers, categories, or text of which each is another."""
    import pandas as pd

    values = series.to_numpy()
    if values.dtype.kind in "iu":
        return Array(values.astype(np.int64, copy=False))
    if values.dtype.kind == "f":
        return Array(_one_nan(values.astype(np.float64)))
    text = np.empty(len(values), dtype=object)
    text[:] = [value if isinstance(value, str) else None for value in values.tolist()]
    labels: pd.Categorical[Any] = pd.Categorical(text)
    found = categorical_if_repeated(labels, text)
    if isinstance(found, pd.Categorical):
        categories = np.empty(len(found.categories), dtype=object)
        categories[:] = found.categories.tolist()
        return Categorical(Strings(categories), np.asarray(found.codes), ordered=False)
    return Strings(text)


class _Float64:
    """A matrix as it is hashed, read in slices; its statistics grow as it is first read."""

    def __init__(self, values: Values) -> None:
        self.values = values
        self.shape: tuple[int, ...] = tuple(int(n) for n in values.shape)
        self.dtype = np.dtype(np.float64)
        self.chunks: Any = getattr(values, "chunks", None)
        self._counted = 0
        self._n = 0
        self._sum = 0.0
        self._min = np.inf
        self._max = -np.inf

    def __getitem__(self, key: slice) -> NDArray[np.float64]:
        block = np.asarray(self.values[key])
        block = shown_decimals(block) if block.dtype.itemsize < 8 else block.astype(np.float64)
        block = _one_nan(block)
        if key.start == self._counted:
            self._count(block)
            self._counted = min(key.stop, self.shape[0])
        return block

    def _count(self, block: NDArray[np.float64]) -> None:
        there = block[~np.isnan(block)]
        if there.size:
            self._n += there.size
            self._sum += float(there.sum())
            self._min = min(self._min, float(there.min()))
            self._max = max(self._max, float(there.max()))

    def statistics(self) -> dict[str, Any]:
        n_null = int(np.prod(self.shape, dtype=np.int64)) - self._n
        if not self._n:
            return {"n_null": n_null}
        mean = self._sum / self._n
        return {"min": self._min, "max": self._max, "mean": mean, "n_null": n_null}


def _one_nan(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give every NaN the same bits: a file knows only one."""
    missing = np.isnan(values)
    if missing.any():
        values = np.where(missing, np.nan, values)
    return values
