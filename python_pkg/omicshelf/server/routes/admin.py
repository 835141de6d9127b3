"""Keeping house, and who may what on the whole server."""

from __future__ import annotations

from omicshelf.backend.base import GcReport, PurgeReport, VerifyReport
from omicshelf.backend.wire import GcBody, PurgeBody, RoleBody, VerifyBody
from omicshelf.errors import Invalid
from omicshelf.records import RoleRecord
from omicshelf.server.answers import RoleList
from omicshelf.server.route import Call, NoQuery, Reply, Table

__all__ = ["table"]

table = Table("admin")

_ERRORS = ("Invalid", "AccessDenied", "NotFound", "Conflict")


@table("POST", "/admin/verify", "Hash everything that is stored.", "admin", optional_body=True,
       action="execute", answer=VerifyReport, errors=_ERRORS)  # fmt: skip
def verify(call: Call[NoQuery, VerifyBody]) -> Reply:
    """Of one dataset, of an atlas, or (for an admin of the server) of all."""
    if call.body.dataset_id is not None and call.body.atlas is None:
        raise Invalid(
            f"The dataset '{call.body.dataset_id}' is named without its atlas.",
            "Send the key 'atlas' too.",
        )
    return Reply(call.backend.verify(call.body.atlas, call.body.dataset_id))


@table("POST", "/admin/gc", "Remove bytes that nothing refers to.", "admin", optional_body=True,
       action="execute", answer=GcReport, errors=(*_ERRORS, "RepositoryLocked"))  # fmt: skip
def collect_garbage(call: Call[NoQuery, GcBody]) -> Reply:
    """Needs an admin of the whole server; never removes a version."""
    return Reply(call.backend.gc(dry_run=call.body.dry_run, grace=call.body.grace))


@table("POST", "/admin/purge", "Remove old versions, or a whole dataset, for good.", "admin",
       action="execute", answer=PurgeReport, errors=(*_ERRORS, "RepositoryLocked"))  # fmt: skip
def purge(call: Call[NoQuery, PurgeBody]) -> Reply:
    """`keep_last` and `older_than` choose versions; `whole` is all of the dataset."""
    body = call.body
    if body.whole:
        if body.keep_last is not None or body.older_than is not None or body.dry_run:
            raise Invalid(
                "A whole dataset is purged without 'keep_last', 'older_than' and 'dry_run'.",
                "Leave them out, or leave out 'whole' to purge old versions.",
            )
        return Reply(
            call.backend.purge_dataset(body.atlas, body.dataset_id, force=body.force, by=call.by)
        )
    report = call.backend.purge_versions(
        body.atlas,
        body.dataset_id,
        keep_last=body.keep_last,
        older_than=body.older_than,
        force=body.force,
        dry_run=body.dry_run,
        by=call.by,
    )
    return Reply(report)


@table("GET", "/admin/roles", "Who may what on the whole server.", "admin", answer=RoleList,
       errors=("AccessDenied",))  # fmt: skip
def list_server_roles(call: Call[NoQuery, None]) -> Reply:
    return Reply(RoleList(roles=call.backend.list_roles(None)))


@table("PUT", "/admin/roles/{user}", "Give a user a role on the whole server.", "admin",
       answer=RoleRecord, errors=("Invalid", "AccessDenied", "Conflict"))  # fmt: skip
def set_server_role(call: Call[NoQuery, RoleBody]) -> Reply:
    made = call.backend.set_role(None, call.path["user"], call.body.role, by=call.by)
    return Reply(made)


@table("DELETE", "/admin/roles/{user}", "Take a user's role on the whole server.", "admin",
       status=204, errors=("AccessDenied", "NotFound", "Conflict"))  # fmt: skip
def remove_server_role(call: Call[NoQuery, None]) -> Reply:
    call.backend.remove_role(None, call.path["user"], by=call.by)
    return Reply(status=204)
