"""Conjugate families beyond the Gaussian: inverse gamma, normal-inverse-gamma, Dirichlet.

Formulas: Bishop, Pattern Recognition and Machine Learning (2006), appendix B and section 10.1; Murphy, Conjugate
Bayesian analysis of the Gaussian distribution (2007), section 6. A normal-inverse-gamma law is of (w, v), a vector and
the variance: w given v is Normal(mean, v precision^-1), v is InverseGamma(a, b). A Dirichlet's density is with respect
to length in its first k - 1 coordinates.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy import special

from .distributions import Distribution, number
from .gaussians import Diagonal, Gaussian
from .products import Product
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
    solve_upper,
    squared,
    symmetric,
)


def _inverse_gamma_entropy(a: Any, b: Any) -> Any:
    return a + np.log(b) + special.gammaln(a) - (1 + a) * special.digamma(a)


def _inverse_gamma_kl(a: Any, b: Any, c: Any, d: Any) -> Any:
    """KL of InverseGamma(a, b) from InverseGamma(c, d): that of the gamma laws of 1/v."""
    start = (a - c) * special.digamma(a) - special.gammaln(a) + special.gammaln(c)
    return start + c * np.log(b / d) + a * (d - b) / b


@dataclass(frozen=True)
class InverseGamma(Distribution):
    """InverseGamma(a, b), on the half-line: 1/v is Gamma(a, rate b). Its mean is b / (a - 1), infinite for a <= 1."""

    a: float
    b: float

    def __post_init__(self) -> None:
        number(self.a, "a", "InverseGamma", positive=True)
        number(self.b, "b", "InverseGamma", positive=True)

    @property
    def support(self) -> tuple[float, float]:
        return (0.0, math.inf)

    @property
    def mean(self) -> float:  # type: ignore[override]
        return self.b / (self.a - 1) if self.a > 1 else math.inf

    @property
    def sd(self) -> float:  # type: ignore[override]
        return self.mean / math.sqrt(self.a - 2) if self.a > 2 else math.inf

    @property
    def rounding(self) -> float:
        return 1 + self.a * (1 + abs(math.log(self.b))) + abs(math.lgamma(self.a))

    def log_density(self, x: Any) -> Any:
        """log density at x, in nats, of x's shape; ``-inf`` outside the support, nan at nan."""
        x = np.asarray(x, float)
        inside = (x > 0) & (x < math.inf)
        out = np.where(inside, self._log_density(np.where(inside, x, 1.0)), -np.inf)
        return np.where(np.isnan(x), np.nan, out)[()]

    def _log_density(self, x: np.ndarray) -> np.ndarray:
        return self.a * math.log(self.b) - math.lgamma(self.a) - (self.a + 1) * np.log(x) - self.b / x

    def _sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        return self.b / rng.standard_gamma(self.a, n)

    def _quantile(self, level: np.ndarray) -> np.ndarray:
        return self.b / special.gammainccinv(self.a, level)

    def _quantile_above(self, level: np.ndarray) -> np.ndarray:
        return self.b / special.gammaincinv(self.a, level)

    def entropy(self) -> float:
        return float(_inverse_gamma_entropy(self.a, self.b))

    def _kl(self, other: InverseGamma) -> float:
        return float(_inverse_gamma_kl(self.a, self.b, other.a, other.b))


class Moments(NamedTuple):
    """What a law q of (w, v) contributes to Gaussian expectations: E[log v], E[1/v], E[w] and E[(w-m)(w-m)^T / v]."""

    log_v: Any
    precision: Any
    mean: np.ndarray
    spread: np.ndarray


def moments(q: Any) -> Moments | None:
    """The moments of a normal-inverse-gamma law, or of a product of a Gaussian and an inverse gamma; else None."""
    if isinstance(q, NormalInverseGamma):
        return Moments(np.log(q.b) - special.digamma(q.a), q.a / q.b, q.location, inverse(q.factor))
    if isinstance(q, Product) and len(q.factors) == 2 and isinstance(q.factors[1], InverseGamma):
        w, v = q.factors
        if isinstance(w, (Gaussian, Diagonal)):
            rate = v.a / v.b
            return Moments(math.log(v.b) - float(special.digamma(v.a)), rate, w.mean, rate * w.covariance)
    return None


class NormalInverseGamma(VectorDistribution):
    """The law of (w, v), a point of d + 1 coordinates with the variance v last.

    mean of shape (..., d); precision (d, d), or (..., d, d), in units of 1/v; a and b of shape (...). All are kept as
    they were given.
    """

    def __init__(self, mean: Any, precision: Any, a: Any, b: Any):
        where = "NormalInverseGamma"
        mean = array(mean, "mean", where)
        self.precision = symmetric(precision, "precision", where)
        self.factor = cholesky(self.precision, "precision", where)
        self.a, self.b = array(a, "a", where, 0, positive=True), array(b, "b", where, 0, positive=True)
        d = mean.shape[-1]
        sized(self.factor, (d, d), "precision", where)
        shapes = mean.shape[:-1], self.factor.shape[:-2], self.a.shape, self.b.shape
        self.batch, self.event = joined(*shapes, where=where), (d + 1,)
        self.location = np.broadcast_to(mean, (*self.batch, d))

    @property
    def mean(self) -> np.ndarray:
        """The mean of w, and of v where it has one (a > 1; else infinity)."""
        with np.errstate(divide="ignore"):
            v = np.where(self.a > 1, self.b / np.where(self.a > 1, self.a - 1, 1), np.inf)
        return np.concatenate([self.location, np.broadcast_to(v, self.batch)[..., None]], axis=-1)

    @property
    def _safe(self) -> np.ndarray:
        v = np.broadcast_to(self.b / (self.a + 1), self.batch)
        return np.concatenate([self.location, v[..., None]], axis=-1)

    def _inside(self, x: np.ndarray) -> Any:
        return x[..., -1] > 0

    def _log_density(self, x: np.ndarray) -> Any:
        w, v = x[..., :-1], x[..., -1]
        d = w.shape[-1]
        z = apply(np.swapaxes(self.factor, -1, -2), w - self.location)
        normal = 0.5 * (log_determinant(self.factor) - d * (LOG_2PI + np.log(v)) - squared(z) / v)
        start = self.a * np.log(self.b) - special.gammaln(self.a)
        return normal + start - (self.a + 1) * np.log(v) - self.b / v

    def _sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        v = self.b / rng.standard_gamma(np.broadcast_to(self.a, self.batch), (n, *self.batch))
        z = rng.standard_normal((n, *self.location.shape))
        w = self.location + np.sqrt(v)[..., None] * solve_upper(self.factor, z)
        return np.concatenate([w, v[..., None]], axis=-1)

    def entropy(self) -> Any:
        d = self.location.shape[-1]
        log_v = np.log(self.b) - special.digamma(self.a)
        normal = 0.5 * (d * (LOG_2PI + 1 + log_v) - log_determinant(self.factor))
        return np.broadcast_to(normal + _inverse_gamma_entropy(self.a, self.b), self.batch)[()]

    def expected_log_density(self, q: Any) -> Any:
        """E_q[log density of this law] in closed form; None unless q has `moments`."""
        found = moments(q)
        if found is None:
            return None
        d = self.location.shape[-1]
        weight = self.factor @ np.swapaxes(self.factor, -1, -2)
        shift = squared(apply(np.swapaxes(self.factor, -1, -2), found.mean - self.location))
        size = found.precision * shift + np.einsum("...ij,...ji->...", weight, found.spread)
        normal = 0.5 * (log_determinant(self.factor) - d * (LOG_2PI + found.log_v) - size)
        start = self.a * np.log(self.b) - special.gammaln(self.a)
        return normal + start - (self.a + 1) * found.log_v - self.b * found.precision

    def _kl(self, other: Any) -> Any:
        if not isinstance(other, NormalInverseGamma):
            return None
        # given v, a KL of Gaussians whose covariances both scale with v
        ratio = np.linalg.solve(self.factor, other.factor)
        diagonal, rest = np.diagonal(ratio, axis1=-2, axis2=-1), np.tril(ratio, -1)
        excess = np.sum((diagonal - 1) * (diagonal + 1) - 2 * np.log(diagonal), axis=-1)
        shift = squared(apply(np.swapaxes(other.factor, -1, -2), self.location - other.location))
        normal = 0.5 * (excess + np.einsum("...ij,...ij->...", rest, rest) + self.a / self.b * shift)
        return (normal + _inverse_gamma_kl(self.a, self.b, other.a, other.b))[()]


class Dirichlet(VectorDistribution):
    """Dirichlet(alpha), on the simplex: alpha positive, of shape (..., k), k >= 2.

    A point counts as on the simplex when its coordinates are not negative and their sum is 1 within 1e-12.
    """

    def __init__(self, alpha: Any):
        self.alpha = array(alpha, "alpha", "Dirichlet", positive=True)
        if self.alpha.shape[-1] < 2:
            sized(self.alpha, (2,), "alpha", "Dirichlet")
        self.event, self.batch = self.alpha.shape[-1:], self.alpha.shape[:-1]

    @property
    def mean(self) -> np.ndarray:
        return self.alpha / self.alpha.sum(axis=-1, keepdims=True)

    @property
    def log_normaliser(self) -> Any:
        """log of the multivariate beta function of alpha."""
        return (np.sum(special.gammaln(self.alpha), axis=-1) - special.gammaln(np.sum(self.alpha, axis=-1)))[()]

    @property
    def mean_log(self) -> np.ndarray:
        """E[log x], shape batch + (k,)."""
        return special.digamma(self.alpha) - special.digamma(np.sum(self.alpha, axis=-1, keepdims=True))

    def _inside(self, x: np.ndarray) -> Any:
        return np.all(x >= 0, axis=-1) & (np.abs(np.sum(x, axis=-1) - 1) <= 1e-12)

    def _log_density(self, x: np.ndarray) -> Any:
        return np.sum(special.xlogy(self.alpha - 1, x), axis=-1) - self.log_normaliser

    def _sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        # Gamma(alpha) = Gamma(alpha + 1) U^(1/alpha), in logs: a small alpha would underflow
        shape = (n, *self.alpha.shape)
        logs = np.log(rng.standard_gamma(self.alpha + 1, shape)) - rng.standard_exponential(shape) / self.alpha
        return special.softmax(logs, axis=-1)

    def entropy(self) -> Any:
        return (self.log_normaliser - np.sum((self.alpha - 1) * self.mean_log, axis=-1))[()]

    def _kl(self, other: Any) -> Any:
        if not isinstance(other, Dirichlet):
            return None
        gain = np.sum((self.alpha - other.alpha) * self.mean_log, axis=-1)
        return (other.log_normaliser - self.log_normaliser + gain)[()]
