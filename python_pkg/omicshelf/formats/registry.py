"""The registry of formats, and how the format of a path or an object is found.

A format is found by the longest known suffix of the file's name, without regard to case,
and confirmed by the file's first bytes; a contradiction is told.
"""

from __future__ import annotations

import difflib
import importlib
import re
import stat
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from omicshelf.errors import AccessDenied, Invalid, MissingPath, StorageError
from omicshelf.formats.base import Format

__all__ = ["all_formats", "for_object", "get", "infer", "infer_path", "suffix_of", "unpacked"]

# Modules are imported when first asked for; each registers by its FORMATS tuple.
_MODULES = ("h5ad", "h5mu", "loom", "zarrstore", "tenx", "gct", "tables", "variants", "opaque")

_HEAD = 4096
_GZIP = b"\x1f\x8b"
_GZIP_SUFFIXES = (".gz", ".bgz")
_COMPRESSED = "+gzip"

# A name that is usable as a format and, after a dot, as the ending of a file name.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(?:[.+][A-Za-z0-9_-]+)*")
_NAME_LENGTH = 64

# Formats whose readers take gzip-compressed bytes as they are.
_READS_GZIP = frozenset({"gct", "csv", "tsv", "txt", "maf", "seg", "vcf"})
# Formats that are themselves (possibly) gzip inside: no contradiction, no "+gzip".
_GZIP_INSIDE = frozenset({"bam", "bcf", "rds", "rdata", "tbi", "csi"})
# Suffixes that say how bytes are packed and not what they are: the content decides.
_CONTAINERS = frozenset({"h5", "zip"})


@cache
def all_formats() -> dict[str, Format]:
    """Every known format by name."""
    found: dict[str, Format] = {}
    for module in _MODULES:
        for fmt in importlib.import_module(f"omicshelf.formats.{module}").FORMATS:
            found[fmt.name] = fmt
    return found


@cache
def _suffixes() -> dict[str, str]:
    """Format name by suffix; of several that share one, the most general (the last)."""
    return {suffix: fmt.name for fmt in all_formats().values() for suffix in fmt.suffixes}


@cache
def _opaque(name: str) -> Format:
    from omicshelf.formats.opaque import opaque

    return opaque(name, f"{name} file")


def get(name: str) -> Format:
    """Give the format called ``name``.

    Parameters
    ----------
    name
        A ``data_format``, such as ``"csv"`` or ``"csv+gzip"``.

    Returns
    -------
    Format
        For ``"<format>+gzip"`` the format itself when its reader takes compressed files;
        for every other name an opaque format of that name: bytes that are kept and given back.
    """
    known = all_formats()
    lowered = name.lower()
    if lowered in known:
        return known[lowered]
    base = lowered.removesuffix(_COMPRESSED)
    if base != lowered and base in _READS_GZIP:
        return known[base]
    return _opaque(name)


def infer(file_name: str) -> str | None:
    """Give the data format that a file's name tells, by its longest known suffix.

    Case does not matter, nor do other dots in the name. A compressed file of a known format
    is ``"<format>+gzip"``.

    Examples
    --------
    >>> infer("GSE1.v2.GCT"), infer("reads.fastq.gz"), infer("notes"), infer("x.unknown.gz")
    ('gct', 'fastq+gzip', None, None)
    """
    base = re.split(r"[/\\]", file_name)[-1].lower().lstrip(".")
    # The longest suffix first; a format's own may hold a dot (zarr.zip, ome.tiff).
    _, _, rest = base.partition(".")
    while rest:
        if rest in _suffixes():
            return _suffixes()[rest]
        _, _, rest = rest.partition(".")
    for ending in _GZIP_SUFFIXES:
        if base.endswith(ending):
            inner = infer(base.removesuffix(ending))
            return f"{inner}{_COMPRESSED}" if inner and _COMPRESSED not in inner else None
    return None


def suffix_of(data_format: str | None) -> str:
    """Give the file name ending for a download, with its dot: ``".csv"``, ``".vcf.gz"``.

    A format that is not known ends in its own name where that makes a safe file name, and in
    nothing otherwise.
    """
    if not data_format:
        return ""
    base, compressed = data_format, ""
    if data_format.endswith(_COMPRESSED):
        base, compressed = data_format.removesuffix(_COMPRESSED), ".gz"
    fmt = all_formats().get(base.lower())
    if fmt is not None:
        suffix = fmt.suffixes[0] if fmt.suffixes else ""
    else:
        safe = len(base) <= _NAME_LENGTH and _NAME.fullmatch(base)
        suffix = base if safe else ""
    return f".{suffix}{compressed}" if suffix else compressed


def infer_path(path: Path, data_format: str | None = None) -> tuple[str, Format, list[str]]:
    """Find the format of a file or folder by its name and its first bytes.

    Parameters
    ----------
    path
        An existing regular file or folder.
    data_format
        The caller's own word, which wins over name and content.

    Returns
    -------
    tuple
        The data format, the :class:`Format` that handles it, and warnings for the user: what
        the content says against the name. A file of a promised format that cannot be one is
        no warning; ``Format.check`` refuses it.

    Raises
    ------
    omicshelf.errors.MissingPath
        There is nothing at ``path``.
    omicshelf.errors.Invalid
        The format is neither given nor known from the name, or ``path`` is neither a file nor
        a folder of a known format.
    """
    if data_format is not None:
        data_format = _canonical(data_format)
    if _is_folder(path):
        return _infer_folder(path, data_format)
    head = _read_head(path)
    if data_format is not None:
        fmt = get(data_format)
        return data_format, fmt, list(_contradictions(path, head, data_format, fmt))
    name = infer(path.name)
    if name is None:
        raise _unknown_name(path, head)
    name = _unpacked(name, head, path)
    fmt = get(name)
    inside = name.removesuffix(_COMPRESSED)
    if head.startswith(_GZIP) and name == inside and inside in _READS_GZIP:
        told = (
            f"{path.name!r} is gzip-compressed though its name does not end in .gz: it is kept "
            f"as {name}{_COMPRESSED}, byte for byte."
        )
        return f"{name}{_COMPRESSED}", fmt, [told]
    return name, fmt, list(_contradictions(path, head, name, fmt))


def unpacked(path: Path, data_format: str) -> str:
    """Give the format of what is in a container, such as HDF5; other formats as they are."""
    return _unpacked(data_format, _read_head(path), path)


def _unpacked(data_format: str, head: bytes, path: Path) -> str:
    if data_format not in _CONTAINERS:
        return data_format
    return next((fmt.name for fmt in _recognised(head, path) if fmt.loadable), data_format)


def for_object(obj: object) -> Format | None:
    """Give the format that writes the object of memory ``obj``, or None."""
    return next((fmt for fmt in all_formats().values() if fmt.accepts(obj)), None)


def _canonical(data_format: str) -> str:
    """Check a caller's format name; known names are given in their own spelling."""
    if not isinstance(data_format, str):
        raise Invalid(
            f"data_format {data_format!r} is not a text.", "Pass a name, such as data_format='csv'."
        )
    if len(data_format) > _NAME_LENGTH or not _NAME.fullmatch(data_format):
        known = infer(f"x.{data_format.lstrip('.')}")
        raise Invalid(
            f"{data_format!r} cannot be a data_format.",
            "A format's name has letters, digits, '_' and '-', with single '.' or '+' between "
            "them, and no leading dot; at most 64 characters."
            + (f" Did you mean {known!r}?" if known else ""),
        )
    lowered = data_format.lower()
    known_name = lowered.removesuffix(_COMPRESSED) in all_formats()
    return lowered if known_name else data_format


def _is_folder(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise MissingPath(
            f"There is no file {str(path)!r}.",
            "Check the spelling; a relative path is looked up in the current folder.",
        ) from None
    except PermissionError:
        raise AccessDenied(
            f"You may not read {str(path)!r}.", "Ask its owner for the right to read it."
        ) from None
    except (OSError, ValueError) as error:  # too long a name, a NUL inside
        raise Invalid(f"{str(path)!r} is not a usable path.", str(error)) from error
    if stat.S_ISDIR(mode):
        return True
    if not stat.S_ISREG(mode):
        raise Invalid(
            f"{str(path)!r} is not a regular file.",
            "Pipes, sockets and devices have no content to keep: write it to a file first.",
        )
    return False


def _read_head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_HEAD)
    except PermissionError:
        raise AccessDenied(
            f"You may not read {str(path)!r}.", "Ask its owner for the right to read it."
        ) from None
    except OSError as error:
        raise StorageError(f"{str(path)!r} cannot be read.", str(error)) from error


def _recognised(head: bytes, path: Path) -> Iterator[Format]:
    """Formats whose own first bytes the file has, those that can be loaded first."""
    formats = sorted(all_formats().values(), key=lambda fmt: not fmt.loadable)
    return (fmt for fmt in formats if fmt.recognises(head, path))


def _infer_folder(path: Path, data_format: str | None) -> tuple[str, Format, list[str]]:
    folders = [fmt for fmt in all_formats().values() if fmt.folder]
    if data_format is not None:
        fmt = get(data_format)
        if fmt.folder:
            return data_format, fmt, []
        raise Invalid(
            f"{path.name!r} is a folder, and {data_format} data is a file.",
            f"Pass the path of the file. {_folder_rule(folders)}",
        )
    for fmt in folders:
        if fmt.recognises(b"", path):
            return fmt.name, fmt, []
    raise Invalid(
        f"The folder {path.name!r} is not a dataset of a known format.", _folder_rule(folders)
    )


def _folder_rule(folders: list[Format]) -> str:
    kinds = " or ".join(f"{fmt.name} ({fmt.title})" for fmt in folders)
    return f"A folder that is a dataset is {kinds}. Other folders: pack them into one zip file."


def _unknown_name(path: Path, head: bytes) -> Invalid:
    looks = next(_recognised(head, path), None)
    hints = []
    if looks is not None:
        packed = head.startswith(_GZIP) and looks.name in _READS_GZIP
        name = f"{looks.name}{_COMPRESSED}" if packed else looks.name
        hints.append(f"The content looks like {looks.name}: pass data_format={name!r}.")
    base = path.name.lower()
    for ending in _GZIP_SUFFIXES:
        base = base.removesuffix(ending)
    near = difflib.get_close_matches(base.rpartition(".")[2], _suffixes(), n=1, cutoff=0.6)
    if looks is None and near and "." in base.lstrip("."):
        hints.append(f"Did you mean '.{near[0]}'?")
    return Invalid(
        "Couldn't infer 'data_format', please pass it directly",
        f"The name {path.name!r} does not end in a known suffix. "
        + "".join(f"{hint} " for hint in hints)
        + "Any name will do, for example data_format='csv'; data of a format that is not known "
        "is kept byte for byte.",
    )


def _contradictions(path: Path, head: bytes, name: str, fmt: Format) -> Iterator[str]:
    """What a kept file's first bytes say against its format, in words for the user."""
    if fmt.promised:
        return  # Format.check refuses it, with its own words
    inside = name.removesuffix(_COMPRESSED)
    if not head:
        yield f"{path.name!r} is empty (0 bytes); it is kept as {name}."
    elif name != inside and not head.startswith(_GZIP):
        yield f"{path.name!r} is not gzip-compressed ({_told(head)}); it is kept as {name}."
    elif name != inside:
        known = all_formats().get(inside)
        if known is not None and known.loadable and inside not in _READS_GZIP:
            yield (
                f"{path.name!r} is kept compressed, and cannot be loaded so: decompress it first "
                f"(gunzip) to have it as {inside}."
            )
    elif head.startswith(_GZIP) and inside not in _GZIP_INSIDE and inside in all_formats():
        yield f"{path.name!r} is gzip-compressed, {name} data is not; it is kept as {name}."
    elif fmt.recognises(head, path) is False:
        other = next(_recognised(head, path), None)
        remedy = f" If it is {other.name}, pass data_format={other.name!r}." if other else ""
        yield f"{path.name!r} does not hold {name} data ({_told(head)}); it is kept.{remedy}"


def _told(head: bytes) -> str:
    from omicshelf.formats.magic import describe

    what = describe(head)
    return f"it is {what}" if what else "its first bytes are others"
