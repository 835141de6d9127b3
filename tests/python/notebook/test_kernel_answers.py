"""What JupyterLab asks a kernel, asked as it asks: by expressions that no notebook shows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from realkernel import WITHIN_S, Kernel

import omicshelf

Told = dict[str, Any]


def asked(kernel: Kernel, name: str, /, **given: Any) -> Told:
    """Ask silently; give the whole answer, what went wrong too."""
    told = json.dumps(json.dumps(given))
    code = (
        f'__import__("omicshelf.notebook.kernel", fromlist=["{name}"]).{name}'
        f'(**__import__("json").loads({told}))'
    )
    reply = kernel.client.execute(
        "", silent=True, store_history=False, user_expressions={"x": code}, reply=True,
        timeout=WITHIN_S,
    )  # fmt: skip
    found = reply["content"]["user_expressions"]["x"]
    assert found["status"] == "ok", found
    # Nothing of it is shown, and whatever shows it says nothing of the data.
    assert found["data"]["text/plain"].startswith("Answer(")
    answer: Told = found["data"]["application/json"]
    return answer


def value(kernel: Kernel, name: str, /, **given: Any) -> Told:
    answer = asked(kernel, name, **given)
    assert "value" in answer, answer
    told: Told = answer["value"]
    return told


@pytest.fixture
def version(catalog_folder: Path) -> dict[str, str]:
    """The newest version of the biopsies, as the front end names it."""
    with omicshelf.connect(catalog_folder) as connection:
        found = omicshelf.Catalog("lung", connection=connection).get_version("biopsies", "v2")
        return {"atlas": "lung", "dataset_id": "biopsies", "version_id": found.version_id}


@pytest.fixture
def fresh(kernel: Kernel) -> Kernel:
    """The kernel without any variables."""
    kernel.ok("%reset -f")
    return kernel


def test_a_plan_tells_all_that_a_load_needs(fresh: Kernel, version: dict[str, str]) -> None:
    told = value(fresh, "plan", **version, prefer=["adata", "biopsies"])
    assert told["variable"] == told["free_name"] == "adata"
    assert told["taken"] is None
    assert told["ways"] == ["memory", "backed", "lazy", "part"]
    assert told["shape"] == [20, 5]
    assert 400 < told["memory"] < 100_000 < told["free_memory"]
    assert told["imported"] is False
    fresh.ok("from omicshelf import Catalog; adata = 1; biopsies = 2")
    told = value(fresh, "plan", **version, prefer=["adata", "biopsies"])
    assert told["variable"] == "biopsies_2"
    assert told["imported"] is True
    told = value(fresh, "plan", **version, prefer=["adata", "biopsies"], variable="adata")
    assert (told["variable"], told["taken"], told["free_name"]) == ("adata", "int", "biopsies_2")


def test_a_load_overwrites_nothing_unasked(fresh: Kernel, version: dict[str, str]) -> None:
    fresh.ok("adata = 'mine'")
    load = {**version, "variable": "adata", "way": "memory"}
    refused = asked(fresh, "load", **load, overwrite=False)["error"]
    assert refused["kind"] == "AlreadyExists"
    assert fresh.ok("adata").plain == "'mine'"
    assert value(fresh, "load", **load, overwrite=True)["holds"] == "AnnData 20 × 5"
    assert value(fresh, "holds", variable="adata") == {
        "holds": "AnnData 20 × 5",
        "version_id": version["version_id"],
    }
    gone = asked(fresh, "holds", variable="nowhere")["error"]
    assert "'nowhere'" in gone["title"]


def test_a_part_is_planned_and_loaded(fresh: Kernel, version: dict[str, str]) -> None:
    wish = {**version, "way": "part", "part": {"obs": {"leiden": ["a"]}, "var": ["3", "1"]}}
    told = value(fresh, "plan", **wish, prefer=["adata"])
    assert told["shape"] == [10, 2]
    whole = value(fresh, "plan", **version, prefer=["adata"])["memory"]
    assert 10 * 2 * 4 <= told["memory"] < whole / 2
    loaded = {**wish, "variable": "adata", "overwrite": False}
    assert value(fresh, "load", **loaded)["holds"] == "AnnData 10 × 2"
    assert fresh.ok("print(list(adata.var_names), set(adata.obs.leiden))").text == (
        "['3', '1'] {'a'}\n"
    )
    misspelt = {**wish, "part": {"var": ["1", "x"]}, "variable": "b", "overwrite": False}
    assert "'x'" in asked(fresh, "load", **misspelt)["error"]["title"]
    nothing = {**misspelt, "part": {}}
    assert "which part" in asked(fresh, "load", **nothing)["error"]["title"]


def test_what_is_read_later_takes_less(fresh: Kernel, version: dict[str, str]) -> None:
    takes = {
        way: value(fresh, "plan", **version, prefer=["adata"], way=way)["memory"]
        for way in ("memory", "backed", "lazy")
    }
    assert takes["memory"] - takes["backed"] == 20 * 5 * 4  # X stays on disk
    assert 0 < takes["lazy"] < takes["backed"]


def test_a_dataset_of_another_catalog_is_told_apart(fresh: Kernel) -> None:
    other = {"atlas": "lung", "dataset_id": "biopsies", "version_id": "0" * 32}
    error = asked(fresh, "plan", **other, prefer=["adata"])["error"]
    assert "not in the catalog that this notebook works with" in error["title"]
    assert "omicshelf.connect" in error["detail"]


def test_a_subset_is_still_known_to_come_from_its_version(
    fresh: Kernel, version: dict[str, str]
) -> None:
    value(fresh, "load", **version, variable="adata", way="memory", overwrite=False)
    fresh.ok("adata = adata[adata.obs['leiden'] == 'a'].copy()")
    came = {"atlas": "lung", "id": "biopsies", "version": "v2"}
    [listed] = value(fresh, "variables")["variables"]
    assert listed["name"] == "adata"
    assert listed["type"] == "AnnData"
    assert listed["shape"] == "10 × 5"
    assert listed["loadedFrom"] == came
    # Other cells under the same name are other data, and so is a table.
    fresh.ok("import anndata, numpy; adata = anndata.AnnData(numpy.ones((3, 2)))")
    [listed] = value(fresh, "variables")["variables"]
    assert listed["loadedFrom"] is None
    fresh.ok("import pandas; adata = pandas.DataFrame({'x': [1]})")
    [listed] = value(fresh, "variables")["variables"]
    assert (listed["type"], listed["loadedFrom"]) == ("DataFrame", None)


def test_saving_says_what_changed_before_and_after(
    fresh: Kernel, version: dict[str, str], catalog_folder: Path
) -> None:
    value(fresh, "load", **version, variable="adata", way="memory", overwrite=False)
    new = {"variable": "adata", "atlas": "lung", "dataset_id": "copies"}
    made = value(fresh, "save", **new, message="a copy", create={"dataType": "Cells"})
    assert made["version"] == "v1"
    same = value(fresh, "save", variable="adata", atlas="lung", dataset_id="copies", dry_run=True)
    assert same == {"version": None, "changes": []}
    fresh.ok("adata = adata[adata.obs['leiden'] == 'a'].copy(); adata.obs['kept'] = 1.5")
    to = {"variable": "adata", "atlas": "lung", "dataset_id": "copies"}
    before = value(fresh, "save", **to, dry_run=True)
    assert before["version"] is None
    assert "-10 cells (20 -> 10)" in before["changes"]
    after = value(fresh, "save", **to, message="half of them")
    assert after["version"] == "v2"
    assert after["changes"] == before["changes"]
    assert value(fresh, "save", **to)["version"] is None  # nothing has changed since
    with omicshelf.connect(catalog_folder) as connection:
        catalog = omicshelf.Catalog("lung", connection=connection)
        saved = catalog.get_version("copies", "v2")
        assert saved.message == "half of them"
        assert saved.parents == (catalog.get_version("copies", "v1").version_id,)
        assert catalog.get_version("copies", "v1").parents == (version["version_id"],)


def test_a_conflict_shows_both_sides_and_writes_nothing(
    fresh: Kernel, version: dict[str, str], catalog_folder: Path
) -> None:
    value(fresh, "load", **version, variable="adata", way="memory", overwrite=False)
    new = {"variable": "adata", "atlas": "lung", "dataset_id": "shared"}
    value(fresh, "save", **new, create={"dataType": "Cells", "title": "Shared"})
    with omicshelf.connect(catalog_folder) as connection:
        catalog = omicshelf.Catalog("lung", connection=connection)
        theirs = catalog.load("shared")
        theirs.obs["theirs"] = 1.5
        catalog.save("shared", theirs, message="somebody else's")
        fresh.ok("adata.obs['mine'] = 2.5")
        told = value(fresh, "save", **new, message="mine")["conflict"]
        assert told["newest"]["message"] == "somebody else's"
        assert told["basedOn"] == "v1"
        assert told["theirs"] == ["+1 obs column `theirs` (float64)"]
        assert told["mine"] == ["+1 obs column `mine` (float64)"]
        assert len(catalog.list_versions("shared")) == 2
        newest = told["newest"]["version_id"]
        assert value(fresh, "save", **new, expected=newest)["version"] == "v3"
        assert catalog.get_dataset("shared").metadata() == {"title": "Shared"}


def test_what_goes_wrong_is_said_without_a_traceback(fresh: Kernel) -> None:
    fresh.ok("number = 5")
    error = asked(fresh, "save", variable="number", atlas="lung", dataset_id="n")["error"]
    assert error["detail"]
    assert "Traceback" not in json.dumps(error)
    broken = asked(fresh, "save", variable="gone", atlas="lung", dataset_id="n", dry_run=True)
    assert "'gone'" in broken["error"]["title"]


def test_the_example_needs_no_network_and_is_added_once(fresh: Kernel) -> None:
    first = value(fresh, "add_example", atlas="trial")
    again = value(fresh, "add_example", atlas="trial")
    assert first == again
    assert first["dataset_id"] == "pbmc68k_reduced"
