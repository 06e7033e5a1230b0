"""Figures that answer: what Python hands over, and in a browser what they say of it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lxml.html
import pytest

import figure_checks as checks
import site_checks
from elboproof.errors import IllFormed
from elboproof.figures import figure
from elboproof.interactive import interactive, tempered
from elboproof.live_figure import Live, Slider, rounded
from elboproof.trained_figures import APART, REACH, placed, tones

MADE = checks.figures()


@pytest.mark.parametrize("name", MADE)
def test_a_still_picture_and_labelled_controls(name: str) -> None:
    tree = lxml.html.fromstring(MADE[name].html)
    assert tree.get("data-figure") == ("tradeoff" if name == "family" else name)
    assert tree.xpath("string(figcaption)") == "What is found."
    assert tree.xpath("string(.//div[@class='elbo-live-picture']/svg/title)") == "What is seen."
    panel = tree.xpath("div[@class='elbo-live-panel']")[0]
    assert panel.get("hidden") is not None  # where there is no script there is nothing to control
    for control in panel.xpath(".//input"):
        labels = panel.xpath(f".//label[@for='{control.get('id')}']") or control.xpath("ancestor::label")
        assert labels[0].text_content().strip()
    script = tree.xpath("string(script[@type='application/json'])")
    assert len(script.encode()) < 1100
    assert json.loads(script) == MADE[name].data


def test_the_same_bytes_again() -> None:
    again = checks.figures.__wrapped__()
    assert {name: made.html for name, made in again.items()} == {name: made.html for name, made in MADE.items()}


def test_data_are_what_is_certain() -> None:
    assert rounded({"a": [1 / 3, 2.0, 3], "b": None, "c": (True, "x")}) == {
        "a": [0.333333333333, 2, 3],
        "b": None,
        "c": [True, "x"],
    }
    assert rounded(0.1 + 0.2) == 0.3
    with pytest.raises(IllFormed, match="finite numbers in the data of a figure, found inf"):
        rounded({"x": math.inf})


def test_data_cannot_end_their_script() -> None:
    with figure("x", caption="c", alt="a", shown=False) as ax:
        ax.plot([0, 1])
    made = figure("x", caption="c", alt="a", shown=False)
    with pytest.raises(IllFormed, match="drawn before it is shown"):
        Live("x", made, {}, (), {})
    with made as ax:
        ax.plot([0, 1])
    html = Live("x", made, {"text": "</script><script>alert(1)"}, (), {}).html
    assert html.count("</script>") == 1
    assert lxml.html.fromstring(html).xpath("count(.//script)") == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: interactive("spiral", **checks.WORDS), "a kind of figure among identity, jensen.*found 'spiral'"),
        (lambda: interactive("identity", checks.COIN, **checks.WORDS), "a ConjugateGaussian for the figure identity"),
        (lambda: interactive("jensen", [1], [1, 1, 1], **checks.WORDS), "expected two weights"),
        (lambda: interactive("jensen", [1, 3], [1, 1, 1], **checks.WORDS), "weights above 0 and up to 2"),
        (lambda: interactive("support", checks.GAUSSIAN, **checks.WORDS), "a BetaBernoulli for the figure support"),
        (lambda: interactive("tradeoff", [(0.5, -1, 1)] * 3, **checks.WORDS), "beta = 1 among them"),
        (lambda: interactive("plane", {"layers": []}, **checks.WORDS), r"found none of \['activation', 'digits'\]"),
        (lambda: interactive("plane", checks.decoder(), chosen=3, **checks.WORDS), "one of 3 digits to choose"),
        (lambda: interactive("family", {**checks.FAMILY, "family": []}, **checks.WORDS), "trained with beta = 1"),
        (lambda: tones([0.5, 1.5]), r"probabilities of ink in \[0, 1\]"),
        (lambda: interactive("identity", checks.GAUSSIAN, caption="", alt="a"), "the caption of a figure"),
        (lambda: tempered(checks.GAUSSIAN, [0]), "expected beta > 0, found 0"),
        (lambda: Slider("x", "x", 0, 1, 0.1, 0.25), "slider x on a step"),
        (lambda: Slider("x", "x", 1, 0, 0.1, 0.5), "low <= value <= high"),
    ],
)
def test_what_it_cannot_show(call: Any, message: str) -> None:
    with pytest.raises(IllFormed, match=message):
        call()


@pytest.mark.parametrize("beta", [0.2, 1.0, 5.0])
def test_a_tempered_posterior_is_the_best_for_its_beta(beta: float) -> None:
    """No q near it has a larger objective, and the values are those of the one with Monte-Carlo-free moments."""
    ((_, fit, kl),) = tempered(checks.GAUSSIAN, [beta])
    others = [row for near in (0.9, 1.1) for row in tempered(checks.GAUSSIAN, [beta * near])]
    assert all(fit - beta * kl > f - beta * k for _, f, k in others)
    if beta == 1:
        assert fit - kl == pytest.approx(checks.GAUSSIAN.log_evidence, abs=1e-12)  # the posterior itself


def test_digits_are_pushed_apart_and_stay_near() -> None:
    means = [(0.0, 0.0), (0.0, 0.0), (0.05, 0.0), (2.0, 1.0), (5.0, 0.0)]
    at = placed(means)
    apart = [math.dist(at[i], at[j]) for i in range(5) for j in range(i)]
    assert min(apart) > 0.95 * APART
    assert max(math.dist(a, m) for a, m in zip(at[:4], means, strict=False)) < 1.5 * APART
    assert tuple(at[3]) == (2.0, 1.0)
    assert max(map(abs, at[4])) <= REACH


# -- in the browser ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def session(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context
    context.close()


def test_figures_say_what_is_so(session: Any, tmp_path: Path) -> None:
    page, faults = checks.opened(session, checks.page_of(tmp_path / "site"))
    for check in checks.CHECKS.values():
        faults += check(page)
    page.close()
    assert faults == []


def test_on_a_phone(browser: Any, tmp_path: Path) -> None:
    phone = browser.new_context(viewport={"width": 390, "height": 800}, has_touch=True, color_scheme="dark")
    page, faults = checks.opened(phone, checks.page_of(tmp_path / "site"))
    wide = page.evaluate("() => document.documentElement.scrollWidth")
    faults += [f"{wide} px wide"] if wide > 390 else []
    faults += checks.tapped(page)
    phone.close()
    assert faults == []


def test_planted_faults_under_a_finger_are_found(browser: Any, tmp_path: Path) -> None:
    faults = [
        ("core.js", "passive: false", "passive: true"),
        ("plane.js", '["pointermove", "click"]', '["pointermove", "pointerdown"]'),
    ]
    phone = browser.new_context(viewport={"width": 390, "height": 800}, has_touch=True)
    page, _ = checks.opened(phone, checks.page_of(tmp_path / "site", "", faults))
    found = str(checks.tapped(page))
    phone.close()
    assert "dragged by finger" in found
    assert "a finger that scrolls moves z" in found


def test_without_a_script_the_still_picture_stays(browser: Any, tmp_path: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(checks.page_of(tmp_path / "site", "identity").as_uri())
    assert page.locator("#fig-identity svg").first.is_visible()
    assert not page.locator("#identity-mean").is_visible()
    context.close()


def test_the_book_loads_what_its_figures_need(html: Path) -> None:
    kinds = set()
    for page in (html / "book").glob("*.html"):
        tree = site_checks.parsed(page)
        kinds |= (here := set(tree.xpath("//figure/@data-figure")))
        assert not here or tree.xpath("//script[contains(@src, '_static/elbo-figures.js')]"), page.name
    assert {"identity", "jensen", "support", "map"} <= kinds
    assert all((html / "_static" / "figures" / f"{name}.js").is_file() for name in {"core", *kinds})


def test_a_page_of_the_book_opened_as_a_file_and_printed(session: Any, html: Path) -> None:
    page, faults = checks.opened(session, html / "book" / "add-and-subtract.html")
    shown = page.text_content("#fig-identity [data-shows=evidence]")
    faults += checks.differs("the page", shown, checks.GAUSSIAN.log_evidence)
    live, still = page.locator("#fig-identity .elbo-live-svg"), page.locator("#fig-identity svg:not(.elbo-live-svg)")
    seen = [live.is_visible(), still.is_visible(), page.locator("#identity-mean").is_visible()]
    page.emulate_media(media="print")
    seen += [live.is_visible(), still.is_visible(), page.locator("#identity-mean").is_visible()]
    page.close()
    assert faults == []
    assert seen == [True, False, True, False, True, False]


def test_a_press_on_a_digit_chooses_its_image(session: Any, tmp_path: Path) -> None:
    page, faults = checks.opened(session, checks.page_of(tmp_path / "site", "plane"))
    for i in (2, 0, 1):
        page.locator("#fig-plane .digit", has_text=str(checks.decoder()["digits"][i]["label"])).click(force=True)
        assert page.input_value("#plane-digit") == str(i + 1)
        page.wait_for_timeout(60)
        strong = page.locator("#fig-plane .digit.strong")
        assert strong.text_content() == str(checks.decoder()["digits"][i]["label"])
        assert strong.evaluate("digit => digit === digit.parentElement.lastChild")  # none covers it
    page.close()
    assert faults == []


# What is changed in which script, the check that has to notice, and a word of what it then says
FAULTS: list[tuple[str, str, str, str, str]] = [
    ("identity.js", "0.5 * (LOG_2PI + 1)", "0.5 * LOG_2PI", "identity", "shows"),
    ("identity.js", "total.textContent = `log p(D)", "total.textContent = `log p", "identity", "number line"),
    ("identity.js", 'live.put("mean", top.atX(x))', 'live.put("mean", top.atX(x) + 0.2)', "identity", "dragged"),
    ("core.js", "textContent = this.saying", "textContent = ''", "identity", "aloud"),
    ("core.js", "whole[larger[i]] += 1", "whole[larger[i]] += 0", "support", "is not"),
    ("jensen.js", "spread / (2 * mean * mean)", "spread / (2 * mean)", "jensen", "second: shows"),
    ("jensen.js", "shares[i] > 0 ?", "true ?", "jensen", "shows undefined"),
    ("jensen.js", "estimate < gap ?", "estimate > gap ?", "jensen", "says"),
    ("support.js", "if (low < 0 || high > 1)", "if (low < -1 || high > 1)", "support", "support at (-0.2, 0.6), kl"),
    ("support.js", "const covers = low <= 0", "const covers = low < 0", "support", "says"),
    ("support.js", "kl: -Math.log(width)", "kl: Math.log(width)", "support", "support at (0.3, 0.8), kl"),
    (
        "core.js",
        "away(one) < away(best) ? one : best",
        "best",
        "identity",
        "dragged by mouse, mean goes from 0.9 to 0.9",
    ),
    ("core.js", "Math.abs(one - other)", "Math.abs(one - other) + 0.01", "family", "apart"),
    ("tradeoff.js", "fit - beta * kl;", "fit - kl;", "tradeoff", "tradeoff at 0.1: shows"),
    ("tradeoff.js", "beta > 1\n", "beta < 1\n", "tradeoff", "says"),
    ("plane.js", "i * width + j", "j * a.length + i", "plane", "image 0"),
    ("plane.js", 'pixels[i] === "1" ?', 'pixels[i] === "0" ?', "plane", "here: shows"),
    ("plane.js", 'event.pointerType !== "mouse"', 'event.pointerType === "mouse"', "plane", "under the mouse"),
    ("tradeoff.js", "drawn[live.get(", "drawn[0 * live.get(", "family", "image 1"),
    ("map.js", "(k) => rests.get(k)", "(k) => rests.get(k).slice(1)", "map", "ground"),
    ("map.js", "(from === key || results.has(from)) &&", "", "map", "the arrow"),
    ("figures.css", "stroke-width: 3; stroke-dasharray: 6 4;", "stroke-width: 3;", "map", "colour alone"),
]


@pytest.fixture(scope="module")
def found(session: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What the checks say of scripts with all faults at once."""
    made = checks.page_of(tmp_path_factory.mktemp("faults") / "site", "", [fault[:3] for fault in FAULTS])
    page, _ = checks.opened(session, made)
    found = {name: check(page) for name, check in checks.CHECKS.items()}
    page.close()
    return found


@pytest.mark.parametrize(("check", "word"), [fault[3:] for fault in FAULTS])
def test_a_planted_fault_is_found(check: str, word: str, found: dict[str, list[str]]) -> None:
    assert any(word in fault for fault in found[check]), found[check]


def test_a_figure_that_fails_keeps_its_still_picture(session: Any, tmp_path: Path) -> None:
    fault = ("identity.js", "const LOG_2PI =", "null.x; const LOG_2PI =")
    made = checks.page_of(tmp_path / "site", "identity", [fault])
    page = session.new_page()
    page.goto(made.as_uri())
    page.wait_for_timeout(200)
    assert page.locator("#fig-identity svg").first.is_visible()
    assert not page.locator("#identity-mean").count()  # and no slider that does nothing
    page.close()
