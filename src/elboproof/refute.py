"""Counterexamples: the smallest table on which a claim fails, found by enumeration and decided exactly.

Every table tried gives each state positive probability under every law, so every inclusion of supports that a claim could
need holds on it, and no side is infinite for a reason the claim could excuse.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .errors import NotComparable
from .exact import Exact, ordered
from .language import relation
from .tables import Shape, Table, random_table, small_tables
from .values import Value, is_finite


@dataclass(frozen=True)
class Counterexample:
    """A table on which a claim is false, and the exact values of its two sides there (nats)."""

    table: Table
    lhs: Value
    rhs: Value


def fails_on(claim: Any, table: Table) -> Counterexample | bool:
    """The counterexample this table is, if it is one; else whether the table confirms the claim.

    False means that the table tells nothing: a side is infinite, undefined, or known only by an enclosure.
    """
    exact = Exact(table)
    lhs, rhs = exact(claim.lhs), exact(claim.rhs)
    if not (is_finite(lhs) and is_finite(rhs)):
        return False
    try:
        return ordered(claim, lhs, rhs) or Counterexample(table, lhs, rhs)
    except NotComparable:
        return False


def tables(shape: Shape, seed: int, weighted: bool) -> Iterator[Table]:
    """First the small tables in order, then random ones with more states and larger denominators."""
    yield from small_tables(shape, weighted)
    rng = random.Random(seed)
    large = 3 ** max((len(names) for _, names in shape.laws.values()), default=0) > 300
    for i in range(60):
        yield random_table(shape, rng, states=2 if large else 2 + i % 2, weighted=weighted, top=3 + i)


def refute(claim: Any, seed: int = 0, counting_only: bool = False) -> Counterexample | None:
    """The first counterexample in order of size, or None: discrete tables before weighted ones.

    `counting_only` leaves the weighted ones out. Raises NotAClaim for what is no claim.
    """
    claim = relation(claim)
    shape = Shape.of(claim.lhs, claim.rhs)
    for weighted in (False,) if counting_only else (False, True):
        for table in tables(shape, seed, weighted):
            found = fails_on(claim, table)
            if isinstance(found, Counterexample):
                return found
    return None
