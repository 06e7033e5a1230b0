"""Closed forms on conjugate exponential families, by expected sufficient statistics.

Every density of such a model is ``exp(lambda . T(theta) + c)``, so products and quotients add and subtract
coefficients, logarithms are linear in the statistics T, expectations replace T by its mean, and integrals are the
log-partition function A. Nothing is integrated by SymPy. The mean of T is the gradient of A (Wainwright and Jordan,
Graphical Models, Exponential Families, and Variational Inference, 2008, section 3.5.1).

    family = gamma_poisson()
    closed_form(KL(q(theta), p(theta | D)), family)      # digamma, loggamma, log of the parameters; nats

A law with density ``exp(eta . T - A(eta)) exp(base . T)`` has natural parameter eta; ``base`` is the family's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import sympy
from sympy import Expr, Integer, Rational, Symbol
from sympy.core.function import AppliedUndef

from .errors import IllFormed
from .language import Density, E, Integral, Log, Over, Plus, Power, Term, Times, operand

Vector = tuple[Expr, ...]
_ZERO, _ONE = Integer(0), Integer(1)


def _add(a: Vector, b: Vector) -> Vector:
    return tuple(x + y for x, y in zip(a, b, strict=True))


def _scaled(a: Vector, factor: Any) -> Vector:
    # SymPy asks whether the other factor is finite before it lets a zero win: that alone took a quarter second.
    return a if factor == 1 else tuple(_ZERO if x == 0 else x * factor for x in a)


def _dot(a: Vector, b: Vector) -> Expr:
    return sympy.Add(*(x * y for x, y in zip(a, b, strict=True) if x != 0 and y != 0))


@dataclass(frozen=True)
class Family:
    """A conjugate model p and a q of the prior's family, symbolic in every parameter.

    ``likelihood`` and ``constant``: log p(D | theta) = likelihood . T(theta) + constant. ``prior`` and ``q`` are
    natural parameters. ``symbols`` names every parameter, for substitution.
    """

    name: str
    statistics: Callable[[Symbol], Vector]
    log_partition: Callable[[Vector], Expr]
    base: Vector
    prior: Vector
    likelihood: Vector
    constant: Expr
    q: Vector
    symbols: dict[str, Expr]

    @property
    def posterior(self) -> Vector:
        """Conjugacy: natural parameters add."""
        return _add(self.prior, self.likelihood)

    def mean(self, eta: Vector) -> Vector:
        """The expected sufficient statistics at eta: the gradient of the log-partition function."""
        slots, gradient = self._gradient
        values = dict(zip(slots, eta, strict=True))
        return tuple(slope.xreplace(values) for slope in gradient)

    @cached_property
    def _gradient(self) -> tuple[Vector, Vector]:
        slots = tuple(sympy.Dummy(f"eta{i}") for i in range(len(self.base)))
        partition = self.log_partition(slots)
        return slots, tuple(sympy.diff(partition, slot) for slot in slots)

    @cached_property
    def _partitions(self) -> dict[str, Expr]:
        laws = {"prior": self.prior, "posterior": self.posterior, "q": self.q}
        return {which: self.log_partition(eta) for which, eta in laws.items()}


def _symbols(given: dict[str, Any], family: str, real: str, positive: str) -> dict[str, Expr]:
    """The family's parameters: symbols, unless the caller gave something else."""
    names = {name: {"real": True} for name in real.split()} | {name: {"positive": True} for name in positive.split()}
    for name in given:
        if name not in names:
            raise IllFormed(f"expected parameters of {family} ({', '.join(names)}), found {name}")
    return {name: sympy.sympify(given[name]) if name in given else Symbol(name, **kind) for name, kind in names.items()}


def gaussian(**given: Any) -> Family:
    """x_i ~ Normal(theta, sigma), sigma known; theta ~ Normal(m0, s0); q = Normal(m, s).

    The n observations enter as S1, their sum, and S2, the sum of their squares. T = (theta, theta^2).
    """
    s = _symbols(given, "gaussian", "m0 m S1 S2", "s0 s sigma n")
    half = Rational(1, 2)

    def log_partition(eta: Vector) -> Expr:
        first, precision = sympy.together(eta[0]), sympy.together(-2 * eta[1])  # the posterior's as one fraction
        return half * first**2 / precision - half * sympy.log(precision) + half * sympy.log(2 * sympy.pi)

    def natural(mean: Expr, sd: Expr) -> Vector:
        return (mean / sd**2, -half / sd**2)

    sigma2 = s["sigma"] ** 2
    constant = -half * s["n"] * sympy.log(2 * sympy.pi * sigma2) - half * s["S2"] / sigma2
    return Family(
        "Gaussian, known variance",
        lambda theta: (theta, theta**2),
        log_partition,
        (_ZERO, _ZERO),
        natural(s["m0"], s["s0"]),
        (s["S1"] / sigma2, -half * s["n"] / sigma2),
        constant,
        natural(s["m"], s["s"]),
        s,
    )


def beta_bernoulli(**given: Any) -> Family:
    """x_i ~ Bernoulli(theta), k ones among n; theta ~ Beta(a, b); q = Beta(c, d). T = (log theta, log(1 - theta))."""
    s = _symbols(given, "beta_bernoulli", "", "a b c d n k")
    return Family(
        "Beta-Bernoulli",
        lambda theta: (sympy.log(theta), sympy.log(1 - theta)),
        _log_beta,
        (-_ONE, -_ONE),
        (s["a"], s["b"]),
        (s["k"], s["n"] - s["k"]),
        _ZERO,
        (s["c"], s["d"]),
        s,
    )


def _log_beta(eta: Vector) -> Expr:
    return sympy.Add(*map(sympy.loggamma, eta)) - sympy.loggamma(sympy.Add(*eta))


def gamma_poisson(**given: Any) -> Family:
    """x_i ~ Poisson(theta), n counts with sum S and L = sum log x_i!; theta ~ Gamma(a, b), b a rate; q = Gamma(c, d).

    T = (log theta, theta).
    """
    s = _symbols(given, "gamma_poisson", "L", "a b c d n S")

    def log_partition(eta: Vector) -> Expr:
        return sympy.loggamma(eta[0]) - eta[0] * sympy.log(-eta[1])

    return Family(
        "Gamma-Poisson",
        lambda theta: (sympy.log(theta), theta),
        log_partition,
        (-_ONE, _ZERO),
        (s["a"], -s["b"]),
        (s["S"], -s["n"]),
        -s["L"],
        (s["c"], -s["d"]),
        s,
    )


def dirichlet_categorical(categories: int = 3, **given: Any) -> Family:
    """x_i in 1..K with probabilities theta, n_k of them k; theta ~ Dirichlet(a_k); q = Dirichlet(c_k).

    T_k = log theta_k. Names a1, a2, ..., c1, ..., n1, ...; densities are with respect to theta_1 ... theta_{K-1}.
    """
    if not isinstance(categories, int) or categories < 2:
        raise IllFormed(f"expected at least 2 categories, found {categories!r}")
    index = range(1, categories + 1)
    s = _symbols(given, "dirichlet_categorical", "", " ".join(f"{letter}{k}" for letter in "acn" for k in index))
    return Family(
        "Dirichlet-categorical",
        lambda theta: tuple(sympy.log(Symbol(f"{theta}{k}", positive=True)) for k in index),
        _log_beta,
        (-_ONE,) * categories,
        tuple(s[f"a{k}"] for k in index),
        tuple(s[f"n{k}"] for k in index),
        _ZERO,
        tuple(s[f"c{k}"] for k in index),
        s,
    )


# -- the walk --------------------------------------------------------------------------------------------------------


class _Value(NamedTuple):
    """``exp(rate . T + shift) * (slope . T + level)``, T the statistics of a theta that is free."""

    rate: Vector
    shift: Expr
    slope: Vector
    level: Expr


class _Walk:
    def __init__(self, family: Family, p: str, q: str, latent: str, observed: str):
        self.family, self.p, self.q, self.latent, self.observed = family, p, q, latent, observed
        self.none: Vector = (_ZERO,) * len(family.base)
        self.laws = {"prior": family.prior, "posterior": family.posterior, "q": family.q}
        self.partitions = family._partitions
        self.evidence = family.constant + self.partitions["posterior"] - self.partitions["prior"]
        self.means: dict[str, Vector] = {}

    def constant(self, level: Any, shift: Any = _ZERO) -> _Value:
        return _Value(self.none, shift, self.none, level)

    def read(self, item: Expr) -> _Value:
        if isinstance(item, Density):
            return self.density(item)
        if isinstance(item, Rational):
            return self.constant(item)
        if isinstance(item, (Plus, sympy.Add)):
            return self.total([self.read(arg) for arg in item.args], item)
        if isinstance(item, (Times, sympy.Mul)):
            out = self.constant(_ONE)
            for arg in item.args:
                out = self.product(out, self.read(arg), item)
            return out
        if isinstance(item, Over):
            above, below = (self.read(arg) for arg in item.args)
            return self.product(above, self.power(below, -1, item), item)
        if isinstance(item, (Power, sympy.Pow)):
            return self.power(self.read(item.args[0]), int(item.args[1]), item)
        if isinstance(item, Log):
            return self.log(self.read(item.args[0]), item)
        if isinstance(item, E):
            if len(item.measures) > 1:
                self.refuse("an expectation over one density", item)
            return self.integral(self.read(Times(*item.measures, item.args[0])), item)
        if isinstance(item, Integral):
            return self.integral(self.read(item.args[0]), item)
        if isinstance(item, AppliedUndef):
            self.refuse("a term in the model's own densities", item)
        below = item.definition() if isinstance(item, Term) else item
        if below is item:
            self.refuse("a term in the model's own densities", item)
        return self.read(below)

    def refuse(self, expected: str, item: Any) -> Any:
        raise IllFormed(f"expected {expected} for a closed form on {self.family.name}, found {item}")

    def density(self, item: Density) -> _Value:
        family = self.family
        left, given = {v.name for v in item.left}, {v.name for v in item.given}
        latent, data = {self.latent}, {self.observed}
        if item.law.name == self.q and left == latent and given <= data:
            return self.law("q")
        if item.law.name == self.p and left == latent and given <= data:
            return self.law("posterior" if given else "prior")
        if item.law.name == self.p and left == data and given <= latent:
            if given:
                return _Value(family.likelihood, family.constant, self.none, _ONE)
            return self.constant(_ONE, self.evidence)
        if item.law.name == self.p and left == latent | data:
            prior = self.law("prior")
            return prior._replace(rate=_add(prior.rate, family.likelihood), shift=prior.shift + family.constant)
        x, y = self.latent, self.observed
        return self.refuse(f"{self.q}({x}) or a density of {self.p} in {x} and {y}", item)

    def law(self, which: str) -> _Value:
        return _Value(_add(self.laws[which], self.family.base), -self.partitions[which], self.none, _ONE)

    def product(self, a: _Value, b: _Value, item: Any) -> _Value:
        if any(a.slope) and any(b.slope):
            self.refuse("at most one logarithm of a density in a product", item)
        slope = _add(_scaled(a.slope, b.level), _scaled(b.slope, a.level))
        return _Value(_add(a.rate, b.rate), a.shift + b.shift, slope, a.level * b.level)

    def power(self, a: _Value, n: int, item: Any) -> _Value:
        if any(a.slope):
            self.refuse("no power of, and no division by, the logarithm of a density", item)
        return _Value(_scaled(a.rate, n), a.shift * n if a.shift != 0 else _ZERO, self.none, a.level**n)

    def log(self, a: _Value, item: Any) -> _Value:
        if any(a.slope):
            self.refuse("no logarithm of a logarithm of a density", item)
        level = a.shift if a.level == 1 else a.shift + sympy.log(a.level)
        return _Value(self.none, _ZERO, a.rate, level)

    def total(self, parts: list[_Value], item: Any) -> _Value:
        if any(any(part.rate) for part in parts):
            self.refuse("sums of logarithms, not of densities", item)
        factors = [_ONE if part.shift == 0 else sympy.exp(part.shift) for part in parts]
        slope = self.none
        for part, factor in zip(parts, factors, strict=True):
            slope = _add(slope, _scaled(part.slope, factor))
        level = sympy.Add(*(part.level * factor for part, factor in zip(parts, factors, strict=True)))
        return _Value(self.none, _ZERO, slope, level)

    def integral(self, a: _Value, item: Any) -> _Value:
        if [v.name for v in item.bound] != [self.latent]:
            self.refuse(f"an integral over {self.latent} alone", item)
        eta = tuple(sympy.expand(x - y) for x, y in zip(a.rate, self.family.base, strict=True))
        for which, known in self.laws.items():
            # Only at these is the integral known to converge whatever the parameters.
            if all(sympy.expand(x - y) == 0 for x, y in zip(eta, known, strict=True)):
                if which not in self.means:
                    self.means[which] = self.family.mean(known)
                level = _dot(a.slope, self.means[which]) + a.level
                return self.constant(level, a.shift + self.partitions[which])
        return self.refuse("an integral against the prior, the posterior or q", item)

    def out(self, a: _Value) -> Expr:
        statistics = self.family.statistics(Symbol(self.latent, real=True))
        value = _dot(a.slope, statistics) + a.level
        exponent = sympy.expand(_dot(a.rate, statistics) + a.shift)
        return simplified(value) if exponent == 0 else simplified(value) * sympy.exp(simplified(exponent))


def closed_form(
    term: Any, family: Family, p: str = "p", q: str = "q", latent: str = "theta", observed: str = "D"
) -> Expr:
    """The term as a SymPy expression in the family's parameters (in nats, where it is a logarithm).

    Takes products and quotients of the densities of p and of q(theta), their logarithms, sums of these, expectations
    and integrals against the prior, the posterior or q, and what is defined by them: KL, ELBO, entropy, cross-entropy.
    A free theta stays free. Raises IllFormed for any other term, naming the part.
    """
    if not isinstance(family, Family):
        raise IllFormed(f"expected a family, as gaussian() makes, found {family!r}")
    walk = _Walk(family, p, q, latent, observed)
    return walk.out(walk.read(operand(term, "closed_form(...)")))


_FUNCTIONS = (sympy.log, sympy.loggamma, sympy.polygamma, sympy.exp)


def simplified(item: Expr) -> Expr:
    """Linear algebra on the logarithms, log-gammas and digammas: each one's rational coefficient is cancelled apart.

    Zero comes out as zero whenever the coefficients say so; no identity of the functions themselves is used beyond the
    expansion of the logarithm of a product of positive symbols.
    """
    coefficients: dict[Expr, list[Expr]] = {}
    for term in sympy.Add.make_args(sympy.expand_mul(sympy.expand_log(item))):
        # A quotient by a sum stays whole, as it was written: expanded, it would hide that it cancels against itself.
        whole = _has_sum_below(term) and not _hides_functions(term)
        for part in (term,) if whole else sympy.Add.make_args(sympy.expand(term)):
            key = sympy.Mul(*(f for f in sympy.Mul.make_args(part) if isinstance(f, _FUNCTIONS)))
            coefficients.setdefault(key, []).append(part / key)
    return sympy.Add(*(_cancelled(sympy.Add(*parts)) * key for key, parts in coefficients.items()))


def _cancelled(coefficient: Expr) -> Expr:
    """The coefficient, 0 where it is zero as a rational function."""
    if not _has_sum_below(coefficient):
        return sympy.expand(coefficient)
    # Away from zero at one point is away from zero; only an apparent zero is worth the polynomial arithmetic.
    symbols = sorted(coefficient.free_symbols, key=str)
    point = coefficient.xreplace({s: Integer(sympy.prime(7 + 3 * i)) for i, s in enumerate(symbols)})
    if point.is_Rational and point != 0:
        return coefficient
    return sympy.cancel(sympy.together(coefficient))


def _has_sum_below(item: Expr) -> bool:
    return any(power.exp.is_negative and power.base.has(sympy.Add) for power in item.atoms(sympy.Pow))


def _hides_functions(item: Expr) -> bool:
    return any(factor.has(*_FUNCTIONS) for factor in sympy.Mul.make_args(item) if not isinstance(factor, _FUNCTIONS))


FAMILIES: dict[str, Callable[..., Family]] = {
    "gaussian": gaussian,
    "beta-bernoulli": beta_bernoulli,
    "gamma-poisson": gamma_poisson,
    "dirichlet-categorical": dirichlet_categorical,
}
