"""The one handler of all routes: call the function in a thread, and send what it gives."""

from __future__ import annotations

import gzip
import re
import time
from contextlib import ExitStack
from typing import Any, cast

from jupyter_server.auth.decorator import allow_unauthenticated
from tornado.httputil import HTTPHeaders

from omicshelf.backend.wire import CLIENT_HEADER, HASH_HEADER, ORIGIN_HEADER, decode_origin
from omicshelf.errors import Invalid
from omicshelf.server.admission import Admission
from omicshelf.server.answering import encoded, is_known, tags
from omicshelf.server.bodies import InFile, InMemory, Received
from omicshelf.server.content import content_headers, open_content, wanted_span
from omicshelf.server.failures import failure_of
from omicshelf.server.parsing import parse_body
from omicshelf.server.route import Call, Content, Later, Reply, Route
from omicshelf.server.streaming import send_content

__all__ = ["ApiHandler"]

_WORTH_GZIP = 1400  # less fits into one packet anyway


class ApiHandler(Admission):
    """Every route of the table, and every address below ours that is none."""

    async def _respond(self, *_path: str) -> None:
        route, received = await self.received_whole()
        found = await self._in_thread(self._compute, route, received)
        while isinstance(found, Later):
            if not await self._grown(found):
                found = await self._in_thread(self._encoded, route, found.reply)
                break
            found = await self._in_thread(self._compute, route, received)
        if isinstance(found, Content):
            await self._send(found)
        else:
            self._write(*found)

    async def _grown(self, later: Later) -> bool:
        """Wait for the change log, for what is left of the time."""
        seconds = self._began + later.seconds - time.monotonic()
        if seconds <= 0 or (subscribe := self.service.changes()) is None:
            return False
        return await self.service.feed.beyond(subscribe, later.after, seconds, self._left)

    @allow_unauthenticated
    def options(self, *_path: str) -> None:
        """Tell a browser what another origin's page may send; the request itself is asked."""
        self.set_header("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE")
        self.set_header(
            "Access-Control-Allow-Headers",
            "accept, authorization, content-type, if-match, if-none-match, if-range, range, "
            f"x-xsrftoken, {CLIENT_HEADER.lower()}, {HASH_HEADER.lower()}, "
            f"{ORIGIN_HEADER.lower()}",
        )
        self.set_status(204)
        self.finish()

    # Decided in `prepare`, for every method and in one place.
    get = head = post = put = patch = delete = allow_unauthenticated(_respond)

    def _compute(
        self, route: Route, received: Received
    ) -> Content | Later | tuple[Reply, bytes, bool]:
        """Do what the route does, in a thread: the whole of it but the sending."""
        headers = self.request.headers
        body: Any = None
        if isinstance(received, InMemory):
            body = parse_body(
                bytes(received.data), cast("Any", route.body), optional=route.optional_body
            )
        elif isinstance(received, InFile):
            body = received.body()
            if body.blake3 != headers[HASH_HEADER].strip().lower():
                raise Invalid(
                    "The body does not have the hash that was announced.",
                    "It was damaged on its way: send it again.",
                )
        origin = decode_origin(headers.get(ORIGIN_HEADER))
        by = origin.model_copy(
            update={"user": self._user, "interface": origin.interface or "server"}
        )
        backend = self._backend()
        call: Call[Any, Any] = Call(
            backend=backend,
            uploads=self.service.uploads,
            path=self._path,
            query=self._query,
            body=body,
            by=by,
            if_match=tags(headers.get("If-Match")),
            info=lambda: self.service.info(backend),
            gone=self.gone,
        )
        found = route.function(call)
        return self._encoded(route, found) if isinstance(found, Reply) else found

    def _encoded(self, route: Route, reply: Reply) -> tuple[Reply, bytes, bool]:
        data = encoded(route, reply)
        if len(data) < _WORTH_GZIP or not _takes_gzip(self.request.headers):
            return reply, data, False
        return reply, gzip.compress(data, 3, mtime=0), True

    def _write(self, reply: Reply, data: bytes, gzipped: bool) -> None:
        for name, value in reply.headers.items():
            self.set_header(name, value)
        self.set_header("Cache-Control", "no-store")
        if reply.etag is not None:
            self.set_header("ETag", reply.etag)
            if self._is_known(reply.etag):
                self.set_status(304)
                self.finish()
                return
        self.set_status(reply.status)
        if reply.status == 204:
            self.clear_header("Content-Type")
            self.finish()
            return
        self.set_header("Content-Type", "application/json")
        self.set_header("Vary", "Accept-Encoding")
        if gzipped:
            self.set_header("Content-Encoding", "gzip")
        self._sent = len(data)
        self.finish(data)

    def _is_known(self, etag: str) -> bool:
        return is_known(etag, self.request.method, self.request.headers.get("If-None-Match"))

    async def _send(self, content: Content) -> None:
        span = wanted_span(self.request.headers, content)
        known = self._is_known(f'"{content.blake3}"')
        headers = content_headers(content, span)
        if known:
            del headers["Content-Length"]
        if known or self.request.method == "HEAD":
            self._set(headers, 304 if known else 206 if span.partial else 200)
            self.finish()
            return
        with ExitStack() as held:
            stream = await self._in_thread(
                lambda: open_content(self._backend(), content, span, held)
            )
            self._set(headers, 206 if span.partial else 200)
            try:
                self._sent = await send_content(self, stream, span, self.service.readers)
            except Exception as error:
                if not self._headers_written:
                    raise
                # Too late for another status: the client sees that bytes are missing.
                failure_of(error, self.service.log)
                self.service.log.error("The bytes of %s could not be read.", content.blob)
                cast("Any", self.request.connection).stream.close()
                return
        if not self.gone.is_set():
            self.finish()

    def _set(self, headers: dict[str, str], status: int) -> None:
        self.set_status(status)
        for name, value in headers.items():
            self.set_header(name, value)


def _takes_gzip(headers: HTTPHeaders) -> bool:
    for part in headers.get("Accept-Encoding", "").split(","):
        name, _, weight = part.replace(" ", "").partition(";")
        if name.lower() in ("gzip", "*"):
            return not re.fullmatch(r"q=0(?:\.0*)?", weight)
    return False
