"""Gaussian mixtures: exact evidence by summing over the discrete labels.

Formulas: Bishop, Pattern Recognition and Machine Learning (2006), sections 9.2 and 10.2.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from scipy import special

from .distributions import number
from .errors import IllFormed
from .gaussians import Gaussian
from .products import Categorical, by_label
from .vectors import VectorModel, apply, array, sized

_MOST_ASSIGNMENTS = 1 << 20


class GaussianMixture(VectorModel):
    """x ~ Normal(means[z], covariances[z]) with label z ~ Categorical(weights), everything but z known.

    data (..., d), one label per row; weights (K,), means (K, d), covariances (K, d, d). theta is z.
    """

    prior: Categorical

    def __init__(self, data: Any, weights: Any, means: Any, covariances: Any):
        where = type(self).__name__
        self.data = array(data, "data", where)
        d = self.data.shape[-1]
        self.prior = Categorical.from_probabilities(array(weights, "weights", where, most=1))
        k = self.prior.log_probabilities.size
        means = sized(array(means, "means", where, 2, most=2), (k, d), "means", where)
        covariances = sized(array(covariances, "covariances", where, 3, most=3), (k, d, d), "covariances", where)
        self.components = Gaussian(means, covariances)
        self.batch = self.data.shape[:-1]

    @cached_property
    def _each(self) -> np.ndarray:
        """log p(x | z) for every label, shape batch + (K,)."""
        return self.components.log_density(self.data[..., None, :])

    @cached_property
    def log_evidence(self) -> Any:
        """log p(x) of each row, shape batch."""
        return special.logsumexp(self._each + self.prior.log_probabilities, axis=-1)

    @cached_property
    def posterior(self) -> Categorical:
        """The responsibilities: a batch of laws of labels."""
        return Categorical(self._each + self.prior.log_probabilities - np.asarray(self.log_evidence)[..., None])

    def _log_likelihood(self, theta: np.ndarray) -> Any:
        return by_label(self._each, theta)

    def expected_log_likelihood(self, q: Any) -> Any:
        if not isinstance(q, Categorical):
            return super().expected_log_likelihood(q)
        return q.expectation(self._each)

    def replicate(self, theta: Any, rng: np.random.Generator) -> np.ndarray:
        labels = np.asarray(theta, int)
        drawn = rng.standard_normal(self.data.shape)
        return self.components.mean[labels] + apply(self.components.factor[labels], drawn)

    def given(self, data: Any) -> GaussianMixture:
        return GaussianMixture(data, self.prior.probabilities, self.components.mean, self.components.covariance)


class CollapsedMixture(VectorModel):
    """A mixture whose K means are unknown too, integrated out: the labels of all n points are enumerated.

    x_i ~ Normal(mu[z_i], sigma^2 I), mu_k ~ Normal(0, spread^2 I), z_i ~ Categorical(weights). data (n, d), weights
    (K,). theta is the number of one of the K^n assignments, whose labels are ``labels[theta]``; ``means(theta)`` is the
    posterior of the means given it. Raises IllFormed above 2^20 assignments.
    """

    prior: Categorical

    def __init__(self, data: Any, weights: Any, sigma: float = 1.0, spread: float = 1.0):
        where = type(self).__name__
        self.data = array(data, "data", where, 2, most=2)
        self.weights = Categorical.from_probabilities(array(weights, "weights", where, most=1))
        self.sigma = number(sigma, "sigma", where, positive=True)
        self.spread = number(spread, "spread", where, positive=True)
        n, k = len(self.data), self.weights.log_probabilities.size
        if n * np.log2(k) > np.log2(_MOST_ASSIGNMENTS):
            raise IllFormed(f"expected at most {_MOST_ASSIGNMENTS} assignments of {where}, found {k}^{n}")
        self.labels = np.indices((k,) * n).reshape(n, -1).T
        self.prior = self.independent(np.broadcast_to(self.weights.log_probabilities, (n, k)))
        self.batch = ()

    def independent(self, log_probabilities: Any) -> Categorical:
        """The mean-field law of assignments: point i has log probabilities of row i, shape (n, K), independently."""
        n = len(self.data)
        logs = sized(
            np.asarray(log_probabilities, float), (n, self.weights.log_probabilities.size), "rows", "independent"
        )
        return Categorical(np.sum(logs[np.arange(n), self.labels], axis=-1))

    @cached_property
    def _statistics(self) -> tuple[np.ndarray, np.ndarray]:
        """Of every assignment: how many points each component has, (A, K), and their sums, (A, K, d)."""
        member = (self.labels[:, :, None] == np.arange(self.weights.log_probabilities.size)).astype(float)
        return member.sum(axis=1), np.einsum("ank,nd->akd", member, self.data)

    @cached_property
    def _each(self) -> np.ndarray:
        """log p(D | assignment), shape (A,): per component, points with a shared unknown mean."""
        sizes, sums = self._statistics
        n, d = self.data.shape
        noise, spread = self.sigma**2, self.spread**2
        centre = spread * sums / (noise + spread * sizes)[..., None]  # the means' posterior means
        rest = self.data - np.take_along_axis(centre, self.labels[:, :, None], axis=1)
        quadratic = np.sum(rest**2, axis=(1, 2)) / noise + np.sum(centre**2, axis=(1, 2)) / spread
        volume = d * np.sum(np.log1p(spread / noise * sizes), axis=1)
        return -0.5 * (n * d * np.log(2 * np.pi * noise) + volume + quadratic)

    @cached_property
    def log_evidence(self) -> float:
        return float(special.logsumexp(self._each + self.prior.log_probabilities))

    @cached_property
    def posterior(self) -> Categorical:
        return Categorical(self._each + self.prior.log_probabilities - self.log_evidence)

    def means(self, theta: Any) -> Gaussian:
        """p(mu | D, assignment theta), the K means one after the other, shape (K d,); a batch for an array of theta."""
        sizes, sums = (a[np.asarray(theta, int)] for a in self._statistics)
        d = self.data.shape[1]
        precision = np.repeat(self.spread**-2 + sizes / self.sigma**2, d, axis=-1)
        mean = sums.reshape(*sums.shape[:-2], -1) / self.sigma**2 / precision
        return Gaussian.from_factor(mean, precision[..., None] ** -0.5 * np.eye(precision.shape[-1]))

    def _log_likelihood(self, theta: np.ndarray) -> Any:
        return self._each[np.asarray(theta, int)]

    def expected_log_likelihood(self, q: Any) -> Any:
        if not isinstance(q, Categorical):
            return super().expected_log_likelihood(q)
        return q.expectation(self._each)

    def replicate(self, theta: Any, rng: np.random.Generator) -> np.ndarray:
        """New data given the assignment: means drawn from their prior, then the points."""
        mu = self.spread * rng.standard_normal((self.weights.log_probabilities.size, self.data.shape[1]))
        return mu[self.labels[int(theta)]] + self.sigma * rng.standard_normal(self.data.shape)

    def given(self, data: Any) -> CollapsedMixture:
        return CollapsedMixture(data, self.weights.probabilities, self.sigma, self.spread)
