"""The steps of the tour: what is shown in a terminal is what is run."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["CATALOG", "STEPS", "Step", "show"]

CATALOG = "catalog"


@dataclass(frozen=True)
class Step:
    """One step of the tour: what it is about, and the code that is shown and run."""

    title: str
    code: str


STEPS = (
    Step(
        "A catalog is a folder. There is no server to start and no account to make.",
        f'import omicshelf\nomicshelf.connect("{CATALOG}")\ncatalog = omicshelf.Catalog("demo")',
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


def show(console: Console) -> None:
    """Run the steps in the working directory, each with its code and what it gives."""
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
