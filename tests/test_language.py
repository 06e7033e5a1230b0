"""The language: what terms print, what they refuse and in which words, and that nothing is evaluated."""

import math
import re

import numpy as np
import pytest
import sympy
from sympy import Function, Rational, Symbol, oo
from sympy.core.function import AppliedUndef

import elboproof
from elboproof import language as lang
from elboproof.errors import IllFormed, NotAClaim, NoTruthValue
from elboproof.examples import EXAMPLES
from elboproof.language import (
    CE,
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
    Support,
    densities,
    density,
    log,
    variables,
)
from elboproof.normal import Normaliser
from elboproof.parse import parse_claim
from elboproof.prove import prove
from fuzz import CORPUS

x, y, z, w, D, theta = variables("x y z w D theta")
p, q = densities("p q")
f = Function("f")

REFUSED = [
    (
        lambda: KL(q(z), p(x, z)),
        "expected a KL divergence between densities of the same variables left of the bar, found "
        "q(z) and p(x, z); for the joint, write -ELBO(q(z), p(x, z))",
    ),
    (
        lambda: KL(q(x), p(z)),
        "expected a KL divergence between densities of the same variables left of the bar, found q(x) and p(z)",
    ),
    (
        lambda: CE(q(x), p(z)),
        "expected a cross-entropy between densities of the same variables left of the bar, found q(x) and p(z)",
    ),
    (
        lambda: ELBO(q(z), p(z)),
        "expected ELBO(q, joint) with the variables of q and the observed ones left of the "
        "joint's bar, as in ELBO(q(theta), p(D, theta)), found ELBO(q(z), p(z))",
    ),
    (lambda: KL(q(x), 1), "expected a density such as q(x) in KL(...), found 1"),
    (lambda: E(f(x), q(x), over=y), "expected an expectation over variables its measure draws (x), found y"),
    (lambda: E(f(x)), "expected the measures after the function, as in E(f(x), q(x)), found E(f(x))"),
    (lambda: E(q(x)), "expected the function first, then its measures, as in E(log(...), q(x)), found E(q(x))"),
    (lambda: E(q(x), f(x)), "expected the function first, as in E(f(x), q(x)), found E(q(x), f(x))"),
    (lambda: E(f(x), q(x), p(x)), "expected each variable bound by one measure, found x bound twice in E(f(x), ...)"),
    (
        lambda: E(f(x), q(x | y), p(y | x)),
        "expected measures that can be drawn in some order, found a circle: q(x | y), p(y | x)",
    ),
    (lambda: E(f(x), f(x)), "expected a density such as q(x) in the measure of an expectation, found f(x)"),
    (lambda: Integral(p(x), y), "expected an integral over a free variable of p(x) (free: x), found y"),
    (lambda: Integral(p(x)), "expected a variable to integrate over, found none in Integral(p(x))"),
    (lambda: Integral(p(x), x, x), "expected each variable once, found x bound twice in Integral(p(x), ...)"),
    (lambda: p(x | x), "expected a variable on one side of the bar, found x on both sides in p(x | x)"),
    (lambda: p(x, x), "expected each variable once left of the bar, found x twice in p(x, x)"),
    (lambda: p(x | y, y), "expected each variable once right of the bar, found y twice in p(x | y, y)"),
    (lambda: p(), "expected at least one variable left of the bar, found none in p()"),
    (lambda: p(x | y | z), "expected one bar between variables and what is given, found a second bar before z"),
    (lambda: q(x | y, z | w), "expected at most one bar in q(...), found a second one in z | w"),
    (lambda: p(Symbol("x")), 'expected a variable made by variables("x"), found the plain SymPy symbol x'),
    (
        lambda: p(Symbol("x") | Symbol("y")),
        "expected variables made by variables(), found SymPy's Or, x | y: SymPy sorts its sides, "
        "so which is given is lost; make the symbols with variables()",
    ),
    (lambda: p("x"), "expected a variable made by variables(), found 'x' (str)"),
    (lambda: p(1), "expected a variable made by variables(), found 1 (int)"),
    (lambda: E(Symbol("a"), q(x)), 'expected variables made by variables("a") in E(...), found the SymPy symbol a'),
    (lambda: p(x) + 0.5, "expected an exact number in a sum, found the float 0.5: write Rational(1, 2), not 0.5"),
    (
        lambda: Eq(p(x), 0.5),
        "expected an exact number in the right side of Eq, found the float 0.5: write Rational(1, 2), not 0.5",
    ),
    (lambda: log(0), "expected the logarithm of a positive number, found log(0)"),
    (lambda: log(-1), "expected the logarithm of a positive number, found log(-1)"),
    (lambda: p(x) / 0, "expected a denominator other than zero, found 0"),
    (lambda: p(x) ** Rational(1, 2), "expected an integer exponent, found 1/2"),
    (lambda: p(x) > q(x), "expected Ge or Le, found a strict inequality: no rule of this language proves one"),
    (
        lambda: p(x) * oo,
        "expected a term of this language in a product, found oo (Infinity); use elboproof's log, "
        "Integral and E, and Function for a generic f",
    ),
    (
        lambda: sympy.log(x) * p(x),
        "expected a term of this language in a product, found log(x) (log); use elboproof's log, "
        "Integral and E, and Function for a generic f",
    ),
    (lambda: log(p), "expected a term in log(...), found p: apply the density to its variables, as in p(x)"),
    (lambda: Eq(p(x), True), "expected a term in the right side of Eq, found the statement True"),
    (lambda: Eq(p(x), Eq(p(x), q(x))), "expected a term in the right side of Eq, found the statement Eq(p(x), q(x))"),
    (lambda: density("p", "x | y", "y | x"), "expected factors of p that form no cycle, found one through x, y"),
    (lambda: density("p", "x", "x | y"), "expected each variable left of one bar, found x in two factors of p"),
    (lambda: density("p", "x |"), "expected a factor such as \"x1 | x0\", found 'x |'"),
    (lambda: density("p", 3), 'expected a factor as text, such as "x1 | x0", found 3'),
    (lambda: density("p", "x | x"), "expected a variable on one side of the bar, found x on both sides in p(x | x)"),
    (
        lambda: density("p", "x", "y | x")(z),
        "expected variables in the declared factorisation of p (x, y), found z in p(z)",
    ),
    (lambda: Eq(p(x), density("p", "x")(x)), "expected one declaration of p in a claim, found two that differ"),
    (
        lambda: Ge(p(*variables("x0 x_0")), 0),
        "expected one spelling of a name, found x0 and x_0, which are displayed alike",
    ),
    (
        lambda: Eq(density("p1")(x), density("p_1")(x)),
        "expected one spelling of a name, found p1 and p_1, which are displayed alike",
    ),
    (lambda: Eq(Function("p")(x), p(x)), "expected p to be a density or a function, found both"),
    (lambda: I(x, x, q), "expected disjoint groups of variables, found x twice in I(..., q)"),
    (lambda: I(x, z), "expected I(x, z, q) or I(x, z | y, q) with a density last, found (x, z)"),
    (lambda: I(x | y, z, q), "expected what is given after the second group, I(x, z | y, q), found x | y first"),
    (lambda: I((), z, q), "expected variables on both sides of mutual information, found I((), (z,), q)"),
    (lambda: KL(q(x)), "expected KL(q(x), p(x)), found KL(q(x))"),
    (lambda: CE(q(x), p(x), p(x)), "expected CE(q(x), p(x)), found CE(q(x), p(x), p(x))"),
    (lambda: H(), "expected H(q(x)), found H()"),
    (lambda: ELBO(q(theta)), "expected ELBO(q(theta), p(D, theta)), found ELBO(q(theta))"),
    (lambda: p(x, given=y), "expected p(x | y), with a bar before what is given, found given=..."),
    (lambda: p(x) + "x", "expected a term in a sum, found the text 'x': parse_term reads it"),
    (lambda: Finite("x"), "expected a term, found the text 'x': parse_term reads it"),
    (
        lambda: sympy.log(p(x)),
        "expected elboproof's log, the only function of a term, found another function of p(x)",
    ),
    (
        lambda: math.log(p(x)),
        "expected a number, found the term p(x): elboproof's log takes terms, evaluate gives values",
    ),
    (
        lambda: sympy.exp(p(x)) * p(x),
        "expected a term of this language in a product, found exp(p(x)) (exp); use elboproof's log, "
        "Integral and E, and Function for a generic f",
    ),
    (lambda: variables(3), 'expected variable names in a text, such as "x y", found 3 (int)'),
    (lambda: variables("x y x"), "expected each variable name once, found x twice in 'x y x'"),
    (lambda: variables("_x"), "expected a name for a variable (a letter, then letters, digits, _ or '), found '_x'"),
    (lambda: variables(""), "expected at least one variable name, found none"),
    (lambda: variables("2x"), "expected a name for a variable (a letter, then letters, digits, _ or '), found '2x'"),
    (lambda: densities("p q!"), "expected a name for a density (a letter, then letters, digits, _ or '), found 'q!'"),
    (lambda: Finite(p(x), "left"), "expected the side of Finite to be 'both', 'above' or 'below', found 'left'"),
    (lambda: Support(p(x), 1), "expected a density such as q(x) in Support, found 1"),
    (lambda: f(x + 1) * p(x), "expected a generic function of variables, such as f(x), in a product, found f(x + 1)"),
    (lambda: p(x) + (p(x) == q(x)), "expected a term in a sum, found the statement False"),
    (
        lambda: E(f(x), q(x), q(x | y)),
        "expected each variable bound by one measure, found x bound twice in E(f(x), ...)",
    ),
]


@pytest.mark.parametrize(("build", "message"), REFUSED, ids=[message[:60] for _, message in REFUSED])
def test_bad_input_is_refused_when_it_is_built_in_these_words(build, message):
    with pytest.raises(IllFormed, match=f"^{re.escape(message)}$"):
        build()


NO_CLAIMS = [
    (
        lambda: True,
        "expected a claim, found True: SymPy has already decided the comparison; write elboproof's Eq(a, b)",
    ),
    (
        lambda: False,
        "expected a claim, found False: SymPy has already decided the comparison; write elboproof's Eq(a, b)",
    ),
    (lambda: sympy.Eq(x, y), "expected elboproof's Eq, Ge or Le, found SymPy's Equality: Eq(x, y)"),
    (lambda: x < y, "expected elboproof's Eq, Ge or Le, found SymPy's StrictLessThan: x < y"),
    (lambda: p(x), "expected a claim, Eq(a, b), Ge(a, b) or Le(a, b), found p(x) (Density)"),
    (
        lambda: "p(x) = q(x)",
        "expected a claim made of terms, found the text 'p(x) = q(x)': parse_claim reads it, "
        "and so does the command line, elboproof prove",
    ),
    (lambda: 1, "expected a claim, Eq(a, b), Ge(a, b) or Le(a, b), found 1 (int)"),
    (
        lambda: Support(p(x), q(x), (x,)),
        "expected a claim, Eq(a, b), Ge(a, b) or Le(a, b), found Support(p(x), q(x), (x,)) (Support)",
    ),
    (lambda: Finite(p(x)), "expected a claim, Eq(a, b), Ge(a, b) or Le(a, b), found Finite(p(x)) (Finite)"),
]


@pytest.mark.parametrize(("build", "message"), NO_CLAIMS, ids=[message[:60] for _, message in NO_CLAIMS])
def test_what_is_no_claim_is_refused_by_prove_in_these_words(build, message):
    with pytest.raises(NotAClaim, match=f"^{re.escape(message)}$"):
        prove(build())


TERMS = [
    p(x, y | z),
    q(theta) / q(theta) * p(D | theta) * p(theta),
    log(p(D)) - E(log(p(D, theta) / q(theta)), q(theta)) + E(log(p(D, theta) / q(theta)), q(theta)),
    -(p(x) - q(x)) * Rational(1, 2),
    (p(x) / q(x)) ** 2 / 3,
    p(x) ** -1,
    Integral(p(x, y) * f(x), x, y),
    KL(q(theta), p(theta | D)),
    ELBO(q(theta), p(D, theta)) - H(q(theta)) - CE(q(theta), p(theta)),
    I(x, (y, z), q) + I(x, y | z, q),
    E(x + 2 * y, p(x), q(y | x)),
    2 * (3 * p(x)),
    1 - (p(x) + q(x)) - (p(x) - q(x)),
    Eq(log(p(x)), 0),
    Ge(KL(q(x), p(x)), 0),
    Le(p(x), q(x)),
    Support(p(x), q(x), (x,)),
    Finite(log(p(x)), "below"),
    Ge(log(Rational(1, 2)), Rational(-3, 2)),
    E(Rational(1, 2), p(x)),
    KL(density("q", "x", "y | x")(x, y), p(x, y)),
]


def built_again(term):
    """What the printed term builds with elboproof's public names, and its own variables and laws, alone."""
    names = {name: getattr(elboproof, name) for name in elboproof.__all__}
    for node in lang.subterms(term):
        if isinstance(node, (lang.Variable, lang.Law)):
            names[node.name] = node
        elif isinstance(node, AppliedUndef):
            names[node.func.__name__] = node.func
    return eval(str(term), names)


@pytest.mark.parametrize("term", TERMS, ids=str)
def test_a_term_prints_python_that_builds_it_again(term):
    assert built_again(term) == term


CLAIMS = [*(parse_claim(example.claim, example.where) for example in EXAMPLES), *map(parse_claim, CORPUS)]


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_a_claim_that_was_read_prints_python_that_builds_it_again(claim):
    """SymPy itself multiplies and adds plain variables, so that their order may change."""
    if "'" in str(claim):
        return  # x' is no name in Python
    again = built_again(claim)
    assert type(again) is type(claim)
    for side, other in zip(claim.args, again.args, strict=True):
        assert side == other or Normaliser()(side) == Normaliser()(other)


def test_quotients_and_powers_of_whole_numbers_are_printed_exact():
    assert built_again(Ge(lang.Over(1, 2), lang.Power(2, -1))) == Ge(Rational(1, 2), Rational(1, 2))


def test_construction_evaluates_nothing():
    assert str(q(x) / q(x) * p(x)) == "q(x)/q(x)*p(x)"
    assert str(p(x) - p(x)) == "p(x) - p(x)"
    assert p(x) * 1 != p(x)
    assert isinstance(Eq(p(x), p(x)), Eq)
    assert Integral(Integral(p(x, y), x), y) != Integral(p(x, y), x, y)


def test_claims_have_no_truth_value():
    with pytest.raises(NoTruthValue, match=r"ask prove\(Eq\(p\(x\), p\(x\)\)\)"):
        bool(Eq(p(x), p(x)))


def test_variables_are_one_object_each_and_print_as_their_names():
    assert variables("x") is not None
    assert variables("x") == x
    assert isinstance(x, Symbol)
    assert [str(v) for v in variables("a, b c")] == ["a", "b", "c"]


def test_free_and_bound_variables():
    assert E(f(x), q(x | y)).free_symbols == {y}
    assert E(f(z), p(x), q(z | x)).free_symbols == set()
    assert KL(q(x), p(x | D)).free_symbols == {D}
    assert I(x, y | z, q).free_symbols == set()
    assert Integral(p(x, y), x).free_symbols == {y}


def test_doit_leaves_for_sympy():
    left = KL(q(x), p(x)).doit()
    assert isinstance(left, sympy.Integral)
    assert left.atoms(sympy.log)
    assert (p(x) - p(x)).doit() == 0


def test_other_libraries_functions_evaluate_nothing():
    assert sympy.simplify(KL(q(x), p(x))) == KL(q(x), p(x)).simplify() == KL(q(x), p(x))
    assert np.log(p(x)) == log(p(x))
    with pytest.raises(IllFormed, match="elboproof's log"):
        np.exp(p(x))


def test_python_s_sum_starts_from_no_term():
    assert sum([KL(q(x), p(x)), H(q(x))]) == KL(q(x), p(x)) + H(q(x))


def test_a_declared_law_carries_its_factors():
    law = density("p", "x1 | x0", "x2 | x1")
    assert [tuple(map(str, left)) for left, _ in law.factors] == [("x1",), ("x2",)]
    assert {str(v) for v in law.declared} == {"x0", "x1", "x2"}


def test_a_divisor_that_is_a_quotient_keeps_its_brackets():
    term = lang.Over(p(x), 1 / f(x))
    assert str(term) == "p(x)/(1/f(x))"
    assert eval(str(term), {"p": p, "x": x, "f": f}) == term


def test_a_function_with_assumptions_is_refused():
    with pytest.raises(IllFormed, match="without assumptions"):
        lang.Ge(Function("f", positive=True)(x), 0)
