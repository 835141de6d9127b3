"""The contract of atlases and roles, and of what is told of bytes without reading them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from blake3 import blake3

from omicshelf.backend.base import Backend, Query
from omicshelf.errors import Conflict, Invalid, NotFound
from omicshelf.testing.backend_base import ATLAS, BY, BackendFixtures, Material
from omicshelf.testing.backend_bytes import random_bytes

__all__ = ["RolesContract"]


class RolesContract(BackendFixtures):
    """Atlases are described and deleted; roles are given and taken, each with its line."""

    def last_lines(self, backend: Backend, after: int) -> list[tuple[str, str, dict[str, Any]]]:
        """Give the atlas, action and details of the changes after a number."""
        return [(c.atlas, c.action, c.details) for c in backend.changes(after=after)]

    # -- atlases

    def test_one_atlas(self, backend: Backend, material: Material) -> None:
        made = backend.create_atlas("lung", description="Biopsies, 2019 on", by=BY)
        assert (made.name, made.description, made.n_datasets) == ("lung", "Biopsies, 2019 on", 0)
        assert backend.get_atlas("lung") == made
        self.put(backend, "d1", material.text("12345"), atlas="lung")
        self.put(backend, "d1", material.text("other"))
        one = backend.get_atlas("lung")
        assert (one.n_datasets, one.n_versions, one.size) == (1, 1, 5)
        assert one in backend.list_atlases()
        with self.refused(backend, NotFound, "lnug", "'lung'"):
            backend.get_atlas("lnug")

    def test_describe(self, backend: Backend) -> None:
        backend.create_atlas("lung", by=BY)
        last = backend.last_change()
        told = backend.describe_atlas("lung", "Biopsies\nof the clinic", by=BY)
        assert told == backend.get_atlas("lung")
        assert told.description == "Biopsies\nof the clinic"
        assert self.last_lines(backend, last) == [
            ("lung", "describe atlas", {"description": "Biopsies\nof the clinic"})
        ]
        with self.unchanged(backend):
            backend.describe_atlas("lung", "Biopsies\nof the clinic", by=BY)
        with self.refused(backend, Invalid, "NUL"):
            backend.describe_atlas("lung", "a\x00b", by=BY)
        with self.refused(backend, Invalid, "10,000"):
            backend.describe_atlas("lung", "a" * 10_001, by=BY)
        with self.refused(backend, NotFound, "'heart'"):
            backend.describe_atlas("heart", "", by=BY)
        assert backend.describe_atlas("lung", None, by=BY).description is None
        assert backend.get_atlas("lung").description is None

    def test_only_an_empty_atlas_is_deleted(self, backend: Backend, material: Material) -> None:
        self.put(backend, "d1", material.text("x"), metadata={"tissue": "lung"})
        self.attach(backend, "d1", material.attachment())
        with self.refused(backend, Conflict, "not empty", "'d1'", "delete_dataset"):
            backend.delete_atlas(ATLAS, by=BY)
        facets = Query(facets=("tissue",))
        assert backend.find(ATLAS, facets).facets == {"tissue": {"lung": 1}}
        backend.delete_dataset(ATLAS, "d1", by=BY)
        with self.refused(backend, Conflict, "brought back", "purge_dataset"):
            backend.delete_atlas(ATLAS, by=BY)
        backend.purge_dataset(ATLAS, "d1", by=BY)
        backend.set_role(ATLAS, "eve", "viewer", by=BY)
        backend.delete_atlas(ATLAS, by=BY)
        assert backend.list_atlases() == []
        assert [c.action for c in backend.changes(atlas=ATLAS)][-1] == "delete atlas"
        for again in (backend.get_atlas, backend.list_roles):
            with self.refused(backend, NotFound, f"'{ATLAS}'"):
                again(ATLAS)
        with self.refused(backend, NotFound, f"'{ATLAS}'"):
            backend.delete_atlas(ATLAS, by=BY)

    def test_an_atlas_of_the_same_name_is_another(
        self, backend: Backend, material: Material
    ) -> None:
        backend.create_atlas("kept", by=BY)
        self.put(backend, "d1", material.text("x"), metadata={"tissue": "lung"})
        self.put(backend, "d1", material.text("x"), atlas="kept")
        facets = Query(facets=("tissue",))
        assert backend.find(ATLAS, facets).facets == {"tissue": {"lung": 1}}
        backend.describe_atlas(ATLAS, "the old one", by=BY)
        backend.set_role(ATLAS, "eve", "admin", by=BY)
        backend.delete_dataset(ATLAS, "d1", by=BY)
        backend.purge_dataset(ATLAS, "d1", by=BY)
        backend.delete_atlas(ATLAS, by=BY)
        for name in (ATLAS, "next"):
            made = self.put(
                backend, "d2", material.text("y"), atlas=name, metadata={"tissue": "gut"}
            )
            assert made.version.seq == 1
            assert backend.find(name, facets).facets == {"tissue": {"gut": 1}}
            assert backend.list_roles(name) == []
            assert backend.get_atlas(name).description is None

    # -- roles

    @pytest.mark.parametrize("atlas", ["lung", None])
    def test_roles(self, backend: Backend, atlas: str | None) -> None:
        backend.create_atlas("lung", by=BY)
        assert backend.list_roles(atlas) == []
        given = backend.set_role(atlas, "zoë", "viewer", by=BY)
        assert (given.atlas, given.user, given.role) == (atlas, "zoë", "viewer")
        assert given.author == BY.user
        last = backend.last_change()
        first = backend.set_role(atlas, "ada", "admin", by=BY)
        changed = backend.set_role(atlas, "zoë", "contributor", by=BY)
        assert backend.list_roles(atlas) == [first, changed]
        with self.unchanged(backend):
            assert backend.set_role(atlas, "zoë", "contributor", by=BY) == changed
        backend.remove_role(atlas, "zoë", by=BY)
        assert backend.list_roles(atlas) == [first]
        assert self.last_lines(backend, last) == [
            (atlas or "", "set role", {"user": "ada", "role": "admin", "was": None}),
            (atlas or "", "set role", {"user": "zoë", "role": "contributor", "was": "viewer"}),
            (atlas or "", "remove role", {"user": "zoë", "was": "contributor"}),
        ]

    def test_a_role_holds_where_it_was_given(self, backend: Backend) -> None:
        for atlas in ("a", "b"):
            backend.create_atlas(atlas, by=BY)
        backend.set_role("a", "eve", "viewer", by=BY)
        backend.set_role("b", "eve", "contributor", by=BY)
        backend.set_role(None, "eve", "admin", by=BY)
        backend.set_role("a", "eve", "admin", by=BY)
        roles = {atlas: backend.list_roles(atlas)[0].role for atlas in ("a", "b", None)}
        assert roles == {"a": "admin", "b": "contributor", None: "admin"}
        backend.remove_role("a", "eve", by=BY)
        assert [len(backend.list_roles(atlas)) for atlas in ("a", "b", None)] == [0, 1, 1]

    def test_roles_that_are_refused(self, backend: Backend) -> None:
        backend.create_atlas("lung", by=BY)
        backend.set_role("lung", "adam", "viewer", by=BY)
        role: Any
        for role in ("owner", "Admin", "", None):
            with self.refused(backend, Invalid, f"'{role}'", "viewer, contributor, admin"):
                backend.set_role("lung", "eve", role, by=BY)
        for user in ("", "a\nb", " eve", "x" * 256):
            with self.refused(backend, Invalid, "user"):
                backend.set_role("lung", user, "viewer", by=BY)
        with self.refused(backend, NotFound, "'heart'"):
            backend.set_role("heart", "eve", "viewer", by=BY)
        with self.refused(backend, NotFound, "'adan'", "lung", "Did you mean 'adam'"):
            backend.remove_role("lung", "adan", by=BY)
        with self.refused(backend, NotFound, "'adam'", "server"):
            backend.remove_role(None, "adam", by=BY)

    def test_the_last_admin_of_the_server_stays(self, backend: Backend) -> None:
        backend.set_role(None, "ada", "admin", by=BY)
        with self.refused(backend, Conflict, "'ada'", "last admin", "omicshelf role set"):
            backend.set_role(None, "ada", "viewer", by=BY)
        backend.remove_role(None, "ada", by=BY)  # roles are in use no more
        backend.set_role(None, "ada", "admin", by=BY)
        backend.set_role(None, "eve", "contributor", by=BY)
        with self.refused(backend, Conflict, "'ada'", "last admin", "omicshelf role set"):
            backend.remove_role(None, "ada", by=BY)
        backend.set_role(None, "eve", "admin", by=BY)
        backend.set_role(None, "ada", "viewer", by=BY)
        backend.remove_role(None, "ada", by=BY)
        assert [role.user for role in backend.list_roles(None)] == ["eve"]

    def test_the_last_admin_of_an_atlas_may_go(self, backend: Backend) -> None:
        backend.create_atlas("lung", by=BY)
        backend.set_role("lung", "ada", "admin", by=BY)
        backend.set_role("lung", "eve", "viewer", by=BY)
        backend.remove_role("lung", "ada", by=BY)
        assert [role.user for role in backend.list_roles("lung")] == ["eve"]

    # -- the log, and bytes

    def test_the_last_change(self, backend: Backend) -> None:
        assert backend.last_change() == 0
        backend.create_atlas("a", by=BY)
        backend.create_atlas("b", by=BY)
        assert backend.last_change() == [change.seq for change in backend.changes()][-1]

    def test_facts_and_chunks_of_bytes(self, backend: Backend, material: Material) -> None:
        data = bytearray(random_bytes(800_000))
        first = self.put(backend, "d1", material.text(bytes(data))).version
        data[400_000:400_004] = b"gene"
        second = self.put(backend, "d1", material.text(bytes(data)), mode="update").version
        for version in (first, second):
            facts = backend.blob_facts(version.blob)
            assert facts.model_dump() == {
                "blob": version.blob, "size": 800_000, "blake3": version.blake3,
                "data_format": "txt",
            }  # fmt: skip
            chunks = backend.chunks(version.blob)
            assert (chunks.size, chunks.blake3) == (800_000, version.blake3)
            content = self.read(backend, version)
            assert len(chunks.hashes) == 32 * len(chunks.lengths) // 4
            at = 0
            for number, length in enumerate(np.frombuffer(chunks.lengths, "<u4").tolist()):
                digest = blake3(content[at : at + length]).digest()
                assert digest == chunks.hashes[32 * number : 32 * number + 32]
                at += length
            assert at == 800_000
        assert backend.chunks(first.blob).params == backend.chunks(second.blob).params
        shared = [_hashes(backend.chunks(version.blob).hashes) for version in (first, second)]
        assert shared[0] & shared[1]

    def test_an_empty_file_has_no_chunks(self, backend: Backend, material: Material) -> None:
        version = self.put(backend, "d1", material.text("")).version
        chunks = backend.chunks(version.blob)
        assert (chunks.size, chunks.lengths, chunks.hashes) == (0, b"", b"")

    def test_unknown_bytes(self, backend: Backend) -> None:
        for ask in (backend.blob_facts, backend.chunks):
            with self.refused(backend, NotFound, "'nowhere'"):
                ask("nowhere")


def _hashes(joined: bytes) -> set[bytes]:
    return {joined[at : at + 32] for at in range(0, len(joined), 32)}
