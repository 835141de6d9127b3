"""The contract of datasets as wholes: deletion, studies, labels, copies, edits of many."""

from __future__ import annotations

from typing import Any

import pytest

from omicshelf.backend.base import Backend, CopyDraft, Filter, Query
from omicshelf.errors import AlreadyExists, Conflict, Invalid, NotFound
from omicshelf.testing.backend_base import ATLAS, BY, BackendFixtures, Material

__all__ = ["DatasetsContract"]


class DatasetsContract(BackendFixtures):
    """Deleting takes nothing away for good; copies share bytes; edits are all or nothing."""

    # -- atlases

    def test_atlases(self, backend: Backend, material: Material) -> None:
        assert backend.list_atlases() == []
        backend.create_atlas("empty", by=BY)
        self.put(backend, "d1", material.text("12345"))
        self.put(backend, "d1", mode="update", metadata={})
        self.put(backend, "d2", material.text("123"))
        backend.delete_dataset(ATLAS, "d2", by=BY)
        found = {a.name: (a.n_datasets, a.n_versions, a.size) for a in backend.list_atlases()}
        assert found == {ATLAS: (1, 3, 8), "empty": (0, 0, 0)}
        with self.refused(backend, AlreadyExists, "empty"):
            backend.create_atlas("empty", by=BY)
        with self.refused(backend, Invalid):
            backend.create_atlas("a/b", by=BY)

    # -- deletion

    def test_delete(self, backend: Backend, material: Material) -> None:
        first = self.put(backend, "d1", material.text("one")).version
        backend.delete_dataset(ATLAS, "d1", message="wrong", by=BY)
        assert not backend.has_dataset(ATLAS, "d1")
        with self.refused(backend, NotFound, "d1", "deleted", "undelete_dataset"):
            backend.get_dataset(ATLAS, "d1")
        with self.refused(backend, NotFound, "deleted"):
            backend.delete_dataset(ATLAS, "d1", by=BY)
        with self.refused(backend, NotFound, "deleted"):
            self.put(backend, "d1", material.text("x"), mode="update")
        assert backend.list_versions(ATLAS, "d1") == []
        (old,) = backend.list_versions(ATLAS, "d1", include_deleted=True)
        assert old == backend.get_version(ATLAS, "d1", "v1")
        assert old.deleted
        assert self.read(backend, old) == self.read(backend, first) == b"one"
        assert backend.find(ATLAS, Query()).datasets == []
        (listed,) = backend.find(ATLAS, Query(deleted=True)).datasets
        assert (listed.dataset_id, listed.deleted) == ("d1", True)

    def test_undelete_brings_everything_back(self, backend: Backend, material: Material) -> None:
        before = self.put(backend, "d1", material.text("1"), metadata={"a": "b"}, study_id="S")
        self.attach(backend, "d1", material.attachment())
        backend.set_label(ATLAS, "d1", "v1", "good", by=BY)
        backend.delete_dataset(ATLAS, "d1", by=BY)
        after = backend.undelete_dataset(ATLAS, "d1", by=BY)
        assert after == backend.get_dataset(ATLAS, "d1")
        assert (after.incarnation, after.study_id) == (1, "S")
        assert after.version.version_id == before.version.version_id
        assert after.version.labels == ("good",)
        assert [f.file_name for f in backend.list_files(ATLAS, "d1")] == ["a.pdf"]
        assert backend.list_studies(ATLAS) == ["S"]
        assert backend.find(ATLAS, Query(where=(Filter("a", "=", "b"),))).total == 1

    def test_undelete_is_refused(self, backend: Backend, material: Material) -> None:
        self.put(backend, "d1", material.text("1"))
        with self.refused(backend, Conflict, "not deleted"):
            backend.undelete_dataset(ATLAS, "d1", by=BY)
        with self.refused(backend, NotFound, "d2"):
            backend.undelete_dataset(ATLAS, "d2", by=BY)

    def test_incarnations(self, backend: Backend, material: Material) -> None:
        self.put(backend, "d1", material.text("old"), metadata={"old": 1}, study_id="S")
        self.put(backend, "d1", material.text("older"), mode="update")
        self.attach(backend, "d1", material.attachment("old file"))
        backend.delete_dataset(ATLAS, "d1", by=BY)
        made = self.put(backend, "d1", material.text("new"))
        assert (made.incarnation, made.version.seq, made.study_id) == (2, 3, None)
        assert made.version.metadata == {}
        assert backend.list_files(ATLAS, "d1") == []
        assert [v.seq for v in backend.list_versions(ATLAS, "d1")] == [3]
        everything = backend.list_versions(ATLAS, "d1", include_deleted=True)
        assert [(v.seq, v.incarnation, v.deleted) for v in everything] == [
            (3, 2, False),
            (2, 1, True),
            (1, 1, True),
        ]
        assert self.read(backend, backend.get_version(ATLAS, "d1", "v1")) == b"old"
        backend.delete_dataset(ATLAS, "d1", by=BY)
        assert backend.undelete_dataset(ATLAS, "d1", by=BY).version.seq == 3
        assert backend.list_files(ATLAS, "d1") == []
        assert [f.state for f in backend.file_history(ATLAS, "d1", "a.pdf")] == ["dataset deleted"]

    # -- studies

    def test_studies(self, backend: Backend, material: Material) -> None:
        self.put(backend, "d2", material.text("2"), study_id="B")
        first = self.put(backend, "d1", material.text("1"))
        backend.set_study(ATLAS, "d1", "Studie Ä: Lunge/2", by=BY)
        assert backend.list_studies(ATLAS) == ["B", "Studie Ä: Lunge/2"]
        assert backend.datasets_in_study(ATLAS, "Studie Ä: Lunge/2") == ["d1"]
        found = backend.get_dataset(ATLAS, "d1")
        assert found.study_id == "Studie Ä: Lunge/2"
        assert found.version == first.version
        assert found.change_seq > first.change_seq
        backend.set_study(ATLAS, "d1", "B", by=BY)
        assert backend.list_studies(ATLAS) == ["B"]
        assert backend.datasets_in_study(ATLAS, "B") == ["d1", "d2"]
        backend.set_study(ATLAS, "d1", None, by=BY)
        backend.delete_dataset(ATLAS, "d2", by=BY)
        assert backend.list_studies(ATLAS) == backend.datasets_in_study(ATLAS, "B") == []
        assert backend.list_studies("nowhere") == []

    def test_metadata_keys(self, backend: Backend, material: Material) -> None:
        tissues = {"tissue": ["lung", "liver"], "donor": {"age": 61}}
        self.put(backend, "d1", material.text("1"), metadata=tissues)
        self.put(backend, "d2", material.text("2"), metadata={"tissue": "lung", "site": "north"})
        self.put(backend, "d3", material.text("3"), metadata={"tissue": "blood", "gone": 1})
        backend.delete_dataset(ATLAS, "d3", by=BY)
        found = backend.metadata_keys(ATLAS)
        assert found.n_datasets == 2
        assert [(use.key, use.n_datasets, use.n_values) for use in found.keys] == [
            ("tissue", 2, 2),
            ("donor.age", 1, 1),
            ("site", 1, 1),
        ]
        assert backend.metadata_keys("nowhere").keys == []

    def test_studies_that_are_refused(self, backend: Backend, material: Material) -> None:
        self.put(backend, "d1", material.text("1"))
        for study in ("", "a\nb", "x" * 256, "a\x00"):
            with self.refused(backend, Invalid, "study_id"):
                backend.set_study(ATLAS, "d1", study, by=BY)
        with self.refused(backend, NotFound, "d9"):
            backend.set_study(ATLAS, "d9", "S", by=BY)

    def test_one_study_in_two_spellings(self, backend: Backend, material: Material) -> None:
        self.put(backend, "d1", material.text("1"), study_id="Caf\u00e9")
        self.put(backend, "d2", material.text("2"), study_id="Cafe\u0301")
        assert backend.list_studies(ATLAS) == ["Caf\u00e9"]
        assert backend.datasets_in_study(ATLAS, "Cafe\u0301") == ["d1", "d2"]

    def test_the_same_study_again_is_no_change(self, backend: Backend, material: Material) -> None:
        self.put(backend, "d1", material.text("1"), study_id="S")
        with self.unchanged(backend):
            backend.set_study(ATLAS, "d1", "S", by=BY)

    # -- labels

    def test_labels(self, backend: Backend, material: Material) -> None:
        first = self.put(backend, "d1", material.text("1")).version
        self.put(backend, "d1", material.text("2"), mode="update")
        made = backend.set_label(ATLAS, "d1", "v1", "für Prüfung 1", by=BY)
        assert (made.name, made.version_id, made.seq, made.author) == (
            "für Prüfung 1", first.version_id, 1, "ada")  # fmt: skip
        with self.unchanged(backend):
            again = backend.set_label(ATLAS, "d1", first.version_id, "für Prüfung 1", by=BY)
        assert again == made
        assert backend.list_labels(ATLAS, "d1") == [made]
        assert backend.get_version(ATLAS, "d1", "für Prüfung 1").seq == 1
        with self.refused(backend, AlreadyExists, "v1", "remove_label"):
            backend.set_label(ATLAS, "d1", "v2", "für Prüfung 1", by=BY)
        backend.remove_label(ATLAS, "d1", "für Prüfung 1", by=BY)
        assert backend.list_labels(ATLAS, "d1") == []
        assert backend.set_label(ATLAS, "d1", "v2", "für Prüfung 1", by=BY).seq == 2

    @pytest.mark.parametrize(
        "name", ["", "v5", "deadbeef", "3F0C1234-aa", "a@b", "a/b", " a", "a\n", "x" * 101]
    )
    def test_labels_that_are_refused(self, backend: Backend, material: Material, name: str) -> None:
        self.put(backend, "d1", material.text("1"))
        with self.refused(backend, Invalid, "label"):
            backend.set_label(ATLAS, "d1", "v1", name, by=BY)

    def test_labels_of_what_is_not_there(self, backend: Backend, material: Material) -> None:
        self.put(backend, "d1", material.text("1"))
        with self.refused(backend, NotFound, "v2"):
            backend.set_label(ATLAS, "d1", "v2", "good", by=BY)
        with self.refused(backend, NotFound, "nix"):
            backend.remove_label(ATLAS, "d1", "nix", by=BY)
        with self.refused(backend, NotFound, "d2"):
            backend.list_labels(ATLAS, "d2")

    # -- copies

    def copy(self, backend: Backend, source: str, dest: str, **options: Any) -> Any:
        """Copy inside one catalog."""
        atlas = options.pop("atlas", ATLAS)
        return backend.copy_dataset(CopyDraft(ATLAS, source, atlas, dest, **options), by=BY)

    def test_a_copy_shares_the_bytes(self, backend: Backend, material: Material) -> None:
        self.put(backend, "d1", material.text("old"))
        source = self.put(
            backend, "d1", material.csv(), mode="update", metadata={"a": 1}, study_id="S"
        )
        kept = self.attach(backend, "d1", material.attachment("kept"), "kept.pdf", tag="report")
        self.attach(
            backend, "d1", material.attachment("follows"), "f.pdf", source_version="v2",
            auto_remove=True,
        )  # fmt: skip
        made = self.copy(backend, "d1", "d2", atlas="other")
        assert made == backend.get_dataset("other", "d2")
        v = made.version
        assert (made.study_id, v.seq, v.metadata, v.blob) == ("S", 1, {"a": 1}, source.version.blob)
        assert (v.added_bytes, v.parents) == (0, (source.version.version_id,))
        assert v.message == "Copied from atlas/d1 v2"
        files = {f.file_name: f for f in backend.list_files("other", "d2")}
        assert set(files) == {"kept.pdf", "f.pdf"}
        assert (files["kept.pdf"].tag, files["kept.pdf"].blob) == ("report", kept.blob)
        assert files["kept.pdf"].derived_from is None
        assert files["f.pdf"].derived_from == v.version_id
        assert files["f.pdf"].auto_remove
        assert len(backend.list_files(ATLAS, "d1")) == 2

    def test_a_copy_with_history(self, backend: Backend, material: Material) -> None:
        for number in (1, 2, 3):
            mode = "create" if number == 1 else "update"
            self.put(backend, "d1", material.text(str(number)), mode=mode, message=f"m{number}")
        made = self.copy(backend, "d1", "d2", with_history=True)
        assert made.version.seq == 3
        found = backend.list_versions(ATLAS, "d2")
        assert [v.message for v in found] == ["m3", "m2", "m1"]
        assert [self.read(backend, v) for v in found] == [b"3", b"2", b"1"]

    def test_a_copy_is_of_its_own(self, backend: Backend, material: Material) -> None:
        self.put(backend, "d1", material.text("1"), metadata={"a": 1})
        self.copy(backend, "d1", "d2")
        self.put(backend, "d1", material.text("2"), mode="update", metadata={"a": 2})
        backend.delete_dataset(ATLAS, "d1", by=BY)
        backend.purge_dataset(ATLAS, "d1", by=BY)
        backend.gc(grace=0)
        found = backend.get_dataset(ATLAS, "d2").version
        assert (found.metadata, self.read(backend, found)) == ({"a": 1}, b"1")
        assert backend.verify().ok

    def test_copying_over(self, backend: Backend, material: Material) -> None:
        self.put(backend, "d1", material.text("new"), metadata={"a": 1})
        self.attach(backend, "d1", material.attachment("theirs"), "both.pdf")
        self.put(backend, "d2", material.text("old"), study_id="S")
        self.attach(backend, "d2", material.attachment("mine"), "both.pdf")
        self.attach(backend, "d2", material.attachment("stays"), "stays.pdf")
        with self.refused(backend, AlreadyExists, "d2", "overwrite=True"):
            self.copy(backend, "d1", "d2")
        made = self.copy(backend, "d1", "d2", overwrite=True)
        assert (made.version.seq, made.version.metadata, made.study_id) == (2, {"a": 1}, None)
        files = {f.file_name: self.read(backend, f) for f in backend.list_files(ATLAS, "d2")}
        assert files == {"both.pdf": b"theirs", "stays.pdf": b"stays"}
        assert self.read(backend, backend.get_version(ATLAS, "d2", "v1")) == b"old"

    def test_copies_that_are_refused(self, backend: Backend, material: Material) -> None:
        self.put(backend, "d1", material.text("1"))
        with self.refused(backend, Invalid, "itself"):
            self.copy(backend, "d1", "d1", overwrite=True)
        with self.refused(backend, NotFound, "d9"):
            self.copy(backend, "d9", "d2")
        with self.refused(backend, Invalid, "dataset_id", "a_b"):
            self.copy(backend, "d1", "a b")
        with self.refused(backend, Invalid, "omixatlas_id"):
            self.copy(backend, "d1", "d2", atlas="a/b")
        with self.refused(backend, Invalid, "message"):
            self.copy(backend, "d1", "d2", message="x" * 20_000)
        backend.delete_dataset(ATLAS, "d1", by=BY)
        with self.refused(backend, NotFound, "deleted"):
            self.copy(backend, "d1", "d2")

    def test_a_copy_into_a_deleted_id(self, backend: Backend, material: Material) -> None:
        self.put(backend, "d1", material.text("1"))
        self.put(backend, "d2", material.text("2"))
        backend.delete_dataset(ATLAS, "d2", by=BY)
        made = self.copy(backend, "d1", "d2")
        assert (made.incarnation, made.version.seq) == (2, 2)

    # -- metadata of many

    def test_edits_merge(self, backend: Backend, material: Material) -> None:
        for name in ("d1", "d2", "d3"):
            self.put(backend, name, material.text(name), metadata={"a": 1, "b": name})
        self.put(backend, "d3", mode="update", metadata={"a": 5, "new": True})
        report = backend.edit_metadata(
            ATLAS, ["d1", "d2", "d3"], set_={"a": 5, "new": True}, remove=["b", "gone"], by=BY
        )
        merged = {"a": 5, "new": True}
        assert report.changed == {
            "d1": ({"a": 1, "b": "d1"}, merged),
            "d2": ({"a": 1, "b": "d2"}, merged),
        }
        assert report.unchanged == ["d3"]
        for name in ("d1", "d2", "d3"):
            version = backend.get_dataset(ATLAS, name).version
            assert (version.metadata, version.seq) == (merged, 2)
            assert self.read(backend, version) == name.encode()

    def test_edits_by_query(self, backend: Backend, material: Material) -> None:
        for number in range(60):
            tissue = "lung" if number % 2 else "liver"
            self.put(backend, f"d{number}", material.text("x"), metadata={"tissue": tissue})
        query = Query(where=(Filter("tissue", "=", "lung"),), limit=3)
        told = backend.edit_metadata(ATLAS, query, set_={"organ": "Lunge"}, dry_run=True, by=BY)
        assert (len(told.changed), told.dry_run) == (30, True)
        assert backend.find(ATLAS, Query(where=(Filter("organ", "exists"),))).total == 0
        done = backend.edit_metadata(ATLAS, query, set_={"organ": "Lunge"}, by=BY)
        assert done.changed == told.changed
        assert backend.find(ATLAS, Query(where=(Filter("organ", "=", "lunge"),))).total == 30

    def test_edits_are_all_or_nothing(self, backend: Backend, material: Material) -> None:
        self.put(backend, "d1", material.text("1"))
        with self.refused(backend, NotFound, "d9"):
            backend.edit_metadata(ATLAS, ["d1", "d9"], set_={"a": 1}, by=BY)
        with self.refused(backend, Invalid, "metadata['a']"):
            backend.edit_metadata(ATLAS, ["d1"], set_={"a": object()}, by=BY)
        with self.refused(backend, Invalid, "'a'"):
            backend.edit_metadata(ATLAS, ["d1"], set_={"a": 1}, remove=["a"], by=BY)
        with self.refused(backend, Invalid, "Nothing to update"):
            backend.edit_metadata(ATLAS, ["d1"], set_={}, by=BY)
        with self.unchanged(backend):
            assert backend.edit_metadata(ATLAS, [], set_={"a": 1}, by=BY).changed == {}

    # -- the index

    def test_reindex_makes_no_version(self, backend: Backend, material: Material) -> None:
        before = self.put(backend, "d1", material.text("1"), metadata={"a": "b"})
        change = backend.reindex(ATLAS, "d1", ingestion={"priority": "high"}, by=BY)
        assert (change.action, change.details["ingestion_params"]) == (
            "reindex",
            {"priority": "high"},
        )
        after = backend.get_dataset(ATLAS, "d1")
        assert after.version == before.version
        assert after.change_seq == change.seq
        assert backend.find(ATLAS, Query(where=(Filter("a", "=", "b"),))).total == 1
        with self.refused(backend, NotFound, "d2"):
            backend.reindex(ATLAS, "d2", ingestion={}, by=BY)
