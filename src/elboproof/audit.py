"""The audit of the ledger: for each equation what was proved, witnessed exactly and in floating point, and attacked."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from html import escape
from typing import Any

import numpy as np

from .display import entry_latex, link, road
from .language import Eq
from .ledger import LEDGER, Entry
from .numeric import standard_bindings, witness
from .prove import Proved
from .refute import Counterexample, fails_on
from .report import math
from .show import latex
from .tables import Shape, random_table
from .textform import text

TABLES = 40


@dataclass(frozen=True)
class Audit:
    """What is known of one equation. `gap` is the largest |difference| / bound of an equality's float witnesses."""

    entry: Entry
    exact: int
    refuted_on: int
    models: tuple[str, ...]
    failed: tuple[str, ...]
    gap: float | None
    outcomes: dict[str, int]

    @property
    def proved(self) -> bool:
        return all(isinstance(verdict, Proved) for verdict in self.entry.verdicts)

    @property
    def sound(self) -> bool:
        """Proved, never refuted by a table, within its error bound on every model, no mutant left undecided."""
        return self.proved and not self.refuted_on and not self.failed and not self.outcomes.get("undecided")


def exact_witness(claim: Any, count: int = TABLES, seed: int = 0) -> tuple[int, int]:
    """(tables that confirm a claim exactly, tables that refute it), random rational ones, half of them weighted."""
    rng = random.Random(seed)
    shape = Shape.of(claim.lhs, claim.rhs)
    found = [fails_on(claim, random_table(shape, rng, states=2 + i % 2, weighted=i % 4 > 1)) for i in range(count)]
    return sum(item is True for item in found), sum(isinstance(item, Counterexample) for item in found)


def audit(key: str, attack: bool = True) -> Audit:
    """Everything that is known of one equation, computed now. `attack` decides its wrong versions too."""
    entry = LEDGER[key]
    exact = [exact_witness(claim) for claim in entry.claims]
    models: list[str] = []
    failed: list[str] = []
    gap: float | None = None
    for name, on in standard_bindings().items():
        seen = [witness(claim, on) for claim in entry.claims]
        (models if all(w.holds for w in seen) else failed).append(name)
        for claim, w in zip(entry.claims, seen, strict=True):
            if isinstance(claim, Eq):
                gap = max(gap or 0.0, float(np.max(np.abs(w.difference) / w.bound)))
    outcomes = Counter(found.outcome for found in entry.mutants) if attack else Counter()
    confirmed, refuted = (sum(column) for column in zip(*exact, strict=True))
    return Audit(entry, confirmed, refuted, tuple(models), tuple(failed), gap, dict(outcomes))


@dataclass(frozen=True)
class LedgerTable:
    """The audits of all equations, to be displayed as a table."""

    audits: tuple[Audit, ...]

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        return {
            "text/html": f'<div class="elbo-ledger">{"".join(map(_block, self.audits))}</div>',
            "text/plain": str(self),
        }

    def __str__(self) -> str:
        lines = []
        for found in self.audits:
            claims = "; ".join(text(claim) for claim in found.entry.claims)
            lines.append(
                f"({found.entry.key}) {claims}: {'proved' if found.proved else 'NOT PROVED'}, {_attacked(found)}"
            )
        return "\n".join(lines)


def ledger_table() -> LedgerTable:
    """The whole ledger, audited now."""
    return LedgerTable(tuple(audit(key) for key in LEDGER))


def _attacked(found: Audit) -> str:
    made = sum(count for outcome, count in found.outcomes.items() if outcome != "ill-formed")
    parts = [f"{found.outcomes.get('refuted', 0)} of {made} refuted"]
    for outcome, words in (("proved", "still true"), ("ill-formed", "ill-formed"), ("undecided", "UNDECIDED")):
        if found.outcomes.get(outcome):
            parts.append(f"{found.outcomes[outcome]} {words}")
    return ", ".join(parts)


def _block(found: Audit) -> str:
    """An equation as a block: the object, then what is known of it, each with its name."""
    entry = found.entry
    conditions = dict.fromkeys(c for v in entry.verdicts if isinstance(v, Proved) for c in v.conditions)
    needs = "; ".join(math(latex(condition)) for condition in conditions) or "always"
    word = '<span class="proved">proved</span>' if found.proved else '<span class="undecided">not proved</span>'
    exact = f"{found.exact} random tables" + (f", refuted on {found.refuted_on}" if found.refuted_on else "")
    models = ", ".join(found.models) + (f"; failed on {', '.join(found.failed)}" if found.failed else "")
    facts = {
        "Verdict": word,
        "Holds if": needs,
        "Road": road(entry),
        "Exact": exact,
        "Floating point": models
        + (f"; largest error {_share(found.gap)} of its bound" if found.gap is not None else ""),
        "Wrong versions": _attacked(found),
    }
    listed = "".join(f"<div><dt>{term}</dt><dd>{fact}</dd></div>" for term, fact in facts.items())
    title = f"{link(entry.key)} {escape(entry.title, quote=False)}"
    return (
        f'<section class="elbo-entry" id="ledger-{entry.key}"><h3>{title}</h3>'
        f"{math(entry_latex(entry), display=True)}<dl>{listed}</dl></section>"
    )


def _share(gap: float) -> str:
    """The largest share of an error bound that was used, coarsely: rounding differs between processors."""
    return next((f"under {share}" for share in ("1/10", "1/2", "1/1") if gap <= float(Fraction(share))), "above 1/1")
