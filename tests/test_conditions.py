"""Side conditions: which a proof states, that they suffice, and that a table which violates one breaks the claim."""

import random
from fractions import Fraction as F

import pytest
from sympy import Function

import oracle
from elboproof import language as lang
from elboproof.exact import Exact
from elboproof.language import ELBO, KL, E, Eq, Ge, H, Integral, Le, densities, log, variables
from elboproof.parse import parse_claim
from elboproof.prove import Proved, prove
from elboproof.tables import Table

x, y, D, theta = variables("x y D theta")
p, q, r = densities("p q r")
f = Function("f")

STATED = [
    (Eq(p(theta | D), p(D | theta) * p(theta) / p(D)), []),
    (Eq(p(D), Integral(p(D | theta) * p(theta), theta)), []),
    (Eq(log(p(D)), log(E(p(D | theta) * p(theta) / q(theta), q(theta)))), ["Support(p(D, theta), q(theta), (theta,))"]),
    (Eq(log(p(D)), ELBO(q(theta), p(D, theta)) + KL(q(theta), p(theta | D))), ["Finite(KL(q(theta), p(theta | D)))"]),
    (Ge(log(p(D)), ELBO(q(theta), p(D, theta))), ["Finite(log(p(D)), 'below')"]),
    (Ge(KL(q(x), p(x)), 0), []),
    (Eq(KL(q(x), p(x)), E(log(q(x) / p(x)), q(x))), []),
    (Eq(log(p(x, y)), log(p(x | y)) + log(p(y))), ["Finite(log(p(x, y)))"]),
    (Eq(p(x) * q(y) / q(y), p(x)), ["Finite(log(q(y)), 'below')", "Finite(p(x)*q(y)/q(y))"]),
    (Eq(H(q(x)), -E(log(q(x)), q(x))), []),
    (Eq(E(f(x) * r(x) / f(x), q(x)), E(r(x), q(x))),
     ["Finite(Integral(q(x)*r(x)*log(f(x)**2), x))", "Finite(E(f(x)*r(x)/f(x), q(x)))"]),
    (Eq(E(log(E(p(x | y) / q(x), q(x))), r(y)), 0),
     ["Support(p(x, y)*r(y), q(x), (x, y,))", "Finite(E(log(E(p(x | y)/q(x), q(x))), r(y)))"]),
]  # fmt: skip


@pytest.mark.parametrize(("claim", "stated"), STATED, ids=lambda item: str(item)[:60])
def test_the_conditions_a_proof_states(claim, stated):
    assert [str(condition) for condition in prove(claim).conditions] == stated


def posterior_table(prior, likelihood, approximate):
    """Two states of theta, D observed in state 0."""
    cells = {(d, t): prior[t] * (likelihood[t] if d == 0 else 1 - likelihood[t]) for d in (0, 1) for t in (0, 1)}
    laws = {"p": (("D", "theta"), cells), "q": (("theta",), {(t,): approximate[t] for t in (0, 1)})}
    return Table({"D": 2, "theta": 2}, laws, point={"D": 0})


def test_q_wider_than_the_posterior_breaks_the_identity_and_spares_the_bound():
    half = F(1, 2)
    table = posterior_table((half, half), (half, F(0)), (half, half))
    identity, bound = STATED[3][0], STATED[4][0]
    world = oracle.from_table(table)
    assert not world.meets(prove(identity).conditions[0])
    assert world.truth(identity) is False
    assert all(world.meets(condition) for condition in prove(bound).conditions)
    assert Exact(table).holds(bound)


def test_q_narrower_than_the_posterior_breaks_multiply_and_divide():
    half = F(1, 2)
    table = posterior_table((half, half), (half, half), (F(1), F(0)))
    claim = STATED[2][0]
    assert not oracle.from_table(table).meets(prove(claim).conditions[0])
    assert not Exact(table).holds(claim)
    assert Exact(table).holds(STATED[3][0])


def test_an_inequality_asks_for_one_side_of_finiteness_only():
    verdict = prove(Le(E(log(p(x)), q(x)), E(log(q(x)), q(x))))
    assert {condition.side for condition in verdict.conditions} <= {"above", "below"}


SPELLINGS = {  # of one quotient whose sign only the claim's logarithm tells: what q misses may be negative
    "E_{q(x)}[log(f(x) p(x)/q(x))] <= E_{p(x)}[f(x)] - 1": {"Support(p(x), q(x), (x,))"},
    "E_{q(x)}[log(f(x) (p(x)/q(x)))] <= E_{p(x)}[f(x)] - 1": {"Support(p(x), q(x), (x,))"},
    "E_{q(x)}[log(f(x)/(q(x)/p(x)))] <= E_{p(x)}[f(x)] - 1": {"Support(p(x), q(x), (x,))"},
    "E_{q(x)}[log(f(x) p(x) q(x)^-1)] <= E_{p(x)}[f(x)] - 1": {"Support(p(x), q(x), (x,))"},
    "E_{q(x)}[log(f(x)/q(x))] <= (int f(x) dx) - 1": {"Support(1, q(x), (x,))"},
    "log(int f(x) dx) >= E_{q(x)}[log(f(x)/q(x))]": {"Support(1, q(x), (x,))"},
    "E_{q(x)}[log((2 p(x) - r(x))/q(x))] <= 0": {"Support(p(x), q(x), (x,))", "Support(r(x), q(x), (x,))"},
    "E_{q(z) q(x|z)}[log(f(x,z) p(x,z)/q(x,z))] <= E_{p(x,z)}[f(x,z)] - 1": {"Support(p(x, z), q(x, z), (x, z,))"},
    "log E_{p(x)}[((q(x)/p(x))^-1)^-2] >= log E_{p(x)}[((q(x)/p(x))^-1)^-1]": {"Support(q(x), p(x), (x,))"},
    "log E_{q(x)}[(q(x)/p(x))^-1] >= 0": {"Support(p(x), q(x), (x,))"},
    "E_{q(x)}[log(p(x)/q(x))] <= 0": set(),
    "E_{q(y)}[(E_{q(x|y)}[f(x)])^2] >= (E_{q(x)}[f(x)])^2": set(),
}


@pytest.mark.parametrize("source", SPELLINGS)
def test_a_gap_names_the_inclusions_it_needs_however_its_quotient_is_spelled(source):
    verdict = prove(parse_claim(source))
    assert isinstance(verdict, Proved)
    assert {str(c) for c in verdict.conditions if str(c).startswith("Support")} == SPELLINGS[source]


def test_what_q_misses_breaks_such_a_claim():
    claim = parse_claim("E_{q(x)}[log((2 p(x) - r(x))/q(x))] <= 0")
    laws = {"p": (("x",), {(0,): F(1)}), "q": (("x",), {(0,): F(1)}), "r": (("x",), {(1,): F(1)})}
    world = oracle.from_table(Table({"x": 2}, laws))
    assert world.truth(claim) is False
    assert not all(world.meets(condition) for condition in prove(claim).conditions)


def test_the_mean_of_a_density_may_be_infinite():
    mean = E(p(x), q(x))
    assert [str(c) for c in prove(Eq(mean - mean, 0)).conditions] == ["Finite(E(p(x), q(x)))"]
    assert [str(c) for c in prove(Ge(KL(q(x), p(x)) + mean, mean)).conditions] == ["Finite(E(p(x), q(x)), 'above')"]
    assert prove(Ge(mean, 0)).conditions == ()


LOSING = [
    "log p(D) >= log E_{q(theta)}[p(D|theta) p(theta)/q(theta)]",
    "E_{q(x)}[p(x)/q(x)] <= 1",
    "int q(x) (p(x)/q(x)) dx <= 1",
    "E_{q(x)}[r(x) (p(x)/q(x))] <= E_{p(x)}[r(x)]",
    "E_{q(x)}[E_{r(y)}[p(x,y)/(q(x) r(y))]] <= 1",
]


@pytest.mark.parametrize("source", LOSING)
def test_what_a_measure_misses_makes_the_smaller_side_smaller_still(source):
    """No inclusion is asked for; the equality, and the inequality the other way, need it."""
    claim = parse_claim(source)
    verdict = prove(claim)
    assert verdict.conditions == ()
    assert oracle.objections(verdict, random.Random(5), 40) == []
    other = lang.Le if isinstance(claim, lang.Ge) else lang.Ge
    for reverse in (lang.Eq, other):
        assert any(isinstance(c, lang.Support) for c in prove(reverse(claim.lhs, claim.rhs)).conditions)


@pytest.mark.parametrize("source", ["1/E_{q(x)}[p(x)/q(x)] >= 1", "1 - E_{q(x)}[p(x)/q(x)] <= 0"])
def test_what_is_missed_may_not_be_divided_by_or_taken_away(source):
    verdict = prove(parse_claim(source))
    assert any(isinstance(condition, lang.Support) for condition in verdict.conditions)


# Each was proved without the inclusion that its divisor needs once other variables are integrated out, or elsewhere
DIVIDED = [
    "E_{q(x,y)}[p(x)/q(x)] = 1",
    "E_{q(x,y)}[(p(x)/q(x)) log(p(x)/q(x))] >= 0",
    "log p(D) = log E_{q(x,y)}[p(D,x)/q(x)]",
    "log E_{q(x,y)}[(p(x)/q(x))^2] >= 0",
    "E_{q(x,y)}[p(x)^2/q(x)] = int p(x)^2 dx",
    "E_{q(x) q(y|x)}[p(x)/q(x)] = 1",
    "E_{p(y)}[E_{p(x|y)}[q(y)/p(y)]] = 1",
    "E_{p(x,y,z)}[q(x|y)/p(x|y)] = 1",
    "log int p(x,y) (q(y)/p(y)) dx = log q(y)",
    "E_{q(y)}[int p(x,y) (1/p(y)) dx] = 1",
    "E_{q(y)}[(int p(x,y) dx) (1/p(y))] = 1",
    "E_{p(y) q(z|y)}[r(y)/p(y)] = 1",
    # in the logarithm of a sum, in a sum that is divided by
    "E_{r(x)}[log(1 + q(x) (p(x)/q(x)))] = E_{r(x)}[log(1 + p(x))]",
    "log(1 + q(x) (p(x)/q(x))) + p(z) = log(1 + p(x)) + p(z)",
    "E_{q(x)}[log(1 + r(x) (1/r(x)))] >= log(2)",
    "E_{r(x)}[1/(1 + q(x) (p(x)/q(x)))] = E_{r(x)}[1/(1 + p(x))]",
    "1/(1 + q(x) (p(x)/q(x))) = 1/(1 + p(x))",
    # what is equal to a density, and what is a power of one
    "E_{q(x)}[p(x)/(q(x) + q(x))] = 1/2",
    "E_{q(x)}[p(x)/(int q(x,y) dy)] = 1",
    "E_{p(y)}[q(y)/E_{p(x)}[p(y|x)]] = 1",
    "E_{q(x)}[r(x) q(x)/q(x)^2] = 1",
    "log(p(x)^3 q(x) p(x)^-3) = log q(x)",
    "p(x) q(x) (1/p(x)^2) p(x) = q(x)",
    # by the structure declared
    "log(p(x,y) (1/p(y))) = log p(x) ; where p(x,y) = p(x) p(y)",
    "E_{q(y)}[p(x,y) (1/p(y))] = p(x) ; where p(x,y) = p(x) p(y)",
    # names bound in one place and free in another
    "E_{q(x,y)}[log((2 p(x,y) - r(x,y))/q(x,y))] + E_{q(x|y)}[p(x,y)/q(x,y)] + E_{q(x|y)}[r(x,y)/q(x,y)]"
    " <= E_{q(x|y)}[p(x,y)/q(x,y)] + E_{q(x|y)}[r(x,y)/q(x,y)]",
    "E_{q(y)}[p(x,y)/p(y)] + p(x|y) = E_{q(y)}[p(x,y) (1/p(y))] + p(x|y)",
    # what is lifted from under a divisor, signs, squares over what they are squares of
    "E_{q(x)}[p(x)/(-q(x))] <= 1/(-1)",
    "E_{q(x)}[r(x) p(x)/(-2 q(x))] <= E_{p(x)}[r(x)]/(-2)",
    "E_{q(x)}[p(x)/q(x)]/(-1) <= 1/(-1)",
    "1/E_{s(x)}[1/(u(x) (1/r(x)))] = 1/E_{r(x)}[s(x)/u(x)]",
    "E_{s(x)}[1/(1 + u(x) (1/r(x)))] = E_{r(x)}[s(x)/(r(x) + u(x))]",
    "log(E_{r(x)}[s(x)/(r(x)+u(x))]) >= -E_{s(x)}[log(1 + u(x) (1/r(x)))]",
    "E_{s(x)}[log(1/(1 + u(x) (1/r(x))))] <= log E_{r(x)}[s(x)/(r(x)+u(x))]",
    "E_{s(x)}[log(1+1/(1+u(x) (1/r(x))))] = E_{s(x)}[log(1+r(x) (1/(r(x)+u(x))))]",
    "E_{r(x)}[1/(1 + p(x,y,z))] = E_{p(x)}[r(x)/(p(x) + p(x,y) p(x,z))] ; where p(x,y,z) = p(x) p(y|x) p(z|x)",
    "1/E_{r(x)}[1/p(x,y,z)] = 1/E_{p(x)}[r(x)/(p(x,y) p(x,z))] ; where p(x,y,z) = p(x) p(y|x) p(z|x)",
    "E_{r(x)}[log(1/(1+p(x,y,z)))] <= log E_{p(x)}[r(x)/(p(x)+p(x,y) p(x,z))] ; where p(x,y,z) = p(x) p(y|x) p(z|x)",
    "1/E_{q(x)}[1/(p(x|y) p(y|x))] = 1/E_{p(x)}[p(y) q(x)/p(x,y)^2]",
    "E_{q(z)}[1/(1 + r(y|z) r(x,z))] = E_{q(z)}[r(z) (1/(r(z) + r(y,z) r(x,z)))]",
    "log E_{q(x)}[r(x)^2/r(x)] = log E_{q(x)}[r(x)]",
    "log(1 + E_{q(x)}[r(x)^2/r(x)]) = log(1 + E_{q(x)}[r(x)])",
    "E_{q(x)}[(p(x)/r(x)) (r(x)^2/p(x))] <= E_{q(x)}[r(x)]",
    "log(1 + E_{q(x)}[(p(x)/r(x)) (r(x)^2/p(x))]) = log(1 + E_{q(x)}[r(x)])",
]


@pytest.mark.parametrize("source", DIVIDED)
def test_what_is_divided_by_is_asked_for_in_the_form_that_is_compared(source):
    """Where the conditions hold the claim does; and it fails somewhere, so that some are needed."""
    verdict = prove(parse_claim(source))
    assert isinstance(verdict, Proved)
    assert verdict.conditions
    assert oracle.objections(verdict, random.Random(4), 40) == []
    worlds = [oracle.random_world(random.Random(seed), verdict.claim, zeros=0.5) for seed in range(120)]
    assert any(world.truth(verdict.claim) is False for world in worlds)


def test_a_function_positive_under_one_measure_is_not_so_under_another_of_the_same_names():
    """E_{q(x|y)}[E_{r(y)}[log f]] speaks of the y outside in q, and of the y inside in f."""
    averaged = "E_{q(x|y)}[E_{r(y)}[log f(x,y)]]"
    source = f"{averaged} + E_{{r(y) q(x|y)}}[f(x,y)] - 1 >= {averaged} + 1/2 E_{{r(y) q(x|y)}}[log(f(x,y)^2)]"
    verdict = prove(parse_claim(source))
    assert not isinstance(verdict, Proved)
    assert oracle.objections(verdict, random.Random(1)) == []


@pytest.mark.parametrize(
    "source",
    ["E_{q(y)}[log(-1 - p(y)/p(y))] >= 0", "E_{q(y)}[log(p(y) - p(y))] = E_{q(y)}[log(r(y) - p(y)/(r(y)/r(y)))]"],
)
def test_a_claim_without_a_value_is_no_crash(source):
    assert not isinstance(prove(parse_claim(source)), Proved)
