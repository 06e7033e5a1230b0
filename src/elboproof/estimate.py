"""Numbers that carry their own error.

`Estimate` is what a reader gets: a value and a bound on its error (a standard error, where it was sampled).
`Scaled` is what is computed with: ``value * exp(scale)``, so that a density of ``e**-2000`` keeps all its digits.

How errors combine, for values a, b known within e, f:

    a + b     e + f
    a * b     |a| f + |b| e + e f
    a / b     (|a| f + |b| e) / (|b| (|b| - f)), infinite when f >= |b|
    a ** n    n products, or one over them
    log a     -log(1 - e / a), infinite when e >= a

and every operation adds its own rounding. Zero times infinity is zero, as in measure theory; infinity minus
infinity, 0/0 and the logarithm of a negative number are nan. An infinity is exact: its error is zero. Nothing is
clipped.
"""

from __future__ import annotations

import math
from functools import reduce
from typing import Any, NamedTuple

import numpy as np

EPS = float(np.finfo(float).eps)


class Estimate(NamedTuple):
    """A value and its error: a bound for quadrature, a standard error for Monte Carlo. Floats, or arrays alike.

    It prints only the digits that the error leaves certain, and at most ten decimals, so that what is printed is
    the same on every processor.
    """

    value: Any
    error: Any

    def __str__(self) -> str:
        if np.ndim(self.value) == 0:
            return _spell(float(self.value), float(self.error))
        pairs = zip(np.ravel(self.value), np.ravel(np.broadcast_to(self.error, np.shape(self.value))), strict=True)
        return "[" + ", ".join(_spell(float(v), float(e)) for v, e in pairs) + "]"

    def __repr__(self) -> str:
        return str(self)


def _spell(value: float, error: float) -> str:
    if math.isnan(value):
        return "undefined"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if not math.isfinite(error):
        return f"{value:.3g} ± inf"
    if abs(value) < 1e-4 and error < 0.1 * abs(value):
        size = math.floor(math.log10(abs(value)))  # a small p(D): digits count from its first
        mantissa, power, digit = _decimals(value / 10.0**size, error / 10.0**size)
        return f"{mantissa}e{size:03d} ± {digit}e{power + size:03d}"
    text, power, digit = _decimals(value, error)
    return f"{text} ± {digit}e{power:03d}" if power < -4 else f"{text} ± {digit * 10.0**power:.{max(0, -power)}f}"


def _decimals(value: float, error: float) -> tuple[str, int, int]:
    """The value to the last certain decimal, of ten; the error's power of ten and its digit, rounded up."""
    error = max(error, 1e-10)
    power = math.floor(math.log10(error) + 1e-12)
    digit = math.ceil(error / 10.0**power - 1e-9)
    if digit == 10:
        digit, power = 1, power + 1
    return f"{round(value, -power) + 0.0:.{max(0, -power)}f}", power, digit


class Scaled(NamedTuple):
    """``value * exp(scale)``: value is off by at most ``error``, scale by at most ``slack``. Arrays that broadcast.

    A density far out in a tail has an uncertain scale and no uncertain value, so its logarithm keeps a finite error.
    """

    value: Any
    scale: Any = 0.0
    error: Any = 0.0
    slack: Any = 0.0


def known(value: Any) -> Scaled:
    """A number exact but for its last bit."""
    value = np.asarray(value, float)
    zero = np.zeros_like(value)
    return Scaled(value, zero, EPS * _finite(np.abs(value)), zero)


def exponential(log_value: Any, rounding: Any = 0.0) -> Scaled:
    """``exp(log_value)``, where the logarithm is off by a few units of its last place or of ``rounding``'s."""
    log_value = np.asarray(log_value, float)
    slack = 4 * EPS * (1 + rounding + _finite(np.abs(log_value)))
    return Scaled(np.ones_like(log_value), log_value, np.zeros_like(log_value), slack)


def exactly(value: float) -> Scaled:
    """A result nothing is uncertain about: zero or an infinity; of nan, nothing is known."""
    return Scaled(np.float64(value), np.float64(0.0), np.float64(np.inf if math.isnan(value) else 0.0), np.float64(0.0))


def off(a: Scaled, top: Any = 0.0, shift: Any = 0.0) -> Any:
    """What ``value * exp(scale + shift - top)`` is off by, from value and scale together."""
    with np.errstate(all="ignore"):
        reach = np.exp(a.scale + shift + a.slack - top)  # in this order: a scale of 1e30 has no digits to spare
        wide = np.where(a.value == 0, 0.0, np.abs(a.value) * reach * -np.expm1(-a.slack))
        return np.where(a.error == 0, 0.0, a.error * reach) + wide


def is_zero(a: Scaled) -> Any:
    """Where it is exactly zero."""
    return ~np.isnan(a.value) & ~np.isnan(a.scale) & ((a.value == 0) | (a.scale == -np.inf))


def is_infinite(a: Scaled) -> Any:
    return ~np.isnan(a.value) & ~np.isnan(a.scale) & (np.isinf(a.value) | (a.scale == np.inf)) & ~is_zero(a)


def linear(a: Scaled) -> Estimate:
    """The number itself, with its error; infinite where it exceeds the largest float, 0 below the smallest."""
    with np.errstate(all="ignore"):
        size = np.exp(a.scale)
        value = np.where(is_zero(a), 0.0, np.where(is_infinite(a), np.copysign(np.inf, a.value), a.value * size))
        error = np.where(np.isfinite(a.scale), off(a), 0.0)
    return _clean(value, error)


def _clean(value: Any, error: Any) -> Estimate:
    """Infinities are exact, and of an undefined value nothing is known."""
    error = np.where(np.isnan(value), np.inf, np.where(np.isinf(value), 0.0, np.where(np.isnan(error), np.inf, error)))
    return Estimate(value[()], error[()])


def _finite(x: Any) -> Any:
    return np.where(np.isfinite(x), x, 0.0)


def plus(*parts: Scaled) -> Scaled:
    """The sum, on the largest scale that matters."""
    with np.errstate(all="ignore"):
        tops = [np.where(is_zero(a) | np.isnan(a.scale), -np.inf, a.scale) for a in parts]
        top = tops[0]
        for other in tops[1:]:
            top = np.maximum(top, other)
        top = _finite(top)
        total: Any = 0.0
        error: Any = 0.0
        for a in parts:
            size = np.exp(a.scale - top)
            shifted = np.where(is_zero(a), 0.0, np.where(is_infinite(a), np.copysign(np.inf, a.value), a.value * size))
            total = total + shifted
            # A zero may be uncertain, but one at scale -inf is a point outside a support, which is certain.
            wrong = np.where((a.scale == -np.inf) | is_infinite(a), 0.0, off(a, top))
            error = error + wrong + EPS * _finite(np.abs(shifted))
    return Scaled(total, top + np.zeros_like(total), error, np.zeros_like(total))


def _undefined(*parts: Scaled) -> Any:
    return reduce(np.logical_or, [np.isnan(a.value) | np.isnan(a.scale) for a in parts])


def _sure_zero(a: Scaled) -> Any:
    """Zero with nothing uncertain about it: a point outside a support, or a zero that is exact."""
    return is_zero(a) & ((a.error == 0) | (a.scale == -np.inf))


def times(a: Scaled, b: Scaled) -> Scaled:
    """The product; zero times infinity is zero."""
    with np.errstate(all="ignore"):
        undefined, sure = _undefined(a, b), _sure_zero(a) | _sure_zero(b)
        zero = (is_zero(a) | is_zero(b)) & ~undefined
        value = np.where(zero, 0.0, np.where(undefined, np.nan, a.value * b.value))
        scale = np.where(sure | undefined, 0.0, a.scale + b.scale)
        cross = _known_zero_times(a.error, b.value) + _known_zero_times(b.error, a.value)
        error = cross + _known_zero_times(a.error, b.error) + EPS * np.abs(value)
        error = np.where(sure | np.isinf(value), 0.0, error)
        slack = np.where(sure, 0.0, a.slack + b.slack + EPS * _finite(np.abs(scale)))
    return Scaled(value, scale, error, slack)


def _known_zero_times(error: Any, value: Any) -> Any:
    return np.where(error == 0, 0.0, error * np.abs(value))


def over(a: Scaled, b: Scaled) -> Scaled:
    """The quotient: 0/0 is undefined, and a/0 is infinite with the sign of a."""
    with np.errstate(all="ignore"):
        below, above = is_zero(b), is_zero(a)
        undefined = _undefined(a, b) | (below & above) | (is_infinite(a) & is_infinite(b))
        zero, sure = (above | is_infinite(b)) & ~undefined, (_sure_zero(a) | is_infinite(b)) & ~undefined
        value = np.where(below, np.copysign(np.inf, a.value), a.value / np.where(below, 1.0, b.value))
        value = np.where(undefined, np.nan, np.where(zero, 0.0, value))
        scale = np.where(below | sure | undefined, 0.0, a.scale - b.scale)
        room = np.abs(b.value) - b.error
        cross = _known_zero_times(b.error, a.value / b.value) + a.error
        error = np.where(room > 0, cross / room, np.inf) + EPS * np.abs(value)
        error = np.where(sure | np.isinf(value), 0.0, error)
        slack = np.where(sure, 0.0, a.slack + b.slack + EPS * _finite(np.abs(scale)))
    return Scaled(value, scale, error, slack)


def power(a: Scaled, n: int) -> Scaled:
    out = known(np.ones_like(a.value))
    for _ in range(abs(n)):
        out = times(out, a)
    return out if n >= 0 else over(known(np.ones_like(a.value)), out)


def log(a: Scaled) -> Scaled:
    """The logarithm: -inf at zero, nan below it."""
    with np.errstate(all="ignore"):
        zero = is_zero(a)
        value = np.where(zero, -np.inf, np.log(a.value) + a.scale)
        part = a.error / a.value
        error = np.where(part < 1, -np.log1p(-part), np.inf) + a.slack + EPS * (np.abs(np.log(a.value)) + np.abs(value))
        error = np.where(_sure_zero(a), 0.0, np.where(zero, np.inf, error))
        error = np.where(np.isinf(value) & ~zero, 0.0, error)
    return Scaled(value, np.zeros_like(value), error, np.zeros_like(value))
