"""Monte Carlo ELBOs, of a mean and of regressions, against torch, NumPyro, JAX and bare operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from elboproof import montecarlo as mc
from elboproof.distributions import Normal
from elboproof.gaussians import Diagonal
from elboproof.models import ConjugateGaussian
from elboproof.quadratics import log_weight
from elboproof.regression import LinearRegression, LogisticRegression
from timing import OURS, Case, Mark, Table, jax64, peer

RNG = np.random.default_rng(1)
OBSERVATIONS = RNG.normal(1.0, 1.0, 20)
SD, Q_MEAN, Q_SD = 2.0, 0.6, 0.3


def ready(f: Callable[[Any], Any], jax: Any) -> Callable[[], Any]:
    """A jitted function of a key, called with a fixed one until its answer is there."""
    compiled, key = jax.jit(f), jax.random.PRNGKey(0)
    return lambda: compiled(key).block_until_ready()


def torch64() -> Any:
    torch = peer("torch")
    if torch is not None:
        torch.set_num_threads(1)
        torch.set_default_dtype(torch.float64)
        torch.manual_seed(0)
        torch.distributions.Distribution.set_default_validate_args(False)
    return torch


# -- the mean of a Gaussian --------------------------------------------------------------------------------------------


def gaussian(n: int) -> Table:
    model, q, rng = ConjugateGaussian(OBSERVATIONS, sd=SD), Normal(Q_MEAN, Q_SD), np.random.default_rng(2)
    fill = np.empty(n)
    cases = [
        Case(OURS, "ours", lambda: mc.elbo(model, q, n, rng).value),
        Case("bare standard_normal fill", "limit", lambda: rng.standard_normal(out=fill), checked=False),
        Case("NumPy, draws by data", "plain", lambda: numpy_plain(q, n, rng)),
        *torch_gaussian(n),
        *jax_gaussian(n),
    ]
    exact = float(model.log_evidence - q.kl(model.posterior))
    spread = mc.elbo(model, q, 10_000, rng).error * 100 / np.sqrt(n)
    many = n >= 10_000
    marks = [
        Mark("at most 1.3 times the bare normals", OURS, "bare standard_normal fill", 1.3)
        if many
        else Mark("5 times NumPyro's speed", OURS, "NumPyro, Trace_ELBO", 0.2)
    ]
    words = "100,000" if many else f"{n}"
    title = f"Monte Carlo ELBO, mean of a Gaussian, 20 observations, {words} draws"
    return Table(f"gaussian-{n}", title, exact, 5 * spread, cases, marks)


def numpy_plain(q: Normal, n: int, rng: np.random.Generator) -> float:
    theta = q.mean + q.sd * rng.standard_normal(n)
    terms = -0.5 * ((OBSERVATIONS - theta[:, None]) ** 2 + np.log(2 * np.pi))
    prior, own = (theta / SD) ** 2, ((theta - q.mean) / q.sd) ** 2
    return float(np.mean(terms.sum(axis=1) - 0.5 * (prior - own)) + np.log(q.sd / SD))


def coefficients() -> tuple[float, float, float]:
    """The log weight as mean + slope z + curve (z^2 - 1) / 2, to be handed to a peer."""
    form = log_weight(ConjugateGaussian(OBSERVATIONS, sd=SD), Normal(Q_MEAN, Q_SD))
    assert form is not None
    return form.mean, form.slope, form.curve


def torch_gaussian(n: int) -> list[Case]:
    torch = torch64()
    if torch is None:
        return []
    normal, data = torch.distributions.Normal, torch.tensor(OBSERVATIONS)
    prior, q = normal(torch.tensor(0.0), torch.tensor(SD)), normal(torch.tensor(Q_MEAN), torch.tensor(Q_SD))
    mean, slope, curve = coefficients()

    def plain() -> float:
        theta = q.rsample((n,))
        logs = prior.log_prob(theta) + normal(theta[:, None], 1.0).log_prob(data).sum(-1) - q.log_prob(theta)
        return logs.mean().item()

    def algebra() -> float:
        z = torch.randn(n)
        return mean + (slope * z.sum() + 0.5 * curve * (z.dot(z) - n)).item() / n

    return [Case("torch.distributions", "plain", plain), Case("torch, our quadratic", "algebra", algebra)]


def jax_gaussian(n: int) -> list[Case]:
    jax, numpyro = jax64(), peer("numpyro")
    if jax is None:
        return []
    jnp, data = jax.numpy, jax.numpy.asarray(OBSERVATIONS)
    mean, slope, curve = coefficients()

    def raw(key: Any) -> Any:
        z = jax.random.normal(key, (n,))
        theta = Q_MEAN + Q_SD * z
        terms = -0.5 * ((data - theta[:, None]) ** 2 + jnp.log(2 * jnp.pi))
        return jnp.mean(terms.sum(axis=1) - 0.5 * ((theta / SD) ** 2 - z**2)) + jnp.log(Q_SD / SD)

    def algebra(key: Any) -> Any:
        z = jax.random.normal(key, (n,))
        return mean + (slope * z.sum() + 0.5 * curve * (z @ z - n)) / n

    out = [Case("JAX, jit", "plain", ready(raw, jax)), Case("JAX, jit, our quadratic", "algebra", ready(algebra, jax))]
    if numpyro is None:
        return out
    dist, elbo = numpyro.distributions, numpyro.infer.Trace_ELBO(num_particles=n)
    size, centre = len(OBSERVATIONS), float(OBSERVATIONS.mean())
    top = float(ConjugateGaussian(OBSERVATIONS, sd=SD).log_likelihood(centre))

    def model() -> None:
        theta = numpyro.sample("theta", dist.Normal(0.0, SD))
        numpyro.sample("x", dist.Normal(theta, 1.0).expand([size]).to_event(1), obs=data)

    def short() -> None:
        theta = numpyro.sample("theta", dist.Normal(0.0, SD))
        numpyro.factor("x", top - 0.5 * size * (centre - theta) ** 2)

    def guide() -> None:
        numpyro.sample("theta", dist.Normal(Q_MEAN, Q_SD))

    return [
        *out,
        Case("NumPyro, Trace_ELBO", "plain", ready(lambda key: -elbo.loss(key, {}, model, guide), jax)),
        Case("NumPyro, sample mean and size", "algebra", ready(lambda key: -elbo.loss(key, {}, short, guide), jax)),
    ]


# -- linear regression -------------------------------------------------------------------------------------------------

WEIGHTS, ROWS, DRAWS, BLOCK = 64, 10_000, 10_000, 250
Q_WIDTH = 0.01


def linear() -> Table:
    draw = np.random.default_rng(3)
    x = draw.standard_normal((ROWS, WEIGHTS))
    weights = draw.standard_normal(WEIGHTS)
    y = x @ weights + draw.standard_normal(ROWS)
    zero, eye, rng = np.zeros(WEIGHTS), np.eye(WEIGHTS), np.random.default_rng(4)
    q = Diagonal(weights, Q_WIDTH)

    def ours() -> float:
        return mc.elbo(LinearRegression(x, y, 1.0, zero, eye), q, DRAWS, rng).value

    drawn, product = draw.standard_normal((BLOCK, WEIGHTS)), np.empty((BLOCK, ROWS))

    def dgemm() -> None:
        for _ in range(DRAWS // BLOCK):
            np.dot(drawn, x.T, out=product)

    fill = np.empty((DRAWS, WEIGHTS))
    cases = [
        Case(OURS, "ours", ours, note="from the data: checks, Gram matrix, draws"),
        Case("bare standard_normal fill", "limit", lambda: rng.standard_normal(out=fill), checked=False),
        Case("dgemm of draws and design alone", "limit", dgemm, checked=False),
        *torch_linear(x, y, weights),
        *jax_linear(x, y, weights),
    ]
    exact = LinearRegression(x, y, 1.0, zero, eye)
    title = f"Monte Carlo ELBO, linear regression, {WEIGHTS} weights, {ROWS:,} rows, {DRAWS:,} draws"
    marks = [Mark("faster than the dgemm that others cannot avoid", OURS, "dgemm of draws and design alone", 1.0)]
    marks.append(Mark("at most 16 ms where that dgemm takes 222 ms", OURS, "dgemm of draws and design alone", 16 / 222))
    spread = mc.elbo(exact, q, DRAWS, rng).error
    note = f"Peers as their users write them work in blocks of {BLOCK:,} draws, to bound their memory."
    return Table("linear", title, float(exact.elbo(q)), 5 * spread, cases, marks, note, budget=15.0)


def torch_linear(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> list[Case]:
    torch = torch64()
    if torch is None:
        return []
    normal, design, data, centre = torch.distributions.Normal, torch.tensor(x), torch.tensor(y), torch.tensor(weights)
    prior, q = normal(torch.zeros(WEIGHTS), 1.0), normal(centre, torch.full((WEIGHTS,), Q_WIDTH))

    def plain() -> float:
        total = 0.0
        for _ in range(DRAWS // BLOCK):
            w = q.rsample((BLOCK,))
            logs = normal(w @ design.T, 1.0).log_prob(data).sum(-1) + (prior.log_prob(w) - q.log_prob(w)).sum(-1)
            total += logs.mean().item()
        return total / (DRAWS // BLOCK)

    def algebra() -> float:
        left = data - design @ centre
        pull, gram = left @ design, design.T @ design
        step = Q_WIDTH * torch.randn(DRAWS, WEIGHTS)
        quadratic = left @ left - 2 * (step @ pull) + ((step @ gram) * step).sum(-1)
        logs = -0.5 * (
            quadratic + ROWS * np.log(2 * np.pi) + ((centre + step) ** 2).sum(-1) - ((step / Q_WIDTH) ** 2).sum(-1)
        )
        return logs.mean().item() + WEIGHTS * float(np.log(Q_WIDTH))

    return [Case("torch.distributions", "plain", plain), Case("torch, Gram matrix", "algebra", algebra)]


def jax_linear(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> list[Case]:
    jax, numpyro = jax64(), peer("numpyro")
    if jax is None:
        return []
    jnp = jax.numpy
    design, data, centre = (jnp.asarray(a) for a in (x, y, weights))

    def algebra(key: Any, design: Any, data: Any) -> Any:
        left = data - design @ centre
        pull, gram = left @ design, design.T @ design
        z = jax.random.normal(key, (DRAWS, WEIGHTS))
        step = Q_WIDTH * z
        quadratic = left @ left - 2 * (step @ pull) + ((step @ gram) * step).sum(-1)
        logs = -0.5 * (quadratic + ROWS * jnp.log(2 * jnp.pi) + ((centre + step) ** 2).sum(-1) - (z**2).sum(-1))
        return logs.mean() + WEIGHTS * jnp.log(Q_WIDTH)

    compiled, key = jax.jit(algebra), jax.random.PRNGKey(0)
    out = [Case("JAX, jit, Gram matrix", "algebra", lambda: compiled(key, design, data).block_until_ready())]
    if numpyro is None:
        return out
    dist, elbo = numpyro.distributions, numpyro.infer.Trace_ELBO(num_particles=BLOCK)

    def model() -> None:
        w = numpyro.sample("w", dist.Normal(jnp.zeros(WEIGHTS), 1.0).to_event(1))
        numpyro.sample("y", dist.Normal(design @ w, 1.0).to_event(1), obs=data)

    def guide() -> None:
        numpyro.sample("w", dist.Normal(centre, Q_WIDTH).to_event(1))

    block = jax.jit(lambda key: -elbo.loss(key, {}, model, guide))
    keys = list(jax.random.split(jax.random.PRNGKey(0), DRAWS // BLOCK))

    def plain() -> float:
        return sum(block(one).block_until_ready() for one in keys) / len(keys)

    return [Case("NumPyro, Trace_ELBO", "plain", plain), *out]


# -- logistic regression -----------------------------------------------------------------------------------------------


def logistic(weights: int = 16, rows: int = 1_000, draws: int = 1_000) -> Table:
    draw = np.random.default_rng(5)
    x, true = draw.standard_normal((rows, weights)), 0.5 * draw.standard_normal(weights)
    y = (draw.random(rows) < 1 / (1 + np.exp(-x @ true))).astype(float)
    model, rng = LogisticRegression(x, y, np.zeros(weights), np.eye(weights)), np.random.default_rng(6)
    q = Diagonal(true, 0.1)
    cases = [Case(OURS, "ours", lambda: mc.elbo(model, q, draws, rng).value)]
    torch, jax, numpyro = torch64(), jax64(), peer("numpyro")
    if torch is not None:
        normal, design, data = torch.distributions.Normal, torch.tensor(x), torch.tensor(y)
        prior, guide_ = normal(torch.zeros(weights), 1.0), normal(torch.tensor(true), torch.full((weights,), 0.1))

        def plain() -> float:
            w = guide_.rsample((draws,))
            logs = torch.distributions.Bernoulli(logits=w @ design.T).log_prob(data).sum(-1)
            return (logs + (prior.log_prob(w) - guide_.log_prob(w)).sum(-1)).mean().item()

        cases.append(Case("torch.distributions", "plain", plain))
    if jax is not None:
        signed, centre = jax.numpy.asarray(model.signed), jax.numpy.asarray(true)

        def raw(key: Any) -> Any:
            z = jax.random.normal(key, (draws, weights))
            w = centre + 0.1 * z
            logs = jax.nn.log_sigmoid(w @ signed.T).sum(-1) - 0.5 * ((w**2).sum(-1) - (z**2).sum(-1))
            return logs.mean() + weights * jax.numpy.log(0.1)

        cases.append(Case("JAX, jit", "plain", ready(raw, jax)))
    if jax is not None and numpyro is not None:
        dist, elbo = numpyro.distributions, numpyro.infer.Trace_ELBO(num_particles=draws)

        def whole() -> None:
            w = numpyro.sample("w", dist.Normal(jax.numpy.zeros(weights), 1.0).to_event(1))
            numpyro.sample("y", dist.Bernoulli(logits=x @ w).to_event(1), obs=y)

        def guide() -> None:
            numpyro.sample("w", dist.Normal(centre, 0.1).to_event(1))

        cases.append(Case("NumPyro, Trace_ELBO", "plain", ready(lambda key: -elbo.loss(key, {}, whole, guide), jax)))
    fine = mc.elbo(model, q, 50_000, rng)
    title = f"Monte Carlo ELBO, logistic regression, {weights} weights, {rows:,} rows, {draws:,} draws"
    marks = [Mark("at most NumPyro's time", OURS, "NumPyro, Trace_ELBO", 1.0)]
    note = "No sufficient statistics: every draw meets every row."
    return Table("logistic", title, fine.value, 5 * fine.error * np.sqrt(50_000 / draws), cases, marks, note)


def tables() -> list[Callable[[], Table]]:
    return [lambda: gaussian(100_000), lambda: gaussian(100), linear, logistic]
