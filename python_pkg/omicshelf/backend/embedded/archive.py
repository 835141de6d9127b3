"""Export and import: one file with whole atlases, their history and their bytes.

The archive is a zip (stored, not compressed: packs are compressed already where it helps)::

    omicshelf-archive.json   format, time, atlases and counts
    changes.jsonl            the change log of the atlases, in order
    records.jsonl            the records of their versions
    manifests/<blob>         the manifests of their bytes
    objects/…                the packs and the names, under the keys that the manifests name

Import replays the change log over the records, as ``rebuild`` does, so that versions, files,
studies, labels, deletions and the log itself come back as they were.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import sqlalchemy as sa

from omicshelf import rules
from omicshelf.backend.clock import now_ms
from omicshelf.backend.embedded import schema as t
from omicshelf.backend.embedded.backend import EmbeddedBackend
from omicshelf.backend.embedded.core import batches, new_id
from omicshelf.backend.embedded.replay import Replay
from omicshelf.backend.embedded.restore import FoundBlob, Restorer
from omicshelf.backend.store import manifest as manifests
from omicshelf.backend.store.manifest import BlobManifest, object_key
from omicshelf.backend.store.objectstore import ObjectStore
from omicshelf.backend.store.reader import BlobReader
from omicshelf.backend.store.sidecar import decode_names
from omicshelf.errors import AlreadyExists, IntegrityError, Invalid, MissingPath, NotFound
from omicshelf.formats.base import Progress
from omicshelf.records import Origin

__all__ = ["ArchiveReport", "export_archive", "import_archive"]

ARCHIVE_FORMAT = 1
_ABOUT = "omicshelf-archive.json"
_MAX_TEXT = 4 << 30  # bytes of a text member that are read at most


@dataclass(frozen=True)
class ArchiveReport:
    """What went into an archive, or came out of one."""

    path: str
    atlases: list[str]
    n_datasets: int
    n_versions: int
    n_files: int
    size: int


# -- export


def export_archive(
    backend: EmbeddedBackend,
    path: str | os.PathLike[str],
    atlases: Sequence[str] | None = None,
    *,
    progress: Progress | None = None,
) -> ArchiveReport:
    """Write whole atlases into one archive file.

    Parameters
    ----------
    backend
        The catalog.
    path
        A new file; by custom it ends in ``.omicshelf.zip``.
    atlases
        Their names; default: all.
    progress
        Called with the bytes written.

    Raises
    ------
    omicshelf.errors.AlreadyExists
        If the file is there.
    omicshelf.errors.IntegrityError
        If stored bytes are damaged; no archive is left then.
    """
    dest = Path(path).expanduser()
    if dest.exists():
        raise AlreadyExists(f"'{dest}' is there already.", "Choose another path, or remove it.")
    if not dest.parent.is_dir():
        raise MissingPath(f"There is no folder '{dest.parent}'.", "Create it first.")
    names = _atlases(backend, atlases)
    part = dest.with_name(f".{dest.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        with ExitStack() as held:
            content = _collect(backend, names, held)
            with zipfile.ZipFile(part, "x", zipfile.ZIP_STORED, allowZip64=True) as archive:
                _write(backend, archive, content, progress)
        with part.open("rb+") as written:
            os.fsync(written.fileno())
        part.rename(dest)
    finally:
        part.unlink(missing_ok=True)
    return _report(dest, content.about)


@dataclass
class _Content:
    about: dict[str, Any]
    lines: list[dict[str, Any]]
    versions: list[tuple[str, str]]  # uuid, key of the object that carries its record
    blobs: list[str]


def _atlases(backend: EmbeddedBackend, wanted: Sequence[str] | None) -> list[str]:
    there = [atlas.name for atlas in backend.list_atlases()]
    if wanted is None:
        if not there:
            raise NotFound("The catalog is empty.", "There is nothing to export.")
        return there
    for name in wanted:
        if name not in there:
            shown = ", ".join(f"'{n}'" for n in there[:10]) or "none"
            raise NotFound(f"There is no atlas '{name}'.", f"Those there are: {shown}.")
    return list(dict.fromkeys(wanted))


def _collect(backend: EmbeddedBackend, names: Sequence[str], held: ExitStack) -> _Content:
    """Read all rows in one transaction, and keep the bytes from being collected meanwhile."""
    with backend.db.reading() as connection:
        changes = connection.execute(
            sa.select(t.change).where(t.change.c.atlas.in_(names)).order_by(t.change.c.seq)
        ).all()
        of_atlas = (
            sa.select(t.dataset.c.id)
            .join(t.atlas, t.atlas.c.id == t.dataset.c.atlas_id)
            .where(t.atlas.c.name.in_(names))
        )
        versions = connection.execute(
            sa.select(t.version.c.uuid, t.version.c.record, t.version.c.blob_id)
            .where(t.version.c.dataset_id.in_(of_atlas))
            .order_by(t.version.c.id)
        ).all()
        files = connection.execute(
            sa.select(t.file.c.blob_id, t.file.c.state).where(t.file.c.dataset_id.in_(of_atlas))
        ).all()
        n_datasets = connection.execute(
            sa.select(sa.func.count())
            .select_from(t.dataset)
            .where(t.dataset.c.id.in_(of_atlas), ~t.dataset.c.deleted)
        ).scalar_one()
    blobs = list(dict.fromkeys([row.blob_id for row in versions] + [r.blob_id for r in files]))
    for blob in blobs:
        for key in backend.manifest(blob, fresh=True).objects:
            held.enter_context(backend.lease_pack(key))
    lines = [{k: v for k, v in row._mapping.items() if k != "session"} for row in changes]
    about = {
        "format": ARCHIVE_FORMAT,
        "created_at": now_ms(),
        "atlases": list(names),
        "n_datasets": n_datasets,
        "n_versions": len(versions),
        "n_files": sum(row.state == "current" for row in files),
    }
    return _Content(about, lines, [(row.uuid, row.record) for row in versions], blobs)


def _write(
    backend: EmbeddedBackend,
    archive: zipfile.ZipFile,
    content: _Content,
    progress: Progress | None,
) -> None:
    archive.writestr(_ABOUT, json.dumps(content.about, indent=1))
    with archive.open("changes.jsonl", "w", force_zip64=True) as out:
        for line in content.lines:
            out.write(_json_line(line))
    with archive.open("records.jsonl", "w", force_zip64=True) as out:
        for record in _records(backend, content.versions):
            out.write(_json_line(record))
    objects: dict[str, int] = {}
    for blob in content.blobs:
        manifest = backend.manifest(blob)
        with BlobReader(backend.store, manifest) as reader:
            reader.verify()
        if manifest.sidecar is not None and manifest.sidecar.key not in objects:
            backend.read_names(manifest.sidecar)
        with backend.db.reading() as connection:
            facts = backend.facts(connection, blob)
            created_at = connection.execute(
                sa.select(t.blob.c.created_at).where(t.blob.c.id == blob)
            ).scalar_one()
        record = facts.record(created_at)
        archive.writestr(f"manifests/{blob}", manifests.encode(manifest, [record]))
        objects |= manifest.objects
    for key, size in objects.items():
        with archive.open(key, "w", force_zip64=True) as out:
            for start in range(0, size, 4 << 20):
                block = backend.store.read_bytes(key, start, 4 << 20)
                out.write(block)
                if progress is not None:
                    progress(len(block))


def _records(
    backend: EmbeddedBackend, versions: Sequence[tuple[str, str]]
) -> Iterator[Mapping[str, Any]]:
    """Give the records of versions as their objects carry them."""
    read: dict[str, dict[str, Any]] = {}
    for version, key in versions:
        if key not in read:
            _manifest, records = backend.read_manifest(key)
            read = {key: {r["version_id"]: r for r in records if r["kind"] == "version"}}
        if version not in read[key]:
            raise IntegrityError(
                f"The object '{key}' does not carry the record of version {version}.",
                "Run `omicshelf verify`.",
            )
        yield read[key][version]


def _json_line(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


# -- import


def import_archive(
    backend: EmbeddedBackend,
    path: str | os.PathLike[str],
    *,
    by: Origin,
    rename: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> ArchiveReport:
    """Bring the atlases of an archive into a catalog; all of them, or nothing.

    Parameters
    ----------
    backend
        The catalog.
    path
        An archive that :func:`export_archive` wrote.
    by
        Who imports.
    rename
        New names for atlases, where theirs are taken.
    progress
        Called with the bytes read.

    Raises
    ------
    omicshelf.errors.AlreadyExists
        If an atlas of that name has datasets, or a version is there already.
    omicshelf.errors.IntegrityError
        If a byte of the archive is not as it was written.
    """
    source = Path(path).expanduser()
    if not source.is_file():
        raise MissingPath(f"There is no archive '{source}'.", "Check the path.")
    staging = backend.staging() / uuid.uuid4().hex
    staging.mkdir(parents=True)
    try:
        with _opened(source) as archive:
            incoming = _Incoming(archive, staging, dict(rename or {}))
            incoming.read_texts()
            _refuse_taken(backend, incoming)
            incoming.unpack(progress)
            _verify(backend, incoming)
            _install(backend, incoming, by)
        return _report(source, {**incoming.about, "atlases": incoming.atlases})
    except zipfile.BadZipFile as error:
        raise IntegrityError(
            f"The archive '{source}' is damaged: {error}.", "Export it again, or copy it again."
        ) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _opened(source: Path) -> zipfile.ZipFile:
    try:
        archive = zipfile.ZipFile(source)
    except zipfile.BadZipFile as error:
        raise Invalid(
            f"'{source}' is no archive of omicshelf: {error}.",
            "Pass a file that `omicshelf export` wrote, wholly copied.",
        ) from error
    if _ABOUT not in archive.namelist():
        archive.close()
        raise Invalid(
            f"'{source}' is a zip file, but no archive of omicshelf.",
            "Pass a file that `omicshelf export` wrote.",
        )
    return archive


class _Incoming:
    """An archive while it is read: its texts, and its packs and names as staged files."""

    def __init__(self, archive: zipfile.ZipFile, staging: Path, rename: dict[str, str]) -> None:
        self._archive = archive
        self._staging = staging
        self._rename = {old: rules.check_atlas(new) for old, new in rename.items()}
        self.about: dict[str, Any] = {}
        self.lines: list[dict[str, Any]] = []
        self.records: dict[str, dict[str, Any]] = {}
        self.manifests: dict[str, tuple[BlobManifest, dict[str, Any]]] = {}
        self.objects: dict[str, Path] = {}

    @property
    def atlases(self) -> list[str]:
        """The names of the atlases in this catalog."""
        return [self._name(name) for name in self.about["atlases"]]

    def _name(self, atlas: str) -> str:
        return rules.check_atlas(self._rename.get(atlas, atlas))

    def read_texts(self) -> None:
        """Read the log and the records, and check the format."""
        try:
            self.about = json.loads(self._text(_ABOUT))
            if int(self.about["format"]) > ARCHIVE_FORMAT:
                raise Invalid(
                    f"The archive has format {self.about['format']}, newer than this omicshelf.",
                    "Upgrade it: pip install --upgrade omicshelf",
                )
            unknown = sorted(set(self._rename) - set(self.about["atlases"]))
            if unknown:
                raise NotFound(
                    f"The archive has no atlas '{unknown[0]}' to rename.",
                    f"It has {', '.join(self.about['atlases'])}.",
                )
            for line in self._json_lines("changes.jsonl"):
                self.lines.append({**line, "atlas": self._name(line["atlas"])})
            for record in self._json_lines("records.jsonl"):
                named = {**record, "atlas": self._name(record["atlas"])}
                self.records[named["version_id"]] = named
            for name in self._archive.namelist():
                if name.startswith("manifests/"):
                    manifest, records = manifests.decode(self._text(name), name)
                    self.manifests[manifest.blob] = (manifest, records[0])
        except (ValueError, KeyError, TypeError, IndexError) as error:
            if isinstance(error, Invalid | NotFound):
                raise
            raise IntegrityError(
                f"The archive is damaged: {error}.", "Export it again, or copy it again."
            ) from error

    def _text(self, name: str) -> bytes:
        if self._archive.getinfo(name).file_size > _MAX_TEXT:
            raise Invalid(f"'{name}' in the archive is too large.", "It is no text of omicshelf.")
        return self._archive.read(name)

    def _json_lines(self, name: str) -> Iterator[dict[str, Any]]:
        with self._archive.open(name) as stream:
            for line in stream:
                yield json.loads(line)

    def unpack(self, progress: Progress | None) -> None:
        """Write the packs and the names into the staging folder."""
        wanted = {key: n for m, _record in self.manifests.values() for key, n in m.objects.items()}
        for number, (key, size) in enumerate(wanted.items()):
            dest = self._staging / f"{number}{Path(key).suffix}"
            try:
                info = self._archive.getinfo(key)
            except KeyError as error:
                raise IntegrityError(
                    f"The archive lacks its object '{key}'.", "Copy it again."
                ) from error
            if info.file_size != size:
                raise IntegrityError(f"The object '{key}' in the archive has another size.", None)
            with self._archive.open(info) as stream, dest.open("xb") as out:
                _copy(stream, out, progress)
            self.objects[key] = dest


def _copy(stream: IO[bytes], out: IO[bytes], progress: Progress | None) -> None:
    while block := stream.read(4 << 20):
        out.write(block)
        if progress is not None:
            progress(len(block))


def _refuse_taken(backend: EmbeddedBackend, incoming: _Incoming) -> None:
    with backend.db.reading() as connection:
        for atlas in incoming.atlases:
            used = connection.execute(
                sa.select(t.dataset.c.id)
                .join(t.atlas, t.atlas.c.id == t.dataset.c.atlas_id)
                .where(t.atlas.c.name == atlas)
                .limit(1)
            ).one_or_none()
            if used is not None:
                raise AlreadyExists(
                    f"The atlas '{atlas}' has datasets in this catalog already.",
                    f"Import it under another name: rename={{'{atlas}': '{atlas}_imported'}}, or "
                    f"--rename {atlas}={atlas}_imported on the command line.",
                )
        for batch in batches(sorted(incoming.records), 500):
            there = connection.execute(
                sa.select(t.version.c.uuid).where(t.version.c.uuid.in_(batch)).limit(1)
            ).scalar_one_or_none()
            if there is not None:
                raise AlreadyExists(
                    f"The version {there} of the archive is in this catalog already.",
                    "An archive is imported into a catalog once; `copy_dataset` copies inside one.",
                )


def _verify(backend: EmbeddedBackend, incoming: _Incoming) -> None:
    staged = cast("ObjectStore", _StagedObjects(incoming.objects))
    for manifest, _record in incoming.manifests.values():
        with BlobReader(staged, manifest) as reader:
            reader.verify()
    for sidecar in {manifest.sidecar for manifest, _record in incoming.manifests.values()}:
        if sidecar is not None:
            decode_names(staged.read_bytes(sidecar.key), sidecar)
    replay = Replay(incoming.records).run(incoming.lines)
    if replay.missing:
        raise IntegrityError(f"The archive lacks {replay.missing[0]}.", "Export it again.")


def _install(backend: EmbeddedBackend, incoming: _Incoming, by: Origin) -> None:
    """Give everything new keys, write the objects, then insert all rows in one transaction."""
    blob_ids = {old: new_id() for old in incoming.manifests}
    keys = {}
    for old in incoming.objects:
        _id, dot, suffix = Path(old).name.partition(".")
        keys[old] = object_key(new_id(), dot + suffix)
    blobs: dict[str, FoundBlob] = {}
    items: dict[str, Path | bytes] = {keys[key]: path for key, path in incoming.objects.items()}
    for old, (manifest, record) in incoming.manifests.items():
        moved = manifest.moved(blob_ids[old], keys)
        key = object_key(blob_ids[old], ".manifest")
        named = {**record, "id": blob_ids[old]}
        data = manifests.encode(moved, [named])
        items[key] = data
        blobs[blob_ids[old]] = FoundBlob(key, len(data), moved, named)
    records = {
        uuid: {**record, "blob": blob_ids[record["blob"]]}
        for uuid, record in incoming.records.items()
    }
    for line in incoming.lines:
        if line["action"] == "attach file":
            blob = line["details"]["blob_id"]
            # A purged file's line stays in the log, without its bytes.
            line["details"]["blob_id"] = blob_ids.get(blob, blob)
    record_key = object_key(new_id(), ".record")
    items[record_key] = manifests.encode(
        BlobManifest("record", 0, manifests.NO_BYTES), list(records.values())
    )
    written = backend.write_objects(items)
    try:
        with backend.changing(by) as writer:
            backend.make_live(writer.connection, written)
            lines = [writer.repeat(line) for line in incoming.lines]
            replay = Replay(records).run(lines)
            restorer = Restorer(
                writer.connection, records, dict.fromkeys(records, record_key), blobs
            )
            restorer.insert_blobs(sorted(restorer.used_blobs(replay)))
            restorer.insert_datasets(replay)
            for atlas in incoming.atlases:
                writer.add("import", atlas, details={"n_datasets": incoming.about["n_datasets"]})
    except BaseException:
        backend.forget(written)
        raise


class _StagedObjects:
    """A store of staged files, for verifying before anything is installed."""

    def __init__(self, paths: Mapping[str, Path]) -> None:
        self._paths = paths

    def local_path(self, key: str) -> Path:
        return self._paths[key]

    def size(self, key: str) -> int:
        return self._paths[key].stat().st_size

    def read_bytes(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        with self._paths[key].open("rb") as file:
            file.seek(start)
            return file.read(-1 if length is None else length)


def _report(path: Path, about: Mapping[str, Any]) -> ArchiveReport:
    return ArchiveReport(
        str(path),
        list(about["atlases"]),
        about["n_datasets"],
        about["n_versions"],
        about["n_files"],
        path.stat().st_size,
    )
