"""What a matrix looks like is judged from its values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import sparse

from omicshelf.formats.annotated.judge import judge
from omicshelf.formats.annotated.memory import node

RNG = np.random.default_rng(0)
COUNTS = RNG.poisson(1.0, (200, 50)).astype(np.float32)
NORMALISED = COUNTS / COUNTS.sum(axis=1, keepdims=True) * 1e4
DEPTHS = np.linspace(0.5, 1.5, 200)[:, None]


@pytest.mark.parametrize(
    ("matrix", "looks_like", "whole", "target_sum"),
    [
        (COUNTS, "counts", True, None),
        (COUNTS.astype(np.int64), "counts", True, None),
        (np.minimum(COUNTS, 1), "binary", True, None),
        (COUNTS > 0, "binary", False, None),
        (np.zeros((5, 4)), "empty", False, None),
        (np.log1p(NORMALISED), "log-normalised", False, 1e4),
        (np.log1p(NORMALISED * DEPTHS), "log-normalised", False, None),
        (NORMALISED, "normalised", False, 1e4),
        (NORMALISED * DEPTHS, "normalised", False, None),
        (COUNTS - COUNTS.mean(axis=0), "scaled", False, None),
        (COUNTS - 1, None, False, None),
        (np.full((4, 4), np.nan), None, False, None),
        (np.where(RNG.random((200, 50)) < 0.1, np.nan, COUNTS), "counts", True, None),
        (np.zeros((0, 4)), "empty", False, None),
    ],
)
@pytest.mark.parametrize("layout", ["dense", "csr", "csc"])
def test_judgement(
    matrix: np.ndarray[Any, Any],
    looks_like: str | None,
    whole: bool,
    target_sum: float | None,
    layout: str,
) -> None:
    value = matrix if layout == "dense" else getattr(sparse, f"{layout}_matrix")(matrix)
    found = judge(node(value))
    assert found is not None
    assert (found.looks_like, found.whole) == (looks_like, whole)
    # The columns of CSC say nothing about the sum of a row.
    assert found.target_sum == (None if layout == "csc" else target_sum)
    assert found.basis == "all values"


def test_a_large_matrix_is_judged_from_evenly_spaced_blocks() -> None:
    matrix = np.ones((30_000, 60), dtype=np.float32)
    matrix[1] = 0.5  # outside of every block but the first
    matrix[-1] = 3
    for value in (matrix, sparse.csr_matrix(matrix)):
        found = judge(node(value))
        assert found is not None
        assert found.looks_like == "log-normalised"
        assert found.basis == "8,320 of 30,000 rows, in 16 evenly spaced blocks"


@pytest.mark.parametrize("value", [np.array(["a"]), np.arange(3.0), np.zeros((2, 2), dtype="c8")])
def test_only_matrices_of_real_numbers_are_judged(value: np.ndarray[Any, Any]) -> None:
    assert judge(node(value)) is None


def test_half_precision_does_not_overflow(recwarn: pytest.WarningsRecorder) -> None:
    logged = np.random.default_rng(0).uniform(0, 14, (20, 10)).astype(np.float16)
    found = judge(node(logged))
    assert found is not None
    assert found.looks_like == "log-normalised"
    assert not recwarn.list
