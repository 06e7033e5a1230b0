"""Mean-field families: independent blocks, and laws of discrete labels.

Bishop, Pattern Recognition and Machine Learning (2006), section 10.1; Wainwright and Jordan, Graphical Models,
Exponential Families, and Variational Inference (2008), section 5.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from .distributions import Distribution, Normal
from .errors import IllFormed
from .gaussians import Diagonal, Gaussian
from .vectors import VectorDistribution, array


class Product(VectorDistribution):
    """Independent blocks, one after the other: distributions of one variable and vectors, none of them a batch.

    ``Product(Gaussian(m, S), InverseGamma(a, b))`` is the mean-field family of a regression with unknown noise.
    """

    def __init__(self, *factors: Any):
        if not factors:
            raise IllFormed("expected at least one factor for Product, found none")
        for factor in factors:
            vector = isinstance(factor, VectorDistribution) and len(factor.event) == 1 and factor.batch == ()
            if not (vector or isinstance(factor, Distribution)):
                raise IllFormed(f"expected distributions without a batch for the factors of Product, found {factor!r}")
        self.factors = factors
        sizes = [1 if isinstance(f, Distribution) else f.event[0] for f in factors]
        ends = np.cumsum(sizes)
        self.blocks = [slice(int(end) - size, int(end)) for end, size in zip(ends, sizes, strict=True)]
        self.event, self.batch = (int(ends[-1]),), ()

    @property
    def mean(self) -> np.ndarray:
        return np.concatenate([np.atleast_1d(f.mean) for f in self.factors])

    @property
    def _safe(self) -> np.ndarray:
        inner = [f.quantile(0.5) if isinstance(f, Distribution) else f._safe for f in self.factors]
        return np.concatenate([np.atleast_1d(x) for x in inner])

    def _parts(self, x: np.ndarray) -> list[np.ndarray]:
        pairs = zip(self.factors, self.blocks, strict=True)
        return [x[..., b.start] if isinstance(f, Distribution) else x[..., b] for f, b in pairs]

    def _log_density(self, x: np.ndarray) -> Any:
        found = [f.log_density(part) for f, part in zip(self.factors, self._parts(x), strict=True)]
        outside = np.any([f == -np.inf for f in found], axis=0)
        return np.where(outside, -np.inf, sum(found))

    def _sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        drawn = [f.sample(n, rng) for f in self.factors]
        return np.concatenate([d[:, None] if d.ndim == 1 else d for d in drawn], axis=1)

    def entropy(self) -> float:
        return float(sum(f.entropy() for f in self.factors))

    def full(self) -> Gaussian | None:
        """The same law as one Gaussian, if every factor is a Gaussian of some kind."""
        if not all(isinstance(f, (Normal, Gaussian, Diagonal)) for f in self.factors):
            return None
        factor = np.zeros((self.event[0],) * 2)
        for f, block in zip(self.factors, self.blocks, strict=True):
            factor[block, block] = f.sd if isinstance(f, Distribution) else f.factor
        return Gaussian.from_factor(self.mean, factor)

    def _kl(self, other: Any) -> Any:
        if isinstance(other, Product) and self.blocks == other.blocks:
            return float(sum(f.kl(g) for f, g in zip(self.factors, other.factors, strict=True)))
        if isinstance(other, (Gaussian, Diagonal)):
            full = self.full()
            return None if full is None else full.kl(other)
        cross = getattr(other, "expected_log_density", lambda q: None)(self)
        return None if cross is None else -self.entropy() - cross


def by_label(values: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """``values[..., label]`` for values of shape batch + (k,) and labels that broadcast against the batch."""
    labels = np.broadcast_to(labels, np.broadcast_shapes(labels.shape, values.shape[:-1])).astype(int)
    return np.take_along_axis(np.broadcast_to(values, (*labels.shape, values.shape[-1])), labels[..., None], -1)[..., 0]


class Categorical(VectorDistribution):
    """A law of labels 0, ..., k - 1: log probabilities of shape (..., k), normalised within 1e-9; -inf is allowed."""

    def __init__(self, log_probabilities: Any):
        logs = np.array(log_probabilities, float)
        if logs.ndim < 1 or logs.size == 0:
            raise IllFormed(f"expected log probabilities of shape (..., k) for Categorical, found {logs.shape}")
        total = special.logsumexp(logs, axis=-1)
        if np.isnan(logs).any() or np.any(np.abs(total) > 1e-9):
            worst = float(np.ravel(total)[np.argmax(np.abs(np.ravel(total)))])
            raise IllFormed(f"expected probabilities that sum to 1 for Categorical, found the sum {np.exp(worst):.12g}")
        self.log_probabilities = logs
        self.event, self.batch = (), logs.shape[:-1]

    @classmethod
    def from_probabilities(cls, probabilities: Any) -> Categorical:
        made = array(probabilities, "probabilities", "Categorical")
        if np.any(made < 0):
            raise IllFormed(f"expected probabilities of at least 0 for Categorical, found {float(made.min())!r}")
        with np.errstate(divide="ignore"):
            return cls(np.log(made))

    @property
    def probabilities(self) -> np.ndarray:
        return np.exp(self.log_probabilities)

    @property
    def mean(self) -> np.ndarray:
        """The mean label: of use only where labels are numbers."""
        return self.probabilities @ np.arange(self.log_probabilities.shape[-1])

    def expectation(self, values: np.ndarray) -> Any:
        """E[values], of a value for each label, shape (..., k) to (...); a label of probability 0 does not count."""
        with np.errstate(invalid="ignore"):
            return np.sum(np.where(self.log_probabilities > -np.inf, self.probabilities * values, 0.0), axis=-1)[()]

    @property
    def _safe(self) -> np.ndarray:
        return np.argmax(self.log_probabilities, axis=-1)

    def _inside(self, x: np.ndarray) -> Any:
        return (x == np.floor(x)) & (x >= 0) & (x < self.log_probabilities.shape[-1])

    def _log_density(self, x: np.ndarray) -> Any:
        return by_label(self.log_probabilities, x)

    def _sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        level = rng.random((n, *self.batch, 1))
        below = np.cumsum(self.probabilities, axis=-1)
        below = below / below[..., -1:]
        return np.sum(level >= below, axis=-1)

    def entropy(self) -> Any:
        return np.sum(special.entr(self.probabilities), axis=-1)[()]

    def _kl(self, other: Any) -> Any:
        if not isinstance(other, Categorical):
            return None
        mine, theirs = np.broadcast_arrays(self.log_probabilities, other.log_probabilities)
        seen = mine > -np.inf
        with np.errstate(invalid="ignore"):
            return np.sum(np.where(seen, np.exp(mine) * (mine - theirs), 0.0), axis=-1)[()]
