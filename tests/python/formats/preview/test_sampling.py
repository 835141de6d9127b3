"""Which points are shown: always the same, as many as allowed, and none of the rare lost."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omicshelf.formats.preview.sampling import spread, stratified


@given(st.integers(0, 5000), st.integers(1, 600))
def test_a_spread_choice_is_ascending_distinct_and_of_the_right_size(n: int, most: int) -> None:
    chosen = spread(n, most)
    assert len(chosen) == min(n, most)
    assert (np.diff(chosen) > 0).all()
    assert not len(chosen) or 0 <= chosen[0] <= chosen[-1] < n
    assert np.array_equal(chosen, spread(n, most))


def test_a_spread_choice_is_even_and_has_no_period() -> None:
    chosen = spread(1_000_000, 50_000)
    counts, _ = np.histogram(chosen, bins=100, range=(0, 1_000_000))
    assert set(counts.tolist()) == {500}
    for period in (2, 3, 4, 8, 10, 16, 20):
        shares = np.bincount(chosen % period, minlength=period) / len(chosen)
        assert shares == pytest.approx(np.full(period, 1 / period), rel=0.1)


@given(st.lists(st.integers(-1, 12), max_size=800), st.integers(1, 300))
def test_a_stratified_choice_keeps_every_category_if_it_can(codes: list[int], most: int) -> None:
    given_codes = np.array(codes, dtype=np.int64)
    chosen = stratified(given_codes, most)
    assert len(chosen) == min(len(codes), most)
    assert (np.diff(chosen) > 0).all()
    if len(set(codes)) <= most:
        assert set(given_codes[chosen].tolist()) == set(codes)
    assert np.array_equal(chosen, stratified(given_codes, most))


def test_a_rare_category_is_shown_whole_beside_a_large_one() -> None:
    codes = np.zeros(1_000_000, dtype=np.int64)
    codes[777_100:777_220] = 1
    codes[5::1000] = 2
    chosen = stratified(codes, 50_000)
    counts = np.bincount(codes[chosen])
    assert counts[1] == 120
    assert counts[2] == 1000
    assert counts.sum() == 50_000
