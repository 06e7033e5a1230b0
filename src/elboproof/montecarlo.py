"""Monte Carlo estimators. Each takes n and a ``numpy.random.Generator`` and returns Estimate(value, standard error).

The standard error is that of the n draws seen (the sample standard deviation over root n; infinite for n = 1): where
the importance weights have no second moment it is itself unreliable, and says nothing of the part not yet drawn. A draw
with an infinite value makes the estimate infinite, as it should: it had positive density. All in nats.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .distributions import Distribution, count
from .errors import IllFormed
from .estimate import EPS, Estimate, Scaled, exactly, exponential, is_infinite, is_zero, known, linear, off
from .models import Model


def _law(law: Any, what: str) -> Distribution:
    if not isinstance(law, Distribution):
        raise IllFormed(f"expected a distribution for {what}, found {law!r}")
    return law


def _mean(values: np.ndarray) -> Estimate:
    """Mean and standard error of independent draws; an infinity or a nan among them is kept."""
    return linear(mean_scaled(known(values)))


def mean_scaled(draws: Scaled) -> Scaled:
    """The mean of draws of shape (n,), its error the standard error plus what the draws are off by."""
    value, scale = np.asarray(draws.value, float), np.asarray(draws.scale, float)
    n = value.size
    infinite, undefined = is_infinite(draws), np.isnan(value) | np.isnan(scale)
    above, below = bool(np.any(infinite & (value > 0))), bool(np.any(infinite & (value < 0)))
    if undefined.any() or (above and below):
        return exactly(math.nan)
    if above or below:
        return exactly(math.inf if above else -math.inf)
    zero = is_zero(draws)
    if zero.all():
        return exactly(0.0)
    top = float(np.max(scale[~zero]))
    with np.errstate(all="ignore"):
        size = np.exp(np.where(zero, -np.inf, scale) - top)
        parts = np.where(zero, 0.0, value * size)
        rounding = float(np.mean(np.where(zero, 0.0, off(draws, top)))) + EPS * float(np.mean(np.abs(parts)))
    spread = float(np.std(parts, ddof=1)) / math.sqrt(n) if n > 1 else math.inf
    return Scaled(np.float64(np.mean(parts)), np.float64(top), np.float64(spread + rounding), np.float64(0.0))


def expectation(f: Callable[[Any], Any], law: Distribution, n: int, rng: np.random.Generator) -> Estimate:
    """E_law[f] from n draws (source, equation 19). f maps shape (n,) to shape (n,)."""
    drawn = _law(law, "law").sample(n, rng)
    values = np.asarray(f(drawn), float)
    if values.shape not in ((), drawn.shape):
        raise IllFormed(f"expected f to return shape {drawn.shape}, found {values.shape}")
    return _mean(np.broadcast_to(values, drawn.shape))


def log_weights(model: Model, q: Distribution, n: int, rng: np.random.Generator) -> np.ndarray:
    """log p(D, theta) - log q(theta) at n draws of q, shape (n,): the log importance weights of equation 9."""
    if not isinstance(model, Model):
        raise IllFormed(f"expected a model, found {model!r}")
    drawn = _law(q, "q").sample(n, rng)
    return model.log_joint(drawn) - q.log_density(drawn)


def elbo(model: Model, q: Distribution, n: int, rng: np.random.Generator) -> Estimate:
    """ELBO(q), the mean of the log weights (source, equation 11): unbiased. ``-inf`` once a draw leaves the prior."""
    return _mean(log_weights(model, q, n, rng))


def kl(q: Distribution, p: Distribution, n: int, rng: np.random.Generator) -> Estimate:
    """KL(q || p), the mean of log q - log p at n draws of q (source, equation 26): unbiased."""
    drawn = _law(q, "q").sample(n, rng)
    return _mean(q.log_density(drawn) - _law(p, "p").log_density(drawn))


def log_evidence(model: Model, q: Distribution, n: int, rng: np.random.Generator) -> Estimate:
    """log of the mean weight (source, equation 9), with the delta method's standard error.

    Biased: by Jensen it is too small on average, by about Var(w) / (2 n E[w]^2).
    """
    return _log_mean(log_weights(model, q, n, rng))


def evidence(model: Model, q: Distribution, n: int, rng: np.random.Generator) -> Estimate:
    """p(D) as the mean weight: unbiased wherever q covers the posterior.

    Raises IllFormed where p(D) is too small for a float: there only ``log_evidence`` can answer.
    """
    weights = log_weights(model, q, n, rng)
    top = float(np.max(weights))
    if -math.inf < top < -700:
        raise IllFormed(f"expected p(D) in a float's range, found weights up to exp({top:.0f}): use log_evidence")
    return _mean(np.exp(weights))


def _log_mean(logs: np.ndarray) -> Estimate:
    mean = mean_scaled(exponential(logs))
    if not (np.isfinite(mean.value) and mean.value > 0):
        return linear(mean) if mean.value != 0 else Estimate(-math.inf, 0.0)
    return Estimate(float(np.log(mean.value) + mean.scale), float(mean.error / mean.value))


def importance_weighted_bound(model: Model, q: Distribution, k: int, n: int, rng: np.random.Generator) -> Estimate:
    """E[log mean of k weights], from n groups of k draws: the ELBO for k = 1, and log p(D) as k grows.

    Burda, Grosse and Salakhutdinov, Importance Weighted Autoencoders (2016), equation 8.
    """
    k, n = count(k, "k"), count(n)
    logs = log_weights(model, q, k * n, rng).reshape(n, k)
    top = logs.max(axis=1, keepdims=True)
    safe = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        return _mean(np.log(np.mean(np.exp(logs - safe), axis=1)) + safe[:, 0])
