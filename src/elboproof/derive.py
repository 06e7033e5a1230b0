"""`derive`: a chain of lines, each justified by one named rule, or refused.

    derive(log(p(D))).eq(log(Integral(p(D | theta) * p(theta), theta)), tag=2).ge(..., by="Jensen")

A line is accepted when a single rule takes the line before to it, and the prover, with its cross-examination, agrees.
With ``by=`` that very rule must do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from . import language as lang
from .errors import StepRejected
from .expand import Terms
from .normal import Normaliser
from .prove import Proved, Refuted, Undecided, prove
from .rules import RULES, Rule, justifies, named, two_rules, weakest
from .textform import text


@dataclass(frozen=True)
class Line:
    """One line of a derivation: its relation to the line before, its term, and what justifies it."""

    relation: str
    term: Any
    rule: Rule | None = None
    conditions: tuple[Any, ...] = ()
    tag: str = ""


_CLAIMS = {"=": lang.Eq, ">=": lang.Ge, "<=": lang.Le}


@dataclass(frozen=True)
class Derivation:
    """An immutable chain of justified lines. `eq`, `ge` and `le` return a longer one."""

    lines: tuple[Line, ...]

    def eq(self, term: Any, tag: Any = "", by: str | None = None) -> Derivation:
        """The next line, equal to the last. Raises StepRejected where no single rule, or not `by`, justifies it."""
        return self._next("=", term, tag, by)

    def ge(self, term: Any, tag: Any = "", by: str | None = None) -> Derivation:
        """The next line, at most the last (last >= next)."""
        return self._next(">=", term, tag, by)

    def le(self, term: Any, tag: Any = "", by: str | None = None) -> Derivation:
        """The next line, at least the last (last <= next)."""
        return self._next("<=", term, tag, by)

    @property
    def claim(self) -> Any:
        """What the chain shows of its first and last line."""
        signs = {line.relation for line in self.lines[1:]} - {"="}
        return _CLAIMS[signs.pop() if signs else "="](self.lines[0].term, self.lines[-1].term)

    @property
    def conditions(self) -> tuple[Any, ...]:
        """The side conditions of every line, each once."""
        return tuple(dict.fromkeys(condition for line in self.lines for condition in line.conditions))

    def _next(self, relation: str, term: Any, tag: Any, by: str | None) -> Derivation:
        if {relation, *(line.relation for line in self.lines)} >= {">=", "<="}:
            raise StepRejected(f"expected inequalities that all point one way, found {relation} after the opposite")
        claim = _CLAIMS[relation](self.lines[-1].term, lang.operand(term, "a line of a derivation"))
        where = f"line {len(self.lines) + 1}" + (f", tagged ({tag})" if tag else "")
        if by is None:
            rule = weakest(claim)
            if rule is None:
                raise StepRejected(f"expected one rule to justify {where}, {claim}; {_what_would(claim)}")
        else:
            try:
                rule = named(by)
            except ValueError as unknown:
                raise StepRejected(f"{where}: {unknown}") from None
            if not justifies(rule, claim):
                raise StepRejected(f"expected {rule.name} to justify {where}, {claim}; {_what_would(claim)}")
        verdict = prove(claim)
        if not isinstance(verdict, Proved):
            raise StepRejected(f"{where}: {rule.name} fits, but the line is not proved: {claim}")
        line = Line(relation, claim.rhs, rule, verdict.conditions, str(tag))
        return Derivation((*self.lines, line))


def _what_would(claim: Any) -> str:
    one = weakest(claim)
    if one is not None:
        return f"found that it is {one.name}"
    found = between(claim)
    if found is not None:
        first, line, second = found
        return f"found that it takes two, {first.name} and {second.name}, with this line between them: {text(line)}"
    pair = two_rules(claim)
    if pair is not None:
        return f"found that it takes two, {pair[0].name} and {pair[1].name}: write the line between them"
    verdict = prove(claim)
    if isinstance(verdict, Refuted):
        shown = verdict.counterexample
        return f"found that it is false: on a table the sides are {shown.lhs} and {shown.rhs}"
    if isinstance(verdict, Undecided):
        return f"found no rule: {verdict.reason}"
    return f"found that it takes more than one, among them {', '.join(verdict.rules)}"


def between(claim: Any) -> tuple[Rule, Any, Rule] | None:
    """A line that splits a step into two of one rule each, with those rules; None if none was found."""
    kinds = [(lang.Eq, type(claim))] + [(type(claim), lang.Eq)] * (not isinstance(claim, lang.Eq))
    for line in dict.fromkeys([*_halfway(claim.lhs), *_halfway(claim.rhs)]):
        for first, second in kinds:
            before = weakest(first(claim.lhs, line))
            after = before and weakest(second(line, claim.rhs))
            if before and after:
                return before, line, after
    return None


def _halfway(term: Any) -> Iterator[Any]:
    """What one rule makes of a term: a mean of a log as the log of the mean, or the other way, and each normal form."""
    if isinstance(term, lang.E) and isinstance(term.args[0], lang.Log):
        yield lang.Log(lang.E(term.args[0].args[0], *term.measures))
    if isinstance(term, lang.Log) and isinstance(term.args[0], lang.E):
        yield lang.E(lang.Log(term.args[0].args[0]), *term.args[0].measures)
    for rule in RULES:
        if not rule.inequality:
            normaliser = Normaliser(rule.switches)
            yield Terms(normaliser).polynomial(normaliser(term))


def derive(term: Any, tag: Any = "") -> Derivation:
    """Begin a derivation at a term; `eq`, `ge` and `le` add lines, each taken by one named rule.

    >>> from elboproof import E, KL, densities, derive, log, variables
    >>> x = variables("x")
    >>> p, q = densities("p q")
    >>> chain = (
    ...     derive(KL(q(x), p(x)))
    ...     .eq(E(log(q(x) / p(x)), q(x)))
    ...     .eq(E(log(q(x)), q(x)) - E(log(p(x)), q(x)))
    ... )
    >>> [line.rule.name for line in chain.lines[1:]]
    ['definition of the KL divergence', 'split the logarithm']

    Raises StepRejected, naming what would do, for a line that no single rule justifies; `prove` decides such a
    claim in one go. ``by=`` asks for a rule by name: `elboproof.rules.RULES` lists them.
    """
    return Derivation((Line("", lang.operand(term, "the first line of a derivation"), tag=str(tag)),))
