"""The page about JupyterLab names every setting and every command, with the defaults that hold."""

from __future__ import annotations

import json
import re

from suite import ROOT

PAGE = (ROOT / "docs" / "guide" / "jupyterlab.md").read_text()
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
