"""Notebooks: widgets, magics, and how things look there. The only part that imports IPython."""
