"""Sizes and times in words, the same everywhere."""

from __future__ import annotations

import datetime as dt
import html
from collections.abc import Iterable, Sequence
from typing import Any

from omicshelf.errors import Invalid

__all__ = ["html_table", "local_time", "moment", "size_in_words", "utc_time"]


def size_in_words(size: int) -> str:
    """Give bytes as a person reads them, in powers of 1000.

    Examples
    --------
    >>> size_in_words(0), size_in_words(999), size_in_words(4_520_000)
    ('0 B', '999 B', '4.5 MB')
    """
    value = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def local_time(milliseconds: int) -> str:
    """Give a time in the local time zone, ``2026-05-31 14:00:05``."""
    return dt.datetime.fromtimestamp(milliseconds / 1000).strftime("%Y-%m-%d %H:%M:%S")


def utc_time(milliseconds: int) -> str:
    """Give a time in UTC, ``2026-05-31 12:00:05 UTC``."""
    moment = dt.datetime.fromtimestamp(milliseconds / 1000, tz=dt.UTC)
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")


def html_table(caption: str, rows: Iterable[Sequence[object]], head: Sequence[str] = ()) -> str:
    """Give a small HTML table; every value is escaped, colours are inherited."""
    cells = "".join(
        "<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    top = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in head)
    return (
        f'<table style="color:inherit"><caption style="text-align:left;color:inherit">'
        f"{html.escape(caption)}</caption>"
        + (f"<thead><tr>{top}</tr></thead>" if top else "")
        + f"<tbody>{cells}</tbody></table>"
    )


def moment(when: Any) -> int:
    """Give UTC milliseconds of a date, a time, an age (``timedelta``), or a number of days."""
    now = dt.datetime.now(dt.UTC)
    if isinstance(when, str):
        try:
            when = dt.datetime.fromisoformat(when)
        except ValueError as error:
            raise Invalid(f"'{when}' is no date.", "Write it as 2026-05-31.") from error
    if isinstance(when, bool) or when is None:
        raise Invalid(f"{when!r} is no date.", "Pass a date, an age, or a number of days.")
    try:
        if isinstance(when, int | float):
            when = dt.timedelta(days=when)
        if isinstance(when, dt.timedelta):
            when = now - when
    except (ValueError, OverflowError) as error:
        raise Invalid(f"{when!r} is no age.", "Pass a number of days, such as 90.") from error
    if isinstance(when, dt.date) and not isinstance(when, dt.datetime):
        when = dt.datetime(when.year, when.month, when.day)
    if not isinstance(when, dt.datetime):
        raise Invalid(f"{when!r} is no date.", "Pass a date, an age, or a number of days.")
    return int(when.timestamp() * 1000)
