"""Real annotated files against what independent tools found in them."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from omicshelf.errors import Invalid
from omicshelf.formats.base import Format, Inspection, LoadRequest
from omicshelf.formats.h5ad import H5ad
from omicshelf.formats.h5mu import H5mu
from omicshelf.formats.loom import Loom
from omicshelf.formats.tenx import TenxFolder, TenxH5
from omicshelf.formats.zarrstore import Zarr
from suite import DATA, EXPECTED

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.skipif(not EXPECTED, reason="no folder of real files: set CONFORMANCE"),
]

H5AD = H5ad()


def named(folder: str, ending: str) -> list[str]:
    found = [name for name in EXPECTED if name.startswith(f"{folder}/") and name.endswith(ending)]
    return sorted(found) or ["none"]


REFUSED = {
    "h5ad/lfs_pointer_pbmc3k.h5ad": (
        "lfs_pointer_pbmc3k.h5ad is a Git LFS pointer of 39,856,584 bytes, not the data.",
        "git lfs pull",
    ),
    "h5ad/scp_ingest_bad.h5": (
        "scp_ingest_bad.h5 is truncated: 240,602 of its 243,544 bytes are there.",
        "get the file again",
    ),
}
READABLE = [name for name in named("h5ad", ".h5ad") if name not in REFUSED]
COUNTS = {
    "anndata_archive_v0.7.0": "raw/X",
    "cellxgene_small_uuidname": "X",
    "cxg_schema_example_valid": "raw/X",
    "scp_core_invalid_annotation_name_period": "raw/X",
    "scp_core_invalid_header_no_species": "raw/X",
    "scp_core_valid": "raw/X",
    "scp_core_valid_extended_taxon": "raw/X",
    "scp_ingest_anndata_boolean_test": "raw/X",
    "scp_ingest_anndata_test": "raw/X",
    "scp_ingest_dup_cell": "X",
    "scp_ingest_test": "X",
}


def facts_of(matrix: Any) -> dict[str, Any] | None:
    if matrix is None:
        return None
    values = matrix.data if sparse.issparse(matrix) else np.asarray(matrix)
    return {
        "nan": int(np.isnan(values).sum()),
        "nnz": int(np.count_nonzero(values)),
        "sum": pytest.approx(float(values.sum(dtype=np.float64)), rel=1e-6),
    }


def in_memory(fmt: Format, obj: Any) -> Inspection:
    found = fmt.inspect_object(fmt.frozen_copy(obj))
    assert found is not None
    return found


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    title, remedy = REFUSED[name]
    for call in (H5AD.check, H5AD.inspect, lambda p: H5AD.load(p, LoadRequest())):
        with pytest.raises(Invalid) as caught:
            call(DATA / name)
        assert caught.value.title == title
        assert remedy in (caught.value.detail or "")


@pytest.mark.parametrize("name", READABLE)
class TestH5ad:
    def test_load(self, name: str) -> None:
        expected = EXPECTED[name]
        adata = H5AD.load(DATA / name, LoadRequest())
        assert adata.shape == (expected["n_obs"], expected["n_vars"])
        assert facts_of(adata.X) == expected["X"]
        assert list(adata.obs.columns) == expected["obs_columns"]
        assert list(adata.var.columns) == expected["var_columns"]
        assert {k: list(v.shape) for k, v in adata.obsm.items()} == expected["obsm"]
        assert (adata.raw is not None) == expected["has_raw"]

    def test_inspect(self, name: str) -> None:
        expected = EXPECTED[name]
        summary = H5AD.inspect(DATA / name).summary
        elements = summary.elements
        assert (summary.n_obs, summary.n_vars) == (expected["n_obs"], expected["n_vars"])
        assert summary.obs_names_examples == expected["obs_names_first3"]
        assert summary.var_names_examples == expected["var_names_first3"]
        assert (summary.duplicate_obs_names == 0) == expected["obs_names_unique"]
        for slot in ("obs", "var"):
            keys = [key for key in elements if key.startswith(f"{slot}/")]
            assert sorted(keys) == sorted(f"{slot}/{key}" for key in expected[f"{slot}_columns"])
        for slot in ("obsm", "obsp", "layers", "varm"):
            keys = [key for key in elements if key.startswith(f"{slot}/")]
            assert sorted(keys) == sorted(f"{slot}/{key}" for key in expected[slot])
        for key, (n_categories, n_null) in expected["obs_categories"].items():
            found = elements[f"obs/{key}"]
            assert (found.n_categories, found.n_null) == (n_categories, n_null), key
        if expected["X"] is None:
            assert "X" not in elements
        else:
            assert elements["X"].dtype == expected["X_dtype"]
        assert summary.counts_in == COUNTS.get(Path(name).stem)

    def test_one_digest_wherever_the_content_is(self, name: str, tmp_path: Path) -> None:
        digest = H5AD.inspect(DATA / name).digest
        adata = H5AD.load(DATA / name, LoadRequest())
        frozen = H5AD.frozen_copy(adata)
        H5AD.write(frozen, tmp_path / "a.h5ad")
        frozen.write_h5ad(tmp_path / "gzip.h5ad", compression="gzip")
        frozen.write_zarr(tmp_path / "a.zarr")
        assert digest is not None
        assert in_memory(H5AD, adata).digest == digest
        assert H5AD.inspect(tmp_path / "a.h5ad") == in_memory(H5AD, adata)
        assert H5AD.inspect(tmp_path / "gzip.h5ad").digest == digest
        assert Zarr().inspect(tmp_path / "a.zarr").digest == digest
        again = ad.read_h5ad(tmp_path / "a.h5ad")
        assert in_memory(H5AD, again).digest == digest

    def test_part_equals_indexing(self, name: str) -> None:
        whole = H5AD.load(DATA / name, LoadRequest())
        if not whole.obs_names.is_unique:
            pytest.skip("names occur twice: a part by names takes every one of them")
        rows = list(whole.obs_names[[whole.n_obs - 1, 0]])
        genes = list(whole.var_names[[2, 0, 1]])
        part = H5AD.load(DATA / name, LoadRequest(obs=rows, var=genes))
        assert in_memory(H5AD, part).digest == in_memory(H5AD, whole[rows, genes].copy()).digest


def test_known_files() -> None:
    found = H5AD.inspect(DATA / "h5ad/pbmc68k_reduced.h5ad").summary
    assert (found.x_looks_like, found.var_names_kind, found.lazy) == ("scaled", "symbol", False)
    assert H5AD.inspect(DATA / "h5ad/scp_ingest_dup_cell.h5ad").summary.problems == [
        "41 cells, 1 name occurs twice: AA …"
    ]
    by_id = H5AD.inspect(DATA / "h5ad/scp_ingest_indexed_by_gene_id.h5ad").summary
    assert by_id.var_names_kind == "ensembl"
    archive = H5AD.inspect(DATA / "h5ad/anndata_archive_v0.5.0.h5ad")
    assert archive.digest == H5AD.inspect(DATA / "h5ad/pbmc68k_reduced.h5ad").digest


@pytest.mark.parametrize("name", named("h5mu", ".h5mu"))
def test_h5mu(name: str, tmp_path: Path) -> None:
    expected, fmt = EXPECTED[name], H5mu()
    found = fmt.inspect(DATA / name)
    assert [found.summary.n_obs, found.summary.n_vars] == expected["shape"]
    mdata = fmt.load(DATA / name, LoadRequest())
    assert int(mdata.axis) == expected["axis"]
    assert {key: list(mod.shape) for key, mod in mdata.mod.items()} == expected["mods"]
    assert {key: facts_of(mod.X) for key, mod in mdata.mod.items()} == expected["modX"]
    for key, shape in expected["mods"].items():
        assert found.summary.elements[f"mod/{key}/X"].shape == tuple(shape)
    columns = [key for key in found.summary.elements if key.startswith("obs/")]
    assert columns == [f"obs/{key}" for key in expected["obs_columns"]]
    fmt.write(fmt.frozen_copy(mdata), tmp_path / "a.h5mu")
    assert found.digest is not None
    assert in_memory(fmt, mdata).digest == found.digest
    assert fmt.inspect(tmp_path / "a.h5mu").digest == found.digest
    again = fmt.load(tmp_path / "a.h5mu", LoadRequest())
    assert in_memory(fmt, again).digest == found.digest
    assert H5AD.recognises((DATA / name).read_bytes()[:4096], DATA / name) is False


@pytest.mark.parametrize("name", named("loom", ".loom"))
def test_loom(name: str) -> None:
    expected, fmt = EXPECTED[name], Loom()
    n_genes, n_cells = expected["matrix_shape"]
    adata = fmt.load(DATA / name, LoadRequest())
    assert adata.shape == (n_cells, n_genes)
    assert float(adata.X.sum()) == expected["sum"]
    found = fmt.inspect(DATA / name)
    assert (found.summary.n_obs, found.summary.n_vars) == (n_cells, n_genes)
    assert found.digest == in_memory(H5AD, adata).digest


@pytest.mark.parametrize("name", named("zarr", ".zip"))
def test_zarr(name: str) -> None:
    expected, fmt = EXPECTED[name], Zarr()
    found = fmt.inspect(DATA / name)
    adata = fmt.load(DATA / name, LoadRequest())
    assert [found.summary.n_obs, found.summary.n_vars] == [expected["n_obs"], expected["n_vars"]]
    assert facts_of(adata.X) == expected["X"]
    assert list(adata.obs.columns) == expected["obs_columns"]
    assert found.digest == in_memory(H5AD, adata).digest
    assert fmt.recognises((DATA / name).read_bytes()[:4096], DATA / name) is True


@pytest.mark.parametrize("name", named("tenx", ".h5"))
def test_tenx_h5(name: str) -> None:
    expected, fmt = EXPECTED[name], TenxH5()
    found = fmt.inspect(DATA / name)
    assert fmt.recognises((DATA / name).read_bytes()[:4096], DATA / name) is True
    if expected["layout"] == "v2":
        assert found.summary.details["genomes"] == sorted(expected["genomes"])
        if len(expected["genomes"]) > 1:
            with pytest.raises(Invalid, match="holds 2 genomes: another_genome, hg19_chr21"):
                fmt.load(DATA / name, LoadRequest())
        for genome, facts in expected["genomes"].items():
            adata = fmt.load(DATA / name, LoadRequest(options={"genome": genome}))
            assert list(adata.shape[::-1]) == facts["shape"]
            assert (adata.X.nnz, float(adata.X.sum())) == (facts["nnz"], facts["sum"])
        return
    adata = fmt.load(DATA / name, LoadRequest())
    assert list(adata.shape[::-1]) == expected["shape_genes_cells"]
    assert (adata.X.nnz, float(adata.X.sum())) == (expected["nnz"], expected["sum"])
    assert {"gene_ids", "feature_types", "genome"} <= set(adata.var.columns)
    assert found.digest == in_memory(H5AD, adata).digest
    assert found.summary.counts_in == "X"


@pytest.mark.parametrize(
    "name", [name for name in named("tenx", "") if Path(name).name.startswith("matrix.mtx")]
)
def test_tenx_folder(name: str) -> None:
    expected, fmt, folder = EXPECTED[name], TenxFolder(), (DATA / name).parent
    assert fmt.recognises(b"", folder) is True
    adata = fmt.load(folder, LoadRequest())
    assert list(adata.shape[::-1]) == expected["shape"]
    assert (adata.X.nnz, float(adata.X.sum())) == (expected["nnz"], expected["sum"])
    assert fmt.inspect(folder).digest == in_memory(H5AD, adata).digest
    assert adata.var_names.is_unique


def test_tenx_folder_and_h5_of_one_run_agree() -> None:
    root = DATA / "tenx/scanpy_10x_data"
    folder = TenxFolder().load(root / "3.0.0/filtered_feature_bc_matrix", LoadRequest())
    h5 = TenxH5().load(root / "3.0.0/filtered_feature_bc_matrix.h5", LoadRequest())
    assert (folder.X != h5.X).nnz == 0
    pd.testing.assert_frame_equal(folder.var, h5.var[["gene_ids", "feature_types"]])


@pytest.mark.parametrize(
    ("matrix", "title"),
    [
        ("matrix.mtx", "is truncated: 23 lines that its header announces are missing."),
        ("unsorted_mtx.mtx", "has more lines than its header announces."),
    ],
)
def test_tenx_matrices_that_are_damaged(matrix: str, title: str, tmp_path: Path) -> None:
    for part in (matrix, "genes.tsv", "barcodes.tsv"):
        name = "matrix.mtx" if part == matrix else part
        source = DATA / f"tenx/scp_AB_toy_data_toy.{part}"
        (tmp_path / f"toy.{name}").write_bytes(source.read_bytes())
    for call in (TenxFolder().inspect, lambda p: TenxFolder().load(p, LoadRequest())):
        with warnings.catch_warnings(), pytest.raises(Invalid) as caught:
            call(tmp_path)
        assert caught.value.title == f"toy.matrix.mtx {title}"
