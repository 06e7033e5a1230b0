"""The numeric reading: the source's equations on real models, supports that do not match, and the errors it states."""

import math
import time

import mpmath
import numpy as np
import pytest
from sympy import Function, Rational

from elboproof.errors import IllFormed, NotAClaim
from elboproof.language import CE, ELBO, KL, E, Eq, Ge, H, I, Integral, Le, densities, log, variables
from elboproof.models import Beta, BetaBernoulli, ConjugateGaussian, Gamma, GammaPoisson, Normal, Uniform
from elboproof.numeric import bind, evaluate, standard_bindings, witness

# The source's numbered equations, written out by hand: an oracle apart from the ledger.
theta, D = variables("theta D")
p, q = densities("p q")
f = Function("f")

lik, prior, joint, post, ev, qq = p(D | theta), p(theta), p(D, theta), p(theta | D), p(D), q(theta)
gap, elbo = KL(qq, post), ELBO(qq, joint)
mean_log_ratio = E(log(joint / qq), qq)

EQUATIONS = {
    1: Eq(post, lik * prior / ev),
    2: Eq(ev, Integral(lik * prior, theta)),
    3: Eq(gap, Integral(qq * log(qq / post), theta)),
    4: Eq(log(ev), mean_log_ratio + gap),
    5: Eq(log(ev), elbo + gap),
    6: Le(elbo, log(ev)),
    7: Eq(log(ev), log(Integral(qq / qq * lik * prior, theta))),
    8: Eq(log(ev), log(Integral(qq * (lik * prior / qq), theta))),
    9: Eq(log(ev), log(E(lik * prior / qq, qq))),
    10: Ge(log(E(lik * prior / qq, qq)), E(log(lik * prior / qq), qq)),
    11: Eq(elbo, mean_log_ratio),
    12: Ge(log(ev), elbo),
    13: Eq(log(ev), mean_log_ratio + (log(ev) - mean_log_ratio)),
    14: Eq(gap, E(log(qq / post), qq)),
    15: Eq(log(post), log(joint) - log(ev)),
    16: Eq(log(qq / post), log(qq / joint) + log(ev)),
    17: Eq(gap, -mean_log_ratio + log(ev)),
    18: Eq(log(ev), mean_log_ratio + gap),
    19: Eq(E(f(theta), qq), Integral(qq * f(theta), theta)),
    20: Eq(elbo, E(log(lik), qq) - KL(qq, prior)),
    22: Eq(elbo, log(ev) - gap),
    23: Eq(mean_log_ratio, E(log(joint), qq) - E(log(qq), qq)),
    24: Eq(log(joint), log(lik) + log(prior)),
    26: Eq(gap, E(log(qq / post), qq)),
    27: Eq(log(ev), elbo + gap),
    28: Eq(gap, log(ev) - elbo),
    29: Eq(elbo, E(log(joint), qq) - E(log(qq), qq)),
}

BINDINGS = standard_bindings()
POISSON = GammaPoisson([2, 4, 1, 3], shape=2.0, rate=1.0)


@pytest.mark.parametrize("name", BINDINGS)
@pytest.mark.parametrize("number", EQUATIONS)
def test_every_source_equation_holds_to_twelve_digits(name, number):
    found = witness(EQUATIONS[number], BINDINGS[name])
    assert found.holds
    assert np.all(found.bound < 1e-12)


@pytest.mark.parametrize("name", BINDINGS)
@pytest.mark.parametrize("number", EQUATIONS)
def test_every_source_equation_holds_by_sampling(name, number):
    # five standard errors, added up rather than in quadrature: a true equation fails less than once in 1e6
    found = witness(EQUATIONS[number], BINDINGS[name], method="montecarlo", rng=np.random.default_rng(number))
    assert found.holds
    assert np.all(found.bound < 0.3)


def test_each_equation_in_under_a_tenth_of_a_second():
    for on in BINDINGS.values():
        for claim in EQUATIONS.values():
            best = math.inf  # of five: a busy machine is not what is measured
            for _ in range(5):
                start = time.perf_counter()
                witness(claim, on)
                best = min(best, time.perf_counter() - start)
            assert best < 0.1


def test_wrong_versions_fail():
    for on in BINDINGS.values():
        assert not witness(Eq(log(ev), elbo - gap), on).holds
        assert not witness(Eq(log(ev), elbo + KL(post, qq)), on).holds
        assert not witness(Le(log(ev), elbo), on).holds
        assert not witness(Eq(elbo, E(log(joint), qq) + E(log(qq), qq)), on).holds


@pytest.mark.parametrize("name", BINDINGS)
def test_values_against_closed_forms(name):
    on = BINDINGS[name]
    model, law = on.laws["p"], on.laws["q"]
    for term, true in (
        (KL(qq, post), law.kl(model.posterior)),
        (KL(qq, prior), law.kl(model.prior)),
        (KL(prior, qq), model.prior.kl(law)),
        (KL(post, qq), model.posterior.kl(law)),
        (H(qq), law.entropy()),
        (H(post), model.posterior.entropy()),
        (CE(qq, prior), law.entropy() + law.kl(model.prior)),
        (ELBO(qq, joint), model.log_evidence - law.kl(model.posterior)),
        (log(Integral(joint, theta)), model.log_evidence),
        (E(theta, post), model.posterior.mean),
        (E(theta**2, qq) - E(theta, qq) ** 2, law.sd**2),
        (E(theta / 2 + 1, qq), law.mean / 2 + 1),
        (Integral(qq, theta) * Rational(2, 3), 2 / 3),
        (E(1 / theta, densities("r")(theta)), 1.0),  # Gamma(3, 2): rate / (shape - 1)
    ):
        value, error = evaluate(term, bind(**on.laws, r=Gamma(3, 2)))
        assert abs(value - true) <= error + 1e-14 * (1 + abs(true))
        assert error < 1e-11


def test_a_claim_at_given_points():
    on = bind(p=POISSON, q=Gamma(4, 2), theta=[0.5, 2.0])
    found = evaluate(log(post), on)
    np.testing.assert_allclose(found.value, POISSON.posterior.log_density([0.5, 2.0]), rtol=1e-14)
    assert found.error.shape == (2,)
    with pytest.raises(IllFormed, match=r"points for theta, which is free here, found none: bind\(..., theta="):
        evaluate(log(post), bind(p=POISSON))


# -- supports --------------------------------------------------------------------------------------------------------

WIDE = [Normal(2, 1), Normal(50, 1), Uniform(-1e-9, 4)]


@pytest.mark.parametrize("law", WIDE, ids=str)
def test_q_wider_than_the_posterior(law):
    """Equation 5 is -inf + inf, while the bound and the evidence by importance weights survive."""
    on = bind(p=POISSON, q=law)
    assert evaluate(gap, on) == (math.inf, 0.0)
    assert evaluate(elbo, on) == (-math.inf, 0.0)
    five = witness(EQUATIONS[5], on)
    assert math.isnan(five.rhs.value)
    assert not five.holds
    assert witness(EQUATIONS[12], on).holds
    assert witness(EQUATIONS[17], on).holds  # inf = inf
    if not isinstance(law, Uniform):  # that one is also narrower, on the right
        assert witness(EQUATIONS[9], on).holds


def test_q_narrower_than_the_posterior():
    """Equations 8 and 9 lose the mass that q does not see; 5 is untouched, for KL sees only where q is."""
    on = bind(p=POISSON, q=Uniform(1, 4))
    assert witness(EQUATIONS[5], on).holds
    nine = witness(EQUATIONS[9], on)
    assert not nine.holds
    seen = POISSON.posterior
    from scipy import special  # the Gamma's cdf, as an oracle

    mass = np.diff(special.gammainc(seen.shape, seen.rate * np.array([1.0, 4.0])))[0]
    assert nine.difference == pytest.approx(-math.log(mass), abs=1e-12)
    assert math.isnan(witness(EQUATIONS[7], on).rhs.value)  # q/q where q is zero
    assert evaluate(KL(post, qq), on).value == math.inf


def test_mass_far_below_the_floats_is_still_mass():
    """Normal(50, 1) gives the negative half-line exp(-1255): its KL to a law of the half-line is infinite."""
    assert evaluate(KL(qq, prior), bind(p=POISSON, q=Normal(50, 1))).value == math.inf


# -- scale and error -------------------------------------------------------------------------------------------------


def test_evidence_of_e_to_the_minus_2400():
    model = ConjugateGaussian(np.linspace(-3, 3, 1001))
    on = bind(p=model, q=Normal(0.01, 0.04), f=np.tanh, theta=[0.0, 0.1])
    assert model.log_evidence < -2400
    for number, claim in EQUATIONS.items():
        if number not in (1, 2):  # those speak of p(D) itself, 0 in floats
            found = witness(claim, on)
            assert found.holds
            assert np.all(found.bound < 1e-9)


def test_q_equal_to_the_posterior_is_zero_within_a_nonzero_bound():
    on = bind(p=POISSON, q=POISSON.posterior)
    found = evaluate(gap, on)
    assert found.value == 0.0
    assert 0 < found.error < 1e-12


@pytest.mark.parametrize("seed", range(12))
def test_the_error_bound_holds_on_random_models(seed):
    """Random data and q: equation 5 within its bound, and the ELBO against closed-form KL."""
    rng = np.random.default_rng(seed)
    a, b = rng.uniform(0.6, 8, 2)
    n = int(rng.integers(1, 40))
    model, law = [
        (GammaPoisson(rng.poisson(3, n), a, b), Gamma(*rng.uniform(1, 9, 2))),
        (BetaBernoulli(rng.integers(0, 2, n), a, b), Beta(*rng.uniform(1, 9, 2))),
        (ConjugateGaussian(rng.normal(1, 2, n), a, b, a), Normal(rng.normal(), rng.uniform(0.05, 3))),
    ][seed % 3]
    on = bind(p=model, q=law)
    assert witness(EQUATIONS[5], on).holds
    value, error = evaluate(elbo, on)
    true = model.log_evidence - law.kl(model.posterior)
    assert abs(value - true) <= error + 1e-15 * (model.rounding + law.rounding) * 4


def _kl(a, b):
    """KL(a || b) of one family in closed form, at forty digits."""
    m, psi, lg = mpmath.mpf, lambda x: mpmath.psi(0, x), mpmath.loggamma
    if isinstance(a, Normal):
        ratio = m(a.sd) / m(b.sd)
        return (((m(a.mean) - m(b.mean)) / m(b.sd)) ** 2 + ratio**2 - 1) / 2 - mpmath.log(ratio)
    if isinstance(a, Beta):
        (s, t), (u, v) = (m(a.a), m(a.b)), (m(b.a), m(b.b))
        start = lg(u) + lg(v) - lg(u + v) - lg(s) - lg(t) + lg(s + t)
        return start + (s - u) * psi(s) + (t - v) * psi(t) + (u - s + v - t) * psi(s + t)
    (s, t), (u, v) = (m(a.shape), m(a.rate)), (m(b.shape), m(b.rate))
    return (s - u) * psi(s) - lg(s) + lg(u) + u * mpmath.log(t / v) + s * (v - t) / t


@pytest.mark.parametrize("seed", range(3))
def test_the_error_is_honest_on_extreme_pairs(seed):
    """Widths, shapes and rates over several decades, singular ends included: never off by more than it says."""
    rng = np.random.default_rng(seed)

    def size(low, high):
        return 10 ** rng.uniform(low, high)

    for make in (
        lambda: Normal(rng.normal() * size(-2, 2), size(-4, 3)),
        lambda: Beta(size(-1, 3.5), size(-1, 3.5)),
        lambda: Gamma(size(-1, 3.5), size(-3, 3)),
    ):
        for _ in range(12):
            a, b = make(), make()
            value, error = evaluate(KL(qq, densities("r")(theta)), bind(q=a, r=b))
            with mpmath.workdps(40):
                true = float(_kl(a, b))
            assert abs(value - true) <= error + 2.3e-16 * abs(true), (a, b)
            assert error < math.inf


def test_one_inner_integral_is_read_once():
    calls = []

    def counted(x):
        calls.append(x.size)
        return np.tanh(x)

    on = bind(p=POISSON, q=Gamma(4, 2), f=counted)
    evaluate(E(f(theta), qq), on)
    alone = len(calls)
    calls.clear()
    evaluate(E(log(prior) * E(f(theta), qq), qq) + E(f(theta), qq), on)
    assert len(calls) == alone


def test_other_names_for_the_variables():
    z, x = variables("z x")
    on = bind(p=POISSON, q=Gamma(4, 2), latent="z", observed="x")
    claim = Eq(log(p(x)), ELBO(q(z | x), p(x, z)) + KL(q(z | x), p(z | x)))
    assert witness(claim, on).holds
    assert witness(Ge(log(p(x)), ELBO(q(z), p(x, z))), on).holds


def test_what_is_printed_is_what_is_certain():
    on = BINDINGS["Gamma-Poisson"]
    assert str(evaluate(log(ev), on)) == "-7.4739075835 ± 1e-10"
    assert repr(evaluate(gap, bind(p=POISSON, q=Normal(0, 1)))) == "inf"
    small = evaluate(ev, bind(p=GammaPoisson([40] * 9)))
    mantissa, power = str(small).split(" ± ")[0].split("e")
    assert len(mantissa) == len("1.1234567890")
    assert float(f"{mantissa}e{power}") == pytest.approx(small.value, rel=1e-10)
    side = "-7.4739075835 ± 1e-10"
    assert repr(witness(EQUATIONS[5], on)) == f"Witness(lhs={side}, rhs={side}, holds=True)"


y = variables("y")
ERRORS = [
    (lambda on: evaluate(log(densities("r")(theta)), on), r"a binding for the law r, found p, q: bind\(r=...\)"),
    (lambda on: evaluate(E(f(theta), qq), on), r"a callable for f, found none: bind\(..., f=...\)"),
    (lambda on: evaluate(H(q(y)), on), r"one variable of integration, theta, found E\(log\(q\(y\)\), q\(y\)\)"),
    (
        lambda on: evaluate(H(p(D)), on),
        "one variable of integration, theta, found E",
    ),
    (lambda on: evaluate(I(theta, D, p), on), "one variable of integration, theta"),
    (lambda on: evaluate(log(q(D)), on), r"expected q\(theta\), a Gamma, found q\(D\)"),
    (lambda on: evaluate(gap, {"p": 1}), r"expected a binding, as bind\(p=model, q=...\) makes"),
    (lambda on: evaluate(gap, on, method="exact"), "method 'quadrature' or 'montecarlo', found 'exact'"),
    (lambda on: evaluate(gap, on, method="montecarlo"), "a NumPy Generator for rng"),
    (lambda on: bind(p=POISSON, D=[1, 2]), "the data D inside a model"),
    (lambda on: bind(p=POISSON, q="Normal"), "a model, a distribution or a callable for q, found 'Normal'"),
    (lambda on: bind(p=POISSON, q=Normal), "a model, a distribution or a callable for q"),
    (lambda on: bind(p=POISSON, theta=[math.nan]), r"finite numbers of shape \(m,\) for theta"),
    (lambda on: bind(theta=[1.0]), "at least one model or distribution"),
    (
        lambda on: evaluate(Integral(log(prior), theta), on, method="montecarlo", rng=np.random.default_rng(0)),
        "a factor that is a density of theta, to draw from",
    ),
]


@pytest.mark.parametrize(("wrong", "message"), ERRORS, ids=[m for _, m in ERRORS])
def test_bad_input_is_named(wrong, message):
    with pytest.raises(IllFormed, match=message):
        wrong(bind(p=POISSON, q=Gamma(4, 2)))


def test_only_a_claim_is_witnessed():
    with pytest.raises(NotAClaim):
        witness(True, bind(p=POISSON))
