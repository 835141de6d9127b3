"""What a biologist does who has never read the documentation, from first look to last."""

from __future__ import annotations

import re
import warnings

import pandas as pd
import pytest
from laboratory import Window, row
from playwright.sync_api import expect

import omicshelf

SLOW = 60_000
ID = "pbmc68k_reduced"
METADATA = {
    "title": "68k blood cells, reduced to 700",
    "organism": "Homo sapiens",
    "tissue": "blood",
    "cell_type": ["T cell", "B cell", "monocyte"],
}


@pytest.fixture
def catalog(connection: omicshelf.Connection) -> omicshelf.Catalog:
    """An atlas with a real dataset in three versions, and tables beside it."""
    import scanpy as sc

    made = omicshelf.Catalog("immunology", connection=connection)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        adata = sc.datasets.pbmc68k_reduced()
    made.save(
        ID,
        adata,
        data_type="Single cell RNA",
        study_id="PMID28091601",
        message="As published",
        metadata=METADATA,
    )
    is_t = adata.obs["bulk_labels"].astype(str).str.contains("T")
    adata.obs["lineage"] = pd.Categorical(is_t.map({True: "T", False: "other"}))
    made.save(ID, adata, message="The lineage of each cell")
    made.update_dataset(ID, metadata={**METADATA, "donor": "A"}, message="Who gave the blood")
    for name, tissue in (("donors", "blood"), ("markers", "blood"), ("sites", "lung")):
        table = pd.DataFrame({"name": ["a", "b"], "n": [1, 2]})
        made.create_dataset(name, "Table", table, {"tissue": tissue, "organism": "Homo sapiens"})
    return made


def test_load_save_compare_and_roll_back(catalog: omicshelf.Catalog, window: Window) -> None:
    lab = window.lab
    window.open(lab.notebook("analysis.ipynb", "import scanpy as sc"))
    window.notebook()
    window.run_cell(0)

    # Two actions: the row, and its button.
    panel = window.panel()
    cells = row(panel, ID)
    cells.hover()
    cells.get_by_role("button", name=re.compile("^Load")).click()
    expect(window.page.get_by_text(re.compile(r"AnnData 700 × 765")).first).to_be_visible(
        timeout=SLOW
    )
    assert "700" in window.run("adata.shape")

    # A step of an analysis, and what came of it is the next version.
    window.run("adata = adata[adata.obs['phase'] == 'G1'].copy()")
    cells = row(window.panel(), ID)
    cells.click()
    document = window.page.locator(".omicshelf-document:visible").first
    document.get_by_role("button", name=re.compile("Save from kernel")).click()
    save = window.page.get_by_role("dialog")
    save.get_by_label("Message").fill("Cells in G1")
    save.get_by_role("button", name=re.compile("^Save as v4")).click(timeout=SLOW)
    expect(save).to_have_count(0, timeout=SLOW)
    assert catalog.list_versions(ID)[0].message == "Cells in G1"

    # The timeline says so in words; a version before it is compared, and rolled back to.
    document.get_by_role("tab", name=re.compile("Versions")).click()
    expect(document).to_contain_text("Cells in G1")
    expect(document).to_contain_text(re.compile(r"−?\s*\d+ cells"))
    window.shot("timeline")
    catalog.rollback(ID, "v3")  # somebody else does, in a terminal
    expect(document).to_contain_text(re.compile("v5"), timeout=2_000)
