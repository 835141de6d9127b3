"""The data that is measured on: made from fixed seeds, the same in every run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = [
    "analysis_steps",
    "counts",
    "large_h5ad",
    "large_h5ad_apart",
    "normalised",
    "opaque_file",
    "pbmc",
    "pbmc_counts",
    "with_column",
]

_BLOCK = 5_000
_N_CLUSTERS = 8


def pbmc() -> AnnData:
    """Give scanpy's own 700 blood cells, as published: 4.5 MB as h5ad."""
    import scanpy as sc

    return sc.datasets.pbmc68k_reduced()


def counts(n_obs: int, n_vars: int, *, seed: int = 0) -> AnnData:
    """Make counts of ``n_obs`` cells x ``n_vars`` genes in 8 clusters, about 5 % not zero.

    Poisson counts whose mean is a gene's abundance (gamma) times a cluster's programme
    (log-normal) times a cell's depth (log-normal); CSR of float32.
    """
    import pandas as pd
    import scipy.sparse as sp
    from anndata import AnnData

    rng = np.random.default_rng(seed)
    cluster = rng.choice(_N_CLUSTERS, n_obs, p=_shares())
    depth = rng.lognormal(0, 0.35, n_obs)
    rates = rng.gamma(0.4, 0.12, n_vars) * rng.lognormal(0, 0.8, (_N_CLUSTERS, n_vars))
    rates *= 0.056 / rates.mean()
    blocks = []
    for start in range(0, n_obs, _BLOCK):
        part = slice(start, start + _BLOCK)
        means = rates[cluster[part]] * depth[part, None]
        blocks.append(sp.csr_matrix(rng.poisson(means).astype(np.float32)))
    obs = pd.DataFrame(
        {
            "sample": pd.Categorical([f"S{i:02d}" for i in rng.integers(0, 12, n_obs)]),
            "donor": pd.Categorical([f"D{i}" for i in rng.integers(0, 6, n_obs)]),
            "condition": pd.Categorical(rng.choice(["control", "treated"], n_obs)),
            "doublet_score": rng.beta(2, 20, n_obs),
        },
        index=[f"{b}-1" for b in _barcodes(rng, n_obs)],
    )
    var = pd.DataFrame(
        {"feature_type": pd.Categorical(["Gene Expression"] * n_vars)},
        index=[f"MT-{i}" if i < 13 else f"GENE{i}" for i in range(n_vars)],
    )
    return AnnData(sp.vstack(blocks, format="csr"), obs=obs, var=var)


def pbmc_counts() -> AnnData:
    """Give the counts behind :func:`pbmc`, as well as they can be told.

    Its ``raw`` holds log(1 + counts per 10,000), so the smallest value of a cell that is not
    zero is that of one count.
    """
    from anndata import AnnData

    published = pbmc()
    x = published.raw.X.tocsr()
    x.data = np.expm1(x.data)
    for row in range(x.shape[0]):
        values = x.data[x.indptr[row] : x.indptr[row + 1]]
        values[:] = np.round(values / values.min())
    return AnnData(x, obs=published.obs.copy(), var=published.var[[]].copy())


def _shares() -> np.ndarray[Any, Any]:
    shares = 0.7 ** np.arange(_N_CLUSTERS)
    found: np.ndarray[Any, Any] = shares / shares.sum()
    return found


def _barcodes(rng: np.random.Generator, n: int) -> list[str]:
    letters = np.array(list("ACGT"))[rng.integers(0, 4, (n, 16))]
    return ["".join(row) for row in letters]


def normalised(n_obs: int, n_vars: int, *, seed: int = 0) -> AnnData:
    """Make cells as they are after an analysis: log-normalised X, ten columns, two embeddings."""
    import pandas as pd

    rng = np.random.default_rng(seed + 1)
    adata = counts(n_obs, n_vars, seed=seed)
    totals = np.asarray(adata.X.sum(axis=1)).ravel()
    rows = np.repeat(np.arange(n_obs), np.diff(adata.X.indptr))
    adata.X.data = np.log1p(adata.X.data / totals[rows] * 1e4).astype(np.float32)
    for name in ("total_counts", "n_genes", "pct_mito", "s_score", "g2m_score"):
        adata.obs[name] = rng.normal(size=n_obs).astype(np.float32)
    adata.obs["leiden"] = pd.Categorical(rng.integers(0, 12, n_obs).astype(str))
    adata.obsm["X_pca"] = rng.normal(size=(n_obs, 50)).astype(np.float32)
    adata.obsm["X_umap"] = rng.normal(size=(n_obs, 2)).astype(np.float32)
    return adata


def with_column(adata: AnnData, number: int) -> AnnData:
    """Give cells with one more categorical column of obs, a different one for each number."""
    import pandas as pd

    rng = np.random.default_rng(1_000 + number)
    changed = adata.copy()
    names = np.array(["T cell", "B cell", "NK cell", "monocyte", "dendritic", "other"])
    changed.obs[f"annotation_{number}"] = pd.Categorical(rng.choice(names, adata.n_obs))
    return changed


def large_h5ad(path: Path, n_bytes: int) -> None:
    """Write an h5ad without compression, of about ``n_bytes``: a block of cells, many times.

    Only where the values are not zero is the same in every block; the values differ.
    """
    import pandas as pd
    import scipy.sparse as sp
    from anndata import AnnData

    rng = np.random.default_rng(2)
    block = counts(_BLOCK, 2_000, seed=2).X
    n_blocks = max(1, round(n_bytes / (block.nnz * 8)))
    blocks = []
    for _ in range(n_blocks):
        copy = block.copy()
        copy.data = rng.random(block.nnz, dtype=np.float32)
        blocks.append(copy)
    x = sp.vstack(blocks, format="csr")
    obs = pd.DataFrame(
        {"sample": pd.Categorical(rng.integers(0, 20, x.shape[0]).astype(str))},
        index=[f"cell{i}" for i in range(x.shape[0])],
    )
    AnnData(x, obs=obs).write_h5ad(path)


def large_h5ad_apart(path: Path, n_bytes: int) -> None:
    """Write it in another process, so that the memory of making it is no free heap of this one."""
    code = "import sys; from pathlib import Path; from benchmarks.samples import large_h5ad; "
    code += "large_h5ad(Path(sys.argv[1]), int(sys.argv[2]))"
    subprocess.run([sys.executable, "-c", code, path, str(n_bytes)], check=True)


def opaque_file(path: Path, n_bytes: int) -> None:
    """Write random bytes, which nothing can compress or understand."""
    rng = np.random.default_rng(3)
    with path.open("wb") as file:
        for start in range(0, n_bytes, 1 << 24):
            file.write(rng.bytes(min(1 << 24, n_bytes - start)))


def analysis_steps(adata: AnnData) -> Iterator[tuple[str, AnnData]]:
    """Yield counts with quality columns, then the same after each of ten steps of an analysis.

    Clusters are k-means on the principal components: Leiden needs a package that scanpy does
    not bring, and what it writes has the same form.
    """
    import scanpy as sc
    from sklearn.cluster import KMeans  # type: ignore[import-untyped]

    adata.var["mito"] = adata.var_names.str.startswith("MT-")
    sc.pp.calculate_qc_metrics(adata, qc_vars=["mito"], percent_top=None, inplace=True)
    yield "counts with quality columns", adata
    adata = adata[adata.obs["total_counts"] > adata.obs["total_counts"].quantile(0.02)].copy()
    sc.pp.filter_genes(adata, min_cells=3)
    yield "cells and genes filtered", adata
    adata.layers["counts"] = adata.X.copy()
    sc.pp.normalize_total(adata, target_sum=1e4)
    sc.pp.log1p(adata)
    yield "normalised into X, counts kept in a layer", adata
    sc.pp.highly_variable_genes(adata, n_top_genes=min(1_000, adata.n_vars // 2))
    yield "highly variable genes", adata
    sc.pp.pca(adata, n_comps=50, random_state=0)
    yield "principal components", adata
    # The exact neighbours: scanpy 1.11 and pynndescent 0.7 do not agree about the approximate.
    sc.pp.neighbors(adata, n_neighbors=15, transformer="sklearn", random_state=0)
    yield "neighbours", adata
    sc.tl.umap(adata, random_state=0)
    yield "UMAP", adata
    labels = KMeans(_N_CLUSTERS, n_init=1, random_state=0).fit_predict(adata.obsm["X_pca"])
    adata.obs["cluster"] = _categorical(labels)
    yield "clusters", adata
    named = {str(i): f"cell type {chr(65 + i)}" for i in range(_N_CLUSTERS)}
    adata.obs["cluster"] = adata.obs["cluster"].cat.rename_categories(named)
    yield "clusters renamed", adata
    smallest = adata.obs["cluster"].value_counts().index[-1]
    adata = adata[adata.obs["cluster"] != smallest].copy()
    yield "smallest cluster removed", adata
    adata.obs["lineage"] = _categorical(adata.obs["cluster"].cat.codes.to_numpy() % 3)
    yield "lineages annotated", adata


def _categorical(codes: np.ndarray[Any, Any]) -> Any:
    import pandas as pd

    return pd.Categorical(codes.astype(str))
