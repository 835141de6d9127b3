"""A real ``omicshelf serve``: a process of its own, on a free port of loopback."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from omicshelf.testing.servers.jupyter import JupyterServer

__all__ = ["StandaloneServer", "standalone"]


@dataclass
class StandaloneServer(JupyterServer):
    """A server process; ``arguments`` are those of the command.

    Its ``token`` is configured nowhere: it is no credential, unless ``options`` say so.
    """

    arguments: Sequence[str] = field(default_factory=tuple)

    def _command(self) -> list[str]:
        return [sys.executable, "-m", "omicshelf", *self._command_line()]

    def _command_line(self) -> list[str]:
        given = ["--port", str(self.port), "--allow-root", "--ServerApp.port_retries=0"]
        return [*self._catalog(), "serve", *given, *self.arguments]

    def _catalog(self) -> list[str]:
        own = not any(argument.startswith("--database-url") for argument in self.arguments)
        in_environment = "OMICSHELF_DATABASE_URL" in self.environment
        return ["--url", str(self.folder / "catalog")] if own and not in_environment else []

    def _config(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for name, value in self.options.items():
            section, _, trait = name.partition(".")
            found.setdefault(section, {})[trait] = value
        return found


@contextmanager
def standalone(
    folder: Path,
    *arguments: str,
    options: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[StandaloneServer]:
    """Run a server for as long as the context lasts.

    Parameters
    ----------
    folder
        A folder for what it writes; its catalog is ``catalog`` in it, if no database is named.
    arguments
        Of the command, such as ``"--admin", "ada"``.
    options
        Traits by their names, in its configuration file.
    environment
        More environment variables.
    """
    server = StandaloneServer(folder, options or {}, environment or {}, arguments=arguments)
    try:
        yield server.start()  # type: ignore[misc]
    finally:
        server.stop()
