"""One pass over annotated data: content digest, summary and names together."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from omicshelf.formats.annotated import describe
from omicshelf.formats.annotated.content import (
    Broken,
    Categorical,
    Item,
    Node,
    Strings,
    Unhashable,
)
from omicshelf.formats.annotated.digest import combine, hash_node, hash_strings
from omicshelf.formats.annotated.judge import Judgement, judge
from omicshelf.formats.annotated.names import Hashes, Repeated, kind_of, repeated
from omicshelf.formats.base import Inspection, Names
from omicshelf.records import Element, Summary

__all__ = ["Lazy", "inspect_items"]

_COLUMNS = ("obs", "var", "raw/var")
_MOST_UNS = 300  # entries of uns that a summary lists; the digest covers all
_EXAMPLES = 3
_SHAPES = {
    "X": ("obs", "var"),
    "layers": ("obs", "var"),
    "obsm": ("obs",),
    "varm": ("var",),
    "obsp": ("obs", "obs"),
    "varp": ("var", "var"),
    "obs": ("obs",),
    "var": ("var",),
    "raw/X": ("obs", "raw/var"),
    "raw/var": ("raw/var",),
    "raw/varm": ("raw/var",),
}


@dataclass(frozen=True)
class Lazy:
    """Whether ``anndata.experimental.read_lazy`` can open the file, and if not, why."""

    possible: bool = True
    reason: str | None = None


@dataclass(frozen=True)
class _AxisNames:
    """What is known of the names of cells or genes."""

    n: int
    hashes: bytes
    repeated: Repeated | None
    examples: list[str]

    @classmethod
    def of(cls, node: Strings, hashes: bytes) -> _AxisNames:
        """Look at the names again where their hashes say that some repeat."""
        examples = [str(name) for name in node.rows(0, _EXAMPLES)]
        return cls(node.shape[0], hashes, repeated(node, hashes), examples)

    @property
    def surplus(self) -> int:
        """How many repeat an earlier one."""
        return 0 if self.repeated is None else self.repeated.surplus


_NO_NAMES = _AxisNames(0, b"", None, [])


@dataclass
class _Part:
    """What is known of one annotated matrix: the dataset itself, or a modality of it."""

    prefix: str
    lengths: dict[str, int] = field(default_factory=dict)
    names: dict[str, _AxisNames] = field(default_factory=dict)
    var_names_kind: str | None = None
    judgements: dict[str, Judgement] = field(default_factory=dict)

    @property
    def counts_in(self) -> str | None:
        """The element that holds whole non-negative numbers, those meant for them first."""
        first = ["layers/counts", "raw/X", "X"]
        others = sorted(path for path in self.judgements if path not in first)
        for path in (*first, *others):
            if path in self.judgements and self.judgements[path].whole:
                return path
        return None

    def facts(self) -> dict[str, Any]:
        """Give the facts of a summary that one annotated matrix has."""
        x = self.judgements.get("X")
        return {
            "n_obs": self.lengths.get("obs"),
            "n_vars": self.lengths.get("var"),
            "x_looks_like": None if x is None else x.looks_like,
            "counts_in": self.counts_in,
            "var_names_kind": self.var_names_kind,
        }

    def details(self) -> dict[str, Any]:
        """Say what the judgement of X rests on, and a target sum where it is constant."""
        x = self.judgements.get("X")
        if x is None:
            return {}
        told: dict[str, Any] = {"x_judged_from": x.basis}
        return told if x.target_sum is None else {**told, "x_target_sum": x.target_sum}


class _Pass:
    """Collects what every item tells."""

    def __init__(self) -> None:
        self.parts: dict[str, _Part] = {}
        self.hashes: list[tuple[str, str]] = []
        self.complete = True
        self.elements: dict[str, Element] = {}
        self.labels: dict[str, list[str]] = {}  # of columns with few categories
        self.problems: list[str] = []
        self.uns_listed = 0
        self.uns_left_out = 0

    def take(self, item: Item) -> None:
        part = self.parts.setdefault(item.prefix, _Part(item.prefix))
        digest = self._hash(item, part)
        if digest is None:
            self.complete = False
        else:
            self.hashes.append((item.path, digest))
        if item.slot.endswith(".name"):
            return
        self._describe(item, digest)
        self._check_shape(item, part)
        if item.slot in ("X", "layers", "raw/X") and digest is not None:
            judgement = judge(item.node)
            if judgement is not None:
                part.judgements[item.path.removeprefix(item.prefix)] = judgement
                self.elements[item.path] = describe.ranged(self.elements[item.path], judgement)

    def _hash(self, item: Item, part: _Part) -> str | None:
        try:
            if item.slot.endswith("_names") and isinstance(item.node, Strings):
                return _hash_names(item, item.node, part).hex()
            return hash_node(item.node).hex()
        except Unhashable as error:
            self.problems.append(f"{item.path} cannot be read: {error}")
        except (OSError, ValueError, TypeError, RuntimeError) as error:
            self.problems.append(f"{item.path} cannot be read: {type(error).__name__}: {error}")
        return None

    def _describe(self, item: Item, digest: str | None) -> None:
        if item.slot == "uns":
            if self.uns_listed == _MOST_UNS:
                self.uns_left_out += 1
                return
            self.uns_listed += 1
        node: Node = item.node
        if digest is None and not isinstance(node, Broken):
            node = Broken("damaged")
        about = describe.column if item.slot in _COLUMNS else describe.element
        self.elements[item.path] = about(node, digest)
        if isinstance(node, Categorical) and item.slot in _COLUMNS:
            if node.categories.shape[0] <= describe.MOST_CATEGORIES:
                self.labels[item.path] = describe.labels_of(node)
        elif item.slot == "uns" and isinstance(node, Strings):
            self._color(item, node)

    def _color(self, item: Item, colors: Strings) -> None:
        """Give a column the colours that scanpy keeps for it: ``uns['leiden_colors']``."""
        name = item.path.removeprefix(f"{item.prefix}uns/")
        path = f"{item.prefix}obs/{name.removesuffix('_colors')}"
        if name.endswith("_colors") and path in self.labels:
            self.elements[path] = describe.colored(self.elements[path], self.labels[path], colors)

    def _check_shape(self, item: Item, part: _Part) -> None:
        shape = self.elements[item.path].shape if item.path in self.elements else None
        if shape is None:
            return
        for axis, found in zip(_SHAPES.get(item.slot, ()), shape, strict=False):
            expected = part.lengths.get(axis)
            if expected is not None and found != expected:
                self.problems.append(
                    f"{item.path} has shape {' x '.join(map(str, shape))}, "
                    f"which does not fit the {expected} {axis} names"
                )


def _hash_names(item: Item, node: Strings, part: _Part) -> bytes:
    """Hash the names of an axis, all of them and, for comparisons, one by one, in one pass."""
    axis = item.slot.removesuffix("_names")
    compared = not item.prefix and axis in ("obs", "var")
    hashes = Hashes(math.prod(node.shape) if compared else 0)
    digest = hash_strings(node, hashes.take if compared else None)
    if compared:
        part.names[axis] = _AxisNames.of(node, hashes.sidecar())
    if axis == "var":
        part.var_names_kind = kind_of(node.source)
    part.lengths[axis] = node.shape[0]
    return digest


def inspect_items(
    items: Iterable[Item],
    *,
    kind: str,
    format: str,
    lazy: Lazy | None = None,
    problems: Iterable[str] = (),
    details: dict[str, Any] | None = None,
) -> Inspection:
    """Read every item once and tell what is in the data.

    Parameters
    ----------
    items
        The elements, the names of an axis before what is aligned to it.
    kind, format
        As in :class:`~omicshelf.records.Summary`.
    lazy
        Whether the file can be opened lazily.
    problems, details
        What the format itself found.

    Raises
    ------
    Unhashable
        If an item of memory has no canonical form.
    """
    run = _Pass()
    for item in items:
        run.take(item)
    part = run.parts.get("", _Part(""))
    obs, var = part.names.get("obs", _NO_NAMES), part.names.get("var", _NO_NAMES)
    lazy = lazy or Lazy()
    summary = Summary(
        kind=kind,
        format=format,
        elements=run.elements,
        duplicate_obs_names=obs.surplus,
        duplicate_var_names=var.surplus,
        obs_names_examples=obs.examples,
        var_names_examples=var.examples,
        lazy=lazy.possible,
        lazy_reason=lazy.reason,
        problems=[
            *problems,
            *run.problems,
            *_told("cells", obs),
            *_told("genes", var),
        ],
        **_facts(run, part, details or {}),
    )
    digest = combine(run.hashes) if run.complete else None
    return Inspection(summary, digest, Names(obs.hashes, var.hashes))


def _facts(run: _Pass, part: _Part, details: dict[str, Any]) -> dict[str, Any]:
    facts, told = part.facts(), {**details, **part.details()}
    if run.uns_left_out:
        told["uns_not_listed"] = run.uns_left_out
    modalities = [p for prefix, p in run.parts.items() if prefix]
    if modalities:
        told["modalities"] = {
            modality.prefix.split("/")[1]: {**modality.facts(), **modality.details()}
            for modality in modalities
        }
        held = [f"{m.prefix}{m.counts_in}" for m in modalities if m.counts_in]
        facts |= {"counts_in": held[0] if held else None, "var_names_kind": None}
    return {**facts, "details": told}


def _told(what: str, names: _AxisNames) -> list[str]:
    """Tell of names that occur more than once, as in “41 cells, 1 name occurs twice”."""
    found = names.repeated
    if found is None:
        return []
    times = "twice" if found.most == 2 else f"up to {found.most} times"
    verb = "name occurs" if found.n == 1 else "names occur"
    return [f"{names.n:,} {what}, {found.n:,} {verb} {times}: {found.first} …"]
