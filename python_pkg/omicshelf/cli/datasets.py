"""Commands for whole datasets: edit, cp, rm, undelete, study, studies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from omicshelf.cli import adding, completion
from omicshelf.cli.adding import tell_written
from omicshelf.cli.arguments import (
    DatasetArgument,
    DryRun,
    MessageOption,
    read_metadata,
)
from omicshelf.cli.commands import add_commands
from omicshelf.cli.documents import as_text, dataset_document
from omicshelf.cli.output import Column
from omicshelf.cli.session import Session, session_of
from omicshelf.errors import Invalid
from omicshelf.reference import parse_reference

if TYPE_CHECKING:
    from omicshelf.backend.base import EditReport
    from omicshelf.catalog import Catalog

__all__ = ["register"]

_PANEL = "Write"

DatasetArguments = Annotated[
    list[str],
    typer.Argument(metavar="ID...", help="The datasets.", autocompletion=completion.datasets),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    adding.register(app)
    add_commands(
        app,
        _PANEL,
        (
            ("edit", edit, "omicshelf edit --where tissue:lung --set organ=lung --dry-run"),
            ("cp", cp, "omicshelf cp pbmc pbmc_copy --to-atlas archive --with-history"),
            ("rm", rm, "omicshelf rm pbmc"),
            ("undelete", undelete, "omicshelf undelete pbmc"),
            ("study", study, "omicshelf study pbmc GSE1"),
            ("studies", studies, "omicshelf studies"),
        ),
    )


def edit(
    context: typer.Context,
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID]...", help="The datasets.", autocompletion=completion.datasets),
    ] = None,
    where: Annotated[
        str | None,
        typer.Option(metavar="FILTER", help="All that match, such as 'tissue:lung n_obs:>1000'."),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Set a key; the value is read as JSON where it is JSON. Repeatable.",
        ),
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option(metavar="KEY", help="Remove a key. Repeatable.")
    ] = None,
    message: MessageOption = None,
    dry_run: DryRun = False,
) -> None:
    """Set and remove metadata keys of many datasets: one new version each, all or nothing."""
    session = session_of(context)
    if bool(ids) == bool(where):
        raise Invalid(
            "Both ids and --where are given." if ids else "Nothing says which datasets to edit.",
            "Pass the ids of datasets, or --where with a filter.",
        )
    if where and ":" not in where:
        raise Invalid(f"'{where}' is no filter.", "A filter is key:value, such as tissue:lung.")
    catalog, chosen = _selection(session, ids) if ids else (session.catalog, where or "")
    report = catalog.edit_metadata(
        chosen,
        read_metadata(set_, None),
        remove or (),
        message=message,
        dry_run=dry_run,
    )
    _show_edit(session, report)


def _selection(session: Session, ids: Sequence[str]) -> tuple[Catalog, list[str]]:
    found = [session.dataset(one) for one in ids]
    atlases = {catalog.omixatlas_id for catalog, _id in found}
    if len(atlases) > 1:
        raise Invalid(
            f"The datasets are of {len(atlases)} atlases.", "Edit those of one atlas at a time."
        )
    return found[0][0], [dataset_id for _catalog, dataset_id in found]


def _show_edit(session: Session, report: EditReport) -> None:
    out = session.out
    if out.json:
        changed = {name: {"was": a, "now": b} for name, (a, b) in report.changed.items()}
        out.document({"changed": changed, "unchanged": report.unchanged, "dry_run": report.dry_run})
        return
    rows = [
        (
            name,
            key,
            as_text(was[key]) if key in was else "",
            as_text(now[key]) if key in now else "",
        )
        for name, (was, now) in report.changed.items()
        for key in dict.fromkeys([*was, *now])
        if key not in was or key not in now or was[key] != now[key]
    ]
    if rows:
        out.table(
            (Column("ID"), Column("KEY"), Column("WAS", cut=True), Column("IS", cut=True)), rows
        )
    would = "would change" if report.dry_run else "changed"
    out.say(f"{len(report.changed)} {would}, {len(report.unchanged)} as before.")


def cp(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(metavar="SRC", help="The dataset.", autocompletion=completion.datasets),
    ],
    dest: Annotated[str, typer.Argument(metavar="DEST", help="The id of the copy.")],
    to_atlas: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The atlas of the copy. Default: that of the dataset.",
            autocompletion=completion.atlases,
        ),
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="Where DEST is there already, add a version to it."),
    ] = False,
    with_history: Annotated[
        bool, typer.Option("--with-history", help="Copy all versions, not only the newest.")
    ] = False,
    message: MessageOption = None,
) -> None:
    """Copy a dataset with its metadata, study and files; no bytes are copied."""
    from omicshelf.catalog import copy_dataset

    session = session_of(context)
    catalog, dataset_id = session.dataset(source)
    reference = parse_reference(dest)
    if reference.atlas is not None and to_atlas not in (None, reference.atlas):
        raise Invalid(f"'{dest}' is not in atlas '{to_atlas}'.", "Name the atlas once.")
    session.dataset(dest)  # refuses a version
    target = session.catalog_of(reference.atlas or to_atlas or catalog.omixatlas_id)
    copied = copy_dataset(
        catalog,
        dataset_id,
        target,
        reference.dataset_id,
        overwrite,
        with_history=with_history,
        message=message,
    )
    tell_written(session, f"Copied {dataset_id} to {target.omixatlas_id}:", copied)
    if session.out.json:
        session.out.document(dataset_document(copied))


def rm(context: typer.Context, ids: DatasetArguments, message: MessageOption = None) -> None:
    """Delete datasets; `omicshelf undelete` brings them back."""
    session = session_of(context)
    found = [session.dataset(one) for one in dict.fromkeys(ids)]
    for catalog, dataset_id in found:
        catalog.get_dataset(dataset_id)  # all are looked up before the first is deleted
    for catalog, dataset_id in found:
        catalog.delete_dataset(dataset_id, message=message)
        session.finished.append(dataset_id)
        session.out.say(f"Deleted {dataset_id}. `omicshelf undelete {dataset_id}` brings it back.")
    if session.out.json:
        session.out.document({"deleted": session.finished})


def undelete(
    context: typer.Context,
    dataset: Annotated[str, typer.Argument(metavar="ID", help="The deleted dataset.")],
    message: MessageOption = None,
) -> None:
    """Bring a deleted dataset back: its versions, study and files."""
    session = session_of(context)
    catalog, dataset_id = session.dataset(dataset)
    found = catalog.undelete_dataset(dataset_id, message=message)
    tell_written(session, "Brought back", found)
    if session.out.json:
        session.out.document(dataset_document(found))


def study(
    context: typer.Context,
    dataset: DatasetArgument,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[STUDY]", help="The study to put it into.", autocompletion=completion.studies
        ),
    ] = None,
    none: Annotated[bool, typer.Option("--none", help="Take it out of its study.")] = False,
) -> None:
    """Show the study of a dataset, or put it into one; this makes no version."""
    session = session_of(context)
    catalog, dataset_id = session.dataset(dataset)
    if none and name is not None:
        raise Invalid(f"Both a study, '{name}', and --none are given.", "Choose one.")
    if none or name is not None:
        catalog.set_parent_study(dataset_id, name)
    found = catalog.get_dataset(dataset_id).study_id
    out = session.out
    if out.json:
        out.document({"dataset_id": dataset_id, "study_id": found})
    elif found is None:
        out.say(f"{dataset_id} is in no study.")
    elif name is not None:
        out.say(f"{dataset_id} is in study {found}.")
    else:
        out.line(found)


def studies(context: typer.Context) -> None:
    """List the studies that have datasets; `omicshelf ls study:NAME` lists those of one."""
    session = session_of(context)
    found = session.catalog.list_studies()
    if session.out.json:
        session.out.document({"studies": found})
        return
    if not found:
        session.out.say("There are no studies.")
    for name in found:
        session.out.line(name)
