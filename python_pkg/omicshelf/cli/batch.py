"""The same for several files or datasets: one that fails does not stop the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import typer

from omicshelf.cli.running import REFUSED, error_document
from omicshelf.cli.session import Session
from omicshelf.errors import RequestException, Unreachable

__all__ = ["Batch", "for_each"]

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass
class Batch(Generic[Result]):
    """What became of the items: results, and what is wrong with the others."""

    results: list[Result] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)

    def end(self) -> None:
        """End the command as refused if an item was."""
        if self.errors:
            raise typer.Exit(REFUSED)


def for_each(
    session: Session,
    items: Sequence[Item],
    name: Callable[[Item], str],
    call: Callable[[Item], Result],
) -> Batch[Result]:
    """Call ``call`` with each item, and go on when one is refused; a single one just raises."""
    batch: Batch[Result] = Batch()
    for item in items:
        try:
            batch.results.append(call(item))
        except Unreachable:
            raise
        except (RequestException, OSError) as error:
            if len(items) == 1:
                raise
            document = {**error_document(error), "item": name(item)}
            batch.errors.append(document)
            title = f"{name(item)}: {document['title']}"
            session.out.error(title, document["detail"], document["kind"])
        else:
            session.finished.append(name(item))
    if batch.errors:
        session.out.say(f"{len(batch.results)} of {len(items)} were done.")
    return batch
