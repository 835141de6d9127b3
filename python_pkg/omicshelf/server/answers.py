"""Answers that are no records: lists, which are objects with one key so that they can grow."""

from __future__ import annotations

from typing import Any

from omicshelf.backend.wire import Answer
from omicshelf.records import (
    AtlasRecord,
    FileRecord,
    LabelRecord,
    Role,
    RoleRecord,
    TokenRecord,
    VersionRecord,
)

__all__ = [
    "AtlasList",
    "DatasetIds",
    "DiffAnswer",
    "FileList",
    "FormatAnswer",
    "FormatList",
    "LabelList",
    "LineageAnswer",
    "RoleList",
    "StudyList",
    "TokenList",
    "VersionList",
]


class AtlasList(Answer):
    """The atlases that the caller may read, and the caller's role in each."""

    atlases: list[AtlasRecord]
    roles: dict[str, Role]


class VersionList(Answer):
    """Versions, in the order of the list that was asked for."""

    versions: list[VersionRecord]


class FileList(Answer):
    """Supplementary files, or the past states of one."""

    files: list[FileRecord]


class LabelList(Answer):
    """The labels of a dataset."""

    labels: list[LabelRecord]


class StudyList(Answer):
    """The names of an atlas's studies."""

    studies: list[str]


class FormatAnswer(Answer):
    """A format of data: its name, what people call it, and how file names of it end."""

    name: str
    title: str
    suffixes: list[str]
    loadable: bool


class FormatList(Answer):
    """The formats of data that are known; of two with one ending the later one is meant."""

    formats: list[FormatAnswer]


class DatasetIds(Answer):
    """Ids of datasets."""

    datasets: list[str]


class LineageAnswer(Answer):
    """What a version was made from and what was made from it; see ``catalog.lineage``."""

    version_id: str
    nodes: list[dict[str, Any]]
    edges: list[dict[str, Any]]


class DiffAnswer(Answer):
    """What changed from one version to another: in words, and as ``Diff.to_dict`` gives it."""

    heading: str
    summary: str
    changes: dict[str, Any]


class TokenList(Answer):
    """Personal tokens, without what is secret of them."""

    tokens: list[TokenRecord]


class RoleList(Answer):
    """Who may what in an atlas, or on the whole server."""

    roles: list[RoleRecord]
