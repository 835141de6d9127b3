"""One pass over annotated data: content digest, summary and names together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from omicshelf.formats.annotated import describe
from omicshelf.formats.annotated.content import Broken, Item, Node, Strings, Unhashable
from omicshelf.formats.annotated.digest import combine, hash_node
from omicshelf.formats.annotated.judge import Judgement, judge
from omicshelf.formats.annotated.names import kind_of, repeated, sidecar
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


@dataclass
class _Part:
    """What is known of one annotated matrix: the dataset itself, or a modality of it."""

    prefix: str
    lengths: dict[str, int] = field(default_factory=dict)
    names: dict[str, Any] = field(default_factory=dict)
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
        var_names = self.names.get("var")
        return {
            "n_obs": self.lengths.get("obs"),
            "n_vars": self.lengths.get("var"),
            "x_looks_like": None if x is None else x.looks_like,
            "counts_in": self.counts_in,
            "var_names_kind": None if var_names is None else kind_of(var_names),
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
        self.problems: list[str] = []
        self.uns_listed = 0
        self.uns_left_out = 0

    def take(self, item: Item) -> None:
        part = self.parts.setdefault(item.prefix, _Part(item.prefix))
        digest = self._hash(item)
        if digest is None:
            self.complete = False
        else:
            self.hashes.append((item.path, digest))
        if item.slot.endswith(".name"):
            return
        self._describe(item, digest)
        self._names(item, part)
        self._check_shape(item, part)
        if item.slot in ("X", "layers", "raw/X") and digest is not None:
            judgement = judge(item.node)
            if judgement is not None:
                part.judgements[item.path.removeprefix(item.prefix)] = judgement

    def _hash(self, item: Item) -> str | None:
        try:
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

    def _names(self, item: Item, part: _Part) -> None:
        if not item.slot.endswith("_names"):
            return
        axis = item.slot.removesuffix("_names")
        if isinstance(item.node, Strings):
            part.names[axis] = item.node.values
            part.lengths[axis] = len(item.node.values)

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
    names = Names(sidecar(obs), sidecar(var))
    obs_twice, var_twice = repeated(obs, names.obs), repeated(var, names.var)
    lazy = lazy or Lazy()
    summary = Summary(
        kind=kind,
        format=format,
        elements=run.elements,
        duplicate_obs_names=_surplus(obs_twice),
        duplicate_var_names=_surplus(var_twice),
        obs_names_examples=[str(name) for name in obs[:_EXAMPLES]],
        var_names_examples=[str(name) for name in var[:_EXAMPLES]],
        lazy=lazy.possible,
        lazy_reason=lazy.reason,
        problems=[
            *problems,
            *run.problems,
            *_told("cells", len(obs), obs_twice),
            *_told("genes", len(var), var_twice),
        ],
        **_facts(run, part, details or {}),
    )
    digest = combine(run.hashes) if run.complete else None
    return Inspection(summary, digest, names)


_NO_NAMES: Any = np.zeros(0, dtype=object)


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


def _surplus(repeated: Mapping[str, int]) -> int:
    """Count the names that repeat an earlier one."""
    return sum(repeated.values()) - len(repeated)


def _told(what: str, n: int, repeated: Mapping[str, int]) -> list[str]:
    """Tell of names that occur more than once, as in “41 cells, 1 name occurs twice”."""
    if not repeated:
        return []
    most = max(repeated.values())
    times = "twice" if most == 2 else f"up to {most} times"
    verb = "name occurs" if len(repeated) == 1 else "names occur"
    return [f"{n:,} {what}, {len(repeated):,} {verb} {times}: {min(repeated)} …"]
