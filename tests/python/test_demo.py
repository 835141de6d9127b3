"""The tour: it runs, says what it shows, and leaves a notebook that runs too, on any machine."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import tomllib
import urllib.request
from io import StringIO
from pathlib import Path
from urllib.parse import urljoin

import nbformat
import pytest
from nbclient import NotebookClient
from rich.console import Console

import omicshelf
from omicshelf import demo, errors
from omicshelf.demo.__main__ import main
from omicshelf.demo.lab import shows_browsers
from suite import ROOT

BINDER = ROOT / "binder"


def run_tour(folder: Path | None = None) -> str:
    written = StringIO()
    assert demo.run(folder, lab=False, console=Console(file=written, width=80)) == 0
    return written.getvalue()


def test_the_tour_says_what_it_shows() -> None:
    lines = [line.rstrip() for line in run_tour().splitlines()]
    assert "AnnData 700 × 765" in lines
    assert lines.count("AnnData 700 × 765") == 1
    assert "+1 obs column `lineage` (2 categories)" in lines
    assert "v2 is now also called 'submitted'" in lines
    assert [line.split()[1] for line in lines if line.startswith(("●", "○"))] == [
        *("v3", "v2", "v1"),
        *("v4", "v3", "v2", "v1"),
    ]
    newest = next(line for line in lines if line.startswith("● v4"))
    assert "+0 B" in newest
    # Every line of code is shown as it is run.
    for step in demo.STEPS:
        for line in step.code.splitlines():
            assert f"  {line}" in lines


def test_the_tour_is_the_same_each_time_and_leaves_no_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = (Path.cwd(), dict(os.environ))
    assert run_tour() == run_tour()
    assert (Path.cwd(), dict(os.environ)) == before
    assert not list(tmp_path.glob("omicshelf-demo-*"))


def test_a_folder_is_kept_and_not_written_over(tmp_path: Path) -> None:
    run_tour(tmp_path / "deep" / "tour")
    kept = {path.name for path in (tmp_path / "deep" / "tour").iterdir()}
    assert kept == {"catalog", "umap.png", "markers.csv"}
    with pytest.raises(errors.Invalid, match="has a tour in it already"):
        demo.run(tmp_path / "deep" / "tour", lab=False)


def test_a_folder_that_cannot_be_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemExit) as stop:
        main(["--no-lab", "--folder", str(tmp_path / "file" / "x")])
    assert stop.value.code == 2
    told = capsys.readouterr().err
    assert "cannot be made" in told
    assert "Traceback" not in told


def test_the_notebook_is_kept_without_outputs() -> None:
    notebook = nbformat.read(BINDER / demo.NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert len(code) > 10
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
    assert all(cell.metadata == {} for cell in notebook.cells)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}


def execute(folder: Path) -> nbformat.NotebookNode:
    """Run the notebook that the tour writes, in a kernel that works in a folder."""
    demo.write_notebook(folder / demo.NOTEBOOK)
    notebook = nbformat.read(folder / demo.NOTEBOOK, as_version=4)
    resources = {"metadata": {"path": folder}}
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources=resources).execute()
    return notebook


def outputs(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [output for cell in notebook.cells for output in cell.get("outputs", ())]


def test_the_notebook_does_what_it_says_and_does_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As JupyterLab tells its kernels.
    monkeypatch.setenv("OMICSHELF_URL", str(tmp_path / "catalog"))
    shown = outputs(execute(tmp_path))
    assert [one for one in shown if one.get("name") == "stderr"] == []
    data = [one.data for one in shown if "data" in one]
    assert "+1 obs column `lineage` (2 categories)" in "".join(one["text/plain"] for one in data)
    assert any("image/png" in one for one in data)
    assert len([one for one in data if "application/vnd.jupyter.widget-view+json" in one]) == 4

    with omicshelf.connect(tmp_path / "catalog") as connection:
        catalog = omicshelf.Catalog("demo", connection=connection)
        versions = catalog.list_versions("pbmc")
        assert [(one.version, one.shape, one.message) for one in versions] == [
            ("v5", (700, 765), "cells with many genes"),
            ("v4", (700, 765), "all cells again"),
            ("v3", (95, 765), "B cells only"),
            ("v2", (700, 765), "the lineage of each cell"),
            ("v1", (700, 765), "as published"),
        ]
        assert [one.version for one in versions if one.labels == ("submitted",)] == ["v2"]
        assert catalog.load("pbmc").obs["many_genes"].sum() > 0
        found = {one.file_name: one.tag for one in catalog.list_files("pbmc")}
        assert found == {"umap.png": "figure", "markers.csv": "marker genes"}

        # Who runs all of it once more finds the same, as new versions.
        execute(tmp_path)
        assert len(catalog.list_versions("pbmc")) == 10
        assert "many_genes" in catalog.load("pbmc").obs


def test_a_binder_has_what_the_notebook_needs() -> None:
    """An installation from the clone is all; the Python is one that it runs on."""
    assert (BINDER / "requirements.txt").read_text().split() == ["."]
    version = (BINDER / "runtime.txt").read_text().strip().removeprefix("python-")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert f"Programming Language :: Python :: {version}" in project["classifiers"]


def test_a_browser_is_opened_where_it_can_be_seen() -> None:
    assert not shows_browsers({}, "linux")
    assert not shows_browsers({"DISPLAY": ""}, "linux")
    assert shows_browsers({"DISPLAY": ":0"}, "linux")
    assert shows_browsers({"BROWSER": "firefox"}, "linux")
    assert shows_browsers({}, "darwin")


@pytest.mark.skipif(sys.platform == "win32", reason="sends an interrupt")
def test_the_lab_starts_on_loopback_and_stops(tmp_path: Path) -> None:
    """Without a display it prints its address, which opens the notebook over the tour's catalog."""
    log = tmp_path / "log"
    nothing = dict.fromkeys(("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"), "")
    own = {"JUPYTER_CONFIG_DIR": str(tmp_path / "config"), "JUPYTER_PORT": free_port()}
    with (
        log.open("wb") as written,
        subprocess.Popen(
            [sys.executable, "-m", "omicshelf.demo", "--folder", str(tmp_path / "tour")],
            env={**os.environ, **nothing, **own},
            stdout=written,
            stderr=written,
            start_new_session=True,
        ) as running,
    ):
        try:
            address, token = told_address(log, running)
            assert read(address, token).startswith("<!doctype html>")
            assert (tmp_path / "tour" / demo.NOTEBOOK).is_file()
            # Its sidebar shows what the tour has made, and not what the user has.
            atlases = read(urljoin(address, "/omicshelf/api/v1/atlases"), token)
            assert '"demo"' in atlases
        finally:
            os.killpg(running.pid, signal.SIGTERM)
            running.wait(60)
    told = log.read_text()
    assert "AnnData 700 × 765" in told
    assert "Starting JupyterLab" in told
    assert "Traceback" not in told


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def told_address(log: Path, running: subprocess.Popen[bytes]) -> tuple[str, str]:
    """Wait until an address is printed that a person can copy; give it, and the token in it."""
    end = time.monotonic() + 120
    while time.monotonic() < end and running.poll() is None:
        found = re.search(
            r"(http://127\.0\.0\.1:\d+/lab/tree/tour\.ipynb)\?token=(\w+)", log.read_text()
        )
        if found:
            return found[1], found[2]
        time.sleep(0.1)
    raise AssertionError(log.read_text())


def read(address: str, token: str) -> str:
    asked = urllib.request.Request(address, headers={"Authorization": f"token {token}"})
    with urllib.request.urlopen(asked, timeout=30) as answer:
        return str(answer.read().decode())
