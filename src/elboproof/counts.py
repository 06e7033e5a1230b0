"""Counts with a known exposure: Poisson, negative binomial and zero-inflated likelihoods, and latents for them.

The exposure is how much was looked at: in single-cell RNA sequencing the library size of a cell, up to a constant. All
logarithms are of probabilities of counts, factorials included, so that they can be compared across likelihoods. The
negative binomial is given by its mean m and its inverse dispersion r: variance m + m^2 / r. R calls r ``size``, scVI
``theta``; DESeq2 uses the dispersion 1/r; SciPy's nbinom takes n = r and p = r / (r + m).

Sources: Sarkar and Stephens, Separating measurement and expression models clarifies confusion in single-cell RNA
sequencing analysis (2021); Aitchison and Ho, The multivariate Poisson-log normal distribution (1989).
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from scipy import optimize, special

from .errors import IllFormed
from .gaussians import Diagonal, Gaussian
from .products import Categorical, by_label
from .rates import counts
from .vectors import VectorModel, array, sized

# Stirling's series for log Gamma: coefficients of 1/t, 1/t^3, ...; at t >= 10 the next term is below 1e-15.
_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360)
_LARGE = 10.0


def log_poisson(x: Any, mean: Any) -> Any:
    """log Poisson(x; mean), in nats: x counts, mean >= 0, shapes that broadcast; -inf where a mean of 0 forbids it."""
    x, mean = counts(x, "x", "log_poisson"), _means(mean, "log_poisson")
    return _poisson(x, mean)


def log_negative_binomial(x: Any, mean: Any, inverse_dispersion: Any) -> Any:
    """log of the negative binomial probability of counts x, in nats; variance mean + mean^2 / inverse_dispersion.

    It is the Poisson law whose rate is Gamma(inverse_dispersion, inverse_dispersion / mean), the rate integrated out.
    Good to a few eps times x also where the inverse dispersion is huge; where it is infinite, this is the Poisson law.
    """
    where = "log_negative_binomial"
    x, mean = counts(x, "x", where), _means(mean, where)
    size = np.asarray(inverse_dispersion, float)
    if np.isnan(size).any() or np.any(size <= 0):
        wrong = float(np.ravel(size)[np.argmin(np.ravel(size > 0))])
        raise IllFormed(f"expected positive numbers for inverse_dispersion of {where}, found {wrong!r}")
    return _negative_binomial(x, mean, size)


def log_zero_inflated(x: Any, log_mass: Any, share: Any) -> Any:
    """log of share [x = 0] + (1 - share) exp(log_mass): log_mass is another law's log probability of these counts x."""
    x, share = counts(x, "x", "log_zero_inflated"), np.asarray(share, float)
    if not np.all((share >= 0) & (share <= 1)):
        raise IllFormed(f"expected shares from 0 to 1 for log_zero_inflated, found {share.tolist()}")
    with np.errstate(divide="ignore"):
        kept = np.log1p(-share) + np.asarray(log_mass, float)
        return np.where(x == 0, np.logaddexp(np.log(share), kept), kept)[()]


def _means(value: Any, where: str) -> np.ndarray:
    made = array(value, "mean", where, 0)
    if np.any(made < 0):
        raise IllFormed(f"expected means of at least 0 for {where}, found {float(made.min())!r}")
    return made


def _poisson(x: np.ndarray, mean: np.ndarray) -> Any:
    return special.xlogy(x, mean) - mean - special.gammaln(x + 1)


def _negative_binomial(x: np.ndarray, mean: np.ndarray, size: np.ndarray) -> Any:
    """x log m - (x + r) log(1 + m/r) + [log Gamma(x + r) - log Gamma(r) - x log r] - log x!"""
    with np.errstate(all="ignore"):
        ratio = mean / size
        spread = np.where(np.isfinite(ratio), np.log1p(ratio), np.log(mean) - np.log(size))
        gone = np.where(np.isinf(size), mean, (x + size) * spread)
        return (special.xlogy(x, mean) - gone + _log_rising(size, x) - special.gammaln(x + 1))[()]


def _log_rising(r: Any, x: Any) -> Any:
    """log Gamma(r + x) - log Gamma(r) - x log r, by differences of Stirling's series where r is large."""
    safe = np.where(r < _LARGE, r, 1.0)
    direct = special.gammaln(safe + x) - special.gammaln(safe) - x * np.log(safe)
    large = np.where((r >= _LARGE) & np.isfinite(r), r, _LARGE)
    rest = sum(c * ((large + x) ** -p - large**-p) for p, c in zip(range(1, 13, 2), _STIRLING, strict=True))
    series = (large + x - 0.5) * np.log1p(x / large) - x + rest
    return np.where(r < _LARGE, direct, np.where(np.isinf(r), 0.0, series))


def _exposures(value: Any, shape: tuple[int, ...], where: str) -> np.ndarray:
    made = array(value, "exposure", where, 0, positive=True)
    if made.shape not in ((), shape):
        raise IllFormed(f"expected a number or shape {shape} for exposure of {where}, found {made.shape}")
    return np.broadcast_to(made, shape)


class CellTypes(VectorModel):
    """Each cell is of one of K types: counts x_g ~ Poisson(exposure rates[z, g]), or negative binomial, z ~ weights.

    data (..., G), one label per cell; exposure a number or (...); weights (K,); rates (K, G), positive;
    inverse_dispersion None for Poisson, else a number or (G,). theta is z. The evidence is a sum over types.
    """

    prior: Categorical

    def __init__(self, data: Any, weights: Any, rates: Any, exposure: Any = 1.0, inverse_dispersion: Any = None):
        where = type(self).__name__
        self.data = counts(data, "data", where, 1)
        self.batch = self.data.shape[:-1]
        self.prior = Categorical.from_probabilities(array(weights, "weights", where, most=1))
        shape = self.prior.log_probabilities.size, self.data.shape[-1]
        self.rates = sized(array(rates, "rates", where, 2, True, most=2), shape, "rates", where)
        self._given = exposure
        self.exposure = _exposures(exposure, self.batch, where)
        size = np.inf if inverse_dispersion is None else inverse_dispersion
        self.inverse_dispersion = np.broadcast_to(np.asarray(size, float), shape[1:])
        if inverse_dispersion is not None:
            array(inverse_dispersion, "inverse_dispersion", where, 0, True, most=1)

    @cached_property
    def _each(self) -> np.ndarray:
        """log p(x | z) for every type, shape batch + (K,)."""
        mean = self.exposure[..., None, None] * self.rates
        return np.sum(_negative_binomial(self.data[..., None, :], mean, self.inverse_dispersion), axis=-1)

    @cached_property
    def log_evidence(self) -> Any:
        """log p(x) of each cell, shape batch."""
        return special.logsumexp(self._each + self.prior.log_probabilities, axis=-1)

    @cached_property
    def posterior(self) -> Categorical:
        return Categorical(self._each + self.prior.log_probabilities - np.asarray(self.log_evidence)[..., None])

    def _log_likelihood(self, theta: np.ndarray) -> Any:
        return by_label(self._each, theta)

    def expected_log_likelihood(self, q: Any) -> Any:
        if not isinstance(q, Categorical):
            return super().expected_log_likelihood(q)
        return q.expectation(self._each)

    def replicate(self, theta: Any, rng: np.random.Generator) -> np.ndarray:
        mean = self.exposure[..., None] * self.rates[np.asarray(theta, int)]
        size = np.where(np.isinf(self.inverse_dispersion), 1.0, self.inverse_dispersion)
        mixed = rng.standard_gamma(np.broadcast_to(size, mean.shape)) / size
        return rng.poisson(mean * np.where(np.isinf(self.inverse_dispersion), 1.0, mixed)).astype(float)

    def given(self, data: Any) -> CellTypes:
        size = None if np.isinf(self.inverse_dispersion).all() else self.inverse_dispersion
        return CellTypes(data, self.prior.probabilities, self.rates, self._given, size)


class PoissonLogNormal(VectorModel):
    """x_g ~ Poisson(exposure exp(intercepts_g + (loadings z)_g)), z ~ Normal(0, I_k): a Poisson autoencoder's decoder.

    data (..., G), one z per cell; loadings (G, k); intercepts (G,); exposure a number or (...). The ELBO of a Gaussian
    q is in closed form, since the mean of exp is; the evidence is not: `lattice.log_evidence` gives it for k up to 3.
    """

    prior: Diagonal

    def __init__(self, data: Any, loadings: Any, intercepts: Any, exposure: Any = 1.0):
        where = type(self).__name__
        self.data = counts(data, "data", where, 1)
        self.batch, genes = self.data.shape[:-1], self.data.shape[-1:]
        self.loadings = array(loadings, "loadings", where, 2, most=2)
        sized(self.loadings[:, 0], genes, "the rows of loadings", where)
        self.intercepts = sized(array(intercepts, "intercepts", where, 1, most=1), genes, "intercepts", where)
        self._given = exposure
        self.exposure = _exposures(exposure, self.batch, where)
        self.prior = Diagonal(np.zeros(self.loadings.shape[1]), 1.0)

    def _log_means(self, z: np.ndarray) -> np.ndarray:
        return np.log(self.exposure)[..., None] + self.intercepts + z @ self.loadings.T

    def _log_likelihood(self, theta: np.ndarray) -> Any:
        logs = self._log_means(theta)
        return np.sum(self.data * logs - np.exp(logs) - special.gammaln(self.data + 1), axis=-1)

    def gradient(self, theta: Any) -> np.ndarray:
        theta = np.asarray(theta, float)
        return (self.data - np.exp(self._log_means(theta))) @ self.loadings - theta

    def _expected_means(self, q: Any) -> np.ndarray:
        """E_q of the Poisson means: those at q's mean, times exp(w S w / 2)."""
        variance = np.einsum("gi,...ij,gj->...g", self.loadings, q.covariance, self.loadings)
        return np.exp(self._log_means(q.mean) + 0.5 * variance)

    def expected_log_likelihood(self, q: Any) -> Any:
        if not isinstance(q, (Gaussian, Diagonal)):
            return super().expected_log_likelihood(q)
        linear = self.data * self._log_means(q.mean) - special.gammaln(self.data + 1)
        return np.sum(linear - self._expected_means(q), axis=-1)[()]

    def best(self, diagonal: bool = False, rtol: float = 1e-12) -> Gaussian:
        """The Gaussian with the largest ELBO for each cell (among the diagonal ones, if asked): a batch of Gaussians.

        The ELBO is concave in the mean and the factor; at its maximum the precision is I + sum_g m_g w_g w_g^T, m_g the
        expected Poisson means. Steps that would lower it are halved. Raises IllFormed where 200 steps do not suffice.
        """
        eye = np.eye(self.loadings.shape[1])
        mean, covariance = np.zeros((*self.batch, len(eye))), np.broadcast_to(eye, (*self.batch, *eye.shape))
        value = self.elbo(Gaussian(mean, covariance))
        for _ in range(200):
            means = self._expected_means(Gaussian(mean, covariance))
            precision = eye + np.einsum("...g,gi,gj->...ij", means, self.loadings, self.loadings)
            shift = np.linalg.solve(precision, ((self.data - means) @ self.loadings - mean)[..., None])[..., 0]
            target = np.linalg.inv(eye * precision if diagonal else precision)
            step = np.ones(self.batch)
            for _ in range(60):
                new = mean + step[..., None] * shift
                spread = covariance + step[..., None, None] * (target - covariance)
                with np.errstate(over="ignore"):
                    found = self.elbo(Gaussian(new, 0.5 * (spread + np.swapaxes(spread, -1, -2))))
                worse = ~(found >= value - rtol * np.abs(value))
                if not worse.any():
                    break
                step = np.where(worse, 0.5 * step, step)
            change = np.max(np.abs(spread - covariance)) + np.max(np.abs(new - mean))
            mean, covariance, value = new, spread, found
            if change <= 1e-9:
                return Gaussian(mean, 0.5 * (covariance + np.swapaxes(covariance, -1, -2)))
        raise IllFormed(
            f"expected an ELBO that 200 steps maximise for {type(self).__name__}, found a last step {change:.1g}"
        )

    def replicate(self, theta: Any, rng: np.random.Generator) -> np.ndarray:
        return rng.poisson(np.exp(self._log_means(np.asarray(theta, float)))).astype(float)

    def given(self, data: Any) -> PoissonLogNormal:
        return PoissonLogNormal(data, self.loadings, self.intercepts, self._given)


class Gene(VectorModel):
    """One gene in n cells: theta is the log of its unknown rate, and of its inverse dispersion unless ``poisson``.

    x_i ~ NegativeBinomial(exposure_i exp(theta_0), exp(theta_1)), theta ~ Normal(mean, diag(sd^2)). With ``inflated`` a
    share of the cells, uniform on (0, 1) and integrated out exactly, shows zero whatever its rate: for one exposure.
    data (n,); exposure a number or (n,); mean and sd (2,), or (1,) with ``poisson``.
    """

    prior: Diagonal
    batch = ()

    def __init__(
        self, data: Any, mean: Any, sd: Any, exposure: Any = 1.0, poisson: bool = False, inflated: bool = False
    ):
        where = type(self).__name__
        self.data = counts(data, "data", where, 1, most=1)
        self.exposure = _exposures(exposure, self.data.shape, where)
        self.poisson, self.inflated = poisson, inflated
        if inflated and np.ptp(self.exposure) > 0:
            raise IllFormed(f"expected one exposure for all cells of an inflated {where}, found several")
        shape = (1 if poisson else 2,)
        self.prior = Diagonal(
            sized(array(mean, "mean", where, most=1), shape, "mean", where),
            sized(array(sd, "sd", where, 1, True, most=1), shape, "sd", where),
        )
        # cells alike in count and exposure are one term
        pairs, self._times = np.unique(np.stack([self.data, self.exposure]), axis=1, return_counts=True)
        self._counts, self._seen = pairs

    def _log_likelihood(self, theta: np.ndarray) -> Any:
        mean = self._seen * np.exp(theta[..., :1])
        size = np.array(np.inf) if self.poisson else np.exp(theta[..., 1:])
        each = _negative_binomial(self._counts, mean, size)
        if not self.inflated:
            return each @ self._times
        at_zero = _negative_binomial(np.zeros(1), mean[..., :1], size)[..., 0]
        return each @ np.where(self._counts > 0, self._times, 0) + self._log_mean_share(at_zero)

    def _log_mean_share(self, log_zero: np.ndarray) -> np.ndarray:
        """log of the integral over s in (0, 1) of (s + (1 - s) p0)^zeros (1 - s)^others: a sum of positive terms."""
        zeros = int(np.sum(self.data == 0))
        others = self.data.size - zeros
        j = np.arange(zeros + 1)
        choose = special.gammaln(zeros + 1) - special.gammaln(j + 1) - special.gammaln(zeros - j + 1)
        logs = choose + special.betaln(j + 1, others + zeros - j + 1)
        return special.logsumexp(logs + (zeros - j) * log_zero[..., None], axis=-1)

    @cached_property
    def laplace(self) -> Gaussian:
        """Laplace's approximation: a Gaussian at the mode of the posterior, the curvature there as its precision."""
        mode = optimize.minimize(lambda t: -float(self.log_joint(t)), self.prior.mean, method="BFGS").x
        h, eye = 1e-3, np.eye(mode.size)  # second differences: good to h^2 and eps/h^2, relative 1e-6
        steps = h * np.array([1.0, -1.0])[:, None, None] * eye
        values = self.log_joint(mode + steps[:, :, None, None] + steps)
        curvature = -np.einsum("aibj,ab->ij", values, [[1.0, -1.0], [-1.0, 1.0]]) / (4 * h * h)
        return Gaussian.from_precision(mode, 0.5 * (curvature + curvature.T))

    def replicate(self, theta: Any, rng: np.random.Generator) -> np.ndarray:
        theta = np.asarray(theta, float)
        mean = self.exposure * np.exp(theta[..., :1])
        if not self.poisson:
            size = np.exp(theta[..., 1:])
            mean = mean * rng.standard_gamma(np.broadcast_to(size, mean.shape)) / size
        drawn = rng.poisson(mean).astype(float)
        return np.where(rng.random(mean.shape) < rng.random(), 0.0, drawn) if self.inflated else drawn

    def given(self, data: Any) -> Gene:
        return Gene(data, self.prior.mean, self.prior.sd, self.exposure, self.poisson, self.inflated)
