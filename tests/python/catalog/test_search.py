"""Finding datasets through the catalog."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import omicshelf
from omicshelf import Catalog, SearchResult
from omicshelf.errors import Invalid


@pytest.fixture
def filled(catalog: Catalog, file: Callable[..., Path]) -> Catalog:
    for number, tissue in enumerate(["lung", "lung", "liver", None]):
        catalog.create_dataset(
            f"d{number}", f"T{number % 2}", file(f"{number}.csv", f"a,b\n{number},1\n"),
            {"tissue": tissue, "n": number}, study_id="S" if number < 2 else None,
        )  # fmt: skip
    return catalog


def ids(found: object) -> list[str]:
    return [dataset.dataset_id for dataset in found]  # type: ignore[attr-defined]


def test_search(filled: Catalog) -> None:
    found = filled.search("tissue:lung", facets=["tissue", "n"], order_by="dataset_id")
    assert isinstance(found, SearchResult)
    assert (ids(found), found.total, len(found), found.next) == (["d0", "d1"], 2, 2, None)
    assert found.facets == {"tissue": {"lung": 2}, "n": {"0": 1, "1": 1}}
    assert ids(filled.search(where={"n": (">", 1)}, order_by="dataset_id")) == ["d2", "d3"]
    assert ids(filled.search("type:T1 n:>1")) == ["d3"]
    assert ids(filled.search("", facets="tissue")) == ["d3", "d2", "d1", "d0"]
    assert filled.search("nothing").total == 0


def test_pages(filled: Catalog) -> None:
    got, after = [], None
    while True:
        page = filled.search(limit=1, after=after, order_by="dataset_id")
        got += ids(page)
        after = page.next
        if after is None:
            break
    assert got == ["d0", "d1", "d2", "d3"]


def test_list_datasets(filled: Catalog) -> None:
    assert ids(filled.list_datasets()) == ["d0", "d1", "d2", "d3"]
    assert ids(filled.list_datasets(limit=2, prefetch_metadata=True)) == ["d0", "d1"]
    assert filled.list_datasets(limit=0) == []
    assert ids(filled.list_datasets(study_id="S")) == ["d0", "d1"]
    assert ids(filled.list_datasets(data_type="T1", where="tissue:lung")) == ["d1"]
    assert ids(filled.list_datasets(data_format="csv", order_by="-dataset_id")) == [
        "d3", "d2", "d1", "d0"]  # fmt: skip
    filled.delete_dataset("d3")
    assert ids(filled.list_datasets(deleted=True)) == ["d3"]
    assert (len(filled), bool(filled), ids(filled)) == (3, True, ["d0", "d1", "d2"])


def test_many_are_iterated(catalog: Catalog, file: Callable[..., Path]) -> None:
    path = file("x.txt", "x")
    for number in range(30):
        catalog.create_dataset(f"d{number:02}", "T", path, {})
    assert len(list(catalog)) == len(catalog.list_datasets()) == len(catalog) == 30


def test_as_a_table(filled: Catalog) -> None:
    frame = filled.to_frame(where="tissue:lung")
    assert list(frame.index) == ["d0", "d1"]
    assert frame.loc["d1", "n"] == 1
    assert frame.loc["d0", "version"] == "v1"
    assert isinstance(frame.created_at.dtype, pd.DatetimeTZDtype)
    assert filled.to_frame(where="tissue:nix").empty


@pytest.mark.parametrize("limit", [0, -1, 20_000, True, "5", None, 1.5])
def test_sizes_of_a_page_that_are_refused(filled: Catalog, limit: object) -> None:
    with pytest.raises(Invalid, match="limit"):
        filled.search(limit=limit)  # type: ignore[arg-type]


@pytest.mark.parametrize("limit", [-1, "5", 1.5])
def test_limits_of_a_list_that_are_refused(filled: Catalog, limit: object) -> None:
    with pytest.raises(Invalid, match="limit"):
        filled.list_datasets(limit=limit)  # type: ignore[arg-type]


def test_an_atlas_that_is_not_there(filled: Catalog, connection: omicshelf.Connection) -> None:
    other = Catalog("atlsa")
    with pytest.warns(UserWarning, match="'atlas'"):
        assert other.list_datasets() == []
    with pytest.warns(UserWarning, match="'atlas'"):
        assert other.search().total == 0
    assert "d0" not in other
    assert [a.name for a in connection.backend.list_atlases()] == ["atlas"]


def test_an_empty_catalog_warns_of_nothing(catalog: Catalog) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert catalog.list_datasets() == []
        assert catalog.search("x").total == 0
        assert len(catalog) == 0
    assert bool(catalog)


def test_results_are_shown(filled: Catalog) -> None:
    filled.create_dataset("html", "<b>T</b>", pd.DataFrame({"a": [1]}), {})
    found = filled.search("html")
    assert repr(found) == "SearchResult(1 found: html)"
    shown = found._repr_html_()
    assert "&lt;b&gt;T&lt;/b&gt;" in shown
    assert "<b>" not in shown
