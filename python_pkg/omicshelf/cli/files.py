"""Commands for supplementary files: attach, files, get-file, detach."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from omicshelf.cli import completion
from omicshelf.cli.arguments import DatasetArgument, OverwriteOption
from omicshelf.cli.batch import for_each
from omicshelf.cli.commands import add_commands
from omicshelf.cli.documents import file_document, short_time
from omicshelf.cli.output import Column
from omicshelf.cli.reading import refuse_existing
from omicshelf.cli.session import session_of
from omicshelf.cli.versions import YesOption
from omicshelf.errors import Invalid

if TYPE_CHECKING:
    from omicshelf.catalog import Catalog, SupplementaryFile

__all__ = ["register"]

_PANEL = "Files"

NameArgument = Annotated[
    str,
    typer.Argument(
        metavar="NAME", help="The name of the file.", autocompletion=completion.file_names
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    add_commands(
        app,
        _PANEL,
        (
            ("attach", attach, "omicshelf attach pbmc report.pdf --tag QC --made-from v2"),
            ("files", files, "omicshelf files pbmc"),
            ("get-file", get_file, "omicshelf get-file pbmc report.pdf"),
            ("detach", detach, "omicshelf detach pbmc report.pdf"),
        ),
    )


def attach(
    context: typer.Context,
    dataset: DatasetArgument,
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="The files.")],
    tag: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT", help="What kind of files they are.", autocompletion=completion.tags
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Another name for the file.")
    ] = None,
    file_format: Annotated[
        str | None, typer.Option("--format", metavar="NAME", help="Their format, such as 'pdf'.")
    ] = None,
    source_version: Annotated[
        str | None,
        typer.Option(
            metavar="VERSION",
            help="The version that they were made from; they go when the data change.",
            autocompletion=completion.versions,
        ),
    ] = None,
    made_from: Annotated[
        str | None,
        typer.Option(
            metavar="VERSION",
            help="The version that they were made from; they stay.",
            autocompletion=completion.versions,
        ),
    ] = None,
) -> None:
    """Attach files to a dataset: reports, figures, tables. One of the same name is replaced."""
    session = session_of(context)
    catalog, dataset_id = session.dataset(dataset)
    if name is not None and len(paths) != 1:
        raise Invalid(f"One name, '{name}', for {len(paths)} files.", "Attach them one by one.")
    out = session.out

    def attach_one(path: str) -> SupplementaryFile:
        file = catalog.attach_file(
            dataset_id,
            path,
            tag=tag,
            source_version_id=source_version,
            file_name=name,
            file_format=file_format,
            made_from=made_from,
        )
        out.say(f"Attached {file.file_name} to {dataset_id}.")
        return file

    batch = for_each(session, paths, str, attach_one)
    if out.json:
        found = [file_document(file) for file in batch.results]
        out.document({"files": found, "errors": batch.errors})
    batch.end()


def files(
    context: typer.Context,
    dataset: DatasetArgument,
    history: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="All states of one file: replaced and removed ones too.",
            autocompletion=completion.file_names,
        ),
    ] = None,
    tag: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT", help="Only those with this tag.", autocompletion=completion.tags
        ),
    ] = None,
) -> None:
    """List the files of a dataset."""
    from omicshelf.catalog.words import size_in_words

    session = session_of(context)
    catalog, dataset_id = session.dataset(dataset)
    found = (
        catalog.list_files(dataset_id) if history is None else _states(catalog, dataset_id, history)
    )
    found = [file for file in found if tag is None or file.tag == tag]
    out = session.out
    if out.json:
        out.document({"files": [file_document(file) for file in found]})
        return
    if not found:
        out.say(f"{dataset_id} has no files" + ("." if tag is None else f" with tag '{tag}'."))
        return
    versions = catalog.list_versions(dataset_id, include_deleted=True)
    names = {version.version_id: version.version for version in versions}
    columns = [
        Column("FILE"),
        Column("FORMAT"),
        Column("SIZE", right=True),
        Column("TAG", cut=True),
        Column("MADE FROM"),
        Column("ATTACHED (UTC)"),
        *([Column("STATE")] if history is not None else []),
    ]
    out.table(
        columns,
        (
            (
                file.file_name,
                file.file_format,
                size_in_words(file.size),
                file.tag,
                names.get(file.derived_from or "", (file.derived_from or "")[:8]),
                short_time(file.created_at),
                *([file.state] if history is not None else []),
            )
            for file in found
        ),
    )


def _states(catalog: Catalog, dataset_id: str, name: str) -> list[SupplementaryFile]:
    """Give all states of a file name, also of one that is removed."""
    from omicshelf.catalog import SupplementaryFile

    connection = catalog.connection
    found = connection.backend.file_history(catalog.omixatlas_id, dataset_id, name)
    if not found:
        catalog.get_file(dataset_id, name)  # tells what there is instead
    return [SupplementaryFile(record, connection) for record in found]


def get_file(
    context: typer.Context,
    dataset: DatasetArgument,
    name: NameArgument,
    dest: Annotated[
        str, typer.Argument(metavar="[DEST]", help="A file, or a folder.", show_default=False)
    ] = ".",
    overwrite: OverwriteOption = False,
) -> None:
    """Download a file of a dataset."""
    session = session_of(context)
    catalog, dataset_id = session.dataset(dataset)
    file = catalog.get_file(dataset_id, name)
    refuse_existing(dest, file.file_name, overwrite)
    written = file.download(dest)
    if session.out.json:
        session.out.document({**file_document(file), "path": written})
        return
    session.out.line(written)


def detach(
    context: typer.Context,
    dataset: DatasetArgument,
    name: NameArgument,
    purge: Annotated[
        bool, typer.Option("--purge", help="Remove its history and bytes too, for good.")
    ] = False,
    yes: YesOption = False,
) -> None:
    """Remove a file from a dataset; its history keeps it."""
    session = session_of(context)
    catalog, dataset_id = session.dataset(dataset)
    if purge:
        session.confirm(f"Remove {name} of {dataset_id} for good, with its history?", yes=yes)
    catalog.delete_file(dataset_id, name, purge=purge)
    how = "for good" if purge else f"`omicshelf files {dataset_id} --history '{name}'` still has it"
    session.out.say(f"Removed {name} from {dataset_id}: {how}.")
    if session.out.json:
        session.out.document({"dataset_id": dataset_id, "file_name": name, "purged": purge})
