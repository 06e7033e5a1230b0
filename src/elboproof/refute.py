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

from .conditions import Conditions
from .errors import IllFormed, NotComparable
from .exact import Exact, ordered
from .language import relation
from .normal import Normaliser
from .tables import Shape, Table, random_table, skewed_table, small_tables
from .values import Value, is_finite

VALUELESS = 8  # tables without a value after which discrete ones are given up
FAR = 32  # tables with a value that are sought for a claim that has none elsewhere
MOST_WORK = 10_000  # nodes of terms evaluated: a third of a second
TINY = (3, 6, 10, 20, 40, 320)  # the bits of what is rare on skewed tables
SKEWED, CELLS = 5, 32  # how many for each, and how large a law may be that has more than two states a variable


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


def _skewed(shape: Shape, seed: int) -> Iterator[Table]:
    """Discrete tables of rare states, rarer and rarer, for what fails only where laws are far apart or dependent."""
    rng = random.Random(seed)
    names = max((len(names) for _, names in shape.laws.values()), default=0)
    most = next(n for n in (5, 4, 3, 2) if n**names <= CELLS or n == 2)
    for bits in TINY:
        for i in range(SKEWED):
            yield skewed_table(shape, rng, 2 + i % (most - 1), Fraction(1, 2**bits))


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


def _stages(shape: Shape, seed: int) -> Iterator[tuple[str, int, Iterable[Table]]]:
    """What each stage is for, how much work it may do, and its tables in the order they are tried."""
    small = small_tables(shape, weighted=False)
    yield "first", 3_000, islice(small, 40)
    yield "probe", 2_000, _random(shape, seed, 12, False)
    yield "probe", 3_000, _random(shape, seed + 1, 40, True)
    yield "last probe", 3_000, _skewed(shape, seed + 4)
    yield "discrete", 3_000, small
    yield "weighted", 3_000, small_tables(shape, weighted=True)


def refute(claim: Any, seed: int = 0) -> Counterexample | None:
    """The smallest counterexample found, or None: discrete tables before weighted ones, small ones before random.

    A probe tells whether there is one at all; a smaller one is then sought among tables of its kind. A claim with a
    side that has no finite value on any of them (the logarithm of what is rarely positive) is refuted only by a wider
    table on which both sides have one and differ. Raises NotAClaim for what is no claim.
    """
    claim = relation(claim)
    shape = Shape.of(claim.lhs, claim.rhs)
    reserve: Counterexample | None = None
    always = True
    work = 0
    for stage, share, batch in _stages(shape, seed):
        probing, began = stage.endswith("probe"), work
        if reserve is not None and reserve.table.counting == (probing or stage == "weighted"):
            continue
        for tried, table in enumerate(batch):
            if always and tried == VALUELESS and table.counting:
                break  # no discrete law gives both sides a value: larger densities may
            sides, effort = _worked(claim, table)
            work += effort
            always &= not _valued(sides)
            if isinstance(_judged(claim, sides), Counterexample):
                if not probing:
                    return sides
                if reserve is None or table.counting:
                    reserve = sides
                break
            if reserve is None and work > MOST_WORK:
                return None
            if work > began + share:
                break
        if stage == "last probe" and reserve is None:
            break  # no probe failed: either the claim is true, or a side never has a value
    return reserve or (_far(claim, shape, seed) if always and not shape.functions else None)


def _far(claim: Any, shape: Shape, seed: int) -> Counterexample | None:
    """A counterexample among tables of tiny and huge densities, then among those where a law misses states.

    Only for a claim without a value elsewhere; and what misses states must meet the inclusions that the claim needs.
    """
    rng = random.Random(seed + 3)
    for i in range(FAR):
        scales = {v: Fraction(2) ** rng.choice((-40, -20, 20, 40)) for v in shape.variables}
        missing = 0.5 * (2 * i >= FAR)
        made = random_table(shape, rng, weighted=False, zeros=missing)
        if not missing:
            made.weights |= {v: tuple(scale * w for w in made.weights[v]) for v, scale in scales.items()}
        sides = _sides(claim, made)
        found = isinstance(_judged(claim, sides), Counterexample)
        if found and (not missing or met(Conditions(claim, Normaliser()).supports(), made)):
            return sides
    return None


def met(conditions: Iterable[Any], table: Table) -> bool:
    """Whether side conditions hold on a table; what has no value there does not."""
    try:
        return all(Exact(table).holds(condition) for condition in conditions)
    except (NotComparable, IllFormed):
        return False
