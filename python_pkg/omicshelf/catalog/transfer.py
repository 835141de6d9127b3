"""A dataset from one catalog to another: version by version, each with its bytes and files.

What is known of the content travels with it, so that nothing is examined twice; what the
destination has is not read. Times, authors and ids are the destination's own, and where each
version comes from is recorded with it.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from omicshelf.backend.base import Backend, CopyDraft, FileDraft, VersionDraft
from omicshelf.backend.source import Staged, stored_suffix
from omicshelf.catalog.progress import progress_bar
from omicshelf.errors import AlreadyExists, NotFound, RequestException
from omicshelf.formats.base import Inspection, Progress
from omicshelf.records import DatasetRecord, FileRecord, Origin, Summary, VersionRecord

__all__ = ["transfer"]


def transfer(source: Backend, dest: Backend, draft: CopyDraft, *, by: Origin) -> DatasetRecord:
    """Copy a dataset from one catalog to another.

    Every version is written for itself, so that a transfer that is cut off leaves whole
    versions; the error then says how many.

    Raises
    ------
    omicshelf.errors.AlreadyExists
        If the destination is there and is not to be overwritten.
    """
    return _Transfer(source, dest, draft, by).run()


class _Transfer:
    """One copy under way; ``made`` is the destination as it is by now."""

    def __init__(self, source: Backend, dest: Backend, draft: CopyDraft, by: Origin) -> None:
        self.source, self.dest, self.draft, self.by = source, dest, draft, by
        self.dataset = source.get_dataset(draft.source_atlas, draft.source_id)
        self.made = self._already()

    def _already(self) -> DatasetRecord | None:
        draft = self.draft
        try:
            found = self.dest.get_dataset(draft.atlas, draft.dataset_id)
        except NotFound:
            return None
        if not draft.overwrite:
            raise AlreadyExists(
                f"The dataset '{draft.dataset_id}' already exists in atlas '{draft.atlas}' of "
                f"'{self.dest.url}'.",
                "Pass overwrite=True to add the copy as its new version, or choose another id.",
            )
        return found

    def run(self) -> DatasetRecord:
        versions = [self.dataset.version]
        if self.draft.with_history:
            found = self.source.list_versions(self.draft.source_atlas, self.draft.source_id)
            versions = sorted(found, key=lambda version: version.seq)
        done = 0
        try:
            for version in versions:
                self.made = self._copy_version(version)
                done += 1
            self._copy_study()
            self._copy_files()
        except RequestException as error:
            if done:
                told = f"{done} of {len(versions)} versions have been copied, and stay."
                error.detail = f"{error.detail} {told}" if error.detail else told
            raise
        return self.dest.get_dataset(self.draft.atlas, self.draft.dataset_id)

    def _copy_version(self, version: VersionRecord) -> DatasetRecord:
        draft = self.draft
        told = (
            f"Copied from {self.source.url} {draft.source_atlas}/{draft.source_id} v{version.seq}"
        )
        if draft.message is not None:
            told = draft.message
        made = VersionDraft(
            draft.dataset_id,
            "create" if self.made is None else "update",
            data_type=version.data_type,
            data_format=version.data_format if self._has(version) else None,
            metadata=version.metadata,
            message=(version.message or told) if draft.with_history else told,
            expected_version=None if self.made is None else self.made.version.version_id,
            ingestion={**draft.ingestion, **self._where_from(version)},
        )
        if self._has(version):
            return self.dest.put_version(draft.atlas, made, None, by=self.by)
        with _Bytes(self.source, version) as data:
            return self.dest.put_version(draft.atlas, made, data, by=self.by)

    def _has(self, version: VersionRecord) -> bool:
        """Whether the destination's newest version has these very bytes, of the same format."""
        if self.made is None:
            return False
        there = self.made.version
        return (there.blake3, there.size, there.data_format) == (
            version.blake3, version.size, version.data_format,
        )  # fmt: skip

    def _where_from(self, version: VersionRecord) -> dict[str, Any]:
        return {
            "copied_from": {
                "catalog": self.source.url,
                "atlas": version.atlas,
                "dataset_id": version.dataset_id,
                "version_id": version.version_id,
                "author": version.author,
                "created_at": version.created_at,
            }
        }

    def _copy_study(self) -> None:
        assert self.made is not None
        study = self.dataset.study_id
        if study != self.made.study_id:
            self.dest.set_study(self.draft.atlas, self.draft.dataset_id, study, by=self.by)

    def _copy_files(self) -> None:
        draft = self.draft
        there = {f.file_name: f for f in self.dest.list_files(draft.atlas, draft.dataset_id)}
        for file in self.source.list_files(draft.source_atlas, draft.source_id):
            if not self._is_there(there.get(file.file_name), file):
                self._copy_file(file)

    @staticmethod
    def _is_there(there: FileRecord | None, file: FileRecord) -> bool:
        if there is None or there.derived_from is not None or file.derived_from is not None:
            return False
        return (there.blake3, there.size, there.file_format, there.tag) == (
            file.blake3, file.size, file.file_format, file.tag,
        )  # fmt: skip

    def _copy_file(self, file: FileRecord) -> None:
        assert self.made is not None
        origin = {"catalog": self.source.url, "file_id": file.file_id, "author": file.author}
        made = FileDraft(
            self.draft.dataset_id,
            file.file_name,
            file.file_format,
            tag=file.tag,
            source_version=self.made.version.version_id if file.derived_from is not None else None,
            auto_remove=file.auto_remove,
            details={"copied_from": origin},
        )
        with _Bytes(self.source, file) as data:
            self.dest.put_file(self.draft.atlas, made, data, by=self.by)


class _Bytes:
    """The bytes of a version or file of another catalog, as a source; held while in use."""

    progress: Progress | None

    def __init__(self, backend: Backend, record: VersionRecord | FileRecord) -> None:
        self._backend = backend
        self._record = record
        self._held = ExitStack()
        self._summary: Summary | None = None
        if isinstance(record, FileRecord):
            self.data_format = record.file_format
        else:
            self._summary = backend.summary(record.blob)
            self.data_format = record.data_format or self._summary.format

    def __enter__(self) -> Self:
        bar = progress_bar(self._record.size, f"copying {self._record.dataset_id}")
        self.progress = self._held.enter_context(bar)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._held.close()

    @property
    def suffix(self) -> str:
        return stored_suffix(self.data_format)

    def digest(self) -> str | None:
        return self._record.digest if isinstance(self._record, VersionRecord) else None

    def inspection(self) -> Inspection:
        if self._summary is None:
            return Inspection(Summary(kind="file", format=self.data_format))
        names = self._backend.names(self._record.blob)
        return Inspection(self._summary, self.digest(), names)

    def stage(self, folder: Path) -> Staged:
        local = self._backend.local_file(self._record.blob, self.suffix)
        return Staged(self._held.enter_context(local), owned=False)
