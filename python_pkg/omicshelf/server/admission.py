"""Who is let in, and with what: decided from the head of a request, before its body is read."""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from collections.abc import Callable
from typing import Any, TypeVar, cast
from urllib.parse import unquote

from jupyter_server import CallContext
from jupyter_server.auth.identity import User
from jupyter_server.utils import ensure_async
from tornado import web

from omicshelf.backend.guard import Guarded
from omicshelf.backend.wire import API, CLIENT_HEADER, HASH_HEADER, USER_HEADER
from omicshelf.errors import AccessDenied, Invalid, NotFound, RepositoryLocked, Unauthorized
from omicshelf.rules import check_user
from omicshelf.server.access import log_line
from omicshelf.server.bodies import Discarded, InFile, InMemory, Received, too_large
from omicshelf.server.failures import Refused
from omicshelf.server.health import JsonErrors
from omicshelf.server.identity import user_name
from omicshelf.server.parsing import parse_query
from omicshelf.server.route import Body, Route, decoded
from omicshelf.server.service import Service
from omicshelf.server.threads import in_thread

__all__ = ["Admission"]

R = TypeVar("R")

_DRAINED = 64 << 20  # bytes of a refused body that are read, so that the answer is read too
_LEAST_RATE = 1024  # bytes a second, below which a body is stalled
_REQUEST_ID = re.compile(r"[\w.-]{1,64}")


@web.stream_request_body
class Admission(JsonErrors):
    """The first half of a request: who asks, for which route, and the body as it arrives.

    What is refused is told once the body has been read, as far as that is bearable: a client
    that is still sending does not look for an answer.
    """

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
            # The status is that of the error, not this one: see `write_error`.
            self.send_error(500, exc_info=(type(error), error, error.__traceback__))

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

    async def _in_thread(self, function: Callable[..., R], *given: Any) -> R:
        return await in_thread(self.service.pool, function, *given)

    def _backend(self) -> Guarded:
        return self.service.backend_for(self._user)

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
        route = self._route.path if self._route else None
        seconds = time.monotonic() - self._began
        self.service.metrics.answered(
            route,
            self.request.method or "",
            status,
            seconds=seconds,
            sent=self._sent,
            received=self._progress,
        )
        log_line(
            self.service.access,
            method=self.request.method,
            route=route,
            status=status,
            ms=round(seconds * 1000, 1),
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
