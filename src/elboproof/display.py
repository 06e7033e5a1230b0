"""How the book shows the ledger: one equation with what proves it, and the map of what rests on what."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from itertools import combinations, pairwise
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
        return f"({self.entry.key})  {claims}\n     {word}. The road: {self.entry.rule}{_rests(self.entry)}"


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
    return f"{word}" + (f", if {needs}" if needs else "") + f'<span class="elbo-road">road: {road(entry)}</span>'


def road(entry: Entry) -> str:
    """The rule that leads to an equation in the source, and from which others, linked."""
    rests = ", ".join(link(key) for key in entry.rests_on)
    return escape(entry.rule, quote=False) + (f" from {rests}" if rests else "")


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


def _routes() -> dict[tuple[str, str], list[str]]:
    """Each arrow as the vertices it passes: an arrow over several rows gets a place of its own in every row between."""
    routes = {}
    for key, entry in LEDGER.items():
        for below in entry.rests_on:
            between = [f"{below}>{key}@{level}" for level in range(depth(below) + 1, depth(key))]
            routes[below, key] = [below, *between, key]
    return routes


def layout() -> dict[str, tuple[float, float]]:
    """A place for each equation and each passing arrow: a row a depth, ordered by barycentre sweeps (Sugiyama 1981)."""
    routes = _routes()
    level = {key: depth(key) for key in LEDGER}
    for route in routes.values():
        level |= {v: level[route[0]] + i for i, v in enumerate(route)}
    before: dict[str, list[str]] = {v: [] for v in level}
    after: dict[str, list[str]] = {v: [] for v in level}
    for route in routes.values():
        for v, w in pairwise(route):
            before[w].append(v)
            after[v].append(w)
    rows: dict[int, list[str]] = {}
    for v in level:
        rows.setdefault(level[v], []).append(v)
    place = {v: (i + 0.5) / len(row) for row in rows.values() for i, v in enumerate(row)}
    best, fewest = place, _crossings(routes, place)
    for sweep in range(40):
        near = before if sweep % 2 == 0 else after
        for number in sorted(rows, reverse=bool(sweep % 2)):
            wish = {v: sum(place[w] for w in near[v]) / len(near[v]) if near[v] else place[v] for v in rows[number]}
            rows[number].sort(key=lambda v: wish[v])
            place |= {v: (i + 0.5) / len(rows[number]) for i, v in enumerate(rows[number])}
        crossings = _crossings(routes, place)
        if crossings < fewest:
            best, fewest = dict(place), crossings
    return {v: (WIDTH * best[v], ROW * (level[v] + 0.5)) for v in level}


def _crossings(routes: dict[tuple[str, str], list[str]], place: dict[str, float]) -> int:
    legs: dict[int, list[tuple[float, float]]] = {}
    for (below, _), route in routes.items():
        for i, (v, w) in enumerate(pairwise(route)):
            legs.setdefault(depth(below) + i, []).append((place[v], place[w]))
    return sum((a[0] - b[0]) * (a[1] - b[1]) < 0 for row in legs.values() for a, b in combinations(row, 2))


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


def _edge(points: list[tuple[float, float]], below: str, key: str) -> str:
    (x, y), last = points[0], len(points) - 1
    path = f"M{x:.0f} {y + RADIUS:.0f}"
    y += RADIUS
    for i, (x2, y2) in enumerate(points[1:], 1):
        end = y2 - RADIUS - 5 if i == last else y2
        middle = (y + end) / 2
        path += f" C{x:.0f} {middle:.0f} {x2:.0f} {middle:.0f} {x2:.0f} {end:.0f}"
        x, y = x2, end
    return (
        f'<path d="{path}" fill="none" stroke="currentColor" stroke-opacity="0.5" stroke-width="1.6" '
        f'marker-end="url(#map-tip)" data-from="{below}" data-to="{key}"/>'
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
        '<figure class="elbo-map" data-figure="map"><div class="elbo-map-scroll">'
        f'<svg viewBox="0 0 {WIDTH} {height}" role="group" '
        f'aria-label="Map of the derivation: which of the {len(LEDGER)} equations rests on which" '
        'style="min-width: 34rem"><defs><marker id="map-tip" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="11" '
        'markerHeight="11" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L8 4L0 8z" fill="currentColor" '
        'fill-opacity="0.6"/></marker></defs>'
    ]
    parts += [_edge([places[v] for v in route], *ends) for ends, route in _routes().items()]
    for key, entry in LEDGER.items():
        x, y = places[key]
        kinds = {type(verdict).__name__.lower() for verdict in entry.verdicts}
        kind = "proved" if kinds == {"proved"} else "refuted" if "refuted" in kinds else "undecided"
        mark = {"proved": "✓", "refuted": "✗", "undecided": "?"}[kind]
        says = escape(f"({key}) {entry.title}: {kind}; {entry.rule}{_rests(entry)}")
        parts.append(
            f'<a href="{entry.chapter}.html#{entry.anchor}" data-equation="{key}" '
            f'data-rests-on="{" ".join(entry.rests_on)}"><title>{says}</title>'
            f'<circle class="elbo-node {kind}" cx="{x:.0f}" cy="{y:.0f}" r="{RADIUS}" stroke-width="1.5" style="fill: '
            f'var(--elbo-{kind}-paper, none); stroke: var(--elbo-{kind}-ink, currentColor)"/>'
            f'<text x="{x:.0f}" y="{y:.0f}" dy="0.05em" text-anchor="middle" font-size="17" aria-hidden="true" '
            f'fill="currentColor">{key}'
            f'</text><text x="{x:.0f}" y="{y:.0f}" dy="1.1em" text-anchor="middle" font-size="13" aria-hidden="true" '
            f'fill="currentColor">{mark}</text></a>'
        )
    says = '<p class="elbo-map-says" hidden><span data-shows="says">Point at a number.</span></p>'
    return "".join(parts) + f"</svg></div>{says}<figcaption>{caption}</figcaption></figure>"


__all__ = ["DerivationMap", "Equation", "derivation_map", "entry_latex", "equation", "link"]
