"""Enclosures in any dimension against exact rational arithmetic, by formulas that they do not use."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from flint import arb, arb_mat
from sympy import QQ
from sympy.polys.matrices import DomainMatrix

from elboproof import certify as c
from elboproof import exact_laws
from elboproof.certify import Certificate, as_float, certify
from elboproof.conjugate import InverseGamma, NormalInverseGamma
from elboproof.datasets import dyestuff
from elboproof.distributions import Beta, Normal
from elboproof.enclosures import working
from elboproof.errors import IllFormed
from elboproof.gaussians import Diagonal, Gaussian
from elboproof.latent import FactorAnalysis, ProbabilisticPCA, RandomIntercept
from elboproof.means import GaussianMean, GaussianMeanVariance
from elboproof.models import ConjugateGaussian
from elboproof.products import Product
from elboproof.regression import LinearRegression, LogisticRegression, NoisyLinearRegression
from zoo import MODELS

S = np.array([[2.0, 0.3], [0.3, 0.7]])  # no square root in it is a float
C = np.array([[0.3, -0.1], [-0.1, 0.2]])
M, N = [0.1, -0.4], [0.6, 0.3]
X = np.array([[1.0, 0.5], [1.0, -1.2], [1.0, 0.3], [0.7, 2.1]])
Y = np.array([0.9, -1.3, 0.4, 2.2])
Q = Gaussian(N, C)


def exact(rows):
    made = [[Fraction(float(x)) for x in row] for row in rows]
    return DomainMatrix([[QQ(x.numerator, x.denominator) for x in row] for row in made], (len(made), len(made[0])), QQ)


def column(values):
    return exact([[x] for x in values])


def scalar(x):
    x = x.to_Matrix()[0, 0]
    return mpmath.mpf(int(x.p)) / int(x.q)


def log_det(a):
    x = a.charpoly()[-1] * (-1) ** a.shape[0]
    return mpmath.log(mpmath.mpf(int(x.numerator)) / int(x.denominator))


def square(rest, weight):
    return scalar(rest.transpose() * weight * rest)


def log_normal(rest, variance):
    k = rest.shape[0]
    return -(k * mpmath.log(2 * mpmath.pi) + log_det(variance) + square(rest, variance.inv())) / 2


def trace(a):
    return mpmath.fsum(scalar(a.extract([i], [i])) for i in range(a.shape[0]))


def truth(y, x, noise, m, s, n, spread):
    """(log p(D), ELBO, KL), all exact but for logarithms: the posterior by the joint law's Schur complement, and the
    evidence from it, log p(D, 0) - log p(0 | D)."""
    gain = s * x.transpose() * (x * s * x.transpose() + noise).inv()
    after, cov = m + gain * (y - x * m), s - gain * x * s
    evidence = log_normal(y, noise) + log_normal(m, s) - log_normal(after, cov)
    weight, d = cov.inv(), len(n.to_list())
    kl = (trace(weight * spread) - d + log_det(cov) - log_det(spread) + square(n - after, weight)) / 2
    return evidence, evidence - kl, kl


def diag(values):
    return exact(np.diag(values))


def of(model, q):
    """A model as y, X, R, m, S and q as its mean and covariance, written out for each kind."""
    n, d = len(model.data), q.event[0]
    if isinstance(model, LinearRegression):
        parts = column(model.data), exact(model.design), diag([model.sigma] * n) ** 2, column(M), exact(S)
    elif isinstance(model, GaussianMean):
        rows, noise = model.data.size, np.kron(np.eye(n), model.noise)
        parts = column(model.data.ravel()), exact(np.tile(np.eye(d), (n, 1))), exact(noise), column(M), exact(S)
        assert rows == n * d
    elif isinstance(model, RandomIntercept):
        member = np.array([[float(g == j) for j in range(d)] for g in model.groups])
        left = column(model.data) - column(np.full(n, model.mean))
        parts = left, exact(member), diag([model.within] * n) ** 2, column([0] * d), diag([model.between] * d) ** 2
    else:
        left = column(model.data) - column(model.mean)
        parts = left, exact(model.loadings), diag(model.variances), column([0] * d), diag([1] * d)
    cov = diag(q.sd) ** 2 if isinstance(q, Diagonal) else exact(C)
    return *parts, column(q.mean), cov


W = X[:3] + 0.25
KNOWN = {
    "regression": (LinearRegression(X, Y, 0.8, M, S), Q),
    "regression, independent": (LinearRegression(X, Y, 0.8, M, S), Diagonal(N, [0.3, 0.7])),
    "one row": (LinearRegression(X[:1], Y[:1], 0.1, M, S), Q),
    "sharp data": (LinearRegression(X, Y, 1e-7, M, S), Gaussian(N, C)),
    "mean": (GaussianMean(X, [[1.1, 0.2], [0.2, 0.9]], M, S), Q),
    "factors": (FactorAnalysis([0.3, 1.0, -2.0], W, [0.1, 0.2, 0.3], [0.5, 0.7, 2.1]), Q),
    "pca": (ProbabilisticPCA([0.3, 1.0, -2.0], W, [0.1, 0.2, 0.3], 0.3), Diagonal(N, [0.3, 0.7])),
    "intercepts": (RandomIntercept([1.3, 0.2, -0.4, 2.2], [0, 1, 1, 0], 0.4, 1.2, 0.7), Q),
}


def holds(enclosure, value, digits=30):
    """Contains the value (known to 50 digits), and is as narrow as was asked for."""
    with working(60):
        known = arb(mpmath.nstr(value, 55)) + arb(0, 1e-48 * (1 + abs(float(value))))
        assert enclosure.overlaps(known)
        assert enclosure.rad() < arb(10) ** -digits * (1 + abs(known))


@pytest.mark.parametrize("name", KNOWN)
def test_gaussian_models_at_thirty_digits(name):
    model, q = KNOWN[name]
    found = certify(model, q)
    with mpmath.workdps(80):
        for enclosure, value in zip(found[:3], truth(*of(model, q)), strict=True):
            holds(enclosure, value)
    assert found.bounded
    assert found.identity


P = [[1.7, 0.2], [0.2, 0.6]]
NIG = NormalInverseGamma(N, [[4.1, 0.3], [0.3, 2.9]], 3.7, 2.3)
UNKNOWN = {
    "regression": NoisyLinearRegression(X, Y, M, P, 1.9, 1.3),
    "mean and variance": GaussianMeanVariance(X, M, 0.7, 2.6, 1.4),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_unknown_noise_at_thirty_digits(name):
    """The evidence as log p(D, theta) - log p(theta | D) at one theta; the KL as those of the two parts of the law."""
    model = UNKNOWN[name]
    a, b = mpmath.mpf(float(model.prior.a)), mpmath.mpf(float(model.prior.b))
    x, y, p = exact(X), column(Y), exact(P)
    if name != "regression":
        x, y, p = exact(np.tile(np.eye(2), (4, 1))), column(X.ravel()), diag([0.7] * 2)
    found = certify(model, NIG)
    with mpmath.workdps(80):
        n, m, weight = y.shape[0], column(M), p + x.transpose() * x
        after = m + weight.inv() * x.transpose() * (y - x * m)
        rest = square(y - x * after, exact(np.eye(n))) + square(after - m, p)
        e, f = a + mpmath.mpf(n) / 2, b + rest / 2

        def log_nig(mean, precision, a, b):  # the density at w = 0, v = 1
            normal = log_det(precision) / 2 - mpmath.log(2 * mpmath.pi) - square(mean, precision) / 2
            return normal + a * mpmath.log(b) - mpmath.loggamma(a) - b

        evidence = -(n * mpmath.log(2 * mpmath.pi) + square(y, exact(np.eye(n)))) / 2
        evidence += log_nig(m, p, a, b) - log_nig(after, weight, e, f)
        g, h, own = mpmath.mpf(3.7), mpmath.mpf(2.3), exact(NIG.precision)
        kl = (trace(weight * own.inv()) - 2 - log_det(weight) + log_det(own)) / 2
        kl += g / h * square(column(N) - after, weight) / 2
        kl += (g - e) * mpmath.digamma(g) - mpmath.loggamma(g) + mpmath.loggamma(e)
        kl += e * mpmath.log(h / f) + g * (f - h) / h
        for enclosure, value in zip(found[:3], (evidence, evidence - kl, kl), strict=True):
            holds(enclosure, value)
    assert found.bounded
    assert found.identity


@pytest.mark.parametrize("name", UNKNOWN)
def test_independent_weights_and_noise(name):
    """A product q: the ELBO in floats, and the identity."""
    model = UNKNOWN[name]
    for w in (Q, Diagonal(N, [0.3, 0.7])):
        q = Product(w, InverseGamma(3.7, 2.3))
        found = certify(model, q)
        floats = model.expected_log_likelihood(q) + model.prior.expected_log_density(q) + q.entropy()
        assert as_float(found.elbo)[0] == pytest.approx(float(floats), rel=1e-12)  # 12 terms, each right to a few eps
        assert found.bounded
        assert found.identity


def test_one_variable_two_ways():
    """A conjugate mean of one variable is also a regression on a constant: integrals and algebra agree."""
    line = certify(ConjugateGaussian(Y, 0.8, 0.1, 1.3), Normal(0.5, 0.4))
    prior = Gaussian.from_factor([0.1], [[1.3]])
    model = LinearRegression(np.ones((4, 1)), Y, 0.8, [0.1], [[1.0]])
    model.prior = prior  # its variance is the exact square of 1.3
    for q in (Normal(0.5, 0.4), Gaussian.from_factor([0.5], [[0.4]])):
        for one, other in zip(line[:3], certify(model, q)[:3], strict=True):
            assert one.overlaps(other)
            assert other.rad() < arb(10) ** -28


def test_ill_conditioned_models():
    """Each number loses its own share of digits: the evidence must still be the narrowest, whatever the noise."""
    design, data = np.vander(np.linspace(0, 1, 12), 6), np.sin(np.arange(12))
    for k in range(0, 12, 2):
        model = LinearRegression(design, data, 10.0**-k, np.zeros(6), 1e6 * np.eye(6))
        found = certify(model, Diagonal(model.posterior.mean, model.posterior.sd))
        assert found.identity, k
        assert found.bounded, k


def test_dyestuff_is_proved():
    """lme4 and MixedModels.jl print -163.66353; here for the floats of the estimates."""
    yields, batch = dyestuff()
    model = RandomIntercept.fit(yields, batch)
    found = certify(model, Diagonal(model.posterior.mean, 1.5 * model.posterior.sd))
    assert found.log_evidence.str(8, radius=False) == "-163.66353"
    assert found.bounded
    assert found.identity


def test_the_covariance_given_is_the_one_enclosed():
    """A prior variance of 2 has no root among the floats: 2 is enclosed, not the square of a float."""
    model = LinearRegression([[1.0]], [0.5], 1.0, [0.0], [[2.0]])
    with mpmath.workdps(60):
        holds(c.log_evidence(model, 30), -(mpmath.log(6 * mpmath.pi) + mpmath.mpf(1) / 12) / 2)
    assert model.given([1.0]).prior.covariance[0, 0] == 2.0
    rounded = LinearRegression([[1.0]], [0.5], 1.0, [0.0], [[1.0]])
    rounded.prior = Gaussian.from_factor([0.0], [[2.0**0.5]])
    assert not c.log_evidence(rounded, 30).overlaps(c.log_evidence(model, 30))
    root = exact_laws.factor_of(model.prior)[0, 0]
    assert abs(root * root - 2) < 1e-10


def test_logistic_line_with_a_variance_without_a_root():
    model = LogisticRegression([[0.5], [2.0]], [1, 0], [0.0], [[2.0]])
    found = certify(model, Gaussian([0.0], [[0.7]]), 22)
    with mpmath.workdps(26):
        v = mpmath.mpf(0.7)

        def log_joint(w):
            odds = (1 + mpmath.exp(-w / 2)) * (1 + mpmath.exp(2 * w))
            return -w * w / 4 - mpmath.log(4 * mpmath.pi) / 2 - mpmath.log(odds)

        def log_q(w):
            return -w * w / (2 * v) - mpmath.log(2 * mpmath.pi * v) / 2

        nodes = [-18, -5, 0, 5, 18]  # beyond: below 1e-33 in either integral
        z = mpmath.quad(lambda w: mpmath.exp(log_joint(w)), nodes)
        bound = mpmath.quad(lambda w: mpmath.exp(log_q(w)) * (log_joint(w) - log_q(w)), nodes)
        with working(40):
            for enclosure, value in ((found.log_evidence, mpmath.log(z)), (found.elbo, bound)):
                assert abs(enclosure - arb(mpmath.nstr(value, 26))) < 1e-21
    assert found.bounded
    assert found.identity


def test_nothing_is_proved_of_what_has_no_bounds():
    for ball in (arb.nan(), arb(0, "inf")):
        assert not Certificate(ball, arb(-2), ball, 30).identity
        assert not Certificate(arb(-1), ball, arb(1), 30).identity
        assert not Certificate(ball, ball, ball, 30).bounded
    with working(5):  # too few bits to tell the matrix from a singular one
        close = arb_mat([[1, 1], [1, 1 + arb(0, 1e-9)]])
        assert exact_laws.solve(close, exact_laws.identity(2))[0, 0].is_nan()
        assert not exact_laws.log_det(exact_laws.cholesky(close, "a")).is_finite()


# of rank two but for rounding; numpy takes it, and its exact determinant is negative
THIN = [
    [0.32000000000000006, 0.56, 0.36000000000000004],
    [0.56, 1.0, 0.7000000000000001],
    [0.36000000000000004, 0.7000000000000001, 0.65],
]
BAD = [
    (lambda: certify(MODELS["regressions"], Diagonal(N, 1)), r"one data set for LinearRegression .* batch of \(2,\)"),
    (lambda: certify(MODELS["pca"], Q), "one data set for ProbabilisticPCA"),
    (lambda: certify(KNOWN["mean"][0], Diagonal([0], 1)), r"in 2 dimensions for q, found a Diagonal of shape \(1,\)"),
    (lambda: certify(KNOWN["mean"][0], Beta(1, 1)), "in 2 dimensions for q, found a Beta"),
    (lambda: certify(KNOWN["mean"][0], Gaussian([N], C)), r"found a Gaussian of shape \(1, 2\)"),
    (lambda: certify(UNKNOWN["regression"], Q), "of 3 coordinates for q of NoisyLinearRegression, found a Gaussian"),
    (lambda: certify(KNOWN["mean"][0], Q, 0), "an integer of at least 1 for digits, found 0"),
    (lambda: certify(MODELS["categories"], Q), "a model that can be enclosed .*, found DirichletCategorical"),
    (
        lambda: certify(LinearRegression(np.eye(3), [1, 2, 3], 1.0, [0, 0, 0], THIN), Diagonal([0] * 3, 1)),
        "positive def",
    ),
    (lambda: exact_laws.cholesky(arb_mat([[1, 2], [2, 1]]), "the covariance of q"), "for the covariance of q, found"),
]


@pytest.mark.parametrize(("wrong", "message"), BAD, ids=range(len(BAD)))
def test_bad_input_is_named(wrong, message):
    with pytest.raises(IllFormed, match=message):
        wrong()
