"""Commands that write: add, update, edit, cp, rm, undelete, study, attach, label, purge …"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from commandline import Cli

pytest_plugins = ("commandline",)


def metadata(cli: Cli, dataset: str) -> dict[str, object]:
    found = cli("--json", "info", dataset).json["metadata"]
    assert isinstance(found, dict)
    return found


# -- add


def test_add_makes_an_id_of_the_name(cli: Cli, table: Path) -> None:
    done = cli("add", table)
    assert done.stdout == "new_table@v1\n"
    assert done.stderr == "Added new_table@v1: csv, 2 × 2, 12 B.\n"
    assert cli("--json", "info", "new_table").json["data_type"] == "Table"
    assert cli("--json", "log").json["changes"][0]["origin"]["interface"] == "cli"


def test_add_takes_all_that_is_known(cli: Cli, table: Path, tmp_path: Path) -> None:
    more = tmp_path / "more.json"
    more.write_text('\ufeff{"tissue": "skin", "site": "back"}', encoding="utf-8")
    found = cli(
        "--json", "add", table, "mine", "--type", "Screen", "--study", "S", "-m", "why",
        "--meta", "tissue=lung", "--meta", "age=52", "--meta", "tags=[1, 2]", "--meta", "x=a=b",
        "--meta", "nan=NaN", "--meta-file", more, "--parent", "counts@first",
    ).json["datasets"][0]  # fmt: skip
    assert found["dataset_id"] == "mine"
    assert found["data_type"] == "Screen"
    assert found["study_id"] == "S"
    assert found["message"] == "why"
    assert found["metadata"] == {
        "tissue": "lung", "site": "back", "age": 52, "tags": [1, 2], "x": "a=b", "nan": "NaN",
    }  # fmt: skip
    assert found["parents"] == [cli("--json", "info", "counts@v1").json["version_id"]]


def test_add_refuses_an_id_that_is_taken(cli: Cli, table: Path) -> None:
    done = cli("add", table, "counts", code=2)
    assert "'counts' is in atlas 'lung' already." in done.stderr
    assert "--update" in done.stderr


def test_add_update_writes_only_what_changed(cli: Cli, table: Path) -> None:
    assert cli("add", table, "--update").stdout == "new_table@v1\n"
    assert "Unchanged: new_table@v1" in cli("add", table, "--update").stderr
    table.write_text("a,b\n1,2\n3,5\n")
    cli("add", table, "--update", "--meta", "a=1")
    assert cli("add", table, "--update", "--meta", "b=2").stdout == "new_table@v3\n"
    assert metadata(cli, "new_table") == {"a": 1, "b": 2}


def test_add_several_files_goes_on_where_one_is_refused(cli: Cli) -> None:
    for name in ("a", "b"):
        Path(f"{name}.csv").write_text(f"{name}\n1\n")
    Path("broken.h5ad").write_text("no HDF5")
    done = cli("--json", "add", "*.csv", "broken.h5ad", code=2)
    assert [d["dataset_id"] for d in done.json["datasets"]] == ["a", "b"]
    (error,) = done.json["errors"]
    assert error["item"] == "broken.h5ad"
    assert error["kind"] == "Invalid"
    assert {row[0] for row in cli("ls").lines} == {"a", "b", "counts", "other"}


def test_add_plans_before_it_writes(cli: Cli) -> None:
    Path("a.csv").write_text("a\n1\n")
    Path("a.tsv").write_text("a\n1\n")
    done = cli("add", "a.csv", "a.tsv", code=2)
    assert "'a.csv' and 'a.tsv' would both become 'a'." in done.stderr
    cli("add", "a.csv", "missing.csv", code=2)
    cli("add", "a.csv", "a.tsv", "--id", "x", code=2)
    cli("add", "nothing*.csv", code=2)
    assert [row[0] for row in cli("ls").lines] == ["counts", "other"]


def test_add_no_check_keeps_a_broken_file_with_the_reason(cli: Cli) -> None:
    Path("broken.h5ad").write_text("no HDF5")
    done = cli("add", "broken.h5ad", "--no-check")
    assert "Warning: broken: " in done.stderr
    assert cli("--json", "info", "broken").json["summary"]["problems"]
    assert "problem" in dict(cli("info", "broken").lines)


def test_add_with_a_format(cli: Cli) -> None:
    Path("data.weird").write_text("a\tb\n1\t2\n")
    cli("add", "data.weird", "--format", "tsv")
    assert cli("--json", "info", "data").json["data_format"] == "tsv"


# -- update, edit


def test_update_merges_metadata(cli: Cli, table: Path) -> None:
    cli("update", "counts", "--meta", "age=53", "-m", "birthday")
    assert metadata(cli, "counts") == {"tissue": "lung", "age": 53}
    cli("update", "counts", table, "--replace-meta", "--meta", "age=54")
    assert metadata(cli, "counts") == {"age": 54}
    found = cli("--json", "update", "counts", "--type", "Table", "--expect", "v4").json
    assert found["version"] == "v5"
    assert found["data_type"] == "Table"


def test_update_refuses_what_is_based_on_an_old_version(cli: Cli, table: Path) -> None:
    done = cli("--json", "update", "counts", table, "--expect", "v1", code=2)
    assert done.problems[0]["kind"] == "Conflict"
    assert "omicshelf diff counts v1 v2" in done.problems[0]["detail"]
    assert cli("--json", "info", "counts").json["version"] == "v2"


def test_update_needs_something_to_update(cli: Cli) -> None:
    done = cli("update", "counts", code=2)
    assert done.stderr == "Nothing to update\nGive a path, --type, --meta or --format.\n"
    cli("update", "counts", "--replace-meta", code=2)


def test_edit_many_at_once(cli: Cli) -> None:
    done = cli("edit", "counts", "other", "--set", "organ=lung", "--remove", "age", "--dry-run")
    assert done.lines == [
        ["counts", "age", "52", ""],
        ["counts", "organ", "", "lung"],
        ["other", "organ", "", "lung"],
    ]
    assert "2 would change" in done.stderr
    assert metadata(cli, "counts") == {"tissue": "lung", "age": 52}
    found = cli("--json", "edit", "--where", "tissue:lung", "--set", "tissue=Lung").json
    assert found == {
        "changed": {
            "counts": {
                "was": {"tissue": "lung", "age": 52},
                "now": {"tissue": "Lung", "age": 52},
            }
        },
        "unchanged": [],
        "dry_run": False,
    }
    assert metadata(cli, "counts") == {"tissue": "Lung", "age": 52}
    assert metadata(cli, "other") == {"tissue": "liver"}


@pytest.mark.parametrize(
    "words",
    [
        ["--set", "a=1"],
        ["counts", "--where", "tissue:lung", "--set", "a=1"],
        ["--where", "tissue", "--set", "a=1"],
        ["counts"],
        ["counts", "--set", "a"],
        ["counts", "--set", "a=1", "--remove", "a"],
        ["counts", "skin/other", "--set", "a=1"],
    ],
)
def test_edit_refuses(cli: Cli, words: list[str]) -> None:
    cli("edit", *words, code=2)
    assert cli("--json", "info", "counts").json["version"] == "v2"


# -- whole datasets


def test_rm_and_undelete(cli: Cli) -> None:
    done = cli("rm", "counts", "other")
    assert "`omicshelf undelete counts` brings it back." in done.stderr
    assert cli("ls").stdout == ""
    assert "`omicshelf undelete counts` brings it back." in cli("info", "counts", code=2).stderr
    assert cli("undelete", "counts").stdout == "counts@v2\n"
    assert cli("--json", "undelete", "other").json["version"] == "v1"
    assert cli("--json", "rm", "other").json == {"deleted": ["other"]}


def test_rm_looks_all_up_before_it_deletes_one(cli: Cli) -> None:
    cli("rm", "counts", "nothing", code=2)
    assert cli("info", "counts").code == 0


def test_cp(cli: Cli) -> None:
    assert cli("cp", "counts", "again").stdout == "again@v1\n"
    assert "--overwrite" in cli("cp", "counts", "again", code=2).stderr
    assert cli("cp", "counts", "again", "--overwrite").stdout == "again@v2\n"
    found = cli("--json", "cp", "counts", "kept", "--to-atlas", "archive", "--with-history").json
    assert (found["atlas"], found["dataset_id"], found["added_bytes"]) == ("archive", "kept", 0)
    assert len(cli("versions", "archive/kept").lines) == 2
    cli("cp", "lung/counts", "archive/two")
    cli("cp", "counts@v1", "three", code=2)
    cli("cp", "lung/counts", "archive/two", "--to-atlas", "lung", code=2)


def test_study(cli: Cli) -> None:
    assert cli("study", "counts").stdout == "GSE1\n"
    assert cli("studies").stdout == "GSE1\n"
    assert cli("--json", "study", "counts", "S 2").json == {
        "dataset_id": "counts",
        "study_id": "S 2",
    }
    assert cli("--json", "studies").json == {"studies": ["S 2"]}
    cli("study", "counts", "S", "--none", code=2)
    assert cli("study", "counts", "--none").stderr == "counts is in no study.\n"
    assert cli("studies").stderr == "There are no studies.\n"
    assert len(cli("versions", "counts").lines) == 2


# -- versions


def test_versions(cli: Cli) -> None:
    rows = cli("versions", "counts").lines
    assert [(row[0], row[3], row[5], row[6]) for row in rows] == [
        ("v2", "30 B", "", "one gene more"),
        ("v1", "24 B", "first", "as it came"),
    ]
    found = cli("--json", "versions", "counts").json["versions"]
    assert [version["version"] for version in found] == ["v2", "v1"]
    cli("rm", "counts")
    assert len(cli("versions", "counts", "--deleted").lines) == 2


def test_diff(cli: Cli) -> None:
    text = cli("diff", "counts", "first").stdout
    assert text.startswith("counts: v1 -> v2\n")
    found = cli("--json", "diff", "counts", "v1", "v2", "--deep").json
    assert found["same"] is False
    assert found["rows"] == {"was": 2, "now": 3}
    assert cli("diff", "counts", "v1", "--exit-code", code=1).stdout == text
    assert "nothing changed" in cli("diff", "counts", "v2", "v2", "--exit-code").stdout


def test_rollback(cli: Cli) -> None:
    done = cli("rollback", "counts", "first", "-m", "back")
    assert done.stdout == "counts@v3\n"
    assert done.stderr.startswith("Rolled back to first: counts@v3: csv, 2 × 2")
    assert cli("--json", "rollback", "counts", "v2").json["version"] == "v4"
    assert "It has v1 to v4" in cli("rollback", "counts", "v9", code=2).stderr


def test_label(cli: Cli) -> None:
    assert cli("label", "counts", "v2", "final one").stderr == "'final one' names counts@v2.\n"
    assert [row[:2] for row in cli("labels", "counts").lines] == [
        ["first", "v1"],
        ["final one", "v2"],
    ]
    assert set(cli("--json", "labels", "counts").json["labels"]) == {"first", "final one"}
    done = cli("label", "counts", "v1", "final one", code=2)
    assert "omicshelf label counts --remove 'final one'" in done.stderr
    found = cli("--json", "label", "counts", "--remove", "first").json
    assert list(found["labels"]) == ["final one"]
    for wrong in (["v1"], [], ["v1", "v7"], ["v1", "--remove", "first"]):
        cli("label", "counts", *wrong, code=2)
    assert cli("labels", "other").stderr == "other has no labels.\n"


def test_purge_asks_first(cli: Cli) -> None:
    cli("label", "counts", "--remove", "first")
    done = cli("purge", "counts", "--keep-last", "1", "--dry-run")
    assert "1 version of counts would be removed, 1 kept" in done.stderr
    done = cli("purge", "counts", "--keep-last", "1", code=2)
    assert "--yes" in done.stderr
    assert len(cli("versions", "counts").lines) == 2
    found = cli("--json", "purge", "counts", "--keep-last", "1", "--yes").json
    assert len(found["removed"]) == 1
    assert found["dry_run"] is False
    assert len(cli("versions", "counts").lines) == 1
    # There is nothing to ask where nothing would be removed.
    assert "0 versions of counts removed" in cli("purge", "counts", "--keep-last", "1").stderr


def test_purge_keeps_labelled_versions(cli: Cli) -> None:
    done = cli("purge", "counts", "--older-than", "0", "--yes")
    assert "0 versions of counts removed, 2 kept" in done.stderr
    cli("purge", "counts", "--older-than", "0", "--yes", "--force")
    assert len(cli("versions", "counts").lines) == 1


def test_purge_all_is_for_deleted_datasets(cli: Cli) -> None:
    assert "omicshelf rm other" in cli("purge", "other", "--all", "--yes", code=2).stderr
    assert "1 version of gone would be removed" in cli("purge", "gone", "--all", "--dry-run").stderr
    cli("purge", "gone", "--all", code=2)
    cli("purge", "gone", "--all", "--yes")
    cli("undelete", "gone", code=2)
    for wrong in ([], ["--all", "--keep-last", "1"], ["--keep-last", "0"], ["--older-than", "x"]):
        cli("purge", "counts", *wrong, "--yes", code=2)


# -- files


def test_files(cli: Cli) -> None:
    assert cli("files", "counts").lines[0][:5] == ["notes.txt", "txt", "15 B", "QC", "v2"]
    assert cli("files", "counts", "--tag", "none").stdout == ""
    (found,) = cli("--json", "files", "counts").json["files"]
    assert found["file_name"] == "notes.txt"
    assert cli("get-file", "counts", "notes.txt", "n.txt").stdout == "n.txt\n"
    assert Path("n.txt").read_text() == "cells were fine"
    cli("get-file", "counts", "notes.txt", "n.txt", code=2)
    assert cli("--json", "get-file", "counts", "notes.txt").json["path"] == "./notes.txt"


def test_attach_and_detach(cli: Cli) -> None:
    for name in ("a.txt", "b c.txt"):
        Path(name).write_text(name)
    assert "Attached b c.txt to counts." in cli("attach", "counts", "a.txt", "b c.txt").stderr
    found = cli("--json", "attach", "counts", "a.txt", "--name", "notes.txt").json
    assert found["files"][0]["file_name"] == "notes.txt"
    assert [row[-1] for row in cli("files", "counts", "--history", "notes.txt").lines] == [
        "current",
        "replaced",
    ]
    cli("attach", "counts", "a.txt", "b c.txt", "--name", "x.txt", code=2)
    done = cli("--json", "attach", "counts", "a.txt", "missing.txt", code=2)
    assert [error["item"] for error in done.json["errors"]] == ["missing.txt"]
    cli("detach", "counts", "a.txt")
    assert cli("files", "counts", "--history", "a.txt").lines[0][-1] == "removed"
    cli("detach", "counts", "b c.txt", "--purge", code=2)
    assert cli("--json", "detach", "counts", "b c.txt", "--purge", "--yes").json["purged"] is True
    assert {row[0] for row in cli("files", "counts").lines} == {"notes.txt"}


# -- keeping


def test_verify_finds_damage(cli: Cli, catalog_folder: Path) -> None:
    assert cli("verify").stderr.endswith("all as written.\n")
    assert cli("--json", "verify", "--all").json["ok"] is True
    (pack,) = {
        path
        for path in (catalog_folder / "objects").rglob("*")
        if path.is_file() and path.read_bytes() == b"gene,count\nCD4,1\nCD8A,2\n"
    }
    os.chmod(pack, 0o644)  # noqa: PTH101
    pack.write_bytes(b"gene,count\nCD4,1\nCD8A,3\n")
    done = cli("verify", "counts", code=1)
    assert len(done.lines) == 1
    found = cli("--json", "verify", code=1).json
    assert found["ok"] is False
    assert len(found["problems"]) == 1
    assert cli("verify", "other").code == 0
    cli("path", "counts@v1", code=2)
    cli("verify", "counts", "--all", code=2)


def test_gc(cli: Cli) -> None:
    cli("purge", "gone", "--all", "--yes")
    assert "would be freed" in dict(cli("gc", "--dry-run").lines)
    found = cli("--json", "gc", "--grace", "0").json
    assert {"freed_bytes", "dead_bytes", "dry_run"} <= set(found)
    cli("gc", "--grace", "-1", code=2)


def test_rebuild(cli: Cli, catalog_folder: Path) -> None:
    before = [row[:6] for row in cli("ls").lines]
    (catalog_folder / "catalog.db").unlink()
    found = cli("--json", "rebuild").json
    assert found["ok"] is True
    assert found["n_versions"] == 4
    assert [row[:6] for row in cli("ls").lines] == before
    assert dict(cli("rebuild").lines)["versions"] == "4"


def test_rebuild_of_what_is_no_catalog(cli: Cli, tmp_path: Path) -> None:
    cli("--url", tmp_path / "nothing", "rebuild", code=2)
    assert not (tmp_path / "nothing").exists()
    assert "no folder" in cli("--url", "http://localhost:1", "rebuild", code=2).stderr


def test_export_and_import(cli: Cli, tmp_path: Path) -> None:
    done = cli("export", "all.omicshelf.zip")
    assert done.stdout == "all.omicshelf.zip\n"
    assert "Exported lung: 2 datasets, 4 versions, 1 file" in done.stderr
    cli("export", "all.omicshelf.zip", code=2)
    cli("export", "x.zip", "skin", code=2)
    new = ("--url", tmp_path / "new")
    assert cli(*new, "--json", "import", "all.omicshelf.zip").json["atlases"] == ["lung"]
    assert [row[0] for row in cli(*new, "versions", "counts").lines] == ["v2", "v1"]
    cli("import", "all.omicshelf.zip", code=2)
    cli("import", "all.omicshelf.zip", "--rename", "lung", code=2)


def test_demo(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    import omicshelf.demo

    given: list[object] = []

    def run(folder: str | None, *, lab: bool, console: object) -> int:
        given.append((folder, lab, console is None))
        return len(given) - 1

    monkeypatch.setattr(omicshelf.demo, "run", run)
    cli("demo", "--no-lab")
    assert "JupyterLab ended with exit code 1." in cli("--json", "demo", "tour", code=2).stderr
    assert given == [(None, False, True), ("tour", True, False)]


def test_quiet_leaves_out_messages_only(cli: Cli, table: Path) -> None:
    done = cli("--quiet", "add", table)
    assert (done.stdout, done.stderr) == ("new_table@v1\n", "")
    assert cli("-q", "info", "nothing", code=2).stderr


def test_metadata_from_a_file_that_is_none(cli: Cli, table: Path) -> None:
    for text in ("{", "[1]", '{"a": NaN, "b": ' + "[" * 100_000):
        Path("m.json").write_text(text)
        done = cli("--json", "add", table, "--meta-file", "m.json", code=2)
        assert done.problems[0]["kind"] == "Invalid"
    cli("add", table, "--meta-file", "missing.json", code=2)
    Path("m.json").write_text(json.dumps({"a": {"b": [None]}}))
    cli("add", table, "--meta-file", "m.json")
    assert metadata(cli, "new_table") == {"a": {"b": [None]}}
