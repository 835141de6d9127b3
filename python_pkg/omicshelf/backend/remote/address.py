"""The address of a server, as a person pastes it from a browser or a terminal."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from omicshelf.errors import Invalid

__all__ = ["Address", "check_token", "is_loopback", "parse_address", "proxies_for"]

# First segments of the pages that a Jupyter server shows; what comes before is its base.
_PAGES = frozenset({"lab", "tree", "notebooks", "edit", "doc", "terminals", "omicshelf", "files"})
_MOST_BASES = 4
_EXAMPLE = "For example http://127.0.0.1:8888/ or https://hub.example.org/user/ada/"


@dataclass(frozen=True)
class Address:
    """What an address says: where the server may begin, most likely first, and a token."""

    bases: tuple[str, ...]
    token: str | None = field(default=None, repr=False)


def parse_address(text: str) -> Address:
    """Take an address apart; a page's path, its query and fragment are left out.

    A base may itself have a segment such as ``lab`` (a user of a hub may be called so), hence
    several places where it may end; the server tells which of them is right.

    Raises
    ------
    omicshelf.errors.Invalid
        It is no address of a server. No part of the message is a secret of the address.

    Examples
    --------
    >>> parse_address("https://hub.org/user/ada/lab/tree/a.ipynb?token=abc").bases
    ('https://hub.org/user/ada', 'https://hub.org/user/ada/lab')
    >>> parse_address("https://hub.org/services/omicshelf/").bases
    ('https://hub.org/services', 'https://hub.org/services/omicshelf')
    >>> parse_address("http://127.0.0.1:8888/?token=abc")
    Address(bases=('http://127.0.0.1:8888',))
    """
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname, parts.port
        if parts.scheme not in ("http", "https") or not host:
            raise ValueError("it has no host")
        if parts.username is not None or parts.password is not None:
            raise Invalid(
                f"The address of '{host}' holds a name or password.",
                "Leave them out; pass the token with token=… or in OMICSHELF_TOKEN.",
            )
        at = f"[{host}]" if ":" in host else host
        # As requests writes it: a name of another script becomes what the network knows.
        root = requests.Request("GET", f"{parts.scheme}://{at}").prepare().url or ""
        root = root.rstrip("/") + (f":{port}" if port is not None else "")
    except (ValueError, requests.RequestException) as error:
        if isinstance(error, Invalid):
            raise
        shown = text.strip().split("?")[0].rpartition("@")[2]
        raise Invalid(f"'{shown[:200]}' is no address of a server.", _EXAMPLE) from None
    segments = [segment for segment in parts.path.split("/") if segment not in ("", ".", "..")]
    ends = [i for i, segment in enumerate(segments) if segment in _PAGES] or [len(segments)]
    if segments and segments[-1] == "omicshelf":
        ends.append(len(segments))  # a service of a hub may be called so
    found = ("/".join([root, *segments[:end]]) for end in ends[:_MOST_BASES])
    tokens = [token for token in parse_qs(parts.query).get("token", ()) if token.strip()]
    return Address(tuple(dict.fromkeys(found)), check_token(tokens[-1]) if tokens else None)


def check_token(token: str) -> str:
    """Give a token without the blanks around it, or refuse it without showing it."""
    token = token.strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise Invalid(
            "The token is empty, or has characters that no token has.",
            "Copy it again, without quotes, blanks or line breaks.",
        )
    return token


def is_loopback(url: str) -> bool:
    """Whether an address is of this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def proxies_for(url: str) -> dict[str, Any]:
    """Give what requests is told of proxies: this machine is never asked through one."""
    # None for each keeps requests from taking those of the environment.
    return {"http": None, "https": None, "all": None} if is_loopback(url) else {}
