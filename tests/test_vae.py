"""The VAE's two terms are those of equation 20, and its gradient is theirs."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import sympy

from elboproof.datasets import digits, ink
from elboproof.decoded import Decoded
from elboproof.errors import IllFormed
from elboproof.families import closed_form, gaussian
from elboproof.language import KL, densities, variables
from elboproof.ledger import LEDGER
from elboproof.network import Adam, affine, layers, sigmoid, size
from elboproof.numeric import bind, evaluate
from elboproof.vae import VAE, bernoulli_slope

theta, D = variables("theta D")
p, q = densities("p q")


def small(kind: str = "tanh", seed: int = 0, pixels: int = 6, latent: int = 3) -> VAE:
    """Seven hidden units, in float64, with biases that are not zero."""
    made = VAE(np.random.default_rng(seed), pixels, 7, latent, kind, float)
    made.vector += 0.3 * np.random.default_rng(seed + 1).standard_normal(made.vector.size)
    return made


def images(n: int, pixels: int = 6, seed: int = 5) -> np.ndarray:
    return (np.random.default_rng(seed).random((n, pixels)) < 0.4).astype(float)


def test_the_terms_are_those_of_equation_20() -> None:
    """On the draws that the book's own reading of the right side makes; the two paths share no code but the decoder."""
    vae, x, n = small(), images(1), 40
    gain, charge = LEDGER["20"].claims[0].rhs.args
    on = bind(p=Decoded(x[0], vae), q=vae.q(x[0]))
    noise = np.random.default_rng(8).standard_normal((n, vae.latent))
    ours = vae.terms(np.repeat(x, n, axis=0), noise)
    theirs = evaluate(gain, on, method="montecarlo", rng=np.random.default_rng(8), n=n).value
    assert ours.reconstruction.mean() == pytest.approx(theirs, rel=1e-12)
    found = evaluate(charge, on, method="montecarlo", rng=np.random.default_rng(9), n=20_000)
    assert abs(-ours.kl[0] - found.value) < 5 * found.error
    np.testing.assert_array_equal(ours.elbo, ours.reconstruction - ours.kl)


def test_the_charge_is_the_proved_closed_form() -> None:
    """SymPy's KL of a Gaussian from the standard normal, and its derivatives, against the code's, coordinate by
    coordinate."""
    family = gaussian(m0=0, s0=1)
    m, s = family.symbols["m"], family.symbols["s"]
    form = closed_form(KL(q(theta), p(theta)), family)
    vae, x = small(), images(4)
    mean, log_variance = vae.encode(x)
    value = sympy.lambdify((m, s), form)(mean, np.exp(log_variance / 2)).sum(axis=1)
    np.testing.assert_allclose(vae.terms(x, np.zeros_like(mean)).kl, value, rtol=1e-12)
    # With the decoder's logits cut off from z the ELBO's gradient is that of -KL: by the last encoder bias.
    vae.layers[2].weight[...] = 0
    slope = layers(vae.gradient(x, np.zeros_like(mean)), vae.shapes)[1].bias
    by_m, by_s = (sympy.lambdify((m, s), sympy.diff(form, v))(mean, np.exp(log_variance / 2)) for v in (m, s))
    by_log_variance = by_s * np.exp(log_variance / 2) / 2
    np.testing.assert_allclose(slope, -np.concatenate([by_m, by_log_variance], axis=1).sum(axis=0), rtol=1e-10)


@pytest.mark.parametrize("kind", ["relu", "tanh"])
@pytest.mark.parametrize("beta", [1.0, 0.3])
def test_the_gradient_is_that_of_finite_differences(kind: str, beta: float) -> None:
    """Every coordinate. Central differences with step h err by h^2 and by eps/h: 1e-10 at h = 1e-5, and 100 times that
    is allowed. No activation of this relu net is within 1e-5 of its corner."""
    vae, x, h = small(kind), images(5), 1e-5
    noise = np.random.default_rng(6).standard_normal((5, vae.latent))
    slope, start = vae.gradient(x, noise, beta).copy(), vae.vector.copy()

    def objective(at: np.ndarray) -> float:
        vae.vector[...] = at
        terms = vae.terms(x, noise)
        return float(np.sum(terms.reconstruction - beta * terms.kl))

    steps = h * np.eye(start.size)
    found = np.array([objective(start + step) - objective(start - step) for step in steps]) / (2 * h)
    np.testing.assert_allclose(slope, found, atol=1e-8 * np.abs(slope).max())


def test_the_gradient_is_right_for_batches_of_any_size_in_any_order() -> None:
    vae, x = small(), images(9)
    noise = np.random.default_rng(6).standard_normal((9, vae.latent))
    whole = vae.gradient(x, noise).copy()
    parts = vae.gradient(x[:2], noise[:2]).copy()
    parts += vae.gradient(x[2:], noise[2:])
    np.testing.assert_allclose(whole, parts, rtol=1e-12, atol=1e-12)


def test_fractions_are_means_over_binary_images() -> None:
    """What the module says of pixels between 0 and 1, over all 8 images of 3 pixels."""
    vae, x = small(pixels=3), np.array([0.2, 0.9, 0.5])
    model = [Decoded(np.array(bits, float), vae) for bits in product((0, 1), repeat=3)]
    z = vae.encode(x[None])[0]
    chances = [np.prod(np.where(m.data == 1, x, 1 - x)) for m in model]
    mean = sum(c * m.log_likelihood(z[0]) for c, m in zip(chances, model, strict=True))
    assert vae.terms(x[None], np.zeros_like(z)).reconstruction[0] == pytest.approx(mean, rel=1e-12)


def test_large_logits_neither_warn_nor_lose_the_slope() -> None:
    x, a = np.array([0.0, 1.0, 0.0, 1.0], np.float32), np.array([-200, -200, 200, 200], np.float32)
    with np.errstate(all="raise", under="ignore"):
        np.testing.assert_allclose(bernoulli_slope(x, a.copy()), [0, 1, -1, 0], atol=1e-30)
        np.testing.assert_allclose(sigmoid(a), [0, 0, 1, 1], atol=1e-30)


def test_adam_takes_the_steps_of_its_paper() -> None:
    rng = np.random.default_rng(0)
    ours, plain, m, v = rng.standard_normal(5), np.zeros(5), np.zeros(5), np.zeros(5)
    plain += ours
    adam = Adam(ours, rate=0.02, epsilon=1e-3)
    for t in range(1, 30):
        g = rng.standard_normal(5)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        plain += 0.02 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-3)
        adam.step(g.copy())
    np.testing.assert_allclose(ours, plain, rtol=1e-12)


def test_layers_are_views() -> None:
    shapes = [(2, 3), (3, 1)]
    vector = np.arange(float(size(shapes)))
    first, second = layers(vector, shapes)
    vector[:] = 1
    np.testing.assert_array_equal(affine(affine(np.ones((1, 2)), first), second), [[10.0]])
    assert np.shares_memory(second.bias, vector)


def test_training_climbs_and_a_seed_repeats_it() -> None:
    seen, *_ = digits()
    x = ink(seen)[:512]
    watch = lambda v: float(v.terms(x, np.zeros((512, 16))).elbo.mean())  # noqa: E731
    runs = []
    for _ in range(2):
        vae = VAE(np.random.default_rng(1))
        runs.append(vae.fit(x, np.random.default_rng(2), epochs=8, watch=watch))
        assert vae.vector.dtype == np.float32
    assert runs[0] == runs[1]
    assert runs[0][-1] > runs[0][0] + 5


def test_a_heavy_charge_empties_q() -> None:
    seen, *_ = digits()
    vae = VAE(np.random.default_rng(1), hidden=16, latent=4)
    vae.fit(ink(seen)[:512], np.random.default_rng(2), epochs=60, rate=1e-2, beta=50.0)
    assert vae.terms(ink(seen)[:512], np.zeros((512, 4))).kl.mean() < 0.02


def test_what_was_saved_is_loaded(tmp_path) -> None:
    vae = small("relu")
    vae.save(tmp_path / "one.npz", np.float32, history=np.ones(3))
    again = VAE.load(tmp_path / "one.npz")
    np.testing.assert_array_equal(again.vector, vae.vector.astype(np.float32))
    assert (again.kind, again.shapes) == ("relu", vae.shapes)
    np.savez(tmp_path / "two.npz", x=np.ones(2))
    with pytest.raises(IllFormed, match="expected a VAE's sizes, kind and vector"):
        VAE.load(tmp_path / "two.npz")


BAD = {
    "expected images of shape (n, 6)": lambda v: v.encode(np.ones((2, 5))),
    "expected pixels in [0, 1]": lambda v: v.encode(np.full((1, 6), np.nan)),
    "expected at least a batch of 128": lambda v: v.fit(images(5), np.random.default_rng(0)),
    "expected a NumPy Generator": lambda v: v.fit(images(5), 3, batch=5),
    "for epochs": lambda v: v.fit(images(5), np.random.default_rng(0), epochs=0),
    "expected an activation (relu, tanh)": lambda v: small("sine"),
    "expected 4 parameters": lambda v: layers(np.zeros(5), [(1, 2)]),
    "for rate of Adam": lambda v: v.fit(images(5), np.random.default_rng(0), batch=5, rate=0),
}


@pytest.mark.parametrize("message", BAD)
def test_bad_input_is_named(message: str) -> None:
    with pytest.raises(IllFormed) as found:
        BAD[message](small())
    assert message in str(found.value)
