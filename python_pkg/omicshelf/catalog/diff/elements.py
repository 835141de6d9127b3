"""How the elements of two summaries differ: matrices, columns, embeddings, values of uns."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from omicshelf.catalog.diff.axes import AxisChange
from omicshelf.records import Element

__all__ = [
    "ALIGNED",
    "AXES",
    "CategoryChange",
    "Compared",
    "ElementChange",
    "ElementChanges",
    "brief",
    "compare_elements",
    "place",
]

# The axes that the shape of an element begins with, by its slot.
ALIGNED: dict[str, tuple[str, ...]] = {
    "X": ("obs", "var"),
    "layers": ("obs", "var"),
    "obs": ("obs",),
    "var": ("var",),
    "obsm": ("obs",),
    "varm": ("var",),
    "obsp": ("obs", "obs"),
    "varp": ("var", "var"),
    "raw/X": ("obs", "raw/var"),
    "raw/var": ("raw/var",),
    "raw/varm": ("raw/var",),
    "columns": ("rows",),
}
AXES = ("obs", "var", "raw/var")

_TWO_PART = ("raw/varm", "raw/var")
_AXES_NAMES = tuple(f"{axis}_names" for axis in AXES)
_SINGLE = ("X", "raw/X", "axis", *_AXES_NAMES)

CategoryChange = tuple[str, int | None, int | None]


@dataclass(frozen=True)
class Compared:
    """What a comparison of values found.

    Attributes
    ----------
    n
        The number of entries that both sides have: shared names, or names x names.
    n_differ
        How many of them differ; two missing values are equal.
    largest
        The largest absolute difference of two numbers.
    """

    n: int
    n_differ: int
    largest: float | None = None


@dataclass(frozen=True)
class ElementChange:
    """An element that both versions have and that is not the same.

    Attributes
    ----------
    type_changed, shape_changed
        Whether its kind or dtype, or its own shape besides the axes, changed.
    categories
        Categories whose count changed, with the counts; None on the side that has it not.
    relation
        How the axes that it lies on changed (:attr:`AxisChange.relation`); unless they are
        the same, its values cannot be compared by hash.
    compared
        The comparison of its values, if there was one.
    """

    was: Element
    now: Element
    type_changed: bool = False
    shape_changed: bool = False
    categories: tuple[CategoryChange, ...] = ()
    relation: str = "same"
    compared: Compared | None = None

    @property
    def only_axes(self) -> bool:
        """Whether nothing is known to have changed but the axes that it lies on."""
        told = self.type_changed or self.shape_changed or self.categories or self.compared
        return self.relation != "same" and not told

    @property
    def what(self) -> str:
        """What changed, in a few fixed words, as ``to_dict`` has it."""
        told = [
            word
            for word, applies in (
                ("type", self.type_changed),
                ("shape", self.shape_changed),
                ("categories", self.categories),
            )
            if applies
        ]
        if self.relation != "same":
            how = "values not compared"
            if self.compared is not None:
                how = "shared values differ" if self.compared.n_differ else "shared values equal"
            told.append(f"{self.relation}, {how}")
        elif self.compared is not None:
            told.append("values" if self.compared.n_differ else "values equal")
        return "; ".join(told) or "values"

    def to_dict(self) -> dict[str, Any]:
        """Give the change, JSON-able."""
        told: dict[str, Any] = {
            "was": brief(self.was),
            "now": brief(self.now),
            "what": self.what,
        }
        if self.compared is not None:
            told["compared"] = self.compared.n
            told["differing"] = self.compared.n_differ
            told["largest_difference"] = finite(self.compared.largest)
        return told


@dataclass(frozen=True)
class ElementChanges:
    """The elements of one annotated matrix or table, by their path without its prefix."""

    added: dict[str, Element] = field(default_factory=dict)
    removed: dict[str, Element] = field(default_factory=dict)
    changed: dict[str, ElementChange] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)

    def with_compared(self, compared: Mapping[str, Compared]) -> ElementChanges:
        """Give the same with what a comparison of values found."""
        changed = {
            path: replace(change, compared=compared.get(path))
            for path, change in self.changed.items()
        }
        return replace(self, changed=changed)


def place(path: str) -> tuple[str, str | None]:
    """Give slot and key of an element's path, the prefix of a modality removed.

    Examples
    --------
    >>> place("obs/leiden"), place("raw/X"), place("uns/pca/params"), place("raw/var/name")
    (('obs', 'leiden'), ('raw/X', None), ('uns', 'pca/params'), ('raw/var', 'name'))
    """
    if path in _SINGLE:
        return path, None
    for slot in _TWO_PART:
        if path.startswith(f"{slot}/"):
            return slot, path[len(slot) + 1 :]
    slot, _, key = path.partition("/")
    return slot, key or None


def compare_elements(
    old: Mapping[str, Element], new: Mapping[str, Element], axes: Mapping[str, AxisChange]
) -> ElementChanges:
    """Compare the elements of two summaries.

    Parameters
    ----------
    old, new
        Elements by path, without those of other modalities.
    axes
        What happened to ``obs``, ``var`` and ``raw/var``. The names of an axis that both
        sides have are told there and not among the elements.
    """
    changed = {}
    for path, was in old.items():
        now = new.get(path)
        if now is None or path in _AXES_NAMES:
            continue
        change = _compare(place(path)[0], was, now, axes)
        if change is not None:
            changed[path] = change
    return ElementChanges(
        added={path: new[path] for path in new if path not in old},
        removed={path: old[path] for path in old if path not in new},
        changed=changed,
    )


def _compare(
    slot: str, was: Element, now: Element, axes: Mapping[str, AxisChange]
) -> ElementChange | None:
    aligned = ALIGNED.get(slot, ())
    shape_changed = _own_shape(was, len(aligned)) != _own_shape(now, len(aligned))
    if was.hash is not None and now.hash is not None:
        if was.hash == now.hash:
            return None
    elif not shape_changed and was == now.model_copy(update={"shape": was.shape}):
        return None  # without a hash, nothing else could tell that it differs
    return ElementChange(
        was,
        now,
        type_changed=(was.kind, was.dtype) != (now.kind, now.dtype),
        shape_changed=shape_changed,
        categories=_categories(was, now),
        relation=_relation([axes.get(axis, AxisChange()).relation for axis in aligned]),
    )


def _own_shape(element: Element, n_aligned: int) -> tuple[int, ...] | None:
    return None if element.shape is None else element.shape[n_aligned:]


def _relation(relations: list[str]) -> str:
    found = {relation for relation in relations if relation != "same"}
    if len(found) > 1:
        found.discard("reordered")
    if not found:
        return "same"
    return found.pop() if len(found) == 1 else "other"


def _categories(was: Element, now: Element) -> tuple[CategoryChange, ...]:
    """Give the categories whose count differs, those with the largest difference first."""
    a, b = was.categories, now.categories
    if a is None or b is None:
        return ()
    # Of more than the cap, one that is not listed may be there all the same.
    all_a, all_b = was.n_categories == len(a), now.n_categories == len(b)
    changed = [
        (label, a.get(label), b.get(label))
        for label in dict.fromkeys((*a, *b))
        if a.get(label) != b.get(label) and (label in a or all_a) and (label in b or all_b)
    ]
    return tuple(sorted(changed, key=lambda c: -abs((c[2] or 0) - (c[1] or 0))))


def brief(element: Element) -> dict[str, Any]:
    """Give what is known of an element, JSON-able: no nulls, no hash, no infinities."""
    told = element.model_dump(exclude_none=True, exclude={"hash"})
    if "shape" in told:
        told["shape"] = list(told["shape"])
    return {
        key: finite(value) if isinstance(value, float) else value for key, value in told.items()
    }


def finite(value: float | None) -> float | None:
    """Give None for what JSON has no number for."""
    return value if value is not None and math.isfinite(value) else None
