"""Counterexamples: exact, small, and held against the oracle."""

import pytest
from sympy import Function, Rational

import oracle
from elboproof.language import ELBO, KL, E, Eq, Ge, H, I, Integral, Le, densities, density, log, variables
from elboproof.parse import parse_claim
from elboproof.prove import Refuted, Undecided, prove
from elboproof.refute import fails_on, refute
from elboproof.tables import Table
from elboproof.values import is_finite

x, y, z, D, theta = variables("x y z D theta")
p, q, r = densities("p q r")
f, g = Function("f"), Function("g")
collider = density("p", "x", "y", "z | x, y")
chain = density("p", "x", "y | x", "z | y")

FALSE = [
    Eq(log(p(D)), ELBO(q(theta), p(D, theta)) - KL(q(theta), p(theta | D))),
    Eq(KL(q(x), p(x)), KL(p(x), q(x))),
    Le(KL(p(x), r(x)), KL(p(x), q(x)) + KL(q(x), r(x))),
    Ge(ELBO(q(theta), p(D, theta)), log(p(D))),
    Ge(H(q(x)), H(q(x | y))),
    Eq(I(x, y | z, collider), 0),
    Eq(I(x, z, chain), 0),
    Eq(p(x, y), p(x) * p(y)),
    Le(I(x, y, p), I(x, y | z, p)),
    Eq(E(f(x), q(x)), E(f(x), p(x))),
    Eq(E(f(x) * f(x), p(x)), E(f(x), p(x)) * E(f(x), p(x))),
    Eq(log(E(f(x), q(x))), E(log(f(x)), q(x))),
    Eq(f(x), g(x)),
    Eq(Integral(p(x, y) * q(x, y), x, y), 1),
]
OFF_COUNTING = [
    Ge(H(p(x)), 0),
    Le(log(p(D)), 0),
    Le(ELBO(q(theta), p(D, theta)), 0),
    Le(I(x, y, p), H(p(x))),
]


@pytest.mark.parametrize("claim", FALSE, ids=str)
def test_a_false_claim_has_a_counterexample_that_the_oracle_confirms(claim):
    verdict = prove(claim)
    assert isinstance(verdict, Refuted)
    assert oracle.objections(verdict, None) == []
    assert isinstance(fails_on(claim, verdict.counterexample.table), type(verdict.counterexample))


@pytest.mark.parametrize("claim", FALSE[:4], ids=str)
def test_a_counterexample_is_small_enough_to_check_by_hand(claim):
    table = prove(claim).counterexample.table
    assert table.counting
    assert set(table.states.values()) == {2}
    assert max(mass.denominator for _, cells in table.laws.values() for mass in cells.values()) <= 12


@pytest.mark.parametrize("claim", OFF_COUNTING, ids=str)
def test_what_holds_for_discrete_laws_only_is_refuted_by_a_weighted_table_and_says_so(claim):
    verdict = prove(claim)
    assert isinstance(verdict, Refuted)
    assert verdict.discrete == "true"
    assert not verdict.counterexample.table.counting
    assert oracle.objections(verdict, None) == []


def test_a_true_claim_has_none():
    assert refute(Ge(KL(q(x), p(x)), 0)) is None
    assert refute(Eq(p(x, y), p(x | y) * p(y))) is None


def test_the_same_counterexample_every_time():
    first, second = (prove(FALSE[0]).counterexample for _ in range(2))
    assert first.table == second.table


def test_a_table_on_which_a_side_is_infinite_tells_nothing():
    laws = {"p": (("x",), {(0,): 1, (1,): 0}), "q": (("x",), {(0,): 0, (1,): 1})}
    assert fails_on(Eq(KL(q(x), p(x)), 0), Table({"x": 2}, laws)) is False


@pytest.mark.parametrize(
    "claim",
    [
        Le(log(Rational(1, 10**6) - p(x)), 0),
        Le(log(p(x) - 100), p(x) ** 2),
        Eq(log((p(x) - 100) ** 2), 2 * log(p(x) - 100)),
        Ge(log(-KL(q(x), p(x))), 0),
    ],
    ids=str,
)
def test_what_has_no_value_on_a_table_is_not_refuted_by_it(claim):
    verdict = prove(claim)
    assert isinstance(verdict, Undecided)
    assert "finite value" in verdict.reason


def test_a_false_claim_about_large_densities_is_refuted_where_it_has_a_value():
    found = refute(Eq(log(p(x) - 1000), log(p(x) - 1000) + 1))
    assert is_finite(found.lhs)
    assert is_finite(found.rhs)


FAR_APART = [
    "KL(q(x) || p(x)) <= 3",
    "KL(q(x) || p(x)) <= 100",
    "KL(q(x) || p(x)) <= 4 KL(p(x) || q(x))",
    "E_{q(x)}[(p(x)/q(x))^2] <= 50",
    "I_q(x; z) <= log(3)",
    "p(x) >= 1/1000",
    "log p(x) <= ELBO(q(z|x), p(x,z)) + 10",
    "log p(x) >= E_{q(z1|x)}[log p(x|z1)] - E_{q(z2)}[KL(q(z1|x) || p(z1|z2))]"
    " ; where p(x,z1,z2) = p(z2) p(z1|z2) p(x|z1)",
]


@pytest.mark.parametrize("source", FAR_APART)
def test_what_fails_only_for_laws_far_apart_is_refuted_by_a_discrete_table(source):
    verdict = prove(parse_claim(source))
    assert isinstance(verdict, Refuted)
    assert verdict.counterexample.table.counting
    assert oracle.objections(verdict, None) == []


def test_a_discrete_counterexample_is_preferred():
    """A weighted table refutes these too, and is not the one shown."""
    for source in ("p(x) >= 1/1000", "log p(x) >= -5", "E_{q(x)}[p(x)] >= 1/50"):
        assert prove(parse_claim(source)).discrete == "false"
