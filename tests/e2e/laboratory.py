"""A real JupyterLab as a journey sees it: its server, and a page of a browser that shows it.

A journey says what a person does and sees. What every journey needs is here: start, wait, open a
notebook, run a cell and read what it printed, keep a picture, and hear of every error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import nbformat
from playwright.sync_api import ConsoleMessage, Locator, Page, Request, Response, expect

from omicshelf.testing.servers.jupyter import JupyterServer
from suite import ROOT

__all__ = ["ARTEFACTS", "OPTIONS", "Laboratory", "Seen", "Window", "row"]

ARTEFACTS = ROOT / "artefacts" / "e2e"
OURS = "omicshelf"
DROP = ("dragEnter", "dragOver", "drop")
# Of a server with JupyterLab.
OPTIONS = {
    "LabApp.expose_app_in_browser": True,  # so that a journey can wait for it
    "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
    "LabApp.news_url": None,
    "LabApp.extension_manager": "readonly",
}
# A kernel imports scanpy's friends on two busy cores.
_SLOW = 60_000
# The indicator in the toolbar says idle before there is a kernel.
_IDLE = """() => {
  const widget = window.jupyterapp.shell.currentWidget;
  const context = widget?.sessionContext;
  return context?.isReady && context.session?.kernel?.status === 'idle';
}"""
_SHOWN = ".jp-NotebookPanel:not(.lm-mod-hidden)"

# What talks to the network, or covers a corner of each picture.
_QUIET = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
    }
}


@dataclass
class Laboratory:
    """A server with JupyterLab, and the folders that it works in."""

    server: JupyterServer
    catalog: Path

    @property
    def root(self) -> Path:
        """The folder that its file browser shows."""
        return self.server.folder / "root"

    def settings(self, plugin: str, **values: Any) -> None:
        """Set what a person sets in the settings editor; a page reads it when it loads."""
        package, _, name = plugin.rpartition(":")
        path = self.server.folder / "settings" / package / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))

    def be_quiet(self) -> None:
        """Ask for no news and no updates."""
        for plugin, values in _QUIET.items():
            self.settings(plugin, **values)

    def dark(self) -> None:
        """Take the dark theme."""
        self.settings("@jupyterlab/apputils-extension:themes", theme="JupyterLab Dark")

    def notebook(self, name: str, *cells: str) -> str:
        """Write a notebook with these cells of code; give its path."""
        made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(one) for one in cells])
        made.metadata["kernelspec"] = {
            "name": "python3",
            "display_name": "Python 3 (ipykernel)",
            "language": "python",
        }
        nbformat.write(made, self.root / name)
        return name


@dataclass
class Seen:
    """What went wrong in a page without anybody clicking on it.

    Errors on the console that are ours, exceptions that nobody caught, our requests that were
    refused or failed, and any request that left this machine.
    """

    problems: list[str] = field(default_factory=list)
    _expected: list[re.Pattern[str]] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        """Listen to a page."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self._add(f"uncaught: {error}"))
        page.on("request", self._request)
        page.on("requestfailed", self._failed)
        page.on("response", self._response)

    def expect(self, pattern: str) -> None:
        """Take a problem that this matches as part of the journey."""
        self._expected.append(re.compile(pattern))

    def assert_none(self) -> None:
        """Fail if there was any that was not expected."""
        left = [
            one for one in self.problems if not any(known.search(one) for known in self._expected)
        ]
        assert left == [], "\n".join(left)

    def _add(self, problem: str) -> None:
        self.problems.append(problem)

    def _console(self, message: ConsoleMessage) -> None:
        where = message.location.get("url", "")
        if message.type == "error" and (OURS in message.text or OURS in where):
            self._add(f"console: {message.text} ({where})")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname != "127.0.0.1":
            self._add(f"left this machine: {request.url}")

    def _failed(self, request: Request) -> None:
        # A request that was given up failed because somebody wanted it to.
        if OURS in urlsplit(request.url).path and "ERR_ABORTED" not in str(request.failure):
            self._add(f"failed: {request.method} {request.url} {request.failure}")

    def _response(self, response: Response) -> None:
        if OURS in urlsplit(response.url).path and response.status >= 400:
            self._add(f"refused: {response.status} {response.request.method} {response.url}")


@dataclass
class Window:
    """One window of a browser with JupyterLab in it."""

    page: Page
    lab: Laboratory
    seen: Seen
    name: str

    # -- the whole

    def open(self, path: str = "", **query: str) -> None:
        """Load JupyterLab, at a file if one is named, and wait until it stands."""
        where = f"lab/tree/{quote(path)}" if path else "lab"
        asked = {"token": self.lab.server.token, "reset": "", **query}
        told = "&".join(f"{key}={quote(value, safe='')}" for key, value in asked.items())
        self.page.goto(f"{self.lab.server.url}{where}?{told}")
        self.wait()

    def reload(self) -> None:
        """Load the page again, as it was left."""
        self.page.reload()
        self.wait()

    def wait(self) -> None:
        """Wait until JupyterLab has put everything back where it was."""
        self.page.wait_for_function("() => window.jupyterapp", timeout=_SLOW)
        self.page.evaluate("() => window.jupyterapp.restored.then(() => null)")
        expect(self.page.locator("#jupyterlab-splash")).to_have_count(0)

    def shot(self, name: str, target: Locator | None = None) -> Path:
        """Keep a picture of the window, or of a part of it, in ``artefacts/e2e``."""
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        path = ARTEFACTS / f"{self.name}-{name}.png"
        (target or self.page).screenshot(path=path)
        return path

    def panel(self) -> Locator:
        """Open our side panel if it is not open; give it."""
        found = self.page.locator("#omicshelf-panel")
        if not found.is_visible():
            self.page.locator('.jp-SideBar [data-id="omicshelf-panel"]').click()
        expect(found).to_be_visible()
        return found

    # -- files

    def drag(self, target: Locator, *paths: Path, events: Sequence[str] = DROP) -> None:
        """Drag files and folders of the disk over a part of the page, and let them go there.

        The browser itself does it, as if they came from a file manager: the page gets what a
        person's drop gives, folders too, and reads a file only when it wants its bytes.
        """
        target.scroll_into_view_if_needed()
        box = target.bounding_box()
        assert box is not None
        data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        session = self.page.context.new_cdp_session(self.page)
        for kind in events:
            session.send("Input.dispatchDragEvent", {"type": kind, "x": x, "y": y, "data": data})
        session.detach()

    # -- notebooks

    def open_notebook(self, path: str) -> Locator:
        """Open a notebook in the window as it is; wait for its kernel; give it."""
        self.page.evaluate(
            "path => window.jupyterapp.commands.execute('docmanager:open', {path})"
            ".then(() => null)",
            path,
        )
        return self.notebook()

    def notebook(self) -> Locator:
        """Give the notebook that is shown, when its kernel is there and does nothing."""
        shown = self.page.locator(_SHOWN)
        expect(shown).to_be_visible(timeout=_SLOW)
        self.page.wait_for_function(_IDLE, timeout=_SLOW)
        return shown

    def run_cell(self, index: int) -> Locator:
        """Run a cell, wait until it has ended, and give its output."""
        cell = self.notebook().locator(".jp-CodeCell").nth(index)
        editor = cell.locator(".cm-content")
        editor.click()
        return self._run(cell, editor)

    def run(self, code: str) -> str:
        """Add a cell at the end, run it, and give what it printed or showed as text."""
        cells = self.notebook().locator(".jp-Cell")
        count = cells.count()
        # Not by the keys A and B: what is typed right after them may come too early.
        self.page.locator(f"{_SHOWN} button.jp-Notebook-footer").click()
        expect(cells).to_have_count(count + 1)
        cell = cells.nth(count)
        editor = cell.locator(".cm-content")
        editor.click()
        expect(editor).to_be_focused()
        self.page.keyboard.insert_text(code)
        return "\n".join(self._run(cell, editor).all_inner_texts())

    def _run(self, cell: Locator, editor: Locator) -> Locator:
        expect(editor).to_be_focused()
        prompt = cell.locator(".jp-InputPrompt")
        before = prompt.inner_text()
        self.page.keyboard.press("Control+Enter")
        # A number that is not the one of before: neither [ ] nor [*].
        other = rf"^(?!{re.escape(before)}$)\[\d+\]:?$"
        expect(prompt).to_have_text(re.compile(other), timeout=_SLOW)
        return cell.locator(".jp-OutputArea-output")


def row(panel: Locator, name: str) -> Locator:
    """The row of a dataset, its study unfolded."""
    closed = panel.get_by_role("row", expanded=False)
    found = panel.get_by_role("row", name=re.compile(name))
    expect(panel.get_by_role("row").first).to_be_visible()
    while not found.count() and closed.count():
        closed.first.click()
    return found.first
