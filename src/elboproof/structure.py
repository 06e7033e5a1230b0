"""Declared factorisations: what d-separation says of a law's joint marginals.

A conditional independence A, B given C is one relation, ``p(ABC) p(C) = p(AC) p(BC)``, read twice: on logs it is
linear, on measures multiplicative. Both are the same vector over sets of variables, reduced by the same elimination.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import lru_cache
from itertools import combinations

from .errors import IllFormed
from .language import Law
from .linear import Echelon, Vector, add_into

Names = frozenset[str]
MOST_VARIABLES = 9  # the relations of n variables number n (n - 1) 2^(n - 3)


@lru_cache(maxsize=256)
def parents(law: Law) -> dict[str, Names]:
    """The directed graph of a law's factors. Roots never left of a bar depend on one another in any way."""
    graph: dict[str, Names] = {}
    for left, given in law.factors:
        for position, v in enumerate(left):
            graph[v.name] = frozenset(w.name for w in (*given, *left[:position]))
    roots = sorted(v.name for v in law.declared if v.name not in graph)
    for position, root in enumerate(roots):
        graph[root] = frozenset(roots[:position])
    return graph


def topological(law: Law) -> list[str]:
    """The declared variables, parents first."""
    graph, out = dict(parents(law)), []
    while graph:
        ready = min(v for v, above in graph.items() if not above & graph.keys())
        out.append(ready)
        del graph[ready]
    return out


def separated(law: Law, a: str, b: str, given: Names) -> bool:
    """d-separation of a and b by `given` (Lauritzen et al. 1990: separation in the moral graph of the ancestors)."""
    graph = parents(law)
    ancestors, stack = set(), [a, b, *given]
    while stack:
        v = stack.pop()
        if v not in ancestors:
            ancestors.add(v)
            stack += graph[v]
    linked: dict[str, set[str]] = {v: set() for v in ancestors}
    for v in ancestors:
        family = [v, *graph[v]]
        for x, y in combinations(family, 2):
            linked[x].add(y)
            linked[y].add(x)
    seen, stack = {a}, [a]
    while stack:
        for v in linked[stack.pop()] - seen - given:
            if v == b:
                return False
            seen.add(v)
            stack.append(v)
    return True


def _subsets(names: Iterable[str]) -> Iterable[Names]:
    ordered = sorted(names)
    for size in range(len(ordered) + 1):
        for group in combinations(ordered, size):
            yield frozenset(group)


@lru_cache(maxsize=256)
def relations(law: Law, first: str = "") -> Echelon:
    """Relations between the log joint marginals; larger sets are expressed by smaller, those with `first` before."""
    names = sorted(v.name for v in law.declared)
    if len(names) > MOST_VARIABLES:
        raise IllFormed(
            f"expected a factorisation over at most {MOST_VARIABLES} variables, found {len(names)} in {law.name}"
        )
    found = Echelon(order=lambda names: (first in names, len(names), sorted(names)))
    for a, b in combinations(names, 2):
        for given in _subsets(set(names) - {a, b}):
            if separated(law, a, b, given):
                relation: Vector = {given | {a, b}: Fraction(1)}
                for part, sign in ((given | {a}, -1), (given | {b}, -1), (given, 1)):
                    if part:
                        add_into(relation, {part: Fraction(sign)})
                found.add(relation)
    return found


def canonical(law: Law, vector: Vector) -> Vector:
    """A product of powers of joint marginals (set of variables -> exponent) in the one form all equal ones share."""
    return relations(law).reduce(vector) if law.factors else vector


def integrated(law: Law, vector: Vector, name: str) -> Vector | None:
    """The product with `name` integrated out, where it equals ``p(S, name)`` times a product free of `name`."""
    table = relations(law, name)
    reduced = table.reduce(vector)
    part = {names: value for names, value in reduced.items() if name in names}
    for others in _subsets(v.name for v in law.declared if v.name != name):
        joint = table.reduce({others | {name}: Fraction(1)})
        if part == {names: value for names, value in joint.items() if name in names}:
            rest = add_into(dict(reduced), joint, -1)
            if others:
                add_into(rest, {others: Fraction(1)})
            return canonical(law, rest)
    return None
