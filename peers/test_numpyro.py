"""NumPyro as an oracle, in float64, at 1e-10 relative: densities, and Trace_ELBO on the same draws."""

import numpy as np
import pytest

from elboproof.counts import PoissonLogNormal
from elboproof.gaussians import Gaussian
from zoo import LOGISTIC, MODELS, QS, X, covariance

jax = pytest.importorskip("jax", exc_type=ImportError)
numpyro = pytest.importorskip("numpyro", exc_type=ImportError)
jax.config.update("jax_enable_x64", True)
dist, handlers = numpyro.distributions, numpyro.handlers


def full(law):
    return dist.MultivariateNormal(np.array(law.mean), scale_tril=np.array(law.factor))


def logistic():
    w = numpyro.sample("w", full(LOGISTIC.prior))
    numpyro.sample("y", dist.Bernoulli(logits=LOGISTIC.design @ w).to_event(1), obs=LOGISTIC.data)


def regression():
    model = MODELS["regression"]
    w = numpyro.sample("w", full(model.prior))
    numpyro.sample("y", dist.Normal(X @ w, model.sigma).to_event(1), obs=model.data)


def categories():
    model = MODELS["categories"]
    w = numpyro.sample("w", dist.Dirichlet(np.array(model.prior.alpha)))
    numpyro.sample("y", dist.Categorical(w).expand([5]).to_event(1), obs=model.data.astype(int))


CASES = {
    "logistic": (LOGISTIC, logistic, Gaussian([0.1, 0.2], covariance(2, 8))),
    "regression": (MODELS["regression"], regression, QS["regression"]),
    "categories": (MODELS["categories"], categories, QS["categories"]),
}


@pytest.mark.parametrize("name", CASES)
def test_trace_elbo_on_the_same_draws(name):
    ours, theirs, q = CASES[name]

    def guide():
        numpyro.sample("w", dist.Dirichlet(np.array(q.alpha)) if name == "categories" else full(q))

    for seed in range(5):
        key = jax.random.PRNGKey(seed)
        loss = numpyro.infer.Trace_ELBO(num_particles=1).loss(key, {}, theirs, guide)
        _, guide_seed = jax.random.split(key)
        drawn = handlers.trace(handlers.seed(guide, guide_seed)).get_trace()["w"]["value"]
        drawn = np.asarray(drawn)
        np.testing.assert_allclose(ours.log_joint(drawn) - q.log_density(drawn), -float(loss), rtol=1e-10)


def test_densities_and_kl():
    q, p = QS["regression"], MODELS["regression"].prior
    x = q.sample(20, np.random.default_rng(1))
    np.testing.assert_allclose(q.log_density(x), full(q).log_prob(x), rtol=1e-10)
    np.testing.assert_allclose(q.kl(p), float(dist.kl_divergence(full(q), full(p))), rtol=1e-10)
    q, p = QS["categories"], MODELS["categories"].prior
    theirs = dist.kl_divergence(dist.Dirichlet(np.array(q.alpha)), dist.Dirichlet(np.array(p.alpha)))
    np.testing.assert_allclose(q.kl(p), float(theirs), rtol=1e-10)


def test_low_rank_gaussian():
    model = MODELS["pca"]
    theirs = dist.LowRankMultivariateNormal(np.array(model.mean), np.array(model.loadings), np.array(model.variances))
    np.testing.assert_allclose(model.log_evidence, theirs.log_prob(model.data), rtol=1e-10)


def test_gradient_is_jaxs():
    def log_joint(w):
        return full(LOGISTIC.prior).log_prob(w) + jax.nn.log_sigmoid(LOGISTIC.signed @ w).sum()

    w = np.array([0.4, -0.7])
    np.testing.assert_allclose(LOGISTIC.gradient(w), jax.grad(log_joint)(w), rtol=1e-10)


def test_trace_elbo_of_counts():
    weights, base = X[:4, :2], np.array([0.1, 0.5, -0.2, 0.3])
    ours = PoissonLogNormal([2, 0, 5, 1], weights, base, 1.7)
    q = Gaussian([0.2, -0.1], 0.3 * covariance(2, 5))

    def theirs():
        z = numpyro.sample("w", dist.Normal(np.zeros(2), 1.0).to_event(1))
        numpyro.sample(
            "y", dist.Poisson(1.7 * jax.numpy.exp(base + weights @ z)).to_event(1), obs=ours.data.astype(int)
        )

    def guide():
        numpyro.sample("w", full(q))

    key = jax.random.PRNGKey(3)
    loss = numpyro.infer.Trace_ELBO(num_particles=1).loss(key, {}, theirs, guide)
    drawn = np.asarray(handlers.trace(handlers.seed(guide, jax.random.split(key)[1])).get_trace()["w"]["value"])
    np.testing.assert_allclose(ours.log_joint(drawn) - q.log_density(drawn), -float(loss), rtol=1e-10)
