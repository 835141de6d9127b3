"""Who may ask at all: every route without a credential, with a wrong one, from another page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from conftest import Client
from omicshelf.backend.wire import HASH_HEADER
from omicshelf.server.route import Route
from omicshelf.server.routes import ROUTES
from omicshelf.testing.backend_base import Material
from omicshelf.testing.servers.jupyter import jupyter

WALK = [pytest.param(route, id=f"{route.method} {route.path}") for route in ROUTES]


def address(route: Route) -> str:
    return re.sub(r"\{\w+\}", "x", route.path)


def changes(client: Client) -> int:
    last: int = client.get("/changes", params={"limit": 10_000}).json()["last"]
    return last


@pytest.mark.parametrize("route", WALK)
def test_every_route_needs_a_credential(client: Client, route: Route) -> None:
    before = changes(client)
    told = {HASH_HEADER: "0" * 64}
    path = address(route)
    for answer in (
        client.anonymous(route.method, path, json={}, headers=told),
        client.anonymous(route.method, path, headers={"Authorization": "token wrong", **told}),
        client.anonymous(route.method, path, headers={"Authorization": "Bearer ", **told}),
        client.anonymous(route.method, f"{path}?token=wrong", headers=told),
        client.anonymous(route.method, path, cookies={"username": "ada"}, headers=told),
    ):
        client.refused(answer, 401, "Unauthorized")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert not answer.history
    assert changes(client) == before


@pytest.mark.parametrize("route", WALK)
def test_a_cookie_alone_changes_nothing(browser: Client, route: Route) -> None:
    path = address(route)
    told = {HASH_HEADER: "0" * 64, "Referer": browser.server.url}
    own = browser.ask(route.method, path, headers=told)
    if route.method == "GET":
        assert own.status_code not in (401, 403)
        other = browser.ask("GET", path, headers={"Origin": "https://evil.example"})
        browser.refused(other, 403, "AccessDenied", "origin")
        return
    browser.refused(own, 403, "AccessDenied", "X-XSRFToken")
    wrong = browser.ask(route.method, path, headers={**told, "X-XSRFToken": "wrong"})
    browser.refused(wrong, 403, "AccessDenied")
    cookie = browser.session.cookies["_xsrf"]
    right = {**told, "X-XSRFToken": cookie}
    other = browser.ask(route.method, path, headers={**right, "Origin": "https://evil.example"})
    browser.refused(other, 403, "AccessDenied")
    assert browser.ask(route.method, path, headers=right).status_code not in (401, 403, 500)


@pytest.fixture
def browser(client: Client) -> Iterator[Client]:
    """A client that has logged in as a browser does, and bears cookies alone."""
    made = Client(client.server, client.folder, client.material)
    del made.session.headers["Authorization"]
    with made.session as session:
        page = f"{made.server.url}login"
        session.get(page, timeout=30)
        form = {"password": made.server.token, "_xsrf": session.cookies["_xsrf"]}
        session.post(page, data=form, timeout=30, allow_redirects=False)
        yield made


def test_a_browser_writes_with_its_token_against_forgery(browser: Client) -> None:
    headers = {"X-XSRFToken": browser.session.cookies["_xsrf"], "Origin": browser.server.url[:-1]}
    answer = browser.post("/atlases", {"name": "by browser"}, headers=headers)
    assert answer.status_code == 201, answer.text
    assert browser.get("/info").json()["user"] == "ada"


def test_a_token_may_come_from_any_page(client: Client) -> None:
    answer = client.get("/info", headers={"Origin": "https://notebooks.example"})
    assert answer.headers["Access-Control-Allow-Origin"] == "https://notebooks.example"
    assert "Access-Control-Allow-Origin" not in client.get("/info").headers
    asked = client.anonymous("OPTIONS", "/atlases", headers={"Origin": "https://a.example"})
    assert asked.status_code == 204
    assert "if-match" in asked.headers["Access-Control-Allow-Headers"]


def test_another_host_name_is_refused(client: Client) -> None:
    answer = client.get("/info", headers={"Host": "rebound.example"})
    client.refused(answer, 403, "AccessDenied", "host")


@pytest.mark.parametrize(
    "path", ["/nowhere", "/atlases/", "//atlases", "", "/../v1/info", "/atlases/a/b/c/d/e"]
)
def test_what_is_no_route(client: Client, path: str) -> None:
    raw = requests.Request("GET", client.base).prepare()
    raw.url = f"{client.base}{path}"  # as it is: requests would tidy it up
    raw.headers["Authorization"] = f"token {client.server.token}"
    client.refused(client.session.send(raw, timeout=30), 404, "NotFound")
    del raw.headers["Authorization"]
    with requests.Session() as nobody:
        client.refused(nobody.send(raw, timeout=30), 401, "Unauthorized")


def test_what_a_route_cannot_do(client: Client) -> None:
    answer = client.ask("DELETE", "/atlases")
    client.refused(answer, 405, "Invalid", "GET, POST, HEAD")
    assert answer.headers["Allow"] == "GET, POST, HEAD"
    client.refused(client.ask("PROPFIND", "/atlases"), 405, "Invalid")


def test_health_needs_none_and_tells_nothing(client: Client) -> None:
    for name in ("health", "ready"):
        answer = requests.get(f"{client.server.url}omicshelf/{name}", timeout=30)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_the_access_log_has_no_secrets(client: Client) -> None:
    number = "secrets-1"
    client.anonymous(
        "GET",
        f"/atlases/hidden-name/datasets?token={client.server.token}&text=hidden-words",
        headers={"X-Request-Id": number},
    )
    client.post("/atlases", {"name": "hidden-body"})
    text = (client.folder / "access.log").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    line = next(line for line in lines if line["id"] == number)
    assert line["route"] == "/atlases/{atlas}/datasets"
    assert (line["method"], line["status"], line["user"]) == ("GET", 200, "ada")
    assert line["ms"] >= 0
    assert line["bytes"] > 0
    assert "hidden" not in text
    assert client.server.token not in text
    assert client.server.token not in client.server.log


def test_the_authorizer_is_asked(tmp_path: Path) -> None:
    """A server may say more: here, that nobody writes."""
    (tmp_path / "only_reading.py").write_text(
        "from jupyter_server.auth.authorizer import Authorizer\n"
        "class OnlyReading(Authorizer):\n"
        "    def is_authorized(self, handler, user, action, resource):\n"
        "        with open('asked', 'a') as told:\n"
        "            print(action, resource, file=told)\n"
        "        return action == 'read' and resource != 'omicshelf:admin'\n"
    )
    options = {"ServerApp.authorizer_class": "only_reading.OnlyReading"}
    where = {"PYTHONPATH": str(tmp_path)}
    with jupyter(tmp_path / "server", options=options, environment=where) as server:
        client = Client(server, server.folder, Material(tmp_path / "material"))
        assert client.get("/atlases").status_code == 200
        client.refused(client.post("/atlases", {"name": "a"}), 403, "AccessDenied", "write")
        client.refused(client.post("/admin/gc"), 403, "AccessDenied", "execute", "admin")
        client.refused(client.get("/admin/roles"), 403, "AccessDenied")
        asked = (server.folder / "asked").read_text().split("\n")
        assert "read omicshelf:atlas" in asked
        assert "execute omicshelf:admin" in asked


def test_the_minted_token_is_good_for_the_catalog_alone(tmp_path: Path) -> None:
    """What kernels are given: the server's own user here, and nobody anywhere else."""
    (tmp_path / "reveal.py").write_text(
        "from tornado.ioloop import IOLoop\n"
        "def _jupyter_server_extension_points():\n"
        "    return [{'module': 'reveal'}]\n"
        "def _load_jupyter_server_extension(app):\n"
        "    def write():\n"
        "        (shelf,) = app.extension_manager.extension_apps['omicshelf']\n"
        "        open('minted', 'w').write(shelf.minted_token)\n"
        "    IOLoop.current().add_callback(write)\n"
    )
    options = {
        "ServerApp.jpserver_extensions": {"omicshelf": True, "reveal": True, "jupyterlab": False}
    }
    where = {"PYTHONPATH": str(tmp_path)}
    with jupyter(tmp_path / "server", options=options, environment=where) as server:
        client = Client(server, server.folder, Material(tmp_path / "material"))
        token = (server.folder / "minted").read_text()
        assert len(token) >= 43
        assert token not in server.log
        for scheme in ("token", "Bearer"):
            bearing = {"Authorization": f"{scheme} {token}"}
            info = client.anonymous("GET", "/info", headers=bearing)
            assert info.json()["user"] == "ada"
            assert token not in info.text
            made = client.anonymous("POST", "/atlases", json={"name": scheme}, headers=bearing)
            assert made.status_code == 201  # with no cookie there is nothing to forge
            for path in ("api/contents", "api/kernels", "api/sessions"):
                other = requests.get(f"{server.url}{path}", headers=bearing, timeout=30)
                assert other.status_code == 403
        for wrong in (token[:-1], f"{token}x", token.swapcase(), "é"):
            bearing = {"Authorization": f"token {wrong}".encode()}
            client.refused(client.anonymous("GET", "/info", headers=bearing), 401, "Unauthorized")
        # In an address it would be logged by whatever stands between.
        client.refused(client.anonymous("GET", f"/info?token={token}"), 401, "Unauthorized")
