"""The backend: records and bytes. One of the two public seams.

A backend is asked in terms of :mod:`omicshelf.records`; whoever implements it must pass
:class:`omicshelf.testing.BackendContract`. Every method that changes something takes ``by``,
the :class:`~omicshelf.records.Origin` of the change; it either happens wholly or leaves
everything as it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal, Protocol, runtime_checkable

from omicshelf.backend.source import Source
from omicshelf.formats.base import Names, Progress
from omicshelf.records import (
    AtlasRecord,
    BlobRecord,
    Change,
    DatasetRecord,
    FileRecord,
    LabelRecord,
    Origin,
    Role,
    RoleRecord,
    Summary,
    TokenRecord,
    VersionRecord,
)

__all__ = [
    "Backend",
    "BlobChunks",
    "CopyDraft",
    "EditReport",
    "FileDraft",
    "Filter",
    "GcReport",
    "Page",
    "PurgeReport",
    "Query",
    "VerifyReport",
    "VersionDraft",
]

Operator = Literal["=", "!=", "<", "<=", ">", ">=", "in", "contains", "starts", "exists", "missing"]


@dataclass(frozen=True)
class Filter:
    """One condition on a dataset: ``key operator value``.

    ``key`` is a metadata key (nested ones with dots) or one of the built-in fields.
    """

    key: str
    operator: Operator
    value: Any = None


@dataclass(frozen=True)
class Query:
    """Which datasets of an atlas are wanted, in what order, and what to count beside."""

    text: str = ""
    where: tuple[Filter, ...] = ()
    order_by: str = "-last_modified_at"
    limit: int | None = 50
    after: str | None = None
    deleted: bool = False
    facets: tuple[str, ...] = ()
    facet_limit: int = 50
    count: bool = True


@dataclass(frozen=True)
class Page:
    """The answer to a :class:`Query`; ``next`` is the cursor of the page that follows."""

    datasets: list[DatasetRecord]
    total: int | None
    next: str | None
    facets: dict[str, dict[str, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class KeyUse:
    """A metadata key: how many datasets have it, and how many values it has in them."""

    key: str
    n_datasets: int
    n_values: int


@dataclass(frozen=True)
class MetadataKeys:
    """The metadata keys that are in use, those that most datasets have first.

    They are counted over ``n_datasets``, the last changed of an atlas.
    """

    n_datasets: int
    keys: list[KeyUse]


@dataclass(frozen=True)
class VersionDraft:
    """A version that is to be written; None means "as it is now".

    ``mode``: ``create`` refuses a live id, ``update`` refuses an unknown one, ``save`` takes
    both and writes nothing when the content and everything else is the same.
    """

    dataset_id: str
    mode: Literal["create", "update", "save"]
    data_type: str | None = None
    data_format: str | None = None
    metadata: Mapping[str, Any] | None = None
    message: str | None = None
    study_id: str | None = None
    parents: Sequence[str] = ()
    session_inputs: Sequence[str] = ()
    expected_version: str | None = None
    ingestion: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class FileDraft:
    """A supplementary file that is to be attached."""

    dataset_id: str
    file_name: str
    file_format: str
    tag: str | None = None
    source_version: str | None = None
    auto_remove: bool = False
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CopyDraft:
    """A dataset that is to be copied inside one backend."""

    source_atlas: str
    source_id: str
    atlas: str
    dataset_id: str
    overwrite: bool = False
    with_history: bool = False
    message: str | None = None
    ingestion: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class EditReport:
    """What :meth:`Backend.edit_metadata` did, or would do: old and new metadata by dataset."""

    changed: dict[str, tuple[dict[str, Any], dict[str, Any]]]
    unchanged: list[str]
    dry_run: bool = False


@dataclass(frozen=True)
class PurgeReport:
    """Versions that a purge removed, those that it kept and why, and the bytes set free."""

    removed: list[str]
    kept: dict[str, str]
    freed_bytes: int
    dry_run: bool = False


@dataclass(frozen=True)
class GcReport:
    """What garbage collection freed, or would free."""

    dead_objects: int = 0
    dead_bytes: int = 0
    deleted_objects: int = 0
    freed_bytes: int = 0
    repacked: int = 0
    temporary_bytes: int = 0
    in_use: int = 0
    dry_run: bool = False


@dataclass(frozen=True)
class VerifyReport:
    """The verdict of :meth:`Backend.verify`: each problem names the object and the versions."""

    checked_versions: int
    checked_files: int
    checked_bytes: int
    problems: list[str]

    @property
    def ok(self) -> bool:
        """Whether every byte is as it was recorded."""
        return not self.problems


@dataclass(frozen=True)
class BlobChunks:
    """How the bytes of a blob are cut, and the hash of each chunk.

    Attributes
    ----------
    size, blake3
        Bytes of the whole, and their hash (hex).
    params
        How they were cut: the fields of :class:`omicshelf.backend.store.chunks.ChunkParams`.
    lengths
        The chunks' lengths in order, little-endian 32-bit numbers.
    hashes
        Their blake3 hashes, 32 bytes each.
    """

    size: int
    blake3: str
    params: Mapping[str, Any]
    lengths: bytes
    hashes: bytes


@runtime_checkable
class Backend(Protocol):
    """Records and bytes of the atlases of one catalog."""

    @property
    def url(self) -> str: ...

    def close(self) -> None: ...

    # -- atlases
    def list_atlases(self) -> list[AtlasRecord]: ...
    def get_atlas(self, atlas: str) -> AtlasRecord: ...
    def create_atlas(
        self, atlas: str, *, description: str | None = None, by: Origin
    ) -> AtlasRecord: ...
    def describe_atlas(self, atlas: str, description: str | None, *, by: Origin) -> AtlasRecord: ...
    def delete_atlas(self, atlas: str, *, by: Origin) -> None: ...

    # -- roles; of the whole server where the atlas is None
    def list_roles(self, atlas: str | None) -> list[RoleRecord]: ...
    def set_role(self, atlas: str | None, user: str, role: Role, *, by: Origin) -> RoleRecord: ...
    def remove_role(self, atlas: str | None, user: str, *, by: Origin) -> None: ...

    # -- personal tokens; of everybody where the user is None
    def create_token(
        self, user: str, *, note: str | None = None, days: float | None = None, by: Origin
    ) -> tuple[TokenRecord, str]: ...
    def list_tokens(self, user: str | None = None) -> list[TokenRecord]: ...
    def revoke_token(self, token_id: int, *, by: Origin) -> None: ...

    # -- datasets and versions
    def get_dataset(self, atlas: str, dataset_id: str) -> DatasetRecord: ...
    def has_dataset(self, atlas: str, dataset_id: str) -> bool: ...
    def find(self, atlas: str, query: Query) -> Page: ...
    def metadata_keys(self, atlas: str) -> MetadataKeys: ...
    def put_version(
        self, atlas: str, draft: VersionDraft, source: Source | None, *, by: Origin
    ) -> DatasetRecord: ...
    def get_version(self, atlas: str, dataset_id: str, version: str) -> VersionRecord: ...
    def list_versions(
        self, atlas: str, dataset_id: str, *, include_deleted: bool = False
    ) -> list[VersionRecord]: ...
    def rollback(
        self,
        atlas: str,
        dataset_id: str,
        version: str,
        *,
        message: str | None = None,
        ingestion: Mapping[str, Any] | None = None,
        by: Origin,
    ) -> DatasetRecord: ...
    def delete_dataset(
        self,
        atlas: str,
        dataset_id: str,
        *,
        message: str | None = None,
        details: Mapping[str, Any] | None = None,
        by: Origin,
    ) -> None: ...
    def undelete_dataset(
        self, atlas: str, dataset_id: str, *, message: str | None = None, by: Origin
    ) -> DatasetRecord: ...
    def copy_dataset(self, draft: CopyDraft, *, by: Origin) -> DatasetRecord: ...
    def edit_metadata(
        self,
        atlas: str,
        selection: Sequence[str] | Query,
        *,
        set_: Mapping[str, Any],
        remove: Sequence[str] = (),
        message: str | None = None,
        dry_run: bool = False,
        by: Origin,
    ) -> EditReport: ...
    def reindex(
        self, atlas: str, dataset_id: str, *, ingestion: Mapping[str, Any], by: Origin
    ) -> Change: ...
    def set_label(
        self, atlas: str, dataset_id: str, version: str, name: str, *, by: Origin
    ) -> LabelRecord: ...
    def remove_label(self, atlas: str, dataset_id: str, name: str, *, by: Origin) -> None: ...
    def list_labels(self, atlas: str, dataset_id: str) -> list[LabelRecord]: ...
    def children(self, version_id: str) -> list[VersionRecord]: ...
    def find_version(self, version_id: str) -> VersionRecord: ...

    # -- studies
    def set_study(
        self,
        atlas: str,
        dataset_id: str,
        study_id: str | None,
        *,
        details: Mapping[str, Any] | None = None,
        by: Origin,
    ) -> None: ...
    def list_studies(self, atlas: str) -> list[str]: ...
    def datasets_in_study(self, atlas: str, study_id: str) -> list[str]: ...

    # -- supplementary files
    def put_file(
        self, atlas: str, draft: FileDraft, source: Source, *, by: Origin
    ) -> FileRecord: ...
    def get_file(self, atlas: str, dataset_id: str, file_name: str) -> FileRecord: ...
    def list_files(self, atlas: str, dataset_id: str) -> list[FileRecord]: ...
    def file_history(self, atlas: str, dataset_id: str, file_name: str) -> list[FileRecord]: ...
    def delete_file(
        self, atlas: str, dataset_id: str, file_name: str, *, purge: bool = False, by: Origin
    ) -> None: ...

    # -- what is in the data, without opening it
    def summary(self, blob: str) -> Summary: ...
    def names(self, blob: str) -> Names | None: ...
    def sha256(self, blob: str) -> str: ...
    def blob_facts(self, blob: str) -> BlobRecord: ...
    def chunks(self, blob: str) -> BlobChunks: ...

    # -- bytes
    def staging(self) -> Path: ...
    def local_file(self, blob: str, suffix: str) -> AbstractContextManager[Path]: ...
    def hold_file(self, blob: str, suffix: str) -> Path: ...
    def open_blob(self, blob: str) -> IO[bytes]: ...
    def download(self, blob: str, dest: Path, progress: Progress | None = None) -> None: ...

    # -- the change log
    def changes(
        self,
        *,
        after: int = 0,
        atlas: str | None = None,
        dataset_id: str | None = None,
        limit: int | None = None,
    ) -> Iterator[Change]: ...
    def last_change(self) -> int: ...

    # -- keeping house
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
    ) -> PurgeReport: ...
    def purge_dataset(
        self, atlas: str, dataset_id: str, *, force: bool = False, by: Origin
    ) -> PurgeReport: ...
    def verify(self, atlas: str | None = None, dataset_id: str | None = None) -> VerifyReport: ...
    def gc(self, *, dry_run: bool = False, grace: float | None = None) -> GcReport: ...
