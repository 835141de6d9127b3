"""Rows about reading: loading, the summary, the diff, the import."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import samples
from benchmarks.measuring import Clock, Figure, Scale, compare, fsync, interleave, new_catalog

__all__ = ["diff", "imports", "load", "summary"]


def load(folder: Path, scale: Scale) -> Iterator[Figure]:
    """Load the newest version, its mark valid; verified first; a delta for the first time."""
    import anndata

    adata = samples.normalised(*scale.medium)
    plain = folder / "plain.h5ad"
    adata.write_h5ad(plain)
    fsync(plain)
    shape = f"{scale.medium[0]:,} x {scale.medium[1]:,}"

    def read(clock: Clock) -> None:
        with clock:
            anndata.read_h5ad(plain)

    def newest(clock: Clock) -> None:
        with clock:
            catalog.load("cells")

    def without_mark(clock: Clock) -> None:
        os.utime(catalog.get_dataset("cells").path())
        with clock:
            catalog.load("cells")

    def first_of_delta(clock: Clock) -> None:
        # Closed and opened: files that a process has in use are not taken out of the cache.
        shutil.rmtree(folder / "catalog" / "cache", ignore_errors=True)
        with new_catalog(folder / "catalog") as opened, clock:
            opened.load("cells")

    def one(what: str, ours: Any, bar: float) -> Figure:
        what = f"load, {shape}: {what}"
        return compare(what, ours, read, "read_h5ad of a file", bar=bar, rounds=scale.rounds)

    with new_catalog(folder / "catalog") as catalog:
        catalog.create_dataset("cells", "Single cell", adata, {})
        yield one("newest version, its mark valid", newest, 1.05)
        yield one("newest version, verified first", without_mark, 1.3)
    changed = samples.with_column(adata, 1)
    changed.write_h5ad(plain)
    with new_catalog(folder / "catalog") as catalog:
        catalog.update_dataset("cells", data=changed)
        yield one("a version just saved as a delta", newest, 1.05)
    yield one("a delta, for the first time", first_of_delta, 1.4)


def summary(folder: Path, scale: Scale) -> Iterator[Figure]:
    """Give what is in a dataset, against opening the file and finding it out."""
    for name, adata in (
        ("pbmc68k_reduced", samples.pbmc()),
        (f"{scale.medium[0]:,} x {scale.medium[1]:,}", samples.normalised(*scale.medium)),
    ):
        plain = folder / "plain.h5ad"
        adata.write_h5ad(plain)
        with new_catalog(folder / name.replace(" ", "")) as catalog:
            catalog.create_dataset("cells", "Single cell", adata, {})

            def ours(clock: Clock, catalog: Any = catalog) -> None:
                with clock:
                    catalog.get_dataset("cells").peek()

            def read(clock: Clock, plain: Path = plain) -> None:
                with clock:
                    _facts(plain)

            against = "read_h5ad(backed='r') + the same facts"
            rounds = scale.small_rounds
            yield compare(f"summary, {name}", ours, read, against, bar=0.2, rounds=rounds)


def _facts(path: Path) -> dict[str, Any]:
    """Find out what a summary says, but for the hashes, in the quickest plain way."""
    import anndata
    import pandas as pd

    adata = anndata.read_h5ad(path, backed="r")
    facts: dict[str, Any] = {
        "shape": adata.shape,
        "X": (adata.X.dtype, type(adata.X).__name__),
        "duplicates": (
            adata.n_obs - adata.obs_names.nunique(),
            adata.n_vars - adata.var_names.nunique(),
        ),
        "uns": sorted(adata.uns),
    }
    for frame in (adata.obs, adata.var):
        for column in frame:
            values = frame[column]
            if isinstance(values.dtype, pd.CategoricalDtype):
                facts[column] = values.value_counts().to_dict()
            elif pd.api.types.is_numeric_dtype(values):
                facts[column] = values.min(), values.max(), values.mean(), values.isna().sum()
            else:
                facts[column] = values.nunique()
    for group in (adata.obsm, adata.varm, adata.obsp, adata.layers):
        for key in group:
            facts[key] = group[key].shape, group[key].dtype
    adata.file.close()
    return facts


def diff(folder: Path, scale: Scale) -> Iterator[Figure]:
    """Tell what changed between two versions, against loading both."""
    adata = samples.normalised(*scale.medium)
    shape = f"{scale.medium[0]:,} x {scale.medium[1]:,}"
    with new_catalog(folder / "catalog") as catalog:
        catalog.create_dataset("column", "Single cell", adata, {})
        catalog.update_dataset("column", data=samples.with_column(adata, 1))
        catalog.create_dataset("cells", "Single cell", adata, {})
        catalog.update_dataset("cells", data=adata[adata.n_obs // 20 :].copy())
        for dataset_id, what in (("column", "one obs column more"), ("cells", "5 % fewer cells")):

            def ours(clock: Clock, dataset_id: str = dataset_id) -> None:
                with clock:
                    catalog.diff(dataset_id, "v1", "v2").summary()

            def load_both(clock: Clock, dataset_id: str = dataset_id) -> None:
                with clock:
                    catalog.load(dataset_id, "v1")
                    catalog.load(dataset_id, "v2")

            what = f"diff, {shape}, {what}"
            against = "loading both"
            yield compare(what, ours, load_both, against, bar=0.05, rounds=scale.rounds)


def imports(folder: Path, scale: Scale) -> Iterator[Figure]:
    """Import the package in a new interpreter."""

    def new_interpreter(statement: str) -> Any:
        def run(clock: Clock) -> None:
            timed = (
                "import time; start = time.perf_counter()\n"
                f"{statement}\nprint(time.perf_counter() - start)"
            )
            found = subprocess.run(
                [sys.executable, "-c", timed], capture_output=True, text=True, check=True
            )
            clock.seconds += float(found.stdout)

        return run

    used = f"import omicshelf; omicshelf.connect({str(folder / 'catalog')!r})"
    with new_catalog(folder / "catalog"):
        pass
    statements = {
        "import anndata": "import anndata",
        "import omicshelf": "import omicshelf",
        "import omicshelf, and open a catalog": used,
    }
    contenders = {name: new_interpreter(code) for name, code in statements.items()}
    seconds = interleave(contenders, scale.rounds)
    plain = seconds["import anndata"]
    for name, bar in (
        ("import omicshelf", 0.5),
        ("import omicshelf, and open a catalog", None),
    ):
        ratio = statistics.median(a / b for a, b in zip(seconds[name], plain, strict=True))
        yield Figure(
            name,
            statistics.median(seconds[name]) * 1e3,
            "ms",
            ratio,
            "x",
            bar,
            statistics.median(plain) * 1e3,
            "import anndata",
        )
