"""omicshelf: a versioned catalog for omics datasets.

>>> import omicshelf, tempfile
>>> with omicshelf.connect(tempfile.mkdtemp()):
...     catalog = omicshelf.Catalog("demo")
...     "pbmc" in catalog
False
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from omicshelf import errors
    from omicshelf.catalog import (
        Catalog,
        Connection,
        Dataset,
        DatasetVersion,
        SearchResult,
        SupplementaryFile,
        connect,
        copy_dataset,
        for_each_threaded,
    )
    from omicshelf.notebook.widgets import (
        CatalogBrowser,
        DatasetPicker,
        DatasetView,
        FileAttacher,
        VersionTimeline,
    )

__all__ = [
    "Catalog",
    "CatalogBrowser",
    "Connection",
    "Dataset",
    "DatasetPicker",
    "DatasetVersion",
    "DatasetView",
    "FileAttacher",
    "SearchResult",
    "SupplementaryFile",
    "VersionTimeline",
    "__version__",
    "connect",
    "copy_dataset",
    "errors",
    "for_each_threaded",
]

_WIDGETS = frozenset(
    ["CatalogBrowser", "DatasetPicker", "DatasetView", "FileAttacher", "VersionTimeline"]
)


def __getattr__(name: str) -> Any:
    # Imported when first used, so that `import omicshelf` stays quick.
    if name == "errors":
        return importlib.import_module("omicshelf.errors")
    if name == "__version__":
        from importlib.metadata import version

        return version("omicshelf")
    if name in _WIDGETS:
        return getattr(importlib.import_module("omicshelf.notebook.widgets"), name)
    if name in __all__:
        return getattr(importlib.import_module("omicshelf.catalog"), name)
    raise AttributeError(f"module 'omicshelf' has no attribute '{name}'")


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    # By name: nothing else that imports this package is to depend on Jupyter.
    app = importlib.import_module("omicshelf.server.app")
    return [{"module": "omicshelf", "app": app.OmicshelfServer}]


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "omicshelf"}]


def load_ipython_extension(shell: Any) -> None:
    """Register ``%shelf``; what ``%load_ext omicshelf`` calls."""
    importlib.import_module("omicshelf.notebook.magics").register(shell)


def __dir__() -> list[str]:
    return sorted(__all__)
