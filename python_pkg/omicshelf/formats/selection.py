"""Which rows and columns of a data frame a request names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from omicshelf.formats.annotated.selection import Table, chosen_keys
from omicshelf.formats.annotated.selection import positions as positions_of_names

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["columns_of", "positions"]


def positions(wanted: Any, frame: pd.DataFrame, axis: str) -> NDArray[Any] | None:
    """Give the positions of the rows that ``wanted`` names; None for all of them.

    Parameters
    ----------
    wanted
        As :func:`omicshelf.formats.annotated.selection.positions` has it: names, positions, a
        mask, or a query over the columns of ``frame``.
    frame
        The table; its index has the names.
    axis
        ``obs`` or ``var``, for messages.

    Raises
    ------
    omicshelf.errors.Invalid
        Naming what is unknown, with its near misses.
    """

    def read(columns: list[str]) -> pd.DataFrame:
        plain = frame.reset_index(drop=True)
        plain.columns = plain.columns.map(str)
        return plain[columns].rename_axis(columns=None)

    table = Table([str(column) for column in frame.columns], read)
    names = frame.index.to_numpy().astype(object)
    return positions_of_names(wanted, names, axis, table)


def columns_of(frame: pd.DataFrame, wanted: Sequence[str] | None, what: str) -> pd.DataFrame:
    """Give the columns that ``wanted`` names, in its order; all of them for None."""
    if wanted is None:
        return frame
    names = [str(column) for column in frame.columns]
    return frame.iloc[:, [names.index(key) for key in chosen_keys(wanted, names, what)]]
