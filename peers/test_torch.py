"""torch.distributions and autograd as oracles, in float64, at 1e-10 relative."""

import numpy as np
import pytest

from elboproof.conjugate import Dirichlet, InverseGamma
from elboproof.counts import log_negative_binomial
from elboproof.distributions import Beta, Gamma, Normal, Uniform
from elboproof.gaussians import Diagonal, Gaussian
from elboproof.gradients import reparameterised, score
from elboproof.products import Categorical
from elboproof.rates import Gammas, LogNormals
from zoo import LOGISTIC, MODELS, QS, covariance

torch = pytest.importorskip("torch", exc_type=ImportError)
D = torch.distributions
S = covariance(3)


def t(x):
    return torch.tensor(np.array(x, float), dtype=torch.float64)


def full(mean, cov):
    return Gaussian(mean, cov), D.MultivariateNormal(t(mean), covariance_matrix=t(cov))


def flat(mean, sd):
    return Diagonal(mean, sd), D.Independent(D.Normal(t(mean), t(sd)), 1)


PAIRS = {
    "normal": [(Normal(0.3, 1.7), D.Normal(t(0.3), t(1.7))), (Normal(-1, 0.4), D.Normal(t(-1), t(0.4)))],
    "beta": [(Beta(2.5, 0.7), D.Beta(t(2.5), t(0.7))), (Beta(0.6, 4), D.Beta(t(0.6), t(4)))],
    "gamma": [(Gamma(0.4, 3), D.Gamma(t(0.4), t(3))), (Gamma(5, 0.2), D.Gamma(t(5), t(0.2)))],
    "uniform": [(Uniform(0, 1), D.Uniform(t(0), t(1))), (Uniform(-1, 3), D.Uniform(t(-1), t(3)))],
    "full": [full([0.3, -1.0, 2.0], S), full([0.0, 1.0, 1.0], covariance(3, 9))],
    "diagonal": [flat([0.3, -1.0], [0.5, 2.0]), flat([0.0, 1.0], [1.5, 0.3])],
    "dirichlet": [
        (Dirichlet([0.7, 1.5, 3.0]), D.Dirichlet(t([0.7, 1.5, 3.0]))),
        (Dirichlet([2.0, 0.5, 1.0]), D.Dirichlet(t([2.0, 0.5, 1.0]))),
    ],
    "categorical": [
        (Categorical.from_probabilities(p), D.Categorical(probs=t(p))) for p in ([0.2, 0.5, 0.3], [0.6, 0.3, 0.1])
    ],
}


@pytest.mark.parametrize("name", PAIRS)
def test_densities_entropy_and_kl(name):
    (q, theirs), (p, other) = PAIRS[name]
    x = q.sample(50, np.random.default_rng(1))
    np.testing.assert_allclose(q.log_density(x), theirs.log_prob(t(x)).numpy(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(q.entropy(), theirs.entropy().item(), rtol=1e-10)
    np.testing.assert_allclose(q.kl(p), D.kl_divergence(theirs, other).item(), rtol=1e-10)


def test_negative_binomial():
    """torch has it; NumPyro 0.22's, in float64 too, is off by up to 3e-7 (SciPy and mpmath agree with us)."""
    x, mean, size = np.arange(40)[:, None], np.array([0.3, 2.0, 40.0]), np.array([0.4, 3.0, 25.0])
    theirs = D.NegativeBinomial(t(size), logits=t(np.log(mean / size)))
    np.testing.assert_allclose(log_negative_binomial(x, mean, size), theirs.log_prob(t(x)).numpy(), rtol=1e-10)


def test_rates():
    q, theirs = LogNormals([0.3, -1.0], [0.5, 0.8]), D.LogNormal(t([0.3, -1.0]), t([0.5, 0.8]))
    x = q.sample(50, np.random.default_rng(3))
    np.testing.assert_allclose(q.log_density(x), theirs.log_prob(t(x)).sum(-1).numpy(), rtol=1e-10, atol=1e-12)
    assert q.entropy() == pytest.approx(theirs.entropy().sum().item(), rel=1e-10)
    g, h = Gammas([0.4, 3.0], [1.5, 0.6]), Gammas([2.0, 1.0], [0.9, 4.0])
    pair = (D.Gamma(t(law.shape), t(law.rate)) for law in (g, h))
    assert g.kl(h) == pytest.approx(D.kl_divergence(*pair).sum().item(), rel=1e-10)


def test_inverse_gamma():
    law, theirs = InverseGamma(3.5, 2.0), D.InverseGamma(t(3.5), t(2.0))
    x = law.sample(50, np.random.default_rng(2))
    np.testing.assert_allclose(law.log_density(x), theirs.log_prob(t(x)).numpy(), rtol=1e-10)


def test_factor_analysis_is_a_low_rank_gaussian():
    model = MODELS["factors"]
    theirs = D.LowRankMultivariateNormal(t(model.mean), t(model.loadings), t(model.variances))
    np.testing.assert_allclose(model.log_evidence, theirs.log_prob(t(model.data)).numpy(), rtol=1e-10)


def test_mixture():
    model = MODELS["mixture"]
    parts = D.MultivariateNormal(t(model.components.mean), covariance_matrix=t(model.components.covariance))
    theirs = D.MixtureSameFamily(D.Categorical(probs=t(model.prior.probabilities)), parts)
    np.testing.assert_allclose(model.log_evidence, theirs.log_prob(t(model.data)).numpy(), rtol=1e-10)


def log_joint(w):
    prior = D.MultivariateNormal(t(LOGISTIC.prior.mean), covariance_matrix=t(LOGISTIC.prior.covariance))
    return prior.log_prob(w) + torch.nn.functional.logsigmoid(w @ t(LOGISTIC.signed).T).sum(-1)


@pytest.mark.parametrize("kind", ["diagonal", "full"])
def test_gradients_are_autograds(kind):
    """The same draws, differentiated by torch: reparameterised (closed and sampled entropy) and by the score."""
    n, q = 64, QS["mean"] if kind == "full" else Diagonal([0.3, -0.2], [0.5, 0.8])
    z = t(np.random.default_rng(3).standard_normal((n, 2)))
    mean = t(q.mean).requires_grad_()
    scale = (t(q.factor) if kind == "full" else t(np.log(q.sd))).requires_grad_()

    def law(m, s):
        if kind == "full":
            return D.MultivariateNormal(m, scale_tril=torch.tril(s))
        return D.Independent(D.Normal(m, s.exp()), 1)

    def draws():
        return mean + (z @ torch.tril(scale).T if kind == "full" else z * scale.exp())

    frozen = law(mean.detach(), scale.detach())
    fixed = draws().detach()
    weight = (log_joint(fixed) - frozen.log_prob(fixed)).detach()
    objectives = {
        "closed": lambda: log_joint(draws()).mean() + law(mean, scale).entropy(),
        "path": lambda: (log_joint(draws()) - frozen.log_prob(draws())).mean(),
        "score": lambda: (weight * law(mean, scale).log_prob(fixed)).mean(),
    }
    ours = {
        "closed": reparameterised(LOGISTIC, q, n, np.random.default_rng(3)),
        "path": reparameterised(LOGISTIC, q, n, np.random.default_rng(3), path=True),
        "score": score(LOGISTIC, q, n, np.random.default_rng(3)),
    }
    for name, objective in objectives.items():
        found = torch.autograd.grad(objective(), (mean, scale))
        np.testing.assert_allclose(ours[name].mean.value, found[0].numpy(), rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(ours[name].scale.value, found[1].numpy(), rtol=1e-10, atol=1e-12)
