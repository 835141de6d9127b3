"""One of the two versions that are compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from omicshelf.errors import Invalid
from omicshelf.formats.base import Names
from omicshelf.records import Element, Summary, VersionRecord

__all__ = ["FAMILIES", "Side"]

# Kinds whose contents can be compared with each other.
FAMILIES = {"anndata": "annotated", "mudata": "annotated", "matrix": "annotated"}


@dataclass(frozen=True)
class Side:
    """A version, what is known of its data, and how they are loaded if that is asked for.

    Attributes
    ----------
    version, summary, names
        The records that a comparison rests on.
    open
        Loads the data, for ``deep=True`` and for lists of names.
    open_names
        Gives the names of an axis, ``"obs"`` or ``"var"``, in the order of the data. Where
        it is missing, they are taken from what ``open`` loads.
    """

    version: VersionRecord
    summary: Summary
    names: Names | None = None
    open: Callable[[], Any] | None = None
    open_names: Callable[[str], Sequence[str]] | None = None

    @property
    def title(self) -> str:
        """The version as a text names it, ``GSE1 v2``."""
        return f"{self.version.dataset_id} {self.version.name}"

    @property
    def family(self) -> str:
        """What the kind of data has in common with others that it can be compared with."""
        return FAMILIES.get(self.summary.kind, self.summary.kind)

    @property
    def modalities(self) -> list[str]:
        """The names of a MuData's modalities, in their order."""
        if self.summary.kind != "mudata":
            return []
        found = (path.split("/")[1] for path in self.summary.elements if path.startswith("mod/"))
        return list(dict.fromkeys(found))

    def element(self, path: str) -> Element | None:
        """Give the summary's entry at ``path``, if there is one."""
        return self.summary.elements.get(path)

    def load(self) -> Any:
        """Load the data.

        Raises
        ------
        omicshelf.errors.Invalid
            There is no way to load them.
        """
        if self.open is None:
            raise Invalid(
                f"The data of {self.title} cannot be loaded here.",
                "Counts and summaries need no data: compare without deep=True.",
            )
        return self.open()
