"""Log evidence at 30 digits: enclosures, proved, against mpmath.quad, told where the mass is, which proves nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
from mpmath import mpf

from elboproof.certify import log_evidence
from elboproof.models import BetaBernoulli, ConjugateGaussian, GammaPoisson
from elboproof.regression import LogisticRegression
from timing import OURS, Case, Mark, Table

DIGITS = 30


def gaussian() -> tuple[Any, Callable[[], Any]]:
    model = ConjugateGaussian(np.random.default_rng(8).normal(1, 1, 20), sd=2.0)
    data = [mpf(float(x)) for x in model.data]
    n, total, squares = len(data), mpmath.fsum(data), mpmath.fsum(x * x for x in data)
    middle, sd = mpf(model.posterior.mean), mpf(model.posterior.sd)
    limits = [middle - 14 * sd, middle, middle + 14 * sd]

    def peer() -> Any:
        start = -(n + 1) * mpmath.log(2 * mpmath.pi) / 2 - mpmath.log(2)
        f = lambda t: mpmath.exp(start - (squares - 2 * total * t + n * t * t) / 2 - t * t / 8)  # noqa: E731
        return mpmath.log(mpmath.quad(f, limits))

    return model, peer


def beta() -> tuple[Any, Callable[[], Any]]:
    model = BetaBernoulli([1, 0, 1, 1, 0, 1, 1, 0], a=2.0, b=3.0)
    a, b = mpf(model.posterior.a) - 1, mpf(model.posterior.b) - 1

    def peer() -> Any:
        return mpmath.log(mpmath.quad(lambda x: x**a * (1 - x) ** b, [0, 1]) / mpmath.beta(2, 3))

    return model, peer


def gamma() -> tuple[Any, Callable[[], Any]]:
    model = GammaPoisson([3, 1, 4, 1, 5, 2], shape=2.0, rate=0.5)
    a, r = mpf(model.posterior.shape) - 1, mpf(model.posterior.rate)
    middle = a / r

    def peer() -> Any:
        mass = mpmath.quad(lambda x: x**a * mpmath.exp(-r * x), [0, middle, 5 * middle, mpmath.inf])
        start = 2 * mpmath.log(mpf("0.5")) - sum(mpmath.loggamma(mpf(float(x)) + 1) for x in model.data)
        return mpmath.log(mass) + start

    return model, peer


def logistic() -> tuple[Any, Callable[[], Any]]:
    draw = np.random.default_rng(9)
    design, data = draw.standard_normal((20, 1)), (draw.random(20) < 0.6).astype(float)
    model = LogisticRegression(design, data, [0.0], [[2.25]])
    rows = [mpf(float(x)) for x in model.signed[:, 0]]
    middle, sd = mpf(float(model.laplace.mean[0])), mpf(float(model.laplace.sd[0]))
    limits = [-18, middle - 4 * sd, middle, middle + 4 * sd, 18]

    def peer() -> Any:
        def f(w: Any) -> Any:
            product = mpf(1)
            for row in rows:
                product *= 1 + mpmath.exp(-row * w)
            return mpmath.exp(-w * w / mpf("4.5")) / product

        return mpmath.log(mpmath.quad(f, limits)) - mpmath.log(2 * mpmath.pi * mpf("2.25")) / 2

    return model, peer


def table(name: str, words: str, made: Callable[[], tuple[Any, Callable[[], Any]]]) -> Table:
    with mpmath.workdps(60):
        model, quad = made()

    def theirs() -> float:
        with mpmath.workdps(DIGITS):
            return float(quad())

    with mpmath.workdps(DIGITS):
        found = quad()
    with mpmath.workdps(60):
        gap = abs(found - mpf(log_evidence(model, 45).mid().str(45, radius=False)))
        right = DIGITS if gap == 0 else min(DIGITS, int(-mpmath.log10(gap / abs(found))))
    cases = [
        Case(OURS, "ours", lambda: float(log_evidence(model, DIGITS).mid()), note=f"{DIGITS} digits, proved"),
        Case("mpmath.quad", "plain", theirs, note=f"{right} digits right, none proved"),
    ]
    truth = float(log_evidence(model, DIGITS).mid())
    marks = [Mark("at most mpmath.quad's time", OURS, "mpmath.quad", 1.0)]
    title = f"Log evidence at {DIGITS} digits, {words}"
    return Table(name, title, truth, 1e-12 * abs(truth), cases, marks, budget=5.0)


def tables() -> list[Callable[[], Table]]:
    return [
        lambda: table("enclosed-gaussian", "mean of a Gaussian", gaussian),
        lambda: table("enclosed-beta", "Beta-Bernoulli", beta),
        lambda: table("enclosed-gamma", "Gamma-Poisson", gamma),
        lambda: table("enclosed-logistic", "logistic regression, 20 rows", logistic),
    ]
