"""JupyterLab around the catalog: links, layout, commands, the file browser, the status bar."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pandas as pd
import pytest
import scanpy
from laboratory import Laboratory, Window
from playwright.sync_api import Response, expect
from test_kernels import SLOW, cells, command, row, told

import omicshelf


@pytest.fixture
def catalog(connection: omicshelf.Connection) -> omicshelf.Catalog:
    """An atlas with two versions of one dataset."""
    found = omicshelf.Catalog("blood", connection=connection)
    adata = scanpy.datasets.pbmc68k_reduced()
    found.save("pbmc", adata, data_type="Single cell RNASeq")
    adata.obs["score"] = 1.5
    found.save("pbmc", adata, message="scores")
    return found


def saved(document: dict[str, str] | None) -> Callable[[Response], bool]:
    """Whether an answer is to JupyterLab's saving that this document is open, or that none is.

    The saving of what was done before may come at any moment.
    """

    def matches(answer: Response) -> bool:
        if "/api/workspaces/" not in answer.url or answer.request.method != "PUT":
            return False
        kept = json.loads(answer.request.post_data or "{}")["data"]
        found = [kept[key]["data"] for key in kept if key.startswith("omicshelf-document:")]
        if document is None:
            return found == []
        return any(document.items() <= one.items() for one in found)

    return matches


def test_a_link_opens_a_version_once(
    lab: Laboratory, catalog: omicshelf.Catalog, window: Window
) -> None:
    window.open(omicshelf="blood/pbmc@v1")
    document = window.page.locator(".omicshelf-document")
    expect(document).to_be_visible()
    expect(document).to_contain_text("v1")
    assert "omicshelf=" not in window.page.url
    tab = window.page.get_by_role("tab", name="pbmc")
    with window.page.expect_response(saved(None)):
        tab.locator(".lm-TabBar-tabCloseIcon").click()
    expect(document).to_have_count(0)
    window.reload()
    expect(window.page.locator(".omicshelf-document")).to_have_count(0)


def test_a_link_that_names_nothing_says_so(window: Window) -> None:
    window.open(omicshelf="<img src=x onerror=alert(1)>")
    told(window, "<img src=x onerror=alert(1)>")


def test_a_document_comes_back_with_its_tab_and_version(
    catalog: omicshelf.Catalog, window: Window
) -> None:
    window.open()
    command(window, "omicshelf:open", atlas="blood", id="pbmc", version="v1")
    page = window.page
    with page.expect_response(saved({"tab": "contents", "version": "v1"})):
        page.get_by_role("tab", name="Contents", exact=True).click()
    expect(page.get_by_role("tab", name="Contents", exact=True)).to_have_attribute(
        "aria-selected", "true"
    )
    window.reload()
    expect(page.get_by_role("tab", name="Contents", exact=True)).to_have_attribute(
        "aria-selected", "true", timeout=SLOW
    )
    expect(page.locator(".omicshelf-header")).to_contain_text("v1")
    assert len(page.locator(".omicshelf-document").all()) == 1


def test_a_row_is_dragged_into_a_notebook(
    lab: Laboratory, catalog: omicshelf.Catalog, window: Window
) -> None:
    window.open(lab.notebook("analysis.ipynb", "x = 1"))
    window.notebook()
    page = window.page
    expect(row(window)).to_be_visible()
    start = row(window).bounding_box()
    target = page.locator(".jp-Notebook .jp-Cell").first.bounding_box()
    assert start is not None
    assert target is not None
    page.mouse.move(start["x"] + 40, start["y"] + 12)
    page.mouse.down()
    page.mouse.move(start["x"] + 60, start["y"] + 30, steps=4)
    page.mouse.move(target["x"] + 200, target["y"] + 60, steps=8)
    expect(page.locator(".omicshelf-DragImage")).to_be_visible()
    window.shot("drag")
    page.mouse.move(target["x"] + 200, target["y"] + 12, steps=4)
    page.mouse.up()
    code = 'adata = Catalog("blood").load("pbmc", version="v2")'
    expect(page.locator(".jp-Notebook")).to_contain_text(code)
    expect(page.locator(".omicshelf-DragImage")).to_have_count(0)
    assert [code in cell for cell in cells(window)].count(True) == 1


def test_files_are_added_from_the_file_browser(
    lab: Laboratory, catalog: omicshelf.Catalog, window: Window
) -> None:
    pd.DataFrame({"gene": ["A", "B"], "x": [1, 2]}).to_csv(lab.root / "top genes.csv", index=False)
    window.open()
    page = window.page
    page.locator(".jp-DirListing-item", has_text="top genes.csv").click(button="right")
    page.get_by_role("menuitem", name="Add to catalog…").click()
    asked = page.get_by_role("dialog")
    expect(asked).to_contain_text("top genes.csv")
    expect(asked.get_by_role("textbox", name=re.compile("^Id"))).to_have_value("top_genes")
    window.shot("add-from-files")


def test_a_folder_is_added_by_a_line_of_code(
    lab: Laboratory, catalog: omicshelf.Catalog, window: Window
) -> None:
    scanpy.datasets.pbmc68k_reduced().write_zarr(lab.root / "cells.zarr")
    window.open(lab.notebook("analysis.ipynb", ""))
    window.notebook()
    page = window.page
    page.locator(".jp-DirListing-item", has_text="cells.zarr").click(button="right")
    page.get_by_role("menuitem", name="Add to catalog…").click()
    told(window, "run its cell")
    [code] = cells(window)
    assert 'catalog.save("cells", "' in code
    window.run_cell(0)
    assert catalog.get_dataset("cells").data_format == "zarr"


def test_commands_are_in_the_palette_and_the_launcher(
    catalog: omicshelf.Catalog, window: Window
) -> None:
    window.open()
    page = window.page
    expect(page.locator(".jp-LauncherCard", has_text="Show datasets")).to_be_visible()
    page.keyboard.press("Control+Shift+C")
    page.locator(".lm-CommandPalette-input").fill("datasets")
    found = page.locator(".lm-CommandPalette-itemLabel")
    expect(found.filter(has_text="Search datasets")).to_be_visible()
    found.filter(has_text="Search datasets").click()
    expect(window.panel().get_by_role("combobox", name="Search datasets")).to_be_focused()


def test_the_status_bar_says_which_atlas(catalog: omicshelf.Catalog, window: Window) -> None:
    window.open()
    window.panel()
    item = window.page.locator(".omicshelf-StatusItem")
    expect(item).to_have_text("blood")
    # Clicking it again does not hide the panel: it shows it.
    item.get_by_role("button").click()
    expect(window.page.locator("#omicshelf-panel")).to_be_visible()


def test_what_is_hidden_reads_nothing(
    lab: Laboratory, catalog: omicshelf.Catalog, window: Window
) -> None:
    window.open(lab.notebook("analysis.ipynb", "x = 1"))
    window.panel()
    expect(row(window)).to_contain_text("v2")
    page = window.page
    asked: list[str] = []
    page.locator('.jp-SideBar [data-id="omicshelf-panel"]').click()
    expect(page.locator("#omicshelf-panel")).not_to_be_visible()
    page.on("request", lambda request: asked.append(request.url))
    catalog.edit_metadata(["pbmc"], {"tissue": "blood"})
    assert window.run("1 + 1") == "2"
    assert [url for url in asked if "/omicshelf/api/" in url] == []
    # Shown again, it is as the catalog is.
    window.panel()
    expect(row(window)).to_contain_text("v3")
