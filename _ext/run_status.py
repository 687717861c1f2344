"""The page about the run behind the pages: `{run-status}` becomes what the run recorded."""

from html import escape

from claims_ledger import claims_of
from executed import Executed, executed_chapters
from late_html import add_directive
from sphinx.application import Sphinx

from dlbook_utils.tables import html_table


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


def status_of(app: Sphinx, docname: str) -> str:
    def link(to: str) -> str:
        return app.builder.get_relative_uri(docname, to)

    return html_status(list(executed_chapters(app.env)), link)


def setup(app: Sphinx) -> dict:
    add_directive(app, "run-status", status_of)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
