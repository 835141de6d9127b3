"""What every command has in common: help, refusals without a traceback, errors as JSON.

The commands are those that the application has, so a new one cannot be forgotten.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer
from typer.main import get_command

from omicshelf import errors
from omicshelf.cli.app import app

if TYPE_CHECKING:
    from commandline import Cli

pytest_plugins = ("commandline",)

_GROUP: Any = get_command(app)
_ALL: dict[str, Any] = _GROUP.commands
# Groups have tests of their own; `serve` passes what it does not know on to the server.
COMMANDS = {k: v for k, v in _ALL.items() if not hasattr(v, "commands") and k != "serve"}

# Commands with nothing that could be wrong but their options.
NOTHING_TO_NAME = {"atlases", "studies", "gc", "rebuild", "demo", "search", "verify", "ls", "log"}
# No NUL among them: a process cannot be given one.
HOSTILE = [
    "",
    " ",
    "-",
    "a@b@c",
    "../../etc/passwd",
    "\x1b[31mred",
    "x" * 5000,
    "\ud800",
    "'; drop table dataset; --",
    "[bold]x[/bold]",
]


def required(command: Any) -> int:
    """The number of arguments that a command needs."""
    return sum(p.param_type_name == "argument" and p.required for p in command.params)


def test_all_commands_of_this_release_are_there() -> None:
    assert set(_ALL) == {
        "add", "atlases", "attach", "cite", "cp", "demo", "detach", "diff", "edit", "export",
        "files", "gc", "get", "get-file", "import", "info", "label", "labels", "lineage", "log",
        "ls", "path", "purge", "rebuild", "rm", "role", "rollback", "search", "serve", "studies",
        "study", "token", "undelete", "update", "verify", "versions",
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_help_tells_purpose_options_and_an_example(cli: Cli, name: str) -> None:
    command = COMMANDS[name]
    shown = cli(name, "--help").stdout
    purpose = command.help.split("\n\n")[0]
    assert re.fullmatch(r"[A-Z][^\n]+[^.\s]\.", purpose)
    assert f"omicshelf {name}" in command.epilog or "rebuild" in command.epilog
    assert "Example:" in shown
    for param in command.params:
        assert (param.help or "").endswith("."), (name, param.name)
    assert command.rich_help_panel
    assert max(map(len, shown.splitlines())) <= 80


def test_examples_are_understood() -> None:
    """Every example parses: its options and arguments are those of the command."""
    import shlex

    for name, command in COMMANDS.items():
        (example,) = re.findall(r"omicshelf [^|)]+", command.epilog)
        words = shlex.split(example.rstrip('"'))[1:]
        while words[0].startswith("--"):
            words = words[2:]
        assert words[0] == name
        command.make_context(name, words[1:], resilient_parsing=False)


def test_no_command_is_help_not_an_error(cli: Cli) -> None:
    assert cli().stdout == cli("--help").stdout
    assert "Find and read" in cli().stdout
    assert re.fullmatch(r"omicshelf \d+\.\S+\n", cli("--version").stdout)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_wrong_options_are_refused(cli: Cli, name: str) -> None:
    done = cli("--json", name, "--no-such-option", code=2)
    assert done.stdout == ""
    (problem,) = done.problems
    assert problem["kind"] == "Usage"
    assert "--no-such-option" in problem["title"]
    assert f"omicshelf {name} --help" in problem["detail"]


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - NOTHING_TO_NAME))
def test_missing_arguments_are_refused(cli: Cli, name: str) -> None:
    done = cli(name, code=2)
    assert done.stdout == ""
    assert done.stderr


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - {"demo"}))
def test_hostile_arguments_never_crash(cli: Cli, name: str) -> None:
    """Each is refused, or is text that is simply not found; nothing is written by it."""
    command = COMMANDS[name]
    before = len(cli("log", "--limit", "1000").lines)
    for value in HOSTILE:
        words = [value] * max(1, required(command))
        done = cli("--json", name, "--", *words, code=None)
        for problem in done.problems:
            assert problem["kind"] != "Internal", (value, problem)
            assert set(problem) == {"title", "detail", "kind"}
        # What to search for and a new file may be called anything; all else is not there.
        expected = {0, 2} if name in ("search", "ls", "export") else {2}
        assert done.code in expected, (value, done)
        assert done.code == 0 or done.problems
    assert len(cli("log", "--limit", "1000").lines) == before
    assert name == "export" or not list(Path.cwd().iterdir())


def hostile_options() -> Iterator[tuple[str, str]]:
    for name, command in sorted(COMMANDS.items()):
        for param in command.params:
            takes_text = param.param_type_name == "option" and not getattr(param, "is_flag", False)
            if takes_text and name != "demo":
                yield name, param.opts[0]


@pytest.mark.parametrize(("name", "option"), list(hostile_options()))
def test_hostile_options_never_crash(cli: Cli, name: str, option: str) -> None:
    for value in ("", "\ud800", "-1"):
        words = ["counts"] * required(COMMANDS[name])
        done = cli("--json", name, f"{option}={value}", "--", *words, code=None)
        assert done.code in (0, 1, 2), (value, done)
        for problem in done.problems:
            assert problem["kind"] != "Internal", (value, problem)


@pytest.mark.parametrize(
    "words",
    [
        ["info", "nothing"],
        ["info", "counts@v9"],
        ["info", "skin/counts"],
        ["get", "nothing"],
        ["path", "counts@zzz"],
        ["cite", "nothing"],
        ["lineage", "nothing"],
        ["versions", "nothing"],
        ["diff", "counts", "v1", "v9"],
        ["rollback", "nothing", "v1"],
        ["rm", "nothing"],
        ["undelete", "nothing"],
        ["label", "nothing", "v1", "x"],
        ["labels", "nothing"],
        ["files", "nothing"],
        ["files", "counts", "--history", "nothing"],
        ["get-file", "counts", "nothing"],
        ["detach", "counts", "nothing"],
        ["study", "nothing"],
        ["study", "nothing", "S"],
        ["cp", "nothing", "x"],
        ["update", "nothing", "--meta", "a=1"],
        ["edit", "nothing", "--set", "a=1"],
        ["purge", "nothing", "--keep-last", "1"],
        ["verify", "nothing"],
        ["log", "nothing"],
        ["export", "x.zip", "nothing"],
    ],
)
def test_what_is_not_there_is_named(cli: Cli, words: list[str]) -> None:
    (problem,) = cli("--json", *words, code=2).problems
    assert problem["kind"] == "NotFound"
    missing = re.search(r"nothing|v9|zzz|skin", " ".join(words))
    assert missing is not None
    assert missing[0] in problem["title"]
    assert problem["detail"]


def test_errors_have_a_title_in_red_and_a_remedy(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    done = cli("info", "count", code=2)
    assert done.stdout == ""
    title, detail = done.stderr.splitlines()
    assert title == "There is no dataset 'count' in atlas 'lung'."
    assert "'counts'" in detail
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert cli("info", "count", code=2).stderr.startswith("\x1b[31mThere is no dataset")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in cli("info", "count", code=2).stderr


def test_global_options_after_the_command_are_explained(cli: Cli) -> None:
    done = cli("ls", "--json", code=2)
    assert "--json goes before the command: omicshelf --json … ls." in done.stderr
    assert "omicshelf ls -- -tissue:lung" in cli("ls", "-tissue:lung", code=2).stderr
    assert "Did you mean 'info'" in cli("inof", code=2).stderr


def test_json_is_known_before_the_options_are_read(cli: Cli) -> None:
    for words in (["--json", "--wrong"], ["--atlas", "--json", "--json", "info"]):
        (problem,) = cli(*words, code=2).problems
        assert problem["kind"] == "Usage"
    assert not cli("--atlas", "--json", "info", code=2).stderr.startswith("{")


@pytest.mark.parametrize(
    ("error", "code", "kind"),
    [
        (errors.Unreachable("The server is away.", "Try later."), 3, "Unreachable"),
        (errors.StorageError("No space."), 2, "StorageError"),
        (OSError(28, "No space left on device", "/data"), 2, "StorageError"),
        (RuntimeError("oops"), 2, "Internal"),
        (RecursionError(), 2, "Internal"),
        (MemoryError(), 2, "Internal"),
        (typer.Abort(), 130, "Cancelled"),
        (KeyboardInterrupt(), 130, "Cancelled"),
        (EOFError(), 130, "Cancelled"),
        (BrokenPipeError(), 141, None),
    ],
)
def test_whatever_is_raised_becomes_an_exit_code(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, kind: str | None
) -> None:
    from omicshelf.catalog import Catalog

    def fail(*args: object, **kwargs: object) -> None:
        raise error

    monkeypatch.setattr(Catalog, "list_datasets", fail)
    done = cli("--json", "ls", code=code)
    assert done.stdout == ""
    assert [problem["kind"] for problem in done.problems] == ([kind] if kind else [])


def test_a_fault_of_our_own_can_be_looked_into(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    from typer.testing import CliRunner

    from omicshelf.catalog import Catalog

    def fail(*args: object, **kwargs: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(Catalog, "list_datasets", fail)
    assert "OMICSHELF_TRACEBACK=1" in cli("ls", code=2).stderr
    monkeypatch.setenv("OMICSHELF_TRACEBACK", "1")
    assert isinstance(CliRunner().invoke(app, ["ls"]).exception, ZeroDivisionError)


def test_what_was_done_before_a_cancel_is_told(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    from omicshelf.catalog import Catalog

    add = Catalog.save

    def save(self: Catalog, dataset_id: str, *args: Any, **kwargs: Any) -> Any:
        if dataset_id == "b":
            raise KeyboardInterrupt
        return add(self, dataset_id, *args, **kwargs)

    monkeypatch.setattr(Catalog, "save", save)
    for name in ("a", "b"):
        Path(f"{name}.csv").write_text("x\n1\n")
    done = cli("add", "a.csv", "b.csv", code=130)
    assert "Cancelled after 1 was done: a.csv" in done.stderr
    assert cli("add", "b.csv", code=130).stderr == "Cancelled; nothing was changed.\n"


def test_warnings_are_lines_and_those_for_programmers_are_not_shown(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    import warnings

    from omicshelf.catalog import Catalog

    def warn(*args: object, **kwargs: object) -> list[object]:
        for _time in range(2):
            warnings.warn("two\nlines; use `catalog.search()`", stacklevel=2)
        warnings.warn("old", FutureWarning, stacklevel=2)
        warnings.warn("old", DeprecationWarning, stacklevel=2)
        return []

    monkeypatch.setattr(Catalog, "list_datasets", warn)
    shown = cli("--quiet", "ls").stderr
    assert shown == "Warning: two lines; use `omicshelf ls`\n"
    (line,) = cli("--json", "ls").problems
    assert line == {"title": "two\nlines; use `omicshelf ls`", "detail": None, "kind": "Warning"}


def test_the_functions_are_documented_where_their_help_comes_from() -> None:
    for name, command in COMMANDS.items():
        assert inspect.getdoc(command.callback), name
