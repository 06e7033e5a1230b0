"""The book's own search finds an equation by its number, and a term."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import browser_checks
from elboproof.ledger import LEDGER

RESULTS = (
    """() => [...document.querySelectorAll('#search-results ul.search li > a')].map(a => a.getAttribute('href'))"""
)

DONE = "() => /found|did not match/.test(document.querySelector('#search-results').textContent)"


def results(page: Any, site: Path, query: str) -> list[str]:
    """Where the results of a query lead."""
    page.goto(f"{site.as_uri()}/search.html?q={query}")
    page.wait_for_function(DONE, timeout=20_000)
    return page.evaluate(RESULTS)


@pytest.fixture(scope="module")
def page(browser: Any) -> Any:
    context = browser_checks.session(browser)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("query", ["(13)", "13", "equation 13", "eq 13", "add and subtract"])
def test_an_equation_is_found(query: str, page: Any, html: Path) -> None:
    assert any(where.endswith("add-and-subtract.html#eq-13") for where in results(page, html, query))


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("5", "add-and-subtract.html#eq-5"),
        ("(24a)", "joint-expansion.html#eq-24a"),
        ("24a", "joint-expansion.html#eq-24a"),
        ("24A ", "joint-expansion.html#eq-24a"),
    ],
)
def test_an_equation_comes_first(query: str, first: str, page: Any, html: Path) -> None:
    assert results(page, html, query)[0].endswith(first)


def test_nothing_fails_in_a_file(page: Any, html: Path) -> None:
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    assert results(page, html, "evidence")
    page.wait_for_timeout(100)
    assert faults == []


def test_a_term_is_found(page: Any, html: Path) -> None:
    assert any("jensen.html" in where for where in results(page, html, "Jensen"))
    assert results(page, html, "xyzzy") == []


def unfindable(index: str) -> list[str]:
    """Equations that have no entry in the search index."""
    entries = index.split('"indexentries":')[1]
    return [key for key in LEDGER if not all(f'"{say.format(key)}": ' in entries for say in ("({})", "equation {}"))]


def test_every_equation_is_in_the_index(html: Path) -> None:
    index = (html / "searchindex.js").read_text()
    assert unfindable(index) == []
    assert unfindable(index.replace('"(13)": ', '"(31)": ')) == ["13"]
