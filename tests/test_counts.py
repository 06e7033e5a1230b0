"""Counts: likelihoods against SciPy and mpmath, latents against quadrature, rates against the scalar models."""

import math

import mpmath
import numpy as np
import pytest
from scipy import integrate, stats

from elboproof import lattice
from elboproof.counts import CellTypes, Gene, PoissonLogNormal
from elboproof.counts import log_negative_binomial as negative_binomial
from elboproof.counts import log_poisson as poisson
from elboproof.counts import log_zero_inflated as zero_inflated
from elboproof.distributions import Beta, Gamma
from elboproof.errors import IllFormed
from elboproof.gaussians import Diagonal, Gaussian
from elboproof.models import BetaBernoulli, GammaPoisson
from elboproof.rates import BernoulliProbabilities, Betas, Gammas, LogNormals, PoissonRates

X = np.arange(60)[:, None]
MEANS = np.array([0.01, 1.0, 7.5, 300.0])


def test_poisson_is_scipys():
    np.testing.assert_allclose(poisson(X, MEANS), stats.poisson(MEANS).logpmf(X), rtol=1e-13)
    assert poisson(0, 0) == 0
    assert poisson(1, 0) == -math.inf


@pytest.mark.parametrize("r", [0.03, 0.9, 9.999, 10.001, 33.0])
def test_negative_binomial_is_scipys(r):
    np.testing.assert_allclose(
        negative_binomial(X, MEANS, r), stats.nbinom(r, r / (r + MEANS)).logpmf(X), rtol=1e-12, atol=1e-12
    )


@pytest.mark.parametrize(
    ("x", "m", "r"),
    [
        (7, 2.5, 9.99),
        (7, 2.5, 10.0),
        (40, 2.5, 1e5),
        (1000, 900.0, 1e9),
        (3, 2.0, 1e14),
        (5, 1e-5, 1e-3),
        (0, 4.0, 0.1),
    ],
)
def test_negative_binomial_keeps_its_digits(x, m, r):
    """Where SciPy loses them: from r = 1e5 the difference of two log-gammas is off by eps r log r."""
    with mpmath.workdps(60):
        n, p = mpmath.mpf(r), mpmath.mpf(r) / (mpmath.mpf(r) + mpmath.mpf(m))
        rising = mpmath.loggamma(x + n) - mpmath.loggamma(n) - mpmath.loggamma(x + 1)
        exact = float(rising + n * mpmath.log(p) + x * mpmath.log1p(-p))
    # the terms that cancel are of size x log m and log x!
    assert abs(negative_binomial(x, m, r) - exact) <= 2e-15 * (1 + abs(exact) + x * (1 + abs(math.log(m))))


def test_limits_of_the_negative_binomial():
    assert negative_binomial(3, 2.0, math.inf) == poisson(3, 2.0)
    assert negative_binomial(3, 2.0, 1e300) == pytest.approx(poisson(3, 2.0), rel=1e-15)
    assert negative_binomial(0, 0.0, 2.0) == 0
    assert negative_binomial(2, 0.0, 2.0) == -math.inf
    assert np.exp(negative_binomial(np.arange(4000), 30.0, 0.5)).sum() == pytest.approx(1, rel=1e-12)
    x = np.arange(4000)
    mass = np.exp(negative_binomial(x, 30.0, 0.5))
    assert mass @ x == pytest.approx(30.0, rel=1e-10)
    assert mass @ (x - 30.0) ** 2 == pytest.approx(30 + 30**2 / 0.5, rel=1e-10)  # and not 30 + 0.5 30^2


def test_negative_binomial_is_a_gamma_mixture_of_poissons():
    r, m = 1.7, 2.3
    t = np.linspace(-40, 8, 4001)  # log w; the trapezium rule, on an integrand that is smooth and dies off both ways
    w = np.exp(t)
    for x in (0, 1, 6):
        mixed = np.sum(stats.poisson(w).pmf(x) * stats.gamma(r, scale=m / r).pdf(w) * w) * (t[1] - t[0])
        assert math.exp(negative_binomial(x, m, r)) == pytest.approx(mixed, rel=1e-11)
    one = PoissonRates([[4.0]], r, r / m, 1.3)
    assert one.log_evidence == pytest.approx(negative_binomial(4, 1.3 * m, r), rel=1e-13)


def test_zero_inflation():
    mass = zero_inflated(X[:, 0], poisson(X[:, 0], 3.0), 0.2)
    assert np.exp(mass).sum() == pytest.approx(1, rel=1e-13)
    assert math.exp(mass[0]) == pytest.approx(0.2 + 0.8 * math.exp(-3), rel=1e-13)
    np.testing.assert_array_equal(zero_inflated(X, poisson(X, 3.0), 0.0), poisson(X, 3.0))
    np.testing.assert_array_equal(zero_inflated([0, 1], poisson([0, 1], 3.0), 1.0), [0, -math.inf])


# -- rates: the scalar models in every coordinate, batched over data sets --------------------------------------------


def test_rates_are_the_scalar_models_one_by_one():
    rng = np.random.default_rng(3)
    flips, seen = rng.integers(0, 2, (2, 3, 5, 2)), rng.poisson(2.5, (2, 3, 5, 2))
    a, b, theta = np.array([0.7, 2.0]), np.array([1.3, 0.4]), np.array([0.3, 0.8])
    beta, gamma = BernoulliProbabilities(flips, a, b), PoissonRates(seen, a, b)
    assert beta.log_evidence.shape == gamma.log_evidence.shape == beta.batch == (2, 3)
    for at in np.ndindex(2, 3):
        ones = [BetaBernoulli(flips[(*at, slice(None), j)], a[j], b[j]) for j in (0, 1)]
        many = [GammaPoisson(seen[(*at, slice(None), j)], a[j], b[j]) for j in (0, 1)]
        for model, single in ((beta, ones), (gamma, many)):
            assert model.log_evidence[at] == pytest.approx(sum(s.log_evidence for s in single), rel=1e-12)
            joint = sum(s.log_joint(t) for s, t in zip(single, theta, strict=True))
            assert model.log_joint(theta)[at] == pytest.approx(joint, rel=1e-12)
            np.testing.assert_allclose(model.posterior.mean[at], [s.posterior.mean for s in single], rtol=1e-13)


@pytest.mark.parametrize(("many", "one"), [(Gammas, Gamma), (Betas, Beta)])
def test_coordinates_are_the_scalar_laws(many, one):
    q, p = many([0.4, 3.0], [1.5, 0.6]), many([2.0, 1.0], [0.9, 4.0])
    pairs = [(one(0.4, 1.5), one(2.0, 0.9)), (one(3.0, 0.6), one(1.0, 4.0))]
    assert q.entropy() == pytest.approx(sum(a.entropy() for a, _ in pairs), rel=1e-13)
    assert q.kl(p) == pytest.approx(sum(a.kl(b) for a, b in pairs), rel=1e-13)
    x = np.array([0.2, 0.7])
    assert q.log_density(x) == pytest.approx(sum(a.log_density(t) for (a, _), t in zip(pairs, x, strict=True)))
    assert q.log_density([0.2, -0.1]) == -math.inf
    drawn = q.sample(4000, np.random.default_rng(5))
    for j, (law, _) in enumerate(pairs):  # Kolmogorov-Smirnov at level 1e-4
        cdf = stats.gamma(law.shape, scale=1 / law.rate).cdf if one is Gamma else stats.beta(law.a, law.b).cdf
        assert stats.kstest(drawn[:, j], cdf).pvalue > 1e-4


def test_log_normals():
    law, oracle = LogNormals([0.3], [0.6]), stats.lognorm(0.6, scale=math.exp(0.3))
    x = np.array([[0.1], [1.0], [4.0]])
    np.testing.assert_allclose(law.log_density(x), oracle.logpdf(x[:, 0]), rtol=1e-12)
    assert law.log_density([-1.0]) == -math.inf
    assert law.entropy() == pytest.approx(oracle.entropy(), rel=1e-12)
    assert law.mean[0] == pytest.approx(oracle.mean(), rel=1e-12)
    assert stats.kstest(law.sample(4000, np.random.default_rng(6))[:, 0], oracle.cdf).pvalue > 1e-4
    other = stats.gamma(2.2, scale=1 / 0.7)
    by_hand = integrate.quad(lambda t: oracle.pdf(t) * (oracle.logpdf(t) - other.logpdf(t)), 0, np.inf)[0]
    assert law.kl(Gammas([2.2], [0.7])) == pytest.approx(by_hand, rel=1e-7)
    assert law.kl(LogNormals([0.1], [0.9])) == pytest.approx(
        math.log(0.9 / 0.6) + (0.6**2 + 0.2**2) / (2 * 0.81) - 0.5, rel=1e-12
    )


@pytest.mark.parametrize("a", [0.3, 1.0, 4.0, 50.0])
def test_a_log_normal_loses_what_stirlings_formula_loses(a):
    """The smallest KL from a log-normal to Gamma(a, b) is log Gamma(a) less Stirling's formula, whatever b is."""
    law = Gammas([a], [2.7])
    best = LogNormals.closest(law)
    stirling = (a - 0.5) * math.log(a) - a + 0.5 * math.log(2 * math.pi)
    assert best.kl(law) == pytest.approx(math.lgamma(a) - stirling, abs=1e-12 * (1 + a * math.log(1 + a)))
    for d in (-1e-3, 1e-3):
        assert LogNormals(best.location + d, best.scale).kl(law) > best.kl(law)
        assert LogNormals(best.location, best.scale + d).kl(law) > best.kl(law)


def test_elbo_of_a_log_normal_rate():
    model = PoissonRates([[2.0], [5.0]], 1.5, 0.6, [0.8, 1.7])
    q = LogNormals([0.9], [0.4])
    assert model.elbo(q) + q.kl(model.posterior) == pytest.approx(model.log_evidence, rel=1e-13)


# -- latents of cells -------------------------------------------------------------------------------------------------


def cells(k=2, n=6, genes=5):
    rng = np.random.default_rng(k)
    model = PoissonLogNormal(
        np.zeros((n, genes)), rng.normal(0, 0.7, (genes, k)), rng.normal(0.5, 0.5, genes), np.exp(rng.normal(0, 0.5, n))
    )
    return model.given(model.replicate(rng.standard_normal((n, k)), rng))


def one(model, i):
    return PoissonLogNormal(model.data[i], model.loadings, model.intercepts, model.exposure[i])


def test_poisson_log_normal_evidence_in_one_dimension():
    model = one(cells(1), 2)
    q = model.best()

    def integrand(z):
        return stats.norm.pdf(z) * np.prod(
            stats.poisson(model.exposure * np.exp(model.intercepts + model.loadings[:, 0] * z)).pmf(model.data)
        )

    found = lattice.log_evidence(model, q)
    assert found.value == pytest.approx(math.log(integrate.quad(integrand, -8, 8, epsabs=0, epsrel=1e-11)[0]), rel=1e-9)


def test_poisson_log_normal_elbo():
    model, q = cells(), Diagonal([0.2, -0.4], [0.5, 0.3])
    assert model.elbo(q).shape == (6,)
    single = one(model, 3)
    assert model.elbo(q)[3] == pytest.approx(lattice.elbo(single, q).value, rel=1e-9)
    post = lattice.log_evidence(single, single.best())
    assert model.elbo(q)[3] < post.value
    theta = np.random.default_rng(1).standard_normal((6, 2))
    by_gene = stats.poisson(np.exp(model._log_means(theta))).logpmf(model.data).sum(axis=-1)
    np.testing.assert_allclose(model.log_likelihood(theta), by_gene, rtol=1e-12)
    for j in (0, 1):
        step = 1e-5 * np.eye(2)[j]
        slope = (model.log_joint(theta + step) - model.log_joint(theta - step)) / 2e-5
        np.testing.assert_allclose(model.gradient(theta)[:, j], slope, rtol=1e-6, atol=1e-7)


def test_the_best_gaussian_is_the_best():
    model, rng = cells(), np.random.default_rng(2)
    full, flat = model.best(), model.best(diagonal=True)
    top, low = model.elbo(full), model.elbo(flat)
    assert np.all(low < top)
    exact = np.array(
        [lattice.log_evidence(one(model, i), Gaussian(full.mean[i], full.covariance[i])).value for i in range(6)]
    )
    assert np.all(top < exact)
    assert np.max(exact - top) < 0.1
    for _ in range(4):
        nudge = 1e-3 * rng.standard_normal((6, 2))
        factor = full.factor + 1e-3 * np.tril(rng.standard_normal((6, 2, 2)))
        assert np.all(model.elbo(Gaussian.from_factor(full.mean + nudge, factor)) < top)
        assert np.all(model.elbo(Diagonal(flat.mean + nudge, flat.sd + 1e-3 * rng.standard_normal((6, 2)))) < low)


def test_best_far_from_the_prior():
    """A count of 2000 where 1 is expected: Newton's first step overshoots by far, and is halved."""
    model = PoissonLogNormal([[2000.0, 0.0]], [[1.0], [0.1]], [0.0, 0.0])
    q = model.best()
    assert (
        abs(lattice.log_evidence(one(model, 0), Gaussian(q.mean[0], q.covariance[0])).value - model.elbo(q)[0]) < 0.01
    )


def test_cell_types_with_library_sizes():
    rng = np.random.default_rng(4)
    rates, exposure = rng.gamma(2, 1, (2, 3)), np.array([0.3, 2.0, 5.0])
    model = CellTypes(rng.poisson(2, (3, 3)), [0.4, 0.6], rates, exposure)
    for i, row in enumerate(model.data):
        each = stats.poisson(exposure[i] * rates).pmf(row).prod(axis=1)
        assert model.log_evidence[i] == pytest.approx(math.log(each @ [0.4, 0.6]), rel=1e-12)
        assert CellTypes(row, [0.4, 0.6], rates, exposure[i]).log_evidence == pytest.approx(
            model.log_evidence[i], rel=1e-14
        )
    np.testing.assert_allclose(model.elbo(model.posterior), model.log_evidence, rtol=1e-12)
    drawn = model.replicate(np.ones(3, int), rng)
    assert drawn.shape == (3, 3)


@pytest.mark.parametrize("inflated", [False, True])
def test_gene_evidence(inflated):
    """Against a plain sum over a grid of theta, SciPy's probabilities, and for the share a quadrature of its own."""
    data = np.array([0, 0, 3, 1, 0, 7.0])
    gene = Gene(data, [0.3, 0.5], [1.0, 0.8], 1.5, inflated=inflated)
    u, v = np.meshgrid(np.linspace(-6, 7, 131), np.linspace(-6, 7, 131), indexing="ij")
    size, mean = np.exp(v), 1.5 * np.exp(u)
    law = stats.nbinom(size, size / (size + mean))
    mass = [law.pmf(x) for x in data]
    if inflated:  # Gauss-Legendre is exact on a polynomial in the share
        node, weight = np.polynomial.legendre.leggauss(8)
        shares = zip((node + 1) / 2, weight / 2, strict=True)
        like = sum(
            w * np.prod([s * (x == 0) + (1 - s) * m for x, m in zip(data, mass, strict=True)], axis=0)
            for s, w in shares
        )
    else:
        like = np.prod(mass, axis=0)
    prior = stats.norm(0.3, 1).pdf(u) * stats.norm(0.5, 0.8).pdf(v)
    found = lattice.log_evidence(gene, gene.laplace)
    assert found.value == pytest.approx(math.log(np.sum(like * prior) * 0.1**2), rel=1e-9)
    assert gene.given(data).log_joint([0.1, 0.2]) == gene.log_joint([0.1, 0.2])


def test_gene_with_library_sizes():
    data, exposure = np.array([0, 2, 2, 5.0]), np.array([0.5, 1.0, 1.0, 3.0])
    theta = np.array([0.4, 0.9])
    size, mean = math.exp(0.9), exposure * math.exp(0.4)
    gene = Gene(data, [0, 0], [1, 1], exposure)
    assert gene.log_likelihood(theta) == pytest.approx(
        stats.nbinom(size, size / (size + mean)).logpmf(data).sum(), rel=1e-12
    )
    flat = Gene(data, [0], [1], exposure, poisson=True)
    assert flat.log_likelihood(theta[:1]) == pytest.approx(stats.poisson(mean).logpmf(data).sum(), rel=1e-12)
    curvature = np.sum(mean * math.exp(flat.laplace.mean[0] - 0.4)) + 1  # of a Poisson log-likelihood, plus the prior's
    assert flat.laplace.precision[0, 0] == pytest.approx(curvature, rel=1e-4)
    assert gene.replicate(theta, np.random.default_rng(0)).shape == (4,)


ERRORS = [
    (lambda: poisson(1.5, 1), r"counts \(0, 1, 2, ...\) for x of log_poisson, found 1.5"),
    (lambda: poisson([2, -1], 1), "found -1.0 at position 1"),
    (lambda: poisson(1, -2), "means of at least 0 for log_poisson, found -2.0"),
    (lambda: poisson(1, math.nan), "finite numbers for mean of log_poisson, found nan"),
    (lambda: negative_binomial(1, 1, [2.0, 0.0]), "positive numbers for inverse_dispersion of .*, found 0.0"),
    (lambda: negative_binomial(1, 1, math.nan), "found nan"),
    (lambda: zero_inflated(1, -1.0, 1.1), "shares from 0 to 1 for log_zero_inflated, found 1.1"),
    (lambda: PoissonRates([1.0]), "at least 2 axes for data of PoissonRates"),
    (lambda: PoissonRates([[1.0]], exposure=0), "positive finite numbers for exposure of PoissonRates, found 0.0"),
    (lambda: PoissonRates([[1.0], [2.0]], exposure=[1, 2, 3]), r"a number or shape \(2,\) for exposure"),
    (lambda: PoissonRates([[1.0, 2.0]], shape=[1, 2, 3]), r"shape \(2,\) for shape of PoissonRates, found \(3,\)"),
    (lambda: BernoulliProbabilities([[2.0]]), "zeros and ones for data of BernoulliProbabilities, found 2.0"),
    (lambda: Gammas(1.0, 2.0), "found two numbers"),
    (lambda: LogNormals([0.0], [0.0]), "positive finite numbers for scale of LogNormals"),
    (lambda: CellTypes([[1, 2]], [0.5, 0.5], [[1.0, 1.0]]), r"shape \(2, 2\) for rates of CellTypes, found \(1, 2\)"),
    (lambda: CellTypes([[1]], [1.0], [[1.0]], [1.0, 2.0]), r"shape \(1,\) for exposure of CellTypes, found \(2,\)"),
    (lambda: CellTypes([[1]], [1.0], [[1.0]], 1.0, -1.0), "inverse_dispersion of CellTypes, found -1.0"),
    (lambda: PoissonLogNormal([[1, 2]], [[1.0]], [0.0, 0.0]), "the rows of loadings"),
    (lambda: Gene([1, 2], [0.0], [1.0]), r"shape \(2,\) for mean of Gene"),
    (lambda: Gene([1, 2], [0, 0], [1, 1], [1.0, 2.0], inflated=True), "one exposure for all cells"),
    (lambda: Gene([], [0, 0], [1, 1]), "at least one entry in data of Gene"),
]


@pytest.mark.parametrize(("wrong", "message"), ERRORS, ids=[m for _, m in ERRORS])
def test_bad_input_is_named(wrong, message):
    with pytest.raises(IllFormed, match=message):
        wrong()
