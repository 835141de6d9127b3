"""10x Genomics: matrices in h5 files and in matrix folders, read as AnnData of cells x genes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from omicshelf.errors import Invalid
from omicshelf.formats.annotated import hdf5, memory
from omicshelf.formats.annotated.damage import refusing_damage
from omicshelf.formats.annotated.folder import is_zip, opened_folder
from omicshelf.formats.annotated.inspection import Lazy, inspect_items
from omicshelf.formats.annotated.partial import only_anndata, read_sparse, subset
from omicshelf.formats.annotated.selection import Table, chosen_keys, positions
from omicshelf.formats.annotated.tenx_h5 import TenxMatrix, matrices
from omicshelf.formats.annotated.tenx_mtx import find_members, read_folder
from omicshelf.formats.base import Format, Inspection, LoadRequest

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["FORMATS", "TenxFolder", "TenxH5"]

_NOT_LAZY = Lazy(False, "10x data is loaded: anndata reads only h5ad and zarr lazily.")
_H5 = "a 10x Genomics h5 file"
_WHAT = "a 10x matrix folder"
_PARTS = frozenset({"obs", "var", "obs_columns", "layers"})


class TenxH5(Format):
    """The h5 matrices of Cell Ranger, Space Ranger and the like."""

    name: ClassVar[str] = "10x_h5"
    title: ClassVar[str] = "10x Genomics (h5)"
    suffixes: ClassVar[tuple[str, ...]] = ("h5",)
    promised: ClassVar[bool] = True
    loadable: ClassVar[bool] = True
    parts: ClassVar[frozenset[str]] = _PARTS

    def recognises(self, head: bytes, path: Path) -> bool | None:
        """Say whether the file is an HDF5 file laid out as a 10x matrix."""
        return hdf5.recognises(head, path, "10x_h5")

    def check(self, path: Path) -> None:
        """Refuse a file that is no HDF5 file or holds something other than a 10x matrix."""
        hdf5.check(path, "10x_h5")

    def inspect(self, path: Path) -> Inspection:
        """Read the file once; give the summary, content digest and names of its AnnData.

        A file of several genomes has the elements of each under ``mod/<genome>/``.
        """
        with hdf5.opened(path, "10x_h5") as file, refusing_damage(path, _H5):
            found = matrices(file)
            details: dict[str, Any] = _repeats(sum(m.repeated_symbols for m in found))
            if found[0].genome is not None:
                details["genomes"] = [matrix.genome for matrix in found]
            several = len(found) > 1
            items = (
                item
                for matrix in found
                for item in matrix.items(f"mod/{matrix.genome}/" if several else "")
            )
            return inspect_items(
                items, kind="anndata", format=self.name, lazy=_NOT_LAZY, details=details
            )

    def load(self, path: Path, request: LoadRequest) -> AnnData:
        """Load as an AnnData, or the part of it that ``request`` names.

        ``request.options["genome"]`` chooses among several genomes.

        Raises
        ------
        omicshelf.errors.Invalid
            If there are several genomes and none is chosen, or for an unknown name.
        """
        _refuse_ways(request, {"genome"})
        with hdf5.opened(path, "10x_h5") as file, refusing_damage(path, _H5):
            found = matrices(file)
            genome = request.options.get("genome")
            return _load_part(_chosen(found, genome, path), request, genome)


class TenxFolder(Format):
    """A matrix folder, or the zip file that it is stored as."""

    name: ClassVar[str] = "10x_mtx"
    title: ClassVar[str] = "10x Genomics (matrix folder)"
    suffixes: ClassVar[tuple[str, ...]] = ()
    folder: ClassVar[bool] = True
    promised: ClassVar[bool] = True
    loadable: ClassVar[bool] = True
    parts: ClassVar[frozenset[str]] = _PARTS

    def recognises(self, head: bytes, path: Path) -> bool | None:
        """Say whether a folder, or a zip file, holds the three files."""
        if not path.is_dir() and not is_zip(path):
            return False
        try:
            self.check(path)
        except Invalid:
            return False
        return True

    def check(self, path: Path) -> None:
        """Refuse what is no folder of the three files."""
        with opened_folder(path, _WHAT) as folder:
            find_members(folder.names())

    def inspect(self, path: Path) -> Inspection:
        """Read the folder; give the summary, content digest and names of its AnnData."""
        with opened_folder(path, _WHAT) as folder, refusing_damage(path, _WHAT):
            adata, repeated = read_folder(folder)
        return inspect_items(
            memory.items(adata),
            kind="anndata",
            format=self.name,
            lazy=_NOT_LAZY,
            details=_repeats(repeated),
        )

    def load(self, path: Path, request: LoadRequest) -> AnnData:
        """Load as an AnnData, or the part of it that ``request`` names."""
        _refuse_ways(request, set())
        with opened_folder(path, _WHAT) as folder, refusing_damage(path, _WHAT):
            adata, _ = read_folder(folder)
        return subset(adata, request) if request.partial else adata


def _repeats(count: int) -> dict[str, Any]:
    if not count:
        return {}
    noun = "gene symbol repeats" if count == 1 else "gene symbols repeat"
    return {"var_names_made_unique": f"{count:,} {noun} an earlier one: -1, -2 … were added"}


def _refuse_ways(request: LoadRequest, options: Iterable[str]) -> None:
    only_anndata(request)
    for way in ("backed", "lazy"):
        if getattr(request, way):
            raise Invalid(
                f"{way}=True is not possible for 10x data.",
                "Load a part of it with obs= or var=, or load it and save it as h5ad.",
            )
    unknown = sorted(set(request.options) - set(options))
    if unknown:
        known = ", ".join(sorted(options)) or "none"
        raise Invalid(f"There is no option {unknown[0]!r}.", f"The options are: {known}.")


def _chosen(found: list[TenxMatrix], genome: Any, path: Path) -> TenxMatrix:
    """Give the matrix of ``genome`` in a file of Cell Ranger 2, else the only one."""
    names = [matrix.genome for matrix in found]
    if genome is None and len(found) > 1:
        listed = ", ".join(map(str, names))
        raise Invalid(
            f"{path.name} holds {len(found)} genomes: {listed}.",
            f"Choose one with load(genome={names[0]!r}).",
        )
    if genome is None or found[0].genome is None:
        return found[0]
    if genome not in names:
        raise Invalid(
            f"{path.name} has no genome {genome!r}.",
            f"Its genomes are {', '.join(map(str, names))}.",
        )
    return found[names.index(genome)]


def _load_part(matrix: TenxMatrix, request: LoadRequest, genome: Any) -> AnnData:
    from anndata import AnnData

    obs, var = matrix.obs, matrix.var
    chosen_keys(request.layers, [], "layer")
    table = Table([str(key) for key in obs.columns], lambda columns: obs[columns])
    rows = positions(request.obs, obs.index.to_numpy(dtype=object), "obs", table)
    columns = positions(request.var, var.index.to_numpy(dtype=object), "var")
    if genome is not None and matrix.genome is None:
        columns = _of_genome(matrix, genome, columns)
    obs = obs[chosen_keys(request.obs_columns, obs.columns, "obs column")]
    return AnnData(
        X=read_sparse(matrix.x, rows, columns),
        obs=obs if rows is None else obs.iloc[rows],
        var=var if columns is None else var.iloc[columns],
    )


def _of_genome(matrix: TenxMatrix, genome: Any, columns: Any) -> Any:
    """Give the positions, among ``columns``, of the features of one genome."""
    values = matrix.var["genome"].to_numpy() if "genome" in matrix.var else np.zeros(0)
    if genome not in set(values.tolist()):
        known = ", ".join(sorted({str(value) for value in values if value})) or "not told"
        raise Invalid(f"There is no genome {genome!r}.", f"The genomes are {known}.")
    wanted = np.flatnonzero(values == genome)
    return wanted if columns is None else columns[np.isin(columns, wanted)]


FORMATS: tuple[Format, ...] = (TenxH5(), TenxFolder())
