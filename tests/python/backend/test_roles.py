"""Roles and descriptions come back with the log: after a rebuild, and out of an archive."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from omicshelf.backend.embedded.archive import export_archive, import_archive
from omicshelf.backend.embedded.backend import EmbeddedBackend
from omicshelf.backend.embedded.rebuild import rebuild
from omicshelf.records import Origin
from omicshelf.testing.backend_base import BackendFixtures, Material

BY = Origin(user="ada")
EVE = Origin(user="eve")


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[EmbeddedBackend]:
    """A catalog whose atlases were described, deleted, made again, and given roles."""
    with closing(EmbeddedBackend(tmp_path / "catalog")) as backend:
        backend.create_atlas("lung", description="first", by=BY)
        backend.set_role("lung", "gone", "admin", by=BY)
        backend.delete_atlas("lung", by=BY)
        source = Material(tmp_path / "material").csv()
        BackendFixtures.put(backend, "d1", source, atlas="lung")
        backend.describe_atlas("lung", "second", by=BY)
        backend.set_role("lung", "eve", "viewer", by=BY)
        backend.set_role("lung", "eve", "admin", by=EVE)
        backend.set_role("lung", "bob", "viewer", by=BY)
        backend.remove_role("lung", "bob", by=EVE)
        backend.create_atlas("heart", description="to be taken away", by=BY)
        backend.describe_atlas("heart", None, by=BY)
        backend.create_atlas("gut", by=BY)
        backend.delete_atlas("gut", by=BY)
        backend.set_role(None, "ada", "admin", by=BY)
        backend.set_role(None, "bob", "contributor", by=BY)
        backend.remove_role(None, "bob", by=BY)
        yield backend


def roles(backend: EmbeddedBackend) -> dict[str | None, Any]:
    """Give all that is kept of atlases and roles."""
    found: dict[str | None, Any] = {None: backend.list_roles(None)}
    for atlas in backend.list_atlases():
        found[atlas.name] = (atlas, backend.list_roles(atlas.name))
    return found


def test_rebuild_brings_roles_and_descriptions_back(backend: EmbeddedBackend) -> None:
    before, log = roles(backend), list(backend.changes())
    assert set(before) == {None, "heart", "lung"}
    atlas, held = before["lung"]
    assert atlas.description == "second"
    assert [(r.user, r.role, r.author) for r in held] == [("eve", "admin", "eve")]
    backend.close()
    report = rebuild(backend.root)
    assert (report.ok, report.last_seq) == (True, log[-1].seq)
    assert roles(backend) == before
    assert list(backend.changes()) == log
    # What is written next is numbered after what was there, and found by its own key.
    backend.create_atlas("new", by=BY)
    assert backend.list_roles("new") == []


def test_rebuild_of_what_rebuild_has_made(backend: EmbeddedBackend) -> None:
    backend.close()
    rebuild(backend.root)
    backend.set_role("heart", "eve", "viewer", by=BY)
    backend.delete_atlas("heart", by=BY)
    before = roles(backend)
    backend.close()
    assert rebuild(backend.root).ok
    assert roles(backend) == before


def test_an_archive_takes_the_roles_of_its_atlases_along(
    backend: EmbeddedBackend, tmp_path: Path
) -> None:
    export_archive(backend, tmp_path / "all.zip")
    with closing(EmbeddedBackend(tmp_path / "other")) as other:
        import_archive(other, tmp_path / "all.zip", by=BY, rename={"lung": "lunge"})
        found, wanted = roles(other), roles(backend)
        assert found[None] == []  # who is admin of a server is no matter of its atlases
        assert [a.description for a in other.list_atlases()] == [None, "second"]
        moved = [role.model_copy(update={"atlas": "lunge"}) for role in wanted["lung"][1]]
        assert found["lunge"][1] == moved
        assert found["heart"][1] == []
        other.close()
        assert rebuild(other.root).ok
        assert roles(other) == found


def test_an_archive_and_an_empty_atlas_of_that_name(
    backend: EmbeddedBackend, tmp_path: Path
) -> None:
    """What the lines say last counts, as it does when the log is replayed as one."""
    export_archive(backend, tmp_path / "all.zip", ["lung", "heart"])
    with closing(EmbeddedBackend(tmp_path / "other")) as other:
        for atlas in ("lung", "heart"):
            other.create_atlas(atlas, description="mine", by=BY)
            other.set_role(atlas, "zoe", "admin", by=BY)
            other.set_role(atlas, "eve", "contributor", by=BY)
        import_archive(other, tmp_path / "all.zip", by=BY)
        found = roles(other)
        # The archive tells that its "lung" was deleted once; of "heart" it tells no role.
        assert {r.user: r.role for r in found["lung"][1]} == {"eve": "admin"}
        assert {r.user: r.role for r in found["heart"][1]} == {"eve": "contributor", "zoe": "admin"}
        assert [a.description for a in other.list_atlases()] == [None, "second"]
        other.close()
        assert rebuild(other.root).ok
        assert roles(other) == found


def test_keys_of_atlases_are_not_used_again(backend: EmbeddedBackend) -> None:
    keys = []
    for _round in range(3):
        backend.create_atlas("brief", by=BY)
        with backend.db.reading() as connection:
            keys.append(backend.find_atlas(connection, "brief"))
        backend.delete_atlas("brief", by=BY)
    assert len(set(keys)) == 3


def test_roles_of_a_user(backend: EmbeddedBackend) -> None:
    backend.set_role("heart", "eve", "viewer", by=BY)
    assert backend.roles_of("eve") == {"lung": "admin", "heart": "viewer"}
    assert backend.roles_of("ada") == {None: "admin"}
    assert backend.roles_of("bob") == backend.roles_of("\ud800") == {}
