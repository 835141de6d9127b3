"""What is asked of a server while it ends."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from omicshelf.server.refusals import Refused
from omicshelf.server.threads import in_thread


def test_work_is_done_in_a_thread_of_its_own() -> None:
    with ThreadPoolExecutor(1) as threads:
        assert asyncio.run(in_thread(threads, threading.get_ident)) != threading.get_ident()


def test_a_failure_of_the_work_is_its_own() -> None:
    def broken() -> None:
        raise RuntimeError("no more rows")

    with ThreadPoolExecutor(1) as threads, pytest.raises(RuntimeError, match="no more rows"):
        asyncio.run(in_thread(threads, broken))


def test_a_server_that_ends_says_so_and_when_to_ask_again() -> None:
    threads = ThreadPoolExecutor(1)
    threads.shutdown()
    with pytest.raises(Refused) as refused:
        asyncio.run(in_thread(threads, threading.get_ident))
    assert refused.value.status == 503
    assert refused.value.headers["Retry-After"] == "5"
    assert "shutting down" in refused.value.error.title
