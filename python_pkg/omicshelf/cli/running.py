"""From what a command raises to its exit code, and never a traceback.

0: done; 1: a check found something; 2: wrong use, or refused; 3: the catalog cannot be reached;
130: cancelled.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

import typer

from omicshelf.cli.output import Output
from omicshelf.cli.session import Session
from omicshelf.cli.wording import in_words_of_the_command_line
from omicshelf.errors import RequestException, Unreachable

__all__ = ["CANCELLED", "FOUND", "REFUSED", "UNREACHABLE", "error_document", "run"]

FOUND = 1
REFUSED = 2
UNREACHABLE = 3
CANCELLED = 130
_BROKEN_PIPE = 141

# The common base of all errors of usage: click's, or the one of a typer that brings its own.
_Usage: Any = typer.BadParameter.__mro__[2]


class _Interrupted(Exception):
    """Ctrl-C, as an exception that typer lets through."""


class _NobodyReads(Exception):
    """A broken pipe, as an exception that typer lets through."""


@contextmanager
def interruptible() -> Iterator[None]:
    """Let ctrl-C and a broken pipe reach :func:`run`; typer has exit codes of its own for them."""
    try:
        yield
    except (KeyboardInterrupt, EOFError) as error:
        raise _Interrupted from error
    except BrokenPipeError as error:
        raise _NobodyReads from error
    except SystemExit as error:
        if error.code == 1:  # how rich ends a process when nobody reads
            raise _NobodyReads from error
        raise


def run(call: Callable[[], object], session: Session) -> int:
    """Run a command and give its exit code; what it raises is told on stderr.

    Parameters
    ----------
    call
        The command. What it gives is its exit code, or no number.
    session
        Where to write to, and what was finished before.
    """
    out = session.out
    try:
        with _warnings_to(out):
            given = call()
        sys.stdout.flush()
        return given if isinstance(given, int) else 0
    except (_Interrupted, KeyboardInterrupt, typer.Abort):
        return _cancelled(session)
    except (_NobodyReads, BrokenPipeError):
        return _nobody_reads()
    except Exception as error:
        document = error_document(error)
        out.error(document["title"], document["detail"], document["kind"])
        return UNREACHABLE if isinstance(error, Unreachable) else REFUSED
    finally:
        session.close()


def error_document(error: Exception) -> dict[str, Any]:
    """Give title, detail and kind of an error, in the words of the command line."""
    if isinstance(error, RequestException):
        title, detail, kind = error.title, error.detail, error.kind
    elif isinstance(error, _Usage):
        return {"title": error.format_message(), "detail": _try_help(error), "kind": "Usage"}
    elif isinstance(error, UnicodeEncodeError):
        title, kind = f"{error.object!r:.80} is no valid text.", "Invalid"
        detail = "Names and messages are text in UTF-8; only the paths of files may be other bytes."
    elif isinstance(error, OSError):
        name = f": '{error.filename}'" if error.filename is not None else ""
        title, kind = f"{error.strerror or error}{name}.", "StorageError"
        detail = "Check that the path is right, that you may use it, and that the disk has space."
    else:
        if os.environ.get("OMICSHELF_TRACEBACK"):
            raise error
        title, kind = f"Something went wrong inside: {type(error).__name__}: {error}", "Internal"
        detail = (
            "This is a fault of omicshelf. Please report it, with what is shown when "
            "OMICSHELF_TRACEBACK=1 is set."
        )
    return {
        "title": in_words_of_the_command_line(title),
        "detail": None if detail is None else in_words_of_the_command_line(detail),
        "kind": kind,
    }


_GLOBAL = ("--url", "--atlas", "--json", "--quiet")


def _try_help(error: Any) -> str:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "omicshelf"
    hint = f"`{path} --help` tells how it is used."
    option = str(getattr(error, "option_name", ""))
    if option in _GLOBAL and " " in path:
        command = path.split(" ", 1)[1]
        return f"{option} goes before the command: omicshelf {option} … {command}. {hint}"
    if path.endswith((" ls", " search")) and len(option) == 2:
        return f"A filter that begins with '-' goes after '--': {path} -- -tissue:lung. {hint}"
    return hint


def _cancelled(session: Session) -> int:
    done = session.finished
    if not done:
        session.out.error("Cancelled; nothing was changed.", None, "Cancelled")
    else:
        more = "… " if len(done) > 5 else ""
        told = f"{len(done)} {'was' if len(done) == 1 else 'were'} done: {more}"
        session.out.error(f"Cancelled after {told}{', '.join(done[-5:])}", None, "Cancelled")
    return CANCELLED


def _nobody_reads() -> int:
    """End quietly when the reader of stdout has gone, as `head` does."""
    with suppress(OSError, ValueError):
        # What is still buffered must not fail once more when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return _BROKEN_PIPE


@contextmanager
def _warnings_to(out: Output) -> Iterator[None]:
    """Show a warning as one line. Those meant for programmers are left out."""
    shown: set[str] = set()

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        text = in_words_of_the_command_line(str(message))
        if text not in shown:
            shown.add(text)
            out.warn(text)

    with warnings.catch_warnings():
        if not sys.warnoptions:
            warnings.simplefilter("ignore")
            warnings.simplefilter("always", UserWarning)
        warnings.showwarning = show
        yield
