"""``polly.threading_utils``: many calls at once."""

from __future__ import annotations

from omicshelf.catalog.threads import for_each_threaded
from omicshelf.errors import FailureLimitError

__all__ = ["FailureLimitError", "for_each_threaded"]
