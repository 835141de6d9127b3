"""A server whose catalog is another server: every request goes on, with its own credential.

The browser and the kernels hold what is good for this server alone; the credential for the other
one stays here. Bodies go through in blocks, both ways, and answers come back as they are.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from jupyter_server.auth.decorator import allow_unauthenticated
from tornado.iostream import StreamClosedError

from omicshelf.backend.remote.backend import RemoteBackend
from omicshelf.backend.wire import (
    API,
    CLIENT_HEADER,
    HASH_HEADER,
    ORIGIN_HEADER,
    USER_HEADER,
)
from omicshelf.errors import Invalid, Unauthorized, Unreachable
from omicshelf.server.bodies import InFile, InMemory
from omicshelf.server.handlers import ApiHandler
from omicshelf.server.threads import in_thread

__all__ = ["ProxyHandler"]

_BLOCK = 256 << 10
_ASKED = (
    "Accept",
    "Accept-Encoding",
    "Content-Type",
    "If-Match",
    "If-None-Match",
    "If-Range",
    "Range",
    CLIENT_HEADER,
    HASH_HEADER,
    ORIGIN_HEADER,
)
_ANSWERED = (
    "Accept-Ranges",
    "Allow",
    "Cache-Control",
    "Content-Disposition",
    "Content-Encoding",
    "Content-Length",
    "Content-Range",
    "Content-Security-Policy",
    "Content-Type",
    "Cross-Origin-Resource-Policy",
    "ETag",
    "Retry-After",
    "Vary",
    "X-Content-Type-Options",
    HASH_HEADER,
)


class ProxyHandler(ApiHandler):
    """Every route of the table, answered by the server behind this one.

    Who may use this server is asked here, as for a catalog of its own; who may do what to the
    catalog, there.
    """

    async def _respond(self, *_path: str) -> None:
        await self.received_whole()
        answer = await in_thread(self.service.waiters, self._ask)
        try:
            await self._pass_on(answer)
        finally:
            await in_thread(self.service.waiters, answer.close)

    get = head = post = put = patch = delete = allow_unauthenticated(_respond)

    def _ask(self) -> Any:
        backend = self.service.opening.backend()
        if not isinstance(backend, RemoteBackend):
            raise Unreachable("This server's catalog is no other server.", "Ask who runs it.")
        asked = self.request.headers
        headers = {name: asked[name] for name in _ASKED if name in asked}
        headers.setdefault("Accept-Encoding", "identity")
        headers[USER_HEADER] = quote(self._user, safe="@")
        headers["X-Request-Id"] = self._id
        base = self.base_url.rstrip("/") + API
        path = (self.request.uri or "").removeprefix(base)
        with contextlib.ExitStack() as held:
            try:
                answer = backend.client.forward(
                    self.request.method or "GET", path, headers, self._body(held)
                )
            except Unauthorized as error:
                raise _not_accepted(backend.url) from error
        if answer.status_code == 401:
            answer.close()
            raise _not_accepted(backend.url)
        return answer

    def _body(self, held: contextlib.ExitStack) -> bytes | IO[bytes] | None:
        received = self._received
        if isinstance(received, InMemory):
            return bytes(received.data)
        if isinstance(received, InFile):
            found = received.body()
            if found.blake3 != self.request.headers[HASH_HEADER].strip().lower():
                raise Invalid(
                    "The body does not have the hash that was announced.",
                    "It was damaged on its way: send it again.",
                )
            return held.enter_context(Path(found.path).open("rb"))
        return None

    async def _pass_on(self, answer: Any) -> None:
        self.set_status(answer.status_code)
        for name in _ANSWERED:
            if name in answer.headers:
                self.set_header(name, answer.headers[name])
        if "Content-Type" not in answer.headers:
            self.clear_header("Content-Type")
        if self.request.method == "HEAD" or answer.status_code in (204, 304):
            self.finish()
            return
        expected = answer.headers.get("Content-Length")
        read: Callable[[int], bytes] = answer.raw.read
        loop = asyncio.get_running_loop()
        try:
            while block := await loop.run_in_executor(self.service.readers, _read, read):
                self.write(block)
                self._sent += len(block)
                await self.flush()
        except StreamClosedError:
            return
        except OSError:
            self.service.log.warning("The answer of the server behind broke off.")
        if expected is not None and self._sent < int(expected):
            # Too late for another status: the client sees that bytes are missing.
            connection: Any = self.request.connection
            connection.stream.close()
            return
        self.finish()


def _not_accepted(url: str) -> Unreachable:
    """Make the error for a credential that is ours: the caller can do nothing about it."""
    return Unreachable(
        f"The server at {url} does not accept the credential of this proxy.",
        "Whoever runs this Jupyter server has to renew it: OmicshelfServer.token_file, or "
        "OMICSHELF_TOKEN at its start.",
    )


def _read(read: Callable[[int], bytes]) -> bytes:
    import urllib3.exceptions

    try:
        # As it came: what is compressed stays so.
        return read(_BLOCK)
    except urllib3.exceptions.HTTPError as error:
        raise OSError(str(error)) from error
