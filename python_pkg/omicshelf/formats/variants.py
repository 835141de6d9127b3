"""Variant calls: VCF (plain, gzip, bgzip) and BCF."""

from __future__ import annotations

import io
import zlib
from pathlib import Path
from typing import IO, Any, ClassVar

from omicshelf.errors import Invalid, MissingDependency
from omicshelf.formats import magic, vcf_text
from omicshelf.formats.base import Format, Inspection, LoadRequest, Names
from omicshelf.formats.textfile import first_bytes, opened
from omicshelf.records import Element, Summary

__all__ = ["FORMATS", "Bcf", "Vcf"]

_AS = ("cyvcf2", "dataframe")
_MOST_SAMPLES = 10_000  # listed in a summary; their number is always told
_MOST_CONTIGS = 1_000
_PREVIEW = 200
_GZIP = b"\x1f\x8b"
_LISTED = ("INFO", "FORMAT", "FILTER")


class Vcf(Format):
    """Variant Call Format."""

    name = "vcf"
    title = "variant calls (VCF)"
    suffixes: ClassVar[tuple[str, ...]] = ("vcf", "gvcf")
    loadable = True
    reads_wholly = False  # a reader over the file is what load gives

    def recognises(self, head: bytes, path: Path) -> bool | None:
        """Look for ##fileformat=VCF; other text that begins with # may still be one."""
        if path.is_dir() or not head:
            return None
        text = first_bytes(path, 4096) if head.startswith(_GZIP) else head
        text = text.removeprefix(b"\xef\xbb\xbf")
        if text.startswith(b"##fileformat=VCF"):
            return True
        return None if text.startswith((b"##", b"#CHROM")) else False

    def inspect(self, path: Path) -> Inspection:
        """Read the header and count the records."""
        with path.open("rb") as file:
            size = magic.lfs_size(file.read(1024))
        if size is not None:
            return _none(
                self.name,
                f"It is a Git LFS pointer of {size:,} bytes, not the data: run git lfs pull.",
            )
        try:
            with opened(path) as stream:
                header, records = self.scan(stream)
        except (ValueError, EOFError, OSError, zlib.error) as error:
            return _none(self.name, f"It cannot be read as {self.title}: {error}")
        if header.fileformat is None and header.width is None:
            return _none(self.name, *header.problems)
        return _inspected(self.name, header, records)

    def scan(self, stream: IO[bytes]) -> tuple[vcf_text.Header, vcf_text.Records]:
        """Read header and records from the decompressed bytes."""
        header = vcf_text.read_header(stream)
        return header, vcf_text.count_records(stream, header)

    def load(self, path: Path, request: LoadRequest) -> Any:
        """Load variant calls.

        Returns
        -------
        A ``cyvcf2.VCF`` to iterate over (``as_="cyvcf2"`` or None), or a data frame of the
        eight fixed columns, with INFO as it is written (``as_="dataframe"``).

        Raises
        ------
        omicshelf.errors.Invalid
            htslib cannot read the file.
        omicshelf.errors.MissingDependency
            cyvcf2 is not installed.
        """
        kind = request.as_ or "cyvcf2"
        if kind not in _AS:
            raise Invalid(
                f"as_={request.as_!r} is nothing variant calls can be loaded as.",
                f"It is one of {', '.join(map(repr, _AS))}.",
            )
        if request.partial or request.backed or request.lazy:
            raise Invalid(
                "Variant calls are loaded as a whole.",
                "Iterate over the cyvcf2.VCF that load() gives; it reads one record at a time.",
            )
        return self.frame(path) if kind == "dataframe" else _cyvcf2(path)

    def frame(self, path: Path) -> Any:
        """Read the fixed columns of the records; a missing QUAL is NaN."""
        import pandas as pd

        with opened(path) as stream:
            header = vcf_text.read_header(stream)
            if header.fileformat is None and header.width is None:
                raise Invalid(
                    f"{path.name!r} is not {self.title}: it has no header.",
                    "A VCF begins with ##fileformat=VCF… and names its columns in a #CHROM line.",
                )
            body = io.BytesIO(header.first_record)
            rest = io.BufferedReader(_Chain(body, stream))
            try:
                frame = pd.read_csv(
                    rest,
                    sep="\t",
                    header=None,
                    names=list(vcf_text.FIXED_COLUMNS),
                    usecols=range(8),
                    dtype=str,
                    quoting=3,  # csv.QUOTE_NONE: a quote is a character
                    na_filter=False,
                )
                frame["POS"] = frame["POS"].astype("int64")
                frame["QUAL"] = pd.to_numeric(frame["QUAL"].mask(frame["QUAL"] == "."))
            except (ValueError, EOFError, OSError) as error:
                raise Invalid(
                    f"{path.name!r} cannot be read as {self.title}: {error}.",
                    "Its summary lists what is wrong with it; `bcftools view` says the same.",
                ) from error
        return frame


class Bcf(Vcf):
    """Binary VCF."""

    name = "bcf"
    title = "variant calls (BCF)"
    suffixes: ClassVar[tuple[str, ...]] = ("bcf",)

    def recognises(self, head: bytes, path: Path) -> bool | None:
        """Look for BCF2 inside the first block."""
        if path.is_dir() or not head:
            return None
        text = first_bytes(path, 16) if head.startswith(_GZIP) else head
        return text.startswith(b"BCF\x02")

    def scan(self, stream: IO[bytes]) -> tuple[vcf_text.Header, vcf_text.Records]:
        """Read the header text and walk over the records."""
        header = vcf_text.read_header(io.BytesIO(vcf_text.bcf_header_text(stream)))
        return header, vcf_text.count_bcf(stream, header)

    def frame(self, path: Path) -> Any:
        """Read the fixed columns of the records with cyvcf2."""
        import pandas as pd

        rows = [str(record).rstrip("\n").split("\t", 8)[:8] for record in _cyvcf2(path)]
        frame = pd.DataFrame(rows, columns=list(vcf_text.FIXED_COLUMNS))
        frame["POS"] = frame["POS"].astype("int64")
        frame["QUAL"] = pd.to_numeric(frame["QUAL"].mask(frame["QUAL"] == "."))
        return frame


class _Chain(io.RawIOBase):
    """Two streams, one after the other."""

    def __init__(self, first: IO[bytes], second: IO[bytes]) -> None:
        self.streams = [first, second]

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        for stream in self.streams:
            data = stream.read(len(buffer))
            if data:
                buffer[: len(data)] = data
                return len(data)
        return 0


def _cyvcf2(path: Path) -> Any:
    try:
        import cyvcf2
    except ImportError as error:
        raise MissingDependency(
            "Variant calls need cyvcf2, which is not installed.",
            "Install it: pip install 'omicshelf[variants]'. "
            "load(as_='dataframe') reads the fixed columns of a VCF without it.",
        ) from error
    try:
        return cyvcf2.VCF(str(path))
    except Exception as error:  # cyvcf2 raises plain exceptions of several kinds
        raise Invalid(
            f"{path.name!r} cannot be read as variant calls: {error}.",
            "Its summary lists what is wrong with it. load(as_='dataframe') reads the records of a "
            "text VCF whose header htslib refuses.",
        ) from error


def _none(name: str, *problems: str) -> Inspection:
    return Inspection(Summary(kind="file", format=name, problems=list(problems)))


def _inspected(name: str, header: vcf_text.Header, records: vcf_text.Records) -> Inspection:
    import numpy as np

    from omicshelf.formats.annotated.names import sidecar

    contigs = header.fields.get("contig", {})
    details: dict[str, Any] = {
        "fileformat": header.fileformat,
        "n_samples": len(header.samples),
        "samples": header.samples[:_MOST_SAMPLES],
        "n_contigs": len(contigs),
        "contigs": list(contigs)[:_MOST_CONTIGS],
        "records_by_contig": dict(records.by_contig.most_common(_MOST_CONTIGS)),
        "annotations": header.annotations,
    }
    if not records.complete:
        details["n_records_at_least"] = records.n
    elements = {
        f"{kind}/{field.id}": Element(
            kind=f"{kind} field",
            dtype=field.type,
            preview=None if field.description is None else field.description[:_PREVIEW],
        )
        for kind in _LISTED
        for field in header.fields.get(kind, {}).values()
    }
    names = np.empty(len(header.samples), dtype=object)
    names[:] = header.samples
    summary = Summary(
        kind="variants",
        format=name,
        n_rows=records.n if records.complete else None,
        elements=elements,
        details=details,
        problems=[
            *header.problems,
            *records.problems,
            *vcf_text.undefined_contigs(header, records),
        ],
    )
    return Inspection(summary, names=Names(sidecar(names), b""))


FORMATS: tuple[Format, ...] = (Vcf(), Bcf())
