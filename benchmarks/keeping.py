"""Rows about size: what versions cost on disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import samples
from benchmarks.measuring import Figure, Scale, new_catalog, stored_bytes

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["analysis_bytes", "column_bytes"]

N_VERSIONS = 4


def column_bytes(folder: Path, scale: Scale) -> Iterator[Figure]:
    """Keep four versions, each with one obs column more than the one before."""
    shape = f"{scale.medium[0]:,} x {scale.medium[1]:,}"
    yield _columns(folder / "medium", shape, samples.normalised(*scale.medium), 1.1)
    yield _columns(folder / "small", "pbmc68k_reduced", samples.pbmc(), 1.3)


def _columns(folder: Path, name: str, adata: AnnData, bar: float) -> Figure:
    with new_catalog(folder / "catalog") as catalog:
        empty = stored_bytes(folder / "catalog")
        one_file = catalog.create_dataset("cells", "Single cell", adata, {}).size
        for number in range(1, N_VERSIONS):
            adata = samples.with_column(adata, number)
            catalog.update_dataset("cells", data=adata)
        kept = stored_bytes(folder / "catalog") - empty
    what = f"bytes of {N_VERSIONS} versions, one obs column each, {name}"
    return _ratio(what, kept, one_file, "the first file", bar)


def analysis_bytes(folder: Path, scale: Scale) -> Iterator[Figure]:
    """Keep an analysis: counts with quality columns, and ten steps after it."""
    for counted in (samples.pbmc_counts(), samples.counts(*scale.medium, seed=4)):
        shape = f"{counted.n_obs:,} x {counted.n_vars:,}"
        root = folder / f"catalog{counted.n_obs}"
        sizes = []
        with new_catalog(root) as catalog:
            empty = stored_bytes(root)
            for step, adata in samples.analysis_steps(counted):
                sizes.append(catalog.save("cells", adata, message=step).size)
            versions = catalog.list_versions("cells")[::-1]
            kept = stored_bytes(root) - empty
        what = f"bytes of {len(sizes) - 1} analysis steps, {shape}"
        yield _ratio(what, kept, max(sizes), "the largest file", 2.2)
        yield _ratio(f"{what}: against keeping every file", kept, sum(sizes), "all files", None)
        for version in versions:
            added, size = version.added_bytes, version.size
            yield _ratio(f"  {version.version} {version.message}", added, size, "its file", None)


def _ratio(what: str, ours: int, reference: int, against: str, bar: float | None) -> Figure:
    return Figure(what, ours / 1e6, "MB", ours / reference, "x", bar, reference / 1e6, against)
