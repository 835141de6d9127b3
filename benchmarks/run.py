"""Run the rows, each in a process of its own; print one table, and keep it."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import browsing, interface, keeping, loading, peer, saving, serving, sidebar, team
from benchmarks.measuring import FULL, QUICK, Figure, Scale
from benchmarks.report import machine, print_table, write_results

__all__ = ["ROWS", "main"]

Row = Callable[[Path, Scale], Iterator[Figure]]

ROWS: dict[str, Row] = {
    "create-memory": saving.create_memory,
    "create-file": saving.create_file,
    "create-compressed": saving.create_compressed,
    "load": loading.load,
    "metadata": saving.metadata_only,
    "column-bytes": keeping.column_bytes,
    "analysis-bytes": keeping.analysis_bytes,
    "small-creates": saving.small_creates,
    "find": browsing.find,
    "summary": loading.summary,
    "diff": loading.diff,
    "import": loading.imports,
    "writers": saving.writers_together,
    "remote-load": serving.remote_load,
    "remote-column": serving.remote_column,
    "remote-small": serving.remote_small,
    "team-load": team.load,
    "team-writers": team.writers,
    "interface-sizes": interface.sizes,
    "interface-load": interface.load_click,
    "sidebar": sidebar.sidebar,
    "peer": peer.lamindb,
}
_ROOT = Path(__file__).parents[1]
_RESULTS = Path(__file__).with_name("RESULTS.md")


def main(arguments: list[str] | None = None) -> int:
    """Give 0 when every bar is met, 1 when one is not, 2 when a row failed."""
    options = _options(arguments)
    if options.row:
        return _run_here(options.row, options)
    names = options.only or [name for name in ROWS if name != "peer" or options.peer]
    figures: dict[str, list[Figure]] = {}
    failed = []
    started = time.time()
    for name in names:
        print(f"{name} …", file=sys.stderr, flush=True)
        found = _run_apart(name, options)
        if found is None:
            failed.append(name)
        figures[name] = found or []
    facts = machine(Path(options.folder), started)
    print_table(figures, failed, quick=options.quick)
    if options.json:
        document = {
            "machine": facts,
            "quick": options.quick,
            "failed": failed,
            "rows": {name: [f.to_dict() for f in found] for name, found in figures.items()},
        }
        Path(options.json).write_text(json.dumps(document, indent=1) + "\n")
    if not options.quick and not options.only and not failed:
        write_results(_RESULTS, figures, facts)
        print(f"Written to {_RESULTS}.", file=sys.stderr)
    if failed:
        return 2
    missed = any(figure.met is False for found in figures.values() for figure in found)
    return int(missed and not options.quick)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only", action="append", choices=list(ROWS), metavar="NAME", help=", ".join(ROWS)
    )
    parser.add_argument(
        "--quick", action="store_true", help="small data and few rounds: does it run, what is slow"
    )
    parser.add_argument("--peer", action="store_true", help="LaminDB too, in a venv made for it")
    parser.add_argument("--json", metavar="FILE", help="write the figures as JSON too")
    parser.add_argument(
        "--folder", default=tempfile.gettempdir(), help="where the data go: the disk to measure"
    )
    parser.add_argument("--row", choices=list(ROWS), help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def _run_apart(name: str, options: argparse.Namespace) -> list[Figure] | None:
    """Run one row in a new process; None where it failed, with its reason on stderr."""
    command = [sys.executable, "-m", "benchmarks", "--row", name, "--folder", options.folder]
    if options.quick:
        command.append("--quick")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("OMICSHELF_")}
    environment["OMICSHELF_AUTO_GC"] = "0"
    environment["PYTHONPATH"] = os.pathsep.join(
        [str(_ROOT), *filter(None, [environment.get("PYTHONPATH")])]
    )
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=_ROOT)
    if done.returncode:
        return None
    return [Figure(**figure) for figure in json.loads(done.stdout)]


def _run_here(name: str, options: argparse.Namespace) -> int:
    """Run one row in this process, and print its figures as JSON."""
    # What scanpy and anndata say about their own future is not about speed.
    warnings.simplefilter("ignore")
    out = os.dup(1)
    os.dup2(2, 1)  # whatever a library prints does not get between the figures
    scale = QUICK if options.quick else FULL
    with tempfile.TemporaryDirectory(prefix="omicshelf-bench-", dir=options.folder) as folder:
        found = []
        for figure in ROWS[name](Path(folder), scale):
            shown = f"  {figure.what}: {figure.result:.3g} {figure.result_unit}"
            print(shown, file=sys.stderr, flush=True)
            found.append({k: v for k, v in figure.to_dict().items() if k != "met"})
    with os.fdopen(out, "w") as stdout:
        json.dump(found, stdout)
    return 0
