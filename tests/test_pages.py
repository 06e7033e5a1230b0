"""Every page of the built site, opened in a browser; every check is shown to find a planted fault."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import browser_checks
import site_checks
from conftest import ROOT, served

BUILT = ROOT / "_build" / "html"
PAGES = [str(path.relative_to(BUILT)) for path in site_checks.pages(BUILT) if not site_checks.redirects(path)]


@pytest.fixture(scope="module")
def address(html: Path) -> Iterator[str]:
    with served(html) as where:
        yield where


@pytest.fixture(scope="module")
def session(browser: Any) -> Iterator[Any]:
    context = browser_checks.session(browser)
    yield context
    context.close()


@pytest.mark.parametrize("name", PAGES)
def test_page_opens(name: str, address: str, session: Any) -> None:
    assert browser_checks.opened(session, address, name) == []


def test_page_opens_from_a_file_in_the_dark(html: Path, browser: Any) -> None:
    dark = browser_checks.session(browser, "dark")
    assert browser_checks.opened(dark, html.as_uri(), "book/index.html", (390,), looks=()) == []


STYLE = "Object.assign(document.createElement('link'), {rel: 'stylesheet', href: 'https://elsewhere.example/x.css'})"
BROWSER_FAULTS = [
    ("console", "<script>console.error('oh')</script>"),
    ("error", "<script>throw new Error('oh')</script>"),
    ("another host", "<script>fetch('https://elsewhere.example/').catch(() => 0)</script>"),
    ("another host", f"<script>document.head.append({STYLE})</script>"),
    ("console", "<img src='absent.png' alt='absent'>"),
    ("wider", "<div style='width: 3000px'>wide</div>"),
    ("cut off", "<article style='overflow: hidden'><p style='width: 3000px'>wide</p></article>"),
    ("not visible", "<style>article svg { display: none }</style>"),
    ("not visible", "<style>#mj-I-1D465 { d: none }</style>"),
]


@pytest.mark.parametrize(("word", "fault"), [("", ""), *BROWSER_FAULTS])
def test_the_browser_finds_a_planted_fault(word: str, fault: str, tmp_path: Path, session) -> None:
    x = '<svg width="9" height="9"><path id="mj-I-1D465" d="M0 0H9V9z"/><use href="#mj-I-1D465"/></svg>'
    page = (
        "<!doctype html><link rel=icon href='data:,'>" + f"<article><mjx-container>{x}</mjx-container></article>{fault}"
    )
    (tmp_path / "index.html").write_text(page)
    with served(tmp_path) as address:
        faults = browser_checks.opened(session, address, "index.html", (390,), looks=())
    assert any(word in text for text in faults) if word else faults == []


READABLE = """<!doctype html><html lang="en"><head><title>t</title><link rel=icon href='data:,'></head><body><main>
<h1>t</h1><article><p>text</p></article></main></body></html>"""
ABOVE, NARROW = "@media (min-width: 400px)", "@media (max-width: 399px)"
UNREADABLE = [
    ("html-has-lang", 'lang="en"', ""),
    ("image-alt", "text", "<img src='data:image/gif;base64,R0lGODlhAQABAAAAACw='>"),
    ("color-contrast", "text", "<style>[data-theme=dark] p { color: #777; background: #888 }</style>text"),
    ("color-contrast", "text", f"<style>{ABOVE} {{ p {{ color: #777; background: #888 }} }}</style>text"),
    (
        "color-contrast",
        "text",
        "<style>.k { color: #ccc }</style><div class=highlight>text <span class=k>if</span></div>",
    ),
    (
        "label",
        "text",
        f"<style>{NARROW} {{ input {{ display: block !important }} }}</style><input style='display: none'>",
    ),
]


@pytest.mark.parametrize(("word", "old", "new"), [("", "", ""), *UNREADABLE])
def test_axe_finds_a_planted_fault(word: str, old: str, new: str, tmp_path: Path, session: Any) -> None:
    assert old in READABLE
    (tmp_path / "index.html").write_text(READABLE.replace(old, new) if old else READABLE)
    faults = browser_checks.opened(session, tmp_path.as_uri(), "index.html")
    assert any(word in text for text in faults) if word else faults == []


PAPER = """() => {
    window.dispatchEvent(new Event('beforeprint'));
    const shown = [...document.querySelectorAll('.bd-header, .elbo-bar, .headerlink, .prev-next-footer')];
    const wide = [...document.querySelectorAll('article mjx-container svg, article figure svg, article pre')];
    return [
        ...shown.filter(e => e.checkVisibility()).map(e => `shown on paper: ${e.className}`),
        ...[...document.querySelectorAll('.elbo-scroll, article pre')].filter(
            e => ['auto', 'scroll'].includes(getComputedStyle(e).overflowX)).map(() => 'scrolls on paper'),
        ...wide.filter(e => e.getBoundingClientRect().right > innerWidth + 1).map(e => `cut: ${e.outerHTML}`),
        ...(document.documentElement.dataset.theme === 'light' ? [] : ['paper is dark']),
        ...(document.querySelector('article details:not([open])') ? ['a fold is closed'] : []),
    ];
}"""


@pytest.mark.parametrize("lost", ["", "print.css", "elbo-print.js"])
def test_paper(lost: str, html: Path, browser: Any) -> None:
    context = browser.new_context(viewport={"width": 673, "height": 900}, color_scheme="dark")  # A4 within its margins
    page = context.new_page()
    if lost:
        page.route(re.compile(re.escape(lost)), lambda route: route.fulfill(body=""))
    page.goto(f"{html.as_uri()}/book/joint-expansion.html")
    page.emulate_media(media="print")
    faults = page.evaluate(PAPER)
    context.close()
    said = {"": "", "print.css": "scrolls on paper", "elbo-print.js": "dark"}[lost]
    assert said in str(faults) if lost else faults == []
