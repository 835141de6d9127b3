"""VCF and BCF: headers, records, and what is wrong with them."""

from __future__ import annotations

import gzip
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omicshelf.errors import Invalid, MissingDependency
from omicshelf.formats import registry
from omicshelf.formats.base import LoadRequest

HEADER = """##fileformat=VCFv4.2
##source=a test, with <brackets>
##FILTER=<ID=PASS,Description="All filters passed">
##FILTER=<ID=q10,Description="Quality below 10">
##INFO=<ID=DP,Number=1,Type=Integer,Description="Total depth, of \\"all\\" reads">
##INFO=<ID=ANN,Number=.,Type=String,Description="Allele | Effect">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##contig=<ID=1,length=249250621>
##contig=<ID=X>
"""
COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\tS2\n"
RECORDS = (
    "1\t100\trs1\tA\tG\t50\tPASS\tDP=10\tGT\t0/1\t1/1\n"
    "1\t200\t.\tC\tT,G\t.\tq10\tDP=4;ANN=T|x\tGT\t0/0\t./.\n"
    "X\t5\t.\tG\tA\t7.5\tPASS\tDP=1\tGT\t0\t1\n"
)
CALLS = HEADER + COLUMNS + RECORDS
VCF = registry.get("vcf")
BCF = registry.get("bcf")


def written(folder: Path, text: str | bytes, name: str = "c.vcf") -> Path:
    path = folder / name
    data = text.encode() if isinstance(text, str) else text
    path.write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)
    return path


def problems(folder: Path, text: str) -> list[str]:
    return VCF.inspect(written(folder, text)).summary.problems


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("c.vcf", lambda t: t),
        ("c.vcf.gz", lambda t: t),
        ("c.vcf", lambda t: t.replace("\n", "\r\n")),
        ("c.vcf", lambda t: t.removesuffix("\n")),
    ],
)
def test_a_vcf_is_described(tmp_path: Path, name: str, change) -> None:
    found = VCF.inspect(written(tmp_path, change(CALLS), name))
    summary = found.summary
    assert (summary.kind, summary.n_rows, summary.problems) == ("variants", 3, [])
    assert summary.details == {
        "fileformat": "VCFv4.2",
        "n_samples": 2,
        "samples": ["S1", "S2"],
        "n_contigs": 2,
        "contigs": ["1", "X"],
        "records_by_contig": {"1": 2, "X": 1},
        "annotations": ["ANN"],
    }
    depth = summary.elements["INFO/DP"]
    assert (depth.dtype, depth.preview) == ("1 Integer", 'Total depth, of "all" reads')
    assert set(summary.elements) == {
        "INFO/DP", "INFO/ANN", "FORMAT/GT", "FILTER/PASS", "FILTER/q10",
    }  # fmt: skip
    assert found.digest is None
    assert found.names is not None
    assert len(found.names.obs) == 16


def test_blocks_of_bgzip_are_read_to_the_end(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        gzip.compress(HEADER.encode(), mtime=0)
        + gzip.compress((COLUMNS + RECORDS).encode(), mtime=0),
    )
    path = path.rename(tmp_path / "b.vcf.gz")
    assert VCF.inspect(path).summary.n_rows == 3


def test_sites_without_samples_are_no_problem(tmp_path: Path) -> None:
    columns = "\t".join(COLUMNS.rstrip().split("\t")[:8]) + "\n"
    summary = VCF.inspect(written(tmp_path, HEADER + columns)).summary
    assert (summary.n_rows, summary.details["n_samples"], summary.problems) == (0, 0, [])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (COLUMNS + RECORDS, "first line is not ##fileformat=VCF"),
        ("##source=x\n" + CALLS, "##fileformat is line 2"),
        (HEADER + RECORDS, "no #CHROM line"),
        (HEADER + COLUMNS.replace("\t", " ") + RECORDS, "spaces where tabs should be"),
        (HEADER + COLUMNS.replace("\tFORMAT", ""), "ninth column is 'S1'"),
        (HEADER + COLUMNS.replace("\tS1\tS2", ""), "FORMAT column and no sample"),
        (HEADER + COLUMNS.replace("S2", "S1") + RECORDS, "more than once: 'S1'"),
        (HEADER + COLUMNS.replace("\n", "\t\n"), "sample has no name"),
        (HEADER + COLUMNS.replace("#CHROM", "#Chrom"), "does not begin with #CHROM POS"),
        (HEADER.replace("ID=DP,", "ID=DP,\t") + COLUMNS, "Header line 5 is malformed"),
        (HEADER.replace('reads">', 'reads"') + COLUMNS, "Header line 5 is malformed"),
        (CALLS.replace("X\t5", "chrM\t5"), "Contig 'chrM' is not defined"),
        (CALLS + "1\t300\n", "Record 4 (line 14) has 2 columns, and the #CHROM line has 11"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, text: str, told: str) -> None:
    assert any(told in problem for problem in problems(tmp_path, text)), problems(tmp_path, text)


@pytest.mark.parametrize("text", ["", "foo\n", "1\t5\t.\tA\tG\n", "\n"])
def test_what_is_no_vcf_is_kept(tmp_path: Path, text: str) -> None:
    summary = VCF.inspect(written(tmp_path, text)).summary
    assert summary.kind == "file"
    assert summary.problems


def test_a_pointer_and_a_cut_file_are_told(tmp_path: Path) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:a\nsize 99\n"
    assert "LFS pointer of 99 bytes" in problems(tmp_path, pointer)[0]
    path = written(tmp_path, CALLS * 2000, "c.vcf.gz")
    path.write_bytes(path.read_bytes()[:-100])
    summary = VCF.inspect(path).summary
    assert any("ends in the middle" in problem for problem in summary.problems)
    assert summary.n_rows is None
    assert summary.details["n_records_at_least"] > 0


@given(st.binary(max_size=200), st.integers(0, len(CALLS)))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_break_the_reader(tmp_path: Path, noise: bytes, at: int) -> None:
    data = CALLS.encode()
    VCF.inspect(written(tmp_path, data[:at] + noise + data[at:]))
    BCF.inspect(written(tmp_path, b"BCF\x02\x02" + noise, "n.bcf"))
    BCF.inspect(written(tmp_path, bcf()[: at % 300] + noise, "n.bcf"))


def test_records_load_with_cyvcf2(tmp_path: Path) -> None:
    pytest.importorskip("cyvcf2")
    calls = VCF.load(written(tmp_path, CALLS), LoadRequest())
    assert calls.samples == ["S1", "S2"]
    assert [record.POS for record in calls] == [100, 200, 5]


@pytest.mark.parametrize("name", ["c.vcf", "c.vcf.gz"])
def test_fixed_columns_load_as_a_data_frame(tmp_path: Path, name: str) -> None:
    frame = VCF.load(written(tmp_path, CALLS, name), LoadRequest(as_="dataframe"))
    assert frame.columns.tolist() == ["CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO"]
    assert frame["CHROM"].tolist() == ["1", "1", "X"]
    assert frame["POS"].tolist() == [100, 200, 5]
    np.testing.assert_array_equal(frame["QUAL"], [50, np.nan, 7.5])
    assert frame["INFO"].iloc[1] == "DP=4;ANN=T|x"


def test_a_file_without_records_loads_as_an_empty_frame(tmp_path: Path) -> None:
    frame = VCF.load(written(tmp_path, HEADER + COLUMNS), LoadRequest(as_="dataframe"))
    assert frame.shape == (0, 8)


@pytest.mark.parametrize(
    ("asked", "title"),
    [
        ({"as_": "anndata"}, "as_='anndata'"),
        ({"obs": ["S1"]}, "loaded as a whole"),
        ({"lazy": True}, "loaded as a whole"),
    ],
)
def test_what_cannot_be_asked_for(tmp_path: Path, asked: dict, title: str) -> None:
    with pytest.raises(Invalid, match=title):
        VCF.load(written(tmp_path, CALLS), LoadRequest(**asked))


def test_what_htslib_refuses_is_told(tmp_path: Path) -> None:
    pytest.importorskip("cyvcf2")
    with pytest.raises(Invalid, match="cannot be read as variant calls") as caught:
        VCF.load(written(tmp_path, "foo\n"), LoadRequest())
    assert "summary" in (caught.value.detail or "")
    with pytest.raises(Invalid, match="cannot be read as variant calls"):
        VCF.load(written(tmp_path, HEADER + COLUMNS + "1\tx\ty\n"), LoadRequest(as_="dataframe"))


def test_without_cyvcf2_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cyvcf2", None)
    with pytest.raises(MissingDependency) as caught:
        VCF.load(written(tmp_path, CALLS), LoadRequest())
    assert "pip install 'omicshelf[variants]'" in (caught.value.detail or "")


# --- BCF


def bcf(n: int = 3) -> bytes:
    """Give uncompressed BCF with records of no content but their contig, two of the first."""
    text = (HEADER + COLUMNS).encode() + b"\x00"
    body = b"BCF\x02\x02" + struct.pack("<I", len(text)) + text
    for i in range(n):
        shared = struct.pack("<iii", 0 if i < 2 else 1, 10 * i, 1) + bytes(12)
        body += struct.pack("<II", len(shared), 4) + shared + bytes(4)
    return body


def test_a_bcf_is_described(tmp_path: Path) -> None:
    for content in (bcf(), gzip.compress(bcf(), mtime=0)):
        path = written(tmp_path, content, "c.bcf")
        assert BCF.recognises(content[:4096], path) is True
        summary = BCF.inspect(path).summary
        assert (summary.kind, summary.format, summary.n_rows) == ("variants", "bcf", 3)
        assert summary.details["samples"] == ["S1", "S2"]
        assert summary.details["records_by_contig"] == {"1": 2, "X": 1}
        assert summary.problems == []


def test_contigs_are_numbered_by_idx_where_there_is_one(tmp_path: Path) -> None:
    content = bcf().replace(b"##contig=<ID=X>", b"##contig=<ID=X,IDX=1>")
    content = content[:5] + struct.pack("<I", len(HEADER + COLUMNS) + 7) + content[9:]
    summary = BCF.inspect(written(tmp_path, content, "c.bcf")).summary
    assert summary.details["records_by_contig"] == {"1": 2, "X": 1}


def test_a_bcf_that_is_cut_or_none(tmp_path: Path) -> None:
    summary = BCF.inspect(written(tmp_path, bcf()[:-3], "c.bcf")).summary
    assert summary.details["n_records_at_least"] == 2
    assert "ends in the middle, after 2 records" in summary.problems[0]
    for content in (b"", b"BCF\x04", b"content", bcf()[:40], b"BCF\x02\x02\xff\xff\xff\xff"):
        summary = BCF.inspect(written(tmp_path, content, "c.bcf")).summary
        assert "cannot be read" in summary.problems[0]


def test_a_real_bcf_loads(tmp_path: Path) -> None:
    cyvcf2 = pytest.importorskip("cyvcf2")
    source = cyvcf2.VCF(str(written(tmp_path, CALLS)))
    path = tmp_path / "c.bcf"
    writer = cyvcf2.Writer(str(path), source, mode="wb")
    for record in source:
        writer.write_record(record)
    writer.close()
    assert [r.POS for r in BCF.load(path, LoadRequest())] == [100, 200, 5]
    frame = BCF.load(path, LoadRequest(as_="dataframe"))
    text = VCF.load(written(tmp_path, CALLS), LoadRequest(as_="dataframe"))
    assert frame[["CHROM", "POS", "REF", "ALT"]].equals(text[["CHROM", "POS", "REF", "ALT"]])
    summary = BCF.inspect(path).summary
    assert (summary.n_rows, summary.details["records_by_contig"]) == (3, {"1": 2, "X": 1})


def test_recognises_its_own(tmp_path: Path) -> None:
    path = written(tmp_path, CALLS, "c.vcf.gz")
    assert VCF.recognises(path.read_bytes()[:4096], path) is True
    assert VCF.recognises(CALLS.encode(), path) is True
    assert VCF.recognises(b"##source=x", path) is None
    assert VCF.recognises(b"foo", path) is False
    assert VCF.recognises(b"", tmp_path) is None
    assert BCF.recognises(CALLS.encode(), path) is False
