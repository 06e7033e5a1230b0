"""The ledger: every equation of the source, once, as data.

Source: Jiyuan (Jay) Liu, "Math Rationale for ELBO/KL in Bayesian Inference and VAEs", May 27, 2025. It displays 27
numbered equations and one without a number, called (24a) here; (5) and (20) stand there twice, (21) and (25) nowhere.
`written` is the source's own LaTeX. Each entry names the equations it rests on and the rule that leads from them to it;
`follows` checks that.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from sympy import Function

from . import language as lang
from .language import ELBO, KL, E, Eq, Ge, Integral, Le, densities, log, variables
from .linear import Vector, nonnegative_combination
from .mutants import Decided, decide, mutants, roles
from .normal import Normaliser
from .prove import Proved, Refuted, Undecided, prove
from .rules import Rule, gap_at, justifies, named

theta, D = variables("theta D")
p, q = densities("p q")
f = Function("f")

_joint, _ratio = p(D, theta), p(D | theta) * p(theta) / q(theta)
_bound = E(log(_joint / q(theta)), q(theta))
_kl, _elbo, _evidence = KL(q(theta), p(theta | D)), ELBO(q(theta), _joint), log(p(D))
_reconstruction = E(log(p(D | theta)), q(theta))
_minus_entropy = E(log(q(theta)), q(theta))


@dataclass(frozen=True)
class Entry:
    """One equation: its claims (two where the source chains them), what it rests on by which rule, its chapter."""

    key: str
    title: str
    chapter: str
    claims: tuple[Any, ...]
    rule: str
    rests_on: tuple[str, ...]
    written: str

    @property
    def anchor(self) -> str:
        return f"eq-{self.key}"

    @property
    def verdicts(self) -> tuple[Proved | Refuted | Undecided, ...]:
        return tuple(verdict_on(claim) for claim in self.claims)

    @property
    def mutants(self) -> tuple[Decided, ...]:
        """Every wrong version of every claim, decided."""
        return tuple(found for claim in self.claims for found in decided_mutants(claim))


@cache
def verdict_on(claim: Any) -> Proved | Refuted | Undecided:
    return prove(claim)


@cache
def decided_mutants(claim: Any) -> tuple[Decided, ...]:
    return tuple(decide(mutant) for mutant in mutants(claim, roles(claim, p, theta, D, q)))


def _entry(
    key: str, title: str, chapter: str, claims: Any, rule: str, rests_on: str, written: str
) -> tuple[str, Entry]:
    claims = claims if isinstance(claims, tuple) else (claims,)
    return key, Entry(key, title, chapter, claims, rule, tuple(rests_on.split()), written)


_KL = r"\text{KL}(q(\theta) \| p(\theta \mid D))"
_EL = r"\mathbb{E}_{q(\theta)} \left[ \log \frac{p(D, \theta)}{q(\theta)} \right]"
_W = r"\frac{p(D \mid \theta) p(\theta)}{q(\theta)}"

LEDGER: dict[str, Entry] = dict(
    [
        _entry("1", "Bayes' rule", "evidence", Eq(p(theta | D), p(D | theta) * p(theta) / p(D)), "product rule", "",
               r"p(\theta \mid D) = \frac{p(D \mid \theta) \, p(\theta)}{p(D)}"),
        _entry("2", "The evidence is an integral", "evidence", Eq(p(D), Integral(p(D | theta) * p(theta), theta)),
               "total probability", "", r"p(D) = \int p(D \mid \theta) \, p(\theta) \, d\theta"),
        _entry("3", "The KL divergence as an integral", "divergence",
               Eq(_kl, Integral(q(theta) * log(q(theta) / p(theta | D)), theta)), "definition of expectation", "14 19",
               _KL + r" = \int q(\theta) \log \frac{q(\theta)}{p(\theta \mid D)} d\theta"),
        _entry("4", "Evidence is a bound plus a divergence", "add-and-subtract", Eq(_evidence, _bound + _kl),
               "rearrange", "18", r"\log p(D) = " + _EL + " + " + _KL),
        _entry("5", "Evidence is ELBO plus KL", "add-and-subtract", Eq(_evidence, _elbo + _kl), "rearrange", "4 11",
               r"\log p(D) = \text{ELBO}(q) + " + _KL),
        _entry("6", "The ELBO is a lower bound", "add-and-subtract", Le(_elbo, _evidence), "Gibbs' inequality", "5",
               r"\text{ELBO}(q) \leq \log p(D)"),
        _entry("7", "Insert q over q", "multiply-and-divide",
               Eq(_evidence, log(Integral(q(theta) / q(theta) * p(D | theta) * p(theta), theta))),
               "multiply and divide", "2",
               r"\log p(D) = \log \int \frac{q(\theta)}{q(\theta)} p(D \mid \theta) p(\theta) d\theta"),
        _entry("8", "Pull q out of the quotient", "multiply-and-divide",
               Eq(_evidence, log(Integral(q(theta) * _ratio, theta))), "rearrange", "7",
               r"= \log \int q(\theta) \cdot " + _W + r" d\theta"),
        _entry("9", "Read it as an expectation", "multiply-and-divide", Eq(_evidence, log(E(_ratio, q(theta)))),
               "definition of expectation", "8 19",
               r"= \log \mathbb{E}_{q(\theta)} \left[ " + _W + r" \right]"),
        _entry("10", "Jensen's inequality", "jensen", Ge(log(E(_ratio, q(theta))), E(log(_ratio), q(theta))),
               "Jensen's inequality", "",
               r"\log \mathbb{E}_{q(\theta)} \left[ " + _W + r" \right] \geq \mathbb{E}_{q(\theta)} \left[ \log " + _W
               + r" \right]"),
        _entry("11", "The ELBO, defined", "jensen", Eq(_elbo, _bound), "definition of the ELBO", "",
               r"\text{ELBO}(q) = " + _EL),
        _entry("12", "The bound from Jensen", "jensen", Ge(_evidence, _elbo), "product rule", "9 10 11",
               r"\log p(D) \geq \text{ELBO}(q)"),
        _entry("13", "Add and subtract", "add-and-subtract", Eq(_evidence, _bound + (_evidence - _bound)),
               "add and subtract", "",
               r"\log p(D) = " + _EL + r" + \\ \left( \log p(D) - " + _EL + r" \right)"),
        _entry("14", "The KL divergence as an expectation", "add-and-subtract",
               Eq(_kl, E(log(q(theta) / p(theta | D)), q(theta))), "definition of the KL divergence", "",
               _KL + r" = \mathbb{E}_{q(\theta)} \left[ \log \frac{q(\theta)}{p(\theta \mid D)} \right]"),
        _entry("15", "The posterior, in logs", "add-and-subtract",
               (Eq(p(theta | D), _joint / p(D)), Eq(log(p(theta | D)), log(_joint) - _evidence)),
               "logarithm of the product rule", "",
               r"p(\theta \mid D) = \frac{p(D, \theta)}{p(D)} \Rightarrow \\ "
               r"\log p(\theta \mid D) = \log p(D, \theta) - \log p(D)"),
        _entry("16", "Take the evidence out of the log", "add-and-subtract",
               Eq(log(q(theta) / p(theta | D)), log(q(theta) / _joint) + _evidence), "logarithm of a product", "15",
               r"\log \frac{q(\theta)}{p(\theta \mid D)} = \log \frac{q(\theta)}{p(D, \theta)} + \log p(D)"),
        _entry("17", "Take the expectation", "add-and-subtract", Eq(_kl, -_bound + _evidence), "split the logarithm",
               "14 16", _KL + " = -" + _EL + r" + \log p(D)"),
        _entry("18", "Rearranged", "add-and-subtract", Eq(_evidence, _bound + _kl), "rearrange", "17",
               r"\log p(D) = " + _EL + " + " + _KL),
        _entry("19", "Expectation, defined", "divergence",
               Eq(E(f(theta), q(theta)), Integral(q(theta) * f(theta), theta)), "definition of expectation", "",
               r"\mathbb{E}_{q(\theta)}[f(\theta)] = \int q(\theta) \, f(\theta) \, d\theta"),
        _entry("20", "Reconstruction minus regularisation", "joint-expansion",
               Eq(_elbo, _reconstruction - KL(q(theta), p(theta))), "collect the KL divergence", "24a",
               r"\text{ELBO}(q) = \mathbb{E}_{q(\theta)}[\log p(D \mid \theta)] - \text{KL}(q(\theta) \| p(\theta))"),
        _entry("22", "The ELBO from the decomposition", "joint-expansion", Eq(_elbo, _evidence - _kl), "rearrange", "5",
               r"\text{ELBO}(q) = \log p(D) - " + _KL),
        _entry("23", "Expected joint minus expected q", "joint-expansion",
               (Eq(_elbo, _bound), Eq(_bound, E(log(_joint), q(theta)) - _minus_entropy)), "split the logarithm", "11",
               r"\text{ELBO}(q) = " + _EL + r" \\ = \mathbb{E}_{q(\theta)}[\log p(D, \theta)] - "
               r"\mathbb{E}_{q(\theta)}[\log q(\theta)]"),
        _entry("24", "The joint, in logs", "joint-expansion", Eq(log(_joint), log(p(D | theta)) + log(p(theta))),
               "logarithm of the product rule", "",
               r"\log p(D, \theta) = \log p(D \mid \theta) + \log p(\theta)"),
        _entry("24a", "The joint, split under the expectation", "joint-expansion",
               Eq(_elbo, _reconstruction + E(log(p(theta)), q(theta)) - _minus_entropy), "linearity of expectation",
               "23 24",
               r"\text{ELBO}(q) = \mathbb{E}_{q(\theta)}[\log p(D \mid \theta)] + "
               r"\mathbb{E}_{q(\theta)}[\log p(\theta)] - \mathbb{E}_{q(\theta)}[\log q(\theta)]"),
        _entry("26", "The KL divergence, again", "computable", Eq(_kl, E(log(q(theta) / p(theta | D)), q(theta))),
               "rearrange", "14",
               _KL + r" = \mathbb{E}_{q(\theta)} \left[ \log \frac{q(\theta)}{p(\theta \mid D)} \right]"),
        _entry("27", "The identity, again", "computable", Eq(_evidence, _elbo + _kl), "rearrange", "5",
               r"\log p(D) = \text{ELBO}(q) + " + _KL),
        _entry("28", "KL is evidence minus ELBO", "computable", Eq(_kl, _evidence - _elbo), "rearrange", "27",
               _KL + r" = \log p(D) - \text{ELBO}(q)"),
        _entry("29", "The ELBO needs no posterior", "computable",
               Eq(_elbo, E(log(_joint), q(theta)) - _minus_entropy), "rearrange", "23",
               r"\text{ELBO}(q) = \mathbb{E}_{q(\theta)}[\log p(D, \theta)] - \mathbb{E}_{q(\theta)}[\log q(\theta)]"),
    ]
)  # fmt: skip


# -- what rests on what, checked --------------------------------------------------------------------------------------


def follows(entry: Entry) -> bool:
    """Whether each claim of an entry follows from the equations it rests on, by its rule and rearranging alone.

    A premise may be used as it stands, averaged under a measure of the claim, or to replace one side by the other.
    """
    rule = named(entry.rule)
    premises = [claim for key in entry.rests_on for claim in LEDGER[key].claims]
    return all(_follows(claim, premises, rule) for claim in entry.claims)


def _follows(claim: Any, premises: list[Any], rule: Rule) -> bool:
    if justifies(rule, claim):
        return True
    variants = [claim]
    for premise in premises:
        if isinstance(premise, Eq):
            variants += [claim.xreplace({premise.lhs: premise.rhs}), claim.xreplace({premise.rhs: premise.lhs})]
    return any(_combines(variant, premises, rule) for variant in dict.fromkeys(variants))


def _combines(claim: Any, premises: list[Any], rule: Rule) -> bool:
    """Whether a claim is a combination of its premises, free for equations and non-negative for inequalities."""
    normaliser = Normaliser(rule.switches)
    measures = {n.measures: None for side in claim.args for n in lang.subterms(side) if isinstance(n, lang.E)}

    def upward(statement: Any) -> Vector:
        sign = -1 if isinstance(statement, Le) else 1
        return {mono: value * sign for mono, value in normaliser.difference(statement).items()}

    columns: list[Vector] = []
    for premise in premises:
        averaged = [premise.func(E(premise.lhs, *m), E(premise.rhs, *m)) for m in measures
                    if premise.free_symbols & {v for d in m for v in d.left}]  # fmt: skip
        for statement in (premise, *averaged):
            columns.append(upward(statement))
            if isinstance(premise, Eq):
                columns.append({mono: -value for mono, value in columns[-1].items()})
    target = upward(claim)
    if rule.inequality and not isinstance(claim, Eq):
        seen = {mono for vector in (target, *columns) for mono in vector}
        columns += [gap for mono in sorted(seen, key=repr) if (gap := gap_at(rule, mono)) is not None]
    if isinstance(claim, Eq) and any(not isinstance(premise, Eq) for premise in premises):
        return False
    return nonnegative_combination(target, columns) is not None


def rests_below(key: str) -> set[str]:
    """Every equation that an equation rests on, directly or through others."""
    out: set[str] = set()
    for below in LEDGER[key].rests_on:
        out |= {below} | rests_below(below)
    return out


__all__ = ["LEDGER", "Entry", "decided_mutants", "follows", "rests_below", "verdict_on"]
