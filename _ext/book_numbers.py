"""The book in numbers, taken from its run: `{book-numbers}` becomes one short list."""

from collections import Counter

from claims_ledger import claims_of
from executed import Executed, executed_chapters
from late_html import add_directive
from sphinx.application import Sphinx

from dlbook_utils.claims import VERDICTS


def html_numbers(chapters: list[Executed], ledger: str) -> str:
    """Chapters, claims by verdict, exercises and seconds. ledger: the address of that page."""
    counts = Counter(claim["verdict"] for c in chapters for claim in claims_of(c.notebook))
    cells = [cell for c in chapters for cell in c.notebook.cells]
    exercises = sum("exercise" in cell.metadata.get("tags", []) for cell in cells)
    seconds = sum(c.data["execution_seconds"] for c in chapters)
    verdicts = ", ".join(f"{counts[v]} {verb(v)}" for v in VERDICTS if counts[v])
    items = [
        f"<strong>{len(chapters)}</strong> chapters",
        f'<strong><a href="{ledger}">{counts.total()} claims</a></strong> put to the test: '
        f"{verdicts}",
        f"<strong>{exercises}</strong> exercises with a check each",
        f"<strong>{seconds:.0f} seconds</strong> to run it all on one core",
    ]
    return '<ul class="dl-numbers">' + "".join(f"<li>{item}</li>" for item in items) + "</ul>"


def verb(verdict: str) -> str:
    """The verdict as the plural says it: they hold, they are outdated."""
    return "are outdated" if verdict == "outdated" else verdict.removesuffix("s")


def numbers_of(app: Sphinx, docname: str) -> str:
    ledger = app.builder.get_relative_uri(docname, "pages/claims")
    return html_numbers(list(executed_chapters(app.env)), ledger)


def setup(app: Sphinx) -> dict:
    add_directive(app, "book-numbers", numbers_of)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
