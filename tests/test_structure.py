"""Declared factorisations: d-separation, and the relations it gives, against tables that factorise."""

import random
from fractions import Fraction
from itertools import combinations

import pytest

import oracle
from elboproof.errors import IllFormed
from elboproof.language import density
from elboproof.structure import integrated, parents, relations, separated, topological

GRAPHS = {
    "chain": ("x", "y | x", "z | y"),
    "fork": ("x", "y | x", "z | x"),
    "collider": ("x", "y", "z | x, y"),
    "mean field": ("x", "y", "z"),
    "roots": ("z | x, y",),
    "diamond": ("x", "y | x", "z | x", "w | y, z"),
    "blocks": ("x, y", "z, w | y"),
    "collider's child": ("x", "y", "z | x, y", "w | z"),
}


def independent(world, law, a, b, given):
    """Whether a and b are independent given a set, on one table."""
    for state in world.states(sorted({a, b, *given})):
        parts = [
            world.probability(law.name, {v: state[v] for v in group})
            for group in ({a, b, *given}, given, {a, *given}, {b, *given})
        ]
        if parts[0] * parts[1] != parts[2] * parts[3]:
            return False
    return True


@pytest.mark.parametrize("factors", GRAPHS.values(), ids=GRAPHS)
def test_d_separation_is_independence_on_every_table_that_factorises(factors):
    law = density("p", *factors)
    names = sorted(v.name for v in law.declared)
    rng = random.Random(4)
    worlds = []
    for _ in range(4):
        cells = oracle.random_law(rng, law, set(names), dict.fromkeys(names, 2), 0, 7)
        worlds.append(oracle.World(dict.fromkeys(names, 2), {"p": cells}, {}, {}, {}))
    for a, b in combinations(names, 2):
        rest = [v for v in names if v not in (a, b)]
        for size in range(len(rest) + 1):
            for given in combinations(rest, size):
                always = all(independent(world, law, a, b, set(given)) for world in worlds)
                assert separated(law, a, b, frozenset(given)) == always


@pytest.mark.parametrize("factors", GRAPHS.values(), ids=GRAPHS)
def test_relations_have_whole_coefficients(factors):
    law = density("p", *factors)
    for first in ("", *(v.name for v in law.declared)):
        for row in relations(law, first)._rows.values():
            assert all(value.denominator == 1 for value in row.values())


def test_several_roots_may_depend_on_one_another():
    law = density("p", "z | x, y")
    assert parents(law) == {"x": frozenset(), "y": frozenset("x"), "z": frozenset("xy")}
    assert topological(law) == ["x", "y", "z"]
    assert not separated(law, "x", "y", frozenset())


def test_integrating_a_variable_out_of_a_product_of_marginals():
    law = density("p", "x", "y | x", "z | y")
    one, minus = Fraction(1), Fraction(-1)
    chain = {frozenset("xy"): one, frozenset("yz"): one, frozenset("y"): minus}
    assert integrated(law, chain, "z") == {frozenset("xy"): one}
    assert integrated(law, {frozenset("xy"): Fraction(2)}, "x") is None


def test_too_many_variables_are_refused():
    law = density("p", *(f"x{i + 1} | x{i}" for i in range(10)))
    with pytest.raises(IllFormed, match="expected a factorisation over at most 9 variables, found 11 in p"):
        relations(law)
