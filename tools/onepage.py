"""The built book as one page, for paper: title, contents, every chapter in its order, links that stay inside."""

from __future__ import annotations

import posixpath
import re
from html import escape
from pathlib import Path
from typing import Any

import lxml.html
import yaml

# What only a screen can use: cards, bars, permalinks, and the code behind figures (it is in the notebooks).
SCREEN = "//template | //*[@id='elbo-prove'] | " + " | ".join(
    f"//*[contains(concat(' ', @class, ' '), ' {name} ')]" for name in ("elbo-bar", "headerlink", "above-input")
)
NAMES = ("id", "for", "aria-labelledby", "aria-describedby", "aria-controls", "name")
LOCAL = re.compile(r"url\((['\"]?)#([^'\")]+)\1\)")


def order(toc: Path) -> list[str]:
    """The pages of a table of contents, such as book/jensen, the first one first."""
    listed = yaml.safe_load(toc.read_text(encoding="utf-8"))
    return [listed["root"], *(entry["file"] for entry in listed["chapters"])]


class Chapter:
    """One page of the site, made ready to stand beside the others: its ids are its own."""

    def __init__(self, site: Path, name: str, names: set[str], number: int = 0) -> None:
        self.site, self.name, self.names, self.number = site, name, names, number
        self.folder = posixpath.dirname(name)
        self.tree = lxml.html.fromstring((site / f"{name}.html").read_text(encoding="utf-8"))
        found = self.tree.xpath("//article")
        if len(found) != 1:
            raise ValueError(f"expected one article in {name}.html, found {len(found)}")
        self.article = found[0]
        for element in self.article.xpath(SCREEN):
            kept = "tag_hide-cell" in (element.getparent().get("class") or "") and element.tag == "details"
            if not kept:
                element.drop_tree()
        for element in self.article.iter("details"):
            element.set("open", "")
        self.title = self.article.xpath("string(.//h1)").strip()
        if number:
            heading = self.article.find(".//h1")
            heading.insert(0, lxml.html.fragment_fromstring(numbered(number)))
            heading[0].tail, heading.text = f" {heading.text or ''}", None
        self.ids = set(self.article.xpath(".//@id"))
        for element in self.article.iter():
            if isinstance(element.tag, str):
                self._rename(element)

    @property
    def prefix(self) -> str:
        return posixpath.basename(self.name)

    def _own(self, name: str) -> str:
        return f"{self.prefix}--{name}" if name in self.ids else name

    def _rename(self, element: Any) -> None:
        for key, value in element.attrib.items():
            if key in NAMES:
                element.set(key, " ".join(map(self._own, value.split())))
            elif key in ("href", "xlink:href", "src"):
                element.set(key, self._target(value))
            elif "url(" in value:
                element.set(key, LOCAL.sub(lambda found: f"url(#{self._own(found[2])})", value))
        if element.tag == "style" and element.text:
            element.text = LOCAL.sub(lambda found: f"url(#{self._own(found[2])})", element.text)

    def _target(self, where: str) -> str:
        """Where a link leads in the one page; a file of the site keeps its place beside it."""
        if re.match(r"[a-z]+:|//", where):
            return where
        path, _, fragment = where.partition("#")
        if fragment.startswith("claim="):
            fragment = ""  # only the prover reads it, which paper has not
        if not path:
            return f"#{self._own(fragment)}" if fragment else f"#{self.prefix}"
        full = posixpath.normpath(posixpath.join(self.folder, path))
        page = full.removesuffix(".html")
        if page in self.names:
            beside = posixpath.basename(page)
            return f"#{beside}--{fragment}" if fragment else f"#{beside}"
        return f"../html/{full}" + (f"#{fragment}" if fragment else "")

    def html(self) -> str:
        inner = "".join(lxml.html.tostring(child, encoding="unicode") for child in self.article)
        return f'<section class="elbo-chapter" id="{self.prefix}">{inner}</section>'

    def headings(self) -> list[tuple[str, str]]:
        """The anchors and the words of what stands below the chapter's title."""
        found = self.article.xpath(".//section[@id][h2]")
        return [(section.get("id"), section.xpath("string(h2)").strip()) for section in found]

    def glyphs(self) -> dict[str, str]:
        return {path.get("id"): path.get("d") for path in self.tree.xpath("//*[@id='elbo-glyphs']//*[@id]")}


def numbered(number: int) -> str:
    return f'<span class="elbo-chapter-number">{number}</span>' if number else ""


def assemble(site: Path, pages: list[str], title: str, author: str, edition: str = "") -> str:
    """One page of the pages of a built site, to be put in a folder beside it; the first has no number."""
    chapters = [Chapter(site, name, set(pages), number) for number, name in enumerate(pages)]
    glyphs: dict[str, str] = {}
    for chapter in chapters:
        glyphs |= chapter.glyphs()
    shared = "".join(f'<path id="{name}" d="{path}"/>' for name, path in sorted(glyphs.items()))
    sheets = "".join(
        f'<link rel="stylesheet" href="../html/{posixpath.normpath(posixpath.join(chapters[0].folder, href))}">'
        for href in chapters[0].tree.xpath("//link[@rel='stylesheet']/@href")
    )
    contents = "".join(
        f'<li><a href="#{chapter.prefix}">{numbered(chapter.number)}<span>{escape(chapter.title)}</span></a><ol>'
        + "".join(
            f'<li><a href="#{anchor}"><span>{escape(words)}</span></a></li>' for anchor, words in chapter.headings()
        )
        + "</ol></li>"
        for chapter in chapters
    )
    return (
        '<!DOCTYPE html><html lang="en" data-theme="light" data-mode="light"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title>{sheets}</head>"
        '<body class="elbo-book"><svg id="elbo-glyphs" aria-hidden="true" width="0" height="0">'
        f"<defs>{shared}</defs></svg>"
        f'<main class="bd-article"><div class="elbo-title"><h1>{escape(title)}</h1><p>{escape(author)}</p>'
        f"<p>{escape(edition)}</p></div>"
        f'<nav class="elbo-contents" aria-label="Contents"><h2>Contents</h2><ol>{contents}</ol></nav>'
        + "".join(chapter.html() for chapter in chapters)
        + "</main></body></html>\n"
    )
