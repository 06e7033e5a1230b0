"""MathJax, as locked, ready to be served by the book."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import npm

# What a page can ask for: the one component, and what its menu and \require load.
PARTS = (
    "tex-svg-full.js",
    "a11y",
    "input",
    "output/svg",
    "sre/mathmaps/en.json",
    "sre/mathmaps/base.json",
    "ui",
)


def place(target: Path) -> None:
    """Put what pages need under `target`, whole or not at all."""
    source = npm.installed() / "mathjax" / "es5"

    def fill(work: Path) -> None:
        for part in PARTS:
            here, there = source / part, work / part
            there.parent.mkdir(parents=True, exist_ok=True)
            if here.is_dir():
                shutil.copytree(here, there, dirs_exist_ok=True)
            else:
                shutil.copyfile(here, there)

    npm.placed(target, npm.locked(), fill)


if __name__ == "__main__":
    place(Path(sys.argv[1]))
