"""How a function becomes a command: its help out of its docstring, and an example."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from typing import Any

import typer

__all__ = ["add_commands", "counted"]


def add_commands(
    app: typer.Typer, panel: str, commands: Sequence[tuple[str, Callable[..., Any], str]]
) -> None:
    """Add functions as commands.

    Parameters
    ----------
    app
        The application.
    panel
        The heading that ``--help`` lists them under.
    commands
        Name, function and an example of its use.
    """
    for name, function, example in commands:
        paragraphs = re.split(r"\n\s*\n", inspect.getdoc(function) or "")
        app.command(
            name,
            # Paragraphs of one line each: a terminal breaks them where it must.
            help="\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs),
            epilog=f"Example: {example}",
            rich_help_panel=panel,
        )(function)


def counted(number: int, thing: str) -> str:
    """Give ``1 version``, ``12 versions``."""
    return f"{number:,} {thing}" + ("" if number == 1 else "s")
