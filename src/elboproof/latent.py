"""Linear-Gaussian latent variable models: probabilistic PCA, factor analysis, random intercepts. All exact.

Each row of data has its own latent vector, so a data set of N rows is a batch of N: ``log_evidence`` and ``posterior``
are per row, and ``total`` is the data set's. Formulas: Tipping and Bishop, Probabilistic Principal Component Analysis
(1999); Bishop, Pattern Recognition and Machine Learning (2006), section 12.2; for the intercepts, Pinheiro and Bates,
Mixed-Effects Models in S and S-PLUS (2000), section 2.2.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from .distributions import count, number
from .errors import IllFormed
from .gaussians import Diagonal, Gaussian
from .vectors import LOG_2PI, VectorModel, array, cholesky, log_determinant, sized, solve, squared


def principal_axes(data: np.ndarray, ddof: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues (d,), largest first, and axes (d, d), a column each, of the covariance of data (n, d).

    The sign of an axis means nothing; here its largest entry is positive, so that every machine draws the same.
    """
    rest = data - data.mean(axis=0)
    values, axes = np.linalg.eigh(rest.T @ rest / (len(data) - ddof))
    largest = np.take_along_axis(axes, np.argmax(np.abs(axes), axis=0)[None], axis=0)
    return values[::-1], (axes * np.sign(largest))[:, ::-1]


class FactorAnalysis(VectorModel):
    """x = loadings z + mean + noise, z ~ Normal(0, I_k) and noise ~ Normal(0, diag(variances)).

    data (..., d), loadings (d, k), mean (d,), variances (d,). theta is z, one of k coordinates per row.
    """

    prior: Diagonal

    def __init__(self, data: Any, loadings: Any, mean: Any, variances: Any):
        where = type(self).__name__
        self.data = array(data, "data", where)
        d = self.data.shape[-1]
        self.loadings = array(loadings, "loadings", where, 2, most=2)
        if self.loadings.shape[0] != d:
            raise IllFormed(f"expected shape ({d}, k) for loadings of {where}, found {self.loadings.shape}")
        self.mean = sized(array(mean, "mean", where, most=1), (d,), "mean", where)
        self.variances = sized(array(variances, "variances", where, 1, True, most=1), (d,), "variances", where)
        self.prior = Diagonal(np.zeros(self.loadings.shape[1]), 1.0)
        self.batch = self.data.shape[:-1]

    @cached_property
    def _scaled(self) -> np.ndarray:
        """diag(variances)^-1 loadings, shape (d, k)."""
        return self.loadings / self.variances[:, None]

    @cached_property
    def _inner(self) -> np.ndarray:
        return self.loadings.T @ self._scaled

    @cached_property
    def posterior(self) -> Gaussian:
        precision = np.eye(self.loadings.shape[1]) + self._inner
        factor = cholesky(precision, "posterior precision", type(self).__name__)
        return Gaussian.from_precision(solve(factor, (self.data - self.mean) @ self._scaled), precision)

    @cached_property
    def log_evidence(self) -> Any:
        """log p(x) of each row, shape batch: sums of squares at the posterior mean, so that nothing cancels."""
        after = self.posterior
        rest = self.data - self.mean - after.mean @ self.loadings.T
        quadratic = np.sum(rest**2 / self.variances, axis=-1) + squared(after.mean)
        volume = np.sum(np.log(self.variances)) - log_determinant(after.factor)
        return (-0.5 * (self.data.shape[-1] * LOG_2PI + volume + quadratic))[()]

    @property
    def total(self) -> float:
        """The log evidence of the whole data set."""
        return float(np.sum(self.log_evidence))

    def _log_likelihood(self, theta: np.ndarray) -> Any:
        rest = self.data - self.mean - theta @ self.loadings.T
        return -0.5 * (np.sum(rest**2 / self.variances + np.log(self.variances), axis=-1) + rest.shape[-1] * LOG_2PI)

    def gradient(self, theta: Any) -> np.ndarray:
        theta = np.asarray(theta, float)
        return (self.data - self.mean - theta @ self.loadings.T) @ self._scaled - theta

    def expected_log_likelihood(self, q: Any) -> Any:
        if not isinstance(q, (Gaussian, Diagonal)):
            return super().expected_log_likelihood(q)
        return self._log_likelihood(q.mean) - 0.5 * np.einsum("ij,...ji->...", self._inner, q.covariance)

    def replicate(self, theta: Any, rng: np.random.Generator) -> np.ndarray:
        noise = np.sqrt(self.variances) * rng.standard_normal(self.data.shape)
        return np.asarray(theta, float) @ self.loadings.T + self.mean + noise

    def given(self, data: Any) -> FactorAnalysis:
        return FactorAnalysis(data, self.loadings, self.mean, self.variances)


class ProbabilisticPCA(FactorAnalysis):
    """Factor analysis with one noise variance: x = loadings z + mean + Normal(0, variance I)."""

    def __init__(self, data: Any, loadings: Any, mean: Any, variance: float):
        where = type(self).__name__
        self.variance = number(variance, "variance", where, positive=True)
        super().__init__(data, loadings, mean, np.full(array(data, "data", where).shape[-1], self.variance))

    @classmethod
    def fit(cls, data: Any, k: int, ddof: int = 0) -> ProbabilisticPCA:
        """The maximum of the likelihood in closed form (Tipping and Bishop, equations 7 and 8). data (n, d), k < d.

        ddof=0 is the maximum; ddof=1 divides the scatter by n - 1, as scikit-learn's PCA does.
        """
        made = array(data, "data", cls.__name__, 2, most=2)
        k, d = count(k, "k"), made.shape[1]
        if k >= d:
            raise IllFormed(f"expected k below the {d} columns of data for {cls.__name__}, found {k}")
        mean = made.mean(axis=0)
        values, axes = principal_axes(made, ddof)
        noise = number(np.mean(values[k:]), "the variance left over by k components", cls.__name__, positive=True)
        return cls(made, axes[:, :k] * np.sqrt(values[:k] - noise), mean, noise)

    def given(self, data: Any) -> ProbabilisticPCA:
        return ProbabilisticPCA(data, self.loadings, self.mean, self.variance)


class RandomIntercept(VectorModel):
    """y_i = mean + b_{group i} + Normal(0, within^2), b_j ~ Normal(0, between^2): a mixed model with random intercepts.

    data (..., n), groups (n,) labels 0, ..., J - 1, mean a number or (n,) (the fixed effects X beta), between and
    within standard deviations. theta is b, of J coordinates, independent in the posterior.
    """

    prior: Diagonal

    def __init__(self, data: Any, groups: Any, mean: Any, between: float, within: float):
        where = type(self).__name__
        self.data = array(data, "data", where)
        n = self.data.shape[-1]
        labels = sized(array(groups, "groups", where, most=1), (n,), "groups", where)
        size = int(labels.max()) + 1
        if np.any(labels != np.floor(labels)) or np.any(labels < 0) or len(np.unique(labels)) != size:
            raise IllFormed(
                f"expected labels 0 to J - 1, each of them present, for groups of {where}, found {groups!r}"
            )
        self.groups = labels.astype(int)
        self.mean = array(mean, "mean", where, 0, most=1)
        if self.mean.ndim:
            sized(self.mean, (n,), "mean", where)
        self.between = number(between, "between", where, positive=True)
        self.within = number(within, "within", where, positive=True)
        self.prior = Diagonal(np.zeros(size), self.between)
        self.batch = self.data.shape[:-1]

    @classmethod
    def fit(cls, data: Any, groups: Any) -> RandomIntercept:
        """Maximum likelihood in closed form, for groups of equal size m.

        within^2 is the mean square within groups, m between^2 + within^2 the average of m (group mean - mean)^2. Raises
        IllFormed where that leaves nothing between groups.
        """
        made = cls(data, groups, 0.0, 1.0, 1.0)
        m = made._sizes[0]
        if made.batch or m < 2 or np.any(made._sizes != m):
            raise IllFormed(f"expected one data set of equal groups of at least 2 for fit, found sizes {made._sizes}")
        mean, centre = made.data.mean(), made._sums(made.data) / m
        within = squared(made.data - centre[made.groups]) / (len(centre) * (m - 1))
        between = np.mean((centre - mean) ** 2) - within / m
        number(between, "the variance between groups", cls.__name__, positive=True)
        return cls(data, groups, mean, np.sqrt(between), np.sqrt(within))

    @cached_property
    def member(self) -> np.ndarray:
        """Shape (n, J): one where the observation is of the group."""
        return (self.groups[:, None] == np.arange(self.prior.event[0])).astype(float)

    @cached_property
    def _sizes(self) -> np.ndarray:
        return self.member.sum(axis=0)

    def _sums(self, x: np.ndarray) -> np.ndarray:
        return x @ self.member

    @cached_property
    def posterior(self) -> Diagonal:
        weight = self.within**2 + self._sizes * self.between**2
        centre = self.between**2 * self._sums(self.data - self.mean) / weight
        return Diagonal(centre, self.between * self.within / np.sqrt(weight))

    @cached_property
    def log_evidence(self) -> Any:
        after = self.posterior
        rest = self.data - self.mean - after.mean[..., self.groups]
        quadratic = squared(rest) / self.within**2 + squared(after.mean) / self.between**2
        volume = 2 * np.sum(np.log(after.sd / self.between), axis=-1)
        start = self.data.shape[-1] * (LOG_2PI + 2 * np.log(self.within))
        return (-0.5 * (start + quadratic - volume))[()]

    def _log_likelihood(self, theta: np.ndarray) -> Any:
        rest = self.data - self.mean - theta[..., self.groups]
        return -0.5 * (rest.shape[-1] * (LOG_2PI + 2 * np.log(self.within)) + squared(rest) / self.within**2)

    def gradient(self, theta: Any) -> np.ndarray:
        theta = np.asarray(theta, float)
        rest = self.data - self.mean - theta[..., self.groups]
        return self._sums(rest) / self.within**2 - theta / self.between**2

    def expected_log_likelihood(self, q: Any) -> Any:
        if not isinstance(q, (Gaussian, Diagonal)):
            return super().expected_log_likelihood(q)
        spread = np.sum(self._sizes * q.sd**2, axis=-1) / self.within**2
        return (self._log_likelihood(q.mean) - 0.5 * spread)[()]

    def replicate(self, theta: Any, rng: np.random.Generator) -> np.ndarray:
        centre = self.mean + np.asarray(theta, float)[..., self.groups]
        return centre + self.within * rng.standard_normal(self.data.shape)

    def given(self, data: Any) -> RandomIntercept:
        return RandomIntercept(data, self.groups, self.mean, self.between, self.within)
