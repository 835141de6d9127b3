"""What each filter of a query asks the database: a set of dataset keys, or a condition on a row."""

from __future__ import annotations

import math
from typing import Any

import sqlalchemy as sa

from omicshelf import rules
from omicshelf.backend.base import Filter
from omicshelf.backend.embedded import schema as t
from omicshelf.backend.embedded.database import fold
from omicshelf.backend.embedded.index import as_key, as_number, as_text
from omicshelf.errors import Invalid

__all__ = ["FIELDS", "attribute_keys", "field_condition"]

_LARGEST = 2.0**63  # what a database holds as a whole number

d = t.dataset.c

# The built-in fields of a dataset that filters and facets know beside its metadata.
FIELDS: dict[str, sa.ColumnElement[Any]] = {
    "dataset_id": d.dataset_id,
    "data_type": d.data_type,
    "data_format": d.data_format,
    "study_id": d.study_id,
    "author": d.author,
    "size": d.size,
    "n_obs": d.n_obs,
    "n_vars": d.n_vars,
    "created_at": d.created_at,
    "last_modified_at": d.modified_at,
    "problems": d.n_problems,
}


def attribute_keys(atlas_key: int, one: Filter) -> tuple[sa.Select[Any], bool]:
    """Select the keys of the datasets whose attributes match a filter on metadata.

    Each statement is served by one index of ``attribute`` alone, and may give a key twice.

    Returns
    -------
    statement
        One column, the datasets' keys.
    wanted
        False where the filter asks for the datasets that are not in it.
    """
    a = t.attribute.c
    there = sa.select(a.dataset_id).where(a.atlas_id == atlas_key, a.key == as_key(one.key))
    if one.operator in ("exists", "missing"):
        return there, one.operator == "exists"
    if one.operator in ("=", "!="):
        return there.where(a.text == as_text(one.value)), one.operator == "="
    if one.operator == "in":
        return there.where(a.text.in_([as_text(v) for v in _listed(one)])), True
    if one.operator in ("contains", "starts"):
        return there.where(_like(a.text, one)), True
    number = as_number(one.value)
    if number is not None and math.isnan(number):
        return there.where(sa.false()), True  # on PostgreSQL it is larger than all numbers
    if number is not None:
        return there.where(_compare(a.number, one.operator, number)), True
    # Dates in ISO form compare as text; numbers must not, "10" would come before "9".
    text = there.where(a.number.is_(None))
    return text.where(_compare(a.text, one.operator, as_text(one.value))), True


def field_condition(one: Filter) -> sa.ColumnElement[bool]:
    """Give the condition of a filter on one of :data:`FIELDS`."""
    column = FIELDS[one.key]
    if one.operator == "exists":
        return column.is_not(None)
    if one.operator == "missing":
        return column.is_(None)
    text = isinstance(column.type, sa.String)
    if one.operator in ("contains", "starts"):
        part = as_text(one.value)
        return _like(_folded(column, [part]) if text else sa.cast(column, sa.String), one)
    values = _listed(one) if one.operator == "in" else [one.value]
    typed = [_typed(value, one, text) for value in values]
    folded = _folded(column, typed) if text else column
    if one.operator in ("=", "in"):
        return folded.in_(typed)
    if one.operator == "!=":
        return sa.or_(column.is_(None), folded.not_in(typed))
    compared: sa.ColumnElement[bool] = _compare(folded, one.operator, typed[0])
    return compared


def _folded(column: sa.ColumnElement[Any], values: list[str]) -> sa.ColumnElement[Any]:
    # SQLite's own `lower` is quicker, and enough for what is written in ASCII.
    return sa.func.lower(column) if all(map(str.isascii, values)) else fold(column)


def _typed(value: Any, one: Filter, text: bool) -> Any:
    if text:
        return as_text(value)
    number = as_number(value)
    if number is None or not abs(number) < _LARGEST:
        raise Invalid(
            f"'{one.key}' is a number and cannot be compared with {value!r:.60}.",
            f"Compare it with a number, for example {one.key}:>1000.",
        )
    return int(number) if number.is_integer() else number


def _listed(one: Filter) -> list[Any]:
    if not isinstance(one.value, list | tuple | set | frozenset):
        raise Invalid(
            f"The filter on '{rules.shown(one.key)}' has {one.value!r:.60} for a list of values.",
            "'in' compares with each value of a list: ['lung', 'liver'].",
        )
    return list(one.value)[:500]


def _like(column: sa.ColumnElement[Any], one: Filter) -> sa.ColumnElement[bool]:
    value = as_text(one.value)
    if one.operator == "starts":
        return column.startswith(value, autoescape=True)
    return column.contains(value, autoescape=True)


def _compare(column: Any, operator: str, value: Any) -> Any:
    if operator == "<":
        return column < value
    if operator == "<=":
        return column <= value
    if operator == ">":
        return column > value
    if operator == ">=":
        return column >= value
    raise Invalid(
        f"'{operator}' is no operator.",
        "Use =, !=, <, <=, >, >=, in, contains, starts, exists or missing.",
    )
