"""Lists of the names that only one of two versions has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from omicshelf.catalog.diff.axes import known_hashes
from omicshelf.catalog.diff.side import Side
from omicshelf.errors import Invalid

if TYPE_CHECKING:
    from omicshelf.catalog.diff.result import Diff

__all__ = ["NameList", "names_of", "names_on"]


class NameList(list[str]):
    """Names, cut to a limit; ``total`` is their number without it."""

    def __init__(self, names: Sequence[str], limit: int | None) -> None:
        super().__init__(names if limit is None else names[:limit])
        self.total = len(names)

    def __repr__(self) -> str:
        more = self.total - len(self)
        if not more:
            return super().__repr__()
        return f"{super().__repr__()[:-1]}, … and {more:,} more: limit=None lists them]"


def names_of(diff: Diff, axis: str, limit: int | None, *, new: bool) -> NameList:
    """Give the names on ``axis`` that only the new side has (or only the old one)."""
    if limit is not None and limit < 0:
        raise Invalid(f"limit={limit} is negative.", "Pass 0 or more, or None for all names.")
    here, there = (diff.new, diff.old) if new else (diff.old, diff.new)
    if here.family != there.family:
        raise Invalid(
            f"{diff.old.title} is {diff.old.summary.kind}, {diff.new.title} is "
            f"{diff.new.summary.kind}: their names have nothing in common.",
            "Load both and compare what you need.",
        )
    if here.family == "annotated" and axis in ("obs", "var"):
        change = diff.content.whole.axes.get(axis)
        count = 0 if change is None else (change.added if new else change.removed)
        return NameList([] if count == 0 else _only_here(here, there, axis), limit)
    if here.family == "table" and axis == "columns":
        elements = diff.content.whole.elements
        paths = elements.added if new else elements.removed
        return NameList([path.removeprefix("columns/") for path in paths], limit)
    if here.family == "variants" and axis in ("samples", "contigs"):
        return NameList(_ids(diff, here, axis, new=new), limit)
    axes = {
        "annotated": "'obs' or 'var'",
        "table": "'columns'",
        "variants": "'samples' or 'contigs'",
    }
    rule = f"It is {axes[here.family]}." if here.family in axes else "Their bytes have no names."
    raise Invalid(f"The data of {here.title} have no names on the axis {axis!r}.", rule)


def names_on(data: Any, axis: str) -> list[str]:
    """Give the names of an axis of a loaded AnnData, MuData or GCToo."""
    names = getattr(data, f"{axis}_names", None)
    if names is None:
        table = "col_metadata_df" if axis == "obs" else "row_metadata_df"
        names = getattr(data, table).index
    return [str(name) for name in names]


def _ids(diff: Diff, here: Side, axis: str, *, new: bool) -> tuple[str, ...]:
    change = diff.content.ids.get(axis)
    if change is not None:
        return change.added if new else change.removed
    listed = here.summary.details.get(axis, [])
    total = here.summary.details.get(f"n_{axis}", 0)
    if diff.data_changed and len(listed) != total:
        raise Invalid(
            f"The summary of {here.title} lists {len(listed):,} of its {total:,} {axis}.",
            "Load both versions and compare their headers.",
        )
    return ()


def _names(side: Side, axis: str) -> list[str]:
    if side.open_names is not None:
        return [str(name) for name in side.open_names(axis)]
    return names_on(side.load(), axis)


def _only_here(here: Side, there: Side, axis: str) -> list[str]:
    """Give the names that ``there`` has less often; of one that repeats, the last ones.

    Only ``here`` is loaded where the hashes of the other side's names are known.
    """
    names = _names(here, axis)
    n = there.summary.n_obs if axis == "obs" else there.summary.n_vars
    stored = None if there.names is None else getattr(there.names, axis)
    hashes = known_hashes(stored, n)
    if hashes is None:
        left = Counter(_names(there, axis))
        return [name for name in names if not _take(left, name)]
    from pandas.util import hash_array

    from omicshelf.formats.annotated.names import HASH_KEY

    if not names:
        return []
    objects = np.empty(len(names), dtype=object)
    objects[:] = names
    own = hash_array(objects, encoding="utf8", hash_key=HASH_KEY, categorize=False)
    left_hashes = Counter(hashes[np.isin(hashes, own)].tolist())
    return [
        name for name, key in zip(names, own.tolist(), strict=True) if not _take(left_hashes, key)
    ]


def _take(left: Counter[Any], key: Any) -> bool:
    if left[key] <= 0:
        return False
    left[key] -= 1
    return True
