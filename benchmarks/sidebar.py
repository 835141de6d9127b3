"""The sidebar over 100,000 datasets, in a real Chromium: ``python -m benchmarks.sidebar``.

Two figures, each the best of three: how long a page takes from being asked for to its first rows,
and the longest task of the page's main thread, in time of the processor, while the list is
scrolled through thousands of rows, a search is typed and the filters are opened. Time of the
processor, because a machine that does other things too lets every task wait.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import omicshelf
from benchmarks import seeding
from omicshelf.testing.servers.jupyter import JupyterServer, jupyter

if TYPE_CHECKING:
    from playwright.sync_api import Browser, CDPSession, Page

__all__ = ["Figures", "measure"]

ROUNDS = 3
FIRST_ROWS_BAR = 1.0
LONGEST_TASK_BAR = 0.1

_ATLAS = "big"
_ROW = ".omicshelf-dataset"
_SEARCH = "lung tissue:value"
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
_TRACED = ["devtools.timeline", "disabled-by-default-devtools.timeline", "toplevel"]


@dataclass(frozen=True)
class Figures:
    """Seconds, by the way in which the datasets are shown."""

    first_rows: float
    longest_task: float


def measure(n_datasets: int, view: str, *, folder: Path) -> Figures:
    """Fill a catalog and look at it.

    Parameters
    ----------
    n_datasets
        How many there are.
    view
        ``list`` or ``tree``.
    folder
        An empty folder for the catalog and its server.
    """
    if not (folder / "catalog").exists():
        with omicshelf.connect(folder / "catalog") as connection:
            seeding.fill(omicshelf.Catalog(_ATLAS, connection=connection), folder, n_datasets)
    with (
        jupyter(folder / "server", catalog=folder / "catalog") as server,
        _chromium() as browser,
    ):
        _look(browser, server, view)  # the server's first answer builds what the next ones use
        looks = [_look(browser, server, view) for _ in range(ROUNDS)]
    return Figures(min(one.first_rows for one in looks), min(one.longest_task for one in looks))


@contextmanager
def _chromium() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_FLAGS)
        try:
            yield running
        finally:
            running.close()


def _look(browser: Browser, server: JupyterServer, view: str) -> Figures:
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
        return Figures(first_rows, _longest(events))
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


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--datasets", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="keep the catalog here, for the next time")
    given = parser.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp(prefix="omicshelf-sidebar-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        for view in ("list", "tree"):
            found = measure(given.datasets, view, folder=folder)
            print(
                f"{view}, {given.datasets:,} datasets: first rows {found.first_rows:.2f} s"
                f" (bar {FIRST_ROWS_BAR} s), longest task {found.longest_task * 1000:.0f} ms"
                f" (bar {LONGEST_TASK_BAR * 1000:.0f} ms)"
            )
    finally:
        if given.folder is None:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
