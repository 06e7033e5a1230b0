"""Gaussian laws in balls (Arb): exactly the matrix that a law was given, not its rounded Cholesky factor.

A `Gaussian` made from a covariance is that covariance's law, and one made from a factor, or from a precision, is the
factor's. A `Diagonal` and a `Normal` are those of their standard deviations. Floats are exact binary fractions, so the
only balls with a radius are those of what is computed from them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flint import arb, arb_mat

from .distributions import Normal
from .errors import IllFormed
from .gaussians import Diagonal, Gaussian
from .vectors import VectorDistribution


def column(values: Iterable[Any]) -> arb_mat:
    """Floats, shape (k,), as a matrix of one column."""
    return arb_mat([[arb(float(x))] for x in values])


def matrix(rows: Iterable[Iterable[Any]]) -> arb_mat:
    """Floats, shape (k, d)."""
    return arb_mat([[arb(float(x)) for x in row] for row in rows])


def identity(d: int) -> arb_mat:
    return arb_mat([[arb(int(i == j)) for j in range(d)] for i in range(d)])


def solve(a: arb_mat, b: arb_mat) -> arb_mat:
    """a^-1 b; all nan where the precision does not show that a is invertible, and more of it is needed."""
    try:
        return a.solve(b)
    except ZeroDivisionError:
        return arb_mat([[arb.nan()] * b.ncols()] * b.nrows())


def cholesky(a: arb_mat, name: str) -> arb_mat:
    """The lower factor L with a = L L^T; nan entries where the precision leaves the sign of a pivot open.

    Raises IllFormed where a pivot is proved not to be positive: Cholesky in floats can miss that by its rounding.
    """
    d = a.nrows()
    out = [[arb(0)] * d for _ in range(d)]
    for j in range(d):
        for i in range(j, d):
            rest = a[i, j] - sum((out[i][k] * out[j][k] for k in range(j)), arb(0))
            if i > j:
                out[i][j] = rest / out[j][j]
            elif rest <= 0:
                raise IllFormed(f"expected a positive definite matrix for {name}, found one that is not, exactly taken")
            else:
                out[j][j] = rest.sqrt()
    return arb_mat(out)


def log_det(factor: arb_mat) -> arb:
    """log det of factor factor^T."""
    return 2 * sum((factor[j, j].log() for j in range(factor.nrows())), arb(0))


def as_gaussian(q: Any, d: int) -> Gaussian | Diagonal:
    """q as a law of d coordinates; IllFormed for what is none."""
    if isinstance(q, Normal):
        q = Diagonal([q.mean], [q.sd])
    if not isinstance(q, (Gaussian, Diagonal)) or q.batch or q.event != (d,):
        shape = f" of shape {(*q.batch, *q.event)}" if isinstance(q, VectorDistribution) else ""
        raise IllFormed(f"expected a Gaussian or Diagonal in {d} dimensions for q, found a {type(q).__name__}{shape}")
    return q


def factor_of(law: Gaussian | Diagonal, name: str = "covariance") -> arb_mat:
    """The lower Cholesky factor of the law's covariance."""
    given = getattr(law, "given", None)
    return matrix(law.factor) if given is None else cholesky(matrix(given), name)


def covariance_of(law: Gaussian | Diagonal, name: str = "covariance") -> arb_mat:
    """The law's covariance, checked to be positive definite as `cholesky` does."""
    factor, given = factor_of(law, name), getattr(law, "given", None)
    return factor * factor.transpose() if given is None else matrix(given)
