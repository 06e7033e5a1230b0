"""The whole book in one PDF, _build/pdf/book.pdf, by an installed Chromium: python tools/pdf.py, after make book."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import yaml

import onepage

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "_build" / "html"
OUT = ROOT / "_build" / "pdf"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WIDTH = 673  # px: the text of an A4 page within its margins (print.css)
# Tables do not wrap between their columns: those that are wider than the text are made smaller.
FIT = """() => {
    for (const table of document.querySelectorAll('.elbo-chapter table')) {
        const room = table.parentElement.clientWidth;
        if (table.getBoundingClientRect().width > room) table.style.zoom = room / table.getBoundingClientRect().width;
    }
}"""
# Formulas, figures and tables that would reach beyond the paper.
CUT = """() => [...document.querySelectorAll('mjx-container svg, figure svg, table, img')].filter(e =>
    e.getBoundingClientRect().right > document.documentElement.clientWidth + 1
).map(e => (e.closest('.elbo-chapter')?.id ?? '') + ': ' + e.outerHTML.slice(0, 100))"""
FOOT = '<div style="font-size: 8px; width: 100%; text-align: center"><span class="pageNumber"></span></div>'


def browser() -> str:
    named = os.environ.get("CHROMIUM")
    found = named or next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if not found:
        raise SystemExit("expected an installed Chromium (on Debian: apt-get install chromium), found none")
    return found


def main() -> None:
    from playwright.sync_api import sync_playwright

    settings = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    OUT.mkdir(parents=True, exist_ok=True)
    whole = OUT / "book.html"
    text = onepage.assemble(SITE, onepage.order(ROOT / "_toc.yml"), settings["title"], settings["author"])
    whole.write_text(text, encoding="utf-8")
    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=browser(), args=["--no-sandbox", "--disable-gpu"])
        page = opened.new_page(viewport={"width": WIDTH, "height": 1000})
        page.emulate_media(media="print", color_scheme="light")
        page.goto(whole.as_uri(), wait_until="load")
        page.evaluate(FIT)
        if cut := page.evaluate(CUT):
            raise SystemExit("expected everything within the paper's width, found beyond it:\n" + "\n".join(cut))
        page.pdf(
            path=OUT / "book.pdf",
            prefer_css_page_size=True,
            print_background=True,
            display_header_footer=True,
            header_template="<span></span>",
            footer_template=FOOT,
            outline=True,
            tagged=True,
        )
        opened.close()
    print(f"open {OUT / 'book.pdf'} ({(OUT / 'book.pdf').stat().st_size / 1e6:.1f} MB)")


if __name__ == "__main__":
    main()
