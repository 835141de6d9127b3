"""The remote backend: a catalog that a server keeps."""

from __future__ import annotations

from omicshelf.backend.remote.address import check_token, parse_address
from omicshelf.backend.remote.client import Client
from omicshelf.backend.remote.uploads import Uploading
from omicshelf.backend.wire import Info

__all__ = ["RemoteBackend"]


class RemoteBackend(Uploading):
    """Asks an omicshelf server: one of a team, or a Jupyter server with the extension.

    Nothing is asked before it is needed. The bytes of versions are kept in the user's cache,
    below ``OMICSHELF_CACHE`` or where the system has caches.

    Parameters
    ----------
    url
        The server's address as a person pastes it, with ``/lab``, ``?token=…`` or without.
    token
        The credential; default: the one of the address.

    Raises
    ------
    omicshelf.errors.Invalid
        If the address or the token is none.
    """

    def __init__(self, url: str, *, token: str | None = None) -> None:
        address = parse_address(url)
        given = check_token(token) if token is not None else address.token
        super().__init__(Client(address, given))

    def __repr__(self) -> str:
        return f"RemoteBackend({self.url!r})"

    @property
    def url(self) -> str:
        """The address of the server, without a token."""
        return f"{self.client.base}/"

    def info(self) -> Info:
        """Give what the server is and can do, and who it takes this user for."""
        return self.client.info()

    @property
    def store_id(self) -> str:
        """The id of the store behind the server, also where that is the next server's."""
        return self.client.info().store

    def close(self) -> None:
        """Let go of files and close all connections. Using it again opens them again."""
        self.release()
        self.client.close()
