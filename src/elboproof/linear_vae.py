"""A linear variational autoencoder: probabilistic PCA whose q is made by a linear encoder. All in closed form.

The model is x = loadings z + mean + Normal(0, variance I), z ~ Normal(0, I); q(z | x) = Normal(encoder (x - mean),
diag(sd^2)), the same sd for every x. Since the posterior's mean is linear in x and its covariance the same for every x,
the only thing this q can lack is a covariance that is not diagonal. Sources: Lucas, Tucker, Grosse and Norouzi, Don't
Blame the ELBO! A Linear VAE Perspective on Posterior Collapse (2019); Tipping and Bishop, Probabilistic Principal
Component Analysis (1999); Cremer, Li and Duvenaud, Inference Suboptimality in Variational Autoencoders (2018), for the
two parts of the gap.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from .distributions import count, generator, number
from .errors import IllFormed
from .gaussians import Diagonal, Gaussian
from .latent import ProbabilisticPCA, principal_axes
from .vectors import array, sized


def closest_diagonal(law: Gaussian) -> Diagonal:
    """The diagonal Gaussian q with the smallest KL(q || law): its mean, and the inverse of its precision's diagonal.

    Bishop (2006), equation 10.12 and exercise 10.2.
    """
    if not isinstance(law, Gaussian):
        raise IllFormed(f"expected a Gaussian for closest_diagonal, found {type(law).__name__}")
    return Diagonal(law.mean, np.diagonal(law.precision, axis1=-2, axis2=-1) ** -0.5)


def at_variance(data: Any, k: int, variance: float) -> ProbabilisticPCA:
    """The most likely probabilistic PCA whose noise variance is given. data (n, d), k < d.

    Column i of the loadings is the i-th principal axis times sqrt(max(0, eigenvalue_i - variance)): a coordinate whose
    eigenvalue is below the noise is not used at all (Tipping and Bishop 1999, section 3.2 and appendix A).
    """
    made = array(data, "data", "at_variance", 2, most=2)
    k, d = count(k, "k"), made.shape[1]
    if k >= d:
        raise IllFormed(f"expected k below the {d} columns of data for at_variance, found {k}")
    variance = number(variance, "variance", "at_variance", positive=True)
    values, axes = principal_axes(made)
    size = np.sqrt(np.maximum(values[:k] - variance, 0.0))
    return ProbabilisticPCA(made, axes[:, :k] * size, made.mean(axis=0), variance)


class LinearVAE:
    """A probabilistic PCA `model` of data (n, d) with a linear encoder (k, d) and standard deviations sd (k,).

    Values are per row, shape (n,), in nats. Raises IllFormed for shapes that do not fit, or an sd that is not positive.
    """

    def __init__(self, model: ProbabilisticPCA, encoder: Any, sd: Any):
        if not isinstance(model, ProbabilisticPCA) or len(model.batch) != 1:
            raise IllFormed(f"expected a ProbabilisticPCA of data (n, d) for LinearVAE, found {model!r}")
        self.model = model
        d, k = model.loadings.shape
        self.encoder = sized(array(encoder, "encoder", "LinearVAE", 2, most=2), (k, d), "encoder", "LinearVAE")
        self.sd = sized(array(sd, "sd", "LinearVAE", 1, True, most=1), (k,), "sd", "LinearVAE")

    @classmethod
    def best(cls, model: ProbabilisticPCA) -> LinearVAE:
        """The encoder and sd with the largest ELBO for this model: what every row would choose for itself."""
        inner = model.loadings.T @ model.loadings + model.variance * np.eye(model.loadings.shape[1])
        return cls(model, np.linalg.solve(inner, model.loadings.T), np.sqrt(model.variance / np.diagonal(inner)))

    @classmethod
    def start(cls, data: Any, k: int, rng: np.random.Generator) -> LinearVAE:
        """Random loadings of the data's own size, unit encoder noise: where a training run begins. data (n, d)."""
        made = array(data, "data", "LinearVAE", 2, most=2)
        k, d = count(k, "k"), made.shape[1]
        spread = number(np.mean(np.var(made, axis=0)), "the variance of data", "LinearVAE", positive=True)
        loadings = np.sqrt(spread / k) * generator(rng).standard_normal((d, k))
        return cls.best(ProbabilisticPCA(made, loadings, made.mean(axis=0), spread))

    @cached_property
    def q(self) -> Diagonal:
        """q(z | x) of every row: a batch of n."""
        return Diagonal((self.model.data - self.model.mean) @ self.encoder.T, self.sd)

    @cached_property
    def reconstruction(self) -> np.ndarray:
        """E_q[log p(x | z)] of each row, the first term of the source's equation 20."""
        return self.model.expected_log_likelihood(self.q)

    @cached_property
    def regularisation(self) -> np.ndarray:
        """KL(q(z | x) || p(z)) of each row, the second."""
        return self.q.kl(self.model.prior)

    @property
    def elbo(self) -> np.ndarray:
        return self.reconstruction - self.regularisation

    @property
    def approximation_gap(self) -> float:
        """log p(x) less the ELBO of the best diagonal q, the same for every row: what the family cannot do."""
        return float(closest_diagonal(self._first).kl(self._first))

    @property
    def amortisation_gap(self) -> np.ndarray:
        """The ELBO of each row's best diagonal q less that of the encoder's: what the encoder does not do."""
        return LinearVAE.best(self.model).elbo - self.elbo

    @property
    def _first(self) -> Gaussian:
        return self.model.given(self.model.data[0]).posterior

    def ascend(self, variance: float | None = None) -> LinearVAE:
        """One round of coordinate ascent on the total ELBO: loadings (and noise, unless it is given), then encoder, sd.

        Each half is a maximum in closed form with the other half fixed, so that the ELBO never falls.
        """
        rest = self.model.data - self.model.mean
        n, d = rest.shape
        code = self.q.mean
        second = code.T @ code + n * np.diag(self.sd**2)
        loadings = np.linalg.solve(second, code.T @ rest).T
        if variance is None:
            spread = np.sum(loadings**2 @ self.sd**2)
            variance = float(np.mean((rest - code @ loadings.T) ** 2) + spread / d)
        return LinearVAE.best(ProbabilisticPCA(self.model.data, loadings, self.model.mean, variance))
