"""How numbers are distributed, and the colours of categories, in a summary."""

from __future__ import annotations

import warnings
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from omicshelf.formats.annotated.distribution import BINS, histogram, median
from omicshelf.formats.registry import get
from omicshelf.records import Summary


@given(st.lists(st.floats(allow_nan=False, width=32), min_size=1))
def test_every_finite_value_is_in_one_bin(values: list[float]) -> None:
    array = np.array(values, dtype=np.float64)
    finite = array[np.isfinite(array)]
    low, high = (finite.min(), finite.max()) if len(finite) else (np.inf, -np.inf)
    counts = histogram([array], low, high, whole=False)
    assert (counts is None) == (not len(finite))
    if counts is not None:
        assert sum(counts) == len(finite)
        assert len(counts) <= BINS
        assert counts[0] > 0
        assert counts[-1] > 0


@given(st.lists(st.integers(-(2**40), 2**40), min_size=1))
def test_whole_numbers_have_bins_of_at_least_one(values: list[int]) -> None:
    array = np.array(values)
    counts = histogram(np.array_split(array, 3), array.min(), array.max(), whole=True)
    assert counts is not None
    assert sum(counts) == len(values)
    assert len(counts) == min(BINS, array.max() - array.min() + 1)


def test_a_range_that_is_no_number_has_none() -> None:
    assert histogram([np.array([-1e308, 1e308])], -1e308, 1e308, whole=False) is None
    assert median(np.array([np.inf, -np.inf])) is None
    assert median(np.array([1.0, np.inf, 3.0, 2.0])) == 2


def summary_of(adata: ad.AnnData, folder: Path) -> Summary:
    path = folder / "data.h5ad"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        adata.write_h5ad(path)
    return get("h5ad").inspect(path).summary


@pytest.fixture
def adata() -> ad.AnnData:
    obs = pd.DataFrame(
        {
            "cluster": pd.Categorical(["b", "a", "a", "c"], categories=["a", "b", "c"]),
            "n": [1, 2, 2, 5],
        },
        index=list("wxyz"),
    )
    made = ad.AnnData(np.array([[0.5, -1], [2, np.nan], [1, 1], [1, 1]], dtype=np.float32), obs)
    made.layers["counts"] = sp.csr_matrix(np.array([[0, 3], [1, 0], [0, 0], [0, 1]]))
    return made


def test_what_a_summary_tells_of_values(adata: ad.AnnData, tmp_path: Path) -> None:
    elements = summary_of(adata, tmp_path).elements
    x, counts, n = elements["X"], elements["layers/counts"], elements["obs/n"]
    assert (x.min, x.max, sum(x.histogram or [])) == (-1, 2, 7)
    assert (counts.min, counts.max, counts.histogram) == (1, 3, [2, 0, 1])  # of what is stored
    assert (n.min, n.max, n.median, n.histogram) == (1, 5, 2, [1, 2, 0, 0, 1])


def test_colours_are_told_by_the_name_of_their_category(adata: ad.AnnData, tmp_path: Path) -> None:
    adata.uns["cluster_colors"] = ["#ff0000", "green", "#00f"]
    cluster = summary_of(adata, tmp_path).elements["obs/cluster"]
    assert list(cluster.categories or ()) == ["a", "b", "c"]
    assert cluster.colors == {"a": "#ff0000", "b": "green", "c": "#00f"}


@pytest.mark.parametrize(
    "colors", [["red"], ["red", "green", "url(javascript:1)"], ["red", "green", "#00f", "blue"]]
)
def test_colours_that_are_none_are_left_out(
    adata: ad.AnnData, tmp_path: Path, colors: list[str]
) -> None:
    adata.uns["cluster_colors"] = colors
    assert summary_of(adata, tmp_path).elements["obs/cluster"].colors is None
