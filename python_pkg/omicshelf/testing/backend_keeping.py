"""The contract of keeping house: purge, garbage collection, repacking."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from omicshelf.backend.base import Backend
from omicshelf.errors import Conflict, Invalid, NotFound
from omicshelf.testing.backend_base import ATLAS, BY, BackendFixtures, Interrupted, Material
from omicshelf.testing.backend_bytes import random_bytes

__all__ = ["KeepingContract"]


class KeepingContract(BackendFixtures):
    """Only purging removes versions; collecting removes only what nothing refers to."""

    def versions(self, backend: Backend, material: Material, count: int = 4) -> list[str]:
        """Write a dataset with some versions; gives their ids, oldest first."""
        made = []
        for number in range(count):
            record = self.put(
                backend, "d1", material.text(random_bytes(20_000, number)),
                mode="create" if number == 0 else "update", metadata={"n": number},
            )  # fmt: skip
            made.append(record.version.version_id)
        return made

    def stored(self, backend: Backend) -> int:
        """Count the stored objects."""
        return sum(name.startswith("objects/") for name in self.snapshot(backend))

    # -- purge

    def test_purge_keeps_the_last(self, backend: Backend, material: Material) -> None:
        v1, v2, v3, v4 = self.versions(backend, material)
        with self.unchanged(backend):
            told = backend.purge_versions(ATLAS, "d1", keep_last=2, dry_run=True, by=BY)
        assert (set(told.removed), told.dry_run) == ({v1, v2}, True)
        assert told.kept == {v4: "current version", v3: "among the last 2"}
        done = backend.purge_versions(ATLAS, "d1", keep_last=2, by=BY)
        assert (done.removed, done.kept) == (told.removed, told.kept)
        assert done.freed_bytes >= 40_000
        assert told.freed_bytes == 40_000
        assert [v.seq for v in backend.list_versions(ATLAS, "d1")] == [4, 3]
        with self.refused(backend, NotFound, "v1", "v3 to v4"):
            backend.get_version(ATLAS, "d1", "v1")
        assert backend.verify().ok
        assert self.put(backend, "d1", material.text("new"), mode="update").version.seq == 5

    def test_the_message_when_one_version_is_left(
        self, backend: Backend, material: Material
    ) -> None:
        self.versions(backend, material, 3)
        backend.purge_versions(ATLAS, "d1", keep_last=1, by=BY)
        with self.refused(backend, NotFound, "only v3"):
            backend.get_version(ATLAS, "d1", "v1")

    def test_purge_by_age(self, backend: Backend, material: Material) -> None:
        v1, _v2 = self.versions(backend, material, 2)
        time.sleep(0.01)
        now = time.time_ns() // 1_000_000
        self.put(backend, "d1", material.text("young"), mode="update")
        self.put(backend, "d1", material.text("younger"), mode="update")
        assert v1 in backend.purge_versions(ATLAS, "d1", older_than=now, by=BY).removed
        assert [v.seq for v in backend.list_versions(ATLAS, "d1")] == [4, 3]
        report = backend.purge_versions(ATLAS, "d1", older_than=0, by=BY)
        assert report.removed == []
        assert "not old enough" in report.kept.values()

    def test_labelled_versions_stay(self, backend: Backend, material: Material) -> None:
        v1, v2, v3 = self.versions(backend, material, 3)
        backend.set_label(ATLAS, "d1", "v1", "submitted", by=BY)
        report = backend.purge_versions(ATLAS, "d1", keep_last=1, by=BY)
        assert report.removed == [v2]
        assert report.kept == {v3: "current version", v1: "labelled"}
        forced = backend.purge_versions(ATLAS, "d1", keep_last=1, force=True, by=BY)
        assert forced.removed == [v1]
        assert backend.list_labels(ATLAS, "d1") == []

    def test_purged_versions_take_their_metadata_along(
        self, backend: Backend, material: Material
    ) -> None:
        self.put(backend, "d1", material.text("1"), metadata={"name": "patient 4711"})
        self.put(backend, "d1", mode="update", metadata={"name": "anonymous"})
        backend.purge_versions(ATLAS, "d1", keep_last=1, by=BY)
        assert "4711" not in repr(self.snapshot(backend))
        assert self.read(backend, backend.get_dataset(ATLAS, "d1").version) == b"1"
        assert backend.verify().ok

    def test_purge_of_versions_is_refused(self, backend: Backend, material: Material) -> None:
        self.versions(backend, material, 2)
        with self.refused(backend, Invalid, "keep_last"):
            backend.purge_versions(ATLAS, "d1", by=BY)
        with self.refused(backend, Invalid, "keep_last=0"):
            backend.purge_versions(ATLAS, "d1", keep_last=0, by=BY)
        with self.refused(backend, NotFound, "d2"):
            backend.purge_versions(ATLAS, "d2", keep_last=1, by=BY)

    def test_versions_of_others_that_share_bytes_stay(
        self, backend: Backend, material: Material
    ) -> None:
        data = bytearray(random_bytes(600_000))
        self.put(backend, "d1", material.text(bytes(data)))
        data[100:104] = b"gene"
        self.put(backend, "d1", material.text(bytes(data)), mode="update")
        backend.purge_versions(ATLAS, "d1", keep_last=1, by=BY)
        backend.gc(grace=0)
        backend.gc(grace=0)
        version = backend.get_dataset(ATLAS, "d1").version
        assert self.read(backend, version) == bytes(data)
        assert backend.verify().ok

    def test_purge_of_a_dataset(self, backend: Backend, material: Material) -> None:
        self.put(backend, "other", material.text("other"))
        before = self.stored(backend)
        ids = self.versions(backend, material, 3)
        self.attach(backend, "d1", material.attachment())
        with self.refused(backend, Conflict, "not deleted", "delete_dataset"):
            backend.purge_dataset(ATLAS, "d1", by=BY)
        backend.delete_dataset(ATLAS, "d1", by=BY)
        report = backend.purge_dataset(ATLAS, "d1", by=BY)
        assert set(report.removed) == set(ids)
        assert report.freed_bytes >= 60_000
        assert self.stored(backend) == before
        with self.refused(backend, NotFound, "purged"):
            backend.undelete_dataset(ATLAS, "d1", by=BY)
        with self.refused(backend, NotFound, "v1"):
            backend.rollback(ATLAS, "d1", "v1", by=BY)
        assert backend.list_versions(ATLAS, "d1", include_deleted=True) == []
        made = self.put(backend, "d1", material.text("anew"))
        assert made.version.seq == 4
        assert backend.verify().ok

    def test_purge_of_a_labelled_dataset(self, backend: Backend, material: Material) -> None:
        self.versions(backend, material, 1)
        backend.set_label(ATLAS, "d1", "v1", "submitted", by=BY)
        backend.delete_dataset(ATLAS, "d1", by=BY)
        with self.refused(backend, Conflict, "submitted", "force=True"):
            backend.purge_dataset(ATLAS, "d1", by=BY)
        backend.purge_dataset(ATLAS, "d1", force=True, by=BY)
        assert backend.verify().checked_versions == 0

    # -- garbage collection

    def test_collecting_takes_no_version(self, backend: Backend, material: Material) -> None:
        self.versions(backend, material, 3)
        self.attach(backend, "d1", material.attachment())
        backend.delete_file(ATLAS, "d1", "a.pdf", by=BY)
        backend.delete_dataset(ATLAS, "d1", by=BY)
        with self.unchanged(backend):
            report = backend.gc(grace=0)
        assert (report.deleted_objects, report.dead_objects) == (0, 0)

    def test_what_a_killed_process_leaves_is_collected(
        self, backend: Backend, material: Material
    ) -> None:
        self.put(backend, "d1", material.text("x"))
        before = self.snapshot(backend)
        self.kill_while_writing(backend)
        left = self.snapshot(backend)
        assert left != before
        told = backend.gc(dry_run=True, grace=0)
        assert told.dry_run
        assert told.dead_objects > 0
        assert self.snapshot(backend) == left
        waiting = backend.gc(grace=3600)
        assert (waiting.deleted_objects, waiting.dead_objects) == (0, told.dead_objects)
        done = backend.gc(grace=0)
        assert (done.deleted_objects, done.freed_bytes) == (told.dead_objects, told.dead_bytes)
        assert self.snapshot(backend) == before
        assert self.left_over(backend) == []

    def test_what_is_being_written_is_not_collected(
        self, backend: Backend, material: Material
    ) -> None:
        self.put(backend, "d1", material.text("x"))
        with self.another(backend) as other:
            source = Interrupted(material.text(random_bytes(50_000)), lambda: other.gc(grace=0))
            made = self.put(backend, "d2", source).version
            other.gc(grace=0)
        assert self.read(backend, made) == random_bytes(50_000)

    def test_what_is_in_use_is_not_removed(self, backend: Backend, material: Material) -> None:
        first = self.put(backend, "d1", material.text(random_bytes(30_000))).version
        self.put(backend, "d1", material.text("new"), mode="update")
        with self.another(backend) as reader:
            path = reader.hold_file(first.blob, ".txt")
            stream = reader.open_blob(first.blob)
            backend.purge_versions(ATLAS, "d1", keep_last=1, by=BY)
            assert backend.gc(grace=0).in_use >= 1
            assert path.read_bytes() == random_bytes(30_000)
            assert stream.read() == random_bytes(30_000)
            stream.close()
        backend.gc(grace=0)
        assert backend.gc(grace=0).dead_objects == 0
        assert not path.exists()

    def test_packs_that_are_half_dead_are_written_anew(
        self, backend: Backend, material: Material, tmp_path: Path
    ) -> None:
        data = random_bytes(3_000_000)
        self.put(backend, "d1", material.text(data))
        kept = data[:1_000_000]
        small = self.put(backend, "d1", material.text(kept), mode="update").version
        assert small.added_bytes < 300_000
        stream = backend.open_blob(small.blob)
        with self.another(backend) as reader:
            assert self.read(reader, small) == kept
            backend.purge_versions(ATLAS, "d1", keep_last=1, by=BY)
            report = backend.gc(grace=0)
            assert report.repacked == 1
            backend.gc(grace=0)
            assert self.read(reader, small) == kept
            reader.download(small.blob, tmp_path / "out")
        assert (tmp_path / "out").read_bytes() == kept
        assert stream.read() == kept
        stream.close()
        backend.gc(grace=0)
        assert backend.gc(grace=0).dead_objects == 0
        assert backend.verify().ok
        assert self.read(backend, small) == kept
        assert backend.gc(grace=0).repacked == 0

    @pytest.mark.parametrize("grace", [-1, float("nan"), float("inf")])
    def test_a_grace_that_is_refused(self, backend: Backend, grace: float) -> None:
        with pytest.raises(Invalid, match="grace"):
            backend.gc(grace=grace)
