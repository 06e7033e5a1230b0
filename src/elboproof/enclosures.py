"""Integrals over the line, enclosed: the trapezium rule in ball arithmetic (Arb), its error bounded by two lemmas.

**Discretisation** (Trefethen and Weideman, The exponentially convergent trapezoidal rule, 2014, theorem 5.1). Let f be
analytic in |Im t| < a, tend to 0 uniformly as |Re t| grows there, with int |f(t + ib)| dt <= M for all |b| < a. Then
for every step h and every shift of the nodes

    |int f dt - h sum_k f(t_0 + k h)| <= 2 M / (exp(2 pi a / h) - 1).

**Truncation.** Let the nodes' values be at most exp(A) (c0 + c1 x + c2 x^2 + c3 e^x), x the distance beyond the last
node kept, A concave. Then the ratio of exp(A) at consecutive nodes only falls; with rho < 1 its value at the last two
nodes kept, and E = exp(A) at the last one, what is left out of h sum is at most

    h E (c0 S0 + c1 h S1 + c2 h^2 S2 + c3 rho e^h / (1 - rho e^h)),
    S0 = rho / (1 - rho), S1 = rho / (1 - rho)^2, S2 = rho (1 + rho) / (1 - rho)^3,

the sums of rho^j, j rho^j, j^2 rho^j over j >= 1 (c3 needs rho e^h < 1). Where rho < 1 cannot be shown the bound is
infinite, never a guess.

Everything is evaluated in balls that contain the exact numbers, parameters being the exact binary fractions that the
floats are; so what is returned contains the integral. Steps and strips are chosen in floats: a poor choice widens the
enclosure and cannot make it wrong.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import flint
from flint import arb


def upper(x: arb) -> arb:
    """The largest absolute value in the ball, as an exact ball."""
    return x.abs_upper()


def ball(radius: arb) -> arb:
    """[-radius, radius]."""
    return arb(0, upper(radius)) if radius.is_finite() else arb.nan()


def infinite() -> arb:
    return arb("inf")


def discretisation(m: arb, a: arb, h: arb) -> arb:
    """2 M / (exp(2 pi a / h) - 1)."""
    return 2 * m / (2 * arb.pi() * a / h).expm1()


class Growth(NamedTuple):
    """c0 + c1 x + c2 x^2 + c3 e^x, all coefficients non-negative."""

    c0: arb
    c1: arb
    c2: arb
    c3: arb


def truncation(last: arb, before: arb, h: arb, growth: Growth) -> arb:
    """What the nodes beyond the last one can add; ``last`` and ``before`` are exp(A) at the last two nodes kept."""
    rho = last / before
    if not rho < 1:
        return infinite()
    left = 1 - rho
    total = growth.c0 * rho / left + growth.c1 * h * rho / left**2 + growth.c2 * h**2 * rho * (1 + rho) / left**3
    if not growth.c3.is_zero():
        steep = rho * h.exp()
        if not steep < 1:
            return infinite()
        total += growth.c3 * steep / (1 - steep)
    return h * last * total


def step(log_growth: Callable[[float], float], widest: float, need: float) -> tuple[float, float]:
    """(strip a, step h): the largest h with exp(log_growth(a)) / (exp(2 pi a / h) - 1) <= exp(-need), in floats."""
    best = (0.0, 0.0)
    for k in range(1, 60):
        a = widest * k / 60
        h = 2 * math.pi * a / (need + log_growth(a))
        if h > best[1]:
            best = (a, h)
    return best


def line(
    f: Callable[[arb], tuple[arb, arb]],
    centre: float,
    h: float,
    need: float,
    growth: Callable[[arb, int], Growth],
) -> arb:
    """h times the sum over all nodes of exp(A) B, enclosed: f gives (exp(A), B) at a node.

    It walks out from the centre both ways until exp(A) has fallen by exp(-need); ``growth(t, side)`` bounds |B| beyond
    the node t, on the right (side 1) or the left (-1).
    """
    exact, total = arb(h), arb(0)
    middle = f(arb(centre))
    total += middle[0] * middle[1]
    floor = upper(middle[0]) * arb(-need).exp()
    left_out = arb(0)
    for side in (1, -1):
        before, t, forward = middle[0], arb(centre), side * exact
        for _ in range(100_000):
            t += forward
            last, b = f(t)
            total += last * b
            if last < floor and last < before:
                break
            before = last
        left_out += truncation(last, before, exact, growth(t, side))
    return exact * total + ball(left_out)


def working(digits: int, guard: int = 15) -> Any:
    """A context with enough bits for that many decimal digits."""
    return flint.ctx.workprec(math.ceil((digits + guard) * math.log2(10)) + 32)


def needed(digits: int, guard: int = 6) -> float:
    """-log of the truncation that leaves that many digits."""
    return (digits + guard) * math.log(10)
