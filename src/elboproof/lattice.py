"""Integrals over the plane and space, by the trapezium rule on a lattice, with an error estimate.

The lattice is laid in the coordinates of a Gaussian, ``theta = mean + L t``. For a smooth integrand that dies off like
one the rule converges geometrically in 1/h (Trefethen and Weideman, The exponentially convergent trapezoidal rule,
2014), so halving h roughly squares the error: the difference from the coarser lattice, a part of the finer one, bounds
it amply. The lattice grows until its outermost layer carries nothing. Everything is kept in log space.

The error is an estimate; `certify` gives proofs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .errors import IllFormed
from .estimate import EPS, Estimate
from .gaussians import Diagonal, Gaussian
from .vectors import VectorModel, apply, log_determinant

_MOST_POINTS = 1 << 20
_LogWeighted = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]  # points (m, d) to log weights (m,), values (m,)


def _points(d: int, reach: int, h: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The lattice h Z^d within reach steps: points, which belong to 2 h Z^d, which are outermost."""
    steps = np.arange(-reach, reach + 1)
    grid = np.stack(np.meshgrid(*[steps] * d, indexing="ij"), axis=-1).reshape(-1, d)
    return h * grid, np.all(grid % 2 == 0, axis=1), np.any(np.abs(grid) == reach, axis=1)


def _sum(f: _LogWeighted, around: Gaussian | Diagonal, rtol: float) -> tuple[float, Estimate]:
    """(log scale, the integral over exp(scale) with its error) of values times exp(log weight)."""
    if not isinstance(around, (Gaussian, Diagonal)) or around.batch or around.event[0] > 3:
        raise IllFormed(
            f"expected a Gaussian in at most 3 dimensions, without a batch, to integrate around: {around!r}"
        )
    d = around.event[0]
    volume = 0.5 * float(log_determinant(around.factor))
    reach, h = 8.0, 0.5
    while True:
        steps = 2 * math.ceil(reach / h / 2)
        if (2 * steps + 1) ** d > _MOST_POINTS:
            raise IllFormed(f"expected an integrand that the Gaussian resembles, found one with {steps} steps a side")
        t, coarse, outer = _points(d, steps, h)
        logs, values = f(around.mean + apply(around.factor, t))
        top = float(np.max(logs))
        if not math.isfinite(top) or not np.isfinite(values[logs > -np.inf]).all():
            raise IllFormed(f"expected a finite integrand, found a largest log weight of {top!r}")
        parts = np.where(logs > -np.inf, np.exp(logs - top) * np.where(logs > -np.inf, values, 0.0), 0.0)
        fine, rough = h**d * parts.sum(), (2 * h) ** d * parts[coarse].sum()
        size, edge = h**d * np.abs(parts).sum(), h**d * np.abs(parts[outer]).sum()
        if edge > 1e-3 * rtol * size:
            reach *= 1.5
        elif abs(fine - rough) > rtol * size:
            h *= 0.5
        else:
            break
    noise = EPS * (8 + float(np.max(np.abs(logs[logs > top - 40])))) * size
    return top + volume, Estimate(float(fine), float(abs(fine - rough) + reach / h * edge + noise))


def log_integral(log_f: Callable[[np.ndarray], Any], around: Gaussian | Diagonal, rtol: float = 1e-9) -> Estimate:
    """The log of the integral of exp(log_f) over R^d, d at most 3. ``around``: a Gaussian that resembles it.

    log_f maps points (m, d) to (m,). Raises IllFormed where the Gaussian resembles it too little.
    """
    scale, found = _sum(lambda x: (np.asarray(log_f(x), float), np.ones(len(x))), around, rtol)
    return Estimate(math.log(found.value) + scale, -math.log1p(-found.error / found.value))


def expectation(f: Callable[[np.ndarray], Any], law: Gaussian | Diagonal, rtol: float = 1e-9) -> Estimate:
    """E_law[f] (source, equation 19). f maps points (m, d) to (m,)."""
    scale, found = _sum(lambda x: (law.log_density(x), np.asarray(f(x), float)), law, rtol)
    return Estimate(found.value * math.exp(scale), found.error * math.exp(scale))


def log_evidence(model: VectorModel, around: Gaussian | Diagonal, rtol: float = 1e-9) -> Estimate:
    """log p(D) as the integral over theta of the joint (source, equation 2)."""
    if not isinstance(model, VectorModel) or model.batch:
        raise IllFormed(f"expected a model of one data set, found {model!r}")
    return log_integral(model.log_joint, around, rtol)


def elbo(model: VectorModel, q: Gaussian | Diagonal, rtol: float = 1e-9) -> Estimate:
    """ELBO(q) by its definition (source, equation 11)."""
    if not isinstance(model, VectorModel) or model.batch:
        raise IllFormed(f"expected a model of one data set, found {model!r}")
    return expectation(lambda x: model.log_joint(x) - q.log_density(x), q, rtol)
