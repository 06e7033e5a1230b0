"""What is done to the pages once Sphinx has written them."""

from __future__ import annotations

import re
from pathlib import Path

import cards
import typeset

# What the theme and docutils say to screen readers against the rules of ARIA: names that hide the words that stand
# there, and a list whose items are none.
MISSAID = [
    ('<summary aria-label="Toggle hidden content">', "<summary>"),
    (re.compile(r'(<button class="[^"]*search-button-field[^>]*?)\s+aria-label="Search"'), r"\1"),
    ('<div role="list" class="citation-list">', '<div class="citation-list">'),
    (re.compile(r'(<div class="citation"[^>]*?) role="doc-biblioentry"'), r"\1"),
]
ICON_SCRIPT = re.compile(r'<script defer src="[^"]*/fontawesome\.js[^"]*"></script>')


def drop_icon_script(site: Path, text: str) -> str:
    """The theme loads its icons twice, as a font and as a script of 0.54 MB compressed; the font is enough."""
    for left in (site / "_static" / "scripts").glob("fontawesome.js*"):
        left.unlink()
    return ICON_SCRIPT.sub("", text)


def well_said(text: str) -> str:
    """A page without what is known to be said wrongly to screen readers."""
    for old, new in MISSAID:
        text = text.replace(old, new) if isinstance(old, str) else old.sub(new, text)
    return text


def finish(site: Path) -> list[str]:
    """Complete every page of a site; what could not be done, as sentences."""
    written = {path: path.read_text(encoding="utf-8") for path in sorted(site.rglob("*.html"))}
    done, faults = typeset.typeset(
        {path: cards.add(well_said(drop_icon_script(site, text))) for path, text in written.items()}
    )
    for path, text in done.items():
        if text != written[path]:
            path.write_text(text, encoding="utf-8")
    return faults
