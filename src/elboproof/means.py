"""Conjugate models of independent observations: an unknown mean, a mean and a variance, and category frequencies.

Data have shape (..., n, d) (labels: (..., n)): leading axes are data sets, each with its own posterior and evidence.
Formulas: Bishop, Pattern Recognition and Machine Learning (2006), sections 2.2 and 2.3; Murphy, Conjugate Bayesian
analysis of the Gaussian distribution (2007), sections 6 and 8.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from scipy import special

from .conjugate import Dirichlet, NormalInverseGamma, moments
from .distributions import number
from .errors import IllFormed
from .gaussians import Diagonal, Gaussian
from .vectors import (
    LOG_2PI,
    VectorModel,
    apply,
    array,
    cholesky,
    inverse,
    log_determinant,
    sized,
    solve,
    solve_lower,
    squared,
)


class GaussianMean(VectorModel):
    """x_i ~ Normal(theta, noise) independently in d dimensions, noise known, and theta ~ Normal(mean, covariance).

    Data (..., n, d), noise and covariance (d, d), mean (d,).
    """

    prior: Gaussian

    def __init__(self, data: Any, noise: Any, mean: Any, covariance: Any):
        where = type(self).__name__
        self.data = array(data, "data", where, ndim=2)
        self.noise = sized(array(noise, "noise", where, 2, most=2), (self.data.shape[-1],) * 2, "noise", where)
        self._noise = cholesky(noise, "noise", where)
        mean = sized(array(mean, "mean", where, most=1), self.data.shape[-1:], "mean", where)
        sized(array(covariance, "covariance", where, 2, most=2), self.noise.shape, "covariance", where)
        self.prior = Gaussian(mean, covariance)
        self.batch = self.data.shape[:-2]

    @cached_property
    def _statistics(self) -> tuple[int, np.ndarray, Any]:
        """n, the sample mean, and the whitened scatter about it."""
        centre = self.data.mean(axis=-2)
        white = solve_lower(self._noise, self.data - centre[..., None, :])
        return self.data.shape[-2], centre, np.sum(white**2, axis=(-1, -2))

    @cached_property
    def posterior(self) -> Gaussian:
        n, centre, _ = self._statistics
        precision = self.prior.precision + n * inverse(self._noise)
        factor = cholesky(precision, "posterior precision", type(self).__name__)
        shift = solve(factor, n * solve(self._noise, centre - self.prior.mean))
        return Gaussian.from_precision(self.prior.mean + shift, precision)

    @cached_property
    def log_evidence(self) -> Any:
        # The sample mean is Normal(mean, covariance + noise / n); the rest of the data does not depend on theta.
        n, centre, scatter = self._statistics
        marginal = Gaussian(self.prior.mean, self.prior.covariance + self.noise / n)
        d = centre.shape[-1]
        rest = (n - 1) * (d * LOG_2PI + log_determinant(self._noise)) + d * np.log(n) + scatter
        return (marginal.log_density(centre) - 0.5 * rest)[()]

    def _start(self) -> Any:
        n, centre, scatter = self._statistics
        return -0.5 * (n * (centre.shape[-1] * LOG_2PI + log_determinant(self._noise)) + scatter)

    def _log_likelihood(self, theta: np.ndarray) -> Any:
        n, centre, _ = self._statistics
        return self._start() - 0.5 * n * squared(solve_lower(self._noise, theta - centre))

    def _expansion(self, at: np.ndarray) -> tuple[Any, np.ndarray, np.ndarray] | None:
        n, centre, _ = self._statistics
        return self._log_likelihood(at), n * solve(self._noise, centre - at), n * inverse(self._noise)

    def gradient(self, theta: Any) -> np.ndarray:
        n, centre, _ = self._statistics
        theta = np.asarray(theta, float)
        return n * solve(self._noise, centre - theta) - solve(self.prior.factor, theta - self.prior.mean)

    def expected_log_likelihood(self, q: Any) -> Any:
        if not isinstance(q, (Gaussian, Diagonal)):
            return super().expected_log_likelihood(q)
        n = self._statistics[0]
        white = np.linalg.solve(self._noise, q.factor)
        return self._log_likelihood(q.mean) - 0.5 * n * np.sum(white**2, axis=(-1, -2))

    def replicate(self, theta: Any, rng: np.random.Generator) -> np.ndarray:
        theta = np.asarray(theta, float)[..., None, :]
        return theta + apply(self._noise, rng.standard_normal(self.data.shape))

    def given(self, data: Any) -> GaussianMean:
        return GaussianMean(data, self.noise, self.prior.mean, self.prior.covariance)


class GaussianMeanVariance(VectorModel):
    """x_i ~ Normal(mu, v I) independently in d dimensions, both unknown.

    mu given v is Normal(mean, v / strength I), v is InverseGamma(a, b). theta is (mu, v), d + 1
    coordinates with v last. Data (..., n, d), mean (d,).
    """

    prior: NormalInverseGamma

    def __init__(self, data: Any, mean: Any, strength: float = 1.0, a: float = 1.0, b: float = 1.0):
        where = type(self).__name__
        self.data = array(data, "data", where, ndim=2)
        d = self.data.shape[-1]
        mean = sized(array(mean, "mean", where, most=1), (d,), "mean", where)
        self.strength = number(strength, "strength", where, positive=True)
        a, b = number(a, "a", where, positive=True), number(b, "b", where, positive=True)
        self.prior = NormalInverseGamma(mean, self.strength * np.eye(d), a, b)
        self.batch = self.data.shape[:-2]

    @cached_property
    def _statistics(self) -> tuple[int, int, np.ndarray, Any]:
        centre = self.data.mean(axis=-2)
        scatter = np.sum((self.data - centre[..., None, :]) ** 2, axis=(-1, -2))
        return *self.data.shape[-2:], centre, scatter

    @cached_property
    def posterior(self) -> NormalInverseGamma:
        n, d, centre, scatter = self._statistics
        k, m = self.strength, self.prior.location
        b = self.prior.b + 0.5 * (scatter + k * n / (k + n) * squared(centre - m))
        return NormalInverseGamma(m + n / (k + n) * (centre - m), (k + n) * np.eye(d), self.prior.a + 0.5 * n * d, b)

    @cached_property
    def log_evidence(self) -> Any:
        n, d, _, _ = self._statistics
        before, after = self.prior, self.posterior
        start = before.a * np.log(before.b) - special.gammaln(before.a) - 0.5 * n * d * LOG_2PI
        end = special.gammaln(after.a) - after.a * np.log(after.b)
        return (start + end + 0.5 * d * np.log(self.strength / (self.strength + n)))[()]

    def _log_likelihood(self, theta: np.ndarray) -> Any:
        n, d, centre, scatter = self._statistics
        mu, v = theta[..., :-1], theta[..., -1]
        return -0.5 * (n * d * (LOG_2PI + np.log(v)) + (scatter + n * squared(mu - centre)) / v)

    def expected_log_likelihood(self, q: Any) -> Any:
        found = moments(q)
        if found is None:
            return super().expected_log_likelihood(q)
        n, d, centre, scatter = self._statistics
        size = found.precision * (scatter + n * squared(found.mean - centre))
        size = size + n * np.trace(found.spread, axis1=-1, axis2=-2)
        return (-0.5 * (n * d * (LOG_2PI + found.log_v) + size))[()]

    def replicate(self, theta: Any, rng: np.random.Generator) -> np.ndarray:
        theta = np.asarray(theta, float)[..., None, :]
        return theta[..., :-1] + np.sqrt(theta[..., -1:]) * rng.standard_normal(self.data.shape)

    def given(self, data: Any) -> GaussianMeanVariance:
        return GaussianMeanVariance(data, self.prior.location, self.strength, float(self.prior.a), float(self.prior.b))


class DirichletCategorical(VectorModel):
    """x_i ~ Categorical(theta) independently, theta ~ Dirichlet(alpha).

    Data (..., n): labels 0, ..., k - 1; alpha (k,).
    """

    prior: Dirichlet

    def __init__(self, data: Any, alpha: Any):
        where = type(self).__name__
        self.prior = Dirichlet(array(alpha, "alpha", where, most=1, positive=True))
        self.data = array(data, "data", where)
        k = self.prior.alpha.size
        wrong = (self.data != np.floor(self.data)) | (self.data < 0) | (self.data >= k)
        if wrong.any():
            raise IllFormed(f"expected labels 0 to {k - 1} for data of {where}, found {float(self.data[wrong][0])!r}")
        self.batch = self.data.shape[:-1]

    @cached_property
    def counts(self) -> np.ndarray:
        """How often each label occurs, shape batch + (k,)."""
        return np.sum(self.data[..., None] == np.arange(self.prior.alpha.size), axis=-2).astype(float)

    @cached_property
    def posterior(self) -> Dirichlet:
        return Dirichlet(self.prior.alpha + self.counts)

    @cached_property
    def log_evidence(self) -> Any:
        return self.posterior.log_normaliser - self.prior.log_normaliser

    def _log_likelihood(self, theta: np.ndarray) -> Any:
        return np.sum(special.xlogy(self.counts, theta), axis=-1)

    def expected_log_likelihood(self, q: Any) -> Any:
        if not isinstance(q, Dirichlet):
            return super().expected_log_likelihood(q)
        return np.sum(self.counts * q.mean_log, axis=-1)[()]

    def replicate(self, theta: Any, rng: np.random.Generator) -> np.ndarray:
        below = np.cumsum(np.asarray(theta, float), axis=-1)
        below = (below / below[..., -1:])[..., None, :]
        return np.sum(rng.random((*self.data.shape, 1)) >= below, axis=-1)

    def given(self, data: Any) -> DirichletCategorical:
        return DirichletCategorical(data, self.prior.alpha)
