"""The variables of a kernel: datasets that come into them, and what could be saved of them."""

from __future__ import annotations

import json
import keyword
import re
import sys
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass
from typing import Any

from omicshelf.catalog.dataset import VersionBase
from omicshelf.errors import AlreadyExists, Invalid
from omicshelf.formats import registry
from omicshelf.notebook import traces
from omicshelf.notebook.memory import about_in_memory, free_memory

__all__ = [
    "Plan",
    "Variable",
    "check_name",
    "code_of",
    "described",
    "free_name",
    "load_into",
    "plan",
    "user_names",
    "variables",
]

Names = MutableMapping[str, Any]

WAYS = ("memory", "backed", "lazy")
_USUAL = {"anndata": "adata", "mudata": "mdata", "table": "df", "variants": "vcf", "matrix": "gct"}
_LARGE = 0.5  # of the memory that is free: above it, somebody is asked first


@dataclass(frozen=True)
class Plan:
    """What a load will be.

    Attributes
    ----------
    variable
        The variable's name, and ``code`` the line that does the same in a cell.
    memory, free
        About how many bytes it takes, and how many there are; None where nobody knows.
    ways
        How the format can be loaded: of ``memory``, ``backed`` and ``lazy``.
    taken
        What the variable holds now; None where there is none of that name.
    """

    variable: str
    code: str
    memory: int | None
    free: int | None
    ways: tuple[str, ...]
    taken: str | None

    @property
    def is_large(self) -> bool:
        """Whether it takes more than half of the memory that is free."""
        known = self.memory is not None and self.free is not None
        return known and (self.memory or 0) > _LARGE * (self.free or 0)


@dataclass(frozen=True)
class Variable:
    """A variable that could be saved.

    ``came`` has the ``atlas``, the ``id`` and the ``version`` that it was made from, where that
    is known.
    """

    name: str
    kind: str
    shape: str
    size: int | None
    came: dict[str, str] | None = None


def user_names() -> Names:
    """Give the variables of the notebook.

    Raises
    ------
    omicshelf.errors.Invalid
        This process is no kernel.
    """
    module = sys.modules.get("IPython")
    shell = None if module is None else module.get_ipython()
    if shell is None:
        raise Invalid("This is no notebook.", "Assign what `catalog.load(…)` gives to a name.")
    names: Names = shell.user_ns
    return names


def plan(
    found: VersionBase, names: Names, *, variable: str | None = None, way: str = "memory"
) -> Plan:
    """Say what loading a version will be, without loading it."""
    summary = found.peek()
    name = check_name(variable) if variable else free_name(found, names)
    taken = described(names[name]) if name in names else None
    whole = about_in_memory(summary) if way == "memory" else None
    parts = registry.get(found.data_format).parts if found.data_format else frozenset()
    ways = tuple(
        one for one in WAYS if one == "memory" or (one in parts and (one != "lazy" or summary.lazy))
    )
    return Plan(name, code_of(found, name, way=way), whole, free_memory(), ways, taken)


def load_into(
    found: VersionBase,
    names: Names,
    *,
    variable: str | None = None,
    way: str = "memory",
    overwrite: bool = False,
    **options: Any,
) -> tuple[str, Any]:
    """Load a version into a variable; give its name and the object.

    Parameters
    ----------
    variable
        Its name; default: a free one.
    way
        One of :data:`WAYS`.
    overwrite
        The variable may be there.
    **options
        What to load, as in :meth:`omicshelf.Dataset.load`.

    Raises
    ------
    omicshelf.errors.AlreadyExists
        There is such a variable, and ``overwrite`` is False. Nothing was loaded then.
    """
    options = {**_options_of(way), **options}
    name = check_name(variable) if variable else free_name(found, names)
    if name in names and not overwrite:
        raise AlreadyExists(
            f"There is a variable '{name}' already: {described(names[name])}.",
            f"Choose another name, such as '{free_name(found, names)}', or say that it may be "
            "overwritten.",
        )
    loaded = found.load(**options)
    names[name] = loaded
    traces.note(name, loaded)
    return name, loaded


def _options_of(way: str) -> dict[str, bool]:
    if way not in WAYS:
        raise Invalid(f"'{way[:40]}' is no way to load.", f"It is one of {', '.join(WAYS)}.")
    return {} if way == "memory" else {way: True}


def check_name(variable: str) -> str:
    """Assert that a text can be the name of a variable.

    Raises
    ------
    omicshelf.errors.Invalid
        It cannot.
    """
    if not variable.isidentifier() or keyword.iskeyword(variable):
        raise Invalid(
            f"'{variable[:60]}' cannot be the name of a variable.",
            "Letters, digits and _, not first a digit, and no word of Python's own.",
        )
    return variable


def free_name(found: VersionBase, names: Names) -> str:
    """Choose a variable: ``adata`` or ``df``, else the id of the dataset, else that with a number.

    A name that holds what was loaded from the same dataset is not free either.
    """
    for name in _proposed(found):
        if name not in names:
            return name
    raise AssertionError("there is always a number")


def _proposed(found: VersionBase) -> Iterator[str]:
    fmt = registry.get(found.data_format) if found.data_format else None
    kind = found.peek().kind if fmt is not None else "file"
    if (usual := _USUAL.get(kind)) is not None:
        yield usual
    own = re.sub(r"\W", "_", found.dataset_id, flags=re.ASCII)
    own = f"_{own}" if own[:1].isdigit() or keyword.iskeyword(own) else own
    yield own
    number = 2
    while True:
        yield f"{own}_{number}"
        number += 1


def code_of(found: VersionBase, variable: str, *, way: str = "memory", pin: bool = True) -> str:
    """Give the line of code that loads a version into a variable."""
    words = [_literal(found.dataset_id)]
    if pin:
        words.append(f"version={_literal(found.version)}")
    if way != "memory":
        words.append(f"{way}=True")
    return f"{variable} = Catalog({_literal(found.omixatlas_id)}).load({', '.join(words)})"


def _literal(text: str) -> str:
    # JSON's text is Python's too; what does not print is escaped.
    return json.dumps(text, ensure_ascii=not text.isprintable())


def described(obj: Any) -> str:
    """Say in a few words what an object is: ``AnnData 700 × 765``."""
    shape = _shape(obj)
    return f"{type(obj).__name__} {shape}".strip()


def _shape(obj: Any) -> str:
    found = getattr(obj, "shape", None)
    if not isinstance(found, tuple) or not all(isinstance(n, int) for n in found):
        return ""
    return " × ".join(f"{n:,}" for n in found)


def variables(names: Names) -> list[Variable]:
    """Give the variables that could be saved, in the order in which they were made."""
    found = []
    for name, value in list(names.items()):
        fmt = None if name.startswith("_") else registry.for_object(value)
        if fmt is None:
            continue
        version = traces.origin_of(name, value)
        came = version and {
            "atlas": version.atlas,
            "id": version.dataset_id,
            "version": version.name,
        }
        kind, shape = type(value).__name__, _shape(value)
        found.append(Variable(name, kind, shape, fmt.nbytes(value), came or None))
    return found
