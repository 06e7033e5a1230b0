"""Models of vectors: evidence against marginal laws in closed form elsewhere, Bayes' rule, ELBO + KL, calibration."""

import math

import numpy as np
import pytest
from scipy import special, stats

from elboproof.latent import FactorAnalysis
from elboproof.models import BetaBernoulli, ConjugateGaussian, GammaPoisson
from elboproof.products import Categorical
from elboproof.regression import LinearRegression
from zoo import LOGISTIC, MEAN_FIELD, MODELS, QS, X, covariance


def marginal(name, model):
    """log p(D) by a route that knows no posterior: the data's own joint law."""
    if name in ("mean", "means"):
        n, d = model.data.shape[-2:]
        joint = np.kron(np.eye(n), model.noise) + np.kron(np.ones((n, n)), model.prior.covariance)
        law = stats.multivariate_normal(np.tile(model.prior.mean, n), joint)
        return law.logpdf(model.data.reshape(*model.batch, n * d))
    if name in ("regression", "regressions"):
        joint = model.sigma**2 * np.eye(7) + X @ model.prior.covariance @ X.T
        return stats.multivariate_normal(X @ model.prior.mean, joint).logpdf(model.data)
    if name in ("noisy", "variance"):
        prior, n = model.prior, model.data.size
        design = X if name == "noisy" else np.tile(np.eye(2), (4, 1))
        spread = np.eye(n) + design @ np.linalg.inv(prior.factor @ prior.factor.T) @ design.T
        law = stats.multivariate_t(design @ prior.location, prior.b / prior.a * spread, df=2 * prior.a)
        return law.logpdf(model.data.ravel())
    if name == "categories":  # Polya's urn, one draw at a time
        seen, total = np.array(model.prior.alpha), 0.0
        for label in model.data.astype(int):
            total += math.log(seen[label] / seen.sum())
            seen[label] += 1
        return total
    if name == "chances":  # likewise, a coordinate at a time
        a, b, total = np.array(model.prior.a), np.array(model.prior.b), 0.0
        for row in model.data:
            total += np.log(np.where(row == 1, a, b) / (a + b)).sum()
            a, b = a + row, b + 1 - row
        return total
    if name == "rates":  # each count given those before it is negative binomial
        shape, rate, total = np.array(model.prior.shape), np.array(model.prior.rate), 0.0
        for row, exposure in zip(model.data, model.exposure, strict=True):
            total += stats.nbinom(shape, rate / (rate + exposure)).logpmf(row).sum()
            shape, rate = shape + row, rate + exposure
        return total
    if name == "types":
        size, mean = model.inverse_dispersion, 1.4 * model.rates
        each = stats.nbinom(size, size / (size + mean)).pmf(model.data[:, None, :]).prod(axis=-1)
        return np.log(each @ model.prior.probabilities)
    if name in ("factors", "pca"):
        joint = model.loadings @ model.loadings.T + np.diag(model.variances)
        return stats.multivariate_normal(model.mean, joint).logpdf(model.data)
    if name == "intercepts":
        same = model.groups[:, None] == model.groups
        joint = model.within**2 * np.eye(6) + model.between**2 * same
        return stats.multivariate_normal(np.full(6, float(model.mean)), joint).logpdf(model.data)
    if name == "mixture":
        parts = zip(model.components.mean, model.components.covariance, model.prior.probabilities, strict=True)
        return np.log(sum(w * stats.multivariate_normal(m, s).pdf(model.data) for m, s, w in parts))
    # the means on a fine lattice, the labels summed point by point; the trapezium rule on a smooth peak is exact
    mu = np.linspace(-14, 14, 701)
    each = stats.norm(mu[:, None], model.sigma).pdf(model.data[:, 0])
    prior = stats.norm(0, model.spread).pdf(mu) * (mu[1] - mu[0])
    w = model.weights.probabilities
    joint = np.prod(w[0] * each[:, None, :] + w[1] * each[None, :, :], axis=-1)
    return math.log(prior @ joint @ prior)


@pytest.mark.parametrize("name", MODELS)
def test_evidence_is_the_law_of_the_data(name):
    np.testing.assert_allclose(MODELS[name].log_evidence, marginal(name, MODELS[name]), rtol=1e-11)
    assert np.shape(MODELS[name].log_evidence) == MODELS[name].batch


@pytest.mark.parametrize("name", MODELS)
def test_bayes_rule_at_every_theta(name):
    model = MODELS[name]
    theta = model.posterior.sample(5, np.random.default_rng(1))
    found = model.log_joint(theta) - model.posterior.log_density(theta)
    np.testing.assert_allclose(found, np.broadcast_to(model.log_evidence, found.shape), rtol=1e-11)
    assert found.shape == (5, *model.batch)


@pytest.mark.parametrize("name", MODELS)
def test_elbo_and_kl_make_the_evidence(name):
    model, q = MODELS[name], QS[name]
    np.testing.assert_allclose(model.elbo(q) + q.kl(model.posterior), model.log_evidence, rtol=1e-11)
    np.testing.assert_allclose(model.elbo(model.posterior), model.log_evidence, rtol=1e-11)
    assert np.all(model.elbo(q) < model.log_evidence)
    again = model.given(np.array(model.data))
    np.testing.assert_array_equal(again.log_evidence, model.log_evidence)


@pytest.mark.parametrize("name", MEAN_FIELD)
def test_mean_field_for_unknown_variance(name):
    model, q = MODELS[name], MEAN_FIELD[name]
    assert model.elbo(q) + q.kl(model.posterior) == pytest.approx(model.log_evidence, rel=1e-12)
    drawn = q.sample(20_000, np.random.default_rng(4))
    values = model.log_likelihood(drawn)
    assert abs(values.mean() - model.expected_log_likelihood(q)) <= 5 * values.std() / math.sqrt(len(values))


def test_likelihood_is_the_sum_over_observations():
    theta = np.array([0.4, -0.3, 0.2])
    model = MODELS["regression"]
    assert model.log_likelihood(theta) == pytest.approx(stats.norm(X @ theta, 0.8).logpdf(model.data).sum(), rel=1e-12)
    noisy = MODELS["noisy"].log_likelihood([*theta, 0.9])
    assert noisy == pytest.approx(stats.norm(X @ theta, 0.9**0.5).logpdf(MODELS["noisy"].data).sum(), rel=1e-12)
    chance = special.expit(X[:, :2] @ theta[:2])
    by_point = stats.bernoulli(chance).logpmf(LOGISTIC.data.astype(int)).sum()
    assert LOGISTIC.log_likelihood(theta[:2]) == pytest.approx(by_point, rel=1e-12)
    assert LOGISTIC.log_likelihood([-1e5, 1e5]) < -1e4  # far out, and no overflow


@pytest.mark.parametrize("name", ["mean", "regression", "factors", "pca", "intercepts", "logistic"])
def test_gradient(name):
    model = LOGISTIC if name == "logistic" else MODELS[name]
    theta = np.random.default_rng(2).standard_normal((*model.batch, *model.prior.event))
    for i in range(theta.shape[-1]):
        step = 1e-5 * np.eye(theta.shape[-1])[i]
        slope = (model.log_joint(theta + step) - model.log_joint(theta - step)) / 2e-5
        np.testing.assert_allclose(model.gradient(theta)[..., i], slope, rtol=1e-6, atol=1e-8)


def test_laplace_is_at_the_mode():
    mode = LOGISTIC.laplace.mean
    np.testing.assert_allclose(LOGISTIC.gradient(mode), 0, atol=1e-10)


def test_more_columns_than_rows():
    design = np.random.default_rng(3).standard_normal((3, 6))
    y = np.array([0.5, -1.0, 2.0])
    prior = covariance(6)
    model = LinearRegression(design, y, 0.7, np.zeros(6), prior)
    oracle = stats.multivariate_normal(np.zeros(3), 0.49 * np.eye(3) + design @ prior @ design.T).logpdf(y)
    assert model.log_evidence == pytest.approx(oracle, rel=1e-12)
    theta = np.linspace(-1, 1, 6)
    assert model.log_likelihood(theta) == pytest.approx(stats.norm(design @ theta, 0.7).logpdf(y).sum(), rel=1e-12)


def test_one_dimension_is_the_scalar_model():
    data = [0.8, 1.9, -0.3]
    scalar = ConjugateGaussian(data, sigma=0.7, mean=0.5, sd=2.0)
    vector = LinearRegression(np.ones((3, 1)), data, 0.7, [0.5], [[4.0]])
    assert vector.log_evidence == pytest.approx(scalar.log_evidence, rel=1e-13)
    assert vector.posterior.sd[0] == pytest.approx(scalar.posterior.sd, rel=1e-13)


# -- simulation-based calibration (Talts et al. 2018) ----------------------------------------------------------------

REPEATS, DRAWS = 1000, 19
LEVEL = 1e-5  # of each chi-square test; there are about 40


def many(name):
    """The model of a batch of REPEATS data sets: as many data sets as calibration needs, at once."""
    model = MODELS[name]
    single = model.data[(0,) * len(model.batch)]
    return model.given(np.broadcast_to(single, (REPEATS, *single.shape)))


def ranks(model, fitted, rng):
    """Per data set, the ranks of the true theta's coordinates and log joint among posterior draws: (REPEATS, d + 1).

    Ties are broken at random. Data are drawn from `model`, posteriors come from `fitted`.
    """
    theta = model.prior.sample(REPEATS, rng)
    fresh = fitted.given(model.replicate(theta, rng))
    drawn = fresh.posterior.sample(DRAWS, rng)
    truth = np.column_stack([theta.reshape(REPEATS, -1), fresh.log_joint(theta)])
    others = np.concatenate([drawn.reshape(DRAWS, REPEATS, -1), fresh.log_joint(drawn)[..., None]], axis=-1)
    return np.sum(others < truth, axis=0) + rng.integers(0, np.sum(others == truth, axis=0) + 1)


def uniform(found, where):
    """Every column of ranks 0..DRAWS is uniform, by chi-square over 10 pairs of ranks."""
    for i, column in enumerate(found.T):
        seen = np.bincount(column // 2, minlength=(DRAWS + 1) // 2)
        assert stats.chisquare(seen).pvalue > LEVEL, f"{where}, coordinate {i}: {seen}"


BATCHED = [name for name in MODELS if name not in ("means", "regressions", "collapsed")]


@pytest.mark.parametrize("name", BATCHED)
def test_posteriors_are_calibrated(name):
    model = many(name)
    uniform(ranks(model, model, np.random.default_rng(11)), name)


def test_scalar_posteriors_are_calibrated():
    rng = np.random.default_rng(12)
    makers = {
        ConjugateGaussian: lambda t: rng.normal(t, 1.0, 3),
        BetaBernoulli: lambda t: (rng.random(4) < t).astype(float),
        GammaPoisson: lambda t: rng.poisson(t, 3),
    }
    for kind, make in makers.items():
        prior = kind([1.0]).prior
        found = []
        for theta in prior.sample(500, rng):
            found.append([np.sum(kind(make(theta)).posterior.sample(DRAWS, rng) < theta)])
        uniform(np.array(found), kind.__name__)


def test_collapsed_mixture_is_calibrated():
    """Labels of each point, and the means given the labels, both from the posterior over assignments."""
    model, rng, found = MODELS["collapsed"], np.random.default_rng(13), []
    for z in model.prior.sample(300, rng):
        mu = rng.normal(0, model.spread, (2, 1))
        fresh = model.given(rng.normal(mu[model.labels[z]], model.sigma))
        drawn = fresh.posterior.sample(DRAWS, rng)
        means = fresh.means(drawn).sample(1, rng)[0]
        labels = model.labels[drawn] + rng.random((DRAWS, 4))  # ties broken at random
        true = model.labels[z] + rng.random(4)
        found.append([*np.sum(means < mu[:, 0], axis=0), *np.sum(labels < true, axis=0)])
    uniform(np.array(found), "collapsed")
    theta = model.prior.sample(1, rng)[0]
    assert model.replicate(theta, rng).shape == model.data.shape


def test_calibration_catches_a_wrong_posterior():
    """With a noise that is 1.5 times the truth the ranks are far from uniform."""
    right = many("regression")
    wrong = LinearRegression(X, right.data, 1.2, right.prior.mean, right.prior.covariance)
    with pytest.raises(AssertionError):
        uniform(ranks(right, wrong, np.random.default_rng(14)), "wrong")


def test_factor_rows_add_up():
    model = MODELS["factors"]
    each = [FactorAnalysis(row, model.loadings, model.mean, model.variances).log_evidence for row in model.data]
    assert model.total == pytest.approx(sum(each), rel=1e-13)
    labels = MODELS["mixture"].posterior
    assert isinstance(labels, Categorical)
    np.testing.assert_allclose(labels.probabilities.sum(axis=-1), 1, rtol=1e-12)
