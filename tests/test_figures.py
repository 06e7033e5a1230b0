"""What a reader needs of a figure: words for it, ink that follows the page, ids of its own, the same bytes anywhere."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from fractions import Fraction
from pathlib import Path

import lxml.html
import matplotlib as mpl
import nbformat
import numpy as np
import pytest

from elboproof.errors import IllFormed
from elboproof.figures import (
    DASHES,
    INK,
    PALETTE,
    draw_decomposition,
    draw_densities,
    draw_table,
    figure,
    label_line,
    show,
)
from elboproof.models import Gamma, Normal, Uniform

SVG = "{http://www.w3.org/2000/svg}"


def sample(name="sample", jitter=0.0):
    made = figure(name, caption="A < B & so on", alt='Two curves, "one" above the other')
    with made as ax:
        x = np.linspace(0.1, 3, 40) * (1 + jitter)
        ax.plot(x, np.log(x), marker="o", label="log")
        ax.fill_between(x, np.log(x), x - 1, hatch="//", alpha=0.4, label="gap")
        ax.set_xlabel("θ")
        ax.legend()
    return made.drawn


def tree(drawn):
    return ET.fromstring(drawn.svg)


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a, b):
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colour", PALETTE)
def test_the_palette_reads_on_light_and_dark(colour):
    assert contrast(colour, "#ffffff") >= 3  # WCAG 2.1, 1.4.11
    assert contrast(colour, "#121212") >= 3


def test_lines_differ_without_colour():
    assert len(set(map(str, DASHES))) == len(DASHES) == len(PALETTE)


def test_words_for_it():
    drawn = sample()
    root = tree(drawn)
    assert root.get("role") == "img"
    title = root.find(f"{SVG}title")
    assert title.text == 'Two curves, "one" above the other'
    assert root.get("aria-labelledby") == title.get("id")
    assert "<figcaption>A &lt; B &amp; so on</figcaption>" in drawn.html
    assert drawn.html.startswith('<figure class="elbo-figure" id="fig-sample"')
    bundle = drawn._repr_mimebundle_()
    assert bundle == {"text/html": drawn.html, "text/plain": f"Figure sample: {drawn.alt}"}


def test_ink_follows_the_page():
    drawn = sample()
    assert "currentColor" in drawn.svg
    assert INK not in drawn.svg
    colours = {c.upper() for c in re.findall(r"(?:fill|stroke): (#\w+)", drawn.svg)}
    assert colours <= set(PALETTE)
    assert "<style" not in drawn.svg  # it would restyle the page
    assert "DejaVu" not in drawn.svg


def test_every_text_has_the_pages_font():
    made = figure("powers", caption="c", alt="a")
    with made as ax:
        ax.semilogy([1, 2], [1, 1000])
        ax.set_xlabel("x")
    assert "<tspan" in made.drawn.svg  # an exponent
    assert "DejaVu" not in made.drawn.svg
    assert made.drawn.svg.count("font-family") == 1  # that of the whole


@pytest.mark.parametrize(
    ("names", "columns"),
    [
        (("reconstruction", "KL", "ELBO"), 3),
        (("entropy of q", "KL to prior", "KL to posterior"), 2),
        (("a long name for a curve", "another long name"), 1),
        (("a long name for a curve", "another long name", "third", "fourth"), 2),
    ],
)
def test_a_legend_is_no_wider_than_its_figure(names, columns):
    made = figure("legend", caption="c", alt="a")
    with made as ax:
        for name in names:
            ax.plot([0, 1], label=name)
        ax.figure.legend(loc="outside upper center", ncols=3)
    (legend,) = made.canvas.legends
    assert [text.get_text() for text in legend.get_texts()] == list(names)
    rows = {
        round(float(re.search(r' y="([\d.]+)"', line)[1]))
        for line in made.drawn.svg.splitlines()
        if any(f">{name}<" in line for name in names)
    }
    assert len(rows) == -(-len(names) // columns)
    assert legend.get_window_extent().width < made.canvas.bbox.width


def test_the_name_of_a_line_stands_on_it_in_ink():
    made = figure("line", caption="c", alt="a")
    with made as ax:
        ax.set_xlim(0, 1)
        ax.axhline(1, color=PALETTE[1])
        label_line(ax, 1, 1, "log p(D)")
    drawn = ax.texts[0].get_window_extent()
    assert drawn.y0 - ax.transData.transform((1, 1))[1] > 2.9
    assert re.search(r'<text style="[^"]*fill: currentColor"[^>]*>log p\(D\)', made.drawn.svg)


def figures_of(path):
    for cell in nbformat.read(path, as_version=4).cells:
        for output in cell.get("outputs", ()):
            html = output.get("data", {}).get("text/html", "")
            if "<figure" in html:
                yield from lxml.html.fromstring(f"<div>{html}</div>").iter("figure")


@pytest.mark.parametrize("path", sorted((Path(__file__).parent.parent / "book").glob("*.ipynb")), ids=lambda p: p.stem)
def test_figures_of_the_book_read_alike(path):
    """Text in ink, since no colour of the palette has the contrast that text needs; one way to write signs."""
    for drawn in figures_of(path):
        for text in drawn.iter("text", "tspan"):
            assert re.search(r"fill: #", text.get("style", "")) is None, text.text_content()
        said = [*(text.text_content() for text in drawn.iter("text")), drawn.xpath("string(figcaption)")]
        for text in said:
            assert re.search(r"(?<![\w.])-\d|\|\||\bbeta\b|\binfinity\b", text) is None, text


def test_text_is_text_and_large_enough_on_a_phone():
    root = tree(sample())
    texts = ["".join(node.itertext()) for node in root.iter(f"{SVG}text")]
    assert {"log", "gap", "θ"} <= set(texts)
    sizes = [float(s) for s in re.findall(r"(\d+(?:\.\d+)?)px", sample().svg)]
    scale = (390 - 2 * 16) / float(root.get("viewBox").split()[2])
    assert min(sizes) * scale >= 11


def test_ids_are_the_figures_own():
    first, second = (
        {node.get("id") for node in tree(sample(name)).iter() if node.get("id")} for name in ("one", "two")
    )
    assert first
    assert not first & second
    assert all(i.startswith("one-") for i in first)
    drawn = sample("one")
    used = set(re.findall(r"#(one-\d+)", drawn.svg))
    assert used <= first
    assert not re.search(r"url\(#(?!one-)", drawn.svg)


def test_the_same_bytes_again_elsewhere_and_under_the_last_bit():
    here = str(Path(__file__).parent)
    again = f"import sys; sys.path.insert(0, {here!r}); from test_figures import sample; print(sample().html)"
    fresh = subprocess.run([sys.executable, "-c", again], capture_output=True, text=True, check=True)
    assert fresh.stdout.strip() == sample().html
    assert sample(jitter=1e-14).html == sample().html
    assert not re.search(r"\d\.\d{3}", sample().svg)


def test_settings_are_left_as_found():
    before = dict(mpl.rcParams)
    sample()
    with pytest.raises(ZeroDivisionError), figure("broken", caption="c", alt="a"):
        1 / 0
    assert dict(mpl.rcParams) == before


def test_a_figure_drawn_elsewhere():
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas()
    canvas.add_subplot().plot([0, 1], [1, 0])
    drawn = show(canvas, name="own", caption="A line falls.", alt="A falling line")
    assert tree(drawn).get("role") == "img"


def test_decomposition_bars_stand_under_the_evidence():
    made = figure("bars", caption="c", alt="a")
    with made as ax:
        draw_decomposition(ax, ["narrow", "posterior", "wide"], [-6.5, -5.0, -np.inf], -5.0)
        elbo, gap = ax.containers
        tops = [bar.get_y() + bar.get_height() for bar in gap]
        assert tops == pytest.approx([-5.0, -5.0])
        assert [bar.get_y() + bar.get_height() for bar in elbo] == pytest.approx([-6.5, -5.0])
    assert "ELBO = −∞" in made.drawn.svg
    with pytest.raises(IllFormed, match="at most log p"):
        draw_decomposition(ax, ["q"], [-4.0], -5.0)
    with pytest.raises(IllFormed, match="one ELBO for each of 2 labels, found 1"):
        draw_decomposition(ax, ["q", "r"], [-6.0], -5.0)


def test_densities_jump_where_supports_end():
    made = figure("densities", caption="c", alt="a")
    with made as ax:
        draw_densities(ax, {"q": Uniform(1, 2), "p": Gamma(3, 1), "r": Normal(0, 1)}, -1, 4)
        x, y = ax.lines[0].get_data()
        assert set(np.round(y, 12)) == {0.0, 1.0}
        assert min(x[y > 0]) == 1.0
    with pytest.raises(IllFormed, match="a distribution to draw as q"):
        draw_densities(ax, {"q": 3}, 0, 1)


def test_tables_write_fractions():
    made = figure("table", caption="c", alt="a")
    with made as ax:
        draw_table(ax, ["0", "1"], {"q": [Fraction(1, 3), Fraction(2, 3)], "p": [Fraction(1, 2), Fraction(1, 2)]})
    assert ">2/3<" in made.drawn.svg
    with pytest.raises(IllFormed, match="2 probabilities for q, found 1"):
        draw_table(ax, ["0", "1"], {"q": [1]})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"caption": "c"}, "the alt text of a figure as text, found ''"),
        ({"alt": "a"}, "the caption of a figure as text"),
        ({"caption": "  ", "alt": "a"}, "the caption of a figure"),
    ],
)
def test_words_are_demanded(arguments, message):
    with pytest.raises(IllFormed, match=message):
        figure("name", **arguments)


def test_names_are_ids():
    with pytest.raises(IllFormed, match="a name such as jensen-gap for a figure, found 'My figure'"):
        figure("My figure", caption="c", alt="a")


def test_matplotlib_comes_with_the_first_figure():
    code = "import sys, elboproof.figures; print('matplotlib' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"
