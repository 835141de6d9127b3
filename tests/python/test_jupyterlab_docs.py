"""The pages about JupyterLab name every setting and command, and only words that are shown."""

from __future__ import annotations

import json
import re

import pytest

from suite import ROOT

GUIDE = ROOT / "docs" / "guide"
PAGE = (GUIDE / "jupyterlab.md").read_text()
SCHEMA = json.loads((ROOT / "schema" / "plugin.json").read_text())
LAB = ROOT / "src" / "lab"


def test_every_setting_is_documented() -> None:
    named = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert named == list(SCHEMA["properties"])


def test_every_command_is_documented() -> None:
    commands = re.findall(
        r"'(omicshelf:[a-z-]+)'", (LAB / "tokens.ts").read_text().split("COMMANDS")[1]
    )
    assert commands
    assert [one for one in commands if f"`{one}`" not in PAGE] == []


def test_the_defaults_are_those_of_the_schema() -> None:
    """Until the settings are read, the front end has these."""
    written = re.search(
        r"const DEFAULTS: Chosen = \{(.*?)\};", (LAB / "settings.ts").read_text(), re.DOTALL
    )
    assert written is not None
    found = dict(re.findall(r"(\w+): (.+?),?\n", written[1]))
    as_json = {key: json.loads(value.replace("'", '"')) for key, value in found.items()}
    assert as_json == {key: told["default"] for key, told in SCHEMA["properties"].items()}


def test_the_size_through_the_browser_is_documented() -> None:
    told = re.search(r"THROUGH_BROWSER = ([\d_]+)", (LAB / "files.ts").read_text())
    assert told is not None
    assert f"up to {int(told[1]) // 1_000_000} MB" in PAGE


def shown_words() -> str:
    """All words that the front end shows, with what is put into them left out."""
    sources = [*(ROOT / "src").rglob("*.ts"), *(ROOT / "src").rglob("*.tsx")]
    text = "\n".join(path.read_text() for path in sources if ".test." not in path.name)
    found = re.findall(r"\bt\(\s*'((?:[^'\\]|\\.)*)'", text)
    found += re.findall(r"^const \w+ = '(.*)';$", text, re.MULTILINE)
    return "\n".join(re.sub(r"\{\w+\}", "", one) for one in found)


@pytest.mark.parametrize("page", ["sidebar", "dataset-document", "jupyterlab"])
def test_what_is_in_bold_is_on_the_screen(page: str) -> None:
    """Buttons, titles and states are named as they are shown."""
    text = re.sub(r"```.*?```", "", (GUIDE / f"{page}.md").read_text(), flags=re.DOTALL)
    bold = {" ".join(one.split()) for one in re.findall(r"\*\*(.+?)\*\*", text, re.DOTALL)}
    words = shown_words()
    of_jupyter = {"View > Left Sidebar > Show Datasets"}
    assert bold
    assert [one for one in sorted(bold - of_jupyter) if one not in words] == []
