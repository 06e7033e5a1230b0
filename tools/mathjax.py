"""MathJax, as locked, for what is typeset in the page: outputs of cells that were run there, claims that were typed.

The committed pages need none of it: their mathematics is drawn when the book is built (typeset.py).
"""

from __future__ import annotations

import shutil
from pathlib import Path

import npm

SCRIPT = "tex-svg-full.js"


def place(target: Path) -> None:
    """Put what pages need under `target`, whole or not at all."""
    source = npm.installed() / "mathjax" / "es5" / SCRIPT
    npm.placed(target, npm.locked(), lambda work: shutil.copyfile(source, work / SCRIPT))
