"""The content digest: one hash that is equal exactly when the content is.

The canonical form of every kind of node is written down, with its reasons, in decision 001
(``docs/decisions/001-content-digest.md``); change nothing here without a new number there.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import blake3
import numpy as np

from omicshelf.formats.annotated.content import (
    Array,
    Broken,
    Categorical,
    Frame,
    Node,
    Nullable,
    Records,
    Scalar,
    Sparse,
    Strings,
    Tree,
    Unhashable,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FORM", "combine", "hash_node"]

FORM = b"omicshelf content 1"


def combine(hashes: Iterable[tuple[str, str]]) -> str:
    """Give the digest of a dataset from the (path, hex hash) of each of its elements."""
    entries = sorted((path.encode(), bytes.fromhex(value)) for path, value in hashes)
    return _digest(FORM, *(part for entry in entries for part in entry)).hex()


def hash_node(node: Node) -> bytes:
    """Give the canonical hash (32 bytes) of a node.

    Raises
    ------
    Unhashable
        If a part of it could not be read.
    """
    match node:
        case Array():
            return _array(node)
        case Strings():
            return _strings(node)
        case Sparse():
            return _sparse(node)
        case Categorical():
            codes = hash_node(Array(np.asarray(node.codes).astype("<i4", copy=False)))
            ordered = b"\x01" if node.ordered else b"\x00"
            return _digest(b"categorical", ordered, hash_node(node.categories), codes)
        case Nullable():
            return _nullable(node)
        case Scalar():
            return _scalar(node)
        case Records():
            fields = [part for k, v in node.fields for part in (k.encode(), hash_node(v))]
            return _digest(b"records", _shape(node.shape), *fields)
        case Frame():
            name = b"" if node.index_name is None else b"=" + node.index_name.encode()
            return _digest(b"frame", name, hash_node(node.index), *_entries(node.columns))
        case Tree():
            return _digest(b"mapping", node.encoding.encode(), *_entries(node.nodes))
        case Broken():
            raise Unhashable(node.reason)


def _digest(*parts: bytes) -> bytes:
    """Hash ``parts``, each after its length, so that no two lists of parts collide."""
    hasher = blake3.blake3()
    for part in parts:
        hasher.update(struct.pack("<Q", len(part)))
        hasher.update(part)
    return hasher.digest()


def _shape(shape: tuple[int, ...]) -> bytes:
    return struct.pack(f"<{len(shape)}Q", *shape)


def _entries(nodes: dict[str, Node]) -> list[bytes]:
    ordered = sorted((key.encode(), node) for key, node in nodes.items())
    return [part for key, node in ordered for part in (key, hash_node(node))]


def _bytes(block: NDArray[Any]) -> memoryview:
    return block.reshape(-1).view(np.uint8).data if block.nbytes else memoryview(b"")


def _array(node: Array) -> bytes:
    values = blake3.blake3()
    for block in node.blocks():
        values.update(_bytes(block))
    return _digest(b"array", node.dtype.str.encode(), _shape(node.shape), values.digest())


def _strings(node: Strings) -> bytes:
    flat = node.values.ravel().tolist()
    mask = b""
    try:
        text = "".join(flat)
    except TypeError:  # some are missing
        missing = np.fromiter((value is None for value in flat), dtype=np.bool_, count=len(flat))
        mask = missing.tobytes()
        flat = ["" if value is None else value for value in flat]
        text = "".join(flat)
    if text.isascii():
        lengths = np.fromiter(map(len, flat), dtype="<u8", count=len(flat))
        encoded = text.encode()
    else:
        # A lone surrogate is no UTF-8, but a file of somebody else may hold one.
        each = [value.encode("utf-8", "surrogatepass") for value in flat]
        lengths = np.fromiter(map(len, each), dtype="<u8", count=len(flat))
        encoded = b"".join(each)
    return _digest(b"strings", _shape(node.values.shape), lengths.tobytes(), encoded, mask)


def _sparse(node: Sparse) -> bytes:
    indices, data = blake3.blake3(), blake3.blake3()
    for block_indices, block_data in node.blocks():
        indices.update(_bytes(block_indices))
        data.update(_bytes(block_data))
    pointers = hash_node(Array(node.indptr.astype("<i8", copy=False)))
    head = (node.layout.encode(), node.dtype.str.encode(), _shape(node.shape))
    return _digest(b"sparse", *head, pointers, indices.digest(), data.digest())


def _nullable(node: Nullable) -> bytes:
    values = np.where(node.mask, np.zeros((), node.values.dtype), node.values)
    mask = hash_node(Array(np.asarray(node.mask, dtype=np.bool_)))
    return _digest(b"nullable", hash_node(Array(values)), mask)


def _scalar(node: Scalar) -> bytes:
    match node.value:
        case None:
            return _digest(b"null")
        case bool():
            return _digest(b"bool", str(node.value).encode())
        case int():
            return _digest(b"int", str(node.value).encode())
        case float():
            return _digest(b"float", struct.pack("<d", node.value))
        case complex():
            return _digest(b"complex", struct.pack("<2d", node.value.real, node.value.imag))
        case str():
            return _digest(b"text", node.value.encode("utf-8", "surrogatepass"))
