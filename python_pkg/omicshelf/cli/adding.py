"""The commands add and update: files become datasets and versions."""

from __future__ import annotations

import glob
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from omicshelf import rules
from omicshelf.cli import completion
from omicshelf.cli.arguments import (
    DatasetArgument,
    FormatOption,
    MessageOption,
    MetaFileOption,
    MetaOption,
    NoCheck,
    ParentOption,
    TypeOption,
    read_metadata,
)
from omicshelf.cli.batch import for_each
from omicshelf.cli.commands import add_commands
from omicshelf.cli.documents import dataset_document, shape_text
from omicshelf.cli.session import Session, session_of
from omicshelf.errors import AlreadyExists, Invalid, MissingPath

if TYPE_CHECKING:
    from omicshelf.catalog import Catalog, Dataset

__all__ = ["register", "tell_written"]

_PANEL = "Write"
_WILD = re.compile(r"[*?\[]")
_COMPRESSED = (".gz", ".bgz", ".zip", ".bz2", ".xz", ".zst")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    add_commands(
        app,
        _PANEL,
        (
            ("add", add, "omicshelf add pbmc.h5ad --type 'Single cell' --meta tissue=blood"),
            (
                "update",
                update,
                "omicshelf update pbmc filtered.h5ad -m 'cells below 200 genes out'",
            ),
        ),
    )


@dataclass(frozen=True)
class _Addition:
    path: str
    dataset_id: str


def add(
    context: typer.Context,
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH... [ID]",
            help="Files, folders (zarr, 10x), patterns such as '*.h5ad', or s3:// addresses. With "
            "one path, the id of the dataset may follow; else it is made of the file's name.",
        ),
    ],
    id_: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="The id of the dataset.")
    ] = None,
    data_type: TypeOption = None,
    meta: MetaOption = None,
    meta_file: MetaFileOption = None,
    study: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Put it into a study.", autocompletion=completion.studies
        ),
    ] = None,
    message: MessageOption = None,
    parent: ParentOption = None,
    data_format: FormatOption = None,
    no_check: NoCheck = False,
    update: Annotated[
        bool,
        typer.Option(
            "--update",
            help="Where the dataset is there already, add a new version, unless nothing changed.",
        ),
    ] = False,
) -> None:
    """Add files to the catalog, each as a dataset."""
    session = session_of(context)
    given = _Given(
        metadata=read_metadata(meta, meta_file),
        options={
            "message": message,
            "parents": [session.version_id(one) for one in parent or ()],
            "data_format": data_format,
            "check": not no_check,
            "study_id": study,
        },
        data_type=data_type,
        update=update,
    )
    additions = _plan(session, paths, id_)
    if not update:
        _refuse_taken(session.catalog, additions)
    out = session.out

    def write(addition: _Addition) -> Dataset:
        known = given.update and addition.dataset_id in session.catalog
        dataset = _write(session.catalog, addition, given, known)
        tell_written(session, "Updated" if known else "Added", dataset)
        return dataset

    batch = for_each(session, additions, lambda addition: addition.path, write)
    if out.json:
        found = [dataset_document(dataset) for dataset in batch.results]
        out.document({"datasets": found, "errors": batch.errors})
    batch.end()


@dataclass(frozen=True)
class _Given:
    """What the options say of all files alike."""

    metadata: Mapping[str, Any] | None
    options: Mapping[str, Any]
    data_type: str | None
    update: bool


def _write(catalog: Catalog, addition: _Addition, given: _Given, known: bool) -> Dataset:
    metadata, options = given.metadata, dict(given.options)
    if known and metadata is not None:
        now = catalog.get_dataset(addition.dataset_id)
        # The keys are merged into what was just read: a change in between is a conflict.
        metadata, options["expected_version"] = {**now.metadata(), **metadata}, now.version_id
    elif given.data_type is not None and not given.update:
        return catalog.create_dataset(
            addition.dataset_id, given.data_type, addition.path, metadata or {}, **options
        )
    return catalog.save(
        addition.dataset_id,
        addition.path,
        metadata=metadata,
        data_type=given.data_type,
        **options,
    )


def _plan(session: Session, words: Sequence[str], id_: str | None) -> list[_Addition]:
    """Find out which file becomes which dataset; refuse before anything is written."""
    words = list(words)
    if id_ is None and len(words) == 2 and _is_id(words[1]):
        id_ = words.pop()
    paths = [path for word in words for path in _matching(word)]
    if id_ is not None:
        if len(paths) != 1:
            raise Invalid(
                f"One id, '{id_}', for {len(paths)} files.",
                "Add them one by one, or leave the id out: it is made of each file's name.",
            )
        return [_Addition(paths[0], rules.check_dataset_id(id_))]
    additions = [_Addition(path, rules.propose_dataset_id(_stem(path))) for path in paths]
    seen: dict[str, str] = {}
    for addition in additions:
        if addition.dataset_id in seen:
            raise Invalid(
                f"'{seen[addition.dataset_id]}' and '{addition.path}' would both become "
                f"'{addition.dataset_id}'.",
                "Add one of them by itself, with another id: omicshelf add PATH ID",
            )
        seen[addition.dataset_id] = addition.path
    return additions


def _is_id(word: str) -> bool:
    """Whether the word after a path is meant as an id: it looks like one, and is no file."""
    return re.fullmatch(r"[\w-]+", word) is not None and not Path(word).exists()


def _matching(word: str) -> list[str]:
    if "://" in word or Path(word).expanduser().exists():
        return [word]
    pattern = str(Path(word).expanduser())
    # Path.glob takes no absolute pattern.
    found = sorted(glob.glob(pattern)) if _WILD.search(word) else []  # noqa: PTH207
    if not found:
        raise MissingPath(
            f"There is no file or folder '{word}'.", "Check the path, or the pattern."
        )
    return found


def _stem(path: str) -> str:
    """Give a file's name without its suffixes: ``a/GSE1.v2.csv.gz`` -> ``GSE1.v2``."""
    name = path.rstrip("/").rpartition("/")[2] if "://" in path else Path(path).absolute().name
    for suffix in _COMPRESSED:
        if name.lower().endswith(suffix) and "." in name[: -len(suffix)]:
            name = name[: -len(suffix)]
    return name.rpartition(".")[0] or name


def _refuse_taken(catalog: Catalog, additions: Sequence[_Addition]) -> None:
    taken = [addition for addition in additions if addition.dataset_id in catalog]
    if taken:
        shown = ", ".join(f"'{addition.dataset_id}'" for addition in taken[:5])
        more = f" and {len(taken) - 5} more" if len(taken) > 5 else ""
        there = "is" if len(taken) == 1 else "are"
        raise AlreadyExists(
            f"{shown}{more} {there} in atlas '{catalog.omixatlas_id}' already.",
            "Pass --update to add new versions, or another id: omicshelf add PATH ID",
        )


def update(
    context: typer.Context,
    dataset: DatasetArgument,
    path: Annotated[
        str | None, typer.Argument(metavar="[PATH]", help="The new data: a file or folder.")
    ] = None,
    data_type: TypeOption = None,
    meta: MetaOption = None,
    meta_file: MetaFileOption = None,
    replace_meta: Annotated[
        bool, typer.Option("--replace-meta", help="Drop the metadata that are not given.")
    ] = False,
    message: MessageOption = None,
    parent: ParentOption = None,
    data_format: FormatOption = None,
    no_check: NoCheck = False,
    expect: Annotated[
        str | None,
        typer.Option(
            metavar="VERSION",
            help="Refuse if this is not the newest version any more.",
            autocompletion=completion.versions,
        ),
    ] = None,
) -> None:
    """Write a new version of a dataset; what is not given stays as it is."""
    session = session_of(context)
    catalog, dataset_id = session.dataset(dataset)
    metadata = read_metadata(meta, meta_file)
    if metadata is not None and not replace_meta:
        now = catalog.get_dataset(dataset_id)
        metadata, expect = {**now.metadata(), **metadata}, expect or now.version_id
    elif replace_meta and metadata is None:
        raise Invalid("--replace-meta, and no metadata.", "Pass --meta or --meta-file.")
    if path is not None:
        (path,) = _one(_matching(path), path)
    written = catalog.update_dataset(
        dataset_id,
        data_type,
        metadata,
        path,
        message=message,
        parents=[session.version_id(one) for one in parent or ()],
        data_format=data_format,
        check=not no_check,
        expected_version=expect,
    )
    tell_written(session, "Updated", written)
    if session.out.json:
        session.out.document(dataset_document(written))


def _one(paths: list[str], word: str) -> list[str]:
    if len(paths) != 1:
        raise Invalid(f"'{word}' is {len(paths)} files.", "Name one of them.")
    return paths


def tell_written(session: Session, done: str, dataset: Dataset) -> None:
    """Tell a person what was written; give a pipe its name."""
    from omicshelf.catalog.words import size_in_words

    name = f"{dataset.dataset_id}@{dataset.version}"
    if dataset.unchanged:
        session.out.say(f"Unchanged: {name} has this content already.")
    else:
        facts = (dataset.data_format, shape_text(dataset.shape), size_in_words(dataset.size))
        session.out.say(f"{done} {name}: {', '.join(fact for fact in facts if fact)}.")
    if not session.out.json:
        session.out.reference(name)
