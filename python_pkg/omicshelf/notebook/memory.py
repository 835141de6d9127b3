"""How much memory a dataset takes when it is loaded, and how much there is."""

from __future__ import annotations

import math
from pathlib import Path

from omicshelf.records import Element, Summary

__all__ = ["about_in_memory", "free_memory"]

_OF_A_TEXT = 60  # bytes of a short Python string and the reference to it
_OF_AN_INDEX = 4  # bytes of a column number of a sparse matrix
_CGROUPS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    (
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes",
    ),
)


def about_in_memory(summary: Summary) -> int | None:
    """Estimate the bytes that the data take as an object; None where nobody knows.

    Examples
    --------
    >>> dense = Element(kind="array", dtype="float32", shape=(1000, 200))
    >>> about_in_memory(Summary(kind="anndata", elements={"X": dense}))
    800000
    """
    sizes = [_bytes_of(element) for element in summary.elements.values()]
    return sum(sizes) or None


def _bytes_of(element: Element) -> int:
    n = math.prod(element.shape) if element.shape else 0
    if element.kind == "categorical":
        width = 1 if (element.n_categories or 0) < 128 else 2
        return n * width + (element.n_categories or 0) * _OF_A_TEXT
    width = _item_size(element.dtype)
    if element.nnz is not None:
        rows = element.shape[0] if element.shape else 0
        return element.nnz * (width + _OF_AN_INDEX) + rows * _OF_AN_INDEX
    return n * width


def _item_size(dtype: str | None) -> int:
    import numpy as np

    try:
        return int(np.dtype(dtype or "float64").itemsize) or _OF_A_TEXT
    except TypeError:  # text, and what pandas alone knows
        return _OF_A_TEXT


def free_memory() -> int | None:
    """Give the bytes that this process may still use; None where the system does not tell."""
    free = _free_on_the_machine()
    for limit, used in _CGROUPS:
        left = _left(Path(limit), Path(used))
        if left is not None:
            return left if free is None else min(free, left)
    return free


def _free_on_the_machine() -> int | None:
    try:
        import psutil  # type: ignore[import-untyped]  # comes with ipykernel
    except ImportError:
        return None
    return int(psutil.virtual_memory().available)


def _left(limit: Path, used: Path) -> int | None:
    try:
        return max(0, int(limit.read_text()) - int(used.read_text()))
    except (OSError, ValueError):  # no such group, or "max": no limit
        return None
