"""One small model of every kind with an exact posterior, and for each a q that is not its posterior."""

from __future__ import annotations

import numpy as np

from elboproof.conjugate import Dirichlet, InverseGamma, NormalInverseGamma
from elboproof.counts import CellTypes
from elboproof.gaussians import Diagonal, Gaussian
from elboproof.latent import FactorAnalysis, ProbabilisticPCA, RandomIntercept
from elboproof.means import DirichletCategorical, GaussianMean, GaussianMeanVariance
from elboproof.mixtures import CollapsedMixture, GaussianMixture
from elboproof.products import Categorical, Product
from elboproof.rates import BernoulliProbabilities, Betas, Gammas, PoissonRates
from elboproof.regression import LinearRegression, LogisticRegression, NoisyLinearRegression

_RNG = np.random.default_rng(20)


def covariance(d: int, seed: int = 1) -> np.ndarray:
    root = np.random.default_rng(seed).standard_normal((d, d + 2))
    return root @ root.T / d


X = _RNG.standard_normal((7, 3))
LOGISTIC = LogisticRegression(X[:, :2], [0, 1, 1, 0, 1, 1, 0], [0.2, -0.1], covariance(2))
MODELS = {
    "mean": GaussianMean(_RNG.normal(1, 1, (5, 2)), covariance(2, 2), [0.3, -0.2], covariance(2, 3)),
    "means": GaussianMean(_RNG.normal(1, 1, (3, 5, 2)), covariance(2, 2), [0.3, -0.2], covariance(2, 3)),
    "variance": GaussianMeanVariance(_RNG.normal(1, 2, (4, 2)), [0.3, -0.2], 0.7, 2.5, 1.5),
    "categories": DirichletCategorical([0, 2, 2, 1, 2], [0.7, 1.0, 2.5]),
    "regression": LinearRegression(X, _RNG.standard_normal(7), 0.8, [0.1, 0.2, 0.3], covariance(3)),
    "regressions": LinearRegression(X, _RNG.standard_normal((2, 7)), 0.8, [0.1, 0.2, 0.3], covariance(3)),
    "noisy": NoisyLinearRegression(X, _RNG.standard_normal(7), [0.1, 0.2, 0.3], covariance(3), 2.0, 1.3),
    "factors": FactorAnalysis(_RNG.standard_normal((3, 4)), X[:4, :2], [0.1, 0.2, 0.3, 0.4], [0.5, 1.0, 0.2, 2.0]),
    "pca": ProbabilisticPCA(_RNG.standard_normal((2, 3)), X[:3, :2], [0.1, 0.2, 0.3], 0.3),
    "intercepts": RandomIntercept(_RNG.standard_normal(6), [0, 1, 1, 2, 0, 0], 0.4, 1.2, 0.7),
    "mixture": GaussianMixture(
        _RNG.standard_normal((3, 2)),
        [0.2, 0.5, 0.3],
        _RNG.standard_normal((3, 2)),
        [covariance(2, s) for s in (4, 5, 6)],
    ),
    "chances": BernoulliProbabilities(_RNG.integers(0, 2, (4, 2)), [0.7, 2.0], [1.3, 0.9]),
    "rates": PoissonRates(_RNG.poisson(3, (4, 2)), [0.7, 2.5], [0.4, 1.2], [0.5, 1.0, 2.0, 0.1]),
    "types": CellTypes(_RNG.poisson(3, (3, 4)), [0.2, 0.5, 0.3], _RNG.gamma(2, 1, (3, 4)), 1.4, [0.6, 2.0, 30.0, 5.0]),
    "collapsed": CollapsedMixture(_RNG.standard_normal((4, 1)) * 2, [0.4, 0.6], 0.6, 2.0),
}
QS = {
    "mean": Gaussian([0.5, 0.4], 0.3 * covariance(2, 7)),
    "means": Diagonal([0.5, 0.4], [0.6, 0.9]),
    "variance": NormalInverseGamma([0.5, 0.4], 3 * covariance(2, 7), 4.0, 3.0),
    "categories": Dirichlet([2.0, 2.5, 3.0]),
    "regression": Gaussian([0.2, 0.1, 0.0], 0.2 * covariance(3, 7)),
    "regressions": Diagonal([0.2, 0.1, 0.0], [0.3, 0.4, 0.5]),
    "noisy": NormalInverseGamma([0.2, 0.1, 0.0], 4 * covariance(3, 7), 4.0, 3.0),
    "factors": Diagonal([0.3, -0.2], [0.5, 0.7]),
    "pca": Gaussian([0.3, -0.2], 0.3 * covariance(2, 7)),
    "intercepts": Diagonal([0.2, -0.3, 0.1], [0.5, 0.6, 0.9]),
    "mixture": Categorical.from_probabilities([0.3, 0.3, 0.4]),
    "chances": Betas([2.0, 1.5], [1.0, 3.0]),
    "rates": Gammas([4.0, 6.0], [1.5, 3.0]),
    "types": Categorical.from_probabilities([0.3, 0.0, 0.7]),
    "collapsed": MODELS["collapsed"].independent(np.log([[0.3, 0.7], [0.5, 0.5], [0.6, 0.4], [0.2, 0.8]])),
}
MEAN_FIELD = {  # for laws of (w, v): the two independent
    "variance": Product(Gaussian([0.5, 0.4], 0.3 * covariance(2, 7)), InverseGamma(4.0, 3.0)),
    "noisy": Product(Diagonal([0.2, 0.1, 0.0], [0.3, 0.4, 0.5]), InverseGamma(4.0, 3.0)),
}
