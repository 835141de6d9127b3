"""The pages about the notebook name all that there is."""

from __future__ import annotations

import re

import pytest

from omicshelf.notebook.grammar import COMMANDS, options
from suite import ROOT

PAGE = (ROOT / "docs" / "reference" / "magics.md").read_text()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_and_option_is_documented(command: str) -> None:
    assert re.search(rf"^\| `{command}[ `]", PAGE, re.M), f"add %shelf {command}"
    for option in options(command):
        rows = [line for line in PAGE.splitlines() if line.startswith("| `-") and option in line]
        used = f"`{option}`"
        assert any(used in row and f"`{command}`" in row for row in rows), f"{command} {option}"


def test_nothing_is_documented_that_is_not_there() -> None:
    rows = re.findall(r"^\| `([a-z]+)[ `]", PAGE, re.M)
    assert set(rows) == set(COMMANDS)
    named = set(re.findall(r"`(--?[a-z-]+)`", PAGE)) - {"--help"}
    assert named == {option for command in COMMANDS for option in options(command)}
