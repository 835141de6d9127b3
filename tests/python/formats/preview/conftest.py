"""Files to look at: one AnnData in every form that it is kept in."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

if TYPE_CHECKING:
    from anndata import AnnData

N_OBS, N_VARS = 60, 12


def make_adata() -> AnnData:
    """Make data of which every value can be told from its place."""
    import anndata

    x = np.arange(N_OBS * N_VARS, dtype=np.float32).reshape(N_OBS, N_VARS)
    x[x % 3 == 0] = 0
    obs = pd.DataFrame(
        {
            "leiden": pd.Categorical([str(n % 3) for n in range(N_OBS)]),
            "score": np.linspace(-1, 1, N_OBS),
            "flag": [n % 2 == 0 for n in range(N_OBS)],
            "count": np.arange(N_OBS) + 2**55,
        },
        index=[f"cell{n}" for n in range(N_OBS)],
    )
    obs.loc["cell4", "score"] = np.nan
    obs.loc["cell7", "leiden"] = np.nan
    obs["maybe"] = pd.array([None if n % 5 == 0 else n for n in range(N_OBS)], dtype="Int64")
    var = pd.DataFrame(
        {"kind": ["x" * 2000 if n == 0 else f"kind{n}" for n in range(N_VARS)]},
        index=[f"GENE{n}" for n in range(N_VARS)],
    )
    adata = anndata.AnnData(x, obs=obs, var=var)
    umap = np.stack([np.arange(N_OBS) * 1.0, -np.arange(N_OBS) / 7, np.ones(N_OBS)], axis=1)
    umap[11] = np.nan
    adata.obsm["X_umap"] = umap
    adata.obsm["X_one"] = np.ones((N_OBS, 1))
    adata.layers["csr"] = sparse.csr_matrix(x)
    adata.layers["csc"] = sparse.csc_matrix(x * 2)
    adata.uns["leiden_colors"] = ["#ff0000", "#00ff00", "#0000ff"]
    adata.raw = anndata.AnnData(
        sparse.csr_matrix(np.hstack([x, x + 1])),
        obs=obs,
        var=pd.DataFrame(index=[f"GENE{n}" for n in range(2 * N_VARS)]),
    )
    return adata


@pytest.fixture(scope="session")
def adata() -> AnnData:
    return make_adata()


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory, adata: AnnData) -> dict[str, Path]:
    """The data as h5ad, zarr folder and zip, and as two modalities."""
    import shutil

    import mudata

    folder = tmp_path_factory.mktemp("files")
    found = {
        "h5ad": folder / "a.h5ad",
        "zarr": folder / "a.zarr",
        "h5mu": folder / "a.h5mu",
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        adata.write_h5ad(found["h5ad"])
        adata.write_zarr(found["zarr"])
        found["zip"] = Path(shutil.make_archive(str(folder / "b.zarr"), "zip", found["zarr"]))
        other = adata[:, :5].copy()
        other.raw = None
        other.var_names = [f"PROT{n}" for n in range(5)]
        mdata = mudata.MuData({"rna": adata.copy(), "prot": other})
        mdata.obsm["X_wnn"] = np.asarray(adata.obsm["X_umap"])[:, :2] * 3
        mdata.obs["joint"] = pd.Categorical(["a", "b"] * (N_OBS // 2))
        mdata.write(found["h5mu"])
    return found


@pytest.fixture
def hostile(tmp_path: Path, files: dict[str, Path]) -> Any:
    """Give a copy of the h5ad file, changed by a function of the open file."""

    def changed(change: Any, name: str = "hostile.h5ad") -> Path:
        path = tmp_path / name
        path.write_bytes(files["h5ad"].read_bytes())
        with h5py.File(path, "r+") as file:
            change(file)
        return path

    return changed
