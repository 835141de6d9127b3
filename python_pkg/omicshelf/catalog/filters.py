"""What people write to find datasets, and the filters that it means.

As text: words, and ``key:value`` with ``key:>1000``, ``key:a,b`` (any of them), ``key:*``
(is there), ``-key:value`` (is not), ``key:~part`` (contains). Values with spaces are quoted.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Any, cast

from omicshelf.backend.base import Filter, Operator
from omicshelf.errors import Invalid

__all__ = ["parse_text", "parse_where"]

_OPERATORS = {
    "=": "=", "==": "=", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">=", "in": "in",
    "contains": "contains", "~": "contains", "starts": "starts", "exists": "exists",
    "missing": "missing",
}  # fmt: skip
_TERM = re.compile(r"(-?)([^\s:]+):(.*)", re.DOTALL)
_VALUE = re.compile(r"(>=|<=|!=|>|<|=|~)?(.*)", re.DOTALL)

_ALIASES = {
    "id": "dataset_id",
    "type": "data_type",
    "format": "data_format",
    "study": "study_id",
    "created": "created_at",
    "modified": "last_modified_at",
}
_TIMES = ("created_at", "last_modified_at")


def parse_where(where: Mapping[str, Any] | str | None) -> tuple[Filter, ...]:
    """Turn ``{"tissue": "lung", "n_obs": (">", 1000)}``, or the same as text, into filters.

    A list means any of its values, None that the key is missing.

    Raises
    ------
    omicshelf.errors.Invalid
        Naming the part that cannot be understood.
    """
    if where is None:
        return ()
    if isinstance(where, str):
        words, filters = parse_text(where)
        if words:
            raise Invalid(
                f"'{words}' is no filter.",
                "A filter is key:value, such as tissue:lung or n_obs:>1000. Words to search for "
                "go into the first argument of `search`.",
            )
        return filters
    if not isinstance(where, Mapping):
        raise Invalid(
            f"where must be a dict or text, not {type(where).__name__}.",
            'For example {"tissue": "lung"} or "tissue:lung".',
        )
    return tuple(_from_pair(str(key), value) for key, value in where.items())


def _from_pair(key: str, value: Any) -> Filter:
    key = _ALIASES.get(key, key)
    if value is None:
        return Filter(key, "missing")
    if getattr(value, "ndim", 0) == 1:
        value = value.tolist()
    if isinstance(value, list | set | frozenset):
        return _filter(key, "in", [_plain(item) for item in value])
    if isinstance(value, tuple):
        if len(value) not in (1, 2) or str(value[0]) not in _OPERATORS:
            known = ", ".join(sorted(_OPERATORS))
            raise Invalid(
                f"The filter {value!r} on '{key}' cannot be understood.",
                f"A tuple is (operator, value), with an operator of {known}; a list means any of.",
            )
        operand = _plain(value[1]) if len(value) == 2 else None
        return _filter(key, _OPERATORS[value[0]], operand)
    return _filter(key, "=", _plain(value))


def _filter(key: str, operator: str, value: Any) -> Filter:
    if key in _TIMES and isinstance(value, str):
        value = _milliseconds(key, value)
    elif key in _TIMES and isinstance(value, list):
        value = [_milliseconds(key, one) if isinstance(one, str) else one for one in value]
    return Filter(key, cast("Operator", operator), value)


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist") and not isinstance(value, str | bytes):
        value = value.tolist()
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if not isinstance(value, str | int | float | bool | list | type(None)):
        raise Invalid(
            f"A filter cannot compare with {value!r:.80} of type {type(value).__name__}.",
            "Use text, a number, True or False.",
        )
    return value


def _milliseconds(key: str, value: str) -> int:
    import datetime as dt

    try:
        return int(dt.datetime.fromisoformat(value).timestamp() * 1000)
    except (ValueError, OverflowError) as error:
        raise Invalid(
            f"'{value}' is no date for '{key}'.", "Write it as 2026-05-31 or 2026-05-31T14:00."
        ) from error


def parse_text(text: str) -> tuple[str, tuple[Filter, ...]]:
    """Split a search into its words and its filters.

    Examples
    --------
    >>> words, filters = parse_text("fibrosis tissue:lung n_obs:>1000")
    >>> words, [(f.key, f.operator, f.value) for f in filters]
    ('fibrosis', [('tissue', '=', 'lung'), ('n_obs', '>', 1000)])
    """
    try:
        parts = shlex.split(text)
    except ValueError:  # a quote that is not closed yet, while a person types
        parts = text.replace('"', " ").replace("'", " ").split()
    words, filters = [], []
    for part in parts:
        term = _TERM.fullmatch(part)
        if term is None or "://" in part:
            words.append(part)
            continue
        negated, key, rest = term.groups()
        filters.append(_from_term(_ALIASES.get(key, key), rest, bool(negated)))
    return " ".join(words), tuple(filters)


def _from_term(key: str, rest: str, negated: bool) -> Filter:
    matched = _VALUE.fullmatch(rest)
    assert matched is not None
    operator, value = _OPERATORS[matched.group(1) or "="], matched.group(2)
    if value == "*" and operator == "=":
        return Filter(key, "missing" if negated else "exists")
    if value == "" and operator == "=":
        return Filter(key, "exists" if negated else "missing")
    if negated:
        if operator != "=":
            raise Invalid(
                f"'-{key}:{rest}' cannot be understood.",
                "A minus goes with a plain value: -tissue:lung.",
            )
        return _filter(key, "!=", value)
    if operator == "=" and "," in value:
        return Filter(key, "in", [item for item in value.split(",") if item])
    if operator in ("<", "<=", ">", ">=") or (operator == "=" and key in _TIMES):
        return _filter(key, operator, _number(value))
    return _filter(key, operator, value)


def _number(value: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(value.replace("_", ""))
        except ValueError:
            continue
    return value
