"""Everybody can use it: by keyboard, in little room, enlarged, from right to left, and by right."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import scanpy
from laboratory import Laboratory, Window
from playwright.sync_api import Locator, expect
from team import Team, team
from test_kernels import SLOW, command, told

import omicshelf
from suite import ROOT

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
TABS = ("Overview", "Contents", "Versions", "Files", "Lineage")
ARABIC = "خلايا الدم من متبرع سليم"
METADATA = {"title": "68k blood cells", "organism": "Homo sapiens", "tissue": "blood"}
# What is wider than its place, where nothing lets it scroll or end in an ellipsis.
TOO_WIDE = """where => [...document.querySelectorAll(where)].flatMap(root =>
  [root, ...root.querySelectorAll('*')].filter(one => {
    const style = getComputedStyle(one);
    return one.clientWidth > 0 && style.overflowX === 'visible' &&
      style.display !== 'inline' && one.scrollWidth > one.clientWidth + 1 &&
      one.getBoundingClientRect().right > root.getBoundingClientRect().right + 1;
  }).map(one => `${one.tagName} ${one.className}: ${one.textContent.slice(0, 60)}`))"""


@pytest.fixture
def catalog(connection: omicshelf.Connection) -> omicshelf.Catalog:
    """An atlas with two versions of real cells, and tables in two studies."""
    return fill(connection)


def fill(connection: omicshelf.Connection) -> omicshelf.Catalog:
    found = omicshelf.Catalog("blood", connection=connection)
    adata = scanpy.datasets.pbmc68k_reduced()
    found.save("pbmc", adata, data_type="Single cell RNA-seq", metadata=METADATA)
    adata.obs["score"] = 1.5
    found.save("pbmc", adata, message="scores")
    table = pd.DataFrame({"gene": ["CST3", "NKG7"], "n": [4, 0]})
    for name in ("markers", "donors"):
        found.create_dataset(name, "Table", table, {"title": ARABIC}, study_id="PMID28091601")
    return found


def document(window: Window) -> Locator:
    return window.page.locator(".omicshelf-document:visible")


def open_document(window: Window, tab: str = "Overview") -> Locator:
    command(window, "omicshelf:open", atlas="blood", id="pbmc")
    expect(document(window)).to_contain_text("700 cells")
    show(window, tab)
    return document(window)


def show(window: Window, tab: str) -> None:
    """Show what is below a tab, when it is there."""
    found = document(window).get_by_role("tab", name=re.compile(f"^{tab}"))
    found.click()
    expect(found).to_have_attribute("aria-selected", "true")
    room = document(window).locator(".omicshelf-document-room")
    # For a moment nothing is there, then what says that it is on its way, then the room itself.
    expect(room).to_have_text(re.compile(r"\w"), timeout=SLOW)
    expect(room.locator(".omicshelf-waiting")).to_have_count(0, timeout=SLOW)
    expect(room).to_have_text(re.compile(r"\w"))


def versions(window: Window) -> Locator:
    rows = document(window).get_by_role("grid", name="Versions").get_by_role("row")
    return rows.filter(has=window.page.get_by_text(re.compile(r"^v\d$")))


def row(window: Window, name: str = "pbmc") -> Locator:
    return window.panel().get_by_role("row").filter(has=window.page.get_by_text(name, exact=True))


def serious(window: Window, *where: str) -> list[str]:
    """What axe finds in our parts that keeps people out, colours included."""
    page = window.page
    page.evaluate(AXE.read_text())
    found = page.evaluate(
        "where => axe.run({include: where.filter(one => document.querySelector(one))},"
        " {resultTypes: ['violations']})",
        list(where),
    )
    return [
        f"{one['id']}: {json.dumps([node['html'][:200] for node in one['nodes']])}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]


OURS = ("#omicshelf-panel", ".omicshelf-document", "[role=dialog]", ".omicshelf-float")


# -- by keyboard


def test_all_of_it_without_a_mouse(
    lab: Laboratory, catalog: omicshelf.Catalog, window: Window
) -> None:
    (lab.root / "figure.txt").write_text("a figure")
    window.open(lab.notebook("analysis.ipynb", "x = 1"))
    window.notebook()
    page = window.page
    keys = page.keyboard

    # The panel, by the palette; then the search, its result, and Load.
    keys.press("Control+Shift+C")
    expect(page.locator(".lm-CommandPalette-input")).to_be_focused()
    keys.type("search datasets")
    keys.press("Enter")
    box = page.get_by_role("combobox", name="Search datasets")
    expect(box).to_be_focused()
    keys.type("pbmc")
    expect(page.get_by_text("1 of 3", exact=True)).to_be_visible()
    keys.press("ArrowDown")
    expect(row(window)).to_be_focused()
    keys.press("Control+Enter")
    told(window, "adata: AnnData 700 × 765")

    # The document, and its tabs by the arrows.
    row(window).focus()  # the notebook took it, as it should
    keys.press("Enter")
    expect(document(window)).to_contain_text("700 cells")
    tabs = document(window).get_by_role("tablist").first
    reach(window, tabs.get_by_role("tab", selected=True))
    for name in TABS[1:3]:
        keys.press("ArrowRight")
        expect(tabs.get_by_role("tab", name=re.compile(f"^{name}"))).to_be_focused()
    expect(tabs.get_by_role("tab", name=re.compile("^Versions"))).to_have_attribute(
        "aria-selected", "true"
    )
    # Two versions, compared: the newest is selected already.
    reach(window, versions(window).first)
    keys.press("ArrowDown")
    keys.press("Space")
    expect(document(window)).to_contain_text("2 of 2 selected")
    compared = document(window).get_by_role("complementary", name="Compare")
    expect(compared).to_contain_text("score")
    window.shot("compared")

    # A file is attached: the button opens what the browser has for choosing.
    reach(window, document(window).get_by_role("button", name="Attach file…").first)
    keys.press("Enter")
    show_files = document(window).get_by_role("tab", name=re.compile("^Files"))
    expect(show_files).to_have_attribute("aria-selected", "true")
    reach(window, document(window).get_by_role("button", name="choose", exact=True))
    with page.expect_file_chooser() as choosing:
        keys.press("Enter")
    choosing.value.set_files(lab.root / "figure.txt")
    expect(document(window).get_by_text("figure.txt").first).to_be_visible(timeout=SLOW)

    # It is deleted, and brought back.
    row(window).focus()
    keys.press("Delete")
    expect(row(window)).to_have_count(0)
    assert "pbmc" not in catalog
    window.seen.expect(r"refused: 404|status of 404")
    reach(window, page.get_by_role("button", name="Undo: pbmc"))
    keys.press("Enter")
    expect(row(window)).to_be_visible()
    assert "pbmc" in catalog


def reach(window: Window, target: Locator) -> None:
    """Come to something by Tab alone, forwards; everything that can be used is on that way."""
    expect(target).to_be_visible(timeout=SLOW)
    for _ in range(150):
        if target.evaluate("one => one === document.activeElement"):
            return
        window.page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not come to {target}")


# -- what axe finds


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(
    lab: Laboratory, catalog: omicshelf.Catalog, window: Window, theme: str
) -> None:
    if theme == "dark":
        lab.dark()
    catalog.attach_file("pbmc", _file(lab), tag="figures")
    window.open(lab.notebook("analysis.ipynb", "x = 1"))
    window.notebook()
    found: dict[str, list[str]] = {}
    panel = window.panel()
    panel.get_by_role("button", name="Filters").click()
    expect(panel.get_by_role("checkbox", name=re.compile("Table"))).to_be_visible()
    found["panel"] = serious(window, *OURS)
    for tab in TABS:
        open_document(window, tab)
        found[tab] = serious(window, *OURS)
        window.shot(f"{theme}-{tab.lower()}")
    found |= _dialogs(window, theme)
    assert {where: bad for where, bad in found.items() if bad} == {}


def _file(lab: Laboratory) -> str:
    path = lab.root / "genes.csv"
    path.write_text("gene,n\nCST3,4\n")
    return str(path)


def _dialogs(window: Window, theme: str) -> dict[str, list[str]]:
    """Open each dialog and menu, look at it, and close it by Escape."""
    page, panel, paper = window.page, window.panel(), document(window)

    def from_menu(name: str) -> None:
        row(window).click(button="right")
        page.get_by_role("menuitem", name=name).click()

    def to_versions() -> None:
        show(window, "Versions")
        versions(window).last.click()
        versions(window).last.get_by_role("button", name="Roll back to this…").click()

    openers = {
        "row menu": lambda: row(window).click(button="right"),
        "order": lambda: panel.get_by_role("button", name="Order").click(),
        "study": lambda: from_menu("Add to study…"),
        "add": panel.get_by_role("button", name="Add a dataset").first.click,
        "load": lambda: paper.get_by_role("button", name="Load options").click(),
        "save": lambda: paper.get_by_role("button", name="Save from kernel…").click(),
        "roll back": to_versions,
        "versions": lambda: paper.get_by_role("button", name=re.compile("is shown")).click(),
        "more": lambda: paper.get_by_role("button", name="More actions").click(),
    }
    found = {}
    floating = page.get_by_role("dialog").or_(page.locator(".omicshelf-float"))
    for name, opener in openers.items():
        opener()
        expect(floating.first).to_be_visible(timeout=SLOW)
        found[name] = serious(window, *OURS)
        window.shot(f"{theme}-{name.replace(' ', '-')}")
        page.keyboard.press("Escape")
        expect(floating).to_have_count(0)
    return found


# -- in little room, enlarged, from right to left


def narrow(window: Window, width: int) -> None:
    """Make the panel so wide; JupyterLab's own least width is ten pixels more."""
    window.page.add_style_tag(
        content=f"#omicshelf-panel {{ min-width: 0 !important; max-width: {width}px !important }}"
    )
    expect(window.panel()).to_have_js_property("clientWidth", width)


def test_the_panel_at_240_pixels(catalog: omicshelf.Catalog, window: Window) -> None:
    window.open()
    expect(row(window)).to_be_visible()
    narrow(window, 240)
    panel = window.panel()
    for name in ("Add a dataset", "Refresh", "More", "Filters", "Order"):
        expect(panel.get_by_role("button", name=name, exact=True).first).to_be_visible()
    expect(row(window)).to_contain_text("700 × 765")
    window.shot("narrow", panel)
    assert window.page.evaluate(TOO_WIDE, "#omicshelf-panel") == []
    panel.get_by_role("button", name="Filters").click()
    panel.get_by_role("combobox", name="Search datasets").fill("pbmc tissue:blood ")
    row(window).focus()
    window.page.keyboard.press("Space")
    window.shot("narrow-filters", panel)
    assert window.page.evaluate(TOO_WIDE, "#omicshelf-panel") == []


def test_the_document_at_240_pixels(catalog: omicshelf.Catalog, window: Window) -> None:
    window.open()
    open_document(window)
    window.page.set_viewport_size({"width": 330, "height": 800})
    window.page.evaluate("() => window.jupyterapp.shell.collapseLeft()")
    window.page.wait_for_function(
        "() => document.querySelector('.omicshelf-document').clientWidth < 270"
    )
    for tab in TABS:
        show(window, tab)
        window.shot(tab.lower())
        assert window.page.evaluate(TOO_WIDE, ".omicshelf-document") == [], tab
        expect(document(window).get_by_role("button", name="Load into kernel")).to_be_visible()


def test_enlarged_to_200_percent(catalog: omicshelf.Catalog, window: Window) -> None:
    """A browser that enlarges twice gives the page half of the pixels."""
    window.open()
    expect(row(window)).to_be_visible()
    open_document(window)
    window.page.set_viewport_size({"width": 640, "height": 400})
    session = window.page.context.new_cdp_session(window.page)
    session.send(
        "Emulation.setDeviceMetricsOverride",
        {"width": 640, "height": 400, "deviceScaleFactor": 2, "mobile": False},
    )
    for tab in TABS:
        show(window, tab)
        window.shot(tab.lower())
        assert window.page.evaluate(TOO_WIDE, ".omicshelf-document, #omicshelf-panel") == [], tab
    assert window.page.evaluate("() => document.documentElement.scrollWidth") <= 640
    # What is below the header has room, and is reached.
    room = document(window).locator(".omicshelf-document-room")
    room.scroll_into_view_if_needed()
    expect(room).to_be_in_viewport(ratio=0.6)


def test_from_right_to_left(catalog: omicshelf.Catalog, window: Window) -> None:
    """A page that is written from right to left turns the panel and the document with it."""
    window.open()
    expect(row(window)).to_be_visible()
    open_document(window)
    window.page.evaluate("() => { document.documentElement.dir = 'rtl'; }")
    icon = row(window).locator(".omicshelf-icon").first.bounding_box()
    name = row(window).get_by_text("pbmc", exact=True).bounding_box()
    assert icon is not None
    assert name is not None
    assert icon["x"] > name["x"]
    for tab in TABS:
        show(window, tab)
        window.shot(tab.lower())
        assert window.page.evaluate("() => document.documentElement.scrollWidth") <= 1280
    # An id stays as it is written.
    expect(document(window).get_by_role("heading", level=1)).to_have_text("pbmc")


def test_words_from_right_to_left_stay_in_their_place(
    catalog: omicshelf.Catalog, window: Window
) -> None:
    window.open()
    panel = window.panel()
    panel.get_by_role("combobox", name="Search datasets").fill("الدم")
    found = row(window, "markers")
    expect(found).to_contain_text("title:")
    # The key comes first, as in each other row, whatever the value's direction is.
    line = found.locator(".omicshelf-dataset-line")
    assert (
        line.evaluate("one => getComputedStyle(one.firstElementChild).unicodeBidi") == "plaintext"
    )
    window.shot("rows", panel)


# -- by right


class TestAViewer:
    """Who may read, and nothing else, sees nothing else."""

    @pytest.fixture
    def people(self, tmp_path: Path) -> Iterator[Team]:
        with team(tmp_path) as made:
            catalog = fill(made.connection)
            path = tmp_path / "genes.csv"
            path.write_text("gene,n\nCST3,4\n")
            catalog.attach_file("pbmc", str(path), tag="figures")
            catalog.label("pbmc", "v1", "submitted")
            yield made

    @pytest.fixture
    def lab(self, people: Team) -> Laboratory:
        return people.laboratory("vera", "blood", "viewer")

    def test_is_offered_only_what_they_may_do(
        self, people: Team, lab: Laboratory, window: Window
    ) -> None:
        pd.DataFrame({"a": [1]}).to_csv(lab.root / "genes.csv")
        window.open(lab.notebook("analysis.ipynb", "x = 1"))
        window.notebook()
        page, panel = window.page, window.panel()
        expect(row(window)).to_be_visible()
        expect(panel.get_by_role("button", name="Add a dataset")).to_have_count(0)
        expect(panel.get_by_role("button", name="More", exact=True)).to_have_count(0)

        row(window).click(button="right")
        expect(page.get_by_role("menu").last).to_be_visible()
        items = page.get_by_role("menu").last.get_by_role("menuitem").all_inner_texts()
        offered = [text.splitlines()[0] for text in items]
        assert offered == ["Open", "Load into kernel", "Insert load code", "Copy id", "Download"]
        page.keyboard.press("Escape")
        row(window).focus()
        page.keyboard.press("Space")
        bar = panel.get_by_role("toolbar", name="1 selected")
        expect(bar).to_be_visible()
        assert bar.get_by_role("button").all_inner_texts() == ["", "Load all", "Export"]
        page.keyboard.press("Delete")
        page.keyboard.press("Escape")
        window.shot("panel")

        paper = open_document(window)
        change = re.compile(
            "^(Save (from|as v)|Attach|Delete|Restore|Roll|Add|Remove|Label|Edit|Check|Name)"
        )
        for tab in TABS:
            show(window, tab)
            assert paper.get_by_role("button", name=change).all_inner_texts() == [], tab
            assert paper.locator("input[type=file]").count() == 0, tab
            window.shot(tab.lower())
        show(window, "Overview")
        expect(paper.get_by_role("group", name="Metadata").get_by_role("textbox")).to_have_count(0)
        expect(paper).to_contain_text("contributor role")
        show(window, "Versions")
        versions(window).last.click()
        expect(paper.get_by_role("button", name=change)).to_have_count(0)
        paper.get_by_role("button", name="More actions").click()
        more = page.get_by_role("menu", name="More actions")
        expect(more.get_by_role("menuitem", name="Copy id")).to_be_visible()
        expect(more.get_by_role("menuitem", name=change)).to_have_count(0)
        page.keyboard.press("Escape")
        assert omicshelf.Catalog("blood", connection=people.connection).get_dataset("pbmc")

    def test_finds_no_command_that_would_be_refused(self, lab: Laboratory, window: Window) -> None:
        pd.DataFrame({"a": [1]}).to_csv(lab.root / "genes.csv")
        window.open()
        page = window.page
        expect(row(window)).to_be_visible()
        page.locator('.jp-SideBar [data-id="filebrowser"]').click()
        page.locator(".jp-DirListing-item", has_text="genes.csv").click(button="right")
        expect(page.get_by_role("menuitem", name="Rename")).to_be_visible()
        expect(page.get_by_role("menuitem", name=re.compile("catalog|dataset"))).to_have_count(0)
        page.keyboard.press("Escape")
        page.keyboard.press("Control+Shift+C")
        page.locator(".lm-CommandPalette-input").fill("dataset")
        labels = page.locator(".lm-CommandPalette-itemLabel")
        expect(labels.filter(has_text="Search datasets")).to_be_visible()
        expect(labels.filter(has_text="Add dataset")).to_have_count(0)

    def test_loads_what_they_may_read(self, lab: Laboratory, window: Window) -> None:
        window.open(lab.notebook("analysis.ipynb", "x = 1"))
        window.notebook()
        row(window).hover()
        row(window).get_by_role("button", name="Load pbmc").click()
        told(window, "adata: AnnData 700 × 765")
