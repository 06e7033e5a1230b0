"""Figures for the book: Matplotlib drawn to inline SVG that reads in light and dark, without colour, and on a phone.

    with figure("jensen", caption="The chord lies below.", alt="A concave curve and ...") as ax:
        ax.plot(x, y, label="log")

shows one ``<figure>`` when the block ends. Text stays text, neutral ink is ``currentColor``, the background is
transparent, every id starts with the figure's name, and coordinates are rounded to two decimals, so that the same
figure gives the same bytes on every processor. Matplotlib is imported when the first figure is drawn.
"""

from __future__ import annotations

import html
import io
import re
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from .distributions import Distribution
from .errors import IllFormed

# Each at least 3:1 against white and against #121212, after Okabe and Ito (2008); told apart by dashes and markers too.
PALETTE = ("#0077BB", "#D55E00", "#00946C", "#B8609A", "#9A7400")
DASHES = ("solid", (0, (6, 2)), (0, (2, 1.5)), (0, (7, 2, 1.5, 2)), (0, (1, 1.2)))
HATCHES = ("", "///", "...", "xxx", "---")
MARKERS = ("o", "s", "^", "D", "v")
INK = "#010203"  # stands for the page's own text colour while Matplotlib draws; no palette may use it

_WIDTH, _HEIGHT, _FONT = 5.0, 3.1, 12.0  # inches and points: on a 390 px phone the text is still 11 px high
_WIDER = 1.15  # by so much a page's own font may be wider than the one that Matplotlib measures with
_LABEL = 3.0  # points between a line and the text that stands on it: descenders stay clear
_STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "elboproof",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "mathtext.fontset": "dejavusans",
    "font.size": _FONT,
    "axes.titlesize": _FONT,
    "legend.frameon": False,
    "legend.handlelength": 2.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "lines.linewidth": 2.0,
    "lines.markersize": 6.0,
    "hatch.linewidth": 0.8,
    "path.simplify": False,
    "figure.constrained_layout.use": True,
    **dict.fromkeys(("figure.facecolor", "axes.facecolor", "savefig.facecolor"), "none"),
    **dict.fromkeys(("text.color", "axes.labelcolor", "axes.titlecolor", "axes.edgecolor"), INK),
    **dict.fromkeys(("xtick.color", "ytick.color", "hatch.color", "patch.edgecolor"), INK),
}
_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
# An inline <style> would speak to the whole page.
_DROPPED = {f"{{{_SVG}}}metadata", f"{{{_SVG}}}style"}
_NUMBER = re.compile(r"(?<![\w.#])-?\d+\.\d+")  # not inside a colour: #d55e00
_NAME = re.compile(r"[a-z][a-z0-9-]*\Z")
_ROUNDED = {"d", "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "width", "height", "points", "transform", "style"}
_ROUNDED |= {"viewBox"}


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise IllFormed(f"expected {name} of a figure as text, found {value!r}: a figure is read by ear as well")
    return " ".join(value.split())


class Figure:
    """A drawn figure: HTML where there is a page, its alternative text where there is none."""

    def __init__(self, name: str, caption: str, alt: str, svg: str):
        self.name, self.caption, self.alt, self.svg = name, caption, alt, svg

    @property
    def html(self) -> str:
        caption = html.escape(self.caption, quote=False)
        start = f'<figure class="elbo-figure" id="fig-{self.name}" style="margin:1em 0">'
        return f"{start}\n{self.svg}\n<figcaption>{caption}</figcaption>\n</figure>"

    def __repr__(self) -> str:
        return f"Figure {self.name}: {self.alt}"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": repr(self)}


class figure:
    """``with figure(name, caption=..., alt=...) as ax:``; on leaving, the figure is shown, and kept as ``.drawn``.

    ``name``: lower-case letters, digits and hyphens, once on a page. ``caption``: the finding. ``alt``: what is seen,
    in words. ``columns`` > 1 gives a list of axes side by side; ``height`` in inches; with ``shown=False`` it is only
    kept. IllFormed without caption or alt.
    """

    def __init__(
        self,
        name: str,
        *,
        caption: str = "",
        alt: str = "",
        columns: int = 1,
        height: float = _HEIGHT,
        shown: bool = True,
    ):
        if not isinstance(name, str) or not _NAME.match(name):
            raise IllFormed(f"expected a name such as jensen-gap for a figure, found {name!r}")
        self.name, self.caption, self.alt = name, _text(caption, "the caption"), _text(alt, "the alt text")
        self.columns, self.height, self.shown = columns, height, shown
        self.drawn: Figure | None = None

    def __enter__(self) -> Any:
        import matplotlib as mpl
        from cycler import cycler
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure as Canvas

        self._style = mpl.rc_context(_STYLE)
        self._style.__enter__()
        mpl.rcParams["axes.prop_cycle"] = cycler(color=PALETTE) + cycler(linestyle=DASHES)
        self.canvas = Canvas(figsize=(_WIDTH, self.height))
        FigureCanvasSVG(self.canvas)
        axes = [self.canvas.add_subplot(1, self.columns, i + 1) for i in range(self.columns)]
        for ax in axes:
            ax.locator_params(nbins=5)
        return axes[0] if self.columns == 1 else axes

    def __exit__(self, kind: Any, *rest: Any) -> None:
        try:
            if kind is None:
                _fit_legend(self.canvas)
                self.drawn = Figure(self.name, self.caption, self.alt, _svg(self.canvas, self.name, self.alt))
        finally:
            self._style.__exit__(None, None, None)
        if self.drawn is not None and self.shown:
            _display(self.drawn)


def _fit_legend(canvas: Any) -> None:
    """The legend above the axes in as many columns as the figure is wide enough for."""
    for legend in canvas.legends:
        names = [text.get_text() for text in legend.get_texts()]
        drawn = {
            name: handle for ax in canvas.axes for handle, name in zip(*ax.get_legend_handles_labels(), strict=True)
        }
        columns = min(legend._ncols, len(names))
        while columns > 1 and _WIDER * legend.get_window_extent().width > canvas.bbox.width:
            columns = -(-len(names) // (-(-len(names) // columns) + 1))  # a row more, and even rows
            legend.remove()
            legend = canvas.legend([drawn[n] for n in names], names, loc="outside upper center", ncols=columns)


def label_line(ax: Any, x: float, y: float, name: str, **look: Any) -> None:
    """The name of a level line, on it and ending at x, in ink: the line's own colour is too pale for text."""
    place = {"xytext": (0, _LABEL), "textcoords": "offset points", "ha": "right", "va": "bottom"}
    ax.annotate(name, (x, y), annotation_clip=False, **place | look)


def _display(drawn: Figure) -> None:
    """Show it, in a notebook; elsewhere there is nothing to show it on."""
    ipython = sys.modules.get("IPython")
    if ipython is not None and ipython.get_ipython() is not None:
        ipython.display.display(drawn)


def show(canvas: Any, *, name: str, caption: str = "", alt: str = "") -> Figure:
    """A Matplotlib figure drawn elsewhere as a `Figure`: return it last in a cell. Its colours are its own."""
    checked = figure(name, caption=caption, alt=alt)
    return Figure(name, checked.caption, checked.alt, _svg(canvas, name, checked.alt))


# -- from Matplotlib's SVG to ours -----------------------------------------------------------------------------------


def _svg(canvas: Any, name: str, alt: str) -> str:
    import matplotlib as mpl

    out = io.BytesIO()
    with mpl.rc_context({key: _STYLE[key] for key in ("svg.fonttype", "svg.hashsalt")}):
        canvas.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    root = ET.fromstring(out.getvalue())
    for holder in list(root.iter()):
        for junk in [child for child in holder if child.tag in _DROPPED]:
            holder.remove(junk)
    _rename(root, name)
    for node in root.iter():
        node.tag = node.tag.removeprefix(f"{{{_SVG}}}")
        for key, value in list(node.attrib.items()):
            plain = "href" if key == f"{{{_XLINK}}}href" else key.removeprefix(f"{{{_SVG}}}")
            value = _rounded(value) if plain in _ROUNDED else value
            del node.attrib[key]
            node.set(plain, value.replace(INK, "currentColor"))
        if node.tag in ("text", "tspan"):
            _plain_font(node)
        if node.tag not in ("text", "tspan"):
            node.text = None
        node.tail = None if node.tag == "tspan" else "\n"
    _frame(root, name, alt)
    return ET.tostring(root, encoding="unicode").strip()


def _rename(root: ET.Element, name: str) -> None:
    """Ids counted from 1 under the figure's name: Matplotlib's own hash unrounded coordinates, and two figures share
    them."""
    used = set(re.findall(r"#([\w.-]+)", " ".join(v for node in root.iter() for v in node.attrib.values())))
    fresh: dict[str, str] = {}
    for node in root.iter():
        old = node.attrib.pop("id", None)
        if old is not None and old in used:
            fresh[old] = f"{name}-{len(fresh) + 1}"
            node.set("id", fresh[old])
    for node in root.iter():
        for key, value in node.attrib.items():
            if "#" in value:
                node.set(key, re.sub(r"#([\w.-]+)", lambda m: "#" + fresh.get(m[1], m[1]), value))


def _rounded(value: str) -> str:
    def short(found: re.Match[str]) -> str:
        text = f"{float(found[0]):.2f}".rstrip("0").rstrip(".")
        return "0" if text in ("-0", "") else text

    return _NUMBER.sub(short, value)


def _plain_font(node: ET.Element) -> None:
    """Matplotlib names the font it measured with; the page has its own."""
    style = node.get("style", "")
    style = re.sub(r"font: ([^;'\"]*?)(\d+(?:\.\d+)?px)[^;]*", r"font: \1\2 sans-serif", style)
    style = re.sub(r"font-family: [^;]*;?\s*", "", style)
    if "fill:" not in style:
        style = f"{style}; fill: currentColor".lstrip("; ")
    node.set("style", style)


def _frame(root: ET.Element, name: str, alt: str) -> None:
    for key in ("width", "height", "version"):
        root.attrib.pop(key, None)
    root.set("xmlns", _SVG)
    root.set("role", "img")
    root.set("stroke-linejoin", "round")
    root.set("aria-labelledby", f"{name}-title")
    place = "display:block;width:100%;max-width:34rem;height:auto;margin:0 auto;overflow:visible"
    root.set("style", f"font-family:var(--elbo-sans, sans-serif);{place}")
    title = ET.Element("title", {"id": f"{name}-title"})
    title.text, title.tail = alt, "\n"
    root.insert(0, title)
    root.tail = None


# -- drawings that several chapters share ----------------------------------------------------------------------------


def draw_decomposition(
    ax: Any, labels: Sequence[str], elbos: Iterable[float], log_evidence: float, floor: float | None = None
) -> None:
    """Stacked bars, ELBO and KL, under the fixed line log p(D), one for each q in `labels` (source, equation 5).

    Heights are nats. Bars start at `floor`, since an ELBO has no natural zero; a bar that is -inf is left out, and
    labelled so. Raises IllFormed for an ELBO above the evidence.
    """
    values = np.array([float(e) for e in elbos])
    if len(values) != len(labels):
        raise IllFormed(f"expected one ELBO for each of {len(labels)} labels, found {len(values)}")
    if np.isnan(values).any() or (values > log_evidence + 1e-9 * (1 + abs(log_evidence))).any():
        raise IllFormed(f"expected ELBOs of at most log p(D) = {log_evidence:g}, found {values.tolist()}")
    finite = values[np.isfinite(values)]
    if floor is None:
        lowest = float(finite.min()) if finite.size else log_evidence - 1.0
        floor = lowest - 0.6 * max(log_evidence - lowest, 0.1)
    at, there = np.arange(len(values)), np.flatnonzero(np.isfinite(values))
    edge = {"width": 0.62, "edgecolor": INK, "linewidth": 0.8}
    ax.bar(there, finite - floor, bottom=floor, color=PALETTE[0], label="ELBO(q)", **edge)
    ax.bar(there, log_evidence - finite, bottom=finite, color="none", hatch="///", label="KL(q ‖ posterior)", **edge)
    for i in np.flatnonzero(~np.isfinite(values)):
        ax.text(i, floor, "ELBO = −∞\nKL = ∞", ha="center", va="bottom")
    ax.axhline(log_evidence, color=PALETTE[1], linestyle="solid")
    label_line(ax, len(values) - 0.5, log_evidence, "log p(D)")
    ax.set_xticks(at, labels)
    ax.set_xlim(-0.5, len(values) - 0.5)
    ax.tick_params(axis="x", length=0)
    ax.set_ylim(floor, log_evidence + 0.12 * (log_evidence - floor))
    ax.set_ylabel("nats")
    handles, names = ax.get_legend_handles_labels()
    ax.figure.legend(handles, names, loc="outside upper center", ncols=2)


def draw_densities(ax: Any, laws: dict[str, Distribution], low: float, high: float, log: bool = False) -> None:
    """Density curves on (low, high), told apart by dashes as well as colour, with a legend above the axes."""
    if not low < high:
        raise IllFormed(f"expected low < high, found ({low!r}, {high!r})")
    for name, law in laws.items():
        if not isinstance(law, Distribution):
            raise IllFormed(f"expected a distribution to draw as {name}, found {law!r}")
    # Ends of supports are drawn as the jumps they are: a point on either side.
    jumps = [end for law in laws.values() for end in law.support if low < end < high]
    beside = [[np.nextafter(j, low), j, np.nextafter(j, high)] for j in jumps]
    x = np.unique(np.concatenate([np.linspace(low, high, 241), *beside]))
    for name, law in laws.items():
        y = law.log_density(x) if log else law.density(x)
        ax.plot(x, np.where(np.isfinite(y), y, np.nan), label=name)
    ax.set_xlim(low, high)
    if not log:
        ax.set_ylim(bottom=0)
    ax.set_ylabel("log density" if log else "density")
    ax.figure.legend(*ax.get_legend_handles_labels(), loc="outside upper center", ncols=min(3, len(laws)))


def draw_table(ax: Any, states: Sequence[str], laws: dict[str, Sequence[Any]]) -> None:
    """Bars of a few laws on the same few states, each with its probability written above it, as given.

    `laws` maps a name to its probabilities, one a state (fractions print as fractions). IllFormed where counts differ.
    """
    width = 0.8 / max(1, len(laws))
    for i, (name, values) in enumerate(laws.items()):
        if len(values) != len(states):
            raise IllFormed(f"expected {len(states)} probabilities for {name}, found {len(values)}")
        at = np.arange(len(states)) + (i - (len(laws) - 1) / 2) * width
        heights = [float(v) for v in values]
        look = {"color": PALETTE[i % 5], "hatch": HATCHES[i % 5], "edgecolor": INK, "linewidth": 0.8}
        ax.bar(at, heights, 0.9 * width, label=name, **look)
        for x, height, value in zip(at, heights, values, strict=True):
            ax.text(x, height, str(value), ha="center", va="bottom")
    ax.set_xticks(range(len(states)), states)
    ax.tick_params(axis="x", length=0)
    ax.set_ylabel("probability")
    ax.margins(y=0.15)
    ax.figure.legend(*ax.get_legend_handles_labels(), loc="outside upper center", ncols=min(3, len(laws)))
