"""Inequalities: terms that are non-negative for all laws, and the certificate that one claim is a sum of them.

Everything rests on ``log x <= x - 1``. A *tangent gap* E[X - 1 - log X] averages it; a *KL divergence* is the tangent
gap of a ratio of densities, whose mean is at most 1; a *Jensen gap* log E[X] - E[log X] is the tangent gap of X / E[X].
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, combinations, islice
from typing import Any

from sympy import Integer

from . import language as lang
from .conditions import drawn, outside, positive, walk
from .errors import Disagreement, IllFormed
from .expand import Terms
from .linear import add_into, nonnegative_combination
from .normal import Normaliser, Polynomial, freeze
from .tables import Shape

BATCHES = (8, 24, 64, 128, 256)  # gaps are proposed, and a combination of them sought, in growing numbers


@dataclass(frozen=True)
class Gap:
    """A term that is >= 0 because of its form."""

    kind: str
    term: Any


def nonnegative_by_form(term: Any, known: frozenset[Any] = frozenset()) -> bool:
    """Whether a term is one of the forms that are >= 0 for all laws. A certificate holds nothing else.

    `known` holds terms that are positive wherever the claim has a value, because it takes their logarithms.
    """
    if isinstance(term, lang.E):
        return nonnegative_by_form(term.args[0], known)
    return isinstance(term, (lang.KL, lang.I)) or _jensen(term) or _tangent(term, known) or positive(term)


def positive_in(claim: Any) -> frozenset[Any]:
    """Terms whose logarithm the claim takes, alone or times what is positive by its form."""
    found = set()
    for side in (claim.lhs, claim.rhs):
        for node, _ in walk(side):
            if isinstance(node, lang.Log):
                found.add(node.args[0])
                odd = [part for part in _factors(node.args[0]) if not positive(part)]
                if len(odd) == 1:
                    found.add(odd[0])
    return frozenset(found)


def _factors(x: Any) -> list[Any]:
    """The factors above and below of a product or quotient."""
    if isinstance(x, (lang.Times, lang.Over)):
        return [part for arg in x.args for part in _factors(arg)]
    return [x]


def _tangent(term: Any, known: frozenset[Any] = frozenset()) -> bool:
    """-1 + X - log X for an X positive by its form, or known to be."""
    if not isinstance(term, lang.Plus) or len(term.args) != 3:
        return False
    minus_one, x, minus_log = term.args
    return minus_one == -1 and minus_log == lang.negated(lang.Log(x)) and (x in known or positive(x))


def _jensen(term: Any) -> bool:
    """log E_mu[X] - E_mu[log X] for a positive X."""
    if not isinstance(term, lang.Plus) or len(term.args) != 2 or not isinstance(term.args[0], lang.Log):
        return False
    mean = term.args[0].args[0]
    if not isinstance(mean, lang.E) or not positive(mean.args[0]):
        return False
    return term.args[1] == lang.negated(lang.E(lang.Log(mean.args[0]), *mean.measures))


def tangent_gap(x: Any, measures: tuple[Any, ...] = ()) -> Gap:
    inside = lang.Plus(Integer(-1), x, lang.negated(lang.Log(x)))  # a sum first would be merged
    return Gap("tangent gap", lang.E(inside, *measures) if measures else inside)


def jensen_gap(x: Any, inner: tuple[Any, ...], outer: tuple[Any, ...] = ()) -> Gap:
    gap = lang.Plus(lang.Log(lang.E(x, *inner)), lang.negated(lang.E(lang.Log(x), *inner)))
    return Gap("Jensen gap", lang.E(gap, *outer) if outer else gap)


def kl_gap(q: Any, p: Any, outer: tuple[Any, ...] = ()) -> Gap:
    kl = lang.KL(q, p)
    return Gap("KL divergence", lang.E(kl, *outer) if outer else kl)


class Candidates:
    """Proposes gaps for one claim, from its laws, its measures and its logarithms. Proposing needs no soundness."""

    def __init__(self, claim: Any, difference: Any):
        self.shape = Shape.of(claim.lhs, claim.rhs)
        self._free = set(self.shape.free)
        self._nodes = list(dict.fromkeys(pair for side in (claim.lhs, claim.rhs, difference) for pair in walk(side)))
        found: dict[tuple[Any, ...], None] = {}
        for node, measures in self._nodes:
            if isinstance(node, (lang.E, lang.Integral)) and drawn(node):
                found[outside(measures, node.bound) + drawn(node)] = None
        self._measures = list(found)

    def _density(self, law: str, left: Iterable[str], given: Iterable[str]) -> lang.Density:
        head = self.shape.laws[law][0]
        return lang.Density(head, map(lang.Variable, sorted(left)), map(lang.Variable, sorted(given)))

    def _kernels(self) -> Iterator[tuple[lang.Density, tuple[lang.Density, ...]]]:
        """Densities to compare, each with the measures that average over what it is conditioned on."""
        for measures in self._measures:
            for k in measures:
                after = set(k.left)
                rest = [m for m in measures if m is not k and not after & set(m.given)]
                yield k, tuple(rest)
                for size in range(1, len(k.left)):
                    for group in combinations([v.name for v in k.left], size):
                        others = {v.name for v in k.left} - set(group)
                        given = {v.name for v in k.given}
                        inner = self._density(k.law.name, group, others | given)
                        yield inner, (self._density(k.law.name, others, given), *rest)
                        yield self._density(k.law.name, group, given), tuple(rest)
        for name, (_, variables) in self.shape.laws.items():
            bound = [v for v in variables if v not in self._free]
            held = [v for v in variables if v in self._free]
            for size in range(1, len(bound) + 1):
                for left in combinations(bound, size):
                    rest_names = [v for v in bound if v not in left]
                    for count in range(len(rest_names) + 1):
                        for around in combinations(rest_names, count):
                            for fixed in ([], held) if held else ([],):
                                outer = (self._density(name, around, fixed),) if around else ()
                                yield self._density(name, left, {*around, *fixed}), outer

    def literal(self) -> Iterator[Gap]:
        """The divergences of the claim itself, under the measures they stand under."""
        for node, measures in self._nodes:
            if isinstance(node, (lang.KL, lang.I)):
                yield from self._built(lambda k, m: Gap("KL divergence", lang.E(k, *m) if m else k), node, measures)

    def divergences(self) -> Iterator[Gap]:
        """KL divergences, conditional ones among them, averaged over what they are conditioned on."""
        seen: dict[Gap, None] = {}
        for k, outer in self._kernels():
            left = {v.name for v in k.left}
            drawn = {v.name for m in outer for v in m.left}
            for name, (_, variables) in self.shape.laws.items():
                if not left <= set(variables):
                    continue
                around = [v for v in variables if v not in left and (v in drawn or v in self._free)]
                for size in range(len(around) + 1):
                    for given in combinations(around, size):
                        other = self._density(name, left, given)
                        if (other.law, set(other.given)) == (k.law, set(k.given)):
                            continue
                        try:
                            gap = kl_gap(k, other, outer)
                        except IllFormed:
                            continue
                        if gap not in seen:
                            seen[gap] = None
                            yield gap

    def logarithms(self) -> Iterator[Gap]:
        """Jensen gaps of the claim's logs of means, tangent gaps of every log, and what is positive by itself."""
        for node, outer in self._nodes:
            if not isinstance(node, lang.Log):
                continue
            x = node.args[0]
            if isinstance(x, lang.E) and positive(x.args[0]):
                yield from self._built(jensen_gap, x.args[0], x.measures, outer)
            if isinstance(x, (lang.E, lang.Integral)) and positive(x.args[0]):
                integrand = lang.Times(*x.measures, x.args[0]) if isinstance(x, lang.E) else x.args[0]
                inside = [(d,) for d in lang.subterms(integrand) if isinstance(d, lang.Density)]
                for measures in dict.fromkeys([*self._measures, *inside]):
                    if {v for m in measures for v in m.left} == set(x.bound):
                        yield from self._built(jensen_gap, lang.Over(integrand, lang.Times(*measures)), measures, outer)
            if positive(x):
                yield from self._built(tangent_gap, lang.Over(Integer(1), x), outer)
            for part in dict.fromkeys([x, *(part for part in _factors(x) if not positive(part))]):
                yield from self._built(tangent_gap, part, outer)
        yield Gap("positive number", Integer(1))

    @staticmethod
    def _built(make: Any, *args: Any) -> Iterator[Gap]:
        with suppress(IllFormed):
            yield make(*args)

    def positive(self, target: Polynomial, normaliser: Normaliser) -> Iterator[Gap]:
        """Products and means of densities that the target holds: positive as they stand."""
        terms = Terms(normaliser)
        for mono, value in sorted(target.items(), key=lambda item: str(terms.monomial(item[0]))):
            if value > 0 and mono and positive(terms.monomial(mono)):
                yield Gap("positive term", terms.monomial(mono))

    def discrete(self) -> Iterator[Gap]:
        """-E log p: non-negative for discrete laws only, whose probabilities are at most 1."""
        for k, outer in self._kernels():
            for name, (_, variables) in self.shape.laws.items():
                if {v.name for v in k.left} <= set(variables):
                    given = [v for v in k.given if v.name in variables]
                    log = lang.negated(lang.Log(lang.Density(self.shape.laws[name][0], k.left, given)))
                    yield from self._built(lambda f, m: Gap("entropy", lang.E(f, *m)), log, (k, *outer))
        for name, (_, variables) in self.shape.laws.items():
            free = [v for v in variables if v in self._free]
            for size in range(1, len(free) + 1):
                for left in combinations(free, size):
                    yield Gap("entropy", lang.negated(lang.Log(self._density(name, left, ()))))


def certificate(
    target: Polynomial,
    normaliser: Normaliser,
    groups: Iterable[Iterable[Gap]],
    hopeless: Callable[[], bool] = lambda: False,
) -> list[tuple[Fraction, Gap]] | None:
    """Non-negative multiples of gaps that add up to the target, from as few of the groups as possible.

    `hopeless` is asked once, after the first few gaps did not do: a claim that fails on a table needs no search.
    """
    if not target:
        return []
    gaps: list[Gap] = []
    columns: list[Polynomial] = []
    seen: set[Any] = set()
    proposed = chain.from_iterable(groups)
    for size in BATCHES:
        for gap in islice(proposed, size):
            column = normaliser(gap.term)
            if column and freeze(column) not in seen:
                seen.add(freeze(column))
                gaps.append(gap)
                columns.append(column)
        picked = _pruned(target, columns)
        found = nonnegative_combination(target, [columns[j] for j in picked])
        if found is None and size == BATCHES[0] and hopeless():
            return None
        if found is not None:
            return [(x, gaps[j]) for x, j in zip(found, picked, strict=True) if x]
    return None


def _pruned(target: Polynomial, columns: list[Polynomial]) -> list[int]:
    """Leave out, until nothing changes, columns with a coordinate that nothing else could cancel."""
    alive = list(range(len(columns)))
    while True:
        signs: dict[Any, set[bool]] = {}
        for j in alive:
            for key, value in columns[j].items():
                signs.setdefault(key, set()).add(value > 0)
        kept = [
            j
            for j in alive
            if all(len(signs[key]) == 2 or ((target.get(key, 0) > 0) == (value > 0) and key in target)
                   for key, value in columns[j].items())
        ]  # fmt: skip
        if kept == alive:
            return alive
        alive = kept


def check_certificate(
    claim: Any, claim_difference: Polynomial, pieces: list[tuple[Fraction, Gap]], discrete: bool = False
) -> None:
    """Re-add a certificate from scratch; Disagreement if it does not give the claim, or holds what is no gap."""
    fresh, known = Normaliser(), positive_in(claim)
    total: Polynomial = {}
    for value, gap in pieces:
        if value <= 0 or not (nonnegative_by_form(gap.term, known) or (discrete and gap.kind == "entropy")):
            raise Disagreement(f"expected non-negative pieces in a certificate, found {value} times {gap.term}")
        add_into(total, fresh(gap.term), value)
    if total != claim_difference:
        left = Terms(fresh).polynomial(add_into(dict(claim_difference), total, -1))
        raise Disagreement(f"expected a certificate that adds up to the claim, found {left} left over")
