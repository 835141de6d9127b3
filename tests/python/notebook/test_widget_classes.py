"""The widgets in a real kernel: their values, their line of code, and what a file keeps of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from realkernel import Kernel

import omicshelf
from omicshelf.errors import Invalid, MissingDependency, NotFound
from omicshelf.notebook import widgets

VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(autouse=True)
def imported(kernel: Kernel) -> None:
    kernel.ok("from omicshelf import *; import omicshelf, ipywidgets; catalog = Catalog('lung')")


@pytest.mark.parametrize(
    ("code", "plain", "kept"),
    [
        (
            "CatalogBrowser('lung', 'biopsies')",
            "CatalogBrowser('lung', query='biopsies')",
            "1 found",
        ),
        ("DatasetPicker(catalog)", "DatasetPicker('lung')", "biopsies"),
        ("VersionTimeline('biopsies')", "VersionTimeline('biopsies', atlas='lung')", "scores"),
        ("FileAttacher('biopsies', catalog)", "FileAttacher('biopsies', atlas='lung')", "files"),
        (
            "DatasetView('biopsies', version='submitted')",
            "DatasetView('biopsies', atlas='lung', version='v1')",
            "leiden",
        ),
        (
            "DatasetView(catalog.get_version('biopsies', 'v1'))",
            "DatasetView('biopsies', atlas='lung', version='v1')",
            "20</b> cells",
        ),
    ],
)
def test_a_notebook_keeps_a_picture(kernel: Kernel, code: str, plain: str, kept: str) -> None:
    shown = kernel.ok(code).data[-1]
    assert VIEW in shown
    assert shown["text/plain"] == plain
    assert kept in shown["text/html"]
    assert "<script" not in shown["text/html"]
    # The line of code that it tells shows the same again.
    assert kernel.ok(plain).data[-1]["text/plain"] == plain


def test_values_are_observed_and_load(kernel: Kernel) -> None:
    kernel.ok(
        "seen = []\np = DatasetPicker('lung')\np.observe(lambda c: seen.append(c.new), 'value')"
    )
    comm = kernel.ok("p").data[-1][VIEW]["model_id"]
    kernel.set(comm, value="biopsies")
    assert kernel.ok("print(p.value, seen, p.dataset)").text == "biopsies ['biopsies'] biopsies\n"
    assert kernel.ok("print(p.load().shape)").text == "(20, 5)\n"
    kernel.ok("p.load('from_widget')")
    assert kernel.ok("print(from_widget.shape)").text == "(20, 5)\n"
    refused = kernel.run("p.load('from_widget')").error
    assert refused is not None
    assert "There is a variable 'from_widget' already: AnnData 20 × 5." in refused
    kernel.ok("p.load('from_widget', force=True, backed=True)")
    assert kernel.ok("print(from_widget.isbacked)").text == "True\n"


def test_a_timeline_loads_the_version_that_is_chosen(kernel: Kernel) -> None:
    comm = kernel.ok("tl = VersionTimeline('biopsies')\ntl").data[-1][VIEW]["model_id"]
    kernel.set(comm, value="v1", selected=["v1", "v2"])
    assert kernel.ok("print(tl.value, tl.selected)").text == "v1 ('v1', 'v2')\n"
    assert kernel.ok("print(list(tl.load().obs))").text == "['leiden']\n"


def test_they_work_in_forms(kernel: Kernel) -> None:
    kernel.ok("box = ipywidgets.HBox([DatasetPicker('lung'), ipywidgets.Label('x')])\nbox")
    kernel.ok(
        """
        def show(dataset):
            print("chosen:", dataset)
        form = ipywidgets.interactive(show, dataset=DatasetPicker('lung', value='counts'))
        form.update()
        """
    )
    outputs = kernel.ok("print([o['text'] for o in form.out.outputs], form.kwargs)").text
    assert "{'dataset': 'counts'}" in outputs


def test_a_widget_that_is_closed_answers_no_more(kernel: Kernel) -> None:
    kernel.ok("w = CatalogBrowser('lung')\nw.close()\nw.close()")
    assert kernel.ok("print(w.comm, w._bridge.is_listening)").text == "None False\n"


def test_importing_omicshelf_imports_no_widgets(kernel: Kernel) -> None:
    code = "import omicshelf, sys; print({'ipywidgets', 'anywidget', 'IPython'} & {*sys.modules})"
    run = f"print(subprocess.check_output([sys.executable, '-c', {code!r}], text=True))"
    kernel.ok("import subprocess, sys")
    assert kernel.ok(run).text.strip() == "set()"


def test_what_is_not_there_is_said(
    tmp_path: Path, catalog_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with omicshelf.connect(catalog_folder):
        with pytest.raises(NotFound, match="no_such"):
            omicshelf.VersionTimeline("no_such")
        with pytest.raises(NotFound, match="v99"):
            omicshelf.DatasetView("biopsies", version="v99")
        with pytest.raises(Invalid, match="'x' is no tab"):
            omicshelf.DatasetView("biopsies", tab="x")
        with pytest.raises(Invalid, match="No dataset is chosen"):
            omicshelf.CatalogBrowser("lung").load()
        monkeypatch.setattr(widgets, "_STATIC", tmp_path)
        widgets._front_end.cache_clear()
        with pytest.raises(MissingDependency, match=r"'widget\.js', is not in this installation"):
            omicshelf.CatalogBrowser("lung")
        widgets._front_end.cache_clear()
    with omicshelf.connect(tmp_path / "empty"), pytest.raises(Invalid, match="no atlas yet"):
        omicshelf.VersionTimeline("x")
