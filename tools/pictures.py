"""Pictures of the built book for the README: python tools/pictures.py, after make book."""

from __future__ import annotations

import functools
import http.server
import threading
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import sync_playwright

import chromium

ROOT = Path(__file__).resolve().parent.parent
MISTAKE = quote("log p(D) = ELBO(q(theta), p(D,theta)) - KL(q(theta) || p(theta|D))")
SHOTS = {  # file: page, width, height, theme, what to wait for, the element to scroll to
    "landing.png": ("index.html", 1180, 900, "light", "mjx-container", ".bd-article h1"),
    "chapter.png": ("add-and-subtract.html", 1180, 900, "light", "#eq-5 mjx-container", "#eq-5"),
    "prover.png": (f"prove.html#claim={MISTAKE}", 1180, 900, "light", "#elbo-verdict .elbo-table td", "#elbo-verdict"),
    "phone.png": ("add-and-subtract.html", 390, 780, "dark", "#eq-5 mjx-container", "#eq-5"),
}
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--hide-scrollbars"]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


def main() -> None:
    handler = functools.partial(Quiet, directory=str(ROOT / "_build" / "html"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    out = ROOT / "docs"
    out.mkdir(exist_ok=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium.needed(), args=FLAGS)
        for name, (page, width, height, theme, ready, element) in SHOTS.items():
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme=theme,  # type: ignore[arg-type]
            )
            tab = context.new_page()
            tab.goto(f"http://127.0.0.1:{server.server_port}/book/{page}")
            if page.startswith("prove"):
                tab.press("#elbo-claim", "Enter")
            tab.wait_for_selector(ready, state="attached", timeout=60_000)
            tab.wait_for_timeout(800)
            tab.evaluate(f"document.querySelector({element!r}).scrollIntoView({{block: 'center'}})")
            tab.wait_for_timeout(300)
            tab.screenshot(path=out / name)
            print(out / name)
        browser.close()
    server.shutdown()


if __name__ == "__main__":
    main()
