"""Nodes of an AnnData that is kept in an HDF5 file or a zarr store, without loading it.

This reads the encoding of anndata 0.8 and newer. :func:`older_encoding` says of a group why
it has to be loaded through anndata instead.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from omicshelf.formats.annotated import memory
from omicshelf.formats.annotated.content import (
    BLOCK_TEXTS,
    Array,
    Broken,
    Categorical,
    Content,
    Frame,
    Item,
    Node,
    Nullable,
    Scalar,
    Sparse,
    Strings,
    Tree,
)
from omicshelf.formats.annotated.texts import StoredTexts

__all__ = [
    "columns_of",
    "encoding",
    "frame_items",
    "is_group",
    "items",
    "keys_of",
    "node",
    "older_encoding",
    "older_frame",
]

_ALIGNED = ("layers", "obsm", "varm", "obsp", "varp")


def is_group(element: Any) -> bool:
    """Say whether an h5py or zarr object is a group, and not an array."""
    return hasattr(element, "keys")


def encoding(element: Any) -> str:
    """Give the ``encoding-type`` of an element, empty if it has none."""
    return _text(element.attrs.get("encoding-type", ""))


def older_encoding(group: Any) -> str | None:
    """Say why a group cannot be read element by element, or None if it can.

    Anndata repairs files of its older versions when it loads them (categories kept apart,
    ``raw.X``, neighbour graphs in ``uns``): what they hold is what it makes of them.
    """
    if encoding(group) != "anndata":
        return "it was written by anndata 0.7 or older"
    if any(key.startswith("raw.") for key in group):
        return "its raw part is in the layout of anndata 0.6"
    for key in ("obs", "var"):
        older = older_frame(group[key], key)
        if older is not None:
            return older
    for key in ("connectivities", "distances"):
        path = f"uns/neighbors/{key}"
        if path in group and encoding(group[path]) != "string":
            return "its neighbour graphs are in uns, as anndata 0.6 kept them"
    return None


def older_frame(element: Any, key: str) -> str | None:
    """Say that a table is in an older layout, or None if it is in today's."""
    version = _text(element.attrs.get("encoding-version", ""))
    if encoding(element) == "dataframe" and version == "0.2.0":
        return None
    return f"its {key} table is in the layout of anndata 0.7 or older"


def columns_of(group: Any) -> list[str]:
    """Give the keys of the columns of a stored data frame, in their order."""
    return _layout(group)[1]


def items(group: Any, prefix: str = "") -> Content:
    """Give every element of an AnnData that is kept in ``group``, one after another.

    What cannot be read is a :class:`Broken` node; nothing is raised for it.
    """
    yield from frame_items(group["obs"], prefix, "obs")
    yield from frame_items(group["var"], prefix, "var")
    if "X" in group and encoding(group["X"]) != "null":
        yield Item(prefix, "X", None, node(group["X"]))
    for slot in _ALIGNED:
        for key in keys_of(group, slot):
            yield Item(prefix, slot, key, node(group[slot][key]))
    if "raw" in group and encoding(group["raw"]) != "null":
        yield from _raw_items(group["raw"], prefix)
    for key in keys_of(group, "uns"):
        yield from memory.leaves(node(group["uns"][key]), prefix, "uns", key)


def node(element: Any) -> Node:
    """Give the node of an element, or a :class:`Broken` one that says what is wrong."""
    try:
        return _node(element)
    except Exception as error:  # a damaged element makes h5py raise anything
        return Broken(f"{type(error).__name__}: {error}")


def _raw_items(raw: Any, prefix: str) -> Content:
    if "X" in raw and encoding(raw["X"]) != "null":
        yield Item(prefix, "raw/X", None, node(raw["X"]))
    yield from frame_items(raw["var"], prefix, "raw/var")
    for key in keys_of(raw, "varm"):
        yield Item(prefix, "raw/varm", key, node(raw["varm"][key]))


def frame_items(group: Any, prefix: str, slot: str) -> Content:
    """Give the names and the columns of ``obs``, ``var`` or ``raw/var``."""
    index_key, columns = _layout(group)
    yield Item(prefix, f"{slot}_names", None, _guarded(lambda: _names(group[index_key])))
    if index_key != "_index":
        yield Item(prefix, f"{slot}_names.name", None, Scalar(index_key))
    for key in columns:
        yield Item(prefix, slot, key, _guarded(lambda key=key: _column(group[key])))  # type: ignore[misc]


def _guarded(read: Callable[[], Node]) -> Node:
    try:
        return read()
    except Exception as error:  # a damaged element makes h5py raise anything
        return Broken(f"{type(error).__name__}: {error}")


def _names(element: Any) -> Node:
    found = _node(element)
    if isinstance(found, Strings):
        return found
    import pandas as pd
    from anndata.io import read_elem

    return memory.node(pd.Index(read_elem(element)).astype(str).to_numpy(dtype=object))


def _column(element: Any) -> Node:
    found = _node(element)
    # A file may have been written without turning text into categories.
    return memory.text_as_written(found) if isinstance(found, Strings) else found


def _node(element: Any) -> Node:
    kind = encoding(element)
    if kind in _READERS:
        return _READERS[kind](element)
    if not kind:
        return _unmarked(element)
    if is_group(element):
        return _foreign(element, kind)
    return _loaded(element)


def _array(element: Any) -> Node:
    dtype = np.dtype(element.dtype)
    if len(element.shape) and dtype.kind in "biufcS":
        return Array(element)
    if dtype.kind in "UOT":
        return _strings(element)
    return memory.node(element[()])


def _strings(element: Any) -> Node:
    import h5py

    if math.prod(element.shape) > BLOCK_TEXTS:
        return Strings(StoredTexts(element))
    if isinstance(element, h5py.Dataset):
        element = element.asstr()
    values = element[()]
    return memory.node(values if isinstance(values, np.ndarray) else str(values))


def _sparse(element: Any) -> Node:
    rows, columns = (int(n) for n in element.attrs["shape"])
    return Sparse(
        layout="csr" if encoding(element) == "csr_matrix" else "csc",
        shape=(rows, columns),
        indptr=np.asarray(element["indptr"][()]).astype(np.int64, copy=False),
        indices=element["indices"],
        data=element["data"],
    )


def _categorical(element: Any) -> Node:
    categories = _node(element["categories"])
    if not isinstance(categories, (Array, Strings)):
        raise ValueError("its categories are neither text nor numbers")
    codes = np.asarray(element["codes"][()])
    n_categories = categories.shape[0]
    if codes.size and (int(codes.max()) >= n_categories or int(codes.min()) < -1):
        raise ValueError(f"it has codes outside its {n_categories} categories")
    return Categorical(categories, codes, bool(element.attrs["ordered"]))


def _frame(element: Any) -> Node:
    index_key, columns = _layout(element)
    name = None if index_key == "_index" else index_key
    return Frame(name, _node(element[index_key]), {key: _node(element[key]) for key in columns})


def _nullable(element: Any) -> Node:
    return Nullable(np.asarray(element["values"][()]), np.asarray(element["mask"][()], dtype=bool))


def _nullable_strings(element: Any) -> Node:
    values = _strings(element["values"])
    if not isinstance(values, Strings):
        raise ValueError("its values are no text")
    if values.long:
        return Strings(StoredTexts(element["values"], element["mask"]))
    objects = values.values.copy()
    objects[np.asarray(element["mask"][()], dtype=bool)] = None
    return Strings(objects)


def _mapping(element: Any) -> Node:
    return Tree({key: node(element[key]) for key in element})


def _number(element: Any) -> Node:
    return memory.node(np.asarray(element[()]).item())


def _foreign(element: Any, kind: str) -> Node:
    """Give a group of an encoding without a node of its own: its parts and its attributes."""
    attributes: dict[str, Node] = {
        f"@{key}": Scalar(_text(value)) for key, value in dict(element.attrs).items()
    }
    return Tree({**attributes, **{key: _node(element[key]) for key in element}}, encoding=kind)


def _unmarked(element: Any) -> Node:
    """Give the node of an element without ``encoding-type``, as other programs write them."""
    if not is_group(element) and len(element.shape) and np.dtype(element.dtype).kind in "biuf":
        return Array(element)
    if is_group(element) and "h5sparse_format" not in element.attrs:
        return _mapping(element)
    return _loaded(element)


def _loaded(element: Any) -> Node:
    from anndata.io import read_elem

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return memory.node(read_elem(element))


_READERS: dict[str, Callable[[Any], Node]] = {
    "array": _array,
    "string-array": _strings,
    "csr_matrix": _sparse,
    "csc_matrix": _sparse,
    "categorical": _categorical,
    "dataframe": _frame,
    "nullable-integer": _nullable,
    "nullable-boolean": _nullable,
    "nullable-string-array": _nullable_strings,
    "dict": _mapping,
    "numeric-scalar": _number,
    "string": _strings,
    "null": lambda element: Scalar(None),
    "rec-array": _loaded,
}


def _layout(group: Any) -> tuple[str, list[str]]:
    """Give the key of a data frame's index and the keys of its columns."""
    return _text(group.attrs["_index"]), [_text(key) for key in group.attrs["column-order"]]


def keys_of(group: Any, slot: str) -> Iterable[str]:
    """Give the keys of a mapping such as ``layers``, none if the group has no such part."""
    return sorted(group[slot]) if slot in group and is_group(group[slot]) else ()


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
