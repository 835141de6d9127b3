"""Who may what: every method for every role, and nothing is told of what may not be read."""

from __future__ import annotations

import inspect
import re
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import test_embedded

from omicshelf.backend.base import (
    Backend,
    CopyDraft,
    FileDraft,
    Filter,
    MetadataKeys,
    Query,
    VersionDraft,
)
from omicshelf.backend.embedded.backend import EmbeddedBackend
from omicshelf.backend.guard import Guarded
from omicshelf.backend.permissions import RIGHTS, Identity, Policy
from omicshelf.errors import AccessDenied, AlreadyExists, NotFound, RequestException
from omicshelf.records import Origin
from omicshelf.testing import BackendContract
from omicshelf.testing.backend_base import BackendFixtures, Interrupted, Material
from omicshelf.testing.folder import snapshot_folder

# What the test believes, written down by hand from the decision; nothing of it is taken from the
# package. "name!" is a call of the method `name` with other arguments.
EVERYBODY = {
    "list_atlases", "children", "changes", "last_change", "staging", "close",
    "create_token", "list_tokens", "revoke_token",
}  # fmt: skip
NEEDS = {
    "viewer": {
        "get_atlas", "get_dataset", "has_dataset", "find", "metadata_keys", "get_version",
        "list_versions", "list_labels", "find_version", "list_studies", "datasets_in_study",
        "get_file", "list_files", "file_history", "summary", "names", "sha256", "blob_facts",
        "chunks", "local_file", "hold_file", "open_blob", "download",
    },
    "contributor": {
        "put_version", "rollback", "copy_dataset", "edit_metadata", "reindex", "set_label",
        "remove_label", "set_study", "put_file", "delete_file",
    },
    "admin": {
        "delete_dataset", "undelete_dataset", "purge_versions", "purge_dataset", "verify",
        "delete_file!", "list_roles", "set_role", "remove_role", "describe_atlas", "delete_atlas",
    },
}  # fmt: skip
NEEDS_ON_SERVER = {
    "contributor": {"create_atlas", "put_version!", "copy_dataset!"},
    "admin": {
        "gc", "verify!", "list_roles!", "set_role!", "remove_role!",
        "create_token!", "list_tokens!", "revoke_token!",
    },
}  # fmt: skip
# Of an atlas that is not there these give nothing, and raise nothing.
UNSEEN = {"put_version!", "copy_dataset!", "revoke_token!"}
NOTHING = {"has_dataset", "find", "metadata_keys", "list_studies", "datasets_in_study"}
RANK = {None: 0, "viewer": 1, "contributor": 2, "admin": 3}

# Users by what they were given in the filled catalog: in "geheim", on the whole server.
USERS: dict[str, tuple[str | None, str | None]] = {
    "nobody": (None, None),
    "vera": ("viewer", None),
    "conrad": ("contributor", None),
    "anna": ("admin", None),
    "server-vera": (None, "viewer"),
    "server-conrad": (None, "contributor"),
    "server-anna": (None, "admin"),
}
SECRET = ("geheim", "verborgen", "studie-x", "ursel", "tuschel", "gewebe", "leise", "anna", "vera")


@dataclass(frozen=True)
class World:
    """The names that the calls are about: those of the filled catalog, or invented ones."""

    folder: Path
    atlas: str = "geheim"
    empty: str = "geheim-leer"
    dataset: str = "verborgen"
    deleted: str = "verborgen-alt"
    study: str = "studie-x"
    file: str = "tuschel.pdf"
    label: str = "leise"
    version: str = ""
    blob: str = ""
    token: int = 0  # ursel's
    public: str = ""  # a version that eve may read
    parent: str = ""  # of what is written

    def source(self) -> Any:
        return Material(self.folder / str(uuid.uuid4())).csv("gene,count\nTP53,7\n")


MALLORY = Origin(user="mallory", interface="python")


def read_changes(b: Backend, w: World) -> list[Any]:
    return list(b.changes(atlas=w.atlas)) + list(b.changes())


def read_local(b: Backend, w: World) -> int:
    with b.local_file(w.blob, ".csv") as path:
        return path.stat().st_size


def read_open(b: Backend, w: World) -> bytes:
    with b.open_blob(w.blob) as stream:
        return stream.read()


def write(b: Backend, w: World, atlas: str, dataset: str = "neu") -> Any:
    parents = (w.parent,) if w.parent else ()
    draft = VersionDraft(dataset, "create", data_type="T", metadata={}, parents=parents)
    return b.put_version(atlas, draft, w.source(), by=MALLORY)


def copy(b: Backend, w: World, atlas: str) -> Any:
    return b.copy_dataset(CopyDraft(w.atlas, w.dataset, atlas, "kopie"), by=MALLORY)


CALLS: dict[str, Callable[[Any, World], Any]] = {
    "close": lambda b, w: b.close(),
    "list_atlases": lambda b, w: b.list_atlases(),
    "get_atlas": lambda b, w: b.get_atlas(w.atlas),
    "create_atlas": lambda b, w: b.create_atlas("made", description="x", by=MALLORY),
    "describe_atlas": lambda b, w: b.describe_atlas(w.atlas, "told", by=MALLORY),
    "delete_atlas": lambda b, w: b.delete_atlas(w.empty, by=MALLORY),
    "list_roles": lambda b, w: b.list_roles(w.atlas),
    "set_role": lambda b, w: b.set_role(w.atlas, "fresh", "viewer", by=MALLORY),
    "remove_role": lambda b, w: b.remove_role(w.atlas, "vera", by=MALLORY),
    "list_roles!": lambda b, w: b.list_roles(None),
    "set_role!": lambda b, w: b.set_role(None, "fresh", "viewer", by=MALLORY),
    "remove_role!": lambda b, w: b.remove_role(None, "server-vera", by=MALLORY),
    "create_token": lambda b, w: b.create_token(b.identity.name, note="own", by=MALLORY)[0],
    "list_tokens": lambda b, w: b.list_tokens(b.identity.name),
    "revoke_token": lambda b, w: b.revoke_token(
        b.create_token(b.identity.name, by=MALLORY)[0].id, by=MALLORY
    ),
    "create_token!": lambda b, w: b.create_token("fresh", by=MALLORY)[0],
    "list_tokens!": lambda b, w: b.list_tokens(),
    "revoke_token!": lambda b, w: b.revoke_token(w.token, by=MALLORY),
    "get_dataset": lambda b, w: b.get_dataset(w.atlas, w.dataset),
    "has_dataset": lambda b, w: b.has_dataset(w.atlas, w.dataset),
    "find": lambda b, w: b.find(
        w.atlas, Query(text="verborgen", facets=("tissue",), where=(Filter("size", ">", 0),))
    ),
    "put_version": lambda b, w: write(b, w, w.atlas),
    "put_version!": lambda b, w: write(b, w, "made"),
    "get_version": lambda b, w: b.get_version(w.atlas, w.dataset, "v1"),
    "list_versions": lambda b, w: b.list_versions(w.atlas, w.dataset),
    "rollback": lambda b, w: b.rollback(w.atlas, w.dataset, "v1", by=MALLORY),
    "delete_dataset": lambda b, w: b.delete_dataset(w.atlas, w.dataset, by=MALLORY),
    "undelete_dataset": lambda b, w: b.undelete_dataset(w.atlas, w.deleted, by=MALLORY),
    "copy_dataset": lambda b, w: copy(b, w, w.atlas),
    "copy_dataset!": lambda b, w: copy(b, w, "made"),
    "edit_metadata": lambda b, w: b.edit_metadata(w.atlas, [w.dataset], set_={"k": 1}, by=MALLORY),
    "reindex": lambda b, w: b.reindex(w.atlas, w.dataset, ingestion={}, by=MALLORY),
    "set_label": lambda b, w: b.set_label(w.atlas, w.dataset, "v2", "good", by=MALLORY),
    "remove_label": lambda b, w: b.remove_label(w.atlas, w.dataset, w.label, by=MALLORY),
    "list_labels": lambda b, w: b.list_labels(w.atlas, w.dataset),
    "children": lambda b, w: b.children(w.version),
    "find_version": lambda b, w: b.find_version(w.version),
    "set_study": lambda b, w: b.set_study(w.atlas, w.dataset, "S2", by=MALLORY),
    "metadata_keys": lambda b, w: b.metadata_keys(w.atlas),
    "list_studies": lambda b, w: b.list_studies(w.atlas),
    "datasets_in_study": lambda b, w: b.datasets_in_study(w.atlas, w.study),
    "put_file": lambda b, w: b.put_file(
        w.atlas, FileDraft(w.dataset, "new.csv", "csv"), w.source(), by=MALLORY
    ),
    "get_file": lambda b, w: b.get_file(w.atlas, w.dataset, w.file),
    "list_files": lambda b, w: b.list_files(w.atlas, w.dataset),
    "file_history": lambda b, w: b.file_history(w.atlas, w.dataset, w.file),
    "delete_file": lambda b, w: b.delete_file(w.atlas, w.dataset, w.file, by=MALLORY),
    "delete_file!": lambda b, w: b.delete_file(w.atlas, w.dataset, w.file, purge=True, by=MALLORY),
    "summary": lambda b, w: b.summary(w.blob),
    "names": lambda b, w: b.names(w.blob),
    "sha256": lambda b, w: b.sha256(w.blob),
    "blob_facts": lambda b, w: b.blob_facts(w.blob),
    "chunks": lambda b, w: b.chunks(w.blob),
    "staging": lambda b, w: b.staging().is_dir(),
    "local_file": read_local,
    "hold_file": lambda b, w: b.hold_file(w.blob, ".csv").stat().st_size,
    "open_blob": read_open,
    "download": lambda b, w: b.download(w.blob, w.folder / "downloaded"),
    "changes": read_changes,
    "last_change": lambda b, w: b.last_change(),
    "purge_versions": lambda b, w: b.purge_versions(
        w.atlas, w.dataset, keep_last=1, force=True, by=MALLORY
    ),
    "purge_dataset": lambda b, w: b.purge_dataset(w.atlas, w.deleted, force=True, by=MALLORY),
    "verify": lambda b, w: b.verify(w.atlas, w.dataset),
    "verify!": lambda b, w: b.verify(),
    "gc": lambda b, w: b.gc(grace=0),
}
# Which calls of the table change something when they are allowed.
WRITING = {
    name
    for name in CALLS
    if "by=MALLORY" in inspect.getsource(CALLS[name]) or name.startswith(("put_v", "copy_"))
}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, World]:
    """A catalog with an atlas that few may read, an empty one, and one that eve may read."""
    folder = tmp_path_factory.mktemp("guarded")
    by, put = Origin(user="ursel"), BackendFixtures.put
    material = Material(folder / "material")
    with closing(EmbeddedBackend(folder / "catalog")) as backend:
        public = put(backend, "shown", material.csv(), atlas="public", metadata={"tissue": "gut"})
        backend.create_atlas("geheim", description="gewebe", by=by)
        backend.create_atlas("geheim-leer", by=by)
        first = VersionDraft(
            "verborgen", "create", data_type="gewebe", metadata={"tissue": "gewebe"},
            message="leise", study_id="studie-x", parents=(public.version.version_id,),
        )  # fmt: skip
        made = backend.put_version("geheim", first, material.csv("gene\nleise\n"), by=by).version
        backend.set_label("geheim", "verborgen", "v1", "leise", by=by)
        put(backend, "verborgen", material.csv("gene\nx\n"), mode="update", atlas="geheim")
        pdf = FileDraft("verborgen", "tuschel.pdf", "pdf")
        backend.put_file("geheim", pdf, material.attachment("tuschel"), by=by)
        put(backend, "verborgen-alt", material.csv("a\nb\n"), atlas="geheim")
        backend.delete_dataset("geheim", "verborgen-alt", by=by)
        for user, (in_atlas, on_server) in USERS.items():
            for atlas, role in (("geheim", in_atlas), ("geheim-leer", in_atlas), (None, on_server)):
                if role is not None:
                    backend.set_role(atlas, user, role, by=by)
        backend.set_role("public", "eve", "viewer", by=by)
        token, _secret = backend.create_token("ursel", note="tuschel", by=by)
    world = World(
        folder, version=made.version_id, blob=made.blob, public=public.version.version_id,
        token=token.id,
    )  # fmt: skip
    return folder / "catalog", world


class Catalog:
    """A filled catalog, and guards of it."""

    def __init__(self, root: Path, world: World) -> None:
        self.world = world
        self.backend = EmbeddedBackend(root)

    def close(self) -> None:
        self.backend.close()

    def guard(self, user: str, role: Any = None, default: Any = None) -> Guarded:
        return Guarded(self.backend, Identity(user, role), Policy(default))

    def outcome(self, name: str, backend: Backend, world: World) -> Any:
        """Call, and give what came of it."""
        try:
            return CALLS[name](backend, world)
        except RequestException as error:
            return error


@pytest.fixture
def catalog(filled: tuple[Path, World], tmp_path: Path) -> Iterator[Catalog]:
    """An own copy of the filled catalog."""
    root, world = filled
    shutil.copytree(root, tmp_path / "catalog")
    with closing(Catalog(tmp_path / "catalog", replace(world, folder=tmp_path))) as made:
        yield made


def expected(name: str, in_atlas: str | None, on_server: str | None) -> Any:
    """Tell from the tables of this module what comes of a call."""
    if name in EVERYBODY:
        return "allowed"
    server = RANK[on_server]
    here = max(RANK[in_atlas], server)
    for role, names in NEEDS_ON_SERVER.items():
        if name in names:
            if server >= RANK[role]:
                return "allowed"
            # A write that would make an atlas is told what a write to an unread one is told.
            return NotFound if name in UNSEEN else AccessDenied
    for role, names in NEEDS.items():
        if name in names:
            if here >= RANK[role]:
                return "allowed"
            if here:
                return AccessDenied
            return "nothing" if name in NOTHING else NotFound
    raise AssertionError(f"the tables do not tell of {name}")


def is_nothing(found: Any) -> bool:
    page_of_nothing = getattr(found, "datasets", None) == [] and found.total == 0
    if found == MetadataKeys(0, []):
        return True
    return found is False or found == [] or (page_of_nothing and found.facets == {"tissue": {}})


def methods_of_the_protocol() -> set[str]:
    return {name for name, value in vars(Backend).items()
            if name[0] != "_" and inspect.isfunction(value)}  # fmt: skip


# -- the tables are whole


def test_no_method_is_forgotten() -> None:
    methods = methods_of_the_protocol()
    assert len(methods) >= 50
    assert set(RIGHTS) == methods
    assert {name.rstrip("!") for name in CALLS} == methods
    told = [*NEEDS.values(), *NEEDS_ON_SERVER.values(), EVERYBODY]
    assert sorted(CALLS) == sorted(name for names in told for name in names)


@pytest.mark.parametrize("name", sorted(methods_of_the_protocol()))
def test_a_guard_has_the_signatures_of_a_backend(name: str) -> None:
    assert inspect.signature(getattr(Guarded, name)) == inspect.signature(getattr(Backend, name))


# -- every call for every role


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("name", CALLS)
def test_who_may_what(catalog: Catalog, name: str, user: str) -> None:
    in_atlas, on_server = USERS[user]
    wanted = expected(name, in_atlas, on_server)
    before = catalog.backend.last_change()
    found = catalog.outcome(name, catalog.guard(user), catalog.world)
    changes = list(catalog.backend.changes(after=before))
    if wanted == "allowed":
        assert not isinstance(found, Exception), found
        assert bool(changes) == (name in WRITING)
        assert {change.user for change in changes} <= {user}
        return
    assert changes == []
    if wanted == "nothing":
        assert is_nothing(found), found
        return
    assert type(found) is wanted, found
    assert found.detail
    if wanted is AccessDenied:
        assert f"'{user}'" in found.title
        role = next(r for t in (NEEDS, NEEDS_ON_SERVER) for r, names in t.items() if name in names)
        assert f"the role {role}" in found.detail
        is_on_server = any(name in names for names in NEEDS_ON_SERVER.values())
        giver = "on the whole server" if is_on_server else "'anna'"
        assert giver in found.detail


@pytest.mark.parametrize("where", ["role", "default"])
@pytest.mark.parametrize("role", ["viewer", "contributor", "admin"])
@pytest.mark.parametrize("name", ["get_dataset", "put_version", "delete_dataset", "gc"])
def test_roles_from_elsewhere_count_like_those_on_the_server(
    catalog: Catalog, name: str, role: str, where: str
) -> None:
    wanted = expected(name, None, role)
    found = catalog.outcome(name, catalog.guard("x", **{where: role}), catalog.world)
    if wanted == "allowed":
        assert not isinstance(found, Exception), found
    else:
        assert type(found) is wanted


@pytest.mark.parametrize(
    ("default", "on_server", "in_atlas", "highest"),
    [
        ("viewer", None, "admin", "admin"),
        ("contributor", "viewer", None, "contributor"),
        (None, "viewer", "contributor", "contributor"),
        ("admin", "viewer", "viewer", "admin"),
        (None, None, None, None),
    ],
)
def test_the_highest_role_counts(
    catalog: Catalog, default: str | None, on_server: Any, in_atlas: Any, highest: str | None
) -> None:
    for atlas, role in ((None, on_server), ("geheim", in_atlas)):
        if role is not None:
            catalog.backend.set_role(atlas, "zoe", role, by=MALLORY)
    assert catalog.guard("zoe", default=default).access.in_atlas("geheim") == highest


# -- what may not be read does not exist


def invented(world: World) -> World:
    """The same names, of things that nobody ever made."""
    return replace(
        world, atlas="gab-nie", empty="gab-nie-leer", dataset="niemals", deleted="niemals-alt",
        study="studie-0", file="nichts.pdf", label="stumm",
        version="00000000-1111-4222-8333-444444444444",
        blob="55555555-6666-4777-8888-999999999999", token=77777,
    )  # fmt: skip


def told(found: Any, world: World) -> str:
    """Give what a caller is told, with the names that they gave themselves left out."""
    text = f"{type(found).__name__}: {found}"
    given = [world.empty, world.atlas, world.deleted, world.dataset, world.study, world.file,
             world.version, world.blob]  # fmt: skip
    for value in given:
        text = text.replace(value, "…")
    # Tokens of one's own have a number and a time that no other has.
    text = re.sub(r"\b(id|created_at)=\d+", r"\1=…", text)
    return text.replace(f"token {world.token}.", "token ….")


@pytest.mark.parametrize("user", ["nobody", "eve"])
@pytest.mark.parametrize("name", CALLS)
def test_what_is_unread_and_what_never_was_are_told_alike(
    catalog: Catalog, name: str, user: str
) -> None:
    real, never = catalog.world, invented(catalog.world)
    there = told(catalog.outcome(name, catalog.guard(user), real), real)
    assert there == told(catalog.outcome(name, catalog.guard(user), never), never)
    for word in SECRET:
        assert word not in there.replace("'eve'", ""), there


def test_nothing_that_is_told_names_what_may_not_be_read(catalog: Catalog) -> None:
    eve, world = catalog.guard("eve"), catalog.world
    (public,) = eve.list_atlases()
    assert public.name == "public"
    shown = eve.get_dataset("public", "shown").version
    assert eve.children(shown.version_id) == []
    assert catalog.backend.children(shown.version_id)[0].atlas == "geheim"
    everything = [
        eve.list_atlases(), list(eve.changes()), list(eve.changes(atlas="")), shown,
        eve.find("public", Query(text="gewebe", facets=("tissue", "data_type", "study_id"))),
        eve.find("public", Query(facets=("tissue", "author"))), eve.list_studies("public"),
        *(catalog.outcome(name, eve, world) for name in CALLS),
        *(catalog.outcome(name, eve, replace(world, atlas="gehein")) for name in CALLS),
        *(catalog.outcome(name, eve, replace(world, atlas="public")) for name in CALLS),
    ]  # fmt: skip
    given = {world.version, world.blob}
    for found in everything:
        text = str(found)
        for word in given:
            text = text.replace(word, "…")
        for word in ("geheim", "ursel", "gewebe", "'vera'", "anna", "conrad"):
            # What the call itself named is repeated to it.
            assert word not in text.replace("The atlas 'geheim", "…"), text


def test_a_parent_that_may_not_be_read(catalog: Catalog) -> None:
    catalog.backend.set_role("public", "eve", "contributor", by=MALLORY)
    eve, words = catalog.guard("eve"), []
    for parent in (catalog.world.version, invented(catalog.world).version):
        draft = VersionDraft("shown", "create", data_type="T", parents=(parent,))
        with pytest.raises(NotFound, match="to be a parent") as caught:
            eve.put_version("public", draft, catalog.world.source(), by=MALLORY)
        words.append(str(caught.value).replace(parent, "…"))
    assert words[0] == words[1]
    world = replace(catalog.world, parent=catalog.world.public)
    assert write(eve, world, "public").version.parents == (world.public,)


def test_a_copy_out_of_what_may_not_be_read(catalog: Catalog) -> None:
    catalog.backend.set_role("public", "eve", "admin", by=MALLORY)
    eve = catalog.guard("eve")
    with pytest.raises(NotFound, match="does not exist"):
        copy(eve, catalog.world, "public")
    vera = catalog.guard("vera")
    with pytest.raises(NotFound, match="'public' does not exist"):
        copy(vera, catalog.world, "public")
    catalog.backend.set_role("public", "vera", "viewer", by=MALLORY)
    with pytest.raises(AccessDenied, match="role contributor"):
        copy(catalog.guard("vera"), catalog.world, "public")
    catalog.backend.set_role("public", "vera", "contributor", by=MALLORY)
    assert copy(catalog.guard("vera"), catalog.world, "public").atlas == "public"


def test_a_hash_gives_no_access_to_bytes(catalog: Catalog) -> None:
    """The same bytes in an atlas that may be read are one blob, and open; others are not."""
    eve, blob = catalog.guard("eve"), catalog.world.blob
    with pytest.raises(NotFound):
        eve.open_blob(blob)
    source = Material(catalog.world.folder / "same").csv("gene\nleise\n")
    same = BackendFixtures.put(catalog.backend, "same", source, atlas="public").version
    assert same.blob == blob
    assert read_open(eve, catalog.world) == b"gene\nleise\n"
    catalog.backend.delete_dataset("public", "same", by=MALLORY)
    assert read_open(eve, catalog.world) == b"gene\nleise\n"  # a deleted version stays readable
    catalog.backend.purge_dataset("public", "same", by=MALLORY)
    with pytest.raises(NotFound):
        eve.open_blob(blob)


def test_the_bytes_of_a_file(catalog: Catalog) -> None:
    blob = catalog.backend.get_file("geheim", "verborgen", "tuschel.pdf").blob
    assert catalog.backend.atlases_of_blob(blob) == ["geheim"]
    with catalog.guard("vera").open_blob(blob) as stream:
        assert stream.read() == b"tuschel"
    with pytest.raises(NotFound):
        catalog.guard("eve").open_blob(blob)


# -- the change log


def test_the_feed_is_what_may_be_seen(catalog: Catalog) -> None:
    def seen(user: str, **asked: Any) -> set[tuple[str, str]]:
        return {(c.atlas, c.action) for c in catalog.guard(user).changes(**asked)}

    assert seen("eve") == {("public", "create")}
    assert seen("vera") >= {("geheim", "create atlas"), ("geheim", "label")}
    assert {atlas for atlas, _action in seen("vera")} == {"geheim", "geheim-leer"}
    assert ("geheim", "set role") not in seen("vera") | seen("server-vera")
    assert ("geheim", "set role") in seen("anna")
    assert ("", "set role") not in seen("anna") | seen("server-conrad")
    assert ("", "set role") in seen("server-anna")
    assert seen("eve", atlas="geheim") == set()
    everything = list(catalog.backend.changes())
    assert list(catalog.guard("server-anna").changes()) == everything
    assert list(catalog.guard("server-anna").changes(limit=2)) == everything[:2]
    visible = [c for c in everything if c.atlas[:6] == "geheim" and "role" not in c.action]
    assert list(catalog.guard("vera").changes(limit=3)) == visible[:3]
    assert list(catalog.guard("vera").changes(limit=0)) == []
    last = visible[-2].seq
    assert list(catalog.guard("vera").changes(after=last)) == visible[-1:]


# -- atlases that are made


def test_who_makes_an_atlas_is_its_admin(catalog: Catalog) -> None:
    guard = catalog.guard("server-conrad")
    guard.create_atlas("one", description="x", by=MALLORY)
    write(guard, catalog.world, "two")
    copy(guard, catalog.world, "three")
    write(guard, catalog.world, "geheim")
    for atlas in ("one", "two", "three"):
        ((role),) = catalog.backend.list_roles(atlas)
        assert (role.user, role.role, role.author) == ("server-conrad", "admin", "server-conrad")
    assert "server-conrad" not in {role.user for role in catalog.backend.list_roles("geheim")}
    catalog.guard("server-conrad").delete_dataset("two", "neu", by=MALLORY)


def test_an_admin_of_the_server_needs_no_role_in_what_they_make(catalog: Catalog) -> None:
    catalog.guard("server-anna").create_atlas("one", by=MALLORY)
    write(catalog.guard("x", default="admin"), catalog.world, "two")
    assert catalog.backend.list_roles("one") == catalog.backend.list_roles("two") == []


def test_who_was_slower_is_no_admin(catalog: Catalog) -> None:
    """Somebody else makes the atlas while the first bytes for it are on their way."""

    def meanwhile() -> None:
        catalog.guard("server-anna").create_atlas("made", by=MALLORY)

    source = Interrupted(catalog.world.source(), meanwhile)
    draft = VersionDraft("neu", "create", data_type="T")
    catalog.guard("server-conrad").put_version("made", draft, source, by=MALLORY)
    assert catalog.backend.list_roles("made") == []


def test_a_first_write_that_is_refused_makes_no_atlas(catalog: Catalog) -> None:
    before = snapshot_folder(catalog.backend.root)
    guard = catalog.guard("server-conrad")
    with pytest.raises(NotFound, match="to be a parent"):
        write(guard, replace(catalog.world, parent="nowhere"), "made")
    with pytest.raises(AlreadyExists):
        guard.create_atlas("public", by=MALLORY)
    with pytest.raises(NotFound, match="role contributor on the whole server"):
        write(catalog.guard("server-vera"), catalog.world, "made")
    assert snapshot_folder(catalog.backend.root) == before


# -- one guard a request


def test_a_role_counts_from_the_next_request_on(catalog: Catalog) -> None:
    old = catalog.guard("eve")
    assert not old.has_dataset("geheim", "verborgen")
    catalog.guard("anna").set_role("geheim", "eve", "viewer", by=MALLORY)
    assert not old.has_dataset("geheim", "verborgen")
    assert catalog.guard("eve").has_dataset("geheim", "verborgen")
    catalog.guard("anna").remove_role("geheim", "eve", by=MALLORY)
    assert not catalog.guard("eve").has_dataset("geheim", "verborgen")


def test_check_is_the_same_question_without_the_call(catalog: Catalog) -> None:
    catalog.guard("conrad").check("put_version", "geheim")
    with pytest.raises(AccessDenied, match="write datasets"):
        catalog.guard("vera").check("put_version", "geheim")
    with pytest.raises(NotFound, match="'geheim' does not exist"):
        catalog.guard("eve").check("put_version", "geheim")
    with pytest.raises(AccessDenied, match="collect garbage"):
        catalog.guard("anna").check("gc")


def test_a_backend_that_knows_no_roles_is_guarded_where_it_is(catalog: Catalog) -> None:
    upstream = catalog.guard("vera")
    front = Guarded(upstream, Identity("vera"), Policy("admin"))
    assert front.has_dataset("geheim", "verborgen")
    with pytest.raises(AccessDenied):
        front.delete_dataset("geheim", "verborgen", by=MALLORY)
    with pytest.raises(TypeError, match="'admin'"):
        Guarded(upstream, Identity("vera"), Policy(None)).list_atlases()


def test_closing_a_guard_leaves_the_backend_open(catalog: Catalog) -> None:
    path = catalog.backend.hold_file(catalog.world.blob, ".csv")
    with catalog.backend.open_blob(catalog.world.blob) as stream:
        catalog.guard("vera").close()
        assert stream.read() == path.read_bytes() == b"gene\nleise\n"


class RootedGuard(Guarded):
    """A guard that knows the folder behind it, for the hooks of the contract."""

    @property
    def root(self) -> Path:
        assert isinstance(self._backend, EmbeddedBackend)
        return self._backend.root


class TestGuardedBackend(BackendContract):
    """For who may do everything, a guard is a backend like any other."""

    snapshot = test_embedded.TestEmbeddedBackend.snapshot
    left_over = test_embedded.TestEmbeddedBackend.left_over
    damage = test_embedded.TestEmbeddedBackend.damage
    kill_while_writing = test_embedded.TestEmbeddedBackend.kill_while_writing

    @pytest.fixture
    def backend(self, tmp_path: Path) -> Iterator[RootedGuard]:
        with self.opened(tmp_path / "catalog") as guard:
            yield guard

    def another(self, backend: RootedGuard) -> AbstractContextManager[RootedGuard]:
        return self.opened(backend.root)

    @contextmanager
    def opened(self, root: Path) -> Iterator[RootedGuard]:
        with closing(EmbeddedBackend(root)) as backend:
            yield RootedGuard(backend, Identity("ada"), Policy("admin"))
