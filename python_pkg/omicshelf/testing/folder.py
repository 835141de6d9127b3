"""Looking at the folder of an embedded catalog from outside, around the code under test."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from blake3 import blake3

__all__ = ["flip_byte", "objects_in", "snapshot_folder", "temporary_files"]

_NOT_COMPARED = {"session", "alembic_version", "sqlite_sequence"}


def snapshot_folder(root: Path) -> dict[str, Any]:
    """Give everything that a catalog records and keeps: all rows, and the hashes of all objects.

    Two snapshots are equal exactly when nothing was changed between them. Left out is what
    changes without a change of the catalog: sessions, temporary files, the cache, and the
    segments of the log (whose content is in the table of changes).
    """
    found: dict[str, Any] = {}
    with sqlite3.connect(f"file:{root / 'catalog.db'}?mode=ro", uri=True) as connection:
        listed = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        for (name,) in listed.fetchall():
            if name in _NOT_COMPARED or name.startswith("dataset_text_"):
                continue
            columns = "rowid, body" if name == "dataset_text" else "*"
            rows = connection.execute(f'SELECT {columns} FROM "{name}"').fetchall()
            found[f"table {name}"] = sorted(rows, key=repr)
    connection.close()
    for path in objects_in(root):
        found[str(path.relative_to(root))] = blake3(path.read_bytes()).hexdigest()
    return found


def objects_in(root: Path, ending: str = "") -> list[Path]:
    """Give the files of all stored objects, oldest first, or those whose name has an ending."""
    found = [p for p in (root / "objects").rglob(f"*{ending}") if p.is_file()]
    return sorted(found, key=lambda path: (path.stat().st_mtime_ns, path.name))


def temporary_files(root: Path) -> list[Path]:
    """Give the files that unfinished writes have left."""
    return [path for path in (root / "tmp").rglob("*") if path.is_file()]


def flip_byte(path: Path, at: int) -> None:
    """Change one byte of a file in place, as a failing disk or a careless editor would."""
    mode = path.stat().st_mode
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.seek(at)
        old = file.read(1)
        file.seek(at)
        file.write(bytes([old[0] ^ 0x40]))
    path.chmod(mode)
