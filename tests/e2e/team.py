"""The server of a team behind somebody's JupyterLab, with a token and a role of each person."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from laboratory import OPTIONS, Laboratory

import omicshelf
from omicshelf.records import Origin, Role
from omicshelf.testing.servers.jupyter import jupyter
from omicshelf.testing.servers.standalone import StandaloneServer, standalone

__all__ = ["Team", "team"]

BY = Origin(user="ada", interface="cli")
_IDENTITY = ("--identity", "tokens", "--admin", "ada")
# What is revoked counts at once.
_OPTIONS = {"TokenIdentityProvider.remember_seconds": 0}


@dataclass
class Team:
    """The server, and its catalog as who is on its machine reaches it."""

    folder: Path
    server: StandaloneServer
    connection: omicshelf.Connection
    _held: ExitStack = field(default_factory=ExitStack, repr=False)

    def laboratory(self, user: str, atlas: str, role: Role | None) -> Laboratory:
        """Give a person a role in an atlas, and start their JupyterLab."""
        backend = self.connection.backend
        if role:
            backend.set_role(atlas, user, role, by=BY)
        _, secret = backend.create_token(user, by=BY)
        folder = self.folder / user
        folder.mkdir()
        token = folder / "token"
        token.write_text(secret)
        options = {**OPTIONS, "OmicshelfServer.token_file": str(token)}
        server = self._held.enter_context(
            jupyter(folder, catalog=self.server.url, user=user, options=options, lab=True)
        )
        made = Laboratory(server, self.folder / "team" / "catalog")
        made.be_quiet()
        return made


@contextmanager
def team(folder: Path) -> Iterator[Team]:
    """Run the server of a team, and what is started in front of it, as long as this lasts."""
    with (
        standalone(folder / "team", *_IDENTITY, options=_OPTIONS) as server,
        omicshelf.connect(folder / "team" / "catalog") as connection,
        ExitStack() as held,
    ):
        yield Team(folder, server, connection, held)
