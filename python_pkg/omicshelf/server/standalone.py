"""The server of a team: ``jupyter omicshelf``, which is also ``omicshelf serve``.

It is Jupyter's server without all that runs programs or reads files of the machine: there are no
kernels, no terminals, no contents, and no other extensions. What it serves is the catalog.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from typing import Any, cast
from urllib.parse import urlsplit

from jupyter_server.serverapp import ServerApp
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from traitlets import Enum, Float

from omicshelf.errors import Invalid
from omicshelf.server.app import OmicshelfServer
from omicshelf.server.tokens import TokenIdentityProvider

__all__ = ["CatalogServer", "CatalogServerApp", "main"]

_HUB_IDENTITY = "jupyterhub.singleuser.extension.JupyterHubIdentityProvider"
_LOOK_EVERY = 0.05


class _NoContents(AsyncLargeFileManager):
    """The contents manager that Jupyter's server insists on, which serves nothing."""

    def get_extra_handlers(self) -> list[Any]:
        return []


class CatalogServerApp(ServerApp):
    """Jupyter's server as far as a catalog needs it: log in, log out, and what an extension adds.

    A signal to end lets the requests that are under way finish.
    """

    default_services = ("auth", "security")  # type: ignore[assignment]

    drain_seconds = Float(
        30.0,
        min=0,
        help="Seconds for which a server that is told to end (SIGTERM) lets requests finish; "
        "/omicshelf/ready says 503 meanwhile, and new connections are refused.",
    ).tag(config=True)

    identity = Enum(
        ["auto", "tokens", "shared"],
        default_value="auto",
        help="Who users are. tokens: those whose personal tokens are in the catalog; shared: "
        "everybody who has the one token or password of the server, which names nobody. auto: "
        "tokens for the catalog of a team, unless another identity provider was chosen, such as "
        "that of a JupyterHub.",
    ).tag(config=True)

    _ending = False

    def init_configurables(self) -> None:
        if self._by_tokens():
            self.identity_provider_class = TokenIdentityProvider
            self.log.info(
                "Users come with personal tokens; who reaches the database makes one: "
                "omicshelf token create USER"
            )
        super().init_configurables()

    def _by_tokens(self) -> bool:
        app = cast("OmicshelfServer", self._starter_app)
        if self.identity != "tokens":
            chosen = "identity_provider_class" in self.config.get("ServerApp", {})
            return self.identity == "auto" and app.is_team and not chosen
        if app.is_proxy:
            raise Invalid(
                "The catalog is another server's, which alone knows personal tokens.",
                "Leave --identity out; or use the address of that server itself.",
            )
        return True

    def init_webapp(self) -> None:
        self.contents_manager_class = _NoContents
        super().init_webapp()
        if type(self.identity_provider).__module__.startswith("jupyterhub."):
            # Tornado looks for the cookie before it is known who asks. Jupyter's handlers and
            # ours look themselves, once the hub has said so.
            self.web_app.settings["xsrf_cookies"] = False

    def _signal_stop(self, sig: Any, frame: Any) -> None:
        if self._ending:  # asked twice: at once
            super()._signal_stop(sig, frame)
            return
        self._ending = True
        self.log.warning("Received signal %s: finishing the requests that are under way.", sig)
        self.io_loop.add_callback_from_signal(self._drain)

    def _handle_sigint(self, sig: Any, frame: Any) -> None:
        # Jupyter asks before it ends kernels; there are none here.
        self._signal_stop(sig, frame)

    async def _drain(self) -> None:
        from asyncio import sleep

        service = self.web_app.settings["omicshelf_service"]
        service.draining = True
        self.http_server.stop()
        until = time.monotonic() + self.drain_seconds
        # Looking is enough: it happens once in the life of a process.
        while service.under_way and time.monotonic() < until:
            await sleep(_LOOK_EVERY)
        if service.under_way:
            self.log.warning("%d requests were not finished.", service.under_way)
        self.stop()


class CatalogServer(OmicshelfServer):
    """Serves a catalog to a team; the extension of a notebook server, on its own."""

    load_other_extensions = False
    serverapp_class = CatalogServerApp
    default_url = "/omicshelf"

    @classmethod
    def launch_instance(cls, argv: Sequence[str] | None = None, **kwargs: Any) -> None:
        """Start the server and serve until it is told to end.

        Parameters
        ----------
        argv
            Its arguments; default: those of the command line. As a service of a JupyterHub, the
            address, the prefix and who may come are those that the hub gives.
        """
        given = list(sys.argv[1:] if argv is None else argv)
        named = {argument.partition("=")[0] for argument in given}
        # A trait that is given twice is a list to traitlets.
        ours = [one for one in hub_arguments(os.environ) if one.partition("=")[0] not in named]
        super().launch_instance([*ours, *given], **kwargs)  # type: ignore[no-untyped-call]


def hub_arguments(environment: Any) -> list[str]:
    """Give the arguments of a service that a JupyterHub has started or knows; none elsewhere.

    Raises
    ------
    omicshelf.errors.Invalid
        The hub's package is not installed.

    Examples
    --------
    >>> hub_arguments({})
    []
    """
    prefix = environment.get("JUPYTERHUB_SERVICE_PREFIX")
    # A user's own server has a prefix as well, and a user.
    if not prefix or environment.get("JUPYTERHUB_USER"):
        return []
    try:
        import jupyterhub  # noqa: F401
    except ImportError as error:
        raise Invalid(
            "JUPYTERHUB_SERVICE_PREFIX is set, but jupyterhub is not installed.",
            "Install it here, in the release of your hub: pip install 'omicshelf[server]'",
        ) from error
    found = [
        f"--ServerApp.base_url={prefix}",
        f"--ServerApp.identity_provider_class={_HUB_IDENTITY}",
        "--ServerApp.allow_remote_access=True",
        "--ServerApp.trust_xheaders=True",
        "--ServerApp.port_retries=0",
        "--ServerApp.open_browser=False",
    ]
    url = urlsplit(environment.get("JUPYTERHUB_SERVICE_URL", ""))
    if url.hostname:
        found += [f"--ServerApp.ip={url.hostname}", f"--ServerApp.port={url.port or 80}"]
    return found


main = CatalogServer.launch_instance
