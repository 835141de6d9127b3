"""What a server tells Prometheus, read back as Prometheus reads it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from omicshelf.backend.embedded.backend import EmbeddedBackend
from omicshelf.backend.store.cache import Cache
from omicshelf.backend.wire import API, UploadRequest, VersionBody
from omicshelf.records import Origin
from omicshelf.server.routes import ROUTES
from omicshelf.testing.servers.standalone import StandaloneServer, standalone

BY = Origin(user="machine")
Values = dict[tuple[str, frozenset[tuple[str, str]]], float]


class Scraper:
    """A server, and a user of it who may read nothing."""

    def __init__(self, server: StandaloneServer, folder: Path) -> None:
        self.server = server
        self.folder = folder
        with closing(EmbeddedBackend(folder / "catalog")) as backend:
            _, self.token = backend.create_token("prometheus", by=BY)
            _, self.ada = backend.create_token("ada", by=BY)

    def ask(self, method: str, path: str, token: str | None, **options: Any) -> requests.Response:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        with requests.Session() as session:
            session.trust_env = False
            url = f"{self.server.url.rstrip('/')}{path}"
            return session.request(method, url, headers=headers, timeout=30, **options)

    def scrape(self) -> Values:
        answer = self.ask("GET", "/metrics", self.token)
        assert answer.status_code == 200
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
            if sample.name.startswith("omicshelf")
        }

    def value(self, name: str, **labels: str) -> float:
        return self.scrape().get((name, frozenset(labels.items())), 0)


@pytest.fixture(scope="module")
def scraper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scraper]:
    folder = tmp_path_factory.mktemp("metrics")
    with standalone(folder, "--identity", "tokens", "--admin", "ada") as server:
        yield Scraper(server, folder)


def test_it_takes_a_token(scraper: Scraper) -> None:
    for token in (None, "shelf_wrong", ""):
        assert scraper.ask("GET", "/metrics", token).status_code == 403
    assert scraper.scrape()


def test_requests_are_counted(scraper: Scraper) -> None:
    def counted(status: str) -> float:
        return scraper.value(
            "omicshelf_requests_total", route="/atlases", method="POST", status=status
        )

    assert counted("201") == 0
    body = {"name": "lung"}
    assert scraper.ask("POST", f"{API}/atlases", scraper.ada, json=body).status_code == 201
    assert scraper.ask("POST", f"{API}/atlases", scraper.ada, json=body).status_code == 409
    assert (counted("201"), counted("409")) == (1, 1)
    labels = {"route": "/atlases", "method": "POST"}
    assert scraper.value("omicshelf_request_seconds_count", **labels) == 2
    assert 0 < scraper.value("omicshelf_request_seconds_sum", **labels) < 30
    assert scraper.value("omicshelf_received_bytes_total", route="/atlases") == 2 * 16
    answer = scraper.ask("GET", f"{API}/info", scraper.ada)
    sent = scraper.value("omicshelf_sent_bytes_total", route="/info")
    assert sent == len(answer.content)


def test_what_is_refused_before_a_route_is_found(scraper: Scraper) -> None:
    def counted(method: str, status: str) -> float:
        return scraper.value("omicshelf_requests_total", route="none", method=method, status=status)

    before = counted("GET", "401"), counted("GET", "404"), counted("other", "405")
    scraper.ask("GET", f"{API}/atlases", "shelf_wrong")
    scraper.ask("GET", f"{API}/nowhere/in-particular", scraper.ada)
    scraper.ask("BREW", f"{API}/atlases", scraper.ada)
    after = counted("GET", "401"), counted("GET", "404"), counted("other", "405")
    assert [new - old for new, old in zip(after, before, strict=True)] == [1, 1, 1]


def test_the_catalog_and_its_cache(scraper: Scraper) -> None:
    found = scraper.scrape()
    nothing: frozenset[tuple[str, str]] = frozenset()
    assert found["omicshelf_catalog_openable", nothing] == 1
    assert found["omicshelf_cache_bytes", nothing] == 0
    assert found["omicshelf_cache_limit_bytes", nothing] > 1e6
    assert found["omicshelf_uploads_open", nothing] == 0
    assert found["omicshelf_requests_under_way", nothing] == 0
    assert found["omicshelf_long_polls_waiting", nothing] == 0


def test_a_long_poll_is_under_way(scraper: Scraper) -> None:
    done: list[int] = []

    def wait() -> None:
        params = {"after": 10**9, "wait": 2}
        answer = scraper.ask("GET", f"{API}/changes", scraper.ada, params=params)
        done.append(answer.status_code)

    thread = threading.Thread(target=wait)
    thread.start()
    seen = set()
    while not done:
        found = scraper.scrape()
        seen.add(
            tuple(
                found[f"omicshelf_{name}", frozenset()]
                for name in ("requests_under_way", "long_polls_waiting")
            )
        )
    thread.join()
    assert done == [200]
    assert (1, 1) in seen


def test_labels_are_few_and_tell_nothing(scraper: Scraper) -> None:
    scraper.ask("GET", f"{API}/atlases/hidden-name/datasets/hidden-id", scraper.ada)
    scraper.ask("GET", f"{API}/tokens?user=hidden-user", scraper.ada)
    text = scraper.ask("GET", "/metrics", scraper.token).text
    assert "hidden" not in text
    for secret in (scraper.token, scraper.ada, "prometheus", str(scraper.folder)):
        assert secret not in text
    routes = {route.path for route in ROUTES} | {"none"}
    for name, labels in scraper.scrape():
        told = dict(labels)
        assert set(told) <= {"route", "method", "status", "le"}, name
        assert told.get("route", "none") in routes


def test_a_catalog_that_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "catalog").write_text("a file, no folder")
    given = {"IdentityProvider.token": "shared-by-all"}
    server = StandaloneServer(tmp_path, given, until="health", arguments=["--identity=tokens"])
    try:
        scraper = Scraper.__new__(Scraper)
        scraper.server, scraper.token = server.start(), "shared-by-all"
        found: Values = {}
        while ("omicshelf_catalog_openable", frozenset()) not in found:
            found = scraper.scrape()
        assert found["omicshelf_catalog_openable", frozenset()] == 0
        assert ("omicshelf_uploads_open", frozenset()) not in found
    finally:
        server.stop()


def test_open_uploads(tmp_path: Path) -> None:
    with closing(EmbeddedBackend(tmp_path / "catalog")) as backend:
        asked = UploadRequest(
            atlas="lung", dataset_id="d1", size=5, data_format="txt",
            version=VersionBody(dataset_id="d1", data_type="Notes"),
        )  # fmt: skip
        assert backend.open_uploads() == 0
        first = backend.begin_upload(asked, user="ada")
        backend.begin_upload(asked, user="eve")
        assert backend.open_uploads() == 2
        backend.drop_upload(first.upload, user="ada")
        assert backend.open_uploads() == 1


def test_hits_and_misses(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache", 10**6)

    def produce(path: Path) -> None:
        path.write_text("x")

    assert cache.get("a") is None
    for _ in range(3):
        cache.fill("a", ".txt", produce).close()
    assert (cache.hits, cache.misses) == (2, 2)
