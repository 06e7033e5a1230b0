"""Variables, the bar between what is drawn and what is given, and laws with their declared factorisations."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from sympy import Basic, Symbol, Tuple
from sympy.core.symbol import Str
from sympy.logic.boolalg import Or

from .errors import IllFormed

_NAME = re.compile(r"[^\W\d_]\w*'*\Z")


class Variable(Symbol):
    """A coordinate that laws speak of. ``a | b`` marks b, and all that follows, as given."""

    __slots__ = ()

    def __or__(self, other: Any) -> Given:
        return Given((self,), variables_in(other))

    def __ror__(self, other: Any) -> Given:
        return Given(variables_in(other), (self,))


class Given:
    """What ``a | b`` makes: variables left of the bar and variables right of it. Lives only inside a call."""

    def __init__(self, left: tuple[Variable, ...], given: tuple[Variable, ...]):
        self.left, self.given = left, given

    def __or__(self, other: Any) -> Given:
        raise IllFormed(f"expected one bar between variables and what is given, found a second bar before {other}")

    def __repr__(self) -> str:
        return f"{', '.join(map(str, self.left))} | {', '.join(map(str, self.given))}"


def as_variable(item: Any) -> Variable:
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


def variables_in(item: Any) -> tuple[Variable, ...]:
    if isinstance(item, (tuple, list, Tuple)):
        return tuple(as_variable(v) for v in item)
    if isinstance(item, Given):
        raise IllFormed(f"expected one bar, found a second one in {item}")
    return (as_variable(item),)


def split_bar(items: Iterable[Any], where: str) -> tuple[tuple[Variable, ...], tuple[Variable, ...]]:
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
            (given if barred else left).extend(variables_in(item))
    return tuple(left), tuple(given)


def _check_name(name: str, what: str) -> str:
    if not isinstance(name, str) or not _NAME.match(name):
        raise IllFormed(f"expected a name for a {what} (a letter, then letters, digits, _ or '), found {name!r}")
    return name


def _names(names: Any, what: str) -> list[str]:
    if not isinstance(names, (str, list, tuple)):
        raise IllFormed(f'expected {what} names in a text, such as "x y", found {names!r} ({type(names).__name__})')
    parts = names.replace(",", " ").split() if isinstance(names, str) else names
    found = [_check_name(name, what) for name in parts]
    if not found:
        raise IllFormed(f"expected at least one {what} name, found none")
    for name in found:
        if found.count(name) > 1:
            raise IllFormed(f"expected each {what} name once, found {name} twice in {names!r}")
    return found


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
            check_distinct(left, given, self.spell(left, given))
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

    def spell(self, left: Iterable[Any], given: Iterable[Any]) -> str:
        inside = ", ".join(map(str, left)) + (" | " + ", ".join(map(str, given)) if given else "")
        return f"{self.name}({inside})"

    def _sympystr(self, printer: Any) -> str:
        return self.name


def check_distinct(left: tuple[Variable, ...], given: tuple[Variable, ...], where: str) -> None:
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
