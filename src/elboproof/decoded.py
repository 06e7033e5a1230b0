"""Images under a VAE's decoder, as a model: the bounds on their evidence, and what the gap is made of.

`Decoded` makes of a trained decoder and some images a model like any other, so that the ELBO, the importance-weighted
bound and the claims of the book are evaluated on it by the same code. For two latent dimensions the evidence itself
is an integral over the plane (`plane_evidence`), and the gap of an encoder's q splits (Cremer, Li and Duvenaud,
Inference Suboptimality in Variational Autoencoders, 2018, table 1):

    log p(x) - ELBO(q)  =  log p(x) - ELBO(q*)   +   ELBO(q*) - ELBO(q)
         the gap            of the approximation      of the amortisation

where q* is the best diagonal Gaussian for this one image (`refine`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from .distributions import count, generator, number
from .errors import IllFormed
from .estimate import Estimate
from .gaussians import Diagonal
from .montecarlo import log_weights
from .network import Adam, affine, by_input, sigmoid
from .progress import progress
from .vae import VAE
from .vectors import VectorModel, array, sized

_BLOCK = 1 << 22  # numbers of a block of decoded images: 32 MB


class Decoded(VectorModel):
    """x given z: independent Bernoulli pixels by the VAE's decoder; z ~ Normal(0, I). Images (pixels,) or (n, pixels).

    Each image is a data set of the batch. Pixels must be 0 or 1: a Bernoulli law gives no other value a probability.
    """

    prior: Diagonal

    def __init__(self, images: Any, vae: VAE):
        where = type(self).__name__
        self.vae = vae
        self.data = sized(array(images, "images", where, most=2), (vae.pixels,), "images", where)
        if not np.isin(self.data, (0, 1)).all():
            raise IllFormed(f"expected pixels 0 or 1 for images of {where}, found others: binarise them")
        self.prior = Diagonal(np.zeros(vae.latent), 1.0)
        self.batch = self.data.shape[:-1]

    def _log_likelihood(self, theta: np.ndarray) -> Any:
        a = np.asarray(self.vae.logits(theta), float)
        return np.einsum("...i,...i->...", a, self.data) - np.sum(np.logaddexp(0, a), axis=-1)

    def gradient(self, theta: Any) -> np.ndarray:
        theta = np.asarray(theta, float)
        vae, flat = self.vae, np.ascontiguousarray(theta.reshape(-1, self.vae.latent), self.vae.vector.dtype)
        into_g, into_logits = vae.layers[2:]
        g = vae.act.apply(affine(flat, into_g), np.zeros(vae.hidden, flat.dtype))
        d_logits = self.data - sigmoid(affine(g, into_logits)).reshape(*theta.shape[:-1], vae.pixels)
        d_g = vae.act.pull(g, by_input(d_logits.reshape(-1, vae.pixels), into_logits))
        d_z = by_input(d_g, into_g)
        return d_z.reshape(theta.shape) - theta

    def replicate(self, theta: Any, rng: np.random.Generator) -> np.ndarray:
        inked = self.vae.decode(theta)
        return (generator(rng).random(inked.shape) < inked).astype(float)

    def given(self, data: Any) -> Decoded:
        return Decoded(data, self.vae)


# -- averages under q ------------------------------------------------------------------------------------------------


class Rule(NamedTuple):
    """Points (k, d) and weights (k,) whose weighted sum stands for the mean under Normal(0, I)."""

    points: np.ndarray
    weights: np.ndarray


def gauss_hermite(dimensions: int, nodes: int) -> Rule:
    """The product rule with that many nodes an axis: exact for polynomials of degree 2 nodes - 1 in each variable."""
    x, w = np.polynomial.hermite_e.hermegauss(count(nodes, "nodes"))
    w = w / w.sum()
    axes = count(dimensions, "dimensions")
    points = np.array(list(product(x, repeat=axes)))
    return Rule(points, np.array([math.prod(parts) for parts in product(w, repeat=axes)]))


def drawn(dimensions: int, n: int, rng: np.random.Generator) -> Rule:
    """n independent draws, of equal weight."""
    return Rule(generator(rng).standard_normal((count(n), dimensions)), np.full(n, 1.0 / n))


def elbo(model: Decoded, q: Diagonal, rule: Rule) -> np.ndarray:
    """ELBO(q) of each image, shape batch: the mean log-likelihood by the rule, the KL divergence in closed form."""
    points = q.mean + q.sd * _broadcast(rule.points, q)
    return np.tensordot(rule.weights, model.log_likelihood(points), axes=1) - q.kl(model.prior)


def refine(model: Decoded, q: Diagonal, rule: Callable[[], Rule], steps: int = 200, rate: float = 0.05) -> Diagonal:
    """The diagonal Gaussian that is best for each image alone, as far as a climb from q by Adam on its ELBO finds it.

    The gradient is that of reparameterisation, averaged by what `rule()` gives at each step; the rate falls linearly to
    zero. An ELBO may have several tops, and this ends on one of them: ELBO(q*) is at least what is found. Raises
    IllFormed where q is not one law an image.
    """
    if q.batch != model.batch:
        raise IllFormed(f"expected a q for each image, batch {model.batch}, found batch {q.batch}")
    where = np.stack([q.mean, np.log(q.sd)])
    adam = Adam(where.reshape(-1), number(rate, "rate", "refine", positive=True))
    for step in progress(range(count(steps, "steps")), "refining q"):
        points, weights = rule()
        z, sd = _broadcast(points, q), np.exp(where[1])
        slope = model.gradient(where[0] + sd * z)  # of log p(x, z), the prior included
        by_mean = np.tensordot(weights, slope, axes=1)
        by_log_sd = np.tensordot(weights, slope * z, axes=1) * sd + 1
        adam.rate = rate * (1 - step / steps)
        adam.step(np.stack([by_mean, by_log_sd]).reshape(-1))
    return Diagonal(where[0], np.exp(where[1]))


def _broadcast(points: np.ndarray, q: Diagonal) -> np.ndarray:
    return points.reshape(len(points), *(1,) * len(q.batch), points.shape[-1])


# -- the evidence ----------------------------------------------------------------------------------------------------


def plane_evidence(model: Decoded, half: float = 9.0, step: float = 0.05) -> Estimate:
    """log p(x) of each image for a VAE with two latent dimensions, shape batch, and its error.

    The trapezoidal rule on a square of side 2 `half`. Outside, p(x | z) <= 1, so what is left out is at most the
    prior's mass there: a bound. On the square the error is that between this step and twice the step, an estimate: for
    a smooth decoder the rule converges faster than any power of the step (Trefethen and Weideman, The Exponentially
    Convergent Trapezoidal Rule, 2014).
    """
    if model.vae.latent != 2:
        raise IllFormed(f"expected a VAE with 2 latent dimensions for plane_evidence, found {model.vae.latent}")
    half, step = (number(x, n, "plane_evidence", positive=True) for x, n in ((half, "half"), (step, "step")))
    n = 2 * math.ceil(half / step / 2)  # an even number of steps, so that every second point is a grid too
    axis = step * np.arange(-n, n + 1)
    fine, coarse = np.full(model.batch, -np.inf), np.full(model.batch, -np.inf)
    rows = max(1, _BLOCK // (axis.size * max(model.data.shape[-1], model.data.size // model.data.shape[-1])))
    for start in range(0, axis.size, rows):
        block = np.stack(np.meshgrid(axis[start : start + rows], axis, indexing="ij"), axis=-1)
        logs = _joint(model, block.reshape(-1, 2))
        logs = logs.reshape(*block.shape[:2], *model.batch)
        fine = np.logaddexp(fine, _log_sum(logs))
        coarse = np.logaddexp(coarse, _log_sum(logs[start % 2 :: 2, ::2]))
    value, other = fine + 2 * math.log(step), coarse + 2 * math.log(2 * step)
    outside = 2 * math.erfc(axis[-1] / math.sqrt(2))
    tail = np.log1p(outside * np.exp(-value))
    return Estimate(value[()], (np.abs(value - other) + tail)[()])


def _joint(model: Decoded, z: np.ndarray) -> np.ndarray:
    """log p(x, z) at points (m, d) for every image: shape (m,) + batch. One product of matrices for all."""
    a = np.asarray(model.vae.logits(z), float)
    start = model.prior.log_density(z) - np.sum(np.logaddexp(0, a), axis=-1)
    return start.reshape(-1, *(1,) * len(model.batch)) + a @ model.data.T


def _log_sum(logs: np.ndarray) -> np.ndarray:
    flat = logs.reshape(-1, *logs.shape[2:])
    if not len(flat):
        return np.full(logs.shape[2:], -np.inf)
    top = flat.max(axis=0)
    return top + np.log(np.sum(np.exp(flat - top), axis=0))


class Sandwich(NamedTuple):
    """Bounds on the mean log p(x) of images that a model makes, and how far they lie apart, each with standard error.

    Both bounds share their images, so their distance is known better than either.
    """

    lower: Estimate
    upper: Estimate
    apart: Estimate


def sandwich(
    vae: VAE, images: int, k: int, rng: np.random.Generator, q: Callable[[np.ndarray], Diagonal] | None = None
) -> Sandwich:
    """Bounds on the mean log p(x) of images that the model itself makes.

    z ~ p(z), x ~ p(x | z) makes z an exact draw from the posterior of x. The lower bound is the importance-weighted one
    from k draws of q (Burda, Grosse and Salakhutdinov, 2016, equation 8). The upper bound puts z among them: with
    z_1 ~ p(z | x), z_2, ..., z_k ~ q, the mean of log (1/k) sum_i w_i is at least log p(x), by the KL divergence of the
    two ways to make (z_1, ..., z_k) (simulated data as in Grosse, Ghahramani and Adams, Sandwiching the Marginal
    Likelihood Using Bidirectional Monte Carlo, 2015). q is the encoder's by default.
    """
    images, k = count(images, "images", least=2), count(k, "k")
    z = generator(rng).standard_normal((images, vae.latent))
    model = Decoded((rng.random((images, vae.pixels)) < vae.decode(z)).astype(float), vae)
    law = (q or vae.q)(model.data)
    logs = log_weights(model, law, k, rng)
    lower = _log_sum(logs[:, None]) - math.log(k)
    logs[0] = model.log_joint(z) - law.log_density(z)
    upper = _log_sum(logs[:, None]) - math.log(k)
    found = (lower, upper, upper - lower)
    return Sandwich(*(Estimate(float(x.mean()), float(x.std(ddof=1) / math.sqrt(images))) for x in found))


__all__ = ["Decoded", "Rule", "drawn", "elbo", "gauss_hermite", "plane_evidence", "refine", "sandwich"]
