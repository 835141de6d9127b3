"""``polly.auth``: logging in opens a catalog."""

from __future__ import annotations

import warnings
from typing import ClassVar

from omicshelf.catalog.connection import Connection, connect
from omicshelf.errors import UnauthorizedException

__all__ = ["Polly", "UnauthorizedException"]

_told = False


class Polly:
    """The login of old notebooks.

    Attributes
    ----------
    default_session
        The open catalog, or None before :meth:`auth`.
    """

    default_session: ClassVar[Connection | None] = None

    @classmethod
    def auth(cls, token: str, env: str = "", default_env: str = "polly") -> Connection:
        """Open the configured catalog, as ``omicshelf.connect(token=token)`` does.

        Parameters
        ----------
        token
            The credential for a server. The catalog in a folder needs none.
        env, default_env
            Accepted for old code; which catalog is opened is told by ``OMICSHELF_URL`` or the
            configuration file.

        Warns
        -----
        UserWarning
            Once per process, that the catalog is a folder on this machine.
        """
        global _told
        connection = connect(token=token)
        cls.default_session = connection
        if not _told:
            _told = True
            warnings.warn(
                f"No server is configured: this uses the catalog on this machine, "
                f"'{connection.url}'. Set OMICSHELF_URL to use another.",
                stacklevel=2,
            )
        return connection
