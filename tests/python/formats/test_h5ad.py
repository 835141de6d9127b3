"""h5ad: what is refused, what is summarised, and that saving leaves the caller's object alone."""

from __future__ import annotations

import copy
import datetime
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from omicshelf.errors import Invalid, MissingPath
from omicshelf.formats.base import LoadRequest
from omicshelf.formats.h5ad import H5ad

FORMAT = H5ad()


def small(**obs: Any) -> ad.AnnData:
    return ad.AnnData(
        np.ones((4, 3), dtype=np.float32), obs=pd.DataFrame(obs, index=[f"c{i}" for i in range(4)])
    )


def save(adata: ad.AnnData, path: Path) -> Path:
    FORMAT.write(FORMAT.frozen_copy(adata), path)
    return path


class TestCheck:
    @pytest.mark.parametrize(
        ("content", "title"),
        [
            (b"", "a.h5ad is not an h5ad file: it is an empty file."),
            (b"\x1f\x8b\x08\x00rest", "a.h5ad is not an h5ad file: it is a gzip file."),
            (b"<html>", "a.h5ad is not an h5ad file: it is a web page (HTML)."),
            (b"\x00\x01\x02", "a.h5ad is not an h5ad file: it is a file of unknown content."),
            (
                b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 39856584\n",
                "a.h5ad is a Git LFS pointer of 39,856,584 bytes, not the data.",
            ),
            (b"\x89HDF\r\n\x1a\n" + b"\xff" * 600, "a.h5ad is damaged and cannot be opened"),
        ],
    )
    def test_other_bytes(self, tmp_path: Path, content: bytes, title: str) -> None:
        path = tmp_path / "a.h5ad"
        path.write_bytes(content)
        for refuse in (FORMAT.check, FORMAT.inspect, lambda p: FORMAT.load(p, LoadRequest())):
            with pytest.raises(Invalid) as caught:
                refuse(path)
            assert caught.value.title.startswith(title)
            assert caught.value.detail

    def test_truncated(self, tmp_path: Path) -> None:
        path = save(small(), tmp_path / "a.h5ad")
        size = path.stat().st_size
        path.write_bytes(path.read_bytes()[: size // 2])
        with pytest.raises(Invalid, match=f"is truncated: {size // 2:,} of its {size:,} bytes"):
            FORMAT.check(path)

    def test_missing_and_folder(self, tmp_path: Path) -> None:
        with pytest.raises(MissingPath):
            FORMAT.check(tmp_path / "none.h5ad")
        with pytest.raises(Invalid, match="is a folder"):
            FORMAT.check(tmp_path)

    @pytest.mark.parametrize(
        ("groups", "title", "remedy"),
        [
            (["mod", "obs", "var"], "it is an h5mu file", "data_format='h5mu'"),
            (["matrix", "row_attrs", "col_attrs"], "it is a loom file", "data_format='loom'"),
            (["matrix/barcodes"], "it is a 10x Genomics h5 file", "data_format='10x_h5'"),
            (["assays", "meta.data"], "it is a Seurat file", "In R"),
            (["0/DATA"], "it is a GCTX file", "data_format='gctx'"),
            (["model_weights"], "it holds model_weights", "data_format='file'"),
            ([], "it holds nothing", "data_format='file'"),
        ],
    )
    def test_other_hdf5(self, tmp_path: Path, groups: list[str], title: str, remedy: str) -> None:
        path = tmp_path / "a.h5ad"
        with h5py.File(path, "w") as file:
            for group in groups:
                file.create_group(group)
        with pytest.raises(Invalid) as caught:
            FORMAT.check(path)
        assert title in caught.value.title
        assert remedy in (caught.value.detail or "")
        assert FORMAT.recognises(path.read_bytes()[:4096], path) is False

    def test_recognises_by_content(self, tmp_path: Path) -> None:
        path = save(small(), tmp_path / "matrix.h5")
        assert FORMAT.recognises(path.read_bytes()[:4096], path) is True
        assert FORMAT.recognises(b"", tmp_path) is False
        assert FORMAT.recognises(b"text", path) is False


class TestSummary:
    def test_facts(self, tmp_path: Path) -> None:
        adata = ad.AnnData(
            np.log1p(np.array([[1, 0, 3], [0, 2, 0], [4, 0, 1], [1, 1, 0]]) / 3, dtype="f4"),
            obs=pd.DataFrame(
                {
                    "louvain": pd.Categorical(["a", "b", "a", None], ["b", "a", "c"]),
                    "n": [1.0, np.nan, 3.0, 4.0],
                    "id": ["w", "x", "y", "z"],
                    "ok": [True, False, True, True],
                    "maybe": pd.array([1, None, 3, 5], dtype="Int64"),
                },
                index=["c1", "c2", "c1", "c3"],
            ),
            var=pd.DataFrame(index=["TP53", "GAPDH", "ACTB"]),
            uns={"title": "x" * 200, "pca": {"variance": np.arange(3.0)}},
        )
        adata.layers["counts"] = sparse.csr_matrix(np.array([[1, 0, 3]] * 4))
        summary = FORMAT.inspect(save(adata, tmp_path / "a.h5ad")).summary
        assert (summary.n_obs, summary.n_vars) == (4, 3)
        assert (summary.x_looks_like, summary.counts_in) == ("log-normalised", "layers/counts")
        assert summary.var_names_kind == "symbol"
        assert (summary.duplicate_obs_names, summary.duplicate_var_names) == (1, 0)
        assert summary.problems == ["4 cells, 1 name occurs twice: c1 …"]
        assert summary.obs_names_examples == ["c1", "c2", "c1"]
        assert summary.lazy
        louvain = summary.elements["obs/louvain"]
        assert (louvain.kind, louvain.dtype, louvain.n_categories) == ("categorical", "string", 3)
        assert (louvain.categories, louvain.n_null) == ({"a": 2, "b": 1, "c": 0}, 1)
        number = summary.elements["obs/n"]
        assert (number.min, number.max, number.n_null) == (1.0, 4.0, 1)
        assert number.mean == pytest.approx(8 / 3)
        assert summary.elements["obs/ok"].categories == {"True": 3, "False": 1}
        assert summary.elements["obs/maybe"].mean == 3.0
        assert summary.elements["obs/id"].preview == "w, x, y, z"
        assert summary.elements["layers/counts"].nnz == 8
        assert summary.elements["uns/pca/variance"].shape == (3,)
        assert len(summary.elements["uns/title"].preview or "") == 80

    def test_categories_are_capped_by_count(self, tmp_path: Path) -> None:
        labels = [f"k{i}" for i in range(150)] + ["k149"]
        adata = ad.AnnData(np.ones((151, 1), dtype="f4"), obs={"k": labels})
        element = FORMAT.inspect(save(adata, tmp_path / "a.h5ad")).summary.elements["obs/k"]
        assert element.n_categories == 150
        assert element.categories is not None
        assert len(element.categories) == 100
        assert next(iter(element.categories.items())) == ("k149", 2)

    def test_many_entries_of_uns_are_counted_not_listed(self, tmp_path: Path) -> None:
        adata = small()
        adata.uns = {f"k{i:04}": i for i in range(400)}
        found = FORMAT.inspect(save(adata, tmp_path / "a.h5ad"))
        assert len([key for key in found.summary.elements if key.startswith("uns/")]) == 300
        assert found.summary.details["uns_not_listed"] == 100
        adata.uns["k0399"] = -1
        assert FORMAT.inspect(save(adata, tmp_path / "b.h5ad")).digest != found.digest

    def test_parts_that_do_not_fit_are_problems(self, tmp_path: Path) -> None:
        path = save(small(n=[1, 2, 3, 4]), tmp_path / "a.h5ad")
        with h5py.File(path, "r+") as file:
            attributes = dict(file["obs/n"].attrs)
            del file["obs/n"]
            file["obs"].create_dataset("n", data=[1, 2]).attrs.update(attributes)
        problems = FORMAT.inspect(path).summary.problems
        assert problems == ["obs/n has shape 2, which does not fit the 4 obs names"]

    def test_older_encoding_is_loaded(self, tmp_path: Path) -> None:
        path = save(small(n=[1, 2, 3, 4]), tmp_path / "a.h5ad")
        expected = FORMAT.inspect(path)
        with h5py.File(path, "r+") as file:
            del file.attrs["encoding-type"]
            del file.attrs["encoding-version"]
        found = FORMAT.inspect(path)
        assert found.digest == expected.digest
        assert not found.summary.lazy
        assert "Load it and save it once" in (found.summary.lazy_reason or "")
        with pytest.raises(Invalid, match="cannot be read lazily"):
            FORMAT.load(path, LoadRequest(lazy=True))
        part = FORMAT.load(path, LoadRequest(obs="n > 2", obs_columns=["n"]))
        assert list(part.obs_names) == ["c2", "c3"]


class TestFrozenCopy:
    def test_the_callers_object_is_not_changed(self, tmp_path: Path) -> None:
        adata = small(text=["a", "b", "a", "b"], string=pd.array(["a", "b", "c", "d"], "string"))
        adata.uns["nested"] = {"list": ["a"], "frame": pd.DataFrame({"x": [1]})}
        adata.raw = adata.copy()
        before = copy.deepcopy(adata)
        save(adata, tmp_path / "a.h5ad")
        assert adata.obs.dtypes.to_dict() == before.obs.dtypes.to_dict()
        pd.testing.assert_frame_equal(adata.obs, before.obs)
        assert adata.uns["nested"]["list"] == ["a"]
        assert adata.raw.var.equals(before.raw.var)

    def test_arrays_are_shared_and_columns_are_not(self) -> None:
        adata = small(n=[1, 2, 3, 4])
        frozen = FORMAT.frozen_copy(adata)
        assert frozen.X is adata.X
        adata.obs["n"] = 0
        adata.uns["later"] = 1
        assert list(frozen.obs["n"]) == [1, 2, 3, 4]
        assert "later" not in frozen.uns

    def test_a_view_stays_a_view(self, tmp_path: Path) -> None:
        adata = small(text=["a", "b", "a", "b"])
        view = adata[[2, 0]]
        path = save(view, tmp_path / "a.h5ad")
        assert view.is_view
        assert list(ad.read_h5ad(path).obs_names) == ["c2", "c0"]

    def test_backed(self, tmp_path: Path) -> None:
        path = save(small(text=["a", "b", "a", "b"]), tmp_path / "a.h5ad")
        backed = ad.read_h5ad(path, backed="r")
        other = save(backed, tmp_path / "b.h5ad")
        assert backed.isbacked
        assert backed.filename == path
        assert FORMAT.inspect(other) == FORMAT.inspect(path)

    def test_inspected_while_it_is_written(self, tmp_path: Path) -> None:
        adata = ad.AnnData(sparse.random(3000, 200, 0.1, "csr", dtype="f4", random_state=0))
        adata.obs["text"] = np.resize(["a", "b"], 3000)
        frozen = FORMAT.frozen_copy(adata)
        found: list[Any] = []
        thread = threading.Thread(target=lambda: found.append(FORMAT.inspect_object(frozen)))
        thread.start()
        FORMAT.write(frozen, tmp_path / "a.h5ad")
        thread.join()
        assert found == [FORMAT.inspect(tmp_path / "a.h5ad")]

    def test_accepts_anndata_only(self) -> None:
        class Subclass(ad.AnnData):
            pass

        assert FORMAT.accepts(small())
        assert FORMAT.accepts(Subclass(np.ones((1, 1))))
        assert not FORMAT.accepts(pd.DataFrame())


def in_obs(values: Any) -> Callable[[ad.AnnData], None]:
    def change(adata: ad.AnnData) -> None:
        adata.obs["date"] = values

    return change


def in_uns(value: Any, key: Any = "k") -> Callable[[ad.AnnData], None]:
    return lambda adata: adata.uns.__setitem__(key, value)


class TestRefusals:
    @pytest.mark.parametrize(
        ("change", "title", "remedy"),
        [
            (in_obs(pd.date_range("2024", periods=4)), "obs column 'date' holds datetimes", "str"),
            (in_obs(pd.period_range("2024", periods=4)), "'date' holds datetimes", "astype(str)"),
            (in_obs(pd.to_timedelta(range(4))), "'date' holds time spans", "number of seconds"),
            (in_obs(pd.array([1.5, None, 2, 3], "Float64")), "nullable floats", "astype(float)"),
            (in_obs([1, "a", 2.5, "b"]), "values of different types (mixed", "astype(str)"),
            (in_obs([True, None, False, True]), "booleans kept as objects", 'astype("boolean")'),
            (in_obs([None] * 4), "no value at all", "drop it"),
            (
                in_obs(pd.Categorical(pd.date_range("2024", periods=4))),
                "categories that are neither all text nor numbers",
                "astype(str)",
            ),
            (in_uns((1, 2)), "uns['k'] holds a tuple", "list("),
            (in_uns({1, 2}), "uns['k'] holds a set", "sorted("),
            (in_uns({"deep": {"set": {1}}}), "uns['k']['deep']['set'] holds a set", "sorted("),
            (in_uns(pd.Series([1])), "uns['k'] holds a pandas Series", ".to_numpy()"),
            (in_uns(datetime.datetime(2024, 1, 1)), "a date and time", ".isoformat()"),
            (in_uns(b"x"), "uns['k'] holds bytes", "decode"),
            (in_uns(2**80), "more than 64 bits", "str("),
            (in_uns([[1], [1, 2]]), "lists of different lengths", "dict"),
            (in_uns(np.array(["a", None], dtype=object)), "text with missing values", "fillna"),
            (in_uns({1: "a"}), "uns['k'] has the key 1, which is no text", "'1'"),
            (in_uns(1, "a/b"), "uns has the key 'a/b'", "no '/'"),
            (in_uns({"..": 1}), "uns['k'] has the key '..'", "rename"),
            (in_uns(pd.DataFrame({"d": [pd.Timestamp(0)]})), "'d' holds datetimes", "astype(str)"),
            (in_uns(sparse.coo_matrix(np.eye(3))), "a sparse matrix in COO layout", ".tocsr()"),
            (lambda a: a.obs.insert(0, "a/b", 1), "obs has the key 'a/b'", "rename"),
            (lambda a: a.obs.insert(0, "_index", 1), "obs has a column named '_index'", "rename"),
        ],
    )
    def test_what_an_h5ad_file_cannot_hold(
        self, change: Callable[[ad.AnnData], None], title: str, remedy: str
    ) -> None:
        adata = small()
        change(adata)
        with pytest.raises(Invalid) as caught:
            FORMAT.frozen_copy(adata)
        assert title in caught.value.title
        assert remedy in (caught.value.detail or "")

    def test_index_name_of_another_column(self) -> None:
        adata = small(barcode=["w", "x", "y", "z"])
        adata.obs.index.name = "barcode"
        with pytest.raises(Invalid, match="called 'barcode', and so is one of its columns"):
            FORMAT.frozen_copy(adata)

    def test_what_only_the_writer_finds(self, tmp_path: Path) -> None:
        adata = small()
        adata.uns["text"] = "a\0b"
        with pytest.raises(Invalid) as caught:
            save(adata, tmp_path / "a.h5ad")
        assert caught.value.title.startswith("uns/text cannot be written to an HDF5 file: ")

    def test_no_space_is_no_fault_of_the_data(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            save(small(), tmp_path / "no folder" / "a.h5ad")


def test_nullable_text_in_tables_is_kept(tmp_path: Path) -> None:
    adata = small()
    adata.uns["t"] = pd.DataFrame({"s": pd.array(["a", None], dtype="string")})
    found = ad.read_h5ad(save(adata, tmp_path / "a.h5ad"))
    assert found.uns["t"]["s"].isna().tolist() == [False, True]


def test_backed_and_lazy(tmp_path: Path) -> None:
    path = save(small(), tmp_path / "a.h5ad")
    backed = FORMAT.load(path, LoadRequest(backed=True))
    assert backed.isbacked
    assert backed.file._filemode == "r"
    backed.file.close()


class TestDamage:
    """Whatever is missing or replaced in a file: a refusal or a problem, never anything else."""

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        adata = small(n=[1, 2, 3, 4], kind=["a", "b", "a", "b"])
        adata.X = sparse.csr_matrix(adata.X)
        adata.layers["csc"] = sparse.csc_matrix(adata.X)
        adata.obsm["X_pca"] = np.ones((4, 2))
        adata.uns["nested"] = {"title": "x"}
        adata.raw = adata.copy()
        return save(adata, tmp_path / "a.h5ad")

    def outcomes(self, path: Path) -> set[str]:
        told = set()
        for call in (
            FORMAT.inspect,
            lambda p: FORMAT.load(p, LoadRequest()),
            lambda p: FORMAT.load(p, LoadRequest(obs=[1, 3], var=[0])),
        ):
            try:
                call(path)
            except Invalid as error:
                told.add(f"{error.title} {error.detail or 'NO REMEDY'}")
        assert not any("NO REMEDY" in text for text in told)
        return told

    def test_missing_or_replaced_elements(self, path: Path) -> None:
        plain = path.read_bytes()
        names: list[str] = []
        with h5py.File(path, "r") as file:
            file.visit(names.append)
        refused = 0
        for name in names:
            with h5py.File(path, "r+") as file:
                attributes = dict(file[name].attrs)
                del file[name]
            refused += bool(self.outcomes(path))
            with h5py.File(path, "r+") as file:
                file[name] = [7, 8, 9]
                file[name].attrs.update(attributes)
            refused += bool(self.outcomes(path))
            path.write_bytes(plain)
        assert refused > len(names)

    def test_missing_or_replaced_attributes(self, path: Path) -> None:
        plain = path.read_bytes()
        with h5py.File(path, "r") as file:
            names = ["/"]
            file.visit(names.append)
            keys = [(name, key) for name in names for key in file[name].attrs]
        refused = 0
        for name, key in keys:
            with h5py.File(path, "r+") as file:
                file[name].attrs[key] = 7
            refused += bool(self.outcomes(path))
            path.write_bytes(plain)
        assert refused > len(keys) / 2

    @pytest.mark.parametrize("index", [-1, 3, 2**31 - 1])
    def test_indices_outside_of_the_matrix(self, path: Path, index: int) -> None:
        with h5py.File(path, "r+") as file:
            file["X/indices"][0] = index
        found = FORMAT.inspect(path)
        assert found.digest is None
        assert any("an index outside of its shape (4, 3)" in p for p in found.summary.problems)
        with pytest.raises(Invalid, match="an index outside of its shape"):
            FORMAT.load(path, LoadRequest(obs=[0], var=[1]))


def test_damaged_file_is_refused_on_load(tmp_path: Path) -> None:
    path = save(small(), tmp_path / "a.h5ad")
    with h5py.File(path, "r+") as file:
        del file["obs/_index"]
    with pytest.raises(Invalid, match="cannot be read as an AnnData"):
        FORMAT.load(path, LoadRequest())
    assert FORMAT.inspect(path).digest is None
