"""What commands write: results to stdout; messages, warnings and errors to stderr."""

from __future__ import annotations

import json as jsonlib
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import typer

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Column", "Output", "visible"]


_GAP = 2
_NARROWEST = 8


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    name
        Its heading.
    cut
        Whether a long value is cut off with "…" where a terminal is narrow. The others keep
        their width as long as they can, and go on in the next line then.
    right
        Whether it is aligned to the right, as numbers are.
    """

    name: str
    cut: bool = False
    right: bool = False


class Output:
    """Where a command writes to.

    In a terminal, results are tables; into a pipe or a file they are lines of values that are
    separated by tabs, nothing is cut off. With ``json`` the result is one JSON document on
    stdout, and every line of stderr is one JSON object.

    Parameters
    ----------
    json
        Give results, warnings and errors as JSON.
    quiet
        Leave out messages and progress.
    """

    def __init__(self, *, json: bool = False, quiet: bool = False) -> None:
        self.json = json
        self.quiet = quiet

    # -- results

    def document(self, value: Mapping[str, Any]) -> None:
        """Write the result as a JSON document."""
        typer.echo(jsonlib.dumps(value, indent=2, ensure_ascii=False, allow_nan=False, default=str))

    def line(self, text: str) -> None:
        """Write one line of a result."""
        typer.echo(visible(text))

    def reference(self, text: str) -> None:
        """Give a pipe what was made, to go on with; a person has read it in the message."""
        if not self.in_terminal:
            self.line(text)

    def text(self, text: str) -> None:
        """Write a result of several lines."""
        for line in text.splitlines():
            self.line(line)

    def table(self, columns: Sequence[Column], rows: Iterable[Sequence[object]]) -> None:
        """Write rows under headings; into a pipe without headings, separated by tabs."""
        cells = [[_cell(value) for value in row] for row in rows]
        if not self.in_terminal:
            for row in cells:
                typer.echo("\t".join(row))
            return
        from rich.table import Table
        from rich.text import Text

        screen = console()
        table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, _GAP, 0, 0))
        for column, width in zip(columns, _widths(columns, cells, screen.width), strict=True):
            table.add_column(
                column.name,
                width=width,
                overflow="ellipsis" if column.cut else "fold",
                no_wrap=column.cut,
                justify="right" if column.right else "left",
            )
        for row in cells:
            table.add_row(*(Text(cell) for cell in row))
        screen.print(table)

    def facts(self, rows: Iterable[tuple[str, object]], title: str | None = None) -> None:
        """Write names and values, one below the other."""
        if not self.in_terminal:
            for name, value in rows:
                typer.echo(f"{_cell(name)}\t{_cell(value)}")
            return
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
        table.add_column(style="bold", overflow="fold")
        table.add_column(overflow="fold")
        for name, value in rows:
            table.add_row(Text(_cell(name)), Text(_cell(value)))
        if title is not None:
            console().print(Text(f"\n{title}", style="underline"))
        console().print(table)

    @property
    def in_terminal(self) -> bool:
        """Whether a person reads stdout."""
        return sys.stdout.isatty()

    # -- what goes to stderr

    def say(self, text: str) -> None:
        """Tell what was done."""
        if not self.quiet and not self.json:
            self._stderr(text)

    def warn(self, text: str) -> None:
        """Tell of something that the user should look at."""
        if self.json:
            self._stderr_json({"title": text, "detail": None, "kind": "Warning"})
        else:
            self._stderr(f"Warning: {' '.join(text.split())}", "yellow")

    def error(self, title: str, detail: str | None, kind: str) -> None:
        """Tell what is wrong, and what to do about it."""
        if self.json:
            self._stderr_json({"title": title, "detail": detail, "kind": kind})
            return
        self._stderr(title, "red")
        if detail:
            self._stderr(detail)

    def _stderr(self, text: str, style: str | None = None) -> None:
        from rich.text import Text

        lines = "\n".join(visible(line) for line in text.splitlines())
        console(stderr=True).print(Text(lines, style=style or ""), soft_wrap=True)

    def _stderr_json(self, value: Mapping[str, Any]) -> None:
        typer.echo(jsonlib.dumps(value, ensure_ascii=False), err=True)

    @contextmanager
    def working(self, what: str) -> Iterator[None]:
        """Show that something is under way, to a person at a terminal."""
        if self.quiet or self.json or not sys.stderr.isatty():
            yield
            return
        with console(stderr=True).status(f"{what} …"):
            yield

    def confirm(self, question: str) -> Literal["yes", "no", "nobody"]:
        """Ask; ``nobody`` where there is no terminal to ask at."""
        if self.json or not (sys.stdin.isatty() and sys.stderr.isatty()):
            return "nobody"
        return "yes" if typer.confirm(question, err=True) else "no"


def _widths(columns: Sequence[Column], cells: Sequence[Sequence[str]], room: int) -> list[int]:
    """Fit columns into a terminal: the widest gives first, those that may be cut before others."""
    from rich.cells import cell_len

    widths = [
        max(cell_len(text) for text in (column.name, *(row[n] for row in cells)))
        for n, column in enumerate(columns)
    ]
    room -= _GAP * (len(columns) - 1)
    for cut in (True, False):
        own = [n for n, column in enumerate(columns) if column.cut is cut]
        while own and sum(widths) > room:
            widest = max(own, key=lambda n: widths[n])
            if widths[widest] <= _NARROWEST:
                break
            widths[widest] -= 1
    return widths


def console(*, stderr: bool = False) -> Console:
    """Make a console on the stream as it is now; it leaves out colours as NO_COLOR says."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, markup=False, emoji=False)


def visible(text: str) -> str:
    r"""Write what cannot be printed as escapes: ``\n``, ``\x1b``.

    A name or message out of a catalog must neither break a line nor steer the terminal.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _cell(value: object) -> str:
    return "" if value is None else visible(str(value))
