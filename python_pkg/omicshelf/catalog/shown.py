"""How a thing is shown in a notebook."""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["html_of"]


def html_of(thing: Any) -> str | None:
    """Give the HTML of something of a catalog; None where there is only its text."""
    # By name: notebooks know the catalog, and the catalog knows nothing of notebooks.
    found: str | None = importlib.import_module("omicshelf.notebook.reprs").html_of(thing)
    return found
