"""The beginning of a file: text, the header and first records of variants, or what it is."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import IO, Any

from omicshelf.formats import textfile, vcf_text
from omicshelf.formats.base import Format
from omicshelf.formats.preview.models import (
    Cell,
    Column,
    Head,
    HeaderField,
    PreviewRequest,
    TablePage,
    VariantHead,
)
from omicshelf.formats.preview.parts import Unreadable
from omicshelf.formats.preview.tables import cut, shown_columns

__all__ = ["VARIANTS", "head"]

VARIANTS = frozenset({"vcf", "bcf"})

_TEXT = 1 << 16
_LISTED = 1_000
_SAMPLES = 10  # genotype columns of a page that nobody has chosen
_LONGEST_RECORD = 64 << 20
_FIELDS = ("INFO", "FORMAT", "FILTER", "ALT")
_OTHER = "application/octet-stream"
_MEDIA = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "bmp": "image/bmp",
    "svg": "image/svg+xml",
    "tiff": "image/tiff",
    "ome.tiff": "image/tiff",
    "pdf": "application/pdf",
    "html": "text/html",
    "md": "text/markdown",
    "json": "application/json",
    "jsonl": "application/x-ndjson",
    "ipynb": "application/x-ipynb+json",
    "xml": "application/xml",
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "mp4": "video/mp4",
    "zip": "application/zip",
    "parquet": "application/vnd.apache.parquet",
    "h5ad": "application/x-hdf5",
    "h5mu": "application/x-hdf5",
    "loom": "application/x-hdf5",
    "10x_h5": "application/x-hdf5",
    "gctx": "application/x-hdf5",
    "h5": "application/x-hdf5",
}
_DRAWN = frozenset({"svg", "pdf"})  # shown by who can draw it, not as the text that it may be
_BOMS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


def head(fmt: Format, path: Path, request: PreviewRequest) -> tuple[Head, list[str]]:
    """Read the beginning of a file, and say what is wrong with it."""
    if fmt.name in VARIANTS:
        return _variants(fmt.name, path, request)
    size = _size(path)
    media_type = _MEDIA.get(fmt.name, _OTHER)
    if path.is_dir() or fmt.name in _DRAWN or media_type.startswith("image/"):
        return _drawn(fmt, path, media_type, size)
    start = textfile.first_bytes(path, _TEXT + 1)
    packed = start == b"" and size > 0
    if packed or (textfile.looks_binary(start) and not start.startswith(tuple(_BOMS))):
        return Head(media_type=media_type, size=size), []
    text, encoding = _decoded(start[:_TEXT])
    if text is None:
        return Head(media_type=media_type, size=size), []
    if media_type == _OTHER:
        media_type = "text/plain"
    found = Head(
        media_type=media_type, size=size, text=text, encoding=encoding, cut=len(start) > _TEXT
    )
    return found, []


def _drawn(fmt: Format, path: Path, media_type: str, size: int) -> tuple[Head, list[str]]:
    """Tell the size in points where the header has it; nothing is drawn here."""
    if path.is_dir():
        return Head(media_type=_OTHER, size=size), []
    summary = fmt.inspect(path).summary
    sides = {key: summary.details.get(key) for key in ("width", "height")}
    known: dict[str, Any] = {key: side for key, side in sides.items() if isinstance(side, int)}
    return Head(media_type=media_type, size=size, **known), summary.problems


def _size(path: Path) -> int:
    if not path.is_dir():
        return path.stat().st_size
    return sum(
        (Path(folder) / name).lstat().st_size
        for folder, _, names in os.walk(path)
        for name in names
    )


def _decoded(start: bytes) -> tuple[str | None, str | None]:
    """Give the text of the first bytes and its encoding; None where they are no text."""
    for bom, encoding in _BOMS.items():
        if start.startswith(bom):
            return start.decode(encoding, "replace").removeprefix("\ufeff"), encoding
    try:
        return start.decode(), "utf-8"
    except UnicodeDecodeError as error:
        if error.start > len(start) - 4:  # cut within a character
            return start[: error.start].decode(), "utf-8"
    text = start.decode("latin-1")
    odd = sum(ord(character) < 32 and character not in "\t\n\r\f\x1b" for character in text)
    return (None, None) if odd else (text, "latin-1")


def _variants(name: str, path: Path, request: PreviewRequest) -> tuple[Head, list[str]]:
    with textfile.opened(path) as stream:
        if name == "bcf":
            header = vcf_text.read_header(io.BytesIO(vcf_text.bcf_header_text(stream)))
            records = None
        else:
            header = vcf_text.read_header(stream)
            if header.fileformat is None and header.width is None:
                raise Unreadable("it has no header of VCF: it does not begin with ##fileformat=VCF")
            records = _records(stream, header, request)
    contigs = list(header.fields.get("contig", {}).values())
    lengths = [contig.values.get("length", "") for contig in contigs[:_LISTED]]
    ids: list[Cell] = [cut(contig.id)[0] for contig in contigs[:_LISTED]]
    sizes: list[Cell] = [int(text) if text.isdecimal() else None for text in lengths]
    variants = VariantHead(
        fileformat=header.fileformat,
        fields=[
            HeaderField(kind=kind, id=field.id, type=field.type, description=field.description)
            for kind in _FIELDS
            for field in list(header.fields.get(kind, {}).values())[:_LISTED]
        ],
        contigs=[
            Column(name="id", type="string", values=ids),
            Column(name="length", type="int64", values=sizes),
        ],
        n_contigs=len(contigs),
        samples=header.samples[:_LISTED],
        n_samples=len(header.samples),
        records=records,
    )
    problems = [] if records is not None else ["The records of BCF are shown when it is loaded."]
    found = Head(media_type="text/plain" if name == "vcf" else _OTHER, size=_size(path))
    return found.model_copy(update={"variants": variants}), [*header.problems, *problems]


def _records(stream: IO[bytes], header: vcf_text.Header, request: PreviewRequest) -> TablePage:
    """Read a page of records as the text that they are."""
    names = [*vcf_text.FIXED_COLUMNS]
    if header.samples:
        names += ["FORMAT", *header.samples]
    wanted = request.columns
    if wanted is None:
        wanted = tuple(names[: len(vcf_text.FIXED_COLUMNS) + 1 + _SAMPLES])
    chosen = shown_columns(wanted, names, "column")
    places = [names.index(name) for name in chosen]
    cells: list[list[Cell]] = [[] for _ in chosen]
    n_cut = [0] * len(chosen)
    number, shown, line = 0, 0, header.first_record
    while line and shown < request.limit:
        if line.strip():
            if number >= request.offset:
                values = line.decode("utf-8", "replace").rstrip("\r\n").split("\t")
                for at, place in enumerate(places):
                    cell, was_cut = _cell(names[place], values[place : place + 1])
                    cells[at].append(cell)
                    n_cut[at] += was_cut
                shown += 1
            number += 1
        line = _line(stream)
    return TablePage(
        table="records",
        offset=request.offset,
        n_columns=len(names),
        more=bool(line.strip()),
        columns=[
            Column(name=name, type=_TYPES.get(name, "string"), values=values, n_cut=n)
            for name, values, n in zip(chosen, cells, n_cut, strict=True)
        ],
    )


_TYPES = {"POS": "int64", "QUAL": "float64"}


def _line(stream: IO[bytes]) -> bytes:
    line = stream.readline(_LONGEST_RECORD)
    if len(line) >= _LONGEST_RECORD and not line.endswith(b"\n"):
        raise Unreadable(f"a record is longer than {_LONGEST_RECORD >> 20} MB")
    return line


def _cell(column: str, found: list[str]) -> tuple[Cell, bool]:
    """Give a cell of a record; a lone dot is a missing value (VCF 4.3, section 1.6.1)."""
    if not found or found[0] == ".":
        return None, False
    try:
        if column == "POS":
            return int(found[0]), False
        if column == "QUAL":
            return float(found[0]), False
    except ValueError:
        pass  # told as it is written
    return cut(found[0])
