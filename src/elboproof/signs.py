"""What a term's form says of its sign, for all laws."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sympy
from sympy import Rational

from . import language as lang
from .walks import abbreviates, drawn, outside

Known = frozenset[tuple[Any, frozenset[Any]]]  # terms, and the measures under which they are positive
NOTHING: Known = frozenset()


def positive(term: Any) -> bool:
    """Whether a term is >= 0 by its form: a product, quotient or sum of densities and positive numbers."""
    if isinstance(term, (lang.Plus, lang.Times, lang.Over)):
        return all(positive(arg) for arg in term.args)
    if isinstance(term, (lang.Power, lang.Integral, lang.E)):
        return positive(term.args[0])
    return isinstance(term, lang.Density) or (not isinstance(term, lang.Term) and bool(term.is_positive))


def nonnegative(term: Any, known: Known = NOTHING, measures: Iterable[Any] = ()) -> bool:
    """Whether a term is made, without subtraction, of densities, even powers and what is known to be positive."""
    if positive(term) or is_square(term) or (known and (term, frozenset(measures)) in known):
        return True
    if isinstance(term, (lang.Plus, lang.Times, lang.Over, sympy.Add, sympy.Mul)):
        return all(nonnegative(arg, known, measures) for arg in term.args)
    if isinstance(term, lang.E):
        return nonnegative(term.args[0], known, outside(measures, term.bound) + term.measures)
    return isinstance(term, lang.Integral) and nonnegative(term.args[0])


def loses(term: Any, bound: frozenset[Any] = frozenset(), around: tuple[Any, ...] = ()) -> bool:
    """Whether a term is >= 0 by its form, has a value, and can only be smaller where a measure misses what is averaged.

    What is conditioned on a bound variable has a value where the factors `around` it are positive, and counts there.
    """
    if isinstance(term, lang.Density):
        event = (term.law, set(term.given))
        sure = not bound & set(term.given)
        return sure or any(d.law == event[0] and event[1] <= {*d.left, *d.given} for d in around if d is not term)
    if isinstance(term, lang.Over):
        below = factors(term.args[1])
        plain = [bool(d > 0) if isinstance(d, Rational) else isinstance(d, lang.Density) for d in below]
        sure = not any(isinstance(d, lang.Density) and bound & set(d.given) for d in below)
        return all(plain) and sure and loses(term.args[0], bound, around)
    if isinstance(term, (lang.E, lang.Integral)):
        measures = term.measures if isinstance(term, lang.E) else ()
        inner, kept = bound | set(term.bound), outside(around, term.bound) + measures
        return all(loses(part, inner, kept) for part in (term.args[0], *measures))
    if isinstance(term, (lang.Plus, lang.Times)):
        beside = tuple(arg for arg in term.args if isinstance(arg, lang.Density) and isinstance(term, lang.Times))
        return all(loses(arg, bound, around + beside) for arg in term.args)
    if isinstance(term, lang.Power):
        return loses(term.args[0], bound, around) and term.args[1] > 0
    return isinstance(term, Rational) and term > 0


def is_square(term: Any) -> bool:
    return isinstance(term, (lang.Power, sympy.Pow)) and bool(term.args[1].is_even)


def positive_in(claim: Any) -> Known:
    """What a claim averages the logarithm of, whole or times what is positive by its form, with the measures.

    Only logarithms that are summands count: under a factor that may be zero, a negative number would not matter.
    """
    found: set[tuple[Any, frozenset[Any]]] = set()
    stack: list[tuple[Any, tuple[Any, ...]]] = [(claim.lhs, ()), (claim.rhs, ())]
    while stack:
        term, measures = stack.pop()
        if isinstance(term, lang.Log):
            odd = [part for part in factors(term.args[0]) if not positive(part)]
            found.add((term.args[0], frozenset(measures)))
            found |= {(part, frozenset(measures)) for part in odd if len(odd) == 1}
            stack.append((term.args[0], measures))
        elif isinstance(term, lang.Plus):
            stack += [(arg, measures) for arg in term.args]
        elif isinstance(term, (lang.E, lang.Integral)):
            inner = drawn(term)
            parts = term.args[0].args if isinstance(term.args[0], lang.Times) else (term.args[0],)
            rest = [term.args[0]] if isinstance(term, lang.E) else [part for part in parts if part not in inner]
            if len(rest) == 1 and outside(measures, term.bound) == measures:  # else the outer names mean others
                stack.append((rest[0], measures + inner))
        elif isinstance(term, lang.Times):
            rest = [arg for arg in term.args if not (isinstance(arg, Rational) and arg != 0)]
            stack += [(arg, measures) for arg in rest if len(rest) == 1]
        elif isinstance(term, lang.Over) and isinstance(term.args[1], Rational):
            stack.append((term.args[0], measures))
        elif not isinstance(term, (lang.Density, lang.Variable)) and abbreviates(term):
            stack.append((term.definition(), measures))
    return frozenset(found)


def factors(x: Any) -> list[Any]:
    """The factors above and below of a product or quotient."""
    if isinstance(x, (lang.Times, lang.Over)):
        return [part for arg in x.args for part in factors(arg)]
    return [x]
