"""Conjugate models of zeros and ones and of counts, a coordinate for each rate: Beta-Bernoulli and Gamma-Poisson.

Data have shape (..., n, d): leading axes are data sets, each with its own posterior and evidence, n observations and d
independent coordinates. Formulas: Gelman et al., Bayesian Data Analysis (3rd edition, 2013), sections 2.4 and 2.6;
Bishop, Pattern Recognition and Machine Learning (2006), appendix B.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from scipy import special

from .errors import IllFormed
from .vectors import LOG_2PI, VectorDistribution, VectorModel, array, joined, sized


def counts(value: Any, name: str, where: str, ndim: int = 0, most: int | None = None) -> np.ndarray:
    """`value` as a read-only array of counts 0, 1, 2, ..., in floating point."""
    made = array(value, name, where, ndim, most=most)
    wrong = (made < 0) | (made != np.floor(made))
    if wrong.any():
        first = tuple(int(i) for i in np.argwhere(wrong)[0])
        at = f" at position {first[0] if len(first) == 1 else first}" if first else ""
        raise IllFormed(f"expected counts (0, 1, 2, ...) for {name} of {where}, found {float(made[first])!r}{at}")
    return made


class _Coordinates(VectorDistribution):
    """Independent coordinates with two positive parameters each, of shape (..., d)."""

    def __init__(self, first: Any, second: Any, names: tuple[str, str]):
        made = [
            array(v, n, self._name, 0, positive=n != "location") for v, n in zip((first, second), names, strict=True)
        ]
        shape = joined(made[0].shape, made[1].shape, where=self._name)
        if not shape:
            raise IllFormed(f"expected {names[0]} or {names[1]} of shape (..., d) for {self._name}, found two numbers")
        self._first, self._second = (np.broadcast_to(m, shape) for m in made)
        self.event, self.batch = shape[-1:], shape[:-1]


class Gammas(_Coordinates):
    """Independent Gamma(shape, rate) in each coordinate; the mean is shape / rate. Both of shape (..., d)."""

    def __init__(self, shape: Any, rate: Any):
        super().__init__(shape, rate, ("shape", "rate"))
        self.shape, self.rate = self._first, self._second

    @property
    def mean(self) -> np.ndarray:
        return self.shape / self.rate

    @property
    def mean_log(self) -> np.ndarray:
        """E[log x], shape batch + (d,)."""
        return special.digamma(self.shape) - np.log(self.rate)

    def _inside(self, x: np.ndarray) -> Any:
        return np.all(x >= 0, axis=-1)

    def _log_density(self, x: np.ndarray) -> Any:
        start = special.xlogy(self.shape, self.rate) - special.gammaln(self.shape)
        return np.sum(start + special.xlogy(self.shape - 1, x) - self.rate * x, axis=-1)

    def _sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        return rng.standard_gamma(self.shape, (n, *self.shape.shape)) / self.rate

    def entropy(self) -> Any:
        a = self.shape
        return np.sum(a - np.log(self.rate) + special.gammaln(a) + (1 - a) * special.digamma(a), axis=-1)[()]

    def _kl(self, other: Any) -> Any:
        if not isinstance(other, Gammas):
            return None
        a, b, c, d = self.shape, self.rate, other.shape, other.rate
        start = (a - c) * special.digamma(a) - special.gammaln(a) + special.gammaln(c)
        return np.sum(start + c * np.log(b / d) + a * (d - b) / b, axis=-1)[()]


class LogNormals(_Coordinates):
    """Independent coordinates whose logarithms are Normal(location, scale), both of shape (..., d)."""

    def __init__(self, location: Any, scale: Any):
        super().__init__(location, scale, ("location", "scale"))
        self.location, self.scale = self._first, self._second

    @classmethod
    def closest(cls, law: Gammas) -> LogNormals:
        """The log-normal laws with the smallest KL from themselves to these gamma laws.

        Its derivative in location and scale is zero where the mean is a/b and scale^2 is 1/a. The KL that is left is
        log Gamma(a) less Stirling's formula (a - 1/2) log a - a + log(2 pi) / 2: about 1/(12 a) a coordinate.
        """
        return cls(np.log(law.shape / law.rate) - 0.5 / law.shape, law.shape**-0.5)

    @property
    def mean(self) -> np.ndarray:
        return np.exp(self.location + 0.5 * self.scale**2)

    @property
    def mean_log(self) -> np.ndarray:
        """E[log x], shape batch + (d,)."""
        return self.location

    def _inside(self, x: np.ndarray) -> Any:
        return np.all(x > 0, axis=-1)

    def _log_density(self, x: np.ndarray) -> Any:
        logs = np.log(x)
        z = (logs - self.location) / self.scale
        return -np.sum(0.5 * (z * z + LOG_2PI) + np.log(self.scale) + logs, axis=-1)

    def _sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        return np.exp(self.location + self.scale * rng.standard_normal((n, *self.location.shape)))

    def entropy(self) -> Any:
        return np.sum(self.location + np.log(self.scale) + 0.5 * (LOG_2PI + 1), axis=-1)[()]

    def _kl(self, other: Any) -> Any:
        if isinstance(other, LogNormals):
            ratio, shift = self.scale / other.scale, (self.location - other.location) / other.scale
            return np.sum(0.5 * (shift**2 + (ratio - 1) * (ratio + 1)) - np.log(ratio), axis=-1)[()]
        if not isinstance(other, Gammas):
            return None
        a, b = other.shape, other.rate
        cross = special.xlogy(a, b) - special.gammaln(a) + (a - 1) * self.location - b * self.mean
        return (-self.entropy() - np.sum(cross, axis=-1))[()]


class Betas(_Coordinates):
    """Independent Beta(a, b) in each coordinate, both of shape (..., d)."""

    def __init__(self, a: Any, b: Any):
        super().__init__(a, b, ("a", "b"))
        self.a, self.b = self._first, self._second

    @property
    def mean(self) -> np.ndarray:
        return self.a / (self.a + self.b)

    @property
    def mean_logs(self) -> tuple[np.ndarray, np.ndarray]:
        """E[log x] and E[log(1 - x)], shape batch + (d,) each."""
        total = special.digamma(self.a + self.b)
        return special.digamma(self.a) - total, special.digamma(self.b) - total

    def _inside(self, x: np.ndarray) -> Any:
        return np.all((x >= 0) & (x <= 1), axis=-1)

    def _log_density(self, x: np.ndarray) -> Any:
        inner = special.xlogy(self.a - 1, x) + special.xlog1py(self.b - 1, -x)
        return np.sum(inner - special.betaln(self.a, self.b), axis=-1)

    def _sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        return rng.beta(self.a, self.b, (n, *self.a.shape))

    def entropy(self) -> Any:
        logs, others = self.mean_logs
        return np.sum(special.betaln(self.a, self.b) - (self.a - 1) * logs - (self.b - 1) * others, axis=-1)[()]

    def _kl(self, other: Any) -> Any:
        if not isinstance(other, Betas):
            return None
        logs, others = self.mean_logs
        start = special.betaln(other.a, other.b) - special.betaln(self.a, self.b)
        return np.sum(start + (self.a - other.a) * logs + (self.b - other.b) * others, axis=-1)[()]


class BernoulliProbabilities(VectorModel):
    """x_ij ~ Bernoulli(theta_j) independently, theta_j ~ Beta(a_j, b_j): the Beta-Bernoulli model of many data sets.

    Data (..., n, d), zeros and ones; a and b numbers or (d,). theta is the d probabilities.
    """

    prior: Betas

    def __init__(self, data: Any, a: Any = 1.0, b: Any = 1.0):
        where = type(self).__name__
        self.data = counts(data, "data", where, 2)
        if np.any(self.data > 1):
            raise IllFormed(f"expected zeros and ones for data of {where}, found {float(self.data.max())!r}")
        self.prior = Betas(*(_each(value, name, where, self.data.shape[-1]) for value, name in ((a, "a"), (b, "b"))))
        self.batch = self.data.shape[:-2]

    @cached_property
    def _counts(self) -> tuple[np.ndarray, np.ndarray]:
        ones = self.data.sum(axis=-2)
        return ones, self.data.shape[-2] - ones

    @cached_property
    def posterior(self) -> Betas:
        ones, zeros = self._counts
        return Betas(self.prior.a + ones, self.prior.b + zeros)

    @cached_property
    def log_evidence(self) -> Any:
        before, after = self.prior, self.posterior
        return np.sum(special.betaln(after.a, after.b) - special.betaln(before.a, before.b), axis=-1)[()]

    def _log_likelihood(self, theta: np.ndarray) -> Any:
        ones, zeros = self._counts
        return np.sum(special.xlogy(ones, theta) + special.xlog1py(zeros, -theta), axis=-1)

    def expected_log_likelihood(self, q: Any) -> Any:
        if not isinstance(q, Betas):
            return super().expected_log_likelihood(q)
        return sum(np.sum(n * logs, axis=-1) for n, logs in zip(self._counts, q.mean_logs, strict=True))[()]

    def replicate(self, theta: Any, rng: np.random.Generator) -> np.ndarray:
        return (rng.random(self.data.shape) < np.asarray(theta, float)[..., None, :]).astype(float)

    def given(self, data: Any) -> BernoulliProbabilities:
        return BernoulliProbabilities(data, self.prior.a, self.prior.b)


class PoissonRates(VectorModel):
    """x_ij ~ Poisson(exposure_i theta_j) independently, theta_j ~ Gamma(shape_j, rate_j): the Gamma-Poisson model.

    Data (..., n, d), counts; shape and rate numbers or (d,); exposure a number, (n,) or (..., n): how long, how much or
    how deep observation i was looked at, a cell's library size for one. theta is the d rates.
    """

    prior: Gammas

    def __init__(self, data: Any, shape: Any = 1.0, rate: Any = 1.0, exposure: Any = 1.0):
        where = type(self).__name__
        self.data = counts(data, "data", where, 2)
        d = self.data.shape[-1]
        self.prior = Gammas(_each(shape, "shape", where, d), _each(rate, "rate", where, d))
        self._given = given = array(exposure, "exposure", where, 0, positive=True)
        if given.ndim > self.data.ndim - 1 or given.shape != self.data.shape[self.data.ndim - 1 - given.ndim : -1]:
            raise IllFormed(
                f"expected a number or shape {self.data.shape[:-1]} for exposure of {where}, found {given.shape}"
            )
        self.exposure = np.broadcast_to(given, self.data.shape[:-1])
        self.batch = self.data.shape[:-2]

    @cached_property
    def _statistics(self) -> tuple[np.ndarray, Any, Any]:
        """Counts in all, exposure in all, and what of the log-likelihood does not depend on theta."""
        constant = special.xlogy(self.data, self.exposure[..., None]) - special.gammaln(self.data + 1)
        return self.data.sum(axis=-2), self.exposure.sum(axis=-1)[..., None], constant.sum(axis=(-1, -2))

    @cached_property
    def posterior(self) -> Gammas:
        total, exposure, _ = self._statistics
        return Gammas(self.prior.shape + total, self.prior.rate + exposure)

    @cached_property
    def log_evidence(self) -> Any:
        before, after = self.prior, self.posterior
        start = special.xlogy(before.shape, before.rate) - special.gammaln(before.shape)
        end = special.gammaln(after.shape) - special.xlogy(after.shape, after.rate)
        return (np.sum(start + end, axis=-1) + self._statistics[2])[()]

    def _log_likelihood(self, theta: np.ndarray) -> Any:
        total, exposure, constant = self._statistics
        return np.sum(special.xlogy(total, theta) - exposure * theta, axis=-1) + constant

    def expected_log_likelihood(self, q: Any) -> Any:
        if not isinstance(q, (Gammas, LogNormals)):
            return super().expected_log_likelihood(q)
        total, exposure, constant = self._statistics
        return (np.sum(total * q.mean_log - exposure * q.mean, axis=-1) + constant)[()]

    def replicate(self, theta: Any, rng: np.random.Generator) -> np.ndarray:
        return rng.poisson(self.exposure[..., None] * np.asarray(theta, float)[..., None, :]).astype(float)

    def given(self, data: Any) -> PoissonRates:
        return PoissonRates(data, self.prior.shape, self.prior.rate, self._given)


def _each(value: Any, name: str, where: str, d: int) -> np.ndarray:
    """A positive number for every coordinate, or one for all."""
    made = array(value, name, where, 0, positive=True, most=1)
    return sized(made, (d,), name, where) if made.ndim else np.full(d, float(made))
