"""zarr: AnnData or MuData in a zarr folder, or in the zip file that such a folder is stored as."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, ClassVar

from omicshelf.errors import Invalid, MissingDependency
from omicshelf.formats.annotated import folder, memory, multimodal, stored
from omicshelf.formats.annotated.damage import refusing_damage
from omicshelf.formats.annotated.inspection import Lazy, inspect_items
from omicshelf.formats.annotated.partial import Reading, load_anndata
from omicshelf.formats.base import Format, Inspection, LoadRequest

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["FORMATS", "Zarr", "opened"]

_MARKS = (".zgroup", "zarr.json")
_WHAT = "a zarr folder"
_CONTENT = "an AnnData or MuData"


class Zarr(Format):
    """AnnData or MuData as written by ``write_zarr``, in zarr format 2 or 3."""

    name: ClassVar[str] = "zarr"
    title: ClassVar[str] = "AnnData (zarr)"
    suffixes: ClassVar[tuple[str, ...]] = ("zarr", "zarr.zip")
    folder: ClassVar[bool] = True
    promised: ClassVar[bool] = True
    loadable: ClassVar[bool] = True
    parts: ClassVar[frozenset[str]] = frozenset({"lazy", "obs", "var", "obs_columns", "layers"})

    def recognises(self, head: bytes, path: Path) -> bool | None:
        """Say whether a folder, or a zip file, is a zarr group."""
        if not path.is_dir() and not head.startswith(b"PK"):
            return False
        try:
            return _root(path) is not None
        except Invalid:
            return None

    def check(self, path: Path) -> None:
        """Refuse what is no zarr group, or one that holds no annotated data."""
        with opened(path):
            pass

    def inspect(self, path: Path) -> Inspection:
        """Read the store once; give its summary, content digest and names."""
        with opened(path) as group, refusing_damage(path, _CONTENT):
            if "mod" in group:
                return self._inspect_modalities(group)
            older = stored.older_encoding(group)
            if older is None:
                return inspect_items(stored.items(group), kind="anndata", format=self.name)
            reason = f"Lazy reading needs the encoding of anndata 0.8 or newer: {older}."
            return inspect_items(
                memory.items(_read(group)),
                kind="anndata",
                format=self.name,
                lazy=Lazy(False, f"{reason} Load it and save it once."),
                details={"older_encoding": older},
            )

    def load(self, path: Path, request: LoadRequest) -> Any:
        """Load the store as an AnnData (or MuData), or the part of it that is asked for."""
        with refusing_damage(path, _CONTENT):
            with opened(path) as group:
                if "mod" in group:
                    return _read_modalities(group, path, request)
            return load_anndata(path, request, _READING)

    def _inspect_modalities(self, group: Any) -> Inspection:
        lazy = Lazy(False, "MuData is loaded whole: anndata reads only h5ad and zarr lazily.")
        items = multimodal.stored_items(group)
        return inspect_items(items, kind="mudata", format=self.name, lazy=lazy)


def _root(path: Path) -> str | None:
    """Give the path of the zarr group within a folder or zip; None if there is none.

    The group of a zip file may lie within one folder, as when a whole folder was zipped.
    """
    if path.is_dir():
        return "" if any((path / mark).is_file() for mark in _MARKS) else None
    with folder.checked_zip(path) as archive:
        names = archive.namelist()
    if any(mark in names for mark in _MARKS):
        return ""
    tops = {PurePosixPath(name).parts[0] for name in names if PurePosixPath(name).parts}
    if len(tops) == 1:
        (top,) = tops
        return top if any(f"{top}/{mark}" in names for mark in _MARKS) else None
    return None


def _group(path: Path) -> tuple[Any, Any]:
    """Open the group; give it and the store that has to be closed after it."""
    import zarr

    root = _root(path)
    if root is None:
        raise Invalid(
            f"{path.name} is not a zarr group: it has neither .zgroup nor zarr.json.",
            "Pass the folder that AnnData.write_zarr wrote, or a zip of it.",
        )
    if path.is_dir():
        return zarr.open_group(str(path), mode="r"), None
    store = zarr.storage.ZipStore(str(path), mode="r")
    return zarr.open_group(store, mode="r", path=root), store


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """Open the root group for reading, or refuse what is no zarr of annotated data."""
    with folder.opened_folder(path, _WHAT), refusing_damage(path, _WHAT):
        group, store = _group(path)
    try:
        if not {"obs", "var"} <= set(group):
            there = ", ".join(sorted(group)[:8]) or "nothing"
            raise Invalid(
                f"{path.name} is a zarr group, but not an AnnData: it holds {there}.",
                "An AnnData has at least obs and var. Pack other zarr data into a zip file and "
                "store that with data_format='file'.",
            )
        yield group
    finally:
        if store is not None:
            store.close()


def _read(group: Any) -> AnnData:
    import anndata

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return anndata.read_zarr(group)


def _read_whole(path: Path) -> AnnData:
    with opened(path) as group:
        return _read(group)


def _read_modalities(group: Any, path: Path, request: LoadRequest) -> Any:
    if request.partial or request.lazy or request.backed:
        raise Invalid(
            "MuData in zarr is loaded whole.", "Load it, and take the part of what is returned."
        )
    try:
        import mudata
    except ImportError as error:
        raise MissingDependency(
            "MuData needs the package mudata.", "Install it with: pip install 'omicshelf[mudata]'"
        ) from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return mudata.read_zarr(str(path) if path.is_dir() else group.store)


# A lazy AnnData reads from its store later: it stays open as long as it is used.
_READING = Reading(opened, _read_whole, lazy_source=lambda path: _group(path)[0])

FORMATS: tuple[Format, ...] = (Zarr(),)
