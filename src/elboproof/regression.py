"""Bayesian regression: linear with known or unknown noise (exact), and logistic (no closed form).

The design has shape (n, d). Linear targets have shape (..., n): leading axes are data sets that share the design, and
the Gram matrix is formed once. Formulas: Bishop, Pattern Recognition and Machine Learning (2006), sections 3.3, 3.5 and
4.4; Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), section 2.1.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from scipy import special

from .conjugate import InverseGamma, NormalInverseGamma, moments
from .distributions import number
from .errors import IllFormed
from .gaussians import Diagonal, Gaussian
from .products import Product
from .vectors import LOG_2PI, VectorModel, array, cholesky, log_determinant, sized, solve, squared


class _Regression(VectorModel):
    """What regressions share: a design (n, d) and targets (..., n)."""

    def _take(self, design: Any, data: Any) -> None:
        where = type(self).__name__
        self.design = array(design, "design", where, 2, most=2)
        self.data = sized(array(data, "data", where), self.design.shape[:1], "data", where)
        self.batch = self.data.shape[:-1]

    @cached_property
    def _gram(self) -> np.ndarray:
        return self.design.T @ self.design

    @cached_property
    def _fit(self) -> tuple[np.ndarray, Any]:
        """The least-squares weights, and the residual sum of squares: |y - X w|^2 = rss + |X (w - fit)|^2."""
        fit = np.linalg.lstsq(self.design, np.moveaxis(self.data, -1, 0).reshape(len(self.design), -1), rcond=None)[0]
        fit = np.moveaxis(fit.reshape(-1, *self.batch), 0, -1)
        return fit, squared(self.data - fit @ self.design.T)

    def _squares(self, w: np.ndarray) -> Any:
        """|y - X w|^2, through the Gram matrix: its cost does not grow with n."""
        fit, rest = self._fit
        return rest + np.einsum("...i,...i->...", (w - fit) @ self._gram, w - fit)


class LinearRegression(_Regression):
    """y ~ Normal(X w, sigma^2 I), sigma known, and w ~ Normal(mean, covariance).

    design X (n, d), data y (..., n), mean (d,), covariance (d, d). theta is w.
    """

    prior: Gaussian

    def __init__(self, design: Any, data: Any, sigma: float, mean: Any, covariance: Any):
        where = type(self).__name__
        self._take(design, data)
        self.sigma = number(sigma, "sigma", where, positive=True)
        d = self.design.shape[1]
        mean = sized(array(mean, "mean", where, most=1), (d,), "mean", where)
        sized(array(covariance, "covariance", where, 2, most=2), (d, d), "covariance", where)
        self.prior = Gaussian(mean, covariance)

    @cached_property
    def posterior(self) -> Gaussian:
        precision = self.prior.precision + self._gram / self.sigma**2
        factor = cholesky(precision, "posterior precision", type(self).__name__)
        shift = solve(factor, (self.data - self.design @ self.prior.mean) @ self.design / self.sigma**2)
        return Gaussian.from_precision(self.prior.mean + shift, precision)

    @cached_property
    def mean_field(self) -> Diagonal:
        """The q with independent weights that is nearest the posterior in KL(q || posterior): its mean, and the
        diagonal of its precision (Bishop, section 10.1.2)."""
        return Diagonal(self.posterior.mean, np.diag(self.posterior.precision) ** -0.5)

    @cached_property
    def log_evidence(self) -> Any:
        # sums of squares at the posterior mean: nothing cancels
        after, before = self.posterior, self.prior
        quadratic = squared(self.data - after.mean @ self.design.T) / self.sigma**2
        quadratic = quadratic + squared(before.whiten(after.mean - before.mean))
        volume = log_determinant(after.factor) - log_determinant(before.factor)
        n = len(self.design)
        return (-0.5 * (n * (LOG_2PI + 2 * np.log(self.sigma)) + quadratic - volume))[()]

    def _log_likelihood(self, theta: np.ndarray) -> Any:
        start = len(self.design) * (LOG_2PI + 2 * np.log(self.sigma))
        return -0.5 * (start + self._squares(theta) / self.sigma**2)

    def _expansion(self, at: np.ndarray) -> tuple[Any, np.ndarray, np.ndarray] | None:
        left, v = self.data - self.design @ at, self.sigma**2
        value = -0.5 * (len(left) * (LOG_2PI + np.log(v)) + left @ left / v)
        return value, left @ self.design / v, self._gram / v

    def gradient(self, theta: Any) -> np.ndarray:
        theta = np.asarray(theta, float)
        pull = (self._fit[0] - theta) @ self._gram / self.sigma**2
        return pull - solve(self.prior.factor, theta - self.prior.mean)

    def expected_log_likelihood(self, q: Any) -> Any:
        if not isinstance(q, (Gaussian, Diagonal)):
            return super().expected_log_likelihood(q)
        spread = np.einsum("ij,...ji->...", self._gram, q.covariance) / self.sigma**2
        return (self._log_likelihood(q.mean) - 0.5 * spread)[()]

    def replicate(self, theta: Any, rng: np.random.Generator) -> np.ndarray:
        mean = np.asarray(theta, float) @ self.design.T
        return mean + self.sigma * rng.standard_normal(self.data.shape)

    def given(self, data: Any) -> LinearRegression:
        return LinearRegression(self.design, data, self.sigma, self.prior.mean, self.prior.covariance)


class NoisyLinearRegression(_Regression):
    """y ~ Normal(X w, v I) with v unknown: w given v ~ Normal(mean, v precision^-1), v ~ InverseGamma(a, b).

    design X (n, d), data y (..., n), mean (d,), precision (d, d). theta is (w, v), d + 1 coordinates with v last.
    """

    prior: NormalInverseGamma

    def __init__(self, design: Any, data: Any, mean: Any, precision: Any, a: float = 1.0, b: float = 1.0):
        where = type(self).__name__
        self._take(design, data)
        d = self.design.shape[1]
        mean = sized(array(mean, "mean", where, most=1), (d,), "mean", where)
        self.precision = sized(array(precision, "precision", where, 2, most=2), (d, d), "precision", where)
        a, b = number(a, "a", where, positive=True), number(b, "b", where, positive=True)
        self.prior = NormalInverseGamma(mean, precision, a, b)

    @cached_property
    def posterior(self) -> NormalInverseGamma:
        before = self.prior
        precision = self.precision + self._gram
        factor = cholesky(precision, "posterior precision", type(self).__name__)
        shift = solve(factor, (self.data - self.design @ before.location) @ self.design)
        mean = before.location + shift
        size = squared(self.data - mean @ self.design.T)
        size = size + np.einsum("...i,...i->...", shift @ self.precision, shift)
        return NormalInverseGamma(mean, precision, before.a + 0.5 * len(self.design), before.b + 0.5 * size)

    @cached_property
    def mean_field(self) -> Product:
        """The q with weights and noise variance all independent that is nearest the posterior in KL(q || posterior).

        ``Product(Diagonal, InverseGamma)``. Its two equations are those of Bishop, section 10.1.3, for d weights. With
        posterior NormalInverseGamma(m, L, a, b), E = E_q[1/v]: weight i is Normal(m_i, 1 / (E L_ii)), and v is
        InverseGamma(a + d/2, b + d/(2 E)), so that E = (a + d/2) / (b + d/(2 E)), which E = a/b solves. Raises
        IllFormed for a batch of data sets.
        """
        if self.batch:
            raise IllFormed(f"expected one data set for the mean field of {type(self).__name__}, found {self.batch}")
        after = self.posterior
        a, b, d = float(after.a), float(after.b), after.location.size
        weights = Diagonal(after.location, (a / b * squared(after.factor)) ** -0.5)
        return Product(weights, InverseGamma(a + 0.5 * d, b + 0.5 * d * b / a))

    @cached_property
    def log_evidence(self) -> Any:
        before, after = self.prior, self.posterior
        start = before.a * np.log(before.b) - special.gammaln(before.a) - 0.5 * len(self.design) * LOG_2PI
        end = special.gammaln(after.a) - after.a * np.log(after.b)
        return (start + end + 0.5 * (log_determinant(before.factor) - log_determinant(after.factor)))[()]

    def _log_likelihood(self, theta: np.ndarray) -> Any:
        v = theta[..., -1]
        return -0.5 * (len(self.design) * (LOG_2PI + np.log(v)) + self._squares(theta[..., :-1]) / v)

    def expected_log_likelihood(self, q: Any) -> Any:
        found = moments(q)
        if found is None:
            return super().expected_log_likelihood(q)
        size = found.precision * self._squares(found.mean) + np.einsum("ij,...ji->...", self._gram, found.spread)
        return (-0.5 * (len(self.design) * (LOG_2PI + found.log_v) + size))[()]

    def replicate(self, theta: Any, rng: np.random.Generator) -> np.ndarray:
        theta = np.asarray(theta, float)
        noise = np.sqrt(theta[..., -1:]) * rng.standard_normal(self.data.shape)
        return theta[..., :-1] @ self.design.T + noise

    def given(self, data: Any) -> NoisyLinearRegression:
        before = self.prior
        return NoisyLinearRegression(
            self.design, data, before.location, self.precision, float(before.a), float(before.b)
        )


class LogisticRegression(_Regression):
    """y_i ~ Bernoulli(sigmoid(x_i . w)) independently, w ~ Normal(mean, covariance).

    Neither evidence nor posterior has a closed form. design X (n, d), data y (n,), zeros and ones. ``laplace`` is the
    Gaussian at the mode; `lattice.log_evidence` and `certify` give the evidence in low dimension.
    """

    prior: Gaussian

    def __init__(self, design: Any, data: Any, mean: Any, covariance: Any):
        where = type(self).__name__
        self._take(design, data)
        sized(self.data, (len(self.design),), "data", where)
        if self.batch:
            raise IllFormed(f"expected data of shape ({len(self.design)},) for {where}, found {self.data.shape}")
        wrong = (self.data != 0) & (self.data != 1)
        if wrong.any():
            raise IllFormed(f"expected zeros and ones for data of {where}, found {float(self.data[wrong][0])!r}")
        d = self.design.shape[1]
        mean = sized(array(mean, "mean", where, most=1), (d,), "mean", where)
        sized(array(covariance, "covariance", where, 2, most=2), (d, d), "covariance", where)
        self.prior = Gaussian(mean, covariance)
        self.signed = (2 * self.data - 1)[:, None] * self.design  # row i: x_i, or -x_i where y_i = 0

    def _log_likelihood(self, theta: np.ndarray) -> Any:
        """The sum of log sigmoid(u_i), u_i = s_i.w, as min(u, 0) + log sigmoid(|u|): one logarithm for a block of rows.

        sigmoid(|u|) is in [1/2, 1], so a product of 512 is in range. It is off by about eps a row: where the sum is
        so small that this counts, rows are taken one by one.
        """
        flat = theta.reshape(-1, theta.shape[-1])
        out = np.zeros(len(flat))
        for start in range(0, len(flat), 128):
            points = flat[start : start + 128].T
            for row in range(0, len(self.signed), 512):
                u = self.signed[row : row + 512] @ points
                out[start : start + 128] += np.minimum(u, 0.0).sum(axis=0)
                special.expit(np.abs(u, out=u), out=u)
                out[start : start + 128] += np.log(np.multiply.reduce(u, axis=0))
        close = out > -1e-3 * len(self.signed)
        if close.any():
            out[close] = special.log_expit(flat[close] @ self.signed.T).sum(axis=-1)
        return out.reshape(theta.shape[:-1])

    def gradient(self, theta: Any) -> np.ndarray:
        theta = np.asarray(theta, float)
        pull = special.expit(-(theta @ self.signed.T)) @ self.signed
        return pull - solve(self.prior.factor, theta - self.prior.mean)

    def _precision(self, w: np.ndarray) -> np.ndarray:
        u = self.design @ w
        return self.prior.precision + (self.design.T * (special.expit(u) * special.expit(-u))) @ self.design

    @cached_property
    def laplace(self) -> Gaussian:
        """The Gaussian at the posterior's mode with its curvature (Bishop, equation 4.143). Newton's method, halved
        where a step would go down: the log joint is strictly concave."""
        w = self.prior.mean.copy()
        for _ in range(200):
            step = np.linalg.solve(self._precision(w), self.gradient(w))
            size, here = 1.0, float(self.log_joint(w))
            while float(self.log_joint(w + size * step)) < here - 1e-12 * abs(here) and size > 1e-9:
                size *= 0.5
            w = w + size * step
            if float(np.max(np.abs(step))) <= 1e-12 * (1 + float(np.max(np.abs(w)))):
                break
        return Gaussian.from_precision(w, self._precision(w))

    def replicate(self, theta: Any, rng: np.random.Generator) -> np.ndarray:
        chance = special.expit(np.asarray(theta, float) @ self.design.T)
        return (rng.random(self.data.shape) < chance).astype(float)

    def given(self, data: Any) -> LogisticRegression:
        return LogisticRegression(self.design, data, self.prior.mean, self.prior.covariance)
