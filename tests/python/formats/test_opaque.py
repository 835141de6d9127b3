"""Formats that are kept: signatures, and the few headers that are read."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import h5py
import pytest

from omicshelf.formats import registry
from omicshelf.formats.opaque import FORMATS

JPEG = (
    b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    b"\xff\xc0\x00\x11\x08\x00\x30\x00\x40\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01"
)


def fcs(text: str) -> bytes:
    body = text.encode()
    head = b"FCS3.1    " + f"{58:>8}{58 + len(body) - 1:>8}".encode()
    return head.ljust(58) + body


@pytest.mark.parametrize(
    ("name", "content", "details"),
    [
        ("png", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + struct.pack(">II", 7, 5), (7, 5)),
        ("gif", b"GIF89a" + struct.pack("<HH", 7, 5), (7, 5)),
        ("jpeg", JPEG, (64, 48)),
    ],
)
def test_an_image_has_a_size(tmp_path: Path, name: str, content: bytes, details: tuple) -> None:
    path = tmp_path / "image"
    path.write_bytes(content)
    summary = registry.get(name).inspect(path).summary
    assert summary.details == {"width": details[0], "height": details[1]}
    assert summary.problems == []
    assert (summary.kind, summary.format) == ("file", name)


def test_a_cytometry_file_has_events_and_parameters(tmp_path: Path) -> None:
    path = tmp_path / "sample.fcs"
    path.write_bytes(fcs("/$TOT/1200/$PAR/2/$P1N/FSC-A/$p2n/CD3//CD4/"))
    summary = registry.get("fcs").inspect(path).summary
    assert summary.details == {
        "version": "FCS3.1",
        "events": 1200,
        "parameters": ["FSC-A", "CD3/CD4"],
    }


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("png", b"\x89PNG\r\n\x1a\n"),
        ("png", b""),
        ("gif", b"GIF89a\x01"),
        ("jpeg", b"\xff\xd8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"),
        ("fcs", b"FCS3.1"),
        ("fcs", b"FCS3.1    " + b"notanumber      "),
        ("fcs", fcs("/$TOT/many/$PAR/2/")),
        ("fcs", b"content"),
    ],
)
def test_a_damaged_header_is_a_problem_and_no_more(
    tmp_path: Path, name: str, content: bytes
) -> None:
    path = tmp_path / "damaged"
    path.write_bytes(content)
    [problem] = registry.get(name).inspect(path).summary.problems
    assert "header could not be read" in problem


def test_a_jpeg_with_a_large_preview_has_no_size_and_no_problem(tmp_path: Path) -> None:
    path = tmp_path / "large.jpg"
    path.write_bytes(JPEG[:2] + (b"\xff\xe1\xff\xff" + bytes(65533)) * 2 + JPEG[2:])
    summary = registry.get("jpeg").inspect(path).summary
    assert (summary.details, summary.problems) == ({}, [])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("bam", gzip.compress(b"BAM\x01" + bytes(100), mtime=0)),
        ("tbi", gzip.compress(b"TBI\x01", mtime=0)),
        ("tar+gzip", gzip.compress(bytes(257) + b"ustar" + bytes(250), mtime=0)),
        ("cram", b"CRAM\x03"),
        ("pdf", b"%PDF-1.7"),
        ("tiff", b"MM\x00*"),
        ("idat", b"IDAT"),
        ("ab1", b"ABIF"),
        ("sqlite", b"SQLite format 3\x00"),
        ("dcm", bytes(128) + b"DICM"),
        ("rdata", gzip.compress(b"RDX3\n", mtime=0)),
        ("zip", b"PK\x03\x04"),
    ],
)
def test_a_signature_is_recognised(name: str, content: bytes) -> None:
    fmt = registry.get(name)
    assert fmt.recognises(content, Path("x")) is True
    assert fmt.recognises(b"plain text\n", Path("x")) is False


@pytest.mark.parametrize("name", ["docx", "npz", "h5seurat", "nwb", "doc", "bmp", "cel", "rds"])
def test_a_shared_signature_proves_nothing(name: str) -> None:
    fmt = registry.get(name)
    [first, *_] = fmt.magics  # type: ignore[attr-defined]
    assert fmt.recognises(bytes(first[0]) + first[1], Path("x")) is None
    assert fmt.recognises(b"plain text\n", Path("x")) is False


def test_text_formats_cannot_tell() -> None:
    for name in ("json", "html", "fasta", "bed", "py"):
        assert registry.get(name).recognises(b"anything", Path("x")) is None


def test_at_most_one_format_is_sure_of_a_file() -> None:
    for content in (
        b"%PDF-1",
        b"PK\x03\x04",
        b"\x89HDF\r\n\x1a\n",
        b"II*\x00",
        gzip.compress(b"", mtime=0),
    ):
        sure = [fmt.name for fmt in FORMATS if fmt.recognises(content, Path("x"))]
        assert len(sure) <= 1, sure


def test_a_truncated_hdf5_of_any_kind_is_kept_with_the_reason(tmp_path: Path) -> None:
    whole = tmp_path / "whole.h5"
    with h5py.File(whole, "w") as file:
        file["table"] = list(range(5000))
    assert registry.get("h5").inspect(whole).summary.details == {"holds": ["table"]}
    cut = tmp_path / "cut.h5"
    cut.write_bytes(whole.read_bytes()[:-100])
    [problem] = registry.get("h5").inspect(cut).summary.problems
    assert problem.startswith("cut.h5 is truncated: ")
