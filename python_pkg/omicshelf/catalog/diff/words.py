"""What changed, one sentence for each fact, as a biologist says it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from omicshelf.catalog.diff.axes import AxisChange
from omicshelf.catalog.diff.elementwords import element_lines
from omicshelf.catalog.diff.lines import Code, Line, Noun, listed, printable, value_in_words
from omicshelf.catalog.diff.metadata import MISSING, leaf_changes
from omicshelf.catalog.diff.result import Part
from omicshelf.catalog.diff.vocabulary import axis_noun
from omicshelf.catalog.words import size_in_words

if TYPE_CHECKING:
    from omicshelf.catalog.diff.result import Diff

__all__ = ["heading", "lines"]

_MOST_METADATA = 8
_MOST_PROBLEMS = 3
_JUDGED = " (judged from the values)"


def heading(diff: Diff) -> str:
    """Give ``GSE1: v2 -> v5``."""
    a, b = diff.old.version, diff.new.version
    first, second = printable(a.dataset_id), printable(b.dataset_id)
    if (a.atlas, first) == (b.atlas, second):
        return f"{first}: {a.name} -> {b.name}"
    if a.atlas != b.atlas:
        first, second = (f"{printable(v.atlas)}/{printable(v.dataset_id)}" for v in (a, b))
    return f"{first} {a.name} -> {second} {b.name}"


def lines(diff: Diff) -> list[Line]:
    """Give all facts, the data first."""
    data, about = list(_data(diff)), [*_kind(diff), *_metadata(diff)]
    if not diff:
        return [_plain("nothing changed")]
    if not diff.data_changed:
        only = "only the metadata changed; the data are the same"
        about.append(_plain(only if not list(_kind(diff)) else "the data are the same"))
    return [*data, *about]


def _plain(text: str, section: str = "Version") -> Line:
    return Line("~", section, (text,))


def _data(diff: Diff) -> Iterator[Line]:
    if not diff.data_changed:
        return
    old, new = diff.old, diff.new
    if old.family != new.family:
        yield _plain(
            f"the data were {_kind_word(old.summary.kind)} and are now "
            f"{_kind_word(new.summary.kind)}: their contents are not compared",
            "Data",
        )
        yield _bytes(diff)
        return
    found = [line for part in diff.content.parts for line in _part(diff, part)]
    for sign, names in (
        ("+", diff.content.modalities_added),
        ("-", diff.content.modalities_removed),
    ):
        found += [_modality(diff, sign, name) for name in names]
    for name, change in diff.content.ids.items():
        for sign, ids in (("+", change.added), ("-", change.removed)):
            if ids:
                noun = Noun(name.removesuffix("s"), name)
                names = listed(Code(i) for i in ids)
                text = f"{sign}{noun.count(len(ids))} "
                found.append(Line("+" if sign == "+" else "-", "Header", (text, *names)))
    found += [_plain(note, "Data") for note in diff.content.notes]
    yield from found
    if not found and new.family != "file":
        yield _plain(
            "the data changed in something that their summaries do not hold"
            if new.family == "annotated"
            else f"the {'values' if new.family == 'table' else 'records'} changed; "
            "what the summaries tell of them is the same",
            "Data",
        )
    if new.family == "file":
        yield from _file(diff)
    yield from _problems(diff)


def _kind_word(kind: str) -> str:
    words = {
        "anndata": "an AnnData",
        "mudata": "a MuData",
        "matrix": "a GCT matrix",
        "variants": "variants",
        "table": "a table",
        "file": "a file of bytes",
    }
    return words.get(kind, printable(kind))


def _bytes(diff: Diff) -> Line:
    a, b = diff.old.version, diff.new.version
    sizes = f"{size_in_words(a.size)} -> {size_in_words(b.size)}"
    if sizes.split(" -> ")[0] == sizes.split(" -> ")[1]:
        same = f"{a.size:,} bytes as before"
        sizes = same if a.size == b.size else f"{a.size:,} -> {b.size:,} bytes"
    hashes = f", blake3 {a.blake3[:8]}… -> {b.blake3[:8]}…" if a.blake3 and b.blake3 else ""
    return _plain(f"the bytes changed: {sizes}{hashes}", "Data")


def _file(diff: Diff) -> Iterator[Line]:
    yield _bytes(diff)
    a, b = diff.old.summary.details, diff.new.summary.details
    for key in dict.fromkeys((*a, *b)):
        was, now = a.get(key), b.get(key)
        if was != now and not isinstance(was, (dict, list)) and not isinstance(now, (dict, list)):
            values = f" {value_in_words(was)} -> {value_in_words(now)}"
            yield Line("~", "Data", (Code(key), values))


def _problems(diff: Diff) -> Iterator[Line]:
    problems = diff.problems()
    for sign, key, word in (("+", "added", "new problem"), ("-", "removed", "no longer a problem")):
        for problem in problems[key][:_MOST_PROBLEMS]:
            text = f"{word}: {printable(problem, 200)}"
            yield Line("+" if sign == "+" else "-", "Problems", (text,))
        more = len(problems[key]) - _MOST_PROBLEMS
        if more > 0:
            yield Line("~", "Problems", (f"… and {more:,} more ({word})",))


def _part(diff: Diff, part: Part) -> Iterator[Line]:
    kind = diff.new.summary.kind
    prefix: tuple[str, ...] = ("mod ", Code(part.name), ": ") if part.prefix else ()
    section = f"Modality {printable(part.name, 40)}" if part.prefix else ""
    for line in _part_lines(diff, part, kind):
        yield Line(line.sign, section or line.section, (*prefix, *line.parts))


def _part_lines(diff: Diff, part: Part, kind: str) -> Iterator[Line]:
    # The axis of genes of raw is told with raw, where both sides have one.
    for axis, change in part.axes.items():
        if axis != "raw/var" or (change.was is not None and change.now is not None):
            noun = axis_noun("anndata" if part.prefix and axis == "obs" else kind, axis)
            yield from _axis(noun, change)
    yield from _judgements(diff, part, kind)
    yield from element_lines(diff, part, kind)


def _axis(noun: Noun, change: AxisChange) -> Iterator[Line]:
    section = noun.many.capitalize()
    was, now = change.was, change.now
    if was is None or now is None:
        if was is not None or now is not None:
            a, b = ("not known" if n is None else f"{n:,}" for n in (was, now))
            yield _plain(f"{noun.many}: {a} -> {b}", section)
        return
    sizes = f" ({was:,} -> {now:,})"
    if change.added is None or change.removed is None:
        if was == now:
            yield _plain(
                f"{noun.many}: {now:,} as before, with other names or in another order", section
            )
        else:
            step = f"{now - was:+,} {noun.of(abs(now - was))}"
            yield Line("+" if now > was else "-", section, (step + sizes,))
    elif not change.kept and was and now:
        yield _plain(
            f"none of the {noun.count(was)} has its name any more: {now:,} other names", section
        )
    else:
        added = f"+{noun.count(change.added)}"
        removed = f"-{noun.count(change.removed)}"
        if change.added:
            yield Line("+", section, (added + ("" if change.removed else sizes),))
        if change.removed:
            yield Line("-", section, (removed + sizes,))
        if change.reordered:
            shared = "as before" if change.relation == "reordered" else "shared"
            kept = change.kept or 0
            yield _plain(f"{noun.many} reordered ({kept:,} {shared})", section)


def _judgements(diff: Diff, part: Part, kind: str) -> Iterator[Line]:
    if kind == "mudata" and not part.prefix:
        return  # told of each modality
    was, now = part.facts.get("x_looks_like", (None, None))
    if was != now:
        a, b = ("not recognised" if look is None else str(look) for look in (was, now))
        yield _plain(f"X: {a} -> {b}{_JUDGED}", "Values")
    was, now = part.facts.get("counts_in", (None, None))
    if was is not None and now is None:
        yield Line(
            "-",
            "Values",
            (f"raw counts are gone: they were in {was} ({diff.old.version.name} has them)",),
        )
    elif was is None and now is not None:
        yield Line("+", "Values", (f"raw counts are in {now}; there were none before",))
    elif was != now:
        yield _plain(f"raw counts: {was} -> {now}", "Values")
    was, now = part.facts.get("var_names_kind", (None, None))
    if was != now:
        a, b = ("not recognised" if name is None else _NAMES.get(name, name) for name in (was, now))
        yield _plain(f"{axis_noun(kind, 'var').one} names: {a} -> {b}", "Values")


_NAMES = {
    "symbol": "symbols",
    "ensembl": "Ensembl ids",
    "ensembl_versioned": "Ensembl ids with versions",
    "entrez": "Entrez ids",
}


def _modality(diff: Diff, sign: str, name: str) -> Line:
    side = diff.new if sign == "+" else diff.old
    lengths = []
    for axis, noun in (("obs", Noun("cell", "cells")), ("var", Noun("feature", "features"))):
        names = side.element(f"mod/{name}/{axis}_names")
        if names is not None and names.shape:
            lengths.append(noun.count(names.shape[0]))
    word = "added" if sign == "+" else "removed"
    size = f" ({' x '.join(lengths)})" if lengths else ""
    parts = ("modality ", Code(name), f" {word}{size}")
    return Line("+" if sign == "+" else "-", "Modalities", parts)


def _kind(diff: Diff) -> Iterator[Line]:
    a, b = diff.old.version, diff.new.version
    for word, was, now in (
        ("data type", a.data_type, b.data_type),
        ("format", a.data_format or "none", b.data_format or "none"),
    ):
        if was != now:
            yield _plain(f"{word} {printable(was, 80)} -> {printable(now, 80)}")


def _metadata(diff: Diff) -> Iterator[Line]:
    change = diff.metadata
    facts: list[tuple[str, ...]] = []
    for key, (a, b) in change.changed.items():
        for path, was, now in leaf_changes(a, b, key):
            facts.append((Code(path), f" {_changed_value(was, now)}"))
    told: list[str] = list(listed(facts, _MOST_METADATA, "; "))
    for sign, keys in (("+", change.added), ("-", change.removed)):
        if keys:
            names = listed(Code(key) for key in keys)
            noun = Noun("key", "keys").count(len(keys))
            told += [*(("; ",) if told else ()), f"{sign}{noun} (", *names, ")"]
    if told:
        yield Line("~", "Metadata", ("metadata: ", *told))


def _changed_value(was: object, now: object) -> str:
    if was is MISSING:
        return f"set to {value_in_words(now)}"
    if now is MISSING:
        return f"removed (was {value_in_words(was)})"
    a, b = value_in_words(was), value_in_words(now)
    if a == b:  # what differs is beyond the cut, or is the type
        a, b = value_in_words(was, 400), value_in_words(now, 400)
    if a == b:
        return "changed" if type(was) is type(now) else f"{was!r} -> {now!r}"
    return f"{a} -> {b}"
