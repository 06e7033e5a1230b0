"""The display reading: LaTeX as the source writes it."""

import pytest
from sympy import Function, Rational

from elboproof import language as lang
from elboproof.errors import IllFormed
from elboproof.language import (
    ELBO,
    KL,
    E,
    Eq,
    Finite,
    Ge,
    H,
    I,
    Integral,
    Le,
    Power,
    Support,
    densities,
    log,
    variables,
)
from elboproof.prove import prove
from elboproof.show import latex

x, y, z, D, theta = variables("x y z D theta")
p, q = densities("p q")
f = Function("f")

SHOWN = [
    (p(theta | D), r"p(\theta \mid D)"),
    (p(x, y), "p(x, y)"),
    (Eq(log(p(D)), 0), r"\log p(D) = 0"),
    (Ge(p(x), q(x)), r"p(x) \ge q(x)"),
    (Le(p(x), q(x)), r"p(x) \le q(x)"),
    (KL(q(theta), p(theta | D)), r"\mathrm{KL}\left(q(\theta) \,\|\, p(\theta \mid D)\right)"),
    (ELBO(q(theta), p(D, theta)), r"\mathrm{ELBO}\left(q(\theta),\, p(D, \theta)\right)"),
    (I(x, y | z, q), r"\mathrm{I}_{q}\left(x ; y \mid z\right)"),
    (E(f(x), q(x)), r"\mathbb{E}_{q(x)}\left[f(x)\right]"),
    (p(x) / q(x), r"\frac{p(x)}{q(x)}"),
    (p(x) ** 2, "p(x)^{2}"),
    ((p(x) / q(x)) ** 2, r"\left(\frac{p(x)}{q(x)}\right)^{2}"),
    ((p(x) ** 2) ** 3, r"\left(p(x)^{2}\right)^{3}"),
    (Power(Rational(-2), 2), r"\left(-2\right)^{2}"),
    (Integral(p(x), x), r"\int p(x) \, dx"),
    (p(x) - q(x), "p(x) - q(x)"),
    (p(x) - (q(x) - p(x)), r"p(x) - \left(q(x) - p(x)\right)"),
    (-(p(x) - q(x)), r"-\left(p(x) - q(x)\right)"),
    (log(p(x)) * p(x), r"\left(\log p(x)\right) \, p(x)"),
    (log(p(x) * q(x)), r"\log \left(p(x) \, q(x)\right)"),
    (Rational(1, 2) * H(q(x)), r"\frac{1}{2} \, \mathrm{H}\left(q(x)\right)"),
    (Finite(KL(q(x), p(x))), r"\mathrm{KL}\left(q(x) \,\|\, p(x)\right) < \infty"),
    (Finite(log(p(D)), "below"), "p(D) > 0"),
    (Support(p(D, theta), q(theta), (theta,)), r"q(\theta) > 0 \text{ wherever } p(D, \theta) > 0"),
]


@pytest.mark.parametrize(("item", "shown"), SHOWN, ids=[shown for _, shown in SHOWN])
def test_latex(item, shown):
    assert latex(item) == shown


def test_notebooks_and_sympy_print_the_same():
    import sympy

    assert sympy.latex(KL(q(x), p(x))) == latex(KL(q(x), p(x)))
    assert latex(p(x)) in p(x)._repr_latex_()


def test_names_with_digits_and_primes():
    a, b = variables("x1 z'")
    assert latex(p(a)) == "p(x_{1})"
    assert latex(p(b)) == "p(z')"


def test_what_has_no_latex_says_so():
    with pytest.raises(IllFormed, match=r"found a verdict, Proved: ask latex\(verdict.claim\)"):
        latex(prove(Ge(KL(q(x), p(x)), 0)))
    with pytest.raises(IllFormed, match="found the text 'x'"):
        latex("x")
    assert latex(p) == "p"


@pytest.mark.parametrize(
    ("term", "shown"),
    [
        (2 * (3 * p(x)), r"2 \cdot 3 \, p(x)"),
        (lang.Times(p(x), 2, 3), r"p(x) \cdot 2 \cdot 3"),
        (p(x) * (3 * f(x)), r"p(x) \cdot 3 \, f(x)"),
        (lang.Times(Rational(1, 2), p(x), q(x)), r"\frac{1}{2} \, p(x) \, q(x)"),
        (lang.Times(Rational(1, 2), lang.Times(2, p(x))), r"\frac{1}{2} \cdot 2 \, p(x)"),
    ],
    ids=str,
)
def test_numbers_never_stand_side_by_side(term, shown):
    assert latex(term) == shown
