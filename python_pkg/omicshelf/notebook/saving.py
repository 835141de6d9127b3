"""Saving a variable as a version, with what changes by it told before and after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from omicshelf.catalog.catalog import Catalog
from omicshelf.catalog.diff import Side, compare
from omicshelf.catalog.loaded import version_of
from omicshelf.errors import Conflict, NotFound
from omicshelf.formats import registry
from omicshelf.records import DatasetRecord, VersionRecord

__all__ = ["Saved", "SavedFirst", "changes_of", "save"]


@dataclass(frozen=True)
class Saved:
    """What was saved, or would be.

    Attributes
    ----------
    version
        ``v6``; None of a dry run, or where nothing had changed.
    changes
        What is new against the version that it is based on, in words.
    """

    version: str | None
    changes: tuple[str, ...]


class SavedFirst(Conflict):
    """Somebody else has saved meanwhile; both sides are told, and nothing is written."""

    def __init__(
        self,
        newest: VersionRecord,
        based_on: VersionRecord | None,
        theirs: tuple[str, ...],
        mine: tuple[str, ...],
    ) -> None:
        base = "" if based_on is None else f", and yours is based on {based_on.name}"
        super().__init__(
            f"'{newest.dataset_id}' is at {newest.name} by {newest.author or 'somebody'}{base}.",
            "Nothing was written. Load the newest version and apply your changes to it, save yours "
            "as the newest all the same, or save it as a new dataset.",
        )
        self.newest = newest
        self.based_on = based_on
        self.theirs = theirs
        self.mine = mine

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.newest, self.based_on, self.theirs, self.mine)

    def document(self) -> dict[str, Any]:
        """Give both sides, JSON-able."""
        return {
            "title": self.title,
            "detail": self.detail,
            "kind": "Conflict",
            "newest": {**self.newest.model_dump(mode="json"), "name": self.newest.name},
            "based_on": None if self.based_on is None else self.based_on.name,
            "theirs": list(self.theirs),
            "mine": list(self.mine),
        }


def save(
    catalog: Catalog,
    dataset_id: str,
    data: Any,
    *,
    message: str | None = None,
    data_type: str | None = None,
    expected: str | None = None,
    dry_run: bool = False,
) -> Saved:
    """Save an object as the next version of a dataset, or as a new one.

    Parameters
    ----------
    expected
        The version that is the newest, as the person saw it; default: the one that the object
        was loaded from, or the newest that this process knows of. ``any`` writes in any case.
    dry_run
        Only say what would change.

    Raises
    ------
    SavedFirst
        Another version is the newest one.
    """
    current = _current(catalog, dataset_id)
    based_on = _base(catalog, dataset_id, data, expected)
    if current is None:
        changes: tuple[str, ...] = ()
    else:
        if based_on is not None and based_on.version_id != current.version_id:
            raise SavedFirst(
                current,
                based_on,
                _between(catalog, based_on, current),
                changes_of(catalog, based_on, data),
            )
        changes = changes_of(catalog, current, data)
    if dry_run:
        return Saved(None, changes)
    saved = catalog.save(
        dataset_id,
        data,
        message=message,
        data_type=data_type,
        expected_version="any" if current is None else current.version_id,
    )
    return Saved(None if saved.unchanged else saved.version, changes)


def _current(catalog: Catalog, dataset_id: str) -> VersionRecord | None:
    try:
        found: DatasetRecord = catalog.connection.backend.get_dataset(
            catalog.omixatlas_id, dataset_id
        )
    except NotFound:
        return None
    return found.version


def _base(
    catalog: Catalog, dataset_id: str, data: Any, expected: str | None
) -> VersionRecord | None:
    if expected == "any":
        return None
    backend, atlas = catalog.connection.backend, catalog.omixatlas_id
    if expected is not None:
        return backend.get_version(atlas, dataset_id, expected)
    came = version_of(data)
    if came is not None and (came.atlas, came.dataset_id) == (atlas, dataset_id):
        return came
    seen = catalog.connection.newest_seen(atlas, dataset_id)
    return None if seen is None else backend.get_version(atlas, dataset_id, seen)


def changes_of(catalog: Catalog, version: VersionRecord, data: Any) -> tuple[str, ...]:
    """Say what is new in an object against a version; nothing where that cannot be told."""
    fmt = registry.for_object(data)
    found = fmt.inspect_object(fmt.frozen_copy(data)) if fmt is not None else None
    if fmt is None or found is None:
        return ()
    update = {
        "version_id": "",  # it has none yet
        "seq": version.seq + 1,
        "data_format": fmt.name,
        "digest": found.digest,
        "blake3": version.blake3 if found.digest == version.digest else "",
    }
    ahead = Side(version.model_copy(update=update), found.summary, found.names)
    diff = compare(_side(catalog, version), ahead)
    return tuple(diff.summary().splitlines()) if diff else ()


def _between(catalog: Catalog, old: VersionRecord, new: VersionRecord) -> tuple[str, ...]:
    diff = compare(_side(catalog, old), _side(catalog, new))
    return tuple(diff.summary().splitlines())


def _side(catalog: Catalog, version: VersionRecord) -> Side:
    backend = catalog.connection.backend
    return Side(version, backend.summary(version.blob), backend.names(version.blob))
