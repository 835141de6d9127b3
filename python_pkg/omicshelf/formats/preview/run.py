"""Answering a request for a preview, in the worker process."""

from __future__ import annotations

from pathlib import Path

from omicshelf.errors import Invalid, MissingPath, RequestException
from omicshelf.formats import magic, registry
from omicshelf.formats.base import Format
from omicshelf.formats.preview import files, head, matrix, tables
from omicshelf.formats.preview.embedding import default_of, embedding, embeddings
from omicshelf.formats.preview.models import (
    Contents,
    Kind,
    ModalityFacts,
    Preview,
    PreviewRequest,
)
from omicshelf.formats.preview.parts import Part, Unreadable
from omicshelf.formats.preview.sources import ANNOTATED, FEATURES_DOWN, Source, opened

__all__ = ["preview"]


def preview(path: Path, data_format: str, request: PreviewRequest) -> Preview:
    """Give what is asked of a file.

    Parameters
    ----------
    path
        The file or folder.
    data_format
        Its format.
    request
        What is asked.

    Returns
    -------
    Preview
        What is wrong with the file is told in ``problems``.

    Raises
    ------
    omicshelf.errors.Invalid
        The request names what the file has not, or a kind of preview that its format has not.
    """
    if not path.exists():
        raise MissingPath(f"{path} does not exist.", "Check the path.")
    fmt = registry.get(data_format)
    blank = Preview(kind=request.kind, format=data_format)
    try:
        _refuse_pointer(path)
        if fmt.name in ANNOTATED and request.kind != "head":
            with opened(path, fmt.name) as source:
                return _of_annotated(source, fmt.name, request, blank)
        return _of_file(fmt, path, request, blank)
    except Unreadable as error:
        problem = str(error)
    except (RequestException, MemoryError, ImportError):
        raise
    except Exception as error:  # a damaged file makes h5py, zarr, pyarrow … raise anything
        told = (str(error).splitlines() or [""])[0][:300] or type(error).__name__
        problem = f"{type(error).__name__}: {told}"
    return blank.model_copy(update={"problems": [f"It cannot be shown: {problem}"]})


def _of_annotated(source: Source, name: str, request: PreviewRequest, blank: Preview) -> Preview:
    if request.kind == "list":
        return blank.model_copy(update={"contents": _contents(source)})
    part = source.part(request.modality)
    needs_matrix = request.kind == "matrix" or request.gene is not None
    modalities = [other for other in source.names if other]
    if needs_matrix and modalities and not request.modality and not any(part.matrices()):
        raise Invalid(
            "The matrices of this dataset are those of its modalities.",
            f"Choose one with modality: {', '.join(map(repr, modalities))}.",
        )
    features_down = name in FEATURES_DOWN
    match request.kind:
        case "embedding":
            return blank.model_copy(update={"embedding": embedding(part, request)})
        case "table":
            return blank.model_copy(update={"table": tables.page(part, request)})
        case "names":
            return blank.model_copy(update={"names": tables.names(part, request)})
    found = matrix.block(part, request, features_down=features_down)
    return blank.model_copy(update={"matrix": found})


def _contents(source: Source) -> Contents:
    modalities = [_modality(name, part) for name, part in source]
    kinds: list[Kind] = ["list", "table", "names", "head"]
    if any(modality.embeddings for modality in modalities):
        kinds.append("embedding")
    if any(modality.matrices for modality in modalities):
        kinds.append("matrix")
    return Contents(kinds=kinds, modalities=modalities)


def _modality(name: str, part: Part) -> ModalityFacts:
    found = embeddings(part)
    return ModalityFacts(
        name=name,
        n_obs=part.rows_of("obs"),
        n_vars=part.rows_of("var"),
        embeddings=found,
        default_embedding=default_of(found),
        tables=tables.facts_of(part),
        matrices=matrix.matrices(part),
    )


def _of_file(fmt: Format, path: Path, request: PreviewRequest, blank: Preview) -> Preview:
    kinds = _kinds(fmt, path)
    if request.kind not in kinds:
        raise Invalid(
            f"A {fmt.title} file has no preview of the kind {request.kind!r}.",
            f"It has {', '.join(map(repr, kinds))}.",
        )
    match request.kind:
        case "list":
            facts = files.table_facts(fmt, path) if "table" in kinds else []
            contents = Contents(kinds=kinds, tables=facts, sheets=files.sheets(fmt, path))
            return blank.model_copy(update={"contents": contents})
        case "table":
            page, problems = files.page(fmt, path, request)
            return blank.model_copy(update={"table": page, "problems": problems})
    start, problems = head.head(fmt, path, request)
    return blank.model_copy(update={"head": start, "problems": problems})


def _kinds(fmt: Format, path: Path) -> list[Kind]:
    if fmt.name not in ANNOTATED and files.is_table(fmt, path):
        return ["list", "table", "head"]
    return ["list", "head"]


def _refuse_pointer(path: Path) -> None:
    if path.is_file():
        with path.open("rb") as file:
            size = magic.lfs_size(file.read(1024))
        if size is not None:
            raise Unreadable(
                f"it is a Git LFS pointer of {size:,} bytes, not the data: run git lfs pull"
            )
