"""What JupyterLab asks a kernel while no cell runs: one line of code each, answered in JSON.

Each function is called by an expression of a silent request, so that nothing of it is seen in
the notebook. What goes wrong is an answer too: a title and a remedy, never a traceback.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ParamSpec

from omicshelf.catalog import Catalog
from omicshelf.catalog.dataset import DatasetVersion
from omicshelf.catalog.loaded import version_of
from omicshelf.errors import NotFound, RequestException
from omicshelf.notebook import saving, traces
from omicshelf.notebook import variables as kept
from omicshelf.notebook.subset import Subset, SubsetWish

__all__ = ["Answer", "add_example", "holds", "load", "plan", "save", "variables"]

Given = ParamSpec("Given")

EXAMPLE = "pbmc68k_reduced"


class Answer:
    """A value that a front end reads as JSON, and that shows nothing where it is displayed."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        self.told = dict(told)

    def _repr_json_(self) -> dict[str, Any]:
        return self.told

    def __repr__(self) -> str:
        return f"Answer({', '.join(self.told)})"


def _answered(function: Callable[Given, dict[str, Any]]) -> Callable[Given, Answer]:
    """Make an answer of what a function gives, or of what went wrong in it."""

    @functools.wraps(function)
    def answered(*args: Given.args, **given: Given.kwargs) -> Answer:
        try:
            return Answer({"value": function(*args, **given)})
        except RequestException as error:
            told = {"title": error.title, "detail": error.detail, "kind": error.kind}
            return Answer({"error": told})
        except Exception as error:  # of a library, or of the data: said as it is
            title = f"{type(error).__name__}: {error}".rstrip(": ")
            return Answer({"error": {"title": title[:2000], "detail": None, "kind": "Error"}})

    return answered


# -- into the kernel


@_answered
def plan(
    atlas: str,
    dataset_id: str,
    version_id: str,
    *,
    prefer: Sequence[str],
    variable: str | None = None,
    way: str = "memory",
    part: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Say what a load will be.

    Parameters
    ----------
    prefer
        Names for the variable, the first that is free is taken; behind the last, numbers.
    variable
        The name that was asked for, whether it is free or not.
    way
        ``memory``, ``backed``, ``lazy`` or ``part``.
    part
        What of it comes: ``obs``, categories by column, and ``var``, names.
    """
    names = kept.user_names()
    free = kept.first_free(prefer, names)
    found = _version(atlas, dataset_id, version_id)
    told = kept.plan(found, names, variable=variable or free, way=way, part=_subset(part))
    return {
        "variable": told.variable,
        "taken": told.taken,
        "free_name": free,
        "memory": told.memory,
        "free_memory": told.free,
        "ways": told.ways,
        "shape": told.shape,
        "imported": names.get("Catalog") is Catalog,
    }


@_answered
def load(
    atlas: str,
    dataset_id: str,
    version_id: str,
    *,
    variable: str,
    way: str,
    overwrite: bool,
    part: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Load a version into a variable without a cell."""
    found = _version(atlas, dataset_id, version_id)
    name, loaded = kept.load_into(
        found,
        kept.user_names(),
        variable=variable,
        way=way,
        part=_subset(part),
        overwrite=overwrite,
    )
    return {"variable": name, "holds": kept.described(loaded)}


@_answered
def holds(variable: str) -> dict[str, Any]:
    """Say what a variable holds now, and the version it came from where that is known."""
    names = kept.user_names()
    if variable not in names:
        raise NotFound(f"There is no variable '{variable}' in this kernel.", "Run its cell again.")
    value = names[variable]
    version = version_of(value)
    traces.note(variable, value)
    return {
        "holds": kept.described(value),
        "version_id": None if version is None else version.version_id,
    }


@_answered
def add_example(atlas: str) -> dict[str, Any]:
    """Add a real dataset that comes with scanpy: 700 blood cells. Nothing is downloaded."""
    try:
        import scanpy
    except ImportError as error:
        raise NotFound(
            "The example comes with scanpy, which this kernel does not have.",
            "Run `%pip install scanpy` in a cell, then try again.",
        ) from error
    dataset = Catalog(atlas).save(
        EXAMPLE,
        scanpy.datasets.pbmc68k_reduced(),
        data_type="Single cell RNASeq",
        metadata={
            "title": "Peripheral blood mononuclear cells, 700 of 68,000",
            "organism": "Homo sapiens",
            "tissue": "blood",
            "source": "scanpy.datasets.pbmc68k_reduced",
        },
        message="As it comes with scanpy",
    )
    return {"dataset_id": dataset.dataset_id, "version_id": dataset.version_id}


def _version(atlas: str, dataset_id: str, version_id: str) -> DatasetVersion:
    catalog = Catalog(atlas)
    try:
        return catalog.get_version(dataset_id, version_id)
    except NotFound as error:
        # JupyterLab shows it: then this kernel looks somewhere else.
        raise NotFound(
            f"'{atlas}/{dataset_id}' is not in the catalog that this notebook works with, "
            f"{catalog.connection.url}.",
            "Choose another notebook, or connect this one to the catalog of JupyterLab: restart "
            "its kernel, or leave out `omicshelf.connect(…)`.",
        ) from error


def _subset(part: Mapping[str, Any] | None) -> Subset | None:
    return None if part is None else SubsetWish.model_validate(part).subset()


# -- out of the kernel


@_answered
def variables() -> dict[str, Any]:
    """List what could be saved, with the version that each was made from."""
    listed = [
        {
            "name": found.name,
            "type": found.kind,
            "shape": found.shape,
            "size": found.size,
            "loadedFrom": found.came,
        }
        for found in kept.variables(kept.user_names())
    ]
    return {"variables": listed}


@_answered
def save(
    variable: str,
    atlas: str,
    dataset_id: str,
    *,
    message: str = "",
    create: Mapping[str, Any] | None = None,
    expected: str | None = None,
    dry_run: bool = False,
) -> dict[str, Any]:
    """Save a variable as a version or as a new dataset, or only say what would change.

    Parameters
    ----------
    create
        Of a new dataset: its ``dataType``; ``title`` and ``study`` may be there.
    expected
        The version that is to be the newest; default: the one that the variable came from.
    """
    names = kept.user_names()
    if variable not in names:
        raise NotFound(f"There is no variable '{variable}' in this kernel.", "Choose another one.")
    made = None
    if create is not None:
        made = saving.NewDataset(create["dataType"], create.get("title"), create.get("study"))
    try:
        saved = saving.save(
            Catalog(atlas),
            dataset_id,
            names[variable],
            variable=variable,
            message=message,
            create=made,
            expected=expected,
            dry_run=dry_run,
        )
    except saving.SavedFirst as error:
        told = error.document()
        sides = {name: told[name] for name in ("newest", "theirs", "mine")}
        return {"conflict": {**sides, "basedOn": told["based_on"]}}
    return {"version": saved.version, "changes": list(saved.changes)}
