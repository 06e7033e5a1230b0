"""Claims and side conditions: statements about terms, which only `prove` turns into a verdict."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from sympy import Expr, Symbol, Tuple, latex
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational
from sympy.core.symbol import Str
from sympy.logic.boolalg import Boolean, BooleanAtom

from .divergences import KL, I
from .errors import IllFormed, NotAClaim
from .terms import Claim, Density, Log, Term, density_in, operand, python
from .variables import Law, Variable


@lru_cache(maxsize=4096)
def _displayed(name: str) -> str:
    """A name as it is displayed: x_0 and x0 are one there."""
    bare = name.rstrip("'")
    return latex(Symbol(bare)) + name[len(bare) :]


def check_names(*terms: Expr) -> None:
    """Raises IllFormed where two names are displayed alike, as x0 and x_0 are, or one name is of two things."""
    seen: dict[tuple[bool, str], tuple[str, Any]] = {}
    named = set().union(*(term.atoms(Law, Variable, AppliedUndef) for term in terms))
    things = {(item.func.__name__, None) if isinstance(item, AppliedUndef) else (item.name, item) for item in named}
    for name, item in sorted(things, key=lambda thing: thing[0]):
        other, same = seen.setdefault((isinstance(item, Variable), _displayed(name)), (name, item))
        if other != name:
            raise IllFormed(f"expected one spelling of a name, found {other} and {name}, which are displayed alike")
        if (same is None) != (item is None):
            raise IllFormed(f"expected {name} to be a density or a function, found both")
        if same != item:
            raise IllFormed(f"expected one declaration of {name} in a claim, found two that differ")


class _Relation(Claim):
    def __new__(cls, lhs: Any, rhs: Any) -> Any:
        sides = (operand(lhs, f"the left side of {cls.__name__}"), operand(rhs, f"the right side of {cls.__name__}"))
        check_names(*sides)
        return super().__new__(cls, *sides)

    @property
    def lhs(self) -> Expr:
        return self.args[0]

    @property
    def rhs(self) -> Expr:
        return self.args[1]

    def _sympystr(self, printer: Any) -> str:
        return f"{type(self).__name__}({python(self.lhs)}, {python(self.rhs)})"


class Eq(_Relation):
    """The claim that two terms are equal."""


class Ge(_Relation):
    """The claim that the first term is at least the second."""


class Le(_Relation):
    """The claim that the first term is at most the second."""


class Support(Claim):
    """Side condition: ``density > 0`` at almost every value of the bound variables where ``mass > 0``."""

    def __new__(cls, mass: Any, density: Any, bound: Iterable[Any] = ()) -> Support:
        return super().__new__(cls, operand(mass), density_in(density, "Support"), Tuple(*bound))

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

    def reading(self) -> tuple[str, Any]:
        """What the condition says ("positive", "number", "bounded above", "bounded below", "finite"), and of what."""
        term = self.args[0]
        if isinstance(term, Log) and self.side != "above":  # a positive number has a finite logarithm
            (inner,) = term.args
            return "positive" if self.side == "below" or isinstance(inner, Density) else "number", inner
        if isinstance(term, (KL, I)) or self.side == "above":
            return "bounded above", term
        return "bounded below" if self.side == "below" else "finite", term

    def _sympystr(self, printer: Any) -> str:
        return f"Finite({self.args[0]})" if self.side == "both" else f"Finite({self.args[0]}, {self.side!r})"


def relation(item: Any) -> Eq | Ge | Le:
    """`item` if it is a claim that can be proved; NotAClaim, naming what to write, if not."""
    if isinstance(item, (Eq, Ge, Le)):
        return item
    if isinstance(item, str):
        raise NotAClaim(
            f"expected a claim made of terms, found the text {item!r}: parse_claim reads it, "
            "and so does the command line, elboproof prove"
        )
    if isinstance(item, (bool, BooleanAtom)):
        raise NotAClaim(
            f"expected a claim, found {item}: SymPy has already decided the comparison; write elboproof's Eq(a, b)"
        )
    if isinstance(item, (Relational, Boolean)):
        raise NotAClaim(f"expected elboproof's Eq, Ge or Le, found SymPy's {type(item).__name__}: {item}")
    raise NotAClaim(f"expected a claim, Eq(a, b), Ge(a, b) or Le(a, b), found {item!r} ({type(item).__name__})")


Term.__ge__ = lambda self, other: Ge(self, other)
Term.__le__ = lambda self, other: Le(self, other)
