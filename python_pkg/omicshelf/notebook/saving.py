"""Saving a variable as a version, with what changes by it told before and after."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omicshelf.backend.source import ObjectSource
from omicshelf.catalog.catalog import Catalog
from omicshelf.catalog.dataset import DatasetVersion, VersionBase
from omicshelf.catalog.diff import Diff, Side, compare
from omicshelf.catalog.diff.words import lines
from omicshelf.catalog.origin import current_origin
from omicshelf.errors import Conflict, Invalid, NotFound
from omicshelf.formats import registry
from omicshelf.notebook import traces
from omicshelf.records import VersionRecord

__all__ = ["NewDataset", "Saved", "SavedFirst", "save"]


@dataclass(frozen=True)
class NewDataset:
    """What a dataset needs to be made."""

    data_type: str
    title: str | None = None
    study: str | None = None


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
    variable: str,
    message: str | None = None,
    create: NewDataset | None = None,
    data_type: str | None = None,
    expected: str | None = None,
    dry_run: bool = False,
) -> Saved:
    """Save a variable as the next version of a dataset, or as a new one.

    Parameters
    ----------
    variable
        The name of ``data`` in the notebook, by which it is known what it was made from.
    create
        Make a dataset, and refuse if there is one of this id.
    data_type
        The type of a dataset that is made if there is none.
    expected
        The version that is to be the newest, as the person saw it; default: the one that the
        object was made from, or the newest that this process knows of. ``any`` writes in any case.
    dry_run
        Only say what would change.

    Raises
    ------
    SavedFirst
        Another version is the newest one; nothing was written.
    """
    origin = traces.origin_of(variable, data)
    newest = _newest(catalog, dataset_id)
    against = origin or (None if create else newest)
    if dry_run:
        return Saved(None, () if against is None else _unsaved(catalog, against, data))
    if expected is None and _is_of(origin, catalog, dataset_id) and origin is not None:
        expected = origin.version_id
    parents = () if origin is None else (origin.version_id,)
    text = message or None
    if create is not None:
        metadata = {"title": create.title} if create.title else {}
        made = catalog.create_dataset(
            dataset_id, create.data_type, data, metadata, message=text, parents=parents,
            study_id=create.study,
        )  # fmt: skip
    else:
        try:
            made = catalog.save(
                dataset_id, data, message=text, data_type=data_type, parents=parents,
                expected_version=expected,
            )  # fmt: skip
        except Conflict as error:
            raise _both_sides(catalog, dataset_id, data, origin, expected) from error
    traces.note(variable, data)
    if made.unchanged:
        return Saved(None, ())
    if against is None or newest is None:
        return Saved(made.version, ())  # a new dataset is no change of another one
    return Saved(made.version, _between(catalog, against, made))


def _is_of(version: VersionRecord | None, catalog: Catalog, dataset_id: str) -> bool:
    return version is not None and (version.atlas, version.dataset_id) == (
        catalog.omixatlas_id,
        dataset_id,
    )


def _both_sides(
    catalog: Catalog,
    dataset_id: str,
    data: Any,
    origin: VersionRecord | None,
    expected: str | None,
) -> SavedFirst:
    """Tell what somebody else saved, and what of this kernel's is not saved."""
    newest = _newest(catalog, dataset_id)
    if newest is None:
        raise Conflict(
            f"'{dataset_id}' was deleted meanwhile.", "Save it as a new dataset, or restore it."
        )
    base = origin if _is_of(origin, catalog, dataset_id) else None
    known = expected or catalog.connection.newest_seen(catalog.omixatlas_id, dataset_id)
    if known is not None:
        base = catalog.connection.backend.get_version(catalog.omixatlas_id, dataset_id, known)
    theirs = () if base is None else _between(catalog, base, newest)
    return SavedFirst(newest, base, theirs, _unsaved(catalog, base or origin or newest, data))


def _newest(catalog: Catalog, dataset_id: str) -> VersionRecord | None:
    backend = catalog.connection.backend
    try:
        return backend.get_dataset(catalog.omixatlas_id, dataset_id).version
    except NotFound:
        return None


def _between(
    catalog: Catalog, old: VersionRecord, new: VersionRecord | VersionBase
) -> tuple[str, ...]:
    after = DatasetVersion(new, catalog.connection) if isinstance(new, VersionRecord) else new
    return _words(compare(DatasetVersion(old, catalog.connection)._side(), after._side()))


def _unsaved(catalog: Catalog, base: VersionRecord, data: Any) -> tuple[str, ...]:
    """Compare an object of memory with a version, as if it had been saved."""
    fmt = registry.for_object(data)
    if fmt is None:
        raise Invalid(
            f"A {type(data).__name__} cannot be saved.",
            "Choose an AnnData, a MuData or a table.",
        )
    found = fmt.inspect_object(fmt.frozen_copy(data))
    if found is None:  # only its file can tell
        with tempfile.TemporaryDirectory() as folder:
            source = ObjectSource(data, fmt)
            source.stage(Path(folder))
            found = source.inspection()
    told = {
        "version_id": "",  # it has none yet
        "seq": base.seq + 1,
        "data_format": fmt.name,
        "digest": found.digest,
        "blake3": base.blake3 if found.digest == base.digest else "",
        "size": fmt.nbytes(data) or 0,
        "origin": current_origin(),
    }
    ahead = Side(base.model_copy(update=told), found.summary, found.names)
    return _words(compare(DatasetVersion(base, catalog.connection)._side(), ahead))


def _words(diff: Diff) -> tuple[str, ...]:
    """Give a line for each fact, as a summary has them; nothing where nothing changed."""
    return tuple(line.text for line in lines(diff)) if diff else ()
