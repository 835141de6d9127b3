"""The errors of the database drivers as errors of ours, each with what to do about it.

PostgreSQL tells what happened by five characters (``sqlstate``), SQLite by words. A connection
that could not be made, or broke, has no ``sqlstate``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from omicshelf.errors import (
    AccessDenied,
    Invalid,
    RequestException,
    StorageError,
    Unauthorized,
    Unreachable,
)

__all__ = ["committing", "not_writable", "translated"]


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Turn the driver's errors into ours.

    Parameters
    ----------
    where
        The database as a reader may see it: without its password.
    """
    try:
        yield
    except (UnicodeEncodeError, OverflowError) as error:
        raise _not_askable(str(error)) from error
    except sa.exc.TimeoutError as error:
        raise StorageError(
            f"All connections of this process to the database at {where} are in use.",
            "Try again; if it lasts, let fewer threads call at once.",
        ) from error
    except sa.exc.DatabaseError as error:
        if type(error.orig).__module__.startswith("psycopg"):
            told = _of_postgresql(error, where)
        else:
            told = _of_sqlite(error)
        if told is None:
            raise
        raise told from error


@contextmanager
def committing(where: str) -> Iterator[None]:
    """Say that nobody knows what became of a commit during which the connection broke."""
    try:
        yield
    except sa.exc.DatabaseError as error:
        if not error.connection_invalidated:
            raise
        raise Unreachable(
            f"The connection to the database at {where} broke while a change was committed "
            f"({_first_line(error)}).",
            "It was either kept or not, as a whole: look at what is there before you repeat it.",
        ) from error


def not_writable(what: str) -> AccessDenied:
    """Make the error for a database that may only be read."""
    return AccessDenied(
        f"The catalog database cannot be written ({what}).",
        "You may only read this catalog. Check the permissions of its folder, or ask its owner.",
    )


def _not_askable(why: str) -> Invalid:
    return Invalid(
        f"A value cannot be asked for: {why.rstrip('.')}.",
        "Texts must be valid Unicode without NUL, and whole numbers below 2**63.",
    )


def _first_line(error: sa.exc.DatabaseError) -> str:
    lines = str(error.orig).strip().splitlines()
    return lines[0] if lines else type(error.orig).__name__


# -- PostgreSQL


def _of_postgresql(error: sa.exc.DatabaseError, where: str) -> RequestException | None:
    state = getattr(error.orig, "sqlstate", None)
    text = _first_line(error)
    if state is None and isinstance(error, sa.exc.DataError):
        return _not_askable(text)  # the driver itself refuses it
    if state is None or state[:2] in ("08", "28") or state[:3] == "57P" or state == "3D000":
        return _not_connected(text, where)
    if state == "53300":
        return Unreachable(
            f"The database at {where} takes no more connections ({text}).",
            "Try again; or raise the server's limit (max_connections), or run fewer processes.",
        )
    if state == "53100":
        return _no_space(text)
    if state in ("55P03", "57014", "25P03", "40001", "40P01"):
        return StorageError(
            f"The database at {where} was busy for too long: nothing was changed ({text}).",
            "Try again; if it lasts, look for a transaction that is stuck: in the view "
            "pg_stat_activity.",
        )
    if state in ("25006", "42501"):
        return AccessDenied(
            f"The database at {where} does not allow this ({text}).",
            "Use a PostgreSQL user that owns the catalog's tables, on a server that is no standby.",
        )
    if state[:2] in ("22", "54"):
        return _not_askable(text)
    if isinstance(error, sa.exc.IntegrityError | sa.exc.ProgrammingError):
        return None
    return StorageError(
        f"The database at {where} failed: {text}",
        "Look into the log of the PostgreSQL server; then run `omicshelf verify`.",
    )


def _not_connected(text: str, where: str) -> RequestException:
    if "authentication failed" in text or "no password supplied" in text:
        return Unauthorized(
            f"The database at {where} does not accept this user or password.",
            "Check the user and the password in the database's URL, or in the file ~/.pgpass.",
        )
    if "pg_hba.conf" in text or "permission denied for database" in text:
        return AccessDenied(
            f"The database at {where} does not let this user in ({text}).",
            "Let its administrator allow the connection, in `pg_hba.conf` or with GRANT CONNECT.",
        )
    if "database " in text and " does not exist" in text:
        return Invalid(
            f"There is no database at {where}.",
            "Make it once on the server, for example: createdb --encoding=UTF8 --template="
            "template0 NAME. Its tables are made by omicshelf.",
        )
    return Unreachable(
        f"The database at {where} cannot be reached ({text}).",
        "Check that the PostgreSQL server runs and that its address is right, then call again: "
        "nothing has to be opened anew.",
    )


# -- SQLite


def _of_sqlite(error: sa.exc.DatabaseError) -> RequestException | None:
    if isinstance(error, sa.exc.IntegrityError | sa.exc.ProgrammingError):
        return None
    text = str(error.orig)
    if "full" in text:
        return _no_space(text)
    if "locked" in text or "busy" in text:
        return StorageError(
            f"The catalog database stayed locked by another process ({text}).",
            "Try again; if it lasts, look for a stuck process that uses this catalog.",
        )
    if "readonly" in text or "read-only" in text:
        return not_writable(text)
    if "unable to open" in text:
        return AccessDenied(
            f"The catalog database cannot be opened ({text}).",
            "Check that the catalog's folder is there and who may read it. Where you may "
            "only read, and its last writer was killed, somebody who may write must open it "
            "once.",
        )
    return StorageError(
        f"The catalog database failed: {text}",
        "Run `omicshelf verify`; `omicshelf rebuild` makes the database anew from the store.",
    )


def _no_space(text: str) -> StorageError:
    return StorageError(
        f"No space left for the catalog database ({text}).",
        "Free some space on that disk and call again; nothing was changed.",
    )
