"""Parts of an AnnData: the same as indexing the whole, without reading it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from omicshelf.errors import Invalid
from omicshelf.formats.annotated import content
from omicshelf.formats.base import LoadRequest
from omicshelf.formats.h5ad import H5ad
from omicshelf.formats.zarrstore import Zarr

FORMAT = H5ad()
N_OBS, N_VARS = 60, 25


@pytest.fixture(scope="module")
def whole() -> ad.AnnData:
    rng = np.random.default_rng(0)
    matrix = sparse.random(N_OBS, N_VARS, 0.3, "csr", dtype=np.float32, random_state=0)
    adata = ad.AnnData(
        matrix,
        obs=pd.DataFrame(
            {
                "leiden": pd.Categorical(rng.choice(["0", "1", "2"], N_OBS)),
                "n_genes": rng.integers(0, 100, N_OBS),
                "good": rng.random(N_OBS) < 0.5,
            },
            index=[f"c{i}" for i in range(N_OBS)],
        ),
        var=pd.DataFrame({"score": rng.random(N_VARS)}, index=[f"g{i}" for i in range(N_VARS)]),
        uns={"leiden_colors": ["red", "green", "blue"]},
    )
    adata.layers["csc"] = sparse.csc_matrix(matrix)
    adata.layers["dense"] = matrix.toarray()
    adata.obsm["X_pca"] = rng.random((N_OBS, 4))
    adata.obsm["table"] = pd.DataFrame({"a": range(N_OBS)}, index=adata.obs_names)
    adata.varm["PCs"] = rng.random((N_VARS, 4))
    adata.obsp["graph"] = sparse.random(N_OBS, N_OBS, 0.1, "csr", random_state=1)
    adata.varp["graph"] = rng.random((N_VARS, N_VARS))
    adata.raw = adata[:, :20].copy()
    return adata


@pytest.fixture(scope="module", params=["h5ad", "gzip", "zarr"])
def load(
    request: pytest.FixtureRequest, whole: ad.AnnData, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., ad.AnnData]:
    folder = tmp_path_factory.mktemp("partial")
    if request.param == "zarr":
        FORMAT.frozen_copy(whole).write_zarr(folder / "a.zarr")
        return lambda **parts: Zarr().load(folder / "a.zarr", LoadRequest(**parts))
    compression = "gzip" if request.param == "gzip" else None
    FORMAT.frozen_copy(whole).write_h5ad(folder / "a.h5ad", compression=compression)
    return lambda **parts: FORMAT.load(folder / "a.h5ad", LoadRequest(**parts))


def digest_of(adata: ad.AnnData) -> str | None:
    found = FORMAT.inspect_object(FORMAT.frozen_copy(adata))
    assert found is not None
    return found.digest


ROWS = np.random.default_rng(3).permutation(N_OBS)[:11]
COLUMNS = np.random.default_rng(4).permutation(N_VARS)[:6]


@pytest.mark.parametrize(
    ("obs", "var", "rows", "columns"),
    [
        (ROWS, None, ROWS, slice(None)),
        ([f"c{i}" for i in ROWS], None, ROWS, slice(None)),
        (pd.Index([f"c{i}" for i in ROWS]), None, ROWS, slice(None)),
        ("c7", None, [7], slice(None)),
        (-1, None, [N_OBS - 1], slice(None)),
        (slice(10, 50, 3), None, slice(10, 50, 3), slice(None)),
        ([5, 5, 2], None, [5, 5, 2], slice(None)),
        ([], None, [], slice(None)),
        (np.arange(N_OBS) % 7 == 0, None, np.arange(N_OBS) % 7 == 0, slice(None)),
        ([bool(i % 2) for i in range(N_OBS)], None, np.arange(N_OBS) % 2 == 1, slice(None)),
        (None, "g3", slice(None), [3]),
        (None, [f"g{i}" for i in COLUMNS], slice(None), COLUMNS),
        (None, [], slice(None), []),
        (ROWS, [f"g{i}" for i in COLUMNS], ROWS, COLUMNS),
    ],
)
def test_part_equals_indexing(
    load: Callable[..., ad.AnnData],
    whole: ad.AnnData,
    obs: Any,
    var: Any,
    rows: Any,
    columns: Any,
) -> None:
    expected = whole[rows][:, columns].copy()
    found = load(obs=obs, var=var)
    assert not found.is_view
    assert list(found.obs_names) == list(expected.obs_names)
    assert list(found.var_names) == list(expected.var_names)
    assert digest_of(found) == digest_of(expected)


@pytest.mark.parametrize(
    "query",
    [
        "n_genes > 40 and good",
        "leiden == '1'",
        "leiden in ['0', '2'] or n_genes < 5",
        "index == 'c3'",
        "n_genes > n_genes.mean()",
    ],
)
def test_query(load: Callable[..., ad.AnnData], whole: ad.AnnData, query: str) -> None:
    expected = whole[whole.obs.query(query).index].copy()
    assert digest_of(load(obs=query)) == digest_of(expected)


@pytest.mark.parametrize(
    ("wanted", "query"),
    [
        ({"leiden": ["2", "0"]}, "leiden in ['0', '2']"),
        ({"leiden": "1"}, "leiden == '1'"),
        ({"leiden": ["1"], "good": [True]}, "leiden == '1' and good"),
        ({"good": ["False"]}, "not good"),  # as a summary has it
        ({"n_genes": [3, "4", 5.0]}, "n_genes in [3, 4, 5]"),
        ({"leiden": []}, "leiden == 'nothing'"),
    ],
)
def test_values_by_column(
    load: Callable[..., ad.AnnData], whole: ad.AnnData, wanted: dict[str, Any], query: str
) -> None:
    expected = whole[whole.obs.query(query).index].copy()
    assert digest_of(load(obs=wanted)) == digest_of(expected)


@pytest.mark.parametrize("odd", ["`a` == 'b'", '"; import os', "@pd __class__", "\u202ex\n", " "])
def test_columns_and_categories_of_any_name(tmp_path: Path, odd: str) -> None:
    obs = pd.DataFrame({odd: pd.Categorical([odd, "other", None, odd])}, index=list("abcd"))
    ad.AnnData(np.ones((4, 2)), obs=obs).write_h5ad(tmp_path / "odd.h5ad")
    fmt = H5ad()
    found = fmt.load(tmp_path / "odd.h5ad", LoadRequest(obs={odd: [odd]}))
    assert list(found.obs_names) == ["a", "d"]
    missing = fmt.load(tmp_path / "odd.h5ad", LoadRequest(obs={odd: ["other", None]}))
    assert list(missing.obs_names) == ["b", "c"]


def test_mask_that_is_a_series_is_aligned_by_name(
    load: Callable[..., ad.AnnData], whole: ad.AnnData
) -> None:
    mask = (whole.obs["n_genes"] > 50)[::-1]
    assert list(load(obs=mask).obs_names) == list(whole.obs_names[whole.obs["n_genes"] > 50])


def test_columns_and_layers(load: Callable[..., ad.AnnData], whole: ad.AnnData) -> None:
    found = load(obs="good", obs_columns=["n_genes"], layers=["dense"])
    assert list(found.obs.columns) == ["n_genes"]
    assert list(found.layers) == ["dense"]
    assert found.n_obs == int(whole.obs["good"].sum())
    assert list(load(layers=[]).layers) == []


def test_small_blocks_give_the_same(
    load: Callable[..., ad.AnnData], whole: ad.AnnData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "BLOCK_BYTES", 64)
    expected = whole[ROWS, COLUMNS].copy()
    assert digest_of(load(obs=ROWS, var=COLUMNS)) == digest_of(expected)


def test_few_rows_read_few_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    adata = ad.AnnData(sparse.random(2000, 300, 0.1, "csr", random_state=0))
    FORMAT.write(FORMAT.frozen_copy(adata), tmp_path / "a.h5ad")
    read = 0
    plain = h5py.Dataset.__getitem__

    def counting(self: h5py.Dataset, *args: Any, **kwargs: Any) -> Any:
        nonlocal read
        value = plain(self, *args, **kwargs)
        if self.name in ("/X/data", "/X/indices"):
            read += np.size(value)
        return value

    monkeypatch.setattr(h5py.Dataset, "__getitem__", counting)
    found = FORMAT.load(tmp_path / "a.h5ad", LoadRequest(obs=[1500, 3, 4]))
    assert (adata.X[[1500, 3, 4]] != found.X).nnz == 0
    assert read == 2 * found.X.nnz


@pytest.mark.parametrize(
    ("parts", "title", "detail"),
    [
        ({"obs": ["C7"]}, "There is no name 'C7' in obs.", "Did you mean 'c7'?"),
        ({"obs": ["x", "y"]}, "There is no name 'x' in obs and 1 more.", "The obs names are 'c0'"),
        ({"var": "G3"}, "There is no name 'G3' in var.", "Did you mean 'g3'?"),
        ({"obs": [99]}, "There is no position 99 in obs.", "Positions go from 0 to 59."),
        ({"obs": [True]}, "The mask for obs has 1 values.", "one value for each of the 60 obs"),
        ({"obs": [[1]]}, "obs= has 2 dimensions.", "Give names, positions, or a mask"),
        ({"obs": "n_gene > 3"}, "The query 'n_gene > 3'", "leiden, n_genes, good"),
        ({"obs": "n_genes"}, "The query 'n_genes' does not say yes or no", "Compare a column"),
        ({"obs": "@pd.read_pickle('x')"}, "The query", "put the value into its text"),
        ({"obs": "n_genes.__class__ == 3"}, "The query", "put the value into its text"),
        ({"obs": {"Leiden": "1"}}, "There is no obs column 'Leiden'.", "Did you mean 'leiden'?"),
        ({"obs": {"leiden": ["1", "x"]}}, "There is no category 'x'", "categories are '0'"),
        ({"obs_columns": ["Good"]}, "There is no obs column 'Good'.", "Did you mean 'good'?"),
        ({"layers": "count"}, "There is no layer 'count'.", "The layers are 'csc', 'dense'."),
        ({"as_": "mudata"}, "as_='mudata' is not possible", "It loads as AnnData"),
        ({"lazy": True, "obs": "good"}, "lazy=True and a part", "Take the part of what"),
        ({"lazy": True, "backed": True}, "lazy=True and backed=True", "Choose one"),
    ],
)
def test_refusals_name_the_value_and_the_remedy(
    load: Callable[..., ad.AnnData], parts: dict[str, Any], title: str, detail: str
) -> None:
    with pytest.raises(Invalid) as caught:
        load(**parts)
    assert caught.value.title.startswith(title)
    assert detail in (caught.value.detail or "")


def test_lazy_reads_later(load: Callable[..., ad.AnnData], whole: ad.AnnData) -> None:
    pytest.importorskip("xarray")
    found = load(lazy=True)
    part = found[ROWS].to_memory()
    assert (part.X != whole[ROWS].X).nnz == 0
