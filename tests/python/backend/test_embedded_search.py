"""Searches of the embedded backend give what a plain loop over all metadata gives."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from omicshelf.backend.base import Filter, Query
from omicshelf.backend.embedded import matching, search
from omicshelf.backend.embedded import schema as t
from omicshelf.backend.embedded.backend import EmbeddedBackend
from omicshelf.backend.embedded.index import as_shown, as_text, attributes_of, index_dataset
from omicshelf.backend.embedded.matching import Matching, in_keys, parse_keys
from omicshelf.testing.backend_base import ATLAS, BY, BackendFixtures, Material

N = 400
OTHER = "other"

Samples = dict[str, dict[str, Any]]
Wanted = dict[str, Any]


def described(number: int) -> dict[str, Any]:
    """Give the metadata of a dataset: rare, frequent, spelled in two ways, many, or missing."""
    made: dict[str, Any] = {
        "year": 2010 + number % 15,
        "tissue": ["Lung", "lung", "Liver", "LUNG", ["Lung", "Heart", "Lung"]][number % 5],
        "donor": {"age": number * 37 % 90},
        "title": f"tumour {number}" if number % 3 else f"healthy {number}",
    }
    if number % 7 == 0:
        made["note"] = f"{'Ä' * 220}{number % 2}"
    return made


@contextmanager
def filled_catalog(folder: Path, **options: Any) -> Iterator[EmbeddedBackend]:
    """Two atlases of many datasets by turns, made as copies of one in the tables."""
    with closing(EmbeddedBackend(folder / "catalog", **options)) as backend:
        for atlas in (ATLAS, OTHER):
            text = Material(folder / atlas).text("x")
            BackendFixtures.put(backend, "seed", text, atlas=atlas)
        with backend.db.writing() as connection:
            seeds = {row.atlas_id: row for row in connection.execute(t.dataset.select()).all()}
            of_seeds = connection.execute(t.version.select()).all()
            versions = {row.dataset_id: row for row in of_seeds}
            for number in range(N):
                for seed in seeds.values():
                    _copy(connection, seed, versions[seed.id], number)
        for atlas in (ATLAS, OTHER):
            backend.delete_dataset(atlas, "seed", by=BY)
        yield backend


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBackend]:
    with filled_catalog(tmp_path_factory.mktemp("search")) as backend:
        yield backend


def _copy(connection: sa.Connection, seed: Any, version: Any, number: int) -> None:
    key = connection.execute(sa.select(sa.func.max(t.dataset.c.id))).scalar_one() + 1
    # A database that was used before counts on from where it was.
    version_key = connection.execute(sa.select(sa.func.max(t.version.c.id))).scalar_one() + 1
    when = seed.created_at + number * 7919 % N
    values = {"id": key, "dataset_id": f"d{number:03d}", "current_version": version_key, "size": 5}
    values |= {"n_obs": number % 11 or None, "created_at": when, "modified_at": when}
    connection.execute(t.dataset.insert(), seed._asdict() | values)
    metadata = described(number)
    copy = {"id": version_key, "uuid": f"v{key}", "dataset_id": key, "metadata": metadata}
    connection.execute(t.version.insert(), version._asdict() | copy)
    row = connection.execute(t.dataset.select().where(t.dataset.c.id == key)).one()
    index_dataset(connection, row, metadata, data_type="", study_id=None, fresh=True)


def _values(number: int, key: str) -> list[Any]:
    return [value for found, value in attributes_of(described(number)) if found == key]


QUESTIONS: dict[str, tuple[dict[str, Any], Any]] = {
    "all": ({}, lambda n: True),
    "half": ({"where": (Filter("year", ">=", 2018),)}, lambda n: n % 15 >= 8),
    "few": ({"where": (Filter("year", "=", 2018),)}, lambda n: n % 15 == 8),
    "spelled": ({"where": (Filter("tissue", "=", "LUNG"),)}, lambda n: n % 5 != 2),
    "several": ({"where": (Filter("tissue", "in", ["heart", "lung"]),)}, lambda n: n % 5 != 2),
    "not": ({"where": (Filter("tissue", "!=", "liver"),)}, lambda n: n % 5 != 2),
    "missing": ({"where": (Filter("note", "missing"),)}, lambda n: n % 7 != 0),
    "word": ({"text": "tumour"}, lambda n: n % 3 != 0),
    "word and not": (
        {"text": "tumour", "where": (Filter("note", "missing"),)},
        lambda n: n % 3 != 0 and n % 7 != 0,
    ),
    "field": ({"where": (Filter("n_obs", ">", 4),)}, lambda n: n % 11 > 4),
    "word and field": (
        {"text": "tumour", "where": (Filter("n_obs", ">", 4),)},
        lambda n: n % 3 != 0 and n % 11 > 4,
    ),
    "all kinds": (
        {
            "text": "tumour",
            "where": (
                Filter("donor.age", ">", 20),
                Filter("n_obs", ">", 1),
                Filter("year", "!=", 2011),
            ),
        },
        lambda n: n % 3 != 0 and n * 37 % 90 > 20 and n % 11 > 1 and n % 15 != 1,
    ),
    "none": ({"where": (Filter("year", ">", 3000),)}, lambda n: False),
    "deleted": ({"deleted": True, "text": "tumour"}, lambda n: False),
}
ORDERS = {
    "dataset_id": lambda n: (n, n),
    "-created_at": lambda n: (-(n * 7919 % N), -n),
    "-n_obs": lambda n: (-(n % 11 or -1), -n),
}


@pytest.mark.parametrize("limits", ["as they are", "low"])
@pytest.mark.parametrize("what", QUESTIONS)
def test_pages_and_totals(
    filled: EmbeddedBackend, what: str, limits: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if limits == "low":
        monkeypatch.setattr(matching, "_FEW", 10)
    asked, matches = QUESTIONS[what]
    expected = [n for n in range(N) if matches(n)]
    for order, place in ORDERS.items():
        for limit in (3, 150):
            got: list[str] = []
            after = None
            while True:
                query = Query(**asked, order_by=order, limit=limit, after=after)
                page = filled.find(ATLAS, query)
                assert page.total == len(expected)
                got += [dataset.dataset_id for dataset in page.datasets]
                after = page.next
                if after is None or len(got) > 30 * limit:
                    break
            wanted = [f"d{n:03d}" for n in sorted(expected, key=place)]
            assert got == (wanted if after is None else wanted[: len(got)])
    ids = [f"d{n:03d}" for n in expected]
    assert filled.matching_ids(ATLAS, Query(**asked)) == ids
    whole = filled.find(ATLAS, Query(**asked, order_by="dataset_id", limit=None, count=False))
    assert ([d.dataset_id for d in whole.datasets], whole.total) == (ids, None)


def test_a_page_is_walked_or_sorted(
    filled: EmbeddedBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    walked = []
    real = search._walked

    def spy(*args: Any) -> Any:
        walked.append(real(*args))
        return walked[-1]

    monkeypatch.setattr(search, "_walked", spy)
    for number, is_walked in ((8, False), (-1, True)):
        where = (Filter("year", ">=" if is_walked else "=", 2010 + max(number, 0)),)
        filled.find(ATLAS, Query(where=where, limit=3))
        assert (walked.pop() is not None) == is_walked
    # What matches lies at the end of the order: the walk gives up, and the page is the same.
    last = (Filter("dataset_id", ">=", "d250"),)
    page = filled.find(ATLAS, Query(where=last, limit=3, order_by="dataset_id"))
    assert walked.pop() is None
    assert [d.dataset_id for d in page.datasets] == ["d250", "d251", "d252"]


# -- facets


def counted(numbers: Mapping[int, dict[str, Any]], key: str) -> dict[str, int]:
    """Count as the facets should."""
    counts: Counter[str] = Counter()
    for metadata in numbers.values():
        counts.update({as_shown(v) for found, v in attributes_of(metadata) if found == key})
    return dict(counts)


FACETS = ("year", "tissue", "donor.age", "note", "nix")


@pytest.mark.parametrize("what", QUESTIONS)
def test_facets(filled: EmbeddedBackend, what: str) -> None:
    asked, matches = QUESTIONS[what]
    page = filled.find(ATLAS, Query(**asked, facets=FACETS, facet_limit=1000))
    chosen = {n: described(n) for n in range(N) if matches(n)}
    assert page.facets == {key: counted(chosen, key) for key in FACETS}


def test_facets_follow_many_changes(tmp_path: Path) -> None:
    """Two processes; one writes, and the other's facets are those of a new one."""
    rng = random.Random(7)
    material = Material(tmp_path / "material")
    values: list[Any] = ["Lung", "lung", ["a", "B", "a"], 5, 5.0, True, "", None, "ß" * 250, []]
    now: Samples = {}
    query = Query(facets=("k", "n.m", "data_type"), facet_limit=1000, limit=1)
    with (
        closing(EmbeddedBackend(tmp_path / "catalog")) as writer,
        closing(EmbeddedBackend(tmp_path / "catalog")) as reader,
    ):
        for step in range(60):
            name = f"d{rng.randrange(12)}"
            metadata = {"k": rng.choice(values), "n": {"m": rng.choice(values)}}
            if name in now and rng.random() < 0.3:
                writer.delete_dataset(ATLAS, name, by=BY)
                del now[name]
            else:
                mode = "update" if name in now else "create"
                source = None if name in now else material.text("x")
                BackendFixtures.put(writer, name, source, mode=mode, metadata=metadata)
                now[name] = metadata
            if step % 3 == 0:
                found = reader.find(ATLAS, query).facets
                for key in ("k", "n.m"):
                    assert found[key] == counted(dict(enumerate(now.values())), key)
                assert found["data_type"] == ({"Test data": len(now)} if now else {})


def test_what_facets_show_is_kept_only_where_it_is_not_the_text(filled: EmbeddedBackend) -> None:
    a = t.attribute.c
    with filled.db.reading() as connection:
        found = connection.execute(
            sa.select(a.text, a.shown).where(a.key == "tissue").distinct()
        ).all()
    assert set(map(tuple, found)) == {
        ("lung", "Lung"), ("lung", None), ("lung", "LUNG"), ("liver", "Liver"), ("heart", "Heart")
    }  # fmt: skip
    assert (as_text(5.0), as_shown(5.0)) == ("5", "5.0")


# -- what the database is asked


def plans(connection: sa.Connection, statement: sa.Select[Any]) -> list[str]:
    """Give the lines of SQLite's plan."""
    compiled = statement.compile(connection)
    names = compiled.positiontup or ()
    values = tuple(compiled.construct_params()[name] for name in names)
    rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", values)
    return [row[3] for row in rows]


@pytest.mark.parametrize(
    "one",
    [
        Filter("k", "=", "x"), Filter("k", "exists"), Filter("k", ">", 3), Filter("k", "<", "x"),
        Filter("k", "contains", "x"), Filter("k", "starts", "x"),
    ],
)  # fmt: skip
def test_a_filter_reads_one_index_alone(filled: EmbeddedBackend, one: Filter) -> None:
    """Without statistics, which a catalog that is written to has not."""
    with filled.db.reading() as connection:
        statements = Matching(connection, 1, Query(where=(one,))).wanted
        (plan,) = plans(connection, statements[0])
    if one.operator != "<":  # of dates; looks at the number too
        assert plan.startswith("SEARCH attribute USING COVERING INDEX ix_attribute_")


def test_a_total_reads_one_index_alone(filled: EmbeddedBackend) -> None:
    with filled.db.reading() as connection:
        in_atlas = Matching(connection, 1, Query()).in_atlas
        total = sa.select(sa.func.count()).select_from(t.dataset).where(*in_atlas)
        (plan,) = plans(connection, total)
    assert "COVERING INDEX ix_dataset_modified" in plan


def test_keys_are_looked_up_and_no_atlas_is_walked(filled: EmbeddedBackend) -> None:
    with filled.db.reading() as connection:
        listed = in_keys(connection, t.dataset.c.id, np.array([1, 2]))
        first = plans(connection, sa.select(t.dataset.c.id).where(listed))[0]
    assert first == "SEARCH dataset USING INTEGER PRIMARY KEY (rowid=?)"


def test_keys_as_text() -> None:
    assert parse_keys(None).tolist() == []
    assert parse_keys("3,17,4").tolist() == [3, 17, 4]
