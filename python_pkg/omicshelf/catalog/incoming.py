"""What people pass as ``data`` or ``path``, turned into a source of bytes."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from omicshelf import rules
from omicshelf.backend.base import Backend
from omicshelf.backend.source import FileSource, ObjectSource, Source
from omicshelf.backend.store.durable import storage_errors
from omicshelf.catalog.fetching import fetch, is_web_address
from omicshelf.catalog.progress import progress_bar
from omicshelf.errors import Invalid, NotFound, StorageError
from omicshelf.formats import registry

__all__ = ["file_source", "provenance", "source_of"]

_LONGEST_PATH = 4096
_S3_FORMAT = "'data_format' is a required field when passing S3 uri directly"
_S3_FILE = "The 'file_format' and 'file_name' need to be explicitly provided if path is an s3 uri"
_NO_FILE_FORMAT = (
    "Could not infer the file format, please provide it explicitly using the 'file_format' "
    "parameter"
)


@contextmanager
def source_of(
    backend: Backend, data: Any, data_format: str | None, *, check: bool = True
) -> Iterator[Source]:
    """Give the source for the ``data`` of a dataset: a path, an S3 URI or an object.

    Raises
    ------
    omicshelf.errors.Invalid
        If it is none of these, or its format is not known.
    """
    if isinstance(data, str | os.PathLike):
        text = os.fspath(data)
        if is_uri(text):
            if data_format is None and not is_web_address(text):
                raise Invalid(_S3_FORMAT, "Pass data_format='h5ad', for example.")
            with imported(backend, text) as (path, details):
                name, _fmt, told = registry.infer_path(path, data_format)
                came = ImportedSource(path, name, details, check=check, problems=tuple(told))
                with reported(came, path, "adding"):
                    yield came
            return
        path = checked_path(text)
        name, _fmt, told = registry.infer_path(path, data_format)
        source = FileSource(path, name, check=check, problems=tuple(told))
        with reported(source, path, "adding"):
            yield source
        return
    fmt = registry.for_object(data)
    if fmt is None:
        raise Invalid(
            f"Unsupported type ({type(data)}) for parameter 'data'",
            "Pass a path, an https:// or s3:// address, or an AnnData, MuData, GCToo, or pandas, "
            "polars or Arrow table.",
        )
    if data_format not in (None, fmt.name):
        raise Invalid(
            f"A {type(data).__name__} is written as {fmt.name}, not as {data_format}.",
            f"Leave data_format out, or write a {data_format} file yourself and pass its path.",
        )
    yield ObjectSource(data, fmt)


@contextmanager
def file_source(
    backend: Backend, path: Any, file_name: str | None, file_format: str | None
) -> Iterator[tuple[Source, str, str]]:
    """Give the source, name and format of a supplementary file."""
    if not isinstance(path, str | os.PathLike):
        raise Invalid(
            f"path must be a str or a path, not {type(path).__name__}.", "Pass the file's path."
        )
    text = os.fspath(path)
    if is_uri(text):
        if not is_web_address(text) and (file_name is None or file_format is None):
            raise Invalid(_S3_FILE, "For example file_name='report.pdf', file_format='pdf'.")
        with imported(backend, text) as (local, details):
            name, found = _file_names(local, file_name, file_format)
            yield ImportedSource(local, found, details, inspect=False), name, found
        return
    local = checked_path(text)
    if local.is_dir():
        raise Invalid(
            f"'{text}' is a folder.", "Attach its files one by one, or pack it into one zip file."
        )
    name, found = _file_names(local, file_name, file_format)
    source = FileSource(local, found, inspect=False)
    with reported(source, local, "attaching"):
        yield source, name, found


def _file_names(local: Path, file_name: str | None, file_format: str | None) -> tuple[str, str]:
    """Give the name and format of a file to attach, told or by its own name."""
    name = file_name if file_name is not None else local.name
    if file_format is not None:
        rules.check_format(file_format, "file_format")
    found = file_format or registry.infer(rules.check_file_name(name)) or registry.infer(local.name)
    if found is None:
        raise Invalid(_NO_FILE_FORMAT, f"For '{name}', for example: file_format='txt'.")
    return name, found


class ImportedSource(FileSource):
    """A temporary file of what is kept elsewhere; ``details`` say where it came from."""

    def __init__(
        self, path: Path, data_format: str, details: Mapping[str, Any], **told: Any
    ) -> None:
        super().__init__(path, data_format, owned=True, **told)
        self.details = dict(details)


def provenance(source: Source) -> dict[str, Any]:
    """Give what is recorded of where a source came from; empty for what is of this machine."""
    return source.details if isinstance(source, ImportedSource) else {}


@contextmanager
def reported(source: Source, path: Path, doing: str) -> Iterator[None]:
    """Show a progress bar while a large file is brought in."""
    size = path.stat().st_size if path.is_file() else 0
    with progress_bar(size, f"{doing} {path.name}") as report:
        source.progress = report
        yield


def is_uri(text: object) -> bool:
    """Whether a text is an address such as ``s3://bucket/key``, and no local path."""
    return isinstance(text, str) and "://" in text and not _exists(text)


def _exists(text: str) -> bool:
    try:
        return Path(text).exists()
    except (OSError, ValueError):  # too long a name, a NUL inside
        return False


def checked_path(text: str | bytes) -> Path:
    """Give a local path, its ``~`` expanded; whether it is there is told by its reader."""
    if isinstance(text, bytes):
        text = os.fsdecode(text)
    if not text or "\x00" in text or len(text) > _LONGEST_PATH:
        raise Invalid(f"'{rules.shown(text)}' is no path.", "Pass the path of a file or folder.")
    return Path(text).expanduser()


@contextmanager
def imported(backend: Backend, uri: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Copy what is at an address into a temporary file; give it, and what to record.

    Of S3, credentials, region and endpoint are those of the environment (``AWS_…``).
    """
    folder = backend.staging() / uuid.uuid4().hex
    try:
        with storage_errors(f"write to {folder.parent}"):
            folder.mkdir(parents=True)
        if is_web_address(uri):
            with fetch(uri, folder) as (path, fetched):
                yield path, fetched.details()
        else:
            path = _from_bucket(uri, folder)
            yield path, {"source": {"address": uri.split("?")[0]}}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _from_bucket(uri: str, folder: Path) -> Path:
    parts = urlsplit(uri)
    if parts.scheme not in ("s3", "s3a") or not parts.netloc or not parts.path.strip("/"):
        raise Invalid(
            f"'{uri}' cannot be read from.",
            "Pass a local path, an https:// address, or an S3 URI such as "
            "s3://bucket/folder/file.h5ad.",
        )
    import obstore
    from obstore.exceptions import BaseError
    from obstore.store import S3Store

    key = parts.path.strip("/")
    dest = folder / (Path(key).name or "data")
    try:
        plain = os.environ.get("AWS_ALLOW_HTTP", "false") == "true"
        store = S3Store(parts.netloc, client_options={"allow_http": plain})
        with dest.open("xb") as out:
            for block in obstore.get(store, key).stream(min_chunk_size=4 << 20):
                out.write(block)
    except FileNotFoundError as error:
        raise NotFound(f"There is nothing at '{uri}'.", "Check bucket and key.") from error
    except BaseError as error:
        raise StorageError(
            f"'{uri}' could not be read: {str(error).splitlines()[0][:300]}",
            "Check the AWS_… settings of the environment: key, secret, region, endpoint.",
        ) from error
    return dest
