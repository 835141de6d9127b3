"""What is dropped: a folder, nothing, too much, something broken, and a connection that goes."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import scanpy
from laboratory import Laboratory, Window
from playwright.sync_api import Locator, Page, Route, expect
from test_kernels import SLOW, command
from test_versions_files import file

import omicshelf

PARTS = re.compile(r"/uploads/[^/]+/parts/")
GIGABYTE = 10**9


@pytest.fixture
def catalog(connection: omicshelf.Connection) -> omicshelf.Catalog:
    """An atlas with a small dataset that files are attached to."""
    found = omicshelf.Catalog("blood", connection=connection)
    return found


@pytest.fixture
def files(catalog: omicshelf.Catalog, window: Window, tmp_path: Path) -> Locator:
    """The files of a dataset, where none is attached yet."""
    table = tmp_path / "donors.csv"
    table.write_text("donor,age\na,30\nb,41\n")
    catalog.create_dataset("donors", "Table", table, {})
    window.open()
    command(window, "omicshelf:open", atlas="blood", id="donors", tab="files")
    shown = window.page.locator(".omicshelf-document:visible")
    expect(zone(shown)).to_be_visible(timeout=SLOW)
    return shown


def zone(files: Locator) -> Locator:
    """Where files are let go."""
    return files.get_by_text("Drop files here, or")


def queue(files: Locator) -> Locator:
    """What is on its way."""
    return files.get_by_role("region", name="Being attached")


def attached(catalog: omicshelf.Catalog) -> set[str]:
    return {one.file_name for one in catalog.list_files("donors")}


def left_over(lab: Laboratory) -> int:
    """Give how many bytes of uploads the server keeps, and how many of them it knows."""
    with omicshelf.connect(lab.catalog) as opened:
        known: int = opened.backend.open_uploads()  # type: ignore[attr-defined]
    kept = (lab.catalog / "tmp").rglob("*")
    return known + sum(file.stat().st_blocks * 512 for file in kept if file.is_file())


def memory() -> int:
    """Give what all processes of the browser take, in bytes."""
    ours = psutil.Process().children(recursive=True)
    return sum(one.memory_info().rss for one in ours if "chrom" in one.name())


def eventually(holds: Callable[[], bool], page: Page) -> None:
    """Wait for what the server does after the page has been answered."""
    for _ in range(200):
        if holds():
            return
        page.wait_for_timeout(50)
    pytest.fail("it did not come about within ten seconds")


def test_a_folder_is_its_files_and_an_empty_one_is_told(
    catalog: omicshelf.Catalog, window: Window, files: Locator, tmp_path: Path
) -> None:
    folder = tmp_path / "results"
    (folder / "deeper").mkdir(parents=True)
    for name in ("umap.txt", "deeper/umap.txt", ".hidden"):
        (folder / name).write_text(name)
    (tmp_path / "nothing").mkdir()
    window.drag(zone(files), tmp_path / "nothing")
    expect(files.get_by_text("There is no file in it")).to_be_visible()
    window.shot("nothing")

    window.drag(zone(files), folder)
    # Two of one name stay two.
    expect(files.get_by_role("treegrid", name="Attached files")).to_contain_text("umap (2).txt")
    assert attached(catalog) == {"umap.txt", "umap (2).txt"}
    expect(files.get_by_text("There is no file in it")).to_have_count(0)

    # A folder that is one dataset is none of its thousand files.
    store = tmp_path / "cells.zarr"
    store.mkdir()
    (store / ".zgroup").write_text("{}")
    window.drag(zone(files), store)
    expect(queue(files)).to_contain_text("This folder is one dataset, and no file.")
    expect(queue(files)).to_contain_text("attach it as one zip file")
    window.shot("dataset")
    queue(files).get_by_role("button", name="Clear").click()
    expect(queue(files)).to_have_count(0)
    assert len(attached(catalog)) == 2


def test_an_empty_file_is_one(
    catalog: omicshelf.Catalog, window: Window, files: Locator, tmp_path: Path
) -> None:
    (tmp_path / "empty.txt").touch()
    window.drag(zone(files), tmp_path / "empty.txt")
    file(files, "empty.txt").click()
    expect(files.get_by_text("This file is empty")).to_be_visible()
    assert catalog.get_file("donors", "empty.txt").open().read() == b""


def test_five_hundred_files_at_once(
    catalog: omicshelf.Catalog, window: Window, files: Locator, tmp_path: Path
) -> None:
    paths = [tmp_path / "many" / f"plot {n}.txt" for n in range(500)]
    paths[0].parent.mkdir()
    for path in paths:
        path.write_text(path.name)
    window.page.evaluate(_WATCH)
    window.drag(zone(files), *paths)
    expect(queue(files)).to_contain_text("of 500 attached")
    # The page goes on: what is under way is a list of a few rows, and another tab can be read.
    assert queue(files).get_by_role("row").count() < 30
    window.shot("under-way")
    files.get_by_role("tab", name=re.compile("^Overview")).click()
    expect(files.get_by_role("tabpanel")).to_contain_text("donor")
    files.get_by_role("tab", name=re.compile("^Files")).click()
    expect(files.get_by_text("500 files,")).to_be_visible(timeout=2 * SLOW)
    expect(queue(files)).to_have_count(0)
    assert attached(catalog) == {path.name for path in paths}
    assert catalog.get_file("donors", "plot 7.txt").open().read() == b"plot 7.txt"
    # A machine that does other things too lets every task wait: what a list of 500 rows, drawn
    # whole at each step, would take is seconds.
    assert window.page.evaluate("() => Math.round(window.longest)") < 2_000


# The longest that the page did anything at once, in milliseconds.
_WATCH = """() => {
  window.longest = 0;
  new PerformanceObserver(list => {
    for (const {duration} of list.getEntries()) {
      window.longest = Math.max(window.longest, duration);
    }
  }).observe({type: 'longtask'});
}"""


def test_five_gigabytes_are_given_up_in_the_middle(
    catalog: omicshelf.Catalog, lab: Laboratory, window: Window, files: Locator, tmp_path: Path
) -> None:
    path = tmp_path / "reads.bam"
    with path.open("wb") as file:
        file.truncate(5 * GIGABYTE)  # it takes no room on the disk
    before = memory()
    window.drag(zone(files), path)
    # Half a gigabyte has gone through the browser, and is not in it.
    sent = re.compile(r"([5-9]\d\d\sMB|[1-4]\.\d\sGB) / 5\.0\sGB")
    expect(queue(files)).to_contain_text(sent, timeout=2 * SLOW)
    assert memory() - before < 250e6
    assert left_over(lab) > 500e6
    window.shot("under-way")
    queue(files).get_by_role("button", name="Cancel reads.bam").click()
    expect(queue(files)).to_contain_text("Nothing of it was kept.")
    window.shot("cancelled")
    # Nothing is left, neither in the catalog nor of what had arrived.
    assert attached(catalog) == set()
    eventually(lambda: left_over(lab) == 0, window.page)


def test_a_connection_that_goes_and_comes_back(
    catalog: omicshelf.Catalog, window: Window, files: Locator, tmp_path: Path
) -> None:
    window.seen.expect("ERR_INTERNET_DISCONNECTED")
    path = tmp_path / "counts.bin"
    path.write_bytes(os.urandom(60_000_000))
    sent: list[str] = []

    def third_is_held(route: Route) -> None:
        sent.append(route.request.url)
        if len(sent) == 3:
            # In the middle of the file, the cable is pulled.
            window.page.context.set_offline(True)
        route.continue_()

    window.page.route(PARTS, third_is_held)
    window.drag(zone(files), path)
    expect(queue(files)).to_contain_text("The connection was lost", timeout=SLOW)
    window.shot("lost")
    window.page.context.set_offline(False)
    expect(file(files, "counts.bin")).to_be_visible(timeout=SLOW)
    expect(queue(files)).to_have_count(0)
    assert catalog.get_file("donors", "counts.bin").open().read() == path.read_bytes()
    # What had arrived was not sent again: the part that was lost was.
    done = [url for url in sent if sent.count(url) == 1]
    assert len(done) >= len(set(sent)) - 1


def test_given_up_while_the_connection_is_away(
    catalog: omicshelf.Catalog, lab: Laboratory, window: Window, files: Locator, tmp_path: Path
) -> None:
    window.seen.expect("ERR_CONNECTION_RESET|ERR_FAILED")
    path = tmp_path / "counts.bin"
    path.write_bytes(os.urandom(20_000_000))
    window.page.route(PARTS, lambda route: route.abort("connectionreset"))
    window.drag(zone(files), path)
    expect(queue(files)).to_contain_text("The connection was lost", timeout=SLOW)
    assert left_over(lab) > 0
    queue(files).get_by_role("button", name="Cancel counts.bin").click()
    expect(queue(files)).to_contain_text("Nothing of it was kept.")
    eventually(lambda: left_over(lab) == 0, window.page)
    # It is tried again from its row, and from the start.
    window.page.unroute(PARTS)
    queue(files).get_by_role("button", name="Try counts.bin again").click()
    expect(file(files, "counts.bin")).to_be_visible(timeout=SLOW)
    assert attached(catalog) == {"counts.bin"}


def test_a_file_that_vanishes_while_it_waits(
    catalog: omicshelf.Catalog, window: Window, files: Locator, tmp_path: Path
) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("to be moved")
    held: list[Route] = []
    window.page.route(re.compile(r"/uploads$"), lambda route: held.append(route))  # noqa: PLW0108
    window.drag(zone(files), path)
    expect(queue(files)).to_contain_text("notes.txt")
    eventually(lambda: bool(held), window.page)
    path.unlink()
    held[0].continue_()
    expect(queue(files)).to_contain_text("The file cannot be read any more.")
    expect(queue(files)).to_contain_text("choose it again")
    assert attached(catalog) == set()


def test_a_broken_h5ad_says_what_is_wrong_with_it(
    catalog: omicshelf.Catalog, window: Window, files: Locator, tmp_path: Path
) -> None:
    whole = tmp_path / "cells.h5ad"
    scanpy.datasets.pbmc68k_reduced().write_h5ad(whole)
    cut = tmp_path / "cut.h5ad"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])  # a download broke off
    damaged = tmp_path / "damaged.h5ad"
    content = bytearray(whole.read_bytes())
    content[4096:] = bytes(len(content) - 4096)
    damaged.write_bytes(content)
    panel = window.panel()
    expect(panel.get_by_role("row", name=re.compile("donors"))).to_be_visible()

    # What can be seen from here is said before anything is sent.
    window.drag(panel, cut)
    asked = window.page.get_by_role("dialog")
    expect(asked).to_contain_text("The file is cut off")
    expect(asked.get_by_role("button", name="Add dataset")).to_be_disabled()
    window.shot("cut")
    asked.get_by_role("button", name="Cancel").click()

    # The rest is said by the server, which reads all of it, and keeps nothing.
    window.drag(panel, damaged)
    expect(asked.get_by_role("textbox", name=re.compile("^Id"))).to_have_value("damaged")
    asked.get_by_role("button", name="Add dataset").click()
    expect(asked).to_contain_text(re.compile("damaged.*(HDF5|h5ad)"), timeout=SLOW)
    window.shot("damaged")
    assert [one.dataset_id for one in catalog.list_datasets()] == ["donors"]
