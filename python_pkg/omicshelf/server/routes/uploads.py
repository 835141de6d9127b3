"""Uploads: begun, filled, and named by the request that makes the version or file.

They belong to who began them, and are kept in the database and the store: any replica goes on.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from omicshelf.backend.source import Source
from omicshelf.backend.wire import (
    ChunkList,
    Inspected,
    InspectedState,
    UploadPlan,
    UploadRequest,
    UploadState,
)
from omicshelf.errors import Invalid
from omicshelf.server.route import Body, Call, NoQuery, Reply, Table

__all__ = ["source_of", "table"]

table = Table("dataset")

_U = "/uploads/{upload}"
_ERRORS = ("Invalid", "NotFound", "Conflict", "StorageError")


def source_of(call: Call[Any, Any], upload: str) -> Source:
    """Give the bytes of an upload that is complete."""
    return call.uploads.uploaded(upload, user=call.user)


@table("POST", "/uploads", "Begin an upload.", "contributor", answer=UploadState, status=201,
       may_be_unchanged=True,
       errors=(*_ERRORS, "AccessDenied", "AlreadyExists"))  # fmt: skip
def begin_upload(call: Call[NoQuery, UploadRequest]) -> Reply:
    """What its end would refuse is refused now; a `save` of what is there is answered with 200."""
    # Also what the last versions of a dataset lack is told to nobody who may not write to it.
    call.check("put_file" if call.body.version is None else "put_version", call.body.atlas)
    state = call.uploads.begin_upload(call.body, user=call.user)
    return Reply(state, 201 if state.unchanged is None else 200)


@table("GET", _U, "Which parts of an upload are there.", "contributor", answer=UploadState,
       errors=("NotFound",))  # fmt: skip
def get_upload(call: Call[NoQuery, None]) -> Reply:
    return Reply(call.uploads.upload_state(call.path["upload"], user=call.user))


@table("DELETE", _U, "End an upload, and remove what has arrived.", "contributor", status=204,
       errors=("NotFound",))  # fmt: skip
def drop_upload(call: Call[NoQuery, None]) -> Reply:
    call.uploads.drop_upload(call.path["upload"], user=call.user)
    return Reply(status=204)


@table("PUT", f"{_U}/chunks", "Say how the file is cut, and learn what is missing.",
       "contributor", answer=UploadPlan, errors=_ERRORS, max_body="chunks")  # fmt: skip
def plan_upload(call: Call[NoQuery, ChunkList]) -> Reply:
    return Reply(call.uploads.plan_upload(call.path["upload"], call.body, user=call.user))


@table("PUT", f"{_U}/inspection", "Say what is in the data.", "contributor",
       answer=InspectedState, errors=_ERRORS, max_body="chunks")  # fmt: skip
def put_inspection(call: Call[NoQuery, Inspected]) -> Reply:
    """Names that the last versions have need not be sent: their hash may be in their place."""
    return Reply(call.uploads.inspected(call.path["upload"], call.body, user=call.user))


@table("PUT", f"{_U}/parts/{{number}}", "Send a part.", "contributor", status=204,
       errors=_ERRORS, max_body="part")  # fmt: skip
def put_part(call: Call[NoQuery, Body]) -> Reply:
    """Its bytes are hashed as they arrive; the same part may be sent again."""
    part = call.body
    number = _number(call.path["number"])
    call.uploads.put_part(call.path["upload"], number, Path(part.path), part.blake3, user=call.user)
    return Reply(status=204)


@table("POST", f"{_U}/parts/{{number}}", "Say that a part is at its presigned address.",
       "contributor", status=204, errors=_ERRORS)  # fmt: skip
def take_part(call: Call[NoQuery, None]) -> Reply:
    """It is read and checked then, as if it had been sent."""
    call.uploads.take_direct(call.path["upload"], _number(call.path["number"]), user=call.user)
    return Reply(status=204)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Invalid(f"'{text[:40]}' is no number of a part.", "Parts are numbered from 0.")
    return int(text)
