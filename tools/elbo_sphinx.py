"""What this book adds to Sphinx: {eqn}`5`, cells that run in the page, and pages that fetch nothing from elsewhere."""

from __future__ import annotations

import html
import sys
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole

sys.path.insert(0, str(Path(__file__).parent))
import browser_python
import live_cells
import mathjax
import pages

log = logging.getLogger(__name__)


def ledger() -> dict[str, tuple[str, ...]]:
    """Of each equation the page and the anchor where it is displayed, and its title."""
    try:
        from elboproof.ledger import LEDGER
    except ImportError as error:
        log.info("no ledger of equations: %s", error)
        return {}
    return {str(key): (entry.chapter, entry.anchor, entry.title) for key, entry in LEDGER.items()}


def set_ledger(app: Sphinx, config: Any) -> None:
    if not config.elbo_equations:
        config.elbo_equations = ledger()


class EquationRole(SphinxRole):
    """{eqn}`5` is "(5)", linked to where equation 5 is displayed; {eqn}`7, 8` gives both."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        found: list[nodes.Node] = []
        for key in (part.strip().strip("()") for part in self.text.split(",")):
            if found:
                found.append(nodes.Text(", "))
            found.append(self.link(key))
        return found, []

    def link(self, key: str) -> nodes.Node:
        shown = f"({key})"
        place = self.config.elbo_equations.get(key)
        if place is None:
            log.warning("no equation (%s) in the ledger", key, location=self.get_location(), type="elbo")
            return nodes.Text(shown)
        page, anchor, *_ = place
        docname = self.config.elbo_pages + page
        if docname not in self.env.found_docs:
            log.warning(
                "equation (%s) is on the page %s, which the book does not have",
                *(key, docname),
                location=self.get_location(),
                type="elbo",
            )
            return nodes.Text(shown)
        node = nodes.reference(shown, shown, internal=True, classes=["elbo-eqn"])
        node["refuri"] = self.env.app.builder.get_relative_uri(self.env.docname, docname) + "#" + anchor
        node["reftitle"] = f"equation {key}"
        return node


def drop_thebe(app: Sphinx, config: Any) -> None:
    """Thebe is registered even when it is off; its script would ask another host, and throws."""
    for listeners in app.events.listeners.values():
        listeners[:] = [one for one in listeners if not one.handler.__module__.startswith("sphinx_thebe")]
    registry = app.registry
    registry.css_files[:] = [one for one in registry.css_files if "thebe" not in one[0]]


def drop_mathjax(app: Sphinx, config: Any) -> None:
    """Mathematics is drawn when the book is built; Sphinx's extension only marks where it stands."""
    for listeners in app.events.listeners.values():
        listeners[:] = [one for one in listeners if one.handler.__module__ != "sphinx.ext.mathjax"]


def finish(app: Sphinx, error: Exception | None) -> None:
    """What is left when Sphinx has written the pages: mathematics, and what the pages load."""
    if error is not None or app.builder.format != "html":
        return
    site = Path(app.outdir)
    for fault in pages.finish(site):
        log.warning("%s", fault, type="elbo")
    mathjax.place(site / "_static" / "mathjax")
    browser_python.place(site / "_static" / "python")


def index_equations(app: Sphinx, tree: nodes.document) -> None:
    """The search finds an equation by its number, as (13), 13, eq 13 or equation 13, and by its title.

    Sphinx's search passes over numbers among the words of a page, but not among the entries of the index. What a main
    entry leads to comes before pages that hold the words.
    """
    for key, (page, anchor, *title) in app.config.elbo_equations.items():
        if app.env.docname == app.config.elbo_pages + page:
            said = [f"({key})", f"eq {key}", f"eq ({key})", f"equation {key}", f"equation ({key})", *title]
            tree.insert(0, addnodes.index(entries=[("single", words, anchor, "main", None) for words in said]))


SHORT = 22  # letters: fits on a line of any screen


def keep_code_whole(app: Sphinx, tree: nodes.document) -> None:
    """Short code within a line of text stays on one line."""
    for code in tree.findall(nodes.literal):
        if len(code.astext()) <= SHORT:
            code["classes"].append("elbo-short")


LIVE = '<div class="elbo-bar" data-live></div>'
NOT_LIVE = (
    '<div class="elbo-bar" title="{names}">Needs NumPy, which this page does not load: '
    '<a href="{notebook}" download>download the notebook</a></div>'
)


def add_bars(app: Sphinx, tree: nodes.document) -> None:
    """Under the code of each cell a bar: to run it here, or to say why not and where it can be run."""
    cells = [
        node
        for node in tree.findall(nodes.container)
        if node.get("nb_element") == "cell_code" and node.children[0].get("nb_element") == "cell_code_source"
    ]
    if not cells:
        return
    name = app.env.docname
    notebook = app.builder.get_relative_uri(name, "index").removesuffix("index.html") + f"_sources/{name}.ipynb"
    for cell, needs in zip(cells, live_cells.needing([cell.children[0].astext() for cell in cells]), strict=True):
        bar = NOT_LIVE.format(names=html.escape(", ".join(needs)), notebook=notebook) if needs else LIVE
        cell.insert(1, nodes.raw("", bar, format="html"))


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_config_value("elbo_equations", {}, "env")
    app.add_config_value("elbo_pages", "book/", "env")
    app.add_role("eqn", EquationRole())
    for script in ("live", "figures", "scroll", "cards", "print", "theme"):
        app.add_js_file(f"elbo-{script}.js", defer="defer")
    app.connect("config-inited", set_ledger)
    app.connect("config-inited", drop_mathjax)
    app.connect("config-inited", drop_thebe)
    app.connect("doctree-read", add_bars)
    app.connect("doctree-read", index_equations)
    app.connect("doctree-read", keep_code_whole)
    app.connect("build-finished", finish)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
