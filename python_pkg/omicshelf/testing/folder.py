"""Looking at the folder of an embedded catalog from outside, around the code under test."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from blake3 import blake3

from omicshelf.backend.base import Backend, Query

__all__ = ["describe", "flip_byte", "objects_in", "snapshot_folder", "temporary_files"]

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


def describe(backend: Backend, *, content: bool = True) -> dict[str, Any]:
    """Give all that people can see of a catalog, whatever it is kept in.

    Unlike a snapshot it does not see how: a catalog that was rebuilt, moved or repacked is
    described as it was before.
    """
    found: dict[str, Any] = {}
    for atlas in backend.list_atlases():
        name = atlas.name
        found[name] = atlas.model_dump(exclude={"created_at"})
        for deleted in (False, True):
            page = backend.find(name, Query(limit=None, order_by="dataset_id", deleted=deleted))
            for dataset in page.datasets:
                found[f"{name}/{dataset.dataset_id}"] = _describe_dataset(
                    backend, name, dataset.dataset_id, deleted, content
                )
    return found


def _describe_dataset(
    backend: Backend, atlas: str, dataset_id: str, deleted: bool, content: bool
) -> dict[str, Any]:
    versions = backend.list_versions(atlas, dataset_id, include_deleted=True)
    attached = backend.changes(atlas=atlas, dataset_id=dataset_id)
    names = sorted({c.details["name"] for c in attached if c.action == "attach file"})
    files = [f for name in names for f in backend.file_history(atlas, dataset_id, name)]
    told: dict[str, Any] = {
        "versions": [version.model_dump() for version in versions],
        "files": [file.model_dump() for file in files],
        "summaries": [backend.summary(version.blob).model_dump() for version in versions],
    }
    if not deleted:
        told["dataset"] = backend.get_dataset(atlas, dataset_id).model_dump()
        told["labels"] = [label.model_dump() for label in backend.list_labels(atlas, dataset_id)]
    if content:
        told["content"] = [_hash(backend, blob) for blob in {v.blob for v in versions}]
        told["content"] += [_hash(backend, file.blob) for file in files]
        told["content"].sort()
    return told


def _hash(backend: Backend, blob: str) -> str:
    with backend.open_blob(blob) as stream:
        return blake3(stream.read()).hexdigest()


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
