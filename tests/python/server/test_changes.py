"""The change log, asked for and waited for."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from conftest import Client


def test_pages_are_complete_and_in_order(client: Client) -> None:
    for number in range(5):
        client.put(f"page-{number}", atlas="paged")
    found: list[int] = []
    after = 0
    while True:
        page = client.get("/changes", params={"after": after, "limit": 2, "atlas": "paged"}).json()
        found += [one["seq"] for one in page["changes"]]
        assert all(one["atlas"] == "paged" for one in page["changes"])
        if page["last"] == after:
            break
        after = page["last"]
    with client.catalog() as backend:
        assert found == [one.seq for one in backend.changes(atlas="paged")]
        assert after == backend.last_change()


def test_waiting_for_another_process(client: Client) -> None:
    last = client.get("/changes", params={"limit": 10_000}).json()["last"]
    client.get("/info")
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(client.get, "/changes", params={"after": last, "wait": 20})
        client.put("waited-for", atlas="waiting")  # this process writes, not the server
        answer = waiting.result(25).json()
    assert answer["changes"]
    assert answer["changes"][0]["seq"] == last + 1


def test_waiting_in_vain(client: Client) -> None:
    last = client.get("/changes", params={"limit": 10_000}).json()["last"]
    began = time.monotonic()
    answer = client.get("/changes", params={"after": last, "wait": 0.3}).json()
    assert answer == {"changes": [], "last": last}
    assert time.monotonic() - began >= 0.3


def test_many_wait_and_nobody_is_kept_from_the_rest(client: Client) -> None:
    last = client.get("/changes", params={"limit": 10_000}).json()["last"]
    with ThreadPoolExecutor(40) as threads:
        asked = {"after": last, "wait": 20}
        waiting = [threads.submit(client.get, "/changes", params=asked) for _ in range(40)]
        assert client.get("/atlases").status_code == 200
        client.put("many", atlas="waiting")
        answers = [one.result(25).json() for one in waiting]
    assert all(one["changes"] for one in answers)


def test_what_is_refused(client: Client) -> None:
    for query, part in (("wait=900", "wait"), ("after=-1", "after"), ("limit=0", "limit")):
        client.refused(client.get(f"/changes?{query}"), 400, "Invalid", part)
