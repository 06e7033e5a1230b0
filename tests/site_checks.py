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


NUMBER = "descendant::*[contains(concat(' ', @class, ' '), ' elbo-number ')]"


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
            elif f"({number})" not in (shown.text_content() for shown in found[0].xpath(NUMBER)):
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


MARKED = "contains(concat(' ', @class, ' '), ' math ') or contains(concat(' ', @class, ' '), ' elbo-math ')"


def undrawn(site: Path) -> list[str]:
    """Mathematics that is not drawn, or drawn with a glyph that the page does not have."""
    faults = []
    for page in pages(site):
        tree = parsed(page)
        for element in tree.xpath(f"//div[contains(@class, 'text_html')] | //*[{MARKED}]"):
            text = "".join(element.xpath(".//text()[not(ancestor::code or ancestor::pre)]"))
            if found := re.search(r"\\[(\[].{0,60}", text):
                faults.append(f"{page.name}: not drawn: {found[0]}")
        for formula in tree.iter("mjx-container"):
            if not formula.xpath(".//math") or not formula.xpath(".//*[local-name()='svg']"):
                faults.append(f"{page.name}: a formula without a drawing or without MathML")
        glyphs = set(tree.xpath("//*[local-name()='use']/@href"))
        for absent in glyphs - {f"#{name}" for name in anchors(page)}:
            faults.append(f"{page.name}: no glyph {absent}")
    return faults


CHECKS = {
    "links": links,
    "equation links": equation_links,
    "doubled ids": doubled_ids,
    "other hosts": other_hosts,
    "alternative text": without_alternative,
    "mathematics": undrawn,
}
