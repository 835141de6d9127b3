"""How much one client may ask for: requests a second, and bytes."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

__all__ = ["RateLimit"]

_MOST_USERS = 10_000


class RateLimit:
    """A bucket of tokens for each user: ``rate`` requests a second, and ``burst`` at once.

    A rate of 0 is no limit.

    Examples
    --------
    >>> now = [0.0]
    >>> limit = RateLimit(rate=2, burst=2, clock=lambda: now[0])
    >>> [limit.wait("ada") for _ in range(3)]
    [0.0, 0.0, 0.5]
    >>> now[0] = 0.5
    >>> limit.wait("ada")
    0.0
    """

    def __init__(
        self, rate: float, burst: float, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = rate
        self._burst = max(burst, 1.0)
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, user: str) -> float:
        """Take a token of ``user``: 0 where there is one, else the seconds until there is."""
        if self._rate <= 0:
            return 0.0
        now = self._clock()
        tokens = self._left(user, now)
        self._buckets.pop(user, None)
        allowed = tokens >= 1
        self._buckets[user] = (tokens - 1 if allowed else tokens, now)
        if len(self._buckets) > _MOST_USERS:
            self._buckets.popitem(last=False)  # who asked last the longest time ago
        return 0.0 if allowed else (1 - tokens) / self._rate

    def until(self, user: str) -> float:
        """Give the seconds until there is a token of ``user``, without taking it."""
        if self._rate <= 0:
            return 0.0
        return max(0.0, 1 - self._left(user, self._clock())) / self._rate

    def _left(self, user: str, now: float) -> float:
        tokens, since = self._buckets.get(user, (self._burst, now))
        return min(self._burst, tokens + (now - since) * self._rate)
