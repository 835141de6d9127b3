"""A real JupyterHub with its dummy authenticator, and omicshelf as one of its services."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from omicshelf.testing.servers.jupyter import free_port

__all__ = ["Hub", "hub"]

_STARTS_WITHIN = 120
_STOPS_WITHIN = 30

_CONFIG = """
c = get_config()
c.JupyterHub.bind_url = "http://127.0.0.1:{port}/"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub_port}"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy_port}"
c.ConfigurableHTTPProxy.auth_token = {proxy_token!r}
c.ConfigurableHTTPProxy.command = [{proxy!r}]
c.ConfigurableHTTPProxy.should_start = True
c.JupyterHub.db_url = "sqlite:///{folder}/hub.sqlite"
c.JupyterHub.cookie_secret_file = "{folder}/cookie_secret"
c.JupyterHub.authenticator_class = "dummy"
c.JupyterHub.spawner_class = "simple"
c.JupyterHub.cleanup_servers = True
c.Authenticator.allow_all = True
c.Authenticator.allowed_users = {{"ada", "bob", "eve"}}
c.SimpleLocalProcessSpawner.home_dir_template = "{folder}/homes/{{username}}"
c.Spawner.args = ["--allow-root"]
c.Spawner.default_url = "/api"
c.Spawner.environment = {spawner!r}
c.JupyterHub.services = [
    {{
        "name": "omicshelf",
        "url": "http://127.0.0.1:{service_port}",
        "command": [{python!r}, "-m", "omicshelf", "serve", "--allow-root", *{arguments!r}],
        "environment": {service!r},
        "oauth_no_confirm": True,
    }},
    {{"name": "test", "api_token": {admin!r}}},
]
c.JupyterHub.load_roles = [
    {{"name": "test", "services": ["test"],
      "scopes": ["admin:users", "admin:servers", "tokens"]}},
    {{"name": "shelf", "users": ["ada", "bob"],
      "scopes": ["access:services!service=omicshelf"]}},
    {{"name": "server", "scopes": [
        "users:activity!user", "access:servers!server",
        "access:services!service=omicshelf"]}},
]
"""


@dataclass
class Hub:
    """A hub process.

    Attributes
    ----------
    folder
        All that it writes.
    arguments
        Those of the service.
    spawner
        The environment of users' servers.
    """

    folder: Path
    arguments: list[str] = field(default_factory=list)
    spawner: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    admin: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """The address of the hub."""
        return f"http://127.0.0.1:{self.port}/"

    @property
    def service(self) -> str:
        """The address of the catalog's service."""
        return f"{self.url}services/omicshelf/"

    @property
    def log(self) -> str:
        """What the hub and its service have said so far."""
        path = self.folder / "hub.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def start(self) -> Hub:
        """Start it, and wait until the service answers through the hub's proxy."""
        self.folder.mkdir(parents=True, exist_ok=True)
        own = {
            "JUPYTER_CONFIG_DIR": f"{self.folder}/config",
            "JUPYTER_RUNTIME_DIR": f"{self.folder}/runtime",
            "JUPYTER_DATA_DIR": f"{self.folder}/data",
            "PYTHONUNBUFFERED": "1",
        }
        # As an installed wheel does it for every server of the environment.
        config = self.folder / "config" / "jupyter_server_config.json"
        config.parent.mkdir(exist_ok=True)
        extensions = {"jpserver_extensions": {"omicshelf": True, "jupyterlab": False}}
        config.write_text(json.dumps({"ServerApp": extensions}))
        scripts = Path(sys.executable).parent
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("JUPYTER", "OMICSHELF"))}
        kept["PATH"] = f"{scripts}{os.pathsep}{kept.get('PATH', '')}"
        config = self.folder / "jupyterhub_config.py"
        config.write_text(
            _CONFIG.format(
                folder=self.folder,
                port=self.port,
                hub_port=free_port(),
                proxy_port=free_port(),
                proxy_token=secrets.token_hex(16),
                proxy=str(scripts / "configurable-http-proxy"),
                python=sys.executable,
                service_port=free_port(),
                service=own,
                spawner={**own, **self.spawner},
                arguments=self.arguments,
                admin=self.admin,
            )
        )
        with (self.folder / "hub.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "jupyterhub", "-f", str(config)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env={**kept, **own},
                start_new_session=True,
            )
        self._wait()
        return self

    def _wait(self) -> None:
        assert self.process is not None
        until = time.monotonic() + _STARTS_WITHIN
        while time.monotonic() < until:
            with contextlib.suppress(requests.RequestException):
                if self.ask("GET", f"{self.service}omicshelf/ready", token="").ok:
                    return
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(0.1)
                break
        self.stop()
        raise RuntimeError(f"The hub did not become ready:\n{self.log[-8000:]}")

    def ask(
        self, method: str, url: str, *, token: str | None = None, **more: Any
    ) -> requests.Response:
        """Send a request, as the hub's own administrator where no token is given."""
        token = self.admin if token is None else token
        headers = {"Authorization": f"token {token}"} if token else {}
        with requests.Session() as session:
            session.trust_env = False
            return session.request(method, url, headers=headers, timeout=60, **more)

    def token_of(self, user: str) -> str:
        """Make a user, and a token of theirs."""
        self.ask("POST", f"{self.url}hub/api/users/{user}")
        made = self.ask("POST", f"{self.url}hub/api/users/{user}/tokens", json={"note": "test"})
        token: str = made.json()["token"]
        return token

    def start_server_of(self, user: str) -> str:
        """Start a user's own Jupyter server; give its address."""
        address = f"{self.url}user/{user}/"
        self.ask("POST", f"{self.url}hub/api/users/{user}/server")
        until = time.monotonic() + _STARTS_WITHIN
        while time.monotonic() < until:
            found = self.ask("GET", f"{self.url}hub/api/users/{user}").json()
            server = found.get("servers", {}).get("", {})
            if server.get("ready"):
                return address
            assert self.process is not None
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(0.2)
                break
        raise RuntimeError(f"The server of {user} did not start:\n{self.log[-8000:]}")

    @contextmanager
    def running(self) -> Iterator[Hub]:
        """Run it for as long as the context lasts."""
        try:
            yield self.start()
        finally:
            self.stop()

    def stop(self) -> None:
        """End the hub, its proxy, its service and the users' servers."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(_STOPS_WITHIN)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()
        # What the hub left behind is in its process group.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)


@contextmanager
def hub(folder: Path) -> Iterator[Hub]:
    """Run a hub with a catalog in ``folder`` for as long as the context lasts."""
    with Hub(folder, [f"--OmicshelfServer.url={folder}/catalog"]).running() as made:
        yield made
