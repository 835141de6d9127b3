"""The parameters of each route that has some."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from omicshelf.backend.base import Filter, Query
from omicshelf.catalog.filters import parse_text

__all__ = [
    "ChangesQuery",
    "DeleteFileQuery",
    "FindQuery",
    "LineageQuery",
    "TokensQuery",
    "Triple",
    "VersionsQuery",
    "filters_of",
]

_MAX_PAGE = 1000
_LARGEST = 2**62

# A line of the change log, a count, a time: what a database holds as a whole number.
Number = Annotated[int, Field(ge=0, le=_LARGEST)]


class Parameters(BaseModel):
    """Base of the models: an unknown parameter is a mistake, and is told."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _filters(value: Any) -> Any:
    """Read filters: a JSON array of triples of key, operator and value."""
    if not isinstance(value, str):
        return value
    try:
        found = json.loads(value)
        triples = [(key, operator, operand) for key, operator, operand in found]
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError(
            'Write filters as a JSON array of triples, such as [["tissue","=","lung"]]'
        ) from error
    return tuple(triples)


Triple = tuple[str, str, Any]

_AS_TEXT = WithJsonSchema({"type": "string", "contentMediaType": "application/json"})


class FindQuery(Parameters):
    """Which datasets of an atlas are wanted; see :class:`omicshelf.backend.base.Query`.

    ``where`` is a JSON array of triples of key, operator and value; ``facets`` is repeated.
    ``search`` is what a person types, words and ``key:value``; it is added to the two others.
    """

    search: str = ""
    text: str = ""
    where: Annotated[Sequence[Triple], BeforeValidator(_filters), _AS_TEXT] = ()
    order_by: str = "-last_modified_at"
    limit: Annotated[int, Field(ge=0, le=_MAX_PAGE)] = 50
    after: str | None = None
    deleted: bool = False
    facets: list[str] = Field(default_factory=list, max_length=100)
    facet_limit: Annotated[int, Field(ge=0, le=10_000)] = 50
    count: bool = True

    def query(self) -> Query:
        """Give the backend's question."""
        words, typed = parse_text(self.search)
        return Query(
            text=f"{self.text} {words}".strip(),
            where=(*filters_of(self.where), *typed),
            order_by=self.order_by,
            limit=self.limit,
            after=self.after,
            deleted=self.deleted,
            facets=tuple(self.facets),
            facet_limit=self.facet_limit,
            count=self.count,
        )


def filters_of(triples: Iterable[Triple]) -> tuple[Filter, ...]:
    """Make filters of triples; an operator that is none is refused by the backend."""
    return tuple(Filter(key, operator, value) for key, operator, value in triples)  # type: ignore[arg-type]


class ChangesQuery(Parameters):
    """A page of the change log behind ``after``; ``wait`` seconds for the first line."""

    after: Number = 0
    wait: Annotated[float, Field(ge=0, le=60)] = 0
    atlas: str | None = None
    dataset_id: str | None = None
    limit: Annotated[int, Field(ge=1, le=10_000)] = 1000


class VersionsQuery(Parameters):
    """Whether versions from before a deletion are listed too."""

    include_deleted: bool = False


class TokensQuery(Parameters):
    """Whose tokens are wanted: by default the caller's own."""

    user: str | None = None
    everybody: bool = False


class DeleteFileQuery(Parameters):
    """Whether the file's bytes are removed too, which needs an admin."""

    purge: bool = False


class LineageQuery(Parameters):
    """Of which version the lineage is wanted (default: the newest), and how far."""

    version: str | None = None
    depth: Annotated[int, Field(ge=1, le=50)] = 20
