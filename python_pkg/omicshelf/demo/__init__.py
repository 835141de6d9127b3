"""A tour on a real dataset: ``python -m omicshelf.demo``.

Eleven steps on scanpy's own ``pbmc68k_reduced`` (700 blood cells, part of scanpy, no network).
Each step shows the lines of Python that it runs, and what they give. Then JupyterLab opens on
``tour.ipynb``, a notebook that walks through the same in cells, in widgets and in the sidebar.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from omicshelf.demo.lab import start_lab
from omicshelf.demo.steps import CATALOG, STEPS, Step, show

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["NOTEBOOK", "STEPS", "Step", "run", "write_notebook"]

NOTEBOOK = "tour.ipynb"


def run(
    folder: str | os.PathLike[str] | None = None,
    *,
    lab: bool = True,
    console: Console | None = None,
) -> int:
    """Run the tour.

    Parameters
    ----------
    folder
        Where the catalog, the files and the notebook go. Default: a temporary folder, which is
        removed at the end unless JupyterLab has worked in it.
    lab
        Write the notebook and start JupyterLab on it, on this machine only, until Ctrl-C.
    console
        Where to print; default: the terminal.

    Returns
    -------
    int
        The exit code: 0, or that of JupyterLab.

    Raises
    ------
    omicshelf.errors.Invalid
        If ``folder`` has a tour in it already, or cannot be one.
    """
    if console is None:
        from rich.console import Console

        console = Console(highlight=False)
    place = Path(tempfile.mkdtemp(prefix="omicshelf-demo-")) if folder is None else _fresh(folder)
    try:
        with _working_in(place):
            show(console)
        console.print()
        if not lab:
            console.print("Without [bold]--no-lab[/] it opens in JupyterLab, to go on by yourself.")
            return 0
        write_notebook(place / NOTEBOOK)
        console.print(f"Starting JupyterLab in {place}. Stop it with Ctrl-C.")
        return start_lab(place, NOTEBOOK, catalog=place / CATALOG)
    finally:
        if folder is None and not (place / NOTEBOOK).exists():
            shutil.rmtree(place, ignore_errors=True)


def write_notebook(path: str | os.PathLike[str]) -> None:
    """Write the notebook of the tour; it needs nothing of what the steps have made."""
    Path(path).write_bytes((files(__package__) / NOTEBOOK).read_bytes())


def _fresh(folder: str | os.PathLike[str]) -> Path:
    """Give the folder, made where it is not there; refuse one that has a catalog already."""
    from omicshelf.errors import Invalid

    place = Path(folder).expanduser().resolve()
    if (place / CATALOG).exists() or (place / NOTEBOOK).exists():
        raise Invalid(
            f"The folder '{place}' has a tour in it already.",
            f"Open it with `OMICSHELF_URL='{place / CATALOG}' jupyter lab '{place}'`, or name "
            "another folder.",
        )
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Invalid(
            f"The folder '{place}' cannot be made: {error.strerror}.", "Name another folder."
        ) from error
    return place


@contextlib.contextmanager
def _working_in(place: Path) -> Iterator[None]:
    """Run in ``place``, without windows, and without the notices of other packages."""
    backend = os.environ.get("MPLBACKEND")
    os.environ["MPLBACKEND"] = "Agg"
    try:
        with contextlib.chdir(place), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        if backend is None:
            del os.environ["MPLBACKEND"]
        else:
            os.environ["MPLBACKEND"] = backend
