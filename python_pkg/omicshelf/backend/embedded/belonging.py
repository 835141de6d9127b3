"""A database and a store that belong together: each knows the id of the other.

The store has it in its marker, ``omicshelf.json``; the database, where it does not lie in the
store's own folder, in its settings. A catalog that mixed the two of different ones would lose
data at its first garbage collection.
"""

from __future__ import annotations

import json
import uuid

import sqlalchemy as sa

from omicshelf.backend.clock import now_ms
from omicshelf.backend.embedded import schema as t
from omicshelf.backend.embedded.database import Database
from omicshelf.backend.store.objectstore import ObjectStore
from omicshelf.errors import Invalid, NotFound

__all__ = ["MARKER", "STORE_FORMAT", "belong", "join", "new_marker", "read_marker"]

MARKER = "omicshelf.json"
STORE_FORMAT = 1
_SETTING = "store"


def new_marker(store_id: str | None = None) -> bytes:
    """Give the bytes of a marker."""
    found = {"format": STORE_FORMAT, "store": store_id or str(uuid.uuid4()), "created_at": now_ms()}
    return json.dumps(found).encode()


def read_marker(data: bytes, where: str) -> str:
    """Give the id of a store.

    Raises
    ------
    omicshelf.errors.Invalid
        The marker is damaged, or of a newer release.
    """
    try:
        found = json.loads(data)
        number, store_id = int(found["format"]), str(found["store"])
    except (ValueError, KeyError, TypeError) as error:
        raise Invalid(
            f"The file '{where}/{MARKER}' is damaged.",
            f'Write {{"format": {STORE_FORMAT}, "store": "", "created_at": 0}} into it, then run '
            "`omicshelf verify`.",
        ) from error
    if number > STORE_FORMAT:
        raise Invalid(
            f"The catalog '{where}' has store format {number}, newer than this omicshelf.",
            "Upgrade it: pip install --upgrade omicshelf",
        )
    return store_id


def marker_of(store: ObjectStore, where: str) -> str | None:
    """Give the id in the marker of a store, or None where there is none."""
    try:
        return read_marker(store.read_bytes(MARKER), where)
    except NotFound:
        return None


def belong(db: Database, store: ObjectStore, where: str) -> None:
    """Make sure that a database and a store are one catalog; the first time, make them one.

    Raises
    ------
    omicshelf.errors.Invalid
        They are not, or one of them has lost the other.
    """
    marker = marker_of(store, where)
    with db.reading() as connection:
        known = _known(connection)
    if known is None:
        with db.writing() as connection:  # of several that come first, one joins them
            known = _known(connection)
            if known is None:
                known = _begin(connection, store, marker, where)
                join(connection, known)
    if marker is None:
        marker = marker_of(store, where)
    if marker is None:
        with db.reading() as connection:
            _refuse_lost_store(connection, where)
        store.put_bytes(MARKER, new_marker(known))
    elif marker != known:
        raise Invalid(
            f"The database and the store {where} belong to different catalogs.",
            f"The store is {marker}, the database has the records of {known}. Correct one of the "
            "two addresses.",
        )


def join(connection: sa.Connection, store_id: str) -> None:
    """Note in a database which store it belongs to."""
    connection.execute(t.setting.insert(), {"key": _SETTING, "value": store_id})


def _known(connection: sa.Connection) -> str | None:
    found: str | None = connection.execute(
        sa.select(t.setting.c.value).where(t.setting.c.key == _SETTING)
    ).scalar_one_or_none()
    return found


def _begin(connection: sa.Connection, store: ObjectStore, marker: str | None, where: str) -> str:
    """Give the id of a catalog that begins here."""
    if _has_objects(connection):
        raise Invalid(
            f"The database has the records of another catalog than {where}.",
            "Pass an empty database, or the store that the records are of.",
        )
    if marker is None:
        if (info := next(store.list(), None)) is not None:
            raise Invalid(
                f"{where} is not an omicshelf catalog, and it is not empty: it has '{info.key}'.",
                "Pass an empty bucket, or another prefix of it.",
            )
        return str(uuid.uuid4())
    if next(store.list("objects/"), None) is not None:
        raise Invalid(
            f"{where} holds a catalog, and the database is empty.",
            "Pass the database that belongs to it. If that is lost, restore it from a backup, or "
            "make it anew from the store with `omicshelf rebuild`.",
        )
    return marker


def _refuse_lost_store(connection: sa.Connection, where: str) -> None:
    if _has_objects(connection):
        raise Invalid(
            f"{where} is empty, and the database has the records of a catalog.",
            "Correct the address of the store, or restore the store from a backup.",
        )


def _has_objects(connection: sa.Connection) -> bool:
    some = sa.select(t.stored_object.c.key).limit(1)
    return connection.execute(some).one_or_none() is not None
