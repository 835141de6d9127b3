"""Handlers whose errors are ours; and the two that tell whether the server is well."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import JupyterHandler
from tornado import web

from omicshelf.backend.embedded.belonging import MARKER
from omicshelf.backend.store.objectstore import ObjectStore
from omicshelf.errors import Unreachable
from omicshelf.server.failures import Refused, failure_of
from omicshelf.server.service import Service

__all__ = ["HealthHandler", "JsonErrors"]


class JsonErrors(JupyterHandler):
    """A handler whose errors are ``{title, detail, kind}``, also where Jupyter refuses."""

    service: Service

    def initialize(self, service: Service) -> None:
        """Take what all handlers share."""
        self.service = service
        self.gone = threading.Event()

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
            backend = self.service.opening.backend()
            backend.last_change()
            store: ObjectStore | None = getattr(backend, "store", None)
            if store is not None:  # else another server's, which has just answered
                store.size(MARKER)
        except Exception as error:
            status = error.status if isinstance(error, Refused) else 503
            told = Unreachable("The server is not ready.", "Its log says why.")
            raise Refused(status, told, {"Retry-After": "5"}) from error
