"""The document of a dataset in JupyterLab: its overview, its metadata, and who changes them."""

from __future__ import annotations

import json
import re

import anndata
import numpy as np
import pandas as pd
import pytest
import scanpy
from laboratory import Laboratory, Window
from playwright.sync_api import Locator, expect
from test_kernels import SLOW, command

import omicshelf
from suite import ROOT

HOSTILE = '<img src=x onerror="window.hacked=1">'
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
METADATA = {
    "title": "Fresh 68k PBMCs (donor A), reduced to 765 variable genes",
    "organism": "Homo sapiens",
    "cell_type": ["mononuclear cell"],
    "donors": 1,
}


@pytest.fixture
def catalog(connection: omicshelf.Connection) -> omicshelf.Catalog:
    """An atlas with two versions of real cells, and a dataset of hostile words."""
    found = omicshelf.Catalog("blood", connection=connection)
    adata = scanpy.datasets.pbmc68k_reduced()
    found.save("pbmc", adata, data_type="Single cell RNA-seq", metadata=METADATA)
    adata.obs["score"] = 1.5
    found.save("pbmc", adata, message="scores")
    return found


def opened(window: Window, dataset: str, **more: str) -> Locator:
    """Open the document of a dataset, and wait for what is in it."""
    window.open()
    command(window, "omicshelf:open", atlas="blood", id=dataset, **more)
    document = window.page.locator(".omicshelf-document")
    expect(document.get_by_role("heading", level=1)).to_have_text(dataset, timeout=SLOW)
    return document


def no_violations(window: Window, where: str) -> None:
    """Fail with what axe calls serious or critical in our parts."""
    page = window.page
    page.evaluate(AXE.read_text())
    found = page.evaluate(f"() => axe.run({json.dumps(where)})")["violations"]
    bad = [one for one in found if one["impact"] in ("serious", "critical")]
    assert [(one["id"], one["nodes"][0]["target"]) for one in bad] == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_overview_says_what_is_in_the_data(
    lab: Laboratory, catalog: omicshelf.Catalog, window: Window, theme: str
) -> None:
    if theme == "dark":
        lab.dark()
    document = opened(window, "pbmc")
    expect(document).to_contain_text("700 cells × 765 genes")
    obs = document.get_by_role("table", name="obs columns")
    expect(obs.get_by_role("row", name=re.compile("^score"))).to_contain_text("new in v2")
    expect(obs.get_by_role("row", name=re.compile("^phase"))).to_contain_text("G1 72%, S 26%")
    # The file's own colour of the largest category, as scanpy draws it.
    largest = obs.get_by_role("row", name=re.compile("^bulk_labels")).locator("i").first
    expect(largest).to_have_css("background-color", "rgb(23, 190, 207)")
    window.shot(f"{theme}-above")
    # What is not looked at is not asked for.
    canvas = document.locator(".omicshelf-embedding canvas")
    assert canvas.count() == 0
    document.locator(".omicshelf-embedding").first.scroll_into_view_if_needed()
    expect(canvas).to_have_count(2, timeout=SLOW)
    window.shot(theme)
    no_violations(window, ".omicshelf-document")


def test_metadata_that_somebody_else_changes_are_merged_with_what_is_typed(
    catalog: omicshelf.Catalog, window: Window
) -> None:
    document = opened(window, "pbmc")
    title = document.get_by_label("Title", exact=True)
    title.fill("PBMCs of donor A")
    # Somebody else saves, elsewhere, while this is typed.
    catalog.edit_metadata(["pbmc"], {"organism": "Mus musculus", "tissue": "blood"})
    expect(document.get_by_text("v3 was saved by")).to_be_visible(timeout=2_000)
    expect(title).to_have_value("PBMCs of donor A")
    expect(document.get_by_text("Merge first")).to_be_visible()
    window.shot("newer")
    document.get_by_role("button", name="Merge").click()
    expect(document.get_by_label("Tissue", exact=True)).to_have_value("blood")
    document.get_by_label("Message", exact=True).fill("A shorter title")
    document.get_by_role("button", name="Save as v4").click()
    expect(document.get_by_role("button", name=re.compile("Version v4 is shown"))).to_be_visible()
    saved = catalog.get_dataset("pbmc")
    assert saved.metadata() == {
        **METADATA,
        "title": "PBMCs of donor A",
        "organism": "Mus musculus",
        "tissue": "blood",
    }
    assert saved.message == "A shorter title"


def test_metadata_are_edited_as_json_with_the_place_of_an_error(
    catalog: omicshelf.Catalog, window: Window
) -> None:
    document = opened(window, "pbmc")
    document.get_by_role("radio", name="JSON").click()
    editor = document.get_by_role("textbox", name="The metadata as JSON")
    expect(document.locator(".cm-editor")).to_be_visible(timeout=SLOW)
    editor.click()
    window.page.keyboard.press("Control+a")
    window.page.keyboard.insert_text('{\n  "organism": "Homo sapiens"\n  "donors": 2\n}')
    expect(document.get_by_text("Line 3, column 3")).to_be_visible()
    expect(document.get_by_role("button", name="Save as v3")).to_be_disabled()
    window.shot("json")
    window.page.keyboard.press("Control+a")
    window.page.keyboard.insert_text('{"organism": "Homo sapiens", "donors": 2}')
    document.get_by_role("button", name="Save as v3").click()
    expect(document.get_by_role("button", name=re.compile("Version v3 is shown"))).to_be_visible()
    assert catalog.get_dataset("pbmc").metadata() == {"organism": "Homo sapiens", "donors": 2}


def test_a_dataset_is_deleted_while_it_is_open_and_restored(
    catalog: omicshelf.Catalog, window: Window
) -> None:
    window.seen.expect(r"refused: 404|status of 404")
    document = opened(window, "pbmc")
    catalog.delete_dataset("pbmc")
    restore = document.get_by_role("button", name=re.compile("Restore"))
    expect(restore).to_be_visible(timeout=5_000)
    window.shot("deleted")
    restore.click()
    expect(document.get_by_role("heading", level=1)).to_have_text("pbmc", timeout=5_000)


def test_hostile_words_stay_text(catalog: omicshelf.Catalog, window: Window) -> None:
    adata = anndata.AnnData(
        np.ones((6, 3), dtype="float32"),
        obs=pd.DataFrame(
            {HOSTILE: pd.Categorical([HOSTILE, "\u202eevil"] * 3), "x" * 5000: 1.0},
            index=[f"c{i}" for i in range(6)],
        ),
    )
    metadata = {"title": HOSTILE, "k" * 500: "y" * 5000, "link": "javascript:alert(1)"}
    catalog.save("hostile", adata, data_type=HOSTILE, metadata=metadata, message=HOSTILE)
    document = opened(window, "hostile")
    expect(document.get_by_role("table", name="obs columns")).to_contain_text("<img src=x")
    document.get_by_role("button", name=re.compile("Version v1 is shown")).click()
    window.shot("menu")
    window.page.keyboard.press("Escape")
    assert document.locator("img").count() == 0
    assert window.page.evaluate("() => window.hacked") is None
    # Nothing is pushed out of its place: the document is not wider than its room.
    assert window.page.evaluate(
        "() => [...document.querySelectorAll('.omicshelf-overview-data, .omicshelf-metadata-body')]"
        ".every(one => one.scrollWidth <= one.clientWidth + 1)"
    )


def test_the_document_in_little_room(catalog: omicshelf.Catalog, window: Window) -> None:
    document = opened(window, "pbmc")
    window.page.set_viewport_size({"width": 640, "height": 800})
    expect(document.get_by_role("table", name="obs columns")).to_be_visible()
    window.shot("narrow")
    width = window.page.evaluate(
        "() => { const one = document.querySelector('.omicshelf-document');"
        " return [one.scrollWidth, one.clientWidth] }"
    )
    assert width[0] <= width[1] + 1
