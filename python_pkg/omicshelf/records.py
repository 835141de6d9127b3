"""The vocabulary: what a catalog knows about datasets, versions, files and changes.

Frozen pydantic models, the same in the kernel, on the wire and in the store's manifests.
Times are UTC in milliseconds since 1970.
"""

from __future__ import annotations

import importlib
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "ROLES",
    "AtlasRecord",
    "BlobRecord",
    "Change",
    "DatasetRecord",
    "Element",
    "FileRecord",
    "LabelRecord",
    "Origin",
    "Role",
    "RoleRecord",
    "Summary",
    "TokenRecord",
    "VersionRecord",
]

JsonObject = dict[str, Any]

Role = Literal["viewer", "contributor", "admin"]
"""What a person may do in an atlas, or on a whole server."""

ROLES: tuple[Role, ...] = ("viewer", "contributor", "admin")
"""The roles; each may do all that the ones before it may."""


class Record(BaseModel):
    """Base of all records: frozen, and tolerant of keys written by a newer release."""

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="null")


class Origin(Record):
    """Where a change came from, recorded by itself as far as the process can know."""

    user: str | None = None
    host: str | None = None
    interface: str | None = None  # "python", "notebook", "cli", later "server" and "lab"
    notebook: str | None = None
    execution_count: int | None = None
    python: str | None = None
    packages: dict[str, str] = Field(default_factory=dict)


class Element(Record):
    """One element of a dataset's content: a matrix, a column, a name axis, a value in ``uns``.

    ``hash`` is the element's canonical blake3 hash (hex), equal exactly when the content is.
    ``categories`` are the most frequent ones with their counts, ``colors`` are theirs by name, as
    the file gives them: not every reader of JSON keeps the order of keys. ``histogram`` counts
    values in bins of equal width from ``min`` to ``max`` (of whole numbers, to ``max + 1``); of a
    matrix these are those of the stored values that were looked at, see ``x_judged_from`` in the
    summary's details.
    """

    kind: str
    dtype: str | None = None
    shape: tuple[int, ...] | None = None
    hash: str | None = None
    nnz: int | None = None
    n_categories: int | None = None
    categories: dict[str, int] | None = None
    ordered: bool | None = None
    min: float | None = None
    max: float | None = None
    mean: float | None = None
    median: float | None = None
    histogram: list[int] | None = None
    colors: dict[str, str] | None = None
    n_null: int | None = None
    preview: str | None = None


class Summary(Record):
    """What is in a dataset, computed once when its bytes arrive.

    ``kind`` is ``anndata``, ``mudata``, ``matrix`` (GCT), ``variants``, ``table`` or ``file``.
    ``elements`` is keyed by path: ``X``, ``layers/counts``, ``obs_names``, ``obs/leiden``,
    ``obsm/X_pca``, ``raw/X``, ``uns/neighbors/params``; for MuData under ``mod/<name>/``.
    ``n_obs`` and ``n_vars`` count observations and features of annotated matrices, a GCT's
    columns and rows among them; ``n_rows`` and ``n_columns`` those of tables.
    """

    kind: str = "file"
    format: str = ""
    n_obs: int | None = None
    n_vars: int | None = None
    n_rows: int | None = None
    n_columns: int | None = None
    elements: dict[str, Element] = Field(default_factory=dict)
    x_looks_like: str | None = None
    counts_in: str | None = None
    var_names_kind: str | None = None
    duplicate_obs_names: int | None = None
    duplicate_var_names: int | None = None
    obs_names_examples: list[str] = Field(default_factory=list)
    var_names_examples: list[str] = Field(default_factory=list)
    lazy: bool = False
    lazy_reason: str | None = None
    details: JsonObject = Field(default_factory=dict)
    problems: list[str] = Field(default_factory=list)

    def _repr_html_(self) -> str | None:
        # By name: nothing below the notebook knows of notebooks.
        found: str | None = importlib.import_module("omicshelf.notebook.reprs").html_of(self)
        return found


class VersionRecord(Record):
    """One immutable version of a dataset. ``metadata`` is the caller's own copy."""

    version_id: str
    atlas: str
    dataset_id: str
    incarnation: int = 1
    seq: int
    data_type: str
    data_format: str | None = None
    metadata: JsonObject = Field(default_factory=dict)
    size: int = 0
    added_bytes: int = 0
    blob: str = ""
    blake3: str = ""
    digest: str | None = None
    shape: tuple[int, int] | None = None
    message: str | None = None
    author: str | None = None
    origin: Origin = Field(default_factory=Origin)
    parents: tuple[str, ...] = ()
    session_inputs: tuple[str, ...] = ()
    rolled_back_from: str | None = None
    created_at: int
    deleted: bool = False
    labels: tuple[str, ...] = ()
    problems: int = 0

    @property
    def name(self) -> str:
        """The short name of the version, ``v5``."""
        return f"v{self.seq}"


class DatasetRecord(Record):
    """A dataset: its identity, and its newest version."""

    atlas: str
    dataset_id: str
    incarnation: int = 1
    study_id: str | None = None
    created_at: int
    last_modified_at: int
    change_seq: int = 0
    deleted: bool = False
    version: VersionRecord
    unchanged: bool = False


class FileRecord(Record):
    """A supplementary file of a dataset, or one of its past states."""

    atlas: str
    dataset_id: str
    incarnation: int = 1
    file_id: str
    file_name: str
    file_format: str
    tag: str | None = None
    size: int = 0
    blob: str = ""
    blake3: str = ""
    created_at: int
    derived_from: str | None = None
    auto_remove: bool = False
    author: str | None = None
    state: Literal["current", "replaced", "removed", "data changed", "dataset deleted"] = "current"
    ended_at: int | None = None


class LabelRecord(Record):
    """A name that people gave to a version."""

    name: str
    version_id: str
    seq: int
    author: str | None = None
    created_at: int


class AtlasRecord(Record):
    """A named collection of datasets."""

    name: str
    description: str | None = None
    created_at: int
    n_datasets: int = 0
    n_versions: int = 0
    size: int = 0


class RoleRecord(Record):
    """What a user may do in an atlas; on the whole server where ``atlas`` is None."""

    atlas: str | None = None
    user: str
    role: Role
    author: str | None = None
    created_at: int


class TokenRecord(Record):
    """A personal token of a user, as far as it is kept: never the token itself.

    It is good until ``expires_at``, or until it is revoked where that is None; ``last_used_at``
    is exact to a minute.
    """

    id: int
    user: str
    note: str | None = None
    created_by: str | None = None
    created_at: int
    expires_at: int | None = None
    last_used_at: int | None = None


class BlobRecord(Record):
    """The facts of stored bytes, which a version or a file refers to by ``blob``."""

    blob: str
    size: int
    blake3: str
    data_format: str | None = None


class Change(Record):
    """A line of the change log: the audit trail and the feed of live interfaces.

    ``atlas`` is empty where a change is about the whole server: its roles and tokens.
    """

    seq: int
    time: int
    user: str | None = None
    action: str
    atlas: str
    dataset_id: str | None = None
    version_id: str | None = None
    message: str | None = None
    origin: Origin = Field(default_factory=Origin)
    details: JsonObject = Field(default_factory=dict)
