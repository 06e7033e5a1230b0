"""Integers: their prime factors, as far as they can be had in no time, and how large they may be."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import sympy

MOST_BITS = 4_000  # of a number: more could not be printed
LARGE = 10**12  # above it, a factor without small primes is kept whole


@lru_cache(maxsize=65536)
def primes(number: int) -> tuple[tuple[int, int], ...]:
    """The prime factors of a number; a large rest stays whole, since its factors may take hours to find."""
    out, rest = [], number
    for p in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47):
        count = 0
        while rest % p == 0:
            rest //= p
            count += 1
        if count:
            out.append((p, count))
    if rest > LARGE or 1 < rest <= 2209:
        out.append((rest, 1))
    elif rest > 1:
        out += [(int(p), int(e)) for p, e in sympy.factorint(rest).items()]
    return tuple(out)


def bits(value: Fraction) -> int:
    """The length of the longer of numerator and denominator."""
    return max(abs(value.numerator), value.denominator).bit_length()
