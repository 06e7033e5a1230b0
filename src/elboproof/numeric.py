"""The numeric reading: the very tree that was proved, evaluated on a concrete model.

    on = bind(p=GammaPoisson([2, 3]), q=Gamma(4, 2))
    evaluate(ELBO(q(theta), p(D, theta)), on)        # Estimate(value, error)
    witness(Eq(log(p(D)), ELBO(...) + KL(...)), on)  # Witness(lhs, rhs, difference, bound, holds)

A model binds a law of the latent variable and the data: its prior, likelihood, joint, evidence and posterior are exact
log densities. A distribution binds a law of the latent variable alone. Expectations and integrals over the latent
variable are quadrature (or Monte Carlo); KL, ELBO, entropy and cross-entropy are read by their definitions. Everything
is computed on logs with the scale factored out, so ``p(D) = exp(-2000)`` loses nothing.

Errors add up by the rules of `estimate`, starting from a few units of rounding in each log density (a bound callable is
trusted to its last bit), and an integral adds its own to the integral of its integrand's. Under Monte Carlo the same
rules combine standard errors, which is more than their variance warrants.

Conventions, those of measure theory: an integral sees no point where a density that multiplies its integrand is zero;
0 times infinity is 0; infinity minus infinity, 0/0 and a conditional on an impossible event are nan. An integral
over the latent variable runs over the supports of the laws in it.

A vector or a label as the latent variable is read by Monte Carlo alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property, reduce
from typing import Any, NamedTuple

import numpy as np
import sympy
from sympy import Expr
from sympy.core.function import AppliedUndef

from . import estimate
from .distributions import Distribution, count, generator
from .errors import IllFormed
from .estimate import EPS, Estimate, Scaled, known, linear
from .language import (
    Density,
    E,
    Ge,
    Integral,
    Law,
    Le,
    Log,
    Over,
    Plus,
    Power,
    Term,
    Times,
    Variable,
    operand,
    relation,
)
from .models import Beta, BetaBernoulli, ConjugateGaussian, Gamma, GammaPoisson, Model, Normal
from .montecarlo import mean_scaled
from .quadrature import integrate_scaled
from .vectors import VectorDistribution, VectorModel

MODELS, LAWS = (Model, VectorModel), (Distribution, VectorDistribution)


class Binding:
    """What the names in a claim stand for: laws, generic functions, and points for a free latent variable."""

    def __init__(
        self,
        laws: dict[str, Any],
        functions: dict[str, Callable[..., Any]],
        points: np.ndarray | None,
        latent: str,
        observed: str,
    ):
        self.laws, self.functions, self.points = laws, functions, points
        self.latent, self.observed = latent, observed

    @cached_property
    def _distributions(self) -> list[Distribution]:
        found: list[Distribution] = []
        for law in self.laws.values():
            found += [law.prior, law.posterior] if isinstance(law, Model) else [law]
        return found

    @cached_property
    def landmarks(self) -> np.ndarray:
        """Where any of the laws has its bulk."""
        return np.unique(np.concatenate([d.landmarks for d in self._distributions]))

    @cached_property
    def edges(self) -> list[float]:
        """The finite ends of all supports: an integrand may jump there."""
        return sorted({end for d in self._distributions for end in d.support if math.isfinite(end)})

    @cached_property
    def reach(self) -> tuple[float, float]:
        """Beyond it no law has a density worth a float."""
        lows, highs = zip(*(d.reach for d in self._distributions), strict=True)
        return min(lows), max(highs)

    def support(self, law: Any) -> tuple[float, float]:
        """The interval that quadrature runs over."""
        if isinstance(law, VectorDistribution):
            raise IllFormed(
                f"expected method='montecarlo' for a {type(law).__name__}: quadrature is for one real variable"
            )
        return law.support

    def hull(self, names: set[str]) -> tuple[float, float]:
        """The smallest interval that holds the supports of the named laws; of all, where none is named."""
        ends = [self.support(self.marginal(name)) for name in sorted(names) or self.laws]
        return min(low for low, _ in ends), max(high for _, high in ends)

    def law(self, name: str) -> Any:
        if name not in self.laws:
            raise IllFormed(f"expected a binding for the law {name}, found {', '.join(self.laws)}: bind({name}=...)")
        return self.laws[name]

    def marginal(self, name: str) -> Any:
        """The law of the latent variable alone."""
        law = self.law(name)
        return law.prior if isinstance(law, MODELS) else law

    def __repr__(self) -> str:
        return f"bind({', '.join(f'{name}={type(law).__name__}' for name, law in self.laws.items())})"


def bind(*, latent: str = "theta", observed: str = "D", **things: Any) -> Binding:
    """Bind names to things: a model or a distribution to a law, a callable to a generic function f, numbers to the
    latent variable where a claim leaves it free (shape (m,): evaluation is then pointwise).

    ``bind(p=model, q=Normal(0, 1), f=np.tanh, theta=[0.1, 0.5])``. ``latent`` and ``observed`` name the variables. The
    observed data are the model's own. Raises IllFormed for anything else.
    """
    laws: dict[str, Any] = {}
    functions: dict[str, Callable[..., Any]] = {}
    points = None
    for name, thing in things.items():
        if isinstance(thing, MODELS + LAWS):
            if isinstance(thing, (VectorModel, VectorDistribution)) and thing.batch:
                raise IllFormed(f"expected one data set for {name}, found a batch of {thing.batch}")
            laws[name] = thing
        elif name == latent:
            points = _points(thing, name)
        elif name == observed:
            raise IllFormed(f"expected the data {name} inside a model, found {name}={thing!r}: a model has its data")
        elif callable(thing) and not isinstance(thing, type):
            functions[name] = thing
        else:
            raise IllFormed(f"expected a model, a distribution or a callable for {name}, found {thing!r}")
    if not laws:
        raise IllFormed("expected at least one model or distribution to bind, found none")
    vectors = any(isinstance(law, (VectorModel, VectorDistribution)) for law in laws.values())
    if points is not None and points.ndim > 1 and not vectors:
        raise IllFormed(f"expected finite numbers of shape (m,) for {latent}, found shape {points.shape}")
    return Binding(laws, functions, points, latent, observed)


def _points(thing: Any, name: str) -> np.ndarray:
    try:
        made = np.atleast_1d(np.array(thing, float))
    except (TypeError, ValueError):
        raise IllFormed(f"expected numbers for {name}, found {thing!r}") from None
    if made.ndim > 2 or made.size == 0 or not np.isfinite(made).all():
        raise IllFormed(f"expected finite numbers of shape (m,) for {name} (vectors: (m, d)), found {thing!r}")
    return made


class _Reader:
    """One evaluation: a walk over the tree. ``at`` holds the latent variable's values, None where there are none."""

    def __init__(self, on: Binding, method: str, rng: Any, n: int, rtol: float):
        if method not in ("quadrature", "montecarlo"):
            raise IllFormed(f"expected method 'quadrature' or 'montecarlo', found {method!r}")
        self.on, self.rtol = on, rtol
        self.rng = generator(rng) if method == "montecarlo" else None
        self.n = count(n)
        self.closed: dict[Expr, Scaled] = {}  # terms without the latent variable: once is enough

    def read(self, item: Expr, at: np.ndarray | None) -> Scaled:
        if isinstance(item, (Integral, E)) and not self._open(item):
            if item not in self.closed:
                self.closed[item] = self._integral(item)
            return self.closed[item]
        if isinstance(item, Density):
            return self._density(item, at)
        if isinstance(item, (Plus, sympy.Add)):
            return estimate.plus(*(self.read(arg, at) for arg in item.args))
        if isinstance(item, (Times, sympy.Mul)):
            return self._product(item, at)
        if isinstance(item, Over):
            return estimate.over(*(self.read(arg, at) for arg in item.args))
        if isinstance(item, (Power, sympy.Pow)):
            return estimate.power(self.read(item.args[0], at), int(item.args[1]))
        if isinstance(item, Log):
            return estimate.log(self.read(item.args[0], at))
        if isinstance(item, sympy.Rational):
            return known(float(item))
        if isinstance(item, Variable):
            return known(self._values(item, at))
        if isinstance(item, AppliedUndef):
            return self._function(item, at)
        below = item.definition() if isinstance(item, Term) else item
        if below is item:
            raise IllFormed(f"expected a term to evaluate, found {item} ({type(item).__name__})")
        return self.read(below, at)

    def _open(self, item: Term) -> bool:
        return any(v.name == self.on.latent for v in item.free_symbols)

    def _values(self, v: Variable, at: np.ndarray | None, vector: bool = False) -> Any:
        if v.name == self.on.latent and at is not None:
            if at.ndim > 1 and not vector:
                raise IllFormed(f"expected {v} inside a density or a function, found it alone: it is a vector")
            return at
        if v.name == self.on.latent:
            raise IllFormed(f"expected points for {v}, which is free here, found none: bind(..., {v}=[...])")
        raise IllFormed(f"expected the latent variable {self.on.latent} as a value, found {v}")

    def _function(self, item: Any, at: np.ndarray | None) -> Scaled:
        name = item.func.__name__
        if name not in self.on.functions:
            raise IllFormed(f"expected a callable for {name}, found none: bind(..., {name}=...)")
        arguments = [
            self._values(arg, at, True) if isinstance(arg, Variable) else linear(self.read(arg, at)).value
            for arg in item.args
        ]
        found = np.asarray(self.on.functions[name](*arguments), float)
        if at is not None and found.shape not in ((), at.shape[:1]):
            raise IllFormed(f"expected {name} to return shape {at.shape[:1]}, found {found.shape}")
        return known(found)

    def _product(self, item: Expr, at: np.ndarray | None) -> Scaled:
        parts = [self.read(arg, at) for arg in item.args]
        out = reduce(estimate.times, parts)
        unseen: Any = False
        for arg, part in zip(item.args, parts, strict=True):
            if isinstance(arg, Density):
                unseen = unseen | estimate.is_zero(part)
        if not np.any(unseen):
            return out
        return Scaled(*(np.where(unseen, 0.0, column) for column in out))

    def _density(self, item: Density, at: np.ndarray | None) -> Scaled:
        law = self.on.law(item.law.name)
        theta, data = self.on.latent, self.on.observed
        left, given = {v.name for v in item.left}, {v.name for v in item.given}
        stranger = (left | given) - {theta, data}
        if stranger:
            raise IllFormed(f"expected the variables {theta} and {data} in {item}, found {', '.join(sorted(stranger))}")
        values = self._values(Variable(theta), at, True) if theta in left | given else None
        if isinstance(law, LAWS):
            if left != {theta}:
                raise IllFormed(f"expected {item.law}({theta}), a {type(law).__name__}, found {item}")
            return estimate.exponential(law.log_density(values), law.rounding)
        if left == {theta, data}:
            found = law.log_joint(values)
        elif left == {data}:
            found = law.log_likelihood(values) if given else law.log_evidence
        else:
            found = (law.posterior if given else law.prior).log_density(values)
        return estimate.exponential(found, law.rounding)

    def _measure(self, item: Expr, inside: Expr) -> Any:
        """The distribution behind a density of the latent variable: prior, posterior, or q."""
        if isinstance(item, Density):
            law = self.on.law(item.law.name)
            if {v.name for v in item.left} == {self.on.latent}:
                return law.posterior if isinstance(law, MODELS) and item.given else self.on.marginal(item.law.name)
        raise IllFormed(
            f"expected an expectation over {self.on.latent} (the data {self.on.observed} are fixed), found {inside}"
        )

    def _integral(self, item: Integral | E) -> Scaled:
        if [v.name for v in item.bound] != [self.on.latent]:
            raise IllFormed(f"expected one variable of integration, {self.on.latent}, found {item}")
        if isinstance(item, E):
            (over,) = item.measures
            law = self._measure(over, item)
            if self.rng is not None:
                return self._sampled(item.args[0], law)
            return self._integrated(Times(over, item.args[0]), self.on.support(law))
        (integrand, *_) = item.args
        if self.rng is None:
            names = {law.name for law in integrand.atoms(Law)}
            return self._integrated(integrand, self.on.hull(names))
        factors = list(integrand.args) if isinstance(integrand, Times) else [integrand]
        for factor in factors:
            if isinstance(factor, Density) and self.on.latent in {v.name for v in factor.left}:
                # A joint density is sampled from its prior, which covers it.
                given = () if len(factor.left) > 1 else factor.given
                density = Density(factor.law, (Variable(self.on.latent),), given)
                return self._sampled(Over(integrand, density), self._measure(density, item))
        raise IllFormed(f"expected a factor that is a density of {self.on.latent}, to draw from, found {item}")

    def _sampled(self, f: Expr, law: Any) -> Scaled:
        drawn = law.sample(self.n, self.rng)
        found = self.read(f, drawn)
        return mean_scaled(Scaled(*(np.broadcast_to(np.asarray(column, float), (self.n,)) for column in found)))

    def _integrated(self, integrand: Expr, interval: tuple[float, float]) -> Scaled:
        return integrate_scaled(
            lambda x: self.read(integrand, x), *interval, self.on.landmarks, self.on.edges, self.rtol, self.on.reach
        )


def evaluate(
    term: Any,
    on: Binding,
    method: str = "quadrature",
    rng: np.random.Generator | None = None,
    n: int = 10_000,
    rtol: float = 1e-11,
) -> Estimate:
    """The value of a term under a binding, in nats where it is a logarithm, as Estimate(value, error).

    A scalar; or, where the latent variable is free, arrays of the shape of its bound points. ``method="montecarlo"``
    draws n points per expectation with ``rng``, and its error is a standard error. Raises IllFormed for a law, variable
    or function that the binding does not have.
    """
    if not isinstance(on, Binding):
        raise IllFormed(f"expected a binding, as bind(p=model, q=...) makes, found {on!r}")
    return linear(_Reader(on, method, rng, n, rtol).read(operand(term, "evaluate(...)"), on.points))


class Witness(NamedTuple):
    """Both sides of a claim in floating point. ``holds`` is False where nothing was shown: a nan, an infinite bound."""

    lhs: Estimate
    rhs: Estimate
    difference: Any
    bound: Any
    holds: bool

    def __repr__(self) -> str:
        """Without the difference, whose digits are rounding alone where the claim is true."""
        return f"Witness(lhs={self.lhs}, rhs={self.rhs}, holds={self.holds})"


def witness(
    claim: Any,
    on: Binding,
    method: str = "quadrature",
    rng: np.random.Generator | None = None,
    n: int = 10_000,
    deviations: float = 5.0,
) -> Witness:
    """Both sides of Eq, Ge or Le, each evaluated on its own, and whether they agree within their errors.

    The bound is the sum of both errors (times ``deviations`` under Monte Carlo, where they are standard errors: a true
    claim fails with probability below 1e-6, as far as the errors are normal) plus eight roundings of both sides. Equal
    infinities agree.
    """
    claim = relation(claim)
    lhs, rhs = (evaluate(side, on, method, rng, n) for side in (claim.lhs, claim.rhs))
    with np.errstate(invalid="ignore"):
        same = np.isinf(lhs.value) & (np.asarray(lhs.value) == rhs.value)
        difference = np.where(same, 0.0, np.asarray(lhs.value) - rhs.value)[()]
        sizes = [np.where(np.isfinite(side.value), np.abs(side.value), 0.0) for side in (lhs, rhs)]
    errors = lhs.error + rhs.error
    bound = (errors * (deviations if method == "montecarlo" else 1.0) + 8 * EPS * (sizes[0] + sizes[1]))[()]
    if isinstance(claim, Ge):
        good = difference >= -bound
    elif isinstance(claim, Le):
        good = difference <= bound
    else:
        good = np.abs(difference) <= bound
    return Witness(lhs, rhs, difference, bound, bool(np.all(good & np.isfinite(bound))))


def standard_bindings() -> dict[str, Binding]:
    """Three models whose evidence is known, each with a q that is not the posterior, an f and points for theta."""
    gaussian = ConjugateGaussian([0.8, 1.9, 0.3, 1.4], sigma=1.0, mean=0.0, sd=2.0)
    bernoulli = BetaBernoulli([1, 0, 1, 1, 0, 1], a=2.0, b=2.0)
    poisson = GammaPoisson([2, 4, 1, 3], shape=2.0, rate=1.0)
    return {
        "Gaussian": bind(p=gaussian, q=Normal(0.7, 0.6), f=np.tanh, theta=[-0.5, 0.4, 1.3]),
        "Beta-Bernoulli": bind(p=bernoulli, q=Beta(3.0, 2.5), f=np.tanh, theta=[0.2, 0.5, 0.9]),
        "Gamma-Poisson": bind(p=poisson, q=Gamma(6.0, 2.5), f=np.tanh, theta=[0.5, 2.0, 4.0]),
    }
