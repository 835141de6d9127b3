"""The tour: it runs, says what it shows, and leaves a notebook that runs too."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from io import StringIO
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from rich.console import Console

from omicshelf import demo, errors


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
        demo.main(["--no-lab", "--folder", str(tmp_path / "file" / "x")])
    assert stop.value.code == 2
    told = capsys.readouterr().err
    assert "cannot be made" in told
    assert "Traceback" not in told


def test_the_notebook_runs_where_the_tour_ends(tmp_path: Path) -> None:
    run_tour(tmp_path)
    demo.write_notebook(tmp_path / demo.NOTEBOOK)
    notebook = nbformat.read(tmp_path / demo.NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    client = NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    )
    client.execute()
    shown = "".join(
        str(output.get("data", {}).get("text/plain", "")) + output.get("text", "")
        for cell in notebook.cells
        for output in cell.get("outputs", ())
    )
    assert "AnnData object with n_obs × n_vars = 700 × 765" in shown
    assert "many_genes" in shown
    assert "'submitted'" in shown


@pytest.mark.skipif(sys.platform == "win32", reason="sends an interrupt")
def test_the_lab_starts_on_loopback_and_stops(tmp_path: Path) -> None:
    port = free_port()
    with subprocess.Popen(
        [sys.executable, "-m", "omicshelf.demo", "--folder", str(tmp_path / "tour")],
        env={
            **os.environ,
            "JUPYTER_CONFIG_DIR": str(tmp_path / "config"),
            "JUPYTER_PORT": port,
            "BROWSER": "true",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as running:
        try:
            status = wait_for(f"http://127.0.0.1:{port}/api", running)
            assert status == 200
            assert (tmp_path / "tour" / demo.NOTEBOOK).is_file()
        finally:
            os.killpg(running.pid, signal.SIGTERM)
            told, _ = running.communicate(timeout=60)
    assert "AnnData 700 × 765" in told
    assert "Starting JupyterLab" in told
    assert "Traceback" not in told


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def wait_for(url: str, running: subprocess.Popen[str]) -> int | None:
    end = time.monotonic() + 120
    while time.monotonic() < end and running.poll() is None:
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            return urllib.request.urlopen(url, timeout=5).status
        time.sleep(0.3)
    return None
