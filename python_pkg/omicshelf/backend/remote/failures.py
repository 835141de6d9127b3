"""What a failed request means: an error of ours, with what to check, and never a secret."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
import urllib3.exceptions as below

from omicshelf import errors
from omicshelf.backend import wire
from omicshelf.errors import Unauthorized, Unreachable

__all__ = ["error_of_answer", "never_left", "no_catalog", "unreachable", "unreadable"]

_CREDENTIAL = (
    "Pass token=…, set OMICSHELF_TOKEN, or write token or token_file into config.toml. "
    "`jupyter server list` shows the token of a server of your own; on a JupyterHub, make one "
    "under 'Token' of its home page."
)
_CHECK = "Check that it runs, and that the address is right; on a JupyterHub, start your server."
_UNKNOWN_END = (
    "It is not known whether the change was made: look at the dataset before you repeat it."
)


def never_left(error: Exception) -> bool:
    """Whether a request surely did not reach the server, so that it may be sent again."""
    kinds = (below.NewConnectionError, below.ConnectTimeoutError, requests.ConnectTimeout)
    return any(isinstance(one, kinds) for one in _causes(error))


def unreachable(base: str, error: Exception, *, in_doubt: bool = False) -> Unreachable:
    """Give the error for a server that did not answer.

    Parameters
    ----------
    in_doubt
        The request changes something, and may have reached the server.
    """
    causes = _causes(error)
    if isinstance(error, requests.exceptions.SSLError):
        return Unreachable(
            f"The certificate of the server at {base}/ could not be verified.",
            "Ask who runs it for the certificate of their authority, and set REQUESTS_CA_BUNDLE to "
            "its file.",
        )
    if isinstance(error, requests.exceptions.ProxyError):
        why = "the proxy of this machine's network could not pass the request on"
    elif any(isinstance(one, below.NameResolutionError) for one in causes):
        why = "its name is not known"
    elif isinstance(error, requests.ConnectTimeout):
        why = "it did not answer in time"
    elif isinstance(error, requests.Timeout) or any(
        isinstance(one, below.ReadTimeoutError) for one in causes
    ):
        why = "it took the request and did not answer in time"
    elif any(isinstance(one, ConnectionRefusedError) for one in causes):
        why = "nothing listens there (connection refused)"
    elif never_left(error):
        why = "no connection could be made"
    else:
        why = "the connection broke"
    detail = f"{_UNKNOWN_END} {_CHECK}" if in_doubt else _CHECK
    return Unreachable(f"The server at {base}/ cannot be reached: {why}.", detail)


def unreadable(base: str) -> Unreachable:
    """Give the error for an answer that no omicshelf server gives."""
    return Unreachable(
        f"What came from {base}/ is no answer of an omicshelf server.",
        "Something between may have changed it, such as a proxy or a login page. " + _CHECK,
    )


def no_catalog(base: str) -> Unreachable:
    """Give the error for a server without omicshelf."""
    return Unreachable(
        f"There is a server at {base}/, but no omicshelf catalog.",
        "Paste the address of JupyterLab's page. If it is that one, install omicshelf where that "
        "Jupyter server runs, and start it again; `jupyter server extension list` names it then.",
    )


def error_of_answer(base: str, answer: requests.Response, *, has_token: bool) -> Exception:
    """Give the error that an answer other than 2xx stands for."""
    status, body = answer.status_code, _body(answer)
    if status in (301, 302, 303, 307, 308):
        return _redirected(base, answer, has_token)
    if isinstance(body, dict) and isinstance(body.get("kind"), str) and body["kind"]:
        error = wire.error_of(body, status)
        return _unauthorized(base, has_token) if isinstance(error, Unauthorized) else error
    # Not of our server: of Jupyter, a hub, or a proxy before them.
    if status in (401, 403):
        return _unauthorized(base, has_token)
    if status == 404:
        return no_catalog(base)
    if status == 413:
        return errors.Invalid(
            f"The server at {base}/, or a proxy before it, refuses a request of this size.",
            "Ask who runs it to allow larger bodies (nginx: client_max_body_size).",
        )
    if status == 429:
        return errors.RepositoryLocked(
            f"The server at {base}/ is asked too often.", "Wait a while, then try again."
        )
    return Unreachable(f"The server at {base}/ cannot be used now: status {status}.", _CHECK)


def _unauthorized(base: str, has_token: bool) -> Unauthorized:
    if has_token:
        title = f"The server at {base}/ does not accept the token."
        return Unauthorized(title, f"It may have expired, or be of another server. "
                                   f"{_CREDENTIAL}")  # fmt: skip
    return Unauthorized(f"The server at {base}/ asks for a token.", _CREDENTIAL)


def _redirected(base: str, answer: requests.Response, has_token: bool) -> Exception:
    target = urlsplit(urljoin(f"{base}/", answer.headers.get("Location", "")))
    if "login" in target.path or target.path.startswith("/hub/"):
        return _unauthorized(base, has_token)
    # Not followed: a token is not sent anywhere but where it was meant for.
    return Unreachable(
        f"The server at {base}/ sends its visitors to {target.scheme}://{target.netloc}/.",
        "Use that address, if you trust it.",
    )


def _body(answer: requests.Response) -> Any:
    try:
        return json.loads(answer.content)
    except (ValueError, requests.RequestException):
        return None


def _causes(error: BaseException) -> list[BaseException]:
    """Give an error and all that it was made of, as requests and urllib3 wrap them."""
    found: list[BaseException] = []
    waiting: list[Any] = [error]
    while waiting:
        one = waiting.pop()
        if isinstance(one, BaseException) and one not in found:
            found.append(one)
            waiting += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
    return found
