"""Reading GCTX, the HDF5 form of GCT.

Layout (https://clue.io/connectopedia/gctx_format): the matrix, columns x rows, at
``0/DATA/0/matrix``; row metadata below ``0/META/ROW`` and column metadata below
``0/META/COL``, one array a field, with the ids in ``id``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from omicshelf.errors import Invalid
from omicshelf.formats import magic
from omicshelf.formats.annotated.confined import refuse_foreign_parts
from omicshelf.formats.gct_matrix import Gct, data_frame, metadata_frame

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["GctxParts", "opened", "read_values"]

_MATRIX = "0/DATA/0/matrix"
_ROWS, _COLUMNS = "0/META/ROW", "0/META/COL"
_NEEDED = (_MATRIX, f"{_ROWS}/id", f"{_COLUMNS}/id")
_BLOCK_BYTES = 64 << 20


@dataclass(frozen=True)
class GctxParts:
    """An open GCTX file: its metadata, and the matrix to slice from (columns x rows)."""

    matrix: Any
    row_metadata: pd.DataFrame
    col_metadata: pd.DataFrame
    version: str


@contextmanager
def opened(path: Path) -> Iterator[GctxParts]:
    """Open a GCTX file and read its metadata.

    Raises
    ------
    omicshelf.errors.Invalid
        It is none, or a part of it is missing or of another size.
    """
    import h5py

    with path.open("rb") as file:
        head = file.read(4096)
    if not head.startswith(magic.HDF5_SIGNATURE):
        raise _other_bytes(path, head)
    try:
        hdf = h5py.File(path, "r")
    except OSError as error:
        raise Invalid(
            f"{path.name!r} is damaged and cannot be opened as a GCTX file: {error}",
            "The copy or download may not be finished: get the file again.",
        ) from error
    with hdf:
        refuse_foreign_parts(hdf, path)
        missing = [part for part in _NEEDED if not isinstance(hdf.get(part), h5py.Dataset)]
        if missing:
            raise Invalid(
                f"{path.name!r} is an HDF5 file, but not a GCTX file: it has no {missing[0]}.",
                f"A GCTX file has {', '.join(_NEEDED)}.",
            )
        yield _parts(path, hdf)


def read_values(
    matrix: Any, columns: NDArray[np.intp] | None, rows: NDArray[np.intp] | None
) -> NDArray[Any]:
    """Read the values at these columns and rows, in this order; columns x rows.

    Only the lines of the asked columns are read, some at a time.
    """
    n_columns, n_rows = matrix.shape
    columns = np.arange(n_columns) if columns is None else columns
    n_read = n_rows if rows is None else len(rows)
    values = np.empty((len(columns), n_read), dtype=matrix.dtype)
    order = np.argsort(columns, kind="stable")
    step = max(1, _BLOCK_BYTES // max(1, n_rows * matrix.dtype.itemsize))
    for start in range(0, len(order), step):
        places = order[start : start + step]
        wanted, inverse = np.unique(columns[places], return_inverse=True)
        # h5py reads a list of positions one by one; a range at once.
        dense = len(wanted) and 2 * len(wanted) >= wanted[-1] - wanted[0] + 1
        if dense:
            block = matrix[wanted[0] : wanted[-1] + 1][wanted - wanted[0]]
        else:
            block = matrix[wanted, :]
        block = block[inverse]
        values[places] = block if rows is None else block[:, rows]
    return values


def _parts(path: Path, hdf: Any) -> GctxParts:
    matrix = hdf[_MATRIX]
    rows, columns = _metadata(hdf[_ROWS], "row"), _metadata(hdf[_COLUMNS], "column")
    if matrix.ndim != 2 or matrix.dtype.kind not in "fiu":
        raise Invalid(
            f"{path.name!r}: {_MATRIX} is no matrix of numbers.",
            f"It has {matrix.ndim} dimensions of {matrix.dtype}.",
        )
    if matrix.shape != (len(columns), len(rows)):
        raise Invalid(
            f"{path.name!r}: the matrix is {matrix.shape[0]:,} x {matrix.shape[1]:,} and there "
            f"are {len(columns):,} column and {len(rows):,} row ids.",
            f"{_MATRIX} is columns x rows. The file was not written completely.",
        )
    version = hdf.attrs.get("version", "GCTX1.0")
    version = np.asarray(version).ravel()[0]
    version = version.decode() if isinstance(version, bytes) else str(version)
    return GctxParts(matrix, rows, columns, version)


def _metadata(group: Any, axis: str) -> pd.DataFrame:
    import h5py

    fields = {name: _cells(data) for name, data in group.items() if isinstance(data, h5py.Dataset)}
    ids = fields.pop("id")
    for name, cells in fields.items():
        if len(cells) != len(ids):
            raise Invalid(
                f"The {axis} metadata field {name!r} has {len(cells):,} values for {len(ids):,} "
                "ids.",
                "Every metadata field of a GCTX file has one value for each id.",
            )
    return metadata_frame(fields.items(), ids, axis)


def _cells(dataset: Any) -> list[str]:
    """Give the values as text: what is a number is found out again, as in a GCT file."""
    values = np.atleast_1d(dataset[()]).ravel()
    if values.dtype.kind in "SO":
        return [_decoded(value) for value in values.tolist()]
    cells: list[str] = values.astype(str).tolist()
    # cmapPy's rule for its null, here where it is a number.
    return ["-666" if cell == "-666.0" else cell for cell in cells]


def _decoded(value: Any) -> str:
    if not isinstance(value, bytes):
        return str(value)
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _other_bytes(path: Path, head: bytes) -> Invalid:
    size = magic.lfs_size(head)
    if size is not None:
        return Invalid(
            f"{path.name!r} is a Git LFS pointer of {size:,} bytes, not the data.",
            "Run `git lfs pull` in its repository, then try again.",
        )
    if head.startswith((b"#1.2", b"#1.3")):
        return Invalid(
            f"{path.name!r} is not a GCTX file: it is a GCT file, which is text.",
            "Rename it to end in .gct, or pass data_format='gct'.",
        )
    what = magic.describe(head) or "a file of unknown content"
    return Invalid(
        f"{path.name!r} is not a GCTX file: it is {what}.",
        "A GCTX file is HDF5. Check that the right file was given and its download complete.",
    )


def read_gctx(path: Path) -> Gct:
    """Read a GCTX file; the values keep the type in which they are stored."""
    with opened(path) as parts:
        values = read_values(parts.matrix, None, None)
        return Gct(
            data_frame(values.T, list(parts.row_metadata.index), list(parts.col_metadata.index)),
            parts.row_metadata,
            parts.col_metadata,
            src=str(path),
            version=parts.version,
        )
