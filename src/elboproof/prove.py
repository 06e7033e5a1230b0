"""`prove`: one claim in, one of three verdicts out: Proved, Refuted, Undecided.

An identity is proved when both sides have one normal form; an inequality when the difference of its sides is a
non-negative combination of gaps. Either proof is then cross-examined by the exact reading, on tables it did not choose.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

from . import language as lang
from .conditions import Conditions, included
from .errors import Disagreement, IllFormed, NoTruthValue
from .forms import Gap, covered
from .gaps import Candidates, certificate, check_certificate, strange
from .language import relation
from .normal import SWITCHES, Normaliser, Polynomial
from .refute import Counterexample, fails_on, fails_soon, met, refute, valueless
from .rules import rules_used, single_inequality
from .signs import loses, positive
from .tables import Shape, random_table
from .textform import text

EXAMINED = 3  # tables in a cross-examination
MOST_TERMS = 500  # of a normal form for which gaps are sought: a few tenths of a second
FEW_TERMS = 60  # of one for which it is asked whether discrete laws make the claim true
PLAIN = SWITCHES - {"cancel", "log", "linearity", "structure"}


@dataclass(frozen=True, repr=False)
class Verdict:
    """What `prove` returns. It has no truth value: ask for its class. `report` gives it its text and HTML."""

    claim: Any

    def __bool__(self) -> bool:
        name = type(self).__name__
        raise NoTruthValue(f"a verdict has no truth value, found {name}: ask isinstance(verdict, Proved)")


@dataclass(frozen=True, repr=False)
class Proved(Verdict):
    """True for all laws with the declared structure that meet the conditions.

    `slack` holds the certificate of an inequality: non-negative multiples of gaps that add up to the difference of
    the sides. `examined` counts the random tables on which the exact reading agreed. `steps` are those of `as_dict`.
    """

    conditions: tuple[Any, ...]
    slack: tuple[tuple[Fraction, Gap], ...] = ()
    examined: int = 0

    @cached_property
    def rules(self) -> tuple[str, ...]:
        """The names of a smallest set of rules that prove the claim."""
        rule = single_inequality(self.claim)
        if rule is not None:
            return (rule.name,)
        kinds = {"KL divergence": "Gibbs' inequality", "Jensen gap": "Jensen's inequality"}
        kinds |= {"tangent gap": "tangent inequality", "moment gap": "Lyapunov's inequality"}
        kinds |= {"square": "squares are not negative", "Cauchy-Schwarz gap": "Cauchy-Schwarz inequality"}
        return tuple(dict.fromkeys(kinds.get(gap.kind, gap.kind) for _, gap in self.slack)) or rules_used(self.claim)


@dataclass(frozen=True, repr=False)
class Refuted(Verdict):
    """False: on the counterexample's table the two sides differ, exactly."""

    counterexample: Counterexample

    @cached_property
    def discrete(self) -> str:
        """What is known where the counting measure is the base: "false", "true" (proved so), or "unknown"."""
        return "false" if self.counterexample.table.counting else _discrete(self.claim)


@dataclass(frozen=True, repr=False)
class Undecided(Verdict):
    """Neither proved nor refuted, and why."""

    reason: str


def prove(claim: Any) -> Proved | Refuted | Undecided:
    """Decide a claim for all laws and all values of its free variables.

    Raises NotAClaim for what is not Eq, Ge or Le of terms. Raises Disagreement if the prover and the exact reading
    contradict each other, which would be a bug in elboproof.
    """
    claim = relation(claim)
    normaliser = Normaliser()
    difference: Polynomial = {}
    proved: Proved | None = None
    limit = missing = ""
    try:
        difference = normaliser.difference(claim)
        proved = _equal(claim, normaliser, difference) if not difference else None
        if proved is None and not isinstance(claim, lang.Eq):
            tried = _at_least(claim, normaliser, difference)
            proved, missing = (tried, "") if isinstance(tried, Proved) else (None, tried)
    except IllFormed as reason:  # the normal form holds what cannot be written, such as log 0
        limit = str(reason)
    if proved is not None:
        return _examined(proved)
    try:
        found = refute(claim)
    except IllFormed as reason:
        return Undecided(claim, str(reason))
    if found is None:
        return Undecided(claim, limit or _why(claim, difference, missing))
    return Refuted(claim, found)


def _upward(claim: Any, difference: Polynomial) -> Polynomial:
    """The larger side minus the smaller, of an inequality."""
    return {mono: -value for mono, value in difference.items()} if isinstance(claim, lang.Le) else difference


def _equal(claim: Any, normaliser: Normaliser, difference: Polynomial) -> Proved:
    lhs, rhs = claim.lhs, claim.rhs
    while isinstance(lhs, lang.Log) and isinstance(rhs, lang.Log):
        if normaliser(lhs.args[0]) != normaliser(rhs.args[0]):
            break
        lhs, rhs = lhs.args[0], rhs.args[0]  # logs of equal things
    if not isinstance(claim, lang.Eq):
        small, large = (lhs, rhs) if isinstance(claim, lang.Le) else (rhs, lhs)
        lower, upper = (Conditions(lang.Eq(side, side), normaliser) for side in (small, large))
        needs = [c for c in lower.supports() if not isinstance(c, lang.Support)] + upper.supports()
        if loses(small) and loses(large) and not (lower.bare or upper.bare):
            return Proved(claim, tuple(dict.fromkeys(needs)))  # what a measure misses only makes it smaller
    conditions = Conditions(lang.Eq(lhs, rhs), normaliser)
    needs = conditions.supports()
    if positive(lhs) and positive(rhs) and lhs != claim.lhs and not conditions.loose:
        return Proved(claim, tuple(needs))  # nothing to split or move, and nothing negative
    plain = Normaliser(PLAIN)
    if plain(lhs) != plain(rhs) or plain.cancelled or not conditions.same_quotients():
        needs += conditions.finite()
    return Proved(claim, tuple(needs))


def _at_least(claim: Any, normaliser: Normaliser, difference: Polynomial) -> Proved | str:
    """An inequality proved, or why it was not."""
    conditions = Conditions(claim, normaliser)
    upward = _upward(claim, difference)
    if single_inequality(claim) is not None:
        return Proved(claim, tuple(conditions.bounded([upward])))
    known = "divergences, Jensen, tangent and moment gaps, and squares of this claim"
    nothing = f"no non-negative combination of the {known} was found"
    if len(upward) > MOST_TERMS:
        return f"its normal form has {len(upward)} terms; gaps are sought for at most {MOST_TERMS}"
    if strange(upward) and fails_soon(claim):
        return nothing
    candidates = Candidates(claim, upward, normaliser)
    lacking = candidates.lacking()
    if lacking is not None:
        return f"none of the {known} holds the term {text(lacking)}"
    groups = [candidates.literal(), candidates.divergences(), candidates.logarithms()]
    if strange(upward):  # a logarithm that no divergence holds needs a gap that does
        groups[1:] = reversed(groups[1:])
    groups += [candidates.positive(), candidates.powers()]
    pieces = certificate(upward, normaliser, groups, lambda: fails_soon(claim))
    if pieces is None:
        return nothing
    check_certificate(claim, upward, pieces)
    needs = conditions.supports() + conditions.bounded([normaliser(gap.term) for _, gap in pieces])
    needs += [
        c for _, gap in pieces for c in covered(gap, normaliser) if not any(included(c, known) for known in needs)
    ]
    return Proved(claim, tuple(dict.fromkeys(needs)), tuple(pieces))


def _examined(proved: Proved) -> Proved:
    """Cross-examination: the exact reading on random tables, base-measure weights among them."""
    claim = proved.claim
    shape = Shape.of(claim.lhs, claim.rhs)
    rng = random.Random(20250527)
    count = 0
    large = sum(2 ** len(names) for _, names in shape.laws.values()) > 24
    for i in range(4 * EXAMINED if shape.functions else EXAMINED):  # of some functions a log has no value
        states = 2 if large or i else 3
        table = random_table(shape, rng, states=states, weighted=i > 0, positive=i > EXAMINED)
        found = fails_on(claim, table)
        if isinstance(found, Counterexample):
            if not met(proved.conditions, table):
                continue
            raise Disagreement(
                f"proved {claim}, but on a table its sides are {found.lhs} and {found.rhs}: "
                "this is a bug in elboproof, please report it"
            )
        count += found
        if count == EXAMINED:
            break
    return replace(proved, examined=count)


def _discrete(claim: Any) -> str:
    """Whether a claim that only a weighted table refutes is provably true for discrete laws."""
    if isinstance(claim, lang.Eq):
        return "unknown"
    normaliser = Normaliser()
    try:
        upward = _upward(claim, normaliser.difference(claim))
        candidates = Candidates(claim, upward, normaliser) if len(upward) <= FEW_TERMS else None
        if candidates is None or candidates.lacking() is not None:
            return "unknown"
        groups = (candidates.divergences(), candidates.discrete(), candidates.logarithms(), candidates.positive())
        pieces = certificate(upward, normaliser, groups)
    except IllFormed:  # the normal form holds what cannot be written
        return "unknown"
    if pieces is None:
        return "unknown"
    check_certificate(claim, upward, pieces, discrete=True)
    needs = Conditions(claim, normaliser).supports() + [c for _, gap in pieces for c in covered(gap, normaliser)]
    return "unknown" if any(isinstance(condition, lang.Support) for condition in needs) else "true"


def _monomials(poly: Any) -> Iterator[Any]:
    """Every monomial of a polynomial, those under its integrals too."""
    for mono in poly:
        yield mono
        for factor, _ in mono:
            if factor[0] == "integral":
                yield from _monomials(inner for inner, _ in factor[2])


def _why(claim: Any, difference: Polynomial, missing: str) -> str:
    if valueless(claim):
        return "no proof was found, and on the tables tried the sides do not both have a finite value"
    nested = any(
        factor[0] == "log" and any(inner[0] == "log" for mono, _ in factor[1] for inner, _ in mono)
        for mono in difference
        for factor, _ in mono
    )
    products = any(sum(e for f, e in mono if f[0] == "log") > 1 for mono in _monomials(difference))
    outside = "a log of a log" if nested else "a product of logs" if products else ""
    if outside:
        return f"the sides differ by {outside}, which is outside the linear-log fragment, and no table refuted it"
    if isinstance(claim, lang.Eq):
        return "the normal forms differ, yet no table tried tells the sides apart"
    return f"{missing}, and no table refuted it"
