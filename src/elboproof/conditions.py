"""Side conditions: what an identity or inequality needs of the laws beyond its algebra.

Two kinds. *Support*: a density divided by under an integral is positive where the rest of the integrand is.
*Finiteness*: terms that are split, moved or cancelled are finite. For an inequality only one side of finiteness
matters: ``L >= R`` holds by itself where L is +inf or R is -inf.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

import sympy
from sympy import Integer
from sympy.core.function import AppliedUndef

from . import language as lang
from .expand import Terms
from .linear import Echelon
from .normal import ONE, Monomial, Normaliser, Polynomial
from .signs import nonnegative, positive
from .walks import (
    Atom,
    Joint,
    Scope,
    Summand,
    abbreviates,
    base,
    divisor,
    joint,
    log_atoms,
    quotient,
    scopes,
    summands,
    units,
    walk,
)


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
        for law in sorted(claim.lhs.atoms(lang.Law) | claim.rhs.atoms(lang.Law), key=str):
            normaliser.laws.setdefault(law.name, law)
        self.loose = False  # whether a divisor may be zero where nothing masks it, though the conditions hold
        self.bare = False  # whether a divisor may be zero where nothing masks it

    def supports(self) -> list[Any]:
        """One condition for each factor that is divided by outside a logarithm.

        A divisor is asked for in the form that the sides are compared in: once variables that only densities hold are
        integrated out and everything has cancelled, it must be positive wherever what is left is.
        """
        out: dict[Any, None] = {}
        for side in (self._claim.lhs, self._claim.rhs):
            for scope in scopes(Scope(side)):
                for summand in summands(scope.term):
                    if summand.below or scope.closed:
                        out |= dict.fromkeys(self._divided(summand, scope))
        return list(out)

    def _divided(self, summand: Summand, scope: Scope) -> Iterator[Any]:
        """What must hold for the divisors of one summand: those written, and those that only its normal form has."""
        over = (*scope.measures, *summand.above, *summand.raised)
        whole = lang.Over(
            lang.Times(*over) if over else Integer(1),
            lang.Times(*(d for d, _ in summand.below)) if summand.below else Integer(1),
        )
        around, above = self._joints((*scope.measures, *scope.outer)), self._joints(summand.above)
        counting = around if scope.closed else [*around, *above]
        sure = self._sure(scope)
        for mono in self._normal(whole) or {ONE: Fraction(1)}:
            for d, mask in summand.below:
                for zero in self._zeros(base(d)):
                    if isinstance(zero, lang.Density) and joint(zero) in sure:
                        continue
                    left = self._left(mono, zero, [*around, *above], scope)
                    if self._counts(zero, left, [*scope.measures, *mask], summand, scope):
                        rest = [f[1:3] for f, e in left if f[0] == "density" and e > 0]
                        yield self._positive(
                            zero, counting if scope.closed else [*rest, *map(joint, scope.outer)], scope
                        )
            for factor, exponent in sorted(mono, key=str) if summand.raised or scope.closed else ():
                hidden = factor[0] == "density" and (exponent < 0 if scope.closed else exponent > 0)
                if hidden and not _follows(factor[1:3], [*counting, *sure]):
                    yield self._positive(Terms(self._normal).factor(factor), counting, scope)

    def _joints(self, parts: Iterable[Any]) -> list[Joint]:
        """The joint marginals that are positive where all parts of a product are."""
        found: list[Joint] = []
        for part in map(base, parts):
            if isinstance(part, lang.Density):
                found.append(joint(part))
            elif len(form := self._normal(part)) == 1:
                found += [f[1:3] for f, e in next(iter(form)) if f[0] == "density" and e > 0]
        return found

    def _sure(self, scope: Scope) -> set[Joint]:
        """Marginals of free variables that are positive because the claim conditions on them."""
        names = {v.name for v in scope.bound}
        return {one for one in self._known if not one[1] & names}

    def _left(self, mono: Monomial, zero: Any, true: list[Joint], scope: Scope) -> Monomial:
        """What a divisor leaves of its product; densities that only its divisors brought in are left out."""
        free = frozenset(v.name for v in zero.free_symbols)
        left = self._normal.left(mono, frozenset(v.name for v in scope.open) - free)
        return frozenset((f, e) for f, e in left if f[0] != "density" or e < 0 or _follows(f[1:3], true))

    def _counts(self, zero: Any, left: Monomial, mask: list[Any], summand: Summand, scope: Scope) -> bool:
        """Whether the rest of a divisor's product may count where the divisor is zero."""
        density = isinstance(zero, lang.Density)
        masked = density and _implied(joint(zero), [*mask, *scope.outer])
        kept = density and (_vanishes(left, joint(zero)) or _implied(joint(zero), list(scope.outer)))
        if kept and masked:
            return False
        others = [joint(part) for part in map(base, summand.above) if isinstance(part, lang.Density)]
        covered = density and not kept and all(_implied(j, mask) for j in others if j != joint(zero))
        self.bare |= not masked
        self.loose |= not (masked or covered)
        return not (kept and scope.bound)

    def _positive(self, zero: Any, counts: list[Joint], scope: Scope) -> Any:
        """The condition that a factor is not zero where joint marginals are positive."""
        density = isinstance(zero, lang.Density)
        logarithm = lang.Log(zero if positive(zero) else lang.Power(zero, 2))
        if not scope.bound:
            return lang.Finite(logarithm, "below") if density else lang.Finite(logarithm)
        near = frozenset(v.name for v in zero.free_symbols)
        while grown := [one for one in counts if one[1] & near and not one[1] <= near]:
            near = near.union(*(names for _, names in grown))
        counts = _largest([one for one in counts if one[1] & near])
        terms = Terms(self._normal)
        mass = terms.monomial(frozenset((("density", law, names, frozenset()), 1) for law, names in counts))
        if density:
            over = sorted((v for v in scope.bound if v in mass.free_symbols | zero.free_symbols), key=str)
            return lang.Support(mass, zero, over)
        inside = lang.Times(mass, logarithm)
        over = [v for v in scope.bound if v in inside.free_symbols]
        return lang.Finite(lang.Integral(inside, *over) if over else logarithm)

    def _zeros(self, d: Any) -> list[Any]:
        """The factors that are zero where a divisor is: itself, or those of the product that it is equal to."""
        if isinstance(d, lang.Density):
            return [d]
        form = self._normal(d)
        if len(form) != 1:
            return [d]
        terms, found = Terms(self._normal), []
        for factor, exponent in sorted(next(iter(form)), key=lambda item: str(terms.factor(item[0]))):
            if exponent > 0:
                found.append(terms.factor(factor))
        return found

    def same_quotients(self) -> bool:
        """Whether both sides divide alike: 0/0 has no value, where 0 times 1/0 is 0."""
        left, right = (set(self._quotients(side, frozenset())) for side in (self._claim.lhs, self._claim.rhs))
        return left == right

    def _quotients(self, term: Any, bound: frozenset[str]) -> Iterator[Any]:
        """The quotients below a term, definitions unfolded, that divide by what may be zero."""
        if isinstance(term, (lang.E, lang.Integral)):
            yield from self._quotients(term.args[0], bound | {v.name for v in term.bound})
        elif isinstance(term, (lang.Density, lang.Law, lang.Variable)):
            return
        elif abbreviates(term):
            yield from self._quotients(term.definition(), bound)
        else:
            below = divisor(term)
            for d in map(base, quotient(below)[0] if below is not None else ()):
                if not isinstance(d, lang.Density) or joint(d) not in self._known or joint(d)[1] & bound:
                    yield term
            for arg in term.args:
                yield from self._quotients(arg, bound)

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
                if spanned.add(vector) or (not vector and self._unbounded(term)):
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

    def _unbounded(self, term: Any) -> bool:
        """Whether a term holds a mean of densities, which may exceed any bound, also where it cancels: m - m."""
        means = [node for node, _ in walk(term) if isinstance(node, (lang.E, lang.Integral))]
        return bool(_averaged(self._normal(term))) or any(_averaged(self._normal(mean)) for mean in means)

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
                if self._unbounded(unit.term):
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
    return _follows(what, [joint(d) for d in map(base, by) if isinstance(d, lang.Density)])


def _follows(what: Joint, by: Iterable[Joint]) -> bool:
    return any(law == what[0] and what[1] <= names for law, names in by)


def _largest(joints: list[Joint]) -> list[Joint]:
    """The joint marginals that do not follow from others of their law."""
    joints = list(dict.fromkeys(joints))
    return [one for one in joints if not any(one[0] == law and one[1] < names for law, names in joints)]


def included(one: Any, other: Any) -> bool:
    """Whether one inclusion of supports follows from another; where q(x | y) is evaluated, q(y) is positive."""
    if not isinstance(other, lang.Support) or joint(one.args[1]) != joint(other.args[1]):
        return False
    if not set(one.args[2]) <= set(other.args[2]):
        return False
    needed = [d for d in lang.subterms(other.args[0]) if isinstance(d, lang.Density)]
    given = (other.args[1].law.name, frozenset(v.name for v in other.args[1].given))
    here = list(lang.subterms(one.args[0]))
    return all(joint(d) == given or _implied(joint(d), here) for d in needed)


def _vanishes(mono: Monomial, what: Joint) -> bool:
    """Whether a monomial is zero wherever a joint marginal is, because of a density it holds, or an integral of one."""
    for factor, exponent in mono:
        if exponent > 0 and factor[0] == "density" and factor[1] == what[0] and what[1] <= factor[2] | factor[3]:
            return True
        inside = factor[2] if exponent > 0 and factor[0] == "integral" and not factor[1] & what[1] else ()
        if inside and all(_vanishes(inner, what) for inner, _ in inside):
            return True
    return False


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
    divided = any(not isinstance(divisor(node), (type(None), sympy.Rational)) for node in nodes)
    return not divided and not any(isinstance(node, lang.Log) for node in nodes)


def _averaged(poly: Polynomial) -> Polynomial:
    """Without the monomials that are functions of the free variables alone, finite wherever they have a value."""
    return {m: v for m, v in poly.items() if any(_holds_an_integral(f) for f, _ in m)}


def _holds_an_integral(factor: Any) -> bool:
    if factor[0] in ("log", "sum"):
        return any(_holds_an_integral(f) for mono, _ in factor[1] for f, _ in mono)
    return factor[0] == "integral" or (factor[0] == "inverse" and _holds_an_integral(factor[1]))


def _direction(vector: Polynomial) -> Any:
    """A vector up to a positive factor."""
    scale = sum(map(abs, vector.values()), Fraction(0))
    return frozenset((mono, value / scale) for mono, value in vector.items()) if scale else None
