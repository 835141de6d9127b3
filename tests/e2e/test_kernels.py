"""A dataset comes into the kernel of a notebook, and goes back into the catalog."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import scanpy
from laboratory import Laboratory, Window
from playwright.sync_api import Locator, expect

import omicshelf

LINE = 'adata = Catalog("blood").load("pbmc", version="v1")'
IMPORT = "from omicshelf import Catalog"
SLOW = 60_000


@pytest.fixture
def catalog(connection: omicshelf.Connection) -> omicshelf.Catalog:
    """An atlas with 700 blood cells."""
    found = omicshelf.Catalog("blood", connection=connection)
    found.save("pbmc", scanpy.datasets.pbmc68k_reduced(), data_type="Single cell RNASeq")
    return found


def command(window: Window, name: str, **args: Any) -> None:
    """Run a command, as a menu or another extension does, and wait until it has ended."""
    window.page.evaluate(
        "([name, args]) => window.jupyterapp.commands.execute(name, args).then(() => null)",
        [name, args],
    )


def load(window: Window, **more: Any) -> None:
    command(window, "omicshelf:load", atlas="blood", id="pbmc", **more)


def toast(window: Window, text: str | re.Pattern[str]) -> Locator:
    found = window.page.locator(".omicshelf-toast", has_text=text)
    expect(found).to_be_visible(timeout=SLOW)
    return found


def cells(window: Window) -> list[str]:
    """Give the code of the notebook that is shown, from its model."""
    found: list[str] = window.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.content.model.toJSON().cells"
        ".map(cell => Array.isArray(cell.source) ? cell.source.join('') : cell.source)"
    )
    return found


def test_load_runs_a_cell_that_names_the_version(
    lab: Laboratory, catalog: omicshelf.Catalog, window: Window
) -> None:
    window.open(lab.notebook("analysis.ipynb", "x = 1"))
    window.notebook()
    load(window)
    toast(window, "adata: AnnData 700 × 765")
    assert cells(window) == ["x = 1", f"{IMPORT}\n\n{LINE}"]
    assert "AnnData" in window.run("type(adata).__name__")
    window.shot("loaded")


def test_a_name_that_is_taken_is_left_alone(
    lab: Laboratory, catalog: omicshelf.Catalog, window: Window
) -> None:
    window.open(lab.notebook("analysis.ipynb", "adata = 'mine'"))
    window.run_cell(0)
    load(window)
    toast(window, "pbmc: AnnData 700 × 765")
    load(window)
    toast(window, "pbmc_2: AnnData 700 × 765")
    assert window.run("adata") == "'mine'"
    # The import stands in a cell above: it is not written again.
    assert cells(window)[2] == 'pbmc_2 = Catalog("blood").load("pbmc", version="v1")'
