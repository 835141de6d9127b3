"""Folders kept as one file: a zip without compression whose bytes depend on nothing else.

Member names are sorted, dates are fixed, permissions are the same for all: the same members
give the same bytes, and chunks of equal members are found in any version.
"""

from __future__ import annotations

import os
import shutil
import stat
import uuid
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from omicshelf.backend.store.chunks import steady
from omicshelf.backend.store.durable import explained, new_file, storage_errors
from omicshelf.errors import AlreadyExists, Invalid, MissingPath, RequestException, StorageError

__all__ = ["pack_folder", "unpack_folder"]

_DATE = (1980, 1, 1, 0, 0, 0)  # the first that zip can hold
_FILE_MODE = (stat.S_IFREG | 0o644) << 16
_FOLDER_MODE = ((stat.S_IFDIR | 0o755) << 16) | 0x10  # 0x10: a folder, for MS-DOS
_COPY_BLOCK = 1 << 20
_MAX_MEMBERS = 2_000_000
_MAX_RATIO = 200  # compressed members may grow by this; stored ones cannot grow
_SMALL = 256 << 20  # below it no ratio is suspicious


def pack_folder(folder: Path, dest: Path) -> None:
    """Write a folder into one new file.

    Symbolic links to files inside the folder are kept as the files that they lead to.

    Raises
    ------
    omicshelf.errors.Invalid
        A link leads out of the folder or to another folder, a member is neither file nor
        folder, has a name that not every system can hold, or changed while it was read.
    """
    if not folder.is_dir():
        raise MissingPath(f"No such folder: {folder}", "Check the path.")
    buffer = memoryview(bytearray(_COPY_BLOCK))
    with (
        new_file(dest) as fd,
        os.fdopen(fd, "w+b", closefd=False) as file,
        zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive,
    ):
        for name, path in sorted(_members(folder)):
            info = zipfile.ZipInfo(name, _DATE)
            info.create_system = 3  # the same on every system
            if path is None:
                info.external_attr = _FOLDER_MODE
                archive.writestr(info, b"")
                continue
            info.external_attr = _FILE_MODE
            with steady(path) as source:
                info.file_size = source.before.size
                with storage_errors(f"write {dest}"), archive.open(info, "w") as member:
                    while n := source.readinto(buffer):
                        member.write(buffer[:n])


def unpack_folder(archive: Path, dest: Path) -> None:
    """Write the members of a zip into a new folder; it appears when it is complete.

    Raises
    ------
    omicshelf.errors.Invalid
        It is not a complete zip, or a member would lie outside of the folder, is a link, is
        there twice, or grows beyond all measure.
    omicshelf.errors.AlreadyExists
        There is something at ``dest``.
    """
    if dest.exists() or dest.is_symlink():
        raise AlreadyExists(f"There is already something at {dest}.", "Choose another folder.")
    part = dest.with_name(f".{dest.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        with zipfile.ZipFile(archive) as source:
            _check(source, archive, dest)
            with storage_errors(f"write {dest}"):
                part.mkdir()
                for info in source.infolist():
                    _extract(source, info, part)
                part.rename(dest)
    except RequestException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    except FileNotFoundError as error:
        raise MissingPath(f"No such file: {archive}", "Check the path.") from error
    except OSError as error:
        raise explained(error, f"read {archive}") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        shutil.rmtree(part, ignore_errors=True)
        raise Invalid(
            f"{archive} is not a zip file that can be read: {error}.",
            "It is damaged, cut short or encrypted. Download it again from where it came.",
        ) from error
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def _members(folder: Path) -> Iterator[tuple[str, Path | None]]:
    """Give the name of each file with its path, and of each empty folder with None."""
    top = folder.resolve()
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(parent, name)
            relative = path.relative_to(folder).as_posix()
            _check_name(relative)
            # Not Path.resolve, which raises RuntimeError for a link to itself.
            if path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(top):
                raise Invalid(
                    f"{path} is a link that leads out of the folder.",
                    "Only what is inside the folder is kept. Replace the link by a copy.",
                )
            if path.is_symlink() and not path.is_file():
                raise Invalid(
                    f"{path} is a link to a folder, or to nothing.",
                    "Replace it by a copy of the folder, or remove it.",
                )
            if path.is_file():
                yield relative, path
            elif not path.is_dir():
                raise Invalid(
                    f"{path} is neither a file nor a folder.",
                    "Pipes, sockets and devices cannot be kept. Remove it.",
                )
            elif not any(path.iterdir()):
                yield relative + "/", None


def _check_name(name: str) -> None:
    try:
        name.encode()
    except UnicodeEncodeError:
        raise Invalid(
            f"The member {name!r} has a name that is not UTF-8.", "Rename the file."
        ) from None
    parts = PurePosixPath(name.rstrip("/")).parts
    wrong = (
        not parts
        or name.startswith("/")
        or ".." in name.split("/")
        or any(char in name for char in "\\\0")
        or (len(parts[0]) == 2 and parts[0][1] == ":")
    )
    if wrong:
        raise Invalid(
            f"The member {name!r} has a name that could lead out of the folder.",
            "Names are relative, without '..', backslashes or drive letters.",
        )


def _check(source: zipfile.ZipFile, archive: Path, dest: Path) -> None:
    infos = source.infolist()
    if len(infos) > _MAX_MEMBERS:
        raise Invalid(
            f"{archive} has {len(infos):,} members; at most {_MAX_MEMBERS:,} are unpacked.",
            "Write the data with larger chunks.",
        )
    seen: set[str] = set()
    for info in infos:
        _check_name(info.filename)
        if info.filename in seen:
            raise Invalid(f"{archive} has the member {info.filename!r} twice.", "Pack it again.")
        seen.add(info.filename)
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise Invalid(
                f"The member {info.filename!r} of {archive} is a link or a device.",
                "Only files and folders are unpacked. Pack it again without.",
            )
    size, packed = sum(i.file_size for i in infos), archive.stat().st_size
    if size > _SMALL and size > _MAX_RATIO * packed:
        raise Invalid(
            f"{archive} of {packed:,} bytes would grow to {size:,} bytes.",
            f"That is more than {_MAX_RATIO} times its size, as in an archive made to fill a disk.",
        )
    with storage_errors(f"write {dest}"):
        free = shutil.disk_usage(dest.parent).free
    if size > free:
        raise StorageError(
            f"No space left: {dest} needs {size:,} bytes, the disk has {free:,}.",
            "Nothing was written. Free some space on that disk, then try again.",
        )


def _extract(source: zipfile.ZipFile, info: zipfile.ZipInfo, part: Path) -> None:
    target = part / info.filename
    try:
        if info.is_dir():
            target.mkdir(parents=True, exist_ok=True)
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        with source.open(info) as member, target.open("xb") as file:
            shutil.copyfileobj(member, file, _COPY_BLOCK)
    except (FileExistsError, NotADirectoryError) as error:
        raise Invalid(
            f"The member {info.filename!r} lies in, or in the place of, another member.",
            "A name is that of a file and a folder at once. Pack the folder again.",
        ) from error
