"""The book as one page for paper: all of it, in order, with links and drawings that lead to what stands in it."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import lxml.html
import pytest
import yaml

import onepage
from conftest import ROOT
from elboproof.ledger import LEDGER


def faults(text: str) -> list[str]:
    """Ids that stand twice, and links, names and drawings that lead to none."""
    tree = lxml.html.fromstring(text)
    ids = Counter(tree.xpath("//@id"))
    wanted = [str(where)[1:] for where in tree.xpath("//@*[local-name()='href']") if str(where).startswith("#")]
    wanted += [name for value in tree.xpath("//@aria-labelledby") for name in value.split()]
    wanted += re.findall(r"url\(#([^)]+)\)", text)
    return [f"twice: {name}" for name, count in ids.items() if count > 1] + [
        f"nowhere: {name}" for name in sorted(set(wanted) - set(ids))
    ]


@pytest.fixture(scope="module")
def whole(html: Path) -> str:
    return onepage.assemble(html, onepage.order(ROOT / "_toc.yml"), "The book", "Its authors")


def test_everything_leads_somewhere(whole: str) -> None:
    assert faults(whole) == []
    assert faults(whole.replace('id="jensen--eq-10"', 'id="jensen--eq-9"', 1)) == ["nowhere: jensen--eq-10"]
    assert faults(whole.replace('id="jensen--eq-10"', 'id="jensen"', 1)) == ["twice: jensen", "nowhere: jensen--eq-10"]


def test_all_of_the_book_is_there(whole: str) -> None:
    tree = lxml.html.fromstring(whole)
    listed = yaml.safe_load((ROOT / "_toc.yml").read_text())
    names = [Path(entry["file"]).stem for entry in listed["chapters"]]
    assert tree.xpath("//section[@class='elbo-chapter']/@id") == ["index", *names]
    titles = [tree.xpath(f"string(//*[@id='{name}']//h1)") for name in ["index", *names]]
    assert tree.xpath("//nav/ol/li/a/text()") == titles
    assert all(titles)
    numbers = Counter(
        tree.xpath("//div[starts-with(@id, '') and contains(@id, '--eq-')]//*[@class='elbo-number']/text()")
    )
    assert numbers == {f"({key})": 1 for key in LEDGER}
    assert len(tree.xpath("//figure")) == len(tree.xpath("//figure[.//*[local-name()='svg']]")) > 10
    assert not tree.xpath("//*[contains(@class, 'elbo-bar')] | //template | //details[not(@open)]")


def page(body: str) -> str:
    return (
        '<html><head><link rel="stylesheet" href="../_static/x.css"></head>'
        '<body><svg id="elbo-glyphs"><path id="mj-x" d="M0"/></svg>'
        f'<article><section id="top"><h1>Title</h1>{body}</section></article></body></html>'
    )


def test_links_and_names_stay_inside(tmp_path: Path) -> None:
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "a.html").write_text(
        page(
            '<a href="#top">1</a><a href="b.html#top">2</a><a href="b.html">3</a><a href="prove.html#claim=x">4</a>'
            '<a href="https://x.example/#y">5</a><img src="../_images/z.svg"><div class="elbo-bar">bar</div>'
            '<svg><clipPath id="c"></clipPath><path clip-path="url(#c)" style="fill: url(#c)"/>'
            '<use href="#mj-x"/></svg><a href="#claim=x">6</a>'
            '<div class="tag_hide-cell"><details class="above-input">solution</details></div>'
            '<div class="tag_hide-input"><details class="above-input">code</details></div>'
        )
    )
    (tmp_path / "book" / "b.html").write_text(page(""))
    (tmp_path / "book" / "prove.html").write_text(page(""))
    text = onepage.assemble(tmp_path, ["book/a", "book/b", "book/prove"], "T & t", "A")
    tree = lxml.html.fromstring(text)
    links = tree.xpath("//section//a/@href | //section//img/@src")
    inside = ["#a--top", "#b--top", "#b", "#prove"]
    assert links == [*inside, "https://x.example/#y", "../html/_images/z.svg", "#a"]
    assert tree.xpath("//link/@href") == ["../html/_static/x.css"]
    assert faults(text) == []
    assert "url(#a--c)" in text
    assert "solution" in text
    assert "code" not in text
    assert "bar</div>" not in text
    assert text.count('id="mj-x"') == 1
    assert "<title>T &amp; t</title>" in text


def test_a_page_without_an_article_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<p>x</p>")
    with pytest.raises(ValueError, match=r"expected one article in a\.html, found 0"):
        onepage.assemble(tmp_path, ["a"], "T", "A")
