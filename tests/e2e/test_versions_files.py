"""Versions, files and lineage of a dataset in JupyterLab: looked at, compared, kept, undone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import scanpy
from laboratory import Laboratory, Window
from playwright.sync_api import Locator, expect
from test_kernels import SLOW, command, told

import omicshelf

LIVE = 5_000  # two seconds, and what a busy machine takes
METADATA = {"title": "68k blood cells", "organism": "Homo sapiens", "tissue": "blod"}


@pytest.fixture
def catalog(connection: omicshelf.Connection) -> omicshelf.Catalog:
    """Real cells in four versions: of each one thing changed that a person asks for."""
    found = omicshelf.Catalog("blood", connection=connection)
    adata = scanpy.datasets.pbmc68k_reduced()
    adata.obs["doublet_score"] = adata.obs["percent_mito"].astype("float32") * 7
    found.save("pbmc", adata, data_type="Single cell RNA", metadata=METADATA, message="Published")
    adata = adata[adata.obs["n_genes"] > adata.obs["n_genes"].quantile(0.2)].copy()
    found.save("pbmc", adata, message="Few genes are out")
    found.edit_metadata(["pbmc"], {"tissue": "blood", "disease": "normal"})
    adata = found.load("pbmc")
    adata.obs["leiden"] = adata.obs["louvain"].copy()
    del adata.obs["doublet_score"]
    found.save("pbmc", adata, message="Clusters of Leiden")
    return found


def document(window: Window, tab: str, dataset: str = "pbmc") -> Locator:
    """Open the document of a dataset at one of its tabs."""
    window.open()
    return shown(window, tab, dataset)


def shown(window: Window, tab: str, dataset: str = "pbmc") -> Locator:
    """Show the document in a window that is open."""
    command(window, "omicshelf:open", atlas="blood", id=dataset, tab=tab)
    found = window.page.locator(".omicshelf-document:visible")
    expect(found.get_by_role("heading", level=1)).to_have_text(dataset, timeout=SLOW)
    return found


def version(inside: Locator, name: str) -> Locator:
    """Give the row of a version in the timeline."""
    rows = inside.get_by_role("grid", name="Versions").get_by_role("row")
    return rows.filter(has=inside.page.get_by_text(name, exact=True))


def file(inside: Locator, name: str) -> Locator:
    """Give the row of a file."""
    rows = inside.get_by_role("treegrid", name="Attached files").get_by_role("row")
    return rows.filter(has=inside.page.get_by_text(name, exact=True))


def figure(path: Path) -> Path:
    """Draw a figure, as an analysis leaves it on the disk."""
    from PIL import Image

    Image.linear_gradient("L").resize((1200, 840)).save(path)
    return path


def test_from_the_timeline_to_an_undone_delete(
    catalog: omicshelf.Catalog, window: Window, tmp_path: Path
) -> None:
    page = window.page
    # What changed is told in words.
    inside = document(window, "versions")
    expect(version(inside, "v4")).to_contain_text("1 obs column leiden (11 categories)")
    expect(version(inside, "v4")).to_contain_text("1 obs column doublet_score")
    expect(version(inside, "v3")).to_contain_text("tissue 'blod' → 'blood'")
    expect(version(inside, "v2")).to_contain_text(re.compile(r"cells \(700 → \d+\)"))
    window.shot("timeline")

    # Two are selected, in any order, and compared from the older to the newer.
    version(inside, "v1").get_by_role("checkbox").check()
    compared = inside.get_by_role("complementary", name="Compare")
    expect(compared.get_by_role("row", name=re.compile("^Cells 700"))).to_contain_text("−")
    expect(compared.get_by_role("row", name=re.compile("tissue"))).to_contain_text("blod")
    expect(compared).to_contain_text("doublet_score")
    window.shot("compare")

    # What a roll-back changes is shown before anything is written.
    version(inside, "v1").get_by_role("button", name="Roll back to this…").click()
    asked = page.get_by_role("dialog", name="Roll back to v1?")
    expect(asked.get_by_role("row", name=re.compile("^Cells"))).to_contain_text("700")
    expect(asked.get_by_role("list", name="What changes")).to_contain_text("leiden")
    assert len(catalog.list_versions("pbmc")) == 4
    window.shot("rollback")
    asked.get_by_role("textbox", name="Message").fill("The filter was too strict")
    asked.get_by_role("button", name="Roll back to v1").click()
    expect(version(inside, "v5")).to_contain_text("The filter was too strict")
    assert catalog.get_dataset("pbmc").load().n_obs == 700

    # A result is dropped, with its tag.
    path = figure(tmp_path / "umap.png")
    inside.get_by_role("tab", name=re.compile("^Files")).click()
    inside.get_by_role("combobox", name="Tag").fill("figure")
    window.drag(inside.get_by_text("Drop files here, or"), path)
    expect(file(inside, "umap.png")).to_contain_text("v5")
    kept = catalog.get_file("pbmc", "umap.png")
    assert kept.tag == "figure"

    # It is looked at, and is the same on the disk of who downloads it.
    file(inside, "umap.png").click()
    expect(inside.get_by_text("1200 × 840")).to_be_visible()
    window.shot("attached")
    with page.expect_download() as download:
        inside.get_by_role("button", name="Download umap.png").click()
    assert download.value.suggested_filename == "umap.png"
    assert Path(download.value.path()).read_bytes() == path.read_bytes()

    # Deleted, and brought back with all that was said of it.
    file(inside, "umap.png").focus()
    page.keyboard.press("Delete")
    expect(inside.get_by_text("No files are attached")).to_be_visible()
    assert catalog.list_files("pbmc") == []
    told(window, "umap.png was deleted").get_by_role("button", name=re.compile("^Undo")).click()
    expect(file(inside, "umap.png")).to_be_visible()
    back = catalog.get_file("pbmc", "umap.png")
    assert (back.tag, back.open().read()) == (kept.tag, path.read_bytes())


# -- from elsewhere


def test_files_are_attached_from_the_file_browser(
    catalog: omicshelf.Catalog, window: Window
) -> None:
    # More than a browser should hold: it goes through it in parts.
    large = window.lab.root / "reads.bam"
    with large.open("wb") as file_:
        file_.write(b"first")
        file_.truncate(90_000_000)
        file_.seek(-4, 2)
        file_.write(b"last")
    small = window.lab.root / "notes 1.md"
    small.write_text("# Notes")
    catalog.attach_file("pbmc", small, tag="note")
    small.write_text("# Notes of today")
    window.open()
    page = window.page
    page.locator(".jp-DirListing-item", has_text="reads.bam").click()
    page.locator(".jp-DirListing-item", has_text="notes 1.md").click(modifiers=["Control"])
    page.locator(".jp-DirListing-item", has_text="notes 1.md").click(button="right")
    page.get_by_role("menuitem", name="Attach to dataset…").click()
    asked = page.get_by_role("dialog", name="Attach 2 files to which dataset?")
    expect(asked.get_by_role("list", name="Files to attach")).to_contain_text("90.0 MB")
    attach = asked.get_by_role("button", name="Attach 2 files")
    expect(attach).to_be_disabled()
    name = asked.get_by_role("combobox", name="Dataset")
    name.fill("nothing")
    expect(asked).to_contain_text(re.compile("There is no dataset .nothing"))
    name.fill("pb")
    page.get_by_role("option", name=re.compile("^pbmc")).click()
    asked.get_by_role("combobox", name="Tag").fill("raw")
    expect(asked).to_contain_text("notes 1.md is there already: it is replaced")
    window.shot("asked")
    attach.click()
    inside = page.locator(".omicshelf-document:visible")
    expect(file(inside, "reads.bam")).to_contain_text("v4", timeout=SLOW)
    expect(inside.get_by_role("region", name="Being attached")).to_have_count(0)
    assert catalog.get_file("pbmc", "notes 1.md").open().read() == b"# Notes of today"
    kept = catalog.get_file("pbmc", "reads.bam")
    assert (kept.tag, kept.size) == ("raw", 90_000_000)
    assert kept.open().read() == large.read_bytes()


def test_a_file_of_the_file_browser_that_is_gone_is_told(
    catalog: omicshelf.Catalog, window: Window
) -> None:
    path = window.lab.root / "umap.txt"
    path.write_text("a figure")
    window.open()
    page = window.page
    page.locator(".jp-DirListing-item", has_text="umap.txt").click(button="right")
    page.get_by_role("menuitem", name="Attach to dataset…").click()
    asked = page.get_by_role("dialog")
    asked.get_by_role("combobox", name="Dataset").fill("pbmc")
    attach = asked.get_by_role("button", name="Attach 1 file")
    expect(attach).to_be_enabled()
    path.unlink()
    attach.click()
    inside = page.locator(".omicshelf-document:visible")
    under_way = inside.get_by_role("region", name="Being attached")
    expect(under_way).to_contain_text("refresh the file browser", timeout=SLOW)
    window.shot("gone")
    assert catalog.list_files("pbmc") == []


def test_the_menu_of_a_row_leads_right_to_what_it_says(
    catalog: omicshelf.Catalog, window: Window, tmp_path: Path
) -> None:
    window.open()
    page = window.page
    row = window.panel().get_by_role("row", name=re.compile("pbmc"))
    row.click(button="right")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("menuitem", name="Attach file…").click()
    chooser.value.set_files(figure(tmp_path / "umap.png"))
    asked = page.get_by_role("dialog", name=re.compile("Attach 1 file to .?pbmc"))
    asked.get_by_role("combobox", name="Tag").fill("figure")
    window.shot("attach")
    asked.get_by_role("button", name="Attach 1 file").click()
    inside = page.locator(".omicshelf-document:visible")
    expect(file(inside, "umap.png")).to_be_visible(timeout=SLOW)
    assert catalog.get_file("pbmc", "umap.png").tag == "figure"

    row.click(button="right")
    page.get_by_role("menuitem", name="Roll back…").click()
    asked = page.get_by_role("dialog", name="Roll back to v3?")
    expect(asked.get_by_role("list", name="What changes")).to_contain_text("leiden")
    asked.get_by_role("combobox", name="Roll back pbmc").click()
    page.get_by_role("option", name="to v1: Published").click()
    asked = page.get_by_role("dialog", name="Roll back to v1?")
    expect(asked.get_by_role("row", name=re.compile("^Cells"))).to_contain_text("700")
    window.shot("rollback")
    asked.get_by_role("button", name="Roll back to v1").click()
    told(window, "pbmc v5 is what v1 was").get_by_role("button", name=re.compile("^Undo")).click()
    expect(row).to_contain_text("v6", timeout=LIVE)
    assert "leiden" in catalog.get_dataset("pbmc").load().obs


# -- previews


HOSTILE = "<script>parent.hacked = 1; window.hacked = 1</script>"
REMOTE = "http://192.0.2.1/seen.png"  # an address of nobody


def test_previews_show_and_cannot_act(
    catalog: omicshelf.Catalog, window: Window, tmp_path: Path
) -> None:
    def attach(name: str, content: str | bytes) -> None:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        catalog.attach_file("pbmc", path, tag="report", made_from="v2")

    attach("qc.html", f'<h1>Quality</h1><img src="{REMOTE}">{HOSTILE}')
    attach("markers.csv", "gene,score\n" + "".join(f"G{n},{n}.5\n" for n in range(200)))
    attach("notes.md", f"# Notes\n\n**Two** donors ![seen]({REMOTE})\n\n{HOSTILE}")
    attach("guide.pdf", one_page())
    attach("drawing.svg", f'<svg xmlns="http://www.w3.org/2000/svg" width="90">{HOSTILE}</svg>')
    attach("counts.parquet", b"PAR1\0\0PAR1")
    page = window.page
    # Its script tried to reach out of its frame.
    window.seen.expect('Blocked a frame with origin "null"')
    inside = document(window, "files")

    # Made from a version whose data are others by now.
    expect(file(inside, "qc.html")).to_contain_text("v2, older")
    file(inside, "qc.html").click()
    report = inside.frame_locator("iframe")
    expect(report.get_by_role("heading", name="Quality")).to_be_visible()
    expect(inside).to_contain_text("scripts and network are off")
    inside.get_by_role("button", name="Run its scripts").click()
    expect(inside).to_contain_text("its scripts run, the network is off")
    expect(report.get_by_role("heading", name="Quality")).to_be_visible()
    window.shot("html")

    file(inside, "markers.csv").click()
    table = inside.get_by_role("table", name="markers.csv")
    expect(table.get_by_role("row", name=re.compile("G7"))).to_contain_text("7.5")
    file(inside, "notes.md").click(modifiers=["Control"])
    notes = inside.get_by_role("region", name="notes.md")
    expect(notes.get_by_role("heading", name=re.compile("^Notes"))).to_be_visible()
    expect(notes.locator("strong")).to_have_text("Two")
    expect(notes.locator("script")).to_have_count(0)
    window.shot("table-and-markdown")

    file(inside, "guide.pdf").click()
    viewer = page.evaluate("() => navigator.pdfViewerEnabled")
    told_of = "Shown by the viewer" if viewer else "does not show PDF in a page"
    expect(inside).to_contain_text(told_of)
    assert (inside.get_by_role("link", name="Open in a new tab").get_attribute("href") or "")[
        :5
    ] == "blob:"
    window.shot("pdf")

    file(inside, "drawing.svg").click()
    expect(inside.get_by_role("img", name="drawing.svg")).to_be_visible()
    file(inside, "counts.parquet").click()
    expect(inside).to_contain_text("This kind of file is not shown here")
    assert page.evaluate("() => window.hacked") is None


def one_page() -> bytes:
    """Give a PDF, as a person's own program writes it."""
    import io

    from PIL import Image

    made = io.BytesIO()
    Image.linear_gradient("L").save(made, "PDF")
    return made.getvalue()


def test_a_file_has_a_history(catalog: omicshelf.Catalog, window: Window, tmp_path: Path) -> None:
    path = tmp_path / "markers.csv"
    for content in ("gene\nCD3D\n", "gene\nNKG7\n"):
        path.write_text(content)
        catalog.attach_file("pbmc", path, tag="markers")
    inside = document(window, "files")
    file(inside, "markers.csv").click()
    table = inside.get_by_role("table", name="markers.csv")
    expect(table).to_contain_text("NKG7")
    inside.get_by_role("button", name="History of markers.csv").click()
    history = window.page.get_by_role("dialog", name="History of markers.csv")
    expect(history.get_by_role("listitem")).to_have_count(2)
    before = history.get_by_role("listitem").filter(has_text="replaced")
    window.shot("history")
    with window.page.expect_download() as download:
        before.get_by_role("button", name="Download this state").click()
    assert Path(download.value.path()).read_text() == "gene\nCD3D\n"
    before.get_by_role("button", name="Bring back").click()
    told(window, "markers.csv is what it was")
    expect(table).to_contain_text("CD3D")
    assert catalog.get_file("pbmc", "markers.csv").open().read() == b"gene\nCD3D\n"
    assert catalog.get_file("pbmc", "markers.csv").tag == "markers"


# -- lineage


MAKES = """
from omicshelf import Catalog
catalog = Catalog("blood")
cells = catalog.load("pbmc")
is_b = cells.obs["bulk_labels"] == "CD19+ B"
made = catalog.save("b_cells", cells[is_b].copy(), data_type="Single cell RNA", message="B cells")
"""


def test_the_lineage_is_walked_through(
    lab: Laboratory, catalog: omicshelf.Catalog, window: Window
) -> None:
    page = window.page
    window.open(lab.notebook("analysis.ipynb", "x = 1"))
    window.notebook()
    window.run(MAKES)
    assert catalog.get_dataset("b_cells").version == "v1"
    inside = shown(window, "lineage", "b_cells")
    drawing = inside.get_by_role("group", name=re.compile("^Lineage, drawn"))
    root = drawing.get_by_role("button", name="b_cells v1")
    expect(root).to_have_attribute("aria-pressed", "true", timeout=SLOW)
    window.shot("drawn")

    # By the keyboard: from the version to the notebook, to what that was given, and there.
    root.focus()
    page.keyboard.press("ArrowLeft")
    expect(drawing.get_by_role("button", name="analysis.ipynb")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(drawing.get_by_role("button", name="pbmc v4")).to_be_focused()
    details = inside.get_by_role("complementary", name="pbmc v4")
    expect(details).to_contain_text("Clusters of Leiden")
    window.shot("chosen")
    page.keyboard.press("Enter")
    shown_now = page.locator(".omicshelf-document:visible")
    expect(shown_now.get_by_role("heading", level=1)).to_have_text("pbmc", timeout=SLOW)

    # By pointer: the notebook, from its node and its details.
    inside = shown(window, "lineage", "b_cells")
    drawing.get_by_role("button", name="analysis.ipynb").click()
    details = inside.get_by_role("complementary", name=re.compile("analysis.ipynb"))
    details.get_by_role("button", name="Open").click()
    expect(page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")).to_be_visible()

    # The same in a table, for who does not see it.
    inside = shown(window, "lineage", "b_cells")
    inside.get_by_role("radio", name="Table").click()
    steps = inside.get_by_role("table", name="Steps")
    expect(
        steps.get_by_role("row", name=re.compile("analysis.ipynb made b_cells v1"))
    ).to_have_count(1)


# -- what goes while it is looked at


def test_a_version_that_is_purged_while_it_is_open_says_so(
    catalog: omicshelf.Catalog, window: Window
) -> None:
    window.seen.expect("404")
    window.open()
    command(window, "omicshelf:open", atlas="blood", id="pbmc", tab="versions", version="v1")
    inside = window.page.locator(".omicshelf-document:visible")
    expect(version(inside, "v1")).to_have_attribute("aria-selected", "true", timeout=SLOW)
    catalog.purge_versions("pbmc", keep_last=1, force=True)
    expect(inside.get_by_text(re.compile("There is no version .?v1"))).to_be_visible(timeout=LIVE)
    expect(version(inside, "v1")).to_have_count(0)
    window.shot("purged")
    inside.get_by_role("button", name="Show the newest").click()
    expect(inside.get_by_text(re.compile("There is no version"))).to_have_count(0)
    expect(version(inside, "v4")).to_have_attribute("aria-selected", "true")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_looks(
    lab: Laboratory, catalog: omicshelf.Catalog, window: Window, tmp_path: Path, theme: str
) -> None:
    """Pictures to be laid beside the mock-ups, wide and narrow; nothing leaves its place."""
    if theme == "dark":
        lab.dark()
    for name, tag in (("umap.png", "figure"), ("a" * 120 + ".png", "figure"), ("b.png", None)):
        catalog.attach_file("pbmc", figure(tmp_path / name), tag=tag, made_from="v4")
    window.page.set_viewport_size({"width": 1440, "height": 900})
    inside = document(window, "versions")
    expect(version(inside, "v4")).to_contain_text("leiden")
    version(inside, "v1").get_by_role("checkbox").check()
    compared = inside.get_by_role("complementary", name="Compare")
    expect(compared).to_contain_text("Cells removed")
    for width in (1440, 760):
        window.page.set_viewport_size({"width": width, "height": 900})
        window.shot(f"{theme}-versions-{width}")
        inside.get_by_role("tab", name=re.compile("^Files")).click()
        file(inside, "umap.png").click()
        expect(inside.get_by_text("1200 × 840")).to_be_visible()
        window.shot(f"{theme}-files-{width}")
        assert inside.evaluate("one => one.scrollWidth <= one.clientWidth + 1")
        inside.get_by_role("tab", name=re.compile("^Versions")).click()
        expect(version(inside, "v4")).to_contain_text("leiden")
