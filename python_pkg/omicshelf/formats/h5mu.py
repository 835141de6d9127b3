"""h5mu: MuData, several modalities over shared cells, in an HDF5 file."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any, ClassVar

from omicshelf.errors import Invalid, MissingDependency
from omicshelf.formats.annotated import hdf5, multimodal
from omicshelf.formats.annotated.content import Unhashable
from omicshelf.formats.annotated.damage import refusing_damage
from omicshelf.formats.annotated.inspection import Lazy, inspect_items
from omicshelf.formats.annotated.selection import Table, positions
from omicshelf.formats.base import Format, Inspection, LoadRequest

__all__ = ["FORMATS", "H5mu"]

_NOT_LAZY = Lazy(False, "MuData is loaded whole: anndata reads only h5ad and zarr lazily.")


class H5mu(Format):
    """MuData as written by ``MuData.write``."""

    name: ClassVar[str] = "h5mu"
    title: ClassVar[str] = "MuData (h5mu)"
    suffixes: ClassVar[tuple[str, ...]] = ("h5mu",)
    promised: ClassVar[bool] = True
    loadable: ClassVar[bool] = True
    parts: ClassVar[frozenset[str]] = frozenset({"backed", "obs"})

    def recognises(self, head: bytes, path: Path) -> bool | None:
        """Say whether the file is an HDF5 file laid out as a MuData."""
        return hdf5.recognises(head, path, "h5mu")

    def check(self, path: Path) -> None:
        """Refuse a file that is no HDF5 file or holds something other than a MuData."""
        hdf5.check(path, "h5mu")

    def inspect(self, path: Path) -> Inspection:
        """Read the file once; give its summary, content digest and names."""
        with hdf5.opened(path, "h5mu") as file, refusing_damage(path, "a MuData"):
            older = multimodal.older_encoding(file)
            if older is None:
                items = multimodal.stored_items(file)
                return inspect_items(items, kind="mudata", format=self.name, lazy=_NOT_LAZY)
        with refusing_damage(path, "a MuData"):
            items = multimodal.items(_read(path))
            details = {"older_encoding": older}
            return inspect_items(
                items, kind="mudata", format=self.name, lazy=_NOT_LAZY, details=details
            )

    def load(self, path: Path, request: LoadRequest) -> Any:
        """Load the file as a MuData; ``request.obs`` chooses rows by name, mask or query."""
        if request.as_ not in (None, "mudata"):
            raise Invalid(
                f"as_={request.as_!r} is not possible for MuData.",
                "It loads as MuData: leave as_ out, and take a modality as mdata['rna'].",
            )
        for argument in ("lazy", "var", "obs_columns", "layers"):
            if getattr(request, argument) not in (None, False):
                raise Invalid(
                    f"{argument}= is not possible for MuData.",
                    "Load it, with obs= or without, and take the part of what is returned.",
                )
        hdf5.check(path, "h5mu")
        if request.backed and request.obs is not None:
            raise Invalid(
                "backed=True and obs= exclude each other.",
                "Take the part of what backed=True returns.",
            )
        with refusing_damage(path, "a MuData"):
            mdata = _read(path, backed=request.backed)
            return mdata if request.obs is None else _rows(mdata, request.obs)

    def accepts(self, obj: object) -> bool:
        """Say whether ``obj`` is a MuData."""
        return any(c.__module__.startswith("mudata.") for c in type(obj).__mro__) and any(
            c.__qualname__ == "MuData" for c in type(obj).__mro__
        )

    def frozen_copy(self, obj: Any) -> multimodal.FrozenMuData:
        """Give a shallow copy with text columns as they are written; refuse what cannot be."""
        return multimodal.frozen_mudata(obj)

    def inspect_object(self, obj: Any) -> Inspection | None:
        """Give the inspection of a MuData as :meth:`frozen_copy` gave it."""
        try:
            items = multimodal.items(obj)
            return inspect_items(items, kind="mudata", format=self.name, lazy=_NOT_LAZY)
        except Unhashable:
            return None

    def write(self, obj: multimodal.FrozenMuData, path: Path) -> None:
        """Write a MuData without compression, the form in which versions share bytes."""
        import anndata

        _mudata()
        try:
            with (
                warnings.catch_warnings(),
                anndata.settings.override(allow_write_nullable_strings=True),
            ):
                warnings.simplefilter("ignore")
                multimodal.write(obj, path)
        except OSError:
            raise
        except Exception as error:
            raise hdf5.cannot_hold(error) from error


def _mudata() -> Any:
    try:
        import mudata
    except ImportError as error:
        raise MissingDependency(
            "h5mu data needs the package mudata.",
            "Install it with: pip install 'omicshelf[mudata]'",
        ) from error
    return mudata


def _read(path: Path, *, backed: bool = False) -> Any:
    mudata = _mudata()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return mudata.read_h5mu(path, backed="r" if backed else None)


def _rows(mdata: Any, request: Any) -> Any:
    names = mdata.obs_names.to_numpy(dtype=object)
    table = Table([str(key) for key in mdata.obs.columns], lambda columns: mdata.obs[columns])
    chosen = positions(request, names, "obs", table)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return mdata[chosen].copy()


FORMATS: tuple[Format, ...] = (H5mu(),)
