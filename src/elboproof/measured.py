"""What ``make bench`` measured, as tables for the book: read from its results, which are kept with the project."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from .errors import IllFormed

KINDS = {
    "ours": "this library",
    "plain": "as its users write it",
    "algebra": "given our algebra",
    "limit": "a bare operation",
}


CLOSED = "\u00a0"  # a space at which no line ends
NUMBER = re.compile(rf"[\d,.]+(?:{CLOSED}[mµ]?s)?\Z")


def seconds(value: float) -> str:
    """A time to three digits, in the unit that suits it and does not leave it."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if value >= 0.9995 * size or unit == "µs":
            return f"{float(f'{value / size:.3g}'):g}{CLOSED}{unit}"
    raise AssertionError


def times(value: float) -> str:
    return f"{float(f'{value:.2g}'):g}"


@dataclass(frozen=True)
class Shown:
    """Rows of text under a head, to be displayed; the first cell of a row names it, and rows of one name share it."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""

    def _repr_html_(self) -> str:
        columns = zip(*self.rows, strict=True) if any(self.head) else ()
        sides = [' style="text-align:right"' if all(map(NUMBER.match, cells)) else "" for cells in columns]
        sides = sides or [""] * len(self.head)
        head = "".join(f"<th{side}>{escape(cell)}</th>" for cell, side in zip(self.head, sides, strict=True))
        body = ""
        for first, group in groupby(self.rows, key=lambda row: row[0]):
            same = list(group)
            name = f'<th rowspan="{len(same)}">{escape(first)}</th>' if len(same) > 1 else f"<th>{escape(first)}</th>"
            for _, *rest in same:
                cells = zip(rest, sides[1:], strict=True)
                body += f"<tr>{name}" + "".join(f"<td{side}>{escape(cell)}</td>" for cell, side in cells) + "</tr>"
                name = ""
        caption = f"<caption>{escape(self.caption)}</caption>" if self.caption else ""
        top = f"<thead><tr>{head}</tr></thead>" if any(self.head) else ""
        return f'<div class="elbo-table"><table>{caption}{top}<tbody>{body}</tbody></table></div>'

    def __repr__(self) -> str:
        rows = [self.head, *self.rows] if any(self.head) else list(self.rows)
        widths = [max(len(row[i]) for row in rows) for i in range(len(self.head))]
        lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows]
        return "\n".join([self.caption, *lines] if self.caption else lines)


class Results:
    """The results of one run. Raises IllFormed for a file that is missing, or for a table that it does not hold."""

    def __init__(self, path: str | Path = "../benchmarks/results.json"):
        if not Path(path).is_file():
            raise IllFormed(f"expected the results of make bench, found no file {path}")
        self.all: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
        self.tables: dict[str, Any] = {table["key"]: table for table in self.all["tables"]}

    def machine(self) -> Shown:
        """What it ran on, and the versions of everything compared."""
        return Shown(("", ""), tuple(self.all["machine"].items()))

    def table(self, key: str) -> Shown:
        """One table: the median time of each, and how many times ours it is."""
        if key not in self.tables:
            raise IllFormed(f"expected one of {', '.join(self.tables)}, found {key!r}")
        found = self.tables[key]
        rows = []
        for row in found["rows"]:
            what = f"{KINDS[row['kind']]}; {row['note']}" if row["note"] else KINDS[row["kind"]]
            rows.append((row["name"], what, seconds(row["seconds"]), times(row["over ours"])))
        rounds = f"Medians of {found['rounds']} rounds."
        caption = " ".join(part for part in (found["title"] + ".", found["note"], rounds) if part)
        return Shown(("", "", "time", "times ours"), tuple(rows), caption)

    def gains(self) -> Shown:
        """The gain by algorithm (a peer, plainly and given our algebra), and by implementation (that, and ours)."""
        rows = []
        for found in self.tables.values():
            times_ = {row["name"]: row for row in found["rows"]}
            for plain, given in PAIRS:
                if plain in times_ and given in times_:
                    slow, fast = times_[plain]["seconds"], times_[given]["seconds"]
                    gain, rest = times(slow / fast), times(times_[given]["over ours"])
                    rows.append((found["title"], plain.split(",")[0], gain, rest, times(times_[plain]["over ours"])))
        return Shown(("", "against", "by algorithm", "by implementation", "together"), tuple(rows))

    def marks(self) -> Shown:
        """Every mark that was set beforehand, and whether it was met."""
        rows = []
        for found in self.tables.values():
            for mark in found["marks"]:
                value = (
                    "not measured" if mark["found"] is None else f"{mark['found']:.3g} of{CLOSED}{mark['limit']:.3g}"
                )
                word = {True: "met", False: "missed", None: ""}[mark["met"]]
                rows.append((found["title"], word, mark["text"], value))
        return Shown(("", "", "mark", "ratio, of at most"), tuple(rows))

    def growth(self) -> Shown:
        """The exponent of the time in each size (a line fitted to the logarithms), beside the one expected."""
        rows = []
        for one in self.all["growth"]:
            slope = float(np.polyfit(np.log(one["sizes"]), np.log(one["seconds"]), 1)[0])
            sizes = f"{one['sizes'][0]:,} to {one['sizes'][-1]:,}"
            inside = one["least"] <= slope <= one["most"]
            rows.append((one["title"], sizes, f"{slope:.2f}", one["expected"], "as expected" if inside else "not so"))
        return Shown(("", "sizes", "exponent", "expected", ""), tuple(rows))


PAIRS = [
    ("NumPyro, Trace_ELBO", "NumPyro, sample mean and size"),
    ("NumPyro, Trace_ELBO", "JAX, jit, Gram matrix"),
    ("torch.distributions", "torch, our quadratic"),
    ("torch.distributions", "torch, Gram matrix"),
    ("JAX, jit", "JAX, jit, our quadratic"),
    ("JAX, jit", "JAX, jit, our products"),
]
