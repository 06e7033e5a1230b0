"""Gradients of the ELBO in the parameters of a Gaussian q, by the score function and by reparameterisation.

With z = L^-1 (theta - mean) standard normal, L the Cholesky factor (diag(sd) for `Diagonal`, sd for `Normal`) and
f = log p(D, theta) - log q(theta):

    score function      E_q[f grad log q]:  f L^-T z for the mean,  f (tril(L^-T z z^T) - diag(1/L_ii)) for L
    reparameterisation  E_z[grad f(mean + L z)]:  g for the mean,  tril(g z^T) + diag(1/L_ii) for L

with g = grad log p(D, theta).

For `Diagonal` and `Normal` the scale is log sd: f (z^2 - 1), and g z sd + 1. Sources: Ranganath, Gerrish and Blei,
Black Box Variational Inference (2014), equation 3; Kingma and Welling, Auto-Encoding Variational Bayes (2014), section
2.4; for the path derivative, Roeder, Wu and Duvenaud, Sticking the Landing (2017), equation 7.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .distributions import Normal, count, generator
from .errors import IllFormed
from .estimate import Estimate
from .gaussians import Diagonal, Gaussian
from .models import Model
from .vectors import VectorModel, apply, solve_upper


class Gradient(NamedTuple):
    """Estimates of the gradient in the mean, (d,), and in the scale: log sd, (d,), or the factor, (d, d) lower.

    For `Normal` both are numbers. Errors are standard errors.
    """

    mean: Estimate
    scale: Estimate
    draws: int

    @property
    def variance(self) -> float:
        """The variance of a single draw's estimate, summed over all components: what one compares."""
        return float(self.draws * (np.sum(np.square(self.mean.error)) + np.sum(np.square(self.scale.error))))


class _Drawn(NamedTuple):
    z: np.ndarray
    theta: np.ndarray


def _draw(model: Any, q: Any, n: int, rng: np.random.Generator) -> _Drawn:
    if not isinstance(q, (Normal, Diagonal, Gaussian)):
        raise IllFormed(f"expected a Normal, Diagonal or Gaussian for q, found {type(q).__name__}")
    if not isinstance(model, Model if isinstance(q, Normal) else VectorModel):
        raise IllFormed(f"expected a model of q's dimension, found {type(model).__name__} with {type(q).__name__}")
    if getattr(model, "batch", ()) or getattr(q, "batch", ()):
        raise IllFormed("expected one data set and one q for a gradient, found a batch")
    count(n, least=2)
    shape = (n,) if isinstance(q, Normal) else (n, *q.event)
    z = generator(rng).standard_normal(shape)
    if isinstance(q, Gaussian):
        return _Drawn(z, q.mean + apply(q.factor, z))
    return _Drawn(z, q.mean + q.sd * z)


def _estimates(mean: np.ndarray, scale: np.ndarray) -> Gradient:
    n = len(mean)
    parts = [Estimate(x.mean(axis=0)[()], (x.std(axis=0, ddof=1) / np.sqrt(n))[()]) for x in (mean, scale)]
    return Gradient(parts[0], parts[1], n)


def _outer(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.tril(a[:, :, None] * b[:, None, :])


def score(model: Any, q: Any, n: int, rng: np.random.Generator, baseline: bool = False) -> Gradient:
    """The score-function (REINFORCE) gradient from n >= 2 draws: unbiased, needs only log densities.

    ``baseline=True`` subtracts from each f the mean of the others', which keeps it unbiased and lowers the variance
    (its standard error then neglects the small correlation between draws). Raises IllFormed for a q that is not
    Gaussian, a batch, and where a draw leaves the prior's support (the ELBO is -inf there and has no gradient).
    """
    z, theta = _draw(model, q, n, rng)
    f = np.asarray(model.log_joint(theta) - q.log_density(theta))
    if not np.isfinite(f).all():
        raise IllFormed(f"expected finite log weights for a gradient, found {float(f[~np.isfinite(f)][0])!r}")
    if baseline:
        f = f - (f.sum() - f) / (n - 1)
    if isinstance(q, Gaussian):
        pull = solve_upper(q.factor, z)
        slope = _outer(pull, z) - np.diag(1 / np.diag(q.factor))
        return _estimates(f[:, None] * pull, f[:, None, None] * slope)
    weight = f if isinstance(q, Normal) else f[:, None]
    return _estimates(weight * z / q.sd, weight * (z**2 - 1))


def reparameterised(
    model: Any,
    q: Any,
    n: int,
    rng: np.random.Generator,
    gradient: Callable[[np.ndarray], np.ndarray] | None = None,
    path: bool = False,
) -> Gradient:
    """The reparameterisation (pathwise) gradient from n >= 2 draws: unbiased.

    ``gradient`` is that of log p(D, theta) in theta, of theta's shape; the model's own by default. ``path=True`` draws
    the entropy's part as well, without its score: then the variance vanishes where q is the posterior.
    """
    z, theta = _draw(model, q, n, rng)
    if gradient is None:
        if not isinstance(model, VectorModel):
            raise IllFormed(f"expected a gradient of log p(D, theta) for {type(model).__name__}, found none")
        gradient = model.gradient
    g = np.asarray(gradient(theta), float)
    if g.shape != theta.shape or not np.isfinite(g).all():
        raise IllFormed(f"expected a finite gradient of shape {theta.shape}, found shape {g.shape}")
    if isinstance(q, Gaussian):
        if path:
            g = g + solve_upper(q.factor, z)
            return _estimates(g, _outer(g, z))
        return _estimates(g, _outer(g, z) + np.diag(1 / np.diag(q.factor)))
    if path:
        g = g + z / q.sd
        return _estimates(g, g * z * q.sd)
    return _estimates(g, g * z * q.sd + 1)
