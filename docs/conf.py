"""Sphinx: Markdown pages, and a reference made from docstrings, registry and command line."""

from __future__ import annotations

import sys
from importlib.metadata import version as installed_version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "extensions"))

project = "omicshelf"
author = "The omicshelf developers"
copyright = "2026, the omicshelf developers"
release = version = installed_version("omicshelf")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "scanpydoc.definition_list_typed_field",
    "generated",
]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build", "extensions"]

# The builds of this project work without network: no inventory of another is loaded.
nitpicky = False
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented_params"
autodoc_class_signature = "mixed"
napoleon_google_docstring = False
napoleon_use_rtype = True
napoleon_use_param = True

html_theme = "scanpydoc"
html_title = "omicshelf"
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "use_download_button": False,
    "use_fullscreen_button": False,
    "show_toc_level": 2,
    "navbar_persistent": [],  # the search has its place at the side
}
