"""What the axes, the elements and their types are called, by the kind of the data."""

from __future__ import annotations

from omicshelf.catalog.diff.elements import place
from omicshelf.catalog.diff.lines import Code, Noun, printable
from omicshelf.records import Element

__all__ = ["axis_noun", "element_noun", "kind_of_values", "many_of", "named"]

_CELLS = Noun("cell", "cells")
_GENES = Noun("gene", "genes")
_FEATURES = Noun("feature", "features")
_AXES = {
    "anndata": {"obs": _CELLS, "var": _GENES, "raw/var": Noun("gene of raw", "genes of raw")},
    "mudata": {"obs": _CELLS, "var": _FEATURES, "raw/var": Noun("raw feature", "raw features")},
    "matrix": {"obs": Noun("sample", "samples"), "var": Noun("row", "rows")},
    "table": {"rows": Noun("row", "rows")},
    "variants": {"obs": Noun("sample", "samples"), "rows": Noun("variant", "variants")},
}
_ELEMENTS = {
    "layers": Noun("layer", "layers"),
    "obs": Noun("obs column", "obs columns"),
    "var": Noun("var column", "var columns"),
    "raw/var": Noun("raw var column", "raw var columns"),
    "uns": Noun("uns entry", "uns entries"),
    "columns": Noun("column", "columns"),
    "INFO": Noun("INFO field", "INFO fields"),
    "FORMAT": Noun("FORMAT field", "FORMAT fields"),
    "FILTER": Noun("FILTER", "FILTERs"),
}
_OF_A_MATRIX = {
    "obs": Noun("sample field", "sample fields"),
    "var": Noun("row field", "row fields"),
}
_EMBEDDINGS = Noun("embedding", "embeddings")
_COUNTED = ("obs", "var", "raw/var", "columns", "INFO", "FORMAT", "FILTER", "uns")


def axis_noun(kind: str, axis: str) -> Noun:
    """Give what the entries of an axis are called."""
    return _AXES.get(kind, {}).get(axis, Noun(f"{axis} name", f"{axis} names"))


def element_noun(kind: str, path: str) -> Noun:
    """Give what an element is called, its own name aside."""
    slot, key = place(path)
    if kind == "matrix" and slot in _OF_A_MATRIX:
        return _OF_A_MATRIX[slot]
    if slot == "obsm" and (key or "").startswith("X_"):
        return _EMBEDDINGS
    return _ELEMENTS.get(slot, Noun(slot, slot))


def named(kind: str, path: str) -> tuple[str, ...]:
    """Give an element with its name, ``layer `counts```; X is just ``X``."""
    _, key = place(path)
    if key is None:
        return (path,)
    return (f"{element_noun(kind, path).one} ", Code(key))


def many_of(path: str) -> bool:
    """Say whether elements of this slot are counted, ``+2 obs columns``, when they come and go."""
    return place(path)[0] in _COUNTED


def kind_of_values(path: str, element: Element) -> str:
    """Describe the values of an element in a few words, ``14 categories``, ``csr, int32``."""
    slot, _ = place(path)
    dtype = element.dtype or ""
    own = element.shape[1:] if element.shape else ()
    match element.kind:
        case "categorical":
            n = element.n_categories
            return "categories" if n is None else Noun("category", "categories").count(n)
        case "csr_matrix" | "csc_matrix":
            return f"{element.kind[:3]}, {dtype}"
        case "array" if slot in ("obsm", "varm", "raw/varm") and len(own) == 1:
            return f"{Noun('dimension', 'dimensions').count(own[0])}, {dtype}"
        case "array" if len(own) == 1:
            return f"dense, {dtype}"
        case "strings":
            return "text"
        case "scalar":
            return printable(element.preview or dtype, 40)
        case "dataframe":
            return f"data frame, {Noun('column', 'columns').count(own[0] if own else 0)}"
        case "array" | "nullable" | "column":
            return dtype
    return printable(dtype or element.kind.removesuffix(" field"), 40)
