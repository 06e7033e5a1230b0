"""A cited equation shows its card: by pointer, keyboard and touch, also from a file; planted faults are found."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import browser_checks
import cards
import site_checks
from elboproof.ledger import LEDGER
from live_checks import Watched

PAGE = "book/add-and-subtract.html"
CITED = "article p a.elbo-eqn"
SHOWN = """() => {
    const card = document.querySelector('.elbo-card');
    if (!card) return null;
    const { left, right, top, bottom } = card.getBoundingClientRect();
    const seen = left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight && right - left > 100;
    const drawn = [...card.querySelectorAll('mjx-container svg')].every(svg => svg.getBoundingClientRect().width > 0);
    return { name: card.getAttribute('aria-label'), text: card.textContent, seen, drawn,
             links: [...card.querySelectorAll('.elbo-card-links a')].map(a => a.getAttribute('href')) };
}"""


def faults_of(shown: Any, key: str) -> list[str]:
    if shown is None:
        return ["no card"]
    entry = LEDGER[key]
    faults = [] if shown["name"] == f"Equation ({key})" else [f"the card is called {shown['name']}"]
    faults += [
        f"the card lacks {words}" for words in (entry.title, "✓ proved", entry.rule) if words not in shown["text"]
    ]
    faults += [] if shown["seen"] else ["the card is not on the screen"]
    faults += [] if shown["drawn"] else ["the card's mathematics is not drawn"]
    if shown["links"] != [f"{entry.chapter}.html#{entry.anchor}", f"ledger.html#ledger-{key}"]:
        faults.append(f"the card leads to {shown['links']}")
    return faults


def carded(session: Any, address: str, patches: Any = None) -> list[str]:
    """By pointer and keyboard."""
    watched = Watched(session, address, PAGE, patches)
    page, faults = watched.page, []
    citation = page.locator(CITED).first
    key = citation.text_content().strip("()")

    def none_left(when: str) -> None:
        try:
            page.wait_for_function("() => !document.querySelector('.elbo-card')", timeout=1500)
        except Exception:
            faults.append(f"the card stays {when}")

    def shown() -> Any:
        try:
            page.wait_for_selector(".elbo-card", timeout=1500)
        except Exception:
            return None
        return page.evaluate(SHOWN)

    citation.hover()
    faults += [f"pointer: {fault}" for fault in faults_of(shown(), key)]
    page.mouse.move(1, 1)
    none_left("when the pointer leaves")
    citation.evaluate("a => { const b = document.createElement('button'); a.before(b); b.focus(); }")
    page.keyboard.press("Tab")
    faults += [f"keyboard: {fault}" for fault in faults_of(shown(), key)]
    if page.evaluate("() => [...document.querySelectorAll('.elbo-card, .elbo-card *')].some(e => e.tabIndex >= 0)"):
        faults.append("the Tab key stops in the card")
    page.keyboard.press("ArrowDown")
    if not page.evaluate("() => document.activeElement.matches('.elbo-card a')"):
        faults.append("the arrow does not lead into the card")
    page.keyboard.press("Tab")
    if not page.evaluate("() => document.activeElement.matches('.elbo-card a')"):
        faults.append("Tab does not lead on in the card")
    page.keyboard.press("Escape")
    none_left("after Escape")
    if page.evaluate("() => document.activeElement.textContent") != f"({key})":
        faults.append("Escape does not lead back to the citation")
    return faults + watched.done()


def tapped(browser: Any, address: str, patches: Any = None) -> list[str]:
    """By touch, on a phone; what axe says of an open card."""
    context = browser.new_context(viewport={"width": 390, "height": 700}, has_touch=True)
    watched = Watched(context, address, PAGE, patches)
    page, before = watched.page, watched.page.url
    citation = page.locator(CITED).first
    key = citation.text_content().strip("()")
    citation.tap()
    faults = [f"tap: {fault}" for fault in faults_of(page.evaluate(SHOWN), key)]
    faults += [] if page.url == before else ["the first tap leaves the page"]
    if faults:
        context.close()
        return faults
    page.evaluate(browser_checks.axe())
    found = page.evaluate("() => axe.run('article p:has(.elbo-card)', {resultTypes: ['violations']})")
    faults += [f"axe: {v['id']}" for v in found["violations"] if v["impact"] in ("serious", "critical")]
    citation.tap()
    page.wait_for_timeout(100)
    faults += [] if page.url.endswith(f"#eq-{key}") else [f"the second tap leads to {page.url}"]
    page.goto(f"{address}/{PAGE}")
    near = page.locator(f"{CITED}[href^='#eq-']").first
    near.tap()
    near.tap()
    if "#eq-" not in page.url or page.query_selector(".elbo-card"):
        faults.append("the card stays over what the second tap leads to")
    faults += watched.done()
    context.close()
    return faults


def test_pointer_and_keyboard(session: Any, html: Path) -> None:
    assert carded(session, html.as_uri()) == []  # a file: all that a card needs is in the page


def test_touch(browser: Any, address: str) -> None:
    assert tapped(browser, address) == []


def test_planted_faults_are_found(session: Any, address: str) -> None:
    patches = [
        ("link.after(card);", "document.body.append(card); card.textContent = '';"),
        ('if (event.key === "Escape" && card)', 'if (event.key === "Enter" && card)'),
        ("timer = setTimeout(close, CLOSE)", "timer = 0"),
        ("    card.tabIndex = -1;", "    card.tabIndex = 0;"),
    ]
    faults = str(carded(session, address, {"elbo-cards.js": patches}))
    words = [
        "the card lacks ✓ proved",
        "stays when the pointer",
        "the Tab key stops in the card",
        "the arrow does not lead",
        "Tab does not lead on",
        "stays after Escape",
        "leads to []",
    ]
    assert [word for word in words if word not in faults] == []


def test_planted_faults_under_a_finger_are_found(browser: Any, address: str) -> None:
    faults = str(tapped(browser, address, {"elbo-cards.js": [("event.preventDefault();\n      open(found);", "")]}))
    assert "no card" in faults
    assert "first tap leaves" in faults
    faults = str(tapped(browser, address, {"elbo-cards.js": [("found === link || ", "")]}))
    assert "stays over" in faults


# Every citation in the built pages has its card


def uncarded(page: Path) -> list[str]:
    tree = site_checks.parsed(page)
    held = set(tree.xpath("//template/@data-equation"))
    links = tree.xpath(
        "//article//a[contains(@href, '#eq-')][not(ancestor::template)][not(ancestor::*[local-name()='svg'])]"
    )
    cited = {link.text_content().strip("()") for link in links if re.fullmatch(r"\(\w+\)", link.text_content())}
    return [f"{page.name}: ({key}) has no card" for key in sorted(cited - held)]


def test_every_citation_has_a_card(html: Path) -> None:
    assert [fault for page in site_checks.pages(html) for fault in uncarded(page)] == []
    assert sum("<template" in page.read_text() for page in site_checks.pages(html)) >= 9


def test_a_page_holds_the_cards_of_what_it_cites(tmp_path: Path) -> None:
    text = '<article><a class="elbo-eqn" href="jensen.html#eq-10" title="x">(10)</a> <a href="#eq-5">five</a></article>'
    made = cards.add(text)
    assert re.findall(r'<template[^>]*data-equation="(\w+)"', made) == ["10"]
    assert "Jensen's inequality" in made
    assert 'id="' not in made  # the display itself keeps its anchor
    (tmp_path / "page.html").write_text(text)
    assert uncarded(tmp_path / "page.html") == ["page.html: (10) has no card"]
    assert cards.add("<article>nothing</article>") == "<article>nothing</article>"
