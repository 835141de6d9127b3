"""The tour from the command line: ``python -m omicshelf.demo``."""

from __future__ import annotations

import argparse
import sys

from omicshelf.demo import run

__all__ = ["main"]


def main(argv: list[str] | None = None) -> int:
    """Run the tour from the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m omicshelf.demo", description="A tour of omicshelf on a real dataset."
    )
    parser.add_argument("--no-lab", action="store_true", help="do not start JupyterLab at the end")
    parser.add_argument(
        "--folder", metavar="DIR", help="where the catalog goes (default: a temporary folder)"
    )
    given = parser.parse_args(argv)
    from omicshelf.errors import RequestException

    try:
        return run(given.folder, lab=not given.no_lab)
    except RequestException as error:
        parser.exit(2, f"{error}\n")


if __name__ == "__main__":
    sys.exit(main())
