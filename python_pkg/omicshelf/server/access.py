"""The access log: one line of JSON a request, without anything secret or anybody's data."""

from __future__ import annotations

import json
import logging
import logging.handlers
import sys
from typing import Any

__all__ = ["access_logger", "log_line"]

_NAME = "omicshelf.access"


def access_logger(where: str, server_log: logging.Logger) -> logging.Logger:
    """Give the logger of requests.

    Parameters
    ----------
    where
        A file (opened anew when it was rotated), ``-`` for the standard error, or empty: then
        the lines go to the server's own log, at the level of debugging.
    server_log
        That log.
    """
    if not where:
        return server_log
    logger = logging.Logger(_NAME, logging.INFO)  # of this server alone, not of the process
    handler: logging.Handler
    if where == "-":
        handler = logging.StreamHandler(sys.stderr)
    else:
        handler = logging.handlers.WatchedFileHandler(where, delay=True)
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger.addHandler(handler)
    return logger


def log_line(logger: logging.Logger, **facts: Any) -> None:
    """Write one line. ``facts`` hold the route's pattern, never an address or a body."""
    level = logging.INFO if logger.name == _NAME else logging.DEBUG
    if logger.isEnabledFor(level):
        logger.log(level, "%s", json.dumps(facts))
