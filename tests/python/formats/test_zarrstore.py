"""zarr: folders and zips of format 2 and 3, the same content as h5ad."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import zarr
from scipy import sparse

from omicshelf.errors import Invalid
from omicshelf.formats.base import LoadRequest
from omicshelf.formats.h5ad import H5ad
from omicshelf.formats.zarrstore import Zarr

FORMAT = Zarr()
pytestmark = pytest.mark.filterwarnings("ignore")


def example() -> ad.AnnData:
    rng = np.random.default_rng(0)
    adata = ad.AnnData(
        sparse.random(20, 6, 0.5, "csr", dtype="f4", random_state=0),
        obs=pd.DataFrame(
            {
                "kind": ["a", "b"] * 10,
                "level": pd.Categorical([1, 2] * 10),
                "n": pd.array([None, *range(19)], dtype="Int64"),
            },
            index=[f"c{i}" for i in range(20)],
        ),
        obsm={"X_pca": rng.random((20, 3))},
        uns={"title": "é", "nothing": None, "n": 3, "colors": np.array(["#fff"])},
    )
    adata.raw = adata.copy()
    return adata


def expected_digest() -> str:
    found = H5ad().inspect_object(H5ad().frozen_copy(example()))
    assert found is not None
    assert found.digest is not None
    return found.digest


@pytest.fixture(params=[2, 3])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    found = tmp_path / "a.zarr"
    with ad.settings.override(zarr_write_format=request.param):
        H5ad().frozen_copy(example()).write_zarr(found)
    return found


def zipped(folder: Path, *, within: bool = False) -> Path:
    root, base = (folder.parent, folder.name) if within else (folder, None)
    name = shutil.make_archive(str(folder), "zip", root, base)
    return Path(name)


def test_folder_and_zip_have_the_content_of_h5ad(folder: Path) -> None:
    assert FORMAT.recognises(b"", folder) is True
    assert FORMAT.inspect(folder).digest == expected_digest()
    for within in (False, True):
        path = zipped(folder, within=within)
        assert FORMAT.recognises(path.read_bytes()[:4096], path) is True
        found = FORMAT.inspect(path)
        assert found.digest == expected_digest()
        assert found.summary.format == "zarr"
        assert found.summary.lazy


def test_load(folder: Path) -> None:
    for path in (folder, zipped(folder)):
        whole = FORMAT.load(path, LoadRequest())
        assert (whole.X != example().X).nnz == 0
        part = FORMAT.load(path, LoadRequest(obs=["c3", "c1"], var=["5", "0"]))
        assert (part.X != example()[["c3", "c1"], ["5", "0"]].X).nnz == 0
        with pytest.raises(Invalid, match="Only h5ad files can be backed"):
            FORMAT.load(path, LoadRequest(backed=True))


def test_multimodal(tmp_path: Path) -> None:
    mudata = pytest.importorskip("mudata")
    mdata = mudata.MuData({"rna": example(), "other": example()[:, :3].copy()})
    mudata.write_zarr(tmp_path / "m.zarr", mdata)
    for path in (tmp_path / "m.zarr", zipped(tmp_path / "m.zarr")):
        found = FORMAT.inspect(path)
        assert found.summary.kind == "mudata"
        assert set(found.summary.details["modalities"]) == {"rna", "other"}
        assert found.digest is not None
        assert FORMAT.load(path, LoadRequest()).mod["other"].n_vars == 3


def test_other_folders_and_stores_are_refused(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    assert FORMAT.recognises(b"", tmp_path / "plain") is False
    with pytest.raises(Invalid, match=r"neither \.zgroup nor zarr\.json"):
        FORMAT.check(tmp_path / "plain")
    zarr.open_group(str(tmp_path / "image.zarr"), mode="w").create_group("0")
    with pytest.raises(Invalid, match="is a zarr group, but not an AnnData: it holds 0"):
        FORMAT.check(tmp_path / "image.zarr")
    (tmp_path / "a.zarr").write_text("text")
    with pytest.raises(Invalid, match=r"a\.zarr is not a zarr folder: it is a text file"):
        FORMAT.check(tmp_path / "a.zarr")


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "a\\..\\b", "C:/x"])
def test_zip_members_stay_within_the_folder(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.zarr.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(".zgroup", "{}")
        archive.writestr(name, "x")
    with pytest.raises(Invalid, match="has a member named"):
        FORMAT.check(path)
    assert FORMAT.recognises(path.read_bytes()[:4096], path) is None


def test_zip_bomb(tmp_path: Path) -> None:
    path = tmp_path / "a.zarr.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(".zgroup", "{}")
        with archive.open("X", "w", force_zip64=True) as member:
            for _ in range(130):
                member.write(bytes(8 << 20))
    with pytest.raises(Invalid, match=r"would unpack from .* to 1,09\d,\d{3},\d{3} bytes"):
        FORMAT.check(path)


def test_truncated_zip(folder: Path) -> None:
    path = zipped(folder)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(Invalid, match="is not a complete zip file"):
        FORMAT.inspect(path)


def test_damaged_chunk_leaves_no_digest(folder: Path) -> None:
    chunk = next(path for path in (folder / "X/data").rglob("0") if path.is_file())
    chunk.write_bytes(b"damaged")
    found = FORMAT.inspect(folder)
    assert found.digest is None
    assert any(problem.startswith("X cannot be read") for problem in found.summary.problems)
