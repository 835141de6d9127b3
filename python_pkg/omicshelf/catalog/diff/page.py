"""A comparison as HTML, for notebooks: a table that takes its colours from the page."""

from __future__ import annotations

from html import escape
from itertools import groupby
from typing import TYPE_CHECKING

from omicshelf.catalog.diff.lines import Code, Line
from omicshelf.catalog.diff.words import heading, lines

if TYPE_CHECKING:
    from omicshelf.catalog.diff.result import Diff

__all__ = ["page"]

_BORDER = "1px solid var(--jp-border-color2, #8884)"
_CELL = "text-align:left;vertical-align:top;padding:3px 12px;border-right:0;border-top:0"
_TABLE = (
    f"color:inherit;background:transparent;border:{_BORDER};border-collapse:collapse;"
    "table-layout:auto;margin:0;font-size:13px;line-height:18px;overflow-wrap:anywhere;"
    "font-family:var(--jp-ui-font-family, inherit)"
)
_CAPTION = (
    f"caption-side:top;text-align:left;color:inherit;font-size:16px;padding:8px 12px;"
    f"border:{_BORDER};border-bottom:0"
)
_ROW = f"background:transparent;border-bottom:{_BORDER}"
_SIGNS = {
    "+": ("+ added", "var(--jp-success-color1, #388e3c)"),
    "-": ("− removed", "var(--jp-error-color1, #d32f2f)"),
    "~": ("~ changed", "transparent"),
}


def page(diff: Diff) -> str:
    """Give a table of all facts, in sections; everything out of the data is escaped."""
    told = lines(diff)
    sections = dict.fromkeys(line.section for line in told)
    in_order = sorted(told, key=lambda line: list(sections).index(line.section))
    bodies = [
        _section(name, list(group), diff)
        for name, group in groupby(in_order, key=lambda line: line.section)
    ]
    return (
        f'<table style="{_TABLE}"><caption style="{_CAPTION}">'
        f"{escape(heading(diff))}</caption>"
        f'<thead><tr style="{_ROW}"><th scope="col" style="{_CELL}">Part</th>'
        f'<th scope="col" style="{_CELL}">Change</th>'
        f'<th scope="col" style="{_CELL}">What</th></tr></thead>{"".join(bodies)}</table>'
    )


def _section(name: str, told: list[Line], diff: Diff) -> str:
    header = f'<th scope="rowgroup" rowspan="{len(told)}" style="{_CELL}">{escape(name)}</th>'
    rows = [
        f"<tr style='{_ROW}'>{header if n == 0 else ''}{_sign(line, diff)}"
        f'<td style="{_CELL}">{"".join(map(_html, line.parts))}</td></tr>'
        for n, line in enumerate(told)
    ]
    return f'<tbody style="border-top:{_BORDER}">{"".join(rows)}</tbody>'


def _sign(line: Line, diff: Diff) -> str:
    # The colour is no text colour: green and red text is too faint on one theme or the other.
    word, colour = _SIGNS[line.sign] if diff else ("same", "transparent")
    style = f"{_CELL};white-space:nowrap;border-left:3px solid {colour}"
    return f'<td style="{style}">{word}</td>'


def _html(part: str) -> str:
    if isinstance(part, Code):
        return f'<code style="color:inherit;background:transparent">{escape(part.shown)}</code>'
    return escape(part)
