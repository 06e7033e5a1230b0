"""Models whose joint law is Gaussian, in any dimension, enclosed: nothing in them needs an integral, only balls.

One description serves all: theta ~ Normal(m, S), and blocks of data y_b ~ Normal(X_b theta, R_b) that are independent
given theta. With y, X and R all blocks together, and q = Normal(n, C) in d dimensions (Bishop, Pattern Recognition and
Machine Learning (2006), section 2.3; Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), section
2.1):

    log p(D)  = log Normal(y; X m, X S X^T + R)                              the law of the data, theta nowhere
    ELBO      = sum_b [log Normal(y_b; X_b n, R_b) - tr(R_b^-1 X_b C X_b^T) / 2]
                + log Normal(n; m, S) - tr(S^-1 C) / 2 + (log det C + d log(2 pi e)) / 2
    KL        = [tr(P C) - d - log det(P C) + (n - c)^T P (n - c)] / 2       the posterior is Normal(c, P^-1)
                P = S^-1 + X^T R^-1 X,  P c = S^-1 m + X^T R^-1 y

No number of one row is used in another: that they add up is the determinant lemma and the completed square, found again
in the digits. The evidence solves a system as large as the data, at the cost of its cube: a moment for 100 numbers,
seconds for 400. The others solve one as large as theta.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from flint import arb, arb_mat

from .exact_laws import (
    as_gaussian,
    cholesky,
    column,
    covariance_of,
    factor_of,
    identity,
    log_det,
    matrix,
    solve,
)
from .gaussians import Diagonal, Gaussian
from .latent import FactorAnalysis, ProbabilisticPCA, RandomIntercept
from .means import GaussianMean
from .regression import LinearRegression


class Block(NamedTuple):
    """y ~ Normal(X theta, R): data (k, 1), design (k, d), noise (k, k)."""

    data: arb_mat
    design: arb_mat
    noise: arb_mat


def _one_by_one(data: Any, design: Any, variances: list[arb], offset: Any = None) -> list[Block]:
    """Independent observations, a block each; ``offset`` is known and comes off the data."""
    y, x = column(data), matrix(design)
    y = y if offset is None else y - column(offset)
    rows = zip(y.tolist(), x.tolist(), variances, strict=True)
    return [Block(arb_mat([left]), arb_mat([row]), arb_mat([[v]])) for left, row, v in rows]


def _regression(model: LinearRegression) -> list[Block]:
    return _one_by_one(model.data, model.design, [arb(model.sigma) ** 2] * len(model.data))


def _factors(model: FactorAnalysis) -> list[Block]:
    return _one_by_one(model.data, model.loadings, [arb(float(v)) for v in model.variances], model.mean)


def _intercepts(model: RandomIntercept) -> list[Block]:
    n = len(model.data)
    offset = model.mean if model.mean.ndim else [model.mean] * n
    return _one_by_one(model.data, model.member, [arb(model.within) ** 2] * n, offset)


def _mean(model: GaussianMean) -> list[Block]:
    noise = matrix(model.noise)
    cholesky(noise, "noise of GaussianMean")
    return [Block(column(row), identity(noise.nrows()), noise) for row in model.data]


READ: dict[type, Callable[[Any], list[Block]]] = {
    LinearRegression: _regression,
    GaussianMean: _mean,
    FactorAnalysis: _factors,
    ProbabilisticPCA: _factors,
    RandomIntercept: _intercepts,
}


def _stacked(parts: list[arb_mat]) -> arb_mat:
    return arb_mat([row for part in parts for row in part.tolist()])


def _prior(model: Any) -> tuple[arb_mat, arb_mat]:
    prior: Gaussian | Diagonal = model.prior
    return column(prior.mean), covariance_of(prior, f"the prior covariance of {type(model).__name__}")


def _log_normal(rest: arb_mat, variance: arb_mat) -> arb:
    """log Normal(rest; 0, variance), for rest of shape (k, 1)."""
    size = (rest.transpose() * solve(variance, rest))[0, 0]
    return -(rest.nrows() * (2 * arb.pi()).log() + variance.det().log() + size) / 2


def log_evidence(model: Any, _need: float) -> arb:
    """log p(D), from the law of the data."""
    blocks, (mean, covariance) = READ[type(model)](model), _prior(model)
    design = _stacked([b.design for b in blocks])
    variance, start = design * covariance * design.transpose(), 0
    for block in blocks:
        k = block.noise.nrows()
        for i in range(k):
            for j in range(k):
                variance[start + i, start + j] += block.noise[i, j]
        start += k
    return _log_normal(_stacked([b.data for b in blocks]) - design * mean, variance)


def _law(model: Any, q: Any) -> tuple[int, arb_mat, arb_mat, arb]:
    """d, and q's mean, covariance and log determinant."""
    (d,) = model.prior.event
    law = as_gaussian(q, d)
    return d, column(law.mean), covariance_of(law, "the covariance of q"), log_det(factor_of(law))


def elbo(model: Any, q: Any, _need: float) -> arb:
    """E_q[log p(D, theta) - log q(theta)], block by block."""
    d, mean, spread, volume = _law(model, q)
    centre, covariance = _prior(model)
    out = _log_normal(mean - centre, covariance) - solve(covariance, spread).trace() / 2
    out += (volume + d * (1 + (2 * arb.pi()).log())) / 2
    for data, design, noise in READ[type(model)](model):
        out += _log_normal(data - design * mean, noise)
        out -= solve(noise, design * spread * design.transpose()).trace() / 2
    return out


def kl(model: Any, q: Any, _evidence: arb, _need: float) -> arb:
    """KL(q || posterior), the posterior solved for."""
    d, mean, spread, volume = _law(model, q)
    centre, covariance = _prior(model)
    precision = solve(covariance, identity(d))
    pull = precision * centre
    for data, design, noise in READ[type(model)](model):
        weighted = solve(noise, design).transpose()
        precision, pull = precision + weighted * design, pull + weighted * data
    shift = mean - solve(precision, pull)
    far = (shift.transpose() * precision * shift)[0, 0]
    return ((precision * spread).trace() - d - precision.det().log() - volume + far) / 2
