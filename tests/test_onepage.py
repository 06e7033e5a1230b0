"""The book as one page for paper: all of it, in order, with links and drawings that lead to what stands in it."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import lxml.html
import pytest
import yaml

import onepage
import pdf
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
    assert [link.text_content() for link in tree.xpath("//nav/ol/li/a")] == [
        re.sub(r"^(\d+) ", r"\1", title) for title in titles
    ]
    assert [re.match(r"(?:(\d+) )?\S", title)[1] for title in titles] == [  # type: ignore[index]
        None,
        *map(str, range(1, len(titles))),
    ]
    numbers = Counter(
        tree.xpath("//div[starts-with(@id, '') and contains(@id, '--eq-')]//*[@class='elbo-number']/text()")
    )
    assert numbers == {f"({key})": 1 for key in LEDGER}
    assert len(tree.xpath("//figure")) == len(tree.xpath("//figure[.//*[local-name()='svg']]")) > 10
    assert not tree.xpath("//*[contains(@class, 'elbo-bar')] | //template | //details[not(@open)]")


def test_the_title_page_names_the_edition(html: Path) -> None:
    text = onepage.assemble(html, ["book/index"], "T", "A", "Version 1 & 2")
    assert "<p>A</p><p>Version 1 &amp; 2</p>" in text
    assert re.fullmatch(r"Version \d+\.\d+\.\d+(, \d{4}-\d\d-\d\d)?", pdf.edition())


CONTENTS = """<style>section { break-before: page } a[data-page]::after { content: attr(data-page) }</style>
<nav class="elbo-contents"><a href="#a">one</a> <a href="#b--x.y_z">two</a></nav>
<section id="a" style="height: 400mm">a</section><section id="b--x.y_z">b</section>"""


def test_the_contents_name_the_pages(browser: Any, tmp_path: Path) -> None:
    opened = browser.new_page()
    opened.set_content(CONTENTS)
    path = tmp_path / "x.pdf"
    pdf.print_with_pages(opened, path)
    assert pdf.starts(path.read_bytes()) == {"a": 2, "b--x.y_z": 4}
    assert opened.evaluate("[...document.querySelectorAll('a')].map(a => a.dataset.page)") == ["2", "4"]
    with pytest.raises(SystemExit, match="found them to move"):
        pdf.print_with_pages(opened, path, printings=1)
    opened.close()
    with pytest.raises(ValueError, match="expected a catalog"):
        pdf.starts(b"")


def states(count: int, words: str) -> str:
    head, row = ("".join(f"<{t}>{words} {n}</{t}>" for n in range(count)) for t in ("th", "td"))
    return f"<table><thead><tr><th></th>{head}</tr></thead><tbody><tr><th>p</th>{row}</tr></tbody></table>"


def test_a_wide_table_stays_readable(browser: Any) -> None:
    opened = browser.new_page(viewport={"width": pdf.WIDTH, "height": 1000})
    sheet = (ROOT / "book" / "_static" / "print.css").read_text()
    style = f"<style>{sheet} table {{ font-size: 12px }} th {{ white-space: nowrap }} .thin {{ width: 60px }}</style>"

    def fitted(body: str) -> tuple[list[str], list[list[str]]]:
        opened.set_content(f'{style}<section class="elbo-chapter" id="x">{body}</section>')
        small = opened.evaluate(pdf.FIT, pdf.SMALLEST)
        rows = "[...document.querySelectorAll('table')].map(t => [...t.rows[0].cells].map(c => c.innerText))"
        return small, opened.evaluate(rows)

    small, found = fitted(states(8, "theta = 0, x = 0, y ="))
    assert small == []
    assert found == [["", *(f"theta = 0, x = 0, y = {n}" for n in half)] for half in (range(4), range(4, 8))]
    assert opened.evaluate(pdf.CUT) == []
    assert len(fitted(states(8, "x ="))[1]) == 1  # fits as it is
    assert len(fitted(states(8, "x is in state"))[1]) == 1  # fits, a little smaller
    small, _ = fitted(states(1, "x" * 300))  # cannot be cut
    assert [one[:3] for one in small] == ["x: "]
    opened.emulate_media(media="print")
    fitted(f'<div class="elbo-table thin"><table><tr>{"<td>18.9 ms</td>" * 3}</tr></table></div>')
    lines = "cell => { const all = new Range(); all.selectNodeContents(cell); return all.getClientRects().length }"
    assert opened.evaluate(f"[...document.querySelectorAll('td')].map({lines})")[2] == 1
    opened.close()


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
