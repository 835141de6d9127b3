"""Which version an object of memory came from, as long as it lives."""

from __future__ import annotations

import threading
import weakref
from typing import Any

from omicshelf.records import VersionRecord

__all__ = ["remember", "version_of"]

_guard = threading.Lock()
# By identity: an AnnData or a DataFrame has no hash.
_loaded: dict[int, tuple[weakref.ref[Any], VersionRecord]] = {}


def remember(obj: Any, version: VersionRecord) -> None:
    """Note that an object was loaded from a version, or written as it."""
    key = id(obj)

    def forget(gone: weakref.ref[Any]) -> None:
        # Without the lock: garbage collection calls it anywhere, also where the lock is held.
        found = _loaded.get(key)
        if found is not None and found[0] is gone:
            _loaded.pop(key, None)

    try:
        alive = weakref.ref(obj, forget)
    except TypeError:  # a class that cannot be referred to weakly
        return
    with _guard:
        _loaded[key] = (alive, version)


def version_of(obj: Any) -> VersionRecord | None:
    """Give the version that an object was loaded from or last written as, where it is known.

    It may have been changed since: this is what it is a new version of.
    """
    found = _loaded.get(id(obj))
    return found[1] if found is not None and found[0]() is obj else None
