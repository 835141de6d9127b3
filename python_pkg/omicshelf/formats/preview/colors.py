"""What colours the points of an embedding: a column of obs, or the values of one gene."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from omicshelf.formats.annotated.content import (
    Array,
    Categorical,
    Node,
    Nullable,
    Sparse,
    Strings,
)
from omicshelf.formats.annotated.selection import positions
from omicshelf.formats.preview.models import MOST_CATEGORIES, Categories, Numbers
from omicshelf.formats.preview.parts import Part, Unreadable, labels

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Colored", "by_column", "by_gene", "refuse_other_length"]

_QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
_COLOR = re.compile(r"#[0-9a-fA-F]{6}(?:[0-9a-fA-F]{2})?|[a-z]{3,20}")
_BLOCK = 4 << 20  # stored values of a compressed matrix that are looked at at a time


class Colored:
    """A colour of all observations, from which that of some is told.

    Attributes
    ----------
    codes
        The category of each observation, None where the colour is a number.
    """

    def __init__(self, source: str, n_obs: int) -> None:
        self.source = source
        self.n_obs = n_obs
        self.codes: NDArray[np.int64] | None = None

    def of(self, rows: NDArray[np.int64]) -> Categories | Numbers:
        """Give the colour of the observations at ``rows``."""
        raise NotImplementedError


class _ByCategory(Colored):
    def __init__(
        self,
        source: str,
        codes: NDArray[np.int64],
        names: list[str],
        *,
        ordered: bool = False,
        colors: list[str] | None = None,
    ) -> None:
        super().__init__(source, len(codes))
        counts = np.bincount(codes[codes >= 0], minlength=len(names))
        self.n_categories = len(names)
        kept = np.arange(len(names))
        if len(names) > MOST_CATEGORIES:
            kept = np.sort(np.argsort(-counts, kind="stable")[:MOST_CATEGORIES])
        numbered = np.full(len(names) + 1, -2, dtype=np.int64)
        numbered[kept] = np.arange(len(kept))
        numbered[-1] = -1  # where code -1 looks
        self.codes = numbered[codes]
        self._facts: dict[str, Any] = {
            "categories": [names[n] for n in kept],
            "counts": [int(counts[n]) for n in kept],
            "n_categories": len(names),
            "n_other": len(names) - len(kept),
            "n_missing": int((codes < 0).sum()),
            "ordered": ordered,
            "colors": None if colors is None else [colors[n] for n in kept],
        }

    def of(self, rows: NDArray[np.int64]) -> Categories:
        assert self.codes is not None
        return Categories(source=self.source, codes=self.codes[rows].tolist(), **self._facts)


class _ByNumber(Colored):
    def __init__(self, source: str, values: NDArray[Any]) -> None:
        super().__init__(source, len(values))
        self._values = values.astype(np.float64, copy=False)

    def of(self, rows: NDArray[np.int64]) -> Numbers:
        values = self._values
        finite = values[np.isfinite(values)]
        facts: dict[str, Any] = {}
        if finite.size:
            facts = {
                "min": float(finite.min()),
                "max": float(finite.max()),
                "quantiles": np.quantile(finite, _QUANTILES).tolist(),
            }
        return Numbers(
            source=self.source,
            values=values[rows].tolist(),
            n_missing=len(values) - len(finite),
            n_zero=int((finite == 0).sum()),
            **facts,
        )


def by_column(part: Part, key: str) -> Colored:
    """Give the colour of an obs column.

    Raises
    ------
    omicshelf.errors.Invalid
        There is no such column.
    """
    part.known("obs", key, "obs column")
    source, node = f"obs/{key}", part.column("obs", key)
    match node:
        case Categorical():
            names = labels(node.categories)
            colors = _saved_colors(part.lookup(f"uns/{key}_colors"), len(names))
            codes = node.codes.astype(np.int64)
            return _ByCategory(source, codes, names, ordered=node.ordered, colors=colors)
        case Strings():
            return _by_text(source, node.values)
        case Nullable() if node.values.dtype.kind == "b":
            codes = np.where(node.mask, -1, node.values.astype(np.int64))
            return _ByCategory(source, codes, ["False", "True"])
        case Nullable():
            return _ByNumber(source, np.where(node.mask, np.nan, node.values.astype(np.float64)))
        case Array() if len(node.shape) == 1 and node.dtype.kind == "b":
            return _ByCategory(source, node.whole().astype(np.int64), ["False", "True"])
        case Array() if len(node.shape) == 1 and node.dtype.kind in "iuf":
            return _ByNumber(source, node.whole())
        case Array() if len(node.shape) == 1:
            return _by_text(source, np.array(labels(node), dtype=object))
    raise Unreadable(f"{source} is {_words(node)}, and colours nothing")


def by_gene(part: Part, gene: str, wanted: str | None) -> Colored:
    """Give the colour of a gene: of its values in X, in raw/X or in a layer.

    Only this gene is read: a column of a dense matrix or of CSC as it is, one of CSR by going
    over the indices some megabytes at a time.

    Raises
    ------
    omicshelf.errors.Invalid
        There is no such gene, with near misses, or no such matrix.
    """
    path, matrix = part.matrix(wanted)
    table = part.features_of(path)
    names = part.names(table, slice(None))
    # Names may repeat: the first is taken, as a legend shows one gene.
    found = positions(gene, names, table)
    assert found is not None
    at = int(found[0])
    if at >= matrix.shape[1]:
        raise Unreadable(f"{path} has {matrix.shape[1]:,} columns, and {gene!r} is row {at:,}")
    return _ByNumber(f"{path}/{gene}", _gene(matrix, at))


def _gene(matrix: Array | Sparse, at: int) -> NDArray[np.float64]:
    if isinstance(matrix, Array):
        return np.asarray(matrix.values[:, at]).astype(np.float64).ravel()
    values = np.zeros(matrix.shape[0])
    if matrix.layout == "csc":
        first, last = int(matrix.indptr[at]), int(matrix.indptr[at + 1])
        np.add.at(values, matrix.checked_indices(first, last), matrix.data[first:last])
        return values
    for first in range(0, matrix.nnz, _BLOCK):
        last = min(first + _BLOCK, matrix.nnz)
        hits = np.flatnonzero(np.asarray(matrix.indices[first:last]) == at)
        if len(hits):
            rows = np.searchsorted(matrix.indptr, hits + first, side="right") - 1
            np.add.at(values, rows, np.asarray(matrix.data[first:last])[hits])
    return values


def _by_text(source: str, values: NDArray[np.object_]) -> Colored:
    import pandas as pd
    from natsort import natsorted

    codes, names = pd.factorize(values)
    known = [str(name) for name in names]
    order = natsorted(range(len(known)), key=lambda n: known[n])
    ranks = np.full(len(known) + 1, -1, dtype=np.int64)
    ranks[order] = np.arange(len(known))
    return _ByCategory(source, ranks[codes], [known[n] for n in order])


def _saved_colors(node: Node | None, n: int) -> list[str] | None:
    """Give the colours that scanpy keeps in uns, if they are as many, and nothing but colours."""
    if not isinstance(node, (Strings, Array)) or node.values.shape != (n,):
        return None
    colors = labels(node)
    return colors if all(map(_COLOR.fullmatch, colors)) else None


def _words(node: Node) -> str:
    reason = getattr(node, "reason", None)
    return f"unreadable ({reason})" if reason else f"a {type(node).__name__.lower()}"


def refuse_other_length(color: Colored, n_obs: int) -> None:
    """Refuse a colour that has not one value for each observation."""
    if color.n_obs != n_obs:
        raise Unreadable(f"{color.source} has {color.n_obs:,} values for {n_obs:,} points")
