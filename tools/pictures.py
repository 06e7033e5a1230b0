"""Pictures of the built book for the README: python tools/pictures.py, after make book."""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import threading
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
SHOTS = {  # file: page, width, height, theme, the element to scroll to
    "landing.png": ("index", 1180, 900, "light", ".bd-article h1"),
    "chapter.png": ("add-and-subtract", 1180, 900, "light", "#eq-5"),
    "phone.png": ("add-and-subtract", 390, 780, "dark", "#eq-5"),
}
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--hide-scrollbars"]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


def main() -> None:
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        raise SystemExit("expected a Chromium on the path, or named by CHROMIUM; found none")
    handler = functools.partial(Quiet, directory=str(ROOT / "_build" / "html"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    out = ROOT / "docs"
    out.mkdir(exist_ok=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=FLAGS)
        for name, (page, width, height, theme, element) in SHOTS.items():
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme=theme,  # type: ignore[arg-type]
            )
            tab = context.new_page()
            tab.goto(f"http://127.0.0.1:{server.server_port}/book/{page}.html")
            tab.wait_for_function("document.querySelectorAll('mjx-container').length > 0")
            tab.wait_for_timeout(800)
            tab.evaluate(f"document.querySelector({element!r}).scrollIntoView({{block: 'center'}})")
            tab.wait_for_timeout(300)
            tab.screenshot(path=out / name)
            print(out / name)
        browser.close()
    server.shutdown()


if __name__ == "__main__":
    main()
