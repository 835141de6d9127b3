"""Keeping house: garbage collection, repacking, and verification."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa
from blake3 import blake3

from omicshelf.backend.base import GcReport, VerifyReport
from omicshelf.backend.clock import now_ms
from omicshelf.backend.embedded import schema as t
from omicshelf.backend.embedded.core import batches, new_id
from omicshelf.backend.embedded.purging import Purging
from omicshelf.backend.store import manifest as manifests
from omicshelf.backend.store.fetching import fetches
from omicshelf.backend.store.leases import try_exclusive
from omicshelf.backend.store.manifest import EXTENT, BlobManifest, object_key
from omicshelf.backend.store.reader import BlobReader
from omicshelf.backend.store.sidecar import Sidecar
from omicshelf.errors import (
    AccessDenied,
    IntegrityError,
    Invalid,
    NotFound,
    RequestException,
    StorageError,
)

__all__ = ["DEFAULT_GRACE", "Keeping"]

DEFAULT_GRACE = 24 * 3600.0  # seconds
_AGES = 1e10  # seconds, longer than anybody waits


class Keeping(Purging):
    """The part of the embedded backend that collects garbage and verifies."""

    # -- garbage collection: never a version, only what nothing refers to

    def gc(self, *, dry_run: bool = False, grace: float | None = None) -> GcReport:
        """Free the bytes that nothing refers to, ``grace`` seconds after they became so."""
        grace = DEFAULT_GRACE if grace is None else _checked_grace(grace)
        with self.db.reading() as connection:
            dead = self._dead_sessions(connection)
            orphans = self._orphan_blobs(connection)
        if dry_run:
            return self._forecast(dead, orphans)
        repacked = self._repack_half_dead()
        self._mark_dead(dead, orphans)
        deleted, freed, in_use = self.delete_dead(before=now_ms() - int(grace * 1000))
        temporary = self.bury_dead_sessions()
        with self.db.reading() as connection:
            left, left_bytes = self._count_dead(connection)
        return GcReport(left, left_bytes, deleted, freed, repacked, temporary, in_use)

    def _dead_sessions(self, connection: sa.Connection) -> list[str]:
        ids = connection.execute(sa.select(t.session.c.id)).scalars().all()
        return [key for key in ids if not self.session.is_alive(key)]

    def _orphan_blobs(self, connection: sa.Connection) -> list[str]:
        """Blobs that no version and no file refers to: a purge that was killed left them."""
        b = t.blob.c
        refers = sa.or_(
            sa.exists().where(t.version.c.blob_id == b.id),
            sa.exists().where(t.file.c.blob_id == b.id),
        )
        return list(connection.execute(sa.select(b.id).where(~refers)).scalars())

    def _forecast(self, dead: list[str], orphans: list[str]) -> GcReport:
        with self.db.reading() as connection:
            count, size = self._count_dead(connection)
            o = t.stored_object.c
            pending = connection.execute(
                sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(o.size), 0)).where(
                    o.state == "pending", o.session.in_(dead)
                )
            ).one()
            keys: set[str] = set()
            for batch in batches(orphans, 500):
                used = sa.select(t.blob_object.c.key).where(t.blob_object.c.blob_id.in_(batch))
                keys |= set(connection.execute(used).scalars())
            for batch in batches(sorted(keys), 500):
                shared = (
                    sa.select(t.blob_object.c.key)
                    .where(t.blob_object.c.key.in_(batch))
                    .where(t.blob_object.c.blob_id.not_in(orphans[:20_000]))
                )
                keys -= set(connection.execute(shared).scalars())
            for batch in batches(sorted(keys), 500):
                found = connection.execute(
                    sa.select(sa.func.count(), sa.func.sum(o.size)).where(o.key.in_(batch))
                ).one()
                count, size = count + found[0], size + (found[1] or 0)
        return GcReport(count + pending[0], size + pending[1], dry_run=True)

    def _count_dead(self, connection: sa.Connection) -> tuple[int, int]:
        o = t.stored_object.c
        found = connection.execute(
            sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(o.size), 0)).where(
                o.state == "dead"
            )
        ).one()
        return int(found[0]), int(found[1])

    def _mark_dead(self, dead: list[str], orphans: list[str]) -> None:
        """One transaction: pending objects of dead sessions, orphan blobs, unreferenced objects."""
        o, now = t.stored_object.c, now_ms()
        with self.db.writing() as connection:
            for batch in batches(dead, 500):
                connection.execute(
                    t.stored_object.update()
                    .where(o.state == "pending", o.session.in_(batch))
                    .values(state="dead", dead_at=now)
                )
            # A row of a session is there before what it writes: without one, it was removed.
            known = sa.select(t.session.c.id)
            connection.execute(
                t.stored_object.update()
                .where(o.state == "pending", o.session.not_in(known))
                .values(state="dead", dead_at=now)
            )
            for batch in batches(orphans, 500):
                unused = set(batch) - self._used(connection, set(batch))
                connection.execute(
                    t.blob_object.delete().where(t.blob_object.c.blob_id.in_(unused))
                )
                connection.execute(t.blob.delete().where(t.blob.c.id.in_(unused)))
            refers = sa.or_(
                sa.exists().where(t.blob_object.c.key == o.key),
                sa.exists().where(t.version.c.record == o.key),
            )
            connection.execute(
                t.stored_object.update()
                .where(o.state == "live", ~refers)
                .values(state="dead", dead_at=now)
            )

    def delete_dead(
        self, *, only: set[str] | None = None, before: int | None = None
    ) -> tuple[int, int, int]:
        """Delete dead objects that no one reads; gives objects, bytes, and how many are in use."""
        o = t.stored_object.c
        query = sa.select(o.key, o.size).where(o.state == "dead")
        if before is not None:
            query = query.where(o.dead_at <= before)
        with self.db.reading() as connection:
            rows = [row for row in connection.execute(query) if only is None or row.key in only]
        done: list[str] = []
        freed = in_use = 0
        for row in rows:
            if not self._delete_object(row.key):
                in_use += 1
                continue
            done.append(row.key)
            freed += row.size
        for batch in batches(done, 500):
            with self.db.writing() as connection:
                connection.execute(
                    t.stored_object.delete().where(o.key.in_(batch), o.state == "dead")
                )
        return len(done), freed, in_use

    def _delete_object(self, key: str) -> bool:
        path = self.store.local_path(key)
        if path is None:
            self.store.delete(key)  # readers are protected by the grace, not by leases
            return True
        if not path.exists():
            return True
        free = try_exclusive(path)
        if free is None:
            return False
        with free:
            self.store.delete(key)
        return True

    def bury_dead_sessions(self) -> int:
        """Complete the log of dead sessions, and remove what they left; gives the bytes."""
        with self.db.reading() as connection:
            dead = self._dead_sessions(connection)
        return sum(self._bury(session) for session in {*dead, *self.session.leftovers()})

    def complete_log(self, session: str) -> None:
        """Append what a killed session committed but did not log any more."""
        raise NotImplementedError

    def _bury(self, session: str) -> int:
        self.complete_log(session)
        with self.db.writing() as connection:
            pending = connection.execute(
                sa.select(sa.func.count())
                .select_from(t.stored_object)
                .where(t.stored_object.c.session == session, t.stored_object.c.state == "pending")
            ).scalar_one()
            if not pending:
                connection.execute(t.session.delete().where(t.session.c.id == session))
        return self.session.bury(session)

    # -- repacking

    def _repack_half_dead(self) -> int:
        """Write anew what is alive of packs that are less than half alive."""
        count = 0
        for key, blobs in self._shared_packs().items():
            with contextlib.suppress(NotFound, IntegrityError, StorageError):
                count += self._repack(key, blobs)
        return count

    def _shared_packs(self) -> Mapping[str, list[str]]:
        """Packs whose first owner is gone, with the blobs that still use a part of them."""
        used: dict[str, list[str]] = defaultdict(list)
        with self.db.reading() as connection:
            rows = connection.execute(
                sa.select(t.blob_object.c.key, t.blob_object.c.blob_id)
                .join(t.stored_object, t.stored_object.c.key == t.blob_object.c.key)
                .where(t.stored_object.c.kind == "pack", t.stored_object.c.state == "live")
            ).all()
            there = set(connection.execute(sa.select(t.blob.c.id)).scalars())
        for row in rows:
            used[row.key].append(row.blob_id)
        # A pack is named after the blob that wrote it and is wholly alive as long as that is.
        return {
            key: blobs for key, blobs in used.items() if Path(key).name.split(".")[0] not in there
        }

    def _repack(self, key: str, blobs: Iterable[str]) -> int:
        found = {blob: self.manifest(blob, fresh=True) for blob in blobs}
        alive: dict[int, int] = {}
        size = 0
        for manifest in found.values():
            index = list(manifest.packs).index(key)
            size = manifest.packs[key]
            mine = manifest.extents[manifest.extents["pack"] == index]
            alive |= dict(zip(mine["offset"].tolist(), mine["stored"].tolist(), strict=True))
        if 2 * sum(alive.values()) >= size:
            return 0
        pack_id = new_id()
        new = object_key(pack_id, ".delta")
        moved: dict[int, int] = {}
        staged = self.staging() / f"{pack_id}.delta"
        try:
            at, whole = 0, blake3()
            with staged.open("xb") as out:
                for offset, chunk in self._chunks_of(key, alive):
                    out.write(chunk)
                    whole.update(chunk)
                    moved[offset] = at
                    at += len(chunk)
            self._install_repack(key, new, staged, found, moved, (at, whole.hexdigest()))
        finally:
            staged.unlink(missing_ok=True)
        return 1

    def _chunks_of(self, key: str, alive: Mapping[int, int]) -> Iterator[tuple[int, bytes]]:
        """Read pieces of a pack in order, in few requests: where each begins, and its bytes."""
        places = np.zeros(len(alive), EXTENT)
        places["offset"] = sorted(alive)
        places["stored"] = [alive[offset] for offset in sorted(alive)]
        for fetch in fetches(places, 0, len(places)):
            data = self.store.read_bytes(key, fetch.start, fetch.stop - fetch.start)
            for _i, at, size in fetch.chunks:
                chunk = data[at : at + size]
                if len(chunk) != size:
                    raise IntegrityError(f"The pack '{key}' is shorter than it was written.")
                yield fetch.start + at, chunk

    def _install_repack(
        self,
        old: str,
        new: str,
        staged: Path,
        found: Mapping[str, BlobManifest],
        moved: Mapping[int, int],
        facts: tuple[int, str],
    ) -> None:
        items: dict[str, Path | bytes] = {new: staged}
        replaced: dict[str, tuple[str, str]] = {}
        for blob, manifest in found.items():
            with self.db.reading() as connection:
                was = connection.execute(
                    sa.select(t.blob.c.manifest).where(t.blob.c.id == blob)
                ).scalar_one_or_none()
            if was is None:
                return
            _manifest, records = self.read_manifest(was)
            now = object_key(f"{blob}-{new_id()[:8]}", ".manifest")
            changed = moved_manifest(manifest, old, new, moved, *facts)
            with BlobReader(_Staged(self.store, new, staged), changed) as reader:
                reader.verify()
            items[now] = manifests.encode(changed, records)
            replaced[blob] = (was, now)
        self._register(items)
        try:
            self.store.put_many(items)
            with self.db.writing() as connection:
                self.make_live(connection, list(items))
                self._turn_references(connection, old, new, replaced)
        except BaseException:
            self.forget(list(items))
            raise

    def _turn_references(
        self,
        connection: sa.Connection,
        old: str,
        new: str,
        replaced: Mapping[str, tuple[str, str]],
    ) -> None:
        users = set(
            connection.execute(
                sa.select(t.blob_object.c.blob_id).where(t.blob_object.c.key == old)
            ).scalars()
        )
        if users != set(replaced):
            raise IntegrityError("The pack came into use again while it was repacked.")
        r = t.blob_object.c
        for blob, (was, now) in replaced.items():
            changed = connection.execute(
                t.blob.update()
                .where(t.blob.c.id == blob, t.blob.c.manifest == was)
                .values(manifest=now)
            )
            if changed.rowcount != 1:
                raise IntegrityError("A manifest changed while its pack was repacked.")
            connection.execute(
                t.version.update().where(t.version.c.record == was).values(record=now)
            )
            connection.execute(
                t.blob_object.delete().where(r.blob_id == blob, r.key.in_([old, was]))
            )
            connection.execute(
                t.blob_object.insert(),
                [{"blob_id": blob, "key": new}, {"blob_id": blob, "key": now}],
            )

    # -- verification

    def verify(self, atlas: str | None = None, dataset_id: str | None = None) -> VerifyReport:
        """Read every byte back and compare its hash; names each damaged object and its users."""
        versions, files, problems = 0, 0, []
        users: dict[str, list[str]] = defaultdict(list)
        with self.db.reading() as connection:
            if atlas is not None and dataset_id is not None:
                self._dataset_ever(connection, atlas, dataset_id)
            for row in connection.execute(self._verified_versions(atlas, dataset_id)):
                users[row.blob_id].append(f"{row.atlas}/{row.dataset_id} v{row.seq}")
                versions += 1
            for row in connection.execute(self._verified_files(atlas, dataset_id)):
                users[row.blob_id].append(f"{row.atlas}/{row.dataset_id}, file '{row.name}'")
                files += 1
            problems += self._unreadable_records(connection, atlas, dataset_id)
        checked = 0
        sidecars: dict[Sidecar, list[str]] = defaultdict(list)
        for blob, who in users.items():
            try:
                checked += self._verify_blob(blob)
            except (IntegrityError, NotFound, StorageError, AccessDenied) as error:
                with self.db.reading() as connection:
                    if not self._used(connection, {blob}):
                        continue  # purged while it was read
                problems.append(f"{error.title} It is the data of {', '.join(who[:10])}.")
            with contextlib.suppress(RequestException):  # told of already
                if (sidecar := self.manifest(blob).sidecar) is not None:
                    sidecars[sidecar].append(blob)
        problems += self._damaged_names(sidecars, users)
        return VerifyReport(versions, files, checked, problems)

    def _damaged_names(
        self, sidecars: Mapping[Sidecar, list[str]], users: Mapping[str, list[str]]
    ) -> list[str]:
        """Check the names that lie in objects of their own, each once for all its blobs."""
        problems = []
        for sidecar, blobs in sidecars.items():
            try:
                self.read_names(sidecar)
            except (IntegrityError, StorageError, AccessDenied) as error:
                left: set[str] = set()  # others were purged meanwhile
                with self.db.reading() as connection:
                    for batch in batches(blobs, 500):
                        left |= self._used(connection, set(batch))
                who = [name for blob in blobs if blob in left for name in users[blob]]
                if who:
                    problems.append(f"{error.title} It has the names of {', '.join(who[:10])}.")
        return problems

    def _verify_blob(self, blob: str) -> int:
        def verify(manifest: BlobManifest) -> int:
            with self.packs_of(manifest), BlobReader(self.store, manifest) as reader:
                reader.verify()
            return manifest.size

        self.manifest(blob, fresh=True)
        return self._reading(blob, verify)

    def _verified_versions(self, atlas: str | None, dataset_id: str | None) -> sa.Select[Any]:
        query = (
            sa.select(
                t.version.c.blob_id,
                t.version.c.seq,
                t.dataset.c.dataset_id,
                t.atlas.c.name.label("atlas"),
            )
            .join(t.dataset, t.dataset.c.id == t.version.c.dataset_id)
            .join(t.atlas, t.atlas.c.id == t.dataset.c.atlas_id)
        )
        return _limited(query, atlas, dataset_id)

    def _verified_files(self, atlas: str | None, dataset_id: str | None) -> sa.Select[Any]:
        query = (
            sa.select(
                t.file.c.blob_id,
                t.file.c.name,
                t.dataset.c.dataset_id,
                t.atlas.c.name.label("atlas"),
            )
            .join(t.dataset, t.dataset.c.id == t.file.c.dataset_id)
            .join(t.atlas, t.atlas.c.id == t.dataset.c.atlas_id)
        )
        return _limited(query, atlas, dataset_id)

    def _unreadable_records(
        self, connection: sa.Connection, atlas: str | None, dataset_id: str | None
    ) -> list[str]:
        """Check the objects that carry records beside the manifests that the blobs lead to."""
        query = _limited(
            sa.select(
                t.version.c.record,
                t.version.c.seq,
                t.dataset.c.dataset_id,
                t.atlas.c.name.label("atlas"),
            )
            .join(t.dataset, t.dataset.c.id == t.version.c.dataset_id)
            .join(t.atlas, t.atlas.c.id == t.dataset.c.atlas_id)
            .where(t.version.c.record.like("%.record")),
            atlas,
            dataset_id,
        )
        users: dict[str, list[str]] = defaultdict(list)
        for row in connection.execute(query):
            users[row.record].append(f"{row.atlas}/{row.dataset_id} v{row.seq}")
        problems = []
        for key, who in users.items():
            try:
                self.read_manifest(key)
            except (IntegrityError, StorageError, AccessDenied) as error:
                with self.db.reading() as now:
                    still = sa.select(t.version.c.id).where(t.version.c.record == key).limit(1)
                    if now.execute(still).one_or_none() is None:
                        continue  # purged, or written anew, while it was read
                problems.append(f"{error.title} It is the record of {', '.join(who[:10])}.")
        return problems


class _Staged:
    """A store in which one object is still a staged file."""

    def __init__(self, store: Any, key: str, path: Path) -> None:
        self._store = store
        self._key = key
        self._path = path

    def local_path(self, key: str) -> Path | None:
        found: Path | None = self._path if key == self._key else self._store.local_path(key)
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def _checked_grace(grace: float) -> float:
    if isinstance(grace, bool) or not isinstance(grace, int | float) or not 0 <= grace < _AGES:
        raise Invalid(
            f"grace={grace!r} is no time.",
            "Pass the seconds that bytes are kept after nothing refers to them: 0 or more.",
        )
    return grace


def moved_manifest(
    manifest: BlobManifest, old: str, new: str, moved: Mapping[int, int], size: int, pack_hash: str
) -> BlobManifest:
    """Give a manifest whose chunks in pack ``old`` are found in pack ``new`` instead."""
    import dataclasses

    keys = list(manifest.packs)
    index = keys.index(old)
    extents = manifest.extents.copy()
    mine = np.flatnonzero(extents["pack"] == index)
    extents["offset"][mine] = [moved[int(offset)] for offset in extents["offset"][mine]]
    packs = {(new if key == old else key): (size if key == old else n)
             for key, n in manifest.packs.items()}  # fmt: skip
    hashes = {key: value for key, value in manifest.pack_hashes.items() if key != old}
    return dataclasses.replace(
        manifest, packs=packs, extents=extents, pack_hashes={**hashes, new: pack_hash}
    )


def _limited(query: sa.Select[Any], atlas: str | None, dataset_id: str | None) -> sa.Select[Any]:
    if atlas is not None:
        query = query.where(t.atlas.c.name == atlas)
    if dataset_id is not None:
        query = query.where(t.dataset.c.dataset_id == dataset_id)
    return query
