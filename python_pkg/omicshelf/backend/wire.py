"""What travels between a client and a server: the bodies, headers and addresses of the REST API.

The records themselves are those of :mod:`omicshelf.records`. Requests refuse keys that they do
not know; answers may grow, and clients ignore what they do not know.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from omicshelf import errors
from omicshelf.backend.base import FileDraft, Query, VersionDraft
from omicshelf.records import Change, DatasetRecord, Origin, TokenRecord

__all__ = [
    "API",
    "CLIENT_HEADER",
    "HASH_HEADER",
    "INFO",
    "ORIGIN_HEADER",
    "STATUS",
    "USER_HEADER",
    "VERSION",
    "AtlasBody",
    "AtlasPatch",
    "BlobHash",
    "BlobNames",
    "ChangeList",
    "ChunkList",
    "CopyBody",
    "DeleteBody",
    "EditBody",
    "ErrorBody",
    "FileBody",
    "GcBody",
    "Info",
    "Inspected",
    "LabelBody",
    "PurgeBody",
    "ReindexBody",
    "RoleBody",
    "RollbackBody",
    "StudyBody",
    "TokenBody",
    "TokenMade",
    "UploadPlan",
    "UploadRequest",
    "UploadState",
    "VerifyBody",
    "VersionBody",
    "decode_origin",
    "encode_origin",
    "error_of",
    "query_parameters",
]

VERSION = 1
"""The release of the protocol. A server speaks one; a client refuses to talk to another."""

API = f"/omicshelf/api/v{VERSION}"

INFO = "/omicshelf/api/v1/info"
"""Asked first, by every client of every server: it stays where it is in all later releases,
so that the two can tell which of them is to be upgraded."""

CLIENT_HEADER = "X-Omicshelf-Client"
"""The client's release of omicshelf, for the log and for ``/info``'s advice."""

ORIGIN_HEADER = "X-Omicshelf-Origin"
"""Where a change comes from, as :func:`encode_origin` gives it; the user in it is not believed."""

USER_HEADER = "X-Omicshelf-User"
"""For whom a proxy asks; believed only from a credential that may act for others."""

HASH_HEADER = "X-Omicshelf-Blake3"
"""The blake3 hash (hex) of the bytes of a request's body, or of a whole blob in an answer."""

STATUS: dict[str, int] = {
    "Invalid": 400,
    "MissingPath": 400,
    "QueryFailed": 400,
    "Unauthorized": 401,
    "AccessDenied": 403,
    "NotFound": 404,
    "StaleUpload": 409,
    "AlreadyExists": 409,
    "Conflict": 409,
    "FailureLimitError": 409,
    "RepositoryLocked": 423,
    "IntegrityError": 500,
    "MissingDependency": 501,
    "Unreachable": 502,
    "StorageError": 507,
}
"""The HTTP status of each kind of error. A stale ``If-Match`` is a Conflict under 412, a body
that is too large an Invalid under 413, too many requests a RepositoryLocked under 429."""


class Body(BaseModel):
    """Base of what a client sends: an unknown key is a mistake, and is told."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Answer(BaseModel):
    """Base of what a server sends beside records."""

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="null")


class ErrorBody(Answer):
    """Every answer of status 4xx or 5xx. ``kind`` is the class in :mod:`omicshelf.errors`."""

    title: str
    detail: str | None = None
    kind: str


class Info(Answer):
    """What a server is and what it can do; asked first by every client.

    ``user`` is who the credential belongs to, ``role`` their role on the whole server.
    ``capabilities`` name what a client may rely on; ``limits`` are bytes and counts. Who wants
    to follow the change log from now on asks for what is behind ``last_change``.
    """

    name: str = "omicshelf"
    version: str
    api: int
    store: str
    user: str
    role: str | None = None
    capabilities: list[str] = Field(default_factory=list)
    limits: dict[str, int] = Field(default_factory=dict)
    last_change: int = 0


# -- questions


def query_parameters(query: Query) -> list[tuple[str, str]]:
    """Give a query as the parameters of ``GET /atlases/{atlas}/datasets``.

    ``where`` is a JSON array of triples of key, operator and value; ``facets`` is repeated, once
    a key; a ``limit`` that is left out is the server's. Text that is no Unicode is left out.

    Examples
    --------
    >>> query_parameters(Query(text="lung", limit=5, facets=("tissue", "sex"), count=False))
    [('text', 'lung'), ('limit', '5'), ('facets', 'tissue'), ('facets', 'sex'), ('count', 'false')]
    """
    plain = Query()
    told: list[tuple[str, Any]] = [("text", query.text)] if query.text else []
    if query.where:
        triples = [[one.key, one.operator, one.value] for one in query.where]
        told.append(("where", json.dumps(triples, separators=(",", ":"))))
    if query.order_by != plain.order_by:
        told.append(("order_by", query.order_by))
    if query.limit is not None:
        told.append(("limit", query.limit))
    if query.after is not None:
        told.append(("after", query.after))
    if query.deleted:
        told.append(("deleted", "true"))
    told += [("facets", key) for key in query.facets]
    if query.facet_limit != plain.facet_limit:
        told.append(("facet_limit", query.facet_limit))
    if not query.count:
        told.append(("count", "false"))
    return [(key, str(value).encode("utf-8", "ignore").decode()) for key, value in told]


class ChangeList(Answer):
    """A page of the change log; the next one is asked for with ``after=last``.

    ``last`` is the number of the last line that was looked at, also where no line is the
    reader's to see. There is no more for now where fewer lines came than were asked for.
    """

    changes: list[Change]
    last: int


class BlobNames(Answer):
    """The names of a blob: base64 of the sorted hashes, as in an upload; null without names."""

    obs_names: str | None = None
    var_names: str | None = None


class BlobHash(Answer):
    """The sha256 (hex) of a blob."""

    sha256: str


# -- records


class AtlasBody(Body):
    """A new atlas."""

    name: str
    description: str | None = None


class AtlasPatch(Body):
    """What is to be said of an atlas."""

    description: str | None = None


class VersionBody(Body):
    """A version to be written; a key that is left out, or null, means "as it is now".

    Without ``upload`` the data stay as they are.
    """

    dataset_id: str
    mode: Literal["create", "update", "save"] = "create"
    data_type: str | None = None
    data_format: str | None = None
    metadata: dict[str, Any] | None = None
    message: str | None = None
    study_id: str | None = None
    parents: list[str] = Field(default_factory=list)
    session_inputs: list[str] = Field(default_factory=list)
    expected_version: str | None = None
    ingestion: dict[str, Any] = Field(default_factory=dict)
    upload: str | None = None

    def draft(self) -> VersionDraft:
        """Give it as the backend wants it."""
        told = self.model_dump(exclude={"upload"})
        return VersionDraft(**told)


class FileBody(Body):
    """A file to be attached; its bytes are those of ``upload``."""

    file_name: str
    file_format: str
    tag: str | None = None
    source_version: str | None = None
    auto_remove: bool = False
    details: dict[str, Any] = Field(default_factory=dict)
    upload: str

    def draft(self, dataset_id: str) -> FileDraft:
        """Give it as the backend wants it."""
        return FileDraft(dataset_id, **self.model_dump(exclude={"upload"}))


class RollbackBody(Body):
    message: str | None = None
    ingestion: dict[str, Any] = Field(default_factory=dict)


class DeleteBody(Body):
    message: str | None = None
    details: dict[str, Any] = Field(default_factory=dict)


class ReindexBody(Body):
    ingestion: dict[str, Any] = Field(default_factory=dict)


class StudyBody(Body):
    """The study that a dataset belongs to; null takes it out of its study."""

    study_id: str | None
    details: dict[str, Any] = Field(default_factory=dict)


class CopyBody(Body):
    """Where a dataset is to be copied to."""

    atlas: str
    dataset_id: str
    overwrite: bool = False
    with_history: bool = False
    message: str | None = None
    ingestion: dict[str, Any] = Field(default_factory=dict)


class LabelBody(Body):
    version: str


class EditBody(Body):
    """Metadata of many datasets: those of ``datasets``, or those that ``text`` and ``where`` find.

    ``where`` holds triples of key, operator and value.
    """

    datasets: list[str] | None = None
    text: str = ""
    where: list[tuple[str, str, Any]] | None = None
    set: dict[str, Any] = Field(default_factory=dict)
    remove: list[str] = Field(default_factory=list)
    message: str | None = None
    dry_run: bool = False


class RoleBody(Body):
    role: Literal["viewer", "contributor", "admin"]


class TokenBody(Body):
    """A token to be made: by default for the caller, and until it is revoked."""

    user: str | None = None
    note: str | None = None
    days: float | None = None


class TokenMade(Answer):
    """A token that was made. ``secret`` is shown here, and never again."""

    token: TokenRecord
    secret: str = Field(repr=False)


class PurgeBody(Body):
    """What of a dataset is to be purged: old versions, or (``whole``) all of it."""

    atlas: str
    dataset_id: str
    whole: bool = False
    keep_last: int | None = None
    older_than: int | None = None
    force: bool = False
    dry_run: bool = False


class VerifyBody(Body):
    atlas: str | None = None
    dataset_id: str | None = None


class GcBody(Body):
    dry_run: bool = False
    grace: float | None = None


# -- uploads


class UploadRequest(Body):
    """The beginning of an upload.

    ``chunked``: the client cuts, compresses and examines the file, and sends only what the
    dataset's last versions lack. Else the server does all that with the bytes as they are.
    ``version`` or ``file`` is what the bytes are for, refused here as it would be at the end.
    ``digest`` is the content digest where it is known by now: a ``save`` that would change
    nothing is answered with the dataset as it is.
    """

    atlas: str
    dataset_id: str
    size: int = Field(ge=0)
    data_format: str
    suffix: str = ""
    chunked: bool = False
    check: bool = True
    version: VersionBody | None = None
    file_name: str | None = None
    digest: str | None = None


class UploadState(Answer):
    """An upload that is under way; ``parts`` are the numbers, from 0, of those that are there.

    ``part_size`` bytes of the file (less in the last one) make up each part of an upload that
    is not chunked. Of a chunked one, ``params`` say how to cut the file, and a part is made of
    the next chunks of the plan whose lengths add up to at most ``part_size``, at least one.
    ``ended``: a version or file has been made of it, and it takes no more parts.
    """

    upload: str
    expires_at: int
    part_size: int
    chunked: bool
    params: dict[str, int | str] | None = None
    parts: list[int] = Field(default_factory=list)
    ended: bool = False
    unchanged: DatasetRecord | None = None


class Inspected(Body):
    """What a client learnt from the content: as :class:`omicshelf.formats.base.Inspection`.

    ``names_hash``, in place of the names: the blake3 hash (hex) of their object, where the last
    versions of the dataset are likely to have the same.
    """

    summary: dict[str, Any]
    digest: str | None = None
    obs_names: str | None = None  # base64 of the sorted hashes
    var_names: str | None = None
    names_hash: str | None = None


class InspectedState(Answer):
    """Whether more is wanted: ``lacks_names`` where no last version has names of that hash."""

    lacks_names: bool = False


class ChunkList(Body):
    """How a client has cut the file. ``lengths`` is base64 of little-endian 32-bit numbers."""

    size: int = Field(ge=0)
    blake3: str
    lengths: str
    hashes: str  # base64, 32 bytes each
    all: bool = False  # send everything, although the last versions have some of it


class UploadPlan(Answer):
    """Which chunks to send, in order: those whose bit in ``missing`` (base64) is set.

    ``packed``: each is sent as a length (32 bits) and a codec (8 bits: 0 raw, 1 zstd), and its
    bytes so encoded; else as its bytes alone. ``urls`` are presigned addresses to which a part
    may be PUT directly, by number; a client that cannot reach them sends the part to the server.
    """

    packed: bool
    missing: str
    n_missing: int
    n_parts: int
    urls: dict[int, str] = Field(default_factory=dict)


# -- errors and origins


def error_of(body: Any, status: int) -> errors.RequestException:
    """Make the exception that an answer of status 4xx or 5xx stands for."""
    try:
        told = ErrorBody.model_validate(body)
    except ValueError:
        told = ErrorBody(title=f"The server answered with status {status}.", kind="")
    kind = getattr(errors, told.kind, None)
    if not (isinstance(kind, type) and issubclass(kind, errors.RequestException)):
        kind = next(
            (getattr(errors, name) for name, code in STATUS.items() if code == status),
            errors.RequestException,
        )
    made: errors.RequestException = kind(told.title, told.detail)
    return made


def encode_origin(origin: Origin) -> str:
    """Give an origin as the value of a header."""
    text = origin.model_dump_json(exclude_defaults=True)
    return base64.urlsafe_b64encode(text.encode()).decode()


def decode_origin(value: str | None) -> Origin:
    """Read an origin from a header; an empty one where there is none.

    Raises
    ------
    omicshelf.errors.Invalid
        It is not what :func:`encode_origin` gives.
    """
    if not value:
        return Origin()
    try:
        return Origin.model_validate(json.loads(base64.urlsafe_b64decode(value)))
    except (binascii.Error, ValueError) as error:
        raise errors.Invalid(
            f"The header {ORIGIN_HEADER} cannot be read.",
            "It is the base64 of a JSON object; leave it out, or let the client write it.",
        ) from error
