"""The application: its global options, and the commands by their groups."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from omicshelf.cli import (
    completion,
    datasets,
    files,
    keeping,
    reading,
    roles,
    serving,
    tokens,
    versions,
)
from omicshelf.cli.output import Output
from omicshelf.cli.running import interruptible, run
from omicshelf.cli.session import Session

__all__ = ["app"]


class Application(TyperGroup):
    """The group of all commands: what they raise becomes a message and an exit code."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> NoReturn:
        """Run a command and end with its exit code."""
        given = list(sys.argv[1:] if args is None else args)
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")
        # Wrong options are told as JSON too, so this has to be known before they are parsed.
        session = Session(Output(json=_wants_json(given)))
        call = super().main

        def command() -> object:
            return call(
                given,
                prog_name,
                complete_var,
                standalone_mode=False,
                windows_expand_args=windows_expand_args,
                obj=session,
                **extra,
            )

        raise SystemExit(run(command, session))

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        """Read the options; ``--help`` already writes here."""
        with interruptible():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: Any) -> Any:
        """Run a command so that ctrl-C is told as what it is."""
        with interruptible():
            return super().invoke(ctx)


def _wants_json(args: Sequence[str]) -> bool:
    """Whether ``--json`` is among the options before the command."""
    words = iter(args)
    for word in words:
        if word == "--json":
            return True
        if word in ("--url", "--atlas"):
            next(words, None)
        elif not word.startswith("-"):
            return False
    return False


app = typer.Typer(
    name="omicshelf",
    cls=Application,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from omicshelf import __version__

        typer.echo(f"omicshelf {__version__}")
        raise typer.Exit


@app.callback(
    invoke_without_command=True,
    help="Keep, find and compare versions of omics datasets.\n\n"
    "Exit codes: 0 done, 1 a check found something, 2 wrong use or refused, 3 the catalog cannot "
    "be reached.",
    epilog="Example: omicshelf add pbmc.h5ad --study GSE1",
)
def start(
    context: typer.Context,
    url: Annotated[
        str | None,
        typer.Option(
            metavar="FOLDER",
            help="The catalog. Default: OMICSHELF_URL, else the user's configuration file, else "
            "the default folder.",
        ),
    ] = None,
    atlas: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The atlas in it. Default: OMICSHELF_ATLAS, else the only one there is, else "
            "'default'.",
            autocompletion=completion.atlases,
        ),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Give the result as one JSON document.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Leave out messages and progress.")
    ] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Take the global options."""
    session: Session = context.obj
    session.url, session.atlas = url, atlas
    session.out.json, session.out.quiet = json, quiet
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        return
    from omicshelf.catalog.origin import set_interface

    set_interface("cli")
    if json or quiet:
        os.environ["OMICSHELF_PROGRESS"] = "0"


for group in (reading, datasets, versions, files, keeping, roles, tokens, serving):
    group.register(app)
