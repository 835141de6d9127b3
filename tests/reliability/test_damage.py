"""Damaged bytes, wherever they lie: never given out as data, always named."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from omicshelf.backend.base import FileDraft, VersionDraft
from omicshelf.backend.embedded.backend import DATABASE, MARKER, EmbeddedBackend
from omicshelf.backend.source import FileSource
from omicshelf.catalog.keeping import rebuild
from omicshelf.errors import IntegrityError, Invalid, RequestException, StorageError
from omicshelf.records import Origin
from omicshelf.testing.folder import describe, flip_byte, objects_in

pytestmark = pytest.mark.reliability

LONG = os.environ.get("RELIABILITY") == "long"
BY = Origin(user="ada")
DATA = np.random.default_rng(0).bytes(900_000)
EDITED = DATA[:400_000] + b"edited" + DATA[400_000:]


def put(backend: EmbeddedBackend, folder: Path, content: bytes | None, number: int) -> None:
    source = None
    if content is not None:
        path = folder / f"{number}.txt"
        path.write_bytes(content)
        source = FileSource(path, "txt")
    mode = "create" if number == 1 else "update"
    draft = VersionDraft("d1", mode, data_type="T", metadata={"n": number})  # type: ignore[arg-type]
    backend.put_version("atlas", draft, source, by=BY)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalog: v1 one file, v2 a delta of it, v3 new metadata alone; and a file."""
    tmp_path = tmp_path_factory.mktemp("original")
    root = tmp_path / "catalog"
    with closing(EmbeddedBackend(root)) as backend:
        put(backend, tmp_path, DATA, 1)
        put(backend, tmp_path, EDITED, 2)
        put(backend, tmp_path, None, 3)
        path = tmp_path / "f.pdf"
        path.write_bytes(b"%PDF" * 100)
        source = FileSource(path, "pdf", inspect=False)
        backend.put_file("atlas", FileDraft("d1", "f.pdf", "pdf"), source, by=BY)
    return root


@pytest.fixture
def root(original: Path, tmp_path: Path) -> Path:
    """A copy of it, as a backup is: with other inodes and times."""
    return shutil.copytree(original, tmp_path / "catalog", copy_function=shutil.copyfile)


@pytest.fixture
def backend(root: Path) -> Iterator[EmbeddedBackend]:
    with closing(EmbeddedBackend(root)) as backend:
        yield backend


def readable(backend: EmbeddedBackend, tmp_path: Path) -> dict[str, bool | None]:
    """Read everything in every way; say of what it is refused, and expect no wrong byte."""
    expected = {"v1": DATA, "v2": EDITED, "v3": EDITED, "f.pdf": b"%PDF" * 100}
    found = {}
    for name, content in expected.items():
        if name == "f.pdf":
            blob = backend.get_file("atlas", "d1", name).blob
        else:
            blob = backend.get_version("atlas", "d1", name).blob
        answers: set[bool | None] = set()
        for way in ("stream", "file", "download"):
            try:
                if way == "stream":
                    with backend.open_blob(blob) as stream:
                        got = stream.read()
                elif way == "file":
                    with backend.local_file(blob, ".txt") as path:
                        got = path.read_bytes()
                else:
                    backend.download(blob, tmp_path / "out")
                    got = (tmp_path / "out").read_bytes()
                assert got == content
                answers.add(True)
            except IntegrityError as error:
                answers.add(False if "verify" in str(error) else None)
        assert len(answers) == 1, (name, answers)
        found[name] = answers.pop()
    return found


@pytest.mark.parametrize("place", [0.0, 0.001, 0.3, 0.5, 0.999] if LONG else [0.0, 0.5, 0.999])
@pytest.mark.parametrize(
    ("ending", "unreadable"),
    [
        (".txt", {"v1", "v2", "v3"}),
        (".delta", {"v2", "v3"}),
        (".pdf", {"f.pdf"}),
        (".record", set()),
        ("v1.manifest", {"v1"}),
        ("v2.manifest", {"v2", "v3"}),
    ],
)
def test_a_flipped_byte(
    root: Path, tmp_path: Path, place: float, ending: str, unreadable: set[str]
) -> None:
    with closing(EmbeddedBackend(root)) as backend:
        if ending.endswith(".manifest"):
            blob = backend.get_version("atlas", "d1", ending[:2]).blob
            ending = f"{blob}.manifest"
    (target,) = [p for p in objects_in(root, ending) if p.stat().st_size > 0]
    flip_byte(target, int(place * target.stat().st_size))
    with closing(EmbeddedBackend(root)) as backend:
        found = readable(backend, tmp_path)
        refused = {name for name, ok in found.items() if not ok}
        if ending in (".txt", ".delta"):
            # A chunk that only one version uses does not harm the other.
            assert refused <= unreadable
        else:
            assert refused == unreadable
        report = backend.verify()
        assert not report.ok
        named = " ".join(report.problems)
        for name in refused - {"f.pdf"}:
            assert f"d1 {name}" in named
        assert ("file 'f.pdf'" in named) == (ending == ".pdf")
        if ending == ".record":
            assert "d1 v3" in named
        # What is damaged is no reason to refuse a new version.
        put(backend, tmp_path, EDITED + b"more", 4)
        with backend.open_blob(backend.get_dataset("atlas", "d1").version.blob) as stream:
            assert stream.read() == EDITED + b"more"
        put(backend, tmp_path, EDITED, 5)
        with backend.open_blob(backend.get_dataset("atlas", "d1").version.blob) as stream:
            assert stream.read() == EDITED


@pytest.mark.parametrize("how", ["truncated", "emptied", "removed"])
@pytest.mark.parametrize("ending", [".txt", ".delta", ".pdf", ".manifest"])
def test_objects_that_are_cut_or_gone(root: Path, tmp_path: Path, ending: str, how: str) -> None:
    target = objects_in(root, ending)[0]
    target.chmod(0o644)
    if how == "removed":
        target.unlink()
    else:
        size = target.stat().st_size
        with target.open("r+b") as file:
            file.truncate(0 if how == "emptied" else size // 2)
    with closing(EmbeddedBackend(root)) as backend:
        assert not all(readable(backend, tmp_path).values())
        report = backend.verify()
        assert any("d1" in problem for problem in report.problems)


def test_a_damaged_cache_is_filled_anew(backend: EmbeddedBackend) -> None:
    blob = backend.get_version("atlas", "d1", "v2").blob
    for at in (0, 450_000, 899_999):
        with backend.local_file(blob, ".txt") as path:
            assert "cache" in path.parts
            cached = path
        flip_byte(cached, at)
        with backend.local_file(blob, ".txt") as path:
            assert path.read_bytes() == EDITED
    for entry in (cached.parent.parent / "facts").iterdir():
        entry.write_text("nonsense")
    with backend.local_file(blob, ".txt") as path:
        assert path.read_bytes() == EDITED


def test_silent_rot_is_found_by_verify(
    backend: EmbeddedBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob = backend.get_version("atlas", "d1", "v1").blob
    with backend.local_file(blob, ".txt") as path:
        kept = path
    flip_byte(kept, 1000)
    # What the file system does not know of: the mark is made to hold.
    from omicshelf.backend.store.marks import take_mark

    with backend.db.writing() as connection:
        connection.exec_driver_sql(
            "UPDATE object SET mark = ? WHERE key LIKE '%.txt'", (str(take_mark(kept)),)
        )
    assert not backend.verify().ok
    monkeypatch.setenv("OMICSHELF_VERIFY", "always")
    with pytest.raises(IntegrityError), backend.local_file(blob, ".txt"):
        pass


def test_a_file_that_was_copied_back_is_verified_and_read(
    root: Path, backend: EmbeddedBackend
) -> None:
    (pack,) = objects_in(root, ".txt")
    data = pack.read_bytes()
    pack.unlink()
    blob = backend.get_version("atlas", "d1", "v1").blob
    with pytest.raises(IntegrityError, match="missing"), backend.local_file(blob, ".txt"):
        pass
    pack.write_bytes(data)
    with backend.local_file(blob, ".txt") as path:
        assert path.read_bytes() == DATA


# -- the database


@pytest.mark.parametrize("how", ["header", "middle", "truncated", "emptied", "text"])
def test_a_damaged_database_is_said_and_made_anew(root: Path, how: str) -> None:
    with closing(EmbeddedBackend(root)) as backend:
        before = describe(backend), [change.model_dump() for change in backend.changes()]
    database = root / DATABASE
    size = database.stat().st_size
    with database.open("r+b") as file:
        if how == "header":
            file.write(b"\xff" * 100)
        elif how == "middle":
            file.seek(4096)
            file.write(b"\xff" * (size - 8192))
        elif how in ("truncated", "emptied"):
            file.truncate(size // 3 if how == "truncated" else 0)
        else:
            file.write(b"no database " * 1000)
    try:
        with closing(EmbeddedBackend(root)) as backend:
            found = describe(backend)
    except StorageError as error:
        found = {"rebuild": "rebuild" in str(error)}
    assert found in ({}, before[0], {"rebuild": True})
    report = rebuild(root)
    assert (report.ok, report.n_versions, report.last_seq) == (True, 3, before[1][-1]["seq"])
    with closing(EmbeddedBackend(root)) as backend:
        assert (describe(backend), [c.model_dump() for c in backend.changes()]) == before
        assert backend.verify().ok


def test_a_lost_database_is_made_anew(root: Path, tmp_path: Path) -> None:
    with closing(EmbeddedBackend(root)) as backend:
        before = describe(backend)
    (root / DATABASE).unlink()
    report = rebuild(root)
    assert report.kept_database is None
    with closing(EmbeddedBackend(root)) as backend:
        assert describe(backend) == before
        put(backend, tmp_path, b"new", 4)
        assert backend.get_dataset("atlas", "d1").version.seq == 4


def test_rebuild_says_what_is_gone(root: Path) -> None:
    with closing(EmbeddedBackend(root)) as backend:
        second = backend.get_version("atlas", "d1", "v2")
    (damaged,) = objects_in(root, f"{second.blob}.manifest")
    flip_byte(damaged, 50)
    report = rebuild(root)
    assert not report.ok
    assert any(damaged.name in problem for problem in report.damaged)
    assert any("d1 v2" in problem for problem in report.missing)
    with closing(EmbeddedBackend(root)) as backend:
        assert [v.seq for v in backend.list_versions("atlas", "d1")] == [1]
        assert backend.verify().ok


@pytest.mark.parametrize("at", [0.0, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.99])
def test_a_flipped_byte_in_the_log(root: Path, at: float) -> None:
    with closing(EmbeddedBackend(root)) as backend:
        versions = backend.list_versions("atlas", "d1")
        files = backend.list_files("atlas", "d1")
    segment = next(s for s in (root / "log").iterdir() if s.stat().st_size)
    flip_byte(segment, int(at * segment.stat().st_size))
    report = rebuild(root)
    # Versions tell of themselves; what only the log tells is said to be missing.
    assert report.recovered or not report.ok
    with closing(EmbeddedBackend(root)) as backend:
        assert backend.list_versions("atlas", "d1") == versions
        assert backend.list_files("atlas", "d1") == (files if report.ok else [])
        assert report.ok or any("log" in problem for problem in report.missing)
        assert backend.verify().ok


@pytest.mark.parametrize(
    "text", ["", "no json", "[]", json.dumps({"format": "x"}), json.dumps({"format": None})]
)
def test_a_damaged_marker(root: Path, text: str) -> None:
    (root / MARKER).write_text(text)
    with pytest.raises(Invalid, match="damaged"):
        EmbeddedBackend(root)


def test_a_catalog_of_a_newer_release(root: Path) -> None:
    (root / MARKER).write_text(json.dumps({"format": 99}))
    with pytest.raises(RequestException, match="newer"):
        EmbeddedBackend(root)
