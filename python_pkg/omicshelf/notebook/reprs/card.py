"""The parts that every HTML repr is made of.

No style sheet and no script: a notebook is shown by many programs, and most of them drop both.
Colours are JupyterLab's variables, with the page's own colours where there are none. Whatever
comes out of a catalog is escaped, isolated from the direction of the text around it, and cut.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from omicshelf.catalog.diff.lines import printable

__all__ = [
    "Cell",
    "badge",
    "bold",
    "card",
    "facts",
    "note",
    "share_bar",
    "table",
    "text",
]

_LINE = "1px solid var(--jp-border-color2, #8884)"
_FAINT = "1px solid var(--jp-border-color3, #8882)"
_DIM = "color:var(--jp-ui-font-color2, inherit)"
_CUT = "overflow:hidden;text-overflow:ellipsis;white-space:nowrap"
_PLAIN_ROW = "background:transparent"
_COLOR = re.compile(r"#[0-9a-fA-F]{6}(?:[0-9a-fA-F]{2})?")
_LONGEST = 200
_WHOLE = 1_000  # characters of what a tooltip tells


def text(value: object, limit: int = _LONGEST) -> str:
    """Give a value out of a catalog as HTML; what was cut is in its tooltip."""
    whole = printable(str(value))
    shown = printable(str(value), limit)
    title = f' title="{escape(whole[:_WHOLE])}"' if shown != whole else ""
    return f'<span dir="auto" style="unicode-bidi:isolate"{title}>{escape(shown)}</span>'


def bold(words: str) -> str:
    """Give our own words in bold."""
    return f'<b style="font-weight:600">{escape(words)}</b>'


def badge(words: str) -> str:
    """Give a value in a frame: a version, a label."""
    frame = "1px solid var(--jp-border-color1, #8888)"
    style = (
        f"border:{frame};border-radius:2px;padding:0 6px;font-size:12px;line-height:18px;"
        "white-space:nowrap"
    )
    return f'<span style="{style}">{text(words, 40)}</span>'


def note(words: str) -> str:
    """Give a sentence of ours, in the colour of what is secondary."""
    return f'<div style="padding:4px 12px 6px;{_DIM}">{words}</div>'


def card(title: str, beside: Sequence[str], *parts: str) -> str:
    """Frame parts under a title.

    Parameters
    ----------
    title, beside, parts
        HTML.
    """
    frame = (
        f"border:{_LINE};border-radius:2px;max-width:1080px;font-size:13px;line-height:18px;"
        "color:var(--jp-ui-font-color1, inherit);background:var(--jp-layout-color1, transparent);"
        "font-family:var(--jp-ui-font-family, inherit);overflow:hidden"
    )
    head = "display:flex;flex-wrap:wrap;align-items:center;gap:4px 8px;padding:8px 12px"
    name = f'<span style="font-size:16px;overflow-wrap:anywhere">{title}</span>'
    inside = "".join(f'<div style="border-top:{_LINE}">{part}</div>' for part in parts if part)
    return (
        f'<div class="omicshelf-repr" style="{frame}"><div style="{head}">'
        f"{name}{''.join(beside)}</div>{inside}</div>"
    )


def facts(rows: Iterable[tuple[str, str]]) -> str:
    """Give names and values (HTML), one below the other."""
    grid = (
        "display:grid;grid-template-columns:minmax(64px,max-content) minmax(0,1fr);gap:2px 12px;"
        "padding:8px 12px;margin:0;align-content:start"
    )
    told = "".join(
        f'<dt style="font-weight:400;{_DIM}">{text(name, 40)}</dt>'
        f'<dd style="margin:0;{_CUT}">{value}</dd>'
        for name, value in rows
    )
    return f'<dl style="{grid}">{told}</dl>'


@dataclass(frozen=True)
class Cell:
    """A column of a table: its heading, and whether its values are numbers."""

    name: str
    right: bool = False


def table(columns: Sequence[Cell], rows: Iterable[Sequence[str]]) -> str:
    """Give a table; the values are HTML."""

    def cell(tag: str, column: Cell, inside: str, line: str) -> str:
        side = "right" if column.right else "left"
        weight = "font-weight:500;" if tag == "th" else ""
        style = (
            f"text-align:{side};padding:3px 12px;border:0;border-bottom:{line};{weight}"
            f"max-width:360px;vertical-align:top;font-variant-numeric:tabular-nums;{_CUT}"
        )
        scope = ' scope="col"' if tag == "th" else ""
        return f'<{tag}{scope} style="{style}">{inside}</{tag}>'

    head = "".join(cell("th", column, escape(column.name), _LINE) for column in columns)
    body = "".join(
        f'<tr style="{_PLAIN_ROW}">'
        + "".join(
            cell("td", column, value, _FAINT) for column, value in zip(columns, row, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    whole = (
        "width:100%;margin:0;border:0;border-collapse:collapse;table-layout:auto;font-size:13px;"
        "color:inherit;"
        "background:transparent"
    )
    # A long table scrolls in its own place.
    return (
        f'<div style="overflow-x:auto"><table style="{whole}"><thead>'
        f'<tr style="{_PLAIN_ROW}">{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def share_bar(shares: Sequence[float], colors: Sequence[str] = ()) -> str:
    """Draw the shares of a whole, the largest first; unless all have a colour, in our own."""
    own = len(colors) == len(shares) and all(_COLOR.fullmatch(color) for color in colors)
    parts = []
    for n, share in enumerate(shares):
        faded = max(8, round(90 * 0.8**n))
        color = f"color-mix(in srgb, var(--jp-brand-color1, #1976d2) {faded}%, transparent)"
        parts.append(
            f'<span style="flex:0 0 {100 * share:.2f}%;background:{colors[n] if own else color};'
            'box-shadow:inset -1px 0 var(--jp-layout-color1, transparent)"></span>'
        )
    style = "display:flex;width:120px;height:10px;margin-top:4px;border-radius:2px;overflow:hidden"
    return f'<div style="{style}" aria-hidden="true">{"".join(parts)}</div>'


def histogram(counts: Sequence[int]) -> str:
    """Draw counts in bins, at most 24 of them."""
    step = -(-len(counts) // 24) or 1
    sums = [sum(counts[n : n + step]) for n in range(0, len(counts), step)]
    highest = max(sums, default=0)
    if not highest:
        return ""
    bars = "".join(
        f'<span style="flex:1;height:{max(100 * n / highest, 5 if n else 0):.0f}%;'
        'margin-right:1px;background:var(--jp-brand-color2, #64b5f6)"></span>'
        for n in sums
    )
    style = "display:flex;align-items:flex-end;width:120px;height:18px"
    return f'<div style="{style}" aria-hidden="true">{bars}</div>'
