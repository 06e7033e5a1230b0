"""The notation page: its forms are one term each, and every entry is linked from where the book uses it first."""

from __future__ import annotations

import re

import pytest

from conftest import ROOT
from elboproof import parse, workbench
from elboproof.language import Support

CHAPTERS = ROOT / "chapters"
ORDER = re.findall(r"book/([\w-]+)", (ROOT / "_toc.yml").read_text())
ENTRY = re.compile(r"^(\S.*)\n((?:  .*\n)+)", re.MULTILINE)


def entries(text: str) -> dict[str, str]:
    """Each term of the glossaries of a page, with its definition on one line."""
    found = {}
    for block in re.findall(r"^:::\{glossary\}\n(.*?)^:::$", text, re.MULTILINE | re.DOTALL):
        for term, body in ENTRY.findall(block):
            assert term not in found, f"{term} twice"
            found[term] = " ".join(body.split())
    return found


def linked(text: str) -> list[str]:
    """The terms that a chapter links, in their order."""
    return [target or shown for shown, target in re.findall(r"\{term\}`([^`<]+?)(?:\s*<([^>]+)>)?`", text)]


PAGE = entries((CHAPTERS / "notation.md").read_text())
NAMES = {name: getattr(workbench, name) for name in workbench.__all__} | {"Support": Support}


@pytest.mark.parametrize("term", PAGE)
def test_the_forms_of_an_entry_are_one_term(term: str) -> None:
    forms = re.search(r"Python\s`([^`]+)`(?:; text `([^`]+)`)?", PAGE[term])
    if forms is None:
        assert "Python" not in PAGE[term]
        return
    made = eval(forms[1], dict(NAMES))
    if forms[2]:
        assert parse.parse_term(forms[2]) == made


def misplaced(page: dict[str, str], chapters: dict[str, str]) -> list[str]:
    """Entries that are not linked from the one chapter they name, or not only once."""
    places: dict[str, list[str]] = {}
    for name, text in chapters.items():
        for term in linked(text):
            places.setdefault(term, []).append(name)
    faults = [f"{term} is no entry" for term in places if term not in page]
    for term, body in page.items():
        first = re.findall(r"First in \[[^]]+\]\(([\w-]+)\.ipynb\)\.$", body)
        if first != places.get(term):
            faults.append(f"{term} says it is first in {first}, and is linked from {places.get(term)}")
    return faults


CHAPTER_TEXTS = {name: (CHAPTERS / f"{name}.md").read_text() for name in ORDER if name != "notation"}


def test_every_entry_is_linked_once_from_where_it_says() -> None:
    assert len(PAGE) >= 25
    assert misplaced(PAGE, CHAPTER_TEXTS) == []


@pytest.mark.parametrize(
    ("chapter", "old", "new"),
    [
        ("evidence", "{term}`prior`", "prior"),
        ("jensen", "# ", "# {term}`prior` "),
        ("divergence", "{term}`nat`", "{term}`bit`"),
    ],
)
def test_a_planted_fault_is_found(chapter: str, old: str, new: str) -> None:
    changed = CHAPTER_TEXTS[chapter].replace(old, new, 1)
    assert changed != CHAPTER_TEXTS[chapter]
    assert misplaced(PAGE, CHAPTER_TEXTS | {chapter: changed})
