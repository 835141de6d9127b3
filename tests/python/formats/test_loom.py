"""loom: read with h5py as cells x genes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from omicshelf.errors import Invalid
from omicshelf.formats.base import LoadRequest
from omicshelf.formats.h5ad import H5ad
from omicshelf.formats.loom import Loom

FORMAT = Loom()
COUNTS = np.random.default_rng(0).poisson(0.5, (5, 9))  # genes x cells


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "a.loom"
    with h5py.File(found, "w") as file:
        file.create_dataset("matrix", data=COUNTS.astype("f4"), chunks=(5, 4), compression="gzip")
        file["layers/spliced"] = COUNTS
        file["row_attrs/Gene"] = np.array(["TP53", "GAPDH", "ACTB", "GAPDH", "CD3E"], dtype="S6")
        file["row_attrs/Loadings"] = np.ones((5, 2))
        file["col_attrs/CellID"] = [f"cell{i}" for i in range(9)]
        file["col_attrs/Clusters"] = np.arange(9) % 3
        file["col_attrs/Embedding"] = np.arange(18.0).reshape(9, 2)
        file["col_graphs/KNN/a"] = [0, 1]
        file["col_graphs/KNN/b"] = [1, 2]
        file["col_graphs/KNN/w"] = [0.5, 0.25]
        file.create_group("row_graphs")
        file["attrs/title"] = "brain"
    return found


def load(path: Path, **parts: Any) -> Any:
    return FORMAT.load(path, LoadRequest(**parts))


@pytest.mark.filterwarnings("ignore:Variable names are not unique")
class TestLoom:
    def test_load(self, path: Path) -> None:
        adata = load(path)
        assert adata.shape == (9, 5)
        assert adata.X.dtype == np.float32
        np.testing.assert_array_equal(adata.X.toarray(), COUNTS.T)
        np.testing.assert_array_equal(adata.layers["spliced"].toarray(), COUNTS.T)
        assert list(adata.obs_names[:2]) == ["cell0", "cell1"]
        assert list(adata.var_names) == ["TP53", "GAPDH", "ACTB", "GAPDH", "CD3E"]
        assert list(adata.obs.columns) == ["Clusters"]
        assert adata.obsm["Embedding"].shape == (9, 2)
        assert adata.varm["Loadings"].shape == (5, 2)
        assert adata.obsp["KNN"][1, 2] == 0.25
        assert adata.uns["loom"] == {"title": "brain"}

    def test_part(self, path: Path) -> None:
        part = load(path, obs=["cell7", "cell2"], var=["CD3E", "TP53"], layers=[])
        np.testing.assert_array_equal(part.X.toarray(), COUNTS.T[[7, 2]][:, [4, 0]])
        assert not part.layers
        np.testing.assert_array_equal(part.obsm["Embedding"][:, 0], [14, 4])
        assert load(path, obs="Clusters == 1").n_obs == 3
        assert load(path, obs=[]).shape == (0, 5)

    def test_inspect(self, path: Path) -> None:
        found = FORMAT.inspect(path)
        assert found.summary.format == "loom"
        assert (found.summary.n_obs, found.summary.n_vars) == (9, 5)
        assert found.summary.counts_in == "X"
        assert found.summary.problems == ["5 genes, 1 name occurs twice: GAPDH …"]
        as_h5ad = H5ad().inspect_object(H5ad().frozen_copy(load(path)))
        assert as_h5ad is not None
        assert found.digest == as_h5ad.digest

    def test_damaged(self, path: Path) -> None:
        with h5py.File(path, "r+") as file:
            del file["col_attrs/Clusters"]
            file["col_attrs/Clusters"] = [1, 2]
        for read in (load, FORMAT.inspect):
            with pytest.raises(Invalid, match="col_attrs/Clusters has 2 of 9 values"):
                read(path)

    def test_refused(self, path: Path) -> None:
        with pytest.raises(Invalid, match="lazy=True is not possible for a loom file"):
            load(path, lazy=True)
        with pytest.raises(Invalid, match="There is no name 'tp53' in var"):
            load(path, var="tp53")
        with pytest.raises(Invalid, match="it is a loom file"):
            H5ad().check(path)
        assert FORMAT.recognises(path.read_bytes()[:4096], path) is True
