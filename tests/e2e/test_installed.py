"""What was installed, as a new user meets it: the wheel in fresh environments, and Notebook 7.

`make installed` builds the wheel and runs all of it; Notebook 7 of the development environment is
looked at in every run.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from installed import Installed
from laboratory import ARTEFACTS, Laboratory, Window
from playwright.sync_api import Locator, expect

from suite import ROOT

SLOW = 90_000
WHEEL = ROOT / "dist"
INSTALLS_WITHIN = 900
# Of Notebook 7.6 itself: the first also where omicshelf is disabled, the second whenever there is
# JupyterLab in another tab.
NOT_OURS = (
    r"uncaught: Cannot read properties of undefined \(reading 'schema'\)"
    "|uncaught: Window name candidate"
)
SHELF = ("import omicshelf", "omicshelf.CatalogBrowser()", "%load_ext omicshelf\n%shelf ls")
OPTIONS = {"JupyterNotebookApp.expose_app_in_browser": True, "LabApp.expose_app_in_browser": True}
RUN_ALL = "() => window.jupyterapp.commands.execute('notebook:run-all-cells').then(() => null)"


@dataclass(frozen=True)
class Environment:
    """Where commands are, and when the installation had ended."""

    bin: Path
    installed_at: float


def fresh(folder: Path, requirement: str) -> Environment:
    """Install the wheel with a JupyterLab or a Notebook, into an environment with nothing else."""
    wheels = sorted(WHEEL.glob("omicshelf-*.whl"), key=lambda path: path.stat().st_mtime)
    assert wheels, "there is no wheel in dist: make wheel"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    subprocess.run(
        [folder / "bin" / "pip", "install", "--quiet", wheels[-1], requirement],
        check=True,
        timeout=INSTALLS_WITHIN,
    )
    return Environment(folder / "bin", time.monotonic())


def started(folder: Path, environment: Environment, command: str) -> Installed:
    """Start what was installed, for somebody who has no catalog yet."""
    home = {"HOME": str(folder / "home"), "XDG_DATA_HOME": str(folder / "home" / "data")}
    server = Installed(folder, OPTIONS, home, bin=environment.bin, command=command)
    # The catalog is made where people have theirs: it is not named to the server.
    server.start()
    return server


@pytest.fixture
def environment(tmp_path: Path, request: pytest.FixtureRequest) -> Environment:
    requirement = getattr(request, "param", None)
    if requirement is None:
        return Environment(Path(sys.executable).parent, time.monotonic())
    return fresh(tmp_path / "environment", requirement)


@pytest.fixture
def lab(
    tmp_path: Path, environment: Environment, request: pytest.FixtureRequest
) -> Iterator[Laboratory]:
    """What was installed, started by its command, instead of the JupyterLab of other journeys."""
    command = "jupyter-lab" if "in_jupyterlab" in request.node.name else "jupyter-notebook"
    server = started(tmp_path / "lab", environment, command)
    made = Laboratory(server, tmp_path / "lab" / "home" / "data" / "omicshelf")
    made.be_quiet()
    try:
        yield made
    finally:
        server.stop()


# -- JupyterLab


def row(panel: Locator) -> Locator:
    return panel.get_by_role("row", name=re.compile("pbmc68k_reduced")).first


@pytest.mark.slow
@pytest.mark.timeout(2 * INSTALLS_WITHIN)
@pytest.mark.parametrize(
    "environment", ["jupyterlab==4.4.*", "jupyterlab<5"], indirect=True, ids=["4.4", "newest"]
)
def test_the_wheel_in_jupyterlab(environment: Environment, window: Window) -> None:
    """From the end of the installation to an AnnData in the kernel, with no other step."""
    page = window.page
    window.open()
    window.panel().get_by_role("button", name="Try with a real dataset").click()
    told = page.locator(".omicshelf-toast", has_text="adata: AnnData 700 × 765")
    expect(told).to_be_visible(timeout=SLOW)
    took = time.monotonic() - environment.installed_at
    assert window.run("type(adata).__name__, adata.shape") == "('AnnData', (700, 765))"

    # And from now on by a click on its row: the name that is taken is left alone.
    row(window.panel()).hover()
    row(window.panel()).get_by_role("button", name=re.compile("^Load")).click()
    again = page.locator(".omicshelf-toast", has_text="pbmc68k_reduced: AnnData 700 × 765")
    expect(again).to_be_visible(timeout=SLOW)
    assert window.run("int((pbmc68k_reduced.X != adata.X).sum())") == "0"

    # Its document, with what is drawn by parts that are loaded late.
    row(window.panel()).click()
    document = page.locator(".omicshelf-document:visible")
    expect(document).to_contain_text("bulk_labels", timeout=SLOW)
    document.get_by_role("tab", name="Contents").click()
    expect(document.locator("canvas").first).to_be_visible(timeout=SLOW)
    version = page.evaluate("() => window.jupyterapp.version")
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    (ARTEFACTS / f"installed-jupyterlab-{version}.txt").write_text(f"{took:.1f} s\n")


# -- Notebook 7


def go(window: Window, path: str) -> None:
    """Load a page of Notebook, and wait until it stands."""
    server = window.lab.server
    window.page.goto(f"{server.url}{path}?token={server.token}")
    window.page.wait_for_function("() => Boolean(window.jupyterapp)", timeout=SLOW)
    window.page.evaluate("() => window.jupyterapp.restored.then(() => null)")


def execute(window: Window, command: str) -> None:
    window.page.evaluate(
        "name => window.jupyterapp.commands.execute(name).then(() => null)", command
    )


def look_around(window: Window) -> None:
    """In Notebook's pages: widgets, `%shelf`, the panel, loading; nothing of ours goes wrong."""
    window.seen.expect(NOT_OURS)
    go(window, "tree")
    expect(window.page.locator(".jp-BreadCrumbs").first).to_be_visible(timeout=SLOW)
    window.shot("tree")

    page = window.page
    go(window, f"notebooks/{window.lab.notebook('analysis.ipynb', *SHELF)}")
    window.notebook()
    execute(window, "omicshelf:show")
    panel = page.locator("#omicshelf-panel")
    panel.get_by_role("button", name="Try with a real dataset").click()
    loaded = page.locator(".omicshelf-toast", has_text="adata: AnnData 700 × 765")
    expect(loaded).to_be_visible(timeout=SLOW)
    expect(row(panel)).to_be_visible()

    page.evaluate(RUN_ALL)
    shown = page.locator(".jp-OutputArea-output")
    widget = shown.locator(".omicshelf-widget")
    expect(widget.get_by_role("row", name=re.compile("pbmc68k"))).to_be_visible(timeout=SLOW)
    expect(shown.filter(has_text=re.compile(r"pbmc68k_reduced\s+Single cell"))).to_be_visible()
    window.shot("notebook")

    # A page of Notebook has room for one document: the dataset's own is in JupyterLab.
    with page.context.expect_page() as opened:
        row(panel).click()
    document = opened.value.locator(".omicshelf-document")
    expect(document).to_contain_text("bulk_labels", timeout=SLOW)


def test_notebook_7(window: Window) -> None:
    look_around(window)


@pytest.mark.slow
@pytest.mark.timeout(2 * INSTALLS_WITHIN)
@pytest.mark.parametrize("environment", ["notebook>=7,<8"], indirect=True, ids=["newest"])
def test_the_wheel_in_notebook_7(environment: Environment, window: Window) -> None:
    look_around(window)
