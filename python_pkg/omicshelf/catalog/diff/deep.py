"""The comparison of values: both versions are loaded, and compared where they share names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from omicshelf.catalog.diff.axes import AxisChange, compare_names, pair
from omicshelf.catalog.diff.elements import (
    ALIGNED,
    Compared,
    ElementChange,
    ElementChanges,
    compare_elements,
    place,
)
from omicshelf.catalog.diff.names import names_on
from omicshelf.catalog.diff.result import Content, Part
from omicshelf.catalog.diff.side import Side
from omicshelf.catalog.diff.values import differing

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["compare_values"]

Positions = tuple["NDArray[np.intp]", "NDArray[np.intp]"]
OwnElements = Callable[[Side, str], dict[str, Any]]


def compare_values(content: Content, old: Side, new: Side, own: OwnElements) -> Content:
    """Load both sides and tell what of their values differs.

    Names that repeat are paired in the order in which they occur. Both sides are in memory
    at the same time.

    Parameters
    ----------
    content
        What the records tell.
    own
        Gives the elements of a side that belong to a part, by its prefix.
    """
    if new.family == "annotated":
        a, b = _matrices(old.load()), _matrices(new.load())
        parts = tuple(
            _part(
                part, a[part.prefix], b[part.prefix], own(old, part.prefix), own(new, part.prefix)
            )
            if part.prefix in a and part.prefix in b
            else part
            for part in content.parts
        )
        return replace(content, parts=parts)
    if new.family == "table":
        return _tables(content, old, new)
    note = f"deep=True: the values of {new.summary.kind} data are not compared"
    return replace(content, notes=(*content.notes, note))


@dataclass(frozen=True)
class _Gct:
    """A GCT as what an AnnData has: samples x features."""

    X: Any
    obs: pd.DataFrame
    var: pd.DataFrame


def _matrices(data: Any) -> dict[str, Any]:
    """Give the annotated matrices of loaded data by their prefix."""
    if hasattr(data, "data_df"):
        return {"": _Gct(data.data_df.to_numpy().T, data.col_metadata_df, data.row_metadata_df)}
    modalities = getattr(data, "mod", {})
    return {"": data, **{f"mod/{name}/": adata for name, adata in modalities.items()}}


def _part(part: Part, a: Any, b: Any, old: Mapping[str, Any], new: Mapping[str, Any]) -> Part:
    """Compare one annotated matrix; its axes become exact."""
    axes, pairs = dict(part.axes), {}
    for axis in part.axes:
        names = [_names(data, axis) for data in (a, b)]
        if names[0] is not None and names[1] is not None:
            axes[axis] = compare_names(names[0], names[1])
            pairs[axis] = pair(names[0], names[1])
    elements = compare_elements(old, new, axes)
    compared = {}
    for path in elements.changed:
        slot, key = place(path)
        found = _element(slot, _get(a, slot, key), _get(b, slot, key), pairs)
        if found is not None:
            compared[path] = found
    return replace(part, axes=axes, elements=elements.with_compared(compared))


def _names(data: Any, axis: str) -> list[str] | None:
    if axis == "raw/var":
        raw = getattr(data, "raw", None)
        return None if raw is None else [str(name) for name in raw.var_names]
    frame = getattr(data, axis, None)
    if frame is not None:
        return [str(name) for name in frame.index]
    return names_on(data, axis)


def _get(data: Any, slot: str, key: str | None) -> Any:
    """Give an element of loaded data, or None where it is not there under this name."""
    if slot not in ALIGNED:
        return None
    for name in slot.split("/"):
        data = getattr(data, name, None)
    if data is None or key is None:
        return data
    return data[key] if key in data else None  # noqa: SIM401 - neither frames nor axis arrays


def _element(slot: str, a: Any, b: Any, pairs: Mapping[str, Positions]) -> Compared | None:
    aligned = ALIGNED.get(slot, ())
    if a is None or b is None or any(axis not in pairs for axis in aligned):
        return None
    return differing(a, b, [pairs[axis] for axis in aligned])


def _tables(content: Content, old: Side, new: Side) -> Content:
    """Compare tables of as many rows column by column, row by row."""
    a, b = _frame(old.load()), _frame(new.load())
    if len(a) != len(b):
        note = "rows have no names: of tables with other numbers of rows no values are compared"
        return replace(content, notes=(*content.notes, note))
    whole, rows = content.whole, np.arange(len(a))
    changed = {}
    for path, was in old.summary.elements.items():
        now, key = new.element(path), place(path)[1]
        if now is None or key not in a.columns or key not in b.columns:
            continue
        found = differing(a[key], b[key], [(rows, rows)])
        known = whole.elements.changed.get(path)
        if found is not None and (found.n_differ or known is not None):
            changed[path] = replace(known or ElementChange(was, now), compared=found)
    elements = ElementChanges(whole.elements.added, whole.elements.removed, changed)
    notes = content.notes
    if not elements:
        notes = (*notes, f"the values of all {len(a.columns):,} columns are equal")
    part = replace(
        whole, axes={"rows": AxisChange(len(a), len(b), 0, 0, len(a))}, elements=elements
    )
    return replace(content, parts=(part,), notes=notes)


def _frame(data: Any) -> pd.DataFrame:
    import pandas as pd

    return data if isinstance(data, pd.DataFrame) else data.to_pandas()
