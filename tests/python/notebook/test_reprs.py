"""How things look in a notebook: as HTML that never acts, whatever they are called."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd
import pytest
from realkernel import HOSTILE

import omicshelf
from omicshelf.catalog import Catalog
from omicshelf.errors import Unreachable
from omicshelf.records import Element, Summary

ODD = [
    HOSTILE.replace("\x07", ""),
    "x" * 5000,
    "א" * 30 + "\u202e",
    "a\nb\tc",
    '"><script>x</script>',
]


class Page(HTMLParser):
    """Reads HTML of ours; fails on anything that could act."""

    LAYOUT = ("div", "span", "b", "dl", "dt", "dd", "code")
    TAGS = frozenset([*LAYOUT, "table", "caption", "thead", "tbody", "tr", "th", "td"])
    ATTRIBUTES = frozenset(["class", "style", "dir", "title", "scope", "aria-hidden", "rowspan"])

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in self.TAGS, tag
        for name, value in attrs:
            assert name in self.ATTRIBUTES, name
            if name == "style":
                assert not re.search(r"url|expression|import|javascript", value or "")
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with omicshelf.connect(tmp_path / "catalog"):
        yield Catalog("demo")


def annotated(n: int = 30) -> anndata.AnnData:
    rng = np.random.default_rng(0)
    groups = pd.Categorical(["a", "b", "c"] * (n // 3))
    obs = pd.DataFrame({"depth": rng.random(n), "group": groups}, index=[f"c{i}" for i in range(n)])
    return anndata.AnnData(rng.random((n, 4), dtype="float32"), obs=obs)


def test_a_dataset_says_what_it_is_and_holds(catalog: Catalog) -> None:
    data = annotated()
    dataset = catalog.save("d", data, metadata={"tissue": "lung"}, message="first")
    told = Page(dataset._repr_html_() or "").text
    for part in ("d", "v1 latest", "30 cells × 4 genes", "lung", "first", "group", "a, b, c"):
        assert part in told
    assert repr(dataset).startswith("Dataset(dataset_id='d'")
    old = catalog.get_version("d", "v1")
    assert "v1 latest" not in Page(old._repr_html_() or "").text
    low, high = data.obs["depth"].min(), data.obs["depth"].max()
    assert f"{low:.4g} to {high:.4g}" in told


def test_lists_say_how_many_more_there_are(catalog: Catalog) -> None:
    for n in range(22):
        catalog.save(f"d{n}", pd.DataFrame({"x": [n]}), message=f"number {n}")
    told = Page(catalog._repr_html_() or "").text
    assert "22 datasets · 22 versions" in told
    assert "14 more, changed before these." in told
    assert "2 more." in Page(catalog.search(limit=22)._repr_html_() or "").text
    assert "Nothing is in it yet" in Page(Catalog("empty")._repr_html_() or "").text
    for n in range(3):
        catalog.save("d0", pd.DataFrame({"x": [n + 100]}))
    versions = catalog.list_versions("d0")
    assert "4 versions" in Page(versions._repr_html_() or "").text
    assert repr(versions).startswith("[DatasetVersion(")
    assert isinstance(versions, list)


@pytest.mark.parametrize("odd", ODD)
def test_whatever_things_are_called_stays_text(catalog: Catalog, odd: str, tmp_path: Path) -> None:
    data = annotated()
    data.obs[odd.replace("/", "|")] = pd.Categorical([odd, "b", "c"] * 10)
    metadata = {odd[:100].replace("\n", " ").replace("\t", " ") or "k": odd}
    dataset = catalog.create_dataset("odd", "T", data, metadata, message=odd.split("\n")[0][:900])
    data.obs["more"] = 1
    catalog.update_dataset("odd", metadata={"k": [odd]}, data=data)
    (tmp_path / "f.txt").write_text("x")
    file = catalog.attach_file(
        "odd", tmp_path / "f.txt", tag=odd.split("\n")[0][:60].replace("\u202e", "")
    )
    shown: list[Any] = [
        dataset, dataset.peek(), catalog, catalog.list_versions("odd"), file,
        catalog.search("odd", facets=["k"]), catalog.diff("odd", "v1", "v2"),
    ]  # fmt: skip
    for thing in shown:
        html = thing._repr_html_()
        Page(html)
        assert "<img" not in html
        assert "<script" not in html
        assert "\u202e" not in html
        assert len(html) < 60_000


def test_a_summary_of_anything_is_shown() -> None:
    for kind in ("anndata", "mudata", "matrix", "variants", "table", "file"):
        for shape in ({}, {"n_obs": 1, "n_vars": 1}, {"n_rows": 2}):
            Page(Summary(kind=kind, **shape)._repr_html_() or "")
    hostile = Element(
        kind="categorical",
        n_categories=2,
        categories={"a": 0, "b": 0},
        colors=dict.fromkeys("ab", 'red;x:url("a")'),
    )
    odd = Element(kind="array", dtype="float64", min=1.0, max=1.0, histogram=[])
    told = Summary(kind="anndata", n_obs=1, n_vars=2, elements={"obs/a": hostile, "obs/b": odd})
    html = told._repr_html_() or ""
    assert "url" not in html
    assert "1 cell × 2 genes" in Page(html).text


def test_a_catalog_that_is_out_of_reach_says_so(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable() -> None:
        raise Unreachable("The server is away.", "Try again later.")

    monkeypatch.setattr(catalog.connection.backend, "list_atlases", unreachable)
    assert "The server is away." in Page(catalog._repr_html_() or "").text
