from __future__ import annotations

import errno
import os
import random
import shutil
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omicshelf.backend.store import folders
from omicshelf.backend.store.folders import pack_folder, unpack_folder
from omicshelf.errors import AlreadyExists, Invalid, MissingPath, StorageError


def make(folder: Path, members: dict[str, bytes]) -> Path:
    for name, data in members.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def read(folder: Path) -> dict[str, bytes | None]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() if p.is_file() else None
        for p in sorted(folder.rglob("*"))
    }


MEMBERS = {"zarr.json": b"{}", "X/c/0/0": b"x" * 5000, "X/zarr.json": b"{1}", "µ ü/é.txt": b"\0"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make(tmp_path / "sample.zarr", MEMBERS)


def test_there_and_back(folder: Path, tmp_path: Path) -> None:
    (folder / "empty" / "deep").mkdir(parents=True)
    pack_folder(folder, tmp_path / "a.zip")
    unpack_folder(tmp_path / "a.zip", tmp_path / "back")
    assert read(tmp_path / "back") == read(folder)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.testzip() is None
        assert archive.namelist() == sorted(archive.namelist())
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}


def test_the_bytes_depend_on_the_members_alone(folder: Path, tmp_path: Path) -> None:
    pack_folder(folder, tmp_path / "a.zip")
    other = tmp_path / "other"
    for name in random.Random(1).sample(sorted(MEMBERS), len(MEMBERS)):
        make(other, {name: MEMBERS[name]})
        os.utime(other / name, (0, 10**9))
        (other / name).chmod(0o600)
    pack_folder(other, tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


names = st.text(st.characters(codec="utf-8", exclude_characters="/\\\0"), min_size=1, max_size=20)
paths = st.lists(names.filter(lambda n: n not in {".", ".."}), min_size=1, max_size=3)


@settings(deadline=None, max_examples=60)
@given(members=st.dictionaries(paths.map("/".join), st.binary(max_size=300), max_size=6))
def test_any_folder(tmp_path_factory: pytest.TempPathFactory, members: dict[str, bytes]) -> None:
    tmp_path = tmp_path_factory.mktemp("any")
    folder = tmp_path / "folder"
    folder.mkdir()
    for name, data in members.items():
        try:
            make(folder, {name: data})
        except OSError:  # one name is a file and a folder, or too long
            continue
    try:
        pack_folder(folder, tmp_path / "a.zip")
    except Invalid:  # only of a name that other systems would take for a drive
        assert any(name[1:2] == ":" for name in members)
        return
    unpack_folder(tmp_path / "a.zip", tmp_path / "back")
    assert read(tmp_path / "back") == read(folder)


def test_a_link_inside_is_kept_as_a_file(folder: Path, tmp_path: Path) -> None:
    (folder / "link").symlink_to("zarr.json")
    pack_folder(folder, tmp_path / "a.zip")
    unpack_folder(tmp_path / "a.zip", tmp_path / "back")
    assert (tmp_path / "back" / "link").read_bytes() == b"{}"
    assert not (tmp_path / "back" / "link").is_symlink()


@pytest.mark.parametrize("target", ["/etc/passwd", "../outside", "X", "nowhere", "link"])
def test_other_links_are_refused(folder: Path, tmp_path: Path, target: str) -> None:
    (tmp_path / "outside").write_bytes(b"secret")
    (folder / "link").symlink_to(target)
    with pytest.raises(Invalid, match="link"):
        pack_folder(folder, tmp_path / "a.zip")
    assert not (tmp_path / "a.zip").exists()


def test_what_cannot_be_packed(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingPath):
        pack_folder(tmp_path / "none", tmp_path / "a.zip")
    os.mkfifo(folder / "pipe")
    with pytest.raises(Invalid, match="neither a file nor a folder"):
        pack_folder(folder, tmp_path / "a.zip")
    (folder / "pipe").unlink()
    (folder / os.fsdecode(b"\xff")).write_bytes(b"x")
    with pytest.raises(Invalid, match="UTF-8"):
        pack_folder(folder, tmp_path / "a.zip")
    (folder / os.fsdecode(b"\xff")).rename(folder / "back\\slash")
    with pytest.raises(Invalid, match="backslash"):
        pack_folder(folder, tmp_path / "a.zip")
    assert not (tmp_path / "a.zip").exists()


def test_a_member_that_grows_is_refused(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = zipfile.ZipFile.open

    def grow(self, name, mode="r", **kwargs):
        with (folder / "X" / "c" / "0" / "0").open("ab") as file:
            file.write(b"more")
        return real(self, name, mode, **kwargs)

    monkeypatch.setattr(zipfile.ZipFile, "open", grow)
    with pytest.raises(Invalid, match="changed while it was read"):
        pack_folder(folder, tmp_path / "a.zip")
    assert not (tmp_path / "a.zip").exists()


def test_a_full_disk(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pack_folder(folder, tmp_path / "good.zip")

    def full(*args: object, **kwargs: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(zipfile._ZipWriteFile, "write", full)
        with pytest.raises(StorageError, match="No space left"):
            pack_folder(folder, tmp_path / "a.zip")
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfileobj", full)
        with pytest.raises(StorageError, match="No space left"):
            unpack_folder(tmp_path / "good.zip", tmp_path / "back")
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 0, 10))
        with pytest.raises(StorageError, match=r"No space left.* needs"):
            unpack_folder(tmp_path / "good.zip", tmp_path / "back")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["good.zip", "sample.zarr"]


@pytest.mark.parametrize(
    "name",
    ["../out", "/abs", "a/../../out", "..", "C:/x", "c:", "a\\b", "\\\\server\\x", "a/.."],
)
def test_members_that_would_escape(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("fine", b"x")
        archive.writestr(name, b"x")
    with pytest.raises(Invalid, match="lead out"):
        unpack_folder(tmp_path / "a.zip", tmp_path / "sub" / "back")
    assert [p.name for p in tmp_path.iterdir()] == ["a.zip"]


def test_links_in_a_zip_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        info = zipfile.ZipInfo("link")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(Invalid, match="link or a device"):
        unpack_folder(tmp_path / "a.zip", tmp_path / "back")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_is_there_twice(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a", b"1")
        archive.writestr("a", b"2")
    with pytest.raises(Invalid, match="twice"):
        unpack_folder(tmp_path / "a.zip", tmp_path / "back")


def test_a_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "_SMALL", 100_000)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(10_000_000))
    with pytest.raises(Invalid, match="would grow"):
        unpack_folder(tmp_path / "a.zip", tmp_path / "back")
    monkeypatch.setattr(folders, "_MAX_MEMBERS", 0)
    with pytest.raises(Invalid, match="members"):
        unpack_folder(tmp_path / "a.zip", tmp_path / "back")


def test_a_name_that_is_a_file_and_a_folder(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a", b"1")
        archive.writestr("a/b", b"2")
    with pytest.raises(Invalid, match="another member"):
        unpack_folder(tmp_path / "a.zip", tmp_path / "back")


def test_damaged_zips(folder: Path, tmp_path: Path) -> None:
    pack_folder(folder, tmp_path / "a.zip")
    good = (tmp_path / "a.zip").read_bytes()
    at = good.index(b"x" * 100) + 50
    for bad in (b"", b"hello", good[:-30], good[:200], good[:at] + b"y" + good[at + 1 :]):
        (tmp_path / "bad.zip").write_bytes(bad)
        with pytest.raises(Invalid, match="not a zip file that can be read"):
            unpack_folder(tmp_path / "bad.zip", tmp_path / "back")
    chosen = random.Random(2)
    for _ in range(300):
        bad = bytearray(good)
        bad[chosen.randrange(len(bad))] ^= 1 << chosen.randrange(8)
        (tmp_path / "bad.zip").write_bytes(bad)
        try:
            unpack_folder(tmp_path / "bad.zip", tmp_path / "back")
        except (Invalid, StorageError):
            assert not (tmp_path / "back").exists()
        else:
            shutil.rmtree(tmp_path / "back")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.zip", "bad.zip", "sample.zarr"]


def test_nothing_is_overwritten(folder: Path, tmp_path: Path) -> None:
    pack_folder(folder, tmp_path / "a.zip")
    with pytest.raises(AlreadyExists):
        unpack_folder(tmp_path / "a.zip", folder)
    with pytest.raises(MissingPath):
        unpack_folder(tmp_path / "none.zip", tmp_path / "back")
    with pytest.raises(StorageError):
        pack_folder(folder, tmp_path / "a.zip")
    assert read(folder) == {**read(folder), **MEMBERS}
