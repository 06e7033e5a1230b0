"""Rigorous enclosures against closed forms in mpmath, other coordinates, and rules too coarse on purpose."""

import math

import mpmath
import numpy as np
import pytest
from flint import arb

from elboproof import certify as c
from elboproof import conjugate_bounds as cb
from elboproof import enclosures, lattice, logistic_bounds
from elboproof.certify import Certificate, as_float, certify
from elboproof.distributions import Beta, Gamma, Normal, Uniform
from elboproof.enclosures import Growth, line, truncation, working
from elboproof.errors import IllFormed
from elboproof.gaussians import Diagonal, Gaussian
from elboproof.models import BetaBernoulli, ConjugateGaussian, GammaPoisson
from elboproof.numeric import standard_bindings
from elboproof.regression import LogisticRegression
from zoo import LOGISTIC, MODELS

STANDARD = {name: (on.laws["p"], on.laws["q"]) for name, on in standard_bindings().items()}
HARD = {
    "many Gaussian": (ConjugateGaussian(np.linspace(-3, 3, 301), sigma=0.3), Normal(1e-3, 0.02)),
    "far Gaussian": (ConjugateGaussian([1e4, 1e4 + 1], sigma=1e-2, mean=-1e3, sd=1e3), Normal(1e4, 0.5)),
    "small Beta": (BetaBernoulli([1], a=0.2, b=0.3), Beta(0.15, 5.0)),
    "large Beta": (BetaBernoulli([1, 0] * 200, a=30.0, b=0.5), Beta(300.0, 310.0)),
    "small Gamma": (GammaPoisson([0], shape=0.2, rate=1e-3), Gamma(0.1, 7.0)),
    "large Gamma": (GammaPoisson([300, 310, 280] * 5, shape=5.0, rate=0.1), Gamma(4000.0, 14.0)),
}
LINE = LogisticRegression([[0.5], [1.25], [-0.75], [2.0]], [1, 1, 0, 0], [0.125], [[2.25]])
PLANE_Q = Gaussian(LOGISTIC.laplace.mean, 1.1 * LOGISTIC.laplace.covariance)


def exact(model, q):
    """(log p(D), ELBO, KL) by conjugacy, in mpmath at 60 digits, from the exact floats."""
    mp = mpmath.mpf
    with mpmath.workdps(60):
        data = [mp(float(x)) for x in model.data]
        n, total = len(data), sum(data)
        if isinstance(model, ConjugateGaussian):
            s, m, t = mp(model.sigma), mp(model.prior.mean), mp(model.prior.sd)
            precision = 1 / t**2 + n / s**2
            centre = (m / t**2 + total / s**2) / precision
            quadratic = sum(x**2 for x in data) / s**2 + m**2 / t**2 - precision * centre**2
            evidence = -(n * mpmath.log(2 * mpmath.pi * s**2) + mpmath.log(t**2 * precision) + quadratic) / 2
            a, b = mp(q.mean), mp(q.sd)
            kl = (precision * (b**2 + (a - centre) ** 2) - 1 - mpmath.log(b**2 * precision)) / 2
        elif isinstance(model, GammaPoisson):
            a, r = mp(model.prior.shape), mp(model.prior.rate)
            post, rate = a + total, r + n
            evidence = a * mpmath.log(r) - mpmath.loggamma(a) + mpmath.loggamma(post) - post * mpmath.log(rate)
            evidence -= sum(mpmath.loggamma(x + 1) for x in data)
            e, g = mp(q.shape), mp(q.rate)
            kl = (e - post) * mpmath.digamma(e) - mpmath.loggamma(e) + mpmath.loggamma(post)
            kl += post * mpmath.log(g / rate) + e * (rate - g) / g
        else:
            a, b = mp(model.prior.a) + total, mp(model.prior.b) + n - total
            evidence = log_beta(a, b) - log_beta(mp(model.prior.a), mp(model.prior.b))
            e, g = mp(q.a), mp(q.b)
            kl = log_beta(a, b) - log_beta(e, g) + (e - a) * mpmath.digamma(e) + (g - b) * mpmath.digamma(g)
            kl += (a - e + b - g) * mpmath.digamma(e + g)
        return evidence, evidence - kl, kl


def log_beta(a, b):
    return mpmath.loggamma(a) + mpmath.loggamma(b) - mpmath.loggamma(a + b)


def holds(enclosure, value, digits, slack=1e-48):
    """Contains the value (known to 50 digits), and is as narrow as was asked for."""
    with working(60):
        known = arb(mpmath.nstr(value, 55)) + arb(0, slack * (1 + abs(float(value))))
        assert enclosure.overlaps(known)
        assert enclosure.rad() < arb(10) ** -digits * (1 + abs(known))


@pytest.mark.parametrize("name", [*STANDARD, *HARD])
def test_conjugate_models_at_thirty_digits(name):
    model, q = {**STANDARD, **HARD}[name]
    found = certify(model, q, 30)
    for enclosure, value in zip(found[:3], exact(model, q), strict=True):
        holds(enclosure, value, 30)
    assert found.bounded  # ELBO < log p(D), proved
    assert found.identity  # ELBO + KL contains log p(D)


@pytest.mark.parametrize("digits", [3, 15, 60])
def test_other_digits(digits):
    model, q = STANDARD["Gamma-Poisson"]
    found = certify(model, q, digits)
    assert found.identity
    with mpmath.workdps(90):
        for enclosure, value in zip(found[:3], exact(model, q), strict=True):
            holds(enclosure, value, min(digits, 45))


def test_logistic_line():
    found = certify(LINE, Normal(0.3, 0.6), 30)
    assert found.bounded
    assert found.identity
    with mpmath.workdps(50):
        rows = [mpmath.mpf(float(x)) for x in LINE.signed[:, 0]]

        def log_joint(w):
            prior = -(((w - 0.125) / 1.5) ** 2) / 2 - mpmath.log(1.5) - mpmath.log(2 * mpmath.pi) / 2
            return prior - sum(mpmath.log1p(mpmath.exp(-x * w)) for x in rows)

        evidence = mpmath.log(mpmath.quad(lambda w: mpmath.exp(log_joint(w)), [-20, -4, -1, 0, 1, 4, 20]))
        # 20 is 13 standard deviations of the prior, so what was cut off is below 1e-38
    holds(found.log_evidence, evidence, 30, slack=1e-33)


def test_logistic_plane():
    found = certify(LOGISTIC, PLANE_Q, 30)
    assert found.bounded
    assert found.identity
    evidence, bound = lattice.log_evidence(LOGISTIC, LOGISTIC.laplace), lattice.elbo(LOGISTIC, PLANE_Q)
    for enclosure, other in ((found.log_evidence, evidence), (found.elbo, bound)):
        middle, radius = as_float(enclosure)
        assert abs(middle - other.value) <= radius + other.error
        assert enclosure.rad() < arb(10) ** -29


def test_evidence_in_other_coordinates():
    """Two independent lines make a plane; sheared by an exact integer matrix, its evidence is the product of theirs."""
    other = LogisticRegression([[1.5], [-0.5]], [0, 1], [-0.25], [[1.0]])
    lines = [LogisticRegression([[0.5], [2.0]], [1, 0], [0.125], [[1.0]]), other]
    shear = np.array([[1.0, 0.0], [1.0, 1.0]])  # w' = shear w; rows x' = x shear^-1
    design = np.array([[0.5, 0], [2.0, 0], [0, 1.5], [0, -0.5]]) @ np.array([[1.0, 0.0], [-1.0, 1.0]])
    plane = LogisticRegression(design, [1, 0, 0, 1], shear @ [0.125, -0.25], shear @ shear.T)
    whole, parts = c.log_evidence(plane, 25), [c.log_evidence(one, 30) for one in lines]
    with working(40):
        assert whole.overlaps(parts[0] + parts[1])
    assert whole.rad() < arb(10) ** -25


@pytest.mark.parametrize("need", [4.0, 8.0, 15.0, 30.0])
def test_coarse_rules_still_contain(need):
    """With few nodes the enclosures are wide, and still contain the truth: the lemmas carry them, not the digits."""
    for name, (model, q) in {**STANDARD, **HARD}.items():
        family = type(q)
        with working(40):
            joint = cb._plus(cb.law_span(model.prior), cb._likelihood_span(model))
            own = cb.law_span(q)
            found = cb._relative(family, joint, need)
            bound = cb._integral(family, own, cb._minus(joint, own), need)
            for enclosure, value in zip((found, bound), exact(model, q), strict=False):
                known = arb(mpmath.nstr(value, 45))
                assert enclosure.overlaps(known) or not enclosure.is_finite(), (name, need)
    with working(40):
        fine = c.log_evidence(LINE, 20)
        assert logistic_bounds.log_evidence(LINE, need).overlaps(fine)
        coarse = logistic_bounds.elbo(LINE, Normal(0.3, 0.6), need)
        assert coarse.overlaps(c.elbo(LINE, Normal(0.3, 0.6), 20))
        assert logistic_bounds.kl(LINE, Normal(0.3, 0.6), fine, need).overlaps(
            fine - c.elbo(LINE, Normal(0.3, 0.6), 20)
        )
    if need <= 15:
        with working(40):
            assert logistic_bounds.log_evidence(LOGISTIC, need).overlaps(c.log_evidence(LOGISTIC, 12))


def test_a_step_that_is_too_wide(monkeypatch):
    """With 1.3 times the planned step the discretisation's bound grows by itself, and still holds."""
    planned = enclosures.step

    def wide(*arguments):
        a, h = planned(*arguments)
        return a, 1.3 * h

    monkeypatch.setattr(cb, "step", wide)
    monkeypatch.setattr(logistic_bounds, "step", wide)
    for name, (model, q) in STANDARD.items():
        with working(40):
            joint = cb._plus(cb.law_span(model.prior), cb._likelihood_span(model))
            found = cb._relative(type(q), joint, 40.0)
            known = arb(mpmath.nstr(exact(model, q)[0], 45))
        assert found.overlaps(known), name
        assert 1e-14 < float(found.rad()) < 1
    with working(40):
        found = logistic_bounds.log_evidence(LINE, 40.0)
    middle, radius = as_float(found)
    other = lattice.log_evidence(LINE, LINE.laplace)
    assert abs(middle - other.value) <= radius + other.error
    assert radius > 1e-14


def test_a_walk_that_stops_early(monkeypatch):
    """The plane's sum cut where a node is still a hundredth of the peak: what is left out is accounted for."""
    planned = enclosures.step
    monkeypatch.setattr(logistic_bounds, "step", lambda growth, widest, need: planned(growth, widest, 40.0))
    with working(30):
        found, fine = logistic_bounds.log_evidence(LOGISTIC, 0.0), c.log_evidence(LOGISTIC, 12)
        assert found.overlaps(fine)
    assert 1e-4 < float(found.rad()) < 1


def test_rows_that_are_not_summed():
    """Their bound against the sum of the rows themselves, in floats."""
    q, h = LOGISTIC.laplace, 0.25
    for need in (-8.0, -4.0, 0.0):
        with working(20):
            frame = logistic_bounds._frame(LOGISTIC, q)
            cut, tail = logistic_bounds._rows(frame, arb(float(LOGISTIC.log_likelihood(q.mean))).exp(), h, need)
        k = np.arange(-120, 121)
        t = h * np.stack(np.meshgrid(k[np.abs(k) > cut], k, indexing="ij"), axis=-1)
        left_out = np.exp(LOGISTIC.log_joint(q.mean + t @ q.factor.T) - LOGISTIC.log_prior(q.mean)).sum()
        assert 0 < left_out <= float(tail)


@pytest.mark.parametrize("d", [1, 2])
def test_nodes_outside_the_box(d):
    """The ELBO's bound on them against their sum, in floats, at reaches where they matter."""
    for h, reach in ((0.5, 2), (0.25, 12)):
        with working(20):
            sizes = arb(3), [arb(2), arb("0.5")][:d]
            bound = float(logistic_bounds._outside(d, sizes, arb(h), reach))
        k = np.arange(-80, 81)
        t = h * np.stack(np.meshgrid(*[k] * d, indexing="ij"), axis=-1)
        phi = np.exp(-np.sum(t**2, axis=-1) / 2) / (2 * math.pi) ** (d / 2)
        outside = np.any(np.abs(t) > reach * h + 1e-9, axis=-1)
        left_out = h**d * np.sum(np.where(outside, phi * (3 + t**2 @ np.array([2, 0.5])[:d]), 0))
        assert 0 < left_out <= bound < 20 * left_out


def test_the_posterior_itself_leaves_nothing_to_prove():
    """At q = posterior (exact floats) the KL is 0: ELBO < log p(D) is not claimed."""
    model = BetaBernoulli([1, 0, 1], a=2.0, b=3.0)
    found = certify(model, Beta(4.0, 4.0), 20)
    assert not found.bounded
    assert found.identity
    assert found.kl.contains(0)


def test_a_false_identity_is_not_contained():
    model, q = STANDARD["Gaussian"]
    found = certify(model, q, 20)
    wrong = Certificate(found.log_evidence + arb("1e-19"), found.elbo, found.kl, 20)
    assert not wrong.identity
    assert not Certificate(found.elbo - 1, found.elbo, found.kl, 20).bounded


def test_kl_between_laws():
    for q, p in (
        (Normal(0.3, 1.7), Normal(-1.0, 0.4)),
        (Beta(2.5, 1.7), Beta(0.6, 4.0)),
        (Gamma(0.4, 3.0), Gamma(5.0, 0.2)),
    ):
        middle, radius = as_float(c.kl(q, p, 25))
        assert middle == pytest.approx(q.kl(p), rel=1e-13)
        assert radius < 1e-14


def test_truncation_lemma():
    """A geometric sequence has exactly the sums of the lemma; one that grows is refused."""
    with working(30):
        h, rho = arb("0.25"), arb("0.5")
        terms = [(j, rho**j) for j in range(1, 200)]
        growth = Growth(arb(1), arb(2), arb(3), arb("0.5"))
        direct = sum((w * (1 + 2 * j * h + 3 * (j * h) ** 2 + (j * h).exp() / 2) for j, w in terms), arb(0)) * h
        bound = truncation(arb(1), arb(2), h, growth)
        assert abs(direct - bound) < arb(10) ** -15
        assert not truncation(arb(2), arb(1), h, growth).is_finite()
        assert not truncation(arb(3), arb(4), arb(1), growth).is_finite()  # 3/4 e > 1
        flat = line(lambda t: (arb(1), arb(1)), 0.0, 0.5, 1.0, lambda t, side: Growth(arb(1), arb(0), arb(0), arb(0)))
    assert not flat.is_finite()  # nothing decays: no bound, never a guess


def test_printing():
    model, q = STANDARD["Gaussian"]
    text = str(certify(model, q, 15))
    assert text.splitlines()[0].startswith("log p(D)  [-5.964713746023")
    assert text.splitlines()[3].startswith("ELBO + KL")


THREE = LogisticRegression(np.eye(3), [0, 1, 1], np.zeros(3), np.eye(3))
BAD = [
    (
        lambda: certify(MODELS["categories"], Normal(0, 1)),
        "a model that can be enclosed .*, found DirichletCategorical",
    ),
    (lambda: certify(STANDARD["Gaussian"][0], Beta(1, 1)), "a Normal for q of ConjugateGaussian, found Beta"),
    (lambda: certify(STANDARD["Gaussian"][0], Normal(0, 1), 0), "an integer of at least 1 for digits, found 0"),
    (lambda: c.kl(Normal(0, 1), Beta(1, 1)), "two laws of one family for kl"),
    (lambda: c.kl(Uniform(0, 1), Uniform(0, 1)), "a Normal, Gamma or Beta law to enclose, found Uniform"),
    (lambda: c.log_evidence(THREE), "in one or two dimensions to enclose, found 3"),
    (lambda: c.elbo(LOGISTIC, Normal(0, 1)), "in 2 dimensions for q"),
    (lambda: c.elbo(LINE, Diagonal([0, 0], 1)), "in 1 dimensions for q"),
]


@pytest.mark.parametrize(("wrong", "message"), BAD, ids=[m for _, m in BAD])
def test_bad_input_is_named(wrong, message):
    with pytest.raises(IllFormed, match=message):
        wrong()
    assert math.isfinite(as_float(arb(1))[1])
