"""Which rows of a table a caller means: names, a mask, positions or a query."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from omicshelf.errors import Invalid

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["columns_of", "positions"]

_SHOWN = 3


def positions(wanted: Any, frame: pd.DataFrame, what: str) -> NDArray[np.intp] | None:
    """Give the positions of the rows of ``frame`` that ``wanted`` means.

    Parameters
    ----------
    wanted
        None for all; a name that there is; a pandas query over the columns of ``frame``; or a
        sequence: a mask of booleans as long as the frame (order as in the frame), names or
        positions (order as asked for).
    frame
        ``obs`` or ``var``: its index has the names.
    what
        ``"obs"`` or ``"var"``, for messages.

    Raises
    ------
    omicshelf.errors.Invalid
        A name that there is not, with near misses; a mask of another length; a query that
        fails.
    """
    if wanted is None:
        return None
    if isinstance(wanted, str):
        if wanted in frame.index:
            return np.flatnonzero(frame.index == wanted)
        return _queried(wanted, frame, what)
    values = np.asarray(wanted if hasattr(wanted, "__array__") else list(wanted))
    if values.ndim != 1:
        raise Invalid(
            f"{what}= has {values.ndim} dimensions.", "Pass a list of names, a mask or a query."
        )
    if values.dtype == np.bool_:
        if len(values) != len(frame):
            raise Invalid(
                f"The mask {what}= has {len(values):,} values for {len(frame):,} {what}.",
                "A mask has one True or False for each.",
            )
        return np.flatnonzero(values)
    if values.dtype.kind in "iu":
        return _numbered(values, len(frame), what)
    return _named([str(name) for name in values.tolist()], frame, what)


def columns_of(frame: pd.DataFrame, wanted: Sequence[str] | None, what: str) -> pd.DataFrame:
    """Give the columns of ``frame`` that are asked for, in this order; all for None."""
    if wanted is None:
        return frame
    names = [wanted] if isinstance(wanted, str) else list(wanted)
    for name in names:
        if name not in frame.columns:
            raise _unknown(name, [str(column) for column in frame.columns], f"{what} column")
    return frame[names]


def _queried(query: str, frame: pd.DataFrame, what: str) -> NDArray[np.intp]:
    numbered = frame.reset_index(drop=True).rename_axis(columns=None)
    try:
        # Python's own engine, and no names of the caller's: a query is data, not code.
        found = numbered.query(query, engine="python", local_dict={}, global_dict={})
    except Exception as error:
        columns = ", ".join(map(str, frame.columns[:20])) or "none"
        raise Invalid(
            f"{what}={query!r} is no name, and cannot be used as a query: {error}",
            f"A query compares columns, as in \"cell_type == 'B cell' and age > 40\". "
            f"The columns are: {columns}.",
        ) from error
    return np.asarray(found.index, dtype=np.intp)


def _numbered(values: NDArray[Any], length: int, what: str) -> NDArray[np.intp]:
    wrong = values[(values < -length) | (values >= length)]
    if len(wrong):
        raise Invalid(
            f"{what}= has the position {wrong[0]}, and there are {length:,} {what}.",
            f"Positions are 0 to {length - 1:,}; names are passed as text.",
        )
    return np.where(values < 0, values + length, values).astype(np.intp)


def _named(names: list[str], frame: pd.DataFrame, what: str) -> NDArray[np.intp]:
    if frame.index.is_unique:
        import pandas as pd

        wanted: pd.Index[Any] = pd.Index(np.array(names, dtype=object))
        found = frame.index.get_indexer(wanted)
        if len(found) and found.min() < 0:
            missing = [name for name, at in zip(names, found, strict=True) if at < 0]
            raise _unknown(missing[0], frame.index.tolist(), f"{what} name", len(missing))
        return np.asarray(found, dtype=np.intp)
    places: dict[str, list[int]] = {}
    for at, name in enumerate(frame.index):
        places.setdefault(name, []).append(at)
    missing = [name for name in names if name not in places]
    if missing:
        raise _unknown(missing[0], list(places), f"{what} name", len(missing))
    return np.asarray([at for name in names for at in places[name]], dtype=np.intp)


def _unknown(name: str, known: list[str], what: str, how_many: int = 1) -> Invalid:
    near = difflib.get_close_matches(name, known[:100_000], n=_SHOWN, cutoff=0.6)
    some = ", ".join(map(repr, near or known[:_SHOWN])) or "none"
    more = f" ({how_many - 1:,} more are not there either)" if how_many > 1 else ""
    hint = "Did you mean" if near else "There are, for example,"
    return Invalid(f"There is no {what} {name!r}{more}.", f"{hint} {some}{'?' if near else '.'}")
