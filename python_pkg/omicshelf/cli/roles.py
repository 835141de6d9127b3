"""Commands of roles: who may do what in an atlas, or on the whole server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast

import typer

from omicshelf.cli import completion
from omicshelf.cli.commands import add_commands
from omicshelf.cli.documents import short_time
from omicshelf.cli.output import Column
from omicshelf.cli.session import Session, session_of
from omicshelf.errors import Invalid

if TYPE_CHECKING:
    from omicshelf.records import Role, RoleRecord

__all__ = ["register"]

_PANEL = "The catalog"

UserArgument = Annotated[
    str,
    typer.Argument(
        metavar="USER",
        help="The user's name, as the server knows it.",
        autocompletion=completion.users,
    ),
]
ServerOption = Annotated[
    bool, typer.Option("--server", help="On the whole server, and not in the atlas at hand.")
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(
        help="Say who may do what, in an atlas or on the whole server.",
        no_args_is_help=True,
        rich_markup_mode="rich",
    )
    add_commands(
        group,
        "Roles",
        (
            ("list", list_, "omicshelf --atlas lung role list"),
            ("set", set_, "omicshelf --atlas lung role set eve contributor"),
            ("remove", remove, "omicshelf role remove eve --server"),
        ),
    )
    app.add_typer(group, name="role", rich_help_panel=_PANEL)


def list_(context: typer.Context, server: ServerOption = False) -> None:
    """Show who has which role in the atlas, or on the whole server."""
    session = session_of(context)
    found = session.connection.backend.list_roles(_place(session, server))
    out = session.out
    if out.json:
        out.document({"roles": [_document(role) for role in found]})
        return
    if not found:
        out.say("Nobody was given a role.")
        return
    columns = (Column("USER"), Column("ROLE"), Column("GIVEN BY", cut=True), Column("SINCE (UTC)"))
    out.table(columns, ((r.user, r.role, r.author, short_time(r.created_at)) for r in found))


def set_(
    context: typer.Context,
    user: UserArgument,
    role: Annotated[
        str,
        typer.Argument(
            metavar="ROLE",
            help="viewer reads; contributor also writes; admin also deletes and gives roles.",
            autocompletion=completion.roles,
        ),
    ],
    server: ServerOption = False,
) -> None:
    """Give a user a role in the atlas, or on the whole server, in the place of another."""
    from omicshelf.catalog.origin import current_origin

    session = session_of(context)
    place = _place(session, server)
    made = session.connection.backend.set_role(place, user, cast("Role", role), by=current_origin())
    if session.out.json:
        session.out.document(_document(made))
        return
    session.out.say(f"'{made.user}' is {made.role} {_where(place)}.")


def remove(context: typer.Context, user: UserArgument, server: ServerOption = False) -> None:
    """Take a user's role in the atlas, or on the whole server, away."""
    from omicshelf.catalog.origin import current_origin

    session = session_of(context)
    place = _place(session, server)
    session.connection.backend.remove_role(place, user, by=current_origin())
    if session.out.json:
        session.out.document({"atlas": place, "user": user, "role": None})
        return
    session.out.say(f"'{user}' has no role {_where(place)} any more.")


def _place(session: Session, server: bool) -> str | None:
    """Give the atlas that the command is about; None for the whole server."""
    if not server:
        return session.catalog.omixatlas_id
    if session.atlas is not None:
        raise Invalid(f"Both an atlas, '{session.atlas}', and --server are given.", "Choose one.")
    return None


def _where(place: str | None) -> str:
    return "on the whole server" if place is None else f"in atlas '{place}'"


def _document(role: RoleRecord) -> dict[str, object]:
    return role.model_dump(mode="json")
