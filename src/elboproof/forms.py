"""Terms that are >= 0 for all laws because of their form: what the certificate of an inequality is made of.

Most rest on ``log x <= x - 1``. A *tangent gap* E[X - 1 - log X] averages it; a *KL divergence* is the tangent gap of a
ratio of densities, whose mean is at most 1; a *Jensen gap* log E[X] - E[log X] is the tangent gap of X / E[X], and the
mean may be a sum with weights. The others: a *square*, the *Cauchy-Schwarz gap* of two means of squares, and a *moment
gap*, since k -> log E[X^k] is convex (Hölder).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sympy import Integer, Rational

from . import language as lang
from .conditions import Conditions
from .normal import Normaliser
from .signs import NOTHING, Known, nonnegative
from .walks import outside


@dataclass(frozen=True)
class Gap:
    """A term that is >= 0 because of its form."""

    kind: str
    term: Any


def nonnegative_by_form(term: Any, known: Known = NOTHING, measures: tuple[Any, ...] = ()) -> bool:
    """Whether a term is one of the forms that are >= 0 for all laws. A certificate holds nothing else.

    `known` holds terms that are positive wherever the claim has a value, because it averages their logarithms.
    """
    if isinstance(term, lang.E):
        return nonnegative_by_form(term.args[0], known, outside(measures, term.bound) + term.measures)
    if isinstance(term, lang.Integral):
        return nonnegative_by_form(term.args[0])
    return (
        isinstance(term, (lang.KL, lang.I))
        or nonnegative(term, known, measures)
        or _tangent(term, known, measures)
        or _jensen(term, known, measures)
        or _mixture(term)
        or _moments(term)
        or _cauchy(term)
    )


def _tangent(term: Any, known: Known, measures: Any) -> bool:
    """-1 + X - log X for an X positive by its form, or known to be."""
    if not isinstance(term, lang.Plus) or len(term.args) != 3:
        return False
    minus_one, x, minus_log = term.args
    return minus_one == -1 and minus_log == lang.negated(lang.Log(x)) and nonnegative(x, known, measures)


def _jensen(term: Any, known: Known, measures: Any) -> bool:
    """log E_mu[X] - E_mu[log X] for a positive X."""
    if not isinstance(term, lang.Plus) or len(term.args) != 2 or not isinstance(term.args[0], lang.Log):
        return False
    mean = term.args[0].args[0]
    if not isinstance(mean, lang.E):
        return False
    if not nonnegative(mean.args[0], known, outside(measures, mean.bound) + mean.measures):
        return False
    return term.args[1] == lang.negated(lang.E(lang.Log(mean.args[0]), *mean.measures))


def _mixture(term: Any) -> bool:
    """log(X_1 + ... + X_n) minus the sum of w_i log(X_i / w_i), for X >= 0 and some weights that sum to 1."""
    if not isinstance(term, lang.Plus) or not isinstance(term.args[0], lang.Log):
        return False
    whole = term.args[0].args[0]
    if not isinstance(whole, lang.Plus) or not all(map(nonnegative, whole.args)):
        return False
    waiting, total = list(whole.args), Fraction(0)
    for arg in term.args[1:]:
        weight, log = _scaled(arg)
        part = next((x for x in waiting if weight < 0 and lang.Log(divided(x, -weight)) == log), None)
        if part is None:
            return False
        waiting.remove(part)
        total -= weight
    return total == 1


def _moments(term: Any) -> bool:
    """A sum of c_k log E_mu[X^k] with one c_k < 0 (log E[X^0] = 0 included), sum c_k = 0 and sum k c_k = 0."""
    if not isinstance(term, lang.Plus):
        return False
    parts = [_scaled(arg) for arg in term.args]
    means = [log.args[0] for _, log in parts if isinstance(log, lang.Log) and isinstance(log.args[0], lang.E)]
    if len(means) < len(parts) or any(mean.measures != means[0].measures for mean in means):
        return False
    for base in dict.fromkeys(part for mean in means for part in (mean.args[0], *mean.args[0].args[:1])):
        ks = [_exponent(mean.args[0], base) for mean in means]
        values = [value for value, _ in parts]
        zeroth = -sum(values)
        balanced = None not in ks and sum(k * value for k, value in zip(ks, values, strict=True) if k) == 0
        if balanced and sum(value < 0 for value in (*values, zeroth)) == 1 and nonnegative(base):
            return len(set(ks)) == len(ks)
    return False


def _cauchy(term: Any) -> bool:
    """E[X^2] E[Y^2] - (E[X Y])^2 under one measure, or the same of integrals (Cauchy-Schwarz)."""
    if not isinstance(term, lang.Plus) or len(term.args) != 2 or not isinstance(term.args[0], lang.Times):
        return False
    means = term.args[0].args
    if len(means) != 2 or not isinstance(means[0], (lang.E, lang.Integral)):
        return False
    squares = [mean.args[0] for mean in means if mean.func == means[0].func and mean.args[1:] == means[0].args[1:]]
    if len(squares) != 2 or any(not isinstance(s, lang.Power) or s.args[1] != 2 for s in squares):
        return False
    both = means[0].func(lang.Times(*(s.args[0] for s in squares)), *means[0].args[1:])
    return term.args[1] == lang.negated(lang.Power(both, 2))


def _exponent(term: Any, base: Any) -> int | None:
    """The k for which a term is written as base^k; None if it is not."""
    if term == base:
        return 1
    return int(term.args[1]) if isinstance(term, lang.Power) and term.args[0] == base else None


def _scaled(term: Any) -> tuple[Fraction, Any]:
    """A rational number times a term."""
    if isinstance(term, lang.Times) and len(term.args) == 2 and isinstance(term.args[0], Rational):
        return Fraction(term.args[0].p, term.args[0].q), term.args[1]
    return Fraction(1), term


def rational(value: Fraction) -> Rational:
    return Rational(value.numerator, value.denominator)


def multiple(value: Fraction, term: Any) -> Any:
    return term if value == 1 else lang.Times(rational(value), term)


def divided(x: Any, weight: Fraction) -> Any:
    """X / w, with one number before it at most."""
    if isinstance(x, Rational):
        return x / rational(weight)
    value, rest = (Fraction(1), x)
    if isinstance(x, lang.Times) and isinstance(x.args[0], Rational):
        value, rest = Fraction(x.args[0].p, x.args[0].q), lang.Times(*x.args[1:])
    return multiple(value / weight, rest)


# -- each form, made --------------------------------------------------------------------------------------------------


def _averaged(kind: str, term: Any, outer: tuple[Any, ...]) -> Gap:
    return Gap(kind, lang.E(term, *outer) if outer else term)


def tangent_gap(x: Any, measures: tuple[Any, ...] = ()) -> Gap:
    inside = lang.Plus(Integer(-1), x, lang.negated(lang.Log(x)))  # a sum first would be merged
    return _averaged("tangent gap", inside, measures)


def jensen_gap(x: Any, inner: tuple[Any, ...], outer: tuple[Any, ...] = ()) -> Gap:
    gap = lang.Plus(lang.Log(lang.E(x, *inner)), lang.negated(lang.E(lang.Log(x), *inner)))
    return _averaged("Jensen gap", gap, outer)


def kl_gap(q: Any, p: Any, outer: tuple[Any, ...] = ()) -> Gap:
    return _averaged("KL divergence", lang.KL(q, p), outer)


def mixture_gap(whole: Any, weights: dict[int, Fraction], outer: tuple[Any, ...] = ()) -> Gap:
    """Jensen's gap of a sum: what its logarithm exceeds the weighted logarithms of its summands by."""
    parts = [multiple(-w, lang.Log(divided(whole.args[i], w))) for i, w in weights.items()]
    return _averaged("Jensen gap", lang.Plus(lang.Log(whole), *parts), outer)


def square_gap(x: Any, bound: tuple[Any, ...], measures: tuple[Any, ...] = (), outer: tuple[Any, ...] = ()) -> Gap:
    """E[X^2], or the integral of X^2 over what is bound where nothing draws it."""
    return _averaged("square", _mean(lang.Power(x, 2), bound, measures), outer)


def variance_gap(x: Any, measures: tuple[Any, ...], outer: tuple[Any, ...] = ()) -> Gap:
    """The variance of X: E[X^2] - (E[X])^2."""
    deviation = lang.Plus(x, lang.negated(lang.E(x, *measures)))
    return square_gap(deviation, (), measures, outer)


def cauchy_gap(x: Any, y: Any, bound: tuple[Any, ...], measures: tuple[Any, ...] = ()) -> Gap:
    """E[X^2] E[Y^2] - (E[X Y])^2, or the same of integrals."""
    xx, yy, xy = (_mean(term, bound, measures) for term in (lang.Power(x, 2), lang.Power(y, 2), lang.Times(x, y)))
    return Gap("Cauchy-Schwarz gap", lang.Plus(lang.Times(xx, yy), lang.negated(lang.Power(xy, 2))))


def _mean(term: Any, bound: tuple[Any, ...], measures: tuple[Any, ...]) -> Any:
    return lang.E(term, *measures) if measures else lang.Integral(term, *bound) if bound else term


def moment_gap(x: Any, ks: tuple[int, int, int], measures: tuple[Any, ...], outer: tuple[Any, ...] = ()) -> Gap:
    """(c-b) log E[X^a] + (b-a) log E[X^c] - (c-a) log E[X^b] for a < b < c."""
    a, b, c = ks
    values = {a: c - b, c: b - a, b: a - c}
    parts = [
        multiple(Fraction(values[k]), lang.Log(lang.E(x if k == 1 else lang.Power(x, k), *measures)))
        for k in (a, c, b)
        if k
    ]
    return _averaged("moment gap", lang.Plus(*parts), outer)


# -- what a gap needs beyond its form ---------------------------------------------------------------------------------


def covered(gap: Gap, normaliser: Normaliser) -> list[Any]:
    """The inclusions that a gap needs to be the difference of the claim's own terms.

    Under q, the mean of a quotient p/q is the integral of p where q > 0 only. That does no harm to a Jensen or tangent
    gap of what is positive by its form, which only loses. A square or moment gap takes such a mean with either sign,
    and what is positive under q alone may be negative elsewhere.
    """
    loses = gap.kind in ("Jensen gap", "tangent gap") and nonnegative_by_form(gap.term)
    if gap.kind == "KL divergence" or loses:
        return []
    return inclusions(gap, normaliser)


def inclusions(gap: Gap, normaliser: Normaliser) -> list[Any]:
    """The inclusions under which a gap sees all of what its quotients average."""
    needs = Conditions(lang.Ge(gap.term, Integer(0)), normaliser).supports()
    return [condition for condition in needs if isinstance(condition, lang.Support)]
