"""Interactive figures of trained autoencoders: a latent plane that the page decodes, and a family of weights beta.

Both read what `make weights` wrote; the decoder travels in half precision, which is what was committed.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .errors import IllFormed
from .figures import PALETTE, figure
from .live_figure import Live, Slider
from .mosaic import draw_mosaic

REACH = 3.0  # the plane shows this far from the origin, in standard deviations of the prior
TONES = 9  # ink is written as one digit a pixel
APART = 0.34  # between two digits on the plane, so that each can be read


def _read(given: Any, *keys: str) -> Mapping[str, Any]:
    """A mapping, or the JSON file that holds it, with these keys."""
    found = json.loads(given.read_text()) if isinstance(given, Path) else given
    if not isinstance(found, Mapping) or (missing := [key for key in keys if key not in found]):
        what = missing if isinstance(found, Mapping) else type(found).__name__
        raise IllFormed(f"expected a trained model with {', '.join(keys)}, found none of {what}")
    return found


def tones(ink: Sequence[float] | np.ndarray) -> str:
    """Probabilities of ink, each in [0, 1], as one digit a pixel from 0 to 9."""
    values = np.asarray(ink, float)
    if not ((values >= 0) & (values <= 1)).all():
        raise IllFormed("expected probabilities of ink in [0, 1], found others")
    return "".join(str(int(tone)) for tone in np.rint(TONES * values))


# -- the latent plane -------------------------------------------------------------------------------------------------


def decode(model: Mapping[str, Any], z: Sequence[float]) -> np.ndarray:
    """The probability of ink in each pixel at the code z, of shape (pixels,): the figure's decoder, in float64."""
    a = np.asarray(z, float)
    last = len(model["layers"]) - 1
    for i, layer in enumerate(model["layers"]):
        a = a @ np.asarray(layer["weight"], np.float16).astype(float) + np.asarray(layer["bias"], np.float16)
        if i < last:
            a = np.tanh(a) if model["activation"] == "tanh" else np.maximum(a, 0)
    return 1 / (1 + np.exp(-a))


def placed(means: Any) -> np.ndarray:
    """Where the digits of these means are written, of shape (digits, 2): pushed apart until none covers another.

    By sums, products and square roots alone, and rounded to hundredths: the same on every processor.
    """
    home = np.clip(np.asarray(means, float).reshape(-1, 2), 0.1 - REACH, REACH - 0.1)
    at, pairs = home.copy(), [(i, j) for i in range(len(home)) for j in range(i)]
    for _ in range(200):
        at += 0.02 * (home - at)
        for i, j in pairs:
            way = at[i] - at[j]
            away = math.sqrt(way[0] * way[0] + way[1] * way[1])
            if away < APART:
                way = way / away if away > 1e-6 else np.array([1.0, 0.0])
                at[i] += 0.5 * (APART - away) * way
                at[j] -= 0.5 * (APART - away) * way
    return np.round(at, 2)


def plane(given: Any, *, chosen: int = 0, at: tuple[float, float] = (0.0, 0.0), **words: str) -> Live:
    """The plane of a two-dimensional code, some images' q(z | x) on it, and what the decoder makes of a point.

    `given` has ``activation`` (tanh or relu), ``layers`` (weight (inputs, outputs) and bias) and ``digits``, each with
    label, pixels (a string of 0 and 1), mean, sd, reconstruction, kl, log_evidence and best_elbo, in nats.
    """
    model = _read(given, "activation", "layers", "digits")
    digits, layers = list(model["digits"]), list(model["layers"])
    if model["activation"] not in ("tanh", "relu") or np.shape(layers[0]["weight"])[0] != 2 or not digits:
        raise IllFormed("expected a tanh or relu decoder of a plane and at least one digit, found another model")
    if not 0 <= chosen < len(digits):
        raise IllFormed(f"expected one of {len(digits)} digits to choose, found {chosen!r}")
    places = placed([digit["mean"] for digit in digits])
    made = figure(words["name"], caption=words["caption"], alt=words["alt"], height=3.5, shown=False)
    with made as ax:
        canvas = ax.figure
        ax.remove()
        grid = canvas.add_gridspec(2, 2, width_ratios=[2.1, 1])
        left = canvas.add_subplot(grid[:, 0])
        for digit, place in zip(digits, places, strict=True):
            left.text(*place, str(digit["label"]), ha="center", va="center", clip_on=True)
        mean, sd = digits[chosen]["mean"], digits[chosen]["sd"]
        turn = np.linspace(0, 2 * np.pi, 49)
        left.plot(mean[0] + 2 * sd[0] * np.cos(turn), mean[1] + 2 * sd[1] * np.sin(turn), color=PALETTE[1])
        left.plot(*at, marker="o", linestyle="none", color=PALETTE[0])
        left.set_xlim(-REACH, REACH)
        left.set_ylim(-REACH, REACH)
        left.set_aspect("equal")
        left.set_xlabel("θ₁")
        left.set_ylabel("θ₂")
        side = math.isqrt(len(digits[chosen]["pixels"]))
        original = np.array(list(digits[chosen]["pixels"]), float)
        parts = (("decoded", decode(model, at)), (f"a {digits[chosen]['label']}", original))
        for row, (title, image) in enumerate(parts):
            beside = canvas.add_subplot(grid[row, 1])
            draw_mosaic(beside, image[None, None], side=side)
            beside.set_title(title)
    flat = [np.asarray(layer[part], "<f2").ravel() for layer in layers for part in ("weight", "bias")]
    data = {
        "activation": model["activation"],
        "sizes": [2, *(len(layer["bias"]) for layer in layers)],
        "weights": base64.b64encode(np.concatenate(flat).tobytes()).decode("ascii"),
        "reach": REACH,
        "digits": [
            {key: digit[key] for key in ("label", "pixels", "mean", "sd", "reconstruction", "kl")}
            | {"evidence": digit["log_evidence"], "best": digit["best_elbo"], "at": place}
            for digit, place in zip(digits, places.tolist(), strict=True)
        ],
    }
    controls = (
        Slider("digit", "image D", 1, len(digits), 1, chosen + 1),
        Slider("z1", "θ₁", -REACH, REACH, 0.05, at[0]),
        Slider("z2", "θ₂", -REACH, REACH, 0.05, at[1]),
    )
    shows = {
        "reconstruction": "reconstruction",
        "kl": "− KL(q ‖ prior)",
        "elbo": "= ELBO of D",
        "evidence": "log p(D)",
        "here": "log p(D | θ) at the dot",
    }
    return Live("plane", made, data, controls, shows)


# -- a family of weights ----------------------------------------------------------------------------------------------


def family(given: Any, *, images: int = 5, **words: str) -> Live:
    """Models trained with several beta: both terms on images held out, and what each makes of some of the images.

    `given` has ``images`` (how many were held out), ``shown`` (label and pixels of a few) and ``family``: for each beta
    reconstruction and kl, in nats an image, and for each of the few ``digits`` its ink, 0 to 100 a pixel.
    """
    found = _read(given, "images", "shown", "family")
    members = sorted(found["family"], key=lambda member: float(member["beta"]))
    rows = [(float(m["beta"]), float(m["reconstruction"]), float(m["kl"])) for m in members]
    at = [row[0] for row in rows]
    if 1.0 not in at:
        raise IllFormed(f"expected a model trained with beta = 1, found {at}")
    one = at.index(1.0)
    shown = [digit["pixels"].replace("1", str(TONES)) for digit in found["shown"][:images]]
    drawn = [[tones(np.divide(d["ink"], 100)) for d in m["digits"][:images]] for m in members]
    heights = [fit - beta * kl for beta, fit, kl in rows]
    low, high = min(fit for _, fit, _ in rows), max(fit for _, fit, _ in rows)
    low = min(low, heights[one])
    room = 0.1 * (high - low)
    made = figure(words["name"], caption=words["caption"], alt=words["alt"], height=4.6, shown=False)
    with made as ax:
        canvas = ax.figure
        ax.remove()
        top, bottom = canvas.subplots(2, 1, height_ratios=[3.6, 1])
        _, fits, kls = zip(*rows, strict=True)
        top.plot(kls, fits, marker="o", label="trained with each β")
        top.plot([0, kls[one]], [heights[one], fits[one]], marker="s", label="slope β = 1, to the ELBO")
        top.set_xlim(0, 1.06 * max(kls))
        top.set_ylim(low - room, high + room)
        top.set_xlabel("KL(q ‖ prior), nats an image")
        top.set_ylabel("reconstruction, nats")
        top.legend(loc="lower right")
        both = np.array([[list(image) for image in line] for line in (shown, drawn[one])], float) / TONES
        draw_mosaic(bottom, both, side=math.isqrt(len(shown[0])))
    data = {
        "rows": rows,
        "low": low - room,
        "high": high + room,
        "digits": 2,
        "average": f"means over {found['images']} images held out",
        "shown": shown,
        "drawn": drawn,
    }
    controls = (Slider("beta", "β", 0, len(rows) - 1, 1, one),)
    shows = {"fit": "reconstruction", "kl": "KL(q ‖ prior)", "objective": "reconstruction − β KL", "elbo": "ELBO"}
    return Live("tradeoff", made, data, controls, shows)


__all__ = ["decode", "family", "placed", "plane", "tones"]
