"""Records over HTTP: each method is one route. What the rules refuse is refused here already."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from omicshelf import rules
from omicshelf.backend import wire
from omicshelf.backend.base import (
    CopyDraft,
    EditReport,
    GcReport,
    MetadataKeys,
    Page,
    PurgeReport,
    Query,
    VerifyReport,
)
from omicshelf.backend.remote.client import Client, as_record, as_records, path_of
from omicshelf.errors import Invalid, NotFound
from omicshelf.records import (
    AtlasRecord,
    Change,
    DatasetRecord,
    FileRecord,
    LabelRecord,
    Origin,
    Role,
    RoleRecord,
    TokenRecord,
    VersionRecord,
)

__all__ = ["Records"]

_PAGE = 1000
_Parameters = list[tuple[str, str]]


class Records:
    """The part of the remote backend that asks for records, and changes them."""

    def __init__(self, client: Client) -> None:
        self.client = client

    # -- atlases and roles

    def list_atlases(self) -> list[AtlasRecord]:
        return as_records(AtlasRecord, self.client.ask("GET", "/atlases"), "atlases")

    def get_atlas(self, atlas: str) -> AtlasRecord:
        return as_record(AtlasRecord, self.client.ask("GET", path_of("atlases", atlas)))

    def create_atlas(
        self, atlas: str, *, description: str | None = None, by: Origin
    ) -> AtlasRecord:
        body = wire.AtlasBody(
            name=rules.check_atlas(atlas), description=rules.check_description(description)
        )
        return as_record(AtlasRecord, self.client.ask("POST", "/atlases", body=body, by=by))

    def describe_atlas(self, atlas: str, description: str | None, *, by: Origin) -> AtlasRecord:
        body = wire.AtlasPatch(description=rules.check_description(description))
        answer = self.client.ask("PATCH", path_of("atlases", atlas), body=body, by=by)
        return as_record(AtlasRecord, answer)

    def delete_atlas(self, atlas: str, *, by: Origin) -> None:
        self.client.ask("DELETE", path_of("atlases", atlas), by=by)

    def list_roles(self, atlas: str | None) -> list[RoleRecord]:
        return as_records(RoleRecord, self.client.ask("GET", _roles(atlas)), "roles")

    def set_role(self, atlas: str | None, user: str, role: Role, *, by: Origin) -> RoleRecord:
        body = wire.RoleBody(role=rules.check_role(role))
        path = _roles(atlas) + path_of(rules.check_user(user))
        answer = self.client.ask("PUT", path, body=body, by=by)
        return as_record(RoleRecord, answer)

    def remove_role(self, atlas: str | None, user: str, *, by: Origin) -> None:
        self.client.ask("DELETE", _roles(atlas) + path_of(user), by=by)

    # -- personal tokens

    def create_token(
        self, user: str, *, note: str | None = None, days: float | None = None, by: Origin
    ) -> tuple[TokenRecord, str]:
        body = wire.TokenBody(
            user=rules.check_user(user),
            note=rules.check_note(note),
            days=rules.check_days(days),
        )
        made = as_record(wire.TokenMade, self.client.ask("POST", "/tokens", body=body, by=by))
        return made.token, made.secret

    def list_tokens(self, user: str | None = None) -> list[TokenRecord]:
        params = [("everybody", "true")] if user is None else [("user", user)]
        return as_records(TokenRecord, self.client.ask("GET", "/tokens", params=params), "tokens")

    def revoke_token(self, token_id: int, *, by: Origin) -> None:
        self.client.ask("DELETE", path_of("tokens", str(token_id)), by=by)

    # -- datasets

    def get_dataset(self, atlas: str, dataset_id: str) -> DatasetRecord:
        return as_record(DatasetRecord, self.client.ask("GET", _dataset(atlas, dataset_id)))

    def has_dataset(self, atlas: str, dataset_id: str) -> bool:
        try:
            path = _dataset(atlas, dataset_id)
        except NotFound:
            return False
        return self.client.has(path)

    def find(self, atlas: str, query: Query) -> Page:
        """Give a page; where more is wanted than a server gives at once, several of its pages."""
        path = path_of("atlases", atlas, "datasets")
        wanted = query.limit
        asked = replace(query, limit=_PAGE if wanted is None else min(wanted, _PAGE))
        first = page = self._page(path, asked)
        datasets = list(page.datasets)
        while page.next is not None and (wanted is None or len(datasets) < wanted):
            rest = _PAGE if wanted is None else min(wanted - len(datasets), _PAGE)
            page = self._page(
                path, replace(query, limit=rest, after=page.next, count=False, facets=())
            )
            datasets += page.datasets
        return replace(first, datasets=datasets, next=page.next)

    def _page(self, path: str, query: Query) -> Page:
        answer = self.client.ask("GET", path, params=wire.query_parameters(query))
        return as_record(Page, answer)

    def metadata_keys(self, atlas: str) -> MetadataKeys:
        answer = self.client.ask("GET", path_of("atlases", atlas, "keys"))
        return as_record(MetadataKeys, answer)

    def delete_dataset(
        self,
        atlas: str,
        dataset_id: str,
        *,
        message: str | None = None,
        details: Mapping[str, Any] | None = None,
        by: Origin,
    ) -> None:
        body = wire.DeleteBody(message=rules.check_message(message), details=dict(details or {}))
        self.client.ask("DELETE", _dataset(atlas, dataset_id), body=body, by=by)

    def undelete_dataset(
        self, atlas: str, dataset_id: str, *, message: str | None = None, by: Origin
    ) -> DatasetRecord:
        body = wire.DeleteBody(message=rules.check_message(message))
        path = _dataset(atlas, dataset_id, "undelete")
        return as_record(DatasetRecord, self.client.ask("POST", path, body=body, by=by))

    def copy_dataset(self, draft: CopyDraft, *, by: Origin) -> DatasetRecord:
        body = wire.CopyBody(
            atlas=rules.check_atlas(draft.atlas),
            dataset_id=rules.check_dataset_id(draft.dataset_id),
            overwrite=draft.overwrite,
            with_history=draft.with_history,
            message=rules.check_message(draft.message),
            ingestion=dict(draft.ingestion),
        )
        path = _dataset(draft.source_atlas, draft.source_id, "copy")
        return as_record(DatasetRecord, self.client.ask("POST", path, body=body, by=by))

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
        body = wire.EditBody(
            **_selected(selection),
            set=rules.clean_metadata(set_),
            remove=list(remove),
            message=rules.check_message(message),
            dry_run=dry_run,
        )
        path = path_of("atlases", atlas, "metadata")
        answer = self.client.ask("POST", path, body=body, by=by, repeat=dry_run, lasting=True)
        return as_record(EditReport, answer)

    def reindex(
        self, atlas: str, dataset_id: str, *, ingestion: Mapping[str, Any], by: Origin
    ) -> Change:
        body = wire.ReindexBody(ingestion=dict(ingestion))
        path = _dataset(atlas, dataset_id, "reindex")
        return as_record(Change, self.client.ask("POST", path, body=body, by=by))

    # -- versions

    def get_version(self, atlas: str, dataset_id: str, version: str) -> VersionRecord:
        path = _version(atlas, dataset_id, version)
        return as_record(VersionRecord, self.client.ask("GET", path))

    def list_versions(
        self, atlas: str, dataset_id: str, *, include_deleted: bool = False
    ) -> list[VersionRecord]:
        params = [("include_deleted", "true")] if include_deleted else []
        path = _dataset(atlas, dataset_id, "versions")
        return as_records(VersionRecord, self.client.ask("GET", path, params=params), "versions")

    def find_version(self, version_id: str) -> VersionRecord:
        return as_record(VersionRecord, self.client.ask("GET", path_of("versions", version_id)))

    def children(self, version_id: str) -> list[VersionRecord]:
        path = path_of("versions", version_id, "children")
        return as_records(VersionRecord, self.client.ask("GET", path), "versions")

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
        body = wire.RollbackBody(
            message=rules.check_message(message), ingestion=dict(ingestion or {})
        )
        path = _version(atlas, dataset_id, version, "rollback")
        return as_record(DatasetRecord, self.client.ask("POST", path, body=body, by=by))

    def set_label(
        self, atlas: str, dataset_id: str, version: str, name: str, *, by: Origin
    ) -> LabelRecord:
        path = _dataset(atlas, dataset_id, "labels", rules.check_label(name))
        body = wire.LabelBody(version=version)
        return as_record(LabelRecord, self.client.ask("PUT", path, body=body, by=by))

    def remove_label(self, atlas: str, dataset_id: str, name: str, *, by: Origin) -> None:
        self.client.ask("DELETE", _dataset(atlas, dataset_id, "labels", name), by=by)

    def list_labels(self, atlas: str, dataset_id: str) -> list[LabelRecord]:
        path = _dataset(atlas, dataset_id, "labels")
        return as_records(LabelRecord, self.client.ask("GET", path), "labels")

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
        checked = None if study_id is None else rules.check_study_id(study_id)
        body = wire.StudyBody(study_id=checked, details=dict(details or {}))
        self.client.ask("POST", _dataset(atlas, dataset_id, "study"), body=body, by=by)

    def list_studies(self, atlas: str) -> list[str]:
        return as_records(
            str, self.client.ask("GET", path_of("atlases", atlas, "studies")), "studies"
        )

    def datasets_in_study(self, atlas: str, study_id: str) -> list[str]:
        path = path_of("atlases", atlas, "studies", study_id)
        return as_records(str, self.client.ask("GET", path), "datasets")

    # -- supplementary files

    def get_file(self, atlas: str, dataset_id: str, file_name: str) -> FileRecord:
        path = _dataset(atlas, dataset_id, "files", rules.check_file_name(file_name))
        return as_record(FileRecord, self.client.ask("GET", path))

    def list_files(self, atlas: str, dataset_id: str) -> list[FileRecord]:
        path = _dataset(atlas, dataset_id, "files")
        return as_records(FileRecord, self.client.ask("GET", path), "files")

    def file_history(self, atlas: str, dataset_id: str, file_name: str) -> list[FileRecord]:
        path = _dataset(atlas, dataset_id, "files", rules.check_file_name(file_name), "history")
        return as_records(FileRecord, self.client.ask("GET", path), "files")

    def delete_file(
        self, atlas: str, dataset_id: str, file_name: str, *, purge: bool = False, by: Origin
    ) -> None:
        path = _dataset(atlas, dataset_id, "files", rules.check_file_name(file_name))
        params = [("purge", "true")] if purge else []
        self.client.ask("DELETE", path, params=params, by=by, lasting=purge)

    # -- the change log

    def changes(
        self,
        *,
        after: int = 0,
        atlas: str | None = None,
        dataset_id: str | None = None,
        limit: int | None = None,
    ) -> Iterator[Change]:
        """Give the lines of the change log, page by page."""
        given: _Parameters = [] if atlas is None else [("atlas", atlas)]
        given += [] if dataset_id is None else [("dataset_id", dataset_id)]
        left = limit
        while left is None or left > 0:
            asked = _PAGE if left is None else min(left, _PAGE)
            params = [("after", str(after)), ("limit", str(asked)), *given]
            page = as_record(wire.ChangeList, self.client.ask("GET", "/changes", params=params))
            yield from page.changes
            if len(page.changes) < asked:
                return
            after = page.last
            left = None if left is None else left - asked

    def last_change(self) -> int:
        """Give the number of the newest line of the change log."""
        # Of an atlas that cannot be, no line is given, and all are looked at.
        params = [("atlas", "/"), ("limit", "1")]
        return as_record(wire.ChangeList, self.client.ask("GET", "/changes", params=params)).last

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
        body = wire.PurgeBody(
            atlas=atlas,
            dataset_id=dataset_id,
            keep_last=keep_last,
            older_than=older_than,
            force=force,
            dry_run=dry_run,
        )
        return self._purge(body, by)

    def purge_dataset(
        self, atlas: str, dataset_id: str, *, force: bool = False, by: Origin
    ) -> PurgeReport:
        body = wire.PurgeBody(atlas=atlas, dataset_id=dataset_id, whole=True, force=force)
        return self._purge(body, by)

    def _purge(self, body: wire.PurgeBody, by: Origin) -> PurgeReport:
        answer = self.client.ask(
            "POST", "/admin/purge", body=body, by=by, repeat=body.dry_run, lasting=True
        )
        return as_record(PurgeReport, answer)

    def verify(self, atlas: str | None = None, dataset_id: str | None = None) -> VerifyReport:
        body = wire.VerifyBody(atlas=atlas, dataset_id=dataset_id)
        answer = self.client.ask("POST", "/admin/verify", body=body, repeat=True, lasting=True)
        return as_record(VerifyReport, answer)

    def gc(self, *, dry_run: bool = False, grace: float | None = None) -> GcReport:
        if grace is not None and not (math.isfinite(grace) and grace >= 0):
            # JSON has no word for it, and null means the default.
            raise Invalid(f"grace is {grace}.", "Pass a number of seconds, 0 or more.")
        body = wire.GcBody(dry_run=dry_run, grace=grace)
        # Collected twice is collected once.
        answer = self.client.ask("POST", "/admin/gc", body=body, repeat=True, lasting=True)
        return as_record(GcReport, answer)


def _dataset(atlas: str, dataset_id: str, *more: str) -> str:
    return path_of("atlases", atlas, "datasets", dataset_id, *more)


def _roles(atlas: str | None) -> str:
    return "/admin/roles" if atlas is None else path_of("atlases", atlas, "roles")


def _version(atlas: str, dataset_id: str, version: str, *more: str) -> str:
    if not version:
        raise Invalid(
            "'' names no version.",
            "Pass a version id, 'v5', a label, or the first 8 or more characters of the id.",
        )
    return _dataset(atlas, dataset_id, "versions", version, *more)


def _selected(selection: Sequence[str] | Query) -> dict[str, Any]:
    if not isinstance(selection, Query):
        return {"datasets": list(selection)}
    where = [(one.key, one.operator, one.value) for one in selection.where]
    return {"text": selection.text, "where": where}
