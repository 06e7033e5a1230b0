"""What this book adds to Sphinx: {eqn}`5`, cells that run in the page, and MathJax and Python from the book itself."""

from __future__ import annotations

import html
import re
import sys
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole

sys.path.insert(0, str(Path(__file__).parent))
import browser_python
import live_cells
import mathjax

log = logging.getLogger(__name__)


def ledger() -> dict[str, tuple[str, str]]:
    """Of each equation the page and the anchor where it is displayed."""
    try:
        from elboproof.ledger import LEDGER
    except ImportError as error:
        log.info("no ledger of equations: %s", error)
        return {}
    return {str(key): (entry.chapter, entry.anchor) for key, entry in LEDGER.items()}


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
        page, anchor = place
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


def drop_icon_script(site: Path) -> None:
    """The theme loads its icons twice, as a font and as a script of 0.54 MB compressed; the font is enough."""
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        page.write_text(re.sub(r'<script defer src="[^"]*/fontawesome\.js[^"]*"></script>', "", text), encoding="utf-8")
    for left in (site / "_static" / "scripts").glob("fontawesome.js*"):
        left.unlink()


def place_assets(app: Sphinx, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        drop_icon_script(Path(app.outdir))
        mathjax.place(Path(app.outdir) / "_static" / "mathjax")
        browser_python.place(Path(app.outdir) / "_static" / "python")


LIVE = '<div class="elbo-bar" data-live></div>'
NOT_LIVE = (
    '<div class="elbo-bar" title="{names}">Needs NumPy, which browsers do not have: '
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


def set_mathjax(app: Sphinx, config: Any) -> None:
    """One script, from the book; it typesets where Sphinx or the library marks mathematics."""
    config.mathjax_path = "mathjax/tex-svg-full.js"
    config.mathjax_options = {"defer": "defer"}
    config.mathjax3_config = {
        "tex": {"tags": "none", "packages": {"[-]": ["noerrors", "noundefined"]}},  # a fault must show
        "svg": {"fontCache": "local", "displayAlign": "left", "displayIndent": "1em"},
        "options": {
            "ignoreHtmlClass": "tex2jax_ignore|mathjax_ignore",
            "processHtmlClass": "math|elbo-math",
        },
    }


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_config_value("elbo_equations", {}, "env")
    app.add_config_value("elbo_pages", "book/", "env")
    app.add_role("eqn", EquationRole())
    app.add_js_file("elbo-live.js", defer="defer")
    app.add_js_file("elbo-figures.js", defer="defer")
    app.set_html_assets_policy("always")  # outputs hold mathematics that Sphinx does not see
    app.connect("config-inited", set_ledger)
    app.connect("config-inited", set_mathjax)
    app.connect("config-inited", drop_thebe)
    app.connect("doctree-read", add_bars)
    app.connect("build-finished", place_assets)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
