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


def about_in_memory(
    summary: Summary, *, way: str = "memory", shape: tuple[int | None, int | None] | None = None
) -> int | None:
    """Estimate the bytes that the data take as an object; None where nobody knows.

    Parameters
    ----------
    way
        How they are read: whole or a part of them, ``backed`` or ``lazy``.
    shape
        How many observations and features of them; default: all.

    Examples
    --------
    >>> dense = Element(kind="array", dtype="float32", shape=(1000, 200))
    >>> about_in_memory(Summary(kind="anndata", elements={"X": dense}))
    800000
    """
    n_obs, n_vars = shape or (summary.n_obs, summary.n_vars)
    if shape is not None and None in (n_obs, n_vars) and way == "part":
        return None
    rows, columns = _share(n_obs, summary.n_obs), _share(n_vars, summary.n_vars)
    sizes = [
        _bytes_of(element) * rows ** _times(path, _BY_ROW) * columns ** _times(path, _BY_COLUMN)
        for path, element in summary.elements.items()
        if _is_read(path, way)
    ]
    return round(sum(sizes)) or None


# What has a value for each observation, or for each pair of them; and for each feature.
_BY_ROW = ("X", "layers", "obs", "obs_names", "obsm", "raw/X", "obsp", "obsp")
_BY_COLUMN = ("X", "layers", "var", "var_names", "varm", "varp", "varp")


def _times(path: str, rooms: tuple[str, ...]) -> int:
    return sum(path == room or path.startswith(f"{room}/") for room in rooms)


def _is_read(path: str, way: str) -> bool:
    own = path.split("/", 2)[-1] if path.startswith("mod/") else path
    match way:
        case "backed":
            return own not in ("X", "raw/X")
        case "lazy":
            return own in ("obs_names", "var_names")
    return True


def _share(n: int | None, of: int | None) -> float:
    return 1.0 if n is None or not of else n / of


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
