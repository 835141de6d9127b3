"""A request of a widget, answered by the kernel as the server would answer it over HTTP.

The catalog of a folder is asked here, by the server's own routes; what another server keeps is
asked there, with the request as it came.
"""

from __future__ import annotations

import json
import logging
import threading
import uuid
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from typing import IO, Any, cast

from blake3 import blake3

from omicshelf.backend.guard import Guarded
from omicshelf.backend.permissions import Identity, Policy
from omicshelf.backend.remote import failures
from omicshelf.backend.remote.backend import RemoteBackend
from omicshelf.backend.wire import (
    HASH_HEADER,
    ORIGIN_HEADER,
    decode_origin,
    encode_origin,
)
from omicshelf.catalog.connection import Connection
from omicshelf.catalog.origin import current_origin
from omicshelf.errors import Invalid, NotFound
from omicshelf.records import Origin
from omicshelf.server.about import Limits, info_of
from omicshelf.server.answering import encoded, is_known, tags
from omicshelf.server.content import content_headers, open_content, wanted_span
from omicshelf.server.parsing import parse_body, parse_query
from omicshelf.server.refusals import Refused, failed, refusal_of
from omicshelf.server.route import (
    Body,
    Call,
    Content,
    Later,
    Receiver,
    Reply,
    Route,
    Router,
    decoded,
)
from omicshelf.server.routes import ROUTES

__all__ = ["Answered", "Asked", "answer", "json_bytes"]

_log = logging.getLogger("omicshelf")
_LIMITS = Limits()
_MOST_BYTES = 256 << 20  # in one message, which the kernel and the browser hold as a whole
_BLOCK = 4 << 20
_PASSED_ON = ("if-match", "if-none-match", "if-range", "range", HASH_HEADER.lower())


@dataclass(frozen=True)
class Asked:
    """A request: the path below the API's address, the query without its ``?``.

    ``body`` is JSON as bytes, or the bytes of an upload's part.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | memoryview = b""

    def header(self, name: str) -> str | None:
        """Give a header, whatever its case."""
        wanted = name.lower()
        return next((v for k, v in self.headers.items() if k.lower() == wanted), None)


@dataclass(frozen=True)
class Answered:
    """An answer; header names are in lower case, as a browser gives them."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | bytearray = b""


def answer(connection: Connection, asked: Asked, gone: threading.Event) -> Answered:
    """Answer a request; what goes wrong is an answer too, ``{title, detail, kind}``.

    Parameters
    ----------
    gone
        Set when nobody waits for the answer any more.
    """
    try:
        route, path = _found(asked)
        if isinstance(connection.backend, RemoteBackend):
            return _forwarded(connection.backend, asked)
        with ExitStack() as held:
            return _computed(connection, route, path, asked, gone, held)
    except Exception as error:
        failure = refusal_of(error) or failed(error, _log, "kernel")
        headers = {name.lower(): value for name, value in failure.headers.items()}
        body = failure.body.model_dump_json().encode()
        return Answered(failure.status, {**headers, "content-type": "application/json"}, body)


@cache
def _router() -> Router:
    return Router(ROUTES)


def _found(asked: Asked) -> tuple[Route, dict[str, str]]:
    methods, quoted = _router().find(asked.path)
    if not methods:
        raise NotFound("There is nothing at this address.", "/openapi.json lists what there is.")
    route = methods.get("GET" if asked.method == "HEAD" else asked.method)
    if route is None:
        raise Refused(
            405,
            Invalid(f"{asked.method} is not possible here.", f"Possible are {', '.join(methods)}."),
        )
    return route, decoded(quoted)


def _by(asked: Asked) -> Origin:
    """Say where a change comes from: this kernel, and no cell of it."""
    named = decode_origin(asked.header(ORIGIN_HEADER)).interface
    return current_origin().model_copy(
        update={"interface": named or "widget", "execution_count": None}
    )


# -- a catalog that this process opens


def _computed(
    connection: Connection,
    route: Route,
    path: dict[str, str],
    asked: Asked,
    gone: threading.Event,
    held: ExitStack,
) -> Answered:
    backend, by = connection.backend, _by(asked)
    # Whoever can open the files may do everything with them.
    guarded = Guarded(backend, Identity(by.user or "user", "admin"), Policy())
    call: Call[Any, Any] = Call(
        backend=guarded,
        uploads=cast("Receiver", backend),
        path=path,
        query=parse_query(asked.query, route.query),
        body=_body(route, asked, guarded, held),
        by=by,
        if_match=tags(asked.header("If-Match")),
        info=lambda: info_of(guarded, backend, _LIMITS),
        gone=gone,
    )
    found = route.function(call)
    if isinstance(found, Content):
        return _content(guarded, found, asked, held)
    # Whoever follows the changes is told of them: nobody is kept waiting here.
    reply = found.reply if isinstance(found, Later) else found
    return _replied(route, reply, asked)


def _body(route: Route, asked: Asked, guarded: Guarded, held: ExitStack) -> Any:
    if route.body is None:
        return None
    limit = {"json": _LIMITS.body, "chunks": _LIMITS.chunks, "part": _LIMITS.part}[route.max_body]
    if len(asked.body) > limit:
        raise Refused(
            413,
            Invalid(f"The body is larger than {limit:,} bytes.", "Send less at once."),
        )
    if route.body is not Body:
        return parse_body(bytes(asked.body), route.body, optional=route.optional_body)
    announced = asked.header(HASH_HEADER)
    if announced is None:
        raise Invalid(
            f"The header {HASH_HEADER} is missing.", "Send the blake3 hash (hex) of the body."
        )
    found = blake3(asked.body).hexdigest()
    if found != announced.strip().lower():
        raise Invalid(
            "The body does not have the hash that was announced.",
            "It was damaged on its way: send it again.",
        )
    kept = guarded.staging() / f"body-{uuid.uuid4().hex}"
    held.callback(kept.unlink, missing_ok=True)
    kept.write_bytes(asked.body)
    return Body(str(kept), len(asked.body), found)


def _replied(route: Route, reply: Reply, asked: Asked) -> Answered:
    headers = {name.lower(): value for name, value in reply.headers.items()}
    if reply.etag is not None:
        headers["etag"] = reply.etag
        if is_known(reply.etag, asked.method, asked.header("If-None-Match")):
            return Answered(304, headers)
    body = encoded(route, reply)
    if body:
        headers["content-type"] = "application/json"
    return Answered(reply.status, headers, body)


def _content(guarded: Guarded, content: Content, asked: Asked, held: ExitStack) -> Answered:
    span = wanted_span({k.title(): v for k, v in asked.headers.items()}, content)
    headers = {name.lower(): value for name, value in content_headers(content, span).items()}
    if is_known(headers["etag"], asked.method, asked.header("If-None-Match")):
        return Answered(304, headers)
    status = 206 if span.partial else 200
    if asked.method == "HEAD":
        return Answered(status, headers)
    if span.length > _MOST_BYTES:
        raise _too_many(span.length)
    return Answered(status, headers, _read(open_content(guarded, content, span, held), span.length))


def _read(stream: IO[bytes], size: int) -> bytearray:
    data = bytearray(size)
    left = memoryview(data)
    while left:
        n = cast("Any", stream).readinto(left[:_BLOCK])
        if not n:
            raise EOFError("the bytes end before their recorded size")
        left = left[n:]
    return data


def _too_many(size: int) -> Refused:
    return Refused(
        413,
        Invalid(
            f"{size:,} bytes are too many to come through the kernel at once.",
            f"At most {_MOST_BYTES:,} do. Write them to a file in a cell: "
            "`catalog.get_dataset(…).download(…)`, or `catalog.get_file(…).download(…)`.",
        ),
    )


# -- a catalog that a server keeps


def _forwarded(backend: RemoteBackend, asked: Asked) -> Answered:
    headers = {name: v for name, v in asked.headers.items() if name.lower() in _PASSED_ON}
    headers["Accept"] = "application/json"
    headers["Accept-Encoding"] = "identity"
    if asked.method not in ("GET", "HEAD"):
        headers[ORIGIN_HEADER] = encode_origin(_by(asked))
    if asked.body:
        is_part = asked.header(HASH_HEADER) is not None
        headers["Content-Type"] = "application/octet-stream" if is_part else "application/json"
    target = asked.path + (f"?{asked.query}" if asked.query else "")
    data = bytes(asked.body) if asked.body else None
    with backend.client.forward(asked.method, target, headers, data) as given:
        kind = given.headers.get("Content-Type", "")
        if given.status_code >= 400 and not kind.startswith("application/json"):
            raise failures.error_of_answer(backend.client.base, given, has_token=True)
        size = int(given.headers.get("Content-Length") or 0)
        if asked.method != "HEAD" and size > _MOST_BYTES:
            raise _too_many(size)
        told = {name.lower(): value for name, value in given.headers.items()}
        return Answered(given.status_code, told, given.content)


def json_bytes(body: Any) -> bytes:
    """Give a parsed body of JSON as the bytes that it came from."""
    return b"" if body is None else json.dumps(body).encode()
