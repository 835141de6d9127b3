"""How a dataset or a version of it is named in one word: ``[ATLAS/]ID[@VERSION]``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from omicshelf.errors import Invalid

__all__ = ["Reference", "parse_reference"]

_REFERENCE = re.compile(r"(?:([^/@]+)/)?([^/@]+)(?:@([^/@]+))?")


@dataclass(frozen=True)
class Reference:
    """What ``[ATLAS/]ID[@VERSION]`` names."""

    dataset_id: str
    atlas: str | None = None
    version: str | None = None

    def __str__(self) -> str:
        atlas = "" if self.atlas is None else f"{self.atlas}/"
        return f"{atlas}{self.dataset_id}" + ("" if self.version is None else f"@{self.version}")


def parse_reference(text: str) -> Reference:
    """Read ``pbmc``, ``pbmc@v2``, ``lung/pbmc@submitted``.

    Raises
    ------
    omicshelf.errors.Invalid
        If it is none of these.
    """
    found = _REFERENCE.fullmatch(text)
    if found is None:
        raise Invalid(
            f"'{text}' names no dataset.",
            "Write the id of a dataset, and where it matters its atlas and version: pbmc, pbmc@v2, "
            "lung/pbmc@submitted.",
        )
    atlas, dataset_id, version = found.groups()
    return Reference(dataset_id, atlas, version)
