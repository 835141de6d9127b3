"""Connections: the catalog that this process works with, and what it has loaded from it."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from types import TracebackType
from typing import Self

from omicshelf.backend.base import Backend
from omicshelf.backend.connect import open_backend
from omicshelf.records import VersionRecord

__all__ = ["Connection", "connect", "current"]

_MAX_INPUTS = 50


class Connection:
    """An open catalog. Made by :func:`connect`; a context manager.

    It also remembers which versions this process has loaded or saved: the base of the
    conflict check in ``save``, and of the lineage that is recorded by itself.
    """

    def __init__(self, backend: Backend, *, token: str | None = None) -> None:
        self.backend = backend
        self.token = token
        self._guard = threading.Lock()
        self._seen: dict[tuple[str, str], tuple[int, str]] = {}
        self._loaded: OrderedDict[str, tuple[str, str]] = OrderedDict()
        self._previous: Connection | None = None

    @property
    def url(self) -> str:
        """The address of the catalog."""
        return self.backend.url

    def __repr__(self) -> str:
        return f"Connection({self.url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the catalog; the default connection of before is the default again."""
        global _default
        with _guard:
            if _default is self:
                _default = self._previous
        self.backend.close()

    # -- what this process has loaded and saved

    def saw(self, version: VersionRecord, *, loaded: bool) -> None:
        """Note that this process has loaded or written a version."""
        key = (version.atlas, version.dataset_id)
        with self._guard:
            if self._seen.get(key, (0, ""))[0] < version.seq:
                self._seen[key] = (version.seq, version.version_id)
            if loaded:
                self._loaded[version.version_id] = key
                self._loaded.move_to_end(version.version_id)
                while len(self._loaded) > _MAX_INPUTS:
                    self._loaded.popitem(last=False)

    def newest_seen(self, atlas: str, dataset_id: str) -> str | None:
        """Give the newest version of a dataset that this process has loaded or saved."""
        with self._guard:
            seen = self._seen.get((atlas, dataset_id))
        return None if seen is None else seen[1]

    def forget(self, atlas: str, dataset_id: str) -> None:
        """Forget what was seen of a dataset, when this process deletes it."""
        with self._guard:
            self._seen.pop((atlas, dataset_id), None)

    def inputs_for(self, atlas: str, dataset_id: str) -> tuple[str, ...]:
        """Give what else this process had loaded when it writes a dataset, oldest first."""
        with self._guard:
            return tuple(v for v, key in self._loaded.items() if key != (atlas, dataset_id))


_default: Connection | None = None
_guard = threading.RLock()


def connect(url: str | os.PathLike[str] | None = None, *, token: str | None = None) -> Connection:
    """Open a catalog and make it the default of this process.

    Parameters
    ----------
    url
        The folder of a catalog, made where it is not there, or the address of a server as it
        is in the browser: ``http://127.0.0.1:8888/lab?token=…``. Default: ``OMICSHELF_URL``,
        the user's configuration file, the default folder, in this order.
    token
        The credential for a server; not needed for a folder. Default: the one in the address,
        ``OMICSHELF_TOKEN``, the user's configuration file, in this order.

    Returns
    -------
    Connection
        In a ``with`` statement it is closed at the end, and the default of before is back.

    Examples
    --------
    >>> import omicshelf, tempfile
    >>> with omicshelf.connect(tempfile.mkdtemp()) as connection:
    ...     len(omicshelf.Catalog("demo"))
    0
    """
    global _default
    token = token or None
    made = Connection(open_backend(url, token=token), token=token)
    with _guard:
        made._previous = _default
        _default = made
    return made


def current() -> Connection:
    """Give the default connection, opened where there is none yet."""
    with _guard:
        return _default if _default is not None else connect()
