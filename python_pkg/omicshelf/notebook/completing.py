"""Completion after ``%shelf``: subcommands, options, ids, versions, tags, variables.

A key that is pressed is not kept waiting: the catalog has a moment to answer, and what comes
later is there for the next one.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from functools import cache
from pathlib import Path

from omicshelf.backend.base import Filter, Query
from omicshelf.catalog import Catalog
from omicshelf.catalog.connection import current
from omicshelf.errors import RequestException
from omicshelf.formats import registry
from omicshelf.notebook.grammar import COMMANDS, options
from omicshelf.notebook.shelf import Shelf
from omicshelf.reference import parse_reference

__all__ = ["complete"]

_WITHIN_S = 0.5
_MOST = 50
_BEFORE_ID = {"save": 1, "attach": 1}  # arguments before the dataset
_WITH_VERSIONS = {"label": 1, "diff": 2, "rollback": 1}  # arguments after it


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="omicshelf-complete")


def complete(shelf: Shelf, line: str) -> tuple[list[str], str]:
    """Give what may follow, and the end of the line that it stands for.

    Parameters
    ----------
    line
        The line up to the cursor, with ``%shelf`` in it.
    """
    words = line.partition("%shelf")[2].split()
    last = "" if line[-1:].isspace() or not words else words.pop()
    start = last.rpartition("@")[2]
    try:
        # Of its own thread, also where it takes long: the kernel goes on.
        found = _threads().submit(_offered, shelf, words, last).result(_WITHIN_S)
    except (RequestException, Late, OSError):
        return [], start
    return sorted({word for word in found if word.startswith(start)})[:_MOST], start


def _offered(shelf: Shelf, words: list[str], last: str) -> Iterable[str]:
    if not words:
        return COMMANDS
    command, given = words[0], words[1:]
    if command not in COMMANDS:
        return []
    if last.startswith("-"):
        return options(command)
    option = given[-1] if given and given[-1].startswith("-") else None
    plain = _plain(command, given)
    if option in ("--tag",):
        return _tags(shelf, plain, command)
    if option in ("-v", "--version", "--made-from", "--until"):
        return _versions(shelf, _named(plain, command))
    if option is not None and option not in _FLAGS:
        return []
    return _arguments(shelf, command, plain, last)


_FLAGS = frozenset({"--force", "--backed", "--lazy", "--whole", "--over"})


def _plain(command: str, given: list[str]) -> list[str]:
    """Leave out options and their values."""
    found, value = [], False
    for word in given:
        if word.startswith("-"):
            value = word not in _FLAGS
        elif value:
            value = False
        else:
            found.append(word)
    return found


def _arguments(shelf: Shelf, command: str, plain: list[str], last: str) -> Iterable[str]:
    match command:
        case "help":
            return COMMANDS if not plain else []
        case "use":
            return [atlas.name for atlas in current().backend.list_atlases()]
        case "ls" | "find" | "browse":
            return []
    before = _BEFORE_ID.get(command, 0)
    if len(plain) < before:
        return _variables(shelf) if command == "save" else _paths(last)
    if len(plain) == before:
        return _references(shelf, last)
    if command == "load":
        return ["as"] if len(plain) == 1 else []
    if len(plain) - before <= _WITH_VERSIONS.get(command, 0):
        return _versions(shelf, plain[before])
    return []


def _named(plain: list[str], command: str) -> str | None:
    place = _BEFORE_ID.get(command, 0)
    return plain[place] if len(plain) > place else None


def _references(shelf: Shelf, last: str) -> Iterable[str]:
    dataset, at, _ = last.partition("@")
    if at:
        return _versions(shelf, dataset)
    atlas, slash, start = last.rpartition("/")
    catalog = shelf.catalog(atlas or None)
    where = (Filter("dataset_id", "starts", start),) if start else ()
    query = Query(where=where, order_by="dataset_id", limit=_MOST, count=False)
    page = catalog.connection.backend.find(catalog.omixatlas_id, query)
    return [f"{atlas}{slash}{record.dataset_id}" for record in page.datasets]


def _of(shelf: Shelf, dataset: str) -> tuple[Catalog, str]:
    reference = parse_reference(dataset)
    return shelf.catalog(reference.atlas), reference.dataset_id


def _versions(shelf: Shelf, dataset: str | None) -> Iterable[str]:
    if dataset is None:
        return []
    catalog, dataset_id = _of(shelf, dataset)
    found = catalog.list_versions(dataset_id)
    return [name for version in found for name in (version.version, *version.labels)]


def _tags(shelf: Shelf, plain: list[str], command: str) -> Iterable[str]:
    dataset = _named(plain, command)
    if dataset is None:
        return []
    catalog, dataset_id = _of(shelf, dataset)
    return [file.tag for file in catalog.list_files(dataset_id) if file.tag]


def _variables(shelf: Shelf) -> Iterable[str]:
    return [
        name
        for name, value in list(shelf.names.items())
        if not name.startswith("_") and registry.for_object(value) is not None
    ]


def _paths(last: str) -> Iterable[str]:
    folder, slash, start = last.rpartition("/")
    inside = Path(folder + slash or ".").expanduser()
    found = [path for path in inside.iterdir() if path.name.startswith(start)]
    return [f"{folder}{slash}{path.name}{'/' * path.is_dir()}" for path in found[:_MOST]]
