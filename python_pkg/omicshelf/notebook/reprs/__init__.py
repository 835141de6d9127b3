"""How things of a catalog look in a notebook. The classes ask here by name, when they are shown."""

from __future__ import annotations

from typing import Any

from omicshelf.catalog import Catalog, SearchResult, SupplementaryFile
from omicshelf.catalog.dataset import VersionBase, Versions
from omicshelf.errors import RequestException
from omicshelf.notebook.reprs import dataset, lists
from omicshelf.notebook.reprs.card import card, note, text
from omicshelf.records import Summary

__all__ = ["html_of"]


def html_of(thing: Any) -> str | None:
    """Give the HTML of a thing; None where there is only its text.

    A catalog that cannot be read is told as that: to show something never fails.
    """
    try:
        match thing:
            case Catalog():
                return lists.catalog(thing)
            case SearchResult():
                return lists.search_result(thing)
            case Versions():
                return lists.versions(thing)
            case VersionBase():
                return dataset.dataset(thing)
            case SupplementaryFile():
                return dataset.file(thing)
            case Summary():
                return dataset.summary(thing)
    except RequestException as error:
        told = [note(text(part, 400)) for part in (error.title, error.detail) if part]
        return card(text(repr(thing)), [], "".join(told))
    return None
