"""Supplementary files."""

from __future__ import annotations

from typing import Any

from omicshelf.backend.wire import FileBody
from omicshelf.errors import Invalid
from omicshelf.records import FileRecord
from omicshelf.server.answers import FileList
from omicshelf.server.queries import DeleteFileQuery
from omicshelf.server.route import Call, Content, NoQuery, Reply, Table
from omicshelf.server.routes.uploads import source_of

__all__ = ["table"]

table = Table("file")

_F = "/atlases/{atlas}/datasets/{dataset_id}/files"
_WRITES = ("Invalid", "AccessDenied", "NotFound", "Conflict", "StorageError")


@table("GET", _F, "The files of a dataset.", "viewer", answer=FileList, errors=("NotFound",))
def list_files(call: Call[NoQuery, None]) -> Reply:
    return Reply(FileList(files=call.backend.list_files(call.atlas, call.dataset_id)))


@table("POST", _F, "Attach an uploaded file.", "contributor", answer=FileRecord, status=201,
       errors=_WRITES)  # fmt: skip
def attach_file(call: Call[NoQuery, FileBody]) -> Reply:
    return Reply(_put(call), 201)


@table("GET", f"{_F}/{{name}}", "One file's record.", "viewer", answer=FileRecord,
       errors=("NotFound",))  # fmt: skip
def get_file(call: Call[NoQuery, None]) -> Reply:
    return Reply(call.backend.get_file(call.atlas, call.dataset_id, call.path["name"]))


@table("PUT", f"{_F}/{{name}}", "Attach an uploaded file, or replace it.", "contributor",
       answer=FileRecord, errors=_WRITES)  # fmt: skip
def put_file(call: Call[NoQuery, FileBody]) -> Reply:
    if call.body.file_name != call.path["name"]:
        raise Invalid(
            f"The body is about '{call.body.file_name}', and the address about "
            f"'{call.path['name']}'.",
            "Send the file_name of the address.",
        )
    return Reply(_put(call))


def _put(call: Call[Any, FileBody]) -> FileRecord:
    source = source_of(call, call.body.upload)
    draft = call.body.draft(call.dataset_id)
    return call.backend.put_file(call.atlas, draft, source, by=call.by)


@table("DELETE", f"{_F}/{{name}}", "Delete a file; it stays in the history.", "contributor",
       status=204, errors=("Invalid", "AccessDenied", "NotFound"))  # fmt: skip
def delete_file(call: Call[DeleteFileQuery, None]) -> Reply:
    """With `purge` (which needs an admin) the bytes are removed at once."""
    name, purge = call.path["name"], call.query.purge
    call.backend.delete_file(call.atlas, call.dataset_id, name, purge=purge, by=call.by)
    return Reply(status=204)


@table("GET", f"{_F}/{{name}}/content", "The bytes of a file.", "viewer", answer=Content,
       errors=("NotFound", "IntegrityError"))  # fmt: skip
def get_file_content(call: Call[NoQuery, None]) -> Content:
    """Always as an attachment in a sandbox: a page that is attached never acts here."""
    record = call.backend.get_file(call.atlas, call.dataset_id, call.path["name"])
    return Content(record.blob, record.size, record.blake3, record.file_name, "")


@table("GET", f"{_F}/{{name}}/history", "The past states of a file.", "viewer", answer=FileList,
       errors=("NotFound",))  # fmt: skip
def get_file_history(call: Call[NoQuery, None]) -> Reply:
    found = call.backend.file_history(call.atlas, call.dataset_id, call.path["name"])
    return Reply(FileList(files=found))
