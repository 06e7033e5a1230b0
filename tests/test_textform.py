"""The text form: what is printed reads back as the same term, and what cannot be read says where and why."""

from __future__ import annotations

import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Function, Integer, Rational

from elboproof import language as lang
from elboproof import reserved
from elboproof.errors import IllFormed
from elboproof.language import CE, ELBO, KL, E, Eq, Ge, H, I, Integral, Le, Log, Over, Plus, Power, Times
from elboproof.parse import DEPTH, LENGTH, parse_claim, parse_term
from elboproof.textform import text
from elboproof.unreadable import Unreadable
from elboproof.words import differentials

VARIABLES = st.sampled_from(["x", "y", "z1", "x_0", "theta", "D", "dx", "delta", "H", "E", "x'", "where"]).map(
    lang.Variable
)
ALONE = VARIABLES.filter(lambda v: v.name not in reserved.ALONE)
LAWS = st.sampled_from(["p", "q", "p_theta", "q_phi", "r'", "logp", "d"]).map(lang.Law)
NUMBERS = st.fractions(-3, 3, max_denominator=4).map(lambda x: Rational(x.numerator, x.denominator))


@st.composite
def densities(draw):
    names = draw(st.lists(VARIABLES, min_size=1, max_size=4, unique=True))
    bar = draw(st.integers(1, len(names)))
    return lang.Density(draw(LAWS), names[:bar], names[bar:])


@st.composite
def pairs(draw):
    q = draw(densities())
    return q, lang.Density(draw(LAWS), q.left, q.given)


@st.composite
def functionals(draw):
    q, p = draw(pairs())
    kind = draw(st.sampled_from(["KL", "H", "CE", "ELBO", "I"]))
    if kind == "H":
        return H(q)
    if kind == "ELBO":
        return ELBO(q, lang.Density(p.law, (*p.left, lang.Variable("observed")), ()))
    if kind == "I":
        return I(q.left, (lang.Variable("w"), lang.Variable("v")), q.law)
    return {"KL": KL, "CE": CE}[kind](q, p)


ATOMS = st.one_of(
    densities(),
    functionals(),
    NUMBERS,
    ALONE,
    st.builds(lambda v, u: Function("f")(v, u), VARIABLES, VARIABLES),
    st.builds(lambda v: Function("g_1'")(v), VARIABLES),
)


def _attempt(build, *args):
    try:
        return build(*args)
    except IllFormed:
        return Integer(1)


def _integral(term, names):
    free = [v for v in names if v in term.free_symbols]
    return Integral(term, *free) if free else term


def _grow(terms):
    some = st.lists(terms, min_size=2, max_size=3)
    return st.one_of(
        some.map(lambda args: Plus(*args)),
        some.map(lambda args: Times(*args)),
        some.map(lambda args: args[0] - Times(*args) if isinstance(args[0], lang.Term) else Times(-1, *args)),
        st.tuples(terms, terms).map(lambda args: _attempt(Over, *args)),
        st.tuples(terms, st.integers(-3, 3)).map(lambda args: Power(*args)),
        terms.map(lambda term: _attempt(Log, term)),
        terms.map(lambda term: Times(-1, term)),
        st.tuples(terms, st.lists(VARIABLES, min_size=1, max_size=3, unique=True)).map(lambda args: _integral(*args)),
        st.tuples(terms, st.lists(densities(), min_size=1, max_size=2)).map(
            lambda args: _attempt(E, args[0], *args[1])
        ),
    )


TERMS = st.recursive(ATOMS, _grow, max_leaves=12)


@settings(max_examples=600, deadline=None)
@given(TERMS)
def test_a_term_reads_back(term) -> None:
    assert parse_term(text(term)) == term


@settings(max_examples=100, deadline=None)
@given(st.sampled_from([Eq, Ge, Le]), TERMS, TERMS)
def test_a_claim_reads_back(kind, left, right) -> None:
    claim = kind(left, right)
    assert parse_claim(text(claim)) == claim


# -- what reads as what ------------------------------------------------------------------------------------------------

x, y, z, theta, D = lang.variables("x y z theta D")
p, q = lang.densities("p q")

READ = [
    ("log p(D)", Log(p(D))),
    ("log(p(D,theta)/q(theta))", Log(p(D, theta) / q(theta))),
    ("log int p(D|theta) p(theta) dtheta", Log(Integral(p(D | theta) * p(theta), theta))),
    ("log ∫ p(D∣θ) p(θ) dθ", Log(Integral(p(D | theta) * p(theta), theta))),
    ("E_{p(x) q(z|x)}[x z]", E(Times(x, z), p(x), q(z | x))),
    ("KL(q(θ) ‖ p(θ|D))", KL(q(theta), p(theta | D))),
    ("I_q(x; z | y)", lang.I(x, z | y, q)),
    ("int int p(x,y) dx dy", Integral(Integral(p(x, y), x), y)),
    ("int p(x,y) dx dy", Integral(p(x, y), x, y)),
    ("1/2 p(x) - 2 q(x)", Plus(Times(Rational(1, 2), p(x)), Times(-2, q(x)))),
    ("-x y", Times(-1, x, y)),
    ("-(x y)", Times(-1, Times(x, y))),
    ("p(x) q(x)/2", Over(Times(p(x), q(x)), 2)),
    ("2x^-1", Times(2, Power(x, -1))),
    ("f(x) + h_1(x,y)", Plus(Function("f")(x), Function("h_1")(x, y))),
    ("KL(f(x) || g(x)) + f(x)", Plus(KL(lang.Law("f")(x), lang.Law("g")(x)), lang.Law("f")(x))),
    ("log f(x|y)", Log(lang.Law("f")(x | y))),
    ("p_{θ}(x₁)", lang.Law("p_theta")(lang.Variable("x1"))),
    ("p(H|E)", p(lang.Variable("H") | lang.Variable("E"))),
    ("q(x) log p(x)", Times(q(x), Log(p(x)))),
    ("log E_{q(x)}[p(x)]", Log(E(p(x), q(x)))),
]


@pytest.mark.parametrize(("source", "term"), READ)
def test_reads(source, term) -> None:
    assert parse_term(source) == term


ERRORS = [
    ("log p(x) q(x)", 9, "brackets"),
    ("log p(x)/q(x)", 8, "brackets"),
    ("log(p(x)) q(x)", 10, "brackets"),
    ("log p(x)^2", 8, "brackets"),
    ("p(x)/q(x) r(x)", 10, "brackets"),
    ("1/2^3", 0, "brackets"),
    ("x^2^3", 3, "(p(x)^2)^3"),
    ("int p(x) dx q(y)", 12, "brackets"),
    ("int p(x)", 8, "differential"),
    ("int p(x) dy", 0, "free variable"),
    ("log 2", 4, "log(2)"),
    ("0.5", 1, "1/2"),
    ("p(x) > 1", 5, "strict"),
    ("I(x; y)", 0, "I_q(x; z)"),
    ("E_q[x]", 3, "E_{q(x)}[...]"),
    ("D_KL(q(x) || p(x))", 0, "KL(q(x) || p(x))"),
    ("KL(q(x) | p(x))", 8, '"||"'),
    ("x + KL(q(z) || p(x,z))", 4, "-ELBO"),
    ("p(x,x)", 0, "twice"),
    ("\\log p(x)", 0, "commands"),
    ("1/0", 0, "zero"),
    ("x^99", 2, "exponent"),
    ("1234567890", 0, "digits"),
    ("", 0, "a term"),
    ("(x", 2, '")"'),
    ("x\0", 1, "'\\x00'"),
    ("sqrt(p(x))", 0, "square root"),
    ("d(p(x))", 3, "only log"),
    ("log x", 4, "log(x)"),
    ("log 1/2", 4, "log(1/2)"),
    ("p(x)^1/2", 5, "(p(x)^1)/2, since exponents are whole numbers"),
    ("2 p(x)^-1 / 2 - 1", 7, "(p(x)^-1)/2"),
    ("p(x)^(1/2)", 7, "a whole number"),
    ("p(x)^{2}", 5, "x^2 or x^-1, without braces"),
    ("x^0.5", 3, "a whole number"),
    ("x^y", 2, "a whole number"),
    ("x²", 0, "^2"),
    ("½ x", 0, "1/2"),
    ("p_{\\theta}(x)", 1, "p_theta"),
    ("q(x) + x (y)", 7, "x*(...)"),
    ("KL(q(x)^2 || p(x))", 7, "one law alone, such as q(x),"),
    ("KL(q(x,y) || q(x) q(y))", 18, "I_q(x; y)"),
    ("KL(q(x) q(y) || p(x,y))", 8, "; where q(x,y) = q(x) q(y)"),
    ("ELBO(q(z), p(x|z) p(z))", 18, "p(x,z) for p(x|z) p(z)"),
    ("E_{q(x) + p(x)}[x]", 8, "laws alone"),
    ("p(x₀|x_0)", 0, "x0 and x_0, which are displayed alike"),
]

# No word that means something elsewhere is guessed to be a name.
REFUSED = [
    ("ln p(x)", "ln", "log, the natural logarithm"),
    ("Log(p(x))", "Log", "log, the natural logarithm"),
    ("log_2 p(x)", "log_2", "log(p(x))/log(2)"),
    ("log2 p(x)", "log2", "log(p(x))/log(2)"),
    ("p(x) exp(x)", "exp", "logarithm of both sides"),
    ("sum_z p(x,z)", "sum_z", "int p(x,z) dz"),
    ("sum_{z} p(x,z)", "sum_{z}", "int p(x,z) dz"),
    ("∑_z p(x,z)", "∑", "int p(x,z) dz"),
    ("int_z p(x,z) dz", "int_z", "int p(x,z) dz"),
    ("∫_z p(x,z) dz", "_z", "int p(x,z) dz"),
    ("_x", "_x", "begins with a letter"),
    ("max_q ELBO(q(z), p(x,z))", "max_q", "maximum"),
    ("inf", "inf", "no infinity"),
    ("Var(x)", "Var", "E_{q(x)}[x^2] - (E_{q(x)}[x])^2"),
    ("log p(x) - ELBO", "ELBO", "ELBO(q(z), p(x,z))"),
    ("KL[q(x) || p(x)]", "KL", "KL(q(x) || p(x))"),
    ("KL_q(x)", "KL_q", "KL(q(x) || p(x))"),
    ("H_q(x)", "H_q", "H(q(x))"),
    ("E_q(x)", "E_q", "E_{q(x)}[...]"),
    ("𝔼_q(x)", "𝔼_q", "E_{q(x)}[...]"),
    ("I(x)", "I", "I_q(x; z)"),
    ("JS(q(x) || p(x))", "JS", "Jensen-Shannon"),
    ("tanh(x)", "tanh", "the only function"),
    ("p(x) for all x", "for", "for all laws"),
    ("E log p(x)", "E", "E_{q(x)}[...]"),
    ("pi p(x)", "pi", "an exact number"),
    ("e", "e", "an exact number"),
    ("2 p(x) where", "where", "before a declaration"),
    ("2 + 1e3", "1e3", "an exact number"),
    ("2e-3 p(x)", "2e-3", "an exact number"),
    ("p(log)", "log", "the name of a variable"),
]


@pytest.mark.parametrize(("source", "word", "instead"), REFUSED)
def test_a_word_that_means_something_is_no_name(source, word, instead) -> None:
    with pytest.raises(Unreadable) as caught:
        parse_term(source)
    assert source[caught.value.start : caught.value.end] == word
    assert f'found "{word}"' in caught.value.message
    assert instead in caught.value.message


@pytest.mark.parametrize(
    "source",
    ["p(H|E)", "E_{q(e)}[e]", "E_{q(π)}[log p(z|π)]", "π(a|s)", "2 e3", "int f(e) de", "beta KL(q(x) || p(x))",
     "I_{q}(x; z)", "p_max(x_inf)", "logp(x)", "p(x_{1}) x_{1}", "p(x₁) x₁", "p(x)^(-1)/2", "(p(x)^1)/2"],
)  # fmt: skip
def test_other_words_are_names(source) -> None:
    assert parse_term(text(parse_term(source))) == parse_term(source)


@pytest.mark.parametrize(("source", "place", "words"), ERRORS)
def test_errors_say_where_and_what(source, place, words) -> None:
    with pytest.raises(Unreadable) as caught:
        parse_term(source)
    assert caught.value.start == place
    assert "expected" in caught.value.message
    assert "found" in caught.value.message
    assert words in caught.value.message
    assert str(caught.value).splitlines()[-1].index("^") == place + 2


@pytest.mark.parametrize(("source", "words"), [
    ("p(x) == q(x)", 'one "=" is enough'),
    ("p(x) = q(x) = r(x)", "one relation"),
    ("p(x) >= 0 where p(x,y) = p(x) p(y)", '"; where" before a declaration'),
])  # fmt: skip
def test_a_claim_has_one_relation(source: str, words: str) -> None:
    with pytest.raises(Unreadable) as caught:
        parse_claim(source)
    assert words in caught.value.message


def test_bounds() -> None:
    deep = "(" * DEPTH + "x" + ")" * DEPTH
    assert parse_term(deep) == x
    with pytest.raises(Unreadable, match=f"at most {DEPTH} deep"):
        parse_term(f"({deep})")
    with pytest.raises(Unreadable, match=f"at most {LENGTH} characters"):
        parse_term("x" * (LENGTH + 1))


CHAIN = lang.density("q", "x", "y | x", "z | y")
MEAN = lang.density("q", "x", "z")


def test_declarations() -> None:
    claim = Eq(lang.I(x, z | y, CHAIN), 0)
    where = "q(x,y,z) = q(x) q(y|x) q(z|y)"
    assert parse_claim("I_q(x; z | y) = 0", [where]) == claim
    assert parse_claim(f"I_q(x; z | y) = 0 ; where {where}") == claim
    assert text(claim) == f"I_q(x; z | y) = 0 ; where {where}"
    given = Eq(lang.density("q", "x | y", "z | y")(x), 0)
    assert parse_claim("q(x) = 0", ["q(x,z|y) = q(x|y) q(z|y)"]) == given
    assert parse_claim(text(given)) == given
    unused = parse_claim("q(x) = 0", ["q(x,z|y) = q(x) q(z|x)"])
    assert parse_claim(text(unused)) == unused == Eq(lang.density("q", "y", "x", "z | x")(x), 0)


WRONG = [
    ("q(x,z) = q(x)", "none with z"),
    ("q(x,z) = q(x|z) q(z|x)", "cycle"),
    ("q(x,z) = q(x) q(x,z)", "one bar only"),
    ("q(x,z) = q(x) p(z)", "one of p"),
    ("q(x,z) = q(x) q(z|w)", "of the left side"),
    ("q(x) = q(x) q(w)", "left of its bar"),
    ("q(x,z) = q(x) + q(z)", "a density"),
    ("r(x) = r(x)", "of the claim"),
]


@pytest.mark.parametrize(("where", "words"), WRONG)
def test_declarations_that_do_not_hold_together(where, words) -> None:
    with pytest.raises(Unreadable) as caught:
        parse_claim("log q(x) = 0", [where])
    assert words in caught.value.message
    assert caught.value.source == where


def test_one_declaration_of_a_density() -> None:
    with pytest.raises(Unreadable, match="second one"):
        parse_claim("log q(x) = 0", ["q(x,z) = q(x) q(z)", "q(x,y) = q(x) q(y)"])


def test_differentials_are_told_from_variables() -> None:
    assert differentials("dx dy") == []
    assert differentials("int p(delta) delta ddelta") == [19]
    assert differentials("int x^-1 dx + dx") == [9]
    assert differentials("∫ p(x) (dx) dx") == [12]


def test_reading_is_linear() -> None:
    parse_term("x")
    times = []
    for count in (450, 1800):
        began = time.process_time()
        parse_term("+".join(["x"] * count))
        times.append(time.process_time() - began)
    assert times[1] < 12 * times[0] + 0.1


def test_reading_takes_time_in_proportion_to_the_length():
    """Counted in steps of the machine, not in seconds: nested integrals once took the square of their number."""

    def steps(k: int) -> int:
        source = " ".join(["int"] * k + [f"p(x{i})" for i in range(k)] + [f"dx{i}" for i in range(k)])
        count = 0

        def note(*_: object) -> None:
            nonlocal count
            count += 1

        sys.setprofile(note)
        try:
            assert len(differentials(source)) == k
        finally:
            sys.setprofile(None)
        return count

    assert steps(200) < 2.5 * steps(100)
