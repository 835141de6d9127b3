"""The contract of versions: create, update, save, roll back, name, and refuse."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from omicshelf.backend.base import Backend
from omicshelf.errors import AlreadyExists, Conflict, Invalid, NotFound, RequestException
from omicshelf.testing.backend_base import ATLAS, BY, BackendFixtures, Interrupted, Material

__all__ = ["VersionsContract"]

METADATA = {
    "tissue": "lung", "organism": "Homo sapiens", "n": 3, "share": 0.25, "ok": True, "none": None,
    "list": [1, "zwei", [3.5]], "nested": {"b": {"ü": "é 漢字 😀"}, "a": []}, "z": "", "empty": {},
}  # fmt: skip


class VersionsContract(BackendFixtures):
    """Versions are written once, wholly or not at all, and never change."""

    # -- create

    def test_a_new_dataset(self, backend: Backend, material: Material) -> None:
        source = material.text("hello")
        made = self.put(
            backend, "d1", source, metadata={"a": 1}, message="why", study_id="S1", data_type="T"
        )
        assert (made.atlas, made.dataset_id, made.incarnation) == (ATLAS, "d1", 1)
        assert (made.study_id, made.deleted, made.unchanged) == ("S1", False, False)
        v = made.version
        assert (v.seq, v.name, v.data_type, v.data_format) == (1, "v1", "T", "txt")
        assert (v.metadata, v.message, v.author, v.origin) == ({"a": 1}, "why", "ada", BY)
        assert v.size == v.added_bytes == 5
        assert uuid.UUID(v.version_id).version == 4
        assert v.created_at <= made.last_modified_at
        assert self.read(backend, v) == b"hello"

    @pytest.mark.parametrize("kind", ["text", "csv", "gct", "h5ad", "in_memory"])
    def test_the_answer_is_what_is_read_later(
        self, backend: Backend, material: Material, kind: str
    ) -> None:
        parent = self.put(backend, "parent", material.text("p")).version.version_id
        adata = material.anndata()
        makers: dict[str, Callable[[], Any]] = {
            "text": material.text,
            "csv": material.csv,
            "gct": material.gct,
            "h5ad": lambda: material.h5ad(adata),
            "in_memory": lambda: material.in_memory(adata),
        }
        source = makers[kind]()
        made = self.put(
            backend, "d1", source, metadata=METADATA, message="m", study_id="S", parents=[parent],
            session_inputs=[parent], ingestion={"priority": "low"},
        )  # fmt: skip
        assert made == backend.get_dataset(ATLAS, "d1")
        again = self.put(backend, "d1", mode="update", metadata={"b": 2}, study_id="S2")
        assert again == backend.get_dataset(ATLAS, "d1")
        with self.another(backend) as other:
            assert other.get_dataset(ATLAS, "d1") == again
            assert other.get_version(ATLAS, "d1", "v1") == made.version

    def test_metadata_come_back_as_they_were(self, backend: Backend, material: Material) -> None:
        self.put(backend, "d1", material.text(), metadata=METADATA)
        with self.another(backend) as other:
            found = other.get_dataset(ATLAS, "d1").version.metadata
        assert found == METADATA
        assert list(found) == list(METADATA)

    def test_metadata_are_copies(self, backend: Backend, material: Material) -> None:
        mine: dict[str, Any] = {"a": {"b": [1]}}
        made = self.put(backend, "d1", material.text(), metadata=mine)
        mine["a"]["b"].append(2)
        made.version.metadata["a"]["b"].append(3)
        backend.get_dataset(ATLAS, "d1").version.metadata["a"]["b"].append(4)
        assert backend.get_dataset(ATLAS, "d1").version.metadata == {"a": {"b": [1]}}

    def test_an_id_is_taken_once(self, backend: Backend, material: Material) -> None:
        self.put(backend, "d1", material.text("old"))
        with self.refused(backend, AlreadyExists, "d1", "update_dataset"):
            self.put(backend, "d1", material.text("new"))

    def test_the_same_id_in_two_atlases(self, backend: Backend, material: Material) -> None:
        self.put(backend, "d1", material.text("one"))
        self.put(backend, "d1", material.text("two"), atlas="other")
        assert self.read(backend, backend.get_dataset(ATLAS, "d1").version) == b"one"
        assert self.read(backend, backend.get_dataset("other", "d1").version) == b"two"

    def test_ids_differ_by_case(self, backend: Backend, material: Material) -> None:
        self.put(backend, "GSE1", material.text("upper"))
        self.put(backend, "gse1", material.text("lower"))
        assert self.read(backend, backend.get_dataset(ATLAS, "GSE1").version) == b"upper"

    @pytest.mark.parametrize(
        "dataset_id", ["", "a b", "../x", "a/b", "a\x00b", "ä", "a\n", "x" * 201, "a.b", "%2e"]
    )
    def test_ids_that_are_refused(
        self, backend: Backend, material: Material, dataset_id: str
    ) -> None:
        with self.refused(backend, Invalid, "dataset_id"):
            self.put(backend, dataset_id, material.text())

    @pytest.mark.parametrize(
        ("draft", "part"),
        [
            ({"data_type": ""}, "data_type"),
            ({"data_type": "a\tb"}, "data_type"),
            ({"study_id": "x" * 256}, "study_id"),
            ({"study_id": "a\x00"}, "study_id"),
            ({"message": "a\x00"}, "message"),
            ({"message": "\ud800"}, "message"),
            ({"message": "x" * 10_001}, "10,001"),
            ({"metadata": {"a": float("nan")}}, "metadata['a']"),
            ({"metadata": {"a": {"b": object()}}}, "metadata['a']['b']"),
            ({"metadata": {1: 2}}, "key 1"),
            ({"metadata": [1]}, "dict"),
        ],
    )
    def test_values_that_are_refused(
        self, backend: Backend, material: Material, draft: dict[str, Any], part: str
    ) -> None:
        self.put(backend, "d1", material.text())
        with self.refused(backend, Invalid, part):
            self.put(backend, "d2", material.text("new"), **draft)
        with self.refused(backend, Invalid, part):
            self.put(backend, "d1", material.text("new"), mode="update", **draft)

    @pytest.mark.parametrize("atlas", ["", "a/b", "a@b", "a\\b", "a\nb", "x" * 256])
    def test_atlases_that_are_refused(
        self, backend: Backend, material: Material, atlas: str
    ) -> None:
        with self.refused(backend, Invalid, "omixatlas_id"):
            self.put(backend, "d1", material.text(), atlas=atlas)

    def test_a_dataset_needs_data(self, backend: Backend) -> None:
        with self.refused(backend, Invalid, "data"):
            self.put(backend, "d1")

    def test_an_unknown_parent(self, backend: Backend, material: Material) -> None:
        with self.refused(backend, NotFound, "no-such-version"):
            self.put(backend, "d1", material.text(), parents=["no-such-version"])

    def test_content_that_is_refused_leaves_nothing(
        self, backend: Backend, material: Material
    ) -> None:
        self.put(backend, "d1", material.text())
        broken = material.h5ad(material.anndata())
        data = broken.path.read_bytes()
        broken.path.write_bytes(data[: len(data) // 2])
        with self.refused(backend, Invalid, broken.path.name):
            self.put(backend, "d2", broken)

    def test_a_failure_while_reading_leaves_nothing(
        self, backend: Backend, material: Material
    ) -> None:
        self.put(backend, "d1", material.text())

        def fail() -> None:
            raise Invalid("The reading stopped.")

        with self.refused(backend, Invalid, "The reading stopped."):
            self.put(backend, "d2", Interrupted(material.text("new"), fail))

    # -- update

    def test_new_data(self, backend: Backend, material: Material) -> None:
        first = self.put(backend, "d1", material.text("one"), metadata={"a": 1}, data_type="T")
        second = self.put(backend, "d1", material.text("two"), mode="update", message="again")
        v = second.version
        assert (v.seq, v.data_type, v.metadata, v.message) == (2, "T", {"a": 1}, "again")
        assert second.created_at == first.created_at
        assert second.last_modified_at >= first.last_modified_at
        assert self.read(backend, v) == b"two"
        assert self.read(backend, first.version) == b"one"
        assert backend.get_version(ATLAS, "d1", "v1") == first.version

    def test_new_metadata_cost_no_bytes(self, backend: Backend, material: Material) -> None:
        first = self.put(backend, "d1", material.csv(), metadata={"a": 1}).version
        second = self.put(backend, "d1", mode="update", metadata={"b": 2}).version
        assert second.metadata == {"b": 2}
        assert (second.blob, second.size, second.added_bytes) == (first.blob, first.size, 0)
        assert self.put(backend, "d1", mode="update", metadata={}).version.metadata == {}

    def test_a_new_type_or_format(self, backend: Backend, material: Material) -> None:
        self.put(backend, "d1", material.text())
        typed = self.put(backend, "d1", mode="update", data_type="Proteomics").version
        assert (typed.data_type, typed.data_format) == ("Proteomics", "txt")
        renamed = self.put(backend, "d1", mode="update", data_format="bed").version
        assert (renamed.data_type, renamed.data_format) == ("Proteomics", "bed")
        assert backend.get_dataset(ATLAS, "d1").version == renamed

    def test_an_unknown_dataset_has_near_misses(self, backend: Backend, material: Material) -> None:
        self.put(backend, "GSE1234", material.text())
        with self.refused(backend, NotFound, "GSE1243", "Did you mean 'GSE1234'?"):
            self.put(backend, "GSE1243", mode="update", metadata={})
        with self.refused(backend, NotFound, "GSE1234", "atlsa", "'atlas'"):
            backend.get_dataset("atlsa", "GSE1234")

    def test_a_small_change_costs_little(self, backend: Backend, material: Material) -> None:
        data = bytearray(np.random.default_rng(0).bytes(3_000_000))
        first = self.put(backend, "d1", material.text(bytes(data))).version
        data[1_000_000:1_000_005] = b"other"
        second = self.put(backend, "d1", material.text(bytes(data)), mode="update").version
        assert first.added_bytes == 3_000_000
        assert 0 < second.added_bytes < 400_000
        assert self.read(backend, second) == bytes(data)

    def test_the_same_bytes_are_kept_once(self, backend: Backend, material: Material) -> None:
        self.put(backend, "d1", material.text("same" * 1000))
        twin = self.put(backend, "d2", material.text("same" * 1000)).version
        assert twin.added_bytes == 0
        assert self.read(backend, twin) == b"same" * 1000

    def test_an_empty_file(self, backend: Backend, material: Material) -> None:
        made = self.put(backend, "d1", material.text("")).version
        assert made.size == 0
        assert self.read(backend, made) == b""
        assert backend.verify().ok

    # -- save

    def test_save_creates_and_updates(self, backend: Backend, material: Material) -> None:
        first = self.put(backend, "d1", material.csv("a\n1\n"), mode="save")
        assert (first.version.seq, first.version.data_type) == (1, "Table")
        second = self.put(backend, "d1", material.csv("a\n2\n"), mode="save")
        assert (second.version.seq, second.unchanged) == (2, False)

    @pytest.mark.parametrize("kind", ["text", "h5ad", "in_memory"])
    def test_save_of_the_same_writes_nothing(
        self, backend: Backend, material: Material, kind: str
    ) -> None:
        adata = material.anndata()
        makers: dict[str, Callable[[], Any]] = {
            "text": material.text,
            "h5ad": lambda: material.h5ad(adata, compression="gzip"),
            "in_memory": lambda: material.in_memory(adata.copy()),
        }
        first = material.text() if kind == "text" else material.h5ad(adata)
        made = self.put(backend, "d1", first, metadata={"a": 1}, study_id="S")
        with self.unchanged(backend):
            again = self.put(backend, "d1", makers[kind](), mode="save")
            assert again == made.model_copy(update={"unchanged": True})
            same = self.put(
                backend, "d1", makers[kind](), mode="save", metadata={"a": 1}, study_id="S"
            )
            assert same.unchanged

    def test_save_of_other_metadata_is_a_version(
        self, backend: Backend, material: Material
    ) -> None:
        first = self.put(backend, "d1", material.text(), metadata={"a": 1}).version
        second = self.put(backend, "d1", material.text(), mode="save", metadata={"a": 2})
        assert (second.version.seq, second.unchanged) == (2, False)
        assert (second.version.blob, second.version.added_bytes) == (first.blob, 0)

    def test_save_after_delete_starts_anew(self, backend: Backend, material: Material) -> None:
        self.put(backend, "d1", material.text(), metadata={"a": 1})
        backend.delete_dataset(ATLAS, "d1", by=BY)
        made = self.put(backend, "d1", material.text(), mode="save")
        assert (made.version.seq, made.incarnation, made.version.metadata) == (2, 2, {})

    # -- naming a version

    def test_a_version_has_four_names(self, backend: Backend, material: Material) -> None:
        first = self.put(backend, "d1", material.text("one")).version
        self.put(backend, "d1", material.text("two"), mode="update")
        backend.set_label(ATLAS, "d1", "v1", "submitted", by=BY)
        for name in (first.version_id, "v1", "submitted", first.version_id[:8],
                     first.version_id[:13].upper()):  # fmt: skip
            found = backend.get_version(ATLAS, "d1", name)
            assert found.version_id == first.version_id
            assert found.labels == ("submitted",)

    @pytest.mark.parametrize("name", ["v3", "v0", "v02", "1", "other", "v99999999999999999999"])
    def test_an_unknown_version(self, backend: Backend, material: Material, name: str) -> None:
        self.put(backend, "d1", material.text("one"))
        self.put(backend, "d1", material.text("two"), mode="update")
        backend.set_label(ATLAS, "d1", "v1", "submitted", by=BY)
        with self.refused(backend, NotFound, name, "v1 to v2", "'submitted'"):
            backend.get_version(ATLAS, "d1", name)

    def test_a_prefix_has_eight_characters(self, backend: Backend, material: Material) -> None:
        version = self.put(backend, "d1", material.text("one")).version.version_id
        with self.refused(backend, NotFound):
            backend.get_version(ATLAS, "d1", version[:7])
        with self.refused(backend, Invalid):
            backend.get_version(ATLAS, "d1", "")

    def test_versions_belong_to_their_dataset(self, backend: Backend, material: Material) -> None:
        self.put(backend, "d1", material.text("one"))
        other = self.put(backend, "d2", material.text("two")).version.version_id
        with self.refused(backend, NotFound, "d1"):
            backend.get_version(ATLAS, "d1", other)
        assert backend.find_version(other).dataset_id == "d2"
        with self.refused(backend, NotFound, "no-such"):
            backend.find_version("no-such")

    def test_versions_are_listed_newest_first(self, backend: Backend, material: Material) -> None:
        for number in range(1, 5):
            mode = "create" if number == 1 else "update"
            self.put(backend, "d1", material.text(str(number)), mode=mode)
        found = backend.list_versions(ATLAS, "d1")
        assert [v.seq for v in found] == [4, 3, 2, 1]
        assert [self.read(backend, v) for v in found] == [b"4", b"3", b"2", b"1"]
        with self.refused(backend, NotFound, "d2"):
            backend.list_versions(ATLAS, "d2")

    def test_parents_and_children(self, backend: Backend, material: Material) -> None:
        parent = self.put(backend, "d1", material.text("one")).version.version_id
        old = self.put(backend, "d2", material.text("2"), parents=[parent]).version
        new = self.put(backend, "d3", material.text("3"), parents=[old.version_id, parent]).version
        self.put(backend, "d4", material.text("4"), session_inputs=[parent])
        assert old.parents == (parent,)
        assert new.parents == (old.version_id, parent)
        assert {v.dataset_id for v in backend.children(parent)} == {"d2", "d3"}
        assert backend.children(new.version_id) == []
        assert backend.get_dataset(ATLAS, "d4").version.session_inputs == (parent,)

    # -- two at once

    def test_a_stale_expectation(self, backend: Backend, material: Material) -> None:
        first = self.put(backend, "d1", material.text("one")).version.version_id
        for name in (first, "v1"):
            with self.unchanged(backend):
                self.put(backend, "d1", material.text("one"), mode="save", expected_version=name)
        self.put(backend, "d1", material.text("two"), mode="update", expected_version="v1")
        for name in (first, "v1"):
            with self.refused(backend, Conflict, "v2", "v1", "ada"):
                self.put(backend, "d1", material.text("x"), mode="update", expected_version=name)
        with self.refused(backend, NotFound, "v9"):
            self.put(backend, "d1", material.text("x"), mode="update", expected_version="v9")

    def test_an_expectation_of_a_deleted_dataset(
        self, backend: Backend, material: Material
    ) -> None:
        self.put(backend, "d1", material.text("one"))
        backend.delete_dataset(ATLAS, "d1", by=BY)
        with self.refused(backend, Conflict, "deleted", "undelete"):
            self.put(backend, "d1", material.text("x"), mode="save", expected_version="v1")

    def test_another_update_meanwhile_is_a_conflict(
        self, backend: Backend, material: Material
    ) -> None:
        self.put(backend, "d1", material.text("one"))
        with self.another(backend) as other:
            theirs = material.text("theirs")
            source = Interrupted(
                material.text("mine"), lambda: self.put(other, "d1", theirs, mode="update")
            )
            with pytest.raises(Conflict, match="v2"):
                self.put(backend, "d1", source, mode="update", expected_version="v1")
            assert [v.seq for v in backend.list_versions(ATLAS, "d1")] == [2, 1]

    def test_another_create_meanwhile(self, backend: Backend, material: Material) -> None:
        with self.another(backend) as other:
            theirs = material.text("theirs")
            source = Interrupted(material.text("mine"), lambda: self.put(other, "d1", theirs))
            with pytest.raises(AlreadyExists):
                self.put(backend, "d1", source)
        assert self.read(backend, backend.get_dataset(ATLAS, "d1").version) == b"theirs"
        assert self.left_over(backend) == []

    def test_another_edit_meanwhile_is_kept(self, backend: Backend, material: Material) -> None:
        self.put(backend, "d1", material.text("one"), metadata={"a": 1})
        with self.another(backend) as other:
            source = Interrupted(
                material.text("mine"),
                lambda: self.put(other, "d1", mode="update", metadata={"a": 2}),
            )
            made = self.put(backend, "d1", source, mode="update").version
        assert (made.seq, made.metadata) == (3, {"a": 2})
        assert self.read(backend, made) == b"mine"

    @pytest.mark.parametrize("mode", ["update", "save"])
    def test_another_delete_meanwhile(
        self, backend: Backend, material: Material, mode: str
    ) -> None:
        self.put(backend, "d1", material.text("one"))
        with self.another(backend) as other:
            source = Interrupted(
                material.text("mine"), lambda: other.delete_dataset(ATLAS, "d1", by=BY)
            )
            if mode == "update":
                with pytest.raises(NotFound, match="deleted"):
                    self.put(backend, "d1", source, mode=mode)
            else:
                assert self.put(backend, "d1", source, mode=mode).incarnation == 2

    def test_the_versions_that_bytes_are_shared_with_may_go_meanwhile(
        self, backend: Backend, material: Material
    ) -> None:
        data = bytearray(np.random.default_rng(1).bytes(1_000_000))
        self.put(backend, "d1", material.text(bytes(data)))
        self.put(backend, "d1", material.text("small"), mode="update")
        data[500_000:500_003] = b"new"

        def purge() -> None:
            with self.another(backend) as other:
                other.purge_versions(ATLAS, "d1", keep_last=1, by=BY)
                other.gc(grace=0)

        made = self.put(
            backend, "d1", Interrupted(material.text(bytes(data)), purge), mode="update"
        )
        assert self.read(backend, made.version) == bytes(data)
        assert backend.verify().ok

    # -- rollback

    def test_rollback(self, backend: Backend, material: Material) -> None:
        first = self.put(
            backend, "d1", material.text("one"), metadata={"a": 1}, data_type="T1", study_id="S"
        ).version
        self.put(backend, "d1", material.csv(), mode="update", metadata={}, data_type="T2")
        made = backend.rollback(ATLAS, "d1", "v1", by=BY)
        assert made == backend.get_dataset(ATLAS, "d1")
        v = made.version
        assert (v.seq, v.data_type, v.data_format, v.metadata) == (3, "T1", "txt", {"a": 1})
        assert (v.blob, v.added_bytes) == (first.blob, 0)
        assert v.rolled_back_from == first.version_id != v.version_id
        assert v.message == "Rolled back to v1"
        assert made.study_id == "S"
        assert backend.rollback(ATLAS, "d1", "v2", message="why", by=BY).version.message == "why"

    def test_rollback_of_a_deleted_dataset_creates_it_again(
        self, backend: Backend, material: Material
    ) -> None:
        self.put(backend, "d1", material.text("one"), metadata={"a": 1}, study_id="S")
        backend.delete_dataset(ATLAS, "d1", by=BY)
        made = backend.rollback(ATLAS, "d1", "v1", by=BY)
        assert (made.incarnation, made.study_id, made.version.seq) == (2, None, 2)
        assert made.version.metadata == {"a": 1}
        assert [v.seq for v in backend.list_versions(ATLAS, "d1")] == [2]

    def test_rollback_to_nowhere(self, backend: Backend, material: Material) -> None:
        self.put(backend, "d1", material.text("one"))
        with self.refused(backend, NotFound, "v7"):
            backend.rollback(ATLAS, "d1", "v7", by=BY)
        with self.refused(backend, NotFound, "d2"):
            backend.rollback(ATLAS, "d2", "v1", by=BY)

    # -- names that are not even text

    @pytest.mark.parametrize("text", ["\ud800", "a\x00b", "\x1b[31mred", "x" * 100_000, "é" * 300])
    def test_strange_names_are_not_there(
        self, backend: Backend, material: Material, text: str
    ) -> None:
        self.put(backend, "d1", material.text("one"))
        assert backend.has_dataset(ATLAS, text) is False
        for call in (
            lambda: backend.get_dataset(ATLAS, text),
            lambda: backend.get_version(ATLAS, "d1", text),
            lambda: backend.get_version(ATLAS, text, "v1"),
            lambda: backend.delete_dataset(ATLAS, text, by=BY),
            lambda: backend.get_dataset(text, "d1"),
            lambda: backend.find_version(text),
        ):
            with self.unchanged(backend), pytest.raises(RequestException) as caught:
                call()
            shown = str(caught.value)
            assert len(shown) < 2_000
            assert "\x1b" not in shown
            assert "\x00" not in shown
