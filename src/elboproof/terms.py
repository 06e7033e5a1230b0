"""The nodes of a term: sums, products, quotients, logarithms, densities, integrals, expectations.

Construction never evaluates, and arithmetic on terms cancels nothing. Every node is an immutable SymPy ``Expr``:
``str`` prints Python that builds the same term again, and ``doit`` gives ordinary SymPy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

import sympy
from sympy import Basic, Expr, Integer, Rational, Symbol, Tuple
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational
from sympy.logic.boolalg import BooleanAtom

from .errors import IllFormed, NoTruthValue
from .variables import Given, Law, Variable, as_variable, check_distinct, split_bar, variables_in


class Claim(Basic):
    """A statement about terms, for all laws and all values of its free variables. It has no truth value of its own."""

    def __bool__(self) -> bool:
        raise NoTruthValue(f"a claim has no truth value: ask prove({self})")

    @property
    def free_symbols(self) -> set[Basic]:
        return set().union(*(arg.free_symbols for arg in self.args if isinstance(arg, Expr)))


def operand(item: Any, place: str = "") -> Expr:
    """`item` as a term: ours, an exact rational, or a SymPy expression in generic functions of variables."""
    if isinstance(item, Term):
        return item
    where = f" in {place}" if place else ""
    if isinstance(item, str):
        raise IllFormed(f"expected a term{where}, found the text {item!r}: parse_term reads it")
    if isinstance(item, (Claim, Relational, BooleanAtom, bool)):
        raise IllFormed(f"expected a term{where}, found the statement {item}")
    if isinstance(item, (Law, Given)):
        raise IllFormed(f"expected a term{where}, found {item}: apply the density to its variables, as in p(x)")
    try:
        made = sympy.sympify(item, strict=True)
    except (sympy.SympifyError, TypeError):
        raise IllFormed(f"expected a term{where}, found {item!r} ({type(item).__name__})") from None
    for part in sympy.preorder_traversal(made):
        if isinstance(part, sympy.Float):
            raise IllFormed(f"expected an exact number{where}, found the float {item}: write Rational(1, 2), not 0.5")
        if isinstance(part, Term):
            continue
        if isinstance(part, AppliedUndef) and getattr(part.func, "_kwargs", {}):
            raise IllFormed(f"expected a generic function without assumptions in {where}, found {part} with some")
        if isinstance(part, AppliedUndef) and not all(isinstance(arg, Variable) for arg in part.args):
            raise IllFormed(f"expected a generic function of variables, such as f(x),{where}, found {part}")
        if isinstance(part, Symbol) and not isinstance(part, Variable):
            raise IllFormed(f'expected variables made by variables("{part}"){where}, found the SymPy symbol {part}')
        allowed = (Rational, Variable, AppliedUndef, sympy.Add, sympy.Mul)
        integer_power = isinstance(part, sympy.Pow) and part.exp.is_Integer
        if not (isinstance(part, allowed) or integer_power) or part in (sympy.oo, -sympy.oo, sympy.zoo, sympy.nan):
            raise IllFormed(
                f"expected a term of this language{where}, found {part} ({type(part).__name__}); "
                "use elboproof's log, Integral and E, and Function for a generic f"
            )
    return made


class Term(Expr):
    """A node of the language. Arithmetic on terms builds nodes and cancels nothing."""

    _op_priority = 1000.0
    is_commutative = True
    __slots__ = ()

    def __add__(self, other: Any) -> Term:
        return Plus(self, other)

    def __radd__(self, other: Any) -> Term:
        return self if type(other) is int and other == 0 else Plus(other, self)  # sum() starts from 0

    def __sub__(self, other: Any) -> Term:
        return Plus(self, negated(operand(other, "a difference")))

    def __rsub__(self, other: Any) -> Term:
        return Plus(other, negated(self))

    def __neg__(self) -> Expr:
        return negated(self)

    def __pos__(self) -> Term:
        return self

    def __mul__(self, other: Any) -> Term:
        return Times(self, other)

    def __rmul__(self, other: Any) -> Term:
        return Times(other, self)

    def __truediv__(self, other: Any) -> Term:
        return Over(self, other)

    def __rtruediv__(self, other: Any) -> Term:
        return Over(other, self)

    def __pow__(self, other: Any, modulus: Any = None) -> Term:
        return Power(self, other)

    def __gt__(self, other: Any) -> Any:
        raise IllFormed("expected Ge or Le, found a strict inequality: no rule of this language proves one")

    __lt__ = __gt__

    @property
    def free_symbols(self) -> set[Basic]:
        """The variables that are free in the term."""
        found: set[Basic] = set()
        for arg in self.args:
            found |= arg.free_symbols
        return found - set(self.bound)

    @property
    def bound(self) -> tuple[Variable, ...]:
        """The variables this very node binds."""
        return ()

    def definition(self) -> Expr:
        """The term this node abbreviates, one step down; itself for a node that abbreviates nothing."""
        below = unfolded(self)
        return self if below == self else below  # the cache may hold an equal node, not this one

    def _definition(self) -> Expr:
        return self


@lru_cache(maxsize=4096)
def unfolded(term: Term) -> Expr:
    return term._definition()


def negated(item: Expr) -> Expr:
    if isinstance(item, Rational):
        return -item
    if isinstance(item, Times) and isinstance(item.args[0], Rational) and item.args[0] > 0 and item.args[0] != 1:
        return Times(-item.args[0], *item.args[1:])
    return Times(Integer(-1), item)


class _Chain(Term):
    """A sum or product. Python reads ``a + b + c`` from the left, so a first argument of the same kind is merged."""

    _where = "a term"

    def __new__(cls, *items: Any) -> Any:
        args = [operand(item, cls._where) for item in items]
        if args and isinstance(args[0], cls):
            args[:1] = args[0].args
        if len(args) == 1:
            return args[0]
        if not args:
            raise IllFormed(f"expected at least one term in {cls._where}, found none")
        return super().__new__(cls, *args)


class Plus(_Chain):
    """A sum that stays as written; a difference is a sum with a product by -1."""

    _where = "a sum"

    def _sympystr(self, printer: Any) -> str:
        out = python(self.args[0], 1, first=True)
        for arg in self.args[1:]:
            sign, rest = split_sign(arg)
            out += (" - " if sign < 0 else " + ") + python(rest, 2)
        return out


class Times(_Chain):
    """A product that stays as written."""

    _where = "a product"

    def _sympystr(self, printer: Any) -> str:
        head, *rest = self.args
        if head == -1:
            return "-" + "*".join(python(arg, 3, first=not i) for i, arg in enumerate(rest))
        return "*".join([python(head, 2, first=True), *(python(arg, 3) for arg in rest)])


class Over(Term):
    """A quotient; nothing cancels."""

    def __new__(cls, numerator: Any, denominator: Any) -> Over:
        below = operand(denominator, "a denominator")
        if below == 0:
            raise IllFormed("expected a denominator other than zero, found 0")
        return super().__new__(cls, operand(numerator, "a numerator"), below)

    def _sympystr(self, printer: Any) -> str:
        above, below = self.args
        exact = isinstance(above, Integer) and isinstance(below, Integer)  # 1/2 is a float in Python
        return f"{f'Rational({above})' if exact else python(above, 2, first=True)}/{python(below, 3)}"


class Power(Term):
    """An integer power."""

    def __new__(cls, base: Any, exponent: Any) -> Power:
        exponent = operand(exponent, "an exponent")
        if not isinstance(exponent, Integer):
            raise IllFormed(f"expected an integer exponent, found {exponent}")
        return super().__new__(cls, operand(base, "a power"), exponent)

    def _sympystr(self, printer: Any) -> str:
        base, exponent = self.args
        exact = isinstance(base, Integer) and exponent < 0  # 2**-1 is a float in Python
        return f"{f'Rational({base})' if exact else python(base, 4)}**{python(exponent, 4)}"


class Log(Term):
    """The natural logarithm, in nats."""

    def __new__(cls, item: Any) -> Log:
        item = operand(item, "log(...)")
        if isinstance(item, Rational) and item <= 0:
            raise IllFormed(f"expected the logarithm of a positive number, found log({item})")
        return super().__new__(cls, item)

    def _sympystr(self, printer: Any) -> str:
        return f"log({python(self.args[0])})"


log = Log


class Density(Term):
    """``p(left | given)``: a marginal or conditional density of a law, w.r.t. the base measure of ``left``."""

    def __new__(cls, law: Law, left: Iterable[Any], given: Iterable[Any] = ()) -> Density:
        if not isinstance(law, Law):
            raise IllFormed(f"expected a density made by densities(), found {law!r}")
        left, given = tuple(map(as_variable, left)), tuple(map(as_variable, given))
        check_distinct(left, given, law.spell(left, given))
        stranger = sorted(str(v) for v in {*left, *given} - law.declared) if law.factors else []
        if stranger:
            known = ", ".join(sorted(map(str, law.declared)))
            raise IllFormed(
                f"expected variables in the declared factorisation of {law.name} ({known}), "
                f"found {', '.join(stranger)} in {law.spell(left, given)}"
            )
        return super().__new__(cls, law, Tuple(*left), Tuple(*given))

    law: Law = property(lambda self: self.args[0])  # type: ignore[assignment]
    left: tuple[Variable, ...] = property(lambda self: tuple(self.args[1]))  # type: ignore[assignment]
    given: tuple[Variable, ...] = property(lambda self: tuple(self.args[2]))  # type: ignore[assignment]

    @property
    def free_symbols(self) -> set[Basic]:
        return {*self.left, *self.given}

    def _sympystr(self, printer: Any) -> str:
        return self.law.spell(self.left, self.given)


def density_in(item: Any, where: str) -> Density:
    if not isinstance(item, Density):
        raise IllFormed(f"expected a density such as q(x) in {where}, found {item}")
    return item


class Integral(Term):
    """``Integral(f, x, ...)``: integral of f over all values of the variables, against the base measure."""

    def __new__(cls, integrand: Any, *over: Any) -> Integral:
        integrand = operand(integrand, "Integral(...)")
        names = tuple(as_variable(v) for v in over)
        if not names:
            raise IllFormed(f"expected a variable to integrate over, found none in Integral({integrand})")
        for v in names:
            if names.count(v) > 1:
                raise IllFormed(f"expected each variable once, found {v} bound twice in Integral({integrand}, ...)")
            if v not in integrand.free_symbols:
                free = ", ".join(sorted(map(str, integrand.free_symbols))) or "none"
                raise IllFormed(f"expected an integral over a free variable of {integrand} (free: {free}), found {v}")
        return super().__new__(cls, integrand, *names)

    @property
    def bound(self) -> tuple[Variable, ...]:
        return self.args[1:]

    def _sympystr(self, printer: Any) -> str:
        return f"Integral({', '.join(map(python, self.args))})"


class E(Term):
    """``E(f, q(z | x), ...)``: expectation of f over the product of the measures; their left variables are bound.

    ``over`` may name the variables averaged over, as a check. Raises IllFormed where two measures bind one
    variable, or where measures condition on one another in a circle.
    """

    def __new__(cls, f: Any, *measures: Any, over: Any = None) -> E:
        f = operand(f, "E(...)")
        if not measures:
            if isinstance(f, Density):
                raise IllFormed(f"expected the function first, then its measures, as in E(log(...), {f}), found E({f})")
            raise IllFormed(f"expected the measures after the function, as in E({f}, q(x)), found E({f})")
        if isinstance(f, Density) and not isinstance(measures[0], Density):
            raise IllFormed(f"expected the function first, as in E({measures[0]}, {f}), found E({f}, {measures[0]})")
        parts = [density_in(m, "the measure of an expectation") for m in measures]
        bound = [v for m in parts for v in m.left]
        for v in bound:
            if bound.count(v) > 1:
                raise IllFormed(f"expected each variable bound by one measure, found {v} bound twice in E({f}, ...)")
        if over is not None:
            for v in variables_in(over):
                if v not in bound:
                    raise IllFormed(
                        f"expected an expectation over variables its measure draws ({', '.join(map(str, bound))}), "
                        f"found {v}"
                    )
        waiting = list(parts)
        while waiting:
            open_ = {v for m in waiting for v in m.left}
            ready = [m for m in waiting if not open_ & set(m.given)]
            if not ready:
                found = ", ".join(map(str, waiting))
                raise IllFormed(f"expected measures that can be drawn in some order, found a circle: {found}")
            waiting = [m for m in waiting if m not in ready]
        return super().__new__(cls, f, *parts)

    measures: tuple[Density, ...] = property(lambda self: self.args[1:])  # type: ignore[assignment]

    @property
    def bound(self) -> tuple[Variable, ...]:
        return tuple(v for m in self.measures for v in m.left)

    def _definition(self) -> Expr:
        """Expectation as an integral against its measures (source, equation 19)."""
        f = self.args[0]
        return Integral(Times(*self.measures, f), *self.bound)

    def _sympystr(self, printer: Any) -> str:
        return f"E({', '.join(map(python, self.args))})"


def _applied(law: Law, *items: Any, **named: Any) -> Density:
    if named:
        raise IllFormed(f"expected {law.name}(x | y), with a bar before what is given, found {', '.join(named)}=...")
    left, given = split_bar(items, f"{law.name}(...)")
    return Density(law, Tuple(*left), Tuple(*given))


Law.__call__ = _applied


def split_sign(item: Expr) -> tuple[int, Expr]:
    """(-1, x) for -x as a summand is printed, else (1, x)."""
    if isinstance(item, Rational) and item < 0:
        return -1, -item
    if isinstance(item, Times) and isinstance(item.args[0], Rational) and item.args[0] < 0:
        head, *rest = item.args
        if head == -1:
            return -1, Times(*rest) if not isinstance(rest[0], Times) else rest[0] if len(rest) == 1 else item
        return -1, Times(-head, *rest)
    return 1, item


def subterms(item: Basic) -> Iterator[Basic]:
    """The node and every node below it, parents first."""
    return sympy.preorder_traversal(item)


def _level(item: Expr) -> int:
    if isinstance(item, (Plus, sympy.Add)):
        return 1
    if isinstance(item, (Times, Over, sympy.Mul)) or (isinstance(item, sympy.Pow) and item.args[1] < 0):
        return 2
    return 3 if isinstance(item, (Power, sympy.Pow)) else 5


def python(item: Expr, need: int = 0, first: bool = False) -> str:
    """`item` as Python, in brackets where its own operators bind less tightly than `need`."""
    if isinstance(item, Rational) and not isinstance(item, Integer):
        return f"Rational({item.p}, {item.q})"
    if isinstance(item, Integer) and item < 0 and need > 1 and not first:
        return f"({item})"
    text = str(item)
    negative = text.startswith("-") and not isinstance(item, Integer)
    return f"({text})" if _level(item) < need or (negative and need > 1) else text
