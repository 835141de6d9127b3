"""The extension of jupyter_server, which is also a server of its own: ``jupyter omicshelf``."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from jupyter_server.extension.application import ExtensionApp
from traitlets import Enum, Float, Integer, Unicode

from omicshelf.backend.base import Backend
from omicshelf.backend.connect import configured_url, open_backend
from omicshelf.server.access import access_logger
from omicshelf.server.handlers import ApiHandler, HealthHandler
from omicshelf.server.identity import MintedToken, own_name
from omicshelf.server.limits import RateLimit
from omicshelf.server.opening import Opening
from omicshelf.server.service import Limits, Service

__all__ = ["OmicshelfServer", "main"]


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
        help="Where the records of a team's catalog are: postgresql+psycopg://user@host/name.",
    ).tag(config=True)
    storage_url = Unicode(
        "", help="Where the bytes of a team's catalog are: s3://bucket/prefix."
    ).tag(config=True)
    user = Unicode(
        "",
        help="The name that is recorded with changes where Jupyter's own login names nobody "
        "(one token or password for the server). Default: that of the process's user.",
    ).tag(config=True)
    default_role = Enum(
        ["", "viewer", "contributor", "admin"],
        default_value="admin",
        help="What everybody may do who has a credential and no role. On a server of one's own "
        "that is everything; a team's server says viewer, contributor, or nothing.",
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
    max_part = Integer(64 << 20, min=1024, help="The largest part of an upload, in bytes.").tag(
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

    service: Service
    minted_token: str

    def initialize_settings(self) -> None:
        """Make what the handlers share; nothing is opened yet."""
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
            limits=limits,
            rate=RateLimit(self.rate_limit, self.rate_burst),
            token=token,
            own_user=self.user or own_name(),
            log=self.log,
            access=access_logger(self.access_log, self.log),
            hidden=self._hidden(),
            default_role=self.default_role or None,
        )

    def initialize_handlers(self) -> None:
        """Serve the API, whatever is below its address, and what watches the process."""
        shared = {"service": self.service}
        self.handlers.extend(
            [
                (r"/omicshelf/(health|ready)", HealthHandler, shared),
                (r"/omicshelf/api(/.*)?", ApiHandler, shared),
            ]
        )

    async def _start_jupyter_server_extension(self, serverapp: Any) -> None:
        """Open the catalog beside the start: nothing waits for it."""
        self.service.opening.begin()

    async def stop_extension(self) -> None:
        """Let go of the catalog, so that the next process finds no dead session."""
        await asyncio.get_running_loop().run_in_executor(None, self.service.close)

    def _open(self) -> Backend:
        if not (self.database_url or self.storage_url):
            return open_backend(self.url or None)
        from omicshelf.backend.embedded.backend import EmbeddedBackend

        root = self.url or configured_url()
        return EmbeddedBackend(root, database_url=self.database_url or None)

    def _hidden(self) -> list[str]:
        """Give what no answer shows: folders, and addresses that may hold a password."""
        found = [self.url or configured_url(), self.database_url, self.storage_url]
        found += [str(Path(text).expanduser().absolute()) for text in found[:1] if text]
        return [text for text in dict.fromkeys(found) if len(text) > 1]


main = OmicshelfServer.launch_instance
