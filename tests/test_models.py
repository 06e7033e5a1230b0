"""Distributions and models against scipy.stats, mpmath and the definition of conjugacy."""

import math

import mpmath
import numpy as np
import pytest
from scipy import integrate, stats

from elboproof.distributions import Distribution
from elboproof.errors import IllFormed
from elboproof.models import Beta, BetaBernoulli, ConjugateGaussian, Gamma, GammaPoisson, Normal, Uniform

PAIRS = [
    (Normal(0.3, 1.7), stats.norm(0.3, 1.7)),
    (Normal(-40.0, 1e-3), stats.norm(-40, 1e-3)),
    (Beta(2.5, 0.7), stats.beta(2.5, 0.7)),
    (Beta(1.0, 1.0), stats.beta(1, 1)),
    (Gamma(0.4, 3.0), stats.gamma(0.4, scale=1 / 3)),
    (Gamma(1.0, 2.0), stats.gamma(1, scale=0.5)),
    (Uniform(-2.0, 5.0), stats.uniform(-2, 7)),
]
MODELS = [
    ConjugateGaussian([0.8, 1.9, -0.3], sigma=0.7, mean=0.5, sd=2.0),
    BetaBernoulli([1, 0, 1, 1], a=0.8, b=2.5),
    GammaPoisson([2, 0, 5], shape=1.7, rate=0.6),
]


@pytest.mark.parametrize(("law", "oracle"), PAIRS, ids=lambda x: repr(x) if isinstance(x, Distribution) else "")
def test_a_distribution_is_scipys(law, oracle):
    levels = np.array([0.001, 0.2, 0.5, 0.9, 0.999])
    x = oracle.ppf(levels)
    # scipy.stats loses a few digits of its own far from the mean, hence 1e-10 and not a few eps
    np.testing.assert_allclose(law.log_density(x), oracle.logpdf(x), rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(law.quantile(levels), x, rtol=1e-9)
    assert law.mean == pytest.approx(oracle.mean(), rel=1e-12)
    assert law.sd == pytest.approx(oracle.std(), rel=1e-12)
    assert law.entropy() == pytest.approx(float(oracle.entropy()), rel=1e-10, abs=1e-10)
    assert law.support == tuple(map(float, oracle.support()))


@pytest.mark.parametrize(("law", "oracle"), PAIRS, ids=lambda x: repr(x) if isinstance(x, Distribution) else "")
def test_draws_follow_the_distribution(law, oracle):
    drawn = law.sample(4000, np.random.default_rng(7))
    assert drawn.shape == (4000,)
    # Kolmogorov-Smirnov at level 1e-4, seed fixed: a true sampler fails one time in ten thousand seeds
    assert stats.kstest(drawn, oracle.cdf).pvalue > 1e-4


@pytest.mark.parametrize(
    ("q", "p"),
    [
        (Normal(0.3, 1.7), Normal(-1.0, 0.4)),
        (Beta(2.5, 1.7), Beta(0.6, 4.0)),
        (Gamma(0.4, 3.0), Gamma(5.0, 0.2)),
        (Uniform(0.0, 1.0), Uniform(-1.0, 3.0)),
    ],
    ids=str,
)
def test_closed_form_kl_is_its_integral(q, p):
    with mpmath.workdps(30):
        low, high = (mpmath.mpf(end) if math.isfinite(end) else end * mpmath.inf for end in q.support)
        inside = [mpmath.mpf(float(x)) for x in q.quantile([1e-6, 0.1, 0.5, 0.9, 1 - 1e-6])]

        def integrand(x):
            a, b = _log_density(q, x), _log_density(p, x)
            return mpmath.e**a * (a - b)

        value = mpmath.quad(integrand, [low, *inside, high])
    assert q.kl(p) == pytest.approx(float(value), rel=1e-9)
    assert q.kl(q) == pytest.approx(0.0, abs=1e-14)


def _log_density(law, x):
    """Written out again, in mpmath."""
    if isinstance(law, Normal):
        return -(((x - law.mean) / law.sd) ** 2) / 2 - mpmath.log(law.sd) - mpmath.log(2 * mpmath.pi) / 2
    if isinstance(law, Beta):
        return (law.a - 1) * mpmath.log(x) + (law.b - 1) * mpmath.log(1 - x) - mpmath.log(mpmath.beta(law.a, law.b))
    if isinstance(law, Gamma):
        start = law.shape * mpmath.log(law.rate) - mpmath.loggamma(law.shape)
        return start + (law.shape - 1) * mpmath.log(x) - law.rate * x
    return -mpmath.log(law.high - law.low)


def test_unequal_supports_give_infinities():
    assert Uniform(0, 2).kl(Uniform(0, 1)) == math.inf
    assert Uniform(0, 1).kl(Uniform(0, 2)) == pytest.approx(math.log(2))
    assert Gamma(2, 1).log_density(-1e-300) == -math.inf
    assert Beta(2, 2).log_density([1.5, -0.1]).tolist() == [-math.inf, -math.inf]
    assert math.isnan(Normal(0, 1).log_density(math.nan))
    assert Normal(0, 1).log_density(1e3) == pytest.approx(-5e5, rel=1e-5)  # far, but never -inf


def test_shapes_are_kept():
    model = MODELS[0]
    theta = np.ones((2, 3))
    for f in (model.log_prior, model.log_likelihood, model.log_joint, model.prior.log_density):
        assert f(theta).shape == (2, 3)
        assert np.ndim(f(0.5)) == 0


def _likelihood(model, theta):
    """The sum over the observations, one at a time."""
    if isinstance(model, ConjugateGaussian):
        return stats.norm(theta, model.sigma).logpdf(model.data).sum()
    if isinstance(model, BetaBernoulli):
        return stats.bernoulli(theta).logpmf(model.data).sum()
    return stats.poisson(theta).logpmf(model.data).sum()


@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
def test_likelihood_posterior_and_evidence(model):
    thetas = model.posterior.quantile([0.01, 0.5, 0.99])
    expected = [_likelihood(model, t) for t in thetas]
    np.testing.assert_allclose(model.log_likelihood(thetas), expected, rtol=1e-12)
    np.testing.assert_allclose(model.log_joint(thetas), model.log_prior(thetas) + expected, rtol=1e-12)
    # Bayes' rule at every theta: the same evidence each time, and the stated one
    evidence = model.log_joint(thetas) - model.posterior.log_density(thetas)
    np.testing.assert_allclose(evidence, model.log_evidence, rtol=1e-12)
    low, high = model.prior.support
    value, error = integrate.quad(lambda t: math.exp(model.log_joint(t)), low, high, epsabs=0, epsrel=1e-9)
    assert abs(value - math.exp(model.log_evidence)) <= 2 * error


def test_gaussian_evidence_is_the_multivariate_normal():
    model = MODELS[0]
    n = model.data.size
    covariance = model.sigma**2 * np.eye(n) + model.prior.sd**2 * np.ones((n, n))
    oracle = stats.multivariate_normal(np.full(n, model.prior.mean), covariance).logpdf(model.data)
    assert model.log_evidence == pytest.approx(oracle, rel=1e-12)


def test_a_parameter_outside_its_space():
    model = MODELS[2]
    assert math.isnan(model.log_likelihood(-1.0))
    assert model.log_joint(-1.0) == -math.inf
    assert model.log_likelihood(0.0) == -math.inf  # a rate of zero cannot have produced counts
    assert GammaPoisson([0, 0]).log_likelihood(0.0) == 0.0


ERRORS = [
    (lambda: Normal(0, 0), "a positive finite number for sd of Normal, found 0.0"),
    (lambda: Normal(math.nan, 1), "a finite number for mean of Normal, found nan"),
    (lambda: Gamma(-1, 1), "a positive finite number for shape of Gamma, found -1.0"),
    (lambda: Beta("two", 1), "a positive finite number for a of Beta, found 'two'"),
    (lambda: Uniform(1, 1), "low < high for Uniform"),
    (lambda: ConjugateGaussian([]), "at least one observation for ConjugateGaussian, found none"),
    (lambda: ConjugateGaussian([[1.0]]), r"shape \(n,\) for ConjugateGaussian, found shape \(1, 1\)"),
    (lambda: ConjugateGaussian([1, math.inf]), "finite numbers for data of ConjugateGaussian, found inf at position 1"),
    (lambda: ConjugateGaussian(["a"]), "finite numbers for data of ConjugateGaussian"),
    (lambda: ConjugateGaussian([1], sigma=-1), "sigma of ConjugateGaussian, found -1.0"),
    (lambda: BetaBernoulli([0, 2]), "zeros and ones for data of BetaBernoulli, found 2.0 at position 1"),
    (lambda: BetaBernoulli([math.nan]), "zeros and ones for data of BetaBernoulli, found nan"),
    (lambda: GammaPoisson([-1]), r"counts \(0, 1, 2, ...\) for data of GammaPoisson, found -1.0"),
    (lambda: GammaPoisson([0.5]), "found 0.5 at position 0"),
    (lambda: Normal(0, 1).sample(0, np.random.default_rng(0)), "an integer of at least 1 for n, found 0"),
    (lambda: Normal(0, 1).sample(5, np.random), "a NumPy Generator for rng"),
    (lambda: Normal(0, 1).quantile(1.5), "levels from 0 to 1"),
    (lambda: Normal(0, 1).kl(Gamma(1, 1)), "another Normal for its closed-form KL, found a Gamma"),
]


@pytest.mark.parametrize(("wrong", "message"), ERRORS, ids=[m for _, m in ERRORS])
def test_bad_input_is_named(wrong, message):
    with pytest.raises(IllFormed, match=message):
        wrong()
