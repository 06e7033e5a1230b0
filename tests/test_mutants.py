"""Wrong versions: every one of every equation is decided, and by verdicts that can be checked."""

from collections import Counter

import pytest

from elboproof import KL, Eq, Ge, IllFormed, Le, Refuted, log
from elboproof.exact import Exact
from elboproof.ledger import LEDGER, D, p, q, theta
from elboproof.mutants import mutants, roles
from elboproof.values import Undefined, compare

CONTEXT = roles(None, p, theta, D, q)
OPERATORS = {
    "flip a sign",
    "drop a term",
    "drop a factor",
    "invert a quotient",
    "swap the KL",
    "exchange densities",
    "change the measure",
    "drop a log",
    "add a log",
    "reverse the inequality",
    "make it an equality",
}


@pytest.mark.parametrize("key", LEDGER)
def test_every_wrong_version_is_decided(key):
    outcomes = Counter(found.outcome for found in LEDGER[key].mutants)
    assert outcomes["undecided"] == 0
    assert outcomes["refuted"] >= 4


def test_there_are_several_hundred_and_every_operator_made_some():
    found = [decided for entry in LEDGER.values() for decided in entry.mutants]
    assert len(found) > 700
    assert {decided.mutant.operator for decided in found} == OPERATORS


def test_counterexamples_hold_up():
    """Each counterexample, evaluated again: two values that differ the wrong way, or a side that has none."""
    for entry in LEDGER.values():
        for found in entry.mutants:
            if not isinstance(found.verdict, Refuted):
                continue
            claim, shown = found.mutant.claim, found.verdict.counterexample
            exact = Exact(shown.table)
            sides = exact(claim.lhs), exact(claim.rhs)
            assert list(map(str, sides)) == [str(shown.lhs), str(shown.rhs)]
            if any(isinstance(side, Undefined) for side in sides):
                continue
            order = compare(*sides)
            wrong = {Eq: (-1, 1), Ge: (-1,), Le: (1,)}[type(claim)]
            assert order in wrong


def test_the_ones_still_true_are_few_and_known_to_be_so():
    """Still true: what only looks wrong, such as dropping q/q from (7), and bounds made looser."""
    still = [(key, found) for key, entry in LEDGER.items() for found in entry.mutants if found.outcome == "proved"]
    assert len(still) == 21
    assert any(key == "7" and found.mutant.operator == "drop a factor" for key, found in still)


def test_ill_formed_ones_are_refused_with_a_reason():
    refused = [found for entry in LEDGER.values() for found in entry.mutants if found.outcome == "ill-formed"]
    assert refused
    assert all("expected" in found.mutant.error and found.verdict is None for found in refused)


def test_mutants_of_one_claim():
    claim = Eq(KL(q(theta), p(theta | D)), log(p(D)) - KL(q(theta), p(theta)))
    made = mutants(claim, CONTEXT)
    shown = {str(mutant.claim) for mutant in made if mutant.claim is not None}
    assert str(Eq(KL(q(theta), p(theta | D)), log(p(D)) + KL(q(theta), p(theta)))) in shown
    assert str(Eq(KL(p(theta | D), q(theta)), log(p(D)) - KL(q(theta), p(theta)))) in shown
    assert str(Eq(KL(q(theta), p(theta | D)), log(p(D)))) in shown
    assert str(claim) not in shown
    assert len(shown) == len([mutant for mutant in made if mutant.claim is not None])


def test_an_operator_that_breaks_the_language_is_recorded():
    made = mutants(Eq(KL(q(theta), p(theta)), log(p(D))), CONTEXT)
    broken = [mutant for mutant in made if mutant.claim is None]
    assert any("same variables left of the bar" in mutant.error for mutant in broken)
    with pytest.raises(IllFormed):
        KL(q(theta), p(D, theta))
