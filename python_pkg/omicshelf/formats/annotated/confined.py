"""HDF5 files that stay within themselves: nothing that they point to outside is opened.

A link, a virtual dataset or a dataset with external storage may name any file that the reader
can open. A catalog keeps the bytes of one file: what lies in another is not kept with it, and
on a server it may be somebody else's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from omicshelf.errors import Invalid

__all__ = ["refuse_foreign_parts"]

_MOST_OBJECTS = 1_000_000


def refuse_foreign_parts(file: Any, path: Path) -> None:
    """Refuse an open HDF5 file of which a part lies in another file.

    Every link and every dataset is looked at, none is followed, so that cycles end.

    Raises
    ------
    omicshelf.errors.Invalid
        Naming the part.
    """
    found = _foreign_link(file) or _foreign_dataset(file)
    if found is not None:
        where, how = found
        raise Invalid(
            f"{path.name} is not complete in itself: {where} {how}.",
            "Write the data into one file, for instance by loading it and saving it again.",
        )


def _foreign_link(file: Any) -> tuple[str, str] | None:
    from h5py import h5l

    ours = {h5l.TYPE_HARD, h5l.TYPE_SOFT}
    count = 0

    def look(name: bytes, info: Any) -> tuple[str, str] | None:
        nonlocal count
        count += 1
        if count > _MOST_OBJECTS:
            return "it", f"has more than {_MOST_OBJECTS:,} links"
        if info.type not in ours:
            return _shown(name), "is a link to another file"
        return None

    found: tuple[str, str] | None = file.id.links.visit(look, info=True)
    return found


def _foreign_dataset(file: Any) -> tuple[str, str] | None:
    from h5py import h5d, h5o

    def look(name: bytes, info: Any) -> tuple[str, str] | None:
        if info.type != h5o.TYPE_DATASET:
            return None
        created = h5d.open(file.id, name).get_create_plist()
        if created.get_layout() == h5d.VIRTUAL:
            return _shown(name), "is a virtual dataset over other files"
        if created.get_external_count():
            return _shown(name), "has its values in another file"
        return None

    found: tuple[str, str] | None = h5o.visit(file.id, look, info=True)
    return found


def _shown(name: bytes) -> str:
    return name.decode("utf-8", "replace")[:200]
