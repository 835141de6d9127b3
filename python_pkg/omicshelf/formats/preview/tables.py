"""Pages of the tables of annotated data, and the names of chosen observations."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from omicshelf.errors import Invalid
from omicshelf.formats.annotated.content import Array, Broken, Categorical, Node, Nullable, Strings
from omicshelf.formats.annotated.selection import chosen_keys
from omicshelf.formats.preview.models import (
    MOST_TEXT,
    Cell,
    Column,
    ColumnFacts,
    PreviewRequest,
    RowNames,
    TableFacts,
    TablePage,
)
from omicshelf.formats.preview.parts import TABLES, Part, Unreadable

__all__ = ["column_of", "cut", "facts_of", "frame_page", "names", "page", "shown_columns"]

_SHOWN = 50  # columns of a page that nobody has chosen
_LISTED = 2_000
_EXACT = 1 << 53  # beyond it a number of JavaScript is not exact


def page(part: Part, request: PreviewRequest) -> TablePage:
    """Read a page of obs, var or raw/var."""
    table = request.table
    n_rows = part.rows_of(table)
    known = part.keys(table)
    rows = slice(request.offset, min(request.offset + request.limit, n_rows))
    columns = []
    for key in shown_columns(request.columns, known, f"{table} column"):
        try:
            columns.append(column_of(key, part.cells(table, key, rows)))
        except (Unreadable, OSError, ValueError, KeyError, TypeError):
            # One damaged column does not hide the others.
            blank: list[Cell] = [None] * max(0, rows.stop - rows.start)
            columns.append(Column(name=key, type="unreadable", values=blank))
    names = [cut(str(name))[0] for name in part.names(table, rows)]
    return TablePage(
        table=table,
        offset=request.offset,
        n_rows=n_rows,
        n_columns=len(known),
        more=rows.stop < n_rows,
        index=names,
        index_name=part.index_name(table),
        columns=columns,
    )


def names(part: Part, request: PreviewRequest) -> RowNames:
    """Give the names of the asked rows of a table, by default of obs."""
    n_rows = part.rows_of(request.table)
    wanted = np.array(request.rows, dtype=np.int64)
    if wanted.size and int(wanted.max()) >= n_rows:
        raise Invalid(
            f"There is no row {int(wanted.max())} in {request.table}.",
            f"It has {n_rows:,} rows, counted from 0.",
        )
    if not wanted.size:
        return RowNames(names=[])
    first, last = int(wanted.min()), int(wanted.max()) + 1
    found = part.names(request.table, slice(first, last))[wanted - first]
    return RowNames(names=[str(name) for name in found])


def facts_of(part: Part) -> list[TableFacts]:
    """List the tables of a part, with the types of their columns."""
    found = []
    for table in TABLES:
        n_rows = part.length(table)
        if n_rows is None:
            continue
        keys = part.keys(table)
        columns = [_column_facts(part, table, key) for key in keys[:_LISTED]]
        found.append(TableFacts(name=table, n_rows=n_rows, n_columns=len(keys), columns=columns))
    return found


def shown_columns(wanted: Iterable[str] | None, known: list[str], what: str) -> list[str]:
    """Give the columns of a page: the chosen ones, else the first."""
    return known[:_SHOWN] if wanted is None else chosen_keys(list(wanted), known, what)


def column_of(name: str, node: Node) -> Column:
    """Give a column of a page from its values."""
    kind, values = _values(node)
    cells, n_cut = _cells(values)
    return Column(name=name, type=kind, values=cells, n_cut=n_cut)


def frame_page(frame: Any, types: dict[str, str]) -> list[Column]:
    """Give the columns of a page from a data frame of its rows."""
    columns = []
    for at, name in enumerate(frame.columns):
        series = frame.iloc[:, at]
        missing = series.isna().tolist()
        values = series.astype(object).tolist()
        known = [None if gone is True else v for v, gone in zip(values, missing, strict=True)]
        cells, n_cut = _cells(known)
        kind = types.get(str(name)) or _type_of(series)
        columns.append(Column(name=str(name), type=kind, values=cells, n_cut=n_cut))
    return columns


def cut(text: str) -> tuple[str, bool]:
    """Cut a long text, and say whether it was."""
    if len(text) <= MOST_TEXT:
        return text, False
    return f"{text[: MOST_TEXT - 1]}…", True


def _values(node: Node) -> tuple[str, list[Any]]:
    match node:
        case Array() if len(node.shape) == 1:
            return node.dtype.name if node.dtype.kind != "S" else "string", node.whole().tolist()
        case Strings() if node.values.ndim == 1:
            return "string", node.values.tolist()
        case Categorical():
            labels = _values(node.categories)[1]
            return "category", [None if n < 0 else labels[n] for n in node.codes.tolist()]
        case Nullable():
            pairs = zip(node.values.tolist(), node.mask.tolist(), strict=True)
            return node.values.dtype.name, [None if gone else value for value, gone in pairs]
        case Broken():
            raise Unreadable(node.reason)
    raise Unreadable("its values are none of a column")


def _cells(values: list[Any]) -> tuple[list[Cell], int]:
    cells: list[Cell] = []
    n_cut = 0
    for value in values:
        cell = _cell(value)
        if isinstance(cell, str):
            cell, was_cut = cut(cell)
            n_cut += was_cut
        cells.append(cell)
    return cells, n_cut


def _cell(value: Any) -> Cell:
    if isinstance(value, np.generic):
        value = value.item()
    match value:
        case None | bool() | str():
            return value
        case int():
            return value if -_EXACT <= value <= _EXACT else str(value)
        case float():
            return value if math.isfinite(value) else None
        case bytes():
            return value.decode("utf-8", "replace")
        case dict() | list() | tuple() | np.ndarray():
            return json.dumps(value, default=str, ensure_ascii=False)
    return str(value)


def _type_of(series: Any) -> str:
    name = str(series.dtype)
    return {"object": "string", "str": "string"}.get(name, name)


def _column_facts(part: Part, table: str, key: str) -> ColumnFacts:
    """Tell the type of a column from its first rows: its categories come with them."""
    try:
        node = part.cells(table, key, slice(0, 1))
        if isinstance(node, Categorical):
            return ColumnFacts(
                name=key, type="category", n_categories=int(node.categories.values.shape[0])
            )
        return ColumnFacts(name=key, type=_values(node)[0])
    except (Unreadable, OSError, ValueError, KeyError, TypeError):
        return ColumnFacts(name=key, type="unreadable")
