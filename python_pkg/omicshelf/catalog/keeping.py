"""Whole catalogs: made anew from the store, written into an archive, read from one."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from omicshelf.catalog.connection import Connection, current
from omicshelf.catalog.fetching import is_web_address, shown_address
from omicshelf.catalog.origin import current_origin
from omicshelf.catalog.progress import progress_bar
from omicshelf.errors import Invalid

if TYPE_CHECKING:
    from omicshelf.backend.embedded.archive import ArchiveReport
    from omicshelf.backend.embedded.backend import EmbeddedBackend
    from omicshelf.backend.embedded.rebuild import RebuildReport
    from omicshelf.backend.embedded.relog import RelogReport

__all__ = ["export_archive", "import_archive", "rebuild", "rebuild_database", "relog"]


def rebuild(folder: str | os.PathLike[str]) -> RebuildReport:
    """Make the database of a catalog's folder anew, from its store alone.

    The old database is kept beside. No other process may have the catalog open for writing.

    Returns
    -------
    RebuildReport
        What was recovered, and up to which sequence number of the change log.
    """
    from omicshelf.backend.embedded.rebuild import rebuild as rebuild_folder

    if is_web_address(os.fspath(folder)):
        raise _on_a_server("rebuilt", shown_address(os.fspath(folder)))
    return rebuild_folder(Path(folder))


def rebuild_database(database_url: str, storage_url: str) -> RebuildReport:
    """Make the database of a team's catalog anew, from its bucket alone.

    Parameters
    ----------
    database_url
        An empty database. No server may use the catalog meanwhile.
    storage_url
        The bucket of the catalog.

    Returns
    -------
    RebuildReport
        What was recovered, and up to which sequence number of the change log.
    """
    from omicshelf.backend.embedded.rebuild import rebuild_database as rebuild_it

    return rebuild_it(database_url, storage_url=storage_url)


def relog(*, connection: Connection | None = None) -> RelogReport:
    """Make the change log in the store say what a restored database says.

    Run it after a database was restored from a backup, before anything is written.

    Parameters
    ----------
    connection
        The catalog; default: the current one.
    """
    from omicshelf.backend.embedded.relog import relog as relog_it

    return relog_it(_folder(connection), by=current_origin())


def export_archive(
    path: str | os.PathLike[str],
    atlases: Sequence[str] | str | None = None,
    *,
    connection: Connection | None = None,
) -> ArchiveReport:
    """Write atlases with all history, files, studies, labels and the change log into one file.

    Parameters
    ----------
    path
        A new file, by custom ``….omicshelf.zip``.
    atlases
        Their names; default: all.
    connection
        The catalog; default: the current one.
    """
    from omicshelf.backend.embedded.archive import export_archive as export

    backend = _folder(connection)
    names = [atlases] if isinstance(atlases, str) else atlases
    with progress_bar(_used(backend), "exporting") as report:
        return export(backend, path, names, progress=report)


def import_archive(
    path: str | os.PathLike[str],
    *,
    rename: Mapping[str, str] | None = None,
    connection: Connection | None = None,
) -> ArchiveReport:
    """Bring the atlases of an archive into a catalog, as they were; all of them, or nothing.

    Parameters
    ----------
    path
        A file that :func:`export_archive` wrote.
    rename
        New names for atlases, where theirs are taken.
    connection
        The catalog; default: the current one.
    """
    from omicshelf.backend.embedded.archive import import_archive as import_

    backend = _folder(connection)
    size = Path(path).stat().st_size if Path(path).is_file() else 0
    with progress_bar(size, "importing") as report:
        return import_(backend, path, by=current_origin(), rename=rename, progress=report)


def _folder(connection: Connection | None) -> EmbeddedBackend:
    from omicshelf.backend.embedded.backend import EmbeddedBackend

    backend = (connection or current()).backend
    if not isinstance(backend, EmbeddedBackend):
        raise _on_a_server("exported from or imported into", backend.url)
    return backend


def _on_a_server(what: str, url: str) -> Invalid:
    return Invalid(
        f"The catalog at '{url}' cannot be {what} from here: a server keeps it.",
        "Run this on the server's machine, with the catalog's folder. To move single datasets, "
        "use copy_dataset.",
    )


def _used(backend: EmbeddedBackend) -> int:
    return sum(atlas.size for atlas in backend.list_atlases())
