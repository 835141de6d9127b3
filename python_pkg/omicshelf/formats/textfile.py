"""Text files, plain or gzip-compressed: what counts is the content, not the name."""

from __future__ import annotations

import gzip
import io
import zlib
from pathlib import Path
from typing import IO

from omicshelf.errors import Invalid, MissingPath
from omicshelf.formats import magic

__all__ = ["first_bytes", "is_gzip", "looks_binary", "opened", "refuse_what_is_no_text"]

GZIP = b"\x1f\x8b"
_HEAD = 65536


def is_gzip(path: Path) -> bool:
    """Say whether a file is gzip-compressed, also in blocks (bgzip)."""
    with path.open("rb") as file:
        return file.read(2) == GZIP


def opened(path: Path) -> IO[bytes]:
    """Open a file for reading its text as bytes, decompressed on the way where it is gzip."""
    if is_gzip(path):
        return io.BufferedReader(gzip.GzipFile(path, "rb"), 1 << 20)
    return path.open("rb", buffering=1 << 20)


def first_bytes(path: Path, length: int = _HEAD) -> bytes:
    """Give the beginning of the text; what there is of it where the gzip stream is damaged."""
    with path.open("rb") as file:
        head = file.read(max(length, _HEAD))
    if not head.startswith(GZIP):
        return head[:length]
    text = b""
    while head.startswith(GZIP) and len(text) < length:  # bgzip: many small members
        stream = zlib.decompressobj(31)
        try:
            text += stream.decompress(head, length - len(text))
        except zlib.error:
            break
        head = stream.unused_data
    return text


def looks_binary(head: bytes) -> bool:
    """Say whether these bytes are of no text: they hold NUL, and are not UTF-16."""
    return b"\x00" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff"))


def refuse_what_is_no_text(path: Path, title: str) -> bytes:
    """Give the beginning of a text file's text, or refuse what cannot be one.

    Parameters
    ----------
    path
        The file.
    title
        What it should be, with its article: ``"a GCT file"``.

    Raises
    ------
    omicshelf.errors.Invalid
        It is empty, a Git LFS pointer, or binary.
    """
    if not path.exists():
        raise MissingPath(f"There is no file {str(path)!r}.", "Check the spelling of the path.")
    with path.open("rb") as file:
        head = file.read(4096)
    if not head:
        raise Invalid(
            f"{path.name!r} is empty, not {title}.", "Get the file again from where it comes from."
        )
    size = magic.lfs_size(head)
    if size is not None or head.startswith(magic.LFS_PREFIX):
        of = "" if size is None else f" of {size:,} bytes"
        raise Invalid(
            f"{path.name!r} is a Git LFS pointer{of}, not the data.",
            "Run `git lfs pull` in its repository, then try again.",
        )
    text = first_bytes(path)
    if looks_binary(text) or (head.startswith(GZIP) and not text):
        what = magic.describe(text) or magic.describe(head) or "a binary file"
        raise Invalid(
            f"{path.name!r} is {what}, not {title}.",
            "Check that the right file was given and that its download was complete.",
        )
    return text
