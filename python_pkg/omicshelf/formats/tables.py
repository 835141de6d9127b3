"""Tables: CSV, TSV and their relatives, Parquet, Excel."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from omicshelf.errors import Invalid, MissingDependency
from omicshelf.formats import magic, table_text
from omicshelf.formats.base import Format, Inspection, LoadRequest
from omicshelf.formats.selection import columns_of, positions
from omicshelf.formats.table_excel import inspect_workbook, is_workbook, read_sheet
from omicshelf.formats.table_parquet import as_table, inspect_parquet, inspect_table, write_parquet
from omicshelf.formats.textfile import looks_binary
from omicshelf.records import Summary

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FORMATS", "Excel", "Parquet", "Text", "TextTable"]

_AS = ("pandas", "polars", "arrow")
_GZIP = b"\x1f\x8b"


class _Table(Format):
    """What all tables share."""

    loadable = True
    parts = frozenset({"obs", "obs_columns"})

    def load(self, path: Path, request: LoadRequest) -> Any:
        """Load a table.

        Parameters
        ----------
        path
            The file.
        request
            ``as_`` is ``"pandas"`` (or None), ``"polars"`` or ``"arrow"``; ``obs`` chooses rows
            (a query, a mask or positions), ``obs_columns`` columns, in this order.

        Raises
        ------
        omicshelf.errors.Invalid
            It cannot be read as such a table.
        omicshelf.errors.MissingDependency
            polars, or what reads Excel, is not installed.
        """
        kind = request.as_ or "pandas"
        if kind not in _AS:
            raise Invalid(
                f"as_={request.as_!r} is nothing a table can be loaded as.",
                f"It is one of {', '.join(map(repr, _AS))}.",
            )
        if request.backed or request.lazy or request.var is not None or request.layers is not None:
            raise Invalid(
                f"A {self.title} has rows and columns only: backed, lazy, var and layers are not "
                "for it.",
                "Choose rows with obs= and columns with obs_columns=.",
            )
        frame = self.frame(path, request)
        rows = positions(request.obs, frame, "obs")
        if rows is not None:
            frame = frame.iloc[rows]
        return _converted(columns_of(frame, request.obs_columns, "column"), kind)

    def frame(self, path: Path, request: LoadRequest) -> pd.DataFrame:
        """Read the whole table."""
        raise NotImplementedError


class TextTable(_Table):
    """A table in text, plain or gzip, of which the dialect is found by looking."""

    separator: ClassVar[str | None] = None

    def recognises(self, head: bytes, path: Path) -> bool | None:
        """Any text may be a table; binary data and a Git LFS pointer are none."""
        if path.is_dir() or head.startswith(magic.LFS_PREFIX):
            return False
        if head.startswith(_GZIP):
            return None
        return False if looks_binary(head) else None

    def inspect(self, path: Path) -> Inspection:
        """Stream over the table: types, ranges and categories of its columns."""
        with path.open("rb") as file:
            size = magic.lfs_size(file.read(1024))
        if size is not None:
            return self.no_table(
                path,
                f"It is a Git LFS pointer of {size:,} bytes, not the data: run `git lfs pull`.",
            )
        try:
            dialect = table_text.sniff(path, self.separator)
        except Invalid as error:
            return self.no_table(path, f"{error.title}")
        if self.separator is None and not dialect.tabular:
            return self.no_table(path, None)
        try:
            found = table_text.facts(path, dialect)
        except (ValueError, OSError, EOFError) as error:
            return self.no_table(path, f"It cannot be read as a table to its end: {error}")
        details: dict[str, Any] = {
            "separator": table_text.SEPARATORS[dialect.separator],
            "encoding": found.encoding,
            "line_ends": dialect.line_ends,
            "lines_before_header": dialect.n_before,
        }
        if dialect.row_names:
            details["row_names"] = True
        summary = Summary(
            kind="table",
            format=self.name,
            n_rows=found.n_rows,
            n_columns=len(found.columns),
            elements={f"columns/{k}": column.element() for k, column in found.columns.items()},
            details=details,
            problems=found.problems,
        )
        return Inspection(summary)

    def no_table(self, path: Path, problem: str | None) -> Inspection:
        """Give the summary of a file that is kept and is no table."""
        problems = [] if problem is None else [problem]
        return Inspection(Summary(kind="file", format=self.name, problems=problems))

    def frame(self, path: Path, request: LoadRequest) -> pd.DataFrame:
        """Read the table with pandas, in the dialect that it is written in.

        ``options["header"] = None`` says that its first line is data: columns are numbered.
        """
        import pandas as pd

        dialect = table_text.sniff(path, self.separator)
        if self.separator is None and not dialect.tabular:
            raise Invalid(
                f"{path.name!r} is text, and not a table: its lines have not the same columns.",
                "Use `.path()` or `.download(path)` and read it as text.",
            )
        header = 0 if request.options.get("header", True) is not None else None
        try:
            try:
                return _read(path, dialect, dialect.encoding, header)
            except UnicodeDecodeError:
                return _read(path, dialect, "latin-1", header)
        except pd.errors.ParserError as error:
            raise Invalid(
                f"{path.name!r} cannot be read as a table: {error}.",
                "A row has more cells than the header. Correct it, or read the file yourself: "
                f"pandas.read_csv(dataset.path(), sep={dialect.separator!r}, on_bad_lines='skip').",
            ) from error
        except (EOFError, OSError) as error:
            raise Invalid(
                f"{path.name!r} is a damaged gzip file: {error}.",
                "The copy or download was not finished: get it again.",
            ) from error


class Csv(TextTable):
    """Comma-separated values; semicolons and tabs are understood too."""

    name = "csv"
    title = "CSV table"
    suffixes = ("csv",)
    separator = ","


class Tsv(TextTable):
    """Tab-separated values."""

    name = "tsv"
    title = "TSV table"
    suffixes = ("tsv", "tab")
    separator = "\t"


class Text(TextTable):
    """Text that may be a table with any separator, or no table at all."""

    name = "txt"
    title = "text file"
    suffixes = ("txt",)


class Maf(TextTable):
    """Mutation Annotation Format: a TSV behind comment lines (GDC MAF, v1.0.0)."""

    name = "maf"
    title = "mutation table (MAF)"
    suffixes = ("maf",)
    separator = "\t"


class Seg(TextTable):
    """Copy-number segments as the Integrative Genomics Viewer reads them."""

    name = "seg"
    title = "copy-number segments (SEG)"
    suffixes = ("seg",)
    separator = "\t"


class Parquet(_Table):
    """Apache Parquet; what tables of memory are written as."""

    name = "parquet"
    title = "Parquet table"
    suffixes = ("parquet", "pq")

    def recognises(self, head: bytes, path: Path) -> bool | None:
        """Look at the first four bytes."""
        return head.startswith(b"PAR1") if head else None

    def inspect(self, path: Path) -> Inspection:
        """Stream over the columns."""
        return inspect_parquet(path)

    def load(self, path: Path, request: LoadRequest) -> Any:
        """Load as every table; an Arrow table without a detour over pandas."""
        if request.as_ == "arrow" and not request.partial:
            from pyarrow import parquet

            return parquet.read_table(path)
        return super().load(path, request)

    def frame(self, path: Path, request: LoadRequest) -> pd.DataFrame:
        """Read the table, with the index that pandas gave it."""
        import pyarrow as pa
        from pyarrow import parquet

        try:
            table = parquet.read_table(path, partitioning=None)
        except (pa.ArrowException, OSError) as error:
            raise Invalid(
                f"{path.name!r} cannot be read as Parquet: {error}",
                "The file is damaged or of another format: get it again.",
            ) from error
        frame: pd.DataFrame = table.to_pandas()
        return frame

    def accepts(self, obj: object) -> bool:
        """Take a DataFrame of pandas or polars, and an Arrow table."""
        return any(
            (base.__module__.partition(".")[0], base.__name__)
            in {("pandas", "DataFrame"), ("polars", "DataFrame"), ("pyarrow", "Table")}
            for base in type(obj).__mro__
        )

    def frozen_copy(self, obj: Any) -> Any:
        """Give an Arrow table, which nothing changes any more."""
        return as_table(obj)

    def inspect_object(self, obj: Any) -> Inspection:
        """Inspect the Arrow table in memory."""
        return inspect_table(obj)

    def write(self, obj: Any, path: Path) -> None:
        """Write the Arrow table."""
        write_parquet(obj, path)


class Excel(_Table):
    """Excel workbooks from 2007 on, read only."""

    name = "xlsx"
    title = "Excel workbook"
    suffixes = ("xlsx", "xlsm")

    def recognises(self, head: bytes, path: Path) -> bool | None:
        """Look for the workbook inside the zip."""
        return is_workbook(head, path)

    def inspect(self, path: Path) -> Inspection:
        """Name the sheets, and describe the first one where it is not too large."""
        return inspect_workbook(path)

    def frame(self, path: Path, request: LoadRequest) -> pd.DataFrame:
        """Read the first sheet, or that of ``options["sheet"]`` (name, or number from 0)."""
        return read_sheet(path, request.options.get("sheet", 0))


def _read(
    path: Path, dialect: table_text.Dialect, encoding: str, header: int | None
) -> pd.DataFrame:
    import pandas as pd

    with table_text.text_stream(path, dialect, encoding) as stream:
        return pd.read_csv(
            stream,
            sep=dialect.separator,
            header=header,
            low_memory=False,
            float_precision="round_trip",  # pandas' own default may miss the last bit
        )


def _converted(frame: pd.DataFrame, kind: str) -> Any:
    if kind == "pandas":
        return frame
    table = as_table(frame)
    if kind == "arrow":
        return table
    try:
        import polars
    except ImportError as error:
        raise MissingDependency(
            "polars is not installed.", "Install it: pip install polars."
        ) from error
    return polars.from_arrow(table)


FORMATS: tuple[Format, ...] = (Csv(), Tsv(), Text(), Maf(), Seg(), Parquet(), Excel())
