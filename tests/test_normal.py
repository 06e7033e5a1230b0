"""The normal form: the forms it reaches, and that it keeps the value."""

import random

import pytest
from hypothesis import assume, given, settings
from sympy import Function, Rational

import claims
import oracle
from elboproof.errors import IllFormed
from elboproof.expand import expand
from elboproof.language import ELBO, KL, E, Eq, H, I, Integral, Log, Over, densities, density, variables
from elboproof.normal import SWITCHES, Normaliser
from elboproof.prove import Proved, prove
from elboproof.report import chain

x, y, z, D, theta = variables("x y z D theta")
p, q, r = densities("p q r")
f = Function("f")
half = Rational(1, 2)

FORMS = [
    (Integral(p(x, y), y), "p(x)"),
    (Integral(p(x | y), x), "1"),
    (p(x | y) * p(y), "p(x, y)"),
    (KL(q(x), p(x)), "E(log(q(x)), q(x)) - E(log(p(x)), q(x))"),
    (E(Log(p(x)), p(x, y)), "E(log(p(x)), p(x))"),
    (E(Log(p(D | theta)), q(theta)), "E(log(p(D, theta)), q(theta)) - E(log(p(theta)), q(theta))"),
    (ELBO(q(theta), p(D, theta)) + KL(q(theta), p(theta | D)), "log(p(D))"),
    (E(Log(r(y, z)), p(x), p(y | x), p(z | x)), "E(log(r(y, z)), p(y | x), p(x, z))"),
    (Log(half + half * (q(x) / p(x))), "log(Rational(1, 2)*p(x) + Rational(1, 2)*q(x)) - log(p(x))"),
    (Log(6 * p(x)), "log(2) + log(3) + log(p(x))"),
    (1 / (1 / (p(x) + q(x))), "p(x) + q(x)"),
    (Integral(Log(f(y)) - Log(f(x)), x), "Integral(p(x)/p(x), x)*log(f(y)) - Integral(log(f(x)), x)"),  # no law
    (E(Integral(q(x) * f(x), x), p(x)), "E(f(x), q(x))"),
    (E(q(x), q(x)), "E(q(x), q(x))"),
    (Integral(q(x) ** 3, x), "E(q(x)*q(x), q(x))"),
    (E(q(x) * Log(q(x)), q(x)), "E(q(x)*log(q(x)), q(x))"),
    (E(p(x) * q(x) / r(x), p(x)), "E(p(x)*q(x)/r(x), p(x))"),
    (E((q(x) / p(x) - 1) ** 2, p(x)), "E(q(x)/p(x), q(x)) - 1"),
]


@pytest.mark.parametrize(("term", "form"), FORMS, ids=[form for _, form in FORMS])
def test_the_form_reached(term, form):
    assert str(expand(term)) == form


@given(claims.claims("identity", names=("x", "y", "z"), depth=1))
def test_the_normal_form_keeps_the_value(claim):
    assume(len(str(claim)) < 160)
    rng = random.Random(2)
    try:
        form = expand(claim.lhs)
    except IllFormed:
        return
    for _ in range(3):
        world = oracle.random_world(rng, claim.lhs, form)
        before, after = world.value(claim.lhs), world.value(form)
        if oracle.is_number(before) and oracle.is_number(after):
            assert oracle.is_zero(oracle.plus(before, oracle.times(oracle.Fraction(-1), after)))


@settings(max_examples=150)
@given(claims.claims(depth=2))
def test_the_form_as_a_term_has_that_form(claim):
    """What is printed is what was compared, and so is every line of a proof."""
    assume(len(str(claim)) < 300)
    for term in (claim.lhs, claim.rhs):
        form = Normaliser()(term)
        assume(len(form) < 60)
        try:
            written = expand(term)
        except IllFormed:
            continue
        assert Normaliser()(written) == form


@settings(max_examples=60)
@given(claims.claims("identity", depth=1))
def test_every_line_of_a_proof_says_what_the_claim_says(claim):
    assume(len(str(claim)) < 200)
    verdict = prove(claim)
    if isinstance(verdict, Proved):
        for _, left, right in chain(verdict):
            for before, after in ((claim.lhs, left), (claim.rhs, right)):
                assert Normaliser()(after) == Normaliser()(before)


def test_each_switch_is_needed_for_something():
    claims_of = {
        "KL": (KL(q(x), p(x)), E(Log(Over(q(x), p(x))), q(x))),
        "expectation": (E(f(x), q(x)), Integral(q(x) * f(x), x)),
        "linearity": (E(f(x) + 1, q(x)), E(f(x), q(x)) + 1),
        "product": (p(x, y), p(x | y) * p(y)),
        "sum": (Integral(p(x, y), y), p(x)),
        "cancel": (q(x) / q(x) * p(x), p(x)),
        "log": (Log(p(x) * q(x)), Log(p(x)) + Log(q(x))),
        "H": (H(q(x)), -E(Log(q(x)), q(x))),
        "I": (I(x, y, q), E(Log(q(x, y) / (q(x) * q(y))), q(x, y))),
    }
    for switch, (left, right) in claims_of.items():
        assert Normaliser()(left) == Normaliser()(right)
        without = Normaliser(SWITCHES - {switch})
        assert without(left) != without(right), switch


def test_structure_acts_on_logs_and_on_measures():
    chain = density("p", "x", "y | x", "z | y")
    field = density("q", "x", "y")
    for left, right in (
        (Log(chain(z | x, y)), Log(chain(z | y))),
        (field(x) * field(y), field(x, y)),
        (I(x, z | y, chain), 0),
        (E(f(z), chain(x, y, z)), E(f(z), chain(z))),
    ):
        assert not Normaliser().difference(Eq(left, right))
    collider = density("p", "x", "y", "z | x, y")
    assert Normaliser().difference(Eq(I(x, y | z, collider), 0))
    assert not Normaliser().difference(Eq(I(x, y, collider), 0))


def test_the_same_name_at_two_levels_means_two_things():
    different = Normaliser().difference
    assert different(Eq(E(f(x) * E(f(x), q(x)), p(x)), E(f(x) * f(x), p(x))))
    assert not different(Eq(E(f(x) * E(f(x), q(x)), p(x)), E(f(x), p(x)) * E(f(x), q(x))))
