"""What changes elsewhere shows by itself, and what goes away comes back: nothing typed is lost."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import scanpy
from laboratory import Laboratory, Window
from playwright.sync_api import Locator, expect
from team import Team, team
from test_kernels import SLOW, cells, command, load, row, told

import omicshelf

# Two seconds, as it is promised, and what a machine takes on which all else runs too.
LIVE = 2_000 + 3_000
# What a browser says of a server that is away; the journeys with one expect it.
AWAY = r"ERR_CONNECTION_|ERR_EMPTY_RESPONSE|ERR_SOCKET_NOT_CONNECTED|refused: 503|status of 503"
BEHIND_IS_AWAY = r"refused: 50[234]|status of 50[234]"
GONE = r"refused: 404|status of 404"


def fill(connection: omicshelf.Connection) -> omicshelf.Catalog:
    """Make an atlas with 700 blood cells."""
    found = omicshelf.Catalog("blood", connection=connection)
    found.save("pbmc", scanpy.datasets.pbmc68k_reduced(), data_type="Single cell RNASeq")
    return found


def box(window: Window) -> Locator:
    return window.panel().get_by_role("combobox", name="Search datasets")


def document(window: Window) -> Locator:
    return window.page.locator(".omicshelf-document:visible")


class TestOneCatalog:
    @pytest.fixture
    def catalog(self, connection: omicshelf.Connection) -> omicshelf.Catalog:
        return fill(connection)

    def test_two_windows_show_the_same_and_keep_what_is_typed(
        self, catalog: omicshelf.Catalog, windows: Callable[..., Window]
    ) -> None:
        mine, theirs = windows(), windows()
        for window in (mine, theirs):
            window.open()
            expect(row(window)).to_contain_text("v1")
            command(window, "omicshelf:open", atlas="blood", id="pbmc")
            expect(document(window)).to_contain_text("700 cells")
        # Here something is typed into two places at once.
        box(theirs).fill("pb")
        document(theirs).get_by_label("Add a field", exact=True).fill("organ")
        # There a key is given to the metadata.
        document(mine).get_by_label("Add a field", exact=True).fill("tissue")
        document(mine).get_by_label("Add a field", exact=True).press("Enter")
        mine.page.keyboard.type("blood")
        document(mine).get_by_role("button", name="Save as v2").click()
        expect(document(mine).get_by_role("button", name=re.compile("Version v2"))).to_be_visible()

        expect(row(theirs)).to_contain_text("v2", timeout=LIVE)
        expect(box(theirs)).to_have_value("pb")
        expect(document(theirs).get_by_label("Add a field", exact=True)).to_have_value("organ")
        expect(document(theirs).get_by_label("Tissue", exact=True)).to_have_value("blood")
        # A delete in one is a row less in the other, and its document says so.
        theirs.seen.expect(GONE)
        mine.seen.expect(GONE)
        mine.panel().get_by_role("row", name=re.compile("pbmc")).focus()
        mine.page.keyboard.press("Delete")
        expect(theirs.panel().locator(".omicshelf-dataset")).to_have_count(0, timeout=LIVE)
        expect(document(theirs)).to_contain_text("was deleted", timeout=LIVE)

    def test_the_server_is_restarted_in_the_middle(
        self, lab: Laboratory, catalog: omicshelf.Catalog, window: Window
    ) -> None:
        window.seen.expect(AWAY)
        window.seen.expect("uncaught: .*dead$")  # what JupyterLab asked the kernel meanwhile
        window.open(lab.notebook("analysis.ipynb", "x = 1"))
        window.notebook()
        command(window, "omicshelf:open", atlas="blood", id="pbmc")
        expect(document(window)).to_contain_text("700 cells")
        document(window).get_by_label("Add a field", exact=True).fill("organ")
        box(window).fill("pb")
        expect(row(window)).to_be_visible()

        # JupyterLab has its own word on it, as often as it finds that out.
        window.page.add_locator_handler(
            window.page.locator(".jp-Dialog", has_text="Server Connection Error"),
            lambda shown: shown.get_by_role("button", name="Close").click(),
        )
        lab.server.stop()
        panel = window.panel()
        expect(panel).to_contain_text("The catalog does not answer", timeout=SLOW)
        expect(panel.get_by_role("button", name="Add a dataset")).to_have_count(0)
        window.shot("away")
        catalog.edit_metadata(["pbmc"], {"tissue": "blood"})
        lab.server.start()

        expect(panel).not_to_contain_text("The catalog does not answer", timeout=SLOW)
        expect(row(window)).to_contain_text("v2", timeout=SLOW)
        expect(box(window)).to_have_value("pb")
        expect(document(window).get_by_label("Add a field", exact=True)).to_have_value("organ")
        expect(document(window).get_by_label("Tissue", exact=True)).to_have_value("blood")
        # The kernel went with the server, which JupyterLab tells in one way or another; with
        # another one it goes on.
        window.page.get_by_role("tab", name="analysis.ipynb").click()
        status = window.page.locator(".jp-StatusBar-Left")
        expect(status).to_contain_text(re.compile(r"\| (Unknown|Disconnected)"), timeout=SLOW)
        window.page.locator(".jp-Toolbar-kernelName:visible").click()
        window.page.locator(".jp-Dialog .jp-mod-accept").click()
        window.notebook()
        load(window)
        told(window, "adata: AnnData 700 × 765")

    def test_a_kernel_that_was_restarted_loads_again(
        self, lab: Laboratory, catalog: omicshelf.Catalog, window: Window
    ) -> None:
        window.open(lab.notebook("analysis.ipynb", "x = 1"))
        window.notebook()
        load(window)
        told(window, "adata: AnnData 700 × 765").get_by_role("button", name="Dismiss").click()
        restart(window)
        assert window.run("'adata' in dir()") == "False"
        load(window)
        told(window, "adata: AnnData 700 × 765")
        # The name is free again, and the line imports what it needs.
        assert window.run("adata.shape") == "(700, 765)"
        assert sum('version="v1")' in cell for cell in cells(window)) == 2

    def test_a_page_that_is_hidden_asks_nothing(
        self, catalog: omicshelf.Catalog, windows: Callable[..., Window]
    ) -> None:
        hidden, shown = windows(), windows()
        for window in (hidden, shown):
            window.open()
            expect(row(window)).to_contain_text("v1")
            command(window, "omicshelf:open", atlas="blood", id="pbmc")
            expect(document(window)).to_contain_text("700 cells")
        with hidden.page.expect_event("requestfailed", lambda request: "/changes" in request.url):
            look(hidden, away=True)  # the poll under way is given up
        asked: list[str] = []
        hidden.page.on("request", lambda request: asked.append(request.url))
        for name in ("tissue", "organ"):
            catalog.edit_metadata(["pbmc"], {name: "blood"})
            expect(document(shown).get_by_label(name.title(), exact=True)).to_be_visible(
                timeout=LIVE
            )
        assert [url for url in asked if "/omicshelf/" in url] == []
        look(hidden, away=False)
        expect(row(hidden)).to_contain_text("v3", timeout=LIVE)
        expect(document(hidden).get_by_label("Organ", exact=True)).to_be_visible(timeout=LIVE)


def restart(window: Window) -> None:
    """Restart the kernel of the notebook, as the menu does, and wait until it is there."""
    page = window.page
    # It ends when the question is answered: it is not waited for.
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:restart-kernel'); }")
    page.locator(".jp-Dialog .jp-mod-accept").click()
    expect(page.locator(".jp-Dialog")).to_have_count(0)
    window.notebook()


def look(window: Window, *, away: bool) -> None:
    """Turn to another tab of the browser, or back: a browser without a screen hides nothing."""
    window.page.evaluate(
        """away => {
          Object.defineProperty(document, 'hidden', {value: away, configurable: true});
          Object.defineProperty(document, 'visibilityState',
            {value: away ? 'hidden' : 'visible', configurable: true});
          document.dispatchEvent(new Event('visibilitychange'));
        }""",
        away,
    )


class TestBehindAServer:
    """The catalog is a team's, and JupyterLab's own server only passes things on."""

    @pytest.fixture
    def people(self, tmp_path: Path) -> Iterator[Team]:
        with team(tmp_path) as made:
            fill(made.connection)
            yield made

    @pytest.fixture
    def lab(self, people: Team) -> Laboratory:
        return people.laboratory("carol", "blood", "contributor")

    def test_a_catalog_goes_away_and_comes_back(
        self, people: Team, lab: Laboratory, window: Window
    ) -> None:
        window.seen.expect(BEHIND_IS_AWAY)
        window.open(lab.notebook("analysis.ipynb", "x = 1"))
        window.notebook()
        expect(row(window)).to_contain_text("v1")
        command(window, "omicshelf:open", atlas="blood", id="pbmc")
        expect(document(window)).to_contain_text("700 cells")
        people.server.stop()

        panel = window.panel()
        panel.get_by_role("button", name="Refresh").click()
        expect(panel).to_contain_text("The catalog does not answer", timeout=SLOW)
        expect(panel).to_contain_text("read only")
        expect(row(window)).to_be_visible()
        expect(document(window)).to_contain_text("The catalog does not answer")
        # What cannot be done now is not offered, in the panel, its menu and the document.
        expect(panel.get_by_role("button", name="Add a dataset")).to_have_count(0)
        row(window).click(button="right")
        items = window.page.get_by_role("menuitem")
        expect(items.filter(has_text="Copy id")).to_be_visible()
        expect(items.filter(has_text=re.compile("Load|Delete|study|Attach"))).to_have_count(0)
        window.page.keyboard.press("Escape")
        expect(window.page.locator(".omicshelf-StatusItem")).to_contain_text("out of reach")
        window.shot("away")
        # JupyterLab is there all the same: the kernel goes on.
        window.page.get_by_role("tab", name="analysis.ipynb").click()
        assert window.run("6 * 7") == "42"

        people.server.start()
        omicshelf.Catalog("blood", connection=people.connection).edit_metadata(
            ["pbmc"], {"tissue": "blood"}
        )
        panel.get_by_role("button", name="Try again").click()
        expect(panel).not_to_contain_text("The catalog does not answer", timeout=SLOW)
        expect(row(window)).to_contain_text("v2", timeout=SLOW)
        load(window)
        told(window, "adata: AnnData 700 × 765")
