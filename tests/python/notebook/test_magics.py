"""``%shelf`` in a real kernel."""

from __future__ import annotations

from pathlib import Path

import pytest
from realkernel import Kernel

from omicshelf.notebook.grammar import COMMANDS


@pytest.fixture(autouse=True)
def loaded(kernel: Kernel) -> None:
    kernel.ok("%load_ext omicshelf")
    kernel.ok("%shelf use lung")


def test_help_names_every_command(kernel: Kernel) -> None:
    said = kernel.ok("%shelf").text
    for command in COMMANDS:
        assert f"  {command} " in said
        own = kernel.ok(f"%shelf help {command}").text
        assert own.startswith(f"usage: %shelf {command}")
        assert own == kernel.ok(f"%shelf {command} --help").text


def test_datasets_are_listed_and_found(kernel: Kernel) -> None:
    listed = kernel.ok("%shelf ls").plain.splitlines()
    assert listed[0].split()[:2] == ["id", "type"]
    assert {line.split()[0] for line in listed[1:]} == {"biopsies", "counts", "hostile"}
    assert kernel.ok("%shelf find tissue:lung").plain.splitlines()[1].split()[0] == "biopsies"
    assert "biopsies" not in kernel.ok("%shelf ls -tissue:lung").plain
    assert "2 more: --limit" in kernel.ok("%shelf ls --limit 1").plain
    assert (
        kernel.ok("found = %shelf ls\nprint(len(found), found[0].omixatlas_id)").text == "3 lung\n"
    )


def test_a_version_is_loaded_into_a_variable(kernel: Kernel) -> None:
    said = kernel.ok("%shelf load biopsies -v v1 as before").text
    assert said == (
        'before: AnnData 20 × 5\nbefore = Catalog("lung").load("biopsies", version="v1")\n'
    )
    assert kernel.ok("print(list(before.obs))").text == "['leiden']\n"
    assert kernel.ok("%shelf load biopsies@submitted as again").text.startswith("again: AnnData")


def test_a_variable_is_never_overwritten_unasked(kernel: Kernel) -> None:
    kernel.ok("mine = 'work of a day'")
    refused = kernel.run("%shelf load biopsies as mine").error
    assert refused is not None
    assert "There is a variable 'mine' already: str." in refused
    assert kernel.ok("print(mine)").text == "work of a day\n"
    kernel.ok("%shelf load biopsies as mine --force")
    assert kernel.ok("print(mine.shape)").text == "(20, 5)\n"
    kernel.ok("adata = 1")
    # The usual name is taken: then it is the id, then a number.
    assert kernel.ok("%shelf load biopsies").text.startswith("biopsies: ")
    assert kernel.ok("%shelf load biopsies").text.startswith("biopsies_2: ")
    assert kernel.ok("print(adata)").text == "1\n"


def test_a_variable_is_saved_with_what_changed(kernel: Kernel) -> None:
    kernel.ok("%shelf load biopsies as mine --force")
    kernel.ok("mine.obs['depth'] = 1.5")
    said = kernel.ok('%shelf save mine copied -m "a copy" --type "Single cell"').text
    assert said == "Saved lung/copied v1.\n"
    kernel.ok("mine.obs['more'] = 2")
    said = kernel.ok("%shelf save mine copied -m more").text.splitlines()
    assert said[0] == "Saved lung/copied v2."
    assert said[1:] == ["  +1 obs column `more` (int64)"]
    assert "Nothing has changed" in kernel.ok("%shelf save mine copied").text
    assert "more" in kernel.ok("%shelf versions copied").plain.splitlines()[1]


def test_who_saves_second_sees_both_sides(kernel: Kernel, catalog_folder: Path) -> None:
    kernel.ok("%shelf load biopsies as mine --force")
    kernel.ok("%shelf save mine shared -m one")
    kernel.ok("%shelf load shared as mine --force")
    kernel.ok(
        """
        import subprocess, sys
        code = f'''
        import omicshelf
        omicshelf.connect({omicshelf.catalog.connection.current().url!r})
        c = omicshelf.Catalog("lung")
        a = c.load("shared")
        a.obs["theirs"] = 1
        c.save("shared", a, message="theirs")
        '''
        subprocess.run([sys.executable, "-c", __import__("textwrap").dedent(code)], check=True)
        mine.obs["ours"] = 2
        """
    )
    refused = kernel.run("%shelf save mine shared -m ours").error
    assert refused is not None
    assert "They since v1 changed:\n  +1 obs column `theirs`" in refused
    assert "You changed:\n  +1 obs column `ours`" in refused
    assert "Traceback" not in refused
    assert kernel.ok("%shelf save mine shared -m ours --over").text.startswith(
        "Saved lung/shared v3"
    )


def test_versions_are_compared_named_and_rolled_back_to(kernel: Kernel) -> None:
    kernel.ok("%shelf load biopsies as mine --force")
    kernel.ok("%shelf save mine rolled -m one")
    kernel.ok("mine.obs['x'] = 1")
    kernel.ok("%shelf save mine rolled -m two")
    diff = kernel.ok("%shelf diff rolled v1")
    assert "obs column `x`" in diff.plain
    assert "<table" in diff.data[0]["text/html"]
    assert kernel.ok("%shelf label rolled v1 good").text == "rolled v1 is 'good'.\n"
    said = kernel.ok('%shelf rollback rolled good -m "the first was better"').text
    assert said == "rolled is as in v1 again: that is v3 now.\n"
    assert kernel.ok("%shelf cite rolled@good").text.startswith("lung/rolled@")


def test_files_are_attached(kernel: Kernel) -> None:
    kernel.ok("open('my notes.txt', 'w').write('ab') and None")
    said = kernel.ok('%shelf attach "my notes.txt" counts --tag notes').text
    assert said == "Attached my notes.txt to counts (2 B, tag 'notes').\n"
    assert "my notes.txt  notes" in kernel.ok("%shelf files counts").plain
    assert kernel.complete("%shelf attach other.txt counts --tag n") == ["notes"]


def test_what_is_shown_has_a_text_beside(kernel: Kernel) -> None:
    shown = kernel.ok("%shelf info biopsies").data[0]
    assert "leiden" in shown["text/html"]
    assert shown["text/plain"].startswith("Dataset(dataset_id='biopsies'")


def test_browse_shows_a_widget(kernel: Kernel) -> None:
    shown = kernel.ok("%shelf browse tissue:lung").data[0]
    assert "application/vnd.jupyter.widget-view+json" in shown
    assert shown["text/plain"] == "CatalogBrowser('lung', query='tissue:lung')"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("nothing", "There is no `%shelf nothing`."),
        ("loda x", "Did you mean `%shelf load`?"),
        ("load", "The following arguments are required: ID."),
        ("load no_such", "no_such"),
        ("load biopsies -v v99", "v99"),
        ("load biopsies ass x", "'ass x' is not understood."),
        ("load biopsies as 1x", "'1x' cannot be the name of a variable."),
        ("load biopsies as class", "'class' cannot be the name of a variable."),
        ("load biopsies --backed --lazy", "exclude each other"),
        ("load a/b/c", "'a/b/c' names no dataset."),
        ("versions biopsies@v1", "names a version"),
        ("save no_such_variable x", "There is no variable 'no_such_variable'."),
        ('save "unclosed', "A quotation mark is not closed."),
        ("ls --limit 0", "'0' is no number from 1 to 10,000"),
        ("ls --no-such", "'--no-such' is not understood."),
        ("attach no_such_file.txt counts", "no_such_file.txt"),
        ("label biopsies v1", "The following arguments are required: NAME."),
        ("runs", "There is no `%shelf runs`."),
    ],
)
def test_what_is_wrong_is_said_without_a_traceback(kernel: Kernel, line: str, said: str) -> None:
    refused = kernel.run(f"%shelf {line}").error
    assert refused is not None
    assert said in refused
    assert "Traceback" not in refused
    assert ".py" not in refused


def test_completion(kernel: Kernel) -> None:
    assert set(kernel.complete("%shelf ")) == set(COMMANDS)
    assert kernel.complete("%shelf lo") == ["load"]
    assert kernel.complete("%shelf load bi") == ["biopsies"]
    assert kernel.complete("%shelf load biopsies@") == ["submitted", "v1", "v2"]
    assert kernel.complete("%shelf load biopsies -v v") == ["v1", "v2"]
    assert kernel.complete("%shelf diff biopsies v1 v") == ["v1", "v2"]
    assert kernel.complete("%shelf label biopsies s") == ["submitted"]
    assert kernel.complete("%shelf load biopsies --f") == ["--force"]
    assert "lung" in kernel.complete("%shelf use ")
    kernel.ok("import pandas as pd; my_frame = pd.DataFrame({'a': [1]}); my_text = 'x'")
    assert kernel.complete("%shelf save my_") == ["my_frame"]
    assert kernel.complete("%shelf save my_frame cou") == ["counts"]
    assert kernel.complete("a = 1\n%shelf load bi") == ["biopsies"]
