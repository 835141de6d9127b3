"""Opening the formats of annotated data as parts, whatever their encoding."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from omicshelf.errors import Invalid
from omicshelf.formats import gct_text, gctx, loom, registry, zarrstore
from omicshelf.formats.annotated import hdf5, memory, stored, tenx_h5
from omicshelf.formats.annotated.content import Array, Node
from omicshelf.formats.annotated.selection import chosen_keys
from omicshelf.formats.base import LoadRequest
from omicshelf.formats.preview.parts import (
    NodesPart,
    Part,
    StoredPart,
    Unreadable,
    nodes_of_anndata,
)

__all__ = ["ANNOTATED", "FEATURES_DOWN", "Source", "opened"]

FEATURES_DOWN = frozenset({"gct", "gctx"})
"""Formats whose rows are features (genes) and whose columns are samples."""

_NULL = -666.0  # the Connectivity Map's missing value


@dataclass(frozen=True)
class Source:
    """The parts of an open file by name; the dataset itself is ``""``."""

    names: tuple[str, ...]
    read: Callable[[str], Part]

    def part(self, name: str | None) -> Part:
        """Give a part; refuse a name that is none."""
        if name is None and "" not in self.names:
            name = self.names[0]
        known = [other for other in self.names if other]
        if name and not known:
            raise Invalid(f"There is no modality {name!r}.", "There are no modalities here.")
        return self.read(chosen_keys([name], known, "modality")[0] if name else "")

    def __iter__(self) -> Iterator[tuple[str, Part]]:
        for name in self.names:
            yield name, self.read(name)


@contextmanager
def opened(path: Path, data_format: str) -> Iterator[Source]:
    """Open a file of annotated data.

    Parameters
    ----------
    path
        The file or folder.
    data_format
        One of :data:`ANNOTATED`.

    Raises
    ------
    Unreadable
        It is damaged, of another format, or part of it lies in another file.
    """
    with ExitStack() as stack:
        try:
            source = ANNOTATED[data_format](path, stack)
        except Invalid as error:
            raise Unreadable(error.title) from error
        yield source


def _one(part: Part) -> Source:
    return Source(("",), lambda _: part)


def _hdf5(path: Path, name: str, stack: ExitStack) -> Any:
    """Open an HDF5 file; one of which a part lies elsewhere is refused before it is read."""
    return stack.enter_context(gctx.opened(path) if name == "gctx" else hdf5.opened(path, name))


def _h5ad(path: Path, stack: ExitStack) -> Source:
    file = _hdf5(path, "h5ad", stack)
    if stored.older_encoding(file) is None:
        return _one(StoredPart(file))
    return _one(nodes_of_anndata(_loaded("h5ad", path)))


def _h5mu(path: Path, stack: ExitStack) -> Source:
    return _modalities(_hdf5(path, "h5mu", stack), "h5mu", path)


def _zarr(path: Path, stack: ExitStack) -> Source:
    group = stack.enter_context(zarrstore.opened(path))
    if "mod" in group:
        return _modalities(group, "zarr", path)
    if stored.older_encoding(group) is None:
        return _one(StoredPart(group))
    return _one(nodes_of_anndata(_loaded("zarr", path)))


def _modalities(group: Any, name: str, path: Path) -> Source:
    modalities = tuple(stored.keys_of(group, "mod"))
    tables = [stored.older_frame(group[key], key) for key in ("obs", "var")]
    older = [*tables, *(stored.older_encoding(group["mod"][key]) for key in modalities)]
    if any(reason is not None for reason in older):
        mdata = _loaded(name, path)

        def loaded(key: str) -> Part:
            return nodes_of_anndata(mdata.mod[key]) if key else _shared(mdata)

        return Source(("", *modalities), loaded)
    return Source(("", *modalities), lambda key: StoredPart(group["mod"][key] if key else group))


def _shared(mdata: Any) -> Part:
    """Give what a MuData has of its own: no matrix."""
    frames = (
        item
        for table in ("obs", "var")
        for item in memory.frame_items(getattr(mdata, table), "", table)
    )
    return NodesPart.of(frames, {f"obsm/{k}": memory.node(v) for k, v in mdata.obsm.items()})


def _loom(path: Path, stack: ExitStack) -> Source:
    file = _hdf5(path, "loom", stack)
    obs, obsm, var, _ = loom.read_annotations(file)
    nodes: dict[str, Node] = {f"obsm/{key}": memory.node(value) for key, value in obsm.items()}
    nodes["X"] = Array(_Turned(file["matrix"]))
    for key in file.get("layers", {}):
        nodes[f"layers/{key}"] = Array(_Turned(file["layers"][key]))
    return _one(_with_frames(obs, var, nodes))


def _tenx_h5(path: Path, stack: ExitStack) -> Source:
    found = {m.genome or "": m for m in tenx_h5.matrices(_hdf5(path, "10x_h5", stack))}
    if len(found) == 1:
        (only,) = found.values()
        return _one(NodesPart.of(only.items()))
    return Source(tuple(found), lambda genome: NodesPart.of(found[genome].items()))


def _tenx_mtx(path: Path, stack: ExitStack) -> Source:
    return _one(nodes_of_anndata(_loaded("10x_mtx", path)))


def _gct(path: Path, stack: ExitStack) -> Source:
    gct = gct_text.read_gct(path)
    values = gct.data_df.to_numpy().T
    values = np.where(values == _NULL, np.nan, values)
    return _one(_with_frames(gct.col_metadata_df, gct.row_metadata_df, {"X": Array(values)}))


def _gctx(path: Path, stack: ExitStack) -> Source:
    parts = _hdf5(path, "gctx", stack)
    return _one(_with_frames(parts.col_metadata, parts.row_metadata, {"X": Array(parts.matrix)}))


def _with_frames(obs: Any, var: Any, nodes: dict[str, Node]) -> NodesPart:
    frames = {}
    for table, frame in (("obs", obs), ("var", var)):
        plain = frame.set_axis([str(key) for key in frame.columns], axis=1)
        frames[table] = plain.loc[:, ~plain.columns.duplicated()].rename_axis(columns=None)
    items = (i for table, f in frames.items() for i in memory.frame_items(f, "", table))
    return NodesPart.of(items, nodes)


def _loaded(name: str, path: Path) -> Any:
    """Load a whole file through the package that it comes from, which knows its past."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return registry.get(name).load(path, LoadRequest())


class _Turned:
    """A stored matrix of genes x cells, seen as cells x genes."""

    def __init__(self, matrix: Any) -> None:
        self._matrix = matrix
        self.dtype = matrix.dtype
        self.shape = tuple(int(n) for n in matrix.shape[::-1])
        self.chunks = matrix.chunks[::-1] if matrix.chunks else None

    def __getitem__(self, key: Any) -> Any:
        rows, columns = key if isinstance(key, tuple) else (key, slice(None))
        return np.asarray(self._matrix[columns, rows]).T


ANNOTATED: dict[str, Callable[[Path, ExitStack], Source]] = {
    "h5ad": _h5ad,
    "h5mu": _h5mu,
    "zarr": _zarr,
    "loom": _loom,
    "10x_h5": _tenx_h5,
    "10x_mtx": _tenx_mtx,
    "gct": _gct,
    "gctx": _gctx,
}
"""How each format of annotated data is opened."""
