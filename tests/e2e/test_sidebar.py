"""The sidebar on the page that a server serves, in a real browser, over a real catalog."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest
from laboratory import ARTEFACTS
from playwright.sync_api import Locator, Page, expect

import omicshelf
from omicshelf.records import Origin
from omicshelf.testing.servers.jupyter import JupyterServer, jupyter
from suite import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage

AXE = ROOT / "node_modules/axe-core/axe.min.js"
BY = Origin(user="ada", interface="python")
LIVE_MS = 2_000 + 3_000  # two seconds, and what a busy machine takes
SLOW_MS = 40_000
HOSTILE = "<img src=x onerror=document.title='owned'> \u202egpj.exe"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[JupyterServer]:
    with jupyter(tmp_path / "server", catalog=tmp_path / "catalog") as running:
        yield running


@pytest.fixture
def catalog(server: JupyterServer, tmp_path: Path) -> Iterator[omicshelf.Catalog]:
    """What the server serves, opened beside it: a colleague at a terminal."""
    with omicshelf.connect(tmp_path / "catalog") as connection:
        connection.backend.create_atlas("immunology", by=BY)
        yield omicshelf.Catalog("immunology", connection=connection)


@pytest.fixture
def filled(catalog: omicshelf.Catalog, tmp_path: Path) -> omicshelf.Catalog:
    table = tmp_path / "table.csv"
    table.write_text("gene,count\nCST3,4\nNKG7,0\n")

    def add(name: str, kind: str, study: str | None, **metadata: Any) -> None:
        catalog.create_dataset(name, kind, table, metadata, study_id=study)

    add("pbmc3k", "Single cell RNA", "PMID28091601", organism="human", tissue="blood")
    add("pbmc68k", "Single cell RNA", "PMID28091601", organism="human", tissue="blood, fresh")
    add("lung_atlas", "Bulk RNA", "PMID33545035", organism="mouse", note="beside PBMC")
    add("hostile", "Table", "<b>study</b>", title=HOSTILE, **{"<i>key</i>": "x" * 5_000})
    add("old", "Table", None, organism="human")
    return catalog


Open = Callable[..., Page]


@pytest.fixture
def open_page(
    browser: Browser, server: JupyterServer, request: pytest.FixtureRequest
) -> Iterator[Open]:
    """Open the page, as a person with the server's address does; its errors fail the test."""
    said: list[str] = []
    pages: list[Page] = []
    name = re.sub(r"\W+", "-", request.node.name).strip("-")

    def heard(message: ConsoleMessage) -> None:
        # What a server refuses is told on the page, and by the browser here.
        if message.type == "error" and "Failed to load resource" not in message.text:
            said.append(message.text)

    def make(width: int = 1280, *, scheme: Any = "light", address: str = "") -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme=scheme, reduced_motion="reduce"
        )
        page = context.new_page()
        page.on("console", heard)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(f"{server.url}omicshelf?token={server.token}{address}")
        pages.append(page)
        return page

    yield make
    for number, page in enumerate(pages):
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=ARTEFACTS / f"{name}-{number}.png")
        page.context.close()
    assert said == []


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_text(name, exact=True))


def ids(catalog: omicshelf.Catalog) -> list[str]:
    return sorted(one.dataset_id for one in catalog.list_datasets())


def search(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Search datasets")


def test_who_has_no_token_is_sent_to_the_login(browser: Browser, server: JupyterServer) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{server.url}omicshelf")
    assert "/login" in page.url
    refused = context.request.get(f"{server.url}omicshelf/static/standalone.js")
    assert refused.status == 403
    context.close()


def test_find_and_open(filled: omicshelf.Catalog, open_page: Open) -> None:
    page = open_page()
    expect(page.get_by_text("5 datasets", exact=True)).to_be_visible()
    expect(page.get_by_text("PMID28091601")).to_be_visible()

    search(page).fill("pbmc")
    expect(page.get_by_text("3 of 5", exact=True)).to_be_visible()
    expect(row(page, "lung_atlas")).to_contain_text("note: beside PBMC")
    search(page).press("Space")
    search(page).press_sequentially("organism:human ")
    expect(page.get_by_role("button", name="Remove organism:human")).to_be_visible()
    expect(page.get_by_text("2 of 5", exact=True)).to_be_visible()

    # A value with a comma cannot be written as a filter: it is chosen all the same.
    page.get_by_role("button", name="Filters").click()
    page.get_by_role("button", name=re.compile("^Tissue")).click()
    page.get_by_role("checkbox", name="blood, fresh").check()
    expect(page.get_by_text("1 of 5", exact=True)).to_be_visible()
    expect(page.get_by_role("checkbox", name=re.compile("^blood 1"))).to_be_visible()

    search(page).press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("main").get_by_text("pbmc68k").first).to_be_visible(timeout=SLOW_MS)
    assert "omicshelf=immunology%2Fpbmc68k" in page.url
    page.go_back()
    expect(page.get_by_text("Choose a dataset")).to_be_visible()


def test_hostile_texts_stay_text(filled: omicshelf.Catalog, open_page: Open) -> None:
    page = open_page()
    search(page).fill("onerror")
    expect(row(page, "hostile")).to_contain_text("<img src=x onerror=")
    page.get_by_role("button", name="Filters").click()
    expect(page.get_by_role("checkbox", name="Table 1")).to_be_visible()
    assert page.title() == "omicshelf"
    assert page.locator("#omicshelf img, #omicshelf b, #omicshelf i b").count() == 0
    assert "\u202e" not in page.inner_text("body")


def test_delete_undo_and_trash(filled: omicshelf.Catalog, open_page: Open) -> None:
    page = open_page()
    row(page, "old").focus()
    page.keyboard.press("Delete")
    expect(row(page, "old")).to_have_count(0)
    assert "old" not in ids(filled)
    page.get_by_role("button", name="Undo: old").click()
    expect(row(page, "old")).to_be_visible()
    assert "old" in ids(filled)

    row(page, "old").focus()
    page.keyboard.press("Delete")
    expect(row(page, "old")).to_have_count(0)
    page.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Trash").click()
    row(page, "old").click()
    page.get_by_role("button", name="Restore old").click()
    expect(page.get_by_text("The trash is empty")).to_be_visible()
    assert "old" in ids(filled)


def test_several(filled: omicshelf.Catalog, open_page: Open) -> None:
    page = open_page()
    row(page, "pbmc3k").focus()
    page.keyboard.press("Space")
    row(page, "lung_atlas").click(modifiers=["Control"])
    expect(page.get_by_role("toolbar", name="2 selected")).to_be_visible()
    page.get_by_role("button", name="Add to study…").click()
    page.get_by_role("combobox", name=re.compile("Study")).fill("GSE1")
    page.get_by_role("button", name="Add to study", exact=True).click()
    expect(page.get_by_text("GSE1", exact=True)).to_be_visible()
    assert filled.list_datasets_in_study("GSE1") == ["lung_atlas", "pbmc3k"]

    with page.expect_download() as download:
        row(page, "old").click(button="right")
        page.get_by_role("menuitem", name="Download").click()
    assert Path(download.value.path()).read_text().startswith("gene,count")


def test_what_others_do_shows_by_itself(filled: omicshelf.Catalog, open_page: Open) -> None:
    page = open_page()
    expect(page.get_by_text("5 datasets", exact=True)).to_be_visible()
    search(page).fill("pb")
    expect(page.get_by_text("3 of 5", exact=True)).to_be_visible()
    filled.delete_dataset("pbmc68k")
    expect(page.get_by_text("2 of 4", exact=True)).to_be_visible(timeout=LIVE_MS)
    expect(search(page)).to_have_value("pb")
    expect(search(page)).to_be_focused()


def test_a_server_that_is_gone_for_a_while(
    filled: omicshelf.Catalog, server: JupyterServer, open_page: Open
) -> None:
    page = open_page()
    expect(page.get_by_text("5 datasets", exact=True)).to_be_visible()
    server.stop()
    page.get_by_role("button", name="Refresh").click()
    expect(page.get_by_text("The catalog does not answer")).to_be_visible(timeout=SLOW_MS)
    expect(page.get_by_text("read only")).to_be_visible()
    expect(row(page, "pbmc3k")).to_be_visible()
    expect(page.get_by_role("button", name="Add a dataset")).to_have_count(0)
    server.start()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("The catalog does not answer")).to_have_count(0, timeout=SLOW_MS)
    expect(page.get_by_role("button", name="Add a dataset")).to_be_visible()


# -- adding


def choose(page: Page, *files: Path) -> None:
    page.get_by_role("button", name="Add a dataset").first.click()
    page.get_by_label("Files to add").set_input_files(list(files))


def small_h5ad(path: Path) -> Path:
    import anndata as ad

    counts = np.arange(12, dtype=np.float32).reshape(4, 3)
    ad.AnnData(counts).write_h5ad(path)
    return path


def test_add_a_file_and_its_next_version(
    catalog: omicshelf.Catalog, open_page: Open, tmp_path: Path
) -> None:
    path = small_h5ad(tmp_path / "pbmc 3k (filtered).h5ad")
    page = open_page()
    expect(page.get_by_text("No datasets yet")).to_be_visible()
    choose(page, path)
    expect(page.get_by_role("textbox", name="Id")).to_have_value("pbmc_3k_filtered")
    expect(page.get_by_role("textbox", name="Title")).to_have_value("pbmc 3k (filtered)")
    page.get_by_role("textbox", name="Message").fill("as downloaded")
    page.get_by_role("button", name="Add dataset").click()
    expect(page.locator("main").get_by_text("pbmc_3k_filtered").first).to_be_visible(
        timeout=SLOW_MS
    )
    made = catalog.get_dataset("pbmc_3k_filtered")
    assert made.metadata() == {"title": "pbmc 3k (filtered)"}
    assert (made.data_type, made.data_format) == ("Single cell RNA-seq", "h5ad")
    assert made.load().shape == (4, 3)
    assert catalog.list_versions("pbmc_3k_filtered")[0].message == "as downloaded"

    # The same name again: another id, or the next version of it.
    with h5py.File(path, "r+") as file:
        file["X"][0, 0] = 7
    choose(page, path)
    expect(page.get_by_text("pbmc_3k_filtered is taken (v1).")).to_be_visible()
    expect(page.get_by_role("button", name="Add dataset")).to_be_disabled()
    page.get_by_role("button", name="Use another id").click()
    expect(page.get_by_role("textbox", name="Id")).to_have_value("pbmc_3k_filtered_2")
    page.get_by_role("textbox", name="Id").fill("pbmc_3k_filtered")
    page.get_by_role("button", name="add as pbmc_3k_filtered v2").click()
    page.get_by_role("button", name="Add dataset").click()
    expect(row(page, "pbmc_3k_filtered")).to_contain_text("v2", timeout=SLOW_MS)
    assert catalog.get_dataset("pbmc_3k_filtered").load().X[0, 0] == 7


def test_many_files_have_a_state_each(
    catalog: omicshelf.Catalog, open_page: Open, tmp_path: Path
) -> None:
    lfs, empty, broken, good = (
        tmp_path / name for name in ("pointer.h5ad", "empty.csv", "broken.h5ad", "good.csv")
    )
    lfs.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")
    empty.touch()
    broken.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(500))
    good.write_text("a,b\n1,2\n")
    page = open_page()
    choose(page, lfs, empty, broken, good)
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("The file is a Git LFS pointer")).to_be_visible()
    expect(dialog.get_by_text("The file is empty")).to_be_visible()
    dialog.get_by_role("button", name="Add 2 datasets").click()
    expect(dialog.get_by_text("added as v1")).to_be_visible(timeout=SLOW_MS)
    # What is no data is told in the server's words, which name the file's fault.
    expect(dialog.get_by_text("1 was not added")).to_be_visible(timeout=SLOW_MS)
    failed = dialog.get_by_role("row").filter(has_text="broken.h5ad")
    expect(failed).to_contain_text(re.compile("HDF5|h5ad"))
    assert ids(catalog) == ["good"]


def test_a_lost_connection_is_waited_for(
    catalog: omicshelf.Catalog, open_page: Open, tmp_path: Path
) -> None:
    path = tmp_path / "table.csv"
    path.write_text("a,b\n" + "1,2\n" * 50_000)
    page = open_page()
    parts = re.compile(r"/uploads/[^/]+/parts/")
    page.route(parts, lambda route: route.abort("connectionreset"))
    choose(page, path)
    page.get_by_role("button", name="Add dataset").click()
    expect(page.get_by_text("The connection was lost.")).to_be_visible(timeout=SLOW_MS)
    page.unroute(parts)
    expect(row(page, "table")).to_be_visible(timeout=SLOW_MS)
    assert catalog.get_dataset("table").load().shape == (50_000, 2)


def test_an_upload_is_cancelled(
    catalog: omicshelf.Catalog, open_page: Open, tmp_path: Path
) -> None:
    path = tmp_path / "table.csv"
    path.write_text("a,b\n1,2\n")
    page = open_page()
    # It is on its way for as long as nobody answers.
    page.route(re.compile(r"/uploads/[^/]+/parts/"), lambda _route: None)
    choose(page, path)
    page.get_by_role("button", name="Add dataset").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel", exact=True).last.click()
    expect(page.get_by_role("dialog").get_by_text("Stopped")).to_be_visible()
    assert ids(catalog) == []


# -- looks


def serious(page: Page) -> list[str]:
    """What axe finds that keeps people out, colours included."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']}: {json.dumps([node['html'][:200] for node in one['nodes']])}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [240, 1280])
def test_nothing_that_axe_finds_serious(
    filled: omicshelf.Catalog, open_page: Open, scheme: str, width: int
) -> None:
    page = open_page(width, scheme=scheme)
    expect(row(page, "old")).to_be_visible()
    page.get_by_role("button", name="Filters").click()
    expect(page.get_by_role("checkbox", name=re.compile("Single cell"))).to_be_visible()
    search(page).fill("pbmc organism:human ")
    expect(page.get_by_text("2 of 5", exact=True)).to_be_visible()
    row(page, "pbmc3k").focus()
    page.keyboard.press("Space")
    assert serious(page) == []
    # Nothing is wider than its place.
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
