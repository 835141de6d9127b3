"""The pictures of the README and of the documentation; `make pictures` keeps them.

Each is what a journey shows on the way, so that none of them shows what is not there.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from laboratory import Laboratory, Window, row
from pictures import animate, keep
from PIL import Image
from playwright.sync_api import Locator, expect

import omicshelf

SLOW = 60_000
ATLAS = "immunology"
ID = "pbmc68k_reduced"
STUDY = "PMID28091601"
BLOOD = {"organism": "Homo sapiens", "tissue": "blood"}
MEGABYTE = 1_000_000
NAMED = """\
is_myeloid = adata.obs["bulk_labels"].isin(["CD14+ Monocyte", "Dendritic"])
adata.obs["lineage"] = is_myeloid.map({True: "myeloid", False: "other"}).astype("category")
sc.pl.umap(adata, color="lineage")"""
# Every drawing that is seen has been drawn: none of the canvases is blank.
DRAWN = """() => {
  const all = [...document.querySelectorAll('.omicshelf-document canvas')]
    .filter(canvas => canvas.checkVisibility());
  return all.length > 0 && all.every(canvas => {
    const copy = document.createElement('canvas');
    [copy.width, copy.height] = [canvas.width, canvas.height];
    const context = copy.getContext('2d');
    context.drawImage(canvas, 0, 0);
    const {data} = context.getImageData(0, 0, copy.width, copy.height);
    return data.some(value => value !== data[0]);
  });
}"""


@pytest.fixture(autouse=True)
def by_ada(lab: Laboratory, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the test and the kernels write is written by the person whom the panel greets."""
    monkeypatch.setenv("OMICSHELF_USER", "ada")
    startup = lab.server.folder / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "user.py").write_text("import os\nos.environ['OMICSHELF_USER'] = 'ada'\ndel os\n")


@pytest.fixture
def catalog(connection: omicshelf.Connection) -> omicshelf.Catalog:
    """An atlas with real cells in three versions, what was made of them, and a second study."""
    import scanpy as sc

    made = omicshelf.Catalog(ATLAS, connection=connection)
    kind = "Single cell RNA"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model, adata = sc.datasets.krumsiek11(), sc.datasets.pbmc68k_reduced()
    model.obs_names_make_unique()
    del model.uns["highlights"]  # its keys are numbers, which an h5ad file has no place for
    made.save(
        "krumsiek11", model, data_type=kind, study_id="PMID21853041",
        metadata={"title": "Myeloid progenitors, simulated", "organism": "Mus musculus"},
    )  # fmt: skip
    title = {"title": "68k blood cells, reduced to 700", **BLOOD}
    made.save(
        ID, adata, data_type=kind, study_id=STUDY, message="As published",
        metadata={**title, "cell_type": ["T cell", "B cell", "monocyte"]},
    )  # fmt: skip
    adata = adata[adata.obs["n_genes"] > 1050].copy()
    made.save(ID, adata, message="Cells with few genes are out")
    made.label(ID, "v2", "submitted")
    adata.obs["s_phase"] = pd.Categorical(np.where(adata.obs["S_score"] > 0, "yes", "no"))
    made.save(ID, adata, message="Cells that divide")
    b_cells = adata[adata.obs["bulk_labels"] == "CD19+ B"].copy()
    made.save("pbmc68k_b_cells", b_cells, data_type=kind, study_id=STUDY, metadata=BLOOD)
    markers = sc.get.rank_genes_groups_df(adata, group=None)
    made.save("pbmc68k_markers", markers, data_type="Table", study_id=STUDY, metadata=BLOOD)
    return made


def unfolded(window: Window) -> Locator:
    """The panel, with its studies unfolded."""
    panel = window.panel()
    row(panel, "krumsiek11")
    row(panel, ID)
    return panel


def document(window: Window) -> Locator:
    return window.page.locator(".omicshelf-document:visible").first


def tab(window: Window, name: str) -> Locator:
    """Show a tab of the document."""
    inside = document(window)
    inside.get_by_role("tab", name=re.compile(f"^{name}")).click()
    return inside


def still(window: Window) -> None:
    """Let go of what the pointer is over, and of notices that have been read."""
    window.page.mouse.move(640, 5)
    notices = window.page.locator(".omicshelf-toast")
    while notices.count():
        notices.first.get_by_role("button", name="Dismiss").click()


def compared(inside: Locator, column: str) -> None:
    """Wait until two versions have been compared, and the newer has a column more."""
    shown = inside.get_by_role("complementary", name="Compare")
    expect(shown.get_by_role("row", name=re.compile("^Cells"))).to_contain_text("−", timeout=SLOW)
    expect(shown).to_contain_text(column)


def drawn(window: Window) -> None:
    window.page.wait_for_function(DRAWN, timeout=SLOW)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_jupyterlab(
    catalog: omicshelf.Catalog, lab: Laboratory, windows: Callable[..., Window], theme: str
) -> None:
    """The first picture of the README."""
    if theme == "dark":
        lab.dark()
    window = windows(1440, 900)
    window.open()
    row(unfolded(window), ID).click()
    expect(document(window)).to_contain_text("bulk_labels", timeout=SLOW)
    drawn(window)
    keep(window.shot(theme), f"jupyterlab-{theme}")


def test_pages(catalog: omicshelf.Catalog, windows: Callable[..., Window], tmp_path: Path) -> None:
    """What the guide shows of the sidebar and of the document."""
    window = windows(1440, 860)
    page = window.page
    window.open(window.lab.notebook("analysis.ipynb", "import scanpy as sc"))
    window.run_cell(0)
    panel = unfolded(window)
    row(panel, ID).hover()
    panel.get_by_role("button", name=re.compile("^Filters")).click()
    panel.get_by_role("button", name=re.compile("^Tissue")).click()
    expect(panel.get_by_role("checkbox", name=re.compile("^blood"))).to_be_visible()
    keep(window.shot("sidebar", panel), "sidebar")
    panel.get_by_role("button", name=re.compile("^Filters")).click()

    row(panel, ID).click()
    inside = document(window)
    expect(inside).to_contain_text("bulk_labels", timeout=SLOW)
    inside.get_by_role("button", name="Load options").click()
    name = page.get_by_role("dialog").get_by_role("textbox", name="Variable")
    expect(name).to_have_value("adata", timeout=SLOW)
    # A busy machine may have had something to say about its kernel.
    expect(page.locator(".omicshelf-toast")).to_have_count(0, timeout=SLOW)
    keep(window.shot("load", page.get_by_role("dialog")), "document-load")
    page.keyboard.press("Escape")

    tab(window, "Contents")
    drawn(window)
    expect(inside.get_by_role("table")).to_be_visible()
    keep(window.shot("contents"), "document-contents")

    tab(window, "Versions")
    inside.get_by_role("checkbox", name=re.compile("v1")).check()
    compared(inside, "s_phase")
    keep(window.shot("versions"), "document-versions")

    figure = tmp_path / "umap.png"
    draw(catalog, figure)
    catalog.attach_file(ID, figure, tag="figure", made_from="v3")
    tab(window, "Files")
    inside.get_by_text("umap.png").first.click()
    expect(inside.locator("img")).to_be_visible()
    keep(window.shot("files"), "document-files")


def draw(catalog: omicshelf.Catalog, path: Path) -> None:
    """Draw the cells, as a notebook does."""
    import matplotlib as mpl
    import scanpy as sc

    mpl.use("Agg")
    figure = sc.pl.umap(catalog.load(ID), color="bulk_labels", return_fig=True)
    figure.savefig(path, bbox_inches="tight", dpi=120)


def test_the_walk(
    catalog: omicshelf.Catalog, windows: Callable[..., Window], tmp_path: Path
) -> None:
    """From a dataset in the sidebar to its next version: the picture that moves."""
    window = windows(1360, 780)
    page = window.page
    frames: list[tuple[Path, str, float]] = []

    def frame(words: str, seconds: float = 2.5) -> None:
        frames.append((window.shot(f"walk-{len(frames)}"), words, seconds))

    window.open(window.lab.notebook("analysis.ipynb", "import scanpy as sc"))
    window.run_cell(0)
    panel = unfolded(window)
    panel.get_by_role("combobox", name="Search datasets").fill("tissue:blood ")
    expect(panel).to_contain_text("3 of 4")
    frame("Find a dataset by words, or by what is known about it")

    cells = row(panel, ID)
    cells.hover()
    frame("Load it with one click", 2)
    cells.get_by_role("button", name=re.compile("^Load")).click()
    told = page.locator(".omicshelf-toast", has_text="AnnData")
    expect(told).to_be_visible(timeout=SLOW)
    frame("It is in your notebook, by a line that names the version")
    still(window)

    window.run(NAMED)
    expect(page.locator(".jp-OutputArea-output img")).to_be_visible(timeout=SLOW)
    page.locator(".jp-OutputArea-output img").scroll_into_view_if_needed()
    frame("Work on it")

    row(panel, ID).click()
    expect(document(window)).to_contain_text("bulk_labels", timeout=SLOW)
    still(window)
    frame("See what the catalog knows about it")
    document(window).get_by_role("button", name=re.compile("Save from kernel")).click()
    asked = page.get_by_role("dialog")
    asked.get_by_label("Message").fill("The lineage of each cell")
    expect(asked).to_contain_text(re.compile(r"obs column\s+lineage"), timeout=SLOW)
    frame("Save what you made of it: what is new is told before")
    asked.get_by_role("button", name=re.compile("^Save as v4")).click()
    expect(asked).to_have_count(0, timeout=SLOW)

    inside = tab(window, "Versions")
    expect(inside).to_contain_text("The lineage of each cell")
    still(window)
    inside.get_by_role("checkbox", name=re.compile("v1")).check()
    compared(inside, "lineage")
    inside.get_by_role("row", name=re.compile("^Compare v4")).scroll_into_view_if_needed()
    frame("Versions are compared in words, and you can go back to any", 3)

    tab(window, "Contents")
    drawn(window)
    still(window)
    frame("Look at the cells, by any column or gene")

    figure = tmp_path / "umap.png"
    draw(catalog, figure)
    catalog.attach_file(ID, figure, tag="figure", made_from="v4")
    inside = tab(window, "Files")
    inside.get_by_text("umap.png").first.click()
    expect(inside.locator("img")).to_be_visible()
    frame("Figures and tables lie beside the data", 3)

    walk = animate(frames, "walk")
    assert walk.stat().st_size <= 2 * MEGABYTE
    with Image.open(walk) as made:
        assert made.n_frames == len(frames)
