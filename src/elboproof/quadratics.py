"""The mean of a quadratic under a Gaussian, by Monte Carlo through sufficient statistics.

Where log p(D, theta) is a quadratic in theta and q is Gaussian, so is the log weight: with theta = m + L z, z standard
normal, and value, gradient g and precision P (minus the Hessian) of log p(D, .) at m,

    log p(D, theta) - log q(theta) = c + b.z + (z^T C z - tr C) / 2,
    b = L^T g,   C = I - L^T P L,   c = value + log det L + (d / 2) log 2 pi + tr C / 2,

c its mean under q. The data enter value, g and P alone, once; after that a draw costs what z costs, and in one
dimension the sums of z, z^2, z^3 and z^4 give the mean of the draws and their standard error. The draws are those of
``q.sample`` with the same generator. Nothing cancels: the part that varies has mean zero.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from .distributions import Normal
from .estimate import EPS, Estimate
from .gaussians import Diagonal, Gaussian
from .vectors import LOG_2PI

_TILE = 1 << 13  # floats of a block that stays in the cache
_ONES = np.ones(_TILE)


class Quadratic(NamedTuple):
    """mean + slope.z + (z^T curve z - tr curve) / 2: floats in one dimension; slope (d,), curve (d, d) in more."""

    mean: float
    slope: Any
    curve: Any


def log_weight(p: Any, q: Any) -> Quadratic | None:
    """log p - log q at mean + L z, in nats; None where it is no quadratic. p is a model (its log joint) or a law."""
    if isinstance(q, Normal):
        found = p.expansion(q.mean)
        if found is None or not isinstance(found[1], float):
            return None
        value, slope, precision = found
        sd = q.sd
        curve = 1.0 - precision * sd * sd
        mean = value + math.log(sd) + 0.5 * (LOG_2PI + curve)
        slope *= sd
        return Quadratic(mean, slope, curve) if math.isfinite(mean + slope + curve) else None
    if not isinstance(q, (Gaussian, Diagonal)) or q.batch:
        return None
    found = p.expansion(q.mean)
    if found is None:
        return None
    value, slope, precision = found
    if isinstance(q, Diagonal):
        slope, inner, volume = slope * q.sd, precision * q.sd * q.sd[:, None], np.log(q.sd).sum()
    else:
        volume = np.log(np.diagonal(q.factor)).sum()
        slope, inner = slope @ q.factor, q.factor.T @ precision @ q.factor
    curve = np.eye(len(slope)) - inner
    mean = float(value + volume + 0.5 * (len(slope) * LOG_2PI + np.trace(curve)))
    return Quadratic(mean, slope, curve) if np.isfinite(mean + slope.sum() + curve.sum()) else None


def average(form: Quadratic, n: int, rng: np.random.Generator) -> Estimate:
    """The mean of n draws with its standard error (infinite for n = 1)."""
    total, squares = (_line if isinstance(form.slope, float) else _space)(form, n, rng)
    middle = total / n
    # the sum of squares about the draws' own mean; it cannot be negative but for rounding
    spread = math.sqrt(max(squares - total * middle, 0.0) / (n - 1) / n) if n > 1 else math.inf
    value = form.mean + middle
    return Estimate(value, spread + 4 * EPS * (abs(form.mean) + abs(middle)))


def _line(form: Quadratic, n: int, rng: np.random.Generator) -> tuple[float, float]:
    """The sum over n draws of what varies, and of its square: b z + c (z^2 - 1) / 2."""
    first = second = third = fourth = 0.0
    for start in range(0, n, _TILE):
        z = rng.standard_normal(min(_TILE, n - start))
        square = z * z
        first += float(z.dot(_ONES[: z.size]))
        second += float(z.dot(z))
        third += float(z.dot(square))
        fourth += float(square.dot(square))
    b, c = form.slope, 0.5 * form.curve
    return b * first + c * (second - n), b * b * second + 2 * b * c * (third - first) + c * c * (
        fourth - 2 * second + n
    )


def _space(form: Quadratic, n: int, rng: np.random.Generator) -> tuple[float, float]:
    d = len(form.slope)
    rows = min(max(4 * _TILE // d, 1), n)
    block, turned = np.empty((2, rows, d))
    half, trace = 0.5 * form.curve, 0.5 * float(np.trace(form.curve))
    total = squares = 0.0
    for start in range(0, n, rows):
        z, out = block[: n - start], turned[: n - start]
        rng.standard_normal(out=z)
        np.matmul(z, half, out=out)
        out += form.slope
        values = np.vecdot(out, z) - trace
        total += float(values.sum())
        squares += float(values @ values)
    return total, squares
