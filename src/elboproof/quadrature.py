"""One-dimensional integrals, in log space, with an error estimate that is meant to be believed.

The interval is cut at landmarks (quantiles of the laws involved, so that a narrow peak is not stepped over). Between
landmarks the 21-point Gauss-Kronrod rule runs on panels that are halved where they need it; towards an end of the
interval the variable is changed, ``x = end + w exp(-t)`` at a finite end (which tames any algebraic or logarithmic
singularity) and ``x = start + w (exp(t) - 1)`` towards infinity. The scale ``exp(largest log)`` is factored out of each
panel, so ``e**-2000`` is as good as 1.

The error is the sum of: the plain difference of the 21- and 10-point rules over all panels (not its usual optimistic
power); what the values themselves are off by; what rounding the nodes does; and an extrapolation of the tail beyond the
last representable node. It is an estimate, not a proof: a spike between two nodes that no landmark announces is
missed. Rule: Piessens et al., QUADPACK (1983).

A region of positive measure on which the integrand is infinite makes the integral infinite, and one where it is
undefined (or infinite with both signs) makes it nan.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from .distributions import Distribution, number
from .errors import IllFormed
from .estimate import (
    EPS,
    Estimate,
    Scaled,
    exactly,
    exponential,
    is_infinite,
    is_zero,
    known,
    linear,
    log,
    off,
    times,
)

# Nodes in (0, 1) of the 21-point Kronrod rule and their weights; every second node belongs to the 10-point Gauss rule.
_K_NODES = (
    0.995657163025808080735527280689003, 0.973906528517171720077964012084452, 0.930157491355708226001207180059508,
    0.865063366688984510732096688423493, 0.780817726586416897063717578345042, 0.679409568299024406234327365114874,
    0.562757134668604683339000099272694, 0.433395394129247190799265943165784, 0.294392862701460198131126603103866,
    0.148874338981631210884826001129720,
)  # fmt: skip
_K_WEIGHTS = (
    0.011694638867371874278064396062192, 0.032558162307964727478818972459390, 0.054755896574351996031381300244580,
    0.075039674810919952767043140916190, 0.093125454583697605535065465083366, 0.109387158802297641899210590325805,
    0.123491976262065851077958109585166, 0.134709217311473325928054001771707, 0.142775938577060080797094273138717,
    0.147739104901338491374841515972068,
)  # fmt: skip
_K_CENTRE = 0.149445554002916905664936468389821
_G_WEIGHTS = (
    0.066671344308688137593568809893332, 0.149451349150580593145863396957697, 0.219086362515982043995534934228163,
    0.269266719309996355091226921569469, 0.295524224714752870173815619188769,
)  # fmt: skip
_NODES = np.array([-x for x in _K_NODES] + [0.0] + list(reversed(_K_NODES)))
_KRONROD = np.array([*_K_WEIGHTS, _K_CENTRE, *reversed(_K_WEIGHTS)])
_GAUSS = np.zeros(21)
_GAUSS[1:10:2] = _G_WEIGHTS
_GAUSS[11:20:2] = _G_WEIGHTS[::-1]

_MOST_PANELS, _MOST_ROUNDS = 6000, 60
_FAR = 1e60  # how far a tail is followed: beyond it, squares of squares would overflow

Integrand = Callable[[np.ndarray], Scaled]
_Row = tuple[float, float, float, float, float]


class _Panels(NamedTuple):
    """Rows: t from low to high, with x = t (kind 0), anchor + w e^-t (kind 1) or anchor + w (e^t - 1) (kind 2)."""

    kind: np.ndarray
    anchor: np.ndarray
    w: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def take(self, rows: Any) -> _Panels:
        return _Panels(*(column[rows] for column in self))

    def halves(self) -> _Panels:
        middle = 0.5 * (self.low + self.high)
        ends = (np.concatenate([self.low, middle]), np.concatenate([middle, self.high]))
        kind, anchor, w = (np.concatenate([c, c]) for c in self[:3])
        return _Panels(kind, anchor, w, *ends)

    def at(self, t: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """x, log |dx/dt| and the rounding of x, for t of shape (rows, nodes)."""
        kind, anchor, w = (column[:, None] for column in self[:3])
        # where() computes every branch: an unused one must not overflow
        inner, outer = np.where(kind == 1, t, 0.0), np.where(kind == 2, t, 0.0)
        step = np.where(kind == 1, w * np.exp(-inner), w * np.expm1(outer))
        x = np.where(kind == 0, t, anchor + step)
        slope = np.where(kind == 0, 0.0, np.log(np.abs(np.where(kind == 0, 1.0, w))) + outer - inner)
        off = np.where(kind == 0, np.abs(x), np.abs(anchor) + np.abs(x - anchor) + np.abs(t) * np.exp(slope))
        return x, slope, EPS * off

    def splittable(self) -> np.ndarray:
        """Where a panel is wider than the floats in it can resolve."""
        x, _, rounding = self.at(np.stack([self.low, self.high], axis=1))
        return np.abs(x[:, 1] - x[:, 0]) > 16 * rounding.max(axis=1)


class _Sums(NamedTuple):
    """Per panel: Kronrod sum, error, sum of absolute values, all times exp(scale); log of the values' own error."""

    scale: np.ndarray
    kronrod: np.ndarray
    error: np.ndarray
    size: np.ndarray
    noise: np.ndarray
    plus: np.ndarray  # how many nodes are +inf, -inf, nan
    minus: np.ndarray
    undefined: np.ndarray

    @property
    def broken(self) -> np.ndarray:
        return self.plus + self.minus + self.undefined


def _evaluate(f: Integrand, panels: _Panels, nodes: np.ndarray = _NODES) -> tuple[Scaled, np.ndarray]:
    middle, half = 0.5 * (panels.low + panels.high), 0.5 * (panels.high - panels.low)
    x, slope, rounding = panels.at(middle[:, None] + half[:, None] * nodes)
    found = f(x.ravel())
    shaped = Scaled(*(np.broadcast_to(np.asarray(a, float), (x.size,)).reshape(x.shape) for a in found))
    return shaped, np.stack([slope, rounding])


def _sums(f: Integrand, panels: _Panels) -> _Sums:
    with np.errstate(all="ignore"):
        g, (slope, rounding) = _evaluate(f, panels)
        zero, infinite = is_zero(g), is_infinite(g)
        undefined = np.isnan(g.value) | np.isnan(g.scale)
        bad = infinite | undefined
        # The largest log is factored out: |value| counts too, since a generic f may itself be huge.
        quiet = zero | bad
        logs = np.where(quiet, -np.inf, g.scale + slope + np.log(np.abs(np.where(quiet, 1.0, g.value))))
        top = logs.max(axis=1)
        top = np.where(np.isfinite(top), top, 0.0)
        size = np.exp(logs - top[:, None])
        value = np.copysign(size, np.where(quiet, 1.0, g.value))
        # Far out the error may be huge beside a value that is nothing: it has its own scale.
        certain = bad | (g.scale == -np.inf)
        high = np.where(certain, -np.inf, g.scale + slope + g.slack).max(axis=1)
        high = np.where(np.isfinite(high), high, 0.0)
        wrong = np.where(certain, 0.0, off(g, high[:, None], slope))
        half = 0.5 * (panels.high - panels.low)
        # A node off by d shifts a smooth integrand by about d / (the panel's width, or the distance to the end).
        width = np.where(panels.kind == 0, half, np.minimum(half, 1.0))[:, None] * np.exp(slope)
        wrong = wrong + np.exp(logs - high[:, None]) * np.minimum(rounding / width, 1.0)
        kronrod, gauss = half * (value @ _KRONROD), half * (value @ _GAUSS)
        return _Sums(
            np.where((size > 0).any(axis=1), top, -np.inf),
            kronrod,
            np.abs(kronrod - gauss),
            half * (size @ _KRONROD),
            high + np.log(half * (wrong @ _KRONROD)),
            (infinite & (g.value > 0)).sum(axis=1),
            (infinite & (g.value < 0)).sum(axis=1),
            undefined.sum(axis=1),
        )


def _layout(low: float, high: float, points: np.ndarray, reach: tuple[float, float]) -> _Panels:
    """Panels of one interval: linear ones between the points inside it, and a changed variable towards each end.

    An infinite end is followed as far as ``reach``, where the tail's estimate takes over.
    """
    inside = points[(points > low) & (points < high)]
    if inside.size == 0:
        if math.isinf(low) and math.isinf(high):
            inside = np.array([0.0])
        elif math.isinf(low):
            inside = np.array([high - max(1.0, abs(high))])
        elif math.isinf(high):
            inside = np.array([low + max(1.0, abs(low))])
        else:
            inside = np.array([0.5 * low + 0.5 * high])
    rows: list[_Row] = []
    if math.isinf(low) and math.isinf(high):
        rows += [(0, 0.0, 1.0, a, b) for a, b in pairwise(inside)]
        width = float(inside[-1] - inside[0]) or max(1.0, abs(float(inside[0])))
        for start, sign, far in ((inside[0], -1.0, reach[0]), (inside[-1], 1.0, reach[1])):
            last = math.log1p(max(sign * (far - start) / width, 1.0))
            rows += [(2, start, sign * width, a, b) for a, b in _doubling(0.0, 0.5, last)]
    elif math.isinf(low) or math.isinf(high):
        start = float(inside[len(inside) // 2])
        end, far = (low, reach[1]) if math.isinf(high) else (high, reach[0])
        rows += _towards(end, start, inside, -math.log(max(abs((far - end) / (start - end)), 10.0)))
    else:
        middle = 0.5 * low + 0.5 * high
        rows += _towards(low, middle, inside[inside < middle], 0.0)
        rows += _towards(high, middle, inside[inside > middle], 0.0)
    return _Panels(*(np.array(column, float) for column in zip(*rows, strict=True)))


def _towards(end: float, start: float, inside: np.ndarray, first: float) -> list[_Row]:
    """Panels in t = log(w / distance to the end), from ``first`` to the last float before the end."""
    w = start - end
    last = math.log(abs(w) / max(EPS * abs(end), 1e-290))
    marks = math.log(abs(w)) - np.log(np.abs(inside - end))
    marks = np.unique(np.clip(marks, first, last))
    lowest, highest = (float(marks[0]), float(marks[-1])) if marks.size else (0.0, 0.0)
    pairs = list(pairwise(marks)) + _doubling(highest, 1.0, last)
    pairs += [(-b, -a) for a, b in _doubling(-lowest, 1.0, -first)]
    return [(1, end, w, float(a), float(b)) for a, b in pairs]


def _doubling(first: float, step: float, last: float) -> list[tuple[float, float]]:
    """Steps that double, from first to last; none when there is no room."""
    edges = [first]
    while edges[-1] + step < last:
        edges.append(edges[-1] + step)
        step *= 2
    return list(zip(edges, [*edges[1:], last], strict=True)) if first < last else []


def _tails(f: Integrand, panels: _Panels) -> tuple[np.ndarray, np.ndarray]:
    """(logs of the integrals beyond the last node of each end, if they decay; which of them do not)."""
    last: dict[tuple[float, float, float, float], int] = {}
    for row in np.flatnonzero(panels.kind > 0):
        kind, anchor, w, low, high = (float(column[row]) for column in panels)
        for direction, at in ((1.0, high), (-1.0, -low)):
            key = (kind, anchor, math.copysign(1.0, w), direction)
            if key not in last or at > (panels.high if direction > 0 else -panels.low)[last[key]]:
                last[key] = int(row)
    rows = np.array(list(last.values()), int)
    way = np.array([key[3] for key in last])
    if rows.size == 0:
        return np.empty(0), np.empty(0, bool)
    ends = panels.take(rows)
    tip = np.where(way > 0, ends.high, ends.low)
    # A panel that starts at t = 0 touches another panel there, not an end of the interval.
    real = (way > 0) | (tip < -1.0)
    ends, tip, way = ends.take(real), tip[real], way[real]
    # An integrand that changes sign may be small at the tip itself: the trend is read off five points before it.
    # Towards a finite end the decay is that of a power, in t slow; towards infinity it is fast.
    span = np.minimum(np.where((ends.kind == 1) & (way > 0), 16.0, 0.5), np.abs(tip))
    ends = ends._replace(low=tip, high=tip - span * way)
    with np.errstate(all="ignore"):
        g, (slope, _) = _evaluate(f, ends, np.linspace(-1.0, 1.0, 5))
        quiet = is_zero(g) | is_infinite(g) | np.isnan(g.value) | np.isnan(g.scale)
        logs = np.where(quiet, -np.inf, np.log(np.abs(g.value)) + g.scale + slope)
        rate = (logs[:, 3:].max(axis=1) - logs[:, :2].max(axis=1)) / span
        gone = logs[:, :2].max(axis=1) == -np.inf
        trend = (logs - rate[:, None] * span[:, None] * np.linspace(0.0, 1.0, 5)).max(axis=1)
        beyond = np.where(gone, -np.inf, trend + math.log(4) - np.log(np.where(rate > 0, rate, 1.0)))
    return beyond, ~gone & ~(rate > 0)


def integrate_scaled(
    f: Integrand,
    low: float,
    high: float,
    points: Iterable[float] = (),
    edges: Iterable[float] = (),
    rtol: float = 1e-11,
    reach: tuple[float, float] = (-_FAR, _FAR),
) -> Scaled:
    """The integral of f over (low, high) as a `Scaled`. f maps nodes of shape (m,) to a `Scaled` of that shape.

    ``points`` are landmarks inside the bulk; ``edges`` are places where f may jump or be singular (the ends of a
    support): the interval is split there. ``reach`` is where an infinite interval may be cut, and its tail estimated:
    far beyond the laws' bulk nothing is left but the cancellation of huge logarithms. Stops at relative error ``rtol``
    (of the integral of |f|), at the noise of f, or at a fixed number of panels; whichever it is, the error says what
    was reached.
    """
    cuts = [low, *sorted({float(e) for e in edges if low < e < high}), high]
    marks = np.unique(np.array([p for p in points if math.isfinite(p)], float))
    parts = [_layout(a, b, marks, reach) for a, b in pairwise(cuts)]
    panels = _Panels(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
    sums = _sums(f, panels)
    for _ in range(_MOST_ROUNDS):
        top = max(float(np.max(sums.scale)), -1e300)
        with np.errstate(all="ignore"):
            weight = np.exp(sums.scale - top)
            error, noise, size = weight * sums.error, np.exp(sums.noise - top), weight * sums.size
        loose = panels.splittable()
        if np.any((sums.broken == 21) & loose):
            break  # infinite or undefined on a whole panel: no refinement changes that
        mixed = (sums.broken > 0) & loose
        target = max(rtol * float(size.sum()), float(noise.sum()))
        if (float(error.sum()) <= target and not mixed.any()) or len(error) > _MOST_PANELS:
            break
        split = mixed | ((error > 0.1 * target / len(error)) & (error > noise))
        split &= loose
        if not split.any():
            break
        fresh = panels.take(split).halves()
        new = _sums(f, fresh)
        panels = _Panels(*(np.concatenate([a[~split], b]) for a, b in zip(panels, fresh, strict=True)))
        sums = _Sums(*(np.concatenate([a[~split], b]) for a, b in zip(sums, new, strict=True)))
    return _total(f, panels, sums)


def _total(f: Integrand, panels: _Panels, sums: _Sums) -> Scaled:
    whole = (sums.broken == 21) & panels.splittable()
    if whole.any():
        plus, minus, undefined = (bool(np.any(c[whole] > 0)) for c in (sums.plus, sums.minus, sums.undefined))
        if undefined or (plus and minus):
            return exactly(math.nan)
        return exactly(math.inf if plus else -math.inf)
    beyond, stuck = _tails(f, panels)
    top = float(np.max(sums.scale))
    if top == -np.inf:  # zero at every node, which may still be off by something
        top = float(np.max(sums.noise))
    if top == -np.inf:
        return exactly(0.0)
    weight = np.exp(sums.scale - top)
    value = float(np.sum(weight * sums.kronrod))
    size = float(np.sum(weight * sums.size))
    with np.errstate(over="ignore"):
        outside = float(np.sum(np.exp(beyond - top)) + np.sum(np.exp(sums.noise - top)))
    error = float(np.sum(weight * sums.error)) + outside + 8 * EPS * size
    unsure = stuck.any() or sums.broken.any()
    return Scaled(np.float64(value), np.float64(top), np.float64(np.inf if unsure else error), np.float64(0.0))


# -- for readers -----------------------------------------------------------------------------------------------------


def _checked(low: float, high: float, points: Iterable[float], rtol: float) -> tuple[float, float]:
    if math.isnan(low) or math.isnan(high) or not low < high:
        raise IllFormed(f"expected an interval with low < high, found ({low!r}, {high!r})")
    if any(math.isnan(p) for p in points):
        raise IllFormed("expected finite landmarks in points, found nan")
    number(rtol, "rtol", "an integral", positive=True)
    return float(low), float(high)


def integrate(
    f: Callable[[Any], Any],
    low: float,
    high: float,
    points: Iterable[float] = (),
    edges: Iterable[float] = (),
    rtol: float = 1e-11,
) -> Estimate:
    """The integral of f (vectorised: shape (m,) to (m,)) from low to high, either of them perhaps infinite.

    ``edges``: where f jumps or is singular inside the interval. A singularity not named there has an infinite error.
    """
    points = [float(p) for p in points]
    low, high = _checked(low, high, points, rtol)
    return linear(integrate_scaled(lambda x: known(f(x)), low, high, points, edges, rtol))


def log_integral(
    log_f: Callable[[Any], Any], low: float, high: float, points: Iterable[float] = (), rtol: float = 1e-11
) -> Estimate:
    """The log of the integral of exp(log_f), never leaving log space: the error is the logarithm's."""
    points = [float(p) for p in points]
    low, high = _checked(low, high, points, rtol)
    return linear(log(integrate_scaled(lambda x: exponential(log_f(x)), low, high, points, rtol=rtol)))


def _under(law: Distribution, g: Integrand, points: Iterable[float], rtol: float) -> Scaled:
    if not isinstance(law, Distribution):
        raise IllFormed(f"expected a distribution to average over, found {law!r}")
    marks = [*law.landmarks, *(float(p) for p in points)]
    low, high = _checked(*law.support, marks, rtol)
    return integrate_scaled(
        lambda x: times(exponential(law.log_density(x), law.rounding), g(x)), low, high, marks, (), rtol, law.reach
    )


def expectation(
    f: Callable[[Any], Any], law: Distribution, points: Iterable[float] = (), rtol: float = 1e-11
) -> Estimate:
    """E_law[f] (source, equation 19). ``points``: further landmarks, where f has its bulk far from the law's.

    ``f`` maps an array of shape (m,) to one of that shape; infinite values count where the law has mass.
    """
    return linear(_under(law, lambda x: known(f(x)), points, rtol))


def log_expectation(
    log_f: Callable[[Any], Any], law: Distribution, points: Iterable[float] = (), rtol: float = 1e-11
) -> Estimate:
    """log E_law[exp(log_f)] (source, equation 9, where log_f is the log of an importance weight)."""
    return linear(log(_under(law, lambda x: exponential(log_f(x)), points, rtol)))
