"""Monte Carlo estimators. Each takes n and a ``numpy.random.Generator`` and returns Estimate(value, standard error).

The standard error is that of the n draws seen (the sample standard deviation over root n; infinite for n = 1): where
the importance weights have no second moment it is itself unreliable, and says nothing of the part not yet drawn. A draw
with an infinite value makes the estimate infinite, as it should: it had positive density. All in nats.

Latents may be numbers (`models`), vectors or labels (`vectors`); for a batch of data sets every estimate is an array of
the batch's shape, from the same number of draws each.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .distributions import Distribution, count, generator
from .errors import IllFormed
from .estimate import EPS, Estimate, Scaled, exactly, exponential, is_infinite, is_zero, known, linear, off
from .models import Model
from .quadratics import average, log_weight
from .vectors import VectorDistribution, VectorModel

Law = Distribution | VectorDistribution


def _law(law: Any, what: str) -> Law:
    if not isinstance(law, (Distribution, VectorDistribution)):
        raise IllFormed(f"expected a distribution for {what}, found {law!r}")
    return law


def _mean(values: np.ndarray) -> Estimate:
    """Mean and standard error of independent draws along the first axis; an infinity or a nan among them is kept."""
    return _columns(lambda column: linear(mean_scaled(known(column))), values)


def _columns(f: Callable[[np.ndarray], Estimate], values: np.ndarray) -> Estimate:
    """f of each column of draws: values of shape (n,) + batch."""
    if values.ndim == 1:
        return f(values)
    found = [f(column) for column in values.reshape(len(values), -1).T]
    value, error = (np.array(part).reshape(values.shape[1:]) for part in zip(*found, strict=True))
    return Estimate(value, error)


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


def expectation(f: Callable[[Any], Any], law: Law, n: int, rng: np.random.Generator) -> Estimate:
    """E_law[f] from n draws (source, equation 19). f maps shape (n,) + batch + event to shape (n,) + batch."""
    drawn = _law(law, "law").sample(n, rng)
    shape = drawn.shape[: drawn.ndim - len(law.event if isinstance(law, VectorDistribution) else ())]
    values = np.asarray(f(drawn), float)
    if values.shape not in ((), shape):
        raise IllFormed(f"expected f to return shape {shape}, found {values.shape}")
    return _mean(np.broadcast_to(values, shape))


def log_weights(model: Model | VectorModel, q: Law, n: int, rng: np.random.Generator) -> np.ndarray:
    """log p(D, theta) - log q(theta) at n draws of q: the log importance weights of equation 9. Shape (n,) + batch."""
    if not isinstance(model, (Model, VectorModel)):
        raise IllFormed(f"expected a model, found {model!r}")
    drawn = _law(q, "q").sample(n, rng)
    batch, sets = (x.batch if isinstance(x, (VectorDistribution, VectorModel)) else () for x in (q, model))
    if batch not in ((), sets):
        raise IllFormed(f"expected a q for each data set of a batch {sets}, found batch {batch}")
    if not batch and sets:  # one q for all: the same draws serve every data set
        drawn = drawn.reshape(n, *(1,) * len(sets), *drawn.shape[1:])
    return model.log_joint(drawn) - q.log_density(drawn)


def elbo(model: Model | VectorModel, q: Law, n: int, rng: np.random.Generator) -> Estimate:
    """ELBO(q), the mean of the log weights (source, equation 11): unbiased. ``-inf`` once a draw leaves the prior.

    Where the log weight is a quadratic of Gaussian draws, through sufficient statistics (`quadratics`): the same draws
    and, but for rounding, the same estimate, at little more than the cost of drawing.
    """
    if isinstance(model, (Model, VectorModel)) and (form := log_weight(model, q)) is not None:
        return average(form, count(n), generator(rng))
    return _mean(log_weights(model, q, n, rng))


def kl(q: Law, p: Law, n: int, rng: np.random.Generator) -> Estimate:
    """KL(q || p), the mean of log q - log p at n draws of q (source, equation 26): unbiased."""
    if isinstance(p, (Distribution, VectorDistribution)) and (form := log_weight(p, q)) is not None:
        found = average(form, count(n), generator(rng))
        return Estimate(-found.value, found.error)
    drawn = _law(q, "q").sample(n, rng)
    return _mean(q.log_density(drawn) - _law(p, "p").log_density(drawn))


def log_evidence(model: Model | VectorModel, q: Law, n: int, rng: np.random.Generator) -> Estimate:
    """log of the mean weight (source, equation 9), with the delta method's standard error.

    Biased: by Jensen it is too small on average, by about Var(w) / (2 n E[w]^2).
    """
    return _columns(_log_mean, log_weights(model, q, n, rng))


def evidence(model: Model | VectorModel, q: Law, n: int, rng: np.random.Generator) -> Estimate:
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


def importance_weighted_bound(model: Model | VectorModel, q: Law, k: int, n: int, rng: np.random.Generator) -> Estimate:
    """E[log mean of k weights], from n groups of k draws: the ELBO for k = 1, and log p(D) as k grows.

    Burda, Grosse and Salakhutdinov, Importance Weighted Autoencoders (2016), equation 8.
    """
    k, n = count(k, "k"), count(n)
    logs = log_weights(model, q, k * n, rng)
    logs = logs.reshape(n, k, *logs.shape[1:])
    top = logs.max(axis=1, keepdims=True)
    safe = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        return _mean(np.log(np.mean(np.exp(logs - safe), axis=1)) + safe[:, 0])
