"""Look at the base components in a browser, in JupyterLab's own themes.

``python tests/front_end/gallery/look.py FOLDER`` builds the gallery, takes its screenshots into
the folder (light, dark; wide, 240 px; twice as large), tells what axe finds, and walks through
them by keyboard, with React as in JupyterLab and with Preact as in widgets.
"""

from __future__ import annotations

import functools
import http.server
import json
import pathlib
import subprocess
import sys
import threading

from playwright.sync_api import Page, expect, sync_playwright

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[2]
THEMES = pathlib.Path(sys.prefix) / "share/jupyter/lab/themes/@jupyterlab"
PARTS = ("buttons", "fields", "states", "list", "tables", "floats")
FLOATS = ("menu", "popover", "dialog", "confirm", "toasts")


PREACT = [
    "--alias:react=preact/compat",
    "--alias:react-dom=preact/compat",
    "--alias:react-dom/client=preact/compat/client",
    "--alias:react/jsx-runtime=preact/jsx-runtime",
]


def build(out: pathlib.Path, *, preact: bool = False) -> None:
    """Bundle the gallery with its styles, and a page for each theme."""
    for source, name in (
        (HERE / "gallery.tsx", "gallery.js"),
        (ROOT / "style/index.css", "style.css"),
    ):
        command = [
            *(ROOT / "node_modules/.bin/esbuild", source, "--bundle", "--format=esm"),
            *("--jsx=automatic", '--define:process.env.NODE_ENV="production"'),
            *("--log-level=warning", f"--outfile={out / name}"),
            *(PREACT if preact else []),
        ]
        subprocess.run(command, check=True, cwd=ROOT)
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
            '<script type="module" src="gallery.js"></script>'
        )


def accessible(page: Page, where: str) -> int:
    """Tell what axe finds on the page; give how many of it are serious or critical."""
    page.evaluate((ROOT / "node_modules/axe-core/axe.min.js").read_text())
    found = page.evaluate("() => axe.run()")["violations"]
    for one in found:
        targets = [node["target"][0] for node in one["nodes"]][:3]
        print(f"axe {where}: {one['impact']}: {one['id']}: {one['help']} {json.dumps(targets)}")
        print("   ", one["nodes"][0]["failureSummary"].replace("\n", " ")[:300])
    return sum(one["impact"] in ("serious", "critical") for one in found)


def walk(page: Page, address: str) -> None:
    """Use the parts by keyboard, as a browser does it and a simulated one may not."""
    keys = page.keyboard
    focused = "document.activeElement.textContent"

    page.goto(f"{address}/light.html?part=floats")
    page.get_by_role("button", name="Dialog").focus()
    keys.press("Enter")
    expect(page.get_by_role("dialog", name="Roll back to v2?")).to_be_visible()
    assert page.evaluate(focused) == "Roll back to v2"
    keys.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "INPUT"
    keys.press("Tab")
    keys.press("ArrowDown")
    option = page.get_by_role("option", name="Homo sapiens")
    expect(option).to_be_visible()
    box = option.bounding_box()
    seen = "at => document.elementFromPoint(at[0], at[1]).closest('[role=option]') !== null"
    assert box
    assert page.evaluate(seen, [box["x"] + 9, box["y"] + 9]), "above the dialog"
    keys.press("Escape")
    expect(option).to_be_hidden()
    keys.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert page.evaluate(focused) == "Dialog"

    page.get_by_role("button", name="Menu").focus()
    keys.press("Enter")
    keys.press("d")
    assert page.evaluate(focused).startswith("Delete")
    # What opens stays in the window, at its lower edge too.
    page.evaluate("document.querySelector('main').style.paddingTop = '640px'")
    page.evaluate("dispatchEvent(new Event('resize'))")
    box = page.get_by_role("menu").bounding_box()
    assert box
    assert box["y"] + box["height"] <= 700
    keys.press("Escape")
    assert page.evaluate(focused) == "Menu"

    page.goto(f"{address}/light.html?part=list&n=100000")
    page.get_by_role("row").first.focus()
    keys.press("End")
    page.wait_for_function("document.activeElement.textContent.includes('reduced_99999')")
    keys.press("Tab")
    assert page.evaluate(focused) == "Load"

    # A host's panel may clip what is in it, and be what "fixed" is measured from.
    page.goto(f"{address}/light.html?part=fields")
    page.evaluate(
        "document.querySelector('.gallery').style.cssText = "
        "'contain: strict; height: 150px; overflow: hidden; margin: 20px; min-height: 0'"
    )
    select = page.get_by_role("combobox", name="Organism")
    select.focus()
    keys.press("Enter")
    option = page.get_by_role("option").nth(1)
    expect(option).to_be_visible()
    box, above = option.bounding_box(), select.bounding_box()
    assert box
    assert above
    assert page.evaluate(seen, [box["x"] + 9, box["y"] + 9]), "not clipped"
    assert abs(box["x"] - above["x"]) < 3

    page.goto(f"{address}/light.html?part=buttons")
    page.get_by_role("button", name="More").hover()
    expect(page.get_by_role("tooltip")).to_have_text("More")
    keys.press("Escape")
    expect(page.get_by_role("tooltip")).to_be_hidden()


def photograph(page: Page, address: str, out: pathlib.Path, name: str) -> int:
    """Take the screenshots of all parts in a theme and width; give what axe finds grave."""
    bad = 0
    theme = name.partition("-")[0]
    for part in (*PARTS, *FLOATS):
        floats = part in FLOATS
        query = f"part=floats&state={part}" if floats else f"part={part}"
        page.goto(f"{address}/{theme}.html?{query}")
        page.wait_for_selector(
            ".omicshelf-float, .omicshelf-dialog, .omicshelf-toast" if floats else "[data-part]"
        )
        if part == "states":
            page.wait_for_selector(".omicshelf-waiting-line")
        page.screenshot(path=out / f"{part}-{name}.png", full_page=not floats)
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if wide > 0:
            print(f"{part}-{name}: {wide} px wider than the window")
            bad += 1
        bad += accessible(page, f"{part}-{name}")
    return bad


def main() -> int:
    """Build, walk through with React and with Preact, and take the screenshots."""
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    handler = functools.partial(Quiet, directory=str(out))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    bad = 0
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        for preact in (True, False):
            build(out, preact=preact)
            page = browser.new_page(viewport={"width": 900, "height": 700})
            page.on("pageerror", lambda error: print("page error:", error))
            walk(page, address)
            page.close()
        for theme in ("light", "dark"):
            for width, zoom in ((900, 1), (240, 1), (900, 2)):
                page = browser.new_page(
                    viewport={"width": width // zoom, "height": 700}, device_scale_factor=zoom
                )
                bad += photograph(page, address, out, f"{theme}-{width}x{zoom}")
                page.close()
        browser.close()
    server.shutdown()
    print(f"{bad} faults")
    return 1 if bad else 0


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A file server that does not write what it serves."""

    def log_message(self, *args: object) -> None:
        """Write nothing."""


if __name__ == "__main__":
    sys.exit(main())
