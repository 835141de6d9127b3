"""Searches on PostgreSQL find what searches on SQLite find, in the same order."""

from __future__ import annotations

import base64
import random
import sqlite3
import string
import unicodedata
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from test_embedded_search import (  # noqa: F401
    filled_catalog,
    test_a_page_is_walked_or_sorted,
    test_facets,
    test_pages_and_totals,
    test_what_facets_show_is_kept_only_where_it_is_not_the_text,
)

from omicshelf.backend.base import Filter, Query
from omicshelf.backend.embedded.backend import EmbeddedBackend
from omicshelf.backend.embedded.database import Database, fold
from omicshelf.backend.embedded.words import words_of
from omicshelf.errors import Invalid, NotFound, RequestException
from omicshelf.testing.backend_base import ATLAS, BY, BackendFixtures, Material
from omicshelf.testing.servers.postgres import CatalogDatabases

pytest_plugins = ("omicshelf.testing.servers.fixtures",)


@pytest.fixture(scope="module")
def filled(
    postgres_databases: CatalogDatabases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EmbeddedBackend]:
    name = postgres_databases.take()
    url = postgres_databases.server.url(name)
    with filled_catalog(tmp_path_factory.mktemp("search"), database_url=url) as backend:
        yield backend
    postgres_databases.give_back(name)


@pytest.fixture
def both(tmp_path: Path, postgres_url: str) -> Iterator[list[EmbeddedBackend]]:
    """A catalog in SQLite, and one in PostgreSQL."""
    with (
        closing(EmbeddedBackend(tmp_path / "sqlite")) as first,
        closing(EmbeddedBackend(tmp_path / "postgres", database_url=postgres_url)) as second,
    ):
        yield [first, second]


# -- words


def fts5_words(texts: list[str]) -> list[list[str]]:
    """Give the words that SQLite finds in each text."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(
            "CREATE VIRTUAL TABLE f USING fts5(body, tokenize='unicode61 remove_diacritics 2')"
        )
        connection.execute("CREATE VIRTUAL TABLE v USING fts5vocab(f, 'instance')")
        connection.executemany("INSERT INTO f (rowid, body) VALUES (?, ?)", enumerate(texts))
        found: list[dict[int, str]] = [{} for _ in texts]
        for term, row, at in connection.execute("SELECT term, doc, offset FROM v"):
            found[row][at] = term
    return [[words[at] for at in sorted(words)] for words in found]


def test_every_letter_is_cut_and_folded_as_by_sqlite() -> None:
    """SQLite knows the characters of Unicode 6.1, Python those of a newer one."""
    assigned = [
        chr(code) for code in range(1, 0x3000)
        if unicodedata.ucd_3_2_0.category(chr(code)) not in ("Cn", "Cs")
    ]  # fmt: skip
    texts = [unicodedata.normalize("NFC", f"xx{char}yy") for char in assigned]
    differ = {
        char for char, text, words in zip(assigned, texts, fts5_words(texts), strict=True)
        if words_of(text) != words
    }  # fmt: skip
    assert len(assigned) > 6000
    # Accents that no letter is composed with: here they are dropped, there they part words.
    accents = {char for char in differ if "\u0300" <= char <= "\u0343"}
    assert all(map(unicodedata.combining, accents))
    # Two letters with two accents each, the long s, and two that are letters no more.
    assert differ - accents == set("Ǡǡẛ\u1885\u1886")


def test_texts_are_cut_as_by_sqlite() -> None:
    rng = random.Random(5)
    letters = string.printable + "äÖßéİıſΑάςжЁשלוم한글漢字ñ\u0301½²٣"
    texts = ["".join(rng.choices(letters, k=60)) for _ in range(500)]
    composed = [unicodedata.normalize("NFC", text) for text in texts]
    for text, expected in zip(texts, fts5_words(composed), strict=True):
        assert words_of(text) == list(dict.fromkeys(expected)), text


def test_words_are_as_many_as_a_row_can_hold(postgres_url: str) -> None:
    long = " ".join(f"{number:x}" * 60 for number in range(40_000))
    words = words_of(long + " " + "é漢" * 5000)
    assert sum(len(word.encode()) for word in words) <= 900_000
    with closing(Database(postgres_url)) as db, db.reading() as connection:
        n = connection.execute(
            sa.text("SELECT length(array_to_tsvector(CAST(:words AS text[])))"), {"words": words}
        ).scalar_one()
    assert n == len(words) > 1000


# -- order, and the case of letters

IDS = ["a", "B", "b", "A", "a-1", "a_1", "A1", "a1", "Z", "z", "_x", "-x", "10", "9", "a.b"]
STUDIES = ["Ärzte", "ärzte", "zebra", "Zebra", "ÉTÉ", "Öl", "ol", "", "STRASSE", "Straße", "ΟΔΟΣ"]


def test_orders_and_pages_are_those_of_sqlite(both: list[EmbeddedBackend], tmp_path: Path) -> None:
    text = Material(tmp_path / "material").text("x")
    for backend in both:
        for name, study in zip(IDS, STUDIES + [None] * len(IDS), strict=False):
            BackendFixtures.put(backend, name.replace(".", "-dot"), text, study_id=study or None)
    assert len({str(pages(backend)) for backend in both}) == 1
    assert [name for page in pages(both[1])["dataset_id"] for name in page][:5] == sorted(
        name.replace(".", "-dot") for name in IDS
    )[:5]


def pages(backend: EmbeddedBackend) -> dict[str, list[list[str]]]:
    """Give all pages of each order of texts."""
    found: dict[str, list[list[str]]] = {}
    for order in ("dataset_id", "-dataset_id", "study_id", "-study_id"):
        found[order] = []
        after = None
        while True:
            page = backend.find(ATLAS, Query(limit=2, order_by=order, after=after))
            found[order].append([dataset.dataset_id for dataset in page.datasets])
            after = page.next
            if after is None:
                break
    return found


def test_all_texts_are_compared_by_their_bytes(postgres_url: str) -> None:
    with closing(Database(postgres_url)) as db, db.reading() as connection:
        found = connection.exec_driver_sql(
            "SELECT table_name, column_name, collation_name FROM information_schema.columns"
            " WHERE table_schema = current_schema() AND data_type = 'character varying'"
            " AND table_name <> 'alembic_version'"
        ).all()
    assert len(found) > 40
    assert {row.collation_name for row in found} == {"C"}


def test_the_case_of_any_script_is_folded_as_by_python(postgres_url: str) -> None:
    chars = [chr(code) for code in range(1, 0x2FFF) if unicodedata.category(chr(code))[0] != "C"]
    texts = [*chars, "ΟΔΟΣ ὁδός", "Kızıl İstanbul", "ﬁne GROẞ groß", "ǅ ЁЖ", ""]
    with closing(Database(postgres_url)) as db, db.reading() as connection:
        listed = (
            sa.func.unnest(sa.cast(texts, sa.ARRAY(sa.Text)))
            .table_valued("body", with_ordinality="place", name="given")
            .render_derived()
        )
        found = connection.execute(
            sa.select(fold(listed.c.body)).order_by(listed.c.place)
        ).scalars()
        differ = {a for a, b in zip(texts, found, strict=True) if a.casefold() != b}
    # Unicode folds Cherokee to its capitals.
    assert {text for text in differ if "CHEROKEE" not in unicodedata.name(text[0])} == set()


@pytest.mark.parametrize("study", [study for study in STUDIES if study])
def test_a_field_is_found_in_any_case(
    both: list[EmbeddedBackend], tmp_path: Path, study: str
) -> None:
    text = Material(tmp_path / "material").text("x")
    for backend in both:
        for number, name in enumerate(STUDIES):
            BackendFixtures.put(backend, f"d{number}", text, study_id=name or None)
    for operator in ("=", "!=", "contains", "starts", "<"):
        asked = Query(where=(Filter("study_id", operator, study.swapcase()),))
        found = [[d.dataset_id for d in b.find(ATLAS, asked).datasets] for b in both]
        assert found[0] == found[1], operator
        assert found[0] or operator == "<"


# -- what a row of an index or a text cannot hold


def metadatas() -> dict[str, dict[str, Any]]:
    rng = random.Random(3)
    wide = "".join(map(chr, rng.choices(range(0x20000, 0x2A000), k=2000)))
    mixed = "".join(map(chr, rng.choices(range(0x100, 0x2000), k=2000)))
    return {
        "wide": {wide[:400]: wide, "k": [wide[i : i + 300] for i in range(0, 1500, 300)]},
        "mixed": {mixed[:400]: mixed, "k": mixed[7:]},
        "capitals": {"K" * 400: "ÄÖÜ" * 400},
        "many": {"k": [f"{i:05d}" * 9 for i in range(30_000)]},
        "none": {},
    }


@contextmanager
def refused_alike(said: list[str]) -> Iterator[None]:
    try:
        yield
        said.append("kept")
    except RequestException as error:
        said.append(error.kind)


@pytest.mark.parametrize("what", metadatas())
def test_any_metadata_is_kept_and_found(
    both: list[EmbeddedBackend], tmp_path: Path, what: str
) -> None:
    text = Material(tmp_path / "material").text("x")
    metadata = metadatas()[what]
    for backend in both:
        BackendFixtures.put(backend, "d", text, metadata=metadata)
        assert backend.get_dataset(ATLAS, "d").version.metadata == metadata
        for key, value in metadata.items():
            one = value[0] if isinstance(value, list) else value
            for filtered in (Filter(key, "=", one), Filter(key, "exists")):
                assert backend.find(ATLAS, Query(where=(filtered,))).total == 1
            assert sum(backend.find(ATLAS, Query(facets=(key,))).facets[key].values()) >= 1


@pytest.mark.parametrize(
    "draft",
    [
        {"metadata": {"k": "a\0b"}}, {"metadata": {"a\0b": 1}}, {"metadata": {"k": ["\0"]}},
        {"study_id": "a\0b"}, {"data_type": "a\0b"}, {"message": "a\0b"},
        {"metadata": {"k": "\ud800"}}, {"metadata": {"k": 2**70}}, {"metadata": {"k": -(2**63)}},
        {"metadata": {"k": 1e308}}, {"metadata": {"k": float("inf")}},
    ],
)  # fmt: skip
def test_odd_texts_and_numbers_are_treated_alike(
    both: list[EmbeddedBackend], tmp_path: Path, draft: dict[str, Any]
) -> None:
    text = Material(tmp_path / "material").text("x")
    said: list[str] = []
    for backend in both:
        with refused_alike(said):
            BackendFixtures.put(backend, "d", text, **draft)
        if said[-1] == "kept" and "metadata" in draft:
            assert backend.get_dataset(ATLAS, "d").version.metadata == draft["metadata"]
            (value,) = draft["metadata"].values()
            one = value[0] if isinstance(value, list) else value
            found = backend.find(ATLAS, Query(where=(Filter("k", "=", one),)))
            said[-1] += f" {found.total}"
    assert said[0] == said[1]


def test_odd_questions_are_answered_alike(both: list[EmbeddedBackend], tmp_path: Path) -> None:
    text = Material(tmp_path / "material").text("x")
    answers = []
    for backend in both:
        BackendFixtures.put(backend, "d", text, metadata={"k": 5, "t": "x"}, study_id="S")
        said: list[Any] = []
        for where in (
            ("k", "<", float("nan")), ("k", ">", float("-inf")), ("k", "<", float("inf")),
            ("k", "=", "\0"), ("t", "=", "x\0"), ("t", "contains", "\\"), ("t", "starts", "%"),
            ("dataset_id", "=", "d\0"), ("study_id", "contains", "ß\0"), ("size", "<", 2**62),
            ("n\0", "exists"), ("dataset_id", "in", ["d", "é"]), ("t", "=", "'; DROP"),
        ):  # fmt: skip
            said.append((repr(where), backend.find(ATLAS, Query(where=(Filter(*where),))).total))
        for words in ("a\0b", "\\", "':*", "d:*", "x & y", "!x", "\u0301", "ß", "d' | 'x"):
            said.append((words, backend.find(ATLAS, Query(text=words)).total))
        for ask in (
            lambda b: b.find("a\0", Query()).total,
            lambda b: b.get_dataset(ATLAS, "d\0"),
            lambda b: b.get_version(ATLAS, "d", "v\0"),
            lambda b: len(list(b.changes(atlas="a\0"))),
            lambda b: len(list(b.changes(dataset_id="\ud800"))),
        ):
            try:
                said.append(ask(backend))
            except RequestException as error:
                said.append((error.kind, error.title))
        answers.append(said)
    assert answers[0] == answers[1]


@pytest.mark.parametrize("value", ["1", "null", "true", "NaN", "[1]", '"a\\u0000"'])
def test_a_forged_cursor_is_refused(both: list[EmbeddedBackend], value: str) -> None:
    for order in ("dataset_id", "size"):
        if (order, value) == ("size", "1"):
            continue
        forged = base64.urlsafe_b64encode(f'["{order}", {value}, 1]'.encode()).decode()
        for backend in both:
            with backend.db.writing() as connection:
                connection.exec_driver_sql(
                    "INSERT INTO atlas (name, created_at) VALUES ('atlas', 0)"
                    " ON CONFLICT (name) DO NOTHING"
                )
            with pytest.raises(Invalid):
                backend.find("atlas", Query(order_by=order, after=forged))


def test_what_is_not_there_is_not_found(both: list[EmbeddedBackend]) -> None:
    for backend in both:
        with pytest.raises(NotFound):
            backend.delete_dataset("a\0", "d", by=BY)
