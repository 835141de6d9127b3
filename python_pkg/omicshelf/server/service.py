"""What all handlers share: the catalog, the threads, the limits, and what is told of them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import cast

from omicshelf.backend.embedded.watching import Watcher
from omicshelf.backend.guard import Guarded
from omicshelf.backend.permissions import Identity, Policy
from omicshelf.backend.wire import Info
from omicshelf.server.about import Limits, info_of
from omicshelf.server.feed import Feed, Subscribe
from omicshelf.server.identity import MintedToken
from omicshelf.server.limits import RateLimit
from omicshelf.server.metrics import Metrics
from omicshelf.server.opening import Opening
from omicshelf.server.route import Receiver, Router
from omicshelf.server.routes import ROUTES

__all__ = ["Service"]


@dataclass
class Service:
    """The parts of a running server.

    Attributes
    ----------
    opening
        The catalog.
    pool, readers, waiters
        The threads that compute answers, those that read bytes for streams, and those that
        wait for another server: a slow client must not keep others from their records.
    hidden
        Paths of the server that no answer may show.
    draining, under_way
        Whether the server is about to end, and how many requests it has still to answer.
    proxies
        Users who may act for others; ``*`` is everybody.
    """

    opening: Opening
    pool: ThreadPoolExecutor
    readers: ThreadPoolExecutor
    waiters: ThreadPoolExecutor
    limits: Limits
    rate: RateLimit
    token: MintedToken
    own_user: str
    log: logging.Logger
    access: logging.Logger
    hidden: Sequence[str] = ()
    policy: Policy = field(default_factory=Policy)
    admins: frozenset[str] = frozenset()
    proxies: frozenset[str] = frozenset()
    draining: bool = False
    under_way: int = 0
    router: Router = field(default_factory=lambda: Router(ROUTES))
    feed: Feed = field(default_factory=Feed)
    metrics: Metrics = field(init=False, repr=False)
    _watcher: Watcher | None = None

    def __post_init__(self) -> None:
        self.metrics = Metrics(self)

    def backend_for(self, user: str) -> Guarded:
        """Give the catalog as far as ``user`` may use it; one for each request."""
        identity = Identity(user, "admin" if user in self.admins else None)
        return Guarded(self.opening.backend(), identity, self.policy)

    @property
    def uploads(self) -> Receiver:
        """The part of the catalog that takes bytes."""
        return cast("Receiver", self.opening.backend())

    def changes(self) -> Subscribe | None:
        """Give what tells of changes; None where the catalog cannot tell."""
        db = getattr(self.opening.backend(), "db", None)
        if db is None:
            return None
        if self._watcher is None:
            self._watcher = Watcher(db)
        return self._watcher.subscribe

    def info(self, guarded: Guarded) -> Info:
        """Say what this server is and can do, to the user of a guard."""
        return info_of(guarded, self.opening.backend(), self.limits)

    def close(self) -> None:
        """Stop the threads and close the catalog."""
        self.metrics.close()
        if self._watcher is not None:
            self._watcher.close()
        self.pool.shutdown(wait=False, cancel_futures=True)
        self.readers.shutdown(wait=False, cancel_futures=True)
        self.waiters.shutdown(wait=False, cancel_futures=True)
        self.opening.close()
