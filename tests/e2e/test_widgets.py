"""The widgets in a notebook: a real JupyterLab, a real kernel, what a person does in a cell."""

from __future__ import annotations

import re

import pandas as pd
import pytest
import scanpy
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
