"""A real server of these tests' own, a client of it, and its catalog seen from outside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests

from omicshelf.backend.base import FileDraft, VersionDraft
from omicshelf.backend.embedded.backend import EmbeddedBackend
from omicshelf.backend.wire import API
from omicshelf.records import DatasetRecord, FileRecord, Origin
from omicshelf.testing.backend_base import Material
from omicshelf.testing.servers.jupyter import JupyterServer, jupyter

ADA = Origin(user="ada", interface="python")


@dataclass
class Client:
    """Asks a server as its user, and puts data into its catalog behind its back."""

    server: JupyterServer
    folder: Path
    material: Material
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"token {self.server.token}"

    @property
    def base(self) -> str:
        return f"{self.server.url.rstrip('/')}{API}"

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        options.setdefault("timeout", 30)
        return self.session.request(method, f"{self.base}{path}", **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.ask("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> requests.Response:
        return self.ask("POST", path, json=body, **options)

    def refused(self, answer: requests.Response, status: int, kind: str, *parts: str) -> None:
        """Assert that an answer is an error of our shape that names ``parts``."""
        assert answer.status_code == status, answer.text
        assert answer.headers["Content-Type"] == "application/json"
        body = answer.json()
        assert set(body) == {"title", "detail", "kind"}
        assert body["kind"] == kind
        assert body["title"]
        for part in parts:
            assert part in f"{body['title']}\n{body['detail']}"
        assert str(self.folder) not in answer.text
        assert "Traceback" not in answer.text

    def anonymous(self, method: str, path: str, **options: Any) -> requests.Response:
        """Ask with no credential at all."""
        with requests.Session() as session:
            session.trust_env = False
            return session.request(method, f"{self.base}{path}", timeout=30, **options)

    # -- behind its back, as another process does

    def put(self, dataset_id: str, source: Any = None, *, atlas: str = "atlas") -> DatasetRecord:
        """Write a version, or create the dataset."""
        draft = VersionDraft(dataset_id, "save", data_type="Test data", metadata={"n": 1})
        with self.catalog() as backend:
            return backend.put_version(atlas, draft, source or self.material.csv(), by=ADA)

    def attach(self, dataset_id: str, name: str, content: str | bytes) -> FileRecord:
        """Attach a file."""
        source = self.material.attachment(content, "source")
        with self.catalog() as backend:
            return backend.put_file("atlas", FileDraft(dataset_id, name, "html"), source, by=ADA)

    def catalog(self) -> Any:
        """Open the catalog itself."""
        import contextlib

        return contextlib.closing(EmbeddedBackend(self.folder / "catalog"))

    def left_over(self) -> list[Path]:
        """List the temporary files in the catalog."""
        return [path for path in (self.folder / "catalog" / "tmp").rglob("*") if path.is_file()]


def quoted(name: str) -> str:
    return quote(name, safe="")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """A server of one person, ada, that writes an access log."""
    folder = tmp_path_factory.mktemp("server")
    options = {"OmicshelfServer.access_log": str(folder / "access.log")}
    with jupyter(folder, options=options) as running:
        yield running


@pytest.fixture
def client(server: JupyterServer, tmp_path: Path) -> Iterator[Client]:
    """A client of the server."""
    made = Client(server, server.folder, Material(tmp_path / "material"))
    with made.session:
        yield made
