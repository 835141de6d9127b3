"""The rules of names and metadata, asserted at the boundary, before anything is written."""

from __future__ import annotations

import datetime as dt
import math
import re
import unicodedata
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from omicshelf.errors import Invalid
from omicshelf.records import ROLES, Role

__all__ = [
    "VERSION_NAME",
    "check_atlas",
    "check_data_type",
    "check_dataset_id",
    "check_days",
    "check_description",
    "check_file_name",
    "check_format",
    "check_label",
    "check_message",
    "check_note",
    "check_role",
    "check_study_id",
    "check_tag",
    "check_user",
    "clean_metadata",
    "propose_dataset_id",
    "shown",
]

_FORMAT = re.compile(r"[0-9a-zA-Z][0-9a-zA-Z_-]*([.+][0-9a-zA-Z_-]+)*")
_MAX_FORMAT = 64
_MAX_SHOWN = 100
_MAX_DAYS = 3660
_MAX_MESSAGE = 10_000
_ID = re.compile(r"[0-9a-zA-Z_-]+")
_MAX_ID = 200
_MAX_NAME = 255
_MAX_METADATA_DEPTH = 60
VERSION_NAME = re.compile(r"v([1-9][0-9]*)")
_HASH_LIKE = re.compile(r"[0-9a-f]{8,}(-[0-9a-f-]*)?")


def shown(text: object) -> str:
    r"""Give a value as a message names it: control characters escaped, and never a page long.

    Examples
    --------
    >>> shown("GSE1"), shown("a\x1b[31m"), len(shown("x" * 5000))
    ('GSE1', 'a\\x1b[31m', 101)
    """
    whole = str(text)
    cut = whole if len(whole) <= _MAX_SHOWN else f"{whole[:_MAX_SHOWN]}…"
    return cut if cut.isprintable() else repr(cut)[1:-1]


def check_dataset_id(dataset_id: object) -> str:
    """Return ``dataset_id`` if it is one: letters, digits, ``_`` and ``-``, at most 200.

    Raises
    ------
    TypeError
        If it is no string.
    omicshelf.errors.Invalid
        Otherwise, proposing an id that is allowed.
    """
    if not isinstance(dataset_id, str):
        raise TypeError(f"dataset_id must be a str, not {type(dataset_id).__name__}")
    if not dataset_id:
        raise Invalid("Empty string cannot be used as dataset_id")
    if not _ID.fullmatch(dataset_id):
        proposal = re.sub(r"[^0-9a-zA-Z_-]", "_", dataset_id)
        raise Invalid(
            f"Cannot use '{shown(dataset_id)}' as dataset_id, consider using "
            f"'{proposal[:_MAX_ID]}'",
            "A dataset id has only letters, digits, '_' and '-'.",
        )
    if len(dataset_id) > _MAX_ID:
        raise Invalid(
            f"Cannot use '{dataset_id[:40]}…' as dataset_id, consider using "
            f"'{dataset_id[:_MAX_ID]}'",
            f"A dataset id has at most {_MAX_ID} characters; this one has {len(dataset_id)}.",
        )
    return dataset_id


def propose_dataset_id(file_name: str) -> str:
    """Make an id of a file's name without its suffix: ``pbmc 3k (x).h5ad`` -> ``pbmc_3k_x``.

    Examples
    --------
    >>> propose_dataset_id("pbmc 3k (filtered)")
    'pbmc_3k_filtered'
    """
    plain = unicodedata.normalize("NFKD", file_name).encode("ascii", "ignore").decode()
    return re.sub(r"[^0-9a-zA-Z-]+", "_", plain).strip("_-")[:_MAX_ID] or "dataset"


def _check_text(value: object, what: str, limit: int) -> str:
    if not isinstance(value, str):
        raise Invalid(
            f"{what} must be text, not {type(value).__name__}.", f"Pass a str: {value!r:.80}"
        )
    if not value:
        raise Invalid(f"Empty string cannot be used as {what}")
    if not value.isprintable():
        raise Invalid(
            f"{what} {value!r:.120} has characters that cannot be printed.",
            "Leave out control characters such as tabs, line breaks and NUL.",
        )
    if len(value) > limit:
        raise Invalid(
            f"{what} '{value[:40]}…' is too long: {len(value)} characters.",
            f"At most {limit} characters are allowed.",
        )
    return unicodedata.normalize("NFC", value)


def check_atlas(name: object) -> str:
    """Return the name of an atlas: 1 to 255 printable characters, no ``/`` or ``@``."""
    if isinstance(name, int) and not isinstance(name, bool):
        name = str(name)
    text = _check_text(name, "omixatlas_id", _MAX_NAME)
    if any(sign in text for sign in "/\\@"):
        raise Invalid(
            f"Cannot use '{text}' as omixatlas_id.", "It must not contain '/', '\\' or '@'."
        )
    return text


def check_study_id(study_id: object) -> str:
    """Return the id of a study: any printable string of 1 to 255 characters."""
    return _check_text(study_id, "study_id", _MAX_NAME)


def check_data_type(data_type: object) -> str:
    """Return a data type: any printable string of 1 to 255 characters."""
    return _check_text(data_type, "data_type", _MAX_NAME)


def check_tag(tag: object) -> str:
    """Return the tag of a file: any printable string of 1 to 255 characters."""
    return _check_text(tag, "tag", _MAX_NAME)


def check_message(message: object) -> str | None:
    """Return the message of a change: any text without NUL, at most 10,000 characters."""
    return _check_prose(message, "message")


def check_description(description: object) -> str | None:
    """Return the description of an atlas: any text without NUL, at most 10,000 characters."""
    return _check_prose(description, "description")


def _check_prose(text: object, what: str) -> str | None:
    if text is None:
        return None
    if not isinstance(text, str):
        raise Invalid(f"{what} must be text, not {type(text).__name__}.", "Pass a str.")
    if len(text) > _MAX_MESSAGE:
        raise Invalid(
            f"The {what} is too long: {len(text):,} characters.",
            f"At most {_MAX_MESSAGE:,} characters are allowed.",
        )
    return _clean_text(text, f"The {what}") or None


def check_user(name: object) -> str:
    """Return the name of a user: 1 to 255 printable characters, no spaces at its ends."""
    text = _check_text(name, "user", _MAX_NAME)
    if text != text.strip():
        raise Invalid(
            f"Cannot use '{text}' as the name of a user.", "Leave out spaces at its ends."
        )
    return text


def check_role(role: object) -> Role:
    """Return a role: ``viewer``, ``contributor`` or ``admin``."""
    for known in ROLES:
        if role == known:
            return known
    raise Invalid(f"There is no role '{shown(role)}'.", f"Choose one of {', '.join(ROLES)}.")


def check_note(note: object) -> str | None:
    """Return what a token is for: None, or at most 255 printable characters."""
    return None if note is None or note == "" else _check_text(note, "note", _MAX_NAME)


def check_days(days: object) -> float | None:
    """Return for how many days a token is good: None for ever, else above 0, at most 10 years."""
    if days is None:
        return None
    if isinstance(days, int | float) and not isinstance(days, bool) and 0 < days <= _MAX_DAYS:
        return days
    raise Invalid(
        f"A token cannot be good for {days!r:.40} days.",
        f"Pass a number above 0 and up to {_MAX_DAYS:,}; None is until it is revoked.",
    )


def check_label(name: object) -> str:
    """Return a label: printable, 1 to 100 characters, unlike ``v5``, a hash, or a date range.

    Raises
    ------
    omicshelf.errors.Invalid
        Where it could be mistaken for the name or id of a version.
    """
    text = _check_text(name, "label", 100)
    if VERSION_NAME.fullmatch(text) or _HASH_LIKE.fullmatch(text.lower()):
        raise Invalid(
            f"Cannot use '{text}' as a label.",
            "It reads like the number or the id of a version; choose a word, such as 'submitted'.",
        )
    if "@" in text or "/" in text or text != text.strip():
        raise Invalid(
            f"Cannot use '{text}' as a label.",
            "Leave out '@', '/' and spaces at the ends.",
        )
    return text


def check_file_name(name: object) -> str:
    """Return the name of a supplementary file: a plain name, no path, at most 255 bytes.

    Spaces, ``#``, ``?`` and any script are fine. The name is normalised to Unicode NFC, so
    that two spellings of one name are one file.
    """
    if not isinstance(name, str):
        raise Invalid(f"file_name must be text, not {type(name).__name__}.", "Pass a str.")
    text = _check_text(name, "file_name", _MAX_NAME)
    if "/" in text or "\\" in text or text in (".", ".."):
        proposal = re.split(r"[/\\]", text)[-1].strip(".") or "file"
        raise Invalid(
            f"Cannot use '{text}' as file_name, consider using '{proposal}'",
            "A file name is no path: it must not contain '/' or '\\', nor be '.' or '..'.",
        )
    if len(text.encode()) > _MAX_NAME:
        raise Invalid(
            f"file_name '{text[:40]}…' is too long: {len(text.encode())} bytes.",
            f"At most {_MAX_NAME} bytes in UTF-8 are allowed, because file systems allow no more.",
        )
    return text


def check_format(name: object, what: str = "data_format") -> str:
    """Return the name of a format: ``csv``, ``csv+gzip``, ``ome.tiff``; at most 64 characters."""
    if not isinstance(name, str) or len(name) > _MAX_FORMAT or not _FORMAT.fullmatch(name):
        raise Invalid(
            f"{shown(repr(name))} cannot be a {what}.",
            "A format's name has letters, digits, '_' and '-', with single '.' or '+' between "
            f"them, and no leading dot; at most {_MAX_FORMAT} characters.",
        )
    return name


def clean_metadata(metadata: object) -> dict[str, Any]:
    """Return an own copy of ``metadata`` as plain JSON values.

    What has one obvious JSON form is converted: numpy scalars and arrays, tuples, dates and
    times (ISO 8601), paths, enumerations of text. What has none is refused by its key.

    Raises
    ------
    omicshelf.errors.Invalid
        If it is no dict, or a value or key has no JSON form.
    """
    if not isinstance(metadata, Mapping):
        raise Invalid(
            f"metadata must be a dict, not {type(metadata).__name__}.",
            "Pass a dict of JSON values; an empty one is fine.",
        )
    cleaned = _clean(metadata, "metadata", 0)
    assert isinstance(cleaned, dict)
    return cleaned


def _clean(value: Any, where: str, depth: int) -> Any:
    if depth > _MAX_METADATA_DEPTH:
        raise Invalid(
            f"{where[:200]} is nested too deep.",
            f"At most {_MAX_METADATA_DEPTH} levels are allowed (is it a structure that contains "
            "itself?).",
        )
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _clean_text(value, where)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise Invalid(
                f"{where} is {value}, which JSON cannot hold.",
                "Use None for a missing value, or leave the key out.",
            )
        return float(value)
    if isinstance(value, Mapping):
        return {
            _clean_key(key, where): _clean(item, f"{where}[{key!r}]", depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_clean(item, f"{where}[{i}]", depth + 1) for i, item in enumerate(value)]
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return _clean(value.isoformat() if value == value else None, where, depth)
    if isinstance(value, PurePath):
        return _clean_text(str(value), where)
    if type(value).__module__ == "numpy" and getattr(value, "dtype", None) and _is_plain(value):
        if value.dtype.kind == "M":
            # Nanoseconds would become whole numbers; anything coarser, dates already.
            value = value.astype("datetime64[us]")
        return _clean(value.tolist(), where, depth + 1)
    raise Invalid(
        f"{where} is of type {type(value).__name__}, which has no JSON form.",
        "Use text, numbers, True, False, None, lists and dicts; convert the rest first.",
    )


def _is_plain(array: Any) -> bool:
    return bool(array.dtype.kind != "m")  # a duration of nanoseconds would become a whole number


def _clean_text(text: str, where: str) -> str:
    if type(text) is not str:
        text = str.__str__(text)  # an enumeration, or numpy's own kind of text
    if "\x00" in text:
        raise Invalid(f"{where} contains a NUL character.", "Remove it.")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise Invalid(
            f"{where} is not valid Unicode text ({error.reason}).", "Remove the lone surrogate."
        ) from error
    return text


def _clean_key(key: object, where: str) -> str:
    if not isinstance(key, str):
        raise Invalid(
            f"{where} has the key {key!r:.80} of type {type(key).__name__}.",
            "Keys must be text, as in JSON.",
        )
    if not key:
        raise Invalid(f"{where} has an empty key.", "Give it a name.")
    return _clean_text(key, f"{where}, key {key!r}")
