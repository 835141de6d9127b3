"""The result of a comparison."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from omicshelf.catalog.diff.axes import AxisChange
from omicshelf.catalog.diff.elements import ElementChanges, brief
from omicshelf.catalog.diff.metadata import MetadataChange
from omicshelf.catalog.diff.side import Side

__all__ = ["Content", "Diff", "IdChange", "Part"]


@dataclass(frozen=True)
class Part:
    """The changes of one annotated matrix (the dataset or a modality of it), table or VCF.

    Attributes
    ----------
    prefix
        Empty, or ``mod/<name>/``.
    axes
        By name: ``obs``, ``var``, ``raw/var``; ``rows`` of tables and variants.
    facts
        What was and is judged of the data, as ``x_looks_like``.
    """

    prefix: str
    axes: dict[str, AxisChange] = field(default_factory=dict)
    elements: ElementChanges = field(default_factory=ElementChanges)
    facts: dict[str, tuple[Any, Any]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of the modality, or nothing."""
        return self.prefix.split("/")[1] if self.prefix else ""

    def __bool__(self) -> bool:
        axes = any(axis.relation != "same" for axis in self.axes.values())
        return axes or bool(self.elements) or any(a != b for a, b in self.facts.values())


@dataclass(frozen=True)
class IdChange:
    """Ids of a header, such as samples or contigs, that came or went."""

    added: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True)
class Content:
    """The changes of the data: one part, and one for each modality that both sides have."""

    parts: tuple[Part, ...] = ()
    ids: dict[str, IdChange] = field(default_factory=dict)
    modalities_added: tuple[str, ...] = ()
    modalities_removed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return any((self.ids, self.modalities_added, self.modalities_removed, *self.parts))

    @property
    def whole(self) -> Part:
        """The part that is the dataset itself."""
        return self.parts[0] if self.parts else Part("")


@dataclass(frozen=True, eq=False, repr=False)
class Diff:
    """What changed from one version to another; its text is what :meth:`summary` gives.

    It is true where something differs: the data, the metadata, the data type or the format.

    Attributes
    ----------
    old, new
        The two versions.
    data_changed
        Whether the data are others: their content where both have a content digest, else
        their bytes.
    deep
        Whether values were compared.
    """

    old: Side
    new: Side
    data_changed: bool
    content: Content
    metadata: MetadataChange
    deep: bool = False

    def __bool__(self) -> bool:
        a, b = self.old.version, self.new.version
        same_kind = (a.data_type, a.data_format) == (b.data_type, b.data_format)
        return self.data_changed or bool(self.metadata) or not same_kind

    @property
    def heading(self) -> str:
        """What is compared, ``GSE1: v2 -> v5``."""
        from omicshelf.catalog.diff.words import heading

        return heading(self)

    def summary(self) -> str:
        """Tell what changed, one line for each fact."""
        from omicshelf.catalog.diff.words import lines

        return "\n".join(line.text for line in lines(self))

    def __str__(self) -> str:
        return f"{self.heading}\n{self.summary()}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from omicshelf.catalog.diff.page import page

        return page(self)

    def added(self, axis: str = "obs", limit: int | None = 10_000) -> list[str]:
        """List the names that only the new version has, in its order.

        Parameters
        ----------
        axis
            ``"obs"`` (cells or samples) or ``"var"`` (genes); for tables ``"columns"``, for
            variants ``"samples"`` or ``"contigs"``.
        limit
            List at most so many; the list then says how many more there are. None lists all.

        Returns
        -------
        list of str
            With the attribute ``total``. Loads the names of ``obs`` and ``var`` from the data
            if any were added.

        Raises
        ------
        omicshelf.errors.Invalid
            The data have no such axis, or cannot be loaded.
        """
        from omicshelf.catalog.diff.names import names_of

        return names_of(self, axis, limit, new=True)

    def removed(self, axis: str = "obs", limit: int | None = 10_000) -> list[str]:
        """List the names that only the old version has; as :meth:`added`."""
        from omicshelf.catalog.diff.names import names_of

        return names_of(self, axis, limit, new=False)

    def to_dict(self) -> dict[str, Any]:
        """Give everything that is known, JSON-able; all keys are always there.

        Returns
        -------
        dict
            ``old``, ``new``
                ``dataset_id``, ``version_id`` and ``version`` (``v5``) of either side.
            ``same``, ``data_changed``, ``deep``
                Whether nothing differs, the data differ, values were compared.
            ``obs``, ``var``
                ``was``, ``now``, ``added``, ``removed``, ``kept``: numbers of names, null
                where not known; ``reordered``: whether the same names are in another order.
            ``rows``
                ``was`` and ``now``: the number of rows of a table, of records of a VCF.
            ``elements``
                ``added`` and ``removed``: what they are, by path; ``changed``: by path
                ``was``, ``now`` and ``what`` (of the words ``type``, ``shape``,
                ``categories``, ``values``, ``subset, values not compared`` …, joined by
                ``"; "``), after ``deep=True`` also ``compared``, ``differing`` and
                ``largest_difference``. Those of modalities are under ``mod/<name>/``.
            ``modalities``
                ``added`` and ``removed``: names; ``shared``: by name ``obs``, ``var`` and
                ``facts`` as of the dataset itself.
            ``ids``
                Of variants: ``samples`` and ``contigs``, each with ``added`` and ``removed``.
            ``metadata``
                ``added`` and ``removed``: values by key; ``changed``: ``was`` and ``now``.
            ``facts``
                ``was`` and ``now`` of ``kind``, ``data_type``, ``data_format``, ``size``
                (bytes), ``dtype`` (of X), ``x_looks_like``, ``counts_in`` and
                ``var_names_kind``.
            ``problems``
                ``added`` and ``removed``: what the summaries found wrong with the data.
        """
        content = self.content
        whole = content.whole
        rows = whole.axes.get("rows", AxisChange())
        return {
            "old": _identity(self.old),
            "new": _identity(self.new),
            "same": not self,
            "data_changed": self.data_changed,
            "deep": self.deep,
            **self._axes(whole),
            "rows": {"was": rows.was, "now": rows.now},
            "elements": _elements(content, self.old, self.new),
            "modalities": {
                "added": list(content.modalities_added),
                "removed": list(content.modalities_removed),
                "shared": {
                    part.name: {**self._axes(part), "facts": _was_now(part.facts)}
                    for part in content.parts[1:]
                },
            },
            "ids": {
                name: {"added": list(change.added), "removed": list(change.removed)}
                for name, change in content.ids.items()
            },
            "metadata": self.metadata.to_dict(),
            "facts": _was_now({**self._version_facts(), **self._content_facts()}),
            "problems": self.problems(),
        }

    def problems(self) -> dict[str, list[str]]:
        """Give what the summaries find wrong with one side and not with the other."""
        a, b = self.old.summary.problems, self.new.summary.problems
        return {
            "added": [problem for problem in b if problem not in a],
            "removed": [problem for problem in a if problem not in b],
        }

    def _axes(self, part: Part) -> dict[str, Any]:
        return {axis: self._axis(part, axis).to_dict() for axis in ("obs", "var")}

    def _axis(self, part: Part, axis: str) -> AxisChange:
        if axis in part.axes or self.data_changed:
            return part.axes.get(axis, AxisChange())
        n = self.new.summary.n_obs if axis == "obs" else self.new.summary.n_vars
        return AxisChange() if n is None else AxisChange(n, n, 0, 0, n, False)

    def _version_facts(self) -> dict[str, tuple[Any, Any]]:
        a, b = self.old.version, self.new.version
        return {
            "kind": (self.old.summary.kind, self.new.summary.kind),
            "data_type": (a.data_type, b.data_type),
            "data_format": (a.data_format, b.data_format),
            "size": (a.size, b.size),
        }

    def _content_facts(self) -> dict[str, tuple[Any, Any]]:
        sides = (self.old, self.new)
        x = [side.element("X") for side in sides]
        dtypes = [None if element is None else element.dtype for element in x]
        facts: dict[str, tuple[Any, Any]] = {"dtype": (dtypes[0], dtypes[1])}
        for name in ("x_looks_like", "counts_in", "var_names_kind"):
            was, now = (getattr(side.summary, name) for side in sides)
            facts[name] = (was, now)
        return facts


def _identity(side: Side) -> dict[str, str]:
    version = side.version
    return {
        "dataset_id": version.dataset_id,
        "version_id": version.version_id,
        "version": version.name,
    }


def _was_now(facts: dict[str, tuple[Any, Any]]) -> dict[str, dict[str, Any]]:
    return {name: {"was": was, "now": now} for name, (was, now) in facts.items()}


def _elements(content: Content, old: Side, new: Side) -> dict[str, Any]:
    told: dict[str, dict[str, Any]] = {"added": {}, "removed": {}, "changed": {}}
    for part in content.parts:
        for path, element in part.elements.added.items():
            told["added"][part.prefix + path] = brief(element)
        for path, element in part.elements.removed.items():
            told["removed"][part.prefix + path] = brief(element)
        for path, change in part.elements.changed.items():
            told["changed"][part.prefix + path] = change.to_dict()
    for key, names, side in (
        ("added", content.modalities_added, new),
        ("removed", content.modalities_removed, old),
    ):
        for path, element in side.summary.elements.items():
            if path.startswith("mod/") and path.split("/")[1] in names:
                told[key][path] = brief(element)
    return told
