"""Numbers that others published or compute: our code from the data, theirs from the literature or scikit-learn."""

import math

import numpy as np
import pytest
from sklearn import datasets, decomposition, gaussian_process, linear_model

from elboproof import montecarlo as mc
from elboproof.datasets import dyestuff
from elboproof.gaussians import Diagonal, Gaussian
from elboproof.latent import FactorAnalysis, ProbabilisticPCA, RandomIntercept
from elboproof.regression import LinearRegression
from elboproof.shells import GaussianShells


def test_dyestuff_log_likelihood():
    """By maximum likelihood MixedModels.jl's documentation prints logLik -163.66353, lme4's the deviance 327.327; both
    the intercept 1527.5 and standard deviations 37.260 between batches and 49.510 within."""
    model = RandomIntercept.fit(*dyestuff())
    assert f"{model.log_evidence:.5f}" == "-163.66353"
    assert f"{-2 * model.log_evidence:.3f}" == "327.327"
    assert float(model.mean) == 1527.5
    assert (f"{model.between:.3f}", f"{model.within:.3f}") == ("37.260", "49.510")
    assert f"{model.elbo(model.posterior):.5f}" == "-163.66353"
    # the maximum: any step away lowers it
    data, groups = dyestuff()
    for step in ((5.0, 0, 0), (-5.0, 0, 0), (0, 2.0, 0), (0, -2.0, 0), (0, 0, 2.0), (0, 0, -2.0)):
        other = RandomIntercept(data, groups, 1527.5 + step[0], model.between + step[1], model.within + step[2])
        assert other.log_evidence < model.log_evidence
    # a mean-field q that is not the posterior falls short by its KL
    q = Diagonal(model.posterior.mean + 3.0, 1.3 * model.posterior.sd)
    assert model.log_evidence - model.elbo(q) == pytest.approx(q.kl(model.posterior), rel=1e-10)


def test_dyestuff_with_an_unknown_intercept():
    """With a prior on the intercept the effects are dependent: the best mean-field q has a gap, and it is the KL."""
    data, groups = dyestuff()
    fitted = RandomIntercept.fit(data, groups)
    design = np.column_stack([np.ones(30), groups[:, None] == np.arange(6)])
    prior = np.diag([50.0**2, *[fitted.between**2] * 6])
    model = LinearRegression(design, data, fitted.within, [1500.0, *[0.0] * 6], prior)
    post = model.posterior
    q = Diagonal(post.mean, np.diag(post.precision) ** -0.5)  # the optimum (Bishop 2006, equation 10.13)
    gap = model.log_evidence - model.elbo(q)
    assert gap == pytest.approx(q.kl(post), rel=1e-10)
    assert gap > 0.1
    for factor in (0.9, 1.1):
        assert model.elbo(Diagonal(q.mean, factor * q.sd)) < model.elbo(q)


@pytest.mark.parametrize(("dim", "printed"), [(2, "-1.75"), (5, "-5.67"), (10, "-14.59"), (20, "-36.09")])
def test_gaussian_shells(dim, printed):
    """Feroz, Hobson and Bridges (2009), table 2, analytic log Z; nestle's example prints the same."""
    model = GaussianShells(dim)
    assert f"{model.log_evidence.value:.2f}" == printed
    assert model.log_evidence.error < 1e-4
    drawn = mc.log_evidence(model, model.proposal, 2000, np.random.default_rng(0))
    assert f"{drawn.value:.1f}" == f"{model.log_evidence.value:.1f}"


DIGITS = datasets.load_digits().data


@pytest.mark.parametrize(("k", "nats"), [(2, -177.439976), (8, -163.235895), (16, -153.516240)])
def test_probabilistic_pca_on_digits(k, nats):
    """scikit-learn divides the scatter by n - 1, so does ddof=1; the maximum of the likelihood divides by n."""
    ours = ProbabilisticPCA.fit(DIGITS, k, ddof=1)
    theirs = decomposition.PCA(k, svd_solver="full").fit(DIGITS).score(DIGITS)
    assert ours.total / len(DIGITS) == pytest.approx(theirs, rel=1e-9)
    assert ours.total / len(DIGITS) == pytest.approx(nats, abs=5e-7)
    best = ProbabilisticPCA.fit(DIGITS, k)
    above = (best.total - ours.total) / len(DIGITS)
    assert 0 < above < 2e-5
    if k == 2:
        assert above == pytest.approx(5e-6, rel=0.2)
    # the identity, per image, at a q that is not the posterior
    q = Diagonal(np.zeros(k), 0.5)
    np.testing.assert_allclose(ours.elbo(q) + q.kl(ours.posterior), ours.log_evidence, rtol=1e-10)


def test_factor_analysis_on_digits():
    few = DIGITS[:400]
    theirs = decomposition.FactorAnalysis(4, max_iter=20, tol=1e-12, random_state=0)
    with pytest.warns(UserWarning, match="did not converge"):
        theirs.fit(few)
    ours = FactorAnalysis(few, theirs.components_.T, theirs.mean_, theirs.noise_variance_)
    assert ours.total / len(few) == pytest.approx(theirs.score(few), rel=1e-9)
    np.testing.assert_allclose(ours.posterior.mean, theirs.transform(few), rtol=1e-6, atol=1e-8)


def test_regression_as_a_gaussian_process():
    """scikit-learn's marginal likelihood of a process with a linear kernel is our regression's evidence."""
    data = datasets.load_diabetes()
    design, y = data.data[:80, :4], data.target[:80] / 50 - 3
    kernel = gaussian_process.kernels.DotProduct(sigma_0=1.5)
    process = gaussian_process.GaussianProcessRegressor(kernel, alpha=0.49, optimizer=None).fit(design, y)
    ours = LinearRegression(np.column_stack([np.ones(80), design]), y, 0.7, np.zeros(5), np.diag([2.25, 1, 1, 1, 1]))
    assert ours.log_evidence == pytest.approx(process.log_marginal_likelihood_value_, rel=1e-10)


def test_bayesian_ridge_score():
    """BayesianRidge's score is the log evidence at its precisions, plus its log hyperpriors (none here: all zero)."""
    data = datasets.load_diabetes()
    design, y = data.data[:, :6], data.target
    ridge = linear_model.BayesianRidge(
        alpha_1=0.0,
        alpha_2=0.0,
        lambda_1=0.0,
        lambda_2=0.0,
        compute_score=True,
        fit_intercept=False,
        max_iter=50,
        tol=1e-12,
    ).fit(design, y)
    ours = LinearRegression(design, y, ridge.alpha_**-0.5, np.zeros(6), np.eye(6) / ridge.lambda_)
    assert ours.log_evidence == pytest.approx(ridge.scores_[-1], rel=1e-9)
    np.testing.assert_allclose(ours.posterior.mean, ridge.coef_, rtol=1e-6)


def test_bound_of_digits_climbs():
    """The importance-weighted bound of one image, from the prior as q: far below at k = 1, and climbing."""
    model = ProbabilisticPCA.fit(DIGITS, 2).given(DIGITS[0])
    q = Gaussian(model.posterior.mean, 2.0 * model.posterior.covariance)
    rng = np.random.default_rng(1)
    bounds = [mc.importance_weighted_bound(model, q, k, 1000, rng) for k in (1, 8, 64)]
    assert bounds[0].value < bounds[1].value < bounds[2].value
    assert abs(bounds[0].value - model.elbo(q)) <= 5 * bounds[0].error
    assert model.log_evidence - bounds[2].value < 0.02
    assert math.isfinite(bounds[2].error)
