"""Purging: the calls that really remove versions, and the bytes that only they used."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from omicshelf.backend.base import PurgeReport
from omicshelf.backend.embedded import schema as t
from omicshelf.backend.embedded.blobs import object_kind
from omicshelf.backend.embedded.changes import ChangeWriter
from omicshelf.backend.embedded.core import batches, new_id
from omicshelf.backend.embedded.index import unindex_dataset
from omicshelf.backend.embedded.reading import Reading
from omicshelf.backend.store import manifest as manifests
from omicshelf.backend.store.manifest import object_key
from omicshelf.errors import AccessDenied, Conflict, IntegrityError, Invalid, StorageError
from omicshelf.records import Origin

__all__ = ["Purging"]


@dataclass(frozen=True)
class _Removed:
    """What a purge takes away: rows of versions, the blobs they used; and what it keeps, why."""

    versions: Sequence[sa.Row[Any]]
    blobs: set[str]
    kept: dict[str, str]


class _NeedsKeys(Exception):
    """Objects must be written anew, under keys that are not registered yet: old to new key."""

    def __init__(self, keys: Mapping[str, str]) -> None:
        super().__init__()
        self.keys = keys


class Purging(Reading):
    """The part of the embedded backend that removes versions for good."""

    def purge_versions(
        self,
        atlas: str,
        dataset_id: str,
        *,
        keep_last: int | None = None,
        older_than: int | None = None,
        force: bool = False,
        dry_run: bool = False,
        by: Origin,
    ) -> PurgeReport:
        """Remove old versions of a dataset, never the current one; labelled ones with `force`.

        A version goes when it is neither among the last ``keep_last`` nor younger than
        ``older_than`` (UTC milliseconds); versions of deleted incarnations count as old.
        """
        if keep_last is None and older_than is None:
            raise Invalid("Nothing says which versions to purge.", "Pass keep_last or older_than.")
        if keep_last is not None and keep_last < 1:
            raise Invalid(
                f"keep_last={keep_last} would keep no version.",
                "At least 1 is kept; `purge_dataset` removes a deleted dataset wholly.",
            )
        if dry_run:
            with self.db.reading() as connection:
                dataset = self._dataset_ever(connection, atlas, dataset_id)
                going, kept = self._choose(connection, dataset, keep_last, older_than, force)
            size = sum(row.added_bytes for row in going)
            return PurgeReport([row.uuid for row in going], kept, size, True)

        def remove(writer: ChangeWriter) -> _Removed:
            dataset = self._dataset_ever(writer.connection, atlas, dataset_id)
            going, kept = self._choose(writer.connection, dataset, keep_last, older_than, force)
            if going:
                self._remove_versions(writer, dataset, going)
                self._tell(writer, "purge versions", atlas, dataset, going)
            return _Removed(going, {row.blob_id for row in going}, kept)

        return self._purge(by, remove)

    def _choose(
        self,
        connection: sa.Connection,
        dataset: sa.Row[Any],
        keep_last: int | None,
        older_than: int | None,
        force: bool,
    ) -> tuple[list[sa.Row[Any]], dict[str, str]]:
        rows = connection.execute(
            sa.select(t.version)
            .where(t.version.c.dataset_id == dataset.id)
            .order_by(t.version.c.seq.desc())
        ).all()
        labelled = set(
            connection.execute(
                sa.select(t.label.c.version_id).where(t.label.c.dataset_id == dataset.id)
            ).scalars()
        )
        going, kept = [], {}
        for place, row in enumerate(rows):
            if row.id == dataset.current_version:
                kept[row.uuid] = "current version"
            elif keep_last is not None and place < keep_last:
                kept[row.uuid] = f"among the last {keep_last}"
            elif older_than is not None and row.created_at >= older_than:
                kept[row.uuid] = "not old enough"
            elif row.id in labelled and not force:
                kept[row.uuid] = "labelled"
            else:
                going.append(row)
        return going, kept

    def purge_dataset(
        self, atlas: str, dataset_id: str, *, force: bool = False, by: Origin
    ) -> PurgeReport:
        """Remove a deleted dataset for good: versions, files, labels and bytes.

        What stays is its number series, so that ``v5`` never means two things, and its lines
        of the change log.
        """

        def remove(writer: ChangeWriter) -> _Removed:
            connection = writer.connection
            dataset = self._dataset_ever(connection, atlas, dataset_id)
            self._refuse_purge(connection, dataset, force)
            rows = connection.execute(
                sa.select(t.version).where(t.version.c.dataset_id == dataset.id)
            ).all()
            self._remove_versions(writer, dataset, rows)
            blobs = {row.blob_id for row in rows} | self._purge_row(writer, dataset)
            self._tell(writer, "purge dataset", atlas, dataset, rows)
            return _Removed(rows, blobs, {})

        return self._purge(by, remove)

    @staticmethod
    def _refuse_purge(connection: sa.Connection, dataset: sa.Row[Any], force: bool) -> None:
        if not dataset.deleted:
            raise Conflict(
                f"The dataset '{dataset.dataset_id}' is not deleted.",
                f"Delete it first: `catalog.delete_dataset('{dataset.dataset_id}')`.",
            )
        labels = connection.execute(
            sa.select(t.label.c.name).where(t.label.c.dataset_id == dataset.id)
        ).scalars()
        names = sorted(labels)
        if names and not force:
            raise Conflict(
                f"The dataset '{dataset.dataset_id}' has labelled versions "
                f"({', '.join(names[:5])}).",
                "Pass force=True to purge them too.",
            )

    @staticmethod
    def _remove_versions(
        writer: ChangeWriter, dataset: sa.Row[Any], going: Sequence[sa.Row[Any]]
    ) -> None:
        for batch in batches([row.id for row in going], 500):
            for table, column in (
                (t.version_input, t.version_input.c.version_id),
                (t.label, t.label.c.version_id),
                (t.version, t.version.c.id),
            ):
                writer.connection.execute(table.delete().where(column.in_(batch)))

    @staticmethod
    def _tell(
        writer: ChangeWriter,
        action: str,
        atlas: str,
        dataset: sa.Row[Any],
        going: Sequence[sa.Row[Any]],
    ) -> None:
        details = {"versions": [row.uuid for row in going]}
        writer.add(action, atlas, dataset.dataset_id, details=details, dataset_key=dataset.id)

    def _purge(self, by: Origin, remove: Callable[[ChangeWriter], _Removed]) -> PurgeReport:
        """Remove rows, and strip their records, in one transaction; then delete the objects.

        Which objects must be written anew is known only inside the transaction, and their
        keys must be registered before it: it is begun again when it needs some.
        """
        reserved: dict[str, str] = {}
        try:
            while True:
                try:
                    with self.changing(by) as writer:
                        removed = remove(writer)
                        dead = self._strip_records(writer.connection, removed, reserved)
                        dead |= self._bury_blobs(writer.connection, removed.blobs)
                    break
                except _NeedsKeys as needed:
                    self._register(dict.fromkeys(needed.keys.values(), b""))
                    reserved |= needed.keys
        finally:
            self.forget(list(reserved.values()))  # the ones that were not used after all
        freed = self._delete_now(dead)
        return PurgeReport([row.uuid for row in removed.versions], removed.kept, freed)

    def _purge_row(self, writer: ChangeWriter, dataset: sa.Row[Any]) -> set[str]:
        connection = writer.connection
        files = t.file.c.dataset_id == dataset.id
        blobs = set(connection.execute(sa.select(t.file.c.blob_id).where(files)).scalars())
        connection.execute(t.file.delete().where(files))
        connection.execute(
            t.dataset.update()
            .where(t.dataset.c.id == dataset.id)
            .values(
                current_version=None,
                study_id=None,
                deleted=True,
                data_type="",
                data_format=None,
                author=None,
                size=0,
                n_obs=None,
                n_vars=None,
                n_problems=0,
            )
        )
        unindex_dataset(connection, dataset.id)
        return blobs

    def _strip_records(
        self, connection: sa.Connection, removed: _Removed, reserved: Mapping[str, str]
    ) -> set[str]:
        """Take purged versions out of the objects that carry their records; gives the old keys.

        An object that carries nothing else is dead; another one is written anew without
        them, so that neither their metadata stay behind nor ``rebuild`` brings them back.
        """
        old = {row.record for row in removed.versions}
        gone = {row.uuid for row in removed.versions}
        shared: dict[str, str | None] = {}
        for key in old:
            blob = connection.execute(
                sa.select(t.blob.c.id).where(t.blob.c.manifest == key)
            ).scalar_one_or_none()
            others = connection.execute(
                sa.select(t.version.c.id).where(t.version.c.record == key).limit(1)
            ).one_or_none()
            if others is not None or (blob is not None and self._used(connection, {blob})):
                shared[key] = blob
        if missing := shared.keys() - reserved.keys():
            raise _NeedsKeys({key: _new_key(key, shared[key]) for key in missing})
        for key, blob in shared.items():
            try:
                manifest, records = self.read_manifest(key)
            except IntegrityError:
                continue  # damaged: nothing can be taken out of it
            left = [record for record in records if record.get("version_id") not in gone]
            self._replace_object(
                connection, key, reserved[key], manifests.encode(manifest, left), blob
            )
        for key in old:
            self._bury_if_unused(connection, key)
        return old

    def _used(self, connection: sa.Connection, blobs: set[str]) -> set[str]:
        by_version = sa.select(t.version.c.blob_id).where(t.version.c.blob_id.in_(blobs))
        by_file = sa.select(t.file.c.blob_id).where(t.file.c.blob_id.in_(blobs))
        return set(connection.execute(by_version.union(by_file)).scalars())

    def _replace_object(
        self, connection: sa.Connection, old: str, new: str, data: bytes, blob: str | None
    ) -> None:
        """Write an object under a new key and turn every reference to it."""
        self.store.put_bytes(new, data)
        self.make_live(connection, [new])
        connection.execute(
            t.stored_object.update().where(t.stored_object.c.key == new).values(size=len(data))
        )
        connection.execute(t.version.update().where(t.version.c.record == old).values(record=new))
        if blob is not None:
            connection.execute(t.blob.update().where(t.blob.c.id == blob).values(manifest=new))
            connection.execute(
                t.blob_object.update()
                .where(t.blob_object.c.blob_id == blob, t.blob_object.c.key == old)
                .values(key=new)
            )

    def _bury_if_unused(self, connection: sa.Connection, key: str) -> None:
        """Mark an object dead that no blob and no version refers to."""
        o = t.stored_object.c
        refers = sa.or_(
            sa.exists().where(t.blob_object.c.key == o.key),
            sa.exists().where(t.version.c.record == o.key),
        )
        connection.execute(
            t.stored_object.update()
            .where(o.key == key, o.state == "live", ~refers)
            .values(state="dead", dead_at=self._dead_since())
        )

    def _dead_since(self) -> int:
        # A purge means it: there is no grace, the next collection removes the bytes.
        return 0

    def _bury_blobs(self, connection: sa.Connection, blobs: set[str]) -> set[str]:
        """Forget blobs that nothing refers to any more; gives the keys of their objects."""
        keys: set[str] = set()
        for batch in batches(sorted(blobs), 500):
            unused = set(batch) - self._used(connection, set(batch))
            found = sa.select(t.blob_object.c.key).where(t.blob_object.c.blob_id.in_(unused))
            keys |= set(connection.execute(found).scalars())
            connection.execute(t.blob_object.delete().where(t.blob_object.c.blob_id.in_(unused)))
            connection.execute(t.blob.delete().where(t.blob.c.id.in_(unused)))
        for key in keys:
            self._bury_if_unused(connection, key)
        return keys

    def _delete_now(self, keys: set[str]) -> int:
        """Delete what a purge made dead; gives the bytes. What cannot be now, is later."""
        with contextlib.suppress(StorageError, AccessDenied):
            return self.delete_dead(only=keys)[1]
        return 0

    def remove_unused_blobs(self, blobs: set[str]) -> int:
        """Delete at once the bytes of blobs that nothing refers to any more; gives their size."""
        with contextlib.suppress(StorageError, AccessDenied):
            with self.db.writing() as connection:
                keys = self._bury_blobs(connection, blobs)
            return self._delete_now(keys)
        return 0

    def delete_dead(
        self, *, only: set[str] | None = None, before: int | None = None
    ) -> tuple[int, int, int]:
        """Delete dead objects that no one reads; gives objects, bytes, and how many are in use."""
        raise NotImplementedError


def _new_key(old: str, blob: str | None) -> str:
    identity = new_id() if blob is None else f"{blob}-{new_id()[:8]}"
    return object_key(identity, f".{object_kind(old)}")
