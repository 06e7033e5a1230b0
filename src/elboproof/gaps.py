"""Inequalities: gaps proposed for one claim, and the certificate that it is a sum of them.

What a gap is, and why it is >= 0, is in `forms`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from fractions import Fraction
from itertools import chain, combinations, islice
from math import gcd
from typing import Any

from sympy import Integer, Rational

from . import language as lang
from .errors import Disagreement, IllFormed
from .expand import Terms
from .forms import (
    Gap,
    jensen_gap,
    kl_gap,
    mixture_gap,
    moment_gap,
    nonnegative_by_form,
    rational,
    tangent_gap,
)
from .linear import add_into, nonnegative_combination
from .normal import ONE, Monomial, Normaliser, Polynomial, freeze, power, times
from .signs import factors, is_square, nonnegative, positive, positive_in
from .squares import Place, Squares
from .tables import Shape
from .walks import drawn, outside, walk

BATCHES = (8, 24, 64, 128, 256)  # gaps are proposed, and a combination of them sought, in growing numbers


class Candidates:
    """Proposes gaps for one claim, from its laws, its measures and its logarithms. Proposing needs no soundness."""

    def __init__(self, claim: Any, target: Polynomial, normaliser: Normaliser):
        self._normaliser, self._terms = normaliser, Terms(normaliser)
        ordered = sorted((str(self._terms.monomial(mono)), i, mono) for i, mono in enumerate(target))
        self._target = {mono: target[mono] for *_, mono in ordered}
        self._known = positive_in(claim)
        self.shape = Shape.of(claim.lhs, claim.rhs)
        self._free = set(self.shape.free)
        sides = (claim.lhs, claim.rhs, self._terms.polynomial(target))
        self._nodes = list(dict.fromkeys(pair for side in sides for pair in walk(side)))
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
        """The divergences and the squares of the claim itself, under the measures they stand under."""
        for node, measures in self._nodes:
            if isinstance(node, (lang.KL, lang.I)):
                yield from self._built(lambda k, m: Gap("KL divergence", lang.E(k, *m) if m else k), node, measures)
            elif is_square(node):
                yield from self._built(lambda k, m: Gap("square", lang.E(k, *m) if m else k), node, measures)

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
        """Jensen gaps of the claim's logs of means and sums and means of logs, tangent gaps of every log."""
        for node, outer in self._nodes:
            if not isinstance(node, lang.Log):
                continue
            x = node.args[0]
            if outer and nonnegative(x, self._known, outer):  # its mean may be a term of the claim
                yield from self._built(jensen_gap, x, outer)
            if isinstance(x, lang.E) and positive(x.args[0]):
                yield from self._built(jensen_gap, x.args[0], x.measures, outer)
            if isinstance(x, (lang.E, lang.Integral)):
                integrand = lang.Times(*x.measures, x.args[0]) if isinstance(x, lang.E) else x.args[0]
                for measures in self._over(x, integrand):
                    ratio = lang.Over(integrand, lang.Times(*measures))
                    if nonnegative(ratio, self._known, outside(outer, x.bound) + measures):
                        yield from self._built(jensen_gap, ratio, measures, outer)
            tangents = [_flipped(x)] if positive(x) else []
            tangents += [x, *(part for part in factors(x) if not positive(part))]
            for part in dict.fromkeys(part for part in tangents if nonnegative(part, self._known, outer)):
                yield from self._built(tangent_gap, part, outer)
                mean = self._normaliser(lang.E(part, *outer)) if outer else {}
                if mean.keys() == {ONE} and mean[ONE] > 0 and mean[ONE] != 1:
                    yield from self._built(tangent_gap, lang.Over(part, rational(mean[ONE])), outer)
            for part in factors(x):
                if isinstance(part, lang.Plus) and all(map(nonnegative, part.args)):
                    for weights in _weights(part.args):
                        yield from self._built(mixture_gap, part, weights, outer)

    def _over(self, x: Any, integrand: Any) -> list[tuple[lang.Density, ...]]:
        """Measures of the claim over the variables that a mean or integral binds."""
        inside = [(d,) for d in lang.subterms(integrand) if isinstance(d, lang.Density)]
        every = dict.fromkeys([*self._measures, *inside])
        return [measures for measures in every if {v for m in measures for v in m.left} == set(x.bound)]

    def powers(self) -> Iterator[Gap]:
        """Squares, gaps between the moments whose logs the claim takes, tangent gaps of its means."""
        moments: dict[Any, dict[int, None]] = {}
        places: dict[Place, None] = {Place(): None}
        for node, outer in self._nodes:
            x = node.args[0] if isinstance(node, lang.Log) else node
            if not isinstance(x, (lang.E, lang.Integral)):
                continue
            integrand = lang.Times(*x.measures, x.args[0]) if isinstance(x, lang.E) else x.args[0]
            for measures in self._over(x, integrand):
                places[Place(x.bound, measures, outer)] = None
                for mono in self._normaliser(integrand):
                    base, k = self._root(mono, measures)
                    ratio = self._terms.monomial(power(base, k))
                    if x is node and nonnegative(ratio, self._known, measures):
                        yield from self._built(tangent_gap, ratio, measures)
                    if k and x is not node:
                        moments.setdefault((base, measures, outer), {0: None, 1: None})[k] = None
            places[Place(x.bound, (), outer)] = None
        squares = Squares(self._target, self._normaliser)
        for place in places:
            with suppress(IllFormed):
                yield from squares.at(place)
        for (base, measures, outer), ks in moments.items():
            term = self._terms.monomial(base)
            for triple in combinations(sorted(ks), 3) if nonnegative(term) else ():
                yield from self._built(moment_gap, term, triple, measures, outer)

    def _root(self, mono: Monomial, measures: tuple[lang.Density, ...]) -> tuple[Monomial, int]:
        """X and the greatest k with X^k times the measures the monomial; k = 0 if it is the measures alone."""
        ratio = times(mono, *(power(m, -1) for d in measures for m in self._normaliser(d)))
        k = gcd(*(exponent for _, exponent in ratio))
        return (frozenset((factor, exponent // k) for factor, exponent in ratio) if k else ratio), k

    @staticmethod
    def _built(make: Any, *args: Any) -> Iterator[Gap]:
        with suppress(IllFormed):
            yield make(*args)

    def positive(self) -> Iterator[Gap]:
        """A positive number, and products and means that the target holds: positive as they stand."""
        yield Gap("positive number", Integer(1))
        for mono, value in self._target.items():
            if value > 0 and mono and nonnegative(self._terms.monomial(mono)):
                yield Gap("positive term", self._terms.monomial(mono))

    def lacking(self) -> Any:
        """A term of the target that no gap can supply, as far as its form shows; None if there is none."""
        waiting = strange(self._target)
        others = chain(self.literal(), self.logarithms(), self.powers(), self.positive())
        while waiting:
            gap = next(others, None)
            if gap is None:
                return self._terms.monomial(waiting[0])
            column = self._normaliser(gap.term)
            waiting = [mono for mono in waiting if column.get(mono, 0) * self._target[mono] <= 0]
        return None

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


def strange(target: Polynomial) -> list[Monomial]:
    """The monomials that no divergence holds."""
    return [mono for mono in target if not _of_divergences(mono)]


def _of_divergences(mono: Monomial) -> bool:
    """Whether a monomial could stand in a divergence: densities and one log of a density, whatever is averaged."""
    logs, items = 0, list(mono)
    while items:
        factor, exponent = items.pop()
        if factor[0] == "integral":
            items += [item for inner, _ in factor[2] for item in inner]
        elif factor[0] == "log":
            logs += exponent
            if len(factor[1]) > 1 or any(inner[0] != "density" for argument, _ in factor[1] for inner, _ in argument):
                return False
        elif factor[0] != "density":
            return False
    return logs == 1


def _flipped(x: Any) -> Any:
    if isinstance(x, Rational):
        return 1 / x
    return lang.Over(x.args[1], x.args[0]) if isinstance(x, lang.Over) else lang.Over(Integer(1), x)


def _weights(parts: Any) -> Iterator[dict[int, Fraction]]:
    """Weights for a sum: all on one part; as the parts' own numbers say; all alike."""
    for i in range(len(parts)):
        yield {i: Fraction(1)}
    heads = [part.args[0] if isinstance(part, lang.Times) else part for part in parts]
    own = [Fraction(head.p, head.q) if isinstance(head, Rational) else Fraction(1) for head in heads]
    yield {i: value / sum(own) for i, value in enumerate(own)}
    yield {i: Fraction(1, len(parts)) for i in range(len(parts))}


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
