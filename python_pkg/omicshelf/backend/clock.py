"""The one clock of the backend."""

from __future__ import annotations

import time

__all__ = ["now_ms"]


def now_ms() -> int:
    """Give the time in UTC milliseconds since 1970."""
    return time.time_ns() // 1_000_000
