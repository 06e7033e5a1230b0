"""The built site, read as files (test_pages opens it in a browser); every check is shown to find a planted fault."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import site_checks
from conftest import ROOT


@pytest.mark.parametrize("check", site_checks.CHECKS)
def test_site(check: str, html: Path) -> None:
    assert site_checks.CHECKS[check](html) == []


def test_there_are_pages(html: Path) -> None:
    notebooks = {path.stem for path in (ROOT / "book").glob("*.ipynb")}
    listed = set(re.findall(r"^\s*(?:- file|root): book/([\w-]+)", (ROOT / "_toc.yml").read_text(), re.MULTILINE))
    assert listed == notebooks, "_toc.yml lists other pages than book/ has"
    assert {path.stem for path in site_checks.pages(html)} >= notebooks


# A small sound site, and what each fault changes in it

SOUND = r"""<html><head><title>t</title><link rel="stylesheet" href="own.css"></head><body><article>
<p id="top">see <a href="other.html#eq-5" class="elbo-eqn">(5)</a> and <a href="#top">above</a></p>
<img src="own.svg" alt="a line"><svg role="img" aria-label="a line"></svg>
<div class="output text_html"><div class="elbo-math"><mjx-container><svg aria-hidden="true"><path id="mj-x"/><use
href="#mj-x"/></svg><math><mi>x</mi></math></mjx-container></div></div></article></body></html>"""
OTHER = r"""<html><body><div id="eq-5">x <span class="elbo-number">(5)</span></div>
<div id="eq-6">y <span class="elbo-number">(6)</span></div>
<div id="eq-55">z <span class="elbo-number">(55)</span></div></body></html>"""
FAULTS = [
    ("links", "other.html#eq-5", "absent.html"),
    ("links", "other.html#eq-5", "other.html#eq-56"),
    ("links", 'href="#top"', 'href="#bottom"'),
    ("links", 'href="#top"', 'href="#claim=x"'),
    ("links", "own.svg", "absent.svg"),
    ("links", "<title>", '<meta http-equiv="Refresh" content="0; url=absent.html"><title>'),
    ("equation links", "other.html#eq-5", "other.html#eq-6"),
    ("equation links", "other.html#eq-5", "other.html#absent"),
    ("equation links", "(5)", "(6)"),
    ("equation links", "(5)", "()"),
    ("equation links", "eq-5", "eq-55"),
    ("doubled ids", "<img", '<p id="top"></p><img'),
    ("other hosts", 'href="own.css"', 'href="https://elsewhere.example/own.css"'),
    ("other hosts", 'src="own.svg"', 'src="//elsewhere.example/own.svg"'),
    ("other hosts", "</head>", '<script src="https://elsewhere.example/x.js"></script></head>'),
    ("other hosts", "</article>", '<iframe src="https://elsewhere.example/"></iframe></article>'),
    ("other hosts", "</head>", "<style>@import 'https://elsewhere.example/x.css';</style></head>"),
    ("alternative text", ' alt="a line"', ""),
    ("alternative text", 'alt="a line"', 'alt=" "'),
    ("alternative text", ' aria-label="a line"', ""),
    ("mathematics", "<mjx-container>", r"\( x \)<mjx-container>"),
    ("mathematics", '<div class="elbo-math">', r'\( x \)<div class="elbo-math">'),
    ("mathematics", "<mi>x</mi></math>", "</math>\\[ y \\]"),
    ("mathematics", "math>", "span>"),
    ("mathematics", 'id="mj-x"', 'id="mj-y"'),
]


def small_site(folder: Path, page: str = SOUND) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "index.html").write_text(page)
    (folder / "other.html").write_text(OTHER)
    (folder / "own.css").write_text("p { margin: 0 }")
    (folder / "own.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    return folder


def test_the_small_site_is_sound(tmp_path: Path) -> None:
    site = small_site(tmp_path / "site")
    assert [fault for check in site_checks.CHECKS.values() for fault in check(site)] == []


@pytest.mark.parametrize(("check", "old", "new"), FAULTS)
def test_a_planted_fault_is_found(check: str, old: str, new: str, tmp_path: Path) -> None:
    assert old in SOUND
    assert site_checks.CHECKS[check](small_site(tmp_path / "site", SOUND.replace(old, new, 1)))


# Colours


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def faint(css: str) -> list[str]:
    """Pairs of ink and paper with too little contrast, for each theme."""
    faults = []
    for theme in ("light", "dark"):
        block = css.split(f'html[data-theme="{theme}"] {{')[1].split("}")[0]
        colours = dict(re.findall(r"--elbo-(\w+-(?:ink|paper)): (#\w{6});", block))
        inks = {name.removesuffix("-ink"): value for name, value in colours.items() if name.endswith("-ink")}
        assert len(inks) >= 5
        for name, ink in inks.items():
            if (ratio := contrast(ink, colours[f"{name}-paper"])) < 4.5:
                faults.append(f"{theme} {name}: {ratio:.2f}")
    return faults


def test_colours_have_contrast() -> None:
    css = (ROOT / "book" / "_static" / "elbo.css").read_text()
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert faint(css) == []
    assert faint(css.replace("--elbo-soft-ink: #565c66", "--elbo-soft-ink: #a0a0a0"))
