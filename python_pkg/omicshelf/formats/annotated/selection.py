"""Which rows and columns a request names, as positions."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from omicshelf.errors import Invalid

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["Table", "chosen_keys", "positions"]

_SEARCHED = 50_000  # names that are compared with a misspelt one
_SHOWN = 5


@dataclass(frozen=True)
class Table:
    """The annotation that a query string is about: its columns, and how to read some of them."""

    columns: list[str]
    read: Callable[[list[str]], pd.DataFrame]


def positions(
    request: Any,
    names: NDArray[np.object_],
    axis: str,
    table: Table | None = None,
) -> NDArray[np.int64] | None:
    """Resolve a request for rows or columns; None if there is no request.

    Parameters
    ----------
    request
        A name, names, positions, a slice, a boolean mask of one value per name, or, where
        ``table`` is given, a pandas query string or the values wanted by column. The order of
        names and positions is kept.
    names
        The names along the axis.
    axis
        ``obs`` or ``var``, for messages.
    table
        Gives the annotation that a query string is about.

    Raises
    ------
    omicshelf.errors.Invalid
        Naming what is unknown, with its near misses.
    """
    if request is None:
        return None
    if isinstance(request, str):
        if table is None or request in set(names.tolist()):
            return _named([request], names, axis)
        return _queried(request, table, names, axis)
    if isinstance(request, Mapping) and table is not None:
        return _holding(request, table, len(names))
    if isinstance(request, slice):
        return np.arange(len(names), dtype=np.int64)[request]
    if isinstance(request, (int, np.integer)) and not isinstance(request, bool):
        request = [request]
    aligned = _aligned(request, names)
    values = np.asarray(aligned if isinstance(aligned, (Sequence, np.ndarray)) else list(aligned))
    if values.ndim != 1:
        raise Invalid(
            f"{axis}= has {values.ndim} dimensions.",
            f"Give names, positions, or a mask with one value for each of the {len(names)} {axis}.",
        )
    if not len(values):
        return np.zeros(0, dtype=np.int64)
    if values.dtype.kind == "b":
        return _masked(values, len(names), axis)
    if values.dtype.kind in "iu":
        return _numbered(values, len(names), axis)
    return _named([str(value) for value in values], names, axis)


def chosen_keys(request: Sequence[str] | str | None, known: Iterable[str], what: str) -> list[str]:
    """Give the keys that a request names, in its order; all of ``known`` if there is none."""
    known = list(known)
    if request is None:
        return known
    keys = [request] if isinstance(request, str) else [str(key) for key in request]
    for key in keys:
        if key not in known:
            raise Invalid(f"There is no {what} {key!r}.", _near(key, known, f"{what}s"))
    return list(dict.fromkeys(keys))


def _aligned(request: Any, names: NDArray[np.object_]) -> Any:
    """Give a mask that is a Series of the same names in the order of ``names``."""
    import pandas as pd

    if not isinstance(request, pd.Series) or request.dtype.kind != "b":
        return request
    index = pd.Index(names)
    if request.index.equals(index) or not (index.is_unique and request.index.is_unique):
        return request
    matching = len(request) == len(index) and index.isin(request.index).all()
    return request.reindex(index) if matching else request


def _queried(query: str, table: Table, names: NDArray[np.object_], axis: str) -> NDArray[np.int64]:
    columns = ", ".join(table.columns[:20]) or "none"
    if "@" in query or "__" in query:
        raise Invalid(
            f"The query {query!r} refers to Python objects.",
            "A query compares columns with values: put the value into its text.",
        )
    frame = table.read([column for column in table.columns if column in query])
    try:
        found: Any = frame.eval(query, engine="python", local_dict={}, global_dict={})
    except Exception as error:  # pandas raises whatever its parser and its operands raise
        raise Invalid(
            f"The query {query!r} is neither one of the {axis} names nor understood: {error}",
            "Write it as for pandas.DataFrame.query, for instance 'n_genes > 200 and "
            f'leiden == "3"\'. The columns are {columns}.',
        ) from error
    values = np.asarray(found)
    if values.dtype.kind == "O" and not found.isna().any():
        values = values.astype(bool)
    if values.dtype.kind != "b" or values.shape != names.shape:
        raise Invalid(
            f"The query {query!r} does not say yes or no for every row.",
            "Compare a column with a value, for instance 'n_genes > 200'. "
            f"The columns are {columns}.",
        )
    return np.flatnonzero(values)


def _holding(wanted: Mapping[Any, Any], table: Table, n_rows: int) -> NDArray[np.int64]:
    """Find the rows that have one of the values wanted, in each of the columns."""
    columns = chosen_keys([str(column) for column in wanted], table.columns, "obs column")
    frame, found = table.read(columns), np.ones(n_rows, dtype=bool)
    for column, values in zip(columns, wanted.values(), strict=True):
        one = isinstance(values, str) or not isinstance(values, Iterable)
        found &= _has_one_of(frame[column], [values] if one else list(values))
    return np.flatnonzero(found)


def _has_one_of(column: pd.Series[Any], values: list[Any]) -> NDArray[np.bool_]:
    """Compare a column with values; as text too: the labels of a summary are texts."""
    import pandas as pd

    texts = {str(value) for value in values if value is not None}
    if isinstance(column.dtype, pd.CategoricalDtype):
        labels = [str(label) for label in column.cat.categories]
        for text in texts - set(labels):
            raise Invalid(
                f"There is no category {text!r} in {column.name!r}.",
                _near(text, labels[:_SEARCHED], "categories"),
            )
        codes = [code for code, label in enumerate(labels) if label in texts]
        found = np.isin(column.cat.codes.to_numpy(), codes)
    else:
        same = column.isin(values) | column.astype(str).isin(texts)
        found = (same & column.notna()).to_numpy(dtype=bool)
    return found | column.isna().to_numpy(dtype=bool) if None in values else found


def _masked(mask: NDArray[np.bool_], n_names: int, axis: str) -> NDArray[np.int64]:
    if len(mask) != n_names:
        raise Invalid(
            f"The mask for {axis} has {len(mask)} values.",
            f"A mask has one value for each of the {n_names} {axis}.",
        )
    return np.flatnonzero(mask)


def _numbered(values: NDArray[Any], n_names: int, axis: str) -> NDArray[np.int64]:
    wide = values.astype(np.int64)
    beyond = wide[(wide >= n_names) | (wide < -n_names)]
    if len(beyond):
        raise Invalid(
            f"There is no position {beyond[0]} in {axis}.",
            f"Positions go from 0 to {n_names - 1}.",
        )
    return np.where(wide < 0, wide + n_names, wide)


def _named(asked: list[str], names: NDArray[np.object_], axis: str) -> NDArray[np.int64]:
    import pandas as pd

    index = pd.Index(names)
    missing = [name for name in asked if name not in index]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise Invalid(
            f"There is no name {missing[0]!r} in {axis}{more}.",
            _near(missing[0], names[:_SEARCHED].tolist(), f"{axis} names"),
        )
    return np.asarray(index.get_indexer_for(pd.Index(asked)), dtype=np.int64)


def _near(name: str, known: Sequence[str], what: str) -> str:
    folded = {str(other).casefold(): str(other) for other in known}
    near = [folded[name.casefold()]] if name.casefold() in folded else []
    near = near or difflib.get_close_matches(name, [str(k) for k in known], n=3, cutoff=0.6)
    if near:
        return f"Did you mean {' or '.join(repr(other) for other in near)}?"
    if not known:
        return f"There are no {what}."
    shown = ", ".join(repr(str(other)) for other in known[:_SHOWN])
    return f"The {what} are {shown}{' …' if len(known) > _SHOWN else ''}."
