"""The entry of an element in a summary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
)
from omicshelf.records import Element

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["column", "element"]

_MOST_CATEGORIES = 100
_PREVIEW = 80


def element(node: Node, digest: str | None) -> Element:
    """Describe any element: its kind, type and shape, and a short preview of small values."""
    return Element(hash=digest, **_facts(node))


def column(node: Node, digest: str | None) -> Element:
    """Describe a column: its categories with counts, or the range of its numbers."""
    return Element(hash=digest, **{**_facts(node), **_statistics(node)})


def _facts(node: Node) -> dict[str, Any]:
    match node:
        case Array():
            return {"kind": "array", "dtype": _name(node.dtype), "shape": node.shape}
        case Strings():
            preview = _joined(node.values.ravel()[:20])
            shape = node.values.shape
            return {"kind": "strings", "dtype": "string", "shape": shape, "preview": preview}
        case Sparse():
            kind, dtype = f"{node.layout}_matrix", _name(node.dtype)
            return {"kind": kind, "dtype": dtype, "shape": node.shape, "nnz": node.nnz}
        case Categorical():
            dtype = _name(node.categories.dtype) if isinstance(node.categories, Array) else "string"
            return {"kind": "categorical", "dtype": dtype, "shape": node.codes.shape}
        case Nullable():
            return {"kind": "nullable", "dtype": _name(node.values.dtype), "shape": node.mask.shape}
        case Records():
            names = ", ".join(name for name, _ in node.fields)
            return {"kind": "records", "shape": node.shape, "preview": _cut(names)}
        case Scalar():
            kind = "null" if node.value is None else type(node.value).__name__
            return {"kind": "scalar", "dtype": kind, "shape": (), "preview": _cut(str(node.value))}
        case Frame():
            shape = (_length(node.index), len(node.columns))
            return {"kind": "dataframe", "shape": shape, "preview": _joined(node.columns)}
        case Tree():
            return {"kind": node.encoding or "mapping", "preview": _joined(node.nodes)}
        case Broken():
            return {"kind": "unreadable", "preview": _cut(node.reason)}


def _statistics(node: Node) -> dict[str, Any]:
    match node:
        case Categorical():
            return _category_counts(node)
        case Strings():
            texts = node.values.ravel().tolist()
            present = [text for text in texts if text is not None]
            return {"n_categories": len(set(present)), "n_null": len(texts) - len(present)}
        case Array() if node.dtype.kind == "b" and len(node.shape) == 1:
            return _flag_counts(node.whole(), n_null=0)
        case Nullable() if node.values.dtype.kind == "b":
            return _flag_counts(node.values[~node.mask], n_null=int(node.mask.sum()))
        case Nullable():
            return _range(node.values[~node.mask], n_null=int(node.mask.sum()))
        case Array() if node.dtype.kind in "iuf":
            values = node.whole()
            missing = np.isnan(values) if values.dtype.kind == "f" else np.zeros(1, dtype=bool)
            n_null = int(missing.sum())
            return _range(values[~missing] if n_null else values, n_null=n_null)
    return {}


def _category_counts(node: Categorical) -> dict[str, Any]:
    labels = [str(label) for label in _values(node.categories)]
    codes = np.asarray(node.codes).astype(np.int64)
    counts = np.bincount(codes[codes >= 0], minlength=len(labels))
    by_count = np.argsort(-counts, kind="stable")[:_MOST_CATEGORIES]
    return {
        "n_categories": len(labels),
        "categories": {labels[i]: int(counts[i]) for i in by_count},
        "ordered": node.ordered,
        "n_null": int((codes < 0).sum()),
    }


def _flag_counts(values: NDArray[Any], n_null: int) -> dict[str, Any]:
    n_true = int(values.sum())
    counts = {"True": n_true, "False": len(values) - n_true}
    present = {label: count for label, count in counts.items() if count}
    return {"n_categories": len(present), "categories": present, "n_null": n_null}


def _range(values: NDArray[Any], n_null: int) -> dict[str, Any]:
    if not values.size:
        return {"n_null": n_null}
    with np.errstate(all="ignore"):
        mean = float(np.mean(values, dtype=np.float64))
    return {
        "min": float(values.min()),
        "max": float(values.max()),
        "mean": mean,
        "n_null": n_null,
    }


def _values(categories: Array | Strings) -> NDArray[Any]:
    return categories.whole() if isinstance(categories, Array) else categories.values


def _length(node: Node) -> int:
    match node:
        case Array():
            return node.shape[0]
        case Strings():
            return len(node.values)
        case Categorical():
            return len(node.codes)
        case Nullable():
            return len(node.mask)
    return 0


def _name(dtype: np.dtype[Any]) -> str:
    return dtype.newbyteorder("=").name


def _joined(values: Any) -> str:
    return _cut(", ".join("" if value is None else str(value) for value in values))


def _cut(text: str) -> str:
    return text if len(text) <= _PREVIEW else text[: _PREVIEW - 1] + "…"
