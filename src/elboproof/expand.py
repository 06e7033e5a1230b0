"""From a normal form back to a term: ``sum c_i E_mu_i[log nu_i]``, in an order that never depends on hashing."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from sympy import Function, Integer, Rational

from . import language as lang
from .normal import DEFINITIONS, Monomial, Normaliser


def expand(term: Any) -> Any:
    """The normal form of a term, as a term: a sum of expectations of logs of joint marginals, for all laws the same."""
    normaliser = Normaliser()
    return Terms(normaliser).polynomial(normaliser(lang.operand(term)))


class Terms:
    """Builds terms from polynomials; the normaliser lends its laws."""

    def __init__(self, normaliser: Normaliser):
        self._laws = normaliser.laws

    def polynomial(self, poly: Any) -> Any:
        items = poly.items() if isinstance(poly, dict) else poly
        made = [(self.monomial(mono), value) for mono, value in items]
        made.sort(key=lambda pair: (pair[1] < 0, len(str(pair[0])), str(pair[0])))
        parts = [self._scaled(term, value) for term, value in made]
        return lang.Plus(*parts) if parts else Integer(0)

    @staticmethod
    def _scaled(term: Any, value: Fraction) -> Any:
        number = Rational(value.numerator, value.denominator)
        if term == 1:
            return number
        return term if number == 1 else lang.Times(number, term)

    def monomial(self, mono: Monomial) -> Any:
        densities = {f: e for f, e in mono if f[0] == "density"}
        above, below = self._conditionals(densities)
        for factor, exponent in sorted(mono - frozenset(densities.items()), key=lambda item: repr(_sortable(item))):
            inverse = factor[0] == "inverse"
            term = self.factor(factor[1] if inverse else factor)
            target = below if inverse or exponent < 0 else above
            target.append(term if abs(exponent) == 1 else lang.Power(term, abs(exponent)))
        top = lang.Times(*above) if above else Integer(1)
        return lang.Over(top, lang.Times(*below)) if below else top

    def _conditionals(self, densities: dict[Any, int]) -> tuple[list[Any], list[Any]]:
        """p(a,b)^1 p(b)^-1 as p(a | b), wherever a denominator finds its joint."""
        above: list[tuple[str, frozenset[str], frozenset[str]]] = []
        below: list[tuple[str, frozenset[str], frozenset[str]]] = []
        for (_, law, left, given), exponent in sorted(densities.items(), key=lambda item: repr(_sortable(item))):
            (above if exponent > 0 else below).extend([(law, left, given)] * abs(exponent))
        rest = []
        for law, names, given in sorted(below, key=lambda d: (-len(d[1]), d[0], sorted(d[1]))):
            whole = [d for d in above if d[0] == law and d[1] > names and not d[2] and not given]
            if whole:
                joint = min(whole, key=lambda d: (len(d[1]), sorted(d[1])))
                above[above.index(joint)] = (law, joint[1] - names, names)
            else:
                rest.append((law, names, given))
        return [self._density(*d) for d in above], [self._density(*d) for d in rest]

    def _density(self, law: str, left: frozenset[str], given: frozenset[str]) -> lang.Density:
        return lang.Density(self._laws[law], _variables(left), _variables(given))

    def factor(self, factor: Any) -> Any:
        kind = factor[0]
        if kind == "density":
            return self._density(*factor[1:])
        if kind == "log":
            return lang.Log(self.polynomial(factor[1]))
        if kind == "sum":
            return self.polynomial(factor[1])
        if kind == "value":
            _, name, args, _ = factor
            return lang.Variable(name) if not args else Function(name)(*map(lang.Variable, args))
        if kind == "mean":
            measures = sorted((self._density(*m[1:]) for m in factor[1]), key=str)
            return lang.E(self.polynomial(factor[2]), *measures)
        if kind == "node":
            _, name, _, key = factor
            args = [
                self._laws[arg] if isinstance(arg, str) else self.factor(arg) if isinstance(arg, tuple) else
                lang.Tuple(*_variables(arg))
                for arg in key
            ]  # fmt: skip
            return {name: getattr(lang, name) for name in DEFINITIONS}[name](*args)
        return self._integral(factor[1], factor[2])

    def _integral(self, names: frozenset[str], poly: Any) -> Any:
        if len(poly) == 1:
            ((mono, value),) = poly
            densities = {f: e for f, e in mono if f[0] == "density"}
            above, below = self._conditionals(densities)
            measures: list[lang.Density] = []
            for d in above:
                left = {v.name for v in d.left}
                if left <= names and not left & {v.name for m in measures for v in m.left}:
                    measures.append(d)
            if value == 1 and {v.name for m in measures for v in m.left} == names:
                rest = list(above)
                for d in measures:  # one copy each: q(x)^2 is averaged under one q(x), and one is left
                    rest.remove(d)
                others = self.monomial(mono - frozenset(densities.items()))
                f = lang.Times(*rest, *([others] if others != 1 else [])) if rest else others
                try:
                    return lang.E(lang.Over(f, lang.Times(*below)) if below else f, *measures)
                except lang.IllFormed:  # measures that condition in a circle: an integral is all there is
                    pass
        body = self.polynomial(poly)
        unused = sorted(names - {v.name for v in body.free_symbols})
        if unused:  # the size of the space: an integral of q/q
            law = self._laws[min(self._laws)] if self._laws else lang.densities("p")
            one = lang.Density(law, _variables(unused))
            body = lang.Times(lang.Over(one, one), body) if body != 1 else lang.Over(one, one)
        return lang.Integral(body, *_variables(names))


def _variables(names: Any) -> list[lang.Variable]:
    return [lang.Variable(name) for name in sorted(names)]


def _sortable(item: Any) -> Any:
    """The same item with every set sorted, so that its text is the same in every process."""
    if isinstance(item, frozenset):
        return sorted((_sortable(part) for part in item), key=repr)
    return tuple(_sortable(part) for part in item) if isinstance(item, tuple) else item
