"""The page about the run behind the pages: `{run-status}` becomes what the run recorded."""

from html import escape

from claims_ledger import claims_of
from docutils import nodes
from executed import Executed, executed_chapters
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from dlbook_utils.tables import html_table


class run_status(nodes.General, nodes.Element):
    """Stands for the status until all chapters have been executed."""


class RunStatus(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        return [run_status()]


def html_status(chapters: list[Executed], link) -> str:
    """A row for each chapter, then the machine and the versions. link(docname) -> address."""
    headings = ["Chapter", "Code cells", "Seconds", "Peak MiB", "Claims", "Executed on"]
    rows = [
        [
            f'<a href="{link(chapter.docname)}">{escape(chapter.title)}</a>',
            str(chapter.data["cells"]),
            f"{chapter.data['execution_seconds']:.0f}",
            f"{chapter.data['peak_mib']:.0f}",
            str(len(claims_of(chapter.notebook))),
            escape(chapter.data["date"]),
        ]
        for chapter in chapters
    ]
    table = html_table(headings, rows, "Chapters", [False, True, True, True, True, False])
    places = {(c.data["hardware"], c.data["profile"]): c.data["versions"] for c in chapters}
    return table + "".join(
        f"<p>Machine: {escape(hardware)}; profile {escape(profile)}.</p>"
        + html_table(["Package", "Version"], pairs(versions), "Versions", [False, False])
        for (hardware, profile), versions in places.items()
    )


def pairs(versions: dict[str, str]) -> list[list[str]]:
    return [[escape(name), escape(version)] for name, version in versions.items()]


def fill_in(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put the status where its directive stands; by now every chapter has been executed."""
    for node in list(doctree.findall(run_status)):
        html = html_status(
            list(executed_chapters(app.env)),
            lambda to: app.builder.get_relative_uri(docname, to),
        )
        node.replace_self(nodes.raw("", html, format="html"))


def setup(app: Sphinx) -> dict:
    app.add_node(run_status)
    app.add_directive("run-status", RunStatus)
    app.connect("doctree-resolved", fill_in)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
