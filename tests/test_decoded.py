"""Images under a decoder: evidence, bounds and gaps, against sums over all images that there are."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import optimize

from elboproof import decoded, montecarlo
from elboproof.decoded import Decoded, drawn, elbo, gauss_hermite, plane_evidence, refine, sandwich
from elboproof.errors import IllFormed
from elboproof.gaussians import Diagonal
from elboproof.vae import VAE

ALL = np.array(list(product((0.0, 1.0), repeat=4)))


@pytest.fixture(scope="module")
def vae() -> VAE:
    """Four pixels, two latent dimensions, weights large enough that the posterior is no Gaussian."""
    made = VAE(np.random.default_rng(0), 4, 5, 2, "tanh", float)
    made.vector += np.random.default_rng(1).standard_normal(made.vector.size)
    return made


@pytest.fixture(scope="module")
def evidence(vae: VAE) -> np.ndarray:
    return plane_evidence(Decoded(ALL, vae), step=0.1).value


def test_the_evidence_of_all_images_sums_to_one(vae: VAE, evidence: np.ndarray) -> None:
    found = plane_evidence(Decoded(ALL, vae), step=0.1)
    assert np.exp(evidence).sum() == pytest.approx(1, abs=1e-12)
    assert found.error.max() < 1e-9
    one = plane_evidence(Decoded(ALL[3], vae), step=0.1)
    assert (one.value, one.error) == (pytest.approx(evidence[3], rel=1e-12), pytest.approx(found.error[3], abs=1e-12))


def test_blocks_of_the_plane_add_up(vae: VAE, monkeypatch: pytest.MonkeyPatch) -> None:
    """Value and error (which reads every second line of the grid), summed at once or three lines a time."""
    whole = plane_evidence(Decoded(ALL, vae), 4.0, 0.5)
    monkeypatch.setattr(decoded, "_BLOCK", 3 * 17 * 16)
    parts = plane_evidence(Decoded(ALL, vae), 4.0, 0.5)
    np.testing.assert_allclose(parts.value, whole.value, rtol=1e-12)
    np.testing.assert_allclose(parts.error, whole.error, rtol=1e-9)


def test_its_error_is_honest(vae: VAE, evidence: np.ndarray) -> None:
    """A coarse grid, and a square that leaves some of the plane out."""
    for half, step in ((9.0, 0.5), (2.0, 0.1), (3.0, 0.5)):
        rough = plane_evidence(Decoded(ALL, vae), half, step)
        assert (np.abs(rough.value - evidence) <= rough.error).all()


def test_the_gradient_is_that_of_finite_differences(vae: VAE) -> None:
    model, z, h = Decoded(ALL, vae), np.random.default_rng(2).standard_normal((3, 16, 2)), 1e-5
    steps = h * np.eye(2)
    found = np.stack([model.log_joint(z + s) - model.log_joint(z - s) for s in steps], axis=-1) / (2 * h)
    np.testing.assert_allclose(model.gradient(z), found, atol=1e-8)


def test_gauss_hermite_is_exact_for_polynomials() -> None:
    rule = gauss_hermite(2, 4)
    x, y = rule.points.T
    assert rule.weights.sum() == pytest.approx(1)
    for a, b, mean in ((2, 0, 1), (6, 2, 15), (4, 4, 9), (3, 2, 0)):
        assert rule.weights @ (x**a * y**b) == pytest.approx(mean, abs=1e-12)
    assert drawn(3, 5, np.random.default_rng(0)).points.shape == (5, 3)


@pytest.fixture(scope="module")
def best(vae: VAE) -> Diagonal:
    q = Diagonal(np.zeros((16, 2)), np.full((16, 2), 0.8))
    return refine(Decoded(ALL, vae), q, lambda: gauss_hermite(2, 12), steps=300)


def test_the_gap_is_split_in_order(vae: VAE, evidence: np.ndarray, best: Diagonal) -> None:
    model, rule = Decoded(ALL, vae), gauss_hermite(2, 30)
    worse = elbo(model, vae.q(ALL), rule)
    assert (worse < elbo(model, best, rule)).all()
    assert (elbo(model, best, rule) < evidence).all()
    sampled = montecarlo.elbo(model, vae.q(ALL), 4000, np.random.default_rng(3))
    assert (np.abs(sampled.value - worse) < 5 * sampled.error).all()


def test_refining_ends_where_another_optimiser_does(vae: VAE, best: Diagonal) -> None:
    """BFGS without our gradient, from elsewhere, on the same rule. Both stop within 1e-6 of the top."""
    rule = gauss_hermite(2, 12)
    for i in (0, 7):
        model = Decoded(ALL[i], vae)
        top = optimize.minimize(
            lambda v, model=model: -elbo(model, Diagonal(v[:2], np.exp(v[2:])), rule), np.full(4, 0.1), method="BFGS"
        )
        ours = elbo(model, Diagonal(best.mean[i], best.sd[i]), rule)
        assert ours == pytest.approx(-top.fun, abs=1e-6)


def test_the_sandwich_holds_what_is_known(vae: VAE, evidence: np.ndarray) -> None:
    """The mean log p(x) of images that the model makes is minus their entropy, a sum over 16."""
    truth = float(np.exp(evidence) @ evidence)
    loose = lambda x: Diagonal(np.zeros((len(x), 2)), 0.4)  # noqa: E731
    prior = lambda x: Diagonal(np.zeros((len(x), 2)), 1.0)  # noqa: E731
    for k, q in ((1, loose), (100, prior)):
        lower, upper, apart = sandwich(vae, 4000, k, np.random.default_rng(k), q)
        assert apart.value == pytest.approx(upper.value - lower.value)
        assert lower.value - 4 * lower.error <= truth <= upper.value + 4 * upper.error
        if k == 1:
            assert lower.value + 4 * lower.error < truth < upper.value - 4 * upper.error
        else:
            assert 0 < apart.value < 0.1


def test_new_images_follow_the_decoder(vae: VAE) -> None:
    z = np.array([0.3, -0.8])
    model = Decoded(ALL[0], vae)
    inked = model.replicate(np.tile(z, (20_000, 1)), np.random.default_rng(0))
    chances = vae.decode(z)
    assert (np.abs(inked.mean(axis=0) - chances) < 5 * np.sqrt(chances * (1 - chances) / 20_000)).all()
    assert model.given(ALL[:3]).batch == (3,)


def test_bad_input_is_named(vae: VAE) -> None:
    with pytest.raises(IllFormed, match="expected pixels 0 or 1"):
        Decoded(np.full(4, 0.5), vae)
    with pytest.raises(IllFormed, match=r"expected shape \(4,\) for images"):
        Decoded(np.ones(5), vae)
    with pytest.raises(IllFormed, match="2 latent dimensions"):
        plane_evidence(Decoded(ALL, VAE(np.random.default_rng(0), 4, 5, 3)))
    with pytest.raises(IllFormed, match="expected a q for each image"):
        refine(Decoded(ALL, vae), Diagonal(np.zeros(2), 1.0), lambda: gauss_hermite(2, 3))
    with pytest.raises(IllFormed, match="at least 2 for images"):
        sandwich(vae, 1, 5, np.random.default_rng(0))
