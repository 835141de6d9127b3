"""Commands that keep the catalog: log, verify, gc, rebuild, export, import; and demo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from omicshelf.cli import completion
from omicshelf.cli.arguments import DryRun
from omicshelf.cli.commands import add_commands, counted
from omicshelf.cli.documents import short_time
from omicshelf.cli.output import Column
from omicshelf.cli.running import FOUND
from omicshelf.cli.session import Session, session_of
from omicshelf.errors import Invalid, StorageError

if TYPE_CHECKING:
    from omicshelf.backend.base import VerifyReport
    from omicshelf.backend.embedded.archive import ArchiveReport
    from omicshelf.backend.embedded.rebuild import RebuildReport
    from omicshelf.records import Change

__all__ = ["register"]

_PANEL = "The catalog"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    add_commands(
        app,
        _PANEL,
        (
            ("log", log, "omicshelf log pbmc"),
            ("verify", verify, "omicshelf verify --all"),
            ("gc", gc, "omicshelf gc --dry-run"),
            ("rebuild", rebuild, "omicshelf --url /data/catalog rebuild"),
            ("export", export, "omicshelf export backup.omicshelf.zip"),
            ("import", import_, "omicshelf import backup.omicshelf.zip --rename lung=lung_2025"),
            ("demo", demo, "omicshelf demo --no-lab"),
        ),
    )


def log(
    context: typer.Context,
    dataset: Annotated[
        str | None,
        typer.Argument(
            metavar="[ID]", help="Only of this dataset.", autocompletion=completion.datasets
        ),
    ] = None,
    after: Annotated[
        int, typer.Option(metavar="N", min=0, help="Only changes after this number.")
    ] = 0,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest.")] = 50,
) -> None:
    """Show the change log, newest first: who did what, when and why."""
    session = session_of(context)
    catalog, dataset_id = session.catalog, None
    if dataset is not None:
        catalog, dataset_id = session.dataset(dataset)
    found = catalog.changes(after, dataset_id=dataset_id)
    if not found and not after and dataset_id is not None:
        catalog.get_dataset(dataset_id)  # tells what there is instead
    found = found[-limit:][::-1]
    out = session.out
    if out.json:
        out.document({"changes": [change.model_dump(mode="json") for change in found]})
        return
    columns = (
        Column("#", right=True),
        Column("TIME (UTC)"),
        Column("USER", cut=True),
        Column("ACTION"),
        Column("DATASET", cut=True),
        Column("ABOUT", cut=True),
    )
    out.table(
        columns,
        ((c.seq, short_time(c.time), c.user, c.action, c.dataset_id, _about(c)) for c in found),
    )


def _about(change: Change) -> str:
    """Give what a change is about, and why: ``v3: B cells only``, ``eve viewer``."""
    told = change.details
    version = f"v{told['seq']}" if "seq" in told else None
    named = (told.get(key) for key in ("name", "study_id", "user", "role"))
    words = [str(word) for word in (version, *named) if word]
    return ": ".join(text for text in (" ".join(words), change.message) if text)


def verify(
    context: typer.Context,
    dataset: Annotated[
        str | None,
        typer.Argument(
            metavar="[ID]", help="Only this dataset.", autocompletion=completion.datasets
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All atlases, not only the one at hand.")
    ] = False,
) -> None:
    """Read all bytes back and compare their hashes; exit code 1 where something is damaged."""
    session = session_of(context)
    if everything and dataset is not None:
        raise Invalid(f"Both a dataset, '{dataset}', and --all are given.", "Choose one.")
    with session.out.working("Reading everything back"):
        report = _verified(session, dataset, everything)
    _show_verified(session, report)
    if not report.ok:
        raise typer.Exit(FOUND)


def _verified(session: Session, dataset: str | None, everything: bool) -> VerifyReport:
    if everything:
        return session.connection.backend.verify()
    if dataset is None:
        return session.catalog.verify()
    catalog, dataset_id = session.dataset(dataset)
    return catalog.verify(dataset_id)


def _show_verified(session: Session, report: VerifyReport) -> None:
    from omicshelf.catalog.words import size_in_words

    if session.out.json:
        session.out.document({"ok": report.ok, **vars(report)})
        return
    for problem in report.problems:
        session.out.line(problem)
    verdict = "all as written" if report.ok else counted(len(report.problems), "problem")
    session.out.say(
        f"{counted(report.checked_versions, 'version')} and "
        f"{counted(report.checked_files, 'file')} read, "
        f"{size_in_words(report.checked_bytes)}: {verdict}."
    )


def gc(
    context: typer.Context,
    dry_run: DryRun = False,
    grace: Annotated[
        float | None,
        typer.Option(
            metavar="HOURS",
            min=0,
            help="Free what has been unused for so long; default 24.",
        ),
    ] = None,
) -> None:
    """Free bytes that nothing refers to any more; versions are never removed by it."""
    from omicshelf.catalog.words import size_in_words

    session = session_of(context)
    seconds = None if grace is None else grace * 3600
    with session.out.working("Looking for unused bytes"):
        report = session.catalog.gc(dry_run, grace=seconds)
    if session.out.json:
        session.out.document(vars(report))
        return
    rows = [
        ("would be freed" if dry_run else "freed", size_in_words(report.freed_bytes)),
        ("unused, freed later", size_in_words(report.dead_bytes)),
        ("left by killed processes", size_in_words(report.temporary_bytes)),
        ("packed again", report.repacked),
        ("in use by readers", report.in_use),
    ]
    session.out.facts((name, value) for name, value in rows)


def rebuild(
    context: typer.Context,
    log_only: Annotated[
        bool,
        typer.Option(
            "--log",
            help="Keep the database, and make the change log of the store agree with it: after "
            "it was restored from a backup, before anything is written.",
        ),
    ] = False,
) -> None:
    """Make the catalog's database anew from its store; the old one is kept beside it.

    Of a team's catalog the database must be empty. Exit code 1 where something is missing or
    damaged.
    """
    session = session_of(context)
    if log_only:
        _rebuild_log(session)
        return
    with session.out.working("Reading the store"):
        report = _rebuilt(session)
    if session.out.json:
        session.out.document({"ok": report.ok, **vars(report)})
    else:
        session.out.facts(
            [
                ("datasets", f"{report.n_datasets:,}"),
                ("versions", f"{report.n_versions:,}"),
                ("files", f"{report.n_files:,}"),
                ("change log up to", report.last_seq),
                *(("not in the log, recovered", name) for name in report.recovered),
                *(("missing", name) for name in report.missing),
                *(("damaged", name) for name in report.damaged),
                *((("old database", report.kept_database),) if report.kept_database else ()),
            ]
        )
    if not report.ok:
        raise typer.Exit(FOUND)


def _rebuilt(session: Session) -> RebuildReport:
    from omicshelf.backend.connect import configured_team
    from omicshelf.catalog import keeping

    team = configured_team() if session.url is None else None
    if team is not None and team.database_url and team.storage_url:
        return keeping.rebuild_database(team.database_url, team.storage_url)
    if session.folder is None:
        raise Invalid(
            f"'{session.address}' is no folder on this machine.",
            "Run it where the catalog's folder is.",
        )
    return keeping.rebuild(session.folder)


def _rebuild_log(session: Session) -> None:
    from omicshelf.catalog.keeping import relog

    report = relog(connection=session.connection)
    if session.out.json:
        session.out.document(vars(report))
        return
    session.out.facts(
        [
            ("change log up to", report.last_seq),
            ("lines that it lacked", report.added),
            ("changes that are undone", report.undone),
            *(("kept", key) for key in report.kept),
        ]
    )


def export(
    context: typer.Context,
    path: Annotated[str, typer.Argument(help="A new file, by custom ….omicshelf.zip.")],
    atlas: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ATLAS]...",
            help="Only these. Default: that of --atlas, else all.",
            autocompletion=completion.atlases,
        ),
    ] = None,
) -> None:
    """Write atlases with all history and files into one archive."""
    from omicshelf.catalog.keeping import export_archive

    session = session_of(context)
    names = atlas or ([session.atlas] if session.atlas is not None else None)
    report = export_archive(path, names, connection=session.connection)
    _show_archive(session, "Exported", report)


def import_(
    context: typer.Context,
    path: Annotated[str, typer.Argument(help="An archive that export wrote.")],
    rename: Annotated[
        list[str] | None,
        typer.Option(metavar="OLD=NEW", help="Another name for an atlas of it. Repeatable."),
    ] = None,
) -> None:
    """Bring the atlases of an archive into the catalog, with all history and files."""
    from omicshelf.catalog.keeping import import_archive

    session = session_of(context)
    names: dict[str, str] = {}
    for pair in rename or ():
        old, equals, new = pair.partition("=")
        if not (old and equals and new):
            raise Invalid(f"'{pair}' is no OLD=NEW.", "For example: --rename lung=lung_2025")
        names[old] = new
    report = import_archive(path, rename=names or None, connection=session.connection)
    _show_archive(session, "Imported", report)


def _show_archive(session: Session, done: str, report: ArchiveReport) -> None:
    from omicshelf.catalog.words import size_in_words

    if session.out.json:
        session.out.document(vars(report))
        return
    session.out.say(
        f"{done} {', '.join(report.atlases)}: {counted(report.n_datasets, 'dataset')}, "
        f"{counted(report.n_versions, 'version')}, {counted(report.n_files, 'file')}, "
        f"{size_in_words(report.size)}."
    )
    session.out.reference(report.path)


def demo(
    context: typer.Context,
    folder: Annotated[
        str | None,
        typer.Argument(
            metavar="[FOLDER]", help="Where its catalog goes; default: a temporary folder."
        ),
    ] = None,
    no_lab: Annotated[
        bool, typer.Option("--no-lab", help="Do not start JupyterLab at the end.")
    ] = False,
) -> None:
    """Take a tour on a real dataset, in a catalog of its own."""
    from omicshelf.cli.output import console
    from omicshelf.demo import run

    session = session_of(context)
    # With --json the tour is no result: it goes where messages go.
    shown = console(stderr=True) if session.out.json else None
    code = run(folder, lab=not no_lab, console=shown)
    if code:
        raise StorageError(
            f"JupyterLab ended with exit code {code}.", "It says above why; --no-lab leaves it out."
        )
    if session.out.json:
        session.out.document({"folder": folder})
