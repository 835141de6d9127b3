"""What changed between two versions, in words, as a dictionary and as HTML.

Two versions are compared by their records alone: summaries, and sorted hashes of the names
of cells and genes. No data are read, so it takes milliseconds at any size. Only
``compare(…, deep=True)`` and the lists of :meth:`Diff.added` and :meth:`Diff.removed` load
data.
"""

from omicshelf.catalog.diff.compare import compare
from omicshelf.catalog.diff.result import Diff
from omicshelf.catalog.diff.side import Side

__all__ = ["Diff", "Side", "compare"]
