"""Wrong versions of a claim, made by named operators on its tree, and what the prover says of each.

A mutant is *refuted* with a counterexample, *proved* (it is still true, and listed with its proof), *ill-formed* (the
language refuses it), or *undecided*, which counts as a failure of the prover.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from sympy import Integer, Rational

from . import language as lang
from .errors import IllFormed
from .prove import Proved, Refuted, Undecided, prove

Replacement = tuple[str, Callable[[], Any]]


@dataclass(frozen=True)
class Mutant:
    """A wrong version: the operator that made it, the place it changed, and the claim (None if ill-formed)."""

    operator: str
    place: str
    claim: Any
    error: str = ""


@dataclass(frozen=True)
class Decided:
    """A mutant with the prover's verdict (None for an ill-formed one)."""

    mutant: Mutant
    verdict: Proved | Refuted | Undecided | None

    @property
    def outcome(self) -> str:
        return "ill-formed" if self.verdict is None else type(self.verdict).__name__.lower()


def _without(items: Any, position: int) -> list[Any]:
    return [item for i, item in enumerate(items) if i != position]


def _with(items: Any, position: int, item: Any) -> list[Any]:
    return [item if i == position else old for i, old in enumerate(items)]


def _rebuilt(node: Any, position: int, build: Callable[[], Any]) -> Any:
    return node.func(*_with(node.args, position, build()))


def _rewrites(
    node: Any, parent: Any, exchange: dict[Any, list[Any]], measures: dict[Any, list[Any]]
) -> Iterator[Replacement]:
    """What each operator makes of one node. The last two arguments say which densities stand in for which."""
    if isinstance(node, lang.Plus):
        for i, arg in enumerate(node.args):
            sign, rest = lang.split_sign(arg)
            flipped = rest if sign < 0 else lang.negated(arg)
            yield "flip a sign", partial(lang.Plus, *_with(node.args, i, flipped))
            yield "drop a term", partial(lang.Plus, *_without(node.args, i))
    elif not isinstance(parent, lang.Plus) and lang.split_sign(node)[0] < 0:
        yield "flip a sign", partial(lang.operand, lang.split_sign(node)[1])
    elif isinstance(parent, lang.Claim) and not isinstance(node, lang.Plus) and _signed(node):
        yield "flip a sign", partial(lang.negated, node)
    if isinstance(node, lang.Times):
        for i, arg in enumerate(node.args):
            if not isinstance(arg, Rational):
                yield "drop a factor", partial(lang.Times, *_without(node.args, i))
    if isinstance(node, lang.Over):
        yield "drop a factor", partial(lang.operand, node.args[0])
        yield "drop a factor", partial(lang.Over, Integer(1), node.args[1])
        yield "invert a quotient", partial(lang.Over, node.args[1], node.args[0])
    if isinstance(node, lang.KL):
        yield "swap the KL", partial(lang.KL, node.args[1], node.args[0])
    if isinstance(node, lang.Density) and not isinstance(parent, lang.E):
        for other in exchange.get(node, ()):
            yield "exchange densities", partial(lang.operand, other)
    if isinstance(node, (lang.E, lang.KL, lang.ELBO, lang.H, lang.CE)):
        for i, arg in enumerate(node.args):
            if (isinstance(node, lang.E) and i) or (not isinstance(node, lang.E) and not i):
                for other in measures.get(arg, ()):
                    yield "change the measure", partial(node.func, *_with(node.args, i, other))
    if isinstance(node, lang.Log):
        yield "drop a log", partial(lang.operand, node.args[0])
    loggable = (lang.Density, lang.E, lang.Integral, lang.KL, lang.ELBO, lang.Log)
    if isinstance(node, loggable) and not isinstance(parent, (lang.KL, lang.ELBO, lang.H, lang.CE, lang.E, lang.Log)):
        yield "add a log", partial(lang.Log, node)


def _signed(node: Any) -> bool:
    """Whether a minus sign before a whole side is a plausible slip: it is no density."""
    return any(isinstance(n, (lang.Log, lang.KL, lang.ELBO, lang.E)) for n in lang.subterms(node))


def _everywhere(node: Any, parent: Any, context: tuple[Any, Any]) -> Iterator[tuple[str, str, Callable[[], Any]]]:
    """(operator, place, builder of the whole changed node) for every place at or below a node."""
    for operator, build in _rewrites(node, parent, *context):
        yield operator, str(node), build
    if isinstance(node, (lang.Density, lang.Law, lang.Variable)):
        return
    for i, arg in enumerate(node.args):
        for operator, place, build in _everywhere(arg, node, context):
            yield operator, place, partial(_rebuilt, node, i, build)


def roles(
    claim: Any, model: lang.Law, latent: Any, observed: Any, q: lang.Law
) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """Which densities are confused with which: prior, posterior, joint, likelihood; and measures of expectations."""
    named = [
        model(latent),
        model(latent | observed),
        model(observed, latent),
        model(observed | latent),
        model(observed),
    ]
    exchange = {d: [other for other in named if other != d] for d in named}
    measures = {q(latent): [model(latent), model(latent | observed)]}
    measures |= {d: [q(latent)] for d in (model(latent), model(latent | observed))}
    return exchange, measures


def mutants(claim: Any, context: tuple[dict[Any, Any], dict[Any, Any]]) -> list[Mutant]:
    """Every wrong version of a claim, each once, in a fixed order."""
    found: dict[Any, Mutant] = {}

    def keep(operator: str, place: str, build: Callable[[], Any]) -> None:
        try:
            made = build()
        except IllFormed as refusal:
            found.setdefault((operator, place, str(refusal)), Mutant(operator, place, None, str(refusal)))
            return
        if made != claim:
            found.setdefault(made, Mutant(operator, place, made))

    if isinstance(claim, (lang.Ge, lang.Le)):
        opposite = lang.Le if isinstance(claim, lang.Ge) else lang.Ge
        keep("reverse the inequality", str(claim), partial(opposite, *claim.args))
        keep("make it an equality", str(claim), partial(lang.Eq, *claim.args))
    for i in (0, 1):
        for operator, place, build in _everywhere(claim.args[i], claim, context):
            keep(operator, place, partial(_rebuilt, claim, i, build))
    return list(found.values())


def decide(mutant: Mutant) -> Decided:
    """The prover's verdict on one mutant."""
    return Decided(mutant, None if mutant.claim is None else _verdict(mutant.claim))


_verdict = lru_cache(maxsize=4096)(prove)  # equations share wrong versions
