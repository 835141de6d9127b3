"""Lineage: what a version was made from, and what was made from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from omicshelf.backend.base import Backend
from omicshelf.catalog.words import html_table
from omicshelf.errors import NotFound
from omicshelf.records import VersionRecord

__all__ = ["Lineage", "LineageEdge", "LineageNode", "trace"]


@dataclass(frozen=True)
class LineageNode:
    """A version in a lineage; ``missing`` where it was purged or is of another catalog."""

    version_id: str
    atlas: str | None = None
    dataset_id: str | None = None
    version: str | None = None
    created_at: int | None = None
    author: str | None = None
    notebook: str | None = None
    missing: bool = False

    def __str__(self) -> str:
        if self.missing:
            return f"{self.version_id} (not in this catalog)"
        return f"{self.atlas}/{self.dataset_id} {self.version}"


@dataclass(frozen=True)
class LineageEdge:
    """``source`` went into ``target``: as a said ``parent``, by ``rollback``, or as an input of
    the same ``session``.
    """

    source: str
    target: str
    kind: str


@dataclass(frozen=True)
class Lineage:
    """The versions around one version, and how they follow from one another."""

    version_id: str
    nodes: Sequence[LineageNode]
    edges: Sequence[LineageEdge]

    def to_dict(self) -> dict[str, Any]:
        """Give nodes and edges as plain JSON values."""
        return {
            "version_id": self.version_id,
            "nodes": [vars(node) for node in self.nodes],
            "edges": [vars(edge) for edge in self.edges],
        }

    def _lines(self) -> list[tuple[str, str, str]]:
        names = {node.version_id: str(node) for node in self.nodes}
        return [(names[e.source], e.kind, names[e.target]) for e in self.edges]

    def __str__(self) -> str:
        names = {node.version_id: node for node in self.nodes}
        lines = [f"Lineage of {names[self.version_id]}"]
        lines += [f"  {source} --{kind}--> {target}" for source, kind, target in self._lines()]
        return "\n".join(lines if self.edges else [*lines, "  nothing is recorded"])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        names = {node.version_id: node for node in self.nodes}
        caption = f"Lineage of {names[self.version_id]}"
        return html_table(caption, self._lines(), ("from", "as", "to"))


def trace(backend: Backend, record: VersionRecord, *, depth: int = 20) -> Lineage:
    """Follow parents, rollbacks and session inputs up, and children down, ``depth`` steps."""
    nodes = {record.version_id: _node(record)}
    edges: dict[tuple[str, str, str], LineageEdge] = {}
    _climb(backend, record, nodes, edges, depth)
    _descend(backend, record, nodes, edges, depth)
    return Lineage(record.version_id, list(nodes.values()), list(edges.values()))


def _climb(
    backend: Backend,
    record: VersionRecord,
    nodes: dict[str, LineageNode],
    edges: dict[tuple[str, str, str], LineageEdge],
    depth: int,
) -> None:
    level = [record]
    for _step in range(depth):
        above: list[VersionRecord] = []
        for target in level:
            for source, kind in _sources(target):
                edges[source, target.version_id, kind] = LineageEdge(
                    source, target.version_id, kind
                )
                if source in nodes:
                    continue
                try:
                    found = backend.find_version(source)
                except NotFound:
                    nodes[source] = LineageNode(source, missing=True)
                    continue
                nodes[source] = _node(found)
                above.append(found)
        level = above


def _descend(
    backend: Backend,
    record: VersionRecord,
    nodes: dict[str, LineageNode],
    edges: dict[tuple[str, str, str], LineageEdge],
    depth: int,
) -> None:
    level = [record.version_id]
    for _step in range(depth):
        below: list[str] = []
        for source in level:
            for child in backend.children(source):
                key = (source, child.version_id, "parent")
                edges[key] = LineageEdge(*key)
                if child.version_id not in nodes:
                    nodes[child.version_id] = _node(child)
                    below.append(child.version_id)
        level = below


def _sources(record: VersionRecord) -> list[tuple[str, str]]:
    sources = [(parent, "parent") for parent in record.parents]
    sources += [(source, "session") for source in record.session_inputs]
    if record.rolled_back_from is not None:
        sources.append((record.rolled_back_from, "rollback"))
    return sources


def _node(record: VersionRecord) -> LineageNode:
    return LineageNode(
        record.version_id,
        record.atlas,
        record.dataset_id,
        record.name,
        record.created_at,
        record.author,
        record.origin.notebook,
    )
