"""The language of densities: one syntax tree, built once and never evaluated on construction.

A term speaks of abstract laws. ``p(theta | D)`` is the conditional density of the law ``p``, with respect to an
abstract base measure, so a sum and an integral are the same node. Every node is an immutable SymPy ``Expr``:
``str`` prints Python that builds the same term again, and ``doit`` gives ordinary SymPy.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

import sympy
from sympy import Basic, Expr, Integer, Rational, Symbol, Tuple
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational
from sympy.core.symbol import Str
from sympy.logic.boolalg import Boolean, BooleanAtom, Or

from .errors import IllFormed, NotAClaim, NoTruthValue

_NAME = re.compile(r"[^\W\d]\w*'*\Z")


# -- variables and laws ----------------------------------------------------------------------------------------------


class Variable(Symbol):
    """A coordinate that laws speak of. ``a | b`` marks b, and all that follows, as given."""

    __slots__ = ()

    def __or__(self, other: Any) -> Given:
        return Given((self,), _variables_in(other))

    def __ror__(self, other: Any) -> Given:
        return Given(_variables_in(other), (self,))


class Given:
    """What ``a | b`` makes: variables left of the bar and variables right of it. Lives only inside a call."""

    def __init__(self, left: tuple[Variable, ...], given: tuple[Variable, ...]):
        self.left, self.given = left, given

    def __or__(self, other: Any) -> Given:
        raise IllFormed(f"expected one bar between variables and what is given, found a second bar before {other}")

    def __repr__(self) -> str:
        return f"{', '.join(map(str, self.left))} | {', '.join(map(str, self.given))}"


def _variable(item: Any) -> Variable:
    if isinstance(item, Variable):
        return item
    if isinstance(item, Or):
        raise IllFormed(
            f"expected variables made by variables(), found SymPy's Or, {item}: SymPy sorts its sides, "
            "so which is given is lost; make the symbols with variables()"
        )
    if isinstance(item, Symbol):
        raise IllFormed(f'expected a variable made by variables("{item}"), found the plain SymPy symbol {item}')
    raise IllFormed(f"expected a variable made by variables(), found {item!r} ({type(item).__name__})")


def _variables_in(item: Any) -> tuple[Variable, ...]:
    if isinstance(item, (tuple, list, Tuple)):
        return tuple(_variable(v) for v in item)
    if isinstance(item, Given):
        raise IllFormed(f"expected one bar, found a second one in {item}")
    return (_variable(item),)


def _split_bar(items: Iterable[Any], where: str) -> tuple[tuple[Variable, ...], tuple[Variable, ...]]:
    """``(a, b | c, d)`` as Python passes it, ``(a, Given(b, c), d)``, to ``((a, b), (c, d))``."""
    left: list[Variable] = []
    given: list[Variable] = []
    barred = False
    for item in items:
        if isinstance(item, Given):
            if barred:
                raise IllFormed(f"expected at most one bar in {where}, found a second one in {item}")
            left += item.left
            given += item.given
            barred = True
        else:
            (given if barred else left).extend(_variables_in(item))
    return tuple(left), tuple(given)


def _check_name(name: str, what: str) -> str:
    if not isinstance(name, str) or not _NAME.match(name):
        raise IllFormed(f"expected a name for a {what} (a letter, then letters, digits, _ or '), found {name!r}")
    return name


def _names(names: str, what: str) -> list[str]:
    found = names.replace(",", " ").split() if isinstance(names, str) else list(names)
    if not found:
        raise IllFormed(f"expected at least one {what} name, found none")
    return [_check_name(name, what) for name in found]


def variables(names: str) -> Any:
    """The variables named in a string: ``theta, D = variables("theta D")``; one name gives one object."""
    made = tuple(Variable(name) for name in _names(names, "variable"))
    return made[0] if len(made) == 1 else made


class Law(Basic):
    """A joint law over every variable it is applied to, with the factorisation declared for it (perhaps none).

    ``factors`` holds pairs (left, given) of tuples of variables; each variable stands left of at most one bar
    and the factors form a directed acyclic graph. A variable that only ever stands right of a bar is a root; the
    roots may depend on one another in any way.
    """

    def __new__(cls, name: Any, factors: Any = ()) -> Law:
        name = name.name if isinstance(name, Str) else _check_name(name, "density")
        pairs = Tuple(*(Tuple(Tuple(*left), Tuple(*given)) for left, given in factors))
        self = super().__new__(cls, Str(name), pairs)
        self._check_acyclic()
        return self

    @property
    def name(self) -> str:
        return self.args[0].name

    @property
    def factors(self) -> tuple[tuple[tuple[Variable, ...], tuple[Variable, ...]], ...]:
        return tuple((tuple(left), tuple(given)) for left, given in self.args[1])

    @property
    def declared(self) -> frozenset[Variable]:
        return frozenset(v for left, given in self.factors for v in (*left, *given))

    def _check_acyclic(self) -> None:
        parents: dict[Variable, set[Variable]] = {}
        for left, given in self.factors:
            _check_distinct(left, given, self._spell(left, given))
            for position, v in enumerate(left):
                if v in parents:
                    raise IllFormed(f"expected each variable left of one bar, found {v} in two factors of {self.name}")
                parents[v] = {*given, *left[:position]}
        waiting = dict(parents)
        while waiting:
            ready = [v for v in waiting if not waiting[v] & waiting.keys()]
            if not ready:
                loop = ", ".join(sorted(map(str, waiting)))
                raise IllFormed(f"expected factors of {self.name} that form no cycle, found one through {loop}")
            for v in ready:
                del waiting[v]

    def _spell(self, left: Iterable[Any], given: Iterable[Any]) -> str:
        inside = ", ".join(map(str, left)) + (" | " + ", ".join(map(str, given)) if given else "")
        return f"{self.name}({inside})"

    def __call__(self, *items: Any) -> Density:
        left, given = _split_bar(items, f"{self.name}(...)")
        return Density(self, Tuple(*left), Tuple(*given))

    def _sympystr(self, printer: Any) -> str:
        return self.name


def _check_distinct(left: tuple[Variable, ...], given: tuple[Variable, ...], where: str) -> None:
    if not left:
        raise IllFormed(f"expected at least one variable left of the bar, found none in {where}")
    for side, name in ((left, "left of the bar"), (given, "right of the bar")):
        for v in side:
            if side.count(v) > 1:
                raise IllFormed(f"expected each variable once {name}, found {v} twice in {where}")
    for v in left:
        if v in given:
            raise IllFormed(f"expected a variable on one side of the bar, found {v} on both sides in {where}")


def density(name: str, *factors: str) -> Law:
    """One law, with a declared factorisation: ``density("p", "x1 | x0", "x2 | x1")``.

    Claims about it then range over the laws that factorise so (d-separation in the graph of the factors).
    Raises IllFormed for a cycle, or for a variable left of two bars.
    """
    pairs = []
    for factor in factors:
        if not isinstance(factor, str):
            raise IllFormed(f'expected a factor as text, such as "x1 | x0", found {factor!r}')
        left, bar, given = factor.partition("|")
        if bar and (not given.strip() or "|" in given):
            raise IllFormed(f'expected a factor such as "x1 | x0", found {factor!r}')
        pairs.append(
            (
                tuple(Variable(v) for v in _names(left, "variable")),
                tuple(Variable(v) for v in _names(given, "variable")) if bar else (),
            )
        )
    return Law(name, pairs)


def densities(names: str) -> Any:
    """The laws named in a string: ``p, q = densities("p q")``; one name gives one object."""
    made = tuple(Law(name) for name in _names(names, "density"))
    return made[0] if len(made) == 1 else made


# -- terms -----------------------------------------------------------------------------------------------------------


def operand(item: Any, where: str = "a term") -> Expr:
    """`item` as a term: ours, an exact rational, or a SymPy expression in generic functions of variables."""
    if isinstance(item, Term):
        return item
    if isinstance(item, (Claim, Relational, BooleanAtom, bool)):
        raise IllFormed(f"expected a term in {where}, found the statement {item}")
    if isinstance(item, (Law, Given)):
        raise IllFormed(f"expected a term in {where}, found {item}: apply the density to its variables, as in p(x)")
    try:
        made = sympy.sympify(item, strict=True)
    except (sympy.SympifyError, TypeError):
        raise IllFormed(f"expected a term in {where}, found {item!r} ({type(item).__name__})") from None
    for part in sympy.preorder_traversal(made):
        if isinstance(part, sympy.Float):
            raise IllFormed(
                f"expected an exact number in {where}, found the float {item}: write Rational(1, 2), not 0.5"
            )
        if isinstance(part, Term):
            continue
        if isinstance(part, Symbol) and not isinstance(part, Variable):
            raise IllFormed(f'expected variables made by variables("{part}") in {where}, found the SymPy symbol {part}')
        allowed = (Rational, Variable, AppliedUndef, sympy.Add, sympy.Mul)
        integer_power = isinstance(part, sympy.Pow) and part.exp.is_Integer
        if not (isinstance(part, allowed) or integer_power) or part in (sympy.oo, -sympy.oo, sympy.zoo, sympy.nan):
            raise IllFormed(
                f"expected a term of this language in {where}, found {part} ({type(part).__name__}); "
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
        return Plus(other, self)

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

    def __ge__(self, other: Any) -> Ge:  # type: ignore[override]
        return Ge(self, other)

    def __le__(self, other: Any) -> Le:  # type: ignore[override]
        return Le(self, other)

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
        return unfolded(self)

    def _definition(self) -> Expr:
        return self

    def doit(self, **hints: Any) -> Expr:
        """Ordinary SymPy: Add, Mul, log, and unevaluated Integral over undefined functions."""
        return _to_sympy(self)


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
        out = _py(self.args[0], 1, first=True)
        for arg in self.args[1:]:
            sign, rest = split_sign(arg)
            out += (" - " if sign < 0 else " + ") + _py(rest, 2)
        return out


class Times(_Chain):
    """A product that stays as written."""

    _where = "a product"

    def _sympystr(self, printer: Any) -> str:
        head, *rest = self.args
        if head == -1:
            return "-" + "*".join(_py(arg, 3, first=not i) for i, arg in enumerate(rest))
        return "*".join([_py(head, 2, first=True), *(_py(arg, 3) for arg in rest)])


class Over(Term):
    """A quotient; nothing cancels."""

    def __new__(cls, numerator: Any, denominator: Any) -> Over:
        below = operand(denominator, "a denominator")
        if below == 0:
            raise IllFormed("expected a denominator other than zero, found 0")
        return super().__new__(cls, operand(numerator, "a numerator"), below)

    def _sympystr(self, printer: Any) -> str:
        return f"{_py(self.args[0], 2, first=True)}/{_py(self.args[1], 3)}"


class Power(Term):
    """An integer power."""

    def __new__(cls, base: Any, exponent: Any) -> Power:
        exponent = operand(exponent, "an exponent")
        if not isinstance(exponent, Integer):
            raise IllFormed(f"expected an integer exponent, found {exponent}")
        return super().__new__(cls, operand(base, "a power"), exponent)

    def _sympystr(self, printer: Any) -> str:
        return f"{_py(self.args[0], 4)}**{_py(self.args[1], 4)}"


class Log(Term):
    """The natural logarithm, in nats."""

    def __new__(cls, item: Any) -> Log:
        item = operand(item, "log(...)")
        if isinstance(item, Rational) and item <= 0:
            raise IllFormed(f"expected the logarithm of a positive number, found log({item})")
        return super().__new__(cls, item)

    def _sympystr(self, printer: Any) -> str:
        return f"log({self.args[0]})"


log = Log


class Density(Term):
    """``p(left | given)``: a marginal or conditional density of a law, w.r.t. the base measure of ``left``."""

    def __new__(cls, law: Law, left: Iterable[Any], given: Iterable[Any] = ()) -> Density:
        if not isinstance(law, Law):
            raise IllFormed(f"expected a density made by densities(), found {law!r}")
        left, given = tuple(map(_variable, left)), tuple(map(_variable, given))
        _check_distinct(left, given, law._spell(left, given))
        stranger = sorted(str(v) for v in {*left, *given} - law.declared) if law.factors else []
        if stranger:
            known = ", ".join(sorted(map(str, law.declared)))
            raise IllFormed(
                f"expected variables in the declared factorisation of {law.name} ({known}), "
                f"found {', '.join(stranger)} in {law._spell(left, given)}"
            )
        return super().__new__(cls, law, Tuple(*left), Tuple(*given))

    law: Law = property(lambda self: self.args[0])  # type: ignore[assignment]
    left: tuple[Variable, ...] = property(lambda self: tuple(self.args[1]))  # type: ignore[assignment]
    given: tuple[Variable, ...] = property(lambda self: tuple(self.args[2]))  # type: ignore[assignment]

    @property
    def free_symbols(self) -> set[Basic]:
        return {*self.left, *self.given}

    def _sympystr(self, printer: Any) -> str:
        return self.law._spell(self.left, self.given)


def _density(item: Any, where: str) -> Density:
    if not isinstance(item, Density):
        raise IllFormed(f"expected a density such as q(x) in {where}, found {item}")
    return item


class Integral(Term):
    """``Integral(f, x, ...)``: integral of f over all values of the variables, against the base measure."""

    def __new__(cls, integrand: Any, *over: Any) -> Integral:
        integrand = operand(integrand, "Integral(...)")
        names = tuple(_variable(v) for v in over)
        if not names:
            raise IllFormed(f"expected a variable to integrate over, found none in Integral({integrand})")
        for v in names:
            if names.count(v) > 1:
                raise IllFormed(f"expected each variable once, found {v} bound twice in Integral({integrand}, ...)")
            if v not in integrand.free_symbols:
                free = ", ".join(sorted(map(str, integrand.free_symbols))) or "none"
                raise IllFormed(
                    f"expected an integral over a free variable of {integrand} (free: {free}), found {v}"
                )
        return super().__new__(cls, integrand, *names)

    @property
    def bound(self) -> tuple[Variable, ...]:
        return self.args[1:]

    def _sympystr(self, printer: Any) -> str:
        return f"Integral({', '.join(map(str, self.args))})"


class E(Term):
    """``E(f, q(z | x), ...)``: expectation of f over the product of the measures; their left variables are bound.

    ``over`` may name the variables averaged over, as a check. Raises IllFormed where two measures bind one
    variable, or where measures condition on one another in a circle.
    """

    def __new__(cls, f: Any, *measures: Any, over: Any = None) -> E:
        f = operand(f, "E(...)")
        if not measures:
            raise IllFormed(f"expected the measure of the expectation, as in E({f}, q(x)), found none")
        parts = [_density(m, "the measure of an expectation") for m in measures]
        bound = [v for m in parts for v in m.left]
        for v in bound:
            if bound.count(v) > 1:
                raise IllFormed(f"expected each variable bound by one measure, found {v} bound twice in E({f}, ...)")
        if over is not None:
            for v in _variables_in(over):
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
        return f"E({', '.join(map(str, self.args))})"


class _OfDensities(Term):
    """A functional of densities that abbreviates an expectation."""

    _title = ""

    def _sympystr(self, printer: Any) -> str:
        return f"{type(self).__name__}({', '.join(map(str, self.args))})"

    @property
    def bound(self) -> tuple[Variable, ...]:
        return self.args[0].left


def _same_left(first: Density, second: Density, title: str, hint: str = "") -> None:
    if set(first.left) != set(second.left):
        raise IllFormed(
            f"expected {title} between densities of the same variables left of the bar, "
            f"found {first} and {second}{hint}"
        )


class KL(_OfDensities):
    """KL divergence E_q log(q / p), in nats (Cover and Thomas, Elements of Information Theory, eq. 2.26)."""

    def __new__(cls, q: Any, p: Any) -> KL:
        q, p = _density(q, "KL(...)"), _density(p, "KL(...)")
        joint = set(q.left) < set(p.left)
        hint = f"; for the joint, write -ELBO({q}, {p})" if joint else ""
        _same_left(q, p, "a KL divergence", hint)
        return super().__new__(cls, q, p)

    def _definition(self) -> Expr:
        q, p = self.args
        return E(Log(Over(q, p)), q)


class H(_OfDensities):
    """(Differential) entropy -E_q log q, in nats; for ``q(x | y)``, at the given y (Cover and Thomas, eq. 8.1)."""

    def __new__(cls, q: Any) -> H:
        return super().__new__(cls, _density(q, "H(...)"))

    def _definition(self) -> Expr:
        (q,) = self.args
        return negated(E(Log(q), q))


class CE(_OfDensities):
    """Cross-entropy -E_q log p, in nats."""

    def __new__(cls, q: Any, p: Any) -> CE:
        q, p = _density(q, "CE(...)"), _density(p, "CE(...)")
        _same_left(q, p, "a cross-entropy")
        return super().__new__(cls, q, p)

    def _definition(self) -> Expr:
        q, p = self.args
        return negated(E(Log(p), q))


class ELBO(_OfDensities):
    """Evidence lower bound E_q log(p(D, theta) / q(theta)), in nats (source, equation 11). A bound, never a loss."""

    def __new__(cls, q: Any, joint: Any) -> ELBO:
        q, joint = _density(q, "ELBO(...)"), _density(joint, "ELBO(...)")
        if not set(q.left) < set(joint.left):
            raise IllFormed(
                f"expected ELBO(q, joint) with the variables of q and the observed ones left of the joint's bar, "
                f"as in ELBO(q(theta), p(D, theta)), found ELBO({q}, {joint})"
            )
        return super().__new__(cls, q, joint)

    def _definition(self) -> Expr:
        q, joint = self.args
        return E(Log(Over(joint, q)), q)


class I(Term):  # noqa: E742  the field's own name
    """Mutual information ``I(x, z, q)``, or given y ``I(x, z | y, q)``, in nats (Cover and Thomas, eq. 2.61)."""

    def __new__(cls, *items: Any) -> I:
        if len(items) == 4 and all(isinstance(item, Tuple) for item in items[:3]):
            x, z, y = (tuple(item) for item in items[:3])
            law = items[3]
        else:
            if len(items) < 3 or not isinstance(items[-1], Law):
                raise IllFormed(f"expected I(x, z, q) or I(x, z | y, q) with a density last, found {items}")
            law, first, rest = items[-1], items[0], items[1:-1]
            if isinstance(first, Given):
                raise IllFormed(f"expected what is given after the second group, I(x, z | y, q), found {first} first")
            x = _variables_in(first)
            z, y = _split_bar(rest, "I(...)")
        law_name = law.name if isinstance(law, Law) else law
        everything = (*x, *z, *y)
        for v in everything:
            if everything.count(v) > 1:
                raise IllFormed(f"expected disjoint groups of variables, found {v} twice in I(..., {law_name})")
        law(*everything)  # refuses variables the law does not have
        if not x or not z:
            raise IllFormed(f"expected variables on both sides of mutual information, found I({x}, {z}, {law_name})")
        return super().__new__(cls, Tuple(*x), Tuple(*z), Tuple(*y), law)

    @property
    def bound(self) -> tuple[Variable, ...]:
        return (*self.args[0], *self.args[1], *self.args[2])

    @property
    def free_symbols(self) -> set[Basic]:
        return set()

    def _definition(self) -> Expr:
        x, z, y, law = self.args
        joint = Density(law, (*x, *z), y)
        ratio = Over(joint, Times(Density(law, x, y), Density(law, z, y)))
        return E(Log(ratio), Density(law, (*x, *z, *y)))

    def _sympystr(self, printer: Any) -> str:
        x, z, y, law = self.args
        groups = [", ".join(map(str, g)) if len(g) == 1 else f"({', '.join(map(str, g))})" for g in (x, z)]
        given = " | " + ", ".join(map(str, y)) if y else ""
        return f"I({groups[0]}, {groups[1]}{given}, {law})"


# -- claims ----------------------------------------------------------------------------------------------------------


class Claim(Basic):
    """A statement about terms, for all laws and all values of its free variables. It has no truth value of its own."""

    def __bool__(self) -> bool:
        raise NoTruthValue(f"a claim has no truth value: ask prove({self})")

    @property
    def free_symbols(self) -> set[Basic]:
        return set().union(*(arg.free_symbols for arg in self.args if isinstance(arg, Expr)))


class _Relation(Claim):
    def __new__(cls, lhs: Any, rhs: Any) -> Any:
        sides = (operand(lhs, f"the left side of {cls.__name__}"), operand(rhs, f"the right side of {cls.__name__}"))
        structure: dict[str, Law] = {}
        for law in sorted(set().union(*(side.atoms(Law) for side in sides)), key=str):
            if structure.setdefault(law.name, law) != law:
                raise IllFormed(f"expected one declaration of {law.name} in a claim, found two that differ")
        return super().__new__(cls, *sides)

    @property
    def lhs(self) -> Expr:
        return self.args[0]

    @property
    def rhs(self) -> Expr:
        return self.args[1]

    def _sympystr(self, printer: Any) -> str:
        return f"{type(self).__name__}({self.lhs}, {self.rhs})"


class Eq(_Relation):
    """The claim that two terms are equal."""


class Ge(_Relation):
    """The claim that the first term is at least the second."""


class Le(_Relation):
    """The claim that the first term is at most the second."""


class Support(Claim):
    """Side condition: ``density > 0`` at almost every value of the bound variables where ``mass > 0``."""

    def __new__(cls, mass: Any, density: Any, bound: Iterable[Any] = ()) -> Support:
        return super().__new__(cls, operand(mass), _density(density, "Support"), Tuple(*bound))

    def _sympystr(self, printer: Any) -> str:
        bound = f", ({', '.join(map(str, self.args[2]))},)" if self.args[2] else ""
        return f"Support({self.args[0]}, {self.args[1]}{bound})"


class Finite(Claim):
    """Side condition: a term is finite, or only ``above`` (below +inf) or ``below`` (above -inf)."""

    def __new__(cls, term: Any, side: Any = "both") -> Finite:
        side = side.name if isinstance(side, Str) else side
        if side not in ("both", "above", "below"):
            raise IllFormed(f"expected the side of Finite to be 'both', 'above' or 'below', found {side!r}")
        return super().__new__(cls, operand(term), Str(side))

    side: str = property(lambda self: self.args[1].name)  # type: ignore[assignment]

    def _sympystr(self, printer: Any) -> str:
        return f"Finite({self.args[0]})" if self.side == "both" else f"Finite({self.args[0]}, {self.side!r})"


def relation(item: Any) -> Eq | Ge | Le:
    """`item` if it is a claim that can be proved; NotAClaim, naming what to write, if not."""
    if isinstance(item, (Eq, Ge, Le)):
        return item
    if isinstance(item, (bool, BooleanAtom)):
        raise NotAClaim(
            f"expected a claim, found {item}: SymPy has already decided the comparison; write elboproof's Eq(a, b)"
        )
    if isinstance(item, (Relational, Boolean)):
        raise NotAClaim(f"expected elboproof's Eq, Ge or Le, found SymPy's {type(item).__name__}: {item}")
    raise NotAClaim(f"expected a claim, Eq(a, b), Ge(a, b) or Le(a, b), found {item!r} ({type(item).__name__})")


# -- walking, printing, leaving ---------------------------------------------------------------------------------------


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
    if isinstance(item, (Times, Over, sympy.Mul)):
        return 2
    return 3 if isinstance(item, (Power, sympy.Pow)) else 5


def _py(item: Expr, need: int, first: bool = False) -> str:
    """`item` as Python, in brackets where its own operators bind less tightly than `need`."""
    if isinstance(item, Rational) and not isinstance(item, Integer):
        return f"Rational({item.p}, {item.q})"
    if isinstance(item, Integer) and item < 0 and need > 1 and not first:
        return f"({item})"
    text = str(item)
    negative = text.startswith("-") and not isinstance(item, Integer)
    return f"({text})" if _level(item) < need or (negative and need > 1) else text


def _to_sympy(item: Expr) -> Expr:
    if isinstance(item, Density):
        names = ",".join(map(str, item.left)) + ("|" + ",".join(map(str, item.given)) if item.given else "")
        return sympy.Function(f"{item.law.name}_{{{names}}}")(*item.left, *item.given)
    if isinstance(item, Integral):
        return sympy.Integral(_to_sympy(item.args[0]), *item.bound)
    if isinstance(item, Term):
        below = item.definition()
        if below is not item:
            return _to_sympy(below)
        parts = [_to_sympy(arg) for arg in item.args]
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
