"""Log evidence, ELBO and KL as rigorous enclosures (Arb): what ``ELBO < log p(D)`` needs to be proved of a model.

How a number is enclosed is a module's matter, and each says what it relies on:

    conjugate_bounds   the conjugate models of one variable, by integrals over the line
    logistic_bounds    logistic regression in one and two dimensions, by integrals over the line and the plane
    gaussian_bounds    models whose joint law is Gaussian, in any dimension, by linear algebra in balls
    noisy_bounds       linear models with unknown noise, in any dimension, likewise

Each has ``log_evidence(model, need)``, ``elbo(model, q, need)`` and ``kl(model, q, evidence, need)``, computed apart at
the working precision; here they are asked for with more and more digits inside until those wanted are certain. Only
for logistic regression, whose posterior has no closed form, does the KL use the evidence.

Floats are taken as the exact binary fractions that they are: those given, so a covariance rather than its rounded
Cholesky factor (`Gaussian.given`). Nats.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from flint import arb

from . import conjugate_bounds, gaussian_bounds, logistic_bounds, noisy_bounds
from .distributions import Distribution, count
from .enclosures import needed, upper, working
from .errors import IllFormed
from .regression import LogisticRegression


class Certificate(NamedTuple):
    """Enclosures at ``digits`` decimal digits, and what they prove."""

    log_evidence: arb
    elbo: arb
    kl: arb
    digits: int

    @property
    def bounded(self) -> bool:
        """ELBO < log p(D), proved: every number in one ball is below every number in the other."""
        return bool(self.elbo < self.log_evidence)

    @property
    def total(self) -> arb:
        """ELBO + KL."""
        with working(self.digits, 20):
            return self.elbo + self.kl

    @property
    def identity(self) -> bool:
        """ELBO + KL, enclosed within finite bounds, contains the whole enclosure of log p(D), the tighter one."""
        return bool(self.total.is_finite() and self.total.contains(self.log_evidence))

    def __str__(self) -> str:
        rows = (("log p(D)", self.log_evidence), ("ELBO", self.elbo), ("KL", self.kl), ("ELBO + KL", self.total))
        return "\n".join(f"{name:9} {value.str(self.digits)}" for name, value in rows)


_BOUNDS: dict[type, Any] = {
    **dict.fromkeys(conjugate_bounds.FAMILIES, conjugate_bounds),
    LogisticRegression: logistic_bounds,
    **dict.fromkeys(gaussian_bounds.READ, gaussian_bounds),
    **dict.fromkeys(noisy_bounds.READ, noisy_bounds),
}


def _bounds(model: Any) -> Any:
    """The module that encloses this model's numbers; IllFormed for a model that none does."""
    found = _BOUNDS.get(type(model))
    if found is None:
        names = ", ".join(kind.__name__ for kind in _BOUNDS)
        raise IllFormed(f"expected a model that can be enclosed ({names}), found {type(model).__name__}")
    if getattr(model, "batch", ()):
        raise IllFormed(f"expected one data set for {type(model).__name__} to enclose, found a batch of {model.batch}")
    return found


def _sharp(compute: Callable[[float], arb], digits: int) -> arb:
    """The enclosure, recomputed with more digits inside until ``digits`` are certain (or four attempts were made)."""
    count(digits, "digits")
    for guard in (3, 12, 36, 76):
        with working(digits, 2 * guard):
            found = compute(needed(digits, guard))
            if found.is_finite() and found.rad() * arb(10) ** digits < 1 + upper(found):
                break
    return found


def log_evidence(model: Any, digits: int = 30) -> arb:
    """log p(D), enclosed (source, equation 2).

    Raises IllFormed for a model that cannot be enclosed, and for a batch of data sets.
    """
    bounds = _bounds(model)
    return _sharp(lambda need: bounds.log_evidence(model, need), digits)


def elbo(model: Any, q: Any, digits: int = 30) -> arb:
    """ELBO(q) = E_q[log p(D, theta) - log q(theta)], enclosed (source, equation 11).

    q is of the prior's family, or for a Gaussian prior a Gaussian of any kind, or for a normal-inverse-gamma prior a
    Product of a Gaussian and an InverseGamma. Raises IllFormed for another, and as `log_evidence`.
    """
    bounds = _bounds(model)
    return _sharp(lambda need: bounds.elbo(model, q, need), digits)


def kl(q: Distribution, p: Distribution, digits: int = 30) -> arb:
    """KL(q || p) of two laws of one family, Normal, Gamma or Beta, enclosed, as its integral (source, equation 3)."""
    if type(q) is not type(p):
        raise IllFormed(f"expected two laws of one family for kl, found {type(q).__name__} and {type(p).__name__}")
    return _sharp(lambda need: conjugate_bounds.kl_of_laws(q, p, need), digits)


def certify(model: Any, q: Any, digits: int = 30) -> Certificate:
    """Enclosures of log p(D), ELBO(q) and KL(q || posterior), each computed its own way: three numbers, not two.

    Where the posterior is known in closed form the KL is computed from it; for logistic regression the KL is
    -H(q) - E_q[log p(D, theta)] + log p(D), its mean by integrals over the line where the ELBO's is one over the plane.
    The log evidence has five digits more, so that the sum may contain the whole of it, and more again where the sum
    came out narrower than was asked. Raises IllFormed as `log_evidence` and `elbo` do, and for a covariance that is
    positive definite only up to rounding.
    """
    count(digits, "digits")
    bounds, bound = _bounds(model), elbo(model, q, digits)
    for more in (5, 25, 85):  # a sum that took the last attempt of `_sharp` has at most 80 digits more
        evidence = log_evidence(model, digits + more)
        gap = _sharp(partial(bounds.kl, model, q, evidence), digits)
        found = Certificate(evidence, bound, gap, digits)
        if found.identity:
            break
    return found


def as_float(x: arb) -> tuple[float, float]:
    """(midpoint, radius) as floats, the radius rounded up and covering the midpoint's own rounding."""
    middle = float(x.mid())
    return middle, float(np.nextafter(float(upper(x - arb(middle))), math.inf))
