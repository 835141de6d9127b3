"""Formats that are kept byte for byte and given back: known by name and first bytes only.

Of a few the header is cheap and safe to read here: the size of an image, the events and
parameters of a cytometry file. None can be loaded.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from omicshelf.formats.base import Format, Inspection
from omicshelf.records import Summary

__all__ = ["FORMATS", "Opaque", "opaque"]

_Magic = tuple[int, bytes]
_MOST_LISTED = 50


class Opaque(Format):
    """A kept format.

    Attributes
    ----------
    magics
        Alternatives of (offset, bytes), one of which every such file has; empty where the
        first bytes tell nothing.
    shared
        Whether other formats have the same first bytes, or chance may: having them proves
        nothing then.
    """

    magics: ClassVar[tuple[_Magic, ...]] = ()
    shared: ClassVar[bool] = False

    def recognises(self, head: bytes, path: Path) -> bool | None:
        """Compare the first bytes; a format without a signature cannot tell."""
        if not self.magics or not head:
            return None
        if not any(head.startswith(magic, offset) for offset, magic in self.magics):
            return False
        return None if self.shared else True

    def inspect(self, path: Path) -> Inspection:
        """Give the header's facts where the format has a cheap one."""
        details: dict[str, Any] = {}
        problems: list[str] = []
        try:
            with path.open("rb") as file:
                details = self.header(file.read(65536))
        except (ValueError, struct.error, IndexError) as error:
            problems.append(f"The {self.title} header could not be read: {error}.")
        summary = Summary(kind="file", format=self.name, details=details, problems=problems)
        return Inspection(summary)

    def header(self, head: bytes) -> dict[str, Any]:
        """Give facts from the first 64 KiB; raise ValueError where they make no sense."""
        return {}


class _Hdf5(Opaque):
    """HDF5 of whatever layout: what it holds on top, or why it cannot be opened."""

    def inspect(self, path: Path) -> Inspection:
        import h5py

        from omicshelf.formats.annotated.hdf5 import unopened

        details: dict[str, Any] = {}
        problems: list[str] = []
        try:
            with h5py.File(path, "r") as file:
                details["holds"] = sorted(file)[:_MOST_LISTED]
        except OSError as error:
            told = unopened(path, "an HDF5 file", error)
            problems.append(getattr(told, "title", str(told)))
        return Inspection(
            Summary(kind="file", format=self.name, details=details, problems=problems)
        )


class _Gzipped(Opaque):
    """A format whose signature may lie inside gzip, as in BAM's blocks."""

    def recognises(self, head: bytes, path: Path) -> bool | None:
        """Compare the first bytes, decompressed where they are gzip."""
        return super().recognises(_gunzipped(head) or head, path)


class _R(_Gzipped):
    """R's serialisations: bare, or inside gzip, bzip2 or xz."""

    def recognises(self, head: bytes, path: Path) -> bool | None:
        """Compare the first bytes; inside bzip2 and xz they are not looked for."""
        return (
            None if head.startswith((b"BZh", b"\xfd7zXZ\x00")) else super().recognises(head, path)
        )


class _Png(Opaque):
    def header(self, head: bytes) -> dict[str, Any]:
        if not head.startswith(b"\x89PNG\r\n\x1a\n") or head[12:16] != b"IHDR":
            raise ValueError("it has no IHDR chunk")
        width, height = struct.unpack_from(">II", head, 16)
        return {"width": width, "height": height}


class _Gif(Opaque):
    def header(self, head: bytes) -> dict[str, Any]:
        if not head.startswith(b"GIF8"):
            raise ValueError("it does not start with GIF8")
        width, height = struct.unpack_from("<HH", head, 6)
        return {"width": width, "height": height}


class _Jpeg(Opaque):
    def header(self, head: bytes) -> dict[str, Any]:
        """Walk the segments to the frame header, SOF0 to SOF15 but DHT, JPG and DAC."""
        if not head.startswith(b"\xff\xd8"):
            raise ValueError("it does not start with FF D8")
        at = 2
        while at + 9 <= len(head):
            if head[at] != 0xFF:
                raise ValueError(f"a segment is damaged at byte {at}")
            marker, length = head[at + 1], struct.unpack_from(">H", head, at + 2)[0]
            if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
                height, width = struct.unpack_from(">HH", head, at + 5)
                return {"width": width, "height": height}
            at += 2 + length
        return {}  # the frame lies behind a large preview: no fact, no problem


class _Fcs(Opaque):
    def header(self, head: bytes) -> dict[str, Any]:
        """Read the TEXT segment (Flow Cytometry Standard 3.1, sections 3.1 and 3.2)."""
        if not head.startswith(b"FCS"):
            raise ValueError("it does not start with FCS")
        first, last = int(head[10:18]), int(head[18:26])
        text = head[first : last + 1].decode("utf-8", "replace")
        if len(text) < 2:
            raise ValueError("its TEXT segment is empty or far from the beginning")
        # A doubled delimiter stands for the delimiter itself.
        cells = [
            cell.replace("\0", text[0])
            for cell in text[1:].replace(text[0] * 2, "\0").split(text[0])
        ]
        fields = {
            key.strip().upper(): value for key, value in zip(cells[::2], cells[1::2], strict=False)
        }
        n_parameters = int(fields["$PAR"]) if "$PAR" in fields else 0
        names = [fields.get(f"$P{i}N", "").strip() for i in range(1, min(n_parameters, 1000) + 1)]
        return {
            "version": head[:6].decode("ascii", "replace"),
            "events": int(fields["$TOT"]) if "$TOT" in fields else None,
            "parameters": names,
        }


def _gunzipped(head: bytes) -> bytes:
    """Give the first bytes inside a gzip stream; nothing where it is none."""
    try:
        return zlib.decompressobj(31).decompress(head, 512)
    except zlib.error:
        return b""


def opaque(
    name: str,
    title: str,
    suffixes: Sequence[str] = (),
    magics: Sequence[bytes | _Magic] = (),
    *,
    shared: bool = False,
    base: type[Opaque] = Opaque,
) -> Opaque:
    """Make a kept format of the given name, title, suffixes and first bytes."""
    pairs = tuple(magic if isinstance(magic, tuple) else (0, magic) for magic in magics)
    body: dict[str, Any] = {
        "name": name,
        "title": title,
        "suffixes": tuple(suffixes),
        "magics": pairs,
        "shared": shared,
        "__doc__": f"{title}, kept byte for byte.",
    }
    made: Opaque = type(f"Opaque_{name}", (base,), body)()
    return made


_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HDF5 = b"\x89HDF\r\n\x1a\n"
_TIFF = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
_R_WORKSPACE = (b"RDX2\n", b"RDX3\n", b"RDA2\n", b"RDA3\n")

_SEQUENCES = (
    opaque("fasta", "FASTA sequences", ("fasta", "fa", "fna", "faa", "ffn")),
    opaque("fastq", "FASTQ reads", ("fastq", "fq")),
    opaque("sam", "SAM alignments", ("sam",)),
    opaque("bam", "BAM alignments", ("bam",), (b"BAM\x01",), base=_Gzipped),
    opaque("cram", "CRAM alignments", ("cram",), (b"CRAM",)),
    opaque("bai", "BAM index", ("bai",), (b"BAI\x01",)),
    opaque("tbi", "tabix index", ("tbi",), (b"TBI\x01",), base=_Gzipped),
    opaque("csi", "coordinate-sorted index", ("csi",), (b"CSI\x01",), base=_Gzipped),
    opaque("fai", "FASTA index", ("fai",)),
    opaque("ab1", "ABI chromatogram", ("ab1", "abi"), (b"ABIF",)),
    opaque("sff", "454 flowgrams", ("sff",), (b".sff",)),
    opaque("genbank", "GenBank records", ("gb", "gbk", "genbank")),
    opaque("pdb", "PDB structure", ("pdb",)),
    opaque("cif", "mmCIF structure", ("cif", "mmcif")),
)
_INTERVALS = (
    opaque("bed", "BED intervals", ("bed",)),
    opaque("bedgraph", "bedGraph track", ("bedgraph", "bdg")),
    opaque("wig", "wiggle track", ("wig",)),
    opaque("bigwig", "bigWig track", ("bw", "bigwig"), (b"\x26\xfc\x8f\x88", b"\x88\x8f\xfc\x26")),
    opaque("bigbed", "bigBed track", ("bb", "bigbed"), (b"\xeb\xf2\x89\x87", b"\x87\x89\xf2\xeb")),
    opaque("gff", "GFF annotation", ("gff",)),
    opaque("gff3", "GFF3 annotation", ("gff3",)),
    opaque("gtf", "GTF annotation", ("gtf",)),
    opaque("narrowpeak", "narrowPeak calls", ("narrowpeak",)),
    opaque("broadpeak", "broadPeak calls", ("broadpeak",)),
    opaque("cool", "Hi-C contacts (cooler)", ("cool", "mcool"), (_HDF5,), shared=True, base=_Hdf5),
    opaque("hic", "Hi-C contacts (Juicer)", ("hic",), (b"HIC\x00",)),
)
_GENETICS = (
    opaque("plink", "PLINK text pedigree", ("ped", "map")),
    opaque("fam", "PLINK family table", ("fam",)),
    opaque("bim", "PLINK variant table", ("bim",)),
    opaque("pgen", "PLINK 2 genotypes", ("pgen",), (b"\x6c\x1b",), shared=True),
    opaque("pvar", "PLINK 2 variants", ("pvar",)),
    opaque("psam", "PLINK 2 samples", ("psam",)),
    opaque(
        "bgen", "BGEN genotypes", ("bgen",), ((16, b"bgen"), (16, b"\x00\x00\x00\x00")), shared=True
    ),
)
_ASSAYS = (
    opaque("fcs", "flow cytometry (FCS)", ("fcs",), (b"FCS",), base=_Fcs),
    opaque("idat", "Illumina intensities (IDAT)", ("idat",), (b"IDAT",)),
    opaque(
        "cel",
        "Affymetrix intensities (CEL)",
        ("cel",),
        (b"\x40\x00\x00\x00", b"[CEL]", b"\x3b\x01"),
        shared=True,
    ),
    opaque("chp", "Affymetrix results (CHP)", ("chp",)),
    opaque("mzml", "mass spectra (mzML)", ("mzml",)),
    opaque("mzxml", "mass spectra (mzXML)", ("mzxml",)),
    opaque("mzid", "peptide identifications (mzIdentML)", ("mzid",)),
    opaque("mgf", "peak lists (MGF)", ("mgf",)),
    opaque("raw", "instrument raw data", ("raw",)),
    opaque("wiff", "Sciex raw data", ("wiff",), (_OLE,), shared=True),
    opaque("sbml", "SBML model", ("sbml",)),
    opaque("cdt", "clustered data table", ("cdt",)),
    opaque("gtr", "gene tree", ("gtr",)),
    opaque("atr", "array tree", ("atr",)),
    opaque("gmt", "gene sets (GMT)", ("gmt",)),
    opaque("gmx", "gene sets (GMX)", ("gmx",)),
    opaque("grp", "gene set (GRP)", ("grp",)),
    opaque("grn", "gene regulatory network", ("grn",)),
    opaque("cls", "phenotype classes (CLS)", ("cls",)),
    opaque("chip", "array annotation (CHIP)", ("chip",)),
    opaque("res", "expression table (RES)", ("res",)),
    opaque("mtx", "Matrix Market", ("mtx",), (b"%%MatrixMarket",)),
    opaque("rds", "R object (RDS)", ("rds",), (b"X\n", b"A\n", b"B\n"), shared=True, base=_R),
    opaque("rdata", "R workspace", ("rdata", "rda"), _R_WORKSPACE, base=_R),
    opaque("h5seurat", "Seurat object (HDF5)", ("h5seurat",), (_HDF5,), shared=True, base=_Hdf5),
    opaque("nwb", "Neurodata Without Borders", ("nwb",), (_HDF5,), shared=True, base=_Hdf5),
)
_IMAGES = (
    opaque("png", "PNG image", ("png",), (b"\x89PNG\r\n\x1a\n",), base=_Png),
    opaque("jpeg", "JPEG image", ("jpg", "jpeg"), (b"\xff\xd8\xff",), base=_Jpeg),
    opaque("gif", "GIF image", ("gif",), (b"GIF87a", b"GIF89a"), base=_Gif),
    opaque("webp", "WebP image", ("webp",), ((8, b"WEBP"),)),
    opaque("bmp", "bitmap image", ("bmp",), (b"BM",), shared=True),
    opaque("svg", "SVG drawing", ("svg",)),
    opaque(
        "tiff",
        "TIFF image",
        ("tiff", "tif"),
        _TIFF,
    ),
    opaque(
        "ome.tiff",
        "OME-TIFF image",
        ("ome.tiff", "ome.tif"),
        _TIFF,
        shared=True,
    ),
    opaque("czi", "Zeiss microscopy (CZI)", ("czi",), (b"ZISRAWFILE",)),
    opaque("nd2", "Nikon microscopy (ND2)", ("nd2",), (b"\xda\xce\xbe\x0a",)),
    opaque("lif", "Leica microscopy (LIF)", ("lif",), (b"\x70\x00\x00\x00",), shared=True),
    opaque("svs", "Aperio slide (SVS)", ("svs",), _TIFF, shared=True),
    opaque("ndpi", "Hamamatsu slide (NDPI)", ("ndpi",), _TIFF, shared=True),
    opaque("dcm", "DICOM image", ("dcm", "dicom"), ((128, b"DICM"),)),
    opaque(
        "nifti",
        "NIfTI image",
        ("nii",),
        ((344, b"n+1\x00"), (344, b"ni1\x00"), (4, b"n+2\x00"), (4, b"ni2\x00")),
    ),
    opaque("mp4", "MP4 video", ("mp4",), ((4, b"ftyp"),)),
    opaque("avi", "AVI video", ("avi",), ((8, b"AVI "),)),
    opaque("mov", "QuickTime video", ("mov",)),
)
_DOCUMENTS = (
    opaque("pdf", "PDF document", ("pdf",), (b"%PDF",)),
    opaque("html", "web page", ("html", "htm")),
    opaque("md", "Markdown text", ("md", "markdown")),
    opaque("rst", "reStructuredText", ("rst",)),
    opaque("rtf", "RTF document", ("rtf",), (b"{\\rtf",)),
    opaque("doc", "Word document", ("doc",), (_OLE,), shared=True),
    opaque("docx", "Word document", ("docx",), (_ZIP,), shared=True),
    opaque("ppt", "PowerPoint slides", ("ppt",), (_OLE,), shared=True),
    opaque("pptx", "PowerPoint slides", ("pptx",), (_ZIP,), shared=True),
    opaque("xls", "Excel workbook before 2007", ("xls",), (_OLE,), shared=True),
    opaque("ods", "OpenDocument spreadsheet", ("ods",), (_ZIP,), shared=True),
    opaque("odt", "OpenDocument text", ("odt",), (_ZIP,), shared=True),
    opaque("tex", "LaTeX source", ("tex",)),
    opaque("log", "log", ("log",)),
    opaque("ipynb", "Jupyter notebook", ("ipynb",)),
    opaque("py", "Python source", ("py",)),
    opaque("r", "R source", ("r",)),
    opaque("rmd", "R Markdown", ("rmd",)),
    opaque("qmd", "Quarto document", ("qmd",)),
    opaque("sh", "shell script", ("sh",)),
    opaque("sql", "SQL", ("sql",)),
    opaque("nf", "Nextflow pipeline", ("nf",)),
    opaque("wdl", "WDL workflow", ("wdl",)),
    opaque("cwl", "CWL workflow", ("cwl",)),
)
_DATA = (
    opaque("json", "JSON", ("json",)),
    opaque("jsonl", "JSON lines", ("jsonl", "ndjson")),
    opaque("xml", "XML", ("xml",)),
    opaque("yaml", "YAML", ("yaml", "yml")),
    opaque("toml", "TOML", ("toml",)),
    opaque("ini", "settings", ("ini", "cfg")),
    opaque("obo", "ontology (OBO)", ("obo",)),
    opaque("owl", "ontology (OWL)", ("owl",)),
    opaque("dat", "data", ("dat",)),
    opaque("bin", "binary data", ("bin",)),
    opaque("npy", "NumPy array", ("npy",), (b"\x93NUMPY",)),
    opaque("npz", "NumPy arrays", ("npz",), (_ZIP,), shared=True),
    opaque("feather", "Feather table", ("feather",), (b"ARROW1", b"FEA1")),
    opaque("arrow", "Arrow table", ("arrow", "ipc")),
    opaque("avro", "Avro records", ("avro",), (b"Obj\x01",)),
    opaque("orc", "ORC table", ("orc",), (b"ORC",)),
    opaque("sqlite", "SQLite database", ("sqlite", "sqlite3"), (b"SQLite format 3\x00",)),
    opaque("db", "database", ("db",)),
    opaque("dta", "Stata table", ("dta",)),
    opaque("sav", "SPSS table", ("sav",), (b"$FL2", b"$FL3")),
    opaque("sas7bdat", "SAS table", ("sas7bdat",)),
    opaque("xpt", "SAS transport table", ("xpt",), (b"HEADER RECORD",)),
    opaque("pkl", "Python pickle", ("pkl", "pickle")),
    opaque("h5", "HDF5", ("h5", "hdf5", "hdf"), (_HDF5,), base=_Hdf5),
    opaque("mat", "MATLAB data", ("mat",)),
    opaque("pt", "PyTorch weights", ("pt", "pth")),
    opaque("onnx", "ONNX model", ("onnx",)),
    opaque("zip", "zip archive", ("zip",), (_ZIP, b"PK\x05\x06")),
    opaque("tar", "tar archive", ("tar",), ((257, b"ustar"),)),
    opaque(
        "tar+gzip", "compressed tar archive", ("tar.gz", "tgz"), ((257, b"ustar"),), base=_Gzipped
    ),
    opaque("bz2", "bzip2-compressed file", ("bz2",), (b"BZh",)),
    opaque("xz", "xz-compressed file", ("xz",), (b"\xfd7zXZ\x00",)),
    opaque("zst", "zstd-compressed file", ("zst",), (b"\x28\xb5\x2f\xfd",)),
    opaque("7z", "7-Zip archive", ("7z",), (b"7z\xbc\xaf\x27\x1c",)),
    opaque("rar", "RAR archive", ("rar",), (b"Rar!\x1a\x07",)),
)

FORMATS: tuple[Format, ...] = (
    *_SEQUENCES,
    *_INTERVALS,
    *_GENETICS,
    *_ASSAYS,
    *_IMAGES,
    *_DOCUMENTS,
    *_DATA,
)
