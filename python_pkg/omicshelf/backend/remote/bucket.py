"""The bucket behind a server, as far as presigned addresses let a client put parts into it."""

from __future__ import annotations

import threading
from collections.abc import Mapping

import requests

from omicshelf.backend.remote.address import proxies_for

__all__ = ["Bucket"]

_TIMEOUTS = 3.0, 120.0  # to connect: whether it can be reached at all is soon known
_ATTEMPTS = 2


class Bucket:
    """Puts parts at their presigned addresses; gives up on all of them when one does not work.

    A client may be where the bucket cannot be reached: then every part goes through the server.

    Parameters
    ----------
    urls
        The addresses by the numbers of the parts.
    """

    def __init__(self, urls: Mapping[int, str]) -> None:
        self._urls = urls
        self._given_up = False
        self._local = threading.local()

    def put(self, number: int, data: bytes | memoryview) -> bool:
        """Put a part; False where it has to go through the server."""
        url = self._urls.get(number)
        if url is None or self._given_up or not url.startswith(("https://", "http://")):
            return False
        for _attempt in range(_ATTEMPTS):
            try:
                answer = self._session().put(
                    url,
                    data=data,  # type: ignore[arg-type]  # it takes any buffer
                    timeout=_TIMEOUTS,
                    allow_redirects=False,
                    proxies=proxies_for(url),
                )
            except requests.RequestException:
                continue
            if answer.ok:
                return True
        self._given_up = True
        return False

    def _session(self) -> requests.Session:
        found: requests.Session | None = getattr(self._local, "session", None)
        if found is None:
            # No credential of ours: what the address allows is in the address.
            found = self._local.session = requests.Session()
            found.auth = _Nothing()
        return found


class _Nothing(requests.auth.AuthBase):
    """No credential, also none of ~/.netrc."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request
