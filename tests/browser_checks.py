"""What is wrong with a page of a built site once a browser shows it: a list of faults, empty when there are none."""

from __future__ import annotations

import os
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import npm

WIDTHS = (1280, 768, 390)
NARROW = 320  # where only figures are looked at: their texts have a size of their own
Look = tuple[int, str]  # a width and a theme
EVERY: tuple[Look, ...] = tuple(product(WIDTHS, ("light", "dark")))
LOOKS: tuple[Look, ...] = EVERY if os.environ.get("AXE") == "all" else ((1280, "light"), (390, "dark"))

# What axe need not do: fetch style sheets for rules that are off, and look for landmarks, never more than moderate.
READABLE = """async () => {
    const rules = {region: {enabled: false}};
    const found = await axe.run(document, {resultTypes: ['violations'], preload: false, rules});
    return found.violations.filter(({impact}) => ['serious', 'critical'].includes(impact)).flatMap(
        ({id, help, nodes}) => nodes.map(node => `${id}: ${help}: ${node.html.slice(0, 160)}`));
}"""


# Axe's time goes with the number of elements. Of formulas, coloured code and buttons one of each kind is enough, of
# drawings what has a name or takes part; test_site looks inside formulas, and AXE=all leaves everything in.
FEWER = """() => {
    for (const inner of document.querySelectorAll('mjx-container svg, mjx-assistive-mml')) inner.replaceChildren();
    const kinds = new Set();
    for (const e of document.querySelectorAll('mjx-container, .highlight span[class], button.copybtn')) {
        const kind = [e.localName, e.className, e.parentElement.localName, e.getAttribute('role')].join();
        if (kinds.has(kind)) e.replaceWith(e.localName === 'span' ? e.textContent : 'formula'); else kinds.add(kind);
    }
    const named = '[role], [tabindex], [aria-label], title, text';
    for (const e of document.querySelectorAll('article svg *'))
        if (!e.matches(named) && !e.closest('text, title') && !e.querySelector(named)) e.remove();
}"""


@cache
def axe() -> str:
    """axe-core, which knows what keeps people from reading a page, as a script."""
    return (Path(npm.installed()) / "axe-core" / "axe.min.js").read_text()


# Elements that reach beyond the screen, and that nothing around them lets a reader scroll to.
CUT = """() => [...document.querySelectorAll('article *')].filter(e => {
    if (e.getBoundingClientRect().width === 0 || e.closest('svg') !== null && e.localName !== 'svg') return false;
    if (e.closest('mjx-assistive-mml') !== null) return false;  // for screen readers only
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


RENDERED = """() => {
    const drawn = [...document.querySelectorAll('article mjx-container')].filter(e => e.checkVisibility());
    return drawn.filter(e => [...e.querySelectorAll('svg')].some(svg => {
        const box = svg.getBoundingClientRect(), glyph = svg.querySelector('use');
        return box.width === 0 || box.height === 0 || (glyph && glyph.getBBox().width === 0);
    })).map(e => e.textContent.slice(0, 60));
}"""
# Punctuation at the start of a line that belongs to the formula before it, with what follows it.
STRANDED = r"""() => {
    const article = document.querySelector('article') ?? document.body;
    const walk = document.createTreeWalker(article, NodeFilter.SHOW_TEXT);
    const empty = text => !text.data.replace(/[\s\u2060]/g, ''); // the word joiner is no space
    const passed = text => empty(text) || text.parentElement.closest('mjx-assistive-mml, svg');
    return [...article.querySelectorAll('mjx-container:not([display])')].flatMap(formula => {
        const svg = [...formula.querySelectorAll('svg')].at(-1), box = svg.getBoundingClientRect();
        walk.currentNode = svg;
        let text = walk.nextNode();
        while (text && passed(text)) text = walk.nextNode();
        if (!text || !/^[.,;:!?)\]”’]/.test(text.data)) return [];
        const range = document.createRange();
        range.setStart(text, 0);
        range.setEnd(text, 1);
        const mark = range.getBoundingClientRect();
        return mark.width && (mark.left < box.right - 2 || mark.top > box.bottom) ? [text.data.slice(0, 20)] : [];
    });
}"""
OPEN = "() => { for (const fold of document.querySelectorAll('article details')) fold.open = true; }"
# Equations that scroll, and by how much: on a phone that cannot be helped, elsewhere they break.
SCROLLS = """() => [...document.querySelectorAll('article .elbo-scroll')].filter(
    e => e.scrollWidth > e.clientWidth + 2).map(
        e => `${e.scrollWidth - e.clientWidth} px: ${e.textContent.slice(0, 40)}`)"""
# Texts that reach beyond their drawing, and by how many pixels.
BEYOND = """() => [...document.querySelectorAll('figure.elbo-figure svg')].filter(svg => svg.checkVisibility()).flatMap(
    svg => {
        const box = svg.getBoundingClientRect();
        const over = text => {
            const own = text.getBoundingClientRect();
            return Math.max(own.right - box.right, box.left - own.left, box.top - own.top, own.bottom - box.bottom);
        };
        return [...svg.querySelectorAll('text')].filter(text => text.checkVisibility() && over(text) > 1.5).map(
            text => `${text.textContent} reaches ${over(text).toFixed(1)} px beyond ${svg.closest('figure').id}`);
    })"""
# A new width or theme sets transitions going, and what they lead to is looked at. What is then seen, and what
# elbo-scroll.js marks of it, may take a frame each.
SETTLED = """async theme => {
    if (theme) document.documentElement.dataset.theme = theme;
    for (let frame = 0; frame < 4; frame += 1) {
        await new Promise(requestAnimationFrame);
        for (const moving of document.getAnimations()) if (moving instanceof CSSTransition) moving.finish();
    }
}"""
WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


def look(page: Any, width: int, theme: str = "") -> None:
    """Give a page a width, and a theme, and wait until it has settled."""
    page.set_viewport_size({"width": width, "height": 900})
    page.evaluate(SETTLED, theme)


def opened(
    session: Any,
    address: str,
    name: str,
    widths: tuple[int, ...] = WIDTHS,
    looks: tuple[Look, ...] = LOOKS,
    style: str = "",
) -> list[str]:
    """The faults a browser shows on one page with its folds open, at each width, and what axe finds at each look."""
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
    faults += [f"a formula is not visible: {text}" for text in page.evaluate(RENDERED)]
    page.evaluate(OPEN)
    if style:
        page.add_style_tag(content=style)
    for width in widths:
        look(page, width)
        if (wide := page.evaluate(WIDER)) > 0:
            faults.append(f"the page is {wide} px wider than the screen ({width} px)")
        faults += [f"cut off at the right ({width} px): {text}" for text in page.evaluate(CUT)]
        faults += [f"begins a line ({width} px): {text}" for text in page.evaluate(STRANDED)]
        faults += [f"{text} ({width} px)" for text in page.evaluate(BEYOND)]
        if width >= 768:
            faults += [f"scrolls ({width} px) by {text}" for text in page.evaluate(SCROLLS)]
    if page.query_selector("figure.elbo-figure"):
        look(page, NARROW)
        faults += [f"{text} ({NARROW} px)" for text in page.evaluate(BEYOND)]
    if looks:
        page.evaluate(axe())
        if looks is not EVERY:
            page.evaluate(FEWER)
    for width, theme in looks:
        look(page, width, theme)
        faults += [f"axe ({width} px, {theme}): {text}" for text in page.evaluate(READABLE)]
    page.close()
    return faults
