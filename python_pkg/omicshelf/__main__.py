"""``python -m omicshelf`` is the command ``omicshelf``."""

from omicshelf.cli import main

if __name__ == "__main__":
    main()
