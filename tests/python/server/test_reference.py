"""The reference page: every route and every option is in it."""

from __future__ import annotations

import importlib
import sys

from omicshelf.server.app import OmicshelfServer
from omicshelf.server.failures import KINDS
from omicshelf.server.openapi import statuses
from omicshelf.server.routes import ROUTES
from suite import ROOT

sys.path.insert(0, str(ROOT / "docs" / "extensions"))
generated = importlib.import_module("generated")


def page() -> str:
    text: str = generated.fill((ROOT / "docs" / "reference" / "rest.md").read_text())
    return text


def test_every_route_is_there() -> None:
    text = page()
    for route in ROUTES:
        assert f"| `{route.method} {route.path}` | {route.summary}" in text


def test_every_option_is_there_and_explained() -> None:
    text = page()
    options = OmicshelfServer.class_own_traits(config=True)
    assert {"url", "threads", "access_log"} <= set(options)
    for name, trait in options.items():
        assert trait.help.strip(), name
        assert f"| `OmicshelfServer.{name}` |" in text


def test_every_status_is_explained() -> None:
    table = page().split("| status |")[1].split("\n\n")[0]
    told = {int(code) for line in table.splitlines()[2:] for code in line.split("|")[1].split(",")}
    answered = {status for route in ROUTES for status in statuses(route) if status >= 400}
    assert answered | {code for codes in KINDS.values() for code in codes} <= told
