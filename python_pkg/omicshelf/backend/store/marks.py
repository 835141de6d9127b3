"""Marks: cheap evidence that a file is still the one whose bytes were hashed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Mark", "take_mark"]


@dataclass(frozen=True)
class Mark:
    """What the file system says about a file; it differs after every change made through it.

    A change puts the current time into ``ctime_ns``, which no call can set back; writing,
    truncating, replacing, renaming, copying and restoring a file all change the mark. Rot of
    the medium does not: that is what ``verify`` is for.

    Attributes
    ----------
    inode, size
        The file's identity on its file system, and its bytes.
    mtime_ns, ctime_ns
        When its content, and when its content or its inode, last changed (ns since 1970).
    """

    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, facts: os.stat_result) -> Mark:
        """Give the mark of what ``os.stat`` or ``os.fstat`` returned."""
        return cls(facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)

    def holds(self, path: Path) -> bool:
        """Say whether the file at ``path`` still has this mark; False when it is not there."""
        try:
            return Mark.of(path.stat()) == self
        except OSError:
            return False

    def __str__(self) -> str:
        return f"{self.inode}:{self.size}:{self.mtime_ns}:{self.ctime_ns}"

    @classmethod
    def parse(cls, text: str) -> Mark | None:
        """Read a mark that ``str`` wrote; None when the text is none."""
        parts = text.split(":")
        if len(parts) != 4 or not all(part.lstrip("-").isdecimal() for part in parts):
            return None
        inode, size, mtime_ns, ctime_ns = map(int, parts)
        return cls(inode, size, mtime_ns, ctime_ns)


def take_mark(path: Path) -> Mark:
    """Take the mark of a file whose bytes were just verified; after it was renamed."""
    return Mark.of(Path(path).stat())
