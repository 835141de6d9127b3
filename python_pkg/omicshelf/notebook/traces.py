"""Which version a variable was made from, also where its object is another one by now.

``adata = adata[keep].copy()`` is what most analyses begin with: the object that was loaded is
gone then, and what the variable holds is still made from it.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from omicshelf.catalog.loaded import version_of
from omicshelf.records import VersionRecord

__all__ = ["note", "origin_of"]

_MOST_NAMES = 64  # of an axis, evenly spaced: enough to know it again
_MOST_VARIABLES = 200


@dataclass(frozen=True)
class _Trace:
    """What a variable held when its version was known."""

    version: VersionRecord
    kind: type
    axes: tuple[frozenset[Any], ...]

    def leads_to(self, value: Any) -> bool:
        """Whether an object shares names with it on every axis; row numbers name nothing."""
        if type(value) is not self.kind or not any(self.axes):
            return False
        return all(
            not was or bool(index.isin(list(was)).any())
            for was, index in zip(self.axes, _axes(value), strict=True)
        )


_traces: OrderedDict[str, _Trace] = OrderedDict()


def note(variable: str, value: Any) -> None:
    """Note what a variable holds, if it is known where that came from."""
    version = version_of(value)
    if version is None:
        return
    axes = tuple(frozenset(_some(index)) for index in _axes(value))
    _traces[variable] = _Trace(version, type(value), axes)
    _traces.move_to_end(variable)
    while len(_traces) > _MOST_VARIABLES:
        _traces.popitem(last=False)


def origin_of(variable: str, value: Any) -> VersionRecord | None:
    """Give the version that a variable was loaded from, saved as, or made from."""
    version = version_of(value)
    if version is not None:
        note(variable, value)
        return version
    trace = _traces.get(variable)
    return trace.version if trace is not None and trace.leads_to(value) else None


def _axes(value: Any) -> list[Any]:
    """Give the indexes of pandas that name observations and features.

    Of a table none: columns such as ``gene`` are in many, and rows have numbers.
    """
    named = hasattr(value, "obs_names") and hasattr(value, "var_names")
    return [value.obs_names, value.var_names] if named else []


def _some(index: Any) -> list[Any]:
    step = max(1, len(index) // _MOST_NAMES)
    return [name for name in index[::step][:_MOST_NAMES] if not str(name).isdigit()]
