"""Parts of the widgets' front end, which the kernel sends when they are first wanted."""

from __future__ import annotations

import re
from pathlib import Path

from omicshelf.errors import NotFound
from omicshelf.notebook.answers import Answered

__all__ = ["PREFIX", "part"]

PREFIX = "/kernel/parts/"
_FOLDER = Path(__file__).parents[1] / "static" / "widget"
# As the build names them: no separator, and not two dots.
_NAME = re.compile(r"[A-Za-z0-9_-]+\.js")


def part(path: str, folder: Path = _FOLDER) -> Answered:
    """Give a script of the build, by the path of the request.

    Raises
    ------
    omicshelf.errors.NotFound
        This installation has none of that name.
    """
    name = path.removeprefix(PREFIX)
    found = folder / name
    if _NAME.fullmatch(name) is None or not found.is_file() or found.is_symlink():
        raise NotFound(
            f"The widgets' part '{name[:80]}' is not in this installation.",
            "The page shows widgets of another release: reload it and run the cell again.",
        )
    return Answered(200, {"content-type": "text/javascript"}, found.read_bytes())
