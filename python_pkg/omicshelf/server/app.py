"""The extension of jupyter_server, which is also a server of its own: ``jupyter omicshelf``."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

from jupyter_server.extension.application import ExtensionApp
from traitlets import Enum, Float, Integer, List, Unicode, default

from omicshelf.backend.base import Backend
from omicshelf.backend.connect import configured_team, configured_url, open_backend
from omicshelf.backend.permissions import Policy
from omicshelf.records import Role
from omicshelf.server.about import Limits
from omicshelf.server.access import access_logger
from omicshelf.server.handlers import ApiHandler
from omicshelf.server.health import HealthHandler
from omicshelf.server.identity import MintedToken, is_of_one_person, own_name
from omicshelf.server.kernels import credential, is_server, tell_kernels
from omicshelf.server.limits import RateLimit
from omicshelf.server.opening import Opening
from omicshelf.server.page import STATIC, PageFileHandler, PageHandler
from omicshelf.server.proxy import ProxyHandler
from omicshelf.server.service import Service
from omicshelf.server.tokens import TokenIdentityProvider

__all__ = ["OmicshelfServer"]

_WAITERS = 64  # long polls among them, which wait most of their time


class OmicshelfServer(ExtensionApp):
    """Serves a catalog below ``/omicshelf``.

    Attributes
    ----------
    minted_token
        A credential of the server's own user, good for ``/omicshelf`` alone, for its kernels.
    """

    name = "omicshelf"
    app_name = "omicshelf"
    description = "A versioned catalog for omics datasets, served to notebooks and teams."
    default_url = "/omicshelf"
    extension_url = "/omicshelf"
    load_other_extensions = True

    url = Unicode(
        "", help="The catalog: its folder. Default: OMICSHELF_URL, else the user's own catalog."
    ).tag(config=True)
    database_url = Unicode(
        "",
        help="Where the records of a team's catalog are: postgresql+psycopg://user@host/name. "
        "Default: OMICSHELF_DATABASE_URL.",
    ).tag(config=True)
    storage_url = Unicode(
        "",
        help="Where the bytes of a team's catalog are: s3://bucket/prefix. Default: "
        "OMICSHELF_STORAGE_URL.",
    ).tag(config=True)
    user = Unicode(
        "",
        help="The name that is recorded with changes where Jupyter's own login names nobody "
        "(one token or password for the server). Default: that of the process's user.",
    ).tag(config=True)
    default_role = Enum(
        ["auto", "none", "viewer", "contributor", "admin"],
        default_value="auto",
        help="What everybody may do who has a credential and no role. auto: everything on a "
        "server of one person, nothing where Jupyter's login tells many apart.",
    ).tag(config=True)
    admins = List(
        Unicode(), help="Users who are admins of the whole server, whatever its database says."
    ).tag(config=True)
    token_file = Unicode(
        "",
        help="Where `url` is another server: a file with the credential for it. Default: "
        "OMICSHELF_TOKEN at the start, which is then removed from the environment; on a "
        "JupyterHub, the token that the hub gave to this server.",
    ).tag(config=True)
    proxies = List(
        Unicode(),
        help="Users whose credential may act for others: the proxies of a team, each of which "
        "names its user. ['*'] is everybody who has a credential.",
    ).tag(config=True)
    threads = Integer(16, min=1, help="How many requests are computed at the same time.").tag(
        config=True
    )
    max_body = Integer(16 << 20, min=1024, help="The largest body of JSON, in bytes.").tag(
        config=True
    )
    max_chunk_list = Integer(
        256 << 20, min=1024, help="The largest list of an upload's chunks, in bytes."
    ).tag(config=True)
    max_part = Integer(320 << 20, min=1024, help="The largest part of an upload, in bytes.").tag(
        config=True
    )
    stalled_after = Float(
        30.0, min=0.1, help="Seconds after which a body that makes no progress is refused."
    ).tag(config=True)
    rate_limit = Float(
        1000.0, min=0, help="Requests a second that one user may make; 0 is no limit."
    ).tag(config=True)
    rate_burst = Float(
        2000.0, min=1, help="Requests that one user may make at once, before the rate counts."
    ).tag(config=True)
    access_log = Unicode(
        "",
        help="A file for one line of JSON a request, or - for the standard error. Default: the "
        "server's log, at the level of debugging.",
    ).tag(config=True)

    @default("database_url")
    def _database_in_environment(self) -> str:
        team = None if is_server(self.url) else configured_team()
        return (team and team.database_url) or ""

    @default("storage_url")
    def _storage_in_environment(self) -> str:
        team = None if is_server(self.url) else configured_team()
        return (team and team.storage_url) or ""

    service: Service
    minted_token: str
    _credential: str | None = None

    def initialize_settings(self) -> None:
        """Make what the handlers share; nothing is opened yet."""
        self._credential = credential(self.token_file, self.is_proxy)
        token = MintedToken()
        self.minted_token = token.value
        pool = ThreadPoolExecutor(self.threads, thread_name_prefix="omicshelf-call")
        readers = ThreadPoolExecutor(self.threads, thread_name_prefix="omicshelf-read")
        limits = Limits(
            body=self.max_body,
            chunks=self.max_chunk_list,
            part=self.max_part,
            stalled=self.stalled_after,
        )
        self.service = Service(
            opening=Opening(self._open, self.log, hidden=self._hidden),
            pool=pool,
            readers=readers,
            waiters=ThreadPoolExecutor(_WAITERS, thread_name_prefix="omicshelf-wait"),
            proxies=frozenset(self.proxies),
            limits=limits,
            rate=RateLimit(self.rate_limit, self.rate_burst),
            token=token,
            own_user=self.user or own_name(),
            log=self.log,
            access=access_logger(self.access_log, self.log),
            hidden=self._hidden(),
            policy=Policy(self._default_role()),
            admins=frozenset(self.admins) | self._holders_of_the_shared_token(),
        )
        self.settings["omicshelf_service"] = self.service

    def initialize_handlers(self) -> None:
        """Serve the API, whatever is below its address, and what watches the process."""
        shared = {"service": self.service}
        self.handlers.extend(
            [
                (r"/omicshelf/?", PageHandler),
                (r"/omicshelf/static/(.+)", PageFileHandler, {"path": str(STATIC)}),
                (r"/omicshelf/(health|ready)", HealthHandler, shared),
                (r"/omicshelf/api(/.*)?", ProxyHandler if self.is_proxy else ApiHandler, shared),
            ]
        )

    async def _start_jupyter_server_extension(self, serverapp: Any) -> None:
        """Open the catalog beside the start: nothing waits for it; tell kernels where it is."""
        self.service.opening.begin()
        self.service.metrics.begin()
        folder = None if self.is_team or self.is_proxy else self._address()
        tell_kernels(serverapp, folder, self.minted_token)

    async def stop_extension(self) -> None:
        """Let go of the catalog, so that the next process finds no dead session."""
        self.service.feed.close()
        await asyncio.get_running_loop().run_in_executor(None, self.service.close)

    @property
    def is_team(self) -> bool:
        """Whether the catalog is one of a database and a bucket, which only servers open."""
        return bool(self.database_url or self.storage_url)

    @property
    def is_proxy(self) -> bool:
        """Whether the catalog is another server's."""
        return not self.is_team and is_server(self._address())

    def _address(self) -> str:
        return self.url or configured_url()

    def _default_role(self) -> Role | None:
        if self.default_role == "auto":
            assert self.serverapp is not None
            return "admin" if is_of_one_person(self.serverapp.identity_provider) else None
        return None if self.default_role == "none" else cast("Role", self.default_role)

    def _holders_of_the_shared_token(self) -> set[str]:
        """Give the server's own user, where others have names and there is a shared token too."""
        assert self.serverapp is not None
        provider = self.serverapp.identity_provider
        shared = isinstance(provider, TokenIdentityProvider) and bool(provider.token)
        return {self.user or own_name()} if shared else set()

    def _open(self) -> Backend:
        if not self.is_team:
            return open_backend(self._address(), token=self._credential)
        from omicshelf.backend.embedded.backend import EmbeddedBackend

        return EmbeddedBackend(
            self.url or self._folder_in_environment(),
            database_url=self.database_url or None,
            storage_url=self.storage_url or None,
        )

    @staticmethod
    def _folder_in_environment() -> str | None:
        team = configured_team()
        return team.folder if team is not None else None

    def _hidden(self) -> list[str]:
        """Give what no answer shows: folders, and addresses that may hold a password."""
        found = [self._address(), self.database_url, self.storage_url]
        found += [str(Path(text).expanduser().absolute()) for text in found[:1] if text]
        return [text for text in dict.fromkeys(found) if len(text) > 1]
