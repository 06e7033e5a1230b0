"""What this book adds to Sphinx: {eqn}`5`, MathJax from the book itself, no script that pages do not use."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole

sys.path.insert(0, str(Path(__file__).parent))
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


def place_mathjax(app: Sphinx, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        mathjax.place(Path(app.outdir) / "_static" / "mathjax")


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
    app.set_html_assets_policy("always")  # outputs hold mathematics that Sphinx does not see
    app.connect("config-inited", set_ledger)
    app.connect("config-inited", set_mathjax)
    app.connect("config-inited", drop_thebe)
    app.connect("build-finished", place_mathjax)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
