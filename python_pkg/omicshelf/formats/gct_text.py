"""Reading GCT 1.2 and 1.3, the Broad Institute's text format for a matrix with metadata.

The layout is that of https://clue.io/connectopedia/gct_format: a version line, a line of
dimensions, a header of the ids, the column metadata, and one line for each row. A GCT's rows
are features (genes, probes), its columns are samples.
"""

from __future__ import annotations

import csv
import gzip
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from omicshelf.errors import Invalid
from omicshelf.formats.gct_matrix import MISSING, Gct, data_frame, metadata_frame
from omicshelf.formats.textfile import is_gzip, refuse_what_is_no_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["check_gct", "read_gct"]

_VERSIONS = {"#1.2": ("GCT1.2", 2), "#1.3": ("GCT1.3", 4)}
_BOM = b"\xef\xbb\xbf"
_FILE = "a GCT file"


@dataclass(frozen=True)
class _Layout:
    """What the first two lines say."""

    name: str
    version: str
    n_rows: int
    n_columns: int
    n_row_fields: int
    n_column_fields: int

    @property
    def samples(self) -> int:
        """The position of the first sample in a line."""
        return 1 + self.n_row_fields

    @property
    def width(self) -> int:
        """Cells of every line from the third on."""
        return self.samples + self.n_columns

    @property
    def first_row(self) -> int:
        """The number of the first row's line, counted from 1."""
        return 4 + self.n_column_fields


def check_gct(path: Path) -> None:
    """Refuse what is no GCT file, or has lost its end.

    Raises
    ------
    omicshelf.errors.Invalid
        Naming the line and what it should be.
    """
    head = refuse_what_is_no_text(path, _FILE)
    lines = _Lines(path.name, head)
    layout = _layout(lines)
    if is_gzip(path):
        return  # to count its lines is to read it whole, which the inspection does
    n_lines, last = 0, b"\n"
    with path.open("rb") as file:
        while block := file.read(1 << 22):
            n_lines += block.count(b"\n")
            last = block[-1:]
    n_rows = max(0, n_lines + (last != b"\n") - layout.first_row + 1)
    if n_rows < layout.n_rows:
        raise _other_number(layout, n_rows)


def read_gct(path: Path) -> Gct:
    """Read a GCT 1.2 or 1.3 file, plain or gzip.

    Returns
    -------
    Gct
        ``data_df`` has float64 values exactly as written; ids are text, whatever they look
        like. Missing values are NaN (an empty cell, NA, NaN, null …). Metadata is made
        numbers, field by field, where every value is one; ``-666`` is a missing value there,
        as in the Connectivity Map's files.

    Raises
    ------
    omicshelf.errors.Invalid
        Naming the line where the file is not what its header says, or the cell that is no
        number.
    """
    refuse_what_is_no_text(path, _FILE)
    lines = _Lines(path.name, _whole(path))
    layout = _layout(lines)
    header = lines.cells(layout.width)
    if len(header) < layout.width or any(cell.strip() for cell in header[layout.width :]):
        raise Invalid(
            f"{path.name!r}: line 3 has {len(header):,} columns, and line 2 announces "
            f"{layout.width:,}.",
            f"That is 1 for the ids, {layout.n_row_fields} of row metadata and "
            f"{layout.n_columns:,} samples, separated by tabs.",
        )
    column_fields = []
    for number in range(4, layout.first_row):
        cells = lines.cells(layout.width)
        if len(cells) < layout.width:
            raise _other_width(layout, number, len(cells))
        column_fields.append((cells[0], cells[layout.samples : layout.width]))
    rows = _Rows(lines, layout)
    rids, cids = rows.text(0), header[layout.samples : layout.width]
    row_fields = [(header[i], rows.text(i)) for i in range(1, layout.samples)]
    return Gct(
        data_frame(rows.matrix(rids, cids).T, rids, cids),
        metadata_frame(row_fields, rids, "row"),
        metadata_frame(column_fields, cids, "column"),
        src=str(path),
        version=layout.version,
    )


def _whole(path: Path) -> bytes:
    data = path.read_bytes()
    if not is_gzip(path):
        return data
    try:
        return gzip.decompress(data)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise Invalid(
            f"{path.name!r} is a damaged gzip file: {error}.",
            "The copy or download was not finished, or the file was changed: get it again.",
        ) from error


def _layout(lines: _Lines) -> _Layout:
    first = lines.text().strip()
    if first not in _VERSIONS:
        raise Invalid(
            f"{lines.name!r} is not a GCT file: its first line is {first[:40]!r}.",
            "A GCT file begins with the line #1.2 or #1.3, without quotes or other cells.",
        )
    version, n_dimensions = _VERSIONS[first]
    cells = lines.text().strip().split("\t")
    numbers = [int(cell) for cell in cells if cell.strip().isascii() and cell.strip().isdigit()]
    if len(cells) != n_dimensions or len(numbers) != n_dimensions:
        what = "rows and columns"
        if n_dimensions == 4:
            what = "rows, columns, row metadata fields and column metadata fields"
        raise Invalid(
            f"{lines.name!r}: line 2 is {' '.join(cells)[:60]!r}.",
            f"In {version} it has {n_dimensions} whole numbers, separated by tabs: {what}.",
        )
    if n_dimensions == 2:
        numbers += [1, 0]  # the Description column, and no column metadata
    return _Layout(lines.name, version, *numbers)


class _Lines:
    """The lines of a file's text, one after another."""

    def __init__(self, name: str, data: bytes) -> None:
        self.name = name
        self.data = data
        self.at = len(_BOM) if data.startswith(_BOM) else 0

    @cached_property
    def encoding(self) -> str:
        """UTF-8, or Latin-1 where it cannot be UTF-8 (a µ of an old instrument's export)."""
        if not self.data.isascii():
            try:
                self.data.decode()
            except UnicodeDecodeError:
                return "latin-1"
        return "utf-8"

    def line(self) -> bytes:
        end = self.data.find(b"\n", self.at)
        end = len(self.data) if end < 0 else end
        line, self.at = self.data[self.at : end], end + 1
        return line.removesuffix(b"\r")

    def text(self) -> str:
        return self.line().decode("utf-8", "replace")

    def cells(self, width: int) -> list[str]:
        """Split the next line at tabs; quotes count where the line has the right width so."""
        text = self.line().decode(self.encoding)
        plain = text.split("\t")
        if '"' not in text:
            return plain
        try:
            [quoted] = csv.reader([text], delimiter="\t")
        except (csv.Error, ValueError):
            return plain
        return plain if len(plain) == width != len(quoted) else quoted


class _Rows:
    """The table below the header: ids, row metadata, values."""

    def __init__(self, lines: _Lines, layout: _Layout) -> None:
        self.lines = lines
        self.layout = layout
        self.rest = memoryview(lines.data)[lines.at :]
        self.table = self._table()

    def text(self, column: int) -> list[str]:
        if self.table is None:
            return []
        cells: list[str] = self.table.column(column).to_pylist()
        return cells

    def matrix(self, rids: list[str], cids: list[str]) -> NDArray[np.float64]:
        """Give the values, columns x rows (so that the frame of rows x columns is one block)."""
        layout = self.layout
        values = np.empty((layout.n_columns, layout.n_rows), dtype=np.float64)
        if self.table is None:
            return values
        for n in range(layout.n_columns):
            column = self.table.column(layout.samples + n)
            if str(column.type) == "double":
                values[n] = column.to_numpy()
            else:
                values[n] = self._numbers(column.to_pylist(), rids, cids[n])
        return values

    def _numbers(self, cells: list[str], rids: list[str], cid: str) -> list[float]:
        """Read cells one by one: those that the fast reader does not take, such as ``+1.5``."""
        numbers = []
        for n, cell in enumerate(cells):
            word = cell.strip()
            try:
                if "_" in word:
                    raise ValueError
                numbers.append(float("nan") if word in MISSING else float(word))
            except ValueError:
                raise Invalid(
                    f"{self.layout.name!r}: line {self.layout.first_row + n}, row {rids[n]!r}, "
                    f"column {cid!r} holds {cell[:40]!r}, which is no number.",
                    "Values are numbers with a decimal point; a missing one is empty, NA or NaN.",
                ) from None
        return numbers

    def _table(self) -> Any:
        """Read the table; where the quotes in it are no quotes, without them."""
        layout = self.layout
        if not self.rest.nbytes or not bytes(self.rest[:4096]).strip():
            if layout.n_rows:
                raise _other_number(layout, 0)
            return None
        import pyarrow as pa

        found = -1
        for quoted in (True, False):
            for numbers in (True, False):
                try:
                    table = self._read(quoted=quoted, numbers=numbers)
                except pa.ArrowInvalid:
                    continue
                found = table.num_rows
                if found == layout.n_rows and self._wide_enough(table):
                    return table
                break
            if b'"' not in self.lines.data:
                break
        self._refuse_lines()
        raise _other_number(layout, max(found, 0))

    def _read(self, *, quoted: bool, numbers: bool) -> Any:
        import pyarrow as pa
        from pyarrow import csv as pa_csv

        layout = self.layout
        first = self.lines.data.find(b"\n", self.lines.at) - self.lines.at
        number = pa.float64() if numbers else pa.string()
        types = {f"f{i}": pa.string() for i in range(layout.samples)}
        types |= {f"f{i}": number for i in range(layout.samples, layout.width)}
        return pa_csv.read_csv(
            pa.BufferReader(pa.py_buffer(self.rest)),
            read_options=pa_csv.ReadOptions(
                autogenerate_column_names=True,
                block_size=max(1 << 22, 8 * first),  # no line may be longer than a block
                encoding=self.lines.encoding,
            ),
            parse_options=pa_csv.ParseOptions(delimiter="\t", quote_char='"' if quoted else False),
            convert_options=pa_csv.ConvertOptions(
                column_types=types, null_values=sorted(MISSING), strings_can_be_null=False
            ),
        )

    def _wide_enough(self, table: Any) -> bool:
        """Say whether all columns are there, and nothing but empty cells after them."""
        extra = range(self.layout.width, table.num_columns)
        return table.num_columns >= self.layout.width and not any(
            any(str(cell).strip() for cell in table.column(n).to_pylist() if cell is not None)
            for n in extra
        )

    def _refuse_lines(self) -> None:
        """Name the first line of another width, if there is one."""
        rows = bytes(self.rest).split(b"\n")
        for n, row in enumerate(rows[: self.layout.n_rows]):
            cells = row.rstrip(b"\r\n").split(b"\t")
            if any(cells) and not self.layout.width <= len(cells) <= _padded(cells, self.layout):
                raise _other_width(self.layout, self.layout.first_row + n, len(cells))


def _padded(cells: list[bytes], layout: _Layout) -> int:
    """The widest that a line may be: as wide as it is, if only empty cells are beyond."""
    return len(cells) if not any(cells[layout.width :]) else layout.width


def _other_number(layout: _Layout, found: int) -> Invalid:
    how = "is cut short" if found < layout.n_rows else "has more"
    return Invalid(
        f"{layout.name!r} {how}: it has {found:,} rows, and line 2 announces {layout.n_rows:,}.",
        f"The rows begin in line {layout.first_row}. Get the file again, or correct line 2.",
    )


def _other_width(layout: _Layout, line: int, found: int) -> Invalid:
    return Invalid(
        f"{layout.name!r}: line {line:,} has {found:,} cells, and line 2 announces "
        f"{layout.width:,}.",
        f"Every line has 1 id, {layout.n_row_fields} of row metadata and {layout.n_columns:,} "
        "values, separated by tabs. Was the file cut short, or a value with a tab pasted in?",
    )
