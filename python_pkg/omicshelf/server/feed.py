"""Waiting for the change log to grow, for any number of requests and with no thread for each."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

__all__ = ["Feed", "Subscribe"]

Subscribe = Callable[[Callable[[int], None]], Callable[[], None]]
"""Has a function called, from any thread, with the last number of the log: first the one of now,
then every one that is seen. Gives what ends that."""


class Feed:
    """Wakes the coroutines that wait for a change; used from the event loop alone."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()
        self._closed = False

    async def beyond(
        self, subscribe: Subscribe, after: int, seconds: float, left: asyncio.Future[None]
    ) -> bool:
        """Wait until the log has a number above ``after``.

        Parameters
        ----------
        subscribe
            Of the catalog.
        after, seconds
            The number that is known, and how long to wait for a larger one.
        left
            Done when the client has gone.

        Returns
        -------
        bool
            False where the time is over, the client has gone, or the server stops.
        """
        if self._closed:
            return False
        loop = asyncio.get_running_loop()
        grown: asyncio.Future[None] = loop.create_future()

        def wake() -> None:
            if not grown.done():
                grown.set_result(None)

        def hear(last: int) -> None:
            if last > after:
                with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
                    loop.call_soon_threadsafe(wake)

        self._waiting.add(grown)
        end = subscribe(hear)
        try:
            waited = {grown, left}
            await asyncio.wait(waited, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            return grown.done() and not grown.cancelled() and not left.done()
        finally:
            end()
            self._waiting.discard(grown)
            grown.cancel()

    @property
    def n_waiting(self) -> int:
        """How many wait at the moment."""
        return len(self._waiting)

    def close(self) -> None:
        """Let all who wait go with nothing."""
        self._closed = True
        for grown in self._waiting:
            grown.cancel()
