"""Many calls at once, as old notebooks make them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any, TypeVar

from omicshelf.errors import FailureLimitError

__all__ = ["for_each_threaded"]

T = TypeVar("T")
_log = logging.getLogger("omicshelf")


def for_each_threaded(
    items: Sequence[T],
    fn: Callable[[T], Any],
    max_workers: int = 10,
    max_error_perc: float = 0,
    verbose: bool = False,
) -> None:
    """Call ``fn`` once for each item, in threads.

    Parameters
    ----------
    items
        What to call it with.
    fn
        The function; its results are dropped.
    max_workers
        Threads at once.
    max_error_perc
        The share of failures, between 0 and 1, that is tolerated.
    verbose
        Show a progress bar.

    Raises
    ------
    omicshelf.errors.FailureLimitError
        When a larger share than ``max_error_perc`` failed; calls not yet begun are cancelled.

    Examples
    --------
    >>> seen = []
    >>> for_each_threaded([1, 2, 3], seen.append)
    >>> sorted(seen)
    [1, 2, 3]
    """
    total = len(items)
    if not total:
        return
    failed, first = 0, None
    with ThreadPoolExecutor(max_workers=max_workers) as pool:
        futures = {pool.submit(fn, item): item for item in items}
        try:
            done = as_completed(futures)
            if verbose:
                from tqdm.auto import tqdm

                done = tqdm(done, total=total)
            for future in done:
                error = future.exception()
                if error is None:
                    continue
                if not isinstance(error, Exception):
                    raise error
                failed, first = failed + 1, first or error
                _log.error("%r failed: %s", futures[future], error)
                if failed / total > max_error_perc:
                    raise FailureLimitError(
                        f"{failed} of {total} calls failed, more than the {max_error_perc:.0%} "
                        "allowed.",
                        f"The first error was: {first}",
                    ) from first
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
