"""Exact linear algebra over the rationals: reduction modulo relations, and non-negative combinations.

Vectors are dicts from any hashable coordinate to a non-zero ``Fraction``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

Vector = dict[Any, Fraction]


def add_into(into: Vector, what: Vector, factor: Fraction | int = 1) -> Vector:
    """Add ``factor * what`` to `into`, in place, dropping coordinates that vanish."""
    for key, value in what.items():
        total = into.get(key, 0) + factor * value
        if total:
            into[key] = Fraction(total)
        else:
            into.pop(key, None)
    return into


class Echelon:
    """Relations (vectors equal to zero), kept in reduced row echelon form; the leading coordinate is the largest."""

    def __init__(self, order: Callable[[Any], Any]):
        self._order = order
        self._rows: dict[Any, Vector] = {}

    def reduce(self, vector: Vector) -> Vector:
        """The one representative of `vector` modulo the relations that holds no leading coordinate."""
        out = dict(vector)
        for lead in [key for key in out if key in self._rows]:
            add_into(out, self._rows[lead], -out[lead])
        return out

    def add(self, relation: Vector) -> bool:
        """Add one relation; False if it followed from those already there."""
        row = self.reduce(relation)
        if not row:
            return False
        lead = max(row, key=self._order)
        scale = 1 / row[lead]
        row = {key: value * scale for key, value in row.items()}
        for other in self._rows.values():
            if lead in other:
                add_into(other, row, -other[lead])
        self._rows[lead] = row
        return True


def nonnegative_combination(target: Vector, columns: Sequence[Vector]) -> list[Fraction] | None:
    """Coefficients ``x >= 0`` with ``sum x_j columns[j] == target``, or None where there are none.

    First phase of the simplex method in exact arithmetic, with Bland's rule (Bland 1977), which cannot cycle.
    """
    keys = list(dict.fromkeys([*target, *(key for column in columns for key in column)]))
    rows: list[dict[int, Fraction]] = []
    rhs: list[Fraction] = []
    for key in keys:
        b = target.get(key, Fraction(0))
        sign = -1 if b < 0 else 1
        rows.append({j: sign * column[key] for j, column in enumerate(columns) if key in column})
        rhs.append(sign * b)
    count = len(columns)
    basis = [count + i for i in range(len(rows))]  # artificial variables, never entered again
    cost: dict[int, Fraction] = {}
    for row in rows:
        add_into(cost, row, -1)
    while True:
        entering = min((j for j, value in cost.items() if value < 0), default=None)
        if entering is None:
            break
        ratios = [(rhs[i] / row[entering], basis[i], i) for i, row in enumerate(rows) if row.get(entering, 0) > 0]
        if not ratios:
            return None
        _, _, pivot = min(ratios)
        scale = 1 / rows[pivot][entering]
        rows[pivot] = {j: value * scale for j, value in rows[pivot].items()}
        rhs[pivot] *= scale
        for i, row in enumerate(rows):
            if i != pivot and entering in row:
                factor = row[entering]
                add_into(row, rows[pivot], -factor)
                rhs[i] -= factor * rhs[pivot]
        add_into(cost, rows[pivot], -cost[entering])
        basis[pivot] = entering
    solution = [Fraction(0)] * count
    for i, j in enumerate(basis):
        if j < count:
            solution[j] = rhs[i]
        elif rhs[i]:
            return None
    return solution
