"""What a format is: the contract that every module of this package fulfils.

A format knows four things about a file: whether it is one (:meth:`Format.check`), what is
in it (:meth:`Format.inspect`), how to load it, wholly or in part (:meth:`Format.load`), and,
for some, how to write an object of memory (:meth:`Format.write`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from omicshelf.errors import Invalid
from omicshelf.records import Summary

__all__ = ["Format", "Inspection", "LoadRequest", "Names", "Progress"]

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Names:
    """The names sidecar of a version: sorted 64-bit hashes of the obs and var names.

    Both are little-endian ``uint64`` arrays as bytes, sorted ascending, duplicates kept, so
    that a multiset difference gives the exact number of names added and lost.
    """

    obs: bytes = b""
    var: bytes = b""


@dataclass(frozen=True)
class Inspection:
    """All that is learnt from one pass over the bytes.

    Attributes
    ----------
    summary
        What is in the data.
    digest
        The content digest (hex), or None where the format has none.
    names
        The names sidecar, or None.
    """

    summary: Summary
    digest: str | None = None
    names: Names | None = None


@dataclass(frozen=True)
class LoadRequest:
    """What of a dataset is to be read, and as what; the arguments of ``Dataset.load``."""

    as_: str | None = None
    backed: bool = False
    lazy: bool = False
    obs: Any = None
    var: Any = None
    obs_columns: Sequence[str] | None = None
    layers: Sequence[str] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def partial(self) -> bool:
        """Whether less than everything is asked for."""
        given = (self.obs, self.var, self.obs_columns, self.layers)
        return any(value is not None for value in given)


class Format:
    """Base of all formats: an opaque file, kept byte for byte, that cannot be loaded.

    Attributes
    ----------
    name
        The format's name, as ``data_format`` reports it.
    title
        What people call it.
    suffixes
        File name endings without the leading dot, lower case; the longest known one wins.
    folder
        Whether a dataset of this format may be a folder (stored as one zip).
    promised
        Whether the product promises to load it: a file that cannot be one is refused.
    loadable
        Whether :meth:`load` works.
    reads_wholly
        Whether what :meth:`load` returns needs its file no more.
    parts
        The arguments of ``load`` besides ``as_`` that the format understands.
    """

    name: ClassVar[str] = "file"
    title: ClassVar[str] = "File"
    suffixes: ClassVar[tuple[str, ...]] = ()
    folder: ClassVar[bool] = False
    promised: ClassVar[bool] = False
    loadable: ClassVar[bool] = False
    reads_wholly: ClassVar[bool] = True
    parts: ClassVar[frozenset[str]] = frozenset()

    def recognises(self, head: bytes, path: Path) -> bool | None:
        """Say from the first 4 KiB whether the file is one: True, False, or None (cannot tell).

        ``path`` may be a folder, then ``head`` is empty.
        """
        return None

    def check(self, path: Path) -> None:
        """Refuse, cheaply, a file that cannot be one of this format.

        Raises
        ------
        omicshelf.errors.Invalid
            With the reason and the remedy.
        """

    def inspect(self, path: Path) -> Inspection:
        """Read the file once; give its summary, content digest and names.

        Runs in a worker process with limits. A malformed file of a promised format raises
        :class:`~omicshelf.errors.Invalid`; in any other what is wrong becomes an entry of
        ``summary.problems``.
        """
        return Inspection(Summary(kind="file", format=self.name))

    def load(self, path: Path, request: LoadRequest) -> Any:
        """Load the file, or the part of it that ``request`` names."""
        raise Invalid(
            f"Unsupported format: {self.name}",
            "Use `.download(path)` or `.path()` and open the file with a program that reads it.",
        )

    def accepts(self, obj: object) -> bool:
        """Say whether :meth:`write` takes ``obj``; imports nothing to find out."""
        return False

    def frozen_copy(self, obj: Any) -> Any:
        """Give what :meth:`inspect_object` and :meth:`write` share: a shallow copy of ``obj``
        in the form that is written, so that neither the caller's object is changed nor a
        later change of its columns is half seen.
        """
        return obj

    def inspect_object(self, obj: Any) -> Inspection | None:
        """Give the inspection of an object of memory, equal to that of its written file.

        None where the object holds something that only its written file can tell.
        """
        return None

    def nbytes(self, obj: Any) -> int | None:
        """Give about how many bytes ``obj`` will take in its file; None where that is unknown."""
        return None

    def write(self, obj: Any, path: Path) -> None:
        """Write ``obj`` (as :meth:`frozen_copy` gave it) to the new file ``path``.

        Raises
        ------
        omicshelf.errors.Invalid
            Naming the element that the format cannot hold, and the remedy.
        """
        raise NotImplementedError
