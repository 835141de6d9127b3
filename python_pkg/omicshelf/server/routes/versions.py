"""Versions: listed, read, rolled back to, compared."""

from __future__ import annotations

from typing import Any

from omicshelf.backend.source import stored_suffix
from omicshelf.backend.wire import RollbackBody
from omicshelf.catalog.diff import Side, compare
from omicshelf.formats.preview.models import Preview, PreviewRequest
from omicshelf.formats.worker import preview_file
from omicshelf.records import DatasetRecord, Summary, VersionRecord
from omicshelf.server.answers import DiffAnswer, VersionList
from omicshelf.server.queries import VersionsQuery
from omicshelf.server.route import Call, Content, NoQuery, Reply, Table
from omicshelf.server.routes.datasets import tag_of

__all__ = ["table"]

table = Table("dataset")

_D = "/atlases/{atlas}/datasets/{dataset_id}"
_V = f"{_D}/versions/{{version}}"


def _version(call: Call[Any, Any], name: str = "version") -> VersionRecord:
    return call.backend.get_version(call.atlas, call.dataset_id, call.path[name])


@table("GET", f"{_D}/versions", "The versions of a dataset, newest first.", "viewer",
       answer=VersionList, errors=("NotFound",))  # fmt: skip
def list_versions(call: Call[VersionsQuery, None]) -> Reply:
    found = call.backend.list_versions(
        call.atlas, call.dataset_id, include_deleted=call.query.include_deleted
    )
    return Reply(VersionList(versions=found))


@table("GET", _V, "One version, by its number, id, label or the beginning of its id.", "viewer",
       answer=VersionRecord, errors=("Invalid", "NotFound"))  # fmt: skip
def get_version(call: Call[NoQuery, None]) -> Reply:
    return Reply(_version(call))


@table("POST", f"{_V}/rollback", "Make an old version the newest again.", "contributor",
       optional_body=True, answer=DatasetRecord, status=201,
       errors=("Invalid", "AccessDenied", "NotFound", "Conflict"))  # fmt: skip
def rollback(call: Call[NoQuery, RollbackBody]) -> Reply:
    record = call.backend.rollback(
        call.atlas,
        call.dataset_id,
        call.path["version"],
        message=call.body.message,
        ingestion=call.body.ingestion,
        by=call.by,
    )
    return Reply(record, 201, etag=tag_of(record))


@table("GET", f"{_V}/data", "The bytes of a version.", "viewer", answer=Content,
       errors=("Invalid", "NotFound", "IntegrityError"))  # fmt: skip
def get_data(call: Call[NoQuery, None]) -> Content:
    """`Range`, `If-Range`, `If-None-Match` and HEAD; the tag is the blake3 hash of all bytes."""
    version = _version(call)
    suffix = stored_suffix(version.data_format)
    name = f"{version.dataset_id}_{version.name}{suffix}"
    return Content(version.blob, version.size, version.blake3, name, suffix)


@table("GET", f"{_V}/summary", "What is in the data, without opening them.", "viewer",
       answer=Summary, errors=("Invalid", "NotFound"))  # fmt: skip
def get_summary(call: Call[NoQuery, None]) -> Reply:
    version = _version(call)
    return Reply(call.backend.summary(version.blob), etag=f'"{version.blob}"')


@table("GET", f"{_V}/preview", "Points, a page, a block or the beginning of the data.", "viewer",
       answer=Preview, errors=("Invalid", "NotFound", "IntegrityError",
                               "MissingDependency"))  # fmt: skip
def get_preview(call: Call[PreviewRequest, None]) -> Reply:
    """Read in a limited worker process: what is wrong with the file is told in `problems`."""
    version = _version(call)
    suffix = stored_suffix(version.data_format)
    with call.backend.local_file(version.blob, suffix) as path:
        found = preview_file(path, version.data_format or "", call.query)
    return Reply(found)


@table("GET", f"{_V}/diff/{{other}}", "What changed from one version to another.", "viewer",
       answer=DiffAnswer, errors=("Invalid", "NotFound", "IntegrityError"))  # fmt: skip
def diff_versions(call: Call[NoQuery, None]) -> Reply:
    """Compares records alone, so that it takes milliseconds at any size."""
    found = compare(_side(call, "version"), _side(call, "other"))
    return Reply(
        DiffAnswer(heading=found.heading, summary=found.summary(), changes=found.to_dict())
    )


def _side(call: Call[Any, Any], name: str) -> Side:
    version = _version(call, name)
    return Side(version, call.backend.summary(version.blob), call.backend.names(version.blob))


@table("GET", "/versions/{version_id}", "A version by its id alone.", "viewer",
       answer=VersionRecord, errors=("NotFound",))  # fmt: skip
def find_version(call: Call[NoQuery, None]) -> Reply:
    return Reply(call.backend.find_version(call.path["version_id"]))


@table("GET", "/versions/{version_id}/children", "The versions made from one.", "viewer",
       answer=VersionList)  # fmt: skip
def list_children(call: Call[NoQuery, None]) -> Reply:
    return Reply(VersionList(versions=call.backend.children(call.path["version_id"])))
