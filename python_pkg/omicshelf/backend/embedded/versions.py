"""Versions: create, update, save, roll back, read. Every one is written once, and never changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from omicshelf import rules
from omicshelf.backend.base import VersionDraft
from omicshelf.backend.clock import now_ms
from omicshelf.backend.drafts import check_version
from omicshelf.backend.embedded import schema as t
from omicshelf.backend.embedded.blobs import BlobFacts, Blobs, Incoming, PackGone, Retry
from omicshelf.backend.embedded.changes import ChangeWriter
from omicshelf.backend.embedded.core import is_unicode, new_id
from omicshelf.backend.embedded.index import index_dataset
from omicshelf.backend.source import Source
from omicshelf.backend.store.manifest import object_key
from omicshelf.errors import AlreadyExists, Conflict, Invalid, NotFound, RepositoryLocked
from omicshelf.records import DatasetRecord, Origin, VersionRecord

__all__ = ["NewVersion", "Versions"]

_ATTEMPTS = 25

# The data type of a dataset that is saved without one.
DEFAULT_TYPES = {
    "anndata": "AnnData",
    "mudata": "MuData",
    "matrix": "Matrix",
    "variants": "Variants",
    "table": "Table",
    "file": "File",
}


# Built once: making a statement costs as much as running it.
_INSERT_DATASET = t.dataset.insert().returning(t.dataset)
_BLOB_OF_VERSION = (
    sa.select(t.blob.c.id, t.blob.c.blake3, t.blob.c.digest)
    .join(t.version, t.version.c.blob_id == t.blob.c.id)
    .where(t.version.c.id == sa.bindparam("version"))
)
_UPDATE_DATASET = t.dataset.update().where(t.dataset.c.id == sa.bindparam("which"))


@dataclass(frozen=True)
class NewVersion:
    """A version with everything decided but its number; what the store keeps as its record."""

    atlas: str
    dataset_id: str
    facts: BlobFacts
    data_type: str
    data_format: str | None
    metadata: Mapping[str, Any]
    by: Origin
    message: str | None = None
    parents: tuple[str, ...] = ()
    session_inputs: tuple[str, ...] = ()
    rolled_back_from: str | None = None
    ingestion: Mapping[str, Any] = field(default_factory=dict)
    added_bytes: int = 0
    data_written: bool = False
    version_id: str = field(default_factory=new_id)
    created_at: int = field(default_factory=now_ms)

    def record(self) -> dict[str, Any]:
        """Give the JSON object that rides in the store, for ``rebuild``."""
        return {
            "kind": "version",
            "version_id": self.version_id,
            "atlas": self.atlas,
            "dataset_id": self.dataset_id,
            "blob": self.facts.id,
            "data_type": self.data_type,
            "data_format": self.data_format,
            "metadata": dict(self.metadata),
            "message": self.message,
            "origin": self.by.model_dump(exclude_defaults=True),
            "parents": list(self.parents),
            "session_inputs": list(self.session_inputs),
            "rolled_back_from": self.rolled_back_from,
            "ingestion": dict(self.ingestion),
            "added_bytes": self.added_bytes,
            "created_at": self.created_at,
        }


@dataclass(frozen=True)
class Base:
    """The state of a dataset that a write starts from."""

    dataset: sa.Row[Any] | None = None
    version: sa.Row[Any] | None = None
    facts: BlobFacts | None = None
    near: tuple[str, ...] = ()


class Versions(Blobs):
    """The part of the embedded backend that writes and reads versions."""

    # -- reading

    def get_dataset(self, atlas: str, dataset_id: str) -> DatasetRecord:
        """Give a live dataset."""
        with self.db.reading() as connection:
            row = self.live_dataset(connection, atlas, dataset_id)
            return self.read_dataset(connection, row.id)

    def has_dataset(self, atlas: str, dataset_id: str) -> bool:
        """Whether a live dataset has this id."""
        with self.db.reading() as connection:
            row = self.find_dataset(connection, atlas, dataset_id)
            return row is not None and not row.deleted

    def get_version(self, atlas: str, dataset_id: str, version: str) -> VersionRecord:
        """Give one version, of a deleted dataset too."""
        with self.db.reading() as connection:
            dataset = self._dataset_ever(connection, atlas, dataset_id)
            row = self.find_version_row(connection, dataset, version)
            return self.read_version(connection, row.id)

    def list_versions(
        self, atlas: str, dataset_id: str, *, include_deleted: bool = False
    ) -> list[VersionRecord]:
        """Give the versions of a dataset, newest first, the current one among them."""
        with self.db.reading() as connection:
            dataset = self._dataset_ever(connection, atlas, dataset_id)
            query = (
                self.versions_query()
                .where(t.version.c.dataset_id == dataset.id)
                .order_by(t.version.c.seq.desc())
            )
            if not include_deleted:
                if dataset.deleted:
                    return []
                query = query.where(t.version.c.incarnation == dataset.incarnation)
            return self.read_versions(connection, query)

    def _dataset_ever(self, connection: sa.Connection, atlas: str, dataset_id: str) -> sa.Row[Any]:
        row = self.find_dataset(connection, atlas, dataset_id)
        if row is None:
            raise self.missing_dataset(connection, atlas, dataset_id, row)
        return row

    def find_version(self, version_id: str) -> VersionRecord:
        """Give a version by its id alone, in whatever atlas it is."""
        found: list[VersionRecord] = []
        if is_unicode(version_id):
            with self.db.reading() as connection:
                query = self.versions_query().where(t.version.c.uuid == version_id)
                found = self.read_versions(connection, query)
        if not found:
            raise NotFound(
                f"There is no version '{rules.shown(version_id)}'.",
                "It may be purged, or of another catalog.",
            )
        return found[0]

    def children(self, version_id: str) -> list[VersionRecord]:
        """Give the versions that were made from this one, newest first."""
        with self.db.reading() as connection:
            sources = sa.select(t.version_input.c.version_id).where(
                t.version_input.c.source == version_id, t.version_input.c.kind == "parent"
            )
            query = (
                self.versions_query()
                .where(t.version.c.id.in_(sources))
                .order_by(t.version.c.created_at.desc())
            )
            return self.read_versions(connection, query)

    # -- writing

    def put_version(
        self, atlas: str, draft: VersionDraft, source: Source | None, *, by: Origin
    ) -> DatasetRecord:
        """Create, update or save a dataset: check, write the bytes, then one transaction."""
        atlas = rules.check_atlas(atlas)
        draft = check_version(draft)
        reuse = True
        for _attempt in range(_ATTEMPTS):
            base = self._check_draft(atlas, draft, with_data=source is not None)
            if draft.mode == "save" and self._is_unchanged(base, draft, source):
                return self._unchanged(base)
            incoming = None
            if source is not None:
                incoming = self.bring_in(source, near=base.near, reuse=reuse)
                if draft.mode == "save" and self._is_unchanged(base, draft, incoming=incoming):
                    incoming.discard()
                    return self._unchanged(base)
            try:
                return self._write_version(atlas, draft, base, incoming, by)
            except PackGone:
                reuse = False
            except Retry:
                continue
        raise RepositoryLocked(
            f"The dataset '{draft.dataset_id}' could not be written: others changed it again and "
            "again meanwhile.",
            "Nothing was written; try again.",
        )

    def _unchanged(self, base: Base) -> DatasetRecord:
        assert base.dataset is not None
        with self.db.reading() as connection:
            return self.read_dataset(connection, base.dataset.id, unchanged=True)

    def _check_draft(self, atlas: str, draft: VersionDraft, *, with_data: bool) -> Base:
        """Refuse, before a byte is written, what the transaction would refuse."""
        with self.db.reading() as connection:
            row = self.find_dataset(connection, atlas, draft.dataset_id)
            self._refuse(connection, atlas, draft, row)
            self._check_parents(connection, draft.parents)
            if row is None:
                return Base()
            current = facts = None
            if row.current_version is not None and not row.deleted:
                current = self.version_row(connection, row.current_version)
                if draft.mode == "save" or not with_data:
                    facts = self.facts(connection, current.blob_id)
            near = self.near_blobs(connection, row.id) if with_data else ()
            return Base(row, current, facts, tuple(near))

    def _refuse(
        self, connection: sa.Connection, atlas: str, draft: VersionDraft, row: sa.Row[Any] | None
    ) -> None:
        live = row is not None and not row.deleted
        if draft.mode == "create" and live:
            raise AlreadyExists(
                f"The dataset '{draft.dataset_id}' already exists in atlas '{atlas}'.",
                "Use `update_dataset` (or `save`) for a new version of it, or choose another id.",
            )
        if draft.mode == "update" and not live:
            raise self.missing_dataset(connection, atlas, draft.dataset_id, row)
        if live and row is not None:
            self.check_expected(connection, row, draft.expected_version)
        elif draft.expected_version is not None:
            self._refuse_gone(draft)

    @staticmethod
    def _refuse_gone(draft: VersionDraft) -> None:
        raise Conflict(
            f"The dataset '{draft.dataset_id}' was deleted since version "
            f"'{draft.expected_version}'.",
            f"`catalog.undelete_dataset('{draft.dataset_id}')` brings it back; pass "
            "expected_version='any' to `save` to start anew.",
        )

    def _check_parents(self, connection: sa.Connection, parents: Sequence[str]) -> None:
        for parent in parents:
            found = connection.execute(
                sa.select(t.version.c.id).where(t.version.c.uuid == parent)
            ).one_or_none()
            if found is None:
                raise NotFound(
                    f"There is no version '{parent}' to be a parent.",
                    "Pass Dataset or DatasetVersion objects, or their version ids.",
                )

    def _is_unchanged(
        self,
        base: Base,
        draft: VersionDraft,
        source: Source | None = None,
        incoming: Incoming | None = None,
    ) -> bool:
        """Whether the draft would write what is there already.

        Asked twice: of the source, whose digest is often known before anything is written,
        and of the staged bytes.
        """
        current = base.version
        if current is None or base.dataset is None:
            return False
        same = (
            draft.metadata in (None, current.metadata)
            and draft.data_type in (None, current.data_type)
            and draft.study_id in (None, base.dataset.study_id)
        )
        if not same or (source is None and incoming is None):
            return same
        assert base.facts is not None
        if incoming is not None:
            same_format = incoming.facts.data_format == current.data_format
            return same_format and same_content(base.facts, incoming.facts)
        assert source is not None
        if base.facts.digest is None or source.data_format != current.data_format:
            return False
        return source.digest() == base.facts.digest

    def _write_version(
        self,
        atlas: str,
        draft: VersionDraft,
        base: Base,
        incoming: Incoming | None,
        by: Origin,
    ) -> DatasetRecord:
        try:
            new = self._decide(atlas, draft, base, incoming, by)
            key = object_key(new.version_id, ".record")
            if incoming is not None and not incoming.existing:
                key = incoming.manifest_key
            written = self.write_durably(incoming, key, [new.record()])
        except BaseException:
            if incoming is not None:
                incoming.discard()
            raise
        try:
            with self.changing(by) as writer:
                self.make_live(writer.connection, written)
                if incoming is not None:
                    self.register_blob(writer.connection, incoming)
                dataset = self._open_dataset(writer, atlas, draft)
                self._check_inherited(writer.connection, dataset, draft, new)
                action = "create" if dataset.current_version is None else "update"
                self.insert_version(writer, dataset, new, key, action)
                if draft.study_id is not None and draft.study_id != dataset.study_id:
                    self._move_to_study(writer, dataset, atlas, draft.study_id)
        except BaseException:
            self.forget(written)
            if incoming is not None:
                incoming.discard()
            raise
        if incoming is not None and incoming.spare is not None:
            self.keep_spare(incoming)
        return self._as_written(writer, dataset, draft, new)

    @staticmethod
    def _as_written(
        writer: ChangeWriter, dataset: sa.Row[Any], draft: VersionDraft, new: NewVersion
    ) -> DatasetRecord:
        """Give the record of what was just written, without reading it back."""
        facts = new.facts
        n_obs, n_vars = facts.shape
        version = VersionRecord.model_construct(
            version_id=new.version_id,
            atlas=new.atlas,
            dataset_id=new.dataset_id,
            incarnation=dataset.incarnation,
            seq=dataset.next_seq,
            data_type=new.data_type,
            data_format=new.data_format,
            metadata=dict(new.metadata),
            size=facts.size,
            added_bytes=new.added_bytes,
            blob=facts.id,
            blake3=facts.blake3,
            digest=facts.digest,
            shape=None if n_obs is None else (n_obs, n_vars),
            message=new.message,
            author=new.by.user,
            origin=new.by,
            parents=new.parents,
            session_inputs=new.session_inputs,
            created_at=new.created_at,
            problems=len(facts.summary.problems),
        )
        return DatasetRecord.model_construct(
            atlas=new.atlas,
            dataset_id=new.dataset_id,
            incarnation=dataset.incarnation,
            study_id=draft.study_id if draft.study_id is not None else dataset.study_id,
            created_at=dataset.created_at,
            last_modified_at=max(writer.time, dataset.modified_at),
            change_seq=writer.last_seq,
            version=version,
        )

    def keep_spare(self, incoming: Incoming) -> None:
        """Put the plain file of a delta into the cache, by rename."""
        raise NotImplementedError

    def _decide(
        self,
        atlas: str,
        draft: VersionDraft,
        base: Base,
        incoming: Incoming | None,
        by: Origin,
    ) -> NewVersion:
        """Fill what the draft leaves as it was."""
        current = base.version
        if incoming is not None:
            facts, data_format = incoming.facts, incoming.facts.data_format
        elif current is not None and base.facts is not None:
            facts = base.facts
            data_format = draft.data_format or current.data_format
        else:
            raise Invalid(
                f"There are no data for the new dataset '{draft.dataset_id}'.", "Pass `data`."
            )
        metadata = draft.metadata
        if metadata is None:
            metadata = current.metadata if current is not None else {}
        data_type = draft.data_type or (current.data_type if current is not None else None)
        return NewVersion(
            atlas=atlas,
            dataset_id=draft.dataset_id,
            facts=facts,
            data_type=data_type or DEFAULT_TYPES[facts.summary.kind],
            data_format=data_format,
            metadata=metadata,
            by=by,
            message=draft.message,
            parents=tuple(draft.parents),
            session_inputs=tuple(draft.session_inputs),
            ingestion=draft.ingestion,
            added_bytes=incoming.added_bytes if incoming is not None else 0,
            data_written=incoming is not None,
        )

    def _check_inherited(
        self,
        connection: sa.Connection,
        dataset: sa.Row[Any],
        draft: VersionDraft,
        new: NewVersion,
    ) -> None:
        """Write again when what the draft leaves as it was is no longer as it was.

        Otherwise an update of the data alone would undo another writer's new metadata.
        """
        if dataset.current_version is None:
            return
        current = self.version_row(connection, dataset.current_version)
        kept = (
            (draft.metadata is not None or current.metadata == new.metadata)
            and (draft.data_type is not None or current.data_type == new.data_type)
            and (new.data_written or current.blob_id == new.facts.id)
        )
        if not kept:
            raise Retry(f"{dataset.dataset_id} moved on")

    def _open_dataset(self, writer: ChangeWriter, atlas: str, draft: VersionDraft) -> sa.Row[Any]:
        """Find, create or revive the row of the dataset, all checks done again."""
        connection = writer.connection
        row = self.find_dataset(connection, atlas, draft.dataset_id, lock=True)
        self._refuse(connection, atlas, draft, row)
        return self.open_row(writer, atlas, draft.dataset_id, row)

    def open_row(
        self, writer: ChangeWriter, atlas: str, dataset_id: str, row: sa.Row[Any] | None
    ) -> sa.Row[Any]:
        """Give the live row of a dataset, made or revived under its next incarnation."""
        connection, now = writer.connection, writer.time
        if row is not None and not row.deleted:
            return row
        if row is None:
            atlas_key = self.make_atlas(connection, atlas, now)
            values = {"atlas_id": atlas_key, "dataset_id": dataset_id}
            values |= {"created_at": now, "modified_at": now}
            return connection.execute(_INSERT_DATASET, values).one()
        connection.execute(
            t.dataset.update()
            .where(t.dataset.c.id == row.id)
            .values(
                deleted=False,
                incarnation=row.incarnation + 1,
                study_id=None,
                current_version=None,
                created_at=now,
            )
        )
        found = self.find_dataset(connection, atlas, dataset_id)
        assert found is not None
        return found

    def make_atlas(self, connection: sa.Connection, atlas: str, now: int) -> int:
        """Give the key of an atlas, made where it is not there yet."""
        raise NotImplementedError

    def insert_version(
        self,
        writer: ChangeWriter,
        dataset: sa.Row[Any],
        new: NewVersion,
        record_key: str,
        action: str,
        *,
        details: Mapping[str, Any] | None = None,
    ) -> int:
        """Insert a version as the dataset's current one; gives its number."""
        connection, facts = writer.connection, new.facts
        n_obs, n_vars = facts.shape
        old_blob = None
        if dataset.current_version is not None:
            old_blob = connection.execute(
                _BLOB_OF_VERSION, {"version": dataset.current_version}
            ).one()
        shape = {"n_obs": n_obs, "n_vars": n_vars, "n_problems": len(facts.summary.problems)}
        kind = {"data_type": new.data_type, "data_format": new.data_format, "author": new.by.user}
        inserted = connection.execute(
            t.version.insert(),
            {
                "uuid": new.version_id,
                "dataset_id": dataset.id,
                "incarnation": dataset.incarnation,
                "seq": dataset.next_seq,
                "metadata": dict(new.metadata),
                "blob_id": facts.id,
                "record": record_key,
                "added_bytes": new.added_bytes,
                "message": new.message,
                "origin": new.by.model_dump(exclude_defaults=True),
                "rolled_back_from": new.rolled_back_from,
                "created_at": new.created_at,
                **shape,
                **kind,
            },
        )
        assert inserted.inserted_primary_key is not None
        key = int(inserted.inserted_primary_key[0])
        inputs = [("parent", p) for p in new.parents] + [("session", s) for s in new.session_inputs]
        if inputs:
            connection.execute(
                t.version_input.insert(),
                [
                    {"version_id": key, "position": i, "kind": how, "source": source}
                    for i, (how, source) in enumerate(inputs)
                ],
            )
        told = {"seq": dataset.next_seq, "incarnation": dataset.incarnation, **(details or {})}
        if new.ingestion:
            told["ingestion_params"] = dict(new.ingestion)
        change = writer.add(
            action,
            new.atlas,
            new.dataset_id,
            new.version_id,
            message=new.message,
            details=told,
        )
        connection.execute(
            _UPDATE_DATASET,
            {
                "which": dataset.id,
                "current_version": key,
                "next_seq": dataset.next_seq + 1,
                "modified_at": max(writer.time, dataset.modified_at),
                "change_seq": change,
                "size": facts.size,
                **shape,
                **kind,
            },
        )
        index_dataset(
            connection,
            dataset,
            new.metadata,
            data_type=new.data_type,
            study_id=dataset.study_id,
            fresh=dataset.current_version is None and dataset.incarnation == 1,
        )
        if old_blob is not None and not same_content(old_blob, facts):
            self.remove_outdated_files(writer, dataset, new.atlas)
        return key

    def remove_outdated_files(self, writer: ChangeWriter, dataset: sa.Row[Any], atlas: str) -> None:
        """Take away the files that were attached to live only as long as the data."""
        raise NotImplementedError

    def _move_to_study(
        self, writer: ChangeWriter, dataset: sa.Row[Any], atlas: str, study_id: str | None
    ) -> None:
        raise NotImplementedError

    # -- going back

    def rollback(
        self,
        atlas: str,
        dataset_id: str,
        version: str,
        *,
        message: str | None = None,
        ingestion: Mapping[str, Any] | None = None,
        by: Origin,
    ) -> DatasetRecord:
        """Make the content of an old version current again, as a new version; copies no data."""
        message = rules.check_message(message)
        with self.db.reading() as connection:
            dataset = self._dataset_ever(connection, atlas, dataset_id)
            old = self.find_version_row(connection, dataset, version)
            facts = self.facts(connection, old.blob_id)
        new = NewVersion(
            atlas=atlas,
            dataset_id=dataset_id,
            facts=facts,
            data_type=old.data_type,
            data_format=old.data_format,
            metadata=old.metadata,
            by=by,
            message=message or f"Rolled back to v{old.seq}",
            rolled_back_from=old.uuid,
            ingestion=dict(ingestion or {}),
        )
        key = object_key(new.version_id, ".record")
        written = self.write_durably(None, key, [new.record()])
        try:
            with self.changing(by) as writer:
                connection = writer.connection
                self.make_live(connection, written)
                row = self.find_dataset(connection, atlas, dataset_id, lock=True)
                self.find_version_row(connection, dataset, old.uuid)  # not purged meanwhile
                dataset = self.open_row(writer, atlas, dataset_id, row)
                details = {"rolled_back_from": old.uuid}
                self.insert_version(writer, dataset, new, key, "rollback", details=details)
        except BaseException:
            self.forget(written)
            raise
        with self.db.reading() as connection:
            return self.read_dataset(connection, dataset.id)


def same_content(old: Any, facts: BlobFacts) -> bool:
    """Whether two blobs (rows, or facts) hold the same data: by digest, else by all bytes."""
    if old.blake3 == facts.blake3:
        return True
    return old.digest is not None and old.digest == facts.digest
