"""The content digest: equal wherever the content is kept, different after any change of it."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
from blake3 import blake3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse

from omicshelf.formats.annotated.content import Array, Scalar, Sparse, Strings
from omicshelf.formats.annotated.digest import combine, hash_node
from omicshelf.formats.annotated.memory import node
from omicshelf.formats.h5ad import H5ad

FORMAT = H5ad()


def digest_of(adata: ad.AnnData) -> str:
    found = FORMAT.inspect_object(FORMAT.frozen_copy(adata))
    assert found is not None
    assert found.digest is not None
    return found.digest


def rich(seed: int = 0, *, n_obs: int = 12, n_vars: int = 7) -> ad.AnnData:
    """An AnnData with one element of every kind."""
    rng = np.random.default_rng(seed)
    matrix = sparse.random(n_obs, n_vars, 0.4, "csr", dtype=np.float32, random_state=seed)
    adata = ad.AnnData(
        matrix,
        obs=pd.DataFrame(
            {
                "text": rng.choice(["b10", "b9", "α"], n_obs),
                "unique": [f"cell {i}" for i in range(n_obs)],
                "ordered": pd.Categorical.from_codes(
                    rng.integers(-1, 3, n_obs), ["low", "mid", "high"], ordered=True
                ),
                "integers": rng.integers(0, 9, n_obs),
                "floats": np.where(rng.random(n_obs) < 0.3, np.nan, rng.random(n_obs)),
                "flags": rng.random(n_obs) < 0.5,
                "nullable": pd.array([None, *range(n_obs - 1)], dtype="Int64"),
                "maybe": pd.array([None, *[True] * (n_obs - 1)], dtype="boolean"),
            },
            index=[f"cell{i}-1" for i in range(n_obs)],
        ),
        var=pd.DataFrame({"score": rng.random(n_vars)}, index=[f"g{i}" for i in range(n_vars)]),
    )
    adata.layers["counts"] = sparse.csc_matrix(matrix)
    adata.layers["dense"] = matrix.toarray().astype(np.float64)
    adata.obsm["X_pca"] = rng.random((n_obs, 3))
    adata.obsm["table"] = pd.DataFrame({"a": rng.random(n_obs), "t": "x"}, index=adata.obs_names)
    adata.varm["PCs"] = rng.random((n_vars, 3))
    adata.obsp["distances"] = sparse.random(n_obs, n_obs, 0.2, "csr", random_state=seed)
    adata.varp["links"] = rng.random((n_vars, n_vars))
    adata.uns = {
        "method": "t-test",
        "pca": {"variance": rng.random(3), "params": {"zero_center": True, "n": 3, "f": 0.5}},
        "colors": np.array(["#fff", "#000"]),
        "list": ["a", "b"],
        "nothing": None,
        "empty": {},
        "names": np.array([("a", 1.5), ("bé", 2.5)], dtype=[("group", "U4"), ("score", "<f4")]),
    }
    adata.raw = adata.copy()
    return adata


def test_the_form_is_pinned() -> None:
    """A change of these values is a change of decision 001."""
    pinned = {
        "array": hash_node(Array(np.arange(6, dtype=">f4").reshape(2, 3))).hex()[:16],
        "strings": hash_node(Strings(np.array(["a", None, "é"], dtype=object))).hex()[:16],
        "int": hash_node(Scalar(3)).hex()[:16],
        "sparse": hash_node(node(sparse.csr_matrix(np.eye(3, dtype=np.float32)))).hex()[:16],
        "digest": combine([("X", "00" * 32), ("obs_names", "11" * 32)])[:16],
    }
    assert pinned == PINNED


PINNED = {
    "array": "97982632b17eafbd",
    "strings": "cd21c1b230746e38",
    "int": "1888edcebc0815d6",
    "sparse": "c1e3f37d3e7ffb18",
    "digest": "2d65f409a14795ec",
}


def test_the_form_is_as_decided() -> None:
    """The array of the pinned form, computed from the text of decision 001."""
    values = blake3(struct.pack("<6f", *range(6))).digest()
    parts = (b"array", b"<f4", struct.pack("<2Q", 2, 3), values)
    expected = blake3(b"".join(struct.pack("<Q", len(part)) + part for part in parts))
    assert expected.hexdigest()[:16] == PINNED["array"]


def test_memory_equals_every_file(tmp_path: Path) -> None:
    adata = rich()
    expected = digest_of(adata)
    frozen = FORMAT.frozen_copy(adata)
    FORMAT.write(frozen, tmp_path / "plain.h5ad")
    frozen.write_h5ad(tmp_path / "gzip.h5ad", compression="gzip")
    frozen.write_h5ad(tmp_path / "lzf.h5ad", compression="lzf")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ad.io.write_h5ad(tmp_path / "text.h5ad", rich(), convert_strings_to_categoricals=False)
    for file in sorted(tmp_path.iterdir()):
        assert FORMAT.inspect(file).digest == expected, file.name


def test_summary_of_memory_equals_that_of_its_file(tmp_path: Path) -> None:
    frozen = FORMAT.frozen_copy(rich())
    FORMAT.write(frozen, tmp_path / "a.h5ad")
    assert FORMAT.inspect_object(frozen) == FORMAT.inspect(tmp_path / "a.h5ad")


def test_unchanged_by_load_and_save(tmp_path: Path) -> None:
    adata = rich()
    FORMAT.write(FORMAT.frozen_copy(adata), tmp_path / "a.h5ad")
    loaded = ad.read_h5ad(tmp_path / "a.h5ad")
    loaded.write_h5ad(tmp_path / "b.h5ad")
    assert digest_of(loaded) == digest_of(adata)
    assert FORMAT.inspect(tmp_path / "b.h5ad").digest == digest_of(adata)


def test_unsorted_indices_are_the_same_matrix(tmp_path: Path) -> None:
    adata = rich()
    shuffled = rich()
    matrix = shuffled.X
    for start, stop in zip(matrix.indptr, matrix.indptr[1:], strict=False):
        matrix.indices[start:stop] = matrix.indices[start:stop][::-1].copy()
        matrix.data[start:stop] = matrix.data[start:stop][::-1].copy()
    matrix.has_sorted_indices = False
    assert not np.array_equal(matrix.indices, adata.X.indices)
    assert digest_of(shuffled) == digest_of(adata)
    shuffled.write_h5ad(tmp_path / "a.h5ad")
    assert FORMAT.inspect(tmp_path / "a.h5ad").digest == digest_of(adata)


def test_storage_is_no_content() -> None:
    adata, other = rich(), rich()
    other.layers["dense"] = np.asfortranarray(other.layers["dense"])
    other.obsm["X_pca"] = other.obsm["X_pca"].astype(">f8")
    other.X = sparse.csr_array(other.X)
    other.X.indptr = other.X.indptr.astype(np.int64)
    other.X.indices = other.X.indices.astype(np.int64)
    other.obs = other.obs[sorted(other.obs.columns)]
    other.obs["text"] = pd.array(other.obs["text"].to_numpy(), dtype="string")
    other.uns = dict(reversed(other.uns.items()))
    assert digest_of(other) == digest_of(adata)


def test_a_sparse_matrix_is_hashed_alike_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = sparse.random(300, 40, 0.3, "csr", dtype=np.float32, random_state=1)
    dense = np.arange(3000.0).reshape(300, 10)
    expected = hash_node(node(matrix)), hash_node(node(dense))
    monkeypatch.setattr("omicshelf.formats.annotated.content.BLOCK_BYTES", 256)
    found = node(matrix)
    assert isinstance(found, Sparse)
    assert len(list(found.blocks())) > 50
    assert (hash_node(found), hash_node(node(dense))) == expected


def in_obs(name: str, change: Callable[[Any], Any]) -> Callable[[ad.AnnData], None]:
    def apply(adata: ad.AnnData) -> None:
        adata.obs[name] = change(adata.obs[name])

    return apply


CHANGES: dict[str, Callable[[ad.AnnData], Any]] = {
    "a value of X": lambda a: a.X.data.__setitem__(0, 99),
    "the dtype of X": lambda a: setattr(a, "X", a.X.astype(np.float64)),
    "X as CSC": lambda a: setattr(a, "X", a.X.tocsc()),
    "X dense": lambda a: setattr(a, "X", a.X.toarray()),
    "no X": lambda a: setattr(a, "X", None),
    "a cell's name": lambda a: setattr(a, "obs_names", ["other", *a.obs_names[1:]]),
    "a gene's name": lambda a: setattr(a, "var_names", [*a.var_names[:-1], "other"]),
    "the order of names": lambda a: setattr(a, "obs_names", a.obs_names[::-1]),
    "the name of the index": lambda a: setattr(a.obs_names, "name", "barcode"),
    "a text": in_obs("unique", lambda c: ["x", *c[1:]]),
    "a category's name": in_obs("ordered", lambda c: c.cat.rename_categories({"low": "lower"})),
    "the order of categories": in_obs(
        "ordered", lambda c: c.cat.reorder_categories(["high", "mid", "low"])
    ),
    "ordered or not": in_obs("ordered", lambda c: c.cat.as_unordered()),
    "an unused category": in_obs("ordered", lambda c: c.cat.add_categories(["none"])),
    "the dtype of a column": in_obs("integers", lambda c: c.astype("i4")),
    "nullable or not": in_obs("integers", lambda c: c.astype("Int64")),
    "what is missing": in_obs("nullable", lambda c: pd.array([0, *c[1:]], dtype="Int64")),
    "a column's name": lambda a: a.obs.rename(columns={"flags": "flag"}, inplace=True),
    "a column less": lambda a: a.obs.drop(columns="flags", inplace=True),
    "a layer's name": lambda a: a.layers.__setitem__("other", a.layers.pop("dense")),
    "an embedding": lambda a: a.obsm["X_pca"].__setitem__((0, 0), 9.0),
    "the shape of an embedding": lambda a: a.obsm.__setitem__("X_pca", a.obsm["X_pca"][:, :2]),
    "a column of a table in obsm": lambda a: a.obsm["table"].__setitem__("t", "y"),
    "a graph": lambda a: a.obsp["distances"].data.__setitem__(0, 9.0),
    "raw": lambda a: a.raw.X.data.__setitem__(0, 99),
    "no raw": lambda a: setattr(a, "raw", None),
    "a nested value of uns": lambda a: a.uns["pca"]["params"].__setitem__("n", 4),
    "an int as float": lambda a: a.uns["pca"]["params"].__setitem__("n", 3.0),
    "an int as bool": lambda a: a.uns["pca"]["params"].__setitem__("n", True),
    "a text as null": lambda a: a.uns.__setitem__("method", None),
    "a key of uns": lambda a: a.uns.__setitem__("methods", a.uns.pop("method")),
    "an empty mapping": lambda a: a.uns.pop("empty"),
    "a field of records": lambda a: a.uns["names"]["score"].__setitem__(0, 9),
    "the sign of zero": lambda a: a.layers["dense"].__imul__(-1.0),
}


@pytest.mark.parametrize("change", CHANGES)
def test_differs_after_a_change_of(change: str, tmp_path: Path) -> None:
    adata = rich()
    CHANGES[change](adata)
    changed = digest_of(adata)
    assert changed != digest_of(rich())
    FORMAT.write(FORMAT.frozen_copy(adata), tmp_path / "a.h5ad")
    assert FORMAT.inspect(tmp_path / "a.h5ad").digest == changed


def test_object_without_canonical_form_has_no_inspection(tmp_path: Path) -> None:
    da = pytest.importorskip("dask.array")
    adata = ad.AnnData(da.zeros((4, 3), chunks=(2, 3)))
    frozen = FORMAT.frozen_copy(adata)
    assert FORMAT.inspect_object(frozen) is None
    FORMAT.write(frozen, tmp_path / "a.h5ad")
    assert FORMAT.inspect(tmp_path / "a.h5ad").digest == digest_of(ad.AnnData(np.zeros((4, 3))))


def test_values_under_a_mask_are_no_content(tmp_path: Path) -> None:
    FORMAT.write(FORMAT.frozen_copy(rich()), tmp_path / "a.h5ad")
    expected = FORMAT.inspect(tmp_path / "a.h5ad").digest
    with h5py.File(tmp_path / "a.h5ad", "r+") as file:
        assert file["obs/nullable/mask"][0]
        file["obs/nullable/values"][0] = 77
    assert FORMAT.inspect(tmp_path / "a.h5ad").digest == expected


def test_an_unreadable_element_leaves_no_digest(tmp_path: Path) -> None:
    FORMAT.write(FORMAT.frozen_copy(rich()), tmp_path / "a.h5ad")
    with h5py.File(tmp_path / "a.h5ad", "r+") as file:
        del file["X/indptr"]
    found = FORMAT.inspect(tmp_path / "a.h5ad")
    assert found.digest is None
    assert found.summary.elements["X"].kind == "unreadable"
    assert any(problem.startswith("X cannot be read") for problem in found.summary.problems)
    assert found.summary.n_obs == 12


texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=5)
arrays = hnp.arrays(
    dtype=st.sampled_from(["<f4", "<f8", "<i4", "<i8", "|b1", "|u1"]),
    shape=hnp.array_shapes(max_dims=3, max_side=4),
)
columns = st.integers(2, 6).flatmap(
    lambda n: st.one_of(
        st.lists(texts, min_size=n, max_size=n),
        st.lists(st.integers(-5, 5), min_size=n, max_size=n),
        st.lists(st.floats(width=32), min_size=n, max_size=n),
        st.lists(st.booleans(), min_size=n, max_size=n),
    ).map(lambda values: (n, values))
)
scalars = st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(), texts)
trees = st.dictionaries(
    st.text("abc", min_size=1, max_size=3),
    st.recursive(
        st.one_of(scalars, arrays),
        lambda child: st.dictionaries(st.text("abc", min_size=1, max_size=3), child, max_size=3),
        max_leaves=6,
    ),
    max_size=4,
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(columns, trees, st.integers(0, 2**32 - 1))
def test_any_content_has_one_digest_in_memory_and_in_its_file(
    tmp_path: Path, column: tuple[int, list[Any]], uns: dict[str, Any], seed: int
) -> None:
    n_obs, values = column
    adata = ad.AnnData(
        sparse.random(n_obs, 3, 0.5, "csr", random_state=seed),
        obs=pd.DataFrame({"column": values}, index=[f"c{i}" for i in range(n_obs)]),
        uns=uns,
    )
    frozen = FORMAT.frozen_copy(adata)
    file = tmp_path / "a.h5ad"
    file.unlink(missing_ok=True)
    FORMAT.write(frozen, file)
    assert FORMAT.inspect(file) == FORMAT.inspect_object(frozen)
    assert digest_of(ad.read_h5ad(file)) == digest_of(adata)


@settings(max_examples=100, deadline=None)
@given(arrays, st.data())
def test_one_flipped_bit_changes_the_hash(array: np.ndarray[Any, Any], data: st.DataObject) -> None:
    changed = array.copy()
    raw = changed.reshape(-1).view(np.uint8)
    raw[data.draw(st.integers(0, raw.size - 1))] ^= 1
    assert hash_node(Array(changed)) != hash_node(Array(array))


@settings(max_examples=100, deadline=None)
@given(st.lists(texts, max_size=6), st.lists(texts, max_size=6))
def test_texts_hash_alike_only_if_equal(left: list[str], right: list[str]) -> None:
    hashes = [hash_node(Strings(np.array(values, dtype=object))) for values in (left, right)]
    assert (hashes[0] == hashes[1]) == (left == right)
