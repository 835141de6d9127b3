"""The points of an embedding, few enough to be drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from omicshelf.errors import Invalid
from omicshelf.formats.annotated.content import Array, Broken, Frame, Node, Sparse
from omicshelf.formats.annotated.partial import read_sparse
from omicshelf.formats.preview import colors
from omicshelf.formats.preview.models import Embedding, EmbeddingFacts, PreviewRequest
from omicshelf.formats.preview.parts import Part, Unreadable
from omicshelf.formats.preview.sampling import spread, stratified

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["default_of", "embedding", "embeddings"]

_FIRST = ("umap", "tsne", "draw_graph", "mde", "spatial", "pca")
_STEPS = 100_000  # of its range to which a coordinate is told: more than a screen has points
_MOST_DECIMALS = 15


def embeddings(part: Part) -> list[EmbeddingFacts]:
    """List the obsm keys that have at least two columns of numbers."""
    found = []
    for key in part.keys("obsm"):
        shape = _shape(part.lookup(f"obsm/{key}"))
        if shape is not None:
            found.append(EmbeddingFacts(key=key, shape=list(shape)))
    return found


def default_of(known: list[EmbeddingFacts]) -> str | None:
    """Give the key that people look at first."""
    for word in _FIRST:
        for facts in known:
            if word in facts.key.lower():
                return facts.key
    return known[0].key if known else None


def embedding(part: Part, request: PreviewRequest) -> Embedding:
    """Read the points of an embedding with their colour.

    Raises
    ------
    omicshelf.errors.Invalid
        There is no such embedding, dimension, column, gene or matrix.
    """
    key = _key(part, request)
    node = part.lookup(f"obsm/{key}")
    shape = _shape(node)
    if node is None or shape is None:
        raise _no_embedding(key, node, part)
    for dimension in request.dimensions:
        if dimension >= shape[1]:
            raise Invalid(
                f"{key} has no dimension {dimension}.",
                f"It has {shape[1]}, counted from 0.",
            )
    color = _color(part, request)
    if color is not None:
        colors.refuse_other_length(color, shape[0])
    points = _coordinates(node, request.dimensions)
    placed = np.flatnonzero(np.isfinite(points).all(axis=1))
    if color is not None and color.codes is not None:
        shown = placed[stratified(color.codes[placed], request.points)]
    else:
        shown = placed[spread(len(placed), request.points)]
    return Embedding(
        key=key,
        dimensions=list(request.dimensions),
        n_dimensions=shape[1],
        n_obs=shape[0],
        n_shown=len(shown),
        n_unplaced=shape[0] - len(placed),
        coordinates=[_rounded(points[shown, n]) for n in range(points.shape[1])],
        rows=shown.tolist(),
        color=None if color is None else color.of(shown),
    )


def _key(part: Part, request: PreviewRequest) -> str:
    if request.embedding is not None:
        return part.known("obsm", request.embedding, "embedding")
    key = default_of(embeddings(part))
    if key is None:
        raise Invalid(
            "There is no embedding in obsm.",
            "Compute one, for instance with scanpy.tl.umap, and save the data with it; or look "
            "at the tables.",
        )
    return key


def _color(part: Part, request: PreviewRequest) -> colors.Colored | None:
    if request.color is not None:
        return colors.by_column(part, request.color)
    if request.gene is not None:
        return colors.by_gene(part, request.gene, request.matrix)
    return None


def _shape(node: Node | None) -> tuple[int, int] | None:
    """Give points x dimensions of what can be drawn; None of what cannot."""
    match node:
        case Array() if len(node.shape) == 2 and node.shape[1] > 1 and node.dtype.kind in "iuf":
            return node.shape[0], node.shape[1]
        case Sparse() if node.shape[1] > 1:
            return node.shape
        case Frame() if len(node.columns) > 1 and all(map(_is_numbers, node.columns.values())):
            first = next(iter(node.columns.values()))
            assert isinstance(first, Array)
            return first.shape[0], len(node.columns)
    return None


def _is_numbers(node: Node) -> bool:
    return isinstance(node, Array) and len(node.shape) == 1 and node.dtype.kind in "iuf"


def _coordinates(node: Node, dimensions: tuple[int, ...]) -> NDArray[np.float64]:
    wanted = list(dimensions)
    found: Any
    match node:
        case Array():
            # By whole rows: an embedding of many dimensions is never in memory at once.
            found = np.concatenate([block[:, wanted] for block in node.blocks()] or [_none(wanted)])
        case Sparse():
            found = read_sparse(node, None, np.array(wanted)).toarray()
        case Frame():
            columns = list(node.columns.values())
            found = np.stack([columns[n].whole() for n in wanted], axis=1)  # type: ignore[union-attr]
    return np.asarray(found, dtype=np.float64)


def _none(wanted: list[int]) -> NDArray[np.float64]:
    return np.zeros((0, len(wanted)))


def _rounded(values: NDArray[np.float64]) -> list[float | None]:
    if not values.size:
        return []
    span = float(np.ptp(values))
    if span > 0 and np.isfinite(span):
        decimals = int(np.ceil(np.log10(_STEPS) - np.log10(span)))
        if decimals < _MOST_DECIMALS:  # of so small numbers all digits are told
            values = np.round(values, max(0, decimals))
    numbers: list[float | None] = values.tolist()
    return numbers


def _no_embedding(key: str, node: Node | None, part: Part) -> Exception:
    if isinstance(node, Broken):
        return Unreadable(f"obsm/{key} cannot be read: {node.reason}")
    known = ", ".join(facts.key for facts in embeddings(part)) or "none"
    return Invalid(
        f"obsm/{key} is no embedding: it has not two columns of numbers.",
        f"The embeddings are: {known}.",
    )
