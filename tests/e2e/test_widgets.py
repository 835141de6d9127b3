"""The widgets in a notebook: a real JupyterLab, a real kernel, what a person does in a cell."""

from __future__ import annotations

import json
import re
from typing import Any

import nbformat
import pandas as pd
import pytest
import scanpy
from anndata import AnnData
from laboratory import Laboratory, Window
from playwright.sync_api import Locator, expect

import omicshelf

SLOW = 60_000
HOSTILE = '<img src=x onerror="window.hacked=1"> \u202etxt.exe \x07'
IMPORT = "from omicshelf import *"
LINE = 'adata = Catalog("blood").load("pbmc", version="v3")'


@pytest.fixture
def catalog(connection: omicshelf.Connection) -> omicshelf.Catalog:
    """An atlas with 700 blood cells in three versions, and some tables beside them."""
    found = omicshelf.Catalog("blood", connection=connection)
    cells = scanpy.datasets.pbmc68k_reduced()
    kind = "Single cell RNASeq"
    found.save("pbmc", cells, data_type=kind, message="As it comes", study_id="PMID28091601")
    cells.obs["leiden"] = pd.Categorical(["a", "b"] * 350)
    found.save("pbmc", cells, message="Leiden clusters")
    found.save("pbmc", cells[cells.obs["n_genes"] > 1100].copy(), message="Without the smallest")
    table = pd.DataFrame({"gene": ["CD3E", "MS4A1"], "score": [1.5, 2.0]})
    for name in ("pbmc_markers", "lung_markers", "kidney_markers"):
        found.save(name, table, data_type="Gene set", metadata={"tissue": name.split("_")[0]})
    return found


@pytest.fixture
def notebook(lab: Laboratory, catalog: omicshelf.Catalog, window: Window) -> Window:
    """A window with a notebook that knows omicshelf."""
    window.open(lab.notebook("analysis.ipynb", IMPORT))
    window.run_cell(0)
    return window


def show(window: Window, code: str) -> Locator:
    """Run a cell that shows a widget; give the widget that came last."""
    shown = window.page.locator(".omicshelf-widget")
    before = shown.count()
    window.run(code)
    expect(shown).to_have_count(before + 1, timeout=SLOW)
    return shown.last


def told(window: Window, code: str) -> str:
    """Run a cell; give what it printed."""
    return window.run(code).strip()


def row(widget: Locator, name: str) -> Locator:
    """Give the row of a dataset, by its whole id."""
    return widget.get_by_role("row", name=re.compile(rf"(^|\s){name}\s"))


def test_browse_search_choose_and_load(notebook: Window) -> None:
    widget = show(notebook, 'w = CatalogBrowser("blood")\nw')
    expect(widget.get_by_role("row")).to_have_count(4, timeout=SLOW)
    notebook.shot("browser", widget)

    widget.get_by_role("combobox", name="Search datasets").fill("tissue:lung ")
    expect(widget.get_by_role("row")).to_have_count(1)
    assert told(notebook, "print(w.query)") == "tissue:lung"
    widget.get_by_role("button", name="Clear search").click()
    expect(widget.get_by_role("row")).to_have_count(4)

    row(widget, "pbmc").click()
    code = widget.get_by_role("region", name="The code that Load runs")
    expect(code).to_have_text(LINE)
    assert told(notebook, "print(w.value, w.dataset, w.version)") == "pbmc pbmc None"
    widget.get_by_role("button", name="Load", exact=True).click()
    expect(widget.locator(".omicshelf-toast")).to_contain_text("adata: AnnData", timeout=SLOW)
    notebook.shot("loaded", widget)
    assert told(notebook, "print(adata.n_vars, list(adata.obs)[-1])") == "765 leiden"

    # The line that it shows is what a cell would run, with the same end.
    again = told(notebook, f"mine = {LINE.partition(' = ')[2]}\nprint((mine.X != adata.X).sum())")
    assert again == "0"


def test_a_named_variable_an_old_version_and_what_is_there_already(notebook: Window) -> None:
    widget = show(notebook, 'w = CatalogBrowser("blood", "pbmc")\nw')
    row(widget, "pbmc").click()
    name = widget.get_by_role("textbox", name="The variable that it is loaded into")
    expect(name).to_have_value("adata")
    name.fill("1st")
    expect(widget.get_by_role("alert")).to_contain_text("begins with no digit")
    expect(widget.get_by_role("button", name="Load", exact=True)).to_be_disabled()
    name.fill("first")
    widget.get_by_role("combobox", name="Version").click()
    widget.page.get_by_role("option", name=re.compile("^v1")).click()
    code = widget.get_by_role("region", name="The code that Load runs")
    expect(code).to_have_text('first = Catalog("blood").load("pbmc", version="v1")')
    name.press("Enter")
    expect(widget.locator(".omicshelf-toast")).to_contain_text("first: AnnData 700 × 765")
    assert told(notebook, "print(first.shape, w.version)") == "(700, 765) v1"

    # What holds something is not overwritten before somebody says so.
    notebook.run("first = 'precious'")
    name.press("Enter")
    asked = notebook.page.get_by_role("dialog")
    expect(asked).to_contain_text("first")
    notebook.page.keyboard.press("Escape")
    expect(asked).to_have_count(0)
    assert told(notebook, "print(first)") == "precious"


def test_python_and_the_browser_see_the_same_values(notebook: Window) -> None:
    widget = show(notebook, 'w = CatalogBrowser("blood")\nw')
    row(widget, "pbmc").click()
    notebook.run("w.query = 'tissue:kidney'")
    expect(widget.get_by_role("row")).to_have_count(1)
    expect(widget.locator(".omicshelf-search-token")).to_have_text("tissue:kidney")
    notebook.run("w.query = ''\nw.value = 'lung_markers'")
    expect(row(widget, "lung_markers")).to_have_class(re.compile("omicshelf-mod-current"))
    # A second view of it, and another widget: each has its own, and parts come once for a page.
    second = show(notebook, "w")
    expect(row(second, "lung_markers")).to_have_class(re.compile("omicshelf-mod-current"))
    row(second, "pbmc_markers").click()
    expect(row(widget, "pbmc_markers")).to_have_class(re.compile("omicshelf-mod-current"))
    other = show(notebook, 'other = CatalogBrowser("blood")\nother')
    row(other, "lung_markers").click()
    assert told(notebook, "print(w.value, other.value)") == "pbmc_markers lung_markers"


def test_a_picker_in_a_form(notebook: Window) -> None:
    notebook.run(
        "import ipywidgets\n"
        "@ipywidgets.interact(dataset=DatasetPicker('blood', description='Dataset'))\n"
        "def show(dataset): print('chosen:', dataset)"
    )
    field = notebook.page.get_by_role("combobox", name="Dataset")
    expect(field).to_be_visible(timeout=SLOW)
    field.fill("lung")
    notebook.page.get_by_role("option", name=re.compile("lung_markers")).click()
    chosen = notebook.page.locator(".jp-OutputArea-output", has_text="chosen: lung_markers")
    expect(chosen.last).to_be_visible()
    notebook.shot("picker")


def test_changes_of_others_are_seen(notebook: Window, catalog: omicshelf.Catalog) -> None:
    widget = show(notebook, 'w = CatalogBrowser("blood")\nw')
    expect(widget.get_by_role("row")).to_have_count(4, timeout=SLOW)
    catalog.save("fresh", pd.DataFrame({"a": [1]}), data_type="Table")
    expect(row(widget, "fresh")).to_be_visible(timeout=5000)


def test_a_timeline_compares_and_loads(notebook: Window) -> None:
    widget = show(notebook, 'tl = VersionTimeline("pbmc")\ntl')
    expect(widget).to_contain_text("3 versions", timeout=SLOW)
    expect(widget).to_contain_text("Without the smallest")
    assert told(notebook, "print(tl.value, tl.selected)") == "v3 ()"
    widget.get_by_role("checkbox", name=re.compile("v1")).click()
    expect(widget).to_contain_text("−291 (−41.6%)", timeout=SLOW)
    expect(widget).to_contain_text("leiden")
    notebook.shot("timeline", widget)
    assert told(notebook, "print(tl.value, tl.selected)") == "v3 ('v1', 'v3')"
    # And the other way: Python says what is compared, or shown.
    notebook.run("tl.selected = ('v1', 'v2')")
    expect(widget).not_to_contain_text("−291 (−41.6%)", timeout=SLOW)
    assert told(notebook, "print(tl.value, tl.load().shape)") == "v2 (700, 765)"
    notebook.run("tl.value = 'v1'")
    expect(widget.get_by_role("checkbox", name=re.compile("v1"))).to_be_checked()
    expect(widget.get_by_role("checkbox", name=re.compile("v2"))).not_to_be_checked()


def test_files_are_attached_and_chosen(notebook: Window, catalog: omicshelf.Catalog) -> None:
    widget = show(notebook, 'f = FileAttacher("pbmc", tag="report")\nf')
    expect(widget).to_contain_text("0 files", timeout=SLOW)
    content = b"<h1>Quality</h1>" + bytes(range(256)) * 5000
    widget.locator("input[type=file]").set_input_files(
        {"name": "qc report.html", "mimeType": "text/html", "buffer": content}
    )
    expect(widget).to_contain_text("1 file", timeout=SLOW)
    [file] = catalog.list_files("pbmc")
    assert (file.file_name, file.tag) == ("qc report.html", "report")
    assert file.size == len(content)
    widget.get_by_text("qc report.html").first.click()
    notebook.shot("files", widget)
    assert told(notebook, "print(f.value, f.selected)") == "qc report.html ('qc report.html',)"


def test_a_document_in_a_cell(notebook: Window) -> None:
    widget = show(notebook, 'd = DatasetView("pbmc")\nd')
    expect(widget.get_by_role("tab", name="Overview")).to_be_visible(timeout=SLOW)
    expect(widget).to_contain_text("bulk_labels", timeout=SLOW)
    notebook.shot("document", widget)
    widget.get_by_role("tab", name="Contents").click()
    # Its drawing comes from the kernel, with all that it needs.
    expect(widget.locator("canvas").first).to_be_visible(timeout=SLOW)
    notebook.shot("contents", widget)
    assert told(notebook, "print(d.value)") == "contents"
    notebook.run("d.value = 'versions'")
    expect(widget.get_by_role("tab", name=re.compile("Versions"))).to_have_attribute(
        "aria-selected", "true"
    )


@pytest.mark.parametrize("subshells", ["perCommTarget", "disabled"])
def test_a_cell_runs_for_long(
    lab: Laboratory, catalog: omicshelf.Catalog, window: Window, subshells: str
) -> None:
    lab.settings("@jupyterlab/apputils-extension:kernels-settings", commsOverSubshells=subshells)
    window.open(lab.notebook("analysis.ipynb", IMPORT))
    window.run_cell(0)
    widget = show(window, 'w = CatalogBrowser("blood")\nw')
    expect(widget.get_by_role("row")).to_have_count(4, timeout=SLOW)
    start_cell(window, "import time; time.sleep(30); print('slept')")
    widget.get_by_role("combobox", name="Search datasets").fill("tissue:lung ")
    if subshells == "disabled":
        expect(widget.get_by_role("status").last).to_contain_text("Kernel busy", timeout=5000)
        window.shot("busy", widget)
        # What is typed meanwhile stays, and is answered afterwards.
        expect(widget.locator(".omicshelf-search-token")).to_have_text("tissue:lung")
        expect(widget.get_by_role("row")).to_have_count(1, timeout=SLOW)
        expect(widget).not_to_contain_text("Kernel busy")
    else:
        expect(widget.get_by_role("row")).to_have_count(1, timeout=15_000)
        expect(window.page.get_by_text("slept")).to_have_count(1)  # in the code alone


def start_cell(window: Window, code: str) -> None:
    """Begin a cell at the end and do not wait for it."""
    shown = window.notebook()
    cells = shown.locator(".jp-Cell")
    count = cells.count()
    shown.locator("button.jp-Notebook-footer").click()
    expect(cells).to_have_count(count + 1)
    editor = cells.nth(count).locator(".cm-content")
    editor.click()
    expect(editor).to_be_focused()
    window.page.keyboard.insert_text(code)
    window.page.keyboard.press("Control+Enter")
    expect(cells.nth(count).locator(".jp-InputPrompt")).to_contain_text("*")


def test_the_kernel_is_restarted(notebook: Window) -> None:
    widget = show(notebook, 'w = CatalogBrowser("blood")\nw')
    expect(widget.get_by_role("row")).to_have_count(4, timeout=SLOW)
    notebook.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
    )
    expect(widget).to_contain_text("The kernel of this widget is gone", timeout=SLOW)
    notebook.shot("restarted", widget)
    notebook.run(IMPORT)
    notebook.run("1")  # so that the cell of the widget has another number than before
    notebook.run_cell(1)
    expect(notebook.page.locator(".omicshelf-widget").get_by_role("row")).to_have_count(
        4, timeout=SLOW
    )


def test_a_saved_notebook_without_its_kernel(
    lab: Laboratory, notebook: Window, windows: Any
) -> None:
    show(notebook, 'VersionTimeline("pbmc")')
    path = notebook.page.evaluate(
        "() => { const { context } = window.jupyterapp.shell.currentWidget;"
        " return context.save().then(() => context.sessionContext.shutdown())"
        ".then(() => context.path); }"
    )
    kept = nbformat.read(lab.root / path, 4)
    [output] = [o for cell in kept.cells for o in cell.get("outputs", []) if "data" in o]
    assert "Leiden clusters" in output.data["text/html"]
    other = windows()
    other.open(path)
    still = other.notebook().locator(".jp-OutputArea-output", has_text="Leiden clusters")
    expect(still).to_be_visible(timeout=SLOW)
    expect(other.page.get_by_text("Error displaying widget")).to_have_count(0)
    other.shot("still")


def test_hostile_names_stay_text(
    lab: Laboratory, connection: omicshelf.Connection, window: Window
) -> None:
    lab.dark()
    catalog = omicshelf.Catalog("blood", connection=connection)
    made = AnnData(obs=pd.DataFrame({HOSTILE: ["a", "b"]}, index=["x", "y"]))
    kind = HOSTILE.partition(" \u202e")[0]
    catalog.save("odd", made, data_type=kind, message=HOSTILE, metadata={kind: "m" * 5000})
    path = lab.root / "a<b>&amp;.txt"
    path.write_text(HOSTILE)
    catalog.attach_file("odd", path, tag="t" * 60)
    window.open(lab.notebook("analysis.ipynb", IMPORT))
    window.run_cell(0)
    browser = show(window, 'CatalogBrowser("blood", query="odd")')
    row(browser, "odd").click()
    window.shot("hostile-browser", browser)
    for code in ("VersionTimeline('odd')", "FileAttacher('odd')", "DatasetView('odd')"):
        widget = show(window, code)
        expect(widget).to_contain_text("odd", timeout=SLOW)
        expect(widget.get_by_text("onerror").first.or_(widget.get_by_text("a<b>"))).to_be_visible(
            timeout=SLOW
        )
        assert widget.evaluate("e => e.scrollWidth <= e.clientWidth + 1")
    assert window.page.evaluate("() => window.hacked") is None
    assert json.loads(window.page.evaluate("() => JSON.stringify(document.images.length)")) == 0
