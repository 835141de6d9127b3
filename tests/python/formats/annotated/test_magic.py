"""What a file is, from its first bytes."""

from __future__ import annotations

import gzip

import pytest

from omicshelf.formats.magic import describe, lfs_size

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n"


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (b"", "an empty file"),
        (POINTER, "a Git LFS pointer"),
        (b"\x89HDF\r\n\x1a\n rest", "an HDF5 file"),
        (gzip.compress(b"x", mtime=0), "a gzip file"),
        (b"PK\x03\x04...", "a zip file"),
        (b"%PDF-1.7", "a PDF document"),
        (b"  <!DOCTYPE html><html>", "a web page (HTML)"),
        (b"<?xml version='1.0'?><Error/>", "an XML document"),
        (b'{"message": "not found"}', "a JSON or other text file"),
        (b"gene\tcell\n", "a text file"),
        ("é".encode() * 2000 + b"\xc3", "a text file"),
        (b"\0" * 512, "a file of zero bytes only"),
        (b"\x01\x02\x03\xfe\xff\x00", None),
        (b"x" * 257 + b"ustar", "a tar archive"),
    ],
)
def test_describe(head: bytes, what: str | None) -> None:
    assert describe(head) == what


def test_size_of_an_lfs_pointer() -> None:
    assert lfs_size(POINTER) == 12345
    assert lfs_size(b"size 12345") is None
    assert lfs_size(POINTER.replace(b"12345", b"many")) is None
