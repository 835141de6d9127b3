"""Choosing points to show out of too many: the same ones every time, none of the rare lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["spread", "stratified"]

# Knuth's multiplicative hash: the fractional parts of its multiples are spread evenly.
_GOLDEN = np.uint64(2_654_435_761)
_BITS = np.uint64((1 << 32) - 1)
_RESERVED = 0.5  # of the points are shared out alike, so that a rare category is seen


def spread(n: int, most: int) -> NDArray[np.int64]:
    """Choose at most ``most`` of ``n`` positions, ascending.

    The range is divided into as many equal parts as there are to be positions, and each part
    gives one at a hashed place: even over the file, as a file is often sorted by sample, and
    with no period that could meet one of the data's.
    """
    if n <= most:
        return np.arange(n, dtype=np.int64)
    parts = np.arange(most, dtype=np.uint64)
    places = ((parts * _GOLDEN) & _BITS).astype(np.float64) / 2**32
    edges = np.arange(most + 1, dtype=np.int64) * n // most
    widths = edges[1:] - edges[:-1]
    chosen: NDArray[np.int64] = edges[:-1] + np.minimum(
        (places * widths).astype(np.int64), widths - 1
    )
    return chosen


def stratified(codes: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Choose at most ``most`` positions, so that every category keeps enough to be seen.

    Half of the points are shared out alike among the categories, each taking no more than it
    has; the other half goes to them by how much of them is left.

    Parameters
    ----------
    codes
        The category of each position; any numbers, -1 for a missing one among them.
    most
        The number of positions to choose.

    Returns
    -------
    numpy.ndarray
        Positions, ascending.
    """
    if len(codes) <= most:
        return np.arange(len(codes), dtype=np.int64)
    _, inverse, counts = np.unique(codes, return_inverse=True, return_counts=True)
    if len(counts) > most:
        return spread(len(codes), most)
    # At least one of each: most >= the number of categories.
    floor = np.minimum(counts, max(1, int(most * _RESERVED) // len(counts)))
    left = counts - floor
    quotas = floor + _shared_out(left, most - int(floor.sum()))
    order = np.argsort(inverse, kind="stable")
    starts = np.cumsum(counts) - counts
    chosen = [
        order[start : start + count][spread(int(count), int(quota))]
        for start, count, quota in zip(starts, counts, quotas, strict=True)
    ]
    shown: NDArray[np.int64] = np.sort(np.concatenate(chosen))
    return shown


def _shared_out(weights: NDArray[np.int64], total: int) -> NDArray[np.int64]:
    """Divide ``total`` by weight, none getting more than its weight; largest remainders first."""
    exact: NDArray[Any] = weights * (total / int(weights.sum()))
    shares: NDArray[np.int64] = np.minimum(np.floor(exact).astype(np.int64), weights)
    missing = total - int(shares.sum())
    order = np.argsort(shares - exact, kind="stable")
    room = order[shares[order] < weights[order]][:missing]
    shares[room] += 1
    return shares
