"""Previews of tables, variants, texts and everything else."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from omicshelf.errors import Invalid, MissingPath
from omicshelf.formats.preview.models import Preview, PreviewRequest
from omicshelf.formats.worker import preview_file

VCF = (
    "##fileformat=VCFv4.2\n##contig=<ID=1,length=249250621>\n##contig=<ID=X>\n"
    '##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth, all">\n'
    '##FILTER=<ID=q10,Description="low">\n'
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tHG1\tHG2\n"
    "1\t100\trs1\tA\tG\t29.5\tPASS\tDP=3\tGT\t0|1\t./.\n"
    "1\t200\t.\tAC\tA,T\t.\tq10\tDP=9\tGT\t1|1\t0|0\n"
    "X\toops\t.\tG\t.\t50\t.\t.\tGT\t0\t1\n"
)


def ask(path: Path, data_format: str, **asked: Any) -> Preview:
    return preview_file(path, data_format, PreviewRequest(**asked))


@pytest.fixture
def table(tmp_path: Path) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": [f"s{n}" for n in range(2500)],
            "age": [None if n % 7 == 0 else n / 2 for n in range(2500)],
            "note": ['two\nlines, "quoted"' if n % 100 == 3 else "" for n in range(2500)],
        }
    )


@pytest.mark.parametrize("data_format", ["csv", "csv+gzip", "tsv", "parquet", "xlsx"])
def test_pages_of_a_table(table: pd.DataFrame, tmp_path: Path, data_format: str) -> None:
    path = tmp_path / "table"
    match data_format:
        case "csv":
            table.to_csv(path, index=False)
        case "csv+gzip":
            path.write_bytes(gzip.compress(table.to_csv(index=False).encode()))
        case "tsv":
            table.to_csv(path, sep="\t", index=False)
        case "parquet":
            table.to_parquet(path, row_group_size=700, index=False)
        case "xlsx":
            with path.open("wb") as file:
                table.to_excel(file, index=False, engine="openpyxl")
    found = ask(path, data_format, kind="table", offset=1402, limit=4, columns=("age", "id"))
    assert found.problems == []
    page = found.table
    assert page is not None
    assert [(c.name, c.type) for c in page.columns] == [("age", "float64"), ("id", "string")]
    assert page.columns[0].values == [701.0, 701.5, 702.0, 702.5]
    assert page.columns[1].values == ["s1402", "s1403", "s1404", "s1405"]
    assert page.more
    assert page.n_columns == 3
    assert page.n_rows == (2500 if data_format in ("parquet", "xlsx") else None)
    last = ask(path, data_format, kind="table", offset=2498).table
    assert last is not None
    assert (last.more, last.n_rows, len(last.columns[0].values)) == (False, 2500, 2)
    beyond = ask(path, data_format, kind="table", offset=9999).table
    assert beyond is not None
    assert [c.values for c in beyond.columns] == [[], [], []]
    with pytest.raises(Invalid, match="'aeg'") as caught:
        ask(path, data_format, kind="table", columns=("aeg",))
    assert "'age'" in str(caught.value.detail)
    contents = ask(path, data_format).contents
    assert contents is not None
    assert contents.kinds == ["list", "table", "head"]
    assert [c.name for c in contents.tables[0].columns] == ["id", "age", "note"]


def test_a_sheet_is_asked_for_by_name(tmp_path: Path) -> None:
    path = tmp_path / "w.xlsx"
    with pd.ExcelWriter(path, engine="openpyxl") as writer:
        pd.DataFrame({"a": [1]}).to_excel(writer, sheet_name="first", index=False)
        pd.DataFrame({"b": [2, 3]}).to_excel(writer, sheet_name="second", index=False)
    contents = ask(path, "xlsx").contents
    assert contents is not None
    assert contents.sheets == ["first", "second"]
    page = ask(path, "xlsx", kind="table", sheet="second").table
    assert page is not None
    assert page.columns[0].values == [2, 3]
    with pytest.raises(Invalid, match="'third'"):
        ask(path, "xlsx", kind="table", sheet="third")


def test_rows_that_are_too_wide_are_told(tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text("a,b\n" + "1,2\n" * 50 + "1,2,3\n" + "4,5\n")
    found = ask(path, "csv", kind="table")
    assert found.table is not None
    assert "left out" in found.problems[0]
    assert found.table.columns[0].values[-1] == 4


@pytest.mark.parametrize("packed", [False, True])
def test_variants_show_header_and_records(tmp_path: Path, packed: bool) -> None:
    path = tmp_path / "v.vcf"
    path.write_bytes(gzip.compress(VCF.encode()) if packed else VCF.encode())
    found = ask(path, "vcf+gzip" if packed else "vcf", kind="head", limit=2)
    assert found.head is not None
    variants = found.head.variants
    assert variants is not None
    assert (variants.fileformat, variants.samples) == ("VCFv4.2", ["HG1", "HG2"])
    assert [c.values for c in variants.contigs] == [["1", "X"], [249250621, None]]
    assert [(f.kind, f.id, f.type, f.description) for f in variants.fields] == [
        ("INFO", "DP", "1 Integer", "Depth, all"),
        ("FILTER", "q10", None, "low"),
    ]
    records = variants.records
    assert records is not None
    assert {c.name: c.values for c in records.columns} == {
        "CHROM": ["1", "1"],
        "POS": [100, 200],
        "ID": ["rs1", None],
        "REF": ["A", "AC"],
        "ALT": ["G", "A,T"],
        "QUAL": [29.5, None],
        "FILTER": ["PASS", "q10"],
        "INFO": ["DP=3", "DP=9"],
        "FORMAT": ["GT", "GT"],
        "HG1": ["0|1", "1|1"],
        "HG2": ["./.", "0|0"],
    }
    assert records.more
    rest = ask(path, "vcf", kind="head", offset=2, columns=("POS", "HG2")).head
    assert rest is not None
    assert rest.variants is not None
    assert rest.variants.records is not None
    assert [c.values for c in rest.variants.records.columns] == [["oops"], ["1"]]
    assert not rest.variants.records.more


@pytest.mark.parametrize(
    ("content", "encoding", "text"),
    [
        ("µ-chain\n".encode(), "utf-8", "µ-chain\n"),
        ("µ-chain\n".encode("latin-1"), "latin-1", "µ-chain\n"),
        (b"\xef\xbb\xbfa", "utf-8-sig", "a"),
        ("ä\n".encode("utf-16"), "utf-16-le", "ä\n"),
        (b"", "utf-8", ""),
    ],
)
def test_text_is_shown_with_its_encoding(
    tmp_path: Path, content: bytes, encoding: str, text: str
) -> None:
    path = tmp_path / "note.md"
    path.write_bytes(content)
    found = ask(path, "md", kind="head").head
    assert found is not None
    assert (found.media_type, found.encoding, found.text) == ("text/markdown", encoding, text)
    assert not found.cut


def test_a_long_text_is_cut_also_within_a_character(tmp_path: Path) -> None:
    path = tmp_path / "long.log"
    path.write_text("x" + "µ" * 50_000)
    found = ask(path, "log", kind="head").head
    assert found is not None
    assert (found.cut, found.encoding, len(found.text or "")) == (True, "utf-8", 32768)


def test_what_is_drawn_or_binary_is_named_and_not_shown(tmp_path: Path) -> None:
    png = tmp_path / "a.png"
    sides = (640).to_bytes(4, "big") + (480).to_bytes(4, "big")
    png.write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + sides)
    found = ask(png, "png", kind="head").head
    assert found is not None
    assert (found.media_type, found.width, found.height) == ("image/png", 640, 480)
    svg = tmp_path / "a.svg"
    svg.write_text("<svg onload='alert(1)'/>")
    found = ask(svg, "svg", kind="head").head
    assert found is not None
    assert (found.media_type, found.text) == ("image/svg+xml", None)
    binary = tmp_path / "a.bin"
    binary.write_bytes(bytes(range(256)))
    found = ask(binary, "bin", kind="head").head
    assert found is not None
    assert (found.media_type, found.size, found.text) == ("application/octet-stream", 256, None)


def test_a_kind_that_a_format_has_not_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(Invalid, match="'embedding'") as caught:
        ask(path, "csv", kind="embedding")
    assert "'table'" in str(caught.value.detail)
    with pytest.raises(MissingPath):
        ask(tmp_path / "none.csv", "csv")


def test_a_pointer_of_git_lfs_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 9\n")
    assert "git lfs pull" in ask(path, "parquet", kind="table").problems[0]


@pytest.mark.parametrize(
    "asked",
    [
        {"kind": "what"},
        {"points": 50_001},
        {"limit": 1_001},
        {"n_rows": 201},
        {"dimensions": (0,)},
        {"offset": -1},
        {"color": "a", "gene": "b"},
        {"unknown": 1},
    ],
)
def test_a_request_keeps_its_limits(asked: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(asked))):
        PreviewRequest(**asked)
