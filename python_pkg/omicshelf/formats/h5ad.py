"""h5ad: AnnData in an HDF5 file."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from omicshelf.formats.annotated import hdf5, memory, stored
from omicshelf.formats.annotated.content import Unhashable
from omicshelf.formats.annotated.damage import refusing_damage
from omicshelf.formats.annotated.freeze import frozen_anndata
from omicshelf.formats.annotated.inspection import Lazy, inspect_items
from omicshelf.formats.annotated.partial import Reading, load_anndata
from omicshelf.formats.base import Format, Inspection, LoadRequest

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["FORMATS", "H5ad"]


class H5ad(Format):
    """AnnData as written by ``AnnData.write_h5ad``, of every version of anndata."""

    name: ClassVar[str] = "h5ad"
    title: ClassVar[str] = "AnnData (h5ad)"
    suffixes: ClassVar[tuple[str, ...]] = ("h5ad",)
    promised: ClassVar[bool] = True
    loadable: ClassVar[bool] = True
    parts: ClassVar[frozenset[str]] = frozenset(
        {"backed", "lazy", "obs", "var", "obs_columns", "layers"}
    )

    def recognises(self, head: bytes, path: Path) -> bool | None:
        """Say whether the file is an HDF5 file laid out as an AnnData."""
        return hdf5.recognises(head, path, "h5ad")

    def check(self, path: Path) -> None:
        """Refuse a file that is no HDF5 file or holds something other than an AnnData."""
        hdf5.check(path, "h5ad")

    def inspect(self, path: Path) -> Inspection:
        """Read the file once; give its summary, content digest and names."""
        with hdf5.opened(path, "h5ad") as file, refusing_damage(path, "an AnnData"):
            older = stored.older_encoding(file)
            if older is None:
                items = stored.items(file)
                return inspect_items(items, kind="anndata", format=self.name)
        with refusing_damage(path, "an AnnData"):
            return _inspect_loaded(path, older)

    def load(self, path: Path, request: LoadRequest) -> Any:
        """Load the file as an AnnData, or the part of it that ``request`` names."""
        hdf5.check(path, "h5ad")
        with refusing_damage(path, "an AnnData"):
            return load_anndata(path, request, _READING)

    def accepts(self, obj: object) -> bool:
        """Say whether ``obj`` is an AnnData."""
        return any(f"{c.__module__}.{c.__qualname__}" in _ANNDATA for c in type(obj).__mro__)

    def frozen_copy(self, obj: AnnData) -> AnnData:
        """Give a shallow copy with text columns as they are written; refuse what cannot be."""
        return frozen_anndata(obj)

    def inspect_object(self, obj: AnnData) -> Inspection | None:
        """Give the inspection of an AnnData as :meth:`frozen_copy` gave it."""
        try:
            return inspect_items(memory.items(obj), kind="anndata", format=self.name)
        except Unhashable:
            return None

    def nbytes(self, obj: AnnData) -> int | None:
        """Add up the matrices, which are nearly all of it."""
        aligned = (obj.layers, obj.obsm, obj.varm, obj.obsp, obj.varp)
        matrices = [obj.X, *(matrix for slot in aligned for matrix in slot.values())]
        if obj.raw is not None:
            matrices.append(obj.raw.X)
        return sum(map(_nbytes, matrices))

    def write(self, obj: AnnData, path: Path) -> None:
        """Write an AnnData without compression, the form in which versions share bytes."""
        write_h5ad(obj, path)


_ANNDATA = ("anndata._core.anndata.AnnData", "anndata.AnnData")


def read_anndata(path: Path) -> AnnData:
    """Load a whole h5ad file, without anndata's warnings about the age of its encoding."""
    import anndata

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("ignore", anndata.OldFormatWarning)
        return anndata.read_h5ad(path)


def write_h5ad(adata: AnnData, path: Path) -> None:
    """Write ``adata`` to a new h5ad file without compression.

    Raises
    ------
    omicshelf.errors.Invalid
        Naming the element that an h5ad file cannot hold.
    """
    import anndata

    try:
        with (
            warnings.catch_warnings(),
            anndata.settings.override(allow_write_nullable_strings=True),
        ):
            warnings.simplefilter("ignore")
            adata.write_h5ad(path, compression=None)
    except OSError:
        raise
    except Exception as error:
        raise hdf5.cannot_hold(error) from error


def _nbytes(matrix: Any) -> int:
    parts = [getattr(matrix, part, None) for part in ("data", "indices", "indptr")]
    if isinstance(parts[0], np.ndarray):  # sparse
        return sum(part.nbytes for part in parts if part is not None)
    return int(getattr(matrix, "nbytes", 0))


def _inspect_loaded(path: Path, older: str) -> Inspection:
    """Inspect a file of an older encoding through what anndata makes of it."""
    adata = read_anndata(path)
    reason = f"Lazy reading needs the encoding of anndata 0.8 or newer: {older}."
    remedy = "Load it and save it once."
    return inspect_items(
        memory.items(adata),
        kind="anndata",
        format="h5ad",
        lazy=Lazy(False, f"{reason} {remedy}"),
        details={"older_encoding": older},
    )


def _backed(path: Path) -> AnnData:
    import anndata

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", anndata.OldFormatWarning)
        return anndata.read_h5ad(path, backed="r")


_READING = Reading(lambda path: hdf5.opened(path, "h5ad"), read_anndata, _backed)

FORMATS: tuple[Format, ...] = (H5ad(),)
