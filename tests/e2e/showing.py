"""The contents of a version in a browser, over a real server, without JupyterLab around them."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "tests/front_end/contents/page.tsx"
THEMES = Path(sys.prefix) / "share/jupyter/lab/themes/@jupyterlab"
_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}


@dataclass
class Showing:
    """The page, bundled, and the server whose data it shows."""

    built: Path
    url: str
    token: str

    @classmethod
    def build(cls, folder: Path, url: str, token: str) -> Showing:
        """Bundle the page, its lazy chunks beside it, with the styles of both themes."""
        esbuild = ROOT / "node_modules/.bin/esbuild"
        for source, name, more in (
            (PAGE, "page", ("--splitting", "--jsx=automatic")),
            (ROOT / "style/index.css", "style", ()),
        ):
            subprocess.run(
                [
                    esbuild,
                    f"{name}={source}",
                    "--bundle",
                    "--format=esm",
                    '--define:process.env.NODE_ENV="production"',
                    "--log-level=error",
                    f"--outdir={folder}",
                    *more,
                ],
                check=True,
                cwd=ROOT,
            )
        for theme in ("light", "dark"):
            css = (THEMES / f"theme-{theme}-extension/index.css").read_text()
            (folder / f"{theme}.css").write_text(css)
            (folder / f"{theme}.html").write_text(_html(theme))
        return cls(folder, url, token)

    def page(self, browser: Browser, width: int = 1082, height: int = 680) -> Page:
        """Make a page that finds the bundle at the server's address."""
        page = browser.new_page(viewport={"width": width, "height": height})
        page.route("**/contents-page/**", self._serve)
        return page

    def go(
        self, page: Page, atlas: str, dataset: str, *, theme: str = "light", **query: Any
    ) -> Page:
        """Show the newest version of a dataset; ``query`` has more of the address."""
        told = urlencode({"token": self.token, "atlas": atlas, "id": dataset, **query})
        page.goto(f"{self.url}contents-page/{theme}.html?{told}")
        return page

    def _serve(self, route: Route) -> None:
        path = self.built / urlsplit(route.request.url).path.rpartition("/")[2]
        if not path.exists():
            route.abort()
            return
        route.fulfill(body=path.read_bytes(), content_type=_TYPES[path.suffix])


def _html(theme: str) -> str:
    light = str(theme == "light").lower()
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Contents</title>'
        f'<link rel="stylesheet" href="{theme}.css"><link rel="stylesheet" href="style.css">'
        "<style>body { margin: 0; background: var(--jp-layout-color1) }"
        "main, .page { height: 100vh } .page { display: flex }</style>"
        f'<body data-jp-theme-light="{light}" style="color-scheme: {theme}"><main id="root"></main>'
        '<script type="module" src="page.js"></script>'
    )
