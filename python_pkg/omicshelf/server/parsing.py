"""From what was sent to what a route's function gets; everything else is refused by name."""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, NoReturn, TypeVar, Union, get_args, get_origin
from urllib.parse import parse_qsl

from pydantic import BaseModel, ValidationError

from omicshelf import rules
from omicshelf.errors import Invalid

__all__ = ["parse_body", "parse_query"]

M = TypeVar("M", bound=BaseModel)

# Read by jupyter_server itself, on every route.
_JUPYTERS_OWN = frozenset({"token", "_xsrf", "no_track_activity"})
_MAX_TOLD = 5


def parse_query(text: str, model: type[M]) -> M:
    """Read the parameters behind the ``?`` of an address.

    Raises
    ------
    omicshelf.errors.Invalid
        A parameter that the route does not know, one that is given twice, or a wrong value.
    """
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=1000)
    except ValueError as error:
        raise Invalid(
            "The parameters of the address cannot be read.",
            "They are UTF-8, percent-encoded, at most 1,000: key=value&key=value.",
        ) from error
    lists = {name for name, known in model.model_fields.items() if _is_list(known.annotation)}
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in _JUPYTERS_OWN:
            continue
        if key in lists:
            found.setdefault(key, []).append(value)
        elif key in found:
            raise Invalid(
                f"The parameter '{rules.shown(key)}' is given twice.", "Give it one value."
            )
        else:
            found[key] = value
    try:
        return model.model_validate(found)
    except ValidationError as error:
        raise _told(error, "parameter", model) from error


def _is_list(annotation: Any) -> bool:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _is_list(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return any(_is_list(one) for one in get_args(annotation))
    return origin in (list, tuple)


def parse_body(raw: bytes, model: type[M], *, optional: bool = False) -> M:
    """Read a body of JSON.

    Raises
    ------
    omicshelf.errors.Invalid
        It is no JSON object, has a key twice, a key that is not known, a number that JSON does
        not have, or a value of the wrong type.
    """
    if optional and not raw.strip():
        raw = b"{}"
    _check_json(raw)
    try:
        return model.model_validate_json(raw, strict=True)
    except ValidationError as error:
        raise _told(error, "key", model) from error


def _check_json(raw: bytes) -> None:
    """Refuse what pydantic would take, or would tell in words of its own."""
    if not raw.strip():
        raise Invalid("The request has no body.", "Send a JSON object.")
    try:
        found = json.loads(
            raw.decode(),
            object_pairs_hook=_once,
            parse_constant=_no_constant,
            parse_float=_finite,
        )
    except UnicodeDecodeError as error:
        raise Invalid("The body is not UTF-8.", "Send JSON, encoded as UTF-8.") from error
    except json.JSONDecodeError as error:
        raise Invalid(
            f"The body is no JSON: {error.msg} at line {error.lineno}, column {error.colno}.",
            "Send a JSON object.",
        ) from error
    except RecursionError as error:
        raise Invalid("The body is nested too deep.", "Metadata have at most 60 levels.") from error
    except Invalid:
        raise  # of the hooks; it is a ValueError too
    except ValueError as error:  # Python's limit on the digits of whole numbers
        raise Invalid("A number of the body is too long.", str(error)) from error
    if not isinstance(found, dict):
        raise Invalid(
            f"The body is {_NAMES.get(type(found), 'no object')}, not an object.",
            "Send a JSON object: {…}.",
        )


_NAMES: dict[type, str] = {
    list: "a list", str: "text", int: "a number", float: "a number", bool: "true or false",
    type(None): "null",
}  # fmt: skip


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise Invalid(
            f"The body has the key '{rules.shown(twice)}' twice.", "Give each key one value."
        )
    return found


def _no_constant(name: str) -> NoReturn:
    raise Invalid(f"The body has {name}, which JSON does not know.", "Send null instead.")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise Invalid(f"The number {text[:40]} of the body is too large.", "Send it as text.")
    return number


def _told(error: ValidationError, what: str, model: type[BaseModel]) -> Invalid:
    """Say what is wrong in the words of the house: the name, the rule, the remedy."""
    found = error.errors(include_url=False, include_context=False)
    said = [_one(item, what, model) for item in found[:_MAX_TOLD]]
    title, remedies = said[0][0], [remedy for _, remedy in said[:1]]
    rest = [sentence for sentence, _ in said[1:]]
    if len(found) > _MAX_TOLD:
        rest.append(f"{len(found) - _MAX_TOLD} more.")
    return Invalid(title, " ".join([*remedies, *rest]))


def _one(item: Mapping[str, Any], what: str, model: type[BaseModel]) -> tuple[str, str]:
    path = rules.shown(_path(item["loc"]))
    if item["type"] == "extra_forbidden":
        names = list(model.model_fields) if len(item["loc"]) == 1 else []
        close = difflib.get_close_matches(path, names, n=1)
        known = ", ".join(names) or "none"
        remedy = f"Did you mean '{close[0]}'?" if close else f"Known here: {known}."
        return f"There is no {what} '{path}' here.", remedy
    if item["type"] == "missing":
        return f"The {what} '{path}' is missing.", f"Send the {what} '{path}'."
    if not item["loc"]:
        said = item["msg"].removeprefix("Invalid JSON: ")
        return f"The body is no JSON: {said}.", "Send a JSON object."
    value = item.get("input")
    given = "" if isinstance(value, dict | list) else f" {value!r:.80}"
    message = item["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return (
        f"The {what} '{path}' cannot be{given}.",
        f"It {message}." if message.startswith("should") else f"{message.rstrip('.')}.",
    )


def _path(loc: Sequence[int | str]) -> str:
    return ".".join(str(part) for part in loc)
