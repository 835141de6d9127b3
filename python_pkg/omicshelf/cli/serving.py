"""``omicshelf serve``: the catalog for others, or for one's own other machines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from omicshelf.cli.running import REFUSED
from omicshelf.cli.session import Session

__all__ = ["register", "serve"]


def serve(
    context: typer.Context,
    host: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="The address to listen on. Default: this machine's."),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="The port; 0 is any. Default: 8888, or one near it."),
    ] = None,
    database_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="PostgreSQL for the records: postgresql+psycopg://user@host/name. The password "
            "is better left to PGPASSFILE. Default: OMICSHELF_DATABASE_URL.",
        ),
    ] = None,
    storage_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="A bucket for the bytes: s3://bucket/prefix. Default: OMICSHELF_STORAGE_URL.",
        ),
    ] = None,
    default_role: Annotated[
        str | None,
        typer.Option(
            metavar="ROLE", help="What those may do who have no role: viewer, contributor, admin."
        ),
    ] = None,
    admin: Annotated[
        list[str] | None,
        typer.Option(metavar="USER", help="A user who may do everything. May be repeated."),
    ] = None,
    identity: Annotated[
        str | None,
        typer.Option(
            metavar="tokens|shared",
            help="Users by their personal tokens, or one token for the whole server. Default: "
            "tokens for the catalog of a team, which has a database.",
        ),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A configuration file of traits.")
    ] = None,
) -> None:
    """Serve a catalog over HTTP, until interrupted.

    Without --database-url and --storage-url it is the catalog of --url. Options that are not
    listed here are passed on as traits, such as --OmicshelfServer.rate_limit=50 or
    --ServerApp.certfile=FILE; `jupyter omicshelf --help-all` lists them all.
    """
    from omicshelf.server.standalone import main

    session: Session = context.obj
    given = {
        "ServerApp.ip": host,
        "ServerApp.port": None if port is None else str(port),
        "OmicshelfServer.url": session.url,
        "OmicshelfServer.database_url": database_url,
        "OmicshelfServer.storage_url": storage_url,
        "OmicshelfServer.default_role": default_role,
        "CatalogServerApp.identity": identity,
        "ServerApp.config_file": None if config is None else str(config.absolute()),
    }
    arguments = ["--ServerApp.open_browser=False"]
    arguments += [f"--{name}={value}" for name, value in given.items() if value is not None]
    arguments += [f"--OmicshelfServer.admins={user}" for user in admin or []]
    named = {argument.partition("=")[0] for argument in context.args}
    arguments = [one for one in arguments if one.partition("=")[0] not in named]
    try:
        main([*arguments, *context.args])
    except SystemExit as ended:
        # Said already, by the server itself.
        raise typer.Exit(REFUSED if ended.code else 0) from None


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(
        "serve",
        rich_help_panel="For others",
        epilog="Example: omicshelf serve --port 8888",
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )(serve)
