"""The whole book in one PDF, _build/pdf/book.pdf, by an installed Chromium: python tools/pdf.py, after make book."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import yaml

import chromium
import onepage

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "_build" / "html"
OUT = ROOT / "_build" / "pdf"
WIDTH = 673  # px: the text of an A4 page within its margins (print.css)
SMALLEST = 7 * 4 / 3  # px: 7 pt
# Tables do not wrap between their columns: those that are wider than the text are made smaller, down to SMALLEST, and
# cut into two where that is not enough. What is still too small is returned.
FIT = """least => {
    const size = table => parseFloat(getComputedStyle(table).fontSize);
    const fit = table => {
        const zoom = table.parentElement.clientWidth / table.getBoundingClientRect().width;
        if (zoom >= 1) return [];
        const columns = table.rows[0].cells.length;
        const even = [...table.rows].every(row => row.cells.length === columns);
        if (size(table) * zoom >= least || columns < 4 || !even) {
            table.style.zoom = zoom;
            return size(table) * zoom >= least ? [] : [table];
        }
        const kept = 1 + Math.ceil((columns - 1) / 2), rest = table.cloneNode(true);
        for (const row of table.rows) for (let n = columns; n > kept; n--) row.lastElementChild.remove();
        for (const row of rest.rows) for (let n = 1; n < kept; n++) row.cells[1].remove();
        table.after(rest);
        return [...fit(table), ...fit(rest)];
    };
    return [...document.querySelectorAll('.elbo-chapter table')].flatMap(fit).map(table =>
        table.closest('.elbo-chapter').id + ': ' + table.outerHTML.slice(0, 100));
}"""
# Formulas, figures and tables that would reach beyond the paper.
CUT = """() => [...document.querySelectorAll('mjx-container svg, figure svg, table, img')].filter(e =>
    e.getBoundingClientRect().right > document.documentElement.clientWidth + 1
).map(e => (e.closest('.elbo-chapter')?.id ?? '') + ': ' + e.outerHTML.slice(0, 100))"""
# The page on which each entry of the contents starts.
TELL = """starts => {
    for (const link of document.querySelectorAll('.elbo-contents a')) link.dataset.page = starts[link.hash.slice(1)];
}"""
FOOT = '<div style="font-size: 8px; width: 100%; text-align: center"><span class="pageNumber"></span></div>'


def edition() -> str:
    """The version, and the day of the last commit where there is one."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    day = ""
    if shutil.which("git"):
        asked = ["git", "log", "-1", "--format=%cs", "--", "."]
        day = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True).stdout.strip()
    return f"Version {version}" + (f", {day}" if day else "")


def starts(pdf: bytes) -> dict[str, int]:
    """The page on which each named destination lies, of a file as Chromium writes it: no object is compressed."""
    objects = dict(re.findall(rb"\n(\d+) 0 obj\n(.*?)\nendobj", pdf, re.DOTALL))

    def leaves(node: bytes) -> list[bytes]:
        kids = re.search(rb"/Kids \[(.*?)\]", objects[node])
        return [leaf for kid in re.findall(rb"(\d+) 0 R", kids[1]) for leaf in leaves(kid)] if kids else [node]

    found = re.search(rb"/Type /Catalog\n/Pages (\d+) 0 R\n/Dests (\d+) 0 R", pdf)
    if not found:
        raise ValueError("expected a catalog with pages and destinations, found none")
    pages = {page: number for number, page in enumerate(leaves(found[1]), 1)}
    places = re.findall(rb"/(\S+) \[(\d+) 0 R /XYZ", objects[found[2]])
    return {re.sub("#(..)", lambda m: chr(int(m[1], 16)), name.decode()): pages[page] for name, page in places}


def print_with_pages(page: Any, path: Path, printings: int = 4) -> None:
    """Print until the contents name the pages on which things start."""
    told: dict[str, int] = {}
    for _ in range(printings):
        page.pdf(
            path=path,
            prefer_css_page_size=True,
            print_background=True,
            display_header_footer=True,
            header_template="<span></span>",
            footer_template=FOOT,
            outline=True,
            tagged=True,
        )
        found = starts(path.read_bytes())
        if found == told:
            return
        page.evaluate(TELL, found)
        told = found
    raise SystemExit(f"expected the pages of the contents to stay after {printings} printings, found them to move")


def main() -> None:
    from playwright.sync_api import sync_playwright

    settings = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    OUT.mkdir(parents=True, exist_ok=True)
    whole = OUT / "book.html"
    text = onepage.assemble(SITE, onepage.order(ROOT / "_toc.yml"), settings["title"], settings["author"], edition())
    whole.write_text(text, encoding="utf-8")
    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=chromium.needed(), args=["--no-sandbox", "--disable-gpu"])
        page = opened.new_page(viewport={"width": WIDTH, "height": 1000})
        page.emulate_media(media="print", color_scheme="light")
        page.goto(whole.as_uri(), wait_until="load")
        if small := page.evaluate(FIT, SMALLEST):
            raise SystemExit("expected tables to be readable in 7 pt or more, found smaller:\n" + "\n".join(small))
        if cut := page.evaluate(CUT):
            raise SystemExit("expected everything within the paper's width, found beyond it:\n" + "\n".join(cut))
        print_with_pages(page, OUT / "book.pdf")
        opened.close()
    print(f"open {OUT / 'book.pdf'} ({(OUT / 'book.pdf').stat().st_size / 1e6:.1f} MB)")


if __name__ == "__main__":
    main()
