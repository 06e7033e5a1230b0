"""Python in the page, without its visible part: every cell and every example, each check shown to find a fault."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

import live_cells
from conftest import ROOT
from elboproof.__main__ import decide
from elboproof.examples import EXAMPLES


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
