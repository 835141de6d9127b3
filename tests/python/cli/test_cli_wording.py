"""Remedies that are written for Python are told in the words of the command line."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import omicshelf.errors
from omicshelf.cli.wording import in_words_of_the_command_line

PACKAGE = Path(omicshelf.errors.__file__).parent
RAISED = set(omicshelf.errors.__all__) | {"warn"}
PYTHON = re.compile(r"`?\bcatalog\.\w+\(|\b\w+=(?:True|False)\b|`[a-z]+_[a-z_]+`|\bdata_format\b")
# What the command line does not offer, so nobody can be told of it there.
ELSEWHERE = re.compile(r"link=True")


def raised_texts() -> Iterator[str]:
    """What backend and catalog say when they refuse or warn, with "x" for what is filled in."""
    for part in ("backend", "catalog"):
        for path in sorted((PACKAGE / part).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and _name(node.func) in RAISED:
                    for argument in node.args:
                        yield from _texts(argument)


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _texts(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.JoinedStr):
        yield "".join(
            str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values
        )
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    else:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                yield from _texts(child)


def test_no_python_is_left_in_what_a_refusal_says() -> None:
    texts = set(raised_texts())
    assert len(texts) > 100
    assert any(PYTHON.search(text) for text in texts)
    left = [
        told
        for told in map(in_words_of_the_command_line, texts)
        if PYTHON.search(told) and not ELSEWHERE.search(told)
    ]
    assert left == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("`catalog.diff('a', 'v1', 'v2')`", "`omicshelf diff a v1 v2`"),
        ("Pass overwrite=True to", "Pass --overwrite to"),
        ("Pass data_format='h5ad', for example.", "Pass --format h5ad, for example."),
        ("Cannot use 'a b' as dataset_id", "Cannot use 'a b' as dataset_id"),
    ],
)
def test_words(text: str, told: str) -> None:
    assert in_words_of_the_command_line(text) == told
