"""The catalog of one atlas: what people import."""

from __future__ import annotations

import difflib
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from omicshelf import rules
from omicshelf.backend.base import (
    Backend,
    EditReport,
    FileDraft,
    GcReport,
    PurgeReport,
    Query,
    VerifyReport,
    VersionDraft,
)
from omicshelf.catalog.connection import Connection, current
from omicshelf.catalog.dataset import (
    Dataset,
    DatasetVersion,
    SupplementaryFile,
    VersionBase,
    Versions,
)
from omicshelf.catalog.filters import parse_where
from omicshelf.catalog.incoming import file_source, provenance, source_of
from omicshelf.catalog.loaded import remember
from omicshelf.catalog.origin import current_origin
from omicshelf.catalog.params import recorded_params
from omicshelf.catalog.searching import SearchResult, run_search
from omicshelf.catalog.shown import html_of
from omicshelf.catalog.words import moment
from omicshelf.errors import Invalid
from omicshelf.records import Change, DatasetRecord, LabelRecord

if TYPE_CHECKING:
    import pandas as pd

    from omicshelf.catalog.diff import Diff

__all__ = ["Catalog"]


class Catalog:
    """The datasets of one atlas.

    Making one costs nothing and checks nothing; the atlas is made by the first dataset that is
    put into it.

    Parameters
    ----------
    omixatlas_id
        The name of the atlas.
    connection
        An open catalog; default: that of :func:`omicshelf.connect`, at the time of each call.

    Examples
    --------
    >>> import anndata, numpy as np, omicshelf, tempfile
    >>> connection = omicshelf.connect(tempfile.mkdtemp())
    >>> catalog = omicshelf.Catalog("demo")
    >>> dataset = catalog.save("pbmc", anndata.AnnData(np.ones((3, 2))), message="first")
    >>> catalog.load("pbmc").shape
    (3, 2)
    >>> connection.close()
    """

    def __init__(self, omixatlas_id: str, *, connection: Connection | None = None) -> None:
        self._atlas = rules.check_atlas(omixatlas_id)
        self._own_connection = connection

    @property
    def omixatlas_id(self) -> str:
        """The name of the atlas."""
        return self._atlas

    @property
    def connection(self) -> Connection:
        """The open catalog that calls go to."""
        return self._own_connection or current()

    @property
    def _backend(self) -> Backend:
        return self.connection.backend

    def __repr__(self) -> str:
        return f"Catalog(omixatlas_id='{self._atlas}')"

    def _repr_html_(self) -> str | None:
        return html_of(self)

    # -- create, update, save

    def create_dataset(
        self,
        dataset_id: str,
        data_type: str,
        data: Any,
        metadata: Mapping[str, Any],
        *,
        ingestion_params: Mapping[str, Any] | None = None,
        other_params: Mapping[str, Any] | None = None,
        message: str | None = None,
        parents: Sequence[VersionBase | str] = (),
        study_id: str | None = None,
        data_format: str | None = None,
        check: bool = True,
        **kwargs: Any,
    ) -> Dataset:
        """Create a dataset.

        Parameters
        ----------
        dataset_id
            Letters, digits, ``_`` and ``-``; unique in the atlas.
        data_type
            The kind of data, ``Single Cell RNASeq``.
        data
            A path or folder, an ``s3://`` URI (with ``data_format``), or an AnnData, MuData,
            GCToo, or pandas, polars or Arrow table.
        metadata
            A dict of JSON values.
        ingestion_params, other_params
            Recorded with the change: ``priority``, ``file_metadata``, ``ingestion_run_id`` …
        message
            Why, in your words.
        parents
            The versions that it was made from.
        study_id
            The study that it belongs to.
        data_format
            The format, where the file's name does not tell it; wins where it does.
        check
            False keeps a file that cannot be of its format, with the reason as a problem.

        Returns
        -------
        Dataset

        Raises
        ------
        omicshelf.errors.AlreadyExists
            If the id is taken.
        omicshelf.errors.Invalid
            If the id, the metadata or the data are refused. Nothing was written then.
        """
        draft = VersionDraft(
            rules.check_dataset_id(dataset_id),
            "create",
            data_type=rules.check_data_type(data_type),
            metadata=rules.clean_metadata(metadata),
            message=message,
            study_id=study_id,
            parents=self._parents(parents),
            ingestion=recorded_params("create_dataset", ingestion_params, other_params, kwargs),
        )
        return self._write(draft, data, data_format, check)

    def update_dataset(
        self,
        dataset_id: str,
        data_type: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        data: Any = None,
        *,
        ingestion_params: Mapping[str, Any] | None = None,
        other_params: Mapping[str, Any] | None = None,
        message: str | None = None,
        expected_version: VersionBase | str | None = None,
        parents: Sequence[VersionBase | str] = (),
        data_format: str | None = None,
        check: bool = True,
        **kwargs: Any,
    ) -> Dataset:
        """Write a new version of a dataset; what is None stays as it is.

        Parameters are those of :meth:`create_dataset`, but for these.

        Parameters
        ----------
        metadata
            Replaces the old metadata; ``edit_metadata`` merges.
        expected_version
            The version that the update is based on; if it is not the current one any more,
            nothing is written.

        Raises
        ------
        omicshelf.errors.Invalid
            If there is nothing to update, or something is refused.
        omicshelf.errors.Conflict
            If ``expected_version`` is not the current version.
        """
        study_id = kwargs.pop("study_id", None)
        given = (data_type, metadata, data, study_id)
        if all(value is None for value in given) and data_format is None:
            raise Invalid("Nothing to update", "Pass data_type, metadata or data.")
        draft = VersionDraft(
            _checked_id(dataset_id),
            "update",
            data_type=None if data_type is None else rules.check_data_type(data_type),
            data_format=data_format if data is None else None,
            metadata=None if metadata is None else rules.clean_metadata(metadata),
            message=message,
            study_id=study_id,
            parents=self._parents(parents),
            expected_version=_version_name(expected_version),
            ingestion=recorded_params("update_dataset", ingestion_params, other_params, kwargs),
        )
        return self._write(draft, data, data_format, check)

    def save(
        self,
        dataset_id: str,
        data: Any,
        *,
        metadata: Mapping[str, Any] | None = None,
        data_type: str | None = None,
        message: str | None = None,
        study_id: str | None = None,
        parents: Sequence[VersionBase | str] | None = None,
        expected_version: VersionBase | str | None = None,
        data_format: str | None = None,
        check: bool = True,
    ) -> Dataset:
        """Create a dataset, or write a new version of it when something has changed.

        The same content as the current version writes nothing: the result's ``unchanged`` is
        True. When someone else has changed the dataset since this process last loaded or saved
        it, nothing is written either. Parameters are those of :meth:`create_dataset`, but for:

        Parameters
        ----------
        expected_version
            The version that this one is based on; default: the newest that this process has
            loaded or saved. ``"any"`` writes over whatever is there.

        Raises
        ------
        omicshelf.errors.Conflict
            If the dataset has changed since.
        """
        dataset_id = rules.check_dataset_id(dataset_id)
        expected = _version_name(expected_version)
        if expected is None:
            expected = self.connection.newest_seen(self._atlas, dataset_id)
        elif expected == "any":
            expected = None
        draft = VersionDraft(
            dataset_id,
            "save",
            data_type=None if data_type is None else rules.check_data_type(data_type),
            metadata=None if metadata is None else rules.clean_metadata(metadata),
            message=message,
            study_id=study_id,
            parents=self._parents(parents or ()),
            expected_version=expected,
        )
        if data is None:
            raise Invalid("There are no data to save.", "Pass a path or an object.")
        return self._write(draft, data, data_format, check)

    def _write(
        self, draft: VersionDraft, data: Any, data_format: str | None, check: bool
    ) -> Dataset:
        connection = self.connection
        backend, origin = connection.backend, current_origin()
        inputs = connection.inputs_for(self._atlas, draft.dataset_id)
        draft = _with_inputs(draft, inputs)
        if data is None:
            record = backend.put_version(self._atlas, draft, None, by=origin)
        else:
            with source_of(backend, data, data_format, check=check) as source:
                draft = replace(draft, ingestion={**draft.ingestion, **provenance(source)})
                record = backend.put_version(self._atlas, draft, source, by=origin)
        connection.saw(record.version, loaded=False)
        remember(data, record.version)
        if data is not None and record.version.problems:
            for problem in backend.summary(record.version.blob).problems:
                warnings.warn(f"{draft.dataset_id}: {problem}", stacklevel=3)
        return Dataset(record, connection)

    def _parents(self, parents: Sequence[VersionBase | str]) -> tuple[str, ...]:
        if isinstance(parents, str | VersionBase):
            parents = (parents,)
        found = (parent if isinstance(parent, str) else parent.version_id for parent in parents)
        return tuple(dict.fromkeys(found))

    # -- read

    def get_dataset(self, dataset_id: str) -> Dataset:
        """Give a dataset: a snapshot of its newest version.

        Raises
        ------
        omicshelf.errors.NotFound
            With the near misses.
        """
        record = self._backend.get_dataset(self._atlas, _checked_id(dataset_id))
        return Dataset(record, self.connection)

    def load(self, dataset_id: str, version: str | None = None, **kwargs: Any) -> Any:
        """Load the data of a dataset, or of one version of it.

        Parameters
        ----------
        version
            A version id, ``v5``, a label, or the beginning of the id; default: the newest.
        **kwargs
            What to load, as in :meth:`Dataset.load <omicshelf.Dataset.load>`.
        """
        if version is None:
            return self.get_dataset(dataset_id).load(**kwargs)
        return self.get_version(dataset_id, version).load(**kwargs)

    def list_datasets(
        self,
        *,
        limit: int | None = None,
        prefetch_metadata: bool = False,
        study_id: str | None = None,
        data_type: str | None = None,
        data_format: str | None = None,
        where: Mapping[str, Any] | str | None = None,
        order_by: str = "dataset_id",
        deleted: bool = False,
    ) -> list[Dataset]:
        """Give the datasets of the atlas.

        Parameters
        ----------
        limit
            At most so many.
        prefetch_metadata
            Accepted for old code; metadata are always there already.
        study_id, data_type, data_format, where
            Only those that match, as in :meth:`search`.
        order_by
            ``dataset_id``, ``last_modified_at``, ``created_at``, ``size``, ``n_obs`` …, with a
            ``-`` before it from the largest down.
        deleted
            The deleted ones instead of the live ones.
        """
        if limit is not None and (not isinstance(limit, int) or limit < 0):
            raise Invalid(f"limit={limit!r} is no count.", "Pass 0, a positive number, or None.")
        filters = parse_where(where) + parse_where(
            {
                key: value
                for key, value in {
                    "study_id": study_id,
                    "data_type": data_type,
                    "data_format": data_format,
                }.items()
                if value is not None
            }
        )
        query = Query(where=filters, order_by=order_by, limit=limit, deleted=deleted, count=False)
        if limit == 0:
            return []
        page = self._backend.find(self._atlas, query)
        if not page.datasets:
            self._warn_if_unknown()
        connection = self.connection
        return [Dataset(record, connection) for record in page.datasets]

    def _warn_if_unknown(self) -> None:
        names = [atlas.name for atlas in self._backend.list_atlases()]
        if self._atlas in names or not names:
            return
        near = difflib.get_close_matches(self._atlas, names, n=3) or names[:10]
        shown = ", ".join(f"'{name}'" for name in near)
        warnings.warn(
            f"There is no atlas '{self._atlas}' yet; those there are: {shown}.", stacklevel=3
        )

    def search(
        self,
        text: str = "",
        *,
        where: Mapping[str, Any] | str | None = None,
        facets: Sequence[str] = (),
        order_by: str | None = None,
        limit: int = 50,
        after: str | None = None,
        deleted: bool = False,
    ) -> SearchResult:
        """Find datasets by words and filters, and count the values of some keys beside.

        Parameters
        ----------
        text
            Words that id, type, study or metadata contain (or begin with), and filters such as
            ``tissue:lung n_obs:>1000 -disease:*``.
        where
            Filters as a dict, ``{"tissue": "lung", "n_obs": (">", 1000)}``, or as text. Keys
            are metadata keys (nested ones with dots) or the fields of a dataset.
        facets
            Keys whose values are to be counted over all that match.
        order_by
            As in :meth:`list_datasets`; default: last modified first.
        limit, after
            The size of a page, and the ``next`` of the page before.

        Returns
        -------
        SearchResult
            ``.datasets``, ``.total``, ``.facets``, ``.next``.

        Examples
        --------
        >>> import omicshelf, pandas as pd, tempfile
        >>> with omicshelf.connect(tempfile.mkdtemp()):
        ...     catalog = omicshelf.Catalog("demo")
        ...     for tissue in ("lung", "liver", "lung"):
        ...         name = f"{tissue}_{len(catalog)}"
        ...         data = pd.DataFrame({"x": [1, 2]})
        ...         _ = catalog.create_dataset(name, "Table", data, {"tissue": tissue})
        ...     found = catalog.search("tissue:lung", facets=["tissue"])
        ...     found.total, found.facets
        (2, {'tissue': {'lung': 2}})
        """
        result = run_search(
            self.connection,
            self._atlas,
            text,
            where=where,
            facets=facets,
            order_by=order_by,
            limit=limit,
            after=after,
            deleted=deleted,
        )
        if not result.total and not text and not where:
            self._warn_if_unknown()
        return result

    def to_frame(self, *, where: Mapping[str, Any] | str | None = None) -> pd.DataFrame:
        """Give all datasets as a table: one row each, their fields and metadata keys as columns."""
        from omicshelf.catalog.searching import as_frame

        return as_frame(self.list_datasets(where=where))

    def __contains__(self, dataset_id: object) -> bool:
        if isinstance(dataset_id, VersionBase):
            if dataset_id.omixatlas_id != self._atlas:
                return False
            dataset_id = dataset_id.dataset_id
        return isinstance(dataset_id, str) and self._backend.has_dataset(self._atlas, dataset_id)

    def __len__(self) -> int:
        return self._backend.find(self._atlas, Query(limit=1)).total or 0

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[Dataset]:
        after = None
        while True:
            query = Query(order_by="dataset_id", limit=500, after=after, count=False)
            page = self._backend.find(self._atlas, query)
            yield from (Dataset(record, self.connection) for record in page.datasets)
            if page.next is None:
                return
            after = page.next

    # -- versions

    def get_version(self, dataset_id: str, version_id: str) -> DatasetVersion:
        """Give a version by its id, ``v5``, label, or the beginning of the id.

        Versions of deleted datasets can be read too.
        """
        record = self._backend.get_version(
            self._atlas, _checked_id(dataset_id), _version_name(version_id) or ""
        )
        return DatasetVersion(record, self.connection)

    def list_versions(self, dataset_id: str, *, include_deleted: bool = False) -> Versions:
        """Give the versions of a dataset, newest first, the current one among them."""
        found = self._backend.list_versions(
            self._atlas, _checked_id(dataset_id), include_deleted=include_deleted
        )
        connection = self.connection
        return Versions(DatasetVersion(record, connection) for record in found)

    def rollback(
        self,
        dataset_id: str,
        version_id: str,
        *,
        ingestion_params: Mapping[str, Any] | None = None,
        other_params: Mapping[str, Any] | None = None,
        message: str | None = None,
        **kwargs: Any,
    ) -> Dataset:
        """Make an old version's data and metadata current again, as a new version.

        No data are copied. A deleted dataset is created again by it.
        """
        record = self._backend.rollback(
            self._atlas,
            _checked_id(dataset_id),
            _version_name(version_id) or "",
            message=message,
            ingestion=recorded_params("rollback", ingestion_params, other_params, kwargs),
            by=current_origin(),
        )
        return self._made(record)

    def _made(self, record: DatasetRecord) -> Dataset:
        self.connection.saw(record.version, loaded=False)
        return Dataset(record, self.connection)

    def diff(self, dataset_id: str, a: str, b: str | None = None, *, deep: bool = False) -> Diff:
        """Compare two versions of a dataset, from ``a`` to ``b`` (default: the newest).

        Summaries are compared, which takes milliseconds at any size; ``deep`` loads both and
        compares values where names changed.
        """
        new = self.get_dataset(dataset_id) if b is None else self.get_version(dataset_id, b)
        return self.get_version(dataset_id, a).diff(new, deep=deep)

    def label(self, dataset_id: str, version: str, name: str) -> LabelRecord:
        """Give a version a name, such as ``submitted``; it is kept by ``purge_versions``."""
        return self._backend.set_label(
            self._atlas,
            _checked_id(dataset_id),
            _version_name(version) or "",
            name,
            by=current_origin(),
        )

    def remove_label(self, dataset_id: str, name: str) -> None:
        """Take a name off its version."""
        self._backend.remove_label(self._atlas, _checked_id(dataset_id), name, by=current_origin())

    def labels(self, dataset_id: str) -> dict[str, str]:
        """Give the labels of a dataset: name to version id."""
        found = self._backend.list_labels(self._atlas, _checked_id(dataset_id))
        return {label.name: label.version_id for label in found}

    # -- delete, bring back, remove for good

    def delete_dataset(self, dataset_id: str, *, message: str | None = None, **kwargs: Any) -> None:
        """Delete a dataset; ``undelete_dataset`` brings it back."""
        self._backend.delete_dataset(
            self._atlas,
            _checked_id(dataset_id),
            message=message,
            details=recorded_params("delete_dataset", None, None, kwargs),
            by=current_origin(),
        )
        self.connection.forget(self._atlas, dataset_id)

    def undelete_dataset(self, dataset_id: str, *, message: str | None = None) -> Dataset:
        """Bring a deleted dataset back: its versions, study and files."""
        record = self._backend.undelete_dataset(
            self._atlas, _checked_id(dataset_id), message=message, by=current_origin()
        )
        return self._made(record)

    def purge_versions(
        self,
        dataset_id: str,
        *,
        keep_last: int | None = None,
        older_than: Any = None,
        force: bool = False,
        dry_run: bool = False,
    ) -> PurgeReport:
        """Remove old versions for good, and the bytes that only they used.

        Parameters
        ----------
        keep_last
            Keep so many of the newest versions.
        older_than
            Keep what is younger: a date or time, a ``timedelta``, or a number of days.
        force
            Remove labelled versions too. The current version always stays.
        dry_run
            Only say what would be removed.
        """
        return self._backend.purge_versions(
            self._atlas,
            _checked_id(dataset_id),
            keep_last=keep_last,
            older_than=None if older_than is None else moment(older_than),
            force=force,
            dry_run=dry_run,
            by=current_origin(),
        )

    def purge_dataset(self, dataset_id: str, *, force: bool = False) -> PurgeReport:
        """Remove a deleted dataset for good: versions, files, labels and bytes."""
        return self._backend.purge_dataset(
            self._atlas, _checked_id(dataset_id), force=force, by=current_origin()
        )

    # -- metadata of many

    def edit_metadata(
        self,
        ids_or_where: str | Sequence[str] | Mapping[str, Any],
        set: Mapping[str, Any] | None = None,
        remove: Sequence[str] = (),
        *,
        message: str | None = None,
        dry_run: bool = False,
    ) -> EditReport:
        """Merge keys into the metadata of many datasets: one version each, all or nothing.

        Parameters
        ----------
        ids_or_where
            A list of ids; or filters, as a dict or as text such as ``tissue:lung``; or one id.
        set
            Keys to set.
        remove
            Keys to remove; those that are not there are passed over.
        dry_run
            Only say what would change.
        """
        selection: Sequence[str] | Query
        if isinstance(ids_or_where, str) and ":" not in ids_or_where:
            selection = [ids_or_where]
        elif isinstance(ids_or_where, str | Mapping):
            filters = parse_where(ids_or_where)
            if not filters:
                raise Invalid(
                    "An empty filter would edit every dataset.", "Pass `list(ids)` if you mean it."
                )
            selection = Query(where=filters)
        else:
            selection = [_checked_id(one) for one in ids_or_where]
        return self._backend.edit_metadata(
            self._atlas,
            selection,
            set_=dict(set or {}),
            remove=[remove] if isinstance(remove, str) else list(remove),
            message=message,
            dry_run=dry_run,
            by=current_origin(),
        )

    # -- studies

    def set_parent_study(
        self,
        dataset_id: str,
        study_id: str | None,
        *,
        ingestion_params: Mapping[str, Any] | None = None,
        other_params: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Put a dataset into a study; None takes it out. Makes no version."""
        self._backend.set_study(
            self._atlas,
            _checked_id(dataset_id),
            study_id,
            details=recorded_params("set_parent_study", ingestion_params, other_params, kwargs),
            by=current_origin(),
        )

    def list_studies(self) -> list[str]:
        """Give the studies that have datasets."""
        return self._backend.list_studies(self._atlas)

    def list_datasets_in_study(self, study_id: str) -> list[str]:
        """Give the ids of the datasets of a study."""
        return self._backend.datasets_in_study(self._atlas, study_id)

    # -- supplementary files

    def attach_file(
        self,
        dataset_id: str,
        path: str | os.PathLike[str],
        *,
        tag: str | None = None,
        source_version_id: VersionBase | str | None = None,
        file_name: str | None = None,
        file_format: str | None = None,
        made_from: VersionBase | str | None = None,
        **kwargs: Any,
    ) -> SupplementaryFile:
        """Attach a file to a dataset; one of the same name is replaced, and kept in its history.

        Parameters
        ----------
        path
            The file, or an ``s3://`` URI (then with ``file_name`` and ``file_format``).
        tag
            What kind of file it is, in your words.
        source_version_id
            The version that it was made from; the file is removed when the data change.
        made_from
            The same, but the file stays.
        file_name, file_format
            Default: the name of the file, and its format by that name.
        """
        if source_version_id is not None and made_from is not None:
            raise Invalid(
                "Both source_version_id and made_from are given.",
                "source_version_id removes the file when the data change, made_from does not.",
            )
        backend = self._backend
        source_version = source_version_id if source_version_id is not None else made_from
        with file_source(backend, path, file_name, file_format) as (source, name, found):
            draft = FileDraft(
                _checked_id(dataset_id),
                rules.check_file_name(name),
                found,
                tag=tag,
                source_version=_version_name(source_version),
                auto_remove=source_version_id is not None,
                details={
                    **recorded_params("attach_file", None, None, kwargs),
                    **provenance(source),
                },
            )
            record = backend.put_file(self._atlas, draft, source, by=current_origin())
        return SupplementaryFile(record, self.connection)

    def get_file(self, dataset_id: str, file_name: str) -> SupplementaryFile:
        """Give an attached file by its name."""
        record = self._backend.get_file(self._atlas, _checked_id(dataset_id), file_name)
        return SupplementaryFile(record, self.connection)

    def list_files(self, dataset_id: str) -> list[SupplementaryFile]:
        """Give the attached files by name."""
        found = self._backend.list_files(self._atlas, _checked_id(dataset_id))
        return [SupplementaryFile(record, self.connection) for record in found]

    def delete_file(self, dataset_id: str, file_name: str, *, purge: bool = False) -> None:
        """Remove an attached file; its history keeps it unless ``purge``."""
        self._backend.delete_file(
            self._atlas, _checked_id(dataset_id), file_name, purge=purge, by=current_origin()
        )

    # -- the rest

    def trigger_ingestion(
        self,
        dataset_id: str,
        *,
        ingestion_params: Mapping[str, Any] | None = None,
        other_params: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Write the search index of a dataset again; makes no version."""
        params = recorded_params("trigger_ingestion", ingestion_params, other_params, {})
        change = self._backend.reindex(
            self._atlas, _checked_id(dataset_id), ingestion=params, by=current_origin()
        )
        return change.model_dump(mode="json")

    def clear_token_cache(self) -> None:
        """Do nothing: there are no storage tokens to clear. Kept for old code."""

    def changes(self, after: int = 0, *, dataset_id: str | None = None) -> list[Change]:
        """Give the change log of the atlas after a sequence number, oldest first."""
        return list(self._backend.changes(after=after, atlas=self._atlas, dataset_id=dataset_id))

    def verify(self, dataset_id: str | None = None) -> VerifyReport:
        """Read all bytes back and compare their hashes."""
        return self._backend.verify(self._atlas, dataset_id)

    def gc(self, dry_run: bool = False, *, grace: float | None = None) -> GcReport:
        """Free bytes that nothing refers to, ``grace`` seconds (default a day) after the fact."""
        return self._backend.gc(dry_run=dry_run, grace=grace)


def _checked_id(dataset_id: object) -> str:
    """Give an id to look up: any text; a wrong one is simply not there."""
    if isinstance(dataset_id, VersionBase):
        return dataset_id.dataset_id
    if not isinstance(dataset_id, str):
        raise TypeError(f"dataset_id must be a str, not {type(dataset_id).__name__}")
    return dataset_id


def _version_name(version: VersionBase | str | None) -> str | None:
    if isinstance(version, VersionBase):
        return version.version_id
    if version is not None and not isinstance(version, str):
        raise Invalid(
            f"{version!r:.80} names no version.", "Pass a version id, 'v5', or a label, as text."
        )
    return version


def _with_inputs(draft: VersionDraft, inputs: tuple[str, ...]) -> VersionDraft:
    return replace(draft, session_inputs=tuple(i for i in inputs if i not in draft.parents))
