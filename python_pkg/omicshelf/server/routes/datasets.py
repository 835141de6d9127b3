"""Datasets: found, read, written, deleted, brought back, copied, labelled."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal, cast

from omicshelf.backend.base import CopyDraft, Page
from omicshelf.backend.wire import (
    CopyBody,
    DeleteBody,
    LabelBody,
    ReindexBody,
    StudyBody,
    VersionBody,
)
from omicshelf.catalog.lineage import trace
from omicshelf.errors import Conflict, Invalid
from omicshelf.records import Change, DatasetRecord, LabelRecord
from omicshelf.server.answers import LabelList, LineageAnswer
from omicshelf.server.queries import FindQuery, LineageQuery
from omicshelf.server.refusals import Refused
from omicshelf.server.route import Call, NoQuery, Reply, Table
from omicshelf.server.routes.uploads import source_of

__all__ = ["table", "tag_of"]

table = Table("dataset")

_D = "/atlases/{atlas}/datasets/{dataset_id}"
_WRITES = ("Invalid", "AccessDenied", "NotFound", "AlreadyExists", "Conflict", "StorageError")


def tag_of(record: DatasetRecord) -> str:
    """Give the entity tag of a dataset: its version, and the last change of anything of it."""
    return f'"{record.version.version_id}-{record.change_seq}"'


def _reply(record: DatasetRecord, status: int = 200) -> Reply:
    return Reply(record, status, etag=tag_of(record))


def _check_match(call: Call[Any, Any]) -> DatasetRecord | None:
    """Refuse a change that is based on another state; give the state where one is named."""
    if not call.if_match:
        return None
    record = call.backend.get_dataset(call.atlas, call.dataset_id)
    if "*" not in call.if_match and tag_of(record) not in call.if_match:
        raise stale(record)
    return record


def stale(record: DatasetRecord) -> Refused:
    """Make the answer to a stale ``If-Match``."""
    return Refused(
        412,
        Conflict(
            f"The dataset '{record.dataset_id}' has changed: it is at {record.version.name}, and "
            "the change is based on another state of it.",
            "Read it again, apply your change to what it is now, and send its new ETag in "
            "If-Match.",
        ),
        {"ETag": tag_of(record)},
    )


@table("GET", "/atlases/{atlas}/datasets", "Find datasets: search, filters, facets, pages.",
       "viewer", answer=Page, errors=("Invalid",))  # fmt: skip
def find_datasets(call: Call[FindQuery, None]) -> Reply:
    """`where` is a JSON array of triples, `facets` is repeated; `next` is the cursor `after`."""
    return Reply(call.backend.find(call.atlas, call.query.query()))


@table("POST", "/atlases/{atlas}/datasets", "Create a dataset, or save a version of it.",
       "contributor", answer=DatasetRecord, status=201, may_be_unchanged=True,
       errors=_WRITES)  # fmt: skip
def create_dataset(call: Call[NoQuery, VersionBody]) -> Reply:
    """`mode` is `create` or `save`; a `save` that changes nothing is answered with 200."""
    if call.body.mode == "update":
        raise Invalid(
            "The mode 'update' is none for POST.",
            "PATCH the dataset's own address to update it; create and save go by POST.",
        )
    record = _put(call, call.body, call.body.mode)
    return _reply(record, 200 if record.unchanged else 201)


@table("GET", _D, "A dataset and its newest version.", "viewer", answer=DatasetRecord,
       errors=("NotFound",))  # fmt: skip
def get_dataset(call: Call[NoQuery, None]) -> Reply:
    return _reply(call.backend.get_dataset(call.atlas, call.dataset_id))


@table("PATCH", _D, "Write a new version of a dataset.", "contributor", answer=DatasetRecord,
       errors=_WRITES)  # fmt: skip
def update_dataset(call: Call[NoQuery, VersionBody]) -> Reply:
    """With `If-Match`, only if the dataset is still as that tag says; else the answer is 412."""
    body = call.body
    if body.dataset_id != call.dataset_id:
        raise Invalid(
            f"The body is about '{body.dataset_id}', and the address about '{call.dataset_id}'.",
            "Send the dataset_id of the address; copy a dataset to give it another id.",
        )
    if body.mode == "create" and "mode" in body.model_fields_set:
        raise Invalid("The mode 'create' is none for PATCH.", "POST to /datasets to create one.")
    mode = "save" if body.mode == "save" else "update"
    if (based_on := _check_match(call)) is not None and body.expected_version is None:
        # What is written between this look and the write is found there.
        body = body.model_copy(update={"expected_version": based_on.version.version_id})
    try:
        record = _put(call, body, cast("Literal['update', 'save']", mode))
    except Conflict as error:
        if based_on is None:
            raise
        raise Refused(412, error) from error
    return _reply(record)


def _put(
    call: Call[Any, Any], body: VersionBody, mode: Literal["create", "update", "save"]
) -> DatasetRecord:
    source = None if body.upload is None else source_of(call, body.upload)
    draft = replace(body.draft(), mode=mode)
    return call.backend.put_version(call.atlas, draft, source, by=call.by)


@table("DELETE", _D, "Delete a dataset; undelete brings it back.", "admin", optional_body=True,
       status=204, errors=("Invalid", "AccessDenied", "NotFound", "Conflict"))  # fmt: skip
def delete_dataset(call: Call[NoQuery, DeleteBody]) -> Reply:
    _check_match(call)
    body = call.body
    call.backend.delete_dataset(
        call.atlas, call.dataset_id, message=body.message, details=body.details, by=call.by
    )
    return Reply(status=204)


@table("POST", f"{_D}/undelete", "Bring a deleted dataset back.", "admin", optional_body=True,
       answer=DatasetRecord,
       errors=("Invalid", "AccessDenied", "NotFound", "AlreadyExists"))  # fmt: skip
def undelete_dataset(call: Call[NoQuery, DeleteBody]) -> Reply:
    found = call.backend.undelete_dataset(
        call.atlas, call.dataset_id, message=call.body.message, by=call.by
    )
    return _reply(found)


@table("POST", f"{_D}/copy", "Copy a dataset to another id or atlas.", "contributor",
       answer=DatasetRecord, status=201, errors=_WRITES)  # fmt: skip
def copy_dataset(call: Call[NoQuery, CopyBody]) -> Reply:
    """Needs a viewer of the source and a contributor of the destination; no bytes are copied."""
    draft = CopyDraft(call.atlas, call.dataset_id, **call.body.model_dump())
    return _reply(call.backend.copy_dataset(draft, by=call.by), 201)


@table("POST", f"{_D}/study", "Put a dataset into a study, or take it out.", "contributor",
       answer=DatasetRecord, errors=("Invalid", "AccessDenied", "NotFound"))  # fmt: skip
def set_study(call: Call[NoQuery, StudyBody]) -> Reply:
    call.backend.set_study(
        call.atlas, call.dataset_id, call.body.study_id, details=call.body.details, by=call.by
    )
    return _reply(call.backend.get_dataset(call.atlas, call.dataset_id))


@table("POST", f"{_D}/reindex", "Index a dataset anew.", "contributor", optional_body=True,
       answer=Change, errors=("Invalid", "AccessDenied", "NotFound"))  # fmt: skip
def reindex(call: Call[NoQuery, ReindexBody]) -> Reply:
    found = call.backend.reindex(
        call.atlas, call.dataset_id, ingestion=call.body.ingestion, by=call.by
    )
    return Reply(found)


@table("GET", f"{_D}/labels", "The labels of a dataset's versions.", "viewer", answer=LabelList,
       errors=("NotFound",))  # fmt: skip
def list_labels(call: Call[NoQuery, None]) -> Reply:
    return Reply(LabelList(labels=call.backend.list_labels(call.atlas, call.dataset_id)))


@table("PUT", f"{_D}/labels/{{name}}", "Give a version a name.", "contributor", answer=LabelRecord,
       errors=("Invalid", "AccessDenied", "NotFound", "AlreadyExists", "Conflict"))  # fmt: skip
def set_label(call: Call[NoQuery, LabelBody]) -> Reply:
    name = call.path["name"]
    made = call.backend.set_label(call.atlas, call.dataset_id, call.body.version, name, by=call.by)
    return Reply(made)


@table("DELETE", f"{_D}/labels/{{name}}", "Take a name off its version.", "contributor", status=204,
       errors=("Invalid", "AccessDenied", "NotFound"))  # fmt: skip
def remove_label(call: Call[NoQuery, None]) -> Reply:
    call.backend.remove_label(call.atlas, call.dataset_id, call.path["name"], by=call.by)
    return Reply(status=204)


@table("GET", f"{_D}/lineage", "What a version was made from, and what from it.", "viewer",
       answer=LineageAnswer, errors=("Invalid", "NotFound"))  # fmt: skip
def get_lineage(call: Call[LineageQuery, None]) -> Reply:
    named = call.query.version
    if named is None:
        record = call.backend.get_dataset(call.atlas, call.dataset_id).version
    else:
        record = call.backend.get_version(call.atlas, call.dataset_id, named)
    found = trace(call.backend, record, depth=call.query.depth)
    return Reply(LineageAnswer(**found.to_dict()))
