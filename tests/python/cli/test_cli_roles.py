"""Commands of roles: role list, role set, role remove."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from commandline import Cli

pytest_plugins = ("commandline",)


@pytest.fixture(autouse=True)
def _ada(monkeypatch: pytest.MonkeyPatch) -> None:
    from omicshelf.catalog import origin

    monkeypatch.setattr(origin, "_user", lambda: "ada")


def test_roles_of_an_atlas(cli: Cli) -> None:
    done = cli("role", "set", "eve", "viewer")
    assert (done.stdout, done.stderr) == ("", "'eve' is viewer in atlas 'lung'.\n")
    cli("role", "set", "eve", "contributor")
    cli("role", "set", "zoë", "admin")
    ((*eve, _since), (*zoe, _later)) = cli("role", "list").lines
    assert (eve, zoe) == (["eve", "contributor", "ada"], ["zoë", "admin", "ada"])
    assert cli("role", "list", "--server").stderr == "Nobody was given a role.\n"
    done = cli("role", "remove", "zoë")
    assert done.stderr == "'zoë' has no role in atlas 'lung' any more.\n"
    assert [line[0] for line in cli("role", "list").lines] == ["eve"]


def test_roles_of_the_server(cli: Cli) -> None:
    done = cli("role", "set", "ada", "admin", "--server")
    assert done.stderr == "'ada' is admin on the whole server.\n"
    cli("role", "set", "eve", "viewer", "--server")
    assert [line[:2] for line in cli("role", "list", "--server").lines] == [
        ["ada", "admin"], ["eve", "viewer"]]  # fmt: skip
    done = cli("role", "remove", "ada", "--server", code=2)
    assert "last admin of the server" in done.stderr
    cli("role", "remove", "eve", "--server")
    assert cli("role", "list").stderr == "Nobody was given a role.\n"


def test_as_json(cli: Cli) -> None:
    made = cli("--json", "role", "set", "eve", "viewer").json
    assert {key: made[key] for key in ("atlas", "user", "role", "author")} == {
        "atlas": "lung", "user": "eve", "role": "viewer", "author": "ada"}  # fmt: skip
    assert cli("--json", "role", "list").json == {"roles": [made]}
    assert cli("--json", "role", "list", "--server").json == {"roles": []}
    assert cli("--json", "role", "remove", "eve").json == {
        "atlas": "lung", "user": "eve", "role": None}  # fmt: skip


def test_the_log_tells_of_roles(cli: Cli) -> None:
    cli("role", "set", "eve", "viewer")
    (newest,) = cli("log", "--limit", "1").lines
    assert [newest[2], newest[3], newest[5]] == ["ada", "set role", "eve viewer"]


@pytest.mark.parametrize(
    ("words", "kind", "parts"),
    [
        (["role", "set", "eve", "owner"], "Invalid", ["'owner'", "viewer, contributor, admin"]),
        (["role", "set", "", "viewer"], "Invalid", ["user"]),
        (["role", "remove", "eve"], "NotFound", ["'eve'", "'lung'", "Nobody has"]),
        (["--atlas", "lnug", "role", "list"], "NotFound", ["lnug", "Did you mean 'lung'"]),
        (["--atlas", "lung", "role", "list", "--server"], "Invalid", ["'lung'", "--server"]),
        (["--atlas", "heart", "role", "set", "eve", "viewer"], "NotFound", ["heart"]),
    ],
)
def test_what_is_refused(cli: Cli, words: list[str], kind: str, parts: list[str]) -> None:
    before = cli("--json", "log").json
    done = cli("--json", *words, code=2)
    (problem,) = done.problems
    assert problem["kind"] == kind
    assert done.stdout == ""
    for part in parts:
        assert part in f"{problem['title']} {problem['detail']}"
    assert cli("--json", "log").json == before


@pytest.mark.parametrize("words", [[], ["lst"], ["set", "eve"], ["set"], ["remove"]])
def test_wrong_use(cli: Cli, words: list[str]) -> None:
    done = cli("role", *words, code=2)
    assert "role" in done.stderr + done.stdout


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["role", ""], ["list", "set", "remove"]),
        (["role", "set", "eve", ""], ["viewer", "contributor", "admin"]),
        (["role", "set", "eve", "co"], ["contributor"]),
        (["role", "remove", ""], ["eve"]),
        (["role", "remove", "--server", ""], ["ada"]),
        (["--atlas", "skin", "role", "remove", ""], []),
    ],
)
def test_completion(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, words: list[str], offered: list[str]
) -> None:
    cli("role", "set", "eve", "viewer")
    cli("role", "set", "ada", "admin", "--server")
    monkeypatch.setenv("_OMICSHELF_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", " ".join(["omicshelf", *words]))
    monkeypatch.setenv("COMP_CWORD", str(len(words)))
    done = cli()
    assert done.stderr == ""
    assert done.stdout.split() == offered
