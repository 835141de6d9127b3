"""A GCT in memory: a matrix with row and column metadata, and its canonical form."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from omicshelf.errors import Invalid

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from numpy.typing import NDArray

__all__ = ["MISSING", "Gct", "canonical", "data_frame", "is_gctoo", "metadata_frame"]

# How a missing value is written in GCT files; the words of cmapPy 4, and an empty cell.
MISSING = frozenset(
    {"NA", "na", "N/A", "#N/A", "#N/A!", "#NA", "NaN", "nan", "-NaN", "-nan", "NULL", "null"}
    | {"None", "#VALUE!", ""}
)
# In metadata an empty cell is a text like any other, and the Connectivity Map's null is -666.
_MISSING_METADATA = (MISSING - {""}) | {"-666"}

_AXES = {"row": ("rid", "rhd"), "column": ("cid", "chd")}


class Gct:
    """A matrix with metadata of its rows and columns, as cmapPy's ``GCToo`` has them.

    Unlike ``GCToo`` it may have ids that occur more than once, and float64 values.

    Attributes
    ----------
    data_df
        The values, rows x columns (features x samples); the index is named ``rid``, the
        columns ``cid``.
    row_metadata_df
        Row ids x row metadata fields.
    col_metadata_df
        Column ids x column metadata fields.
    src
        Where it was read from.
    version
        ``GCT1.2``, ``GCT1.3`` or that of a GCTX file.
    """

    def __init__(
        self,
        data_df: pd.DataFrame,
        row_metadata_df: pd.DataFrame | None = None,
        col_metadata_df: pd.DataFrame | None = None,
        src: str | None = None,
        version: str | None = None,
    ) -> None:
        self.data_df = data_df
        self.row_metadata_df = (
            metadata_frame([], data_df.index, "row") if row_metadata_df is None else row_metadata_df
        )
        self.col_metadata_df = (
            metadata_frame([], data_df.columns, "column")
            if col_metadata_df is None
            else col_metadata_df
        )
        self.src = src
        self.version = version

    def __repr__(self) -> str:
        n_rows, n_columns = self.data_df.shape
        fields = (self.row_metadata_df.shape[1], self.col_metadata_df.shape[1])
        return (
            f"Gct({n_rows:,} rows x {n_columns:,} columns; {fields[0]} row and "
            f"{fields[1]} column metadata fields)"
        )

    def subset(self, rows: NDArray[np.intp] | None, columns: NDArray[np.intp] | None) -> Gct:
        """Give the rows and columns at these positions, in this order."""
        data, row_metadata, col_metadata = self.data_df, self.row_metadata_df, self.col_metadata_df
        if rows is not None:
            data, row_metadata = data.iloc[rows], row_metadata.iloc[rows]
        if columns is not None:
            data, col_metadata = data.iloc[:, columns], col_metadata.iloc[columns]
        return Gct(data, row_metadata, col_metadata, self.src, self.version)

    def repeated_ids(self) -> list[str]:
        """Say which ids or metadata fields occur more than once, in words; empty if none do."""
        named = (
            (self.data_df.index, "row id"),
            (self.data_df.columns, "column id"),
            (self.row_metadata_df.columns, "row metadata field"),
            (self.col_metadata_df.columns, "column metadata field"),
        )
        told = []
        for names, what in named:
            repeated = names[names.duplicated()].unique()
            if len(repeated):
                some = "1 " + what if len(repeated) == 1 else f"{len(repeated):,} {what}s"
                told.append(f"{some} more than once ({repeated[0]!r}{' …' * (len(repeated) > 1)})")
        return told

    def to_gctoo(self) -> Any:
        """Give cmapPy's ``GCToo`` of the same tables; ImportError where it is not installed."""
        from cmapPy.pandasGEXpress.GCToo import GCToo

        return GCToo(
            data_df=self.data_df,
            row_metadata_df=self.row_metadata_df,
            col_metadata_df=self.col_metadata_df,
            src=self.src,
            version=self.version,
        )

    def to_anndata(self) -> AnnData:
        """Give an AnnData, samples x features: the GCT's columns become ``obs``."""
        import anndata

        obs, var = self.col_metadata_df.copy(), self.row_metadata_df.copy()
        for frame in (obs, var):
            frame.index.name = None
            frame.columns.name = None
            frame.columns = frame.columns.astype(str)
        return anndata.AnnData(X=self.data_df.to_numpy().T, obs=obs, var=var)


def is_gctoo(obj: object) -> bool:
    """Say whether ``obj`` is a :class:`Gct` or cmapPy's ``GCToo``, importing nothing."""
    return isinstance(obj, Gct) or any(
        base.__name__ == "GCToo" and base.__module__.startswith("cmapPy.")
        for base in type(obj).__mro__
    )


def data_frame(values: NDArray[Any], rids: Sequence[str], cids: Sequence[str]) -> pd.DataFrame:
    """Name the rows and columns of a matrix, rows x columns, as cmapPy does."""
    import pandas as pd

    return pd.DataFrame(
        values,
        index=_index(rids, "rid"),
        columns=_index(cids, "cid"),
        copy=False,
    )


def _index(names: Sequence[str], name: str) -> pd.Index[Any]:
    import pandas as pd

    values = np.empty(len(names), dtype=object)
    values[:] = names
    index: pd.Index[Any] = pd.Index(values, name=name)
    return index


def metadata_frame(
    fields: Iterable[tuple[str, Sequence[str | None]]], ids: Iterable[str], axis: str
) -> pd.DataFrame:
    """Make a metadata table of text cells.

    Parameters
    ----------
    fields
        Name and cells of each field; None is a missing value.
    ids
        The ids of the axis.
    axis
        ``row`` or ``column``.

    Returns
    -------
    pandas.DataFrame
        Ids x fields. A field is numbers where every cell that is not missing is one: the rule
        of cmapPy's parser.
    """
    import pandas as pd

    index_name, columns_name = _AXES[axis]
    named = list(fields)
    index = _index(list(ids), index_name)
    columns = {n: _inferred(cells) for n, (_, cells) in enumerate(named)}
    frame = pd.DataFrame(columns, index=index)
    frame.columns = _index([name for name, _ in named], columns_name)
    return frame


def _inferred(cells: Sequence[str | None]) -> NDArray[Any]:
    import pandas as pd

    values = np.empty(len(cells), dtype=object)
    values[:] = [np.nan if c is None or c in _MISSING_METADATA else c for c in cells]
    try:
        numbers = np.asarray(pd.to_numeric(values))
    except (ValueError, TypeError):
        return values
    if numbers.dtype.kind == "f":
        # pandas finds out that these are numbers; Python reads them to the last bit.
        numbers = np.fromiter(map(_number, values, numbers), np.float64, len(values))
    return numbers


def _number(cell: str | float, read: float) -> float:
    try:
        return float(cell)
    except ValueError:
        return float(read)


def canonical(obj: Any) -> Gct:
    """Give what will be read again after ``obj`` has been written: text becomes what it says.

    Parameters
    ----------
    obj
        A :class:`Gct` or cmapPy's ``GCToo``; it is not changed.

    Raises
    ------
    omicshelf.errors.Invalid
        Naming the part that a GCT file cannot hold.
    """
    data = obj.data_df
    rids, cids = _ids(data.index, "row"), _ids(data.columns, "column")
    return Gct(
        data_frame(_float64(data), rids, cids),
        _metadata(obj.row_metadata_df, data.index, rids, "row"),
        _metadata(obj.col_metadata_df, data.columns, cids, "column"),
        src=obj.src,
        version="GCT1.3",
    )


def _float64(data: pd.DataFrame) -> NDArray[np.float64]:
    """Give the values as float64; single-precision ones as the decimals that they show.

    0.1 in single precision is 0.10000000149011612. What was written, and what is meant, is
    0.1: a GCT file that was read in single precision and saved again keeps its content.
    """
    kinds = {np.dtype(dtype).kind if isinstance(dtype, np.dtype) else "O" for dtype in data.dtypes}
    if not kinds <= set("fiub"):
        for name, dtype in data.dtypes.items():
            if not isinstance(dtype, np.dtype) or dtype.kind not in "fiub":
                raise Invalid(
                    f"The column {name!r} of data_df holds {dtype}, not numbers.",
                    "A GCT matrix is numbers: convert it, or move text to the metadata tables.",
                )
    values = data.to_numpy()
    if values.dtype in (np.float32, np.float16):
        return shown_decimals(values)
    return np.asarray(values, dtype=np.float64)


def shown_decimals(values: NDArray[Any]) -> NDArray[np.float64]:
    """Give single-precision values as the shortest decimals that mean them."""
    import pyarrow as pa

    flat = np.ascontiguousarray(values, dtype=np.float32).ravel()
    exact = pa.array(flat).cast(pa.string()).cast(pa.float64()).to_numpy()
    return np.asarray(exact, dtype=np.float64).reshape(values.shape)


def _ids(index: pd.Index[Any], axis: str) -> list[str]:
    if index.nlevels > 1:
        raise Invalid(
            f"The {axis} ids of data_df are a MultiIndex.",
            "A GCT has one id for each row and column: use its data_df without multi_index_df.",
        )
    return [_text(name, f"a {axis} id", required=True) or "" for name in index]


def _metadata(
    frame: pd.DataFrame | None, index: pd.Index[Any], ids: list[str], axis: str
) -> pd.DataFrame:
    if frame is None:
        return metadata_frame([], ids, axis)
    if list(frame.index) != list(index):
        raise Invalid(
            f"The {axis} metadata has not the ids of the matrix, in their order.",
            f"It has {len(frame):,} ids and the matrix {len(index):,} {axis}s: "
            f"`.loc[data_df.{'index' if axis == 'row' else 'columns'}]` puts it in order.",
        )
    fields = []
    for position, name in enumerate(frame.columns):
        header = _text(name, f"the name of a {axis} metadata field", required=True) or ""
        series = frame.iloc[:, position]
        where = f"the {axis} metadata field {header!r}"
        fields.append((header, [_text(value, where) for value in series.array]))
    return metadata_frame(fields, ids, axis)


def _text(value: Any, where: str, *, required: bool = False) -> str | None:
    """Give a cell's text; None for a missing value."""
    import pandas as pd

    if isinstance(value, str):
        text = value
    elif value is None or bool(pd.api.types.is_scalar(value) and pd.isna(value)):
        if required:
            raise Invalid(f"{where[0].upper()}{where[1:]} is missing.", "Every id must be a text.")
        return None
    elif isinstance(value, (float, np.floating)):
        text = float.__repr__(value) if isinstance(value, float) else str(value)
    else:
        text = str(value)
    if any(character in text for character in "\n\r\x00"):
        what = "a NUL character" if "\x00" in text else "a line break"
        raise Invalid(
            f"{where[0].upper()}{where[1:]} holds {what}: {text[:60]!r}.",
            "A GCT file is text with one line for each row: replace line breaks by spaces.",
        )
    return text
