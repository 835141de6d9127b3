"""Bytes by their own id: for clients that keep and verify them."""

from __future__ import annotations

import base64
from typing import Any

from omicshelf.backend.wire import BlobHash, BlobNames, ChunkList
from omicshelf.records import BlobRecord, Summary
from omicshelf.server.route import Call, Content, NoQuery, Reply, Table

__all__ = ["table"]

table = Table("dataset")

_B = "/blobs/{blob}"
_ERRORS = ("NotFound", "IntegrityError")


def _told(call: Call[Any, Any], body: Any) -> Reply:
    # What a blob is never changes.
    return Reply(body, etag=f'"{call.path["blob"]}"')


@table("GET", _B, "Size, hash and format of stored bytes.", "viewer", answer=BlobRecord,
       errors=("NotFound",))  # fmt: skip
def get_blob(call: Call[NoQuery, None]) -> Reply:
    """The caller needs to be a viewer of an atlas that has a dataset with these bytes."""
    return _told(call, call.backend.blob_facts(call.path["blob"]))


@table("GET", f"{_B}/content", "The bytes.", "viewer", answer=Content, errors=_ERRORS)
def get_blob_content(call: Call[NoQuery, None]) -> Content:
    facts = call.backend.blob_facts(call.path["blob"])
    return Content(facts.blob, facts.size, facts.blake3, facts.blob, "")


@table("GET", f"{_B}/chunks", "How the bytes are cut, and the hash of each chunk.", "viewer",
       answer=ChunkList, errors=_ERRORS)  # fmt: skip
def get_chunks(call: Call[NoQuery, None]) -> Reply:
    found = call.backend.chunks(call.path["blob"])
    cuts = ChunkList(
        size=found.size,
        blake3=found.blake3,
        lengths=base64.b64encode(found.lengths).decode(),
        hashes=base64.b64encode(found.hashes).decode(),
    )
    return _told(call, cuts)


@table("GET", f"{_B}/summary", "What is in the data.", "viewer", answer=Summary, errors=_ERRORS)
def get_blob_summary(call: Call[NoQuery, None]) -> Reply:
    return _told(call, call.backend.summary(call.path["blob"]))


@table("GET", f"{_B}/names", "The hashes of the names of cells and genes.", "viewer",
       answer=BlobNames, errors=_ERRORS)  # fmt: skip
def get_names(call: Call[NoQuery, None]) -> Reply:
    names = call.backend.names(call.path["blob"])
    if names is None:
        return _told(call, BlobNames())
    obs, var = (base64.b64encode(part).decode() for part in (names.obs, names.var))
    return _told(call, BlobNames(obs_names=obs, var_names=var))


@table("GET", f"{_B}/sha256", "The sha256 of the bytes, for a citation.", "viewer", answer=BlobHash,
       errors=_ERRORS)  # fmt: skip
def get_sha256(call: Call[NoQuery, None]) -> Reply:
    return _told(call, BlobHash(sha256=call.backend.sha256(call.path["blob"])))
