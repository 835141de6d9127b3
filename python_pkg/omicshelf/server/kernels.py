"""The credential for another server, and what the kernels of this one are told."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from omicshelf.errors import Invalid

__all__ = ["credential", "is_server", "tell_kernels"]

_LONGEST_TOKEN = 4096
_ANY = frozenset({"", "0.0.0.0", "::", "[::]", "*", "localhost", "127.0.0.1"})  # noqa: S104


def is_server(url: str) -> bool:
    """Whether an address is that of a server, and not of a folder."""
    return urlsplit(url).scheme in ("http", "https") if "://" in url else False


def credential(token_file: str, wanted: bool) -> str | None:
    """Give the credential for the server behind this one, and take it out of the environment.

    What a kernel or a terminal of this server could read in its environment would be no secret
    of the server any more.

    Parameters
    ----------
    token_file
        A file that holds it; may be empty.
    wanted
        Whether there is a server behind this one: else nothing is touched.

    Raises
    ------
    omicshelf.errors.Invalid
        The file cannot be read, or holds no token.
    """
    if not wanted:
        return None
    given = os.environ.pop("OMICSHELF_TOKEN", "").strip()
    if token_file:
        return _read(Path(token_file).expanduser())
    # The hub gives it to each user's server; the hub's own parts go on to use it.
    return given or os.environ.get("JUPYTERHUB_API_TOKEN", "").strip() or None


def _read(path: Path) -> str:
    try:
        text = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(
            f"The file of the credential, '{path}', cannot be read: {error}.",
            "Write the token into it, on one line, readable by the server alone.",
        ) from error
    if not text or len(text) > _LONGEST_TOKEN or any(c.isspace() for c in text):
        raise Invalid(f"The file '{path}' holds no token.", "Write the token into it, on one line.")
    return text


def tell_kernels(serverapp: Any, folder: str | None, token: str) -> None:
    """Set, for the kernels that this server starts, where the catalog is.

    A folder they open themselves. Anything else, a team's database or another server, they
    reach through this one, with a token that is good for ``/omicshelf`` alone. Called when the
    port is known that the server has bound.
    """
    if folder is not None:
        os.environ["OMICSHELF_URL"] = str(Path(folder).expanduser().absolute())
        return
    if serverapp.sock:
        serverapp.log.warning(
            "The server listens on a socket of the file system: its kernels are not told where "
            "the catalog is. Set OMICSHELF_URL and OMICSHELF_TOKEN for them."
        )
        return
    scheme = "https" if serverapp.certfile else "http"
    host = "127.0.0.1" if serverapp.ip in _ANY else serverapp.ip
    if ":" in host:
        host = f"[{host}]"
    os.environ["OMICSHELF_URL"] = f"{scheme}://{host}:{serverapp.port}{serverapp.base_url}"
    os.environ["OMICSHELF_TOKEN"] = token
