"""Somebody opens JupyterLab for the first time after the installation."""

from __future__ import annotations

import gzip
from urllib.parse import urlsplit

import pandas as pd
import pytest
from laboratory import Laboratory, Window
from playwright.sync_api import expect

import omicshelf
from suite import ROOT

KILOBYTE = 1000


def test_the_panel_shows_the_atlases(
    lab: Laboratory, connection: omicshelf.Connection, window: Window
) -> None:
    cells = pd.DataFrame({"donor": ["a", "b"], "n_cells": [700, 765]})
    omicshelf.Catalog("blood", connection=connection).create_dataset(
        "donors", "Tables", cells, {"tissue": "blood"}
    )
    loaded: dict[str, bytes] = {}
    window.page.on(
        "response",
        lambda answer: (
            loaded.update({answer.url: answer.body()})
            if "/extensions/omicshelf/static/" in urlsplit(answer.url).path
            else None
        ),
    )
    window.open()
    panel = window.panel()
    expect(panel).to_contain_text("blood")
    window.shot("panel")
    first_load = sum(len(gzip.compress(body)) for body in loaded.values())
    assert 0 < first_load <= 150 * KILOBYTE


def test_a_cell_runs_and_its_output_is_read(lab: Laboratory, window: Window) -> None:
    path = lab.notebook("analysis.ipynb", "print(6 * 7)")
    window.open(path)
    expect(window.run_cell(0)).to_have_text("42\n")
    assert window.run("import omicshelf; omicshelf.connect().url") != ""


def test_an_error_on_the_console_is_told(window: Window) -> None:
    """The watch itself works: it would fail a journey."""
    window.open()
    window.seen.assert_none()
    window.page.evaluate("() => console.error('omicshelf: wrong')")
    window.page.evaluate("() => fetch('/omicshelf/api/atlases/none').then(() => null)")
    told = window.seen.problems
    assert [one for one in told if one.startswith("console: omicshelf: wrong")]
    assert [one for one in told if one.startswith("refused: 404 GET")]
    with pytest.raises(AssertionError):
        window.seen.assert_none()
    window.seen.expect("wrong|404")


@pytest.mark.parametrize("name", ["widget.js", "standalone.js"])
def test_the_scripts_are_small(name: str) -> None:
    script = (ROOT / "python_pkg" / "omicshelf" / "static" / name).read_bytes()
    assert 0 < len(gzip.compress(script)) <= 60 * KILOBYTE
    # A comm carries one module: it asks for no other file.
    assert name != "widget.js" or b'from"./' not in script
