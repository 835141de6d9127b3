"""What an attached page can do in a real browser, to a user who is logged in: nothing.

Chromium is Debian's; the tests are skipped where it or playwright is absent.
"""

from __future__ import annotations

import http.server
import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from attackers import User

from omicshelf.backend.wire import API
from omicshelf.testing.servers.jupyter import JupyterServer, jupyter
from suite import REQUIRED

CHROMIUM = shutil.which("chromium")
SECRET = "k7secretword"

# It leaves a trace wherever it can: the title, the page around it, storage, and the server.
SCRIPT = """
document.title = 'ACTED';
try { window.parent.acted = 'parent ' + document.cookie; } catch (e) {}
try { localStorage.setItem('acted', 'yes'); } catch (e) {}
fetch('/api/contents').then(r => r.text()).then(t => { document.title = 'READ ' + t; });
fetch('/api/contents', {method: 'POST', body: '{}', credentials: 'include'});
"""
PAGE = f"<!doctype html><html><body onload=\"document.title='ACTED'\"><script>{SCRIPT}</script>"
PAGES = {
    "page.html": PAGE,
    "image.svg": '<svg xmlns="http://www.w3.org/2000/svg" onload="document.title=\'ACTED\'">'
    f"<script>{SCRIPT.replace('=>', '=&gt;')}</script></svg>",
    "page.xhtml": f'<html xmlns="http://www.w3.org/1999/xhtml"><body><script><![CDATA[{SCRIPT}]]>'
    "</script></body></html>",
    "page.xml": f'<x xmlns:h="http://www.w3.org/1999/xhtml"><h:script>//<![CDATA[\n{SCRIPT}//]]>'
    "</h:script></x>",
    "no-ending": PAGE,
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A real Chromium that talks to nobody but loopback."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        absent = "playwright is not installed: pip install playwright"
    else:
        absent = "" if CHROMIUM else "there is no chromium: apt-get install chromium"
    if absent:
        (pytest.fail if REQUIRED else pytest.skip)(absent)
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-background-networking", "--disable-gpu"]
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        try:
            yield running
        finally:
            running.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    folder = tmp_path_factory.mktemp("browser")
    with jupyter(folder) as running:
        (folder / "root" / f"{SECRET}.txt").write_text("mine")
        ada = User(running, "ada")  # type: ignore[arg-type]
        assert ada.put("pages", b"gene,n\nTP53,1\n", "csv").status_code == 201
        for name, text in PAGES.items():
            assert ada.attach("pages", name, text.encode()).status_code == 201
        yield running


@pytest.fixture
def page(browser: Any, server: JupyterServer) -> Iterator[Any]:
    """A page of the server's origin, of a user who is logged in by a cookie."""
    context = browser.new_context(accept_downloads=True)
    try:
        made = context.new_page()
        made.goto(f"{server.url}omicshelf/health")
        made.goto(f"{server.url}api/status?token={server.token}")
        assert any(one["name"].startswith("username-") for one in context.cookies())
        # A page of the origin, as JupyterLab is: that of the API forbids scripts to fetch.
        start = "<!doctype html><title>start</title><body></body>"
        made.route("**/start.html", lambda r: r.fulfill(content_type="text/html", body=start))
        made.goto(f"{server.url}start.html")
        # The cookie alone is enough from here: what a script in this origin could do.
        assert SECRET in made.evaluate("fetch('/api/contents').then(r => r.text())")
        yield made
    finally:
        context.close()


def address(name: str) -> str:
    return f"{API}/atlases/atlas/datasets/pages/files/{name}/content"


def log_of(server: JupyterServer) -> str:
    """Give what the server says of requests to its files: a refused POST would show."""
    return "\n".join(line for line in server.log.splitlines() if "/api/contents" in line)


@pytest.mark.parametrize("name", PAGES)
def test_going_to_an_attached_page_downloads_it(
    page: Any, server: JupyterServer, name: str
) -> None:
    before, place = log_of(server), page.url
    with page.expect_download() as caught:
        page.evaluate(f"window.location = {json.dumps(address(name))}")
    assert Path(caught.value.path()).read_text() == PAGES[name]
    assert caught.value.suggested_filename.startswith(name.partition(".")[0])
    assert page.url == place
    assert page.title() not in ("ACTED", "READ")
    assert page.evaluate("localStorage.getItem('acted')") is None
    assert log_of(server) == before


@pytest.mark.parametrize("tag", ["iframe", "object", "embed"])
@pytest.mark.parametrize("name", ["page.html", "image.svg", "page.xhtml"])
def test_an_attached_page_within_another_does_not_act(
    page: Any, server: JupyterServer, name: str, tag: str
) -> None:
    before = log_of(server)
    source = "data" if tag == "object" else "src"
    with page.expect_response(lambda answer: address(name) in answer.url) as caught:
        page.evaluate(
            f"""() => {{
                const made = document.createElement('{tag}');
                made.{source} = {json.dumps(address(name))};
                document.body.append(made);
            }}"""
        )
    assert caught.value.status == 200
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.acted") is None
    assert page.evaluate("localStorage.getItem('acted')") is None
    texts = [frame.content() for frame in page.frames if frame != page.main_frame]
    assert not any("ACTED" in text for text in texts)
    assert log_of(server) == before


def test_as_a_script_a_style_or_an_image_it_does_not_act(page: Any, server: JupyterServer) -> None:
    before = log_of(server)
    outcome = page.evaluate(
        """async ([script, image]) => {
            const load = (tag, key, value) => new Promise(done => {
                const made = document.createElement(tag);
                made.onload = () => done('load');
                made.onerror = () => done('error');
                made[key] = value;
                document.head.append(made);
            });
            return [await load('script', 'src', script), await load('img', 'src', image)];
        }""",
        [address("page.html"), address("image.svg")],
    )
    assert outcome[0] == "error"  # nosniff: HTML is no script
    assert page.evaluate("window.acted") is None
    assert page.title() != "ACTED"
    assert log_of(server) == before


def test_the_page_would_act_if_it_were_served_plainly(page: Any, server: JupyterServer) -> None:
    """What the tests above look for happens where nothing stands between."""
    page.route("**/plain.html", lambda route: route.fulfill(content_type="text/html", body=PAGE))
    page.goto(f"{server.url}plain.html")
    page.wait_for_function("document.title.startsWith('READ')")
    assert SECRET in page.title()
    assert page.evaluate("localStorage.getItem('acted')") == "yes"
    page.evaluate("localStorage.removeItem('acted')")


# -- a page of another origin


@contextmanager
def elsewhere(html: str) -> Iterator[str]:
    """Serve a page from another origin of loopback."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(html.encode())

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        try:
            # The same site as the server's, so that the browser sends the cookies along.
            yield f"http://127.0.0.1:{running.server_port}/"
        finally:
            running.shutdown()
            thread.join()


def test_a_form_of_another_origin_writes_nothing(page: Any, server: JupyterServer) -> None:
    target = f"{server.url.rstrip('/')}{API}/atlases"
    name = '{"name": "forged", "description": "'
    form = (
        f'<form id="f" method="post" enctype="text/plain" action="{target}">'
        f"<input name='{name}' value='\"}}'></form>"
    )
    with elsewhere(form) as origin:
        page.goto(origin)
        with page.expect_response(target) as caught:
            page.evaluate("document.getElementById('f').submit()")
        assert "cookie" in caught.value.request.all_headers()
        assert caught.value.status in (401, 403)
    names = [one["name"] for one in User(server, "ada").get("/atlases").json()["atlases"]]  # type: ignore[arg-type]
    assert names == ["atlas"]


@pytest.mark.parametrize("kind", ["text/plain", "application/json"])
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_a_fetch_of_another_origin_writes_nothing(
    page: Any, server: JupyterServer, method: str, kind: str
) -> None:
    path = "/atlases" if method == "POST" else "/atlases/atlas/datasets/pages"
    target = f"{server.url.rstrip('/')}{API}{path}"
    with elsewhere("<title>elsewhere</title>") as origin:
        page.goto(origin)
        answers: list[Any] = []
        page.on("response", lambda answer: answers.extend([answer]))
        outcome = page.evaluate(
            """([url, method, kind]) => fetch(url, {
                method, credentials: 'include', mode: 'cors',
                headers: {'Content-Type': kind}, body: '{"name": "forged"}',
            }).then(r => r.text(), e => 'blocked')""",
            [target, method, kind],
        )
        assert outcome == "blocked"
        assert all(a.status in (401, 403, 204) for a in answers if a.request.method != "OPTIONS")
    ada = User(server, "ada")  # type: ignore[arg-type]
    assert [one["name"] for one in ada.get("/atlases").json()["atlases"]] == ["atlas"]
    assert ada.get("/atlases/atlas/datasets/pages").status_code == 200


def test_a_page_of_another_origin_reads_nothing(page: Any, server: JupyterServer) -> None:
    target = f"{server.url.rstrip('/')}{API}/atlases"
    with elsewhere("<title>elsewhere</title>") as origin:
        page.goto(origin)
        outcome = page.evaluate(
            "url => fetch(url, {credentials: 'include'}).then(r => r.text(), e => 'blocked')",
            target,
        )
    assert outcome == "blocked"
