"""How the book shows the ledger: one equation with what proves it, and the map of what rests on what."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

from .language import Eq
from .ledger import LEDGER, Entry
from .prove import Proved
from .report import math
from .show import SIGNS, latex
from .textform import text


@dataclass(frozen=True)
class Equation:
    """One equation of the source, to be displayed: the object that was proved, its rule, its side conditions."""

    entry: Entry

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        entry = self.entry
        display = math(entry_latex(entry), display=True, tag=entry.key)
        html = f'<div class="elbo-derivation"><div class="elbo-line" id="{entry.anchor}">{display}'
        return {
            "text/html": f'{html}<div class="elbo-reason">{_reason(entry)}</div></div></div>',
            "text/latex": rf"\begin{{equation}}{entry_latex(entry)}\tag{{{entry.key}}}\end{{equation}}",
            "text/plain": str(self),
        }

    def __str__(self) -> str:
        claims = "; ".join(text(claim) for claim in self.entry.claims)
        word = " and ".join(dict.fromkeys(type(v).__name__ for v in self.entry.verdicts))
        return f"({self.entry.key})  {claims}\n     {word} by {self.entry.rule}{_rests(self.entry)}"


def equation(key: Any) -> Equation:
    """The source's equation of that number, displayed from its object. KeyError, listing the numbers, if none."""
    if str(key) not in LEDGER:
        raise KeyError(f"expected one of the source's equations, {', '.join(LEDGER)}, found {key}")
    return Equation(LEDGER[str(key)])


def entry_latex(entry: Entry) -> str:
    """An entry's claims as the source chains them: an equation of equations, or one that implies the next."""
    first, *rest = entry.claims
    out = latex(first)
    for before, claim in zip(entry.claims, rest, strict=False):
        if isinstance(claim, Eq) and claim.lhs == before.rhs:
            out += f" {SIGNS[type(claim).__name__]} {latex(claim.rhs)}"
        else:
            out += rf" \;\Rightarrow\; {latex(claim)}"
    return out


def _reason(entry: Entry) -> str:
    conditions = dict.fromkeys(c for v in entry.verdicts if isinstance(v, Proved) for c in v.conditions)
    needs = "; ".join(math(latex(condition)) for condition in conditions)
    proved = all(isinstance(verdict, Proved) for verdict in entry.verdicts)
    word = '<span class="elbo-proved">✓ proved</span>' if proved else "not proved"
    rests = ", ".join(link(key) for key in entry.rests_on)
    rule = escape(entry.rule, quote=False) + (f" from {rests}" if rests else "")
    return f"{word}: {rule}" + (f"; holds if {needs}" if needs else "")


def _rests(entry: Entry) -> str:
    return " from " + ", ".join(f"({key})" for key in entry.rests_on) if entry.rests_on else ""


def link(key: str) -> str:
    """The number of an equation, linked to where the book displays it."""
    entry = LEDGER[key]
    return f'<a href="{entry.chapter}.html#{entry.anchor}">({key})</a>'


# -- the map ----------------------------------------------------------------------------------------------------------

WIDTH, ROW, RADIUS = 720, 92, 25


def depth(key: str) -> int:
    """How many steps an equation stands above what rests on nothing."""
    return 1 + max(map(depth, LEDGER[key].rests_on)) if LEDGER[key].rests_on else 0


def layout() -> dict[str, tuple[float, float]]:
    """A place for each equation: a row for each depth, ordered by what they rest on (barycentre sweeps)."""
    rows: dict[int, list[str]] = {}
    for key in LEDGER:
        rows.setdefault(depth(key), []).append(key)
    above: dict[str, list[str]] = {key: [k for k in LEDGER if key in LEDGER[k].rests_on] for key in LEDGER}
    place = {key: (i + 0.5) / len(row) for row in rows.values() for i, key in enumerate(row)}
    for sweep in range(12):
        for level in sorted(rows, reverse=bool(sweep % 2)):
            row = rows[level]
            near = {key: LEDGER[key].rests_on if not sweep % 2 else above[key] for key in row}
            wish = {key: sum(place[k] for k in near[key]) / len(near[key]) if near[key] else place[key] for key in row}
            row.sort(key=lambda key: (wish[key], list(LEDGER).index(key)))
            place |= {key: (i + 0.5) / len(row) for i, key in enumerate(row)}
    return {key: (WIDTH * place[key], ROW * (level + 0.5)) for level, row in rows.items() for key in row}


@dataclass(frozen=True)
class DerivationMap:
    """Which equation rests on which: an SVG that needs no script, each node linked to its place in the book."""

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        return {"text/html": map_html(), "text/plain": map_text()}


def derivation_map() -> DerivationMap:
    """The map of the derivation, to be displayed."""
    return DerivationMap()


def map_text() -> str:
    return "\n".join(f"({key}) by {entry.rule}{_rests(entry)}" for key, entry in LEDGER.items())


def _edge(start: tuple[float, float], end: tuple[float, float]) -> str:
    (x1, y1), (x2, y2) = start, end
    y1, y2 = y1 + RADIUS, y2 - RADIUS - 5
    middle = (y1 + y2) / 2
    return (
        f'<path d="M{x1:.0f} {y1:.0f} C{x1:.0f} {middle:.0f} {x2:.0f} {middle:.0f} {x2:.0f} {y2:.0f}" '
        'fill="none" stroke="currentColor" stroke-opacity="0.45" stroke-width="1.6" marker-end="url(#map-tip)"/>'
    )


def map_html() -> str:
    places = layout()
    height = ROW * (1 + max(map(depth, LEDGER)))
    proved = sum(all(isinstance(v, Proved) for v in entry.verdicts) for entry in LEDGER.values())
    caption = (
        f"{proved} of {len(LEDGER)} equations are proved. An arrow points from what an equation rests on; those in the "
        "top row rest on a definition or a rule alone. Choose a number to read it where the book shows it."
    )
    parts = [
        f'<figure class="elbo-map"><svg viewBox="0 0 {WIDTH} {height}" role="group" '
        f'aria-label="Map of the derivation: which of the {len(LEDGER)} equations rests on which" '
        'style="min-width: 34rem"><defs><marker id="map-tip" viewBox="0 0 8 8" refX="6" refY="4" '
        'markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="currentColor" '
        'fill-opacity="0.6"/></marker></defs>'
    ]
    for key, entry in LEDGER.items():
        parts += [_edge(places[below], places[key]) for below in entry.rests_on]
    for key, entry in LEDGER.items():
        x, y = places[key]
        kinds = {type(verdict).__name__.lower() for verdict in entry.verdicts}
        kind = "proved" if kinds == {"proved"} else "refuted" if "refuted" in kinds else "undecided"
        mark = {"proved": "✓", "refuted": "✗", "undecided": "?"}[kind]
        says = escape(f"({key}) {entry.title}: {kind} by {entry.rule}{_rests(entry)}")
        parts.append(
            f'<a href="{entry.chapter}.html#{entry.anchor}" aria-label="{says}" data-equation="{key}" '
            f'data-rests-on="{" ".join(entry.rests_on)}"><title>{says}</title>'
            f'<circle class="elbo-node {kind}" cx="{x:.0f}" cy="{y:.0f}" r="{RADIUS}"/>'
            f'<text x="{x:.0f}" y="{y:.0f}" dy="0.05em" text-anchor="middle" font-size="17" fill="currentColor">{key}'
            f'</text><text x="{x:.0f}" y="{y:.0f}" dy="1.1em" text-anchor="middle" font-size="13" '
            f'fill="currentColor">{mark}</text></a>'
        )
    return "".join(parts) + f"</svg><figcaption>{caption}</figcaption></figure>"


__all__ = ["DerivationMap", "Equation", "derivation_map", "entry_latex", "equation", "link"]
