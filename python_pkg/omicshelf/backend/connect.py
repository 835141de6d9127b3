"""From an address to a backend; the one place that reads the configuration."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

from omicshelf.backend.base import Backend
from omicshelf.errors import Invalid

__all__ = ["configured_url", "open_backend"]


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
    config = Path(platformdirs.user_config_dir("omicshelf")) / "config.toml"
    if config.is_file():
        try:
            url = tomllib.loads(config.read_text()).get("url")
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise Invalid(
                f"The configuration file '{config}' cannot be read: {error}.",
                'It is TOML, with one line such as: url = "/data/catalog"',
            ) from error
        if url is not None and (not isinstance(url, str) or not url.strip()):
            raise Invalid(
                f"'url' in the configuration file '{config}' is {url!r}.",
                'Write the folder of a catalog: url = "/data/catalog"',
            )
        if url:
            return url
    return str(Path(platformdirs.user_data_dir("omicshelf")) / "catalog")


def open_backend(url: str | os.PathLike[str] | None, *, token: str | None = None) -> Backend:
    """Open the backend at ``url``, or at the configured address.

    Raises
    ------
    omicshelf.errors.Invalid
        If the address is of a kind that this release cannot open.
    """
    text = os.fspath(url) if url is not None else configured_url()
    if not isinstance(text, str) or not text.strip() or "\x00" in text:
        raise Invalid(f"{text!r} is no address of a catalog.", "Pass the path of a folder.")
    scheme = urlsplit(text).scheme if "://" in text else ""
    if scheme == "file":
        text = urlsplit(text).path
    elif scheme:
        raise Invalid(
            f"This release cannot open a catalog at '{scheme}://…'.",
            "Pass the folder of a catalog on this machine, such as '~/catalog'.",
        )
    from omicshelf.backend.embedded.backend import EmbeddedBackend

    return EmbeddedBackend(text)
