"""h5mu: digest, summary and parts of MuData, and what of it is derived."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest

from omicshelf.errors import Invalid
from omicshelf.formats.base import LoadRequest
from omicshelf.formats.h5ad import H5ad
from omicshelf.formats.h5mu import H5mu

mudata = pytest.importorskip("mudata")
pytestmark = pytest.mark.filterwarnings("ignore")
FORMAT = H5mu()


def example() -> Any:
    rng = np.random.default_rng(0)
    cells = [f"c{i}" for i in range(8)]
    rna = ad.AnnData(
        rng.poisson(2, (8, 4)).astype("f4"),
        obs=pd.DataFrame({"n": range(8), "kind": ["a", "b"] * 4}, index=cells),
        var=pd.DataFrame({"type": "gene"}, index=["TP53", "GAPDH", "ACTB", "MT-CO1"]),
    )
    rna.raw = rna.copy()
    protein = ad.AnnData(
        rng.normal(size=(6, 2)),
        obs=pd.DataFrame({"n": range(6)}, index=cells[:6]),
        var=pd.DataFrame({"type": "protein"}, index=["CD3", "CD4"]),
    )
    mdata = mudata.MuData({"rna": rna, "protein": protein})
    mdata.obs["batch"] = pd.Categorical(["x", "y"] * 4)
    mdata.obsm["X_umap"] = rng.random((8, 2))
    mdata.uns["title"] = "both"
    return mdata


def save(mdata: Any, path: Path) -> Path:
    FORMAT.write(FORMAT.frozen_copy(mdata), path)
    return path


def digest_of(mdata: Any) -> str:
    found = FORMAT.inspect_object(FORMAT.frozen_copy(mdata))
    assert found is not None
    assert found.digest is not None
    return found.digest


def test_memory_equals_its_file(tmp_path: Path) -> None:
    mdata = example()
    frozen = FORMAT.frozen_copy(mdata)
    path = save(mdata, tmp_path / "a.h5mu")
    found = FORMAT.inspect(path)
    assert found == FORMAT.inspect_object(frozen)
    assert found.digest == digest_of(mdata)
    loaded = FORMAT.load(path, LoadRequest())
    assert digest_of(loaded) == found.digest
    assert FORMAT.inspect(save(loaded, tmp_path / "b.h5mu")).digest == found.digest


@pytest.mark.parametrize("pull", [None, False, True])
def test_equals_the_file_of_mudatas_own_writer(tmp_path: Path, pull: bool | None) -> None:
    expected = digest_of(example())
    with mudata.set_options(pull_on_update=pull):
        mdata = example()
        mudata.write_h5mu(tmp_path / "a.h5mu", mdata, compression="gzip")
        assert digest_of(mdata) == expected
        assert FORMAT.inspect(tmp_path / "a.h5mu").digest == expected
        assert digest_of(mudata.read_h5mu(tmp_path / "a.h5mu")) == expected


def test_our_file_is_readable_as_mudatas(tmp_path: Path) -> None:
    path = save(example(), tmp_path / "a.h5mu")
    found = mudata.read_h5mu(path)
    assert list(found.mod) == ["rna", "protein"]
    assert found.axis == 0
    np.testing.assert_array_equal(found["rna"].X, example()["rna"].X)
    np.testing.assert_array_equal(found["rna"].raw.X, example()["rna"].raw.X)


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m["rna"].X.__setitem__((0, 0), 99),
        lambda m: m["protein"].obs.__setitem__("n", 0),
        lambda m: m.obs.__setitem__("batch", "z"),
        lambda m: m.obsm["X_umap"].__setitem__((0, 0), 9.0),
        lambda m: m.uns.__setitem__("title", "other"),
        lambda m: m.mod.__setitem__("other", m.mod.pop("protein")),
        # Equal to the modality's own it would be no content; changed, it is.
        lambda m: m.obs.__setitem__("rna:n", range(1, 9)),
    ],
)
def test_differs_after_a_change(change: Any) -> None:
    mdata = example()
    change(mdata)
    assert digest_of(mdata) != digest_of(example())


def test_a_changed_repetition_is_written(tmp_path: Path) -> None:
    mdata = example()
    mdata.obs["rna:n"] = np.arange(1, 9)
    path = save(mdata, tmp_path / "a.h5mu")
    with h5py.File(path, "r") as file:
        assert list(file["obs/rna:n"][()]) == list(range(1, 9))
        assert "protein:n" not in file["obs"]


def test_summary() -> None:
    found = FORMAT.inspect_object(FORMAT.frozen_copy(example()))
    assert found is not None
    summary = found.summary
    assert (summary.kind, summary.n_obs, summary.n_vars) == ("mudata", 8, 6)
    assert summary.counts_in == "mod/rna/raw/X"
    assert summary.details["modalities"]["rna"]["x_looks_like"] == "counts"
    assert summary.details["modalities"]["protein"]["x_looks_like"] == "scaled"
    assert summary.elements["mod/protein/X"].shape == (6, 2)
    assert "obs/batch" in summary.elements
    assert "obsm/rna" not in summary.elements
    assert "obs/rna:n" not in summary.elements
    assert not summary.lazy


def test_the_callers_object_is_not_changed(tmp_path: Path) -> None:
    mdata = example()
    columns = list(mdata.obs.columns)
    save(mdata, tmp_path / "a.h5mu")
    assert list(mdata.obs.columns) == columns
    assert mdata["rna"].obs["kind"].dtype == object


def test_rows(tmp_path: Path) -> None:
    path = save(example(), tmp_path / "a.h5mu")
    found = FORMAT.load(path, LoadRequest(obs="batch == 'x'"))
    assert list(found.obs_names) == ["c0", "c2", "c4", "c6"]
    assert found["protein"].n_obs == 3
    assert list(FORMAT.load(path, LoadRequest(obs=["c3", "c1"])).obs_names) == ["c3", "c1"]


@pytest.mark.parametrize(
    ("request_", "title"),
    [
        (LoadRequest(lazy=True), "lazy= is not possible for MuData."),
        (LoadRequest(layers=["a"]), "layers= is not possible for MuData."),
        (LoadRequest(as_="anndata"), "as_='anndata' is not possible for MuData."),
        (LoadRequest(obs="c77"), "The query 'c77'"),
    ],
)
def test_refused_parts(tmp_path: Path, request_: LoadRequest, title: str) -> None:
    path = save(example(), tmp_path / "a.h5mu")
    with pytest.raises(Invalid) as caught:
        FORMAT.load(path, request_)
    assert caught.value.title.startswith(title)


def test_refused_content_names_the_modality() -> None:
    mdata = example()
    mdata["rna"].obs["date"] = pd.date_range("2024", periods=8)
    with pytest.raises(Invalid, match=r"mod\['rna'\].obs column 'date' holds datetimes"):
        FORMAT.frozen_copy(mdata)


def test_told_from_other_formats(tmp_path: Path) -> None:
    path = save(example(), tmp_path / "a.h5mu")
    head = path.read_bytes()[:4096]
    assert FORMAT.recognises(head, path) is True
    assert H5ad().recognises(head, path) is False
    with pytest.raises(Invalid, match="it is an h5mu file"):
        H5ad().check(path)
    assert FORMAT.accepts(example())
    assert not FORMAT.accepts(example()["rna"])
