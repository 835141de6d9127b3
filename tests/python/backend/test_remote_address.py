"""Addresses as people paste them, and where a token comes from and goes to."""

from __future__ import annotations

from pathlib import Path

import pytest

import omicshelf
from omicshelf import errors
from omicshelf.backend.connect import configured_token, open_backend
from omicshelf.backend.remote.address import parse_address
from omicshelf.backend.remote.backend import RemoteBackend
from omicshelf.catalog import keeping

HUB = "https://hub.example.org"


@pytest.mark.parametrize(
    ("text", "bases"),
    [
        ("http://127.0.0.1:8888", ["http://127.0.0.1:8888"]),
        ("http://127.0.0.1:8888/", ["http://127.0.0.1:8888"]),
        (" http://127.0.0.1:8888/lab ", ["http://127.0.0.1:8888"]),
        ("http://127.0.0.1:8888/tree/a b.ipynb", ["http://127.0.0.1:8888"]),
        ("http://127.0.0.1:8888/omicshelf/api/v1", ["http://127.0.0.1:8888"]),
        ("http://[::1]:8888/lab", ["http://[::1]:8888"]),
        (f"{HUB}/user/ada/", [f"{HUB}/user/ada"]),
        (f"{HUB}/user/ada/notebooks/x.ipynb#y", [f"{HUB}/user/ada"]),
        (f"{HUB}/services/omicshelf/", [f"{HUB}/services", f"{HUB}/services/omicshelf"]),
        (f"{HUB}/user/lab/lab", [f"{HUB}/user", f"{HUB}/user/lab"]),
        (f"{HUB}/../user/./ada", [f"{HUB}/user/ada"]),
        ("https://Bücher.example/", ["https://xn--bcher-kva.example"]),
    ],
)
def test_where_a_server_may_begin(text: str, bases: list[str]) -> None:
    assert list(parse_address(text).bases)[: len(bases)] == bases


def test_the_token_of_an_address() -> None:
    found = parse_address("http://127.0.0.1:8888/lab?reset&token=abc")
    assert found.token == "abc"
    assert "abc" not in repr(found)
    assert parse_address("http://127.0.0.1:8888/lab?token=").token is None


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr("platformdirs.user_config_dir", lambda name: str(tmp_path / name))
    for name in ("OMICSHELF_TOKEN", "OMICSHELF_URL"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "omicshelf").mkdir()
    return tmp_path / "omicshelf" / "config.toml"


def token_of(backend: object) -> str | None:
    assert isinstance(backend, RemoteBackend)
    return backend.client._token


def test_a_configured_token_goes_to_its_own_server_alone(config: Path) -> None:
    config.write_text(f'url = "{HUB}/user/ada/lab"\ntoken = "mine"\n')
    assert token_of(open_backend(None)) == "mine"
    assert token_of(open_backend(f"{HUB}:443/user/eve/")) == "mine"
    for other in ("https://hub.example.com/", "http://hub.example.org/", f"{HUB}:8443/"):
        assert token_of(open_backend(other)) is None


def test_which_token_wins(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config.write_text(f'url = "{HUB}"\ntoken_file = "{config.parent / "token"}"\n')
    (config.parent / "token").write_text("filed\n")
    assert token_of(open_backend(None)) == "filed"
    monkeypatch.setenv("OMICSHELF_TOKEN", "environment")
    assert token_of(open_backend(HUB)) == "environment"
    assert token_of(open_backend(f"{HUB}?token=address")) == "address"
    assert token_of(open_backend(f"{HUB}?token=address", token="passed")) == "passed"


@pytest.mark.parametrize(
    "line", ['token = ""', "token = 5", 'token_file = "/no/such/file"', "token_file = 1"]
)
def test_a_token_that_cannot_be_read(config: Path, line: str) -> None:
    config.write_text(f'url = "{HUB}"\n{line}\n')
    with pytest.raises(errors.Invalid, match=r"token|config\.toml"):
        configured_token(HUB)


def test_what_is_done_where_the_catalog_is(tmp_path: Path) -> None:
    with omicshelf.connect("http://127.0.0.1:1/?token=abc") as connection:
        for call in (
            lambda: keeping.export_archive(tmp_path / "x.omicshelf.zip", connection=connection),
            lambda: keeping.import_archive(tmp_path / "x.omicshelf.zip", connection=connection),
            lambda: keeping.rebuild("http://127.0.0.1:1/?token=abc"),
        ):
            with pytest.raises(errors.Invalid, match="server's machine") as caught:
                call()
            assert "abc" not in str(caught.value)
