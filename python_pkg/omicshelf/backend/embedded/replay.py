"""From the change log and the records in the store back to the rows of a catalog.

The log says what happened, in order; the records that ride in the store's objects say what a
version is. Replaying them gives the state of every dataset, for ``rebuild`` and ``import``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["DatasetState", "FileState", "Replay", "RoleState"]

Line = Mapping[str, Any]


@dataclass
class FileState:
    """A row of ``file``."""

    file_id: str
    incarnation: int
    name: str
    file_format: str
    tag: str | None
    blob: str
    derived_from: str | None
    auto_remove: bool
    author: str | None
    created_at: int
    state: str = "current"
    ended_at: int | None = None

    def end(self, state: str, time: int) -> None:
        """Take it out of use."""
        self.state, self.ended_at = state, time


@dataclass
class DatasetState:
    """A dataset with its versions (uuid to number and incarnation), files and labels."""

    atlas: str
    dataset_id: str
    created_at: int
    modified_at: int
    incarnation: int = 1
    next_seq: int = 1
    deleted: bool = False
    study_id: str | None = None
    current: str | None = None
    change_seq: int = 0
    versions: dict[str, tuple[int, int]] = field(default_factory=dict)
    files: list[FileState] = field(default_factory=list)
    labels: dict[str, tuple[str, str | None, int]] = field(default_factory=dict)

    def current_files(self, name: str | None = None) -> list[FileState]:
        """Give the files in use, all or of one name."""
        return [f for f in self.files if f.state == "current" and name in (None, f.name)]


@dataclass
class RoleState:
    """A row of ``role``."""

    role: str
    author: str | None
    created_at: int


class Replay:
    """Replays change-log lines over version records.

    Parameters
    ----------
    records
        Version records by uuid, as :meth:`NewVersion.record` made them.

    Attributes
    ----------
    atlases
        Time of creation by name.
    descriptions
        What the lines say of atlases, by name; None where they take a description away.
    roles
        What the lines say of roles, by atlas ("" for the whole server) and user; None where
        they take a role away.
    deleted_atlases
        The atlases that were deleted, among them those that were made anew since.
    datasets
        The state by atlas and id.
    lines
        The lines that were replayed, in order.
    missing
        Versions that the log knows and no object carries, and that were not purged.
    """

    def __init__(self, records: Mapping[str, Mapping[str, Any]]) -> None:
        self._records = records
        self.atlases: dict[str, int] = {}
        self.descriptions: dict[str, str | None] = {}
        self.roles: dict[tuple[str, str], RoleState | None] = {}
        self.deleted_atlases: set[str] = set()
        self.datasets: dict[tuple[str, str], DatasetState] = {}
        self.lines: list[Line] = []
        self._known: set[str] = set()
        self._actions: dict[str, Callable[[DatasetState, Line], None]] = {
            "create": self._version,
            "update": self._version,
            "rollback": self._version,
            "copy": self._version,
            "set study": self._set_study,
            "attach file": self._attach,
            "delete file": self._delete_file,
            "purge file": self._purge_file,
            "remove outdated files": self._outdated,
            "label": self._label,
            "remove label": self._remove_label,
            "delete": self._delete,
            "undelete": self._undelete,
            "purge versions": self._purge,
            "purge dataset": self._purge_dataset,
        }
        self._atlas_actions: dict[str, Callable[[Line], None]] = {
            "create atlas": self._describe,
            "describe atlas": self._describe,
            "delete atlas": self._delete_atlas,
            "set role": self._set_role,
            "remove role": self._remove_role,
        }

    def run(self, lines: Iterable[Line], lost: Mapping[int, Line] | None = None) -> Replay:
        """Replay lines in the order of their sequence numbers, each number once.

        ``lost`` are the records of versions whose lines are lost, by the numbers of these.
        """
        by_seq = {int(line["seq"]): line for line in lines}
        lost = lost or {}
        for seq in sorted(by_seq.keys() | lost.keys()):
            if seq in by_seq:
                self._apply(by_seq[seq])
            else:
                self.adopt(lost[seq], seq)
        return self

    @property
    def last_seq(self) -> int:
        """The last sequence number that was replayed."""
        return int(self.lines[-1]["seq"]) if self.lines else 0

    @property
    def missing(self) -> list[str]:
        """Versions that the log knows, but whose record is not there."""
        return [
            f"{state.atlas}/{state.dataset_id} v{seq} ({uuid})"
            for state in self.datasets.values()
            for uuid, (seq, _incarnation) in state.versions.items()
            if uuid not in self._records
        ]

    def drop_missing(self) -> None:
        """Leave out the versions whose record is not there; the newest that is left is current."""
        for state in self.datasets.values():
            gone = [uuid for uuid in state.versions if uuid not in self._records]
            self._remove(state, set(gone))

    def adopt(self, record: Mapping[str, Any], seq: int) -> Line:
        """Take in a version that the log does not know, as if its line had been lost."""
        key = (record["atlas"], record["dataset_id"])
        state = self.datasets.get(key)
        incarnation = 1
        if state is not None:
            incarnation = state.incarnation + 1 if state.deleted else state.incarnation
        line = {
            "seq": seq,
            "time": record["created_at"],
            "user": record["origin"].get("user"),
            "action": "update" if state is not None and not state.deleted else "create",
            "atlas": record["atlas"],
            "dataset_id": record["dataset_id"],
            "version_id": record["version_id"],
            "message": record["message"],
            "origin": record["origin"],
            "details": {
                "seq": 1 if state is None else state.next_seq,
                "incarnation": incarnation,
                "recovered": True,
            },
        }
        self._apply(line)
        return line

    def knows(self, version_id: str) -> bool:
        """Whether the log has a line for this version."""
        return version_id in self._known

    def _apply(self, line: Line) -> None:
        self.lines.append(line)
        atlas, time = line["atlas"], line["time"]
        if atlas:  # else it is about the whole server
            self.atlases.setdefault(atlas, time)
        if line.get("dataset_id") is None:
            about_atlas = self._atlas_actions.get(line["action"])
            if about_atlas is not None:  # others, such as "import", change no row
                about_atlas(line)
            return
        key = (atlas, line["dataset_id"])
        if key not in self.datasets:
            self.datasets[key] = DatasetState(atlas, line["dataset_id"], time, time)
        state = self.datasets[key]
        action = self._actions.get(line["action"])
        if action is not None:  # others, such as "reindex", change no row
            action(state, line)
        state.change_seq = int(line["seq"])

    # -- what each action does

    def _describe(self, line: Line) -> None:
        if "description" in line["details"]:
            self.descriptions[line["atlas"]] = line["details"]["description"]

    def _delete_atlas(self, line: Line) -> None:
        atlas = line["atlas"]
        del self.atlases[atlas]
        self.deleted_atlases.add(atlas)
        self.descriptions.pop(atlas, None)
        self.roles = {key: role for key, role in self.roles.items() if key[0] != atlas}
        self.datasets = {key: state for key, state in self.datasets.items() if key[0] != atlas}

    def _set_role(self, line: Line) -> None:
        key = (line["atlas"], line["details"]["user"])
        self.roles[key] = RoleState(line["details"]["role"], line["user"], line["time"])

    def _remove_role(self, line: Line) -> None:
        self.roles[line["atlas"], line["details"]["user"]] = None

    def _version(self, state: DatasetState, line: Line) -> None:
        details, uuid = line["details"], line["version_id"]
        incarnation = int(details["incarnation"])
        if state.deleted or incarnation != state.incarnation:
            state.created_at = line["time"]
            state.study_id = None
        state.incarnation, state.deleted = incarnation, False
        state.versions[uuid] = (int(details["seq"]), incarnation)
        state.next_seq = int(details["seq"]) + 1
        state.current = uuid
        state.modified_at = max(state.modified_at, line["time"])
        self._known.add(uuid)

    def _set_study(self, state: DatasetState, line: Line) -> None:
        state.study_id = line["details"]["study_id"]

    def _attach(self, state: DatasetState, line: Line) -> None:
        d = line["details"]
        for old in state.current_files(d["name"]):
            old.end("replaced", line["time"])
        state.files.append(
            FileState(
                d["file_id"],
                int(d["incarnation"]),
                d["name"],
                d["file_format"],
                d["tag"],
                d["blob_id"],
                d["derived_from"],
                bool(d["auto_remove"]),
                d.get("author", line["user"]),
                line["time"],
            )
        )

    def _delete_file(self, state: DatasetState, line: Line) -> None:
        for old in state.current_files(line["details"]["name"]):
            old.end("removed", line["time"])

    def _purge_file(self, state: DatasetState, line: Line) -> None:
        state.files = [f for f in state.files if f.name != line["details"]["name"]]

    def _outdated(self, state: DatasetState, line: Line) -> None:
        for name in line["details"]["names"]:
            for old in state.current_files(name):
                old.end("data changed", line["time"])

    def _label(self, state: DatasetState, line: Line) -> None:
        state.labels[line["details"]["name"]] = (line["version_id"], line["user"], line["time"])

    def _remove_label(self, state: DatasetState, line: Line) -> None:
        state.labels.pop(line["details"]["name"], None)

    def _delete(self, state: DatasetState, line: Line) -> None:
        state.deleted = True
        state.modified_at = max(state.modified_at, line["time"])
        for file in state.current_files():
            file.end("dataset deleted", line["time"])

    def _undelete(self, state: DatasetState, line: Line) -> None:
        state.deleted = False
        state.modified_at = max(state.modified_at, line["time"])
        for file in state.files:
            if file.state == "dataset deleted" and file.incarnation == state.incarnation:
                file.state, file.ended_at = "current", None

    def _purge(self, state: DatasetState, line: Line) -> None:
        self._remove(state, set(line["details"]["versions"]))

    def _remove(self, state: DatasetState, gone: set[str]) -> None:
        state.versions = {u: v for u, v in state.versions.items() if u not in gone}
        state.labels = {n: row for n, row in state.labels.items() if row[0] not in gone}
        if state.current in gone:
            left = [u for u, (_s, i) in state.versions.items() if i == state.incarnation]
            state.current = left[-1] if left else None
            state.deleted = state.deleted or state.current is None

    def _purge_dataset(self, state: DatasetState, line: Line) -> None:
        self._purge(state, line)
        state.files, state.labels = [], {}
        state.study_id, state.deleted, state.current = None, True, None
