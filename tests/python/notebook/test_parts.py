"""Parts of the widgets' front end: what the build made, and nothing else of the disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from omicshelf.errors import NotFound
from omicshelf.notebook.parts import PREFIX, part


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of parts, with something beside it that is none."""
    found = tmp_path / "widget"
    found.mkdir()
    (found / "app-ABC_12.js").write_bytes(b"export const a = 1")
    (found / "notes.txt").write_text("no part")
    (tmp_path / "secret.js").write_text("secret")
    (found / "link.js").symlink_to(tmp_path / "secret.js")
    return found


def test_a_part_is_given_as_it_was_built(folder: Path) -> None:
    found = part(f"{PREFIX}app-ABC_12.js", folder)
    assert (found.status, bytes(found.body)) == (200, b"export const a = 1")
    assert found.headers["content-type"] == "text/javascript"


@pytest.mark.parametrize(
    "name",
    [
        "../secret.js",
        "..%2Fsecret.js",
        "/etc/passwd",
        "link.js",
        "notes.txt",
        "",
        "gone.js",
        "\0.js",
    ],
)
def test_nothing_else_is_given(folder: Path, name: str) -> None:
    with pytest.raises(NotFound, match="reload it"):
        part(f"{PREFIX}{name}", folder)
