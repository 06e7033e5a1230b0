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
from elboproof.figures import figure

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


def test_a_text_that_reaches_beyond_its_figure_is_found(tmp_path: Path, session: Any) -> None:
    drawn = figure("wide", caption="c", alt="a", shown=False)
    with drawn as ax:
        ax.text(0.5, 0.5, "a name that is too long for where it stands", transform=ax.transAxes)
    (tmp_path / "index.html").write_text(f"<!doctype html><meta charset='utf-8'>{drawn.drawn.html}")
    faults = browser_checks.opened(session, tmp_path.as_uri(), "index.html", looks=())
    assert [text for text in faults if "stands reaches" in text and "beyond fig-wide (320 px)" in text]


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
        ...[...document.querySelectorAll('article details.hide > summary ~ *')].filter(
            e => getComputedStyle(e).opacity !== '1').map(() => 'a fold prints empty'),
        ...(document.querySelector('article h1').checkVisibility() ? [] : ['no title']),
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
    said = {
        "": [],
        "print.css": ["scrolls on paper", "prints empty", "no title"],
        "elbo-print.js": ["dark", "fold is closed"],
    }
    assert [word for word in said[lost] if word not in str(faults)] == []
    assert lost or faults == []


# Styles without which the text is badly laid out, and what is found then
LAYOUTS = [
    ("begins a line", ".elbo-kept { white-space: normal }", "jensen", 390),
    ("scrolls", ".elbo-piece { white-space: nowrap }", "gradients", 1280),
]


@pytest.mark.parametrize(("word", "style", "name", "width"), LAYOUTS)
def test_a_lost_style_is_found(word: str, style: str, name: str, width: int, address: str, session: Any) -> None:
    faults = browser_checks.opened(session, address, f"book/{name}.html", (width,), looks=(), style=style)
    assert any(word in text for text in faults)


# The focus: seen, and given back


def focused(page: Any, *, look: str = "", script: str = "") -> list[str]:
    """What is wrong with the header's buttons under the Tab key, and with the menu that one of them opens."""
    page.set_viewport_size({"width": 768, "height": 900})
    page.reload()
    page.add_style_tag(content=look or "x {}")
    page.evaluate(script or "() => 0")
    faults, seen = [], 0
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate(
            "() => document.activeElement.matches('.primary-toggle, .dropdown-download-buttons > button')"
        ):
            seen += 1
            if page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle") == "none":
                faults.append("the focus cannot be seen")
    faults += [] if seen == 2 else [f"{seen} of 2 buttons reached"]
    page.focus(".primary-toggle")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelector('#pst-primary-sidebar-modal').open")
    page.keyboard.press("Escape")
    page.wait_for_timeout(100)
    if not page.evaluate("() => document.activeElement.matches('.primary-toggle')"):
        faults.append("the focus is lost")
    return faults


def test_the_focus_is_seen_and_given_back(address: str, session: Any) -> None:
    page = session.new_page()
    page.goto(f"{address}/book/jensen.html")
    assert focused(page) == []
    assert "cannot be seen" in str(focused(page, look="button:focus-visible { outline: none !important }"))
    deaf = "() => { const b = document.querySelector('.primary-toggle'); b.focus = () => 0; }"
    assert "is lost" in str(focused(page, script=deaf))
    page.close()
