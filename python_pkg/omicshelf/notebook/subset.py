"""A part of a dataset: the cells of some categories, and some genes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict

from omicshelf.errors import Invalid
from omicshelf.formats import registry
from omicshelf.records import Summary

__all__ = ["Subset", "SubsetWish", "can_be_part"]

_KINDS = ("anndata", "matrix")


@dataclass(frozen=True)
class Subset:
    """What of a dataset is loaded.

    Attributes
    ----------
    obs
        By column of obs the categories whose observations are wanted; empty for all observations.
    var
        The names of the features that are wanted, in this order; empty for all of them.
    """

    obs: Mapping[str, Sequence[str]] = field(default_factory=dict)
    var: Sequence[str] = ()

    def options(self) -> dict[str, Any]:
        """Give it as :meth:`omicshelf.Dataset.load` takes it."""
        found: dict[str, Any] = {}
        if self.obs:
            found["obs"] = {column: list(values) for column, values in self.obs.items()}
        if self.var:
            found["var"] = list(self.var)
        if not found:
            raise Invalid(
                "Nothing says which part is meant.", "Choose categories of a column, or genes."
            )
        return found

    def shape(self, summary: Summary) -> tuple[int | None, int | None]:
        """Give how many observations and features it has; None where a summary does not tell."""
        n_obs = summary.n_obs
        for column, values in self.obs.items():
            element = summary.elements.get(f"obs/{column}")
            counts = element.categories if element is not None else None
            if counts is None or len(self.obs) > 1 or not set(values) <= set(counts):
                n_obs = None  # of two columns together nothing is counted
                break
            n_obs = sum(counts[value] for value in set(values))
        return n_obs, len(self.var) or summary.n_vars


class SubsetWish(BaseModel):
    """A :class:`Subset` as a front end asks for it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    obs: dict[str, list[str]] = {}
    var: list[str] = []

    def subset(self) -> Subset:
        """Give what is asked for."""
        return Subset(self.obs, self.var)


def can_be_part(summary: Summary) -> bool:
    """Whether a dataset can be loaded by its observations and features."""
    known = registry.get(summary.format).parts if summary.format else frozenset()
    return summary.kind in _KINDS and {"obs", "var"} <= known
