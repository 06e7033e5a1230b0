"""torch's autograd as an oracle for the VAE's gradient, written by hand: float64, the same images and noise."""

import numpy as np
import pytest

from elboproof.datasets import digits, ink
from elboproof.vae import VAE

torch = pytest.importorskip("torch", exc_type=ImportError)


def theirs(vae, x, noise, beta):
    """Both terms, summed over images, by torch's own layers, likelihood and KL; and the gradient of what is climbed."""
    vector = torch.tensor(vae.vector, requires_grad=True)
    parts, start = [], 0
    for inputs, outputs in vae.shapes:
        for shape in ((inputs, outputs), (outputs,)):
            parts.append(vector[start : start + int(np.prod(shape))].reshape(shape))
            start += int(np.prod(shape))
    a, b, c, d, e, f, g, h = parts
    act = {"relu": torch.relu, "tanh": torch.tanh}[vae.kind]
    linear = torch.nn.functional.linear
    x, noise = torch.tensor(x), torch.tensor(noise)
    mean, log_variance = linear(act(linear(x, a.T, b)), c.T, d).chunk(2, dim=1)
    q = torch.distributions.Normal(mean, torch.exp(0.5 * log_variance))
    logits = linear(act(linear(mean + q.scale * noise, e.T, f)), g.T, h)
    gain = torch.distributions.Bernoulli(logits=logits, validate_args=False).log_prob(x).sum()
    charge = torch.distributions.kl_divergence(q, torch.distributions.Normal(0.0, 1.0)).sum()
    (gain - beta * charge).backward()
    return gain.item(), charge.item(), vector.grad.numpy()


@pytest.mark.parametrize("kind", ["relu", "tanh"])
@pytest.mark.parametrize("beta", [1.0, 2.5])
@pytest.mark.parametrize("grey", [False, True])
def test_terms_and_gradient(kind, beta, grey):
    """Within 1e-14 of the gradient's largest entry: 45 units of rounding, for sums over 128 images and 128 units."""
    vae = VAE(np.random.default_rng(1), kind=kind, dtype=float)
    counts = digits()[0][:128]
    x = counts / 16 if grey else ink(counts)
    noise = np.random.default_rng(2).standard_normal((128, 16))
    gain, charge, slope = theirs(vae, x, noise, beta)
    terms = vae.terms(x, noise)
    assert terms.reconstruction.sum() == pytest.approx(gain, rel=1e-13)
    assert terms.kl.sum() == pytest.approx(charge, rel=1e-13)
    np.testing.assert_allclose(vae.gradient(x, noise, beta), slope, rtol=0, atol=1e-14 * np.abs(slope).max())
