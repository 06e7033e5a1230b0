"""The nearest mean-field q in closed form, against a numerical climb of the ELBO that knows none of its formulas."""

import math

import numpy as np
import pytest
from scipy import optimize, special

from elboproof.conjugate import InverseGamma
from elboproof.errors import IllFormed
from elboproof.gaussians import Diagonal
from elboproof.products import Product
from elboproof.regression import NoisyLinearRegression
from zoo import MODELS, X


def climbed(model, law, size):
    """The largest ELBO that BFGS reaches over the family law(parameters), from zero, and where."""
    found = optimize.minimize(lambda x: -model.elbo(law(x)), np.zeros(size), method="BFGS", options={"gtol": 1e-7})
    return -found.fun, law(found.x)


def test_regression_with_known_noise():
    model = MODELS["regression"]
    best, q = climbed(model, lambda x: Diagonal(x[:3], np.exp(x[3:])), 6)
    # the optimum is flat: an ELBO within 1e-10 of its maximum fixes q to about the root of that
    assert model.elbo(model.mean_field) == pytest.approx(best, abs=1e-9)
    np.testing.assert_allclose(model.mean_field.mean, q.mean, atol=1e-5)
    np.testing.assert_allclose(model.mean_field.sd, q.sd, rtol=1e-5)
    several = MODELS["regressions"]
    assert several.mean_field.batch == several.batch
    assert np.all(several.elbo(several.mean_field) >= several.elbo(Diagonal(several.posterior.mean, 0.4)))


def test_regression_with_unknown_noise():
    model = MODELS["noisy"]

    def law(x):
        return Product(Diagonal(x[:3], np.exp(x[3:6])), InverseGamma(math.exp(x[6]), math.exp(x[7])))

    best, q = climbed(model, law, 8)
    assert model.elbo(model.mean_field) == pytest.approx(best, abs=1e-9)
    for ours, theirs in zip(model.mean_field.factors, q.factors, strict=True):
        names = ("mean", "sd") if isinstance(ours, Diagonal) else ("a", "b")
        for name in names:
            np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=1e-4, atol=1e-4)
    two = NoisyLinearRegression(X, np.ones((2, 7)), np.zeros(3), np.eye(3))
    with pytest.raises(IllFormed, match=r"expected one data set for the mean field of Noisy.*, found \(2,\)"):
        _ = two.mean_field


def test_gap_is_that_of_the_correlations():
    """KL = (sum log L_ii - log det L) / 2 + g(a, d): the first part from design and prior alone, the second tiny."""
    model = MODELS["noisy"]
    after, d = model.posterior, 3
    precision = after.factor @ after.factor.T
    a, n = float(after.a), float(after.a) + d / 2
    apart = 0.5 * (np.sum(np.log(np.diag(precision))) - np.linalg.slogdet(precision)[1])
    rest = n * math.log(n) - a * math.log(a) + special.gammaln(a) - special.gammaln(n) - d / 2
    assert model.mean_field.kl(after) == pytest.approx(apart + rest, rel=1e-10)
    other = model.given(np.linspace(-3, 5, 7))  # other responses, the same gap
    assert other.mean_field.kl(other.posterior) == pytest.approx(apart + rest, rel=1e-10)
    known = MODELS["regression"]
    inner = known.posterior.precision
    apart = 0.5 * (np.sum(np.log(np.diag(inner))) - np.linalg.slogdet(inner)[1])
    assert known.mean_field.kl(known.posterior) == pytest.approx(apart, rel=1e-10)
