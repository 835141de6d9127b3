"""The variables of a kernel: datasets that come into them, and what could be saved of them."""

from __future__ import annotations

import json
import keyword
import re
import sys
from collections.abc import Container, MutableMapping, Sequence
from dataclasses import dataclass
from itertools import chain, count
from typing import Any

from omicshelf.catalog.dataset import VersionBase
from omicshelf.errors import AlreadyExists, Invalid
from omicshelf.formats import registry
from omicshelf.notebook import traces
from omicshelf.notebook.memory import about_in_memory, free_memory
from omicshelf.notebook.subset import Subset, can_be_part
from omicshelf.records import Summary

__all__ = [
    "Plan",
    "Variable",
    "check_name",
    "code_of",
    "described",
    "first_free",
    "free_name",
    "load_into",
    "plan",
    "proposed_names",
    "user_names",
    "variables",
]

Names = MutableMapping[str, Any]

WAYS = ("memory", "backed", "lazy", "part")
_USUAL = {"anndata": "adata", "mudata": "mdata", "table": "df", "variants": "vcf", "matrix": "gct"}
_WIDTH = 88  # of code
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
        How the format can be loaded: of ``memory``, ``backed``, ``lazy`` and ``part``.
    taken
        What the variable holds now; None where there is none of that name.
    shape
        How many observations and features come; None where nobody knows.
    """

    variable: str
    code: str
    memory: int | None
    free: int | None
    ways: tuple[str, ...]
    taken: str | None
    shape: tuple[int | None, int | None] = (None, None)

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
    found: VersionBase,
    names: Names,
    *,
    variable: str | None = None,
    way: str = "memory",
    part: Subset | None = None,
) -> Plan:
    """Say what loading a version will be, without loading it; ``part`` is what of it."""
    summary = found.peek()
    name = check_name(variable) if variable else free_name(found, names)
    taken = described(names[name]) if name in names else None
    subset = (part or Subset()) if way == "part" else None
    shape = (summary.n_obs, summary.n_vars) if subset is None else subset.shape(summary)
    memory = about_in_memory(summary, way=way, shape=shape)
    code = code_of(found, name, way=way, part=subset)
    return Plan(name, code, memory, free_memory(), _ways(found, summary), taken, shape)


def _ways(found: VersionBase, summary: Summary) -> tuple[str, ...]:
    parts = registry.get(found.data_format).parts if found.data_format else frozenset()
    possible = {
        "memory": True,
        "backed": "backed" in parts,
        "lazy": "lazy" in parts and summary.lazy,
        "part": can_be_part(summary),
    }
    return tuple(way for way in WAYS if possible[way])


def load_into(
    found: VersionBase,
    names: Names,
    *,
    variable: str | None = None,
    way: str = "memory",
    part: Subset | None = None,
    overwrite: bool = False,
    **options: Any,
) -> tuple[str, Any]:
    """Load a version into a variable; give its name and the object.

    Parameters
    ----------
    variable
        Its name; default: a free one.
    way
        One of :data:`WAYS`; what of it comes by ``part`` is said by that.
    overwrite
        The variable may be there.
    **options
        What to load, as in :meth:`omicshelf.Dataset.load`.

    Raises
    ------
    omicshelf.errors.AlreadyExists
        There is such a variable, and ``overwrite`` is False. Nothing was loaded then.
    """
    options = {**_options_of(way, part), **options}
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


def _options_of(way: str, part: Subset | None) -> dict[str, Any]:
    if way not in WAYS:
        raise Invalid(f"'{way[:40]}' is no way to load.", f"It is one of {', '.join(WAYS)}.")
    if way == "part":
        return (part or Subset()).options()
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
    return first_free(proposed_names(found), names)


def first_free(proposed: Sequence[str], names: Container[str]) -> str:
    """Give the first of the names that is free; behind the last of them, numbers follow."""
    last = proposed[-1]
    numbered = (f"{last}_{number}" for number in count(2))
    return next(name for name in chain(proposed, numbered) if name not in names)


def proposed_names(found: VersionBase) -> list[str]:
    """Give the names to try for a dataset: that of the tutorials, and its id."""
    fmt = registry.get(found.data_format) if found.data_format else None
    kind = found.peek().kind if fmt is not None else "file"
    own = re.sub(r"\W", "_", found.dataset_id, flags=re.ASCII)
    own = f"_{own}" if own[:1].isdigit() or keyword.iskeyword(own) else own
    usual = _USUAL.get(kind)
    return [own] if usual is None else [usual, own]


def code_of(
    found: VersionBase,
    variable: str,
    *,
    way: str = "memory",
    part: Subset | None = None,
    pin: bool = True,
) -> str:
    """Give the code that loads a version into a variable: a line, or several where it is long."""
    words = [_literal(found.dataset_id)]
    if pin:
        words.append(f"version={_literal(found.version)}")
    if way == "part":
        words += _words_of(part or Subset())
    elif way != "memory":
        words.append(f"{way}=True")
    call = f"{variable} = Catalog({_literal(found.omixatlas_id)}).load("
    line = f"{call}{', '.join(words)})"
    if way != "part" or len(line) <= _WIDTH:
        return line
    return "\n".join([call, *(f"    {word}," for word in words), ")"])


def _words_of(part: Subset) -> list[str]:
    words = []
    if part.obs:
        chosen = (f"{_literal(column)}: {_list(values)}" for column, values in part.obs.items())
        words.append(f"obs={{{', '.join(chosen)}}}")
    if part.var:
        words.append(f"var={_list(part.var)}")
    return words


def _list(texts: Sequence[str]) -> str:
    return f"[{', '.join(map(_literal, texts))}]"


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
