"""Where terms meet other libraries: what SymPy, NumPy and Python's own functions make of them. Nothing is evaluated."""

from __future__ import annotations

from typing import Any, NoReturn

import sympy
from sympy import Expr

from .errors import IllFormed
from .terms import Density, Integral, Log, Over, Plus, Power, Term, Times


def to_sympy(item: Expr) -> Expr:
    """Ordinary SymPy: Add, Mul, log, and unevaluated Integral over undefined functions."""
    if isinstance(item, Density):
        names = ",".join(map(str, item.left)) + ("|" + ",".join(map(str, item.given)) if item.given else "")
        return sympy.Function(f"{item.law.name}_{{{names}}}")(*item.left, *item.given)
    if isinstance(item, Integral):
        return sympy.Integral(to_sympy(item.args[0]), *item.bound)
    if isinstance(item, Term):
        below = item.definition()
        if below is not item:
            return to_sympy(below)
        parts = [to_sympy(arg) for arg in item.args]
        if isinstance(item, Plus):
            return sympy.Add(*parts)
        if isinstance(item, Times):
            return sympy.Mul(*parts)
        if isinstance(item, Over):
            return parts[0] / parts[1]
        if isinstance(item, Power):
            return parts[0] ** parts[1]
        return sympy.log(*parts)
    return item


def _refuse_float(term: Term) -> NoReturn:
    """What `math.log` asks for."""
    raise IllFormed(f"expected a number, found the term {term}: elboproof's log takes terms, evaluate gives values")


def _refuse_function(term: Term, *factor: Any) -> NoReturn:
    """What SymPy's log asks first: the coefficient of i. NumPy's exp asks an object for its own."""
    raise IllFormed(f"expected elboproof's log, the only function of a term, found another function of {term}")


Term.doit = lambda self, **hints: to_sympy(self)
Term.log = lambda self: Log(self)  # what NumPy's log asks an object for
Term.exp = _refuse_function
Term.as_coefficient = _refuse_function
Term._eval_simplify = lambda self, **options: self
Term.__float__ = _refuse_float
