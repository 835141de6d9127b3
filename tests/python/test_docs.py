"""The documentation: its code runs, and nothing public is missing from it."""

from __future__ import annotations

import contextlib
import doctest
import importlib
import inspect
import os
import pkgutil
import re
import sys
import textwrap
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import omicshelf
from omicshelf import compat
from suite import ROOT

DOCS = ROOT / "docs"
PACKAGE = ROOT / "python_pkg" / "omicshelf"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
PAGES = [page for page in PAGES if "_build" not in page.parts and "decisions" not in page.parts]
BLOCK = re.compile(r"^( *)```python\n(.*?)^\1```$", re.M | re.S)

sys.path.insert(0, str(DOCS / "extensions"))
generated = importlib.import_module("generated")


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def read(page: Path) -> str:
    return page.read_text()


@pytest.fixture
def own_catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory and a default catalog of one's own; what was connected is closed."""
    from omicshelf.catalog import connection

    monkeypatch.setenv("OMICSHELF_URL", str(tmp_path / "default"))
    monkeypatch.chdir(tmp_path)
    before = connection._default
    monkeypatch.setattr(connection, "_default", None)
    yield tmp_path
    while connection._default is not None:
        connection._default.close()
    connection._default = before
    compat.uninstall()


# -- everything runs


WITH_CODE = [page for page in PAGES if BLOCK.search(read(page))]


@pytest.mark.parametrize("page", WITH_CODE, ids=name_of)
def test_every_code_block_runs(page: Path, own_catalog: Path) -> None:
    """All blocks of a page in their order, in one namespace, as a reader would run them."""
    names: dict[str, Any] = {"__name__": "docs"}
    text = read(page)
    for block in BLOCK.finditer(text):
        line = text.count("\n", 0, block.start()) + 1
        # The lines keep their numbers, so that a traceback points into the page.
        code = "\n" * line + textwrap.dedent(block[2])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(compile(code, str(page), "exec"), names)


def test_pages_with_code_are_found() -> None:
    named = {name_of(page) for page in WITH_CODE}
    assert {"README.md", "docs/index.md", "docs/guide/first-steps.md"} <= named
    guide = {name_of(page) for page in (DOCS / "guide").glob("*.md")}
    # About machines, and about what is clicked.
    without = {"command-line", "team", "jupyterhub", "sizing"}
    without |= {"jupyterlab", "sidebar", "dataset-document"}
    assert guide - named == {f"docs/guide/{page}.md" for page in without}


def modules() -> list[str]:
    found = [
        module.name
        for module in pkgutil.walk_packages([str(PACKAGE)], "omicshelf.")
        # Alembic imports these itself, with a context.
        if ".migrations" not in module.name and not module.name.endswith("__main__")
    ]
    return ["omicshelf", *found]


@pytest.mark.parametrize("name", modules())
def test_examples_in_docstrings_run(name: str, own_catalog: Path) -> None:
    module = importlib.import_module(name)
    examples = [test for test in doctest.DocTestFinder().find(module, name) if test.examples]
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    told: list[str] = []
    for example in examples:
        with contextlib.redirect_stdout(sys.__stdout__):
            runner.run(example, out=told.append)
    assert runner.failures == 0, "".join(told)


# -- nothing is missing


def reference() -> str:
    return "\n".join(generated.fill(read(page)) for page in (DOCS / "reference").glob("*.md"))


AUTODOC = re.compile(r"^\.\. auto(class|function|module):: (\S+)\n((?:   :.*\n)*)", re.M)


def documented() -> set[str]:
    """Every dotted name that autodoc is asked for, the members of classes among them."""
    found: set[str] = set()
    for kind, name, options in AUTODOC.findall(reference()):
        found.add(name)
        if kind == "function":
            continue
        listed = re.search(r":members:(.*)", options)
        assert listed, f"{name} is documented without its members"
        thing = resolve(name)
        members = [part.strip() for part in listed[1].split(",") if part.strip()]
        undocumented = ":undoc-members:" in options
        for member in members or public_members(thing):
            value = getattr(thing, member, None)
            if undocumented or inspect.getdoc(value):
                found.add(f"{name}.{member}")
    return found


def resolve(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        holder, _, last = name.rpartition(".")
        return getattr(resolve(holder), last)


def public_members(thing: Any) -> list[str]:
    if isinstance(thing, ModuleType):
        return list(thing.__all__)
    return [name for name in dir(thing) if not name.startswith("_")]


@pytest.mark.parametrize("name", [name for name in omicshelf.__all__ if name[0] != "_"])
def test_every_public_name_is_documented(name: str) -> None:
    found = documented()
    assert f"omicshelf.{name}" in found, f"add omicshelf.{name} to docs/reference"
    thing = getattr(omicshelf, name)
    assert inspect.getdoc(thing)
    if inspect.isclass(thing) and not issubclass(thing, Exception):
        own = [m for m in public_members(thing) if is_own(thing, m)]
        missing = [m for m in own if f"omicshelf.{name}.{m}" not in found]
        assert missing == [], f"without a docstring: {missing}"


def is_own(thing: type, member: str) -> bool:
    """Whether a member is a method or property of ours, not the value of a dataclass's field."""
    value = inspect.getattr_static(thing, member)
    holder = next((kind for kind in thing.__mro__ if member in vars(kind)), thing)
    if not holder.__module__.startswith("omicshelf"):
        return False  # of a library's class that ours is one of: documented there
    return isinstance(value, property | classmethod | staticmethod) or inspect.isfunction(value)


def test_every_error_is_in_the_table() -> None:
    page = read(DOCS / "reference" / "errors.md")
    missing = [name for name in omicshelf.errors.__all__ if f"`{name}`" not in page]
    assert missing == []
    for line in re.findall(r"^\| `(\w+)` \| ([^|]*)\|", page, re.M):
        kind = getattr(omicshelf.errors, line[0])
        for base in re.findall(r"`(\w+)`", line[1]):
            assert base in {parent.__name__ for parent in kind.__mro__}, f"{line[0]}: {base}"


def test_every_environment_variable_is_documented() -> None:
    page = read(DOCS / "reference" / "settings.md")
    in_source = {
        name
        for path in PACKAGE.rglob("*.py")
        for name in re.findall(r"\bOMICSHELF_[A-Z_]*[A-Z]\b", read(path))
    }
    in_docs = set(re.findall(r"^\| `(OMICSHELF_\w+)`", page, re.M))
    assert in_source == in_docs


def test_every_command_and_option_is_documented() -> None:
    page = generated.fill(read(DOCS / "reference" / "command-line.md"))
    guide = read(DOCS / "guide" / "command-line.md")
    assert len(generated.commands()) > 20
    for name, command in generated.commands().items():
        assert f"\n## omicshelf {name}\n" in page
        assert f"`{name}`" in guide, f"add `{name}` to docs/guide/command-line.md"
        section = page.split(f"\n## omicshelf {name}\n")[1].split("\n## ")[0]
        for parameter in command.params:
            assert parameter.help, f"omicshelf {name}: {parameter.name} has no help"
            for option in parameter.opts:
                if option.startswith("-"):
                    assert f"`{option}`" in section


def test_every_format_is_documented() -> None:
    from omicshelf.formats.registry import all_formats

    page = generated.fill(read(DOCS / "reference" / "formats.md"))
    for name in all_formats():
        assert f"| `{name}` |" in page


def test_every_page_is_reached() -> None:
    index = read(DOCS / "index.md")
    for page in DOCS.rglob("*.md"):
        name = page.relative_to(DOCS).with_suffix("").as_posix()
        if name != "index" and not name.startswith(("decisions/", "_build/")):
            assert f"\n{name}\n" in index
    assert "\ndecisions/*\n" in index


LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    missing = [target for target in LINK.findall(read(page)) if not (page.parent / target).exists()]
    assert missing == []


# -- README


def test_the_readme_names_targets_that_are_there() -> None:
    targets = set(re.findall(r"^([a-z]+):.*##", read(ROOT / "Makefile"), re.M))
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md"):
        named = set(re.findall(r"\bmake ([a-z]+)\b(?=[`\n ]|$)", "\n".join(code_of(read(page)))))
        assert named
        assert named <= targets


def code_of(text: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", text) + re.findall(r"```sh\n(.*?)```", text, re.S)


def test_no_environment_leaks() -> None:
    assert os.environ["OMICSHELF_URL"]
