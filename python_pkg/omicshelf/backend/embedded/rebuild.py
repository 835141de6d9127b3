"""Rebuild: the catalog database made anew from the store alone."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from omicshelf.backend.clock import now_ms
from omicshelf.backend.embedded import schema as t
from omicshelf.backend.embedded.backend import DATABASE
from omicshelf.backend.embedded.belonging import MARKER, join, marker_of, new_marker
from omicshelf.backend.embedded.blobs import object_kind
from omicshelf.backend.embedded.bucketlog import LOG
from omicshelf.backend.embedded.core import batches
from omicshelf.backend.embedded.database import Database
from omicshelf.backend.embedded.replay import Replay
from omicshelf.backend.embedded.restore import FoundBlob, Restorer
from omicshelf.backend.embedded.segment import decode_segment
from omicshelf.backend.store import manifest as manifests
from omicshelf.backend.store.leases import try_exclusive
from omicshelf.backend.store.objectstore import LocalDirectory, ObjectInfo, ObjectStore
from omicshelf.errors import IntegrityError, Invalid, NotFound, RepositoryLocked, StorageError

__all__ = ["RebuildReport", "rebuild", "rebuild_database"]

_READERS = 16  # objects that are read at the same time, where each is a request


@dataclass(frozen=True)
class RebuildReport:
    """What was recovered.

    Attributes
    ----------
    last_seq
        The last sequence number of the change log that was recovered: what came after it, and
        is no version, is not there.
    n_datasets, n_versions, n_files
        Live datasets, all versions, all current files.
    recovered
        Versions whose line in the log was lost, and that were taken in after it.
    missing
        What the log knows and the store no longer has.
    damaged
        Objects that cannot be read.
    kept_database
        Where the old database was put, if there was one.
    """

    last_seq: int
    n_datasets: int
    n_versions: int
    n_files: int
    recovered: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    kept_database: str | None = None

    @property
    def ok(self) -> bool:
        """Whether nothing is missing or damaged."""
        return not self.missing and not self.damaged


@dataclass
class _Found:
    """What the objects of a store hold."""

    blobs: dict[str, FoundBlob] = field(default_factory=dict)
    records: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    record_keys: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    damaged: list[str] = field(default_factory=list)


def rebuild(folder: str | Path) -> RebuildReport:
    """Make the catalog database of a folder anew, from its store.

    The database that is there is kept beside, under another name. No process may have the
    catalog open for writing.

    Raises
    ------
    omicshelf.errors.Invalid
        If the folder is no catalog.
    omicshelf.errors.RepositoryLocked
        If another process writes to it.
    """
    root = Path(folder).expanduser().absolute()
    if not (root / MARKER).exists() and not (root / "objects").is_dir():
        raise Invalid(f"'{root}' is not an omicshelf catalog.", "Pass the folder of a catalog.")
    _refuse_while_written(root)
    recovered = _recovered(LocalDirectory(root, "rebuild"))
    new = root / f".{DATABASE}.rebuilding"
    _unlink_database(new)
    db = Database(f"sqlite:///{new}")
    try:
        db.upgrade()
        with db.writing() as connection:
            _insert(connection, recovered)
        with db.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    except BaseException:
        db.close()
        _unlink_database(new)
        raise
    db.close()
    kept = _swap(root, new)
    (root / MARKER).touch()
    return _report(recovered, kept)


def rebuild_database(
    database_url: str,
    *,
    storage_url: str | None = None,
    folder: str | Path | None = None,
) -> RebuildReport:
    """Make the database of a team's catalog anew, from its store; into an empty database.

    Stop all servers of the catalog before: what they write meanwhile would not be in it.

    Parameters
    ----------
    database_url
        An SQLAlchemy URL of an empty database.
    storage_url
        The bucket of the catalog.
    folder
        Its folder, where its bytes are in one.

    Raises
    ------
    omicshelf.errors.Invalid
        The database is not empty, or the store is no catalog.
    """
    if (storage_url is None) == (folder is None):
        raise Invalid("Which store?", "Pass either storage_url or folder.")
    with tempfile.TemporaryDirectory(prefix="omicshelf-rebuild-") as temporary:
        if storage_url is None:
            store: ObjectStore = LocalDirectory(Path(folder or "").expanduser(), "rebuild")
            where = os.fspath(folder or "")
        else:
            from omicshelf.backend.store.s3 import ObstoreS3
            from omicshelf.backend.store.s3location import S3Location

            bucket = S3Location.parse(storage_url)
            store, where = ObstoreS3(bucket, Path(temporary)), str(bucket)
        return _rebuild_into(Database(database_url), store, where)


def _rebuild_into(db: Database, store: ObjectStore, where: str) -> RebuildReport:
    marker = marker_of(store, where)
    if marker is None and next(store.list("objects/"), None) is None:
        raise Invalid(f"{where} is not an omicshelf catalog.", "Pass the store of a catalog.")
    try:
        db.upgrade()
        with db.reading() as connection:
            _refuse_used(connection)
        recovered = _recovered(store)
        with db.writing() as connection:
            _refuse_used(connection)
            if marker is None:
                store.put_bytes(MARKER, new_marker())
                marker = marker_of(store, where)
            assert marker is not None
            _insert(connection, recovered)
            join(connection, marker)
    finally:
        db.close()
    return _report(recovered, None)


def _refuse_used(connection: sa.Connection) -> None:
    for table in (t.change, t.stored_object, t.setting):
        if connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first():
            raise Invalid(
                "The database has a catalog in it already.",
                "Make an empty one: nothing is ever removed here. (`createdb`, then pass its URL.)",
            )


@dataclass
class _Recovered:
    """What a store tells of its catalog."""

    found: _Found
    replay: Replay
    lines: Sequence[Mapping[str, Any]]
    sessions: Mapping[int, str]
    versions: list[str]
    missing: list[str]


def _recovered(store: ObjectStore) -> _Recovered:
    found = _read_objects(store)
    lines, sessions, broken = _read_log(store)
    gaps = _gaps(lines)
    lost = _lost_versions(lines, gaps, found)
    replay = Replay(found.records).run(lines, lost)
    missing = [f"line {seq} of the change log" for seq in gaps if seq not in lost]
    missing += broken + replay.missing
    replay.drop_missing()
    versions = [_named(line) for line in replay.lines if line["details"].get("recovered")]
    versions += _recover(replay, found)
    _drop_without_blob(replay, found, missing)
    return _Recovered(found, replay, lines, sessions, versions, missing)


def _report(recovered: _Recovered, kept: Path | None) -> RebuildReport:
    states = recovered.replay.datasets.values()
    live = [s for s in states if s.current is not None and not s.deleted]
    return RebuildReport(
        last_seq=max((int(line["seq"]) for line in recovered.lines), default=0),
        n_datasets=len(live),
        n_versions=sum(len(s.versions) for s in states),
        n_files=sum(len(s.current_files()) for s in live),
        recovered=recovered.versions,
        missing=recovered.missing,
        damaged=recovered.found.damaged,
        kept_database=None if kept is None else str(kept),
    )


def _refuse_while_written(root: Path) -> None:
    for lock in sorted((root / "sessions").glob("*.lock")):
        free = try_exclusive(lock)
        if free is None and lock.exists():
            raise RepositoryLocked(
                f"The catalog '{root}' is open for writing in another process.",
                "Close the notebooks and programs that use it, then rebuild again.",
            )
        if free is not None:
            free.close()


def _read_all(
    store: ObjectStore, objects: Iterable[ObjectInfo]
) -> Iterator[tuple[ObjectInfo, Any]]:
    """Read objects in order; gives the bytes of each, or the error that it cannot be read."""

    def read(info: ObjectInfo) -> bytes | Exception:
        try:
            return store.read_bytes(info.key)
        except (IntegrityError, StorageError, NotFound) as error:
            return error

    with ThreadPoolExecutor(_READERS) as pool:
        for batch in batches(list(objects), 1000):
            yield from zip(batch, pool.map(read, batch), strict=True)


def _read_objects(store: ObjectStore) -> _Found:
    """Read every manifest and record; of several that tell of one blob, the newest counts."""
    found = _Found()
    objects = sorted(store.list("objects/"), key=lambda info: info.mtime_ms)
    found.sizes = {info.key: info.size for info in objects}
    tell = [info for info in objects if object_kind(info.key) in ("manifest", "record")]
    for info, data in _read_all(store, tell):
        try:
            if isinstance(data, Exception):
                raise data
            manifest, records = manifests.decode(data, info.key)
        except (IntegrityError, StorageError, NotFound) as error:
            found.damaged.append(error.title)
            continue
        if any(key not in found.sizes for key in manifest.packs):
            if not any(r["kind"] == "blob" and r["id"] in found.blobs for r in records):
                found.damaged.append(f"A pack of '{info.key}' is missing from the store.")
            continue
        lost_names = any(key not in found.sizes for key in manifest.objects)
        for record in records:
            if record["kind"] == "blob":
                found.blobs[record["id"]] = FoundBlob(
                    info.key, info.size, manifest, record, lost_names
                )
            elif record["kind"] == "version":
                found.records[record["version_id"]] = record
                found.record_keys[record["version_id"]] = info.key
    return found


def _read_log(store: ObjectStore) -> tuple[list[Mapping[str, Any]], dict[int, str], list[str]]:
    """Read all segments: the lines, whose they are, and which segments end in a damaged one."""
    lines: list[Mapping[str, Any]] = []
    sessions: dict[int, str] = {}
    broken = []
    segments = [info for info in store.list(LOG) if info.key.endswith(".jsonl")]
    for info, data in _read_all(store, segments):
        if isinstance(data, Exception):
            raise data
        line: Mapping[str, Any] | None = {}
        for line in decode_segment(data):
            if line is not None:
                lines.append(line)
                # In a bucket a session has several segments, and each has a number.
                sessions[int(line["seq"])] = Path(info.key).stem.partition("-")[0]
        if line is None:
            # One before it would leave a gap in the numbers; the last one need not.
            broken.append(f"the last line of '{info.key}', which is damaged")
    return lines, sessions, broken


def _gaps(lines: Sequence[Mapping[str, Any]]) -> list[int]:
    """Give the numbers of lines that are lost: every number up to the last was given once."""
    there = {int(line["seq"]) for line in lines}
    return sorted(set(range(1, max(there, default=0))) - there)


def _lost_versions(
    lines: Sequence[Mapping[str, Any]], gaps: Sequence[int], found: _Found
) -> dict[int, Mapping[str, Any]]:
    """Find the versions whose lines are lost, by the time at which they were written.

    Each belongs into the first gap that was written about after it was.
    """
    if not gaps:
        return {}
    by_seq = sorted(lines, key=lambda line: int(line["seq"]))
    told = {line["version_id"] for line in lines}
    unknown = [record for uuid, record in found.records.items() if uuid not in told]
    lost: dict[int, Mapping[str, Any]] = {}
    for record in sorted(unknown, key=lambda record: int(record["created_at"])):
        for gap in gaps:
            after = next(line for line in by_seq if int(line["seq"]) > gap)
            if gap not in lost and record["created_at"] <= after["time"]:
                lost[gap] = record
                break
    return lost


def _named(line: Mapping[str, Any]) -> str:
    return f"{line['atlas']}/{line['dataset_id']} v{line['details']['seq']}"


def _recover(replay: Replay, found: _Found) -> list[str]:
    """Take in the versions that were written after the last line of the log."""
    last_time = replay.lines[-1]["time"] if replay.lines else 0
    late = [
        record
        for uuid, record in found.records.items()
        if not replay.knows(uuid) and record["created_at"] >= last_time
    ]
    told = []
    for record in sorted(late, key=lambda record: record["created_at"]):
        told.append(_named(replay.adopt(record, replay.last_seq + 1)))
    return told


def _drop_without_blob(replay: Replay, found: _Found, missing: list[str]) -> None:
    """Leave out versions and files whose bytes are gone, and say so."""
    for state in replay.datasets.values():
        for uuid, (seq, _incarnation) in list(state.versions.items()):
            if found.records[uuid]["blob"] not in found.blobs:
                missing.append(f"the data of {state.atlas}/{state.dataset_id} v{seq}")
                found.records.pop(uuid)
        for file in list(state.files):
            if file.blob not in found.blobs:
                missing.append(f"the file '{file.name}' of {state.atlas}/{state.dataset_id}")
                state.files.remove(file)
    replay.drop_missing()


def _insert(connection: sa.Connection, recovered: _Recovered) -> None:
    found, replay, sessions = recovered.found, recovered.replay, recovered.sessions
    restorer = Restorer(connection, found.records, found.record_keys, found.blobs)
    used = restorer.used_blobs(replay)
    live = {key for uuid in _versions(replay) for key in [found.record_keys[uuid]]}
    for blob in used:
        live |= set(found.blobs[blob].objects)
    found.damaged += _lost_names(found, used)
    restorer.insert_objects({k: n for k, n in found.sizes.items() if k in live})
    # What nothing refers to is left for garbage collection, after its grace.
    dead = {k: n for k, n in found.sizes.items() if k not in live}
    restorer.insert_objects(dead, state="dead")
    restorer.insert_blobs(sorted(used, key=lambda b: found.blobs[b].record["created_at"]))
    restorer.insert_datasets(replay)
    for line in replay.lines:
        restorer.insert_changes([line], sessions.get(int(line["seq"])))


def _lost_names(found: _Found, used: Iterable[str]) -> list[str]:
    """Tell of the names that are missing or cut; what else is wrong with them, `verify` finds."""
    lost = set()
    for blob in used:
        sidecar = found.blobs[blob].manifest.sidecar
        if sidecar is not None and found.sizes.get(sidecar.key) != sidecar.size:
            lost.add(sidecar.key)
    return [
        f"The names in '{key}' are missing or cut: differences cannot be told by them."
        for key in sorted(lost)
    ]


def _versions(replay: Replay) -> Iterator[str]:
    for state in replay.datasets.values():
        yield from state.versions


def _swap(root: Path, new: Path) -> Path | None:
    database = root / DATABASE
    kept = None
    if database.exists():
        kept = root / f"{DATABASE}.before-{now_ms()}"
        for suffix in ("-wal", "-shm", ""):
            old = Path(f"{database}{suffix}")
            if old.exists():
                old.rename(Path(f"{kept}{suffix}"))
    for suffix in ("-wal", "-shm"):
        Path(f"{new}{suffix}").unlink(missing_ok=True)
    new.rename(database)
    return kept


def _unlink_database(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
