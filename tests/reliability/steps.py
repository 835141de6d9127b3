"""Run one operation again and again, and let it fail at its first, second, … last step.

``python steps.py OPERATION kill|full FOLDER STRIDE`` prepares a catalog, and then, for each step
(or each STRIDE-th) of the operation that touches the disk, starts from a copy of it in a child
process that is killed at that step, or whose disk is full from that step on. After each the
catalog must be as it was before or as it is afterwards, whole in both cases. Prints one JSON
object.
"""

from __future__ import annotations

import errno
import faulthandler
import itertools
import json
import os
import shutil
import signal
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from omicshelf.backend.base import CopyDraft, FileDraft, VersionDraft
from omicshelf.backend.embedded.backend import EmbeddedBackend
from omicshelf.backend.embedded.segment import read_segment
from omicshelf.backend.source import FileSource, ObjectSource
from omicshelf.errors import RequestException, StorageError
from omicshelf.formats import registry
from omicshelf.records import Origin
from omicshelf.testing.folder import describe, objects_in, temporary_files

BY = Origin(user="ada")
LARGE = b"".join(b"%d:%d\n" % (i, i * i * 7919 % 1_000_003) for i in range(30_000))
CALLS = ("fsync", "replace", "rename", "unlink", "mkdir", "write", "link", "rmdir")


def text(folder: Path, content: bytes, inspect: bool = True) -> FileSource:
    path = folder / f"{len(content)}.txt"
    path.write_bytes(content)
    return FileSource(path, "txt", inspect=inspect)


def prepare(backend: EmbeddedBackend, folder: Path) -> None:
    """Make a catalog that has something of everything."""

    def put(dataset_id: str, content: bytes | None, mode: Any, **draft: Any) -> None:
        source = None if content is None else text(folder, content)
        made = VersionDraft(dataset_id, mode, data_type="T", **draft)
        backend.put_version("atlas", made, source, by=BY)

    put("d1", LARGE, "create", metadata={"n": 1}, study_id="S")
    put("d1", LARGE[: len(LARGE) // 3], "update", metadata={"n": 2})
    put("d1", None, "update", metadata={"n": 3})
    put("d2", b"small", "create")
    put("d2", None, "update", metadata={"secret": "4711"})
    put("d2", None, "update", metadata={})
    put("gone", b"deleted", "create")
    attached = FileDraft("d1", "f.pdf", "pdf", source_version="v3", auto_remove=True)
    backend.put_file("atlas", attached, text(folder, b"attached", False), by=BY)
    backend.set_label("atlas", "d1", "v2", "good", by=BY)
    backend.delete_dataset("atlas", "gone", by=BY)
    put("half", LARGE[::-1], "create")
    put("half", LARGE[::-1][: len(LARGE) // 3], "update")
    backend.purge_versions("atlas", "half", keep_last=1, by=BY)


def save_in_memory(backend: EmbeddedBackend, folder: Path) -> None:
    import anndata
    import numpy as np

    adata = anndata.AnnData(np.arange(20, dtype="float32").reshape(5, 4))
    fmt = registry.for_object(adata)
    assert fmt is not None
    draft = VersionDraft("d3", "save", metadata={"a": 1})
    backend.put_version("atlas", draft, ObjectSource(adata, fmt), by=BY)


def many_names(column: int) -> Callable[[EmbeddedBackend, Path], None]:
    """Save what has so many names that they are an object of their own."""

    def work(backend: EmbeddedBackend, folder: Path) -> None:
        import anndata
        import numpy as np

        adata = anndata.AnnData(np.arange(50_000, dtype="float32").reshape(2500, 20))
        adata.obs["column"] = column
        adata.write_h5ad(folder / "many.h5ad")
        source = FileSource(folder / "many.h5ad", "h5ad")
        draft = VersionDraft("many", "save", data_type="T")
        backend.put_version("atlas", draft, source, by=BY)

    return work


def put(dataset_id: str, mode: Any, content: bytes | None, **draft: Any) -> Any:
    def work(backend: EmbeddedBackend, folder: Path) -> None:
        source = None if content is None else text(folder, content)
        made = VersionDraft(dataset_id, mode, data_type="T", **draft)
        backend.put_version("atlas", made, source, by=BY)

    return work


def attach(backend: EmbeddedBackend, folder: Path) -> None:
    source = text(folder, b"new attachment", False)
    backend.put_file("atlas", FileDraft("d1", "f.pdf", "pdf"), source, by=BY)


def copy(backend: EmbeddedBackend, folder: Path) -> None:
    backend.copy_dataset(CopyDraft("atlas", "d1", "other", "d1", with_history=True), by=BY)


def edit(backend: EmbeddedBackend, folder: Path) -> None:
    backend.edit_metadata("atlas", ["d1", "d2"], set_={"new": 1}, by=BY)


OPERATIONS: dict[str, Callable[[EmbeddedBackend, Path], object]] = {
    "create": put("new", "create", b"new" * 9999, metadata={"a": 1}, study_id="S2"),
    "delta": put("d1", "update", LARGE[:200_000] + b"edited" + LARGE[200_000:]),
    "metadata": put("d1", "update", None, metadata={"n": 4}),
    "memory": save_in_memory,
    "names": many_names(1),
    "shared_names": many_names(2),
    "attach": attach,
    "copy": copy,
    "edit": edit,
    "rollback": lambda b, f: b.rollback("atlas", "d1", "v1", by=BY),
    "delete": lambda b, f: b.delete_dataset("atlas", "d1", by=BY),
    "undelete": lambda b, f: b.undelete_dataset("atlas", "gone", by=BY),
    "study": lambda b, f: b.set_study("atlas", "d1", "S3", by=BY),
    "label": lambda b, f: b.set_label("atlas", "d1", "v1", "first", by=BY),
    "purge_file": lambda b, f: b.delete_file("atlas", "d1", "f.pdf", purge=True, by=BY),
    "purge_versions": lambda b, f: b.purge_versions("atlas", "d2", keep_last=1, by=BY),
    "purge_dataset": lambda b, f: b.purge_dataset("atlas", "gone", by=BY),
    "collect": lambda b, f: b.gc(grace=0),
}


# What only one operation needs to be there before it.
BEFORE = {"shared_names": many_names(1)}


class Faults:
    """Counts what touches the disk, and fails at the step that is asked for."""

    def __init__(self, kind: str, at: int) -> None:
        self.kind, self.at, self.count, self.open = kind, at, 0, False
        for name in CALLS:
            setattr(os, name, self.wrapped(getattr(os, name)))
        event.listen(sa.Engine, "commit", self.commit)

    def commit(self, connection: sa.Connection) -> None:
        if connection.get_execution_options().get("omicshelf_writes"):
            self.step("commit")  # before it; the write of the log is the step after it

    def wrapped(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def stepped(*args: Any, **kwargs: Any) -> Any:
            self.step(call.__name__)
            return call(*args, **kwargs)

        return stepped

    def step(self, name: str) -> None:
        if not self.open:
            return
        self.count += 1
        if self.kind == "kill" and self.count == self.at:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.kind == "full" and self.count >= self.at and name not in ("unlink", "rmdir"):
            if name == "commit":
                original = sqlite3.OperationalError("database or disk is full")
                raise sa.exc.OperationalError("COMMIT", {}, original)
            raise OSError(errno.ENOSPC, "No space left on device")


def run_child(operation: str, kind: str, at: int, root: Path, folder: Path) -> int:
    """Run the operation in a child; 0 where it ended well, 1 where it was refused."""
    child = os.fork()
    if child:
        _pid, status = os.waitpid(child, 0)
        return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
    code = 99
    faulthandler.dump_traceback_later(30, exit=True)  # a hang is a failure that says where
    try:
        faults = Faults(kind, at)
        backend = EmbeddedBackend(root)
        faults.open = True
        try:
            OPERATIONS[operation](backend, folder)
            code = 0
        except StorageError:
            code = 1
        faults.open = False
        if kind == "full":
            # The same process goes on when there is space again.
            backend.gc(grace=0)
            backend.close()
        code += 10 if faults.count < at else 0
    except BaseException as error:
        print(f"step {at}: {error!r}", file=sys.stderr)
        import traceback

        traceback.print_exc()
    finally:
        os._exit(code)


def state(root: Path) -> tuple[dict[str, Any], list[Any]]:
    """Collect what was left behind, and describe what there is."""
    with closing(EmbeddedBackend(root)) as backend:
        backend.gc(grace=0)
        assert backend.gc(grace=0).dead_objects == 0
        report = backend.verify()
        assert report.ok, report.problems
        with backend.db.reading() as connection:
            known = connection.exec_driver_sql("SELECT key, state FROM object").all()
        assert {state for _key, state in known} == {"live"}
        stored = {str(path.relative_to(root)) for path in objects_in(root)}
        assert stored == {key for key, _state in known}
        found = describe(backend), [c.model_dump() for c in backend.changes()]
    assert temporary_files(root) == []
    assert list((root / "sessions").iterdir()) == []
    lines = [line for segment in (root / "log").iterdir() for line in read_segment(segment)]
    assert {line["seq"] for line in lines if line} == {change["seq"] for change in found[1]}
    return found


def told(state: tuple[dict[str, Any], list[Any]]) -> Any:
    """Give a state without what is new in every run: times and random ids."""
    described, changes = state

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: plain(item)
                for key, item in value.items()
                if not key.endswith("_at")
                and key not in ("version_id", "blob", "file_id", "parents", "rolled_back_from")
                and key not in ("derived_from", "time", "details", "blob_id")
            }
        return [plain(item) for item in value] if isinstance(value, list | tuple) else value

    return plain(described), plain(changes)


def main(operation: str, kind: str, folder: Path, stride: int) -> None:
    base, work = folder / "base", folder / "work"
    with closing(EmbeddedBackend(base)) as backend:
        prepare(backend, folder)
        if operation in BEFORE:
            BEFORE[operation](backend, folder)
    before = told(state(shutil.copytree(base, folder / "before")))
    done = shutil.copytree(base, folder / "after")
    with closing(EmbeddedBackend(done)) as backend:
        OPERATIONS[operation](backend, folder)
    after = told(state(done))
    outcomes = {"before": 0, "after": 0, "refused": 0}
    for tried, at in enumerate(itertools.count(1, stride), 1):  # noqa: B007
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(base, work)
        code = run_child(operation, kind, at, work, folder)
        assert code in ((-9, 10) if kind == "kill" else (0, 1, 10)), f"step {at}: {code}"
        if code == 10:
            break
        now = told(state(work))
        assert now in (before, after), f"step {at}: neither before nor after"
        if code == 1:
            assert now == before, f"step {at}: refused, and yet something was changed"
        if kind == "full" and code == 0:
            assert now == after, f"step {at}: accepted, and yet nothing was done"
        outcomes["before" if now == before else "after"] += 1
        outcomes["refused"] += code == 1
    json.dump({"tried": tried - 1, **outcomes}, sys.stdout)


if __name__ == "__main__":
    try:
        main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
    except RequestException as error:
        sys.exit(f"{type(error).__name__}: {error}")
