"""Commands of personal tokens: the credentials by which a team's server knows its users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from omicshelf.cli.commands import add_commands
from omicshelf.cli.documents import short_time
from omicshelf.cli.output import Column
from omicshelf.cli.session import Session, session_of
from omicshelf.errors import Invalid

if TYPE_CHECKING:
    from omicshelf.records import TokenRecord

__all__ = ["register"]

_PANEL = "The catalog"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(
        help="Make and revoke personal tokens, by which a server knows its users.",
        no_args_is_help=True,
        rich_markup_mode="rich",
    )
    add_commands(
        group,
        "Tokens",
        (
            ("create", create, "omicshelf token create eve --note laptop --days 90"),
            ("list", list_, "omicshelf token list --all"),
            ("revoke", revoke, "omicshelf token revoke 12"),
        ),
    )
    app.add_typer(group, name="token", rich_help_panel=_PANEL)


def create(
    context: typer.Context,
    user: Annotated[
        str | None, typer.Argument(metavar="[USER]", help="Whose it is. Default: your own.")
    ] = None,
    note: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What it is for, such as 'laptop'.")
    ] = None,
    days: Annotated[
        float | None,
        typer.Option(metavar="N", help="How long it is good. Default: until it is revoked."),
    ] = None,
) -> None:
    """Make a token, and show it: this once, for only its hash is kept.

    The token alone is on standard output. On the machine that reaches a team's database
    (OMICSHELF_DATABASE_URL, OMICSHELF_STORAGE_URL) it makes the first one.
    """
    from omicshelf.catalog.origin import current_origin

    session = session_of(context)
    backend = session.connection.backend
    name = _own_name(session) if user is None else user
    made, secret = backend.create_token(name, note=note, days=days, by=current_origin())
    out = session.out
    if out.json:
        out.document({"token": made.model_dump(mode="json"), "secret": secret})
        return
    out.say(f"Token {made.id} of '{made.user}', {_until(made)}. It is shown here, and never again:")
    out.line(secret)


def list_(
    context: typer.Context,
    user: Annotated[
        str | None, typer.Argument(metavar="[USER]", help="Whose. Default: your own.")
    ] = None,
    everybody: Annotated[bool, typer.Option("--all", help="Those of everybody.")] = False,
) -> None:
    """Show tokens: what each is for, and when it was used; never the tokens themselves."""
    if everybody and user is not None:
        raise Invalid(f"Both a user, '{user}', and --all are given.", "Choose one.")
    session = session_of(context)
    name = None if everybody else _own_name(session) if user is None else user
    found = session.connection.backend.list_tokens(name)
    out = session.out
    if out.json:
        out.document({"tokens": [token.model_dump(mode="json") for token in found]})
        return
    if not found:
        out.say("There are no tokens." if name is None else f"'{name}' has no tokens.")
        return
    columns = (
        Column("ID", right=True),
        Column("USER"),
        Column("NOTE", cut=True),
        Column("MADE BY", cut=True),
        Column("MADE (UTC)"),
        Column("GOOD UNTIL (UTC)"),
        Column("LAST USED (UTC)"),
    )
    out.table(columns, (_row(token) for token in found))


def revoke(
    context: typer.Context,
    token: Annotated[int, typer.Argument(metavar="ID", help="The token's id, as `list` shows it.")],
) -> None:
    """Make a token good for nothing, for ever; a server knows it within 10 seconds."""
    from omicshelf.catalog.origin import current_origin

    session = session_of(context)
    session.connection.backend.revoke_token(token, by=current_origin())
    if session.out.json:
        session.out.document({"id": token, "revoked": True})
        return
    session.out.say(f"Token {token} is revoked.")


def _own_name(session: Session) -> str:
    """Give the caller's name: as the server knows them, or as changes are recorded here."""
    from omicshelf.backend.remote.backend import RemoteBackend
    from omicshelf.catalog.origin import current_origin

    backend = session.connection.backend
    if isinstance(backend, RemoteBackend):
        return backend.info().user
    name = current_origin().user
    if not name:
        raise Invalid("Whose token?", "Name the user: omicshelf token create USER")
    return name


def _until(token: TokenRecord) -> str:
    if token.expires_at is None:
        return "good until it is revoked"
    return f"good until {short_time(token.expires_at)} UTC"


def _row(token: TokenRecord) -> tuple[object, ...]:
    def time(moment: int | None) -> str | None:
        return None if moment is None else short_time(moment)

    return (
        token.id,
        token.user,
        token.note,
        token.created_by,
        time(token.created_at),
        time(token.expires_at),
        time(token.last_used_at),
    )
