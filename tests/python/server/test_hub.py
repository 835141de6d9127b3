"""Behind a real JupyterHub: as one of its services, and from its users' own servers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import omicshelf
from omicshelf.backend.wire import API
from omicshelf.errors import AccessDenied, NotFound, Unauthorized
from omicshelf.testing.servers.hub import Hub

pytest.importorskip("jupyterhub")
pytest.importorskip("configurable_http_proxy")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    folder = tmp_path_factory.mktemp("hub")
    made = Hub(folder, [f"--OmicshelfServer.url={folder}/catalog", "--OmicshelfServer.admins=ada"])
    made.spawner = {"OMICSHELF_URL": made.service}
    with made.running():
        yield made


def info(running: Hub, address: str, token: str) -> dict[str, object]:
    answer = running.ask("GET", f"{address}{API.lstrip('/')}/info", token=token)
    assert answer.ok, answer.text
    found: dict[str, object] = answer.json()
    return found


def test_users_are_those_of_the_hub(running: Hub, tmp_path: Path) -> None:
    ada, bob, eve = (running.token_of(user) for user in ("ada", "bob", "eve"))
    assert info(running, running.service, ada)["user"] == "ada"
    assert info(running, running.service, ada)["role"] == "admin"
    assert info(running, running.service, bob)["role"] is None
    (tmp_path / "a.txt").write_text("a")
    with omicshelf.connect(running.service, token=ada) as connection:
        dataset = omicshelf.Catalog("hub").save("d1", str(tmp_path / "a.txt"), data_type="T")
        assert dataset.author == "ada"
        connection.backend.set_role("hub", "bob", "viewer", by=dataset.origin)
    with omicshelf.connect(running.service, token=bob):
        catalog = omicshelf.Catalog("hub")
        assert catalog.get_dataset("d1").open().read() == b"a"
        with pytest.raises(AccessDenied, match="contributor"):
            catalog.save("d2", str(tmp_path / "a.txt"), data_type="T")
        with pytest.raises(NotFound):
            omicshelf.Catalog("another").save("d1", str(tmp_path / "a.txt"), data_type="T")
    # Who may not use the service is nobody to it.
    for token in (eve, "wrong"):
        with omicshelf.connect(running.service, token=token), pytest.raises(Unauthorized):
            omicshelf.Catalog("hub").get_dataset("d1")


def test_a_browser_is_sent_to_the_hub_to_log_in(running: Hub) -> None:
    answer = running.ask("GET", f"{running.service}omicshelf", token="", allow_redirects=False)
    assert answer.status_code == 302
    assert "/hub/api/oauth2/authorize" in answer.headers["Location"]
    refused = running.ask("GET", f"{running.service}{API.lstrip('/')}/atlases", token="")
    assert (refused.status_code, refused.json()["kind"]) == (401, "Unauthorized")


def test_a_users_server_passes_on_who_they_are(running: Hub, tmp_path: Path) -> None:
    """Nothing is configured for ada but the address of the service."""
    address = running.start_server_of("ada")
    token = running.token_of("ada")
    assert info(running, address, token)["user"] == "ada"
    (tmp_path / "a.txt").write_text("by way of her own server")
    with omicshelf.connect(address, token=token):
        dataset = omicshelf.Catalog("own").save("d1", str(tmp_path / "a.txt"), data_type="T")
        assert dataset.author == "ada"
    with omicshelf.connect(running.service, token=token):
        assert omicshelf.Catalog("own").get_dataset("d1").version_id == dataset.version_id


def test_the_service_shows_nothing_else_of_the_machine(running: Hub) -> None:
    token = running.token_of("ada")
    for path in ("api/contents", "api/kernels", "api/sessions", "api/terminals", "files/x", "tree"):
        assert running.ask("GET", f"{running.service}{path}", token=token).status_code == 404
