"""What annotated data is made of: a few kinds of node, wherever they are kept.

An AnnData in memory, its h5ad file and its zarr folder become the same nodes, so that the
content digest and the summary are written once. A large node does not hold its values but
something to slice them from: a NumPy array, an HDF5 dataset or a zarr array.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "BLOCK_TEXTS",
    "Array",
    "Broken",
    "Categorical",
    "Content",
    "Frame",
    "Item",
    "Node",
    "Nullable",
    "Records",
    "Scalar",
    "Sparse",
    "Strings",
    "Tree",
    "Unhashable",
    "Values",
]

BLOCK_BYTES = 4 << 20  # of a dense array, or of the values of a sparse one, held at a time
BLOCK_TEXTS = 65_536  # texts held at a time: some 10 MB as Python objects


class Unhashable(Exception):
    """A value that has no canonical form here: only its written file can tell its content."""


class Values(Protocol):
    """What a node's values are sliced from: ``numpy.ndarray``, ``h5py.Dataset``, ``zarr.Array``."""

    @property
    def dtype(self) -> Any: ...

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __getitem__(self, key: Any, /) -> Any: ...


def canonical(block: Any) -> NDArray[Any]:
    """Give ``block`` in C order and little-endian, copied only where it is not so already."""
    array = np.ascontiguousarray(block)
    return array.astype(array.dtype.newbyteorder("<"), copy=False)


@dataclass(frozen=True)
class Array:
    """A dense array of numbers, booleans or fixed bytes, with at least one axis."""

    values: Values

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the values, little-endian."""
        dtype: np.dtype[Any] = np.dtype(self.values.dtype).newbyteorder("<")
        return dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """The length along each axis."""
        return tuple(int(n) for n in self.values.shape)

    def rows(self, start: int, stop: int) -> NDArray[Any]:
        """Read a range of the first axis."""
        return canonical(self.values[start:stop])

    def whole(self) -> NDArray[Any]:
        """Read everything."""
        return self.rows(0, self.shape[0])

    def blocks(self) -> Iterator[NDArray[Any]]:
        """Read everything in C order, some megabytes at a time."""
        n_rows = self.shape[0]
        row_bytes = self.dtype.itemsize * int(np.prod(self.shape[1:], dtype=np.int64))
        step = max(1, BLOCK_BYTES // max(1, row_bytes))
        chunks = getattr(self.values, "chunks", None)
        if chunks and chunks[0] * row_bytes <= 8 * BLOCK_BYTES:
            # Whole chunks, or a compressed one would be unpacked more than once.
            step = max(step // chunks[0], 1) * chunks[0]
        for start in range(0, n_rows, step):
            yield self.rows(start, min(start + step, n_rows))


@dataclass(frozen=True)
class Strings:
    """Text of any shape, sliced from what keeps it.

    Attributes
    ----------
    source
        An object array of ``str``, None where a value is missing; or
        :class:`~omicshelf.formats.annotated.texts.Texts`.
    distinct
        Whether it is known that none is missing and no two are equal.
    """

    source: Values
    distinct: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        """The length along each axis."""
        return tuple(int(n) for n in self.source.shape)

    @property
    def long(self) -> bool:
        """Whether these are too many to be held at once."""
        return math.prod(self.shape) > BLOCK_TEXTS

    @cached_property
    def values(self) -> NDArray[np.object_]:
        """Everything; once asked for, it stays in memory as long as the node."""
        return self.source if isinstance(self.source, np.ndarray) else self.rows(0, self.shape[0])

    def rows(self, start: int, stop: int) -> NDArray[np.object_]:
        """Read a range of the first axis."""
        found: NDArray[np.object_] = self.source[start:stop]
        return found

    def blocks(self) -> Iterator[NDArray[np.object_]]:
        """Read everything in C order, flat, some ten thousands at a time.

        The values are ``str`` or None; or, where the source has them so, ``bytes`` of UTF-8.
        """
        if not self.shape:
            yield self.values.ravel()
            return
        read = getattr(self.source, "encoded", self.source.__getitem__)
        step = max(1, BLOCK_TEXTS // max(1, math.prod(self.shape[1:])))
        chunks = getattr(self.source, "chunks", None)
        if chunks:  # whole ones, or each would be unpacked more than once
            step = max(step // chunks[0], 1) * chunks[0]
        for start in range(0, self.shape[0], step):
            yield read(slice(start, start + step)).ravel()


@dataclass(frozen=True)
class Categorical:
    """Values out of a list of categories; code -1 is a missing value."""

    categories: Strings | Array
    codes: NDArray[Any]
    ordered: bool


@dataclass(frozen=True)
class Nullable:
    """Integers or booleans of pandas' nullable types; ``mask`` is True where one is missing."""

    values: NDArray[Any]
    mask: NDArray[np.bool_]


@dataclass(frozen=True)
class Records:
    """A structured array, such as the names of ``uns['rank_genes_groups']``."""

    shape: tuple[int, ...]
    fields: tuple[tuple[str, Array | Strings], ...]


@dataclass(frozen=True)
class Scalar:
    """One value. Its width is no content: anndata reads every scalar as a Python number."""

    value: bool | int | float | complex | str | None


@dataclass(frozen=True)
class Sparse:
    """A compressed sparse matrix. ``indptr`` is in memory, the rest is sliced when needed."""

    layout: Literal["csr", "csc"]
    shape: tuple[int, int]
    indptr: NDArray[np.int64]
    indices: Values
    data: Values

    def __post_init__(self) -> None:
        major = self.shape[0 if self.layout == "csr" else 1]
        stored = int(self.data.shape[0])
        pointers = self.indptr
        if len(pointers) != major + 1 or pointers[0] != 0 or (pointers[1:] < pointers[:-1]).any():
            raise ValueError(f"its row pointers do not fit its shape {self.shape}")
        if int(pointers[-1]) != stored or int(self.indices.shape[0]) != stored:
            raise ValueError(
                f"it announces {int(pointers[-1])} values and holds {stored} "
                f"with {int(self.indices.shape[0])} indices"
            )

    @property
    def nnz(self) -> int:
        """The number of stored values, stored zeros among them."""
        return int(self.indptr[-1])

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the stored values, little-endian."""
        dtype: np.dtype[Any] = np.dtype(self.data.dtype).newbyteorder("<")
        return dtype

    @property
    def index_dtype(self) -> np.dtype[Any]:
        """The smallest of uint32 and uint64 that holds every index; follows from the shape."""
        minor = self.shape[1 if self.layout == "csr" else 0]
        return np.dtype("<u4" if minor <= 1 << 32 else "<u8")

    def values(self, start: int, stop: int) -> NDArray[Any]:
        """Read the stored values of the rows (of the columns, in CSC) ``start`` to ``stop``."""
        return canonical(self.data[int(self.indptr[start]) : int(self.indptr[stop])])

    def blocks(self) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
        """Read (indices, values) by whole rows, the indices of each row ascending."""
        width = max(self.dtype.itemsize, self.index_dtype.itemsize)
        step = max(1, BLOCK_BYTES // width)
        start, n_major = 0, len(self.indptr) - 1
        while start < n_major:
            limit = int(self.indptr[start]) + step
            stop = int(np.searchsorted(self.indptr, limit, side="right")) - 1
            stop = min(max(stop, start + 1), n_major)
            yield self._block(start, stop)
            start = stop

    def checked_indices(self, first: int, last: int) -> NDArray[Any]:
        """Read a range of the indices; one outside of the matrix would make scipy crash."""
        indices = np.asarray(self.indices[first:last])
        minor = self.shape[1 if self.layout == "csr" else 0]
        # Seen as unsigned, a negative index is a large one: one look instead of two.
        unsigned = indices.view(np.dtype(f"u{indices.dtype.itemsize}"))
        if indices.size and int(unsigned.max()) >= minor:
            raise ValueError(f"it has an index outside of its shape {self.shape}")
        return indices

    def _block(self, start: int, stop: int) -> tuple[NDArray[Any], NDArray[Any]]:
        first, last = int(self.indptr[start]), int(self.indptr[stop])
        indices = np.ascontiguousarray(self.checked_indices(first, last))
        little = indices.dtype == indices.dtype.newbyteorder("<")
        if little and indices.itemsize == self.index_dtype.itemsize:
            indices = indices.view(self.index_dtype)  # none is negative: no copy is needed
        else:
            indices = indices.astype(self.index_dtype, copy=False)
        data = canonical(self.data[first:last])
        falls = np.flatnonzero(indices[1:] < indices[:-1]) + 1
        ends = self.indptr[start : stop + 1] - first
        begins = np.zeros(len(indices) + 1, dtype=np.bool_)
        begins[ends] = True
        if not begins[falls].all():
            order = _ascending(indices, ends)
            indices, data = indices[order], data[order]
        return indices, data


def _ascending(indices: NDArray[Any], ends: NDArray[np.int64]) -> NDArray[np.intp]:
    """Give the order in which the indices of each row ascend; scipy's sort is the quickest."""
    from scipy.sparse import csr_array

    n_rows, width = len(ends) - 1, int(indices.max()) + 1
    places = np.arange(len(indices), dtype=np.intp)
    # scipy's indices are signed.
    signed = indices.astype(np.int32 if width < 1 << 31 else np.int64)
    matrix = csr_array((places, signed, ends.astype(signed.dtype)), shape=(n_rows, width))
    matrix.sort_indices()
    order: NDArray[np.intp] = matrix.data
    return order


@dataclass(frozen=True)
class Frame:
    """A data frame: the name and the values of its index, and its columns."""

    index_name: str | None
    index: Node
    columns: dict[str, Node]


@dataclass(frozen=True)
class Tree:
    """A mapping of keys to nodes; ``encoding`` is set for what has no kind of its own here."""

    nodes: dict[str, Node]
    encoding: str = ""


@dataclass(frozen=True)
class Broken:
    """An element that is there and cannot be read; ``reason`` completes “it cannot be read: …”."""

    reason: str


Node: TypeAlias = (
    Array | Strings | Categorical | Nullable | Records | Scalar | Sparse | Frame | Tree | Broken
)


@dataclass(frozen=True)
class Item:
    """A node and its place in an annotated matrix.

    ``prefix`` is empty or ``mod/<name>/``; ``slot`` is ``X``, ``obs_names``, ``obs``,
    ``raw/X`` …; ``key`` is the name within the slot, if it has any.
    """

    prefix: str
    slot: str
    key: str | None
    node: Node

    @property
    def path(self) -> str:
        """The element's path in a summary, as ``obs/leiden``."""
        slot = f"{self.prefix}{self.slot}"
        return slot if self.key is None else f"{slot}/{self.key}"


Content: TypeAlias = Iterator[Item]
