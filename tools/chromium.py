"""Where the Chromium is that opens the book's pages: python tools/chromium.py says it."""

from __future__ import annotations

import os
import shutil

# Debian's chromium-headless-shell is the same engine without windows: opening a page takes it a third less time.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ABSENT = "no Chromium is installed (on Debian: apt-get install chromium, or the lighter chromium-headless-shell)"


def found() -> str | None:
    """Its path: the one that CHROMIUM names, or the first of NAMES that is installed."""
    return os.environ.get("CHROMIUM") or next((path for name in NAMES if (path := shutil.which(name))), None)


def needed() -> str:
    """Its path, or the end of the program."""
    path = found()
    if path is None:
        raise SystemExit(f"expected an installed Chromium: {ABSENT}")
    return path


if __name__ == "__main__":
    print(needed())
