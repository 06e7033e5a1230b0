"""Exact values: ``r + sum_i c_i log p_i`` with rational r, c_i and primes p_i, the two infinities, and *undefined*.

The logarithms of distinct primes and 1 are linearly independent over the rationals (unique factorisation; with 1,
Lindemann 1882), so two finite values are equal exactly when their coordinates are. What leaves this space, such as a
product of two logarithms, is enclosed in an interval: an enclosure can tell two values apart, never identify them.
"""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Any

import mpmath
from mpmath import iv

from .errors import NotComparable
from .integers import LARGE, primes

iv.prec = 200  # of every enclosure, in bits


@dataclass(frozen=True)
class Undefined:
    """No value, and why: 0/0, inf - inf, a logarithm of a negative number, or a conditional on a null event."""

    why: str

    def __str__(self) -> str:
        return f"not defined ({self.why})"


@dataclass(frozen=True)
class Infinite:
    sign: int

    def __str__(self) -> str:
        return "+inf" if self.sign > 0 else "-inf"


INF, NEG_INF = Infinite(1), Infinite(-1)


@dataclass(repr=False)
class LogSum:
    """``rational + sum logs[p] * log p`` over primes p."""

    rational: Fraction
    logs: dict[int, Fraction] = field(default_factory=dict)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LogSum) and self.rational == other.rational and self.logs == other.logs

    def __str__(self) -> str:
        parts = [(self.logs[p], f"log {p}") for p in sorted(self.logs)]
        if self.rational or not parts:
            parts.insert(0, (self.rational, ""))
        out = ""
        for value, name in parts:
            size = abs(value)
            text = name if name and size == 1 else f"{size} {name}".strip()
            out += (" - " if value < 0 else " + ") + text if out else ("-" if value < 0 else "") + text
        return out

    __repr__ = __str__

    def __float__(self) -> float:
        return float(self.rational) + math.fsum(float(c) * math.log(p) for p, c in self.logs.items())


@dataclass(frozen=True)
class Enclosure:
    """An interval that holds the value (mpmath's outward-rounded intervals)."""

    interval: Any

    def __str__(self) -> str:
        return f"{mpmath.nstr(mpmath.mpf(self.interval.mid), 12)} (enclosed)"

    def __float__(self) -> float:
        return float(mpmath.mpf(self.interval.mid))


Value = Fraction | LogSum | Enclosure | Infinite | Undefined
ZERO = Fraction(0)


def _coprime(logs: dict[int, Fraction]) -> dict[int, Fraction]:
    """The same sum of logs over pairwise coprime numbers, which are as independent as primes are."""
    base: list[int] = []
    waiting = list(logs)
    while waiting:
        number = waiting.pop()
        for i, other in enumerate(base):
            common = math.gcd(number, other)
            if common > 1:
                del base[i]
                waiting += [part for part in (common, number // common, other // common) if part > 1]
                break
        else:
            base.append(number)
    out: dict[int, Fraction] = {}
    for part in dict.fromkeys(base):
        total = ZERO
        for number, value in logs.items():
            while number % part == 0:
                number //= part
                total += value
        for p, exponent in primes(part) if total else ():  # a part of what was too large may be small enough
            out[p] = total * exponent
    return out


def log(value: Value) -> Value:
    if isinstance(value, LogSum):
        value = _simplest(value)
    if isinstance(value, Fraction):
        if value <= 0:
            return NEG_INF if value == 0 else Undefined("logarithm of a negative number")
        logs = {p: Fraction(e) for p, e in primes(value.numerator)}
        for p, e in primes(value.denominator):
            logs[p] = Fraction(-e)
        return LogSum(ZERO, logs)
    if isinstance(value, Infinite):
        return INF if value.sign > 0 else Undefined("logarithm of a negative number")
    if isinstance(value, Undefined):
        return value
    interval = _interval(value)
    if interval.a > 0:
        return Enclosure(iv.log(interval))
    if interval.b < 0:
        return Undefined("logarithm of a negative number")
    return Undefined("logarithm of an enclosure that holds zero")


def _simplest(value: Value) -> Value:
    if isinstance(value, LogSum) and any(number > LARGE for number in value.logs):
        value = LogSum(value.rational, _coprime(value.logs))
    return value.rational if isinstance(value, LogSum) and not value.logs else value


def _interval(value: Value) -> Any:
    if isinstance(value, Enclosure):
        return value.interval
    if isinstance(value, Fraction):
        return iv.mpf(value.numerator) / value.denominator
    assert isinstance(value, LogSum)
    total = _interval(value.rational)
    for p, c in value.logs.items():
        total += _interval(c) * _log_prime(p)
    return total


@lru_cache(maxsize=1024)
def _log_prime(p: int) -> Any:
    return iv.log(iv.mpf(p))


def add(a: Value, b: Value) -> Value:
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        return a + b
    for x in (a, b):
        if isinstance(x, Undefined):
            return x
    if isinstance(a, Infinite) or isinstance(b, Infinite):
        if isinstance(a, Infinite) and isinstance(b, Infinite) and a.sign != b.sign:
            return Undefined("inf - inf")
        return a if isinstance(a, Infinite) else b
    if isinstance(a, Enclosure) or isinstance(b, Enclosure):
        return Enclosure(_interval(a) + _interval(b))
    first, second = _log_sum(a), _log_sum(b)
    logs = dict(first.logs)
    for p, c in second.logs.items():
        total = logs.get(p, ZERO) + c
        if total:
            logs[p] = total
        else:
            del logs[p]
    return LogSum(first.rational + second.rational, logs)


def _log_sum(a: Value) -> LogSum:
    if isinstance(a, Fraction):
        return LogSum(a)
    assert isinstance(a, LogSum)
    return a


def multiply(a: Value, b: Value) -> Value:
    """Zero times anything is zero (0 log 0 = 0, and what happens on a null event does not count)."""
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        return a * b
    a, b = _simplest(a), _simplest(b)
    if a == ZERO or b == ZERO:
        return ZERO
    if isinstance(b, Fraction):
        a, b = b, a
    if isinstance(a, Fraction) and isinstance(b, LogSum):
        return LogSum(a * b.rational, {p: a * c for p, c in b.logs.items()})
    for x in (a, b):
        if isinstance(x, Undefined):
            return x
    if isinstance(a, Infinite) or isinstance(b, Infinite):
        if _around_zero(a) or _around_zero(b):
            return Undefined("an infinity times an enclosure that holds zero")
        return Infinite(sign(a) * sign(b))  # neither is zero
    return Enclosure(_interval(a) * _interval(b))


def inverse(a: Value) -> Value:
    a = _simplest(a)
    if isinstance(a, Fraction):
        return 1 / a if a else Undefined("division by zero")
    if isinstance(a, Infinite):
        return ZERO
    if isinstance(a, Undefined):
        return a
    if _around_zero(a):
        return Undefined("division by an enclosure that holds zero")
    return Enclosure(1 / _interval(a))


def divide(a: Value, b: Value) -> Value:
    """``a / 0`` is an infinity of the sign of a; ``0 / 0`` is undefined."""
    b = _simplest(b)
    if b == ZERO:
        if isinstance(a, Undefined):
            return a
        if _around_zero(a):
            return Undefined("an enclosure that holds zero, divided by zero")
        direction = sign(a)
        return Infinite(direction) if direction else Undefined("0/0")
    if isinstance(a, Infinite) and isinstance(b, Infinite):
        return Undefined("inf/inf")
    return multiply(a, inverse(b))


def _around_zero(a: Value) -> bool:
    return isinstance(a, Enclosure) and a.interval.a <= 0 <= a.interval.b


def sign(a: Value) -> int:
    """-1, 0 or 1; NotComparable for what is undefined or enclosed around zero."""
    a = _simplest(a)
    if isinstance(a, Fraction):
        return (a > 0) - (a < 0)
    if isinstance(a, Infinite):
        return a.sign
    if isinstance(a, Undefined):
        raise NotComparable(f"expected a value with a sign, found one {a}")
    if isinstance(a, LogSum):
        with suppress(OverflowError):
            size = abs(float(a.rational)) + math.fsum(abs(float(c)) * math.log(p) for p, c in a.logs.items())
            estimate = float(a)
            if abs(estimate) > 1e-12 * size:  # a hundred times the rounding of these few operations
                return 1 if estimate > 0 else -1
        precision = 200  # known not to be zero, so some precision tells
        while True:
            with mpmath.workprec(precision):
                parts = [_real(a.rational), *(_real(c) * mpmath.log(p) for p, c in a.logs.items())]
                exact = mpmath.fsum(parts)
                if abs(exact) > mpmath.fsum(parts, absolute=True) * mpmath.mpf(2) ** (20 - precision):
                    return 1 if exact > 0 else -1
            precision *= 2
    interval = a.interval
    if interval.a > 0 or interval.b < 0:
        return 1 if interval.a > 0 else -1
    raise NotComparable(f"expected an enclosure on one side of zero, found {a}")


def _real(a: Fraction) -> Any:
    return mpmath.mpf(a.numerator) / a.denominator


def compare(a: Value, b: Value) -> int:
    """-1, 0 or 1 as a is below, equal to or above b; NotComparable where that cannot be decided."""
    if isinstance(a, Infinite) and a == b:
        return 0
    return sign(add(a, multiply(Fraction(-1), b)))


def is_finite(a: Value) -> bool:
    return not isinstance(a, (Infinite, Undefined))


def decimal(a: Value, digits: int = 6) -> str:
    """The value rounded to `digits` decimals, or its own text where it is no number."""
    if not isinstance(a, (Fraction, LogSum, Enclosure)):
        return str(a)
    try:
        return f"{float(a):.{digits}f}"
    except OverflowError:
        return mpmath.nstr(_interval(a).mid, digits + 1)
