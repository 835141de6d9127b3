"""Arguments and options that several commands have, and how their values are read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from omicshelf.cli import completion
from omicshelf.errors import Invalid, MissingPath

__all__ = [
    "DatasetArgument",
    "DryRun",
    "FormatOption",
    "MessageOption",
    "MetaFileOption",
    "MetaOption",
    "NoCheck",
    "OverwriteOption",
    "ParentOption",
    "ReferenceArgument",
    "TypeOption",
    "VersionArgument",
    "read_metadata",
]

DatasetArgument = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="The dataset: pbmc, or lung/pbmc in another atlas.",
        autocompletion=completion.datasets,
    ),
]
ReferenceArgument = Annotated[
    str,
    typer.Argument(
        metavar="ID[@VERSION]",
        help="The dataset, and one of its versions: pbmc, pbmc@v2, pbmc@submitted.",
        autocompletion=completion.references,
    ),
]
VersionArgument = Annotated[
    str,
    typer.Argument(
        metavar="VERSION",
        help="The version: v2, a label, or the beginning of its id.",
        autocompletion=completion.versions,
    ),
]
MessageOption = Annotated[
    str | None, typer.Option("--message", "-m", metavar="TEXT", help="Why, in your words.")
]
TypeOption = Annotated[
    str | None,
    typer.Option("--type", metavar="TEXT", help="The kind of data, such as 'Bulk RNAseq'."),
]
FormatOption = Annotated[
    str | None,
    typer.Option(
        "--format", metavar="NAME", help="The format, where the file's name does not tell it."
    ),
]
MetaOption = Annotated[
    list[str] | None,
    typer.Option(
        "--meta",
        metavar="KEY=VALUE",
        help="Metadata; the value is read as JSON where it is JSON, else as text. Repeatable.",
    ),
]
MetaFileOption = Annotated[
    Path | None,
    typer.Option("--meta-file", metavar="FILE", help="Metadata from a JSON file."),
]
ParentOption = Annotated[
    list[str] | None,
    typer.Option(
        "--parent",
        metavar="ID[@VERSION]",
        help="What the data were made from: a dataset here, or the id of a version. Repeatable.",
        autocompletion=completion.references,
    ),
]
NoCheck = Annotated[
    bool,
    typer.Option("--no-check", help="Keep a damaged file too, and note what is wrong with it."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]
OverwriteOption = Annotated[
    bool, typer.Option("--overwrite", help="Write over a file that is there already.")
]


def read_metadata(pairs: Sequence[str] | None, path: Path | None) -> dict[str, Any] | None:
    """Read metadata as options give them; None where none are given.

    Parameters
    ----------
    pairs
        ``key=value``; the value is read as JSON where it is JSON, else as text.
    path
        A JSON file with one object; the pairs win over it.
    """
    if not pairs and path is None:
        return None
    found = {} if path is None else _from_file(path)
    for pair in pairs or ():
        key, equals, value = pair.partition("=")
        if not equals or not key.strip():
            raise Invalid(
                f"'{pair}' is no KEY=VALUE.", "For example: --meta tissue=lung --meta age=52"
            )
        found[key.strip()] = _value(value)
    return found


def _value(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return text


def _no_constant(name: str) -> Any:
    # NaN and Infinity are no JSON; on the command line they are the text that was typed.
    raise ValueError(name)


def _from_file(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise MissingPath(
            f"There is no file '{path}'.", "--meta-file takes the path of a JSON file."
        ) from error
    except (ValueError, RecursionError) as error:
        raise Invalid(
            f"'{path}' is no JSON file: {error}.", 'It holds one object: {"tissue": "lung"}'
        ) from error
    if not isinstance(found, dict):
        raise Invalid(
            f"'{path}' holds no JSON object, but {type(found).__name__}.",
            'It holds one object: {"tissue": "lung"}',
        )
    return found
