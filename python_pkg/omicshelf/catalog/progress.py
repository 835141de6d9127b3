"""Progress bars for what takes long: in a terminal, and as a widget in a notebook."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from omicshelf.formats.base import Progress

__all__ = ["progress_bar"]

_WORTH_A_BAR = 64_000_000  # bytes


@contextmanager
def progress_bar(size: int, what: str) -> Iterator[Progress | None]:
    """Give a function to report bytes to, or None where nobody would see the bar.

    ``OMICSHELF_PROGRESS=0`` turns bars off.
    """
    if size < _WORTH_A_BAR or not _somebody_looks():
        yield None
        return
    from tqdm.auto import tqdm

    with tqdm(total=size, unit="B", unit_scale=True, desc=what, leave=False) as bar:
        yield lambda done: (bar.update(done), None)[1]


def _somebody_looks() -> bool:
    if os.environ.get("OMICSHELF_PROGRESS") == "0":
        return False
    return "ipykernel" in sys.modules or sys.stderr.isatty()
