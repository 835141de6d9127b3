"""The page at ``/omicshelf``: where somebody lands who opens the server's address.

It is the front end's page, which lists the datasets and shows each, where that was built; else
a few words on how to use the catalog from Python.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Any

from jupyter_server.base.handlers import JupyterHandler
from tornado import web

from omicshelf.backend.wire import API

__all__ = ["STATIC", "PageFileHandler", "PageHandler"]

STATIC = Path(__file__).parents[1] / "static"
"""What the front end's build leaves: ``standalone.js``, its style and its parts."""

# Everything comes from this server. WebAssembly hashes what is uploaded; previews of attached
# pages are framed from memory, and run nothing.
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "frame-src 'self' blob:",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>omicshelf</title>
<link rel="stylesheet" href="{static}/standalone.css?v={build}">
<div id="omicshelf" data-base-url="{base}"></div>
<noscript>{words}</noscript>
<script type="module" src="{static}/standalone.js?v={build}"></script>
</html>
"""

_WORDS_ALONE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>omicshelf</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 42rem; margin: 10vh auto; padding: 1rem }}
pre {{ padding: 1rem; border: 1px solid; border-radius: 4px; overflow-x: auto }}
</style>
{words}
</html>
"""

_WORDS = """<h1>omicshelf</h1>
<p>This is a catalog of omics datasets. In a notebook:</p>
<pre>import omicshelf

omicshelf.connect("{address}", token="…")
omicshelf.Catalog("my-atlas").to_frame()</pre>
<p>The token is the one of this server or of your account. Programs in other languages use the
<a href="{api}/openapi.json">REST interface</a>.</p>
"""


class PageHandler(JupyterHandler):
    """A page for people; programs ask below ``/omicshelf/api``."""

    auth_resource = "omicshelf"

    @property
    def content_security_policy(self) -> str:
        return _POLICY

    @web.authenticated
    def get(self) -> None:
        """Give the page, or say what is here and how to use it."""
        base = self.base_url.rstrip("/")
        address = f"{self.request.protocol}://{self.request.host}{base}/"
        words = _WORDS.format(address=escape(address), api=escape(base + API))
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Cache-Control", "no-store")
        # Made when it is asked for: the page's requests carry it back.
        _ = self.xsrf_token
        build = build_of(STATIC)
        if build is None:
            self.finish(_WORDS_ALONE.format(words=words))
            return
        static = escape(f"{base}/omicshelf/static")
        page = _PAGE.format(base=escape(f"{base}/"), static=static, build=build, words=words)
        self.finish(page)


class PageFileHandler(JupyterHandler, web.StaticFileHandler):
    """The files of the page, for who may see the page."""

    auth_resource = "omicshelf"

    @property
    def content_security_policy(self) -> str:
        return _POLICY

    async def get(self, path: str, include_body: bool = True) -> None:
        """Give a file of the build."""
        if not self.current_user:
            raise web.HTTPError(403)
        await web.StaticFileHandler.get(self, path, include_body)

    def set_extra_headers(self, path: str) -> None:
        """Let a browser keep what has the build's name in its address."""
        self.set_header("X-Content-Type-Options", "nosniff")
        is_named = "v" in self.request.query_arguments or path.startswith("page/")
        self.set_header("Cache-Control", "private, max-age=31536000" if is_named else "no-cache")

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Say nothing but the status: no page of Jupyter's belongs into a script."""
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(str(status_code))


def build_of(folder: Path) -> str | None:
    """Give what tells one build of the front end from another; None where there is none."""
    try:
        facts = (folder / "standalone.js").stat()
    except OSError:
        return None
    return _hash_of(folder / "standalone.js", facts.st_mtime_ns)


@cache
def _hash_of(path: Path, _changed: int) -> str:
    return sha256(path.read_bytes()).hexdigest()[:16]
