"""One tree of errors.

Every error that omicshelf raises on purpose is a :class:`RequestException`: it has a
``title`` (what is wrong, with the value) and a ``detail`` (the rule and the remedy). Each
class is also the built-in exception that a Python user expects, so
``except KeyError`` catches a :class:`NotFound`.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "AccessDenied",
    "AccessDeniedError",
    "AlreadyExists",
    "Conflict",
    "FailureLimitError",
    "IntegrityError",
    "Invalid",
    "MissingDependency",
    "MissingPath",
    "NotFound",
    "QueryFailed",
    "RepositoryLocked",
    "RequestException",
    "StaleUpload",
    "StorageError",
    "Unauthorized",
    "UnauthorizedException",
    "Unreachable",
]


class RequestException(Exception):
    """The root of the tree.

    Parameters
    ----------
    title
        What is wrong, naming the value.
    detail
        The rule that it breaks and what to do about it.

    Examples
    --------
    >>> from omicshelf import errors
    >>> try:
    ...     raise errors.NotFound("No dataset 'x' in atlas 'default'.", "Did you mean 'x1'?")
    ... except KeyError as error:
    ...     print(error)
    No dataset 'x' in atlas 'default'.
    Did you mean 'x1'?
    """

    title: str
    detail: str | None

    def __init__(self, title: str = "", detail: str | None = None) -> None:
        # One argument only: an OSError takes two as (errno, text).
        super().__init__(title)
        self.title = title
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.title}\n{self.detail}" if self.detail else self.title

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.title!r}, {self.detail!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.title, self.detail), self.__dict__.copy()

    @property
    def kind(self) -> str:
        """The class's name as the REST interface and ``--json`` report it."""
        return type(self).__name__


class NotFound(RequestException, KeyError):
    """No such atlas, dataset, version, file or study."""


class AlreadyExists(RequestException, ValueError):
    """The id or name is taken."""


class Invalid(RequestException, ValueError):
    """A value that breaks a rule; nothing was written."""


class MissingPath(Invalid, FileNotFoundError):
    """A path that is not there."""


class MissingDependency(RequestException, ImportError):
    """An optional package that this call needs is not installed."""


class Conflict(RequestException):
    """Somebody else changed the dataset since the version that the call is based on."""


class StaleUpload(Conflict):
    """What an upload was to share is gone, or it was used already."""


class AccessDenied(RequestException, PermissionError):
    """The user, or the file system, does not allow it."""


class Unauthorized(RequestException):
    """No valid credential was given."""


class IntegrityError(RequestException):
    """Stored bytes do not have the hash that was recorded; they are never returned as data."""


class StorageError(RequestException, OSError):
    """The store could not be read or written: no space, a vanished disk, an I/O error."""


class RepositoryLocked(RequestException):
    """An exclusive operation on the atlas or the store is under way."""


class QueryFailed(RequestException):
    """A query that could not be planned or run."""


class FailureLimitError(RequestException):
    """More items failed than the caller allowed."""


class Unreachable(RequestException, ConnectionError):
    """The server or the database cannot be reached."""


AccessDeniedError = AccessDenied
UnauthorizedException = Unauthorized
