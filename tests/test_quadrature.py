"""The quadrature's value against known integrals, and its error against the true one: it must not be too small."""

import math

import numpy as np
import pytest

from elboproof.distributions import Beta, Gamma, Normal, Uniform
from elboproof.errors import IllFormed
from elboproof.models import BetaBernoulli, ConjugateGaussian, GammaPoisson
from elboproof.quadrature import expectation, integrate, log_expectation, log_integral

LAWS = [
    Normal(0, 1),
    Normal(1000, 0.01),
    Normal(-1e-8, 1e-9),
    Beta(2, 3),
    Beta(0.5, 0.5),
    Beta(0.05, 7),
    Beta(300, 2),
    Gamma(0.5, 2),
    Gamma(0.01, 2),
    Gamma(1e4, 3),
    Uniform(-1, 3),
]


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_moments_and_entropy_within_the_stated_error(law):
    for f, true in (
        (lambda x: np.ones_like(x), 1.0),
        (lambda x: x, law.mean),
        (lambda x: (x - law.mean) ** 2, law.sd**2),
        (lambda x: -law.log_density(x), law.entropy()),
    ):
        value, error = expectation(f, law)
        # the oracle itself is rounded, to a few eps of what enters it
        assert abs(value - true) <= error + 1e-15 * law.rounding * max(1, abs(true))


@pytest.mark.parametrize("law", [Normal(0, 1), Normal(3, 0.2), Beta(2, 3), Gamma(0.5, 2), Uniform(-1, 3)], ids=str)
def test_ordinary_laws_reach_eleven_digits(law):
    assert expectation(lambda x: -law.log_density(x), law).error < 1e-11


KNOWN = [
    (lambda x: np.exp(-x * x), -math.inf, math.inf, math.sqrt(math.pi)),
    (lambda x: 1 / (1 + x * x), -math.inf, math.inf, math.pi),
    (lambda x: np.exp(x), -math.inf, 0, 1.0),
    (lambda x: 1 / np.sqrt(x), 0, 1, 2.0),
    (lambda x: np.log(x), 0, 1, -1.0),
    (lambda x: np.log(1 - x) / np.sqrt(x), 0, 1, 4 * math.log(2) - 4),
    (lambda x: np.where(x > 0.3, 1.0, 0.0), 0, 1, 0.7),
    (lambda x: np.sin(x), 0, 2 * math.pi, 0.0),
    (lambda x: np.abs(x - 0.1), -1, 1, (1.1**2 + 0.9**2) / 2),
    (lambda x: np.exp(-1e6 * (x - 0.5) ** 2), 0, 1, math.sqrt(math.pi / 1e6)),
]


@pytest.mark.parametrize("case", range(len(KNOWN)))
def test_known_integrals(case):
    f, low, high, true = KNOWN[case]
    value, error = integrate(f, low, high, points=[0.5])
    assert abs(value - true) <= error
    assert error < 1e-6


@pytest.mark.parametrize("seed", range(20))
def test_the_error_is_honest_on_random_mixtures(seed):
    """A sum of Gaussians of very different widths, integrated with no landmarks: within the error, every time."""
    rng = np.random.default_rng(seed)
    centres, widths = rng.uniform(-3, 3, 4), 10 ** rng.uniform(-1.5, 0.5, 4)
    heights = rng.normal(size=4)

    def f(x):
        return (heights * np.exp(-(((x[:, None] - centres) / widths) ** 2))).sum(axis=1)

    true = float((heights * widths).sum() * math.sqrt(math.pi))
    value, error = integrate(f, -math.inf, math.inf)
    assert abs(value - true) <= error < 1e-8


@pytest.mark.parametrize(
    "model",
    [
        ConjugateGaussian(np.linspace(-3, 3, 3001)),
        BetaBernoulli([1] * 600 + [0] * 200),
        GammaPoisson([40, 55, 61] * 200),
    ],
    ids=lambda m: type(m).__name__,
)
def test_evidence_far_below_the_smallest_float(model):
    low, high = model.prior.support
    assert model.log_evidence < -400
    value, error = log_integral(model.log_joint, low, high, model.posterior.landmarks)
    allowance = 4e-16 * model.rounding  # of the closed form
    assert abs(value - model.log_evidence) <= error + allowance
    q = model.posterior
    value, error = log_expectation(lambda x: model.log_joint(x) - q.log_density(x), q)
    assert abs(value - model.log_evidence) <= error + allowance


def test_infinite_and_undefined():
    half = [0.0]
    assert integrate(lambda x: np.where(x > 0, np.inf, 0.0), -1, 1, edges=half) == (math.inf, 0.0)
    assert integrate(lambda x: np.where(x > 0, -np.inf, 1.0), -1, 1, edges=half) == (-math.inf, 0.0)
    assert math.isnan(integrate(lambda x: np.where(x > 0, np.inf, -np.inf), -1, 1, edges=half).value)
    undefined = integrate(lambda x: np.where(x > 0, np.nan, 1.0), -1, 1, edges=half)
    assert math.isnan(undefined.value)
    assert undefined.error == math.inf
    assert expectation(lambda x: np.where(x < -8, np.inf, x), Normal(0, 1)).value == math.inf  # mass 6e-16, still mass


def test_what_it_cannot_know_it_says():
    assert integrate(lambda x: 1 / x, 0, 1).error == math.inf  # diverges
    assert integrate(lambda x: 1 / x, 1, math.inf).error == math.inf
    assert integrate(lambda x: 1 / np.abs(x), -1, 1).error == math.inf  # a singularity nobody named
    value, error = integrate(lambda x: np.abs(x) ** -0.5, -1, 1, edges=[0.0])
    assert abs(value - 4) <= error < 1e-10


def test_bad_input_is_named():
    with pytest.raises(IllFormed, match="low < high, found"):
        integrate(np.sin, 1, 1)
    with pytest.raises(IllFormed, match="a distribution to average over"):
        expectation(np.sin, 3)
    with pytest.raises(IllFormed, match="rtol"):
        integrate(np.sin, 0, 1, rtol=0)
    with pytest.raises(IllFormed, match="finite landmarks"):
        integrate(np.sin, 0, 1, points=[math.nan])
