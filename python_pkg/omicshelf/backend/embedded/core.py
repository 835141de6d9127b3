"""What every part of the embedded backend stands on: the store, the database, lookups."""

from __future__ import annotations

import difflib
import re
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from omicshelf import rules
from omicshelf.backend.embedded import schema as t
from omicshelf.backend.embedded.database import Database
from omicshelf.backend.embedded.session import Session
from omicshelf.backend.store.objectstore import ObjectStore
from omicshelf.errors import Conflict, Invalid, NotFound
from omicshelf.records import DatasetRecord, FileRecord, Origin, VersionRecord

__all__ = ["Core"]

_LONGEST_NAME = 255
_UUID_PREFIX = re.compile(r"[0-9a-f-]{8,36}")

# Built once: making a statement costs as much as running it.
_ATLAS = sa.select(t.atlas.c.id).where(t.atlas.c.name == sa.bindparam("atlas"))
_DATASET = (
    sa.select(t.dataset)
    .join(t.atlas, t.atlas.c.id == t.dataset.c.atlas_id)
    .where(
        t.atlas.c.name == sa.bindparam("atlas"),
        t.dataset.c.dataset_id == sa.bindparam("dataset_id"),
    )
)
_DATASET_LOCKED = _DATASET.with_for_update(of=t.dataset)

VERSION_COLUMNS = (
    t.version,
    t.blob.c.size,
    t.blob.c.blake3,
    t.blob.c.digest,
    t.atlas.c.name.label("atlas"),
    t.dataset.c.dataset_id.label("dataset_name"),
    t.dataset.c.incarnation.label("dataset_incarnation"),
    t.dataset.c.deleted,
)
DATASET_COLUMNS = (
    t.dataset.c.id.label("dataset_key"),
    t.dataset.c.study_id,
    t.dataset.c.created_at.label("dataset_created_at"),
    t.dataset.c.modified_at,
    t.dataset.c.change_seq,
)


_VERSIONS = (
    sa.select(*VERSION_COLUMNS)
    .join(t.blob, t.blob.c.id == t.version.c.blob_id)
    .join(t.dataset, t.dataset.c.id == t.version.c.dataset_id)
    .join(t.atlas, t.atlas.c.id == t.dataset.c.atlas_id)
)
_VERSION = _VERSIONS.where(t.version.c.id == sa.bindparam("version"))
_DATASETS = (
    sa.select(*VERSION_COLUMNS, *DATASET_COLUMNS)
    .select_from(t.dataset)
    .join(t.version, t.version.c.id == t.dataset.c.current_version)
    .join(t.blob, t.blob.c.id == t.version.c.blob_id)
    .join(t.atlas, t.atlas.c.id == t.dataset.c.atlas_id)
)
_DATASET_RECORD = _DATASETS.where(t.dataset.c.id == sa.bindparam("dataset"))
_ROW = sa.select(t.version).where(t.version.c.id == sa.bindparam("version"))
_OF_DATASET = sa.select(t.version).where(t.version.c.dataset_id == sa.bindparam("dataset"))
_BY_UUID = _OF_DATASET.where(t.version.c.uuid == sa.bindparam("named"))
_BY_NUMBER = _OF_DATASET.where(t.version.c.seq == sa.bindparam("named"))
_BY_LABEL = _OF_DATASET.join(t.label, t.label.c.version_id == t.version.c.id).where(
    t.label.c.name == sa.bindparam("named")
)
_LABELS = (
    sa.select(t.label)
    .where(t.label.c.version_id.in_(sa.bindparam("keys", expanding=True)))
    .order_by(t.label.c.created_at, t.label.c.name)
)
_INPUTS = (
    sa.select(t.version_input)
    .where(t.version_input.c.version_id.in_(sa.bindparam("keys", expanding=True)))
    .order_by(t.version_input.c.position)
)


def new_id() -> str:
    """Give a random uuid."""
    return str(uuid.uuid4())


class Core:
    """The folder, the database and the session of an embedded catalog, and its lookups."""

    url: str
    root: Path
    db: Database
    session: Session

    @property
    def store(self) -> ObjectStore:
        """The object store."""
        return self.session.store

    @property
    def has_local_objects(self) -> bool:
        """Whether the objects of the store are local files."""
        return self.store.local_path("objects") is not None

    def staging(self) -> Path:
        """Give the folder for temporary files, on the same file system as the store."""
        return self.session.staging()

    # -- rows

    def find_atlas(self, connection: sa.Connection, atlas: str) -> int | None:
        """Give the key of an atlas, or None."""
        if not is_unicode(atlas):
            return None
        return connection.execute(_ATLAS, {"atlas": atlas}).scalar_one_or_none()

    def find_dataset(
        self, connection: sa.Connection, atlas: str, dataset_id: str, *, lock: bool = False
    ) -> sa.Row[Any] | None:
        """Give the row of a dataset, live or deleted, or None."""
        if not is_unicode(atlas, dataset_id):
            return None
        query = _DATASET_LOCKED if lock and not self.db.is_sqlite else _DATASET
        found = connection.execute(query, {"atlas": atlas, "dataset_id": dataset_id})
        return found.one_or_none()

    def live_dataset(
        self, connection: sa.Connection, atlas: str, dataset_id: str, *, lock: bool = False
    ) -> sa.Row[Any]:
        """Give the row of a dataset that is there and not deleted.

        Raises
        ------
        omicshelf.errors.NotFound
            With the near misses, or how to bring a deleted dataset back.
        """
        row = self.find_dataset(connection, atlas, dataset_id, lock=lock)
        if row is None or row.deleted:
            raise self.missing_dataset(connection, atlas, dataset_id, row)
        return row

    def missing_dataset(
        self, connection: sa.Connection, atlas: str, dataset_id: str, row: sa.Row[Any] | None
    ) -> NotFound:
        """Make the error for a dataset that is not there."""
        if row is not None:
            return NotFound(
                f"The dataset '{dataset_id}' of atlas '{atlas}' was deleted.",
                f"`catalog.undelete_dataset('{dataset_id}')` brings it back.",
            )
        named = rules.shown(dataset_id)
        if self.find_atlas(connection, atlas) is None:
            return NotFound(
                f"There is no dataset '{named}': the atlas '{rules.shown(atlas)}' does not exist.",
                self._atlases_there_are(connection, atlas),
            )
        ids = connection.execute(
            sa.select(t.dataset.c.dataset_id)
            .join(t.atlas, t.atlas.c.id == t.dataset.c.atlas_id)
            .where(t.atlas.c.name == atlas, ~t.dataset.c.deleted)
            .limit(5000)
        ).scalars()
        return NotFound(
            f"There is no dataset '{named}' in atlas '{atlas}'.",
            near_misses(dataset_id, ids) or "`catalog.search()` lists what there is.",
        )

    def _atlases_there_are(self, connection: sa.Connection, atlas: str) -> str:
        names = list(connection.execute(sa.select(t.atlas.c.name).limit(200)).scalars())
        if not names:
            return "This catalog is empty; the first dataset that is created makes its atlas."
        shown = ", ".join(f"'{name}'" for name in sorted(names)[:10])
        return near_misses(atlas, names) or f"The atlases there are: {shown}."

    def find_version_row(
        self, connection: sa.Connection, dataset: sa.Row[Any], version: str
    ) -> sa.Row[Any]:
        """Give the row of a version named by uuid, ``v5``, label, or a prefix of its uuid."""
        if not isinstance(version, str) or not version or not is_unicode(version):
            raise Invalid(
                f"{version!r:.80} names no version.",
                "Pass a version id, 'v5', a label, or the first 8 or more characters of the id.",
            )
        v = t.version
        if named := rules.VERSION_NAME.fullmatch(version):
            seq = min(int(named.group(1)), 2**31 - 1)
            asked: list[tuple[sa.Select[Any], Any]] = [(_BY_NUMBER, seq)]
        else:
            asked = [(_BY_UUID, version), (_BY_LABEL, version)]
        row = None
        for query, value in asked:
            found = connection.execute(query, {"dataset": dataset.id, "named": value})
            if (row := found.one_or_none()) is not None:
                break
        if row is None and _UUID_PREFIX.fullmatch(version.lower()):
            begins = v.c.uuid.startswith(version.lower(), autoescape=True)
            rows = connection.execute(
                _OF_DATASET.where(begins).limit(2), {"dataset": dataset.id}
            ).all()
            if len(rows) > 1:
                raise Invalid(
                    f"'{version}' is the beginning of several version ids of "
                    f"'{dataset.dataset_id}'.",
                    "Give more characters, or name the version as 'v5'.",
                )
            row = rows[0] if rows else None
        if row is None:
            raise self._missing_version(connection, dataset, version)
        return row

    def _missing_version(
        self, connection: sa.Connection, dataset: sa.Row[Any], version: str
    ) -> NotFound:
        v = t.version
        seqs = list(
            connection.execute(
                sa.select(v.c.seq).where(v.c.dataset_id == dataset.id).order_by(v.c.seq)
            ).scalars()
        )
        labels = list(
            connection.execute(
                sa.select(t.label.c.name).where(t.label.c.dataset_id == dataset.id)
            ).scalars()
        )
        if not seqs:
            there = "All its versions were purged"
        elif len(seqs) == 1:
            there = f"It has only v{seqs[0]}"
        else:
            there = f"It has v{seqs[0]} to v{seqs[-1]}"
        if labels:
            there += " and the labels " + ", ".join(f"'{name}'" for name in sorted(labels)[:10])
        return NotFound(
            f"The dataset '{dataset.dataset_id}' has no version '{rules.shown(version)}'.",
            f"{there}.",
        )

    def check_expected(
        self, connection: sa.Connection, dataset: sa.Row[Any], expected: str | None
    ) -> None:
        """Raise Conflict when ``expected`` is not the current version."""
        if expected is None or dataset.current_version is None:
            return
        row = self.find_version_row(connection, dataset, expected)
        if row.id == dataset.current_version:
            return
        current = self.version_row(connection, dataset.current_version)
        who = f" by {current.author}" if current.author else ""
        said = f' ("{current.message}")' if current.message else ""
        raise Conflict(
            f"The dataset '{dataset.dataset_id}' has changed: it is at v{current.seq}{who}{said}, "
            f"and this change is based on v{row.seq}.",
            f"Look at `catalog.diff('{dataset.dataset_id}', 'v{row.seq}', 'v{current.seq}')`, load "
            "the newest version and apply your change to it; or pass expected_version='any' to "
            "`save`, or leave expected_version out of `update_dataset`, to write over it.",
        )

    # -- records

    def versions_query(self) -> sa.Select[Any]:
        """Select versions with the facts of their bytes, dataset and atlas."""
        return _VERSIONS

    def datasets_query(self) -> sa.Select[Any]:
        """Select datasets with their current version."""
        return _DATASETS

    def version_row(self, connection: sa.Connection, key: int) -> sa.Row[Any]:
        """Give the row of a version that is there."""
        return connection.execute(_ROW, {"version": key}).one()

    def version_record(
        self, row: sa.Row[Any], labels: Sequence[str] = (), inputs: Sequence[sa.Row[Any]] = ()
    ) -> VersionRecord:
        """Make a record of a row of :meth:`versions_query`."""
        shape = (row.n_obs, row.n_vars) if row.n_obs is not None else None
        return VersionRecord.model_construct(
            version_id=row.uuid,
            atlas=row.atlas,
            dataset_id=row.dataset_name,
            incarnation=row.incarnation,
            seq=row.seq,
            data_type=row.data_type,
            data_format=row.data_format,
            metadata=row.metadata,
            size=row.size,
            added_bytes=row.added_bytes,
            blob=row.blob_id,
            blake3=row.blake3,
            digest=row.digest,
            shape=shape,
            message=row.message,
            author=row.author,
            origin=Origin(**row.origin),
            parents=tuple(i.source for i in inputs if i.kind == "parent"),
            session_inputs=tuple(i.source for i in inputs if i.kind == "session"),
            rolled_back_from=row.rolled_back_from,
            created_at=row.created_at,
            deleted=bool(row.deleted) or row.incarnation != row.dataset_incarnation,
            labels=tuple(labels),
            problems=row.n_problems,
        )

    def dataset_record(
        self,
        row: sa.Row[Any],
        labels: Sequence[str] = (),
        inputs: Sequence[sa.Row[Any]] = (),
        *,
        unchanged: bool = False,
    ) -> DatasetRecord:
        """Make a record of a row of :meth:`datasets_query`."""
        return DatasetRecord.model_construct(
            atlas=row.atlas,
            dataset_id=row.dataset_name,
            incarnation=row.dataset_incarnation,
            study_id=row.study_id,
            created_at=row.dataset_created_at,
            last_modified_at=row.modified_at,
            change_seq=row.change_seq,
            deleted=bool(row.deleted),
            version=self.version_record(row, labels, inputs),
            unchanged=unchanged,
        )

    def read_dataset(
        self, connection: sa.Connection, dataset_key: int, *, unchanged: bool = False
    ) -> DatasetRecord:
        """Read the whole record of one dataset."""
        row = connection.execute(_DATASET_RECORD, {"dataset": dataset_key}).one_or_none()
        if row is None:
            raise NotFound(
                "All versions of this dataset were purged.", "Create it anew under the same id."
            )
        labels, inputs = self._labels_and_inputs(connection, [row.id])
        return self.dataset_record(
            row, labels.get(row.id, ()), inputs.get(row.id, ()), unchanged=unchanged
        )

    def read_versions(
        self, connection: sa.Connection, query: sa.Select[Any]
    ) -> list[VersionRecord]:
        """Read whole records of the versions that ``query`` selects."""
        return self._version_records(connection, connection.execute(query).all())

    def read_version(self, connection: sa.Connection, key: int) -> VersionRecord:
        """Read the whole record of one version that is there."""
        rows = connection.execute(_VERSION, {"version": key}).all()
        return self._version_records(connection, rows)[0]

    def _version_records(
        self, connection: sa.Connection, rows: Sequence[sa.Row[Any]]
    ) -> list[VersionRecord]:
        labels, inputs = self._labels_and_inputs(connection, [row.id for row in rows])
        return [
            self.version_record(row, labels.get(row.id, ()), inputs.get(row.id, ())) for row in rows
        ]

    def _labels_and_inputs(
        self, connection: sa.Connection, keys: Sequence[int]
    ) -> tuple[dict[int, list[str]], dict[int, list[sa.Row[Any]]]]:
        labels: dict[int, list[str]] = {}
        inputs: dict[int, list[sa.Row[Any]]] = {}
        for batch in batches(keys, 500):
            for row in connection.execute(_LABELS, {"keys": batch}):
                labels.setdefault(row.version_id, []).append(row.name)
            for row in connection.execute(_INPUTS, {"keys": batch}):
                inputs.setdefault(row.version_id, []).append(row)
        return labels, inputs

    def file_record(self, row: sa.Row[Any], atlas: str, dataset_id: str) -> FileRecord:
        """Make a record of a row of ``file`` joined with its blob."""
        return FileRecord(
            atlas=atlas,
            dataset_id=dataset_id,
            incarnation=row.incarnation,
            file_id=row.uuid,
            file_name=row.name,
            file_format=row.file_format,
            tag=row.tag,
            size=row.size,
            blob=row.blob_id,
            blake3=row.blake3,
            created_at=row.created_at,
            derived_from=row.derived_from,
            auto_remove=row.auto_remove,
            author=row.author,
            state=row.state,
            ended_at=row.ended_at,
        )


def is_unicode(*texts: str) -> bool:
    """Whether a database can be asked for these texts: a lone surrogate is in none, nor a NUL."""
    joined = "".join(texts)
    try:
        joined.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in joined


def near_misses(wanted: str, names: Iterable[str]) -> str | None:
    """Say which of ``names`` are close to ``wanted``: ``Did you mean 'a' or 'b'?``"""
    if len(wanted) > _LONGEST_NAME:
        return None
    by_folded = {name.casefold(): name for name in names}
    close = difflib.get_close_matches(wanted.casefold(), by_folded, n=3, cutoff=0.6)
    if not close:
        return None
    return "Did you mean " + " or ".join(f"'{by_folded[name]}'" for name in close) + "?"


def batches(items: Sequence[Any], size: int) -> Iterable[Sequence[Any]]:
    """Cut a sequence into pieces: SQLite binds at most 32,766 values to a statement."""
    return (items[i : i + size] for i in range(0, len(items), size))
