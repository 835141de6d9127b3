"""Datasets as wholes: deletion, copies, studies, labels, and edits of many at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from omicshelf import rules
from omicshelf.backend.base import CopyDraft, EditReport, Query
from omicshelf.backend.embedded import schema as t
from omicshelf.backend.embedded.atlases import Atlases
from omicshelf.backend.embedded.blobs import Retry
from omicshelf.backend.embedded.changes import ChangeWriter
from omicshelf.backend.embedded.core import batches, is_unicode, new_id
from omicshelf.backend.embedded.index import index_dataset, unindex_dataset
from omicshelf.backend.embedded.versions import NewVersion
from omicshelf.backend.store.manifest import object_key
from omicshelf.errors import AlreadyExists, Conflict, Invalid, NotFound, RepositoryLocked
from omicshelf.records import Change, DatasetRecord, LabelRecord, Origin

__all__ = ["Datasets"]

_ATTEMPTS = 10


class Datasets(Atlases):
    """The part of the embedded backend that treats datasets as wholes."""

    # -- deletion

    def delete_dataset(
        self,
        atlas: str,
        dataset_id: str,
        *,
        message: str | None = None,
        details: Mapping[str, Any] | None = None,
        by: Origin,
    ) -> None:
        """Delete a dataset; its versions stay readable by id, and `undelete` brings it back."""
        message = rules.check_message(message)
        with self.changing(by) as writer:
            connection = writer.connection
            dataset = self.live_dataset(connection, atlas, dataset_id, lock=True)
            connection.execute(
                t.dataset.update()
                .where(t.dataset.c.id == dataset.id)
                .values(deleted=True, modified_at=max(writer.time, dataset.modified_at))
            )
            current = sa.and_(t.file.c.dataset_id == dataset.id, t.file.c.state == "current")
            self._end(writer, current, "dataset deleted")
            unindex_dataset(connection, dataset.id)
            writer.add(
                "delete",
                atlas,
                dataset_id,
                message=message,
                details={"incarnation": dataset.incarnation, **(details or {})},
                dataset_key=dataset.id,
            )

    def undelete_dataset(
        self, atlas: str, dataset_id: str, *, message: str | None = None, by: Origin
    ) -> DatasetRecord:
        """Bring back the last incarnation of a deleted dataset: versions, study and files."""
        message = rules.check_message(message)
        with self.changing(by) as writer:
            connection = writer.connection
            dataset = self.find_dataset(connection, atlas, dataset_id, lock=True)
            if dataset is None:
                raise self.missing_dataset(connection, atlas, dataset_id, dataset)
            if not dataset.deleted:
                raise Conflict(
                    f"The dataset '{dataset_id}' is not deleted.",
                    "To go back to one of its versions use `rollback`.",
                )
            self._revive(writer, dataset)
            writer.add(
                "undelete",
                atlas,
                dataset_id,
                message=message,
                details={"incarnation": dataset.incarnation},
                dataset_key=dataset.id,
            )
        with self.db.reading() as connection:
            return self.read_dataset(connection, dataset.id)

    def _revive(self, writer: ChangeWriter, dataset: sa.Row[Any]) -> None:
        connection = writer.connection
        if dataset.current_version is None:
            raise NotFound(
                f"All versions of the deleted dataset '{dataset.dataset_id}' were purged.",
                "Create it anew under the same id.",
            )
        connection.execute(
            t.dataset.update()
            .where(t.dataset.c.id == dataset.id)
            .values(deleted=False, modified_at=max(writer.time, dataset.modified_at))
        )
        connection.execute(
            t.file.update()
            .where(
                t.file.c.dataset_id == dataset.id,
                t.file.c.incarnation == dataset.incarnation,
                t.file.c.state == "dataset deleted",
            )
            .values(state="current", ended_at=None)
        )
        self.reindex_row(connection, dataset)

    def reindex_row(self, connection: sa.Connection, dataset: sa.Row[Any]) -> None:
        """Write the search index of a dataset again."""
        current = connection.execute(
            sa.select(t.version).where(t.version.c.id == dataset.current_version)
        ).one()
        index_dataset(
            connection,
            dataset,
            current.metadata,
            data_type=current.data_type,
            study_id=dataset.study_id,
        )

    def reindex(
        self, atlas: str, dataset_id: str, *, ingestion: Mapping[str, Any], by: Origin
    ) -> Change:
        """Write the search index of a dataset again; makes no version."""
        with self.changing(by) as writer:
            dataset = self.live_dataset(writer.connection, atlas, dataset_id, lock=True)
            self.reindex_row(writer.connection, dataset)
            details = {"ingestion_params": dict(ingestion)} if ingestion else {}
            seq = writer.add("reindex", atlas, dataset_id, details=details, dataset_key=dataset.id)
        return Change(
            seq=seq,
            time=writer.time,
            user=by.user,
            action="reindex",
            atlas=atlas,
            dataset_id=dataset_id,
            origin=by,
            details=details,
        )

    # -- copies

    def copy_dataset(self, draft: CopyDraft, *, by: Origin) -> DatasetRecord:
        """Copy a dataset with its study and files inside the catalog: records, no bytes."""
        rules.check_dataset_id(draft.dataset_id)
        atlas = rules.check_atlas(draft.atlas)
        draft = replace(draft, atlas=atlas, message=rules.check_message(draft.message))
        same_place = (draft.source_atlas, draft.source_id) == (atlas, draft.dataset_id)
        if same_place:
            raise Invalid(
                f"The dataset '{draft.dataset_id}' cannot be copied onto itself.",
                "Choose another id or another atlas.",
            )
        for _attempt in range(_ATTEMPTS):
            with self.db.reading() as connection:
                source = self.live_dataset(connection, draft.source_atlas, draft.source_id)
                target = self.find_dataset(connection, atlas, draft.dataset_id)
                self._refuse_overwrite(draft, target)
                versions = self._versions_to_copy(connection, draft, source)
                new = [self._copied(connection, draft, atlas, row, by) for row in versions]
            key = object_key(new_id(), ".record")
            written = self.write_durably(None, key, [version.record() for version in new])
            try:
                with self.changing(by) as writer:
                    dataset = self._insert_copy(writer, draft, atlas, source, new, written)
            except Retry:
                self.forget(written)
                continue
            except BaseException:
                self.forget(written)
                raise
            with self.db.reading() as connection:
                return self.read_dataset(connection, dataset.id)
        raise RepositoryLocked(
            f"The dataset '{draft.source_id}' could not be copied: it changed again and again.",
            "Nothing was written; try again.",
        )

    def _refuse_overwrite(self, draft: CopyDraft, target: sa.Row[Any] | None) -> None:
        if target is not None and not target.deleted and not draft.overwrite:
            raise AlreadyExists(
                f"The dataset '{draft.dataset_id}' already exists in atlas '{draft.atlas}'.",
                "Pass overwrite=True to add the copy as its new version, or choose another id.",
            )

    def _versions_to_copy(
        self, connection: sa.Connection, draft: CopyDraft, source: sa.Row[Any]
    ) -> list[sa.Row[Any]]:
        query = sa.select(t.version).where(t.version.c.id == source.current_version)
        if draft.with_history:
            query = (
                sa.select(t.version)
                .where(
                    t.version.c.dataset_id == source.id,
                    t.version.c.incarnation == source.incarnation,
                )
                .order_by(t.version.c.seq)
            )
        return list(connection.execute(query))

    def _copied(
        self,
        connection: sa.Connection,
        draft: CopyDraft,
        atlas: str,
        row: sa.Row[Any],
        by: Origin,
    ) -> NewVersion:
        told = draft.message or f"Copied from {draft.source_atlas}/{draft.source_id} v{row.seq}"
        return NewVersion(
            atlas=atlas,
            dataset_id=draft.dataset_id,
            facts=self.facts(connection, row.blob_id),
            data_type=row.data_type,
            data_format=row.data_format,
            metadata=row.metadata,
            by=by,
            message=(row.message or told) if draft.with_history else told,
            parents=(row.uuid,),
            ingestion=draft.ingestion,
        )

    def _insert_copy(
        self,
        writer: ChangeWriter,
        draft: CopyDraft,
        atlas: str,
        source: sa.Row[Any],
        new: Sequence[NewVersion],
        written: list[str],
    ) -> sa.Row[Any]:
        connection = writer.connection
        self.make_live(connection, written)
        now = self.live_dataset(connection, draft.source_atlas, draft.source_id, lock=True)
        if now.change_seq != source.change_seq:
            raise Retry(f"{draft.source_id} moved on")
        target = self.find_dataset(connection, atlas, draft.dataset_id, lock=True)
        self._refuse_overwrite(draft, target)
        dataset = self.open_row(writer, atlas, draft.dataset_id, target)
        for version in new:
            details = {"copied_from": version.parents[0]}
            self.insert_version(writer, dataset, version, written[0], "copy", details=details)
            found = self.find_dataset(connection, atlas, draft.dataset_id)
            assert found is not None
            dataset = found
        if source.study_id != dataset.study_id:
            self._move_to_study(writer, dataset, atlas, source.study_id)
        self._copy_files(writer, source, dataset, atlas, new[-1].version_id)
        return dataset

    def _copy_files(
        self,
        writer: ChangeWriter,
        source: sa.Row[Any],
        dataset: sa.Row[Any],
        atlas: str,
        version_id: str,
    ) -> None:
        files = writer.connection.execute(
            sa.select(t.file).where(t.file.c.dataset_id == source.id, t.file.c.state == "current")
        ).all()
        for row in files:
            values = {
                "name": row.name,
                "file_format": row.file_format,
                "tag": row.tag,
                "blob_id": row.blob_id,
                "derived_from": version_id if row.derived_from is not None else None,
                "auto_remove": row.auto_remove,
                "author": row.author,
            }
            self.insert_file(writer, dataset, atlas, values, details={"copied_from": row.uuid})

    # -- metadata of many

    def edit_metadata(
        self,
        atlas: str,
        selection: Sequence[str] | Query,
        *,
        set_: Mapping[str, Any],
        remove: Sequence[str] = (),
        message: str | None = None,
        dry_run: bool = False,
        by: Origin,
    ) -> EditReport:
        """Merge keys into the metadata of many datasets: one version each, all or nothing."""
        changes = rules.clean_metadata(set_)
        message = rules.check_message(message)
        both = sorted(set(changes) & set(remove))
        if both:
            raise Invalid(f"'{both[0]}' is to be set and removed at once.", "Choose one.")
        if not changes and not remove:
            raise Invalid("Nothing to update", "Pass keys to set or to remove.")
        for _attempt in range(_ATTEMPTS):
            rows = self._selected(atlas, selection)
            changed: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
            for row in rows:
                kept = {k: v for k, v in row.metadata.items() if k not in remove}
                merged = {**kept, **changes}
                if merged != row.metadata:
                    changed[row.dataset_name] = (row.metadata, merged)
            unchanged = [row.dataset_name for row in rows if row.dataset_name not in changed]
            report = EditReport(changed, unchanged, dry_run)
            if dry_run or not changed:
                return report
            try:
                self._write_edit(atlas, rows, changed, message, by)
            except Retry:
                continue
            return report
        raise RepositoryLocked(
            "The metadata could not be written: others changed the datasets again and again.",
            "Nothing was written; try again.",
        )

    def _selected(self, atlas: str, selection: Sequence[str] | Query) -> list[sa.Row[Any]]:
        if isinstance(selection, Query):
            ids = self.matching_ids(atlas, selection)
        else:
            ids = list(dict.fromkeys(selection))
        with self.db.reading() as connection:
            rows: dict[str, sa.Row[Any]] = {}
            for batch in batches(ids, 500):
                known = [dataset_id for dataset_id in batch if is_unicode(dataset_id)]
                query = self.datasets_query().where(
                    t.atlas.c.name == atlas, t.dataset.c.dataset_id.in_(known), ~t.dataset.c.deleted
                )
                rows |= {row.dataset_name: row for row in connection.execute(query)}
            for dataset_id in ids:
                if dataset_id not in rows:
                    self.live_dataset(connection, atlas, dataset_id)
        return [rows[dataset_id] for dataset_id in ids]

    def matching_ids(self, atlas: str, query: Query) -> list[str]:
        """Give the ids of all live datasets that a query matches."""
        raise NotImplementedError

    def _write_edit(
        self,
        atlas: str,
        rows: Sequence[sa.Row[Any]],
        changed: Mapping[str, tuple[dict[str, Any], dict[str, Any]]],
        message: str | None,
        by: Origin,
    ) -> None:
        with self.db.reading() as connection:
            new = [
                NewVersion(
                    atlas=atlas,
                    dataset_id=row.dataset_name,
                    facts=self.facts(connection, row.blob_id),
                    data_type=row.data_type,
                    data_format=row.data_format,
                    metadata=changed[row.dataset_name][1],
                    by=by,
                    message=message,
                )
                for row in rows
                if row.dataset_name in changed
            ]
        based_on = {row.dataset_name: row.id for row in rows}
        key = object_key(new_id(), ".record")
        written = self.write_durably(None, key, [version.record() for version in new])
        try:
            with self.changing(by) as writer:
                self.make_live(writer.connection, written)
                for version in new:
                    dataset = self.live_dataset(
                        writer.connection, atlas, version.dataset_id, lock=True
                    )
                    if dataset.current_version != based_on[version.dataset_id]:
                        raise Retry(f"{version.dataset_id} moved on")
                    self.insert_version(writer, dataset, version, key, "update")
        except BaseException:
            self.forget(written)
            raise

    # -- labels

    def set_label(
        self, atlas: str, dataset_id: str, version: str, name: str, *, by: Origin
    ) -> LabelRecord:
        """Give a version a name; a name once given stays where it is until it is removed."""
        name = rules.check_label(name)
        with self.changing(by) as writer:
            connection = writer.connection
            dataset = self.live_dataset(connection, atlas, dataset_id, lock=True)
            row = self.find_version_row(connection, dataset, version)
            held = connection.execute(
                sa.select(t.version.c.id, t.version.c.seq, t.label.c.author, t.label.c.created_at)
                .join(t.label, t.label.c.version_id == t.version.c.id)
                .where(t.label.c.dataset_id == dataset.id, t.label.c.name == name)
            ).one_or_none()
            if held is not None and held.id != row.id:
                raise AlreadyExists(
                    f"'{name}' already names v{held.seq} of '{dataset_id}'.",
                    f"Remove it there first: `catalog.remove_label('{dataset_id}', '{name}')`.",
                )
            if held is None:
                connection.execute(
                    t.label.insert().values(
                        dataset_id=dataset.id,
                        name=name,
                        version_id=row.id,
                        author=by.user,
                        created_at=writer.time,
                    )
                )
                details = {"name": name, "seq": row.seq}
                writer.add(
                    "label", atlas, dataset_id, row.uuid, details=details, dataset_key=dataset.id
                )
        author = by.user if held is None else held.author
        created = writer.time if held is None else held.created_at
        return LabelRecord(
            name=name, version_id=row.uuid, seq=row.seq, author=author, created_at=created
        )

    def remove_label(self, atlas: str, dataset_id: str, name: str, *, by: Origin) -> None:
        """Take a name off its version."""
        with self.changing(by) as writer:
            connection = writer.connection
            dataset = self.live_dataset(connection, atlas, dataset_id, lock=True)
            removed = connection.execute(
                t.label.delete().where(t.label.c.dataset_id == dataset.id, t.label.c.name == name)
            )
            if not removed.rowcount:
                raise NotFound(
                    f"The dataset '{dataset_id}' has no label '{name}'.",
                    f"`catalog.labels('{dataset_id}')` lists its labels.",
                )
            writer.add(
                "remove label", atlas, dataset_id, details={"name": name}, dataset_key=dataset.id
            )

    def list_labels(self, atlas: str, dataset_id: str) -> list[LabelRecord]:
        """Give the labels of a dataset, oldest first."""
        with self.db.reading() as connection:
            dataset = self.live_dataset(connection, atlas, dataset_id)
            rows = connection.execute(
                sa.select(t.label, t.version.c.uuid, t.version.c.seq)
                .join(t.version, t.version.c.id == t.label.c.version_id)
                .where(t.label.c.dataset_id == dataset.id)
                .order_by(t.label.c.created_at, t.label.c.name)
            ).all()
        return [
            LabelRecord(
                name=row.name,
                version_id=row.uuid,
                seq=row.seq,
                author=row.author,
                created_at=row.created_at,
            )
            for row in rows
        ]

    # -- studies

    def set_study(
        self,
        atlas: str,
        dataset_id: str,
        study_id: str | None,
        *,
        details: Mapping[str, Any] | None = None,
        by: Origin,
    ) -> None:
        """Put a dataset into a study, or out of its study with None; makes no version."""
        study = None if study_id is None else rules.check_study_id(study_id)
        with self.changing(by) as writer:
            dataset = self.live_dataset(writer.connection, atlas, dataset_id, lock=True)
            if dataset.study_id != study:
                self._move_to_study(writer, dataset, atlas, study, details)

    def _move_to_study(
        self,
        writer: ChangeWriter,
        dataset: sa.Row[Any],
        atlas: str,
        study_id: str | None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        connection = writer.connection
        connection.execute(
            t.dataset.update().where(t.dataset.c.id == dataset.id).values(study_id=study_id)
        )
        told = {"study_id": study_id, "was": dataset.study_id, **(details or {})}
        writer.add("set study", atlas, dataset.dataset_id, details=told, dataset_key=dataset.id)
        moved = self.find_dataset(connection, atlas, dataset.dataset_id)
        assert moved is not None
        self.reindex_row(connection, moved)

    def list_studies(self, atlas: str) -> list[str]:
        """Give the studies that have live datasets."""
        with self.db.reading() as connection:
            return list(
                connection.execute(
                    sa.select(t.dataset.c.study_id)
                    .join(t.atlas, t.atlas.c.id == t.dataset.c.atlas_id)
                    .where(
                        t.atlas.c.name == atlas,
                        ~t.dataset.c.deleted,
                        t.dataset.c.study_id.is_not(None),
                    )
                    .distinct()
                    .order_by(t.dataset.c.study_id)
                ).scalars()
            )

    def datasets_in_study(self, atlas: str, study_id: str) -> list[str]:
        """Give the ids of the live datasets of a study."""
        study = rules.check_study_id(study_id)
        with self.db.reading() as connection:
            return list(
                connection.execute(
                    sa.select(t.dataset.c.dataset_id)
                    .join(t.atlas, t.atlas.c.id == t.dataset.c.atlas_id)
                    .where(
                        t.atlas.c.name == atlas,
                        ~t.dataset.c.deleted,
                        t.dataset.c.study_id == study,
                    )
                    .order_by(t.dataset.c.dataset_id)
                ).scalars()
            )
