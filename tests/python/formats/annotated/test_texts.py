"""Text in blocks: the same digest, columns and facts as all of it at once, in little memory."""

from __future__ import annotations

import struct
import tracemalloc
import warnings
from pathlib import Path
from typing import Any

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
import zarr
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from omicshelf.formats.annotated import content, describe, digest, memory, stored
from omicshelf.formats.annotated.content import Categorical, Strings
from omicshelf.formats.annotated.digest import hash_node
from omicshelf.formats.annotated.inspection import inspect_items
from omicshelf.formats.annotated.texts import PandasTexts, StoredTexts
from omicshelf.formats.h5ad import H5ad
from omicshelf.formats.zarrstore import Zarr

NAMES = [f"cell{i}" for i in range(97)] + ["", "é", "α" * 40]


def objects(values: Any) -> Any:
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found


def as_decided(values: list[str | None], shape: tuple[int, ...]) -> bytes:
    """Hash text as decision 001 puts it, all at once."""
    each = [b"" if value is None else value.encode("utf-8", "surrogatepass") for value in values]
    parts = (
        b"strings",
        struct.pack(f"<{len(shape)}Q", *shape),
        struct.pack(f"<{len(each)}Q", *map(len, each)),
        b"".join(each),
        bytes(value is None for value in values) if None in values else b"",
    )
    return blake3(b"".join(struct.pack("<Q", len(part)) + part for part in parts)).digest()


@pytest.fixture
def in_small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "BLOCK_TEXTS", 7)
    for module in (memory, stored):
        monkeypatch.setattr(module, "BLOCK_TEXTS", 7)


# -- the digest

text = st.text(st.characters(codec=None), max_size=5)


@given(
    st.lists(st.none() | text, max_size=40),
    st.integers(1, 9),
    st.sampled_from([0, 3, 10_000]),
)
def test_blocks_do_not_change_the_hash(values: list[str | None], block: int, kept: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(content, "BLOCK_TEXTS", block)
        patch.setattr(digest, "_KEPT_TEXT", kept)
        assert hash_node(Strings(objects(values))) == as_decided(values, (len(values),))


@pytest.mark.usefixtures("in_small_blocks")
@pytest.mark.parametrize("shape", [(), (0,), (1,), (20,), (5, 4), (2, 5, 2), (4, 0), (0, 3)])
def test_any_shape(shape: tuple[int, ...]) -> None:
    values = objects(NAMES[-int(np.prod(shape)) :] if np.prod(shape) else [])
    array = np.asarray(values, dtype=object).reshape(shape)
    assert hash_node(Strings(array)) == as_decided(values.tolist(), shape)
    assert hash_node(Strings(array.copy(order="F"))) == as_decided(values.tolist(), shape)


@pytest.mark.usefixtures("in_small_blocks")
def test_the_lengths_are_hashed_as_wide_as_decided() -> None:
    values = ["a" * 70_000, "b", "c" * 300] * 9
    assert hash_node(Strings(objects(values))) == as_decided(values, (27,))


@pytest.mark.usefixtures("in_small_blocks")
def test_text_that_changes_between_two_readings_has_no_hash(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Changing:
        shape, dtype, calls = (20,), np.dtype(object), 0

        def __getitem__(self, key: slice) -> Any:
            self.calls += 1
            return objects(["a" * (1 + self.calls // 4)] * len(range(20)[key]))

    monkeypatch.setattr(digest, "_KEPT_TEXT", 5)
    with pytest.raises(OSError, match="changed while it was read"):
        hash_node(Strings(Changing()))


# -- what text is sliced from


@pytest.mark.usefixtures("in_small_blocks")
@pytest.mark.parametrize("chunks", [None, (5,), (30,), (100,)])
def test_hdf5(tmp_path: Path, chunks: tuple[int, ...] | None) -> None:
    with h5py.File(tmp_path / "text.h5", "w") as file:
        element = file.create_dataset("text", data=objects(NAMES), chunks=chunks)
        found = Strings(StoredTexts(element))
        assert found.values.tolist() == NAMES
        assert hash_node(Strings(StoredTexts(element))) == as_decided(NAMES, (100,))
        blocks = [block.tolist() for block in found.blocks()]
        assert len(blocks) == {None: 15, (5,): 20, (30,): 4, (100,): 1}[chunks]
        assert b"".join(value for block in blocks for value in block) == "".join(NAMES).encode()


@pytest.mark.usefixtures("in_small_blocks")
@pytest.mark.parametrize("kind", ["ascii", "utf-8"])
def test_fixed_width_hdf5(tmp_path: Path, kind: str) -> None:
    names = [f"c{i}" for i in range(20)]
    with h5py.File(tmp_path / "text.h5", "w") as file:
        data = np.array([name.encode() for name in names], dtype=h5py.string_dtype(kind, 5))
        element = file.create_dataset("text", data=data)
        assert hash_node(Strings(StoredTexts(element))) == as_decided(names, (20,))


@pytest.mark.usefixtures("in_small_blocks")
@pytest.mark.parametrize("kind", ["ascii", "utf-8"])
def test_bytes_that_are_no_text_are_refused(tmp_path: Path, kind: str) -> None:
    with h5py.File(tmp_path / "text.h5", "w") as file:
        element = file.create_dataset("text", (20,), dtype=h5py.string_dtype(kind))
        element[13] = b"\xe9"
        with pytest.raises(UnicodeDecodeError):
            hash_node(Strings(StoredTexts(element)))
        # Two halves of a letter are no text, though both together are.
        element[12], element[13] = b"\xc3", b"\xa9"
        with pytest.raises(UnicodeDecodeError):
            hash_node(Strings(StoredTexts(element)))


@pytest.mark.usefixtures("in_small_blocks")
def test_masked(tmp_path: Path) -> None:
    missing = np.arange(100) % 9 == 4
    values = [None if gone else name for name, gone in zip(NAMES, missing, strict=True)]
    with h5py.File(tmp_path / "text.h5", "w") as file:
        file["values"], file["mask"] = objects(NAMES), missing
        found = Strings(StoredTexts(file["values"], file["mask"]))
        assert hash_node(found) == as_decided(values, (100,))
        assert found.values.tolist() == values


@pytest.mark.usefixtures("in_small_blocks")
def test_zarr(tmp_path: Path) -> None:
    group = zarr.open_group(tmp_path / "text.zarr", mode="w")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ad.io.write_elem(group, "text", objects(NAMES))
    found = Strings(StoredTexts(group["text"]))
    assert hash_node(found) == as_decided(NAMES, (100,))
    assert found.values.tolist() == NAMES


@pytest.mark.usefixtures("in_small_blocks")
@pytest.mark.parametrize("storage", ["python", "pyarrow"])
def test_text_of_pandas(storage: str) -> None:
    pytest.importorskip("pyarrow")
    values = [*NAMES, None]
    array = pd.array(values, dtype=pd.StringDtype(storage))
    node = memory.node(array)
    assert isinstance(node, Strings)
    assert isinstance(node.source, PandasTexts)
    assert hash_node(node) == as_decided(values, (101,))
    names = memory.frame_items(pd.DataFrame(index=pd.Index(array[:100])), "", "obs")
    assert hash_node(next(names).node) == as_decided(NAMES, (100,))


# -- columns


def columns(values: list[str], path: Path) -> dict[str, content.Node]:
    """Give a text column as it is in memory, and in a file that was written without categories."""
    frame = pd.DataFrame({"text": objects(values)}, index=[f"c{i}" for i in range(len(values))])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ad.io.write_h5ad(path, ad.AnnData(obs=frame), convert_strings_to_categoricals=False)
    with h5py.File(path) as file:
        kept = [item.node for item in stored.frame_items(file["obs"], "", "obs")][-1]
        held = [item.node for item in memory.frame_items(frame, "", "obs")][-1]
        found = {"stored": kept, "memory": held}
        for node in found.values():
            facts = describe.column(node, None)
            assert facts.n_categories == len(set(values))
            assert facts.n_null == 0
            hash_node(node)
        return {where: _loaded(node) for where, node in found.items()}


def _loaded(node: content.Node) -> content.Node:
    return Strings(node.values, node.distinct) if isinstance(node, Strings) else node


@pytest.mark.usefixtures("in_small_blocks")
@pytest.mark.parametrize(
    "values",
    [
        [f"n{i}" for i in range(50, 0, -1)],
        [f"n{i % 12}" for i in range(50)],
        [*(f"n{i}é" for i in range(49)), "n3é"],
        ["n01", "n1", "n001", "n10", "n2", "N1"] * 3,
        [f"{i:03d}" for i in range(20)] * 2,
    ],
    ids=["each another", "few", "one twice", "natural order", "the second half is the first"],
)
def test_long_columns_are_what_anndata_makes_of_them(values: list[str], tmp_path: Path) -> None:
    adata = ad.AnnData(obs=pd.DataFrame({"text": objects(values)}, index=NAMES[: len(values)]))
    adata.strings_to_categoricals()
    made = adata.obs["text"]
    for where, node in columns(values, tmp_path / "text.h5ad").items():
        if isinstance(made.dtype, pd.CategoricalDtype):
            assert isinstance(node, Categorical), where
            assert isinstance(node.categories, Strings), where
            assert node.categories.values.tolist() == made.cat.categories.tolist(), where
            assert node.codes.tolist() == made.cat.codes.tolist(), where
        else:
            assert isinstance(node, Strings), where
            assert node.distinct, where
            assert node.values.tolist() == values, where


@pytest.mark.usefixtures("in_small_blocks")
def test_a_long_column_with_missing_text(tmp_path: Path) -> None:
    values = [None if i % 9 == 4 else f"n{i}" for i in range(40)]
    with h5py.File(tmp_path / "text.h5", "w") as file:
        group = file.create_group("obs")
        frame = pd.DataFrame(
            {"text": pd.array(values, dtype="string")}, index=[f"c{i}" for i in range(40)]
        )
        with ad.settings.override(allow_write_nullable_strings=True):
            ad.io.write_elem(group, "frame", frame)
        found = [item.node for item in stored.frame_items(group["frame"], "", "obs")][-1]
        expected = [item.node for item in memory.frame_items(frame, "", "obs")][-1]
        assert isinstance(found, Categorical)
        assert hash_node(found) == hash_node(expected)
        assert describe.column(found, None) == describe.column(expected, None)


@pytest.mark.usefixtures("in_small_blocks")
def test_the_labels_of_many_categories() -> None:
    labels = objects([f"n{i}" for i in range(30)])
    codes = np.array([3, 3, 3, 29, 29, -1], dtype=np.int8)
    found = describe.column(Categorical(Strings(labels), codes, ordered=False), None)
    assert found.n_categories == 30
    assert found.n_null == 1
    assert found.categories is not None
    assert list(found.categories.items())[:3] == [("n3", 3), ("n29", 2), ("n0", 0)]


# -- the whole


def sample(n: int) -> ad.AnnData:
    obs = pd.DataFrame(
        {
            "barcode": objects([f"é{i}" for i in range(n)]),
            "sample": objects([f"s{i % 5}" for i in range(n)]),
        },
        index=[f"cell{i}" for i in range(n - 1)] + ["cell0"],
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ad.AnnData(np.ones((n, 2), dtype=np.float32), obs=obs)


def test_every_way_tells_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        adata = sample(60)
        ad.io.write_h5ad(tmp_path / "a.h5ad", adata, convert_strings_to_categoricals=False)
        ad.io.write_zarr(tmp_path / "a.zarr", adata, convert_strings_to_categoricals=False)

    def inspections() -> list[Any]:
        return [
            H5ad().inspect(tmp_path / "a.h5ad"),
            Zarr().inspect(tmp_path / "a.zarr"),
            H5ad().inspect_object(H5ad().frozen_copy(adata)),
        ]

    at_once = inspections()
    for module in (content, memory, stored):
        monkeypatch.setattr(module, "BLOCK_TEXTS", 7)
    in_blocks = inspections()
    assert in_blocks == at_once
    assert len({found.digest for found in in_blocks}) == 1
    assert in_blocks[0].summary.problems == ["60 cells, 1 name occurs twice: cell0 …"]
    assert in_blocks[0].summary.duplicate_obs_names == 1
    assert in_blocks[0].summary.obs_names_examples == ["cell0", "cell1", "cell2"]


def test_names_that_cannot_be_read_are_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (content, memory, stored):
        monkeypatch.setattr(module, "BLOCK_TEXTS", 7)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sample(60).write_h5ad(tmp_path / "a.h5ad")
    with h5py.File(tmp_path / "a.h5ad", "r+") as file:
        file["obs/_index"][40] = b"\xe9"
    found = H5ad().inspect(tmp_path / "a.h5ad")
    assert found.digest is None
    assert [text for text in found.summary.problems if "obs_names cannot be read" in text]
    assert found.names is not None
    assert not found.names.obs
    assert found.summary.elements["X"].hash is not None


def test_many_names_take_little_memory(tmp_path: Path) -> None:
    """As Python objects they would be 20 MB, and as much again for each step with all of them."""
    n = 300_000
    with h5py.File(tmp_path / "names.h5", "w") as file:
        group = file.create_group("obs")
        group.attrs["_index"], group.attrs["column-order"] = "_index", ["barcode"]
        for key in ("_index", "barcode"):
            data = np.array([b"%s%d" % (key.encode(), i) for i in range(n)])
            element = group.create_dataset(key, (n,), dtype=h5py.string_dtype())
            element[:] = data.astype(object)
            element.attrs["encoding-type"] = "string-array"
    with h5py.File(tmp_path / "names.h5") as file:
        tracemalloc.start()
        try:
            items = stored.frame_items(file["obs"], "", "obs")
            found = inspect_items(items, kind="anndata", format="h5ad")
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert found.summary.elements["obs/barcode"].n_categories == n
    assert found.summary.duplicate_obs_names == 0
    assert found.names is not None
    assert len(found.names.obs) == 8 * n
    assert not found.summary.problems
    assert peak < 30e6
