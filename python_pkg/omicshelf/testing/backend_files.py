"""The contract of supplementary files: attach, replace, follow the data, remove."""

from __future__ import annotations

import pytest

from omicshelf.backend.base import Backend
from omicshelf.errors import Conflict, Invalid, NotFound
from omicshelf.testing.backend_base import ATLAS, BY, BackendFixtures, Interrupted, Material

__all__ = ["FilesContract"]


class FilesContract(BackendFixtures):
    """A file belongs to a dataset, has one name in it, and leaves a history."""

    def test_attach(self, backend: Backend, material: Material) -> None:
        before = self.put(backend, "d1", material.text("1"))
        made = self.attach(backend, "d1", material.attachment("abc"), "Report #1?.pdf", tag="QC")
        assert (made.file_name, made.file_format, made.tag) == ("Report #1?.pdf", "pdf", "QC")
        assert (made.size, made.author, made.state) == (3, "ada", "current")
        assert (made.derived_from, made.auto_remove, made.ended_at) == (None, False, None)
        assert backend.get_file(ATLAS, "d1", "Report #1?.pdf") == made
        assert backend.list_files(ATLAS, "d1") == [made]
        assert self.read(backend, made) == b"abc"
        after = backend.get_dataset(ATLAS, "d1")
        assert after.version == before.version
        assert after.change_seq > before.change_seq

    def test_files_are_listed_by_name(self, backend: Backend, material: Material) -> None:
        self.put(backend, "d1", material.text("1"))
        for name in ("c", "a", "b"):
            self.attach(backend, "d1", material.attachment(name), name)
        assert [f.file_name for f in backend.list_files(ATLAS, "d1")] == ["a", "b", "c"]

    def test_one_name_in_two_spellings(self, backend: Backend, material: Material) -> None:
        self.put(backend, "d1", material.text("1"))
        self.attach(backend, "d1", material.attachment("old"), "Ergebnis ü.pdf")
        self.attach(backend, "d1", material.attachment("new"), "Ergebnis u\u0308.pdf")
        (found,) = backend.list_files(ATLAS, "d1")
        assert self.read(backend, found) == b"new"
        assert backend.get_file(ATLAS, "d1", "Ergebnis u\u0308.pdf") == found

    def test_a_replaced_file_stays_in_the_history(
        self, backend: Backend, material: Material
    ) -> None:
        self.put(backend, "d1", material.text("1"))
        self.attach(backend, "d1", material.attachment("one"), tag="x")
        self.attach(backend, "d1", material.attachment("two"))
        backend.delete_file(ATLAS, "d1", "a.pdf", by=BY)
        self.attach(backend, "d1", material.attachment("three"))
        history = backend.file_history(ATLAS, "d1", "a.pdf")
        assert [f.state for f in history] == ["current", "removed", "replaced"]
        assert [self.read(backend, f) for f in history] == [b"three", b"two", b"one"]
        assert [f.ended_at is None for f in history] == [True, False, False]
        assert len(backend.list_files(ATLAS, "d1")) == 1

    def test_deleted_files(self, backend: Backend, material: Material) -> None:
        self.put(backend, "d1", material.text("1"))
        self.attach(backend, "d1", material.attachment("one"))
        backend.delete_file(ATLAS, "d1", "a.pdf", by=BY)
        assert backend.list_files(ATLAS, "d1") == []
        with self.refused(backend, NotFound, "a.pdf", "history"):
            backend.get_file(ATLAS, "d1", "a.pdf")
        with self.refused(backend, NotFound, "a.pdf"):
            backend.delete_file(ATLAS, "d1", "a.pdf", by=BY)
        with self.refused(backend, NotFound, "b.pdf"):
            backend.get_file(ATLAS, "d1", "b.pdf")
        backend.gc(grace=0)
        assert self.read(backend, backend.file_history(ATLAS, "d1", "a.pdf")[0]) == b"one"

    def test_purged_files_are_gone(self, backend: Backend, material: Material) -> None:
        self.put(backend, "d1", material.text("1"))
        secret = b"patient 4711 " * 500
        old = self.attach(backend, "d1", material.attachment(secret))
        self.attach(backend, "d1", material.attachment("two"))
        shared = self.attach(backend, "d1", material.attachment("two"), "b.pdf")
        backend.delete_file(ATLAS, "d1", "a.pdf", purge=True, by=BY)
        assert backend.file_history(ATLAS, "d1", "a.pdf") == []
        with pytest.raises(NotFound):
            self.read(backend, old)
        assert self.read(backend, shared) == b"two"
        with self.refused(backend, NotFound, "a.pdf"):
            backend.delete_file(ATLAS, "d1", "a.pdf", purge=True, by=BY)
        assert backend.verify().ok

    def test_a_removed_file_can_be_purged(self, backend: Backend, material: Material) -> None:
        self.put(backend, "d1", material.text("1"))
        self.attach(backend, "d1", material.attachment("one"))
        backend.delete_file(ATLAS, "d1", "a.pdf", by=BY)
        backend.delete_file(ATLAS, "d1", "a.pdf", purge=True, by=BY)
        assert backend.file_history(ATLAS, "d1", "a.pdf") == []

    # -- files that follow the data

    def test_files_go_when_the_data_change(self, backend: Backend, material: Material) -> None:
        first = self.put(backend, "d1", material.text("1")).version
        self.attach(
            backend, "d1", material.attachment("a"), "goes.pdf", source_version="v1",
            auto_remove=True,
        )  # fmt: skip
        stays = self.attach(
            backend, "d1", material.attachment("b"), "stays.pdf", source_version="v1"
        )
        assert stays.derived_from == first.version_id
        self.put(backend, "d1", mode="update", metadata={"a": 1}, data_type="T")
        assert len(backend.list_files(ATLAS, "d1")) == 2
        self.put(backend, "d1", material.text("1"), mode="update")
        assert len(backend.list_files(ATLAS, "d1")) == 2
        self.put(backend, "d1", material.text("2"), mode="update")
        assert [f.file_name for f in backend.list_files(ATLAS, "d1")] == ["stays.pdf"]
        assert backend.file_history(ATLAS, "d1", "goes.pdf")[0].state == "data changed"
        with self.refused(backend, NotFound, "goes.pdf", "data changed"):
            backend.get_file(ATLAS, "d1", "goes.pdf")

    def test_the_data_are_the_content_and_not_the_bytes(
        self, backend: Backend, material: Material
    ) -> None:
        adata = material.anndata()
        first = self.put(backend, "d1", material.h5ad(adata)).version
        self.attach(backend, "d1", material.attachment(), source_version="v1", auto_remove=True)
        second = self.put(
            backend, "d1", material.h5ad(adata, compression="gzip"), mode="update"
        ).version
        assert second.blake3 != first.blake3
        assert second.digest == first.digest is not None
        assert len(backend.list_files(ATLAS, "d1")) == 1
        adata.obs["leiden"] = adata.obs["leiden"].cat.rename_categories({"0": "T cells"})
        self.put(backend, "d1", material.h5ad(adata), mode="update")
        assert backend.list_files(ATLAS, "d1") == []

    def test_rollback_removes_only_where_the_data_differ(
        self, backend: Backend, material: Material
    ) -> None:
        self.put(backend, "d1", material.text("1"), metadata={"a": 1})
        self.put(backend, "d1", mode="update", metadata={"a": 2})
        self.attach(backend, "d1", material.attachment(), source_version="v2", auto_remove=True)
        backend.rollback(ATLAS, "d1", "v1", by=BY)
        assert len(backend.list_files(ATLAS, "d1")) == 1
        self.put(backend, "d1", material.text("other"), mode="update")
        self.attach(backend, "d1", material.attachment(), source_version="v4", auto_remove=True)
        backend.rollback(ATLAS, "d1", "v1", by=BY)
        assert backend.list_files(ATLAS, "d1") == []

    def test_a_stale_source_version(self, backend: Backend, material: Material) -> None:
        first = self.put(backend, "d1", material.text("1")).version.version_id
        self.put(backend, "d1", material.text("2"), mode="update")
        with self.refused(backend, Conflict, "v1", "v2", "made_from"):
            self.attach(
                backend, "d1", material.attachment(), source_version=first, auto_remove=True
            )
        kept = self.attach(backend, "d1", material.attachment(), source_version=first)
        assert kept.derived_from == first
        with self.refused(backend, NotFound, "v7"):
            self.attach(backend, "d1", material.attachment("x"), source_version="v7")

    def test_an_old_version_with_the_current_data_is_not_stale(
        self, backend: Backend, material: Material
    ) -> None:
        self.put(backend, "d1", material.text("1"))
        self.put(backend, "d1", mode="update", metadata={"a": 1})
        made = self.attach(
            backend, "d1", material.attachment(), source_version="v1", auto_remove=True
        )
        assert made.auto_remove

    def test_the_data_change_while_a_file_is_attached(
        self, backend: Backend, material: Material
    ) -> None:
        self.put(backend, "d1", material.text("1"))
        with self.another(backend) as other:
            new = material.text("2")
            source = Interrupted(
                material.attachment(), lambda: self.put(other, "d1", new, mode="update")
            )
            with pytest.raises(Conflict, match="have changed"):
                self.attach(backend, "d1", source, source_version="v1", auto_remove=True)
        assert backend.list_files(ATLAS, "d1") == []
        assert self.left_over(backend) == []

    # -- with the dataset

    def test_files_go_with_the_dataset(self, backend: Backend, material: Material) -> None:
        self.put(backend, "d1", material.text("1"))
        self.attach(backend, "d1", material.attachment("a"))
        backend.delete_dataset(ATLAS, "d1", by=BY)
        with self.refused(backend, NotFound, "deleted"):
            backend.list_files(ATLAS, "d1")
        with self.refused(backend, NotFound, "deleted"):
            self.attach(backend, "d1", material.attachment("b"))
        (old,) = backend.file_history(ATLAS, "d1", "a.pdf")
        assert (old.state, self.read(backend, old)) == ("dataset deleted", b"a")

    @pytest.mark.parametrize(
        "name",
        ["", ".", "..", "a/b", "../x", "a\\b", "a\x00b", "a\nb", "x" * 256, "ü" * 128, "/etc/x"],
    )
    def test_names_that_are_refused(self, backend: Backend, material: Material, name: str) -> None:
        self.put(backend, "d1", material.text("1"))
        with self.refused(backend, Invalid, "file_name"):
            self.attach(backend, "d1", material.attachment(), name)

    @pytest.mark.parametrize("tag", ["", "a\nb", "x" * 256])
    def test_tags_that_are_refused(self, backend: Backend, material: Material, tag: str) -> None:
        self.put(backend, "d1", material.text("1"))
        with self.refused(backend, Invalid, "tag"):
            self.attach(backend, "d1", material.attachment(), tag=tag)

    def test_files_of_what_is_not_there(self, backend: Backend, material: Material) -> None:
        self.put(backend, "d1", material.text("1"))
        for call in (
            lambda: self.attach(backend, "d2", material.attachment()),
            lambda: backend.list_files(ATLAS, "d2"),
            lambda: backend.get_file(ATLAS, "d2", "a"),
            lambda: backend.file_history(ATLAS, "d2", "a"),
            lambda: backend.delete_file(ATLAS, "d2", "a", by=BY),
        ):
            with self.refused(backend, NotFound, "There is no dataset 'd2'"):
                call()
