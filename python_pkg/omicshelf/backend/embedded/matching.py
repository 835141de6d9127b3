"""Which datasets match a query: sets of keys, each read from one index, put together in memory.

A database that joins the conditions of a search looks each dataset up for each of them. Here
every condition is one statement that reads an index from one place to another and comes back as
one text of numbers: 50,000 keys in a few milliseconds. The sets are masks over the keys.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from omicshelf.backend.base import Query
from omicshelf.backend.embedded import schema as t
from omicshelf.backend.embedded.filters import FIELDS, attribute_keys, field_condition
from omicshelf.backend.embedded.index import text_keys

__all__ = ["Keys", "Matching", "in_keys", "joined_keys", "parse_keys"]

Keys = NDArray[np.int64]

# So many rows are looked up one by one sooner than the rows of a whole atlas are read.
_FEW = 20_000

d = t.dataset.c


class Matching:
    """The conditions of a query, and the datasets that they hold for.

    Attributes
    ----------
    in_atlas
        That a dataset is in the atlas, and live or else deleted.
    fields
        The filters that are conditions on a row of ``dataset``.
    wanted, unwanted
        Sets of keys that a dataset must be in, and that it must not be in.
    """

    def __init__(self, connection: sa.Connection, atlas_key: int, query: Query) -> None:
        self._connection, self._atlas_key, self._query = connection, atlas_key, query
        self.in_atlas: list[sa.ColumnElement[bool]] = [
            d.atlas_id == atlas_key,
            d.deleted == sa.literal(query.deleted),
            d.current_version.is_not(None),
        ]
        self.fields = [field_condition(one) for one in query.where if one.key in FIELDS]
        self.wanted: list[sa.Select[Any]] = []
        self.unwanted: list[sa.Select[Any]] = []
        for one in query.where:
            if one.key not in FIELDS:
                keys, is_wanted = attribute_keys(atlas_key, one)
                (self.wanted if is_wanted else self.unwanted).append(keys)
        # Attributes are those of the atlas, and texts of all.
        self._of_atlas = bool(self.wanted)
        words = text_keys(connection, query.text)
        if words is not None:
            self.wanted.append(words)

    @property
    def needs_keys(self) -> bool:
        """Whether there are conditions that are not conditions on a row of ``dataset``."""
        return bool(self.wanted or self.unwanted)

    def keys(self) -> Keys:
        """Give the keys of the datasets that match, sorted."""
        # Only live datasets have attributes and a text.
        if self.wanted and self._query.deleted:
            return np.empty(0, np.int64)
        largest = self._connection.execute(sa.select(sa.func.max(d.id))).scalar_one() or 0
        mask = np.ones(largest + 1, np.bool_)
        for statement in self.wanted:
            mask &= _mask(self._read(statement), largest)
            if not mask.any():
                return np.empty(0, np.int64)
        for statement in self.unwanted:
            mask[self._read(statement)] = False
        if not self.wanted:
            mask &= _mask(self._read(self._rows()), largest)
        elif self.fields or not (self._of_atlas or self._is_only_atlas()):
            mask &= _mask(self._checked(np.flatnonzero(mask)), largest)
        return np.flatnonzero(mask)

    def _checked(self, keys: Keys) -> Keys:
        """Give those of ``keys`` that the conditions on the row hold for, and maybe others."""
        if len(keys) > _FEW:
            return self._read(self._rows())
        # Not a bare column: an index of the atlas must not look better than the keys.
        in_atlas = d.atlas_id + 0 == self._atlas_key
        listed = in_keys(self._connection, d.id, keys)
        return self._read(sa.select(d.id).where(listed, in_atlas, *self.fields))

    def _rows(self) -> sa.Select[Any]:
        return sa.select(d.id).where(*self.in_atlas, *self.fields)

    def _is_only_atlas(self) -> bool:
        return len(self._connection.execute(sa.select(t.atlas.c.id).limit(2)).all()) == 1

    def _read(self, statement: sa.Select[Any]) -> Keys:
        (column,) = statement.selected_columns
        joined = statement.with_only_columns(joined_keys(column))
        return parse_keys(self._connection.execute(joined).scalar_one())


def _mask(keys: Keys, largest: int) -> NDArray[np.bool_]:
    mask = np.zeros(largest + 1, np.bool_)
    mask[keys] = True
    return mask


def joined_keys(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Give a column of keys as one text: row by row takes several times as long."""
    return sa.func.aggregate_strings(sa.cast(column, sa.Text), ",")


def parse_keys(text: str | None) -> Keys:
    """Give the numbers of a text such as ``"3,17,4"``; none where it is None."""
    return np.fromstring(text, dtype=np.int64, sep=",") if text else np.empty(0, np.int64)


def in_keys(
    connection: sa.Connection, column: sa.ColumnElement[Any], keys: Keys
) -> sa.ColumnElement[bool]:
    """Give the condition that a column is one of ``keys``: one parameter for any number."""
    # `unnest` tells PostgreSQL how many there are; JSON would be guessed at a hundred.
    listed, array = (
        ("SELECT value FROM json_each(:keys)", "[{}]")
        if connection.dialect.name == "sqlite"
        else ("SELECT unnest(CAST(:keys AS bigint[]))", "{{{}}}")
    )
    joined = array.format(",".join(map(str, keys.tolist())))
    return column.in_(
        sa.text(listed).bindparams(keys=joined).columns(sa.column("value", sa.BigInteger))
    )
