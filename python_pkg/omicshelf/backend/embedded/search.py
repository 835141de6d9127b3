"""Finding datasets: filters, full text, order, pages, and facets with counts."""

from __future__ import annotations

import base64
import json
from typing import Any

import sqlalchemy as sa

from omicshelf import rules
from omicshelf.backend.base import Filter, Page, Query
from omicshelf.backend.embedded import schema as t
from omicshelf.backend.embedded.core import near_misses
from omicshelf.backend.embedded.database import fold
from omicshelf.backend.embedded.datasets import Datasets
from omicshelf.backend.embedded.facets import FacetIndex
from omicshelf.backend.embedded.index import as_number, as_text, text_condition
from omicshelf.errors import Invalid

__all__ = ["FIELDS", "ORDERS", "Search"]

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
ORDERS = (
    "dataset_id", "created_at", "last_modified_at", "size", "n_obs", "n_vars", "data_type",
    "data_format", "study_id",
)  # fmt: skip


class Search(Datasets):
    """The part of the embedded backend that finds datasets."""

    def __init__(self) -> None:
        super().__init__()
        self._facet_index = FacetIndex(self.db_reading)

    def db_reading(self) -> Any:
        """Give a reading transaction; the facets' own, so that they need no whole backend."""
        return self.db.reading()

    def find(self, atlas: str, query: Query) -> Page:
        """Give one page of the datasets that a query matches, its total and facets."""
        column, descending = _order(query.order_by)
        with self.db.reading() as connection:
            atlas_key = self.find_atlas(connection, atlas)
            if atlas_key is None:
                return Page([], 0 if query.count else None, None, {f: {} for f in query.facets})
            conditions = self._conditions(connection, atlas_key, query)
            rows, after = self._page(connection, query, conditions, column, descending)
            total = None
            if query.count:
                total = connection.execute(
                    sa.select(sa.func.count()).select_from(t.dataset).where(*conditions)
                ).scalar_one()
            facets = {}
            if query.facets:
                facets = self._facets(connection, atlas_key, query, conditions)
        return Page([self.dataset_record(row) for row in rows], total, after, facets)

    def _page(
        self,
        connection: sa.Connection,
        query: Query,
        conditions: list[sa.ColumnElement[bool]],
        column: sa.ColumnElement[Any],
        descending: bool,
    ) -> tuple[list[sa.Row[Any]], str | None]:
        # Nulls have no place in a keyset comparison, so they take the place before all values.
        text = isinstance(column.type, sa.String)
        key = sa.func.coalesce(column, "" if text else -1) if column.nullable else column
        chosen = sa.select(d.id, key.label("key")).where(*conditions)
        if query.after is not None:
            value, last = _cursor(query.after, query.order_by)
            place = sa.tuple_(key, d.id)
            here = sa.tuple_(sa.literal(value), sa.literal(last))
            chosen = chosen.where(place < here if descending else place > here)
        directed = (key.desc(), d.id.desc()) if descending else (key.asc(), d.id.asc())
        chosen = chosen.order_by(*directed)
        limit = query.limit
        if limit is not None:
            chosen = chosen.limit(limit + 1)
        keys = connection.execute(chosen).all()
        more = limit is not None and len(keys) > limit
        keys = keys[:limit] if limit is not None else keys
        after = _cursor_of(keys[-1], query.order_by) if more and keys else None
        rows: dict[int, sa.Row[Any]] = {}
        wanted = [row.id for row in keys]
        for start in range(0, len(wanted), 500):
            batch = self.datasets_query().where(d.id.in_(wanted[start : start + 500]))
            rows |= {row.dataset_key: row for row in connection.execute(batch)}
        return [rows[key] for key in wanted if key in rows], after

    def _conditions(
        self, connection: sa.Connection, atlas_key: int, query: Query
    ) -> list[sa.ColumnElement[bool]]:
        conditions: list[sa.ColumnElement[bool]] = [
            d.atlas_id == atlas_key,
            d.deleted == sa.literal(query.deleted),
            d.current_version.is_not(None),
        ]
        words = text_condition(connection, query.text)
        if words is not None:
            conditions.append(words)
        conditions += [_condition(atlas_key, one) for one in query.where]
        return conditions

    def _facets(
        self,
        connection: sa.Connection,
        atlas_key: int,
        query: Query,
        conditions: list[sa.ColumnElement[bool]],
    ) -> dict[str, dict[str, int]]:
        chosen = None
        if query.text.strip() or query.where or query.deleted:
            chosen = list(connection.execute(sa.select(d.id).where(*conditions)).scalars())
        return self._facet_index.count(
            connection, atlas_key, query.facets, chosen, limit=query.facet_limit
        )

    def matching_ids(self, atlas: str, query: Query) -> list[str]:
        """Give the ids of all live datasets that a query matches, by id."""
        with self.db.reading() as connection:
            atlas_key = self.find_atlas(connection, atlas)
            if atlas_key is None:
                return []
            conditions = self._conditions(connection, atlas_key, query)
            found = sa.select(d.dataset_id).where(*conditions).order_by(d.dataset_id)
            return list(connection.execute(found).scalars())


def _order(order_by: str) -> tuple[sa.ColumnElement[Any], bool]:
    descending = order_by.startswith("-")
    name = order_by.removeprefix("-")
    if name not in ORDERS:
        raise Invalid(
            f"Datasets cannot be ordered by '{name}'.",
            near_misses(name, ORDERS) or f"Choose one of {', '.join(ORDERS)}, or '-' before it.",
        )
    return FIELDS[name], descending


def _cursor_of(row: Any, order_by: str) -> str:
    text = json.dumps([order_by, row.key, row.id])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _cursor(cursor: str, order_by: str) -> tuple[Any, int]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        order, value, last = json.loads(base64.urlsafe_b64decode(padded))
    except (ValueError, TypeError) as error:
        raise Invalid(
            f"'{cursor[:60]}' is no cursor.", "Pass the `next` of the page before, unchanged."
        ) from error
    if order != order_by or not isinstance(last, int) or not isinstance(value, str | int | float):
        raise Invalid(
            "The cursor belongs to another order of the datasets.",
            "Start again without it when `order_by` changes.",
        )
    return value, last


def _condition(atlas_key: int, one: Filter) -> sa.ColumnElement[bool]:
    if one.key in FIELDS:
        return _field_condition(FIELDS[one.key], one)
    a = t.attribute.c
    there = sa.select(a.dataset_id).where(a.atlas_id == atlas_key, a.key == one.key)
    if one.operator == "exists":
        return d.id.in_(there)
    if one.operator == "missing":
        return d.id.not_in(there)
    if one.operator == "!=":
        return d.id.not_in(there.where(a.text == as_text(one.value)))
    if one.operator == "in":
        return d.id.in_(there.where(a.text.in_([as_text(v) for v in _listed(one)])))
    if one.operator in ("contains", "starts"):
        return d.id.in_(there.where(_like(a.text, one)))
    if one.operator == "=":
        return d.id.in_(there.where(a.text == as_text(one.value)))
    number = as_number(one.value)
    if number is not None:
        return d.id.in_(there.where(_compare(a.number, one.operator, number)))
    # Dates in ISO form compare as text; numbers must not, "10" would come before "9".
    text = there.where(a.number.is_(None))
    return d.id.in_(text.where(_compare(a.text, one.operator, as_text(one.value))))


def _field_condition(column: sa.ColumnElement[Any], one: Filter) -> sa.ColumnElement[bool]:
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
