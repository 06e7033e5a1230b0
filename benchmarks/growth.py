"""How the library's times grow with draws, dimension, rows and digits, beside what the operations say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from elboproof import montecarlo as mc
from elboproof.certify import log_evidence
from elboproof.distributions import Normal
from elboproof.gaussians import Diagonal
from elboproof.models import BetaBernoulli, ConjugateGaussian
from elboproof.regression import LinearRegression, LogisticRegression
from timing import Sizes

Call = Callable[[], Any]


def line(n: int) -> Call:
    model, q, rng = ConjugateGaussian(np.linspace(-1, 2, 20)), Normal(0.4, 0.3), np.random.default_rng(0)
    return lambda: mc.elbo(model, q, n, rng)


def regression(n: int, rows: int, d: int) -> Call:
    rng = np.random.default_rng(0)
    x, zero, eye, q = rng.standard_normal((rows, d)), np.zeros(d), np.eye(d), Diagonal(np.zeros(d), 0.1)
    return lambda: mc.elbo(LinearRegression(x, x[:, 0], 1.0, zero, eye), q, n, rng)


def logistic(n: int, rows: int) -> Call:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((rows, 16))
    model, q = LogisticRegression(x, (x[:, 0] > 0) * 1.0, np.zeros(16), np.eye(16)), Diagonal(np.zeros(16), 0.5)
    return lambda: mc.elbo(model, q, n, rng)


def divergence(laws: int, d: int) -> Call:
    rng = np.random.default_rng(0)
    q, p = Diagonal(rng.standard_normal((laws, d)), 0.5), Diagonal(np.zeros(d), 1.0)
    return lambda: q.kl(p)


def enclosure(model: Any) -> Callable[[int], Call]:
    return lambda digits: lambda: log_evidence(model, digits)


def sizes() -> list[Sizes]:
    gaussian, beta = ConjugateGaussian([0.3, 1.7, 0.9]), BetaBernoulli([1, 0, 1, 1], a=2.0, b=3.0)
    return [
        Sizes("Gaussian mean, draws", line, [10_000, 100_000, 1_000_000], "1", 0.9, 1.1),
        Sizes("linear regression, draws", lambda n: regression(n, 100, 32), [4_000, 16_000, 64_000], "1", 0.9, 1.1),
        Sizes("linear regression, rows", lambda n: regression(1, n, 64), [4_000, 16_000, 64_000], "1", 0.8, 1.2),
        Sizes(
            "linear regression, weights",
            lambda d: regression(4_000, 4_000, d),
            [16, 32, 64, 128],
            "1 (draws) to 2 (Gram matrix)",
            0.9,
            2.1,
        ),
        Sizes("logistic regression, draws", lambda n: logistic(n, 512), [1_024, 4_096, 16_384], "1", 0.9, 1.1),
        Sizes("logistic regression, rows", lambda n: logistic(512, n), [1_024, 4_096, 16_384], "1", 0.8, 1.1),
        Sizes("diagonal KL, laws", lambda n: divergence(n, 32), [10_000, 40_000, 160_000], "1", 0.8, 1.2),
        Sizes("diagonal KL, dimensions", lambda d: divergence(10_000, d), [16, 64, 256], "1", 0.8, 1.2),
        Sizes("Gaussian enclosure, digits", enclosure(gaussian), [30, 60, 120, 240], "1 (nodes) and more", 0.5, 2.0),
        Sizes("Beta enclosure, digits", enclosure(beta), [30, 60, 120, 240], "2 (nodes) and more", 1.3, 3.0),
    ]
