"""Bytes that come in: staged, cut, inspected, made durable, and registered.

The order of a write (``storage.md``, "Commit"): everything is written and fsynced under
``pending`` rows first; the transaction that makes the version visible makes them ``live``.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa

from omicshelf.backend.background import in_thread
from omicshelf.backend.clock import now_ms
from omicshelf.backend.embedded import schema as t
from omicshelf.backend.embedded.changes import Changes
from omicshelf.backend.embedded.core import new_id
from omicshelf.backend.source import Source
from omicshelf.backend.store import manifest as manifests
from omicshelf.backend.store.chunks import hash_file
from omicshelf.backend.store.durable import storage_errors, sync_descriptor
from omicshelf.backend.store.manifest import BlobManifest, object_key, pack_suffix
from omicshelf.backend.store.marks import Mark, take_mark
from omicshelf.backend.store.packs import Ingested, ingest
from omicshelf.backend.store.reader import BlobReader
from omicshelf.backend.store.sidecar import (
    INLINE,
    Sidecar,
    decode_names,
    describe_names,
    encode_names,
)
from omicshelf.errors import (
    AccessDenied,
    IntegrityError,
    NotFound,
    RequestException,
    StorageError,
)
from omicshelf.formats.base import Inspection, Names
from omicshelf.records import Summary

__all__ = ["BlobFacts", "Blobs", "Incoming", "PackGone", "Retry"]

_KEPT_MANIFESTS = 64
_NEAR_VERSIONS = 5
_LOOKS = 8

# Built once: making a statement costs as much as running it.
_SAME_BYTES = (
    sa.select(t.blob)
    .where(
        t.blob.c.blake3 == sa.bindparam("hash"),
        t.blob.c.size == sa.bindparam("bytes"),
        t.blob.c.data_format == sa.bindparam("format"),
    )
    .order_by(t.blob.c.created_at)
    .limit(5)
)
_BLOB = sa.select(t.blob).where(t.blob.c.id == sa.bindparam("blob"))
_MANIFEST = sa.select(t.blob.c.manifest).where(t.blob.c.id == sa.bindparam("blob"))
_RECENT = (
    sa.select(t.version.c.blob_id)
    .where(t.version.c.dataset_id == sa.bindparam("dataset"))
    .order_by(t.version.c.seq.desc())
    .limit(_NEAR_VERSIONS * 4)
)
_MARKS = sa.select(t.stored_object.c.key, t.stored_object.c.mark).where(
    t.stored_object.c.key.in_(sa.bindparam("keys", expanding=True))
)
_MAKE_LIVE = (
    t.stored_object.update()
    .where(t.stored_object.c.key == sa.bindparam("which"), t.stored_object.c.state == "pending")
    .values(state="live", session=None, mark=sa.bindparam("mark"))
)


class Retry(Exception):
    """What the write was based on has changed meanwhile: do it again from the beginning."""


class PackGone(Retry):
    """An object that a new version reuses was collected: its bytes must be written again."""


@dataclass(frozen=True)
class BlobFacts:
    """What a version needs to know of its bytes."""

    id: str
    size: int
    blake3: str
    digest: str | None
    data_format: str | None
    summary: Summary

    def record(self, created_at: int) -> dict[str, Any]:
        """Give the JSON object that rides in the blob's manifest, for ``rebuild``."""
        return {
            "kind": "blob",
            "id": self.id,
            "digest": self.digest,
            "data_format": self.data_format,
            "summary": summary_json(self.summary),
            "created_at": created_at,
        }

    @property
    def shape(self) -> tuple[int | None, int | None]:
        """Observations and features, or rows and columns."""
        s = self.summary
        if s.n_obs is not None or s.n_vars is not None:
            return s.n_obs, s.n_vars
        return s.n_rows, s.n_columns


@dataclass
class Incoming:
    """Bytes that are staged and examined, but not yet durable.

    ``existing`` is True when they are those of a blob that the catalog has already; then
    nothing is to be written. ``sidecar`` holds the names where they become a new object.
    """

    facts: BlobFacts
    existing: bool
    names: Names | None = None
    ingested: Ingested | None = None
    spare: Path | None = None
    manifest_key: str = ""
    created_at: int = 0
    sidecar: bytes | None = None

    @property
    def manifest(self) -> BlobManifest:
        """The manifest of bytes that are new."""
        assert self.ingested is not None
        return self.ingested.manifest

    @property
    def added_bytes(self) -> int:
        """The bytes of the new pack; manifests and names are not counted as data."""
        return 0 if self.ingested is None else self.ingested.added_bytes

    def discard(self) -> None:
        """Remove the staged bytes."""
        if self.spare is not None:
            self.spare.unlink(missing_ok=True)
        if self.ingested is not None and self.ingested.pack_file is not None:
            self.ingested.pack_file.unlink(missing_ok=True)


class Blobs(Changes):
    """The part of the embedded backend that brings bytes in and reads manifests."""

    def __init__(self) -> None:
        self._manifests: OrderedDict[str, tuple[str, BlobManifest]] = OrderedDict()
        self._manifests_guard = threading.Lock()

    # -- in

    def bring_in(self, source: Source, *, near: Sequence[str] = (), reuse: bool = True) -> Incoming:
        """Stage, cut and inspect the bytes of ``source``; nothing is visible yet.

        Parameters
        ----------
        source
            The bytes.
        near
            Blobs of recent versions of the same dataset, whose chunks may be shared.
        reuse
            False writes every chunk anew.
        """
        staging = self.staging()
        staged = source.stage(staging)
        pack: Path | None = None
        kept: Path | None = None
        try:
            known = self._known(near) if reuse else []
            # The first version is kept as it is: it can be flushed while it is cut and hashed.
            whole = staged.owned and not known and self.has_local_objects
            flushed = in_thread(partial(_flush, staged.path)) if whole else None
            blob_id = new_id()
            ingested = ingest(
                staged.path,
                owned=staged.owned,
                staging=staging,
                known=known,
                dead_packs=self._unsound(known),
                blob_id=blob_id,
                suffix=pack_suffix(source.suffix),
                progress=source.progress,
            )
            pack = ingested.pack_file
            incoming = self.settled(source, ingested, known, reuse=reuse, flushed=flushed)
            pack = None if incoming.ingested is None else incoming.ingested.pack_file
            if staged.owned and staged.path != pack and not incoming.existing:
                # What was just saved is what is loaded next: it goes into the cache.
                incoming.spare = kept = staged.path
            elif pack is not None and staged.path == pack and not self.has_local_objects:
                incoming.spare = _second_name(pack)
            return incoming
        except BaseException:
            if pack is not None:
                pack.unlink(missing_ok=True)
            raise
        finally:
            if staged.owned and staged.path not in (pack, kept):
                staged.path.unlink(missing_ok=True)

    def settled(
        self,
        source: Source,
        ingested: Ingested,
        known: Sequence[BlobManifest],
        *,
        reuse: bool,
        flushed: Future[None] | None = None,
    ) -> Incoming:
        """Decide whether cut bytes are those of a blob that is there; else name and flush them.

        Parameters
        ----------
        flushed
            The flush of the pack, where it has begun.
        """
        pack, blob_id = ingested.pack_file, ingested.manifest.blob
        same, there = self._same_bytes(source, ingested) if reuse else (None, None)
        if same is None and pack is not None and flushed is None and self.has_local_objects:
            flushed = in_thread(partial(_flush, pack))
        found = source.inspection()
        if flushed is not None:
            flushed.result()  # a disk tells of a failed flush but once
        if same is not None and there is not None:
            if pack is not None:
                pack.unlink(missing_ok=True)
            known = [*known, there]
            if self._is_learnt_alike(same, there, found):
                return Incoming(same, existing=True)
            # The same bytes, learnt of differently: under another name, as a file, or by a
            # client that lies. Or their names are damaged, and are written again.
            ingested = self._shared(there, blob_id, ingested)
        return self._with_names(_incoming(blob_id, source, ingested, found), known)

    def _known(self, near: Sequence[str]) -> list[BlobManifest]:
        """Read the manifests to share chunks with; what was purged or damaged is not shared."""
        found = []
        for blob in near:
            with contextlib.suppress(NotFound, IntegrityError):
                found.append(self.manifest(blob))
        return found

    def _same_bytes(
        self, source: Source, ingested: Ingested
    ) -> tuple[BlobFacts, BlobManifest] | tuple[None, None]:
        """Find a blob of the same bytes whose packs are sound."""
        with self.db.reading() as connection:
            rows = connection.execute(
                _SAME_BYTES,
                {
                    "hash": ingested.scan.blake3,
                    "bytes": ingested.scan.size,
                    "format": source.data_format,
                },
            ).all()
        for row in rows:
            manifests_there = self._known([row.id])
            if not manifests_there or self._unsound(manifests_there):
                continue
            if self._is_same(manifests_there[0], ingested.manifest):
                return blob_facts(row), manifests_there[0]
        return None, None

    def _is_same(self, there: BlobManifest, found: BlobManifest) -> bool:
        """Say whether a blob with the hash of a file has its bytes.

        The hash of the whole is what the client said that cut the blob; those of the chunks
        were held against the bytes. Were only the former compared, a lie would some day be
        handed out as the data of somebody else.
        """
        if there.params == found.params:
            alike = np.array_equal(there.extents["length"], found.extents["length"])
            return alike and np.array_equal(there.extents["hash"], found.extents["hash"])
        try:
            with BlobReader(self.store, there) as reader:
                reader.verify()
        except IntegrityError:
            return False
        return True

    @staticmethod
    def _shared(there: BlobManifest, blob_id: str, ingested: Ingested) -> Ingested:
        manifest = dataclasses.replace(there, blob=blob_id)
        return dataclasses.replace(
            ingested, manifest=manifest, pack_file=None, pack_key=None, added_bytes=0
        )

    def _with_names(self, incoming: Incoming, known: Sequence[BlobManifest]) -> Incoming:
        """Say where the names are kept: in the manifest, in an object that is there, or a new one.

        What is there is read before it is shared, for the reason of :meth:`_unsound`.
        """
        names = incoming.names
        if names is None or len(names.obs) + len(names.var) <= INLINE:
            return incoming
        data = encode_names(names.obs, names.var)
        new = describe_names(object_key(incoming.facts.id, ".names"), data)
        alike = (m.sidecar for m in known if m.sidecar is not None and m.sidecar.equals(new))
        shared = next((found for found in dict.fromkeys(alike) if self._is_readable(found)), None)
        manifest = dataclasses.replace(incoming.manifest, names=None, sidecar=shared or new)
        assert incoming.ingested is not None
        ingested = dataclasses.replace(incoming.ingested, manifest=manifest)
        return dataclasses.replace(
            incoming, ingested=ingested, sidecar=data if shared is None else None
        )

    def _is_learnt_alike(self, same: BlobFacts, there: BlobManifest, found: Inspection) -> bool:
        """Say whether what is recorded of the same bytes is what was found in them now.

        All of it: a digest that somebody else made up would some day say that a save changes
        nothing which does.
        """
        if (same.summary, same.digest) != (found.summary, found.digest):
            return False
        names = None if found.names is None else (found.names.obs, found.names.var)
        if there.sidecar is None or names is None:
            return there.sidecar is None and there.names == names
        alike = describe_names(there.sidecar.key, encode_names(*names))
        return there.sidecar.equals(alike) and self._is_readable(there.sidecar)

    def _is_readable(self, sidecar: Sidecar) -> bool:
        try:
            self.read_names(sidecar)
        except (IntegrityError, StorageError, AccessDenied):
            return False
        return True

    def _unsound(self, known: Sequence[BlobManifest]) -> set[str]:
        """Give the packs that must not be shared: missing, or not as they were written.

        A new version never depends on damage that is there already. Packs whose mark holds
        are taken at their word; others (of a catalog that was moved) are read once.
        """
        keys = {key for manifest in known for key in manifest.packs}
        if not keys:
            return set()
        if self.has_local_objects:
            marks = self.marks_of(keys)
            return {key for key in keys if not self._is_sound(key, marks.get(key), known)}
        with ThreadPoolExecutor(_LOOKS) as pool:  # each look is a request
            sound = pool.map(lambda key: self._is_there(key, known), keys)
            return {key for key, good in zip(keys, sound, strict=True) if not good}

    def _is_sound(self, key: str, mark: Mark | None, known: Sequence[BlobManifest]) -> bool:
        path = self.store.local_path(key)
        assert path is not None
        if mark is not None and mark.holds(path):
            return True
        hashes = [m.pack_hashes[key] for m in known if key in m.pack_hashes]
        hashes += [m.blake3 for m in known if m.verbatim == key]
        try:
            now = take_mark(path)
            sound = bool(hashes) and hash_file(path) == hashes[0]
        except (OSError, RequestException):
            return False
        if sound:
            self.keep_mark(key, now)
        return sound

    def _is_there(self, key: str, known: Sequence[BlobManifest]) -> bool:
        """Say whether a pack that is no local file is there in its size.

        Its chunks are held against their hashes whenever they are read.
        """
        sizes = {manifest.packs[key] for manifest in known if key in manifest.packs}
        try:
            return sizes == {self.store.size(key)}
        except NotFound:
            return False

    def marks_of(self, keys: Collection[str]) -> dict[str, Mark]:
        """Read the marks that objects had when they were last verified."""
        with self.db.reading() as connection:
            rows = connection.execute(_MARKS, {"keys": list(keys)}).all()
        marks = {row.key: Mark.parse(row.mark) for row in rows if row.mark is not None}
        return {key: mark for key, mark in marks.items() if mark is not None}

    def keep_mark(self, key: str, mark: Mark) -> None:
        """Note that a pack was verified; a catalog that may only be read cannot."""
        with (
            contextlib.suppress(StorageError, AccessDenied),
            self.db.writing(alone=False) as connection,
        ):
            connection.execute(
                t.stored_object.update().where(t.stored_object.c.key == key).values(mark=str(mark))
            )

    def write_durably(
        self, incoming: Incoming | None, record_key: str, records: Sequence[Mapping[str, Any]]
    ) -> list[str]:
        """Write the pack, the names, and the manifest or record object, under pending rows.

        Returns the keys of the objects written.
        """
        items: dict[str, Path | bytes] = {}
        if incoming is not None and not incoming.existing:
            assert incoming.ingested is not None
            if incoming.ingested.pack_file is not None:
                assert incoming.ingested.pack_key is not None
                items[incoming.ingested.pack_key] = incoming.ingested.pack_file
            if incoming.sidecar is not None:
                assert incoming.manifest.sidecar is not None
                items[incoming.manifest.sidecar.key] = incoming.sidecar
            blob_record = incoming.facts.record(incoming.created_at)
            items[record_key] = manifests.encode(
                incoming.ingested.manifest, [blob_record, *records]
            )
        elif records:
            # No bytes of its own: a manifest of nothing, with the records that ride along.
            nothing = BlobManifest("record", 0, manifests.NO_BYTES)
            items[record_key] = manifests.encode(nothing, records)
        return self.write_objects(items)

    def write_objects(
        self, items: Mapping[str, Path | bytes], *, session: str | None = None
    ) -> list[str]:
        """Write objects durably under pending rows of a session; gives their keys."""
        self._register(items, session)
        try:
            self.store.put_many(items)
        except BaseException:
            self.forget(list(items))
            raise
        return list(items)

    def _register(self, items: Mapping[str, Path | bytes], session: str | None = None) -> None:
        sizes = {
            key: len(item) if isinstance(item, bytes) else item.stat().st_size
            for key, item in items.items()
        }
        self.register_objects(sizes, session)

    def register_objects(self, sizes: Mapping[str, int], session: str | None = None) -> None:
        """Write pending rows for objects that are about to be written."""
        if not sizes:
            return
        session, now = session or self.session.id, now_ms()
        with self.db.writing(alone=False) as connection:
            connection.execute(
                t.stored_object.insert(),
                [
                    {
                        "key": key,
                        "kind": object_kind(key),
                        "state": "pending",
                        "size": size,
                        "session": session,
                        "created_at": now,
                    }
                    for key, size in sorted(sizes.items())
                ],
            )

    def forget(self, keys: Sequence[str]) -> None:
        """Undo :meth:`write_durably` after a failure: a refused call leaves nothing behind.

        The rows go first: an object whose row is no longer pending is in use, for instance
        when the commit went through and its answer was lost.
        """
        pending = sa.and_(
            t.stored_object.c.key.in_(list(keys)), t.stored_object.c.state == "pending"
        )
        with contextlib.suppress(Exception):
            with self.db.writing() as connection:
                ours = sa.select(t.stored_object.c.key).where(pending)
                unused = list(connection.execute(ours).scalars())
                # What a collection removes should that of a bucket fail now.
                dead = t.stored_object.update().where(pending)
                connection.execute(dead.values(state="dead", session=None, dead_at=now_ms()))
            for key in unused:
                self.store.delete(key)
            self._forget_dead(unused)

    def _forget_dead(self, keys: Sequence[str]) -> None:
        """Remove the rows of objects that are deleted."""
        o = t.stored_object.c
        with self.db.writing(alone=False) as connection:
            connection.execute(
                t.stored_object.delete().where(o.key.in_(list(keys)), o.state == "dead")
            )

    def make_live(self, connection: sa.Connection, keys: Sequence[str]) -> None:
        """Turn this call's pending objects live, in the transaction that refers to them."""
        for key in keys:
            mark = None
            if object_kind(key) == "pack" and (path := self.store.local_path(key)) is not None:
                mark = str(take_mark(path))
            changed = connection.execute(_MAKE_LIVE, {"which": key, "mark": mark})
            if changed.rowcount != 1:
                raise PackGone(key)

    def register_blob(self, connection: sa.Connection, incoming: Incoming) -> None:
        """Insert the blob's row and its references, or check that an existing one still is."""
        facts = incoming.facts
        if incoming.existing:
            there = connection.execute(
                sa.select(t.blob.c.id).where(t.blob.c.id == facts.id)
            ).one_or_none()
            if there is None:
                raise PackGone(facts.id)
            return
        assert incoming.ingested is not None
        objects = list(incoming.manifest.objects)
        new = {incoming.ingested.pack_key}
        if incoming.sidecar is not None and incoming.manifest.sidecar is not None:
            new.add(incoming.manifest.sidecar.key)
        reused = [key for key in objects if key not in new]
        if reused:
            live = connection.execute(
                sa.select(sa.func.count())
                .select_from(t.stored_object)
                .where(t.stored_object.c.key.in_(reused), t.stored_object.c.state == "live")
            ).scalar_one()
            if live != len(reused):
                raise PackGone(", ".join(reused))
        connection.execute(
            t.blob.insert(),
            {
                "id": facts.id,
                "size": facts.size,
                "blake3": facts.blake3,
                "digest": facts.digest,
                "data_format": facts.data_format,
                "summary": summary_json(facts.summary),
                "manifest": incoming.manifest_key,
                "created_at": incoming.created_at,
            },
        )
        connection.execute(
            t.blob_object.insert(),
            [{"blob_id": facts.id, "key": key} for key in [*objects, incoming.manifest_key]],
        )

    # -- what is known of the bytes

    def near_blobs(self, connection: sa.Connection, dataset_key: int) -> list[str]:
        """Give the blobs of a dataset's last versions, newest first, each once."""
        found = dict.fromkeys(connection.execute(_RECENT, {"dataset": dataset_key}).scalars())
        return list(found)[:_NEAR_VERSIONS]

    def facts(self, connection: sa.Connection, blob: str) -> BlobFacts:
        """Read what is recorded of a blob."""
        row = connection.execute(_BLOB, {"blob": blob}).one_or_none()
        if row is None:
            raise NotFound(f"There is no data object '{blob}'.", "Its version may be purged.")
        return blob_facts(row)

    def manifest(self, blob: str, *, fresh: bool = False) -> BlobManifest:
        """Give the manifest of a blob; ``fresh`` reads it again (after a repack)."""
        with self._manifests_guard:
            kept_key, kept = self._manifests.get(blob, ("", None)) if not fresh else ("", None)
            if kept is not None:
                self._manifests.move_to_end(blob)
                if self.has_local_objects:  # a reader finds at once what has gone
                    return kept
        with self.db.reading() as connection:
            key = connection.execute(_MANIFEST, {"blob": blob}).scalar_one_or_none()
        if key is None:
            raise NotFound(f"There is no data object '{blob}'.", "Its version may be purged.")
        if kept is not None and kept_key == key:
            return kept
        found, _records = self.read_manifest(key)
        with self._manifests_guard:
            self._manifests[blob] = (key, found)
            while len(self._manifests) > _KEPT_MANIFESTS:
                self._manifests.popitem(last=False)
        return found

    def read_manifest(self, key: str) -> tuple[BlobManifest, list[dict[str, Any]]]:
        """Read and check a manifest object."""
        try:
            data = self.store.read_bytes(key)
        except NotFound as error:
            raise IntegrityError(
                f"The manifest '{key}' is missing from the store.",
                "Restore the catalog's folder from a backup; `omicshelf verify` lists all damage.",
            ) from error
        return manifests.decode(data, key)

    def summary(self, blob: str) -> Summary:
        """Give the summary of a blob: a database row, no data file is opened."""
        with self.db.reading() as connection:
            return self.facts(connection, blob).summary

    def names(self, blob: str) -> Names | None:
        """Give the names sidecar of a blob.

        Raises
        ------
        omicshelf.errors.IntegrityError
            Its bytes are damaged or missing.
        """
        found = self.manifest(blob)
        if found.sidecar is None:
            return None if found.names is None else Names(*found.names)
        try:
            return self.read_names(found.sidecar)
        except IntegrityError:
            self.manifest(blob, fresh=True)  # raises NotFound for what was purged meanwhile
            raise

    def read_names(self, sidecar: Sidecar) -> Names:
        """Read and check a names object."""
        try:
            data = self.store.read_bytes(sidecar.key)
        except NotFound as error:
            raise IntegrityError(
                f"The names in '{sidecar.key}' are missing from the store.",
                "Only differences between versions need them; the data can be loaded as before. "
                "Restore the catalog's folder from a backup; `omicshelf verify` lists all damage.",
            ) from error
        return Names(*decode_names(data, sidecar))


def _second_name(path: Path) -> Path | None:
    """Give a file another name, under which it stays when the first is gone; None if it cannot."""
    second = path.with_name(f"{new_id()}{''.join(path.suffixes)}")
    try:
        os.link(path, second)
    except OSError:
        return None
    return second


def _flush(path: Path) -> None:
    # Opened for writing: some systems flush nothing else.
    with storage_errors(f"write {path}"), path.open("rb+") as file:
        sync_descriptor(file.fileno())


def summary_json(summary: Summary) -> dict[str, Any]:
    """Give a summary as JSON values: an infinite minimum, which JSON has not, is null."""
    found: dict[str, Any] = json.loads(summary.model_dump_json(exclude_defaults=True))
    return found


def object_kind(key: str) -> str:
    """Tell the kind of a stored object from its key."""
    if key.endswith(".manifest"):
        return "manifest"
    if key.endswith(".names"):
        return "names"
    return "record" if key.endswith(".record") else "pack"


def blob_facts(row: sa.Row[Any]) -> BlobFacts:
    """Make facts of a row of ``blob``."""
    summary = Summary.model_validate(row.summary or {})
    return BlobFacts(row.id, row.size, row.blake3, row.digest, row.data_format, summary)


def _incoming(blob_id: str, source: Source, ingested: Ingested, found: Inspection) -> Incoming:
    names = None if found.names is None else (found.names.obs, found.names.var)
    manifest = dataclasses.replace(
        ingested.manifest, digest=found.digest, names=names, sidecar=None
    )
    return Incoming(
        BlobFacts(
            blob_id,
            ingested.scan.size,
            ingested.scan.blake3,
            found.digest,
            source.data_format,
            found.summary,
        ),
        existing=False,
        names=found.names,
        ingested=dataclasses.replace(ingested, manifest=manifest),
        manifest_key=object_key(blob_id, ".manifest"),
        created_at=now_ms(),
    )
