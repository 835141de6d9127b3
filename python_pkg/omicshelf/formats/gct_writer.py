"""Writing GCT 1.3, with numbers that read back to the last bit."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from omicshelf.formats.gct_matrix import Gct

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["write_gct"]

_NULL = "NaN"
_FILLER = "na"
_CELLS_AT_ONCE = 1_000_000


def write_gct(gct: Gct, path: Path) -> None:
    """Write a GCT 1.3 file.

    Parameters
    ----------
    gct
        In canonical form (:func:`~omicshelf.formats.gct_matrix.canonical`).
    path
        The new file.
    """
    rows, columns = gct.row_metadata_df, gct.col_metadata_df
    n_rows, n_columns = gct.data_df.shape
    with path.open("wb") as file:
        file.write(b"#1.3\n")
        sizes = (n_rows, n_columns, rows.shape[1], columns.shape[1])
        file.write(_line(map(str, sizes)))
        file.write(_line(("id", *map(_cell, rows.columns), *map(_cell, gct.data_df.columns))))
        for n, name in enumerate(columns.columns):
            filler = (_FILLER,) * rows.shape[1]
            file.write(_line((_cell(name), *filler, *_cells(columns.iloc[:, n]))))
        left = [[_cell(name) for name in gct.data_df.index]]
        left += [_cells(rows.iloc[:, n]) for n in range(rows.shape[1])]
        values = gct.data_df.to_numpy()
        step = max(1, _CELLS_AT_ONCE // max(1, n_columns))
        for start in range(0, n_rows, step):
            stop = start + step
            file.write(_block([texts[start:stop] for texts in left], values[start:stop]))


def _block(left: list[list[str]], values: np.ndarray[Any, Any]) -> bytes:
    """Give the lines of some rows; Arrow writes a number as its shortest exact decimal."""
    import pyarrow as pa
    import pyarrow.compute as pc

    columns = [pa.array(texts, pa.large_string()) for texts in left]
    for n in range(values.shape[1]):
        column = pa.array(np.ascontiguousarray(values[:, n]), from_pandas=True)  # NaN is null
        columns.append(pc.fill_null(column.cast(pa.large_string()), _NULL))
    lines = pc.binary_join_element_wise(*columns, pa.scalar("\t", pa.large_string()))
    return b"\n".join(line.encode() for line in lines.to_pylist()) + b"\n"


def _line(cells: Iterable[str]) -> bytes:
    return ("\t".join(cells) + "\n").encode()


def _cells(series: pd.Series[Any]) -> list[str]:
    return [_NULL if value != value else _cell(value) for value in series.tolist()]


def _cell(value: object) -> str:
    """Give a cell's text, quoted where it would be read as something else."""
    text = value if isinstance(value, str) else repr(value)
    if "\t" in text or text.startswith('"'):
        text = '"' + text.replace('"', '""') + '"'
    return text
