"""loom: a matrix of genes x cells with attributes of both, in an HDF5 file.

Read with h5py alone, after the specification at
https://linnarssonlab.org/loompy/format/index.html.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from omicshelf.errors import Invalid
from omicshelf.formats.annotated import hdf5, memory
from omicshelf.formats.annotated.damage import refusing_damage
from omicshelf.formats.annotated.inspection import Lazy, inspect_items
from omicshelf.formats.annotated.partial import only_anndata
from omicshelf.formats.annotated.selection import Table, chosen_keys, positions
from omicshelf.formats.base import Format, Inspection, LoadRequest

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from numpy.typing import NDArray

__all__ = ["FORMATS", "Loom", "read_annotations"]

_OBS_NAMES = ("CellID", "Cell", "cell_id", "obs_names", "cell_names", "Barcode", "barcode")
_VAR_NAMES = ("Gene", "gene_name", "Symbol", "var_names", "gene_symbols", "GeneName", "Accession")
_BLOCK_BYTES = 8 << 20
_NOT_LAZY = Lazy(False, "A loom file is loaded: anndata reads only h5ad and zarr lazily.")


class Loom(Format):
    """A loom file, read as an AnnData of cells x genes."""

    name: ClassVar[str] = "loom"
    title: ClassVar[str] = "Loom"
    suffixes: ClassVar[tuple[str, ...]] = ("loom",)
    promised: ClassVar[bool] = True
    loadable: ClassVar[bool] = True
    parts: ClassVar[frozenset[str]] = frozenset({"obs", "var", "obs_columns", "layers"})

    def recognises(self, head: bytes, path: Path) -> bool | None:
        """Say whether the file is an HDF5 file laid out as loom."""
        return hdf5.recognises(head, path, "loom")

    def check(self, path: Path) -> None:
        """Refuse a file that is no HDF5 file or holds something other than loom."""
        hdf5.check(path, "loom")

    def inspect(self, path: Path) -> Inspection:
        """Read the file; give the summary, content digest and names of its AnnData."""
        adata = self.load(path, LoadRequest())
        return inspect_items(memory.items(adata), kind="anndata", format=self.name, lazy=_NOT_LAZY)

    def load(self, path: Path, request: LoadRequest) -> AnnData:
        """Load as an AnnData of cells x genes, or the part of it that ``request`` names.

        Matrices become CSR with the stored dtype. Attributes of two dimensions go to ``obsm``
        and ``varm``, graphs to ``obsp`` and ``varp``, attributes of the file to
        ``uns["loom"]``. Names are taken from CellID and Gene, or the like.

        Raises
        ------
        omicshelf.errors.Invalid
            For an unknown name, a damaged file, or a part that does not exist here.
        """
        only_anndata(request)
        for way in ("backed", "lazy"):
            if getattr(request, way):
                raise Invalid(
                    f"{way}=True is not possible for a loom file.",
                    "Load a part of it with obs= or var=, or load it and save it as h5ad.",
                )
        with hdf5.opened(path, "loom") as file, refusing_damage(path, "a loom file"):
            return _load(file, request)


def _load(file: Any, request: LoadRequest) -> AnnData:
    from anndata import AnnData

    n_vars, n_obs = (int(n) for n in file["matrix"].shape)
    obs, obsm, var, varm = read_annotations(file)
    table = Table([str(key) for key in obs.columns], lambda columns: obs[columns])
    rows = positions(request.obs, obs.index.to_numpy(dtype=object), "obs", table)
    columns = positions(request.var, var.index.to_numpy(dtype=object), "var")
    obs = obs[chosen_keys(request.obs_columns, obs.columns, "obs column")]
    layers = chosen_keys(request.layers, file.get("layers", {}), "layer")
    adata = AnnData(
        X=_cells_by_genes(file["matrix"], rows, columns),
        obs=obs if rows is None else obs.iloc[rows],
        var=var if columns is None else var.iloc[columns],
        layers={key: _cells_by_genes(file["layers"][key], rows, columns) for key in layers},
        obsm={key: value if rows is None else value[rows] for key, value in obsm.items()},
        varm={key: value if columns is None else value[columns] for key, value in varm.items()},
        obsp=_graphs(file, "col_graphs", n_obs, rows),
        varp=_graphs(file, "row_graphs", n_vars, columns),
    )
    attributes = _attributes(file)
    if attributes:
        adata.uns["loom"] = attributes
    return adata


def read_annotations(
    file: Any,
) -> tuple[pd.DataFrame, dict[str, NDArray[Any]], pd.DataFrame, dict[str, NDArray[Any]]]:
    """Read obs, obsm, var and varm of an open loom file."""
    n_vars, n_obs = (int(n) for n in file["matrix"].shape)
    obs, obsm = _annotation(file, "col_attrs", n_obs, _OBS_NAMES)
    var, varm = _annotation(file, "row_attrs", n_vars, _VAR_NAMES)
    return obs, obsm, var, varm


def _annotation(
    file: Any, slot: str, length: int, name_keys: tuple[str, ...]
) -> tuple[pd.DataFrame, dict[str, NDArray[Any]]]:
    """Give the table of one axis, indexed by its names, and its attributes of two dimensions."""
    import pandas as pd

    columns: dict[str, Any] = {}
    matrices: dict[str, NDArray[Any]] = {}
    for key, dataset in file.get(slot, {}).items():
        values = hdf5.texts(dataset) if dataset.dtype.kind in "SO" else np.asarray(dataset[()])
        if not len(values.shape) or len(values) != length:
            raise ValueError(f"{slot}/{key} has {len(np.atleast_1d(values))} of {length} values")
        if values.ndim == 1:
            columns[key] = values
        else:
            matrices[key] = values
    name = next((key for key in name_keys if key in columns), None)
    index = np.arange(length) if name is None else columns.pop(name)
    return pd.DataFrame(columns, index=pd.Index(index).astype(str)), matrices


def _cells_by_genes(
    matrix: Any, rows: NDArray[np.int64] | None, columns: NDArray[np.int64] | None
) -> Any:
    """Read a genes x cells matrix as CSR of cells x genes, some megabytes at a time."""
    from scipy import sparse

    n_vars, n_obs = matrix.shape
    step = max(1, _BLOCK_BYTES // max(1, n_vars * matrix.dtype.itemsize))
    if matrix.chunks:
        step = max(1, step // matrix.chunks[1]) * matrix.chunks[1]
    wanted = None if rows is None else np.unique(rows)
    parts = []
    for start in range(0, n_obs, step):
        stop = min(start + step, n_obs)
        inside = slice(None)
        if wanted is not None:
            inside = wanted[(wanted >= start) & (wanted < stop)] - start
            if not len(inside):
                continue
        block = matrix[:, start:stop].T[inside]
        parts.append(sparse.csr_matrix(block if columns is None else block[:, columns]))
    if not parts:
        width = n_vars if columns is None else len(columns)
        return sparse.csr_matrix((0, width), dtype=matrix.dtype)
    found = sparse.vstack(parts, format="csr")
    return found if rows is None or wanted is None else found[np.searchsorted(wanted, rows)]


def _graphs(file: Any, slot: str, length: int, chosen: NDArray[np.int64] | None) -> dict[str, Any]:
    from scipy import sparse

    graphs = {}
    for key, group in file.get(slot, {}).items():
        ends = (np.asarray(group["a"][()]), np.asarray(group["b"][()]))
        graph = sparse.coo_matrix((np.asarray(group["w"][()]), ends), shape=(length, length))
        graph = graph.tocsr()
        graphs[key] = graph if chosen is None else graph[chosen][:, chosen]
    return graphs


def _attributes(file: Any) -> dict[str, Any]:
    """Give the attributes of the file: a group since version 3, HDF5 attributes before."""
    if "attrs" in file:
        found = {key: dataset[()] for key, dataset in file["attrs"].items()}
    else:
        found = {key: value for key, value in file.attrs.items() if key != "last_modified"}
    return {
        key: v.decode("utf-8", "replace") if isinstance(v, bytes) else v for key, v in found.items()
    }


FORMATS: tuple[Format, ...] = (Loom(),)
