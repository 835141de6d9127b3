"""Atlases, what belongs to a whole one, and who may what in it."""

from __future__ import annotations

from omicshelf.backend.base import EditReport, MetadataKeys
from omicshelf.backend.wire import AtlasBody, AtlasPatch, EditBody, RoleBody
from omicshelf.errors import Invalid
from omicshelf.records import AtlasRecord, RoleRecord
from omicshelf.server.answers import AtlasList, DatasetIds, RoleList, StudyList
from omicshelf.server.queries import FindQuery
from omicshelf.server.route import Call, NoQuery, Reply, Table

__all__ = ["table"]

table = Table("atlas")


@table("GET", "/atlases", "The atlases that the caller may read.", "credential", answer=AtlasList)
def list_atlases(call: Call[NoQuery, None]) -> Reply:
    atlases, access = call.backend.list_atlases(), call.backend.access
    roles = {atlas.name: access.in_atlas(atlas.name) for atlas in atlases}
    return Reply(
        AtlasList(atlases=atlases, roles={k: v for k, v in roles.items() if v is not None})
    )


@table("POST", "/atlases", "Create an atlas.", "contributor", answer=AtlasRecord, status=201,
       errors=("Invalid", "AccessDenied", "AlreadyExists"))  # fmt: skip
def create_atlas(call: Call[NoQuery, AtlasBody]) -> Reply:
    """Needs a contributor of the whole server, who becomes the atlas's admin."""
    body = call.body
    made = call.backend.create_atlas(body.name, description=body.description, by=call.by)
    return Reply(made, 201)


@table("GET", "/atlases/{atlas}", "One atlas.", "viewer", answer=AtlasRecord, errors=("NotFound",))
def get_atlas(call: Call[NoQuery, None]) -> Reply:
    return Reply(call.backend.get_atlas(call.atlas))


@table("PATCH", "/atlases/{atlas}", "Change what is said of an atlas.", "admin", answer=AtlasRecord,
       errors=("Invalid", "AccessDenied", "NotFound"))  # fmt: skip
def describe_atlas(call: Call[NoQuery, AtlasPatch]) -> Reply:
    """A key that is left out stays as it is; `null` removes the description."""
    if "description" not in call.body.model_fields_set:
        return Reply(call.backend.get_atlas(call.atlas))
    described = call.backend.describe_atlas(call.atlas, call.body.description, by=call.by)
    return Reply(described)


@table("DELETE", "/atlases/{atlas}", "Delete an empty atlas.", "admin", status=204,
       errors=("AccessDenied", "NotFound", "Conflict"))  # fmt: skip
def delete_atlas(call: Call[NoQuery, None]) -> Reply:
    call.backend.delete_atlas(call.atlas, by=call.by)
    return Reply(status=204)


@table("POST", "/atlases/{atlas}/metadata", "Edit the metadata of many datasets.", "contributor",
       answer=EditReport, errors=("Invalid", "AccessDenied", "NotFound"))  # fmt: skip
def edit_metadata(call: Call[NoQuery, EditBody]) -> Reply:
    """Merges into those of `datasets`, or those that `text` and `where` find."""
    body = call.body
    chosen = "datasets" if body.datasets is not None else None
    if chosen and (body.text or body.where):
        raise Invalid(
            "The datasets are chosen twice: by 'datasets', and by 'text' or 'where'.",
            "Send either the ids of datasets, or what finds them.",
        )
    found = FindQuery(text=body.text, where=tuple(body.where or ())).query()
    report = call.backend.edit_metadata(
        call.atlas,
        body.datasets if body.datasets is not None else found,
        set_=body.set,
        remove=body.remove,
        message=body.message,
        dry_run=body.dry_run,
        by=call.by,
    )
    return Reply(report)


@table("GET", "/atlases/{atlas}/studies", "The studies of an atlas.", "viewer", answer=StudyList)
def list_studies(call: Call[NoQuery, None]) -> Reply:
    return Reply(StudyList(studies=call.backend.list_studies(call.atlas)))


@table("GET", "/atlases/{atlas}/studies/{study}", "The datasets of a study.", "viewer",
       answer=DatasetIds, errors=("NotFound",))  # fmt: skip
def list_datasets_in_study(call: Call[NoQuery, None]) -> Reply:
    found = call.backend.datasets_in_study(call.atlas, call.path["study"])
    return Reply(DatasetIds(datasets=found))


@table("GET", "/atlases/{atlas}/keys", "The metadata keys that are in use.", "viewer",
       answer=MetadataKeys)  # fmt: skip
def list_keys(call: Call[NoQuery, None]) -> Reply:
    """Those that most datasets have first, counted over the last changed ones."""
    return Reply(call.backend.metadata_keys(call.atlas))


@table("GET", "/atlases/{atlas}/roles", "Who may what in an atlas.", "admin", resource="admin",
       answer=RoleList, errors=("AccessDenied", "NotFound"))  # fmt: skip
def list_roles(call: Call[NoQuery, None]) -> Reply:
    return Reply(RoleList(roles=call.backend.list_roles(call.atlas)))


@table("PUT", "/atlases/{atlas}/roles/{user}", "Give a user a role in an atlas.", "admin",
       resource="admin", answer=RoleRecord,
       errors=("Invalid", "AccessDenied", "NotFound", "Conflict"))  # fmt: skip
def set_role(call: Call[NoQuery, RoleBody]) -> Reply:
    made = call.backend.set_role(call.atlas, call.path["user"], call.body.role, by=call.by)
    return Reply(made)


@table("DELETE", "/atlases/{atlas}/roles/{user}", "Take a user's role in an atlas.", "admin",
       resource="admin", status=204, errors=("AccessDenied", "NotFound", "Conflict"))  # fmt: skip
def remove_role(call: Call[NoQuery, None]) -> Reply:
    call.backend.remove_role(call.atlas, call.path["user"], by=call.by)
    return Reply(status=204)
