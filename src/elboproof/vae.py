"""A variational autoencoder of binary images: encoder, decoder, the ELBO's two terms, their gradient, and training.

    x  (n, pixels)  -> hidden -> mean and log-variance of q(z | x), a diagonal Gaussian in `latent` dimensions
    z  (n, latent)  -> hidden -> logits of independent Bernoulli pixels, p(x | z);  z ~ Normal(0, I)

With noise ~ Normal(0, I) and z = mean + sd noise, one draw an image gives an unbiased estimate of

    ELBO = E_q[log p(x | z)] - KL(q(z | x) || p(z))        (source, equation 20)

with the KL divergence in closed form: Kingma and Welling, Auto-Encoding Variational Bayes (2014), equation 10. All in
nats. Pixels lie in [0, 1]; where they are fractions, x log p + (1 - x) log(1 - p) is the mean over binary images whose
pixels are ones with these probabilities, and the ELBO is the mean of theirs under a q that sees the fractions.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .distributions import count, generator, number
from .errors import IllFormed
from .gaussians import Diagonal
from .network import Adam, Layer, activation, affine, by_input, by_parameters, initialise, layers, sigmoid, size
from .progress import progress


class Terms(NamedTuple):
    """The two terms of equation 20, one of each an image, in nats."""

    reconstruction: Any
    kl: Any

    @property
    def elbo(self) -> Any:
        return self.reconstruction - self.kl


class Room:
    """Arrays that one step of training needs, for batches of n: allocated once, few enough for the cache."""

    def __init__(self, n: int, pixels: int, hidden: int, latent: int, dtype: Any):
        def empty(width: int) -> np.ndarray:
            return np.empty((n, width), dtype)

        self.h, self.g, self.d = (empty(hidden) for _ in range(3))
        self.sd, self.z, self.spread, self.d_z = (empty(latent) for _ in range(4))
        self.code, self.d_code = empty(2 * latent), empty(2 * latent)
        self.logits = empty(pixels)
        self.zeros, self.ones = np.zeros(hidden, dtype), np.ones(n, dtype)


class VAE:
    """``VAE(rng)``: 64-128-16-128-64. ``vector`` holds every parameter; the four layers are views of it."""

    def __init__(
        self,
        rng: np.random.Generator,
        pixels: int = 64,
        hidden: int = 128,
        latent: int = 16,
        kind: str = "relu",
        dtype: Any = np.float32,
    ):
        self.pixels, self.hidden, self.latent = (
            count(pixels, "pixels"),
            count(hidden, "hidden"),
            count(latent, "latent"),
        )
        self.kind, self.act = kind, activation(kind)
        self.vector = np.zeros(size(self.shapes), dtype)
        self.layers = layers(self.vector, self.shapes)
        initialise(self.layers, generator(rng))
        self._rooms: dict[int, Room] = {}

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """(inputs, outputs) of the encoder's two layers and the decoder's two."""
        pixels, hidden, latent = self.pixels, self.hidden, self.latent
        return [(pixels, hidden), (hidden, 2 * latent), (latent, hidden), (hidden, pixels)]

    # -- the two laws --------------------------------------------------------------------------------------------------

    def encode(self, x: Any) -> tuple[np.ndarray, np.ndarray]:
        """Mean and log-variance of q(z | x), each (n, latent)."""
        x = self._images(x)
        h = self._hidden(x, self.layers[0])
        code = affine(h, self.layers[1])
        return code[:, : self.latent], code[:, self.latent :]

    def q(self, x: Any) -> Diagonal:
        """q(z | x) as a law in float64: a batch of n for images (n, pixels), a single law for one (pixels,)."""
        x = np.asarray(x)
        mean, log_variance = (np.asarray(part, float) for part in self.encode(np.atleast_2d(x)))
        sd = np.exp(0.5 * log_variance)
        return Diagonal(mean, sd) if x.ndim != 1 else Diagonal(mean[0], sd[0])

    def logits(self, z: np.ndarray) -> np.ndarray:
        """log p/(1 - p) of each pixel given z: (..., latent) to (..., pixels)."""
        flat = np.ascontiguousarray(z, self.vector.dtype).reshape(-1, self.latent)
        return affine(self._hidden(flat, self.layers[2]), self.layers[3]).reshape(*np.shape(z)[:-1], self.pixels)

    def decode(self, z: Any) -> np.ndarray:
        """The probability of ink in each pixel given z: (..., latent) to (..., pixels)."""
        return sigmoid(self.logits(np.asarray(z)))

    def _hidden(self, x: np.ndarray, layer: Layer) -> np.ndarray:
        a = affine(x, layer)
        return self.act.apply(a, np.zeros(self.hidden, a.dtype))

    def _images(self, x: Any) -> np.ndarray:
        made = np.ascontiguousarray(x, self.vector.dtype)
        if made.ndim != 2 or made.shape[1] != self.pixels or not len(made):
            raise IllFormed(f"expected images of shape (n, {self.pixels}) for VAE, found {made.shape}")
        if not ((made >= 0) & (made <= 1)).all():
            raise IllFormed("expected pixels in [0, 1] for VAE, found others: divide by the largest, or binarise")
        return made

    # -- the objective and its gradient --------------------------------------------------------------------------------

    def terms(self, x: Any, noise: np.ndarray) -> Terms:
        """Both terms of equation 20 for each image, the first from one draw: noise (n, latent). Shapes (n,)."""
        x = self._images(x)
        mean, log_variance = self.encode(x)
        a = self.logits(mean + np.exp(0.5 * log_variance) * noise)
        reconstruction = np.sum(x * a - np.logaddexp(0, a), axis=1)
        kl = 0.5 * np.sum(np.exp(log_variance) + mean**2 - 1 - log_variance, axis=1)
        return Terms(reconstruction, kl)

    def gradient(self, x: np.ndarray, noise: np.ndarray, beta: float = 1.0) -> np.ndarray:
        """The derivative of the images' summed reconstruction - beta KL by every parameter, shape of ``vector``.

        x (n, pixels) and noise (n, latent) in the VAE's dtype. What is returned is overwritten by the next call.
        """
        room, k, act = self._room(len(x)), self.latent, self.act
        into_h, into_code, into_g, into_logits = self.layers
        by_h, by_code, by_g, by_logits = self._slopes

        h = act.apply(affine(x, into_h, room.h), room.zeros)
        code = affine(h, into_code, room.code)
        mean, log_variance = code[:, :k], code[:, k:]
        sd = np.exp(np.multiply(log_variance, 0.5, out=room.sd), out=room.sd)
        spread = np.multiply(sd, noise, out=room.spread)
        z = np.add(mean, spread, out=room.z)
        g = act.apply(affine(z, into_g, room.g), room.zeros)
        logits = affine(g, into_logits, room.logits)

        d_logits = bernoulli_slope(x, logits, logits)
        by_parameters(g, d_logits, by_logits, room.ones)
        d_g = act.pull(g, by_input(d_logits, into_logits, room.d))
        by_parameters(z, d_g, by_g, room.ones)
        d_z = by_input(d_g, into_g, room.d_z)
        d_mean, d_log_variance = room.d_code[:, :k], room.d_code[:, k:]
        np.subtract(d_z, beta * mean, out=d_mean)
        np.multiply(d_z, spread, out=d_log_variance)
        d_log_variance -= beta * (sd * sd - 1)
        d_log_variance *= 0.5
        by_parameters(h, room.d_code, by_code, room.ones)
        d_h = act.pull(h, by_input(room.d_code, into_code, room.d))
        by_parameters(x, d_h, by_h, room.ones)
        return self._slope

    @cached_property
    def _slope(self) -> np.ndarray:
        return np.zeros_like(self.vector)

    @cached_property
    def _slopes(self) -> list[Layer]:
        return layers(self._slope, self.shapes)

    def _room(self, n: int) -> Room:
        if n not in self._rooms:
            self._rooms[n] = Room(n, self.pixels, self.hidden, self.latent, self.vector.dtype)
        return self._rooms[n]

    # -- training ------------------------------------------------------------------------------------------------------

    def fit(
        self,
        x: Any,
        rng: np.random.Generator,
        epochs: int = 50,
        batch: int = 128,
        rate: float = 1e-3,
        beta: float = 1.0,
        watch: Callable[[VAE], Any] | None = None,
    ) -> list[Any]:
        """Climbs the ELBO by Adam on shuffled batches; an epoch leaves out what does not fill a batch.

        Returns what `watch` gave of this VAE after each epoch. Raises IllFormed for fewer images than a batch.
        """
        x, beta = self._images(x), number(beta, "beta", "VAE")
        epochs, batch = count(epochs, "epochs"), count(batch, "batch")
        steps = len(x) // batch
        if not steps:
            raise IllFormed(f"expected at least a batch of {batch} images for fit, found {len(x)}")
        adam, seen = Adam(self.vector, rate), []
        noise = np.empty((steps, batch, self.latent), self.vector.dtype)
        for _ in progress(range(epochs), "training"):
            shuffled = x[generator(rng).permutation(len(x))]
            rng.standard_normal(out=noise, dtype=noise.dtype)
            for i in range(steps):
                adam.step(self.gradient(shuffled[i * batch : (i + 1) * batch], noise[i], beta))
            if watch is not None:
                seen.append(watch(self))
        return seen

    # -- keeping -------------------------------------------------------------------------------------------------------

    def save(self, path: str | Path, dtype: Any = np.float16, **more: np.ndarray) -> None:
        """Writes sizes, activation and parameters (rounded to `dtype`) as an npz, and what else is given by name."""
        arrays: dict[str, Any] = dict(more)
        arrays |= {"sizes": np.array([self.pixels, self.hidden, self.latent]), "kind": np.array(self.kind)}
        np.savez(path, vector=self.vector.astype(dtype), **arrays)

    @classmethod
    def load(cls, path: str | Path, dtype: Any = float) -> VAE:
        """The VAE that `save` wrote. Raises IllFormed where the file holds something else."""
        with np.load(path) as found:
            if not {"sizes", "kind", "vector"} <= set(found):
                raise IllFormed(f"expected a VAE's sizes, kind and vector in {path}, found {sorted(found)}")
            pixels, hidden, latent = (int(n) for n in found["sizes"])
            made = cls(np.random.default_rng(0), pixels, hidden, latent, str(found["kind"]), dtype)
            if found["vector"].shape != made.vector.shape:
                raise IllFormed(f"expected {made.vector.size} parameters in {path}, found {found['vector'].shape}")
            made.vector[...] = found["vector"]
        return made


def bernoulli_slope(x: np.ndarray, logits: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """The derivative of log Bernoulli(x; sigmoid(logits)) by the logits: x - sigmoid(logits).

    As x - 1 + 1/(1 + exp(logits)): an exponential that overflows gives the right 0.
    """
    with np.errstate(over="ignore"):
        out = np.exp(logits, out=out)
    out += 1
    np.reciprocal(out, out=out)
    out -= 1
    out += x
    return out
