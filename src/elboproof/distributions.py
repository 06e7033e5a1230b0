"""Distributions of one real variable: what a variational family, a prior and a posterior are made of.

A distribution has ``support`` (an interval, its ends perhaps infinite), ``mean``, ``sd``, ``log_density``,
``sample``, ``quantile``, ``entropy`` and ``kl``. Densities are with respect to length, all logarithms are natural
(nats), and ``log_density`` is ``-inf`` outside the support, never a large negative number. Arrays of any shape go
in, arrays of that shape come out. Formulas: Cover and Thomas, Elements of Information Theory, chapter 8.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy import special

from .errors import IllFormed

_LOG_2PI = math.log(2 * math.pi)
_LEVELS = np.array([1e-40, 1e-20, 1e-12, 1e-7, 1e-4, 1e-2, 0.1, 0.3, 0.5])  # from either side


def number(value: Any, name: str, where: str, positive: bool = False) -> float:
    """`value` as a finite float (positive, if asked); IllFormed names the argument, as in ``sd of Normal``."""
    kind = "a positive finite number" if positive else "a finite number"
    try:
        made = float(value)
    except (TypeError, ValueError):
        raise IllFormed(f"expected {kind} for {name} of {where}, found {value!r}") from None
    if not math.isfinite(made) or (positive and made <= 0):
        raise IllFormed(f"expected {kind} for {name} of {where}, found {made!r}")
    return made


def count(n: Any, name: str = "n", least: int = 1) -> int:
    """`n` as an integer of at least `least`."""
    if type(n) is int and n >= least:
        return n
    if isinstance(n, (bool, np.bool_)) or not isinstance(n, (int, np.integer)) or n < least:
        raise IllFormed(f"expected an integer of at least {least} for {name}, found {n!r}")
    return int(n)


def generator(rng: Any) -> np.random.Generator:
    """`rng`, if it is a NumPy Generator: nothing here draws from a hidden global one."""
    if not isinstance(rng, np.random.Generator):
        raise IllFormed(
            f"expected a NumPy Generator for rng, as np.random.default_rng(0) makes, found {type(rng).__name__}"
        )
    return rng


class Distribution:
    """What all distributions share. Parameters are checked when one is made; they raise IllFormed."""

    mean: float
    sd: float

    @property
    def support(self) -> tuple[float, float]:
        raise NotImplementedError

    @property
    def rounding(self) -> float:
        """The size of the largest terms that cancel in ``log_density``: it is good to a few eps times this."""
        return 1.0

    def log_density(self, x: Any) -> Any:
        """log density at x, in nats, of x's shape; ``-inf`` outside the support, nan at nan."""
        x = np.asarray(x, float)
        low, high = self.support
        with np.errstate(all="ignore"):
            inside = (x >= low) & (x <= high)
            safe = np.where(inside, x, self.mean)
            out = np.where(inside, self._log_density(safe), -np.inf)
        return np.where(np.isnan(x), np.nan, out)[()]

    def density(self, x: Any) -> Any:
        """The density itself: for drawing. Compute with ``log_density``."""
        return np.exp(self.log_density(x))

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """n independent draws, shape (n,)."""
        return self._sample(count(n), generator(rng))

    def quantile(self, level: Any) -> Any:
        """The point with mass `level` (0 to 1) below it."""
        level = np.asarray(level, float)
        if not np.all((level >= 0) & (level <= 1)):
            raise IllFormed(f"expected levels from 0 to 1 for quantile, found {level.tolist()}")
        return self._quantile(level)[()]

    @cached_property
    def landmarks(self) -> np.ndarray:
        """Points that bracket the bulk at every scale: where quadrature has to look.

        The outermost cut off a mass of 1e-40: what lies beyond may share a panel with a much wider law's bulk, and no
        node of that panel need see it.
        """
        return np.unique(np.concatenate([self._quantile(_LEVELS), self._quantile_above(_LEVELS)]))

    @cached_property
    def reach(self) -> tuple[float, float]:
        """An interval outside which the density is below about exp(-1000) of its peak."""
        first, last = float(self.landmarks[0]), float(self.landmarks[-1])
        low, high = self.support
        return max(low, first - 40 * (last - first)), min(high, last + 40 * (last - first))

    def entropy(self) -> float:
        """Differential entropy, in nats."""
        raise NotImplementedError

    def kl(self, other: Distribution) -> float:
        """KL(self || other) in closed form, in nats; ``inf`` where `other` lacks support. Same family only."""
        if type(other) is not type(self):
            mine, theirs = type(self).__name__, type(other).__name__
            raise IllFormed(f"expected another {mine} for its closed-form KL, found a {theirs}: use quadrature")
        return float(self._kl(other))

    def expansion(self, at: float) -> tuple[float, float, float] | None:
        """(value, gradient, minus the second derivative) of the log density at a point, where it is a quadratic."""
        return None

    def _log_density(self, x: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def _sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        raise NotImplementedError

    def _quantile(self, level: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def _quantile_above(self, level: np.ndarray) -> np.ndarray:
        """The point with mass `level` above it."""
        raise NotImplementedError

    def _kl(self, other: Any) -> float:
        raise NotImplementedError


@dataclass(frozen=True)
class Normal(Distribution):
    """Normal(mean, sd), on the line."""

    mean: float
    sd: float

    def __post_init__(self) -> None:
        number(self.mean, "mean", "Normal")
        number(self.sd, "sd", "Normal", positive=True)

    @property
    def support(self) -> tuple[float, float]:
        return (-math.inf, math.inf)

    @property
    def rounding(self) -> float:
        return 1 + abs(math.log(self.sd))

    def expansion(self, at: float) -> tuple[float, float, float] | None:
        sd = self.sd
        z = (at - self.mean) / sd
        return -0.5 * (z * z + _LOG_2PI) - math.log(sd), -z / sd, 1 / sd / sd

    def _log_density(self, x: np.ndarray) -> np.ndarray:
        z = (x - self.mean) / self.sd
        return -0.5 * z * z - (math.log(self.sd) + 0.5 * math.log(2 * math.pi))

    def _sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        return rng.normal(self.mean, self.sd, n)

    def _quantile(self, level: np.ndarray) -> np.ndarray:
        return self.mean + self.sd * special.ndtri(level)

    def _quantile_above(self, level: np.ndarray) -> np.ndarray:
        return self.mean - self.sd * special.ndtri(level)

    def entropy(self) -> float:
        return 0.5 * math.log(2 * math.pi * math.e) + math.log(self.sd)

    def _kl(self, other: Normal) -> float:
        ratio = self.sd / other.sd
        shift = (self.mean - other.mean) / other.sd
        excess = (ratio - 1) * (ratio + 1)  # ratio^2 - 1, with the digits that a KL near zero needs
        return 0.5 * (shift**2 + excess - 2 * math.log(ratio))


@dataclass(frozen=True)
class Beta(Distribution):
    """Beta(a, b), on (0, 1)."""

    a: float
    b: float

    def __post_init__(self) -> None:
        number(self.a, "a", "Beta", positive=True)
        number(self.b, "b", "Beta", positive=True)

    @property
    def support(self) -> tuple[float, float]:
        return (0.0, 1.0)

    @property
    def mean(self) -> float:  # type: ignore[override]
        return self.a / (self.a + self.b)

    @property
    def sd(self) -> float:  # type: ignore[override]
        total = self.a + self.b
        return math.sqrt(self.a * self.b / (total + 1)) / total

    @property
    def rounding(self) -> float:
        # betaln is off by eps times the log-gammas inside it, not times its own size
        return 1 + self.a + self.b + sum(abs(math.lgamma(c)) for c in (self.a, self.b, self.a + self.b))

    def _log_density(self, x: np.ndarray) -> np.ndarray:
        return special.xlogy(self.a - 1, x) + special.xlog1py(self.b - 1, -x) - special.betaln(self.a, self.b)

    def _sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        return rng.beta(self.a, self.b, n)

    def _quantile(self, level: np.ndarray) -> np.ndarray:
        return special.betaincinv(self.a, self.b, level)

    def _quantile_above(self, level: np.ndarray) -> np.ndarray:
        return special.betainccinv(self.a, self.b, level)

    def entropy(self) -> float:
        a, b, psi = self.a, self.b, special.digamma
        return float(special.betaln(a, b) - (a - 1) * psi(a) - (b - 1) * psi(b) + (a + b - 2) * psi(a + b))

    def _kl(self, other: Beta) -> float:
        a, b, psi = self.a, self.b, special.digamma
        da, db = a - other.a, b - other.b
        start = special.betaln(other.a, other.b) - special.betaln(a, b)
        return start + da * psi(a) + db * psi(b) - (da + db) * psi(a + b)


@dataclass(frozen=True)
class Gamma(Distribution):
    """Gamma(shape, rate), on the half-line; its mean is shape / rate."""

    shape: float
    rate: float

    def __post_init__(self) -> None:
        number(self.shape, "shape", "Gamma", positive=True)
        number(self.rate, "rate", "Gamma", positive=True)

    @property
    def support(self) -> tuple[float, float]:
        return (0.0, math.inf)

    @property
    def mean(self) -> float:  # type: ignore[override]
        return self.shape / self.rate

    @property
    def sd(self) -> float:  # type: ignore[override]
        return math.sqrt(self.shape) / self.rate

    @property
    def rounding(self) -> float:
        return 1 + self.shape * (1 + abs(math.log(self.rate))) + abs(math.lgamma(self.shape))

    def _log_density(self, x: np.ndarray) -> np.ndarray:
        start = self.shape * math.log(self.rate) - math.lgamma(self.shape)
        return start + special.xlogy(self.shape - 1, x) - self.rate * x

    def _sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        return rng.gamma(self.shape, 1 / self.rate, n)

    def _quantile(self, level: np.ndarray) -> np.ndarray:
        return special.gammaincinv(self.shape, level) / self.rate

    def _quantile_above(self, level: np.ndarray) -> np.ndarray:
        return special.gammainccinv(self.shape, level) / self.rate

    def entropy(self) -> float:
        a = self.shape
        return float(a - math.log(self.rate) + math.lgamma(a) + (1 - a) * special.digamma(a))

    def _kl(self, other: Gamma) -> float:
        a, b, c, d = self.shape, self.rate, other.shape, other.rate
        start = (a - c) * float(special.digamma(a)) - math.lgamma(a) + math.lgamma(c)
        return start + c * math.log(b / d) + a * (d - b) / b


@dataclass(frozen=True)
class Uniform(Distribution):
    """Uniform(low, high), on the interval: the family with which supports go wrong."""

    low: float
    high: float

    def __post_init__(self) -> None:
        low, high = number(self.low, "low", "Uniform"), number(self.high, "high", "Uniform")
        if not low < high:
            raise IllFormed(f"expected low < high for Uniform, found low = {low!r}, high = {high!r}")
        number(high - low, "high - low", "Uniform", positive=True)

    @property
    def support(self) -> tuple[float, float]:
        return (float(self.low), float(self.high))

    @property
    def mean(self) -> float:  # type: ignore[override]
        return 0.5 * self.low + 0.5 * self.high

    @property
    def sd(self) -> float:  # type: ignore[override]
        return (self.high - self.low) / math.sqrt(12)

    def _log_density(self, x: np.ndarray) -> np.ndarray:
        return np.full_like(x, -math.log(self.high - self.low))

    def _sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        return rng.uniform(self.low, self.high, n)

    def _quantile(self, level: np.ndarray) -> np.ndarray:
        return self.low + (self.high - self.low) * level

    def _quantile_above(self, level: np.ndarray) -> np.ndarray:
        return self.high - (self.high - self.low) * level

    def entropy(self) -> float:
        return math.log(self.high - self.low)

    def _kl(self, other: Uniform) -> float:
        if self.low < other.low or self.high > other.high:
            return math.inf
        return math.log((other.high - other.low) / (self.high - self.low))
