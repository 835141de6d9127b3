"""Tables that would grow old if they were written by hand.

A page says ``<!-- generated: formats -->``; the comment is replaced when the page is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_PLACE = re.compile(r"^<!-- generated: ([a-z-]+) -->$", re.M)


def formats_loaded() -> str:
    """The formats that can be loaded, with what of them can be read alone."""
    rows = ["| format | what it is | file names | parts | written from memory |", "|-|-|-|-|-|"]
    for fmt in _formats():
        if fmt.loadable:
            parts = ", ".join(f"`{part}`" for part in sorted(fmt.parts))
            writes = "yes" if type(fmt).write is not _base().write else ""
            rows.append(f"| `{fmt.name}` | {fmt.title} | {_endings(fmt)} | {parts} | {writes} |")
    return "\n".join(rows)


def formats_kept() -> str:
    """The formats that are kept and given back."""
    rows = ["| format | what it is | file names |", "|-|-|-|"]
    for fmt in _formats():
        if not fmt.loadable:
            rows.append(f"| `{fmt.name}` | {fmt.title} | {_endings(fmt)} |")
    return "\n".join(rows)


def _formats() -> list[Any]:
    from omicshelf.formats.registry import all_formats

    return list(all_formats().values())


def _base() -> Any:
    from omicshelf.formats.base import Format

    return Format


def _endings(fmt: Any) -> str:
    return ", ".join(f"`.{suffix}`" for suffix in fmt.suffixes) or "a folder"


def command_line() -> str:
    """Every command with its arguments, options and examples, from the application itself."""
    return "\n".join(_command_lines())


def commands() -> dict[str, Any]:
    """Every command by its name, those of a group by both names: ``role list``."""
    found = {}
    for name, command in _application().commands.items():
        for inner, nested in getattr(command, "commands", {"": command}).items():
            found[f"{name} {inner}".strip()] = nested
    return found


def _application() -> Any:
    import typer.main

    from omicshelf.cli.app import app

    return typer.main.get_command(app)


def _command_lines() -> Iterator[str]:
    yield "## Options before the command\n"
    yield from _parameters(_application())
    for name, command in commands().items():
        # One page, one heading a command: a link goes to #omicshelf-diff.
        yield f"\n## omicshelf {name}\n"
        usage = " ".join(_usage(command))
        yield f"```text\nomicshelf {name} {usage}".rstrip() + "\n```\n"
        yield _prose(command.help) + "\n"
        if command.epilog:
            yield _prose(command.epilog) + "\n"
        yield from _parameters(command)


def _usage(command: Any) -> Iterator[str]:
    if any(_is_option(parameter) for parameter in command.params):
        yield "[OPTIONS]"
    for parameter in command.params:
        if not _is_option(parameter):
            shown = parameter.metavar or parameter.name.upper()
            yield shown if parameter.required else f"[{shown.strip('[]')}]"


def _parameters(command: Any) -> Iterator[str]:
    if not command.params:
        return
    yield "| argument or option | |"
    yield "|-|-|"
    for parameter in command.params:
        if getattr(parameter, "hidden", False):
            continue
        names = (*parameter.opts, *parameter.secondary_opts)
        if not _is_option(parameter):
            names = ((parameter.metavar or parameter.name.upper()).strip("[]"),)
        shown = ", ".join(f"`{name}`" for name in names)
        yield f"| {shown} | {_prose(parameter.help).replace('|', '&#124;')} |"
    yield ""


def _is_option(parameter: Any) -> bool:
    return any(name.startswith("-") for name in parameter.opts)


def _prose(text: str | None) -> str:
    """Give help as Markdown: rich's marks become code, signs of Markdown are kept as they are."""
    plain = re.sub(r"\[/?[a-z ]+\]", "", text or "")
    parts = re.split(r"(`[^`]*`)", plain.replace("\f", ""))
    return "".join(
        part if part.startswith("`") else re.sub(r"([*_<\[])", r"\\\1", part) for part in parts
    ).strip()


def routes() -> str:
    """Every route of the REST API, from the table that the server is made from."""
    from omicshelf.server.routes import ROUTES

    rows = ["| route | | needs | answer |", "|-|-|-|-|"]
    for route in ROUTES:
        told = _prose(" ".join((route.function.__doc__ or "").split()))
        answer = getattr(route.answer, "__name__", None) or ("object" if route.answer else "")
        rows.append(
            f"| `{route.method} {route.path}` | {route.summary} {told} | {route.needs} "
            f"| {answer and f'`{answer}`'} |"
        )
    return "\n".join(rows)


def server_options() -> str:
    """The traits of the server, as they are configured."""
    from omicshelf.server.app import OmicshelfServer

    rows = ["| option | what it does | default |", "|-|-|-|"]
    for name, trait in sorted(OmicshelfServer.class_own_traits(config=True).items()):
        default = trait.default_value_repr()
        rows.append(f"| `OmicshelfServer.{name}` | {_prose(trait.help)} | `{default}` |")
    return "\n".join(rows)


GENERATED = {
    "formats-loaded": formats_loaded,
    "formats-kept": formats_kept,
    "command-line": command_line,
    "routes": routes,
    "server-options": server_options,
}


def fill(text: str) -> str:
    """Replace the places in a page by what is generated for them."""
    return _PLACE.sub(lambda match: GENERATED[match[1]](), text)


def setup(app: Any) -> dict[str, Any]:
    """Register with Sphinx."""

    def on_read(_app: Any, _docname: str, source: list[str]) -> None:
        source[0] = fill(source[0])

    app.connect("source-read", on_read)
    return {"parallel_read_safe": True}
