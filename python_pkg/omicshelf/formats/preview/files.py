"""Pages of table files: text, Parquet and Excel."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from omicshelf.errors import Invalid
from omicshelf.formats import table_excel, table_text
from omicshelf.formats.base import Format
from omicshelf.formats.preview.models import ColumnFacts, PreviewRequest, TableFacts, TablePage
from omicshelf.formats.preview.parts import Unreadable
from omicshelf.formats.preview.tables import frame_page, shown_columns
from omicshelf.formats.tables import Excel, Parquet, TextTable

__all__ = ["is_table", "page", "sheets", "table_facts"]

_FIRST = PreviewRequest(kind="table", limit=100)


def is_table(fmt: Format, path: Path) -> bool:
    """Say whether a file is of a table format, and not mere text."""
    if isinstance(fmt, TextTable):
        return fmt.separator is not None or _dialect(path, fmt).tabular
    return isinstance(fmt, (Parquet, Excel))


def page(fmt: Format, path: Path, request: PreviewRequest) -> tuple[TablePage, list[str]]:
    """Read a page of a table, and say what is wrong with it.

    Of a text the types are those of the page's values: a column of numbers may turn out to
    hold a text further on. Its rows are not counted.
    """
    if isinstance(fmt, TextTable):
        return _text_page(fmt, path, request)
    if isinstance(fmt, Parquet):
        return _parquet_page(path, request), []
    return _sheet_page(path, request), []


def sheets(fmt: Format, path: Path) -> list[str]:
    """Name the sheets of a workbook."""
    if not isinstance(fmt, Excel):
        return []
    found: list[str] = fmt.inspect(path).summary.details.get("sheets", [])
    return found


def table_facts(fmt: Format, path: Path) -> list[TableFacts]:
    """Describe the table from its first rows."""
    first, _ = page(fmt, path, _FIRST)
    columns = [ColumnFacts(name=column.name, type=column.type) for column in first.columns]
    return [
        TableFacts(
            name=first.table, n_rows=first.n_rows, n_columns=first.n_columns, columns=columns
        )
    ]


def _dialect(path: Path, fmt: TextTable) -> table_text.Dialect:
    try:
        return table_text.sniff(path, fmt.separator)
    except Invalid as error:
        raise Unreadable(error.title) from error


def _text_page(fmt: TextTable, path: Path, request: PreviewRequest) -> tuple[TablePage, list[str]]:
    dialect = _dialect(path, fmt)
    names = table_text.unique_names(dialect.header)
    columns = shown_columns(request.columns, names, "column")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            frame = _rows(path, dialect, dialect.encoding, names, request)
        except UnicodeDecodeError:
            frame = _rows(path, dialect, "latin-1", names, request)
    more = len(frame) > request.limit
    frame = frame.iloc[: request.limit]
    index = [str(name) for name in frame.iloc[:, 0]] if dialect.row_names else None
    problems = [
        "Rows that have more cells than the header are left out."
        for warning in caught
        if "Skipping line" in str(warning.message)
    ][:1]
    found = TablePage(
        table="table",
        offset=request.offset,
        n_columns=len(names),
        more=more,
        n_rows=None if more else request.offset + len(frame) if len(frame) else None,
        index=index,
        columns=frame_page(frame[columns], {}),
    )
    return found, problems


def _rows(
    path: Path,
    dialect: table_text.Dialect,
    encoding: str,
    names: list[str],
    request: PreviewRequest,
) -> Any:
    """Read one row more than asked for, behind those that are skipped."""
    import pandas as pd

    all_names = ["", *names] if dialect.row_names else names
    with table_text.text_stream(path, dialect, encoding) as stream:
        try:
            return pd.read_csv(
                stream,
                sep=dialect.separator,
                header=None,
                names=all_names,
                index_col=False,
                skiprows=1 + request.offset,  # the parser knows line breaks within quotes
                nrows=request.limit + 1,
                low_memory=False,
                float_precision="round_trip",
                on_bad_lines="warn",
            )
        except pd.errors.EmptyDataError:
            return pd.DataFrame({name: pd.Series(dtype=object) for name in all_names})


def _parquet_page(path: Path, request: PreviewRequest) -> TablePage:
    import pyarrow as pa
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        schema = file.schema_arrow
        names = list(schema.names)
        columns = shown_columns(request.columns, names, "column")
        n_rows = int(file.metadata.num_rows)
        groups, skipped = _groups(file.metadata, request.offset, request.limit)
        table = pa.schema([schema.field(name) for name in columns]).empty_table()
        if groups:
            table = _some_rows(file, groups, columns, skipped, request.limit).select(columns)
    types = {name: _arrow_type(schema.field(name).type) for name in columns}
    frame = table.to_pandas(ignore_metadata=True, types_mapper=None, integer_object_nulls=True)
    return TablePage(
        table="table",
        offset=request.offset,
        n_rows=n_rows,
        n_columns=len(names),
        more=request.offset + request.limit < n_rows,
        columns=frame_page(frame, types),
    )


def _groups(metadata: Any, offset: int, limit: int) -> tuple[list[int], int]:
    """Give the row groups that hold a page, and the rows of the first that come before it."""
    groups: list[int] = []
    start = skipped = 0
    for number in range(metadata.num_row_groups):
        stop = start + metadata.row_group(number).num_rows
        if stop > offset and start < offset + limit:
            if not groups:
                skipped = offset - start if offset > start else 0
            groups.append(number)
        start = stop
    return groups, skipped


def _some_rows(file: Any, groups: list[int], columns: list[str], skipped: int, limit: int) -> Any:
    """Read rows of some row groups, without holding more than a batch that is not wanted."""
    import pyarrow as pa

    batches, left = [], limit
    for batch in file.iter_batches(batch_size=4096, row_groups=groups, columns=columns):
        if skipped >= batch.num_rows:
            skipped -= batch.num_rows
            continue
        batches.append(batch.slice(skipped, left))
        left -= batches[-1].num_rows
        skipped = 0
        if left <= 0:
            break
    return pa.Table.from_batches(batches)


def _arrow_type(kind: Any) -> str:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        return "category"
    names = {"double": "float64", "float": "float32", "large_string": "string"}
    return names.get(str(kind), str(kind))


def _sheet_page(path: Path, request: PreviewRequest) -> TablePage:
    try:
        frame = table_excel.read_sheet(path, 0 if request.sheet is None else request.sheet)
    except Invalid as error:
        if request.sheet is not None and "has no sheet" in error.title:
            raise
        raise Unreadable(error.title) from error
    frame.columns = table_text.unique_names([str(name) for name in frame.columns])
    columns = shown_columns(request.columns, list(frame.columns), "column")
    shown = frame.iloc[request.offset : request.offset + request.limit]
    return TablePage(
        table="table",
        offset=request.offset,
        n_rows=len(frame),
        n_columns=frame.shape[1],
        more=request.offset + request.limit < len(frame),
        columns=frame_page(shown[columns], {}),
    )
