"""The contract of finding: filters, words, order, pages, facets; and of the change log."""

from __future__ import annotations

from typing import Any

import pytest

from omicshelf.backend.base import Backend, Filter, Query
from omicshelf.errors import Invalid
from omicshelf.testing.backend_base import ATLAS, BY, BackendFixtures, Material

__all__ = ["SearchContract"]

SAMPLES: dict[str, dict[str, Any]] = {
    "lung_1": {"tissue": "Lung", "n": 10, "disease": ["IPF", "COPD"], "donor": {"age": 61}},
    "lung_2": {"tissue": "lung", "n": 9, "disease": "IPF", "donor": {"age": 35}, "ok": True},
    "liver": {"tissue": "Liver", "n": 2.5, "ok": False, "date": "2026-01-31", "note": "100%_x"},
    "kidney": {"tissue": "Niere Ärzte", "date": "2025-12-01", "note": "100 x", "n": None},
    "empty": {},
}


FILTERED: list[tuple[tuple[Any, ...], set[str]]] = [
    (("tissue", "=", "lung"), {"lung_1", "lung_2"}),
    (("tissue", "=", "LUNG"), {"lung_1", "lung_2"}),
    (("tissue", "=", "niere ärzte"), {"kidney"}),
    (("tissue", "=", "Niere A\u0308rzte"), {"kidney"}),
    (("tissue", "=", "lu"), set()),
    (("tissue", "!=", "lung"), {"liver", "kidney", "empty"}),
    (("tissue", "in", ["lung", "liver"]), {"lung_1", "lung_2", "liver"}),
    (("tissue", "in", []), set()),
    (("tissue", "contains", "i"), {"liver", "kidney"}),
    (("tissue", "contains", "ÄRZ"), {"kidney"}),
    (("tissue", "starts", "L"), {"lung_1", "lung_2", "liver"}),
    (("tissue", "exists"), {"lung_1", "lung_2", "liver", "kidney"}),
    (("tissue", "missing"), {"empty"}),
    (("n", "=", 10), {"lung_1"}),
    (("n", "=", "10"), {"lung_1"}),
    (("n", ">", 9), {"lung_1"}),
    (("n", ">=", 9), {"lung_1", "lung_2"}),
    (("n", "<", 9), {"liver"}),
    (("n", "<=", 9.0), {"liver", "lung_2"}),
    (("n", ">", 10**400), set()),
    (("n", "missing"), {"kidney", "empty"}),
    (("donor.age", ">", 40), {"lung_1"}),
    (("disease", "=", "copd"), {"lung_1"}),
    (("disease", "=", "ipf"), {"lung_1", "lung_2"}),
    (("disease", "!=", "copd"), {"lung_2", "liver", "kidney", "empty"}),
    (("ok", "=", True), {"lung_2"}),
    (("ok", "=", "false"), {"liver"}),
    (("date", ">=", "2026-01-01"), {"liver"}),
    (("date", "<", "2026-01-01"), {"kidney"}),
    (("note", "contains", "%_"), {"liver"}),
    (("note", "starts", "100%"), {"liver"}),
    (("dataset_id", "=", "LIVER"), {"liver"}),
    (("dataset_id", "starts", "lung_"), {"lung_1", "lung_2"}),
    (("data_type", "=", "ÜNÏQUE"), {"kidney", "empty"}),
    (("study_id", "=", "Ärzte"), {"lung_1"}),
    (("study_id", "=", "ÄRZTE"), {"lung_1"}),
    (("study_id", "contains", "ärz"), {"lung_1"}),
    (("study_id", "in", ["ärzte", "s2"]), {"lung_1", "lung_2"}),
    (("study_id", "missing"), {"liver", "kidney", "empty"}),
    (("study_id", "exists"), {"lung_1", "lung_2"}),
    (("study_id", "!=", "S2"), {"lung_1", "liver", "kidney", "empty"}),
    (("size", "=", 6), {"lung_1"}),
    (("size", "<", 7), {"lung_1"}),
    (("author", "=", "ada"), {"lung_1", "lung_2", "liver", "kidney", "empty"}),
    (("n_obs", "missing"), {"lung_1", "lung_2", "liver", "kidney", "empty"}),
    (("problems", "=", 0), {"lung_1", "lung_2", "liver", "kidney", "empty"}),
    (("created_at", ">", 0), {"lung_1", "lung_2", "liver", "kidney", "empty"}),
    (("no such key", "=", "x"), set()),
    (("no such key", "missing"), {"lung_1", "lung_2", "liver", "kidney", "empty"}),
]

WORDS: list[tuple[str, set[str]]] = [
    ("", set(SAMPLES)),
    ("lung", {"lung_1", "lung_2"}),
    ("LUN", {"lung_1", "lung_2"}),
    ("ipf copd", {"lung_1"}),
    ("niere", {"kidney"}),
    ("ärzte", {"kidney", "lung_1"}),
    ("a\u0308rzte", {"kidney", "lung_1"}),
    ("lung_2", {"lung_2"}),
    ("61", {"lung_1"}),
    ("nothing-like-this", set()),
    ('"', set(SAMPLES)),
    ("lung* OR liver", set()),
    ("NEAR(lung liver)", set()),
    ("body:lung", set()),
    ("\ud800", set(SAMPLES)),
]


class SearchContract(BackendFixtures):
    """Finding looks at the current versions of live datasets, and at nothing else."""

    @pytest.fixture
    def samples(self, backend: Backend, material: Material) -> Backend:
        """A catalog with five datasets."""
        for number, (name, metadata) in enumerate(SAMPLES.items()):
            self.put(
                backend, name, material.text(name * (number + 1)), metadata=metadata,
                data_type="Single cell" if "l" in name else "Ünïque", message="m",
                study_id={"lung_1": "ÄRZTE", "lung_2": "S2"}.get(name),
            )  # fmt: skip
        return backend

    def found(self, backend: Backend, *where: Any, **query: Any) -> set[str]:
        """Give the ids that match."""
        filters = tuple(Filter(*one) for one in where)
        page = backend.find(ATLAS, Query(where=filters, **query))
        assert page.total == len(page.datasets)
        return {dataset.dataset_id for dataset in page.datasets}

    def test_filters(self, samples: Backend) -> None:
        found = [(where, self.found(samples, where)) for where, _expected in FILTERED]
        assert found == FILTERED

    def test_filters_are_joined(self, samples: Backend) -> None:
        assert self.found(samples, ("tissue", "=", "lung"), ("n", ">", 9)) == {"lung_1"}
        assert self.found(samples, ("tissue", "=", "lung"), text="copd") == {"lung_1"}

    def test_filters_that_are_refused(self, samples: Backend) -> None:
        for where in (
            ("size", ">", "big"), ("n_obs", "=", float("nan")), ("tissue", "in", "lung"),
            ("size", "between", 3), ("tissue", "between", 3), ("n_obs", ">", None),
            ("size", ">", 10**30),
        ):  # fmt: skip
            with self.refused(samples, Invalid):
                samples.find(ATLAS, Query(where=(Filter(*where),)))

    def test_words(self, samples: Backend) -> None:
        found = [(text, self.found(samples, text=text)) for text, _expected in WORDS]
        assert found == WORDS

    def test_only_the_current_state_is_found(self, samples: Backend) -> None:
        self.put(samples, "lung_1", mode="update", metadata={"tissue": "brain"})
        assert self.found(samples, ("tissue", "=", "lung")) == {"lung_2"}
        assert self.found(samples, text="copd") == set()
        samples.delete_dataset(ATLAS, "lung_1", by=BY)
        assert self.found(samples, ("tissue", "=", "brain")) == set()
        samples.undelete_dataset(ATLAS, "lung_1", by=BY)
        assert self.found(samples, ("tissue", "=", "brain")) == {"lung_1"}
        samples.rollback(ATLAS, "lung_1", "v1", by=BY)
        assert self.found(samples, text="copd") == {"lung_1"}
        samples.set_study(ATLAS, "lung_1", "Neu", by=BY)
        assert self.found(samples, text="neu") == {"lung_1"}

    def test_another_atlas_is_not_looked_at(self, samples: Backend, material: Material) -> None:
        self.put(samples, "x", material.text("x"), atlas="other", metadata={"tissue": "lung"})
        assert self.found(samples, ("tissue", "=", "lung")) == {"lung_1", "lung_2"}
        page = samples.find("nowhere", Query(facets=("tissue",)))
        assert (page.datasets, page.total, page.facets) == ([], 0, {"tissue": {}})

    # -- order and pages

    ORDERED = (
        ("dataset_id", ["empty", "kidney", "liver", "lung_1", "lung_2"]),
        ("-dataset_id", ["lung_2", "lung_1", "liver", "kidney", "empty"]),
        ("created_at", ["lung_1", "lung_2", "liver", "kidney", "empty"]),
        ("-last_modified_at", ["empty", "kidney", "liver", "lung_2", "lung_1"]),
        ("size", ["lung_1", "lung_2", "liver", "kidney", "empty"]),
        ("study_id", ["liver", "kidney", "empty", "lung_2", "lung_1"]),
        ("-study_id", ["lung_1", "lung_2", "empty", "kidney", "liver"]),
        ("n_obs", ["lung_1", "lung_2", "liver", "kidney", "empty"]),
    )

    @pytest.mark.parametrize("limit", [1, 2, 5, 100])
    def test_pages(self, samples: Backend, limit: int) -> None:
        for order, expected in self.ORDERED:
            assert self.walk(samples, order, limit) == expected

    def walk(self, samples: Backend, order: str, limit: int) -> list[str]:
        """Give the ids of all pages, one after another."""
        got: list[str] = []
        after: str | None = None
        for _page in range(10):
            page = samples.find(ATLAS, Query(order_by=order, limit=limit, after=after))
            assert page.total == 5
            assert len(page.datasets) <= limit
            got += [dataset.dataset_id for dataset in page.datasets]
            after = page.next
            if after is None:
                return got
        raise AssertionError(f"there is no end: {got}")

    def test_pages_while_others_write(self, samples: Backend, material: Material) -> None:
        first = samples.find(ATLAS, Query(order_by="dataset_id", limit=2))
        self.put(samples, "aaa", material.text("a"))
        samples.delete_dataset(ATLAS, "kidney", by=BY)
        rest = samples.find(ATLAS, Query(order_by="dataset_id", limit=9, after=first.next))
        assert [d.dataset_id for d in rest.datasets] == ["liver", "lung_1", "lung_2"]

    def test_cursors_that_are_refused(self, samples: Backend) -> None:
        for after in ("", "x", "bm90IGpzb24", "WzEsMl0", "ü", "W10"):
            with self.refused(samples, Invalid):
                samples.find(ATLAS, Query(after=after))

    def test_a_cursor_of_another_order(self, samples: Backend) -> None:
        page = samples.find(ATLAS, Query(order_by="size", limit=2))
        with self.refused(samples, Invalid, "order"):
            samples.find(ATLAS, Query(order_by="-size", limit=2, after=page.next))

    def test_an_order_that_is_refused(self, samples: Backend) -> None:
        with self.refused(samples, Invalid, "sizes", "Did you mean 'size'?"):
            samples.find(ATLAS, Query(order_by="sizes"))

    def test_no_count_and_no_limit(self, samples: Backend) -> None:
        page = samples.find(ATLAS, Query(limit=None, count=False))
        assert (len(page.datasets), page.total, page.next) == (5, None, None)

    # -- facets

    def test_facets(self, samples: Backend) -> None:
        page = samples.find(ATLAS, Query(facets=("disease", "ok", "data_type", "nix"), limit=1))
        assert page.facets["disease"] == {"IPF": 2, "COPD": 1}
        assert page.facets["ok"] == {"false": 1, "true": 1}
        assert sum(page.facets["data_type"].values()) == 5
        assert page.facets["nix"] == {}

    def test_facets_count_what_matches(self, samples: Backend) -> None:
        some = Query(where=(Filter("n", ">", 9),), facets=("disease", "tissue"))
        assert samples.find(ATLAS, some).facets == {
            "disease": {"COPD": 1, "IPF": 1},
            "tissue": {"Lung": 1},
        }
        none = Query(text="nothing-like-this", facets=("disease",))
        assert samples.find(ATLAS, none).facets == {"disease": {}}

    def test_facets_follow_the_changes(self, samples: Backend, material: Material) -> None:
        query = Query(facets=("tissue",), limit=1)
        before = samples.find(ATLAS, query).facets["tissue"]
        assert before == {"Liver": 1, "Lung": 1, "Niere Ärzte": 1, "lung": 1}
        with self.another(samples) as other:
            self.put(other, "new", material.text("n"), metadata={"tissue": "Lung"})
            self.put(other, "liver", mode="update", metadata={"tissue": ["Lung", "Lung"]})
            other.delete_dataset(ATLAS, "kidney", by=BY)
        assert samples.find(ATLAS, query).facets["tissue"] == {"Lung": 3, "lung": 1}
        samples.undelete_dataset(ATLAS, "kidney", by=BY)
        assert samples.find(ATLAS, query).facets["tissue"]["Niere Ärzte"] == 1

    def test_facets_are_limited(self, backend: Backend, material: Material) -> None:
        for number in range(6):
            tags = [f"t{i}" for i in range(number + 1)]
            self.put(backend, f"d{number}", material.text("x"), metadata={"tag": tags})
        page = backend.find(ATLAS, Query(facets=("tag",), facet_limit=2))
        assert page.facets["tag"] == {"t0": 6, "t1": 5}

    # -- the change log

    def test_every_change_is_in_the_log(self, backend: Backend, material: Material) -> None:
        made = self.put(backend, "d1", material.text("1"), message="first", study_id="S")
        self.put(backend, "d1", material.text("2"), mode="update", ingestion={"priority": "low"})
        backend.rollback(ATLAS, "d1", "v1", by=BY)
        backend.set_label(ATLAS, "d1", "v1", "good", by=BY)
        backend.remove_label(ATLAS, "d1", "good", by=BY)
        backend.set_study(ATLAS, "d1", None, by=BY)
        self.attach(backend, "d1", material.attachment())
        backend.delete_file(ATLAS, "d1", "a.pdf", by=BY)
        backend.purge_versions(ATLAS, "d1", keep_last=1, by=BY)
        backend.delete_dataset(ATLAS, "d1", message="bye", by=BY)
        backend.undelete_dataset(ATLAS, "d1", by=BY)
        log = list(backend.changes())
        assert [c.action for c in log] == [
            "create", "set study", "update", "rollback", "label", "remove label", "set study",
            "attach file", "delete file", "purge versions", "delete", "undelete",
        ]  # fmt: skip
        seqs = [c.seq for c in log]
        assert seqs == sorted(set(seqs))
        assert {(c.user, c.atlas, c.dataset_id) for c in log} == {("ada", ATLAS, "d1")}
        assert all(c.origin == BY for c in log)
        assert (log[0].version_id, log[0].message) == (made.version.version_id, "first")
        assert log[2].details["ingestion_params"] == {"priority": "low"}
        assert log[-2].message == "bye"
        assert backend.get_dataset(ATLAS, "d1").change_seq == seqs[-1]

    def test_the_log_is_read_from_any_place(self, backend: Backend, material: Material) -> None:
        for number in range(5):
            self.put(backend, f"d{number}", material.text("x"), atlas=f"a{number % 2}")
        seqs = [c.seq for c in backend.changes()]
        assert [c.seq for c in backend.changes(after=seqs[2])] == seqs[3:]
        assert list(backend.changes(after=seqs[-1])) == []
        assert [c.dataset_id for c in backend.changes(atlas="a1")] == ["d1", "d3"]
        assert [c.dataset_id for c in backend.changes(atlas="a0", dataset_id="d4")] == ["d4"]
        assert [c.seq for c in backend.changes(limit=2)] == seqs[:2]
        assert [c.seq for c in backend.changes(after=seqs[0], limit=2)] == seqs[1:3]

    def test_a_refused_call_is_not_in_the_log(self, backend: Backend, material: Material) -> None:
        self.put(backend, "d1", material.text("x"))
        with self.refused(backend, Invalid):
            self.put(backend, "a b", material.text("x"))
        (only,) = backend.changes()
        self.put(backend, "d2", material.text("x"))
        assert [c.seq for c in backend.changes()] == [only.seq, only.seq + 1]
