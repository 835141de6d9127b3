"""A block of a matrix for a heat map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from omicshelf.formats.annotated.content import Array, Sparse
from omicshelf.formats.annotated.partial import read_dense, read_sparse
from omicshelf.formats.preview.models import Column, Matrix, MatrixFacts, PreviewRequest
from omicshelf.formats.preview.parts import Part, Unreadable, taken
from omicshelf.formats.preview.tables import column_of, cut, shown_columns

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["block", "matrices"]


def matrices(part: Part) -> list[MatrixFacts]:
    """List the matrices of a part."""
    return [
        MatrixFacts(
            name=path,
            type=f"{node.layout}_matrix" if isinstance(node, Sparse) else "array",
            dtype=node.dtype.newbyteorder("=").name,
            shape=list(node.shape),
        )
        for path, node in part.matrices()
    ]


def block(part: Part, request: PreviewRequest, *, features_down: bool) -> Matrix:
    """Read a block of a matrix, a corner or an even sample, with its names and metadata.

    Parameters
    ----------
    part
        What has the matrix.
    request
        Which block.
    features_down
        Whether its rows are features, as in a GCT, and not observations.
    """
    path, node = part.matrix(request.matrix)
    axes = ("obs", part.features_of(path))
    lengths = node.shape
    for table, length in zip(axes, lengths, strict=True):
        if part.rows_of(table) != length:
            raise Unreadable(
                f"{path} is {lengths[0]:,} x {lengths[1]:,}, and {table} has "
                f"{part.rows_of(table):,} rows"
            )
    asked = [
        (request.row_offset, request.n_rows, request.row_fields),
        (request.column_offset, request.n_columns, request.column_fields),
    ]
    if features_down:
        asked.reverse()
    chosen = [
        _positions(length, offset, n, sample=request.sample)
        for length, (offset, n, _) in zip(lengths, asked, strict=True)
    ]
    values = _values(node, *chosen)
    sides = [
        (rows, _names(part, table, rows), _fields(part, table, fields, rows))
        for table, rows, (_, _, fields) in zip(axes, chosen, asked, strict=True)
    ]
    if features_down:
        values, lengths = values.T, lengths[::-1]
        sides.reverse()
    (rows, row_names, row_fields), (columns, column_names, column_fields) = sides
    finite = values[np.isfinite(values)]
    return Matrix(
        source=path,
        row_axis="var" if features_down else "obs",
        n_rows=lengths[0],
        n_columns=lengths[1],
        rows=rows.tolist(),
        columns=columns.tolist(),
        row_names=row_names,
        column_names=column_names,
        row_fields=row_fields,
        column_fields=column_fields,
        values=values.tolist(),
        min=float(finite.min()) if finite.size else None,
        max=float(finite.max()) if finite.size else None,
    )


def _positions(length: int, offset: int, n: int, *, sample: bool) -> NDArray[np.int64]:
    if sample:
        n = min(n, length)
        return np.arange(n, dtype=np.int64) * length // max(1, n)
    return np.arange(min(offset, length), min(offset + n, length), dtype=np.int64)


def _values(
    node: Array | Sparse, rows: NDArray[np.int64], columns: NDArray[np.int64]
) -> NDArray[np.float64]:
    found: Any
    if isinstance(node, Sparse):
        found = read_sparse(node, rows, columns).toarray()
    else:
        found = read_dense(node, rows, columns)
    return np.asarray(found, dtype=np.float64)


def _names(part: Part, table: str, rows: NDArray[np.int64]) -> list[str]:
    if not rows.size:
        return []
    found = part.names(table, slice(int(rows[0]), int(rows[-1]) + 1))[rows - rows[0]]
    return [cut(str(name))[0] for name in found]


def _fields(
    part: Part, table: str, wanted: tuple[str, ...], rows: NDArray[np.int64]
) -> list[Column]:
    if not wanted or not rows.size:
        return []
    span = slice(int(rows[0]), int(rows[-1]) + 1)
    return [
        column_of(key, taken(part.cells(table, key, span), rows - rows[0]))
        for key in shown_columns(wanted, part.keys(table), f"{table} column")
    ]
