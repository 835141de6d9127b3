"""A team without a hub: users by their personal tokens, over a real ``omicshelf serve``."""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from omicshelf.backend.embedded.backend import EmbeddedBackend
from omicshelf.backend.embedded.tokens import fingerprint
from omicshelf.backend.remote.backend import RemoteBackend
from omicshelf.backend.wire import API
from omicshelf.errors import AccessDenied, Unauthorized
from omicshelf.records import Origin
from omicshelf.testing.servers.standalone import StandaloneServer, standalone

pytest_plugins = ("omicshelf.testing.servers.fixtures",)

BY = Origin(user="machine")
IDENTITY = "TokenIdentityProvider"


@dataclass
class Team:
    """A server, and its catalog as who is on its machine reaches it."""

    server: StandaloneServer
    backend: EmbeddedBackend
    secrets: list[str] = field(default_factory=list)

    def token(self, user: str, **given: Any) -> str:
        _, secret = self.backend.create_token(user, by=BY, **given)
        self.secrets.append(secret)
        return secret

    def ask(
        self, method: str, path: str, secret: str | None = None, **options: Any
    ) -> requests.Response:
        headers = dict(options.pop("headers", {}))
        if secret is not None:
            headers["Authorization"] = f"token {secret}"
        with requests.Session() as session:
            session.trust_env = False
            url = f"{self.server.url.rstrip('/')}{API}{path}"
            return session.request(method, url, headers=headers, timeout=30, **options)

    def get(self, path: str, secret: str | None = None, **options: Any) -> requests.Response:
        return self.ask("GET", path, secret, **options)


def options(**more: Any) -> dict[str, Any]:
    # Revoked tokens count at once: what is remembered is a test of its own.
    return {f"{IDENTITY}.remember_seconds": 0, "OmicshelfServer.access_log": "access.log", **more}


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    """A server whose configuration names ada as its admin; eve may read one atlas."""
    folder = tmp_path_factory.mktemp("team")
    given = ["--identity", "tokens", "--admin", "ada"]
    with (
        standalone(folder, *given, options=options()) as server,
        closing(EmbeddedBackend(folder / "catalog")) as backend,
    ):
        backend.create_atlas("lung", by=BY)
        backend.create_atlas("secret", by=BY)
        backend.set_role("lung", "eve", "viewer", by=BY)
        team = Team(server, backend)
        yield team
        told = server.log + (folder / "access.log").read_text()
        assert "401" in told
        assert not [secret for secret in team.secrets if secret[6:] in told]


def refused(answer: requests.Response, status: int, kind: str, *parts: str) -> None:
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert set(body) == {"title", "detail", "kind"}
    assert body["kind"] == kind
    for part in parts:
        assert part in f"{body['title']}\n{body['detail']}"


def test_each_token_is_its_user(team: Team) -> None:
    ada, eve = team.token("ada"), team.token("eve")
    for secret, name, role in ((ada, "ada", "admin"), (eve, "eve", None)):
        for scheme in ("token", "Bearer", "bearer"):
            answer = team.get("/info", headers={"Authorization": f"{scheme} {secret}"})
            told = answer.json()
            assert (told["user"], told["role"]) == (name, role)
            assert "Set-Cookie" not in answer.headers
    names = [
        [atlas["name"] for atlas in team.get("/atlases", secret).json()["atlases"]]
        for secret in (ada, eve)
    ]
    assert names == [["lung", "secret"], ["lung"]]
    refused(team.ask("POST", "/atlases", eve, json={"name": "x"}), 403, "AccessDenied", "'eve'")
    assert team.ask("POST", "/atlases", ada, json={"name": "by-ada"}).status_code == 201
    (newest,) = team.backend.changes(atlas="by-ada")
    assert newest.user == "ada"


def test_who_has_no_role_may_nothing(team: Team) -> None:
    bob = team.token("bob")
    assert team.get("/atlases", bob).json() == {"atlases": [], "roles": {}}
    refused(team.get("/atlases/lung", bob), 404, "NotFound", "'bob'")


@pytest.mark.parametrize("kind", ["revoked", "expired", "wrong", "shorter", "hash", "none"])
def test_what_lets_nobody_in(team: Team, kind: str) -> None:
    secret = team.token("ada")
    tokens = team.backend.list_tokens("ada")
    if kind == "revoked":
        assert team.get("/info", secret).status_code == 200
        team.backend.revoke_token(tokens[-1].id, by=BY)
    elif kind == "expired":
        secret = team.token("ada", days=1e-9)
    elif kind == "hash":
        secret = fingerprint(secret)
    elif kind == "none":
        answer = team.get("/info")
    else:
        secret = f"shelf_{'A' * 43}" if kind == "wrong" else secret[:-1]
    if kind != "none":
        answer = team.get("/info", secret)
    refused(answer, 401, "Unauthorized", "credential")
    assert secret not in answer.text
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_in_an_address_is_none(team: Team) -> None:
    """Addresses are kept, in histories and in the logs of proxies."""
    refused(team.get("/info", params={"token": team.token("ada")}), 401, "Unauthorized")


def test_the_servers_random_token_is_none(team: Team) -> None:
    assert re.findall(r"token=(?!\[secret\])", team.server.log) == []
    for given in (team.server.token, "", "None", "<generated>"):
        refused(team.get("/info", given), 401, "Unauthorized")
        refused(team.get("/info", params={"token": given}), 401, "Unauthorized")


def test_no_second_proof_with_a_token(team: Team) -> None:
    headers = {"Origin": "https://notebooks.example", "Cookie": "_xsrf=x"}
    made = team.ask("POST", "/tokens", team.token("eve"), headers=headers)
    assert made.status_code == 201
    team.secrets.append(made.json()["secret"])


# -- over REST


def test_make_list_and_revoke_ones_own(team: Team) -> None:
    eve = team.token("eve")
    made = team.ask("POST", "/tokens", eve, json={"note": "laptop", "days": 7})
    assert made.status_code == 201
    assert made.headers["Cache-Control"] == "no-store"
    secret, record = made.json()["secret"], made.json()["token"]
    team.secrets.append(secret)
    assert (record["user"], record["note"], record["created_by"]) == ("eve", "laptop", "eve")
    assert team.get("/info", secret).json()["user"] == "eve"
    listed = team.get("/tokens", eve)
    assert secret[6:] not in listed.text
    (found,) = [token for token in listed.json()["tokens"] if token["id"] == record["id"]]
    assert found["last_used_at"]
    assert {**found, "last_used_at": None} == record
    assert {token["user"] for token in listed.json()["tokens"]} == {"eve"}
    assert team.get("/tokens", eve, params={"user": "eve"}).json() == listed.json()
    assert team.ask("DELETE", f"/tokens/{record['id']}", eve).status_code == 204
    refused(team.get("/info", secret), 401, "Unauthorized")
    refused(team.ask("DELETE", f"/tokens/{record['id']}", eve), 404, "NotFound")


def test_those_of_others_are_for_admins(team: Team) -> None:
    eve, ada = team.token("eve"), team.token("ada")
    before = team.backend.last_change()
    refused(team.ask("POST", "/tokens", eve, json={"user": "ada"}), 403, "AccessDenied", "'eve'")
    refused(team.get("/tokens", eve, params={"user": "ada"}), 403, "AccessDenied")
    refused(team.get("/tokens", eve, params={"everybody": "true"}), 403, "AccessDenied")
    (*_, adas) = team.backend.list_tokens("ada")
    missing = team.ask("DELETE", "/tokens/999999", eve).json()
    hidden = team.ask("DELETE", f"/tokens/{adas.id}", eve)
    refused(hidden, 404, "NotFound")
    assert hidden.text == json.dumps(missing).replace("999999", str(adas.id))
    assert team.backend.last_change() == before
    made = team.ask("POST", "/tokens", ada, json={"user": "zoë"}).json()
    team.secrets.append(made["secret"])
    assert (made["token"]["user"], made["token"]["created_by"]) == ("zoë", "ada")
    everybody = team.get("/tokens", ada, params={"everybody": "true"}).json()["tokens"]
    assert {"ada", "eve", "zoë"} <= {token["user"] for token in everybody}
    spare = team.ask("POST", "/tokens", ada, json={"user": "eve"}).json()["token"]
    eves = team.get("/tokens", ada, params={"user": "eve"}).json()["tokens"]
    assert spare["id"] in {token["id"] for token in eves}
    assert team.ask("DELETE", f"/tokens/{spare['id']}", ada).status_code == 204
    (told,) = list(team.backend.changes(after=team.backend.last_change() - 1))
    assert (told.action, told.user, told.details["user"]) == ("revoke token", "ada", "eve")
    # Nobody reads of it who is no admin.
    seen = team.get("/changes", eve, params={"after": 0, "limit": 1000}).text
    assert "token" not in seen


@pytest.mark.parametrize(
    ("method", "path", "given", "status", "part"),
    [
        ("POST", "", {"json": {"days": 0}}, 400, "0"),
        ("POST", "", {"json": {"days": "soon"}}, 400, "days"),
        ("POST", "", {"json": {"note": "a\nb"}}, 400, "note"),
        ("POST", "", {"json": {"user": ""}}, 403, "others"),
        ("POST", "", {"json": {"secret": "mine"}}, 400, "secret"),
        ("GET", "", {"params": {"user": "a", "everybody": "true"}}, 400, "everybody"),
        ("GET", "", {"params": {"all": "true"}}, 400, "all"),
        ("DELETE", "/x", {}, 404, "'x'"),
        ("DELETE", "/٣", {}, 404, "token"),
        ("DELETE", "/0", {}, 404, "0"),
        ("DELETE", "/99999999999999999999999", {}, 404, "token"),
    ],
)
def test_what_is_refused(
    team: Team, method: str, path: str, given: Any, status: int, part: str
) -> None:
    kinds = {400: "Invalid", 403: "AccessDenied", 404: "NotFound"}
    secret, before = team.token("eve"), team.backend.last_change()
    answer = team.ask(method, f"/tokens{path}", secret, **given)
    refused(answer, status, kinds[status], part)
    assert team.backend.last_change() == before


def test_the_python_client(team: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMICSHELF_CACHE", str(tmp_path))
    by = Origin(user="pretended")
    with closing(RemoteBackend(team.server.url, token=team.token("eve"))) as remote:
        made, secret = remote.create_token("eve", note="job", by=by)
        team.secrets.append(secret)
        assert made.created_by == "eve"
        assert made in remote.list_tokens("eve")
        with pytest.raises(AccessDenied, match="tokens of others"):
            remote.list_tokens()
        with pytest.raises(AccessDenied, match="tokens of others"):
            remote.create_token("ada", by=by)
        remote.revoke_token(made.id, by=by)
    with (
        closing(RemoteBackend(team.server.url, token=secret)) as remote,
        pytest.raises(Unauthorized),
    ):
        remote.list_atlases()


# -- a browser


@dataclass
class Browser:
    """A session of cookies."""

    team: Team
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.session.trust_env = False

    def log_in(self, secret: str, **more: str) -> requests.Response:
        page = f"{self.team.server.url}login"
        assert self.session.get(page, timeout=30).status_code == 200
        form = {"password": secret, "_xsrf": self.session.cookies["_xsrf"], **more}
        return self.session.post(page, data=form, timeout=30, allow_redirects=False)

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        url = f"{self.team.server.url.rstrip('/')}{API}{path}"
        headers = {"Referer": self.team.server.url, **options.pop("headers", {})}
        return self.session.request(method, url, headers=headers, timeout=30, **options)


def test_a_browser_logs_in(team: Team) -> None:
    browser = Browser(team)
    answer = browser.log_in(team.token("eve"), next="/omicshelf")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/omicshelf")
    assert browser.ask("GET", "/info").json()["user"] == "eve"
    without = browser.ask("POST", "/tokens", json={"note": "by browser"})
    refused(without, 403, "AccessDenied", "X-XSRFToken")
    proof = {"X-XSRFToken": browser.session.cookies["_xsrf"]}
    made = browser.ask("POST", "/tokens", json={"note": "by browser"}, headers=proof)
    assert made.status_code == 201
    team.secrets.append(made.json()["secret"])
    browser.session.get(f"{team.server.url}logout", timeout=30)
    refused(browser.ask("GET", "/info"), 401, "Unauthorized")


@pytest.mark.parametrize("wrong", ["", "eve", "shelf_" + "B" * 43])
def test_a_browser_with_a_wrong_token(team: Team, wrong: str) -> None:
    browser = Browser(team)
    answer = browser.log_in(wrong)
    assert answer.status_code == 401
    assert "no token" in answer.text
    assert "<form" in answer.text
    refused(browser.ask("GET", "/info"), 401, "Unauthorized")


def test_a_cookie_ends_with_its_token(team: Team) -> None:
    browser = Browser(team)
    browser.log_in(team.token("eve"))
    assert browser.ask("GET", "/info").status_code == 200
    (*_, newest) = team.backend.list_tokens("eve")
    team.backend.revoke_token(newest.id, by=BY)
    refused(browser.ask("GET", "/info"), 401, "Unauthorized")


def test_a_cookie_of_ones_own_making(team: Team) -> None:
    browser = Browser(team)
    browser.log_in(team.token("eve"))
    (name,) = [name for name in browser.session.cookies.get_dict() if name.startswith("username")]
    signed = browser.session.cookies[name]
    assert team.secrets[-1][6:] not in signed
    for value in ('{"token": "x"}', signed[:-1], signed.replace("1", "2")):
        answer = team.get("/info", headers={"Cookie": f"{name}={value}"})
        refused(answer, 401, "Unauthorized")


# -- other servers


def test_a_shared_token_that_is_configured(tmp_path: Path) -> None:
    """It is the server's own user, an admin; personal tokens are good beside it."""
    shared = secrets.token_hex(16)
    given = options(**{"IdentityProvider.token": shared, "OmicshelfServer.user": "keeper"})
    with (
        standalone(tmp_path, "--identity=tokens", options=given) as server,
        closing(EmbeddedBackend(tmp_path / "catalog")) as backend,
    ):
        team = Team(server, backend)
        for answer in (
            team.get("/info", shared),
            team.get("/info", params={"token": shared}),
        ):
            told = answer.json()
            assert (told["user"], told["role"]) == ("keeper", "admin")
        browser = Browser(team)
        assert browser.log_in(shared).status_code == 302
        assert browser.ask("GET", "/info").json()["user"] == "keeper"
        assert team.get("/info", team.token("eve")).json()["user"] == "eve"
        refused(team.get("/info", shared[:-1]), 401, "Unauthorized")
        assert shared not in server.log


def test_a_flood_of_wrong_tokens(tmp_path: Path) -> None:
    given = options(
        **{
            f"{IDENTITY}.wrong_rate": 0.01,
            f"{IDENTITY}.wrong_burst": 3,
            f"{IDENTITY}.remember_seconds": 10,
        }
    )
    with (
        standalone(tmp_path, "--identity=tokens", options=given) as server,
        closing(EmbeddedBackend(tmp_path / "catalog")) as backend,
    ):
        team = Team(server, backend)
        known, late = team.token("eve"), team.token("ada")
        assert team.get("/info", known).status_code == 200
        for number in range(3):
            refused(team.get("/info", f"wrong-{number}"), 401, "Unauthorized")
        answer = team.get("/info", "wrong-4")
        refused(answer, 429, "RepositoryLocked", "wrong tokens", "seconds")
        assert int(answer.headers["Retry-After"]) > 1
        # A right one that is not known yet would be a guess like any other.
        refused(team.get("/info", late), 429, "RepositoryLocked")
        assert Browser(team).log_in("wrong-5").status_code == 429
        # Who is in goes on.
        assert team.get("/info", known).status_code == 200


def test_a_good_token_is_remembered_for_seconds_only(tmp_path: Path) -> None:
    with (
        standalone(tmp_path, "--identity=tokens", options={f"{IDENTITY}.remember_seconds": 1})
        as server,
        closing(EmbeddedBackend(tmp_path / "catalog")) as backend,
    ):  # fmt: skip
        team = Team(server, backend)
        refused(team.get("/info", "shelf_not-yet"), 401, "Unauthorized")
        secret = team.token("eve")
        assert team.get("/info", secret).status_code == 200
        (token,) = backend.list_tokens()
        backend.revoke_token(token.id, by=BY)
        began = time.monotonic()
        while (status := team.get("/info", secret).status_code) == 200:
            assert time.monotonic() - began < 10, "a revoked token is good for too long"
        assert status == 401


def test_a_team_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    """The database alone decides that users have tokens; it may come from the environment."""
    with (
        closing(EmbeddedBackend(tmp_path / "catalog", database_url=postgres_url)) as backend,
        standalone(
            tmp_path, "--admin", "ada", "--OmicshelfServer.url=catalog", options=options(),
            environment={"OMICSHELF_DATABASE_URL": postgres_url},
        ) as server,
    ):  # fmt: skip
        team = Team(server, backend)
        ada, eve = team.token("ada"), team.token("eve")
        assert team.get("/info", ada).json()["role"] == "admin"
        assert team.get("/info", eve).json()["user"] == "eve"
        refused(team.get("/info", server.token), 401, "Unauthorized")
        team.backend.revoke_token(backend.list_tokens("eve")[0].id, by=BY)
        refused(team.get("/info", eve), 401, "Unauthorized")
        assert backend.list_tokens("ada")[0].last_used_at
        assert postgres_url not in server.log
