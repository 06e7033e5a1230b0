"""The conjugate models of one variable, enclosed: Gaussian mean, Beta-Bernoulli, Gamma-Poisson.

Log evidence, ELBO and KL are integrals over the line of exp(A) B with A and B in the span of three
functions of t, theta being t, exp(t) or sigmoid(t):

    Gaussian  1, t, t^2            A(t + ib) = A(t) + |c2| b^2 in its real part
    Gamma     1, t, e^t            |exp(-r e^(t + ib))| = exp(-r cos(b) e^t),                       |b| < pi / 2
    Beta      1, t, log(1 + e^t)   |1 + e^(t + ib)| >= (1 + e^t) cos(b / 2),                        |b| < pi

(the last: |1 + e^z|^2 - (1 + e^t)^2 cos^2(b/2) = (1 - e^t)^2 sin^2(b/2)). A is concave, so `enclosures` bounds what
the trapezium rule leaves out beyond its last node, and its discretisation with

    M(Gaussian) = exp(a^2/2) m (|b0| + |b1| (1 + a) + |b2| (1 + a^2))          m the mass, t standardised
    M(Gamma)    = G(alpha) (|b0| + |b1| a) + |b1| T + |b2| G(alpha + 1)         G(x) = Gamma(x) / (r cos a)^x
                  T = G(alpha) |t0| + (G(alpha + d) e^(-d t0) + G(alpha - d) e^(d t0)) / (2 d)
    M(Beta)     = sec(a/2)^(alpha + beta) [N (|b0| + a |b1| + |b2| (log 2 + log sec(a/2) + a)) + (|b1| + |b2|) T]
                  T = N |t0| + (B(alpha + d, beta - d) e^(-d t0) + B(alpha - d, beta + d) e^(d t0)) / (2 d)
                  N = B(alpha, beta)

for any t0 and any 0 < d < alpha, beta; using E|t| <= 1 under a standard normal, log(1 + e^t) <= log 2 + |t|,
|t - t0| <= (e^(d(t - t0)) + e^(-d(t - t0))) / (2 d) and |log(1 + e^z)| <= log(1 + e^t) + log sec(b/2) + |b|.

The posterior's normaliser, which the KL needs, is the family's own, by conjugacy, not the evidence.
"""

from __future__ import annotations

import math
from typing import Any

from flint import arb

from .distributions import Beta, Distribution, Gamma, Normal
from .enclosures import Growth, ball, discretisation, line, step, upper
from .errors import IllFormed
from .models import BetaBernoulli, ConjugateGaussian, GammaPoisson, Model

Span = tuple[arb, arb, arb]
FAMILIES: dict[type, type] = {ConjugateGaussian: Normal, GammaPoisson: Gamma, BetaBernoulli: Beta}


# -- laws as spans of three functions of t -----------------------------------------------------------------------------


def law_span(law: Distribution) -> Span:
    """The log density of t under a Normal, Gamma or Beta law of theta, Jacobian included."""
    if isinstance(law, Normal):
        m, s = arb(law.mean), arb(law.sd)
        start = -((m / s) ** 2) / 2 - s.log() - (2 * arb.pi()).log() / 2
        return start, m / s**2, -1 / (2 * s**2)
    if isinstance(law, Gamma):
        a, r = arb(law.shape), arb(law.rate)
        return a * r.log() - a.lgamma(), a, -r
    if isinstance(law, Beta):
        a, b = arb(law.a), arb(law.b)
        return (a + b).lgamma() - a.lgamma() - b.lgamma(), a, -(a + b)
    raise IllFormed(f"expected a Normal, Gamma or Beta law to enclose, found {type(law).__name__}")


def _likelihood_span(model: Model) -> Span:
    data = [arb(float(x)) for x in model.data]
    n, total = arb(len(data)), sum(data, arb(0))
    if isinstance(model, ConjugateGaussian):
        s = arb(model.sigma)
        squares = sum((x * x for x in data), arb(0))
        start = -n * ((2 * arb.pi()).log() / 2 + s.log()) - squares / (2 * s**2)
        return start, total / s**2, -n / (2 * s**2)
    if isinstance(model, GammaPoisson):
        return -sum(((x + 1).lgamma() for x in data), arb(0)), total, -n
    if isinstance(model, BetaBernoulli):
        return arb(0), total, -n
    raise IllFormed(f"expected a conjugate model of one variable or a LogisticRegression, found {type(model).__name__}")


def _plus(a: Span, b: Span) -> Span:
    return a[0] + b[0], a[1] + b[1], a[2] + b[2]


def _minus(a: Span, b: Span) -> Span:
    return a[0] - b[0], a[1] - b[1], a[2] - b[2]


def _at(c: Span, t: arb, third: arb) -> arb:
    return c[0] + c[1] * t + c[2] * third


def _third(family: type, t: arb) -> arb:
    return t * t if family is Normal else t.exp() if family is Gamma else t.exp().log1p()


# -- one integral ------------------------------------------------------------------------------------------------------


def _integral(family: type, a: Span, b: Span, need: float) -> arb:
    """The integral over the line of exp(A) B, A and B given by their coefficients."""
    plan = _normal_plan if family is Normal else _gamma_plan if family is Gamma else _beta_plan
    centre, h, error = plan(a, b, need)

    constant = b[0] if b[1].is_zero() and b[2].is_zero() else None

    def f(t: arb) -> tuple[arb, arb]:
        third = _third(family, t)
        return _at(a, t, third).exp(), _at(b, t, third) if constant is None else constant

    def growth(t: arb, side: int) -> Growth:
        size = [upper(c) for c in b]
        far, zero = upper(t), arb(0)
        if family is Normal:
            return Growth(size[0] + size[1] * far + size[2] * far**2, size[1] + 2 * size[2] * far, size[2], zero)
        if family is Gamma:  # e^t falls to the left, and grows by e^x to the right
            tip = size[2] * t.exp()
            return Growth(
                size[0] + size[1] * far + (zero if side > 0 else tip), size[1], zero, tip if side > 0 else zero
            )
        return Growth(size[0] + size[1] * far + size[2] * (arb(2).log() + far), size[1] + size[2], zero, zero)

    return line(f, centre, h, need, growth) + ball(error)


Plan = tuple[float, float, arb]


def _normal_plan(a: Span, b: Span, need: float) -> Plan:
    variance = -1 / (2 * a[2])
    sd = variance.sqrt()
    mean = a[1] * variance
    mass = (a[0] + mean * a[1] / 2).exp() * sd * (2 * arb.pi()).sqrt()
    # B in the standardised variable u, t = mean + sd u
    shifted = (b[0] + b[1] * mean + b[2] * mean**2, (b[1] + 2 * b[2] * mean) * sd, b[2] * variance)
    size = [upper(c) for c in shifted]
    wide = math.sqrt(2 * need) * 1.5
    strip, h = step(lambda s: s * s / 2 + 2 * math.log1p(s), wide, need)
    s = arb(strip)
    m = (s * s / 2).exp() * mass * (size[0] + size[1] * (1 + s) + size[2] * (1 + s * s))
    scale = float(sd.mid())
    exact = arb(h * scale) / sd  # the step in u, as the nodes really have it
    return float(mean.mid()), h * scale, discretisation(m, s, exact)


def _gamma_plan(a: Span, b: Span, need: float) -> Plan:
    alpha, rate = a[1], -a[2]
    size, x, r = [upper(c) for c in b], float(alpha.mid()), float(rate.mid())
    strip, h = step(lambda s: -(x + 1) * math.log(math.cos(s)) + math.log1p(1 / x), math.pi / 2, need)
    s, d, centre = arb(strip), arb(min(x / 2, math.sqrt(x))), arb(math.log(x / r))
    squeezed = rate * s.cos()

    def mass(shape: arb) -> arb:
        return (a[0] + shape.lgamma() - shape * squeezed.log()).exp()

    m = mass(alpha) * (size[0] + size[1] * s) + size[2] * mass(alpha + 1)
    sides = mass(alpha + d) * (-d * centre).exp() + mass(alpha - d) * (d * centre).exp()
    m += size[1] * (mass(alpha) * upper(centre) + sides / (2 * d))
    return math.log(x / r), h, discretisation(m, s, arb(h))


def _beta_plan(a: Span, b: Span, need: float) -> Plan:
    alpha, beta = a[1], -a[2] - a[1]
    size, x, y = [upper(c) for c in b], float(alpha.mid()), float(beta.mid())
    strip, h = step(lambda s: -(x + y) * math.log(math.cos(s / 2)) + math.log1p(1 / min(x, y)), math.pi, need)
    s, d, centre = arb(strip), arb(min(x / 2, y / 2, math.sqrt(x), math.sqrt(y))), arb(math.log(x / y))
    secant = 1 / (s / 2).cos()

    def mass(p: arb, q: arb) -> arb:
        return (a[0] + p.lgamma() + q.lgamma() - (p + q).lgamma()).exp()

    m = mass(alpha, beta) * (size[0] + s * size[1] + size[2] * (arb(2).log() + secant.log() + s))
    sides = mass(alpha + d, beta - d) * (-d * centre).exp() + mass(alpha - d, beta + d) * (d * centre).exp()
    m += (size[1] + size[2]) * (mass(alpha, beta) * upper(centre) + sides / (2 * d))
    return math.log(x / y), h, discretisation(secant ** (alpha + beta) * m, s, arb(h))


_ONE = (arb(1), arb(0), arb(0))


# -- what `certify` asks for -------------------------------------------------------------------------------------------


def log_evidence(model: Model, need: float) -> arb:
    """log of the integral of the joint over theta."""
    return _relative(FAMILIES[type(model)], _joint(model), need)


def elbo(model: Model, q: Any, need: float) -> arb:
    """E_q[log p(D, theta) - log q(theta)]."""
    own = law_span(_like(model, q))
    return _integral(type(q), own, _minus(_joint(model), own), need)


def kl(model: Model, q: Any, _evidence: arb, need: float) -> arb:
    """KL(q || posterior)."""
    family, own, post = FAMILIES[type(model)], law_span(_like(model, q)), _joint(model)
    if family is Normal:
        log_mass = -(post[1] ** 2) / (4 * post[2]) + (arb.pi() / -post[2]).log() / 2
    elif family is Gamma:
        log_mass = post[1].lgamma() - post[1] * (-post[2]).log()
    else:
        log_mass = post[1].lgamma() + (-post[2] - post[1]).lgamma() - (-post[2]).lgamma()
    return _integral(family, own, _minus(own, (-log_mass, post[1], post[2])), need)


def kl_of_laws(q: Distribution, p: Distribution, need: float) -> arb:
    """KL(q || p) of two laws of one family."""
    own = law_span(q)
    return _integral(type(q), own, _minus(own, law_span(p)), need)


def _like(model: Model, q: Any) -> Any:
    family = FAMILIES[type(model)]
    if type(q) is not family:
        raise IllFormed(f"expected a {family.__name__} for q of {type(model).__name__}, found {type(q).__name__}")
    return q


def _joint(model: Model) -> Span:
    return _plus(law_span(model.prior), _likelihood_span(model))


def _relative(family: type, a: Span, need: float) -> arb:
    """log of the integral of exp(A), its size taken out first."""
    peak = float((a[0] - a[1] ** 2 / (4 * a[2])).mid()) if family is Normal else _peak(family, a)
    moved = (a[0] - arb(peak), a[1], a[2])
    return _integral(family, moved, _ONE, need).log() + arb(peak)


def _peak(family: type, a: Span) -> float:
    x, y = float(a[1].mid()), -float(a[2].mid())
    t = math.log(x / y) if family is Gamma else math.log(x / (y - x))
    return float(_at(a, arb(t), _third(family, arb(t))).mid())
