"""Finite tables: what the abstract laws of a claim become when it is to be checked by arithmetic.

A table gives each law rational probabilities over finitely many states, and each state a positive rational base-measure
weight; the density of a state is its probability divided by its weight. With all weights 1 it is a discrete law; with
others, a piecewise-constant density, which may exceed 1.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice, permutations, product
from typing import Any

from sympy.core.function import AppliedUndef

from . import language as lang
from .errors import IllFormed
from .structure import parents, topological

Names = frozenset[str]
Cells = dict[tuple[int, ...], Fraction]


@dataclass
class Table:
    """`laws[name]` is (variables in order, probability of each tuple of states); `point` fixes the free variables."""

    states: dict[str, int]
    laws: dict[str, tuple[tuple[str, ...], Cells]]
    weights: dict[str, tuple[Fraction, ...]] = field(default_factory=dict)
    values: dict[tuple[str, tuple[str, ...]], Cells] = field(default_factory=dict)
    point: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, count in self.states.items():
            weights = self.weights.setdefault(name, (Fraction(1),) * count)
            if len(weights) != count or any(w <= 0 for w in weights):
                raise IllFormed(f"expected {count} positive base-measure weights for {name}, found {weights}")
        for law, (names, cells) in self.laws.items():
            if sum(cells.values()) != 1 or any(mass < 0 for mass in cells.values()):
                raise IllFormed(f"expected probabilities of {law} that are >= 0 and sum to 1, found {cells}")
            if any(len(key) != len(names) for key in cells):
                raise IllFormed(f"expected states of {', '.join(names)} in the table of {law}, found {list(cells)}")
        self.check_states(self.point)
        self._marginals: dict[tuple[str, Names], tuple[tuple[str, ...], Cells]] = {}

    def check_states(self, point: dict[str, int]) -> None:
        """Raises IllFormed for a state that a variable of the table does not have."""
        for name, state in point.items():
            if state not in range(self.states.get(name, 0)):
                known = ", ".join(f"{v} from 0 to {count - 1}" for v, count in self.states.items())
                raise IllFormed(f"expected states of the table's variables, {known}, found {name}={state!r}")

    @property
    def counting(self) -> bool:
        """Whether the base measure counts states: the laws are then discrete."""
        return all(w == 1 for weights in self.weights.values() for w in weights)

    def marginal(self, law: str, names: Names) -> tuple[tuple[str, ...], Cells]:
        """Probabilities of a law's marginal over `names`, in the law's own order of variables."""
        found = self._marginals.get((law, names))
        if found is None:
            if law not in self.laws:
                raise IllFormed(f"expected a table of the law {law}, found tables of {', '.join(self.laws)}")
            order, cells = self.laws[law]
            missing = names - set(order)
            if missing:
                raise IllFormed(f"expected {law} to have {', '.join(sorted(missing))}, found {', '.join(order)}")
            keep = [i for i, name in enumerate(order) if name in names]
            out: Cells = {}
            for key, mass in cells.items():
                short = tuple([key[i] for i in keep])
                out[short] = out[short] + mass if short in out else Fraction(mass)
            found = self._marginals[law, names] = (tuple(order[i] for i in keep), out)
        return found


def _fractions(text: str, law: str) -> list[Fraction]:
    try:
        return [Fraction(part) for part in text.split()]
    except (ValueError, ZeroDivisionError):
        raise IllFormed(f"expected exact numbers such as 1/3 for {law}, found {text.strip()!r}") from None


def table(sizes: dict[str, str] | None = None, **items: str | int) -> Table:
    """A small table from text: ``table(p="D theta: 1/8 3/8 1/4 1/4", q="theta: 1/3 2/3", D=0)``.

    A law is its variables, a colon, and its probabilities in order (the last variable runs fastest; all variables have
    as many states as that needs, two or more). ``D=0`` fixes a free variable at a state; ``sizes={"D": "1/2 1/2"}``
    gives base-measure weights. Raises IllFormed for probabilities that do not fit.
    """
    laws: dict[str, tuple[tuple[str, ...], Cells]] = {}
    states: dict[str, int] = {}
    point = {name: item for name, item in items.items() if isinstance(item, int)}
    for law, spec in items.items():
        if isinstance(spec, int):
            continue
        if not isinstance(spec, str):
            raise IllFormed(f'expected a law such as {law}="theta: 1/3 2/3", or a state, found {spec!r}')
        head, colon, tail = spec.partition(":")
        names, masses = tuple(head.split()), _fractions(tail, law)
        count = round(len(masses) ** (1 / len(names))) if names else 0
        if not colon or count ** len(names) != len(masses) or not masses:
            raise IllFormed(f'expected a law such as {law}="theta: 1/3 2/3", equally many states each, found {spec!r}')
        for name in names:
            if states.setdefault(name, count) != count:
                raise IllFormed(f"expected {states[name]} states of {name} in {law}, found {count}")
        laws[law] = (names, dict(zip(product(range(count), repeat=len(names)), masses, strict=True)))
    weights = {name: tuple(_fractions(text, name)) for name, text in (sizes or {}).items()}
    return Table(states, laws, weights, {}, point)


@dataclass
class Shape:
    """What a claim needs of a table: its variables, the variables of each law, its generic functions."""

    variables: list[str]
    free: list[str]
    laws: dict[str, tuple[lang.Law, list[str]]]
    functions: list[tuple[str, tuple[str, ...]]]

    @classmethod
    def of(cls, *items: Any) -> Shape:
        used: dict[str, tuple[lang.Law, set[str]]] = {}
        names: set[str] = set()
        functions: set[tuple[str, tuple[str, ...]]] = set()
        free: set[str] = set()
        for item in items:
            free |= {v.name for v in item.free_symbols}
            for node in lang.subterms(item):
                if isinstance(node, lang.Density):
                    used.setdefault(node.law.name, (node.law, set()))[1].update(
                        v.name for v in (*node.left, *node.given)
                    )
                elif isinstance(node, lang.I):
                    used.setdefault(node.args[3].name, (node.args[3], set()))[1].update(v.name for v in node.bound)
                elif isinstance(node, AppliedUndef):
                    if not all(isinstance(arg, lang.Variable) for arg in node.args):
                        raise IllFormed(f"expected a generic function of variables, such as f(x), found {node}")
                    functions.add((node.func.__name__, tuple(v.name for v in node.args)))
                elif isinstance(node, lang.Variable):
                    names.add(node.name)
        values = {(name, (name,)) for name in names if _stands_alone(name, items)}
        laws = {}
        for name in sorted(used):
            law, seen = used[name]
            laws[name] = (law, topological(law) if law.factors else sorted(seen))
            names |= set(laws[name][1])
        return cls(sorted(names), sorted(free), laws, sorted(functions | values))


def _stands_alone(name: str, items: Iterable[Any]) -> bool:
    """Whether a variable is used as a value, as in ``E(x, p(x))``."""
    stack = list(items)
    while stack:
        node = stack.pop()
        if isinstance(node, lang.Variable) and node.name == name:
            return True
        if isinstance(node, (lang.Integral, lang.E)):
            stack.append(node.args[0])
            stack += [m for m in node.args[1:] if isinstance(m, lang.Density)]
        elif not isinstance(node, (lang.Density, lang.I, lang.Support, AppliedUndef)):
            stack += node.args
    return False


def _law(shape: Shape, name: str, states: dict[str, int], draw: Any, chain: bool = False) -> Any:
    """One law, as a table holds it; `draw(count, given)` gives that many probabilities, given some states.

    A declared factorisation is drawn factor by factor; with `chain` so is any law, each variable given all before it.
    """
    law, names = shape.laws[name]
    if not law.factors and not chain:
        keys = list(product(*(range(states[v]) for v in names)))
        return tuple(names), dict(zip(keys, draw(len(keys), ()), strict=True))
    graph = parents(law) if law.factors else dict.fromkeys(names, names)
    cells: Cells = {(): Fraction(1)}
    for position, v in enumerate(names):
        above = [i for i in range(position) if names[i] in graph[v]]
        rows = {key: draw(states[v], key) for key in product(*(range(states[names[i]]) for i in above))}
        cells = {
            (*key, state): mass * rows[tuple(key[i] for i in above)][state]
            for key, mass in cells.items()
            for state in range(states[v])
        }
    return tuple(names), cells


def _values(
    shape: Shape, sizes: dict[str, int], rng: random.Random, least: int = -6
) -> dict[tuple[str, tuple[str, ...]], Cells]:
    return {
        (name, args): {key: Fraction(rng.randint(least, 6), 2) for key in product(*(range(sizes[v]) for v in args))}
        for name, args in shape.functions
    }


def skewed_table(shape: Shape, rng: random.Random, states: int, tiny: Fraction) -> Table:
    """A discrete table: each variable is uniform, or all but a function of those before it; what is rare is `tiny`."""

    def draw(count: int, given: tuple[int, ...]) -> list[Fraction]:
        if rng.random() < (0.2 if given else 0.5):
            return [Fraction(1, count)] * count
        heavy = sum(given) % count if rng.random() < copied else rng.randrange(count)
        return [1 - (count - 1) * tiny if i == heavy else tiny for i in range(count)]

    copied = rng.choice((0.0, 0.5, 1.0))
    sizes = dict.fromkeys(shape.variables, states)
    laws = {name: _law(shape, name, sizes, draw, chain=True) for name in shape.laws}
    return Table(sizes, laws, {}, _values(shape, sizes, rng), {v: rng.randrange(states) for v in shape.free})


def random_table(
    shape: Shape,
    rng: random.Random,
    states: int = 2,
    weighted: bool = True,
    zeros: float = 0.0,
    top: int = 5,
    positive: bool = False,
) -> Table:
    """A table with small random probabilities; each is zero with chance `zeros` (one at least stays positive).

    `positive` asks for positive values of the generic functions.
    """

    def draw(count: int, given: tuple[int, ...]) -> list[Fraction]:
        parts = [0 if zeros and rng.random() < zeros else rng.randint(1, top) for _ in range(count)]
        if not any(parts):
            parts[rng.randrange(count)] = 1
        total = sum(parts)
        return [Fraction(part, total) for part in parts]

    sizes = dict.fromkeys(shape.variables, states)
    scales = [Fraction(n, d) for n, d in ((1, 8), (1, 3), (1, 2), (1, 1), (2, 1), (8, 1))]
    weights = {}
    for v, n in sizes.items() if weighted else ():
        scale = rng.choice(scales)  # large and small sets: densities far below and above 1
        weights[v] = tuple(scale * rng.choice(scales[2:5]) for _ in range(n))
    return Table(
        sizes,
        {name: _law(shape, name, sizes, draw) for name in shape.laws},
        weights,
        _values(shape, sizes, rng, 1 if positive else -6),
        {v: rng.randrange(sizes[v]) for v in shape.free},
    )


def _compositions(count: int, extra: int) -> list[tuple[Fraction, ...]]:
    """Probabilities of `count` cells with denominator count + extra, in a fixed order, at most 40 of them."""
    total = count + extra
    bumps = [0] * extra
    patterns = set()
    for _ in range(400):
        patterns.add(tuple(1 + bumps.count(i) for i in range(count)))
        for i in reversed(range(extra)):
            if bumps[i] < count - 1:
                bumps[i:] = [bumps[i] + 1] * (extra - i)
                break
        else:
            break
    ordered = sorted(patterns, key=lambda p: (max(p), p))[:40]
    return [tuple(Fraction(part, total) for part in pattern) for pattern in ordered]


def small_tables(shape: Shape, weighted: bool, most: int = 250) -> Iterator[Table]:
    """Two-state tables in order of their denominators; if weighted, each variable also on a set of another size."""
    sizes = dict.fromkeys(shape.variables, 2)
    structured = any(law.factors for law, _ in shape.laws.values())
    values = [
        {
            (name, args): {key: Fraction(first + step * i) for i, key in enumerate(product(range(2), repeat=len(args)))}
            for name, args in shape.functions
        }
        for first, step in ((1, 1), (-1, 2))  # where logarithms exist, and where they do not
    ]
    point = dict.fromkeys(shape.free, 0)
    quarter, half, one, two = Fraction(1, 4), Fraction(1, 2), Fraction(1), Fraction(2)
    weighings: list[dict[str, tuple[Fraction, ...]]] = [{}]
    if weighted:
        sets: list[tuple[Fraction, ...]] = [(half, half), (quarter, quarter), (two, two), (half, one), (two, half)]
        weighings = [dict.fromkeys(shape.variables, pair) for pair in sets]
        weighings += [{v: sets[1]} for v in shape.variables] + [{v: sets[2]} for v in shape.variables]

    def laws() -> Iterator[dict[str, Any]]:
        names = list(shape.laws)
        if structured:
            rng = random.Random(1)
            for _ in range(most):

                def draw(count: int, given: tuple[int, ...]) -> list[Fraction]:
                    cut = rng.choice(_compositions(count, rng.randint(0, 2)))
                    return list(rng.choice(list(islice(permutations(cut), 6))))

                yield {name: _law(shape, name, sizes, draw) for name in names}
            return
        counts = [2 ** len(shape.laws[name][1]) for name in names]
        for level in range(9):
            for extras in product(range(level + 1), repeat=len(names)):
                if sum(extras) == level and max(extras, default=0) <= 4:
                    for combo in product(*(_compositions(n, e) for n, e in zip(counts, extras, strict=True))):
                        drawn = dict(zip(names, combo, strict=True))
                        yield {
                            name: _law(shape, name, sizes, lambda n, given, d=drawn[name]: list(d)) for name in names
                        }

    for each in islice(laws(), most if not weighted else max(1, most // len(weighings))):
        for weighing in weighings:
            for chosen in values if shape.functions else values[:1]:
                yield Table(sizes, each, dict(weighing), chosen, point)
