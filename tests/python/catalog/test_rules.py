"""The rules of names and metadata."""

from __future__ import annotations

import datetime as dt
import enum
import json
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omicshelf import rules
from omicshelf.errors import Invalid


class Tissue(enum.StrEnum):
    LUNG = "lung"


class Organ(str, enum.Enum):  # noqa: UP042 - as it was written before Python 3.11
    LUNG = "lung"


class Level(enum.IntEnum):
    HIGH = 3


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.int64(5), 5),
        (np.float32(0.5), 0.5),
        (np.bool_(True), True),
        (np.str_("lung"), "lung"),
        (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        (np.array(["a", "b"]), ["a", "b"]),
        (np.datetime64("2026-01-31"), "2026-01-31T00:00:00"),
        (np.datetime64("2026-01-31T10:00:00.123456789"), "2026-01-31T10:00:00.123456"),
        (np.datetime64("NaT"), None),
        (np.array(["2026-01-31"], "datetime64[ns]"), ["2026-01-31T00:00:00"]),
        ((1, (2,)), [1, [2]]),
        (dt.date(2026, 1, 31), "2026-01-31"),
        (dt.datetime(2026, 1, 31, 10, tzinfo=dt.UTC), "2026-01-31T10:00:00+00:00"),
        (dt.time(10, 5), "10:05:00"),
        (pd.Timestamp("2026-01-31"), "2026-01-31T00:00:00"),
        (pd.NaT, None),
        (PurePosixPath("/data/x"), "/data/x"),
        (Tissue.LUNG, "lung"),
        (Organ.LUNG, "lung"),
        (Level.HIGH, 3),
        (10**30, 10**30),
        ({"a": {"b": None}}, {"a": {"b": None}}),
        ("", ""),
    ],
)
def test_what_has_one_json_form_is_converted(value: Any, expected: Any) -> None:
    cleaned = rules.clean_metadata({"key": value})["key"]
    assert cleaned == expected
    assert type(cleaned) is type(expected)
    assert json.loads(json.dumps(cleaned)) == cleaned


@pytest.mark.parametrize(
    ("value", "part"),
    [
        (float("nan"), "is nan"),
        (float("inf"), "is inf"),
        (np.float64("nan"), "is nan"),
        (np.array([1.0, np.nan]), "[1] is nan"),
        ({"deep": [1, float("nan")]}, "['deep'][1] is nan"),
        (b"bytes", "bytes"),
        ({1, 2}, "set"),
        (object(), "object"),
        (1 + 2j, "complex"),
        (np.complex64(1), "complex"),
        (dt.timedelta(1), "timedelta"),
        (np.timedelta64(1, "ns"), "no JSON form"),
        (pd.NA, "NAType"),
        (pd.DataFrame(), "DataFrame"),
        ({1: 2}, "key 1"),
        ({None: 2}, "key None"),
        ({"": 2}, "empty key"),
        ("a\x00b", "NUL"),
        ({"a\x00": 1}, "NUL"),
        ("\ud800", "Unicode"),
    ],
)
def test_what_has_no_json_form_is_named_by_its_key(value: Any, part: str) -> None:
    with pytest.raises(Invalid) as caught:
        rules.clean_metadata({"fine": 1, "key": value})
    assert "metadata['key']" in caught.value.title
    assert part in caught.value.title
    assert caught.value.detail


def test_a_structure_that_contains_itself() -> None:
    loop: dict[str, Any] = {}
    loop["loop"] = loop
    with pytest.raises(Invalid, match="nested too deep"):
        rules.clean_metadata(loop)


@pytest.mark.parametrize("value", [None, [1], "text", 3, Path()])
def test_metadata_are_a_dict(value: Any) -> None:
    with pytest.raises(Invalid, match="metadata must be a dict"):
        rules.clean_metadata(value)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text("abcäé漢.", min_size=1, max_size=4), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.text("abcäé漢.", min_size=1, max_size=4), json_values, max_size=5))
def test_json_is_kept_as_it_is(metadata: dict[str, Any]) -> None:
    cleaned = rules.clean_metadata(metadata)
    assert cleaned == metadata
    assert list(cleaned) == list(metadata)
    assert json.loads(json.dumps(cleaned, allow_nan=False)) == metadata


@pytest.mark.parametrize("good", ["a", "A-b_9", "0", "x" * 200, "-", "_"])
def test_ids(good: str) -> None:
    assert rules.check_dataset_id(good) == good


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("", "Empty string cannot be used as dataset_id"),
        ("a b", "Cannot use 'a b' as dataset_id, consider using 'a_b'"),
        ("user!@#id", "Cannot use 'user!@#id' as dataset_id, consider using 'user___id'"),
        ("é", "Cannot use 'é' as dataset_id, consider using '_'"),
        ("a\n", "Cannot use 'a\\n' as dataset_id, consider using 'a_'"),
    ],
)
def test_ids_that_are_refused(bad: str, message: str) -> None:
    with pytest.raises(ValueError, match="dataset_id") as caught:
        rules.check_dataset_id(bad)
    assert str(caught.value).splitlines()[0] == message


@pytest.mark.parametrize("bad", [None, 3, b"a", ["a"]])
def test_ids_are_text(bad: Any) -> None:
    with pytest.raises(TypeError, match="dataset_id must be a str"):
        rules.check_dataset_id(bad)


@given(st.text(max_size=300))
def test_a_refused_id_proposes_one_that_is_allowed(text: str) -> None:
    told = ""
    try:
        assert rules.check_dataset_id(text) == text
    except Invalid as error:
        told = str(error)
    assert len(told) < 1000
    assert told.replace("\n", "").isprintable()
    assert rules.check_dataset_id(rules.propose_dataset_id(text))


@given(st.text(max_size=300))
def test_file_names_stay_in_their_folder(text: str) -> None:
    try:
        name = rules.check_file_name(text)
    except Invalid:
        return
    assert Path(name).name == name
    assert "\\" not in name
    assert name.isprintable()
    assert rules.check_file_name(name) == name
    assert len(name.encode()) <= 255


@pytest.mark.parametrize("text", ["v1", "v99", "deadbeef", "DEADBEEF", "12345678-ab"])
def test_labels_are_unlike_versions(text: str) -> None:
    with pytest.raises(Invalid, match="label"):
        rules.check_label(text)


@pytest.mark.parametrize("text", ["v", "v0", "version 1", "submitted", "für Frau Ö.", "2026-01-31"])
def test_labels(text: str) -> None:
    assert rules.check_label(text) == text


def test_what_is_shown_is_short_and_harmless() -> None:
    assert rules.shown("GSE1 é") == "GSE1 é"
    assert "\x1b" not in rules.shown("\x1b[2J")
    assert len(rules.shown("\x00" * 10_000)) < 500
    assert rules.shown(3) == "3"
