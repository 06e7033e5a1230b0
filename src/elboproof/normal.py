"""The normal form: one sum of coefficients times products, the same for every term that is equal for all laws.

A *polynomial* maps monomials to rational coefficients; a *monomial* is a set of (factor, exponent); a *factor* is a
tuple whose first entry names its kind:

    ("density", law, left, given)    a joint marginal once the product rule has split conditionals
    ("log", polynomial)              what is left when a log of a product has become a sum of logs
    ("integral", names, polynomial)  what no marginalisation removes
    ("mean", measures, polynomial)   an expectation, while its definition is not used
    ("value", name, arguments)       a generic function, or a variable as a value
    ("node", kind, ...)              a divergence or bound, while its definition is not used
    ("inverse", factor)              a denominator, while cancelling is not allowed
    ("sum", polynomial)              a sum that is divided by

Each rule of the book is a subset of the switches `SWITCHES`: with all of them on, two terms are equal for all laws
when their normal forms agree; with few on, that a few rules suffice.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import sympy
from sympy import Rational
from sympy.core.function import AppliedUndef

from . import language as lang
from .errors import IllFormed
from .integers import MOST_BITS, bits, primes
from .linear import add_into
from .structure import canonical, integrated

Factor = tuple[Any, ...]
Monomial = frozenset[tuple[Factor, int]]
Polynomial = dict[Monomial, Fraction]
Names = frozenset[str]

ONE: Monomial = frozenset()
MOST_PRODUCTS = 20_000
DEFINITIONS = ("KL", "ELBO", "H", "CE", "I")
SWITCHES = frozenset({*DEFINITIONS, "expectation", "linearity", "product", "sum", "cancel", "log", "structure"})


def constant(value: Any) -> Polynomial:
    value = Fraction(value.p, value.q) if isinstance(value, Rational) else Fraction(value)
    return {ONE: value} if value else {}


def freeze(poly: Polynomial) -> frozenset[tuple[Monomial, Fraction]]:
    return frozenset(poly.items())


def single(factor: Factor, exponent: int = 1) -> Monomial:
    return frozenset({(factor, exponent)})


def times(*monomials: Monomial) -> Monomial:
    out: dict[Factor, int] = {}
    for mono in monomials:
        for factor, exponent in mono:
            out[factor] = out.get(factor, 0) + exponent
    return frozenset((factor, exponent) for factor, exponent in out.items() if exponent)


def power(mono: Monomial, exponent: int) -> Monomial:
    return frozenset((factor, e * exponent) for factor, e in mono) if exponent else ONE


def product(first: Polynomial, second: Polynomial) -> Polynomial:
    if len(first) * len(second) > MOST_PRODUCTS:
        raise IllFormed(
            f"expected products of sums with at most {MOST_PRODUCTS} summands once multiplied out, found one with "
            f"{len(first)} times {len(second)}"
        )
    out: Polynomial = {}
    for m1, c1 in first.items():
        for m2, c2 in second.items():
            add_into(out, {times(m1, m2): c1 * c2})
    return out


def content(poly: Polynomial) -> tuple[Monomial, Polynomial]:
    """The monomial common to all of a sum, and what remains: a + a b is a (1 + b), 1 + b/a is (a + b)/a."""
    powers = [dict(mono) for mono in poly]
    least = {factor: min(each.get(factor, 0) for each in powers) for each in powers for factor in each}
    common = frozenset((factor, e) for factor, e in least.items() if e)
    return common, spread({times(mono, power(common, -1)): value for mono, value in poly.items()}) if common else poly


def spread(poly: Polynomial) -> Polynomial:
    """A polynomial with the sums among its factors multiplied out."""
    out: Polynomial = {}
    for mono, value in poly.items():
        sums = frozenset(item for item in mono if item[0][0] == "sum" and item[1] > 0)
        made: Polynomial = {mono - sums: value}
        for factor, exponent in sums:
            for _ in range(exponent):
                made = product(made, dict(factor[1]))
        add_into(out, made)
    return out


def names_in(item: Any) -> Names:
    """The free variables, by name, of a factor, monomial, polynomial or frozen polynomial."""
    if isinstance(item, (dict, frozenset)):
        return frozenset().union(*(names_in(key if isinstance(item, dict) else key[0]) for key in item))
    kind = item[0]
    if kind == "density":
        return item[2] | item[3]
    if kind == "integral":
        return names_in(item[2]) - item[1]
    if kind == "mean":
        bound = frozenset().union(*(m[2] for m in item[1]))
        return (names_in(item[2]) | frozenset().union(*(m[3] for m in item[1]))) - bound
    if kind == "value":
        return item[3]
    if kind == "node":
        return item[2]
    return names_in(item[1])  # log, inverse, sum


class Normaliser:
    """Brings terms to normal form with the given switches on. One instance remembers what it has seen."""

    def __init__(self, using: frozenset[str] = SWITCHES):
        self.using = using
        self._seen: dict[Any, Polynomial] = {}
        self.laws: dict[str, lang.Law] = {}
        self.cancelled = False  # whether terms vanished, or a sum was multiplied out: infinities forbid it

    def __call__(self, term: Any) -> Polynomial:
        found = self._seen.get(term)
        if found is None:
            found = self._seen[term] = self._visit(term)
        return dict(found)

    def difference(self, claim: Any) -> Polynomial:
        """Left side minus right side of a claim."""
        return add_into(self(claim.lhs), self(claim.rhs), -1)

    def _visit(self, term: Any) -> Polynomial:
        if isinstance(term, Rational):
            return constant(term)
        if isinstance(term, lang.Variable):
            return {single(("value", term.name, (), frozenset({term.name}))): Fraction(1)}
        if isinstance(term, AppliedUndef):
            free = frozenset(v.name for v in term.free_symbols)
            return {single(("value", term.func.__name__, tuple(map(str, term.args)), free)): Fraction(1)}
        if isinstance(term, (lang.Plus, sympy.Add)):
            out: Polynomial = {}
            count = 0
            for arg in term.args:
                poly = self(arg)
                count += len(poly)
                add_into(out, poly)
            self.cancelled |= len(out) < count
            return out
        if isinstance(term, (lang.Times, sympy.Mul)):
            out = constant(1)
            for arg in term.args:
                poly = self(arg)
                self.cancelled |= (len(poly) > 1 and out.keys() != {ONE}) or (len(out) > 1 and poly.keys() != {ONE})
                out = product(out, poly)
            return self._settled(out)
        if isinstance(term, lang.Over):
            above, below = self(term.args[0]), self(term.args[1])
            self.cancelled |= len(above) > 1 and below.keys() != {ONE}
            return self._settled(product(above, self._inverse(below)))
        if isinstance(term, (lang.Power, sympy.Pow)):
            base, exponent = self(term.args[0]), int(term.args[1])
            base = base if exponent >= 0 else self._inverse(base)
            self.cancelled |= len(base) > 1
            out = constant(1)
            for _ in range(abs(exponent)):
                out = product(out, base)
            if any(bits(value) > MOST_BITS for value in out.values()):
                raise IllFormed(f"expected numbers of at most {MOST_BITS} bits, found a power with more")
            return self._settled(out)
        if isinstance(term, lang.Log):
            return self._log(self(term.args[0]))
        if isinstance(term, lang.Density):
            return {self._density(term): Fraction(1)}
        if isinstance(term, lang.Integral):
            return self.integral(self(term.args[0]), frozenset(v.name for v in term.bound))
        if isinstance(term, lang.E) and "expectation" not in self.using:
            return self._mean(self(term.args[0]), frozenset(self._key(m) for m in term.measures))
        if type(term).__name__ in DEFINITIONS and type(term).__name__ not in self.using:
            key = tuple(self._key(arg) for arg in term.args)
            free = frozenset(v.name for v in term.free_symbols)
            return {single(("node", type(term).__name__, free, key)): Fraction(1)}
        return self(term.definition())

    def _key(self, arg: Any) -> Any:
        if isinstance(arg, lang.Density):
            self.laws[arg.law.name] = arg.law
            return ("density", arg.law.name, *(frozenset(v.name for v in side) for side in (arg.left, arg.given)))
        if isinstance(arg, lang.Law):
            self.laws[arg.name] = arg
            return arg.name
        return frozenset(v.name for v in arg)

    # -- densities: the product rule and declared structure

    def _density(self, term: lang.Density) -> Monomial:
        _, law, left, given = self._key(term)
        if "product" not in self.using:
            return single(("density", law, left, given))
        return times(self.joint(law, left | given), power(self.joint(law, given), -1))

    def joint(self, law: str, names: Names) -> Monomial:
        """The joint marginal of a law over a set of variables, in canonical factors."""
        return self._from_vector(law, self._canonical(law, {names: Fraction(1)})) if names else ONE

    def _canonical(self, law: str, vector: dict[Any, Fraction]) -> dict[Any, Fraction]:
        known = self.laws.get(law)
        return canonical(known, vector) if known and "structure" in self.using else vector

    @staticmethod
    def _from_vector(law: str, vector: dict[Any, Fraction]) -> Monomial:
        return frozenset((("density", law, names, frozenset()), int(value)) for names, value in vector.items())

    # -- quotients and logarithms

    def _inverse(self, poly: Polynomial) -> Polynomial:
        if len(poly) != 1:
            common, poly = content(poly) if "cancel" in self.using else (ONE, poly)
            scale = sum(map(abs, poly.values()), Fraction(0))
            scaled = freeze({mono: value / scale for mono, value in poly.items()}) if scale else freeze({})
            return {times(power(common, -1), single(("sum", scaled), -1)): 1 / scale if scale else Fraction(1)}
        ((mono, value),) = poly.items()
        if "cancel" in self.using:
            sums = [(factor, -e) for factor, e in mono if factor[0] == "sum" and e < 0]
            out = {power(frozenset(item for item in mono if item[0] not in dict(sums)), -1): 1 / value}
            for factor, exponent in sums:  # one over one over a sum is the sum
                for _ in range(exponent):
                    out = product(out, dict(factor[1]))
            return out
        flipped = []
        for factor, exponent in mono:
            if factor[0] == "inverse":  # 1/(1/x) is x, also where x is zero
                flipped.append(single(factor[1], exponent))
            else:
                flipped.append(single(factor, -exponent) if exponent < 0 else single(("inverse", factor), exponent))
        return {times(*flipped): 1 / value}

    def _settled(self, poly: Polynomial) -> Polynomial:
        """While cancelling is off, p(a,b) / p(b) is still the product rule's conditional, not a cancellation."""
        if "cancel" in self.using or "product" not in self.using:
            return poly
        out: Polynomial = {}
        for mono, value in poly.items():
            above = [f for f, e in mono if f[0] == "density" and e > 0]
            parts = []
            for factor, exponent in mono:
                inner = factor[1] if factor[0] == "inverse" else None
                if inner and inner[0] == "density" and any(f[1] == inner[1] and f[2] > inner[2] for f in above):
                    parts.append(single(inner, -exponent))
                else:
                    parts.append(single(factor, exponent))
            add_into(out, {times(*parts): value})
        return out

    def _log(self, poly: Polynomial) -> Polynomial:
        if "log" not in self.using or not poly:
            return {single(("log", freeze(poly))): Fraction(1)} if poly != constant(1) else {}
        scale = sum(map(abs, poly.values()), Fraction(0))
        if len(poly) > 1:
            common, poly = content(poly)
            if common:
                return add_into(self._log(poly), self._log({common: Fraction(1)}))
            rest = freeze({mono: value / scale for mono, value in poly.items()})
            return add_into(self._log_number(scale), {single(("log", rest)): Fraction(1)})
        ((mono, value),) = poly.items()
        if value < 0:
            return {single(("log", freeze(poly))): Fraction(1)}
        out = self._log_number(scale)
        for factor, exponent in mono:
            if factor[0] == "inverse":
                factor, exponent = factor[1], -exponent
            inner = factor[1] if factor[0] == "sum" else freeze({single(factor): Fraction(1)})
            add_into(out, {single(("log", inner)): Fraction(exponent)})
        return out

    @staticmethod
    def _log_number(value: Fraction) -> Polynomial:
        out: Polynomial = {}
        for number, sign in ((value.numerator, 1), (value.denominator, -1)):
            for prime, exponent in primes(number):
                inner = freeze(constant(prime))
                add_into(out, {single(("log", inner)): Fraction(sign * exponent)})
        return out

    # -- expectations and integrals

    def _mean(self, poly: Polynomial, measures: frozenset[Factor]) -> Polynomial:
        """An expectation whose definition is not used: linear at most."""
        if "linearity" not in self.using:
            return {single(("mean", measures, freeze(poly))): Fraction(1)}
        bound = frozenset().union(*(m[2] for m in measures))
        out: Polynomial = {}
        for mono, value in poly.items():
            outside = frozenset(item for item in mono if not names_in(item[0]) & bound)
            inside = mono - outside
            mean = single(("mean", measures, freeze({inside: Fraction(1)}))) if inside else ONE
            add_into(out, {times(outside, mean): value})
        return out

    def integral(self, poly: Polynomial, names: Names) -> Polynomial:
        """The integral of a polynomial over the named variables, marginalised as far as it goes."""
        if "linearity" not in self.using and len(poly) != 1:
            return {single(("integral", names, freeze(poly))): Fraction(1)}
        out: Polynomial = {}
        for mono, value in poly.items():
            add_into(out, {self._integral(mono, names): value})
        return out

    def _integral(self, mono: Monomial, names: Names) -> Monomial:
        linear = "linearity" in self.using
        if linear:
            mono, names = self._flattened(mono, names)
        if "sum" in self.using:
            mono, names = self._marginalised(mono, names)
        if not names:
            return mono
        if not linear:
            return single(("integral", names, freeze({mono: Fraction(1)})))
        parts = [frozenset(item for item in mono if not names_in(item[0]) & names)]
        touching = {item: names_in(item[0]) & names for item in mono if names_in(item[0]) & names}
        left = set(names)
        while left:  # connected components
            group = frozenset({left.pop()})
            while grown := {item for item, found in touching.items() if found & group and not found <= group}:
                group = group.union(*(touching[item] for item in grown))
            left -= group
            inside = frozenset(item for item, found in touching.items() if found <= group)
            parts.append(single(("integral", group, freeze({inside: Fraction(1)}))))
        return times(*parts)

    def left(self, mono: Monomial, names: Names) -> Monomial:
        """What is left of a monomial once those of the names that only densities hold are integrated out."""
        return self._marginalised(mono, names)[0]

    @staticmethod
    def _flattened(mono: Monomial, names: Names) -> tuple[Monomial, Names]:
        """Nested integrals as one, unless the inner variables would then mean two things."""
        again = True
        while again:
            again = False
            for item in mono:
                factor, exponent = item
                if factor[0] != "integral" or exponent != 1 or not names_in(factor) & names:
                    continue
                rest = mono - {item}
                if factor[1] & (names | names_in(rest)) or len(factor[2]) != 1:
                    continue
                ((inner, value),) = factor[2]
                if value == 1:
                    mono, names, again = times(rest, inner), names | factor[1], True
                    break
        return mono, names

    def _marginalised(self, mono: Monomial, names: Names) -> tuple[Monomial, Names]:
        """Integrate out, until nothing changes, every variable that occurs in one density only, to the power +1."""
        again = True
        while again:
            again = False
            for name in sorted(names):
                touching = [item for item in mono if name in names_in(item[0])]
                without = self._without(name, touching)
                if without is not None:
                    mono = times(mono - frozenset(touching), without)
                    names, again = names - {name}, True
        return mono, names

    def _without(self, name: str, touching: list[tuple[Factor, int]]) -> Monomial | None:
        if not touching or any(factor[0] != "density" for factor, _ in touching):
            return None
        factor, exponent = touching[0]
        _, law, left, given = factor
        if len(touching) == 1 and exponent == 1 and name in left:
            rest = left - {name}
            if given:
                return single(("density", law, rest, given)) if rest else ONE
            return self.joint(law, rest)
        known = self.laws.get(law)
        if not known or not known.factors or not {"structure", "product"} <= self.using:
            return None
        if all(f[1] == law for f, _ in touching):
            vector = integrated(known, {f[2]: Fraction(e) for f, e in touching}, name)
            return None if vector is None else self._from_vector(law, vector)
        return None
