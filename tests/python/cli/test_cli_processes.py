"""The command as a process: exit codes, pipes, ctrl-C, terminals, completion, start-up."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from commandline import Cli

pytest_plugins = ("commandline",)

HEAVY = {"anndata", "pandas", "scanpy", "pyarrow", "zarr", "h5py", "scipy", "cyvcf2", "mudata"}


def command(*args: object) -> list[str]:
    return [sys.executable, "-m", "omicshelf", *map(str, args)]


@pytest.fixture
def run_in(catalog_folder: Path, tmp_path: Path) -> dict[str, Any]:
    """Where and with what settings a process runs."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("OMICSHELF_", "_OMICSHELF"))}
    settings = {"OMICSHELF_URL": str(catalog_folder), "NO_COLOR": "1", "COLUMNS": "80"}
    return {"env": {**kept, **settings}, "cwd": tmp_path}


def run(where: dict[str, Any], *args: object, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*args), capture_output=True, text=True, timeout=120, **{**where, **more}
    )


def test_exit_codes_and_streams(run_in: dict[str, Any]) -> None:
    done = run(run_in, "path", "counts")
    assert done.returncode == 0
    assert Path(done.stdout.rstrip("\n")).read_text().startswith("gene,count")
    assert run(run_in, "diff", "counts", "v1", "--exit-code").returncode == 1
    done = run(run_in, "info", "nothing")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("There is no dataset 'nothing' in atlas 'lung'.\n")
    assert "Traceback" not in done.stderr


def test_the_installed_command_is_the_same() -> None:
    from importlib.metadata import entry_points

    from omicshelf.cli import main

    (script,) = entry_points(group="console_scripts", name="omicshelf")
    assert script.load() is main


@pytest.mark.parametrize("words", [["info", "counts"], ["--help"], ["path", "counts"]])
def test_a_reader_that_leaves_is_no_error(run_in: dict[str, Any], words: list[str]) -> None:
    with subprocess.Popen(
        command(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, **run_in
    ) as process:
        process.stdout.close()  # before anything is written
        stderr = process.stderr.read()
    assert stderr == b""
    assert process.returncode == 141


# A command that waits, so that the signal comes while it runs.
_WAITING = """
import sys, time
from omicshelf.catalog import Catalog
from omicshelf.cli import main

def wait(*args, **kwargs):
    sys.stderr.write("waiting\\n")
    sys.stderr.flush()
    time.sleep(60)

Catalog.list_datasets = wait
sys.argv = ["omicshelf", "ls"]
main()
"""


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c(run_in: dict[str, Any]) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _WAITING],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **run_in,
    ) as process:
        assert process.stderr.readline() == "waiting\n"
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=60)
    assert (stdout, stderr) == ("", "Cancelled; nothing was changed.\n")
    assert process.returncode == 130


def in_terminal(where: dict[str, Any], *args: object, typed: bytes = b"") -> tuple[int, str]:
    """Run a command at a terminal of 80 columns."""
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        command(*args), stdin=theirs, stdout=theirs, stderr=theirs, **where
    ) as process:
        os.close(theirs)
        os.write(ours, typed)
        shown = b""
        while True:
            try:
                block = os.read(ours, 65536)
            except OSError:  # Linux says so that the other end is closed
                break
            if not block:
                break
            shown += block
    os.close(ours)
    return process.returncode, shown.decode().replace("\r\n", "\n")


def plain(shown: str) -> str:
    """Without bold and underlined."""
    return re.sub(r"\x1b\[[014]m", "", shown)


def test_tables_fit_a_terminal(run_in: dict[str, Any]) -> None:
    code, shown = in_terminal(run_in, "ls")
    assert code == 0
    head, *rows = plain(shown).splitlines()
    assert head.split() == [
        "ID", "TYPE", "FORMAT", "SHAPE", "SIZE", "VERSION", "MODIFIED", "(UTC)",
    ]  # fmt: skip
    assert [row.split()[0] for row in rows] == ["counts", "other"]
    for words in (["log"], ["info", "counts"]):
        _code, shown = in_terminal(run_in, *words)
        assert max(map(len, plain(shown).splitlines())) <= 80
        assert "\x1b" not in plain(shown)  # NO_COLOR is set


def test_what_is_too_wide_gives_way_in_order(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from omicshelf.cli.output import Column, Output

    monkeypatch.setattr(Output, "in_terminal", True)
    monkeypatch.setenv("COLUMNS", "40")
    columns = (Column("ID"), Column("TYPE", cut=True), Column("SIZE", right=True))
    Output().table(columns, [("short", "t" * 60, "4 B"), ("i" * 30, "", "12.5 MB")])
    assert capsys.readouterr().out.splitlines() == [
        "ID                     TYPE         SIZE",
        "short                  ttttttt…      4 B",
        "iiiiiiiiiiiiiiiiiiiii            12.5 MB",
        "iiiiiiiii                               ",
    ]


def test_a_question_can_be_answered(run_in: dict[str, Any]) -> None:
    purge = ("purge", "counts", "--keep-last", "1", "--force")
    code, shown = in_terminal(run_in, *purge, typed=b"n\n")
    assert code == 130
    assert "Remove 1 version of counts for good? [y/N]" in shown
    assert shown.endswith("Cancelled; nothing was changed.\n")
    code, shown = in_terminal(run_in, *purge, typed=b"y\n")
    assert code == 0
    assert "1 version of counts removed" in shown


def test_names_cannot_steer_the_terminal(run_in: dict[str, Any], tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("a\n1\n")
    message = "\x1b[2J\x07\u202e\tfine\n[red]x"
    assert run(run_in, "add", table, "-m", message, "--meta", f"k={message}").returncode == 0
    piped = run(run_in, "info", "t").stdout
    _code, shown = in_terminal(run_in, "info", "t")
    for text in (piped, shown):
        assert r"\x1b[2J\x07\u202e\tfine\n[red]x" in text
        assert not {"\x07", "\u202e"} & set(text)
        assert "\x1b" not in plain(text)


def test_output_that_has_no_letters_for_it(run_in: dict[str, Any]) -> None:
    env = {**run_in["env"], "PYTHONIOENCODING": "iso8859-5"}
    done = run(run_in, "ls", env=env)
    assert done.returncode == 0
    assert r"3 \xd7 2" in done.stdout


@pytest.mark.parametrize("words", [["--help"], ["ls"], ["info", "counts"], ["nothing"]])
def test_starting_is_light(run_in: dict[str, Any], words: list[str]) -> None:
    code = (
        "import sys\n"
        "from omicshelf.cli import main\n"
        f"sys.argv = ['omicshelf', *{words!r}]\n"
        "try:\n"
        "    main()\n"
        "except SystemExit:\n"
        "    print('loaded:', *sorted(sys.modules), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, **run_in)
    loaded = set(done.stderr.rpartition("loaded:")[2].split())
    assert loaded
    heavy = HEAVY | ({"sqlalchemy", "numpy"} if words in (["--help"], ["nothing"]) else set())
    assert heavy & loaded == set()


# -- completion


def asked(words: list[str]) -> dict[str, str]:
    """What bash passes when it asks what could follow, the last of the words being begun."""
    return {
        "_OMICSHELF_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join(["omicshelf", *words]),
        "COMP_CWORD": str(len(words)),
    }


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["versi"], ["versions"]),
        (["info", "co"], ["counts"]),
        (["info", ""], ["counts", "other"]),
        (["info", "lung/o"], ["lung/other"]),
        (["info", "counts@"], ["counts@v2", "counts@v1", "counts@first"]),
        (["rollback", "counts", "f"], ["first"]),
        (["diff", "counts", "v1", "v2"], ["v2"]),
        (["label", "counts", "--remove", ""], ["first"]),
        (["get-file", "counts", "n"], ["notes.txt"]),
        (["attach", "counts", "--tag", "Q"], ["QC"]),
        (["study", "other", "G"], ["GSE1"]),
        (["--atlas", "l"], ["lung"]),
        (["--atlas", "skin", "info", "c"], []),
        (["rollback", "nothing", "v"], []),
    ],
)
def test_completion(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, words: list[str], offered: list[str]
) -> None:
    for name, value in asked(words).items():
        monkeypatch.setenv(name, value)
    done = cli()
    assert done.stderr == ""
    assert done.stdout.split() == offered


@pytest.mark.parametrize("name", ["none", "empty"])
def test_completion_makes_no_catalog(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    (tmp_path / "empty").mkdir()
    for key, value in asked(["--url", str(tmp_path / name), "info", "c"]).items():
        monkeypatch.setenv(key, value)
    assert cli().stdout.strip() == ""
    assert list((tmp_path / "empty").iterdir()) == []
    assert not (tmp_path / "none").exists()


def test_completion_of_a_process(run_in: dict[str, Any]) -> None:
    env = {**run_in["env"], **asked(["info", "counts@f"])}
    done = run(run_in, env=env)
    assert (done.stdout.split(), done.stderr, done.returncode) == (["counts@first"], "", 0)


def test_completion_script(run_in: dict[str, Any]) -> None:
    env = {**run_in["env"], "_OMICSHELF_COMPLETE": "source_bash"}
    done = run(run_in, env=env)
    assert "complete -o default -F _omicshelf_completion omicshelf" in done.stdout


def test_a_catalog_is_known_by_the_marker_of_the_backend() -> None:
    from omicshelf.backend.embedded.backend import MARKER
    from omicshelf.cli.session import has_catalog

    assert MARKER in has_catalog.__code__.co_consts


def test_json_of_a_process(run_in: dict[str, Any]) -> None:
    done = run(run_in, "--json", "info", "counts")
    assert json.loads(done.stdout)["dataset_id"] == "counts"
    assert done.stderr == ""
