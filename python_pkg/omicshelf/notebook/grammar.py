"""What may be written after ``%shelf``: subcommands, their arguments, and their help."""

from __future__ import annotations

import argparse
import difflib
import shlex
from collections.abc import Sequence
from typing import Any, NoReturn

from omicshelf.errors import Invalid

__all__ = ["COMMANDS", "options", "parse", "usage"]


class _Parser(argparse.ArgumentParser):
    def __init__(self, **told: Any) -> None:
        super().__init__(add_help=False, allow_abbrev=False, **told)

    def error(self, message: str) -> NoReturn:
        name = self.prog.removeprefix("%shelf ")
        raise Invalid(f"{message[:1].upper()}{message[1:]}.", f"`%shelf help {name}` shows how.")


def _parser(name: str, about: str, example: str) -> _Parser:
    return _Parser(
        prog=f"%shelf {name}",
        description=about,
        epilog=f"example:\n  %shelf {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _dataset(parser: _Parser, help: str = "[ATLAS/]ID of a dataset") -> None:
    parser.add_argument("dataset", metavar="ID", help=help)


def _reference(parser: _Parser) -> None:
    _dataset(parser, "[ATLAS/]ID[@VERSION]; the newest version where there is none")


def _made() -> dict[str, _Parser]:
    ls = _parser("ls", "List the datasets of the atlas, last changed first.", "ls tissue:lung")
    ls.add_argument("words", nargs="*", metavar="WORD|FILTER", help="such as tissue:lung n_obs:>1k")
    ls.add_argument("--limit", type=_count, default=20, metavar="N", help="at most so many (20)")

    find = _parser("find", "Find datasets by words and filters.", "find fibrosis tissue:lung")
    find.add_argument("words", nargs="*", metavar="WORD|FILTER", help="such as tissue:lung")
    find.add_argument("--limit", type=_count, default=20, metavar="N", help="at most so many (20)")

    use = _parser("use", "Choose the atlas; without a name, list them.", "use immunology")
    use.add_argument("atlas", nargs="?", metavar="ATLAS", help="the atlas to work with")

    info = _parser("info", "Show what a dataset is, and what is in it.", "info pbmc@v2")
    _reference(info)

    load = _parser(
        "load", "Load a dataset into a variable: adata, df …", "load pbmc -v v2 as before"
    )
    load.usage = "%(prog)s ID [-v V] [as NAME] [--force] [--backed | --lazy | --whole]"
    _reference(load)
    load.add_argument("-v", "--version", metavar="V", help="a version: its number, id or label")
    load.add_argument("as_", nargs="*", default=[], metavar="NAME", help="after the word as")
    load.add_argument("--force", action="store_true", help="overwrite the variable if it is there")
    load.add_argument("--backed", action="store_true", help="leave X on disk (h5ad)")
    load.add_argument("--lazy", action="store_true", help="leave everything on disk until used")
    load.add_argument(
        "--whole", action="store_true", help="load all of it, however little memory is free"
    )

    save = _parser("save", "Save a variable as a version.", 'save adata pbmc -m "clusters"')
    save.add_argument("variable", metavar="NAME", help="a variable of the notebook")
    _dataset(save)
    save.add_argument("-m", "--message", metavar="TEXT", help="why, in your words")
    save.add_argument("--type", dest="data_type", metavar="TYPE", help="of a new dataset")
    save.add_argument(
        "--over", action="store_true", help="also over a version that somebody saved meanwhile"
    )

    versions = _parser("versions", "List the versions of a dataset.", "versions pbmc")
    _dataset(versions)

    label = _parser("label", "Give a version a name.", "label pbmc v2 submitted")
    _dataset(label)
    label.add_argument("version", metavar="V", help="a version")
    label.add_argument("name", metavar="NAME", help="its name")

    cite = _parser("cite", "Give a reference to one version, for a paper.", "cite pbmc@submitted")
    _reference(cite)

    diff = _parser("diff", "Say what changed from one version to another.", "diff pbmc v1 v3")
    _dataset(diff)
    diff.add_argument("old", metavar="A", help="a version")
    diff.add_argument("new", nargs="?", metavar="B", help="another; default: the newest")

    rollback = _parser(
        "rollback", "Make an old version the newest again; nothing is lost.", "rollback pbmc v2"
    )
    _dataset(rollback)
    rollback.add_argument("version", metavar="V", help="a version")
    rollback.add_argument("-m", "--message", metavar="TEXT", help="why, in your words")

    attach = _parser("attach", "Attach a file to a dataset.", "attach umap.png pbmc --tag figure")
    attach.add_argument("path", metavar="PATH", help="the file")
    _dataset(attach)
    attach.add_argument("--tag", metavar="T", help="what kind of file it is, in your words")
    attach.add_argument("--made-from", metavar="V", help="the version that it was made from")
    attach.add_argument("--until", metavar="V", help="the same; it is removed when the data change")

    files = _parser("files", "List the files of a dataset.", "files pbmc")
    _dataset(files)

    browse = _parser("browse", "Browse the atlas in this cell.", "browse tissue:blood")
    browse.add_argument("words", nargs="*", metavar="WORD|FILTER", help="to begin with")

    helps = _parser("help", "Show what there is, or one command.", "help load")
    helps.add_argument("command", nargs="?", metavar="COMMAND", help="a command")

    every = (ls, find, use, info, load, save, versions, label, cite, diff, rollback, attach,
             files, browse, helps)  # fmt: skip
    return {parser.prog.removeprefix("%shelf "): parser for parser in every}


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= 10_000:
        raise argparse.ArgumentTypeError(f"'{text[:40]}' is no number from 1 to 10,000")
    return int(text)


COMMANDS: dict[str, _Parser] = _made()
"""The subcommands by name."""

_SEARCHES = frozenset({"ls", "find", "browse"})


def _split(line: str) -> list[str]:
    """Split a line into words, as a shell does.

    Raises
    ------
    omicshelf.errors.Invalid
        A quotation mark is not closed.
    """
    try:
        return shlex.split(line)
    except ValueError as error:
        raise Invalid(
            "A quotation mark is not closed.", 'Write text with spaces as "…".'
        ) from error


def parse(line: str) -> tuple[str, argparse.Namespace]:
    """Read a line: the subcommand and its arguments.

    Raises
    ------
    omicshelf.errors.Invalid
        There is no such subcommand, or an argument is missing or wrong.
    """
    words = _split(line)
    name, rest = (words[0], words[1:]) if words else ("help", [])
    name = "help" if name in ("-h", "--help", "?") else name
    if name not in COMMANDS:
        near = difflib.get_close_matches(name, COMMANDS, n=1)
        hint = f"Did you mean `%shelf {near[0]}`? " if near else ""
        raise Invalid(f"There is no `%shelf {name[:40]}`.", f"{hint}`%shelf help` lists them.")
    if any(word in ("-h", "--help") for word in rest):
        return "help", argparse.Namespace(command=name)
    if name not in _SEARCHES:
        return name, COMMANDS[name].parse_intermixed_args(rest)
    given, more = COMMANDS[name].parse_known_intermixed_args(rest)
    # A filter may begin with a minus: -disease:* finds those without the key.
    if wrong := [word for word in more if word.startswith("--") or ":" not in word]:
        COMMANDS[name].error(f"'{wrong[0]}' is not understood")
    given.words += more
    return name, given


def usage(command: str | None = None) -> str:
    """Give the help: of all subcommands, or of one.

    Raises
    ------
    omicshelf.errors.Invalid
        There is no such subcommand.
    """
    if command is None:
        width = max(map(len, COMMANDS))
        lines = [f"  {name:<{width}}  {p.description}" for name, p in COMMANDS.items()]
        return "\n".join(
            ["usage: %shelf COMMAND …", "", *lines, "", "%shelf help COMMAND says more."]
        )
    if command not in COMMANDS:
        raise Invalid(f"There is no `%shelf {command[:40]}`.", "`%shelf help` lists them.")
    return COMMANDS[command].format_help().rstrip()


def options(command: str) -> Sequence[str]:
    """Give the options of a subcommand."""
    parser = COMMANDS[command]
    return [name for action in parser._actions for name in action.option_strings]
