"""A real Jupyter server with the extension: a process of its own, on a free port of loopback.

Nothing of the user's is read or written: configuration, runtime and data are folders of its own.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

__all__ = ["JupyterServer", "free_port", "jupyter"]

# What other packages on the machine may have switched on; none of it is wanted here.
_OTHERS = (
    "jupyterlab", "jupyter_lsp", "jupyter_server_terminals", "notebook", "notebook_shim",
    "jupyter_server_ydoc",
)  # fmt: skip
ARGUMENTS = ("--allow-root", "--no-browser")
_STARTS_WITHIN = 60
_STOPS_WITHIN = 20


def free_port() -> int:
    """Give a port of loopback that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class JupyterServer:
    """A server process.

    Attributes
    ----------
    folder
        Its configuration, runtime and data, and its log.
    options
        Traits by their names: ``{"OmicshelfServer.user": "ada"}``.
    port, token
        Where it listens, and the credential that it takes.
    until
        ``ready``, or ``health`` where its catalog need not answer.
    lab
        Whether JupyterLab is switched on.
    """

    folder: Path
    options: Mapping[str, Any]
    environment: Mapping[str, str] = field(default_factory=dict)
    token: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)
    port: int = 0
    until: str = "ready"
    lab: bool = False
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """The address of the server, as a person pastes it."""
        return f"http://127.0.0.1:{self.port}/"

    @property
    def log(self) -> str:
        """What the server has said so far."""
        path = self.folder / "server.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def start(self) -> JupyterServer:
        """Start it, on the port of before if it had one, and wait until it is ready.

        Raises
        ------
        RuntimeError
            It ended, or was not ready within a minute; with the end of its log.
        """
        self.port = self.port or free_port()
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "config").mkdir(exist_ok=True)
        (self.folder / "root").mkdir(exist_ok=True)
        config = self.folder / "config" / "jupyter_server_config.json"
        config.write_text(json.dumps(self._config()))
        self.process = self._spawn()
        self._wait()
        return self

    def _command(self) -> list[str]:
        """Give the command that a process of this kind is started by."""
        return [sys.executable, "-m", "jupyter_server", *ARGUMENTS]

    def _spawn(self) -> subprocess.Popen[bytes]:
        with (self.folder / "server.log").open("ab") as log:
            return subprocess.Popen(
                self._command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=self._environment(),
                start_new_session=True,
            )

    def _config(self) -> dict[str, dict[str, Any]]:
        extensions = {**dict.fromkeys(_OTHERS, False), "omicshelf": True, "jupyterlab": self.lab}
        found: dict[str, dict[str, Any]] = {
            "ServerApp": {
                "ip": "127.0.0.1",
                "port": self.port,
                "port_retries": 0,
                "root_dir": str(self.folder / "root"),
                "jpserver_extensions": extensions,
            },
            "IdentityProvider": {"token": self.token},
        }
        for name, value in self.options.items():
            section, _, trait = name.partition(".")
            found.setdefault(section, {})[trait] = value
        return found

    def _environment(self) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("JUPYTER", "JPY", "OMICSHELF"))
        }
        own = {
            "JUPYTER_CONFIG_DIR": str(self.folder / "config"),
            "JUPYTER_RUNTIME_DIR": str(self.folder / "runtime"),
            "JUPYTER_DATA_DIR": str(self.folder / "data"),
            "JUPYTERLAB_SETTINGS_DIR": str(self.folder / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(self.folder / "workspaces"),
            "IPYTHONDIR": str(self.folder / "ipython"),
            "PYTHONUNBUFFERED": "1",
        }
        return {**kept, **own, **self.environment}

    def _wait(self) -> None:
        assert self.process is not None
        until = time.monotonic() + _STARTS_WITHIN
        with requests.Session() as session:
            session.trust_env = False  # no proxy of the machine stands before loopback
            while time.monotonic() < until:
                with contextlib.suppress(requests.RequestException):
                    answer = session.get(f"{self.url}omicshelf/{self.until}", timeout=5)
                    if answer.ok:
                        return
                    if answer.status_code == 404:
                        break  # the extension could not be loaded
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(0.05)
                    break
        self.kill()
        raise RuntimeError(f"The server did not become ready:\n{self.log[-4000:]}")

    def stop(self) -> None:
        """End it as a service manager does, and by force if that takes long."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(_STOPS_WITHIN)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()

    def kill(self) -> None:
        """End it at once, with nothing tidied up."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@contextmanager
def jupyter(
    folder: Path,
    *,
    catalog: str | os.PathLike[str] | None = None,
    user: str = "ada",
    options: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    until: str = "ready",
    lab: bool = False,
) -> Iterator[JupyterServer]:
    """Run a server for as long as the context lasts.

    Parameters
    ----------
    folder
        A folder for what it writes.
    catalog
        The catalog that it serves; default: ``catalog`` in the folder.
    user
        The name of its one user.
    options
        More traits: ``{"OmicshelfServer.rate_limit": 5}``.
    environment
        More environment variables.
    until
        What it is waited for: ``ready``, or ``health`` where its catalog need not answer.
    lab
        Whether JupyterLab is switched on.
    """
    told = {
        "OmicshelfServer.url": str(catalog if catalog is not None else folder / "catalog"),
        "OmicshelfServer.user": user,
        **(options or {}),
    }
    server = JupyterServer(folder, told, environment or {}, until=until, lab=lab)
    try:
        yield server.start()
    finally:
        server.stop()
