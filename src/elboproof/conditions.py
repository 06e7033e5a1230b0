"""Side conditions: what an identity or inequality needs of the laws beyond its algebra.

Two kinds. *Support*: a density divided by under an integral is positive where the rest of the integrand is.
*Finiteness*: terms that are split, moved or cancelled are finite. For an inequality only one side of finiteness
matters: ``L >= R`` holds by itself where L is +inf or R is -inf.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy
from sympy import Rational
from sympy.core.function import AppliedUndef

from . import language as lang
from .expand import Terms
from .linear import Echelon
from .normal import Monomial, Normaliser, Polynomial, power, times

Joint = tuple[str, frozenset[str]]


@dataclass(frozen=True)
class Atom:
    """A density whose logarithm a term averages: under which measures, inside which binders, with which sign."""

    measures: frozenset[lang.Density]
    bound: frozenset[str]
    joint: Joint
    sign: int


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


def abbreviates(term: Any) -> bool:
    """KL, ELBO, H, CE, I: what stands for an expectation of a logarithm."""
    return isinstance(term, lang.Term) and not isinstance(term, lang.E) and term.definition() is not term


def outside(measures: Iterable[lang.Density], names: Iterable[Any]) -> tuple[lang.Density, ...]:
    """The measures that still hold where `names` are bound again: an inner binder hides an outer one."""
    again = {v.name for v in names}
    return tuple(m for m in measures if not joint(m)[1] & again)


def drawn(term: Any) -> tuple[lang.Density, ...]:
    """The measures of an expectation; of an integral, the densities of its integrand that it averages over."""
    if isinstance(term, lang.E):
        return term.measures
    parts = term.args[0].args if isinstance(term.args[0], lang.Times) else (term.args[0],)
    return tuple(d for d in parts if isinstance(d, lang.Density) and set(d.left) <= set(term.bound))


def walk(term: Any, measures: tuple[lang.Density, ...] = ()) -> Iterator[tuple[Any, tuple[lang.Density, ...]]]:
    """Every node below a term, definitions unfolded to expectations, with the measures it is averaged under."""
    yield term, measures
    if isinstance(term, (lang.E, lang.Integral)):
        yield from walk(term.args[0], outside(measures, term.bound) + drawn(term))
    elif isinstance(term, (lang.Density, lang.Law, lang.Variable)):
        return
    elif abbreviates(term):
        yield from walk(term.definition(), measures)
    else:
        for arg in term.args:
            yield from walk(arg, measures)


def positive(term: Any) -> bool:
    """Whether a term is >= 0 by its form: a product, quotient or sum of densities and positive numbers."""
    if isinstance(term, (lang.Plus, lang.Times, lang.Over)):
        return all(positive(arg) for arg in term.args)
    if isinstance(term, (lang.Power, lang.Integral, lang.E)):
        return positive(term.args[0])
    return isinstance(term, lang.Density) or (not isinstance(term, lang.Term) and bool(term.is_positive))


def log_atoms(
    term: Any, sign: int = 1, measures: frozenset[Any] = frozenset(), bound: frozenset[str] = frozenset()
) -> list[Atom] | None:
    """The densities whose logs a linear-log term averages; None for a term of any other form."""
    if isinstance(term, lang.Log):
        return _factors(term.args[0], sign, measures, bound)
    if isinstance(term, lang.E):
        names = frozenset(v.name for v in term.bound)
        return log_atoms(term.args[0], sign, frozenset(outside(measures, term.bound) + term.measures), bound | names)
    if abbreviates(term):
        return log_atoms(term.definition(), sign, measures, bound)
    if isinstance(term, Rational):
        return []
    if isinstance(term, lang.Plus):
        return _joined(log_atoms(arg, sign, measures, bound) for arg in term.args)
    if isinstance(term, lang.Times):
        rest = [arg for arg in term.args if not isinstance(arg, Rational)]
        if any(isinstance(arg, Rational) and arg < 0 for arg in term.args):
            sign = -sign
        return log_atoms(rest[0], sign, measures, bound) if len(rest) == 1 else None
    return None


def _factors(term: Any, sign: int, measures: frozenset[Any], bound: frozenset[str]) -> list[Atom] | None:
    if isinstance(term, lang.Density):
        return [Atom(measures, bound, joint(term), sign)]
    if isinstance(term, Rational):
        return []
    if isinstance(term, (lang.Over, lang.Times)):
        signs = (sign, -sign) if isinstance(term, lang.Over) else [sign] * len(term.args)
        return _joined(_factors(arg, s, measures, bound) for arg, s in zip(term.args, signs, strict=True))
    if isinstance(term, lang.Power):
        return _factors(term.args[0], sign if term.args[1] >= 0 else -sign, measures, bound)
    return None


def _joined(parts: Iterable[list[Atom] | None]) -> list[Atom] | None:
    out: list[Atom] = []
    for part in parts:
        if part is None:
            return None
        out += part
    return out


def existing(claim: Any) -> set[Joint]:
    """Marginals known to be positive because a conditional of the claim, given free variables only, exists."""
    found = set()
    stack: list[tuple[Any, frozenset[Any]]] = [(claim.lhs, frozenset()), (claim.rhs, frozenset())]
    while stack:
        node, bound = stack.pop()
        if isinstance(node, lang.Density):
            if node.given and not bound & set(node.given):
                found.add((node.law.name, frozenset(v.name for v in node.given)))
        elif not isinstance(node, (lang.I, lang.Variable)):
            inner = bound | set(node.bound) if isinstance(node, lang.Term) else bound
            stack += [(arg, inner) for arg in node.args]
    return found


def _all_positive(atoms: Iterable[Atom], known: set[Joint]) -> bool:
    """Whether every density in the atoms is positive where its measures are, or is known to be."""
    for atom in atoms:
        law, names = atom.joint
        held = [joint(m) for m in atom.measures] + ([] if names & atom.bound else list(known))
        if not any(other == law and names <= more for other, more in held):
            return False
    return True


# -- what is divided by ------------------------------------------------------------------------------------------------

Summand = tuple[list[Any], list[tuple[Any, list[Any]]]]  # factors above; each divisor with the factors that mask it


def summands(term: Any) -> list[Summand]:
    """A term as a sum of quotients, nothing cancelled. A divisor is masked by factors whose zero makes it not count."""
    if isinstance(term, (lang.Plus, sympy.Add)):
        return [found for arg in term.args for found in summands(arg)]
    if isinstance(term, (lang.Times, sympy.Mul)):
        out: list[Summand] = [([], [])]
        for arg in term.args:
            out = [_merged(a, b) for a in out for b in summands(arg)]
        return out
    if isinstance(term, lang.Over):
        under, over = _quotient(term.args[1])
        return [(above + over, inner + [(d, []) for d in under]) for above, inner in summands(term.args[0])]
    if isinstance(term, (lang.Power, sympy.Pow)):
        if term.args[1] < 0:
            under, over = _quotient(term.args[0])
            return [(over, [(d, []) for d in under])]
        return summands(lang.Times(*term.args[:1] * min(int(term.args[1]), 2))) if term.args[1] else [([], [])]
    return [] if term == 0 else [([term], [])]


def _merged(a: Summand, b: Summand) -> Summand:
    masked = [(d, mask + other[0]) for one, other in ((a, b), (b, a)) for d, mask in one[1]]
    return a[0] + b[0], masked


def divisors(term: Any) -> list[Any]:
    """The factors of what is divided by; what a divisor is itself divided by is none."""
    return _quotient(term)[0]


def _quotient(term: Any) -> tuple[list[Any], list[Any]]:
    """The factors above and below of a product, quotient or power: p is above in (q/p)^-1."""
    if isinstance(term, (lang.Times, sympy.Mul)):
        parts = [_quotient(arg) for arg in term.args]
        return [d for above, _ in parts for d in above], [d for _, below in parts for d in below]
    if isinstance(term, lang.Over):
        (above, below), (under, over) = _quotient(term.args[0]), _quotient(term.args[1])
        return above + over, below + under
    if isinstance(term, (lang.Power, sympy.Pow)):
        above, below = _quotient(term.args[0]) if term.args[1] else ([], [])
        return (above, below) if term.args[1] > 0 else (below, above)
    return ([] if isinstance(term, Rational) else [term]), []


def _scopes(term: Any, measures: Any, bound: Any) -> Iterator[tuple[Any, Any, Any]]:
    """The term, and the integrand of each expectation and integral below it, with the measures and names around it."""
    yield term, measures, bound
    stack = [term]
    while stack:
        node = stack.pop()
        if isinstance(node, (lang.E, lang.Integral)):
            inner = node.measures if isinstance(node, lang.E) else ()
            names = (*(v for v in bound if v not in node.bound), *node.bound)
            yield from _scopes(node.args[0], outside(measures, node.bound) + inner, names)
        elif not isinstance(node, lang.Density) and not abbreviates(node):
            stack += node.args


class Conditions:
    """Collects the side conditions of one claim."""

    def __init__(self, claim: Any, normaliser: Normaliser):
        self._claim, self._normal = claim, normaliser
        self._known = existing(claim)
        self.loose = False  # whether a divisor may be zero where nothing masks it

    def supports(self) -> list[Any]:
        """One condition for each factor that is divided by outside a logarithm."""
        out: dict[Any, None] = {}
        for side in (self._claim.lhs, self._claim.rhs):
            for term, measures, bound in _scopes(side, (), ()):
                for above, below in summands(term):
                    rest = self._uncancelled([*measures, *above], [d for d, _ in below])
                    for d, mask in below:
                        condition = self._divisible(d, [*measures, *above], [*measures, *mask], rest, bound)
                        if condition is not None:
                            out[condition] = None
        return list(out)

    def _divisible(self, d: Any, above: list[Any], mask: list[Any], rest: Monomial, bound: Any) -> Any:
        """What must hold for a divisor: positive (or only not zero) wherever the rest of its product counts."""
        names = {v.name for v in bound}
        density = isinstance(d, lang.Density)
        sure = density and joint(d) in self._known and not joint(d)[1] & names
        kept = any(f[1] == d.law.name and joint(d)[1] <= f[2] for f, _ in rest) if density else False
        kept |= density and any(_vanishes(part, joint(d)) for part in above if not isinstance(part, lang.Density))
        if sure or (kept and _implied(joint(d), mask)):
            return None
        logarithm = lang.Log(d if positive(d) else lang.Power(d, 2))
        if not bound:
            return lang.Finite(logarithm, "below") if density else lang.Finite(logarithm)
        left = _without(above, d)
        mass = Terms(self._normal).monomial(rest)
        covered = [joint(part) for part in left if isinstance(part, lang.Density)]
        self.loose |= not density or not (_implied(joint(d), mask) or all(_implied(j, mask) for j in covered))
        if density:
            needed = sorted((v for v in bound if v in mass.free_symbols | d.free_symbols), key=str)
            return None if kept else lang.Support(mass, d, needed)
        inside = lang.Times(mass, logarithm)
        over = [v for v in bound if v in inside.free_symbols]
        return lang.Finite(lang.Integral(inside, *over) if over else logarithm)

    def same_quotients(self) -> bool:
        """Whether both sides divide alike: 0/0 has no value, where 0 times 1/0 is 0."""
        found: list[set[Any]] = []
        for side in (self._claim.lhs, self._claim.rhs):
            found.append(set())
            for node, _ in walk(side):
                inverse = isinstance(node, (lang.Power, sympy.Pow)) and node.args[1] < 0
                quotient = inverse or isinstance(node, lang.Over)
                below = divisors(node.args[0 if inverse else 1]) if quotient else []
                if any(not isinstance(d, lang.Density) or joint(d) not in self._known for d in below):
                    found[-1].add(node)
        return found[0] == found[1]

    @staticmethod
    def _uncancelled(above: list[Any], below: list[Any]) -> Monomial:
        """The densities still above once the divisors cancel by the product rule: of p(x | y) / p(x, y), none."""
        split = Normaliser(frozenset({"product"}))
        up, down = ([m for d in part if isinstance(d, lang.Density) for m in split(d)] for part in (above, below))
        mono = times(*up, *(power(m, -1) for m in down))
        return frozenset((f, 1) for f, e in mono if f[0] == "density" and e > 0)

    def finite(self) -> list[Any]:
        """For an equality: every summand is finite. Those that follow from others are left out."""
        order = {lang.KL: 0, lang.I: 0, lang.ELBO: 1}
        terms = list(dict.fromkeys(u.term for side in (self._claim.lhs, self._claim.rhs) for u in units(side)))
        terms.sort(key=lambda term: (not _delicate(term), order.get(type(term), 2)))
        kept: list[Any] = []
        covered: set[Any] = set()
        spanned = Echelon(order=lambda mono: 0)  # only its rank is asked for
        for term in terms:
            vector = _averaged(self._normal(term))
            if not _delicate(term):
                if spanned.add(vector):  # a mean of densities, which may exceed any bound
                    kept.append(lang.Finite(term))
                continue
            atoms = log_atoms(term)
            if atoms is not None and not vector and _all_positive(atoms, self._known):
                continue
            places = {(atom.measures, atom.joint) for atom in atoms or ()}
            new = spanned.add(vector)
            if atoms and not new and places <= covered:
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
                if _averaged(self._normal(unit.term)) and not (sign > 0 and positive(unit.term)):
                    out[lang.Finite(unit.term, "below" if sign > 0 else "above")] = None
                continue
            inside = unit.term.args[0] if isinstance(unit.term, lang.E) else unit.term
            if isinstance(inside, (lang.KL, lang.I)) and sign > 0:
                continue
            atoms = log_atoms(unit.term, sign)
            vector = {mono: value * sign for mono, value in _averaged(self._normal(unit.term)).items()}
            if (
                atoms is None
                or not _all_positive([atom for atom in atoms if atom.sign > 0], self._known)
                or (vector and _direction(vector) not in safe)
            ):
                whole = isinstance(unit.term, lang.Log) and not positive(unit.term.args[0])  # it must have a value
                out[lang.Finite(unit.term, "both" if whole else "below" if sign > 0 else "above")] = None
        return list(out)


def _implied(what: Joint, by: list[Any]) -> bool:
    """Whether a joint marginal is positive because one of the densities is."""
    return any(isinstance(d, lang.Density) and d.law.name == what[0] and what[1] <= joint(d)[1] for d in by)


def included(one: Any, other: Any) -> bool:
    """Whether one inclusion of supports follows from another; where q(x | y) is evaluated, q(y) is positive."""
    if not isinstance(other, lang.Support) or joint(one.args[1]) != joint(other.args[1]):
        return False
    needed = [d for d in lang.subterms(other.args[0]) if isinstance(d, lang.Density)]
    given = (other.args[1].law.name, frozenset(v.name for v in other.args[1].given))
    here = list(lang.subterms(one.args[0]))
    return all(joint(d) == given or _implied(joint(d), here) for d in needed)


def _vanishes(term: Any, what: Joint) -> bool:
    """Whether a mean, integral or product is zero wherever a joint marginal is, because of a density it holds."""
    if isinstance(term, lang.Density):
        return _implied(what, [term])
    if isinstance(term, (lang.E, lang.Integral)):
        bound = {v.name for v in term.bound}
        return not bound & what[1] and any(_vanishes(arg, what) for arg in term.args if isinstance(arg, lang.Term))
    if isinstance(term, lang.Times):
        return any(_vanishes(arg, what) for arg in term.args)
    if isinstance(term, lang.Over):
        return _vanishes(term.args[0], what)
    return isinstance(term, lang.Power) and term.args[1] > 0 and _vanishes(term.args[0], what)


def _without(items: list[Any], one: Any) -> list[Any]:
    """The items less one that is equal to `one`, if there is one: what cancels it no longer counts."""
    rest = list(items)
    if one in rest:
        rest.remove(one)
    return rest


def _delicate(term: Any) -> bool:
    """Whether a summand could be infinite: it holds a logarithm, a quotient, or the mean of a generic function."""
    nodes = [node for node, _ in walk(term)]
    free = term.free_symbols
    unbounded = (lang.Log, lang.Over, lang.Power, sympy.Pow)
    averaged = any(isinstance(node, (AppliedUndef, lang.Variable)) and not node.free_symbols <= free for node in nodes)
    speaks = any(isinstance(node, (lang.Density, lang.I, lang.Variable)) for node in lang.subterms(term))
    return speaks and (averaged or any(isinstance(node, unbounded) for node in nodes))


def _averaged(poly: Polynomial) -> Polynomial:
    """Without the monomials that are functions of the free variables alone."""
    return {m: v for m, v in poly.items() if any(f[0] == "integral" for f, _ in m)}


def _direction(vector: Polynomial) -> Any:
    """A vector up to a positive factor."""
    scale = sum(map(abs, vector.values()), Fraction(0))
    return frozenset((mono, value / scale) for mono, value in vector.items()) if scale else None
