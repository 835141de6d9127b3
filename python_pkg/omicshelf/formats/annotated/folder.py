"""A dataset that is a folder, or the one zip file that a folder is stored as."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from omicshelf.errors import Invalid
from omicshelf.formats import magic
from omicshelf.formats.annotated.hdf5 import head_of

__all__ = ["Folder", "checked_zip", "is_zip", "opened_folder"]

# A chunk of zarr compresses a thousandfold at most where it is all zeros; a bomb far more.
_MOST_MEMBERS = 2_000_000
_MOST_RATIO = 200
_FREE_BYTES = 1 << 30  # a ratio is no danger below this size
_ENCRYPTED = 0x1


def is_zip(path: Path) -> bool:
    """Say whether ``path`` is a file that begins like a zip."""
    return path.is_file() and head_of(path).startswith(b"PK")


@contextmanager
def checked_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a zip file whose members are harmless to read.

    Raises
    ------
    omicshelf.errors.Invalid
        If it is damaged or encrypted, if a member's name leaves the folder, or if it would
        unpack to far more than it is.
    """
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise Invalid(
            f"{path.name} is not a complete zip file: {error}",
            "The copy or download was not finished, or it is something else: get it again.",
        ) from error
    with archive:
        members = archive.infolist()
        for member in members:
            _refuse_member(path, member)
        unpacked = sum(member.file_size for member in members)
        packed = max(1, path.stat().st_size)
        if len(members) > _MOST_MEMBERS or (
            unpacked > _FREE_BYTES and unpacked > _MOST_RATIO * packed
        ):
            raise Invalid(
                f"{path.name} would unpack from {packed:,} to {unpacked:,} bytes in "
                f"{len(members):,} members.",
                f"At most {_MOST_RATIO} times its size and {_MOST_MEMBERS:,} members are read: "
                "unpack it yourself, if you trust it, and pass the folder.",
            )
        yield archive


class Folder:
    """The files of a folder, or of a zip file, by their names."""

    def __init__(self, root: Path | zipfile.ZipFile) -> None:
        self._root = root

    def names(self) -> list[str]:
        """Give the names of the files in the folder itself, or of all members of the zip."""
        if isinstance(self._root, zipfile.ZipFile):
            return sorted({m.filename for m in self._root.infolist() if not m.is_dir()})
        return sorted(path.name for path in self._root.iterdir() if path.is_file())

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """Open a file for reading, unpacked if it is gzip, whatever its name says."""
        with ExitStack() as stack:
            raw: Any
            if isinstance(self._root, zipfile.ZipFile):
                raw = stack.enter_context(self._root.open(name))
            else:
                raw = stack.enter_context((self._root / name).open("rb"))
            if raw.read(2) == b"\x1f\x8b":
                raw.seek(0)
                raw = stack.enter_context(gzip.GzipFile(fileobj=raw))
            else:
                raw.seek(0)
            yield cast("IO[bytes]", raw)


@contextmanager
def opened_folder(path: Path, what: str) -> Iterator[Folder]:
    """Open a folder or its zip file; refuse anything else, saying that ``what`` is expected."""
    if path.is_dir():
        yield Folder(path)
        return
    if not is_zip(path):
        found = magic.describe(head_of(path)) or "a file of unknown content"
        raise Invalid(
            f"{path.name} is not {what}: it is {found}.", "Pass the folder, or a zip of it."
        )
    with checked_zip(path) as archive:
        yield Folder(archive)


def _refuse_member(path: Path, member: zipfile.ZipInfo) -> None:
    name = PurePosixPath(member.filename)
    drive = len(member.filename) > 1 and member.filename[1] == ":"
    if name.is_absolute() or ".." in name.parts or "\\" in member.filename or drive:
        raise Invalid(
            f"{path.name} has a member named {member.filename!r}.",
            "The names of members stay within the folder: no '..', drive or leading '/'.",
        )
    if member.flag_bits & _ENCRYPTED:
        raise Invalid(
            f"{path.name} is encrypted ({member.filename}).", "Unpack it and pass the folder."
        )
