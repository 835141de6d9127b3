"""Sentences about a change, and how names, numbers and lists are written in them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Code", "Line", "Noun", "amount", "listed", "printable", "value_in_words"]

_LONGEST_NAME = 80
_LONGEST_VALUE = 60
_MOST_LISTED = 5

Sign = Literal["+", "-", "~"]


class Code(str):
    """A name out of the data: written between backticks in text, as code in HTML."""

    __slots__ = ()

    @property
    def shown(self) -> str:
        """The name on one line, without anything that a terminal or a browser would obey."""
        return printable(self, _LONGEST_NAME)


@dataclass(frozen=True)
class Line:
    """One fact: whether something came (``+``), went (``-``) or is otherwise (``~``)."""

    sign: Sign
    section: str
    parts: tuple[str, ...]

    def __post_init__(self) -> None:
        # What stands between names may come from a file too: a dtype, a preview, a problem.
        safe = tuple(p if isinstance(p, Code) else printable(p) for p in self.parts)
        object.__setattr__(self, "parts", safe)
        object.__setattr__(self, "section", printable(self.section))

    @property
    def text(self) -> str:
        """The fact as plain text, on one line."""
        return "".join(f"`{p.shown}`" if isinstance(p, Code) else p for p in self.parts)


@dataclass(frozen=True)
class Noun:
    """What one and several of something are called."""

    one: str
    many: str

    def of(self, n: int) -> str:
        """Give the form for ``n`` of them, without the number."""
        return self.one if n == 1 else self.many

    def count(self, n: int) -> str:
        """Give ``1 cell``, ``8,169 cells``."""
        return f"{n:,} {self.of(n)}"


def printable(text: str, limit: int | None = None) -> str:
    """Escape control characters, line breaks, text direction marks and lone surrogates."""
    if not text.isprintable():
        text = "".join(
            c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text
        )
    return text if limit is None or len(text) <= limit else text[: limit - 1] + "…"


def value_in_words(value: Any, limit: int = _LONGEST_VALUE) -> str:
    """Write a JSON value: text in quotes, numbers with thousands separators."""
    match value:
        case bool() | None:
            return {True: "true", False: "false", None: "null"}[value]
        case int():
            return f"{value:,}"
        case float():
            return amount(value)
        case str():
            return f"'{printable(value, limit)}'"
    return printable(repr(value), limit)


def amount(value: float) -> str:
    """Write a number to four digits, whole ones in full.

    Examples
    --------
    >>> amount(12345.0), amount(0.123456)
    ('12,345', '0.1235')
    """
    if math.isfinite(value) and value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:.4g}"


def listed(
    entries: Iterable[str | Sequence[str]], most: int = _MOST_LISTED, between: str = ", "
) -> tuple[str, ...]:
    """Join entries by ``between``; what is beyond ``most`` becomes “… and 7 more”."""
    every = [(entry,) if isinstance(entry, str) else tuple(entry) for entry in entries]
    # One left-out entry takes no more room than the words that would stand for it.
    most = most if len(every) > most + 1 else len(every)
    parts: list[str] = []
    for n, entry in enumerate(every[:most]):
        parts += (between, *entry) if n else entry
    if len(every) > most:
        parts.append(f"{between}… and {len(every) - most:,} more")
    return tuple(parts)
