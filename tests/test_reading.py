"""How text is shown as understood: its mathematics and Python form, or its error."""

import pytest

from elboproof.language import densities, log, variables
from elboproof.parse import parse_claim, parse_term
from elboproof.reading import read
from elboproof.unreadable import WIDTH, Unreadable

x, y = variables("x y")
p, q = densities("p q")


def test_terms_and_claims_are_read_and_shown():
    made = read("log p(x)", "log p(x) <= 0")
    assert made.found == (log(p(x)), parse_claim("log p(x) <= 0"))
    html = made._repr_mimebundle_()["text/html"]
    assert html.count("<tr>") == 3
    assert r"\(\log p(x)\)" in html
    assert "Le(log(p(x)), 0)" in html
    assert str(made).splitlines()[0] == "log p(x)   is   log(p(x))"


def test_an_error_is_shown_with_its_caret():
    made = read("p(x)", "log p(x) q(x)")
    assert "<pre>expected brackets" in made._repr_mimebundle_()["text/html"]
    assert str(made).splitlines()[-1] == "           ^"
    assert "<table" not in read("log")._repr_mimebundle_()["text/html"]


def test_an_error_s_sentence_is_broken_and_its_picture_is_not():
    html = read("log p(x) q(x)", "KL(q(x) || p(x, y))")._repr_mimebundle_()["text/html"]
    assert max(map(len, html.replace("<pre>", "\n").splitlines())) <= 78 + len("</pre>")
    assert "\n  KL(q(x) || p(x, y))\n" in html


def test_declarations_are_heeded():
    (term,) = read("q(x,y)", where=["q(x,y) = q(x) q(y)"]).found
    assert term.law.factors


@pytest.mark.parametrize("length", [20, *range(WIDTH - 1, WIDTH + 3), 3 * WIDTH])
def test_the_caret_stands_under_the_place(length: int) -> None:
    """At the end of a text, and in the middle of a long one."""
    for source in ("(" + "x" * (length - 1), "(" + "x" * (length // 2) + "]" + "x" * (length - length // 2 - 2)):
        with pytest.raises(Unreadable) as caught:
            parse_term(source)
        text, caret = caught.value.picture().splitlines()
        place = caret.index("^")
        assert text[place : place + 1] == source[caught.value.start : caught.value.start + 1]
