"""The table, on the screen and in RESULTS.md, and the machine that it is of."""

from __future__ import annotations

import datetime
import os
import platform
import sqlite3
import subprocess
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.measuring import Figure

__all__ = ["machine", "print_table", "write_results"]

_PACKAGES = (
    "omicshelf", "anndata", "scanpy", "h5py", "numpy", "scipy", "pandas", "blake3", "pyfastcdc",
    "zstandard", "SQLAlchemy",
)  # fmt: skip
_HEADINGS = ("what", "ours", "reference", "result", "bar", "met")


def machine(folder: Path, started: float) -> dict[str, str]:
    """Give what one must know to compare: the machine, its load, the disk, the versions."""
    facts = {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "took": f"{(time.time() - started) / 60:.0f} min",
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "memory": f"{_memory_gb():.0f} GB",
        "system": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "disk": _file_system(folder),
        "load at the end": ", ".join(f"{load:.2f}" for load in os.getloadavg()),
        "commit": _commit(),
        "Python": platform.python_version(),
        "SQLite": sqlite3.sqlite_version,
    }
    for package in _PACKAGES:
        try:
            facts[package] = version(package)
        except PackageNotFoundError:
            facts[package] = "not installed (used from its source)"
    return facts


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown"


def _memory_gb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9


def _file_system(folder: Path) -> str:
    done = subprocess.run(["df", "-PT", folder], capture_output=True, text=True)
    rows = done.stdout.splitlines()
    return rows[1].split()[1] if done.returncode == 0 and len(rows) > 1 else "unknown"


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parent)
    return done.stdout.strip() or "unknown"


def cells(figure: Figure) -> tuple[str, ...]:
    """Give a figure as the cells of a row of the table."""
    reference = ""
    if figure.reference is not None:
        reference = f"{quantity(figure.reference, figure.unit)} {figure.against}"
    bar, met = "", ""
    if figure.bar is not None:
        bar = f"<= {quantity(figure.bar, figure.result_unit)}"
        met = "yes" if figure.met else "NO"
    ours, result = quantity(figure.ours, figure.unit), quantity(figure.result, figure.result_unit)
    return figure.what, ours, reference, result, bar, met


def quantity(value: float, unit: str) -> str:
    """Write a number with three digits, and its unit.

    Examples
    --------
    >>> quantity(1234.5, "ms"), quantity(0.0123, "x"), quantity(4, "ms more")
    ('1.23 s', '0.0123x', '4 ms more')
    """
    if unit == "ms" and abs(value) >= 1_000:
        value, unit = value / 1_000, "s"
    text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{text}{unit}" if unit in ("x", "") else f"{text} {unit}"


def print_table(
    figures: Mapping[str, Sequence[Figure]], failed: Sequence[str], *, quick: bool
) -> None:
    """Print the table."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    if not console.is_terminal:
        console = Console(width=160)
    table = Table(title="omicshelf against plain anndata" + (" (quick)" if quick else ""))
    for heading in _HEADINGS:
        right = heading in ("ours", "result", "bar")
        table.add_column(heading, justify="right" if right else "left", no_wrap=right)
    for name, found in figures.items():
        for figure in found:
            style = {True: "green", False: "red", None: "dim"}[figure.met]
            table.add_row(*cells(figure), style=style)
        if name in failed:
            table.add_row(f"{name}: failed, see above", style="red")
        table.add_section()
    console.print(table)
    if quick:
        console.print("Small data and few rounds: the bars are meant for the full run.")


def write_results(
    path: Path, figures: Mapping[str, Sequence[Figure]], facts: Mapping[str, str]
) -> None:
    """Write the table as Markdown."""
    rows = [cells(figure) for found in figures.values() for figure in found]
    missed = sum(row[-1] == "NO" for row in rows)
    held = sum(bool(row[-1]) for row in rows)
    lines = [
        "# The last results",
        "",
        f"Written by `make bench`; [README.md](README.md) says how to read it. {held - missed} of "
        f"{held} bars are met.",
        "",
        *_markdown(_HEADINGS, rows),
        "",
        "## Measured on",
        "",
        *_markdown(("", ""), list(facts.items())),
        "",
    ]
    path.write_text("\n".join(lines))


def _markdown(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [headings, ["---"] * len(headings), *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
