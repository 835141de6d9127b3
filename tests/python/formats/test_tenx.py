"""10x Genomics h5 files and matrix folders."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from scipy import sparse
from scipy.io import mmwrite

from omicshelf.errors import Invalid
from omicshelf.formats.base import LoadRequest
from omicshelf.formats.h5ad import H5ad
from omicshelf.formats.tenx import TenxFolder, TenxH5

H5, FOLDER = TenxH5(), TenxFolder()
COUNTS = np.random.default_rng(0).poisson(0.7, (6, 4))  # genes x cells
SYMBOLS = ["TP53", "GAPDH", "ACTB", "GAPDH", "CD3E", "MT-CO1"]
IDS = [f"ENSG{i:011d}" for i in range(6)]
CELLS = [f"AAAC{i}-1" for i in range(4)]


def write_matrix(group: h5py.Group) -> None:
    matrix = sparse.csc_matrix(COUNTS)
    group["data"] = matrix.data.astype("i4")
    group["indices"] = matrix.indices.astype("i8")
    group["indptr"] = matrix.indptr.astype("i8")
    group["shape"] = np.array(COUNTS.shape, dtype="i4")
    group["barcodes"] = np.array(CELLS, dtype="S")


@pytest.fixture
def v3(tmp_path: Path) -> Path:
    path = tmp_path / "v3.h5"
    with h5py.File(path, "w") as file:
        group = file.create_group("matrix")
        write_matrix(group)
        group["features/id"] = np.array(IDS, dtype="S")
        group["features/name"] = np.array(SYMBOLS, dtype="S")
        group["features/feature_type"] = np.array(["Gene Expression"] * 6, dtype="S")
        group["features/genome"] = np.array(["GRCh38"] * 4 + ["mm10"] * 2, dtype="S")
        group["features/interval"] = np.array([f"chr1:{i}-9" for i in range(6)], dtype="S")
        group["features/_all_tag_keys"] = np.array(["genome"], dtype="S")
    return path


@pytest.fixture
def v2(tmp_path: Path) -> Path:
    path = tmp_path / "v2.h5"
    with h5py.File(path, "w") as file:
        for genome in ("hg19", "mm10"):
            group = file.create_group(genome)
            write_matrix(group)
            group["genes"] = np.array(IDS, dtype="S")
            group["gene_names"] = np.array(SYMBOLS, dtype="S")
    return path


def write_folder(
    folder: Path, *, prefix: str = "", packed: bool = False, old: bool = False
) -> Path:
    folder.mkdir()
    mmwrite(folder / f"{prefix}matrix.mtx", sparse.coo_matrix(COUNTS))
    lines = zip(IDS, SYMBOLS, strict=True)
    if old:
        text = "".join(f"{i}\t{s}\n" for i, s in lines)
    else:
        text = "".join(f"{i}\t{s}\tGene Expression\n" for i, s in lines)
    (folder / f"{prefix}{'genes' if old else 'features'}.tsv").write_text(text)
    (folder / f"{prefix}barcodes.tsv").write_text("".join(f"{c}\n" for c in CELLS))
    if packed:
        for path in list(folder.iterdir()):
            path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))
            path.unlink()
    return folder


def digest_of(adata: Any) -> str | None:
    found = H5ad().inspect_object(H5ad().frozen_copy(adata))
    assert found is not None
    return found.digest


class TestH5:
    def test_v3(self, v3: Path) -> None:
        adata = H5.load(v3, LoadRequest())
        np.testing.assert_array_equal(adata.X.toarray(), COUNTS.T)
        assert adata.X.dtype == np.float32
        assert list(adata.var_names) == ["TP53", "GAPDH", "ACTB", "GAPDH-1", "CD3E", "MT-CO1"]
        assert list(adata.var.columns) == ["gene_ids", "feature_types", "genome", "interval"]
        assert list(adata.obs_names) == CELLS
        found = H5.inspect(v3)
        assert found.digest == digest_of(adata)
        assert found.summary.counts_in == "X"
        assert "1 gene symbol repeats" in found.summary.details["var_names_made_unique"]

    def test_parts(self, v3: Path) -> None:
        part = H5.load(v3, LoadRequest(obs=[2, 0], var=["CD3E", "TP53"]))
        np.testing.assert_array_equal(part.X.toarray(), COUNTS.T[[2, 0]][:, [4, 0]])
        mouse = H5.load(v3, LoadRequest(options={"genome": "mm10"}))
        assert list(mouse.var_names) == ["CD3E", "MT-CO1"]
        with pytest.raises(Invalid, match="There is no genome 'dm6'") as caught:
            H5.load(v3, LoadRequest(options={"genome": "dm6"}))
        assert "GRCh38, mm10" in (caught.value.detail or "")

    def test_v2_of_several_genomes(self, v2: Path) -> None:
        with pytest.raises(Invalid, match="holds 2 genomes: hg19, mm10") as caught:
            H5.load(v2, LoadRequest())
        assert "load(genome='hg19')" in (caught.value.detail or "")
        adata = H5.load(v2, LoadRequest(options={"genome": "mm10"}))
        np.testing.assert_array_equal(adata.X.toarray(), COUNTS.T)
        summary = H5.inspect(v2).summary
        assert summary.details["genomes"] == ["hg19", "mm10"]
        assert summary.details["modalities"]["mm10"]["n_obs"] == 4
        with h5py.File(v2, "r+") as file:
            del file["hg19"]
        assert H5.load(v2, LoadRequest()).shape == (4, 6)
        assert H5.inspect(v2).summary.n_obs == 4

    def test_refused(self, v3: Path) -> None:
        with pytest.raises(Invalid, match="There is no option 'genom'"):
            H5.load(v3, LoadRequest(options={"genom": "x"}))
        with pytest.raises(Invalid, match="backed=True is not possible for 10x data"):
            H5.load(v3, LoadRequest(backed=True))
        with pytest.raises(Invalid, match="it is a 10x Genomics h5 file"):
            H5ad().check(v3)
        with h5py.File(v3, "r+") as file:
            del file["matrix/barcodes"]
            file["matrix/barcodes"] = np.array(CELLS[:3], dtype="S")
        with pytest.raises(Invalid, match="6 gene names and 3 barcodes"):
            H5.inspect(v3)

    def test_recognised_by_content(self, v2: Path, v3: Path, tmp_path: Path) -> None:
        for path in (v2, v3):
            assert H5.recognises(path.read_bytes()[:4096], path) is True
        with h5py.File(tmp_path / "other.h5", "w") as file:
            file["x"] = 1
        head = (tmp_path / "other.h5").read_bytes()[:4096]
        assert H5.recognises(head, tmp_path / "other.h5") is False


class TestFolder:
    @pytest.mark.parametrize(
        "options", [{}, {"packed": True}, {"prefix": "GSM1_"}, {"old": True, "prefix": "toy."}]
    )
    def test_folder_and_zip(self, tmp_path: Path, options: dict[str, Any]) -> None:
        folder = write_folder(tmp_path / "m", **options)
        adata = FOLDER.load(folder, LoadRequest())
        np.testing.assert_array_equal(adata.X.toarray(), COUNTS.T)
        assert list(adata.var_names)[3] == "GAPDH-1"
        assert list(adata.var["gene_ids"]) == IDS
        assert ("feature_types" in adata.var) == (not options.get("old", False))
        assert FOLDER.recognises(b"", folder) is True
        found = FOLDER.inspect(folder)
        assert found.digest == digest_of(adata)
        for base in (None, "m"):
            root = folder if base is None else tmp_path
            path = Path(shutil.make_archive(str(tmp_path / "z"), "zip", root, base))
            assert FOLDER.recognises(path.read_bytes()[:4096], path) is True
            assert FOLDER.inspect(path) == found
            part = FOLDER.load(path, LoadRequest(obs=[1], var="CD3E"))
            assert part.X.toarray().tolist() == [[COUNTS[4, 1]]]

    def test_equals_the_h5_of_the_same(self, tmp_path: Path, v2: Path) -> None:
        folder = write_folder(tmp_path / "m", old=True)
        of_h5 = H5.load(v2, LoadRequest(options={"genome": "hg19"}))
        assert FOLDER.inspect(folder).digest == digest_of(of_h5)

    @pytest.mark.parametrize("lines", [1, 3])
    def test_truncated(self, tmp_path: Path, lines: int) -> None:
        folder = write_folder(tmp_path / "m")
        path = folder / "matrix.mtx"
        path.write_text("".join(path.read_text().splitlines(keepends=True)[:-lines]))
        with pytest.raises(Invalid, match=f"matrix.mtx is truncated: {lines} lines"):
            FOLDER.inspect(folder)

    def test_truncated_gzip(self, tmp_path: Path) -> None:
        folder = write_folder(tmp_path / "m", packed=True)
        path = folder / "barcodes.tsv.gz"
        path.write_bytes(path.read_bytes()[:-9])
        with pytest.raises(Invalid, match=r"barcodes.tsv.gz is damaged"):
            FOLDER.load(folder, LoadRequest())

    def test_too_many_lines(self, tmp_path: Path) -> None:
        folder = write_folder(tmp_path / "m")
        with (folder / "matrix.mtx").open("a") as file:
            file.write("1 1 1\n")
        with pytest.raises(Invalid, match="more lines than its header announces"):
            FOLDER.load(folder, LoadRequest())

    def test_files_that_do_not_fit(self, tmp_path: Path) -> None:
        folder = write_folder(tmp_path / "m")
        (folder / "barcodes.tsv").write_text("A-1\n")
        with pytest.raises(Invalid, match=r"6 x 4 entries, but features\.tsv has 6 lines"):
            FOLDER.load(folder, LoadRequest())

    def test_missing_and_several(self, tmp_path: Path) -> None:
        folder = write_folder(tmp_path / "m")
        (folder / "features.tsv").unlink()
        assert FOLDER.recognises(b"", folder) is False
        with pytest.raises(Invalid, match="The folder holds no genes file"):
            FOLDER.check(folder)
        folder = write_folder(tmp_path / "n")
        for name in ("matrix.mtx", "features.tsv", "barcodes.tsv"):
            shutil.copy(folder / name, folder / f"b_{name}")
        with pytest.raises(Invalid, match=r"2 matrices: b_matrix\.mtx, matrix\.mtx"):
            FOLDER.check(folder)
        (tmp_path / "x").write_text("text")
        with pytest.raises(Invalid, match="x is not a 10x matrix folder: it is a text file"):
            FOLDER.check(tmp_path / "x")
