"""Chapters are stored in normal form; normal form keeps what the author wrote."""

import json
from pathlib import Path

import notebooks
import pytest
from notebooks import dumps, first_cell, from_text, normal, to_text

BOOK = Path(__file__).parents[1]
CHAPTERS = sorted((BOOK / "chapters").glob("*.ipynb"))
FIRST = first_cell(BOOK)


def code(source, **metadata):
    return {"cell_type": "code", "source": source, "metadata": metadata}


def prose(source, **metadata):
    return {"cell_type": "markdown", "source": source, "metadata": metadata}


def normal_cells(*cells):
    return normal({"cells": list(cells)}, FIRST)["cells"]


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_is_stored_in_normal_form(path):
    stored = path.read_text()
    assert stored == dumps(normal(json.loads(stored), FIRST)), "run: make nb"


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_says_the_same_as_text(path):
    stored = json.loads(path.read_text())
    assert from_text(to_text(stored), FIRST) == stored


def test_normal_form_drops_what_the_run_did_and_keeps_what_the_author_wrote():
    ran = code("\n\nx = 1\n", tags=["hide-output"], collapsed=True, syllabus=["A-C001"])
    ran |= {"outputs": [{"output_type": "stream"}], "execution_count": 3, "id": "random"}
    [_, cell] = normal_cells(ran)
    assert cell["source"] == ["x = 1"]
    assert cell["metadata"] == {"tags": ["hide-output"], "syllabus": ["A-C001"]}
    assert (cell["outputs"], cell["execution_count"]) == ([], None)


def test_normal_form_is_a_fixed_point():
    once = normal({"cells": [prose("# Title"), code("x = 1", tags=["solution"])]}, FIRST)
    assert normal(once, FIRST) == once


def test_an_untouched_cell_keeps_its_id():
    def ids(*sources):
        return [cell["id"] for cell in normal_cells(*map(code, sources))]

    common, first, second = ids("a", "b")
    assert ids("a", "new", "b") == [common, first, ids("new")[1], second]
    assert len(set(ids("a", "a", "a"))) == 4


def test_a_solution_is_folded_in_jupyter_too():
    [_, solution] = normal_cells(code("x = 1", tags=["solution"]))
    assert solution["metadata"]["jupyter"] == {"source_hidden": True}


@pytest.mark.parametrize("older", [[], [code("# first cell")], [code(FIRST["source"] + "\nold")]])
def test_the_first_cell_is_written_by_one_hand(older):
    title, first, other = normal_cells(prose("# Title"), *older, code("import math"))
    assert "".join(first["source"]) == FIRST["source"]
    assert title["source"] == ["# Title"]
    assert other["source"] == ["import math"]


def test_the_first_cell_knows_the_repository_and_fits_the_page(tmp_path):
    (tmp_path / "_config.yml").write_text("repository:\n  url: https://example.org/book\n")
    source = first_cell(tmp_path)["source"]
    assert 'os.environ.get("DLBOOK_SOURCE", "git+https://example.org/book")' in source
    assert max(map(len, source.splitlines())) <= 80


@pytest.fixture
def book(tmp_path):
    (tmp_path / "_config.yml").write_text("title: Stub\n")
    (tmp_path / "chapters").mkdir()
    notebook = normal({"cells": [prose("# Title"), code("x = 1")]}, first_cell(tmp_path))
    (tmp_path / "chapters" / "one.ipynb").write_text(dumps(notebook))
    return tmp_path


def test_an_edit_of_the_text_reaches_the_chapter(book):
    notebooks.write_texts(book)
    text = book / "text" / "one.md"
    text.write_text(text.read_text().replace("x = 1", "x = 2"))
    notebooks.write_chapters(book)
    cells = json.loads((book / "chapters" / "one.ipynb").read_text())["cells"]
    assert cells[-1]["source"] == ["x = 2"]


def test_an_edit_of_the_text_is_never_overwritten(book):
    notebooks.write_texts(book)
    text = book / "text" / "one.md"
    text.write_text(text.read_text().replace("x = 1", "x = 2"))
    with pytest.raises(SystemExit, match="has edits"):
        notebooks.write_texts(book)
    assert "x = 2" in text.read_text()
