"""What is in the data of a version: real files, a real server, a real browser.

The cells that the page would insert are run here, with the catalog that it shows.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pandas as pd
import pytest
from laboratory import ARTEFACTS, Seen
from playwright.sync_api import Page, Route, expect
from showing import Showing

import omicshelf
from omicshelf.testing.servers.jupyter import jupyter
from suite import ROOT

if TYPE_CHECKING:
    from anndata import AnnData
    from playwright.sync_api import Browser

DATA = ROOT.parent / "shared" / "data"
HOSTILE = '<img src=x onerror="window.hacked=1"> \u202etxt.exe \x07\'"\\'
N_MANY = 50_000
_SLOW = 60_000
LONGEST = 100.0  # milliseconds of a task
_ATLAS = "blood"


def _pbmc() -> Path:
    """The 700 cells that scanpy brings along."""
    scanpy = pytest.importorskip("scanpy")
    return Path(scanpy.__file__).parent / "datasets" / "10x_pbmc68k_reduced.h5ad"


def _many() -> AnnData:
    import anndata

    random = np.random.default_rng(1)
    group = random.integers(0, 25, N_MANY)
    made = anndata.AnnData(np.zeros((N_MANY, 3), dtype=np.float32))
    centers = random.normal(0, 8, (25, 2))
    made.obsm["X_umap"] = centers[group] + random.normal(0, 1, (N_MANY, 2))
    made.obs["leiden"] = pd.Categorical(group.astype(str))
    for number in range(20):
        made.obs[f"q{number}"] = random.normal(0, 1, N_MANY)
    return made


def _hostile() -> AnnData:
    import anndata

    names = [f"cell{n}" for n in range(40)]
    obs = pd.DataFrame(
        {HOSTILE: pd.Categorical([HOSTILE, "b"] * 20), "score": range(40)}, index=names
    )
    var = pd.DataFrame(index=[HOSTILE, "g" * 5000, "other"])
    made = anndata.AnnData(np.arange(120, dtype=np.float32).reshape(40, 3), obs=obs, var=var)
    made.obsm["X_umap"] = np.stack([np.arange(40) % 8, np.arange(40) // 8], axis=1) * 1.0
    return made


def _damaged(folder: Path) -> Path:
    """Data with a column whose codes are not those of its categories."""
    path = folder / "damaged.h5ad"
    _hostile().write_h5ad(path)
    with h5py.File(path, "r+") as file:
        column = file["obs"].create_group("broken")
        column.attrs.update({"encoding-type": "categorical", "encoding-version": "0.2.0"})
        column.attrs["ordered"] = False
        column["codes"] = np.full(40, 9, dtype=np.int8)
        column["categories"] = np.array(["a", "b"], dtype=h5py.string_dtype())
        column["categories"].attrs.update(
            {"encoding-type": "string-array", "encoding-version": "0.2.0"}
        )
        file["obs"].attrs["column-order"] = [*file["obs"].attrs["column-order"], "broken"]
    return path


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[omicshelf.Catalog]:
    """One dataset of each kind."""
    folder = tmp_path_factory.mktemp("contents")
    with omicshelf.connect(folder / "catalog") as connection:
        made = omicshelf.Catalog(_ATLAS, connection=connection)
        made.create_dataset("pbmc68k", "Single cell RNA", _pbmc(), {})
        made.create_dataset("many", "Single cell RNA", _many(), {})
        made.create_dataset("hostile", "Single cell RNA", _hostile(), {})
        made.create_dataset("damaged", "Single cell RNA", _damaged(folder), {})
        made.create_dataset("l1000", "Bulk RNA", DATA / "gct" / "cmapPy_test_l1000.gct", {})
        made.create_dataset("chr22", "Variants", DATA / "vcf" / "bio2zarr_chr22.vcf.gz", {})
        made.create_dataset("lung", "Tables", DATA / "clinical" / "lifelines_lung.csv", {})
        yield made


@pytest.fixture(scope="module")
def showing(
    catalog: omicshelf.Catalog, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Showing]:
    folder = tmp_path_factory.mktemp("showing")
    built = folder / "built"
    built.mkdir()
    url = catalog.connection.url
    with jupyter(folder / "server", catalog=url) as server:
        yield Showing.build(built, server.url, server.token)


@pytest.fixture
def new_page(
    browser: Browser, showing: Showing, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Page]]:
    """Make empty pages; every error in one fails the test."""
    seen = Seen()
    pages: list[Page] = []

    def make(**size: int) -> Page:
        page = showing.page(browser, **size)
        seen.watch(page)
        pages.append(page)
        return page

    yield make
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    for number, page in enumerate(pages):
        name = re.sub(r"\W+", "-", request.node.name)
        page.screenshot(path=ARTEFACTS / f"contents-{name}-{number}.png")
        page.close()
    seen.assert_none()


@pytest.fixture
def show(showing: Showing, new_page: Callable[..., Page]) -> Callable[..., Page]:
    """Show a dataset in a page of its own."""

    def open_(dataset: str, **query: Any) -> Page:
        page = showing.go(new_page(), _ATLAS, dataset, **query)
        # The first question of all starts the process that reads files.
        expect(page.locator(".omicshelf-table-row").nth(1)).to_be_visible(timeout=_SLOW)
        expect(page.locator(".omicshelf-waiting")).to_have_count(0, timeout=_SLOW)
        return page

    return open_


def _plane(page: Page) -> Any:
    plane = page.get_by_role("application")
    expect(plane).to_be_visible()
    page.wait_for_function("document.querySelector('canvas')?.dataset.painter")
    return plane


def _outline(page: Page, *corners: tuple[float, float]) -> None:
    """Draw an outline by the shares of the plot's width and height."""
    page.get_by_role("radio", name="Draw an outline around cells").click()
    box = _plane(page).bounding_box()
    assert box is not None
    places = [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in corners]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in [*places[1:], places[0]]:
        page.mouse.move(*place, steps=5)
    page.mouse.up()


def _inserted(page: Page) -> str:
    """Press the button of the card, and give the cell that it made."""
    page.get_by_role("button", name="Insert a filter cell").click()
    page.wait_for_function("window.told.inserted.length")
    return str(page.evaluate("window.told.inserted.pop()"))


def _ran(code: str, catalog: omicshelf.Catalog) -> AnnData:
    """Run a cell as a kernel would whose catalog is this one."""
    lines = [line for line in code.splitlines() if "import Catalog" not in line]
    space: dict[str, Any] = {"Catalog": lambda _name: catalog}
    exec("\n".join(lines), space)
    return space["adata_subset"]


_COLORED = """canvas => {
  const copy = document.createElement('canvas');
  copy.width = canvas.width;
  copy.height = canvas.height;
  const context = copy.getContext('2d');
  context.drawImage(canvas, 0, 0);
  const { data } = context.getImageData(0, 0, copy.width, copy.height);
  let n = 0;
  for (let i = 0; i < data.length; i += 4) {
    const [r, g, b, opacity] = data.slice(i, i + 4);
    n += opacity > 0 && Math.max(r, g, b) - Math.min(r, g, b) > 40;
  }
  return n / (data.length / 4);
}"""


def _colored(page: Page) -> float:
    """The share of the plot's pixels that have a colour."""
    share: float = page.locator("canvas").first.evaluate(_COLORED)
    return share


def test_an_outline_chooses_cells_and_the_inserted_cell_keeps_them(
    show: Callable[..., Page], catalog: omicshelf.Catalog
) -> None:
    page = show("pbmc68k", kernel=1)
    expect(page.get_by_text("700 of 700 cells")).to_be_visible()
    _outline(page, (0.2, 0.45), (0.55, 0.45), (0.55, 0.98), (0.2, 0.98))
    card = page.get_by_role("region", name="Chosen cells")
    expect(card).to_contain_text(re.compile(r"^\d+ cells selected"))
    n = int(re.match(r"\d+", card.inner_text())[0])  # type: ignore[index]
    assert 100 < n < 600
    expect(page.get_by_text(f"lasso: {n} cells")).to_be_visible()
    kept = _ran(_inserted(page), catalog)
    assert kept.n_obs == n
    card.get_by_role("button", name="Copy names").click()
    page.wait_for_function("window.told.copied.length")
    assert page.evaluate("window.told.copied.pop()").split("\n") == kept.obs_names.tolist()
    first = page.get_by_role("row").nth(1).get_by_role("rowheader")
    expect(first).to_have_text(kept.obs_names[0])
    page.get_by_role("application").press("Escape")
    expect(card).to_be_hidden()
    expect(page.get_by_text("1 to 50 of 700")).to_be_visible()


def test_the_legend_chooses_the_same_by_keyboard(
    show: Callable[..., Page], catalog: omicshelf.Catalog
) -> None:
    page = show("pbmc68k", kernel=1)
    legend = page.get_by_role("region", name="Legend")
    expect(legend.get_by_role("listitem").first).to_contain_text("Dendritic24034.3%")
    entry = legend.get_by_role("button", name=re.compile("CD19"))
    entry.press("Enter")
    expect(page.get_by_role("region", name="Chosen cells")).to_contain_text("95 cells selected")
    kept = _ran(_inserted(page), catalog)
    assert kept.n_obs == 95
    assert set(kept.obs["bulk_labels"]) == {"CD19+ B"}
    before = _colored(page)
    legend.get_by_role("checkbox", name="Show Dendritic").press("Space")
    page.wait_for_function(
        f"() => ({_COLORED})(document.querySelector('canvas')) < {before}", timeout=10_000
    )


def test_cells_are_coloured_by_a_gene_that_is_found_as_it_is_typed(
    show: Callable[..., Page], catalog: omicshelf.Catalog
) -> None:
    page = show("pbmc68k")
    field = page.get_by_role("combobox", name="Colour by a gene")
    field.press_sequentially("cd79")
    expect(page.get_by_role("option", name="CD79A")).to_be_visible()
    field.press("ArrowDown")
    field.press("Enter")
    legend = page.get_by_role("region", name="Legend")
    expect(legend).to_contain_text(re.compile("CD79[AB]"))
    gene = legend.locator(".omicshelf-strong").inner_text()
    raw = catalog.load("pbmc68k").raw
    values = raw[:, gene].X.toarray().ravel()
    expect(legend).to_contain_text(f"{(values == 0).sum()} (")
    expect(page.get_by_text("raw/X")).to_have_count(2)  # where it is from, and the choice


_WITHOUT_WEBGL = """HTMLCanvasElement.prototype.getContext = (get =>
  function (kind, ...more) {
    return kind === 'webgl' ? null : get.call(this, kind, ...more);
  })(HTMLCanvasElement.prototype.getContext);
"""


@pytest.mark.parametrize("painter", ["webgl", "canvas"])
def test_points_are_drawn_with_and_without_webgl(
    painter: str, showing: Showing, new_page: Callable[..., Page]
) -> None:
    page = new_page()
    if painter == "canvas":
        page.add_init_script(_WITHOUT_WEBGL)
    showing.go(page, _ATLAS, "pbmc68k")
    plane = _plane(page)
    canvas = page.locator("canvas").first
    expect(canvas).to_have_attribute("data-painter", painter)
    page.wait_for_function(f"() => ({_COLORED})(document.querySelector('canvas')) > 0.01")
    drawn = _colored(page)
    assert 0.01 < drawn < 0.1
    for _ in range(8):
        plane.press("+")
    page.wait_for_function(f"() => ({_COLORED})(document.querySelector('canvas')) < {drawn / 2}")
    plane.press("0")
    page.wait_for_function(
        f"() => Math.abs(({_COLORED})(document.querySelector('canvas')) - {drawn}) < 0.001"
    )
    # Nobody looks: what drawing takes is given back, and taken again.
    page.evaluate("document.getElementById('root').style.display = 'none'")
    expect(canvas).to_have_attribute("data-painter", "")
    page.evaluate("document.getElementById('root').style.display = ''")
    expect(canvas).to_have_attribute("data-painter", painter)
    page.wait_for_function(f"() => ({_COLORED})(document.querySelector('canvas')) > {drawn / 2}")


def test_hostile_names_stay_text_and_their_code_is_exact(
    show: Callable[..., Page], catalog: omicshelf.Catalog
) -> None:
    page = show("hostile", kernel=1)
    legend = page.get_by_role("region", name="Legend")
    legend.get_by_role("button", name=re.compile("img src=x")).click()
    kept = _ran(_inserted(page), catalog)
    assert kept.n_obs == 20
    assert set(kept.obs[HOSTILE]) == {HOSTILE}
    page.get_by_role("radio", name="var 3").click()
    expect(page.get_by_role("rowheader").first).to_contain_text("<img src=x")
    page.get_by_role("combobox", name="Colour by a gene").fill("gggg")
    page.get_by_role("option").first.click()
    expect(legend.locator(".omicshelf-strong")).to_contain_text("ggggg")
    assert page.evaluate("window.hacked") is None
    assert page.locator("img").count() == 0
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert page.evaluate(wide) is False


def test_a_damaged_column_is_told_and_the_others_still_work(show: Callable[..., Page]) -> None:
    page = show("damaged")
    _plane(page)
    choice = page.get_by_role("combobox", name="Colour by", exact=True)
    choice.click()
    expect(page.get_by_role("option", name="score")).to_be_visible()
    expect(page.get_by_role("option", name="broken")).to_have_count(0)
    expect(page.get_by_role("cell", name="unreadable").first).to_be_visible()
    page.get_by_role("option", name="score").click()
    expect(page.get_by_role("region", name="Legend")).to_contain_text("score")


def test_a_wait_can_be_cancelled_and_begun_again(
    showing: Showing, new_page: Callable[..., Page]
) -> None:
    page = new_page()
    held: list[Route] = []
    page.route("**/preview?**", lambda route: held.extend([route]))
    showing.go(page, _ATLAS, "lung")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Not read")).to_be_visible()
    assert len(held) == 1
    page.unroute("**/preview?**")
    page.get_by_role("button", name="Read it").click()
    expect(page.get_by_role("cell").first).to_be_visible()


def test_a_heat_map_is_read_by_keyboard(
    show: Callable[..., Page], catalog: omicshelf.Catalog
) -> None:
    page = show("l1000")
    plane = page.get_by_role("application")
    expect(page.get_by_text("377 of 377 samples")).to_be_visible()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight", "End"):
        plane.press(key)
    values = catalog.load("l1000").data_df
    tip = page.locator(".omicshelf-heat-tip")
    expect(tip).to_contain_text(f"{values.columns[-1]}: {values.iloc[1, -1]:.2f}")
    expect(tip).to_contain_text(values.index[1])
    page.get_by_role("combobox", name="Find a gene").fill("RALA")
    page.get_by_role("option", name="RALA").first.click()
    expect(page.locator(".omicshelf-heat-names li").first).to_have_text("RALA")


def test_records_show_the_genotypes_of_the_file(show: Callable[..., Page]) -> None:
    page = show("chr22")
    with gzip.open(DATA / "vcf" / "bio2zarr_chr22.vcf.gz", "rt") as file:
        lines = [line.rstrip("\n").split("\t") for line in file if not line.startswith("##")]
    header, records = lines[0], lines[1:]
    table = page.get_by_role("table", name="Records")
    expect(page.get_by_role("button", name="6 of 100 samples")).to_be_visible()
    named = table.get_by_role("columnheader").all_inner_texts()
    sample = next(name for name in named if name.startswith("HG"))
    for number in range(10):
        record = records[number]
        cells = table.get_by_role("row").nth(number + 1).get_by_role("cell")
        expect(cells.nth(named.index("POS"))).to_have_text(f"{int(record[1]):,}")
        call = record[header.index(sample)].split(":")[0]
        expect(cells.nth(named.index(sample))).to_have_text("·" if "." in call else call)
    page.get_by_role("radio", name="INFO").click()
    expect(table.get_by_role("columnheader", name="AN", exact=True)).to_be_attached()


def test_pages_of_a_table(show: Callable[..., Page]) -> None:
    page = show("lung")
    expect(page.get_by_text("1 to 100")).to_be_visible()
    page.get_by_role("button", name="Rows after").click()
    expect(page.get_by_text("101 to 200")).to_be_visible()
    page.get_by_role("button", name="10 of 10 columns").click()
    chooser = page.get_by_role("dialog", name="Columns")
    chooser.get_by_role("searchbox").fill("age")
    chooser.get_by_role("checkbox", name="age").press("Space")
    page.keyboard.press("Escape")
    expect(page.get_by_role("columnheader", name="age", exact=True)).to_have_count(0)


@pytest.mark.parametrize("dataset", ["pbmc68k", "l1000", "chr22", "lung"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_stands_in_the_way(dataset: str, theme: str, show: Callable[..., Page]) -> None:
    page = show(dataset, theme=theme)
    expect(page.get_by_role("cell").first).to_be_visible()
    page.evaluate((ROOT / "node_modules/axe-core/axe.min.js").read_text())
    found = page.evaluate("axe.run()")["violations"]
    grave = [
        (one["id"], node["target"], node["failureSummary"])
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]
    assert grave == []


def test_fifty_thousand_points_never_block(showing: Showing, new_page: Callable[..., Page]) -> None:
    """Drawing, choosing, moving, zooming, colouring: no task of ours takes 100 ms of work."""
    found = [_longest_task(showing, new_page()) for _ in range(2)]
    print(f"longest task: {found} ms")
    assert min(found) < LONGEST


def _longest_task(showing: Showing, page: Page) -> float:
    """Use the plot, and give the milliseconds of work of the longest task of its page."""
    events: list[dict[str, Any]] = []
    ended: list[Any] = []
    trace = page.context.new_cdp_session(page)
    trace.on("Tracing.dataCollected", lambda told: events.extend(told["value"]))
    trace.on("Tracing.tracingComplete", lambda told: ended.extend([told]))
    showing.go(page, _ATLAS, "many")
    expect(page.get_by_text("50,000 of 50,000 cells")).to_be_visible(timeout=_SLOW)
    _plane(page)
    trace.send(
        "Tracing.start",
        {"categories": "__metadata,devtools.timeline,disabled-by-default-devtools.timeline"},
    )
    page.reload()  # the bundle is compiled by now: what is measured is what it does
    expect(page.get_by_text("50,000 of 50,000 cells")).to_be_visible()
    _plane(page)
    _outline(page, (0.3, 0.2), (0.7, 0.3), (0.6, 0.8), (0.3, 0.7))
    expect(page.get_by_role("region", name="Chosen cells")).to_be_visible()
    for key in ("ArrowLeft", "ArrowUp", "+", "+", "-", "0"):
        page.get_by_role("application").press(key)
    page.get_by_role("combobox", name="Colour by", exact=True).click()
    page.get_by_role("option", name=re.compile(r"^q1\s?float")).click()
    expect(page.get_by_role("region", name="Legend")).to_contain_text("Median")
    trace.send("Tracing.end")
    page.wait_for_function("() => true")
    while not ended:
        page.evaluate("() => new Promise(requestAnimationFrame)")
    main = {
        event["tid"]
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    return max(
        event["tdur"] / 1000
        for event in events
        if event["name"] == "RunTask" and event["tid"] in main and "tdur" in event
    )
