"""The exact reading on tables: values by hand, honest infinities, agreement with the oracle."""

import random
import re
from fractions import Fraction as F

import pytest
from hypothesis import assume, given

import claims
import oracle
from elboproof.errors import IllFormed, NotComparable
from elboproof.exact import Exact, evaluate
from elboproof.language import ELBO, KL, E, Eq, Finite, Ge, H, Integral, Support, densities, log, variables
from elboproof.tables import Shape, Table, random_table, table
from elboproof.values import INF, Undefined, Value

x, y, D, theta = variables("x y D theta")
p, q = densities("p q")


def one(name, *masses, weights=None):
    cells = {(i,): F(mass) for i, mass in enumerate(masses)}
    return Table({"x": len(masses)}, {name: (("x",), cells)}, {"x": weights} if weights else {})


def two(ps, qs, **more):
    laws = {n: (("x",), {(i,): F(mass) for i, mass in enumerate(masses)}) for n, masses in (("p", ps), ("q", qs))}
    return Table({"x": len(ps)}, laws, **more)


def test_a_divergence_by_hand():
    table = two((F(1, 4), F(3, 4)), (F(1, 2), F(1, 2)))
    assert str(evaluate(KL(q(x), p(x)), table)) == "log 2 - 1/2 log 3"


def test_a_weight_is_the_size_of_a_state():
    table = one("p", F(1, 2), F(1, 2), weights=(F(1, 4), F(1, 4)))
    assert evaluate(p(x), table, x=0) == 2
    assert evaluate(Integral(p(x), x), table) == 1
    assert str(evaluate(H(p(x)), table)) == "-log 2"


def test_where_the_support_condition_fails_the_value_says_so():
    table = two((1, 0), (F(1, 2), F(1, 2)))
    assert evaluate(KL(q(x), p(x)), table) == INF
    assert isinstance(evaluate(KL(q(x), p(x)) - KL(q(x), p(x)), table), Undefined)
    assert Exact(table).holds(Support(p(x), q(x), (x,)))
    assert not Exact(table).holds(Support(q(x), p(x), (x,)))
    assert not Exact(table).holds(Finite(KL(q(x), p(x))))
    assert Exact(table).holds(Finite(KL(q(x), p(x)), "below"))
    with pytest.raises(NotComparable, match="inf - inf"):
        Exact(table).holds(Eq(KL(q(x), p(x)) - KL(q(x), p(x)), 0))
    assert Exact(table).holds(Ge(KL(q(x), p(x)), 0))


def test_a_conditional_on_a_null_event_has_no_value():
    cells = {(0, 0): F(1), (0, 1): F(0), (1, 0): F(0), (1, 1): F(0)}
    table = Table({"x": 2, "y": 2}, {"p": (("x", "y"), cells)}, point={"x": 0, "y": 1})
    assert "null event in p(x | y)" in str(evaluate(p(x | y), table))
    assert evaluate(p(y) * log(p(x | y)), table) == 0


def test_what_the_table_lacks_is_named():
    table = one("p", F(1, 2), F(1, 2))
    with pytest.raises(IllFormed, match="expected a table of the law q, found tables of p"):
        evaluate(q(x), table, x=0)
    with pytest.raises(IllFormed, match="expected a state for"):
        evaluate(p(x), table)
    with pytest.raises(IllFormed, match="expected a state for"):
        evaluate(E(log(p(x | y)), p(x)), table)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: table(p="x: 1/2 1/2", x=-1), "x from 0 to 1, found x=-1"),
        (lambda: table(p="x: 1/2 1/2", x=5), "x from 0 to 1, found x=5"),
        (lambda: table(p="x: 1/2 1/2", y=0), "found y=0"),
        (lambda: evaluate(p(x), table(p="x: 1/2 1/2"), x=5), "x from 0 to 1, found x=5"),
        (lambda: table(p="x: 1/2 1/2", x=0.5), "or a state, found 0.5"),
        (lambda: table(p="x: 1/0 1"), "exact numbers such as 1/3 for p, found '1/0 1'"),
        (lambda: evaluate("log p(x)", table(p="x: 1/2 1/2")), "parse_term reads it"),
    ],
)
def test_a_state_or_number_that_is_none_is_refused(build, words):
    with pytest.raises(IllFormed, match=re.escape(words)):
        build()


def test_a_table_that_is_no_law_is_refused():
    with pytest.raises(IllFormed, match="sum to 1"):
        one("p", F(1, 2), F(1, 3))
    with pytest.raises(IllFormed, match="positive base-measure weights"):
        one("p", F(1, 2), F(1, 2), weights=(F(0), F(1)))


@given(claims.claims("random", names=("x", "y", "z"), depth=1))
def test_the_value_is_the_oracle_s_zeros_included(claim):
    assume(len(str(claim)) < 200)
    shape = Shape.of(claim.lhs)
    rng = random.Random(7)
    for zeros in (0.0, 0.3, 0.5):
        table = random_table(shape, rng, zeros=zeros, top=3)
        mine, theirs = evaluate(claim.lhs, table), oracle.from_table(table).value(claim.lhs)
        same(mine, theirs)


def same(mine: Value, theirs):
    if isinstance(theirs, oracle.Missing):
        assert isinstance(mine, Undefined)
    elif isinstance(theirs, str):
        assert str(mine) == theirs
    elif not isinstance(mine, Undefined):  # an enclosure that holds zero gives no logarithm
        assert float(mine) == pytest.approx(float(oracle.real(theirs)), rel=1e-9, abs=1e-12)


def test_the_elbo_identity_holds_on_every_positive_table():
    claim = Eq(log(p(D)), ELBO(q(theta), p(D, theta)) + KL(q(theta), p(theta | D)))
    rng = random.Random(0)
    shape = Shape.of(claim.lhs, claim.rhs)
    assert all(Exact(random_table(shape, rng, states=3)).holds(claim) for _ in range(20))
