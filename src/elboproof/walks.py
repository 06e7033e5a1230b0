"""What a term holds, read off its syntax: nodes with the measures around them, summands with their coefficients, the
densities under its logarithms, and what it divides by.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy
from sympy import Rational

from . import language as lang

Joint = tuple[str, frozenset[str]]


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


# -- summands --------------------------------------------------------------------------------------------------------


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


# -- logarithms ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Atom:
    """A density whose logarithm a term averages: under which measures, inside which binders, with which sign."""

    measures: frozenset[lang.Density]
    bound: frozenset[str]
    joint: Joint
    sign: int


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
        if sum(bool(isinstance(arg, Rational) and arg < 0) for arg in term.args) % 2:
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


# -- what is divided by ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Summand:
    """A quotient: its factors, and those that come from under a divisor; each divisor with the factors that mask it."""

    above: tuple[Any, ...] = ()
    raised: tuple[Any, ...] = ()
    below: tuple[tuple[Any, tuple[Any, ...]], ...] = ()

    def times(self, other: Summand) -> Summand:
        """Their product. What stands over a divisor may itself have no value, and masks no other."""
        masked = [
            (d, mask + (by.above if not by.below else ()))
            for one, by in ((self, other), (other, self))
            for d, mask in one.below
        ]
        return Summand(self.above + other.above, self.raised + other.raised, tuple(masked))


def summands(term: Any) -> list[Summand]:
    """A term as a sum of quotients, nothing cancelled. A divisor is masked by factors whose zero makes it not count."""
    if isinstance(term, (lang.Plus, sympy.Add)):
        return [found for arg in term.args for found in summands(arg)]
    if isinstance(term, (lang.Times, sympy.Mul)):
        out = [Summand()]
        for arg in term.args:
            out = [a.times(b) for a in out for b in summands(arg)]
        return out
    if isinstance(term, lang.Over):
        return [_over(s, *quotient(term.args[1]), _single(term.args[1])) for s in summands(term.args[0])]
    if isinstance(term, (lang.Power, sympy.Pow)):
        inner, exponent = term.args[0], int(term.args[1])
        if exponent < 0:
            over, under = quotient(term)
            return [_over(Summand(), under, over, _single(inner))]
        parts = summands(inner) if exponent else []
        if len(parts) == 1:
            (one,) = parts
            below = [(*_powers([d], exponent), tuple(_powers(mask, exponent))) for d, mask in one.below]
            return [Summand(tuple(_powers(one.above, exponent)), tuple(_powers(one.raised, exponent)), tuple(below))]
        if exponent == 2:
            return [a.times(b) for a in parts for b in parts]
        return [Summand((term,), (), tuple((d, ()) for s in parts for d, _ in s.below))]
    return [] if term == 0 else [Summand((term,))]


def _over(above: Summand, under: list[Any], over: list[Any], single: bool) -> Summand:
    """A quotient by a divisor whose factors are `under`, itself divided by `over`."""
    lifted = (above.above + tuple(over), above.raised) if single else (above.above, above.raised + tuple(over))
    return Summand(*lifted, above.below + tuple((d, ()) for d in under))


def _single(divisor: Any) -> bool:
    """Whether a divisor is one quotient of products: in any other, a zero may meet what is divided by zero."""
    if isinstance(divisor, (lang.Power, sympy.Pow)):
        return _single(divisor.args[0])
    parts = divisor.args if isinstance(divisor, lang.Over) else (divisor,)
    return not any(quotient(part)[1] for part in parts)


def _powers(items: Any, exponent: int) -> list[Any]:
    return [lang.Power(item, exponent) for item in items] if exponent > 1 else list(items)


def quotient(term: Any) -> tuple[list[Any], list[Any]]:
    """The factors above and below of a product, quotient or power: p is above in (q/p)^-1."""
    if isinstance(term, (lang.Times, sympy.Mul)):
        parts = [quotient(arg) for arg in term.args]
        return [d for above, _ in parts for d in above], [d for _, below in parts for d in below]
    if isinstance(term, lang.Over):
        (above, below), (under, over) = quotient(term.args[0]), quotient(term.args[1])
        return above + over, below + under
    if isinstance(term, (lang.Power, sympy.Pow)):
        exponent = int(term.args[1])
        above, below = (_powers(part, abs(exponent)) for part in quotient(term.args[0])) if exponent else ([], [])
        return (above, below) if exponent > 0 else (below, above)
    return ([] if isinstance(term, Rational) else [term]), []


def divisor(term: Any) -> Any:
    """What a quotient or negative power divides by; None for any other term."""
    if isinstance(term, lang.Over):
        return term.args[1]
    return term.args[0] if isinstance(term, (lang.Power, sympy.Pow)) and term.args[1] < 0 else None


def base(term: Any) -> Any:
    """What a power is a power of."""
    return term.args[0] if isinstance(term, (lang.Power, sympy.Pow)) and term.args[1] > 0 else term


# -- where a term is averaged -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scope:
    """A term that is averaged or stands free: the names bound around it and the measures that draw them.

    Inside a logarithm or a divisor nothing outside may be integrated out: `outer` are the measures around that, and
    `open` the names bound since.
    """

    term: Any
    measures: tuple[lang.Density, ...] = ()
    outer: tuple[lang.Density, ...] = ()
    bound: tuple[Any, ...] = ()
    open: tuple[Any, ...] = ()
    closed: bool = False  # whether it stands in a logarithm or divisor itself, out of which its divisors are drawn

    def within(self, term: Any, names: tuple[Any, ...], measures: tuple[lang.Density, ...]) -> Scope:
        """What an expectation or integral averages here."""
        kept = [tuple(v for v in some if v not in names) for some in (self.bound, self.open)]
        inner = (outside(self.measures, names) + measures, outside(self.outer, names))
        return Scope(term, *inner, (*kept[0], *names), (*kept[1], *names))

    def inside(self, term: Any) -> Scope:
        """What stands in a logarithm or divisor here."""
        return Scope(term, (), self.outer + self.measures, self.bound, (), closed=True)


def scopes(scope: Scope) -> Iterator[Scope]:
    """The scope, and that of each integrand below it, and of each sum in a logarithm or divisor."""
    yield scope
    stack: list[tuple[Any, Scope]] = [(scope.term, scope)]
    while stack:
        node, here = stack.pop()
        if isinstance(node, (lang.E, lang.Integral)):
            measures = node.measures if isinstance(node, lang.E) else ()
            yield from scopes(here.within(node.args[0], node.bound, measures))
        elif isinstance(node, lang.Density) or abbreviates(node):
            continue
        elif (inside := node.args[0] if isinstance(node, lang.Log) else divisor(node)) is not None:
            if isinstance(node, lang.Over):
                stack.append((node.args[0], here))
            closed = here.inside(inside)
            if _holds_a_sum(inside):
                yield from scopes(closed)
            else:
                stack.append((inside, closed))
        else:
            stack += [(arg, here) for arg in node.args]


def _holds_a_sum(term: Any) -> bool:
    """Whether products, quotients and powers hold a sum."""
    if isinstance(term, (lang.Times, lang.Over, lang.Power, sympy.Mul, sympy.Pow)):
        return any(_holds_a_sum(arg) for arg in term.args)
    return isinstance(term, (lang.Plus, sympy.Add))
