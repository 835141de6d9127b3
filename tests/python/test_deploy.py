"""The files in ``deploy`` do what docs/guide/team.md and jupyterhub.md say of them."""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

import omicshelf
from omicshelf.backend.wire import API
from omicshelf.errors import AccessDenied, Unauthorized
from omicshelf.records import Origin
from omicshelf.testing.servers.buckets import S3Server
from omicshelf.testing.servers.fixtures import missing
from omicshelf.testing.servers.hub import Hub
from omicshelf.testing.servers.jupyter import free_port
from omicshelf.testing.servers.standalone import StandaloneServer, standalone
from suite import ROOT

pytest_plugins = ("omicshelf.testing.servers.fixtures", "omicshelf.testing.servers.moto")

DEPLOY = ROOT / "deploy"
BY = Origin(user="root")
UNIT = "omicshelf@.service"


# -- systemd


def unit() -> list[tuple[str, str]]:
    lines = (DEPLOY / UNIT).read_text().splitlines()
    return [
        (name, value) for name, equals, value in (line.partition("=") for line in lines) if equals
    ]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd")
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    text = (DEPLOY / UNIT).read_text()
    (tmp_path / "omicshelf@8801.service").write_text(
        text.replace("/opt/omicshelf/bin/omicshelf", sys.executable)
    )
    command = ["systemd-analyze", "verify", "--man=no", tmp_path / "omicshelf@8801.service"]
    done = subprocess.run(command, capture_output=True, text=True)
    told = [line for line in done.stderr.splitlines() if "omicshelf" in line]
    assert (done.returncode, told) == (0, [])


def test_the_unit_is_shut_off_from_the_machine() -> None:
    there = dict(unit())
    wanted = {
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "PrivateTmp": "yes",
        "CapabilityBoundingSet": "",
        "LimitNOFILE": "65536",
        "User": "omicshelf",
        "UMask": "0077",
    }
    assert {name: there.get(name) for name in wanted} == wanted


def test_the_unit_waits_longer_than_the_server_drains() -> None:
    from omicshelf.server.standalone import CatalogServerApp

    drains = CatalogServerApp.class_own_traits()["drain_seconds"].default_value
    assert float(dict(unit())["TimeoutStopSec"]) > drains


def test_the_command_of_the_unit_is_one(tmp_path: Path) -> None:
    """Every option of its command line, and every variable of the environment file, is known."""
    (command,) = (value for name, value in unit() if name == "ExecStart")
    done = subprocess.run(
        [sys.executable, "-m", "omicshelf", "serve", "--help"],
        capture_output=True, text=True, env={**os.environ, "COLUMNS": "200"},
    )  # fmt: skip
    for option in re.findall(r"--[a-z-]+", command):
        assert option in done.stdout
    settings = (ROOT / "docs" / "reference" / "settings.md").read_text()
    for file in ("omicshelf.env", UNIT):
        for name in re.findall(r"\b(?:OMICSHELF|AWS)_[A-Z_]+", (DEPLOY / file).read_text()):
            assert f"`{name}`" in settings, name


# -- settings


def test_every_setting_of_the_servers_is_documented() -> None:
    sys.path.insert(0, str(ROOT / "docs" / "extensions"))
    generated = importlib.import_module("generated")
    from omicshelf.server.app import OmicshelfServer
    from omicshelf.server.standalone import CatalogServer, CatalogServerApp
    from omicshelf.server.tokens import TokenIdentityProvider

    page = generated.fill((ROOT / "docs" / "reference" / "settings.md").read_text())
    documented = set(re.findall(r"^\| `(\w+\.\w+)`", page, re.M))
    servers = (OmicshelfServer, CatalogServer, CatalogServerApp, TokenIdentityProvider)
    there = {
        f"{kind.__name__}.{name}" for kind in servers for name in kind.class_own_traits(config=True)
    }
    assert documented == there
    for kind in servers[1:]:
        for name, trait in kind.class_own_traits(config=True).items():
            (row,) = re.findall(rf"^\| `{kind.__name__}\.{name}` \|.*", page, re.M)
            default = trait.default_value_repr().strip("'").rpartition(".TokenLogin")[-1]
            assert f"`{default}`" in row or default in row


# -- two replicas behind nginx


def nginx() -> str | None:
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


class Front:
    """nginx with our configuration, on free ports, for an address of loopback."""

    def __init__(self, folder: Path, replicas: list[int]) -> None:
        self.folder = folder
        self.port, self.plain_port = free_port(), free_port()
        self.certificate = folder / "fullchain.pem"
        folder.mkdir()
        self._sign()
        site = (DEPLOY / "nginx.conf").read_text()
        for ours, here in {
            "8801": str(replicas[0]),
            "8802": str(replicas[1]),
            "listen 80;": f"listen 127.0.0.1:{self.plain_port};",
            "listen 443 ssl http2;": f"listen 127.0.0.1:{self.port} ssl http2;",
            "    listen [::]:80;\n": "",
            "    listen [::]:443 ssl http2;\n": "",
            "shelf.example.org": "localhost",
            "/etc/ssl/omicshelf": str(folder),
            "/var/log/nginx": str(folder),
        }.items():
            assert ours in site
            site = site.replace(ours, here)
        (folder / "site").write_text(site)
        places = "".join(
            f"{kind}_temp_path {folder}/{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (folder / "nginx.conf").write_text(
            f"daemon off; pid {folder}/pid; error_log {folder}/error.log;\n"
            "events { worker_connections 256; }\n"
            f"http {{ access_log off; {places} include {folder}/site; }}\n"
        )

    def _sign(self) -> None:
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
             "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
             "-keyout", self.folder / "privkey.pem", "-out", self.certificate],
            check=True, capture_output=True,
        )  # fmt: skip

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}/"

    @contextmanager
    def running(self) -> Iterator[Front]:
        process = subprocess.Popen(
            [nginx(), "-p", self.folder, "-e", self.folder / "error.log",
             "-c", self.folder / "nginx.conf"]
        )  # fmt: skip
        try:
            until = time.monotonic() + 30
            while True:
                with contextlib.suppress(requests.ConnectionError):
                    self.get("omicshelf/health")
                    break
                assert process.poll() is None, (self.folder / "error.log").read_text()
                assert time.monotonic() < until
            yield self
        finally:
            process.send_signal(signal.SIGQUIT)
            process.wait(30)

    def get(self, path: str, token: str = "", **given: object) -> requests.Response:
        with requests.Session() as session:
            session.trust_env = False
            headers = {"Authorization": f"token {token}"} if token else {}
            url = f"{self.url}{path}"
            return session.get(
                url, headers=headers, verify=str(self.certificate), timeout=90, **given
            )


class Deployed:
    """The set-up of docs/guide/team.md: its configuration, two replicas, nginx, two users."""

    def __init__(self, front: Front, replicas: list[StandaloneServer], ada: str, bob: str) -> None:
        self.front, self.replicas, self.ada, self.bob = front, replicas, ada, bob


def administer(environment: dict[str, str], *arguments: str) -> str:
    """Run the command line past the server, as omicshelf-admin does."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("OMICSHELF")}
    done = subprocess.run(
        [sys.executable, "-m", "omicshelf", *arguments],
        env={**kept, **environment}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def deployed(
    postgres_server: object, moto_server: S3Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployed]:
    if nginx() is None:
        missing("nginx is not installed (Debian: apt-get install nginx)")
    folder = tmp_path_factory.mktemp("deployed")
    database = postgres_server.new_database()  # type: ignore[attr-defined]
    config = folder / "config.py"
    text = (DEPLOY / "config.py").read_text()
    assert "/var/lib/omicshelf" in text
    config.write_text(text.replace("/var/lib/omicshelf", str(folder)))
    (folder / "cookie_secret").write_text("of both replicas\n")
    environment = {
        "OMICSHELF_DATABASE_URL": postgres_server.url(database),  # type: ignore[attr-defined]
        "OMICSHELF_STORAGE_URL": moto_server.make_bucket("deployed") + "&public_endpoint=-",
        "OMICSHELF_CACHE": str(folder / "cache"),
    }
    administer(environment, "log")
    administer(environment, "role", "set", "ada", "admin", "--server")
    tokens = [
        re.findall(r"shelf_[\w-]{43}", administer(environment, "token", "create", user))[0]
        for user in ("ada", "bob")
    ]
    arguments = ["--config", str(config)]
    with (
        standalone(folder / "a", *arguments, environment=environment) as first,
        standalone(folder / "b", *arguments, environment=environment) as second,
        Front(folder / "nginx", [first.port, second.port]).running() as front,
    ):
        yield Deployed(front, [first, second], *tokens)


@contextmanager
def as_user(deployed: Deployed, token: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(deployed.front.certificate))
    with omicshelf.connect(deployed.front.url, token=token):
        yield


def test_two_users_work_with_one_catalog(
    deployed: Deployed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytes beyond any buffer of nginx go up and come down; each is known by their name."""
    large = tmp_path / "large.bin"
    large.write_bytes(os.urandom(24 << 20))
    with as_user(deployed, deployed.ada, monkeypatch):
        dataset = omicshelf.Catalog("lung").create_dataset("large", "File", large, {})
        assert dataset.author == "ada"
    with as_user(deployed, deployed.bob, monkeypatch), pytest.raises(omicshelf.errors.NotFound):
        omicshelf.Catalog("lung").get_dataset("large")
    with as_user(deployed, deployed.ada, monkeypatch):
        connection = omicshelf.catalog.connection.current()
        connection.backend.set_role("lung", "bob", "viewer", by=BY)
    with as_user(deployed, deployed.bob, monkeypatch):
        target = omicshelf.Catalog("lung").get_dataset("large").download(tmp_path / "back.bin")
        assert Path(target).read_bytes() == large.read_bytes()
        with pytest.raises(AccessDenied):
            omicshelf.Catalog("lung").delete_dataset("large")
    with as_user(deployed, "shelf_" + 43 * "x", monkeypatch), pytest.raises(Unauthorized):
        omicshelf.Catalog("lung").get_dataset("large")


def test_a_long_poll_and_addresses_get_through(deployed: Deployed) -> None:
    front = deployed.front
    api = API.lstrip("/")
    last = front.get(f"{api}/changes", deployed.ada, params={"limit": 1000}).json()["last"]
    told: list[requests.Response] = []
    asking = threading.Thread(
        target=lambda: told.append(
            front.get(f"{api}/changes", deployed.ada, params={"after": last, "wait": 30})
        )
    )
    asking.start()
    with requests.Session() as session:
        session.trust_env = False
        session.post(
            f"{front.url}{api}/atlases", json={"name": "polled"}, timeout=30,
            verify=str(front.certificate), headers={"Authorization": f"token {deployed.ada}"},
        ).raise_for_status()  # fmt: skip
    asking.join(60)
    assert [change["atlas"] for change in told[0].json()["changes"]] == ["polled"]
    # A name that is not this machine's, as users know it; and who they say to be is not believed.
    named = {"Host": "shelf.example.org", "X-Forwarded-For": "192.0.2.1"}
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(
            f"{front.url}omicshelf/ready", headers=named, timeout=30, verify=str(front.certificate)
        )
    assert answer.json() == {"status": "ok"}
    assert front.get("metrics", deployed.ada).status_code == 404
    log = (front.folder / "omicshelf.log").read_text()
    assert "/omicshelf/api/v1/changes" in log
    assert "wait" not in log  # no query, where a token might be
    assert "192.0.2.1" not in log


def test_silence_of_a_long_poll_is_shorter_than_the_patience_of_nginx() -> None:
    from omicshelf.server.queries import ChangesQuery

    (limit,) = (m.le for m in ChangesQuery.model_fields["wait"].metadata if hasattr(m, "le"))
    (patience,) = re.findall(r"proxy_read_timeout (\d+)s;", (DEPLOY / "nginx.conf").read_text())
    assert limit < int(patience)


def test_nobody_notices_that_a_replica_is_restarted(deployed: Deployed) -> None:
    front, (first, second) = deployed.front, deployed.replicas
    path = f"{API.lstrip('/')}/atlases"
    for replica in (first, second):
        replica.stop()
        for _ in range(10):
            assert front.get(path, deployed.ada).status_code == 200
        replica.start()


def test_what_is_logged_has_no_secret(deployed: Deployed) -> None:
    deployed.front.get(f"{API.lstrip('/')}/atlases", deployed.bob)
    logs = "".join(replica.log for replica in deployed.replicas)
    assert '"user": "bob"' in logs  # the access log of config.py
    for secret in (deployed.ada, deployed.bob, "moto-secret", "of both replicas"):
        assert secret not in logs


# -- JupyterHub


def test_the_snippet_for_a_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service that it starts knows the hub's users, and their servers pass on who they are."""
    pytest.importorskip("jupyterhub")
    pytest.importorskip("configurable_http_proxy")
    from omicshelf.testing.servers import hub

    snippet = (DEPLOY / "jupyterhub_config.py").read_text()
    port = str(free_port())
    for ours, here in {
        '"/opt/omicshelf/bin/omicshelf", "serve"': f'{sys.executable!r}, "-m", "omicshelf", '
        f'"serve", "--allow-root", "--OmicshelfServer.url={tmp_path}/catalog"',
        "127.0.0.1:8801": f"127.0.0.1:{port}",
    }.items():
        assert ours in snippet
        snippet = snippet.replace(ours, here)
    # What a hub of ours has anyway, without its own service and roles; then the snippet.
    own = (
        "\n_environment, _others = c.Spawner.environment, c.JupyterHub.services[1:]\n"
        "_service = c.JupyterHub.services[0]['environment']\n"
        "_roles = c.JupyterHub.load_roles[:1]\n"
    )
    after = (
        "\nc.Spawner.environment = {{**_environment, **c.Spawner.environment}}\n"
        "c.JupyterHub.services[0]['environment'].update(_service)\n"
        "c.JupyterHub.services += _others\nc.JupyterHub.load_roles += _roles\n"
    )
    escaped = snippet.replace("{", "{{").replace("}", "}}")
    monkeypatch.setattr(hub, "_CONFIG", hub._CONFIG + own + escaped + after)
    for name in [name for name in os.environ if name.startswith(("OMICSHELF_", "AWS_"))]:
        monkeypatch.delenv(name)
    with Hub(tmp_path / "hub").running() as running:
        ada, eve = running.token_of("ada"), running.token_of("eve")
        (tmp_path / "a.txt").write_text("a")
        address = running.start_server_of("ada")
        with omicshelf.connect(address, token=ada):
            made = omicshelf.Catalog("own").save("d1", str(tmp_path / "a.txt"), data_type="T")
        assert made.author == "ada"
        with omicshelf.connect(running.service, token=ada):
            assert omicshelf.Catalog("own").get_dataset("d1").version_id == made.version_id
        # Every user may come, and finds nothing until somebody gives them a role.
        nothing = pytest.raises(omicshelf.errors.NotFound)
        with omicshelf.connect(running.service, token=eve), nothing:
            omicshelf.Catalog("own").get_dataset("d1")


def test_a_service_that_the_hub_does_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the variables of docs/guide/jupyterhub.md, and nothing else."""
    pytest.importorskip("jupyterhub")
    pytest.importorskip("configurable_http_proxy")
    from omicshelf.testing.servers import hub

    page = (ROOT / "docs" / "guide" / "jupyterhub.md").read_text()
    (block,) = re.findall(r"```text\n(JUPYTERHUB_.*?)```", page, re.S)
    port, hub_port, token = free_port(), free_port(), secrets.token_hex(32)
    running = Hub(tmp_path / "hub")
    for there, here in {
        "the same token": token,
        "http://hub.internal:8081": f"http://127.0.0.1:{hub_port}",
        "http://0.0.0.0:8801": f"http://127.0.0.1:{port}",
        "https://hub.example.org/": running.url,
    }.items():
        assert there in block
        block = block.replace(there, here)
    (tmp_path / "env").write_text(block)
    # The config's own hub_port is drawn when it is written: ours is set after it.
    external = (
        f'\nc.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub_port}"\n'
        "c.JupyterHub.services[0] = {{\n"
        f'    "name": "omicshelf", "url": "http://127.0.0.1:{port}", "api_token": "{token}",\n'
        f'    "oauth_redirect_uri": "{running.service}oauth_callback",\n'
        '    "oauth_no_confirm": True,\n}}\n'
    )
    monkeypatch.setattr(hub, "_CONFIG", hub._CONFIG + external)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("JUPYTER", "OMICSHELF"))}
    own = {f"JUPYTER_{name}_DIR": str(tmp_path / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    command = [
        "sh", "-c", f'set -a; . {tmp_path}/env; set +a; exec "$@"', "sh",
        sys.executable, "-m", "omicshelf", "--url", str(tmp_path / "catalog"), "serve",
        "--allow-root", "--admin", "ada",
    ]  # fmt: skip
    with (tmp_path / "service.log").open("wb") as log:
        service = subprocess.Popen(command, env={**kept, **own}, stdout=log, stderr=log)
    try:
        with running.running():
            ada = running.token_of("ada")
            info = running.ask("GET", f"{running.service}{API.lstrip('/')}/info", token=ada).json()
            assert (info["user"], info["role"]) == ("ada", "admin")
            page = running.ask(
                "GET", f"{running.service}omicshelf", token="", allow_redirects=False
            )
            assert "/hub/api/oauth2/authorize" in page.headers["Location"]
    finally:
        service.send_signal(signal.SIGTERM)
        assert service.wait(60) == 0, (tmp_path / "service.log").read_text()


def test_the_environment_file_is_one_to_a_shell() -> None:
    """systemd reads it, and omicshelf-admin sources it."""
    done = subprocess.run(
        ["sh", "-ec", f"set -a; . {DEPLOY}/omicshelf.env; env"],
        capture_output=True, text=True, check=True, env={"PATH": os.environ["PATH"]},
    )  # fmt: skip
    told = dict(line.split("=", 1) for line in done.stdout.splitlines())
    assert told["OMICSHELF_STORAGE_URL"] == "s3://CHANGE-ME/catalog"
    assert told["OMICSHELF_DATABASE_URL"].startswith("postgresql+psycopg://omicshelf@")
