"""Load, save and add: what is asked, what is said before anything happens, hostile names in it."""

from __future__ import annotations

import re
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
import scanpy
from laboratory import Laboratory, Window
from playwright.sync_api import Locator, expect

import omicshelf

SLOW = 60_000
PRINTED = '"]}); <img src=x onerror="window.hacked=1">'
ODD = f"{PRINTED} \u202etxt"
THEMES = ("light", "dark")
# As much memory as a small machine has left: the rest is real.
LITTLE_MEMORY = (
    "import psutil\nclass Memory: available = 1_000_000\npsutil.virtual_memory = lambda: Memory"
)


@pytest.fixture
def catalog(connection: omicshelf.Connection) -> omicshelf.Catalog:
    """An atlas with 700 blood cells, and a few whose every name is hostile."""
    found = omicshelf.Catalog("blood", connection=connection)
    found.save("pbmc", scanpy.datasets.pbmc68k_reduced(), data_type="Single cell RNASeq")
    obs = pd.DataFrame({ODD: pd.Categorical([ODD, "b", ODD])}, index=list("xyz"))
    var = pd.DataFrame(index=["g", ODD])
    hostile = anndata.AnnData(np.eye(3, 2, dtype="float32"), obs=obs, var=var)
    found.save("hostile", hostile, data_type=PRINTED, message=PRINTED)
    return found


@pytest.fixture
def notebook(lab: Laboratory, catalog: omicshelf.Catalog, window: Window) -> Window:
    """A window with a notebook, and the panel beside it."""
    window.open(lab.notebook("analysis.ipynb", "from omicshelf import *"))
    window.run_cell(0)
    expect(row(window, "pbmc")).to_be_visible()
    return window


def row(window: Window, name: str) -> Locator:
    return window.panel().locator(".omicshelf-dataset", has_text=name).first


def show_document(window: Window, name: str) -> Locator:
    """Open a dataset beside the notebook; give its document."""
    window.page.evaluate(
        "id => window.jupyterapp.commands.execute('omicshelf:open', {atlas: 'blood', id})"
        ".then(() => null)",
        name,
    )
    found = window.page.locator(".omicshelf-document:visible")
    expect(found).to_be_visible()
    return found


def dialog(window: Window) -> Locator:
    found = window.page.get_by_role("dialog")
    expect(found).to_be_visible()
    return found


def choose(asked: Locator, field: re.Pattern[str], option: str | re.Pattern[str]) -> None:
    """Choose from a list; what has a text in it where a text is given."""
    asked.get_by_role("combobox", name=field).click()
    asked.page.get_by_role("option", name=option).first.click()


def told(window: Window, text: str) -> Locator:
    """Wait for a notice."""
    found = window.page.locator(".omicshelf-toast", has_text=text)
    expect(found).to_be_visible(timeout=SLOW)
    return found


# -- load


@pytest.mark.parametrize("theme", THEMES)
def test_a_part_is_loaded_where_the_whole_is_too_large(
    theme: str, lab: Laboratory, catalog: omicshelf.Catalog, window: Window
) -> None:
    if theme == "dark":
        lab.dark()
    window.open(lab.notebook("analysis.ipynb", LITTLE_MEMORY))
    window.run_cell(0)
    row(window, "pbmc").hover()
    row(window, "pbmc").get_by_role("button", name="Load pbmc").click()
    asked = dialog(window)
    asked.get_by_role("radio", name="A subset").click(timeout=SLOW)
    go = asked.get_by_role("button", name="Load the subset")
    expect(go).to_be_disabled()  # nothing says which
    choose(asked, re.compile("^The column of obs"), "bulk_labels")
    values = asked.get_by_role("combobox", name="Values of bulk_labels")
    values.click()
    window.page.get_by_role("option", name=re.compile("CD19")).click()
    window.page.keyboard.press("Escape")
    genes = asked.get_by_role("combobox", name="Names of genes")
    genes.press_sequentially("cd79")
    window.page.get_by_role("option", name="CD79A").click()
    genes.press_sequentially("MS4A1")
    genes.press("Enter")
    expect(asked).to_contain_text("95 cells × 2 genes", timeout=SLOW)
    window.shot("subset")
    expect(go).to_be_enabled()
    go.click()
    told(window, "adata: AnnData 95 × 2")
    assert window.run("print(list(adata.var_names), set(adata.obs.bulk_labels))").strip() == (
        "['CD79A', 'MS4A1'] {'CD19+ B'}"
    )
    code = window.page.locator(".jp-CodeCell .cm-content").nth(1)
    expect(code).to_contain_text('obs={"bulk_labels": ["CD19+ B"]}')


def test_a_part_of_hostile_names(notebook: Window) -> None:
    header = show_document(notebook, "hostile")
    header.get_by_role("button", name="Load options").click()
    asked = dialog(notebook)
    asked.get_by_role("radio", name=re.compile("^A subset")).click(timeout=SLOW)
    choose(asked, re.compile("^The column of obs"), re.compile("img"))
    choose(asked, re.compile("^Values of"), re.compile("img"))
    genes = asked.get_by_role("combobox", name="Names of genes")
    genes.press_sequentially("onerr")
    notebook.page.get_by_role("option", name=re.compile("img")).click()
    expect(asked).to_contain_text("2 cells × 1 gene", timeout=SLOW)
    notebook.shot("hostile", asked)
    asked.get_by_role("button", name="Load the subset").click()
    told(notebook, "adata: AnnData 2 × 1")
    assert notebook.page.evaluate("() => window.hacked") is None


# -- save


def test_a_table_and_a_new_dataset_with_a_name(
    notebook: Window, catalog: omicshelf.Catalog
) -> None:
    notebook.run(
        "import pandas as pd\nmarkers = pd.DataFrame({'gene': ['CD3E', 'MS4A1'], 'score': [1, 2]})"
    )
    document = show_document(notebook, "pbmc")
    document.get_by_role("button", name="Save from kernel…").click()
    asked = dialog(notebook)
    expect(asked.get_by_role("radio", name="a new dataset")).to_be_checked(timeout=SLOW)
    asked.get_by_role("textbox", name="Name").fill(f"Markers {ODD}")
    asked.get_by_role("combobox", name="Study").fill("PMID28091601")
    asked.get_by_role("textbox", name="Message").fill(PRINTED)
    expect(asked).to_contain_text("From the name; free in blood")
    notebook.shot("save-new")
    asked.get_by_role("button", name="Save new dataset").click()
    expect(asked).to_have_count(0, timeout=SLOW)
    [made] = [one for one in catalog.list_datasets() if one.dataset_id.startswith("Markers")]
    assert (made.metadata()["title"], made.message) == (f"Markers {ODD}", PRINTED)
    assert (made.study_id, made.data_type) == ("PMID28091601", "Table")
    assert notebook.page.evaluate("() => window.hacked") is None


# -- add


def test_a_file_is_looked_at_before_it_is_sent(
    catalog: omicshelf.Catalog, window: Window, tmp_path: Path
) -> None:
    cut = tmp_path / "cells.h5ad"
    scanpy.datasets.pbmc68k_reduced().write_h5ad(cut)
    with cut.open("r+b") as file:
        file.truncate(cut.stat().st_size // 2)
    table = tmp_path / "clinical.csv"
    table.write_text("patient,age\nA,61\nB,58\nC,70\n")
    window.open()
    sent: list[str] = []
    window.page.on(
        "request",
        lambda request: sent.append(request.url) if "/uploads" in request.url else None,
    )
    expect(row(window, "pbmc")).to_be_visible()
    window.drag(window.panel(), cut)
    asked = dialog(window)
    expect(asked).to_contain_text("The file is cut off")
    expect(asked.get_by_role("button", name="Add dataset")).to_be_disabled()
    window.shot("cut")
    asked.get_by_role("button", name="Cancel").click()
    assert sent == []

    window.drag(window.panel(), table)
    expect(dialog(window)).to_contain_text("3 rows × 2 columns")
    expect(dialog(window)).to_contain_text("patient, age")
    window.shot("table")
    dialog(window).get_by_role("button", name="Add dataset").click()
    told(window, "clinical v1 added")
    assert catalog.load("clinical").shape == (3, 2)


# -- in a widget


def test_the_same_in_a_widget(notebook: Window, catalog: omicshelf.Catalog) -> None:
    notebook.run('DatasetView("pbmc")')
    widget = notebook.page.locator(".omicshelf-widget")
    widget.get_by_role("button", name="Load options").click(timeout=SLOW)
    asked = dialog(notebook)
    expect(asked.get_by_role("textbox", name="Variable")).to_have_value("adata", timeout=SLOW)
    # A widget writes no cell, and has no kernel but its own.
    expect(asked.get_by_role("combobox", name="Code")).to_have_count(0)
    expect(asked.get_by_role("combobox", name="Kernel")).to_have_count(0)
    asked.get_by_role("radio", name=re.compile("^A subset")).click()
    choose(asked, re.compile("^The column of obs"), "phase")
    choose(asked, re.compile("^Values of"), re.compile("^G1"))
    expect(asked).to_contain_text("cells × 765 genes")
    notebook.shot("widget-subset")
    asked.get_by_role("button", name="Load the subset").click()
    expect(widget.locator(".omicshelf-toast")).to_contain_text("× 765", timeout=SLOW)
    assert notebook.run("print(set(adata.obs.phase))").strip() == "{'G1'}"

    # Somebody else saves first.
    notebook.run("adata = Catalog('blood').load('pbmc'); adata.obs['mine'] = 2.5")
    theirs = catalog.load("pbmc")
    theirs.obs["theirs"] = 1.5
    catalog.save("pbmc", theirs, message="doublet calls")
    widget.get_by_role("button", name="Save from kernel…").click()
    asked = dialog(notebook)
    expect(asked).to_contain_text("loaded from v1", timeout=SLOW)
    asked.get_by_role("textbox", name="Message").fill("my scores")
    asked.get_by_role("button", name=re.compile("^Save as v")).click()
    expect(asked).to_contain_text("theirs", timeout=SLOW)
    for way in ("Look at v2", "Save as v3", "Save as new…"):
        expect(asked.get_by_role("button", name=way)).to_be_enabled()
    notebook.shot("widget-conflict")
    asked.get_by_role("button", name="Look at v2").click()
    expect(widget.get_by_role("tab", name=re.compile("^Versions"))).to_have_attribute(
        "aria-selected", "true"
    )
    widget.get_by_role("button", name="Save from kernel…").click()
    asked = dialog(notebook)
    expect(asked.get_by_role("textbox", name="Message")).to_have_value("my scores", timeout=SLOW)
    asked.get_by_role("button", name=re.compile("^Save as v")).click()
    asked.get_by_role("button", name="Save as v3").click(timeout=SLOW)
    expect(asked).to_have_count(0, timeout=SLOW)
    assert catalog.get_version("pbmc", "v3").message == "my scores"
