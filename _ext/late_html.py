"""Directives whose content is known only when every chapter has been executed.

`add_directive(app, "claims-ledger", html)` makes `{claims-ledger}` in a page become what
`html(app, docname)` returns once all pages have been read.
"""

from collections.abc import Callable

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class late_html(nodes.General, nodes.Element):
    """Stands for the content until it is known."""


def add_directive(app: Sphinx, name: str, html: Callable[[Sphinx, str], str]) -> None:
    """Register the directive and what takes its place."""

    class Late(SphinxDirective):
        def run(self) -> list[nodes.Node]:
            return [late_html(directive=name)]

    def fill_in(app: Sphinx, doctree: nodes.document, docname: str) -> None:
        for node in list(doctree.findall(late_html)):
            if node["directive"] == name:
                node.replace_self(nodes.raw("", html(app, docname), format="html"))

    app.add_node(late_html, override=True)
    app.add_directive(name, Late)
    app.connect("doctree-resolved", fill_in)
