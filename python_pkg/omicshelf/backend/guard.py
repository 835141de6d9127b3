"""A backend as one user may use it: the only place that decides who may what.

What a user may not read does not exist for them: they are told what they would be told of a name
that nobody ever used. What they may read and not change is :class:`AccessDenied`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Any

from omicshelf import rules
from omicshelf.backend.base import (
    Backend,
    BlobChunks,
    CopyDraft,
    EditReport,
    FileDraft,
    GcReport,
    MetadataKeys,
    Page,
    PurgeReport,
    Query,
    VerifyReport,
    VersionDraft,
)
from omicshelf.backend.permissions import (
    PURGE_FILE,
    RIGHTS,
    Access,
    Identity,
    Policy,
    Right,
    covers,
    no_token,
)
from omicshelf.backend.source import Source
from omicshelf.errors import AccessDenied, NotFound
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

__all__ = ["Guarded"]

_FOR_ADMINS = frozenset({"set role", "remove role", "create token", "revoke token"})
_MOST_NAMED = 5


class Guarded:
    """A backend, and itself one, that does what its user may do.

    One is made for each request: roles are read once. The author of every change is the user,
    whatever ``by`` says.

    Parameters
    ----------
    backend
        What is guarded. Closing the guard leaves it open: others use it.
    identity
        The user.
    policy
        What everybody may do.
    """

    def __init__(self, backend: Backend, identity: Identity, policy: Policy) -> None:
        self._backend = backend
        self.url = backend.url
        self.access = Access(backend, identity, policy)

    @property
    def identity(self) -> Identity:
        """The user."""
        return self.access.identity

    def close(self) -> None:
        """Do nothing: the backend is the server's."""

    # -- what decides

    def check(self, method: str, atlas: str | None = None) -> None:
        """Assert that the user may call a method, for an atlas or for the whole server.

        Raises
        ------
        omicshelf.errors.NotFound
            If they may not read the atlas.
        omicshelf.errors.AccessDenied
            If they may read it, and not do this.
        """
        self._require(RIGHTS[method], atlas)

    def _require(self, right: Right, atlas: str | None) -> None:
        where = None if right.on_server else atlas
        held = self.access.in_atlas(where)
        if covers(held, right.role):
            return
        if where is not None and held is None:
            raise self._no_atlas(where)
        raise self._denied(right, where, held)

    def _no_atlas(self, atlas: str) -> NotFound:
        readable = self.access.readable()
        shown = ", ".join(f"'{name}'" for name in readable[:10])
        return NotFound(
            f"The atlas '{rules.shown(atlas)}' does not exist.",
            f"The atlases that '{self.identity.name}' may read: {shown}."
            if readable
            else f"No atlas is open to '{self.identity.name}'; an admin of the server gives roles.",
        )

    def _denied(self, right: Right, atlas: str | None, held: Role | None) -> AccessDenied:
        name = self.identity.name
        has = f"'{name}' is {held}" if held is not None else f"'{name}' has no role"
        if atlas is None:
            return AccessDenied(
                f"'{name}' may not {right.what} on this server.",
                f"It takes the role {right.role} on the whole server, and {has} there. Its admins "
                f"give it: `omicshelf role set {name} {right.role} --server`.",
            )
        admins = [r.user for r in self._backend.list_roles(atlas) if r.role == "admin"]
        who = ", ".join(f"'{admin}'" for admin in admins[:_MOST_NAMED])
        return AccessDenied(
            f"In atlas '{atlas}', '{name}' may not {right.what}.",
            f"It takes the role {right.role} there, and {has}. "
            + (f"Its admins give it: {who}." if admins else "An admin of the server can give it."),
        )

    def _exists(self, atlas: str) -> bool:
        try:
            self._backend.list_roles(atlas)
        except NotFound:
            return False
        return True

    @contextmanager
    def _writing(self, method: str, atlas: str, by: Origin) -> Iterator[None]:
        """Assert that the user may write; who makes an atlas by it becomes its admin."""
        right, access = RIGHTS[method], self.access
        held = access.in_atlas(atlas)
        if covers(held, "admin") or access.is_granted(atlas):
            self._require(right, atlas)
            yield
            return
        since = self._backend.last_change()
        is_new = held is None or not self._exists(atlas)
        if is_new and not covers(access.on_server, RIGHTS["create_atlas"].role):
            refused = self._no_atlas(atlas)
            raise NotFound(
                refused.title,
                f"{refused.detail} A new atlas takes the role contributor on the whole server.",
            )
        self._require(right, atlas)
        yield
        if is_new:
            self._claim(atlas, since, by)

    def _claim(self, atlas: str, since: int, by: Origin) -> None:
        """Make the user admin of an atlas that was not there at a change, if they made it."""
        for change in self._backend.changes(after=since, atlas=atlas, limit=1):
            if change.user == self.identity.name:
                self._backend.set_role(atlas, self.identity.name, "admin", by=by)

    def _by(self, by: Origin) -> Origin:
        return by.model_copy(update={"user": self.identity.name})

    # -- atlases

    def list_atlases(self) -> list[AtlasRecord]:
        """Give the atlases that the user may read."""
        found = self._backend.list_atlases()
        return [atlas for atlas in found if self.access.reads(atlas.name)]

    def get_atlas(self, atlas: str) -> AtlasRecord:
        self.check("get_atlas", atlas)
        return self._backend.get_atlas(atlas)

    def create_atlas(
        self, atlas: str, *, description: str | None = None, by: Origin
    ) -> AtlasRecord:
        """Make an atlas; the user becomes its admin."""
        self.check("create_atlas")
        by, since = self._by(by), self._backend.last_change()
        made = self._backend.create_atlas(atlas, description=description, by=by)
        if not covers(self.access.on_server, "admin"):
            self._claim(made.name, since, by)
        return made

    def describe_atlas(self, atlas: str, description: str | None, *, by: Origin) -> AtlasRecord:
        self.check("describe_atlas", atlas)
        return self._backend.describe_atlas(atlas, description, by=self._by(by))

    def delete_atlas(self, atlas: str, *, by: Origin) -> None:
        self.check("delete_atlas", atlas)
        self._backend.delete_atlas(atlas, by=self._by(by))

    # -- roles

    def list_roles(self, atlas: str | None) -> list[RoleRecord]:
        self.check("list_roles", atlas)
        return self._backend.list_roles(atlas)

    def set_role(self, atlas: str | None, user: str, role: Role, *, by: Origin) -> RoleRecord:
        self.check("set_role", atlas)
        return self._backend.set_role(atlas, user, role, by=self._by(by))

    def remove_role(self, atlas: str | None, user: str, *, by: Origin) -> None:
        self.check("remove_role", atlas)
        self._backend.remove_role(atlas, user, by=self._by(by))

    # -- personal tokens

    def create_token(
        self, user: str, *, note: str | None = None, days: float | None = None, by: Origin
    ) -> tuple[TokenRecord, str]:
        self._check_token_of("create_token", user)
        return self._backend.create_token(user, note=note, days=days, by=self._by(by))

    def list_tokens(self, user: str | None = None) -> list[TokenRecord]:
        self._check_token_of("list_tokens", user)
        return self._backend.list_tokens(user)

    def revoke_token(self, token_id: int, *, by: Origin) -> None:
        """Revoke a token; that of another, for who is no admin, is one that is not there."""
        if not covers(self.access.on_server, RIGHTS["revoke_token"].role):
            own = self._backend.list_tokens(self.identity.name)
            if token_id not in {token.id for token in own}:
                raise no_token(token_id)
        self._backend.revoke_token(token_id, by=self._by(by))

    def _check_token_of(self, method: str, user: str | None) -> None:
        if user != self.identity.name:
            self.check(method)

    # -- datasets and versions

    def get_dataset(self, atlas: str, dataset_id: str) -> DatasetRecord:
        self.check("get_dataset", atlas)
        return self._backend.get_dataset(atlas, dataset_id)

    def has_dataset(self, atlas: str, dataset_id: str) -> bool:
        return self.access.reads(atlas) and self._backend.has_dataset(atlas, dataset_id)

    def find(self, atlas: str, query: Query) -> Page:
        if not self.access.reads(atlas):
            return Page([], 0 if query.count else None, None, {key: {} for key in query.facets})
        return self._backend.find(atlas, query)

    def metadata_keys(self, atlas: str) -> MetadataKeys:
        if not self.access.reads(atlas):
            return MetadataKeys(0, [])
        return self._backend.metadata_keys(atlas)

    def put_version(
        self, atlas: str, draft: VersionDraft, source: Source | None, *, by: Origin
    ) -> DatasetRecord:
        by, atlas = self._by(by), rules.check_atlas(atlas)
        with self._writing("put_version", atlas, by):
            self._check_parents(draft.parents)
            return self._backend.put_version(atlas, draft, source, by=by)

    def _check_parents(self, parents: Sequence[str]) -> None:
        """Refuse a parent that the user may not read as one that is not there."""
        for parent in () if self.access.reads_all else parents:
            try:
                self.find_version(parent)
            except NotFound as error:
                raise NotFound(
                    f"There is no version '{parent}' to be a parent.",
                    "Pass Dataset or DatasetVersion objects, or their version ids.",
                ) from error

    def get_version(self, atlas: str, dataset_id: str, version: str) -> VersionRecord:
        self.check("get_version", atlas)
        return self._backend.get_version(atlas, dataset_id, version)

    def list_versions(
        self, atlas: str, dataset_id: str, *, include_deleted: bool = False
    ) -> list[VersionRecord]:
        self.check("list_versions", atlas)
        return self._backend.list_versions(atlas, dataset_id, include_deleted=include_deleted)

    def rollback(
        self,
        atlas: str,
        dataset_id: str,
        version: str,
        *,
        message: str | None = None,
        ingestion: Mapping[str, Any] | None = None,
        by: Origin,
    ) -> DatasetRecord:
        self.check("rollback", atlas)
        return self._backend.rollback(
            atlas, dataset_id, version, message=message, ingestion=ingestion, by=self._by(by)
        )

    def delete_dataset(
        self,
        atlas: str,
        dataset_id: str,
        *,
        message: str | None = None,
        details: Mapping[str, Any] | None = None,
        by: Origin,
    ) -> None:
        self.check("delete_dataset", atlas)
        self._backend.delete_dataset(
            atlas, dataset_id, message=message, details=details, by=self._by(by)
        )

    def undelete_dataset(
        self, atlas: str, dataset_id: str, *, message: str | None = None, by: Origin
    ) -> DatasetRecord:
        self.check("undelete_dataset", atlas)
        return self._backend.undelete_dataset(atlas, dataset_id, message=message, by=self._by(by))

    def copy_dataset(self, draft: CopyDraft, *, by: Origin) -> DatasetRecord:
        """Copy what the user may read to where they may write."""
        self.check("get_dataset", draft.source_atlas)
        by = self._by(by)
        with self._writing("copy_dataset", rules.check_atlas(draft.atlas), by):
            return self._backend.copy_dataset(draft, by=by)

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
    ) -> EditReport:
        self.check("edit_metadata", atlas)
        return self._backend.edit_metadata(
            atlas,
            selection,
            set_=set_,
            remove=remove,
            message=message,
            dry_run=dry_run,
            by=self._by(by),
        )

    def reindex(
        self, atlas: str, dataset_id: str, *, ingestion: Mapping[str, Any], by: Origin
    ) -> Change:
        self.check("reindex", atlas)
        return self._backend.reindex(atlas, dataset_id, ingestion=ingestion, by=self._by(by))

    def set_label(
        self, atlas: str, dataset_id: str, version: str, name: str, *, by: Origin
    ) -> LabelRecord:
        self.check("set_label", atlas)
        return self._backend.set_label(atlas, dataset_id, version, name, by=self._by(by))

    def remove_label(self, atlas: str, dataset_id: str, name: str, *, by: Origin) -> None:
        self.check("remove_label", atlas)
        self._backend.remove_label(atlas, dataset_id, name, by=self._by(by))

    def list_labels(self, atlas: str, dataset_id: str) -> list[LabelRecord]:
        self.check("list_labels", atlas)
        return self._backend.list_labels(atlas, dataset_id)

    def children(self, version_id: str) -> list[VersionRecord]:
        """Give the versions made from this one that the user may read."""
        found = self._backend.children(version_id)
        return [version for version in found if self.access.reads(version.atlas)]

    def find_version(self, version_id: str) -> VersionRecord:
        found = self._backend.find_version(version_id)
        if not self.access.reads(found.atlas):
            raise NotFound(
                f"There is no version '{rules.shown(version_id)}'.",
                "It may be purged, or of another catalog.",
            )
        return found

    # -- studies

    def set_study(
        self,
        atlas: str,
        dataset_id: str,
        study_id: str | None,
        *,
        details: Mapping[str, Any] | None = None,
        by: Origin,
    ) -> None:
        self.check("set_study", atlas)
        self._backend.set_study(atlas, dataset_id, study_id, details=details, by=self._by(by))

    def list_studies(self, atlas: str) -> list[str]:
        return self._backend.list_studies(atlas) if self.access.reads(atlas) else []

    def datasets_in_study(self, atlas: str, study_id: str) -> list[str]:
        if not self.access.reads(atlas):
            return []
        return self._backend.datasets_in_study(atlas, study_id)

    # -- supplementary files

    def put_file(self, atlas: str, draft: FileDraft, source: Source, *, by: Origin) -> FileRecord:
        self.check("put_file", atlas)
        return self._backend.put_file(atlas, draft, source, by=self._by(by))

    def get_file(self, atlas: str, dataset_id: str, file_name: str) -> FileRecord:
        self.check("get_file", atlas)
        return self._backend.get_file(atlas, dataset_id, file_name)

    def list_files(self, atlas: str, dataset_id: str) -> list[FileRecord]:
        self.check("list_files", atlas)
        return self._backend.list_files(atlas, dataset_id)

    def file_history(self, atlas: str, dataset_id: str, file_name: str) -> list[FileRecord]:
        self.check("file_history", atlas)
        return self._backend.file_history(atlas, dataset_id, file_name)

    def delete_file(
        self, atlas: str, dataset_id: str, file_name: str, *, purge: bool = False, by: Origin
    ) -> None:
        self._require(PURGE_FILE if purge else RIGHTS["delete_file"], atlas)
        self._backend.delete_file(atlas, dataset_id, file_name, purge=purge, by=self._by(by))

    # -- bytes: of what the user may read, or not at all

    def _check_blob(self, blob: str) -> None:
        if self.access.reads_all:
            return
        if not any(map(self.access.reads, self.access.keeper.atlases_of_blob(blob))):
            raise NotFound(f"There is no data object '{blob}'.", "Its version may be purged.")

    def summary(self, blob: str) -> Summary:
        self._check_blob(blob)
        return self._backend.summary(blob)

    def names(self, blob: str) -> Names | None:
        self._check_blob(blob)
        return self._backend.names(blob)

    def sha256(self, blob: str) -> str:
        self._check_blob(blob)
        return self._backend.sha256(blob)

    def blob_facts(self, blob: str) -> BlobRecord:
        self._check_blob(blob)
        return self._backend.blob_facts(blob)

    def chunks(self, blob: str) -> BlobChunks:
        self._check_blob(blob)
        return self._backend.chunks(blob)

    def staging(self) -> Path:
        return self._backend.staging()

    def local_file(self, blob: str, suffix: str) -> AbstractContextManager[Path]:
        self._check_blob(blob)
        return self._backend.local_file(blob, suffix)

    def hold_file(self, blob: str, suffix: str) -> Path:
        self._check_blob(blob)
        return self._backend.hold_file(blob, suffix)

    def open_blob(self, blob: str) -> IO[bytes]:
        self._check_blob(blob)
        return self._backend.open_blob(blob)

    def download(self, blob: str, dest: Path, progress: Progress | None = None) -> None:
        self._check_blob(blob)
        self._backend.download(blob, dest, progress)

    # -- the change log

    def changes(
        self,
        *,
        after: int = 0,
        atlas: str | None = None,
        dataset_id: str | None = None,
        limit: int | None = None,
    ) -> Iterator[Change]:
        """Give the changes of what the user may read; those of roles and tokens to admins only."""
        found = self._backend.changes
        if covers(self.access.on_server, "admin"):
            yield from found(after=after, atlas=atlas, dataset_id=dataset_id, limit=limit)
            return
        if limit == 0 or (atlas and not self.access.reads(atlas)):
            return
        left = limit
        for change in found(after=after, atlas=atlas, dataset_id=dataset_id):
            if self._may_see(change):
                yield change
                left = None if left is None else left - 1
                if left == 0:
                    return

    def _may_see(self, change: Change) -> bool:
        held = self.access.in_atlas(change.atlas or None)
        return covers(held, "admin" if change.action in _FOR_ADMINS else "viewer")

    def last_change(self) -> int:
        return self._backend.last_change()

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
    ) -> PurgeReport:
        self.check("purge_versions", atlas)
        return self._backend.purge_versions(
            atlas,
            dataset_id,
            keep_last=keep_last,
            older_than=older_than,
            force=force,
            dry_run=dry_run,
            by=self._by(by),
        )

    def purge_dataset(
        self, atlas: str, dataset_id: str, *, force: bool = False, by: Origin
    ) -> PurgeReport:
        self.check("purge_dataset", atlas)
        return self._backend.purge_dataset(atlas, dataset_id, force=force, by=self._by(by))

    def verify(self, atlas: str | None = None, dataset_id: str | None = None) -> VerifyReport:
        """Verify an atlas or a dataset of which the user is admin; without, of the server."""
        self.check("verify", atlas)
        return self._backend.verify(atlas, dataset_id)

    def gc(self, *, dry_run: bool = False, grace: float | None = None) -> GcReport:
        self.check("gc")
        return self._backend.gc(dry_run=dry_run, grace=grace)
