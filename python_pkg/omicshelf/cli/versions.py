"""Commands for versions: versions, diff, rollback, label, labels, purge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from omicshelf.cli import completion
from omicshelf.cli.adding import tell_written
from omicshelf.cli.arguments import DatasetArgument, DryRun, MessageOption, VersionArgument
from omicshelf.cli.commands import add_commands, counted
from omicshelf.cli.documents import dataset_document, short_time, version_document
from omicshelf.cli.output import Column
from omicshelf.cli.running import FOUND
from omicshelf.cli.session import Session, session_of
from omicshelf.errors import Invalid

if TYPE_CHECKING:
    from omicshelf.backend.base import PurgeReport
    from omicshelf.catalog import Catalog

__all__ = ["YesOption", "register"]

_PANEL = "Versions"

YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do it without a question.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    add_commands(
        app,
        _PANEL,
        (
            ("versions", versions, "omicshelf versions pbmc"),
            ("diff", diff, "omicshelf diff pbmc v1 v3"),
            ("rollback", rollback, "omicshelf rollback pbmc v2 -m 'v3 had lost its counts'"),
            ("label", label, "omicshelf label pbmc v3 submitted"),
            ("labels", labels, "omicshelf labels pbmc"),
            ("purge", purge, "omicshelf purge pbmc --keep-last 5 --dry-run"),
        ),
    )


def versions(
    context: typer.Context,
    dataset: DatasetArgument,
    deleted: Annotated[
        bool,
        typer.Option("--deleted", help="Those from before the dataset was deleted, too."),
    ] = False,
) -> None:
    """List the versions of a dataset, newest first."""
    from omicshelf.catalog.words import size_in_words

    session = session_of(context)
    catalog, dataset_id = session.dataset(dataset)
    found = catalog.list_versions(dataset_id, include_deleted=deleted)
    out = session.out
    if out.json:
        out.document({"versions": [version_document(version) for version in found]})
        return
    columns = (
        Column("VERSION"),
        Column("WRITTEN (UTC)"),
        Column("AUTHOR", cut=True),
        Column("SIZE", right=True),
        Column("NEW", right=True),
        Column("LABELS", cut=True),
        Column("MESSAGE", cut=True),
    )
    out.table(
        columns,
        (
            (
                version.version,
                short_time(version.created_at),
                version.author,
                size_in_words(version.size),
                size_in_words(version.added_bytes),
                ", ".join(version.labels),
                version.message,
            )
            for version in found
        ),
    )


def diff(
    context: typer.Context,
    dataset: DatasetArgument,
    a: VersionArgument,
    b: Annotated[
        str | None,
        typer.Argument(
            metavar="[VERSION]",
            help="Against this one; default: the newest.",
            autocompletion=completion.versions,
        ),
    ] = None,
    deep: Annotated[
        bool, typer.Option("--deep", help="Load both, and compare values where names changed.")
    ] = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="End with exit code 1 where they differ.")
    ] = False,
) -> None:
    """Tell what changed from one version to another."""
    session = session_of(context)
    catalog, dataset_id = session.dataset(dataset)
    found = catalog.diff(dataset_id, a, b, deep=deep)
    if session.out.json:
        session.out.document(found.to_dict())
    else:
        session.out.text(str(found))
    if exit_code and found:
        raise typer.Exit(FOUND)


def rollback(
    context: typer.Context,
    dataset: DatasetArgument,
    version: VersionArgument,
    message: MessageOption = None,
) -> None:
    """Make an old version's data and metadata current again, as a new version."""
    session = session_of(context)
    catalog, dataset_id = session.dataset(dataset)
    found = catalog.rollback(dataset_id, version, message=message)
    tell_written(session, f"Rolled back to {version}:", found)
    if session.out.json:
        session.out.document(dataset_document(found))


def label(
    context: typer.Context,
    dataset: DatasetArgument,
    version: Annotated[
        str | None,
        typer.Argument(metavar="VERSION", help="The version.", autocompletion=completion.versions),
    ] = None,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Its name, such as 'submitted'.")
    ] = None,
    remove: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Take a name off instead.", autocompletion=completion.labels
        ),
    ] = None,
) -> None:
    """Give a version a name; a named version is not purged."""
    session = session_of(context)
    catalog, dataset_id = session.dataset(dataset)
    if remove is not None:
        if version is not None:
            raise Invalid(
                f"Both a version, '{version}', and --remove are given.",
                f"A name is taken off by itself: omicshelf label {dataset_id} --remove '{remove}'",
            )
        catalog.remove_label(dataset_id, remove)
        session.out.say(f"{dataset_id} has no label '{remove}' any more.")
    elif version is None or name is None:
        raise Invalid(
            "A version and a name are needed.", f"omicshelf label {dataset_id} v1 submitted"
        )
    else:
        made = catalog.label(dataset_id, version, name)
        session.out.say(f"'{made.name}' names {dataset_id}@v{made.seq}.")
    if session.out.json:
        session.out.document({"dataset_id": dataset_id, "labels": catalog.labels(dataset_id)})


def labels(context: typer.Context, dataset: DatasetArgument) -> None:
    """List the labels of a dataset."""
    session = session_of(context)
    catalog, dataset_id = session.dataset(dataset)
    found = catalog.labels(dataset_id)
    if session.out.json:
        session.out.document({"dataset_id": dataset_id, "labels": found})
        return
    if not found:
        session.out.say(f"{dataset_id} has no labels.")
        return
    names = {version.version_id: version.version for version in catalog.list_versions(dataset_id)}
    rows = [(name, names.get(version_id, ""), version_id) for name, version_id in found.items()]
    columns = (Column("LABEL"), Column("VERSION"), Column("VERSION ID"))
    session.out.table(columns, rows)


def purge(
    context: typer.Context,
    dataset: DatasetArgument,
    keep_last: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Keep the newest N versions.")
    ] = None,
    older_than: Annotated[
        str | None,
        typer.Option(metavar="DAYS", help="Remove what is older: days, or a date (2026-05-31)."),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Remove a deleted dataset with all that belongs to it.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Labelled versions too.")] = False,
    dry_run: DryRun = False,
    yes: YesOption = False,
) -> None:
    """Remove old versions for good, and the bytes that only they used."""
    session = session_of(context)
    catalog, dataset_id = session.dataset(dataset)
    age = _age(older_than)
    if everything == (keep_last is not None or age is not None):
        raise Invalid(
            "--all goes without --keep-last and --older-than."
            if everything
            else "Nothing says which versions to purge.",
            "Pass --keep-last N, --older-than DAYS, or --all for a deleted dataset.",
        )

    def run(*, dry: bool) -> PurgeReport:
        if not everything:
            return catalog.purge_versions(
                dataset_id, keep_last=keep_last, older_than=age, force=force, dry_run=dry
            )
        return (
            _all_of(catalog, dataset_id) if dry else catalog.purge_dataset(dataset_id, force=force)
        )

    report = run(dry=True)
    if not dry_run and (report.removed or everything):
        what = counted(len(report.removed), "version")
        session.confirm(f"Remove {what} of {dataset_id} for good?", yes=yes)
        report = run(dry=False)
    elif not dry_run:
        report = replace(report, dry_run=False)  # there was nothing to do
    _show_purge(session, dataset_id, report)


def _age(text: str | None) -> float | str | None:
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        return text


def _all_of(catalog: Catalog, dataset_id: str) -> PurgeReport:
    from omicshelf.backend.base import PurgeReport

    found = catalog.list_versions(dataset_id, include_deleted=True)
    freed = sum(version.added_bytes for version in found)
    return PurgeReport([version.version_id for version in found], {}, freed, dry_run=True)


def _show_purge(session: Session, dataset_id: str, report: PurgeReport) -> None:
    from omicshelf.catalog.words import size_in_words

    if session.out.json:
        session.out.document({"dataset_id": dataset_id, **vars(report)})
        return
    would = "would be removed" if report.dry_run else "removed"
    kept = _reasons(list(report.kept.values()))
    session.out.say(
        f"{counted(len(report.removed), 'version')} of {dataset_id} {would}, "
        f"{len(report.kept)} kept{kept}; "
        f"{size_in_words(report.freed_bytes)} {'would be ' if report.dry_run else ''}freed."
    )


def _reasons(reasons: Sequence[str]) -> str:
    counts = {reason: reasons.count(reason) for reason in dict.fromkeys(reasons)}
    told = ", ".join(f"{count} {reason}" for reason, count in counts.items())
    return f" ({told})" if told else ""
