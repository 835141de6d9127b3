"""A tour on a real dataset: ``python -m omicshelf.demo``.

Eleven steps on scanpy's own ``pbmc68k_reduced`` (700 blood cells, part of scanpy, no network).
Each step shows the lines of Python that it runs, and what they give. Then JupyterLab opens on
a notebook that goes on from there.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["STEPS", "Step", "main", "run", "write_notebook"]

NOTEBOOK = "tour.ipynb"
_CATALOG = "catalog"


@dataclass(frozen=True)
class Step:
    """One step of the tour: what it is about, and the code that is shown and run."""

    title: str
    code: str


STEPS = (
    Step(
        "A catalog is a folder. There is no server to start and no account to make.",
        f'import omicshelf\nomicshelf.connect("{_CATALOG}")\ncatalog = omicshelf.Catalog("demo")',
    ),
    Step(
        "Save an AnnData as it is in memory, with what you know about it.",
        """\
import scanpy as sc
adata = sc.datasets.pbmc68k_reduced()
catalog.save("pbmc68k_reduced", adata, data_type="Single cell RNA-seq",
             metadata={"organism": "Homo sapiens", "tissue": "blood"},
             message="as published")""",
    ),
    Step(
        "Work on it and save again: a new version. Only what is new is stored.",
        """\
myeloid = adata.obs["bulk_labels"].isin(["CD14+ Monocyte", "Dendritic"])
adata.obs["lineage"] = myeloid.map({True: "myeloid", False: "other"})
catalog.save("pbmc68k_reduced", adata, message="the lineage of each cell")""",
    ),
    Step(
        "Keep figures and tables beside the data, with tags.",
        """\
figure = sc.pl.umap(adata, color="lineage", return_fig=True)
figure.savefig("umap.png")
markers = sc.get.rank_genes_groups_df(adata, group=None)
markers.to_csv("markers.csv", index=False)
catalog.attach_file("pbmc68k_reduced", "umap.png", tag="figure")
catalog.attach_file("pbmc68k_reduced", "markers.csv", tag="marker genes")
catalog.list_files("pbmc68k_reduced")""",
    ),
    Step(
        "Save a subset in its place. Was that meant? All versions are there.",
        """\
b_cells = adata[adata.obs["bulk_labels"] == "CD19+ B"].copy()
catalog.save("pbmc68k_reduced", b_cells, message="B cells only")
catalog.list_versions("pbmc68k_reduced")""",
    ),
    Step(
        "What changed, in words. No data are loaded for it.",
        'catalog.diff("pbmc68k_reduced", "v1", "v2")',
    ),
    Step(
        "Give a version a name, to find it again when the reviewers write.",
        'catalog.label("pbmc68k_reduced", "v2", "submitted")',
    ),
    Step(
        "Find datasets by words, metadata and size.",
        'catalog.search("tissue:blood n_obs:>50", facets=["organism"])',
    ),
    Step(
        "Go back to the labelled version. Nothing is copied, nothing is lost.",
        """\
catalog.rollback("pbmc68k_reduced", "submitted", message="all cells again")
catalog.list_versions("pbmc68k_reduced")""",
    ),
    Step(
        "Load it as AnnData: the newest version, or any other.",
        'catalog.load("pbmc68k_reduced")',
    ),
    Step(
        "Or load a part; the rest is not read.",
        """\
dataset = catalog.get_dataset("pbmc68k_reduced")
dataset.load(obs="lineage == 'myeloid'", var=["CST3", "LYZ"])""",
    ),
)

# The notebook goes on in the catalog that the steps above have filled.
_CELLS = (
    (
        "markdown",
        "# A tour of omicshelf\n\nThe catalog in this folder holds one dataset with four versions "
        "and two files. Run the cells from top to bottom, then change them.",
    ),
    ("code", STEPS[0].code),
    ("markdown", "## What is there"),
    ("code", "catalog.to_frame().T"),
    ("code", 'dataset = catalog.get_dataset("pbmc68k_reduced")\ndataset'),
    ("markdown", "## Its versions, and what changed\n\nNewest first, each with its message."),
    (
        "code",
        'versions = catalog.list_versions("pbmc68k_reduced")\n'
        "[(v.version, v.message, v.shape, v.added_bytes, v.labels) for v in versions]",
    ),
    ("code", 'catalog.diff("pbmc68k_reduced", "v2", "v3")'),
    ("markdown", "## Into memory"),
    ("code", 'adata = catalog.load("pbmc68k_reduced")\nadata'),
    ("code", 'import scanpy as sc\n\nsc.pl.umap(adata, color=["lineage", "CST3"])'),
    ("markdown", "## Your own version\n\nWhat has not changed is not stored again."),
    (
        "code",
        'adata.obs["many_genes"] = adata.obs["n_genes"] > 1000\n'
        'catalog.save("pbmc68k_reduced", adata, message="cells with many genes")\n'
        'catalog.diff("pbmc68k_reduced", "v1")',
    ),
    ("markdown", "## Its files"),
    ("code", 'catalog.list_files("pbmc68k_reduced")'),
    (
        "code",
        "import pandas as pd\n\n"
        'with catalog.get_file("pbmc68k_reduced", "markers.csv").open() as file:\n'
        "    markers = pd.read_csv(file)\n"
        "markers.head()",
    ),
)


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
            _show_steps(console)
        console.print()
        if not lab:
            console.print("Without [bold]--no-lab[/] it opens in JupyterLab, to go on by yourself.")
            return 0
        write_notebook(place / NOTEBOOK)
        console.print(f"Starting JupyterLab in {place}. Stop it with Ctrl-C.")
        return _start_lab(place)
    finally:
        if folder is None and not (place / NOTEBOOK).exists():
            shutil.rmtree(place, ignore_errors=True)


def _fresh(folder: str | os.PathLike[str]) -> Path:
    """Give the folder, made where it is not there; refuse one that has a catalog already."""
    from omicshelf.errors import Invalid

    place = Path(folder).expanduser().resolve()
    if (place / _CATALOG).exists() or (place / NOTEBOOK).exists():
        raise Invalid(
            f"The folder '{place}' has a tour in it already.",
            f"Open it with `jupyter lab '{place}'`, or name another folder.",
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


def _show_steps(console: Console) -> None:
    from rich.padding import Padding
    from rich.syntax import Syntax

    from omicshelf.catalog.connection import current

    names: dict[str, Any] = {}
    python = Syntax("", "python", theme="ansi_light", background_color="default")
    console.print("[bold]omicshelf[/]: a tour on 700 blood cells")
    try:
        for number, step in enumerate(STEPS, start=1):
            console.print()
            console.print(f"[bold]{number}. {step.title}[/]")
            code = python.highlight(step.code)
            code.rstrip()
            console.print(Padding(code, (0, 0, 0, 2), expand=False))
            value = _run(step.code, names)
            if value is not None:
                console.print(_in_words(value), soft_wrap=True, markup=False)
    finally:
        if "catalog" in names:
            current().close()


def _run(code: str, names: dict[str, Any]) -> Any:
    """Run the lines of a step, and give the value of the last one if it is an expression."""
    tree = ast.parse(code)
    last = tree.body[-1]
    # The lines are those of STEPS above: what is shown is what is run.
    if not isinstance(last, ast.Expr):
        exec(compile(tree, "<tour>", "exec"), names)  # noqa: S102
        return None
    tree.body.pop()
    exec(compile(tree, "<tour>", "exec"), names)  # noqa: S102
    return eval(compile(ast.Expression(last.value), "<tour>", "eval"), names)  # noqa: S307


def _in_words(value: Any) -> Any:
    """Give what a person wants to see of a value; without times, ids and paths."""
    from omicshelf.catalog import Dataset, DatasetVersion, SearchResult, SupplementaryFile
    from omicshelf.catalog.diff import Diff
    from omicshelf.records import LabelRecord

    if isinstance(value, Dataset):
        return f"{value.dataset_id} {value.version}: {_shape(value)}, {_stored(value)}"
    if isinstance(value, Diff):
        return str(value)
    if isinstance(value, LabelRecord):
        return f"v{value.seq} is now also called '{value.name}'"
    if isinstance(value, SearchResult):
        found = ", ".join(dataset.dataset_id for dataset in value)
        counts = [f"{k}: {v} ({n})" for k, few in value.facets.items() for v, n in few.items()]
        return f"{value.total} found: {found}; {'; '.join(counts)}"
    if isinstance(value, list) and value and isinstance(value[0], DatasetVersion):
        return _timeline(value)
    if isinstance(value, list) and value and isinstance(value[0], SupplementaryFile):
        return "\n".join(f"{file.file_name} ({file.tag})" for file in value)
    return f"{type(value).__name__} {_shape(value)}"


def _shape(value: Any) -> str:
    return " × ".join(f"{n:,}" for n in value.shape)


def _stored(version: Any) -> str:
    from omicshelf.catalog.words import size_in_words

    return f"{size_in_words(version.size)}, {size_in_words(version.added_bytes)} of it new"


def _timeline(versions: list[Any]) -> Any:
    """Draw the versions, newest first, with what each one added to the store."""
    from rich.table import Table

    from omicshelf.catalog.words import size_in_words

    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for version in versions:
        mark = "●" if version is versions[0] else "○"
        told = f"“{version.message}”"
        if version.labels:
            told += f"  [{', '.join(version.labels)}]"
        added = f"+{size_in_words(version.added_bytes)}"
        table.add_row(f"{mark} {version.version}", _shape(version), added, _plain(told))
    return table


def _plain(text: str) -> Any:
    from rich.text import Text

    return Text(text)


def write_notebook(path: Path) -> None:
    """Write the notebook that goes on where the steps of the tour end."""
    code: dict[str, Any] = {"execution_count": None, "outputs": []}
    cells = [
        {
            "id": f"cell-{number}",
            "cell_type": kind,
            "metadata": {},
            "source": text,
            **(code if kind == "code" else {}),
        }
        for number, (kind, text) in enumerate(_CELLS)
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = {
        "cells": cells,
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path.write_text(json.dumps(notebook, indent=1) + "\n")


def _start_lab(place: Path) -> int:
    command = [
        sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={place}",
        "--ServerApp.ip=127.0.0.1",
        # The address that is printed opens the tour too, for who copies it into a browser.
        f"--LabApp.default_url=/lab/tree/{NOTEBOOK}",
        # JupyterLab asks its own host for a newer release otherwise.
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]  # fmt: skip
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    with subprocess.Popen(command, cwd=place) as lab:
        while True:
            try:
                return lab.wait()
            except KeyboardInterrupt:
                # Ctrl-C reached JupyterLab too, which asks and then stops by itself.
                continue


def main(argv: list[str] | None = None) -> int:
    """Run the tour from the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m omicshelf.demo", description="A tour of omicshelf on a real dataset."
    )
    parser.add_argument("--no-lab", action="store_true", help="do not start JupyterLab at the end")
    parser.add_argument(
        "--folder", metavar="DIR", help="where the catalog goes (default: a temporary folder)"
    )
    given = parser.parse_args(argv)
    from omicshelf.errors import RequestException

    try:
        return run(given.folder, lab=not given.no_lab)
    except RequestException as error:
        parser.exit(2, f"{error}\n")


if __name__ == "__main__":
    sys.exit(main())
