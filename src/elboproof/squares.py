"""Squares that a claim may be a sum of, read off its normal form.

At one place of a claim (under one measure, under a bare integral, or outside both) the terms ``c E[u v]`` of the normal
form are a quadratic form in the monomials u and v. It is completed square by square (Lagrange's reduction), which needs
no roots of numbers. The square of each linear form l is proposed as it is, E[l^2], and about its mean, E[(l - E[l])^2].
Where the normal form holds a product of two means, E[u^2] E[v^2], the Cauchy-Schwarz gap is proposed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from . import language as lang
from .expand import Terms
from .forms import Gap, cauchy_gap, square_gap, variance_gap
from .normal import ONE, Monomial, Normaliser, Polynomial, power, times

Form = dict[tuple[Monomial, Monomial], Fraction]


@dataclass(frozen=True)
class Place:
    """What is bound there, the measures that draw it (none for a bare integral), and the measures around."""

    bound: tuple[lang.Variable, ...] = ()
    measures: tuple[lang.Density, ...] = ()
    outer: tuple[lang.Density, ...] = ()


def completed(form: Form, functions: list[Monomial]) -> Iterator[dict[Monomial, Fraction]]:
    """Linear forms whose squares, with positive weights, take the functions out of a quadratic form one by one."""
    rest = dict(form)
    for i, u in enumerate(functions):
        size = rest.get((u, u), Fraction(0))
        if size <= 0:
            continue
        row = {v: rest[u, v] / size for v in functions[i:] if rest.get((u, v))}
        yield row
        for v in row:
            for w in row:
                rest[v, w] = rest.get((v, w), Fraction(0)) - size * row[v] * row[w]


class Squares:
    """Proposes the squares of one claim, whose target is in a fixed order, place by place. It needs no soundness."""

    def __init__(self, target: Polynomial, normaliser: Normaliser):
        self._target, self._normaliser, self._terms = target, normaliser, Terms(normaliser)

    def at(self, place: Place) -> Iterator[Gap]:
        measure = times(*(m for d in (*place.measures, *place.outer) for m in self._normaliser(d)))
        names = frozenset(v.name for d in place.outer for v in d.left) | {v.name for v in place.bound}
        above = [mono for mono, value in self._target.items() if value > 0]
        functions = list(dict.fromkeys(root for mono in above if (root := self._root(mono, measure, names))))
        if place.measures or not names:
            functions.append(ONE)
        for row in completed(self._form(functions, measure, names), functions):
            line = self._terms.polynomial(row)
            yield square_gap(line, place.bound, place.measures, place.outer)
            if place.measures:
                yield variance_gap(line, place.measures, place.outer)
        if names and not place.outer:
            yield from self._products(place, measure, names)

    def _products(self, place: Place, measure: Monomial, names: frozenset[str]) -> Iterator[Gap]:
        for mono, value in self._target.items():
            if value > 0 and len(mono) == 2:
                roots = [self._root(frozenset({item}), measure, names) for item in mono]
                if all(roots):
                    u, v = sorted(map(self._terms.monomial, roots), key=str)
                    yield cauchy_gap(u, v, place.bound, place.measures)

    def _form(self, functions: list[Monomial], measure: Monomial, names: frozenset[str]) -> Form:
        """The coefficients of the products of two functions; a term of the claim counts for one product only."""
        found: Form = {}
        waiting = dict(self._target)
        pairs = [(u, v) for i, u in enumerate(functions) for v in functions[i:]]
        for u, v in sorted(pairs, key=lambda pair: pair[0] != pair[1]):
            mono = times(measure, u, v)
            key = mono
            if names:
                made = self._normaliser.integral({mono: Fraction(1)}, names)
                if made.keys() == {ONE} and mono != measure:
                    continue  # the whole mass of something else
                key = next(iter(made)) if list(made.values()) == [1] else mono
            value = waiting.pop(key, None)
            if value is not None:
                found[u, v] = found[v, u] = value / (1 if u == v else 2)
        return found

    def _root(self, mono: Monomial, measure: Monomial, names: frozenset[str]) -> Monomial:
        """The u whose square under the measure, integrated over the names, is a monomial; ONE if none is found."""
        if not names:
            return _half(mono)
        ((factor, exponent), *others) = mono or [((None,), 1)]
        if factor[0] != "integral" or exponent != 1 or others or len(factor[2]) != 1:
            return ONE
        ((inner, _),) = factor[2]
        for whole in (times(inner, power(measure, -1)), frozenset(item for item in inner if item[0][0] != "density")):
            root = _half(whole)
            if root and self._normaliser.integral({times(measure, root, root): Fraction(1)}, names) == {mono: 1}:
                return root
        return ONE


def _half(mono: Monomial) -> Monomial:
    """The monomial whose square this is; ONE if there is none."""
    return frozenset((f, e // 2) for f, e in mono) if all(e % 2 == 0 for _, e in mono) else ONE
