"""Side conditions: what an identity or inequality needs of the laws beyond its algebra.

Two kinds. *Support*: a density divided by under an integral is positive where the rest of the integrand is.
*Finiteness*: terms that are split, moved or cancelled are finite. For an inequality only one side of finiteness
matters: ``L >= R`` holds by itself where L is +inf or R is -inf.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sympy import Rational

from . import language as lang
from .expand import Terms
from .linear import Echelon
from .normal import Normaliser, Polynomial

Joint = tuple[str, frozenset[str]]
Atom = tuple[frozenset[lang.Density], Joint, int]


@dataclass(frozen=True)
class Unit:
    """A summand of a claim, with its coefficient on the left side (negative for the right side)."""

    term: Any
    coefficient: Fraction


def units(term: Any, factor: Fraction = Fraction(1)) -> Iterator[Unit]:
    """The summands of a term, with their rational coefficients."""
    if isinstance(term, lang.Plus):
        for arg in term.args:
            yield from units(arg, factor)
        return
    if isinstance(term, lang.Times):
        numbers = [arg for arg in term.args if isinstance(arg, Rational)]
        rest = [arg for arg in term.args if not isinstance(arg, Rational)]
        if numbers and len(rest) == 1:
            for number in numbers:
                factor *= Fraction(number.p, number.q)
            yield from units(rest[0], factor)
            return
    if isinstance(term, lang.Over) and isinstance(term.args[1], Rational):
        yield from units(term.args[0], factor / Fraction(term.args[1].p, term.args[1].q))
    elif not isinstance(term, Rational):
        yield Unit(term, factor)


def joint(d: lang.Density) -> Joint:
    return d.law.name, frozenset(v.name for v in (*d.left, *d.given))


def walk(term: Any, measures: tuple[lang.Density, ...] = ()) -> Iterator[tuple[Any, tuple[lang.Density, ...]]]:
    """Every node below a term, definitions unfolded to expectations, with the measures it is averaged under."""
    yield term, measures
    if isinstance(term, lang.E):
        yield from walk(term.args[0], measures + term.measures)
    elif isinstance(term, (lang.Density, lang.Law, lang.Variable)):
        return
    elif isinstance(term, lang.Term) and not isinstance(term, lang.Integral) and term.definition() is not term:
        yield from walk(term.definition(), measures)
    elif isinstance(term, lang.Integral):
        yield from walk(term.args[0], measures)
    else:
        for arg in term.args:
            yield from walk(arg, measures)


def log_atoms(term: Any, sign: int = 1, measures: frozenset[Any] = frozenset()) -> Iterator[Atom]:
    """The densities whose logs a term averages: (measures, joint, sign of the log)."""
    if isinstance(term, lang.Log):
        yield from _factors(term.args[0], sign, measures)
    elif isinstance(term, lang.E):
        yield from log_atoms(term.args[0], sign, measures | frozenset(term.measures))
    elif isinstance(term, (lang.Density, lang.Integral, lang.Variable)):
        return
    elif isinstance(term, lang.Term) and term.definition() is not term:
        yield from log_atoms(term.definition(), sign, measures)
    else:
        if isinstance(term, lang.Times) and any(isinstance(a, Rational) and a < 0 for a in term.args):
            sign = -sign
        for arg in term.args:
            yield from log_atoms(arg, sign, measures)


def _factors(term: Any, sign: int, measures: frozenset[Any]) -> Iterator[Atom]:
    if isinstance(term, lang.Density):
        yield measures, joint(term), sign
    elif isinstance(term, lang.Over):
        yield from _factors(term.args[0], sign, measures)
        yield from _factors(term.args[1], -sign, measures)
    elif isinstance(term, lang.Power):
        yield from _factors(term.args[0], sign if term.args[1] >= 0 else -sign, measures)
    elif isinstance(term, lang.Times):
        for arg in term.args:
            yield from _factors(arg, sign, measures)


def existing(claim: Any) -> set[Joint]:
    """Marginals known to be positive because a conditional of the claim, given free variables only, exists."""
    free = {v.name for v in claim.free_symbols}
    found = set()
    for side in (claim.lhs, claim.rhs):
        for node in lang.subterms(side):
            if isinstance(node, lang.Density) and node.given:
                names = frozenset(v.name for v in node.given)
                if names <= free:
                    found.add((node.law.name, names))
    return found


def _positive(atoms: list[Atom], known: set[Joint]) -> bool:
    """Whether every density in the atoms is positive where its measures are, or is known to be."""
    for measures, (law, names), _ in atoms:
        held = [joint(m) for m in measures] + list(known)
        if not any(other == law and names <= more for other, more in held):
            return False
    return True


class Conditions:
    """Collects the side conditions of one claim."""

    def __init__(self, claim: Any, normaliser: Normaliser):
        self._claim, self._normal = claim, normaliser
        self._known = existing(claim)

    def supports(self) -> list[Any]:
        """One condition for each density that is divided by outside a logarithm."""
        out: dict[Any, None] = {}
        for side in (self._claim.lhs, self._claim.rhs):
            for condition in self._supports(side):
                out[condition] = None
        return list(out)

    def _supports(self, term: Any) -> Iterator[Any]:
        for d in self._denominators(term):
            if joint(d) not in self._known:
                yield lang.Finite(lang.Log(d), "below")
        for node, _ in walk(term):
            if isinstance(node, lang.E):
                integrand = lang.Times(*node.measures, node.args[0])
            elif isinstance(node, lang.Integral):
                integrand = node.args[0]
            else:
                continue
            divisors = list(self._denominators(integrand))
            if not divisors:
                continue
            for mono in self._normal(integrand):
                above = [(f, 1) for f, e in mono if f[0] == "density" and e > 0]
                mass = Terms(self._normal).monomial(frozenset(above))
                for d in divisors:
                    implied = any(f[1] == joint(d)[0] and joint(d)[1] <= f[2] for f, _ in above)
                    if not implied and joint(d) not in self._known:
                        yield lang.Support(mass, d, sorted(node.bound, key=str))

    def _denominators(self, term: Any) -> Iterator[lang.Density]:
        """Densities in denominators below a term, not inside a logarithm or another integral."""
        if isinstance(term, lang.Over):
            yield from (n for n in lang.subterms(term.args[1]) if isinstance(n, lang.Density))
            yield from self._denominators(term.args[0])
        elif isinstance(term, lang.Power) and term.args[1] < 0:
            yield from (n for n in lang.subterms(term.args[0]) if isinstance(n, lang.Density))
        elif isinstance(term, (lang.Plus, lang.Times, lang.Power)):
            for arg in term.args:
                yield from self._denominators(arg)

    def finite(self) -> list[Any]:
        """For an equality: every summand is finite. Those that follow from others are left out."""
        order = {lang.KL: 0, lang.I: 0, lang.ELBO: 1}
        summands = list(dict.fromkeys(u.term for side in (self._claim.lhs, self._claim.rhs) for u in units(side)))
        summands.sort(key=lambda term: order.get(type(term), 2))
        kept: list[Any] = []
        covered: set[Any] = set()
        spanned = Echelon(order=lambda mono: 0)  # only its rank is asked for
        for term in summands:
            if not _delicate(term):
                continue
            atoms = list(log_atoms(term))
            simple = all(isinstance(n.args[0], _PRODUCTS) for n, _ in walk(term) if isinstance(n, lang.Log))
            places = {(measures, where) for measures, where, _ in atoms}
            vector = _averaged(self._normal(term))
            if simple and atoms and not vector and _positive(atoms, self._known):
                continue
            new = spanned.add(vector)
            if simple and atoms and not new and places <= covered:
                continue
            covered |= places
            kept.append(lang.Finite(term))
        return kept

    def bounded(self, gaps: list[Polynomial]) -> list[Any]:
        """For ``L >= R``: no summand drags ``L - R`` to -inf. `gaps` are normal forms known to be >= 0."""
        flip = -1 if isinstance(self._claim, lang.Le) else 1
        both = [*units(self._claim.lhs, Fraction(flip)), *units(self._claim.rhs, Fraction(-flip))]
        out: dict[Any, None] = {}
        safe = [_direction(_averaged(gap)) for gap in gaps]
        for unit in both:
            sign = 1 if unit.coefficient > 0 else -1
            if not _delicate(unit.term):
                continue
            inside = unit.term.args[0] if isinstance(unit.term, lang.E) else unit.term
            if isinstance(inside, (lang.KL, lang.I)) and sign > 0:
                continue
            atoms = list(log_atoms(unit.term, sign))
            vector = {mono: value * sign for mono, value in _averaged(self._normal(unit.term)).items()}
            risky = [atom for atom in atoms if atom[2] > 0]
            bounded = (not vector or _direction(vector) in safe) and _positive(risky, self._known)
            simple = all(isinstance(n.args[0], _PRODUCTS) for n, _ in walk(unit.term) if isinstance(n, lang.Log))
            if not (bounded and simple and atoms):
                out[lang.Finite(unit.term, "below" if sign > 0 else "above")] = None
        return list(out)


_PRODUCTS = (lang.Density, lang.Times, lang.Over, lang.Power)


def _delicate(term: Any) -> bool:
    """Whether a summand could be infinite: it holds a logarithm, or a quotient."""
    return any(isinstance(node, (lang.Log, lang.Over, lang.Power)) for node, _ in walk(term))


def _averaged(poly: Polynomial) -> Polynomial:
    """Without the monomials that are functions of the free variables alone."""
    return {m: v for m, v in poly.items() if any(f[0] == "integral" for f, _ in m)}


def _direction(vector: Polynomial) -> Any:
    """A vector up to a positive factor."""
    scale = sum(map(abs, vector.values()), Fraction(0))
    return frozenset((mono, value / scale) for mono, value in vector.items()) if scale else None
