"""Linear models with unknown noise, enclosed: y ~ Normal(X w, v I), with w and v unknown, in any dimension.

The prior is normal-inverse-gamma: w given v ~ Normal(m, v P^-1), v ~ InverseGamma(a, b); q is of that family, or a
product of a Gaussian and an inverse gamma. With n observations and d weights (Bishop, Pattern Recognition and Machine
Learning (2006), section 2.3.7; Murphy, Conjugate Bayesian analysis of the Gaussian distribution (2007), section 6):

    log p(D)  = log Student(y; 2a degrees of freedom, centre X m, shape (b/a) M),   M = I + X P^-1 X^T
              = log Gamma(a + n/2) - log Gamma(a) - [n log(2 pi b) + log det M + (2a + n) log(1 + r^T M^-1 r / 2b)] / 2
    ELBO      = E_q[log Normal(y; X w, v I)] + E_q[log prior] + H(q)
    KL        = -H(q) - E_q[log posterior], the posterior normal-inverse-gamma, of parameters
                P' = P + X^T X,  P' m' = P m + X^T y,  a' = a + n/2,  b' = b + (y^T y + m^T P m - m'^T P' m') / 2

with r = y - X m. The means need of q only E[log v], E[1/v], E[w] and E[(w - E w)(w - E w)^T / v].
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from flint import arb, arb_mat

from .conjugate import InverseGamma, NormalInverseGamma
from .errors import IllFormed
from .exact_laws import cholesky, column, covariance_of, factor_of, identity, log_det, matrix, solve
from .gaussians import Diagonal, Gaussian
from .means import GaussianMeanVariance
from .products import Product
from .regression import NoisyLinearRegression


class _Law(NamedTuple):
    """Normal-inverse-gamma: mean (d, 1), precision (d, d), a, b."""

    mean: arb_mat
    precision: arb_mat
    a: arb
    b: arb


class _Moments(NamedTuple):
    """E[log v], E[1/v], E[w] (d, 1) and E[(w - E w)(w - E w)^T / v] (d, d) under q, and its entropy."""

    log_v: arb
    rate: arb
    mean: arb_mat
    spread: arb_mat
    entropy: arb


def _regression(model: NoisyLinearRegression) -> tuple[arb_mat, arb_mat]:
    return column(model.data), matrix(model.design)


def _mean_and_variance(model: GaussianMeanVariance) -> tuple[arb_mat, arb_mat]:
    n, d = model.data.shape
    return column(model.data.ravel()), matrix(np.tile(np.eye(d), (n, 1)))


READ: dict[type, Callable[[Any], tuple[arb_mat, arb_mat]]] = {
    NoisyLinearRegression: _regression,
    GaussianMeanVariance: _mean_and_variance,
}


def _law(law: NormalInverseGamma, name: str) -> _Law:
    precision = matrix(law.precision)
    cholesky(precision, name)
    return _Law(column(law.location), precision, arb(float(law.a)), arb(float(law.b)))


def _prior(model: Any) -> _Law:
    return _law(model.prior, f"the prior precision of {type(model).__name__}")


def _log_2pi() -> arb:
    return (2 * arb.pi()).log()


def _square(rest: arb_mat, weight: arb_mat) -> arb:
    return (rest.transpose() * weight * rest)[0, 0]


def _inverse_gamma_entropy(a: arb, b: arb) -> arb:
    return a + b.log() + a.lgamma() - (1 + a) * a.digamma()


def _moments(model: Any, q: Any) -> _Moments:
    d = model.prior.location.shape[-1]
    if isinstance(q, NormalInverseGamma) and not q.batch and q.event == (d + 1,):
        law = _law(q, "the precision of q")
        a, b = law.a, law.b
        log_v = b.log() - a.digamma()
        normal = (d * (_log_2pi() + 1 + log_v) - log_det(cholesky(law.precision, "the precision of q"))) / 2
        spread = solve(law.precision, identity(d))
        return _Moments(log_v, a / b, law.mean, spread, normal + _inverse_gamma_entropy(a, b))
    if isinstance(q, Product) and len(q.factors) == 2 and q.event == (d + 1,):
        w, v = q.factors
        if isinstance(w, (Gaussian, Diagonal)) and isinstance(v, InverseGamma):
            a, b = arb(float(v.a)), arb(float(v.b))
            normal = (d * (_log_2pi() + 1) + log_det(factor_of(w, "the covariance of q"))) / 2
            spread = covariance_of(w, "the covariance of q") * (a / b)
            return _Moments(b.log() - a.digamma(), a / b, column(w.mean), spread, normal + _inverse_gamma_entropy(a, b))
    raise IllFormed(
        f"expected a NormalInverseGamma, or a Product of a Gaussian and an InverseGamma, of {d + 1} coordinates "
        f"for q of {type(model).__name__}, found a {type(q).__name__}"
    )


def _mean_log(law: _Law, q: _Moments) -> arb:
    """E_q[log density of a normal-inverse-gamma law]."""
    d, a, b = law.mean.nrows(), law.a, law.b
    size = q.rate * _square(q.mean - law.mean, law.precision) + (law.precision * q.spread).trace()
    normal = (law.precision.det().log() - d * (_log_2pi() + q.log_v) - size) / 2
    return normal + a * b.log() - a.lgamma() - (a + 1) * q.log_v - b * q.rate


def log_evidence(model: Any, _need: float) -> arb:
    """log p(D), from the law of the data."""
    (y, x), prior = READ[type(model)](model), _prior(model)
    n, a, b = y.nrows(), prior.a, prior.b
    rest = y - x * prior.mean
    shape = identity(n) + x * solve(prior.precision, x.transpose())
    size = (rest.transpose() * solve(shape, rest))[0, 0]
    half = arb(n) / 2
    out = (a + half).lgamma() - a.lgamma() - half * (_log_2pi() + b.log())
    return out - shape.det().log() / 2 - (a + half) * (size / (2 * b)).log1p()


def elbo(model: Any, q: Any, _need: float) -> arb:
    """E_q[log p(D, theta) - log q(theta)], from the data themselves."""
    (y, x), found = READ[type(model)](model), _moments(model, q)
    rest = y - x * found.mean
    size = found.rate * (rest.transpose() * rest)[0, 0] + (x.transpose() * (x * found.spread)).trace()
    likelihood = -(y.nrows() * (_log_2pi() + found.log_v) + size) / 2
    return likelihood + _mean_log(_prior(model), found) + found.entropy


def kl(model: Any, q: Any, _evidence: arb, _need: float) -> arb:
    """KL(q || posterior), the posterior solved for."""
    (y, x), prior, found = READ[type(model)](model), _prior(model), _moments(model, q)
    precision = prior.precision + x.transpose() * x
    mean = solve(precision, prior.precision * prior.mean + x.transpose() * y)
    size = (y.transpose() * y)[0, 0] + _square(prior.mean, prior.precision) - _square(mean, precision)
    after = _Law(mean, precision, prior.a + arb(y.nrows()) / 2, prior.b + size / 2)
    return -found.entropy - _mean_log(after, found)
