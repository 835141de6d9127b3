"""A JupyterLab of its own for each journey, with a catalog of its own, and one real Chromium."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from laboratory import OPTIONS, Laboratory, Seen, Window

import omicshelf
from omicshelf.testing.servers.jupyter import jupyter
from suite import REQUIRED

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM = shutil.which("chromium")
SIZE = {"width": 1280, "height": 800}
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, which talks to nobody but this machine."""
    from playwright.sync_api import sync_playwright

    if CHROMIUM is None:
        (pytest.fail if REQUIRED else pytest.skip)("there is no chromium: make servers")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)
        try:
            yield running
        finally:
            running.close()


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Laboratory]:
    """A JupyterLab that serves an empty catalog in a folder of its own."""
    catalog = tmp_path / "catalog"
    # Kernels find the catalog by the server that started them, as a user's do.
    with jupyter(tmp_path / "lab", catalog=catalog, options=OPTIONS, lab=True) as server:
        made = Laboratory(server, catalog)
        made.be_quiet()
        yield made


@pytest.fixture
def connection(lab: Laboratory) -> Iterator[omicshelf.Connection]:
    """The same catalog, opened by the test: what a terminal or a colleague would do."""
    with omicshelf.connect(lab.catalog) as opened:
        yield opened


@pytest.fixture
def windows(
    browser: Browser, lab: Laboratory, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Window]]:
    """Make windows of the lab, each with cookies of its own; every error of ours fails the test."""
    name = re.sub(r"\W+", "-", request.node.name).strip("-")
    made: list[Window] = []

    def make(width: int = SIZE["width"], height: int = SIZE["height"]) -> Window:
        context = browser.new_context(viewport={"width": width, "height": height})
        window = Window(context.new_page(), lab, Seen(), name + "-2" * bool(made))
        window.seen.watch(window.page)
        made.append(window)
        return window

    yield make
    for window in made:
        window.shot("end")
        window.page.context.close()
    for window in made:
        window.seen.assert_none()


@pytest.fixture
def window(windows: Callable[..., Window]) -> Window:
    """One window of the lab."""
    return windows()
