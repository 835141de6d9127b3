"""The notebook of the tour in a real JupyterLab: as `make demo` opens it, and as a Binder does."""

from __future__ import annotations

import pytest
from laboratory import Laboratory, Window
from playwright.sync_api import Locator, expect

import omicshelf
from omicshelf import demo

SLOW = 90_000
_RUN_ALL = "() => window.jupyterapp.commands.execute('notebook:run-all-cells').then(() => null)"
_SCROLL = """index => {
  const notebook = window.jupyterapp.shell.currentWidget.content;
  return notebook.scrollToItem(index, 'start').then(() => null);
}"""
# The cells that show a widget, by their first words.
WIDGETS = ("from omicshelf import CatalogBrowser", "VersionTimeline", "FileAttacher", "DatasetView")


def sources(window: Window) -> list[str]:
    found: list[str] = window.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.content.widgets"
        ".map(cell => cell.model.sharedModel.getSource())"
    )
    return found


def widget(window: Window, code: str) -> Locator:
    """Scroll to the cell that begins with this code; give the widget that it shows."""
    index = next(i for i, text in enumerate(sources(window)) if text.startswith(code))
    window.page.evaluate(_SCROLL, index)
    cell = window.notebook().locator(f'.jp-Cell[data-windowed-list-index="{index}"]')
    shown = cell.locator(".omicshelf-widget")
    expect(shown).to_be_visible(timeout=SLOW)
    return shown


def ended(window: Window) -> Locator:
    """What the last cell shows."""
    index = len(sources(window)) - 2
    window.page.evaluate(_SCROLL, index)
    cell = window.notebook().locator(f'.jp-Cell[data-windowed-list-index="{index}"]')
    return cell.locator(".jp-OutputArea-output", has_text="cells with many genes")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_tour_runs_from_top_to_bottom(
    lab: Laboratory, connection: omicshelf.Connection, window: Window, theme: str
) -> None:
    if theme == "dark":
        lab.dark()
    demo.write_notebook(lab.root / demo.NOTEBOOK)
    window.open(demo.NOTEBOOK)
    window.notebook()
    if theme == "light":
        # As the first cell asks for; what the cells save comes into it by itself.
        expect(window.panel()).to_contain_text("No atlas yet")
        window.shot("begin")
    window.page.evaluate(_RUN_ALL)
    expect(ended(window)).to_be_visible(timeout=SLOW)
    # Or it is opened at the end: then it is as the catalog is by now.
    panel = window.panel()
    expect(panel.get_by_role("row", name="pbmc")).to_be_visible(timeout=SLOW)
    catalog = omicshelf.Catalog("demo", connection=connection)
    assert catalog.get_dataset("pbmc").version == "v5"
    expect(panel.get_by_role("row", name="pbmc")).to_contain_text("v5")
    expect(window.page.locator(".jp-OutputArea-output[data-mime-type*=error]")).to_have_count(0)

    browser, timeline, files, view = (widget(window, code) for code in WIDGETS)
    for name, shown, text in (
        ("browser", browser, "pbmc"),
        ("timeline", timeline, "B cells only"),
        ("files", files, "markers.csv"),
        ("view", view, "X_umap"),
    ):
        shown.scroll_into_view_if_needed()
        expect(shown).to_contain_text(text, timeout=SLOW)
        window.shot(name)
