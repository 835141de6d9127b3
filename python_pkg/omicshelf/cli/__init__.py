"""The command line: ``omicshelf …``."""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Run the command that ``sys.argv`` names, and end the process with its exit code."""
    try:
        from omicshelf.cli.app import app

        app(prog_name="omicshelf")
    except KeyboardInterrupt:  # pressed while the modules were being imported
        raise SystemExit(130) from None
