"""The remedies of the library, in the words of the command line.

An error says what to do about it as a Python user would do it. Here it is said as it is typed
after ``omicshelf``.
"""

from __future__ import annotations

import re

__all__ = ["in_words_of_the_command_line"]

_WORDS = [
    (r"catalog\.undelete_dataset\('([^']*)'\)", r"omicshelf undelete \1"),
    (r"catalog\.delete_dataset\('([^']*)'\)", r"omicshelf rm \1"),
    (r"catalog\.remove_label\('([^']*)', '([^']*)'\)", r"omicshelf label \1 --remove '\2'"),
    (r"catalog\.labels\('([^']*)'\)", r"omicshelf labels \1"),
    (r"catalog\.list_versions\('([^']*)'(?:, [^)]*)?\)", r"omicshelf versions \1"),
    (r"catalog\.list_files\('([^']*)'\)", r"omicshelf files \1"),
    (r"catalog\.diff\('([^']*)', '([^']*)', '([^']*)'\)", r"omicshelf diff \1 \2 \3"),
    (r"catalog\.search\(\)", r"omicshelf ls"),
    (r"catalog\.list_studies\(\)", r"omicshelf studies"),
    (r"`update_dataset` \(or `save`\)", r"`omicshelf update` (or `omicshelf add --update`)"),
    (r"`rollback`", r"`omicshelf rollback`"),
    (r"`copy_dataset`", r"`omicshelf cp`"),
    (r"catalog\.purge_dataset\('([^']*)'\)", r"omicshelf purge \1 --all"),
    (r"`purge_dataset`", r"`omicshelf purge --all`"),
    (r"`order_by`", r"--order-by"),
    (r"(?:catalog|dataset)\.download\([^)]*\)", r"omicshelf get"),
    (r"\b[Pp]ass data_type, metadata or data\b", r"Give a path, --type, --meta or --format"),
    (r"\b[Pp]ass `data`", r"Give a path"),
    (r"\bpass expected_version='any'(?: to `save`)?", r"leave out --expect"),
    (r", or leave expected_version out of `update_dataset`", r""),
    (r"\bexpected_version\b", r"--expect"),
    (r"Couldn't infer 'data_format', please pass it directly", r"The name tells no format."),
    (r"Dataset or DatasetVersion objects, or their version ids", r"ID@VERSION, or a version's id"),
    (r"\bomixatlas_id\b", r"name of an atlas"),
    (r"'data_format' is a required field when passing", r"--format is needed for"),
    (r"'file_format' and 'file_name'", r"--format and --name"),
    (r"using the 'file_format' parameter", r"with --format"),
    (r"\bdata_format='([^']*)'", r"--format \1"),
    (r"\bfile_format='([^']*)'", r"--format \1"),
    (r"\b(?:data_format|file_format)\b=?", r"--format"),
    (r"\bfile_name=", r"--name "),
    (r"\bcheck=False\b", r"--no-check"),
    (r"\boverwrite=True\b", r"--overwrite"),
    (r"\bforce=True\b", r"--force"),
    (r"\bpurge=True\b", r"--purge"),
    (r"\bdeep=True\b", r"--deep"),
    (r"\bsource_version_id\b", r"--source-version"),
    (r"\bmade_from\b=?", r"--made-from"),
    (r"\bkeep_last\b", r"--keep-last"),
    (r"\bolder_than\b", r"--older-than"),
]
_COMPILED = [(re.compile(pattern), new) for pattern, new in _WORDS]


def in_words_of_the_command_line(text: str) -> str:
    """Say the same as it is done on the command line.

    Examples
    --------
    >>> in_words_of_the_command_line("`catalog.undelete_dataset('pbmc')` brings it back.")
    '`omicshelf undelete pbmc` brings it back.'
    """
    for pattern, new in _COMPILED:
        text = pattern.sub(new, text)
    return text
