"""``%shelf``: the catalog on one line of a notebook. Registered by ``%load_ext omicshelf``."""

from __future__ import annotations

import re
from typing import Any

from IPython.core.completer import SimpleCompletion, context_matcher
from IPython.core.magic import Magics, line_magic, magics_class

from omicshelf.errors import RequestException
from omicshelf.notebook.completing import complete
from omicshelf.notebook.shelf import Shelf

__all__ = ["ShelfError", "ShelfMagics", "register"]

_MATCHER = "omicshelf.shelf"
_LINE = re.compile(r"(?:\w+\s*=\s*)?%shelf\s")


class ShelfError(Exception):
    """What a line could not do. The cell fails, and shows the words alone."""

    def __init__(self, cause: RequestException) -> None:
        super().__init__(_in_words_of_the_magic(str(cause)))
        self.cause = cause

    def _render_traceback_(self) -> list[str]:
        # IPython asks for it: where in our code it was raised helps nobody.
        return str(self).splitlines()


# What the library says to a Python user, as it is typed here.
_WORDS = [
    (re.compile(r"catalog\.search\(\)"), "%shelf ls"),
    (re.compile(r"catalog\.list_versions\('([^']*)'(?:, [^)]*)?\)"), r"%shelf versions \1"),
    (re.compile(r"catalog\.list_files\('([^']*)'\)"), r"%shelf files \1"),
    (re.compile(r"catalog\.diff\('([^']*)', '([^']*)', '([^']*)'\)"), r"%shelf diff \1 \2 \3"),
]


def _in_words_of_the_magic(text: str) -> str:
    for pattern, new in _WORDS:
        text = pattern.sub(new, text)
    return text


@magics_class
class ShelfMagics(Magics):
    """The magic, with its state: the atlas in use."""

    def __init__(self, shell: Any) -> None:
        super().__init__(shell=shell)
        self.state = Shelf(shell.user_ns)

    @line_magic
    def shelf(self, line: str) -> Any:
        """Browse, load and save datasets: ``%shelf help`` lists the commands."""
        try:
            return self.state.run(line)
        except RequestException as error:
            raise ShelfError(error) from None


def register(shell: Any) -> None:
    """Add ``%shelf`` and its completion to a shell."""
    magics = ShelfMagics(shell)
    shell.register_magics(magics)

    # Not IPython's older hook, whose answers are mixed with Python's names.
    @context_matcher(identifier=_MATCHER)  # type: ignore[untyped-decorator]
    def matcher(context: Any) -> dict[str, Any]:
        line = context.text_until_cursor.lstrip()
        if not _LINE.match(line):
            return {"completions": [], "suppress": False}
        found, fragment = complete(magics.state, line)
        completions = [SimpleCompletion(text=text, type="shelf") for text in found]
        return {"completions": completions, "suppress": True, "matched_fragment": fragment}

    others = [m for m in shell.Completer.custom_matchers if _name_of(m) != _MATCHER]
    shell.Completer.custom_matchers = [*others, matcher]


def _name_of(matcher: Any) -> str:
    return str(getattr(matcher, "matcher_identifier", ""))
