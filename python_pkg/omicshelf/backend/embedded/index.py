"""The search index of current versions: attributes for filters, text for full-text search."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from unicodedata import normalize

import sqlalchemy as sa

from omicshelf.backend.embedded import schema as t
from omicshelf.backend.embedded.words import words_of

__all__ = ["attributes_of", "index_dataset", "text_keys", "unindex_dataset"]

# Characters, and bytes: PostgreSQL keeps at most 2,704 bytes in a row of an index, and
# `ix_attribute_text` holds all three of them.
_MAX_KEY = (300, 700)
_MAX_TEXT = (300, 900)
_MAX_SHOWN = (200, 600)
_MAX_ATTRIBUTES = 2000
# Built once: making a statement costs as much as running it.
_DELETE_ATTRIBUTES = t.attribute.delete().where(t.attribute.c.dataset_id == sa.bindparam("id"))
_DELETE_FTS5 = sa.text("DELETE FROM dataset_text WHERE rowid = :id")
_DELETE_TSVECTOR = sa.text("DELETE FROM dataset_text WHERE dataset_id = :id")
_INSERT_FTS5 = sa.text("INSERT INTO dataset_text (rowid, body) VALUES (:id, :body)")
_INSERT_TSVECTOR = sa.text(
    "INSERT INTO dataset_text (dataset_id, body)"
    " VALUES (:id, array_to_tsvector(CAST(:words AS text[])))"
)


def attributes_of(metadata: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Flatten metadata: nested keys with dots, each item of a list a value of its own.

    Examples
    --------
    >>> list(attributes_of({"tissue": ["lung", "liver"], "donor": {"age": 61}}))
    [('tissue', 'lung'), ('tissue', 'liver'), ('donor.age', 61)]
    """
    for key, value in metadata.items():
        yield from _flatten(key, value)


def _flatten(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _flatten(f"{key}.{name}", item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _flatten(key, item)
    elif value is not None and value != "":
        yield key, value


def as_text(value: Any) -> str:
    """Give the form of a value that filters compare, without regard to case."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    return _cut(folded(str(value)), _MAX_TEXT)


def as_key(key: str) -> str:
    """Give the form of a metadata key in the index."""
    return _cut(key, _MAX_KEY)


def as_shown(value: Any) -> str:
    """Give the form of a value that facets show."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return _cut(str(value), _MAX_SHOWN)


def _cut(text: str, limits: tuple[int, int]) -> str:
    """Cut a text to so many characters and bytes; PostgreSQL has no text with a NUL in it."""
    n_characters, n_bytes = limits
    text = text[:n_characters].replace("\0", "")
    if len(text) * 4 <= n_bytes or text.isascii():
        return text[:n_bytes]
    return text.encode("utf-8", "surrogatepass")[:n_bytes].decode("utf-8", "ignore")


def folded(text: str) -> str:
    """Give a text without regard to case and to the way its accents are written."""
    return text.casefold() if text.isascii() else normalize("NFC", text).casefold()


def as_number(value: Any) -> float | None:
    """Give the number that a value is, or None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        try:
            return float(value)
        except OverflowError:
            return None
    return None


def index_dataset(
    connection: sa.Connection,
    dataset: sa.Row[Any],
    metadata: Mapping[str, Any],
    *,
    data_type: str,
    study_id: str | None,
    fresh: bool = False,
) -> None:
    """Write the index of a dataset's current version; ``fresh`` where it has none yet."""
    if not fresh:
        unindex_dataset(connection, dataset.id)
    rows, words = [], [dataset.dataset_id, data_type, study_id or ""]
    for number, (key, value) in enumerate(attributes_of(metadata)):
        if number < _MAX_ATTRIBUTES:
            rows.append(
                {
                    "dataset_id": dataset.id,
                    "atlas_id": dataset.atlas_id,
                    "key": as_key(key),
                    "text": (text := as_text(value)),
                    "shown": None if (shown := as_shown(value)) == text else shown,
                    "number": as_number(value),
                }
            )
        if not isinstance(value, bool):
            words.append(str(value))
    if rows:
        connection.execute(t.attribute.insert(), rows)
    _write_text(connection, dataset.id, "\n".join(words))


def _write_text(connection: sa.Connection, dataset_key: int, body: str) -> None:
    if connection.dialect.name == "sqlite":
        composed = normalize("NFC", body)
        connection.execute(_INSERT_FTS5, {"id": dataset_key, "body": composed})
        return
    connection.execute(_INSERT_TSVECTOR, {"id": dataset_key, "words": words_of(body)})


def unindex_dataset(connection: sa.Connection, dataset_key: int) -> None:
    """Take a dataset out of the index."""
    connection.execute(_DELETE_ATTRIBUTES, {"id": dataset_key})
    is_sqlite = connection.dialect.name == "sqlite"
    connection.execute(_DELETE_FTS5 if is_sqlite else _DELETE_TSVECTOR, {"id": dataset_key})


def text_keys(connection: sa.Connection, text: str) -> sa.Select[Any] | None:
    """Select the keys of the datasets whose text has every word of ``text``, as a beginning.

    The datasets of all atlases; None where there is no word in ``text``.
    """
    if connection.dialect.name == "sqlite":
        words = re.findall(r"\w+", normalize("NFC", text).replace("_", " "), re.UNICODE)
        match = " AND ".join(f'"{word}"*' for word in words)
        key, matches = "rowid", sa.text("dataset_text MATCH :words")
    else:
        # In a quotation only quotes and backslashes mean something, and no word has any.
        words = words_of(text)
        match = " & ".join(f"'{word}':*" for word in words)
        key, matches = "dataset_id", sa.text("body @@ CAST(:words AS tsquery)")
    if not words:
        return None
    table = sa.table("dataset_text", sa.column(key, sa.BigInteger))
    return sa.select(table.c[key]).where(matches.bindparams(words=match))
