"""Lists as text: the same columns in a notebook, a terminal and a file."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from omicshelf.catalog import Dataset, DatasetVersion, SupplementaryFile
from omicshelf.catalog.diff.lines import printable
from omicshelf.catalog.words import size_in_words, utc_time

__all__ = ["Listed", "columns", "datasets", "files", "versions"]

_LONGEST = 60
_RIGHT = frozenset({"shape", "size", "added"})


class Listed(list[Any]):
    """A list that is shown as a table of text."""

    def __init__(self, items: Iterable[Any], shown: str) -> None:
        super().__init__(items)
        self._shown = shown

    def __repr__(self) -> str:
        return self._shown


def columns(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Give rows under their headings; what is long is cut, and nothing in them acts.

    Examples
    --------
    >>> print(columns(["id", "size"], [["pbmc", "4.5 MB"], ["a", "9 B"]]))
    id      size
    pbmc  4.5 MB
    a        9 B
    """
    table = [list(head), *([printable(str(cell), _LONGEST) for cell in row] for row in rows)]
    widths = [max(map(_width, column)) for column in zip(*table, strict=True)]
    lines = []
    for row in table:
        cells = [
            _padded(cell, width, name in _RIGHT)
            for cell, width, name in zip(row, widths, head, strict=True)
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _padded(cell: str, width: int, right: bool) -> str:
    space = " " * (width - _width(cell))
    return space + cell if right else cell + space


def _width(cell: str) -> int:
    """Give the columns that a text takes in a fixed-width font."""
    wide = sum(unicodedata.east_asian_width(sign) in "WF" for sign in cell)
    return len(cell) + wide - sum(unicodedata.combining(sign) > 0 for sign in cell)


def datasets(found: Sequence[Dataset], total: int) -> Listed:
    """List datasets."""
    head = ["id", "type", "shape", "format", "size", "version", "changed (UTC)"]
    rows = [
        (d.dataset_id, d.data_type, _shape(d.shape), d.data_format or "", size_in_words(d.size),
         d.version, utc_time(d.last_modified_at)[:16])
        for d in found
    ]  # fmt: skip
    more = total - len(found)
    last = f"\n… and {more:,} more: --limit shows them." if more > 0 else ""
    return Listed(found, columns(head, rows) + last if found else "No datasets.")


def versions(found: Sequence[DatasetVersion]) -> Listed:
    """List the versions of a dataset."""
    head = ["version", "id", "changed (UTC)", "author", "added", "labels", "message"]
    rows: list[tuple[str, ...]] = [
        (v.version, v.version_id[:8], utc_time(v.created_at)[:16], v.author or "",
         size_in_words(v.added_bytes), ", ".join(v.labels), v.message or "")
        for v in found
    ]  # fmt: skip
    if not any(v.labels for v in found):
        head.remove("labels")
        rows = [(*row[:5], row[6]) for row in rows]
    return Listed(found, columns(head, rows))


def files(found: Sequence[SupplementaryFile]) -> Listed:
    """List the files of a dataset."""
    head = ["file", "tag", "size", "attached (UTC)", "by"]
    rows = [
        (f.file_name, f.tag or "", size_in_words(f.size), utc_time(f.created_at)[:16],
         f.author or "")
        for f in found
    ]  # fmt: skip
    return Listed(found, columns(head, rows) if found else "No files are attached.")


def _shape(found: tuple[int, int] | None) -> str:
    return "" if found is None else " × ".join(f"{n:,}" for n in found)
