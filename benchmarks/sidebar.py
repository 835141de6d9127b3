"""The sidebar over many datasets, in a real Chromium.

Two figures for the list and for the tree, each the best of three: how long a page takes from
being asked for to its first rows, and the longest task of the page's main thread, in time of the
processor, while the list is scrolled through thousands of rows, a search is typed and the filters
are opened. Time of the processor, because a machine that does other things too lets every task
wait.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import omicshelf
from benchmarks import seeding
from benchmarks.browsers import chromium
from benchmarks.measuring import Figure, Scale
from omicshelf.testing.servers.jupyter import JupyterServer, jupyter

if TYPE_CHECKING:
    from playwright.sync_api import Browser, CDPSession, Page

__all__ = ["sidebar"]

ROUNDS = 3
FIRST_ROWS_BAR = 1.0  # s
LONGEST_TASK_BAR = 100.0  # ms

_ATLAS = "big"
_ROW = ".omicshelf-dataset"
_SEARCH = "lung tissue:value"
_TRACED = ["devtools.timeline", "disabled-by-default-devtools.timeline", "toplevel"]


@dataclass(frozen=True)
class _Look:
    """Seconds of one look at the page."""

    first_rows: float
    longest_task: float


def sidebar(folder: Path, scale: Scale) -> Iterator[Figure]:
    """Open the panel over as many datasets as the scale has at most; scroll, search, filter."""
    n_datasets = max(scale.datasets)
    with omicshelf.connect(folder / "catalog") as connection:
        seeding.fill(omicshelf.Catalog(_ATLAS, connection=connection), folder, n_datasets)
    with (
        jupyter(folder / "server", catalog=folder / "catalog") as server,
        chromium() as browser,
    ):
        for view in ("list", "tree"):
            _look(browser, server, view)  # the first answer builds what the next ones use
            looks = [_look(browser, server, view) for _ in range(ROUNDS)]
            rows = min(one.first_rows for one in looks)
            task = min(one.longest_task for one in looks) * 1e3
            what = f"sidebar, {n_datasets:,} datasets, {view}"
            yield Figure(f"{what}: first rows", rows * 1e3, "ms", rows, "s", FIRST_ROWS_BAR)
            longest = f"{what}: longest task while it is scrolled, searched and filtered"
            yield Figure(longest, task, "ms", task, "ms", LONGEST_TASK_BAR)


def _look(browser: Browser, server: JupyterServer, view: str) -> _Look:
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    try:
        page = context.new_page()
        kept = json.dumps({"atlas": _ATLAS, "view": view, "filters": False})
        page.add_init_script(f"localStorage.setItem('omicshelf/sidebar', {json.dumps(kept)})")
        began = time.perf_counter()
        page.goto(f"{server.url}omicshelf?token={server.token}", wait_until="commit")
        page.wait_for_selector(_ROW)
        first_rows = time.perf_counter() - began
        with _traced(context.new_cdp_session(page), page) as events:
            _use(page)
        return _Look(first_rows, _longest(events))
    finally:
        context.close()


def _use(page: Page) -> None:
    """Scroll through thousands of rows, type a search, open the filters."""
    place = page.locator(".omicshelf-list").bounding_box()
    assert place is not None
    page.mouse.move(place["x"] + 100, place["y"] + 100)
    for _ in range(120):
        page.mouse.wheel(0, 1200)
        page.wait_for_timeout(16)
    search = page.get_by_role("combobox", name="Search datasets")
    search.click()
    search.press_sequentially(_SEARCH, delay=60)
    page.get_by_role("button", name="Filters").click()
    page.wait_for_selector(".omicshelf-facets")
    page.wait_for_timeout(1_000)


@contextmanager
def _traced(session: CDPSession, page: Page) -> Iterator[list[dict[str, Any]]]:
    events: list[dict[str, Any]] = []
    ended: list[bool] = []
    session.on("Tracing.dataCollected", lambda found: events.extend(found["value"]))
    session.on("Tracing.tracingComplete", lambda _found: ended.append(True))
    session.send(
        "Tracing.start",
        {"transferMode": "ReportEvents", "traceConfig": {"includedCategories": _TRACED}},
    )
    yield events
    session.send("Tracing.end")
    while not ended:
        page.wait_for_timeout(50)


def _longest(events: list[dict[str, Any]]) -> float:
    """Give the longest task of the main threads of pages."""
    main = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    tasks = [
        event.get("tdur", event["dur"])
        for event in events
        if event["name"] == "RunTask"
        and event["ph"] == "X"
        and (event["pid"], event["tid"]) in main
    ]
    return max(tasks, default=0) / 1e6
