"""Counterexamples: the smallest table on which a claim fails, found by enumeration and decided exactly.

Every table tried gives each state positive probability under every law, so every inclusion of supports that a claim
could need holds on it, and no side is infinite for a reason the claim could excuse; others are tried only for a claim
that has no value on any of these.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, islice
from typing import Any

from .errors import NotComparable
from .exact import Exact, ordered
from .language import relation
from .tables import Shape, Table, random_table, small_tables
from .values import Value, is_finite

VALUELESS = 8  # tables without a value after which discrete ones are given up
FAR = 32  # tables with a value that are sought for a claim that has none elsewhere
MOST_WORK = 8_000  # nodes of terms evaluated: a third of a second
FIRST_WORK = 3_000  # before random tables are tried, and again for a smaller counterexample than theirs


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
    return _judged(claim, _sides(claim, table))


def _sides(claim: Any, table: Table) -> Counterexample:
    return _worked(claim, table)[0]


def _worked(claim: Any, table: Table) -> tuple[Counterexample, int]:
    """The two sides on a table, and how much work that was."""
    exact = Exact(table)
    sides = Counterexample(table, exact(claim.lhs), exact(claim.rhs))
    return sides, exact.work + sum(len(cells) for _, cells in table.laws.values())


def _valued(sides: Counterexample) -> bool:
    return is_finite(sides.lhs) and is_finite(sides.rhs)


def _judged(claim: Any, sides: Counterexample) -> Counterexample | bool:
    try:
        return _valued(sides) and (ordered(claim, sides.lhs, sides.rhs) or sides)
    except NotComparable:
        return False


def _random(shape: Shape, seed: int, count: int, weighted: bool) -> Iterator[Table]:
    rng = random.Random(seed)
    large = 3 ** max((len(names) for _, names in shape.laws.values()), default=0) > 100
    for i in range(count):
        yield random_table(shape, rng, states=2 if large else 2 + i % 2, weighted=weighted, top=3 + i)


def fails_soon(claim: Any) -> bool:
    """Whether a claim fails on one of a few random tables: most false ones fail on the first."""
    shape = Shape.of(claim.lhs, claim.rhs)
    for table in chain(_random(shape, 3, 3, True), _random(shape, 4, 2, False)):
        if isinstance(fails_on(claim, table), Counterexample):
            return True
    return False


def valueless(claim: Any) -> bool:
    """Whether a side of a claim has no finite value on any of a few random tables."""
    return not any(_valued(_sides(claim, table)) for table in _random(Shape.of(claim.lhs, claim.rhs), 3, 3, True))


def _stages(shape: Shape, seed: int, counting_only: bool) -> Iterator[Iterable[Table]]:
    """Tables in the order they are tried; the probes in the middle tell whether a longer search is worth while."""
    small = small_tables(shape, weighted=False)
    yield islice(small, 40)
    yield _random(shape, seed, 12, False)
    if not counting_only:
        yield _random(shape, seed + 1, 40, True)
    yield small
    if not counting_only:
        yield small_tables(shape, weighted=True)
    yield _random(shape, seed + 2, 40, not counting_only)


def refute(claim: Any, seed: int = 0, counting_only: bool = False) -> Counterexample | None:
    """The smallest counterexample found, or None: discrete tables before weighted ones, small ones before random.

    A claim with a side that has no finite value on any of them (the logarithm of what is rarely positive) is refuted
    only by a wider table on which both sides have one and differ. `counting_only` leaves the weighted tables out.
    Raises NotAClaim for what is no claim.
    """
    claim = relation(claim)
    shape = Shape.of(claim.lhs, claim.rhs)
    reserve: Counterexample | None = None
    always = True
    work = spent = 0
    for stage, batch in enumerate(_stages(shape, seed, counting_only)):
        probing = stage in (1, 2)
        if stage == 3 and reserve is not None and not reserve.table.counting:
            continue  # discrete tables did not do it; weighted ones will
        for tried, table in enumerate(batch):
            if always and tried == VALUELESS and stage < 2:
                break  # no discrete law gives both sides a value: larger densities may
            if stage == 0 and work > FIRST_WORK:
                break  # a large claim: random tables are the better first try
            sides, effort = _worked(claim, table)
            work += effort
            if work > (MOST_WORK if reserve is None else spent + FIRST_WORK):
                return reserve
            always &= not _valued(sides)
            if isinstance(_judged(claim, sides), Counterexample):
                if not probing:
                    return sides
                if reserve is None:
                    reserve, spent = sides, work  # a smaller one is worth some more work, not all of it
                break
        if stage == 2 and reserve is None:
            break  # no probe failed: either the claim is true, or a side never has a value
    return reserve or (_far(claim, shape, seed, counting_only) if always and not shape.functions else None)


def _far(claim: Any, shape: Shape, seed: int, counting_only: bool) -> Counterexample | None:
    """A counterexample among tables of tiny and huge densities, then among those where a law misses states.

    Only for a claim without a value elsewhere: what misses states could be excused by an inclusion of supports.
    """
    rng = random.Random(seed + 3)
    for i in range(FAR):
        scales = {v: Fraction(2) ** rng.choice((-40, -20, 20, 40)) for v in shape.variables}
        missing = 0.5 * (2 * i >= FAR)
        made = random_table(shape, rng, weighted=False, zeros=missing)
        if not (missing or counting_only):
            made.weights |= {v: tuple(scale * w for w in made.weights[v]) for v, scale in scales.items()}
        sides = _sides(claim, made)
        if isinstance(_judged(claim, sides), Counterexample):
            return sides
    return None
