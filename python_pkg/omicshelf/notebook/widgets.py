"""Widgets: the catalog in a cell's output, with what was chosen as observable values.

They show what the sidebar and the document show, by the same components; what these ask for is
answered by the kernel (:mod:`omicshelf.notebook.bridge`).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import anywidget
import ipywidgets  # type: ignore[import-untyped]
import traitlets as t

from omicshelf import rules
from omicshelf.catalog import Catalog, Connection, Dataset, DatasetVersion
from omicshelf.catalog.connection import current
from omicshelf.catalog.dataset import VersionBase
from omicshelf.errors import Invalid, MissingDependency
from omicshelf.notebook.bridge import Bridge
from omicshelf.notebook.kernelrequests import KernelRequests
from omicshelf.notebook.still import still
from omicshelf.notebook.variables import load_into, user_names

__all__ = [
    "CatalogBrowser",
    "CatalogWidget",
    "DatasetPicker",
    "DatasetView",
    "FileAttacher",
    "VersionTimeline",
]

_STATIC = Path(__file__).parents[1] / "static"
TABS = ("overview", "contents", "versions", "files", "lineage")


class CatalogWidget(anywidget.AnyWidget, ipywidgets.ValueWidget):  # type: ignore[misc]
    """Base of the widgets.

    Attributes
    ----------
    atlas
        The atlas that is shown.
    dataset
        The dataset that is shown or chosen; None where there is none.
    version
        The version that is shown; None is the newest.
    query
        What is in the search box.
    value
        What was chosen: see each widget.
    selected
        All that was chosen, where it may be several.
    """

    _esm = t.Unicode().tag(sync=True)
    _css = t.Unicode().tag(sync=True)
    view = t.Unicode().tag(sync=True)
    atlas = t.Unicode(allow_none=True).tag(sync=True)
    dataset = t.Unicode(allow_none=True, default_value=None).tag(sync=True)
    version = t.Unicode(allow_none=True, default_value=None).tag(sync=True)
    query = t.Unicode("").tag(sync=True)
    value = t.Unicode(allow_none=True, default_value=None).tag(sync=True)
    selected = t.Tuple().tag(sync=True)
    description = t.Unicode("").tag(sync=True)

    _view_kind: ClassVar[str]
    _arguments: ClassVar[tuple[str, ...]] = ()

    def __init__(self, connection: Connection, **values: Any) -> None:
        self._connection = connection
        super().__init__(view=self._view_kind, **values)
        self._bridge = Bridge(connection, self._to_front_end, KernelRequests(connection))
        self.on_msg(self._from_front_end)

    @t.default("_esm")
    def _default_esm(self) -> str:
        return _front_end("widget.js")

    @t.default("_css")
    def _default_css(self) -> str:
        return _front_end("widget.css")

    def _from_front_end(self, _widget: Any, content: Any, buffers: Sequence[Any]) -> None:
        self._bridge.receive(content, buffers)

    def _to_front_end(self, content: dict[str, Any], buffers: Sequence[Any]) -> None:
        self.send(content, list(buffers))

    @property
    def catalog(self) -> Catalog:
        """The atlas that is shown, as a catalog."""
        if self.atlas is None:
            raise Invalid("No atlas is chosen.", "Choose one in the widget, or set `.atlas`.")
        return Catalog(self.atlas, connection=self._connection)

    @property
    def code(self) -> str:
        """The line of code that shows the same again."""
        told = [
            (name, getattr(self, name)) for name in self._arguments if getattr(self, name) not in
            (None, "", ())
        ]  # fmt: skip
        first = [repr(value) for name, value in told if name == self._arguments[0]]
        rest = [f"{name}={value!r}" for name, value in told if name != self._arguments[0]]
        return f"{type(self).__name__}({', '.join([*first, *rest])})"

    def load(self, name: str | None = None, *, force: bool = False, **options: Any) -> Any:
        """Load what is chosen; give it, and put it into the variable ``name`` if there is one.

        Parameters
        ----------
        name
            A variable of the notebook.
        force
            The variable may be overwritten.
        **options
            What to load, as in :meth:`omicshelf.Dataset.load`.

        Raises
        ------
        omicshelf.errors.Invalid
            Nothing is chosen.
        omicshelf.errors.AlreadyExists
            There is such a variable.
        """
        found = self._chosen()
        if name is None:
            return found.load(**options)
        return load_into(found, user_names(), variable=name, overwrite=force, **options)[1]

    def _chosen(self) -> VersionBase:
        if self.dataset is None:
            raise Invalid("No dataset is chosen.", "Choose one in the widget.")
        return _found(self.catalog, self.dataset, self.version)

    def close(self) -> None:
        """Close the widget: it is shown no more, and stops following the catalog."""
        bridge = getattr(self, "_bridge", None)
        if bridge is not None:
            bridge.close()
        super().close()

    def __repr__(self) -> str:
        return self.code

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        found = super()._repr_mimebundle_(**kwargs)
        if found is None:
            return None
        data, metadata = found
        # What a reader sees where no kernel runs: in a printed notebook, in a code host's view.
        told = {**data, "text/plain": repr(self), "text/html": still(self)}
        # By this JupyterLab's extension knows it: there a picture is not shown by itself.
        return told, {**metadata, "omicshelf": {"widget": self.view}}


class CatalogBrowser(CatalogWidget):
    """Browse an atlas: search, facets, and what is loaded at a click.

    ``value`` is the id of the dataset that is chosen, ``selected`` all of them where several
    are.

    Parameters
    ----------
    atlas
        Its name, or a :class:`~omicshelf.Catalog`; default: the only one, or the first.
    query
        Words and filters to begin with, ``tissue:lung``.
    """

    _view_kind = "browser"
    _arguments = ("atlas", "query")

    def __init__(
        self,
        atlas: Catalog | str | None = None,
        query: str = "",
        *,
        connection: Connection | None = None,
        **kwargs: Any,
    ) -> None:
        name, used = _atlas_of(atlas, connection)
        super().__init__(used, atlas=name, query=query, **kwargs)

    @t.observe("value")
    def _choose(self, change: Any) -> None:
        self.dataset = change["new"]


class DatasetPicker(CatalogWidget):
    """Choose one dataset; for forms, ``interact`` and ``HBox``.

    ``value`` is the id of the dataset that is chosen, None as long as there is none.

    Parameters
    ----------
    atlas
        Its name, or a :class:`~omicshelf.Catalog`; default: the only one, or the first.
    query
        Only datasets that match are offered, ``tissue:lung``.
    value
        The dataset to begin with.
    """

    _view_kind = "picker"
    _arguments = ("atlas", "query", "value")

    def __init__(
        self,
        atlas: Catalog | str | None = None,
        query: str = "",
        value: str | None = None,
        *,
        connection: Connection | None = None,
        **kwargs: Any,
    ) -> None:
        name, used = _atlas_of(atlas, connection)
        super().__init__(used, atlas=name, query=query, **kwargs)
        self.value = value

    @t.observe("value")
    def _choose(self, change: Any) -> None:
        self.dataset = change["new"]


class _OfDataset(CatalogWidget):
    """Base of the widgets that show one dataset."""

    _arguments = ("dataset", "atlas", "version")

    def __init__(
        self,
        dataset: VersionBase | str,
        atlas: Catalog | str | None = None,
        *,
        version: VersionBase | str | None = None,
        connection: Connection | None = None,
        **kwargs: Any,
    ) -> None:
        given = dataset if isinstance(dataset, VersionBase) else None
        if given is not None:
            connection = connection or given._connection
            atlas = given.omixatlas_id if atlas is None else atlas
            version = given.version if version is None and _is_old(given) else version
        name, used = _atlas_of(atlas, connection)
        if name is None:
            raise Invalid("There is no atlas yet.", "Save a dataset first: `catalog.save(…)`.")
        record = used.backend.get_dataset(name, given.dataset_id if given else str(dataset))
        kept = version.version if isinstance(version, VersionBase) else version
        if kept is not None:
            kept = used.backend.get_version(name, record.dataset_id, kept).name
        super().__init__(used, atlas=name, dataset=record.dataset_id, version=kept, **kwargs)


class VersionTimeline(_OfDataset):
    """The versions of a dataset: who changed what, when and why.

    ``value`` is the version that is chosen, ``v5``; ``selected`` has two of them, older first,
    while they are compared.

    Parameters
    ----------
    dataset
        Its id, or a :class:`~omicshelf.Dataset`.
    atlas
        Its name, or a :class:`~omicshelf.Catalog`; default: the only one that has it.
    version
        The version to begin with.
    """

    _view_kind = "timeline"

    def _chosen(self) -> VersionBase:
        assert self.dataset is not None
        return _found(self.catalog, self.dataset, self.value or self.version)


class FileAttacher(_OfDataset):
    """The files of a dataset: dropped here to attach them, previewed, downloaded.

    ``value`` is the name of the file that is chosen, ``selected`` all of them.

    Parameters are those of :class:`VersionTimeline`; ``tag`` is offered for new files.
    """

    _view_kind = "files"
    tag = t.Unicode("").tag(sync=True)

    def __init__(
        self, dataset: VersionBase | str, *args: Any, tag: str = "", **kwargs: Any
    ) -> None:
        super().__init__(dataset, *args, tag=rules.check_tag(tag) if tag else "", **kwargs)


class DatasetView(_OfDataset):
    """A dataset as its document shows it: overview, contents, versions, files, lineage.

    ``value`` is the tab that is shown.

    Parameters are those of :class:`VersionTimeline`; ``tab`` is shown first.
    """

    _view_kind = "dataset"

    def __init__(
        self, dataset: VersionBase | str, *args: Any, tab: str = "overview", **kwargs: Any
    ) -> None:
        if tab not in TABS:
            raise Invalid(f"'{tab}' is no tab.", f"They are {', '.join(TABS)}.")
        super().__init__(dataset, *args, **kwargs)
        self.value = tab


def _atlas_of(
    atlas: Catalog | str | None, connection: Connection | None
) -> tuple[str | None, Connection]:
    if isinstance(atlas, Catalog):
        return atlas.omixatlas_id, connection or atlas.connection
    used = connection or current()
    if atlas is not None:
        return rules.check_atlas(atlas), used
    preset = os.environ.get("OMICSHELF_ATLAS")
    names = [found.name for found in used.backend.list_atlases()]
    return preset or (names[0] if names else None), used


def _found(catalog: Catalog, dataset_id: str, version: str | None) -> VersionBase:
    if version is None:
        return catalog.get_dataset(dataset_id)
    return catalog.get_version(dataset_id, version)


def _is_old(given: VersionBase) -> bool:
    return isinstance(given, DatasetVersion) and not isinstance(given, Dataset)


@cache
def _front_end(name: str) -> str:
    """Read a part of the built front end."""
    try:
        return (_STATIC / name).read_text("utf-8")
    except FileNotFoundError as error:
        raise MissingDependency(
            f"The widgets' part for the browser, '{name}', is not in this installation.",
            "It comes with `pip install omicshelf`; in a clone, `make dev` builds it.",
        ) from error
