"""What a widget asks of the kernel itself: to load into a variable, and to save one.

The addresses begin with ``/kernel``, beside those of the REST interface, and the answers have
the same form:

``GET /kernel/variables``
    ``{variables: [{name, type, shape, size, loaded_from: {atlas, id, version} | null}]}``
``POST /kernel/plan`` with ``{atlas, id, version?, variable?, as?, part?: {obs?, var?}}``
    ``{variable, code, memory, free_memory, ways, shape, obstacle}``; an obstacle is
    ``{kind: "exists", variable, holds, free}`` or ``{kind: "large", memory, free_memory}``
``POST /kernel/load`` with the same and ``overwrite?``
    ``{variable, code, holds}``; a name that is taken is an error ``AlreadyExists``
``GET /kernel/parts/NAME``
    a script of the front end, as bytes
``POST /kernel/save`` with ``{variable, atlas, id, message, expected_version?, dry_run?,
create?: {data_type, title?, study?}}``
    ``{version, changes}``; where somebody else saved first it is an error ``Conflict`` that has
    ``newest``, ``based_on``, ``theirs`` and ``mine`` besides, and nothing is written.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from omicshelf.catalog.catalog import Catalog
from omicshelf.catalog.connection import Connection
from omicshelf.catalog.dataset import VersionBase
from omicshelf.errors import NotFound
from omicshelf.notebook import saving
from omicshelf.notebook.answers import Answered, Asked
from omicshelf.notebook.parts import PREFIX, part
from omicshelf.notebook.subset import Subset, SubsetWish
from omicshelf.notebook.variables import (
    Names,
    code_of,
    described,
    free_name,
    load_into,
    plan,
    user_names,
    variables,
)
from omicshelf.server.parsing import parse_body

__all__ = ["KernelRequests"]

_PREFIX = "/kernel/"


class _Wish(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LoadWish(_Wish):
    """What to load, and how."""

    atlas: str
    id: str
    version: str | None = None
    variable: str | None = None
    way: str = Field(default="memory", alias="as")
    part: SubsetWish | None = None
    overwrite: bool = False


class NewDataset(_Wish):
    """What a dataset needs to be made."""

    data_type: str
    title: str | None = None
    study: str | None = None


class SaveWish(_Wish):
    """What to save, and as what."""

    variable: str
    atlas: str
    id: str
    message: str = ""
    create: NewDataset | None = None
    expected_version: str | None = None
    dry_run: bool = False


class KernelRequests:
    """Answers what is about the kernel; the rest is the catalog's.

    Parameters
    ----------
    connection
        The catalog.
    names
        Gives the variables of the notebook.
    """

    def __init__(self, connection: Connection, names: Callable[[], Names] = user_names) -> None:
        self._connection = connection
        self._names = names
        self._answers: dict[tuple[str, str], Callable[[bytes], dict[str, Any]]] = {
            ("GET", "variables"): self._variables,
            ("POST", "plan"): self._plan,
            ("POST", "load"): self._load,
            ("POST", "save"): self._save,
        }

    def __call__(self, asked: Asked) -> Answered | None:
        """Answer, or give None where a request is not about the kernel."""
        if not asked.path.startswith(_PREFIX):
            return None
        if asked.method == "GET" and asked.path.startswith(PREFIX):
            return part(asked.path)
        found = self._answers.get((asked.method, asked.path.removeprefix(_PREFIX)))
        if found is None:
            raise NotFound("There is nothing at this address of the kernel.")
        try:
            told, status = found(bytes(asked.body)), 200
        except saving.SavedFirst as error:
            told, status = error.document(), 409
        return Answered(status, {"content-type": "application/json"}, json.dumps(told).encode())

    def _variables(self, _body: bytes) -> dict[str, Any]:
        found = [
            {
                "name": variable.name,
                "type": variable.kind,
                "shape": variable.shape,
                "size": variable.size,
                "loaded_from": variable.came,
            }
            for variable in variables(self._names())
        ]
        return {"variables": found}

    def _plan(self, body: bytes) -> dict[str, Any]:
        wish = parse_body(body, LoadWish)
        found, names = self._version(wish), self._names()
        made = plan(found, names, variable=wish.variable, way=wish.way, part=_subset(wish))
        obstacle: dict[str, Any] | None = None
        if made.taken is not None and not wish.overwrite:
            free = free_name(found, names)
            obstacle = {
                "kind": "exists",
                "variable": made.variable,
                "holds": made.taken,
                "free": free,
            }
        elif made.is_large and wish.way in ("memory", "part"):
            obstacle = {"kind": "large", "memory": made.memory, "free_memory": made.free}
        return {
            "variable": made.variable,
            "code": made.code,
            "memory": made.memory,
            "free_memory": made.free,
            "ways": list(made.ways),
            "shape": list(made.shape),
            "obstacle": obstacle,
        }

    def _load(self, body: bytes) -> dict[str, Any]:
        wish = parse_body(body, LoadWish)
        found = self._version(wish)
        name, loaded = load_into(
            found,
            self._names(),
            variable=wish.variable,
            way=wish.way,
            part=_subset(wish),
            overwrite=wish.overwrite,
        )
        code = code_of(found, name, way=wish.way, part=_subset(wish))
        return {"variable": name, "code": code, "holds": described(loaded)}

    def _save(self, body: bytes) -> dict[str, Any]:
        wish = parse_body(body, SaveWish)
        names = self._names()
        if wish.variable not in names:
            raise NotFound(
                f"There is no variable '{wish.variable[:60]}' any more.",
                "Choose another one; a kernel that was restarted has none.",
            )
        create = None
        if wish.create is not None:
            asked = wish.create
            create = saving.NewDataset(asked.data_type, asked.title, asked.study)
        saved = saving.save(
            self._catalog(wish.atlas),
            wish.id,
            names[wish.variable],
            variable=wish.variable,
            message=wish.message,
            create=create,
            expected=wish.expected_version,
            dry_run=wish.dry_run,
        )
        return {"version": saved.version, "changes": list(saved.changes)}

    def _version(self, wish: LoadWish) -> VersionBase:
        catalog = self._catalog(wish.atlas)
        if wish.version is None:
            return catalog.get_dataset(wish.id)
        return catalog.get_version(wish.id, wish.version)

    def _catalog(self, atlas: str) -> Catalog:
        return Catalog(atlas, connection=self._connection)


def _subset(wish: LoadWish) -> Subset | None:
    return None if wish.part is None else wish.part.subset()
