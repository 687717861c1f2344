"""The ledger: every claim of the book, from the outputs of its executed chapters.

`{claims-ledger}` in a page becomes the counts and the table; `claims.json` is written beside it.
"""

import json
from collections import Counter
from html import escape
from pathlib import Path

from executed import executed_chapters
from late_html import add_directive
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from dlbook_utils.claims import VERDICTS
from dlbook_utils.tables import html_table, rich


def collect(env) -> list[dict]:
    """The record of each claim, with the chapter that makes it; ids are unique in the book."""
    records = [
        {"chapter": chapter.title, "docname": chapter.docname, **record}
        for chapter in executed_chapters(env)
        for record in claims_of(chapter.notebook)
    ]
    counts = Counter(record["id"] for record in records)
    if twice := [id for id, n in counts.items() if n > 1]:
        raise ExtensionError(f"these claims' ids stand twice in the book: {', '.join(twice)}")
    return records


def claims_of(notebook) -> list[dict]:
    """The claims in a notebook's outputs, in order."""
    return [
        record
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        for record in output.get("metadata", {}).get("dlbook", {}).get("claims", [])
    ]


def html_ledger(records: list[dict], link) -> str:
    """Counts, controls (which the script makes visible) and the table. link(docname) -> address."""
    counts = Counter(record["verdict"] for record in records)
    chapters = list(dict.fromkeys(record["chapter"] for record in records))
    rows = [
        [
            label(record["verdict"]),
            f'<a href="{link(record["docname"])}#{record["id"]}">{rich(record["sentence"])}</a>',
            escape(record["chapter"]),
            str(record["seeds"] or "—"),
        ]
        for record in records
    ]
    summary = "".join(
        f"<li><strong>{counts[verdict]}</strong> {label(verdict)} {meaning}</li>"
        for verdict, meaning in VERDICTS.items()
    )
    table = html_table(
        ["Verdict", "What people say", "Chapter", "Seeds"], rows, f"{len(rows)} claims", [False] * 4
    )
    return (
        f'<ul class="dl-counts">{summary}</ul>'
        '<form class="dl-filter" hidden="hidden">'
        f"{menu('verdict', list(VERDICTS))}{menu('chapter', chapters)}"
        '<label>Words <input type="search" name="words"/></label>'
        '<output aria-live="polite"></output></form>'
        f'<div class="dl-ledger">{table}</div>'
    )


def label(verdict: str) -> str:
    """The verdict as the cards show it."""
    return f'<span class="dl-verdict dl-{verdict}">{verdict}</span>'


def menu(name: str, options: list[str]) -> str:
    """A native menu whose first entry leaves everything in."""
    entries = "".join(f"<option>{escape(option)}</option>" for option in options)
    first = '<option value="">all</option>'
    select = f'<select name="{name}">{first}{entries}</select>'
    return f"<label>{name.capitalize()} {select}</label>"


def write_json(app: Sphinx, docname: str, records: list[dict]) -> None:
    """`claims.json` beside the page, for those who want to compute with it."""
    target = Path(app.outdir, docname).with_name("claims.json")
    target.parent.mkdir(parents=True, exist_ok=True)
    links = [{"page": f"{r['docname']}.html#{r['id']}", **r} for r in records]
    for record in links:
        del record["docname"]
    target.write_text(json.dumps(links, indent=1, ensure_ascii=False) + "\n")


def ledger_of(app: Sphinx, docname: str) -> str:
    def link(to: str) -> str:
        return app.builder.get_relative_uri(docname, to)

    records = collect(app.env)
    html = html_ledger(records, link)
    if app.builder.name == "epub":  # which can hold no data beside its pages
        return html
    write_json(app, docname, records)
    return f'<p>The same as data: <a href="claims.json">claims.json</a>.</p>{html}'


def setup(app: Sphinx) -> dict:
    add_directive(app, "claims-ledger", ledger_of)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
