"""The same server, started within a second: a fork of a process that has imported everything.

Two hundred tests of a contract want a server and a catalog of their own each. It is a process
like any other, and may be killed.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.process
import os
import runpy
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from omicshelf.testing.servers.jupyter import ARGUMENTS, JupyterServer

__all__ = ["ForkedServer", "fork_of", "forked", "proxied"]

# What a server imports until its first answers, also what it imports late.
_PRELOADED = [
    "alembic.command",
    "jupyter_server.serverapp",
    *(
        f"jupyter_server.{name}.handlers"
        for name in ("kernelspecs", "nbconvert", "view")
    ),
    *(
        f"jupyter_server.services.{name}.handlers"
        for name in (
            "api", "config", "contents", "events", "kernels", "kernelspecs", "nbconvert",
            "security", "sessions",
        )
    ),
    "omicshelf.backend.embedded.backend",
    "omicshelf.cli.app",
    "omicshelf.server.standalone",
    "tornado.platform.asyncio",
]  # fmt: skip


class ForkedServer(JupyterServer):
    """A server process that starts quickly; where there is no fork, as any other."""

    def _spawn(self) -> Any:
        if not hasattr(os, "fork"):
            return super()._spawn()
        return fork_of("jupyter_server", ARGUMENTS, self.folder, self._environment())


def fork_of(
    module: str, arguments: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> Any:
    """Run ``python -m module arguments`` in a folder, in a fork of what has been imported already.

    What it says goes to ``server.log`` in the folder. Give it back as :mod:`subprocess` would.
    """
    process = _context().Process(  # type: ignore[attr-defined]
        target=_run, args=(module, list(arguments), str(folder), dict(environment)), daemon=True
    )
    process.start()
    return _Process(process)


class _Process:
    """What a test does with a process, in the words of :mod:`subprocess`."""

    def __init__(self, process: multiprocessing.process.BaseProcess) -> None:
        self._process = process
        assert process.pid is not None
        self.pid = process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("jupyter server", timeout or 0)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        self._process.kill()


@cache
def _context() -> multiprocessing.context.BaseContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    return context


def _run(module: str, arguments: list[str], folder: str, environment: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    log = os.open("server.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__")


@contextmanager
def forked(
    folder: Path, *, user: str = "ada", options: Mapping[str, Any] | None = None
) -> Iterator[ForkedServer]:
    """Run a server on a catalog of its own, ``catalog`` in the folder, while the context lasts."""
    told = {"OmicshelfServer.url": str(folder / "catalog"), "OmicshelfServer.user": user}
    server = ForkedServer(folder, {**told, **(options or {})})
    try:
        yield server.start()  # type: ignore[misc]
    finally:
        server.kill()


@contextmanager
def proxied(
    folder: Path, *, user: str = "ada", options: Mapping[str, Any] | None = None
) -> Iterator[tuple[ForkedServer, ForkedServer]]:
    """Run a server whose catalog is another one's; gives it, and the one behind it.

    Parameters
    ----------
    folder
        A folder for what they write; the catalog is ``behind/catalog`` in it.
    user
        The user of the server in front, for whom the other one believes it to ask.
    options
        More traits of the server behind.
    """
    trusting = {"OmicshelfServer.proxies": ["proxies"], **(options or {})}
    with forked(folder / "behind", user="proxies", options=trusting) as behind:
        token = folder / "token"
        token.write_text(behind.token)
        passing_on = {
            "OmicshelfServer.url": behind.url,
            "OmicshelfServer.token_file": str(token),
        }
        with forked(folder / "front", user=user, options=passing_on) as front:
            yield front, behind
