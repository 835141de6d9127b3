"""Finding datasets: filters, full text, order, pages, and facets with counts."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa

from omicshelf.backend.base import KeyUse, MetadataKeys, Page, Query
from omicshelf.backend.embedded import schema as t
from omicshelf.backend.embedded.core import batches, is_unicode, near_misses
from omicshelf.backend.embedded.datasets import Datasets
from omicshelf.backend.embedded.facets import FacetIndex
from omicshelf.backend.embedded.filters import FIELDS
from omicshelf.backend.embedded.matching import Keys, Matching, in_keys
from omicshelf.errors import Invalid

__all__ = ["FIELDS", "ORDERS", "Search"]

d = t.dataset.c

ORDERS = (
    "dataset_id", "created_at", "last_modified_at", "size", "n_obs", "n_vars", "data_type",
    "data_format", "study_id",
)  # fmt: skip
# The orders along which an index is walked.
_INDEXED = frozenset({"dataset_id", "created_at", "last_modified_at", "size"})

# From so many datasets it is told which metadata keys are in use.
_TELLING = 1_000
_MOST_KEYS = 200


class Search(Datasets):
    """The part of the embedded backend that finds datasets."""

    def __init__(self) -> None:
        super().__init__()
        self._facet_index = FacetIndex()

    def find(self, atlas: str, query: Query) -> Page:
        """Give one page of the datasets that a query matches, its total and facets."""
        order = _Order(query.order_by)
        with self.db.reading() as connection:
            atlas_key = self.find_atlas(connection, atlas)
            if atlas_key is None:
                return Page([], 0 if query.count else None, None, {f: {} for f in query.facets})
            matching = Matching(connection, atlas_key, query)
            keys = None
            # The page alone is sooner read along its order, where rows tell what matches.
            narrows = matching.fields or query.deleted
            if matching.needs_keys or (narrows and (query.count or query.facets)):
                keys = matching.keys()
            places, after = self._places(connection, query, order, matching, keys)
            total = None
            if query.count:
                total = _count(connection, matching) if keys is None else len(keys)
            facets = {}
            if query.facets:
                facets = self._facet_index.count(
                    connection, atlas_key, query.facets, keys, limit=query.facet_limit
                )
            rows = self._rows(connection, [place.id for place in places])
        return Page([self.dataset_record(row) for row in rows], total, after, facets)

    def metadata_keys(self, atlas: str) -> MetadataKeys:
        """Give the metadata keys of the datasets that were changed last, and their counts."""
        a = t.attribute.c
        with self.db.reading() as connection:
            atlas_key = self.find_atlas(connection, atlas)
            if atlas_key is None:
                return MetadataKeys(0, [])
            recent = sa.select(d.id).where(
                d.atlas_id == atlas_key, d.deleted == sa.false(), d.current_version.is_not(None)
            )
            # To count over all takes as long as there are many; the last tell what is in use.
            newest = recent.order_by(d.modified_at.desc(), d.id.desc()).limit(_TELLING)
            keys = np.sort(np.fromiter(connection.execute(newest).scalars(), np.int64))
            n_datasets = sa.func.count(sa.distinct(a.dataset_id))
            found = connection.execute(
                sa.select(a.key, n_datasets, sa.func.count(sa.distinct(a.text)))
                .where(in_keys(connection, a.dataset_id, keys))
                .group_by(a.key)
                .order_by(n_datasets.desc(), a.key)
                .limit(_MOST_KEYS)
            )
            return MetadataKeys(len(keys), [KeyUse(*row) for row in found])

    def _places(
        self,
        connection: sa.Connection,
        query: Query,
        order: _Order,
        matching: Matching,
        keys: Keys | None,
    ) -> tuple[Sequence[sa.Row[Any]], str | None]:
        """Give the keys of a page and their places in the order, and the cursor that follows."""
        start = order.start(query.after)
        wanted = None if query.limit is None else query.limit + 1
        found: Sequence[sa.Row[Any]] | None = None
        if keys is None:
            chosen = order.select().where(*matching.in_atlas, *matching.fields, *start)
            found = connection.execute(chosen.limit(wanted)).all()
        elif wanted is not None:
            walk = order.select().where(*matching.in_atlas, *start)
            found = _walked(connection, walk, keys, wanted) if order.has_index else None
        if found is None:
            assert keys is not None
            chosen = order.select().where(in_keys(connection, d.id, keys), *start)
            found = connection.execute(chosen.limit(wanted)).all()
        if query.limit is None or len(found) <= query.limit:
            return found, None
        page = found[: query.limit]
        return page, _cursor_of(page[-1], query.order_by) if page else None

    def _rows(self, connection: sa.Connection, keys: Sequence[int]) -> list[sa.Row[Any]]:
        rows: dict[int, sa.Row[Any]] = {}
        for batch in batches(keys, 500):
            found = connection.execute(self.datasets_query().where(d.id.in_(batch)))
            rows |= {row.dataset_key: row for row in found}
        return [rows[key] for key in keys if key in rows]

    def matching_ids(self, atlas: str, query: Query) -> list[str]:
        """Give the ids of all live datasets that a query matches, by id."""
        with self.db.reading() as connection:
            atlas_key = self.find_atlas(connection, atlas)
            if atlas_key is None:
                return []
            keys = Matching(connection, atlas_key, query).keys()
            found = sa.select(d.dataset_id).where(in_keys(connection, d.id, keys))
            return list(connection.execute(found.order_by(d.dataset_id)).scalars())


class _Order:
    """The order of a page: a field, and the dataset's key where two are the same."""

    def __init__(self, order_by: str) -> None:
        name = order_by.removeprefix("-")
        if name not in ORDERS:
            raise Invalid(
                f"Datasets cannot be ordered by '{name}'.",
                near_misses(name, ORDERS)
                or f"Choose one of {', '.join(ORDERS)}, or '-' before it.",
            )
        self._order_by = order_by
        self._descending = order_by.startswith("-")
        self.has_index = name in _INDEXED
        column = FIELDS[name]
        self._is_text = text = isinstance(column.type, sa.String)
        # Nulls have no place in a keyset comparison, so they take the place before all values.
        self._key = sa.func.coalesce(column, "" if text else -1) if column.nullable else column

    def select(self) -> sa.Select[Any]:
        """Select keys and places in this order."""
        by = (self._key, d.id)
        directed = [column.desc() if self._descending else column.asc() for column in by]
        return sa.select(d.id, self._key.label("key")).order_by(*directed)

    def start(self, after: str | None) -> list[sa.ColumnElement[bool]]:
        """Give the condition that a dataset comes after a cursor."""
        if after is None:
            return []
        value, last = _cursor(after, self._order_by, str if self._is_text else int)
        place = sa.tuple_(self._key, d.id)
        here = sa.tuple_(sa.literal(value), sa.literal(last))
        return [place < here if self._descending else place > here]


def _walked(
    connection: sa.Connection, walk: sa.Select[Any], keys: Keys, wanted: int
) -> list[sa.Row[Any]] | None:
    """Walk along an order until ``wanted`` of ``keys`` are found.

    Returns
    -------
    list of Row or None
        None where looking ``keys`` up and sorting them is sooner: there are few, or the walk
        met too few of them.
    """
    if not len(keys):
        return []
    largest = int(keys[-1])
    if 2 * wanted * largest > len(keys) ** 2:
        return None
    mask = np.zeros(largest + 1, np.bool_)
    mask[keys] = True
    is_match = mask.tobytes()
    found: list[sa.Row[Any]] = []
    n_walked = 0
    streamed = {"stream_results": True}
    with connection.execute(walk.limit(len(keys)), execution_options=streamed) as rows:
        for row in rows:
            n_walked += 1
            if row.id <= largest and is_match[row.id]:
                found.append(row)
                if len(found) == wanted:
                    return found
    return found if n_walked < len(keys) else None


def _count(connection: sa.Connection, matching: Matching) -> int:
    counted = sa.select(sa.func.count()).select_from(t.dataset)
    found: int = connection.execute(
        counted.where(*matching.in_atlas, *matching.fields)
    ).scalar_one()
    return found


def _cursor_of(row: Any, order_by: str) -> str:
    text = json.dumps([order_by, row.key, row.id])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _cursor(cursor: str, order_by: str, kind: type[str | int]) -> tuple[Any, int]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        order, value, last = json.loads(base64.urlsafe_b64decode(padded))
    except (ValueError, TypeError) as error:
        raise Invalid(
            f"'{cursor[:60]}' is no cursor.", "Pass the `next` of the page before, unchanged."
        ) from error
    is_askable = type(last) is int and type(value) is kind and is_unicode(str(value))
    if order != order_by or not is_askable:
        raise Invalid(
            "The cursor belongs to another order of the datasets.",
            "Start again without it when `order_by` changes.",
        )
    return value, last
