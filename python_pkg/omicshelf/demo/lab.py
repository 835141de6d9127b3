"""JupyterLab on a notebook: for the end of the tour."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

__all__ = ["start_lab"]


def start_lab(place: Path, notebook: str, *, catalog: Path) -> int:
    """Start JupyterLab on a notebook, and wait for its end.

    Parameters
    ----------
    place
        The folder that it shows.
    notebook
        What it opens, in that folder.
    catalog
        The catalog that its sidebar shows and its notebooks work with.

    Returns
    -------
    int
        The exit code of JupyterLab.
    """
    command = [
        sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={place}",
        "--ServerApp.ip=127.0.0.1",
        # The address that is printed opens the tour too, for who copies it into a browser.
        f"--LabApp.default_url=/lab/tree/{notebook}",
        # JupyterLab asks its own host for a newer release otherwise.
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        # The address stands alone then, not among thirty lines of what was loaded.
        "--ServerApp.log_level=ERROR",
    ]  # fmt: skip
    if not shows_browsers(os.environ, sys.platform):
        command.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    environment = {**os.environ, "OMICSHELF_URL": str(catalog)}
    with subprocess.Popen(command, cwd=place, env=environment) as lab:
        while True:
            try:
                return lab.wait()
            except KeyboardInterrupt:
                # Ctrl-C reached JupyterLab too, which asks and then stops by itself.
                continue


def shows_browsers(environment: Mapping[str, str], platform: str) -> bool:
    """Whether a browser can be opened here; one of the terminal would be in the way."""
    if not platform.startswith("linux"):
        return True
    return any(environment.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))
