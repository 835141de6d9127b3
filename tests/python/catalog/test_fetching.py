"""Data at web addresses, served by a server of the test's own on loopback."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3

from omicshelf import Catalog, errors
from omicshelf.catalog import fetching

CSV = b"gene,count\nTP53,3\nMYC,5\n"
Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Site:
    """What is at which path, and what was asked for."""

    port: int
    pages: dict[str, Answer] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"


@pytest.fixture
def site() -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            found.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
            page = found.pages.get(self.path.split("?")[0])
            if page is None:
                self.send_error(404)
            else:
                page(self)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Site(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "_FIRST_PAUSE", 0.001)


def page(content: bytes, status: int = 200, announced: int | None = None, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        size = len(content) if announced is None else announced
        handler.send_header("Content-Length", str(size))
        handler.end_headers()
        handler.wfile.write(content)
        handler.close_connection = size != len(content)

    return answer


def source_of(catalog: Catalog, dataset_id: str) -> dict[str, Any]:
    (change,) = [c for c in catalog.changes() if c.dataset_id == dataset_id]
    found: dict[str, Any] = change.details["ingestion_params"]["source"]
    return found


def nothing_left(catalog: Catalog) -> bool:
    return not [p for p in catalog.connection.backend.staging().rglob("*") if p.is_file()]


def test_data_at_an_address(catalog: Catalog, site: Site) -> None:
    site.pages["/data/table.csv"] = page(CSV, ETag='"v1"', Last_Modified="yesterday")
    address = site.url("/data/table.csv?acc=GSE1&token=s3cret#top")
    dataset = catalog.create_dataset("d1", "T", address, {})
    assert (dataset.data_format, dataset.open().read()) == ("csv", CSV)
    assert dataset.peek().n_rows == 2
    assert source_of(catalog, "d1") == {
        "address": site.url("/data/table.csv?acc=GSE1&token=…"),
        "etag": '"v1"',
        "last_modified": "yesterday",
        "blake3": blake3(CSV).hexdigest(),
    }
    assert "s3cret" not in repr(list(catalog.changes()))
    assert site.asked[0][0] == "/data/table.csv?acc=GSE1&token=s3cret"
    assert nothing_left(catalog)


def test_a_name_and_password_are_used_and_not_kept(catalog: Catalog, site: Site) -> None:
    site.pages["/x.csv"] = page(CSV)
    catalog.save("d1", f"http://ada:pass@127.0.0.1:{site.port}/x.csv")
    assert site.asked[0][1]["authorization"].startswith("Basic ")
    assert source_of(catalog, "d1")["address"] == site.url("/x.csv")


def test_a_file_to_attach(catalog: Catalog, site: Site) -> None:
    site.pages["/papers/a.pdf"] = page(b"%PDF-1.4")
    site.pages["/download"] = page(b"%PDF-1.4", Content_Disposition='attachment; filename="b.pdf"')
    site.pages["/bare"] = page(b"x")
    catalog.create_dataset("d1", "T", _csv(catalog, site), {})
    first = catalog.attach_file("d1", site.url("/papers/a.pdf"))
    second = catalog.attach_file("d1", site.url("/download"), tag="paper")
    assert [(f.file_name, f.file_format) for f in (first, second)] == [
        ("a.pdf", "pdf"), ("b.pdf", "pdf"),
    ]  # fmt: skip
    change = next(c for c in catalog.changes() if c.action == "attach file")
    assert change.details["source"]["address"] == site.url("/papers/a.pdf")
    with pytest.raises(errors.Invalid, match="file format"):
        catalog.attach_file("d1", site.url("/bare"))
    assert nothing_left(catalog)


def _csv(catalog: Catalog, site: Site) -> str:
    site.pages.setdefault("/x.csv", page(CSV))
    return site.url("/x.csv")


def test_redirections(catalog: Catalog, site: Site) -> None:
    site.pages["/old.csv"] = page(b"", 302, Location="/bytes/123")
    site.pages["/bytes/123"] = page(CSV)
    site.pages["/loop.csv"] = page(b"", 302, Location="/loop.csv")
    site.pages["/file.csv"] = page(b"", 302, Location="file:///etc/passwd")
    assert catalog.save("d1", site.url("/old.csv")).open().read() == CSV
    for path, told in (("/loop.csv", "from one address"), ("/file.csv", "not followed")):
        with pytest.raises(errors.Invalid, match=told):
            catalog.save("d2", site.url(path))
    assert "d2" not in catalog


def test_a_protected_address_never_leads_to_an_open_one() -> None:
    with pytest.raises(errors.Invalid, match="not followed"):
        fetching._next("https://x.org/a", "http://x.org/a", "https://x.org/a")
    assert fetching._next("http://x.org/a", "https://y.org/b", "") == "https://y.org/b"
    assert fetching._next("https://x.org/a/b", "../c", "") == "https://x.org/c"


@pytest.mark.parametrize(
    ("status", "kind"),
    [(404, errors.NotFound), (410, errors.NotFound), (403, errors.AccessDenied),
     (401, errors.AccessDenied), (500, errors.Unreachable)],
)  # fmt: skip
def test_what_cannot_be_had(
    catalog: Catalog, site: Site, status: int, kind: type[Exception]
) -> None:
    site.pages["/x.csv"] = page(b"no", status)
    with pytest.raises(kind, match=r"/x\.csv\?key=…") as caught:
        catalog.create_dataset("d1", "T", site.url("/x.csv?key=abc"), {})
    assert "abc" not in str(caught.value)
    assert "d1" not in catalog
    assert nothing_left(catalog)


def test_nobody_there(catalog: Catalog, site: Site) -> None:
    with pytest.raises(errors.Unreachable, match=r"127\.0\.0\.1:1/x\.csv"):
        catalog.create_dataset("d1", "T", "http://127.0.0.1:1/x.csv?sig=abc", {})
    assert nothing_left(catalog)


def test_what_ends_too_early_is_no_data(catalog: Catalog, site: Site) -> None:
    site.pages["/x.csv"] = page(CSV, announced=len(CSV) + 10)
    with pytest.raises(errors.Unreachable, match=f"{len(CSV)} of {len(CSV) + 10} bytes"):
        catalog.create_dataset("d1", "T", site.url("/x.csv"), {})
    assert "d1" not in catalog
    assert nothing_left(catalog)


class Ranges:
    """A file that breaks off after some bytes, and of which ranges may be asked for."""

    def __init__(self, content: bytes, step: int, etags: list[str]) -> None:
        self.content, self.step, self.etags = content, step, etags

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        etag = self.etags.pop(0) if len(self.etags) > 1 else self.etags[0]
        start = 0
        if handler.headers.get("If-Range") == etag:
            start = int(handler.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        handler.send_response(206 if start else 200)
        handler.send_header("ETag", etag)
        handler.send_header("Accept-Ranges", "bytes")
        size = len(self.content)
        if start:
            handler.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        handler.send_header("Content-Length", str(size - start))
        handler.end_headers()
        handler.wfile.write(self.content[start : start + self.step])
        handler.close_connection = True


@pytest.mark.parametrize("etags", [['"a"'], ['"a"', '"b"']])
def test_it_goes_on_where_it_broke_off(catalog: Catalog, site: Site, etags: list[str]) -> None:
    """And from the beginning where the file has changed meanwhile."""
    content = b"gene,count\n" + b"".join(b"G%d,%d\n" % (i, i) for i in range(20_000))
    site.pages["/x.csv"] = Ranges(content, 70_000, list(etags))
    assert catalog.save("d1", site.url("/x.csv")).open().read() == content
    assert source_of(catalog, "d1")["blake3"] == blake3(content).hexdigest()
    assert source_of(catalog, "d1")["etag"] == etags[-1]
    assert len(site.asked) > 3


def test_it_is_streamed(site: Site, tmp_path: Path) -> None:
    """Of 64 MB, few are in memory at a time."""
    import tracemalloc

    block = bytes(1 << 20)

    def much(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(64 << 20))
        handler.end_headers()
        for _ in range(64):
            handler.wfile.write(block)

    site.pages["/big.bin"] = much
    tracemalloc.start()
    with fetching.fetch(site.url("/big.bin"), tmp_path) as (path, found):
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert path.stat().st_size == 64 << 20
    assert peak < 12 << 20
    assert found.blake3 == blake3(bytes(64 << 20)).hexdigest()


@pytest.mark.parametrize("address", ["http://", "https:///x.csv", "http://x:99999/a.csv"])
def test_what_is_no_address(catalog: Catalog, address: str) -> None:
    with pytest.raises(errors.Invalid, match="address"):
        catalog.create_dataset("d1", "T", address, {})
