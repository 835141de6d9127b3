"""Pages of the tables of annotated data, and the names of chosen observations."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from omicshelf.errors import Invalid
from omicshelf.formats.annotated.content import Array, Broken, Categorical, Node, Nullable, Strings
from omicshelf.formats.annotated.selection import chosen_keys
from omicshelf.formats.preview.models import (
    MOST_ROWS,
    MOST_TEXT,
    Cell,
    Column,
    ColumnFacts,
    PreviewRequest,
    RowNames,
    TableFacts,
    TablePage,
)
from omicshelf.formats.preview.parts import TABLES, Part, Unreadable, labels, taken

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["column_of", "cut", "facts_of", "frame_page", "names", "page", "shown_columns"]

_SHOWN = 50  # columns of a page that nobody has chosen
_LISTED = 2_000
_EXACT = 1 << 53  # beyond it a number of JavaScript is not exact


def page(part: Part, request: PreviewRequest) -> TablePage:
    """Read a page of obs, var or raw/var."""
    table = request.table
    n_rows = part.rows_of(table)
    known = part.keys(table)
    chosen = _chosen(request, n_rows)
    if chosen is None:
        rows = slice(request.offset, min(request.offset + request.limit, n_rows))
        length = max(0, rows.stop - rows.start)
    else:
        rows, length = _span(chosen), len(chosen)
    columns = []
    for key in shown_columns(request.columns, known, f"{table} column"):
        try:
            node = part.cells(table, key, rows)
            columns.append(
                column_of(key, node if chosen is None else taken(node, chosen - rows.start))
            )
        except (Unreadable, OSError, ValueError, KeyError, TypeError, IndexError):
            # One damaged column does not hide the others.
            blank: list[Cell] = [None] * length
            columns.append(Column(name=key, type="unreadable", values=blank))
    found = part.names(table, rows)
    names = [cut(str(n))[0] for n in (found if chosen is None else found[chosen - rows.start])]
    return TablePage(
        table=table,
        offset=request.offset,
        n_rows=n_rows,
        n_columns=len(known),
        more=chosen is None and rows.stop < n_rows,
        index=names,
        index_name=part.index_name(table),
        columns=columns,
    )


def names(part: Part, request: PreviewRequest) -> RowNames:
    """Give the names of the asked rows of a table, by default of obs, or those with a text."""
    n_rows = part.rows_of(request.table)
    if request.search is not None:
        return _searched(part, request, request.search)
    wanted = _chosen(request, n_rows)
    if wanted is None:
        return RowNames(names=[])
    span = _span(wanted)
    found = part.names(request.table, span)[wanted - span.start]
    return RowNames(names=[str(name) for name in found], rows=wanted.tolist())


def _chosen(request: PreviewRequest, n_rows: int) -> NDArray[np.int64] | None:
    """Give the positions that are asked for; None where none are named."""
    if not request.rows:
        return None
    if request.kind == "table" and len(request.rows) > MOST_ROWS:
        raise Invalid(
            f"A page of {len(request.rows):,} rows is asked for.",
            f"Ask for at most {MOST_ROWS:,} at a time.",
        )
    wanted = np.array(request.rows, dtype=np.int64)
    if int(wanted.max()) >= n_rows:
        raise Invalid(
            f"There is no row {int(wanted.max())} in {request.table}.",
            f"It has {n_rows:,} rows, counted from 0.",
        )
    return wanted


def _span(rows: NDArray[np.int64]) -> slice:
    return slice(int(rows.min()), int(rows.max()) + 1)


def _searched(part: Part, request: PreviewRequest, text: str) -> RowNames:
    """Find names, or values of columns, that have a text in them: the likest first."""
    whole, folded = slice(None), text.casefold()
    names = part.names(request.table, whole)
    best: dict[int, tuple[int, str]] = {}
    columns = chosen_keys(list(request.columns or ()), part.keys(request.table), "column")
    texts = [[str(name) for name in names]]
    texts += [labels(part.cells(request.table, key, whole)) for key in columns]
    for values in texts:
        for row, value in enumerate(values):
            rank = _rank(value.casefold(), folded)
            if rank is not None and (row not in best or rank < best[row][0]):
                best[row] = (rank, value)
    # In the order of the table where they are equally like what was asked for.
    rows = sorted(best, key=lambda row: (best[row][0], row))[: request.limit]
    return RowNames(
        names=[str(names[row]) for row in rows],  # whole: they are asked for by them
        rows=rows,
        found=[cut(best[row][1])[0] for row in rows],
        n_found=len(best),
    )


def _rank(value: str, text: str) -> int | None:
    if text not in value:
        return None
    return 0 if value == text else 1 if value.startswith(text) else 2


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
