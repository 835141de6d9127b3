"""A dataset comes into the kernel of a notebook, and goes back into the catalog."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import pytest
import scanpy
from laboratory import Laboratory, Window
from playwright.sync_api import Locator, expect

import omicshelf
from omicshelf.records import Origin

LINE = 'adata = Catalog("blood").load("pbmc", version="v1")'
IMPORT = "from omicshelf import Catalog"
PANEL = "omicshelf:plugin"
SLOW = 60_000

# A kernel whose Python has everything but us: what the machine has is found before it is there.
_WITHOUT_US = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "omicshelf":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Missing())
from ipykernel import kernelapp
kernelapp.launch_new_instance()
"""


@pytest.fixture
def catalog(connection: omicshelf.Connection) -> omicshelf.Catalog:
    """An atlas with 700 blood cells."""
    found = omicshelf.Catalog("blood", connection=connection)
    found.save("pbmc", scanpy.datasets.pbmc68k_reduced(), data_type="Single cell RNASeq")
    return found


@pytest.fixture
def notebook(lab: Laboratory, catalog: omicshelf.Catalog, window: Window) -> Window:
    """A window with a notebook and the panel beside it."""
    window.open(lab.notebook("analysis.ipynb", "x = 1"))
    window.notebook()
    expect(row(window)).to_be_visible()
    return window


def command(window: Window, name: str, **args: Any) -> None:
    """Run a command, as a menu or another extension does, and wait until it has ended."""
    window.page.evaluate(
        "([name, args]) => window.jupyterapp.commands.execute(name, args).then(() => null)",
        [name, args],
    )


def row(window: Window) -> Locator:
    """Give the row of the dataset in the panel."""
    return window.panel().locator(".omicshelf-dataset", has_text="pbmc").first


def load(window: Window) -> None:
    """Press Load on the row, as a person does: the second action after the panel."""
    row(window).hover()
    row(window).get_by_role("button", name="Load pbmc").click()


def told(window: Window, text: str | re.Pattern[str]) -> Locator:
    """Wait for a notice."""
    found = window.page.locator(".omicshelf-toast", has_text=text)
    expect(found).to_be_visible(timeout=SLOW)
    return found


def dialog(window: Window) -> Locator:
    found = window.page.get_by_role("dialog")
    expect(found).to_be_visible()
    return found


def cells(window: Window) -> list[str]:
    """Give the code of the notebook that is shown, from its model."""
    found: list[str] = window.page.evaluate(
        "() => [...window.jupyterapp.shell.widgets('main')]"
        ".find(widget => widget.isVisible && widget.content.model?.cells)"
        ".content.model.toJSON().cells"
        ".map(cell => Array.isArray(cell.source) ? cell.source.join('') : cell.source)"
    )
    return found


def begin(window: Window, code: str) -> None:
    """Run a new cell, and do not wait for its end."""
    command(window, "notebook:insert-cell-below")
    window.page.evaluate(
        "code => window.jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel"
        ".setSource(code)",
        code,
    )
    window.page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-cell'); }")
    expect(window.page.locator(".jp-InputPrompt", has_text="[*]")).to_be_visible()


def kernelspec(lab: Laboratory, name: str, language: str, *argv: str) -> None:
    """Give the server one more kernel."""
    folder = lab.server.folder / "data" / "kernels" / name
    folder.mkdir(parents=True)
    spec = {
        "argv": [sys.executable, *argv, "-f", "{connection_file}"],
        "display_name": name,
        "language": language,
    }
    (folder / "kernel.json").write_text(json.dumps(spec))


def notebook_of(lab: Laboratory, kernel: str) -> str:
    """Write a notebook of another kernel."""
    path = lab.root / lab.notebook(f"{kernel}.ipynb", "")
    made = json.loads(path.read_text())
    made["metadata"]["kernelspec"] = {"name": kernel, "display_name": kernel, "language": "x"}
    path.write_text(json.dumps(made))
    return path.name


# -- into the kernel


def test_load_runs_a_cell_that_names_the_version(notebook: Window) -> None:
    load(notebook)
    told(notebook, "adata: AnnData 700 × 765")
    assert cells(notebook) == ["x = 1", f"{IMPORT}\n\n{LINE}"]
    assert notebook.run("type(adata).__name__, adata.shape") == "('AnnData', (700, 765))"
    notebook.shot("loaded")


def test_a_name_that_is_taken_is_left_alone(notebook: Window) -> None:
    notebook.run("adata = 'mine'")
    load(notebook)
    told(notebook, "pbmc: AnnData 700 × 765")
    load(notebook)
    told(notebook, "pbmc_2: AnnData 700 × 765")
    assert notebook.run("adata") == "'mine'"
    # The import stands in a cell above: it is not written again.
    assert cells(notebook)[3] == 'pbmc_2 = Catalog("blood").load("pbmc", version="v1")'


def test_a_name_that_is_asked_for_is_overwritten_only_when_that_is_said(notebook: Window) -> None:
    notebook.run("adata = 'mine'")
    command(notebook, "omicshelf:open", atlas="blood", id="pbmc")
    page = notebook.page
    page.get_by_role("button", name="Load options").click()
    dialog(notebook).get_by_role("textbox", name="Variable").fill("adata")
    expect(dialog(notebook)).to_contain_text("exists in this kernel")
    expect(dialog(notebook).get_by_role("button", name="Load", exact=True)).to_be_disabled()
    notebook.shot("taken")
    dialog(notebook).get_by_role("button", name="replace it").click()
    dialog(notebook).get_by_role("button", name="Load", exact=True).click()
    told(notebook, "adata: AnnData 700 × 765")


def test_load_only_inserts_the_code_where_that_is_set(
    lab: Laboratory, catalog: omicshelf.Catalog, window: Window
) -> None:
    lab.settings(PANEL, onLoad="insert", pinVersion=False, variableNaming="id")
    window.open(lab.notebook("analysis.ipynb", "x = 1"))
    window.notebook()
    load(window)
    told(window, "The code is in analysis.ipynb")
    assert cells(window)[1] == f'{IMPORT}\n\npbmc = Catalog("blood").load("pbmc")'
    assert window.run("'pbmc' in dir()") == "False"


def test_load_is_silent_where_that_is_set(
    lab: Laboratory, catalog: omicshelf.Catalog, window: Window
) -> None:
    lab.settings(PANEL, onLoad="silent")
    window.open(lab.notebook("analysis.ipynb", "x = 1"))
    window.notebook()
    load(window)
    told(window, "adata: AnnData 700 × 765")
    assert cells(window) == ["x = 1"]
    # Nothing but the variable is in the kernel, and no cell was counted.
    assert window.run("adata.shape, 'Catalog' in dir(), In[1:-1]") == "((700, 765), False, [])"


def test_with_no_notebook_a_new_one_is_offered(catalog: omicshelf.Catalog, window: Window) -> None:
    window.open()
    load(window)
    expect(dialog(window)).to_contain_text("No notebook is open")
    window.shot("no-notebook")
    dialog(window).get_by_role("button", name="New notebook with this loaded").click()
    told(window, "adata: AnnData 700 × 765")
    assert cells(window) == [f"{IMPORT}\n\n{LINE}"]


def test_a_busy_kernel_is_told_and_can_be_given_up(notebook: Window) -> None:
    page = notebook.page
    # It runs until the test lets it: no time is guessed.
    begin(notebook, "import os, time\nwhile not os.path.exists('go'): time.sleep(0.05)")
    load(notebook)
    busy = page.locator(".Toastify__toast", has_text="is busy")
    expect(busy).to_be_visible(timeout=SLOW)
    notebook.shot("busy")
    busy.get_by_role("button", name="Cancel").click()
    expect(busy).to_have_count(0)
    load(notebook)
    expect(busy).to_be_visible(timeout=SLOW)
    (notebook.lab.root / "go").write_text("")
    told(notebook, "adata: AnnData 700 × 765")
    expect(busy).to_have_count(0)
    # What was given up did not come later.
    assert sum(LINE in cell for cell in cells(notebook)) == 1


def test_what_a_cell_raises_is_told_without_a_traceback(notebook: Window) -> None:
    notebook.run(
        "import omicshelf\n"
        "def broken(*args, **more): raise MemoryError('no room for 7 GB')\n"
        "omicshelf.Catalog.load = broken"
    )
    load(notebook)
    found = told(notebook, "no room for 7 GB")
    expect(found).not_to_contain_text("Traceback")


def test_large_data_are_asked_about_and_can_be_left_on_disk(notebook: Window) -> None:
    # As much memory as a small machine has left: the rest is real.
    notebook.run(
        "import psutil\nclass Memory: available = 1_000_000\npsutil.virtual_memory = lambda: Memory"
    )
    load(notebook)
    asked = dialog(notebook)
    expect(asked.get_by_role("button", name="Load backed")).to_be_enabled(timeout=SLOW)
    notebook.shot("large")
    asked.get_by_role("button", name="Load backed").click()
    told(notebook, "adata: AnnData 700 × 765")
    assert notebook.run("adata.isbacked") == "True"
    assert 'version="v1", backed=True)' in cells(notebook)[2]


def test_a_kernel_without_omicshelf_is_told_how_to_install_it(
    lab: Laboratory, catalog: omicshelf.Catalog, window: Window
) -> None:
    kernelspec(lab, "bare", "python", "-c", _WITHOUT_US)
    window.open(notebook_of(lab, "bare"))
    window.notebook()
    load(window)
    expect(dialog(window)).to_contain_text("has no omicshelf", timeout=SLOW)
    expect(dialog(window)).to_contain_text("%pip install omicshelf")
    window.shot("not-installed")


def test_another_language_is_given_its_own_lines(
    lab: Laboratory, catalog: omicshelf.Catalog, window: Window
) -> None:
    kernelspec(lab, "ir", "R", "-m", "ipykernel_launcher")
    window.open(notebook_of(lab, "ir"))
    window.notebook()
    load(window)
    expect(dialog(window)).to_contain_text("runs R")
    expect(dialog(window)).to_contain_text("anndataR::read_h5ad(path)")
    window.shot("language")
    dialog(window).get_by_role("button", name="Insert the code").click()
    expect(window.page.locator(".jp-Notebook .jp-Cell").first).to_contain_text("anndataR")


def test_an_empty_catalog_is_tried_with_real_data(
    connection: omicshelf.Connection, window: Window
) -> None:
    connection.backend.create_atlas("first", by=Origin(user="ada"))
    window.open()
    window.panel().get_by_role("button", name="Try with a real dataset").click()
    told(window, "pbmc68k_reduced is in the catalog now")
    assert len(cells(window)) == 1
    assert window.run("adata.shape") == "(700, 765)"
    expect(window.panel()).to_contain_text("pbmc68k_reduced")
    window.shot("tried")


# -- and back


def test_a_variable_is_saved_as_the_next_version(
    notebook: Window, catalog: omicshelf.Catalog
) -> None:
    load(notebook)
    told(notebook, "adata: AnnData 700 × 765")
    notebook.run("adata = adata[adata.obs['n_genes'] > 1200].copy(); adata.obs['kept'] = 1.5")
    command(notebook, "omicshelf:open", atlas="blood", id="pbmc")
    page = notebook.page
    page.get_by_role("button", name="Save from kernel…").click()
    asked = dialog(notebook)
    expect(asked).to_contain_text("loaded from v1")
    expect(asked).to_contain_text("471")  # cells that are gone
    asked.get_by_role("textbox", name="Message").fill("cells with many genes")
    notebook.shot("save")
    asked.get_by_role("button", name="Save as v2").click()
    expect(asked).to_have_count(0, timeout=SLOW)
    saved = catalog.get_version("pbmc", "v2")
    assert saved.message == "cells with many genes"
    assert saved.shape == (229, 765)
    assert saved.parents == (catalog.get_version("pbmc", "v1").version_id,)
    assert saved.origin.interface == "notebook"


def test_a_conflict_shows_both_sides_and_loses_nothing(
    notebook: Window, catalog: omicshelf.Catalog
) -> None:
    load(notebook)
    told(notebook, "adata: AnnData 700 × 765")
    notebook.run("adata.obs['mine'] = 2.5")
    theirs = catalog.load("pbmc")
    theirs.obs["theirs"] = 1.5
    catalog.save("pbmc", theirs, message="doublet calls")
    command(notebook, "omicshelf:open", atlas="blood", id="pbmc")
    notebook.page.get_by_role("button", name="Save from kernel…").click()
    asked = dialog(notebook)
    asked.get_by_role("textbox", name="Message").fill("my scores")
    asked.get_by_role("button", name=re.compile("^Save as v")).click()
    expect(asked).to_contain_text("theirs", timeout=SLOW)
    expect(asked).to_contain_text("mine")
    notebook.shot("conflict")
    assert catalog.get_dataset("pbmc").version == "v2"
    asked.get_by_role("button", name="Save as v3").click()
    expect(asked).to_have_count(0, timeout=SLOW)
    assert catalog.get_version("pbmc", "v3").message == "my scores"
    assert "mine" in catalog.load("pbmc").obs
