"""Loading an AnnData, wholly or in part, from an HDF5 file or a zarr store.

A part is read as such: a few rows of a CSR matrix are a few ranges of its values, a few
genes of it are picked out block by block, and the whole matrix is never in memory.
"""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from omicshelf.errors import Invalid, MissingDependency
from omicshelf.formats.annotated import content, stored
from omicshelf.formats.annotated.content import Array, Broken, Sparse
from omicshelf.formats.annotated.selection import Table, chosen_keys, positions
from omicshelf.formats.base import LoadRequest

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from numpy.typing import NDArray

__all__ = ["Reading", "load_anndata", "only_anndata", "read_dense", "read_sparse", "subset"]

Opener = Callable[[Path], AbstractContextManager[Any]]


class Reading:
    """How a format of the family opens and reads its files.

    Parameters
    ----------
    opened
        Opens the root group.
    whole
        Loads everything.
    backed
        Loads with X left on disk, if the format can.
    lazy_source
        Gives what ``anndata.experimental.read_lazy`` reads from.
    """

    def __init__(
        self,
        opened: Opener,
        whole: Callable[[Path], AnnData],
        backed: Callable[[Path], AnnData] | None = None,
        lazy_source: Callable[[Path], Any] = str,
    ) -> None:
        self.opened = opened
        self.whole = whole
        self.backed = backed
        self.lazy_source = lazy_source


def only_anndata(request: LoadRequest) -> None:
    """Refuse to load as anything but an AnnData."""
    if request.as_ not in (None, "anndata"):
        raise Invalid(
            f"as_={request.as_!r} is not possible for this format.",
            "It loads as AnnData: leave as_ out, or pass as_='anndata'.",
        )


def load_anndata(path: Path, request: LoadRequest, reading: Reading) -> AnnData:
    """Load what ``request`` names of the AnnData in ``path``.

    ``obs`` and ``var`` choose rows and columns of everything that is aligned to them, but not
    the columns of ``raw``, as for an AnnData that is indexed. ``obs_columns`` and ``layers``
    choose among what is kept under these names; X is always read.

    Raises
    ------
    omicshelf.errors.Invalid
        For unknown names, with near misses, and for parts that do not go together.
    """
    only_anndata(request)
    if request.lazy or request.backed:
        return _opened_later(path, request, reading)
    if not request.partial:
        return reading.whole(path)
    with reading.opened(path) as group:
        if stored.older_encoding(group) is None:
            return _part(group, request)
    return subset(reading.whole(path), request)


def subset(adata: AnnData, request: LoadRequest) -> AnnData:
    """Give the part of an AnnData in memory that ``request`` names, as an object of its own."""
    obs_columns = chosen_keys(request.obs_columns, adata.obs.columns, "obs column")
    layers = chosen_keys(request.layers, adata.layers.keys(), "layer")
    table = Table(list(map(str, adata.obs.columns)), lambda columns: adata.obs[columns])
    rows = positions(request.obs, _values(adata.obs_names), "obs", table)
    columns = positions(request.var, _values(adata.var_names), "var")
    if rows is not None or columns is not None:
        every = slice(None)
        adata = adata[every if rows is None else rows, every if columns is None else columns].copy()
    if request.obs_columns is not None:
        adata.obs = adata.obs[obs_columns]
    for key in set(adata.layers.keys()) - set(layers):
        del adata.layers[key]
    return adata


def _opened_later(path: Path, request: LoadRequest, reading: Reading) -> AnnData:
    way = "lazy" if request.lazy else "backed"
    if request.lazy and request.backed:
        raise Invalid("lazy=True and backed=True exclude each other.", "Choose one of them.")
    if request.partial:
        raise Invalid(
            f"{way}=True and a part (obs, var, obs_columns or layers) exclude each other.",
            f"Take the part of what {way}=True returns: it reads only what is used.",
        )
    if request.lazy:
        return _lazy(path, reading)
    if reading.backed is None:
        raise Invalid(
            "backed=True is not possible for this format.",
            "Only h5ad files can be backed: load a part of it with obs= or var=, or lazy=True.",
        )
    return reading.backed(path)


def _lazy(path: Path, reading: Reading) -> AnnData:
    with reading.opened(path) as group:
        older = stored.older_encoding(group)
    if older is not None:
        raise Invalid(
            f"{path.name} cannot be read lazily: {older}.",
            "Load it and save it once, then its newest version can; or load a part of it with "
            "obs= or var=.",
        )
    missing = [name for name in ("xarray", "dask") if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingDependency(
            f"Lazy reading needs {' and '.join(missing)}.",
            "Install them with: pip install 'omicshelf[lazy]'",
        )
    from anndata.experimental import read_lazy

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        adata: AnnData = read_lazy(reading.lazy_source(path))
    return adata


def _part(group: Any, request: LoadRequest) -> AnnData:
    """Read a part of an AnnData of today's encoding."""
    from anndata import AnnData
    from anndata.io import read_elem

    obs_columns = chosen_keys(request.obs_columns, stored.columns_of(group["obs"]), "obs column")
    layers = chosen_keys(request.layers, stored.keys_of(group, "layers"), "layer")
    obs, var = _frame(group["obs"], obs_columns), read_elem(group["var"])

    table = Table(stored.columns_of(group["obs"]), lambda columns: _frame(group["obs"], columns))
    rows = positions(request.obs, _values(obs.index), "obs", table)
    columns = positions(request.var, _values(var.index), "var")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that are not unique, as in the whole
        uns = read_elem(group["uns"]) if "uns" in group else {}
        # What indexing does to categories and their colours is anndata's to say.
        every = slice(None)
        frame = AnnData(obs=obs, var=var, uns=uns)[
            every if rows is None else rows, every if columns is None else columns
        ].copy()
        x = _read(group["X"], rows, columns) if "X" in group else None
        return AnnData(
            X=x,
            shape=frame.shape if x is None else None,
            obs=frame.obs,
            var=frame.var,
            uns=frame.uns,
            layers={key: _read(group["layers"][key], rows, columns) for key in layers},
            obsm=_aligned(group, "obsm", rows),
            varm=_aligned(group, "varm", columns),
            obsp=_aligned(group, "obsp", rows, rows),
            varp=_aligned(group, "varp", columns, columns),
            raw=_raw(group, rows),
        )


def _raw(group: Any, rows: NDArray[np.int64] | None) -> dict[str, Any] | None:
    from anndata.io import read_elem

    if "raw" not in group or stored.encoding(group["raw"]) == "null":
        return None
    raw = group["raw"]
    varm = {key: read_elem(raw["varm"][key]) for key in stored.keys_of(raw, "varm")}
    return {"X": _read(raw["X"], rows, None), "var": read_elem(raw["var"]), "varm": varm}


def _aligned(group: Any, slot: str, *axes: NDArray[np.int64] | None) -> dict[str, Any]:
    return {key: _read(group[slot][key], *axes) for key in stored.keys_of(group, slot)}


def _read(
    element: Any, rows: NDArray[np.int64] | None, columns: NDArray[np.int64] | None = None
) -> Any:
    """Read ``element[rows, columns]``; None stands for all of an axis."""
    from anndata.io import read_elem

    if rows is not None or columns is not None:
        node = stored.node(element)
        if isinstance(node, Broken):
            raise Invalid(
                f"{element.name} cannot be read: {node.reason}",
                "The file is damaged: get it again, or write it again.",
            )
        if isinstance(node, Sparse):
            return read_sparse(node, rows, columns)
        if isinstance(node, Array):
            return read_dense(node, rows, columns)
    value = read_elem(element)
    if rows is not None and value is not None:
        value = value.iloc[rows] if hasattr(value, "iloc") else value[rows]
    return value


def read_dense(
    node: Array, rows: NDArray[np.int64] | None, columns: NDArray[np.int64] | None
) -> NDArray[Any]:
    wanted = np.arange(node.shape[0]) if rows is None else rows
    sorted_rows, back = np.unique(wanted, return_inverse=True)
    row_bytes = node.dtype.itemsize * int(np.prod(node.shape[1:], dtype=np.int64))
    step = max(1, content.BLOCK_BYTES // max(1, row_bytes))
    parts = []
    for start, stop in _runs(sorted_rows, lambda first: first + step):
        block = node.rows(start, stop)
        parts.append(block if columns is None else block[:, columns])
    if not parts:
        width = node.shape[1:] if columns is None else (len(columns), *node.shape[2:])
        return np.zeros((0, *width), dtype=node.dtype)
    return np.concatenate(parts)[back] if not _ascending(back) else np.concatenate(parts)


def read_sparse(
    node: Sparse, rows: NDArray[np.int64] | None, columns: NDArray[np.int64] | None
) -> Any:
    """Read rows and columns of a compressed matrix, in blocks along its major axis."""
    import anndata
    from scipy import sparse

    by_row = node.layout == "csr"
    major, minor = (rows, columns) if by_row else (columns, rows)
    n_major, n_minor = node.shape if by_row else node.shape[::-1]
    wanted = np.arange(n_major) if major is None else major
    ascending, back = np.unique(wanted, return_inverse=True)
    step = max(1, content.BLOCK_BYTES // 8)

    def limit(first: int) -> int:
        return int(np.searchsorted(node.indptr, node.indptr[first] + step, side="right")) - 1

    parts = []
    for start, stop in _runs(ascending, limit):
        pointers = node.indptr[start : stop + 1]
        first, last = int(pointers[0]), int(pointers[-1])
        block = sparse.csr_matrix(
            (node.data[first:last], node.checked_indices(first, last), pointers - first),
            shape=(stop - start, n_minor),
        )
        parts.append(block if minor is None else block[:, minor])
    if parts:
        found = sparse.vstack(parts, format="csr", dtype=node.dtype)
    else:
        width = n_minor if minor is None else len(minor)
        found = sparse.csr_matrix((0, width), dtype=node.dtype)
    if not _ascending(back):
        found = found[back]
    if not by_row:
        found = found.T  # CSR of the transpose is CSC
    arrays = getattr(anndata.settings, "use_sparse_array_on_read", False)
    if arrays:
        return sparse.csr_array(found) if by_row else sparse.csc_array(found)
    return found


def _runs(ascending: NDArray[np.int64], limit: Callable[[int], int]) -> Iterator[tuple[int, int]]:
    """Give the ranges of neighbours among ascending positions, each at most to its limit."""
    if not len(ascending):
        return
    breaks = np.flatnonzero(np.diff(ascending) != 1) + 1
    for run in np.split(ascending, breaks):
        start, end = int(run[0]), int(run[-1]) + 1
        while start < end:
            stop = min(end, max(start + 1, limit(start)))
            yield start, stop
            start = stop


def _ascending(back: NDArray[np.int64]) -> bool:
    return bool(np.array_equal(back, np.arange(len(back))))


def _frame(group: Any, columns: list[str]) -> pd.DataFrame:
    import pandas as pd
    from anndata.io import read_elem

    index_key = str(group.attrs["_index"])
    index = pd.Index(read_elem(group[index_key]))
    if index.dtype != object:
        index = index.astype(str)
    frame = pd.DataFrame({key: read_elem(group[key]) for key in columns}, index=index)
    if index_key != "_index":
        frame.index.name = index_key
    return frame


def _values(index: pd.Index[Any]) -> NDArray[np.object_]:
    return index.to_numpy(dtype=object)
