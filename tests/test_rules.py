"""The named rules: each justifies a line of its own, alone, and the line's two sides have one value."""

import random

import pytest
from sympy import Function

import oracle
from elboproof.language import CE, ELBO, KL, E, Eq, Ge, H, I, Integral, Le, densities, density, log, variables
from elboproof.rules import RULES, justifies, named, rules_used, single_inequality, two_rules, weakest

x, y, D, theta = variables("x y D theta")
p, q = densities("p q")
f = Function("f")
lik, prior, joint, qq = p(D | theta), p(theta), p(D, theta), q(theta)
field = density("q", "x", "y")

LINES = {
    "add and subtract": Eq(log(p(D)), log(p(D)) + H(q(theta)) - H(q(theta))),
    "rearrange": Eq(log(p(D)) + H(qq), H(qq) + log(p(D))),
    "definition of expectation": Eq(E(f(x), q(x)), Integral(q(x) * f(x), x)),
    "definition of the KL divergence": Eq(KL(q(x), p(x)), E(log(q(x) / p(x)), q(x))),
    "definition of the ELBO": Eq(ELBO(qq, joint), E(log(joint / qq), qq)),
    "definition of entropy": Eq(H(q(x)), -E(log(q(x)), q(x))),
    "definition of cross-entropy": Eq(CE(q(x), p(x)), -E(log(p(x)), q(x))),
    "definition of mutual information": Eq(I(x, y, q), E(log(q(x, y) / (q(x) * q(y))), q(x, y))),
    "product rule": Eq(p(x, y), p(x | y) * p(y)),
    "sum rule": Eq(Integral(p(x, y), y), p(x)),
    "logarithm of a product": Eq(log(p(x) * q(x)), log(p(x)) + log(q(x))),
    "linearity of expectation": Eq(E(f(x) + 2, q(x)), E(f(x), q(x)) + 2),
    "multiply and divide": Eq(Integral(lik * prior, theta), E(lik * prior / qq, qq)),
    "declared factorisation": Eq(field(x, y), field(x) * field(y)),
    "total probability": Eq(p(D), Integral(lik * prior, theta)),
    "logarithm of the product rule": Eq(log(joint), log(lik) + log(prior)),
    "split the logarithm": Eq(E(log(joint / qq), qq), E(log(joint), qq) - E(log(qq), qq)),
    "expand the joint": Eq(E(log(joint), qq), E(log(lik), qq) + E(log(prior), qq)),
    "collect the KL divergence": Eq(E(log(qq), qq) - E(log(prior), qq), KL(qq, prior)),
    "Jensen's inequality": Ge(log(E(lik * prior / qq, qq)), E(log(lik * prior / qq), qq)),
    "Gibbs' inequality": Ge(log(p(D)), log(p(D)) - KL(qq, p(theta | D))),
}


@pytest.mark.parametrize("name", LINES)
def test_a_rule_alone_justifies_its_line_and_is_the_weakest_that_does(name):
    assert justifies(named(name), LINES[name])
    assert weakest(LINES[name]).name == name


@pytest.mark.parametrize("name", LINES)
def test_the_line_keeps_or_lowers_the_value_as_its_rule_says(name):
    rng = random.Random(1)
    assert all(
        oracle.random_world(rng, LINES[name].lhs, LINES[name].rhs).truth(LINES[name]) in (True, None) for _ in range(8)
    )


@pytest.mark.parametrize("name", LINES)
def test_no_rule_justifies_the_line_with_a_side_changed(name):
    claim = LINES[name]
    wrong = type(claim)(claim.lhs, claim.rhs + f(x)) if isinstance(claim, Eq) else Ge(claim.rhs, claim.lhs)
    assert weakest(wrong) is None


def test_names_and_aliases():
    assert named("jensen") is named("Jensen's inequality")
    with pytest.raises(ValueError, match=r"expected the name of a rule .*, found 'magic'"):
        named("magic")
    assert all(named(name) is rule for rule in RULES for name in (rule.name, *rule.aliases))


def test_two_rules_are_named_where_one_does_not_do():
    line = Eq(KL(q(x), p(x)), Integral(q(x) * log(q(x) / p(x)), x))
    assert weakest(line) is None
    assert {rule.name for rule in two_rules(line)} == {"definition of the KL divergence", "definition of expectation"}
    assert set(rules_used(line)) == {"definition of the KL divergence", "definition of expectation"}


def test_gaps_point_one_way():
    gap = KL(q(x), p(x))
    assert single_inequality(Ge(gap, 0)).name == "Gibbs' inequality"
    assert single_inequality(Le(0, gap)).name == "Gibbs' inequality"
    assert single_inequality(Le(gap, 0)) is None
    assert single_inequality(Ge(E(log(f(x)), q(x)), log(E(f(x), q(x))))) is None
