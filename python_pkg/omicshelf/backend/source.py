"""Where the bytes of a new version or file come from: a path, or an object of memory.

A source is staged (its bytes put, or found, in a local file) and inspected (summary, content
digest, names) at the same time, because both take as long as the data is large.
"""

from __future__ import annotations

import os
import uuid
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from omicshelf.backend.background import in_thread
from omicshelf.errors import Invalid
from omicshelf.formats import registry, worker
from omicshelf.formats.base import Format, Inspection, Progress
from omicshelf.records import Summary

__all__ = ["FileSource", "ObjectSource", "Source", "Staged", "stored_suffix"]

# Two threads that take turns with the interpreter take longer than one, when both have little
# to do: up to this size an object is examined after it was written, while the disk is busy.
_ALONGSIDE = 8 << 20


@dataclass(frozen=True)
class Staged:
    """A local file with the bytes; ``owned`` if it is ours to move or remove."""

    path: Path
    owned: bool


class Source(Protocol):
    """Bytes on their way into a catalog."""

    data_format: str
    progress: Progress | None

    @property
    def suffix(self) -> str:
        """The file name ending of the stored bytes, ``.h5ad``."""
        ...

    def inspection(self) -> Inspection:
        """Wait for what was learnt from the content; raises ``Invalid`` to refuse it."""
        ...

    def digest(self) -> str | None:
        """Give the content digest where it can be told before anything is written."""
        ...

    def stage(self, folder: Path) -> Staged:
        """Begin the inspection and give the bytes as a local file.

        It is written into ``folder`` where they are not a file already.
        """
        ...


class FileSource:
    """A file, or a folder that is one dataset, as it lies on disk.

    Parameters
    ----------
    path
        An existing file or folder.
    data_format
        Its format's name.
    check
        False keeps even what cannot be a file of its format; the reason becomes a problem.
    inspect
        False for supplementary files, whose content is not looked at.
    owned
        True for a temporary file of ours, which may be moved.
    """

    def __init__(
        self,
        path: Path,
        data_format: str,
        *,
        check: bool = True,
        inspect: bool = True,
        owned: bool = False,
        problems: tuple[str, ...] = (),
    ) -> None:
        self.path = path
        self.data_format = data_format
        self.progress: Progress | None = None
        self._check = check
        self._inspect = inspect
        self._owned = owned
        self._problems = list(problems)
        self._inspection: Future[Inspection] | None = None
        self._state: tuple[int, int, int] | None = None

    @property
    def suffix(self) -> str:
        return stored_suffix(self.data_format)

    def inspection(self) -> Inspection:
        found = self._examination().result()
        if self._state != _state_of(self.path):
            from omicshelf.backend.store.chunks import changed

            # What was learnt and what was kept may be of two different moments.
            raise changed(self.path)
        return found

    def _examination(self) -> Future[Inspection]:
        if self._inspection is None:
            self._state = _state_of(self.path)
            self._inspection = in_thread(self._examine)
        return self._inspection

    def digest(self) -> str | None:
        return self.inspection().digest

    def stage(self, folder: Path) -> Staged:
        if self._inspect and self._check and registry.get(self.data_format).promised:
            worker.check_file(self.path, self.data_format)
        self._examination()
        if not self.path.is_dir():
            return self._linked(folder) if self._owned else Staged(self.path, False)
        from omicshelf.backend.store.folders import pack_folder

        packed = folder / f"{uuid.uuid4().hex}.zip"
        pack_folder(self.path, packed)
        return Staged(packed, True)

    def _linked(self, folder: Path) -> Staged:
        """Give a second name to move away: the write may have to begin again."""
        link = folder / f"{uuid.uuid4().hex}{self.suffix}"
        try:
            os.link(self.path, link)
        except OSError:  # a file system without links: the bytes are copied
            return Staged(self.path, False)
        return Staged(link, True)

    def _examine(self) -> Inspection:
        if not self._inspect:
            return Inspection(Summary(kind="file", format=self.data_format))
        try:
            found = worker.inspect_file(self.path, self.data_format)
        except Invalid as error:
            if self._check:
                raise
            found = Inspection(Summary(format=self.data_format, problems=[error.title]))
        found = with_problems(found, self._problems)
        if self.path.is_dir():
            details = {**found.summary.details, "folder": self.path.name}
            found = replace(found, summary=found.summary.model_copy(update={"details": details}))
        return found


class ObjectSource:
    """An object of memory, written by its format while its content is hashed."""

    def __init__(self, obj: Any, fmt: Format) -> None:
        self.data_format = fmt.name
        self.progress: Progress | None = None
        self._format = fmt
        self._object = fmt.frozen_copy(obj)
        self._inspection: Future[Inspection | None] | None = None
        self._written: Path | None = None

    @property
    def suffix(self) -> str:
        return stored_suffix(self.data_format)

    def inspection(self) -> Inspection:
        if self._written is None:
            raise RuntimeError("an object is inspected when it is staged")
        found = self._examined()
        # Some content can only be told from the file that it was written to.
        return found or worker.inspect_file(self._written, self.data_format)

    def _examine(self) -> Inspection | None:
        return self._format.inspect_object(self._object)

    def _examined(self) -> Inspection | None:
        if self._inspection is None:
            found = self._examine()
            self._inspection = Future()
            self._inspection.set_result(found)
        return self._inspection.result()

    def digest(self) -> str | None:
        found = self._examined()
        return None if found is None else found.digest

    def stage(self, folder: Path) -> Staged:
        size = self._format.nbytes(self._object)
        if self._inspection is None and (size is None or size > _ALONGSIDE):
            self._inspection = in_thread(self._examine)
        self._written = folder / f"{uuid.uuid4().hex}{self.suffix}"
        try:
            self._format.write(self._object, self._written)
        except BaseException:
            self._written.unlink(missing_ok=True)
            raise
        return Staged(self._written, True)


def _state_of(path: Path) -> tuple[int, int, int] | None:
    """Give what tells that a file was written to or replaced; None for folders."""
    try:
        facts = path.stat()
    except OSError:
        return None
    return None if path.is_dir() else (facts.st_ino, facts.st_size, facts.st_mtime_ns)


def stored_suffix(data_format: str | None) -> str:
    """Give the file name ending of stored bytes; those of a folder format are one zip."""
    suffix = registry.suffix_of(data_format)
    if data_format and registry.get(data_format).folder and not suffix.endswith(".zip"):
        return f"{suffix}.zip"
    return suffix


def with_problems(found: Inspection, problems: list[str]) -> Inspection:
    """Add ``problems`` to the summary of an inspection."""
    if not problems:
        return found
    summary = found.summary.model_copy(update={"problems": [*problems, *found.summary.problems]})
    return replace(found, summary=summary)
