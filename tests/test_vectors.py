"""Distributions of vectors against scipy.stats, Monte Carlo and each other; bad input."""

import math

import numpy as np
import pytest
from scipy import stats

from elboproof.conjugate import Dirichlet, InverseGamma, NormalInverseGamma
from elboproof.distributions import Gamma, Normal
from elboproof.errors import IllFormed
from elboproof.gaussians import Diagonal, Gaussian
from elboproof.latent import FactorAnalysis, ProbabilisticPCA, RandomIntercept
from elboproof.means import DirichletCategorical, GaussianMean
from elboproof.mixtures import CollapsedMixture
from elboproof.products import Categorical, Product
from elboproof.regression import LinearRegression, LogisticRegression
from elboproof.shells import GaussianShells, Shells
from zoo import MODELS, covariance

S2, S3 = covariance(2), covariance(3)
NIG = NormalInverseGamma([0.3, -1.0], S2, 3.5, 2.0)
# (q, p) pairs whose KL has a closed form
PAIRS = [
    (Gaussian([0.3, -1.0], S2), Gaussian([0.0, 1.0], covariance(2, 5))),
    (Gaussian([0.3, -1.0], S2), Diagonal([0.0, 1.0], [2.0, 1.5])),
    (Diagonal([0.0, 1.0], [0.5, 1.5]), Gaussian([0.3, -1.0], S2)),
    (Diagonal([0.0, 1.0], [0.5, 1.5]), Diagonal([0.3, -1.0], 2.0)),
    (NIG, NormalInverseGamma([0.0, 0.0], covariance(2, 5), 2.5, 1.0)),
    (Product(Gaussian([0.3, -1.0], S2), InverseGamma(3.5, 2.0)), NIG),
    (Product(Normal(0.3, 0.5), Gamma(2.0, 1.5)), Product(Normal(-0.3, 1.5), Gamma(1.0, 1.0))),
    (Product(Normal(0.3, 0.5), Diagonal([0.1], [0.4])), Gaussian([0.3, -1.0], S2)),
    (Dirichlet([0.7, 1.5, 3.0]), Dirichlet([2.0, 0.5, 1.0])),
    (Categorical.from_probabilities([0.2, 0.8, 0.0]), Categorical.from_probabilities([0.3, 0.3, 0.4])),
]
NAMES = [f"{type(q).__name__}-{type(p).__name__}" for q, p in PAIRS]


def near(values, true, deviations=5):
    error = values.std(axis=0, ddof=1) / math.sqrt(len(values))
    assert np.all(np.abs(values.mean(axis=0) - true) <= deviations * error + 1e-12)


@pytest.mark.parametrize(("q", "p"), PAIRS, ids=NAMES)
def test_entropy_and_kl_are_their_expectations(q, p):
    drawn = q.sample(20_000, np.random.default_rng(3))
    logs = q.log_density(drawn)
    near(-logs, q.entropy())
    near(logs - p.log_density(drawn), q.kl(p))
    assert q.kl(q) == pytest.approx(0, abs=1e-13)
    if not isinstance(q, Categorical):
        near(drawn, q.mean)


def test_gaussian_is_scipys():
    law, oracle = Gaussian([0.3, -1.0, 2.0], S3), stats.multivariate_normal([0.3, -1.0, 2.0], S3)
    x = oracle.rvs(5, random_state=1)
    np.testing.assert_allclose(law.log_density(x), oracle.logpdf(x), rtol=1e-12)
    assert law.entropy() == pytest.approx(oracle.entropy(), rel=1e-12)
    np.testing.assert_allclose(law.covariance, S3, rtol=1e-13)
    np.testing.assert_allclose(law.sd**2, np.diag(S3), rtol=1e-13)
    again = Gaussian.from_precision(law.mean, np.linalg.inv(S3))
    np.testing.assert_allclose(again.factor, law.factor, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(again.precision @ S3, np.eye(3), atol=1e-12)
    part = law.marginal([2, 0])
    np.testing.assert_allclose(part.covariance, S3[np.ix_([2, 0], [2, 0])], rtol=1e-13)
    flat = Diagonal([0.3, -1.0], [0.5, 2.0])
    for one in (flat, flat.full()):
        oracle = stats.norm([0.3, -1.0], [0.5, 2.0])
        np.testing.assert_allclose(one.log_density(x[:, :2]), oracle.logpdf(x[:, :2]).sum(axis=1), rtol=1e-12)


def test_kl_of_nearly_equal_gaussians_keeps_its_digits():
    """At relative distance h the KL is h^2 per coordinate (and h^3): subtracting logs would leave nothing of it."""
    h = 1e-9
    for q in (Diagonal(np.zeros(3), 1 + h), Gaussian(np.zeros(3), np.eye(3) * (1 + h) ** 2)):
        assert q.kl(Diagonal(np.zeros(3), 1.0)) == pytest.approx(3 * h**2, rel=0.2)


def test_inverse_gamma_normal_inverse_gamma_and_dirichlet_are_scipys():
    law, oracle = InverseGamma(3.5, 2.0), stats.invgamma(3.5, scale=2.0)
    x = oracle.ppf([0.01, 0.4, 0.99])
    np.testing.assert_allclose(law.log_density(x), oracle.logpdf(x), rtol=1e-12)
    np.testing.assert_allclose(law.quantile([0.01, 0.4, 0.99]), x, rtol=1e-9)
    assert (law.mean, law.sd) == pytest.approx((oracle.mean(), oracle.std()))
    assert law.entropy() == pytest.approx(oracle.entropy(), rel=1e-10)
    assert law.kl(InverseGamma(1.0, 4.0)) == pytest.approx(Gamma(3.5, 2.0).kl(Gamma(1.0, 4.0)), rel=1e-13)
    assert stats.kstest(law.sample(2000, np.random.default_rng(1)), oracle.cdf).pvalue > 1e-4
    v = 0.7
    both = stats.multivariate_normal([0.3, -1.0], v * np.linalg.inv(S2)).logpdf([0.1, 0.2]) + oracle.logpdf(v)
    assert NIG.log_density([0.1, 0.2, v]) == pytest.approx(both, rel=1e-12)
    alpha = [0.7, 1.5, 3.0]
    x = stats.dirichlet(alpha).rvs(4, random_state=1)
    np.testing.assert_allclose(Dirichlet(alpha).log_density(x), stats.dirichlet(alpha).logpdf(x.T), rtol=1e-10)
    assert Dirichlet(alpha).entropy() == pytest.approx(stats.dirichlet(alpha).entropy(), rel=1e-10)


def test_a_batch_is_its_members():
    mean, sd = np.arange(6.0).reshape(2, 3), np.array([[1.0, 2.0, 0.5], [0.3, 1.0, 4.0]])
    batch, single = Diagonal(mean, sd), [Diagonal(m, s) for m, s in zip(mean, sd, strict=True)]
    stack = np.array([S3, covariance(3, 8)])
    full = Gaussian(mean, stack)
    x = np.random.default_rng(0).standard_normal((4, 2, 3))
    for i, one in enumerate(single):
        other = Gaussian(mean[i], stack[i])
        assert batch.log_density(x)[:, i] == pytest.approx(one.log_density(x[:, i]), rel=1e-13)
        assert full.log_density(x)[:, i] == pytest.approx(other.log_density(x[:, i]), rel=1e-11)
        assert batch.kl(full)[i] == pytest.approx(one.kl(other), rel=1e-11)
        assert full.kl(batch)[i] == pytest.approx(other.kl(one), rel=1e-11)
        assert full.entropy()[i] == pytest.approx(other.entropy(), rel=1e-12)
    assert full.sample(5, np.random.default_rng(0)).shape == (5, 2, 3)
    many = Diagonal(np.random.default_rng(1).standard_normal((5000, 32)), 0.7)  # several tiles
    prior = Diagonal(np.zeros(32), 1.0)
    assert many.kl(prior)[4321] == pytest.approx(Diagonal(many.mean[4321], 0.7).kl(prior), rel=1e-13)


def test_outside_a_support():
    assert NIG.log_density([0.0, 0.0, -1.0]) == -math.inf
    assert Dirichlet([1.0, 1.0]).log_density([0.5, 0.6]) == -math.inf
    assert Dirichlet([2.0, 1.0]).log_density([0.0, 1.0]) == -math.inf
    assert Dirichlet([0.5, 1.0]).log_density([0.0, 1.0]) == math.inf
    assert math.isnan(Gaussian([0.0, 0.0], S2).log_density([0.0, math.nan]))
    assert Gaussian([0.0, 0.0], S2).log_density([0.0, math.inf]) == -math.inf
    labels = Categorical.from_probabilities([0.5, 0.5, 0.0])
    assert labels.log_density([2, 3, -1, 0.5]).tolist() == [-math.inf] * 4
    assert Categorical.from_probabilities([0.3, 0.3, 0.4]).kl(labels) == math.inf
    assert labels.kl(labels) == 0
    assert Product(Normal(0, 1), Gamma(1, 1)).log_density([[0.0, -1.0], [0.0, 0.0]])[0] == -math.inf
    model = MODELS["noisy"]
    assert model.log_joint([0.1, 0.2, 0.3, -1.0]) == -math.inf
    assert math.isnan(model.log_likelihood([0.1, 0.2, 0.3, -1.0]))


def test_shells_integrate_to_one():
    """The density at draws of a wide Gaussian, by importance sampling, and its draws' distances from the centre."""
    law = Shells([[0.0, 0.0], [2.0, 0.0]], 1.0, 0.3)
    wide = Diagonal([1.0, 0.0], 1.5)
    drawn = wide.sample(20_000, np.random.default_rng(5))
    near(np.exp(law.log_density(drawn) - wide.log_density(drawn)), 1.0)
    near(law.sample(20_000, np.random.default_rng(6)), law.mean)


BAD = [
    (
        lambda: Gaussian([0, 0], [[1, 2], [2, 1]]),
        "positive definite matrix for covariance of Gaussian, found the eigenvalue -1",
    ),
    (lambda: Gaussian([0, 0], [[1, 0.5], [0, 1]]), "symmetric matrix for covariance of Gaussian"),
    (lambda: Gaussian([0, 0, 0], np.eye(2)), r"shape \(3, 3\) for covariance of Gaussian, found \(2, 2\)"),
    (lambda: Gaussian([0, math.nan], np.eye(2)), "finite numbers for mean of Gaussian, found nan at position 1"),
    (lambda: Gaussian([[0], [0], [0]], np.ones((2, 1, 1))), "batch shapes of Gaussian that broadcast"),
    (lambda: Gaussian.from_factor([0, 0], [[1, 1], [0, 1]]), "lower triangular matrix for factor"),
    (lambda: Gaussian.from_factor([0, 0], [[1, 0], [0, -1]]), "positive finite numbers for the diagonal of factor"),
    (lambda: Diagonal([0, 0], [1, 0]), "positive finite numbers for sd of Diagonal, found 0.0 at position 1"),
    (lambda: Diagonal([0, 0], [1, 1, 1]), "mean and sd of Diagonal alike"),
    (lambda: Diagonal([0, 0], 1).log_density([1, 2, 3]), r"points of shape \(..., 2\) for Diagonal, found \(3,\)"),
    (lambda: Diagonal(np.zeros((3, 2)), 1).log_density(np.zeros((2, 2))), r"broadcast with batch \(3,\)"),
    (lambda: Diagonal([0], 1).sample(0, np.random.default_rng(0)), "an integer of at least 1 for n, found 0"),
    (lambda: Diagonal([0], 1).sample(1, np.random), "a NumPy Generator for rng"),
    (lambda: Diagonal([0], 1).kl(Dirichlet([1, 1])), "distribution of shape"),
    (
        lambda: NIG.kl(Diagonal([0, 0, 0], 1)),
        "closed-form KL from NormalInverseGamma, found Diagonal: use montecarlo.kl",
    ),
    (lambda: Dirichlet([1.0]), "for alpha of Dirichlet"),
    (lambda: NormalInverseGamma([0], [[1]], -1, 1), "positive finite numbers for a of NormalInverseGamma, found -1.0"),
    (lambda: Product(), "at least one factor"),
    (lambda: Product(Diagonal([[0]], 1)), "without a batch for the factors of Product"),
    (lambda: Categorical.from_probabilities([0.5, 0.6]), "sum to 1 for Categorical, found the sum 1.1"),
    (lambda: Categorical.from_probabilities([1.5, -0.5]), "at least 0 for Categorical, found -0.5"),
    (lambda: GaussianMean(np.zeros((0, 2)), S2, [0, 0], S2), "at least one entry in data of GaussianMean"),
    (lambda: GaussianMean([[1, math.inf]], S2, [0, 0], S2), r"data of GaussianMean, found inf at position \(0, 1\)"),
    (lambda: GaussianMean([[1, 2]], S2, [0], S2), r"shape \(2,\) for mean of GaussianMean, found \(1,\)"),
    (lambda: GaussianMean([1, 2], S2, [0, 0], S2), "at least 2 axes for data of GaussianMean"),
    (lambda: DirichletCategorical([0, 3], [1, 1, 1]), "labels 0 to 2 for data of DirichletCategorical, found 3.0"),
    (lambda: LinearRegression(np.ones((3, 1)), [1, 2], 1, [0], [[1]]), r"shape \(3,\) for data of LinearRegression"),
    (lambda: LinearRegression(np.ones((2, 1)), [1, 2], 0, [0], [[1]]), "positive finite number for sigma"),
    (lambda: LogisticRegression([[1.0]], [2], [0], [[1]]), "zeros and ones for data of LogisticRegression, found 2.0"),
    (lambda: LogisticRegression([[1.0]], [1], [0], [[1]]).log_evidence, "exact evidence, found LogisticRegression"),
    (lambda: FactorAnalysis([[1.0, 2]], [[1.0]], [0, 0], [1, 1]), r"shape \(2, k\) for loadings"),
    (lambda: FactorAnalysis([[1.0]], [[1.0]], [0], [-1]), "positive finite numbers for variances"),
    (lambda: ProbabilisticPCA.fit(np.eye(3), 3), "k below the 3 columns"),
    (lambda: RandomIntercept([1, 2], [0, 2], 0, 1, 1), "each of them present, for groups"),
    (lambda: RandomIntercept.fit([1, 2, 3], [0, 0, 1]), "equal groups of at least 2"),
    (lambda: CollapsedMixture(np.zeros((40, 1)), [0.5, 0.5]), "assignments of CollapsedMixture, found 2\\^40"),
    (lambda: MODELS["mean"].elbo(Dirichlet([1, 1])), "closed form of E_q"),
    (lambda: GaussianShells(1), "integer of at least 2 for dim"),
    (lambda: GaussianShells(2, centre=5.0).log_evidence, "shells inside the cube"),
]


@pytest.mark.parametrize(("wrong", "message"), BAD, ids=[m for _, m in BAD])
def test_bad_input_is_named(wrong, message):
    with pytest.raises(IllFormed, match=message):
        wrong()
