"""The diff of real data: summaries as the formats give them, and values with deep=True."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy import sparse

from omicshelf.catalog.diff import Diff, Side, compare
from omicshelf.catalog.diff.axes import pair
from omicshelf.catalog.diff.values import differing
from omicshelf.errors import Invalid
from omicshelf.formats.base import Format
from omicshelf.formats.gct import Gct, GctFormat
from omicshelf.formats.h5ad import H5ad
from omicshelf.records import Element, Summary, VersionRecord


def side(data: Any, seq: int, fmt: Format | None = None) -> Side:
    fmt = fmt or H5ad()
    found = fmt.inspect_object(fmt.frozen_copy(data))
    assert found is not None
    about = VersionRecord(
        version_id=f"{seq:08x}",
        atlas="default",
        dataset_id="GSE1",
        seq=seq,
        data_type="Single Cell RNASeq",
        data_format=fmt.name,
        digest=found.digest,
        created_at=0,
    )
    return Side(about, found.summary, found.names, lambda: data)


def cells(n: int = 40, m: int = 12, seed: int = 0) -> ad.AnnData:
    rng = np.random.default_rng(seed)
    counts = sparse.csr_matrix(rng.poisson(1.0, (n, m)).astype(np.float32))
    return ad.AnnData(
        counts,
        obs=pd.DataFrame(
            {"type": pd.Categorical(rng.choice(["T", "B", "NK"], n)), "score": rng.random(n)},
            index=[f"c{i}" for i in range(n)],
        ),
        var=pd.DataFrame({"mt": rng.random(m) > 0.5}, index=[f"g{i}x" for i in range(m)]),
        obsm={"X_pca": rng.random((n, 3))},
    )


def deep(old: Any, new: Any) -> Diff:
    diff = compare(side(old, 1), side(new, 2), deep=True)
    json.dumps(diff.to_dict(), allow_nan=False)
    diff._repr_html_()
    return diff


def changed(diff: Diff, path: str) -> dict[str, Any]:
    entry: dict[str, Any] = diff.to_dict()["elements"]["changed"][path]
    return entry


def test_an_analysis_in_words() -> None:
    raw = cells()
    done = raw.copy()
    done.layers["counts"] = raw.X.copy()
    done.X = raw.X.copy()
    done.X.data = np.log1p(done.X.data)
    done.obs["leiden"] = pd.Categorical([str(n % 4) for n in range(40)])
    assert compare(side(raw, 1), side(done, 2)).summary().split("\n") == [
        "X: counts -> log-normalised (judged from the values)",
        "raw counts: X -> layers/counts",
        "+1 obs column `leiden` (4 categories)",
        "layer `counts` added (csr, float32), equal to X in v1",
    ]


def test_a_subset_has_equal_values() -> None:
    old = cells()
    new = old[old.obs["type"] != "NK", 2:].copy()
    diff = deep(old, new)
    assert changed(diff, "X")["differing"] == 0
    assert changed(diff, "X")["compared"] == new.n_obs * new.n_vars
    assert changed(diff, "X")["what"] == "subset, shared values equal"
    assert changed(diff, "var/mt")["differing"] == 0
    lost = (old.obs["type"] == "NK").sum()
    assert diff.summary().split("\n")[:2] == [
        f"-{lost} cells (40 -> {40 - lost})",
        "-2 genes (12 -> 10)",
    ]
    assert "X, embedding `X_pca`" in diff.summary()
    assert "subset, the shared values are equal" in diff.summary()
    assert diff.removed("obs") == list(old.obs_names[old.obs["type"] == "NK"])
    assert diff.removed("var") == ["g0x", "g1x"]
    assert diff.added("obs") == []


def test_a_reordered_copy_has_equal_values() -> None:
    old = cells()
    diff = deep(old, old[::-1].copy())
    assert diff.to_dict()["obs"]["reordered"] is True
    found = diff.to_dict()["elements"]["changed"]
    assert set(found) == {"X", "obs/type", "obs/score", "obsm/X_pca"}
    assert {entry["differing"] for entry in found.values()} == {0}


def test_changed_values_are_counted_on_the_shared_names() -> None:
    old = cells()
    new = old[5:, ::-1].copy()
    matrix = new.X.toarray()
    matrix[0, 0] += 2
    matrix[3, 4] += 7
    new.X = matrix
    new.obs["score"] = new.obs["score"].astype("float32")
    new.obs.loc["c10", "type"] = "B" if new.obs.loc["c10", "type"] == "T" else "T"
    diff = deep(old, new)
    x = changed(diff, "X")
    assert (x["differing"], x["largest_difference"]) == (2, 7.0)
    assert x["what"] == "type; subset, shared values differ"
    assert changed(diff, "obs/type")["differing"] == 1
    assert changed(diff, "obs/score")["differing"] == 35
    assert changed(diff, "obs/score")["largest_difference"] < 1e-6
    assert "2 of 420 shared values differ, by at most 7" in diff.summary()


def test_raw_is_compared_on_its_own_genes() -> None:
    old = cells()
    old.raw = old.copy()
    old = old[:, :6].copy()
    new = old[:30].copy()
    found = changed(deep(old, new), "raw/X")
    assert (found["compared"], found["differing"]) == (30 * 12, 0)


def test_names_that_repeat_are_paired_in_order() -> None:
    at_old, at_new = pair(["a", "b", "a", "c"], ["a", "a", "a", "b"])
    assert at_old.tolist() == [0, 2, 1]
    assert at_new.tolist() == [0, 1, 3]


def test_an_embedding_of_another_width_is_not_compared() -> None:
    old, new = cells(), cells()
    new.obsm["X_pca"] = np.zeros((40, 2))
    assert "differing" not in changed(deep(old, new), "obsm/X_pca")


def test_equal_data_are_not_loaded() -> None:
    def refuse() -> Any:
        raise AssertionError("loaded")

    one = side(cells(), 1)
    same = Side(one.version, one.summary, one.names, refuse)
    assert not compare(same, same, deep=True)


def test_deep_without_a_way_to_load() -> None:
    one, two = side(cells(), 1), side(cells(seed=1), 2)
    with pytest.raises(Invalid, match="cannot be loaded"):
        compare(one, Side(two.version, two.summary), deep=True)


def test_modalities_are_compared_each_on_its_own_names() -> None:
    mudata = pytest.importorskip("mudata")
    from omicshelf.formats.h5mu import FORMATS

    def pair_of(seq: int, n: int) -> Side:
        rna, protein = cells()[:n].copy(), cells(seed=2)
        protein.var_names = [f"p{i}" for i in range(12)]
        with mudata.set_options(pull_on_update=False):
            return side(mudata.MuData({"rna": rna, "prot": protein}), seq, FORMATS[0])

    shallow = compare(pair_of(1, 40), pair_of(2, 30))
    assert "mod `rna`: -10 cells (40 -> 30)" in shallow.summary()
    assert "mod `prot`" not in shallow.summary()
    found = compare(pair_of(1, 40), pair_of(2, 30), deep=True).to_dict()
    assert found["modalities"]["shared"]["rna"]["obs"]["removed"] == 10
    assert found["elements"]["changed"]["mod/rna/X"]["differing"] == 0


def test_a_gct_is_compared_by_samples_and_rows() -> None:
    def gct(columns: list[str], value: float) -> Gct:
        values = pd.DataFrame(np.ones((2, len(columns))), index=["g1", "g2"], columns=columns)
        values.iloc[0, 0] = value
        rows = pd.DataFrame({"symbol": ["A", "B"]}, index=values.index)
        about = pd.DataFrame({"dose": range(len(columns))}, index=values.columns)
        return Gct(values, rows, about)

    old, new = (
        side(g, n + 1, GctFormat()) for n, g in enumerate((gct(["s1", "s2"], 5), gct(["s1"], 6)))
    )
    diff = compare(old, new, deep=True)
    assert diff.summary().split("\n")[0] == "-1 sample (2 -> 1)"
    assert changed(diff, "X") | {"was": 0, "now": 0} == {
        "was": 0,
        "now": 0,
        "what": "subset, shared values differ",
        "compared": 2,
        "differing": 1,
        "largest_difference": 1.0,
    }
    assert diff.removed("obs") == ["s2"]


def table(seq: int, frame: pd.DataFrame) -> Side:
    elements = {
        f"columns/{name}": Element(kind="column", dtype=str(values.dtype), shape=(len(frame),))
        for name, values in frame.items()
    }
    about = VersionRecord(
        version_id=str(seq), atlas="a", dataset_id="t", seq=seq, data_type="t", created_at=0
    )
    summary = Summary(kind="table", n_rows=len(frame), elements=elements)
    return Side(about, summary, None, lambda: frame)


def test_tables_are_compared_row_by_row() -> None:
    old = pd.DataFrame({"a": [1.0, np.nan, 3.0], "b": ["x", None, "z"], "c": [1, 2, 3]})
    new = pd.DataFrame({"a": [1.0, np.nan, 5.0], "b": ["x", "y", "z"], "c": [1, 2, 3]})
    diff = compare(table(1, old), table(2, new), deep=True)
    assert diff.summary().split("\n") == [
        "column `a`: 1 of 3 values differs, by at most 2",
        "column `b`: 1 of 3 values differs",
    ]
    assert compare(table(1, old), table(2, old.copy()), deep=True).summary() == (
        "the values of all 3 columns are equal"
    )
    fewer = compare(table(1, old), table(2, old[:2]), deep=True)
    assert "rows have no names" in fewer.summary()


def test_lists_in_cells_are_compared() -> None:
    old = pd.DataFrame({"a": [np.array([1, 2]), np.array([3])]}, dtype=object)
    new = pd.DataFrame({"a": [np.array([1, 2]), np.array([4])]}, dtype=object)
    diff = compare(table(1, old), table(2, new), deep=True)
    assert changed(diff, "columns/a")["differing"] == 1


MATRICES = npst.arrays(
    np.float64,
    (4, 3),
    elements=st.sampled_from([0.0, 0.0, 1.0, 2.5, -1.0, np.nan, np.inf]),
)
FORMS: dict[str, Callable[[Any], Any]] = {
    "dense": np.asarray,
    "csr": sparse.csr_matrix,
    "csc": sparse.csc_matrix,
    "csr_array": sparse.csr_array,
}


@settings(deadline=None)
@given(MATRICES, MATRICES, st.sampled_from(sorted(FORMS)), st.sampled_from(sorted(FORMS)))
def test_differing_entries_are_counted_in_every_form(
    a: np.ndarray, b: np.ndarray, form_a: str, form_b: str
) -> None:
    rows = (np.array([2, 0]), np.array([1, 3]))
    columns = (np.array([0, 2]), np.array([1, 0]))
    found = differing(FORMS[form_a](a), FORMS[form_b](b), [rows, columns])
    x, y = a[np.ix_(rows[0], columns[0])], b[np.ix_(rows[1], columns[1])]
    expected = sum(
        not (p == q or (np.isnan(p) and np.isnan(q)))
        for p, q in zip(x.ravel(), y.ravel(), strict=True)
    )
    assert found is not None
    assert (found.n, found.n_differ) == (4, expected)


def test_large_matrices_are_compared_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    from omicshelf.catalog.diff import values

    monkeypatch.setattr(values, "_BLOCK_ENTRIES", 7)
    a = np.arange(60.0).reshape(20, 3)
    b = a.copy()
    b[[3, 19], [0, 2]] += [1, 4]
    every = (np.arange(20), np.arange(20))
    found = differing(a, sparse.csr_matrix(b), [every])
    assert found is not None
    assert (found.n, found.n_differ, found.largest) == (60, 2, 4.0)


def test_stored_zeros_and_repeated_entries_of_sparse_matrices() -> None:
    plain = sparse.csr_matrix(np.array([[0.0, 3.0]]))
    odd = sparse.csr_matrix(([0.0, 1.0, 2.0], [0, 1, 1], [0, 3]), shape=(1, 2))
    every = (np.arange(1), np.arange(1))
    found = differing(plain, odd, [every])
    assert found is not None
    assert found.n_differ == 0


def test_columns_of_other_types_compare_by_value() -> None:
    every = (np.arange(3), np.arange(3))
    labels = pd.Series(["a", "b", None], dtype="category")
    found = differing(labels, pd.Series(["a", "c", None], dtype=object), [every])
    assert found is not None
    assert found.n_differ == 1
    whole = pd.Series([1, 2, None], dtype="Int64")
    found = differing(whole, pd.Series([1.0, 2.0, np.nan]), [every])
    assert found is not None
    assert found.n_differ == 0


def test_data_frames_compare_column_by_column() -> None:
    every = (np.arange(2), np.arange(2))
    one = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    two = pd.DataFrame({"a": [1, 3], "b": ["x", "y"]})
    found = differing(one, two, [every])
    assert found is not None
    assert (found.n, found.n_differ, found.largest) == (4, 1, 1.0)
    assert differing(one, two.rename(columns={"a": "c"}), [every]) is None
