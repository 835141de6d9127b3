"""The entry of an element in a summary."""

from __future__ import annotations

import re
from collections.abc import Sequence
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
from omicshelf.formats.annotated.distribution import histogram, median
from omicshelf.formats.annotated.judge import Judgement
from omicshelf.formats.annotated.names import count_different
from omicshelf.records import Element

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MOST_CATEGORIES", "colored", "column", "element", "labels_of", "ranged"]

MOST_CATEGORIES = 100
_PREVIEW = 80
_PREVIEWED = 20
_CODES = 1 << 20  # counted at a time
_COLOR = re.compile(r"#[0-9a-fA-F]{3,8}|[a-zA-Z]{1,30}")  # as scanpy writes them


def element(node: Node, digest: str | None) -> Element:
    """Describe any element: its kind, type and shape, and a short preview of small values."""
    return Element(hash=digest, **_facts(node))


def column(node: Node, digest: str | None) -> Element:
    """Describe a column: its categories with counts, or the range of its numbers."""
    return Element(hash=digest, **{**_facts(node), **_statistics(node)})


def ranged(about: Element, values: Judgement) -> Element:
    """Add the range of a matrix's values, and how they are distributed."""
    if values.low is None:
        return about
    found = {"min": values.low, "max": values.high, "histogram": values.histogram}
    return about.model_copy(update=found)


def colored(about: Element, categories: Sequence[str], colors: Strings) -> Element:
    """Add the colours that the file gives to a column's categories, which are in its order."""
    if colors.long or colors.shape != (len(categories),) or about.categories is None:
        return about
    by_label = dict(zip(categories, colors.values.tolist(), strict=True))
    found = {label: by_label.get(label) for label in about.categories}
    if not all(isinstance(color, str) and _COLOR.fullmatch(color) for color in found.values()):
        return about
    return about.model_copy(update={"colors": found})


def labels_of(node: Categorical) -> list[str]:
    """Give all categories as text, in the order of their codes."""
    return _labels(node.categories, list(range(node.categories.shape[0])))


def _facts(node: Node) -> dict[str, Any]:
    match node:
        case Array():
            return {"kind": "array", "dtype": _name(node.dtype), "shape": node.shape}
        case Strings():
            first = node.rows(0, _PREVIEWED) if node.long else node.values
            preview = _joined(first.ravel()[:_PREVIEWED])
            return {"kind": "strings", "dtype": "string", "shape": node.shape, "preview": preview}
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
            n_different, n_missing = count_different(node)
            return {"n_categories": n_different, "n_null": n_missing}
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
    n_categories = node.categories.shape[0]
    with_missing = np.zeros(1 + n_categories, dtype=np.int64)  # code -1 first
    for start in range(0, len(node.codes), _CODES):
        some = node.codes[start : start + _CODES].astype(np.int64)
        with_missing += np.bincount(some + 1, minlength=len(with_missing))
    counts = with_missing[1:]
    by_count = np.argsort(-counts, kind="stable")[:MOST_CATEGORIES].tolist()
    labels = _labels(node.categories, by_count)
    return {
        "n_categories": n_categories,
        "categories": {label: int(counts[i]) for label, i in zip(labels, by_count, strict=True)},
        "ordered": node.ordered,
        "n_null": int(with_missing[0]),
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
    low, high, whole = float(values.min()), float(values.max()), values.dtype.kind in "iu"
    return {
        "min": low,
        "max": high,
        "mean": mean,
        "median": median(values),
        "histogram": histogram([values], low, high, whole=whole),
        "n_null": n_null,
    }


def _labels(categories: Array | Strings, places: list[int]) -> list[str]:
    """Give some of the categories as text."""
    if isinstance(categories, Strings) and categories.long:
        return [str(categories.rows(i, i + 1)[0]) for i in places]
    values = categories.whole() if isinstance(categories, Array) else categories.values
    return [str(values[i]) for i in places]


def _length(node: Node) -> int:
    match node:
        case Array():
            return node.shape[0]
        case Strings():
            return node.shape[0]
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
