"""What of a widget is kept in the notebook's file, for readers without a kernel."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from functools import cache
from typing import TYPE_CHECKING

from omicshelf.catalog.dataset import VersionBase
from omicshelf.catalog.words import size_in_words
from omicshelf.errors import RequestException
from omicshelf.notebook.reprs import dataset, lists
from omicshelf.notebook.reprs.card import Cell, card, note, table, text

if TYPE_CHECKING:
    from omicshelf.notebook.widgets import CatalogWidget

__all__ = ["still"]

_WITHIN_S = 2.0  # a cell is not kept waiting for a picture that may never be looked at
_MOST = 10


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="omicshelf-still")


def still(widget: CatalogWidget) -> str:
    """Give a picture of a widget as HTML: what it shows now, and the line that shows it again."""
    try:
        shown = _threads().submit(_PICTURES[widget.view], widget).result(_WITHIN_S)
    except (RequestException, Late):
        shown = ""  # the widget itself says what is wrong
    again = note(f"<code>{text(widget.code, 400)}</code> shows this while a kernel runs.")
    return shown + again if shown else card(text(widget.dataset or widget.atlas or ""), [], again)


def _search(widget: CatalogWidget) -> str:
    if widget.atlas is None:
        return ""
    return lists.search_result(widget.catalog.search(widget.query, limit=_MOST))


def _dataset(widget: CatalogWidget) -> str:
    return dataset.dataset(_version(widget))


def _versions(widget: CatalogWidget) -> str:
    return lists.versions(widget.catalog.list_versions(str(widget.dataset)))


def _files(widget: CatalogWidget) -> str:
    found = widget.catalog.list_files(str(widget.dataset))
    columns = (Cell("File"), Cell("Tag"), Cell("Size", True), Cell("Attached (UTC)", True))
    rows = (
        (
            text(file.file_name, 60),
            text(file.tag or "", 40),
            size_in_words(file.size),
            dataset.moment(file.created_at)[:-4],
        )
        for file in found[:_MOST]
    )
    n = len(found)
    beside = [f"<span>{n:,} {'file' if n == 1 else 'files'}</span>"]
    return card(text(widget.dataset or ""), beside, table(columns, rows) if n else "")


def _version(widget: CatalogWidget) -> VersionBase:
    if widget.version is None:
        return widget.catalog.get_dataset(str(widget.dataset))
    return widget.catalog.get_version(str(widget.dataset), widget.version)


_PICTURES: dict[str, Callable[[CatalogWidget], str]] = {
    "browser": _search,
    "picker": _search,
    "dataset": _dataset,
    "timeline": _versions,
    "files": _files,
}
