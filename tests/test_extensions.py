"""What the build adds to the pages says what the run recorded."""

import re
from types import SimpleNamespace

import book_numbers
import chapter_header
import claims_ledger
import figure_data
import launch_buttons
import lean_pages
import pytest
import run_status
from executed import Executed
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from sphinx.errors import ExtensionError

from dlbook_utils.claims import Claim

DATA = {
    "execution_seconds": 41.6,
    "peak_mib": 512,
    "cells": 7,
    "date": "2026-01-31",
    "profile": "cpu",
    "hardware": "a machine & more",
    "versions": {"torch": "2.0"},
}


def chapter(name, *ids, verdict="holds"):
    """An executed chapter with these claims."""
    claims = [Claim(i, f"Say `{i}`.", verdict, {"a": verdict == "holds"}).record() for i in ids]
    output = new_output("display_data", metadata={"dlbook": {"claims": claims}})
    cells = [new_code_cell("claim(...)", outputs=[output]), new_code_cell("1 + 1")]
    return Executed(f"chapters/{name}", name.title(), new_notebook(cells=cells), DATA)


@pytest.fixture
def book(monkeypatch):
    """book(*chapters) makes these the chapters of the book."""
    return lambda *chapters: monkeypatch.setattr(
        claims_ledger, "executed_chapters", lambda env: chapters
    )


def test_the_ledger_lists_each_claim_with_its_chapter(book):
    book(chapter("one", "one-a", "one-b"), chapter("two", "two-a", verdict="fails"))
    records = claims_ledger.collect(env=None)
    assert [(r["id"], r["chapter"]) for r in records] == [
        ("one-a", "One"),
        ("one-b", "One"),
        ("two-a", "Two"),
    ]
    html = claims_ledger.html_ledger(records, link=lambda to: f"../{to}.html")
    assert '<a href="../chapters/one.html#one-a">Say <code>one-a</code>.</a>' in html
    assert '<strong>2</strong> <span class="dl-verdict dl-holds">' in html
    assert '<strong>1</strong> <span class="dl-verdict dl-fails">' in html


def test_an_id_that_stands_twice_in_the_book_stops_the_build(book):
    book(chapter("one", "same-id"), chapter("two", "same-id"))
    with pytest.raises(ExtensionError, match="same-id"):
        claims_ledger.collect(env=None)


def test_the_status_page_shows_what_the_run_recorded():
    html = run_status.html_status([chapter("one", "one-a")], link=lambda to: f"../{to}.html")
    assert "a machine &amp; more; profile cpu" in html
    row = html.split("<tbody>")[1].split("</tr>")[0]
    assert re.findall(r'"dl-number">(\d+)<', row) == ["7", "42", "512", "1"]


def test_the_header_says_how_long_a_chapter_takes():
    made = chapter("one")
    assert "7 code cells ran in 42 seconds on one core, in 512 MiB" in chapter_header.sentence(made)


def test_reading_takes_longer_for_more_words_and_solutions_stay_folded():
    prose, code = new_markdown_cell("word " * 2200), new_code_cell("x = 1\n" * 100)
    solution = new_code_cell("x = 1\n" * 100, metadata={"tags": ["hide-cell"]})
    assert chapter_header.minutes_to_read(new_notebook(cells=[prose])) == 10
    assert chapter_header.minutes_to_read(new_notebook(cells=[prose, code])) == 15
    assert chapter_header.minutes_to_read(new_notebook(cells=[prose, solution])) == 10


def test_the_numbers_on_the_front_are_those_of_the_run():
    made = [chapter("one", "one-a", "one-b"), chapter("two", "two-a", verdict="fails")]
    made[0].notebook.cells[1].metadata["tags"] = ["exercise"]
    html = book_numbers.html_numbers(made, "claims.html")
    assert "<strong>2</strong> chapters" in html
    assert "3 claims</a></strong> put to the test: 2 hold, 1 fail<" in html
    assert "<strong>1</strong> exercises" in html
    assert "<strong>83 seconds</strong>" in html


def test_launch_buttons_need_an_address():
    offered = {"launch_buttons": {"colab_url": "https://colab.example"}}
    config = SimpleNamespace(html_theme_options={"repository_url": "https://git.example"} | offered)
    launch_buttons.only_with_an_address(None, config)
    assert "launch_buttons" in config.html_theme_options
    config = SimpleNamespace(html_theme_options={"repository_url": ""} | offered)
    launch_buttons.only_with_an_address(None, config)
    assert config.html_theme_options == {}


def test_only_code_for_a_distant_server_is_left_out():
    ours = SimpleNamespace(filename="_static/explore.js", attributes={})
    theirs = SimpleNamespace(filename="_static/sphinx-thebe.js", attributes={})
    inline = SimpleNamespace(filename=None, attributes={"body": 'const THEBE_JS_URL = "..."'})
    context = {"script_files": [ours, theirs, inline], "css_files": ["a.css", "sphinx-thebe.css"]}
    lean_pages.without_thebe(None, "", "", context, None)
    assert context == {"script_files": [ours], "css_files": ["a.css"]}


@pytest.mark.parametrize("kind", ["dl-explore", "dl-workbench"])
def test_a_figures_data_leaves_the_page_with_its_code(kind, tmp_path):
    data = '{"data":[1],"script":"(state) => 7"}'
    html = f'<figure class="{kind}"><script type="application/json">{data}</script></figure>'
    page = figure_data.address_for_data(SimpleNamespace(outdir=tmp_path), "chapters/a", html)
    [file] = (tmp_path / "_static" / "figures").iterdir()
    address = f"../_static/figures/{file.name}"
    assert page == f'<figure class="{kind}" data-frames="{address}"></figure>'
    said, code = file.read_text().split(";\n", 1)
    assert said.endswith('= {"data":[1]}')
    assert code.endswith(".code =\n(state) => 7;\n")
