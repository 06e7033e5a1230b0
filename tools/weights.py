"""Trains the digits models that the book shows, and writes them to src/elboproof/data: `make weights`.

vae-digits.npz   64-128-16-128-64 on binary digits: parameters, and both terms over training on images held out
vae-plane.npz    64-64-2-64-64, smooth: parameters
vae-plane.json   the same decoder for a page: its layers, and of some held-out digits q(z | x), both terms, log p(x)
vae-beta.json    both terms on images held out of models trained at eight weights of the KL divergence

Training in float32 differs in its last bits between processors, and what it ends in differs more. The book's figures
come from these files; tests/test_weights.py trains anew and compares what both reach.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from elboproof.datasets import digits, ink
from elboproof.decoded import Decoded, elbo, gauss_hermite, plane_evidence, refine
from elboproof.vae import VAE

DATA = Path(__file__).resolve().parent.parent / "src" / "elboproof" / "data"
BETAS = (0.1, 0.25, 0.5, 1.0, 1.5, 2.5, 5.0, 10.0)
SHOWN = 3  # digits of each label that the plane shows


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="train the book's digits models")
    parser.add_argument("--to", type=Path, default=DATA, help="the folder to write to")
    folder = parser.parse_args(arguments).to
    folder.mkdir(exist_ok=True)
    seen, _, held, labels = digits()
    seen, held = ink(seen), ink(held)
    digits_model(seen, held, folder)
    write(folder / "vae-plane.json", plane(plane_model(seen, folder), held, labels))
    write(folder / "vae-beta.json", family(seen, held, labels))


def write(path: Path, found: dict[str, Any]) -> None:
    path.write_text(json.dumps(found, separators=(",", ":")) + "\n")


def watcher(held: np.ndarray, draws: int, seed: int) -> Any:
    """Both terms of the ELBO, averaged over the held-out images and some draws of noise, the same ones every time."""

    def watch(vae: VAE) -> tuple[float, float]:
        rng = np.random.default_rng(seed)
        found = [vae.terms(held, rng.standard_normal((len(held), vae.latent))) for _ in range(draws)]
        return float(np.mean([t.reconstruction for t in found])), float(np.mean([t.kl for t in found]))

    return watch


def trained(seen: np.ndarray, seed: int = 16, epochs: int = 200, **more: Any) -> tuple[VAE, list[Any]]:
    """The 16-dimensional model."""
    vae = VAE(np.random.default_rng(seed))
    return vae, vae.fit(seen, np.random.default_rng(seed + 1), epochs=epochs, **more)


def digits_model(seen: np.ndarray, held: np.ndarray, folder: Path) -> None:
    vae, history = trained(seen, watch=watcher(held, 10, 0))
    vae.save(folder / "vae-digits.npz", history=np.round(history, 3).astype(np.float32))


def plane_model(seen: np.ndarray, folder: Path) -> VAE:
    """Trained and rounded: what is returned is what was written."""
    vae = VAE(np.random.default_rng(2), hidden=64, latent=2, kind="tanh")
    vae.fit(seen, np.random.default_rng(3), epochs=400, rate=3e-3)
    vae.save(folder / "vae-plane.npz")
    return VAE.load(folder / "vae-plane.npz")


def plane(vae: VAE, held: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """What a page needs to decode, and to show the terms of some digits. Numbers in nats, to 4 decimals."""
    which = np.concatenate([np.flatnonzero(labels == label)[:SHOWN] for label in range(10)])
    images = held[which]
    model, q, rule = Decoded(images, vae), vae.q(images), gauss_hermite(2, 20)
    evidence, bound, charge = plane_evidence(model).value, elbo(model, q, rule), q.kl(model.prior)
    best = refine(model, q, lambda: gauss_hermite(2, 8))
    layers = [{"weight": short(layer.weight), "bias": short(layer.bias)} for layer in vae.layers[2:]]
    rows = zip(
        labels[which], images, q.mean, q.sd, bound + charge, charge, evidence, elbo(model, best, rule), strict=True
    )
    shown = [
        {
            "label": int(label),
            "pixels": "".join("01"[int(bit)] for bit in image),
            "mean": rounded(mean),
            "sd": rounded(sd),
            "reconstruction": rounded(gain),
            "kl": rounded(cost),
            "log_evidence": rounded(total),
            "best_elbo": rounded(most),
        }
        for label, image, mean, sd, gain, cost, total, most in rows
    ]
    return {"activation": vae.kind, "layers": layers, "digits": shown}


def family(seen: np.ndarray, held: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """A model for each weight of the KL divergence: both terms on images held out, with standard errors over images."""
    which = np.array([np.flatnonzero(labels == label)[0] for label in range(10)])
    rows = []
    for beta in BETAS:
        vae, _ = trained(seen, beta=beta)
        rng = np.random.default_rng(7)
        found = [vae.terms(held, rng.standard_normal((len(held), vae.latent))) for _ in range(100)]
        gain, cost = (np.mean([getattr(terms, name) for terms in found], axis=0) for name in ("reconstruction", "kl"))
        images = np.round(100 * vae.decode(vae.encode(held[which])[0])).astype(int)
        rows.append(
            {
                "beta": beta,
                "reconstruction": rounded(gain.mean()),
                "reconstruction_error": rounded(gain.std(ddof=1) / np.sqrt(len(held))),
                "kl": rounded(cost.mean()),
                "kl_error": rounded(cost.std(ddof=1) / np.sqrt(len(held))),
                "elbo": rounded((gain - cost).mean()),
                "elbo_error": rounded((gain - cost).std(ddof=1) / np.sqrt(len(held))),
                "digits": [
                    {"reconstruction": rounded(gain[i]), "kl": rounded(cost[i]), "ink": image.tolist()}
                    for i, image in zip(which, images, strict=True)
                ],
            }
        )
    shown = [{"label": int(labels[i]), "pixels": "".join("01"[int(bit)] for bit in held[i])} for i in which]
    return {"images": len(held), "shown": shown, "family": rows}


def rounded(x: Any, decimals: int = 4) -> Any:
    return np.round(np.asarray(x, float), decimals).tolist()


def short(x: np.ndarray) -> Any:
    """The shortest decimals that name numbers in half precision, as they were saved: right to 3 or 4 digits."""
    return [short(row) for row in x] if x.ndim > 1 else [float(str(np.float16(v))) for v in x]


if __name__ == "__main__":
    main()
