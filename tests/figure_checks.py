"""What is wrong with a figure that answers, in a browser: what it says is held against this library's own values."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy import integrate, stats

from elboproof import ELBO, KL, densities, variables
from elboproof.display import derivation_map
from elboproof.interactive import interactive, tempered
from elboproof.ledger import LEDGER
from elboproof.models import BetaBernoulli, ConjugateGaussian, Normal
from elboproof.numeric import bind, evaluate
from elboproof.trained_figures import decode

STATIC = Path(__file__).resolve().parent.parent / "book" / "_static"
WORDS = {"caption": "What is found.", "alt": "What is seen."}
GAUSSIAN = ConjugateGaussian([1.2, 0.4, 2.0], sigma=1, mean=0, sd=1)
COIN = BetaBernoulli([1, 0, 1, 1, 0, 1], a=2, b=2)
BETAS = (0.1, 0.5, 1.0, 2.0, 10.0)
TWO, MANY = [0.25, 1.0], [0.25, 0.6, 0.9, 1.3, 1.7]
theta, D = variables("theta D")
p, q = densities("p q")
# A value is shown with three decimals. Where two are to add up to a third, the odd unit goes to one of them, which is
# then wrong by less than 3/4 of it (core.js, sharing).
CLOSE = 0.00075

Changes = list[tuple[str, str, str]]  # a file, what is replaced in it, and by what


@cache
def decoder() -> dict[str, Any]:
    """A small model of images of 4 x 4 pixels, with three of them."""
    rng = np.random.default_rng(4)
    layers = [
        {"weight": 1.5 * rng.standard_normal((i, j)), "bias": rng.standard_normal(j)} for i, j in ((2, 5), (5, 16))
    ]
    numbers = ("reconstruction", "kl", "log_evidence", "best_elbo")
    digits = [
        {
            "label": label,
            "pixels": "".join(map(str, rng.integers(0, 2, 16))),
            "mean": [float(m) for m in rng.normal(size=2).round(3)],
            "sd": [0.25, 0.5],
        }
        | dict(zip(numbers, values, strict=True))
        for label, values in enumerate([(-10.81, 3.33, -14.05, -14.08), (-7.13, 2.0, -9.0, -9.06), (-3.5, 0, -3, -3)])
    ]
    return {"activation": "tanh", "layers": layers, "digits": digits}


FAMILY = {
    "images": 7,
    "shown": [{"label": 1, "pixels": "0110011001100110"}, {"label": 0, "pixels": "1111100110011111"}],
    "family": [
        {"beta": b, "reconstruction": fit, "kl": kl, "digits": [{"ink": [i, 50] * 8}, {"ink": [100 - i] * 16}]}
        for b, fit, kl, i in ((0.5, -4.25, 8.0, 10), (1.0, -6.5, 5.0, 40), (4.0, -11.0, 1.004, 70))
    ],
}


@cache
def figures() -> dict[str, Any]:
    """One of each kind."""
    return {
        "identity": interactive("identity", GAUSSIAN, **WORDS),
        "jensen": interactive("jensen", TWO, MANY, **WORDS),
        "support": interactive("support", COIN, **WORDS),
        "tradeoff": interactive("tradeoff", tempered(GAUSSIAN, BETAS), evidence=GAUSSIAN.log_evidence, **WORDS),
        "plane": interactive("plane", decoder(), **WORDS),
        "family": interactive("family", FAMILY, **WORDS),
    }


def page_of(folder: Path, only: str = "", changes: Changes = ()) -> Path:  # type: ignore[assignment]
    """A page of all figures, or of one, as a file beside the book's own scripts, in which faults are planted."""
    (folder / "figures").mkdir(parents=True)
    for path in [STATIC / "elbo-figures.js", *STATIC.glob("*.css"), *(STATIC / "figures").glob("*.js")]:
        text = path.read_text()
        for file, old, new in changes:
            if path.name == file:
                assert old in text, f"{file} has no {old!r}"
                text = text.replace(old, new)
        (folder / path.relative_to(STATIC)).write_text(text)
    parts = [made.html for name, made in figures().items() if only in ("", name)]
    parts += [derivation_map()._repr_mimebundle_()["text/html"]] if only in ("", "map") else []
    sheets = "".join(f'<link rel="stylesheet" href="{path.name}">' for path in STATIC.glob("*.css"))
    head = f'<!doctype html><html lang="en" data-theme="light"><meta charset="utf-8"><title>Figures</title>{sheets}'
    body = f'<main class="bd-article">{"".join(parts)}</main><script defer src="elbo-figures.js"></script>'
    (folder / "multiply-and-divide.html").write_text("<!doctype html><p id='eq-9'>where the map's (9) leads")
    made = folder / "page.html"
    made.write_text(f'{head}<link rel="icon" href="data:,"><body>{body}</body></html>')
    return made


def opened(session: Any, made: Path) -> tuple[Any, list[str]]:
    """The page, with every figure brought to life, and what the browser complains of from now on."""
    page, faults = session.new_page(), []
    page.on("console", lambda m: faults.append(f"console: {m.text}") if m.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(f"error: {error}"))
    page.goto(made.as_uri())
    page.wait_for_function("() => !document.querySelector('.elbo-live-figure:not(.is-live)')", timeout=5000)
    return page, faults


SET = """([figure, values]) => new Promise(done => {
    for (const [name, value] of Object.entries(values)) {
        const inputs = [...document.querySelectorAll(`#fig-${figure} [data-control="${name}"]`)];
        const input = inputs[0].type === 'radio' ? inputs.find(i => i.value === value) : inputs[0];
        if (input.type === 'radio') input.checked = true; else input.value = value;
        input.dispatchEvent(new Event('input', {bubbles: true}));
    }
    requestAnimationFrame(() => requestAnimationFrame(() => {
        const all = what => [...document.querySelectorAll(`#fig-${figure} ${what}`)];
        const shown = all('[data-shows]').map(e => [e.dataset.shows, e.textContent]);
        done({shown: Object.fromEntries(shown), drawn: all('.elbo-live-svg text').map(e => e.textContent)});
    }));
})"""


def put(page: Any, figure: str, **values: Any) -> tuple[dict[str, str], list[str]]:
    """Set controls as a hand does; what is then written below the figure, and in it."""
    found = page.evaluate(SET, [figure, values])
    return found["shown"], found["drawn"]


def value(text: str) -> float:
    """The number that a figure shows: with a true minus, infinity, or undefined."""
    return math.nan if text == "undefined" else float(text.replace("\u2212", "-").replace("∞", "inf"))


def differs(place: str, text: str, expected: float, close: float = CLOSE) -> list[str]:
    shown = value(text)
    same = shown == expected or abs(shown - expected) < close or (math.isnan(shown) and math.isnan(expected))
    return [] if same else [f"{place}: shows {text}, expected {expected:.6f}"]


def adds_up(place: str, *texts: str) -> list[str]:
    """Whether the last of them is the sum of the others, digit by digit."""
    if not all(math.isfinite(value(text)) for text in texts):
        return [f"{place}: {texts} are not all finite"]
    *parts, total = (Decimal(text.replace("\u2212", "-")) for text in texts)
    return [] if sum(parts) == total else [f"{place}: {' + '.join(texts[:-1])} is not {texts[-1]}"]


def subtracted(place: str, says: str, one: str, other: str) -> list[str]:
    """Whether the first difference that a sentence names is that of the two numbers, as they are written."""
    named = re.search(r"([\d.]+) nats (?:above|below)|by ([\d.]+) nats", says)
    if named is None:
        return []
    gap = abs(Decimal(one.replace("\u2212", "-")) - Decimal(other.replace("\u2212", "-")))
    same = Decimal(named[1] or named[2]) == gap
    return [] if same else [f"{place}: {one} and {other} are {gap} apart, it says {says!r}"]


# -- what each figure says --------------------------------------------------------------------------------------------


@cache
def measured(mean: float, sd: float) -> tuple[float, float]:
    """ELBO and KL divergence of the proved terms themselves, by quadrature."""
    on = bind(p=GAUSSIAN, q=Normal(mean, sd))
    return evaluate(ELBO(q(theta), p(D, theta)), on).value, evaluate(KL(q(theta), p(theta | D)), on).value


# A mean, a width, and what is to be said of that q: where half of the divergence or more is the shift's, "beside"
POSITIONS = [
    (1.3, 0.3, "q is beside the posterior"),
    (0.9, 0.5, "q is the posterior"),
    (-0.6, 2.0, "q is wider than the posterior"),
    (2.4, 0.05, "q is beside the posterior"),
    (-0.6, 0.6, "q is beside the posterior"),
    (0.95, 0.05, "q is narrower than the posterior"),
    (0.95, 0.5, "q is beside the posterior"),
    (1.0, 1.0, "q is wider than the posterior"),
]


def identity(page: Any) -> list[str]:
    faults = []
    for mean, sd, word in POSITIONS:
        shown, drawn = put(page, "identity", mean=mean, sd=sd)
        at, (elbo, kl) = f"identity at ({mean}, {sd})", measured(mean, sd)
        faults += differs(at, shown["elbo"], elbo)
        faults += differs(at, shown["kl"], kl)
        faults += differs(at, shown["evidence"], GAUSSIAN.log_evidence)
        faults += adds_up(at, shown["elbo"], shown["kl"], shown["evidence"])
        for name, label in (("elbo", "ELBO"), ("kl", "KL"), ("evidence", "log p(D)")):
            if not any(f"{label} = {shown[name]}" in text for text in drawn):
                faults.append(f"{at}: the number line does not say {label} = {shown[name]}: {drawn}")
        if word not in shown["says"]:
            faults.append(f"{at}: says {shown['says']}")
    # The hand: a handle moves q by as much as the pointer goes, and a key by a step.
    put(page, "identity", mean=0.9, sd=0.5)
    faults += drag(page, "identity", 0, 60, "mean", 0.9 + 60 * 4.0 / 332)
    put(page, "identity", mean=0.9, sd=0.5)
    faults += drag(page, "identity", 1, 42, "sd", 0.5 + 42 * 4.0 / 332)
    put(page, "identity", mean=0.9, sd=0.05)  # both handles are within reach: the nearest is taken
    faults += drag(page, "identity", 0, 60, "mean", 0.9 + 60 * 4.0 / 332, grip=(0, 18))
    page.focus("#identity-mean")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(50)
    if (said := page.get_attribute("#identity-mean", "aria-valuetext")) != "−0.55":
        faults.append(f"identity: after Home and a step right the mean says {said}")
    page.wait_for_timeout(700)
    spoken = page.text_content("#fig-identity [role=status]") or ""
    if page.text_content("#fig-identity [data-shows=elbo]") not in spoken:
        faults.append(f"identity: says aloud {spoken!r}")
    return faults


def drag(
    page: Any,
    figure: str,
    handle: int,
    across: float,
    name: str,
    expected: float,
    *,
    grip: tuple[int, int] = (0, 0),
    by: str = "mouse",
) -> list[str]:
    """Pull a handle to the right by so many units of the drawing, taken by `grip` pixels beside its centre."""
    page.wait_for_timeout(40)
    before = page.input_value(f"#{figure}-{name}")
    held = page.locator(f"#fig-{figure} .handle").nth(handle)
    held.evaluate("handle => handle.scrollIntoView({block: 'center', behavior: 'instant'})")
    box = held.bounding_box()
    x, y = box["x"] + box["width"] / 2 + grip[0], box["y"] + box["height"] / 2 + grip[1]
    scale = page.evaluate(f"() => document.querySelector('#fig-{figure} .elbo-live-svg').getScreenCTM().a")
    if by == "finger":
        finger(page, (x, y), (x + across * scale, y - 60))  # no finger goes level
    else:
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + across * scale, y, steps=3)
        page.mouse.up()
    page.wait_for_timeout(40)
    slider = page.locator(f"#{figure}-{name}")
    step, found = float(slider.get_attribute("step")), float(slider.input_value())
    if abs(found - expected) <= step:
        return []
    return [f"{figure}: dragged by {by}, {name} goes from {before} to {found}, expected {expected:.3f}"]


def finger(page: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    """A finger goes from here to there, as the browser's own gestures see it."""
    touch = page.context.new_cdp_session(page)
    for i in range(6):
        at = {axis: a + (b - a) * i / 5 for axis, a, b in zip("xy", start, end, strict=True)}
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove" if i else "touchStart", "touchPoints": [at]})
        page.wait_for_timeout(20)
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    touch.detach()


WEIGHTS: list[tuple[list[float], float]] = [
    ([0.25, 1.0], 0.5),
    ([2.0, 0.05], 0.95),
    ([0.0, 1.0], 0.5),
    ([0.0, 1.0], 0.0),
    ([0.0, 0.0], 0.5),
    ([0.7, 0.7], 0.3),
    ([0.25, 0.6, 0.9, 1.3, 1.7], 0.5),
    ([0.05, 2.0, 2.0, 2.0, 2.0], 0.5),
    ([0.0, 0.6, 0.9, 1.3, 1.7], 0.5),
]


def jensen(page: Any) -> list[str]:
    faults = []
    for weights, share in WEIGHTS:
        put(page, "jensen", count=str(len(weights)))
        values = {f"w{i}": w for i, w in enumerate(weights, 1)}
        shown, _ = put(page, "jensen", share=share, **values)
        at = f"jensen at {weights}, {share}"
        shares = [share, 1 - share] if len(weights) == 2 else [0.2] * 5
        counted = [(w, s) for w, s in zip(weights, shares, strict=True) if s > 0]
        mean = statistics.fmean(weights, shares)
        logs = sum(s * math.log(w) if w > 0 else -math.inf for w, s in counted)
        top = math.log(mean) if mean > 0 else -math.inf
        second = sum(s * (w / mean - 1) ** 2 for w, s in counted) / 2 if mean > 0 else math.nan
        for name, expected in (("evidence", top), ("elbo", logs), ("gap", top - logs), ("second", second)):
            faults += differs(f"{at}, {name}", shown[name], expected)
        if math.isfinite(logs):
            faults += adds_up(at, shown["elbo"], shown["gap"], shown["evidence"])
            word = "small" if second < top - logs - 0.0005 else "large" if second > top - logs + 0.0005 else ""
            faults += subtracted(at, shown["says"], shown["gap"], shown["second"])
            if ("too " + word in shown["says"]) if word else ("too" not in shown["says"]):
                continue
            faults.append(f"{at}: says {shown['says']}")
        elif ("infinite" if mean > 0 else "no number") not in shown["says"]:
            faults.append(f"{at}: says {shown['says']}")
    put(page, "jensen", count="2")
    put(page, "jensen", w1=0.25, w2=1.0, share=0.5)
    return faults + drag(page, "jensen", 1, 72, "w2", 1 + 72 * 2.16 / 302)


ENDS = [(0.3, 0.5), (0.0, 1.0), (-0.5, 1.5), (-0.2, 0.8), (1.1, 0.5), (0.9, 0.1), (0.5, 0.5), (0.5, 0.55), (1.0, 0.2)]


def support(page: Any) -> list[str]:
    faults = []
    posterior = stats.beta(6, 4)
    for low, width in ENDS:
        high = round(low + width, 6)
        shown, _ = put(page, "support", low=low, width=width)
        at = f"support at ({low}, {high})"
        mass = posterior.cdf(high) - posterior.cdf(low)
        covers, inside = low <= 0 and high >= 1, low >= 0 and high <= 1
        kl = -math.log(width) - integrate.quad(posterior.logpdf, low, high)[0] / width if inside else math.inf
        nine = COIN.log_evidence + (math.log(mass) if mass > 0 else -math.inf)
        expected = {"evidence": COIN.log_evidence, "nine": nine, "elbo": COIN.log_evidence - kl, "kl": kl}
        expected["five"] = COIN.log_evidence if inside else math.nan
        for name, one in expected.items():
            faults += differs(f"{at}, {name}", shown[name], one)
        if inside:
            faults += adds_up(at, shown["elbo"], shown["kl"], shown["five"])
        for what, holds in (("(9) is true", covers), ("(5) is true", inside), ("(12) is true", True)):
            if (what in shown["says"]) != holds:
                faults.append(f"{at}: says {shown['says']}")
    put(page, "support", low=0.3, width=0.5)
    return faults + drag(page, "support", 0, 56, "low", 0.3 + 56 * 2.2 / 308)


@cache
def best(beta: float) -> float:
    """The largest value over q of reconstruction - beta KL: beta log E_prior[likelihood^(1/beta)]."""
    peak = float(GAUSSIAN.log_likelihood(1.2))  # at the mean of the data, where the likelihood is largest

    def power(t: float) -> float:
        return float(GAUSSIAN.prior.density(t)) * math.exp((float(GAUSSIAN.log_likelihood(t)) - peak) / beta)

    return peak + beta * math.log(integrate.quad(power, -9, 9, points=[1.2])[0])


def tradeoff(page: Any) -> list[str]:
    faults = []
    for i, beta in enumerate(BETAS):
        shown, _ = put(page, "tradeoff", beta=i)
        at = f"tradeoff at {beta}"
        faults += differs(at, shown["objective"], best(beta))
        faults += adds_up(at, shown["fit"], "-" + shown["kl"], shown["elbo"])
        word = "is the ELBO" if beta == 1 else "still a lower bound" if beta > 1 else "it is no bound"
        if word not in shown["says"] or (best(beta) > GAUSSIAN.log_evidence + 1e-9) != (beta < 1):
            faults.append(f"{at}: says {shown['says']}")
    return faults


INK = """([figure, image]) => Array.from(
    document.querySelectorAll(`#fig-${figure} .elbo-live-svg .image`)[image].querySelectorAll('[fill-opacity]'),
    pixel => Number(pixel.getAttribute('fill-opacity')))"""


def ink(page: Any, figure: str, image: int, expected: Any) -> list[str]:
    """Whether an image of the figure has this ink; the page writes it with three decimals."""
    shown = np.array(page.evaluate(INK, [figure, image]))
    same = shown.shape == np.shape(expected) and np.abs(shown - expected).max() < 0.00051
    return [] if same else [f"{figure}: image {image} has the ink {shown.tolist()}, expected {list(expected)}"]


CODES = [(1, 0.0, 0.0), (1, -3.0, 3.0), (2, 1.25, -0.4), (3, 2.95, 0.05)]


def plane(page: Any) -> list[str]:
    faults, model = [], decoder()
    for which, z1, z2 in CODES:
        shown, _ = put(page, "plane", digit=which, z1=z1, z2=z2)
        at, digit, on = f"plane at {which}, ({z1}, {z2})", model["digits"][which - 1], decode(model, (z1, z2))
        x = np.array(list(digit["pixels"]), float)
        bound = digit["reconstruction"] - digit["kl"]
        expected = {"reconstruction": digit["reconstruction"], "kl": -digit["kl"], "elbo": bound}
        expected |= {"evidence": digit["log_evidence"], "here": float(np.log(np.where(x > 0, on, 1 - on)).sum())}
        for name, one in expected.items():
            faults += differs(f"{at}, {name}", shown[name], one, 10 * CLOSE)
        faults += adds_up(at, shown["reconstruction"], shown["kl"], shown["elbo"])
        faults += ink(page, "plane", 0, on) + ink(page, "plane", 1, x)
        if f"{digit['log_evidence'] - bound:.2f} nats below" not in shown["says"]:
            faults.append(f"{at}: says {shown['says']}")
    # A mouse over the plane decodes where it is, without a press.
    put(page, "plane", digit=1, z1=0, z2=0)
    page.locator("#fig-plane .field").scroll_into_view_if_needed()
    box = page.locator("#fig-plane .field").bounding_box()
    page.mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 0.25 * box["height"])
    page.wait_for_timeout(60)
    found = [float(page.input_value(f"#plane-{name}")) for name in ("z1", "z2")]
    if max(abs(f - 1.5) for f in found) > 0.05:
        faults.append(f"plane: under the mouse z is {found}, expected (1.5, 1.5)")
    faults += ink(page, "plane", 0, decode(model, found))
    return faults + drag(page, "plane", 0, -50, "z1", found[0] - 50 * 6 / 200)


def family(page: Any) -> list[str]:
    faults = []
    for i, member in enumerate(FAMILY["family"]):  # type: ignore[arg-type]
        shown, _ = put(page, "family", beta=i)
        beta, fit, kl = member["beta"], member["reconstruction"], member["kl"]
        at = f"family at {beta}"
        for name, one in (("fit", fit), ("kl", kl), ("objective", fit - beta * kl), ("elbo", fit - kl)):
            faults += differs(f"{at}, {name}", shown[name], one, 10 * CLOSE)
        faults += adds_up(at, shown["fit"], "-" + shown["kl"], shown["elbo"])
        faults += subtracted(at, shown["says"], shown["objective"], shown["elbo"])
        word = "is the ELBO" if beta == 1 else "still a lower bound" if beta > 1 else "nothing keeps it below"
        if word not in shown["says"] or "means over 7 images held out" not in shown["says"]:
            faults.append(f"{at}: says {shown['says']}")
        for j, digit in enumerate(member["digits"]):
            faults += ink(page, "family", 2 * j, [float(bit) for bit in FAMILY["shown"][j]["pixels"]])
            faults += ink(page, "family", 2 * j + 1, [round(9 * tone / 100) / 9 for tone in digit["ink"]])
    return faults


def closure(key: str, following: Callable[[str], list[str]]) -> set[str]:
    found: set[str] = set()
    for other in following(key):
        found |= {other} | closure(other, following)
    return found


ROLES = """() => [
    Object.fromEntries([...document.querySelectorAll('a[data-role]')].map(e => [e.dataset.equation, e.dataset.role])),
    Array.from(document.querySelectorAll('path[data-from]'), ({dataset: d}) => [d.from, d.to, d.role]),
    ['ground', 'result'].map(role => {
        const circle = document.querySelector(`[data-role=${role}] circle`);
        return circle ? getComputedStyle(circle).strokeDasharray : '';
    }),
    document.querySelector('.elbo-map-says').textContent,
]"""


def the_map(page: Any) -> list[str]:
    faults = []
    above = {key: [k for k, entry in LEDGER.items() if key in entry.rests_on] for key in LEDGER}
    for how, key in (("hover", "9"), ("focus", "5"), ("hover", "14"), ("focus", "12"), ("hover", "10")):
        getattr(page.locator(f'[data-equation="{key}"]'), how)()
        nodes, edges, dashes, says = page.evaluate(ROLES)
        grounds = closure(key, lambda k: list(LEDGER[k].rests_on))
        results = closure(key, lambda k: above[k])
        for role, expected in (("chosen", {key}), ("ground", grounds), ("result", results)):
            if (found := {k for k, its in nodes.items() if its == role}) != expected:
                faults.append(f"map: {how} ({key}), {role}: {sorted(found)}, expected {sorted(expected)}")
        for start, end, role in edges:
            up, down = end in grounds | {key} and start in grounds, start in results | {key} and end in results
            if role != ("ground" if up else "result" if down else "other"):
                faults.append(f"map: {how} ({key}), the arrow from ({start}) to ({end}) is {role}")
        if grounds and results and dashes[0] == dashes[1]:
            faults.append("map: what it rests on and what rests on it differ by colour alone")
        if not all(f"({k})" in says for k in grounds | results | {key}):
            faults.append(f"map: {how} ({key}) says {says}")
        page.evaluate("() => document.activeElement.blur()")
    page.mouse.move(1, 1)
    if page.evaluate("() => document.querySelector('.elbo-map.lit, [data-role=ground]') !== null"):
        faults.append("map: stays lit when the pointer has left")
    return faults


def tapped(page: Any) -> list[str]:
    """On a phone: a finger drags a handle, or scrolls the page; a first tap on the map lights, a second leads away."""
    put(page, "identity", mean=0.9, sd=0.5)
    faults = drag(page, "identity", 0, 60, "mean", 0.9 + 60 * 4.0 / 332, grip=(9, 5), by="finger")
    put(page, "plane", digit=1, z1=0, z2=0)
    page.locator("#fig-plane .field").evaluate("field => field.scrollIntoView({block: 'center', behavior: 'instant'})")
    box = page.locator("#fig-plane .field").bounding_box()
    finger(page, (box["x"] + 30, box["y"] + 150), (box["x"] + 30, box["y"] + 20))
    page.wait_for_timeout(40)
    if (z1 := page.input_value("#plane-z1")) != "0":
        faults.append(f"plane: a finger that scrolls moves z to {z1}")
    if faults:
        return faults
    before = page.url
    page.locator(".elbo-map-scroll").evaluate("map => map.scrollTo(999, 0)")
    left = page.locator(".elbo-map-says").evaluate("says => says.getBoundingClientRect().left")
    if left < 0:
        return [f"map: what it says is {-left:.0f} px off the screen when the map is scrolled"]
    page.locator('[data-equation="9"]').tap()
    lit = page.evaluate("() => document.querySelector('[data-role=chosen]')?.dataset.equation")
    if lit != "9" or page.url != before:
        return [f"map: a tap on (9) lit {lit} and led to {page.url}"]
    page.locator('[data-equation="9"]').tap()
    try:
        page.wait_for_url("**/multiply-and-divide.html#eq-9", timeout=5000)
    except Exception:
        return [f"map: a second tap on (9) does not follow its link, but stays at {page.url}"]
    return []


CHECKS: dict[str, Callable[[Any], list[str]]] = {
    "identity": identity,
    "jensen": jensen,
    "support": support,
    "tradeoff": tradeoff,
    "plane": plane,
    "family": family,
    "map": the_map,
}
