"""Side conditions: what an identity or inequality needs of the laws beyond its algebra.

Two kinds. *Support*: a density divided by under an integral is positive where the rest of the integrand is.
*Finiteness*: terms that are split, moved or cancelled are finite. For an inequality only one side of finiteness
matters: ``L >= R`` holds by itself where L is +inf or R is -inf.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import sympy
from sympy.core.function import AppliedUndef

from . import language as lang
from .expand import Terms
from .linear import Echelon
from .normal import Monomial, Normaliser, Polynomial, power, times
from .signs import nonnegative, positive
from .walks import Atom, Joint, divisors, joint, log_atoms, scopes, summands, units, walk


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
            for term, measures, bound in scopes(side, (), ()):
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
            if sign > 0 and nonnegative(unit.term) and _has_a_value(unit.term):
                continue
            if not _delicate(unit.term):
                if _averaged(self._normal(unit.term)):
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


def _has_a_value(term: Any) -> bool:
    """Whether a term that is >= 0 by its form cannot be undefined: it holds no logarithm and no quotient."""
    nodes = [node for node, _ in walk(term)]
    inverse = any(isinstance(node, (lang.Power, sympy.Pow)) and node.args[1] < 0 for node in nodes)
    return not inverse and not any(isinstance(node, (lang.Log, lang.Over)) for node in nodes)


def _averaged(poly: Polynomial) -> Polynomial:
    """Without the monomials that are functions of the free variables alone."""
    return {m: v for m, v in poly.items() if any(f[0] == "integral" for f, _ in m)}


def _direction(vector: Polynomial) -> Any:
    """A vector up to a positive factor."""
    scale = sum(map(abs, vector.values()), Fraction(0))
    return frozenset((mono, value / scale) for mono, value in vector.items()) if scale else None
