"""Python in the page: cells, the prover, and what they weigh, in a browser; each check finds a planted fault."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

import browser_checks
import live_cells
import live_checks
from conftest import ROOT, served
from elboproof.__main__ import decide
from elboproof.examples import EXAMPLES


@pytest.fixture(scope="module")
def address(html: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The site, not at the root of its server."""
    root = tmp_path_factory.mktemp("server")
    (root / "some" / "where").mkdir(parents=True)
    (root / "some" / "where" / "deep").symlink_to(html)
    with served(root) as where:
        yield f"{where}/some/where/deep"


@pytest.fixture(scope="module")
def session(browser: Any) -> Iterator[Any]:
    context = browser_checks.session(browser)
    yield context
    context.close()


@pytest.fixture(scope="module")
def engine(session: Any, address: str) -> Iterator[Any]:
    """A page with Python started in it, without a visible part."""
    page = session.new_page()
    page.goto(f"{address}/book/prove.html")
    page.evaluate(
        """async () => {
            const { Engine } = await import(new URL('../_static/live/engine.js', location));
            window.engine = new Engine();
            await engine.start();
        }"""
    )
    yield lambda kind, *args: page.evaluate("([kind, args]) => engine.call(kind, ...args)", [kind, list(args)])
    page.close()


def test_the_first_verdict_comes_soon(browser: Any, address: str) -> None:
    fresh = browser_checks.session(browser)
    cold, following = live_checks.timed(fresh, address, time.perf_counter)
    fresh.close()
    print(f"first verdict {cold:.1f} s, next {following:.2f} s")
    assert cold <= 12 * live_checks.allowance()
    assert following <= 1 * live_checks.allowance()


def test_before_a_press(session: Any, address: str) -> None:
    assert live_checks.untouched(session, address) == []


def test_a_cell_lives(session: Any, address: str) -> None:
    assert live_checks.cells(session, address) == []


def test_the_prover(session: Any, address: str) -> None:
    assert live_checks.prover(session, address) == []


def test_a_link_carries_a_claim(session: Any, address: str) -> None:
    assert live_checks.linked(session, address) == []


@pytest.mark.parametrize("name", [live_checks.CHAPTER, live_checks.PROVER])
def test_as_a_file(session: Any, html: Path, name: str) -> None:
    assert live_checks.as_file(session, html, name) == []


def test_weight(browser: Any, address: str, html: Path) -> None:
    heaviest = max((html / "book").glob("*.html"), key=lambda path: path.stat().st_size)
    for name in (live_checks.CHAPTER, f"book/{heaviest.name}"):
        fresh = browser_checks.session(browser)
        total, faults = live_checks.weight(fresh, address, html, name)
        fresh.close()
        print(f"{name}: {total} bytes")
        assert faults == []
        assert 100_000 < total <= live_checks.WEIGHT  # the theme's styles and icons alone weigh this much


def test_mathematics_is_soon_visible(session: Any, address: str) -> None:
    assert live_checks.visible(session, address) == []
    push = "document.querySelector('article h1').style.marginTop = '300px'"
    jump = f"() => new Promise(done => setTimeout(() => {{ {push}; done(); }}, 100))"
    assert "jumps" in str(live_checks.visible(session, address, script=jump, visits=1))
    assert "visible after" in str(live_checks.visible(session, address, soon=1, visits=1))


# What faults in the page's scripts do: the check, what is changed in which file, and what is found
FAULTS = [
    (
        "untouched",
        {
            "elbo-live.js": [("import(new URL", 'fetch(new URL("python/manifest.json", here)); import(new URL')],
            "live/cells.js": [('"Run here"', '"Run"')],
        },
        ["fetched before a press", "a bar says"],
    ),
    (
        "cells",
        {
            "live/mathematics.js": [("text.replaceWith(holder.content);", "")],
            "live/cells.js": [
                ("for (const { source } of this.history)", "for (const { source } of [])"),
                ("this.output.replaceChildren(...this.committed)", "0"),
            ],
        },
        ["differs from the committed", "names are lost", "reset does not"],
    ),
    (
        "prover",
        {
            "live/prover.js": [
                ("before.length + start - from", "before.length + start - from + 1"),
                ('history.replaceState(null, "", this.address());', ""),
                ('this.where.value = given.getAll("where")', 'this.where.value = [""]'),
            ]
        },
        ["caret", "address does not carry", "declaration is not in its field"],
    ),
    ("linked", {"live/prover.js": [("    this.fromAddress();\n  }", "  }")]}, ["the fields hold"]),
]


@pytest.mark.parametrize(
    ("check", "patches", "words"), FAULTS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_planted_faults_are_found(check: str, patches: Any, words: list[str], session: Any, address: str) -> None:
    patience = {"patience": 5000} if check in ("cells", "prover") else {}
    faults = getattr(live_checks, check)(session, address, patches, **patience)
    assert [word for word in words if not any(word in fault for fault in faults)] == []


# Every cell, every example


def committed(cell: Any) -> list[dict[str, Any]]:
    keys = ("output_type", "name", "text", "data")
    return json.loads(json.dumps([{key: output[key] for key in keys if key in output} for output in cell.outputs]))


def rerun(engine: Any, cells: list[Any]) -> list[str]:
    """The cells of a page whose outputs differ from those that are committed."""
    engine("fresh")
    needs = live_cells.needing([cell.source for cell in cells])
    live = [cell for cell, names in zip(cells, needs, strict=True) if not names]
    return [cell.source for cell in live if engine("run", cell.source) != committed(cell)]


# The page on trust counts the functions that run, which are fewer once something is remembered: it comes first.
PAGES = sorted((ROOT / "book").glob("*.ipynb"), key=lambda path: (path.stem != "trust", path.stem))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_cells_give_what_is_committed(path: Path, engine: Any) -> None:
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert rerun(engine, cells) == []


def test_a_changed_output_is_found(engine: Any) -> None:
    cells = [
        cell for cell in nbformat.read(ROOT / "book" / "index.ipynb", as_version=4).cells if cell.cell_type == "code"
    ]
    cells[0].outputs.append(nbformat.v4.new_output("stream", text="more"))
    assert rerun(engine, cells) == [cells[0].source]


def test_no_more_of_sympy_is_fetched_for_a_claim(engine: Any) -> None:
    before = engine("modules")
    for example in EXAMPLES[:3]:
        engine("decided", example.claim, list(example.where))
    assert [
        name for name in engine("modules") if name not in before and name.startswith(("sympy", "mpmath", "lark"))
    ] == []


def test_more_of_sympy_is_there_when_asked_for(engine: Any) -> None:
    engine("fresh")
    found = engine("run", "import sympy.stats\nfrom sympy.stats import Die, E\nE(Die('X', 6))")
    assert found[0]["data"]["text/plain"] == "7/2"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_examples_in_the_browser(example: Any, engine: Any) -> None:
    found = engine("decided", example.claim, list(example.where))
    assert found["verdict"] == example.verdict


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_examples_on_the_command_line(example: Any) -> None:
    assert decide(example.claim, list(example.where))[0] == example.verdict


def test_there_are_twenty_examples() -> None:
    assert len({example.claim for example in EXAMPLES}) == 20
    assert {example.verdict for example in EXAMPLES} == {"proved", "refuted"}
