"""The server of a team: ``omicshelf serve`` on a database and a bucket; several are replicas."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from omicshelf.testing.servers.forked import fork_of
from omicshelf.testing.servers.standalone import StandaloneServer

__all__ = ["TeamServer", "replicas"]


class TeamServer(StandaloneServer):
    """A replica that starts quickly.

    Its ``token`` is configured as the shared one, which is the server's own user.
    """

    @property
    def local(self) -> Path:
        """The folder of what it keeps on its own machine: temporary files and a cache."""
        return self.folder / "catalog"

    def _spawn(self) -> Any:
        if not hasattr(os, "fork"):
            return super()._spawn()
        return fork_of("omicshelf", self._command_line(), self.folder, self._environment())

    def _config(self) -> dict[str, dict[str, Any]]:
        found = super()._config()
        found.setdefault("IdentityProvider", {}).setdefault("token", self.token)
        found.setdefault("OmicshelfServer", {}).setdefault("url", str(self.local))
        return found


@contextmanager
def replicas(
    folder: Path,
    database_url: str,
    storage_url: str,
    *,
    number: int = 1,
    user: str = "ada",
    arguments: Sequence[str] = (),
    options: Mapping[str, Any] | None = None,
) -> Iterator[list[TeamServer]]:
    """Run the servers of a team for as long as the context lasts; they end as by a kill.

    Parameters
    ----------
    folder
        A folder for what they write, a folder for each.
    database_url, storage_url
        Where the records and the bytes are, as the command takes them.
    number
        How many there are.
    user
        The server's own user, whose credential the ``token`` is.
    arguments
        More of them for the command, such as ``("--admin", "ada")``.
    options
        More traits: ``{"OmicshelfServer.proxies": ["*"]}``.
    """
    where = ["--database-url", database_url, "--storage-url", storage_url]
    told = {"OmicshelfServer.user": user, **(options or {})}
    with ExitStack() as held:
        started: list[TeamServer] = []
        for index in range(number):
            server = TeamServer(
                folder / f"replica-{index + 1}", told, arguments=(*where, *arguments)
            )
            held.callback(server.kill)
            server.start()
            started.append(server)
        yield started
