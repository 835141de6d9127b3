"""What each subcommand of ``%shelf`` does."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from omicshelf.catalog import Catalog
from omicshelf.catalog.connection import current
from omicshelf.catalog.dataset import VersionBase
from omicshelf.catalog.words import size_in_words
from omicshelf.errors import Invalid, NotFound
from omicshelf.notebook import grammar, listing
from omicshelf.notebook.saving import SavedFirst, save
from omicshelf.notebook.variables import Names, code_of, described, load_into, plan
from omicshelf.reference import parse_reference

__all__ = ["Shelf"]

_DEFAULT_ATLAS = "default"
_MOST_CHANGES = 12


@dataclass
class Shelf:
    """The state of ``%shelf`` in a notebook.

    Attributes
    ----------
    names
        The notebook's variables.
    say
        Prints a line.
    atlas
        The atlas that ``use`` has chosen.
    """

    names: Names
    say: Callable[[str], None] = print
    atlas: str | None = None

    def run(self, line: str) -> Any:
        """Do what a line says; give what is to be shown.

        Raises
        ------
        omicshelf.errors.RequestException
            It is wrong, or cannot be done.
        """
        name, given = grammar.parse(line)
        return getattr(self, f"_{name}")(given)

    # -- which catalog

    def catalog(self, atlas: str | None = None) -> Catalog:
        """Give an atlas by its name, or the one that is worked with."""
        return Catalog(atlas or self.atlas_name)

    @property
    def atlas_name(self) -> str:
        """The atlas that is worked with: chosen, configured, or the only one."""
        chosen = self.atlas or os.environ.get("OMICSHELF_ATLAS")
        if chosen:
            return chosen
        names = [atlas.name for atlas in current().backend.list_atlases()]
        if len(names) > 1 and _DEFAULT_ATLAS not in names:
            shown = ", ".join(names[:10]) + (" …" if len(names) > 10 else "")
            raise Invalid(
                f"There are {len(names)} atlases, and none is chosen: {shown}.",
                f"Choose one with `%shelf use {names[0]}`, or write {names[0]}/ID.",
            )
        return names[0] if len(names) == 1 else _DEFAULT_ATLAS

    def dataset(self, text: str) -> tuple[Catalog, str]:
        """Give the catalog and id of ``[ATLAS/]ID``."""
        reference = parse_reference(text)
        if reference.version is not None:
            raise Invalid(
                f"'{text}' names a version, and this is about the whole dataset.",
                "Leave out what is after the @.",
            )
        return self.catalog(reference.atlas), reference.dataset_id

    def found(self, text: str, version: str | None = None) -> VersionBase:
        """Give what ``[ATLAS/]ID[@VERSION]`` names."""
        reference = parse_reference(text)
        if version is not None and reference.version not in (None, version):
            raise Invalid(f"'{text}' and '{version}' name two versions.", "Leave one of them out.")
        catalog, wanted = self.catalog(reference.atlas), version or reference.version
        if wanted is None:
            return catalog.get_dataset(reference.dataset_id)
        return catalog.get_version(reference.dataset_id, wanted)

    # -- find and read

    def _ls(self, given: argparse.Namespace) -> Any:
        found = self.catalog().search(" ".join(map(_quoted, given.words)), limit=given.limit)
        return listing.datasets(found.datasets, found.total)

    _find = _ls

    def _use(self, given: argparse.Namespace) -> Any:
        atlases = current().backend.list_atlases()
        names = [atlas.name for atlas in atlases]
        if given.atlas is None:
            head = ["atlas", "datasets", "size", ""]
            used = self.atlas_name if names else None
            rows = [
                (a.name, f"{a.n_datasets:,}", size_in_words(a.size), "in use" * (a.name == used))
                for a in atlases
            ]
            return listing.Listed(names, listing.columns(head, rows) if rows else "No atlases.")
        catalog = Catalog(given.atlas)
        self.atlas = catalog.omixatlas_id
        is_new = "" if self.atlas in names else " It is new: the first dataset makes it."
        self.say(f"Using atlas '{self.atlas}'.{is_new}")
        return None

    def _info(self, given: argparse.Namespace) -> Any:
        return self.found(given.dataset)

    def _versions(self, given: argparse.Namespace) -> Any:
        catalog, dataset_id = self.dataset(given.dataset)
        return listing.versions(catalog.list_versions(dataset_id))

    def _files(self, given: argparse.Namespace) -> Any:
        catalog, dataset_id = self.dataset(given.dataset)
        return listing.files(catalog.list_files(dataset_id))

    def _diff(self, given: argparse.Namespace) -> Any:
        catalog, dataset_id = self.dataset(given.dataset)
        return catalog.diff(dataset_id, given.old, given.new)

    def _cite(self, given: argparse.Namespace) -> None:
        self.say(self.found(given.dataset).cite())

    def _browse(self, given: argparse.Namespace) -> Any:
        from omicshelf.notebook.widgets import CatalogBrowser

        return CatalogBrowser(self.catalog(), query=" ".join(map(_quoted, given.words)))

    def _help(self, given: argparse.Namespace) -> None:
        self.say(grammar.usage(getattr(given, "command", None)))

    # -- variables

    def _load(self, given: argparse.Namespace) -> None:
        found = self.found(given.dataset, given.version)
        if given.backed and given.lazy:
            raise Invalid("--backed and --lazy exclude each other.", "Give one of them.")
        way = "backed" if given.backed else "lazy" if given.lazy else "memory"
        wanted = _as_name(given.as_)
        made = plan(found, self.names, variable=wanted, way=way)
        if made.is_large and way == "memory" and not given.whole:
            ways = [f"--{one}" for one in made.ways if one in ("backed", "lazy")]
            raise Invalid(
                f"'{found.dataset_id}' takes about {size_in_words(made.memory or 0)} of memory, "
                f"and {size_in_words(made.free or 0)} are free.",
                f"{' or '.join(ways)} leaves it on disk; --whole loads all of it all the same."
                if ways
                else "--whole loads all of it all the same.",
            )
        if wanted is not None and made.taken is not None and not given.force:
            raise Invalid(
                f"There is a variable '{wanted}' already: {made.taken}.",
                "Choose another name, or overwrite it with --force.",
            )
        name, loaded = load_into(
            found, self.names, variable=made.variable, way=way, overwrite=given.force
        )
        self.say(f"{name}: {described(loaded)}\n{code_of(found, name, way=way)}")

    def _save(self, given: argparse.Namespace) -> None:
        if given.variable not in self.names:
            raise NotFound(
                f"There is no variable '{given.variable[:60]}'.",
                "It comes first: %shelf save NAME ID.",
            )
        catalog, dataset_id = self.dataset(given.dataset)
        try:
            saved = save(
                catalog,
                dataset_id,
                self.names[given.variable],
                variable=given.variable,
                message=given.message,
                data_type=given.data_type,
                expected="any" if given.over else None,
            )
        except SavedFirst as error:
            raise _both_sides(error) from error
        if saved.version is None:
            self.say(f"Nothing has changed: {dataset_id} stays as it is.")
            return
        self.say(f"Saved {catalog.omixatlas_id}/{dataset_id} {saved.version}.")
        for change in saved.changes[:_MOST_CHANGES]:
            self.say(f"  {change}")

    # -- versions and files

    def _label(self, given: argparse.Namespace) -> None:
        catalog, dataset_id = self.dataset(given.dataset)
        made = catalog.label(dataset_id, given.version, given.name)
        self.say(f"{dataset_id} v{made.seq} is '{made.name}'.")

    def _rollback(self, given: argparse.Namespace) -> None:
        catalog, dataset_id = self.dataset(given.dataset)
        to = catalog.get_version(dataset_id, given.version)
        made = catalog.rollback(dataset_id, given.version, message=given.message)
        self.say(f"{dataset_id} is as in {to.version} again: that is {made.version} now.")

    def _attach(self, given: argparse.Namespace) -> None:
        catalog, dataset_id = self.dataset(given.dataset)
        made = catalog.attach_file(
            dataset_id,
            os.path.expanduser(given.path),  # noqa: PTH111 - an s3:// URI is no path
            tag=given.tag,
            made_from=given.made_from,
            source_version_id=given.until,
        )
        tag = f", tag '{made.tag}'" if made.tag else ""
        self.say(f"Attached {made.file_name} to {dataset_id} ({size_in_words(made.size)}{tag}).")


def _as_name(words: list[str]) -> str | None:
    if not words:
        return None
    if len(words) != 2 or words[0] != "as":
        raise Invalid(
            f"'{' '.join(words)[:60]}' is not understood.", "Write: %shelf load ID as NAME."
        )
    return words[1]


def _quoted(word: str) -> str:
    """Keep a filter whose value has spaces one word of the search."""
    key, colon, value = word.partition(":")
    return f'{key}:"{value}"' if colon and " " in value and '"' not in value else word


def _both_sides(error: SavedFirst) -> Invalid:
    def side(who: str, changes: tuple[str, ...]) -> str:
        shown = [f"  {change}" for change in changes[:_MOST_CHANGES]]
        return "\n".join([f"{who} changed:", *(shown or ["  nothing that is known"])])

    based = "" if error.based_on is None else f" since {error.based_on.name}"
    return Invalid(
        error.title,
        f"{side(f'They{based}', error.theirs)}\n{side('You', error.mine)}\n"
        f"Nothing was written. `%shelf load {error.newest.dataset_id}` loads theirs, --over saves "
        "yours as the newest, and another ID saves it as a new dataset.",
    )
