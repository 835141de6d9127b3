"""Commands that look: ls, search, info, get, path, cite, lineage, atlases, log."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from commandline import Cli

pytest_plugins = ("commandline",)

V1 = "gene,count\nCD4,1\nCD8A,2\n"
V2 = "gene,count\nCD4,1\nCD8A,5\nLYZ,7\n"


def test_ls_gives_a_pipe_one_line_for_each_dataset(cli: Cli) -> None:
    rows = cli("ls").lines
    assert [row[:6] for row in rows] == [
        ["counts", "Bulk RNAseq", "csv", "3 × 2", "30 B", "v2"],
        ["other", "Table", "csv", "3 × 2", "30 B", "v1"],
    ]
    assert all(len(row) == 7 for row in rows)


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        (["tissue:lung"], ["counts"]),
        (["--", "-tissue:lung"], ["other"]),
        (["type:Bulk RNAseq"], ["counts"]),
        (['type:"Bulk RNAseq" age:>50'], ["counts"]),
        (["tissue:lung age:>60"], []),
        (["--limit", "1"], ["counts"]),
        (["--limit", "0"], []),
        (["--order-by", "-dataset_id"], ["other", "counts"]),
        (["--deleted"], ["gone"]),
    ],
)
def test_ls_filters_and_orders(cli: Cli, words: list[str], ids: list[str]) -> None:
    assert [row[0] for row in cli("ls", *words).lines] == ids


def test_ls_as_json_has_all_that_is_recorded(cli: Cli) -> None:
    (found,) = cli("--json", "ls", "tissue:lung").json["datasets"]
    assert found["dataset_id"] == "counts"
    assert found["version"] == "v2"
    assert found["metadata"] == {"tissue": "lung", "age": 52}
    assert found["created_at"] < found["last_modified_at"]
    assert found["shape"] == [3, 2]


def test_an_empty_list_is_told_on_stderr(cli: Cli) -> None:
    done = cli("--atlas", "lungs", "ls")
    assert done.stdout == ""
    assert "There is no atlas 'lungs' yet; those there are: 'lung'." in done.stderr
    assert cli("--json", "--atlas", "lungs", "ls").json == {"datasets": []}


def test_search_counts_and_pages(cli: Cli) -> None:
    found = cli("--json", "search", "--facet", "tissue", "--limit", "1").json
    assert found["total"] == 2
    assert found["facets"] == {"tissue": {"liver": 1, "lung": 1}}
    after = cli("--json", "search", "--limit", "1", "--after", found["next"]).json
    assert [d["dataset_id"] for d in [*found["datasets"], *after["datasets"]]] == [
        "other",
        "counts",
    ]
    assert after["next"] is None


def test_search_in_words(cli: Cli) -> None:
    done = cli("search", "liver", "--facet", "data_type")
    assert [row[0] for row in done.lines] == ["other", "data_type"]
    assert done.lines[1] == ["data_type", "Table", "1"]
    assert done.stderr == "1 found.\n"


def test_info_tells_facts_data_and_metadata(cli: Cli) -> None:
    facts = dict(cli("info", "counts").lines)
    assert facts["dataset"] == "lung/counts"
    assert facts["study"] == "GSE1"
    assert facts["message"] == "one gene more"
    assert facts["age"] == "52"
    assert facts["columns"] == "gene, count"
    assert facts["written"].split(" by ")[0].endswith("UTC")


def test_info_of_a_version(cli: Cli) -> None:
    for reference in ("counts@v1", "counts@first", "lung/counts@v1"):
        facts = dict(cli("info", reference).lines)
        assert facts["version"].startswith("v1 (")
        assert facts["labels"] == "first"
        assert facts["shape"] == "2 × 2"
    found = cli("--json", "info", "counts@first").json
    assert found["version"] == "v1"
    assert found["summary"]["kind"] == "table"
    assert found["summary"]["n_rows"] == 2


def test_get_writes_the_file_as_it_came(cli: Cli) -> None:
    assert cli("get", "counts").stdout == "./counts.csv\n"
    assert Path("counts.csv").read_text() == V2
    assert cli("--json", "get", "counts@v1", "old/").json["path"] == "old/counts.csv"
    assert Path("old/counts.csv").read_text() == V1


def test_get_does_not_write_over_somebodys_work(cli: Cli) -> None:
    Path("counts.csv").write_text("mine")
    done = cli("get", "counts", code=2)
    assert done.stderr.startswith("'./counts.csv' is there already.")
    assert Path("counts.csv").read_text() == "mine"
    cli("get", "counts", "--overwrite")
    assert Path("counts.csv").read_text() == V2
    Path("link").symlink_to("nowhere")
    cli("get", "counts", "link", code=2)


def test_path_is_a_file_with_the_data(cli: Cli) -> None:
    shown = cli("path", "counts@first").stdout.removesuffix(os.linesep)
    assert Path(shown).read_text() == V1
    assert Path(cli("--json", "path", "counts").json["path"]).read_text() == V2


def test_cite_names_the_version_and_its_hashes(cli: Cli) -> None:
    text = cli("cite", "counts@first").stdout
    found = cli("--json", "cite", "counts@v1").json
    assert found["citation"] + "\n" == text
    assert text.startswith(f"lung/counts@{found['version_id']} (")
    assert "blake3:" in text
    assert "sha256:" in text
    # What is cited is found again.
    assert cli("--json", "info", text.split(" ")[0]).json["version"] == "v1"


def test_lineage_follows_parents(cli: Cli) -> None:
    assert "lung/counts v2 --parent--> lung/other v1" in cli("lineage", "other").stdout
    found = cli("--json", "lineage", "counts").json
    assert set(found) == {"version_id", "nodes", "edges"}
    assert {node["dataset_id"] for node in found["nodes"]} == {"counts", "other"}
    assert "nothing is recorded" in cli("lineage", "counts@v1").stdout


def test_atlases(cli: Cli) -> None:
    assert cli("atlases").lines[0][:2] == ["lung", "2"]
    (atlas,) = cli("--json", "atlases").json["atlases"]
    assert atlas["name"] == "lung"
    assert atlas["n_datasets"] == 2


def test_log_is_newest_first(cli: Cli) -> None:
    rows = cli("log").lines
    assert [row[3] for row in rows[:2]] == ["delete", "create"]
    assert [int(row[0]) for row in rows] == list(range(len(rows), 0, -1))
    assert [row[5] for row in cli("log", "counts").lines] == [
        "notes.txt",
        "GSE1",
        "v1 first",
        "v2: one gene more",
        "v1: as it came",
    ]
    changes = cli("--json", "log", "counts", "--limit", "2").json["changes"]
    assert [change["action"] for change in changes] == ["attach file", "set study"]
    assert cli("--json", "log", "--after", len(rows)).json == {"changes": []}
    assert [row[4] for row in cli("log", "gone").lines] == ["gone", "gone"]
    assert "no dataset 'nothing'" in cli("log", "nothing", code=2).stderr


def test_the_atlas_may_be_named_in_three_ways(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, table: Path
) -> None:
    cli("--atlas", "skin", "add", table, "melanoma")
    assert [row[0] for row in cli("--atlas", "skin", "ls").lines] == ["melanoma"]
    assert cli("info", "skin/melanoma").code == 0
    # With two atlases neither is meant by itself.
    assert "'lung', 'skin'" in cli("ls").stderr
    monkeypatch.setenv("OMICSHELF_ATLAS", "skin")
    assert [row[0] for row in cli("ls").lines] == ["melanoma"]


def test_a_new_catalog_is_told(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "nowhere yet"
    done = cli("--url", folder, "ls")
    assert f"A new catalog was started in '{folder}'." in done.stderr
    assert "No datasets in atlas 'default'." in done.stderr
    assert "new catalog" not in cli("--url", folder, "ls").stderr
