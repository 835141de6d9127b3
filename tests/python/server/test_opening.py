"""The catalog behind a server: opened once, tried again, closed."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from omicshelf.backend.base import Backend
from omicshelf.backend.embedded.backend import EmbeddedBackend
from omicshelf.errors import StorageError, Unreachable
from omicshelf.server.failures import Refused
from omicshelf.server.feed import Feed
from omicshelf.server.limits import RateLimit
from omicshelf.server.opening import Opening

LOG = logging.getLogger("tests.opening")


def test_it_is_opened_once_for_all(tmp_path: Path) -> None:
    opened: list[Backend] = []
    gate = threading.Event()

    def open_slowly() -> Backend:
        gate.wait(20)
        opened.append(EmbeddedBackend(tmp_path / "catalog"))
        return opened[-1]

    opening = Opening(open_slowly, LOG)
    opening.begin()
    found: list[Backend] = []
    asking = [threading.Thread(target=lambda: found.append(opening.backend())) for _ in range(4)]
    for thread in asking:
        thread.start()
    gate.set()
    for thread in asking:
        thread.join(20)
    assert len(opened) == 1
    assert found == opened * 4
    opening.close()
    with pytest.raises(Refused) as refused:
        opening.backend()
    assert refused.value.status == 503


def test_it_is_tried_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    secret = "postgresql://ada:hunter2@db/x"

    def open_it() -> Backend:
        if not (tmp_path / "there").exists():
            raise Unreachable(f"{secret} does not answer.")
        return EmbeddedBackend(tmp_path / "catalog")

    opening = Opening(open_it, LOG, hidden=lambda: [secret], every=0)
    with pytest.raises(Refused) as refused:
        opening.backend()
    assert (refused.value.status, refused.value.error.kind) == (503, "Unreachable")
    assert "does not answer" in refused.value.error.title
    assert "hunter2" not in str(refused.value)
    assert "does not answer" in caplog.text
    (tmp_path / "there").touch()
    assert opening.backend().list_atlases() == []
    opening.close()


def test_not_every_request_tries(tmp_path: Path) -> None:
    tried = []

    def open_it() -> Backend:
        tried.append(1)
        raise StorageError("The disk is full.")

    opening = Opening(open_it, LOG, every=3600)
    for _ in range(5):
        with pytest.raises(Refused) as refused:
            opening.backend()
        assert refused.value.status == 507
        assert refused.value.headers == {"Retry-After": "3600"}
    assert len(tried) == 1


def test_the_rate_is_each_users_own() -> None:
    now = [0.0]
    limit = RateLimit(rate=10, burst=2, clock=lambda: now[0])
    assert [limit.wait("ada") > 0 for _ in range(3)] == [False, False, True]
    assert limit.wait("bob") == 0
    now[0] = 1000.0
    assert [limit.wait("ada") > 0 for _ in range(3)] == [False, False, True]
    assert all(RateLimit(rate=0, burst=1).wait("ada") == 0 for _ in range(100))


def test_waiting_ends_with_a_change_the_time_the_client_or_the_server() -> None:
    asyncio.run(_waits())


async def _waits() -> None:
    feed, told, ended = Feed(), list[Callable[[int], None]](), []

    def subscribe(hear: Callable[[int], None]) -> Callable[[], None]:
        told.append(hear)
        hear(7)
        return lambda: ended.append(hear)

    loop = asyncio.get_running_loop()
    stays: asyncio.Future[None] = loop.create_future()
    assert await feed.beyond(subscribe, 6, 20, stays) is True  # it is there already
    assert await feed.beyond(subscribe, 7, 0.01, stays) is False

    later = asyncio.ensure_future(feed.beyond(subscribe, 7, 20, stays))
    await asyncio.sleep(0)
    threading.Thread(target=told[-1], args=(8,)).start()
    assert await later is True

    leaves: asyncio.Future[None] = loop.create_future()
    later = asyncio.ensure_future(feed.beyond(subscribe, 8, 20, leaves))
    await asyncio.sleep(0)
    leaves.set_result(None)
    assert await later is False

    later = asyncio.ensure_future(feed.beyond(subscribe, 8, 20, stays))
    await asyncio.sleep(0)
    feed.close()
    assert await later is False
    assert await feed.beyond(subscribe, 0, 20, stays) is False
    assert ended == told
