"""The rules of what is to be written, the same wherever the records are kept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from omicshelf import rules
from omicshelf.backend.base import FileDraft, VersionDraft
from omicshelf.errors import Invalid

__all__ = ["check_file", "check_version"]


def check_version(draft: VersionDraft) -> VersionDraft:
    """Assert the rules of names and metadata; give the draft in its normal form."""
    checked: dict[str, Any] = {"message": rules.check_message(draft.message)}
    if draft.mode != "update":
        checked["dataset_id"] = rules.check_dataset_id(draft.dataset_id)
    if draft.data_type is not None:
        checked["data_type"] = rules.check_data_type(draft.data_type)
    elif draft.mode == "create":
        raise Invalid("data_type is missing.", "Name the kind of data, such as 'Bulk RNAseq'.")
    if draft.data_format is not None:
        checked["data_format"] = rules.check_format(draft.data_format)
    if draft.study_id is not None:
        checked["study_id"] = rules.check_study_id(draft.study_id)
    if draft.metadata is not None:
        checked["metadata"] = rules.clean_metadata(draft.metadata)
    return replace(draft, **checked)


def check_file(draft: FileDraft) -> FileDraft:
    """Assert the rules of a file's name, format and tag; give the draft in its normal form."""
    return replace(
        draft,
        file_name=rules.check_file_name(draft.file_name),
        file_format=rules.check_format(draft.file_format, "file_format"),
        tag=None if draft.tag is None else rules.check_tag(draft.tag),
    )
