"""JupyterLab with the extension: how much it brings, and how long a click on Load takes.

Both in a real JupyterLab, a real kernel and a real Chromium.
"""

from __future__ import annotations

import gzip
import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import nbformat

import omicshelf
from benchmarks import samples
from benchmarks.browsers import chromium
from benchmarks.measuring import Figure, Scale
from omicshelf.testing.servers.jupyter import JupyterServer, jupyter

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["load_click", "sizes"]

_FIRST_LOAD_BAR = 150.0  # kB, compressed
_WIDGET_BAR = 60.0
_LOAD_BAR = 300.0  # ms beyond _LOAD_RATIO times the same read_h5ad
_LOAD_RATIO = 1.2
_SLOW = 120_000
_OPTIONS = {
    "LabApp.expose_app_in_browser": True,
    "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
    "LabApp.news_url": None,
}
_SHOWN = ".jp-NotebookPanel:not(.lm-mod-hidden)"

# The kernel writes down when a cell that gives `adata` has ended. Front ends' silent requests
# are not cells.
_SET_UP = """
import gc, time
import anndata
from omicshelf import Catalog
def ended(result, log={log!r}):
    if "adata" in get_ipython().user_ns:
        with open(log, "a") as file:
            print(time.time() * 1000, file=file)
get_ipython().events.register("post_run_cell", ended)
Catalog("bench").load("cells").shape
"""
_FORGET = "del adata; gc.collect(); None"
_IDLE = """() => {
  const { sessionContext } = window.jupyterapp.shell.currentWidget;
  return sessionContext.session?.kernel?.status === 'idle';
}"""


def sizes(folder: Path, _scale: Scale) -> Iterator[Figure]:
    """Weigh what a browser fetches of ours until the panel stands, and the script of a widget."""
    fetched: dict[str, int] = {}
    with _lab(folder) as server, _page(server) as page:
        page.on(
            "response",
            lambda answer: (
                fetched.update({answer.url: len(gzip.compress(answer.body()))})
                if "/extensions/omicshelf/static/" in urlsplit(answer.url).path
                else None
            ),
        )
        _open(page, server)
        _panel(page)
        page.get_by_role("button", name="Try with a real dataset").wait_for()
    first = sum(fetched.values()) / 1e3
    what = "labextension: first load, compressed"
    yield Figure(what, first, "kB", first, "kB", _FIRST_LOAD_BAR)
    widget = Path(omicshelf.__file__).parent / "static" / "widget.js"
    size = len(gzip.compress(widget.read_bytes())) / 1e3
    yield Figure("widget: script, compressed", size, "kB", size, "kB", _WIDGET_BAR)


def load_click(folder: Path, scale: Scale) -> Iterator[Figure]:
    """Click on Load, until the kernel has the AnnData; against read_h5ad in a cell."""
    source = folder / "source.h5ad"
    samples.large_h5ad_apart(source, scale.file_bytes)
    with omicshelf.connect(folder / "catalog") as connection:
        catalog = omicshelf.Catalog("bench", connection=connection)
        catalog.create_dataset("cells", "Single cell", source, {})
    log = folder / "ended.log"
    with _lab(folder) as server, _page(server) as page:
        root = server.folder / "root"
        _write_notebook(root / "load.ipynb", _SET_UP.format(log=str(log)))
        _open(page, server, "load.ipynb")
        page.wait_for_selector(_SHOWN)
        _run(page, None)
        _panel(page)
        page.wait_for_selector(".omicshelf-dataset")
        ours, plain, over = [], [], []
        read = f"adata = anndata.read_h5ad({str(source)!r})"
        for number in range(scale.rounds + 1):
            reading = _took(page, log, lambda: _begin(page, read))
            _forget(page, log)
            loading = _took(page, log, lambda: _click(page))
            page.wait_for_selector(".omicshelf-toast >> text=adata: AnnData")
            _forget(page, log)
            if number:  # the first of each is not counted
                ours.append(loading)
                plain.append(reading)
                over.append(loading - _LOAD_RATIO * reading)
    size = source.stat().st_size / 1e6
    yield Figure(
        f"JupyterLab: a click on Load, {size:.0f} MB of h5ad, beyond {_LOAD_RATIO} times the other",
        statistics.median(ours), "ms", statistics.median(over), "ms", _LOAD_BAR,
        statistics.median(plain), "read_h5ad in a cell",
    )  # fmt: skip


@contextmanager
def _lab(folder: Path) -> Iterator[JupyterServer]:
    with jupyter(
        folder / "server", catalog=folder / "catalog", options=_OPTIONS, lab=True
    ) as server:
        yield server


@contextmanager
def _page(server: JupyterServer) -> Iterator[Page]:
    with chromium() as browser:
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        page = context.new_page()
        page.set_default_timeout(_SLOW)
        yield page
        context.close()


def _open(page: Page, server: JupyterServer, path: str = "") -> None:
    where = f"lab/tree/{path}" if path else "lab"
    page.goto(f"{server.url}{where}?token={server.token}&reset=")
    page.wait_for_function("() => window.jupyterapp")
    page.evaluate("() => window.jupyterapp.restored.then(() => null)")


def _panel(page: Page) -> None:
    if not page.locator("#omicshelf-panel").is_visible():
        page.locator('.jp-SideBar [data-id="omicshelf-panel"]').click()


def _write_notebook(path: Path, code: str) -> None:
    cell = nbformat.v4.new_code_cell(code)  # type: ignore[no-untyped-call]
    made = nbformat.v4.new_notebook(cells=[cell])  # type: ignore[no-untyped-call]
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(made, path)  # type: ignore[no-untyped-call]


def _begin(page: Page, code: str | None) -> float:
    """Run a cell, the one that is there or a new one; give when it was asked for, in ms."""
    asked: float = page.evaluate(
        """async code => {
          const { commands, shell } = window.jupyterapp;
          if (code !== null) {
            await commands.execute('notebook:insert-cell-below');
            shell.currentWidget.content.activeCell.model.sharedModel.setSource(code);
          }
          const asked = Date.now();
          void commands.execute('notebook:run-cell');
          return asked;
        }""",
        code,
    )
    return asked


def _run(page: Page, code: str | None) -> None:
    """Run a cell and wait until the kernel has nothing to do."""
    page.wait_for_function(_IDLE)
    count = "() => window.jupyterapp.shell.currentWidget.content.model.cells.length"
    before = page.evaluate(count)
    _begin(page, code)
    page.wait_for_function(
        """n => {
          const { content } = window.jupyterapp.shell.currentWidget;
          return content.model.cells.length === n && content.activeCell.model.executionCount > 0;
        }""",
        arg=before + int(code is not None),
    )
    page.wait_for_function(_IDLE)


def _click(page: Page) -> float:
    """Click on Load on the row; give when, in ms."""
    page.locator(".omicshelf-dataset").first.hover()
    button = page.get_by_role("button", name="Load cells")
    asked: float = button.evaluate(
        "button => { const asked = Date.now(); button.click(); return asked; }"
    )
    return asked


def _forget(page: Page, log: Path) -> None:
    _run(page, _FORGET)
    log.unlink()


def _took(page: Page, log: Path, begin: Callable[[], float]) -> float:
    """Give how many milliseconds lie between the asking and the end of the cell."""
    asked = begin()
    while not log.exists() or not log.read_text().endswith("\n"):
        page.wait_for_timeout(20)
    return float(log.read_text().split()[0]) - asked
