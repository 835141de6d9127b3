"""JupyterLab or Notebook of any environment, started as its user does: by its own command.

Nothing is told to it but where it listens: what it finds of omicshelf is what was installed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omicshelf.testing.servers.jupyter import ARGUMENTS, JupyterServer

__all__ = ["Installed"]


@dataclass
class Installed(JupyterServer):
    """A server that ``bin/jupyter-lab`` or ``bin/jupyter-notebook`` starts.

    Attributes
    ----------
    bin
        The folder of the environment's commands.
    command
        ``jupyter-lab`` or ``jupyter-notebook``.
    """

    bin: Path = Path()
    command: str = "jupyter-lab"

    def _command(self) -> list[str]:
        return [str(self.bin / self.command), *ARGUMENTS]

    def _config(self) -> dict[str, dict[str, Any]]:
        found = super()._config()
        del found["ServerApp"]["jpserver_extensions"]
        return found
