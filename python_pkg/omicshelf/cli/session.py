"""One run of a command: which catalog and atlas it works with, and where it writes to."""

from __future__ import annotations

import os
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from omicshelf.cli.output import Output
from omicshelf.errors import Invalid
from omicshelf.reference import Reference, parse_reference

if TYPE_CHECKING:
    from omicshelf.catalog import Catalog, Connection, Dataset, DatasetVersion

__all__ = ["Session", "session_of"]

_DEFAULT_ATLAS = "default"


@dataclass
class Session:
    """The catalog, opened when it is first needed, and what the command has done so far.

    Attributes
    ----------
    out
        Where the command writes to.
    url, atlas
        What ``--url`` and ``--atlas`` say.
    finished
        What has been done and stays done if the rest fails or is cancelled.
    """

    out: Output = field(default_factory=Output)
    url: str | None = None
    atlas: str | None = None
    finished: list[str] = field(default_factory=list)

    @cached_property
    def connection(self) -> Connection:
        """The open catalog."""
        from omicshelf.catalog import connect

        new = self.folder is not None and not has_catalog(self.folder)
        connection = connect(self.url)
        if new:
            self.out.say(f"A new catalog was started in '{connection.url}'.")
        return connection

    @property
    def address(self) -> str:
        """Where the catalog is, or would be."""
        from omicshelf.backend.connect import configured_team, configured_url

        if self.url is not None:
            return self.url
        team = configured_team()
        return configured_url() if team is None or team.folder else team.address

    @property
    def folder(self) -> Path | None:
        """The folder of the catalog; None where it is no folder on this machine."""
        address = self.address
        return None if "://" in address else Path(address).expanduser()

    def close(self) -> None:
        """Close the catalog, if it was opened."""
        if "connection" in self.__dict__:
            self.connection.close()

    @property
    def catalog(self) -> Catalog:
        """The atlas that the command works with."""
        return self.catalog_of(None)

    def catalog_of(self, atlas: str | None) -> Catalog:
        """Give an atlas by its name; None for the one that the command works with."""
        from omicshelf.catalog import Catalog

        name = self._atlas_name if atlas is None else atlas
        return Catalog(name, connection=self.connection)

    @cached_property
    def _atlas_name(self) -> str:
        given = self.atlas or os.environ.get("OMICSHELF_ATLAS")
        if given:
            return given
        names = [atlas.name for atlas in self.connection.backend.list_atlases()]
        return names[0] if len(names) == 1 else _DEFAULT_ATLAS

    def dataset(self, text: str) -> tuple[Catalog, str]:
        """Give the catalog and id of ``[ATLAS/]ID``, without looking whether it is there."""
        reference = parse_reference(text)
        if reference.version is not None:
            raise Invalid(
                f"'{text}' names a version, and this command is about the whole dataset.",
                f"Write '{Reference(reference.dataset_id, reference.atlas)}'.",
            )
        return self.catalog_of(reference.atlas), reference.dataset_id

    def find(self, text: str) -> Dataset | DatasetVersion:
        """Give what ``[ATLAS/]ID[@VERSION]`` names: the dataset, or one version of it."""
        reference = parse_reference(text)
        catalog = self.catalog_of(reference.atlas)
        if reference.version is None:
            return catalog.get_dataset(reference.dataset_id)
        return catalog.get_version(reference.dataset_id, reference.version)

    def version_id(self, text: str) -> str:
        """Give the id of the version that ``ID[@VERSION]``, or an id of a version, names."""
        with suppress(ValueError):
            return str(uuid.UUID(text))
        return self.find(text).version_id

    def confirm(self, question: str, *, yes: bool) -> None:
        """Ask before what cannot be undone.

        Raises
        ------
        omicshelf.errors.Invalid
            If there is nobody to ask, and ``yes`` is False.
        """
        if yes:
            return
        answer = self.out.confirm(question)
        if answer == "nobody":
            raise Invalid(
                "This cannot be undone, and there is no terminal to ask at.",
                "Pass --yes to do it without a question.",
            )
        if answer == "no":
            raise typer.Abort


def has_catalog(folder: Path) -> bool:
    """Whether a folder holds a catalog already, told by its marker; opens nothing."""
    return (folder / "omicshelf.json").is_file()


def session_of(context: typer.Context) -> Session:
    """Give the run that a command belongs to."""
    session = context.find_root().obj
    assert isinstance(session, Session)
    return session
