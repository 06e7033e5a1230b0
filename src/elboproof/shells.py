"""Gaussian shells: a likelihood on two thin rings, uniform prior, in any dimension. A hard evidence with a known value.

L(theta) = sum over the two centres c of Normal(|theta - c|; radius, width), prior uniform on the cube [-half, half]^D.
Feroz, Hobson and Bridges, MultiNest (2009), section 6.2: radius 2, width 0.1, centres (+-3.5, 0, ...), half 6; there
log Z = -1.75, -5.67, -14.59, -36.09 for D = 2, 5, 10, 20.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from .distributions import count, number
from .errors import IllFormed
from .estimate import Estimate
from .quadrature import log_integral
from .vectors import LOG_2PI, VectorDistribution, VectorModel, squared


class Cube(VectorDistribution):
    """The uniform law on [-half, half]^d."""

    def __init__(self, dim: int, half: float):
        self.event, self.batch = (count(dim, "dim"),), ()
        self.half = number(half, "half", "Cube", positive=True)

    @property
    def mean(self) -> np.ndarray:
        return np.zeros(self.event)

    def _inside(self, x: np.ndarray) -> Any:
        return np.all(np.abs(x) <= self.half, axis=-1)

    def _log_density(self, x: np.ndarray) -> Any:
        return np.full(x.shape[:-1], -self.event[0] * math.log(2 * self.half))

    def _sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        return rng.uniform(-self.half, self.half, (n, *self.event))

    def entropy(self) -> float:
        return self.event[0] * math.log(2 * self.half)


class Shells(VectorDistribution):
    """An even mixture of laws on shells: a uniform direction, and Normal(radius, width) from one of the centres.

    centres (K, d). A negative distance is the opposite direction; ``log_density`` counts both.
    """

    def __init__(self, centres: Any, radius: float, width: float):
        self.centres = np.array(centres, float)
        if self.centres.ndim != 2 or self.centres.shape[1] < 2 or not np.isfinite(self.centres).all():
            raise IllFormed(f"expected finite centres (K, d) with d >= 2 for Shells, found shape {self.centres.shape}")
        self.radius = number(radius, "radius", "Shells", positive=True)
        self.width = number(width, "width", "Shells", positive=True)
        self.event, self.batch = self.centres.shape[1:], ()

    @property
    def mean(self) -> np.ndarray:
        return self.centres.mean(axis=0)

    def _log_density(self, x: np.ndarray) -> Any:
        d = self.event[0]
        distance = np.sqrt(squared(x[..., None, :] - self.centres))
        radial = np.logaddexp(
            _log_normal(distance, self.radius, self.width), _log_normal(-distance, self.radius, self.width)
        )
        logs = radial - log_sphere(d) - (d - 1) * np.log(distance)
        return special.logsumexp(logs, axis=-1) - math.log(len(self.centres))

    def _sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        way = rng.standard_normal((n, *self.event))
        way /= np.sqrt(squared(way))[:, None]
        which = rng.integers(len(self.centres), size=n)
        return self.centres[which] + rng.normal(self.radius, self.width, (n, 1)) * way


class GaussianShells(VectorModel):
    """Feroz, Hobson and Bridges' two shells in `dim` dimensions. ``proposal`` is made for importance sampling."""

    prior: Cube

    def __init__(self, dim: int, radius: float = 2.0, width: float = 0.1, centre: float = 3.5, half: float = 6.0):
        where = type(self).__name__
        self.dim, self.batch, self.data = count(dim, "dim", 2), (), np.empty(0)
        self.radius, self.width = number(radius, "radius", where, True), number(width, "width", where, True)
        self.centre, self.half = number(centre, "centre", where), number(half, "half", where, True)
        self.prior = Cube(dim, half)
        self.proposal = Shells(self._centres, radius, width)

    @property
    def _centres(self) -> np.ndarray:
        return self.centre * np.eye(1, self.dim) * np.array([[-1.0], [1.0]])

    @property
    def log_evidence(self) -> Estimate:
        """log Z with an error bound: 2 |sphere| int r^(D-1) Normal(r; radius, width) dr over the cube's volume.

        What of a shell lies outside the cube is at most what lies beyond its nearest face, added to the error.
        """
        d, room = self.dim, self.half - abs(self.centre)
        if room <= self.radius:
            raise IllFormed(
                f"expected shells inside the cube, found {room:g} from centre to face, radius {self.radius:g}"
            )

        def log_radial(r: np.ndarray) -> np.ndarray:
            return (d - 1) * np.log(r) + _log_normal(r, self.radius, self.width)

        marks = [self.radius + k * self.width for k in (-8, -3, 0, 3, 8) if self.radius + k * self.width > 0]
        inside = log_integral(log_radial, 0.0, math.inf, marks)
        beyond = log_integral(log_radial, room, math.inf, [m for m in marks if m > room])
        value = math.log(2) + log_sphere(d) + inside.value - self.prior.entropy()
        lost = math.exp(beyond.value - inside.value)
        return Estimate(value, inside.error - math.log1p(-lost))

    def _log_likelihood(self, theta: np.ndarray) -> Any:
        distance = np.sqrt(squared(theta[..., None, :] - self._centres))
        return special.logsumexp(_log_normal(distance, self.radius, self.width), axis=-1)


def log_sphere(d: int) -> float:
    """log of the surface of the unit sphere in d dimensions."""
    return math.log(2) + 0.5 * d * math.log(math.pi) - math.lgamma(0.5 * d)


def _log_normal(x: Any, mean: float, sd: float) -> Any:
    return -0.5 * (((x - mean) / sd) ** 2 + LOG_2PI) - math.log(sd)
