"""The page at ``/omicshelf``: where somebody lands who opens the server's address."""

from __future__ import annotations

from html import escape

from jupyter_server.base.handlers import JupyterHandler
from tornado import web

from omicshelf.backend.wire import API

__all__ = ["PageHandler"]

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>omicshelf</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 42rem; margin: 10vh auto; padding: 1rem }}
pre {{ padding: 1rem; border: 1px solid; border-radius: 4px; overflow-x: auto }}
</style>
<h1>omicshelf</h1>
<p>This is a catalog of omics datasets. In a notebook:</p>
<pre>import omicshelf

omicshelf.connect("{address}", token="…")
omicshelf.Catalog("my-atlas").to_frame()</pre>
<p>The token is the one of this server or of your account. Programs in other languages use the
<a href="{api}/openapi.json">REST interface</a>.</p>
</html>
"""


class PageHandler(JupyterHandler):
    """A page for people; programs ask below ``/omicshelf/api``."""

    auth_resource = "omicshelf"

    @web.authenticated
    def get(self) -> None:
        """Say what is here and how to use it."""
        base = self.base_url.rstrip("/")
        address = f"{self.request.protocol}://{self.request.host}{base}/"
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Cache-Control", "no-store")
        self.finish(_PAGE.format(address=escape(address), api=escape(base + API)))
