"""The figures of the book that answer to the hand; `live_figure` says what such a figure is.

    interactive("identity", ConjugateGaussian([1.2, 0.4, 2.0]), caption="...", alt="...")

Each kind takes a model or the numbers it shows, draws where it starts, and hands its script about a kilobyte: the
script computes the rest by closed forms of its own, which the tests hold against this library's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .distributions import Uniform
from .errors import IllFormed
from .figures import INK, PALETTE, figure
from .live_figure import Choice, Live, Slider
from .models import BetaBernoulli, ConjugateGaussian
from .trained_figures import family, plane

SPAN = 6.0  # nats of the identity's number line
LOWEST = -3.1  # nats, the floor of Jensen's picture


def interactive(kind: str, *shown: Any, caption: str, alt: str, name: str = "", **options: Any) -> Live:
    """The interactive figure of that kind; display it, or return it last in a cell.

    ``"identity", model`` a ConjugateGaussian: q's mean and width against ELBO and KL (source, equation 5).
    ``"jensen", two, many`` importance weights, two of them and a few: the gap of equation 10.
    ``"support", model`` a BetaBernoulli: a uniform q that slides across the ends of the posterior.
    ``"tradeoff", rows`` of (beta, reconstruction, KL): what a beta-VAE's objective is, and is not.
    ``"family", path`` the same of trained models, with what they make of images: ``committed("vae-beta.json")``.
    ``"plane", path`` a decoder of two dimensions, run by the page: ``committed("vae-plane.json")``.

    `caption` states the finding, `alt` what is seen at first; `name` is the figure's anchor, the kind if not given.
    IllFormed for another kind, or for values it cannot show.
    """
    if kind not in KINDS:
        raise IllFormed(f"expected a kind of figure among {', '.join(KINDS)}, found {kind!r}")
    return KINDS[kind](*shown, name=name or kind, caption=caption, alt=alt, **options)


def _model(given: Any, kind: type, figure_name: str) -> Any:
    if not isinstance(given, kind):
        raise IllFormed(f"expected a {kind.__name__} for the figure {figure_name}, found {given!r}")
    return given


# -- the identity -----------------------------------------------------------------------------------------------------


def _identity(model: Any, *, start: tuple[float, float] | None = None, **words: str) -> Live:
    """Two panels: the posterior with q, and the number line on which ELBO and KL fill the way to log p(D)."""
    model = _model(model, ConjugateGaussian, "identity")
    post, prior, x = model.posterior, model.prior, model.data
    step = post.sd / 10
    mean, sd = start or (post.mean + 8 * step, 6 * step)
    divergence = math.log(post.sd / sd) + (sd**2 + (mean - post.mean) ** 2) / (2 * post.sd**2) - 0.5
    elbo, line = model.log_evidence - divergence, model.log_evidence
    made = figure(words["name"], caption=words["caption"], alt=words["alt"], height=3.9, shown=False)
    with made as ax:
        canvas = ax.figure
        ax.remove()
        top, bottom = canvas.subplots(2, 1, height_ratios=[2.2, 1])
        t = np.linspace(post.mean - 4 * post.sd, post.mean + 4 * post.sd, 161)
        top.plot(t, post.density(t), label="posterior")
        top.plot(t, type(post)(mean, sd).density(t), label="q")
        top.set_xlim(t[0], t[-1])
        top.set_ylim(0, 1.8 * post.density(post.mean))
        top.set_yticks([])
        top.set_xlabel("θ")
        top.legend(loc="upper left")
        edge = {"edgecolor": INK, "linewidth": 0.8, "height": 0.8}
        bottom.barh(0, elbo - line + SPAN, left=line - SPAN, color=PALETTE[0], label="ELBO(q)", **edge)
        bottom.barh(0, divergence, left=elbo, color="none", hatch="///", label="KL(q ‖ posterior)", **edge)
        bottom.axvline(line, color=PALETTE[1], linestyle="solid", label="log p(D)")
        bottom.set_xlim(line - SPAN, line + 0.4)
        bottom.set_yticks([])
        bottom.spines["left"].set_visible(False)
        bottom.set_xlabel("nats")
        bottom.legend(loc="upper center", bbox_to_anchor=(0.5, -0.6), ncols=3, columnspacing=1.0, handlelength=1.4)
    data = {
        "n": len(x),
        "sum": float(np.sum(x)),
        "squares": float(np.sum(x**2)),
        "sigma": model.sigma,
        "prior": [prior.mean, prior.sd],
        "posterior": [post.mean, post.sd],
        "evidence": line,
        "span": SPAN,
    }
    controls = (
        Slider("mean", "mean of q", post.mean - 3 * post.sd, post.mean + 3 * post.sd, step, mean),
        Slider("sd", "width of q (sd)", step, 4 * post.sd, step, sd),
    )
    shows = {"elbo": "ELBO(q)", "kl": "+ KL(q ‖ posterior)", "evidence": "= log p(D)"}
    return Live("identity", made, data, controls, shows)


# -- Jensen -----------------------------------------------------------------------------------------------------------


def _jensen(two: Sequence[float], many: Sequence[float], *, step: float = 0.05, **words: str) -> Live:
    """The curve log w, the weights on it, their chord or hull, and the gap above the mean weight."""
    two, many, high = [float(w) for w in two], [float(w) for w in many], 2.0
    if len(two) != 2 or not 3 <= len(many) <= 6:
        raise IllFormed(f"expected two weights, and three to six, found {two} and {many}")
    if not all(0 < w <= high for w in two + many):
        raise IllFormed(f"expected weights above 0 and up to {high:g}, found {two} and {many}")
    mean, mean_log = sum(two) / 2, sum(map(math.log, two)) / 2
    made = figure(words["name"], caption=words["caption"], alt=words["alt"], height=4.0, shown=False)
    with made as ax:
        w = np.geomspace(math.exp(LOWEST), 1.05 * high, 200)
        ax.plot(w, np.log(w), label="log w")
        ax.plot(two, np.log(two), marker="o", label="chord")
        ax.plot([mean, mean], [mean_log, math.log(mean)], linestyle="solid", lw=4, label="gap")
        ax.set_xlim(-0.06, 1.05 * high)
        ax.set_ylim(LOWEST, 0.9)
        ax.set_xlabel("weight w")
        ax.set_ylabel("nats")
        ax.legend(loc="lower right")
    words_for = {3: "three", 4: "four", 5: "five", 6: "six"}
    counts = {"2": "two", str(len(many)): words_for[len(many)]}
    controls: list[Slider | Choice] = [Choice("count", "weights", counts)]
    starts = [*two, *many[2:]]
    controls += [Slider(f"w{i}", f"weight {i}", 0, high, step, w, hidden=i > 2) for i, w in enumerate(starts, 1)]
    controls.append(Slider("share", "share of weight 1", 0, 1, step, 0.5))
    shows = {
        "elbo": "mean of the log weights",
        "gap": "+ the gap",
        "evidence": "= log of the mean weight",
        "second": "its estimate, Var w / 2(E w)²",
    }
    data = {"two": two, "many": many, "high": high, "lowest": LOWEST}
    return Live("jensen", made, data, controls, shows)


# -- support ----------------------------------------------------------------------------------------------------------


def _support(model: Any, *, start: tuple[float, float] = (0.3, 0.5), **words: str) -> Live:
    """A posterior on (0, 1) and a uniform q over an interval, which may miss some of it, or reach beyond it."""
    model = _model(model, BetaBernoulli, "support")
    post, prior = model.posterior, model.prior
    exponents = [post.a, post.b, prior.a, prior.b]
    if any(e != int(e) for e in exponents):
        raise IllFormed(f"expected whole parameters, which have a polynomial for a density, found {post} from {prior}")
    low, width = start
    law = Uniform(low, low + width)
    made = figure(words["name"], caption=words["caption"], alt=words["alt"], height=3.2, shown=False)
    with made as ax:
        t = np.linspace(0, 1, 101)
        ax.plot([-0.6, *t, 1.6], [0, *post.density(t), 0], label="posterior")
        ends = [-0.6, low, low, low + width, low + width, 1.6]
        height = float(law.density(low + width / 2))
        ax.plot(ends, [0, 0, height, height, 0, 0], label="uniform q")
        missed = (t < low) | (t > low + width)
        shade = {"color": PALETTE[0], "alpha": 0.35, "linewidth": 0}
        ax.fill_between(t, post.density(t), where=missed, label="missed by q", **shade)
        ax.set_xlim(-0.6, 1.6)
        ax.set_ylim(0, 4)
        ax.set_xlabel("θ")
        ax.set_ylabel("density")
        ax.legend(loc="upper left")
    data = {"posterior": [post.a, post.b], "prior": [prior.a, prior.b], "evidence": model.log_evidence}
    controls = (
        Slider("low", "left end of q", -0.5, 1.3, 0.05, low),
        Slider("width", "width of q", 0.1, 1.5, 0.05, width),
    )
    shows = {
        "evidence": "log p(D)",
        "nine": "log of the mean weight (9)",
        "elbo": "ELBO(q)",
        "kl": "KL(q ‖ posterior)",
        "five": "ELBO + KL (5)",
    }
    return Live("support", made, data, controls, shows)


# -- reconstruction against KL ----------------------------------------------------------------------------------------


def tempered(model: ConjugateGaussian, betas: Sequence[float]) -> list[tuple[float, float, float]]:
    """Of each beta > 0 (beta, reconstruction, KL), in nats, at the q that maximises reconstruction - beta KL.

    The reconstruction is E_q[log p(D|theta)] and the KL divergence is to the prior. That q is the prior times the
    likelihood to the power 1/beta, normalised (Gibbs' variational principle), here a Gaussian.
    """
    out = []
    prior, x, n = model.prior, model.data, len(model.data)
    for beta in betas:
        if not beta > 0:
            raise IllFormed(f"expected beta > 0, found {beta!r}")
        precision = prior.sd**-2 + n / (beta * model.sigma**2)
        mean = (prior.mean * prior.sd**-2 + float(np.sum(x)) / (beta * model.sigma**2)) / precision
        error = float(np.sum((x - mean) ** 2)) + n / precision
        fit = -0.5 * n * math.log(2 * math.pi * model.sigma**2) - error / (2 * model.sigma**2)
        ratio = 1 / (precision * prior.sd**2)
        kl = 0.5 * (ratio + (mean - prior.mean) ** 2 / prior.sd**2 - 1 - math.log(ratio))
        out.append((float(beta), fit, kl))
    return out


def _tradeoff(
    rows: Sequence[tuple[float, float, float]],
    *,
    evidence: float | None = None,
    average: str = "",
    **words: str,
) -> Live:
    """Reconstruction over KL, a point a beta, and through the chosen one the line of slope beta: its height at KL = 0
    is that objective's value. `evidence` is log p(D) where it is known; `average` says of what the rows are means."""
    rows = sorted((float(beta), float(fit), float(kl)) for beta, fit, kl in rows)
    at = [row[0] for row in rows]
    if len(rows) < 3 or 1.0 not in at or at[0] <= 0 or len(set(at)) < len(at):
        raise IllFormed(f"expected rows for three betas or more, all above 0 and beta = 1 among them, found {at}")
    _, fits, kls = (np.array(column) for column in zip(*rows, strict=True))
    one = at.index(1.0)
    heights = [fit - beta * kl for beta, fit, kl in rows]
    low, high = min([*fits, *heights]), max(*fits, *([evidence] if evidence is not None else []))
    room = 0.08 * (high - low)
    made = figure(words["name"], caption=words["caption"], alt=words["alt"], height=3.6, shown=False)
    with made as ax:
        ax.plot(kls, fits, marker="o", label="the best q for each β")
        ax.plot([0, kls[one]], [heights[one], fits[one]], marker="s", label="slope β = 1")
        if evidence is not None:
            ax.axhline(evidence, color=PALETTE[2], linestyle=(0, (2, 1.5)), label="log p(D)")
        ax.set_xlim(0, 1.06 * max(kls))
        ax.set_ylim(low - room, high + room)
        ax.set_xlabel("KL(q ‖ prior), nats")
        ax.set_ylabel("reconstruction, nats")
        ax.legend(loc="lower right")
    data: dict[str, Any] = {"rows": rows, "low": low - room, "high": high + room, "average": average}
    data |= {"evidence": evidence} if evidence is not None else {}
    controls = (Slider("beta", "β", 0, len(rows) - 1, 1, one),)
    shows = {"fit": "reconstruction", "kl": "KL(q ‖ prior)", "objective": "reconstruction − β KL", "elbo": "ELBO"}
    return Live("tradeoff", made, data, controls, shows)


KINDS: Mapping[str, Callable[..., Live]] = {
    "identity": _identity,
    "jensen": _jensen,
    "support": _support,
    "tradeoff": _tradeoff,
    "family": family,
    "plane": plane,
}

__all__ = ["interactive", "tempered"]
