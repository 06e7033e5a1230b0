"""Estimators for vector latents against closed forms: Monte Carlo, importance weights, lattices, gradients.

Seeds are fixed; single comparisons are at five standard errors (a correct estimator fails one seed in 1.7 million).
"""

import math

import numpy as np
import pytest
import sympy
from scipy import stats

from elboproof import ELBO, KL, E, Eq, Le, densities, lattice, log, variables
from elboproof import montecarlo as mc
from elboproof.distributions import Normal
from elboproof.errors import IllFormed
from elboproof.gaussians import Diagonal, Gaussian
from elboproof.gradients import reparameterised, score
from elboproof.models import ConjugateGaussian, GammaPoisson
from elboproof.numeric import bind, evaluate, witness
from elboproof.products import Product
from elboproof.shells import GaussianShells, Shells
from zoo import LOGISTIC, MEAN_FIELD, MODELS, QS, covariance


def rng(seed=0):
    return np.random.default_rng(seed)


def near(found, true, deviations=5):
    return np.all(np.abs(found.value - true) <= deviations * found.error + 1e-12)


@pytest.mark.parametrize("name", MODELS)
def test_elbo_and_kl_by_sampling(name):
    model, q = MODELS[name], QS[name]
    found = mc.elbo(model, q, 4000, rng(1))
    assert near(found, model.elbo(q))
    assert np.shape(found.value) == np.shape(found.error) == model.batch
    if not model.batch or q.batch:
        assert near(mc.kl(q, model.posterior, 4000, rng(2)), q.kl(model.posterior))


@pytest.mark.parametrize("name", MODELS)
def test_exact_posterior_has_weights_all_alike(name):
    """With q the posterior every weight is p(D): the log evidence is exact from two draws, and so is any bound."""
    model = MODELS[name]
    for found in (
        mc.log_evidence(model, model.posterior, 2, rng(3)),
        mc.importance_weighted_bound(model, model.posterior, 3, 2, rng(4)),
    ):
        np.testing.assert_allclose(found.value, model.log_evidence, rtol=1e-11)


def test_importance_weighted_bounds_climb():
    model, q = MODELS["pca"], Diagonal([0.0, 0.0], 1.2)
    bounds = [mc.importance_weighted_bound(model, q, k, 4000, rng(5)) for k in (1, 4, 32)]
    assert near(bounds[0], model.elbo(q))
    assert np.all(bounds[0].value < bounds[1].value)
    assert np.all(bounds[1].value < bounds[2].value)
    assert np.all(bounds[2].value < model.log_evidence)
    assert near(mc.log_evidence(model, q, 20_000, rng(6)), model.log_evidence)


def test_mean_field_variance_by_sampling():
    for name, q in MEAN_FIELD.items():
        assert near(mc.elbo(MODELS[name], q, 10_000, rng(7)), MODELS[name].elbo(q))


def test_expectations_of_vectors():
    law = Gaussian([0.3, -1.0], covariance(2))
    found = mc.expectation(lambda x: x[:, 0] * x[:, 1], law, 10_000, rng(8))
    assert near(found, covariance(2)[0, 1] - 0.3)
    exact = lattice.expectation(lambda x: x[:, 0] * x[:, 1], law)
    assert abs(exact.value - (covariance(2)[0, 1] - 0.3)) <= exact.error < 1e-8


def test_support_that_does_not_cover():
    """A q with mass where the prior has none: the ELBO is -inf, the evidence's estimate survives."""
    model, wide = MODELS["noisy"], Diagonal([0.1, 0.1, 0.1, 0.5], 0.6)
    assert mc.elbo(model, wide, 200, rng(9)) == (-math.inf, 0.0)
    assert mc.kl(wide, model.posterior, 200, rng(9)) == (math.inf, 0.0)
    assert math.isfinite(mc.log_evidence(model, wide, 200, rng(9)).value)


# -- standard errors over many seeds: chi-square, each at level 1e-4 ---------------------------------------------------


@pytest.mark.parametrize("what", ["elbo", "kl", "log_evidence", "bound", "score", "reparameterised"])
def test_standard_errors_over_many_seeds(what):
    """(value - truth) / error over 400 seeds: normal, by chi-square on 10 equal cells and of the variance."""
    model, q = MODELS["regression"], QS["regression"]
    run = {
        "elbo": lambda r: mc.elbo(model, q, 400, r),
        "kl": lambda r: mc.kl(q, model.posterior, 400, r),
        "log_evidence": lambda r: mc.log_evidence(model, wider, 400, r),
        "bound": lambda r: mc.importance_weighted_bound(model, wider, 5, 400, r),
        "score": lambda r: score(model, q, 400, r, baseline=True).mean,
        "reparameterised": lambda r: reparameterised(model, q, 400, r).mean,
    }[what]
    wider = Gaussian(model.posterior.mean, 1.3 * model.posterior.covariance)
    true = {"elbo": model.elbo(q), "kl": q.kl(model.posterior), "log_evidence": model.log_evidence}.get(what)
    found = [run(r) for r in rng(10).spawn(400)]
    if what in ("score", "reparameterised"):
        true = slopes(model, q)[0]
    if what == "bound":
        true = mc.importance_weighted_bound(model, wider, 5, 30_000, rng(11)).value
    z = np.array([(f.value - true) / f.error for f in found]).reshape(400, -1)[:, 0]
    counts = np.histogram(stats.norm.cdf(z), np.linspace(0, 1, 11))[0]
    assert stats.chisquare(counts).pvalue > 1e-4, counts
    low, high = stats.chi2.ppf([5e-5, 1 - 5e-5], 399)
    assert low < np.sum((z - z.mean()) ** 2) < high


# -- lattices ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["mean", "regression"])
def test_lattice_of_a_conjugate_model(name):
    model, q = MODELS[name], QS[name]
    near_posterior = Gaussian(model.posterior.mean + 0.05, 1.2 * model.posterior.covariance)
    for found, true in (
        (lattice.log_evidence(model, near_posterior), model.log_evidence),
        (lattice.elbo(model, q), model.elbo(q)),
    ):
        assert abs(found.value - true) <= found.error < 1e-7


def test_lattice_of_logistic_regression():
    found = lattice.log_evidence(LOGISTIC, LOGISTIC.laplace)
    node, weight = np.polynomial.legendre.leggauss(150)  # another rule, on a square
    square = LOGISTIC.laplace.mean + 14 * np.stack(np.meshgrid(node, node), axis=-1)
    other = 14**2 * weight @ np.exp(LOGISTIC.log_joint(square)) @ weight
    assert found.value == pytest.approx(math.log(other), abs=1e-9)
    assert found.error < 1e-8
    q = LOGISTIC.laplace
    bound = lattice.elbo(LOGISTIC, q)
    assert bound.value + bound.error < found.value - found.error
    assert near(mc.elbo(LOGISTIC, q, 20_000, rng(12)), bound.value)
    assert near(mc.log_evidence(LOGISTIC, Gaussian(q.mean, 1.3 * q.covariance), 20_000, rng(13)), found.value)


# -- gradients ---------------------------------------------------------------------------------------------------------


def slopes(model, q):
    """The closed-form ELBO's gradient, by central differences in the mean and in the scale."""
    step = 1e-5

    def at(mean, scale):
        return model.elbo(
            Gaussian.from_factor(mean, scale) if isinstance(q, Gaussian) else Diagonal(mean, np.exp(scale))
        )

    def difference(x, f):
        out = np.zeros_like(x)
        for i in np.ndindex(x.shape):
            if x.ndim == 2 and i[1] > i[0]:
                continue
            shift = np.zeros_like(x)
            shift[i] = step
            out[i] = (f(x + shift) - f(x - shift)) / (2 * step)
        return out

    scale = q.factor if isinstance(q, Gaussian) else np.log(q.sd)
    mean = np.array(q.mean)
    return difference(mean, lambda m: at(m, scale)), difference(np.array(scale), lambda s: at(mean, s))


@pytest.mark.parametrize("name", ["mean", "regression", "intercepts"])
def test_gradients_are_the_closed_forms(name):
    model, q = MODELS[name], QS[name]
    mean, scale = slopes(model, q)
    for found in (
        score(model, q, 20_000, rng(14)),
        score(model, q, 20_000, rng(15), baseline=True),
        reparameterised(model, q, 20_000, rng(16)),
        reparameterised(model, q, 20_000, rng(17), path=True),
    ):
        np.testing.assert_array_less(np.abs(found.mean.value - mean), 5 * found.mean.error + 1e-5)
        np.testing.assert_array_less(np.abs(found.scale.value - scale), 5 * found.scale.error + 1e-5)


def test_variances_are_ordered():
    model, q = MODELS["regression"], QS["regression"]
    plain, based = score(model, q, 4000, rng(18)), score(model, q, 4000, rng(18), baseline=True)
    path = reparameterised(model, q, 4000, rng(18))
    assert path.variance < based.variance < plain.variance
    best = reparameterised(model, model.posterior, 100, rng(19), path=True)
    assert best.variance < 1e-20  # nothing is left to vary at the posterior
    np.testing.assert_allclose(best.mean.value, 0, atol=1e-10)


def test_gradients_of_one_variable():
    model, q = ConjugateGaussian([0.8, 1.9, 0.3], sd=2.0), Normal(0.4, 0.8)
    true = 3 * (1.0 - q.mean) - q.mean / 4
    precision = 3.25
    found = reparameterised(model, q, 20_000, rng(20), gradient=lambda t: 3 * (1.0 - t) - t / 4)
    for one in (found, score(model, q, 20_000, rng(21))):
        assert near(one.mean, true)
        assert near(one.scale, 1 - precision * q.sd**2)


# -- the tree that was proved, on vectors ------------------------------------------------------------------------------


def test_claims_on_vector_models():
    theta, D = variables("theta D")
    p, q = densities("p q")
    elbo = ELBO(q(theta), p(D, theta))
    for name in ("mean", "noisy", "categories", "collapsed"):
        on = bind(p=MODELS[name], q=QS[name])
        found = evaluate(elbo, on, "montecarlo", rng(22), 2000)
        assert near(found, MODELS[name].elbo(QS[name]))
        claim = Eq(log(p(D)), elbo + KL(q(theta), p(theta | D)))
        assert witness(claim, on, "montecarlo", rng(23), 2000).holds
        assert witness(Le(elbo, log(p(D))), on, "montecarlo", rng(24), 500).holds
    on = bind(p=MODELS["mean"], q=QS["mean"], f=lambda x: x[:, 0], theta=[[0.1, 0.2], [0.3, 0.4]])
    bayes = Eq(log(p(theta | D)), log(p(D | theta)) + log(p(theta)) - log(p(D)))
    assert witness(bayes, on).holds
    f = sympy.Function("f")
    assert near(evaluate(E(f(theta), q(theta)), on, "montecarlo", rng(25), 2000), 0.5)
    with pytest.raises(IllFormed, match="expected method='montecarlo' for a Gaussian"):
        evaluate(elbo, on)
    with pytest.raises(IllFormed, match="inside a density or a function"):
        evaluate(E(theta, q(theta)), on, "montecarlo", rng(), 10)
    with pytest.raises(IllFormed, match=r"one data set for p, found a batch of \(3,\)"):
        bind(p=MODELS["means"])


# -- bad input ---------------------------------------------------------------------------------------------------------

MEAN, Q = MODELS["mean"], QS["mean"]
BAD = [
    (lambda: mc.elbo(MEAN, Q, 0, rng()), "an integer of at least 1 for n, found 0"),
    (lambda: mc.elbo(MEAN, MEAN, 3, rng()), "a distribution for q"),
    (lambda: mc.elbo(Q, Q, 3, rng()), "a model, found"),
    (lambda: mc.elbo(MEAN, Diagonal(np.zeros((4, 2)), 1), 3, rng()), r"data set of a batch \(\), found batch \(4,\)"),
    (
        lambda: mc.elbo(MEAN, Diagonal([0, 0, 0], 1), 3, rng()),
        r"points of shape \(..., 2\) for Gaussian, found \(3, 3\)",
    ),
    (lambda: mc.expectation(lambda x: x, Q, 5, rng()), r"f to return shape \(5,\), found \(5, 2\)"),
    (lambda: score(MEAN, Q, 1, rng()), "an integer of at least 2 for n, found 1"),
    (lambda: score(MEAN, Product(Normal(0, 1), Normal(0, 1)), 5, rng()), "for q, found Product"),
    (lambda: score(MEAN, Normal(0, 1), 5, rng()), "model of q's dimension, found GaussianMean with Normal"),
    (lambda: score(MODELS["means"], Q, 5, rng()), "found a batch"),
    (lambda: score(GammaPoisson([1]), Normal(0, 1), 50, rng()), "finite log weights for a gradient, found -inf"),
    (lambda: reparameterised(GammaPoisson([1]), Normal(0, 1), 5, rng()), "a gradient of log p.* for GammaPoisson"),
    (lambda: reparameterised(MODELS["noisy"], Diagonal([0, 0, 0, 1], 1), 5, rng()), "a model with a gradient"),
    (lambda: reparameterised(MEAN, Q, 5, rng(), gradient=lambda x: x[0]), r"gradient of shape \(5, 2\)"),
    (lambda: lattice.log_evidence(Q, Q), "a model of one data set"),
    (lambda: lattice.elbo(MEAN, Diagonal(np.zeros(4), 1)), "in at most 3 dimensions"),
    (lambda: lattice.expectation(lambda x: np.log(x[:, 0] - 90), Q), "a finite integrand"),
    (lambda: lattice.log_evidence(MEAN, Diagonal([0, 0], 1e-5)), "that the Gaussian resembles"),
]


@pytest.mark.parametrize(("wrong", "message"), BAD, ids=[m for _, m in BAD])
def test_bad_input_is_named(wrong, message):
    with pytest.raises(IllFormed, match=message), np.errstate(invalid="ignore"):
        wrong()


@pytest.mark.parametrize("dim", [2, 5, 10, 20])
def test_shells_by_importance_sampling(dim):
    """Another route to the shells' evidence: weights under shells that are wider than the likelihood's."""
    model = GaussianShells(dim)
    proposal = Shells(model.proposal.centres, 2.0 * (1 + 0.0025 * (dim - 1)), 0.12)
    found = mc.log_evidence(model, proposal, 4000, rng(26))
    assert found.error < 0.02
    assert near(found, model.log_evidence.value)
