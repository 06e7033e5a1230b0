"""Every page of the built site, opened in a browser; every check is shown to find a planted fault."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

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
    context = site_checks.session(browser)
    yield context
    context.close()


@pytest.mark.parametrize("name", PAGES)
def test_page_opens(name: str, address: str, session: Any) -> None:
    assert site_checks.opened(session, address, name) == []


def test_page_opens_from_a_file_in_the_dark(html: Path, browser: Any) -> None:
    dark = site_checks.session(browser, "dark")
    assert site_checks.opened(dark, html.as_uri(), "book/index.html", (390,)) == []


STYLE = "Object.assign(document.createElement('link'), {rel: 'stylesheet', href: 'https://elsewhere.example/x.css'})"
BROWSER_FAULTS = [
    ("console", "<script>console.error('oh')</script>"),
    ("error", "<script>throw new Error('oh')</script>"),
    ("another host", "<script>fetch('https://elsewhere.example/').catch(() => 0)</script>"),
    ("another host", f"<script>document.head.append({STYLE})</script>"),
    ("console", "<img src='absent.png' alt='absent'>"),
    ("wider", "<div style='width: 3000px'>wide</div>"),
    ("cut off", "<article style='overflow: hidden'><p style='width: 3000px'>wide</p></article>"),
    ("MathJax", r"<div class='elbo-math'>\[ \frac{1} \]</div>"),
    ("MathJax", r"<div class='elbo-math'>\[ \nosuchthing \]</div>"),
    ("not rendered", r"<p class='math'>\( x \) and \( {y \)</p>"),
    ("not rendered", "<script>MathJax.startup = {typeset: false}</script>"),
]


@pytest.mark.parametrize(("word", "fault"), [("", ""), *BROWSER_FAULTS])
def test_the_browser_finds_a_planted_fault(word: str, fault: str, tmp_path: Path, html: Path, session) -> None:
    text = (html / "book" / "index.html").read_text()
    config = re.search(r"<script>window.MathJax = .*?</script>", text)
    assert config
    script = config[0] + '<script defer src="mathjax/tex-svg-full.js"></script>'
    page = "<!doctype html><link rel=icon href='data:,'>" + r"<p class='math'>\( x \)</p>" + script + fault
    (tmp_path / "index.html").write_text(page)
    (tmp_path / "mathjax").symlink_to(html / "_static" / "mathjax")
    with served(tmp_path) as address:
        faults = site_checks.opened(session, address, "index.html")
    assert any(word in text for text in faults) if word else faults == []
