"""Training the VAE: 64-128-16-128-64 on 1797 digits, batch 128, 50 epochs, float32, one thread; torch and JAX beside.

    .venv-peers/bin/python benchmarks/vae.py [--rounds 7] [--json]

Everyone gets the same images (grey, as fractions of ink), sizes, batches, rate and Adam, uniform weights to start from,
and the KL divergence in closed form. JAX runs a whole epoch, shuffling included, as one compiled scan; compiling is not
counted. torch runs module by module, as its users write it. Rounds are interleaved, and medians compared: of processor
time, which with one thread is the time it takes where nothing else runs. The ELBO reached is evaluated by the same code
on the same noise for all three. Without torch or JAX their rows are left out.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from statistics import median
from typing import Any

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):  # before NumPy is loaded
    os.environ[name] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import numpy as np  # noqa: E402
from sklearn.datasets import load_digits  # noqa: E402

from elboproof.vae import VAE  # noqa: E402

GREY = (load_digits().data / 16).astype(np.float32)
EPOCHS, BATCH, RATE = 50, 128, 1e-3
STEPS = len(GREY) // BATCH
SHAPES = [(64, 128), (128, 32), (16, 128), (128, 64)]
Layers = list[tuple[np.ndarray, np.ndarray]]  # weight (inputs, outputs) and bias of each layer


def ours(kind: str) -> Callable[[int], Layers]:
    def train(seed: int) -> Layers:
        vae = VAE(np.random.default_rng(seed), kind=kind)
        vae.fit(GREY, np.random.default_rng(seed), epochs=EPOCHS, batch=BATCH, rate=RATE)
        return [tuple(layer) for layer in vae.layers]

    return train


def with_torch(kind: str) -> Callable[[int], Layers]:
    import torch

    torch.set_num_threads(1)
    nn, act = torch.nn, {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh}[kind]
    images = torch.tensor(GREY)

    def train(seed: int) -> Layers:
        torch.manual_seed(seed)
        linear = [nn.Linear(*shape) for shape in SHAPES]
        encode, decode = nn.Sequential(linear[0], act(), linear[1]), nn.Sequential(linear[2], act(), linear[3])
        adam = torch.optim.Adam([*encode.parameters(), *decode.parameters()], lr=RATE)
        for _ in range(EPOCHS):
            shuffled = images[torch.randperm(len(images))]
            for i in range(STEPS):
                x = shuffled[i * BATCH : (i + 1) * BATCH]
                mean, log_variance = encode(x).chunk(2, dim=1)
                z = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
                lost = nn.functional.binary_cross_entropy_with_logits(decode(z), x, reduction="sum")
                kl = 0.5 * (log_variance.exp() + mean**2 - 1 - log_variance).sum()
                adam.zero_grad()
                (lost + kl).backward()
                adam.step()
        return [(layer.weight.detach().numpy().T, layer.bias.detach().numpy()) for layer in linear]

    return train


def with_jax(kind: str) -> Callable[[int], Layers]:
    import jax
    import jax.numpy as jnp

    act = {"relu": jax.nn.relu, "tanh": jnp.tanh}[kind]

    def loss(layers: Any, x: Any, noise: Any) -> Any:
        (a, b), (c, d), (e, f), (g, h) = layers
        mean, log_variance = jnp.split(act(x @ a + b) @ c + d, 2, axis=1)
        logits = act((mean + jnp.exp(0.5 * log_variance) * noise) @ e + f) @ g + h
        kl = 0.5 * (jnp.exp(log_variance) + mean**2 - 1 - log_variance).sum()
        return kl - (x * logits - jax.nn.softplus(logits)).sum()

    def step(state: Any, batch: Any) -> Any:
        (layers, first, second, t), each = state, jax.tree.map
        slope = jax.grad(loss)(layers, *batch)
        t = t + 1
        first = each(lambda m, g: 0.9 * m + 0.1 * g, first, slope)
        second = each(lambda v, g: 0.999 * v + 0.001 * g * g, second, slope)
        move = lambda w, m, v: w - RATE * (m / (1 - 0.9**t)) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8)  # noqa: E731
        return (each(move, layers, first, second), first, second, t), None

    @jax.jit
    def epoch(state: Any, key: Any, images: Any) -> Any:
        one, two = jax.random.split(key)
        shuffled = images[jax.random.permutation(one, len(images))[: STEPS * BATCH]].reshape(STEPS, BATCH, -1)
        return jax.lax.scan(step, state, (shuffled, jax.random.normal(two, (STEPS, BATCH, 16))))[0]

    images = jnp.asarray(GREY)

    def train(seed: int) -> Layers:
        key, layers = jax.random.PRNGKey(seed), []
        for i, (inputs, outputs) in enumerate(SHAPES):
            weight = jax.random.uniform(jax.random.fold_in(key, i), (inputs, outputs), minval=-1.0)
            layers.append((weight / np.sqrt(inputs), jnp.zeros(outputs)))
        zeros = jax.tree.map(jnp.zeros_like, layers)
        state = (layers, zeros, zeros, 0.0)
        for i in range(EPOCHS):
            state = epoch(state, jax.random.fold_in(key, 100 + i), images)
        return [(np.asarray(w), np.asarray(b)) for w, b in jax.block_until_ready(state[0])]

    return train


def reached(layers: Layers, kind: str) -> float:
    """The mean ELBO in nats an image, from 10 draws each, the same ones for everybody."""
    vae = VAE(np.random.default_rng(0), kind=kind, dtype=float)
    for mine, (weight, bias) in zip(vae.layers, layers, strict=True):
        mine.weight[...], mine.bias[...] = weight, bias
    rng = np.random.default_rng(1)
    return float(np.mean([vae.terms(GREY, rng.standard_normal((len(GREY), 16))).elbo.mean() for _ in range(10)]))


def contestants(kind: str) -> dict[str, Callable[[int], Layers]]:
    found = {"elboproof": ours(kind)}
    for name, make in (("torch", with_torch), ("JAX jit", with_jax)):
        try:
            found[name] = make(kind)
        except ImportError:
            continue
    return found


def measure(rounds: int) -> list[dict[str, Any]]:
    rows = []
    for kind in ("relu", "tanh"):
        trainers = contestants(kind)
        times: dict[str, list[float]] = {name: [] for name in trainers}
        elbos = {name: [reached(train(0), kind)] for name, train in trainers.items()}  # and compile
        for seed in range(1, rounds + 1):
            for name, train in trainers.items():
                start = time.process_time()
                layers = train(seed)
                times[name].append(time.process_time() - start)
                elbos[name].append(reached(layers, kind))
        for name in trainers:
            ratios = [mine / theirs for mine, theirs in zip(times["elboproof"], times[name], strict=True)]
            rows.append(
                {
                    "activation": kind,
                    "who": name,
                    "ms": round(1e3 * median(times[name])),
                    "our time / theirs": round(median(ratios), 2),
                    "ELBO": round(float(np.mean(elbos[name])), 2),
                }
            )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description="train the VAE beside torch and JAX")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true", help="print one object")
    options = parser.parse_args()
    title = f"VAE on digits, {EPOCHS} epochs of {STEPS} batches of {BATCH}, float32, one thread"
    rows = measure(options.rounds)
    if options.json:
        print(json.dumps({"title": title, "rows": rows}))
        return
    print(title)
    print("  ".join(f"{name:>17}" for name in rows[0]))
    for row in rows:
        print("  ".join(f"{value!s:>17}" for value in row.values()))


if __name__ == "__main__":
    main()
