"""How numbers are distributed, in a few figures that fit into a summary."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["BINS", "histogram", "median"]

BINS = 20


def histogram(
    parts: Iterable[NDArray[Any]], low: float, high: float, *, whole: bool
) -> list[int] | None:
    """Count finite values in bins of equal width from ``low`` to ``high``.

    Parameters
    ----------
    parts
        The values, in arrays of any shape.
    low, high
        The smallest and the largest of them.
    whole
        They are whole numbers: then no bin is narrower than 1.

    Returns
    -------
    list of int
        20 counts, or fewer; None where there is no finite range.

    Examples
    --------
    >>> histogram([np.array([0, 1, 1, 3])], 0, 3, whole=True)
    [1, 2, 0, 1]
    """
    if not (np.isfinite(low) and np.isfinite(high)):
        return None
    width = high - low
    if not np.isfinite(width):
        return None
    bins = min(BINS, int(width) + 1) if whole else (BINS if width > 0 else 1)
    # Of whole numbers the last bin is as wide as the others: 0 to 3 are four bins, not three.
    scale = bins / (width + 1 if whole else width or 1.0)
    counts = np.zeros(bins, dtype=np.int64)
    for part in parts:
        values = part.reshape(-1).astype(np.float64)
        if part.dtype.kind == "f":
            values = values[np.isfinite(values)]
        places = ((values - low) * scale).astype(np.int64)
        counts += np.bincount(np.clip(places, 0, bins - 1), minlength=bins)
    return [int(n) for n in counts]


def median(values: NDArray[Any]) -> float | None:
    """Give the median of finite values; None where there are none."""
    finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    return float(np.median(finite)) if finite.size else None
