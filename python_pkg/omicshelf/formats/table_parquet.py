"""Parquet: what is in it, and tables of memory written to it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from omicshelf.errors import Invalid
from omicshelf.formats.base import Inspection
from omicshelf.formats.table_facts import BATCH_ROWS, Column, facts_of_batches
from omicshelf.records import Summary

__all__ = ["as_table", "inspect_parquet", "inspect_table", "write_parquet"]

_GROUP_ROWS = 16 * BATCH_ROWS  # whole batches: the figures of a table and of its file are equal


def inspect_parquet(path: Path) -> Inspection:
    """Give the facts of a Parquet file, some rows at a time."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            return _inspected(file.schema_arrow, file.iter_batches(batch_size=BATCH_ROWS))
    except (pa.ArrowException, OSError, ValueError) as error:
        text = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        problem = f"It cannot be read as Parquet: {text}"
        return Inspection(Summary(kind="file", format="parquet", problems=[problem]))


def inspect_table(table: Any) -> Inspection:
    """Give the facts of an Arrow table, equal to those of its written file."""
    return _inspected(table.schema, _slices(table))


def as_table(obj: Any) -> Any:
    """Give the Arrow table of a DataFrame of pandas (with its index) or polars, or of a table.

    Raises
    ------
    omicshelf.errors.Invalid
        Naming the column that Parquet cannot hold.
    """
    import pyarrow as pa

    if isinstance(obj, pa.Table):
        _refuse_repeated(obj.schema.names)
        return obj
    if type(obj).__module__.startswith("polars"):
        return obj.to_arrow()
    for name in obj.columns:
        if not isinstance(name, str):
            what = "levels" if isinstance(name, tuple) else f"the type {type(name).__name__}"
            raise Invalid(
                f"The column name {name!r} has {what}: column names must be text.",
                "Rename the columns first: df.columns = df.columns.map(str).",
            )
    _refuse_repeated(list(obj.columns))
    try:
        return pa.Table.from_pandas(obj)
    except (pa.ArrowException, TypeError, ValueError) as error:
        text = " ".join(str(part) for part in error.args)
        found = re.search(r"for column (.*?) with type", text)
        where = f"The column {found.group(1)!r}" if found else "A column of the table"
        raise Invalid(
            f"{where} cannot be written to Parquet: {error.args[0] if error.args else error}.",
            "A column holds values of one type: convert it with .astype(str), to numbers or to a "
            "category.",
        ) from error


def write_parquet(table: Any, path: Path) -> None:
    """Write an Arrow table to the new file ``path``."""
    from pyarrow import parquet

    parquet.write_table(table, path, compression="zstd", row_group_size=_GROUP_ROWS)


def _refuse_repeated(names: list[str]) -> None:
    repeated = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if repeated:
        raise Invalid(
            f"{names.count(repeated[0])} columns are named {repeated[0]!r}.",
            "Column names must be unique: rename one of them.",
        )


def _slices(table: Any) -> Iterator[Any]:
    for start in range(0, table.num_rows, BATCH_ROWS):
        yield from table.slice(start, BATCH_ROWS).combine_chunks().to_batches()


def _inspected(schema: Any, batches: Iterator[Any]) -> Inspection:
    columns = {
        name: Column(_dtype(kind)) for name, kind in zip(schema.names, schema.types, strict=True)
    }
    n_rows = facts_of_batches(batches, columns)
    index = _index_columns(schema)
    shown = {name: column for name, column in columns.items() if name not in index}
    details: dict[str, Any] = {"index": index} if index else {}
    summary = Summary(
        kind="table",
        format="parquet",
        n_rows=n_rows,
        n_columns=len(shown),
        elements={f"columns/{name}": column.element() for name, column in shown.items()},
        details=details,
    )
    return Inspection(summary)


def _index_columns(schema: Any) -> list[str]:
    """Give the columns that are pandas' index; a range is no column."""
    try:
        stored = json.loads((schema.metadata or {}).get(b"pandas", b"{}"))["index_columns"]
    except (ValueError, KeyError, TypeError):
        return []
    return [name for name in stored if isinstance(name, str) and name in schema.names]


def _dtype(kind: Any) -> str:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        return "category"
    names = {"double": "float64", "float": "float32", "large_string": "string"}
    return names.get(str(kind), str(kind))
