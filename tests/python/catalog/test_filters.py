"""What people write to find datasets, and what it means."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omicshelf.backend.base import Filter
from omicshelf.catalog.filters import parse_text, parse_where
from omicshelf.errors import Invalid


@pytest.mark.parametrize(
    ("text", "words", "filters"),
    [
        ("", "", []),
        ("lung fibrosis", "lung fibrosis", []),
        ("tissue:lung", "", [("tissue", "=", "lung")]),
        ('tissue:"upper lobe" x', "x", [("tissue", "=", "upper lobe")]),
        ("n:>1000", "", [("n", ">", 1000)]),
        ("n:>=1_000", "", [("n", ">=", 1000)]),
        ("n:<0.5", "", [("n", "<", 0.5)]),
        ("n:<=1e3", "", [("n", "<=", 1000.0)]),
        ("name:>b", "", [("name", ">", "b")]),
        ("tissue:lung,liver", "", [("tissue", "in", ["lung", "liver"])]),
        ("tissue:*", "", [("tissue", "exists", None)]),
        ("-tissue:*", "", [("tissue", "missing", None)]),
        ("tissue:", "", [("tissue", "missing", None)]),
        ("-tissue:lung", "", [("tissue", "!=", "lung")]),
        ("tissue:!=lung", "", [("tissue", "!=", "lung")]),
        ("tissue:~lu", "", [("tissue", "contains", "lu")]),
        ("donor.age:>40", "", [("donor.age", ">", 40)]),
        (
            "type:Proteomics study:S1",
            "",
            [("data_type", "=", "Proteomics"), ("study_id", "=", "S1")],
        ),
        ("ä:ö", "", [("ä", "=", "ö")]),
        ("s3://bucket/x", "s3://bucket/x", []),
        ('an "open quote', "an open quote", []),
    ],
)
def test_text(text: str, words: str, filters: list[tuple[str, str, Any]]) -> None:
    assert parse_text(text) == (words, tuple(Filter(*one) for one in filters))  # type: ignore[arg-type]


def test_dates() -> None:
    (one,) = parse_where("created:>2026-05-31")
    assert one.key == "created_at"
    assert one.value == int(dt.datetime(2026, 5, 31).timestamp() * 1000)
    (two,) = parse_where({"last_modified_at": (">", dt.datetime(2026, 5, 31, tzinfo=dt.UTC))})
    assert two.value == 1_780_185_600_000
    (three,) = parse_where({"created_at": (">", dt.date(2026, 5, 31))})
    assert three.value == one.value
    (four,) = parse_where({"created_at": ["2026-05-31"]})
    assert four.value == [one.value]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (None, []),
        ({}, []),
        ({"a": "x"}, [("a", "=", "x")]),
        ({"a": None}, [("a", "missing", None)]),
        ({"a": True}, [("a", "=", True)]),
        ({"a": np.int64(3)}, [("a", "=", 3)]),
        ({"a": ["x", np.float64(2)]}, [("a", "in", ["x", 2.0])]),
        ({"a": np.array(["x", "y"])}, [("a", "in", ["x", "y"])]),
        ({"a": (">", 3)}, [("a", ">", 3)]),
        ({"a": ("exists",)}, [("a", "exists", None)]),
        ({"a": ("in", ["x"])}, [("a", "in", ["x"])]),
        ({"type": "x", "format": "csv"}, [("data_type", "=", "x"), ("data_format", "=", "csv")]),
        ("a:x b:>3", [("a", "=", "x"), ("b", ">", 3)]),
    ],
)
def test_where(where: Any, expected: list[tuple[str, str, Any]]) -> None:
    assert parse_where(where) == tuple(Filter(*one) for one in expected)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "where",
    [
        "just words", "-n:>3", {"a": ("between", 3)}, {"a": ()}, {"a": ([], 3)}, {"a": (1, 2, 3)},
        {"a": object()}, {"a": {"b": 1}}, {"a": b"x"}, 3, ["a"], {"created_at": "yesterday"},
        "created:>nonsense", {"created_at": "9999-99-99"}, {"created_at": "0001-01-01"},
    ],
)  # fmt: skip
def test_what_cannot_be_understood(where: Any) -> None:
    with pytest.raises(Invalid) as caught:
        parse_where(where)
    assert caught.value.detail


@given(st.text(max_size=60))
def test_any_text_is_understood_or_refused(text: str) -> None:
    try:
        words, filters = parse_text(text)
    except Invalid:
        return
    assert isinstance(words, str)
    assert all(isinstance(one, Filter) for one in filters)
