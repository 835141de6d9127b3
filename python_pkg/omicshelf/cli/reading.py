"""Commands that look: ls, search, info, versions' lineage, path, cite, get, atlases."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from omicshelf.cli.arguments import OverwriteOption, ReferenceArgument
from omicshelf.cli.commands import add_commands
from omicshelf.cli.documents import (
    DATASET_COLUMNS,
    dataset_document,
    dataset_row,
    metadata_rows,
    shape_text,
    short_time,
    summary_rows,
)
from omicshelf.cli.output import Column, Output
from omicshelf.cli.session import session_of
from omicshelf.errors import AlreadyExists

if TYPE_CHECKING:
    from omicshelf.catalog import Dataset, DatasetVersion, SearchResult

__all__ = ["register"]

_PANEL = "Find and read"

OrderOption = Annotated[
    str | None,
    typer.Option(
        "--order-by",
        metavar="FIELD",
        help="dataset_id, last_modified_at, created_at, size, n_obs …; with a '-' before it from "
        "the largest down.",
    ),
]
DeletedOption = Annotated[bool, typer.Option("--deleted", help="The deleted ones instead.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    add_commands(
        app,
        _PANEL,
        (
            ("ls", ls, "omicshelf ls 'tissue:lung n_obs:>1000' --order-by -size"),
            ("search", search, "omicshelf search fibrosis tissue:lung --facet disease"),
            ("info", info, "omicshelf info pbmc@v2"),
            ("get", get, "omicshelf get pbmc@v2 data/"),
            ("path", path, 'Rscript analyse.R "$(omicshelf path pbmc)"'),
            ("cite", cite, "omicshelf cite pbmc@submitted"),
            ("lineage", lineage, "omicshelf lineage pbmc"),
            ("atlases", atlases, "omicshelf atlases"),
        ),
    )


def ls(
    context: typer.Context,
    where: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILTER]...",
            help="Such as tissue:lung, n_obs:>1000; and after '--' -disease:*.",
        ),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=0, help="At most so many.")] = None,
    order_by: OrderOption = None,
    deleted: DeletedOption = False,
) -> None:
    """List the datasets of the atlas."""
    session = session_of(context)
    found = session.catalog.list_datasets(
        where=_joined(where) or None,
        limit=limit,
        order_by=order_by or "dataset_id",
        deleted=deleted,
    )
    out = session.out
    if out.json:
        out.document({"datasets": [dataset_document(dataset) for dataset in found]})
        return
    if not found:
        out.say(f"No datasets in atlas '{session.catalog.omixatlas_id}'.")
        return
    out.table(DATASET_COLUMNS, map(dataset_row, found))


def search(
    context: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[WORD|FILTER]...", help="Words, and filters such as tissue:lung."),
    ] = None,
    facet: Annotated[
        list[str] | None,
        typer.Option("--facet", metavar="KEY", help="Count the values of a key. Repeatable."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The size of a page.")] = 50,
    after: Annotated[
        str | None, typer.Option(metavar="CURSOR", help="The page after this; 'next' of --json.")
    ] = None,
    order_by: OrderOption = None,
    deleted: DeletedOption = False,
) -> None:
    """Find datasets by words and filters, last modified first."""
    session = session_of(context)
    found = session.catalog.search(
        _joined(words),
        facets=tuple(facet or ()),
        limit=limit,
        after=after,
        order_by=order_by,
        deleted=deleted,
    )
    out = session.out
    if out.json:
        out.document(
            {
                "datasets": [dataset_document(dataset) for dataset in found],
                "total": found.total,
                "facets": found.facets,
                "next": found.next,
            }
        )
        return
    if found.total:
        out.table(DATASET_COLUMNS, map(dataset_row, found))
    _show_facets(out, found)
    more = f", {len(found):,} of them shown" if len(found) < found.total else ""
    out.say(f"{found.total:,} found{more}.")


def _show_facets(out: Output, found: SearchResult) -> None:
    rows = [
        (key, value, f"{count:,}")
        for key, counts in found.facets.items()
        for value, count in counts.items()
    ]
    if rows:
        out.table((Column("KEY"), Column("VALUE", cut=True), Column("DATASETS", right=True)), rows)


def _joined(words: list[str] | None) -> str:
    """Put the words of the shell together again so that a value with spaces stays one."""
    return " ".join(_quoted(word) for word in words or ())


def _quoted(word: str) -> str:
    # One quoted argument may hold several words: 'tissue:lung n_obs:>1000'. Only a filter whose
    # value has spaces, and no other filter after it, is one.
    key, colon, value = word.partition(":")
    if colon and " " in value and " " not in key and ":" not in value and '"' not in word:
        return f'{key}:"{value}"'
    return word


def info(context: typer.Context, dataset: ReferenceArgument) -> None:
    """Show what is recorded of a dataset or version, and what is in its data."""
    session = session_of(context)
    found = session.find(dataset)
    summary = found.peek()
    out = session.out
    if out.json:
        document = dataset_document(found)
        out.document({**document, "summary": summary.model_dump(mode="json")})
        return
    out.facts(_facts(found))
    if problems := summary.problems:
        out.facts([("problem", problem) for problem in problems], "Problems")
    if contents := summary_rows(summary):
        out.facts(contents, "Data")
    if metadata := metadata_rows(found.metadata()):
        out.facts(metadata, "Metadata")


def _facts(found: Dataset | DatasetVersion) -> list[tuple[str, object]]:
    from omicshelf.catalog.words import size_in_words, utc_time

    facts: list[tuple[str, object]] = [
        ("dataset", f"{found.omixatlas_id}/{found.dataset_id}"),
        ("study", getattr(found, "study_id", None)),
        ("type", found.data_type),
        ("format", found.data_format),
        ("shape", shape_text(found.shape)),
        ("size", f"{size_in_words(found.size)} ({size_in_words(found.added_bytes)} of them new)"),
        ("version", f"{found.version} ({found.version_id})"),
        ("labels", ", ".join(found.labels)),
        ("written", utc_time(_written_at(found)) + (f" by {found.author}" if found.author else "")),
        ("message", found.message),
        ("deleted", "yes" if found.deleted else None),
    ]
    return [(name, value) for name, value in facts if value]


def _written_at(found: Dataset | DatasetVersion) -> int:
    """Give when the version was written; a dataset's ``created_at`` is that of its first one."""
    return int(getattr(found, "last_modified_at", found.created_at))


def get(
    context: typer.Context,
    dataset: ReferenceArgument,
    dest: Annotated[
        str, typer.Argument(metavar="[DEST]", help="A file, or a folder.", show_default=False)
    ] = ".",
    overwrite: OverwriteOption = False,
) -> None:
    """Download the data of a dataset or version, byte for byte as it came."""
    session = session_of(context)
    found = session.find(dataset)
    refuse_existing(dest, f"{found.dataset_id}{_suffix(found)}", overwrite)
    written = found.download(dest)
    if session.out.json:
        document = {"dataset_id": found.dataset_id, "version_id": found.version_id}
        session.out.document({**document, "version": found.version, "path": written})
        return
    session.out.line(written)


def refuse_existing(dest: str, name: str, overwrite: bool) -> None:
    """Refuse to write over a file: it may be somebody's work on the very same data."""
    from omicshelf.catalog.dataset import target_path

    target = target_path(dest, name)
    if not overwrite and os.path.lexists(target):
        raise AlreadyExists(
            f"'{target}' is there already.", "Choose another path, or pass --overwrite."
        )


def _suffix(found: Dataset | DatasetVersion) -> str:
    from omicshelf.formats import registry

    return registry.suffix_of(found.data_format)


def path(context: typer.Context, dataset: ReferenceArgument) -> None:
    """Print the path of a read-only file with the data, for R, the shell and other programs.

    It is the catalog's own file where that is possible: nothing is copied. Do not keep the
    path for later; ask again.
    """
    session = session_of(context)
    found = session.find(dataset)
    given = found.path()
    if session.out.json:
        document = {"dataset_id": found.dataset_id, "version_id": found.version_id}
        session.out.document({**document, "version": found.version, "path": str(given)})
        return
    # The bytes of the name as they are: another program opens it.
    sys.stdout.flush()
    stream = getattr(sys.stdout, "buffer", None)
    assert stream is not None
    stream.write(os.fsencode(given) + os.linesep.encode())
    stream.flush()


def cite(context: typer.Context, dataset: ReferenceArgument) -> None:
    """Print a reference to exactly this version, for a paper: id, date and hashes."""
    session = session_of(context)
    found = session.find(dataset)
    text = found.cite()
    if session.out.json:
        document = {"dataset_id": found.dataset_id, "version_id": found.version_id}
        session.out.document({**document, "version": found.version, "citation": text})
        return
    session.out.line(text)


def lineage(
    context: typer.Context,
    dataset: ReferenceArgument,
    depth: Annotated[int, typer.Option(min=1, help="How many steps to follow.")] = 20,
) -> None:
    """Show what a version was made from, and what was made from it."""
    session = session_of(context)
    found = session.find(dataset).lineage(depth=depth)
    if session.out.json:
        session.out.document(found.to_dict())
        return
    session.out.text(str(found))


def atlases(context: typer.Context) -> None:
    """List the atlases of the catalog."""
    from omicshelf.catalog.words import size_in_words

    session = session_of(context)
    found = session.connection.backend.list_atlases()
    out = session.out
    if out.json:
        out.document({"atlases": [atlas.model_dump(mode="json") for atlas in found]})
        return
    if not found:
        out.say("There are no atlases yet; the first dataset makes one.")
        return
    columns = (
        Column("ATLAS"),
        Column("DATASETS", right=True),
        Column("VERSIONS", right=True),
        Column("SIZE", right=True),
        Column("CREATED (UTC)"),
    )
    out.table(
        columns,
        (
            (a.name, f"{a.n_datasets:,}", f"{a.n_versions:,}", size_in_words(a.size),
             short_time(a.created_at))
            for a in found
        ),
    )  # fmt: skip
