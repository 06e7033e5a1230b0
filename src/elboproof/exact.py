"""The exact reading: the value of a term on a finite table, with no rounding anywhere.

An expectation sums over the states of positive mass; an integral weighs each state by its base measure. Where a side
condition fails, the value says so: an infinity, or *not defined*.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from math import prod
from operator import getitem
from typing import Any

import sympy
from sympy import Rational
from sympy.core.function import AppliedUndef

from . import language as lang
from .errors import IllFormed, NotComparable
from .integers import MOST_BITS, bits
from .tables import Table
from .values import INF, NEG_INF, ZERO, Undefined, Value, add, compare, divide, log, multiply

ONE = Fraction(1)


class Exact:
    """Evaluates terms on one table."""

    def __init__(self, table: Table):
        self.table = table
        self.work = 0  # nodes visited
        self._known: dict[Any, Value] = {}
        self._free: dict[Any, tuple[str, ...]] = {}
        self._grids: dict[Any, list[tuple[dict[str, int], Fraction]]] = {}
        self._plans: dict[Any, tuple[tuple[str, ...], tuple[str, ...], dict[Any, Value]]] = {}

    def __call__(self, term: Any, at: dict[str, int] | None = None) -> Value:
        return self._visit(term, {**self.table.point, **(at or {})})

    def _visit(self, term: Any, at: dict[str, int]) -> Value:
        self.work += 1
        if isinstance(term, lang.Density):
            return self._density(term, at)
        if isinstance(term, (lang.Plus, sympy.Add)):
            total: Value = ZERO
            for arg in term.args:
                total = add(total, self._visit(arg, at))
            return total
        if isinstance(term, (lang.Times, sympy.Mul)):
            return self._product(term.args, at)
        if isinstance(term, lang.Over):
            return divide(self._visit(term.args[0], at), self._visit(term.args[1], at))
        if isinstance(term, lang.Log):
            return log(self._visit(term.args[0], at))
        if isinstance(term, (lang.E, lang.Integral)):
            return self._remembered(term, at)
        if isinstance(term, Rational):
            return Fraction(term.p, term.q)
        if isinstance(term, (lang.Power, sympy.Pow)):
            exponent = int(term.args[1])
            base = self._visit(term.args[0], at)
            out: Value = ONE
            for _ in range(abs(exponent)):
                out = multiply(out, base)
                if isinstance(out, Fraction) and bits(out) > MOST_BITS:
                    return Undefined(f"a number of more than {MOST_BITS} bits")
            return out if exponent >= 0 else divide(ONE, out)
        if isinstance(term, AppliedUndef):
            args = tuple(v.name for v in term.args)
            return self._value(term.func.__name__, args, at)
        if isinstance(term, lang.Variable):
            return self._value(term.name, (term.name,), at)
        return self._visit(term.definition(), at)

    def _remembered(self, term: Any, at: dict[str, int]) -> Value:
        """A mean or integral, computed once for each state of its free variables."""
        if term not in self._free:
            self._free[term] = tuple(v.name for v in term.free_symbols)
        try:
            key = term, *(at[name] for name in self._free[term])
        except KeyError as missing:
            raise IllFormed(f"expected a state for {missing} where {term} is evaluated, found none") from None
        if key not in self._known:
            compute = self._expectation if isinstance(term, lang.E) else self._integral
            self._known[key] = compute(term, at)
        return self._known[key]

    def _value(self, name: str, args: tuple[str, ...], at: dict[str, int]) -> Value:
        try:
            return self.table.values[name, args][tuple(at[v] for v in args)]
        except KeyError:
            raise IllFormed(f"expected values of {name}({', '.join(args)}) in the table, found none") from None

    def _density(self, term: lang.Density, at: dict[str, int]) -> Value:
        plan = self._plans.get(term)
        if plan is None:
            left, given = (tuple(v.name for v in side) for side in (term.left, term.given))
            plan = self._plans[term] = (left, given, {})
        left, given, known = plan
        try:
            key = tuple([at[v] for v in left] + [at[v] for v in given])
        except KeyError as missing:
            raise IllFormed(f"expected a state for {missing} where {term} is evaluated, found none") from None
        value = known.get(key)
        if value is None:
            value = known[key] = self._density_at(term, left, given, at)
        return value

    def _density_at(self, term: lang.Density, left: Any, given: Any, at: dict[str, int]) -> Value:
        table, law = self.table, term.law.name
        order, cells = table.marginal(law, frozenset(left + given))
        mass = cells.get(tuple(at[v] for v in order), ZERO)
        if given:
            order, cells = table.marginal(law, frozenset(given))
            condition = cells.get(tuple(at[v] for v in order), ZERO)
            if not condition:
                return Undefined(f"conditioning on a null event in {term}")
            mass /= condition
        for v in left:
            weight = table.weights[v][at[v]]
            if weight != 1:
                mass /= weight
        return mass

    def _product(self, items: Any, at: dict[str, int]) -> Value:
        values = [self._visit(item, at) for item in items]
        number = ONE
        for value in values:
            if isinstance(value, Fraction):
                if not value:
                    return ZERO  # it absorbs what does not count
                number = value if number is ONE else number * value
        out: Value = number
        for value in values:
            if not isinstance(value, Fraction):
                out = multiply(out, value)
        return out

    def _points(self, bound: Any, at: dict[str, int]) -> Iterator[tuple[dict[str, int], Fraction]]:
        """Every state of the bound variables beside the states known, and its size in the base measure."""
        grid = self._grids.get(bound)
        if grid is None:
            names = [v.name for v in bound]
            sizes = [self.table.weights[v] for v in names]
            grid = self._grids[bound] = [
                (dict(zip(names, key, strict=True)), prod(map(getitem, sizes, key), start=ONE))
                for key in product(*(range(self.table.states[v]) for v in names))
            ]
        for states, weight in grid:
            yield {**at, **states}, weight

    def _expectation(self, term: lang.E, at: dict[str, int]) -> Value:
        total: Value = ZERO
        for here, weight in self._points(term.bound, at):
            mass = _scaled(self._product(term.measures, here), weight)
            if isinstance(mass, Undefined):
                return mass  # the law itself does not exist here, whatever is averaged
            if mass != ZERO:
                total = add(total, multiply(mass, self._visit(term.args[0], here)))
        return total

    def _integral(self, term: lang.Integral, at: dict[str, int]) -> Value:
        total: Value = ZERO
        for here, weight in self._points(term.bound, at):
            total = add(total, _scaled(self._visit(term.args[0], here), weight))
        return total

    def holds(self, claim: Any, at: dict[str, int] | None = None) -> bool:
        """Whether a claim or side condition is true here. NotComparable where a side has no value."""
        if isinstance(claim, lang.Support):
            mass, density, bound = claim.args
            here = {**self.table.point, **(at or {})}
            for point, _ in self._points(bound, here):
                if self._visit(mass, point) != ZERO:
                    value = self._visit(density, point)
                    if value == ZERO or isinstance(value, Undefined):
                        return False
            return True
        if isinstance(claim, lang.Finite):
            value = self(claim.args[0], at)
            if isinstance(value, Undefined):
                return False
            return not ((value == INF and claim.side != "below") or (value == NEG_INF and claim.side != "above"))
        lhs, rhs = self(claim.lhs, at), self(claim.rhs, at)
        for side, value in ((claim.lhs, lhs), (claim.rhs, rhs)):
            if isinstance(value, Undefined):
                raise NotComparable(f"expected a value of {side} on this table, found one {value}")
        return ordered(claim, lhs, rhs)


def _scaled(value: Value, weight: Fraction) -> Value:
    return value if weight == 1 else multiply(weight, value)


def ordered(claim: Any, lhs: Value, rhs: Value) -> bool:
    """Whether two values stand in a claim's relation."""
    order = compare(lhs, rhs)
    return order == 0 or (isinstance(claim, lang.Ge) and order > 0) or (isinstance(claim, lang.Le) and order < 0)


def evaluate(term: Any, table: Table, **at: int) -> Value:
    """The exact value of a term on a table, in nats: rational plus rational multiples of logs of primes.

    Free variables take the states in the table's `point`, or those given by keyword. Raises IllFormed where the
    table lacks a law, a variable or a state that the term needs.
    """
    table.check_states(at)
    return Exact(table)(lang.operand(term), at)
