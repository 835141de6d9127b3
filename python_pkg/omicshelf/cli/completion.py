"""What the shell completes: ids, versions and labels, atlases, tags, studies, roles."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from contextlib import suppress

import typer

from omicshelf.cli.session import Session, has_catalog

__all__ = [
    "atlases",
    "datasets",
    "file_names",
    "labels",
    "references",
    "roles",
    "studies",
    "tags",
    "users",
    "versions",
]

_MOST = 200


def _completing(
    find: Callable[[Session, typer.Context, str], Iterable[str]],
) -> Callable[[typer.Context, str], list[str]]:
    """Make a completion out of a search; nothing is ever created, printed or raised by it."""

    def complete(context: typer.Context, incomplete: str) -> list[str]:
        given = context.find_root().params
        session = Session(url=given.get("url"), atlas=given.get("atlas"))
        with suppress(Exception), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if session.folder is None or not has_catalog(session.folder):
                return []
            try:
                found = dict.fromkeys(find(session, context, incomplete))
            finally:
                session.close()
            return [name for name in found if name.startswith(incomplete)][:_MOST]
        return []

    return complete


def _ids(session: Session, incomplete: str) -> list[str]:
    atlas, slash, start = incomplete.rpartition("/")
    where = {"dataset_id": ("starts", start)} if start else None
    found = session.catalog_of(atlas or None).list_datasets(where=where, limit=_MOST)
    return [f"{atlas}{slash}{dataset.dataset_id}" for dataset in found]


def _versions(session: Session, dataset: str) -> list[str]:
    catalog, dataset_id = session.dataset(dataset)
    found = catalog.list_versions(dataset_id)
    return [name for version in found for name in (version.version, *version.labels)]


def _named(context: typer.Context) -> str:
    """Give the dataset that the line names."""
    found = context.params.get("dataset")
    # While an option has no value yet, the words of the line are not sorted into arguments.
    return str(found if found is not None else context.args[0])


@_completing
def datasets(session: Session, _context: typer.Context, incomplete: str) -> Iterable[str]:
    """Complete the id of a dataset."""
    return _ids(session, incomplete)


@_completing
def references(session: Session, _context: typer.Context, incomplete: str) -> Iterable[str]:
    """Complete the id of a dataset, and after "@" its versions and labels."""
    dataset, at, _start = incomplete.partition("@")
    if not at:
        return _ids(session, incomplete)
    return [f"{dataset}@{version}" for version in _versions(session, dataset)]


@_completing
def versions(session: Session, context: typer.Context, _incomplete: str) -> Iterable[str]:
    """Complete a version of the dataset that is named before."""
    return _versions(session, _named(context))


@_completing
def labels(session: Session, context: typer.Context, _incomplete: str) -> Iterable[str]:
    """Complete a label of the dataset that is named before."""
    catalog, dataset_id = session.dataset(_named(context))
    return catalog.labels(dataset_id)


@_completing
def file_names(session: Session, context: typer.Context, _incomplete: str) -> Iterable[str]:
    """Complete a file of the dataset that is named before."""
    catalog, dataset_id = session.dataset(_named(context))
    return [file.file_name for file in catalog.list_files(dataset_id)]


@_completing
def tags(session: Session, context: typer.Context, _incomplete: str) -> Iterable[str]:
    """Complete a tag among those of the dataset's files."""
    catalog, dataset_id = session.dataset(_named(context))
    return sorted({file.tag for file in catalog.list_files(dataset_id) if file.tag})


@_completing
def studies(session: Session, _context: typer.Context, _incomplete: str) -> Iterable[str]:
    """Complete a study."""
    return session.catalog.list_studies()


@_completing
def atlases(session: Session, _context: typer.Context, _incomplete: str) -> Iterable[str]:
    """Complete an atlas."""
    return [atlas.name for atlas in session.connection.backend.list_atlases()]


def roles(_context: typer.Context, incomplete: str) -> list[str]:
    """Complete a role."""
    from omicshelf.records import ROLES

    return [role for role in ROLES if role.startswith(incomplete)]


@_completing
def users(session: Session, context: typer.Context, _incomplete: str) -> Iterable[str]:
    """Complete a user who has a role in the atlas, or with ``--server`` on the server."""
    atlas = None if context.params.get("server") else session.catalog.omixatlas_id
    return [role.user for role in session.connection.backend.list_roles(atlas)]
