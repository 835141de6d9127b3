"""Writing versions and files: the bytes first, in an upload, then a small request that names it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, TypeVar

from omicshelf import rules
from omicshelf.backend import wire
from omicshelf.backend.base import FileDraft, VersionDraft
from omicshelf.backend.drafts import check_file, check_version
from omicshelf.backend.remote.client import as_record, path_of
from omicshelf.backend.remote.outgoing import Outgoing
from omicshelf.backend.remote.reading import Reading
from omicshelf.backend.remote.sending import Sending
from omicshelf.backend.source import Source
from omicshelf.errors import MissingDependency, RequestException, StaleUpload, Unreachable
from omicshelf.records import DatasetRecord, FileRecord, Origin

__all__ = ["Uploading"]

R = TypeVar("R")
_ATTEMPTS = 4


class Uploading(Reading):
    """The part of the remote backend that writes versions and files."""

    def put_version(
        self, atlas: str, draft: VersionDraft, source: Source | None, *, by: Origin
    ) -> DatasetRecord:
        """Create, update or save a dataset."""
        atlas = rules.check_atlas(atlas)
        body = _version_body(check_version(draft))

        def write(upload: str | None) -> DatasetRecord:
            return self._write_version(atlas, body, upload, by)

        if source is None:
            return write(None)
        about = {"atlas": atlas, "dataset_id": body.dataset_id, "version": body}
        with Outgoing(source, self.staging(), examined=True) as outgoing:
            written = self._bring(outgoing, about, write, by)
            if not written.unchanged:
                self._keep(written, outgoing)
        return written

    def _write_version(
        self, atlas: str, body: wire.VersionBody, upload: str | None, by: Origin
    ) -> DatasetRecord:
        method, path = "POST", path_of("atlases", atlas, "datasets")
        if body.mode == "update":
            method, path = "PATCH", path + path_of(body.dataset_id)
        body = body.model_copy(update={"upload": upload})
        named = upload is not None
        # An upload becomes a version once: asked again, the server says which.
        answer = self.client.ask(method, path, body=body, by=by, repeat=named, lasting=named)
        return as_record(DatasetRecord, answer)

    def put_file(self, atlas: str, draft: FileDraft, source: Source, *, by: Origin) -> FileRecord:
        """Attach a file, or replace the one of the same name."""
        draft = check_file(draft)
        path = path_of("atlases", atlas, "datasets", draft.dataset_id, "files")

        def write(upload: str) -> FileRecord:
            body = wire.FileBody(
                file_name=draft.file_name,
                file_format=draft.file_format,
                tag=draft.tag,
                source_version=draft.source_version,
                auto_remove=draft.auto_remove,
                details=dict(draft.details),
                upload=upload,
            )
            answer = self.client.ask("POST", path, body=body, by=by, repeat=True, lasting=True)
            return as_record(FileRecord, answer)

        about = {"atlas": atlas, "dataset_id": draft.dataset_id, "file_name": draft.file_name}
        with Outgoing(source, self.staging(), examined=False) as outgoing:
            return self._bring(outgoing, about, write, by)

    def _bring(
        self,
        outgoing: Outgoing,
        about: Mapping[str, Any],
        write: Callable[[str], R],
        by: Origin,
    ) -> R:
        """Send the bytes and name them; anew where what they were to share is gone meanwhile."""
        for attempt in range(1, _ATTEMPTS + 1):
            state = self._begin(outgoing, about, by)
            if state.unchanged is not None:
                return state.unchanged  # type: ignore[return-value]
            sending = self._sending(outgoing, about, state)
            try:
                upload = sending.send(everything=attempt > 1)
                written = write(upload)
            except MissingDependency:
                # A format that this process cannot read: the server may.
                sending.drop()
                if not outgoing.cut_here:
                    raise
                outgoing.cut_here = False
            except StaleUpload:
                sending.drop()
                if attempt == _ATTEMPTS:
                    raise
            except (Unreachable, KeyboardInterrupt):
                sending.close()
                raise  # what has arrived is kept: the same write goes on from there
            except BaseException:
                sending.drop()
                raise
            else:
                # It is not needed any more, and holds what a purge would have to find.
                sending.drop()
                return written
        raise AssertionError("the last attempt returns or raises")

    def _begin(self, outgoing: Outgoing, about: Mapping[str, Any], by: Origin) -> wire.UploadState:
        version = about.get("version")
        saves = isinstance(version, wire.VersionBody) and version.mode == "save"
        request = wire.UploadRequest(
            **about,
            size=outgoing.size,
            data_format=outgoing.source.data_format,
            suffix=outgoing.source.suffix,
            chunked=outgoing.cut_here,
            digest=outgoing.digest() if saves else None,
        )
        # Begun twice, one of the two is never filled, and expires.
        answer = self.client.ask("POST", "/uploads", body=request, by=by, repeat=True)
        return as_record(wire.UploadState, answer)

    def _sending(
        self, outgoing: Outgoing, about: Mapping[str, Any], state: wire.UploadState
    ) -> Sending:
        purpose = [about["atlas"], about["dataset_id"], about.get("file_name") or ""]
        purpose.append(outgoing.source.data_format)
        notes = self.cache.folder / "uploads"
        return Sending(self.client, outgoing, state, notes, purpose)

    def _keep(self, record: DatasetRecord, outgoing: Outgoing) -> None:
        """Put what was just saved into the cache: it is what is loaded next."""
        version, suffix = record.version, outgoing.source.suffix
        if outgoing.hash != version.blake3 or not outgoing.owned:
            return
        # The version is safe; the cache only saves time.
        with suppress(RequestException, OSError):
            self.cache.put_by_rename(version.blob, suffix, outgoing.path, version.blake3).close()


def _version_body(draft: VersionDraft) -> wire.VersionBody:
    return wire.VersionBody(
        dataset_id=draft.dataset_id,
        mode=draft.mode,
        data_type=draft.data_type,
        data_format=draft.data_format,
        metadata=None if draft.metadata is None else dict(draft.metadata),
        message=draft.message,
        study_id=draft.study_id,
        parents=list(draft.parents),
        session_inputs=list(draft.session_inputs),
        expected_version=draft.expected_version,
        ingestion=dict(draft.ingestion),
    )
