"""What all handlers share: the catalog, the threads, the limits, and what is told of them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata

from omicshelf.backend.base import Backend
from omicshelf.backend.wire import VERSION, Info
from omicshelf.server.identity import MintedToken
from omicshelf.server.limits import RateLimit
from omicshelf.server.opening import Opening
from omicshelf.server.route import Router
from omicshelf.server.routes import ROUTES

__all__ = ["CAPABILITIES", "Limits", "Service"]

CAPABILITIES = ("changes", "diff", "facets", "lineage", "range", "roles", "search")
"""What a client may rely on; names are added when a release learns something."""


@dataclass(frozen=True)
class Limits:
    """Bytes and seconds that a request may take."""

    body: int = 16 << 20
    chunks: int = 256 << 20
    part: int = 64 << 20
    stalled: float = 30.0


@dataclass
class Service:
    """The parts of a running server.

    Attributes
    ----------
    opening
        The catalog.
    pool, readers
        The threads that compute answers, and those that read bytes for streams: a slow client
        must not keep others from their records.
    hidden
        Paths of the server that no answer may show.
    """

    opening: Opening
    pool: ThreadPoolExecutor
    readers: ThreadPoolExecutor
    limits: Limits
    rate: RateLimit
    token: MintedToken
    own_user: str
    log: logging.Logger
    access: logging.Logger
    hidden: Sequence[str] = ()
    default_role: str | None = None
    router: Router = field(default_factory=lambda: Router(ROUTES))

    def backend_for(self, user: str) -> Backend:
        """Give the catalog as far as ``user`` may use it."""
        return self.opening.backend()

    def info(self, user: str) -> Info:
        """Say what this server is and can do, to ``user``."""
        backend = self.opening.backend()
        return Info(
            version=_release(),
            api=VERSION,
            store=store_of(backend),
            user=user,
            role=self.default_role,
            capabilities=list(CAPABILITIES),
            limits={
                "body": self.limits.body,
                "chunks": self.limits.chunks,
                "part": self.limits.part,
                "page": 1000,
            },
        )

    def close(self) -> None:
        """Stop the threads and close the catalog."""
        self.pool.shutdown(wait=False, cancel_futures=True)
        self.readers.shutdown(wait=False, cancel_futures=True)
        self.opening.close()


def store_of(backend: Backend) -> str:
    """Give the id of the store behind a backend, under which clients keep what they read."""
    found: str = getattr(backend, "store_id", "")
    return found


@cache
def _release() -> str:
    try:
        return metadata.version("omicshelf")
    except metadata.PackageNotFoundError:
        return ""
