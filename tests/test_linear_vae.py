"""A linear autoencoder on digits: optimum, gaps, ascent and collapse, against exact probabilistic PCA."""

import numpy as np
import pytest
from scipy import optimize
from sklearn.datasets import load_digits

from elboproof.errors import IllFormed
from elboproof.gaussians import Diagonal, Gaussian
from elboproof.latent import ProbabilisticPCA
from elboproof.linear_vae import LinearVAE, at_variance, closest_diagonal
from zoo import covariance

DIGITS = load_digits().data[:300]


def rotated(model, angle):
    c, s = np.cos(angle), np.sin(angle)
    return ProbabilisticPCA(model.data, model.loadings @ np.array([[c, -s], [s, c]]), model.mean, model.variance)


def test_at_the_optimum_nothing_is_lost():
    best = ProbabilisticPCA.fit(DIGITS, 5)
    vae = LinearVAE.best(best)
    np.testing.assert_allclose(vae.elbo, best.log_evidence, rtol=1e-12)
    assert abs(vae.approximation_gap) < 1e-12


def test_the_gap_is_the_kl_in_two_parts():
    model = rotated(ProbabilisticPCA.fit(DIGITS, 2), 0.5)
    vae = LinearVAE(model, 0.9 * LinearVAE.best(model).encoder, [0.2, 0.3])
    gap = model.log_evidence - vae.elbo
    np.testing.assert_allclose(gap, vae.q.kl(model.posterior), rtol=1e-9)
    np.testing.assert_allclose(gap, vae.approximation_gap + vae.amortisation_gap, rtol=1e-9)
    np.testing.assert_allclose(vae.elbo, model.elbo(vae.q), rtol=1e-13)
    assert vae.approximation_gap > 0
    assert np.all(vae.amortisation_gap > 0)


def test_rotation_leaves_the_evidence_and_opens_the_gap():
    """The gap of the best diagonal q has a closed form: half the log of the precision's diagonal over its det."""
    best = ProbabilisticPCA.fit(DIGITS, 2)
    gaps = []
    for angle in (0.0, 0.3, np.pi / 4, np.pi / 2):
        model = rotated(best, angle)
        np.testing.assert_allclose(model.total, best.total, rtol=1e-13)
        inner = np.eye(2) + model.loadings.T @ model.loadings / model.variance
        gaps.append(LinearVAE.best(model).approximation_gap)
        assert gaps[-1] == pytest.approx(0.5 * np.log(np.prod(np.diag(inner)) / np.linalg.det(inner)), abs=1e-12)
    assert gaps[0] < 1e-12 < gaps[1] < gaps[2]
    assert gaps[3] < 1e-12


def test_closest_diagonal_is_closest():
    law = Gaussian([0.5, -1.0, 2.0], covariance(3))

    def kl(v):
        return float(Diagonal(v[:3], np.exp(v[3:])).kl(law))

    found = optimize.minimize(kl, np.zeros(6), method="BFGS", options={"gtol": 1e-9}).x
    q = closest_diagonal(law)
    np.testing.assert_allclose(np.concatenate([q.mean, np.log(q.sd)]), found, atol=1e-6)


def test_ascent_climbs_to_the_principal_axes():
    """Every round raises the ELBO; at the end it is the exact maximum, and the columns are orthogonal.

    Eigenvalues are apart and the noise is not small, so that 200 rounds suffice: on digits it takes thousands.
    """
    data = np.random.default_rng(5).standard_normal((120, 5)) * [5, 2.5, 1.4, 1.4, 1.4]
    best = ProbabilisticPCA.fit(data, 2)
    for seed in range(2):
        vae = LinearVAE.start(data, 2, np.random.default_rng(seed))
        values = []
        for _ in range(200):
            values.append(vae.elbo.mean())
            vae = vae.ascend()
        assert np.min(np.diff(values)) > -1e-11
        assert vae.elbo.mean() == pytest.approx(best.total / len(data), abs=1e-7)
        first, second = vae.model.loadings.T
        assert abs(first @ second) < 1e-2 * np.linalg.norm(first) * np.linalg.norm(second)
        assert vae.model.variance == pytest.approx(best.variance, rel=1e-5)


def test_collapse_is_where_the_likelihood_puts_it():
    data = DIGITS[:, 20:30]
    values = np.linalg.eigvalsh(np.cov(data.T, ddof=0))[::-1]
    for variance, used in ((0.9 * values[2], 3), (1.1 * values[2], 2), (1.1 * values[1], 1), (1.1 * values[0], 0)):
        model = at_variance(data, 3, variance)
        vae = LinearVAE.best(model)
        assert np.sum(np.linalg.norm(model.loadings, axis=0) > 0) == used
        assert np.sum(vae.q.mean.std(axis=0) > 1e-9) == used  # the encoder ignores the rest
        np.testing.assert_allclose(vae.sd[used:], 1)
        np.testing.assert_allclose(vae.elbo, model.log_evidence, rtol=1e-12)
        # the maximum for this noise: no small step raises the exact likelihood
        rng = np.random.default_rng(0)
        for _ in range(20):
            moved = model.loadings + 1e-2 * rng.standard_normal(model.loadings.shape)
            assert ProbabilisticPCA(data, moved, model.mean, variance).total < model.total + 1e-9
    free = ProbabilisticPCA.fit(data, 3)
    assert at_variance(data, 3, free.variance).total == pytest.approx(free.total, rel=1e-13)


def test_ascent_at_a_fixed_noise_collapses_too():
    data = DIGITS[:, 20:30]
    values = np.linalg.eigvalsh(np.cov(data.T, ddof=0))[::-1]
    variance = (values[0] * values[1]) ** 0.5
    vae = LinearVAE.start(data, 2, np.random.default_rng(1))
    for _ in range(400):
        vae = vae.ascend(variance)
    assert vae.model.variance == variance
    assert vae.elbo.mean() == pytest.approx(at_variance(data, 2, variance).total / len(data), abs=1e-7)
    assert np.linalg.svd(vae.model.loadings, compute_uv=False)[1] < 1e-3


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: at_variance(DIGITS, 64, 1.0), "k below the 64 columns"),
        (lambda: at_variance(DIGITS, 2, 0.0), "positive finite number for variance of at_variance, found 0.0"),
        (lambda: LinearVAE("model", [[1.0]], [1.0]), "a ProbabilisticPCA of data"),
        (lambda: LinearVAE(ProbabilisticPCA.fit(DIGITS, 2), np.zeros((64, 2)), [1, 1]), r"shape \(2, 64\) for encoder"),
        (lambda: LinearVAE(ProbabilisticPCA.fit(DIGITS, 2), np.zeros((2, 64)), [1, -1]), "sd of LinearVAE, found -1.0"),
        (lambda: closest_diagonal(Diagonal([0.0], 1.0)), "a Gaussian for closest_diagonal, found Diagonal"),
        (lambda: LinearVAE.start(DIGITS, 2, np.random), "a NumPy Generator"),
    ],
)
def test_bad_input_is_named(wrong, message):
    with pytest.raises(IllFormed, match=message):
        wrong()
