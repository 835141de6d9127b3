"""Tables in text: their dialect, found by looking, and their facts, by streaming."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from omicshelf.errors import Invalid
from omicshelf.formats.table_facts import Column, TextColumn, facts_of_batches
from omicshelf.formats.textfile import first_bytes, looks_binary, opened

__all__ = ["MISSING", "Dialect", "TextFacts", "facts", "sniff", "unique_names"]

# The words that pandas.read_csv takes for a missing value.
MISSING = (
    *("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND"),
    *("1.#QNAN", "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"),
)
SEPARATORS = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar"}

_HEAD = 1 << 18
_LOOKED_AT = 200
_REGULAR = 0.9  # of the lines of a table have the header's number of cells
_BLOCK = 16 << 20
_BOMS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_TOLD = 5


@dataclass(frozen=True)
class Dialect:
    """How a table is written.

    Attributes
    ----------
    separator
        Between cells.
    encoding
        Of the text; Latin-1 where it is not UTF-8.
    n_before
        Lines before the header: comments that begin with ``#``, and empty ones.
    header
        The names of the columns as written.
    row_names
        Whether rows have one cell more than the header, as R writes row names.
    line_ends
        ``LF`` or ``CRLF``.
    tabular
        Whether there are several columns, and the lines have the same number of cells.
    """

    separator: str
    encoding: str
    n_before: int
    header: tuple[str, ...]
    row_names: bool = False
    line_ends: str = "LF"
    tabular: bool = True


@dataclass
class TextFacts:
    """What streaming over a table found."""

    n_rows: int = 0
    columns: dict[str, Column] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    encoding: str = "utf-8"


def sniff(path: Path, separator: str | None) -> Dialect:
    """Find out how a table is written, from its beginning.

    Parameters
    ----------
    path
        A text file, plain or gzip.
    separator
        The one that its format has; None where any may be.

    Raises
    ------
    omicshelf.errors.Invalid
        There is no text in it.
    """
    head = first_bytes(path, _HEAD)
    if looks_binary(head):
        raise Invalid(
            f"{path.name!r} is not a text table: it holds binary data.",
            "Check that the right file was given; pass data_format= if it is of another format.",
        )
    text, encoding = _decoded(head)
    lines = text.splitlines()
    if len(head) >= _HEAD and len(lines) > 1:
        lines = lines[:-1]  # it may be cut in the middle
    if not any(line.strip() for line in lines):
        raise Invalid(
            f"{path.name!r} is empty: it has no header.", "A table needs its columns' names."
        )
    n_before = _header_at(lines, separator)
    body = "\n".join(lines[n_before : n_before + _LOOKED_AT])
    found, rows = _best(body, separator)
    header = tuple(rows[0])
    widths = Counter(len(row) for row in rows[1:] if row)
    usual = widths.most_common(1)[0][0] if widths else len(header)
    row_names = usual == len(header) + 1 and len(widths) == 1
    regular = sum(n for width, n in widths.items() if width == len(header) + row_names)
    return Dialect(
        separator=found,
        encoding=encoding,
        n_before=n_before,
        header=header,
        row_names=row_names,
        line_ends="CRLF" if b"\r\n" in head else "LF",
        tabular=len(header) > 1 and regular >= _REGULAR * sum(widths.values()),
    )


def facts(path: Path, dialect: Dialect) -> TextFacts:
    """Stream over a table and gather its facts; memory stays bounded whatever its size."""
    try:
        return _facts(path, dialect, dialect.encoding)
    except UnicodeDecodeError:
        found = _facts(path, dialect, "latin-1")
        found.problems.insert(
            0, "The text is not UTF-8; it is read as Latin-1. Check accents and µ in it."
        )
        return found


def unique_names(names: Sequence[str]) -> list[str]:
    """Name columns as pandas does: ``x, x, `` becomes ``x, x.1, Unnamed: 2``."""
    seen: Counter[str] = Counter()
    taken = set(names)
    unique = []
    for at, name in enumerate(names):
        plain = name or f"Unnamed: {at}"
        new = plain
        while seen[plain] and new in taken:
            new = f"{plain}.{seen[plain]}"
            seen[plain] += new in taken
        seen[plain] += 1
        taken.add(new)
        unique.append(new)
    return unique


def text_stream(path: Path, dialect: Dialect, encoding: str) -> IO[str]:
    """Open the table's text behind the comment lines."""
    stream = io.TextIOWrapper(opened(path), encoding=encoding, newline="")
    for _ in range(dialect.n_before):
        stream.readline()
    return stream


def _facts(path: Path, dialect: Dialect, encoding: str) -> TextFacts:
    import pyarrow as pa
    from pyarrow import csv as pa_csv

    odd = _OddRows(dialect)
    names = unique_names(dialect.header)
    columns: dict[str, Column] = {name: TextColumn() for name in names}
    all_names = ["", *names] if dialect.row_names else names
    with opened(path) as raw:
        stream = _Utf8(raw, encoding)
        stream.skip_lines(dialect.n_before + 1)
        try:
            reader = pa_csv.open_csv(
                pa.PythonFile(stream, mode="r"),
                read_options=pa_csv.ReadOptions(column_names=all_names, block_size=_BLOCK),
                parse_options=pa_csv.ParseOptions(
                    delimiter=dialect.separator,
                    newlines_in_values=True,
                    invalid_row_handler=odd,
                ),
                convert_options=pa_csv.ConvertOptions(
                    column_types=dict.fromkeys(all_names, pa.string()),
                    include_columns=names,
                    null_values=list(MISSING),
                    strings_can_be_null=True,
                    check_utf8=False,
                ),
            )
            n_rows = facts_of_batches(odd.batches(reader), columns)
        except pa.ArrowInvalid as error:
            if "Empty CSV file" not in str(error):
                raise
            n_rows = 0
    found = TextFacts(n_rows + odd.n_long, columns, odd.problems(), encoding)
    repeated = [name for name, n in Counter(dialect.header).items() if n > 1 and name]
    if repeated:
        some = ", ".join(map(repr, repeated[:_TOLD]))
        found.problems.append(
            f"Columns with the same name: {some}; the later ones are read as '{repeated[0]}.1' …"
        )
    numbers = [name for name in dialect.header if _is_number(name)]
    if 2 * len(numbers) >= len(dialect.header):
        some = ", ".join(map(repr, dialect.header[:_TOLD]))
        found.problems.append(f"The first line may be data and not the columns' names: {some}.")
    return found


class _OddRows:
    """Takes rows of another width than the header: short ones are filled up, as pandas does."""

    def __init__(self, dialect: Dialect) -> None:
        self.separator = dialect.separator
        self.width = len(dialect.header) + dialect.row_names
        self.skipped = int(dialect.row_names)
        self.short: list[list[str | None]] = []
        self.n_short = 0
        self.n_long = 0
        self.first = ""

    def __call__(self, row: Any) -> str:
        if row.actual_columns > self.width:
            self.n_long += 1
            self.first = self.first or f"{row.actual_columns} cells: {row.text[:60]!r}"
        else:
            self.n_short += 1
            self.short.extend(list(r) for r in csv.reader([row.text], delimiter=self.separator))
        return "skip"

    def batches(self, reader: Iterable[Any]) -> Iterator[Any]:
        """Give the reader's batches, and the short rows among them."""
        for batch in reader:
            yield batch
            if self.short:
                yield self._filled()
        if self.short:
            yield self._filled()

    def _filled(self) -> Any:
        import pyarrow as pa

        rows, self.short = self.short, []
        columns = []
        for n in range(self.skipped, self.width):
            cells = [row[n] if n < len(row) and row[n] not in MISSING else None for row in rows]
            columns.append(pa.array(cells, pa.string()))
        return pa.record_batch(columns, names=[str(n) for n in range(len(columns))])

    def problems(self) -> list[str]:
        told = []
        if self.n_short:
            rows = "1 row has" if self.n_short == 1 else f"{self.n_short:,} rows have"
            told.append(f"{rows} fewer cells than the header; what is not there is missing.")
        if self.n_long:
            rows = "1 row has" if self.n_long == 1 else f"{self.n_long:,} rows have"
            told.append(
                f"{rows} more than the {self.width} cells of the header, the first {self.first}; "
                "they are not in these figures, and load() refuses the table."
            )
        return told


class _Utf8(io.RawIOBase):
    """A binary stream of a text, in UTF-8 whatever it is written in, without its BOM."""

    def __init__(self, raw: IO[bytes], encoding: str) -> None:
        self.text = io.TextIOWrapper(raw, encoding=encoding, newline="")
        self.rest = b""

    def skip_lines(self, count: int) -> None:
        for _ in range(count):
            self.text.readline()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while len(self.rest) < size or size < 0:
            more = self.text.read(1 << 20)
            if not more:
                break
            self.rest += more.encode("utf-8", "replace")
        size = len(self.rest) if size < 0 else size
        data, self.rest = self.rest[:size], self.rest[size:]
        return data


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _decoded(head: bytes) -> tuple[str, str]:
    for bom, encoding in _BOMS.items():
        if head.startswith(bom):
            return head.decode(encoding, "ignore"), encoding
    try:
        return head.decode(), "utf-8"
    except UnicodeDecodeError as error:
        if error.start > len(head) - 4:  # cut in the middle of a character
            return head[: error.start].decode(), "utf-8"
        return head.decode("latin-1"), "utf-8"  # the whole file tells, when it is read


def _header_at(lines: list[str], separator: str | None) -> int:
    """Give the number of lines before the header.

    A single ``#`` line that has as many cells as the line after it, none of them empty, is the
    header (``#chrom<tab>start``); several, or one of another width, are comments.
    """
    at = next((n for n, line in enumerate(lines) if line.strip() and line[0] != "#"), len(lines))
    comments = [n for n, line in enumerate(lines[:at]) if line.startswith("#")]
    if at == len(lines):
        return comments[-1] if comments else 0
    if len(comments) == 1 and comments[0] == at - 1 and re.match(r"#\w", lines[at - 1]):
        for sep in [separator] if separator else list(SEPARATORS):
            cells = lines[at - 1].split(sep)
            if 1 < len(cells) == lines[at].count(sep) + 1 and all(map(str.strip, cells)):
                return at - 1
    return at


def _best(body: str, separator: str | None) -> tuple[str, list[list[str]]]:
    """Give the separator that cuts most lines into the same number of cells, and the rows."""
    candidates = list(SEPARATORS)
    if separator is not None:
        candidates.sort(key=lambda sep: sep != separator)
    best = (candidates[0], _rows(body, candidates[0]))
    if separator is not None and len(best[1][0]) > 1:
        return best
    scored = []
    for sep in candidates:
        rows = _rows(body, sep)
        width = len(rows[0])
        same = sum(len(row) in (width, width + 1) for row in rows) / len(rows)
        if width > 1 and same > 0.8:
            scored.append((same, width, sep, rows))
    if not scored:
        return best
    _, _, sep, rows = max(scored, key=lambda entry: entry[:2])
    return sep, rows


def _rows(body: str, separator: str) -> list[list[str]]:
    limit = max(csv.field_size_limit(), len(body) + 1)
    csv.field_size_limit(limit)
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=separator)
    rows: Iterator[list[str]] = itertools.islice(reader, _LOOKED_AT)
    return [row for row in rows if row] or [[""]]
