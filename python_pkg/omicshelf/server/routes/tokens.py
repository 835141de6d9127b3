"""Personal tokens: made once, listed without what is secret of them, revoked."""

from __future__ import annotations

import re

from omicshelf.backend.permissions import no_token
from omicshelf.backend.wire import TokenBody, TokenMade
from omicshelf.errors import Invalid
from omicshelf.server.answers import TokenList
from omicshelf.server.queries import TokensQuery
from omicshelf.server.route import Call, NoQuery, Reply, Table

__all__ = ["table"]

table = Table("admin")

_ID = re.compile(r"[0-9]{1,18}")


@table("GET", "/tokens", "The caller's tokens, or those of others.", "credential",
       answer=TokenList, errors=("Invalid", "AccessDenied"))  # fmt: skip
def list_tokens(call: Call[TokensQuery, None]) -> Reply:
    """`user` is another user, `everybody` all of them; both are for admins of the server."""
    query = call.query
    if query.everybody and query.user is not None:
        raise Invalid(
            f"Both the user '{query.user}' and 'everybody' are asked for.", "Send one of them."
        )
    user = None if query.everybody else call.user if query.user is None else query.user
    return Reply(TokenList(tokens=call.backend.list_tokens(user)))


@table("POST", "/tokens", "Make a token; it is shown in this answer, and never again.",
       "credential", optional_body=True, answer=TokenMade, status=201,
       errors=("Invalid", "AccessDenied", "Conflict"))  # fmt: skip
def create_token(call: Call[NoQuery, TokenBody]) -> Reply:
    """For the caller, or (for an admin of the server) for another `user`."""
    body = call.body
    user = call.user if body.user is None else body.user
    made, secret = call.backend.create_token(user, note=body.note, days=body.days, by=call.by)
    return Reply(TokenMade(token=made, secret=secret), status=201)


@table("DELETE", "/tokens/{token_id}", "Revoke a token.", "credential", status=204,
       errors=("NotFound",))  # fmt: skip
def revoke_token(call: Call[NoQuery, None]) -> Reply:
    """The caller's own, or (for an admin of the server) anybody's; it counts within 10 seconds."""
    named = call.path["token_id"]
    if _ID.fullmatch(named) is None:
        raise no_token(named)
    call.backend.revoke_token(int(named), by=call.by)
    return Reply(status=204)
