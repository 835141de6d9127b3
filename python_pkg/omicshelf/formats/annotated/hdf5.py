"""Opening HDF5 files of the AnnData family, and saying what else a file is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from omicshelf.errors import Invalid, MissingPath
from omicshelf.formats import magic
from omicshelf.formats.annotated.confined import refuse_foreign_parts

__all__ = ["cannot_hold", "check", "head_of", "layout", "opened", "recognises", "texts", "unopened"]

_TITLES = {
    "h5ad": "an h5ad file",
    "h5mu": "an h5mu file",
    "loom": "a loom file",
    "10x_h5": "a 10x Genomics h5 file",
    "h5seurat": "a Seurat file (h5Seurat)",
    "gctx": "a GCTX file",
}
_REMEDIES = {
    "h5seurat": "In R, convert it with SeuratDisk::Convert or write it with zellkonverter.",
}
_HEAD = 4096


def head_of(path: Path) -> bytes:
    """Read the first 4 KiB of a file, nothing of a folder."""
    if path.is_dir():
        return b""
    with path.open("rb") as file:
        return file.read(_HEAD)


def layout(file: Any) -> str | None:
    """Say of which format of the family an open HDF5 file is; None if of none."""
    keys = set(file)
    if "mod" in keys and {"obs", "var"} & keys:
        return "h5mu"
    if {"obs", "var"} <= keys:
        return "h5ad"
    if "matrix" in keys and {"row_attrs", "col_attrs"} & keys:
        return "loom"
    if "matrix" in keys and "barcodes" in file["matrix"]:
        return "10x_h5"
    if keys and all(_is_10x_genome(file[key]) for key in keys):
        return "10x_h5"
    if "cell.embeddings" in keys or {"assays", "meta.data"} <= keys:
        return "h5seurat"
    if "0" in keys and "DATA" in file["0"]:
        return "gctx"
    return None


def recognises(head: bytes, path: Path, name: str) -> bool | None:
    """Say whether a file is of the format ``name``; None if it is an HDF5 that cannot tell."""
    if path.is_dir():
        return False
    if not head.startswith((magic.HDF5_SIGNATURE, b"MuData (")):
        return False
    try:
        import h5py

        with h5py.File(path, "r") as file:
            refuse_foreign_parts(file, path)
            return layout(file) == name
    except (OSError, Invalid):
        return None


def check(path: Path, name: str) -> None:
    """Refuse a file that is not of the format ``name``.

    Raises
    ------
    omicshelf.errors.Invalid
        With what it is instead, and the remedy.
    """
    with opened(path, name):
        pass


@contextmanager
def opened(path: Path, name: str) -> Iterator[Any]:
    """Open an HDF5 file of the format ``name`` for reading, or refuse it as :func:`check` does."""
    import h5py

    title = _TITLES[name]
    _refuse_other_bytes(path, title)
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise unopened(path, title, error) from error
    with file:
        refuse_foreign_parts(file, path)  # before anything in it is opened
        found = layout(file)
        if found != name:
            raise _other_layout(path, title, found, sorted(file))
        yield file


def cannot_hold(error: Exception) -> Invalid:
    """Turn an error of anndata's writer into one that names the element."""
    notes = " ".join([str(error), *getattr(error, "__notes__", ())])
    key = re.search(r"writing key '([^']*)'[^/]*to (/\S*)", notes)
    where = "an element"
    if key is not None:
        where = "/".join(part for part in (key.group(2).strip("/"), key.group(1)) if part)
    return Invalid(
        f"{where} cannot be written to an HDF5 file: {str(error).splitlines()[0]}",
        "Convert it to numbers, text or a data frame of these before saving, or remove it.",
    )


def texts(dataset: Any) -> Any:
    """Read an array of text of any HDF5 string type as an object array of ``str``."""
    import numpy as np

    values = np.asarray(dataset[()])
    if values.dtype.kind not in "SO":
        return values.astype(str).astype(object)
    decoded = [
        v.decode("utf-8", "replace") if isinstance(v, bytes) else str(v) for v in values.flat
    ]
    return np.array(decoded, dtype=object).reshape(values.shape)


def _refuse_other_bytes(path: Path, title: str) -> None:
    if not path.exists():
        raise MissingPath(f"{path} does not exist.", "Check the path.")
    if path.is_dir():
        raise Invalid(
            f"{path.name} is a folder, not {title}.",
            "A folder is stored as zarr or as a 10x matrix folder: use that data_format.",
        )
    head = head_of(path)
    if head.startswith(magic.LFS_PREFIX):
        size = magic.lfs_size(head)
        of = "" if size is None else f" of {size:,} bytes"
        raise Invalid(
            f"{path.name} is a Git LFS pointer{of}, not the data.",
            "Run `git lfs pull` in its repository, then try again.",
        )
    if head.startswith((magic.HDF5_SIGNATURE, b"MuData (")):
        return
    import h5py

    if head and h5py.is_hdf5(path):  # a user block of any content may come first
        return
    what = magic.describe(head)
    raise Invalid(
        f"{path.name} is not {title}: it is {what or 'a file of unknown content'}.",
        f"{title[0].upper()}{title[1:]} begins with the HDF5 signature. Check that the right file "
        "was given and that its download was complete.",
    )


def unopened(path: Path, title: str, error: OSError) -> Exception:
    """Say why an HDF5 file could not be opened: cut short, damaged, or the system's reason."""
    text = str(error)
    truncated = re.search(r"truncated file: eof = (\d+), .*stored_eof = (\d+)", text)
    if truncated is not None:
        there, stored = (int(number) for number in truncated.groups())
        return Invalid(
            f"{path.name} is truncated: {there:,} of its {stored:,} bytes are there.",
            "The copy or download was not finished: get the file again.",
        )
    if error.errno is not None:
        return error
    return Invalid(
        f"{path.name} is damaged and cannot be opened as {title}: {text}",
        "Get the file again from where it comes from.",
    )


def _other_layout(path: Path, title: str, found: str | None, keys: list[str]) -> Invalid:
    if found is not None:
        remedy = _REMEDIES.get(found, f"Use data_format={found!r}.")
        return Invalid(f"{path.name} is not {title}: it is {_TITLES[found]}.", remedy)
    there = ", ".join(keys[:8]) or "nothing"
    return Invalid(
        f"{path.name} is an HDF5 file, but not {title}: it holds {there}.",
        "An AnnData has at least obs and var. Store it with data_format='file' to keep it as "
        "it is.",
    )


def _is_10x_genome(group: Any) -> bool:
    return hasattr(group, "keys") and {"barcodes", "genes", "indptr", "data"} <= set(group)
