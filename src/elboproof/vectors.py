"""What distributions and models of several dimensions share: shapes, checks, and Cholesky factors.

Shapes. A distribution has an ``event`` shape, ``(d,)`` for vectors and ``()`` for discrete labels, and a ``batch``
shape, ``()`` for a single law: a batch holds one law per data set, ``mean`` has shape ``batch + event``, ``sample(n)``
gives ``(n,) + batch + event``, and ``log_density`` takes anything that broadcasts against ``batch + event`` and drops
the event. ``entropy`` and ``kl`` have shape ``batch``. Natural logarithms (nats) throughout; ``-inf`` outside a
support; nothing is clipped. Every array that is given is checked once, copied, and made read-only.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from scipy import linalg

from .distributions import count, generator
from .errors import IllFormed

LOG_2PI = float(np.log(2 * np.pi))


def array(
    value: Any, name: str, where: str, ndim: int = 1, positive: bool = False, most: int | None = None
) -> np.ndarray:
    """`value` as a read-only finite float array of `ndim` axes (up to `most`, None: as many as there are)."""
    kind = "positive finite numbers" if positive else "finite numbers"
    try:
        made = np.array(value, dtype=float)
    except (TypeError, ValueError):
        raise IllFormed(f"expected {kind} for {name} of {where}, found {value!r}") from None
    if made.ndim < ndim or (most is not None and made.ndim > most):
        axes = f"{ndim}" if most == ndim else f"at least {ndim}" if most is None else f"{ndim} to {most}"
        raise IllFormed(f"expected {axes} axes for {name} of {where}, found shape {made.shape}")
    if made.size == 0:
        raise IllFormed(f"expected at least one entry in {name} of {where}, found shape {made.shape}")
    if not ((0 if positive else -np.inf) < made.min() and made.max() < np.inf):  # a nan fails both
        good = np.isfinite(made) & (made > 0) if positive else np.isfinite(made)
        first = tuple(int(i) for i in np.argwhere(~good)[0])
        at = f" at position {first[0] if len(first) == 1 else first}" if first else ""
        raise IllFormed(f"expected {kind} for {name} of {where}, found {float(made[first])!r}{at}")
    made.flags.writeable = False
    return made


def sized(made: np.ndarray, shape: tuple[int, ...], name: str, where: str) -> np.ndarray:
    """`made`, whose last axes must have this shape."""
    if made.shape[made.ndim - len(shape) :] != shape or made.ndim < len(shape):
        raise IllFormed(f"expected shape {shape} for {name} of {where}, found {made.shape}")
    return made


def symmetric(value: Any, name: str, where: str) -> np.ndarray:
    """`value` as read-only symmetric matrices, shape (..., d, d): its symmetric part, if that is all but rounding."""
    made = array(value, name, where, ndim=2)
    if made.shape[-1] != made.shape[-2]:
        raise IllFormed(f"expected a square matrix for {name} of {where}, found shape {made.shape}")
    flipped = np.swapaxes(made, -1, -2)
    gap = float(np.max(np.abs(made - flipped)))
    if gap > 1e-10 * float(np.max(np.abs(made))):
        raise IllFormed(f"expected a symmetric matrix for {name} of {where}, found entries that differ by {gap:.3g}")
    if gap:
        made = 0.5 * (made + flipped)
        made.flags.writeable = False
    return made


def cholesky(value: Any, name: str, where: str) -> np.ndarray:
    """The lower Cholesky factor of symmetric positive definite matrices, shape (..., d, d)."""
    made = symmetric(value, name, where)
    try:
        return np.linalg.cholesky(made)
    except np.linalg.LinAlgError:
        least = float(np.linalg.eigvalsh(made).min())
        raise IllFormed(
            f"expected a positive definite matrix for {name} of {where}, found the eigenvalue {least:.3g}"
        ) from None


def solve_lower(factor: np.ndarray, x: np.ndarray) -> np.ndarray:
    """``factor^-1 x`` for vectors x of shape (..., d) and a lower triangular factor of shape (..., d, d)."""
    if factor.ndim == 2:
        flat = x.reshape(-1, x.shape[-1]).T
        return linalg.solve_triangular(factor, flat, lower=True, check_finite=False).T.reshape(x.shape)
    return np.linalg.solve(factor, x[..., None])[..., 0]


def solve_upper(factor: np.ndarray, x: np.ndarray) -> np.ndarray:
    """``factor^-T x``, shapes as in `solve_lower`."""
    if factor.ndim == 2:
        flat = x.reshape(-1, x.shape[-1]).T
        return linalg.solve_triangular(factor, flat, lower=True, trans=1, check_finite=False).T.reshape(x.shape)
    return np.linalg.solve(np.swapaxes(factor, -1, -2), x[..., None])[..., 0]


def solve(factor: np.ndarray, x: np.ndarray) -> np.ndarray:
    """``(factor factor^T)^-1 x``."""
    return solve_upper(factor, solve_lower(factor, x))


def apply(matrix: np.ndarray, x: np.ndarray) -> np.ndarray:
    """``matrix x`` for vectors x of shape (..., d)."""
    return x @ matrix.T if matrix.ndim == 2 else (matrix @ x[..., None])[..., 0]


def inverse(factor: np.ndarray) -> np.ndarray:
    """``(factor factor^T)^-1``, symmetric to the last bit."""
    half = np.linalg.solve(factor, np.broadcast_to(np.eye(factor.shape[-1]), factor.shape))
    return np.swapaxes(half, -1, -2) @ half


def log_determinant(factor: np.ndarray) -> Any:
    """log det of ``factor factor^T``."""
    return 2 * np.sum(np.log(np.diagonal(factor, axis1=-2, axis2=-1)), axis=-1)


def squared(x: np.ndarray) -> Any:
    """The squared length of vectors, shape (..., d) to (...)."""
    return np.einsum("...i,...i->...", x, x)


def joined(*shapes: tuple[int, ...], where: str) -> tuple[int, ...]:
    """The batch shape that these broadcast to."""
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise IllFormed(
            f"expected batch shapes of {where} that broadcast, found {', '.join(map(str, shapes))}"
        ) from None


class VectorDistribution:
    """What all distributions of vectors (and of labels) share. Parameters are checked when one is made: IllFormed."""

    event: tuple[int, ...]
    batch: tuple[int, ...]

    @property
    def mean(self) -> np.ndarray:
        """The mean, shape batch + event."""
        raise NotImplementedError

    @property
    def rounding(self) -> float:
        """The size of the terms that cancel in ``log_density``: it is good to a few eps times this."""
        return 1.0 + sum(self.event)

    def log_density(self, x: Any) -> Any:
        """log density at x, in nats; ``-inf`` outside the support, nan where x holds one."""
        x = np.asarray(x, float)
        axes = tuple(range(x.ndim - len(self.event), x.ndim))
        if x.shape[x.ndim - len(self.event) :] != self.event:
            raise IllFormed(f"expected points of shape (..., {self.event[0]}) for {self._name}, found {x.shape}")
        try:
            np.broadcast_shapes(x.shape, self.batch + self.event)
        except ValueError:
            raise IllFormed(
                f"expected points that broadcast with batch {self.batch} of {self._name}, found {x.shape}"
            ) from None
        undefined = np.isnan(x).any(axis=axes)
        with np.errstate(all="ignore"):
            inside = np.isfinite(x).all(axis=axes) & self._inside(x)
            safe = np.where(inside.reshape(inside.shape + (1,) * len(self.event)), x, self._safe)
            out = np.where(inside, self._log_density(safe), -np.inf)
        return np.where(undefined, np.nan, out)[()]

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """n independent draws of each law, shape (n,) + batch + event."""
        return self._sample(count(n), generator(rng))

    def entropy(self) -> Any:
        """Differential entropy (Shannon's, for labels), in nats, shape batch."""
        raise NotImplementedError

    def kl(self, other: Any) -> Any:
        """KL(self || other) in closed form, in nats, shape batch; ``inf`` where `other` lacks support.

        Raises IllFormed where there is no closed form: use Monte Carlo.
        """
        if getattr(other, "event", None) != self.event:
            found = f"one of shape {other.event}" if isinstance(other, VectorDistribution) else repr(other)
            raise IllFormed(f"expected a distribution of shape {self.event} for the KL of {self._name}, found {found}")
        joined(self.batch, other.batch, where="KL")
        made = self._kl(other)
        if made is None:
            raise IllFormed(
                f"expected a law with a closed-form KL from {self._name}, "
                f"found {type(other).__name__}: use montecarlo.kl"
            )
        return made

    def expansion(self, at: np.ndarray) -> tuple[Any, np.ndarray, np.ndarray] | None:
        """(value, gradient (d,), minus the Hessian (d, d)) of the log density at a point (d,), where it is a quadratic.

        None where it is none, and for a batch.
        """
        return None

    @property
    def _name(self) -> str:
        return type(self).__name__

    @property
    def _safe(self) -> np.ndarray:
        """A point inside every support, to compute at where the answer is known to be -inf."""
        return self.mean

    def _inside(self, x: np.ndarray) -> Any:
        return np.True_

    def _log_density(self, x: np.ndarray) -> Any:
        raise NotImplementedError

    def _sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        raise NotImplementedError

    def _kl(self, other: Any) -> Any:
        return None


class VectorModel:
    """A joint law p(D, theta) of fixed data (a batch of data sets, perhaps) and a vector or label theta.

    Subclasses give ``prior``, ``_log_likelihood``, and where they are known ``posterior`` and ``log_evidence`` (shape
    batch). ``replicate`` and ``given`` make new data sets of the same shape: what calibration needs.
    """

    data: np.ndarray
    batch: tuple[int, ...]
    prior: VectorDistribution

    @property
    def posterior(self) -> VectorDistribution:
        """The exact posterior p(theta | D) (source, equation 1)."""
        raise IllFormed(f"expected a model with an exact posterior, found {type(self).__name__}: it has none")

    @property
    def log_evidence(self) -> Any:
        """The exact log p(D) (source, equation 2), in nats, shape batch."""
        raise IllFormed(f"expected a model with an exact evidence, found {type(self).__name__}: it has none")

    @property
    def rounding(self) -> float:
        """The size of the terms that cancel in the log densities: they are good to a few eps times this."""
        return 1.0 + self.prior.rounding + self.data.size

    def log_prior(self, theta: Any) -> Any:
        """log p(theta), shape (..., d) to (...)."""
        return self.prior.log_density(theta)

    def log_likelihood(self, theta: Any) -> Any:
        """log p(D | theta), shape (..., d) to (...) (or to (...) + batch); nan outside the parameter space."""
        theta = np.asarray(theta, float)
        known = np.asarray(self.log_prior(theta)) > -np.inf
        event = self.prior.event
        safe = np.where(known.reshape(known.shape + (1,) * len(event)), theta, self.prior._safe)
        with np.errstate(all="ignore"):
            return np.where(known, self._log_likelihood(safe), np.nan)[()]

    def log_joint(self, theta: Any) -> Any:
        """log p(D, theta) (source, equation 24); -inf where the prior is zero."""
        prior = self.log_prior(theta)
        with np.errstate(all="ignore"):
            return np.where(prior == -np.inf, -np.inf, prior + self.log_likelihood(theta))[()]

    def expansion(self, at: np.ndarray) -> tuple[Any, np.ndarray, np.ndarray] | None:
        """(value, gradient (d,), minus the Hessian (d, d)) of ``log_joint`` at a point (d,), where it is a quadratic.

        None where it is none, and for a batch of data sets.
        """
        if self.batch or np.shape(at) != self.prior.event:
            return None
        prior = self.prior.expansion(at)
        rest = None if prior is None else self._expansion(at)
        if prior is None or rest is None:
            return None
        return prior[0] + rest[0], prior[1] + rest[1], prior[2] + rest[2]

    def _expansion(self, at: np.ndarray) -> tuple[Any, np.ndarray, np.ndarray] | None:
        return None

    def gradient(self, theta: Any) -> np.ndarray:
        """The gradient of ``log_joint`` in theta, of theta's shape."""
        raise IllFormed(f"expected a model with a gradient, found {type(self).__name__}: it has none")

    def expected_log_likelihood(self, q: Any) -> Any:
        """E_q[log p(D | theta)] in closed form, shape batch (source, equation 22)."""
        raise IllFormed(
            f"expected a closed form of E_q[log p(D | theta)] for {type(self).__name__}: use montecarlo.elbo"
        )

    def elbo(self, q: Any) -> Any:
        """ELBO(q) in closed form, reconstruction minus KL(q || prior) (source, equation 20), in nats, shape batch."""
        return self.expected_log_likelihood(q) - q.kl(self.prior)

    def replicate(self, theta: Any, rng: np.random.Generator) -> np.ndarray:
        """New data of this data's shape drawn from p(D | theta)."""
        raise NotImplementedError

    def given(self, data: Any) -> Self:
        """The same model of other data."""
        raise NotImplementedError

    def _log_likelihood(self, theta: np.ndarray) -> Any:
        raise NotImplementedError
