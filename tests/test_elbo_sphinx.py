"""{eqn}`5` links to where equation (5) is displayed; an unknown number is a warning."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

EQUATIONS = {"5": ("there", "eq-5"), "24a": ("there", "eq-24a"), "9": ("absent", "eq-9")}
SETTINGS = {"extensions": ["elbo_sphinx"], "elbo_equations": EQUATIONS, "elbo_pages": "book/"}


def built(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """The body of a page with this text, and the warnings."""
    monkeypatch.setattr("elbo_sphinx.pages.finish", lambda site: [])
    monkeypatch.setattr("elbo_sphinx.mathjax.place", lambda target: None)
    monkeypatch.setattr("elbo_sphinx.browser_python.place", lambda target: None)
    (folder / "book").mkdir()
    (folder / "index.rst").write_text("Here\n====\n\n.. toctree::\n\n   book/here\n   book/there\n")
    (folder / "book" / "here.rst").write_text(f"Here\n====\n\n{text}\n")
    (folder / "book" / "there.rst").write_text("There\n=====\n")
    warnings = io.StringIO()
    with docutils_namespace():
        app = Sphinx(
            *(folder, None, folder / "out", folder / "trees", "html"),
            confoverrides=SETTINGS,
            status=None,
            warning=warnings,
        )
        app.build()
    return (folder / "out" / "book" / "here.html").read_text(), warnings.getvalue()


def test_a_number_is_a_link(tmp_path: Path, monkeypatch) -> None:
    page, warnings = built(tmp_path, "By :eqn:`5` and :eqn:`(24a), 5`.", monkeypatch)
    assert warnings == ""
    found = re.findall(r'<a class="elbo-eqn[^>]*href="([^"]*)"[^>]*>(.*?)</a>', page)
    assert found == [("there.html#eq-5", "(5)"), ("there.html#eq-24a", "(24a)"), ("there.html#eq-5", "(5)")]


def test_an_unknown_number_is_a_warning(tmp_path: Path, monkeypatch) -> None:
    page, warnings = built(tmp_path, "By :eqn:`77`.", monkeypatch)
    assert "no equation (77) in the ledger" in warnings
    assert "(77)" in page


def test_a_page_that_is_not_there_is_a_warning(tmp_path: Path, monkeypatch) -> None:
    _, warnings = built(tmp_path, "By :eqn:`9`.", monkeypatch)
    assert "equation (9) is on the page book/absent" in warnings
