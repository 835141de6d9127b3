"""What a file is, told from its first bytes."""

from __future__ import annotations

import re

__all__ = ["HDF5_SIGNATURE", "LFS_PREFIX", "describe", "lfs_size"]

HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
LFS_PREFIX = b"version https://git-lfs.github.com/spec/"

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (HDF5_SIGNATURE, "an HDF5 file"),
    (b"MuData (", "an h5mu file"),
    (b"\x1f\x8b\x08\x04", "a gzip or bgzip file"),
    (b"\x1f\x8b", "a gzip file"),
    (b"PK\x03\x04", "a zip file"),
    (b"PK\x05\x06", "an empty zip file"),
    (b"BZh", "a bzip2 file"),
    (b"\xfd7zXZ\x00", "an xz file"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip file"),
    (b"\x28\xb5\x2f\xfd", "a zstd file"),
    (b"%PDF-", "a PDF document"),
    (b"PAR1", "a Parquet file"),
    (b"ARROW1", "an Arrow file"),
    (b"BAM\x01", "a BAM file"),
    (b"CRAM", "a CRAM file"),
    (b"BCF\x02", "a BCF file"),
    (b"CDF\x01", "a NetCDF file"),
    (b"CDF\x02", "a NetCDF file"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"RDX3\n", "an R data file"),
    (b"RDX2\n", "an R data file"),
    (b"X\n\x00\x00\x00", "an R object (RDS)"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
    (b"\x7fELF", "a program"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Microsoft Office document"),
    (b"##fileformat=VCF", "a VCF file"),
    (b"%%MatrixMarket", "a Matrix Market file"),
    (b"#1.2\n", "a GCT file"),
    (b"#1.3\n", "a GCT file"),
    (b"#1.2\r\n", "a GCT file"),
    (b"#1.3\r\n", "a GCT file"),
)


def describe(head: bytes) -> str | None:
    """Say what a file is from its first bytes, as in “a gzip file”; None if unknown."""
    if not head:
        return "an empty file"
    if head.startswith(LFS_PREFIX):
        return "a Git LFS pointer"
    for signature, what in _SIGNATURES:
        if head.startswith(signature):
            return what
    if head[257:262] == b"ustar":
        return "a tar archive"
    if not head.strip(b"\0"):
        return "a file of zero bytes only"
    return _describe_text(head)


def lfs_size(head: bytes) -> int | None:
    """Give the size of the data that a Git LFS pointer stands for, in bytes.

    See https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md.
    """
    if not head.startswith(LFS_PREFIX):
        return None
    found = re.search(rb"^size (\d{1,18})\s*$", head, re.MULTILINE)
    return int(found.group(1)) if found else None


def _describe_text(head: bytes) -> str | None:
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        # The head may end within a character.
        if error.start < len(head) - 3:
            return None
        text = head[: error.start].decode("utf-8")
    if any(ord(character) < 32 and character not in "\t\r\n\f\x1b" for character in text):
        return None
    start = text.lstrip("\ufeff \t\r\n").lower()
    if start.startswith(("<!doctype html", "<html")):
        return "a web page (HTML)"
    if start.startswith("<?xml"):
        return "an XML document"
    if start.startswith(("{", "[")):
        return "a JSON or other text file"
    return "a text file"
