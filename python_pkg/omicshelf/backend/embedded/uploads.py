"""Uploads that are complete: put together, and made a version or a file by a later request."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import sqlalchemy as sa

from omicshelf.backend.base import FileDraft, VersionDraft
from omicshelf.backend.embedded import schema as t
from omicshelf.backend.embedded.announced import decode_inspection
from omicshelf.backend.embedded.assembly import Assembly
from omicshelf.backend.embedded.blobs import Incoming
from omicshelf.backend.embedded.direct import Direct
from omicshelf.backend.embedded.receiving import Upload
from omicshelf.backend.source import FileSource, Source, Staged, stored_suffix
from omicshelf.backend.store.manifest import object_key
from omicshelf.backend.store.marks import take_mark
from omicshelf.backend.store.packs import plan
from omicshelf.backend.store.sidecar import Sidecar
from omicshelf.backend.wire import UploadRequest
from omicshelf.errors import IntegrityError, Invalid, StaleUpload
from omicshelf.formats import registry
from omicshelf.formats.base import Inspection, Names, Progress
from omicshelf.records import DatasetRecord, FileRecord, Origin, Summary

__all__ = ["Uploaded", "Uploads"]

u = t.upload.c


class Uploaded:
    """The bytes of an upload that is complete, as a source for ``put_version`` and ``put_file``."""

    def __init__(self, upload: str, data_format: str, source: Source | None) -> None:
        self.upload = upload
        self.data_format = data_format
        self.source = source
        self.progress: Progress | None = None
        self.found: Inspection | None = None

    @property
    def suffix(self) -> str:
        return stored_suffix(self.data_format)

    def inspection(self) -> Inspection:
        if self.found is not None:
            return self.found
        assert self.source is not None
        return self.source.inspection()

    def digest(self) -> str | None:
        # Of bytes as they are, it is told when they are staged: they may be no new ones at all.
        return self.found.digest if self.found is not None else None

    def stage(self, folder: Path) -> Staged:
        if self.source is None:
            raise RuntimeError("a chunked upload is put together by the backend")
        return self.source.stage(folder)


@dataclass
class IncomingUpload(Incoming):
    """Bytes of an upload; ``there`` are its objects that are in the store already."""

    upload: str = ""
    there: Sequence[str] = ()


class Uploads(Direct):
    """The part of the embedded backend that makes versions and files of uploads."""

    def uploaded(self, upload: str, *, user: str) -> Uploaded:
        """Give a complete upload as the source of a version or file.

        Raises
        ------
        omicshelf.errors.Invalid
            Parts of it are missing.
        """
        row = self.upload_row(upload, user)
        if row.became is not None:
            return Uploaded(upload, row.request.data_format, None)
        if row.request.chunked:
            self.announced(row)
        there = {part.number for part in self._parts(upload)}
        lacking = sorted(set(range(row.n_parts)) - there)
        if lacking:
            raise Invalid(
                f"The upload '{upload}' is not complete: {len(lacking)} of {row.n_parts} parts "
                f"are missing, the first is number {lacking[0]}.",
                "Send them, then ask again.",
            )
        if row.request.chunked:
            made = Uploaded(upload, row.request.data_format, None)
            made.found = self._given_inspection(row)
            return made
        source = self._as_file(row)
        return Uploaded(upload, source.data_format, source)

    def _given_inspection(self, row: Upload) -> Inspection:
        key = row.state.get("inspection")
        if row.request.version is None:
            # Of a supplementary file nobody looks at the content.
            return Inspection(Summary(kind="file", format=row.request.data_format))
        if key is None:
            raise Invalid(
                f"What is in the upload '{row.id}' was not told.",
                f"Send it first: PUT /uploads/{row.id}/inspection.",
            )
        return decode_inspection(self.store.read_bytes(key), self._names_of_version)

    def _names_of_version(self, sidecar: Sidecar) -> Names:
        try:
            return self.read_names(sidecar)
        except IntegrityError as error:
            raise StaleUpload(
                "The names that this upload shares with an earlier version are gone.",
                "The version was purged meanwhile: send the upload again, with all that is in it.",
            ) from error

    def _as_file(self, row: Upload) -> FileSource:
        """Give bytes that came as they are as one local file."""
        path = self._upload_folder(row.id) / "data"
        path.parent.mkdir(parents=True, exist_ok=True)
        if not self.has_local_objects:
            path.unlink(missing_ok=True)
            with path.open("xb") as out:
                for part in self._parts(row.id):
                    out.write(self.store.read_bytes(part.key))
        elif not row.request.size:
            path.touch()
        is_data = row.request.version is not None
        data_format = row.request.data_format
        return FileSource(
            path,
            registry.unpacked(path, data_format) if is_data else data_format,
            check=row.request.check,
            inspect=is_data,
            owned=True,
        )

    def bring_in(self, source: Source, *, near: Sequence[str] = (), reuse: bool = True) -> Incoming:
        if not isinstance(source, Uploaded):
            return super().bring_in(source, near=near, reuse=reuse)
        there: Sequence[str] = ()
        if source.source is not None:
            incoming = super().bring_in(source.source, near=near, reuse=reuse)
        else:
            incoming, there = self._put_together(source, near, reuse)
        return IncomingUpload(**vars(incoming), upload=source.upload, there=there)

    def _put_together(
        self, source: Uploaded, near: Sequence[str], reuse: bool
    ) -> tuple[Incoming, Sequence[str]]:
        with self.db.reading() as connection:
            found = connection.execute(sa.select(t.upload).where(u.id == source.upload)).one()
        request = UploadRequest.model_validate(found.request)
        row = Upload(found.id, request, found.state, found.version_id, found.expires_at)
        announced = self.announced(row)
        known = self._known(near) if reuse else []
        known = [manifest for manifest in known if manifest.params == announced.scan.params]
        decided = plan(announced.scan, known, self._unsound(known))
        if not (announced.sent | decided.known).all():
            raise StaleUpload(
                f"The chunks that the upload '{row.id}' was to share are gone.",
                "Plan it again with all=true, and send everything.",
            )
        self._forget_leftovers(row.id)
        folder = self._upload_folder(row.id) if self.has_local_objects else None
        assembly = Assembly(announced, decided, self._parts(row.id), row.id, source.suffix)
        ingested = assembly.ingested(folder, self.staging(), known)
        there = () if folder is not None else assembly.part_keys
        return self.settled(source, ingested, known, reuse=reuse), there

    def _forget_leftovers(self, upload: str) -> None:
        """Remove what an attempt left that was killed before it was done."""
        o = t.stored_object.c
        with self.db.reading() as connection:
            keys = connection.execute(
                sa.select(o.key).where(
                    o.state == "pending",
                    o.session != f"upload-{upload}",
                    o.key.startswith(f"{object_key(upload, '')}.", autoescape=True),
                )
            ).scalars()
            left = list(keys)
        if left:
            self.forget(left)

    def register_blob(self, connection: sa.Connection, incoming: Incoming) -> None:
        if not isinstance(incoming, IncomingUpload):
            super().register_blob(connection, incoming)
            return
        if not incoming.existing and incoming.manifest.blob == incoming.upload:
            used = incoming.manifest.packs
            self.make_live(connection, [key for key in incoming.there if key in used])
        super().register_blob(connection, incoming)
        request = connection.execute(
            sa.select(u.request).where(u.id == incoming.upload, u.version_id.is_(None))
        ).scalar_one_or_none()
        # The metadata are the version's now: a purge of it must not leave them here.
        kept = {key: value for key, value in (request or {}).items() if key != "version"}
        ended = connection.execute(
            t.upload.update()
            .where(u.id == incoming.upload, u.version_id.is_(None))
            .values(version_id=incoming.facts.id, request=kept)
        )
        if ended.rowcount != 1:
            raise StaleUpload(
                f"The upload '{incoming.upload}' was used or ended meanwhile.",
                "Look at the dataset: it may be what you wanted already.",
            )

    def put_version(
        self, atlas: str, draft: VersionDraft, source: Source | None, *, by: Origin
    ) -> DatasetRecord:
        if not isinstance(source, Uploaded):
            return super().put_version(atlas, draft, source, by=by)
        if (blob := self._became(source)) is not None:
            return self._made_version(atlas, draft.dataset_id, blob)
        record = super().put_version(atlas, draft, source, by=by)
        self._clear_used(source.upload, record.version.blob)
        return record

    def put_file(self, atlas: str, draft: FileDraft, source: Source, *, by: Origin) -> FileRecord:
        if not isinstance(source, Uploaded):
            return super().put_file(atlas, draft, source, by=by)
        if self._became(source) is not None:
            return self.get_file(atlas, draft.dataset_id, draft.file_name)
        record = super().put_file(atlas, draft, source, by=by)
        self._clear_used(source.upload, record.blob)
        return record

    def _clear_used(self, upload: str, blob: str) -> None:
        """Remove the files of an upload that became ``blob``.

        Its pack loses its second name with them, which changes the pack's mark and nothing
        else: without a new mark all of it would be hashed again when it is first read.
        """
        marks = self.marks_of(self.manifest(blob).packs)
        self._clear_upload(upload)
        for key, mark in marks.items():
            path = self.store.local_path(key)
            if path is None or mark.holds(path):
                continue
            with contextlib.suppress(OSError):
                now = take_mark(path)
                if now == replace(mark, ctime_ns=now.ctime_ns):
                    self.keep_mark(key, now)

    def _became(self, source: Uploaded) -> str | None:
        with self.db.reading() as connection:
            found: str | None = connection.execute(
                sa.select(u.version_id).where(u.id == source.upload)
            ).scalar_one_or_none()
        return found

    def _made_version(self, atlas: str, dataset_id: str, blob: str) -> DatasetRecord:
        """Answer a request once more whose first answer was lost on its way."""
        with self.db.reading() as connection:
            dataset = self.live_dataset(connection, atlas, dataset_id)
            made = connection.execute(
                sa.select(t.version.c.id)
                .where(t.version.c.dataset_id == dataset.id, t.version.c.blob_id == blob)
                .order_by(t.version.c.seq.desc())
                .limit(1)
            ).scalar_one_or_none()
            record = self.read_dataset(connection, dataset.id)
            if made is None:
                raise StaleUpload(
                    f"The upload became a version of '{dataset_id}' that was purged since.",
                    "Begin a new upload.",
                )
            return record.model_copy(update={"version": self.read_version(connection, made)})
