"""One annotated matrix as a preview needs it: looked up by name, read by the piece."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from omicshelf.errors import Invalid
from omicshelf.formats.annotated import memory, stored
from omicshelf.formats.annotated.content import (
    Array,
    Broken,
    Categorical,
    Content,
    Frame,
    Node,
    Nullable,
    Scalar,
    Sparse,
    Strings,
    Unhashable,
)
from omicshelf.formats.annotated.selection import chosen_keys

if TYPE_CHECKING:
    from anndata import AnnData
    from numpy.typing import NDArray

__all__ = ["NodesPart", "Part", "StoredPart", "Unreadable", "nodes_of_anndata", "taken"]

TABLES = ("obs", "var", "raw/var")
_NAMES_OF = {"obs": "obs names", "var": "var names", "raw/var": "names of raw/var"}


class Unreadable(Exception):
    """The file is damaged, or not what it should be; the text says what is wrong."""


class Part(ABC):
    """The dataset itself, or a modality of it.

    Slots are ``obs``, ``var``, ``raw/var``, ``layers`` and ``obsm``; the path of a matrix is
    ``X``, ``raw/X`` or ``layers/<name>``.
    """

    @abstractmethod
    def keys(self, slot: str) -> list[str]:
        """Give the columns of a table, or the keys of ``layers`` and ``obsm``, in their order."""

    @abstractmethod
    def lookup(self, path: str) -> Node | None:
        """Give the node of a matrix, of an obsm key or of an entry of uns; None if it is not
        there.
        """

    @abstractmethod
    def column(self, table: str, key: str) -> Node:
        """Give a column that is there, whole."""

    @abstractmethod
    def length(self, table: str) -> int | None:
        """Give the number of rows of a table; None if there is no such table."""

    @abstractmethod
    def names(self, table: str, rows: slice) -> NDArray[np.object_]:
        """Give the names of some rows of a table."""

    @abstractmethod
    def index_name(self, table: str) -> str | None:
        """Give the name of a table's index, if it has one."""

    def cells(self, table: str, key: str, rows: slice) -> Node:
        """Give some rows of a column."""
        return taken(self.column(table, key), rows)

    def matrices(self) -> Iterator[tuple[str, Array | Sparse]]:
        """Give the matrices that can be read, by their paths."""
        for path in ("X", "raw/X", *(f"layers/{key}" for key in self.keys("layers"))):
            node = self.lookup(path)
            if isinstance(node, Sparse) or (isinstance(node, Array) and len(node.shape) == 2):
                yield path, node

    def matrix(self, wanted: str | None) -> tuple[str, Array | Sparse]:
        """Give the matrix at a path, or the first one that there is.

        Raises
        ------
        omicshelf.errors.Invalid
            There is no such matrix.
        Unreadable
            It is there, and damaged.
        """
        node = None if wanted is None else self.lookup(wanted)
        if wanted is None:
            first = next(self.matrices(), None)
            if first is not None:
                return first
        elif isinstance(node, Broken):
            raise Unreadable(f"{wanted} cannot be read: {node.reason}")
        elif isinstance(node, Sparse) or (isinstance(node, Array) and len(node.shape) == 2):
            return wanted, node
        known = ", ".join(path for path, _ in self.matrices()) or "none"
        raise Invalid(
            "There is no matrix." if wanted is None else f"There is no matrix {wanted!r}.",
            f"The matrices are: {known}.",
        )

    def known(self, slot: str, key: str, what: str) -> str:
        """Give ``key`` back if the slot has it; refuse it with near misses if not."""
        return chosen_keys([key], self.keys(slot), what)[0]

    def rows_of(self, table: str) -> int:
        """Give the number of rows of a table that must be there."""
        found = self.length(table)
        if found is None:
            there = ", ".join(name for name in TABLES if self.length(name) is not None)
            raise Invalid(f"There is no table {table!r}.", f"The tables are: {there}.")
        return found

    def features_of(self, matrix: str) -> str:
        """Give the table whose rows are the columns of a matrix."""
        return "raw/var" if matrix == "raw/X" else "var"


class NodesPart(Part):
    """A part of which everything but large values is in memory."""

    def __init__(self, nodes: Mapping[str, Node]) -> None:
        self._nodes = dict(nodes)

    @classmethod
    def of(cls, items: Content, others: Mapping[str, Node] | None = None) -> NodesPart:
        """Make a part of items, as the formats of the package give them."""
        return cls({**{item.path: item.node for item in items}, **(others or {})})

    def keys(self, slot: str) -> list[str]:
        prefix = f"{slot}/"
        return [path.removeprefix(prefix) for path in self._nodes if path.startswith(prefix)]

    def lookup(self, path: str) -> Node | None:
        return self._nodes.get(path)

    def column(self, table: str, key: str) -> Node:
        return self._nodes[f"{table}/{key}"]

    def length(self, table: str) -> int | None:
        names = self._nodes.get(f"{table}_names")
        return len(names.values) if isinstance(names, Strings) else None

    def names(self, table: str, rows: slice) -> NDArray[np.object_]:
        names = self._nodes[f"{table}_names"]
        assert isinstance(names, Strings)
        return names.values[rows]

    def index_name(self, table: str) -> str | None:
        found = self._nodes.get(f"{table}_names.name")
        return str(found.value) if isinstance(found, Scalar) else None


class StoredPart(Part):
    """A part that is read from an HDF5 or zarr group of anndata's encoding, when it is needed."""

    def __init__(self, group: Any) -> None:
        self._group = group

    def keys(self, slot: str) -> list[str]:
        if slot in TABLES:
            return stored.columns_of(self._group[slot]) if self._has(slot) else []
        return list(stored.keys_of(self._group, slot))

    def lookup(self, path: str) -> Node | None:
        if path.startswith("/") or not self._has(path):
            return None
        element = self._group[path]
        return None if stored.encoding(element) == "null" else stored.node(element)

    def column(self, table: str, key: str) -> Node:
        return stored.node(self._group[table][key])

    def length(self, table: str) -> int | None:
        if not self._has(table) or stored.encoding(self._group[table]) == "null":
            return None
        index = self._index(table)
        return _length(stored.node(index) if stored.is_group(index) else index)

    def names(self, table: str, rows: slice) -> NDArray[np.object_]:
        found = _piece(self._index(table), rows)
        texts = np.empty(_length(found), dtype=object)
        texts[:] = labels(found)
        return texts

    def index_name(self, table: str) -> str | None:
        name = _text(self._group[table].attrs["_index"])
        return None if name == "_index" else name

    def cells(self, table: str, key: str, rows: slice) -> Node:
        return _piece(self._group[table][key], rows)

    def _index(self, table: str) -> Any:
        group = self._group[table]
        return group[_text(group.attrs["_index"])]

    def _has(self, path: str) -> bool:
        return path in self._group


def nodes_of_anndata(adata: AnnData) -> NodesPart:
    """Give the part of an AnnData in memory, as one of an older encoding is loaded."""
    nodes: dict[str, Node] = {}
    frames = {"obs": adata.obs, "var": adata.var}
    matrices = {"X": adata.X, **{f"layers/{key}": value for key, value in adata.layers.items()}}
    if adata.raw is not None:
        frames["raw/var"] = adata.raw.var
        matrices["raw/X"] = adata.raw.X
    for table, frame in frames.items():
        for key in frame.columns:
            nodes[f"{table}/{key}"] = _guarded(memory.column_as_written(frame[key]))
        nodes |= {i.path: i.node for i in memory.frame_items(frame[[]], "", table)}
    matrices |= {f"obsm/{key}": value for key, value in adata.obsm.items()}
    matrices |= {f"uns/{key}": v for key, v in adata.uns.items() if key.endswith("_colors")}
    nodes |= {path: _guarded(value) for path, value in matrices.items() if value is not None}
    return NodesPart(nodes)


def taken(node: Node, rows: slice | NDArray[np.int64]) -> Node:
    """Give some rows of a column."""
    match node:
        case Array():
            return Array(node.values[rows] if isinstance(rows, slice) else node.whole()[rows])
        case Strings():
            return Strings(node.values[rows])
        case Categorical():
            return Categorical(node.categories, node.codes[rows], node.ordered)
        case Nullable():
            return Nullable(node.values[rows], node.mask[rows])
    raise Unreadable(_no_column(node))


def labels(node: Node) -> list[str]:
    """Give the values of a column as texts; a missing one is empty."""
    match node:
        case Strings():
            return ["" if value is None else str(value) for value in node.values.ravel().tolist()]
        case Array():
            return [_text(value) for value in node.whole().tolist()]
        case Categorical():
            names = [*labels(node.categories), ""]
            return [names[code] for code in node.codes.tolist()]
        case Nullable():
            pairs = zip(node.values.tolist(), node.mask.tolist(), strict=True)
            return ["" if missing else str(value) for value, missing in pairs]
    raise Unreadable(_no_column(node))


def _piece(element: Any, rows: slice) -> Node:
    """Read some rows of a stored column, and no more than these where it can be done."""
    kind = stored.encoding(element)
    if kind == "categorical":
        categories = stored.node(element["categories"])
        codes = np.asarray(element["codes"][rows])
        if not isinstance(categories, (Array, Strings)):
            raise Unreadable(_no_column(categories))
        if codes.size and (int(codes.max()) >= _length(categories) or int(codes.min()) < -1):
            raise Unreadable("a column has codes outside of its categories")
        return Categorical(categories, codes, bool(element.attrs.get("ordered", False)))
    if kind in ("nullable-integer", "nullable-boolean"):
        mask = np.asarray(element["mask"][rows], dtype=bool)
        return Nullable(np.asarray(element["values"][rows]), mask)
    if stored.is_group(element) or len(element.shape) != 1:
        return taken(stored.node(element), rows)
    if np.dtype(element.dtype).kind in "biufc":
        return Array(np.asarray(element[rows]))
    values = element.asstr()[rows] if hasattr(element, "asstr") else element[rows]
    return memory.node(np.asarray(values).astype(object))


def _guarded(value: Any) -> Node:
    try:
        return memory.node(value)
    except Unhashable as error:
        return Broken(str(error))


def _no_column(node: Node) -> str:
    if isinstance(node, Broken):
        return f"a column cannot be read: {node.reason}"
    return f"a column holds {type(node).__name__.lower()} instead of values"


def _length(node: Any) -> int:
    match node:
        case Strings():
            return len(node.values)
        case Categorical():
            return len(node.codes)
        case Nullable():
            return len(node.mask)
        case Frame():
            return _length(node.index)
        case Broken():
            raise Unreadable(_no_column(node))
    if len(node.shape) != 1:
        raise Unreadable(f"an index has {len(node.shape)} dimensions")
    return int(node.shape[0])


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
