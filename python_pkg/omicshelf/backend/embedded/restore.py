"""Inserting a replayed state into the tables: the last step of ``rebuild`` and ``import``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from omicshelf.backend.clock import now_ms
from omicshelf.backend.embedded import schema as t
from omicshelf.backend.embedded.atlases import insert_atlas
from omicshelf.backend.embedded.blobs import object_kind
from omicshelf.backend.embedded.core import batches
from omicshelf.backend.embedded.index import index_dataset
from omicshelf.backend.embedded.replay import DatasetState, Replay, RoleState
from omicshelf.backend.store.manifest import BlobManifest
from omicshelf.records import Summary

__all__ = ["FoundBlob", "Restorer"]


@dataclass(frozen=True)
class FoundBlob:
    """A blob as its manifest object describes it.

    ``lost_names`` tells that the object with its names is not there: the data are whole without.
    """

    manifest_key: str
    manifest_size: int
    manifest: BlobManifest
    record: Mapping[str, Any]
    lost_names: bool = False

    @property
    def objects(self) -> list[str]:
        """The keys of the objects of the blob that are there, its manifest the last."""
        keys = self.manifest.packs if self.lost_names else self.manifest.objects
        return [*keys, self.manifest_key]

    @property
    def summary(self) -> Summary:
        return Summary.model_validate(self.record.get("summary") or {})


class Restorer:
    """Inserts atlases, roles, datasets, versions, files, labels, blobs and objects.

    Parameters
    ----------
    connection
        In a writing transaction.
    records
        Version records by uuid.
    record_keys
        The object that carries each version's record.
    blobs
        The blobs that the versions and files may refer to.
    """

    def __init__(
        self,
        connection: sa.Connection,
        records: Mapping[str, Mapping[str, Any]],
        record_keys: Mapping[str, str],
        blobs: Mapping[str, FoundBlob],
    ) -> None:
        self._connection = connection
        self._records = records
        self._record_keys = record_keys
        self._blobs = blobs

    def used_blobs(self, replay: Replay) -> set[str]:
        """Give the blobs that the versions and files of a replay refer to."""
        used = set()
        for state in replay.datasets.values():
            used |= {self._records[uuid]["blob"] for uuid in state.versions}
            used |= {file.blob for file in state.files}
        return used

    def insert_objects(self, sizes: Mapping[str, int], *, state: str = "live") -> None:
        """Register objects of the store that are not registered yet."""
        now = now_ms()
        rows = [
            {
                "key": key,
                "kind": object_kind(key),
                "state": state,
                "size": size,
                "created_at": now,
                "dead_at": now if state == "dead" else None,
            }
            for key, size in sizes.items()
        ]
        for batch in batches(rows, 500):
            self._connection.execute(t.stored_object.insert(), list(batch))

    def insert_blobs(self, ids: Iterable[str]) -> None:
        """Insert blobs with their references to their objects."""
        for blob_id in ids:
            found = self._blobs[blob_id]
            self._connection.execute(
                t.blob.insert().values(
                    id=blob_id,
                    size=found.manifest.size,
                    blake3=found.manifest.blake3,
                    digest=found.record.get("digest"),
                    data_format=found.record.get("data_format"),
                    summary=found.record.get("summary") or {},
                    manifest=found.manifest_key,
                    created_at=found.record["created_at"],
                )
            )
            self._connection.execute(
                t.blob_object.insert(),
                [{"blob_id": blob_id, "key": key} for key in found.objects],
            )

    def insert_datasets(self, replay: Replay) -> None:
        """Insert atlases, their roles, and datasets with everything that belongs to them."""
        keys = {name: self._place_atlas(name, replay) for name in replay.atlases}
        for state in replay.datasets.values():
            if state.versions or state.next_seq > 1:
                self._insert_dataset(keys[state.atlas], state)
        for (atlas, user), role in replay.roles.items():
            self._place_role(keys[atlas] if atlas else None, user, role)

    def _place_atlas(self, name: str, replay: Replay) -> int:
        """Give the key of an atlas, made or brought to what the lines say of it."""
        connection, created_at = self._connection, replay.atlases[name]
        found = connection.execute(
            sa.select(t.atlas.c.id).where(t.atlas.c.name == name)
        ).scalar_one_or_none()
        if found is None:
            return insert_atlas(connection, name, created_at, replay.descriptions.get(name))
        key: int = found
        known: dict[str, Any] = {}
        if name in replay.deleted_atlases:
            # An import tells that it was deleted: what was there has the fate of what was told.
            connection.execute(t.role.delete().where(t.role.c.atlas_id == key))
            known = {"created_at": created_at, "description": None}
        if name in replay.descriptions:
            known["description"] = replay.descriptions[name]
        if known:
            connection.execute(t.atlas.update().where(t.atlas.c.id == key).values(**known))
        return key

    def _place_role(self, atlas_key: int | None, user: str, role: RoleState | None) -> None:
        in_place = (
            t.role.c.atlas_id.is_(None) if atlas_key is None else t.role.c.atlas_id == atlas_key
        )
        self._connection.execute(t.role.delete().where(in_place, t.role.c.user == user))
        if role is not None:
            self._insert(t.role, atlas_id=atlas_key, user=user, **vars(role))

    def _insert(self, table: sa.Table, **values: Any) -> int:
        made = self._connection.execute(table.insert().values(**values))
        assert made.inserted_primary_key is not None
        return int(made.inserted_primary_key[0])

    def _insert_dataset(self, atlas_key: int, state: DatasetState) -> None:
        key = self._insert(
            t.dataset,
            atlas_id=atlas_key,
            dataset_id=state.dataset_id,
            incarnation=state.incarnation,
            next_seq=state.next_seq,
            deleted=state.deleted,
            study_id=state.study_id,
            created_at=state.created_at,
            modified_at=state.modified_at,
            change_seq=state.change_seq,
        )
        versions = {
            uuid: self._insert_version(key, uuid, seq, incarnation)
            for uuid, (seq, incarnation) in state.versions.items()
        }
        for name, (uuid, author, created_at) in state.labels.items():
            self._connection.execute(
                t.label.insert().values(
                    dataset_id=key,
                    name=name,
                    version_id=versions[uuid],
                    author=author,
                    created_at=created_at,
                )
            )
        for file in state.files:
            self._insert(
                t.file,
                uuid=file.file_id,
                dataset_id=key,
                incarnation=file.incarnation,
                name=file.name,
                file_format=file.file_format,
                tag=file.tag,
                blob_id=file.blob,
                derived_from=file.derived_from,
                auto_remove=file.auto_remove,
                author=file.author,
                created_at=file.created_at,
                state=file.state,
                ended_at=file.ended_at,
            )
        if state.current is not None:
            self._make_current(key, state, versions[state.current])

    def _insert_version(self, dataset_key: int, uuid: str, seq: int, incarnation: int) -> int:
        record = self._records[uuid]
        summary = self._blobs[record["blob"]].summary
        n_obs, n_vars = shape_of(summary)
        key = self._insert(
            t.version,
            uuid=uuid,
            dataset_id=dataset_key,
            incarnation=incarnation,
            seq=seq,
            data_type=record["data_type"],
            data_format=record["data_format"],
            metadata=record["metadata"],
            blob_id=record["blob"],
            record=self._record_keys[uuid],
            n_obs=n_obs,
            n_vars=n_vars,
            n_problems=len(summary.problems),
            added_bytes=record["added_bytes"],
            message=record["message"],
            author=record["origin"].get("user"),
            origin=record["origin"],
            rolled_back_from=record["rolled_back_from"],
            created_at=record["created_at"],
        )
        inputs = [("parent", p) for p in record["parents"]]
        inputs += [("session", s) for s in record["session_inputs"]]
        for position, (kind, source) in enumerate(inputs):
            self._connection.execute(
                t.version_input.insert().values(
                    version_id=key, position=position, kind=kind, source=source
                )
            )
        return key

    def _make_current(self, key: int, state: DatasetState, version_key: int) -> None:
        assert state.current is not None
        record = self._records[state.current]
        found = self._blobs[record["blob"]]
        n_obs, n_vars = shape_of(found.summary)
        self._connection.execute(
            t.dataset.update()
            .where(t.dataset.c.id == key)
            .values(
                current_version=version_key,
                data_type=record["data_type"],
                data_format=record["data_format"],
                author=record["origin"].get("user"),
                size=found.manifest.size,
                n_obs=n_obs,
                n_vars=n_vars,
                n_problems=len(found.summary.problems),
            )
        )
        if not state.deleted:
            row = self._connection.execute(sa.select(t.dataset).where(t.dataset.c.id == key)).one()
            index_dataset(
                self._connection,
                row,
                record["metadata"],
                data_type=record["data_type"],
                study_id=state.study_id,
                fresh=True,
            )

    def insert_changes(self, lines: Iterable[Mapping[str, Any]], session: str | None) -> None:
        """Insert change-log lines under their own sequence numbers."""
        rows = [{**line, "session": session} for line in lines]
        for batch in batches(rows, 500):
            self._connection.execute(t.change.insert(), list(batch))


def shape_of(summary: Summary) -> tuple[int | None, int | None]:
    """Give observations and features, or rows and columns."""
    if summary.n_obs is not None or summary.n_vars is not None:
        return summary.n_obs, summary.n_vars
    return summary.n_rows, summary.n_columns
