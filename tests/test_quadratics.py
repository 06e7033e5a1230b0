"""Estimates through sufficient statistics are those of the draws; closed forms in blocks are the plain ones."""

import math

import mpmath
import numpy as np
import pytest
from scipy import special

from elboproof import montecarlo as mc
from elboproof.distributions import Beta, Normal, Uniform
from elboproof.errors import IllFormed
from elboproof.gaussians import Diagonal, Gaussian
from elboproof.models import BetaBernoulli, ConjugateGaussian
from elboproof.quadratics import log_weight
from elboproof.regression import LogisticRegression
from zoo import LOGISTIC, MODELS, QS, covariance

LINE = ConjugateGaussian([0.8, 1.9, 0.3], sigma=0.7, mean=-0.2, sd=2.0)
FLAT = Diagonal([0.5, 0.4], [0.6, 0.9])
CASES = {
    "line": (LINE, Normal(0.6, 0.9)),
    "far line": (ConjugateGaussian([1e4, 1e4 + 1], sigma=1e-2, mean=-1e3, sd=1e3), Normal(1e4, 0.5)),
    "mean": (MODELS["mean"], QS["mean"]),
    "mean, diagonal": (MODELS["mean"], FLAT),
    "regression": (MODELS["regression"], QS["regression"]),
    "regression, diagonal": (MODELS["regression"], Diagonal([0.2, 0.1, 0.0], [0.3, 0.4, 0.5])),
}
LAWS = [
    (Normal(0.3, 0.5), Normal(-1.0, 2.0)),
    (Gaussian([0.3, -1.0], covariance(2)), Gaussian([0.0, 1.0], covariance(2, 5))),
    (Diagonal([0.0, 1.0], [0.5, 1.5]), Gaussian([0.3, -1.0], covariance(2))),
    (Gaussian([0.3, -1.0], covariance(2)), Diagonal([0.0, 1.0], [0.5, 1.5])),
]


def rng(seed):
    return np.random.default_rng(seed)


def plainly(logs):
    """Mean and standard error of draws, by their definition."""
    return logs.mean(), logs.std(ddof=1) / math.sqrt(len(logs))


@pytest.mark.parametrize("n", [2, 3, 100, 30_000])  # 30,000: several blocks
@pytest.mark.parametrize("name", CASES)
def test_elbo_is_the_mean_of_the_draws_own_weights(name, n):
    model, q = CASES[name]
    assert log_weight(model, q) is not None
    found, (value, error) = mc.elbo(model, q, n, rng(n)), plainly(mc.log_weights(model, q, n, rng(n)))
    # the weights themselves are off by eps times the terms that cancel in them
    assert found.value == pytest.approx(value, rel=1e-11, abs=1e-15 * model.rounding)
    assert found.error == pytest.approx(error, rel=1e-9)
    assert mc.elbo(model, q, 1, rng(0)).error == math.inf


@pytest.mark.parametrize(("q", "p"), LAWS)
def test_kl_is_the_mean_of_the_draws_own_log_ratios(q, p):
    found, drawn = mc.kl(q, p, 10_000, rng(1)), q.sample(10_000, rng(1))
    value, error = plainly(q.log_density(drawn) - p.log_density(drawn))
    assert found.value == pytest.approx(value, rel=1e-12)
    assert found.error == pytest.approx(error, rel=1e-10)
    assert abs(found.value - q.kl(p)) < 5 * found.error


@pytest.mark.parametrize("name", CASES)
def test_expansion_is_the_log_joint(name):
    model, q = CASES[name]
    at, step = np.asarray(q.mean), 0.3 * np.arange(1, np.size(q.mean) + 1)
    value, gradient, precision = model.expansion(q.mean)
    moved = value + np.dot(gradient, step) - 0.5 * np.dot(step, np.dot(precision, step))
    away = (at + step)[0] if at.ndim == 0 else at + step
    assert float(np.squeeze(moved)) == pytest.approx(float(model.log_joint(away)), rel=1e-12)


def test_nothing_varies_at_the_posterior():
    for model in (LINE, MODELS["mean"], MODELS["regression"]):
        found = mc.elbo(model, model.posterior, 50, rng(2))
        assert found.value == pytest.approx(model.log_evidence, rel=1e-13)
        assert 0 < found.error < 1e-12


def test_what_is_no_quadratic_is_left_to_the_draws():
    for model, q in (
        (BetaBernoulli([1, 0]), Beta(2, 2)),
        (BetaBernoulli([1, 0]), Normal(0.5, 0.1)),
        (LINE, Uniform(0, 1)),
        (LOGISTIC, FLAT),
        (MODELS["means"], FLAT),
        (MODELS["regression"], Diagonal(np.zeros((2, 3)), 1.0)),
        (MODELS["noisy"], QS["noisy"]),
        (ConjugateGaussian([1.0], sigma=1e-200), Normal(0.0, 1.0)),  # its precision is no float
        (Normal(0, 1), Beta(1, 2)),
    ):
        assert log_weight(model, q) is None
    assert mc.elbo(BetaBernoulli([1, 0]), Normal(0.5, 5.0), 50, rng(3)) == (-math.inf, 0.0)
    assert mc.elbo(MODELS["means"], FLAT, 10, rng(3)).value.shape == (3,)


@pytest.mark.parametrize("n", [0, 2.0, True])
def test_counts_and_generators_are_still_checked(n):
    with pytest.raises(IllFormed, match="an integer of at least 1 for n"):
        mc.elbo(LINE, Normal(0, 1), n, rng(0))
    with pytest.raises(IllFormed, match="a NumPy Generator for rng"):
        mc.kl(Normal(0, 1), Normal(0, 2), 5, np.random)
    with pytest.raises(IllFormed, match=r"shape \(..., 2\) for Gaussian, found \(5, 3\)"):
        mc.elbo(MODELS["mean"], Diagonal([0, 0, 0], 1), 5, rng(0))


# -- closed forms in blocks --------------------------------------------------------------------------------------------


def kl_of_row(m, s, n, t):
    with mpmath.workdps(40):
        m, s, n, t = ([mpmath.mpf(float(x)) for x in a] for a in (m, s, n, t))
        each = [
            ((a - c) / d) ** 2 + (b / d) ** 2 - 1 - 2 * mpmath.log(b / d) for a, b, c, d in zip(m, s, n, t, strict=True)
        ]
        return float(mpmath.fsum(each) / 2)


@pytest.mark.parametrize("d", [1, 3, 16, 32, 48])
def test_kl_of_diagonals_row_by_row(d):
    """Rows of every kind in one block: ordinary, nearly equal, and with products of ratios that are no floats."""
    draw = rng(d)
    spread = np.repeat([0.3, 1.0, 4.0, 20.0, 90.0], 4)[:, None] * draw.standard_normal((20, d))
    spread[-1, ::2], spread[-1, 1::2] = -300.0, 5.0  # of such ratios a part's product is no float
    spread[-2, :2], spread[-2, 2:] = -371.5, 11.0  # here the first pair's has two bits, and all sixteen's is ordinary
    mean, sd = draw.standard_normal((20, d)), np.exp(spread)
    other = np.exp(0.1 * draw.standard_normal((20, d)))
    for n, t in ((np.zeros(d), np.ones(d)), (draw.standard_normal((20, d)), other)):
        found = Diagonal(mean, sd).kl(Diagonal(n, t))
        rows = zip(mean, sd, np.broadcast_to(n, sd.shape), np.broadcast_to(t, sd.shape), strict=True)
        np.testing.assert_allclose(found, [kl_of_row(*row) for row in rows], rtol=1e-14)
    close = Diagonal(mean, np.exp(1e-3 * spread[:12]).repeat(2, axis=0)[:20])  # terms cancel: three digits fewer
    other = Diagonal(mean, 1.0)
    rows = zip(mean, close.sd, mean, other.sd, strict=True)
    np.testing.assert_allclose(close.kl(other), [kl_of_row(*row) for row in rows], rtol=1e-10)


def test_kl_of_diagonals_in_many_blocks_and_broadcast():
    q, p = Diagonal(rng(4).standard_normal((3, 1, 5)), 0.7), Diagonal(np.zeros((1, 4, 5)), [0.1, 0.2, 0.3, 1.0, 2.0])
    assert q.kl(p).shape == (3, 4)
    for i, j in np.ndindex(3, 4):
        assert q.kl(p)[i, j] == pytest.approx(
            Diagonal(q.mean[i, 0], 0.7).kl(Diagonal(np.zeros(5), p.sd[0, j])), rel=1e-13
        )
    many = Diagonal(rng(5).standard_normal((5000, 32)), np.exp(rng(6).standard_normal((5000, 32))))
    prior = Diagonal(np.zeros(32), np.linspace(0.5, 1.5, 32))
    for i in (0, 2047, 2048, 4999):
        assert many.kl(prior)[i] == pytest.approx(Diagonal(many.mean[i], many.sd[i]).kl(prior), rel=1e-13)
        assert prior.kl(many)[i] == pytest.approx(prior.kl(Diagonal(many.mean[i], many.sd[i])), rel=1e-13)


def test_kl_of_diagonals_at_the_ends_of_the_floats():
    assert Diagonal([0.0, 0.0], [1e200, 1.0]).kl(Diagonal([0.0, 0.0], 1.0)) == math.inf
    assert Diagonal([0.0], 1e300).kl(Diagonal([0.0], 1e-300)) == math.inf  # not inf - inf
    small = Diagonal([0.0], 1e-300).kl(Diagonal([0.0], 1e300))  # the ratio is no float, its logarithm is
    assert small == pytest.approx(600 * math.log(10) - 0.5, rel=1e-14)
    assert Diagonal([1e308], 1.0).kl(Diagonal([-1e308], 1.0)) == math.inf


@pytest.mark.parametrize("size", [1e-3, 1.0, 30.0, 2000.0])
def test_logistic_likelihood_in_blocks(size):
    draw = rng(7)
    design, points = draw.standard_normal((1100, 2)), size * draw.standard_normal((300, 2))
    design[:, 0] += np.sign(design[:, 0])
    model = LogisticRegression(design, (design[:, 0] > 0).astype(float), [0, 0], np.eye(2))
    points[0] = (abs(points[0, 0]) + 20 * size, 0.0)  # separates the data: the sum is tiny for a large size
    plain = special.log_expit(points @ model.signed.T).sum(axis=-1)
    np.testing.assert_allclose(model.log_likelihood(points), plain, rtol=1e-12)
    assert model.log_likelihood(points.reshape(3, 100, 2)).shape == (3, 100)
    assert model.log_likelihood(points[0]) == pytest.approx(plain[0], rel=1e-12)
    assert model.log_likelihood([-1e150, 0.0]) < -1e150
