"""Laws of the prover, on random claims: every verdict is held against the oracle, which shares no arithmetic."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sympy import Function, Rational

import claims
import oracle
from elboproof import language as lang
from elboproof import normal, structure
from elboproof.errors import Disagreement, IllFormed
from elboproof.expand import expand
from elboproof.language import KL, E, Eq, Ge, H, Integral, Le, Log, Over, densities, variables
from elboproof.normal import Normaliser
from elboproof.prove import Proved, Refuted, Undecided, prove

x, y, z, w, D, theta = variables("x y z w D theta")
p, q, r, s = densities("p q r s")
f, g = Function("f"), Function("g")


def held(claim, seed=0, worlds=9):
    """The verdict on a claim, after the oracle found nothing wrong with it."""
    verdict = prove(claim)
    found = oracle.objections(verdict, random.Random(seed), worlds)
    assert not found, f"{verdict}\n{found[0]}"
    return verdict


def usable(claim, longest=260):
    assume(len(str(claim)) <= longest)


THREE = ("x", "y", "z")


@given(claims.claims("random", names=THREE, depth=1))
def test_any_verdict_on_any_claim_agrees_with_the_oracle(claim):
    usable(claim)
    held(claim)


@given(claims.claims("identity", names=THREE, depth=1))
def test_identities_true_by_construction_are_never_refuted_and_proved_ones_hold(claim):
    usable(claim)
    assert not isinstance(held(claim), Refuted) or not _exists_everywhere(claim)


def _exists_everywhere(claim):
    """Whether the oracle too finds no positive world on which a claim fails."""
    rng = random.Random(1)
    return not any(oracle.random_world(rng, claim.lhs, claim.rhs).truth(claim) is False for _ in range(6))


@given(claims.claims("inequality", names=THREE, depth=0))
def test_inequalities_true_by_construction_are_never_refuted(claim):
    usable(claim)
    assert not isinstance(held(claim), Refuted)


@given(claims.claims("neighbour", names=THREE, depth=1))
def test_a_claim_made_worse_is_never_proved_where_it_fails(claim):
    usable(claim)
    held(claim)


@pytest.mark.parametrize("kind", ["chains", "collider", "mean field", "roots"])
@given(data=st.data())
def test_declared_structure_is_held_too(kind, data):
    claim = data.draw(claims.claims(data.draw(st.sampled_from(["identity", "neighbour"])), kind, (*THREE, "w"), 1))
    usable(claim)
    held(claim, worlds=6)


@settings(max_examples=60)
@given(data=st.data())
def test_quotients_are_what_they_normalise_to_where_the_conditions_hold(data):
    """What divides is lost in the form, so that each inclusion it needs has to be among the conditions."""

    def pick(options):
        return data.draw(st.sampled_from(options))

    builder = claims.Builder(pick, claims.laws_of(pick(["free", "free", "chains", "mean field"])), THREE)
    try:
        term = lang.Times(builder.positive(1), Over(builder.positive(2), builder.density()))
        term = pick([Log(term + 1), term, term])
        term = E(term, *builder.measures()) if pick([True, True, False]) else term
        form = expand(term)
    except IllFormed:
        assume(False)
    usable(term, 160)
    assume(term != form)
    held(pick([Eq, Ge, Le])(term, form), worlds=12)


# -- one normal form, whatever the order ------------------------------------------------------------------------------


@given(st.permutations([p(x), p(y | x), p(z | x)]))
def test_the_order_of_the_factors_of_a_measure_does_not_matter(measures):
    normaliser = Normaliser()
    expected = normaliser(E(Log(r(y, z)), p(x), p(y | x), p(z | x)))
    assert normaliser(E(Log(r(y, z)), *measures)) == expected
    assert normaliser(Integral(lang.Times(*measures, Log(r(y, z))), z, x, y)) == expected
    nested = lang.Times(*measures, Log(r(y, z)))
    for v in (z, y, x):
        nested = Integral(nested, v)
    assert normaliser(nested) == expected


@given(claims.claims("random", names=THREE, depth=1), st.randoms(use_true_random=False))
def test_shuffled_sums_products_and_measures_have_one_normal_form(claim, rng):
    def shuffled(term):
        if isinstance(term, lang.Density):
            left, given_ = list(term.left), list(term.given)
            rng.shuffle(left)
            rng.shuffle(given_)
            return lang.Density(term.law, left, given_)
        if not isinstance(term, lang.Term) or isinstance(term, lang.I):
            return term
        args = [shuffled(arg) for arg in term.args]
        if isinstance(term, (lang.Plus, lang.Times)):
            rng.shuffle(args)
        elif isinstance(term, (lang.E, lang.Integral)):
            rest = args[1:]
            rng.shuffle(rest)
            args = [args[0], *rest]
        return type(term)(*args)

    normaliser = Normaliser()
    assert normaliser(shuffled(claim.lhs)) == normaliser(claim.lhs)


@given(claims.claims("neighbour", names=THREE, depth=1))
def test_renamed_laws_and_variables_get_the_same_verdict(claim):
    usable(claim, 160)
    names = {"p": "zeta", "q": "alpha", "r": "m", "x": "v2", "y": "a", "z": "k"}

    def renamed(item):
        if isinstance(item, lang.Variable):
            return lang.Variable(names.get(item.name, item.name))
        if isinstance(item, lang.Law):
            pairs = [[map(renamed, part) for part in pair] for pair in item.factors]
            return lang.Law(names.get(item.name, item.name), pairs)
        if isinstance(item, lang.Density):
            return lang.Density(renamed(item.law), map(renamed, item.left), map(renamed, item.given))
        return item.func(*map(renamed, item.args)) if item.args else item

    first, second = prove(claim), prove(Eq(renamed(claim.lhs), renamed(claim.rhs)))
    assert type(first) is type(second)
    if isinstance(first, Proved):
        assert len(first.conditions) == len(second.conditions)


# -- certificates -----------------------------------------------------------------------------------------------------

INEQUALITIES = [
    Ge(E(Log(q(x) / p(x)), q(x)), 0),
    Le(lang.ELBO(q(theta), p(D, theta)), Log(p(D))),
    Le(lang.ELBO(q(theta), p(D, theta)), p(D) - 1),
    Ge(lang.I(x, (y, z), q), lang.I(x, y, q)),
    Ge(H(q(x)), E(H(q(x | y)), q(y))),
    Le(KL(q(x), p(x)), Log(E(q(x) / p(x), q(x)))),
    Le(2 * H(q(x, y, z)), H(q(x, y)) + H(q(y, z)) + H(q(x, z))),
    Le(KL(q(z), p(z)), E(KL(q(z | x), p(z)), q(x))),
]


@pytest.mark.parametrize("claim", INEQUALITIES, ids=str)
def test_a_certificate_re_adds_to_the_claim_by_the_oracle(claim):
    verdict = held(claim, worlds=24)
    assert verdict.slack
    rng = random.Random(3)
    for _ in range(6):
        world = oracle.random_world(rng, claim.lhs, claim.rhs)
        total = Fraction(0)
        for value, gap in verdict.slack:
            size = world.value(gap.term)
            assert oracle.sign(size) >= 0
            total = oracle.plus(total, oracle.times(value, size))
        up, down = (claim.lhs, claim.rhs) if isinstance(claim, Ge) else (claim.rhs, claim.lhs)
        gain = oracle.plus(world.value(up), oracle.times(Fraction(-1), world.value(down)))
        assert oracle.is_zero(oracle.plus(gain, oracle.times(Fraction(-1), total)))


# -- claims that were once proved without the condition they need -----------------------------------------------------

half = Rational(1, 2)
TRAPS = [
    Eq(p(x) * f(x) / f(x), p(x)),
    Eq(lang.Times(f(x), lang.Over(p(x), f(x))), p(x)),
    Eq(E(f(x) * p(x) / f(x), q(x)), E(p(x), q(x))),
    Eq(E(Log(p(y) / p(y)), q(y)) + p(x | y), p(x | y)),
    Eq(E(E(Log(p(x) / p(x)), q(x)), p(x)), 0),
    Eq(E(E(Log(p(x)) - Log(p(x)), q(x)), p(x)), 0),
    Eq(Log(Integral(p(x) / q(x) - p(x) / q(x) + r(x), x)), 0),
    Eq(Log(2 + Log(p(x)) - Log(p(x))), Log(2)),
    Eq(Log(p(x)) * (q(x) - r(x)), q(x) * Log(p(x)) - r(x) * Log(p(x))),
    Eq(E(Log(E(p(x | y) / q(x), q(x))), r(y)), 0),
    Eq(p(x, y) / Integral(q(x, y), y) * q(x), p(x, y) / Integral(q(x, y), y) * q(x)),
    Eq(Log(p(x) * q(x) / q(x)), Log(p(x))),
    Eq(1 / Log(p(x)) * Log(p(x)), 1),
    Eq(Log(f(x) * g(x)), Log(f(x)) + Log(g(x))),
    Ge(Log(E(f(x) * p(x), q(x))), E(Log(f(x) * p(x)), q(x))),
    Ge(2 * KL(q(x), p(x)) - KL(q(x), p(x)), 0),
    Eq(Integral(p(x) * Integral(q(x) * f(x), x), x), E(f(x), q(x))),
    Eq(E(f(x) * E(f(x), q(x)), p(x)), E(f(x), p(x)) * E(f(x), q(x))),
    Eq(0 * Log(p(x)), 0),
    Eq(Log(half * p(x) + half * q(x)), Log(p(x) + q(x)) - Log(2)),
    Eq(Integral(q(y) * p(y) / p(y), y) + p(x | y), 1 + p(x | y)),
    Eq(E(f(x) * Log(p(x)), q(x)) + E((1 - f(x)) * Log(p(x)), q(x)), E(Log(p(x)), q(x))),
    Eq(E(q(x) / p(x, y), p(x | y)), 1 / p(y)),
    Eq(E(1 / p(y | x), p(x | y)), 1 / p(y)),
    Eq(E(q(x) * p(x) / (p(x, y) * p(x)), p(x | y)), 1 / p(y)),
    Eq(E(p(x, y) / (q(x) * r(y)), q(x), r(y)), 1),
]


@pytest.mark.parametrize("claim", TRAPS, ids=str)
def test_a_trap_is_proved_with_conditions_that_suffice(claim):
    for seed in range(3):
        assert isinstance(held(claim, seed, worlds=30), Proved)


# -- planted bugs: the cross-examination, or the oracle, notices ------------------------------------------------------

PLANTS = [
    Eq(Log(p(D)), lang.ELBO(q(theta), p(D, theta)) + KL(q(theta), p(theta | D))),
    Eq(Log(p(D)), lang.ELBO(q(theta), p(D, theta)) - KL(q(theta), p(theta | D))),
    Eq(KL(q(x), p(x)), -H(q(x)) - E(Log(p(x)), q(x))),
    Eq(KL(q(x), p(x)), H(q(x)) - E(Log(p(x)), q(x))),
    Eq(Log(p(x, y)), Log(p(x | y)) + Log(p(y))),
    Eq(Log(p(x, y)), Log(p(x | y)) - Log(p(y))),
    Eq(lang.I(x, y, q), KL(q(x), p(x))),
    Ge(Log(p(D)), lang.ELBO(q(theta), p(D, theta))),
    Ge(lang.ELBO(q(theta), p(D, theta)), Log(p(D))),
]


def noticed():
    """Whether a bug shows: the prover contradicts itself, or the oracle objects to a verdict."""
    for claim in PLANTS:
        try:
            verdict = prove(claim)
        except Disagreement:
            return "disagreement"
        if oracle.objections(verdict, random.Random(5), 6):
            return "oracle"
    return ""


def test_without_a_planted_bug_nothing_is_noticed():
    assert noticed() == ""


def _plant_log_sign(monkeypatch):
    original = Normaliser._log

    def wrong(self, poly):
        found = original(self, poly)
        return {mono: abs(value) for mono, value in found.items()}

    monkeypatch.setattr(Normaliser, "_log", wrong)


def _plant_conditional(monkeypatch):
    monkeypatch.setattr(
        Normaliser,
        "_density",
        lambda self, term: normal.times(
            self.joint(self._key(term)[1], self._key(term)[2] | self._key(term)[3]),
            self.joint(self._key(term)[1], self._key(term)[3]),
        ),
    )


def _plant_entropy(monkeypatch):
    monkeypatch.setattr(Normaliser, "_visit", _entropy_as_its_negative(Normaliser._visit))


def _entropy_as_its_negative(original):
    def wrong(self, term):
        found = original(self, term)
        return {mono: -value for mono, value in found.items()} if isinstance(term, H) else found

    return wrong


def _plant_gap(monkeypatch):
    from elboproof import forms, gaps

    monkeypatch.setattr(gaps, "nonnegative_by_form", lambda term, *known: True)
    original = gaps.kl_gap
    monkeypatch.setattr(
        gaps, "kl_gap", lambda q, p, outer=(): forms.Gap("KL divergence", lang.negated(original(q, p, outer).term))
    )
    monkeypatch.setattr(gaps.Candidates, "literal", lambda self: iter(()))


@pytest.mark.parametrize(
    "plant", [_plant_log_sign, _plant_conditional, _plant_entropy, _plant_gap], ids=lambda plant: plant.__name__
)
def test_a_planted_bug_is_noticed(plant, monkeypatch):
    plant(monkeypatch)
    assert noticed()


def test_a_normaliser_that_proves_everything_contradicts_the_exact_reading(monkeypatch):
    monkeypatch.setattr(Normaliser, "difference", lambda self, claim: {})
    with pytest.raises(Disagreement, match="bug in elboproof"):
        prove(Eq(KL(q(x), p(x)), KL(p(x), q(x))))


def test_wrong_structure_is_noticed(monkeypatch):
    collider = lang.density("p", "x", "y", "z | x, y")
    monkeypatch.setattr(structure, "separated", lambda law, a, b, given: True)
    structure.relations.cache_clear()
    try:
        with pytest.raises(Disagreement):
            prove(Eq(lang.I(x, y | z, collider), 0))
    finally:
        structure.relations.cache_clear()


# -- time -------------------------------------------------------------------------------------------------------------

SIX = ("x", "y", "z", "w", "u", "v")


@given(claims.claims("neighbour", names=SIX, depth=1))
@settings(max_examples=10, deadline=None)
def test_claims_of_six_variables_return(claim):
    usable(claim, 200)
    assert isinstance(prove(claim), (Proved, Refuted, Undecided))
