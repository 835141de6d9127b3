"""From an address to a backend; the one place that reads the configuration."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from omicshelf.backend.base import Backend
from omicshelf.errors import Invalid

__all__ = ["TeamCatalog", "configured_team", "configured_token", "configured_url", "open_backend"]

_SERVERS = ("http", "https")


@dataclass(frozen=True)
class TeamCatalog:
    """Where a team's catalog is: its database, and its bucket or folder.

    Addresses may hold a password, and are not shown.
    """

    database_url: str | None = field(repr=False)
    storage_url: str | None = field(repr=False)
    folder: str | None = None

    @property
    def address(self) -> str:
        """Where its bytes are, without what may be secret."""
        return self.folder or (self.storage_url or "postgresql://").partition("?")[0]


def configured_team() -> TeamCatalog | None:
    """Give the team's catalog that the environment names, to be opened without its server.

    ``OMICSHELF_DATABASE_URL`` and ``OMICSHELF_STORAGE_URL``; ``OMICSHELF_URL`` may name the
    folder of its bytes. None where neither is set, or ``OMICSHELF_URL`` names a server.
    """
    database = os.environ.get("OMICSHELF_DATABASE_URL", "").strip() or None
    storage = os.environ.get("OMICSHELF_STORAGE_URL", "").strip() or None
    folder = os.environ.get("OMICSHELF_URL", "").strip() or None
    if (database is None and storage is None) or (folder and _server_of(folder)[0] in _SERVERS):
        return None
    return TeamCatalog(database, storage, folder)


def configured_url() -> str:
    """Give the catalog's address where none is passed.

    ``OMICSHELF_URL``; else ``url`` in the user's ``config.toml`` (in the folder that
    ``platformdirs.user_config_dir("omicshelf")`` names); else the default folder
    (``platformdirs.user_data_dir("omicshelf")``). No host name is looked up unless one is
    configured.
    """
    import platformdirs

    if given := os.environ.get("OMICSHELF_URL", "").strip():
        return given
    if url := _configured("url"):
        return url
    return str(Path(platformdirs.user_data_dir("omicshelf")) / "catalog")


def configured_token(url: str) -> str | None:
    """Give the credential for a server, where none is passed.

    ``OMICSHELF_TOKEN``; else, for the server that ``url`` in ``config.toml`` names and for no
    other, ``token`` there, or the content of the file that ``token_file`` names.
    """
    if given := os.environ.get("OMICSHELF_TOKEN", "").strip():
        return given
    ours = _configured("url")
    if ours is None or _server_of(ours) != _server_of(url):
        return None
    if (token := _configured("token")) is not None:
        return token
    file = _configured("token_file")
    if file is None:
        return None
    try:
        return Path(file).expanduser().read_text().strip() or None
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise Invalid(
            f"The token's file '{file}' cannot be read: {why}.",
            f"'token_file' in '{_config_file()}' names it.",
        ) from error


def open_backend(url: str | os.PathLike[str] | None, *, token: str | None = None) -> Backend:
    """Open the backend at ``url``, or at the configured address.

    Without ``url``, the database and the bucket of a team that the environment names come first:
    on a machine that reaches them no server is asked, and no role counts.

    Raises
    ------
    omicshelf.errors.Invalid
        If the address is of a kind that this release cannot open.
    """
    if url is None and (team := configured_team()) is not None:
        return _open_team(team)
    text = os.fspath(url) if url is not None else configured_url()
    if not isinstance(text, str) or not text.strip() or "\x00" in text:
        raise Invalid(f"{text!r} is no address of a catalog.", "Pass the path of a folder.")
    scheme = urlsplit(text).scheme if "://" in text else ""
    if scheme in _SERVERS:
        from omicshelf.backend.remote.address import parse_address
        from omicshelf.backend.remote.backend import RemoteBackend

        if token is None and parse_address(text).token is None:
            token = configured_token(text)
        return RemoteBackend(text, token=token)
    if scheme == "file":
        text = urlsplit(text).path
    elif scheme:
        raise Invalid(
            f"This release cannot open a catalog at '{scheme}://…'.",
            "Pass the folder of a catalog on this machine, such as '~/catalog', or the http(s) "
            "address of a server.",
        )
    from omicshelf.backend.embedded.backend import EmbeddedBackend

    return EmbeddedBackend(text)


def _open_team(team: TeamCatalog) -> Backend:
    from omicshelf.backend.embedded.backend import EmbeddedBackend

    if team.folder is None and team.storage_url is None:
        raise Invalid(
            "OMICSHELF_DATABASE_URL names a database, and nothing where the bytes are.",
            "Set OMICSHELF_STORAGE_URL to their bucket, or OMICSHELF_URL to their folder.",
        )
    return EmbeddedBackend(
        team.folder, database_url=team.database_url, storage_url=team.storage_url
    )


def _server_of(url: str) -> tuple[str, str | None, int | None]:
    """Give the scheme, host and port of an address; a token is sent nowhere else."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
        return parts.scheme, parts.hostname, port
    except ValueError:
        return "", None, None


def _config_file() -> Path:
    import platformdirs

    return Path(platformdirs.user_config_dir("omicshelf")) / "config.toml"


def _configured(key: str) -> str | None:
    """Give a text of the configuration file, or None where it is not there."""
    config = _config_file()
    if not config.is_file():
        return None
    try:
        found: Any = tomllib.loads(config.read_text()).get(key)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid(
            f"The configuration file '{config}' cannot be read: {error}.",
            'It is TOML, with one line such as: url = "/data/catalog"',
        ) from error
    if found is None:
        return None
    if not isinstance(found, str) or not found.strip():
        shown = "no text" if key == "token" else repr(found)
        raise Invalid(
            f"'{key}' in the configuration file '{config}' is {shown}.",
            'Write the folder of a catalog: url = "/data/catalog"'
            if key == "url"
            else f'Write it as text: {key} = "…"',
        )
    return found.strip()
