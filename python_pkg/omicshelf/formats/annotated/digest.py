"""The content digest: one hash that is equal exactly when the content is.

The canonical form of every kind of node is written down, with its reasons, in decision 001
(``docs/decisions/001-content-digest.md``); change nothing here without a new number there.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from dataclasses import replace
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
from omicshelf.formats.annotated.texts import Encoded, encode

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FORM", "combine", "hash_node", "hash_strings"]

FORM = b"omicshelf content 1"
_KEPT_TEXT = 64 << 20  # bytes of text up to which it is not read twice


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
            return hash_strings(node)
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
        _part(hasher, part)
    return hasher.digest()


def _part(hasher: blake3.blake3, part: bytes) -> None:
    _begin(hasher, len(part))
    hasher.update(part)


def _begin(hasher: blake3.blake3, length: int) -> None:
    """Begin a part of so many bytes."""
    hasher.update(struct.pack("<Q", length))


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
        del block  # or it would be held while the next is read
    return _digest(b"array", node.dtype.str.encode(), _shape(node.shape), values.digest())


def hash_strings(node: Strings, seen: Callable[[NDArray[np.object_]], None] | None = None) -> bytes:
    """Give the canonical hash of text, which is read in blocks.

    The lengths of all texts are hashed before the first text. So the text is kept as UTF-8
    until all has been seen, or, where that is too much, read a second time.

    Parameters
    ----------
    seen
        Is given every block once, as it is read.
    """
    blocks: list[Encoded] = []
    n_bytes = 0
    kept = bytearray()  # one piece: many would leave the heap full of holes
    for values in node.blocks():
        if seen is not None:
            seen(values)
        block = encode(values)
        n_bytes += len(block.text)
        if n_bytes <= _KEPT_TEXT:
            kept += block.text
        else:
            kept = bytearray()
        blocks.append(replace(block, text=b""))
    hasher = blake3.blake3()
    _part(hasher, b"strings")
    _part(hasher, _shape(node.shape))
    _begin(hasher, 8 * sum(len(block.lengths) for block in blocks))
    for block in blocks:
        hasher.update(_bytes(block.lengths.astype("<u8")))
    _begin(hasher, n_bytes)
    hasher.update(kept)
    if n_bytes > _KEPT_TEXT:
        _read_again(hasher, node, blocks)
    _mask(hasher, blocks)
    return hasher.digest()


def _read_again(hasher: blake3.blake3, node: Strings, blocks: list[Encoded]) -> None:
    for before, values in zip(blocks, node.blocks(), strict=True):
        block = encode(values)
        if not np.array_equal(block.lengths, before.lengths):
            raise OSError("it changed while it was read")
        hasher.update(block.text)


def _mask(hasher: blake3.blake3, blocks: list[Encoded]) -> None:
    """Hash which are missing; nothing where none is."""
    if all(block.missing is None for block in blocks):
        _begin(hasher, 0)
        return
    _begin(hasher, sum(len(block.lengths) for block in blocks))
    for block in blocks:
        none = np.zeros(len(block.lengths), dtype=np.bool_)
        hasher.update(_bytes(none if block.missing is None else block.missing))


def _sparse(node: Sparse) -> bytes:
    indices, data = blake3.blake3(), blake3.blake3()
    for block_indices, block_data in node.blocks():
        indices.update(_bytes(block_indices))
        data.update(_bytes(block_data))
        del block_indices, block_data  # or they would be held while the next are read
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
