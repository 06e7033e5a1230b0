"""Closed forms against the numeric side, scipy and mpmath, at random parameters; and what has no closed form."""

import subprocess
import sys

import numpy as np
import pytest
import sympy
from scipy import special, stats
from sympy import Function, Rational, Symbol

from elboproof.errors import IllFormed
from elboproof.families import (
    FAMILIES,
    beta_bernoulli,
    closed_form,
    dirichlet_categorical,
    gamma_poisson,
    gaussian,
    simplified,
)
from elboproof.language import CE, ELBO, KL, E, H, Integral, densities, log, variables
from elboproof.models import Beta, BetaBernoulli, ConjugateGaussian, Gamma, GammaPoisson, Normal
from elboproof.numeric import bind, evaluate

theta, D = variables("theta D")
p, q = densities("p q")
qq, prior, post, joint, lik = q(theta), p(theta), p(theta | D), p(D, theta), p(D | theta)
GAP, BOUND, EVIDENCE = KL(qq, post), ELBO(qq, joint), log(p(D))

TERMS = [
    EVIDENCE,
    BOUND,
    GAP,
    KL(qq, prior),
    KL(prior, qq),
    KL(post, qq),
    H(qq),
    H(post),
    CE(qq, prior),
    E(log(lik), qq),
    E(log(joint / qq), qq),
    E(log(joint), qq) - E(log(qq), qq),
    E(log(lik), qq) - KL(qq, prior),
    log(Integral(lik * prior, theta)),
    log(E(lik * prior / qq, qq)),
    Integral(qq * log(qq / post), theta),
    E(log(lik) - EVIDENCE, post) / 3,
    Rational(1, 2) * H(qq) + 2,
]


def concrete(name, seed):
    """Random data and parameters: the binding of the numeric side, and the values of the family's symbols."""
    rng = np.random.default_rng(seed)
    a, b, c, d = rng.uniform(0.5, 6, 4)
    n = int(rng.integers(1, 9))
    if name == "gaussian":
        x = rng.normal(1, 2, n)
        values = {"m0": a - 3, "s0": b, "sigma": c, "m": d - 2, "s": a / 3, "n": n, "S1": x.sum(), "S2": (x**2).sum()}
        return bind(p=ConjugateGaussian(x, c, a - 3, b), q=Normal(d - 2, a / 3)), values
    if name == "beta-bernoulli":
        x = rng.integers(0, 2, n)
        on = bind(p=BetaBernoulli(x, a, b), q=Beta(1 + c, 1 + d))
        return on, {"a": a, "b": b, "c": 1 + c, "d": 1 + d, "n": n, "k": int(x.sum())}
    x = rng.poisson(3, n)
    on = bind(p=GammaPoisson(x, a, b), q=Gamma(c, d))
    logs = float(special.gammaln(x + 1).sum())
    return on, {"a": a, "b": b, "c": c, "d": d, "n": n, "S": int(x.sum()), "L": logs}


def number(expression, family, values):
    return float(expression.subs({family.symbols[k]: sympy.Float(float(v), 30) for k, v in values.items()}).evalf(20))


@pytest.mark.parametrize("name", ["gaussian", "beta-bernoulli", "gamma-poisson"])
@pytest.mark.parametrize("seed", range(2))
def test_closed_forms_are_what_quadrature_finds(name, seed):
    family = FAMILIES[name]()
    on, values = concrete(name, seed)
    for term in TERMS:
        found = evaluate(term, on)
        closed = number(closed_form(term, family), family, values)
        # the statistics themselves were rounded when the data were summed, hence 1e-13 beside the stated error
        assert abs(found.value - closed) <= found.error + 1e-13 * (1 + abs(closed)), term


def test_dirichlet_against_scipy_and_the_beta():
    family = dirichlet_categorical(3)
    rng = np.random.default_rng(4)
    a, c, n = rng.uniform(0.5, 5, 3), rng.uniform(0.5, 5, 3), rng.integers(0, 6, 3)
    values = {f"{letter}{k + 1}": v[k] for letter, v in (("a", a), ("c", c), ("n", n)) for k in range(3)}

    def log_beta(alpha):
        return special.gammaln(alpha).sum() - special.gammaln(alpha.sum())

    assert number(closed_form(H(qq), family), family, values) == pytest.approx(stats.dirichlet(c).entropy(), rel=1e-10)
    evidence = log_beta(a + n) - log_beta(a)
    assert number(closed_form(EVIDENCE, family), family, values) == pytest.approx(evidence, rel=1e-12)
    # KL by 200,000 draws of q, within five standard errors
    drawn = stats.dirichlet(c).rvs(200_000, random_state=rng)
    logs = ((c - a - n) * np.log(drawn)).sum(axis=1) - log_beta(c) + log_beta(a + n)
    exact = number(closed_form(GAP, family), family, values)
    assert abs(logs.mean() - exact) <= 5 * logs.std() / np.sqrt(len(logs))

    two, beta = dirichlet_categorical(2), beta_bernoulli()
    to_beta = {"a1": "a", "a2": "b", "c1": "c", "c2": "d", "n1": "k"}
    swap = {two.symbols[old]: beta.symbols[new] for old, new in to_beta.items()}
    swap[two.symbols["n2"]] = beta.symbols["n"] - beta.symbols["k"]
    for term in TERMS:
        assert simplified(closed_form(term, two).subs(swap) - closed_form(term, beta)) == 0


@pytest.mark.parametrize("name", FAMILIES)
def test_the_decomposition_cancels_to_zero(name):
    family = FAMILIES[name]()
    evidence, bound, gap = (closed_form(term, family) for term in (EVIDENCE, BOUND, GAP))
    assert simplified(evidence - bound - gap) == 0
    assert simplified(evidence - bound + gap) != 0
    for way in (E(log(lik), qq) - KL(qq, prior), E(log(joint), qq) + H(qq)):
        assert simplified(closed_form(way, family) - bound) == 0
    for same in (log(Integral(joint, theta)), log(E(lik * prior / qq, qq))):
        assert simplified(closed_form(same, family) - evidence) == 0


def test_textbook_forms():
    family = gaussian()
    s = family.symbols
    found = closed_form(KL(qq, prior), family)
    shift = (s["s"] ** 2 + (s["m"] - s["m0"]) ** 2) / (2 * s["s0"] ** 2)
    # Kingma and Welling, Auto-Encoding Variational Bayes (2014), appendix B, for m0 = 0 and s0 = 1
    assert simplified(found - (sympy.log(s["s0"] / s["s"]) + shift - Rational(1, 2))) == 0
    standard = closed_form(KL(qq, prior), gaussian(m0=0, s0=1))
    expected = -(1 + sympy.log(s["s"] ** 2) - s["m"] ** 2 - s["s"] ** 2) / 2
    assert simplified(standard - expected) == 0
    psi = sympy.digamma
    c, d = gamma_poisson().symbols["c"], gamma_poisson().symbols["d"]
    entropy = closed_form(H(qq), gamma_poisson())
    assert simplified(entropy - (c - sympy.log(d) + sympy.loggamma(c) + (1 - c) * psi(c))) == 0


def test_a_free_theta_stays():
    family = beta_bernoulli(a=1, b=1, n=3, k=2)
    x = Symbol("theta", real=True)
    assert sympy.simplify(closed_form(post, family) / (12 * x**2 * (1 - x))) == 1
    assert simplified(closed_form(log(lik), family) - 2 * sympy.log(x) - sympy.log(1 - x)) == 0


def test_expected_statistics_are_the_gradient_of_the_log_partition():
    family = gaussian()
    s = family.symbols
    assert [sympy.simplify(x) for x in family.mean(family.q)] == [s["m"], s["m"] ** 2 + s["s"] ** 2]


f = Function("f")
ERRORS = [
    (E(f(theta), qq), "the model's own densities .* found f"),
    (E(log(qq) * log(prior), qq), "at most one logarithm of a density in a product"),
    (log(log(prior)), "no logarithm of a logarithm"),
    (E(log(prior) ** 2, qq), "no power of, and no division by"),
    (log(prior + qq), "sums of logarithms, not of densities"),
    (E(prior / qq * prior, qq), "an integral against the prior, the posterior or q"),
    (H(p(D)), "an integral over theta alone"),
    (log(densities("r")(theta)), r"q\(theta\) or a density of p in theta and D for a closed form on Gaussian"),
]


@pytest.mark.parametrize(("term", "message"), ERRORS, ids=[str(t) for t, _ in ERRORS])
def test_what_has_no_closed_form_is_named(term, message):
    with pytest.raises(IllFormed, match=message):
        closed_form(term, gaussian())


def test_bad_input_is_named():
    with pytest.raises(IllFormed, match="a family, as gaussian"):
        closed_form(EVIDENCE, "gaussian")
    with pytest.raises(IllFormed, match=r"parameters of gaussian \(m0, m, S1, S2, s0, s, sigma, n\), found mu"):
        gaussian(mu=1)
    with pytest.raises(IllFormed, match="at least 2 categories, found 1"):
        dirichlet_categorical(1)


def test_no_numpy_on_the_symbolic_side():
    code = "import sys, elboproof.families; print('numpy' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"
