"""A dataset, a version of it, and what is in its data."""

from __future__ import annotations

import json
from collections.abc import Iterator

from omicshelf.catalog.dataset import Dataset, SupplementaryFile, VersionBase
from omicshelf.catalog.diff.lines import Noun
from omicshelf.catalog.diff.vocabulary import axis_noun
from omicshelf.catalog.words import size_in_words, utc_time
from omicshelf.notebook.reprs.card import (
    Cell,
    badge,
    bold,
    card,
    facts,
    histogram,
    note,
    share_bar,
    table,
    text,
)
from omicshelf.records import Element, Summary

__all__ = ["dataset", "file", "moment", "shape", "summary"]

_MOST_COLUMNS = 6
_MOST_KEYS = 8
_MOST_NAMED = 6


def dataset(found: VersionBase) -> str:
    """Show a dataset or a version: what it is, and what is in it."""
    told = found.peek()
    beside = [badge(_version(found)), *(badge(label) for label in found.labels[:5])]
    line = [text(found.data_type, 60), text(found.data_format or "", 30)]
    line += [shape(told), size_in_words(found.size)]
    beside.append(f"<span>{' · '.join(part for part in line if part)}</span>")
    if found.deleted:
        beside.append(badge("deleted"))
    return card(text(found.dataset_id), beside, _halves(facts(_facts(found)), _contents(told)))


def _halves(left: str, right: str) -> str:
    if not right:
        return left
    style = "display:flex;flex-wrap:wrap"
    rule = "border-left:1px solid var(--jp-border-color2, #8884)"
    return (
        f'<div style="{style}"><div style="flex:1 1 260px;min-width:0">{left}</div>'
        f'<div style="flex:3 1 480px;min-width:0;{rule}">{right}</div></div>'
    )


def _version(found: VersionBase) -> str:
    return f"{found.version} latest" if isinstance(found, Dataset) else found.version


def _facts(found: VersionBase) -> Iterator[tuple[str, str]]:
    written = getattr(found, "last_modified_at", found.created_at)
    known: list[tuple[str, object]] = [
        ("Atlas", found.omixatlas_id),
        ("Study", getattr(found, "study_id", None)),
        ("Changed", moment(int(written))),
        ("By", found.author),
        ("Message", found.message),
    ]
    yield from ((name, text(value)) for name, value in known if value)
    metadata = found.metadata()
    for key, value in list(metadata.items())[:_MOST_KEYS]:
        yield key, text(value if isinstance(value, str) else _json(value))
    if len(metadata) > _MOST_KEYS:
        yield "…", f"{len(metadata) - _MOST_KEYS} more keys"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def summary(told: Summary) -> str:
    """Show what is in the data."""
    beside = [f"<span>{shape(told)}</span>"] if shape(told) else []
    return card(text(told.format or told.kind), beside, _contents(told))


def shape(told: Summary) -> str:
    """Give ``700 cells × 765 genes`` with the numbers in bold; nothing where there is no shape."""
    if told.n_obs is not None:
        numbers = (("obs", told.n_obs), ("var", told.n_vars))
        named = [(axis_noun(told.kind, axis), n) for axis, n in numbers]
    else:
        columns = Noun("column", "columns")
        named = [(axis_noun(told.kind, "rows"), told.n_rows), (columns, told.n_columns)]
    return " × ".join(f"{bold(f'{n:,}')} {noun.of(n)}" for noun, n in named if n is not None)


def moment(milliseconds: int) -> str:
    """Give ``2026-11-21 12:04 UTC``."""
    return f"{utc_time(milliseconds)[:16]} UTC"


def _contents(told: Summary) -> str:
    slot, columns = _columns(told)
    parts = []
    if columns:
        shown = columns[:_MOST_COLUMNS]
        head = (Cell(slot), Cell("Type"), Cell("Distribution"), Cell("Values"))
        parts.append(table(head, (_column(name, element) for name, element in shown)))
    if words := _rest(told, slot, len(columns) - min(len(columns), _MOST_COLUMNS)):
        parts.append(note(" · ".join(words)))
    parts += [
        note(f"{bold('Problem:')} {text(problem)}") for problem in told.problems[:_MOST_NAMED]
    ]
    return "".join(parts)


def _columns(told: Summary) -> tuple[str, list[tuple[str, Element]]]:
    """Give the columns that say most: of obs, or of a table."""
    for slot in ("obs", "columns"):
        found = [
            (path.partition("/")[2], element)
            for path, element in told.elements.items()
            if path.startswith(f"{slot}/")
        ]
        if found:
            # Categories are what people look for; else in the order of the file.
            found.sort(key=lambda one: one[1].n_categories is None)
            return slot, found
    return "", []


def _column(name: str, element: Element) -> tuple[str, str, str, str]:
    if element.categories is not None:
        return (
            text(name, 60),
            "category" if element.kind == "categorical" else text(element.dtype or "", 30),
            share_bar(*_shares(element)),
            _categories(element),
        )
    drawn = histogram(element.histogram or [])
    return text(name, 60), text(element.dtype or element.kind, 30), drawn, _range(element)


def _shares(element: Element) -> tuple[list[float], list[str]]:
    """Give the shares of the most frequent categories, and their colours as the file has them."""
    categories, colors = element.categories or {}, element.colors or {}
    whole = sum(categories.values())
    drawn = list(categories)[:30] if whole else []
    return [categories[name] / whole for name in drawn], [colors.get(name, "") for name in drawn]


def _categories(element: Element) -> str:
    names = list(element.categories or {})
    n = element.n_categories or len(names)
    if n <= 3 and names:
        return ", ".join(text(name, 40) for name in names)
    return f"{n:,} categories"


def _range(element: Element) -> str:
    if element.min is None or element.max is None:
        return text(element.preview or "", 60)
    return f"{number(element.min)} to {number(element.max)}"


def number(value: float) -> str:
    """Write a measured value: whole numbers with separators, others to four digits."""
    if value == int(value) and abs(value) < 1e15:
        words = f"{int(value):,}"
    else:
        words = f"{value:.4g}"
    return words.replace("-", "−")


def _rest(told: Summary, slot: str, more: int) -> list[str]:
    words = []
    if more:
        words.append(f"{more:,} more {slot} columns")
    groups: dict[str, list[str]] = {}
    for path, element in told.elements.items():
        group, slash, name = path.partition("/")
        if slash and group in ("var", "layers", "obsm"):
            wide = element.shape if group == "obsm" else None
            width = f" ({wide[1]})" if wide is not None and len(wide) > 1 else ""
            groups.setdefault(group, []).append(text(name, 40) + width)
    for group, names in groups.items():
        rest = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        words.append(f"{group} {', '.join(names[:_MOST_NAMED])}{rest}")
    if told.x_looks_like:
        words.append(f"X looks like {text(told.x_looks_like, 60)}")
    if told.counts_in:
        words.append(f"counts in {text(told.counts_in, 60)}")
    return words


def file(found: SupplementaryFile) -> str:
    """Show an attached file."""
    known: list[tuple[str, object]] = [
        ("Dataset", f"{found.omixatlas_id}/{found.dataset_id}"),
        ("Attached", moment(found.created_at)),
        ("By", found.author),
        ("Made from", found.derived_from),
        ("State", None if found.state == "current" else found.state),
    ]
    beside = [badge(found.tag)] if found.tag else []
    beside.append(f"<span>{text(found.file_format, 30)} · {size_in_words(found.size)}</span>")
    rows = [(name, text(value)) for name, value in known if value]
    return card(text(found.file_name), beside, facts(rows))
