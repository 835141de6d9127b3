"""Users by their personal tokens: for the server of a team that has no JupyterHub.

A token comes in the header ``Authorization``, or once in the form of the login page, from where on
a cookie stands for it. Whatever came, the token is looked up by its hash in the catalog's own
database: revoked, it is good for nothing a few seconds later, its cookies neither.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.auth.identity import IdentityProvider, User
from jupyter_server.auth.login import LoginFormHandler
from jupyter_server.base.handlers import JupyterHandler
from tornado.web import RequestHandler
from traitlets import Bool, Float, List, Type, Unicode

from omicshelf.backend.embedded.tokens import fingerprint
from omicshelf.backend.permissions import TokenKeeper
from omicshelf.errors import RepositoryLocked, RequestException
from omicshelf.server.failures import HttpRefused, Refused
from omicshelf.server.limits import RateLimit
from omicshelf.server.service import Service

__all__ = ["TokenIdentityProvider", "TokenLoginHandler", "TokenUser"]

_MOST_REMEMBERED = 10_000


@dataclass
class TokenUser(User):
    """A user, and the hash of the token that they came with."""

    fingerprint: str = field(default="", repr=False)


class TokenLoginHandler(LoginFormHandler):
    """Jupyter's login page, where a personal token is looked up without stopping the server."""

    @allow_unauthenticated
    async def post(self) -> None:
        """Log in with the token of the form; the cookie that is set stands for it."""
        provider = cast("TokenIdentityProvider", self.identity_provider)
        user = self.current_user = await provider.user_of_form(self)
        if user is None:
            self.set_status(401)
            told = {"error": "This is no token, or it was revoked, or has expired."}
            self._render(message=told)  # type: ignore[no-untyped-call]
            return
        self.log.info("User %s logged in.", user.username)
        provider.set_login_cookie(self, user)
        wanted = self.get_argument("next", default=self.base_url)
        self._redirect_safe(wanted)  # type: ignore[no-untyped-call]


class TokenIdentityProvider(IdentityProvider):
    """Knows users by the personal tokens that the catalog's database keeps.

    Jupyter's own shared token is good only where one is configured (``IdentityProvider.token``,
    ``JUPYTER_TOKEN``): it is the server's own user, an admin.
    """

    # Without one that is configured there is none: not a random one either.
    need_token = Bool(False)
    login_handler_class = Type(
        default_value=TokenLoginHandler,
        klass=RequestHandler,
        help="The handler of the login page.",
    ).tag(config=True)
    updatable_fields = List(trait=Unicode(), default_value=[])

    remember_seconds = Float(
        5.0,
        min=0,
        max=10,
        help="Seconds for which a good token is not looked up again, and a revoked one still good.",
    ).tag(config=True)
    wrong_rate = Float(
        5.0,
        min=0,
        help="Wrong tokens a second that one address may send, before none of its tokens is "
        "looked up for a while; 0 is no limit. Behind a proxy, set ServerApp.trust_xheaders.",
    ).tag(config=True)
    wrong_burst = Float(
        50.0, min=1, help="Wrong tokens that one address may send before the rate counts."
    ).tag(config=True)

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self._remembered: dict[str, tuple[str, float]] = {}
        self._wrong = RateLimit(self.wrong_rate, self.wrong_burst)

    # -- who asks

    async def get_user(self, handler: JupyterHandler) -> User | None:  # type: ignore[override]
        """Give the user of a request: that of its token; without one, that of its cookie."""
        known = getattr(handler, "_jupyter_current_user", None)
        if known is not None:
            return cast("User", known)
        if (secret := self.get_token(handler)) is None:
            return await self.get_user_cookie(handler)
        user = await self._user_of(handler, fingerprint(secret))
        if user is not None:
            # It came by itself from no page: neither its origin nor a second proof is asked for.
            handler._token_authenticated = True  # type: ignore[attr-defined]
        return user

    def get_token(self, handler: RequestHandler) -> str | None:
        """Give the token of a request: of its header; in an address only the shared one."""
        found = self.auth_header_pat.fullmatch(handler.request.headers.get("Authorization", ""))
        if found is not None:
            return str(found[2]).strip()
        given = handler.get_argument("token", "") if self.token else ""
        return given if given and self._is_shared(fingerprint(given)) else None

    async def user_of_form(self, handler: JupyterHandler) -> TokenUser | None:
        """Give the user of the token in the form of the login page."""
        secret = handler.get_body_argument("password", "").strip()
        return await self._user_of(handler, fingerprint(secret)) if secret else None

    async def _user_of(self, handler: JupyterHandler, mark: str) -> TokenUser | None:
        service: Service = handler.settings["omicshelf_service"]
        if self._is_shared(mark):
            return TokenUser(service.own_user, fingerprint=mark)
        name = await self._name_of(service, mark, handler.request.remote_ip or "")
        return None if name is None else TokenUser(name, fingerprint=mark)

    def _is_shared(self, mark: str) -> bool:
        return bool(self.token) and hmac.compare_digest(mark, fingerprint(str(self.token)))

    async def _name_of(self, service: Service, mark: str, address: str) -> str | None:
        name, until = self._remembered.get(mark, ("", 0.0))
        now = time.monotonic()
        if now < until:
            return name
        if (seconds := self._wrong.until(address)) > 0:
            raise HttpRefused(_too_many(seconds))
        found = await _in_thread(service, lambda: _keeper(service).user_of_fingerprint(mark))
        if found is None:
            self._remembered.pop(mark, None)
            self._wrong.wait(address)
            self.log.info("A token from %s is none that is known.", address)
            return None
        if len(self._remembered) >= _MOST_REMEMBERED:
            self._remembered.clear()
        # From before the look: what is revoked meanwhile is not remembered for longer.
        self._remembered[mark] = (found, now + self.remember_seconds)
        return found

    # -- cookies

    async def get_user_cookie(self, handler: JupyterHandler) -> TokenUser | None:  # type: ignore[override]
        """Give the user of the token that a login cookie stands for, while it is good."""
        name = self.get_cookie_name(handler)
        signed = handler.get_secure_cookie(name, **self.get_secure_cookie_kwargs)
        user = None
        if signed is not None and (mark := _mark_in(signed)) is not None:
            user = await self._user_of(handler, mark)
        if user is None and handler.get_cookie(name) is not None:
            self.clear_login_cookie(handler)
        return user

    def user_to_cookie(self, user: User) -> str:
        """Give what a cookie holds: which token it stands for, by a hash that opens nothing."""
        return json.dumps({"token": cast("TokenUser", user).fingerprint})

    def identity_model(self, user: User) -> dict[str, Any]:
        """Give what a page is told of its user."""
        told = super().identity_model(user)
        told.pop("fingerprint", None)
        return told


def _mark_in(cookie: bytes) -> str | None:
    """Read a cookie that this server has signed, perhaps for another identity provider."""
    try:
        mark = json.loads(cookie).get("token")
    except (ValueError, AttributeError):
        return None
    return mark if isinstance(mark, str) else None


def _keeper(service: Service) -> TokenKeeper:
    return cast("TokenKeeper", service.opening.backend())


async def _in_thread(service: Service, ask: Callable[[], str | None]) -> str | None:
    loop = asyncio.get_running_loop()
    try:
        return await loop.run_in_executor(service.pool, ask)
    except (Refused, RequestException) as error:
        raise HttpRefused(error) from error


def _too_many(seconds: float) -> Refused:
    return Refused(
        429,
        RepositoryLocked(
            "There were too many wrong tokens from this address.",
            f"Try again in {seconds:.1f} seconds, with a token that `omicshelf token list` shows.",
        ),
        {"Retry-After": str(max(1, round(seconds)))},
    )
