"""KL of 100,000 diagonal Gaussians in 32 dimensions: from as many others, and from one prior."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from elboproof.gaussians import Diagonal
from timing import OURS, Case, Mark, Table, jax64, peer

LAWS, DIM = 100_000, 32


def table(pairs: bool) -> Table:
    draw = np.random.default_rng(7)
    m, s = draw.standard_normal((LAWS, DIM)), np.exp(0.3 * draw.standard_normal((LAWS, DIM)))
    if pairs:
        n, t = draw.standard_normal((LAWS, DIM)), np.exp(0.3 * draw.standard_normal((LAWS, DIM)))
    else:
        n, t = np.zeros(DIM), np.ones(DIM)
    q, p = Diagonal(m, s), Diagonal(n, t)
    arrays = [q.mean, q.sd, p.mean, p.sd]

    def one_line() -> np.ndarray:
        return 0.5 * (((m - n) / t) ** 2 + (s / t) ** 2 - 1 - 2 * np.log(s / t)).sum(axis=1)

    cases = [
        Case(OURS, "ours", lambda: q.kl(p)[-1]),
        Case("one read of memory", "limit", lambda: [a.max() for a in arrays], checked=False),
        Case("NumPy, one line", "plain", lambda: one_line()[-1]),
        *torch_cases(m, s, n, t),
        *jax_cases(m, s, n, t),
    ]
    what = "as many others" if pairs else "one prior"
    marks = [Mark("at most NumPyro's time, jit", OURS, "NumPyro, jit", 1.0)]
    note = "Laws are made, checked and converted beforehand, for all. Given our products JAX has none of the guards."
    title = f"KL of {LAWS:,} diagonal Gaussians in {DIM} dimensions from {what}"
    truth = float(one_line()[-1])
    key = "kl-pairs" if pairs else "kl-prior"
    return Table(key, title, truth, 1e-11 * truth, cases, marks, note, budget=12.0)


def torch_cases(*arrays: np.ndarray) -> list[Case]:
    torch = peer("torch")
    if torch is None:
        return []
    torch.set_num_threads(1)
    m, s, n, t = (torch.tensor(a) for a in arrays)
    normal, kl = torch.distributions.Normal, torch.distributions.kl_divergence
    q, p = normal(m, s), normal(n, t)
    return [Case("torch.distributions", "plain", lambda: kl(q, p).sum(-1)[-1].item())]


def jax_cases(*arrays: np.ndarray) -> list[Case]:
    jax, numpyro = jax64(), peer("numpyro")
    if jax is None:
        return []
    jnp = jax.numpy
    given = [jnp.asarray(a) for a in arrays]

    def plain(m: Any, s: Any, n: Any, t: Any) -> Any:
        return 0.5 * (((m - n) / t) ** 2 + (s / t) ** 2 - 1 - 2 * jnp.log(s / t)).sum(-1)

    def algebra(m: Any, s: Any, n: Any, t: Any) -> Any:
        r = s / t
        logs = jnp.log(r.reshape(LAWS, DIM // 16, 16).prod(-1)).sum(-1)
        return 0.5 * ((((m - n) / t) ** 2 + r * r).sum(-1) - DIM) - logs

    def case(name: str, kind: str, f: Callable[..., Any]) -> Case:
        compiled = jax.jit(f)
        return Case(name, kind, lambda: np.asarray(compiled(*given).block_until_ready())[-1])

    out = [case("JAX, jit", "plain", plain), case("JAX, jit, our products", "algebra", algebra)]
    if numpyro is not None:
        dist = numpyro.distributions
        whole = lambda m, s, n, t: dist.kl_divergence(dist.Normal(m, s), dist.Normal(n, t)).sum(-1)  # noqa: E731
        out.append(case("NumPyro, jit", "plain", whole))
    return out


def tables() -> list[Callable[[], Table]]:
    return [lambda: table(True), lambda: table(False)]
