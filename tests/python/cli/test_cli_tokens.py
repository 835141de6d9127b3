"""Commands of tokens: on a folder, on a team's database, and on a server."""

from __future__ import annotations

import json
import re
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from omicshelf.backend.connect import configured_team, open_backend
from omicshelf.backend.embedded.backend import EmbeddedBackend
from omicshelf.errors import Invalid
from omicshelf.testing.servers.standalone import standalone

if TYPE_CHECKING:
    from commandline import Cli

pytest_plugins = ("commandline", "omicshelf.testing.servers.fixtures")

SECRET = re.compile(r"shelf_[\w-]{43}\n")
VARIABLES = ("OMICSHELF_DATABASE_URL", "OMICSHELF_STORAGE_URL", "OMICSHELF_TOKEN")


@pytest.fixture(autouse=True)
def _ada(monkeypatch: pytest.MonkeyPatch) -> None:
    from omicshelf.catalog import origin

    monkeypatch.setattr(origin, "_user", lambda: "ada")
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def test_create_list_and_revoke(cli: Cli, catalog_folder: Path) -> None:
    done = cli("token", "create", "eve", "--note", "laptop", "--days", "30")
    assert SECRET.fullmatch(done.stdout)
    assert re.match(r"Token 1 of 'eve', good until [\d: -]+ UTC\. It is shown", done.stderr)
    done = cli("token", "create")
    assert "Token 2 of 'ada', good until it is revoked" in done.stderr
    (eve,) = cli("token", "list", "eve").lines
    assert (eve[:4], eve[6]) == (["1", "eve", "laptop", "ada"], "")
    (ada,) = cli("token", "list").lines
    assert (ada[:4], ada[5]) == (["2", "ada", "", "ada"], "")
    assert [line[0] for line in cli("token", "list", "--all").lines] == ["2", "1"]
    with closing(EmbeddedBackend(catalog_folder)) as backend:
        assert backend.user_of_token(done.stdout.strip()) == "ada"
    ((*_, used),) = cli("token", "list").lines
    assert used
    assert cli("token", "revoke", "2").stderr == "Token 2 is revoked.\n"
    with closing(EmbeddedBackend(catalog_folder)) as backend:
        assert backend.user_of_token(done.stdout.strip()) is None
    assert cli("token", "list").stderr == "'ada' has no tokens.\n"
    with closing(EmbeddedBackend(catalog_folder)) as backend:
        told = list(backend.changes(atlas=""))
    assert [(c.action, c.user, c.details["user"]) for c in told] == [
        ("create token", "ada", "eve"), ("create token", "ada", "ada"),
        ("revoke token", "ada", "ada"),
    ]  # fmt: skip


def test_as_json(cli: Cli) -> None:
    made = cli("--json", "token", "create", "eve", "--days", "1").json
    assert set(made) == {"token", "secret"}
    assert SECRET.fullmatch(made["secret"] + "\n")
    assert cli("--json", "token", "list", "eve").json == {"tokens": [made["token"]]}
    assert cli("--json", "token", "list").json == {"tokens": []}
    assert cli("--json", "token", "revoke", "1").json == {"id": 1, "revoked": True}


def test_only_the_token_is_on_standard_output(cli: Cli) -> None:
    done = cli("--quiet", "token", "create", "eve")
    assert SECRET.fullmatch(done.stdout)
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("words", "kind", "parts"),
    [
        (["create", ""], "Invalid", ["user"]),
        (["create", "eve", "--days", "0"], "Invalid", ["0", "3,660"]),
        (["create", "eve", "--days", "nan"], "Invalid", ["nan"]),
        (["create", "eve", "--note", "a\nb"], "Invalid", ["note"]),
        (["list", "eve", "--all"], "Invalid", ["'eve'", "--all"]),
        (["revoke", "4711"], "NotFound", ["4711", "omicshelf token list"]),
    ],
)
def test_what_is_refused(cli: Cli, words: list[str], kind: str, parts: list[str]) -> None:
    cli("token", "create", "zoë")
    before = cli("--json", "token", "list", "--all").json
    (problem,) = cli("--json", "token", *words, code=2).problems
    assert problem["kind"] == kind
    for part in parts:
        assert part in f"{problem['title']} {problem['detail']}"
    assert cli("--json", "token", "list", "--all").json == before


@pytest.mark.parametrize("words", [[], ["make"], ["revoke"], ["revoke", "x"], ["create", "a", "b"]])
def test_wrong_use(cli: Cli, words: list[str]) -> None:
    done = cli("token", *words, code=2)
    assert "token" in done.stderr + done.stdout


def test_on_a_server(cli: Cli, catalog_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = cli("token", "create", "eve").stdout.strip()
    server_folder = catalog_folder.parent
    with standalone(server_folder, "--identity", "tokens") as server:
        monkeypatch.setenv("OMICSHELF_URL", server.url)
        monkeypatch.setenv("OMICSHELF_TOKEN", first)
        monkeypatch.setenv("OMICSHELF_CACHE", str(server_folder / "cache"))
        made = cli("token", "create", "--note", "job")
        assert "of 'eve'" in made.stderr
        assert [line[1:4] for line in cli("token", "list").lines] == [
            ["eve", "", "ada"], ["eve", "job", "eve"]]  # fmt: skip
        refused = cli("token", "list", "--all", code=2)
        assert "tokens of others" in refused.stderr
        cli("token", "revoke", "2")
        monkeypatch.setenv("OMICSHELF_TOKEN", made.stdout.strip())
        assert "token" in cli("token", "list", code=2).stderr
        for secret in (first, made.stdout.strip()):
            assert secret not in server.log


# -- a team's database, from the environment


def test_on_a_teams_database(
    cli: Cli, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first token of a new team; what is in OMICSHELF_URL then is the folder of its bytes."""
    folder = tmp_path / "bytes"
    monkeypatch.setenv("OMICSHELF_URL", str(folder))
    monkeypatch.setenv("OMICSHELF_DATABASE_URL", postgres_url)
    secret = cli("--json", "token", "create", "ada").json["secret"]
    with closing(EmbeddedBackend(folder, database_url=postgres_url)) as backend:
        assert backend.user_of_token(secret) == "ada"
    assert not (folder / "catalog.db").exists()


def test_which_catalog_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert configured_team() is None
    database = "postgresql+psycopg://ada:hidden@127.0.0.1:1/shelf"
    monkeypatch.delenv("OMICSHELF_URL", raising=False)
    monkeypatch.setenv("OMICSHELF_DATABASE_URL", database)
    with pytest.raises(Invalid, match="OMICSHELF_STORAGE_URL") as caught:
        open_backend(None)
    assert "hidden" not in str(caught.value)
    monkeypatch.setenv("OMICSHELF_STORAGE_URL", "s3://bucket/team?access_key_id=hidden")
    team = configured_team()
    assert team is not None
    assert (team.database_url, team.address) == (database, "s3://bucket/team")
    assert "hidden" not in repr(team)
    # An address that is given, or a server, is meant as it is.
    with closing(open_backend(tmp_path / "mine")) as backend:
        assert isinstance(backend, EmbeddedBackend)
        assert backend.db.is_sqlite
    monkeypatch.setenv("OMICSHELF_URL", "https://shelf.example/")
    assert configured_team() is None


def test_the_variables_are_no_part_of_what_is_shown(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMICSHELF_URL")
    monkeypatch.setenv("OMICSHELF_DATABASE_URL", "postgresql+psycopg://a:hidden@127.0.0.1:1/x")
    monkeypatch.setenv("OMICSHELF_STORAGE_URL", "s3://bucket/team?secret_access_key=hidden")
    for words in (["token", "list"], ["rebuild"], ["ls"]):
        done = cli("--json", *words, code=None)
        assert done.code in (2, 3)
        assert json.loads(done.stderr.splitlines()[-1])["kind"]
        assert "hidden" not in done.stdout + done.stderr
