"""The ledger: every equation of the source is there once, follows from what it rests on, and is proved."""

import dataclasses
import re

import pytest

from elboproof import Eq, Ge, Le, Proved, log, prove
from elboproof import ledger as ledger_module
from elboproof.ledger import LEDGER, D, follows, p, rests_below, theta
from elboproof.parse import parse_term
from elboproof.rules import named
from elboproof.terms import unfolded
from elboproof.textform import text

# The numbers as they stand in the source, in its order: (5) and (20) twice, one line with none, (21) and (25) nowhere.
IN_SOURCE = [1, 2, 3, 4, 5, 6, 26, 27, 28, 29, *range(7, 21), 5, 22, 23, 24, "24a", 20]
CHAPTERS = {
    "evidence",
    "divergence",
    "multiply-and-divide",
    "jensen",
    "add-and-subtract",
    "computable",
    "joint-expansion",
}


def test_every_equation_of_the_source_is_in_the_ledger_once():
    assert set(LEDGER) == {str(number) for number in IN_SOURCE}
    assert len(LEDGER) == 28
    assert {entry.chapter for entry in LEDGER.values()} == CHAPTERS


@pytest.mark.parametrize("key", LEDGER)
def test_proved_and_follows_from_what_it_rests_on(key):
    entry = LEDGER[key]
    assert all(isinstance(verdict, Proved) for verdict in entry.verdicts)
    assert all(verdict.examined == 3 for verdict in entry.verdicts)
    assert named(entry.rule).name == entry.rule
    assert follows(entry)


@pytest.mark.parametrize("key", [key for key, entry in LEDGER.items() if entry.rests_on])
def test_what_it_rests_on_is_needed(key):
    """Without its premises, the rule alone does not give an equation (definitions restated apart)."""
    entry = LEDGER[key]
    alone = dataclasses.replace(entry, rests_on=())
    assert not follows(alone)
    for missing in entry.rests_on:
        rest = tuple(other for other in entry.rests_on if other != missing)
        definition = missing == "19"  # the rule's own statement: named for the reader, used by the rule
        assert definition or not follows(dataclasses.replace(entry, rests_on=rest))


def test_no_equation_rests_on_itself():
    for key in LEDGER:
        assert key not in rests_below(key)


def test_a_wrong_equation_does_not_follow(monkeypatch):
    five = LEDGER["5"]
    (claim,) = five.claims
    wrong = dataclasses.replace(five, claims=(Eq(claim.lhs, claim.rhs.args[0] - claim.rhs.args[1]),))
    assert not follows(wrong)
    six = LEDGER["6"]
    assert not follows(dataclasses.replace(six, claims=(Ge(*six.claims[0].args),)))
    assert not isinstance(prove(Ge(*six.claims[0].args)), Proved)


def test_an_equation_does_not_follow_from_an_inequality():
    entry = dataclasses.replace(LEDGER["5"], rests_on=("6", "12"), rule="rearrange")
    assert not follows(entry)
    tight = dataclasses.replace(LEDGER["6"], claims=(Eq(*LEDGER["6"].claims[0].args),), rule="Gibbs' inequality")
    assert not follows(tight)


def _bare(latex: str) -> str:
    """LaTeX without what only spaces it, so that the source's typography and ours can be compared."""
    out = re.sub(r"\\(,|;|left|right|cdot|quad)|\\\\|\s|\{\}", "", latex)
    out = re.sub(r"\\(text|mathrm)\{(KL|ELBO)\}", r"\2", out)
    return out.replace(r"\leq", r"\le").replace(r"\geq", r"\ge").replace(r"\|", "||")


SHORT = "ELBO(q)"


@pytest.mark.parametrize("key", LEDGER)
def test_the_object_says_what_the_source_writes(key):
    """The object's LaTeX, spacing and the argument of the ELBO apart, is the source's LaTeX."""
    from elboproof.display import entry_latex

    entry = LEDGER[key]
    ours = _bare(entry_latex(entry)).replace(r"ELBO(q(\theta),p(D,\theta))", SHORT)
    theirs = _bare(entry.written)
    if theirs.startswith("="):  # the source goes on from the line before: log p(D) = ...
        theirs = _bare(r"\log p(D)") + theirs
    theirs = theirs.replace(r"\Rightarrow", "⇒")
    ours = ours.replace(r"\Rightarrow", "⇒")
    brackets = str.maketrans("", "", "[](){}")
    assert ours.translate(brackets) == theirs.translate(brackets)


def test_equations_keep_what_sympy_would_cancel():
    seven, thirteen = (LEDGER[key].claims[0] for key in ("7", "13"))
    assert "q(theta)/q(theta)" in str(seven)
    assert str(thirteen.rhs).count("E(log(p(D, theta)/q(theta)), q(theta))") == 2


def test_entries_are_claims_of_the_source_s_own_names():
    for entry in LEDGER.values():
        for claim in entry.claims:
            assert isinstance(claim, (Eq, Ge, Le))
    assert ledger_module.theta is theta or ledger_module.theta == theta
    assert str(log(p(D))) == "log(p(D))"


@pytest.mark.parametrize("key", LEDGER)
def test_proved_again_is_proved_alike(key):
    """A claim built again is equal, not identical: nothing remembered of the first may change the second."""
    for claim in LEDGER[key].claims:
        unfolded.cache_clear()
        built = [type(claim)(*(parse_term(text(side)) for side in claim.args)) for _ in range(2)]
        verdicts = [prove(again) for again in (*built, claim)]
        assert len({str(verdict) for verdict in verdicts}) == 1
        assert len({verdict.conditions for verdict in verdicts}) == 1
