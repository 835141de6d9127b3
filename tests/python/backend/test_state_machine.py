"""A catalog does what a dictionary would do, whatever is asked of it in whatever order."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from omicshelf.backend.base import CopyDraft, FileDraft, Query, VersionDraft
from omicshelf.backend.embedded.backend import EmbeddedBackend
from omicshelf.backend.source import FileSource
from omicshelf.errors import AlreadyExists, Conflict, Invalid, NotFound, RequestException
from omicshelf.records import Origin

BY = Origin(user="ada")
ATLASES = ("a", "b")
IDS = ("d1", "d2", "d3")
NAMES = ("x.pdf", "y.pdf")
LABELS = ("good", "bad")
STUDIES = ("S1", "S2", None)

# One large text in several variants: versions share most of its chunks.
BASE = b"".join(b"%d:%d\n" % (i, i * i * 7919 % 1_000_003) for i in range(40_000))
DATA = {
    "short": b"one",
    "other": b"another",
    "empty": b"",
    "base": BASE,
    "edited": BASE[:200_000] + b"edited" + BASE[200_000:],
    "half": BASE[: len(BASE) // 3],
    "longer": BASE + BASE[:1000][::-1],
}

places = st.tuples(st.sampled_from(ATLASES), st.sampled_from(IDS))
contents = st.sampled_from(sorted(DATA))
metadatas = st.dictionaries(
    st.sampled_from(["tissue", "n", "ä"]),
    st.none() | st.integers(-5, 5) | st.sampled_from(["lung", "Lunge ü", ""]),
    max_size=3,
)


@dataclass(frozen=True)
class Version:
    """What the model knows of a version."""

    uuid: str
    seq: int
    incarnation: int
    content: str
    metadata: dict[str, Any]
    data_type: str


@dataclass(frozen=True)
class Attached:
    """What the model knows of a state of a file."""

    content: str
    state: str
    incarnation: int
    source: str | None
    follows: bool


@dataclass
class Dataset:
    """What the model knows of a dataset id."""

    versions: list[Version] = field(default_factory=list)
    current: str | None = None
    incarnation: int = 0
    next_seq: int = 1
    deleted: bool = True
    study: str | None = None
    labels: dict[str, str] = field(default_factory=dict)
    files: dict[str, list[Attached]] = field(default_factory=dict)  # newest first

    @property
    def newest(self) -> Version:
        return next(v for v in self.versions if v.uuid == self.current)

    def end_files(self, state: str, name: str | None = None, *, following: bool = False) -> None:
        for key, history in self.files.items():
            if not history or history[0].state != "current" or name not in (None, key):
                continue
            if history[0].follows or not following:
                history[0] = replace(history[0], state=state)

    def current_files(self) -> dict[str, Attached]:
        return {n: h[0] for n, h in self.files.items() if h and h[0].state == "current"}


class CatalogMachine(RuleBasedStateMachine):
    """Two backends on one folder, and the dictionary that they are compared with."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="omicshelf-machine-"))
        self.sources = self.folder / "sources"
        self.sources.mkdir()
        for name, data in DATA.items():
            (self.sources / f"{name}.txt").write_bytes(data)
        self.open = [self.connect() for _ in range(2)]
        self.backend = self.open[0]
        self.model: dict[tuple[str, str], Dataset] = {}
        self.last_change = 0

    def connect(self) -> EmbeddedBackend:
        """Open the catalog once more."""
        return EmbeddedBackend(self.folder / "catalog")

    def teardown(self) -> None:
        try:
            self.check_everything()
        finally:
            for backend in self.open:
                backend.close()
            shutil.rmtree(self.folder)

    # -- the two sides

    def state(self, place: tuple[str, str]) -> Dataset:
        return self.model.get(place, Dataset())

    def source(self, content: str) -> FileSource:
        return FileSource(self.sources / f"{content}.txt", "txt")

    def wrote(self, place: tuple[str, str], record: Any, content: str, data_type: str) -> None:
        """Note a new version that the backend has written."""
        dataset = self.model.setdefault(place, Dataset())
        if dataset.deleted:
            dataset.incarnation += 1
            dataset.deleted, dataset.study, dataset.current = False, None, None
        before = None if dataset.current is None else dataset.newest.content
        v = record.version
        assert (v.seq, v.incarnation) == (dataset.next_seq, dataset.incarnation)
        made = Version(v.version_id, v.seq, v.incarnation, content, v.metadata, data_type)
        assert (v.data_type, v.size) == (data_type, len(DATA[content]))
        dataset.versions.append(made)
        dataset.current, dataset.next_seq = made.uuid, made.seq + 1
        if before not in (None, content):
            dataset.end_files("data changed", following=True)

    # -- versions

    @rule(place=places, content=contents, metadata=metadatas, study=st.sampled_from(STUDIES))
    def create(self, place: Any, content: str, metadata: Any, study: str | None) -> None:
        draft = VersionDraft(place[1], "create", data_type="T", metadata=metadata, study_id=study)
        if not self.state(place).deleted:
            with pytest.raises(AlreadyExists):
                self.backend.put_version(place[0], draft, self.source(content), by=BY)
            return
        made = self.backend.put_version(place[0], draft, self.source(content), by=BY)
        self.wrote(place, made, content, "T")
        assert made.version.metadata == metadata
        if study is not None:
            self.model[place].study = study

    @rule(
        place=places, content=st.none() | contents, metadata=st.none() | metadatas,
        data_type=st.sampled_from([None, "T", "U"]), stale=st.booleans(),
    )  # fmt: skip
    def update(
        self, place: Any, content: str | None, metadata: Any, data_type: str | None, stale: bool
    ) -> None:
        dataset = self.state(place)
        live = [v for v in dataset.versions if v.incarnation == dataset.incarnation]
        expected = live[0].uuid if stale and live and not dataset.deleted else None
        draft = VersionDraft(
            place[1], "update", data_type=data_type, metadata=metadata, expected_version=expected
        )
        source = None if content is None else self.source(content)
        if dataset.deleted:
            with pytest.raises(NotFound):
                self.backend.put_version(place[0], draft, source, by=BY)
            return
        old = dataset.newest
        if expected not in (None, old.uuid):
            with pytest.raises(Conflict):
                self.backend.put_version(place[0], draft, source, by=BY)
            return
        made = self.backend.put_version(place[0], draft, source, by=BY)
        self.wrote(place, made, content or old.content, data_type or old.data_type)
        assert made.version.metadata == (old.metadata if metadata is None else metadata)

    @rule(place=places, content=contents)
    def save(self, place: Any, content: str) -> None:
        dataset = self.state(place)
        draft = VersionDraft(place[1], "save")
        made = self.backend.put_version(place[0], draft, self.source(content), by=BY)
        if not dataset.deleted and dataset.newest.content == content:
            assert made.unchanged
            assert made.version.version_id == dataset.current
            return
        assert not made.unchanged
        self.wrote(place, made, content, "File" if dataset.deleted else dataset.newest.data_type)

    @rule(place=places, which=st.integers(0, 5), how=st.sampled_from(["uuid", "v", "prefix"]))
    def rollback(self, place: Any, which: int, how: str) -> None:
        versions = self.state(place).versions
        if not versions:
            with pytest.raises(NotFound):
                self.backend.rollback(*place, "v1", by=BY)
            return
        old = versions[which % len(versions)]
        name = {"uuid": old.uuid, "v": f"v{old.seq}", "prefix": old.uuid[:13]}[how]
        made = self.backend.rollback(*place, name, by=BY)
        self.wrote(place, made, old.content, old.data_type)
        assert made.version.metadata == old.metadata

    @rule(place=places, again=st.booleans())
    def delete(self, place: Any, again: bool) -> None:
        dataset = self.state(place)
        if dataset.deleted:
            with pytest.raises(NotFound):
                self.backend.delete_dataset(*place, by=BY)
            return
        self.backend.delete_dataset(*place, by=BY)
        dataset.deleted = True
        dataset.end_files("dataset deleted")
        if again:
            self.undelete(place)

    @rule(place=places)
    def undelete(self, place: Any) -> None:
        dataset = self.state(place)
        if not dataset.deleted or dataset.current is None:
            with pytest.raises((Conflict, NotFound)):
                self.backend.undelete_dataset(*place, by=BY)
            return
        self.backend.undelete_dataset(*place, by=BY)
        dataset.deleted = False
        for history in dataset.files.values():
            last = history[0] if history else None
            if last and last.state == "dataset deleted" and last.incarnation == dataset.incarnation:
                history[0] = replace(last, state="current")

    # -- what belongs to a dataset

    @rule(place=places, study=st.sampled_from(STUDIES))
    def study(self, place: Any, study: str | None) -> None:
        dataset = self.state(place)
        if dataset.deleted:
            with pytest.raises(NotFound):
                self.backend.set_study(*place, study, by=BY)
            return
        self.backend.set_study(*place, study, by=BY)
        dataset.study = study

    @rule(place=places, which=st.integers(0, 5), name=st.sampled_from(LABELS), off=st.booleans())
    def label(self, place: Any, which: int, name: str, off: bool) -> None:
        dataset = self.state(place)
        if dataset.deleted:
            with pytest.raises(NotFound):
                self.backend.set_label(*place, "v1", name, by=BY)
            return
        version = dataset.versions[which % len(dataset.versions)]
        if off and name in dataset.labels:
            self.backend.remove_label(*place, name, by=BY)
            del dataset.labels[name]
        elif dataset.labels.get(name, version.uuid) != version.uuid:
            with pytest.raises(AlreadyExists):
                self.backend.set_label(*place, version.uuid, name, by=BY)
        else:
            self.backend.set_label(*place, version.uuid, name, by=BY)
            dataset.labels[name] = version.uuid

    @rule(
        place=places, name=st.sampled_from(NAMES), content=contents, which=st.integers(0, 5),
        how=st.sampled_from(["plain", "made from", "follows"]),
    )  # fmt: skip
    def attach(self, place: Any, name: str, content: str, which: int, how: str) -> None:
        dataset = self.state(place)
        version = None
        if how != "plain" and not dataset.deleted:
            version = dataset.versions[which % len(dataset.versions)]
        draft = FileDraft(
            place[1], name, "pdf", source_version=version and version.uuid,
            auto_remove=how == "follows" and version is not None,
        )  # fmt: skip
        source = FileSource(self.sources / f"{content}.txt", "pdf", inspect=False)
        if dataset.deleted:
            with pytest.raises(NotFound):
                self.backend.put_file(place[0], draft, source, by=BY)
            return
        if draft.auto_remove and version and version.content != dataset.newest.content:
            with pytest.raises(Conflict):
                self.backend.put_file(place[0], draft, source, by=BY)
            return
        self.backend.put_file(place[0], draft, source, by=BY)
        dataset.end_files("replaced", name)
        made = Attached(
            content, "current", dataset.incarnation, version and version.uuid, draft.auto_remove
        )
        dataset.files.setdefault(name, []).insert(0, made)

    @rule(place=places, name=st.sampled_from(NAMES), purge=st.booleans())
    def delete_file(self, place: Any, name: str, purge: bool) -> None:
        dataset = self.state(place)
        history = dataset.files.get(name, [])
        there = bool(history) if purge else name in dataset.current_files()
        if dataset.deleted or not there:
            with pytest.raises(NotFound):
                self.backend.delete_file(*place, name, purge=purge, by=BY)
            return
        self.backend.delete_file(*place, name, purge=purge, by=BY)
        if purge:
            del dataset.files[name]
        else:
            dataset.end_files("removed", name)

    # -- many datasets

    @rule(source=places, dest=places, overwrite=st.booleans(), history=st.booleans())
    def copy(self, source: Any, dest: Any, overwrite: bool, history: bool) -> None:
        draft = CopyDraft(*source, *dest, overwrite=overwrite, with_history=history)
        there = self.state(source)
        refusal: type[RequestException] | None = None
        if source == dest:
            refusal = Invalid
        elif there.deleted:
            refusal = NotFound
        elif not overwrite and not self.state(dest).deleted:
            refusal = AlreadyExists
        if refusal is not None:
            with pytest.raises(refusal):
                self.backend.copy_dataset(draft, by=BY)
            return
        made = self.backend.copy_dataset(draft, by=BY)
        copied = [v for v in there.versions if v.incarnation == there.incarnation]
        copied = copied if history else [there.newest]
        found = self.backend.list_versions(*dest)[: len(copied)]
        for old, version in zip(copied, reversed(found), strict=True):
            self.wrote(dest, replace_version(made, version), old.content, old.data_type)
            assert version.metadata == old.metadata
        target = self.model[dest]
        target.study = there.study
        for name, file in there.current_files().items():
            target.end_files("replaced", name)
            made_from = None if file.source is None else made.version.version_id
            new = Attached(file.content, "current", target.incarnation, made_from, file.follows)
            target.files.setdefault(name, []).insert(0, new)

    @rule(
        atlas=st.sampled_from(ATLASES), ids=st.sets(st.sampled_from(IDS)), value=st.integers(0, 2)
    )
    def edit(self, atlas: str, ids: set[str], value: int) -> None:
        chosen = sorted(ids)
        edit = {"n": value}
        if any(self.state((atlas, i)).deleted for i in chosen):
            with pytest.raises(NotFound):
                self.backend.edit_metadata(atlas, chosen, set_=edit, remove=["ä"], by=BY)
            return
        report = self.backend.edit_metadata(atlas, chosen, set_=edit, remove=["ä"], by=BY)
        for dataset_id in chosen:
            old = self.model[atlas, dataset_id].newest
            merged = {k: v for k, v in old.metadata.items() if k != "ä"} | edit
            assert (dataset_id in report.changed) == (merged != old.metadata)
            if merged != old.metadata:
                made = self.backend.get_dataset(atlas, dataset_id)
                assert made.version.metadata == merged
                self.wrote((atlas, dataset_id), made, old.content, old.data_type)

    # -- keeping house

    @rule(place=places, keep=st.integers(1, 3), force=st.booleans())
    def purge_versions(self, place: Any, keep: int, force: bool) -> None:
        dataset = self.state(place)
        if place not in self.model:
            with pytest.raises(NotFound):
                self.backend.purge_versions(*place, keep_last=keep, by=BY)
            return
        self.backend.purge_versions(*place, keep_last=keep, force=force, by=BY)
        kept = set(dataset.labels.values()) if not force else set()
        last = {v.uuid for v in dataset.versions[-keep:]}
        dataset.versions = [
            v for v in dataset.versions if v.uuid in kept | last | {dataset.current}
        ]
        left = {v.uuid for v in dataset.versions}
        dataset.labels = {n: v for n, v in dataset.labels.items() if v in left}

    @rule(place=places, force=st.booleans())
    def purge_dataset(self, place: Any, force: bool) -> None:
        dataset = self.state(place)
        if place not in self.model or not dataset.deleted or (dataset.labels and not force):
            with pytest.raises((Conflict, NotFound)):
                self.backend.purge_dataset(*place, force=force, by=BY)
            return
        self.backend.purge_dataset(*place, force=force, by=BY)
        dataset.versions, dataset.current, dataset.study = [], None, None
        dataset.labels, dataset.files = {}, {}

    @rule()
    def gc(self) -> None:
        self.backend.gc(grace=0)

    @rule()
    def reopen(self) -> None:
        index = self.open.index(self.backend)
        self.backend.close()
        self.backend = self.open[index] = self.connect()

    @rule()
    def another_process(self) -> None:
        self.backend = self.open[1 - self.open.index(self.backend)]

    # -- comparison

    @invariant()
    def the_log_only_grows(self) -> None:
        seqs = [change.seq for change in self.backend.changes(after=self.last_change)]
        assert seqs == list(range(self.last_change + 1, self.last_change + 1 + len(seqs)))
        self.last_change += len(seqs)

    @invariant()
    def the_same_datasets_are_live(self) -> None:
        for atlas in ATLASES:
            live = sorted(i for (a, i), d in self.model.items() if a == atlas and not d.deleted)
            page = self.backend.find(atlas, Query(order_by="dataset_id"))
            assert [d.dataset_id for d in page.datasets] == live
            studies = {self.model[atlas, i].study for i in live} - {None}
            assert set(self.backend.list_studies(atlas)) == studies

    @precondition(lambda self: self.model)
    @rule(place=places)
    def check_one(self, place: Any) -> None:
        if place in self.model:
            self.check(place)

    def check_everything(self) -> None:
        for place in self.model:
            self.check(place)
        report = self.backend.verify()
        assert report.ok, report.problems
        self.backend.gc(grace=0)
        assert self.backend.gc(grace=0).dead_objects == 0

    def check(self, place: tuple[str, str]) -> None:
        dataset, backend = self.model[place], self.backend
        found = backend.list_versions(*place, include_deleted=True)
        assert [v.version_id for v in found] == [v.uuid for v in reversed(dataset.versions)]
        for version, record in zip(reversed(dataset.versions), found, strict=True):
            assert (record.seq, record.incarnation) == (version.seq, version.incarnation)
            assert (record.metadata, record.data_type) == (version.metadata, version.data_type)
            outdated = dataset.deleted or version.incarnation != dataset.incarnation
            assert record.deleted == outdated
            with backend.open_blob(record.blob) as stream:
                assert stream.read() == DATA[version.content]
            assert set(record.labels) == {n for n, v in dataset.labels.items() if v == version.uuid}
        for name in NAMES:
            history = backend.file_history(*place, name)
            expected = dataset.files.get(name, [])
            assert [(f.state, f.derived_from, f.auto_remove) for f in history] == [
                (f.state, f.source, f.follows) for f in expected
            ]
            for file, record in zip(expected, history, strict=True):
                with backend.local_file(record.blob, ".pdf") as path:
                    assert path.read_bytes() == DATA[file.content]
        if dataset.deleted:
            assert not backend.has_dataset(*place)
            return
        live = backend.get_dataset(*place)
        assert (live.version.version_id, live.study_id) == (dataset.current, dataset.study)
        assert live.incarnation == dataset.incarnation
        names = [f.file_name for f in backend.list_files(*place)]
        assert names == sorted(dataset.current_files())


def replace_version(record: Any, version: Any) -> Any:
    """Give a dataset's record with another of its versions."""
    return record.model_copy(update={"version": version})


def profile(share: int = 1) -> settings:
    """Say how long to try: about a minute, or much longer by HYPOTHESIS_PROFILE=long.

    Where a step costs more, a ``share`` of 4 is a fourth of the examples.
    """
    long = os.environ.get("HYPOTHESIS_PROFILE") == "long"
    return settings(
        max_examples=(600 if long else 40) // share,
        stateful_step_count=60 if long else 30,
        deadline=None,
        derandomize=not long,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )


def test_a_catalog_is_like_a_dictionary() -> None:
    run_state_machine_as_test(CatalogMachine, settings=profile())
