"""Look at the base components in a browser, in JupyterLab's own themes.

``python tests/front_end/gallery/look.py FOLDER`` builds the gallery, takes its screenshots into
the folder (light, dark; wide, 240 px; twice as large), and tells what axe finds.
"""

from __future__ import annotations

import functools
import http.server
import json
import pathlib
import subprocess
import sys
import threading

from playwright.sync_api import Page, sync_playwright

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[2]
THEMES = pathlib.Path(sys.prefix) / "share/jupyter/lab/themes/@jupyterlab"
PARTS = ("buttons", "fields", "states", "list", "tables", "floats")
FLOATS = ("menu", "popover", "dialog", "confirm")


def build(out: pathlib.Path) -> None:
    """Bundle the gallery with its styles, and a page for each theme."""
    esbuild = ROOT / "node_modules/.bin/esbuild"
    for source, name in (("tests/front_end/gallery/gallery.tsx", "gallery.js"),
                         ("style/index.css", "style.css")):
        subprocess.run(
            [esbuild, ROOT / source, "--bundle", "--format=esm", "--jsx=automatic",
             "--define:process.env.NODE_ENV=\"production\"", "--log-level=warning",
             f"--outfile={out / name}"], check=True, cwd=ROOT)
    for theme in ("light", "dark"):
        css = (THEMES / f"theme-{theme}-extension/index.css").read_text()
        (out / f"{theme}.css").write_text(css)
        (out / f"{theme}.html").write_text(
            '<!doctype html><html lang="en"><meta charset="utf-8"><title>Gallery</title>'
            f'<link rel="stylesheet" href="{theme}.css"><link rel="stylesheet" href="style.css">'
            "<style>body { margin: 0; background: var(--jp-layout-color1); height: 100vh }"
            ".gallery { min-height: 100vh }</style>"
            f'<body data-jp-theme-light="{str(theme == "light").lower()}" '
            f'style="color-scheme: {theme}"><main id="root"></main>'
            '<script type="module" src="gallery.js"></script>')


def accessible(page: Page, where: str) -> int:
    """Tell what axe finds on the page; give how many of it are serious or critical."""
    page.evaluate((ROOT / "node_modules/axe-core/axe.min.js").read_text())
    found = page.evaluate("() => axe.run()")["violations"]
    for one in found:
        targets = [node["target"][0] for node in one["nodes"]][:3]
        print(f"axe {where}: {one['impact']}: {one['id']}: {one['help']} {json.dumps(targets)}")
        print("   ", one["nodes"][0]["failureSummary"].replace("\n", " ")[:300])
    return sum(one["impact"] in ("serious", "critical") for one in found)


def main(out: pathlib.Path) -> int:
    out.mkdir(parents=True, exist_ok=True)
    build(out)
    handler = functools.partial(Quiet, directory=str(out))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    bad = 0
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"])
        for theme in ("light", "dark"):
            for width, zoom in ((900, 1), (240, 1), (900, 2)):
                page = browser.new_page(viewport={"width": width // zoom, "height": 700},
                                        device_scale_factor=zoom)
                page.on("pageerror", lambda error: print("page error:", error))
                for part in PARTS:
                    page.goto(f"{address}/{theme}.html?part={part}")
                    page.wait_for_selector("[data-part]")
                    if part == "states":
                        page.wait_for_selector(".omicshelf-waiting-line")
                    name = f"{part}-{theme}-{width}x{zoom}"
                    page.screenshot(path=out / f"{name}.png", full_page=True)
                    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
                    if wide > 0:
                        print(f"{name}: {wide} px wider than the window")
                    if zoom == 1:
                        bad += accessible(page, name)
                for state in FLOATS:
                    page.goto(f"{address}/{theme}.html?part=floats&state={state}")
                    page.wait_for_selector(".omicshelf-float, .omicshelf-dialog")
                    name = f"{state}-{theme}-{width}x{zoom}"
                    page.screenshot(path=out / f"{name}.png")
                    if zoom == 1:
                        bad += accessible(page, name)
                page.close()
        browser.close()
    server.shutdown()
    print(f"{bad} serious or critical")
    return 1 if bad else 0


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A file server that does not write what it serves."""

    def log_message(self, *args: object) -> None:
        """Write nothing."""


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
