"""What a catalog gives: datasets, versions and supplementary files. Each is a snapshot."""

from __future__ import annotations

import copy
import os
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from omicshelf.backend.base import Backend
from omicshelf.backend.source import stored_suffix
from omicshelf.catalog.connection import Connection
from omicshelf.catalog.loaded import remember
from omicshelf.catalog.shown import html_of
from omicshelf.catalog.words import local_time, utc_time
from omicshelf.errors import Invalid
from omicshelf.formats import registry
from omicshelf.formats.base import Format, LoadRequest
from omicshelf.records import DatasetRecord, FileRecord, Origin, Summary, VersionRecord

if TYPE_CHECKING:
    from omicshelf.catalog.diff import Diff, Side
    from omicshelf.catalog.lineage import Lineage

__all__ = ["Dataset", "DatasetVersion", "SupplementaryFile", "VersionBase", "Versions"]


class VersionBase:
    """What a dataset and an old version of it have in common: metadata and data."""

    def __init__(self, record: VersionRecord, connection: Connection) -> None:
        self._record = record
        self._connection = connection

    # -- what it is

    @property
    def dataset_id(self) -> str:
        """The dataset's id in its atlas."""
        return self._record.dataset_id

    @property
    def omixatlas_id(self) -> str:
        """The atlas that the dataset is in."""
        return self._record.atlas

    @property
    def data_type(self) -> str:
        """The kind of data, ``Single Cell RNASeq``."""
        return self._record.data_type

    @property
    def data_format(self) -> str | None:
        """The format of the data, ``h5ad``, ``csv+gzip``."""
        return self._record.data_format

    @property
    def version_id(self) -> str:
        """The uuid of this version."""
        return self._record.version_id

    @property
    def version(self) -> str:
        """The short name of this version, ``v5``; never used again for another one."""
        return self._record.name

    @property
    def created_at(self) -> int:
        """When this version was written (UTC, ms since 1970)."""
        return self._record.created_at

    @property
    def size(self) -> int:
        """Bytes of the data."""
        return self._record.size

    @property
    def added_bytes(self) -> int:
        """Bytes that this version added to the store."""
        return self._record.added_bytes

    @property
    def shape(self) -> tuple[int, int] | None:
        """Observations and features, or rows and columns, where the data have them."""
        return self._record.shape

    @property
    def message(self) -> str | None:
        """Why the version was written, in its author's words."""
        return self._record.message

    @property
    def author(self) -> str | None:
        """Who wrote the version."""
        return self._record.author

    @property
    def origin(self) -> Origin:
        """User, host, notebook, cell and package versions at the time of writing."""
        return self._record.origin

    @property
    def labels(self) -> tuple[str, ...]:
        """The names that people gave to the version."""
        return self._record.labels

    @property
    def deleted(self) -> bool:
        """Whether the dataset (or this incarnation of it) was deleted."""
        return self._record.deleted

    @property
    def rolled_back_from(self) -> str | None:
        """The version whose content a rollback made current again here."""
        return self._record.rolled_back_from

    @property
    def digest(self) -> str | None:
        """The content digest, equal exactly when the content is; None where a format has none."""
        return self._record.digest

    @property
    def blake3(self) -> str:
        """The blake3 hash of all bytes of the data."""
        return self._record.blake3

    @property
    def parents(self) -> tuple[str, ...]:
        """The versions that this one was said to be made from."""
        return self._record.parents

    @property
    def session_inputs(self) -> tuple[str, ...]:
        """What else the process had loaded when it wrote this version."""
        return self._record.session_inputs

    @property
    def children(self) -> list[DatasetVersion]:
        """The versions that were made from this one."""
        found = self._backend.children(self.version_id)
        return [DatasetVersion(record, self._connection) for record in found]

    @property
    def attributes(self) -> dict[str, Any]:
        """Everything that is recorded, as a dict."""
        return self._record.model_dump()

    @property
    def _backend(self) -> Backend:
        return self._connection.backend

    def metadata(self) -> dict[str, Any]:
        """Give a copy of the metadata of this version."""
        return copy.deepcopy(self._record.metadata)

    def peek(self) -> Summary:
        """Give the summary of the data: a database row, no data file is opened."""
        return self._backend.summary(self._record.blob)

    # -- its data

    @property
    def _suffix(self) -> str:
        return stored_suffix(self.data_format)

    def load(
        self,
        *,
        as_: str | None = None,
        backed: bool = False,
        lazy: bool = False,
        obs: Any = None,
        var: Any = None,
        obs_columns: Sequence[str] | None = None,
        layers: Sequence[str] | None = None,
        **options: Any,
    ) -> Any:
        """Load the data, or the part that is asked for.

        Parameters
        ----------
        as_
            Another class than the format's own: ``anndata`` for GCT (samples x genes), and
            ``pandas``, ``polars`` or ``arrow`` for tables.
        backed
            Leave X on disk (h5ad), read-only.
        lazy
            Leave everything on disk until it is used (new h5ad and zarr encodings).
        obs
            Observations: a query over the obs columns, a mapping of such columns to the values
            wanted, a boolean mask, or names.
        var
            Features: names, in the order wanted.
        obs_columns
            Only these columns of obs.
        layers
            Only these layers.
        **options
            What a single format understands besides, such as ``genome=`` for 10x h5 files.

        Returns
        -------
        AnnData for h5ad, zarr, loom and 10x; MuData for h5mu; GCToo for gct and gctx; a
        DataFrame for tables; ``cyvcf2.VCF`` for vcf and bcf.

        Raises
        ------
        omicshelf.errors.Invalid
            If the format cannot be loaded, or not in this way.
        omicshelf.errors.IntegrityError
            If the stored bytes are not those that were written.
        """
        if self.data_format is None:
            raise Invalid("Unable to determine file format. Use `dataset.download(...)` instead")
        fmt = registry.get(self.data_format)
        request = LoadRequest(as_, backed, lazy, obs, var, obs_columns, layers, options)
        if backed or lazy or not fmt.reads_wholly:
            path = self._backend.hold_file(self._record.blob, self._suffix)
            loaded = self._loaded(fmt, path, request)
        else:
            with self._backend.local_file(self._record.blob, self._suffix) as path:
                loaded = self._loaded(fmt, path, request)
        self._connection.saw(self._record, loaded=True)
        remember(loaded, self._record)
        return loaded

    def _loaded(self, fmt: Format, path: Path, request: LoadRequest) -> Any:
        try:
            return fmt.load(path, request)
        except Invalid as error:
            # The name of the stored file says nothing to the user.
            raise type(error)(
                error.title.replace(path.name, self.dataset_id), error.detail
            ) from error

    def path(self) -> Path:
        """Give the data as a read-only local file, there until the connection is closed."""
        found = self._backend.hold_file(self._record.blob, self._suffix)
        self._connection.saw(self._record, loaded=True)
        return found

    def open(self) -> IO[bytes]:
        """Open the bytes of the data as a seekable binary file, for reading."""
        return self._backend.open_blob(self._record.blob)

    def download(self, path: str | os.PathLike[str]) -> str:
        """Write the data to a file, or into a folder under its own name.

        Parameters
        ----------
        path
            A file; or a folder: one that exists, or any path that ends with ``/``. A dataset
            that came as a folder becomes a folder again.

        Returns
        -------
        str
            Where it was written.
        """
        folder_name = self.peek().details.get("folder") if self._is_folder_format else None
        if folder_name is not None:
            return self._download_folder(os.fspath(path))
        dest = target_path(path, f"{self.dataset_id}{registry.suffix_of(self.data_format)}")
        fetch(self._backend, self._record.blob, self._record.size, dest)
        return dest

    @property
    def _is_folder_format(self) -> bool:
        return self.data_format is not None and registry.get(self.data_format).folder

    def _download_folder(self, path: str) -> str:
        from omicshelf.backend.store.folders import unpack_folder

        into = path.endswith((os.sep, "/"))
        dest = Path(path) / f"{self.dataset_id}{registry.suffix_of(self.data_format)}"
        dest = dest if into else Path(path)
        if dest.exists() and (not dest.is_dir() or any(dest.iterdir())):
            if into or dest.is_file():
                raise Invalid(f"'{dest}' is there already.", "Choose another path, or remove it.")
            return self._download_folder(f"{path}{os.sep}")
        dest.parent.mkdir(parents=True, exist_ok=True)
        with self._backend.local_file(self._record.blob, self._suffix) as packed:
            unpack_folder(packed, dest)
        return str(dest)

    # -- against others

    def diff(self, other: VersionBase | str, *, deep: bool = False) -> Diff:
        """Compare with another version, from this one to ``other``.

        Summaries and names sidecars are compared, which takes milliseconds at any size;
        ``deep`` loads both and compares values where names changed.
        """
        from omicshelf.catalog.diff import compare

        if isinstance(other, str):
            record = self._backend.get_version(self.omixatlas_id, self.dataset_id, other)
            other = DatasetVersion(record, self._connection)
        return compare(self._side(), other._side(), deep=deep)

    def _side(self) -> Side:
        from omicshelf.catalog.diff import Side

        blob = self._record.blob
        summary, names = self._backend.summary(blob), self._backend.names(blob)
        open_names = self._axis_names if self.data_format == "h5ad" else None
        return Side(self._record, summary, names, self.load, open_names)

    def _axis_names(self, axis: str) -> Sequence[str]:
        """Give the names of an axis without reading X."""
        names: Sequence[str] = getattr(self.load(backed=True), f"{axis}_names")
        return names

    def lineage(self, *, depth: int = 20) -> Lineage:
        """Give what the version was made from and what was made from it."""
        from omicshelf.catalog.lineage import trace

        return trace(self._backend, self._record, depth=depth)

    def cite(self) -> str:
        """Give a reference to exactly this version: id, date and hashes, for a paper."""
        r = self._record
        day = utc_time(r.created_at)[:10]
        sha256 = self._backend.sha256(r.blob)
        return f"{r.atlas}/{r.dataset_id}@{r.version_id} ({day}). blake3:{r.blake3} sha256:{sha256}"

    def _repr_html_(self) -> str | None:
        return html_of(self)


class Dataset(VersionBase):
    """A dataset as it was when it was asked for: a snapshot of its newest version."""

    def __init__(self, record: DatasetRecord, connection: Connection) -> None:
        super().__init__(record.version, connection)
        self._dataset = record

    @property
    def study_id(self) -> str | None:
        """The study that the dataset is in."""
        return self._dataset.study_id

    @property
    def created_at(self) -> int:
        """When the dataset was created (UTC, ms since 1970)."""
        return self._dataset.created_at

    @property
    def last_modified_at(self) -> int:
        """When its newest version was written (UTC, ms since 1970)."""
        return self._dataset.last_modified_at

    @property
    def unchanged(self) -> bool:
        """Whether ``save`` found nothing to write."""
        return self._dataset.unchanged

    @property
    def attributes(self) -> dict[str, Any]:
        """Everything that is recorded, as a dict."""
        return {**self._record.model_dump(), **self._dataset.model_dump(exclude={"version"})}

    def __repr__(self) -> str:
        study = f", study_id='{self.study_id}'" if self.study_id is not None else ""
        unchanged = ", unchanged=True" if self.unchanged else ""
        return (
            f"Dataset(dataset_id='{self.dataset_id}', data_type='{self.data_type}', "
            f"last_modified_at='{local_time(self.last_modified_at)}', "
            f"data_format='{self.data_format}'{study}{unchanged})"
        )


class DatasetVersion(VersionBase):
    """One version of a dataset; it never changes."""

    def __repr__(self) -> str:
        return (
            f"DatasetVersion(version_id='{self.version_id}', "
            f"created_at='{local_time(self.created_at)}')"
        )


class Versions(list[DatasetVersion]):
    """Versions of a dataset: a list that a notebook shows as a table."""

    def _repr_html_(self) -> str | None:
        return html_of(self)


class SupplementaryFile:
    """A file that is attached to a dataset."""

    def __init__(self, record: FileRecord, connection: Connection) -> None:
        self._record = record
        self._connection = connection

    @property
    def dataset_id(self) -> str:
        """The dataset that the file is attached to."""
        return self._record.dataset_id

    @property
    def omixatlas_id(self) -> str:
        """The atlas that the dataset is in."""
        return self._record.atlas

    @property
    def file_name(self) -> str:
        """The file's name, unique in its dataset."""
        return self._record.file_name

    @property
    def file_format(self) -> str:
        """The file's format, ``pdf``."""
        return self._record.file_format

    @property
    def tag(self) -> str | None:
        """What kind of file it is, in the user's words."""
        return self._record.tag

    @property
    def created_at(self) -> int:
        """When it was attached or replaced (UTC, ms since 1970)."""
        return self._record.created_at

    @property
    def derived_from(self) -> str | None:
        """The version that it was made from."""
        return self._record.derived_from

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self._record.size

    @property
    def author(self) -> str | None:
        """Who attached it."""
        return self._record.author

    @property
    def state(self) -> str:
        """``current``, or why it is not any more."""
        return self._record.state

    @property
    def ended_at(self) -> int | None:
        """When it was replaced or removed (UTC, ms since 1970); None while it is current."""
        return self._record.ended_at

    @property
    def attributes(self) -> dict[str, Any]:
        """Everything that is recorded, as a dict."""
        return self._record.model_dump()

    def open(self) -> IO[bytes]:
        """Open the file for reading, as a seekable binary file."""
        return self._connection.backend.open_blob(self._record.blob)

    def download(self, path: str | os.PathLike[str]) -> str:
        """Write the file to a path, or into a folder under its own name; gives the path."""
        dest = target_path(path, self.file_name)
        fetch(self._connection.backend, self._record.blob, self.size, dest)
        return dest

    def history(self) -> list[SupplementaryFile]:
        """Give all states of this file name, newest first: replaced and removed ones too."""
        found = self._connection.backend.file_history(
            self.omixatlas_id, self.dataset_id, self.file_name
        )
        return [SupplementaryFile(record, self._connection) for record in found]

    def __repr__(self) -> str:
        tag = f", tag='{self.tag}'" if self.tag is not None else ""
        derived = ", derived_from=..." if self.derived_from is not None else ""
        return (
            f"SupplementaryFile(file_name='{self.file_name}', file_format='{self.file_format}', "
            f"created_at='{local_time(self.created_at)}'{tag}{derived})"
        )

    def _repr_html_(self) -> str | None:
        return html_of(self)


def shape_in_words(summary: Summary) -> str | None:
    """Give ``700 × 765``, or None where the data have no shape."""
    if summary.n_obs is not None:
        return f"{summary.n_obs:,} × {summary.n_vars or 0:,}"
    if summary.n_rows is not None or summary.n_columns is not None:
        rows = "?" if summary.n_rows is None else f"{summary.n_rows:,}"
        columns = "?" if summary.n_columns is None else f"{summary.n_columns:,}"
        return f"{rows} × {columns}"
    return None


def target_path(path: str | os.PathLike[str], name: str) -> str:
    """Give the file to write: ``path`` itself, or ``name`` in it where it is a folder."""
    text = os.fspath(path)
    if not isinstance(text, str) or not text or "\x00" in text:
        raise Invalid(f"{path!r} is no path.", "Pass the path of a file or a folder.")
    if text.endswith((os.sep, "/")) or Path(text).is_dir():
        return os.path.join(text, name)  # noqa: PTH118 - the path as given, not normalised
    return text


def fetch(backend: Backend, blob: str, size: int, dest: str) -> None:
    """Write a blob to a file, with a progress bar where it is large."""
    from omicshelf.catalog.progress import progress_bar

    target = Path(dest)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise Invalid(
            f"'{target.parent}' is not a folder.", "A file of that name is in the way."
        ) from error
    with progress_bar(size, f"downloading {target.name}") as report:
        backend.download(blob, target, report)
