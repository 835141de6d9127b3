"""The catalog behind the server: opened beside the start, and again when it could not be."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from omicshelf.backend.base import Backend
from omicshelf.errors import RequestException, StorageError, Unreachable
from omicshelf.server.failures import Refused

__all__ = ["Opening"]


class Opening:
    """Opens a backend when it is first needed, and tries again later where that fails.

    Parameters
    ----------
    open_backend
        Gives the backend, or raises an error of the tree.
    log
        Where it is told why a catalog cannot be opened.
    hidden
        What no answer may show: paths of the server, addresses with passwords.
    every
        Seconds to pass before it is tried again.
    """

    def __init__(
        self,
        open_backend: Callable[[], Backend],
        log: logging.Logger,
        *,
        hidden: Callable[[], list[str]] = list,
        every: float = 5,
    ) -> None:
        self._open = open_backend
        self._log = log
        self._hidden = hidden
        self._every = every
        self._guard = threading.Lock()
        self._backend: Backend | None = None
        self._failed: tuple[float, Refused] | None = None
        self._closed = False

    def begin(self) -> None:
        """Open it in a thread, so that it is there when somebody asks."""
        threading.Thread(target=self._quietly, name="omicshelf-opening", daemon=True).start()

    def _quietly(self) -> None:
        try:
            self.backend()
        except Refused:
            return  # told in the log, and to whoever asks

    def backend(self) -> Backend:
        """Give the backend; waits for an opening that is under way.

        Raises
        ------
        Refused
            503, or 507 where it is the disk: the catalog cannot be opened at the moment.
        """
        if (there := self._backend) is not None:
            return there
        with self._guard:
            if (there := self._backend) is not None:  # another thread opened it meanwhile
                return there
            if self._failed is not None and time.monotonic() - self._failed[0] < self._every:
                raise self._failed[1]
            try:
                if self._closed:
                    raise Unreachable("The server is shutting down.", "Try again in a minute.")
                self._backend = self._open()
            except Exception as error:
                refused = self._refusal(error)
                self._failed = (time.monotonic(), refused)
                raise refused from error
            self._failed = None
            return self._backend

    def _refusal(self, error: Exception) -> Refused:
        if isinstance(error, RequestException):
            self._log.error("The catalog cannot be opened: %s", error)
            reason = error.title
        else:
            self._log.error("The catalog cannot be opened.", exc_info=error)
            reason = "something that nobody foresaw"
        for path in self._hidden():
            reason = reason.replace(path, "…")
        storage = isinstance(error, StorageError)
        kind = StorageError if storage else Unreachable
        told = kind(
            f"The catalog of this server cannot be opened: {reason}",
            f"It is tried again every {self._every:g} seconds; the server's log says more.",
        )
        return Refused(507 if storage else 503, told, {"Retry-After": f"{self._every:.0f}"})

    def close(self) -> None:
        """Close the backend, if it was opened."""
        with self._guard:
            self._closed = True
            backend, self._backend = self._backend, None
        if backend is not None:
            backend.close()
