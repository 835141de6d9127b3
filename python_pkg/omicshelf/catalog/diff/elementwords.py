"""Sentences about elements that came, went or changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from omicshelf.catalog.diff.elements import CategoryChange, ElementChange, place
from omicshelf.catalog.diff.lines import Code, Line, Noun, amount, listed
from omicshelf.catalog.diff.result import Part
from omicshelf.catalog.diff.vocabulary import (
    element_noun,
    kind_of_values,
    many_of,
    named,
)
from omicshelf.records import Element

if TYPE_CHECKING:
    from omicshelf.catalog.diff.result import Diff

__all__ = ["element_lines"]

_ONE_BY_ONE = 4  # elements of a slot that come or go on a line each
_MOST_CHANGED = 12  # changed elements of a slot that are told on a line each
_MOST_CATEGORIES = 4
_PLAIN_WORDS = ("embeddings", "columns", "sample", "row")
_RELATIONS = {
    "subset": "subset",
    "extended": "extended",
    "other": "on other names",
    "reordered": "reordered",
    "unknown": "on other names or in another order",
}


def element_lines(diff: Diff, part: Part, kind: str) -> Iterator[Line]:
    """Tell of the elements of a part: what came, what went, what changed."""
    changes = part.elements
    for sign, elements in (("+", changes.added), ("-", changes.removed)):
        yield from _came_or_went(diff, part, kind, "+" if sign == "+" else "-", elements)
    told: dict[str, int] = {}
    for path, change in changes.changed.items():
        if _grouped(change):
            continue
        slot = place(path)[0]
        told[slot] = told.get(slot, 0) + 1
        if told[slot] <= _MOST_CHANGED:
            parts = _changed(part, kind, path, change)
            if parts:
                yield Line("~", _section(kind, path), parts)
    for slot, n in told.items():
        if n > _MOST_CHANGED:
            more = element_noun(kind, f"{slot}/").of(n - _MOST_CHANGED)
            text = f"… and {n - _MOST_CHANGED:,} more {more} changed"
            yield Line("~", _section(kind, f"{slot}/"), (text,))
    yield from _only_axes(kind, changes.changed)


def _grouped(change: ElementChange) -> bool:
    """Say whether there is nothing to tell but that the axes changed, values equal or unknown."""
    found = change.compared
    return replace(change, compared=None).only_axes and (found is None or not found.n_differ)


def _section(kind: str, path: str) -> str:
    slot, key = place(path)
    if key is None or slot in ("layers", "raw/var", "raw/varm"):
        return "Matrices"
    many = element_noun(kind, path).many
    # Names of the field's own, such as obs and INFO, stay as they are written.
    return many.capitalize() if many.split()[0] in _PLAIN_WORDS else many


def _came_or_went(
    diff: Diff, part: Part, kind: str, sign: Literal["+", "-"], elements: Mapping[str, Element]
) -> Iterator[Line]:
    word = "added" if sign == "+" else "removed"
    left = dict(elements)
    if "raw/var_names" in left:  # raw as a whole came or went
        left = {path: e for path, e in left.items() if not path.startswith("raw/")}
        shape = elements["raw/var_names"].shape or (0,)
        genes = Noun("gene", "genes").count(shape[0])
        yield Line(sign, "Matrices", (f"raw {word} ({genes})",))
    groups: dict[str, list[str]] = {}
    for path in left:
        if not path.endswith("_names") or place(path)[1] is not None:
            groups.setdefault(element_noun(kind, path).one, []).append(path)
    for paths in groups.values():
        section = _section(kind, paths[0])
        noun = element_noun(kind, paths[0])
        if len(paths) > _ONE_BY_ONE:
            names = listed((Code(place(path)[1] or path) for path in paths), 5)
            yield Line(sign, section, (f"{sign}{noun.count(len(paths))}: ", *names))
            continue
        for path in paths:
            what = kind_of_values(path, left[path])
            like = _as_before(diff, part, path, left[path]) if sign == "+" else ()
            about = (*((f" ({what})",) if what else ()), *like)
            if many_of(path):
                yield Line(sign, section, (f"{sign}1 ", *named(kind, path), *about))
            else:
                yield Line(sign, section, (*named(kind, path), f" {word}", *about))


def _as_before(diff: Diff, part: Part, path: str, element: Element) -> tuple[str, ...]:
    """Say that an element that came is one that went or changed, such as X kept as a layer."""
    if element.hash is None or element.kind in ("scalar", "null", "mapping"):
        return ()
    gone: dict[str, Element] = dict(part.elements.removed)
    gone.update((p, change.was) for p, change in part.elements.changed.items())
    same = [p for p, e in gone.items() if e.hash == element.hash]
    if len(same) != 1 or same[0].endswith("_names"):
        return ()
    slot, key = place(same[0])
    was: tuple[str, ...] = (slot,)
    if key is not None:
        was = (Code(key),) if slot == place(path)[0] else (f"{slot} ", Code(key))
    return (", equal to ", *was, f" in {diff.old.version.name}")


def _changed(part: Part, kind: str, path: str, change: ElementChange) -> tuple[str, ...]:
    name, was, now = named(kind, path), change.was, change.now
    facts: list[tuple[str, ...]] = []
    if change.type_changed or change.shape_changed:
        facts.append(_type(path, was, now))
    if change.categories:
        facts.append(_categories(change.categories))
    elif place(path)[0] in ("obs", "var", "raw/var", "columns"):
        facts += _statistics(was, now)
    if was.n_null != now.n_null and was.n_null is not None and now.n_null is not None:
        facts.append((f"missing values {was.n_null:,} -> {now.n_null:,}",))
    if change.compared is not None:
        facts.append((_compared(change),))
    if was.kind == now.kind == "scalar" and was.preview != now.preview:
        facts = [(f"{kind_of_values(path, was)} -> {kind_of_values(path, now)}",)]
    if not facts:
        look, now_looks = part.facts.get("x_looks_like", (None, None))
        if path == "X" and look != now_looks:
            return ()  # told as a judgement
        return (*name, " changed", *_still(part, path, change))
    dtype_only = len(facts) == 1 and facts[0][0].startswith("dtype ")
    parts: list[str] = [*name, " " if dtype_only else ": "]
    for n, fact in enumerate(facts):
        parts += ("; ", *fact) if n else fact
    return tuple(parts)


def _still(part: Part, path: str, change: ElementChange) -> tuple[str, ...]:
    """Say what did not change, where a reader would ask."""
    look, now = part.facts.get("x_looks_like", (None, None))
    if path == "X" and look is not None and look == now:
        return (f" (still {look}, judged from the values)",)
    if change.was.categories and change.was.categories == change.now.categories:
        return (" (as many in each category: others, or the categories in another order)",)
    return ()


def _type(path: str, was: Element, now: Element) -> tuple[str, ...]:
    a, b = kind_of_values(path, was), kind_of_values(path, now)
    if was.kind == now.kind and was.dtype != now.dtype and was.kind != "categorical":
        same_shape = (was.shape or ())[1:] == (now.shape or ())[1:]
        if same_shape:
            return (f"dtype {was.dtype} -> {now.dtype}",)
    if a != b:
        return (f"{a} -> {b}",)
    if was.shape and now.shape:
        return (f"{_size(was.shape)} -> {_size(now.shape)} entries",)
    return ("type changed",)


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(f"{n:,}" for n in shape)


def _categories(changes: tuple[CategoryChange, ...]) -> tuple[str, ...]:
    told = [
        (Code(label), f" {_count(before)} -> {_count(after)}") for label, before, after in changes
    ]
    came = any(before is None for _, before, _ in changes)
    went = any(after is None for _, _, after in changes)
    recounted = any(None not in (before, after) for _, before, after in changes)
    verbs = ["renamed"] if came and went else ["new"] if came else ["gone"] if went else []
    if recounted or len(verbs) == 0 or verbs == ["renamed"]:
        verbs.append("recounted")
    noun = Noun("category", "categories").count(len(changes))
    return (f"{noun} {' or '.join(verbs)}: ", *listed(told, _MOST_CATEGORIES))


def _count(n: int | None) -> str:
    return "none" if n is None else f"{n:,}"


def _statistics(was: Element, now: Element) -> Iterator[tuple[str, ...]]:
    a, b = was.n_categories, now.n_categories
    if a is not None and b is not None and a != b:
        yield (f"{a:,} -> {b:,} different values",)
    for word in ("min", "mean", "max"):
        before, after = getattr(was, word), getattr(now, word)
        if before is not None and after is not None and amount(before) != amount(after):
            yield (f"{word} {amount(before)} -> {amount(after)}",)


def _compared(change: ElementChange) -> str:
    found = change.compared
    assert found is not None
    shared = "shared " if change.relation != "same" else ""
    entries = Noun("value", "values")
    if not found.n_differ:
        return f"the {found.n:,} {shared}{entries.of(found.n)} are equal"
    differ = "differs" if found.n_differ == 1 else "differ"
    text = f"{found.n_differ:,} of {found.n:,} {shared}{entries.of(found.n)} {differ}"
    return text if found.largest is None else f"{text}, by at most {found.largest:.3g}"


def _only_axes(kind: str, changed: Mapping[str, ElementChange]) -> Iterator[Line]:
    """Tell in one line of all elements of which only the axes are known to differ."""
    groups: dict[str, dict[str, list[str]]] = {}
    for path, change in changed.items():
        if _grouped(change):
            how = f"{_RELATIONS[change.relation]}, values not compared"
            if change.compared is not None:
                how = f"{_RELATIONS[change.relation]}, the shared values are equal"
            by_noun = groups.setdefault(how, {})
            by_noun.setdefault(element_noun(kind, path).one, []).append(path)
    for how, by_noun in groups.items():
        told: list[tuple[str, ...]] = []
        for paths in by_noun.values():
            noun = element_noun(kind, paths[0])
            if len(paths) <= 2:
                told += [named(kind, path) for path in paths]
            else:
                told.append((noun.count(len(paths)),))
        yield Line("~", "On other names", (*listed(told, 8), f": {how}"))
