"""What is wrong with a built site: each check gives a list of faults, empty when there are none."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import lxml.html

LOADS = {"script": "src", "img": "src", "iframe": "src", "link": "href", "source": "src", "object": "data"}
INERT = {"canonical", "license", "me", "author"}  # link relations that fetch nothing


@cache
def parsed(path: Path) -> Any:
    return lxml.html.fromstring(path.read_text(encoding="utf-8"))


def pages(site: Path) -> list[Path]:
    """Every page, without what is served as a static file."""
    return sorted(path for path in site.rglob("*.html") if "_static" not in path.parts)


def redirects(page: Path) -> str | None:
    """Where a page that only sends its reader on leads."""
    found = re.search(r'http-equiv="refresh" content="\d+; *url=([^"]+)"', page.read_text(), re.IGNORECASE)
    return found and found[1]


@cache
def anchors(path: Path) -> frozenset[str]:
    return frozenset(parsed(path).xpath("//@id")) | frozenset(parsed(path).xpath("//a/@name"))


def links(site: Path) -> list[str]:
    """Links, and things loaded, that lead nowhere in the site."""
    faults = []
    for page in pages(site):
        if (onward := redirects(page)) and not (page.parent / onward).is_file():
            faults.append(f"{page.name}: {onward} leads nowhere")
        tree = parsed(page)
        for where in tree.xpath(
            "//*[local-name()='a']/@*[local-name()='href'] | //img/@src | //script/@src | //link/@href"
        ):
            parts = urlsplit(str(where))
            if parts.scheme or parts.netloc:
                continue
            target = page if not parts.path else (page.parent / unquote(parts.path)).resolve()
            if target.is_dir():
                target = target / "index.html"
            if not target.is_file() or site.resolve() not in target.resolve().parents:
                faults.append(f"{page.name}: {where} leads nowhere")
            elif parts.fragment.startswith("claim=") and "elbo-prove" in anchors(target):
                continue  # the prover reads it
            elif parts.fragment and target.suffix == ".html" and unquote(parts.fragment) not in anchors(target):
                faults.append(f"{page.name}: {where} has no such anchor")
    return faults


def equation_links(site: Path) -> list[str]:
    """References to an equation that do not arrive at that equation's number."""
    faults = []
    for page in pages(site):
        for link in parsed(page).xpath("//a[contains(concat(' ', @class, ' '), ' elbo-eqn ')]"):
            number = link.text_content().strip("() ")
            parts = urlsplit(link.get("href", ""))
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            found = parsed(target).xpath("//*[@id=$anchor]", anchor=parts.fragment) if target.is_file() else []
            if not found:
                faults.append(f"{page.name}: ({number}) leads nowhere")
            elif not re.search(r"\\tag\{" + re.escape(number) + r"\}", found[0].text_content()):
                faults.append(f"{page.name}: ({number}) leads to an element that does not show it")
    return faults


def doubled_ids(site: Path) -> list[str]:
    return [
        f"{page.name}: the id {name} stands {count} times"
        for page in pages(site)
        for name, count in Counter(parsed(page).xpath("//@id")).items()
        if count > 1
    ]


def other_hosts(site: Path) -> list[str]:
    """Things a page would load from elsewhere."""
    faults = []
    for page in pages(site):
        for tag, attribute in LOADS.items():
            for element in parsed(page).iter(tag):
                where = element.get(attribute) or ""
                parts = urlsplit(where)
                if tag == "link" and set((element.get("rel") or "").split()) <= INERT:
                    continue
                if parts.netloc or parts.scheme not in ("", "data"):
                    faults.append(f"{page.name}: <{tag}> loads {where}")
        for where in re.findall(r"(?:url\(|@import\s+)['\"]?((?:https?:)?//[^'\")]+)", page.read_text()):
            faults.append(f"{page.name}: a style loads {where}")
    for sheet in site.rglob("*.css"):
        text = re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.DOTALL)
        for where in re.findall(r"(?:url\(|@import\s+)['\"]?((?:https?:)?//[^'\")]+)", text):
            faults.append(f"{sheet.name}: a style loads {where}")
    return faults


def without_alternative(site: Path) -> list[str]:
    """Pictures that say nothing to a reader who cannot see them."""
    faults = []
    for page in pages(site):
        for image in parsed(page).iter("img"):
            if not (image.get("alt") or "").strip():
                faults.append(f"{page.name}: <img src={image.get('src')!r}> has no alternative text")
        for drawing in parsed(page).xpath("//article//*[local-name()='svg']"):
            if drawing.xpath("ancestor-or-self::*[@aria-hidden='true']"):
                continue
            named = drawing.get("aria-label") or drawing.get("aria-labelledby")
            if not (named or drawing.xpath("./*[local-name()='title']")):
                faults.append(f"{page.name}: an <svg> has neither aria-label nor title")
    return faults


def unrendered(site: Path) -> list[str]:
    """Mathematics in an output that MathJax would pass over: not inside .elbo-math."""
    faults = []
    inside = "ancestor-or-self::*[contains(concat(' ', @class, ' '), ' elbo-math ')]"
    for page in pages(site):
        for output in parsed(page).xpath("//div[contains(@class, 'text_html')]"):
            for element in output.iter():
                texts = [(element, element.text)] + [(element, child.tail) for child in element]
                for owner, text in texts:
                    if isinstance(owner.tag, str) and text and re.search(r"\\[(\[]", text) and not owner.xpath(inside):
                        faults.append(f"{page.name}: mathematics outside .elbo-math: {text.strip()[:60]}")
    return faults


CHECKS = {
    "links": links,
    "equation links": equation_links,
    "doubled ids": doubled_ids,
    "other hosts": other_hosts,
    "alternative text": without_alternative,
    "mathematics": unrendered,
}


# Elements that reach beyond the screen, and that nothing around them lets a reader scroll to.
CUT = """() => [...document.querySelectorAll('article *')].filter(e => {
    if (e.getBoundingClientRect().width === 0 || e.closest('svg') !== null && e.localName !== 'svg') return false;
    if (e.getBoundingClientRect().right <= document.documentElement.clientWidth + 1) return false;
    for (let a = e.parentElement; a; a = a.parentElement) {
        if (['auto', 'scroll'].includes(getComputedStyle(a).overflowX) && a.scrollWidth > a.clientWidth)
            return a.getBoundingClientRect().right > document.documentElement.clientWidth + 1;
        if (getComputedStyle(a).position === 'fixed') return false;
    }
    return true;
}).slice(0, 3).map(e => e.outerHTML.slice(0, 120))"""


def session(browser: Any, scheme: str = "light") -> Any:
    """A browser's session, whose pages share what they loaded."""
    return browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme=scheme)


MARKED = """() => [...document.querySelectorAll('.math, .elbo-math')]
    .some(e => /\\\\[(\\[]/.test(e.textContent) || e.querySelector('mjx-container'))"""
RENDERED = """() => ({
    formulas: document.querySelectorAll('mjx-container').length,
    bare: [...document.querySelectorAll('.math, .elbo-math')].flatMap(e => {
        const walk = document.createTreeWalker(e, NodeFilter.SHOW_TEXT), texts = [];
        while (walk.nextNode()) texts.push(walk.currentNode.data);
        return texts.filter(t => /\\\\[(\\[]/.test(t)).map(t => t.slice(0, 60));
    }),
    errors: [...document.querySelectorAll('mjx-merror, [data-mml-node="merror"]')].map(
        e => e.getAttribute('data-mjx-error') || e.textContent),
})"""
WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


def opened(session: Any, address: str, name: str, widths: tuple[int, ...] = (1280, 390)) -> list[str]:
    """The faults a browser shows on one page, at each width."""
    faults: list[str] = []
    page = session.new_page()

    def said(message: Any) -> None:
        if message.type == "error":
            faults.append(f"console: {message.text}")

    def asked(request: Any) -> None:
        if not request.url.startswith((address, "data:", "blob:")):
            faults.append(f"asks another host: {request.url}")

    page.on("console", said)
    page.on("request", asked)
    page.on("pageerror", lambda error: faults.append(f"error: {error}"))
    page.on("requestfailed", lambda request: faults.append(f"failed: {request.url}"))
    page.goto(f"{address}/{name}", wait_until="load")
    if page.evaluate(MARKED):
        page.wait_for_function("() => window.MathJax?.startup?.promise", timeout=20_000)
        page.evaluate("() => MathJax.startup.promise")
        state = page.evaluate(RENDERED)
        if not state["formulas"]:
            faults.append("mathematics is not rendered")
        faults += [f"not rendered: {text}" for text in state["bare"]]
        faults += [f"MathJax: {text}" for text in state["errors"]]
    for width in widths:
        page.set_viewport_size({"width": width, "height": 900})
        if (wide := page.evaluate(WIDER)) > 0:
            faults.append(f"the page is {wide} px wider than the screen ({width} px)")
        faults += [f"cut off at the right ({width} px): {text}" for text in page.evaluate(CUT)]
    page.close()
    return faults
