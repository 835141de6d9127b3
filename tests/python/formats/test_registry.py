"""How the format of a name, a path and an object is found."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omicshelf.errors import AccessDenied, Invalid, MissingPath
from omicshelf.formats import registry
from omicshelf.formats.base import Format

PNG = b"\x89PNG\r\n\x1a\n"


def file(folder: Path, name: str, content: bytes = b"content") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # the table of the interface that is followed
        *[
            (f"x.{name}", name)
            for name in [
                "txt",
                "gct",
                "csv",
                "tsv",
                "h5ad",
                "fasta",
                "fastq",
                "sam",
                "bam",
                "vcf",
                "maf",
                "idat",
                "bed",
                "dcm",
                "pdb",
                "mzml",
                "cel",
                "fcs",
                "ab1",
                "sff",
                "png",
                "xml",
                "json",
                "sbml",
                "gff",
                "parquet",
                "pdf",
                "rds",
            ]
        ],
        ("x.fa", "fasta"),
        ("x.nii", "nifti"),
        ("x.ped", "plink"),
        ("x.map", "plink"),
        ("x.tif", "tiff"),
        ("x.tiff", "tiff"),
        ("x.jpg", "jpeg"),
        ("x.jpeg", "jpeg"),
        ("x.RData", "rdata"),
        ("x.rdata", "rdata"),
        ("x.h5Seurat", "h5seurat"),
        ("x.csv.gz", "csv+gzip"),
        ("x.json.gz", "json+gzip"),
        ("x.nii.gz", "nifti+gzip"),
        ("x.vcf.bgz", "vcf+gzip"),
        # what it does not know, or gets wrong
        *[
            (f"x.{name}", name)
            for name in [
                "html",
                "xlsx",
                "zip",
                "tar",
                "h5",
                "loom",
                "h5mu",
                "mtx",
                "zarr",
                "ipynb",
                "svg",
                "bedgraph",
                "gtf",
                "gff3",
                "bcf",
                "gctx",
                "seg",
                "cram",
                "md",
                "toml",
                "feather",
                "sqlite",
                "npy",
                "npz",
                "gmt",
                "cls",
                "docx",
                "gif",
                "webp",
                "mp4",
                "czi",
            ]
        ],
        ("x.htm", "html"),
        ("x.bw", "bigwig"),
        ("x.yml", "yaml"),
        ("x.R", "r"),
        ("x.hdf5", "h5"),
        ("x.zarr.zip", "zarr"),
        ("x.tar.gz", "tar+gzip"),
        ("x.tgz", "tar+gzip"),
        ("slide.ome.tif", "ome.tiff"),
        ("GSE1.v2.gct", "gct"),
        ("my.sample.csv", "csv"),
        ("A.GCT", "gct"),
        ("x.mzML", "mzml"),
        ("x.CEL", "cel"),
        ("a folder/x.csv", "csv"),
        ("a.csv\\x.tsv", "tsv"),
        ("x y#é?.csv", "csv"),
        (".hidden.csv", "csv"),
        # names that tell nothing
        ("x", None),
        ("", None),
        (".csv", None),
        ("x.", None),
        ("x.xyz", None),
        ("x.gz", None),
        ("x.xyz.gz", None),
        ("x.csv.gz.gz", None),
        ("csv", None),
        ("x.csv.bak", None),
        ("gz", None),
        (".gz", None),
    ],
)
def test_a_name_tells_the_format(name: str, expected: str | None) -> None:
    assert registry.infer(name) == expected


@given(st.text(max_size=30))
def test_any_name_has_an_answer(name: str) -> None:
    found = registry.infer(name)
    assert found is None or registry.get(found).name


@pytest.mark.parametrize(
    ("data_format", "suffix"),
    [
        ("csv", ".csv"),
        ("json+gzip", ".json.gz"),
        ("gct", ".gct"),
        ("h5ad", ".h5ad"),
        ("vcf+gzip", ".vcf.gz"),
        ("jpeg", ".jpg"),
        ("nifti+gzip", ".nii.gz"),
        ("tar+gzip", ".tar.gz"),
        ("ome.tiff", ".ome.tiff"),
        ("xyz", ".xyz"),
        ("xyz+gzip", ".xyz.gz"),
        ("a/b", ""),
        ("..", ""),
        ("x" * 65, ""),
        ("", ""),
        (None, ""),
    ],
)
def test_a_format_has_a_file_name_ending(data_format: str | None, suffix: str) -> None:
    assert registry.suffix_of(data_format) == suffix


def test_every_suffix_leads_back_to_its_format() -> None:
    for name, fmt in registry.all_formats().items():
        for suffix in fmt.suffixes:
            assert suffix == suffix.lower().lstrip(".")
            found = registry.infer(f"x.{suffix}")
            assert found == name or suffix in registry.get(found or "").suffixes


def test_no_two_formats_have_one_suffix_but_for_containers() -> None:
    owners: dict[str, list[str]] = {}
    for fmt in registry.all_formats().values():
        for suffix in fmt.suffixes:
            owners.setdefault(suffix, []).append(fmt.name)
    assert {suffix for suffix, names in owners.items() if len(names) > 1} <= {"h5", "hdf5", "mtx"}


def test_get_gives_the_reader_of_compressed_files() -> None:
    assert registry.get("csv+gzip") is registry.get("csv")
    assert registry.get("CSV") is registry.get("csv")
    assert registry.get("h5ad+gzip") is not registry.get("h5ad")


def test_an_unknown_format_is_kept_and_cannot_be_loaded(tmp_path: Path) -> None:
    from omicshelf.formats.base import LoadRequest

    fmt = registry.get("xyz")
    assert (fmt.name, fmt.loadable, fmt.promised) == ("xyz", False, False)
    assert fmt is registry.get("xyz")
    with pytest.raises(ValueError, match="Unsupported format: xyz"):
        fmt.load(tmp_path, LoadRequest())


def test_every_format_keeps_the_contract(tmp_path: Path) -> None:
    path = file(tmp_path, "empty", b"")
    for name, fmt in registry.all_formats().items():
        assert isinstance(fmt, Format)
        assert fmt.name == name
        assert fmt.title
        assert isinstance(fmt.suffixes, tuple)
        assert isinstance(fmt.parts, frozenset)
        assert fmt.recognises(b"", path) in (None, False), name
        assert not fmt.accepts(object())
        assert not fmt.promised or fmt.loadable


def test_finding_formats_imports_nothing_heavy() -> None:
    heavy = "anndata scanpy pandas pyarrow zarr cyvcf2 mudata h5py scipy polars openpyxl"
    script = (
        "import sys\nfrom omicshelf.formats import registry\n"
        "registry.all_formats(); registry.for_object(object()); registry.infer('x.csv.gz')\n"
        f"print(sorted(set({heavy.split()!r}) & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


# --- paths


def test_a_path_is_found_by_its_name(tmp_path: Path) -> None:
    name, fmt, warnings = registry.infer_path(file(tmp_path, "a.csv", b"a,b\n1,2\n"))
    assert (name, fmt.name, warnings) == ("csv", "csv", [])


def test_an_explicit_format_wins(tmp_path: Path) -> None:
    path = file(tmp_path, "a.csv", b"a,b\n1,2\n")
    assert registry.infer_path(path, "xyz")[0] == "xyz"
    assert registry.infer_path(path, "TSV")[0] == "tsv"
    assert registry.infer_path(path, "csv+gzip")[0] == "csv+gzip"


@pytest.mark.parametrize("name", ["a.xyz", "a", ".hidden", "a.csvv"])
def test_an_unknown_name_asks_for_the_format(tmp_path: Path, name: str) -> None:
    with pytest.raises(Invalid) as caught:
        registry.infer_path(file(tmp_path, name))
    assert caught.value.title == "Couldn't infer 'data_format', please pass it directly"
    assert repr(name) in (caught.value.detail or "")
    assert registry.infer_path(tmp_path / name, "xyz")[0] == "xyz"


def test_the_question_names_what_it_may_be(tmp_path: Path) -> None:
    with pytest.raises(Invalid) as caught:
        registry.infer_path(file(tmp_path, "plot.pgn", PNG))
    assert "The content looks like png: pass data_format='png'." in (caught.value.detail or "")
    with pytest.raises(Invalid) as caught:
        registry.infer_path(file(tmp_path, "notes.markdwn"))
    assert "Did you mean '.markdown'?" in (caught.value.detail or "")
    packed = file(tmp_path, "calls.gz", gzip.compress(b"##fileformat=VCFv4.2\n", mtime=0))
    with pytest.raises(Invalid) as caught:
        registry.infer_path(packed)
    assert "data_format='vcf+gzip'" in (caught.value.detail or "")


@pytest.mark.parametrize("data_format", ["../x", "a b", ".csv", "", "x\n", "a..b", "x" * 65, "é"])
def test_a_format_that_is_no_name_is_refused(tmp_path: Path, data_format: str) -> None:
    with pytest.raises(Invalid, match="cannot be a data_format"):
        registry.infer_path(file(tmp_path, "a.csv"), data_format)


def test_a_format_with_a_dot_is_understood(tmp_path: Path) -> None:
    with pytest.raises(Invalid) as caught:
        registry.infer_path(file(tmp_path, "a.csv"), ".csv")
    assert "Did you mean 'csv'?" in (caught.value.detail or "")


def test_a_compressed_table_without_its_ending_is_read_all_the_same(tmp_path: Path) -> None:
    path = file(tmp_path, "a.csv", gzip.compress(b"a,b\n1,2\n", mtime=0))
    name, fmt, [warning] = registry.infer_path(path)
    assert (name, fmt.name) == ("csv+gzip", "csv")
    assert "gzip-compressed though its name does not end in .gz" in warning


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.csv.gz", b"a,b\n", "is not gzip-compressed (it is a text file)"),
        ("a.png", b"a,b\n", "does not hold png data (it is a text file)"),
        ("a.csv", PNG + bytes(9), "If it is png, pass data_format='png'."),
        ("a.csv", b"version https://git-lfs.github.com/spec/v1\nsize 3\n", "a Git LFS pointer"),
        ("a.csv", b"", "is empty (0 bytes)"),
        ("a.pdf", gzip.compress(b"%PDF-1.4", mtime=0), "is gzip-compressed, pdf data is not"),
        ("a.h5ad.gz", gzip.compress(b"x", mtime=0), "gunzip"),
        ("a.vcf", b"<html>", "does not hold vcf data (it is a web page (HTML))"),
        ("a.parquet", b"content", "does not hold parquet data"),
    ],
)
def test_a_contradiction_is_told_and_the_file_is_kept(
    tmp_path: Path, name: str, content: bytes, told: str
) -> None:
    found, _, warnings = registry.infer_path(file(tmp_path, name, content))
    assert found == registry.infer(name)
    [warning] = warnings
    assert told in warning
    assert repr(name) in warning


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.bam", gzip.compress(b"BAM\x01rest", mtime=0)),
        ("a.rds", gzip.compress(b"X\n\x00\x00", mtime=0)),
        ("a.RData", gzip.compress(b"RDX3\nX\n", mtime=0)),
        ("a.rds", b"BZh91AY"),
        ("a.png", PNG),
        ("a.json", b"{}"),
        ("a.csv.gz", gzip.compress(b"a,b\n", mtime=0)),
        ("a.html", b"<p>"),
        ("a.docx", b"PK\x03\x04rest"),
        ("a.unheard", b"\x00\x01"),
    ],
)
def test_agreement_is_silent(tmp_path: Path, name: str, content: bytes) -> None:
    given_format = "unheard" if name.endswith("unheard") else None
    assert registry.infer_path(file(tmp_path, name, content), given_format)[2] == []


def test_a_promised_format_is_left_to_its_check(tmp_path: Path) -> None:
    name, fmt, warnings = registry.infer_path(file(tmp_path, "a.gct", b"no matrix"))
    assert (name, fmt.promised, warnings) == ("gct", True, [])


def test_a_container_is_what_is_in_it(tmp_path: Path) -> None:
    import h5py

    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as hdf:
        hdf["0/DATA/0/matrix"] = np.zeros((1, 1))
    assert registry.infer_path(path)[0] == "gctx"
    plain = tmp_path / "b.h5"
    with h5py.File(plain, "w") as hdf:
        hdf["weights"] = np.zeros(3)
    assert registry.infer_path(plain)[0] == "h5"
    book = tmp_path / "c.zip"
    with zipfile.ZipFile(book, "w") as archive:
        archive.writestr("readme.txt", "x")
    assert registry.infer_path(book)[0] == "zip"


def test_what_is_not_there_or_no_file(tmp_path: Path) -> None:
    with pytest.raises(MissingPath, match="There is no file"):
        registry.infer_path(tmp_path / "missing.csv")
    with pytest.raises(FileNotFoundError):
        registry.infer_path(file(tmp_path, "f") / "below.csv")
    with pytest.raises(Invalid, match="not a usable path"):
        registry.infer_path(tmp_path / ("x" * 5000 + ".csv"))
    with pytest.raises(Invalid, match="not a usable path"):
        registry.infer_path(tmp_path / "a\0.csv")


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "p.csv")
    with pytest.raises(Invalid, match="not a regular file"):
        registry.infer_path(tmp_path / "p.csv")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = file(tmp_path, "a.csv")
    path.chmod(0)
    with pytest.raises(AccessDenied, match="may not read"):
        registry.infer_path(path)


def test_a_folder_that_is_no_dataset_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="not a dataset of a known format") as caught:
        registry.infer_path(tmp_path)
    assert "zarr" in (caught.value.detail or "")
    assert "10x_mtx" in (caught.value.detail or "")
    with pytest.raises(Invalid, match="is a folder, and csv data is a file"):
        registry.infer_path(tmp_path, "csv")


def test_a_folder_of_a_matrix_is_found(tmp_path: Path) -> None:
    for name in ("matrix.mtx.gz", "barcodes.tsv.gz", "features.tsv.gz"):
        file(tmp_path, name, gzip.compress(b"x", mtime=0))
    assert registry.infer_path(tmp_path)[0] == "10x_mtx"
    assert registry.infer_path(tmp_path, "10x_mtx")[0] == "10x_mtx"


# --- objects


def test_objects_of_memory_have_a_format() -> None:
    import anndata
    import pyarrow as pa

    from omicshelf.formats.gct import Gct

    frame = pd.DataFrame({"a": [1.0]})
    assert registry.for_object(frame) is registry.get("parquet")
    assert registry.for_object(pa.table({"a": [1]})) is registry.get("parquet")
    assert registry.for_object(Gct(frame)) is registry.get("gct")
    assert registry.for_object(anndata.AnnData(np.zeros((2, 2)))) is registry.get("h5ad")


@pytest.mark.parametrize("obj", [{"a": 1}, [1], b"bytes", 1, None, np.zeros(3), "text"])
def test_other_objects_have_none(obj: object) -> None:
    assert registry.for_object(obj) is None
