"""The book shows the ledger's equations: each in its chapter, once, from its object and not retyped."""

from __future__ import annotations

import re

import nbformat
import pytest

from conftest import ROOT
from elboproof.display import equation
from elboproof.ledger import LEDGER

BOOK = ROOT / "book"
CHAPTERS = sorted({entry.chapter for entry in LEDGER.values()})
DISPLAY = re.compile(r"^\$\$(.*?)\$\$", re.MULTILINE | re.DOTALL)
SPEAKS = re.compile(r"\b[pq]\(|KL|ELBO|mathbb\{E\}")  # of laws; arithmetic by hand speaks of numbers only


def retyped(text: str) -> bool:
    """Whether prose typesets a display equation about laws, which then nothing has proved."""
    return r"\tag{" in text or r"\begin{equation" in text or any(map(SPEAKS.search, DISPLAY.findall(text)))


def notebook(name: str) -> nbformat.NotebookNode:
    return nbformat.read(BOOK / f"{name}.ipynb", as_version=4)


def shown(book: nbformat.NotebookNode) -> dict[str, list[tuple[str, str]]]:
    """Of each equation displayed in a notebook: the sources of the cells that do, and their HTML."""
    found: dict[str, list[tuple[str, str]]] = {}
    for cell in book.cells:
        for output in cell.get("outputs", ()):
            html = output.get("data", {}).get("text/html", "")
            for key in re.findall(r'id="eq-([^"]+)"', html):
                found.setdefault(key, []).append((cell.source, html))
    return found


def faults(key: str, book: nbformat.NotebookNode) -> list[str]:
    places = shown(book).get(key, [])
    if len(places) != 1:
        return [f"expected ({key}) displayed once, found it {len(places)} times"]
    ((source, html),) = places
    out = []
    if not re.search(rf"""equation\(["']?{key}["']?\)""", source):
        out.append(f"expected a cell that displays equation({key!r}), found {source!r}")
    if equation(key)._repr_mimebundle_()["text/html"] not in html:
        out.append(f"expected the display of ({key}) made by its object, found other HTML")
    return out


@pytest.mark.parametrize("key", LEDGER)
def test_displayed_once_from_its_object(key: str) -> None:
    assert faults(key, notebook(LEDGER[key].chapter)) == []


@pytest.mark.parametrize("name", CHAPTERS)
def test_no_chapter_displays_another_s_equation(name: str) -> None:
    assert {LEDGER[key].chapter for key in shown(notebook(name))} == {name}


@pytest.mark.parametrize("path", sorted((ROOT / "chapters").glob("*.md")), ids=lambda path: path.stem)
def test_no_equation_is_retyped(path) -> None:
    assert not retyped(path.read_text())


def unanswered(text: str) -> list[str]:
    """The exercises of a chapter below which no folded answer stands."""
    parts = text.partition("\n## Exercises\n")[2].split("\n**")[1:]
    return [part[:40] for part in parts if "```{code-cell} ipython3\n:tags: [hide-cell]\n" not in part]


@pytest.mark.parametrize("path", sorted((ROOT / "chapters").glob("*.md")), ids=lambda path: path.stem)
def test_an_answer_stands_below_its_exercise(path) -> None:
    text = path.read_text()
    assert unanswered(text) == []
    before, heading, exercises = text.partition("\n## Exercises\n")
    assert not exercises or unanswered(before + heading + exercises.replace("[hide-cell]", "[hide-input]"))


def test_planted_faults_are_found() -> None:
    book = notebook("add-and-subtract")
    assert faults("5", book) == []
    assert faults("2", book)
    typed = nbformat.from_dict(book)
    for cell in typed.cells:
        if "equation(" in cell.source:
            cell.source = cell.source.replace("equation(", "display(")
    assert faults("5", typed)
    wrong = nbformat.from_dict(notebook("add-and-subtract"))
    for cell in wrong.cells:
        for output in cell.get("outputs", ()):
            if "text/html" in output.get("data", {}):
                output.data["text/html"] = output.data["text/html"].replace("+", "-")
    assert faults("5", wrong)
    assert retyped("$$\n\\log p(D) = 0\n$$")
    assert not retyped("$$\n1 + 1 = 2\n$$ and then p(x)")
