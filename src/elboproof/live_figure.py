"""A figure that answers to the hand: a drawn figure, controls for it, and the few numbers a script redraws it from.

What a reader without a script sees, and what the notebooks' comparison holds, is the drawing. The book's scripts
(book/_static/figures) read the numbers, draw the same picture from them, and change it as a slider or a handle moves.
The controls are the browser's own sliders with labels, so that they work from the keyboard, by touch and by ear; they
are hidden where no script of the book is at work (in Jupyter, in print).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from .errors import IllFormed
from .figures import Figure, figure

CERTAIN = 12  # significant digits of a number in the data: the same on every processor


@dataclass(frozen=True)
class Slider:
    """A number the reader sets: `low` to `high` in steps of `step`, at first `value`, which lies on a step.

    One that is `hidden` waits until a choice calls for it.
    """

    name: str
    label: str
    low: float
    high: float
    step: float
    value: float
    hidden: bool = False

    def __post_init__(self) -> None:
        if not (self.low < self.high and self.step > 0 and self.low <= self.value <= self.high):
            raise IllFormed(f"expected low <= value <= high and step > 0 of slider {self.name}, found {self}")
        steps = (self.value - self.low) / self.step
        if abs(steps - round(steps)) > 1e-6:
            raise IllFormed(f"expected the value of slider {self.name} on a step, found {self}")

    def html(self, owner: str) -> str:
        low, high, step, value = (_plain(v) for v in (self.low, self.high, self.step, self.value))
        this, waits = f"{owner}-{self.name}", " hidden" if self.hidden else ""
        return (
            f'<div class="elbo-live-row" data-row="{self.name}"{waits}><label for="{this}">{escape(self.label)}</label>'
            f'<input type="range" id="{this}" data-control="{self.name}" min="{low}" max="{high}" step="{step}" '
            f'value="{value}" autocomplete="off" disabled><output for="{this}">{value}</output></div>'
        )


@dataclass(frozen=True)
class Choice:
    """One of a few: `options` maps a value to its label; the first is chosen at first."""

    name: str
    label: str
    options: Mapping[str, str]

    def html(self, owner: str) -> str:
        rows = "".join(
            f'<label><input type="radio" name="{owner}-{self.name}" data-control="{self.name}" value="{value}" '
            f'autocomplete="off" disabled{" checked" if i == 0 else ""}>{escape(label)}</label>'
            for i, (value, label) in enumerate(self.options.items())
        )
        return f'<fieldset class="elbo-live-choice"><legend>{escape(self.label)}</legend>{rows}</fieldset>'


def _plain(value: float) -> str:
    return f"{value:.{CERTAIN}g}"


def rounded(value: Any) -> Any:
    """Data with its floats rounded to what is certain. IllFormed for a number that JSON does not have."""
    if isinstance(value, Mapping):
        return {str(key): rounded(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(inner) for inner in value]
    if isinstance(value, (str, bool, int)) or value is None:
        return value
    if not math.isfinite(value):
        raise IllFormed(f"expected finite numbers in the data of a figure, found {value!r}")
    short = float(_plain(float(value)))
    return int(short) if short == int(short) and abs(short) < 1e15 else short


class Live(Figure):
    """A drawn figure, left by its ``with`` block, to be brought to life.

    `kind` names its script, `data` are the numbers that script draws from, `controls` what the reader sets, and `shows`
    the values written below, a label for each name.
    """

    def __init__(
        self,
        kind: str,
        made: figure,
        data: Mapping[str, Any],
        controls: Sequence[Slider | Choice],
        shows: Mapping[str, str],
    ):
        drawn = made.drawn
        if drawn is None:
            raise IllFormed(f"expected the figure {made.name} to be drawn before it is shown")
        super().__init__(drawn.name, drawn.caption, drawn.alt, drawn.svg)
        self.kind, self.data, self.controls, self.shows = kind, rounded(data), tuple(controls), dict(shows)

    @property
    def html(self) -> str:
        data = json.dumps(self.data, separators=(",", ":"), ensure_ascii=False).replace("</", "<\\/")
        controls = "\n".join(control.html(self.name) for control in self.controls)
        values = "".join(
            f'<div><dt>{escape(label)}</dt><dd data-shows="{name}">…</dd></div>' for name, label in self.shows.items()
        )
        return (
            f'<figure class="elbo-figure elbo-live-figure" id="fig-{self.name}" data-figure="{self.kind}" '
            f'style="margin:1em 0">\n<div class="elbo-live-picture">{self.svg}</div>\n'
            f'<div class="elbo-live-panel" hidden>\n<div class="elbo-live-controls">{controls}</div>\n'
            f'<dl class="elbo-live-values">{values}</dl>\n<p class="elbo-live-says" data-shows="says">…</p>\n'
            f'<p class="elbo-live-status" role="status"></p></div>\n'
            f'<script type="application/json">{data}</script>\n'
            f"<figcaption>{escape(self.caption, quote=False)}</figcaption>\n</figure>"
        )


__all__ = ["Choice", "Live", "Slider", "rounded"]
