"""Models whose evidence is known: a prior over one latent theta, a likelihood, and data D fixed at construction.

Each has ``log_prior``, ``log_likelihood`` and ``log_joint`` (theta of any shape in, that shape out), and the exact
``log_evidence`` and ``posterior`` by conjugacy, so that every term of the source's derivation has a true value.
``log_likelihood`` is the log density (or mass) of all of D at once, normalising constants included, and nan where
theta is no parameter at all. Natural logarithms. Formulas: Bishop, Pattern Recognition and Machine Learning,
sections 2.1 and 2.3; Gelman et al., Bayesian Data Analysis, chapter 2.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

import numpy as np
from scipy import special

from .distributions import Beta, Distribution, Gamma, Normal, Uniform, number
from .errors import IllFormed

__all__ = [
    "Beta",
    "BetaBernoulli",
    "ConjugateGaussian",
    "Distribution",
    "Gamma",
    "GammaPoisson",
    "Model",
    "Normal",
    "Uniform",
]


def observations(data: Any, where: str, kind: str = "finite numbers", ok: Any = None) -> np.ndarray:
    """`data` as a read-only float array of shape (n,), n >= 1; IllFormed names the first entry that is not `kind`."""
    try:
        made = np.array(data, dtype=float)
    except (TypeError, ValueError):
        raise IllFormed(f"expected {kind} for data of {where}, found {data!r}") from None
    if made.ndim != 1:
        raise IllFormed(f"expected data of shape (n,) for {where}, found shape {made.shape}")
    if made.size == 0:
        raise IllFormed(f"expected at least one observation for {where}, found none")
    good = np.isfinite(made)
    if ok is not None:
        good &= ok(np.where(good, made, 0.0))
    if not good.all():
        first = int(np.argmin(good))
        raise IllFormed(f"expected {kind} for data of {where}, found {float(made[first])!r} at position {first}")
    made.flags.writeable = False
    return made


class Model:
    """A joint law p(D, theta) at fixed D. Subclasses give prior, posterior, log_evidence and the likelihood."""

    data: np.ndarray
    prior: Distribution

    @property
    def posterior(self) -> Distribution:
        """The exact posterior p(theta | D) (source, equation 1)."""
        raise NotImplementedError

    @property
    def log_evidence(self) -> float:
        """The exact log p(D) (source, equation 2), in nats."""
        raise NotImplementedError

    @property
    def rounding(self) -> float:
        """The size of the terms that cancel in the log densities: they are good to a few eps times this."""
        raise NotImplementedError

    def log_prior(self, theta: Any) -> Any:
        """log p(theta)."""
        return self.prior.log_density(theta)

    def log_likelihood(self, theta: Any) -> Any:
        """log p(D | theta), of theta's shape; nan where theta is outside the parameter space."""
        theta = np.asarray(theta, float)
        low, high = self.prior.support
        with np.errstate(all="ignore"):
            inside = (theta >= low) & (theta <= high)
            return np.where(inside, self._log_likelihood(np.where(inside, theta, self.prior.mean)), np.nan)[()]

    def log_joint(self, theta: Any) -> Any:
        """log p(D, theta) (source, equation 24); -inf where the prior is zero."""
        prior = self.log_prior(theta)
        with np.errstate(all="ignore"):
            return np.where(prior == -np.inf, -np.inf, prior + self.log_likelihood(theta))[()]

    def expansion(self, at: float) -> tuple[float, float, float] | None:
        """(value, gradient, minus the second derivative) of ``log_joint`` at a point; None where it is no quadratic."""
        prior, rest = self.prior.expansion(at), self._expansion(at)
        if prior is None or rest is None:
            return None
        return prior[0] + rest[0], prior[1] + rest[1], prior[2] + rest[2]

    def _expansion(self, at: float) -> tuple[float, float, float] | None:
        return None

    def _log_likelihood(self, theta: np.ndarray) -> np.ndarray:
        raise NotImplementedError


class ConjugateGaussian(Model):
    """x_i ~ Normal(theta, sigma) independently, sigma known, and theta ~ Normal(mean, sd). Data of shape (n,)."""

    prior: Normal

    def __init__(self, data: Any, sigma: float = 1.0, mean: float = 0.0, sd: float = 1.0):
        where = type(self).__name__
        self.data = observations(data, where)
        self.sigma = number(sigma, "sigma", where, positive=True)
        self.prior = Normal(number(mean, "mean", where), number(sd, "sd", where, positive=True))

    @cached_property
    def _statistics(self) -> tuple[int, float, float]:
        centre = float(np.mean(self.data))
        return self.data.size, centre, float(np.sum((self.data - centre) ** 2))

    @cached_property
    def _top(self) -> float:
        """The log likelihood at the sample mean, where it is largest."""
        n, _, spread = self._statistics
        return -0.5 * (n * (math.log(2 * math.pi) + 2 * math.log(self.sigma)) + spread / self.sigma / self.sigma)

    @cached_property
    def posterior(self) -> Normal:
        n, centre, _ = self._statistics
        precision = self.prior.sd**-2 + n * self.sigma**-2
        shift = n * self.sigma**-2 / precision * (centre - self.prior.mean)
        return Normal(self.prior.mean + shift, precision**-0.5)

    @cached_property
    def log_evidence(self) -> float:
        # The sample mean is Normal(mean, sd^2 + sigma^2 / n); the rest of the data does not depend on theta.
        n, centre, spread = self._statistics
        marginal = Normal(self.prior.mean, math.hypot(self.prior.sd, self.sigma / math.sqrt(n)))
        rest = (n - 1) * math.log(2 * math.pi * self.sigma**2) + math.log(n) + spread / self.sigma**2
        return float(marginal.log_density(centre)) - 0.5 * rest

    @cached_property
    def rounding(self) -> float:
        n, _, spread = self._statistics
        return self.prior.rounding + n * (1 + abs(math.log(self.sigma))) + 0.5 * spread / self.sigma**2

    def _log_likelihood(self, theta: np.ndarray) -> np.ndarray:
        n, centre, _ = self._statistics
        return self._top - 0.5 * n * ((centre - theta) / self.sigma) ** 2

    def _expansion(self, at: float) -> tuple[float, float, float] | None:
        n, centre, _ = self._statistics
        gap = (centre - at) / self.sigma
        return self._top - 0.5 * n * gap * gap, n * gap / self.sigma, n / self.sigma / self.sigma


class BetaBernoulli(Model):
    """x_i ~ Bernoulli(theta) independently, theta ~ Beta(a, b). Data of shape (n,), zeros and ones."""

    prior: Beta

    def __init__(self, data: Any, a: float = 1.0, b: float = 1.0):
        where = type(self).__name__
        self.data = observations(data, where, "zeros and ones", lambda x: (x == 0) | (x == 1))
        self.prior = Beta(number(a, "a", where, positive=True), number(b, "b", where, positive=True))

    @cached_property
    def _counts(self) -> tuple[float, float]:
        ones = float(np.sum(self.data))
        return ones, self.data.size - ones

    @cached_property
    def posterior(self) -> Beta:
        ones, zeros = self._counts
        return Beta(self.prior.a + ones, self.prior.b + zeros)

    @cached_property
    def log_evidence(self) -> float:
        after, before = self.posterior, self.prior
        return float(special.betaln(after.a, after.b) - special.betaln(before.a, before.b))

    @cached_property
    def rounding(self) -> float:
        return self.prior.rounding + self.posterior.rounding

    def _log_likelihood(self, theta: np.ndarray) -> np.ndarray:
        ones, zeros = self._counts
        return special.xlogy(ones, theta) + special.xlog1py(zeros, -theta)


class GammaPoisson(Model):
    """x_i ~ Poisson(theta) independently, theta ~ Gamma(shape, rate). Data of shape (n,), counts 0, 1, 2, ..."""

    prior: Gamma

    def __init__(self, data: Any, shape: float = 1.0, rate: float = 1.0):
        where = type(self).__name__
        self.data = observations(data, where, "counts (0, 1, 2, ...)", lambda x: (x >= 0) & (x == np.floor(x)))
        self.prior = Gamma(number(shape, "shape", where, positive=True), number(rate, "rate", where, positive=True))

    @cached_property
    def _statistics(self) -> tuple[int, float, float]:
        return self.data.size, float(np.sum(self.data)), float(np.sum(special.gammaln(self.data + 1)))

    @cached_property
    def posterior(self) -> Gamma:
        n, total, _ = self._statistics
        return Gamma(self.prior.shape + total, self.prior.rate + n)

    @cached_property
    def log_evidence(self) -> float:
        before, after = self.prior, self.posterior
        start = before.shape * math.log(before.rate) - math.lgamma(before.shape)
        return start + math.lgamma(after.shape) - after.shape * math.log(after.rate) - self._statistics[2]

    @cached_property
    def rounding(self) -> float:
        return self.prior.rounding + self.posterior.rounding + self._statistics[2]

    def _log_likelihood(self, theta: np.ndarray) -> np.ndarray:
        n, total, constant = self._statistics
        return special.xlogy(total, theta) - n * theta - constant
