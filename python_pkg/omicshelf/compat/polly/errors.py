"""``polly.errors``: every class name of old ``except`` clauses, on our one tree of errors."""

from __future__ import annotations

from typing import Any

from omicshelf.errors import (
    AccessDeniedError,
    FailureLimitError,
    Invalid,
    NotFound,
    QueryFailed,
    RepositoryLocked,
    RequestException,
    UnauthorizedException,
)

__all__ = [
    "AccessDeniedError",
    "BadRequestError",
    "BaseExceptionError",
    "FailureLimitError",
    "InvalidDirectoryPath",
    "InvalidDirectoryPathException",
    "InvalidParameterException",
    "InvalidPathException",
    "InvalidWorkspaceDetails",
    "MissingKeyException",
    "OperationFailedException",
    "QueryFailedException",
    "RequestException",
    "RequestFailureException",
    "ResourceNotFoundError",
    "UnauthorizedException",
    "UnfinishedQueryException",
    "ValidationError",
    "apiErrorException",
    "error_handler",
    "invalidApiResponseException",
    "invalidDataException",
    "paramException",
    "wrongParamException",
]

BaseExceptionError = RequestException
OperationFailedException = RequestException
RequestFailureException = RequestException
apiErrorException = RequestException
invalidApiResponseException = RequestException

BadRequestError = Invalid
InvalidDirectoryPath = Invalid
InvalidDirectoryPathException = Invalid
InvalidParameterException = Invalid
InvalidPathException = Invalid
InvalidWorkspaceDetails = Invalid
ValidationError = Invalid
invalidDataException = Invalid
paramException = Invalid
wrongParamException = Invalid

MissingKeyException = NotFound
ResourceNotFoundError = NotFound

QueryFailedException = QueryFailed
UnfinishedQueryException = QueryFailed


def error_handler(response: Any) -> None:
    """Raise what a JSON:API response reports; do nothing where it reports no error.

    Parameters
    ----------
    response
        A response of ``requests``, or anything with its ``status_code``, ``json()`` and
        ``raise_for_status()``.

    Raises
    ------
    omicshelf.errors.RequestException
        If the body has ``error`` or ``errors``, with its title and detail.
    omicshelf.errors.Unauthorized
        On status 401 without such a body.
    requests.HTTPError
        On any other status of 400 and above.
    """
    body = response_body(response)
    for holder in (body, body.get("data")):
        found = _reported(holder)
        if found is not None:
            title, detail = found
            if title == "Repository Locked":
                raise RepositoryLocked(title, detail or "Another operation on it is under way.")
            raise RequestException(title, detail)
    if getattr(response, "status_code", None) == 401:
        raise UnauthorizedException("Expired or Invalid Token", "Log in again with a new token.")
    response.raise_for_status()


def response_body(response: Any) -> dict[str, Any]:
    """Give the JSON object of a response; an empty one where it has none."""
    try:
        body = response.json()
    except ValueError:  # every JSON decoder's error is one
        return {}
    return body if isinstance(body, dict) else {}


def _reported(holder: Any) -> tuple[str, str | None] | None:
    """Give title and detail of the first error that a part of the body reports."""
    if not isinstance(holder, dict):
        return None
    found = holder.get("error") or holder.get("errors")
    if isinstance(found, list):
        found = found[0] if found else None
    if isinstance(found, dict):
        title = found.get("title") or found.get("code") or "The request failed."
        detail = found.get("detail") or found.get("details") or found.get("message")
        return str(title), None if detail is None else str(detail)
    return None if not found else (str(found), None)
