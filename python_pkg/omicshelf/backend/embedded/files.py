"""Supplementary files: attached to a dataset, replaced, removed, and kept in its history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from omicshelf import rules
from omicshelf.backend.base import FileDraft
from omicshelf.backend.embedded import schema as t
from omicshelf.backend.embedded.blobs import Incoming, PackGone
from omicshelf.backend.embedded.changes import ChangeWriter
from omicshelf.backend.embedded.core import near_misses, new_id
from omicshelf.backend.embedded.versions import Versions, same_content
from omicshelf.backend.source import Source
from omicshelf.backend.store.manifest import object_key
from omicshelf.errors import Conflict, NotFound, RepositoryLocked
from omicshelf.records import FileRecord, Origin

__all__ = ["Files"]

_ATTEMPTS = 4


class Files(Versions):
    """The part of the embedded backend that keeps supplementary files."""

    def put_file(self, atlas: str, draft: FileDraft, source: Source, *, by: Origin) -> FileRecord:
        """Attach a file, or replace the one of the same name."""
        name = rules.check_file_name(draft.file_name)
        rules.check_format(draft.file_format, "file_format")
        tag = None if draft.tag is None else rules.check_tag(draft.tag)
        for attempt in range(_ATTEMPTS):
            with self.db.reading() as connection:
                dataset = self.live_dataset(connection, atlas, draft.dataset_id)
                near = self._file_blobs(connection, dataset.id, name)
                self._source_version(connection, dataset, draft)
            incoming = self.bring_in(source, near=near, reuse=attempt < _ATTEMPTS - 1)
            try:
                return self._write_file(atlas, draft, name, tag, incoming, by)
            except PackGone:
                continue
        raise RepositoryLocked(
            f"The file '{name}' could not be written: the store's objects were collected again "
            "and again.",
            "Try again when `omicshelf gc` is not running.",
        )

    def _write_file(
        self,
        atlas: str,
        draft: FileDraft,
        name: str,
        tag: str | None,
        incoming: Incoming,
        by: Origin,
    ) -> FileRecord:
        try:
            key = incoming.manifest_key or object_key(incoming.facts.id, ".manifest")
            written = self.write_durably(incoming, key, [])
        finally:
            incoming.discard()
        try:
            with self.changing(by) as writer:
                connection = writer.connection
                self.make_live(connection, written)
                self.register_blob(connection, incoming)
                dataset = self.live_dataset(connection, atlas, draft.dataset_id, lock=True)
                source_version = self._source_version(connection, dataset, draft)
                file_id = self.insert_file(
                    writer,
                    dataset,
                    atlas,
                    {
                        "name": name,
                        "file_format": draft.file_format,
                        "tag": tag,
                        "blob_id": incoming.facts.id,
                        "derived_from": source_version,
                        "auto_remove": draft.auto_remove,
                        "author": by.user,
                    },
                    details=draft.details,
                )
        except BaseException:
            self.forget(written)
            raise
        with self.db.reading() as connection:
            row = connection.execute(self._files_query().where(t.file.c.uuid == file_id)).one()
        return self.file_record(row, atlas, draft.dataset_id)

    def insert_file(
        self,
        writer: ChangeWriter,
        dataset: sa.Row[Any],
        atlas: str,
        values: Mapping[str, Any],
        *,
        details: Mapping[str, Any] | None = None,
    ) -> str:
        """Insert a file as the current one of its name; gives its id."""
        self._end(writer, self._current(dataset, values["name"]), "replaced")
        file_id = new_id()
        writer.connection.execute(
            t.file.insert().values(
                uuid=file_id,
                dataset_id=dataset.id,
                incarnation=dataset.incarnation,
                created_at=writer.time,
                state="current",
                **values,
            )
        )
        writer.add(
            "attach file",
            atlas,
            dataset.dataset_id,
            details={
                "file_id": file_id,
                "incarnation": dataset.incarnation,
                **values,
                **(details or {}),
            },
            dataset_key=dataset.id,
        )
        return file_id

    def _source_version(
        self, connection: sa.Connection, dataset: sa.Row[Any], draft: FileDraft
    ) -> str | None:
        """Give the uuid of the version that the file was made from.

        With ``auto_remove`` that version's data must be the current data: a file that follows
        data which are gone already would have to be removed at once.
        """
        if draft.source_version is None:
            return None
        row = self.find_version_row(connection, dataset, draft.source_version)
        if draft.auto_remove and dataset.current_version != row.id:
            current = connection.execute(
                sa.select(t.version).where(t.version.c.id == dataset.current_version)
            ).one()
            old = self.facts(connection, row.blob_id)
            if not same_content(old, self.facts(connection, current.blob_id)):
                raise Conflict(
                    f"The data of '{dataset.dataset_id}' have changed since v{row.seq} (it is at "
                    f"v{current.seq}).",
                    "A file with source_version_id is removed when the data change. Pass "
                    "made_from= to record where it comes from and keep it, or make it from the "
                    "current version.",
                )
        return str(row.uuid)

    def _file_blobs(self, connection: sa.Connection, dataset_key: int, name: str) -> list[str]:
        query = (
            sa.select(t.file.c.blob_id)
            .where(t.file.c.dataset_id == dataset_key, t.file.c.name == name)
            .order_by(t.file.c.id.desc())
            .limit(3)
        )
        return list(dict.fromkeys(connection.execute(query).scalars()))

    def _files_query(self) -> sa.Select[Any]:
        return sa.select(t.file, t.blob.c.size, t.blob.c.blake3).join(
            t.blob, t.blob.c.id == t.file.c.blob_id
        )

    def _current(self, dataset: sa.Row[Any], name: str) -> sa.ColumnElement[bool]:
        return sa.and_(
            t.file.c.dataset_id == dataset.id, t.file.c.name == name, t.file.c.state == "current"
        )

    def _end(self, writer: ChangeWriter, which: sa.ColumnElement[bool], state: str) -> int:
        ended = writer.connection.execute(
            t.file.update().where(which).values(state=state, ended_at=writer.time)
        )
        return int(ended.rowcount)

    def get_file(self, atlas: str, dataset_id: str, file_name: str) -> FileRecord:
        """Give a current file by its name."""
        with self.db.reading() as connection:
            dataset = self.live_dataset(connection, atlas, dataset_id)
            row = self._file_row(connection, dataset, file_name)
        return self.file_record(row, atlas, dataset_id)

    def _file_row(
        self, connection: sa.Connection, dataset: sa.Row[Any], file_name: str
    ) -> sa.Row[Any]:
        name = rules.check_file_name(file_name)
        query = self._files_query().where(self._current(dataset, name))
        row = connection.execute(query).one_or_none()
        if row is not None:
            return row
        names = list(
            connection.execute(
                sa.select(t.file.c.name).where(
                    t.file.c.dataset_id == dataset.id, t.file.c.state == "current"
                )
            ).scalars()
        )
        past = connection.execute(
            sa.select(t.file.c.state)
            .where(t.file.c.dataset_id == dataset.id, t.file.c.name == name)
            .order_by(t.file.c.id.desc())
            .limit(1)
        ).scalar_one_or_none()
        if past is not None:
            why = {
                "data changed": "it was removed when the data changed",
                "dataset deleted": "it went with the deleted dataset",
            }.get(past, "it was deleted")
            hint = f"There was one, but {why}; its history keeps it."
        else:
            shown = ", ".join(f"'{n}'" for n in sorted(names)[:10])
            hint = near_misses(name, names) or (
                f"Its files are {shown}." if names else "No file is attached to it."
            )
        raise NotFound(f"The dataset '{dataset.dataset_id}' has no file '{name}'.", hint)

    def list_files(self, atlas: str, dataset_id: str) -> list[FileRecord]:
        """Give the current files of a live dataset by name."""
        with self.db.reading() as connection:
            dataset = self.live_dataset(connection, atlas, dataset_id)
            rows = connection.execute(
                self._files_query()
                .where(t.file.c.dataset_id == dataset.id, t.file.c.state == "current")
                .order_by(t.file.c.name)
            ).all()
        return [self.file_record(row, atlas, dataset_id) for row in rows]

    def file_history(self, atlas: str, dataset_id: str, file_name: str) -> list[FileRecord]:
        """Give all states of a file name, newest first, of a deleted dataset too."""
        name = rules.check_file_name(file_name)
        with self.db.reading() as connection:
            dataset = self._dataset_ever(connection, atlas, dataset_id)
            rows = connection.execute(
                self._files_query()
                .where(t.file.c.dataset_id == dataset.id, t.file.c.name == name)
                .order_by(t.file.c.id.desc())
            ).all()
        return [self.file_record(row, atlas, dataset_id) for row in rows]

    def delete_file(
        self, atlas: str, dataset_id: str, file_name: str, *, purge: bool = False, by: Origin
    ) -> None:
        """Remove a file; its history keeps it unless ``purge``, which removes the bytes too."""
        with self.changing(by) as writer:
            connection = writer.connection
            dataset = self.live_dataset(connection, atlas, dataset_id, lock=True)
            name = rules.check_file_name(file_name)
            history = sa.and_(t.file.c.dataset_id == dataset.id, t.file.c.name == name)
            if purge:
                found = connection.execute(sa.select(t.file.c.blob_id).where(history)).scalars()
                blobs = set(found)
                if not blobs:
                    self._file_row(connection, dataset, name)
                connection.execute(t.file.delete().where(history))
            else:
                self._file_row(connection, dataset, name)
                self._end(writer, self._current(dataset, name), "removed")
            action = "purge file" if purge else "delete file"
            writer.add(action, atlas, dataset_id, details={"name": name}, dataset_key=dataset.id)
        if purge:
            self.remove_unused_blobs(blobs)

    def remove_unused_blobs(self, blobs: set[str]) -> int:
        """Delete at once the bytes of blobs that nothing refers to any more; gives their size."""
        raise NotImplementedError

    def remove_outdated_files(self, writer: ChangeWriter, dataset: sa.Row[Any], atlas: str) -> None:
        """Take away the files that were attached to live only as long as the data."""
        outdated = sa.and_(
            t.file.c.dataset_id == dataset.id,
            t.file.c.state == "current",
            t.file.c.auto_remove,
        )
        names = list(writer.connection.execute(sa.select(t.file.c.name).where(outdated)).scalars())
        if names:
            self._end(writer, outdated, "data changed")
            writer.add(
                "remove outdated files",
                atlas,
                dataset.dataset_id,
                details={"names": sorted(names)},
                dataset_key=dataset.id,
            )
