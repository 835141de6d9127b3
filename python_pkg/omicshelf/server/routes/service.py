"""What the server says of itself, and the change log."""

from __future__ import annotations

from typing import Any

from omicshelf.backend.wire import ChangeList, Info
from omicshelf.server.answers import FormatAnswer, FormatList
from omicshelf.server.queries import ChangesQuery
from omicshelf.server.route import Call, Later, NoQuery, Reply, Table

__all__ = ["table"]

table = Table("atlas")


@table("GET", "/info", "What this server is and can do.", "credential", answer=Info)
def get_info(call: Call[NoQuery, None]) -> Reply:
    """Ask first: client and server agree on the protocol, or say which is to be upgraded."""
    return Reply(call.info())


@table(
    "GET", "/openapi.json", "This description, as OpenAPI 3.1.", "credential", answer=dict[str, Any]
)
def get_openapi(call: Call[NoQuery, None]) -> Reply:
    """Give the document that is generated from the table of routes."""
    from omicshelf.server.openapi import document

    return Reply(document())


@table("GET", "/formats", "The formats of data that are known.", "credential", answer=FormatList)
def list_formats(call: Call[NoQuery, None]) -> Reply:
    """The longest ending of a file's name tells its format; `.gz` behind it adds `+gzip`."""
    from omicshelf.formats import registry

    return Reply(
        FormatList(
            formats=[
                FormatAnswer(
                    name=known.name,
                    title=known.title,
                    suffixes=list(known.suffixes),
                    loadable=known.loadable,
                )
                for known in registry.all_formats().values()
            ]
        )
    )


@table(
    "GET", "/changes", "The change log, of what the caller may read.", "viewer", answer=ChangeList
)
def list_changes(call: Call[ChangesQuery, None]) -> Reply | Later:
    """Give the lines behind `after`; with `wait`, wait that many seconds for the first one.

    `last` is the number to ask with next. There is no more for now where it is `after`.
    """
    query = call.query
    newest = call.backend.last_change()  # before the reading: what comes meanwhile comes again
    found = []
    for change in call.backend.changes(
        after=query.after, atlas=query.atlas, dataset_id=query.dataset_id, limit=query.limit
    ):
        if call.gone.is_set():
            break
        found.append(change)
    last = found[-1].seq if found else query.after
    if len(found) < query.limit:
        last = max(last, newest)  # looked at, and not the caller's to see
    reply = Reply(ChangeList(changes=found, last=last))
    return reply if found or not query.wait else Later(last, query.wait, reply)
