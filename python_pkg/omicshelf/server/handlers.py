"""The one handler: parse, ask who may, call the route's function in a thread, map errors."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from functools import cache
from typing import Any, TypeVar, cast
from urllib.parse import unquote

from jupyter_server import CallContext
from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.auth.identity import User
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import ensure_async
from pydantic import TypeAdapter
from tornado import web
from tornado.httputil import HTTPHeaders

from omicshelf.backend.guard import Guarded
from omicshelf.backend.wire import (
    API,
    CLIENT_HEADER,
    HASH_HEADER,
    ORIGIN_HEADER,
    USER_HEADER,
    decode_origin,
)
from omicshelf.errors import (
    AccessDenied,
    Invalid,
    NotFound,
    RepositoryLocked,
    Unauthorized,
    Unreachable,
)
from omicshelf.rules import check_user
from omicshelf.server.access import log_line
from omicshelf.server.bodies import Discarded, InFile, InMemory, Received, too_large
from omicshelf.server.failures import Failure, Refused, failure_of
from omicshelf.server.identity import user_name
from omicshelf.server.parsing import parse_body, parse_query
from omicshelf.server.route import Body, Call, Content, Later, Reply, Route, decoded
from omicshelf.server.service import Service
from omicshelf.server.streaming import content_headers, open_content, send_content, wanted_span

__all__ = ["ApiHandler", "HealthHandler"]

R = TypeVar("R")

_WORTH_GZIP = 1400  # less fits into one packet anyway
_DRAINED = 64 << 20  # bytes of a refused body that are read, so that the answer is read too
_LEAST_RATE = 1024  # bytes a second, below which a body is stalled
_REQUEST_ID = re.compile(r"[\w.-]{1,64}")
_TAG = re.compile(r'(?:W/)?("[^"]*")|(\*)')


class JsonErrors(JupyterHandler):
    """A handler whose errors are ``{title, detail, kind}``, also where Jupyter refuses."""

    service: Service

    def initialize(self, service: Service) -> None:
        """Take what all handlers share."""
        self.service = service
        self.gone = threading.Event()
        self.failure: Failure | None = None

    def compute_etag(self) -> None:
        """Leave tags to the routes: tornado would hash what it sends."""

    @property
    def content_security_policy(self) -> str:
        """Records are no pages: nothing in them is ever loaded or run."""
        return f"{super().content_security_policy}; default-src 'none'"

    def write_error(self, status_code: int, **told: Any) -> None:
        """Write the answer of an error; called by tornado, with what was raised."""
        exc_info = told.get("exc_info")
        error = exc_info[1] if exc_info else web.HTTPError(status_code)
        failure = failure_of(error, self.service.log, hidden=self.service.hidden)
        self.set_status(failure.status)
        for name, value in failure.headers.items():
            self.set_header(name, value)
        self.set_header("Content-Type", "application/json")
        self.set_header("Cache-Control", "no-store")
        # ASCII: what was sent, and is told here, may be no Unicode.
        self.finish(json.dumps(failure.body.model_dump()))

    def log_exception(self, *told: Any) -> None:
        """Leave logging to :func:`failure_of`, which knows what nobody foresaw."""

    def on_connection_close(self) -> None:
        """Note that nobody waits any more."""
        self.gone.set()
        super().on_connection_close()


class HealthHandler(JsonErrors):
    """``/omicshelf/health`` and ``/omicshelf/ready``, for whoever watches the process."""

    async def prepare(self) -> None:  # type: ignore[override]
        """Ask for no credential."""
        self.current_user = self._jupyter_current_user = None

    @allow_unauthenticated
    async def get(self, what: str) -> None:
        """Say that the process answers, or (``ready``) that its database and store do too."""
        if what == "ready":
            await asyncio.get_running_loop().run_in_executor(self.service.pool, self._ask)
        self.set_header("Cache-Control", "no-store")
        self.finish({"status": "ok"})

    head = get

    def _ask(self) -> None:
        if self.service.draining:
            told = Unreachable("The server is about to end.", "Ask another one.")
            raise Refused(503, told, {"Retry-After": "5"})
        try:
            self.service.opening.backend().last_change()
        except Exception as error:
            status = error.status if isinstance(error, Refused) else 503
            told = Unreachable("The server is not ready.", "Its log says why.")
            raise Refused(status, told, {"Retry-After": "5"}) from error


@web.stream_request_body
class ApiHandler(JsonErrors):
    """Every route of the table, and every address below ours that is none."""

    auth_resource = "omicshelf"

    def initialize(self, service: Service) -> None:
        """Take what all handlers share, and what this request will become."""
        super().initialize(service)
        self._began = time.monotonic()
        self._minted = False
        self._route: Route | None = None
        self._path: dict[str, str] = {}
        self._query: Any = None
        self._user = ""
        self._refusal: Exception | None = None
        self._received: Received | None = None
        self._progress = 0
        self._stall: asyncio.TimerHandle | None = None
        self._sent = 0
        self._logged = False
        self._left: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.service.under_way += 1
        given = self.request.headers.get("X-Request-Id", "")
        self._id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex[:16]

    def set_default_headers(self) -> None:
        """Add what every answer has."""
        super().set_default_headers()
        if hasattr(self, "_id"):
            self.set_header("X-Request-Id", self._id)
            if self.service.draining:
                self.set_header("Connection", "close")

    # -- who asks

    @property
    def token_authenticated(self) -> bool:
        """Whether a token came in a header or parameter, and no cookie needs a second proof."""
        return self._minted or super().token_authenticated

    def skip_check_origin(self) -> bool:
        """Whether the request may come from any page: it bears a token."""
        return self._minted or super().skip_check_origin()

    async def prepare(self) -> None:  # type: ignore[override]
        """Decide from the headers alone; what is refused is told once the body has been read."""
        CallContext.set(CallContext.JUPYTER_HANDLER, self)
        try:
            await self._admit()
        except Exception as error:
            self._refusal = error
        length = self._announced()
        impatient = self.request.headers.get("Expect", "").lower() == "100-continue"
        if self._refusal is not None:
            if impatient or length > _DRAINED:
                raise self._refusal
            self._received = Discarded(_DRAINED)
        # The limit is ours, not the server's, which would close the connection without a word.
        cast("Any", self.request.connection).set_max_body_size(max(length, 1 << 40))
        if length or "Transfer-Encoding" in self.request.headers:
            self._watch()

    def _announced(self) -> int:
        try:
            return max(0, int(self.request.headers.get("Content-Length", "0")))
        except ValueError:
            return 0  # refused by tornado

    async def _admit(self) -> None:
        if not self.check_host():
            self.current_user = self._jupyter_current_user = None
            raise AccessDenied(
                "This server does not answer under that host name.",
                "Use its own name, or let ServerApp.allow_remote_access be set.",
            )
        user = await self._identify()
        self.current_user = self._jupyter_current_user = user
        self.set_cors_headers()
        if "Origin" not in self.request.headers:
            self.clear_header("Access-Control-Allow-Origin")  # empty: no other page asks
        if self.request.method == "OPTIONS":
            return
        if user is None:
            raise Refused(
                401,
                Unauthorized(
                    "This needs a credential, and there is none that this server knows.",
                    "Send the header `Authorization: token …`, with the token of the server or "
                    "of your account.",
                ),
                {"WWW-Authenticate": 'Bearer realm="omicshelf"'},
            )
        self._user = self._for_whom(user_name(self.identity_provider, user, self.service.own_user))
        if not self.check_origin():
            raise AccessDenied(
                "The request comes from a page of another origin.",
                "Send a token in the header Authorization, or let ServerApp.allow_origin be set.",
            )
        if self.request.method not in ("GET", "HEAD"):
            self.check_xsrf_cookie()
        self._route = self._find_route()
        await self._ask_authorizer(user, self._route)
        if (seconds := self.service.rate.wait(self._user)) > 0:
            raise Refused(
                429,
                RepositoryLocked(
                    "There are too many requests.", f"Try again in {seconds:.1f} seconds."
                ),
                {"Retry-After": str(max(1, round(seconds)))},
            )
        self._query = parse_query(self.request.query, self._route.query)
        self._received = await self._receiver(self._route)

    async def _identify(self) -> User | None:
        if self.service.token.is_in(self.request.headers):
            self._minted = True
            own = self.service.own_user
            return User(username=own, name=own, display_name=own)
        found = self.identity_provider.get_user(self)
        return cast("User | None", await ensure_async(cast("Any", found)))

    def _for_whom(self, asking: str) -> str:
        """Give the user that a proxy names, where the one who asks may act for others."""
        named = self.request.headers.get(USER_HEADER)
        trusted = self.service.proxies
        if named is None or not (asking in trusted or "*" in trusted):
            return asking
        return check_user(unquote(named))

    def _find_route(self) -> Route:
        base = f"{self.base_url.rstrip('/')}{API}"
        methods, quoted = self.service.router.find(self.request.path.removeprefix(base))
        if not methods or not self.request.path.startswith(base):
            raise NotFound(
                "There is nothing at this address.", f"{API}/openapi.json lists what there is."
            )
        method = "GET" if self.request.method == "HEAD" else self.request.method
        if (route := methods.get(method or "")) is None:
            allowed = ", ".join([*methods, "HEAD"] if "GET" in methods else methods)
            raise Refused(
                405,
                Invalid(f"{method} is not possible here.", f"Possible are {allowed}."),
                {"Allow": allowed},
            )
        self._path = decoded(quoted)
        return route

    async def _ask_authorizer(self, user: User, route: Route) -> None:
        asked = self.authorizer.is_authorized(
            self, user, route.action, f"omicshelf:{route.resource}"
        )
        if not await ensure_async(cast("Any", asked)):
            raise AccessDenied(
                f"This server does not let you {route.action} here (omicshelf:{route.resource}).",
                "Ask whoever runs the server.",
            )

    # -- the body

    async def _receiver(self, route: Route) -> Received:
        if route.body is None:
            return Discarded(_DRAINED)
        limits = self.service.limits
        limit = {"json": limits.body, "chunks": limits.chunks, "part": limits.part}[route.max_body]
        if self._announced() > limit:
            raise too_large(limit)
        if route.body is not Body:
            kind = self.request.headers.get("Content-Type", "application/json")
            if kind.partition(";")[0].strip().lower() != "application/json":
                raise Refused(
                    415, Invalid(f"The body is of type '{kind[:80]}'.", "Send application/json.")
                )
            return InMemory(limit)
        if HASH_HEADER not in self.request.headers:
            raise Invalid(
                f"The header {HASH_HEADER} is missing.", "Send the blake3 hash (hex) of the body."
            )
        folder = await self._in_thread(lambda: self._backend().staging())
        return InFile(folder, limit, self.service.readers)

    async def data_received(self, chunk: bytes) -> None:
        """Take a piece of the body; the next is not read before."""
        self._progress += len(chunk)
        received = self._received
        if received is None or self._finished:
            return
        try:
            await received.take(chunk)
        except Exception as error:
            received.close()
            if isinstance(received, Discarded):
                self._answer(error)  # enough was read of it: the connection is closed
                return
            self._refusal = error
            self._received = Discarded(_DRAINED)

    def _watch(self) -> None:
        """Refuse a body that makes no progress: a connection costs memory and a descriptor."""
        seconds, before = self.service.limits.stalled, self._progress

        def look() -> None:
            if self._progress - before >= seconds * _LEAST_RATE:
                self._watch()
                return
            self._answer(
                Refused(
                    408,
                    Invalid(
                        f"The body stalled: {self._progress - before} bytes in {seconds:g} "
                        "seconds.",
                        "Send it again over a better connection; an upload goes on where it was.",
                    ),
                )
            )

        self._stall = asyncio.get_running_loop().call_later(seconds, look)

    def _answer(self, error: Exception) -> None:
        """Answer in the middle of a body; tornado then closes the connection."""
        if not self._finished:
            status = failure_of(error, self.service.log).status
            self.send_error(status, exc_info=(type(error), error, error.__traceback__))

    # -- the answer

    async def received_whole(self) -> tuple[Route, Received]:
        """Give the route and the whole body, or raise what the headers were refused for."""
        if self._stall is not None:
            self._stall.cancel()
        if self._refusal is not None:
            raise self._refusal
        route, received = self._route, self._received
        assert route is not None
        assert received is not None
        await received.complete()
        return route, received

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

    async def _in_thread(self, function: Callable[..., R], *given: Any) -> R:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.service.pool, function, *given)

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

    def _backend(self) -> Guarded:
        return self.service.backend_for(self._user)

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
            if_match=_tags(headers, "If-Match"),
            info=lambda: self.service.info(backend),
            gone=self.gone,
        )
        found = route.function(call)
        return self._encoded(route, found) if isinstance(found, Reply) else found

    def _encoded(self, route: Route, reply: Reply) -> tuple[Reply, bytes, bool]:
        if reply.body is None:
            return reply, b"", False
        data = _adapter(route.answer).dump_json(reply.body)
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
        known = _tags(self.request.headers, "If-None-Match")
        return self.request.method in ("GET", "HEAD") and (etag in known or "*" in known)

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

    # -- the end

    def on_finish(self) -> None:
        """Remove what was received, and write the line of the access log."""
        self._end(self.get_status())

    def on_connection_close(self) -> None:
        """End a request whose client has gone."""
        super().on_connection_close()
        if not self._left.done():
            self._left.set_result(None)
        self._end(499)

    def _end(self, status: int) -> None:
        if self._stall is not None:
            self._stall.cancel()
        if self._logged:
            return
        self._logged = True
        self.service.under_way -= 1
        if self._received is not None:
            self._received.close()
        if self.request.method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"):
            self.update_activity()
        log_line(
            self.service.access,
            method=self.request.method,
            route=self._route.path if self._route else None,
            status=status,
            ms=round((time.monotonic() - self._began) * 1000, 1),
            bytes=self._sent,
            user=self._user or None,
            id=self._id,
            client=self.request.headers.get(CLIENT_HEADER, "")[:40] or None,
        )

    def update_activity(self) -> None:
        """Tell Jupyter that somebody is here, unless a page asks by itself."""
        if self._user and "no_track_activity" not in self.request.query_arguments:
            from jupyter_server._tz import utcnow

            self.settings["api_last_activity"] = utcnow()


def _tags(headers: HTTPHeaders, name: str) -> tuple[str, ...]:
    return tuple(quoted or star for quoted, star in _TAG.findall(headers.get(name, "")))


def _takes_gzip(headers: HTTPHeaders) -> bool:
    for part in headers.get("Accept-Encoding", "").split(","):
        name, _, weight = part.replace(" ", "").partition(";")
        if name.lower() in ("gzip", "*"):
            return not re.fullmatch(r"q=0(?:\.0*)?", weight)
    return False


@cache
def _adapter(answer: Any) -> TypeAdapter[Any]:
    return TypeAdapter(answer)
