"""The header and the records of VCF, read as the text that they are.

VCF 4.x: https://samtools.github.io/hts-specs/VCFv4.3.pdf. No htslib here: a file of unknown
origin is examined by code that can at worst raise an exception.
"""

from __future__ import annotations

import re
import struct
from collections import Counter
from dataclasses import dataclass, field
from typing import IO

__all__ = ["FIXED_COLUMNS", "Header", "Records", "bcf_header_text", "count_bcf", "count_records"]

FIXED_COLUMNS = ("CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO")

_LONGEST_HEADER = 256 << 20
_LONGEST_LINE = 256 << 20
_MOST_BYTES = 4 << 30  # of text; a longer file is not counted to its end
_CHECKED_WIDTHS = 1000
_SEVERAL = 5
_BCF_MAGICS = (b"BCF\x02\x01", b"BCF\x02\x02")
# key=value pairs between < and >; a quoted value may hold commas, > and \".
_PAIR = re.compile(r'\s*([^=,<>\s]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^,]*)\s*(?:,|$)')
_ANNOTATIONS = ("CSQ", "ANN", "EFF", "BCSQ")


@dataclass(frozen=True)
class Field:
    """A line of the header such as ``##INFO=<ID=DP,Number=1,Type=Integer,…>``."""

    id: str
    values: dict[str, str]

    @property
    def type(self) -> str | None:
        """Number and type, as ``1 Integer``."""
        parts = [self.values[key] for key in ("Number", "Type") if key in self.values]
        return " ".join(parts) or None

    @property
    def description(self) -> str | None:
        return self.values.get("Description")


@dataclass
class Header:
    """What the header lines of a VCF say, and what is wrong with them.

    ``fields`` is keyed by kind: INFO, FORMAT, FILTER, ALT, contig; each by id, in order.
    """

    fileformat: str | None = None
    samples: list[str] = field(default_factory=list)
    fields: dict[str, dict[str, Field]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    n_lines: int = 0
    width: int | None = None
    first_record: bytes = b""
    _seen: int = 0

    @property
    def annotations(self) -> list[str]:
        """The INFO fields of annotation programs that there are."""
        return [name for name in _ANNOTATIONS if name in self.fields.get("INFO", {})]

    def take(self, line: str) -> None:
        """Take the next line of the header, without its end."""
        self.n_lines += 1
        if line.startswith("##fileformat="):
            self.fileformat = self.fileformat or line.partition("=")[2].strip()
            if self.n_lines > 1:
                self.problems.append(f"##fileformat is line {self.n_lines}, not the first.")
        elif line.startswith("##"):
            self._take_field(line)
        else:
            self._take_columns(line)

    def finish(self) -> None:
        """Note what is missing."""
        if self.fileformat is None:
            self.problems.insert(
                0, "The first line is not ##fileformat=VCFv4…: programs that read VCF refuse it."
            )
        if self.width is None:
            self.problems.append("There is no #CHROM line: the columns have no names.")

    def _take_field(self, line: str) -> None:
        kind, _, rest = line[2:].partition("=")
        if not rest.startswith("<"):
            return  # ##source=…, ##reference=…: free text
        body = rest.strip()
        values = {}
        at, inner = 0, body[1:-1] if body.endswith(">") else body[1:]
        while at < len(inner):
            pair = _PAIR.match(inner, at)
            if pair is None or pair.end() == at:
                break
            values[pair[1]] = _unquoted(pair[2])
            at = pair.end()
        if "ID" in values:
            self.fields.setdefault(kind, {})[values["ID"]] = Field(values["ID"], values)
        unquoted = re.sub(r'"(?:[^"\\]|\\.)*"', "", body)
        if not body.endswith(">") or at < len(inner) or "ID" not in values or "\t" in unquoted:
            self.problems.append(f"Header line {self.n_lines} is malformed: {line[:80]!r}")

    def _take_columns(self, line: str) -> None:
        cells = line.split("\t")
        self.width = len(cells)
        if tuple(cells[:8]) != ("#CHROM", *FIXED_COLUMNS[1:]):
            if len(line.split()) >= 8 and len(cells) < 8:
                self.problems.append("The #CHROM line has spaces where tabs should be.")
            else:
                expected = " ".join(("#CHROM", *FIXED_COLUMNS[1:]))
                self.problems.append(f"The #CHROM line does not begin with {expected}.")
        elif len(cells) == 8:
            return
        elif cells[8] != "FORMAT":
            self.problems.append(f"The ninth column is {cells[8][:40]!r}, and should be FORMAT.")
        elif len(cells) == 9:
            self.problems.append("There is a FORMAT column and no sample after it.")
        self.samples = cells[9:]
        if "" in self.samples:
            self.problems.append("A sample has no name: is there a tab at the end of #CHROM?")
        repeated = [name for name, n in Counter(self.samples).items() if n > 1]
        if repeated:
            self.problems.append(f"Samples occur more than once: {_listed(repeated)}.")


def read_header(stream: IO[bytes]) -> Header:
    """Read the header lines; the first line behind them stays in ``first_record``."""
    header, size = Header(), 0
    while line := stream.readline(_LONGEST_LINE):
        if not line.startswith(b"#"):
            if line.strip() or header.n_lines:
                header.first_record = line
                break
            continue
        size += len(line)
        if size > _LONGEST_HEADER:
            header.problems.append(f"The header is longer than {_LONGEST_HEADER >> 20} MB.")
            break
        header.take(line.decode("utf-8", "replace").rstrip("\r\n"))
        if header.width is not None:
            header.first_record = stream.readline(_LONGEST_LINE)
            break
    header.finish()
    return header


@dataclass
class Records:
    """Numbers of records, all and by contig; ``complete`` when all were counted."""

    n: int = 0
    by_contig: Counter[str] = field(default_factory=Counter)
    complete: bool = True
    problems: list[str] = field(default_factory=list)


def count_records(stream: IO[bytes], header: Header) -> Records:
    """Count the records behind the header, a line at a time."""
    found, size, line = Records(), 0, header.first_record
    contigs: Counter[bytes] = Counter()
    while line:
        if line.strip():
            found.n += 1
            contig, tab, _ = line.partition(b"\t")
            if tab:
                contigs[contig] += 1
            if found.n <= _CHECKED_WIDTHS and not found.problems:
                _check_width(line, found, header)
        size += len(line)
        if size > _MOST_BYTES or (len(line) >= _LONGEST_LINE and not line.endswith(b"\n")):
            found.complete = False
            break
        try:
            line = stream.readline(_LONGEST_LINE)
        except (EOFError, OSError) as error:
            found.problems.append(
                f"The file ends in the middle, after {found.n:,} records: {error}"
            )
            found.complete = False
            break
    found.by_contig = Counter({name.decode("utf-8", "replace"): n for name, n in contigs.items()})
    return found


def undefined_contigs(header: Header, records: Records) -> list[str]:
    """Give the contigs of records that the header does not define, as a problem in words."""
    missing = [name for name in records.by_contig if name not in header.fields.get("contig", {})]
    if not missing:
        return []
    verb = "is" if len(missing) == 1 else "are"
    return [
        f"{'Contig' if len(missing) == 1 else 'Contigs'} {_listed(missing)} {verb} not defined in "
        "the header (no ##contig line)."
    ]


def bcf_header_text(stream: IO[bytes]) -> bytes:
    """Give the header text of a decompressed BCF stream; ValueError where it is none."""
    head = stream.read(9)
    if head[:5] not in _BCF_MAGICS or len(head) < 9:
        raise ValueError("it does not begin with BCF2")
    (length,) = struct.unpack("<I", head[5:])
    if length > _LONGEST_HEADER:
        raise ValueError(f"its header would have {length:,} bytes")
    text = stream.read(length)
    if len(text) < length:
        raise ValueError("it ends within its header")
    return text.rstrip(b"\x00")


def count_bcf(stream: IO[bytes], header: Header) -> Records:
    """Count the records of a BCF stream behind its header."""
    found, size = Records(), 0
    contigs: Counter[int] = Counter()
    try:
        while len(lengths := stream.read(8)) == 8:
            shared, individual = struct.unpack("<II", lengths)
            size += shared + individual
            if shared < 24 or shared + individual > _LONGEST_LINE:
                raise EOFError(f"a record of {shared + individual:,} bytes")
            body = stream.read(shared + individual)
            if len(body) < shared + individual:
                raise EOFError("the last record is cut")
            found.n += 1
            contigs[struct.unpack_from("<i", body)[0]] += 1
            if size > _MOST_BYTES:
                found.complete = False
                break
    except (EOFError, OSError) as error:
        found.problems.append(f"The file ends in the middle, after {found.n:,} records: {error}")
        found.complete = False
    names = _contig_numbers(header)
    found.by_contig = Counter({names.get(i, f"contig {i}"): n for i, n in contigs.items()})
    return found


def _contig_numbers(header: Header) -> dict[int, str]:
    """Give the names of the numbered contigs: by their IDX, or in order (section 6.2.1)."""
    numbered = {}
    for at, (name, contig) in enumerate(header.fields.get("contig", {}).items()):
        index = contig.values.get("IDX", "")
        numbered[int(index) if index.isdigit() else at] = name
    return numbered


def _check_width(line: bytes, found: Records, header: Header) -> None:
    width = line.count(b"\t") + 1
    if header.width is not None and width != header.width:
        found.problems.append(
            f"Record {found.n} (line {header.n_lines + found.n}) has {width} columns, and the "
            f"#CHROM line has {header.width}."
        )
    elif header.width is None and width < 8:
        found.problems.append(f"Record {found.n} has {width} columns, and a VCF has at least 8.")


def _unquoted(value: str) -> str:
    if value.startswith('"') and value.endswith('"') and len(value) > 1:
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    return value.strip()


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SEVERAL:,} more" if len(names) > _SEVERAL else ""
    return ", ".join(map(repr, names[:_SEVERAL])) + more
