"""Gaps: what counts as non-negative by its form, and certificates that are re-added before they are believed."""

from fractions import Fraction

import pytest
from sympy import Function, Integer

from elboproof.errors import Disagreement
from elboproof.forms import Gap, jensen_gap, kl_gap, nonnegative_by_form, tangent_gap
from elboproof.gaps import check_certificate
from elboproof.language import ELBO, KL, E, Ge, H, I, Le, Log, Plus, densities, negated, variables
from elboproof.normal import Normaliser
from elboproof.prove import Proved, prove
from elboproof.signs import positive_in

x, y, z, D, theta = variables("x y z D theta")
p, q = densities("p q")
f = Function("f")


@pytest.mark.parametrize(
    "term",
    [
        KL(q(x), p(x)),
        I(x, y, q),
        E(KL(q(x | y), p(x)), q(y)),
        kl_gap(q(x), p(x)).term,
        tangent_gap(p(D)).term,
        tangent_gap(p(x) / q(x), (q(x),)).term,
        jensen_gap(p(x) / q(x), (q(x),)).term,
        Integer(1),
        p(x) * q(x) / p(y),
        E(p(x) / q(x), q(x)),
    ],
    ids=str,
)
def test_gaps_by_form(term):
    assert nonnegative_by_form(term)


@pytest.mark.parametrize(
    "term",
    [
        negated(KL(q(x), p(x))),
        H(q(x)),
        Log(p(x)),
        E(Log(q(x)), q(x)),
        p(x) - q(x),
        f(x),
        E(f(x), q(x)),
        Integer(-1),
        jensen_gap(f(x), (q(x),)).term,
        tangent_gap(f(x)).term,
        Plus(p(x), 1, negated(Log(p(x)))),
        Plus(p(x), -1, negated(Log(q(x)))),
        Plus(E(Log(p(x)), q(x)), negated(Log(E(p(x), q(x))))),
        Plus(Log(E(p(x), q(x))), negated(E(Log(p(x)), p(x)))),
        ELBO(q(theta), p(D, theta)),
    ],
    ids=str,
)
def test_what_is_no_gap(term):
    assert not nonnegative_by_form(term)


def test_a_function_whose_log_the_claim_takes_is_positive_there():
    claim = Ge(f(x) - 1, Log(f(x) * p(x)) - Log(p(x)))
    assert (f(x), frozenset()) in positive_in(claim)
    assert nonnegative_by_form(tangent_gap(f(x)).term, positive_in(claim))


def test_a_mean_under_a_variable_bound_again_says_nothing_of_it_where_it_is_free():
    inner = E(Log(f(x, y)), p(x))
    assert (f(x, y), frozenset({p(x)})) in positive_in(Ge(inner, 0))
    assert (f(x, y), frozenset({p(x)})) not in positive_in(Ge(E(inner, q(x, y)), 0))


SLACKS = [
    (Ge(Log(p(D)), ELBO(q(theta), p(D, theta))), ["KL(q(theta), p(theta | D))"]),
    (Ge(H(q(x)), E(H(q(x | y)), q(y))), None),
    (Le(ELBO(q(theta), p(D, theta)), p(D) - 1), None),
    (Le(KL(q(z), p(z)), E(KL(q(z | x), p(z)), q(x))), None),
]


@pytest.mark.parametrize(("claim", "slack"), SLACKS, ids=str)
def test_the_certificate_re_adds(claim, slack):
    verdict = prove(claim)
    assert isinstance(verdict, Proved)
    assert slack is None or [str(gap.term) for _, gap in verdict.slack] == slack
    difference = Normaliser().difference(claim)
    if isinstance(claim, Le):
        difference = {mono: -value for mono, value in difference.items()}
    check_certificate(claim, difference, list(verdict.slack))


def test_a_forged_certificate_is_refused():
    claim = Ge(KL(q(x), p(x)), KL(p(x), q(x)))
    difference = Normaliser().difference(claim)
    gap = kl_gap(q(x), p(x))
    with pytest.raises(Disagreement, match="adds up to the claim"):
        check_certificate(claim, difference, [(Fraction(1), gap)])
    with pytest.raises(Disagreement, match="non-negative pieces"):
        check_certificate(claim, difference, [(Fraction(1), gap), (Fraction(-1), kl_gap(p(x), q(x)))])
    with pytest.raises(Disagreement, match="non-negative pieces"):
        check_certificate(claim, difference, [(Fraction(1), Gap("KL divergence", claim.lhs - claim.rhs))])
