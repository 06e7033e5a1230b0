"""Gaussians in any dimension, with a full or a diagonal covariance: sampling, log density, entropy and KL.

Everything goes through Cholesky factors; no covariance is inverted. Either may be a batch of laws. Formulas: Bishop,
Pattern Recognition and Machine Learning (2006), sections 2.3 and 10.1; Cover and Thomas, Elements of Information
Theory, theorem 8.4.1.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

import numpy as np
from scipy import linalg

from .errors import IllFormed
from .vectors import (
    LOG_2PI,
    VectorDistribution,
    apply,
    array,
    cholesky,
    inverse,
    joined,
    log_determinant,
    sized,
    solve_lower,
    squared,
    symmetric,
)

_TILE = 1 << 18  # floats of a block: small enough for the cache, large enough that calls cost nothing
_TINY = float(np.finfo(float).tiny)


class Gaussian(VectorDistribution):
    """Normal(mean, covariance): mean of shape (..., d), covariance of shape (..., d, d), positive definite.

    ``given`` is that covariance, float for float; None where the law was made from a factor, or from a precision (whose
    inverse's factor is rounded).
    """

    given: np.ndarray | None = None

    def __init__(self, mean: Any, covariance: Any):
        self.given = symmetric(covariance, "covariance", "Gaussian")
        self._set(array(mean, "mean", "Gaussian"), cholesky(self.given, "covariance", "Gaussian"))

    @classmethod
    def from_factor(cls, mean: Any, factor: Any) -> Gaussian:
        """From a lower triangular factor L with a positive diagonal: covariance L L^T."""
        made = array(factor, "factor", "Gaussian", ndim=2)
        if np.any(np.triu(made, 1) != 0):
            raise IllFormed(
                "expected a lower triangular matrix for factor of Gaussian, found entries above its diagonal"
            )
        array(np.diagonal(made, axis1=-2, axis2=-1), "the diagonal of factor", "Gaussian", positive=True)
        self = cls.__new__(cls)
        self._set(array(mean, "mean", "Gaussian"), made)
        return self

    @classmethod
    def from_precision(cls, mean: Any, precision: Any) -> Gaussian:
        """From the inverse covariance."""
        upper = cholesky(np.asarray(precision, float)[..., ::-1, ::-1], "precision", "Gaussian")[..., ::-1, ::-1]
        half = np.linalg.solve(upper, np.broadcast_to(np.eye(upper.shape[-1]), upper.shape))
        return cls.from_factor(mean, np.tril(np.swapaxes(half, -1, -2)))

    def _set(self, mean: np.ndarray, factor: np.ndarray) -> None:
        d = mean.shape[-1]
        self.factor = sized(factor, (d, d), "covariance", "Gaussian")
        self.event = (d,)
        self.batch = joined(mean.shape[:-1], factor.shape[:-2], where="Gaussian")
        self._mean = np.broadcast_to(mean, (*self.batch, d))

    @property
    def mean(self) -> np.ndarray:
        return self._mean

    @cached_property
    def covariance(self) -> np.ndarray:
        """Shape (d, d), or batch + (d, d) where it differs within the batch."""
        if self.given is not None:
            return self.given
        return self.factor @ np.swapaxes(self.factor, -1, -2)

    @cached_property
    def precision(self) -> np.ndarray:
        return inverse(self.factor)

    @cached_property
    def sd(self) -> np.ndarray:
        """Marginal standard deviations, shape (..., d)."""
        return np.sqrt(squared(self.factor))

    def marginal(self, which: Any) -> Gaussian:
        """The law of the coordinates in `which` (a list of indices), in that order."""
        which = np.atleast_1d(which)
        return Gaussian(self.mean[..., which], self.covariance[..., which[:, None], which])

    def expansion(self, at: np.ndarray) -> tuple[Any, np.ndarray, np.ndarray] | None:
        if self.batch or np.shape(at) != self.event:
            return None
        return self._log_density(at), self.precision @ (self.mean - at), self.precision

    def _log_density(self, x: np.ndarray) -> Any:
        z = solve_lower(self.factor, x - self.mean)
        return -0.5 * (squared(z) + log_determinant(self.factor) + self.event[0] * LOG_2PI)

    def _sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        return self.mean + apply(self.factor, rng.standard_normal((n, *self.batch, *self.event)))

    def entropy(self) -> Any:
        value = 0.5 * (log_determinant(self.factor) + self.event[0] * (LOG_2PI + 1))
        return np.broadcast_to(value, self.batch)[()]

    def _kl(self, other: Any) -> Any:
        if not isinstance(other, (Gaussian, Diagonal)):
            return None
        ratio = other.whiten_factor(self.factor)
        return _kl_of_ratio(ratio, other.whiten(self.mean - other.mean), self.batch)

    def whiten(self, x: np.ndarray) -> np.ndarray:
        """L^-1 x, for x of shape (..., d)."""
        return solve_lower(self.factor, x)

    def whiten_factor(self, factor: np.ndarray) -> np.ndarray:
        """L^-1 factor, for a lower triangular factor."""
        if self.factor.ndim == factor.ndim == 2:
            return linalg.solve_triangular(self.factor, factor, lower=True, check_finite=False)
        return np.linalg.solve(self.factor, factor)


def _kl_of_ratio(ratio: np.ndarray, shift: np.ndarray, batch: tuple[int, ...]) -> Any:
    """KL of N(m, L L^T) from N(n, K K^T), from K^-1 L (lower triangular) and K^-1 (m - n)."""
    diagonal = np.diagonal(ratio, axis1=-2, axis2=-1)
    rest = np.tril(ratio, -1)
    # r^2 - 1 as (r - 1) (r + 1), with the digits that a KL near zero needs
    excess = np.sum((diagonal - 1) * (diagonal + 1) - 2 * np.log(diagonal), axis=-1)
    return (0.5 * (excess + np.einsum("...ij,...ij->...", rest, rest) + squared(shift)))[()]


def _kl_of_diagonals(laws: tuple[np.ndarray, ...], batch: tuple[int, ...]) -> Any:
    """KL of Normal(m, s^2) from Normal(n, t^2), the sum of ((m - n) / t)^2 + r^2 - 1 - 2 log r with r = s / t, halved.

    ``laws`` are m, s, n, t. In blocks that stay in the cache; a single law against many is repeated once.
    """
    d = laws[0].shape[-1]
    flat = [np.broadcast_to(a, (*batch, d)).reshape(-1, d) if a.size > d else a.reshape(1, d) for a in laws]
    out = np.empty(math.prod(batch))
    rows = min(max(1, _TILE // d), out.size)
    flat = [np.tile(a, (rows, 1)) if len(a) < out.size else a for a in flat]
    work = np.empty((2, rows * d))
    for start in range(0, out.size, rows):
        stop = min(start + rows, out.size)
        m, s, n, t = (a[start:stop] if len(a) == out.size else a[: stop - start] for a in flat)
        out[start:stop] = _kl_block(m, s, n, t, work[:, : (stop - start) * d])
    return out.reshape(batch)[()]


def _kl_block(m: np.ndarray, s: np.ndarray, n: np.ndarray, t: np.ndarray, work: np.ndarray) -> np.ndarray:
    """The same for one block, with one logarithm for the product of up to 16 ratios.

    A row is computed term by term where the product could cost digits: where its KL is small, so that terms cancel, or
    where a product of some of the ratios could leave the range of normal floats. It cannot where no ratio is above 2^8
    and no product of 16 below 2^-865 (the 600 below): then none of fewer is above 2^128 or below 2^-985.
    """
    rows, d = m.shape
    ratio, rest = work[0].reshape(rows, d), work[1]
    np.subtract(m, n, out=ratio)
    ratio /= t
    far = squared(ratio)
    np.divide(s, t, out=ratio)
    size = squared(ratio)
    product, group = work[0], 1
    while group < 16 and d % (2 * group) == 0:
        product, left = rest[: product.size // 2], product
        np.multiply(left[::2], left[1::2], out=product)
        rest, group = rest[product.size :], 2 * group
    logs = np.log(product, out=rest[: product.size]).reshape(rows, -1)
    out = 0.5 * (far + (size - d)) - logs @ np.ones(d // group)
    sure = (out > d / 8) & (size < 2.0**16) & (squared(logs) < 600.0**2)
    if not sure.all():
        r, s, t = ratio[~sure], s[~sure], t[~sure]
        log_r = np.where((r > _TINY) & (r < np.inf), np.log(r), np.log(s) - np.log(t))
        # r^2 - 1 as (r - 1) (r + 1), with the digits that a KL near zero needs
        out[~sure] = 0.5 * (far[~sure] + ((r - 1) * (r + 1) - 2 * log_r).sum(axis=-1))
    return out


class Diagonal(VectorDistribution):
    """Independent Normal(mean, sd) in each coordinate: mean and sd of shape (..., d), broadcast against each other."""

    def __init__(self, mean: Any, sd: Any):
        mean = array(mean, "mean", "Diagonal")
        sd = array(sd, "sd", "Diagonal", ndim=0, positive=True)
        try:
            shape = np.broadcast_shapes(mean.shape, sd.shape)
        except ValueError:
            raise IllFormed(
                f"expected mean and sd of Diagonal alike, found shapes {mean.shape} and {sd.shape}"
            ) from None
        self._mean, self.sd = np.broadcast_to(mean, shape), np.broadcast_to(sd, shape)
        self.event, self.batch = shape[-1:], shape[:-1]

    @property
    def mean(self) -> np.ndarray:
        return self._mean

    @cached_property
    def factor(self) -> np.ndarray:
        """The Cholesky factor, as a full matrix, shape batch + (d, d)."""
        return self.sd[..., None] * np.eye(self.event[0])

    @cached_property
    def covariance(self) -> np.ndarray:
        return (self.sd**2)[..., None] * np.eye(self.event[0])

    @property
    def precision(self) -> np.ndarray:
        return (self.sd**-2)[..., None] * np.eye(self.event[0])

    def full(self) -> Gaussian:
        """The same law as a `Gaussian`."""
        return Gaussian.from_factor(self.mean, self.factor)

    def marginal(self, which: Any) -> Diagonal:
        which = np.atleast_1d(which)
        return Diagonal(self.mean[..., which], self.sd[..., which])

    def expansion(self, at: np.ndarray) -> tuple[Any, np.ndarray, np.ndarray] | None:
        if self.batch or np.shape(at) != self.event:
            return None
        return self._log_density(at), (self.mean - at) / self.sd**2, self.precision

    def _log_density(self, x: np.ndarray) -> Any:
        return -0.5 * (squared((x - self.mean) / self.sd) + self.event[0] * LOG_2PI) - np.sum(np.log(self.sd), axis=-1)

    def _sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        drawn = rng.standard_normal((n, *self.batch, *self.event))
        drawn *= self.sd
        drawn += self.mean
        return drawn

    def entropy(self) -> Any:
        return (np.sum(np.log(self.sd), axis=-1) + 0.5 * self.event[0] * (LOG_2PI + 1))[()]

    def _kl(self, other: Any) -> Any:
        if isinstance(other, Gaussian):
            return _kl_of_ratio(other.whiten_factor(self.factor), other.whiten(self.mean - other.mean), self.batch)
        if not isinstance(other, Diagonal):
            return None
        batch = joined(self.batch, other.batch, where="KL")
        with np.errstate(all="ignore"):
            return _kl_of_diagonals((self.mean, self.sd, other.mean, other.sd), batch)

    def whiten(self, x: np.ndarray) -> np.ndarray:
        return x / self.sd

    def whiten_factor(self, factor: np.ndarray) -> np.ndarray:
        return factor / self.sd[..., None]
