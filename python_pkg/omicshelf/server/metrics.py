"""What a server tells Prometheus of itself, at Jupyter's own ``/metrics``.

Labels are patterns of routes, methods and statuses: never a user, a name or an id, so that they
are few, and tell nothing to who may see how a server does and not what is in it.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from omicshelf.backend.store.cache import Cache
    from omicshelf.server.service import Service

__all__ = ["Metrics", "Sample"]

_LOOK_EVERY = 15.0  # seconds; the database is not asked more often, however many look
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@dataclass(frozen=True)
class Sample:
    """What has to be asked of the database and the disk; None where the catalog has no such."""

    openable: bool
    uploads: int | None = None
    cache_bytes: int | None = None
    cache_limit: int | None = None
    cache_hits: int | None = None
    cache_misses: int | None = None


class Metrics(Collector):
    """The metrics of one server.

    Parameters
    ----------
    service
        The server.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "omicshelf_requests",
            "Requests that were answered; 499 where the client left before.",
            ["route", "method", "status"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "omicshelf_request_seconds",
            "Seconds from the headers of a request to the end of its answer.",
            ["route", "method"],
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._sent = Counter(
            "omicshelf_sent_bytes",
            "Bytes of the bodies of answers.",
            ["route"],
            registry=self._registry,
        )
        self._received = Counter(
            "omicshelf_received_bytes",
            "Bytes of the bodies of requests.",
            ["route"],
            registry=self._registry,
        )
        self._sample: Sample | None = None
        self._sampled = float("-inf")
        self._looking = threading.Lock()

    def answered(
        self,
        route: str | None,
        method: str,
        status: int,
        *,
        seconds: float,
        sent: int,
        received: int,
    ) -> None:
        """Count a request; ``route`` is the pattern of its path, None where there is no such."""
        route = route or "none"
        method = method if method in _METHODS else "other"
        self._requests.labels(route, method, str(status)).inc()
        self._seconds.labels(route, method).observe(seconds)
        self._sent.labels(route).inc(sent)
        self._received.labels(route).inc(received)

    # -- for Prometheus

    def begin(self) -> None:
        """Be told by ``/metrics`` from now on, and look once."""
        REGISTRY.register(self)
        self._refresh()

    def close(self) -> None:
        """Be told no more."""
        with contextlib.suppress(KeyError):
            REGISTRY.unregister(self)

    def describe(self) -> Iterator[Metric]:
        """Give nothing: names are not compared with those of another server of this process."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Give everything; what has to be asked is of a moment ago, so that nobody waits."""
        yield from self._registry.collect()
        service = self._service
        yield _gauge("requests_under_way", "Requests that have no whole answer yet.",
                     service.under_way)  # fmt: skip
        yield _gauge("long_polls_waiting", "Requests that wait for the change log to grow.",
                     service.feed.n_waiting)  # fmt: skip
        self._refresh()
        if (sample := self._sample) is not None:
            yield from _told(sample)

    def _refresh(self) -> None:
        """Look again, in a thread, where the last look is old and no other is under way."""
        if time.monotonic() - self._sampled < _LOOK_EVERY or not self._looking.acquire(False):
            return
        try:
            self._service.pool.submit(self._look)
        except RuntimeError:  # the server is about to end
            self._looking.release()

    def _look(self) -> None:
        try:
            self._sample = sample_of(self._service)
            self._sampled = time.monotonic()
        finally:
            self._looking.release()


def sample_of(service: Service) -> Sample:
    """Ask the catalog behind a server; what cannot be asked is not told."""
    try:
        backend: Any = service.opening.backend()
        backend.last_change()
        uploads = backend.open_uploads() if hasattr(backend, "open_uploads") else None
        cache = cast("Cache | None", getattr(backend, "cache", None))
    except Exception:  # whatever it is: it is not openable, and the log has said why
        return Sample(openable=False)
    if cache is None:
        return Sample(True, uploads)
    size = limit = None
    with contextlib.suppress(Exception):  # a disk that fails is told by the requests that need it
        usage = cache.usage()
        size, limit = usage.size, usage.limit
    return Sample(True, uploads, size, limit, cache.hits, cache.misses)


def _gauge(name: str, told: str, value: float) -> Metric:
    return GaugeMetricFamily(f"omicshelf_{name}", told, value=value)


def _told(sample: Sample) -> Iterator[Metric]:
    yield _gauge("catalog_openable", "Whether the catalog answers: 1, or 0.", sample.openable)
    for name, told, value in (
        ("uploads_open", "Uploads that are under way, of all servers.", sample.uploads),
        ("cache_bytes", "Bytes of whole files that are kept for reading.", sample.cache_bytes),
        ("cache_limit_bytes", "Bytes that may be kept.", sample.cache_limit),
        ("cache_hits", "Times that a file was in the cache.", sample.cache_hits),
        ("cache_misses", "Times that it was not.", sample.cache_misses),
    ):
        if value is not None:
            yield _gauge(name, told, value)
