"""Work that would keep the event loop: in threads, as long as there are any."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, TypeVar

from omicshelf.errors import Unreachable
from omicshelf.server.refusals import Refused

__all__ = ["in_thread"]

R = TypeVar("R")


async def in_thread(threads: Executor, function: Callable[..., R], *given: Any) -> R:
    """Call a function in one of the threads, and give what it gives.

    Raises
    ------
    Refused
        503: the server ends. Connections that are open still ask it then.
    """
    try:
        ahead = asyncio.get_running_loop().run_in_executor(threads, function, *given)
    except RuntimeError as error:  # what threads say that take nothing more
        told = Unreachable("The server is shutting down.", "Try again in a minute.")
        raise Refused(503, told, {"Retry-After": "5"}) from error
    return await ahead
