"""Who asks: jupyter_server's identity, or the token that this server minted for its kernels."""

from __future__ import annotations

import getpass
import hmac
import os
import re
import secrets

from jupyter_server.auth.identity import IdentityProvider, PasswordIdentityProvider, User
from tornado.httputil import HTTPHeaders

__all__ = ["MintedToken", "is_of_one_person", "own_name", "user_name"]

_AUTHORIZATION = re.compile(r"(?:token|bearer)\s+(\S+)\s*", re.IGNORECASE)
# Providers whose credential is shared by all who have it, and names nobody.
_NAMELESS = (IdentityProvider, PasswordIdentityProvider)


class MintedToken:
    """A credential of the server's own user that is good only for what we serve."""

    def __init__(self) -> None:
        self.value = secrets.token_urlsafe(32)

    def is_in(self, headers: HTTPHeaders) -> bool:
        """Whether a request bears it in its header Authorization."""
        found = _AUTHORIZATION.fullmatch(headers.get("Authorization", ""))
        # Of bytes: compare_digest takes no text beyond ASCII.
        return found is not None and hmac.compare_digest(
            found[1].encode("utf-8", "surrogateescape"), self.value.encode()
        )

    def __repr__(self) -> str:
        return "MintedToken(…)"


def own_name() -> str:
    """Give the name of the user whom this server belongs to."""
    if hub := os.environ.get("JUPYTERHUB_USER"):
        return hub
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user id has no name
        return f"uid-{os.getuid()}" if hasattr(os, "getuid") else "user"


def user_name(provider: IdentityProvider, user: User, own: str) -> str:
    """Give the name that is recorded with what a user does.

    A server with one shared token or password belongs to one person, whom Jupyter calls by a
    random name for each browser: there it is ``own``.
    """
    return own if type(provider) in _NAMELESS else user.username


def is_of_one_person(provider: IdentityProvider) -> bool:
    """Whether all who may log in are one: a shared token, or a user's own server of a hub."""
    # A service of a hub has the variable too: empty.
    return type(provider) in _NAMELESS or bool(os.environ.get("JUPYTERHUB_USER"))
