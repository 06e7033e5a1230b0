"""The named rules. A rule of equality is a set of switches of the normal form; a rule of inequality drops one gap.

A line follows from the one before by a rule when both have the same normal form with that rule's switches alone (and
rearranging, which is always allowed). Adding a rule is adding a row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Any

from . import language as lang
from .linear import add_into
from .normal import ONE, SWITCHES, Normaliser, Polynomial, freeze, single


@dataclass(frozen=True)
class Rule:
    """A named step: its switches, the relations it can justify, and why it is allowed."""

    name: str
    switches: frozenset[str]
    why: str
    inequality: bool = False
    aliases: tuple[str, ...] = ()


def _rule(name: str, switches: str, why: str, *aliases: str, inequality: bool = False) -> Rule:
    return Rule(name, frozenset(switches.split()), why, inequality, aliases)


RULES: tuple[Rule, ...] = (
    _rule("add and subtract", "", "a finite quantity, added and subtracted, changes nothing", "add-and-subtract"),
    _rule("rearrange", "", "sums and products may be reordered, terms moved across", "arithmetic", "algebra"),
    _rule("definition of expectation", "expectation", "E_q[f] is the integral of q f", "expectation"),
    _rule("definition of the KL divergence", "KL", "KL(q || p) is E_q[log q/p]", "definition of KL", "KL"),
    _rule("definition of the ELBO", "ELBO", "ELBO(q) is E_q[log joint/q]", "definition of ELBO", "ELBO"),
    _rule("definition of entropy", "H", "H(q) is -E_q[log q]", "entropy", "H"),
    _rule("definition of cross-entropy", "CE", "CE(q, p) is -E_q[log p]", "cross-entropy", "CE"),
    _rule("definition of mutual information", "I", "I(x; z) is E[log joint/product]", "mutual information", "I"),
    _rule("product rule", "product", "p(a, b) = p(a | b) p(b)", "Bayes' rule", "Bayes"),
    _rule("sum rule", "sum", "a density integrates to its marginal, and to 1", "marginalisation", "marginalise"),
    _rule(
        "logarithm of a product", "log", "log ab = log a + log b", "log of a product", "log of a quotient", "logarithm"
    ),
    _rule("linearity of expectation", "linearity", "constants and sums leave the expectation", "linearity"),
    _rule("multiply and divide", "cancel expectation", "q/q = 1 wherever the integrand has mass", "importance weights"),
    _rule("declared factorisation", "product structure", "d-separation in the declared graph", "factorisation"),
    _rule("total probability", "product sum", "p(a) is the integral of p(a | b) p(b)", "law of total probability"),
    _rule(
        "logarithm of the product rule", "product log", "log p(a, b) = log p(a | b) + log p(b)", "log of Bayes' rule"
    ),
    _rule("split the logarithm", "log linearity", "E[log a/b] = E[log a] - E[log b]", "split the log"),
    _rule("expand the joint", "product log linearity", "log p(a, b) splits under the expectation"),
    _rule("collect the KL divergence", "KL log linearity", "E_q[log q] - E_q[log p] is a KL divergence", "collect KL"),
    _rule("Jensen's inequality", "", "log is concave: log E[X] >= E[log X]", "Jensen", inequality=True),
    _rule("Gibbs' inequality", "", "a KL divergence is never negative", "Gibbs", "KL >= 0", inequality=True),
    _rule("tangent inequality", "", "log x <= x - 1", "log x <= x - 1", "tangent", inequality=True),
)
BASIC = tuple(rule for rule in RULES if rule.inequality or rule.name == "rearrange" or len(rule.switches) == 1) + tuple(
    rule for rule in RULES if rule.name in ("multiply and divide", "declared factorisation")
)


def named(name: str) -> Rule:
    """The rule of that name or alias; ValueError listing the names if there is none."""
    wanted = name.strip().lower()
    for rule in RULES:
        if wanted in (rule.name.lower(), *(alias.lower() for alias in rule.aliases)):
            return rule
    raise ValueError(f"expected the name of a rule ({', '.join(rule.name for rule in RULES)}), found {name!r}")


def justifies(rule: Rule, claim: Any) -> bool:
    """Whether this one rule takes the left side of a claim to its right side."""
    if rule.inequality:
        return not isinstance(claim, lang.Eq) and _drops_gap(rule, claim)
    normaliser = Normaliser(rule.switches)
    same = normaliser(claim.lhs) == normaliser(claim.rhs)
    return same and (rule.name != "add and subtract" or _adds_and_subtracts(claim))


def _adds_and_subtracts(claim: Any) -> bool:
    """Whether some summand of one side stands there with both signs."""
    for side in (claim.lhs, claim.rhs):
        seen: set[Any] = set()
        for sign, term in _summands(side):
            if (-sign, term) in seen:
                return True
            seen.add((sign, term))
    return False


def _summands(term: Any, sign: int = 1) -> Iterator[tuple[int, Any]]:
    if isinstance(term, lang.Plus):
        for arg in term.args:
            yield from _summands(arg, sign)
        return
    minus, rest = lang.split_sign(term)
    if minus < 0:
        yield from _summands(rest, -sign)
    else:
        yield sign, term


def _drops_gap(rule: Rule, claim: Any) -> bool:
    """Whether the larger side exceeds the smaller by a sum of gaps of the rule's kind, after rearranging only."""
    normaliser = Normaliser(frozenset())
    rest = normaliser.difference(claim)
    if isinstance(claim, lang.Le):
        rest = {mono: -value for mono, value in rest.items()}
    if not rest:
        return False
    for mono, value in list(rest.items()):
        gap = gap_at(rule, mono) if value > 0 else None
        if gap is not None:
            add_into(rest, gap, -value)
    return not rest


def gap_at(rule: Rule, mono: Any) -> Polynomial | None:
    """The gap, in the normal form that only rearranges, whose leading monomial this is."""
    if rule.name == "tangent inequality":
        return _tangent_at(mono)
    if len(mono) != 1:
        return None
    ((factor, exponent),) = mono
    if exponent != 1:
        return None
    if rule.name == "Gibbs' inequality" and factor[0] == "node" and factor[1] in ("KL", "I"):
        return {mono: Fraction(1)}
    if rule.name == "Jensen's inequality" and factor[0] == "log" and len(factor[1]) == 1:
        ((inner, value),) = factor[1]
        if value == 1 and len(inner) == 1:
            ((mean, power),) = inner
            if mean[0] == "mean" and power == 1:
                logged = single(("log", mean[2]))
                below = single(("mean", mean[1], freeze({logged: Fraction(1)})))
                return {mono: Fraction(1), below: Fraction(-1)}
    return None


def _tangent_at(mono: Any) -> Polynomial | None:
    """X - 1 - log X for a quotient of densities, or E[X] - 1 - E[log X]."""
    ((factor, exponent), *others) = mono or [(("number",), 1)]
    averaged = factor[0] == "mean" and exponent == 1 and not others and len(factor[2]) == 1
    ((x, value),) = factor[2] if averaged else ((mono, 1),)
    kinds = {f[1][0] if f[0] == "inverse" else f[0] for f, _ in x}
    if value != 1 or kinds != {"density"}:
        return None
    logged = single(("log", freeze({x: Fraction(1)})))
    below = single(("mean", factor[1], freeze({logged: Fraction(1)}))) if averaged else logged
    return {mono: Fraction(1), ONE: Fraction(-1), below: Fraction(-1)}


def single_inequality(claim: Any) -> Rule | None:
    """The rule of inequality that alone justifies a claim, if one does."""
    return next((rule for rule in RULES if rule.inequality and justifies(rule, claim)), None)


def weakest(claim: Any) -> Rule | None:
    """The first rule, in order of strength, that alone justifies a line; None if a line needs more than one."""
    return next((rule for rule in RULES if justifies(rule, claim)), None)


def two_rules(claim: Any) -> tuple[Rule, Rule] | None:
    """Two basic rules of equality that together justify a line."""
    for first, second in combinations([rule for rule in BASIC if not rule.inequality], 2):
        normaliser = Normaliser(first.switches | second.switches)
        if normaliser(claim.lhs) == normaliser(claim.rhs):
            return first, second
    return None


def rules_used(claim: Any) -> tuple[str, ...]:
    """A smallest set of basic rules under which an identity's two sides have one normal form."""
    one = weakest(claim) if not isinstance(claim, lang.Eq) else next(
        (rule for rule in RULES if not rule.inequality and justifies(rule, claim)), None)  # fmt: skip
    if one is not None:
        return (one.name,)
    kinds = {type(node).__name__ for side in (claim.lhs, claim.rhs) for node in lang.subterms(side)}
    using = SWITCHES - {name for name in ("KL", "ELBO", "H", "CE", "I") if name not in kinds}
    for switch in sorted(using):
        fewer = Normaliser(using - {switch})
        if fewer(claim.lhs) == fewer(claim.rhs):
            using -= {switch}
    names = []
    for rule in BASIC:
        if rule.switches and rule.switches <= using | {"expectation", "product"} and rule.switches & using:
            names.append(rule.name)
            using -= rule.switches
    return tuple(names)
