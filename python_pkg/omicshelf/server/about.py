"""What answers requests says of itself, be it a server or a kernel."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import metadata

from omicshelf.backend.base import Backend
from omicshelf.backend.guard import Guarded
from omicshelf.backend.wire import VERSION, Info

__all__ = ["CAPABILITIES", "Limits", "info_of", "store_of"]

CAPABILITIES = (
    "changes",
    "diff",
    "facets",
    "lineage",
    "preview",
    "range",
    "roles",
    "search",
    "uploads",
)
"""What a client may rely on; names are added when a release learns something."""


@dataclass(frozen=True)
class Limits:
    """Bytes and seconds that a request may take."""

    body: int = 16 << 20
    chunks: int = 256 << 20
    part: int = 320 << 20
    stalled: float = 30.0


def info_of(guarded: Guarded, backend: Backend, limits: Limits) -> Info:
    """Say what answers and what it can do, to the user of a guard.

    Parameters
    ----------
    guarded, backend
        The catalog as far as the user may use it, and itself.
    """
    return Info(
        version=_release(),
        api=VERSION,
        store=store_of(backend),
        user=guarded.identity.name,
        role=guarded.access.on_server,
        capabilities=list(CAPABILITIES),
        limits={
            "body": limits.body,
            "chunks": limits.chunks,
            "part": limits.part,
            "page": 1000,
        },
        last_change=guarded.last_change(),
    )


def store_of(backend: Backend) -> str:
    """Give the id of the store behind a backend, under which clients keep what they read."""
    from omicshelf.backend.embedded.belonging import marker_of

    known = getattr(backend, "store_id", None)
    if known is not None:
        return str(known)
    store = getattr(backend, "store", None)
    return "" if store is None else marker_of(store, backend.url) or ""


@cache
def _release() -> str:
    try:
        return metadata.version("omicshelf")
    except metadata.PackageNotFoundError:
        return ""
