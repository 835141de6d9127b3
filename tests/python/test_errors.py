"""One tree of errors: what it prints, that it can be sent on, and how it is caught."""

from __future__ import annotations

import copy
import errno
import inspect
import pickle

import pytest

from omicshelf import errors
from omicshelf.errors import RequestException

CLASSES = sorted(
    {
        c
        for _name, c in inspect.getmembers(errors, inspect.isclass)
        if c.__module__ == errors.__name__
    },
    key=lambda c: c.__name__,
)
BUILT_IN = {
    "NotFound": KeyError,
    "AlreadyExists": ValueError,
    "Invalid": ValueError,
    "MissingPath": FileNotFoundError,
    "MissingDependency": ImportError,
    "AccessDenied": PermissionError,
    "StorageError": OSError,
    "Unreachable": ConnectionError,
}


def test_the_tree_is_whole() -> None:
    assert len(CLASSES) >= 15
    assert BUILT_IN.keys() <= {c.__name__ for c in CLASSES}
    assert set(errors.__all__) >= {c.__name__ for c in CLASSES}
    assert errors.AccessDeniedError is errors.AccessDenied
    assert errors.UnauthorizedException is errors.Unauthorized


@pytest.mark.parametrize("kind", CLASSES, ids=lambda c: c.__name__)
def test_every_class(kind: type[RequestException]) -> None:
    error = kind("No dataset 'x\u00e9'.", "Did you mean 'x1'?")
    assert issubclass(kind, RequestException)
    assert isinstance(error, BUILT_IN.get(kind.__name__, Exception))
    assert str(error) == "No dataset 'xé'.\nDid you mean 'x1'?"
    assert str(kind("Only this.")) == "Only this."
    assert str(kind()) == ""
    assert (error.title, error.detail, error.kind) == (
        "No dataset 'xé'.", "Did you mean 'x1'?", kind.__name__)  # fmt: skip
    assert repr(error) == f"{kind.__name__}(\"No dataset 'xé'.\", \"Did you mean 'x1'?\")"
    error.add_note("a note")
    for again in (
        *(pickle.loads(pickle.dumps(error, protocol)) for protocol in range(6)),
        copy.copy(error),
        copy.deepcopy(error),
    ):
        assert type(again) is kind
        assert (again.title, again.detail, str(again)) == (error.title, error.detail, str(error))
        assert again.__notes__ == ["a note"]
    with pytest.raises(BUILT_IN.get(kind.__name__, RequestException)) as caught:
        raise error
    assert caught.value is error


def test_an_error_of_the_system_keeps_its_number() -> None:
    error = errors.StorageError("No space left.", "Free some.")
    assert error.errno is None
    error.errno = errno.ENOSPC
    assert str(error) == "No space left.\nFree some."


def test_a_path_that_is_missing_is_invalid_too() -> None:
    assert issubclass(errors.MissingPath, errors.Invalid)
    assert issubclass(errors.MissingPath, ValueError)
